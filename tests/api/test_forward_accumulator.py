"""Forward mode: tangents agree with the transposed gradients, through every kind of op, and nest as TensorFlow's do."""

import gc
import weakref

import numpy as np
import pytest

import weft as tf

X = np.array([[1.0, 2.0], [3.0, 5.0]])
V = np.array([[0.5, -1.0], [2.0, 0.25]])


def _loop(x):
    return tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a * x), [0, x])[1]


FUNCTIONS = {
    "matmul": lambda x: x @ x,
    "softmax": tf.nn.softmax,
    "greatest": lambda x: tf.reduce_max(x, 1),
    "inverse": tf.linalg.inv,
    "product": lambda x: tf.reduce_prod(x, 1),
    "power": lambda x: x**3,
    "gathered": lambda x: tf.gather(x, [1, 1]),
    "convolution": lambda x: tf.nn.conv1d(x[None], tf.reshape(x, [1, 2, 2]), 1, "SAME"),
    "variance": lambda x: tf.nn.moments(x, [0])[1],
    "branch": lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x * x, lambda: x),
    "loop": _loop,
    "traced": tf.function(lambda x: x * tf.exp(x)),
    "traced loop": tf.function(_loop),
    "complex": lambda x: tf.math.imag(tf.complex(x, x) ** 2),
    "fourier": lambda x: tf.abs(tf.signal.rfft(x)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_the_jacobian_times_the_vector(name):
    function, x, v = FUNCTIONS[name], tf.constant(X), tf.constant(V)
    with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
        y = function(x)
    step = 1e-6
    numeric = (function(tf.constant(X + step * V)) - function(tf.constant(X - step * V))).numpy() / (2 * step)
    np.testing.assert_allclose(accumulator.jvp(y).numpy(), numeric, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["matmul", "softmax", "power", "traced", "traced loop", "branch"])
def test_forward_over_reverse_and_reverse_over_forward_give_the_same(name):
    function, x, v = FUNCTIONS[name], tf.constant(X), tf.constant(V)
    with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(function(x) ** 2)
        gradient = tape.gradient(total, x)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.autodiff.ForwardAccumulator(x, v) as inner:
            total = tf.reduce_sum(function(x) ** 2)
        slope = inner.jvp(total)
    expected = outer.gradient(slope, x).numpy()
    np.testing.assert_allclose(accumulator.jvp(gradient).numpy(), expected, rtol=1e-9)


def test_nesting():
    x, one = tf.constant(1.5), tf.constant(1.0)
    with tf.autodiff.ForwardAccumulator(x, one) as outer:
        with tf.autodiff.ForwardAccumulator(x, one) as inner:
            y = tf.exp(x * x)
        assert float(outer.jvp(inner.jvp(y))) == pytest.approx(104.36509, rel=1e-6)  # (2 + 4 x²) exp(x²)
        assert inner.jvp(outer.jvp(y)) is None  # what the outer one computes is not seen inside
    with tf.autodiff.ForwardAccumulator(x, one) as outer:
        with tf.GradientTape() as tape:
            tape.watch(x)
            slope = outer.jvp(tf.exp(x * x))
        assert tape.gradient(slope, x) is None


def test_within_a_traced_function():
    @tf.function
    def slope(x):
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
            y = tf.exp(x * x)
        return accumulator.jvp(y)

    assert float(slope(tf.constant(1.5))) == pytest.approx(28.463207, rel=1e-6)


def test_variables_and_structures():
    x, variable = tf.constant([1.0, 2.0]), tf.Variable([3.0, 4.0])
    with tf.autodiff.ForwardAccumulator([x, variable], [tf.ones(2), tf.constant([2.0, 0.0])]) as accumulator:
        product = x * variable
        cut = tf.stop_gradient(product)
    found = accumulator.jvp({"product": product, "cut": cut, "variable": variable})
    assert found["product"].numpy().tolist() == [5, 4] and found["variable"].numpy().tolist() == [2, 0]
    assert found["cut"] is None and accumulator.jvp(tf.constant(1.0)) is None
    assert accumulator.jvp(cut, unconnected_gradients="zero").numpy().tolist() == [0, 0]


def test_only_what_runs_inside_is_followed_and_values_are_let_go():
    x = tf.constant(2.0)
    accumulator = tf.autodiff.ForwardAccumulator(x, tf.constant(1.0))
    before = x * x
    with accumulator:
        inside = x * x
    after = x * x
    assert accumulator.jvp(before) is None and accumulator.jvp(after) is None
    assert float(accumulator.jvp(inside)) == 4
    gone = weakref.ref(inside)
    del inside
    gc.collect()
    assert gone() is None and len(accumulator._tape._tangents) == 1
    with accumulator:
        assert float(accumulator.jvp(x * x * x)) == 12
        with pytest.raises(ValueError, match="recording already"), accumulator:
            pass


@pytest.mark.parametrize("primals, tangents, message", [
    (tf.ones(2), tf.ones(3), r"shape of its primal.*\n.*\n *expected: float32\(2,\)\n *received: float32\(3,\)"),
    (tf.ones(2), tf.ones(2, tf.float64), "float64 was given where float32"),
    ([tf.ones(2)], [tf.ones(2), tf.ones(2)], "structures differ"),
    (1.0, tf.ones([]), "follows tensors and variables, received float"),
])  # fmt: skip
def test_wrong_arguments_are_refused(primals, tangents, message):
    with pytest.raises(ValueError, match=message):
        tf.autodiff.ForwardAccumulator(primals, tangents)


def test_a_primal_is_named_once():
    x = tf.ones(2)
    with pytest.raises(ValueError, match="twice"):
        tf.autodiff.ForwardAccumulator([x, x], [x, x])
