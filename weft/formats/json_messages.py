"""Messages in the JSON form that protobuf gives them."""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any, Final, TypeVar

from weft.base.errors import InvalidArgumentError
from weft.formats.fields import FieldSpec
from weft.formats.message import Message

_M = TypeVar("_M", bound=Message)
_WORDS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_DEPTH: Final = 100


def from_json(text: str | bytes, kind: type[_M]) -> _M:
    """Reads the JSON form of a message: fields by their names or in camel case, bytes in base 64, null as unset.

    Raises:
        InvalidArgumentError: Where the text is no JSON, or no such message; says which field.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"Error while parsing JSON: {error}") from None
    return _message(value, kind, kind.DESCRIPTOR.full_name, _DEPTH)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _message(value: Any, kind: type[_M], where: str, depth: int) -> _M:
    if not isinstance(value, dict):
        raise _wrong(where, "an object", value)
    if depth <= 0:
        raise InvalidArgumentError(f"Error while parsing JSON: {where} is nested too deeply.")
    specs = {name: spec for spec in kind.DESCRIPTOR.fields for name in (spec.name, _camel(spec.name))}
    fields: dict[str, Any] = {}
    for name, held in value.items():
        spec = specs.get(name)
        if spec is None:
            raise InvalidArgumentError(f"Error while parsing JSON: {where} has no field {name!r}.")
        if held is not None:
            fields[spec.name] = _field(held, spec, f"{where}.{spec.name}", depth - 1)
    return kind(**fields)


def _field(value: Any, spec: FieldSpec, where: str, depth: int) -> Any:
    if spec.label == "repeated":
        if not isinstance(value, list):
            raise _wrong(where, "a list", value)
        return [_item(item, spec, where, depth) for item in value]
    if spec.label == "map":
        if not isinstance(value, dict):
            raise _wrong(where, "an object", value)
        return {_number(key, where) if spec.key_kind != "string" else key: _item(item, spec, f"{where}[{key!r}]", depth)
                for key, item in value.items()}  # fmt: skip
    return _item(value, spec, where, depth)


def _item(value: Any, spec: FieldSpec, where: str, depth: int) -> Any:
    if spec.kind == "message":
        return _message(value, spec.message_type(), where, depth)
    if spec.kind in ("string", "bool"):
        if not isinstance(value, str if spec.kind == "string" else bool):
            raise _wrong(where, spec.kind, value)
        return value
    if spec.kind == "bytes":
        return _bytes(value, where)
    if spec.kind == "enum" and isinstance(value, str):
        made: Any = value
    elif spec.kind in ("float", "double"):
        made = _real(value, where)
    else:
        made = _number(value, where)
    try:
        return spec.check(made)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"Error while parsing JSON: {error}") from None


def _bytes(value: Any, where: str) -> bytes:
    if not isinstance(value, str):
        raise _wrong(where, "bytes in base 64", value)
    plain = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _wrong(where, "bytes in base 64", value) from None


def _real(value: Any, where: str) -> float:
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _wrong(where, "a number", value)
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise _wrong(where, "a number", value) from None


def _number(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _wrong(where, "a whole number", value)
    try:
        return int(value) if not isinstance(value, float) or value.is_integer() else int(str(value))
    except (ValueError, OverflowError):
        raise _wrong(where, "a whole number", value) from None


def _wrong(where: str, expected: str, value: Any) -> InvalidArgumentError:
    return InvalidArgumentError(f"Error while parsing JSON: {where} takes {expected}, got {str(value)[:60]!r}.")
