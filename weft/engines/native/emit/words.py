"""How LLVM's text writes types, values and numbers."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dtypes

if TYPE_CHECKING:
    from weft.base.dtypes import DType

ELEMENT = {
    "float16": "half", "bfloat16": "bfloat", "float32": "float", "float64": "double", "bool": "i1",
    "int8": "i8", "uint8": "i8", "int16": "i16", "uint16": "i16", "int32": "i32", "uint32": "i32",
    "int64": "i64", "uint64": "i64",
}  # fmt: skip
SUFFIX = {"half": "f16", "bfloat": "bf16", "float": "f32", "double": "f64"}
HALVES = (dtypes.float16, dtypes.bfloat16)
HALF_TYPES = frozenset({"half", "bfloat"})


@dataclass(slots=True)
class Value:
    """A value in LLVM: its name (or literal), the LLVM type of one element, and how many there are."""

    name: str
    type: str
    lanes: int = 1

    @property
    def full(self) -> str:
        """Its LLVM type."""
        return self.type if self.lanes == 1 else f"<{self.lanes} x {self.type}>"

    def __str__(self) -> str:
        return f"{self.full} {self.name}"


def is_number(name: str) -> bool:
    return not name.startswith("%")


def zero(value: Value) -> str:
    if value.lanes > 1:
        return "zeroinitializer"
    return "0.0" if value.type in SUFFIX else "0"


def splat_literal(literal: str, like: Value) -> str:
    return literal if like.lanes == 1 else f"splat ({like.type} {literal})"


def literal(value: Any, dtype: DType) -> str:
    """A number as LLVM writes it: floats by their bits, so that nothing is lost."""
    if dtype.is_bool:
        return "true" if value else "false"
    if not dtype.is_floating:
        bits = dtype.size * 8
        return str((int(value) + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1)))
    if dtype is dtypes.float64:
        return f"0x{struct.unpack('<Q', struct.pack('<d', float(value)))[0]:016X}"
    narrow = np.asarray(value, dtype.numpy)
    if dtype is dtypes.float16:
        return f"0xH{int(narrow.view(np.uint16)):04X}"
    if dtype is dtypes.bfloat16:
        return f"0xR{int(narrow.view(np.uint16)):04X}"
    with np.errstate(invalid="ignore"):
        wide = np.float64(narrow)
    return f"0x{int(wide.view(np.uint64)):016X}"
