"""Pictures in files, as objects of Pillow and as arrays. Pillow is loaded where it is needed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain, nearest
from weft.keras import config

_MODES = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}
_CHANNELS = {1: "L", 3: "RGB", 4: "RGBA"}


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(explain(
            "Pillow, which reads and writes pictures, is not installed.", hint="pip install pillow"
        )) from None  # fmt: skip
    return Image


def _interpolations(image: Any) -> dict[str, Any]:
    kinds = image.Resampling
    return {"nearest": kinds.NEAREST, "bilinear": kinds.BILINEAR, "bicubic": kinds.BICUBIC, "hamming": kinds.HAMMING,
            "box": kinds.BOX, "lanczos": kinds.LANCZOS}  # fmt: skip


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """A picture of Pillow of an array.

    Args:
        x: `[height, width, channels]` with 1, 3 or 4 channels.
        data_format: "channels_last" or "channels_first".
        scale: Whether the values are stretched to 0 … 255.
        dtype: In which they are computed; the default float by default.

    Raises:
        ValueError: For another shape.
    """
    image = _pillow()
    values = np.asarray(x, dtype=dtype or config.floatx())
    if values.ndim != 3:
        raise ValueError(explain("array_to_img: a picture has three axes.", received=f"shape {values.shape}"))
    if config.standardize_data_format(data_format) == "channels_first":
        values = values.transpose(1, 2, 0)
    if scale:
        values = values - values.min()
        greatest = values.max()
        values = (values / greatest if greatest != 0 else values) * 255
    channels = values.shape[2]
    if channels not in _CHANNELS:
        raise ValueError(explain(
            "array_to_img: pictures have 1, 3 or 4 channels.", received=f"shape {values.shape}",
            hint="channels come last, unless data_format='channels_first' is passed",
        ))  # fmt: skip
    if channels == 1:
        if values.max() > 255:  # more levels than 8 bits hold
            return image.fromarray(values[:, :, 0].astype("int32"), "I")
        return image.fromarray(values[:, :, 0].astype("uint8"), "L")
    return image.fromarray(values.astype("uint8"), _CHANNELS[channels])


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Any:
    """An array `[height, width, channels]` of a picture.

    Args:
        img: A picture of Pillow, or an array.
        data_format: "channels_last" or "channels_first".
        dtype: Of the array; the default float by default.
    """
    values = np.asarray(img, dtype=dtype or config.floatx())
    if values.ndim not in (2, 3):
        raise ValueError(explain("img_to_array: a picture has two axes or three.", received=f"shape {values.shape}"))
    first = config.standardize_data_format(data_format) == "channels_first"
    if values.ndim == 3:
        return values.transpose(2, 0, 1) if first else values
    return values[None] if first else values[:, :, None]


def load_img(
    path: Any, color_mode: str = "rgb", target_size: Any = None, interpolation: str = "nearest",
    keep_aspect_ratio: bool = False, grayscale: bool = False,
) -> Any:  # fmt: skip
    """A picture of a file.

    Args:
        path: Where it is, or an open file.
        color_mode: "rgb", "rgba" or "grayscale".
        target_size: Height and width that it is brought to; its own by default.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: Whether what would distort it is cut off first.
        grayscale: Keras 2's word for `color_mode="grayscale"`.

    Returns:
        A picture of Pillow.
    """
    image = _pillow()
    if grayscale:
        color_mode = "grayscale"
    if color_mode not in _MODES:
        raise ValueError(explain(
            f"load_img: `color_mode` is {color_mode!r}. {nearest(str(color_mode), _MODES)}",
            expected="'rgb', 'rgba' or 'grayscale'",
        ))  # fmt: skip
    if isinstance(path, io.IOBase):
        img = image.open(path)
    elif isinstance(path, (str, bytes, Path)):
        img = image.open(io.BytesIO(Path(path.decode() if isinstance(path, bytes) else path).read_bytes()))
    else:
        raise TypeError(explain("load_img: `path` must be a path or an open file.", received=type(path).__name__))
    kept = _MODES[color_mode]
    # pictures of 16 bits or 32 keep them in grey
    if img.mode != kept and not (kept == "L" and img.mode in ("I;16", "I")):
        img = img.convert(kept)
    if target_size is None:
        return img
    size = (int(target_size[1]), int(target_size[0]))
    if img.size == size:
        return img
    known = _interpolations(image)
    if interpolation not in known:
        raise ValueError(explain(
            f"load_img: `interpolation` is {interpolation!r}. {nearest(str(interpolation), known)}",
            expected="one of " + ", ".join(map(repr, known)),
        ))  # fmt: skip
    box = _middle(img.size, size) if keep_aspect_ratio else None
    return img.resize(size, known[interpolation], box=box) if box else img.resize(size, known[interpolation])


def _middle(old: tuple[int, int], new: tuple[int, int]) -> tuple[int, int, int, int]:
    """The greatest part in the middle with the ratio of the new size: left, top, right, bottom."""
    (width, height), (wanted_width, wanted_height) = old, new
    part_height = min(height, int(float(width * wanted_height) / wanted_width))
    part_width = min(width, int(float(height * wanted_width) / wanted_height))
    top, left = int(float(height - part_height) / 2), int(float(width - part_width) / 2)
    return left, top, left + part_width, top + part_height


def save_img(
    path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs: Any
) -> None:
    """Writes an array as a picture.

    Args:
        path: Where to.
        x: `[height, width, channels]`.
        data_format: "channels_last" or "channels_first".
        file_format: Such as "png"; what the path's ending says by default.
        scale: Whether the values are stretched to 0 … 255.
        **kwargs: What Pillow's `save` takes.
    """
    img = array_to_img(x, data_format=data_format, scale=scale)
    ending = (file_format or Path(str(path)).suffix.lstrip(".")).lower()
    if img.mode == "RGBA" and ending in ("jpg", "jpeg"):
        img = img.convert("RGB")  # that format has no transparency
    img.save(path, format={"jpg": "jpeg"}.get(file_format.lower(), file_format) if file_format else None, **kwargs)


def smart_resize(
    x: Any, size: Any, interpolation: str = "bilinear", data_format: str = "channels_last", backend_module: Any = None
) -> Any:
    """Pictures of another size, of which what would distort them is cut off.

    Args:
        x: `[height, width, channels]` or a batch of these.
        size: Height and width.
        interpolation: As for `keras.ops.image.resize`.
        data_format: "channels_last" or "channels_first".
        backend_module: Changes nothing.

    Returns:
        What it was given: arrays as an array, tensors as a tensor.
    """
    from weft.keras.ops.pictures import resize

    if len(size) != 2:
        raise ValueError(explain("smart_resize: `size` must be (height, width).", received=repr(size)))
    found = resize(tf.convert_to_tensor(x), tuple(size), interpolation, crop_to_aspect_ratio=True,
                   data_format=config.standardize_data_format(data_format))  # fmt: skip
    return found.numpy() if isinstance(x, np.ndarray) else found
