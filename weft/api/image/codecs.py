"""Images in files: JPEG, PNG, GIF, BMP and WebP, read and written by Pillow; JPEG files are read by `jpeg.py` first.

Pillow is an extra (`pip install 'weft[image]'`) and is imported when it is first needed. A file can hold more
pixels than there is memory for: its size is looked at before it is read.
"""

from __future__ import annotations

import io
import struct
from functools import partial
from typing import Any

import numpy as np

from weft.api.image import jpeg
from weft.api.image.common import convert_image_dtype
from weft.base import dtypes
from weft.base.errors import DataLossError, DTypeError, InvalidArgumentError, UnimplementedError, explain
from weft.formats import png
from weft.ir.types import TensorType
from weft.ops.host import Form
from weft.runtime import context, frontdoor
from weft.runtime.host_call import host_result
from weft.runtime.kept_calls import keepable

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_MOST = 1 << 29  # pixels; as TensorFlow's decoders have it


def _pillow() -> Any:
    try:
        from PIL import Image, ImageSequence  # noqa: F401
    except ImportError:
        raise ImportError(explain("Images are read and written by Pillow.", hint="pip install 'weft[image]'")) from None
    return Image


def _opened(data: bytes, function: str, formats: tuple[str, ...]) -> Any:
    image_module = _pillow()
    try:
        picture = image_module.open(io.BytesIO(data))
    except Exception as error:
        raise InvalidArgumentError(explain(f"tf.image.{function}: this is no image that can be read.",
                                           received=f"{len(data)} bytes: {data[:8]!r}… ({error})")) from None
    if formats and picture.format not in formats:
        raise InvalidArgumentError(explain(f"tf.image.{function}: expected image ({' or '.join(formats)}), got "
                                           f"{picture.format}.", hint="use tf.image.decode_image"))  # fmt: skip
    if picture.width * picture.height > _MOST:
        raise InvalidArgumentError(explain(f"tf.image.{function}: the image is too large.",
                                           received=f"{picture.height} rows of {picture.width} pixels"))  # fmt: skip
    return picture


def _natural(picture: Any) -> int:
    """How many channels a picture has by itself."""
    if picture.mode == "P":
        return 4 if "transparency" in picture.info else 3
    return {"1": 1, "L": 1, "I": 1, "I;16": 1, "I;16B": 1, "LA": 2, "La": 2, "RGBA": 4, "PA": 4}.get(picture.mode, 3)


def _pixels(picture: Any, channels: int, deep: bool, function: str) -> Any:
    """`[height, width, channels]`, uint8, or uint16 where `deep`."""
    count = channels or _natural(picture)
    try:
        if picture.mode.startswith("I"):
            wide = np.asarray(picture).astype(np.uint16)
            found = np.repeat(wide[..., None], count, axis=2)
            if count in (2, 4):
                found[..., -1] = 65535  # opaque
            return found if deep else (found >> 8).astype(np.uint8)
        if count == 1 and picture.format == "PNG" and picture.mode not in ("1", "L", "LA"):
            # the shares of libpng, and no rounding
            colours = np.asarray(picture.convert("RGB")).astype(np.int32)
            array = ((colours @ np.array([9797, 19235, 3736], np.int32)) >> 15).astype(np.uint8)
        else:
            mode = _MODES[count]
            array = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    except (OSError, ValueError, SyntaxError, IndexError, EOFError) as error:
        problem = f"tf.image.{function}: the image is damaged or cut short: {error}."
        raise InvalidArgumentError(explain(problem)) from None
    array = array[..., None] if array.ndim == 2 else array
    return _deepened(array) if deep else array


def _deepened(array: Any) -> Any:
    return array.astype(np.uint16) * 257


_PLAIN = jpeg.Manner()
_JPEG_END = b"\xff\xd9"


def _of_file(data: bytes, function: str, formats: tuple[str, ...], channels: int, deep: bool,
             manner: jpeg.Manner = _PLAIN) -> Any:  # fmt: skip
    """A file's pixels `[height, width, channels]`; in `decode_image` all pictures of a GIF file."""
    if "PNG" in formats and png.is_deep(data) and (deep or data[25] == 4):  # grey with alpha is colours to Pillow
        found = _deep(data, function, channels)
        return found if deep else (found >> 8).astype(np.uint8)
    whole = "JPEG" in formats and jpeg.begins(data)
    found = jpeg.pixels(data, channels, manner, _MOST) if whole else None
    if found is None:
        # of a file cut short the end is put back: Pillow's own switch for such files is every thread's
        picture = _opened(data + _JPEG_END if whole and manner.recover else data, function, formats)
        if picture.format == "GIF" and function == "decode_image":
            array = _frames(picture, function)
            return _deepened(array) if deep else array
        array = _pixels(_drafted(picture, channels, manner), channels, deep, function)
        # Pillow has found nothing missing; what is wrong otherwise does not keep TensorFlow from reading the file
        found = jpeg.pixels(data, channels, manner, _MOST, strict=False) if whole else None
        if found is None:
            return array
    return _deepened(found) if deep else found


def _deep(data: bytes, function: str, channels: int) -> Any:
    """The pixels of a PNG file with 16 bits for each of several channels, of which Pillow keeps 8."""
    try:
        found = png.decode_deep(data, _MOST)
    except DataLossError as error:
        raise InvalidArgumentError(explain(f"tf.image.{function}: {error.message}")) from None
    if found is None:
        raise UnimplementedError(explain(f"tf.image.{function}: 16 bits of several channels are read from PNG files "
                                         "that are neither interlaced nor have a colour for transparency.",
                                         hint="dtype=tf.uint8 gives the upper 8 bits"))  # fmt: skip
    held = found.shape[2]
    count = channels or held
    colours, opaque = found[..., : held - (held in (2, 4))], held not in (2, 4)
    alpha = np.full((*found.shape[:2], 1), 65535, np.uint16) if opaque else found[..., -1:]
    if count < 3 and colours.shape[2] == 3:  # the shares of libpng, and no rounding
        colours = ((colours.astype(np.int64) @ np.array([9797, 19235, 3736])) >> 15).astype(np.uint16)[..., None]
    elif count >= 3 and colours.shape[2] == 1:
        colours = np.repeat(colours, 3, axis=2)
    return np.concatenate([colours, alpha], axis=2) if count in (2, 4) else np.ascontiguousarray(colours)


def _drafted(picture: Any, channels: int, manner: jpeg.Manner) -> Any:
    """A JPEG file as Pillow is to read it: smaller, as grey without colours, as far as it is there."""
    if picture.format not in ("JPEG", "MPO"):
        return picture
    width, height = picture.size
    smaller = max(1, width // manner.ratio), max(1, height // manner.ratio)
    picture.draft("L" if channels == 1 else None, smaller if manner.ratio > 1 else None)
    # Pillow makes no axis shorter than asked for, and a narrow picture has none to spare
    done = next((n for n in (1, 2, 4, 8) if picture.size == (-(-width // n), -(-height // n))), manner.ratio)
    return picture.reduce(manner.ratio // done) if done < manner.ratio else picture


def _bytes(contents: Any, function: str) -> bytes:
    if contents.ndim != 0 or contents.dtype != object:
        raise InvalidArgumentError(explain(f"tf.image.{function}: `contents` is the content of one file.",
                                           received=f"{contents.dtype}{contents.shape}",
                                           hint="read one file: tf.io.read_file(path)"))  # fmt: skip
    return bytes(contents.item())


def _decode(function: str, formats: tuple[str, ...], contents: Any, channels: int, dtype: Any = dtypes.uint8,
            manner: jpeg.Manner = _PLAIN) -> Any:  # fmt: skip
    if channels not in (0, 1, 3, 4) and not (channels == 2 and "PNG" in formats):
        raise ValueError(explain(f"tf.image.{function}: `channels` is 0, 1, 3 or 4.", received=str(channels)))

    def run(data: Any) -> Any:
        return _of_file(_bytes(data, function), function, formats, channels, dtype is dtypes.uint16, manner)

    type = TensorType((_fresh(), _fresh(), channels or _fresh()), dtype)
    return host_result(run, [contents], type, function, Form(function))


def _fresh() -> Any:
    from weft.base.dims import Dim

    return Dim.fresh()


@keepable("image.decode_jpeg", "contents")
def decode_jpeg(contents: Any, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True,
                try_recover_truncated: bool = False, acceptable_fraction: float = 1, dct_method: str = "",
                name: str | None = None) -> Any:  # fmt: skip
    """A JPEG file's pixels.

    Args:
        contents: The file's content: a scalar string.
        channels: 1 for grey, 3 for colours, 0 for what the file has.
        ratio: Makes the image 1, 2, 4 or 8 times smaller.
        fancy_upscaling: Whether colours that are stored for several pixels are interpolated between them.
        try_recover_truncated: Whether what is there of a file cut short will do.
        acceptable_fraction: Accepted.
        dct_method: The cosine transform: "INTEGER_FAST", as "", or "INTEGER_ACCURATE".
        name: The node's name.

    Returns:
        uint8 `[height, width, channels]`: TensorFlow's pixels where simplejpeg is installed, as the extra `weft[image]`
        does; by Pillow alone the accurate transform with interpolated colours.

    Raises:
        InvalidArgumentError: For what is no image, or is damaged.
    """
    if ratio not in (1, 2, 4, 8):
        raise ValueError(explain("tf.image.decode_jpeg: `ratio` is 1, 2, 4 or 8.", received=str(ratio)))
    if dct_method not in ("", "INTEGER_FAST", "INTEGER_ACCURATE"):
        raise ValueError(explain("tf.image.decode_jpeg: `dct_method` is INTEGER_FAST or INTEGER_ACCURATE.",
                                 received=repr(dct_method)))  # fmt: skip
    manner = jpeg.Manner(ratio, fancy_upscaling, dct_method == "INTEGER_ACCURATE", try_recover_truncated)
    return _decode("decode_jpeg", ("JPEG", "PNG", "GIF", "BMP", "MPO"), contents, channels, manner=manner)


def decode_and_crop_jpeg(contents: Any, crop_window: Any, channels: int = 0, ratio: int = 1,
                         fancy_upscaling: bool = True, try_recover_truncated: bool = False,
                         acceptable_fraction: float = 1, dct_method: str = "",
                         name: str | None = None) -> Any:  # fmt: skip
    """A part of a JPEG file's pixels: `crop_window` is (top, left, height, width)."""
    whole = decode_jpeg(contents, channels, ratio, fancy_upscaling, try_recover_truncated, acceptable_fraction,
                        dct_method)  # fmt: skip
    window = frontdoor.convert(crop_window)
    top, left, height, width = (window[i] for i in range(4))
    return whole[top : top + height, left : left + width]


@keepable("image.decode_png", "contents")
def decode_png(contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None) -> Any:
    """A PNG file's pixels, as uint8 or uint16 `[height, width, channels]`."""
    return _decode("decode_png", ("PNG", "JPEG", "GIF", "BMP"), contents, channels, dtypes.as_dtype(dtype))


@keepable("image.decode_bmp", "contents")
def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Any:
    """A BMP file's pixels."""
    return _decode("decode_bmp", ("BMP",), contents, channels)


def decode_webp(contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None) -> Any:
    """A WebP file's pixels, of its first picture."""
    return _decode("decode_webp", ("WEBP",), contents, channels, dtypes.as_dtype(dtype))


def _frames(picture: Any, function: str) -> Any:
    from PIL import ImageSequence

    frames, pixels = [], 0
    for frame in ImageSequence.Iterator(picture):
        pixels += frame.width * frame.height
        if pixels > _MOST:
            raise InvalidArgumentError(explain(f"tf.image.{function}: the pictures are too large together."))
        frames.append(_pixels(frame, 3, False, function))
    return np.stack(frames)


@keepable("image.decode_gif", "contents")
def decode_gif(contents: Any, name: str | None = None) -> Any:
    """All pictures of a GIF file: uint8 `[pictures, height, width, 3]`."""
    def run(data: Any) -> Any:
        return _frames(_opened(_bytes(data, "decode_gif"), "decode_gif", ("GIF",)), "decode_gif")

    type = TensorType((_fresh(), _fresh(), _fresh(), 3), dtypes.uint8)
    return host_result(run, [contents], type, "decode_gif", Form("decode_gif"))


@keepable("image.decode_image", "contents")
def decode_image(contents: Any, channels: int | None = None, dtype: Any = dtypes.uint8, name: str | None = None,
                 expand_animations: bool = True) -> Any:  # fmt: skip
    """The pixels of a JPEG, PNG, GIF or BMP file, whichever it is.

    Args:
        contents: The file's content: a scalar string.
        channels: 1, 3 or 4; None or 0 for what the file has.
        dtype: uint8, or another: then the values are converted as by `convert_image_dtype`.
        name: The node's name.
        expand_animations: Whether a GIF file gives all its pictures, `[pictures, height, width, 3]`, rather than the
            first one.

    Returns:
        `[height, width, channels]`; of unknown rank where a GIF file may give one more dimension.
    """
    wanted = dtypes.as_dtype(dtype)
    at_once = wanted is dtypes.float32  # the numbers of the file are known there, 8 bits or 16

    def run(data: Any) -> Any:
        content = _bytes(data, "decode_image")
        deep = wanted is dtypes.uint16 or (at_once and png.is_deep(content))
        found = _of_file(content, "decode_image", ("JPEG", "MPO", "PNG", "GIF", "BMP"), channels or 0, deep)
        found = found if found.ndim == 3 or expand_animations else found[0]
        if at_once:
            with context.open_scope(None):
                return convert_image_dtype(found, wanted).numpy()
        return found

    shape = None if expand_animations else (_fresh(), _fresh(), channels or _fresh())
    given = wanted if at_once or wanted is dtypes.uint16 else dtypes.uint8
    found = host_result(run, [contents], TensorType(shape, given), "decode_image", Form("decode_image"))
    return found if wanted is given else convert_image_dtype(found, wanted)


def _encoded(array: Any, function: str, channels: tuple[int, ...], finish: Any = None, **options: Any) -> Any:
    if array.ndim != 3 or array.shape[2] not in channels:
        counts = ", ".join(map(str, channels))
        raise InvalidArgumentError(explain(f"tf.image.{function}: an image is [height, width, channels].",
                                           expected=f"{counts} channels", received=str(array.shape)))  # fmt: skip
    image_module = _pillow()
    if array.dtype == np.uint16:
        if function == "encode_png":
            return np.asarray(png.encode_png(array, options["compress_level"]), object)
        picture = image_module.fromarray(np.ascontiguousarray(array[..., 0]))
    else:
        picture = image_module.fromarray(np.ascontiguousarray(array[..., 0] if array.shape[2] == 1 else array))
    written = io.BytesIO()
    picture.save(written, **options)
    content = written.getvalue()
    return np.asarray(content if finish is None else finish(content), object)


def _encode(image: Any, function: str, channels: tuple[int, ...], **options: Any) -> Any:
    x = frontdoor.convert(image)
    if x.dtype not in (dtypes.uint8, dtypes.uint16):
        raise DTypeError(explain(f"tf.image.{function} takes uint8.", received=str(x.type),
                                hint="tf.image.convert_image_dtype(image, tf.uint8)"))  # fmt: skip
    text = TensorType((), dtypes.string)
    return host_result(lambda array: _encoded(array, function, channels, **options), [x], text, function,
                       Form(function))  # fmt: skip


@keepable("image.encode_png", "image")
def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Any:
    """A PNG file of an image `[height, width, 1 to 4]`, uint8 or uint16."""
    level = 6 if compression < 0 else int(compression)
    return _encode(image, "encode_png", (1, 2, 3, 4), format="PNG", compress_level=level)


_JPEG_FORMATS = {"": (1, 3), "grayscale": (1,), "rgb": (3,)}
_XMP = b"http://ns.adobe.com/xap/1.0/\0"


@keepable("image.encode_jpeg", "image")
def encode_jpeg(image: Any, format: str = "", quality: int = 95, progressive: bool = False,
                optimize_size: bool = False, chroma_downsampling: bool = True, density_unit: str = "in",
                x_density: int = 300, y_density: int = 300, xmp_metadata: str = "",
                name: str | None = None) -> Any:  # fmt: skip
    """A JPEG file of an image.

    Args:
        image: uint8 `[height, width, 1 or 3]`.
        format: "grayscale" for one channel, "rgb" for three, "" for what the image has.
        quality: 0 to 100.
        progressive: Whether the file shows the whole image early.
        optimize_size: Whether more time is taken for a smaller file.
        chroma_downsampling: Whether colours are stored for four pixels together.
        density_unit: "in" or "cm", of what the densities count pixels of.
        x_density: Pixels a unit, from left to right.
        y_density: Pixels a unit, from top to bottom.
        xmp_metadata: A text of XMP to keep in the file.
        name: The node's name.

    Raises:
        InvalidArgumentError: For arguments out of these, and images of other channels.
    """
    if format not in _JPEG_FORMATS:
        raise InvalidArgumentError(explain("tf.image.encode_jpeg: `format` is 'grayscale', 'rgb' or ''.",
                                           received=repr(format)))  # fmt: skip
    if density_unit not in ("in", "cm"):
        raise InvalidArgumentError(explain("tf.image.encode_jpeg: `density_unit` is 'in' or 'cm'.",
                                           received=repr(density_unit)))  # fmt: skip
    density = struct.pack(">BHH", 1 if density_unit == "in" else 2, int(x_density), int(y_density))
    return _encode(image, "encode_jpeg", _JPEG_FORMATS[format], format="JPEG", quality=_quality(quality),
                   progressive=progressive, optimize=optimize_size, subsampling=2 if chroma_downsampling else 0,
                   dpi=(x_density, y_density), finish=partial(_finished, density, xmp_metadata))  # fmt: skip


def _quality(quality: Any) -> int:
    value = int(quality)
    if not 0 <= value <= 100:
        raise InvalidArgumentError(explain("tf.image.encode_jpeg: `quality` is 0 to 100.", received=str(value)))
    return value


def _finished(density: bytes, xmp: Any, data: bytes) -> bytes:
    """A JPEG file with its densities and its XMP: both stand at its beginning."""
    if data[2:4] == b"\xff\xe0":  # JFIF: marker, length, name and version, then the densities
        data = data[:13] + density + data[18:]
    if not xmp:
        return data
    content = _XMP + (xmp.encode() if isinstance(xmp, str) else bytes(xmp))
    if len(content) > 65533:
        raise InvalidArgumentError(explain("tf.image.encode_jpeg: `xmp_metadata` is too long for a JPEG file.",
                                           expected=f"at most {65533 - len(_XMP)} bytes",
                                           received=str(len(content) - len(_XMP))))  # fmt: skip
    end = 4 + int.from_bytes(data[4:6], "big") if data[2:4] == b"\xff\xe0" else 2
    return data[:end] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + data[end:]


def encode_jpeg_variable_quality(images: Any, quality: Any, name: str | None = None) -> Any:
    """A JPEG file of an image, with a quality that may be a tensor."""
    def run(array: Any, quality: Any) -> Any:
        return _encoded(array, "encode_jpeg", (1, 3), format="JPEG", quality=_quality(quality), subsampling=2)

    name = "encode_jpeg_variable_quality"
    return host_result(run, [images, quality], TensorType((), dtypes.string), name, Form(name))


def adjust_jpeg_quality(image: Any, jpeg_quality: Any, dct_method: str = "", name: str | None = None) -> Any:
    """An image with the losses of a JPEG file of this quality, in its own dtype."""
    x = frontdoor.convert(image)
    data = encode_jpeg_variable_quality(convert_image_dtype(x, dtypes.uint8, saturate=True), jpeg_quality)
    pixels = decode_jpeg(data, x.shape[-1] or 3, dct_method=dct_method)
    found = convert_image_dtype(pixels, x.dtype, saturate=True)
    found.set_shape(x.shape)
    return found


def extract_jpeg_shape(contents: Any, output_type: Any = dtypes.int32, name: str | None = None) -> Any:
    """The height, width and channels of a JPEG file, without reading its pixels."""
    wanted = dtypes.as_dtype(output_type)

    def run(data: Any) -> Any:
        picture = _opened(_bytes(data, "extract_jpeg_shape"), "extract_jpeg_shape", ("JPEG", "MPO"))
        channels = 4 if picture.mode == "CMYK" else _natural(picture)
        return np.asarray([picture.height, picture.width, channels], wanted.numpy)

    return host_result(run, [contents], TensorType((3,), wanted), "extract_jpeg_shape", Form("extract_jpeg_shape"))


def is_jpeg(contents: Any, name: str | None = None) -> Any:
    """Whether a file's content begins as a JPEG file does."""
    def run(data: Any) -> Any:
        return np.asarray(jpeg.begins(_bytes(data, "is_jpeg")))

    return host_result(run, [contents], TensorType((), dtypes.bool_), "is_jpeg", Form("is_jpeg"))
