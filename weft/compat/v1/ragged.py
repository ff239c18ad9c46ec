"""`tf.ragged` of version 1: version 2's functions with version 1's names of nodes, and what goes into sessions."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft as _weft
from weft.api.ragged import rows_of_lists
from weft.base import dtypes
from weft.compat.v1.graphs import placeholder as _placeholder
from weft.compat.v1.naming import namespace_of as _namespace_of
from weft.runtime.ragged import RaggedTensor, RaggedTensorValue
from weft.runtime.scopes import NameScope

__getattr__ = _namespace_of(_weft.ragged)


def constant_value(pylist: Any, dtype: Any = None, ragged_rank: int | None = None, inner_shape: Any = None,
                   row_splits_dtype: Any = "int64") -> Any:  # fmt: skip
    """Nested lists as a `RaggedTensorValue`, which is fed for a `tf.ragged.placeholder`.

    Args:
        pylist: Nested lists; values stand all at one depth.
        dtype: Of the values, numpy's or ours; what numpy makes of them where None.
        ragged_rank: How many levels are ragged; all but the innermost axes of `inner_shape` where None.
        inner_shape: The shape of the dense values within the rows; () where None.
        row_splits_dtype: int32 or int64.

    Returns:
        A `RaggedTensorValue`; an array where no level is ragged.

    Raises:
        ValueError: For values at different depths.

    Example:
        >>> import weft.compat.v1 as tf
        >>> tf.ragged.constant_value([[1, 2], [], [3]]).to_list()
        [[1, 2], [], [3]]
    """
    kind = dtype.as_numpy_dtype if isinstance(dtype, dtypes.DType) else dtype
    if not isinstance(pylist, (list, tuple, np.ndarray)):
        return np.array(pylist, kind)
    flat, splits, inner = rows_of_lists(pylist, ragged_rank, inner_shape)
    made: Any = np.array(flat, kind)
    made = made.reshape((-1, *inner)) if inner else made
    ends = dtypes.as_dtype(row_splits_dtype).as_numpy_dtype
    for places in reversed(splits):
        made = RaggedTensorValue(made, places.astype(ends))
    return made


def placeholder(dtype: Any, ragged_rank: int, value_shape: Any = None, name: str | None = None) -> Any:
    """A ragged tensor that is fed.

    Args:
        dtype: Of its values.
        ragged_rank: How many levels are ragged; a plain placeholder where it is 0.
        value_shape: The shape of the dense values within the rows; unknown where None.
        name: The scope of its nodes.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     rows = tf.ragged.placeholder(tf.int32, 1)
        ...     fed = tf.ragged.constant_value([[1, 2], [3]], dtype="int32")
        ...     session.run(tf.reduce_sum(rows, axis=1), {rows: fed}).tolist()
        [3, 3]
    """
    if ragged_rank == 0:
        return _placeholder(dtype, value_shape, name)
    with NameScope(name or "RaggedPlaceholder"):
        shape = None if value_shape is None else [None, *value_shape]
        flat = _placeholder(dtype, shape, "flat_values")
        splits = [_placeholder(dtypes.int64, [None], f"row_splits_{level}") for level in reversed(range(ragged_rank))]
    return RaggedTensor.from_nested_row_splits(flat, splits[::-1], validate=False)


def __dir__() -> list[str]:
    own = ["RaggedTensorValue", "constant_value", "placeholder"]
    return sorted([*own, *(name for name in dir(_weft.ragged) if not name.startswith("_"))])
