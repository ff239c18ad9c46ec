"""The gradient tape."""

import numpy as np
import pytest

import weft as tf


def test_gradient_of_variables_and_watched_tensors():
    v, x = tf.Variable([1.0, 2.0]), tf.constant([3.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(v * v * x)
    by_v, by_x = tape.gradient(y, [v, x])
    assert by_v.numpy().tolist() == [6, 16] and by_x.numpy().tolist() == [1, 4]


def test_a_tape_answers_once_unless_persistent():
    v = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    with pytest.raises(RuntimeError, match="persistent"):
        tape.gradient(y, v)
    with tf.GradientTape(persistent=True) as tape:
        y = v * v
    assert float(tape.gradient(y, v)) == float(tape.gradient(y, v)) == 6


def test_second_order_by_nested_tapes():
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = tf.reduce_sum(v**3)
        first = inner.gradient(y, v)
    assert first.numpy().tolist() == [3, 12]
    assert outer.gradient(first, v).numpy().tolist() == [6, 12]


def test_a_source_that_is_also_on_the_way():
    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    assert [float(g) for g in tape.gradient(z, [x, y])] == [32, 8]


def test_jacobians():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    wanted = np.zeros((2, 2, 2, 2), np.float32)
    for i in range(2):
        for j in range(2):
            wanted[i, j, i, j] = 2 * x.numpy()[i, j]
    np.testing.assert_array_equal(tape.jacobian(y, x).numpy(), wanted)
    rows = tape.batch_jacobian(y, x).numpy()
    np.testing.assert_array_equal(rows, np.stack([wanted[i, :, i, :] for i in range(2)]))


def test_stop_recording_watch_and_unconnected():
    v, w = tf.Variable(2.0), tf.Variable(1.0)
    with tf.GradientTape() as tape:
        with tape.stop_recording():
            hidden = v * v
        y = v + hidden
    assert [None if g is None else float(g) for g in tape.gradient(y, [v, w])] == [1, None]
    with tf.GradientTape() as tape:
        y = v * v
    assert float(tape.gradient(y, w, unconnected_gradients="zero")) == 0
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(w)
        y = v * w
    assert [None if g is None else float(g) for g in tape.gradient(y, [v, w])] == [None, 2]
    assert [v.ref() for v in tape.watched_variables()] == [w.ref()]


def test_rows_of_a_table_have_sparse_gradients():
    table = tf.Variable(tf.ones([4, 2]))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.gather(table, [1, 1, 3]))
    found = tape.gradient(y, table)
    assert isinstance(found, tf.IndexedSlices) and found.indices.numpy().tolist() == [1, 1, 3]
    assert tf.convert_to_tensor(found).numpy().tolist() == [[0, 0], [2, 2], [0, 0], [1, 1]]


def test_custom_gradients_eager_and_traced():
    @tf.custom_gradient
    def doubled(x):
        return x * 1.0, lambda ct: ct * 2.0

    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = doubled(x) * 3.0
        return tape.gradient(y, x)

    x = tf.constant(1.0)
    assert float(run(x)) == 6 and float(tf.function(run)(x)) == 6
    traced = tf.function(lambda x: doubled(x) * 3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = traced(x)
    assert float(tape.gradient(y, x)) == 6


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda v: tf.stop_gradient(v) * 1.0, "stop_gradient"),
        (lambda v: tf.cast(tf.cast(v, tf.int32), tf.float32), "cast"),
        (lambda v: tf.constant((v * 2).numpy()), "not computed inside"),
    ],
)
def test_an_absent_gradient_is_explained(make, words):
    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = make(v)
    assert tape.gradient(y, v) is None
    assert words in tape.explain_gradient(y, v)


def test_gradients_through_calls_branches_and_loops_agree_with_plain_python():
    def plain(x):
        total = x
        for _ in range(3):
            total = total * x if float(total) < 10 else total + x
        return total

    @tf.function
    def traced(x):
        def body(i, total):
            return i + 1, tf.cond(total < 10.0, lambda: total * x, lambda: total + x)

        return tf.while_loop(lambda i, total: i < 3, body, [tf.constant(0), x])[1]

    for start in (1.5, 2.5, 12.0):
        results = []
        for function in (plain, traced):
            x = tf.constant(start)
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    y = function(x)
                first = inner.gradient(y, x)
            results.append([float(y), float(first), float(outer.gradient(first, x) or 0.0)])
        np.testing.assert_allclose(results[0], results[1], rtol=1e-6)


def test_a_single_number_from_outside_of_a_function_has_a_gradient():
    x, n = tf.constant(3.0), tf.constant(2)
    square = tf.function(lambda: x * x * 2.0 * tf.cast(n, tf.float32))
    chosen = tf.function(lambda p: tf.cond(p, lambda: x * x * 2.0, lambda: x))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = square(), chosen(tf.constant(True))
    assert float(tape.gradient(y, x)) == 24 and float(tape.gradient(z, x)) == 12
    # numbers of the program and integers are part of the graph
    assert square.get_concrete_function().captured == [x]


def test_jacobians_of_nothing():
    x, u = tf.ones([2]), tf.ones([3])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, u])
        y = x[:0] * 2
    by_x, by_u = tape.jacobian(y, [x, u])
    assert by_x.shape == (0, 2) and by_x.dtype == tf.float32 and by_u is None
    assert [tuple(part.shape) for part in tape.jacobian(y, [x, u], "zero")] == [(0, 2), (0, 3)]
    z = tf.ones([2, 3])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        y = z[:, :0] * 2
    assert tape.batch_jacobian(y, z).shape == (2, 0, 3)
    assert tape.jacobian(y, z).shape == (2, 0, 2, 3)


def test_watched_variables_includes_those_given_to_watch():
    first, second = tf.Variable(1.0), tf.Variable(2.0, trainable=False)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([first, second])
        y = first * second
    assert [v is w for v, w in zip(tape.watched_variables(), (first, second), strict=True)] == [True, True]
    assert [float(g) for g in tape.gradient(y, tape.watched_variables())] == [2.0, 1.0]


def test_ragged_and_sparse_tensors_are_sources() -> None:
    rows = tf.ragged.constant([[1.0, 2.0], [3.0]])
    entries = tf.sparse.from_dense([[1.0, 0.0], [0.0, 2.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([rows, entries])
        cubes = tf.reduce_sum(rows**3, axis=1)
        product = tf.sparse.sparse_dense_matmul(entries, tf.constant([[1.0, 2.0], [3.0, 4.0]]))
    assert tape.gradient(cubes, [rows])[0].to_list() == [[3.0, 12.0], [27.0]]
    assert tape.gradient(rows * 2.0, rows) is None
    assert tape.gradient(product, entries).values.numpy().tolist() == [3.0, 7.0]


def test_a_tape_that_is_spent_gives_no_jacobian_either():
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = x * x
    np.testing.assert_array_equal(tape.jacobian(y, x), np.diag([2.0, 4.0]))
    with pytest.raises(RuntimeError, match="persistent"):
        tape.jacobian(y, x)


def test_a_batch_jacobian_needs_an_axis_beside_the_batch():
    x = tf.Variable([3.0, 1.0])
    with tf.GradientTape() as tape:
        y = x * x
    with pytest.raises(ValueError, match="`target` must have rank at least 2"):
        tape.batch_jacobian(y, x)


def test_what_is_asked_of_a_tape_must_be_whole():
    x = tf.Variable([3.0, 4.0])
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
    with pytest.raises(TypeError, match="`sources` is None"):
        tape.gradient(y, None)
    with pytest.raises(ValueError, match="2 values for 1 target"):
        tape.gradient(y, x, output_gradients=[10.0, 20.0])
    np.testing.assert_array_equal(tape.gradient(y, x, output_gradients=tf.constant([10.0, 20.0])), [60.0, 160.0])


def test_slopes_without_bounds_can_be_differentiated_where_nothing_flows_back():
    """What multiplies an infinite slope may be 0 and matter all the same: it has a gradient of its own."""
    for function, expected in ((tf.sqrt, 0.25), (tf.math.rsqrt, -0.0625), (tf.math.reciprocal, -0.0625)):
        x, c = tf.Variable(4.0), tf.Variable(0.0)
        with tf.GradientTape() as outer:
            with tf.GradientTape() as tape:
                y = c * function(x)
            found = tape.gradient(y, x)
        np.testing.assert_allclose(outer.gradient(found, c), expected)
    for reduced in (tf.math.reduce_std, tf.math.reduce_euclidean_norm):
        x = tf.Variable([[0.0], [0.0]])
        with tf.GradientTape() as tape:
            y = 0.0 * reduced(x, 1)
        np.testing.assert_array_equal(tape.gradient(y, x), [[0.0], [0.0]])


def test_a_gradient_within_a_gradient_of_ones_own_leads_to_what_it_closes_over():
    @tf.custom_gradient
    def outer(x):
        y = tf.exp(x)

        def gradient(ct):
            inner = tf.custom_gradient(lambda c: (c * y, lambda further: further * 100.0))
            return inner(ct)

        return y, gradient

    x = tf.Variable(1.0)
    with tf.GradientTape() as second:
        with tf.GradientTape() as first:
            y = outer(x)
        slope = first.gradient(y, x)
    np.testing.assert_allclose(second.gradient(slope, x), np.e, rtol=1e-6)
