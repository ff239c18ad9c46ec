"""Protobuf's text form: `name: value` lines and `name { … }` blocks, as in `.pbtxt` files and checkpoint states."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeVar

from weft.base.errors import InvalidArgumentError, nearest
from weft.formats.codec import is_default
from weft.formats.fields import FieldSpec, round_to_float32
from weft.formats.message import Message

M = TypeVar("M", bound=Message)

MAX_DEPTH: Final = 100

_ESCAPES: Final = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}
_ESCAPE_TEXT: Final = {code: f"\\{code:03o}" for code in (*range(32), 127)} | _ESCAPES
_ESCAPE_BYTES: Final = {code: f"\\{code:03o}" for code in range(127, 256)} | _ESCAPE_TEXT


def to_text(message: Message) -> str:
    """The text form of a message: set fields by number, map entries by key, each on lines of their own.

    Example:
        >>> from weft.formats.messages.checkpoint import CheckpointState
        >>> print(to_text(CheckpointState(model_checkpoint_path="ckpt-1")), end="")
        model_checkpoint_path: "ckpt-1"
    """
    return "".join(f"{line}\n" for line in _lines(message, ""))


def _lines(message: Message, indent: str) -> Iterator[str]:
    for spec, value in message.ListFields():
        if spec.label == "map":
            for key in sorted(value):
                entry = (FieldSpec(1, spec.key_kind, name="key"), FieldSpec(2, spec.kind, name="value", enum=spec.enum))
                yield f"{indent}{spec.name} {{"
                for part, item in zip(entry, (key, value[key])):
                    if part.kind == "message" or not is_default(item):
                        yield from _field_lines(part, item, indent + "  ")
                yield f"{indent}}}"
        else:
            for item in value if spec.label == "repeated" else (value,):
                yield from _field_lines(spec, item, indent)


def _field_lines(spec: FieldSpec, value: Any, indent: str) -> Iterator[str]:
    if spec.kind == "message":
        yield f"{indent}{spec.name} {{"
        yield from _lines(value, indent + "  ")
        yield f"{indent}}}"
    else:
        yield f"{indent}{spec.name}: {_scalar_text(spec, value)}"


def _scalar_text(spec: FieldSpec, value: Any) -> str:
    if spec.kind == "string":
        return f'"{value.translate(_ESCAPE_TEXT)}"'
    if spec.kind == "bytes":
        return f'"{value.decode("latin-1").translate(_ESCAPE_BYTES)}"'
    if spec.kind == "bool":
        return "true" if value else "false"
    if spec.kind == "enum" and spec.enum is not None and value in spec.enum._value2member_map_:
        return spec.enum(value).name
    return shortest_float32(value) if spec.kind == "float" else str(value)


def shortest_float32(value: float) -> str:
    """The shortest decimal that reads back as the same single-precision number."""
    for digits in range(6, 9):
        short = float(f"{value:.{digits}g}")
        if round_to_float32(short) == value:
            return str(short)
    return str(float(f"{value:.9g}"))


def from_text(text: str | bytes, kind: type[M], *, allow_unknown_fields: bool = False) -> M:
    """Reads the text form of a message.

    Args:
        text: The text; bytes are taken as UTF-8.
        kind: The class of the message.
        allow_unknown_fields: Whether fields that the class does not have are skipped.

    Returns:
        The message.

    Raises:
        InvalidArgumentError: Where the text is no such message; says the line and column.

    Example:
        >>> from weft.formats.messages.checkpoint import CheckpointState
        >>> from_text('model_checkpoint_path: "ckpt-1"', CheckpointState).model_checkpoint_path
        'ckpt-1'
    """
    if isinstance(text, bytes):
        try:
            text = str(text, "utf-8")
        except UnicodeDecodeError as error:
            raise InvalidArgumentError(f"The text is not UTF-8 at byte {error.start}.") from None
    return _Parser(text, allow_unknown_fields).message(kind)


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


_TOKEN: Final = re.compile(
    r"""
    (?P<space>(?:[ \t\r\n\f\v]|\#[^\n]*)+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?)
  | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<symbol>[-+{}<>\[\]:,;./])
    """,
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(
    rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abfnrtv\\'\"?])|(.)|$)", re.DOTALL
)
_SIMPLE_ESCAPES: Final = {
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
    b"\\": b"\\",
    b"'": b"'",
    b'"': b'"',
    b"?": b"?",
}
_TRUE: Final = frozenset({"true", "True", "t", "1"})
_FALSE: Final = frozenset({"false", "False", "f", "0"})


class _Parser:
    """Reads messages from text, one token ahead."""

    def __init__(self, text: str, allow_unknown_fields: bool) -> None:
        self._text = text
        self._position = 0
        self._allow_unknown = allow_unknown_fields
        self._token = self._scan()

    def message(self, kind: type[M]) -> M:
        """The whole text as one message."""
        made = kind()
        self._fields(made, "", MAX_DEPTH)
        return made

    def _error(self, problem: str, at: int | None = None) -> InvalidArgumentError:
        start = self._token.start if at is None else at
        line = self._text.count("\n", 0, start) + 1
        column = start - (self._text.rfind("\n", 0, start) + 1) + 1
        return InvalidArgumentError(f"Text form of a message, line {line}, column {column}: {problem}")

    def _scan(self) -> _Token:
        while True:
            if self._position >= len(self._text):
                return _Token("end", "", len(self._text))
            found = _TOKEN.match(self._text, self._position)
            if found is None:
                raise self._error(f"{self._text[self._position]!r} does not belong here.", self._position)
            self._position = found.end()
            if found.lastgroup != "space":
                return _Token(str(found.lastgroup), found.group(), found.start())

    def _take(self) -> _Token:
        token = self._token
        self._token = self._scan()
        return token

    def _take_if(self, symbol: str) -> bool:
        if self._token.kind == "symbol" and self._token.text == symbol:
            self._take()
            return True
        return False

    def _expect(self, symbol: str) -> None:
        if not self._take_if(symbol):
            raise self._error(f"expected {symbol!r}, found {self._shown()}.")

    def _shown(self) -> str:
        return repr(self._token.text[:40]) if self._token.kind != "end" else "the end of the text"

    def _name(self) -> str:
        if self._token.kind != "name":
            hint = " Extensions and expanded Any messages are not supported." if self._token.text == "[" else ""
            raise self._error(f"expected a field's name, found {self._shown()}.{hint}")
        return self._take().text

    def _open(self, depth: int) -> str:
        """Takes the start of a block; returns the symbol that ends it."""
        if depth <= 0:
            raise self._error(f"messages are nested more than {MAX_DEPTH} deep.")
        if self._take_if("<"):
            return ">"
        self._expect("{")
        return "}"

    def _fields(self, message: Message, closing: str, depth: int) -> None:
        """The fields of a message up to the closing symbol, which is taken, or the end of the text."""
        seen: set[str] = set()
        while not self._at_end(closing):
            start = self._token.start
            name = self._name()
            spec = message.DESCRIPTOR.fields_by_name.get(name)
            if spec is None:
                if not self._allow_unknown:
                    known = message.DESCRIPTOR
                    near = nearest(name, known.fields_by_name)
                    raise self._error(f"{known.full_name} has no field {name!r}. {near}", start)
                self._skip_field(depth)
            else:
                if spec.label == "singular" and name in seen:
                    raise self._error(f"{spec.full_name} is given twice.", start)
                seen.add(name)
                self._field(message, spec, depth)
            if not self._take_if(","):
                self._take_if(";")

    def _at_end(self, closing: str) -> bool:
        if self._token.kind == "end":
            if closing:
                raise self._error(f"expected {closing!r}, found {self._shown()}.")
            return True
        return bool(closing) and self._take_if(closing)

    def _field(self, message: Message, spec: FieldSpec, depth: int) -> None:
        has_colon = self._take_if(":")
        if spec.kind != "message" and spec.label != "map" and not has_colon:
            raise self._error(f"expected ':' and a value of {spec.full_name}, found {self._shown()}.")
        if spec.label != "singular" and self._take_if("["):
            while not self._take_if("]"):
                self._value(message, spec, depth)
                if not self._take_if(","):
                    self._expect("]")
                    break
        else:
            self._value(message, spec, depth)

    def _value(self, message: Message, spec: FieldSpec, depth: int) -> None:
        if spec.label == "map":
            self._map_entry(message, spec, depth)
            return
        child = getattr(message, spec.name)
        if spec.kind == "message":
            closing = self._open(depth)
            target = child.add() if spec.label == "repeated" else child
            target._touch()
            self._fields(target, closing, depth - 1)
        elif spec.label == "repeated":
            child.append(self._scalar(spec))
        else:
            setattr(message, spec.name, self._scalar(spec))

    def _map_entry(self, message: Message, spec: FieldSpec, depth: int) -> None:
        closing = self._open(depth)
        key_spec = FieldSpec(1, spec.key_kind, name="key", owner=spec.full_name)
        key: Any = key_spec.default
        value: Any = spec.message_type()() if spec.kind == "message" else spec.default
        while not self._at_end(closing):
            start = self._token.start
            name = self._name()
            has_colon = self._take_if(":")
            if name == "value" and spec.kind == "message":
                self._fields(value, self._open(depth - 1), depth - 2)
            elif name not in ("key", "value") or not has_colon:
                raise self._error(f"an entry of {spec.full_name} consists of `key: …` and a value.", start)
            else:
                scalar = self._scalar(key_spec if name == "key" else spec)
                key, value = (scalar, value) if name == "key" else (key, scalar)
            if not self._take_if(","):
                self._take_if(";")
        getattr(message, spec.name).update({key: value})

    def _scalar(self, spec: FieldSpec) -> Any:
        """A value of a scalar field, checked."""
        start = self._token.start
        try:
            return spec.check(self._raw_scalar(spec))
        except InvalidArgumentError:
            raise
        except (TypeError, ValueError) as error:
            raise self._error(str(error), start) from None

    def _raw_scalar(self, spec: FieldSpec) -> Any:
        if spec.kind in ("string", "bytes"):
            return self._strings(spec)
        negative = self._take_if("-")
        token = self._take()
        if token.kind not in ("name", "number"):
            shown = repr(token.text[:40]) if token.kind != "end" else "the end of the text"
            raise self._error(f"expected a value of {spec.full_name}, found {shown}.", token.start)
        if spec.kind == "bool" and not negative and token.text in _TRUE | _FALSE:
            return token.text in _TRUE
        if spec.kind == "enum" and token.kind == "name" and not negative:
            return token.text
        number = _float_value(token) if spec.kind in ("float", "double") else _int_value(token)
        if number is None or spec.kind == "bool":
            raise self._error(f"{token.text[:40]!r} is no {spec.kind} value for {spec.full_name}.", token.start)
        return -number if negative else number

    def _strings(self, spec: FieldSpec) -> bytes:
        if self._token.kind != "string":
            raise self._error(f"expected a quoted value of {spec.full_name}, found {self._shown()}.")
        parts = []
        while self._token.kind == "string":  # adjacent strings are one
            token = self._take()
            try:
                raw = token.text[1:-1].encode("utf-8")
                parts.append(_ESCAPE.sub(_unescape, raw))
            except ValueError as error:
                raise self._error(str(error), token.start) from None
        return b"".join(parts)

    def _skip_field(self, depth: int) -> None:
        """Skips the rest of a field whose name is known to nobody."""
        has_colon = self._take_if(":")
        if self._take_if("["):
            while not self._take_if("]"):
                self._skip_value(depth)
                if not self._take_if(","):
                    self._expect("]")
                    break
        elif has_colon or self._token.text in ("{", "<"):
            self._skip_value(depth)
        else:
            raise self._error(f"expected a value, found {self._shown()}.")

    def _skip_value(self, depth: int) -> None:
        if self._token.kind == "symbol" and self._token.text in ("{", "<"):
            closing = self._open(depth)
            while not self._at_end(closing):
                self._name()
                self._skip_field(depth - 1)
                if not self._take_if(","):
                    self._take_if(";")
        elif self._token.kind == "string":
            while self._token.kind == "string":
                self._take()
        else:
            self._take_if("-")
            if self._token.kind not in ("name", "number"):
                raise self._error(f"expected a value, found {self._shown()}.")
            self._take()


def _unescape(found: re.Match[bytes]) -> bytes:
    octal, hexadecimal, short, long, simple, _ = found.groups()
    if octal is not None:
        return bytes([int(octal, 8) & 255])
    if hexadecimal is not None:
        return bytes([int(hexadecimal, 16)])
    if simple is not None:
        return _SIMPLE_ESCAPES[simple]
    if short is None and long is None:
        raise ValueError(f"the escape {found.group().decode('utf-8', 'replace')!r} does not exist.")
    code = int(short or long, 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise ValueError(f"the escape {found.group().decode()!r} is no character.")
    return chr(code).encode("utf-8")


def _int_value(token: _Token) -> int | None:
    text = token.text
    try:
        if text[:2] in ("0x", "0X"):
            return int(text, 16)
        return int(text, 8) if len(text) > 1 and text[0] == "0" else int(text)
    except ValueError:
        return None


def _float_value(token: _Token) -> float | None:
    text = token.text.lower()
    if text[:2] == "0x":
        return None
    if token.kind == "name":
        return {"inf": float("inf"), "infinity": float("inf"), "inff": float("inf"), "nan": float("nan")}.get(text)
    return float(text.removesuffix("f"))
