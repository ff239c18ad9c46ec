"""Where operands lie in memory must not show in results.

numpy's loops round differently for reversed or transposed views than for rows in order (other vector code, other orders
of summation). References are therefore given operands in row-major order, but for ops whose elements each come from one
operation that IEEE 754 rounds correctly, or are only moved: those may work on any view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_MOVES = frozenset((
    "identity", "stop_gradient", "prevent_gradient", "broadcast_to", "broadcast_to_dynamic", "reshape",
    "reshape_dynamic",
    "transpose", "reverse_axes", "expand_dims", "squeeze", "slice", "slice_dynamic", "strided_slice", "dynamic_slice",
    "dynamic_update_slice", "concat", "stack", "split", "unstack", "pad", "tile", "tile_dynamic", "reverse", "roll",
    "gather", "gather_nd", "take_along_axis", "take_row", "select", "ensure_shape", "shape", "size", "rank", "equal",
    "not_equal", "add", "subtract", "negative", "conj", "real", "imag", "complex", "boolean_mask",
))  # fmt: skip
_ROUNDED_ONCE = frozenset((
    "multiply", "divide", "abs", "sign", "square", "sqrt", "maximum", "minimum", "less", "less_equal", "greater",
    "greater_equal", "floor", "ceil", "round", "trunc", "clip", "relu", "cast", "is_nan", "is_inf", "is_finite",
))  # fmt: skip


def unsettled(op: str) -> str:
    """The kinds of operands, as numpy's letters, that an op's reference may see in row-major order alone."""
    if op in _MOVES:
        return ""
    return "c" if op in _ROUNDED_ONCE else "fcV"  # complex products and quotients are several operations


def settled(op: str, arrays: Sequence[Any]) -> Sequence[Any]:
    """An op's operands as its reference may see them: in row-major order where that could show in the result."""
    kinds = unsettled(op)
    if not kinds:
        return arrays
    for array in arrays:
        if isinstance(array, np.ndarray) and not array.flags.c_contiguous and array.dtype.kind in kinds:
            break
    else:
        return arrays
    return [np.ascontiguousarray(a) if isinstance(a, np.ndarray) and a.ndim else a for a in arrays]
