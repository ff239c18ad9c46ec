"""Strings: bytes on the host, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base import dtypes
from weft.ir.types import TensorType
from weft.ops.opdef import OpDef, case, nondifferentiable, register


def _length(x: Any, unit: str) -> Any:
    count = len if unit == "BYTE" else lambda text: len(text.decode("utf-8", "replace"))
    return np.array([count(text) for text in x.ravel()], np.int32).reshape(x.shape)


register(
    OpDef(
        name="string_length",
        inputs=("x",),
        attrs={"unit": "BYTE"},
        spec=lambda x, unit: TensorType(x.shape, dtypes.int32),
        reference=_length,
        dtypes=((dtypes.string,),),
        vjp=nondifferentiable("its result is an integer"),
        reason="strings have no gradient",
        doc="The length of each string, in bytes or UTF-8 characters.",
        cases=(case(np.array([b"weft", b""], object)), case(np.array("é".encode(), object), unit="UTF8_CHAR")),
    )
)
