"""Initializers without chance."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.core.dtypes import standardize_dtype
from weft.keras.initializers.initializer import Initializer
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object


class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Zeros of this shape and dtype."""
        return tf.zeros(shape, dtype=standardize_dtype(dtype))


class Ones(Initializer):
    """All ones."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Ones of this shape and dtype."""
        return tf.ones(shape, dtype=standardize_dtype(dtype))


class Constant(Initializer):
    """One value everywhere, or given values.

    Args:
        value: A number, or an array that broadcasts to the weight's shape.
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The value, broadcast to this shape."""
        value = tf.cast(tf.convert_to_tensor(self.value), standardize_dtype(dtype))
        return tf.broadcast_to(value, shape)

    def get_config(self) -> dict[str, Any]:
        return {"value": serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(deserialize_keras_object(config["value"]))


class Identity(Initializer):
    """The identity matrix, times a gain.

    Args:
        gain: What the diagonal holds.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The matrix. Raises ValueError unless the shape has two axes."""
        sizes = tuple(tf.TensorShape(shape))
        if len(sizes) != 2:
            raise ValueError(explain("The Identity initializer makes matrices only.", received=f"shape {sizes}"))
        return self.gain * tf.eye(sizes[0], sizes[1], dtype=standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
