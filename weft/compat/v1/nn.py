"""`tf.nn` of version 1: where names or meanings of arguments differ."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

import weft
from weft.api import nn as _nn
from weft.api.convolution_variants import (
    atrous_conv2d,  # noqa: F401
    atrous_conv2d_transpose,  # noqa: F401
)
from weft.api.ctc import collapse_repeated, ctc_unique_labels  # noqa: F401
from weft.api.loss_shares import compute_average_loss, scale_regularization_loss  # noqa: F401
from weft.api.moments import normalize_moments  # noqa: F401
from weft.api.nn import (  # noqa: F401
    avg_pool1d,
    avg_pool3d,
    batch_normalization,
    bias_add,
    conv1d_transpose,
    conv_transpose,
    crelu,
    elu,
    erf,
    l2_loss,
    local_response_normalization,
    log_poisson_loss,
    lrn,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    relu,
    relu6,
    selu,
    sigmoid,
    softplus,
    softsign,
    swish,
    tanh,
    zero_fraction,
)
from weft.base.absent import absent
from weft.compat.v1.ctc import (  # noqa: F401
    ctc_beam_search_decoder,
    ctc_beam_search_decoder_v2,
    ctc_greedy_decoder,
    ctc_loss,
    ctc_loss_v2,
)
from weft.compat.v1.embedding import embedding_lookup  # noqa: F401
from weft.compat.v1.gradient_counts import WHOLE
from weft.compat.v1.moments import (  # noqa: F401
    batch_norm_with_global_normalization,
    fused_batch_norm,
    sufficient_statistics,
    weighted_moments,
)
from weft.compat.v1.naming import COMPOSITES, composite, in_graph
from weft.compat.v1.old_names import _tell, find
from weft.compat.v1.operation_tables import RULES
from weft.compat.v1.ops import _old_name, depth_to_space, space_to_depth  # noqa: F401
from weft.compat.v1.signatures import ordered
from weft.compat.v1.sparse_embedding import embedding_lookup_sparse, safe_embedding_lookup_sparse  # noqa: F401
from weft.compat.v1.windows import (  # noqa: F401
    avg_pool2d,
    avg_pool_v2,
    conv2d_backprop_filter,
    conv2d_backprop_input,
    convolution,
    depthwise_conv2d_native,
    dilation2d,
    erosion2d,
    max_pool_v2,
    max_pool_with_argmax,
    pool,
    relu_layer,
)
from weft.runtime import frontdoor
from weft.runtime.operation_counts import take_in
from weft.runtime.scopes import Unit

#: functions of modules that need this one
_LATER = {
    **dict.fromkeys(("bidirectional_dynamic_rnn", "dynamic_rnn", "raw_rnn", "static_bidirectional_rnn", "static_rnn",
                     "static_state_saving_rnn"), "rnn"),
    **dict.fromkeys(("all_candidate_sampler", "compute_accidental_hits", "fixed_unigram_candidate_sampler",
                     "learned_unigram_candidate_sampler", "log_uniform_candidate_sampler", "nce_loss",
                     "sampled_softmax_loss", "uniform_candidate_sampler"), "sampling"),
    **dict.fromkeys(("conv3d_backprop_filter", "conv3d_backprop_filter_v2", "depthwise_conv2d_backprop_filter",
                     "depthwise_conv2d_backprop_input", "depthwise_conv2d_native_backprop_filter",
                     "depthwise_conv2d_native_backprop_input", "fractional_avg_pool",
                     "fractional_max_pool"), "convolution_gradients"),
    "space_to_batch": "dropped_ops",
}  # fmt: skip


def dropout(x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: Any = None, name: str | None = None,
            rate: Any = None) -> Any:  # fmt: skip
    """Keeps elements with probability `keep_prob` (version 2 takes the share that it drops)."""
    if (keep_prob is None) == (rate is None):
        raise ValueError("dropout takes either `keep_prob` or `rate`.")
    dropped = rate if rate is not None else 1 - keep_prob
    if not in_graph():
        return _nn.dropout(x, _single(dropped), noise_shape, seed, name)
    tensor = weft.convert_to_tensor(x)
    with Unit(name or "dropout") as unit:
        if not weft.is_tensor(dropped):
            if dropped == 0:
                return tensor
            frontdoor.constant(np.asarray(dropped, tensor.dtype.numpy), "rate")
        if noise_shape is None:
            if not tensor.shape.is_fully_defined():
                take_in(tensor)
            _shape(tensor)
        else:
            frontdoor.convert(noise_shape, name="random_uniform/shape")
        for number, bound in enumerate(("min", "max")):
            frontdoor.constant(np.asarray(number, tensor.dtype.numpy), f"random_uniform/{bound}")
        unit.begin()
        dropped = _single(dropped)
        unit.hide()
        found = unit.call(_nn.dropout(tensor, dropped, noise_shape, seed), "mul_1", "Mul", single=True)
        unit.stands_for(found, 12)
        return found




_shape = composite("shape", weft.shape)


def _single(rate: Any) -> Any:
    """A placeholder made without a shape holds one number."""
    return weft.reshape(rate, []) if weft.is_tensor(rate) and rate.shape.rank is None else rate


def conv2d(input: Any, filter: Any = None, strides: Any = None, padding: Any = None, use_cudnn_on_gpu: bool = True,
           data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1), name: str | None = None,
           filters: Any = None) -> Any:  # fmt: skip
    """Convolution over two axes."""
    return _nn.conv2d(input, _old_name(filters, filter, "filters", "filter"), strides, padding, data_format,
                      list(dilations), name)  # fmt: skip


def softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """exp(x) divided by its sum along an axis."""
    return _along_last(_nn.softmax, logits, _old_name(axis, dim, "axis", "dim"), name)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """The logarithm of the softmax."""
    return _along_last(_nn.log_softmax, logits, _old_name(axis, dim, "axis", "dim"), name)


def _along_last(function: Any, logits: Any, axis: Any, name: str | None) -> Any:
    """A function of the last axis; version 1 brings another one there and back, which shows in the graph."""
    rank = None if axis is None or not in_graph() else weft.convert_to_tensor(logits).shape.rank
    if rank is None or axis in (-1, rank - 1) or not -rank <= axis < rank:
        return function(logits, axis, name)
    order = list(range(rank))
    order[axis], order[-1] = order[-1], order[axis]
    return weft.transpose(function(weft.transpose(logits, order)), order, name=name or "transpose")


def _named(sentinel: Any, labels: Any, logits: Any, what: str) -> tuple[Any, Any]:
    """Labels and logits. Before version 1.0 the logits came first; since then the two must be named."""
    if sentinel is None:
        return labels, logits
    if labels is None or logits is not None:
        raise ValueError(f"Only call `{what}` with named arguments (labels=..., logits=..., ...).")
    _tell(f"nn.{what}(logits, labels)", f"nn.{what}(labels=labels, logits=logits)")
    return labels, sentinel


def softmax_cross_entropy_with_logits(_sentinel: Any = None, labels: Any = None, logits: Any = None, dim: int = -1,
                                      name: str | None = None, axis: Any = None) -> Any:  # fmt: skip
    """Cross-entropy between label distributions and softmax(logits); nothing flows back into the labels."""
    labels, logits = _named(_sentinel, labels, logits, "softmax_cross_entropy_with_logits")
    along = dim if axis is None else axis
    return _nn.softmax_cross_entropy_with_logits(weft.stop_gradient(labels), logits, along, name)


def softmax_cross_entropy_with_logits_v2(labels: Any, logits: Any, axis: Any = None, name: str | None = None,
                                         dim: Any = None) -> Any:  # fmt: skip
    """Cross-entropy between label distributions and softmax(logits)."""
    along = _old_name(axis, dim, "axis", "dim")
    return _nn.softmax_cross_entropy_with_logits(labels, logits, -1 if along is None else along, name)


def sparse_softmax_cross_entropy_with_logits(_sentinel: Any = None, labels: Any = None, logits: Any = None,
                                             name: str | None = None) -> Any:  # fmt: skip
    """Cross-entropy between class numbers and softmax(logits)."""
    labels, logits = _named(_sentinel, labels, logits, "sparse_softmax_cross_entropy_with_logits")
    return _nn.sparse_softmax_cross_entropy_with_logits(labels, logits, name)


def sigmoid_cross_entropy_with_logits(_sentinel: Any = None, labels: Any = None, logits: Any = None,
                                      name: str | None = None, targets: Any = None) -> Any:  # fmt: skip
    """Cross-entropy between labels in [0, 1] and sigmoid(logits); `targets` is their name before version 1.0."""
    labels = _old_name(labels, targets, "labels", "targets")
    labels, logits = _named(_sentinel, labels, logits, "sigmoid_cross_entropy_with_logits")
    return _nn.sigmoid_cross_entropy_with_logits(labels, logits, name)


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    """x where it is positive, else alpha x."""
    return _nn.leaky_relu(features, alpha, name)


def moments(x: Any, axes: Any, shift: Any = None, name: str | None = None, keep_dims: Any = None,
            keepdims: Any = None) -> Any:  # fmt: skip
    """Mean and variance over axes."""
    keep = bool(_old_name(keepdims, keep_dims, "keepdims", "keep_dims"))
    if not in_graph():
        return _nn.moments(x, axes, None, keep, name)
    with Unit(name or "moments") as unit:
        return unit.call(_nn.moments(x, axes, None, keep), ("mean", "variance") if keep else "Squeeze")


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Any:
    """The tensor divided by its norm along axes."""
    return _nn.l2_normalize(x, _old_name(axis, dim, "axis", "dim"), epsilon, name)


def max_pool(value: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None,
             input: Any = None) -> Any:  # fmt: skip
    """The greatest value of each window."""
    return _nn.max_pool(_old_name(input, value, "input", "value"), ksize, strides, padding, data_format, name)


def avg_pool(value: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None,
             input: Any = None) -> Any:  # fmt: skip
    """The mean of each window."""
    return _nn.avg_pool(_old_name(input, value, "input", "value"), ksize, strides, padding, data_format, name)


def in_top_k(predictions: Any, targets: Any, k: Any, name: str | None = None) -> Any:
    """Whether each target is among the k greatest predictions of its row; version 1 takes the predictions first."""
    return _nn.in_top_k(targets, predictions, k, name)


def depthwise_conv2d(input: Any, filter: Any, strides: Any, padding: Any, rate: Any = None, name: str | None = None,
                     data_format: str | None = None, dilations: Any = None) -> Any:  # fmt: skip
    """Every channel convolved with kernels of its own."""
    steps = _old_name(dilations, rate, "dilations", "rate")
    return _nn.depthwise_conv2d(input, filter, strides, padding, data_format, steps, name)


def separable_conv2d(input: Any, depthwise_filter: Any, pointwise_filter: Any, strides: Any, padding: Any,
                     rate: Any = None, name: str | None = None, data_format: str | None = None,
                     dilations: Any = None) -> Any:  # fmt: skip
    """A depthwise convolution followed by one with a 1×1 window."""
    steps = _old_name(dilations, rate, "dilations", "rate")
    return _nn.separable_conv2d(input, depthwise_filter, pointwise_filter, strides, padding, data_format, steps, name)


def conv1d(value: Any = None, filters: Any = None, stride: Any = None, padding: Any = None,
           use_cudnn_on_gpu: Any = None, data_format: str | None = None, name: str | None = None, input: Any = None,
           dilations: Any = None) -> Any:  # fmt: skip
    """Convolution over one axis."""
    x = _old_name(input, value, "input", "value")
    return _nn.conv1d(x, filters, stride, padding, data_format or "NWC", dilations, name)


def conv3d(input: Any, filter: Any = None, strides: Any = None, padding: Any = None, data_format: str = "NDHWC",
           dilations: Any = (1, 1, 1, 1, 1), name: str | None = None, filters: Any = None) -> Any:  # fmt: skip
    """Convolution over three axes."""
    kernel = _old_name(filters, filter, "filters", "filter")
    return _nn.conv3d(input, kernel, strides, padding, data_format, list(dilations), name)


def conv2d_transpose(value: Any = None, filter: Any = None, output_shape: Any = None, strides: Any = None,
                     padding: str = "SAME", data_format: str = "NHWC", name: str | None = None, input: Any = None,
                     filters: Any = None, dilations: Any = None) -> Any:  # fmt: skip
    """The gradient of a convolution over two axes as an operation."""
    x, kernel = _old_name(input, value, "input", "value"), _old_name(filters, filter, "filters", "filter")
    return _nn.conv2d_transpose(x, kernel, output_shape, strides, padding, data_format, dilations, name)


def conv3d_transpose(value: Any = None, filter: Any = None, output_shape: Any = None, strides: Any = None,
                     padding: str = "SAME", data_format: str = "NDHWC", name: str | None = None, input: Any = None,
                     filters: Any = None, dilations: Any = None) -> Any:  # fmt: skip
    """The gradient of a convolution over three axes as an operation."""
    x, kernel = _old_name(input, value, "input", "value"), _old_name(filters, filter, "filters", "filter")
    return _nn.conv3d_transpose(x, kernel, output_shape, strides, padding, data_format, dilations, name)


def weighted_cross_entropy_with_logits(labels: Any = None, logits: Any = None, pos_weight: Any = None,
                                       name: str | None = None, targets: Any = None) -> Any:  # fmt: skip
    """Sigmoid cross-entropy in which positive labels count `pos_weight` times."""
    found = _old_name(labels, targets, "labels", "targets")
    return _nn.weighted_cross_entropy_with_logits(found, logits, pos_weight, name)


def top_k(input: Any, k: Any = 1, sorted: bool = True, name: str | None = None) -> Any:
    """The k greatest values of each row and where they are, of equals the first: fields `values` and `indices`."""
    return _nn.top_k(input, k, sorted, name=name)


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """The matrix product x weights + biases."""
    return _nn.bias_add(weft.matmul(x, weights), biases)


for _public in {**COMPOSITES, **RULES, **WHOLE}:
    _name = _public.removeprefix("nn.")
    if _name != _public and _name in globals():
        globals()[_name] = composite(_public, ordered(_public, globals()[_name]))


def __getattr__(name: str) -> Any:
    if name == "rnn_cell":
        return importlib.import_module("weft.compat.v1.rnn_cells")
    if name == "seq2seq":
        _tell("nn.seq2seq", "contrib.legacy_seq2seq")
        return importlib.import_module("weft.compat.v1.contrib.legacy_seq2seq")
    if name in _LATER:
        return getattr(importlib.import_module(f"weft.compat.v1.{_LATER[name]}"), name)
    older = find(f"nn.{name}")
    if older is not None:
        return older
    raise AttributeError(absent(f"tf.nn.{name}", [n for n in globals() if not n.startswith("_")]))
