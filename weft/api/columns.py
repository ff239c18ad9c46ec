"""Columns of features: how raw features of a table become numbers that a network takes.

A column only describes; `weft.api.feature_column` makes them. `keras.layers.DenseFeatures` (and version 1's
`input_layer`) puts the columns' tensors side by side; it makes the tables that embeddings need and hands them to
`_dense` by the column.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from typing import Any

import numpy as np

from weft.api import array, math, ordering, sparse, strings
from weft.api.common import apply, cast_to
from weft.api.crossing import crossed_hashes
from weft.api.examples import FixedLenFeature, VarLenFeature
from weft.api.sparse_lookup import safe_embedding_lookup_sparse
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor
from weft.runtime.sparse import SparseTensor


class Features:
    """Raw features by name, and what columns have made of them so far.

    Args:
        raw: Name → tensor `[batch]` or `[batch, ...]`, dense or sparse.
    """

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw
        self._made: dict[Any, Any] = {}

    def raw(self, key: str) -> Any:
        """A feature with at least two axes.

        Raises:
            ValueError: Where there is no feature of that name, or it has no rows.
        """
        if key not in self._raw:
            raise ValueError(explain(f"Feature {key} is not in features dictionary.", received=", ".join(self._raw)))
        value = self._raw[key]
        if isinstance(value, SparseTensor):
            return value
        tensor = frontdoor.convert(value)
        if tensor.shape.rank == 0:
            raise ValueError(f"Feature (key: {key}) cannot have rank 0. Given: {tensor}")
        return array.expand_dims(tensor, 1) if tensor.shape.rank == 1 else tensor

    def of(self, column: FeatureColumn) -> Any:
        """What a column makes of them, once."""
        found = self._made.get(column)
        if found is None:
            found = self._made[column] = column._transformed(self)
        return found

    def ids(self, key: str) -> SparseTensor:
        """A feature as a sparse tensor without what stands for nothing: empty strings and -1."""
        value = self.raw(key)
        if isinstance(value, SparseTensor):
            return value
        if not (value.dtype.is_integer or value.dtype == dtypes.string):
            return sparse.from_dense(value)
        nothing = array.constant("" if value.dtype == dtypes.string else -1, value.dtype)
        places = array.where(math.not_equal(value, nothing))
        return SparseTensor(places, array.gather_nd(value, places), array.shape(value, dtypes.int64))


class FeatureColumn:
    """Base of all columns."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """What it is called, and sorted by."""
        raise NotImplementedError

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        """The features of `tf.train.Example`s that it reads."""
        raise NotImplementedError

    def _transformed(self, features: Features) -> Any:
        raise NotImplementedError


class DenseColumn(FeatureColumn):
    """Base of those that give a tensor `[batch, ...]` of numbers."""

    __slots__ = ()

    @property
    def variable_shape(self) -> Any:
        """The shape of a row."""
        raise NotImplementedError

    @property
    def _trainable(self) -> bool:
        """Whether its table is trained."""
        return bool(getattr(self, "trainable", True))

    def _table(self) -> tuple[tuple[int, int], Any] | None:
        """The shape and the initializer of the table that it needs, or None."""
        return None

    def _dense(self, features: Features, table: Any) -> Any:
        raise NotImplementedError


class CategoricalColumn(FeatureColumn):
    """Base of those that give numbers of categories, as a sparse tensor `[batch, n]`."""

    __slots__ = ()

    @property
    def num_buckets(self) -> int:
        """How many categories there are."""
        raise NotImplementedError

    def _ids(self, features: Features) -> tuple[SparseTensor, SparseTensor | None]:
        """The numbers, and their weights where they have some."""
        return features.of(self), None


# Numbers -------------------------------------------------------------------------------------------------------------


class NumericColumn(
    DenseColumn, namedtuple("NumericColumn", ("key", "shape", "default_value", "dtype", "normalizer_fn"))
):
    """See `numeric_column`."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return str(self.key)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: FixedLenFeature(self.shape, self.dtype, self.default_value)}

    @property
    def variable_shape(self) -> tuple[int, ...]:
        return tuple(self.shape)

    def _transformed(self, features: Features) -> Any:
        value = features.raw(self.key)
        if isinstance(value, SparseTensor):
            raise ValueError(explain("The corresponding Tensor of numerical column must be a Tensor. SparseTensor is "
                                     f"not supported. key: {self.key}"))  # fmt: skip
        if self.normalizer_fn is not None:
            value = self.normalizer_fn(value)
        return cast_to(value, dtypes.float32)

    def _dense(self, features: Features, table: Any) -> Any:
        return features.of(self)


class BucketizedColumn(DenseColumn, CategoricalColumn,
                       namedtuple("BucketizedColumn", ("source_column", "boundaries"))):  # fmt: skip
    """See `bucketized_column`."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return f"{self.source_column.name}_bucketized"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self.source_column.parse_example_spec  # type: ignore[no-any-return]

    @property
    def variable_shape(self) -> tuple[int, ...]:
        return (*self.source_column.shape, len(self.boundaries) + 1)

    @property
    def num_buckets(self) -> int:
        return (len(self.boundaries) + 1) * int(self.source_column.shape[0])

    def _transformed(self, features: Features) -> Any:
        values = features.of(self.source_column)
        limits = array.constant(list(self.boundaries), dtypes.float32)
        flat = array.reshape(values, [-1])
        return array.reshape(ordering.searchsorted(limits, flat, side="right"), array.shape(values))

    def _dense(self, features: Features, table: Any) -> Any:
        return array.one_hot(features.of(self), len(self.boundaries) + 1)

    def _ids(self, features: Features) -> tuple[SparseTensor, None]:
        buckets = features.of(self)
        width = int(self.source_column.shape[0])
        whole = array.shape(buckets, dtypes.int64)
        places = array.where(array.ones_like(buckets, dtypes.bool_))
        values = array.reshape(buckets, [-1]) + (len(self.boundaries) + 1) * cast_to(places[:, 1], dtypes.int32)
        return SparseTensor(places, cast_to(values, dtypes.int64), array.stack([whole[0], array.constant(
            width, dtypes.int64)])), None  # fmt: skip


# Categories ----------------------------------------------------------------------------------------------------------


class _KeyedColumn(CategoricalColumn):
    """Categories of one raw feature, whose key names the column."""

    __slots__ = ()
    key: Any
    dtype: Any

    @property
    def name(self) -> str:
        return str(self.key)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.dtype)}


class HashedCategoricalColumn(_KeyedColumn,
                              namedtuple("HashedCategoricalColumn", ("key", "hash_bucket_size", "dtype"))):  # fmt: skip
    """See `categorical_column_with_hash_bucket`."""

    __slots__ = ()

    @property
    def num_buckets(self) -> int:
        return int(self.hash_bucket_size)

    def _transformed(self, features: Features) -> Any:
        found = features.ids(self.key)
        _same_kind(found, self.dtype, self.key)
        text = found.values if found.dtype == dtypes.string else strings.as_string(found.values)
        return found.with_values(strings.to_hash_bucket_fast(text, self.hash_bucket_size))


def _same_kind(found: SparseTensor, dtype: Any, key: str) -> None:
    if (found.dtype == dtypes.string) != (dtype is dtypes.string) or not (
        found.dtype == dtypes.string or found.dtype.is_integer
    ):
        raise ValueError(explain(f"Column dtype and SparseTensors dtype must be compatible. key: {key}, column dtype: "
                                 f"{dtype.name}, tensor dtype: {found.dtype.name}"))  # fmt: skip


class IdentityCategoricalColumn(_KeyedColumn,
                                namedtuple("IdentityCategoricalColumn",
                                           ("key", "number_buckets", "default_value"))):  # fmt: skip
    """See `categorical_column_with_identity`."""

    __slots__ = ()

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(dtypes.int64)}

    @property
    def num_buckets(self) -> int:
        return int(self.number_buckets)

    def _transformed(self, features: Features) -> Any:
        found = features.ids(self.key)
        if not found.dtype.is_integer:
            raise ValueError(f"Invalid input, not integer. key: {self.key} dtype: {found.dtype.name}")
        values = cast_to(found.values, dtypes.int64)
        outside = math.logical_or(math.less(values, 0), math.greater_equal(values, self.number_buckets))
        if self.default_value is not None:
            default = array.constant(self.default_value, dtypes.int64)
            return found.with_values(array.where(outside, default, values))
        apply("assert", math.logical_not(math.reduce_any(outside)),
              message=f"Feature {self.key}: a category is not from 0 to {self.number_buckets - 1}")  # fmt: skip
        return found.with_values(values)


def _with_unknown(found: SparseTensor, keys: Any, default: int, oov: int) -> SparseTensor:
    """The places of values in a list of keys; others get a default or one of the numbers behind the list."""
    values = cast_to(found.values, dtypes.int64) if found.dtype.is_integer else found.values
    places = apply("positions_of", values, keys)
    missing = math.less(places, 0)
    if oov:
        text = values if values.dtype == dtypes.string else strings.as_string(values)
        other = strings.to_hash_bucket_fast(text, oov) + keys.shape[0]
    else:
        other = array.constant(default, dtypes.int64)
    return found.with_values(array.where(missing, other, places))


class VocabularyListCategoricalColumn(
    _KeyedColumn,
    namedtuple("VocabularyListCategoricalColumn",
               ("key", "vocabulary_list", "dtype", "default_value", "num_oov_buckets")),
):  # fmt: skip
    """See `categorical_column_with_vocabulary_list`."""

    __slots__ = ()

    @property
    def num_buckets(self) -> int:
        return len(self.vocabulary_list) + int(self.num_oov_buckets)

    def _transformed(self, features: Features) -> Any:
        found = features.ids(self.key)
        _same_kind(found, self.dtype, self.key)
        kind = dtypes.string if self.dtype == dtypes.string else dtypes.int64
        return _with_unknown(found, array.constant(list(self.vocabulary_list), kind), self.default_value,
                             self.num_oov_buckets)  # fmt: skip


class VocabularyFileCategoricalColumn(
    _KeyedColumn,
    namedtuple("VocabularyFileCategoricalColumn",
               ("key", "vocabulary_file", "vocabulary_size", "num_oov_buckets", "dtype", "default_value")),
):  # fmt: skip
    """See `categorical_column_with_vocabulary_file`."""

    __slots__ = ()

    @property
    def num_buckets(self) -> int:
        return int(self.vocabulary_size) + int(self.num_oov_buckets)

    def _transformed(self, features: Features) -> Any:
        found = features.ids(self.key)
        _same_kind(found, self.dtype, self.key)
        words: Any = words_of(self.vocabulary_file)[: self.vocabulary_size]
        if self.dtype != dtypes.string:
            words = [int(word) for word in words]
        kind = dtypes.string if self.dtype == dtypes.string else dtypes.int64
        return _with_unknown(found, array.constant(words, kind), self.default_value, self.num_oov_buckets)


def words_of(path: str) -> list[bytes]:
    """The lines of a vocabulary file."""
    with open(path, "rb") as file:
        return [line.rstrip(b"\n").replace(b"\r", b"") for line in file]


class WeightedCategoricalColumn(
    CategoricalColumn, namedtuple("WeightedCategoricalColumn", ("categorical_column", "weight_feature_key", "dtype"))
):
    """See `weighted_categorical_column`."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_weighted_by_{self.weight_feature_key}"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        spec = dict(self.categorical_column.parse_example_spec)
        if self.weight_feature_key in spec:
            raise ValueError(f"Parse config {spec[self.weight_feature_key]} already exists for weight "
                             f"{self.weight_feature_key}")  # fmt: skip
        return spec | {self.weight_feature_key: VarLenFeature(self.dtype)}

    @property
    def num_buckets(self) -> int:
        return int(self.categorical_column.num_buckets)

    def _transformed(self, features: Features) -> Any:
        weights = features.raw(self.weight_feature_key)
        if not isinstance(weights, SparseTensor):
            weights = sparse.from_dense(weights)
        return features.of(self.categorical_column), weights.with_values(cast_to(weights.values, dtypes.float32))

    def _ids(self, features: Features) -> tuple[SparseTensor, SparseTensor]:
        return features.of(self)  # type: ignore[no-any-return]


class CrossedColumn(CategoricalColumn, namedtuple("CrossedColumn", ("keys", "hash_bucket_size", "hash_key"))):
    """See `crossed_column`."""

    __slots__ = ()

    def _leaves(self) -> list[Any]:
        found: list[Any] = []
        for key in self.keys:
            found += key._leaves() if isinstance(key, CrossedColumn) else [key]
        return found

    @property
    def name(self) -> str:
        return "_X_".join(sorted(leaf if isinstance(leaf, str) else leaf.name for leaf in self._leaves()))

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {}
        for key in self.keys:
            spec |= {key: VarLenFeature(dtypes.string)} if isinstance(key, str) else key.parse_example_spec
        return spec

    @property
    def num_buckets(self) -> int:
        return int(self.hash_bucket_size)

    def _transformed(self, features: Features) -> Any:
        parts = []
        for leaf in self._leaves():
            if isinstance(leaf, str):
                parts.append(features.raw(leaf))
                continue
            ids, weights = leaf._ids(features)
            if weights is not None:
                raise ValueError(f"crossed_column does not support weight_tensor, but the given column populates "
                                 f"weight_tensor. Given column: {leaf.name}")  # fmt: skip
            parts.append(ids)
        return crossed_hashes(parts, self.hash_bucket_size, self.hash_key)


# Categories as numbers -----------------------------------------------------------------------------------------------


class IndicatorColumn(DenseColumn, namedtuple("IndicatorColumn", ("categorical_column",))):
    """See `indicator_column`."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_indicator"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self.categorical_column.parse_example_spec  # type: ignore[no-any-return]

    @property
    def variable_shape(self) -> tuple[int, ...]:
        return (1, self.categorical_column.num_buckets)

    def _transformed(self, features: Features) -> Any:
        ids, weights = self.categorical_column._ids(features)
        width = self.categorical_column.num_buckets
        rows = ids.dense_shape[0]
        inside = math.logical_and(math.greater_equal(ids.values, 0), math.less(ids.values, width))
        numbers = array.where(inside, ids.indices[:, 0] * width + ids.values, -array.ones_like(ids.values))
        counted = array.ones_like(ids.values, dtypes.float32) if weights is None else weights.values
        total = math.unsorted_segment_sum(counted, numbers, rows * width)
        return array.reshape(total, array.stack([cast_to(rows, dtypes.int32), width]))

    def _dense(self, features: Features, table: Any) -> Any:
        return features.of(self)


class EmbeddingColumn(
    DenseColumn,
    namedtuple("EmbeddingColumn", ("categorical_column", "dimension", "combiner", "initializer", "ckpt_to_load_from",
                                   "tensor_name_in_ckpt", "max_norm", "trainable", "use_safe_embedding_lookup")),
):  # fmt: skip
    """See `embedding_column`."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_embedding"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self.categorical_column.parse_example_spec  # type: ignore[no-any-return]

    @property
    def variable_shape(self) -> tuple[int, ...]:
        return (int(self.dimension),)

    def _table(self) -> tuple[tuple[int, int], Any]:
        return (self.categorical_column.num_buckets, int(self.dimension)), self.initializer

    def _transformed(self, features: Features) -> Any:
        return self.categorical_column._ids(features)

    def _dense(self, features: Features, table: Any) -> Any:
        ids, weights = features.of(self)
        return safe_embedding_lookup_sparse(table, ids, weights, self.combiner, max_norm=self.max_norm)


class SharedEmbeddingColumn(
    DenseColumn, namedtuple("SharedEmbeddingColumn", ("categorical_column", "creator", "combiner", "max_norm"))
):
    """See `shared_embeddings`; `creator` is what those that share a table have in common."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_shared_embedding"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self.categorical_column.parse_example_spec  # type: ignore[no-any-return]

    @property
    def variable_shape(self) -> tuple[int, ...]:
        return (int(self.creator.dimension),)

    @property
    def trainable(self) -> bool:
        """Whether the table is trained."""
        return bool(self.creator.trainable)

    def _table(self) -> tuple[tuple[int, int], Any]:
        return (self.creator.num_buckets, self.creator.dimension), self.creator.initializer

    def _transformed(self, features: Features) -> Any:
        return self.categorical_column._ids(features)

    def _dense(self, features: Features, table: Any) -> Any:
        ids, weights = features.of(self)
        return safe_embedding_lookup_sparse(table, ids, weights, self.combiner, max_norm=self.max_norm)


SharedEmbeddingColumnCreator = namedtuple(
    "SharedEmbeddingColumnCreator", ("dimension", "initializer", "num_buckets", "trainable", "name")
)


# All together --------------------------------------------------------------------------------------------------------


def dense_tensor(column: DenseColumn, features: Features, table: Any) -> Any:
    """A column's numbers as `[batch, width]`."""
    found = column._dense(features, table)
    width = int(np.prod(column.variable_shape))
    rows = found.shape[0]
    return array.reshape(found, [array.shape(found)[0] if rows is None else rows, width])


def normalized_columns(feature_columns: Any) -> list[DenseColumn]:
    """The columns that a layer takes, by name.

    Raises:
        ValueError: For what is no dense column, and names that recur.
    """
    if isinstance(feature_columns, FeatureColumn):
        feature_columns = [feature_columns]
    if isinstance(feature_columns, Mapping):
        raise ValueError("Expected feature_columns to be iterable, found dict.")
    found = list(feature_columns)
    if not found:
        raise ValueError("feature_columns must not be empty.")
    for column in found:
        if not isinstance(column, DenseColumn):
            raise ValueError("Items of feature_columns must be a `DenseColumn`. You can wrap a categorical column "
                             f"with an embedding_column or indicator_column. Given: {column}")  # fmt: skip
    found.sort(key=lambda column: column.name)
    names = [column.name for column in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"Duplicate feature column name found for columns: {name}. This usually means that these "
                             "columns refer to same base feature. Either one must be discarded or a duplicated but "
                             "renamed item must be inserted in features dict.")  # fmt: skip
    return found
