"""Whole training steps on the native engine against the reference, and what must hold of their bits and their state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import weft as tf
from tests.engines.programs import convolutions, data, mlp, refuses_a_label
from weft import keras
from weft.base import flags
from weft.engines.native.executable import Executable
from weft.runtime import dispatch

pytestmark = pytest.mark.either_schedule


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    dispatch.use_engine("native")
    yield
    dispatch.use_engine(None)


def _train(
    make: Any, engine: str, optimizer: str = "adam", threads: int | None = None
) -> tuple[list[float], list[Any]]:
    dispatch.use_engine(engine)
    if threads is not None:
        flags._overrides["WEFT_NUM_THREADS"] = str(threads)
    try:
        keras.utils.set_random_seed(5)
        model = make()
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        x, y = data(model, 44)  # the last batch is a short one
        history = model.fit(x, y, batch_size=16, epochs=3, verbose=0)
        return history.history["loss"], model.get_weights()
    finally:
        flags._overrides.pop("WEFT_NUM_THREADS", None)


@pytest.mark.parametrize("make", [mlp, convolutions])
@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop"])
def test_training_is_the_reference_engines(make: Any, optimizer: str) -> None:
    losses, weights = _train(make, "native", optimizer)
    wanted_losses, wanted_weights = _train(make, "reference", optimizer)
    np.testing.assert_allclose(losses, wanted_losses, rtol=2e-4)
    for found, wanted in zip(weights, wanted_weights, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("make", [mlp, convolutions])
def test_the_same_bits_for_any_number_of_threads(make: Any) -> None:
    losses, weights = _train(make, "native", threads=1)
    for count in (2, 3, 8):
        again, others = _train(make, "native", threads=count)
        assert again == losses
        for found, wanted in zip(others, weights, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_a_step_that_fails_changes_nothing() -> None:
    model = mlp()
    refuses_a_label(model, model.train_on_batch)


def test_an_array_that_somebody_holds_is_not_updated_under_them() -> None:
    v = tf.Variable([1.0, 2.0])
    step = tf.function(lambda: v.assign_add([1.0, 1.0]))
    step()
    held = v.read_value()
    view = np.asarray(held)[:1]
    for _ in range(3):
        step()
    np.testing.assert_array_equal(held.numpy(), [2.0, 3.0])
    np.testing.assert_array_equal(view, [2.0])
    np.testing.assert_array_equal(v.numpy(), [5.0, 6.0])


def test_two_handles_of_one_variable() -> None:
    v = tf.Variable(1.0)

    def twice(a: Any, b: Any) -> Any:
        a.assign_add(1.0)
        b.assign_add(10.0)
        return a.read_value()

    assert tf.function(twice)(v, v).numpy() == 12.0


def test_old_values_survive_a_write() -> None:
    v = tf.Variable([1.0, 2.0, 3.0])

    @tf.function
    def step() -> Any:
        old = v.read_value()
        v.assign(old * 2.0)
        return old + 1.0, v.read_value()

    first, second = step()
    np.testing.assert_array_equal(first.numpy(), [2.0, 3.0, 4.0])
    np.testing.assert_array_equal(second.numpy(), [2.0, 4.0, 6.0])


def test_host_ops_between_native_ones() -> None:
    seen: list[float] = []

    def note(x: Any) -> Any:
        seen.append(float(np.sum(x)))
        return np.asarray(x) + 1

    @tf.function
    def mixed(x: Any) -> Any:
        y = tf.numpy_function(note, [x * 2.0], tf.float32)
        y.set_shape(x.shape)
        return tf.reduce_sum(tf.nn.relu(y) * x)

    assert mixed(tf.constant([1.0, 2.0])).numpy() == 3.0 + 10.0
    assert seen == [6.0]


def test_a_shorter_batch_runs_the_same_code(monkeypatch: pytest.MonkeyPatch) -> None:
    model = mlp()
    x, _ = data(model, 37)
    model.predict(x, batch_size=16, verbose=0)
    made: list[int] = []
    monkeypatch.setattr(Executable, "__init__", lambda *args: made.append(1))
    whole = model.predict(x, batch_size=16, verbose=0)
    np.testing.assert_array_equal(model.predict(x[:5], verbose=0), whole[:5])
    assert not made


def test_accesses_are_checked_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(flags._overrides, "WEFT_CHECK", "1")
    losses, _ = _train(mlp, "native")
    assert np.isfinite(losses).all()
