"""Variables that are cut into parts along one axis: each part is a variable of its own, files hold them as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import weft
from weft.base.errors import explain
from weft.runtime import frontdoor
from weft.runtime.scopes import NameScope


@dataclass
class SaveSliceInfo:
    """Which part of a tensor in checkpoints a variable is.

    Attributes:
        full_name: The tensor's name.
        full_shape: Its shape.
        var_offset: Where the part begins.
        var_shape: The part's shape.
    """

    full_name: str
    full_shape: list[int]
    var_offset: list[int]
    var_shape: list[int]

    @property
    def spec(self) -> str:
        """How checkpoints' operations write it: `"10 4 0,5:0,4"`."""
        places = ":".join(f"{start},{size}" for start, size in zip(self.var_offset, self.var_shape, strict=True))
        return f"{' '.join(map(str, self.full_shape))} {places}"

    @classmethod
    def parsed(cls, name: str, spec: str) -> SaveSliceInfo:
        """That of a part, from how checkpoints' operations write it.

        Raises:
            ValueError: For text of another form.
        """
        *sizes, places = spec.split(" ")
        shape = [int(n) for n in sizes]
        pairs = [(0, size) if place == "-" else tuple(map(int, place.split(",")))
                 for place, size in zip(places.split(":"), shape, strict=True)]  # fmt: skip
        return cls(name, shape, [start for start, _ in pairs], [size for _, size in pairs])

    def part_of(self, whole: Any) -> Any:
        """The part of an array of the whole."""
        return whole[tuple(slice(a, a + n) for a, n in zip(self.var_offset, self.var_shape, strict=True))]

    def beside(self, name: str) -> SaveSliceInfo:
        """That of what is kept beside the part under a name."""
        return SaveSliceInfo(f"{self.full_name}/{name}", self.full_shape, self.var_offset, self.var_shape)


class PartitionInfo:
    """What initializers are told about a part: the whole shape, and where the part begins."""

    def __init__(self, full_shape: Any, var_offset: Any) -> None:
        self.full_shape, self.var_offset = list(full_shape), list(var_offset)


class PartitionedVariable:
    """A variable in parts, which stands for all of them together wherever a tensor is wanted.

    Args:
        name: The name of the whole.
        shape: The shape of the whole.
        dtype: Its dtype.
        variable_list: The parts, in order.
        partitions: How many parts there are along each axis.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default():
        ...     table = tf.get_variable("table", [5, 2], partitioner=tf.fixed_size_partitioner(2))
        ...     [(part.name, part.shape.as_list()) for part in table], table.as_tensor().shape.as_list()
        ([('table/part_0:0', [3, 2]), ('table/part_1:0', [2, 2])], [5, 2])
    """

    def __init__(self, name: str, shape: Any, dtype: Any, variable_list: Sequence[Any], partitions: Any) -> None:
        parts = list(variable_list)
        if not parts:
            raise ValueError("A partitioned variable needs at least one part.")
        self._name, self._dtype = name, dtype
        self._shape = weft.TensorShape(shape)
        self._parts, self._partitions = parts, [int(n) for n in partitions]

    name = property(lambda self: self._name, doc="The name of the whole.")
    dtype = property(lambda self: self._dtype, doc="The dtype of the parts.")
    shape = property(lambda self: self._shape, doc="The shape of the whole.")

    def get_shape(self) -> Any:
        """The shape of the whole."""
        return self._shape

    def __iter__(self) -> Iterator[Any]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def _get_variable_list(self) -> list[Any]:
        return self._parts

    def _get_partitions(self) -> list[int]:
        return self._partitions

    def _partition_axes(self) -> list[int]:
        found = [axis for axis, count in enumerate(self._partitions) if count > 1]
        return found or [0]

    def as_tensor(self) -> Any:
        """All parts together, as one tensor."""
        with NameScope(None), NameScope(f"{self._name}/ConcatPartitions/"):
            if len(self._parts) == 1:
                whole = weft.identity(self._parts[0])
            else:
                whole = weft.concat([frontdoor.convert(part) for part in self._parts], self._partition_axes()[0])
        with NameScope(None):
            return weft.identity(whole, name=self._name)

    _read_as_tensor = as_tensor

    def _each(self, value: Any, function: Any) -> list[Any]:
        if isinstance(value, (list, tuple, PartitionedVariable)) and len(value) == len(self._parts):
            given = list(value)
        else:
            axis = self._partition_axes()[0]
            given = weft.split(frontdoor.convert(value, None if frontdoor.is_tensor_like(value) else self._dtype),
                               [part.shape[axis] for part in self._parts], axis)  # fmt: skip
        return [function(part, one) for part, one in zip(self._parts, given, strict=True)]

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Sets all parts: to the parts of a tensor, or to one value each of a list."""
        return self._each(value, lambda part, one: part.assign(one, read_value=read_value))

    def assign_add(self, value: Any, use_locking: bool = False, name: str | None = None,
                   read_value: bool = True) -> Any:  # fmt: skip
        """Adds to all parts."""
        return self._each(value, lambda part, one: part.assign_add(one, read_value=read_value))

    def assign_sub(self, value: Any, use_locking: bool = False, name: str | None = None,
                   read_value: bool = True) -> Any:  # fmt: skip
        """Subtracts from all parts."""
        return self._each(value, lambda part, one: part.assign_sub(one, read_value=read_value))


def cut(name: str, shape: Sequence[int], partitioner: Any, dtype: Any) -> tuple[int, list[int], list[int]]:
    """How a partitioner cuts a variable.

    Returns:
        The axis, how many parts there are along each axis, and the parts' sizes along that axis.

    Raises:
        ValueError: For what is no list of numbers, or parts along several axes.
    """
    found = partitioner(shape=weft.TensorShape(shape), dtype=dtype)
    if not isinstance(found, (list, tuple)):
        raise ValueError(f"Partitioner must return a sequence, but saw: {found}")
    if len(found) != len(shape):
        raise ValueError(f"Partitioner returned a partition list that does not match the variable's rank: {found} vs. "
                         f"{list(shape)}")  # fmt: skip
    counts = [int(n) for n in found]
    if any(n < 1 for n in counts):
        raise ValueError(f"Partitioner returned zero partitions for some axes: {counts}")
    several = [axis for axis, count in enumerate(counts) if count > 1]
    if len(several) > 1:
        raise ValueError(explain(f"Can only slice a variable along one dimension: shape: {tuple(shape)}, partitioning: "
                                 f"{counts}.", received=f"variable {name}"))  # fmt: skip
    axis = several[0] if several else 0
    if counts[axis] > shape[axis]:
        raise ValueError(f"Cannot cut axis {axis} of variable {name} (size {shape[axis]}) into {counts[axis]} parts.")
    least, more = divmod(shape[axis], counts[axis])
    return axis, counts, [least + (number < more) for number in range(counts[axis])]


def told(initializer: Any, info: PartitionInfo, whole: Sequence[int]) -> Any:
    """An initializer for one part: a function that is told of it where it can be, or the part of a value."""
    import inspect

    if frontdoor.is_tensor_like(initializer) or not callable(initializer):
        return initializer
    made = initializer() if isinstance(initializer, type) else initializer
    try:
        takes = "partition_info" in inspect.signature(made).parameters
    except (TypeError, ValueError):
        takes = False
    if not takes:
        return made

    def call(shape: Any, dtype: Any = None) -> Any:
        return made(shape, dtype=dtype, partition_info=info)

    return call
