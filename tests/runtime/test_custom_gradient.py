"""Gradients of the user's own, wherever their graph goes: numbers are TensorFlow 2.21's."""

import numpy as np
import pytest

import weft as tf

v1 = tf.compat.v1


@tf.custom_gradient
def log1pexp(x):
    e = tf.exp(x)
    return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))


def test_a_gradient_that_uses_what_the_function_computed():
    x = tf.constant(1.0)
    for function in (log1pexp, tf.function(log1pexp)):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = function(x)
            first = inner.gradient(y, x)
        np.testing.assert_allclose([first, outer.gradient(first, x)], [0.7310586, 0.1966119], rtol=1e-6)


def test_in_branches_loops_and_maps():
    @tf.function
    def gradients(x, p):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            a = tf.cond(p, lambda: log1pexp(x), lambda: x)
            b = tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, log1pexp(y)), [tf.constant(0), x])[1]
            c = tf.map_fn(log1pexp, tf.stack([x, x + 1.0]))
        return [tape.gradient(y, x) for y in (a, b, c)]

    found = gradients(tf.constant(1.0), tf.constant(True))
    np.testing.assert_allclose(found, [0.7310586, 0.5761169, 1.6118557], rtol=1e-6)


def test_in_a_graph_of_version_1():
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [])
        y = log1pexp(x)
        (first,) = v1.gradients(y, x)
        (second,) = v1.gradients(first, x)
        chosen = tf.cond(x > 0, lambda: log1pexp(x), lambda: x)
        (of_chosen,) = v1.gradients(chosen, x)
        with v1.Session() as session:
            found = session.run([y, first, second, of_chosen], {x: 1.0})
    np.testing.assert_allclose(found, [1.3132616, 0.7310586, 0.1966119, 0.7310586], rtol=1e-6)


def test_gradients_of_variables():
    v = tf.Variable(3.0)

    @tf.custom_gradient
    def function(x):
        e = x * v

        def gradient(upstream, variables=None):
            return upstream * v * 10.0, [upstream * e * 100.0 for _ in variables]

        return e, gradient

    x = tf.constant(2.0)
    for run in (function, tf.function(function)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = run(x)
        assert [float(part) for part in tape.gradient(y, [x, v])] == [30.0, 600.0]


def test_a_gradient_that_does_not_take_the_variables_is_refused():
    v = tf.Variable(3.0)

    @tf.custom_gradient
    def function(x):
        return x * v, lambda upstream: upstream * v

    for run in (function, tf.function(function)):
        with pytest.raises(TypeError, match="must take the argument `variables`"):
            run(tf.constant(2.0))

    @tf.custom_gradient
    def taking(x):
        return x * v, lambda upstream, **kwargs: (upstream, [upstream for _ in kwargs["variables"]])

    assert float(taking(tf.constant(2.0))) == 6.0


def test_a_function_in_its_own_gradient():
    @tf.custom_gradient
    def exponential(x):
        return tf.exp(x), lambda upstream: upstream * exponential(x)

    x = tf.constant(1.0)
    function = tf.function(exponential)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = function(x)
        first = inner.gradient(y, x)
    np.testing.assert_allclose([first, outer.gradient(first, x)], [np.e, np.e], rtol=1e-6)


def test_an_error_in_the_gradient_is_told_where_a_gradient_is_asked_for():
    @tf.custom_gradient
    def function(x):
        def gradient(upstream):
            raise NotImplementedError("no gradient here")

        return x * 2.0, gradient

    x = tf.constant(2.0)
    run = tf.function(function)
    assert float(run(x)) == 4.0
    with tf.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(NotImplementedError, match="no gradient here"):
            run(x)


def test_sizes_that_only_the_surroundings_know():
    @tf.function(input_signature=[tf.TensorSpec([None]), tf.TensorSpec([])])
    def function(other, x):
        @tf.custom_gradient
        def scaled(x):
            return x * 2.0, lambda upstream: upstream * tf.reduce_sum(tf.ones([tf.shape(other)[0] * 2]))

        return scaled(x)

    x = tf.constant(3.0)
    for size in (2, 3):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(tf.ones([size]), x)
        assert float(tape.gradient(y, x)) == 2 * size


def test_of_methods():
    class Scaled:
        factor = 3.0

        @tf.custom_gradient
        def twice(self, x):
            return x * 2.0, lambda ct: ct * self.factor

        @staticmethod
        @tf.custom_gradient
        def same(x):
            return tf.identity(x), lambda ct: ct * 5.0

    x = tf.constant([1.0])
    for function, value, slope in ((Scaled().twice, 2, 3), (Scaled.same, 1, 5), (tf.function(Scaled().twice), 2, 3)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        assert float(y[0]) == value and float(tape.gradient(y, x)[0]) == slope
