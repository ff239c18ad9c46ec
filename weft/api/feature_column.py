"""`tf.feature_column`: how raw features of a table become numbers that a network takes.

A column only describes. `keras.layers.DenseFeatures` (and version 1's `input_layer`) puts the columns' tensors side by
side; it makes the tables that embeddings need and hands them to `_dense` by the column.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from weft.api import array, math, sparse, strings
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
        if not (value.dtype.is_integer or value.dtype is dtypes.string):
            return sparse.from_dense(value)
        nothing = array.constant("" if value.dtype is dtypes.string else -1, value.dtype)
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


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueError(explain(f"key must be a string. Got: type {type(key)}. Given key: {key}."))
    return key


def _count(value: Any, what: str) -> int:
    if value is None:
        raise ValueError(f"{what} must be set. {what}: {value}")
    if int(value) < 1:
        raise ValueError(f"{what} must be at least 1. {what}: {value}")
    return int(value)


def _kind(dtype: Any, key: str) -> Any:
    found = dtypes.as_dtype(dtype)
    if not (found.is_integer or found is dtypes.string):
        raise ValueError(f"dtype must be string or integer. dtype: {found.name}, column_name: {key}")
    return found


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


def numeric_column(key: str, shape: Any = (1,), default_value: Any = None, dtype: Any = dtypes.float32,
                   normalizer_fn: Callable[[Any], Any] | None = None) -> NumericColumn:  # fmt: skip
    """Numbers as they are.

    Args:
        key: The feature.
        shape: The shape of a row.
        default_value: What stands in for it where an example has none; one number, or of that shape.
        dtype: How it is stored, a number type.
        normalizer_fn: Tensor → tensor, applied to it.

    Raises:
        ValueError: For arguments that do not fit.

    Example:
        >>> import weft as tf
        >>> age = tf.feature_column.numeric_column("age", normalizer_fn=lambda x: x / 10)
        >>> tf.keras.layers.DenseFeatures([age])({"age": [20.0, 35.0]}).numpy().tolist()
        [[2.0], [3.5]]
    """
    sizes = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    for size in sizes:
        if not isinstance(size, (int, np.integer)):
            raise TypeError(f"shape dimensions must be integer. shape: {shape}, key: {key}")
        if size < 1:
            raise ValueError(f"shape dimensions must be greater than 0. shape: {shape}, key: {key}")
    found = dtypes.as_dtype(dtype)
    if not (found.is_integer or found.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {found.name}, key: {key}")
    if default_value is not None:
        default_value = _default(default_value, sizes, found, key)
    if normalizer_fn is not None and not callable(normalizer_fn):
        raise TypeError(f"normalizer_fn must be a callable. Given: {normalizer_fn}")
    return NumericColumn(_key(key), sizes, default_value, found, normalizer_fn)


def _default(value: Any, shape: tuple[int, ...], dtype: Any, key: str) -> Any:
    given = np.asarray(value)
    if given.dtype.kind == "f" and dtype.is_integer:
        raise TypeError(f"default_value must be compatible with dtype. default_value: {value}, key: {key}")
    if given.ndim and given.shape != shape:
        raise ValueError(f"The shape of default_value must be equal to given shape. default_value: {value}, "
                         f"shape: {shape}, key: {key}")  # fmt: skip
    number: Any = float if dtype.is_floating else int

    def nested(item: Any) -> Any:
        return tuple(nested(i) for i in item) if isinstance(item, list) else number(item)

    return nested(np.broadcast_to(given, shape).tolist())


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
        return array.reshape(array.searchsorted(limits, flat, side="right"), array.shape(values))

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


def bucketized_column(source_column: NumericColumn, boundaries: Sequence[float]) -> BucketizedColumn:
    """Numbers by the range that they fall into, as one-hot vectors.

    Args:
        source_column: A numeric column of one axis.
        boundaries: Ascending; they make one range more than there are of them, each without its upper end.

    Raises:
        ValueError: For another column, or boundaries that do not ascend.
    """
    if not isinstance(source_column, NumericColumn):
        raise ValueError(f"source_column must be a column generated with numeric_column(). Given: {source_column}")
    if len(source_column.shape) > 1:
        raise ValueError(f"source_column must be one-dimensional column. Given: {source_column}")
    if not boundaries:
        raise ValueError("boundaries must not be empty.")
    if not isinstance(boundaries, (list, tuple)) or any(a >= b for a, b in zip(boundaries, boundaries[1:],
                                                                               strict=False)):  # fmt: skip
        raise ValueError("boundaries must be a sorted list.")
    return BucketizedColumn(source_column, tuple(boundaries))


# Categories ----------------------------------------------------------------------------------------------------------


class HashedCategoricalColumn(CategoricalColumn,
                              namedtuple("HashedCategoricalColumn", ("key", "hash_bucket_size", "dtype"))):  # fmt: skip
    """See `categorical_column_with_hash_bucket`."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return str(self.key)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.dtype)}

    @property
    def num_buckets(self) -> int:
        return int(self.hash_bucket_size)

    def _transformed(self, features: Features) -> Any:
        found = features.ids(self.key)
        _same_kind(found, self.dtype, self.key)
        text = found.values if found.dtype is dtypes.string else strings.as_string(found.values)
        return found.with_values(strings.to_hash_bucket_fast(text, self.hash_bucket_size))


def _same_kind(found: SparseTensor, dtype: Any, key: str) -> None:
    if (found.dtype is dtypes.string) != (dtype is dtypes.string) or not (
        found.dtype is dtypes.string or found.dtype.is_integer
    ):
        raise ValueError(explain(f"Column dtype and SparseTensors dtype must be compatible. key: {key}, column dtype: "
                                 f"{dtype.name}, tensor dtype: {found.dtype.name}"))  # fmt: skip


def categorical_column_with_hash_bucket(key: str, hash_bucket_size: int, dtype: Any = dtypes.string) -> Any:
    """Categories by the hash of what is there, without a list of them.

    Args:
        key: The feature: strings or integers.
        hash_bucket_size: How many categories there are; different values may share one.
        dtype: tf.string or an integer type.
    """
    size = _count(hash_bucket_size, "hash_bucket_size")
    return HashedCategoricalColumn(_key(key), size, _kind(dtype, key))


class IdentityCategoricalColumn(CategoricalColumn,
                                namedtuple("IdentityCategoricalColumn",
                                           ("key", "number_buckets", "default_value"))):  # fmt: skip
    """See `categorical_column_with_identity`."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return str(self.key)

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


def categorical_column_with_identity(key: str, num_buckets: int, default_value: int | None = None) -> Any:
    """Categories that are numbers already.

    Args:
        key: The feature: integers.
        num_buckets: How many categories there are; numbers are 0 to one less.
        default_value: The category of other numbers; they are refused where None.
    """
    count = _count(num_buckets, "num_buckets")
    if default_value is not None and not 0 <= default_value < count:
        raise ValueError(f"default_value {default_value} not in range [0, {count}), column_name {key}")
    return IdentityCategoricalColumn(_key(key), count, default_value)


def _with_unknown(found: SparseTensor, keys: Any, default: int, oov: int) -> SparseTensor:
    """The places of values in a list of keys; others get a default or one of the numbers behind the list."""
    values = cast_to(found.values, dtypes.int64) if found.dtype.is_integer else found.values
    places = apply("positions_of", values, keys)
    missing = math.less(places, 0)
    if oov:
        text = values if values.dtype is dtypes.string else strings.as_string(values)
        other = strings.to_hash_bucket_fast(text, oov) + keys.shape[0]
    else:
        other = array.constant(default, dtypes.int64)
    return found.with_values(array.where(missing, other, places))


class VocabularyListCategoricalColumn(
    CategoricalColumn,
    namedtuple("VocabularyListCategoricalColumn",
               ("key", "vocabulary_list", "dtype", "default_value", "num_oov_buckets")),
):  # fmt: skip
    """See `categorical_column_with_vocabulary_list`."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return str(self.key)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.dtype)}

    @property
    def num_buckets(self) -> int:
        return len(self.vocabulary_list) + int(self.num_oov_buckets)

    def _transformed(self, features: Features) -> Any:
        found = features.ids(self.key)
        _same_kind(found, self.dtype, self.key)
        kind = dtypes.string if self.dtype is dtypes.string else dtypes.int64
        return _with_unknown(found, array.constant(list(self.vocabulary_list), kind), self.default_value,
                             self.num_oov_buckets)  # fmt: skip


def categorical_column_with_vocabulary_list(key: str, vocabulary_list: Any, dtype: Any = None,
                                            default_value: int = -1, num_oov_buckets: int = 0) -> Any:  # fmt: skip
    """Categories by their place in a list.

    Args:
        key: The feature: strings or integers.
        vocabulary_list: What there may be, each once.
        dtype: tf.string or an integer type; that of the list where None.
        default_value: The number of what is not in the list; -1 leaves it out.
        num_oov_buckets: How many numbers behind the list's are shared by what is not in it.

    Raises:
        ValueError: For a list that is empty or has repeats, or both of the last arguments.
    """
    if vocabulary_list is None or len(vocabulary_list) < 1:
        raise ValueError(f"vocabulary_list {vocabulary_list} must be non-empty, column_name: {key}")
    words = list(vocabulary_list)
    if len(set(words)) != len(words):
        raise ValueError(f"Duplicate keys in vocabulary_list {vocabulary_list}, column_name: {key}")
    natural = frontdoor.to_array(words)
    kind = dtypes.as_dtype(natural.dtype) if not isinstance(words[0], int) else dtypes.int64
    wanted = kind if dtype is None else dtypes.as_dtype(dtype)
    if num_oov_buckets:
        if default_value != -1:
            raise ValueError(f"Can't specify both num_oov_buckets and default_value in {key}.")
        if num_oov_buckets < 0:
            raise ValueError(f"Invalid num_oov_buckets {num_oov_buckets} in {key}.")
    if (kind is dtypes.string) != (_kind(wanted, key) is dtypes.string) or not (kind.is_integer or kind is
                                                                             dtypes.string):  # fmt: skip
        raise ValueError(f"dtype {wanted.name} and vocabulary dtype {kind.name} do not match, column_name: {key}")
    return VocabularyListCategoricalColumn(_key(key), tuple(words), wanted, default_value, num_oov_buckets)


class VocabularyFileCategoricalColumn(
    CategoricalColumn,
    namedtuple("VocabularyFileCategoricalColumn",
               ("key", "vocabulary_file", "vocabulary_size", "num_oov_buckets", "dtype", "default_value")),
):  # fmt: skip
    """See `categorical_column_with_vocabulary_file`."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return str(self.key)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.dtype)}

    @property
    def num_buckets(self) -> int:
        return int(self.vocabulary_size) + int(self.num_oov_buckets)

    def _transformed(self, features: Features) -> Any:
        found = features.ids(self.key)
        _same_kind(found, self.dtype, self.key)
        words: Any = _words_of(self.vocabulary_file)[: self.vocabulary_size]
        if self.dtype is not dtypes.string:
            words = [int(word) for word in words]
        kind = dtypes.string if self.dtype is dtypes.string else dtypes.int64
        return _with_unknown(found, array.constant(words, kind), self.default_value, self.num_oov_buckets)


def _words_of(path: str) -> list[bytes]:
    with open(path, "rb") as file:
        return [line.rstrip(b"\r\n") for line in file]


def categorical_column_with_vocabulary_file(
    key: str, vocabulary_file: str, vocabulary_size: int | None = None, dtype: Any = dtypes.string,
    default_value: int | None = None, num_oov_buckets: int = 0, file_format: str | None = None,
) -> Any:  # fmt: skip
    """Categories by the line of a file in which they stand.

    Args:
        key: The feature: strings or integers.
        vocabulary_file: A text file, a word in each line.
        vocabulary_size: How many lines count; all where None.
        dtype: tf.string or an integer type.
        default_value: The number of what is not in the file; -1, which leaves it out, where None.
        num_oov_buckets: How many numbers behind the file's are shared by what is not in it.
        file_format: None, for text.

    Raises:
        ValueError: For arguments that do not fit the file.
    """
    if not vocabulary_file:
        raise ValueError(f"Missing vocabulary_file in {key}.")
    if file_format is not None:
        raise ValueError(explain(f"vocabulary_file of {key}: only text files are read.", received=file_format))
    if num_oov_buckets and default_value is not None:
        raise ValueError(f"Can't specify both num_oov_buckets and default_value in {key}.")
    lines = len(_words_of(vocabulary_file))
    size = lines if vocabulary_size is None else vocabulary_size
    if size < 1 or size > lines:
        raise ValueError(f"Invalid vocabulary_size in {key}: the file has {lines} lines, received {size}.")
    return VocabularyFileCategoricalColumn(_key(key), vocabulary_file, size, num_oov_buckets, _kind(dtype, key),
                                           -1 if default_value is None else default_value)  # fmt: skip


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


def weighted_categorical_column(categorical_column: CategoricalColumn, weight_feature_key: str,
                                dtype: Any = dtypes.float32) -> WeightedCategoricalColumn:  # fmt: skip
    """Categories with weights from another feature."""
    found = dtypes.as_dtype(dtype)
    if not (found.is_integer or found.is_floating):
        raise ValueError(f"dtype {found.name} is not convertible to float.")
    return WeightedCategoricalColumn(categorical_column, weight_feature_key, found)


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
                parts.append(features.ids(leaf))
                continue
            ids, weights = leaf._ids(features)
            if weights is not None:
                raise ValueError(f"crossed_column does not support weight_tensor, but the given column populates "
                                 f"weight_tensor. Given column: {leaf.name}")  # fmt: skip
            parts.append(ids)
        return crossed_hashes(parts, self.hash_bucket_size, self.hash_key)


def crossed_column(keys: Any, hash_bucket_size: int, hash_key: int | None = None) -> CrossedColumn:
    """Categories of what stands in several features together.

    Args:
        keys: Names of features (strings), or categorical columns other than hashed ones; two at least.
        hash_bucket_size: How many categories there are; different combinations may share one.
        hash_key: A number that makes another hash.

    Raises:
        ValueError: For keys that cannot be crossed.
    """
    if not hash_bucket_size or hash_bucket_size < 1:
        raise ValueError(f"hash_bucket_size must be > 1. hash_bucket_size: {hash_bucket_size}")
    if not keys or len(keys) < 2:
        raise ValueError(f"keys must be a list with length > 1. Given: {keys}")
    for key in keys:
        if not isinstance(key, (str, CategoricalColumn)):
            raise ValueError(f"Unsupported key type. All keys must be either string, or categorical column except "
                             f"HashedCategoricalColumn. Given: {key}")  # fmt: skip
        if isinstance(key, HashedCategoricalColumn):
            raise ValueError("categorical_column_with_hash_bucket is not supported for crossing. Hashing before "
                             "crossing will increase probability of collision. Instead, use the feature name as a "
                             f"string. Given: {key}")  # fmt: skip
    return CrossedColumn(tuple(keys), hash_bucket_size, hash_key)


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


def indicator_column(categorical_column: CategoricalColumn) -> IndicatorColumn:
    """Categories as vectors that count how often each occurs."""
    if not isinstance(categorical_column, CategoricalColumn):
        raise ValueError(f"Unsupported input type. Input must be a CategoricalColumn. Given: {categorical_column}")
    return IndicatorColumn(categorical_column)


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


def _check_embedding(dimension: Any, initializer: Any, ckpt_to_load_from: Any, tensor_name_in_ckpt: Any) -> Any:
    if dimension is None or dimension < 1:
        raise ValueError(f"Invalid dimension {dimension}.")
    if (ckpt_to_load_from is None) != (tensor_name_in_ckpt is None):
        raise ValueError("Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them.")
    if ckpt_to_load_from is not None:
        raise NotImplementedError(explain("embedding_column does not read its table from a checkpoint.",
                                          hint="initializer=tf.constant_initializer(values) gives it values"))  # fmt: skip
    if initializer is not None and not callable(initializer):
        raise ValueError("initializer must be callable if specified.")
    return initializer or _truncated_normal(1 / float(np.sqrt(dimension)))


def _truncated_normal(deviation: float) -> Any:
    def draw(shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Any:
        from weft.api import random

        return random.truncated_normal(shape, 0.0, deviation, dtype)

    return draw


def embedding_column(categorical_column: CategoricalColumn, dimension: int, combiner: str = "mean",
                     initializer: Any = None, ckpt_to_load_from: Any = None, tensor_name_in_ckpt: Any = None,
                     max_norm: float | None = None, trainable: bool = True,
                     use_safe_embedding_lookup: bool = True) -> EmbeddingColumn:  # fmt: skip
    """Categories as rows of a table that is trained.

    Args:
        categorical_column: The categories.
        dimension: How long a row is.
        combiner: How several of one example become one: `"mean"`, `"sqrtn"` or `"sum"`.
        initializer: Shape → values of the table; a truncated normal distribution of deviation 1/√dimension where None.
        ckpt_to_load_from: Not supported.
        tensor_name_in_ckpt: Not supported.
        max_norm: The greatest norm of a row.
        trainable: Whether it is trained.
        use_safe_embedding_lookup: Accepted; examples without a category always give zeros.
    """
    chosen = _check_embedding(dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt)
    return EmbeddingColumn(categorical_column, dimension, combiner, chosen, None, None, max_norm, trainable,
                           use_safe_embedding_lookup)  # fmt: skip


def shared_embeddings(
    categorical_columns: Sequence[CategoricalColumn], dimension: int, combiner: str = "mean", initializer: Any = None,
    shared_embedding_collection_name: str | None = None, ckpt_to_load_from: Any = None, tensor_name_in_ckpt: Any = None,
    max_norm: float | None = None, trainable: bool = True, use_safe_embedding_lookup: bool = True,
) -> list[SharedEmbeddingColumn]:  # fmt: skip
    """Several categorical columns as rows of one table; the arguments are those of `embedding_column`."""
    chosen = _check_embedding(dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt)
    ordered = sorted(categorical_columns, key=lambda column: column.name)
    counts = {column.num_buckets for column in ordered}
    if len(counts) > 1:
        raise ValueError(explain("To use shared_embedding_column, all categorical_columns must have the same number "
                                 "of buckets.", received=str(sorted(counts))))  # fmt: skip
    name = shared_embedding_collection_name or "_".join(c.name for c in ordered) + "_shared_embedding"
    creator = SharedEmbeddingColumnCreator(dimension, chosen, counts.pop(), trainable, name)
    return [SharedEmbeddingColumn(column, creator, combiner, max_norm) for column in categorical_columns]


# All together --------------------------------------------------------------------------------------------------------


def make_parse_example_spec(feature_columns: Any) -> dict[str, Any]:
    """What `tf.io.parse_example` must read for columns: name → feature.

    Example:
        >>> import weft as tf
        >>> spec = tf.feature_column.make_parse_example_spec([tf.feature_column.numeric_column("age")])
        >>> spec["age"].shape
        (1,)
    """
    found: dict[str, Any] = {}
    for column in feature_columns:
        if not isinstance(column, FeatureColumn):
            raise ValueError(f"All feature_columns must be FeatureColumn instances. Given: {column}")
        for key, spec in column.parse_example_spec.items():
            if key in found and found[key] != spec:
                raise ValueError(explain(f"feature_columns contain different parse_spec for key {key}.",
                                         received=[repr(found[key]), repr(spec)]))  # fmt: skip
            found[key] = spec
    return found


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
    found = sorted(feature_columns, key=lambda column: column.name)
    if not found:
        raise ValueError("feature_columns must not be empty.")
    for column in found:
        if not isinstance(column, DenseColumn):
            raise ValueError(explain(f"Items of feature_columns must be a `DenseColumn`. You can wrap a categorical "
                                     f"column with an embedding_column or indicator_column. Given: {column}"))  # fmt: skip
    names = [column.name for column in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"Duplicate feature column name found for columns: {name}. This usually means that these "
                             "columns refer to same base feature. Either one must be discarded or a duplicated but "
                             "renamed item must be inserted in features dict.")  # fmt: skip
    return found
