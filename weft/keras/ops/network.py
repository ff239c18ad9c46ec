"""What layers are made of: activations, convolutions, pooling, normalisation, losses, attention."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import explain, op
from weft.keras import activations, config
from weft.keras.config import standardize_data_format
from weft.keras.core.conversion import cast, convert_to_tensor
from weft.keras.core.dtypes import result_type, standardize_dtype
from weft.keras.layers.convolution.arguments import format_letters, per_axis
from weft.keras.layers.convolution.conv import depthwise, transposed_sizes
from weft.keras.layers.pooling.adaptive import adaptive_average, adaptive_max, pool_to
from weft.keras.losses import crossentropy
from weft.keras.ops.promotion import alike, as_floats, axes_of, dtype_of, place_of, size_of
from weft.keras.ops.records import alias, operation

#: activations of one tensor: name → the dtype rule
_ACTIVATIONS = {
    "relu": "same", "relu6": "same", "sigmoid": "float", "silu": "float", "hard_sigmoid": "float", "hard_silu": "float",
    "hard_tanh": "float", "log_sigmoid": "float", "selu": "float", "softplus": "float", "softsign": "float",
    "sparse_plus": "float", "sparse_sigmoid": "float", "tanh_shrink": "float",
}  # fmt: skip


def _activation(name: str, rule: str) -> None:
    compute = getattr(activations, name)

    def function(x: Any) -> Any:
        return compute(convert_to_tensor(x) if rule == "same" else as_floats(x))

    function.__doc__ = compute.__doc__
    operation("nn", name)(function)


for _name, _rule in _ACTIVATIONS.items():
    _activation(_name, _rule)
alias("swish", "silu")
alias("hard_swish", "hard_silu")


@operation("nn")
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x where it is positive, `negative_slope · x` elsewhere."""
    return activations.leaky_relu(as_floats(x), negative_slope)


@operation("nn")
def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where it is positive, `alpha · (eˣ − 1)` elsewhere."""
    return activations.elu(as_floats(x), alpha)


@operation("nn")
def celu(x: Any, alpha: float = 1.0) -> Any:
    """`max(x, 0) + min(0, alpha · (e^(x/alpha) − 1))`."""
    return activations.celu(as_floats(x), alpha)


@operation("nn")
def gelu(x: Any, approximate: bool = True) -> Any:
    """`x · Φ(x)`, Φ the normal distribution; by a tanh where `approximate`."""
    return activations.gelu(as_floats(x), approximate)


@operation("nn")
def glu(x: Any, axis: int = -1) -> Any:
    """One half of the axis times the sigmoid of the other."""
    return activations.glu(as_floats(x), axis)


@operation("nn")
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x where |x| is greater than the threshold, else 0."""
    return activations.hard_shrink(as_floats(x), threshold)


@operation("nn")
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x nearer to 0 by the threshold; 0 within it."""
    x = convert_to_tensor(x)
    return cast(activations.soft_shrink(as_floats(x), threshold), x.dtype)


@operation("nn")
def squareplus(x: Any, b: float = 4) -> Any:
    """`(x + √(x² + b)) / 2`."""
    return activations.squareplus(as_floats(x), b)


@operation("nn")
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x where it is greater than the threshold, `default_value` elsewhere."""
    return activations.threshold(convert_to_tensor(x), threshold, default_value)


@operation("nn")
def softmax(x: Any, axis: Any = -1) -> Any:
    """eˣ divided by its sum along an axis or several; along all of them where None."""
    x = as_floats(x)
    if isinstance(axis, int) and x.shape.rank and x.shape[place_of(axis, x.shape.rank)] == 1:
        warnings.warn(
            f"You are using a softmax over axis {axis} of a tensor of shape {tuple(x.shape)}. This axis has size 1. "
            "The softmax operation will always return the value 1, which is likely not what you intended. "
            "Did you mean to use a sigmoid instead?",
            stacklevel=3,
        )
    return _over(tf.nn.softmax, x, axis)


@operation("nn")
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """The logarithm of the softmax along an axis or several; along all of them where None."""
    return _over(tf.nn.log_softmax, as_floats(x), axis)


@operation("nn")
def sparsemax(x: Any, axis: int = -1) -> Any:
    """The nearest probabilities along an axis, of which many are 0."""
    return activations.sparsemax(as_floats(x), axis)


def _over(compute: Callable[..., Any], x: Any, axis: Any) -> Any:
    """A function of one axis along several, as if they were one."""
    if isinstance(axis, int):
        return compute(x, axis=place_of(axis, x.shape.rank))
    axes = axes_of(axis, x.shape.rank)
    order = [*(one for one in range(x.shape.rank) if one not in axes), *axes]
    moved = tf.transpose(x, order)
    flat = tf.reshape(moved, [*(size_of(x, one) for one in order[: len(order) - len(axes)]), -1])
    found = tf.reshape(compute(flat, axis=-1), tf.shape(moved))
    return tf.transpose(found, [order.index(one) for one in range(len(order))])


# Convolutions and pooling --------------------------------------------------------------------------------------------


def _window(function: str, inputs: Any, data_format: str | None) -> tuple[Any, int, str, str]:
    """The inputs, the number of spatial axes, the format and its letters."""
    inputs = convert_to_tensor(inputs)
    rank = inputs.shape.rank - 2
    if rank not in (1, 2, 3):
        raise ValueError(explain(
            f"{function}: `inputs` must have a batch axis, 1 to 3 spatial ones and one of channels.",
            received=f"shape {inputs.shape}",
        ))  # fmt: skip
    form = standardize_data_format(data_format)
    return inputs, rank, form, format_letters(form, rank)


def _pooled(
    compute: Callable[..., Any], name: str, inputs: Any, size: Any, strides: Any, padding: str, form: Any
) -> Any:
    inputs, rank, form, letters = _window(name, inputs, form)
    size = per_axis(name, "pool_size", size, rank)
    strides = size if strides is None else per_axis(name, "strides", strides, rank)
    return compute(inputs, list(size), list(strides), padding.upper(), data_format=letters)


@operation("nn")
def max_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None) -> Any:
    """The greatest values of windows.

    Args:
        inputs: `[batch, ..., channels]`, with 1 to 3 spatial axes.
        pool_size: The window, one number or one an axis.
        strides: From one window to the next; the window by default.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
    """
    return _pooled(tf.nn.max_pool, "max_pool", inputs, pool_size, strides, padding, data_format)


@operation("nn")
def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None
) -> Any:
    """The means of windows; arguments as for `max_pool`."""
    return _pooled(tf.nn.avg_pool, "average_pool", inputs, pool_size, strides, padding, data_format)


def _adaptive(name: str, pool: Callable[..., Any], inputs: Any, output_size: Any, data_format: Any) -> Any:
    inputs, rank, form, _ = _window(name, inputs, data_format)
    return pool_to(pool, inputs, per_axis(name, "output_size", output_size, rank), form, name)


@operation("nn")
def adaptive_average_pool(inputs: Any, output_size: Any, data_format: Any = None) -> Any:
    """The means of as many windows as are asked for along each spatial axis."""
    return _adaptive("adaptive_average_pool", adaptive_average, inputs, output_size, data_format)


@operation("nn")
def adaptive_max_pool(inputs: Any, output_size: Any, data_format: Any = None) -> Any:
    """The greatest values of as many windows as are asked for along each spatial axis."""
    return _adaptive("adaptive_max_pool", adaptive_max, inputs, output_size, data_format)


def _with_kernel(function: str, inputs: Any, *kernels: Any) -> tuple[Any, ...]:
    """Images and kernels in the float dtype in which they meet."""
    return alike(inputs, *kernels, rule="float", weak=False)


def _check_channels(function: str, inputs: Any, form: str, taken: Any, grouped: bool = False) -> None:
    """The inputs have as many channels as the kernel takes; where they fall into groups, a multiple of it."""
    channels = inputs.shape[-1 if form == "channels_last" else 1]
    if channels is None or taken is None or channels == taken or (grouped and taken and channels % taken == 0):
        return
    raise ValueError(explain(
        f"{function}: input channels must match the kernel: the inputs have {channels}, the kernel takes {taken}.",
        received=f"inputs {inputs.shape}, data_format={form!r}",
        hint='images of shape (channels, height, width) need data_format="channels_first"',
    ))  # fmt: skip


@operation("nn")
def conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None, dilation_rate: Any = 1
) -> Any:
    """A convolution over 1 to 3 spatial axes.

    Args:
        inputs: `[batch, ..., channels]`.
        kernel: `[..., channels / groups, filters]`.
        strides: How far the window moves.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        dilation_rate: The distance between the kernel's places.
    """
    inputs, kernel = _with_kernel("conv", inputs, kernel)
    inputs, rank, form, letters = _window("conv", inputs, data_format)
    _check_channels("conv", inputs, form, kernel.shape[-2], grouped=True)
    return tf.nn.convolution(
        inputs, kernel, strides=list(per_axis("conv", "strides", strides, rank)), padding=padding.upper(),
        data_format=letters, dilations=list(per_axis("conv", "dilation_rate", dilation_rate, rank)),
    )  # fmt: skip


def _separate(function: str, inputs: Any, kernel: Any, strides: Any, padding: str, form: Any, rate: Any) -> Any:
    inputs, rank, form, letters = _window(function, inputs, form)
    _check_channels(function, inputs, form, kernel.shape[-2])
    return depthwise(
        inputs, kernel, int(kernel.shape[-2]), per_axis(function, "strides", strides, rank), padding, letters,
        per_axis(function, "dilation_rate", rate, rank),
    )  # fmt: skip


@operation("nn")
def depthwise_conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None, dilation_rate: Any = 1
) -> Any:
    """A convolution of each channel with kernels of its own, `[..., channels, multiplier]`; the rest as for `conv`."""
    inputs, kernel = _with_kernel("depthwise_conv", inputs, kernel)
    return _separate("depthwise_conv", inputs, kernel, strides, padding, data_format, dilation_rate)


@operation("nn")
def separable_conv(
    inputs: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Any = 1, padding: str = "valid",
    data_format: Any = None, dilation_rate: Any = 1,
) -> Any:  # fmt: skip
    """A convolution of each channel by itself, and a mixture of the channels at each place.

    Args:
        inputs: `[batch, ..., channels]`.
        depthwise_kernel: `[..., channels, multiplier]`.
        pointwise_kernel: `[1, ..., channels · multiplier, filters]`.
        strides: How far the window moves.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        dilation_rate: The distance between the kernel's places.
    """
    inputs, kernel, mixing = _with_kernel("separable_conv", inputs, depthwise_kernel, pointwise_kernel)
    found = _separate("separable_conv", inputs, kernel, strides, padding, data_format, dilation_rate)
    _, _, _, letters = _window("separable_conv", inputs, data_format)
    return tf.nn.convolution(found, mixing, padding="VALID", data_format=letters)


@operation("nn")
def conv_transpose(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", output_padding: Any = None,
    data_format: Any = None, dilation_rate: Any = 1,
) -> Any:  # fmt: skip
    """The transpose of a convolution.

    Args:
        inputs: `[batch, ..., channels]`.
        kernel: `[..., filters, channels]`.
        strides: By how much the image grows.
        padding: "valid" or "same".
        output_padding: How much is added to the output's sizes.
        data_format: "channels_last" or "channels_first".
        dilation_rate: The distance between the kernel's places.
    """
    inputs, kernel = _with_kernel("conv_transpose", inputs, kernel)
    inputs, rank, form, letters = _window("conv_transpose", inputs, data_format)
    _check_channels("conv_transpose", inputs, form, kernel.shape[-1])
    strides = per_axis("conv_transpose", "strides", strides, rank)
    rates = per_axis("conv_transpose", "dilation_rate", dilation_rate, rank)
    added = None if output_padding is None else per_axis("conv_transpose", "output_padding", output_padding, rank, 0)
    window = tuple(int(size) for size in kernel.shape[:rank])
    shape = tf.TensorShape(inputs.shape).symbolic or ()
    last = form == "channels_last"
    sizes = transposed_sizes(shape[1:-1] if last else shape[2:], window, strides, rates, padding, added)
    filters = int(kernel.shape[-2])
    target = (shape[0], *sizes, filters) if last else (shape[0], filters, *sizes)
    return tf.nn.conv_transpose(
        inputs, kernel, target, strides=list(strides), padding=padding.upper(), data_format=letters,
        dilations=list(rates),
    )  # fmt: skip


def _moved_last(compute: Callable[..., Any], x: Any, data_format: str) -> Any:
    """A function of images `[batch, height, width, channels]`, for channels that may come first."""
    if standardize_data_format(data_format) == "channels_last":
        return compute(x)
    return tf.transpose(compute(tf.transpose(x, [0, 2, 3, 1])), [0, 3, 1, 2])


def _check_block(function: str, size: int) -> None:
    if size < 2:
        raise ValueError(explain(f"{function}: `block_size` must be at least 2.", received=f"block_size={size}"))


@operation("nn")
def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Channels laid out as blocks of pixels: `[batch, h, w, c · b²]` to `[batch, h · b, w · b, c]`."""
    _check_block("depth_to_space", block_size)
    return _moved_last(lambda images: tf.nn.depth_to_space(images, block_size), convert_to_tensor(x), data_format)


@operation("nn")
def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Blocks of pixels as channels: `[batch, h · b, w · b, c]` to `[batch, h, w, c · b²]`."""
    _check_block("space_to_depth", block_size)
    return _moved_last(lambda images: tf.nn.space_to_depth(images, block_size), convert_to_tensor(x), data_format)


def _pairs(*values: Any) -> list[tuple[int, int]]:
    return [(value, value) if isinstance(value, int) else tuple(value) for value in values]


def _places(size: int, kernel: int, dilation: int, stride: int) -> Any:
    """Where the values of all windows along one axis lie, `[windows, kernel]`."""
    windows = (size - dilation * (kernel - 1) - 1) // stride + 1
    return tf.range(windows)[:, None] * stride + tf.range(kernel)[None, :] * dilation


@operation("nn")
def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """All windows of images as columns.

    Args:
        x: `[batch, channels, height, width]`.
        kernel_size: The window, one number or two.
        dilation: The distance between its places.
        padding: How many zeros are put around the image.
        stride: How far the window moves.

    Returns:
        `[batch, channels · window, windows]`.
    """
    x = convert_to_tensor(x)
    kernel, rate, around, steps = _pairs(kernel_size, dilation, padding, stride)
    x = tf.pad(x, [[0, 0], [0, 0], [around[0]] * 2, [around[1]] * 2])
    rows, columns = (_places(int(x.shape[axis + 2]), kernel[axis], rate[axis], steps[axis]) for axis in (0, 1))
    found = tf.gather(tf.gather(x, columns, axis=3), rows, axis=2)  # batch, channels, rows, k, columns, k
    found = tf.transpose(found, [0, 1, 3, 5, 2, 4])
    windows = int(rows.shape[0]) * int(columns.shape[0])
    return tf.reshape(found, [size_of(x, 0), int(x.shape[1]) * kernel[0] * kernel[1], windows])


@operation("nn")
def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Images of the windows that `unfold` gives; where they overlap, their sum.

    Args:
        x: `[batch, channels · window, windows]`.
        output_size: Height and width, one number or two.
        kernel_size: As for `unfold`.
        dilation: As for `unfold`.
        padding: As for `unfold`.
        stride: As for `unfold`.

    Returns:
        `[batch, channels, height, width]`.
    """
    x = convert_to_tensor(x)
    if x.shape.rank != 3:
        raise ValueError(explain(
            "fold: a 3D tensor is needed, (batch, channels · window, windows).", received=f"shape {x.shape}"
        ))  # fmt: skip
    wanted, kernel, rate, around, steps = _pairs(output_size, kernel_size, dilation, padding, stride)
    height, width = (size + 2 * edge for size, edge in zip(wanted, around))
    rows, columns = (_places(size, *rest) for size, *rest in zip((height, width), kernel, rate, steps))
    channels = int(x.shape[1]) // (kernel[0] * kernel[1])
    values = tf.reshape(x, [-1, channels, *kernel, int(rows.shape[0]), int(columns.shape[0])])
    down = tf.one_hot(rows, height, dtype=x.dtype)  # windows, k, height
    across = tf.one_hot(columns, width, dtype=x.dtype)
    found = tf.einsum("bcklij,ikh,jlw->bchw", values, down, across)
    return found[:, :, around[0] : height - around[0], around[1] : width - around[1]]


# Normalisation -------------------------------------------------------------------------------------------------------


@operation("nn")
def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """`(x − mean) / √(variance + epsilon) · scale + offset`, along an axis.

    Args:
        x: Any shape.
        mean: `[n]`, n the size of the axis.
        variance: `[n]`.
        axis: The axis.
        offset: `[n]`; 0 by default.
        scale: `[n]`; 1 by default.
        epsilon: Keeps the divisor from 0.
    """
    x = as_floats(x)
    sizes = [1] * x.shape.rank
    sizes[axis] = -1

    size = x.shape[place_of(axis, x.shape.rank)]

    def part(value: Any, name: str) -> Any:
        value = cast(convert_to_tensor(value), x.dtype)
        if size is not None and value.shape not in ((size,), (None,)):
            raise ValueError(explain(
                f"batch_normalization: `{name}` must be a vector of length {size}, the size of axis {axis} of `x`.",
                received=f"shape {value.shape}, x {x.shape}",
            ))  # fmt: skip
        return tf.reshape(value, sizes)

    factor = tf.math.rsqrt(part(variance, "variance") + tf.cast(epsilon, x.dtype))
    factor = factor if scale is None else factor * part(scale, "scale")
    found = (x - part(mean, "mean")) * factor
    return found if offset is None else found + part(offset, "offset")


def _wide(x: Any) -> tuple[Any, str]:
    """A tensor in float32 at least, and the dtype that it has, which the result takes: that of integers, too."""
    x = convert_to_tensor(x)
    return cast(as_floats(x), result_type(as_floats(x).dtype, "float32")), standardize_dtype(x.dtype)


def _along(value: Any, x: Any, axes: list[int]) -> Any:
    """Parameters of the sizes of some axes, to be broadcast with all."""
    sizes = [size_of(x, axis) if axis in axes else 1 for axis in range(x.shape.rank)]
    return tf.reshape(cast(convert_to_tensor(value), x.dtype), sizes)


@operation("nn")
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None, **kwargs: Any
) -> Any:
    """Mean 0 and variance 1 along axes, then scaled by gamma and moved by beta, which have the sizes of these axes."""
    old = kwargs.pop("rms_scaling", False)
    wide, kind = _wide(x)
    axes = axes_of(axis, wide.shape.rank)
    mean, variance = tf.nn.moments(wide, axes, keepdims=True)
    epsilon = config.epsilon() if epsilon is None else epsilon
    if old:
        warnings.warn(
            "You passed `rms_scaling=True`, which is deprecated: keras.ops.rms_normalization is in its place.",
            stacklevel=3,
        )
        mean, beta = tf.zeros_like(mean), None
    found = (wide - mean) * tf.math.rsqrt(variance + tf.cast(epsilon, wide.dtype))
    if gamma is not None:
        found = found * _along(gamma, wide, axes)
    if beta is not None:
        found = found + _along(beta, wide, axes)
    return cast(found, kind)


@operation("nn")
def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Any:
    """Root mean square 1 along axes, then scaled."""
    wide, kind = _wide(x)
    axes = axes_of(axis, wide.shape.rank)
    epsilon = config.epsilon() if epsilon is None else epsilon
    squares = tf.reduce_mean(tf.square(wide), axis=axes, keepdims=True)
    found = wide * tf.math.rsqrt(squares + tf.cast(epsilon, wide.dtype))
    if scale is not None:
        found = found * _along(scale, wide, axes)
    return cast(found, kind)


# Losses --------------------------------------------------------------------------------------------------------------


@operation("nn")
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """The cross-entropy of each label 0 or 1 with a probability, or with a logit."""
    output = as_floats(output)
    target = cast(convert_to_tensor(target), output.dtype)
    crossentropy.check_same_shape(target, output, "binary_crossentropy")
    return crossentropy.elementwise_binary(target, output, from_logits)


@operation("nn")
def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """The cross-entropy of one-hot labels with probabilities (or logits) along an axis."""
    return crossentropy.categorical_crossentropy(target, as_floats(output), from_logits, 0.0, axis)


@operation("nn")
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """The cross-entropy of class numbers with probabilities (or logits) along an axis."""
    return crossentropy.sparse_categorical_crossentropy(target, as_floats(output), from_logits, axis=axis)


def _at_least_32_bits(x: Any) -> Any:
    return tf.cast(x, "float32") if x.dtype.size < 4 else x


@operation("nn")
def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Any:
    """The loss of sequences of labels that are shorter than the sequences of logits.

    Args:
        target: `[batch, labels]`, integers.
        output: `[batch, time, classes]`, logits.
        target_length: `[batch]`.
        output_length: `[batch]`.
        mask_index: The class that means no label.

    Returns:
        `[batch]`.

    Source: Graves et al. 2006.
    """
    output = _at_least_32_bits(as_floats(output))
    lengths = [tf.cast(convert_to_tensor(one), "int32") for one in (target_length, output_length)]
    target = tf.cast(convert_to_tensor(target), "int32")
    return op("ctc_loss", tf.transpose(output, [1, 0, 2]), target, *lengths, blank_index=mask_index)


@operation("nn")
def ctc_decode(
    inputs: Any, sequence_lengths: Any, strategy: str = "greedy", beam_width: int = 100, top_paths: int = 1,
    merge_repeated: bool = True, mask_index: int = 0,
) -> Any:  # fmt: skip
    """The likeliest sequences of labels.

    Args:
        inputs: `[batch, time, classes]`, logits.
        sequence_lengths: `[batch]`.
        strategy: "greedy" or "beam_search".
        beam_width: How many sequences the search keeps.
        top_paths: How many it gives.
        merge_repeated: Whether "greedy" counts a repeated label once.
        mask_index: The class that means no label.

    Returns:
        The labels `[paths, batch, time]`, -1 behind their ends, and scores `[batch, paths]`.
    """
    inputs = _at_least_32_bits(as_floats(inputs))
    steps = tf.transpose(inputs, [1, 0, 2])
    lengths = tf.cast(convert_to_tensor(sequence_lengths), "int32")
    if strategy == "greedy":
        labels, count, scores = op(
            "ctc_greedy_decoder", steps, lengths, blank_index=mask_index, merge_repeated=merge_repeated
        )
        labels, count = labels[None], count[None]
    elif strategy == "beam_search":
        labels, count, scores = op("ctc_beam_search_decoder", steps, lengths, blank_index=mask_index,
                                   beam_width=beam_width, top_paths=top_paths)  # fmt: skip
    else:
        raise ValueError(explain(
            f"ctc_decode: Invalid strategy {strategy!r}.", expected="'greedy' or 'beam_search'"
        ))  # fmt: skip
    return tf.cast(labels, "int32"), scores


@operation("nn")
def psnr(x1: Any, x2: Any, max_val: float) -> Any:
    """The ratio of the greatest possible value to the error, in decibels."""
    x1, x2 = alike(x1, x2, rule="float", weak=False)
    error = tf.reduce_mean(tf.square(x1 - x2))
    return 20 * op("log10", tf.cast(max_val, x1.dtype)) - 10 * op("log10", error)


# Attention -----------------------------------------------------------------------------------------------------------


@operation("nn")
def dot_product_attention(
    query: Any, key: Any, value: Any, bias: Any = None, mask: Any = None, scale: float | None = None,
    is_causal: bool = False, flash_attention: bool | None = None, attn_logits_soft_cap: float | None = None,
) -> Any:  # fmt: skip
    """Values mixed by how well keys match queries.

    Args:
        query: `[batch, targets, heads, size]`.
        key: `[batch, sources, heads, size]`; with fewer heads, several queries' heads share one.
        value: `[batch, sources, heads, size]`.
        bias: Added to the logits, `[batch, heads, targets, sources]` or what broadcasts to it.
        mask: Where to look, of the same shape.
        scale: What the logits are multiplied by; 1 / √size by default.
        is_causal: Whether a target looks at itself and at what is before it alone.
        flash_attention: None or False: the logits are written out.
        attn_logits_soft_cap: None: logits have no bound.

    Returns:
        `[batch, targets, heads, size]`.
    """
    if flash_attention or attn_logits_soft_cap is not None:
        raise ValueError(explain(
            "dot_product_attention: flash_attention and attn_logits_soft_cap are for other hardware.",
            hint="leave them out",
        ))  # fmt: skip
    query, key, value = (convert_to_tensor(one) for one in (query, key, value))
    if any(one.shape.rank != 4 for one in (query, key, value)):
        raise ValueError(explain(
            "dot_product_attention: four axes are needed, (batch, sequence, heads, size).",
            received=f"query {query.shape}, key {key.shape}, value {value.shape}",
        ))  # fmt: skip
    common = result_type(*(dtype_of(one) for one in (query, key, value)))
    query, key, value = (cast(one, common) for one in (query, key, value))
    groups = int(query.shape[2]) // int(key.shape[2])
    if groups > 1:
        key, value = tf.repeat(key, groups, axis=2), tf.repeat(value, groups, axis=2)
    wide = result_type(common, "float32")
    logits = tf.cast(tf.einsum("btnh,bsnh->bnts", query, key), wide)
    logits = logits * tf.cast(1.0 / math.sqrt(int(key.shape[-1])) if scale is None else scale, wide)
    if bias is not None:
        logits = logits + cast(convert_to_tensor(bias), wide)
    seen = None if mask is None else tf.cast(convert_to_tensor(mask), "bool")
    if is_causal:
        before = tf.range(size_of(query, 1))[:, None] >= tf.range(size_of(key, 1))[None, :]
        seen = before if seen is None else tf.logical_and(seen, before)
    if seen is not None:
        logits = tf.where(seen, logits, tf.cast(-0.7 * tf.as_dtype(wide).max, wide))
    weights = tf.cast(tf.nn.softmax(logits, axis=-1), common)
    return tf.einsum("bnts,bsnh->btnh", weights, value)
