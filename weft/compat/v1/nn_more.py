"""`tf.nn` of version 1, the rarer functions: convolutions and pooling of any rank, alignments, statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft
from weft.api import nn as _nn
from weft.api import nn_more as _more
from weft.api import sparse_lookup as _lookup
from weft.api.common import apply
from weft.api.nn_rarer import atrous_conv2d_transpose as atrous_conv2d_transpose
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1.naming import in_graph
from weft.compat.v1.ops import _old_name
from weft.runtime.scopes import Unit
from weft.runtime.sparse import SparseTensor


def convolution(input: Any, filter: Any = None, padding: Any = None, strides: Any = None, dilation_rate: Any = None,
                name: str | None = None, data_format: str | None = None, filters: Any = None,
                dilations: Any = None) -> Any:  # fmt: skip
    """Convolution over as many axes as the kernel has; see `weft.nn.convolution`."""
    steps = _old_name(dilations, dilation_rate, "dilations", "dilation_rate")
    kernel = _old_name(filters, filter, "filters", "filter")
    if not in_graph():
        return _nn.convolution(input, kernel, strides, padding, data_format, steps, name)
    apart = np.any(np.asarray(1 if steps is None else steps) > 1)  # windows with holes go by way of the batch there
    with Unit(name or "convolution") as unit:
        found = _nn.convolution(input, kernel, strides, padding, data_format, steps)
        return unit.call(found, "BatchToSpaceND" if apart else "")


def pool(input: Any, window_shape: Any, pooling_type: str, padding: Any, dilation_rate: Any = None, strides: Any = None,
         name: str | None = None, data_format: str | None = None, dilations: Any = None) -> Any:  # fmt: skip
    """Pooling of a kind, 'MAX' or 'AVG', over as many axes as the window has."""
    steps = _old_name(dilations, dilation_rate, "dilations", "dilation_rate")
    if not in_graph():
        return _nn.pool(input, window_shape, pooling_type, strides, padding, data_format, steps, name)
    with Unit(name or f"{pooling_type.lower()}_pool") as unit:
        return unit.call(_nn.pool(input, window_shape, pooling_type, strides, padding, data_format, steps))


def avg_pool2d(value: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None,
               input: Any = None) -> Any:  # fmt: skip
    """The mean of each window of images."""
    return _nn.avg_pool(_old_name(input, value, "input", "value"), ksize, strides, padding, data_format, name)


def max_pool_v2(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None,
                name: str | None = None) -> Any:  # fmt: skip
    """The greatest value of each window, over as many axes as the window has."""
    return _nn.max_pool(input, ksize, strides, padding, data_format, name)


def avg_pool_v2(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None,
                name: str | None = None) -> Any:  # fmt: skip
    """The mean of each window, over as many axes as the window has."""
    return _nn.avg_pool(input, ksize, strides, padding, data_format, name)


def max_pool_with_argmax(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC",
                         Targmax: Any = None, name: str | None = None, output_dtype: Any = None,
                         include_batch_in_index: bool = False) -> Any:  # fmt: skip
    """The greatest value of each window, and where it is; see `weft.nn.max_pool_with_argmax`."""
    dtype = _old_name(output_dtype, Targmax, "output_dtype", "Targmax")
    return _nn.max_pool_with_argmax(input, ksize, strides, padding, data_format,
                                    dtypes.int64 if dtype is None else dtype, include_batch_in_index, name)  # fmt: skip


def dilation2d(input: Any, filter: Any = None, strides: Any = None, rates: Any = None, padding: Any = None,
               name: str | None = None, filters: Any = None, dilations: Any = None) -> Any:  # fmt: skip
    """Greyscale dilation; see `weft.nn.dilation2d`."""
    steps = _old_name(dilations, rates, "dilations", "rates")
    kernel = _old_name(filters, filter, "filters", "filter")
    return _nn.dilation2d(input, kernel, strides, padding, "NHWC", steps, name)


def erosion2d(value: Any, kernel: Any, strides: Any, rates: Any, padding: Any, name: str | None = None) -> Any:
    """Greyscale erosion; see `weft.nn.erosion2d`."""
    return _nn.erosion2d(value, kernel, strides, padding, "NHWC", rates, name)


def depthwise_conv2d_native(input: Any, filter: Any, strides: Any, padding: Any, data_format: str | None = "NHWC",
                            dilations: Any = (1, 1, 1, 1), name: str | None = None) -> Any:  # fmt: skip
    """Every channel convolved with kernels of its own."""
    return _nn.depthwise_conv2d(input, filter, strides, padding, data_format, list(dilations), name)


def conv2d_backprop_input(input_sizes: Any, filter: Any = None, out_backprop: Any = None, strides: Any = None,
                          padding: Any = None, use_cudnn_on_gpu: bool = True, data_format: str = "NHWC",
                          dilations: Any = (1, 1, 1, 1), name: str | None = None,
                          filters: Any = None) -> Any:  # fmt: skip
    """The gradient of a convolution with respect to its image."""
    kernel = _old_name(filters, filter, "filters", "filter")
    return _nn.conv_transpose(out_backprop, kernel, input_sizes, strides, padding, data_format, list(dilations), name)


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """relu(x weights + biases)."""
    return _nn.relu(_nn.bias_add(weft.matmul(x, weights), biases), name=name)


def space_to_depth(input: Any, block_size: Any, name: str | None = None, data_format: str = "NHWC") -> Any:
    """Blocks of the image moved into the channels."""
    return _nn.space_to_depth(input, block_size, data_format, name)


def depth_to_space(input: Any, block_size: Any, name: str | None = None, data_format: str = "NHWC") -> Any:
    """Channels spread over blocks of the image."""
    return _nn.depth_to_space(input, block_size, data_format, name)


# Statistics ----------------------------------------------------------------------------------------------------------


def sufficient_statistics(x: Any, axes: Any, shift: Any = None, keep_dims: Any = None, name: str | None = None,
                          keepdims: Any = None) -> Any:  # fmt: skip
    """Count, sum, sum of squares and shift; see `weft.nn.sufficient_statistics`."""
    keep = bool(_old_name(keepdims, keep_dims, "keepdims", "keep_dims"))
    return _more.sufficient_statistics(x, axes, shift, keep, name)


def weighted_moments(x: Any, axes: Any, frequency_weights: Any, name: str | None = None, keep_dims: Any = None,
                     keepdims: Any = None) -> Any:  # fmt: skip
    """Mean and variance of elements that count differently; see `weft.nn.weighted_moments`."""
    keep = bool(_old_name(keepdims, keep_dims, "keepdims", "keep_dims"))
    if not in_graph():
        return _more.weighted_moments(x, axes, frequency_weights, keep, name)
    with Unit(name or "weighted_moments") as unit:
        found = _more.weighted_moments(x, axes, frequency_weights, keep)
        return unit.call(found, ("Mul_1", "Mul_3") if keep else "Squeeze")


def batch_norm_with_global_normalization(t: Any = None, m: Any = None, v: Any = None, beta: Any = None,
                                         gamma: Any = None, variance_epsilon: Any = None,
                                         scale_after_normalization: Any = None, name: str | None = None,
                                         input: Any = None, mean: Any = None, variance: Any = None) -> Any:  # fmt: skip
    """Batch normalization of images with one mean and variance for each channel."""
    x, centre = _old_name(input, t, "input", "t"), _old_name(mean, m, "mean", "m")
    spread = _old_name(variance, v, "variance", "v")
    return _more.batch_norm_with_global_normalization(x, centre, spread, beta, gamma, variance_epsilon,
                                                      scale_after_normalization, name)  # fmt: skip


#: the least epsilon of the fused form
_LEAST = 1.001e-5


def fused_batch_norm(x: Any, scale: Any, offset: Any, mean: Any = None, variance: Any = None, epsilon: float = 0.001,
                     data_format: str = "NHWC", is_training: bool = True,
                     name: str | None = None) -> tuple[Any, Any, Any]:  # fmt: skip
    """Batch normalization of images: the result, and the means and variances of the channels.

    Args:
        x: `[batch, height, width, channels]`, channels second for NCHW.
        scale: `[channels]`.
        offset: `[channels]`.
        mean: `[channels]`, where `is_training` is False.
        variance: Likewise.
        epsilon: Keeps the divisor from 0.
        data_format: `NHWC` or `NCHW`.
        is_training: Whether means and variances are those of the batch.
        name: Accepted.

    Returns:
        The result, the means, and the variances as those of a sample (divided by count - 1).

    Raises:
        ValueError: Where mean and variance are missing or given against `is_training`.
    """
    images = weft.convert_to_tensor(x)
    first = data_format.upper() == "NCHW"
    factor, shift = (weft.cast(part, dtypes.float32) for part in (scale, offset))
    if is_training:
        if mean is not None or variance is not None:
            raise ValueError("Both 'mean' and 'variance' must be None if is_training is True.")
        wide = weft.cast(images, dtypes.float32)
        mean, variance = _nn.moments(wide, [0, 2, 3] if first else [0, 1, 2])
        count = weft.cast(weft.size(images), dtypes.float32) / weft.cast(weft.size(mean), dtypes.float32)
        seen = variance * (count / weft.maximum(count - 1.0, 1.0))
    else:
        if mean is None or variance is None:
            raise ValueError("Both 'mean' and 'variance' must be given if is_training is False.")
        mean, variance = weft.convert_to_tensor(mean), weft.convert_to_tensor(variance)
        seen = variance
    place = [-1, 1, 1] if first else [-1]
    middle, spread, shift, factor = (weft.reshape(part, place) for part in (mean, variance, shift, factor))
    result = _nn.batch_normalization(images, middle, spread, shift, factor, max(epsilon, _LEAST))
    return weft.cast(result, images.dtype), mean, seen


# Alignments ----------------------------------------------------------------------------------------------------------


def ctc_loss(labels: Any, inputs: Any = None, sequence_length: Any = None, preprocess_collapse_repeated: bool = False,
             ctc_merge_repeated: bool = True, ignore_longer_outputs_than_inputs: bool = False, time_major: bool = True,
             logits: Any = None) -> Any:  # fmt: skip
    """Connectionist temporal classification: minus the log-probability of label sequences over all alignments.

    Args:
        labels: A SparseTensor `[batch, labels]` of integers.
        inputs: Logits `[time, batch, classes]`, or `[batch, time, classes]`; the last class stands for nothing.
        sequence_length: `[batch]`: how many steps count.
        preprocess_collapse_repeated: Must be False.
        ctc_merge_repeated: Must be True.
        ignore_longer_outputs_than_inputs: Whether a sequence with more labels than steps costs nothing.
        time_major: Whether time comes first.
        logits: Another name of `inputs`.

    Returns:
        `[batch]`.

    Source: Graves et al., Connectionist Temporal Classification, 2006.
    """
    for word, given, usual in (("preprocess_collapse_repeated", preprocess_collapse_repeated, False),
                               ("ctc_merge_repeated", ctc_merge_repeated, True)):  # fmt: skip
        if bool(given) is not usual:
            raise NotImplementedError(explain(f"ctc_loss has no `{word}`.", received=repr(given), hint="leave it out"))
    if not isinstance(labels, SparseTensor):
        raise TypeError("Expected labels to be a SparseTensor")
    scores = weft.convert_to_tensor(_old_name(logits, inputs, "logits", "inputs"))
    if scores.shape[-1] is None:
        raise ValueError(explain("ctc_loss: the number of classes must be known.", received=str(scores.shape),
                                 hint="set it with set_shape"))  # fmt: skip
    losses = _more.ctc_loss(labels, scores, None, sequence_length, time_major, None, scores.shape[-1] - 1)
    if not ignore_longer_outputs_than_inputs:
        return losses
    return weft.where(weft.math.is_finite(losses), losses, weft.zeros_like(losses))


def ctc_greedy_decoder(inputs: Any, sequence_length: Any, merge_repeated: bool = True) -> tuple[Any, Any]:
    """The best class at each time, without blanks; see `weft.nn.ctc_greedy_decoder`."""
    return _more.ctc_greedy_decoder(inputs, sequence_length, merge_repeated)


def ctc_beam_search_decoder(inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1,
                            merge_repeated: bool = True) -> tuple[Any, Any]:  # fmt: skip
    """The likeliest label sequences, by beam search; `merge_repeated` makes equal neighbours in them one."""
    paths, scores = _more.ctc_beam_search_decoder(inputs, sequence_length, beam_width, top_paths)
    return ([_merged(path) for path in paths] if merge_repeated else paths), scores


def _merged(path: Any) -> Any:
    """A sparse matrix of labels in which equal neighbours are one."""
    rows, labels = path.indices[:, 0], path.values
    changed = weft.logical_or(weft.not_equal(rows[1:], rows[:-1]), weft.not_equal(labels[1:], labels[:-1]))
    kept = weft.concat([weft.ones_like(rows[:1], dtypes.bool_), changed], 0)
    rows, labels = weft.boolean_mask(rows, kept), weft.boolean_mask(labels, kept)
    number = weft.range(weft.size(rows, out_type=dtypes.int64))
    count = weft.math.unsorted_segment_sum(weft.ones_like(rows), rows, path.dense_shape[0])
    place = number - weft.gather(weft.cumsum(count, exclusive=True), rows)
    widest = weft.reduce_max(weft.concat([weft.zeros([1], dtypes.int64), count], 0))
    return SparseTensor(weft.stack([rows, place], 1), labels, weft.stack([path.dense_shape[0], widest]))


ctc_loss_v2 = _more.ctc_loss
ctc_beam_search_decoder_v2 = _more.ctc_beam_search_decoder


# Sparse rows ---------------------------------------------------------------------------------------------------------


def _table(params: Any, partition_strategy: str) -> Any:
    """A table, or its parts put together, so that its rows can be looked up by number."""
    from weft.compat.v1.embedding import embedding_lookup
    from weft.compat.v1.partitioned import PartitionedVariable

    parts = list(params) if isinstance(params, (list, tuple, PartitionedVariable)) else [params]
    if len(parts) == 1:
        return parts[0]

    rows = sum(part.shape[0] for part in parts)
    return embedding_lookup(parts, weft.range(rows), partition_strategy)


def embedding_lookup_sparse(params: Any, sp_ids: Any, sp_weights: Any, partition_strategy: str = "mod",
                            name: str | None = None, combiner: str | None = None,
                            max_norm: Any = None) -> Any:  # fmt: skip
    """The rows of a table at the ids of each row of a sparse matrix, combined into one; see `weft.nn`."""
    return _lookup.embedding_lookup_sparse(_table(params, partition_strategy), sp_ids, sp_weights, combiner, max_norm,
                                           name)  # fmt: skip


def safe_embedding_lookup_sparse(embedding_weights: Any, sparse_ids: Any, sparse_weights: Any = None,
                                 combiner: str | None = "mean", default_id: Any = None, name: str | None = None,
                                 partition_strategy: str = "div", max_norm: Any = None) -> Any:  # fmt: skip
    """As `embedding_lookup_sparse`, for rows without ids and ids that do not count; see `weft.nn`."""
    table = _table(embedding_weights, partition_strategy)
    return _lookup.safe_embedding_lookup_sparse(table, sparse_ids, sparse_weights, combiner, default_id, max_norm, name)


def conv2d_backprop_filter(input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any,
                           use_cudnn_on_gpu: bool = True, data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1),
                           name: str | None = None) -> Any:  # fmt: skip
    """The gradient of a convolution with respect to its kernel."""
    first = _nn._channels_first(data_format)
    shape = tuple(int(n) for n in weft.get_static_value(weft.convert_to_tensor(filter_sizes)))
    steps = _nn._spatial(list(dilations), 2, "dilations", first)
    return apply("conv_kernel_gradient", weft.convert_to_tensor(input), weft.convert_to_tensor(out_backprop),
                 kernel_shape=shape, strides=_nn._spatial(strides, 2, "strides", first), dilations=steps,
                 padding=_nn._padding(padding, 2, first), data_format=_nn._format(data_format),
                 name=name)  # fmt: skip
