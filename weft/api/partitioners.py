"""`tf.distribute.experimental.partitioners`: into how many parts variables are cut, along their first axis."""

from __future__ import annotations

from typing import Any

from weft.base import dtypes
from weft.base.errors import explain


class Partitioner:
    """Says into how many parts a variable is cut."""

    def __call__(self, shape: Any, dtype: Any, axis: int = 0) -> list[int]:
        """The number of parts along each axis.

        Args:
            shape: The variable's shape.
            dtype: Its dtype.
            axis: Along which axis it may be cut.
        """
        sizes = list(shape)
        found = [1] * len(sizes)
        if sizes:
            found[axis] = max(1, min(int(sizes[axis]), self._parts(sizes, dtypes.as_dtype(dtype).size)))
        return found

    def _parts(self, sizes: list[int], element: int) -> int:
        raise NotImplementedError


def _bytes(sizes: list[int], element: int) -> int:
    total = element
    for size in sizes:
        total *= int(size)
    return total


def _positive(value: int, name: str) -> int:
    if value < 1:
        raise ValueError(explain(f"`{name}` must be positive.", received=str(value)))
    return int(value)


class FixedShardsPartitioner(Partitioner):
    """As many parts for every variable, or one for each row where it has fewer.

    Example:
        >>> import weft as tf
        >>> tf.distribute.experimental.partitioners.FixedShardsPartitioner(2)(tf.TensorShape([10, 3]), tf.float32)
        [2, 1]
    """

    def __init__(self, num_shards: int) -> None:
        self._count = _positive(num_shards, "num_shards")

    def _parts(self, sizes: list[int], element: int) -> int:
        return self._count


class MinSizePartitioner(Partitioner):
    """As many parts as can be without one that is smaller than so many bytes.

    Args:
        min_shard_bytes: The least size of a part.
        max_shards: The greatest number of parts.
        bytes_per_string: The size that an element of strings counts for.
    """

    def __init__(self, min_shard_bytes: int = 256 << 10, max_shards: int = 1, bytes_per_string: int = 16) -> None:
        self._least = _positive(min_shard_bytes, "min_shard_bytes")
        self._most = _positive(max_shards, "max_shards")

    def _parts(self, sizes: list[int], element: int) -> int:
        return min(self._most, _bytes(sizes, element) // self._least)


class MaxSizePartitioner(Partitioner):
    """As few parts as can be without one that is greater than so many bytes.

    Args:
        max_shard_bytes: The greatest size of a part.
        max_shards: The greatest number of parts; any where None.
        bytes_per_string: The size that an element of strings counts for.
    """

    def __init__(self, max_shard_bytes: int, max_shards: int | None = None, bytes_per_string: int = 16) -> None:
        self._greatest = _positive(max_shard_bytes, "max_shard_bytes")
        self._most = None if max_shards is None else _positive(max_shards, "max_shards")

    def _parts(self, sizes: list[int], element: int) -> int:
        rows = int(sizes[0])
        fitting = max(1, self._greatest // max(1, _bytes(sizes[1:], element)))  # rows in a part
        wanted = -(-rows // fitting)
        return wanted if self._most is None else min(self._most, wanted)
