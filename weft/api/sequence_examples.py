"""`tf.train.SequenceExample` messages parsed into tensors, one or a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.api.examples import (
    FixedLenSequenceFeature,
    _assembled,
    _Column,
    _columns,
    _on_host,
    _packed,
    _read,
    _row,
    _some,
    _strings,
    _VarLen,
)
from weft.api.ragged_features import RaggedFeature
from weft.base import dtypes
from weft.base.errors import explain
from weft.formats.messages.example import SequenceExample
from weft.ir.types import TensorType
from weft.runtime.kept_calls import keepable
from weft.runtime.ragged import RaggedTensor


class _Steps(_Column):
    """A ragged feature of a sequence: values, how many each step has, and how many steps each example has."""

    def __init__(self, key: str, spec: RaggedFeature) -> None:
        if spec.partitions:
            raise NotImplementedError(explain(
                f"Feature `{key}` of a sequence cannot be cut by partitions.", received=repr(spec.partitions),
                hint="parse values and partitions as features of their own, and use tf.RaggedTensor.from_row_lengths",
            ))  # fmt: skip
        super().__init__(key, FixedLenSequenceFeature([], spec.dtype, allow_missing=True))
        self.source = key if spec.value_key is None else spec.value_key
        self.spec = spec

    def types(self, *batch: Any) -> list[TensorType]:
        return [TensorType((_some(),), self.dtype), TensorType((_some(),), dtypes.int64),
                TensorType((*batch[:1],) if len(batch) > 1 else (1,), dtypes.int64)]  # fmt: skip

    def batch(self, lists: Sequence[Any]) -> list[Any]:
        """The arrays for the steps of some examples."""
        rows = [[self.alone(self.of(feature, "")) for feature in ([] if steps is None else steps.feature)]
                for steps in lists]  # fmt: skip
        flat = [array for row in rows for array in row]
        values = np.concatenate(flat) if flat else np.zeros(0, self.dtype.numpy)
        return [values, np.array([len(array) for array in flat], np.int64),
                np.array([len(row) for row in rows], np.int64)]  # fmt: skip

    def whole(self, tensors: Sequence[Any], batched: bool) -> Any:
        values, lengths, steps = tensors
        made = RaggedTensor.from_row_lengths(values, lengths, validate=False)
        if batched:
            made = RaggedTensor.from_row_lengths(made, steps, validate=False)
        return made.with_row_splits_dtype(self.spec.row_splits_dtype)


def _taken(context_features: Any, sequence_features: Any, said: str) -> tuple[list[_Column], list[_Column]]:
    if not context_features and not sequence_features:
        raise ValueError(f"{said}: name context_features, sequence_features or both.")
    context = _columns(context_features) if context_features else []
    rest = {key: spec for key, spec in (sequence_features or {}).items() if not isinstance(spec, RaggedFeature)}
    steps = [_Steps(key, sequence_features[key]) for key in sorted(sequence_features or {}) if key not in rest]
    sequence = [*(_columns(rest) if rest else []), *steps]
    for column in sequence:
        if not column.ragged:
            raise ValueError(explain(f"Feature `{column.key}` of a sequence must be a FixedLenSequenceFeature."))
    return context, sequence


def _flat(lists: Sequence[Sequence[Any]]) -> list[Any]:
    return [item for inner in lists for item in inner]


def _sequence_made(features: Any, columns: Sequence[_Column], types: Sequence[Any], tensors: Sequence[Any],
                   batched: bool) -> dict[str, Any]:  # fmt: skip
    """Name -> what users get of a sequence, out of the tensors in the columns' order."""
    supply = iter(tensors)
    found = {}
    for column, mine in zip(columns, types, strict=True):
        parts = [next(supply) for _ in mine]
        found[column.key] = column.whole(parts, batched) if isinstance(column, _Steps) else column.made(parts)
    asked = {key: spec for key, spec in (features or {}).items() if not isinstance(spec, RaggedFeature)}
    return {**_assembled(asked, found), **{c.key: found[c.key] for c in columns if isinstance(c, _Steps)}}


@keepable("io.parse_single_sequence_example", "serialized")
def parse_single_sequence_example(serialized: Any, context_features: Any = None, sequence_features: Any = None,
                                  example_name: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """The features of one serialized `tf.train.SequenceExample`.

    Args:
        serialized: A string.
        context_features: Name → FixedLenFeature, VarLenFeature or RaggedFeature.
        sequence_features: Name → FixedLenSequenceFeature, VarLenFeature or RaggedFeature.
        example_name: As given.
        name: The node's name.

    Returns:
        (name → tensor, name → `[time, ...]`).
    """
    context, sequence = _taken(context_features, sequence_features, "parse_single_sequence_example")

    def run(data: Any) -> list[Any]:
        found = _read(SequenceExample, data[()], "")
        values = [c.arrays([c.of(found.context.feature.get(c.key), "")], False) for c in context]
        return _row(values) + _flat([_steps(c, found.feature_lists.feature_list) for c in sequence])

    first = [c.types() for c in context]
    second = [c.types(_some()) if isinstance(c, _VarLen) else c.types() for c in sequence]
    results = list(_on_host(run, _strings(serialized), _row(first) + _flat(second), name))
    count = len(_row(first))
    return (
        _assembled(context_features or {}, _packed(context, first, results[:count]), batched=False),
        _sequence_made(sequence_features, sequence, second, results[count:], batched=False),
    )


def _steps(column: _Column, lists: Any) -> list[Any]:
    if isinstance(column, _Steps):
        return column.batch([lists.get(column.source)])
    steps = lists.get(column.key)
    if isinstance(column, _VarLen):
        return column.arrays([column.of(feature, "") for feature in ([] if steps is None else steps.feature)], True)
    return [_stacked_steps(column, steps)]


def _stacked_steps(column: _Column, steps: Any, where: str = "") -> Any:
    if steps is None:
        return column.alone(column.of(None, where))
    made = np.empty((len(steps.feature), *column.shape), column.dtype.numpy)
    for number, feature in enumerate(steps.feature):
        made[number, ...] = column.of(feature, f"{where}Step {number}: ").reshape(column.shape)
    return made


# Batches ------------------------------------------------------------------------------------------------------------


def _steps_of_batch(column: _Column, messages: Sequence[Any]) -> list[Any]:
    """The arrays of a feature for a batch of sequences: dense ones are filled up, with how many steps each has."""
    if isinstance(column, _Steps):
        return column.batch([m.feature_lists.feature_list.get(column.source) for m in messages])
    lists = [m.feature_lists.feature_list.get(column.key) for m in messages]
    if isinstance(column, _VarLen):
        return _sparse_steps(column, lists)
    rows = [_stacked_steps(column, steps, f"Example {number} of the batch: ") for number, steps in enumerate(lists)]
    return [column.stacked(rows), np.array([len(row) for row in rows], np.int64)]


def _sparse_steps(column: _Column, lists: Sequence[Any]) -> list[Any]:
    places: list[tuple[int, int, int]] = []
    values: list[Any] = []
    longest = widest = 0
    for number, steps in enumerate(lists):
        features = [] if steps is None else steps.feature
        longest = max(longest, len(features))
        for step, feature in enumerate(features):
            row = column.alone(column.of(feature, f"Example {number} of the batch: "))
            widest = max(widest, len(row))
            places += [(number, step, place) for place in range(len(row))]
            values.append(row)
    flat = np.concatenate(values) if values else np.zeros(0, column.dtype.numpy)
    return [np.array(places, np.int64).reshape(-1, 3), flat, np.array([len(lists), longest, widest], np.int64)]


def _batch_types(column: _Column, batch: Any) -> list[TensorType]:
    if isinstance(column, _Steps):
        return column.types(batch, None)
    if isinstance(column, _VarLen):
        return column.types(batch, None)
    return [TensorType((batch, _some(), *column.shape), column.dtype), TensorType((batch,), dtypes.int64)]


@keepable("io.parse_sequence_example", "serialized")
def parse_sequence_example(serialized: Any, context_features: Any = None, sequence_features: Any = None,
                           example_names: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """The features of a batch of serialized `tf.train.SequenceExample`s.

    Args:
        serialized: `[batch]` strings.
        context_features: Name → FixedLenFeature, VarLenFeature or RaggedFeature.
        sequence_features: Name → FixedLenSequenceFeature, VarLenFeature or RaggedFeature.
        example_names: As given.
        name: The node's name.

    Returns:
        (name → `[batch, ...]`, name → `[batch, time, ...]`, name → `[batch]`: how many steps the dense ones have).
        Shorter dense sequences are filled up with zeros.

    Example:
        >>> import weft as tf
        >>> step = tf.train.Feature(float_list=tf.train.FloatList(value=[1.5]))
        >>> lists = tf.train.FeatureLists(feature_list={"x": tf.train.FeatureList(feature=[step, step])})
        >>> text = tf.train.SequenceExample(feature_lists=lists).SerializeToString()
        >>> spec = {"x": tf.io.FixedLenSequenceFeature([], tf.float32)}
        >>> _, found, lengths = tf.io.parse_sequence_example([text], sequence_features=spec)
        >>> found["x"].numpy().tolist(), lengths["x"].numpy().tolist()
        ([[1.5, 1.5]], [2])
    """
    text = _strings(serialized)
    if text.shape.rank == 0:
        return _of_one(text, context_features, sequence_features, name)
    context, sequence = _taken(context_features, sequence_features, "parse_sequence_example")

    def run(data: Any) -> list[Any]:
        messages = [_read(SequenceExample, one, f"Example {number} of the batch: ")
                    for number, one in enumerate(data.tolist())]  # fmt: skip
        values = [c.arrays([c.of(m.context.feature.get(c.key), f"Example {number} of the batch: ")
                            for number, m in enumerate(messages)], True) for c in context]  # fmt: skip
        return _row(values) + _flat([_steps_of_batch(c, messages) for c in sequence])

    batch = _some() if text.shape.symbolic is None else text.shape.symbolic[0]
    first = [c.types(batch) for c in context]
    second = [_batch_types(c, batch) for c in sequence]
    results = list(_on_host(run, text, _row(first) + _flat(second), name))
    count = len(_row(first))
    lengths = {}
    supply = iter(results[count:])
    for column, mine in zip(sequence, second, strict=True):
        parts = [next(supply) for _ in mine]
        if len(parts) == 2:
            lengths[column.key] = parts[1]
    return (
        _assembled(context_features or {}, _packed(context, first, results[:count])),
        _sequence_made(sequence_features, sequence, second, results[count:], batched=True),
        lengths,
    )


def _of_one(text: Any, context_features: Any, sequence_features: Any, name: str | None) -> Any:
    """As for a batch, of a single string: without the axis of examples."""
    from weft.api import array

    first, second = parse_single_sequence_example(text, context_features, sequence_features, None, name)
    dense = {key for key, spec in (sequence_features or {}).items() if isinstance(spec, FixedLenSequenceFeature)}
    return first, second, {key: array.shape(second[key], dtypes.int64)[0] for key in sorted(dense)}


