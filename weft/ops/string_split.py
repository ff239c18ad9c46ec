"""Strings taken apart, and n-grams of them.

A string has as many parts as it has: the results are the index, value and shape of a sparse tensor. `maxsplit`,
separators and empty parts are Python's and TensorFlow's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim
from weft.ir.types import TensorType
from weft.ops.axes import shape_of
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, register
from weft.ops.string import NO_GRADIENT, STRINGS, raw, strings

if TYPE_CHECKING:
    from weft.base.dims import Dimension

_SPACE = b" \t\n\v\f\r"
_LINES = np.array([b"a b  c ", b"", b" ,d,,e"], object)


def _sparse_spec(x: TensorType) -> tuple[TensorType, ...]:
    count, rank = Dim.fresh("parts"), len(shape_of(x)) + 1
    return (
        TensorType((count, rank), dtypes.int64),
        TensorType((count,), dtypes.string),
        TensorType((rank,), dtypes.int64),
    )


def _sparse(x: Any, parts: Sequence[Sequence[bytes]]) -> tuple[Any, Any, Any]:
    """Index, values and shape of the parts of every string."""
    index, shape = places(x.shape, np.array([len(found) for found in parts], np.int64))
    flat = [part for found in parts for part in found]
    return index, strings(flat, (len(flat),)), shape


def places(shape: tuple[int, ...], counts: Any) -> tuple[Any, Any]:
    """The index and the shape of the sparse tensor of so many parts for each of the strings of a shape."""
    owners = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    index = np.stack([*np.unravel_index(owners, shape), within], axis=1) if shape else within[:, None]
    return index.astype(np.int64), np.array([*shape, counts.max(initial=0)], np.int64)


def _at_space(text: bytes, most: int) -> list[bytes]:
    if most < 0:
        return text.split()
    if most == 0:
        return [text]
    found: list[bytes] = []
    rest = text.lstrip(_SPACE)
    while rest:
        word = rest.split(None, 1)[0]
        found.append(word)
        rest = rest[len(word) :].lstrip(_SPACE)
        if len(found) == most:  # what is left is a part, even where nothing is left
            return [*found, rest]
    return found


def _parts_of(x: Any, separator: str, maxsplit: int) -> list[list[bytes]]:
    between = raw(separator)
    return [text.split(between, maxsplit) if between else _at_space(text, maxsplit) for text in x.ravel()]


def _split(x: Any, separator: str, maxsplit: int) -> tuple[Any, Any, Any]:
    return _sparse(x, _parts_of(x, separator, maxsplit))


register(
    OpDef(
        name="string_split",
        inputs=("input",),
        attrs={"separator": "", "maxsplit": -1},
        spec=lambda x, separator, maxsplit: _sparse_spec(x),
        reference=_split,
        dtypes=(STRINGS,),
        vjp=NO_GRADIENT,
        outputs=("indices", "values", "dense_shape"),
        doc="The parts of each string between separators (runs of white space where it is empty), as a sparse tensor.",
        cases=(
            case(_LINES),
            case(_LINES, separator=","),
            case(_LINES[:, None], maxsplit=1),
            case(np.array(b"a,b,c", object), separator=",", maxsplit=1),
            case((0,)),
        ),
    )
)


def _rows_spec(x: TensorType, *, separator: str, maxsplit: int, width: int | None) -> TensorType:
    if width is not None and width < 0:
        raise SpecError(f"`width` is {width}", expected="a number, or None for as many parts as the longest has")
    return TensorType((*shape_of(x), Dim.fresh("parts") if width is None else width), dtypes.string)


def _split_rows(x: Any, separator: str, maxsplit: int, width: int | None) -> Any:
    parts = _parts_of(x, separator, maxsplit)
    if width is None:
        width = max(map(len, parts), default=0)
    made = np.full((x.size, width), b"", object)
    for row, found in zip(made, parts, strict=True):
        row[: len(found)] = found[:width]
    return made.reshape(*x.shape, width)


register(
    OpDef(
        name="string_split_rows",
        inputs=("input",),
        attrs={"separator": "", "maxsplit": -1, "width": None},
        spec=_rows_spec,
        reference=_split_rows,
        dtypes=(STRINGS,),
        vjp=NO_GRADIENT,
        doc="The parts of each string as `string_split` has them, in rows of `width` parts (of as many as the longest "
        "has, where it is None): cut off, or filled up with empty strings.",
        cases=(
            case(_LINES),
            case(_LINES, separator=",", width=2),
            case(_LINES[:, None], maxsplit=1),
            case(np.array(b"a,b,c", object), separator=",", width=5),
            case(_LINES, width=0),
            case((0,)),
        ),
    )
)


def _split_at_any(x: Any, delimiters: str, skip_empty: bool) -> tuple[Any, Any, Any]:
    marks = set(raw(delimiters))
    return _sparse(x, [_parts(text, marks, skip_empty) for text in x.ravel()])


def _parts(text: bytes, marks: set[int], skip_empty: bool) -> list[bytes]:
    if not text:
        return []
    if not marks:
        return [text[i : i + 1] for i in range(len(text))]
    found, begin = [], 0
    for place, byte in enumerate(text):
        if byte in marks:
            found.append(text[begin:place])
            begin = place + 1
    found.append(text[begin:])
    return [part for part in found if part] if skip_empty else found


register(
    OpDef(
        name="string_split_at_any",
        inputs=("input",),
        attrs={"delimiters": " ", "skip_empty": True},
        spec=lambda x, delimiters, skip_empty: _sparse_spec(x),
        reference=_split_at_any,
        dtypes=(STRINGS,),
        vjp=NO_GRADIENT,
        outputs=("indices", "values", "dense_shape"),
        doc="The parts of each string between bytes that are delimiters (each byte where there is none), sparse.",
        cases=(
            case(_LINES),
            case(_LINES, delimiters=", ", skip_empty=False),
            case(_LINES, delimiters=""),
            case((0,)),
        ),
    )
)


# N-grams -------------------------------------------------------------------------------------------------------------


def _padding(width: int, pad: tuple[str, str] | None, most: int | None) -> int:
    if pad is None:
        return 0
    return width - 1 if most is None else min(most, width - 1)


def _count(length: int, width: int, pad: int, alone: bool) -> int:
    return max(0, length + 2 * pad - width + 1) if length or alone else 0


def _ngrams_spec(
    x: TensorType, *, widths: tuple[int, ...], separator: str, pad_values: tuple[str, str] | None,
    padding_width: int | None, preserve_short: bool, padding_alone: bool,
) -> TensorType:  # fmt: skip
    shape = shape_of(x)
    if not shape:
        raise SpecError("`data` is a scalar", expected="at least one axis, along which n-grams are made")
    if any(width < 1 for width in widths):
        raise SpecError(f"`ngram_width` is {list(widths)}", expected="numbers above 0")
    if padding_width is not None and padding_width < 1:
        raise SpecError(f"`padding_width` is {padding_width}", expected="a number above 0, or None")
    length = shape[-1]
    total: Dimension = Dim.fresh("ngrams")
    if isinstance(length, int):
        pads = {width: _padding(width, pad_values, padding_width) for width in widths}
        total = sum(_count(length, width, pads[width], padding_alone) for width in widths)
        total = 1 if preserve_short and length and not total else total
    return TensorType((*shape[:-1], total), dtypes.string)


def _ngrams_of(
    words: Sequence[bytes], widths: tuple[int, ...], between: bytes, pad_values: tuple[str, str] | None,
    padding_width: int | None, preserve_short: bool, padding_alone: bool,
) -> list[bytes]:  # fmt: skip
    left, right = (raw(value) for value in pad_values or ("", ""))
    found = []
    for width in widths:
        pad = _padding(width, pad_values, padding_width)
        padded = [*[left] * pad, *words, *[right] * pad]
        found += [between.join(padded[i : i + width]) for i in range(_count(len(words), width, pad, padding_alone))]
    if preserve_short and len(words) and not found:
        pad = 0 if pad_values is None else padding_width or 0
        found = [between.join([*[left] * pad, *words, *[right] * pad])]
    return found


def _ngrams(x: Any, widths: tuple[int, ...], separator: str, **rest: Any) -> Any:
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    grams = [gram for row in rows for gram in _ngrams_of(row, widths, raw(separator), **rest)]
    return strings(grams, (*x.shape[:-1], len(_ngrams_of([b""] * x.shape[-1], widths, b"", **rest))))


register(
    OpDef(
        name="string_ngrams",
        inputs=("input",),
        attrs={"widths": REQUIRED, "separator": " ", "pad_values": None, "padding_width": None,
               "preserve_short": False, "padding_alone": False},
        spec=_ngrams_spec,
        reference=_ngrams,
        dtypes=(STRINGS,),
        vjp=NO_GRADIENT,
        doc="The n-grams of the strings along the last axis, for one width after the other; with `padding_alone`, of a "
        "row without strings those of its padding, too.",
        cases=(
            case((5,), widths=(2,)),
            case((2, 3), widths=(1, 3), separator="-"),
            case((2, 3), widths=(2, 4), pad_values=("<", ">")),
            case((3, 2), widths=(3,), preserve_short=True),
            case((2, 2), widths=(3, 5), pad_values=("<", ">"), padding_width=1, preserve_short=True),
            case((2, 3), widths=()),
            case((0,), widths=(1, 2), pad_values=("<", ">"), padding_width=1, padding_alone=True),
            case((2, 0), widths=(2,)),
            case((0, 3), widths=(2,)),
        ),
    )
)  # fmt: skip
