"""Masks and policies of attention and of recurrent layers around cells of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft as tf
from weft import keras
from weft.keras import layers


def test_the_mask_that_a_query_carries_counts() -> None:
    numbers = np.array([[1, 2, 0], [3, 0, 0]])
    query = layers.Embedding(4, 6, mask_zero=True)(numbers)
    value = keras.random.normal((2, 4, 6), seed=1)
    layer = layers.MultiHeadAttention(2, 3)
    found = layer(query, value)
    plain = tf.identity(query)
    by_hand = layer(plain, value, attention_mask=(numbers != 0)[:, :, None] & np.ones((1, 1, 4), bool))
    np.testing.assert_allclose(found, by_hand, rtol=1e-5, atol=1e-6)
    # One that is passed changes no weight, as in Keras.
    np.testing.assert_allclose(layer(plain, value, query_mask=numbers != 0), layer(plain, value), rtol=1e-5)


def test_dropout_inside_keeps_the_policy() -> None:
    inputs = [np.ones((2, 3, 4), "float32"), np.ones((2, 5, 4), "float32")]
    for kind in (layers.Attention, layers.AdditiveAttention):
        assert kind(dropout=0.5, dtype="mixed_float16")(inputs, training=True).dtype == "float16"


class _Cell(layers.Layer):
    state_size = 3

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], 3), name="kernel")

    def call(self, inputs: Any, states: Any) -> Any:
        result = tf.matmul(inputs, self.kernel) + states[0]
        return result, [result]


def test_states_have_the_dtype_of_the_cell() -> None:
    assert layers.RNN(_Cell(), dtype="mixed_float16")(np.ones((2, 4, 5), "float32")).shape == (2, 3)
