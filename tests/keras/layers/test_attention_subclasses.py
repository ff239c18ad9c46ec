"""Attention of one's own, made of MultiHeadAttention through the methods that Keras' classes go through."""

import numpy as np
import pytest

import weft as tf
from weft import keras


@pytest.fixture
def x():
    return tf.constant(np.random.RandomState(0).randn(2, 5, 8).astype("float32"))


class Cached(keras.layers.MultiHeadAttention):
    """Keys and values of earlier steps are kept."""

    def call(self, query, value, cache=None, start=None):
        query, key, value = self._query_dense(query), self._key_dense(value), self._value_dense(value)
        if cache is not None:
            key = keras.ops.slice_update(cache[:, 0], [0, start, 0, 0], key)
            value = keras.ops.slice_update(cache[:, 1], [0, start, 0, 0], value)
            cache = keras.ops.stack([key, value], axis=1)
        found, _ = self._compute_attention(query=query, key=key, value=value, attention_mask=None, training=False)
        found = self._output_dense(found)
        return found if cache is None else (found, cache)


def test_projections_and_attention_apart(x):
    plain, cached = keras.layers.MultiHeadAttention(2, 4), Cached(2, 4)
    expected = plain(x, x)
    cached.build(x.shape, x.shape)
    cached.set_weights(plain.get_weights())
    np.testing.assert_allclose(cached(x, x), expected, atol=1e-6)
    held = tf.zeros((2, 2, 5, cached._num_heads, cached._key_dim))
    _, held = cached(x[:, :2], x[:, :2], cache=held, start=0)
    found, _ = cached(x[:, 2:], x[:, 2:], cache=held, start=2)
    np.testing.assert_allclose(found, expected[:, 2:], atol=1e-6)


def test_weights_of_its_own(x):
    class First(keras.layers.MultiHeadAttention):
        def _masked_softmax(self, attention_scores, attention_mask=None):
            return keras.ops.one_hot(keras.ops.zeros(attention_scores.shape[:-1], "int32"), attention_scores.shape[-1])

    layer = First(2, 4)
    found, weights = layer(x, x, return_attention_scores=True)
    assert weights.shape == (2, 2, 5, 5)
    np.testing.assert_allclose(found, layer(x, x), atol=1e-6)
    np.testing.assert_allclose(found, tf.repeat(found[:, :1], 5, axis=1), atol=1e-6)


def test_attention_of_its_own(x):
    class Mean(keras.layers.MultiHeadAttention):
        def _compute_attention(self, query, key, value, attention_mask=None, training=None, **kwargs):
            return keras.ops.mean(value, axis=1, keepdims=True) + 0.0 * query, None

    found = Mean(2, 4)(x, x)
    np.testing.assert_allclose(found, tf.repeat(found[:, :1], 5, axis=1), atol=1e-6)


@pytest.mark.parametrize("scores", [False, True])
def test_the_methods_of_attention_can_be_called(x, scores):
    layer = keras.layers.MultiHeadAttention(2, 4, sliding_window=3)
    layer.build(x.shape, x.shape)
    assert layer._sliding_window == 3
    parts = [np.random.RandomState(seed).randn(1, 5, 2, 4).astype("float32") for seed in range(3)]
    seen = np.ones((1, 5, 5), bool)
    seen[:, 3, 1] = False
    both, _ = layer._compute_attention(
        *parts, attention_mask=seen, use_causal_mask=True, return_attention_scores=scores
    )  # fmt: skip
    merged, _ = layer._compute_attention(*parts, attention_mask=np.tril(seen), return_attention_scores=scores)
    np.testing.assert_allclose(both, merged, atol=1e-6)

    plain = keras.layers.Attention()
    allowed = plain._calculate_score_mask(np.ones((2, 3, 4)), v_mask=np.array([[1, 0, 1, 0]]), use_causal_mask=True)
    np.testing.assert_array_equal(allowed[0], np.tril(np.ones((3, 4))) * [1, 0, 1, 0])


@pytest.mark.parametrize("scores", [False, True])
def test_grouped_attention_goes_through_a_method(x, scores):
    seen = []

    class Watched(keras.layers.GroupQueryAttention):
        def _compute_attention(self, query, key, value, attention_mask=None, training=None):
            seen.append((tuple(key.shape), attention_mask is None))
            return super()._compute_attention(query, key, value, attention_mask, training)

    layer, plain = Watched(4, 4, 2), keras.layers.GroupQueryAttention(4, 4, 2)
    options = {"use_causal_mask": True, "return_attention_scores": scores}
    found = layer(x, x, **options)
    plain.build(x.shape, x.shape)
    plain.set_weights(layer.get_weights())
    for own, expected in zip(tf.nest.flatten(found), tf.nest.flatten(plain(x, x, **options)), strict=True):
        np.testing.assert_allclose(own, expected, atol=1e-6)
    assert seen == [((2, 5, 4, 4), False)]
    parts = [np.random.RandomState(seed).randn(1, 5, 4, 4).astype("float32") for seed in range(3)]
    plain._return_attention_scores = scores
    allowed = np.ones((1, 5, 5), bool)
    allowed[:, 3, 1] = False
    both, _ = plain._compute_attention(*parts, attention_mask=allowed, use_causal_mask=True)
    np.testing.assert_allclose(both, plain._compute_attention(*parts, attention_mask=np.tril(allowed))[0], atol=1e-6)


def test_an_embedding_that_also_goes_back():
    class Tied(keras.layers.Embedding):
        def call(self, inputs, reverse=False):
            if reverse:
                return keras.ops.matmul(inputs, keras.ops.transpose(self.embeddings))
            return super().call(inputs)

    layer, steps = Tied(7, 3), keras.Input((4,), dtype="int32")
    model = keras.Model(steps, layer(layer(steps), reverse=True))
    assert model.output_shape == (None, 4, 7)
    assert model(tf.constant([[1, 2, 3, 0]])).shape == (1, 4, 7)
    assert layer.quantization_mode is None
