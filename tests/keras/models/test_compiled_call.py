"""`model(x)` as one compiled function: the same as layer after layer, and only where nobody can tell."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras import layers
from weft.keras.layers.layer import Layer
from weft.keras.models.compiled_call import _is_known
from weft.runtime import dispatch

X = np.random.default_rng(0).random((6, 8, 8, 2)).astype(np.float32)


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    dispatch.use_engine("native")
    keras.utils.set_random_seed(1)
    yield
    dispatch.use_engine(None)


def network() -> Any:
    return keras.Sequential([
        keras.Input((8, 8, 2)), layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.Flatten(),
        layers.Dropout(0.5), layers.Dense(3, activation="softmax"),
    ])  # fmt: skip


def test_the_usual_layers_are_known_to_be_as_weft_made_them() -> None:
    merged = [layers.Add(), layers.Concatenate(), layers.Reshape((2, 2)), layers.Permute((1,))]
    for layer in [*network().layers, *merged]:
        assert _is_known(layer), layer


def layer_by_layer(model: Any, x: Any, **kwargs: Any) -> Any:
    return Layer.__call__(model, x, **kwargs).numpy()


def is_compiled(model: Any) -> bool:
    found = model._weft_compiled_call
    return found is not None and found._fits and bool(found._functions)


def agree(model: Any, x: Any = X, **kwargs: Any) -> bool:
    found = model(x, **kwargs)
    assert isinstance(found, tf.Tensor)
    np.testing.assert_allclose(found.numpy(), layer_by_layer(model, x, **kwargs), rtol=2e-5, atol=1e-6)
    return is_compiled(model)


def test_it_is_what_layers_give() -> None:
    model = network()
    for x in (X, X[:1], tf.constant(X[:3]), X.astype(np.float64), X[::2], X.transpose(0, 2, 1, 3)):
        for kwargs in ({}, {"training": False}, {"training": None}):
            assert agree(model, x, **kwargs)


def test_equal_calls_give_equal_bits() -> None:
    model = network()
    first = model(X).numpy()
    model.predict(X, verbose=0)
    np.testing.assert_array_equal(model(tf.constant(X)).numpy(), first)


def test_what_happens_to_the_weights_is_seen() -> None:
    model = network()
    before = model(X).numpy()
    model.layers[-1].bias.assign([0.0, 5.0, 0.0])
    assert agree(model) and not np.allclose(model(X).numpy(), before)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(X, np.zeros(6), verbose=0)
    assert agree(model)
    model.set_weights([w * 0.5 for w in model.get_weights()])
    assert agree(model)


def test_what_happens_to_layers_is_seen() -> None:
    model = network()
    assert agree(model)
    model.layers[-1].activation = keras.activations.linear
    assert agree(model)
    assert not np.allclose(model(X).numpy().sum(1), 1.0)
    model.layers[-1].bias = model.layers[-1].add_weight(shape=(3,), initializer="ones", name="other")
    assert agree(model)
    model.layers[0].call = lambda inputs: tf.zeros((6, 6, 6, 4))
    assert not agree(model)


def test_what_happens_to_classes_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    assert agree(model)
    calls = []
    real = layers.Dense.call

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(layers.Dense, "call", call)
    for _ in range(3):
        model(X)
    assert len(calls) == 3


def test_training_runs_layer_by_layer() -> None:
    model = network()
    before = model.layers[1].moving_mean.numpy()
    assert not np.allclose(model(X, training=True).numpy(), model(X, training=True).numpy())
    assert not np.allclose(model.layers[1].moving_mean.numpy(), before)


def test_tapes_see_the_layers() -> None:
    model = network()
    model(X)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(X) ** 2)
    assert all(gradient is not None for gradient in tape.gradient(loss, model.trainable_variables))


class Noted(layers.Layer):
    """A layer of a user's, with an effect that Python sees."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def call(self, inputs: Any) -> Any:
        self.calls += 1
        return inputs + 0.0


def _with(*more: Any) -> Any:
    return keras.Sequential([keras.Input((8, 8, 2)), *more, layers.Flatten(), layers.Dense(2)])


def test_layers_of_users_are_called_each_time() -> None:
    noted = Noted()
    model = _with(noted)
    before = noted.calls
    for _ in range(3):
        model(X)
    assert noted.calls == before + 3


@pytest.mark.parametrize("layer", [
    lambda: layers.Lambda(lambda x: x * 2.0), lambda: layers.Activation(lambda x: tf.nn.relu(x)),
    lambda: layers.Conv2D(2, 3, activity_regularizer="l2"), lambda: layers.GaussianNoise(1.0, seed=3),
    lambda: layers.ActivityRegularization(0.1),
], ids=["lambda", "function", "activity", "noise", "activity layer"])  # fmt: skip
def test_other_models_run_as_ever(layer: Any) -> None:
    model = _with(layer())
    model(X)
    losses = [float(loss) for loss in model.losses]
    layer_by_layer(model, X)
    assert losses == [float(loss) for loss in model.losses]
    if not isinstance(model.layers[0], layers.GaussianNoise):
        assert not is_compiled(model)


def test_masks_go_on() -> None:
    model = keras.Sequential([keras.Input((5,), dtype="int32"), layers.Embedding(9, 4, mask_zero=True)])
    found = model(np.array([[1, 2, 0, 0, 0]]))
    np.testing.assert_array_equal(found._keras_mask.numpy(), [[True, True, False, False, False]])


def test_structures_of_inputs_and_outputs() -> None:
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    model = keras.Model({"a": a, "b": b}, {"sum": layers.Add()([a, b]), "both": layers.Concatenate()([a, b])})
    x = {"a": X[:, 0, :, 0][:, :3], "b": X[:, 1, :, 0][:, :3]}
    found = model(x)
    assert list(found) == ["sum", "both"] and is_compiled(model)
    np.testing.assert_allclose(found["sum"].numpy(), x["a"] + x["b"], rtol=1e-6)
    assert found["both"].shape == (6, 6)


def test_errors_are_those_of_the_layers() -> None:
    model = keras.Sequential([keras.Input((2,), dtype="int32"), layers.Embedding(9, 4)])
    model(np.array([[1, 2]]))
    for _ in range(2):
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            model(np.array([[1, 22]]))
        assert any("layer `embedding" in note for note in caught.value.__notes__)
    with pytest.raises(ValueError, match="expected"):
        model(np.zeros((2, 3, 4)))


def test_numerics_are_checked_op_by_op() -> None:
    model = _with()
    model(X)
    tf.debugging.enable_check_numerics()
    try:
        with pytest.raises(tf.errors.InvalidArgumentError):
            model(X * np.nan)
    finally:
        tf.debugging.disable_check_numerics()


def test_in_a_graph_it_is_part_of_the_graph() -> None:
    model = network()
    wanted = model(X).numpy()
    np.testing.assert_allclose(tf.function(lambda x: model(x))(X).numpy(), wanted, rtol=1e-6)
    outer = keras.Sequential([keras.Input((8, 8, 2)), model])
    np.testing.assert_allclose(outer(X).numpy(), wanted, rtol=1e-5)
    assert model(keras.Input((8, 8, 2))).shape == (None, 3)


def test_copies_and_their_end() -> None:
    model = network()
    wanted = model(X).numpy()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other._weft_compiled_call is None
        np.testing.assert_array_equal(other(X).numpy(), wanted)
        other.layers[-1].bias.assign([9.0, 0.0, 0.0])
    np.testing.assert_array_equal(model(X).numpy(), wanted)
    reference = weakref.ref(model)
    del model, other
    gc.collect()
    assert reference() is None


def test_lengths_that_change_do_not_compile_anew() -> None:
    model = keras.Sequential([keras.Input((None, 3)), layers.Conv1D(4, 2), layers.GlobalAveragePooling1D()])
    for length in range(4, 9):
        assert not agree(model, np.ones((2, length, 3), np.float32))
