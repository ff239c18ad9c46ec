"""The dtype rules of `keras.ops`: one table from a rule's name to the dtype of the result, and operands made alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import config
from weft.keras.core.conversion import cast, convert_to_tensor
from weft.keras.core.dtypes import result_type, standardize_dtype


def _floating(dtype: str) -> str:
    return config.floatx() if "int" in dtype or dtype == "bool" else result_type(dtype, float)


def _wide_floating(dtype: str) -> str:
    return "float64" if dtype == "int64" else _floating(dtype)


def _summed(dtype: str) -> str:
    if dtype in ("bool", "int8", "int16"):
        return "int32"
    return "uint32" if dtype in ("uint8", "uint16") else dtype


def _real(dtype: str) -> str:
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


#: rule → the dtype of the result for that of the operands
RULES: dict[str, Callable[[str], str]] = {
    "same": lambda dtype: dtype,
    "float": _floating,  # integers and booleans become the default float
    "wide float": _wide_floating,  # and int64 becomes float64
    "sum": _summed,  # narrow integers and booleans are summed as 32 bits
    "number": lambda dtype: "int32" if dtype == "bool" else dtype,
    "real": _real,
    "bool": lambda dtype: "bool",
    "int32": lambda dtype: "int32",
}


def dtype_of(value: Any) -> Any:
    """The dtype of a tensor or array; the Python type of a plain number, which gives way to dtypes."""
    found = getattr(value, "dtype", None)
    return type(value) if found is None else standardize_dtype(found)


def to_rule(x: Any, rule: str) -> Any:
    """A tensor in the dtype that a rule gives for it."""
    x = convert_to_tensor(x)
    return cast(x, RULES[rule](standardize_dtype(x.dtype)))


def as_floats(x: Any) -> Any:
    """A tensor, integers and booleans as the default float."""
    return to_rule(x, "float")


def alike(*values: Any, rule: str = "same", weak: bool = True) -> tuple[Any, ...]:
    """Operands in the dtype in which they meet.

    Args:
        *values: Tensors, arrays or numbers.
        rule: A further rule for the common dtype.
        weak: Whether Python's numbers give way to the dtypes of the others; else they count as int32 and the
            default float.
    """
    def is_plain(value: Any) -> bool:
        return isinstance(value, (bool, int, float)) and not hasattr(value, "dtype")

    made = [value if weak and is_plain(value) else convert_to_tensor(value) for value in values]
    common = RULES[rule](result_type(*(dtype_of(value) for value in made)))
    return tuple(convert_to_tensor(value, common) for value in made)


def axes_of(axis: Any, rank: int) -> list[int]:
    """Axes counted from the front; all for None."""
    if axis is None:
        return list(range(rank))
    axes = list(axis) if isinstance(axis, (tuple, list)) else [axis]
    return [place_of(one, rank) for one in axes]


def place_of(axis: Any, rank: int) -> int:
    """An axis counted from the front. Raises ValueError where there is none; a scalar counts as having one."""
    if not -max(rank, 1) <= axis < max(rank, 1):
        raise ValueError(explain(
            f"axis {axis} is out of bounds for a tensor of rank {rank}.", expected=f"{-rank} to {rank - 1}"
        ))  # fmt: skip
    return int(axis) % max(rank, 1)


def size_of(x: Any, axis: int) -> Any:
    """The size of an axis: an integer where it is known, else a tensor."""
    size = x.shape[axis]
    return tf.shape(x)[axis] if size is None else int(size)


def shape_of(x: Any) -> list[Any]:
    """The sizes: integers where they are known, else tensors."""
    return [size_of(x, axis) for axis in range(len(x.shape))]
