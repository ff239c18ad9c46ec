"""Keras initializers: not the numbers drawn, which are nobody's contract, but the distributions they are drawn from."""

from __future__ import annotations

from typing import Any

import _store as store
import keras
import numpy as np

out = store.Store("initializers")

SHAPES: dict[str, list[int]] = {
    "vector": [40],
    "dense": [60, 90],
    "conv2d": [3, 3, 16, 32],
    "conv1d": [5, 12, 24],
    "conv3d": [2, 3, 2, 8, 16],
}
RANDOM: dict[str, tuple[str, dict[str, Any]]] = {
    "glorot_uniform": ("GlorotUniform", {}),
    "glorot_normal": ("GlorotNormal", {}),
    "he_uniform": ("HeUniform", {}),
    "he_normal": ("HeNormal", {}),
    "lecun_uniform": ("LecunUniform", {}),
    "lecun_normal": ("LecunNormal", {}),
    "random_uniform": ("RandomUniform", {}),
    "random_uniform_limits": ("RandomUniform", {"minval": -2.0, "maxval": 1.0}),
    "random_normal": ("RandomNormal", {}),
    "random_normal_moved": ("RandomNormal", {"mean": 1.0, "stddev": 0.5}),
    "truncated_normal": ("TruncatedNormal", {}),
    "truncated_normal_moved": ("TruncatedNormal", {"mean": 1.0, "stddev": 0.5}),
    "variance_scaling": ("VarianceScaling", {}),
    "variance_scaling_fan_out_uniform": (
        "VarianceScaling",
        {"scale": 2.0, "mode": "fan_out", "distribution": "uniform"},
    ),
    "variance_scaling_fan_avg_untruncated": (
        "VarianceScaling",
        {"scale": 0.5, "mode": "fan_avg", "distribution": "untruncated_normal"},
    ),
}
FIXED: dict[str, tuple[str, dict[str, Any], list[int]]] = {
    "zeros": ("Zeros", {}, [2, 3]),
    "ones": ("Ones", {}, [2, 3]),
    "constant": ("Constant", {"value": 2.5}, [2, 3]),
    "identity": ("Identity", {}, [3, 4]),
    "identity_gain": ("Identity", {"gain": 2.0}, [3, 3]),
}
ORTHOGONAL: dict[str, tuple[dict[str, Any], list[int]]] = {
    "square": ({}, [8, 8]),
    "tall": ({}, [12, 5]),
    "wide": ({}, [5, 12]),
    "conv2d_gain": ({"gain": 1.5}, [3, 3, 4, 6]),
}
DRAWS = 60


def moments(name: str, kind: str, config: dict[str, Any]) -> None:
    """Means over many draws: the statistical error of mean and std is below a hundredth of the std."""
    for title, shape in SHAPES.items():
        drawn = np.stack(
            [np.asarray(getattr(keras.initializers, kind)(**config, seed=seed)(shape)) for seed in range(DRAWS)]
        )
        drawn = drawn.astype(np.float64)
        case = f"{name}_{title}"
        out.case(case, kind="random", initializer=kind, config=config, shape=shape, count=int(drawn.size))
        out.put(f"{case}/mean", drawn.mean())
        out.put(f"{case}/std", drawn.std())
        out.put(f"{case}/min", drawn.min())
        out.put(f"{case}/max", drawn.max())
        out.put(f"{case}/quantiles", np.quantile(drawn, [0.05, 0.25, 0.5, 0.75, 0.95]))


def main() -> None:
    for name, (kind, config) in RANDOM.items():
        moments(name, kind, config)
    for name, (kind, config, shape) in FIXED.items():
        out.case(name, kind="fixed", initializer=kind, config=config, shape=shape)
        out.put(f"{name}/value", np.asarray(getattr(keras.initializers, kind)(**config)(shape)))
    for name, (config, shape) in ORTHOGONAL.items():
        value = np.asarray(keras.initializers.Orthogonal(**config, seed=1)(shape)).reshape(-1, shape[-1])
        case = f"orthogonal_{name}"
        out.case(case, kind="orthogonal", initializer="Orthogonal", config=config, shape=shape)
        out.put(f"{case}/gram", (value.T @ value if value.shape[0] >= value.shape[1] else value @ value.T).round(5))
    out.save()


if __name__ == "__main__":
    main()
