"""Strings as other things: raw numbers, Base64, and text in one encoding or another.

A string becomes as many code points as it holds characters: `unicode_decode` gives them in a row, with the places
where the strings begin, as a ragged tensor has them.
"""

from __future__ import annotations

import base64
import codecs
import re
import zlib
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dtypes, unicode_scripts
from weft.base.dims import Dim
from weft.base.errors import DataLossError
from weft.ir.types import TensorType
from weft.ops.axes import shape_of
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, nondifferentiable, register
from weft.ops.string import NO_GRADIENT, STRINGS, at_position, each, one_of, strings

if TYPE_CHECKING:
    from weft.base.dtypes import DType

_INTEGERS = nondifferentiable("its results are integers")

# Raw numbers ---------------------------------------------------------------------------------------------------------


def _decode_raw_spec(x: TensorType, *, dtype: DType, little_endian: bool, fixed_length: int | None) -> TensorType:
    if dtype not in dtypes.DENSE:
        raise SpecError(f"`out_type` is {dtype.name}", expected="a number type or bool")
    if fixed_length is None:
        return TensorType((*shape_of(x), Dim.fresh("raw")), dtype)
    if fixed_length < 1 or fixed_length % dtype.size:
        raise SpecError(f"`fixed_length` is {fixed_length}",
                        expected=f"a multiple of {dtype.size}, the bytes of one {dtype.name}, above 0")  # fmt: skip
    return TensorType((*shape_of(x), fixed_length // dtype.size), dtype)


def _decode_raw(x: Any, dtype: DType, little_endian: bool, fixed_length: int | None) -> Any:
    texts = list(x.ravel())
    if fixed_length is not None:
        texts = [text[:fixed_length].ljust(fixed_length, b"\0") for text in texts]
    length = len(texts[0]) if texts else fixed_length or 0
    for index, text in enumerate(texts):
        if len(text) != length:
            raise ValueError(f"the strings differ in length: {len(text)} bytes{at_position(index, x.shape)}, {length} "
                             "before; give `fixed_length` to cut and fill them")  # fmt: skip
    if length % dtype.size:
        raise ValueError(f"the strings have {length} bytes, which is no multiple of {dtype.size}, "
                         f"the bytes of one {dtype.name}")  # fmt: skip
    data = np.frombuffer(b"".join(texts), np.uint8)
    word = dtype.size // 2 if dtype.is_complex else dtype.size
    if not little_endian:
        data = data.reshape(-1, word)[:, ::-1]
    shape = (*x.shape, length // dtype.size)
    if dtype.is_bool:
        return (data != 0).reshape(shape)
    return np.ascontiguousarray(data).ravel().view(dtype.numpy).reshape(shape).copy()


register(
    OpDef(
        name="decode_raw",
        inputs=("input",),
        attrs={"dtype": REQUIRED, "little_endian": True, "fixed_length": None},
        spec=_decode_raw_spec,
        reference=_decode_raw,
        dtypes=(STRINGS,),
        vjp=NO_GRADIENT,
        doc="The bytes of each string as numbers; with `fixed_length` cut or filled with zeros to so many bytes.",
        cases=(
            case(np.array([b"weft", b"\0\1\2\3"], object), dtype=dtypes.uint8),
            case(np.array(b"\0\0\x80?\0\0\0@", object), dtype=dtypes.float32),
            case(np.array([[b"\1\0\2\0"]], object), dtype=dtypes.int16, little_endian=False),
            case(np.array([b"\0\1\2"], object), dtype=dtypes.bool_),
            case(np.array([b"abc", b""], object), dtype=dtypes.uint16, fixed_length=4),
            case(np.zeros((0,), object), dtype=dtypes.int32),
        ),
    )
)

# Base64 --------------------------------------------------------------------------------------------------------------

_BASE64 = re.compile(rb"[A-Za-z0-9_-]*\Z")


def _encode_base64(text: bytes, pad: bool) -> bytes:
    made = base64.urlsafe_b64encode(text)
    return made if pad else made.rstrip(b"=")


def _decode_base64(x: Any) -> Any:
    found = []
    for index, text in enumerate(x.ravel()):
        body = text
        if len(text) % 4 == 0:
            body = text[:-2] if text.endswith(b"==") else text[:-1] if text.endswith(b"=") else text
        bad = "" if _BASE64.match(body) else "holds a character outside A-Z, a-z, 0-9, - and _, or padding out of place"
        if not bad and len(body) % 4 == 1:
            bad = "has one character more than a multiple of 4"
        if bad:
            raise ValueError(f"{text!r}{at_position(index, x.shape)} is not web-safe Base64: it {bad}")
        found.append(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
    return strings(found, x.shape)


register(
    OpDef(
        name="encode_base64",
        inputs=("input",),
        attrs={"pad": False},
        spec=lambda x, pad: x,
        reference=lambda x, pad: each(lambda text: _encode_base64(text, pad), x),
        dtypes=(STRINGS,),
        vjp=NO_GRADIENT,
        any_rank=True,
        doc="Each string in web-safe Base64, with or without the padding.",
        cases=(case((2, 3)), case((), pad=True), case((0,))),
    )
)

register(
    OpDef(
        name="decode_base64",
        inputs=("input",),
        spec=lambda x: x,
        reference=_decode_base64,
        dtypes=(STRINGS,),
        vjp=NO_GRADIENT,
        any_rank=True,
        doc="The strings that web-safe Base64 stands for, padded or not.",
        cases=(case(np.array([[b"d2VmdA", b"d2VmdA=="], [b"", b"_-8"]], object)), case(np.array(b"YWI=", object))),
    )
)



def _decompress(text: bytes, kind: str) -> bytes:
    if not kind:
        return text
    reader = zlib.decompressobj(15 if kind == "ZLIB" else 31)
    try:
        data = reader.decompress(text)
    except zlib.error as error:
        raise DataLossError(f"a string is not compressed as {kind}: {error}") from None
    if not reader.eof:
        raise DataLossError(f"a string that is compressed as {kind} is cut off after {len(text)} bytes")
    return data


def _decode_compressed_spec(x: TensorType, *, compression_type: str) -> TensorType:
    one_of(compression_type, "compression_type", ("", "GZIP", "ZLIB"))
    return x


register(
    OpDef(
        name="decode_compressed",
        inputs=("bytes",),
        attrs={"compression_type": ""},
        spec=_decode_compressed_spec,
        reference=lambda x, compression_type: each(lambda text: _decompress(text, compression_type), x),
        dtypes=(STRINGS,),
        vjp=NO_GRADIENT,
        any_rank=True,
        doc="The strings that compressed ones stand for.",
        cases=(case(np.array([zlib.compress(b"weft"), zlib.compress(b"")], object), compression_type="ZLIB"),
               case(np.array(b"plain", object))),
    )
)  # fmt: skip

# Encodings -----------------------------------------------------------------------------------------------------------

_OUTPUT = ("UTF-8", "UTF-16-BE", "UTF-32-BE")
_ERRORS = ("strict", "replace", "ignore")
_NOT_TEXT = frozenset("idna mbcs oem punycode raw-unicode-escape undefined unicode-escape utf-7".split())


@cache
def _codec(encoding: str) -> str | None:
    """Python's name of an encoding, where it is one of text."""
    try:
        found = codecs.lookup(encoding)
    except (LookupError, ValueError):
        return None
    text = getattr(found, "_is_text_encoding", True) and found.name not in _NOT_TEXT
    return found.name if text else None


def _check_encodings(
    input_encoding: str | None, output_encoding: str | None, errors: str, replacement_char: int
) -> None:
    if input_encoding is not None and _codec(input_encoding) is None:
        raise SpecError(f"`input_encoding` is {input_encoding!r}, which is no known encoding",
                        expected="for instance UTF-8, UTF-16-BE, UTF-32-BE, US-ASCII or ISO-8859-1")  # fmt: skip
    if output_encoding is not None:
        one_of(output_encoding, "output_encoding", _OUTPUT)
    one_of(errors, "errors", _ERRORS)
    if not _is_character(replacement_char):
        raise SpecError(f"`replacement_char` is {replacement_char}", expected="a Unicode code point")


def _is_character(point: int) -> bool:
    return 0 <= point < 0xD800 or 0xE000 <= point <= 0x10FFFF


def _points(text: bytes, encoding: str) -> Iterator[tuple[int, int]]:
    """The code points of a text with the bytes at which they begin; -1 for what is none."""
    codec = _codec(encoding) or encoding
    at = 0
    if codec in ("utf-16", "utf-32"):  # a mark tells the order of bytes; without one it is big-endian
        marks = (
            (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
            if codec == "utf-16"
            else (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
        )
        at = len(marks[0]) if text.startswith(marks) else 0
        codec += "-le" if text.startswith(marks[0]) else "-be"
    while at < len(text):
        try:
            good, bad_from, bad_to = text[at:].decode(codec), len(text), len(text)
        except UnicodeDecodeError as error:
            bad_from, bad_to = at + error.start, at + error.end
            good = text[at:bad_from].decode(codec)
        for character in good:
            yield ord(character), at
            at += len(character.encode(codec))
        if bad_from < bad_to:
            yield -1, bad_from
        at = bad_to


def _handled(
    text: bytes, where: str, input_encoding: str, errors: str, replacement_char: int, replace_control_characters: bool,
    refuse_controls: bool,
) -> Iterator[tuple[int, int]]:  # fmt: skip
    """The code points of a text and their places, faults treated as `errors` says."""
    for point, place in _points(text, input_encoding):
        if point >= 32 or (point >= 0 and not replace_control_characters):
            yield point, place
        elif errors == "strict" and (refuse_controls or point < 0):
            what = "a control character" if point >= 0 else f"no {input_encoding}"
            raise ValueError(f"{text!r}{where} holds {what} at byte {place}; errors='replace' or 'ignore' would go on")
        elif errors != "ignore":
            yield replacement_char, place


def _transcode(x: Any, output_encoding: str, **rest: Any) -> Any:
    found = []
    for index, text in enumerate(x.ravel()):
        points = _handled(text, at_position(index, x.shape), refuse_controls=True, **rest)
        found.append("".join(chr(point) for point, _ in points).encode(output_encoding))
    return strings(found, x.shape)


def _transcode_spec(
    x: TensorType, *, input_encoding: str, output_encoding: str, errors: str, replacement_char: int,
    replace_control_characters: bool,
) -> TensorType:  # fmt: skip
    _check_encodings(input_encoding, output_encoding, errors, replacement_char)
    return x


_TEXTS = np.array([[b"weft", "Grüße".encode()], [b"\xff\xe2\x82", b"a\tb"]], object)

register(
    OpDef(
        name="unicode_transcode",
        inputs=("input",),
        attrs={"input_encoding": REQUIRED, "output_encoding": REQUIRED, "errors": "replace",
               "replacement_char": 0xFFFD, "replace_control_characters": False},
        spec=_transcode_spec,
        reference=_transcode,
        dtypes=(STRINGS,),
        vjp=NO_GRADIENT,
        any_rank=True,
        doc="Each string from one encoding in another; what is not valid is replaced, left out or refused.",
        cases=(
            case(_TEXTS, input_encoding="UTF-8", output_encoding="UTF-16-BE"),
            case(_TEXTS, input_encoding="ISO-8859-1", output_encoding="UTF-8"),
            case(_TEXTS, input_encoding="UTF-8", output_encoding="UTF-32-BE", errors="ignore",
                 replace_control_characters=True),
            case((0, 2), input_encoding="UTF-8", output_encoding="UTF-8", errors="strict"),
        ),
    )
)  # fmt: skip


def _decode_spec(
    x: TensorType, *, input_encoding: str, errors: str, replacement_char: int, replace_control_characters: bool
) -> tuple[TensorType, ...]:
    _check_encodings(input_encoding, None, errors, replacement_char)
    total, count = Dim.fresh("characters"), 1
    for size in shape_of(x):
        count = count * size  # type: ignore[assignment]
    return (
        TensorType((total,), dtypes.int32),
        TensorType((total,), dtypes.int64),
        TensorType((count + 1,), dtypes.int64),
    )


def _decode(x: Any, **rest: Any) -> tuple[Any, Any, Any]:
    rows = [list(_handled(text, at_position(index, x.shape), refuse_controls=False, **rest))
            for index, text in enumerate(x.ravel())]  # fmt: skip
    flat = [pair for row in rows for pair in row]
    splits = np.cumsum([0, *(len(row) for row in rows)], dtype=np.int64)
    return np.array([p for p, _ in flat], np.int32), np.array([at for _, at in flat], np.int64), splits


register(
    OpDef(
        name="unicode_decode",
        inputs=("input",),
        attrs={"input_encoding": REQUIRED, "errors": "replace", "replacement_char": 0xFFFD,
               "replace_control_characters": False},
        spec=_decode_spec,
        reference=_decode,
        dtypes=(STRINGS,),
        vjp=_INTEGERS,
        outputs=("code_points", "byte_starts", "row_splits"),
        doc="The code points of all strings in a row, the bytes at which they begin, and where each string begins.",
        cases=(
            case(_TEXTS, input_encoding="UTF-8"),
            case(np.array("weft".encode("utf-16-be"), object), input_encoding="UTF-16-BE"),
            case(_TEXTS, input_encoding="UTF-8", errors="ignore", replace_control_characters=True),
            case((0,), input_encoding="UTF-8"),
        ),
    )
)  # fmt: skip


def _encode_spec(x: TensorType, *, output_encoding: str, errors: str, replacement_char: int) -> TensorType:
    _check_encodings(None, output_encoding, errors, replacement_char)
    shape = shape_of(x)
    if not shape:
        raise SpecError("`input` is a scalar", expected="code points along the last axis",
                        hint="write [code_point] for a string of one character")  # fmt: skip
    return TensorType(shape[:-1], dtypes.string)


def _encode(x: Any, output_encoding: str, errors: str, replacement_char: int) -> Any:
    rows = x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1])
    good = ((rows >= 0) & (rows < 0xD800)) | ((rows >= 0xE000) & (rows <= 0x10FFFF))
    if errors == "strict" and not good.all():
        place = np.argwhere(~good)[0]
        raise ValueError(f"{rows[tuple(place)]} is no Unicode code point; errors='replace' or 'ignore' would go on")
    found = []
    for row, valid in zip(rows.tolist(), good.tolist(), strict=True):
        points = [p if v else replacement_char for p, v in zip(row, valid, strict=True) if v or errors == "replace"]
        found.append("".join(map(chr, points)).encode(output_encoding))
    return strings(found, x.shape[:-1])


register(
    OpDef(
        name="unicode_encode",
        inputs=("input",),
        attrs={"output_encoding": REQUIRED, "errors": "replace", "replacement_char": 0xFFFD},
        spec=_encode_spec,
        reference=_encode,
        dtypes=((dtypes.int32,),),
        vjp=NO_GRADIENT,
        doc="The strings that rows of code points spell.",
        cases=(
            case(np.array([[97, 233], [0x1F600, -1]], np.int32), output_encoding="UTF-8"),
            case(np.array([97, 0xD800, 98], np.int32), output_encoding="UTF-16-BE", errors="ignore"),
            case(np.zeros((2, 0), np.int32), output_encoding="UTF-8", errors="strict"),
            case(np.array([[[0x3B1]]], np.int32), output_encoding="UTF-32-BE"),
        ),
    )
)


def _script(x: Any) -> Any:
    return np.array([unicode_scripts.script_of(point) for point in x.ravel().tolist()], np.int32).reshape(x.shape)


register(
    OpDef(
        name="unicode_script",
        inputs=("input",),
        spec=lambda x: x,
        reference=_script,
        dtypes=((dtypes.int32,),),
        vjp=_INTEGERS,
        any_rank=True,
        doc="The number of the script that each code point belongs to, as ICU numbers them; -1 for no code point.",
        cases=(case(np.array([[97, 0x3B1], [0x4E00, -1]], np.int32)), case(np.array(48, np.int32))),
    )
)
