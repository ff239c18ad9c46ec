"""Noise and penalties that keep networks from learning by heart."""

from __future__ import annotations

import math
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import random
from weft.keras.config import standardize_data_format
from weft.keras.layers.input_spec import InputSpec
from weft.keras.layers.layer import Layer
from weft.keras.random.draws import dynamic_shape
from weft.keras.random.seed_generator import SeedGenerator
from weft.keras.regularizers import L1L2


def _share(layer: str, rate: Any) -> float:
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
        raise ValueError(explain(
            f"{layer}: Invalid value received for argument `rate`. Expected a float value between 0 and 1.",
            received=repr(rate), hint="0.2 sets a fifth of the values to 0",
        ))  # fmt: skip
    return float(rate)


def _noise_shape(layer: str, shape: Any) -> tuple[int | None, ...] | None:
    """A pattern's shape: positive sizes, None for those of the input."""
    if shape is None:
        return None
    problem = None
    if not isinstance(shape, (list, tuple)):
        problem = "a tuple or list of integers"
    elif any(size is not None and (isinstance(size, bool) or not hasattr(size, "__index__")) for size in shape):
        problem = "all elements to be integers or None"
    elif any(size is not None and size <= 0 for size in shape):
        problem = "all dimensions to be positive integers or None"
    if problem is not None:
        raise ValueError(explain(
            f"{layer}: Invalid value received for argument `noise_shape`. Expected {problem}.", received=repr(shape)
        ))  # fmt: skip
    return tuple(shape)


class _Noise(Layer):
    """What layers that draw random numbers have in common: a seed and a generator of their own."""

    _stateless = True

    def _set_seed(self, seed: Any, strength: float) -> None:
        self.seed = seed
        if strength > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True


class Dropout(_Noise):
    """In training, sets a share of the values to 0, and scales up the others so that their expected sum stays.

    Args:
        rate: The share.
        noise_shape: Shape of the pattern, broadcast against the inputs; None entries take the input's size.
        seed: Makes the patterns the same every time.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Dropout(0.5)(tf.ones((1, 3))).numpy().tolist()  # not training: nothing happens
        [[1.0, 1.0, 1.0]]
    """

    _old_arguments = {"p": "rate"}

    def __init__(self, rate: float, noise_shape: Any = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = _share(type(self).__name__, rate)
        self.noise_shape = _noise_shape(type(self).__name__, noise_shape)
        self._set_seed(seed, self.rate)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The output."""
        if not training or self.rate == 0:
            return inputs
        return random.dropout(inputs, self.rate, noise_shape=self._pattern(), seed=self.seed_generator)

    def _pattern(self) -> Any:
        return self.noise_shape


class _SpatialDropout(Dropout):
    """Dropout of whole channels."""

    rank = 1

    def __init__(
        self, rate: float, seed: Any = None, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype, **kwargs)
        self.data_format = "channels_last"
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _pattern(self) -> Any:
        inner = (1,) * self.rank
        return (None, *inner, None) if self.data_format == "channels_last" else (None, None, *inner)

    def get_config(self) -> dict[str, Any]:
        # Keras' own take nothing else.
        config = {**super().get_config(), "dtype": self.dtype_policy.name}
        return {key: value for key, value in config.items() if key not in ("noise_shape", "trainable")}


class SpatialDropout1D(_SpatialDropout):
    """In training, sets whole channels of sequences to 0.

    Args:
        rate: The share of channels.
        seed: Makes the patterns the same every time.
        **kwargs: As for every layer.
    """


class SpatialDropout2D(_SpatialDropout):
    """In training, sets whole channels of images to 0.

    Args:
        rate: The share of channels.
        data_format: `"channels_last"` or `"channels_first"`.
        seed: Makes the patterns the same every time.
        **kwargs: As for every layer.
    """

    rank = 2

    def __init__(self, rate: float, data_format: str | None = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.data_format = standardize_data_format(data_format)


class SpatialDropout3D(SpatialDropout2D):
    """In training, sets whole channels of volumes to 0. Arguments as for SpatialDropout2D."""

    rank = 3


class GaussianNoise(_Noise):
    """In training, adds normally distributed numbers.

    Args:
        stddev: Their standard deviation.
        seed: Makes them the same every time.
        **kwargs: As for every layer.
    """

    _old_arguments = {"sigma": "stddev"}

    def __init__(self, stddev: float, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if stddev < 0:
            raise ValueError(f"GaussianNoise: `stddev` must not be negative, received {stddev}.")
        self.stddev = stddev
        self._set_seed(seed, stddev)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The output."""
        if not training or self.stddev == 0:
            return inputs
        return inputs + random.normal(tf.shape(inputs), 0.0, self.stddev, dtype=inputs.dtype, seed=self.seed_generator)


class GaussianDropout(_Noise):
    """In training, multiplies by normally distributed numbers around 1.

    Args:
        rate: As of a Dropout that changes as much: their standard deviation is `√(rate / (1 − rate))`.
        seed: Makes them the same every time.
        **kwargs: As for every layer.

    Source: Srivastava et al. 2014.
    """

    def __init__(self, rate: float, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = _share("GaussianDropout", rate)
        self._set_seed(seed, self.rate)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The output."""
        if not training or self.rate == 0:
            return inputs
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        return inputs * random.normal(tf.shape(inputs), 1.0, stddev, dtype=inputs.dtype, seed=self.seed_generator)


class AlphaDropout(_Noise):
    """Dropout that keeps mean and variance of what selu gives.

    Args:
        rate: The share of values that are set to selu's least value.
        noise_shape: Shape of the pattern.
        seed: Makes the patterns the same every time.
        **kwargs: As for every layer.

    Source: Klambauer et al. 2017.
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = _share("AlphaDropout", rate)
        self.noise_shape = noise_shape
        self._set_seed(seed, self.rate)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The output."""
        if not training or self.rate == 0:
            return inputs
        least = -1.7580993408473766  # -scale * alpha of selu
        shape = dynamic_shape(inputs, self.noise_shape)
        kept = random.uniform(shape, dtype="float32", seed=self.seed_generator) >= self.rate
        scale = ((1 - self.rate) * (1 + self.rate * least**2)) ** -0.5
        return scale * tf.where(kept, inputs, least * tf.ones_like(inputs)) - scale * least * self.rate


class ActivityRegularization(Layer):
    """Adds a penalty on its input to what training minimises.

    Args:
        l1: Factor of `Σ|x|`.
        l2: Factor of `Σx²`.
        **kwargs: As for every layer.
    """

    _stateless = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1=l1, l2=l2), **kwargs)
        self.supports_masking = True
        self.l1 = l1
        self.l2 = l2

    def call(self, inputs: Any) -> Any:
        """The input."""
        return tf.identity(inputs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return config
