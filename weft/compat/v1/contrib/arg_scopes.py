"""Argument scopes: blocks in which functions get other defaults."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from weft.base.errors import explain

_Defaults = dict[str, dict[str, Any]]

_open = threading.local()

#: functions with defaults that can be changed: key -> their parameters with defaults
_parameters: dict[str, tuple[str, ...]] = {}


def _scopes() -> list[_Defaults]:
    if not hasattr(_open, "scopes"):
        _open.scopes = [{}]
    held: list[_Defaults] = _open.scopes
    return held


def current_arg_scope() -> _Defaults:
    """The defaults that are in force: for each function's key its keyword arguments."""
    return _scopes()[-1]


def arg_scope_func_key(op: Any) -> str:
    """What `current_arg_scope` has a function's defaults under."""
    return str(getattr(op, "_key_op", op))


def has_arg_scope(func: Any) -> bool:
    """Whether a function takes defaults from argument scopes."""
    return arg_scope_func_key(func) in _parameters


def arg_scoped_arguments(func: Any) -> tuple[str, ...]:
    """The parameters of a function that argument scopes can set."""
    return _parameters[arg_scope_func_key(func)]


def add_arg_scope(func: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a function so that argument scopes can give it other defaults.

    Args:
        func: The function.

    Returns:
        The decorated one; what a call says itself goes before what a scope says.

    Example:
        >>> from weft.compat.v1.contrib.framework import add_arg_scope, arg_scope
        >>> @add_arg_scope
        ... def line(x, slope=1.0, start=0.0):
        ...     return start + slope * x
        >>> with arg_scope([line], slope=3.0):
        ...     line(2.0), line(2.0, start=1.0), line(2.0, slope=5.0)
        (6.0, 7.0, 10.0)
    """

    @functools.wraps(func)
    def scoped(*args: Any, **kwargs: Any) -> Any:
        given = current_arg_scope().get(key)
        return func(*args, **({**given, **kwargs} if given else kwargs))

    key = str(func)
    scoped._key_op = key  # type: ignore[attr-defined]
    code = getattr(func, "__code__", None)
    count = len(getattr(func, "__defaults__", None) or ())
    _parameters[key] = code.co_varnames[code.co_argcount - count : code.co_argcount] if code and count else ()
    return scoped


@contextlib.contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[_Defaults]:
    """A block in which functions have other defaults.

    Args:
        list_ops_or_scope: Functions that `add_arg_scope` decorated; or what an earlier scope gave, to open it again.
        **kwargs: The defaults; none where a scope is opened again.

    Yields:
        The scope.

    Raises:
        ValueError: For arguments beside a scope, or a function that was not decorated.
        TypeError: For what is neither a list nor a scope.
    """
    if isinstance(list_ops_or_scope, Mapping):
        if kwargs:
            raise ValueError("When attempting to re-use a scope by supplying a dictionary, kwargs must be empty.")
        now: _Defaults = dict(list_ops_or_scope)
    else:
        if not isinstance(list_ops_or_scope, (list, tuple)):
            raise TypeError("list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)")
        now = dict(current_arg_scope())
        for op in list_ops_or_scope:
            key = arg_scope_func_key(op)
            if key not in _parameters:
                raise ValueError(
                    explain(f"arg_scope: {op!r} takes no defaults from scopes.",
                            hint="decorate it with tf.contrib.framework.add_arg_scope")  # fmt: skip
                )
            now[key] = {**now.get(key, {}), **kwargs}
    _scopes().append(now)
    try:
        yield now
    finally:
        _scopes().pop()
