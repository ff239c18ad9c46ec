"""The classes behind `keras.ops`: options first, tensors with the call."""

from __future__ import annotations

import numpy as np
import pytest

from weft import keras
from weft.keras.ops import classes

X = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]], "float32")


@pytest.mark.parametrize(("made", "args", "wanted"), [
    (lambda: classes.Mean(axis=1), (X,), lambda: keras.ops.mean(X, axis=1)),
    (lambda: classes.Add(), (X, 1), lambda: keras.ops.add(X, 1)),
    (lambda: classes.LeakyRelu(0.3), (X,), lambda: keras.ops.leaky_relu(X, 0.3)),
    (lambda: classes.Einsum("ij,kj->ik"), (X, X), lambda: keras.ops.einsum("ij,kj->ik", X, X)),
    (lambda: classes.Any(axis=0), (X > 0,), lambda: keras.ops.any(X > 0, axis=0)),
    (lambda: classes.Arange(dtype="int32"), (2, 9, 3), lambda: keras.ops.arange(2, 9, 3, dtype="int32")),
    (lambda: classes.Trapezoid(dx=2.0), (X,), lambda: keras.ops.trapezoid(X, dx=2.0)),
    (lambda: classes.Bincount(weights=[1, 2, 3]), ([0, 2, 2],), lambda: keras.ops.bincount([0, 2, 2], [1, 2, 3])),
    (lambda: classes.Cond(), (True, lambda: X, lambda: -X), lambda: X),
    (lambda: classes.Map(), (lambda row: row * 2, X), lambda: X * 2),
    (lambda: classes.WhileLoop(lambda i: i < 5, lambda i: i + 2), (0,), lambda: 6),
    (lambda: classes.Switch(), (1, [keras.ops.abs, keras.ops.negative], X), lambda: -X),
])  # fmt: skip
def test_values_are_those_of_the_function(made, args, wanted):
    np.testing.assert_array_equal(made()(*args), wanted())


def test_symbolic_calls_are_recorded():
    x = keras.Input((3,))
    model = keras.Model(x, classes.Mean(axis=1)(x))
    np.testing.assert_allclose(model(X), X.mean(axis=1), rtol=1e-6)


def test_options_are_attributes():
    made = classes.ExtractSequences(5, 2)
    assert (made.sequence_length, made.sequence_stride) == (5, 2)
    assert classes.Mean().keepdims is False
    with pytest.raises(AttributeError, match="no attribute"):
        _ = made.length


def test_unknown_options_and_classes():
    with pytest.raises(TypeError, match="does not take these options"):
        classes.Mean(axes=1)
    with pytest.raises(AttributeError, match="no operation"):
        _ = classes.Nothing
