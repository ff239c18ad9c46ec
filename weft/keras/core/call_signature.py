"""What the `call` of a layer takes: its tensors, `training`, masks."""

from __future__ import annotations

import dis
import inspect
import weakref
from functools import cached_property
from types import CodeType
from typing import Any

from weft.extend import explain, nearest, signature_of


class CallSignature:
    """The parameters of a `call` method.

    Attributes:
        names: Names of the parameters, `self` left out.
        first: The name of the first one, None where there is none.
        required: Those that have no default and may be given without a name.
        has_training: Whether it takes `training`.
        masks: Names of mask parameters, by the parameter whose mask they take.
    """

    def __init__(self, signature: inspect.Signature, code: CodeType | None = None) -> None:
        self.signature = signature
        parameters = list(signature.parameters.values())
        kinds = inspect.Parameter
        self.names = [
            p.name
            for p in parameters
            if p.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY, kinds.POSITIONAL_ONLY)
        ]
        self.takes_any_keyword = any(p.kind is kinds.VAR_KEYWORD for p in parameters)
        positional = [p.name for p in parameters if p.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.POSITIONAL_ONLY)]
        self.first = positional[0] if positional else None
        self.required = [p.name for p in parameters if p.name in positional and p.default is kinds.empty]
        self.has_training = "training" in self.names
        self._code = code
        self.default_training = self._default("training")
        self.masks = {
            name[: -len("_mask")]: name
            for name in self.names
            if name.endswith("_mask") and name[: -len("_mask")] in self.names
        }
        if "mask" in self.names and self.first is not None:
            self.masks.setdefault(self.first, "mask")

    @cached_property
    def reads_training(self) -> bool:
        """Whether the call does something with `training`, as far as its code tells."""
        return self.has_training and (self._code is None or _reads(self._code, "training"))

    def _default(self, name: str) -> Any:
        parameter = self.signature.parameters.get(name)
        return None if parameter is None or parameter.default is inspect.Parameter.empty else parameter.default

    def bind(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments by name.

        Raises:
            TypeError: Where they do not fit, naming the layer and what it takes.
        """
        if len(args) == 1 and not kwargs and self.first is not None:
            if self._only_first_required():
                return {self.first: args[0]}
        try:
            return dict(self.signature.bind(*args, **kwargs).arguments)
        except TypeError as error:
            unknown = [key for key in kwargs if key not in self.names] if not self.takes_any_keyword else []
            raise TypeError(explain(
                f"Layer `{layer.name}` ({type(layer).__name__}) cannot be called like this: {error}.",
                expected=f"{type(layer).__name__}.call{self.signature}",
                received=f"{len(args)} positional arguments" + (f", keywords {', '.join(kwargs)}" if kwargs else ""),
                hint=nearest(unknown[0], self.names) if unknown else None,
            )) from None  # fmt: skip

    def _only_first_required(self) -> bool:
        kinds = inspect.Parameter
        return all(
            p.name == self.first or p.default is not kinds.empty or p.kind in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL)
            for p in self.signature.parameters.values()
        )


#: weak, because a class made inside a function (a search, a cell that runs again) ends with what its `call` refers to
_known: weakref.WeakKeyDictionary[Any, CallSignature] = weakref.WeakKeyDictionary()


def _of_method(function: Any) -> CallSignature:
    try:
        found = _known.get(function)
    except TypeError:  # neither hashable nor open to weak references, as compiled functions may be
        return _read(function)
    if found is None:
        found = _known[function] = _read(function)
    return found


def _read(function: Any) -> CallSignature:
    signature = signature_of(function)
    whole = inspect.unwrap(function) is function  # what stands around a function may do anything with its arguments
    return CallSignature(
        signature.replace(parameters=list(signature.parameters.values())[1:]),
        getattr(function, "__code__", None) if whole else None,
    )


def _reads(code: CodeType, name: str) -> bool:
    """Whether a function's code reads its parameter of that name."""
    return name in code.co_cellvars or any(
        "LOAD" in step.opname and (step.argval == name or (isinstance(step.argval, tuple) and name in step.argval))
        for step in dis.get_instructions(code)
    )


def call_signature(layer: Any) -> CallSignature:
    """The signature of a layer's `call`; the same object for all layers of a class."""
    call = layer.call
    function = getattr(call, "__func__", None)
    return _of_method(function) if function is not None else CallSignature(signature_of(call))


def accepts(function: Any, name: str) -> bool:
    """Whether a function takes a keyword of that name."""
    try:
        parameters = signature_of(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(p.name == name or p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
