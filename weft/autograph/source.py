"""Finds the source of a Python function as a syntax tree."""

from __future__ import annotations

import ast
import copy
import linecache
from types import CodeType, FunctionType
from typing import Any

from weft.autograph import typed

Definition = ast.FunctionDef | ast.Lambda


class NoSource(Exception):
    """There is no source for a function, or what lies there now is another."""


class Found:
    """A function's definition.

    Attributes:
        node: A copy of its syntax tree, with the lines of the file.
        inside: The name of the class around it, after which private names are called; None outside of classes.
    """

    def __init__(self, node: Definition, inside: str | None) -> None:
        self.node = node
        self.inside = inside


def find(function: FunctionType) -> Found:
    """The definition of a function.

    Raises:
        NoSource: Where there is none: in `exec`, at a prompt without a history, in code that was changed since.
    """
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__) or typed.lines_of(code)
    if not lines:
        raise NoSource(f"the source of `{code.co_name}` is not to be had")
    here = [found for found in _definitions(code.co_filename, lines).get(code.co_firstlineno, ())
            if _is_of(found.node, code)]  # fmt: skip
    if not here:
        raise NoSource(f"the source of `{code.co_name}` has changed since it was read")
    best = min(here, key=lambda found: _extent(found.node)) if len(here) > 1 else here[0]
    return Found(copy.deepcopy(best.node), best.inside)


#: file name -> (its lines, line -> definitions that begin there)
_files: dict[str, tuple[list[str], dict[int, list[Found]]]] = {}


def _definitions(filename: str, lines: list[str]) -> dict[int, list[Found]]:
    known = _files.get(filename)
    if known is not None and known[0] == lines:
        return known[1]
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError) as error:
        raise NoSource(f"the source of {filename} cannot be read: {error}") from None
    found: dict[int, list[Found]] = {}
    waiting: list[tuple[ast.AST, str | None]] = [(tree, None)]
    while waiting:
        node, inside = waiting.pop()
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found.setdefault(first, []).append(Found(node, inside))
        elif isinstance(node, ast.Lambda):
            found.setdefault(node.lineno, []).append(Found(node, inside))
        elif isinstance(node, ast.ClassDef):
            inside = node.name
        waiting.extend((child, inside) for child in ast.iter_child_nodes(node))
    _files[filename] = (list(lines), found)
    return found


def _is_of(node: Definition, code: CodeType) -> bool:
    """Whether a definition may be what a code object was made from: name, parameters and places go together."""
    name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
    given = node.args
    parameters = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    parameters += [a.arg for a in (given.vararg, given.kwarg) if a is not None]
    count = len(parameters)
    own = tuple(_unmangled(name) for name in code.co_varnames[:count])
    if code.co_name != name or tuple(_unmangled(p) for p in parameters) != own:
        return False
    if isinstance(node, ast.FunctionDef):
        return True
    first, last = (node.body.lineno, node.body.col_offset), (node.body.end_lineno or 0, node.body.end_col_offset or 0)
    places = [p for p in code.co_positions() if None not in p and p[2:] != (0, 0)]
    return all(first <= (p[0], p[2]) and (p[1], p[3]) <= last for p in places)  # type: ignore[operator]


def _unmangled(name: str) -> str:
    return "__" + name.split("__", 1)[1] if name.startswith("_") and "__" in name[1:] else name


def _extent(node: Any) -> tuple[int, int]:
    """How far a definition reaches: of lambdas in one another that fit, the inner one is meant."""
    lines = node.end_lineno - node.lineno
    return lines, node.end_col_offset - node.col_offset if not lines else node.end_col_offset
