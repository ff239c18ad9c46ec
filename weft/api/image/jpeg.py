"""Pixels of JPEG files, by libjpeg-turbo through simplejpeg where that is installed.

It is a part of the extra `weft[image]`. It takes half of Pillow's time, and has the fast cosine transform that
TensorFlow's decoder uses unless told otherwise, so that pixels are TensorFlow's to the bit. Pillow, which reads all
other files, has only the accurate transform: without simplejpeg, pixels are apart from TensorFlow's by a few of 255
levels.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np


class Manner(NamedTuple):
    """How a file is decoded.

    Attributes:
        ratio: 1, 2, 4 or 8: how many times smaller the image is made.
        fancy: Whether colours that are stored for several pixels together are interpolated between them.
        accurate: Whether the cosine transform is the accurate one rather than the fast one.
        recover: Whether what is there of a file cut short will do.
    """

    ratio: int = 1
    fancy: bool = True
    accurate: bool = False
    recover: bool = False


@functools.cache
def library() -> Any:
    """The module simplejpeg; None where it is not installed."""
    try:
        import simplejpeg
    except ImportError:
        return None
    return simplejpeg


def begins(data: bytes) -> bool:
    """Whether a file's content begins as a JPEG file does."""
    return data[:3] == b"\xff\xd8\xff"


def pixels(data: bytes, channels: int, manner: Manner, most: int, strict: bool = True) -> Any:
    """A file's pixels.

    Args:
        data: The file's content.
        channels: 0 for what the file has, 1 or 3.
        manner: How.
        most: As many pixels as a picture may have.
        strict: Whether a file in which anything is wrong is left to others.

    Returns:
        uint8 `[height, width, channels]`; None for what is to be read, or refused, by Pillow.
    """
    decoder = library()
    if decoder is None or channels not in (0, 1, 3):
        return None
    try:
        height, width, kept, _ = decoder.decode_jpeg_header(data)
        if height * width > most:
            return None
        options: dict[str, Any] = {"fastdct": not manner.accurate, "fastupsample": not manner.fancy,
                                   "strict": strict and not manner.recover}  # fmt: skip
        if manner.ratio > 1:
            if max(height, width) < 8:
                return None  # several ratios give images of one size, of which the decoder would choose
            options.update(min_factor=manner.ratio, min_height=-(-height // manner.ratio),
                           min_width=-(-width // manner.ratio))  # fmt: skip
        if kept == "CMYK":
            # Adobe's programs store what is left of the light, others the ink; Pillow knows which
            return None if channels == 1 or b"Adobe" not in data else _of_light(decoder, data, options)
        grey = channels == 1 or (channels == 0 and kept == "Gray")
        return decoder.decode_jpeg(data, "GRAY" if grey else "RGB", **options)
    except ValueError:
        return None


def _of_light(decoder: Any, data: bytes, options: dict[str, Any]) -> Any:
    """The colours of a file that has cyan, magenta, yellow and black."""
    inks = decoder.decode_jpeg(data, "CMYK", **options).astype(np.int32)
    return (inks[..., :3] * inks[..., 3:] // 255).astype(np.uint8)
