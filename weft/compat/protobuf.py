"""`google.protobuf` for programs that only print and read TensorFlow's messages: where it is not installed, Weft's own.

`text_format` (Merge, Parse, MessageToString) and `message` (Message, DecodeError) answer; the rest is the library's.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from weft.base.errors import InvalidArgumentError

#: what is here, and which modules are packages
_MODULES = {"google": True, "google.protobuf": True, "google.protobuf.text_format": False,
            "google.protobuf.message": False}  # fmt: skip


class ParseError(Exception):
    """Text that is no message."""


class DecodeError(Exception):
    """Bytes that are no message."""


def Merge(text: Any, message: Any, allow_unknown_extension: bool = False, allow_field_number: bool = False,
          descriptor_pool: Any = None, allow_unknown_field: bool = False) -> Any:  # fmt: skip
    """Reads text into a message, which keeps what it holds, and returns it.

    Raises:
        ParseError: For text that is no such message.
    """
    from weft.formats.text import from_text

    try:
        message.MergeFrom(from_text(text, type(message), allow_unknown_fields=allow_unknown_field))
    except InvalidArgumentError as error:
        raise ParseError(str(error)) from None
    return message


def Parse(text: Any, message: Any, **options: Any) -> Any:
    """As `Merge`."""
    return Merge(text, message, **options)


def MessageToString(message: Any, as_utf8: bool = False, as_one_line: bool = False, **unused: Any) -> str:
    """A message as text."""
    from weft.formats.text import to_text

    text = to_text(message)
    return " ".join(line.strip() for line in text.splitlines()) if as_one_line else text


def _contents(name: str) -> dict[str, Any]:
    if name == "google.protobuf.text_format":
        return {"Merge": Merge, "Parse": Parse, "MessageToString": MessageToString, "ParseError": ParseError}
    if name == "google.protobuf.message":
        from weft.formats.message import Message

        return {"Message": Message, "DecodeError": DecodeError, "Error": Exception}
    return {}


class ProtobufFinder:
    """A finder for the end of `sys.meta_path`: it is only asked where the library is not installed."""

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """The module of that name, where it is one of ours."""
        if fullname not in _MODULES:
            return None
        return ModuleSpec(fullname, self, is_package=_MODULES[fullname], origin="weft")  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty module."""
        return ModuleType(spec.name, "Weft's stand-in for a module of protobuf.")

    def exec_module(self, module: ModuleType) -> None:
        """Its names."""
        module.__dict__.update(_contents(module.__name__))

    def install(self) -> None:
        """Makes it the last finder."""
        sys.meta_path.append(self)  # type: ignore[arg-type]

    def uninstall(self) -> None:
        """Takes it away, and the modules that it made."""
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]
        for name in _MODULES:
            spec = getattr(sys.modules.get(name), "__spec__", None)
            if spec is not None and spec.loader is self:
                del sys.modules[name]
