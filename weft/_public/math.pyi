"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft._public import special as special
from weft.api.math import TopKV2 as TopKV2
from weft.api.math import accumulate_n as accumulate_n
from weft.api.math import add_n as add_n
from weft.api.math import angle as angle
from weft.api.math import approx_max_k as approx_max_k
from weft.api.math import approx_min_k as approx_min_k
from weft.api.math import argmax as argmax
from weft.api.math import argmin as argmin
from weft.api.math import atan2 as atan2
from weft.api.math import betainc as betainc
from weft.api.math import bincount as bincount
from weft.api.math import clip_by_global_norm as clip_by_global_norm
from weft.api.math import clip_by_norm as clip_by_norm
from weft.api.math import clip_by_value as clip_by_value
from weft.api.math import complex as complex
from weft.api.math import confusion_matrix as confusion_matrix
from weft.api.math import count_nonzero as count_nonzero
from weft.api.math import cumprod as cumprod
from weft.api.math import cumsum as cumsum
from weft.api.math import cumulative_logsumexp as cumulative_logsumexp
from weft.api.math import divide as _truediv
from weft.api.math import divide as divide
from weft.api.math import divide_no_nan as _div_no_nan
from weft.api.math import divide_no_nan as divide_no_nan
from weft.api.math import einsum as einsum
from weft.api.math import global_norm as global_norm
from weft.api.math import igamma as igamma
from weft.api.math import igammac as igammac
from weft.api.math import imag as imag
from weft.api.math import in_top_k as in_top_k
from weft.api.math import invert_permutation as invert_permutation
from weft.api.math import is_non_decreasing as is_non_decreasing
from weft.api.math import is_strictly_increasing as is_strictly_increasing
from weft.api.math import l2_normalize as l2_normalize
from weft.api.math import lbeta as lbeta
from weft.api.math import log_softmax as log_softmax
from weft.api.math import matmul as matmul
from weft.api.math import nextafter as nextafter
from weft.api.math import polygamma as polygamma
from weft.api.math import polyval as polyval
from weft.api.math import real as real
from weft.api.math import reciprocal_no_nan as reciprocal_no_nan
from weft.api.math import scalar_mul as scalar_mul
from weft.api.math import softmax as softmax
from weft.api.math import softplus as softplus
from weft.api.math import softsign as softsign
from weft.api.math import tensordot as tensordot
from weft.api.math import top_k as top_k
from weft.api.math import unsorted_segment_mean as unsorted_segment_mean
from weft.api.math import unsorted_segment_sqrt_n as unsorted_segment_sqrt_n
from weft.api.math import zero_fraction as zero_fraction
from weft.api.math import zeta as zeta
from weft.api.ordering import argsort as argsort
from weft.api.ordering import unique as unique

div_no_nan = _div_no_nan
truediv = _truediv

def abs(x: Any, name: str | None = ...) -> Any:
    """The absolute value; the modulus of complex numbers."""

def acos(x: Any, name: str | None = ...) -> Any:
    """The inverse cosine."""

def acosh(x: Any, name: str | None = ...) -> Any:
    """The inverse hyperbolic cosine."""

def add(x: Any, y: Any, name: str | None = ...) -> Any:
    """x + y."""

def asin(x: Any, name: str | None = ...) -> Any:
    """The inverse sine."""

def asinh(x: Any, name: str | None = ...) -> Any:
    """The inverse hyperbolic sine."""

def atan(x: Any, name: str | None = ...) -> Any:
    """The inverse tangent."""

def atanh(x: Any, name: str | None = ...) -> Any:
    """The inverse hyperbolic tangent."""

def bessel_i0(x: Any, name: str | None = ...) -> Any:
    """The modified Bessel function of the first kind and order 0."""

def bessel_i0e(x: Any, name: str | None = ...) -> Any:
    """exp(-|x|) bessel_i0(x)."""

def bessel_i1(x: Any, name: str | None = ...) -> Any:
    """The modified Bessel function of the first kind and order 1."""

def bessel_i1e(x: Any, name: str | None = ...) -> Any:
    """exp(-|x|) bessel_i1(x)."""

def ceil(x: Any, name: str | None = ...) -> Any:
    """The least whole number that is not below x."""

def conj(x: Any, name: str | None = ...) -> Any:
    """The complex conjugate."""

def cos(x: Any, name: str | None = ...) -> Any:
    """The cosine."""

def cosh(x: Any, name: str | None = ...) -> Any:
    """The hyperbolic cosine."""

def digamma(x: Any, name: str | None = ...) -> Any:
    """The special function digamma, element by element."""

def equal(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x is y; NaN equals nothing."""

def erf(x: Any, name: str | None = ...) -> Any:
    """The special function erf, element by element."""

def erfc(x: Any, name: str | None = ...) -> Any:
    """The special function erfc, element by element."""

def erfcinv(x: Any, name: str | None = ...) -> Any:
    """The special function erfcinv, element by element."""

def erfinv(x: Any, name: str | None = ...) -> Any:
    """The special function erfinv, element by element."""

def exp(x: Any, name: str | None = ...) -> Any:
    """e to the x."""

def expm1(x: Any, name: str | None = ...) -> Any:
    """e to the x, less 1, exact for small x."""

def floor(x: Any, name: str | None = ...) -> Any:
    """The greatest whole number that is not above x."""

def floordiv(x: Any, y: Any, name: str | None = ...) -> Any:
    """The quotient rounded towards minus infinity."""

def floormod(x: Any, y: Any, name: str | None = ...) -> Any:
    """The remainder with the sign of y."""

def greater(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x > y."""

def greater_equal(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x >= y."""

def is_finite(x: Any, name: str | None = ...) -> Any:
    """Whether it is neither infinite nor NaN."""

def is_inf(x: Any, name: str | None = ...) -> Any:
    """Whether it is infinite."""

def is_nan(x: Any, name: str | None = ...) -> Any:
    """Whether it is not a number."""

def less(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x < y."""

def less_equal(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x <= y."""

def lgamma(x: Any, name: str | None = ...) -> Any:
    """The special function lgamma, element by element."""

def log(x: Any, name: str | None = ...) -> Any:
    """The natural logarithm."""

def log1p(x: Any, name: str | None = ...) -> Any:
    """log(1 + x), exact for small x."""

def log_sigmoid(x: Any, name: str | None = ...) -> Any:
    """The special function log_sigmoid, element by element."""

def logical_and(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether both hold."""

def logical_not(x: Any, name: str | None = ...) -> Any:
    """Whether it does not hold."""

def logical_or(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether at least one holds."""

def logical_xor(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether exactly one holds."""

def maximum(x: Any, y: Any, name: str | None = ...) -> Any:
    """The greater of x and y; NaN where either is."""

def minimum(x: Any, y: Any, name: str | None = ...) -> Any:
    """The lesser of x and y; NaN where either is."""

def mod(x: Any, y: Any, name: str | None = ...) -> Any:
    """The remainder with the sign of y."""

def multiply(x: Any, y: Any, name: str | None = ...) -> Any:
    """x * y."""

def multiply_no_nan(x: Any, y: Any, name: str | None = ...) -> Any:
    """x * y, and 0 where y is 0 even if x is infinite or NaN."""

def ndtri(x: Any, name: str | None = ...) -> Any:
    """The special function ndtri, element by element."""

def negative(x: Any, name: str | None = ...) -> Any:
    """-x."""

def not_equal(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x differs from y; NaN differs from everything."""

def pow(x: Any, y: Any, name: str | None = ...) -> Any:
    """x to the power y: for y = 1 that is x, and for floats and y = 2 it is x * x, rounded once."""

def reciprocal(x: Any, name: str | None = ...) -> Any:
    """1 / x."""

def reduce_all(input_tensor: Any, axis: Any = ..., keepdims: bool = ..., name: str | None = ...) -> Any:
    """reduce all over axes (all of them where `axis` is None)."""

def reduce_any(input_tensor: Any, axis: Any = ..., keepdims: bool = ..., name: str | None = ...) -> Any:
    """reduce any over axes (all of them where `axis` is None)."""

def reduce_euclidean_norm(input_tensor: Any, axis: Any = ..., keepdims: bool = ..., name: str | None = ...) -> Any:
    """reduce euclidean norm over axes (all of them where `axis` is None)."""

def reduce_logsumexp(input_tensor: Any, axis: Any = ..., keepdims: bool = ..., name: str | None = ...) -> Any:
    """reduce logsumexp over axes (all of them where `axis` is None)."""

def reduce_max(input_tensor: Any, axis: Any = ..., keepdims: bool = ..., name: str | None = ...) -> Any:
    """reduce max over axes (all of them where `axis` is None)."""

def reduce_mean(input_tensor: Any, axis: Any = ..., keepdims: bool = ..., name: str | None = ...) -> Any:
    """reduce mean over axes (all of them where `axis` is None)."""

def reduce_min(input_tensor: Any, axis: Any = ..., keepdims: bool = ..., name: str | None = ...) -> Any:
    """reduce min over axes (all of them where `axis` is None)."""

def reduce_prod(input_tensor: Any, axis: Any = ..., keepdims: bool = ..., name: str | None = ...) -> Any:
    """reduce prod over axes (all of them where `axis` is None)."""

def reduce_std(input_tensor: Any, axis: Any = ..., keepdims: bool = ..., name: str | None = ...) -> Any:
    """reduce std over axes (all of them where `axis` is None)."""

def reduce_sum(input_tensor: Any, axis: Any = ..., keepdims: bool = ..., name: str | None = ...) -> Any:
    """reduce sum over axes (all of them where `axis` is None)."""

def reduce_variance(input_tensor: Any, axis: Any = ..., keepdims: bool = ..., name: str | None = ...) -> Any:
    """reduce variance over axes (all of them where `axis` is None)."""

def rint(x: Any, name: str | None = ...) -> Any:
    """The nearest whole number; halves go to the even one."""

def round(x: Any, name: str | None = ...) -> Any:
    """The nearest whole number; halves go to the even one."""

def rsqrt(x: Any, name: str | None = ...) -> Any:
    """1 / sqrt(x)."""

def segment_max(data: Any, segment_ids: Any, name: str | None = ...) -> Any:
    """"""

def segment_mean(data: Any, segment_ids: Any, name: str | None = ...) -> Any:
    """"""

def segment_min(data: Any, segment_ids: Any, name: str | None = ...) -> Any:
    """"""

def segment_prod(data: Any, segment_ids: Any, name: str | None = ...) -> Any:
    """"""

def segment_sum(data: Any, segment_ids: Any, name: str | None = ...) -> Any:
    """"""

def sigmoid(x: Any, name: str | None = ...) -> Any:
    """The special function sigmoid, element by element."""

def sign(x: Any, name: str | None = ...) -> Any:
    """-1, 0 or 1; x / |x| for complex numbers."""

def sin(x: Any, name: str | None = ...) -> Any:
    """The sine."""

def sinh(x: Any, name: str | None = ...) -> Any:
    """The hyperbolic sine."""

def sqrt(x: Any, name: str | None = ...) -> Any:
    """The square root."""

def square(x: Any, name: str | None = ...) -> Any:
    """x times x."""

def squared_difference(x: Any, y: Any, name: str | None = ...) -> Any:
    """(x - y) squared; times the conjugate for complex numbers."""

def subtract(x: Any, y: Any, name: str | None = ...) -> Any:
    """x - y."""

def tan(x: Any, name: str | None = ...) -> Any:
    """The tangent."""

def tanh(x: Any, name: str | None = ...) -> Any:
    """The hyperbolic tangent."""

def truncatediv(x: Any, y: Any, name: str | None = ...) -> Any:
    """The quotient rounded towards zero."""

def truncatemod(x: Any, y: Any, name: str | None = ...) -> Any:
    """The remainder with the sign of x."""

def unsorted_segment_max(data: Any, segment_ids: Any, num_segments: Any, name: str | None = ...) -> Any:
    """"""

def unsorted_segment_min(data: Any, segment_ids: Any, num_segments: Any, name: str | None = ...) -> Any:
    """"""

def unsorted_segment_prod(data: Any, segment_ids: Any, num_segments: Any, name: str | None = ...) -> Any:
    """"""

def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: Any, name: str | None = ...) -> Any:
    """"""

def xdivy(x: Any, y: Any, name: str | None = ...) -> Any:
    """The special function xdivy, element by element."""

def xlog1py(x: Any, y: Any, name: str | None = ...) -> Any:
    """The special function xlog1py, element by element."""

def xlogy(x: Any, y: Any, name: str | None = ...) -> Any:
    """The special function xlogy, element by element."""
