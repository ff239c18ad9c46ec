"""Numbers as text and text as numbers, digit for digit as TensorFlow (that is, C's printf) writes and reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dtypes
from weft.ir.types import TensorType
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, nondifferentiable, register
from weft.ops.string import NO_GRADIENT, STRINGS, at_position, strings

if TYPE_CHECKING:
    from weft.base.dtypes import DType

# Numbers as text -----------------------------------------------------------------------------------------------------

_FILLS = ("", " ", "+", "-", "0", "#")


def _as_string_spec(
    x: TensorType, *, precision: int, scientific: bool, shortest: bool, width: int, fill: str
) -> TensorType:
    if scientific and shortest:
        raise SpecError("`scientific` and `shortest` are both set", hint="choose one of them")
    if fill not in _FILLS:
        raise SpecError(f"`fill` is {fill!r}", expected="one of " + ", ".join(repr(f) for f in _FILLS))
    if x.dtype.is_integer or x.dtype.is_bool:
        for name, given in (("precision", precision > -1), ("scientific", scientific), ("shortest", shortest)):
            if given:
                raise SpecError(f"`{name}` has no meaning for {x.dtype.name}", expected="floats",
                                hint="cast them to a float first, or leave it out")  # fmt: skip
    return TensorType(x.shape, dtypes.string)


def _printf(kind: str, width: int, fill: str) -> Callable[[float], str]:
    """C's printf of one float: Python's, but for NaN and infinity, which C never fills with zeros."""
    least = f"{width}" if width > -1 else ""
    usual = f"%{fill}{least}{kind}"

    def write(number: float) -> str:
        if math.isfinite(number):
            return usual % number
        sign = "-" if math.copysign(1.0, number) < 0 else fill if fill in ("+", " ") else ""
        text = sign + ("nan" if math.isnan(number) else "inf")
        return text.ljust(max(width, 0)) if fill == "-" else text.rjust(max(width, 0))

    return write


def _as_string(x: Any, precision: int, scientific: bool, shortest: bool, width: int, fill: str) -> Any:
    flat = x.ravel()
    kind = (f".{precision}" if precision > -1 else "") + ("e" if scientific else "g" if shortest else "f")
    write = _printf(kind, width, fill)
    if x.dtype == bool:
        texts = ["true" if value else "false" for value in flat]
    elif x.dtype == object:
        padded = [text.ljust(width) if fill == "-" else text.rjust(width) for text in flat] if width > 0 else list(flat)
        return strings(padded, x.shape)
    elif x.dtype.kind in "iu":
        sign = "" if x.dtype.kind == "u" and fill in ("+", " ") else fill
        form = f"%{sign}{width if width > -1 else ''}d"
        texts = [form % value for value in flat.tolist()]
    elif x.dtype.kind == "c":
        texts = [f"({write(value.real)},{write(value.imag)})" for value in flat.tolist()]
    else:
        with np.errstate(invalid="ignore"):  # signalling NaNs
            texts = [write(value) for value in flat.astype(np.float64).tolist()]
    return strings([text.encode() for text in texts], x.shape)


_NUMBERS = np.array([[0.0, -1.5, 1e-10], [123456789.0, np.nan, -np.inf]])
_REALS_AND_COMPLEX = dtypes.FLOATS[2:] + dtypes.COMPLEX

register(
    OpDef(
        name="as_string",
        inputs=("input",),
        attrs={"precision": -1, "scientific": False, "shortest": False, "width": -1, "fill": ""},
        spec=_as_string_spec,
        reference=_as_string,
        dtypes=(dtypes.ALL,),
        vjp=NO_GRADIENT,
        any_rank=True,
        doc="Each element as text; `precision`, `scientific`, `shortest`, `width` and `fill` as in C's printf.",
        cases=(
            case((2, 3), width=12),
            case(()),
            case(_NUMBERS, dtypes=_REALS_AND_COMPLEX, width=9, fill="0"),
            case(_NUMBERS, dtypes=_REALS_AND_COMPLEX, precision=3, scientific=True, fill="+"),
            case(_NUMBERS, dtypes=_REALS_AND_COMPLEX, shortest=True, width=14, fill="-"),
            case(np.array([7, 100]), dtypes=dtypes.INTEGERS, width=5, fill="0"),
            case(np.array([b"weft", b""], object), width=6),
            case((0, 2)),
        ),
    )
)


# Text as numbers -----------------------------------------------------------------------------------------------------

_SPACE = b" \t\n\v\f\r"
_INTEGER = re.compile(rb"[+-]?[0-9]+\Z")
_DECIMAL = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
_HEXADECIMAL = re.compile(rb"[+-]?0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)([pP][+-]?[0-9]+)?\Z")
_SPECIAL = re.compile(rb"([+-]?)(inf|infinity|nan(\([0-9A-Za-z_]*\))?)\Z", re.IGNORECASE)


def _integer(text: bytes, dtype: DType) -> int | None:
    body = text.strip(_SPACE)
    if not _INTEGER.match(body) or (dtype.is_unsigned and body.startswith(b"-")):
        return None
    value = int(body)
    return value if dtype.min <= value <= dtype.max else None


def _float(text: bytes, dtype: DType) -> float | None:
    body = text.strip(_SPACE)
    if _DECIMAL.match(body):
        value = float(body)
        return value if dtype is dtypes.float64 else _rounded_once(value, lambda: Fraction(body.decode()))
    if _HEXADECIMAL.match(body):
        try:
            return float.fromhex(body.decode())
        except OverflowError:
            return -math.inf if body.startswith(b"-") else math.inf
    special = _SPECIAL.match(body)
    if special is None:
        return None
    value = math.nan if special[2][:1] in b"nN" else math.inf
    return -value if special[1] == b"-" else value


_HALF_WAY_TO_INFINITY = 2.0**128 - 2.0**103  # of float32


def _rounded_once(value: float, exact: Callable[[], Fraction]) -> float:
    """The float64 from which rounding to float32 gives what rounding the exact number would.

    Rounding twice errs only where the float64 lies exactly between two float32 numbers and the number itself does not.
    """
    if not math.isfinite(value) or value == 0.0:
        return value
    with np.errstate(over="ignore", under="ignore"):
        near = np.float32(value)
        other = np.nextafter(near, np.float32(math.copysign(math.inf, value - float(near))))
    if not np.isfinite(near):
        between = abs(value) == _HALF_WAY_TO_INFINITY
    else:
        between = float(near) != value and abs(value - float(near)) == abs(float(other) - value)
    true, middle = (exact(), Fraction(value)) if between else (0, 0)
    return value if true == middle else math.nextafter(value, math.inf if true > middle else -math.inf)


#: with as many signs and digits a number is sure to fit into int64
_DIGITS = 18
_PLAIN = {True: b"0123456789+-", False: b"0123456789+-.eE"}


def _read_plainly(texts: list[bytes], dtype: DType) -> Any:
    """Numbers that are written in digits alone, all at once; None where some are not, or are not of the dtype."""
    plain = _PLAIN[dtype.is_integer].replace(b"-" if dtype.is_unsigned else b"", b"")
    if b"".join(texts).translate(None, plain):
        return None
    if dtype.is_integer and texts and max(map(len, texts)) > _DIGITS:
        return None  # int64 might not hold it
    try:
        wide = np.fromstring(b",".join(texts), np.int64 if dtype.is_integer else np.float64, sep=",")
    except ValueError:
        return None
    if len(wide) != len(texts):  # an empty text is none of its numbers
        return None
    if dtype.is_integer:
        inside = not texts or dtype.min <= wide.min() <= wide.max() <= dtype.max
        return wide.astype(dtype.numpy) if inside else None
    if dtype is dtypes.float64:
        return wide
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        near = wide.astype(np.float32)
        other = np.nextafter(near, np.copysign(np.float32(np.inf), (wide - near).astype(np.float32)))
        between = (np.abs(wide - near) == np.abs(other - wide)) & (near != wide) & (wide != 0)
        for place in np.flatnonzero(between | ~np.isfinite(near)).tolist():
            near[place] = np.float32(_float(texts[place], dtype))
    return near


def _to_number(x: Any, dtype: DType) -> Any:
    plain = _read_plainly(x.ravel().tolist(), dtype)
    if plain is not None:
        return plain.reshape(x.shape)
    read: Any = _integer if dtype.is_integer else _float
    found = []
    for index, text in enumerate(x.ravel()):
        value = read(text, dtype)
        if value is None:
            kind = dtype.name + (f" ({dtype.min} to {dtype.max})" if dtype.is_integer else "")
            raise ValueError(f"{text!r}{at_position(index, x.shape)} does not spell a number of dtype {kind}")
        found.append(value)
    with np.errstate(over="ignore", under="ignore"):
        return np.array(found, np.float64 if dtype.is_floating else dtype.numpy).astype(dtype.numpy).reshape(x.shape)


_NUMBER_TYPES = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, dtypes.uint32, dtypes.uint64)


def _to_number_spec(x: TensorType, *, dtype: DType) -> TensorType:
    if dtype not in _NUMBER_TYPES:
        raise SpecError(f"`out_type` is {dtype.name}", expected=", ".join(d.name for d in _NUMBER_TYPES),
                        hint="take one of these and cast the result")  # fmt: skip
    return TensorType(x.shape, dtype)


register(
    OpDef(
        name="string_to_number",
        inputs=("input",),
        attrs={"dtype": dtypes.float32},
        spec=_to_number_spec,
        reference=_to_number,
        dtypes=(STRINGS,),
        vjp=nondifferentiable("strings have no gradient"),
        any_rank=True,
        doc="The number that each string spells; white space around it is skipped.",
        cases=(
            case(np.array([b"1.5", b" -2e3\n", b"inf", b"0x1p3", b".5", b"1e400"], object)),
            case(np.array([[b"0.1"], [b"NaN"]], object), dtype=dtypes.float64),
            case(np.array([b"12", b"-7", b" +0 "], object), dtype=dtypes.int32),
            case(np.array(b"18446744073709551615", object), dtype=dtypes.uint64),
            case(np.zeros((0, 2), object)),
        ),
    )
)


# Templates -----------------------------------------------------------------------------------------------------------

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "'": "\\'", "\\": "\\\\"}


def _shortest(number: float, few: int, many: int, same: Callable[[float], bool]) -> str:
    text = f"{number:.{few}g}"
    return text if not math.isfinite(number) or same(float(text)) else f"{number:.{many}g}"


def _element(value: Any) -> str:
    """One element as TensorFlow shows it in summaries."""
    if isinstance(value, bytes):
        inner = "".join(_ESCAPES.get(chr(byte)) or (chr(byte) if 32 <= byte < 127 or byte > 127 else f"\\{byte:03o}")
                        for byte in value)  # fmt: skip
        return f'"{inner}"'
    if isinstance(value, np.bool_):
        return str(int(value))
    if isinstance(value, np.complexfloating):
        return "?"
    if isinstance(value, np.float64):
        return _shortest(float(value), 15, 17, lambda back: back == float(value))
    if isinstance(value, np.integer):
        return str(value)
    single = np.float32(value)
    return _shortest(float(single), 6, 9, lambda back: bool(np.float32(back) == single))


def summary(x: Any, most: int, depth: int = 0) -> str:
    """An array as TensorFlow shows it: the first and last `most` of each axis, or all where it is negative."""
    if x.ndim == 0:
        return _element(x[()])
    size = x.shape[0]
    edge = size if most < 0 or size <= 2 * most else most
    rows = [summary(x[i, ...], most, depth + 1) for i in range(edge)]
    if edge < size:
        rows += ["...", *(summary(x[i, ...], most, depth + 1) for i in range(size - edge, size))]
    between = " " if x.ndim == 1 else "\n" * (x.ndim - 1) + " " * (depth + 1)
    return "[" + between.join(rows) + "]"


def _format(*inputs: Any, template: str, placeholder: str, summarize: int) -> Any:
    pieces = template.split(placeholder) if placeholder else [template]
    texts = [summary(x, summarize) if x.size else "[]" for x in inputs]
    woven = [pieces[0], *(part for pair in zip(texts, pieces[1:], strict=True) for part in pair)]
    # bytes of strings were taken one by one as characters; the template is text
    return strings([b"".join(_bytes(part, i % 2 == 1) for i, part in enumerate(woven))], ())


def _bytes(part: str, of_tensor: bool) -> bytes:
    return part.encode("latin-1" if of_tensor else "utf-8")


def _format_spec(*inputs: TensorType, template: str, placeholder: str, summarize: int) -> TensorType:
    count = template.count(placeholder) if placeholder else 0
    if count != len(inputs):
        raise SpecError(f"`template` has {count} times {placeholder!r}, `inputs` are {len(inputs)}",
                        expected="as many placeholders as tensors")  # fmt: skip
    return TensorType((), dtypes.string)


register(
    OpDef(
        name="string_format",
        inputs=("*inputs",),
        attrs={"template": REQUIRED, "placeholder": "{}", "summarize": 3},
        spec=_format_spec,
        reference=_format,
        dtypes=(dtypes.ALL,),
        same=(),
        vjp=NO_GRADIENT,
        any_rank=True,
        doc="A template with summaries of tensors in the places of its placeholders.",
        cases=(
            case((2, 3), (9,), template="x {}, y {}"),
            case((7, 7), template="%", placeholder="%", summarize=1),
            case(template="nothing"),
            case((2, 0), template="{}", summarize=-1),
        ),
    )
)
