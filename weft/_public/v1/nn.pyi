"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.api.math import zero_fraction as zero_fraction
from weft.api.nn import batch_normalization as batch_normalization
from weft.api.nn import bias_add as bias_add
from weft.api.nn import crelu as crelu
from weft.api.nn import elu as elu
from weft.api.nn import l2_loss as l2_loss
from weft.api.nn import local_response_normalization as _lrn
from weft.api.nn import local_response_normalization as local_response_normalization
from weft.api.nn import log_poisson_loss as log_poisson_loss
from weft.compat.v1.embedding import embedding_lookup as embedding_lookup
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

lrn = _lrn

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

def softplus(x: Any, name: str | None = ...) -> Any:
    """The special function softplus, element by element."""

def softsign(features: Any, name: str | None = ...) -> Any:
    """The activation softsign, element by element."""

def swish(features: Any, beta: float = ...) -> Any:
    """x sigmoid(beta x)."""

def tanh(x: Any, name: str | None = ...) -> Any:
    """The hyperbolic tangent."""
