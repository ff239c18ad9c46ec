"""What was typed at Python's plain prompt, which keeps no source, is found again in the line editor's history."""

from __future__ import annotations
import __future__

import sys
from collections.abc import Iterator
from types import CodeType

PROMPT = "<stdin>"
_FURTHEST = 2000  # lines of history that are looked through
# nested_scopes has the bit of CO_NESTED, which every inner function sets
_FUTURES = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names} - {0x10})


def lines_of(code: CodeType) -> list[str]:
    """The statement in which a function was typed, or nothing where it cannot be had for certain.

    A statement counts only where it compiles to this very code: a history says what was typed, not what became of it.
    """
    editor = sys.modules.get("readline")
    if code.co_filename != PROMPT or editor is None:
        return []
    last = editor.get_current_history_length()
    history = [editor.get_history_item(n) or "" for n in range(max(last - _FURTHEST, 0) + 1, last + 1)]
    for statement in _statements(history):
        text = "\n".join(statement) + "\n"
        if code.co_name not in text and code.co_name != "<lambda>":
            continue
        try:
            made = compile(text, PROMPT, "single", code.co_flags & _FUTURES, dont_inherit=True)
        except (SyntaxError, ValueError):
            continue
        if _holds(made, code):
            return text.splitlines(keepends=True)
    return []


def _statements(history: list[str]) -> Iterator[list[str]]:
    """What may be whole statements, newest first: a line that is not indented, and those that are, behind it."""
    below = len(history)
    for start in range(len(history) - 1, -1, -1):
        line = history[start]
        if line[:1] in (" ", "\t", ")", "]", "}", ""):
            continue
        while start and history[start - 1].startswith("@"):  # decorators belong to what they stand above
            start -= 1
        if not line.startswith("@"):
            yield history[start:below]
        below = min(below, start)


def _holds(made: CodeType, code: CodeType) -> bool:
    return any(inner == code or _holds(inner, code) for inner in made.co_consts if isinstance(inner, CodeType))
