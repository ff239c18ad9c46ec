"""How traced functions are called: which trace is taken, what an argument is bound to."""

import numpy as np
import pytest

import weft as tf
from weft import extend

SCALAR = tf.TensorSpec([], tf.float32)


@pytest.mark.parametrize("make", [
    lambda f: tf.function(f, reduce_retracing=True), extend.function, tf.function,
], ids=["reduce_retracing", "library", "plain"])  # fmt: skip
def test_which_argument_is_the_data(make):
    f = make(lambda a, b: a - b)
    x = tf.constant([10.0])
    assert [float(f(x, 1)[0]), float(f(1, x)[0])] == [9, -9]


def test_slices_of_wholes_of_different_shapes():
    slices = [tf.IndexedSlices(tf.ones([1, 2]), tf.constant([0]), dense_shape=shape) for shape in ((4, 2), (6, 2))]
    for f in (tf.function(tf.convert_to_tensor), tf.function(tf.convert_to_tensor, reduce_retracing=True),
              extend.function(tf.convert_to_tensor)):  # fmt: skip
        assert [f(s).shape.as_list() for s in slices] == [[4, 2], [6, 2]]


def test_a_concrete_function_binds_by_name():
    def f(b, a):
        return b - a

    concrete = tf.function(f).get_concrete_function(SCALAR, SCALAR)
    one, ten = tf.constant(1.0), tf.constant(10.0)
    assert float(concrete(a=one, b=ten)) == 9
    assert float(concrete(ten, a=one)) == 9
    assert float(concrete(ten, one)) == 9
    assert float(concrete(ten, 1)) == 9  # a number becomes what the trace takes
    by_keyword = tf.function(f).get_concrete_function(a=SCALAR, b=SCALAR)
    assert float(by_keyword(a=one, b=ten)) == 9


def test_a_concrete_function_takes_numbers():
    concrete = tf.function(lambda x: x * 2.0).get_concrete_function(SCALAR)
    assert float(concrete(3.0)) == 6 and float(concrete(np.float32(3.0))) == 6


def test_a_concrete_function_refuses_what_does_not_fit():
    concrete = tf.function(lambda x, y: x + y).get_concrete_function(tf.TensorSpec([2]), tf.TensorSpec([2]))
    pair = tf.ones([2])
    with pytest.raises(TypeError, match="`y` is missing"):
        concrete(pair)
    with pytest.raises(TypeError, match="received 3"):
        concrete(pair, pair, pair)
    with pytest.raises(TypeError, match="`z`"):
        concrete(pair, z=pair)
    with pytest.raises(TypeError, match="twice"):
        concrete(pair, pair, y=pair)
    for wrong, error in ((tf.ones([2], tf.float64), tf.errors.InvalidArgumentError), (tf.ones([3]), TypeError)):
        with pytest.raises(error, match="does not fit"):
            concrete(pair, wrong)


def test_python_values_stay_those_of_the_trace():
    concrete = tf.function(lambda x, scale=2: x * scale).get_concrete_function(SCALAR, 3)
    assert float(concrete(tf.constant(2.0))) == 6 and float(concrete(tf.constant(2.0), 3)) == 6
    with pytest.raises(TypeError, match="`scale` does not fit"):
        concrete(tf.constant(2.0), 4)


def test_a_concrete_function_of_nested_arguments():
    spec = {"x": SCALAR, "y": [SCALAR, SCALAR]}
    concrete = tf.function(lambda d: d["x"] * 100.0 + d["y"][0] * 10.0 + d["y"][1]).get_concrete_function(spec)
    one, two, three = tf.constant(1.0), tf.constant(2.0), tf.constant(3.0)
    assert float(concrete({"y": [two, three], "x": one})) == 123
    assert float(concrete(d={"y": [two, three], "x": one})) == 123
    assert float(concrete(one, two, three)) == 123


def test_a_concrete_function_of_a_method():
    class Scale:
        def __init__(self):
            self.factor = 3.0

        @tf.function(input_signature=[SCALAR])
        def times(self, x):
            return x * self.factor

    scale = Scale()
    concrete = scale.times.get_concrete_function()
    assert float(concrete(2.0)) == 6 and float(concrete(x=tf.constant(2.0))) == 6


def test_a_concrete_function_of_slices():
    def whole(s):
        return tf.convert_to_tensor(s)

    def slices(size):
        return tf.IndexedSlices(tf.ones([1, 2]), tf.constant([1]), dense_shape=(size, 2))

    concrete = tf.function(whole).get_concrete_function(slices(3))
    np.testing.assert_array_equal(concrete(slices(3)).numpy(), [[0, 0], [1, 1], [0, 0]])
    with pytest.raises(TypeError, match="does not fit"):
        concrete(slices(4))


def test_the_input_signature_holds_within_other_functions():
    g = tf.function(lambda x: x * x, input_signature=[SCALAR])
    assert tf.function(lambda: g(3))().dtype is tf.float32
    with pytest.raises(TypeError, match="input_signature"):
        tf.function(lambda: g(tf.ones([2])))()
    tf.config.run_functions_eagerly(True)
    try:
        assert g(3).dtype is tf.float32
    finally:
        tf.config.run_functions_eagerly(False)


def test_numbers_that_are_not_equal_to_themselves():
    f = tf.function(lambda x: tf.constant(x) * 1.0)
    for _ in range(3):
        assert np.isnan(float(f(float("nan"))))
    f(complex("nan+1j")), f(complex("nan+1j"))
    assert f.experimental_get_tracing_count() == 2


def test_zeros_of_both_signs_are_two_programs():
    f = tf.function(lambda x: 1.0 / tf.constant(x))
    assert [float(f(0.0)), float(f(-0.0))] == [np.inf, -np.inf]


def test_arguments_by_name_keep_their_places():
    @tf.function
    def later_first(*, b, a):
        return 10 * b + a

    spec = tf.TensorSpec([])
    trace = later_first.get_concrete_function(b=spec, a=spec)
    assert float(trace(b=tf.constant(1.0), a=tf.constant(2.0))) == 12.0
    assert float(trace(a=tf.constant(2.0), b=tf.constant(1.0))) == 12.0


def test_dicts_of_other_keys_are_refused():
    def read(d):
        return d["a"]

    spec, x = {"a": tf.TensorSpec([])}, tf.constant(1.0)
    for refusing in (tf.function(read).get_concrete_function(spec), tf.function(read, input_signature=[spec])):
        assert float(refusing({"a": x})) == 1.0
        with pytest.raises(TypeError):
            refusing({"b": x})


def test_what_an_input_signature_leaves_out_is_its_default():
    @tf.function(input_signature=[tf.TensorSpec([])])
    def scaled(x, k=3):
        return x * k

    x = tf.constant(1.0)
    assert [float(scaled(x)), float(scaled(x, 3)), float(scaled(k=3, x=x))] == [3.0, 3.0, 3.0]
    for refused in (lambda: scaled(x, 4), lambda: scaled(x, k=4), lambda: scaled(x, k=tf.constant(3))):
        with pytest.raises(TypeError):
            refused()


def test_a_concrete_function_takes_the_names_of_its_specs_too():
    scalar = tf.TensorSpec([], tf.float32)
    first, second = tf.TensorSpec([], tf.float32, name="first"), tf.TensorSpec([], tf.float32, name="second")
    traced = tf.function(lambda a, b: a - b).get_concrete_function(first, second)
    three, one = tf.constant(3.0), tf.constant(1.0)
    assert traced(first=three, second=one) == traced(a=three, b=one) == traced(three, second=one) == 2
    assert traced(second=three, first=one) == -2
    with pytest.raises(TypeError, match="`second` is missing"):
        traced(first=three)
    with pytest.raises(TypeError, match="`first` was given twice"):
        traced(one, first=three)
    with pytest.raises(TypeError, match="`second` is no argument of this trace"):
        traced(a=three, second=one)
    whole = tf.function(lambda pair: pair["x"] * pair["y"]).get_concrete_function({"x": first, "y": scalar})
    assert whole({"x": three, "y": three}) == 9
