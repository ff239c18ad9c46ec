"""How many parts a variable is cut into along an axis: functions of its shape and dtype."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import weft
from weft.base import dtypes
from weft.compat.v1.partitioned import SaveSliceInfo
from weft.compat.v1.variable_scopes import get_variable, variable_scope


def _sizes(shape: Any, axis: int) -> list[int]:
    sizes = [int(size or 0) for size in weft.TensorShape(shape).as_list()]
    if not -len(sizes) <= axis < len(sizes):
        raise ValueError(f"Cannot partition along axis {axis} with shape {sizes}.")
    return sizes


def _along(sizes: list[int], axis: int, parts: int) -> list[int]:
    found = [1] * len(sizes)
    found[axis] = parts
    return found


def _element(dtype: Any, text: int) -> int:
    held = dtypes.as_dtype(dtype)
    return text if held is dtypes.string else int(held.size)


def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Callable[..., list[int]]:
    """A partitioner that makes `num_shards` parts, or as many as the axis is long.

    Example:
        >>> import weft.compat.v1 as tf
        >>> tf.fixed_size_partitioner(3)(tf.TensorShape([10, 4]), tf.float32)
        [3, 1]
    """

    def partitioner(shape: Any, **unused: Any) -> list[int]:
        sizes = _sizes(shape, axis)
        return _along(sizes, axis, min(sizes[axis], num_shards))

    return lambda shape, dtype=None, **unused: partitioner(shape)


def variable_axis_size_partitioner(max_shard_bytes: int, axis: int = 0, bytes_per_string_element: int = 16,
                                   max_shards: int | None = None) -> Callable[..., list[int]]:  # fmt: skip
    """A partitioner whose parts have at most `max_shard_bytes` bytes.

    Raises:
        ValueError: Where the limits are not positive.
    """
    if max_shard_bytes < 1 or bytes_per_string_element < 1 or (max_shards is not None and max_shards < 1):
        raise ValueError("max_shard_bytes, bytes_per_string_element and max_shards must be positive.")

    def partitioner(shape: Any, dtype: Any = dtypes.float32, **unused: Any) -> list[int]:
        sizes = _sizes(shape, axis)
        row = math.prod(sizes) // sizes[axis] * _element(dtype, bytes_per_string_element)
        rows = max(1, max_shard_bytes // row)
        parts = -(-sizes[axis] // rows)
        return _along(sizes, axis, parts if max_shards is None else min(max_shards, parts))

    return partitioner


def min_max_variable_partitioner(max_partitions: int = 1, axis: int = 0, min_slice_size: int = 256 << 10,
                                 bytes_per_string_element: int = 16) -> Callable[..., list[int]]:  # fmt: skip
    """A partitioner that makes at most `max_partitions` parts, each of at least `min_slice_size` bytes."""

    def partitioner(shape: Any, dtype: Any = dtypes.float32, **unused: Any) -> list[int]:
        sizes = _sizes(shape, axis)
        total = math.prod(sizes) * _element(dtype, bytes_per_string_element)
        parts = max(1, min(max_partitions, -(-total // min_slice_size)))
        return _along(sizes, axis, min(parts, sizes[axis]))

    return partitioner


def create_partitioned_variables(shape: Any, slicing: Any, initializer: Any, dtype: Any = dtypes.float32,
                                 trainable: bool = True, collections: Any = None, name: str | None = None,
                                 reuse: Any = None) -> list[Any]:  # fmt: skip
    """Variables for the parts of a tensor, in order.

    Args:
        shape: The whole shape.
        slicing: How many parts along each axis; more than one along one axis at most.
        initializer: A function of shape and dtype, called for each part.
        dtype: The variables' dtype.
        trainable: Whether optimizers update them.
        collections: Which collections they join.
        name: The name of their variable scope.
        reuse: Whether variables of an earlier call are used again.

    Raises:
        ValueError: For several axes with parts, or more parts than elements.
    """
    sizes, parts = _sizes(shape, 0), [int(n) for n in slicing]
    cut = [axis for axis, count in enumerate(parts) if count != 1]
    if len(parts) != len(sizes) or len(cut) > 1:
        raise ValueError(f"Can only slice along one dimension: shape {sizes}, slicing {parts}.")
    axis = cut[0] if cut else 0
    if not 0 < parts[axis] <= sizes[axis]:
        raise ValueError(f"Cannot cut an axis of size {sizes[axis]} into {parts[axis]} parts.")
    least, more = divmod(sizes[axis], parts[axis])
    found = []
    begin = 0
    with variable_scope(name, "PartitionedVariable", reuse=reuse) as scope:
        scope.set_partitioner(None)
        for number in range(parts[axis]):
            own = [*sizes[:axis], least + (number < more), *sizes[axis + 1 :]]
            found.append(get_variable(f"part_{number}", own, dtype, initializer, trainable=trainable,
                                      collections=collections))  # fmt: skip
            offset = [begin if i == axis else 0 for i in range(len(sizes))]
            begin += own[axis]
            if hasattr(found[-1], "_set_save_slice_info"):
                found[-1]._set_save_slice_info(SaveSliceInfo(scope.name, sizes, offset, own))
    return found
