"""Dtypes by Keras' rules: names instead of objects, and which dtype two others meet in."""

from __future__ import annotations

from functools import cache
from typing import Any

import weft as tf
from weft.extend import nearest
from weft.keras import config

BOOL_TYPES = ("bool",)
INT_TYPES = ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")
FLOAT_TYPES = ("bfloat16", "float16", "float32", "float64")
COMPLEX_TYPES = ("complex64", "complex128")
FLOAT8_TYPES: tuple[str, ...] = ()  # Keras has two, which take part in no promotion

#: every dtype that Keras' functions take
ALLOWED_DTYPES = (*BOOL_TYPES, *INT_TYPES, *FLOAT_TYPES, *COMPLEX_TYPES, "string")

# What each dtype widens to directly. "int*" and "float*" are Python's own numbers, which give way to arrays.
_WIDENS: dict[str, tuple[str, ...]] = {
    "bool": ("int*",),
    "int*": ("uint8", "int8"),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("float*",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float*",),
    "float*": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex64": ("complex128",),
    "complex128": (),
}


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype given in any form; None is the default float, Python's `int` is int64.

    Raises:
        ValueError: For what is no dtype.
    """
    if dtype is None:
        return config.floatx()
    if isinstance(dtype, str) and dtype in ALLOWED_DTYPES:
        return dtype
    if dtype is int or (isinstance(dtype, str) and dtype == "int"):
        return "int64"
    if dtype is float:
        return "float32"
    try:
        if dtype is object:  # numpy's dtype of anything at all, which `tf` takes for strings
            raise TypeError
        return str(tf.as_dtype(dtype).name)
    except (TypeError, ValueError):
        raise ValueError(f"{dtype!r} is not a dtype. {nearest(str(dtype), ALLOWED_DTYPES)}") from None


def is_float(dtype: Any) -> bool:
    """Whether a dtype is a real floating-point one."""
    return "float" in standardize_dtype(dtype)


def is_int(dtype: Any) -> bool:
    """Whether a dtype is an integer one."""
    return "int" in standardize_dtype(dtype)


@cache
def _reachable(dtype: str) -> frozenset[str]:
    found = {dtype}
    for wider in _WIDENS[dtype]:
        found |= _reachable(wider)
    return frozenset(found)


@cache
def _join(names: frozenset[str]) -> str:
    common = frozenset.intersection(*(_reachable(name) for name in names))
    # The least common dtype: the one from which all other common ones are reached.
    return next(name for name in common if common <= _reachable(name))


def result_type(*dtypes: Any) -> str:
    """The dtype in which values of these dtypes meet.

    Args:
        *dtypes: Dtypes; Python's `int` and `float` give way to any array dtype of their kind.

    Returns:
        The name of the dtype. Integers with floats give the float.

    Example:
        >>> from weft import keras
        >>> keras.backend.result_type("int32", "float16"), keras.backend.result_type("uint8", "int8")
        ('float16', 'int16')
    """
    if not dtypes:
        return config.floatx()
    names = set()
    for dtype in dtypes:
        if dtype is float:
            names.add("float*")
        elif dtype is int:
            names.add("int*")
        elif dtype is complex:
            names.add("complex64")
        else:
            names.add(standardize_dtype(dtype))
    if names == {"string"}:
        return "string"
    if "string" in names:
        raise ValueError(f"strings and numbers have no common dtype: {', '.join(sorted(names))}.")
    joined = _join(frozenset(names))
    return {"float*": config.floatx(), "int*": "int32"}.get(joined, joined)
