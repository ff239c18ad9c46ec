"""Which layers and variables belong to a layer: what it made, and what sits in its attributes and their containers.

Classes whose objects are tracked (layers, metrics, random generators) say so with `_weft_trackable = True`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import weft as tf

#: attributes of layers and models that change without changing what is computed
ASIDE = frozenset({
    "_losses", "_was_called", "_told_of_inputs", "_inbound_nodes", "_outbound_nodes", "_weft_compiled_call", "_state",
    "history", "stop_training", "stop_evaluating", "stop_predicting", "optimizer", "loss", "loss_weights", "compiled",
    "steps_per_execution",
})  # fmt: skip


class Changes:
    """How often an attribute of a layer or of a layer's class was set, in the whole process, those in `ASIDE` apart."""

    count = 0


changes = Changes()


def is_trackable(value: Any) -> bool:
    """Whether an attribute may hold layers or variables, now or later."""
    return isinstance(value, (list, tuple, dict, set)) or _is_tracked(value)


def _is_tracked(value: Any) -> bool:
    return isinstance(value, tf.Variable) or getattr(type(value), "_weft_trackable", False) or is_module(value)


def is_module(value: Any) -> bool:
    """Whether a value is an object with variables of its own, such as a `tf.Module`, and no layer."""
    kind = type(value)
    return hasattr(kind, "trainable_variables") and not hasattr(kind, "_weft_trackable")


_PLAIN = frozenset((int, float, bool, str, bytes, type(None)))


def walk(value: Any) -> Iterator[Any]:
    """The layers, variables, metrics and other tracked objects in a value, in order; containers are looked into."""
    found: list[Any] = []
    _collect(value, found, ())
    return iter(found)


def _collect(value: Any, found: list[Any], around: tuple[int, ...]) -> None:
    """Adds what is in a value; `around` are the containers that it is in, which it may itself be one of."""
    if type(value) in _PLAIN:
        return
    items: Any
    if isinstance(value, (list, tuple)):
        items = value
    elif isinstance(value, dict):
        items = list(value.values())
    elif _is_tracked(value):
        found.append(value)
        return
    elif isinstance(value, Mapping):
        items = list(value.values())
    elif isinstance(value, (set, frozenset)):
        items = sorted(value, key=lambda member: str(getattr(member, "name", "")))
    else:
        return
    if id(value) not in around:
        around = (*around, id(value))
        for item in items:
            _collect(item, found, around)


def unique(values: Any) -> list[Any]:
    """The values without repetitions, by identity."""
    seen: set[int] = set()
    found = []
    for value in values:
        if id(value) not in seen:
            seen.add(id(value))
            found.append(value)
    return found
