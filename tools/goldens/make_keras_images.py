"""Keras' image layers: what they make of two images under a seed."""

from __future__ import annotations

from typing import Any

import _store as store
import keras
import numpy as np
import tensorflow as tf

out = store.Store("keras_images")

BATCH, SIZES, MODES = (2, 5, 6, 3), ((3, 2), (2, 5), (7, 9), (4, 4)), ("reflect", "wrap", "constant", "nearest")

#: layer, configurations
LAYERS: tuple[tuple[str, tuple[dict[str, Any], ...]], ...] = (
    ("Resizing", (
        *({"height": h, "width": w, "interpolation": kind}
          for kind in ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "area") for h, w in SIZES[:3]),
        *({"height": h, "width": w, "interpolation": kind, "antialias": True}
          for kind in ("bilinear", "bicubic") for h, w in SIZES[:3]),
        *({"height": h, "width": w, "crop_to_aspect_ratio": True} for h, w in SIZES),
        *({"height": h, "width": w, "pad_to_aspect_ratio": True, "fill_value": -1.0} for h, w in SIZES),
    )),
    ("CenterCrop", ({"height": 3, "width": 3}, {"height": 2, "width": 5}, {"height": 7, "width": 4})),
    ("RandomFlip", tuple({"mode": mode} for mode in ("horizontal", "vertical", "horizontal_and_vertical"))),
    ("RandomRotation", (*({"factor": 0.2, "fill_mode": mode, "interpolation": kind, "fill_value": 9.0}
                          for mode in MODES for kind in ("bilinear", "nearest")), {"factor": [0.3, 0.4]})),
    ("RandomZoom", (*({"height_factor": [0.2, 0.6], "fill_mode": mode} for mode in MODES),
                    {"height_factor": [-0.5, -0.2], "width_factor": 0.3}, {"height_factor": 0.2})),
    ("RandomTranslation", (*({"height_factor": 0.5, "width_factor": [0.2, 0.4], "fill_mode": mode} for mode in MODES),
                           {"height_factor": 1.0, "width_factor": 0.0, "interpolation": "nearest"})),
    ("RandomShear", ({"x_factor": 0.5}, {"x_factor": 0.2, "y_factor": [0.1, 0.4], "fill_mode": "constant"})),
    ("RandomCrop", ({"height": 3, "width": 4}, {"height": 5, "width": 2}, {"height": 7, "width": 4})),
    ("RandomContrast", ({"factor": 0.4}, {"factor": [0.1, 0.9]})),
    ("RandomBrightness", ({"factor": 0.4}, {"factor": [0.1, 0.9], "value_range": [0.0, 300.0]})),
    ("RandomHue", ({"factor": 0.4},)),
    ("RandomSaturation", ({"factor": 0.4},)),
    ("RandomGrayscale", ({}, {"factor": 1.0})),
    ("RandomInvert", ({}, {"factor": 0.3})),
    ("RandomPosterization", ({"factor": 4},)),
    ("RandomSharpness", ({"factor": 0.6}, {"factor": [0.8, 0.9]})),
    ("RandomColorDegeneration", ({"factor": 0.5},)),
    ("RandomColorJitter", ({"brightness_factor": 0.3, "contrast_factor": 0.3, "saturation_factor": 0.3,
                            "hue_factor": 0.3},)),
    ("RandomGaussianBlur", ({}, {"kernel_size": 5, "sigma": [0.5, 2.0]})),
    ("Solarization", ({"threshold_factor": 0.5}, {"addition_factor": 0.3, "threshold_factor": 0.6})),
    ("AutoContrast", ({},)),
    ("RandomErasing", ({}, {"fill_value": 7.0, "scale": 0.5}, {"fill_value": [1.0, 2.0, 3.0], "factor": [0.9, 1.0]})),
    ("RandomElasticTransform", ({"fill_mode": "constant", "fill_value": 9.0},
                                {"scale": 0.5, "interpolation": "nearest"})),
    ("ContrastLimitedAdaptiveHistogramEqualization", ({"tile_grid_size": [2, 2]}, {"tile_grid_size": [2, 3],
                                                       "clip_limit": 1.5, "value_range": [0.0, 300.0]})),
    ("RandomPerspective", ({"scale": 0.5}, {"scale": 0.8, "interpolation": "nearest", "fill_value": 7.0})),
)  # fmt: skip
SEEDLESS = (
    "Resizing", "CenterCrop", "AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "Equalization",
)  # fmt: skip


def images(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(3).uniform(0, 255, shape).round(2).astype(np.float32)


def record(name: str, kind: str, config: dict[str, Any], data: np.ndarray) -> None:
    seed = {} if kind in SEEDLESS else {"seed": 7}
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    layer = getattr(keras.layers, kind)(**given, **seed)
    output = layer(tf.constant(data), training=True)
    out.case(name, layer=kind, config={**config, **seed}, shape=list(data.shape), dtype=data.dtype.name)
    out.put(f"{name}/output", output)


if __name__ == "__main__":
    out.put("Resizing_0/input", images(BATCH))
    for kind, configs in LAYERS:
        for number, config in enumerate(configs):
            record(f"{kind}_{number}", kind, config, images(BATCH))
        if kind not in ("RandomSaturation", "RandomHue", "RandomColorJitter", "RandomCrop"):
            record(f"{kind}_single", kind, configs[0], images(BATCH)[0])
    # One picture at a time: Keras counts the values of a whole batch together.
    for number, config in enumerate(({}, {"bins": 16}, {"bins": 40, "value_range": [0.0, 300.0]})):
        record(f"Equalization_{number}", "Equalization", config, images(BATCH)[0])
    for number in range(2):
        record(f"RandAugment_{number}", "RandAugment", {"num_ops": number + 1, "factor": 0.3}, images(BATCH)[0])
    record("Resizing_bytes", "Resizing", {"height": 3, "width": 4}, images(BATCH).astype(np.uint8))
    out.save()
