"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.approximate_top_k import approx_max_k as approx_max_k
from weft.api.approximate_top_k import approx_min_k as approx_min_k
from weft.api.array import space_to_batch as space_to_batch
from weft.api.convolution_variants import atrous_conv2d as atrous_conv2d
from weft.api.convolution_variants import atrous_conv2d_transpose as atrous_conv2d_transpose
from weft.api.convolution_variants import depthwise_conv2d_backprop_filter as depthwise_conv2d_backprop_filter
from weft.api.convolution_variants import depthwise_conv2d_backprop_input as depthwise_conv2d_backprop_input
from weft.api.ctc import collapse_repeated as collapse_repeated
from weft.api.ctc import ctc_beam_search_decoder as ctc_beam_search_decoder
from weft.api.ctc import ctc_greedy_decoder as ctc_greedy_decoder
from weft.api.ctc import ctc_loss as ctc_loss
from weft.api.ctc import ctc_unique_labels as ctc_unique_labels
from weft.api.dropouts import experimental as experimental
from weft.api.fractional_pools import fractional_avg_pool as fractional_avg_pool
from weft.api.fractional_pools import fractional_max_pool as fractional_max_pool
from weft.api.isotonic import isotonic_regression as isotonic_regression
from weft.api.loss_shares import compute_average_loss as compute_average_loss
from weft.api.loss_shares import scale_regularization_loss as scale_regularization_loss
from weft.api.math import in_top_k as in_top_k
from weft.api.math import l2_normalize as l2_normalize
from weft.api.math import log_softmax as log_softmax
from weft.api.math import softmax as softmax
from weft.api.math import softplus as softplus
from weft.api.math import top_k as top_k
from weft.api.math import zero_fraction as zero_fraction
from weft.api.moments import batch_norm_with_global_normalization as batch_norm_with_global_normalization
from weft.api.moments import normalize_moments as normalize_moments
from weft.api.moments import sufficient_statistics as sufficient_statistics
from weft.api.moments import weighted_moments as weighted_moments
from weft.api.nn import MaxPoolWithArgmax as MaxPoolWithArgmax
from weft.api.nn import avg_pool as avg_pool
from weft.api.nn import avg_pool1d as avg_pool1d
from weft.api.nn import avg_pool2d as avg_pool2d
from weft.api.nn import avg_pool3d as avg_pool3d
from weft.api.nn import batch_normalization as batch_normalization
from weft.api.nn import bias_add as bias_add
from weft.api.nn import conv1d as conv1d
from weft.api.nn import conv2d as conv2d
from weft.api.nn import conv3d as conv3d
from weft.api.nn import conv_transpose as _conv1d_transpose
from weft.api.nn import conv_transpose as _conv2d_transpose
from weft.api.nn import conv_transpose as _conv3d_transpose
from weft.api.nn import conv_transpose as conv_transpose
from weft.api.nn import convolution as convolution
from weft.api.nn import crelu as crelu
from weft.api.nn import depth_to_space as depth_to_space
from weft.api.nn import depthwise_conv2d as depthwise_conv2d
from weft.api.nn import dilation2d as dilation2d
from weft.api.nn import dropout as dropout
from weft.api.nn import elu as elu
from weft.api.nn import embedding_lookup as embedding_lookup
from weft.api.nn import erosion2d as erosion2d
from weft.api.nn import gelu as gelu
from weft.api.nn import l2_loss as l2_loss
from weft.api.nn import leaky_relu as leaky_relu
from weft.api.nn import local_response_normalization as _lrn
from weft.api.nn import local_response_normalization as local_response_normalization
from weft.api.nn import log_poisson_loss as log_poisson_loss
from weft.api.nn import max_pool as max_pool
from weft.api.nn import max_pool1d as max_pool1d
from weft.api.nn import max_pool2d as max_pool2d
from weft.api.nn import max_pool3d as max_pool3d
from weft.api.nn import max_pool_with_argmax as max_pool_with_argmax
from weft.api.nn import moments as moments
from weft.api.nn import pool as pool
from weft.api.nn import separable_conv2d as separable_conv2d
from weft.api.nn import sigmoid_cross_entropy_with_logits as sigmoid_cross_entropy_with_logits
from weft.api.nn import silu as _swish
from weft.api.nn import silu as silu
from weft.api.nn import softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits
from weft.api.nn import space_to_depth as space_to_depth
from weft.api.nn import sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits
from weft.api.nn import weighted_cross_entropy_with_logits as weighted_cross_entropy_with_logits
from weft.api.sampling import all_candidate_sampler as all_candidate_sampler
from weft.api.sampling import compute_accidental_hits as compute_accidental_hits
from weft.api.sampling import fixed_unigram_candidate_sampler as fixed_unigram_candidate_sampler
from weft.api.sampling import learned_unigram_candidate_sampler as learned_unigram_candidate_sampler
from weft.api.sampling import nce_loss as nce_loss
from weft.api.sampling import sampled_softmax_loss as sampled_softmax_loss
from weft.api.sparse_lookup import embedding_lookup_sparse as embedding_lookup_sparse
from weft.api.sparse_lookup import safe_embedding_lookup_sparse as safe_embedding_lookup_sparse

conv1d_transpose = _conv1d_transpose
conv2d_transpose = _conv2d_transpose
conv3d_transpose = _conv3d_transpose
lrn = _lrn
swish = _swish

def erf(x: Any, name: str | None = ...) -> Any:
    """The special function erf, element by element."""

def log_sigmoid(x: Any, name: str | None = ...) -> Any:
    """The special function log_sigmoid, element by element."""

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

def tanh(x: Any, name: str | None = ...) -> Any:
    """The hyperbolic tangent."""
