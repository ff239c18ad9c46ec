"""What libraries on Keras use from inside it, where the paths of `keras.src` lead here."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from weft.extend import explain
from weft.keras.core import keras_tensor, stateless
from weft.keras.core.dtypes import is_float
from weft.keras.core.operation import evaluate_symbolically as compute_output_spec
from weft.keras.core.variable import autocast_scope
from weft.keras.saving import scopes

_T = TypeVar("_T")

__all__ = ["compute_output_spec"]

#: What libraries ask a backend for before they use it.
IS_THREAD_SAFE = True
SUPPORTS_COMPLEX_DTYPES = True
SUPPORTS_RAGGED_TENSORS = True
SUPPORTS_SPARSE_TENSORS = True


class keras_export:
    """Marks a class or function as public in Keras' own sources; elsewhere it changes nothing."""

    def __init__(self, path: Any) -> None:
        self.path = path

    def __call__(self, symbol: _T) -> _T:
        """Gives what it decorates."""
        return symbol


def AutocastScope(dtype: Any) -> AbstractContextManager[None]:
    """Inside, float variables are read in this dtype; None leaves them in their own.

    Raises:
        ValueError: For a dtype that is no float.
    """
    if dtype is not None and not is_float(dtype):
        raise ValueError(explain(
            "`AutocastScope` can only be used with a floating-point target dtype.", received=repr(dtype)
        ))  # fmt: skip
    return autocast_scope(dtype)


def any_symbolic_tensors(args: Any = None, kwargs: Any = None) -> bool:
    """Whether there is a symbolic tensor among the arguments of a call."""
    return keras_tensor.any_symbolic(args or (), kwargs or {})


def random_seed_dtype() -> str:
    """The dtype of the seeds that `SeedGenerator.next` gives."""
    return "int64"


def in_stateless_scope() -> bool:
    """Whether variables read from, and write to, a `keras.StatelessScope` just now."""
    return stateless.current() is not None


def SafeModeScope(safe_mode: Any = True) -> AbstractContextManager[None]:
    """Inside, Python code in configurations runs where `safe_mode` is False."""
    return scopes.safe_mode(safe_mode)


def in_safe_mode() -> bool:
    """Whether Python code in configurations is refused just now."""
    return not scopes.may_run_code()


def in_grain_data_pipeline() -> bool:
    """Whether this is called by a pipeline of the library Grain, which traces no tensors."""
    return False


def removeprefix(x: str, prefix: str) -> str:
    """A text without what it begins with, where it does."""
    return x.removeprefix(prefix)


def removesuffix(x: str, suffix: str) -> str:
    """A text without what it ends with, where it does."""
    return x.removesuffix(suffix)


def no_automatic_dependency_tracking(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a method of a layer so that what it puts into attributes is not counted among the layer's own."""

    @functools.wraps(method)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        tracked = self.__dict__.pop("_tracked", None)
        try:
            return method(self, *args, **kwargs)
        finally:
            if tracked is not None:
                self.__dict__["_tracked"] = tracked

    return wrapped
