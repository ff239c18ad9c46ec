"""Pieces that run on the host: by native code where an op has some for what it is given, else by its reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weft.engines.native.bytewise import strings
from weft.engines.native.bytewise.strings import plain
from weft.ops import interpreter


def apply(step: Any, operands: list[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Runs one step of a piece."""
    found = strings.kernel_for(step.record, operands, attrs)
    return interpreter.apply_step(step, [plain(x) for x in operands], attrs) if found is None else found


def settled(results: Sequence[Any]) -> list[Any]:
    """What a graph returns, as everybody knows it."""
    return [plain(result) for result in results]
