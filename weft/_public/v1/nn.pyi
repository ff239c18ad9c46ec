"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.ctc import collapse_repeated as collapse_repeated
from weft.api.ctc import ctc_beam_search_decoder as _ctc_beam_search_decoder_v2
from weft.api.ctc import ctc_loss as _ctc_loss_v2
from weft.api.ctc import ctc_unique_labels as ctc_unique_labels
from weft.api.loss_shares import compute_average_loss as compute_average_loss
from weft.api.loss_shares import scale_regularization_loss as scale_regularization_loss
from weft.api.math import softplus as softplus
from weft.api.math import zero_fraction as zero_fraction
from weft.api.moments import normalize_moments as normalize_moments
from weft.api.nn import avg_pool1d as avg_pool1d
from weft.api.nn import avg_pool3d as avg_pool3d
from weft.api.nn import batch_normalization as batch_normalization
from weft.api.nn import bias_add as bias_add
from weft.api.nn import conv_transpose as conv_transpose
from weft.api.nn import crelu as crelu
from weft.api.nn import elu as elu
from weft.api.nn import l2_loss as l2_loss
from weft.api.nn import local_response_normalization as _lrn
from weft.api.nn import local_response_normalization as local_response_normalization
from weft.api.nn import log_poisson_loss as log_poisson_loss
from weft.api.nn import max_pool1d as max_pool1d
from weft.api.nn import max_pool2d as max_pool2d
from weft.api.nn import max_pool3d as max_pool3d
from weft.compat.v1.ctc import ctc_beam_search_decoder as ctc_beam_search_decoder
from weft.compat.v1.ctc import ctc_greedy_decoder as ctc_greedy_decoder
from weft.compat.v1.ctc import ctc_loss as ctc_loss
from weft.compat.v1.embedding import embedding_lookup as embedding_lookup
from weft.compat.v1.moments import batch_norm_with_global_normalization as batch_norm_with_global_normalization
from weft.compat.v1.moments import fused_batch_norm as fused_batch_norm
from weft.compat.v1.moments import sufficient_statistics as sufficient_statistics
from weft.compat.v1.moments import weighted_moments as weighted_moments
from weft.compat.v1.nn import avg_pool as avg_pool
from weft.compat.v1.nn import conv1d as conv1d
from weft.compat.v1.nn import conv2d as conv2d
from weft.compat.v1.nn import conv2d_transpose as conv2d_transpose
from weft.compat.v1.nn import conv3d as conv3d
from weft.compat.v1.nn import conv3d_transpose as conv3d_transpose
from weft.compat.v1.nn import depthwise_conv2d as depthwise_conv2d
from weft.compat.v1.nn import dropout as dropout
from weft.compat.v1.nn import in_top_k as in_top_k
from weft.compat.v1.nn import l2_normalize as l2_normalize
from weft.compat.v1.nn import leaky_relu as leaky_relu
from weft.compat.v1.nn import log_softmax as log_softmax
from weft.compat.v1.nn import max_pool as max_pool
from weft.compat.v1.nn import moments as moments
from weft.compat.v1.nn import separable_conv2d as separable_conv2d
from weft.compat.v1.nn import sigmoid_cross_entropy_with_logits as sigmoid_cross_entropy_with_logits
from weft.compat.v1.nn import softmax as softmax
from weft.compat.v1.nn import softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits
from weft.compat.v1.nn import softmax_cross_entropy_with_logits_v2 as softmax_cross_entropy_with_logits_v2
from weft.compat.v1.nn import sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits
from weft.compat.v1.nn import top_k as top_k
from weft.compat.v1.nn import weighted_cross_entropy_with_logits as weighted_cross_entropy_with_logits
from weft.compat.v1.nn import xw_plus_b as xw_plus_b
from weft.compat.v1.ops import depth_to_space as depth_to_space
from weft.compat.v1.ops import space_to_depth as space_to_depth
from weft.compat.v1.sparse_embedding import embedding_lookup_sparse as embedding_lookup_sparse
from weft.compat.v1.sparse_embedding import safe_embedding_lookup_sparse as safe_embedding_lookup_sparse
from weft.compat.v1.windows import avg_pool2d as avg_pool2d
from weft.compat.v1.windows import avg_pool_v2 as avg_pool_v2
from weft.compat.v1.windows import conv2d_backprop_filter as conv2d_backprop_filter
from weft.compat.v1.windows import conv2d_backprop_input as conv2d_backprop_input
from weft.compat.v1.windows import convolution as convolution
from weft.compat.v1.windows import depthwise_conv2d_native as depthwise_conv2d_native
from weft.compat.v1.windows import dilation2d as dilation2d
from weft.compat.v1.windows import erosion2d as erosion2d
from weft.compat.v1.windows import max_pool_v2 as max_pool_v2
from weft.compat.v1.windows import max_pool_with_argmax as max_pool_with_argmax
from weft.compat.v1.windows import pool as pool
from weft.compat.v1.windows import relu_layer as relu_layer

ctc_beam_search_decoder_v2 = _ctc_beam_search_decoder_v2
ctc_loss_v2 = _ctc_loss_v2
lrn = _lrn

def conv1d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = ..., data_format: str | None = ...,
    dilations: Any = ..., name: str | None = ...
) -> Any:
    """The gradient of a convolution as an operation: filters `[*window, out_channels, channels]`."""

def erf(x: Any, name: str | None = ...) -> Any:
    """The special function erf, element by element."""

def relu(features: Any, name: str | None = ...) -> Any:
    """The activation relu, element by element."""

def relu6(features: Any, name: str | None = ...) -> Any:
    """The activation relu6, element by element."""

def selu(features: Any, name: str | None = ...) -> Any:
    """The activation selu, element by element."""

def sigmoid(x: Any, name: str | None = ...) -> Any:
    """The special function sigmoid, element by element."""

def softsign(features: Any, name: str | None = ...) -> Any:
    """The activation softsign, element by element."""

def swish(features: Any, beta: float = ...) -> Any:
    """x sigmoid(beta x)."""

def tanh(x: Any, name: str | None = ...) -> Any:
    """The hyperbolic tangent."""
