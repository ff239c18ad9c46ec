"""The classes behind `keras.ops`, as the modules inside Keras have them: `Mean(axis=1)(x)` is `mean(x, axis=1)`.

Each is made from its function's entry when it is first asked for.
"""

from __future__ import annotations

import functools
import inspect
import typing

from weft.extend import explain
from weft.keras import ops
from weft.keras.ops.records import FUNCTIONS, FunctionCall, class_name, is_option, run

__all__: list[str] = []

_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class _Prepared(FunctionCall):
    """A function of `keras.ops` whose arguments that are no tensors are given first, the tensors with the call."""

    _function: str
    _signature: inspect.Signature
    _options: tuple[str, ...]

    def __init__(self, *args: typing.Any, name: str | None = None, **kwargs: typing.Any) -> None:
        given = dict(zip(self._options, args, strict=False))
        unknown = [key for key in kwargs if key not in self._options]
        if len(args) > len(self._options) or unknown or given.keys() & kwargs.keys():
            raise TypeError(explain(
                f"{type(self).__name__} does not take these options.",
                expected=", ".join((*self._options, "name")), received=f"{args}, {kwargs}",
            ))  # fmt: skip
        super().__init__(self._function, {**given, **kwargs}, name)

    def __getattr__(self, name: str) -> typing.Any:
        if name in type(self)._options:
            return self.bound.get(name, self._signature.parameters[name].default)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def call(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """Runs the function."""
        left = iter(args)
        placed: dict[str, typing.Any] = {}
        for parameter in self._signature.parameters.values():
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                placed[parameter.name] = tuple(left)
            elif parameter.name in self.bound:
                placed[parameter.name] = self.bound[parameter.name]
            elif parameter.name in kwargs:
                placed[parameter.name] = kwargs[parameter.name]
            elif parameter.name not in self._options:
                for value in left:
                    placed[parameter.name] = value
                    break
        bound = inspect.BoundArguments(self._signature, placed)  # type: ignore[arg-type]
        return run(self._function, bound.args, bound.kwargs)


@functools.cache
def _make(name: str) -> type[_Prepared] | None:
    dir(ops), ops.add  # loads the table
    function = next((each for each in FUNCTIONS if class_name(each) == name), None)
    if function is None:
        return None
    signature = inspect.signature(FUNCTIONS[function])
    options = tuple(
        each.name for each in signature.parameters.values()
        if each.kind not in _VARIABLE and is_option(function, each.name)
    )  # fmt: skip
    inside = {"_function": function, "_signature": signature, "_options": options}
    return type(name, (_Prepared,), {**inside, "__doc__": FUNCTIONS[function].__doc__})


def __getattr__(name: str) -> typing.Any:
    made = _make(name) if name[:1].isupper() else None
    if made is None:
        raise AttributeError(f"Keras has no operation {name!r}")
    return made
