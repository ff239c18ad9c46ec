"""Strings: bytes on the host, element by element. Cutting, joining and splitting them.

Where characters count, they are UTF-8; `unit` says whether bytes or characters are meant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dtypes, shapes
from weft.ir.types import TensorType
from weft.ops.axes import axis_of, check_indices, same_shape, shape_of
from weft.ops.families import elementwise_shape
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, nondifferentiable, register

if TYPE_CHECKING:
    from weft.base.dims import Shape

STRINGS = (dtypes.string,)
NO_GRADIENT = nondifferentiable("strings have no gradient")
_POSITIONS = (dtypes.int32, dtypes.int64)
_SPACE = b" \t\n\v\f\r"
_UPPER_ASCII = bytes(range(65, 91))
TO_LOWER = bytes.maketrans(_UPPER_ASCII, _UPPER_ASCII.lower())
TO_UPPER = bytes.maketrans(_UPPER_ASCII.lower(), _UPPER_ASCII)

_WORDS = np.array([b"weft", b"", "Grüße, ΑΣ".encode()], object)


def strings(values: Sequence[bytes], shape: tuple[int, ...]) -> Any:
    """A string tensor of that shape."""
    made = np.empty(len(values), object)
    made[:] = values
    return made.reshape(shape)


def raw(text: str) -> bytes:
    """An attribute as bytes; those that are no UTF-8 came in by surrogates."""
    return text.encode("utf-8", "surrogateescape")


def each(function: Callable[[bytes], bytes], x: Any) -> Any:
    """A function on every string of a tensor."""
    return strings([function(text) for text in x.ravel()], x.shape)


def one_of(value: Any, name: str, allowed: Sequence[str]) -> None:
    """Refuses an attribute that is none of a few words.

    Raises:
        SpecError: Naming the attribute.
    """
    if value not in allowed:
        raise SpecError(f"`{name}` is {value!r}", expected=" or ".join(repr(word) for word in allowed))


def scalar(type: TensorType, name: str) -> None:
    """Refuses anything but a scalar.

    Raises:
        SpecError: Naming the argument.
    """
    if shape_of(type):
        raise SpecError(f"`{name}` must be a scalar, received shape {shapes.show(type.shape)}")


def at_position(index: Any, shape: tuple[int, ...]) -> str:
    """Where in a tensor an element stands, for messages; nothing for a scalar."""
    return f" at position {[int(i) for i in np.unravel_index(index, shape)]}" if shape else ""


# Characters ----------------------------------------------------------------------------------------------------------


def _starts(text: bytes) -> list[int]:
    """Where the UTF-8 characters begin: at every byte that continues none."""
    return [i for i, byte in enumerate(text) if byte & 0xC0 != 0x80]


def _length_spec(x: TensorType, *, unit: str) -> TensorType:
    one_of(unit, "unit", ("BYTE", "UTF8_CHAR"))
    return TensorType(x.shape, dtypes.int32)


def _length(x: Any, unit: str) -> Any:
    count = len if unit == "BYTE" else lambda text: len(_starts(text))
    return np.array([count(text) for text in x.ravel()], np.int32).reshape(x.shape)


register(
    OpDef(
        name="string_length",
        inputs=("input",),
        attrs={"unit": "BYTE"},
        spec=_length_spec,
        reference=_length,
        dtypes=(STRINGS,),
        vjp=nondifferentiable("its result is an integer"),
        any_rank=True,
        doc="The length of each string, in bytes or UTF-8 characters.",
        cases=(case(np.array([b"weft", b""], object)), case(np.array("é".encode(), object), unit="UTF8_CHAR"),
               case((2, 0))),
    )
)  # fmt: skip


def _case_spec(x: TensorType, *, encoding: str) -> TensorType:
    one_of(encoding, "encoding", ("", "utf-8"))
    return x


def _lower(text: bytes, encoding: str) -> bytes:
    return text.decode("utf-8", "replace").lower().encode() if encoding else text.translate(TO_LOWER)


def _upper(text: bytes, encoding: str) -> bytes:
    return text.decode("utf-8", "replace").upper().encode() if encoding else text.translate(TO_UPPER)


def _register_case(name: str, function: Callable[[bytes, str], bytes], doc: str) -> None:
    register(
        OpDef(
            name=name,
            inputs=("input",),
            attrs={"encoding": ""},
            spec=_case_spec,
            reference=lambda x, encoding: each(lambda text: function(text, encoding), x),
            dtypes=(STRINGS,),
            vjp=NO_GRADIENT,
            any_rank=True,
            doc=doc,
            cases=(case(_WORDS), case(_WORDS, encoding="utf-8"), case(()), case((2, 0))),
        )
    )


_register_case("string_lower", _lower, "Each string in lower case: ASCII letters, or all under encoding `utf-8`.")
_register_case("string_upper", _upper, "Each string in upper case: ASCII letters, or all under encoding `utf-8`.")

register(
    OpDef(
        name="string_strip",
        inputs=("input",),
        spec=lambda x: x,
        reference=lambda x: each(lambda text: text.strip(_SPACE), x),
        dtypes=(STRINGS,),
        vjp=NO_GRADIENT,
        any_rank=True,
        doc="Each string without the ASCII white space around it.",
        cases=(case(np.array([b" weft\n", b"\ta b ", b""], object)), case(()), case((0,))),
    )
)


# Parts ---------------------------------------------------------------------------------------------------------------


def _substr_spec(x: TensorType, pos: TensorType, length: TensorType, *, unit: str) -> TensorType:
    one_of(unit, "unit", ("BYTE", "UTF8_CHAR"))
    begin = same_shape(shape_of(pos), shape_of(length))
    if begin is None:
        raise SpecError(
            f"`pos` has shape {shapes.show(pos.shape)} and `len` has shape {shapes.show(length.shape)}",
            expected="one shape for both", hint="repeat the scalar with tf.fill(tf.shape(other), value)",
        )  # fmt: skip
    shape = shapes.broadcast(shape_of(x), begin)
    if shape is None:
        raise SpecError(f"shapes {shapes.show(x.shape)} (`input`) and {shapes.show(begin)} (`pos`) do not broadcast")
    return TensorType(shape, dtypes.string)


def _substr(x: Any, pos: Any, length: Any, unit: str) -> Any:
    x, pos, length = np.broadcast_arrays(x, pos, length)
    found = []
    for index, (text, begin, count) in enumerate(zip(x.ravel(), pos.ravel(), length.ravel(), strict=True)):
        begin, count = int(begin), int(count)
        cuts = [*_starts(text), len(text)] if unit == "UTF8_CHAR" else range(len(text) + 1)
        size = len(cuts) - 1
        if not -size <= begin <= size:
            raise IndexError(
                f"pos {begin} is out of range for {text!r}{at_position(index, x.shape)}, of length {size} "
                f"in {'characters' if unit == 'UTF8_CHAR' else 'bytes'} (allowed: {-size} to {size})"
            )
        begin += size if begin < 0 else 0
        if count < 0:  # TensorFlow: of bytes all that are left, of characters none
            count = size if unit == "BYTE" else 0
        found.append(text[cuts[begin] : cuts[min(begin + count, size)]])
    return strings(found, x.shape)


register(
    OpDef(
        name="substr",
        inputs=("input", "pos", "len"),
        attrs={"unit": "BYTE"},
        spec=_substr_spec,
        reference=_substr,
        dtypes=(STRINGS, _POSITIONS, _POSITIONS),
        same=(1, 2),
        vjp=NO_GRADIENT,
        doc="`len` bytes or characters of each string from `pos` on (from the end if negative), as far as there are.",
        cases=(
            case(np.array([b"hello", b"weft!"], object), np.array(1), np.array(3)),
            case(np.array([b"hello", b"weft"], object), np.array([-2, 0]), np.array([9, 0])),
            case(np.array("hé!".encode(), object), np.array([[0], [1]]), np.array([[1], [2]]), unit="UTF8_CHAR"),
            case((0,), np.zeros((0,), np.int32), np.zeros((0,), np.int32)),
        ),
    )
)


# Joining -------------------------------------------------------------------------------------------------------------


def _join_spec(*values: TensorType, separator: str) -> TensorType:
    shape: Shape = ()
    for position, value in enumerate(values):
        own = shape_of(value)
        merged = same_shape(shape, own) if shape and own else shape or own
        if merged is None:
            raise SpecError(
                f"`inputs[{position}]` has shape {shapes.show(own)}, one before it has shape {shapes.show(shape)}",
                expected="one shape for all, or scalars", hint="broadcast them first with tf.broadcast_to",
            )  # fmt: skip
        shape = merged
    return TensorType(shape, dtypes.string)


def _join(*values: Any, separator: str) -> Any:
    shape = next((value.shape for value in values if value.ndim), ())
    between = raw(separator)
    flat = [np.broadcast_to(value, shape).ravel() for value in values]
    if not flat:
        return strings([b""], ())
    return strings([between.join(parts) for parts in zip(*flat, strict=True)], shape)


register(
    OpDef(
        name="string_join",
        inputs=("*inputs",),
        attrs={"separator": ""},
        spec=_join_spec,
        reference=_join,
        dtypes=(STRINGS,),
        vjp=NO_GRADIENT,
        doc="Strings put together element by element, a separator between them; scalars go with every element.",
        cases=(
            case((2, 3), (), (2, 3), separator="-"),
            case((), ()),
            case((4,)),
            case(),
            case((0, 2), (0, 2), separator=", "),
        ),
    )
)


def _add(x: Any, y: Any) -> Any:
    x, y = np.broadcast_arrays(x, y)
    return strings([left + right for left, right in zip(x.ravel(), y.ravel(), strict=True)], x.shape)


register(
    OpDef(
        name="string_add",
        inputs=("x", "y"),
        spec=lambda x, y: TensorType(elementwise_shape((x, y)), dtypes.string),
        reference=_add,
        dtypes=(STRINGS, STRINGS),
        vjp=NO_GRADIENT,
        any_rank=True,
        doc="Each string of x followed by that of y; they broadcast.",
        cases=(case((2, 1), (3,)), case((), ()), case((0, 2), (1, 2))),
    )
)


def _reduce_join_spec(x: TensorType, *, axis: tuple[int, ...], keepdims: bool, separator: str) -> TensorType:
    shape = shape_of(x)
    axes = [axis_of(a, len(shape)) for a in axis]
    if len(set(axes)) < len(axes):
        raise SpecError(f"`axis` names an axis twice: {list(axis)}")
    kept = [1 if i in axes else n for i, n in enumerate(shape) if keepdims or i not in axes]
    return TensorType(tuple(kept), dtypes.string)


def _reduce_join(x: Any, axis: tuple[int, ...], keepdims: bool, separator: str) -> Any:
    axes = [a % x.ndim for a in axis]
    stay = [i for i in range(x.ndim) if i not in axes]
    between = raw(separator)
    # the axis named first is joined first: its strings lie side by side
    rows = x.transpose([*stay, *reversed(axes)]).reshape([*(x.shape[i] for i in stay), -1 if x.size else 0])
    kept = [1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes]
    if not x.size:
        return strings([b""] * math.prod(kept), tuple(kept))
    return strings([between.join(row) for row in rows.reshape(-1, rows.shape[-1])], tuple(kept))


register(
    OpDef(
        name="string_reduce_join",
        inputs=("input",),
        attrs={"axis": REQUIRED, "keepdims": False, "separator": ""},
        spec=_reduce_join_spec,
        reference=_reduce_join,
        dtypes=(STRINGS,),
        vjp=NO_GRADIENT,
        doc="Strings along axes put together, the axis named first innermost, a separator between them.",
        cases=(
            case((2, 3), axis=(0,)),
            case((2, 3), axis=(-1,), separator=", ", keepdims=True),
            case((2, 3, 2), axis=(2, 0), separator="-"),
            case((2, 2), axis=()),
            case((), axis=()),
            case((0, 2), axis=(0,)),
        ),
    )
)


def _segment_join_spec(x: TensorType, ids: TensorType, *, num_segments: Any, separator: str) -> TensorType:
    whole, marked = shape_of(x), shape_of(ids)
    if len(marked) > len(whole) or same_shape(whole[: len(marked)], marked) is None:
        raise SpecError(
            f"`segment_ids` has shape {shapes.show(marked)}, which is not how {shapes.show(whole)} begins",
            expected=f"{shapes.show(whole)} or its first sizes",
        )
    return TensorType((num_segments, *whole[len(marked) :]), dtypes.string)


def _segment_join(x: Any, ids: Any, num_segments: int, separator: str) -> Any:
    check_indices(ids, num_segments, "segment_ids")
    rest = x.shape[ids.ndim :]
    rows = x.reshape(ids.size, math.prod(rest))
    order = [np.flatnonzero(ids.ravel() == segment) for segment in range(num_segments)]
    joined = [raw(separator).join(column) for chosen in order for column in rows[chosen].T]
    return strings(joined, (num_segments, *rest))


register(
    OpDef(
        name="unsorted_segment_join",
        inputs=("inputs", "segment_ids"),
        attrs={"num_segments": REQUIRED, "separator": ""},
        spec=_segment_join_spec,
        reference=_segment_join,
        dtypes=(STRINGS, _POSITIONS),
        same=(),
        vjp=NO_GRADIENT,
        doc="The strings of each segment put together in order, a separator between them; empty where there is none.",
        cases=(
            case((4,), np.array([2, 0, 2, 1]), num_segments=4, separator="-"),
            case((2, 3), np.array([1, 1]), num_segments=2),
            case((2, 2), np.array([[0, 1], [1, 0]]), num_segments=2, separator=", "),
        ),
    )
)
