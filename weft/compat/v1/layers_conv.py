"""`tf.layers`: convolutions over one, two or three axes, separable and transposed ones."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

import weft
from weft.compat.v1 import initializers
from weft.compat.v1 import nn as _nn
from weft.compat.v1.layer_base import Layer
from weft.compat.v1.layers_pool import is_channels_first, letters, several
from weft.compat.v1.naming import in_graph
from weft.runtime import frontdoor
from weft.runtime.operation_counts import standing_for


class _Conv(Layer):
    """What all convolutions have in common.

    Args:
        filters: How many channels the result has.
        kernel_size: The size of the window: a number, or one for each axis.
        strides: The steps between windows.
        padding: `valid` or `same`.
        data_format: `channels_last` or `channels_first`.
        dilation_rate: The steps between a window's elements.
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

    _rank = 2

    def __init__(self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
                 data_format: str = "channels_last", dilation_rate: Any = 1, activation: Any = None,
                 use_bias: bool = True, kernel_initializer: Any = None, bias_initializer: Any = None,
                 kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True,
                 name: str | None = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **kwargs)
        self.rank = self._rank
        self.filters = int(filters)
        self.kernel_size = several(kernel_size, self._rank, "kernel_size")
        self.strides = several(strides, self._rank, "strides")
        self.dilation_rate = several(dilation_rate, self._rank, "dilation_rate")
        self.padding, self.data_format = padding.lower(), data_format
        self._first = is_channels_first(data_format)
        self.activation, self.use_bias = activation, use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint
        self.bias: Any = None

    def _channels(self, input_shape: Any) -> int:
        self._refuse_rank(input_shape, self._rank + 2)
        return self._known_size(input_shape, 1 if self._first else -1, "channel dimension")

    def _kernel(self, channels: int) -> list[int]:
        return [*self.kernel_size, channels, self.filters]

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        shape = self._kernel(self._channels(input_shape))
        self.kernel = self.add_weight("kernel", shape, None, self.kernel_initializer, self.kernel_regularizer,
                                      constraint=self.kernel_constraint)  # fmt: skip
        self._add_bias()
        self.built = True

    def _add_bias(self) -> None:
        if self.use_bias:
            first = self.bias_initializer or initializers.zeros_initializer()
            self.bias = self.add_weight("bias", [self.filters], None, first, self.bias_regularizer,
                                        constraint=self.bias_constraint)  # fmt: skip

    def _convolved(self, inputs: Any) -> Any:
        return weft.nn.convolution(inputs, self.kernel, list(self.strides), self.padding.upper(),
                                   letters(self._rank, self._first), list(self.dilation_rate))  # fmt: skip

    def _finished(self, outputs: Any) -> Any:
        if self.bias is not None:
            outputs = _nn.bias_add(outputs, self.bias, "NCHW" if self._first else None)
        return outputs if self.activation is None else self.activation(outputs)

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Computes its result."""
        if in_graph() and not isinstance(self, (_Transposed, SeparableConv2D)):
            frontdoor.constant(np.asarray(self.dilation_rate, np.int32), "dilation_rate")
        return self._finished(self._convolved(inputs))


class Conv1D(_Conv):
    """A convolution over one axis: `[batch, steps, channels]`.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, …: As for `Conv2D`.
    """

    _rank = 1

    def _convolved(self, inputs: Any) -> Any:
        return _nn.conv1d(inputs, self.kernel, self.strides[0], self.padding.upper(),
                          data_format="NCW" if self._first else "NWC", dilations=self.dilation_rate[0])  # fmt: skip


class Conv2D(_Conv):
    __doc__ = (_Conv.__doc__ or "").replace("What all convolutions have in common.", "A convolution over two axes.")


class Conv3D(_Conv):
    """A convolution over three axes: `[batch, depth, height, width, channels]`.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, …: As for `Conv2D`.
    """

    _rank = 3

    def _convolved(self, inputs: Any) -> Any:
        step = [1, 1, *self.strides] if self._first else [1, *self.strides, 1]
        rate = [1, 1, *self.dilation_rate] if self._first else [1, *self.dilation_rate, 1]
        return _nn.conv3d(inputs, self.kernel, step, self.padding.upper(), letters(3, self._first), rate)


class _Transposed(_Conv):
    """What transposed convolutions have in common."""

    def __init__(self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
                 data_format: str = "channels_last", activation: Any = None, use_bias: bool = True,
                 kernel_initializer: Any = None, bias_initializer: Any = None, kernel_regularizer: Any = None,
                 bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
                 bias_constraint: Any = None, trainable: bool = True, name: str | None = None,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(filters, kernel_size, strides, padding, data_format, 1, activation, use_bias,
                         kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                         activity_regularizer, kernel_constraint, bias_constraint, trainable, name,
                         **kwargs)  # fmt: skip

    def _kernel(self, channels: int) -> list[int]:
        return [*self.kernel_size, self.filters, channels]

    def _convolved(self, inputs: Any) -> Any:
        places = range(2, 2 + self._rank) if self._first else range(1, 1 + self._rank)
        sizes = []
        for place, window, stride in zip(places, self.kernel_size, self.strides, strict=True):
            size = inputs.shape.symbolic[place] * stride
            sizes.append(size + max(window - stride, 0) if self.padding == "valid" else size)
        step = [1, 1, *self.strides] if self._first else [1, *self.strides, 1]
        transpose = getattr(_nn, f"conv{self._rank}d_transpose")
        # the sizes are worked out in the graph: the shape, a slice for the batch and each axis, a product (a sum too
        # where windows reach beyond), the whole shape; and a slice in the end
        count = 1 + 4 * (1 + self._rank) + (2 if self.padding == "same" else 4) * self._rank + 2 + 4 + 1
        with standing_for(count):
            return transpose(inputs, self.kernel, sizes, step, self.padding.upper(), letters(self._rank, self._first))


class Conv2DTranspose(_Transposed):
    """The gradient of a convolution over two axes, as a layer: makes images larger.

    Args:
        filters, kernel_size, strides, padding, data_format, activation, use_bias, …: As for `Conv2D`, without dilation.
    """


class Conv3DTranspose(_Transposed):
    """The gradient of a convolution over three axes, as a layer.

    Args:
        filters, kernel_size, strides, padding, data_format, activation, use_bias, …: As for `Conv2D`, without dilation.
    """

    _rank = 3


class SeparableConv2D(_Conv):
    """Every channel convolved with kernels of its own, then a convolution with a window of one element.

    Args:
        filters: How many channels the result has.
        kernel_size: The size of the window.
        strides: The steps between windows.
        padding: `valid` or `same`.
        data_format: `channels_last` or `channels_first`.
        dilation_rate: The steps between a window's elements.
        depth_multiplier: How many kernels each channel has.
        activation: A function, or None.
        use_bias: Whether there is a bias.
        depthwise_initializer: As for `get_variable`, like those that follow.
        pointwise_initializer: For the second kernel.
        bias_initializer: For the bias.
        depthwise_regularizer: A function that gives a penalty, like those that follow.
        pointwise_regularizer: For the second kernel.
        bias_regularizer: For the bias.
        activity_regularizer: For the result.
        depthwise_constraint: What optimizers apply after an update, like those that follow.
        pointwise_constraint: For the second kernel.
        bias_constraint: For the bias.
        trainable: Whether optimizers update its variables.
        name: The name of its variable scope.
        **kwargs: What every `Layer` takes.
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
                 data_format: str = "channels_last", dilation_rate: Any = 1, depth_multiplier: int = 1,
                 activation: Any = None, use_bias: bool = True, depthwise_initializer: Any = None,
                 pointwise_initializer: Any = None, bias_initializer: Any = None, depthwise_regularizer: Any = None,
                 pointwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 depthwise_constraint: Any = None, pointwise_constraint: Any = None, bias_constraint: Any = None,
                 trainable: bool = True, name: str | None = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
                         None, bias_initializer, None, bias_regularizer, activity_regularizer, None,
                         bias_constraint, trainable, name, **kwargs)  # fmt: skip
        self.depth_multiplier = depth_multiplier
        self.depthwise_kernel: Any = None
        self.pointwise_kernel: Any = None
        self._parts = {
            "depthwise": (depthwise_initializer, depthwise_regularizer, depthwise_constraint),
            "pointwise": (pointwise_initializer, pointwise_regularizer, pointwise_constraint),
        }

    def build(self, input_shape: Any) -> None:
        """Makes both kernels and the bias."""
        channels = self._channels(input_shape)
        shapes = {"depthwise": [*self.kernel_size, channels, self.depth_multiplier],
                  "pointwise": [*(1,) * self._rank, self.depth_multiplier * channels, self.filters]}  # fmt: skip
        for part, (initializer, regularizer, constraint) in self._parts.items():
            made = self.add_weight(f"{part}_kernel", shapes[part], None, initializer, regularizer,
                                   constraint=constraint)  # fmt: skip
            setattr(self, f"{part}_kernel", made)
        self._add_bias()
        self.built = True

    def _convolved(self, inputs: Any) -> Any:
        step = [1, 1, *self.strides] if self._first else [1, *self.strides, 1]
        return _nn.separable_conv2d(inputs, self.depthwise_kernel, self.pointwise_kernel, step, self.padding.upper(),
                                    list(self.dilation_rate), data_format=letters(2, self._first))  # fmt: skip


class SeparableConv1D(SeparableConv2D):
    """As `SeparableConv2D`, over one axis.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, …: As there.
    """

    _rank = 1

    def _convolved(self, inputs: Any) -> Any:
        axis = 2 if self._first else 1
        image = weft.expand_dims(inputs, axis)
        first, second = (weft.expand_dims(kernel, 0) for kernel in (self.depthwise_kernel, self.pointwise_kernel))
        step = [1, 1, *self.strides * 2] if self._first else [1, *self.strides * 2, 1]
        outputs = _nn.separable_conv2d(image, first, second, step, self.padding.upper(), [1, *self.dilation_rate],
                                       data_format=letters(2, self._first))  # fmt: skip
        return weft.squeeze(outputs, axis)


def _function(kind: type[_Conv], name: str) -> Any:
    signature = inspect.signature(kind.__init__)
    own = [p for p in list(signature.parameters.values())[1:] if p.kind is not p.VAR_KEYWORD]
    inputs = inspect.Parameter("inputs", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    reuse = inspect.Parameter("reuse", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
    full = inspect.Signature([inputs, *own, reuse])

    def function(*args: Any, **kwargs: Any) -> Any:
        given = full.bind(*args, **kwargs).arguments
        x, again = given.pop("inputs"), given.pop("reuse", None)
        return kind(**given, _reuse=again)(x)

    function.__name__ = function.__qualname__ = name
    function.__signature__ = full  # type: ignore[attr-defined]
    function.__doc__ = f"A layer `{kind.__name__}` applied to `inputs`; `reuse` finds the variables of an earlier one."
    return function


conv1d = _function(Conv1D, "conv1d")
conv2d = _function(Conv2D, "conv2d")
conv3d = _function(Conv3D, "conv3d")
conv2d_transpose = _function(Conv2DTranspose, "conv2d_transpose")
conv3d_transpose = _function(Conv3DTranspose, "conv3d_transpose")
separable_conv1d = _function(SeparableConv1D, "separable_conv1d")
separable_conv2d = _function(SeparableConv2D, "separable_conv2d")
