"""First values of weights."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from weft.extend import absent, signature_of
from weft.keras.core import lookup
from weft.keras.core.call_signature import accepts
from weft.keras.core.naming import to_snake_case
from weft.keras.initializers.fixed import Constant, Identity, Ones, Zeros
from weft.keras.initializers.initializer import Initializer
from weft.keras.initializers.random import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomInitializer,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)
from weft.keras.initializers.signal import STFT, STFTInitializer

_CLASSES = (
    STFT, Constant, Identity, Ones, Zeros, GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform,
    Orthogonal, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling,
)  # fmt: skip

_TABLE: dict[str, Any] = {cls.__name__: cls for cls in _CLASSES} | {
    to_snake_case(cls.__name__): cls for cls in _CLASSES
}
_TABLE |= {
    "uniform": RandomUniform, "normal": RandomNormal, "zero": Zeros, "one": Ones, "IdentityInitializer": Identity,
    "OrthogonalInitializer": Orthogonal, "STFTInitializer": STFT,
}  # fmt: skip


def get(identifier: Any) -> Any:
    """The initializer for a name, a configuration, a class, a function `(shape, dtype)`, or a value.

    Args:
        identifier: One of these; None gives None.

    Returns:
        A function of shape and dtype.

    Raises:
        ValueError: For an unknown name, naming the nearest ones.

    Example:
        >>> from weft import keras
        >>> keras.initializers.get("zeros")((2,)).numpy().tolist()
        [0.0, 0.0]
    """
    if isinstance(identifier, Initializer):
        return identifier  # itself: a copy would draw a seed of its own, and Keras draws one for each initializer
    if hasattr(identifier, "shape") and hasattr(identifier, "dtype") and not callable(identifier):
        return _from_values(identifier)
    return _with_dtype(lookup.get(identifier, _TABLE, "initializer"))


def _with_dtype(found: Any) -> Any:
    """A function `(shape)` of Keras 1's programs as one of `(shape, dtype)`; anything else as it is."""
    if not inspect.isfunction(found) or accepts(found, "dtype") or len(signature_of(found).parameters) < 1:
        return found
    if len([p for p in signature_of(found).parameters.values() if p.default is p.empty]) > 1:
        return found  # its second argument takes the dtype, whatever it is called

    @functools.wraps(found)
    def initialize(shape: Any, dtype: Any = None) -> Any:
        import weft as tf

        value = tf.convert_to_tensor(found(shape))
        return value if dtype is None else tf.cast(value, dtype)

    return initialize


def _from_values(values: Any) -> Any:
    import weft as tf

    def initialize(shape: Any, dtype: Any = None) -> Any:
        if not tf.TensorShape(shape).is_compatible_with(values.shape):
            raise ValueError(
                f"An initializer made of values cannot give another shape. Expected `shape` to be "
                f"{tuple(values.shape)}, received {tuple(shape)}."
            )
        return tf.cast(tf.convert_to_tensor(values), dtype) if dtype is not None else tf.convert_to_tensor(values)

    return initialize


def serialize(initializer: Any) -> Any:
    """The configuration of an initializer."""
    return lookup.serialize(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initializer of a configuration."""
    return lookup.deserialize(config, _TABLE, "initializer", custom_objects)


#: names that stand for classes, besides the classes' own
_ALIASES: dict[str, Any] = {
    "IdentityInitializer": Identity, "OrthogonalInitializer": Orthogonal,
    **{to_snake_case(cls.__name__): cls for cls in _CLASSES}, "uniform": RandomUniform, "normal": RandomNormal,
}  # fmt: skip


def __getattr__(name: str) -> Any:
    try:
        return _ALIASES[name]
    except KeyError:
        raise AttributeError(absent(f"keras.initializers.{name}", [*__all__, *_ALIASES])) from None


__all__ = [
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "Initializer", "LecunNormal",
    "LecunUniform", "Ones", "Orthogonal", "RandomInitializer", "RandomNormal", "RandomUniform", "STFT",
    "STFTInitializer", "TruncatedNormal", "VarianceScaling", "Zeros", "deserialize", "get", "serialize",
]  # fmt: skip
