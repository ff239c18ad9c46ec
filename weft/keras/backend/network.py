"""The functions of Keras 2's backend that networks are made of: convolutions, pooling, recurrence, CTC, updates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain, op, scan
from weft.keras import config, ops
from weft.keras.core.conversion import convert_to_tensor
from weft.keras.core.variable import Variable
from weft.keras.random.draws import uniform


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """A tensor plus a vector along its channels; a bias of more axes has all but the batch."""
    bias = convert_to_tensor(bias)
    first = config.standardize_data_format(data_format) == "channels_first"
    rank = x.shape.rank
    if bias.shape.rank not in (1, rank - 1):
        raise ValueError(explain("bias_add: the bias does not fit.", received=f"{bias.shape} for {x.shape}"))
    if bias.shape.rank == 1:
        shape = [1, -1] + [1] * (rank - 2) if first and rank > 2 else [1] * (rank - 1) + [-1]
        return x + tf.reshape(bias, shape)
    if first:
        bias = tf.transpose(bias, [rank - 2, *range(rank - 2)])
    return x + bias[None]


def cast_to_floatx(x: Any) -> Any:
    """The values in the default float dtype."""
    if isinstance(x, (tf.Tensor, tf.Variable, tf.SparseTensor)) or hasattr(x, "_keras_history"):
        return tf.cast(x, config.floatx())
    return np.asarray(x, dtype=config.floatx())


def _conv(x: Any, kernel: Any, strides: Any, padding: str, data_format: Any, dilation_rate: Any) -> Any:
    if padding == "causal":
        reach = int(kernel.shape[0] - 1) * (dilation_rate if isinstance(dilation_rate, int) else dilation_rate[0])
        x, padding = tf.pad(x, [[0, 0], [reach, 0], [0, 0]]), "valid"
    return ops.conv(x, kernel, strides, padding, data_format, dilation_rate)


def conv1d(x: Any, kernel: Any, strides: int = 1, padding: str = "valid", data_format: Any = None,
           dilation_rate: int = 1) -> Any:  # fmt: skip
    """A convolution along one axis, perhaps "causal"."""
    return _conv(x, kernel, strides, padding, data_format, dilation_rate)


def conv2d(x: Any, kernel: Any, strides: Any = (1, 1), padding: str = "valid", data_format: Any = None,
           dilation_rate: Any = (1, 1)) -> Any:  # fmt: skip
    """A convolution over images."""
    return _conv(x, kernel, strides, padding, data_format, dilation_rate)


def conv3d(x: Any, kernel: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: Any = None,
           dilation_rate: Any = (1, 1, 1)) -> Any:  # fmt: skip
    """A convolution over volumes."""
    return _conv(x, kernel, strides, padding, data_format, dilation_rate)


def conv2d_transpose(x: Any, kernel: Any, output_shape: Any, strides: Any = (1, 1), padding: str = "valid",
                     data_format: Any = None, dilation_rate: Any = (1, 1)) -> Any:  # fmt: skip
    """The transpose of a convolution over images, with a given shape of the result."""
    letters = "NHWC" if config.standardize_data_format(data_format) == "channels_last" else "NCHW"
    shape = list(output_shape)
    if shape[0] is None:
        shape[0] = tf.shape(x)[0]
    return tf.nn.conv_transpose(x, kernel, shape, strides=list(strides), padding=padding.upper(), data_format=letters,
                                dilations=list(dilation_rate))  # fmt: skip


def depthwise_conv2d(x: Any, depthwise_kernel: Any, strides: Any = (1, 1), padding: str = "valid",
                     data_format: Any = None, dilation_rate: Any = (1, 1)) -> Any:  # fmt: skip
    """A convolution of each channel of images by itself."""
    return ops.depthwise_conv(x, depthwise_kernel, strides, padding, data_format, dilation_rate)


def separable_conv2d(x: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Any = (1, 1),
                     padding: str = "valid", data_format: Any = None, dilation_rate: Any = (1, 1)) -> Any:  # fmt: skip
    """A convolution of each channel of images by itself, and a mixture of the channels."""
    return ops.separable_conv(x, depthwise_kernel, pointwise_kernel, strides, padding, data_format, dilation_rate)


def _pool(x: Any, size: Any, strides: Any, padding: str, data_format: Any, mode: str) -> Any:
    if mode not in ("max", "avg"):
        raise ValueError(explain(f"pool: `pool_mode` is {mode!r}.", expected="'max' or 'avg'"))
    return (ops.max_pool if mode == "max" else ops.average_pool)(x, size, strides, padding, data_format)


def pool2d(x: Any, pool_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: Any = None,
           pool_mode: str = "max") -> Any:  # fmt: skip
    """The greatest values, or the means, of windows of images."""
    return _pool(x, pool_size, strides, padding, data_format, pool_mode)


def pool3d(x: Any, pool_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: Any = None,
           pool_mode: str = "max") -> Any:  # fmt: skip
    """The greatest values, or the means, of windows of volumes."""
    return _pool(x, pool_size, strides, padding, data_format, pool_mode)


def local_conv1d(inputs: Any, kernel: Any, kernel_size: Any, strides: Any, data_format: Any = None) -> Any:
    """A convolution along one axis with a kernel of its own at each place.

    Args:
        inputs: `[batch, time, channels]`.
        kernel: `[places, window · channels, filters]`.
        kernel_size: The window, one number in a tuple.
        strides: How far it moves, one number in a tuple.
        data_format: "channels_last" or "channels_first".
    """
    first = config.standardize_data_format(data_format) == "channels_first"
    x = tf.transpose(inputs, [0, 2, 1]) if first else inputs
    places = int(kernel.shape[0])
    index = tf.range(places)[:, None] * int(strides[0]) + tf.range(int(kernel_size[0]))[None, :]
    frames = tf.reshape(tf.gather(x, index, axis=1), [-1, places, int(kernel.shape[1])])
    found = tf.einsum("bpk,pkf->bpf", frames, kernel)
    return tf.transpose(found, [0, 2, 1]) if first else found


def temporal_padding(x: Any, padding: Any = (1, 1)) -> Any:
    """Zeros before and after the second axis."""
    return tf.pad(x, [[0, 0], list(padding), [0, 0]])


def asymmetric_temporal_padding(x: Any, left_pad: int = 1, right_pad: int = 1) -> Any:
    """Keras 1's `temporal_padding`, with two numbers."""
    return temporal_padding(x, (left_pad, right_pad))


def spatial_2d_padding(x: Any, padding: Any = ((1, 1), (1, 1)), data_format: Any = None) -> Any:
    """Zeros around images."""
    pairs = [list(pair) for pair in padding]
    first = config.standardize_data_format(data_format) == "channels_first"
    return tf.pad(x, [[0, 0], [0, 0], *pairs] if first else [[0, 0], *pairs, [0, 0]])


def resize_images(x: Any, height_factor: int, width_factor: int, data_format: Any = None,
                  interpolation: str = "nearest") -> Any:  # fmt: skip
    """Images so many times as high and wide."""
    first = config.standardize_data_format(data_format) == "channels_first"
    height, width = (x.shape[2], x.shape[3]) if first else (x.shape[1], x.shape[2])
    size = (int(height) * height_factor, int(width) * width_factor)
    return ops.image.resize(x, size, interpolation, data_format=config.standardize_data_format(data_format))


def spatial_3d_padding(x: Any, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: Any = None) -> Any:
    """Zeros around volumes."""
    pairs = [list(pair) for pair in padding]
    first = config.standardize_data_format(data_format) == "channels_first"
    return tf.pad(x, [[0, 0], [0, 0], *pairs] if first else [[0, 0], *pairs, [0, 0]])


def resize_volumes(x: Any, depth_factor: int, height_factor: int, width_factor: int, data_format: str) -> Any:
    """Volumes so many times as deep, high and wide: each value is repeated."""
    begin = 2 if config.standardize_data_format(data_format) == "channels_first" else 1
    for axis, factor in enumerate((depth_factor, height_factor, width_factor), begin):
        x = tf.repeat(x, factor, axis=axis)
    return x


def count_params(x: Any) -> int:
    """How many numbers a variable or tensor has."""
    return math.prod(int(size) for size in x.shape)


def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """Whether the class of each row is among the k with the greatest predictions."""
    return tf.math.in_top_k(targets, predictions, k)


def is_sparse(tensor: Any) -> bool:
    """Whether a tensor is a `tf.SparseTensor`."""
    return isinstance(tensor, tf.SparseTensor)


def to_dense(tensor: Any) -> Any:
    """A sparse tensor as a dense one; others as they are."""
    return tf.sparse.to_dense(tensor) if is_sparse(tensor) else tensor


def random_normal_variable(
    shape: Any, mean: float, scale: float, dtype: Any = None, name: str | None = None, seed: Any = None
) -> Any:
    """A variable of normally distributed numbers."""
    drawn = tf.random.normal(shape, mean, scale, dtype=dtype or config.floatx(), seed=seed)
    return Variable(drawn, dtype=dtype, name=name)


def random_uniform_variable(
    shape: Any, low: float, high: float, dtype: Any = None, name: str | None = None, seed: Any = None
) -> Any:
    """A variable of numbers that are equally likely everywhere between two bounds."""
    drawn = tf.random.uniform(shape, low, high, dtype=dtype or config.floatx(), seed=seed)
    return Variable(drawn, dtype=dtype, name=name)


def binary_focal_crossentropy(
    target: Any, output: Any, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0,
    from_logits: bool = False,
) -> Any:  # fmt: skip
    """Binary crossentropy, entry by entry, less for what is predicted well.

    Source: Lin et al. 2018.
    """
    likely = tf.sigmoid(output) if from_logits else tf.convert_to_tensor(output)
    target = tf.cast(target, likely.dtype)
    right = target * likely + (1.0 - target) * (1.0 - likely)
    found = (1.0 - right) ** gamma * ops.binary_crossentropy(target, output, from_logits=from_logits)
    return (target * alpha + (1.0 - target) * (1.0 - alpha)) * found if apply_class_balancing else found


def categorical_focal_crossentropy(
    target: Any, output: Any, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, axis: int = -1
) -> Any:
    """Categorical crossentropy, less for what is predicted well.

    Source: Lin et al. 2018.
    """
    likely = tf.nn.softmax(output, axis=axis) if from_logits else tf.convert_to_tensor(output)
    likely = likely / tf.reduce_sum(likely, axis=axis, keepdims=True)
    likely = tf.clip_by_value(likely, config.epsilon(), 1.0 - config.epsilon())
    parts = alpha * (1.0 - likely) ** gamma * -tf.cast(target, likely.dtype) * tf.math.log(likely)
    return tf.reduce_sum(parts, axis=axis)


def map_fn(fn: Callable[..., Any], elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """What a function gives for each row."""
    return ops.map(fn, elems)


def foldl(fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """A function of what was gathered and a row, from the first row to the last."""
    return tf.foldl(fn, elems, initializer)


def foldr(fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """A function of what was gathered and a row, from the last row to the first."""
    return tf.foldr(fn, elems, initializer)


def random_bernoulli(shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None) -> Any:
    """1 with probability p, else 0."""
    draw = tf.random.uniform if isinstance(seed, int) else uniform
    return tf.cast(draw(shape, dtype="float32", seed=seed) <= p, dtype or config.floatx())


random_binomial = random_bernoulli


def slice(x: Any, start: Any, size: Any) -> Any:
    """The part that begins at `start` and has sizes `size`."""
    return tf.slice(x, start, size)


def update(x: Any, new_x: Any) -> Any:
    """Gives a variable a value."""
    return x.assign(tf.cast(new_x, x.dtype))


def update_add(x: Any, increment: Any) -> Any:
    """Adds to a variable."""
    return x.assign_add(tf.cast(increment, x.dtype))


def update_sub(x: Any, decrement: Any) -> Any:
    """Subtracts from a variable."""
    return x.assign_sub(tf.cast(decrement, x.dtype))


def moving_average_update(x: Any, value: Any, momentum: float) -> Any:
    """A variable drawn towards a value."""
    return x.assign(x * momentum + tf.cast(value, x.dtype) * (1 - momentum))


def pattern_broadcast(x: Any, pattern: Any) -> Any:
    """The tensor: which axes may be broadcast follows from its shape."""
    return x


def batch_normalization(x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1,
                        epsilon: float = 1e-3) -> Any:  # fmt: skip
    """`(x − mean) / √(var + epsilon) · gamma + beta`."""
    flat = [None if one is None else tf.reshape(one, [-1]) for one in (mean, var, beta, gamma)]
    return ops.batch_normalization(x, flat[0], flat[1], axis, offset=flat[2], scale=flat[3], epsilon=epsilon)


# Sequences -----------------------------------------------------------------------------------------------------------


def rnn(
    step_function: Callable[..., Any], inputs: Any, initial_states: Any, go_backwards: bool = False, mask: Any = None,
    constants: Any = None, unroll: bool = False, input_length: Any = None,
) -> tuple[Any, Any, tuple[Any, ...]]:  # fmt: skip
    """A function along the time axis.

    Args:
        step_function: `(row, states) -> (output, states)`.
        inputs: `[batch, time, ...]`.
        initial_states: The first states, a list.
        go_backwards: Whether to begin at the end; results stand in the order in which they are made.
        mask: `[batch, time]`: where False, output and states stay what they are.
        constants: Further values that every step is given behind the states.
        unroll: Changes nothing.
        input_length: Changes nothing.

    Returns:
        The last output, all outputs `[batch, time, ...]`, the last states.
    """
    rows = tf.transpose(inputs, [1, 0, *range(2, inputs.shape.rank)])
    seen = None if mask is None else tf.transpose(tf.cast(mask, "bool")[..., 0] if mask.shape.rank == 3 else mask)
    if go_backwards:
        rows = tf.reverse(rows, [0])
        seen = None if seen is None else tf.reverse(seen, [0])
    more = list(constants or ())
    first, _ = step_function(rows[0], [*initial_states, *more])

    def kept(new: Any, old: Any, there: Any) -> Any:
        return tf.where(tf.reshape(there, [-1] + [1] * (new.shape.rank - 1)), new, old)

    def step(carry: Any, row: Any) -> Any:
        states, before = carry
        value, there = row
        output, new = step_function(value, [*states, *more])
        if seen is not None:
            output = kept(output, before, there)
            new = [kept(one, old, there) for one, old in zip(new, states)]
        return (list(new), output), output

    flags = tf.ones(tf.shape(rows)[:2], "bool") if seen is None else tf.cast(seen, "bool")
    (states, last), outputs = scan(step, (list(initial_states), tf.zeros_like(first)), (rows, flags))
    return last, tf.transpose(outputs, [1, 0, *range(2, outputs.shape.rank)]), tuple(states)


def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> Any:
    """Labels `[batch, n]` as a sparse tensor, without what lies behind their ends."""
    inside = tf.range(tf.shape(labels)[1])[None, :] < tf.cast(label_lengths, "int32")[:, None]
    places = tf.where(inside)
    return tf.SparseTensor(places, tf.gather_nd(labels, places), tf.cast(tf.shape(labels), "int64"))


def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Any:
    """The CTC loss of each row.

    Args:
        y_true: `[batch, labels]`, class numbers.
        y_pred: `[batch, time, classes]`, probabilities; the last class means no label.
        input_length: `[batch, 1]`, how many steps count.
        label_length: `[batch, 1]`, how many labels count.

    Returns:
        `[batch, 1]`.
    """
    logits = tf.math.log(tf.transpose(y_pred, [1, 0, 2]) + config.epsilon())
    lengths = [tf.cast(tf.reshape(one, [-1]), "int32") for one in (label_length, input_length)]
    last = int(y_pred.shape[-1]) - 1
    return op("ctc_loss", logits, tf.cast(y_true, "int32"), *lengths, blank_index=last)[:, None]


def ctc_decode(y_pred: Any, input_length: Any, greedy: bool = True, beam_width: int = 100,
               top_paths: int = 1) -> tuple[list[Any], Any]:  # fmt: skip
    """The likeliest sequences of labels.

    Args:
        y_pred: `[batch, time, classes]`, probabilities; the last class means no label.
        input_length: `[batch]`, how many steps count.
        greedy: Whether the best class of each step is taken; else a search over sequences.
        beam_width: How many sequences the search keeps.
        top_paths: How many it gives.

    Returns:
        A list of labels `[batch, time]`, filled up with -1, and the logarithms of their probabilities `[batch, paths]`.
    """
    logits = tf.math.log(tf.transpose(y_pred, [1, 0, 2]) + config.epsilon())
    lengths = tf.cast(tf.reshape(input_length, [-1]), "int32")
    last = int(y_pred.shape[-1]) - 1
    if greedy:
        labels, count, scores = op("ctc_greedy_decoder", logits, lengths, blank_index=last, merge_repeated=True)
        labels, count = labels[None], count[None]
    else:
        labels, count, scores = op("ctc_beam_search_decoder", logits, lengths, blank_index=last,
                                   beam_width=beam_width, top_paths=top_paths)  # fmt: skip
    steps = tf.shape(y_pred)[1]
    found = []
    for one, size in zip(tf.unstack(labels), tf.unstack(count)):
        one = one[:, : tf.reduce_max(size)]
        found.append(tf.pad(one, [[0, 0], [0, steps - tf.shape(one)[1]]], constant_values=-1))
    return found, scores
