"""Rows of a table by number."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import constraints, initializers, regularizers
from weft.keras.core.dtypes import is_int
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.core.lora import LowRank, adapted
from weft.keras.layers.layer import Layer
from weft.keras.ops.sparse import dense


class Embedding(LowRank, Layer):
    """Turns numbers into the rows of a table that is learned.

    Args:
        input_dim: How many numbers there are: 0 to `input_dim - 1`.
        output_dim: The length of a row.
        embeddings_initializer: First value of the table `[input_dim, output_dim]`.
        embeddings_regularizer: Penalty on the table.
        embeddings_constraint: What is done to the table after an update.
        mask_zero: Whether 0 is padding, which the layers behind leave out.
        weights: A list with the first table.
        input_length: Numbers a sample, where it is fixed.
        lora_rank: The size of a low-rank addition that is trained in the table's place; see `enable_lora`.
        lora_alpha: Its factor times its size; its size by default.
        quantization_config: Must be None.
        **kwargs: As for every layer.

    Returns:
        For integers `[batch, …]`, floats `[batch, …, output_dim]`.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Embedding(10, 4)(tf.constant([[1, 2, 3]])).shape
        TensorShape([1, 3, 4])
    """

    _checkpoint_aliases = {"embeddings": "_embeddings"}
    embeddings = adapted("embeddings")
    _embeddings: Any

    _natural_input_dtype = "int32"
    _adapted_weight = "embeddings"
    _old_arguments = {"init": "embeddings_initializer", "W_regularizer": "embeddings_regularizer"}

    def __init__(
        self, input_dim: int, output_dim: int, embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None, embeddings_constraint: Any = None, mask_zero: bool = False,
        weights: Any = None, input_length: Any = None, lora_rank: int | None = None, lora_alpha: float | None = None,
        quantization_config: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if input_length is not None and not {"input_shape", "batch_input_shape"} & set(kwargs):
            length = input_length if isinstance(input_length, (list, tuple)) else (input_length,)
            kwargs["batch_input_shape"] = (kwargs.pop("batch_size", None), *length)
        super().__init__(
            weights=[weights] if weights is not None and not isinstance(weights, (list, tuple)) else weights, **kwargs
        )
        self._set_low_rank(lora_rank, lora_alpha, quantization_config)
        for word, size in (("input_dim", input_dim), ("output_dim", output_dim)):
            if isinstance(size, (float, bool)):
                raise ValueError(explain(f"Embedding: `{word}` must be a positive integer.", received=repr(size)))
        self.input_dim = positive_int("Embedding", "input_dim", input_dim)
        self.output_dim = positive_int("Embedding", "output_dim", output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.autocast = False
        if weights is not None and type(self).build is Embedding.build:
            given, self._first_weights = self._first_weights, None
            self.build()
            self.set_weights(given)

    def build(self, input_shape: Any = None) -> None:
        self.embeddings = self.add_weight(
            shape=(self.input_dim, self.output_dim), initializer=self.embeddings_initializer, name="embeddings",
            regularizer=self.embeddings_regularizer, constraint=self.embeddings_constraint,
        )  # fmt: skip
        self._build_low_rank()

    def call(self, inputs: Any) -> Any:
        """The rows."""
        if isinstance(inputs, tf.SparseTensor):
            inputs = dense(inputs)  # a place without a number holds 0
        elif isinstance(inputs, tf.RaggedTensor):
            return inputs.with_flat_values(self.call(inputs.flat_values))
        if not is_int(inputs.dtype):
            inputs = tf.cast(inputs, "int32")
        rows = tf.gather(self._embeddings, inputs, axis=0, name=self.name)  # which errors of compiled steps mention
        if self.lora_enabled:
            a, b = self._low_rank()
            rows = rows + self._low_rank_scale() * tf.tensordot(tf.gather(a, inputs, axis=0), b, 1)
        return tf.cast(rows, self.compute_dtype) if rows.dtype != self.compute_dtype else rows

    def compute_output_spec(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        found = super().compute_output_spec(inputs, *args, **kwargs)
        if getattr(inputs, "ragged", False):
            found.mark_ragged()
        return found

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return tf.not_equal(inputs, tf.cast(0, inputs.dtype)) if self.mask_zero else None

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("weights", None)
        config.pop("input_length", None)
        return config
