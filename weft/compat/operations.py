"""What TensorFlow's operations take and give, as `operations.txt` says it (tools/make_operations.py writes it)."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Argument(NamedTuple):
    """An operand or a result: a tensor of `kind`, `many` tensors of it, or tensors of the dtypes in `kinds`."""

    name: str
    kind: str
    many: str
    kinds: str


class Attribute(NamedTuple):
    """What a node says besides its operands."""

    name: str
    key: str  # what graphs call it
    kind: str
    default: Any
    needed: bool


class Record(NamedTuple):
    """One operation."""

    name: str
    inputs: tuple[Argument, ...]
    attributes: tuple[Attribute, ...]
    told: Mapping[str, Any]  # attributes that operands tell, with their defaults
    outputs: tuple[Argument, ...]


def _argument(text: str) -> Argument:
    name, _, kind = text.partition(":")
    many, star, rest = kind.partition("*")
    if not star:
        return Argument(name, kind, "", "")
    return Argument(name, rest, many, "") if many else Argument(name, "", "", rest)


def _attribute(text: str) -> Attribute:
    head, equals, default = text.partition("=")
    name, _, kind = head.partition(":")
    name, _, key = name.partition("@")
    return Attribute(name, key or name, kind, json.loads(default) if equals else None, not equals)


@functools.lru_cache(maxsize=1)
def _lines() -> dict[str, str]:
    text = (Path(__file__).parent / "operations.txt").read_text()
    return {line.partition("|")[0]: line for line in text.splitlines()}


@functools.cache
def record(name: str) -> Record:
    """What is known of an operation.

    Raises:
        KeyError: Where nothing is.
    """
    _, inputs, attributes, told, outputs = _lines()[name].split("|")
    defaults = {key: json.loads(value) if value else None for key, _, value in (t.partition("=") for t in told.split())}
    return Record(name, tuple(map(_argument, inputs.split())), tuple(map(_attribute, attributes.split())), defaults,
                   tuple(map(_argument, outputs.split())))  # fmt: skip


def names() -> list[str]:
    """The operations that are known."""
    return list(_lines())


@functools.cache
def results(name: str) -> list[str]:
    """What an operation calls its outputs, in order; `*` comes before the attribute that says how many there are."""
    if name not in _lines():
        return []
    return [f"{o.name}*{o.many or o.kinds}" if o.many or o.kinds else o.name for o in record(name).outputs]
