"""Layers, metrics and optimizers without state; keras.tree."""

from __future__ import annotations

import numpy as np
import pytest

import weft as tf
from weft import keras


def small_model():
    return keras.Sequential([
        keras.Input((3,)), keras.layers.Dense(2, kernel_regularizer="l2"), keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5, seed=3),
    ])  # fmt: skip


@pytest.mark.parametrize("traced", [False, True])
def test_a_stateless_step_is_the_stateful_one(traced):
    x = np.random.RandomState(0).normal(size=(8, 3)).astype(np.float32)
    model, twin = small_model(), small_model()
    twin.set_weights(model.get_weights())
    optimizer, other = keras.optimizers.SGD(0.1, momentum=0.9), keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer.build(model.trainable_variables)
    before = [v.numpy() for v in (*model.variables, *optimizer.variables)]

    def step(trainable, rest, state, x):
        with tf.GradientTape() as tape:
            tape.watch(trainable)
            y, rest, losses = model.stateless_call(trainable, rest, x, training=True, return_losses=True)
            loss = tf.reduce_mean(y**2) + sum(losses)
        trainable, state = optimizer.stateless_apply(state, tape.gradient(loss, trainable), trainable)
        return loss, trainable, rest, state

    run = tf.function(step) if traced else step
    state = [[tf.convert_to_tensor(v) for v in part]
             for part in (model.trainable_variables, model.non_trainable_variables, optimizer.variables)]  # fmt: skip
    for _ in range(3):
        loss, *state = run(*state, x)
        with tf.GradientTape() as tape:
            wanted = tf.reduce_mean(twin(x, training=True) ** 2) + sum(twin.losses)
        other.apply_gradients(zip(tape.gradient(wanted, twin.trainable_variables), twin.trainable_variables))
        np.testing.assert_allclose(loss, wanted, rtol=1e-5)
    for value, variable in zip(state[0] + state[1], twin.trainable_variables + twin.non_trainable_variables):
        np.testing.assert_allclose(value, variable.numpy(), rtol=1e-4, atol=1e-6)
    for value, variable in zip(before, (*model.variables, *optimizer.variables)):
        np.testing.assert_array_equal(value, variable.numpy())


def test_calls_without_state_are_refused_where_they_cannot_be():
    layer = keras.layers.Dense(2)
    with pytest.raises(ValueError, match="before it is built"):
        layer.stateless_call([], [], np.ones((1, 3), np.float32))
    layer.build((None, 3))
    with pytest.raises(ValueError, match="one value a variable"):
        layer.stateless_call([np.ones((3, 2))], [], np.ones((1, 3), np.float32))
    with pytest.raises(ValueError, match="another one"):
        layer.stateless_call([np.ones((3, 1)), np.ones(2)], [], np.ones((1, 3), np.float32))


def test_metrics():
    metric = keras.metrics.SparseCategoricalAccuracy()
    state = metric.stateless_reset_state()
    state = metric.stateless_update_state(state, np.array([1, 0]), np.array([[0.1, 0.9], [0.2, 0.8]], np.float32))
    assert float(metric.stateless_result(state)) == 0.5 and float(metric.result()) == 0.0


def test_scope():
    v = keras.Variable([1.0, 2.0])
    with keras.StatelessScope() as scope:
        assert scope.get_current_value(v) is None
        v.assign_sub([1.0, 1.0])
        assert v.numpy().tolist() == [0.0, 1.0] and float(tf.reduce_sum(v)) == 1.0
        v.scatter_add(tf.IndexedSlices(tf.constant([5.0]), tf.constant([1])))
    assert scope.get_current_value(v).numpy().tolist() == [0.0, 6.0] and v.numpy().tolist() == [1.0, 2.0]
    generator = keras.random.SeedGenerator(3)
    with keras.StatelessScope():
        first = keras.random.normal((2,), seed=generator)
        assert (first.numpy() != keras.random.normal((2,), seed=generator).numpy()).all()
    np.testing.assert_array_equal(keras.random.normal((2,), seed=generator), first)


class TestTree:
    tree = {"b": [1, (2, 3)], "a": 4}

    def test_flatten_and_pack(self):
        assert keras.tree.flatten(self.tree) == [4, 1, 2, 3]
        assert keras.tree.flatten_with_path(self.tree)[-1] == (("b", 1, 1), 3)
        assert keras.tree.pack_sequence_as(self.tree, list("wxyz")) == {"b": ["x", ("y", "z")], "a": "w"}
        with pytest.raises(ValueError, match="one leaf a place"):
            keras.tree.pack_sequence_as(self.tree, [1])
        assert keras.tree.is_nested({}) and not keras.tree.is_nested("ab")

    def test_map(self):
        assert keras.tree.map_structure(lambda a, b: a * b, self.tree, self.tree) == {"b": [1, (4, 9)], "a": 16}
        assert keras.tree.map_structure(str, [None, 1], none_is_leaf=False) == [None, "1"]
        assert keras.tree.map_structure_up_to([0, 0], lambda part: len(part), [[1, 2], (3,)]) == [2, 1]
        assert keras.tree.map_shape_structure(lambda shape: shape[0], {"x": (3, None), "y": [(2,)]}) == {
            "x": 3,
            "y": [2],
        }
        assert keras.tree.lists_to_tuples([1, [2, {"a": [3]}]]) == (1, (2, {"a": (3,)}))

    def test_compare(self):
        keras.tree.assert_same_structure(self.tree, {"b": [0, (0, 0)], "a": 0})
        with pytest.raises(ValueError, match="same nested form at b/1"):
            keras.tree.assert_same_structure(self.tree, {"b": [0, [0, 0]], "a": 0})
        keras.tree.assert_same_paths([1, (2,)], (1, [2]))
        with pytest.raises(ValueError, match="same paths"):
            keras.tree.assert_same_paths([1], [1, 2])

    def test_traverse(self):
        found = keras.tree.traverse(lambda part: part * 2 if isinstance(part, int) else None, self.tree)
        assert found == {"b": [2, (4, 6)], "a": 8}
        assert keras.tree.traverse(lambda part: keras.tree.MAP_TO_NONE if part == 4 else None, [4, 5]) == [None, 5]
