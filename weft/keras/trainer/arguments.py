"""What is given to fit, evaluate and their like: checked, and brought into one form."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

import weft as tf
from weft.extend import explain, nearest, signature_of
from weft.keras import callbacks as callbacks_module
from weft.keras import config
from weft.keras import metrics as metrics_module
from weft.keras.callbacks.callback import CallbackList
from weft.keras.trainer import arrays, sources
from weft.keras.trainer.uneven import Rows

_F = TypeVar("_F", bound=Callable[..., Any])


def rows(structure: Any) -> Any:
    """How many samples a batch has."""
    first = tf.nest.flatten(structure)[0]
    if isinstance(first, tf.RaggedTensor):
        return first.nrows()
    if isinstance(first, tf.SparseTensor):
        return first.dense_shape[0]
    return tf.shape(first)[0] if tf.convert_to_tensor(first).shape.rank else 1


def whole(method: str, x: Any, y: Any, sample_weight: Any, class_weight: Any) -> tuple[Any, Any, Any]:
    """A batch that was passed as such."""
    x, y, sample_weight = arrays.convert(x, "x"), arrays.convert(y, "y"), arrays.convert(sample_weight, "sample_weight")
    if x is None:
        raise ValueError(explain(f"{method}() needs data."))
    sources.require_alike(method, (x, y, sample_weight))
    arrays.count_rows(x, y, sample_weight, method)
    if class_weight is not None:
        sample_weight = sources.with_class_weights(method, y, sample_weight, class_weight)
    return tuple(arrays.map_arrays(lambda part: part[:] if isinstance(part, Rows) else part, given)
                 for given in (x, y, sample_weight))  # type: ignore[return-value]  # fmt: skip


def is_one_batch(x: Any, batch_size: Any) -> bool:
    """Whether data are one array of numbers that makes one batch."""
    if type(x) is not np.ndarray or x.ndim == 0 or x.dtype.kind not in "fiub":
        return False
    size = sources.DEFAULT_BATCH_SIZE if batch_size is None else batch_size
    return type(size) is int and 0 < len(x) <= size


def count(value: Any, name: str) -> int:
    """A whole number; 3.0 is one."""
    whole = hasattr(value, "__index__") or (isinstance(value, float) and value.is_integer())
    if not whole or isinstance(value, bool):
        raise ValueError(explain(f"fit(): `{name}` must be a whole number.", received=repr(value)))
    return int(value)


def at_most(steps: int | None) -> int | None:
    """How many batches an epoch takes, where `keras.config.set_max_steps_per_epoch` sets a limit to all."""
    limit = config.max_steps_per_epoch()
    return steps if limit is None else limit if steps is None else min(steps, limit)


def as_tuple(data: Any) -> Any:
    return tuple(data) if isinstance(data, list) and len(data) in (2, 3) and not arrays.is_plain_list(data) else data


def listeners(callbacks: Any, model: Any, **params: Any) -> CallbackList:
    if isinstance(callbacks, CallbackList):
        return callbacks
    add_history, add_progbar = params.pop("add_history", False), params.pop("add_progbar", False)
    found = callbacks_module.CallbackList(
        callbacks, add_history=add_history, add_progbar=add_progbar, model=model, **params
    )
    found.stride = model.steps_per_execution
    return found


def verbosity(verbose: Any) -> int:
    if verbose == "auto":
        return 1 if config.is_interactive_logging_enabled() else 2
    levels = {None: 0, 0: 0, 1: 1, 2: 2, 3: 3}
    if not isinstance(verbose, Hashable) or verbose not in levels:
        raise ValueError(explain(
            "`verbose` says how much is shown.", expected="0 (nothing), 1 (a live bar), 2 (a line for each epoch), "
            "3 (only which epoch it is) or 'auto'", received=repr(verbose),
        ))  # fmt: skip
    return levels[verbose]


def is_due(epoch: int, frequency: Any) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency


def check_logs(logs: Any, method: str) -> None:
    if not isinstance(logs, dict):
        raise ValueError(explain(
            f"{method}() must return a dict of names and values.", received=f"an object of class {type(logs).__name__}",
            hint="return {'loss': loss}, or self.compute_metrics(x, y, y_pred, sample_weight)",
        ))  # fmt: skip


def check_metrics(*given: Any) -> None:
    """Refuses an unknown metric at once, and not in the middle of the first batch."""
    for entry in tf.nest.flatten([part for part in given if part is not None]):
        if isinstance(entry, str) and entry.lower() not in ("accuracy", "acc"):
            metrics_module.get(entry)


def showing_keras_arguments(method: _F) -> _F:
    """Hides that a method takes old keywords too from whoever asks for its signature.

    Libraries pass on what the signature names, and everything where it ends in `**kwargs`.
    """
    shown = signature_of(method)
    named = [p for p in shown.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    method.__signature__ = shown.replace(parameters=named)  # type: ignore[attr-defined]
    return method


def refuse_unknown(kwargs: dict[str, Any], function: Any, name: str, ignored: tuple[str, ...]) -> None:
    for word in kwargs:
        if word in ignored:
            continue
        known = [p for p in signature_of(function).parameters if p not in ("self", "kwargs")]
        raise TypeError(explain(
            f"{name}() has no argument `{word}`. {nearest(word, known)}", expected="one of " + ", ".join(known)
        ))  # fmt: skip
