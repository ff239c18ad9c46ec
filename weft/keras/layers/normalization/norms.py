"""Normalisation by the root of the mean square, and of a layer's kernel by its spectral norm."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import initializers
from weft.keras.layers.core.dense import positive_int
from weft.keras.layers.core.small import Wrapper
from weft.keras.layers.input_spec import InputSpec, require_axes
from weft.keras.layers.layer import Layer


class RMSNormalization(Layer):
    """Divides each sample by the root of its mean square, and multiplies by learned numbers.

    Args:
        axis: The axis or axes of the features.
        epsilon: Added to the mean square.
        **kwargs: As for every layer.

    Source: Zhang and Sennrich 2019.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.RMSNormalization()(tf.constant([[3.0, -3.0]])).numpy().round(3).tolist()
        [[1.0, -1.0]]
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else int(axis)
        self.epsilon = float(epsilon)

    def _axes(self, rank: int) -> tuple[int, ...]:
        return tuple(sorted(axis % rank for axis in (self.axis if isinstance(self.axis, list) else [self.axis])))

    def build(self, input_shape: Any) -> None:
        require_axes(self, input_shape)
        shape = tuple(input_shape[axis] for axis in self._axes(len(input_shape)))
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones", autocast=False)

    def call(self, inputs: Any) -> Any:
        """The output."""
        wide = "float32" if inputs.dtype in ("float16", "bfloat16") else inputs.dtype
        values = tf.cast(inputs, wide)
        axes = self._axes(values.shape.rank)
        square = tf.reduce_mean(tf.square(values), axis=axes, keepdims=True)
        shape = [int(size) if axis in axes else 1 for axis, size in enumerate(values.shape) if axis in axes or axis]
        scale = tf.reshape(tf.cast(self.scale, wide), shape)
        return tf.cast(values * tf.math.rsqrt(square + self.epsilon) * scale, self.compute_dtype)


class SpectralNormalization(Wrapper):
    """A layer whose kernel is divided by its spectral norm in training, so that the layer stretches nothing.

    Args:
        layer: A layer with a `kernel`, or `embeddings`.
        power_iterations: How many steps towards the norm are taken each time.
        **kwargs: As for every layer.

    Source: Miyato et al. 2018.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.SpectralNormalization(keras.layers.Dense(5))(tf.ones((2, 3))).shape
        TensorShape([2, 5])
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        if not isinstance(power_iterations, float) and hasattr(power_iterations, "__index__") and power_iterations <= 0:
            raise ValueError(explain(
                "SpectralNormalization: `power_iterations` should be greater than zero.",
                received=repr(power_iterations),
            ))  # fmt: skip
        self.power_iterations = positive_int("SpectralNormalization", "power_iterations", power_iterations)

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        self.input_spec = InputSpec(shape=(None, *tuple(input_shape)[1:]))
        kernel = getattr(self.layer, "kernel", None)
        kernel = getattr(self.layer, "embeddings", None) if kernel is None else kernel
        if kernel is None:
            raise ValueError(explain(
                f"Layer `{self.name}` (SpectralNormalization): {type(self.layer).__name__} object has no attribute "
                "'kernel' nor 'embeddings'.",
                expected="a layer with a `kernel` or `embeddings`, such as Dense, Conv2D or Embedding",
            ))  # fmt: skip
        self.kernel = kernel
        self.vector_u = self.add_weight(
            shape=(1, int(kernel.shape[-1])), initializer=initializers.TruncatedNormal(stddev=0.02), trainable=False,
            name="vector_u",
        )  # fmt: skip

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The layer's output."""
        if training:
            self._normalize()
        return self.layer(inputs)

    def _normalize(self) -> None:
        kernel = tf.convert_to_tensor(self.kernel)
        matrix = tf.reshape(kernel, (-1, int(kernel.shape[-1])))
        u = tf.convert_to_tensor(self.vector_u)
        for _ in range(self.power_iterations):
            v = _unit(tf.matmul(u, matrix, transpose_b=True))
            u = _unit(tf.matmul(v, matrix))
        u, v = tf.stop_gradient(u), tf.stop_gradient(v)
        norm = tf.matmul(tf.matmul(v, matrix), u, transpose_b=True)
        self.vector_u.assign(tf.cast(u, self.vector_u.dtype))
        self.kernel.assign(tf.cast(kernel / tf.reshape(norm, ()), self.kernel.dtype))


def _unit(vector: Any) -> Any:
    return tf.nn.l2_normalize(vector, axis=-1, epsilon=1e-12)
