"""Regular expressions on strings, in RE2's syntax (what differs from RE2 stands in `weft.base.re2`)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np

from weft.base import dtypes, re2
from weft.ir.types import TensorType
from weft.ops.opdef import OpDef, case, nondifferentiable, register
from weft.ops.string import NO_GRADIENT, STRINGS, each, scalar


def _compiled(pattern: bytes) -> Any:
    try:
        return re2.compile(pattern)
    except re2.PatternError as error:
        raise ValueError(f"pattern {pattern!r} is not valid: {error}") from None


def _replace_spec(x: TensorType, pattern: TensorType, rewrite: TensorType, *, replace_global: bool) -> TensorType:
    scalar(pattern, "pattern")
    scalar(rewrite, "rewrite")
    return x


#: a class of characters that are written out, such as `[.,!\\]]`
_CLASS = re.compile(rb"\[(?!\^)(?:[^\[\]\\\x80-\xff]|\\[^\w\s\x80-\xff])+\]")


@lru_cache(maxsize=64)
def letters(pattern: bytes) -> bytes | None:
    """The ASCII characters that a pattern stands for, where it is such a class."""
    if _CLASS.fullmatch(pattern) is None:
        return None
    compiled = _compiled(pattern)
    return bytes(code for code in range(128) if compiled.fullmatch(chr(code)))


def _replace(x: Any, pattern: Any, rewrite: Any, replace_global: bool) -> Any:
    compiled = _compiled(pattern.item())
    marks = letters(pattern.item()) if replace_global else None
    if marks is not None and not rewrite.item():  # no byte of a longer character is one of ASCII
        return each(lambda text: text.translate(None, marks), x)
    into = re2.decode(rewrite.item())
    try:
        return each(lambda text: re2.encode(re2.replace(compiled, into, re2.decode(text), replace_global)), x)
    except re2.PatternError as error:
        raise ValueError(f"rewrite {rewrite.item()!r} does not go with pattern {pattern.item()!r}: {error}") from None


_TEXTS = np.array([[b"weft 2026", b"aaa"], [b"", "é\n".encode()]], object)

register(
    OpDef(
        name="regex_replace",
        inputs=("input", "pattern", "rewrite"),
        attrs={"replace_global": True},
        spec=_replace_spec,
        reference=_replace,
        dtypes=(STRINGS,),
        vjp=NO_GRADIENT,
        doc="Each string with the matches of a pattern (all, or the first) rewritten; `\\1` is the first group.",
        cases=(
            case(_TEXTS, np.array(rb"(\w)(\d*)", object), np.array(rb"<\2\1>", object)),
            case(_TEXTS, np.array(b"a*", object), np.array(b"-", object)),
            case(_TEXTS, np.array(b".", object), np.array(b"", object), replace_global=False),
            case((0, 2), np.array(b"a", object), np.array(b"b", object)),
            case(_TEXTS, np.array(rb"[a02\-\]]", object), np.array(b"", object)),
        ),
    )
)


def _full_match_spec(x: TensorType, pattern: TensorType) -> TensorType:
    scalar(pattern, "pattern")
    return TensorType(x.shape, dtypes.bool_)


def _full_match(x: Any, pattern: Any) -> Any:
    compiled = _compiled(pattern.item())
    found = [compiled.fullmatch(re2.decode(text)) is not None for text in x.ravel()]
    return np.array(found, np.bool_).reshape(x.shape)


register(
    OpDef(
        name="regex_full_match",
        inputs=("input", "pattern"),
        spec=_full_match_spec,
        reference=_full_match,
        dtypes=(STRINGS,),
        vjp=nondifferentiable("its result is true or false"),
        doc="Whether a pattern matches the whole of each string.",
        cases=(
            case(_TEXTS, np.array(rb"\w+ \d+|a{3}", object)),
            case(_TEXTS, np.array(b"", object)),
            case((0, 2), np.array(b"a", object)),
        ),
    )
)
