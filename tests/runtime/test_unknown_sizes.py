"""Sizes that are not known while tracing: what is not said to be one number is not taken for one."""

import numpy as np
import pytest

import weft as tf
from weft import extend

ROWS = tf.TensorSpec([None], tf.float32)


def _sizes(*tensors):
    return tuple(int(n) for n in tensors)


def test_one_spec_for_two_arguments():
    f = tf.function(lambda x, y: tf.reduce_sum(x) + tf.reduce_sum(y), input_signature=[ROWS, ROWS])
    assert float(f(tf.ones([3]), tf.ones([5]))) == 8


def test_one_spec_for_two_arguments_of_a_concrete_function():
    inner = tf.function(lambda x, y: (tf.shape(x)[0], tf.shape(y)[0])).get_concrete_function(ROWS, ROWS)
    outer = tf.function(lambda x, y: inner(x, y), input_signature=[ROWS, ROWS])
    assert _sizes(*inner(tf.ones([3]), tf.ones([5]))) == (3, 5)
    assert _sizes(*outer(tf.ones([3]), tf.ones([5]))) == (3, 5)


def test_a_spec_of_the_same_shape_finds_the_trace():
    f = tf.function(lambda x: x * 2.0)
    assert f.get_concrete_function(ROWS) is f.get_concrete_function(tf.TensorSpec([None], tf.float32))


def test_set_shape_keeps_a_tensors_own_unknown_size():
    @tf.function(input_signature=[ROWS])
    def f(x):
        positive = tf.boolean_mask(x, x > 0)
        positive.set_shape(x.shape)
        return tf.shape(positive)[0], tf.gradients(tf.reduce_sum(positive * positive), x)[0]

    count, gradient = f(tf.constant([1.0, 3.0, -1.0, -1.0]))
    assert int(count) == 2
    np.testing.assert_array_equal(gradient.numpy(), [2, 6, 0, 0])


def test_set_shape_of_an_unknown_rank():
    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32), ROWS])
    def f(x, y):
        x.set_shape(y.shape)
        return tf.shape(x)[0], tf.shape(y)[0]

    assert _sizes(*f(tf.ones([2]), tf.ones([7]))) == (2, 7)


def test_merging_shapes_says_what_both_know():
    shape = tf.TensorShape([None, 3]).merge_with([2, None])
    assert shape.as_list() == [2, 3]
    assert tf.TensorShape([None]).merge_with(tf.TensorShape([None])).as_list() == [None]


def test_one_shape_for_two_variables():
    shape = tf.TensorShape([None])
    a, b = tf.Variable([1.0], shape=shape), tf.Variable([1.0, 2.0], shape=shape)
    f = tf.function(lambda: (tf.shape(a.read_value())[0], tf.shape(b.read_value())[0]))
    assert _sizes(*f()) == (1, 2)


def test_an_assignment_changes_the_size_of_a_variable():
    v = tf.Variable([1.0], shape=[None])

    @tf.function
    def f():
        before = tf.shape(v.read_value())[0]
        v.assign(tf.concat([v, v], 0))
        return before, tf.shape(v.read_value())[0], tf.reduce_sum(v * v)

    assert _sizes(*f()) == (1, 2, 2)
    assert _sizes(*f()) == (2, 4, 4)


@pytest.mark.parametrize("shape", [[None], None])
@pytest.mark.parametrize("traced", [False, True])
def test_gradients_for_variables_of_unknown_size(shape, traced):
    v, w = tf.Variable([1.0, 2.0], shape=shape), tf.Variable([1.0, 2.0, 3.0], shape=shape)

    def f():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(v * v) + tf.reduce_sum(v)
        return tape.gradient(loss, [v, w], unconnected_gradients="zero")

    first, second = (tf.function(f) if traced else f)()
    np.testing.assert_array_equal(first.numpy(), [3, 5])
    np.testing.assert_array_equal(second.numpy(), [0, 0, 0])


def test_gradients_for_variables_of_unknown_size_in_a_loop():
    v = tf.Variable([1.0, 2.0], shape=[None])

    @tf.function
    def f(n):
        with tf.GradientTape() as tape:
            tape.watch(v)
            loss = tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s + tf.reduce_sum(v * v)), [0, 0.0])[1]
        return tape.gradient(loss, v)

    np.testing.assert_array_equal(f(tf.constant(3)).numpy(), [6, 12])


def test_shape_invariants_may_be_the_shape_of_a_tensor():
    @tf.function(input_signature=[ROWS])
    def f(x):
        shape = tf.TensorShape([None])
        _, a, b = tf.while_loop(
            lambda i, a, b: i < 2, lambda i, a, b: (i + 1, tf.concat([a, a], 0), b[1:]), [0, x, x],
            shape_invariants=[tf.TensorShape([]), shape, shape],
        )  # fmt: skip
        _, c = tf.while_loop(lambda i, c: i < 2, lambda i, c: (i + 1, tf.concat([c, c], 0)), [0, x],
                             shape_invariants=[tf.TensorShape([]), x.shape])  # fmt: skip
        return tf.shape(a)[0], tf.shape(b)[0], tf.shape(c)[0]

    assert _sizes(*f(tf.ones([3]))) == (12, 1, 12)


def test_one_shape_for_two_placeholders():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        shape = tf.TensorShape([None])
        a, b = tf.compat.v1.placeholder(tf.float32, shape), tf.compat.v1.placeholder(tf.float32, shape)
        c = tf.compat.v1.placeholder(tf.float32, a.get_shape())
        sizes = session.run([tf.shape(a)[0], tf.shape(b)[0], tf.shape(c)[0]], {a: [1.0], b: [1.0] * 2, c: [1.0] * 3})
    assert sizes == [1, 2, 3]


def test_libraries_share_equal_first_sizes():
    step = extend.function(lambda x, y: x + y)
    step(tf.ones([4]), tf.ones([4]))
    with pytest.raises(ValueError):
        step(tf.ones([4]), tf.ones([3]))


@pytest.mark.parametrize("method", ["assign", "assign_add", "assign_sub"])
def test_an_update_does_not_change_a_known_size(method):
    v = tf.Variable(tf.zeros([1, 3]))
    f = tf.function(lambda x: getattr(v, method)(x), input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    with pytest.raises(ValueError, match="variable has shape"):
        f(tf.ones([4, 3]))
    assert v.numpy().shape == (1, 3)
    f(tf.ones([1, 3]))
    assert abs(v.numpy()).sum() == 3


def test_an_update_has_the_variables_present_shape():
    v = tf.Variable(tf.zeros([1, 3]), shape=[None, 3])
    f = tf.function(lambda x: v.assign_add(x), input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    with pytest.raises(ValueError, match="must be equal"):
        f(tf.ones([4, 3]))
    w = tf.Variable(tf.zeros([2, 3]))
    g = tf.function(lambda x: w.assign_add(x), input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    with pytest.raises(ValueError, match="variable has shape"):
        g(tf.ones([1, 3]))


def test_sums_of_shapes_over_some_axes():
    x = tf.ones([2, 3])
    unknown = [tf.TensorSpec([None, None], tf.float32)]

    def run(function):
        return tf.function(function, input_signature=unknown)(x).shape

    for reduce in (tf.reduce_sum, tf.reduce_prod):
        assert run(lambda x, reduce=reduce: tf.zeros(reduce(tf.shape(x), axis=[]))) == (2, 3)
        total = 5 if reduce is tf.reduce_sum else 6
        assert run(lambda x, reduce=reduce: tf.zeros([reduce(tf.shape(x))])) == (total,)
        assert run(lambda x, reduce=reduce: tf.zeros([reduce(tf.shape(x), axis=0)])) == (total,)
        assert run(lambda x, reduce=reduce: tf.zeros(reduce(tf.shape(x), axis=-1, keepdims=True))) == (total,)


def test_sizes_divided_by_nothing():
    one = [ROWS]
    itself = tf.function(lambda x: tf.zeros([tf.shape(x)[0] // tf.shape(x)[0]]), input_signature=one)
    rest = tf.function(lambda x: tf.zeros([tf.shape(x)[0] % tf.shape(x)[0]]), input_signature=one)
    assert itself(tf.ones([4])).shape == (1,) and rest(tf.ones([4])).shape == (0,)
    for function in (itself, rest):
        with pytest.raises(tf.errors.InvalidArgumentError):
            function(tf.ones([0]))
    two = [tf.TensorSpec([None, None], tf.float32)]
    back = tf.function(lambda x: tf.zeros([tf.size(x) // tf.shape(x)[1]]), input_signature=two)
    assert back(tf.ones([3, 2])).shape == (3,)
    with pytest.raises(tf.errors.InvalidArgumentError):
        back(tf.ones([3, 0]))
    reshaped = tf.function(lambda x: tf.reshape(x, [-1, tf.shape(x)[1]]), input_signature=two)
    assert reshaped(tf.ones([3, 2])).shape == (3, 2)


def test_a_map_over_nothing_keeps_the_inner_sizes():
    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.float32)])
    def f(x):
        doubled = tf.map_fn(lambda row: row * 2.0, x)
        return doubled, tf.concat([doubled, x], 0), tf.map_fn(
            lambda row: tf.stack([row, row]), x)

    for rows in (0, 2):
        assert [t.shape.as_list() for t in f(tf.ones([rows, 5]))] == [[rows, 5], [2 * rows, 5], [rows, 2, 5]]
