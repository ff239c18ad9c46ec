"""What packages take from TensorFlow's private modules."""

import importlib
import unittest

import numpy as np
import pytest

import weft as tf
from weft.compat import old_paths
from weft.compat.internals import (
    combinations,
    composite,
    decorating,
    elements,
    matrices,
    running,
    structures,
    testing,
    variables,
)


def test_every_path_leads_to_a_module():
    places = {place for given in old_paths.TENSORFLOW.values() for place in given if place.startswith("internals")}
    for place in places:
        parts = place.split(".")
        module = importlib.import_module(".".join(["weft.compat", *parts[:2]]))
        for part in parts[2:]:
            module = getattr(module, part)
        assert module is not None


def test_structures_as_far_as_another_one_goes():
    shallow, tree = {"b": 0, "a": (0, 0)}, {"a": ([1, 2], 3), "b": {"c": 4}}
    assert structures.flatten_up_to(shallow, tree) == [[1, 2], 3, {"c": 4}]
    assert structures.map_structure_up_to(shallow, lambda x, y: (x, y), tree, tree)["b"] == ({"c": 4}, {"c": 4})
    paths = structures.map_structure_with_tuple_paths_up_to(shallow, lambda path, _: path, tree)
    assert paths == {"a": (("a", 0), ("a", 1)), "b": ("b",)}
    assert structures.flatten_with_joined_string_paths({"a": [1, 2]}) == [("a/0", 1), ("a/1", 2)]
    with pytest.raises(ValueError, match="keys"):
        structures.assert_shallow_structure({"x": 0}, {"y": 0})
    with pytest.raises(TypeError, match="none"):
        structures.assert_shallow_structure([0], 1)
    taken = structures.get_traverse_shallow_structure(lambda s: not isinstance(s, list), {"a": [1, 2], "b": (3,)})
    assert taken == {"a": False, "b": (True,)}


def test_lists_are_leaves_of_elements():
    assert elements.flatten(([1, 2], {"a": 3})) == [[1, 2], 3]
    assert elements.map_structure(len, ([1, 2],)) == (2,)


def test_identity_goes_before_equality():
    first, second = [1], [1]
    kept = structures.ObjectIdentitySet([first])
    assert first in kept and second not in kept
    assert structures.ObjectIdentityDictionary([(first, 1), (second, 2)])[second] == 2
    assert structures.Reference(first) == structures.Reference(first) != structures.Reference(second)


def test_a_known_condition_calls_one_function():
    assert running.smart_cond(True, lambda: 1, lambda: 1 / 0) == 1
    assert running.smart_cond(tf.constant(False), lambda: 1 / 0, lambda: 2) == 2
    traced = tf.function(lambda x: running.smart_cond(x > 0, lambda: x, lambda: -x))
    assert float(traced(tf.constant(-3.0))) == 3.0
    with pytest.raises(TypeError, match="pred"):
        running.smart_cond("yes", lambda: 1, lambda: 2)


def test_slices_are_moved_back_into_the_tensor():
    x = tf.range(6)
    assert running.dynamic_slice(x, [5], [3]).numpy().tolist() == [3, 4, 5]
    assert running.dynamic_update_slice(x, [8, 9], [5]).numpy().tolist() == [0, 1, 2, 3, 8, 9]
    assert running.dynamic_update_slice(tf.zeros([2, 2]), [[7.0]], [1, 0]).numpy().tolist() == [[0, 0], [7, 0]]


def test_modes():
    with running.graph_mode():
        assert not tf.executing_eagerly()
        with running.eager_mode():
            assert tf.executing_eagerly()
    assert running.context().executing_eagerly()


def test_decorators_look_like_what_they_wrap(caplog):
    @decorating.deprecated_args("2030-01-01", "Leave it out.", "old")
    def function(a, b=2, *, old=None):
        """Says something."""
        return a + b

    assert decorating.getfullargspec(function).args == ["a", "b"]
    with caplog.at_level("WARNING", logger="tensorflow"):
        assert function(1) == 3 and not caplog.records
        assert function(1, old=1) == 3 and "old" in caplog.text
    wrapped = decorating.make_decorator(function, lambda *args: function(*args) * 2)
    assert wrapped(1) == 6 and wrapped.__doc__ == "Says something."
    assert decorating.unwrap(wrapped)[1] is function
    assert decorating.deprecated_argument_lookup("new", None, "old", 3) == 3
    with pytest.raises(ValueError, match="new"):
        decorating.deprecated_argument_lookup("new", 1, "old", 3)


def test_descriptions_of_ones_own():
    class Pair(composite.CompositeTensor):
        def __init__(self, a, b):
            self.a, self.b = a, b

        @property
        def _type_spec(self):
            return PairSpec(self.a.shape)

    @composite.register("tests.Pair")
    class PairSpec(composite.TypeSpec):
        value_type = Pair

        def __init__(self, shape):
            self.shape = shape

        def _serialize(self):
            return (self.shape,)

    pair = Pair(tf.zeros([2]), tf.ones([2]))
    spec = composite.type_spec_from_value(pair)
    assert spec == PairSpec(tf.TensorShape([2])) and hash(spec) == hash(PairSpec(tf.TensorShape([2])))
    assert PairSpec(tf.TensorShape([None])).is_compatible_with(pair)
    assert not PairSpec(tf.TensorShape([3])).is_compatible_with(pair)
    assert composite.lookup("tests.Pair") is PairSpec
    assert isinstance(tf.ragged.constant([[1], []]), composite.CompositeTensor)
    assert composite.type_spec_from_value(tf.Variable(1.0)).trainable


def test_weights_are_broadcast_where_they_fit():
    values = tf.zeros([2, 3])
    assert variables.broadcast_weights(2.0, values).numpy().tolist() == np.full((2, 3), 2.0).tolist()
    assert variables.broadcast_weights([[1.0], [2.0]], values).shape == (2, 3)
    with pytest.raises(ValueError, match="weights"):
        variables.broadcast_weights([1.0, 2.0], values)


def test_sparse_matrices():
    a = tf.constant([[0.0, 2.0], [1.0, 0.0]])
    csr = matrices.CSRSparseMatrix(a)
    assert matrices.matmul(csr, tf.ones([2, 1])).numpy().tolist() == [[2.0], [1.0]]
    square = matrices.matmul(csr, matrices.CSRSparseMatrix(tf.sparse.from_dense(a)))
    assert square.to_sparse_tensor().indices.numpy().tolist() == [[0, 0], [1, 1]]
    batch = matrices.CSRSparseMatrix(tf.stack([a, 2.0 * a]))
    assert matrices.matmul(batch, tf.ones([2, 2, 1])).numpy().tolist() == [[[2.0], [1.0]], [[4.0], [2.0]]]


def test_what_is_refused_says_so():
    from weft.compat.internals import refused

    class Own(refused.Base):
        pass

    with pytest.raises(NotImplementedError, match="Base"):
        Own()


def test_a_gradient_is_refused():
    with pytest.raises(LookupError, match="because"), tf.GradientTape() as tape:
        x = tf.Variable(2.0)
        y = variables.prevent_gradient(x * 3.0, "because")
        tape.gradient(y, x)


def test_methods_in_both_modes():
    seen = []

    class Both(tf.test.TestCase):
        @testing.run_in_graph_and_eager_modes
        def test_sum(self):
            seen.append(tf.executing_eagerly())
            self.assertEqual(self.evaluate(tf.constant(1) + 1), 2)

    result = unittest.TestResult()
    Both("test_sum").run(result)
    assert result.wasSuccessful(), result.errors + result.failures
    assert seen == [False, True]


def test_what_classes_like_tensors_take_over():
    assert all(hasattr(tf.Tensor, name) for name in tf.Tensor.OVERLOADABLE_OPERATORS)
    assert "__matmul__" in tf.Tensor.OVERLOADABLE_OPERATORS and "__len__" not in tf.Tensor.OVERLOADABLE_OPERATORS


def test_signatures_say_nothing_of_types():
    assert decorating.getfullargspec(tf.rank) == decorating.getfullargspec(lambda input, name=None: None)


def test_an_optimizers_variables_may_be_called():
    optimizer = tf.keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer.build([tf.Variable([1.0])])
    assert optimizer.variables() == optimizer.variables and len(optimizer.variables()) == 3


def test_a_test_for_each_combination():
    seen = []

    class Case(tf.test.TestCase):
        @combinations.generate(combinations.combine(mode=["graph", "eager"], x=[1, 2]))
        def test_modes(self, x):
            seen.append((x, tf.executing_eagerly()))

        @combinations.generate(combinations.times(combinations.combine(y=5), combinations.combine(z=[tf.float32])))
        def test_times(self, y, z):
            seen.append((y, z))

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    assert result.wasSuccessful(), result.errors
    assert seen == [(1, True), (2, True), (1, False), (2, False), (5, tf.float32)]
    assert [name for name in dir(Case) if name.startswith("test_") and name != "test_session"] == [
        "test_modes_test_mode_eager_x_1", "test_modes_test_mode_eager_x_2", "test_modes_test_mode_graph_x_1",
        "test_modes_test_mode_graph_x_2", "test_times_test_y_5_z_dtypefloat32",
    ]  # fmt: skip
    assert combinations.combine(a=[1, 2], c=None) == [{"a": 1, "c": None}, {"a": 2, "c": None}]
    with pytest.raises(ValueError, match="two of the lists"):
        combinations.times(combinations.combine(a=1), combinations.combine(a=2))


def test_shapes_by_the_private_name():
    assert variables.shape_internal(tf.ones([2, 3]), optimize=False).numpy().tolist() == [2, 3]
