"""Convolutions over one, two and three axes: one class for all ranks, and transposed and depthwise ones."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import activations, constraints, initializers, regularizers
from weft.keras.config import standardize_data_format
from weft.keras.core import in_graph
from weft.keras.layers.convolution.arguments import format_letters, padding_mode, per_axis, require_room
from weft.keras.layers.core.dense import as_float, positive_int
from weft.keras.layers.core.lora import LowRank, adapted
from weft.keras.layers.input_spec import InputSpec
from weft.keras.layers.layer import Layer


class ConvolutionBase(Layer):
    """What all convolutions have in common. `rank` is the number of axes that the window moves along."""

    rank = 0
    _paddings: tuple[str, ...] = ("valid", "same")
    _old_arguments = {"nb_filter": "filters"}

    def _set_window(self, kernel_size: Any, strides: Any, padding: Any, data_format: Any, dilation_rate: Any) -> None:
        name = type(self).__name__
        self.kernel_size = per_axis(name, "kernel_size", kernel_size, self.rank)
        self.strides = per_axis(name, "strides", strides, self.rank)
        self.dilation_rate = per_axis(name, "dilation_rate", dilation_rate, self.rank)
        self.padding = padding_mode(name, padding, self._paddings)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _check_strides(self) -> None:
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(explain(
                f"{type(self).__name__}: `strides > 1` not supported in conjunction with `dilation_rate > 1`. "
                f"Received: strides={self.strides} and dilation_rate={self.dilation_rate}",
                hint="leave one of the two at 1",
            ))  # fmt: skip

    def _set_functions(self, activation: Any, use_bias: bool, bias: tuple[Any, Any, Any]) -> None:
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.bias_initializer = initializers.get(bias[0])
        self.bias_regularizer = regularizers.get(bias[1])
        self.bias_constraint = constraints.get(bias[2])
        self.bias: Any = None

    def _set_kernel(self, initializer: Any, regularizer: Any, constraint: Any) -> None:
        self.kernel_initializer = initializers.get(initializer)
        self.kernel_regularizer = regularizers.get(regularizer)
        self.kernel_constraint = constraints.get(constraint)

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def _channels(self, input_shape: Any) -> int:
        channels = input_shape[self._channel_axis]
        if channels is None:
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}): the number of channels of its input must be known.",
                received=f"shape {tf.TensorShape(input_shape)}, channels at axis {self._channel_axis}",
                hint="give the input its channels, for instance keras.Input(shape=(None, None, 3))",
            ))  # fmt: skip
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self._channel_axis: channels})
        return int(channels)

    def _add_kernel(self, shape: tuple[int, ...], name: str = "kernel") -> Any:
        return self.add_weight(
            name=name, shape=shape, initializer=self.kernel_initializer, regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )  # fmt: skip

    def _add_bias(self, size: int) -> None:
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(size,), initializer=self.bias_initializer, regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )  # fmt: skip

    @property
    def _letters(self) -> str:
        return format_letters(self.data_format, self.rank)

    def _prepare(self, inputs: Any) -> Any:
        """The inputs as the layer computes with them; refuses those that are smaller than the window."""
        inputs = as_float(inputs, self.compute_dtype)
        if self.padding == "valid":
            require_room(self, inputs, self.kernel_size, self.dilation_rate, self.data_format)
        return inputs

    def _finish_call(self, result: Any) -> Any:
        if self.bias is not None:
            if self.data_format == "channels_first":
                result = result + tf.reshape(self.bias, (1, -1, *(1,) * self.rank))
            else:
                result = in_graph.add_bias(result, self.bias)
        return result if self.activation is None else self.activation(result)


class BaseConv(LowRank, ConvolutionBase):
    """A convolution with a kernel for every pair of input and output channel."""

    _checkpoint_aliases = {"kernel": "_kernel"}
    kernel = adapted("kernel")

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Any = 1, groups: int = 1, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, lora_rank: int | None = None, lora_alpha: float | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_low_rank(lora_rank, lora_alpha)
        name = type(self).__name__
        self.filters = positive_int(name, "filters", filters)
        if groups is None or groups <= 0:
            raise ValueError(f"{name}: The number of groups must be a positive integer. Received: groups={groups}.")
        self.groups = positive_int(name, "groups", groups)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_functions(activation, use_bias, (bias_initializer, bias_regularizer, bias_constraint))
        self._set_kernel(kernel_initializer, kernel_regularizer, kernel_constraint)
        if self.filters % self.groups:
            raise ValueError(explain(
                f"{name}: The number of filters must be evenly divisible by the number of groups. "
                f"Received: groups={self.groups}, filters={self.filters}."
            ))  # fmt: skip
        self._check_strides()

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}): {channels} channels cannot be shared out to "
                f"{self.groups} groups.",
                received=f"shape {tf.TensorShape(input_shape)}, groups={self.groups}",
            ))  # fmt: skip
        self.kernel = self._add_kernel((*self.kernel_size, channels // self.groups, self.filters))
        self._add_bias(self.filters)
        self._build_low_rank()

    def call(self, inputs: Any) -> Any:
        """The output."""
        inputs = self._prepare(inputs)
        padding = self.padding.upper()
        if self.padding == "causal":
            inputs = self._pad_past(inputs)
            padding = "VALID"
        result = tf.nn.convolution(
            inputs, self.kernel, strides=list(self.strides), padding=padding, data_format=self._letters,
            dilations=list(self.dilation_rate),
        )  # fmt: skip
        return self._finish_call(result)

    def _pad_past(self, inputs: Any) -> Any:
        before = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        time = [before, 0]
        return tf.pad(inputs, [[0, 0], time, [0, 0]] if self.data_format == "channels_last" else [[0, 0], [0, 0], time])


class Conv1D(BaseConv):
    """Convolution along one axis, such as time.

    Args:
        filters: The number of output channels.
        kernel_size: The window's length.
        strides: How far it moves.
        padding: `"valid"`, `"same"` or `"causal"` (nothing of the future is seen).
        data_format: `"channels_last"` or `"channels_first"`.
        dilation_rate: The distance between the window's points.
        groups: Groups of channels that are convolved apart.
        activation: Function of the result.
        use_bias: Whether there is a bias.
        **kwargs: Initializers, regularizers and constraints as in Dense; and as for every layer.

    Returns:
        For inputs `[batch, steps, channels]`, `[batch, new steps, filters]`.
    """

    rank = 1
    _paddings = ("valid", "same", "causal")


class Conv2D(BaseConv):
    """Convolution over images.

    Args:
        filters: The number of output channels.
        kernel_size: The window's height and width; one integer for both.
        strides: How far it moves.
        padding: `"valid"` (within the image) or `"same"` (zeros around it, so that strides of 1 keep the size).
        data_format: `"channels_last"` or `"channels_first"`.
        dilation_rate: The distance between the window's points.
        groups: Groups of channels that are convolved apart.
        activation: Function of the result.
        use_bias: Whether there is a bias.
        **kwargs: Initializers, regularizers and constraints as in Dense; and as for every layer.

    Returns:
        For inputs `[batch, height, width, channels]`, `[batch, new height, new width, filters]`.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Conv2D(8, 3)(tf.ones((1, 28, 28, 1))).shape
        TensorShape([1, 26, 26, 8])
    """

    rank = 2


class Conv3D(BaseConv):
    """Convolution over volumes. Arguments as for Conv2D, with three sizes.

    Returns:
        For inputs `[batch, depth, height, width, channels]`, the same with new sizes and `filters` channels.
    """

    rank = 3


def transposed_sizes(
    sizes: Any, kernel_size: Any, strides: Any, dilation_rate: Any, padding: str, output_padding: Any
) -> list[Any]:
    """The spatial sizes of what a transposed convolution gives."""
    found = []
    for axis, size in enumerate(sizes):
        stride = strides[axis]
        window = dilation_rate[axis] * (kernel_size[axis] - 1) + 1
        if output_padding is not None:
            cut = 2 * (window // 2) if padding == "same" else 0
            found.append((size - 1) * stride + window - cut + output_padding[axis])
        elif padding == "same":
            found.append(size * stride)
        else:
            found.append(size * stride + max(window - stride, 0))
    return found


class BaseConvTranspose(ConvolutionBase):
    """The transpose of a convolution: where that makes images smaller, this makes them larger."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", output_padding: Any = None,
        data_format: str | None = None, dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        name = type(self).__name__
        self.filters = positive_int(name, "filters", filters)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.output_padding = (
            None if output_padding is None else per_axis(name, "output_padding", output_padding, self.rank, 0)
        )
        self._check_strides()
        if any(extra >= stride for extra, stride in zip(self.output_padding or (), self.strides)):
            raise ValueError(explain(
                f"{name}: `output_padding` must be strictly less than `strides`.",
                received=f"output_padding={self.output_padding}, strides={self.strides}",
            ))  # fmt: skip
        self._set_functions(activation, use_bias, (bias_initializer, bias_regularizer, bias_constraint))
        self._set_kernel(kernel_initializer, kernel_regularizer, kernel_constraint)

    def build(self, input_shape: Any) -> None:
        self.kernel = self._add_kernel((*self.kernel_size, self.filters, self._channels(input_shape)))
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """The output."""
        inputs = as_float(inputs, self.compute_dtype)
        shape = tf.TensorShape(inputs.shape).symbolic or ()
        last = self.data_format == "channels_last"
        sizes = transposed_sizes(
            shape[1:-1] if last else shape[2:], self.kernel_size, self.strides, self.dilation_rate, self.padding,
            self.output_padding,
        )  # fmt: skip
        target = (shape[0], *sizes, self.filters) if last else (shape[0], self.filters, *sizes)
        result = tf.nn.conv_transpose(
            inputs, tf.convert_to_tensor(self.kernel), target, strides=list(self.strides), padding=self.padding.upper(),
            data_format=self._letters, dilations=list(self.dilation_rate),
        )  # fmt: skip
        return self._finish_call(result)


class Conv1DTranspose(BaseConvTranspose):
    """The transpose of Conv1D. Arguments as there, and `output_padding`: how much is added to the output's length."""

    rank = 1


class Conv2DTranspose(BaseConvTranspose):
    """The transpose of Conv2D, for making images larger.

    Args:
        filters: The number of output channels.
        kernel_size: The window.
        strides: By how much the image grows.
        padding: `"valid"` or `"same"`.
        output_padding: How much is added to the output's sizes, below the stride.
        **kwargs: As for Conv2D.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")(tf.ones((1, 7, 7, 2))).shape
        TensorShape([1, 14, 14, 4])
    """

    rank = 2


class Conv3DTranspose(BaseConvTranspose):
    """The transpose of Conv3D. Arguments as for Conv2DTranspose, with three sizes; `data_format` comes before
    `output_padding`."""

    rank = 3

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        output_padding: Any = None, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(filters, kernel_size, strides, padding, output_padding, data_format, *args, **kwargs)


def depthwise(inputs: Any, kernel: Any, channels: int, strides: Any, padding: str, letters: str, dilations: Any) -> Any:
    """Convolves each channel with kernels of its own, `[*window, channels, multiplier]`."""
    sizes = [int(size) for size in kernel.shape]
    grouped = tf.reshape(kernel, (*sizes[:-2], 1, channels * sizes[-1]))
    return tf.nn.convolution(
        inputs, grouped, strides=list(strides), padding=padding.upper(), data_format=letters, dilations=list(dilations)
    )


class BaseDepthwiseConv(ConvolutionBase):
    """A convolution of each channel by itself."""

    def __init__(
        self, kernel_size: Any, strides: Any = 1, padding: str = "valid", depth_multiplier: int = 1,
        data_format: str | None = None, dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        depthwise_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.depth_multiplier = positive_int(type(self).__name__, "depth_multiplier", depth_multiplier)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_functions(activation, use_bias, (bias_initializer, bias_regularizer, bias_constraint))
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)

    def build(self, input_shape: Any) -> None:
        self._size = self._channels(input_shape)
        self.kernel = self.add_weight(
            name="kernel", shape=(*self.kernel_size, self._size, self.depth_multiplier),
            initializer=self.depthwise_initializer, regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )  # fmt: skip
        self._add_bias(self._size * self.depth_multiplier)

    def call(self, inputs: Any) -> Any:
        """The output."""
        inputs = self._prepare(inputs)
        result = depthwise(
            inputs, self.kernel, self._size, self.strides, self.padding, self._letters, self.dilation_rate
        )
        return self._finish_call(result)


class DepthwiseConv1D(BaseDepthwiseConv):
    """Convolves each channel by itself along one axis. Arguments as for DepthwiseConv2D."""

    rank = 1


class DepthwiseConv2D(BaseDepthwiseConv):
    """Convolves each channel of an image by itself.

    Args:
        kernel_size: The window.
        strides: How far it moves.
        padding: `"valid"` or `"same"`.
        depth_multiplier: Output channels for each input channel.
        **kwargs: As for Conv2D, with `depthwise_initializer` and the like for the kernel.
    """

    rank = 2


class BaseSeparableConv(ConvolutionBase):
    """A depthwise convolution, and a mixture of its channels."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Any = 1, depth_multiplier: int = 1, activation: Any = None, use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform", pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros", depthwise_regularizer: Any = None, pointwise_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, depthwise_constraint: Any = None,
        pointwise_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        name = type(self).__name__
        self.filters = positive_int(name, "filters", filters)
        self.depth_multiplier = positive_int(name, "depth_multiplier", depth_multiplier)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_functions(activation, use_bias, (bias_initializer, bias_regularizer, bias_constraint))
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape: Any) -> None:
        self._size = self._channels(input_shape)
        self.depthwise_kernel = self.add_weight(
            name="depthwise_kernel", shape=(*self.kernel_size, self._size, self.depth_multiplier),
            initializer=self.depthwise_initializer, regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )  # fmt: skip
        self.pointwise_kernel = self.add_weight(
            name="pointwise_kernel", shape=(*(1,) * self.rank, self._size * self.depth_multiplier, self.filters),
            initializer=self.pointwise_initializer, regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
        )  # fmt: skip
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """The output."""
        inputs = self._prepare(inputs)
        apart = depthwise(
            inputs, self.depthwise_kernel, self._size, self.strides, self.padding, self._letters, self.dilation_rate
        )
        mixed = tf.nn.convolution(
            apart, self.pointwise_kernel, strides=[1] * self.rank, padding="VALID", data_format=self._letters
        )
        return self._finish_call(mixed)


class SeparableConv1D(BaseSeparableConv):
    """A depthwise convolution along one axis, then a mixture of its channels. Arguments as for SeparableConv2D."""

    rank = 1


class SeparableConv2D(BaseSeparableConv):
    """A depthwise convolution, then a mixture of its channels: a Conv2D with far fewer weights.

    Args:
        filters: The number of output channels.
        kernel_size: The window.
        strides: How far it moves.
        padding: `"valid"` or `"same"`.
        depth_multiplier: Channels that the depthwise part makes of each input channel.
        **kwargs: As for Conv2D, with `depthwise_…` and `pointwise_…` for the two kernels.
    """

    rank = 2


class Convolution2D(Conv2D):
    """Conv2D under its oldest name. Three integers at the start mean filters, rows and columns, as in Keras 1."""

    def __init__(self, filters: int, kernel_size: Any, *args: Any, **kwargs: Any) -> None:
        if isinstance(kernel_size, int) and args and isinstance(args[0], int):
            kernel_size, args = (kernel_size, args[0]), args[1:]
        super().__init__(filters, kernel_size, *args, **kwargs)
