"""What happens when a layer class is called: old argument names are understood, and the arguments are remembered."""

from __future__ import annotations

import inspect
import weakref
from typing import Any, TypeVar

from weft.extend import signature_of, user_facing
from weft.keras.core import tracking
from weft.keras.core.construction import KnownArguments

_Made = TypeVar("_Made")

#: keywords of Keras 1 and 2 and what they are called now; those in a class's `_old_arguments` come on top
OLD_ARGUMENTS = {
    "init": "kernel_initializer",
    "bias": "use_bias",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "border_mode": "padding",
    "subsample": "strides",
    "dim_ordering": "data_format",
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "subsample_length": "strides",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "U_regularizer": "recurrent_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
}


class LayerMeta(KnownArguments):
    """The class of layer classes."""

    @user_facing
    def __call__(cls: type[_Made], *args: Any, **kwargs: Any) -> _Made:  # type: ignore[misc]  # of which cls is one
        """Makes a layer."""
        kwargs = _rename(cls, kwargs)
        made = super().__call__(*args, **kwargs)  # type: ignore[misc]
        if isinstance(made, cls):
            made.__dict__.setdefault("_init_arguments", (args, kwargs))
            if cls._stateless:  # type: ignore[attr-defined]
                made._build_at_init()  # type: ignore[attr-defined]
        return made

    def __setattr__(cls, name: str, value: Any) -> None:
        tracking.changes.count += 1
        super().__setattr__(name, value)


class InnerLayers:
    """The layers directly inside one, as programs for Keras reach them; a class may call something else so."""

    def __get__(self, layer: Any, cls: type) -> Any:
        return self if layer is None else layer._children()


def is_property(cls: type, name: str) -> bool:
    """Whether setting an attribute runs code of its class."""
    return hasattr(getattr(cls, name, None), "__set__")


#: weak, because classes can be made inside functions and end with them
_parameters: weakref.WeakKeyDictionary[type, tuple[str, ...]] = weakref.WeakKeyDictionary()


def own_parameters(cls: type) -> tuple[str, ...]:
    """The names that a class's `__init__` takes, those of all the classes it inherits from included."""
    known = _parameters.get(cls)
    if known is None:
        known = _parameters[cls] = _read_parameters(cls)
    return known


def _read_parameters(cls: type) -> tuple[str, ...]:
    found: list[str] = []
    for base in cls.__mro__:
        if base is object or "__init__" not in base.__dict__:
            continue
        kinds = inspect.Parameter
        for parameter in list(signature_of(base.__init__).parameters.values())[1:]:  # type: ignore[misc]
            if parameter.kind not in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL) and parameter.name not in found:
                found.append(parameter.name)
    return tuple(found)


def _rename(cls: type, kwargs: dict[str, Any]) -> dict[str, Any]:
    old = getattr(cls, "_old_arguments", {})
    if not any(key in OLD_ARGUMENTS or key in old for key in kwargs):
        return kwargs
    known = own_parameters(cls)
    renamed = {}
    for key, value in kwargs.items():
        new = key if key in known else old.get(key, OLD_ARGUMENTS.get(key, key))
        if new != key and new in known and new not in kwargs:
            key = new
        renamed[key] = value
    return renamed
