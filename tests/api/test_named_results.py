"""Results that TensorFlow gives names to."""

from __future__ import annotations

import numpy as np

import weft as tf

A = tf.constant([[4.0, 1.0], [1.0, 3.0]])


def test_results_have_their_fields() -> None:
    top = tf.math.top_k([1.0, 3.0, 2.0], k=2, index_type=tf.int64)
    assert top.values.numpy().tolist() == [3, 2] and top.indices.numpy().tolist() == [1, 2]
    assert top.indices.dtype == tf.int64 and tf.nn.top_k([1.0]).indices.dtype == tf.int32
    parts = tf.linalg.qr(A)
    np.testing.assert_allclose((parts.q @ parts.r).numpy(), A.numpy(), atol=1e-6)
    determinant = tf.linalg.slogdet(A)
    np.testing.assert_allclose((determinant.sign * tf.exp(determinant.log_abs_determinant)).numpy(), 11.0, rtol=1e-6)
    pooled = tf.nn.max_pool_with_argmax(tf.reshape(tf.range(16.0), (1, 4, 4, 1)), 2, 2, "SAME")
    assert pooled.output.shape == (1, 2, 2, 1) and pooled.argmax.numpy().ravel().tolist() == [5, 7, 13, 15]


def test_they_keep_them_through_a_traced_function() -> None:
    found = tf.function(lambda x: tf.math.top_k(x, 1))(tf.constant([1.0, 5.0]))
    assert found.indices.numpy().tolist() == [1]
