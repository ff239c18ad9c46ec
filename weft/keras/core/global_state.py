"""What Keras keeps for each thread until `clear_session`: the scopes that are open, and what libraries put there."""

from __future__ import annotations

import threading
from typing import Any

_state = threading.local()


def get_global_attribute(name: str, default: Any = None, set_to_default: bool = False) -> Any:
    """What stands under a name in this thread.

    Args:
        name: The name.
        default: What is given where nothing stands there, or None.
        set_to_default: Whether `default` is put there then.
    """
    found = _state.__dict__.get(name)
    if found is None and default is not None:
        found = default
        if set_to_default:
            _state.__dict__[name] = default
    return found


def set_global_attribute(name: str, value: Any) -> None:
    """Puts a value under a name, in this thread; None takes it away."""
    if value is None:
        _state.__dict__.pop(name, None)
    else:
        _state.__dict__[name] = value


def forget_all() -> None:
    """Takes away everything that stands in this thread."""
    _state.__dict__.clear()
