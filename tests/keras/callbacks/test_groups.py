"""`steps_per_execution`: callbacks hear of that many batches at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras


class _Heard(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, int]] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.calls.append(("train begins", batch))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        assert logs is not None and "loss" in logs
        self.calls.append(("train ends", batch))

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.calls.append(("test ends", batch))

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self.calls.append(("predict ends", batch))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.calls.append(("epoch ends", epoch))


def test_callbacks_hear_of_groups() -> None:
    x, y = np.ones((10, 2), "float32"), np.ones((10, 1), "float32")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=3)
    heard = _Heard()
    model.fit(x, y, batch_size=2, verbose=0, callbacks=[heard], validation_data=(x[:4], y[:4]))
    assert heard.calls == [
        ("train begins", 0), ("train ends", 2), ("train begins", 3), ("train ends", 5), ("test ends", 2),
        ("epoch ends", 0),
    ]  # fmt: skip
    heard.calls.clear()
    assert model.predict(x, batch_size=2, verbose=0, callbacks=[heard]).shape == (10, 1)
    assert heard.calls == [("predict ends", 2), ("predict ends", 5)]


def _model(stride: int) -> keras.Model:
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dropout(0.3),
                              keras.layers.Dense(1)])  # fmt: skip
    model.compile("adam", "mse", metrics=["mae"], steps_per_execution=stride)
    return model


_X = np.random.default_rng(0).normal(size=(22, 3)).astype("float32")
_Y = _X.sum(1, keepdims=True)


def _sources() -> dict[str, Any]:
    """Epochs of six batches, the last one shorter, in the forms that training takes."""

    def generate() -> Any:
        while True:
            for start in range(0, 22, 4):
                yield _X[start : start + 4], _Y[start : start + 4]

    weights = np.linspace(0, 1, 22).astype("float32")
    return {
        "dataset": (tf.data.Dataset.from_tensor_slices((_X, _Y)).batch(4), None),
        "generator": (generate(), 6),
        "weights": (tf.data.Dataset.from_tensor_slices((_X, _Y, weights)).batch(4), None),
        "part of an endless one": (tf.data.Dataset.from_tensor_slices((_X, _Y)).batch(4).repeat(), 5),
    }


@pytest.mark.parametrize("kind", list(_sources()))
@pytest.mark.parametrize("stride", [2, 4, 50])
def test_groups_of_an_iterable_give_the_same_bits(kind: str, stride: int) -> None:
    results = []
    for count in (1, stride):
        model = _model(count)
        data, steps = _sources()[kind]
        steps = None if steps is None else -(-steps // stride) * stride  # calls are not cut short, as in Keras
        history = model.fit(data, epochs=2, steps_per_epoch=steps, verbose=0).history
        tested = model.evaluate(_sources()[kind][0], steps=steps, verbose=0)
        predicted = model.predict(tf.data.Dataset.from_tensor_slices(_X).batch(4), verbose=0)
        results.append([*model.get_weights(), predicted, np.array(tested), np.array(history["loss"])])
    assert results[0][-3].shape == (22, 1)
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_batches_that_differ_are_run_one_by_one() -> None:
    batches = [(_X[:4], _Y[:4]), (_X[:2], _Y[:2]), (_X[:4], _Y[:4]), (_X[:4], _Y[:4])]
    model, other = _model(3), _model(1)
    model.fit(iter(batches), verbose=0)
    other.fit(iter(batches), verbose=0)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_own_train_step_is_run_for_each_batch_of_a_group() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)
            self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, data: Any) -> dict[str, Any]:
            self.seen.assign_add(1.0)
            return super().train_step(data)

    model = Own()
    model.compile("sgd", "mse", steps_per_execution=4)
    model.fit(tf.data.Dataset.from_tensor_slices((_X, _Y)).batch(4), verbose=0)
    assert float(model.seen.numpy()) == 6


def test_training_goes_on_in_the_middle_of_a_group(tmp_path: Any) -> None:
    data = tf.data.Dataset.from_tensor_slices((_X, _Y)).batch(4)

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            raise KeyboardInterrupt

    def fit(*callbacks: Any) -> keras.Model:
        model = _model(4)
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=2)
        model.fit(data, epochs=2, verbose=0, callbacks=[backup, *callbacks])
        return model

    with pytest.raises(KeyboardInterrupt):
        fit(Stop())
    undisturbed = _model(4)
    undisturbed.fit(data, epochs=2, verbose=0)
    for a, b in zip(fit().get_weights(), undisturbed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
