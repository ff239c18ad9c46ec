"""The groups of `keras.ops`: which functions stand in `keras.ops.numpy`, `.nn`, `.linalg` and `.image`, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft.extend import absent
from weft.keras.ops import load
from weft.keras.ops.records import SECTIONS

#: functions that stand in a group beside those of its section, and those of the section that do not
_MORE = {"numpy": {"ndim", "slogdet", "vectorize"}}
_LESS = {"linalg": {"cdist", "logdet", "slogdet"}}


def group(name: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """What a module of a group defines: `__getattr__`, `__dir__` and `__all__`."""
    prefix = "image." if name == "image" else ""
    members = {
        public.removeprefix(prefix): function
        for public, function in load().items()
        if (SECTIONS[public] == name or public in _MORE.get(name, ())) and public not in _LESS.get(name, ())
    }

    def get(attribute: str) -> Any:
        if attribute in members:
            return members[attribute]
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        raise AttributeError(absent(f"keras.ops.{name}.{attribute}", members))

    return get, lambda: sorted(members), sorted(members)
