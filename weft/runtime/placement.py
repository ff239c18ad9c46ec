"""Where a graph's operations are said to run: the open device scopes, put together as TensorFlow does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_PARTS = ("job", "replica", "task", "device")


def _parts(name: str) -> dict[str, str]:
    """The parts of a name such as `/job:ps/task:1/cpu:0`; what is no such name stands under its own."""
    found = {}
    for part in filter(None, name.split("/")):
        key, _, rest = part.partition(":")
        if key == "device":
            kind, _, number = rest.partition(":")
            found["device"] = f"{kind.upper()}:{number or '*'}"
        elif key.upper() in ("CPU", "GPU", "TPU"):
            found["device"] = f"{key.upper()}:{rest or '*'}"
        else:
            found[key] = rest
    return found


def merged(outer: str, inner: str) -> str:
    """The name whose parts are those of `inner`, and where it has none those of `outer`."""
    found = {**_parts(outer), **_parts(inner)}
    ordered = [key for key in _PARTS if key in found] + [key for key in found if key not in _PARTS]
    return "".join(f"/{key}:{found[key]}" if found[key] else f"/{key}" for key in ordered)


def device_of(scopes: Sequence[Any], operation: Any) -> str:
    """The device of an operation: the inner scopes' parts go before those of the outer ones.

    Args:
        scopes: The open scopes, the innermost last: names, functions of an operation, or "" that takes all away.
        operation: The operation.
    """
    found = ""
    for scope in reversed(scopes):
        if not scope:
            break
        found = merged(scope(operation) or "" if callable(scope) else scope, found)
    return found
