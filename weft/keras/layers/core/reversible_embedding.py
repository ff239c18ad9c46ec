"""An embedding that also goes back: from vectors to scores of all entries."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.keras.layers.core.embedding import Embedding


class ReversibleEmbedding(Embedding):
    """An embedding at one end of a language model, and the projection to its vocabulary at the other.

    Args:
        input_dim: The number of entries.
        output_dim: The size of a vector.
        tie_weights: Whether the way back uses the same table.
        embeddings_initializer: First value of the table `[input_dim, output_dim]`.
        embeddings_regularizer: Penalty on the table.
        embeddings_constraint: What is done to the table after an update.
        mask_zero: Whether 0 is padding.
        reverse_dtype: In which dtype the way back is computed; the layer's own by default.
        logit_soft_cap: A bound that scores come near and do not pass.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> layer = keras.layers.ReversibleEmbedding(10, 4)
        >>> layer(layer(tf.constant([[1, 2, 3]])), reverse=True).shape
        TensorShape([1, 3, 10])
    """

    def __init__(
        self, input_dim: int, output_dim: int, tie_weights: bool = True, embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None, embeddings_constraint: Any = None, mask_zero: bool = False,
        reverse_dtype: Any = None, logit_soft_cap: float | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            input_dim, output_dim, embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer, embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero, **kwargs,
        )  # fmt: skip
        self.supports_masking = True
        self.tie_weights = tie_weights
        self.reverse_dtype = reverse_dtype
        self.logit_soft_cap = logit_soft_cap

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                name="reverse_embeddings", shape=(self.output_dim, self.input_dim),
                initializer=self.embeddings_initializer,
            )  # fmt: skip

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """The rows; with `reverse`, the scores of all entries."""
        if not reverse:
            return super().call(inputs)
        dtype = self.reverse_dtype or self.compute_dtype
        own = tf.convert_to_tensor(self.embeddings)
        table = tf.transpose(own) if self.tie_weights else self.reverse_embeddings.value
        scores = tf.matmul(tf.cast(inputs, dtype), tf.cast(table, dtype))
        if self.logit_soft_cap is None:
            return scores
        cap = tf.cast(self.logit_soft_cap, dtype)
        return cap * tf.tanh(scores / cap)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return super().compute_mask(inputs, previous_mask) if "int" in str(inputs.dtype) else previous_mask
