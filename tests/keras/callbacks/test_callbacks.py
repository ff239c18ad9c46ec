"""Callbacks and the progress bar."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft import keras

X = np.random.default_rng(0).random((40, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def regressor() -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


class Recorder(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("on_") and "batch_" not in name.replace("_batch_", "_x_"):
            object.__getattribute__(self, "calls").append(name)
        return object.__getattribute__(self, name)


def test_the_order_of_hooks() -> None:
    recorder = Recorder()
    regressor().fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[recorder])
    epoch = ["on_epoch_begin", "on_test_begin", "on_test_end", "on_epoch_end"]
    assert [c for c in recorder.calls if "batch" not in c] == ["on_train_begin", *epoch, *epoch, "on_train_end"]


def test_batch_hooks_get_numbers() -> None:
    seen = []
    hook = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"])))
    regressor().fit(X, Y, batch_size=10, verbose=0, callbacks=[hook])
    assert [batch for batch, _ in seen] == [0, 1, 2, 3]
    assert all(isinstance(loss, float) for _, loss in seen)


def test_early_stopping_restores_the_best_weights() -> None:
    values = iter([3.0, 2.0, 2.5, 2.6, 2.7, 2.8])
    model, kept = regressor(), []

    class Scripted(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["val_loss"] = next(values)
            kept.append(model.get_weights())

    stop = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    history = model.fit(X, Y, epochs=6, verbose=0, callbacks=[Scripted(), stop]).history
    assert len(history["loss"]) == 4 and stop.stopped_epoch == 3
    for found, best in zip(model.get_weights(), kept[1], strict=True):
        np.testing.assert_array_equal(found, best)


def test_a_metric_that_is_not_there_is_named() -> None:
    with pytest.warns(UserWarning, match="val_loss.*There are: loss"):
        regressor().fit(X, Y, verbose=0, callbacks=[keras.callbacks.EarlyStopping()])


def test_the_learning_rate_is_scheduled_and_reduced() -> None:
    model = regressor()
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[schedule]).history
    np.testing.assert_allclose(history["learning_rate"], [0.05, 0.025, 0.0125], rtol=1e-6)
    model = regressor()
    plateau = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.1, patience=1, min_delta=1e9)
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[plateau]).history
    np.testing.assert_allclose(history["learning_rate"], [0.1, 0.1, 0.01], rtol=1e-6)


def test_nan_ends_training(capsys: pytest.CaptureFixture[str]) -> None:
    model = regressor()
    history = model.fit(X * np.nan, Y, epochs=5, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()]).history
    assert len(history["loss"]) == 1
    assert "the loss is nan" in capsys.readouterr().out


def test_csv_logger(tmp_path: Path) -> None:
    for append in (False, True):
        regressor().fit(
            X, Y, epochs=2, verbose=0, callbacks=[keras.callbacks.CSVLogger(tmp_path / "log.csv", append=append)]
        )
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,val_loss" and len(lines) == 5  # a place for validation that begins later
    assert lines[1].endswith(",NA")


def test_a_class_is_no_callback() -> None:
    with pytest.raises(TypeError, match=r"add \(\)"):
        regressor().fit(X, Y, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN])


class Screen(io.TextIOWrapper):
    """A terminal that keeps what is written."""

    def __init__(self, encoding: str, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


def show(monkeypatch: pytest.MonkeyPatch, encoding: str, terminal: bool, steps: int = 5) -> str:
    screen = Screen(encoding, terminal)
    monkeypatch.setattr(sys, "stdout", screen)
    bar = keras.utils.Progbar(steps, interval=0.0)
    for step in range(1, steps + 1):
        bar.update(step, [("loss", 1.0 / step)])
    monkeypatch.undo()
    return screen.text()


def test_the_last_line_is_whole_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    lines = re.split("[\r\n]+", show(monkeypatch, "utf-8", True).strip())
    assert all(len(line) < 30 for line in lines[:-1])
    assert lines[-1].startswith("5/5 0s ") and lines[-1].endswith(" - loss: 0.2000") and "━" not in lines[-1]
    monkeypatch.setenv("COLUMNS", "50")
    lines = re.split("[\r\n]+", show(monkeypatch, "utf-8", True).strip())
    assert all(len(line.rstrip()) < 50 for line in lines)
    assert lines[-1].rstrip().endswith(" - loss: 0.2000") and "━━━━━" in lines[-1]


def test_a_terminal_gets_a_live_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    text = show(monkeypatch, "utf-8", True)
    assert text.count("\r") == 5 and text.count("\n") == 1 and "━" in text and "loss: " in text


def test_an_old_terminal_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    text = show(monkeypatch, "ascii", True)
    assert text.isascii() and "=>" in text


def test_a_log_gets_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = show(monkeypatch, "utf-8", False)
    assert text.count("\n") == 1 and "\r" not in text and text.startswith("5/5 - ")


def test_a_bar_averages_what_is_not_stateful_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = show(monkeypatch, "utf-8", True)
    assert "loss: 0.6111" in shown  # the mean of 1, 1/2, 1/3
    assert "loss: 0.2000" in show(monkeypatch, "utf-8", False)


@pytest.mark.parametrize("verbose,lines", [(0, 0), (1, 4), (2, 4)])
def test_fit_in_a_log(verbose: int, lines: int, capsys: pytest.CaptureFixture[str]) -> None:
    regressor().fit(X, Y, epochs=2, verbose=verbose)
    text = capsys.readouterr().out
    assert len(text.splitlines()) == lines and "\r" not in text


def test_a_notebook_gets_html(monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    shown: list[str] = []

    class Handle:
        def update(self, page: Any) -> None:
            shown.append(page._repr_html_())

    def display(page: Any, display_id: bool) -> Handle:
        shown.append(page._repr_html_())
        return Handle()

    shell = types.ModuleType("IPython")
    shell.get_ipython = lambda: types.SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    part = types.ModuleType("IPython.display")
    part.display = display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", part)
    bar = keras.utils.Progbar(2, interval=0.0)
    bar.update(1, [("<loss>", 0.5)])
    bar.update(2, [("<loss>", 0.3)])
    assert len(shown) == 2 and "<progress" in shown[0] and "&lt;loss&gt;" in shown[1]


def test_batch_hooks_take_logs_by_position_or_keyword() -> None:
    heard: list[Any] = []

    class Named(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, **kwargs: Any) -> None:
            heard.append(sorted(kwargs))

        def on_train_batch_end(self, batch: int, *, logs: Any = None) -> None:
            heard.append(sorted(logs))

    class Older(keras.callbacks.Callback):
        def on_train_batch_end(self, step: int, values: Any) -> None:
            heard.append(values["loss"] > 0)

    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((2, 3), np.float32), np.full((2, 1), 9.0), callbacks=[Named(), Older()], verbose=0)
    assert heard == [["logs"], ["loss"], True]
