"""Who waits for an object's attributes: a checkpoint restored before its variables were made."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

#: object, by its number -> a weak reference to it, and what is to be called when it has changed
_waiting: dict[int, tuple[Any, list[Callable[[Any], None]]]] = {}


def wait(owner: Any, changed: Callable[[Any], None]) -> bool:
    """Has a function called with an object each time one of its attributes was set.

    Args:
        owner: An object whose class calls `attribute_set`.
        changed: The function.

    Returns:
        Whether the object can be waited for; what takes no weak references cannot.
    """
    number = id(owner)
    found = _waiting.get(number)
    if found is None:
        try:
            reference = weakref.ref(owner, lambda _: _waiting.pop(number, None))
        except TypeError:
            return False
        found = _waiting[number] = (reference, [])
    if changed not in found[1]:
        found[1].append(changed)
    return True


def stop_waiting(owner: Any, changed: Callable[[Any], None]) -> None:
    """Takes back what `wait` has asked for."""
    found = _waiting.get(id(owner))
    if found is not None and changed in found[1]:
        found[1].remove(changed)
        if not found[1]:
            del _waiting[id(owner)]


def attribute_set(owner: Any) -> None:
    """Tells those who wait for an object that one of its attributes was set."""
    if _waiting:
        found = _waiting.get(id(owner))
        if found is not None and found[0]() is owner:
            for changed in list(found[1]):
                changed(owner)
