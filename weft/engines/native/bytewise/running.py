"""Pieces that run on the host: by native code where an op has some for what it is given, else by its reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weft.engines.native.bytewise import reading, strings
from weft.engines.native.bytewise.strings import plain
from weft.ops import interpreter

_FORMS = frozenset(("py_function", "decode_raw"))


def apply(step: Any, operands: list[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Runs one step of a piece."""
    found = _by_form(step, operands, attrs) if step.record.name in _FORMS else \
        strings.kernel_for(step.record, operands, attrs)  # fmt: skip
    return interpreter.apply_step(step, [plain(x) for x in operands], attrs) if found is None else found


def _by_form(step: Any, operands: list[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """What `reading` has a form for."""
    if step.record.name == "decode_raw":
        return reading.raw(operands, attrs)
    form = getattr(attrs["function"], "form", None)
    if form is None or form.name != "parse_example" or not strings.knows_objects():
        return None
    return reading.examples(operands[0], form.features, form.together is None)


def settled(results: Sequence[Any]) -> list[Any]:
    """What a graph returns, as everybody knows it."""
    return [plain(result) for result in results]
