"""Makes of a Python function one whose control flow may be the graph's."""

from __future__ import annotations

import ast
import functools
import logging
import weakref
from collections.abc import Callable, Iterator
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

from weft.autograph import jumps, rewriting, source

_log = logging.getLogger("weft")

#: marks functions that are to be left as they are
LEFT = "__weft_not_converted__"

_converted: weakref.WeakKeyDictionary[CodeType, CodeType | None] = weakref.WeakKeyDictionary()
_made: weakref.WeakSet[CodeType] = weakref.WeakSet()


def converted(function: Any) -> Any:
    """The function with its control flow rewritten; itself where there is no source, or where it is to be left alone.

    Args:
        function: A function, a bound method, or anything that is called, which is then given back as it is.
    """
    if isinstance(function, MethodType):
        inner = converted(function.__func__)
        return function if inner is function.__func__ else MethodType(inner, function.__self__)
    if not isinstance(function, FunctionType) or hasattr(function, LEFT):
        return function
    code = function.__code__
    if code in _made:
        return function
    if code not in _converted:
        _converted[code] = _rewritten(function)
    new = _converted[code]
    return function if new is None else _with(function, new)


def is_converted(function: Any) -> bool:
    """Whether a function or method is what `converted` has made."""
    inner = function.__func__ if isinstance(function, MethodType) else function
    return isinstance(inner, FunctionType) and inner.__code__ in _made


def tree(function: FunctionType) -> source.Definition:
    """The rewritten definition.

    Raises:
        NoSource: Where there is no source.
        Unsuitable: For generators and coroutines.
    """
    found = source.find(function)
    return rewriting.rewrite(found.node, found.inside)


def _rewritten(function: FunctionType) -> CodeType | None:
    try:
        node = tree(function)
    except source.NoSource as problem:
        _log.info("%s: its `if`, `while` and `for` are Python's while it is traced", problem)
        return None
    except rewriting.Unsuitable:
        return None
    code = function.__code__
    around = (*code.co_freevars, rewriting.OPERATORS)
    body: ast.stmt
    if isinstance(node, ast.Lambda):
        body = ast.Return(value=node)
    else:
        node.name = jumps.PREFIX + "function"  # so that its own name still means what it meant outside
        body = node
    outside = ast.FunctionDef(name=jumps.PREFIX + "outside", args=_parameters(around), body=[body], decorator_list=[])
    vars(outside).setdefault("type_params", [])  # from 3.12 on
    module = ast.fix_missing_locations(ast.Module(body=[outside], type_ignores=[]))
    compiled = compile(module, code.co_filename, "exec", flags=_future_flags(code), dont_inherit=True)
    made = next(inner for inner in _constants(_first_code(compiled)) if _is_the_function(inner))
    renamed = _renamed(made, code)
    _made.update(_all_codes(renamed))
    return renamed


def _future_flags(code: CodeType) -> int:
    import __future__

    flags = [getattr(__future__, name).compiler_flag for name in __future__.all_feature_names]
    return sum(flag for flag in flags if code.co_flags & flag)


def _parameters(given: tuple[str, ...]) -> ast.arguments:
    return ast.arguments(posonlyargs=[], args=[ast.arg(a) for a in given], kwonlyargs=[], kw_defaults=[], defaults=[])


def _first_code(code: CodeType) -> CodeType:
    return next(iter(_constants(code)))


def _constants(code: CodeType) -> Iterator[CodeType]:
    return (constant for constant in code.co_consts if isinstance(constant, CodeType))


def _is_the_function(code: CodeType) -> bool:
    return code.co_name in (jumps.PREFIX + "function", "<lambda>")


def _renamed(code: CodeType, like: CodeType) -> CodeType:
    """Code whose generated parts are called like the function that the user wrote, as tracebacks show them."""
    constants = tuple(_renamed(c, like) if isinstance(c, CodeType) else c for c in code.co_consts)
    name = like.co_name if code.co_name.startswith(jumps.PREFIX) else code.co_name
    return code.replace(co_consts=constants, co_name=name, co_qualname=like.co_qualname if name == like.co_name
                        else code.co_qualname)  # fmt: skip


def _all_codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for inner in _constants(code):
        yield from _all_codes(inner)


def _with(function: FunctionType, code: CodeType) -> Callable[..., Any]:
    from weft.autograph import operators

    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    cells[rewriting.OPERATORS] = CellType(operators)
    closure = tuple(cells.get(name) or CellType() for name in code.co_freevars)
    made = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, closure)
    made.__kwdefaults__ = function.__kwdefaults__
    functools.update_wrapper(made, function)
    del vars(made)["__wrapped__"]
    return made
