"""Where in the user's own program something happened.

An error that names the line the user wrote is worth more than any traceback. A "user line" is the innermost stack
frame whose file lies outside this package (and outside the import and threading machinery).
"""

from __future__ import annotations

import linecache
import os
import sys
from dataclasses import dataclass
from functools import cache
from types import FrameType, TracebackType

import numpy as np

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# What calls the program's tensors back, as numpy does in `numpy.mean(tensor)`, is not the user's line either.
_OTHERS = (_PACKAGE, os.path.dirname(os.path.abspath(np.__file__)) + os.sep)
_MACHINERY = ("<frozen ", *(os.sep + name for name in ("threading.py", "runpy.py", "contextlib.py", "functools.py")))


@dataclass(frozen=True)
class SourceLine:
    """One line of a program: its file, line number and enclosing function."""

    file: str
    line: int
    function: str

    @property
    def text(self) -> str:
        """The line's source text, stripped; empty where the source is not at hand."""
        return linecache.getline(self.file, self.line).strip()

    def __str__(self) -> str:
        name = cell_name(self.file) or (os.path.basename(self.file) if not self.file.startswith("<") else self.file)
        text = self.text
        return f"{name}:{self.line}: {text}" if text else f"{name}:{self.line}"


def cell_name(filename: str) -> str | None:
    """What a notebook calls the cell whose code stands in this file; None for other files.

    A kernel gives each cell a file with a number for a name, and keeps which execution it was.
    """
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    number = getattr(getattr(shell, "compile", None), "_filename_map", {}).get(filename)
    if number is not None:
        return f"cell In[{number}]"
    return "a cell" if "ipykernel_" in os.path.basename(os.path.dirname(filename)) else None


@cache
def is_internal(filename: str) -> bool:
    """Whether a file belongs to this package or to the machinery that users do not see as theirs."""
    return filename.startswith(_OTHERS) or any(part in filename for part in _MACHINERY)


def user_line(frame: FrameType | None = None) -> SourceLine | None:
    """The innermost line of the user's program on the current stack, or None outside any."""
    place = user_place(frame if frame is not None else sys._getframe(1))
    return None if place is None else SourceLine(*place)


def user_place(frame: FrameType) -> tuple[str, int, str] | None:
    """The same as file, line number and function alone, for what happens so often that it must cost little."""
    current: FrameType | None = frame
    while current is not None:
        code = current.f_code
        if not is_internal(code.co_filename):
            return code.co_filename, current.f_lineno, code.co_name
        current = current.f_back
    return None


def user_stacklevel() -> int:
    """The `stacklevel` with which the caller's `warnings.warn` points at the user's line; 1, its own, without one."""
    level, frame = 1, sys._getframe(1)
    current: FrameType | None = frame
    while current is not None:
        if not is_internal(current.f_code.co_filename):
            return level
        level, current = level + 1, current.f_back
    return 1


_filtering = True


def filter_tracebacks(enabled: bool) -> None:
    """Whether tracebacks leave out this package's own frames from now on (they do by default)."""
    global _filtering
    _filtering = enabled


def filters_tracebacks() -> bool:
    """What `filter_tracebacks` was told."""
    return _filtering


def trim_traceback(traceback: TracebackType | None) -> TracebackType | None:
    """The same traceback without this package's own frames; unchanged where nothing would remain."""
    kept: list[TracebackType] = []
    current = traceback
    while current is not None:
        if not is_internal(current.tb_frame.f_code.co_filename):
            kept.append(current)
        current = current.tb_next
    if not kept:
        return traceback
    following: TracebackType | None = None
    for entry in reversed(kept):
        following = TracebackType(following, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return following
