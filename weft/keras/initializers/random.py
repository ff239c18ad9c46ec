"""Random initializers."""

from __future__ import annotations

import copy
import math
from typing import Any

import weft as tf
from weft.extend import explain, nearest
from weft.keras import random
from weft.keras.core.dtypes import is_int, standardize_dtype
from weft.keras.initializers.initializer import Initializer
from weft.keras.random.seed_generator import SeedGenerator, make_default_seed
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object

#: standard deviation of a standard normal distribution cut off at ±2
_TRUNCATED_STDDEV = 0.87962566103423978


class RandomInitializer(Initializer):
    """What random initializers have in common: a seed.

    Args:
        seed: An integer (the same values at every call), a SeedGenerator (others at every call), or None (drawn).
    """

    def __init__(self, seed: Any = None) -> None:
        self._given_seed = seed
        self.seed: Any = make_default_seed() if seed is None else seed
        if isinstance(self.seed, dict):
            self.seed = deserialize_keras_object(self.seed)
        if not isinstance(self.seed, (int, SeedGenerator)):
            raise ValueError(explain(
                f"{type(self).__name__}: `seed` must be None, an integer or a SeedGenerator.", received=repr(seed)
            ))  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        return {"seed": serialize_keras_object(self._given_seed)}


class RandomNormal(RandomInitializer):
    """Normally distributed values.

    Args:
        mean: Their mean.
        stddev: Their standard deviation.
        seed: An integer, a SeedGenerator, or None.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Values of this shape and dtype."""
        return random.normal(shape, self.mean, self.stddev, dtype=dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


class TruncatedNormal(RandomNormal):
    """Normally distributed values within two standard deviations of the mean.

    Args:
        mean: The mean.
        stddev: The standard deviation before the cut.
        seed: An integer, a SeedGenerator, or None.
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Values of this shape and dtype."""
        return random.truncated_normal(shape, self.mean, self.stddev, dtype=dtype, seed=self.seed)


class RandomUniform(RandomInitializer):
    """Uniformly distributed values.

    Args:
        minval: The least value.
        maxval: The bound above.
        seed: An integer, a SeedGenerator, or None.
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Values of this shape and dtype."""
        draw = random.randint if dtype is not None and is_int(dtype) else random.uniform
        return draw(shape, self.minval, self.maxval, dtype=dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


def compute_fans(shape: Any, input_axes: Any = None, output_axes: Any = None) -> tuple[int, int]:
    """How many inputs a unit sees and how many outputs an input reaches, for a kernel of this shape.

    Kernels are `[*window, inputs, outputs]`; each position of the window counts. Where the axes of inputs and outputs
    are given, they alone count.
    """
    sizes = [int(size) for size in shape]
    if input_axes is not None and output_axes is not None:
        return math.prod(sizes[axis] for axis in input_axes), math.prod(sizes[axis] for axis in output_axes)
    if len(sizes) < 2:
        count = sizes[0] if sizes else 1
        return count, count
    window = math.prod(sizes[:-2])
    return window * sizes[-2], window * sizes[-1]


class VarianceScaling(RandomInitializer):
    """Values whose variance is `scale / n`, so that signals keep their size from layer to layer.

    Args:
        scale: The factor.
        mode: What n is: `"fan_in"`, `"fan_out"` or `"fan_avg"`.
        distribution: `"truncated_normal"`, `"untruncated_normal"` or `"uniform"`.
        seed: An integer, a SeedGenerator, or None.
        input_axes: The kernel's axes of inputs; the last but one, and the window, by default.
        output_axes: Its axes of outputs; the last, and the window, by default. Both or neither.

    Raises:
        ValueError: For other values.

    Source: Glorot and Bengio 2010; He et al. 2015.
    """

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: Any = None,
        input_axes: Any = None, output_axes: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(seed)
        self.input_axes, self.output_axes = _axes(input_axes), _axes(output_axes)
        if (input_axes is None) != (output_axes is None):
            raise ValueError(explain(
                f"{type(self).__name__}: `input_axes` and `output_axes` belong together.",
                received=f"input_axes={input_axes!r}, output_axes={output_axes!r}",
            ))  # fmt: skip
        if scale <= 0:
            raise ValueError(f"{type(self).__name__}: Argument `scale` must be positive float. Received: scale={scale}")
        modes, distributions = (
            ("fan_in", "fan_out", "fan_avg"),
            ("normal", "truncated_normal", "untruncated_normal", "uniform"),
        )
        if mode not in modes:
            raise ValueError(f"{type(self).__name__}: Invalid `mode` argument: {mode!r}. {nearest(str(mode), modes)}")
        if str(distribution).lower() not in distributions:
            raise ValueError(
                f"{type(self).__name__}: Invalid `distribution` argument: {distribution!r}. "
                f"{nearest(str(distribution), distributions)}"
            )
        self.scale = scale
        self.mode = mode
        self.distribution = "truncated_normal" if str(distribution).lower() == "normal" else str(distribution).lower()

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Values of this shape and dtype."""
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, count)
        dtype = standardize_dtype(dtype)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random.uniform(shape, -limit, limit, dtype=dtype, seed=self.seed)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype=dtype, seed=self.seed)
        return random.truncated_normal(shape, 0.0, math.sqrt(variance) / _TRUNCATED_STDDEV, dtype=dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {"scale": self.scale, "mode": self.mode, "distribution": self.distribution, **self._seed_and_axes()}

    def _seed_and_axes(self) -> dict[str, Any]:
        return {**super().get_config(), "input_axes": self.input_axes, "output_axes": self.output_axes}

    def for_axes(self, input_axes: Any, output_axes: Any) -> Any:
        """This initializer, for a kernel with these axes of inputs and outputs, unless it has been given others."""
        if self.input_axes is not None:
            return self
        found = copy.copy(self)
        found.input_axes, found.output_axes = _axes(input_axes), _axes(output_axes)
        return found


def _axes(axes: Any) -> tuple[int, ...] | None:
    return None if axes is None else (axes,) if isinstance(axes, int) else tuple(axes)


class _Preset(VarianceScaling):
    """A variance scaling whose scale, mode and distribution are fixed."""

    def get_config(self) -> dict[str, Any]:
        return self._seed_and_axes()


class GlorotUniform(_Preset):
    """Uniform within ±sqrt(6 / (fan_in + fan_out)). Source: Glorot and Bengio 2010."""

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, input_axes, output_axes)


class GlorotNormal(_Preset):
    """Truncated normal of variance 2 / (fan_in + fan_out). Source: Glorot and Bengio 2010."""

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, input_axes, output_axes)


class HeUniform(_Preset):
    """Uniform within ±sqrt(6 / fan_in). Source: He et al. 2015."""

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed, input_axes, output_axes)


class HeNormal(_Preset):
    """Truncated normal of variance 2 / fan_in. Source: He et al. 2015."""

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


class LecunUniform(_Preset):
    """Uniform within ±sqrt(3 / fan_in). Source: LeCun et al. 1998."""

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed, input_axes, output_axes)


class LecunNormal(_Preset):
    """Truncated normal of variance 1 / fan_in. Source: LeCun et al. 1998."""

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


class Orthogonal(RandomInitializer):
    """A random orthogonal matrix, or one with orthogonal rows or columns, times a gain.

    Args:
        gain: The factor.
        seed: An integer, a SeedGenerator, or None.

    Source: Saxe, McClelland and Ganguli 2014.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Values of this shape; all axes but the last are taken as one. Raises ValueError for fewer than two axes."""
        sizes = [int(size) for size in shape]
        if len(sizes) < 2:
            raise ValueError(
                explain("The Orthogonal initializer needs at least two axes.", received=f"shape {tuple(sizes)}")
            )
        rows, columns = math.prod(sizes[:-1]), sizes[-1]
        drawn = random.normal((max(rows, columns), min(rows, columns)), dtype="float32", seed=self.seed)
        q, r = tf.linalg.qr(drawn)
        # The signs make the result uniform over all such matrices: QR alone prefers some of them.
        q = q * tf.sign(tf.linalg.diag_part(r))
        if rows < columns:
            q = tf.transpose(q)
        return tf.cast(self.gain * tf.reshape(q, sizes), standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, **super().get_config()}
