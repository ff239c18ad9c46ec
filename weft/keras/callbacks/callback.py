"""`Callback`: what is called while a model is trained, and the list of them."""

from __future__ import annotations

import logging
import time
from inspect import Parameter
from typing import Any

from weft.extend import explain, signature_of
from weft.keras import config
from weft.keras.core.construction import KnownArguments
from weft.keras.core.metric_logs import Logs

_BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end", "on_test_batch_begin",
                "on_test_batch_end", "on_predict_batch_begin", "on_predict_batch_end")  # fmt: skip


def say(text: str) -> None:
    """Prints what a callback has to say; where interactive logging is off, it goes to the log."""
    if config.is_interactive_logging_enabled():
        print(text)
    else:
        logging.getLogger("keras").info(text.strip())


class Callback(metaclass=KnownArguments):
    """Methods that are called while a model is trained, evaluated or used. Subclasses define those that they need.

    Attributes:
        model: The model.
        params: `verbose`, `epochs` and `steps`.

    Example:
        >>> from weft import keras
        >>> class Announce(keras.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print("epoch", epoch, "is over")
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model."""
        return getattr(self, "_model", None)

    def set_params(self, params: dict[str, Any]) -> None:
        """Tells `verbose`, `epochs` and `steps`."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Tells the model."""
        self._model = model

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a training batch; Keras 1's name."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a training batch; Keras 1's name."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch; the logs hold its metrics, those of the validation with `val_` in front."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a training batch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a training batch; the logs hold the metrics so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of an evaluation."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of a prediction; the logs hold its outputs."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Before training."""

    def on_train_end(self, logs: Any = None) -> None:
        """After training."""

    def on_test_begin(self, logs: Any = None) -> None:
        """Before an evaluation."""

    def on_test_end(self, logs: Any = None) -> None:
        """After an evaluation."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Any = None) -> None:
        """After a prediction."""

    def _has_batch_hooks(self) -> bool:
        return any(
            getattr(type(self), hook, None) is not getattr(Callback, hook) or hook in self.__dict__
            for hook in _BATCH_HOOKS
        )


class History(Callback):
    """Keeps the metrics of every epoch.

    Attributes:
        epoch: The numbers of the epochs.
        history: Name of a metric → its values.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = Logs()
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Starts anew."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keeps an epoch's metrics."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        self.model.history = self


class ProgbarLogger(Callback):
    """Shows progress and metrics."""

    def __init__(self) -> None:
        super().__init__()
        self._bar: Any = None
        self._seen = 0
        self._in_training = False
        self._page: Any = None

    def _start(self, title: str = "") -> None:
        from weft.keras.utils.progbar import Progbar

        self._seen = 0
        self._bar = Progbar(self.params.get("steps"), verbose=self.params.get("verbose", 1))
        if self._in_training and self._page is not None:
            self._bar.continue_on(self._page, title)
        elif title:
            print(title, flush=True)

    def step(self, number: int, logs: Any) -> None:
        """A batch is done: `logs` is called for the metrics where they are shown at all."""
        self._seen = number + 1
        bar = self._bar
        if bar is not None and bar.due(time.perf_counter()):
            self._show(logs(), False)

    def _show(self, logs: dict[str, Any], last: bool) -> None:
        bar = self._bar
        if bar.verbose:
            bar.stateful_metrics = set(logs)
            bar.update(self._seen, list(logs.items()), finalize=last)

    def finish(self, logs: dict[str, Any]) -> None:
        """The loop is over."""
        if self._bar is None:
            return
        if self._bar.target is None or self._seen < self._bar.target:
            self._bar.target = self._seen
        self._show(logs, True)
        self._bar = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Remembers that epochs follow. A notebook shows all of them in one place."""
        from weft.keras.utils.progbar import notebook_display

        self._in_training = True
        self._page = notebook_display() if self.params.get("verbose") == 1 else None

    def on_train_end(self, logs: Any = None) -> None:
        """Forgets it."""
        self._in_training = False
        self._page = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Announces an epoch."""
        epochs = self.params.get("epochs", 1)
        self._start(f"Epoch {epoch + 1}/{epochs}" if self.params.get("verbose") and epochs > 1 else "")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Ends the bar."""
        self.finish(logs or {})

    def on_test_begin(self, logs: Any = None) -> None:
        """Starts the bar of an evaluation."""
        if not self._in_training:
            self._start()

    def on_test_end(self, logs: Any = None) -> None:
        """Ends it."""
        if not self._in_training:
            self.finish(logs or {})

    def on_predict_begin(self, logs: Any = None) -> None:
        """Starts the bar of a prediction."""
        self._start()

    def on_predict_end(self, logs: Any = None) -> None:
        """Ends it."""
        self.finish({})


class CallbackList:
    """Calls several callbacks in turn.

    Args:
        callbacks: Callbacks, or one.
        add_history: Whether a History is added where there is none.
        add_progbar: Whether a progress bar is added.
        model: The model.
        **params: Told to every callback.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        given = callbacks if isinstance(callbacks, (list, tuple)) else [] if callbacks is None else [callbacks]
        self.callbacks: list[Any] = []
        for callback in given:
            self.callbacks.extend(callback.callbacks if isinstance(callback, CallbackList) else [callback])
        for callback in self.callbacks:
            _check(callback)
        self._progbar = next((c for c in self.callbacks if isinstance(c, ProgbarLogger)), None)
        if self._progbar is None and add_progbar:
            self._progbar = ProgbarLogger()
            self.callbacks.append(self._progbar)
        self._history = next((c for c in self.callbacks if isinstance(c, History)), None)
        if self._history is None and add_history:
            self._history = History()
            self.callbacks.append(self._history)
        self._on_batches = [c for c in self.callbacks if _has_batch_hooks(c)]
        for callback in self.callbacks:
            if hasattr(callback, "_siblings"):
                callback._siblings = self.callbacks
        self.params = params
        #: whether an evaluation is part of training, and has no bar of its own
        self.in_training = False
        #: how many batches callbacks hear of at once: `steps_per_execution` of the model
        self.stride = 1
        self._unheard: tuple[str, int, Any] | None = None
        #: batch hooks that take `logs` by keyword alone, by callback and name
        self._by_keyword: dict[tuple[int, str], bool] = {}
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def append(self, callback: Any) -> None:
        """Adds one."""
        _check(callback)
        self.callbacks.append(callback)
        if _has_batch_hooks(callback):
            self._on_batches.append(callback)

    def set_params(self, params: dict[str, Any]) -> None:
        """Tells all of them `verbose`, `epochs` and `steps`."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tells all of them the model."""
        self.model = model
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    def __iter__(self) -> Any:
        return iter(self.callbacks)

    @property
    def wants_batches(self) -> bool:
        """Whether there is one that is called for every batch."""
        return bool(self._on_batches)

    def begin_batch(self, mode: str, number: int) -> None:
        """Before a batch; mode is "train", "test" or "predict"."""
        if number % self.stride:
            return
        for callback in self._on_batches:
            self._tell(callback, f"on_{mode}_batch_begin", number, {})

    def end_batch(self, mode: str, number: int, logs: Any, shown: Any = None) -> None:
        """After a batch.

        Args:
            mode: "train", "test" or "predict".
            number: The batch's.
            logs: Called for the metrics by whoever wants them, so that most batches need none.
            shown: What is called for the progress bar instead.
        """
        if self._progbar is not None and not (mode == "test" and self.in_training):
            self._progbar.step(number, shown or logs)
        self._unheard = (mode, number, logs) if (number + 1) % self.stride else None
        if self._on_batches and self._unheard is None:
            values = logs()
            for callback in self._on_batches:
                self._tell(callback, f"on_{mode}_batch_end", number, values)

    def _tell(self, callback: Any, name: str, batch: int, logs: Any) -> None:
        """Calls a batch hook.

        Keras 2 gives `logs` by position, Keras 3 by keyword. A hook takes them by position, whatever it calls them,
        unless it has no place for them there.
        """
        hook = getattr(callback, name)
        key = id(callback), name
        if key not in self._by_keyword:
            self._by_keyword[key] = _takes_only_keyword(hook)
        if self._by_keyword[key]:
            hook(batch, logs=logs)
        else:
            hook(batch, logs)

    def _end_group(self) -> None:
        """After the last batch, where it is not the last one of those that callbacks hear of at once."""
        if self._unheard is None:
            return
        mode, number, logs = self._unheard
        self._unheard = None
        last = number - number % self.stride + self.stride - 1
        values = logs() if self._on_batches else None
        for callback in self._on_batches:
            self._tell(callback, f"on_{mode}_batch_end", last, values)

    def _call(self, hook: str, *args: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(*args)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch."""
        self._call("on_epoch_begin", epoch, {} if logs is None else logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch."""
        self._end_group()
        self._call("on_epoch_end", epoch, {} if logs is None else logs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a training batch."""
        self._call("on_train_batch_begin", batch, {} if logs is None else logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a training batch."""
        self.end_batch("train", batch, lambda: {} if logs is None else logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of an evaluation."""
        self._call("on_test_batch_begin", batch, {} if logs is None else logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of an evaluation."""
        self.end_batch("test", batch, lambda: {} if logs is None else logs)

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of a prediction."""
        self._call("on_predict_batch_begin", batch, {} if logs is None else logs)

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of a prediction."""
        self.end_batch("predict", batch, lambda: {} if logs is None else logs)

    def on_train_begin(self, logs: Any = None) -> None:
        """Before training."""
        self.in_training = True
        self._call("on_train_begin", {} if logs is None else logs)

    def on_train_end(self, logs: Any = None) -> None:
        """After training."""
        self._end_group()
        self.in_training = False
        self._call("on_train_end", {} if logs is None else logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Before an evaluation."""
        self._end_group()
        self._call("on_test_begin", {} if logs is None else logs)

    def on_test_end(self, logs: Any = None) -> None:
        """After an evaluation."""
        self._end_group()
        self._call("on_test_end", {} if logs is None else logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Before a prediction."""
        self._call("on_predict_begin", {} if logs is None else logs)

    def on_predict_end(self, logs: Any = None) -> None:
        """After a prediction."""
        self._end_group()
        self._call("on_predict_end", {} if logs is None else logs)


def _takes_only_keyword(hook: Any) -> bool:
    """Whether a batch hook has a place for `logs` by keyword alone."""
    try:
        kinds = [parameter.kind for parameter in signature_of(hook).parameters.values()]
    except (TypeError, ValueError):
        return False
    places = sum(kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds)
    if places > 1 or Parameter.VAR_POSITIONAL in kinds:
        return False
    return Parameter.VAR_KEYWORD in kinds or Parameter.KEYWORD_ONLY in kinds


def _has_batch_hooks(callback: Any) -> bool:
    found = getattr(callback, "_has_batch_hooks", None)
    return found() if found is not None else True


def _check(callback: Any) -> None:
    is_class = isinstance(callback, type)
    if is_class or not (
        isinstance(callback, Callback) or (hasattr(callback, "set_model") and hasattr(callback, "on_epoch_end"))
    ):
        raise TypeError(explain(
            f"{callback!r} is no callback.", expected="objects of keras.callbacks.Callback",
            received=f"the class {callback.__name__}" if is_class else f"an object of class {type(callback).__name__}",
            hint="make an object of it: add ()" if is_class else None,
        ))  # fmt: skip
