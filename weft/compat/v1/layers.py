"""`tf.layers`: layers as classes, and as functions that make one and call it."""

from __future__ import annotations

from typing import Any

import weft
from weft.compat.v1 import initializers
from weft.compat.v1 import nn as _nn
from weft.compat.v1.flow import cond
from weft.compat.v1.layer_base import Layer as Layer
from weft.compat.v1.layer_base import static_bool
from weft.compat.v1.layers_conv import (  # noqa: F401
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    SeparableConv1D,
    SeparableConv2D,
    conv1d,
    conv2d,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    separable_conv1d,
    separable_conv2d,
)
from weft.compat.v1.layers_norm import BatchNormalization as BatchNormalization
from weft.compat.v1.layers_norm import batch_normalization as batch_normalization
from weft.compat.v1.layers_pool import (  # noqa: F401
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    average_pooling1d,
    average_pooling2d,
    average_pooling3d,
    max_pooling1d,
    max_pooling2d,
    max_pooling3d,
)
from weft.compat.v1.naming import composite
from weft.runtime.operation_counts import further


class InputSpec:
    """What a layer expects of its inputs; kept."""

    def __init__(self, dtype: Any = None, shape: Any = None, ndim: int | None = None, max_ndim: int | None = None,
                 min_ndim: int | None = None, axes: Any = None) -> None:  # fmt: skip
        self.dtype, self.shape, self.ndim = dtype, shape, ndim
        self.max_ndim, self.min_ndim, self.axes = max_ndim, min_ndim, axes or {}


class Dense(Layer):
    """activation(inputs · kernel + bias), over the last axis.

    Args:
        units: The size of the result's last axis.
        activation: A function, or None.
        use_bias: Whether there is a bias.
        kernel_initializer: As for `get_variable`.
        bias_initializer: Likewise.
        kernel_regularizer: A function of the kernel that gives a penalty.
        bias_regularizer: Likewise.
        activity_regularizer: The same for the result.
        kernel_constraint: What optimizers apply after an update.
        bias_constraint: Likewise.
        trainable: Whether optimizers update its variables.
        name: The name of its variable scope.
        **kwargs: What every `Layer` takes.
    """

    def __init__(self, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
                 bias_initializer: Any = None, kernel_regularizer: Any = None, bias_regularizer: Any = None,
                 activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
                 trainable: bool = True, name: str | None = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **kwargs)
        self.units, self.activation, self.use_bias = int(units), activation, use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        inputs = self._known_size(input_shape, -1, "last dimension")
        self.kernel = self.add_weight("kernel", [inputs, self.units], None, self.kernel_initializer,
                                      self.kernel_regularizer, constraint=self.kernel_constraint)  # fmt: skip
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight("bias", [self.units], None, self.bias_initializer or
                                        initializers.zeros_initializer(), self.bias_regularizer,
                                        constraint=self.bias_constraint)  # fmt: skip
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Computes its result."""
        inputs = inputs if inputs.dtype == self.kernel.dtype else weft.cast(inputs, self.kernel.dtype)
        if inputs.shape.rank == 2:
            outputs = weft.matmul(inputs, self.kernel)
        else:
            outputs = composite("tensordot", weft.tensordot)(inputs, self.kernel, [[inputs.shape.rank - 1], [0]])
        if self.bias is not None:
            outputs = _nn.bias_add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the result for inputs of a shape."""
        return weft.TensorShape([*weft.TensorShape(input_shape).as_list()[:-1], self.units])


def dense(inputs: Any, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
          bias_initializer: Any = None, kernel_regularizer: Any = None, bias_regularizer: Any = None,
          activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
          trainable: bool = True, name: str | None = None, reuse: Any = None) -> Any:  # fmt: skip
    """activation(inputs · kernel + bias), over the last axis; see `Dense`.

    Args:
        inputs: `[..., size]`.
        units: As for `Dense`, like what follows.
        activation: A function, or None.
        use_bias: Whether there is a bias.
        kernel_initializer: As for `get_variable`.
        bias_initializer: Likewise.
        kernel_regularizer: A function that gives a penalty.
        bias_regularizer: Likewise.
        activity_regularizer: The same for the result.
        kernel_constraint: What optimizers apply after an update.
        bias_constraint: Likewise.
        trainable: Whether optimizers update its variables.
        name: The name of its variable scope.
        reuse: Whether the variables of an earlier layer of this name are used again.

    Returns:
        `[..., units]`.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default():
        ...     x = tf.placeholder(tf.float32, [None, 4])
        ...     tf.layers.dense(x, 3, activation=tf.nn.relu).name, [v.name for v in tf.trainable_variables()]
        ('dense/Relu:0', ['dense/kernel:0', 'dense/bias:0'])
    """
    layer = Dense(units, activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
                  bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, trainable, name,
                  _reuse=reuse)  # fmt: skip
    return layer(inputs)


class Dropout(Layer):
    """In training, a share of the elements becomes zero and the others grow so that the mean stays.

    Args:
        rate: The share, below 1.
        noise_shape: A shape in which sizes of 1 share their fate.
        seed: For the random numbers.
        name: The name of its scope.
        **kwargs: What every `Layer` takes.
    """

    def __init__(self, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, name: str | None = None,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(name=name, **kwargs)
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def call(self, inputs: Any, training: Any = False, *args: Any, **kwargs: Any) -> Any:
        """Computes its result."""

        def dropped() -> Any:
            return _nn.dropout(inputs, noise_shape=self.noise_shape, seed=self.seed, rate=self.rate)

        known = static_bool(training)
        if known is None:
            return cond(training, dropped, lambda: weft.identity(inputs))
        return dropped() if known else weft.identity(inputs)


def dropout(inputs: Any, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, training: Any = False,
            name: str | None = None) -> Any:  # fmt: skip
    """In training, a share of the elements becomes zero and the others grow so that the mean stays.

    Args:
        inputs: A tensor.
        rate: The share that becomes zero (`tf.nn.dropout` takes the share that is kept).
        noise_shape: A shape in which sizes of 1 share their fate.
        seed: For the random numbers.
        training: Whether this is training: a bool, or a tensor of one.
        name: The name of its scope.
    """
    return Dropout(rate, noise_shape, seed, name)(inputs, training=training)


class Flatten(Layer):
    """`[batch, ...]` as `[batch, size]`.

    Args:
        data_format: `channels_last`, or `channels_first`, whose channels are moved behind first.
        **kwargs: What every `Layer` takes.
    """

    def __init__(self, data_format: str | None = "channels_last", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format or "channels_last"

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Computes its result."""
        rank = inputs.shape.rank
        if self.data_format == "channels_first" and rank is not None and rank > 1:
            inputs = weft.transpose(inputs, [0, *range(2, rank), 1])
        rest = inputs.shape[1:]
        size = rest.num_elements() if rest.rank is not None and rest.is_fully_defined() else None
        known = inputs.shape.symbolic[0] if rank else None
        if isinstance(known, int):
            return weft.reshape(inputs, [known, -1 if size is None else size])
        batch = composite("shape", weft.shape)(inputs)[0]
        further(1)  # the second size
        return weft.reshape(inputs, weft.stack([batch, -1]) if size is None else [batch, size])


def flatten(inputs: Any, name: str | None = None, data_format: str = "channels_last") -> Any:
    """`[batch, ...]` as `[batch, size]`.

    Args:
        inputs: A tensor.
        name: The name of its scope.
        data_format: `channels_last`, or `channels_first`, whose channels are moved behind first.
    """
    return Flatten(data_format, name=name)(inputs)

