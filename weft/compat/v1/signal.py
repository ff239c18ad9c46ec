"""`tf.signal` of version 1: version 2's functions, with version 1's names of nodes."""

from __future__ import annotations

from typing import Any as _Any

import weft as _weft
from weft.compat.v1.naming import in_graph as _in_graph
from weft.compat.v1.naming import namespace_of as _namespace_of
from weft.runtime.scopes import Unit as _Unit

__getattr__ = _namespace_of(_weft.signal)


def inverse_stft_window_fn(frame_step: _Any, forward_window_fn: _Any = _weft.signal.hann_window,
                           name: str | None = None) -> _Any:  # fmt: skip
    """The window that undoes that of `stft`; see `weft.signal`. What it gives has a scope of its own."""
    function = _weft.signal.inverse_stft_window_fn(frame_step, forward_window_fn, name)
    if not _in_graph():
        return function
    with _Unit(name or "inverse_stft_window_fn"):  # the scope of making it

        def window(frame_length: _Any, dtype: _Any) -> _Any:
            with _Unit(name or "inverse_stft_window_fn") as unit:
                return unit.call(function(frame_length, dtype), "truediv", "RealDiv")

        return window


def __dir__() -> list[str]:
    return [name for name in dir(_weft.signal) if not name.startswith("_")]
