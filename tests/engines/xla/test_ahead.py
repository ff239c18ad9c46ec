"""What is sent to the device while it works, and what waits for it: transfers, the same bits, errors, Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

import weft as tf  # noqa: E402
from weft import keras  # noqa: E402
from weft.engines.base import Rows  # noqa: E402
from weft.engines.xla import ahead, resident, rows  # noqa: E402
from weft.runtime import dispatch  # noqa: E402

_RNG = np.random.default_rng(0)
_X, _Y = _RNG.random((70, 6), dtype=np.float32), _RNG.integers(0, 3, 70)


@pytest.fixture(autouse=True)
def _xla() -> Iterator[None]:
    dispatch.use_engine("xla")
    yield
    dispatch.use_engine(None)


def _model(convolves: bool = False) -> Any:
    keras.utils.set_random_seed(3)
    first = [keras.layers.Reshape((6, 1)), keras.layers.Conv1D(4, 3), keras.layers.Flatten()] if convolves else []
    model = keras.Sequential([keras.Input((6,)), *first, keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.2),
                              keras.layers.Dense(3)])  # fmt: skip
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def _all_of(model: Any, x: Any, y: Any) -> list[Any]:
    history = model.fit(x, y, batch_size=8, epochs=3, verbose=0).history
    return [*history.values(), model.evaluate(x, y, batch_size=8, verbose=0),
            model.predict(x, batch_size=8, verbose=0), *model.get_weights()]  # fmt: skip


def _assert_same(found: list[Any], wanted: list[Any]) -> None:
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("convolves", [False, True])
def test_arrays_go_to_the_device_by_windows_of_which_two_are_there(
    convolves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = _all_of(_model(convolves), _X, _Y)
    events: list[Any] = []
    held: list[int] = []
    send, run = rows.Windows._send, rows.Program.donating

    def counted(self: Any, begin: int) -> Any:
        held.append(len(self._held) + 1)
        events.append(begin)
        return send(self, begin)

    def begun(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = run(self, *args, **kwargs)
        events.append("run")
        return found

    monkeypatch.setattr(rows, "_WINDOW", {"cpu": 3 * 8 * (6 * 4 + 8)})  # three batches of images and labels
    monkeypatch.setattr(rows.Windows, "_send", counted)
    monkeypatch.setattr(rows.Program, "donating", begun)
    model = _model(convolves)
    _assert_same(_all_of(model, _X, _Y), wanted)
    assert max(held) == 2
    events.clear()
    model.fit(_X, _Y, batch_size=8, verbose=0)
    # eight whole batches: those of the last window begin earlier, so that it has as many; each is sent once, and all
    # but the first as soon as the device works on the one before
    assert [event for event in events if event != "run"] == [0, 3, 5]
    assert events[:3] == [0, "run", 3]


def test_an_order_of_rows_lasts_as_long_as_its_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_WINDOW", {"cpu": 2 * 8 * 4})
    x = np.arange(64, dtype=np.float32)[:, None]
    order = np.random.default_rng(1).permutation(64)
    given = Rows((0,), order.copy(), 8, 0, 8)
    windows = rows.Windows([x], given, None)
    del given  # and with it the only name of the order
    sent = [np.asarray(windows.of(batch)[1][0]) for batch in (0, 2, 4, 6)]
    np.testing.assert_array_equal(np.concatenate(sent).ravel(), x[order, 0])
    assert not windows.are_of([x], Rows((0,), None, 8, 2, 1), None)


def test_nothing_stays_on_the_device_when_an_epoch_is_over() -> None:
    model = _model()
    model.fit(_X, _Y, batch_size=8, verbose=0)
    (concrete,) = model._state.steps["train_step"]._function.concrete_functions()
    assert dispatch.compiled(concrete.graph)._whole._loop.windows is None  # type: ignore[attr-defined]


def _batches(x: Any, y: Any) -> Iterator[Any]:
    for i in range(0, len(x), 8):
        yield x[i : i + 8], y[i : i + 8]


class _Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 9

    def __getitem__(self, place: int) -> Any:
        return _X[8 * place : 8 * place + 8], _Y[8 * place : 8 * place + 8]


def test_the_next_batch_is_sent_before_anybody_waits_for_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    model = _model()
    model.fit(_Batches(), verbose=0, shuffle=False)  # traced, and its kinds of batches known
    model.fit(_Batches(), verbose=0, shuffle=False)
    events: list[str] = []
    sent, waits = resident.sent, ahead._Late.settle

    def counted(arrays: Any) -> Any:
        events.append("sent")
        return sent(arrays)

    def waited(self: Any) -> None:
        events.append("waited")
        waits(self)

    monkeypatch.setattr(resident, "sent", counted)
    monkeypatch.setattr(ahead._Late, "settle", waited)
    model.fit(_Batches(), verbose=0, shuffle=False)
    assert events.count("sent") == 9
    first = events[: events.index("sent", 1) + 2]
    assert first[:3] == ["sent", "sent", "waited"], events
    assert ahead._latest.run is None


def test_bits_are_those_of_batches_one_by_one() -> None:
    one, other = _model(), _model()
    for _ in range(2):
        one.fit(_Batches(), verbose=0, shuffle=False)
        other.fit(_Batches(), verbose=0, shuffle=False, callbacks=[keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: None)])  # fmt: skip
    _assert_same(one.get_weights(), other.get_weights())
    np.testing.assert_array_equal(one.predict(_Batches(), verbose=0),
                                  other.predict(_X, batch_size=8, verbose=0))  # fmt: skip


def test_a_generator_may_fill_its_arrays_anew() -> None:
    def again() -> Iterator[Any]:
        x, y = np.empty((8, 6), np.float32), np.empty(8, np.int64)
        for i in range(0, 64, 8):
            x[...], y[...] = _X[i : i + 8], _Y[i : i + 8]
            yield x, y
            x[...], y[...] = 1e9, 77  # the moment that the next one is asked for

    one, other = _model(), _model()
    for _ in range(2):
        one.fit(_batches(_X[:64], _Y[:64]), verbose=0)
        other.fit(again(), verbose=0)
    _assert_same(other.get_weights(), one.get_weights())


def test_a_function_keeps_what_it_was_given() -> None:
    v = tf.Variable(np.zeros(1 << 18, np.float32))
    keep = tf.function(lambda x: [v.assign(tf.sqrt(x) * x), None][1])
    memory = np.zeros((1 << 20) + 64, np.uint8)
    begin = -memory.ctypes.data % 64  # jax reads such memory where it lies
    x = memory[begin : begin + (1 << 20)].view(np.float32)
    for number in (4.0, 9.0, 16.0):
        x[:] = number
        keep(x)
        x[:] = -1.0
        assert set(v.numpy().tolist()) == {number * number**0.5}


def test_results_are_fetched_when_somebody_looks() -> None:
    double = tf.function(lambda x: x * 2.0)
    found = double(tf.constant([1.0, 2.0]))
    assert found.held._copy is None
    again = double(found)  # from the device to the device
    assert found.held._copy is None
    assert again.numpy().tolist() == [4.0, 8.0] and found.shape == (2,) and found.dtype == tf.float32


def test_a_bad_batch_changes_nothing_and_those_before_it_have_happened() -> None:
    labels = _Y.copy()
    labels[27] = 9  # in the fourth batch
    one, other = _model(), _model()
    for model in (one, other):
        model.fit(_batches(_X, _Y), verbose=0)
    with pytest.raises(ValueError, match="label 9 in row 3 is out of range"):
        one.fit(_batches(_X, labels), verbose=0)
    other.fit(_batches(_X[:24], _Y[:24]), verbose=0)
    assert int(one.optimizer.iterations.numpy()) == 12
    _assert_same(one.get_weights(), other.get_weights())
    assert ahead._latest.run is None


def test_the_error_of_a_batch_comes_before_that_of_the_data_behind_it() -> None:
    def ends_badly(labels: Any) -> Iterator[Any]:
        yield from _batches(_X[:16], labels[:16])
        raise OSError("the disk is gone")

    model = _model()
    model.fit(_batches(_X, _Y), verbose=0)
    with pytest.raises(OSError, match="the disk is gone"):
        model.fit(ends_badly(_Y), verbose=0)
    with pytest.raises(ValueError, match="label 9 in row 0 is out of range"):
        model.fit(ends_badly(np.where(np.arange(70) == 8, 9, _Y)), verbose=0)
    assert ahead._latest.run is None
    assert int(model.optimizer.iterations.numpy()) == 9 + 2 + 1


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no such timer on Windows")
@pytest.mark.parametrize("data", ["arrays", "convolved", "batches"])
def test_ctrl_c_leaves_a_model_that_goes_on(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = _model(data == "convolved")

    def train(epochs: int) -> None:
        if data == "batches":
            model.fit(_Batches(), epochs=epochs, verbose=0)
        else:
            model.fit(_X, _Y, batch_size=8, epochs=epochs, verbose=0)

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    def press_again(ignored: Any) -> None:
        """Python cannot raise what comes while it frees an object: then somebody presses the keys again."""
        if isinstance(ignored.exc_value, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0.01)

    monkeypatch.setattr(sys, "unraisablehook", press_again)
    train(2)
    threads = threading.active_count()
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for turn in range(25):
            steps = int(model.optimizer.iterations.numpy())
            signal.setitimer(signal.ITIMER_REAL, 0.004 + 0.0011 * turn)
            with pytest.raises(KeyboardInterrupt):
                train(100000)
            assert all(np.isfinite(weight).all() for weight in model.get_weights())
            assert int(model.optimizer.iterations.numpy()) >= steps
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    train(1)
    time.sleep(0.01)
    assert threading.active_count() <= threads and ahead._latest.run is None
