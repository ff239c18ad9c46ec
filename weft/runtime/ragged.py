"""Ragged tensors: rows of different lengths, kept as all values in a row and where each row begins."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.base.errors import InvalidArgumentError, explain
from weft.base.shapes import TensorShape
from weft.runtime import context, dispatch, frontdoor, sizes
from weft.runtime.composite import CompositeTensor
from weft.runtime.spec import CompositeSpec, TensorSpec, TypeSpec
from weft.runtime.tensor import EagerTensor, TensorOperators

_INVALID = "The rows do not form a valid RaggedTensor"


class RaggedTensorValue(NamedTuple):
    """A ragged tensor's arrays, as sessions take and give them."""

    values: Any
    row_splits: Any

    def to_list(self) -> list[Any]:
        """The rows as nested lists."""
        splits = np.asarray(self.row_splits).tolist()
        nested = isinstance(self.values, RaggedTensorValue)
        inner = self.values.to_list() if nested else np.asarray(self.values).tolist()
        return [inner[a:b] for a, b in itertools.pairwise(splits)]

    @property
    def flat_values(self) -> Any:
        """The values of the innermost rows, in a row."""
        return self.values.flat_values if isinstance(self.values, RaggedTensorValue) else self.values

    @property
    def nested_row_splits(self) -> tuple[Any, ...]:
        """Where the rows of each level begin, the outermost level first."""
        inner = self.values.nested_row_splits if isinstance(self.values, RaggedTensorValue) else ()
        return (self.row_splits, *inner)

    @property
    def ragged_rank(self) -> int:
        """How many levels are ragged."""
        return len(self.nested_row_splits)

    @property
    def dtype(self) -> Any:
        """numpy's dtype of the values."""
        return self.flat_values.dtype

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape: the number of rows, None for each ragged axis, and the axes of dense values."""
        return (len(self.row_splits) - 1, *(None,) * self.ragged_rank, *self.flat_values.shape[1:])

    def __str__(self) -> str:
        return f"<tf.RaggedTensorValue {self.to_list()}>"

    def __repr__(self) -> str:
        return f"tf.RaggedTensorValue(values={self.values!r}, row_splits={self.row_splits!r})"


def _call(op: str, *tensors: Any, **attrs: Any) -> Any:
    return dispatch.call(op, *tensors, **attrs)


def _int(value: int, dtype: DType = dtypes.int64) -> Any:
    return frontdoor.convert(np.asarray(value, dtype.numpy))


def counted(count: Any) -> Any:
    """0, 1, … below a scalar."""
    return _call("range", _int(0, count.dtype), count, _int(1, count.dtype))


def length(tensor: Any, dtype: DType = dtypes.int64) -> Any:
    """The size of the first axis, a scalar."""
    if isinstance(tensor, RaggedTensor):
        return _cast(tensor.nrows(), dtype)
    known = tensor.shape[0]
    if known is not None:
        return _int(known, dtype)
    return _call("strided_slice", _call("shape", tensor, dtype=dtype), index=(("int", 0),))


def _cast(tensor: Any, dtype: DType) -> Any:
    return tensor if tensor.dtype == dtype else _call("cast", tensor, dtype=dtype)


def splits_of(lengths: Any) -> Any:
    """Where rows of these lengths begin and end: one more than there are."""
    first = frontdoor.convert(np.zeros(1, lengths.dtype.numpy))
    return _call("concat", first, _call("cumsum", lengths, axis=0), axis=0)


def rows_at(splits: Any, count: Any) -> Any:
    """The number of the row of each of so many values."""
    places = _call("searchsorted", splits, counted(_cast(count, splits.dtype)), side="right", dtype=dtypes.int64)
    return _cast(_call("subtract", places, _int(1)), splits.dtype)


def part(tensor: Any, start: Any, stop: Any) -> Any:
    """The rows from a number up to another one."""
    if isinstance(tensor, RaggedTensor):
        splits = part(tensor.row_splits, start, _call("add", _cast(stop, dtypes.int64), _int(1)))
        first, last = splits[0], splits[-1]
        inner = part(tensor.values, first, last)
        return RaggedTensor._made(inner, _call("subtract", splits, first), tensor._uniform)
    return _call("strided_slice", tensor, start, stop, index=(("slice", ("bound", 0), ("bound", 1), None),))


class RaggedTensor(CompositeTensor, TensorOperators):
    """Rows of different lengths; made by `tf.ragged.constant` or one of the methods `from_…`.

    Example:
        >>> import weft as tf
        >>> tf.RaggedTensor.from_row_lengths([1, 2, 3, 4], [3, 0, 1])
        <tf.RaggedTensor [[1, 2, 3], [], [4]]>
    """

    __array_priority__ = 100

    def __hash__(self) -> int:
        if context.compared_by_identity():
            return id(self) >> 4
        raise TypeError("RaggedTensor is unhashable.")

    _values: Any
    _splits: Any
    _uniform: int | None

    def __init__(self, values: Any, row_splits: Any, internal: bool = False) -> None:
        if not internal:
            raise ValueError(explain("RaggedTensor has no public constructor.",
                                     hint="tf.ragged.constant, tf.RaggedTensor.from_row_splits, from_row_lengths, …"))
        self._values, self._splits, self._uniform = values, row_splits, None

    @classmethod
    def _made(cls, values: Any, row_splits: Any, uniform: int | None = None) -> RaggedTensor:
        made = cls(values, row_splits, internal=True)
        made._uniform = uniform
        return made

    # How it is made ---------------------------------------------------------------------------------------------------

    @classmethod
    def from_row_splits(cls, values: Any, row_splits: Any, name: str | None = None, validate: bool = True) -> Any:
        """Rows of values, row i from `row_splits[i]` up to `row_splits[i + 1]`."""
        return _from_splits(_values_of(values), _partition(row_splits, "row_splits"), validate)

    @classmethod
    def from_row_lengths(cls, values: Any, row_lengths: Any, name: str | None = None, validate: bool = True) -> Any:
        """Rows of values by their lengths."""
        return _from_splits(_values_of(values), splits_of(_partition(row_lengths, "row_lengths")), validate)

    @classmethod
    def from_value_rowids(cls, values: Any, value_rowids: Any, nrows: Any = None, name: str | None = None,
                          validate: bool = True) -> Any:  # fmt: skip
        """Rows of values by the number of each value's row, in ascending order; as many rows as `nrows` says."""
        numbers = _partition(value_rowids, "value_rowids")
        if nrows is None:
            top = _call("concat", frontdoor.convert(np.full(1, -1, numbers.dtype.numpy)), numbers, axis=0)
            count = _call("add", _call("reduce_max", top, axis=(0,)), _int(1, numbers.dtype))
        else:
            count = _cast(frontdoor.convert(nrows), numbers.dtype)
            if isinstance(count, EagerTensor) and int(count._array) < 0:
                raise ValueError(f"Expected `nrows` >= 0; got {int(count._array)}.")
        if validate and isinstance(numbers, EagerTensor) and isinstance(count, EagerTensor):
            _check_rowids(numbers._array, int(count._array))
        elif validate:
            _later(_call("less_equal", numbers[:-1], numbers[1:]), "the numbers of rows must ascend")
            _later(_call("less_equal", _int(0, numbers.dtype), numbers[:1]), "a number of a row is negative")
            _later(_call("less", numbers[-1:], count), "a value belongs to a row beyond the last one")
        ones = _call("cast", _call("greater_equal", numbers, _int(0, numbers.dtype)), dtype=numbers.dtype)
        lengths = _call("unsorted_segment_sum", ones, numbers, _cast(count, dtypes.int64)) \
            if sizes.known(count) is None else _call("unsorted_segment_sum", ones, numbers,
                                                      num_segments=sizes.known(count))  # fmt: skip
        return _from_splits(_values_of(values), splits_of(lengths), validate)

    @classmethod
    def from_row_starts(cls, values: Any, row_starts: Any, name: str | None = None, validate: bool = True) -> Any:
        """Rows of values by where each begins."""
        found, starts = _values_of(values), _partition(row_starts, "row_starts")
        end = _call("expand_dims", length(found, starts.dtype), axis=0)
        return _from_splits(found, _call("concat", starts, end, axis=0), validate)

    @classmethod
    def from_row_limits(cls, values: Any, row_limits: Any, name: str | None = None, validate: bool = True) -> Any:
        """Rows of values by where each ends."""
        limits = _partition(row_limits, "row_limits")
        zero = frontdoor.convert(np.zeros(1, limits.dtype.numpy))
        return _from_splits(_values_of(values), _call("concat", zero, limits, axis=0), validate)

    @classmethod
    def from_uniform_row_length(cls, values: Any, uniform_row_length: Any, nrows: Any = None, validate: bool = True,
                                name: str | None = None) -> Any:  # fmt: skip
        """Rows of one length."""
        found = _values_of(values)
        size = sizes.known(frontdoor.convert(uniform_row_length))
        width = int(size) if isinstance(size, int) else None
        count = length(found)
        if nrows is None:
            if width == 0:
                nrows = 0
            rows = _int(0) if width == 0 else _call("floordiv", count, _int64(uniform_row_length))
        else:
            rows = _int64(nrows)
        if validate and isinstance(count, EagerTensor) and isinstance(rows, EagerTensor) and width is not None \
                and int(rows._array) * width != int(count._array):  # fmt: skip
            raise InvalidArgumentError(explain(
                "from_uniform_row_length: the values do not fill rows of this length.",
                received=f"{int(count._array)} values, rows of {width}",
            ))  # fmt: skip
        if validate and not (isinstance(count, EagerTensor) and isinstance(rows, EagerTensor)):
            _later(_call("equal", _call("multiply", _cast(rows, dtypes.int64), _int64(uniform_row_length)),
                         _cast(count, dtypes.int64)), "the values do not fill rows of this length")  # fmt: skip
        splits = _call("multiply", counted(_call("add", rows, _int(1))), _int64(uniform_row_length))
        return cls._made(found, splits, width)

    @classmethod
    def from_nested_row_splits(cls, flat_values: Any, nested_row_splits: Any, name: str | None = None,
                               validate: bool = True) -> Any:  # fmt: skip
        """Rows of rows, by the splits of each level, the outermost first."""
        return cls._nested(cls.from_row_splits, flat_values, nested_row_splits, validate)

    @classmethod
    def from_nested_row_lengths(cls, flat_values: Any, nested_row_lengths: Any, name: str | None = None,
                                validate: bool = True) -> Any:  # fmt: skip
        """Rows of rows, by the lengths of each level, the outermost first."""
        return cls._nested(cls.from_row_lengths, flat_values, nested_row_lengths, validate)

    @classmethod
    def from_nested_value_rowids(cls, flat_values: Any, nested_value_rowids: Any, nested_nrows: Any = None,
                                 name: str | None = None, validate: bool = True) -> Any:  # fmt: skip
        """Rows of rows, by the numbers of rows of each level, the outermost first."""
        counts = [None] * len(nested_value_rowids) if nested_nrows is None else list(nested_nrows)
        found = flat_values
        for numbers, count in zip(reversed(list(nested_value_rowids)), reversed(counts), strict=True):
            found = cls.from_value_rowids(found, numbers, count, validate=validate)
        return found

    @staticmethod
    def _nested(make: Any, flat_values: Any, levels: Any, validate: bool) -> Any:
        if not isinstance(levels, (list, tuple)):
            raise TypeError(f"The levels of a nested RaggedTensor must be a list or a tuple, received {levels!r}.")
        found = flat_values
        for level in reversed(levels):
            found = make(found, level, validate=validate)
        return found

    @classmethod
    def from_tensor(cls, tensor: Any, lengths: Any = None, padding: Any = None, ragged_rank: int = 1,
                    name: str | None = None, row_splits_dtype: Any = dtypes.int64) -> Any:  # fmt: skip
        """The rows of a dense tensor, of given lengths or without padding at their ends."""
        from weft.runtime.ragged_forms import from_tensor

        return from_tensor(tensor, lengths, padding, ragged_rank, dtypes.as_dtype(row_splits_dtype))

    @classmethod
    def from_sparse(cls, st_input: Any, name: str | None = None, row_splits_dtype: Any = dtypes.int64) -> Any:
        """The rows of a sparse matrix whose entries stand at the beginnings of its rows."""
        from weft.runtime.ragged_forms import from_sparse

        return from_sparse(st_input, dtypes.as_dtype(row_splits_dtype))

    # What it is -------------------------------------------------------------------------------------------------------

    @property
    def values(self) -> Any:
        """All rows after one another: a tensor, or a ragged one."""
        return self._values

    @property
    def row_splits(self) -> Any:
        """Where rows begin and end: `[rows + 1]`."""
        return self._splits

    @property
    def flat_values(self) -> Any:
        """The innermost values."""
        found = self._values
        while isinstance(found, RaggedTensor):
            found = found._values
        return found

    @property
    def nested_row_splits(self) -> tuple[Any, ...]:
        """The splits of each level, the outermost first."""
        return tuple(level._splits for level in self._levels())

    def _levels(self) -> list[RaggedTensor]:
        found: list[RaggedTensor] = [self]
        while isinstance(found[-1]._values, RaggedTensor):
            found.append(found[-1]._values)
        return found

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self.flat_values.dtype  # type: ignore[no-any-return]

    @property
    def ragged_rank(self) -> int:
        """How many levels of rows there are."""
        return len(self._levels())

    @property
    def uniform_row_length(self) -> Any:
        """The length of all rows as a scalar where they have one by the way that it was made, else None."""
        return None if self._uniform is None else _int(self._uniform, self._splits.dtype)

    @property
    def shape(self) -> TensorShape:
        """The shape, None for what is ragged."""
        known = self._splits.shape[0]
        rows = None if known is None else known - 1
        inner = self._values.shape
        if inner.rank is None:
            return TensorShape(None)
        return TensorShape([rows, self._uniform, *inner.as_list()[1:]])

    def get_shape(self) -> TensorShape:
        """The shape, None for what is ragged."""
        return self.shape

    def nrows(self, out_type: Any = None, name: str | None = None) -> Any:
        """How many rows there are, a scalar."""
        wanted = self._splits.dtype if out_type is None else dtypes.as_dtype(out_type)
        known = self._splits.shape[0]
        if known is not None:
            return _int(known - 1, wanted)
        return _cast(_call("subtract", length(self._splits), _int(1)), wanted)

    def row_starts(self, name: str | None = None) -> Any:
        """Where rows begin."""
        return self._splits[:-1]

    def row_limits(self, name: str | None = None) -> Any:
        """Where rows end."""
        return self._splits[1:]

    def row_lengths(self, axis: int = 1, name: str | None = None) -> Any:
        """The lengths of rows; of inner ones, ragged, for an axis above 1."""
        if axis == 0:
            return self.nrows()
        if axis == 1:
            return _call("subtract", self.row_limits(), self.row_starts())
        if isinstance(self._values, RaggedTensor):
            return self.with_values(self._values.row_lengths(axis - 1))
        whole = _call("shape", self._values, dtype=self._splits.dtype)
        width = whole[axis - 1]
        count = _call("expand_dims", length(self._values), axis=0)
        return self.with_values(_call("broadcast_to_dynamic", width, count))

    def nested_row_lengths(self, name: str | None = None) -> tuple[Any, ...]:
        """The lengths of the rows of each level."""
        return tuple(level.row_lengths() for level in self._levels())

    def value_rowids(self, name: str | None = None) -> Any:
        """The number of the row of each value."""
        return rows_at(self._splits, length(self._values))

    def nested_value_rowids(self, name: str | None = None) -> tuple[Any, ...]:
        """The numbers of rows of each level."""
        return tuple(level.value_rowids() for level in self._levels())

    def bounding_shape(self, axis: Any = None, name: str | None = None, out_type: Any = None) -> Any:
        """The shape of the least dense tensor that holds it, or its sizes along axes."""
        from weft.runtime.ragged_forms import bounding_shape

        found = _cast(bounding_shape(self), self._splits.dtype if out_type is None else dtypes.as_dtype(out_type))
        return found if axis is None else _call("gather", found, frontdoor.convert(axis), axis=0)

    # Other values, other forms ----------------------------------------------------------------------------------------

    def with_values(self, new_values: Any) -> RaggedTensor:
        """The same rows of other values."""
        found = _values_of(new_values)
        mine, theirs = self._values.shape[:1], found.shape[:1]
        if not mine.is_compatible_with(theirs):
            raise ValueError(explain("with_values: there must be as many values as there were.",
                                     received=[str(self._values.shape), str(found.shape)]))  # fmt: skip
        return RaggedTensor._made(found, self._splits, self._uniform)

    def with_flat_values(self, new_values: Any) -> RaggedTensor:
        """The same rows of rows of other innermost values."""
        if isinstance(self._values, RaggedTensor):
            return self.with_values(self._values.with_flat_values(new_values))
        return self.with_values(new_values)

    def with_row_splits_dtype(self, dtype: Any) -> RaggedTensor:
        """The same with splits of another dtype, int32 or int64."""
        wanted = dtypes.as_dtype(dtype)
        if wanted not in (dtypes.int32, dtypes.int64):
            raise ValueError(f"Argument `row_splits` dtype must be int32 or int64. Received {wanted.name}.")
        inner = self._values.with_row_splits_dtype(wanted) if isinstance(self._values, RaggedTensor) else self._values
        return RaggedTensor._made(inner, _cast(self._splits, wanted), self._uniform)

    def merge_dims(self, outer_axis: int, inner_axis: int) -> Any:
        """With the axes from one to another joined into one."""
        from weft.runtime.ragged_forms import merge_dims

        return merge_dims(self, outer_axis, inner_axis)

    def to_tensor(self, default_value: Any = None, name: str | None = None, shape: Any = None) -> Any:
        """A dense tensor, shorter rows filled up.

        Args:
            default_value: With what: 0 or `""` where None.
            name: Accepted.
            shape: The shape that it is cut or filled up to, with None for what is as large as needed.

        Example:
            >>> import weft as tf
            >>> tf.ragged.constant([[1, 2], [3]]).to_tensor().numpy().tolist()
            [[1, 2], [3, 0]]
        """
        from weft.runtime.ragged_forms import to_tensor

        return to_tensor(self, default_value, shape)

    def to_sparse(self, name: str | None = None) -> Any:
        """A sparse tensor of all values."""
        from weft.runtime.ragged_forms import to_sparse

        return to_sparse(self)

    def to_list(self) -> list[Any]:
        """The rows as nested lists.

        Raises:
            ValueError: In a graph, where there are no values yet.
        """
        return self._as_value().to_list()

    def _as_value(self) -> RaggedTensorValue:
        if not all(isinstance(tensor, EagerTensor) for tensor in self._components()):
            raise ValueError("RaggedTensor.to_list() is only supported in eager mode; in eager mode, tensors have "
                             "values.")  # fmt: skip
        return self._as_arrays([tensor.numpy() for tensor in self._components()])

    def numpy(self) -> Any:
        """An array of arrays; of as many axes as it has where all rows have one length."""
        return _nested_array(self._as_value())

    def __getitem__(self, key: Any) -> Any:
        from weft.runtime.ragged_forms import getitem

        return getitem(self, key)

    def __iter__(self) -> Any:
        known = sizes.known(self.nrows())
        if not isinstance(known, int):
            raise TypeError("The number of rows of this RaggedTensor is not known; use nrows().")
        return iter([self[row] for row in range(known)])

    def consumers(self) -> list[Any]:
        """The operations that use it."""
        return [op for tensor in self._components() for op in tensor.consumers()]

    # As a value of functions, sessions and datasets -------------------------------------------------------------------

    def _components(self) -> list[Any]:
        return [self.flat_values, *self.nested_row_splits]

    def _rebuild(self, parts: list[Any]) -> Any:
        return _rebuilt(parts, [level._uniform for level in self._levels()])

    def _static_part(self) -> Any:
        return tuple(level._uniform for level in self._levels())

    def _loosened(self, other: Any) -> Any:
        mine = [level._uniform for level in self._levels()]
        levels = other._levels() if isinstance(other, RaggedTensor) else []
        theirs = [level._uniform for level in levels] or [None] * len(mine)
        return _rebuilt(self._components(), [a if a == b else None for a, b in zip(mine, theirs, strict=True)])

    def _changing_in_loops(self) -> tuple[tuple[int, int], ...]:
        return tuple((place, 0) for place in range(self.ragged_rank + 1))

    def _as_arrays(self, arrays: list[Any]) -> RaggedTensorValue:
        found = arrays[0]
        for splits in reversed(arrays[1:]):
            found = RaggedTensorValue(found, splits)
        return found  # type: ignore[no-any-return]

    def _fed(self, value: Any) -> list[Any]:
        splits = []
        found = value
        while isinstance(found, (RaggedTensorValue, RaggedTensor)):
            splits.append(found.row_splits)
            found = found.values
        return [part.numpy() if isinstance(part, EagerTensor) else part for part in (found, *splits)]

    @property
    def _type_spec(self) -> RaggedTensorSpec:
        shape = self.shape
        return RaggedTensorSpec(None if shape.rank is None else shape.as_list(), self.dtype, self.ragged_rank,
                                self._splits.dtype)  # fmt: skip

    def __weft_operation__(self, op: str, inputs: Sequence[Any], attrs: dict[str, Any]) -> tuple[Any, ...]:
        from weft.runtime.ragged_ops import apply

        return apply(op, list(inputs), attrs)

    def __repr__(self) -> str:
        if all(isinstance(tensor, EagerTensor) for tensor in self._components()):
            return f"<tf.RaggedTensor {_shown(self)}>"
        return f"tf.RaggedTensor(values={self._values!r}, row_splits={self._splits!r})"


def _shown(ragged: RaggedTensor) -> str:
    """As TensorFlow prints it: as numpy shows an array of arrays."""
    return _array_text(_nested_array(ragged._as_value()))


def _array_text(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return str(value)
    if not value.size:
        return repr(value.tolist())  # numpy shows [] for whatever has no element
    return np.array2string(value, separator=", ", formatter={"all": _array_text})


def _nested_array(value: Any) -> Any:
    """An array whose rows are arrays: one array where the rows of a level are all of one length, objects otherwise.

    Whether they are is asked of a level as a whole, so that the rows of rows of one length are not objects either.
    """
    if not isinstance(value, RaggedTensorValue):
        return np.asarray(value)
    inner = _nested_array(value.values)
    splits = np.asarray(value.row_splits)
    if len(splits) < 2:
        return np.zeros((0, 0, *inner.shape[1:]), inner.dtype)
    rows = np.split(inner, splits[1:-1])
    if all(len(row) == len(rows[0]) for row in rows):
        return np.stack(rows)
    made = np.empty(len(rows), object)
    for place, row in enumerate(rows):
        made[place] = row
    return made


def _rebuilt(parts: Sequence[Any], uniform: Sequence[int | None]) -> Any:
    found = parts[0]
    for splits, width in zip(reversed(parts[1:]), reversed(uniform), strict=True):
        found = RaggedTensor._made(found, splits, width)
    return found


def _values_of(values: Any) -> Any:
    if isinstance(values, RaggedTensor):
        return values
    found = frontdoor.convert(values)
    if found.shape.rank == 0:
        raise ValueError(explain("The values of a RaggedTensor have at least one axis.", received=str(found.type)))
    return found


def _partition(value: Any, name: str) -> Any:
    found = value if frontdoor.is_tensor_like(value) else np.asarray(value)
    if isinstance(found, np.ndarray):
        found = found.astype(np.int64) if found.size == 0 or (found.dtype.kind in "iu" and found.dtype != np.int32) \
            or not isinstance(value, np.ndarray) else found  # fmt: skip
    tensor = frontdoor.convert(found)
    if tensor.dtype not in (dtypes.int32, dtypes.int64):
        raise ValueError(f"{name} must have dtype int32 or int64, received {tensor.dtype.name}.")
    if tensor.shape.rank not in (1, None):
        raise ValueError(f"Shape {tensor.shape} must have rank 1: `{name}` is a vector.")
    return tensor


def _int64(value: Any) -> Any:
    return _cast(frontdoor.convert(value), dtypes.int64)


def _from_splits(values: Any, splits: Any, validate: bool) -> RaggedTensor:
    inner = values._splits.dtype if isinstance(values, RaggedTensor) else splits.dtype
    if inner != splits.dtype:
        splits, values = _cast(splits, dtypes.int64), values.with_row_splits_dtype(dtypes.int64)
    if validate:
        count = length(values, splits.dtype)
        if isinstance(splits, EagerTensor) and isinstance(count, EagerTensor):
            _check_splits(splits._array, int(count._array))
        else:
            _later(_call("equal", splits[:1], _int(0, splits.dtype)), "the first split must be 0")
            _later(_call("less_equal", splits[:-1], splits[1:]), "a row has a negative length")
            _later(_call("equal", splits[-1:], count), "the rows do not end where the values end")
    return RaggedTensor._made(values, splits)


def _later(holds: Any, problem: str) -> None:
    """Checks when a traced function runs; a graph of TensorFlow 1 runs only what its fetches need."""
    scope = context.scope()
    if scope is None or scope.outermost().ordered:
        _call("assert", holds, message=f"{_INVALID}: {problem}")


def _check_splits(splits: Any, count: int) -> None:
    problem = None
    if not len(splits) or splits[0] != 0:
        problem = f"the first split must be 0, is {splits[:1]}"
    elif (np.diff(splits) < 0).any():
        problem = "a row has a negative length"
    elif splits[-1] != count:
        problem = f"the rows end at {splits[-1]}, there are {count} values"
    if problem:
        raise InvalidArgumentError(explain(f"{_INVALID}: {problem}."))


def _check_rowids(numbers: Any, count: int | None) -> None:
    problem = None
    if (np.diff(numbers) < 0).any():
        problem = "the numbers of rows must ascend"
    elif len(numbers) and numbers[0] < 0:
        problem = "a number of a row is negative"
    elif count is not None and len(numbers) and numbers[-1] >= count:
        problem = f"there are {count} rows, a value belongs to row {numbers[-1]}"
    if problem:
        raise InvalidArgumentError(explain(f"{_INVALID}: {problem}."))


class RaggedTensorSpec(CompositeSpec):
    """Describes a ragged tensor that is still to come.

    Args:
        shape: With None for what is ragged or unknown.
        dtype: The element type.
        ragged_rank: How many levels of rows there are; one less than axes where None.
        row_splits_dtype: int32 or int64.
        flat_values_spec: Accepted.
    """

    __slots__ = ("_dtype", "_ragged_rank", "_shape", "_splits")
    value_type = RaggedTensor

    def __init__(self, shape: Any = None, dtype: Any = dtypes.float32, ragged_rank: int | None = None,
                 row_splits_dtype: Any = dtypes.int64, flat_values_spec: Any = None) -> None:  # fmt: skip
        self._shape = TensorShape(shape)
        self._dtype = dtypes.as_dtype(dtype)
        self._splits = dtypes.as_dtype(row_splits_dtype)
        if ragged_rank is None:
            if self._shape.rank is None:
                raise ValueError("Must specify ragged_rank or a shape with a known rank.")
            ragged_rank = self._shape.rank - 1
        if self._shape.rank is not None and ragged_rank >= self._shape.rank:
            raise ValueError(f"Argument `ragged_rank` ({ragged_rank}) must be less than rank ({self._shape.rank}).")
        self._ragged_rank = ragged_rank

    @property
    def shape(self) -> TensorShape:
        """The shape."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def ragged_rank(self) -> int:
        """How many levels of rows there are."""
        return self._ragged_rank

    @property
    def row_splits_dtype(self) -> DType:
        """The dtype of the splits."""
        return self._splits

    @property
    def flat_values_spec(self) -> None:
        """None: the flat values are a tensor."""
        return None

    @classmethod
    def from_value(cls, value: Any) -> RaggedTensorSpec:
        """The spec of a ragged tensor."""
        return value._type_spec  # type: ignore[no-any-return]

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a ragged tensor (or spec) fits."""
        if isinstance(other, RaggedTensor):
            other = other._type_spec
        return (isinstance(other, RaggedTensorSpec) and other._dtype == self._dtype
                and other._ragged_rank == self._ragged_rank and other._splits is self._splits
                and self._shape.is_compatible_with(other._shape))  # fmt: skip

    def _component_specs(self) -> list[TensorSpec]:
        known = None if self._shape.rank is None else self._shape.as_list()
        if not self._ragged_rank:
            return [TensorSpec(known, self._dtype)]
        flat = None if known is None else [None, *known[self._ragged_rank + 1 :]]
        rows = None if known is None or known[0] is None else known[0] + 1
        inner = [TensorSpec([None], self._splits) for _ in range(self._ragged_rank - 1)]
        return [TensorSpec(flat, self._dtype), TensorSpec([rows], self._splits), *inner]

    def _from_components(self, parts: list[Any]) -> Any:
        known = [None] * (self._ragged_rank + 1) if self._shape.rank is None else self._shape.as_list()
        return _rebuilt(parts, known[1 : self._ragged_rank + 1])

    def _batched(self, size: int | None) -> RaggedTensorSpec:
        return RaggedTensorSpec(TensorShape([size]).concatenate(self._shape), self._dtype, self._ragged_rank + 1,
                                self._splits)  # fmt: skip

    def _row(self) -> TypeSpec:
        if not self._ragged_rank:
            return TensorSpec(None if self._shape.rank is None else self._shape[1:], self._dtype)
        inner = None if self._shape.rank is None else self._shape[1:]
        return RaggedTensorSpec(inner, self._dtype, self._ragged_rank - 1, self._splits)

    def _stacked(self, values: list[list[Any]]) -> list[Any]:
        kind = self._splits.numpy
        flat = np.concatenate([arrays[0] for arrays in values])
        counts = [len(arrays[1]) - 1 if len(arrays) > 1 else len(arrays[0]) for arrays in values]
        levels = [np.concatenate([[0], np.cumsum(counts)]).astype(kind)]
        for level in range(1, self._ragged_rank + 1):
            lengths = np.concatenate([np.diff(arrays[level]) for arrays in values])
            levels.append(np.concatenate([[0], np.cumsum(lengths)]).astype(kind))
        return [flat, *levels]

    def _rows(self, arrays: list[Any]) -> list[Any]:
        if not self._ragged_rank:
            return list(arrays[0])
        found = []
        for start, stop in zip(arrays[1][:-1].tolist(), arrays[1][1:].tolist(), strict=True):
            parts = []
            for splits in arrays[2:]:
                inner = splits[start : stop + 1]
                parts.append(inner - inner[0])
                start, stop = int(inner[0]), int(inner[-1])
            found.append([arrays[0][start:stop], *parts])
        return found

    def _key(self) -> tuple[Any, ...]:
        return self._shape, self._dtype, self._ragged_rank, self._splits

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RaggedTensorSpec) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((RaggedTensorSpec, *self._key()))

    def __repr__(self) -> str:
        return (f"RaggedTensorSpec({self._shape!r}, tf.{self._dtype.name}, {self._ragged_rank}, "
                f"tf.{self._splits.name})")  # fmt: skip

    def __reduce__(self) -> tuple[Any, ...]:
        return RaggedTensorSpec, (self._shape, self._dtype, self._ragged_rank, self._splits)
