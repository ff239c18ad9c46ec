"""`tf.io.RaggedFeature`: features of any length, cut into rows by other features."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from weft.base import dtypes
from weft.base.errors import explain


class RowSplits(NamedTuple):
    """Rows by where they begin and, at last, end."""

    key: str


class RowLengths(NamedTuple):
    """Rows by their lengths."""

    key: str


class RowStarts(NamedTuple):
    """Rows by where they begin."""

    key: str


class RowLimits(NamedTuple):
    """Rows by where they end."""

    key: str


class ValueRowIds(NamedTuple):
    """Rows by the number of each value's row."""

    key: str


class UniformRowLength(NamedTuple):
    """Rows of one length."""

    length: int


_KEYED = (RowSplits, RowLengths, RowStarts, RowLimits, ValueRowIds)
PARTITIONS = (*_KEYED, UniformRowLength)


class _RaggedFeature(NamedTuple):
    dtype: Any
    value_key: Any = None
    partitions: Any = ()
    row_splits_dtype: Any = dtypes.int32
    validate: bool = False


class RaggedFeature(_RaggedFeature):
    """A feature of any length, which becomes a ragged tensor.

    Args:
        dtype: tf.int64, tf.float32 or tf.string.
        value_key: The feature that holds the values; the name that this one is asked for under where None.
        partitions: What cuts the values into rows, the outermost first: RaggedFeature.RowSplits(key), RowLengths,
            RowStarts, RowLimits or ValueRowIds, whose key names a feature of integers, or UniformRowLength(length).
        row_splits_dtype: Of the ragged tensor's row splits.
        validate: Accepted: rows are always checked.

    Raises:
        TypeError: For what cuts nothing.

    Example:
        >>> import weft as tf
        >>> numbers = tf.train.Feature(int64_list=tf.train.Int64List(value=[4, 5, 6]))
        >>> lengths = tf.train.Feature(int64_list=tf.train.Int64List(value=[2, 1]))
        >>> example = tf.train.Example(features=tf.train.Features(feature={"x": numbers, "n": lengths}))
        >>> spec = tf.io.RaggedFeature(tf.int64, "x", [tf.io.RaggedFeature.RowLengths("n")])
        >>> tf.io.parse_single_example(example.SerializeToString(), {"x": spec})["x"].to_list()
        [[4, 5], [6]]
    """

    __slots__ = ()
    RowSplits: ClassVar[Any] = RowSplits
    RowLengths: ClassVar[Any] = RowLengths
    RowStarts: ClassVar[Any] = RowStarts
    RowLimits: ClassVar[Any] = RowLimits
    ValueRowIds: ClassVar[Any] = ValueRowIds
    UniformRowLength: ClassVar[Any] = UniformRowLength

    def __new__(cls, dtype: Any, value_key: Any = None, partitions: Any = (), row_splits_dtype: Any = dtypes.int32,
                validate: bool = False) -> RaggedFeature:  # fmt: skip
        if row_splits_dtype is not None and dtypes.as_dtype(row_splits_dtype) not in (dtypes.int32, dtypes.int64):
            raise ValueError(explain("RaggedFeature: `row_splits_dtype` must be int32 or int64.",
                                     received=str(row_splits_dtype)))  # fmt: skip
        for partition in partitions:
            if not isinstance(partition, PARTITIONS):
                problem = "RaggedFeature: `partitions` holds something that cuts nothing."
                raise TypeError(explain(problem, received=repr(partition), hint="tf.io.RaggedFeature.RowLengths('n')"))
        return super().__new__(cls, dtypes.as_dtype(dtype), value_key, tuple(partitions),
                               dtypes.as_dtype(row_splits_dtype), bool(validate))  # fmt: skip


def keys_of(key: str, spec: RaggedFeature) -> dict[str, Any]:
    """Name -> dtype of what a ragged feature is made of."""
    found = {key if spec.value_key is None else spec.value_key: spec.dtype}
    for partition in spec.partitions:
        if isinstance(partition, _KEYED):
            found[partition.key] = dtypes.int64
    return found


def _lengths(partition: Any, given: Any, inner: Any) -> tuple[Any, Any]:
    """The rows' lengths, and how many rows each example has.

    Args:
        partition: What cuts.
        given: Its feature as (values, how many of them each example has).
        inner: How many things each example has that are to be cut.
    """
    from weft.api import array, math

    if isinstance(partition, UniformRowLength):
        counts = inner // partition.length
        return array.fill([math.reduce_sum(counts)], array.constant(partition.length, dtypes.int64)), counts
    values, counts = given
    numbers = array.repeat(array.range(array.size(counts)), counts)  # which example each value is of
    if isinstance(partition, RowLengths):
        return values, counts
    if isinstance(partition, ValueRowIds):
        rows = _lasts(values, counts) + 1
        begins = math.cumsum(rows, exclusive=True)
        return math.bincount(values + array.gather(begins, numbers), minlength=math.reduce_sum(rows),
                             dtype=dtypes.int64), rows  # fmt: skip
    same = math.equal(numbers[1:], numbers[:-1])
    if isinstance(partition, RowSplits):
        return array.boolean_mask(values[1:] - values[:-1], same), math.maximum(counts - 1, 0)
    if isinstance(partition, RowLimits):
        before = array.where(same, values[:-1], array.zeros_like(values[:-1]))
        return values - array.concat([array.zeros_like(values[:1]), before], 0), counts
    ends = array.where(same, values[1:], array.gather(inner, numbers[:-1]))
    last = array.gather(inner, numbers[-1:])
    return array.concat([ends, last], 0) - values, counts


def _lasts(values: Any, counts: Any) -> Any:
    """The last of each example's values; -1 where it has none."""
    from weft.api import array, math

    ends = math.cumsum(counts)
    places = math.maximum(ends - 1, 0)
    padded = array.concat([values, array.constant([-1], values.dtype)], 0)
    return array.where(counts > 0, array.gather(padded, places), array.constant(-1, values.dtype))


def assembled(key: str, spec: RaggedFeature, parts: dict[str, tuple[Any, Any]], batched: bool) -> Any:
    """A ragged tensor out of its parts.

    Args:
        key: The name that it is asked for under.
        spec: What is asked for.
        parts: Name -> (values in a row, int64 `[examples]`: how many each example has).
        batched: Whether there is an axis of examples.

    Returns:
        A ragged tensor; a vector for a single example that nothing cuts.
    """
    from weft.api import array
    from weft.runtime.ragged import RaggedTensor

    made, counts = parts[key if spec.value_key is None else spec.value_key]
    for partition in reversed(spec.partitions):
        lengths, counts = _lengths(partition, parts.get(getattr(partition, "key", "")), counts)
        if isinstance(partition, UniformRowLength) and not isinstance(made, RaggedTensor):
            made = array.reshape(made, [-1, partition.length, *made.shape[1:]])
        elif isinstance(partition, UniformRowLength):
            made = RaggedTensor.from_uniform_row_length(made, partition.length)
        else:
            made = RaggedTensor.from_row_lengths(made, lengths)
    if batched:
        made = RaggedTensor.from_row_lengths(made, counts)
    if isinstance(made, RaggedTensor) and made.row_splits.dtype != spec.row_splits_dtype:
        made = made.with_row_splits_dtype(spec.row_splits_dtype)
    return made
