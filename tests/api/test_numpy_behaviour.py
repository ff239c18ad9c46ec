"""`tf.experimental.numpy.experimental_enable_numpy_behavior`: tensors with NumPy's methods, dtypes and indexing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import weft as tf

tnp = tf.experimental.numpy
#: what TensorFlow 2.21 gives: dtype, shape, elements in a row
RESULTS = [
    ("f.mean()", ("float32", [], [11.5])),
    ("x.mean(axis=0)", ("float64", [3, 4], [6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0])),
    ("x.max()", ("int32", [], [23])),
    ("f.min(axis=1)", ("float32", [2, 4], [0.0, 1.0, 2.0, 3.0, 12.0, 13.0, 14.0, 15.0])),
    ("x.clip(2,5)", ("int32", [2, 3, 4], [2, 2, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5])),
    ("f.mean(axis=(0,1))", ("float32", [4], [10.0, 11.0, 12.0, 13.0])),
    ("x[:, [0,2]]", ("int32", [2, 2, 4], [0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23])),
    ("x[:, [0,2],1]", ("int32", [2, 2], [1, 9, 13, 21])),
    ("x[[0,1],:,[1,2]]", ("int32", [2, 3], [1, 5, 9, 14, 18, 22])),
    ("x[0,[1,2]]", ("int32", [2, 4], [4, 5, 6, 7, 8, 9, 10, 11])),
    ("x[...,[0,3]]", ("int32", [2, 3, 2], [0, 3, 4, 7, 8, 11, 12, 15, 16, 19, 20, 23])),
    ("x[[0,1],[1,2]]", ("int32", [2, 4], [4, 5, 6, 7, 20, 21, 22, 23])),
    ("x[[[0,1],[1,0]]]", ("int32", [2, 4], [4, 5, 6, 7, 12, 13, 14, 15])),
    ("x[x>20]", ("int32", [3], [21, 22, 23])),
    ("x[:,:,None,[1]]", ("int32", [2, 3, 1, 1], [1, 5, 9, 13, 17, 21])),
    ("x[[0,-1],...,1:]", ("int32", [2, 3, 3], [1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23])),
    ("x[0]", ("int32", [3, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])),
    ("x[tf.constant(1)]", ("int32", [3, 4], [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23])),
    (
        "x[:,np.array([True,False,True])]",
        ("int32", [2, 2, 4], [0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23]),
    ),
    ("x[1,...,[0,1]]", ("int32", [3, 2], [12, 13, 16, 17, 20, 21])),
    ("x[0,:,[0,1]]", ("int32", [3, 2], [0, 1, 4, 5, 8, 9])),
    ("x[:,0,[0,1]]", ("int32", [2, 2], [0, 1, 12, 13])),
    ("tnp.exp(x[0,0])", ("float64", [4], [1.0, 2.7183, 7.3891, 20.0855])),
    ("tnp.sin(x[0,0])", ("float64", [4], [0.0, 0.8415, 0.9093, 0.1411])),
    ("tnp.average(x)", ("float64", [], [11.5])),
    ("tnp.heaviside(x-2,1)[0]", ("float64", [3, 4], [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])),
    ("tnp.var(f,ddof=1,dtype=np.float32)", ("float32", [], [50.0])),
    ("tnp.hypot(x[0,0],2.5)", ("float64", [4], [2.5, 2.6926, 3.2016, 3.9051])),
    ("tnp.logaddexp(x[0,0],f[0,0])", ("float64", [4], [0.6931, 1.6931, 2.6931, 3.6931])),
    ("2.0**x[0,0]", ("float64", [4], [1.0, 2.0, 4.0, 8.0])),
    ("x%3", ("int32", [2, 3, 4], [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2])),
]


@pytest.fixture(autouse=True)
def behaviour() -> Iterator[None]:
    tnp.experimental_enable_numpy_behavior()
    yield
    tnp.experimental_enable_numpy_behavior(dtype_conversion_mode="off")


def numbers() -> dict[str, object]:
    x = tf.reshape(tf.range(24), [2, 3, 4])
    return {"x": x, "f": tf.cast(x, tf.float32), "np": np, "tf": tf, "tnp": tnp}


@pytest.mark.parametrize(("text", "expected"), RESULTS, ids=[text for text, _ in RESULTS])
def test_as_in_tensorflow(text: str, expected: tuple[str, list[int], list[float]]) -> None:
    found = eval(text, numbers())
    assert (found.dtype.name, found.shape.as_list()) == expected[:2]
    assert np.allclose(found.numpy().reshape(-1), expected[2], atol=1e-4)


def test_picking_elements_is_as_in_numpy() -> None:
    x = tf.reshape(tf.range(24), [2, 3, 4])
    array, rows = x.numpy(), [1, 0]
    keys = [([0, 1], [1, 2]), (slice(None), [0, 2], 1), (rows, slice(None), [1, 2]), (0, [1, 2]), (..., [0, 3]),
            ([[0, 1], [1, 0]],), (slice(None), np.array([[0, 1], [2, -1]])), (rows, ..., slice(1, None)),
            (slice(None), slice(None), None, [1])]  # fmt: skip
    for key in keys:
        assert np.array_equal(x[key], array[key]), key


def test_it_can_be_taken_back() -> None:
    tnp.experimental_enable_numpy_behavior(dtype_conversion_mode="off")
    with pytest.raises(AttributeError, match="tf.reshape"):
        tf.constant([1, 2]).reshape(2, 1)
    assert (tf.constant(1.0) + 2.5).dtype == tf.float32
    with pytest.raises(TypeError):
        tf.constant([1, 2])[[0, 1], [0]]


def test_floats_may_be_short() -> None:
    tnp.experimental_enable_numpy_behavior(prefer_float32=True)
    assert tnp.ones(2).dtype == tnp.array([1.5]).dtype == tnp.sqrt(2).dtype == tf.float32
    assert (tf.constant([1, 2]) * 0.5).dtype == tf.float64  # int32 with float32, as in NumPy


def test_gradients_flow_and_it_is_traced() -> None:
    @tf.function
    def loss(x: tf.Tensor) -> tf.Tensor:
        return tnp.sum(tnp.square(tf.identity(x).T[[0, 1]]) + tnp.matmul(x, tnp.ones([3, 2], np.float32)).mean())

    x = tf.Variable(np.arange(6, dtype=np.float32).reshape(2, 3))
    with tf.GradientTape() as tape:
        value = loss(x)
    assert np.allclose(tape.gradient(value, x), [[2.0, 4.0, 2.0], [8.0, 10.0, 2.0]])


def test_functions_of_plain_numbers_keep_their_dtypes() -> None:
    assert tf.math.add(1.0, 2.0).dtype == tf.float32 and tf.maximum([1.0], [2.0]).dtype == tf.float32
    assert tf.math.add(1, 2).dtype == tf.int32
    assert tnp.add(1.0, 2.0).dtype == tf.float64  # NumPy's own do as NumPy does
    assert tf.nn.batch_normalization(tf.constant([[1.0, 2.0]]), 0.0, 1.0, None, None, 1e-3).dtype == tf.float32
    tf.debugging.assert_near(1.0, 1.0 + 1e-7)
