"""Test methods that run once for each combination of arguments, as packages take them from TensorFlow's test tools."""

from __future__ import annotations

import functools
import inspect
import itertools
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from weft.compat.internals import running

Combinations = list["OrderedDict[str, Any]"]


class NamedObject:
    """A value with a name, which stands in the names of tests."""

    def __init__(self, name: str, obj: Any) -> None:
        self._name = name
        self._obj = obj

    def __getattr__(self, name: str) -> Any:
        return getattr(self._obj, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._obj(*args, **kwargs)

    def __iter__(self) -> Any:
        return iter(self._obj)

    def __repr__(self) -> str:
        return self._name


def combine(**kwargs: Any) -> Combinations:
    """All combinations of values: each argument gives a list of them, or one."""
    names = sorted(kwargs)
    columns = [value if isinstance(value, list) else [value] for value in (kwargs[name] for name in names)]
    return [OrderedDict(zip(names, values, strict=True)) for values in itertools.product(*columns)]


def times(*combined: Combinations) -> Combinations:
    """Every combination of the one list with every one of the others.

    Raises:
        ValueError: Where an argument is in two of them.
    """
    found: Combinations = []
    for parts in itertools.product(*combined):
        names = [name for part in parts for name in part]
        if len(names) != len(set(names)):
            raise ValueError(f"combinations.times: an argument is in two of the lists: {names}.")
        found.append(OrderedDict(pair for part in parts for pair in part.items()))
    return found


def generate(combinations: Iterable[Any], test_combinations: Any = ()) -> Callable[[Any], Any]:
    """A decorator of test methods, or of classes of them: one test for each combination.

    Args:
        combinations: What `combine` and `times` give. A method is given those arguments that it takes. `mode` says
            whether it runs in a graph of its own ("graph") or at once ("eager").
        test_combinations: Accepted.

    Returns:
        The decorator.
    """
    cases = list(combinations)

    def decorate(target: Any) -> Any:
        if not inspect.isclass(target):
            return _Cases(target, cases)
        for name, method in list(vars(target).items()):
            if name.startswith("test") and inspect.isfunction(method):
                _Cases(method, cases).__set_name__(target, name)
        return target

    return decorate


class _Cases:
    """A test method on its way to its class, which gets one for each combination in its place."""

    def __init__(self, method: Callable[..., Any], cases: Combinations) -> None:
        self._method = method
        self._cases = cases

    def __set_name__(self, owner: type, name: str) -> None:
        delattr(owner, name)
        for case in self._cases:
            setattr(owner, f"{name}_test{''.join(_said(*pair) for pair in case.items())}", _one(self._method, case))


def _said(name: str, value: Any) -> str:
    return f"_{name}_{re.sub('[^0-9A-Za-z_]+', '', str(value))}"


def _one(method: Callable[..., Any], case: OrderedDict[str, Any]) -> Callable[[Any], Any]:
    """The test of one combination."""
    parameters = inspect.signature(method).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    given = {name: value for name, value in case.items() if takes_all or name in parameters}

    @functools.wraps(method)
    def test(self: Any) -> None:
        mode = case.get("mode")
        if mode == "graph":
            from weft.compat import v1

            with v1.Graph().as_default():
                method(self, **given)
        elif mode == "eager":
            with running.eager_mode():
                method(self, **given)
        else:
            method(self, **given)

    del test.__wrapped__  # type: ignore[attr-defined]  # whose arguments test runners would ask for
    return test
