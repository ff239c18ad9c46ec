"""JPEG files of all kinds, written by Pillow, and the pixels that TensorFlow reads from them."""

from __future__ import annotations

import io

import _store as store
import numpy as np
import tensorflow as tf
from PIL import Image

rng = np.random.default_rng(3)


def picture(height: int, width: int, channels: int = 3) -> np.ndarray:
    """Smooth colours with some grain."""
    coarse = rng.integers(0, 256, (height // 8 + 2, width // 8 + 2, channels), np.uint8)
    image = Image.fromarray(coarse if channels == 3 else coarse[..., 0])
    smooth = image.resize((width, height), Image.Resampling.BICUBIC)
    array = np.asarray(smooth, np.int16)
    return np.clip(array + rng.integers(-12, 13, array.shape), 0, 255).astype(np.uint8)


def written(array: np.ndarray, mode: str | None = None, **options: object) -> bytes:
    """The content of a JPEG file."""
    image = Image.fromarray(array)
    target = io.BytesIO()
    (image.convert(mode) if mode else image).save(target, "JPEG", **options)
    return target.getvalue()


files = {f"{height}x{width} sampled {sampled}": written(picture(height, width), quality=85, subsampling=sampled)
         for height, width in ((16, 24), (19, 27), (1, 1), (17, 3)) for sampled in (0, 1, 2)}  # fmt: skip
files["progressive"] = written(picture(18, 34), progressive=True, quality=80)
files["optimized"] = written(picture(18, 34), optimize=True, quality=40)
files["grey"] = written(picture(17, 18, 1))
files["grey progressive"] = written(picture(17, 18, 1), progressive=True)
files["inks"] = written(picture(17, 18), "CMYK")
files["rgb"] = written(picture(17, 18), keep_rgb=True)
files["restarting"] = written(picture(18, 34), restart_marker_rows=1)
plain = files["16x24 sampled 2"]
files["more behind"] = plain + b"garbage" * 5
files["damaged"] = plain[:-2] + b"\x12\x34\x56" + plain[-2:]
files["cut short"] = plain[: len(plain) * 2 // 3]
files["without an end"] = plain[:-2]
files["beginning"] = plain[:30]

manners: list[dict[str, object]] = [
    {}, {"channels": 1}, {"channels": 3}, {"ratio": 2}, {"ratio": 8}, {"dct_method": "INTEGER_ACCURATE"},
    {"fancy_upscaling": False}, {"try_recover_truncated": True},
]  # fmt: skip
# what stands for the part that is missing
left_out = {("cut short", "{'try_recover_truncated': True}")}

found = store.Store("jpeg")
for name, content in files.items():
    found.case(name, manners=manners)
    found.put(f"{name}/file", np.frombuffer(content, np.uint8))
    for manner in manners:
        if (name, str(manner)) in left_out or (manner == {"channels": 3} and not name.startswith("grey")):
            continue
        try:
            pixels = tf.io.decode_jpeg(content, **manner).numpy()
        except tf.errors.InvalidArgumentError:
            continue
        found.put(f"{name}/{manner}", pixels)
found.save()
