"""Training examples in files: `tf.io.TFRecordWriter`, and `tf.train.Example` messages parsed into tensors."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from weft.api import ragged_features
from weft.api.ragged_features import RaggedFeature
from weft.base import dtypes
from weft.base.dtypes import DType
from weft.base.errors import InvalidArgumentError, explain
from weft.base.shapes import TensorShape
from weft.formats import tfrecord
from weft.formats.messages.example import Example, Feature
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.ops.host import Feature as FeatureForm
from weft.ops.host import Form
from weft.runtime import dispatch, frontdoor
from weft.runtime.kept_calls import classes, keepable
from weft.runtime.sparse import SparseTensor

_FIELDS = {"string": "bytes_list", "float32": "float_list", "int64": "int64_list"}
_KINDS = {field: dtype for dtype, field in _FIELDS.items()}


class TFRecordOptions:
    """How a TFRecord file is compressed.

    Args:
        compression_type: None, "GZIP" or "ZLIB".
        flush_mode: Accepted.
        input_buffer_size: Accepted.
        output_buffer_size: Accepted.
        window_bits: Accepted.
        compression_level: zlib's, from 0 to 9.
        compression_method: Accepted.
        mem_level: zlib's, from 1 to 9.
        compression_strategy: zlib's.
    """

    def __init__(self, compression_type: Any = None, flush_mode: Any = None, input_buffer_size: Any = None,
                 output_buffer_size: Any = None, window_bits: Any = None, compression_level: Any = None,
                 compression_method: Any = None, mem_level: Any = None,
                 compression_strategy: Any = None) -> None:  # fmt: skip
        self.compression_type = tfrecord.check_compression(compression_type)
        self.compression_level = compression_level
        self.mem_level = mem_level
        self.compression_strategy = compression_strategy


class TFRecordWriter(tfrecord.TFRecordWriter):
    """Writes a TFRecord file.

    Args:
        path: The file, which is replaced.
        options: A compression ("GZIP", "ZLIB"), or TFRecordOptions.

    Example:
        >>> import weft as tf
        >>> feature = tf.train.Feature(int64_list=tf.train.Int64List(value=[7]))
        >>> example = tf.train.Example(features=tf.train.Features(feature={"label": feature}))
        >>> with tf.io.TFRecordWriter("one.tfrecord") as writer:
        ...     writer.write(example.SerializeToString())
        >>> spec = {"label": tf.io.FixedLenFeature([], tf.int64)}
        >>> [int(tf.io.parse_single_example(r, spec)["label"]) for r in tf.data.TFRecordDataset("one.tfrecord")]
        [7]
    """

    def __init__(self, path: Any, options: Any = None) -> None:
        chosen = options if isinstance(options, TFRecordOptions) else TFRecordOptions(options)
        level, memory, strategy = chosen.compression_level, chosen.mem_level, chosen.compression_strategy
        super().__init__(
            os.fspath(path), chosen.compression_type, level=-1 if level is None else level,
            memory_level=9 if memory is None else memory,
            strategy=zlib.Z_DEFAULT_STRATEGY if strategy is None else strategy,
        )  # fmt: skip

    def write(self, record: Any) -> None:
        """Writes one record: bytes, or a tensor of one string."""
        super().write(record.numpy() if hasattr(record, "numpy") else record)


class FixedLenFeature(NamedTuple):
    """A feature of one shape.

    Args:
        shape: Its shape.
        dtype: tf.int64, tf.float32 or tf.string.
        default_value: What stands in for it where it is missing; it is required where None.
    """

    shape: Any
    dtype: Any
    default_value: Any = None


class FixedLenSequenceFeature(NamedTuple):
    """A feature of any number of rows of one shape.

    Args:
        shape: The shape of a row.
        dtype: tf.int64, tf.float32 or tf.string.
        allow_missing: Whether it may be missing, which is no row.
        default_value: What shorter ones of a batch are filled with.
    """

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


class VarLenFeature(NamedTuple):
    """A feature of any length, which becomes a sparse tensor."""

    dtype: Any


class SparseFeature(NamedTuple):
    """A sparse tensor out of two or more features: values, and the index of each along every axis.

    Args:
        index_key: The feature of the indices, or a list of them, one an axis.
        value_key: The feature of the values.
        dtype: tf.int64, tf.float32 or tf.string.
        size: The size of each axis.
        already_sorted: Whether the values are in the order of their indices.
    """

    index_key: Any
    value_key: str
    dtype: Any
    size: Any
    already_sorted: bool = False


class _Column:
    """One feature to be read: where it is, what it must be like, and what stands in for it."""

    def __init__(self, key: str, spec: Any) -> None:
        if not isinstance(spec, (FixedLenFeature, FixedLenSequenceFeature)):
            raise NotImplementedError(explain(
                f"Feature `{key}` is no kind of feature that can be parsed.", received=repr(spec),
                hint="use tf.io.FixedLenFeature, FixedLenSequenceFeature, VarLenFeature or SparseFeature",
            ))  # fmt: skip
        self.key = key
        self.dtype: DType = dtypes.as_dtype(spec.dtype)
        self.ragged = isinstance(spec, FixedLenSequenceFeature)
        self.may_miss = isinstance(spec, FixedLenSequenceFeature) and spec.allow_missing
        if self.dtype.name not in _FIELDS:
            raise TypeError(explain(f"Feature `{key}` cannot be {self.dtype.name}.",
                                    expected="tf.int64, tf.float32 or tf.string",
                                    hint="parse it as one of these and tf.cast it"))  # fmt: skip
        shape = TensorShape(spec.shape if isinstance(spec.shape, (list, tuple, TensorShape)) else [spec.shape])
        if shape.rank is None or None in shape.as_list():
            raise ValueError(explain(f"Feature `{key}` needs a known shape.", received=str(spec.shape),
                                     hint="FixedLenSequenceFeature takes any number of rows"))  # fmt: skip
        self.shape: tuple[int, ...] = tuple(size for size in shape.as_list() if size is not None)
        self.default = None if spec.default_value is None else self._default(spec.default_value)

    def _default(self, value: Any) -> Any:
        array = frontdoor.to_array(value, self.dtype)
        return array if self.ragged else np.broadcast_to(array, self.shape) if array.ndim == 0 else \
            array.reshape(self.shape)  # fmt: skip

    def of(self, feature: Feature | None, where: str) -> Any:
        """Its array in an example; None where it is missing and may be."""
        kind = None if feature is None else feature.WhichOneof("kind")
        if feature is None or kind is None:
            if self.may_miss or self.default is not None:
                return None if self.ragged else self.default
            raise InvalidArgumentError(explain(
                f"{where}Feature: {self.key} (data type: {self.dtype.name}) is required but could not be found.",
                hint="give the FixedLenFeature a default_value, or check the name that it was written under",
            ))  # fmt: skip
        if _KINDS[kind] != self.dtype.name:
            raise InvalidArgumentError(explain(
                f"{where}Key: {self.key}. Data types don't match.", expected=self.dtype.name, received=_KINDS[kind],
            ))  # fmt: skip
        values = getattr(feature, kind).value
        array = np.empty(len(values), self.dtype.numpy)
        array[:] = list(values)
        size = int(np.prod(self.shape, dtype=np.int64))
        if array.size != size if not self.ragged else size == 0 or array.size % size:
            raise InvalidArgumentError(explain(
                f"{where}Key: {self.key}. Number of {self.dtype.name} values != expected.",
                expected=f"{'a multiple of ' if self.ragged else ''}{size}, for shape {TensorShape(self.shape)}",
                received=str(array.size),
            ))  # fmt: skip
        return array.reshape((-1, *self.shape) if self.ragged else self.shape)

    def stacked(self, arrays: Sequence[Any]) -> Any:
        """The arrays of a batch; shorter ones filled up."""
        if not self.ragged:
            made = np.empty((len(arrays), *self.shape), self.dtype.numpy)
            for row, array in enumerate(arrays):
                made[row, ...] = array
            return made
        longest = max((0 if a is None else len(a) for a in arrays), default=0)
        empty: Any = b"" if self.dtype == dtypes.string else 0
        made = np.full((len(arrays), longest, *self.shape), empty if self.default is None else self.default,
                       self.dtype.numpy)  # fmt: skip
        for row, array in enumerate(arrays):
            if array is not None:
                made[row, : len(array)] = array
        return made

    def alone(self, array: Any) -> Any:
        """The array of a single example."""
        return np.zeros((0, *self.shape), self.dtype.numpy) if array is None else array

    def types(self, *batch: Any) -> list[TensorType]:
        """The types of the tensors that it gives for a batch, or for a single example."""
        return [TensorType((*batch, _some(), *self.shape) if self.ragged else (*batch, *self.shape), self.dtype)]

    def arrays(self, found: Sequence[Any], batched: bool) -> list[Any]:
        """The arrays of these tensors, out of what `of` gave for each example."""
        return [self.stacked(found) if batched else self.alone(found[0])]

    def made(self, tensors: Sequence[Any]) -> Any:
        """What users get, out of the tensors."""
        return tensors[0]


class _VarLen(_Column):
    """A feature of any length, which becomes a sparse tensor."""

    def __init__(self, key: str, spec: VarLenFeature) -> None:
        super().__init__(key, FixedLenSequenceFeature([], spec.dtype, allow_missing=True))

    def types(self, *batch: Any) -> list[TensorType]:
        return [TensorType((_some(), len(batch) + 1), dtypes.int64), TensorType((_some(),), self.dtype),
                TensorType((len(batch) + 1,), dtypes.int64)]  # fmt: skip

    def arrays(self, found: Sequence[Any], batched: bool) -> list[Any]:
        rows = [self.alone(array) for array in found]
        width = max((len(row) for row in rows), default=0)
        places = [np.stack([np.full(len(row), number), np.arange(len(row))], 1) for number, row in enumerate(rows)]
        indices = np.concatenate(places) if places else np.zeros((0, 2), np.int64)
        values = np.concatenate(rows) if rows else np.zeros(0, self.dtype.numpy)
        if not batched:
            return [indices[:, 1:], values, np.array([width], np.int64)]
        return [indices, values, np.array([len(rows), width], np.int64)]

    def made(self, tensors: Sequence[Any]) -> Any:
        return SparseTensor(*tensors)


def _sparse_parts(features: Any) -> dict[str, Any]:
    """The features with those that sparse ones are made of in their places."""
    parts = {}
    for key, spec in features.items():
        if isinstance(spec, RaggedFeature):
            parts.update({name: VarLenFeature(kind) for name, kind in ragged_features.keys_of(key, spec).items()})
            continue
        if not isinstance(spec, SparseFeature):
            parts[key] = spec
            continue
        for index in _index_keys(spec):
            parts[index] = VarLenFeature(dtypes.int64)
        parts[spec.value_key] = VarLenFeature(spec.dtype)
    return parts


def _index_keys(spec: SparseFeature) -> list[str]:
    return list(spec.index_key) if isinstance(spec.index_key, (list, tuple)) else [spec.index_key]


def _in_a_row(found: SparseTensor, batched: bool) -> tuple[Any, Any]:
    """The values of a feature of any length, and how many of them each example has."""
    from weft.api import array, math

    if not batched:
        return found.values, array.shape(found.values, dtypes.int64)
    rows = math.bincount(found.indices[:, 0], minlength=found.dense_shape[0], dtype=dtypes.int64)
    return found.values, rows


def _assembled(features: Any, found: dict[str, Any], batched: bool = True) -> dict[str, Any]:
    """What was asked for, out of the parts that were read."""
    from weft.api import array, sparse

    made = {}
    for key, spec in features.items():
        if isinstance(spec, RaggedFeature):
            rows = {name: _in_a_row(found[name], batched) for name in ragged_features.keys_of(key, spec)}
            made[key] = ragged_features.assembled(key, spec, rows, batched)
            continue
        if not isinstance(spec, SparseFeature):
            made[key] = found[key]
            continue
        values = found[spec.value_key]
        sizes = spec.size if isinstance(spec.size, (list, tuple)) else [spec.size]
        columns = [array.expand_dims(found[index].values, 1) for index in _index_keys(spec)]
        indices = array.concat([values.indices[:, :-1], *columns], 1)
        whole = array.concat([values.dense_shape[:-1], array.constant(list(sizes), dtypes.int64)], 0)
        result = SparseTensor(indices, values.values, whole)
        made[key] = result if spec.already_sorted else sparse.reorder(result)
    # TensorFlow's order: sparse ones first, each kind by name.
    return {key: made[key] for key in sorted(made, key=lambda key: (not isinstance(made[key], SparseTensor), key))}


def _columns(features: Any, argument: str = "features") -> list[_Column]:
    if not features:
        raise ValueError(explain(f"`{argument}` names nothing to parse.",
                                 hint="{'name': tf.io.FixedLenFeature([], tf.int64)}"))  # fmt: skip
    parts = _sparse_parts(features)
    return [(_VarLen if isinstance(parts[key], VarLenFeature) else _Column)(key, parts[key]) for key in sorted(parts)]


def _packed(columns: Sequence[_Column], types: Sequence[Sequence[TensorType]], tensors: Any) -> dict[str, Any]:
    """Name → what users get, out of the tensors of all columns in a row."""
    places = _row([[(number, part) for part in range(len(mine))] for number, mine in enumerate(types)])
    found = dict(zip(places, tensors, strict=True))
    return {column.key: column.made([found[number, part] for part in range(len(mine))])
            for number, (column, mine) in enumerate(zip(columns, types, strict=True))}  # fmt: skip


def _row(lists: Sequence[Sequence[Any]]) -> list[Any]:
    """The parts of columns in TensorFlow's order: indices, values and shapes of sparse ones, then the others."""
    sparse = zip(*(inner for inner in lists if len(inner) == 3), strict=True)
    return [item for part in sparse for item in part] + [item for inner in lists if len(inner) != 3 for item in inner]


def _read(message: Any, data: bytes, where: str) -> Any:
    try:
        return message.FromString(data)
    except Exception as error:
        raise InvalidArgumentError(explain(
            f"{where}Could not parse example input.", received=f"{len(data)} bytes beginning {data[:20]!r}",
            hint=f"it must be a serialized tf.train.{message.__name__} ({error})",
        )) from None  # fmt: skip


def _on_host(function: Callable[..., list[Any]], serialized: Any, types: Sequence[TensorType], name: Any) -> Any:
    attrs = {"function": function, "types": tuple(types), "gradient": None}
    return dispatch.apply(opdef.get("py_function"), [serialized], attrs, name)


def _strings(serialized: Any) -> Any:
    tensor = frontdoor.convert(serialized)
    if tensor.dtype != dtypes.string:
        raise TypeError(explain("`serialized` must be strings.", received=str(tensor.type),
                                hint="tf.data.TFRecordDataset gives them"))  # fmt: skip
    return tensor


@keepable("io.parse_single_example", "serialized")
def parse_single_example(serialized: Any, features: Any, example_names: Any = None, name: str | None = None) -> Any:
    """The features of one serialized `tf.train.Example`.

    Args:
        serialized: A string.
        features: Name → FixedLenFeature, FixedLenSequenceFeature, VarLenFeature, SparseFeature or RaggedFeature.
        example_names: As given.
        name: The node's name.

    Returns:
        Name → tensor; sparse tensors for VarLenFeature and SparseFeature, ragged ones for RaggedFeature.
    """
    columns = _columns(features)
    text = _strings(serialized)
    if text.shape.rank not in (0, None):
        raise ValueError(explain("parse_single_example takes one string.", received=str(text.type),
                                 hint="tf.io.parse_example takes a batch of them"))  # fmt: skip

    def run(data: Any) -> list[Any]:
        found = _read(Example, data[()], "").features.feature
        return _row([c.arrays([c.of(found.get(c.key), "")], False) for c in columns])

    run.form = _form(columns, _of_batch(columns))  # type: ignore[attr-defined]
    types = [c.types() for c in columns]
    return _assembled(features, _packed(columns, types, _on_host(run, text, _row(types), name)), batched=False)


def _form(columns: Sequence[_Column], together: Any = None) -> Form:
    """What reading some features is, in a way that engines know."""
    return Form("parse_example", tuple([
        FeatureForm(c.key, c.dtype, c.shape, c.default, type(c) is _Column and not c.ragged) for c in columns
    ]), together)  # fmt: skip


def _of_batch(columns: Sequence[_Column]) -> Any:
    """What reads the features of a batch of examples."""

    def run(data: Any) -> list[Any]:
        rows: list[list[Any]] = [[] for _ in columns]
        for number, one in enumerate(data.tolist()):
            where = f"Example {number} of the batch: "
            found = _read(Example, one, where).features.feature
            for row, column in zip(rows, columns, strict=True):
                row.append(column.of(found.get(column.key), where))
        return _row([column.arrays(row, True) for column, row in zip(columns, rows, strict=True)])

    run.form = _form(columns)  # type: ignore[attr-defined]
    return run


def _some() -> Any:
    from weft.base.dims import Dim

    return Dim.fresh("rows")


@keepable("io.parse_example", "serialized")
def parse_example(serialized: Any, features: Any, example_names: Any = None, name: str | None = None) -> Any:
    """The features of a batch of serialized `tf.train.Example`s.

    Args:
        serialized: `[batch]` strings; a single string is parsed as by `parse_single_example`.
        features: Name → FixedLenFeature, FixedLenSequenceFeature, VarLenFeature or SparseFeature.
        example_names: As given.
        name: The node's name.

    Returns:
        Name → `[batch, ...]`; sparse tensors for VarLenFeature and SparseFeature.
    """
    text = _strings(serialized)
    if text.shape.rank == 0:
        return parse_single_example(text, features, example_names, name)
    columns = _columns(features)
    if text.shape.rank not in (1, None):
        raise ValueError(explain("parse_example takes a vector of strings.", received=str(text.type),
                                 hint="tf.reshape(serialized, [-1])"))  # fmt: skip

    batch = _some() if text.shape.symbolic is None else text.shape.symbolic[0]
    types = [c.types(batch) for c in columns]
    return _assembled(features, _packed(columns, types, _on_host(_of_batch(columns), text, _row(types), name)))


for _kind in (FixedLenFeature, FixedLenSequenceFeature, RaggedFeature, SparseFeature, VarLenFeature,
              *ragged_features.PARTITIONS):  # fmt: skip
    classes[_kind.__name__] = _kind
