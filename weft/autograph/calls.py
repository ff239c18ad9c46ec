"""Calls in rewritten functions: the user's own functions are rewritten, too, all others are called as they are."""

from __future__ import annotations

import functools
import sys
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from weft.autograph import builtins, converting
from weft.runtime import context

#: modules whose functions are called as they are
_LIBRARIES = {"weft", "numpy", "ml_dtypes", "llvmlite", "h5py", "pytest", "hypothesis", "IPython"}
_LEFT_ALONE = (_LIBRARIES | sys.stdlib_module_names) - {"__main__"}


def is_users(function: FunctionType) -> bool:
    """Whether a function is a program's own, and not a library's that knows nothing of graphs."""
    module = getattr(function, "__module__", None) or ""
    return module.split(".")[0] not in _LEFT_ALONE


def call(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """`function(*args, **kwargs)`."""
    if context.scope() is None:
        return function(*args, **kwargs)
    overload = _builtin(function)
    if overload is not None:
        return overload(*args, **kwargs)
    found = traceable(function)
    if found is not function:
        return found(*args, **kwargs)
    if isinstance(function, functools.partial):
        return call(function.func, *function.args, *args, **{**function.keywords, **kwargs})
    if callable(function) and not isinstance(function, (type, BuiltinFunctionType, FunctionType, MethodType)):
        inner = type(function).__call__
        if isinstance(inner, FunctionType) and is_users(inner):
            return converting.converted(inner)(function, *args, **kwargs)
    # functions that a library calls back: `tf.map_fn(f, x)`, `tf.cond(p, f, g)`
    return function(*[_callback(a) for a in args], **{name: _callback(value) for name, value in kwargs.items()})


def traceable(function: Any) -> Any:
    """A function or method as it is to be called while a graph is built: rewritten, where it is the program's own."""
    inner = function.__func__ if isinstance(function, MethodType) else function
    return converting.converted(function) if isinstance(inner, FunctionType) and is_users(inner) else function


def _callback(value: Any) -> Any:
    return converting.converted(value) if isinstance(value, FunctionType) and is_users(value) else value


def _builtin(function: Any) -> Any:
    try:
        return builtins.BUILTINS.get(function)
    except TypeError:  # it cannot be hashed
        return None
