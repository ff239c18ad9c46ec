"""`tf.nn`: activations, convolutions, pooling, normalisation, losses of networks."""

from __future__ import annotations

from typing import Any, NamedTuple

from weft.api import math, random
from weft.api.approximate_top_k import approx_max_k, approx_min_k  # noqa: F401
from weft.api.array import concat, gather, reshape, where
from weft.api.array import space_to_batch as space_to_batch
from weft.api.common import apply, axes_of, cast_to, integer
from weft.api.common import keeps_all as _keeps_all
from weft.api.convolution_variants import (  # noqa: F401
    atrous_conv2d,
    atrous_conv2d_transpose,
    depthwise_conv2d_backprop_filter,
    depthwise_conv2d_backprop_input,
)
from weft.api.ctc import (  # noqa: F401
    collapse_repeated,
    ctc_beam_search_decoder,
    ctc_greedy_decoder,
    ctc_loss,
    ctc_unique_labels,
)
from weft.api.dropouts import experimental  # noqa: F401
from weft.api.fractional_pools import fractional_avg_pool, fractional_max_pool  # noqa: F401
from weft.api.isotonic import isotonic_regression  # noqa: F401
from weft.api.loss_shares import compute_average_loss, scale_regularization_loss  # noqa: F401
from weft.api.math import (  # noqa: F401  (public here too)
    erf,
    in_top_k,
    l2_normalize,
    log_sigmoid,
    log_softmax,
    sigmoid,
    softmax,
    softplus,
    tanh,
    top_k,
    zero_fraction,
)
from weft.api.moments import (  # noqa: F401
    batch_norm_with_global_normalization,
    normalize_moments,
    sufficient_statistics,
    weighted_moments,
)
from weft.api.sampling import (  # noqa: F401
    all_candidate_sampler,
    compute_accidental_hits,
    fixed_unigram_candidate_sampler,
    learned_unigram_candidate_sampler,
    nce_loss,
    sampled_softmax_loss,
)
from weft.api.sparse_lookup import embedding_lookup_sparse, safe_embedding_lookup_sparse  # noqa: F401
from weft.base import dtypes
from weft.base.errors import DTypeError, InvalidArgumentError, explain
from weft.runtime import context, frontdoor


def _activation(op: str) -> Any:
    def function(features: Any, name: str | None = None) -> Any:
        return apply(op, features, name=name)

    function.__name__ = function.__qualname__ = op
    function.__doc__ = f"The activation {op}, element by element."
    return function


relu, relu6, selu, softsign = (_activation(n) for n in ("relu", "relu6", "selu", "softsign"))


def elu(features: Any, name: str | None = None) -> Any:
    """x where it is positive, else exp(x) - 1."""
    return apply("elu", features, name=name)


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    """x where it is positive, else alpha x."""
    x = frontdoor.convert(features)
    return apply("leaky_relu", cast_to(x, dtypes.float32) if x.dtype.is_integer else x, alpha=float(alpha), name=name)


def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Any:
    """x times the normal distribution's share below x (Hendrycks and Gimpel 2016)."""
    return apply("gelu", features, approximate=approximate, name=name)


def silu(features: Any, beta: float = 1.0) -> Any:
    """x sigmoid(beta x)."""
    x = frontdoor.convert(features)
    if beta != 1.0:
        return x * sigmoid(x * beta)
    return x * sigmoid(x) if x.dtype.is_complex else apply("silu", x)


swish = silu


def crelu(features: Any, axis: int = -1, name: str | None = None) -> Any:
    """relu(x) and relu(-x), joined along an axis."""
    x = frontdoor.convert(features)
    return apply("concat", relu(x), relu(-x), axis=axis)


def l2_loss(t: Any, name: str | None = None) -> Any:
    """Half the sum of squares."""
    return math.reduce_sum(math.square(t)) * 0.5


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Any:
    """Adds a vector along the channels."""
    x = frontdoor.convert(value)
    b = frontdoor.convert(bias, hint=x.dtype)
    if x.shape.rank is not None and x.shape.rank < 2:
        raise InvalidArgumentError(explain("bias_add: the value needs a batch and channels.", received=str(x.type),
                                           expected="rank 2 or more", hint="add the two with +"))  # fmt: skip
    if _channels_first(data_format):
        b = reshape(b, [-1] + [1] * (x.shape.rank - 2))
    return math.add(x, b)


def _channels_first(data_format: str | None) -> bool:
    return bool(data_format) and (data_format.upper().startswith("NC") or data_format == "channels_first")  # type: ignore[union-attr]


def _format(data_format: str | None) -> str:
    return "channels_first" if _channels_first(data_format) else "channels_last"


def _spatial(value: Any, rank: int, what: str, first: bool) -> tuple[int, ...]:
    """A number an axis of the image, out of one number, one an axis, or one for batch and channels too."""
    if isinstance(value, int):
        return (value,) * rank
    values = [integer(v, what) for v in value]
    if len(values) == 1:
        return tuple(values * rank)
    if len(values) == rank:
        return tuple(values)
    if len(values) == rank + 2:
        outside = (values[0], values[1]) if first else (values[0], values[-1])
        if outside != (1, 1):
            raise InvalidArgumentError(explain(f"`{what}` must be 1 for batch and channels, received {values}."))
        return tuple(values[2:] if first else values[1:-1])
    raise ValueError(f"`{what}` must be a number or {rank} of them, received {value!r}.")


def _padding(padding: Any, rank: int, first: bool) -> Any:
    if isinstance(padding, str):
        if padding.upper() not in ("SAME", "VALID"):
            raise InvalidArgumentError(f"Unknown padding {padding!r}; it is 'SAME', 'VALID' or pairs of numbers.")
        return padding.upper()
    pairs = [tuple(integer(n, "padding") for n in pair) for pair in padding]
    if len(pairs) == rank + 2:
        pairs = pairs[2:] if first else pairs[1:-1]
    return tuple(pairs)


def _require_room(op: str, x: Any, window: Any, padding: Any, dilations: Any, first: bool) -> None:
    """Refuses, while a graph is built, images that are known to be smaller than the window: nothing would come out.

    Raises:
        InvalidArgumentError: For those; at once, an empty result is given, as in TensorFlow.
    """
    if padding != "VALID" or context.executing_eagerly() or x.shape.rank is None:
        return
    for axis, (count, apart) in enumerate(zip(window, dilations, strict=True), 2 if first else 1):
        size = x.shape[axis] if axis < x.shape.rank else None
        reach = (count - 1) * apart + 1 if isinstance(count, int) else 0
        if isinstance(size, int) and size < reach:
            raise InvalidArgumentError(explain(
                f"{op}: Negative dimension size caused by subtracting {reach} from {size}: the window does not fit "
                f"into axis {axis}.", received=f"shape {x.shape}", expected=f"a size of at least {reach}",
                hint="use padding 'SAME', a smaller window, or larger images",
            ))  # fmt: skip


def convolution(input: Any, filters: Any, strides: Any = None, padding: Any = "VALID", data_format: str | None = None,
                dilations: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """Convolution over one, two or three axes, as the kernel's rank says.

    Args:
        input: `[batch, *image, channels]`, channels second where `data_format` starts with NC.
        filters: `[*window, channels / groups, out_channels]`.
        strides: Steps between windows.
        padding: 'SAME', 'VALID' or pairs.
        data_format: Such as 'NHWC'.
        dilations: Steps within a window.
        name: The node's name.

    Returns:
        `[batch, *image, out_channels]`.
    """
    x, kernel = frontdoor.together(input, filters, "convolution")
    rank = kernel.shape.rank - 2
    first = _channels_first(data_format)
    channels = x.shape[1 if first else -1]
    inner = kernel.shape[-2]
    groups = channels // inner if isinstance(channels, int) and isinstance(inner, int) and inner else 1
    if isinstance(channels, int) and isinstance(inner, int) and (groups < 1 or channels % inner):
        raise InvalidArgumentError(
            explain(f"convolution: the input has {channels} channels, the kernel takes {inner}.",
                    received=[f"input: {x.shape}", f"filters: {kernel.shape}"],
                    hint="the kernel's last but one size must be the input's number of channels")  # fmt: skip
        )
    border, apart = _padding(padding, rank, first), _spatial(dilations or 1, rank, "dilations", first)
    _require_room("convolution", x, kernel.shape[:-2], border, apart, first)
    steps = _spatial(1 if strides is None else strides, rank, "strides", first)
    return apply("conv", x, kernel, strides=steps, padding=border, dilations=apart, groups=groups,
                 data_format=_format(data_format), name=name)  # fmt: skip


def conv1d(input: Any, filters: Any, stride: Any = 1, padding: Any = "VALID", data_format: str = "NWC",
           dilations: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """Convolution over one axis: `[batch, width, channels]` with `[window, channels, out_channels]`."""
    return convolution(input, filters, stride, padding, data_format, dilations, name)


def conv2d(input: Any, filters: Any, strides: Any, padding: Any, data_format: str = "NHWC", dilations: Any = None,
           name: str | None = None) -> Any:  # fmt: skip
    """Convolution over two axes: `[batch, height, width, channels]` with `[h, w, channels, out_channels]`."""
    return convolution(input, filters, strides, padding, data_format, dilations, name)


def conv3d(input: Any, filters: Any, strides: Any, padding: Any, data_format: str = "NDHWC", dilations: Any = None,
           name: str | None = None) -> Any:  # fmt: skip
    """Convolution over three axes."""
    return convolution(input, filters, strides, padding, data_format, dilations, name)


def depthwise_conv2d(input: Any, filter: Any, strides: Any, padding: Any, data_format: str | None = None,
                     dilations: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """Every channel convolved with kernels of its own: filter `[h, w, channels, multiplier]`."""
    x, kernel = frontdoor.together(input, filter, "depthwise_conv2d")
    rank, first = kernel.shape.rank - 2, _channels_first(data_format)
    return apply("depthwise_conv", x, kernel, strides=_spatial(strides, rank, "strides", first),
                 padding=_padding(padding, rank, first), dilations=_spatial(dilations or 1, rank, "dilations", first),
                 data_format=_format(data_format), name=name)  # fmt: skip


def separable_conv2d(input: Any, depthwise_filter: Any, pointwise_filter: Any, strides: Any, padding: Any,
                     data_format: str | None = None, dilations: Any = None,
                     name: str | None = None) -> Any:  # fmt: skip
    """A depthwise convolution followed by one with a 1×1 window."""
    between = depthwise_conv2d(input, depthwise_filter, strides, padding, data_format, dilations)
    return convolution(between, pointwise_filter, 1, "VALID", data_format, None, name)


def conv_transpose(input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME",
                   data_format: str | None = None, dilations: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """The gradient of a convolution as an operation: filters `[*window, out_channels, channels]`."""
    from weft.runtime import sizes

    x, kernel = frontdoor.together(input, filters, "conv_transpose")
    rank, first = kernel.shape.rank - 2, _channels_first(data_format)
    target = sizes.shape_argument(output_shape)
    if not sizes.is_static(target):
        raise NotImplementedError("conv_transpose needs an output_shape whose sizes follow from shapes.")
    if len(target) == rank:
        batch, channels = x.shape.symbolic[0], kernel.shape.symbolic[-2]
        target = (batch, channels, *target) if first else (batch, *target, channels)
    return apply("conv_input_gradient", x, kernel, input_shape=tuple(target),
                 strides=_spatial(strides, rank, "strides", first), padding=_padding(padding, rank, first),
                 dilations=_spatial(dilations or 1, rank, "dilations", first), data_format=_format(data_format),
                 name=name)  # fmt: skip


conv1d_transpose = conv2d_transpose = conv3d_transpose = conv_transpose


def _pool(op: str, input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None, rank: int | None,
          name: str | None, dilations: Any = 1) -> Any:  # fmt: skip
    x = frontdoor.convert(input)
    spatial = rank if rank is not None else x.shape.rank - 2
    if x.shape.rank not in (None, spatial + 2):
        raise InvalidArgumentError(explain(
            f"{op}{spatial}d: its input has shape {x.shape}, of rank {x.shape.rank}.", expected=f"rank {spatial + 2}",
            hint="tf.expand_dims(x, 0) makes a batch of one, tf.expand_dims(x, -1) adds a channel axis",
        ))  # fmt: skip
    first = _channels_first(data_format)
    window, border = _spatial(ksize, spatial, "ksize", first), _padding(padding, spatial, first)
    apart = _spatial(dilations or 1, spatial, "dilations", first)
    _require_room(op, x, window, border, apart, first)
    return apply(op, x, window=window, padding=border, dilations=apart,
                 strides=_spatial(strides if strides is not None else 1, spatial, "strides", first),
                 data_format=_format(data_format), name=name)  # fmt: skip


def max_pool(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None,
             name: str | None = None) -> Any:  # fmt: skip
    """The greatest value of each window."""
    return _pool("max_pool", input, ksize, strides, padding, data_format, None, name)


def avg_pool(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None,
             name: str | None = None) -> Any:  # fmt: skip
    """The mean of each window; padding does not count."""
    return _pool("avg_pool", input, ksize, strides, padding, data_format, None, name)


def max_pool1d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NWC",
               name: str | None = None) -> Any:  # fmt: skip
    """The greatest value of each window of `[batch, steps, channels]`."""
    return _pool("max_pool", input, ksize, strides, padding, data_format, 1, name)


def max_pool2d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC",
               name: str | None = None) -> Any:  # fmt: skip
    """The greatest value of each window of images `[batch, height, width, channels]`.

    An image that is smaller than the window by less than two strides gives an empty result, as in TensorFlow.

    Raises:
        InvalidArgumentError: For an input of another rank, or one that is smaller still.

    Example:
        >>> import weft as tf
        >>> tf.nn.max_pool2d(tf.ones([1, 4, 6, 1]), 2, 2, "VALID").shape
        TensorShape([1, 2, 3, 1])
    """
    return _pool("max_pool", input, ksize, strides, padding, data_format, 2, name)


def max_pool3d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC",
               name: str | None = None) -> Any:  # fmt: skip
    """The greatest value of each window of `[batch, depth, height, width, channels]`."""
    return _pool("max_pool", input, ksize, strides, padding, data_format, 3, name)


def avg_pool1d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NWC",
               name: str | None = None) -> Any:  # fmt: skip
    """The mean of each window of `[batch, steps, channels]`; padding does not count."""
    return _pool("avg_pool", input, ksize, strides, padding, data_format, 1, name)


def avg_pool2d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC",
               name: str | None = None) -> Any:  # fmt: skip
    """The mean of each window of images `[batch, height, width, channels]`; padding does not count."""
    return _pool("avg_pool", input, ksize, strides, padding, data_format, 2, name)


def avg_pool3d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC",
               name: str | None = None) -> Any:  # fmt: skip
    """The mean of each window of `[batch, depth, height, width, channels]`; padding does not count."""
    return _pool("avg_pool", input, ksize, strides, padding, data_format, 3, name)


class MaxPoolWithArgmax(NamedTuple):
    """The result of `max_pool_with_argmax`."""

    output: Any
    argmax: Any


def max_pool_with_argmax(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC",
                         output_dtype: Any = dtypes.int64, include_batch_in_index: bool = False,
                         name: str | None = None) -> MaxPoolWithArgmax:  # fmt: skip
    """The greatest value of each window, and its flat index in the image or the batch: fields `output`, `argmax`."""
    x = frontdoor.convert(input)
    first = _channels_first(data_format)
    return MaxPoolWithArgmax(*apply(
        "max_pool_with_argmax", x, window=_spatial(ksize, 2, "ksize", first), padding=_padding(padding, 2, first),
        strides=_spatial(strides, 2, "strides", first), dilations=(1, 1), data_format=_format(data_format),
        include_batch_in_index=include_batch_in_index, dtype=dtypes.as_dtype(output_dtype), name=name,
    ))  # fmt: skip


def dilation2d(input: Any, filters: Any, strides: Any, padding: str, data_format: str, dilations: Any,
               name: str | None = None) -> Any:  # fmt: skip
    """Greyscale dilation: the greatest of x + filter in every window; filters `[height, width, channels]`."""
    if data_format != "NHWC":
        raise ValueError(f"dilation2d takes data_format 'NHWC', received {data_format!r}; transpose the images.")
    x, kernel = frontdoor.together(input, filters, "dilation2d")
    return apply("dilation", x, kernel, strides=_spatial(strides, 2, "strides", False),
                 padding=_padding(padding, 2, False), dilations=_spatial(dilations, 2, "dilations", False),
                 name=name)  # fmt: skip


def erosion2d(value: Any, filters: Any, strides: Any, padding: str, data_format: str, dilations: Any,
              name: str | None = None) -> Any:  # fmt: skip
    """Greyscale erosion: the least of x - filter, the filter turned by half a circle, in every window."""
    x, kernel = frontdoor.together(value, filters, "erosion2d")
    turned = apply("reverse", kernel, axis=(0, 1))
    return math.negative(dilation2d(-x, turned, strides, padding, data_format, dilations), name)


def space_to_depth(input: Any, block_size: Any, data_format: str = "NHWC", name: str | None = None) -> Any:
    """Square blocks of the image laid out along the channels."""
    return apply("space_to_depth", input, block_size=integer(block_size, "block_size"), data_format=data_format,
                 name=name)  # fmt: skip


def depth_to_space(input: Any, block_size: Any, data_format: str = "NHWC", name: str | None = None) -> Any:
    """Channels spread over square blocks of the image; undoes `space_to_depth`."""
    return apply("depth_to_space", input, block_size=integer(block_size, "block_size"), data_format=data_format,
                 name=name)  # fmt: skip


def pool(input: Any, window_shape: Any, pooling_type: str, strides: Any = None, padding: Any = "VALID",
         data_format: str | None = None, dilations: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """Pooling of a kind, 'MAX' or 'AVG'."""
    kinds = {"MAX": "max_pool", "AVG": "avg_pool"}
    if str(pooling_type).upper() not in kinds:
        raise ValueError(explain("nn.pool: there is no such kind of pooling.", received=repr(pooling_type),
                                 expected="'MAX' or 'AVG'"))  # fmt: skip
    op = kinds[pooling_type.upper()]
    return _pool(op, input, window_shape, strides, padding, data_format, None, name, dilations)


def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None) -> tuple[Any, Any]:
    """Mean and variance over axes."""
    tensor = frontdoor.convert(x)
    over = axes_of(tensor, axes)
    if tensor.dtype.is_integer:  # quotients are whole, as are those of `reduce_mean`
        middle = math.reduce_mean(tensor, over, keepdims=True)
        variance = math.reduce_mean(math.squared_difference(tensor, middle), over, keepdims)
        return math.reduce_mean(tensor, over, keepdims), variance
    return (apply("reduce_mean", tensor, axis=over, keepdims=keepdims),
            apply("reduce_variance", tensor, axis=over, keepdims=keepdims))  # fmt: skip


def batch_normalization(x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any,
                        name: str | None = None) -> Any:  # fmt: skip
    """(x - mean) / sqrt(variance + epsilon), scaled and moved (Ioffe and Szegedy 2015)."""
    inverse = math.rsqrt(math.add(variance, variance_epsilon))
    if scale is not None:
        inverse = inverse * scale
    result = math.multiply(x, inverse)
    moved = -math.multiply(mean, inverse) if offset is None else math.subtract(offset, math.multiply(mean, inverse))
    return result + moved


def dropout(x: Any, rate: Any, noise_shape: Any = None, seed: int | None = None, name: str | None = None) -> Any:
    """Sets a share `rate` of the elements to zero and scales the others up to keep the sum.

    Raises:
        ValueError: For a rate outside [0, 1).
    """
    tensor = frontdoor.convert(x)
    return tensor if _keeps_all(rate) else random.dropout_with(tensor, rate, noise_shape, seed, name)


def embedding_lookup(params: Any, ids: Any, max_norm: Any = None, name: str | None = None) -> Any:
    """The rows of a table at `ids`; `params` may be a list of its parts, all of one size but for the last rows.

    Raises:
        ValueError: For parts whose sizes are not those of an even division, the first ones the larger.
    """
    if isinstance(params, (list, tuple)):
        if len(params) == 1:
            params = params[0]
        else:
            tables = [frontdoor.convert(part) for part in params]
            heights = [table.shape[0] for table in tables]
            if heights != sorted(heights, reverse=True) or heights[0] - heights[-1] > 1:
                raise ValueError(explain("embedding_lookup: the parts of a table must be an even division of its rows.",
                                         received=f"parts of {heights} rows", hint="tf.concat(parts, 0)"))  # fmt: skip
            params = concat(tables, 0)
    rows = gather(params, ids, axis=0)
    return rows if max_norm is None else math.clip_by_norm(rows, max_norm, axes=-1)


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1, name: str | None = None) -> Any:
    """Cross-entropy between label distributions and softmax(logits), a value a row."""
    x = frontdoor.convert(logits)
    y = cast_to(frontdoor.convert(labels, hint=x.dtype), x.dtype)  # labels follow the logits, whatever they are
    rank = x.shape.rank
    if axis != -1 and rank is None:
        raise ValueError(f"`axis` {axis} of a tensor of unknown rank: give it a rank with set_shape, or put the "
                         "classes last (axis=-1).")  # fmt: skip
    if axis not in (-1, rank if rank is None else rank - 1):
        order = [i for i in range(rank) if i != axis % rank] + [axis % rank]
        x, y = apply("transpose", x, perm=tuple(order)), apply("transpose", y, perm=tuple(order))
    return apply("softmax_cross_entropy_with_logits", x, y, name=name)


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: str | None = None) -> Any:
    """Cross-entropy between class numbers and softmax(logits), a value a row.

    Raises:
        InvalidArgumentError: For a label outside the range of classes, with its row.
        DTypeError: For labels that are no integers.
    """
    found = frontdoor.convert(labels)
    if not found.dtype.is_integer:
        logits = frontdoor.convert(logits)
        if found.shape.rank is not None and found.shape.rank == logits.shape.rank:
            raise DTypeError(explain(
                "sparse_softmax_cross_entropy_with_logits: labels are class numbers, one for each row of logits.",
                expected=f"integers {logits.shape[:-1]}", received=f"labels: {found.type}",
                hint="for a share of each class, such as one-hot rows: softmax_cross_entropy_with_logits",
            ))  # fmt: skip
    return apply("sparse_softmax_cross_entropy_with_logits", logits, found, name=name)


def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """Cross-entropy between labels in [0, 1] and sigmoid(logits), a value an element."""
    x, y = frontdoor.together(logits, labels, "sigmoid_cross_entropy_with_logits")
    return apply("sigmoid_cross_entropy_with_logits", x, y, name=name)


def weighted_cross_entropy_with_logits(labels: Any, logits: Any, pos_weight: Any, name: str | None = None) -> Any:
    """Sigmoid cross-entropy in which positive labels count `pos_weight` times."""
    x, y = frontdoor.together(logits, labels, "weighted_cross_entropy_with_logits")
    return (1.0 - y) * softplus(x) + y * pos_weight * softplus(-x)


def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None) -> Any:
    """The Poisson likelihood's loss, from the logarithm of the rate."""
    x, z = frontdoor.together(log_input, targets, "log_poisson_loss")
    loss = math.exp(x) - x * z
    if compute_full_loss:
        stirling = z * math.log(z) - z + 0.5 * math.log(z * 6.283185307179586)
        loss = loss + where((z >= 0) & (z <= 1), z * 0, stirling)
    return loss


def local_response_normalization(input: Any, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0,
                                 beta: float = 0.5, name: str | None = None) -> Any:  # fmt: skip
    """x / (bias + alpha times the sum of squares over neighbouring channels) ** beta (Krizhevsky et al. 2012)."""
    x = frontdoor.convert(input)
    if x.shape.rank not in (4, None):
        raise InvalidArgumentError(explain("local_response_normalization takes images.", received=str(x.type),
                                           expected="[batch, height, width, channels]"))  # fmt: skip
    return apply("local_response_normalization", x, depth_radius=depth_radius, bias=bias, alpha=alpha, beta=beta,
                 name=name)  # fmt: skip


lrn = local_response_normalization


