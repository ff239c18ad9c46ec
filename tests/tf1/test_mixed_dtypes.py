"""Graphs cast no tensor: what is told of two dtypes."""

import pytest

import weft.compat.v1 as tf
from weft.base.errors import DTypeError


@pytest.mark.parametrize("make", [
    lambda i, f: i * f, lambda i, f: tf.concat([i, f], 0), lambda i, f: tf.stack([i, f]),
    lambda i, f: tf.where([True, False], i, f), lambda i, f: tf.add_n([i, f]), lambda i, f: i < f,
    lambda i, f: tf.matmul([f], i[:, None]), lambda i, f: tf.convert_to_tensor([i[0], f[0]]),
])  # fmt: skip
def test_two_dtypes_are_refused_with_the_cast_to_write(make: object) -> None:
    with tf.Graph().as_default():
        i, f = tf.placeholder(tf.int32, [2], name="i"), tf.placeholder(tf.float32, [2], name="f")
        with pytest.raises(DTypeError, match=r"(?s)int32.*float32.*next: write tf\.cast|float32.*int32.*next: write"):
            make(i, f)  # type: ignore[operator]


def test_a_float_beside_integers_is_refused_and_told() -> None:
    with tf.Graph().as_default():
        i = tf.placeholder(tf.int32, [2])
        with pytest.raises(TypeError, match=r"(?s)2\.5 would lose its fraction as int32.*tf\.cast\(x, tf\.float32\)"):
            i * 2.5
        with tf.while_loop(lambda n: n < 3, lambda n: n + 1, [0]).graph.as_default(), pytest.raises(TypeError):
            tf.map_fn(lambda x: x * 0.5, i)
