"""`tf.nn` of version 1: where names or meanings of arguments differ."""

from __future__ import annotations

from typing import Any

import weft
from weft.api import nn as _nn
from weft.api.nn import (  # noqa: F401
    avg_pool,
    batch_normalization,
    bias_add,
    crelu,
    depthwise_conv2d,
    elu,
    embedding_lookup,
    erf,
    in_top_k,
    l2_loss,
    local_response_normalization,
    log_poisson_loss,
    lrn,
    max_pool,
    relu,
    relu6,
    selu,
    separable_conv2d,
    sigmoid,
    softplus,
    softsign,
    swish,
    tanh,
    top_k,
    zero_fraction,
)
from weft.compat.v1.naming import COMPOSITES, composite
from weft.compat.v1.ops import _old_name


def dropout(x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: Any = None, name: str | None = None,
            rate: Any = None) -> Any:  # fmt: skip
    """Keeps elements with probability `keep_prob` (version 2 takes the share that it drops)."""
    if (keep_prob is None) == (rate is None):
        raise ValueError("dropout takes either `keep_prob` or `rate`.")
    return _nn.dropout(x, rate if rate is not None else 1 - keep_prob, noise_shape, seed, name)


def conv2d(input: Any, filter: Any = None, strides: Any = None, padding: Any = None, use_cudnn_on_gpu: bool = True,
           data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1), name: str | None = None,
           filters: Any = None) -> Any:  # fmt: skip
    """Convolution over two axes."""
    return _nn.conv2d(input, _old_name(filters, filter, "filters", "filter"), strides, padding, data_format,
                      list(dilations), name)  # fmt: skip


def softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """exp(x) divided by its sum along an axis."""
    return _nn.softmax(logits, _old_name(axis, dim, "axis", "dim"), name)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """The logarithm of the softmax."""
    return _nn.log_softmax(logits, _old_name(axis, dim, "axis", "dim"), name)


def _only_named(sentinel: Any, what: str) -> None:
    if sentinel is not None:
        raise ValueError(f"Only call `{what}` with named arguments (labels=..., logits=..., ...).")


def softmax_cross_entropy_with_logits(_sentinel: Any = None, labels: Any = None, logits: Any = None, dim: int = -1,
                                      name: str | None = None, axis: Any = None) -> Any:  # fmt: skip
    """Cross-entropy between label distributions and softmax(logits); nothing flows back into the labels."""
    _only_named(_sentinel, "softmax_cross_entropy_with_logits")
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
    _only_named(_sentinel, "sparse_softmax_cross_entropy_with_logits")
    return _nn.sparse_softmax_cross_entropy_with_logits(labels, logits, name)


def sigmoid_cross_entropy_with_logits(_sentinel: Any = None, labels: Any = None, logits: Any = None,
                                      name: str | None = None) -> Any:  # fmt: skip
    """Cross-entropy between labels in [0, 1] and sigmoid(logits)."""
    _only_named(_sentinel, "sigmoid_cross_entropy_with_logits")
    return _nn.sigmoid_cross_entropy_with_logits(labels, logits, name)


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    """x where it is positive, else alpha x."""
    return _nn.leaky_relu(features, alpha, name)


def moments(x: Any, axes: Any, shift: Any = None, name: str | None = None, keep_dims: Any = None,
            keepdims: Any = None) -> Any:  # fmt: skip
    """Mean and variance over axes."""
    return _nn.moments(x, axes, None, bool(_old_name(keepdims, keep_dims, "keepdims", "keep_dims")), name)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Any:
    """The tensor divided by its norm along axes."""
    return _nn.l2_normalize(x, _old_name(axis, dim, "axis", "dim"), epsilon, name)


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """The matrix product x weights + biases."""
    return _nn.bias_add(weft.matmul(x, weights), biases)


for _public in COMPOSITES:
    _name = _public.removeprefix("nn.")
    if _name != _public and _name in globals():
        globals()[_name] = composite(_public, globals()[_name])
