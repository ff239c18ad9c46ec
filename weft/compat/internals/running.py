"""How TensorFlow runs things: questions about contexts, branches that are decided early, counters of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import weft
from weft.api import config
from weft.runtime import context as runtime_context

# Branches -----------------------------------------------------------------------------------------------------------


def smart_constant_value(pred: Any) -> bool | None:
    """What a condition is known to be, or None.

    Raises:
        TypeError: It is neither a boolean, 0, 1, nor a tensor.
    """
    if isinstance(pred, (bool, np.bool_)) or (isinstance(pred, (int, np.integer)) and pred in (0, 1)):
        return bool(pred)
    if isinstance(pred, weft.Variable):
        return None
    if not weft.is_tensor(pred):
        raise TypeError(f"pred takes a boolean, 0, 1 or a tensor, not a {type(pred).__name__}: {pred!r}.")
    value = weft.get_static_value(pred)
    return None if value is None else bool(value)


def smart_cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """One of two functions' results; where the condition is known already, the other function is not called."""
    if not callable(true_fn) or not callable(false_fn):
        raise TypeError("true_fn and false_fn take functions without arguments.")
    known = pred if not weft.is_tensor(pred) and not isinstance(pred, weft.Variable) else None
    value = smart_constant_value(known if known is not None else pred)
    if value is None:
        return weft.cond(pred, true_fn, false_fn, name=name)
    return true_fn() if value else false_fn()


def smart_case(pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, name: str = "smart_case") -> Any:
    """The result of the function whose condition holds; a condition that is known to hold ends the search."""
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, dict) else list(pred_fn_pairs)
    left: list[Any] = []
    for pred, function in pairs:
        value = smart_constant_value(pred)
        if value and not left:
            return function()
        if value is None or value:
            left.append((pred, function))
    if not left:
        return default()
    return weft.case(left, default=default, exclusive=exclusive, name=name)


# Contexts -----------------------------------------------------------------------------------------------------------

GRAPH_MODE, EAGER_MODE = 0, 1
executing_eagerly = weft.executing_eagerly


def enabled() -> bool:
    """Whether TensorFlow 2 is what programs get."""
    from weft.compat import v1

    return bool(v1.executing_eagerly_outside_functions())


@contextlib.contextmanager
def graph_mode() -> Iterator[None]:
    """A context in which ops go into a graph, as in TensorFlow 1."""
    from weft.compat import v1

    graph = v1.get_default_graph() if not weft.executing_eagerly() else v1.Graph()
    with graph.as_default():
        yield


@contextlib.contextmanager
def eager_mode() -> Iterator[None]:
    """A context in which ops run at once."""
    with runtime_context.open_scope(None):
        yield


def num_gpus() -> int:
    """How many GPUs there are."""
    return len(weft.config.list_logical_devices("GPU"))


class _Context:
    """What `context.context()` gives: questions about the process."""

    device_name = ""
    device_spec = weft.DeviceSpec()

    def executing_eagerly(self) -> bool:
        """Whether ops run at once."""
        return weft.executing_eagerly()

    def num_gpus(self) -> int:
        """How many GPUs there are."""
        return num_gpus()

    def _clear_caches(self) -> None:
        """Accepted; there is nothing that would have to be cleared."""

    def ensure_initialized(self) -> None:
        """Accepted; there is nothing that would have to be begun."""


_context = _Context()


def context() -> _Context:
    """What answers questions about the process."""
    return _context


# Where graphs are compiled -------------------------------------------------------------------------------------------

ENABLE_CONTROL_FLOW_V2 = True


def EnableControlFlowV2(graph: Any) -> bool:
    """Whether branches and loops of a graph are functions of their own: they are."""
    return True


def GraphOrParentsInXlaContext(graph: Any) -> bool:
    """Whether a graph is made for XLA by itself: it is not, engines take any graph."""
    return False


def IsInXLAContext(op: Any) -> bool:
    """Whether an operation was made for XLA by itself: none is."""
    return False


# Counters -----------------------------------------------------------------------------------------------------------


class _Cell:
    def __init__(self) -> None:
        self._value: Any = 0

    def increase_by(self, value: Any) -> None:
        """Adds to what is counted."""
        self._value += value

    def set(self, value: Any) -> None:
        """Says what it is now."""
        self._value = value

    def add(self, value: Any) -> None:
        """Notes one more value."""
        self._value = value

    def value(self) -> Any:
        """What was counted."""
        return self._value


class Counter:
    """A counter of TensorFlow's own statistics: one cell for each combination of labels."""

    def __init__(self, name: str, *args: Any) -> None:
        self.name = name
        self._cells: dict[Any, _Cell] = {}

    def get_cell(self, *labels: Any) -> _Cell:
        """The cell of these labels."""
        return self._cells.setdefault(labels, _Cell())


IntGauge = BoolGauge = StringGauge = Sampler = Counter


class ExponentialBuckets:
    """The bounds of a `Sampler`."""

    def __init__(self, scale: float, growth_factor: float, bucket_count: int) -> None:
        self.bounds = [scale * growth_factor**index for index in range(bucket_count)]


# XLA's forms of ops that TensorFlow has otherwise ---------------------------------------------------------------------


def dynamic_slice(x: Any, starts: Any, sizes: Any) -> Any:
    """A part of a tensor of known size; where it would reach beyond the tensor it is moved back into it."""
    x = weft.convert_to_tensor(x)
    return weft.slice(x, _within(x, starts, weft.convert_to_tensor(sizes)), sizes)


def dynamic_update_slice(x: Any, updates: Any, starts: Any) -> Any:
    """A tensor with another one in place of a part of it, which is moved back where it would reach beyond."""
    x, updates = weft.convert_to_tensor(x), weft.convert_to_tensor(updates)
    starts = _within(x, starts, weft.shape(updates))
    if x.shape.rank == 0:
        return updates
    behind = weft.shape(x, starts.dtype) - starts - weft.shape(updates, starts.dtype)
    margins = weft.stack([starts, behind], axis=1)
    inside = weft.pad(weft.ones_like(updates, dtype=weft.bool), margins)
    return weft.where(inside, weft.pad(updates, margins), x)


def _within(x: Any, starts: Any, sizes: Any) -> Any:
    starts = weft.convert_to_tensor(starts)
    most = weft.shape(x, starts.dtype) - weft.cast(sizes, starts.dtype)
    return weft.clip_by_value(starts, weft.zeros_like(most), most)


def _reset_context() -> None:
    """Forgets how devices were said to be divided, so that programs can divide them otherwise."""
    config._logical.clear()
