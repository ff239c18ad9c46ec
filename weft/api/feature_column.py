"""`tf.feature_column`: how raw features of a table become numbers that a network takes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.api.columns import (
    BucketizedColumn,
    CategoricalColumn,
    CrossedColumn,
    EmbeddingColumn,
    FeatureColumn,
    HashedCategoricalColumn,
    IdentityCategoricalColumn,
    IndicatorColumn,
    NumericColumn,
    SharedEmbeddingColumn,
    SharedEmbeddingColumnCreator,
    VocabularyFileCategoricalColumn,
    VocabularyListCategoricalColumn,
    WeightedCategoricalColumn,
    words_of,
)
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor


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


def _default(value: Any, shape: tuple[int, ...], dtype: Any, key: str) -> Any:
    given = np.asarray(value)
    if given.dtype.kind == "f" and dtype.is_integer:
        raise TypeError(f"default_value must be compatible with dtype. default_value: {value}, key: {key}")
    if given.ndim and given.shape != shape:
        raise ValueError(f"The shape of default_value must be equal to given shape. default_value: {value}, "
                         f"shape: {shape}, key: {key}")  # fmt: skip
    number: Any = float if given.dtype.kind == "f" else int

    def nested(item: Any) -> Any:
        return tuple(nested(i) for i in item) if isinstance(item, list) else number(item)

    return nested(np.broadcast_to(given, shape).tolist())


def _check_embedding(dimension: Any, initializer: Any, ckpt_to_load_from: Any, tensor_name_in_ckpt: Any) -> Any:
    if dimension is None or dimension < 1:
        raise ValueError(f"Invalid dimension {dimension}.")
    if (ckpt_to_load_from is None) != (tensor_name_in_ckpt is None):
        raise ValueError("Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them.")
    if ckpt_to_load_from is not None:
        problem = "embedding_column does not read its table from a checkpoint."
        raise NotImplementedError(explain(problem, hint="initializer=tf.constant_initializer(values) gives it values"))
    if initializer is not None and not callable(initializer):
        raise ValueError("initializer must be callable if specified.")
    return initializer or _truncated_normal(1 / float(np.sqrt(dimension)))


def _truncated_normal(deviation: float) -> Any:
    def draw(shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Any:
        from weft.api import random

        return random.truncated_normal(shape, 0.0, deviation, dtype)

    return draw


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
    if not isinstance(boundaries, (list, tuple)) or any(a >= b for a, b in itertools.pairwise(boundaries)):
        raise ValueError("boundaries must be a sorted list.")
    return BucketizedColumn(source_column, tuple(boundaries))


def categorical_column_with_hash_bucket(key: str, hash_bucket_size: int, dtype: Any = dtypes.string) -> Any:
    """Categories by the hash of what is there, without a list of them.

    Args:
        key: The feature: strings or integers.
        hash_bucket_size: How many categories there are; different values may share one.
        dtype: tf.string or an integer type.
    """
    size = _count(hash_bucket_size, "hash_bucket_size")
    return HashedCategoricalColumn(_key(key), size, _kind(dtype, key))


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
    lines = len(words_of(vocabulary_file))
    size = lines if vocabulary_size is None else vocabulary_size
    if size < 1 or size > lines:
        raise ValueError(f"Invalid vocabulary_size in {key}: the file has {lines} lines, received {size}.")
    return VocabularyFileCategoricalColumn(_key(key), vocabulary_file, size, num_oov_buckets, _kind(dtype, key),
                                           -1 if default_value is None else default_value)  # fmt: skip


def weighted_categorical_column(categorical_column: CategoricalColumn, weight_feature_key: str,
                                dtype: Any = dtypes.float32) -> WeightedCategoricalColumn:  # fmt: skip
    """Categories with weights from another feature."""
    found = dtypes.as_dtype(dtype)
    if not (found.is_integer or found.is_floating):
        raise ValueError(f"dtype {found.name} is not convertible to float.")
    return WeightedCategoricalColumn(categorical_column, weight_feature_key, found)


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


def indicator_column(categorical_column: CategoricalColumn) -> IndicatorColumn:
    """Categories as vectors that count how often each occurs."""
    if not isinstance(categorical_column, CategoricalColumn):
        raise ValueError(f"Unsupported input type. Input must be a CategoricalColumn. Given: {categorical_column}")
    return IndicatorColumn(categorical_column)


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
