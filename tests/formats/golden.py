"""The files that TensorFlow wrote."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "formats"
RECORDS = [b"", b"one", bytes(range(256)) * 8]
DTYPES = "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64 complex128".split()


@cache
def values() -> dict[str, Any]:
    """The content of `formats.json`."""
    content: dict[str, Any] = json.loads((FOLDER / "formats.json").read_text(encoding="utf-8"))
    return content


def array(dtype: str) -> npt.NDArray[Any]:
    """The array that the script saved in every element type."""
    if dtype == "string":
        return np.array([[b"a", b""], [b"\x00\xff", b"abc"]], object)
    return np.arange(6).reshape(2, 3).astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
