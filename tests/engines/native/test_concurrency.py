"""Many threads at one model, and processes that are forked from a training one."""

from __future__ import annotations

import _thread
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from weft import keras
from weft.base import flags
from weft.keras import layers
from weft.runtime import dispatch

_RNG = np.random.default_rng(0)
_X = _RNG.standard_normal((64, 20)).astype(np.float32)
_Y = _RNG.integers(0, 5, 64)


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    dispatch.use_engine("native")
    with flags.override(WEFT_NUM_THREADS=2):
        yield
    dispatch.use_engine(None)


def _model() -> Any:
    keras.utils.set_random_seed(5)
    model = keras.Sequential([
        keras.Input((20,)), layers.Dense(64, activation="relu"), layers.Dropout(0.2),
        layers.Dense(5, activation="softmax"),
    ])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def _weights(model: Any) -> list[Any]:
    return [np.array(w) for w in model.get_weights()]


def test_eight_threads_predict_while_another_trains() -> None:
    quiet = _model()
    quiet.fit(_X, _Y, batch_size=16, epochs=6, verbose=0)
    model, other = _model(), _model()
    wanted = other.predict(_X, batch_size=16, verbose=0)
    stop, problems = threading.Event(), []

    def predict(number: int) -> None:
        try:
            while not stop.is_set():
                rows = model.predict(_X[: 16 + number], batch_size=16, verbose=0)
                if not np.allclose(rows.sum(-1), 1, atol=1e-5):
                    problems.append(f"thread {number}: rows add up to {rows.sum(-1)}")
                still = other.predict(_X, batch_size=16, verbose=0)
                if (still != wanted).any():
                    problems.append(f"thread {number}: a model at rest gives other numbers")
        except Exception as error:
            problems.append(repr(error))

    threads = [threading.Thread(target=predict, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    try:
        model.fit(_X, _Y, batch_size=16, epochs=6, verbose=0)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not problems, problems[:3]
    for found, right in zip(_weights(model), _weights(quiet), strict=True):
        np.testing.assert_array_equal(found, right)


def _exit_code(child: int) -> int | None:
    """How a child ended; one that hangs is ended, and there is no code."""
    for _ in range(1200):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_in_the_midst_of_training_predicts_and_trains() -> None:
    model = _model()
    children: list[int] = []

    class Fork(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch != 2 or len(children) > 1:
                return
            child = os.fork()
            if child:
                children.append(child)
                return
            code = 1
            try:
                before = model.predict(_X, batch_size=16, verbose=0)
                model.train_on_batch(_X[:16], _Y[:16])
                after = model.predict(_X, batch_size=16, verbose=0)
                code = 0 if np.isfinite(after).all() and (before != after).any() else 2
            finally:
                os._exit(code)

    model.fit(_X, _Y, batch_size=16, epochs=3, verbose=0, callbacks=[Fork()])
    assert len(children) == 2
    assert [_exit_code(child) for child in children] == [0, 0]
    quiet = _model()
    quiet.fit(_X, _Y, batch_size=16, epochs=3, verbose=0)
    for found, right in zip(_weights(model), _weights(quiet), strict=True):
        np.testing.assert_array_equal(found, right)


def test_ctrl_c_in_the_midst_of_training_leaves_whole_steps() -> None:
    def trained(batches: int | None) -> tuple[list[Any], int]:
        keras.utils.set_random_seed(3)
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(9, activation="tanh"), keras.layers.Dense(1)])
        model.compile("adam", "mse")
        x = np.random.default_rng(0).random((64, 6)).astype(np.float32)
        y = x.sum(1, keepdims=True)
        if batches is None:
            timer = threading.Timer(0.2, _thread.interrupt_main)
            compiled = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epoch or timer.start())
            with pytest.raises(KeyboardInterrupt):
                model.fit(x, y, batch_size=8, epochs=10**9, shuffle=False, verbose=0, callbacks=[compiled])
        else:
            whole, rest = divmod(batches, 8)
            model.fit(x, y, batch_size=8, epochs=whole, shuffle=False, verbose=0)
            model.fit(x, y, batch_size=8, epochs=1, steps_per_epoch=rest, shuffle=False, verbose=0) if rest else None
        return model.get_weights(), int(model.optimizer.iterations)

    found, batches = trained(None)
    assert batches > 0
    wanted, _ = trained(batches)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
