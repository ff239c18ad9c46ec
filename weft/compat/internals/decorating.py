"""Decorators and what looks through them: deprecation notices, wrapped functions, signatures."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from weft.compat.v1 import logging

# Deprecation --------------------------------------------------------------------------------------------------------

_PRINT_DEPRECATION_WARNINGS = True
_told: set[Any] = set()
_silent = 0


def _tell(key: Any, text: str, *values: Any) -> None:
    """Says a notice in the log, once for each thing it is about."""
    own = sys.modules[__name__]
    if key in _told or _silent or not own._PRINT_DEPRECATION_WARNINGS:
        return
    _told.add(key)
    logging.warning(text, *values)


def _end(date: str | None) -> str:
    return "in a future version" if date is None else f"after {date}"


def deprecated(date: str | None, instructions: str, warn_once: bool = True) -> Callable[[Any], Any]:
    """Makes a decorator: the function, or class, says when it is first used that it will go."""

    def decorate(target: Any) -> Any:
        name = getattr(target, "__qualname__", repr(target))
        tell = functools.partial(_tell, (name, instructions), "%s will go %s. %s", name, _end(date), instructions)
        if isinstance(target, type):
            before: Any = target.__init__  # type: ignore[misc]

            @functools.wraps(before)
            def init(self: Any, *args: Any, **kwargs: Any) -> None:
                tell()
                before(self, *args, **kwargs)

            target.__init__ = init  # type: ignore[misc]
            return target
        if isinstance(target, property):
            return property(decorate(target.fget), target.fset, target.fdel, target.__doc__)

        @functools.wraps(target)
        def call(*args: Any, **kwargs: Any) -> Any:
            tell()
            return target(*args, **kwargs)

        return call

    return decorate


def _noting_arguments(
    date: str | None, instructions: str, noted: Callable[[dict[str, Any]], Iterable[str]]
) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        signature = inspect.signature(function)
        name = getattr(function, "__qualname__", repr(function))

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                given = signature.bind_partial(*args, **kwargs).arguments
            except TypeError:  # the call itself will say so
                given = {}
            for argument in noted(given):
                text = "The argument %s of %s will go %s. %s"
                _tell((name, argument), text, argument, name, _end(date), instructions)
            return function(*args, **kwargs)

        return call

    return decorate


def deprecated_args(
    date: str | None, instructions: str, *deprecated_arg_names_or_tuples: Any, warn_once: bool = True
) -> Callable[[Any], Any]:
    """Makes a decorator: the function says when it is first given one of these arguments that they will go."""
    given_names = deprecated_arg_names_or_tuples
    names: dict[str, Any] = dict(each if isinstance(each, tuple) else (each, None) for each in given_names)
    least = {each[0] for each in given_names if isinstance(each, tuple)}

    def noted(given: dict[str, Any]) -> list[str]:
        found = [name for name in names if name in given]
        return [name for name in found if name not in least or given[name] is not names[name]]

    return _noting_arguments(date, instructions, noted)


def deprecated_arg_values(
    date: str | None, instructions: str, warn_once: bool = True, **deprecated_kwargs: Any
) -> Callable[[Any], Any]:
    """Makes a decorator: the function says when an argument first has one of these values that they will go."""
    return _noting_arguments(
        date,
        instructions,
        lambda given: [name for name, value in deprecated_kwargs.items() if name in given and given[name] is value],
    )


def deprecated_alias(deprecated_name: str, name: str, func_or_class: Any, warn_once: bool = True) -> Any:
    """The function or class under its old name, which says so when it is first used."""
    if isinstance(func_or_class, type):
        alias = type(func_or_class.__name__, (func_or_class,), {"__module__": func_or_class.__module__})
        return deprecated(None, f"Use {name} instead of {deprecated_name}.")(alias)
    return deprecated(None, f"Use {name} instead of {deprecated_name}.")(func_or_class)


def deprecated_argument_lookup(new_name: str, new_value: Any, old_name: str, old_value: Any) -> Any:
    """The value of an argument that has a new name beside its old one.

    Raises:
        ValueError: Both were given.
    """
    if old_value is None:
        return new_value
    if new_value is not None:
        raise ValueError(f"Give {new_name!r} or {old_name!r}, which is its old name, not both.")
    return old_value


def deprecate_moved_module(deprecated_name: str, new_module: Any, deletion_version: str) -> Callable[[str], Any]:
    """Makes a module's `__getattr__` that looks names up in the module's successor."""
    return lambda name: getattr(new_module, name)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """A context in which no notice is said."""
    global _silent
    _silent += 1
    try:
        yield
    finally:
        _silent -= 1


# Wrapped functions --------------------------------------------------------------------------------------------------

contextmanager = contextlib.contextmanager


class TFDecorator:
    """What a wrapper knows of the function it wraps."""

    def __init__(
        self, decorator_name: str, target: Any, decorator_doc: str = "", decorator_argspec: Any = None
    ) -> None:
        self.decorator_name = decorator_name
        self.decorator_doc = decorator_doc
        self.decorator_argspec = decorator_argspec
        self.decorated_target = target

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.decorated_target(*args, **kwargs)


def make_decorator(
    target: Any,
    decorator_func: Any,
    decorator_name: str | None = None,
    decorator_doc: str = "",
    decorator_argspec: Any = None,
) -> Any:
    """Makes a wrapper look like the function it wraps, and remember it."""
    name = decorator_name or str(getattr(decorator_func, "__name__", "wrapper"))
    functools.update_wrapper(decorator_func, target)
    decorator_func._tf_decorator = TFDecorator(name, target, decorator_doc, decorator_argspec)
    if decorator_argspec is not None and isinstance(decorator_argspec, inspect.FullArgSpec):
        decorator_func.__signature__ = fullargspec_to_signature(decorator_argspec)
    return decorator_func


def unwrap(maybe_tf_decorator: Any) -> tuple[list[Any], Any]:
    """The decorators around a function, outermost first, and the function."""
    found, current = [], maybe_tf_decorator
    while isinstance(getattr(current, "_tf_decorator", None), TFDecorator):
        found.append(current._tf_decorator)
        current = current._tf_decorator.decorated_target
    return found, current


# Signatures ---------------------------------------------------------------------------------------------------------

ArgSpec = namedtuple("ArgSpec", "args varargs keywords defaults")
FullArgSpec = inspect.FullArgSpec
Parameter = inspect.Parameter
Signature = inspect.Signature


def fullargspec_to_signature(fullargspec: inspect.FullArgSpec) -> inspect.Signature:
    """A signature with the parameters of an argument specification."""
    kinds, first = inspect.Parameter, len(fullargspec.args) - len(fullargspec.defaults or ())
    found = []
    for index, name in enumerate(fullargspec.args):
        default = fullargspec.defaults[index - first] if fullargspec.defaults and index >= first else kinds.empty
        found.append(kinds(name, kinds.POSITIONAL_OR_KEYWORD, default=default))
    if fullargspec.varargs:
        found.append(kinds(fullargspec.varargs, kinds.VAR_POSITIONAL))
    for name in fullargspec.kwonlyargs:
        default = (fullargspec.kwonlydefaults or {}).get(name, kinds.empty)
        found.append(kinds(name, kinds.KEYWORD_ONLY, default=default))
    if fullargspec.varkw:
        found.append(kinds(fullargspec.varkw, kinds.VAR_KEYWORD))
    return inspect.Signature(found)


def getfullargspec(obj: Any) -> inspect.FullArgSpec:
    """The arguments of a function, looked for behind its decorators; those of a class are its `__init__`'s."""
    decorators, target = unwrap(obj)
    for decorator in decorators:
        if decorator.decorator_argspec is not None:
            return decorator.decorator_argspec
    python = getattr(target, "python_function", None)  # a traced function takes what its Python function takes
    plain = inspect.unwrap(target if python is None else python)
    found = inspect.getfullargspec(plain)
    # TensorFlow's functions say nothing of types there, and packages compare what is found with their own functions'.
    return found._replace(annotations={}) if (getattr(plain, "__module__", "") or "").startswith("weft.") else found


def getargspec(obj: Any) -> Any:
    """The arguments of a function as four lists: names, the rest, keywords, defaults."""
    full = getfullargspec(obj)
    return ArgSpec(full.args, full.varargs, full.varkw, full.defaults)


def getcallargs(*func_and_positional: Any, **named: Any) -> dict[str, Any]:
    """What each parameter of the function that comes first gets from these arguments."""
    function, *positional = func_and_positional
    return inspect.getcallargs(inspect.unwrap(unwrap(function)[1]), *positional, **named)


def fn_args(fn: Any) -> tuple[str, ...]:
    """The names of a function's arguments; of a method, without the object."""
    if isinstance(fn, functools.partial):
        taken = set(fn.keywords)
        return tuple(name for name in fn_args(fn.func)[len(fn.args) :] if name not in taken)
    call = fn if inspect.isroutine(fn) or isinstance(fn, type) else getattr(fn, "__call__", fn)  # noqa: B004
    args = getfullargspec(call).args
    return tuple(args[1:] if inspect.ismethod(call) or isinstance(call, type) else args)


def has_kwargs(fn: Any) -> bool:
    """Whether a function takes keywords that it does not name."""
    if isinstance(fn, functools.partial):
        fn = fn.func
    return getfullargspec(fn).varkw is not None


def get_func_name(func: Any) -> str:
    """What a function is called in messages."""
    _, target = unwrap(func)
    if isinstance(target, functools.partial):
        return get_func_name(target.func)
    return getattr(target, "__name__", str(target))


def get_func_code(func: Any) -> Any:
    """The code of a function, or None."""
    return getattr(unwrap(func)[1], "__code__", None)


def __getattr__(name: str) -> Any:
    # The rest is Python's own: isclass, isfunction, signature, getmro, getdoc, getsource, and so on.
    return getattr(inspect, name)


# Names of modules ---------------------------------------------------------------------------------------------------


def make_all(module_name: str, doc_string_modules: Any = None) -> list[str]:
    """The public names of a module."""
    return [name for name in dir(sys.modules[module_name]) if not name.startswith("_")]


def remove_undocumented(module_name: str, allowed_exception_list: Any = None, doc_string_modules: Any = None) -> None:
    """Accepted; a module keeps the names that are no part of its documentation."""
