"""Name scopes as objects, symbolic tensors' fixed attributes, and structures that `keras.tree` takes apart."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras.core import global_state
from weft.keras.core.remat import get_current_remat_mode

Point = namedtuple("Point", ["x", "y"])


class TestNameScopes:
    def test_a_scope_knows_its_name(self) -> None:
        with keras.name_scope("outer") as scope:
            assert scope.name == "outer"
            with keras.name_scope("inner"):
                assert keras.Variable(1.0, name="v").path == "outer/inner/v"
        assert keras.Variable(1.0, name="v").path == "v"

    def test_the_same_caller_opens_it_once(self) -> None:
        with keras.name_scope("a", caller=self), keras.name_scope("a", caller=self):
            assert keras.Variable(1.0, name="v").path == "a/v"
        with keras.name_scope("a", caller=self), keras.name_scope("a", caller=self, deduplicate=False):
            assert keras.Variable(1.0, name="v").path == "a/a/v"

    def test_another_parent(self) -> None:
        with keras.name_scope("outer"), keras.name_scope("middle", override_parent="/some/path"):
            with keras.name_scope("inner"):
                assert keras.Variable(1.0, name="v").path == "some/path/middle/inner/v"

    @pytest.mark.parametrize("name", ["a/b", 4])
    def test_a_name_is_text_without_slashes(self, name: object) -> None:
        with pytest.raises(ValueError, match="must be a string without"):
            keras.name_scope(name)  # type: ignore[arg-type]


class TestSymbolicTensors:
    @pytest.mark.parametrize("name", ["shape", "dtype", "sparse", "ragged", "ragged_rank", "row_splits_dtype"])
    def test_what_is_fixed(self, name: str) -> None:
        with pytest.raises(AttributeError, match=f"`{name}` attribute of KerasTensor is immutable"):
            setattr(keras.KerasTensor((3,)), name, 1)

    def test_not_sparse_and_ragged(self) -> None:
        with pytest.raises(ValueError, match="cannot have"):
            keras.KerasTensor((3,), sparse=True, ragged=True)

    def test_methods(self) -> None:
        x = keras.KerasTensor((3, 2)).reshape((6, 1))
        assert x.shape == (6, 1) and x.squeeze().shape == (6,) and x.squeeze(axis=1).shape == (6,)

    def test_a_variable_from_the_name_of_an_initializer(self) -> None:
        v = keras.Variable("ones", shape=(2,))
        assert v.dtype == "float32" and v.numpy().tolist() == [1.0, 1.0]

    def test_programs_ask_for_tensorflow(self) -> None:
        assert keras.backend.backend() == keras.config.backend() == "tensorflow"


class TestTrees:
    def test_deques(self) -> None:
        tree = keras.tree
        assert tree.is_nested(deque()) and tree.flatten([deque([1, 2]), 3]) == [1, 2, 3]
        assert tree.map_structure(lambda a: a + 1, deque([1, 2])) == deque([2, 3])
        assert tree.pack_sequence_as(deque([0, 0]), [5, 6]) == deque([5, 6])

    def test_ordered_dicts_keep_their_order_and_default_dicts_their_default(self) -> None:
        ordered = OrderedDict([("b", 2), ("a", 1)])
        assert keras.tree.flatten(ordered) == [2, 1] and keras.tree.flatten(dict(ordered)) == [1, 2]
        made = keras.tree.map_structure(lambda a: a * 2, defaultdict(list, b=2, a=1))
        assert made == {"a": 2, "b": 4} and made.default_factory is list

    def test_paths(self) -> None:
        assert keras.tree.flatten_with_path(Point(1, [2])) == [((0,), 1), ((1, 0), 2)]
        keras.tree.assert_same_paths(OrderedDict(b=1, a=2), OrderedDict(a=1, b=2))

    def test_no_shape_is_a_leaf_all_the_same(self) -> None:
        assert keras.tree.map_shape_structure(lambda s: s, {"a": (1, None), "b": "no"}) == {"a": (1, None), "b": "no"}


class TestOperators:
    """Dtypes that differ meet by Keras' promotion."""

    @staticmethod
    def variable(dtype: str) -> keras.Variable:
        return keras.Variable("ones", shape=(2,), dtype=dtype)

    @pytest.mark.parametrize("make", [lambda d: keras.Variable("ones", shape=(2,), dtype=d),
                                      lambda d: keras.KerasTensor((2,), d)])  # fmt: skip
    def test_two_dtypes(self, make: Any) -> None:
        assert (make("float16") + make("float32")).dtype == "float32"
        assert (make("int8") * make("int16")).dtype == "int16"
        assert (make("bfloat16") - make("bool")).dtype == "bfloat16"
        assert (make("int32") < make("float32")).dtype == "bool"
        assert (make("int32") / make("int32")).dtype == (1 / make("int32")).dtype == "float32"
        assert (make("int32") & make("int32")).dtype == "bool"
        assert (make("float16") * 2).dtype == "float16"

    def test_equal_elements(self) -> None:
        found = self.variable("int16") == self.variable("float16")
        assert found.numpy().tolist() == [True, True]
        assert not (self.variable("int8") != self.variable("int16")).numpy().any()
        assert (self.variable("float32") == None) is False  # noqa: E711
        with pytest.raises(TypeError, match="unhashable"):  # since == compares elements
            hash(self.variable("float32"))

    def test_values_are_cast_to_what_they_are_assigned_to(self) -> None:
        variable = self.variable("int64")
        variable.assign(tf.constant([2.7, 1.0]))
        assert variable.numpy().tolist() == [2, 1]
        assert round(self.variable("float32")).numpy().tolist() == [1.0, 1.0]

    def test_in_a_model_whose_inputs_have_dtypes_of_their_own(self) -> None:
        x, y = keras.Input((2,), dtype="int32"), keras.Input((2,), dtype="float16")
        model = keras.Model([x, y], (x + y) * 0.5 / (x + 1))
        data = [np.ones((1, 2), "int32"), np.ones((1, 2), "float16")]
        for one in (model, keras.models.model_from_json(model.to_json())):
            found = one(data)
            assert found.dtype == "float16" and found.numpy().tolist() == [[0.5, 0.5]]


def test_scopes_outlive_a_cleared_session() -> None:
    """What Keras keeps for a thread is forgotten; scopes that are open then end without an error."""
    scope = keras.name_scope("outer")
    with scope:
        assert scope._pop_on_exit
        keras.utils.clear_session()
        assert keras.Variable(1.0, name="inner").path == "inner"
    with keras.name_scope("next"):
        assert keras.Variable(1.0, name="inner").path == "next/inner"


def test_what_is_asked_of_memory_is_told() -> None:
    assert get_current_remat_mode() is None
    with keras.RematScope("full") as outer, keras.RematScope("activations"):
        assert get_current_remat_mode().mode == "activations"
    assert get_current_remat_mode() is None and outer.mode == "full"


def test_attributes_of_a_thread() -> None:
    assert global_state.get_global_attribute("asked by nobody") is None
    kept = global_state.get_global_attribute("kept", [], set_to_default=True)
    assert global_state.get_global_attribute("kept") is kept
    global_state.set_global_attribute("kept", None)
    assert global_state.get_global_attribute("kept", "other") == "other"


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: keras.DTypePolicy(123), TypeError),
        (lambda: keras.dtype_policies.DTypePolicyMap(policy_map=123), TypeError),  # type: ignore[arg-type]
        (lambda: keras.initializers.get(np.ones((2, 2)))(shape=(3, 3)), ValueError),
    ],
)
def test_refused(call: Any, kind: type) -> None:
    with pytest.raises(kind, match="must be|Expected"):
        call()
