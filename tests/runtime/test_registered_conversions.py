"""Objects of a program's own beside tensors: what the program has said of their conversion counts, not numpy's way."""

import numpy as np
import pytest

import weft as tf
from weft.runtime import frontdoor


class Doubled:
    """Stands for twice a variable; numpy can make nothing of it."""

    def __init__(self, variable):
        self.variable = variable

    def __array__(self, *args, **kwargs):
        raise NotImplementedError


@pytest.fixture
def doubled(monkeypatch):
    monkeypatch.setattr(frontdoor, "conversions", [])

    def convert(value, dtype=None, name=None, as_ref=False):
        tensor = value.variable * 2.0
        if dtype is not None and tensor.dtype != dtype:
            raise ValueError("another dtype")
        return tensor

    tf.register_tensor_conversion_function(Doubled, convert)
    return Doubled(tf.Variable(3.0, dtype=tf.float64))


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize(
    "use, value, slope",
    [(lambda x, p: x / p, [1 / 6, 1 / 3], -1 / 6), (lambda x, p: p * x, [6.0, 12.0], 6.0),
     (lambda x, p: x - p, [-5.0, -4.0], -4.0), (lambda x, p: tf.maximum(p, x), [6.0, 6.0], 4.0)],
)  # fmt: skip
def test_beside_a_tensor_it_is_a_tensor_with_a_gradient(doubled, use, value, slope, traced):
    x = tf.constant([1.0, 2.0], tf.float64)
    call = tf.function(lambda: use(x, doubled)) if traced else lambda: use(x, doubled)
    with tf.GradientTape() as tape:
        found = call()
    np.testing.assert_allclose(found.numpy(), value)
    np.testing.assert_allclose(tape.gradient(found, doubled.variable).numpy(), slope)


def test_its_own_dtype_is_kept(doubled):
    with pytest.raises(TypeError, match="float32 and float64"):
        tf.constant([1.0]) * doubled
