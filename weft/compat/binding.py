"""Decides, for whoever says ``import tensorflow``, which of the two dialects it gets."""

import os
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any, Literal

from weft.compat.dialect import NEUTRAL, Dialect, Verdict, is_library, judge_cells, judge_file, judge_source
from weft.compat.dialect import read_notebook as read_notebook_cells

Choice = Literal["auto", "v1", "v2"]

# Where notebook servers and editors tell a kernel which notebook it runs.
_NOTEBOOK_VARIABLE = "JPY_SESSION_NAME"
_NOTEBOOK_GLOBAL = "__vsc_ipynb_file__"


class Binding:
    """The choice of a process.

    Args:
        choice: ``"v1"`` or ``"v2"`` for every file alike, ``"auto"`` to look at each.
        verdict: What the program as a whole is; found from ``__main__`` where None.
        program: The program's file, for the one line that says it is TensorFlow 1.
        quiet: Whether that line is left out, as in the children of a program that has said it.
        override: What the user does to have it otherwise, for that line.
    """

    def __init__(
        self,
        choice: Choice = "auto",
        verdict: Verdict | None = None,
        program: str | None = None,
        quiet: bool = False,
        override: str = 'weft.install_as_tensorflow("v2")',
    ) -> None:
        self.choice = choice
        self.quiet = quiet
        self.override = override
        self.program = program if verdict is not None else _main_file()
        if choice != "auto":
            self.verdict = Verdict(choice, "it was asked for")
        elif verdict is not None:
            self.verdict = verdict
        else:
            self.verdict = _judge_quietly(self.program)
        self.folder = os.path.dirname(os.path.abspath(self.program)) if self.program else None
        self._known: dict[tuple[str, int], Verdict] = {}
        self._inherited: dict[str, tuple[str, Verdict]] = {}
        self._announced: set[str] = set()

    def state(self) -> dict[str, Any]:
        """Give what a child process needs to decide alike."""
        return {"choice": self.choice, "verdict": tuple(self.verdict), "program": self.program, "quiet": True}

    def dialect_for(self, importer: Mapping[str, Any]) -> Dialect:
        """Decide for one importing file.

        Args:
            importer: The globals of the code that imports.

        Returns:
            Its dialect.
        """
        if self.choice != "auto":
            return self.choice
        file = importer.get("__file__")
        if not isinstance(file, str):
            return self._for_code_without_file(importer)
        path = os.path.abspath(file)
        verdict = self._judge(path, importer)
        if not verdict.certain and not is_library(path):
            file, verdict = self._inherit(path)
        if verdict.dialect == "v1":
            self._announce(verdict, file)
        return verdict.dialect

    def _inherit(self, path: str) -> tuple[str, Verdict]:
        """Find whose dialect a file has in which nothing tells: the program's, or that of whatever first imports it."""
        if self.verdict.certain and self._in_program(path):
            return path, self.verdict
        if path not in self._inherited:
            self._inherited[path] = path, NEUTRAL
            frame: FrameType | None = sys._getframe(2)
            while frame is not None:
                file = frame.f_globals.get("__file__")
                above = os.path.abspath(file) if isinstance(file, str) else path
                if above != path and not is_library(above):
                    verdict = self._judge(above, frame.f_globals)
                    if verdict.certain:
                        self._inherited[path] = above, verdict
                        break
                frame = frame.f_back
        return self._inherited[path]

    def governs(self, importer: Mapping[str, Any]) -> bool:
        """Tell whether what an importing file is decides for the whole process.

        It does in the program's own dialect, and where there is no program to ask, as under pytest.
        """
        if self.verdict.dialect == "v1":
            return True
        file = importer.get("__file__")
        has_program = self.program is not None and not is_library(self.program)
        return not has_program and not (isinstance(file, str) and is_library(os.path.abspath(file)))

    def _judge(self, file: str, importer: Mapping[str, Any]) -> Verdict:
        try:
            key = (file, os.stat(file).st_mtime_ns)
        except OSError:
            key = (file, 0)
        known = self._known.get(key)
        if known is None:
            known = _judge_quietly(file) if key[1] else _judge_by_loader(importer)
            self._known[key] = known
        return known

    def _in_program(self, file: str) -> bool:
        """Tell whether a file is a part of the user's own program."""
        path = os.path.abspath(file)
        return self.folder is not None and path.startswith(self.folder + os.sep) and not is_library(path)

    def _for_code_without_file(self, importer: Mapping[str, Any]) -> Dialect:
        """Decide for a notebook's cell by all cells; any other code without a file goes the program's way."""
        history = importer.get("In")
        if not isinstance(history, list):
            verdict = self.verdict
        else:
            cells = [cell for cell in history[1:] if isinstance(cell, str)]  # IPython counts cells from 1
            verdict = judge_cells([*cells, *_saved_cells(importer)], os.getcwd())
            # The files beside the notebook go its way.
            self.verdict, self.folder, self.program = verdict, os.getcwd(), "this notebook"
        if verdict.dialect == "v1":
            self._announce(verdict, self.program or "the program")
        return verdict.dialect

    def _announce(self, verdict: Verdict, file: str) -> None:
        """Say once that a program is TensorFlow 1; once more for a file that differs from its program."""
        of_program = verdict == self.verdict or (self.verdict.dialect == "v1" and self._in_program(file))
        if of_program:
            verdict, file = self.verdict, self.program or file
        if self.quiet or file in self._announced:
            return
        self._announced.add(file)
        name = os.path.basename(file)
        print(f"weft: {name} is TensorFlow 1 ({verdict.reason}); {self.override} overrides", file=sys.stderr)


def _main_file() -> str | None:
    """Give the file that the process was started with, None for a notebook, a prompt or ``-c``."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.abspath(file) if isinstance(file, str) and os.path.isfile(file) else None


def _judge_quietly(file: str | None) -> Verdict:
    """Judge a file that has been compiled already, or that is none of ours; what cannot be read tells nothing."""
    if file is None:
        return NEUTRAL
    try:
        return judge_file(file)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return NEUTRAL


def _judge_by_loader(importer: Mapping[str, Any]) -> Verdict:
    """Judge a module that has no file of its own, such as one in a zip archive."""
    get_source = getattr(importer.get("__loader__"), "get_source", None)
    try:
        source = get_source(importer.get("__name__")) if get_source is not None else None
        return judge_source(source) if source else NEUTRAL
    except (ImportError, OSError, SyntaxError, ValueError, RecursionError):
        return NEUTRAL


def _saved_cells(importer: Mapping[str, Any]) -> list[str]:
    """Give the cells of the notebook as last saved, which holds what later cells will do; none where unknown."""
    path = importer.get(_NOTEBOOK_GLOBAL) or os.environ.get(_NOTEBOOK_VARIABLE) or ""
    if not str(path).endswith(".ipynb") or not os.path.isfile(path):
        return []
    try:
        return read_notebook_cells(path)
    except OSError:
        return []
