"""Categories by hashing: no vocabulary, and different things may share a number."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.core.dtypes import is_int, standardize_dtype
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.layer import Layer
from weft.keras.layers.preprocessing.encoding import check_mode, check_sparse, encode
from weft.keras.ops.sparse import any_sparse


def as_salt(layer: str, salt: Any) -> tuple[int, int] | None:
    """A salt as the two numbers that the hash is keyed with; one number stands for both.

    Raises:
        ValueError: For anything but an integer or two of them.
    """
    if salt is None:
        return None
    pair = (salt, salt) if hasattr(salt, "__index__") else tuple(salt) if isinstance(salt, (list, tuple)) else ()
    if len(pair) != 2 or not all(hasattr(n, "__index__") for n in pair):
        raise ValueError(explain(
            f"{layer}: `salt` can only be a tuple of size 2 integers, or a single integer.", received=repr(salt)
        ))  # fmt: skip
    return int(pair[0]), int(pair[1])


def buckets(values: Any, count: int, salt: tuple[int, int] | None) -> Any:
    """The bucket of each string or number, int64; numbers are hashed as what they are written as."""
    if standardize_dtype(values.dtype) != "string":
        values = tf.strings.as_string(values if is_int(values.dtype) else tf.cast(values, "int64"))
    if salt is None:
        return tf.strings.to_hash_bucket_fast(values, count)
    return tf.strings.to_hash_bucket_strong(values, count, key=list(salt))


def need_int(layer: str, mode: str, dtype: str) -> None:
    """Refuses a dtype that is no integer one for buckets.

    Raises:
        ValueError: Naming the layer.
    """
    if mode == "int" and not is_int(dtype):
        raise ValueError(explain(
            f'{layer}: When `output_mode="int"`, `dtype` should be an integer type, such as int32.',
            received=f"dtype={dtype!r}",
        ))  # fmt: skip


class Hashing(Layer):
    """Strings or integers as numbers of buckets, by a hash that is the same everywhere.

    Args:
        num_bins: The number of buckets; one of them belongs to the mask value, if there is one.
        mask_value: What gets bucket 0; nothing else does then.
        salt: An integer or two that make another hash.
        output_mode: "int", "one_hot", "multi_hot" or "count".
        sparse: Whether the result is a sparse tensor; not with "int".
        **kwargs: As for every layer.

    Example:
        >>> from weft import keras
        >>> keras.layers.Hashing(num_bins=5)(["a", "b"]).numpy().tolist()
        [4, 2]
    """

    def __init__(
        self, num_bins: int, mask_value: Any = None, salt: Any = None, output_mode: str = "int", sparse: bool = False,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        mode = check_mode("Hashing", output_mode, ("int", "one_hot", "multi_hot", "count"))
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if mode == "int" else None
        super().__init__(**kwargs)
        check_sparse("Hashing", sparse, mode)
        need_int("Hashing", mode, self.compute_dtype)
        if num_bins is None or (isinstance(num_bins, int) and num_bins < 1):
            raise ValueError("Hashing: The `num_bins` for `Hashing` cannot be `None` or non-positive values.")
        self.num_bins = positive_int("Hashing", "num_bins", num_bins)
        self.mask_value = mask_value
        self.salt = as_salt("Hashing", salt)
        self.output_mode = mode
        self.sparse = sparse
        self.autocast = False

    def call(self, inputs: Any) -> Any:
        """The buckets."""
        if isinstance(inputs, tf.SparseTensor):
            return tf.sparse.map_values(self.call, inputs)
        values = as_text(inputs)
        if self.mask_value is None:
            found = buckets(values, self.num_bins, self.salt)
        else:
            others = (
                buckets(values, self.num_bins - 1, self.salt) + 1
                if self.num_bins > 1
                else tf.zeros_like(values, dtype="int64")
            )
            masked = tf.equal(values, tf.cast(tf.constant(self.mask_value), values.dtype))
            found = tf.where(masked, tf.zeros_like(others), others)
        return encode(found, self.num_bins, self.output_mode, self.compute_dtype, sparse=self.sparse)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {**config, "salt": None if self.salt is None else list(self.salt)}


def as_text(inputs: Any) -> Any:
    """Inputs as a tensor; plain strings and lists of them, too."""
    return inputs if hasattr(inputs, "dtype") else tf.convert_to_tensor(inputs)


class HashedCrossing(Layer):
    """Pairs, triples, … of categories as numbers of buckets, by a hash of what comes together.

    Args:
        num_bins: The number of buckets.
        output_mode: "int" or "one_hot".
        sparse: Whether the result is a sparse tensor; not with "int".
        name: Its name.
        dtype: Of the result.
        **kwargs: As for every layer.

    Example:
        >>> from weft import keras
        >>> keras.layers.HashedCrossing(num_bins=5)((["a", "b"], [1, 2])).numpy().tolist()
        [0, 2]
    """

    def __init__(
        self, num_bins: int, output_mode: str = "int", sparse: bool = False, name: str | None = None, dtype: Any = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        mode = check_mode("HashedCrossing", output_mode, ("int", "one_hot"))
        super().__init__(name=name, dtype=("int64" if mode == "int" else None) if dtype is None else dtype, **kwargs)
        check_sparse("HashedCrossing", sparse, mode)
        need_int("HashedCrossing", mode, self.compute_dtype)
        self.num_bins = positive_int("HashedCrossing", "num_bins", num_bins)
        self.output_mode = mode
        self.sparse = sparse
        self.autocast = False

    def call(self, inputs: Any) -> Any:
        """The buckets."""
        from weft import extend

        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ValueError(explain(
                f"Layer `{self.name}` (HashedCrossing) takes a list of at least two tensors: it should be "
                "called on a list of at least two inputs.",
                received=f"{len(inputs)} of them" if isinstance(inputs, (list, tuple)) else type(inputs).__name__,
            ))  # fmt: skip
        if any_sparse(inputs):
            raise ValueError(f"Layer `{self.name}` (HashedCrossing): all inputs should be dense tensors.")
        values = [self._checked(as_text(value)) for value in inputs]
        found = extend.op("hashed_cross", *values, num_buckets=self.num_bins)
        return encode(found, self.num_bins, self.output_mode, self.compute_dtype, sparse=self.sparse)

    def _checked(self, value: Any) -> Any:
        kind = standardize_dtype(value.dtype)
        if value.shape.rank > 2 or (value.shape.rank == 2 and value.shape[1] not in (1, None)):
            raise ValueError(explain(
                f"Layer `{self.name}` (HashedCrossing) takes one value a sample: all inputs should have "
                "shape `()`, `(batch_size)` or `(batch_size, 1)`.", received=f"shape {value.shape}",
            ))  # fmt: skip
        if kind != "string" and not is_int(kind):
            raise ValueError(explain(
                f"Layer `{self.name}` (HashedCrossing): all inputs should have an integer or string dtype.",
                received=f"dtype {kind}",
                hint="bring numbers into bins first, with a Discretization layer",
            ))  # fmt: skip
        return value if kind == "string" else tf.cast(value, "int64")
