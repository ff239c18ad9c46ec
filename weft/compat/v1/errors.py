"""`tf.errors` of version 1: the classes of errors, and their codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import weft as _weft

_CLASSES = {kind.code: kind for kind in vars(_weft.errors).values()
            if isinstance(kind, type) and issubclass(kind, _weft.errors.OpError) and kind.__module__.endswith("errors")
            and kind is not _weft.errors.OpError and kind.__mro__[1] is _weft.errors.OpError}  # fmt: skip
_CLASSES[_weft.errors.INVALID_ARGUMENT] = _weft.errors.InvalidArgumentError


def exception_type_from_error_code(error_code: int) -> Any:
    """The class of the errors with a code.

    Raises:
        KeyError: For a number that is no code.
    """
    return _CLASSES[error_code]


def error_code_from_exception_type(cls: type) -> int:
    """The code of a class of errors; UNKNOWN where it is no such class."""
    codes = {kind: code for code, kind in _CLASSES.items()}
    return codes.get(cls, _weft.errors.UNKNOWN)


@contextmanager
def raise_exception_on_not_ok_status() -> Iterator[Any]:
    """A block around calls of TensorFlow's C library, which there is none of here: errors are raised as they are."""
    yield None


def __getattr__(name: str) -> Any:
    return getattr(_weft.errors, name)


def __dir__() -> list[str]:
    own = ["error_code_from_exception_type", "exception_type_from_error_code", "raise_exception_on_not_ok_status"]
    return sorted({*own, *(name for name in dir(_weft.errors) if not name.startswith("_"))})
