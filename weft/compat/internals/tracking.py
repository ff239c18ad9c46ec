"""How objects find their parts: what packages ask to have left alone.

Here a checkpoint finds an object's parts when it is written, so nothing is wrapped, and there is nothing to switch off.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any


class Trackable:
    """A base of objects that checkpoints save."""


def NoDependency(value: Any) -> Any:
    """The value: attributes are stored as they are."""
    return value


def wrap_or_unwrap(value: Any) -> Any:
    """The value: attributes are stored as they are."""
    return value


def no_automatic_dependency_tracking(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method: attributes are stored as they are."""
    return method


@contextlib.contextmanager
def no_automatic_dependency_tracking_scope(obj: Any) -> Iterator[None]:
    """A context that changes nothing: attributes are stored as they are."""
    yield
