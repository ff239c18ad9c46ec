"""Steps that fail natively: the reference's error, and nothing of the step has happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras import layers
from weft.runtime import dispatch

_RNG = np.random.default_rng(0)
_X = _RNG.standard_normal((16, 20)).astype(np.float32)
_Y = _RNG.integers(0, 5, 16)
_INDICES = _RNG.integers(0, 30, (16, 6)).astype(np.int32)


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    dispatch.use_engine("native")
    yield
    dispatch.use_engine(None)


def _with(array: Any, place: Any, value: Any) -> Any:
    changed = array.copy()
    changed[place] = value
    return changed


def _mlp(middle: Callable[[Any], Any] = lambda x: x) -> Any:
    return keras.Sequential([
        keras.Input((20,)), layers.Dense(33, activation="relu"), layers.Lambda(middle), layers.Dropout(0.3),
        layers.BatchNormalization(), layers.Dense(5, activation="softmax"),
    ])  # fmt: skip


def _embedding() -> Any:
    return keras.Sequential([
        keras.Input((6,), dtype="int32"), layers.Embedding(30, 8), layers.Flatten(), layers.Dropout(0.2),
        layers.Dense(5, activation="softmax"),
    ])  # fmt: skip


def _divided(x: Any) -> Any:
    wide = tf.cast(tf.reduce_max(x, axis=1) > 100.0, tf.int32)
    return x * tf.cast(12 // (1 - wide), tf.float32)[:, None]


def _bounded(x: Any) -> Any:
    tf.debugging.assert_less(tf.reduce_max(x), 50.0, message="too big")
    return x * 2.0


#: name -> (model, good inputs, bad ones, bad labels)
_CASES: dict[str, tuple[Callable[[], Any], Any, Any, Any]] = {
    "label above": (_mlp, _X, _X, _with(_Y, 3, 7)),
    "label below": (_mlp, _X, _X, _with(_Y, 15, -1)),
    "index above": (_embedding, _INDICES, _with(_INDICES, (2, 3), 30), _Y),
    "index below": (_embedding, _INDICES, _with(_INDICES, (15, 5), -1), _Y),
    "index far away": (_embedding, _INDICES, _with(_INDICES, (0, 0), 2**31 - 1), _Y),
    "division": (lambda: _mlp(_divided), _X, _with(_X, (4, 4), 1e6), _Y),
    "not a number": (lambda: _mlp(lambda x: tf.debugging.check_numerics(x, "here")), _X, _with(_X, 4, np.nan), _Y),
    "assertion": (lambda: _mlp(_bounded), _X, _X * 1000, _Y),
}


def _values(model: Any) -> list[Any]:
    streams = [variable for layer in model.layers for variable in layer.variables]
    return [np.array(v) for v in (*model.get_weights(), *map(np.asarray, (*streams, *model.optimizer.variables)))]


def _error(step: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(Exception) as caught:
        step()
    return type(caught.value).__name__, str(caught.value)


def _steps(engine: str, name: str, bad: bool) -> tuple[Any, list[tuple[str, str]], list[float]]:
    """Good steps of a model, where asked for with bad ones between them that must change nothing."""
    dispatch.use_engine(engine)
    make, x, wrong_x, wrong_y = _CASES[name]
    keras.utils.clear_session()  # errors name the layers: each time by the same names
    keras.utils.set_random_seed(5)
    model = make()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    losses, errors = [float(model.train_on_batch(x, _Y)[0])], []
    for _ in range(2):
        if bad:
            before = _values(model)
            errors.append(_error(lambda: model.train_on_batch(wrong_x, wrong_y)))
            for found, wanted in zip(_values(model), before, strict=True):
                np.testing.assert_array_equal(found, wanted)
        losses.append(float(model.train_on_batch(x, _Y)[0]))
        losses.append(float(model.train_on_batch(x[:11], _Y[:11])[0]))
    return _values(model), errors, losses


@pytest.mark.parametrize("name", _CASES)
def test_a_step_that_fails_has_never_been(name: str) -> None:
    values, errors, losses = _steps("native", name, bad=True)
    wanted_values, _, wanted_losses = _steps("native", name, bad=False)
    assert losses == wanted_losses
    for found, wanted in zip(values, wanted_values, strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert errors == _steps("reference", name, bad=True)[1]


def test_draws_go_on_where_they_were() -> None:
    def draws(bad: bool) -> list[Any]:
        tf.random.set_seed(4)
        generator = tf.random.Generator.from_seed(7)
        table = tf.Variable(np.arange(5, dtype=np.float32))

        @tf.function
        def step(index: Any) -> Any:
            noise = generator.normal([3]) + tf.random.uniform([3])
            table.assign_add(tf.ones(5))
            return noise + tf.gather(table, index)

        found = []
        for turn in range(4):
            if bad and turn > 1:
                with pytest.raises(Exception, match="out of range"):
                    step(tf.constant(5))
            found.append(step(tf.constant(turn)).numpy())
        return [*found, table.numpy(), np.asarray(generator.state)]

    for found, wanted in zip(draws(True), draws(False), strict=True):
        np.testing.assert_array_equal(found, wanted)
