"""`tf.math`: arithmetic, reductions, special functions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from weft.api import late_axes, special
from weft.api import late_parameters as late
from weft.api.array import ensure_shape, ones_like, shape, where, zeros, zeros_like
from weft.api.common import apply, axes_of, binary, cast_to, in_a_row, integer, reduced, unary
from weft.api.ordering import argsort as argsort
from weft.api.ordering import unique as unique
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.ops import opdef
from weft.runtime import dispatch, frontdoor, sizes
from weft.runtime.ragged import RaggedTensor
from weft.runtime.tensor import EagerTensor

add = binary("add")
subtract = binary("subtract")
multiply = binary("multiply")
floordiv = binary("floordiv")
floormod = mod = binary("floormod")
truncatediv = binary("truncatediv")
truncatemod = binary("truncatemod")
maximum = binary("maximum")
minimum = binary("minimum")
squared_difference = binary("squared_difference")
_atan2 = binary("atan2")
_nextafter = binary("nextafter")
_divide_no_nan = binary("divide_no_nan")
multiply_no_nan = binary("multiply_no_nan")
equal = binary("equal")
not_equal = binary("not_equal")
less = binary("less")
less_equal = binary("less_equal")
greater = binary("greater")
greater_equal = binary("greater_equal")
logical_and = binary("logical_and")
logical_or = binary("logical_or")
logical_xor = binary("logical_xor")
pow = binary("pow")

negative = unary("negative")
abs = unary("abs")
sign = unary("sign")
square = unary("square")
sqrt = unary("sqrt")
rsqrt = unary("rsqrt")
exp = unary("exp")
expm1 = unary("expm1")
log = unary("log")
log1p = unary("log1p")
sin = unary("sin")
cos = unary("cos")
tan = unary("tan")
asin = unary("asin")
acos = unary("acos")
atan = unary("atan")
sinh = unary("sinh")
cosh = unary("cosh")
tanh = unary("tanh")
asinh = unary("asinh")
acosh = unary("acosh")
atanh = unary("atanh")
floor = unary("floor")
ceil = unary("ceil")
round = unary("round")
rint = unary("round", "rint")
reciprocal = unary("reciprocal")


def atan2(y: Any, x: Any, name: str | None = None) -> Any:
    """The angle of the point (x, y), between -pi and pi."""
    return _atan2(y, x, name)


def nextafter(x1: Any, x2: Any, name: str | None = None) -> Any:
    """The float next to `x1` in the direction of `x2`; Python's integers count as float32."""
    if not frontdoor.is_tensor_like(x1) and not frontdoor.is_tensor_like(x2):
        x1, x2 = (frontdoor.convert(x, dtypes.float32) if np.asarray(x).dtype.kind in "iu" else x for x in (x1, x2))
    return _nextafter(x1, x2, name)


def imag(input: Any, name: str | None = None) -> Any:
    """The imaginary part; zeros for real numbers."""
    x = frontdoor.convert(input)
    return apply("imag", x, name=name) if x.dtype.is_complex else zeros_like(x)


def reciprocal_no_nan(x: Any, name: str | None = None) -> Any:
    """1 / x, and 0 where x is 0."""
    tensor = frontdoor.convert(x)
    return apply("divide_no_nan", ones_like(tensor), tensor, name=name)


def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, and 0 where y is 0; integers give floats, as in `divide`."""
    x, y = frontdoor.together(x, y, "divide_no_nan")
    if x.dtype.is_integer:
        wide = dtypes.float64 if x.dtype.size >= 4 else dtypes.float32
        x, y = apply("cast", x, dtype=wide), apply("cast", y, dtype=wide)
    return _divide_no_nan(x, y, name)


div_no_nan = divide_no_nan
conj = unary("conj")
_real = unary("real")


def real(input: Any, name: str | None = None) -> Any:
    """The real part; real numbers as they are."""
    return _real(input, name)


is_nan = unary("is_nan")
is_inf = unary("is_inf")
is_finite = unary("is_finite")
logical_not = unary("logical_not")


def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y with Python's meaning: integers give floats."""
    return frontdoor.truediv(x, y, name)


truediv = divide


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A tensor times a number."""
    return multiply(scalar, x, name)


def complex(real: Any, imag: Any, name: str | None = None) -> Any:
    """real + i imag."""
    a, b = frontdoor.together(real, imag, "complex")
    return apply("complex", a, b, name=name)


def angle(input: Any, name: str | None = None) -> Any:
    """The angle of complex numbers; 0 or pi for real ones."""
    x = frontdoor.convert(input)
    if x.dtype.is_complex:
        return atan2(imag(x), real(x))
    if not x.dtype.is_floating:
        raise TypeError(explain("angle takes floats and complex numbers.", received=f"{x.dtype.name}{x.shape}",
                                hint="tf.cast(x, tf.float32)"))  # fmt: skip
    return where(less(x, 0), np.pi, cast_to(0, x.dtype), name=name)


def add_n(inputs: Any, name: str | None = None) -> Any:
    """The sum of tensors of one shape."""
    values = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if not values:
        raise ValueError("add_n needs at least one tensor.")
    total = frontdoor.convert(values[0])
    for value in values[1:]:
        term = frontdoor.convert(value)
        if not total.shape.is_compatible_with(term.shape):
            raise InvalidArgumentError(explain(
                "add_n takes tensors of one shape.", expected=str(total.shape), received=str(term.shape),
                hint="tf.add broadcasts",
            ))  # fmt: skip
        total = add(total, term)
    return total


def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None) -> Any:
    """The sum of tensors of one shape, which may be told."""
    if shape is not None:
        inputs = [ensure_shape(x, shape) for x in inputs]
    if tensor_dtype is not None and (wrong := [x for x in inputs if x.dtype != dtypes.as_dtype(tensor_dtype)]):
        raise TypeError(explain("accumulate_n: the tensors must have `tensor_dtype`.",
                                expected=dtypes.as_dtype(tensor_dtype).name, received=wrong[0].dtype.name))  # fmt: skip
    return add_n(inputs, name)


def _reduced(op: str, x: Any, axis: Any, keepdims: Any, name: str | None, **attrs: Any) -> Any:
    if late_axes.unknown(axis, x):
        return late_axes.reduced(op, x, axis, bool(keepdims), **attrs)
    return reduced(op, x, axis, keepdims, name, **attrs)


def _reduction(op: str, public: str | None = None) -> Any:
    def function(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
        x = frontdoor.convert(input_tensor)
        plain = (axis is None or axis.__class__ is int) and keepdims.__class__ is bool
        if not plain or x.__class__ is not EagerTensor:
            return _reduced(op, x, axis, keepdims, name)
        record, call = opdef.get(op), ("axis", axis, keepdims)
        found = dispatch.single(record, x, call)
        if found is None:
            attrs = {"axis": axes_of(x, axis), "keepdims": keepdims}
            found = dispatch.apply(record, (x,), attrs, name)[0]
            dispatch.remember(record, call, (x,), attrs)
        return found

    function.__name__ = function.__qualname__ = public or op
    function.__doc__ = (
        f"{(public or op).replace('_', ' ')} over axes (all of them where `axis` is None).\n\n"
        "Args:\n    input_tensor: A tensor.\n    axis: An axis or several.\n    keepdims: Whether reduced axes stay, "
        "with size 1.\n    name: The node's name.\n\nReturns:\n    A tensor."
    )
    return function


reduce_sum = _reduction("reduce_sum")
reduce_mean = _reduction("reduce_mean")
reduce_max = _reduction("reduce_max")
reduce_min = _reduction("reduce_min")
reduce_prod = _reduction("reduce_prod")
reduce_any = _reduction("reduce_any")
reduce_all = _reduction("reduce_all")
reduce_variance = _reduction("reduce_variance")
reduce_std = _reduction("reduce_std")
reduce_euclidean_norm = _reduction("reduce_euclidean_norm")
reduce_logsumexp = _reduction("reduce_logsumexp")


def count_nonzero(input: Any, axis: Any = None, keepdims: bool = False, dtype: Any = dtypes.int64,
                  name: str | None = None) -> Any:  # fmt: skip
    """How many elements differ from zero."""
    x = frontdoor.convert(input)
    return _reduced("count_nonzero", x, axis, keepdims, name, dtype=dtypes.as_dtype(dtype))


def argmax(input: Any, axis: Any = None, output_type: Any = dtypes.int64, name: str | None = None) -> Any:
    """Where the greatest value lies along an axis (the first one by default); the first of equals."""
    return _arg("argmax", input, axis, output_type, name)


def argmin(input: Any, axis: Any = None, output_type: Any = dtypes.int64, name: str | None = None) -> Any:
    """Where the least value lies along an axis (the first one by default); the first of equals."""
    return _arg("argmin", input, axis, output_type, name)


def _arg(op: str, input: Any, axis: Any, output_type: Any, name: str | None) -> Any:
    x = frontdoor.convert(input)
    wanted = dtypes.as_dtype(output_type)
    if late_axes.unknown(axis, x):
        return late_axes.chosen(op, x, axis, output_type=wanted)
    return apply(op, x, axis=0 if axis is None else integer(axis, "axis"), output_type=wanted, name=name)


def cumsum(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """Running sums along an axis."""
    return _running("cumsum", x, axis, exclusive, reverse, name)


def cumprod(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """Running products along an axis."""
    return _running("cumprod", x, axis, exclusive, reverse, name)


def cumulative_logsumexp(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False,
                         name: str | None = None) -> Any:  # fmt: skip
    """Running log-sum-exp along an axis."""
    return _running("cumulative_logsumexp", x, axis, exclusive, reverse, name)


def _running(op: str, x: Any, axis: Any, exclusive: bool, reverse: bool, name: str | None) -> Any:
    if late_axes.unknown(axis, numbers := frontdoor.operand(x)):
        return late_axes.each(op, numbers, axis, exclusive=exclusive, reverse=reverse)
    return apply(op, numbers, axis=integer(axis, "axis"), exclusive=exclusive, reverse=reverse, name=name)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """The values moved into a range."""
    x = frontdoor.convert(t)
    low = frontdoor.together(x, clip_value_min, "clip_by_value")[1]
    high = frontdoor.together(x, clip_value_max, "clip_by_value")[1]
    return apply("clip", x, low, high, name=name)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """The tensor scaled down to a norm of at most `clip_norm`."""
    x = frontdoor.convert(t)
    squares = reduce_sum(x * x, axes, keepdims=True)
    positive = greater(squares, 0)
    safe = apply("select", positive, squares, squares * 0 + 1)
    norm = apply("select", positive, sqrt(safe), squares)
    return divide(x * clip_norm, maximum(norm, clip_norm))


def global_norm(t_list: Any, name: str | None = None) -> Any:
    """The norm of several tensors taken together; None among them counts nothing."""
    from weft.runtime.composite import IndexedSlices

    parts = [frontdoor.convert(t.values if isinstance(t, IndexedSlices) else t) for t in t_list if t is not None]
    return sqrt(add_n([reduce_sum(square(p)) for p in parts]))


def clip_by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None) -> Any:
    """Tensors scaled down together to a common norm of at most `clip_norm`; returns them and the norm before."""
    from weft.runtime.composite import IndexedSlices

    if frontdoor.is_tensor_like(t_list) or isinstance(t_list, (str, bytes)):
        raise TypeError(explain("clip_by_global_norm: `t_list` should be a list of tensors.",
                                received=type(t_list).__name__, expected="such as [gradient]"))  # fmt: skip
    norm = global_norm(t_list) if use_norm is None else frontdoor.convert(use_norm)
    scale = divide(clip_norm, maximum(norm, clip_norm))
    scale = where(apply("is_finite", norm), scale, float("nan"))  # an overflow spoils all of them, and so is noticed
    clipped: list[Any] = []
    for t in t_list:
        if t is None:
            clipped.append(None)
        elif isinstance(t, IndexedSlices):
            clipped.append(IndexedSlices(t.values * scale, t.indices, t.dense_shape))
        else:
            clipped.append(frontdoor.convert(t) * scale)
    return clipped, norm


def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
           adjoint_b: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False, output_type: Any = None,
           grad_a: bool = False, grad_b: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """The matrix product over the last two axes; the others are batches that broadcast.

    Raises:
        InvalidArgumentError: Where the inner sizes differ.
    """
    if not (transpose_a or transpose_b or adjoint_a or adjoint_b) and output_type is None:
        return frontdoor.matmul(a, b, name)
    x, y = frontdoor.together(a, b, "matmul")
    return apply("matmul", x, y, transpose_a=transpose_a, transpose_b=transpose_b, adjoint_a=adjoint_a,
                 adjoint_b=adjoint_b, output_type=None if output_type is None else dtypes.as_dtype(output_type),
                 name=name)  # fmt: skip


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """The product of two tensors summed over pairs of axes."""
    x, y = frontdoor.together(a, b, "tensordot")
    ranks = x.shape.rank, y.shape.rank
    if late_axes.are_unknown(axes, x, y):
        return late_axes.tensordot(x, y, axes)
    if None in ranks:
        pairs = (range(-axes, 0), range(axes)) if isinstance(axes, int) else axes
        lists = [s if isinstance(s, (list, tuple, range)) else [s] for s in pairs]
        named = tuple(tuple(integer(i, "axes") for i in s) for s in lists)
        return apply("tensordot", x, y, axes=named, name=name)
    if isinstance(axes, int):
        first, second = list(range(ranks[0] - axes, ranks[0])), list(range(axes))
    else:
        first, second = (list(s) if isinstance(s, (list, tuple)) else [s] for s in axes)
    first, second = [integer(i, "axes") % ranks[0] for i in first], [integer(i, "axes") % ranks[1] for i in second]
    letters = iter("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    left = [next(letters) for _ in range(ranks[0])]
    right = [next(letters) for _ in range(ranks[1])]
    for i, j in zip(first, second, strict=True):
        right[j] = left[i]
    out = [c for i, c in enumerate(left) if i not in first] + [c for j, c in enumerate(right) if j not in second]
    return apply("einsum", x, y, equation=f"{''.join(left)},{''.join(right)}->{''.join(out)}", name=name)


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Any:
    """Products and sums by an equation such as `"bij,bjk->bik"`."""
    name = kwargs.pop("name", None)
    kwargs.pop("optimize", None)
    if kwargs:
        raise TypeError(f"einsum has no argument `{next(iter(kwargs))}`.")
    if len(inputs) == 1 and isinstance(inputs[0], (list, tuple)):
        inputs = tuple(inputs[0])
    found = [frontdoor.convert(i) for i in inputs]
    lead = found[0]
    found = [frontdoor.together(lead, t, "einsum")[1] for t in found]
    return apply("einsum", *found, equation=equation.replace(" ", ""), name=name)


def in_top_k(targets: Any, predictions: Any, k: Any, name: str | None = None) -> Any:
    """Whether each target is among the k greatest predictions of its row."""
    return apply("in_top_k", targets, predictions, k=integer(k, "k"), name=name)


class TopKV2(NamedTuple):
    """The result of `top_k`."""

    values: Any
    indices: Any


def top_k(input: Any, k: Any = 1, sorted: bool = True, index_type: Any = dtypes.int32,
          name: str | None = None) -> TopKV2:  # fmt: skip
    """The k greatest values of each row and where they are, of equals the first: fields `values` and `indices`.

    Args:
        input: `[..., n]`.
        k: How many, at most n; a tensor where only the run tells.
        sorted: Accepted; they are in order.
        index_type: int16, int32 or int64.
        name: The node's name.

    Example:
        >>> import weft as tf
        >>> found = tf.math.top_k([[1.0, 3.0, 2.0]], k=2)
        >>> found.values.numpy().tolist(), found.indices.numpy().tolist()
        ([[3.0, 2.0]], [[1, 2]])
    """
    count, kind = late.number(k, "k"), dtypes.as_dtype(index_type)
    if not isinstance(count, int):
        values, places = late.top_k(frontdoor.convert(input), count)
        return TopKV2(values, cast_to(places, kind))
    return TopKV2(*apply("top_k", input, k=count, index_type=kind, name=name))


def invert_permutation(x: Any, name: str | None = None) -> Any:
    """The permutation that undoes another one: result[x[i]] = i."""
    return apply("invert_permutation", x, name=name)


def bincount(arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = dtypes.int32,
             name: str | None = None, axis: Any = None, binary_output: bool = False) -> Any:  # fmt: skip
    """How often each number from 0 occurs, or the sum of its weights.

    Args:
        arr: Integers; all of them are counted together where `axis` is None or 0.
        weights: Numbers in the shape of `arr`, added up instead of counted.
        minlength: The least length of the result.
        maxlength: The greatest; larger numbers are not counted.
        dtype: Of the counts.
        name: The node's name.
        axis: None or 0, or -1 to count each row by itself.
        binary_output: Whether to say only if a number occurs.

    Returns:
        A vector, or a matrix where rows are counted by themselves.
    """
    from weft.api.array import reshape

    if isinstance(arr, RaggedTensor):
        if axis not in (None, 0):
            return _counted_in_rows(arr, weights, minlength, maxlength, dtype, binary_output)
        arr = arr.flat_values
        weights = weights.flat_values if isinstance(weights, RaggedTensor) else weights
    least = None if minlength is None else late.number(minlength, "minlength")
    most = None if maxlength is None else late.number(maxlength, "maxlength")
    if not all(number is None or isinstance(number, int) for number in (least, most)):
        counted = bincount(arr, weights, None, None, dtype, name, axis, binary_output)
        return _columns_between(counted, least, most)
    values = cast_to(arr, dtypes.int32)
    parts = [values] if weights is None else [values, frontdoor.convert(weights)]
    if axis in (None, 0):
        parts = [reshape(p, [-1]) for p in parts]
    return apply("bincount", *parts, minlength=0 if least is None else least, maxlength=most,
                 dtype=dtypes.as_dtype(dtype), binary_output=binary_output, name=name)  # fmt: skip


def _counted_in_rows(arr: Any, weights: Any, least: Any, most: Any, dtype: Any, binary: bool) -> Any:
    """How often each number occurs in each row of a ragged tensor."""
    from weft.api import sparse

    found = sparse.to_dense(sparse.bincount(arr, weights, -1, least, most, binary))
    return found if weights is not None else cast_to(found, dtype)


def _columns_between(counted: Any, least: Any, most: Any) -> Any:
    """Counts, with zeros behind them up to the least length, and without those from the greatest on."""
    from weft.api.array import pad

    size = shape(counted)[-1]
    wanted = size if least is None else maximum(size, cast_to(least, dtypes.int32))
    before = [[0, 0]] * (counted.shape.rank - 1)
    filled = pad(counted, [*before, [0, wanted - size]])
    return filled if most is None else filled[..., : cast_to(most, dtypes.int32)]


def confusion_matrix(labels: Any, predictions: Any, num_classes: Any = None, weights: Any = None,
                     dtype: Any = dtypes.int32, name: str | None = None) -> Any:  # fmt: skip
    """How often each label (row) was predicted as each class (column)."""
    a, b = cast_to(labels, dtypes.int64), cast_to(predictions, dtypes.int64)
    count = maximum(reduce_max(a), reduce_max(b)) + 1 if num_classes is None else num_classes
    wanted = dtypes.as_dtype(dtype)
    amounts = cast_to(a * 0 + 1, wanted) if weights is None else cast_to(weights, wanted)
    points = apply("stack", a, b, axis=-1)
    return apply("tensor_scatter_add", zeros([count, count], wanted), points, amounts, name=name)


def zero_fraction(value: Any, name: str | None = None) -> Any:
    """The share of elements that are zero."""
    return reduce_mean(cast_to(equal(value, 0), dtypes.float32))


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Any:
    """The tensor divided by its norm along axes (`dim` in older programs), the norm's square kept above epsilon."""
    tensor = frontdoor.convert(x)
    total = reduce_sum(square(tensor), dim if axis is None else axis, keepdims=True)
    return tensor * rsqrt(maximum(total, epsilon))


def _special(op: str, inputs: int = 1) -> Any:
    """The public form of a special function; its record is looked up when it is called."""

    def one(x: Any, name: str | None = None) -> Any:
        return apply(op, x, name=name)

    def two(x: Any, y: Any, name: str | None = None) -> Any:
        a, b = frontdoor.together(x, y, op)
        return apply(op, a, b, name=name)

    function = one if inputs == 1 else two
    function.__name__ = function.__qualname__ = op
    function.__doc__ = f"The special function {op}, element by element."
    return function


erf, erfc, erfinv, erfcinv, ndtri = (_special(n) for n in ("erf", "erfc", "erfinv", "erfcinv", "ndtri"))
lgamma, digamma = _special("lgamma"), _special("digamma")
bessel_i0, bessel_i0e = special.bessel_i0, special.bessel_i0e
bessel_i1, bessel_i1e = special.bessel_i1, special.bessel_i1e


def igamma(a: Any, x: Any, name: str | None = None) -> Any:
    """The regularised lower incomplete gamma function."""
    return apply("igamma", *frontdoor.together(a, x, "igamma"), name=name)


def igammac(a: Any, x: Any, name: str | None = None) -> Any:
    """The regularised upper incomplete gamma function."""
    return apply("igammac", *frontdoor.together(a, x, "igammac"), name=name)


def polygamma(a: Any, x: Any, name: str | None = None) -> Any:
    """The derivative of order `a` of digamma."""
    return apply("polygamma", *frontdoor.together(a, x, "polygamma"), name=name)


def zeta(x: Any, q: Any, name: str | None = None) -> Any:
    """The Hurwitz zeta function."""
    return apply("zeta", *frontdoor.together(x, q, "zeta"), name=name)


xlogy, xlog1py, xdivy = (_special(n, 2) for n in ("xlogy", "xlog1py", "xdivy"))
sigmoid, log_sigmoid = _special("sigmoid"), _special("log_sigmoid")


def softplus(features: Any, name: str | None = None) -> Any:
    """log(1 + exp(x)), computed stably."""
    return apply("softplus", features, name=name)


def betainc(a: Any, b: Any, x: Any, name: str | None = None) -> Any:
    """The regularised incomplete beta function."""
    a, b = frontdoor.together(a, b, "betainc")
    return apply("betainc", a, b, frontdoor.together(a, x, "betainc")[1], name=name)


def lbeta(x: Any, name: str | None = None) -> Any:
    """The logarithm of the beta function over the last axis."""
    tensor = frontdoor.convert(x)
    return reduce_sum(lgamma(tensor), -1) - lgamma(reduce_sum(tensor, -1))


def softmax(logits: Any, axis: Any = None, name: str | None = None) -> Any:
    """exp(x) divided by its sum along an axis (the last one by default)."""
    return apply("softmax", logits, axis=-1 if axis is None else integer(axis, "axis"), name=name)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None) -> Any:
    """The logarithm of the softmax, computed stably."""
    return apply("log_softmax", logits, axis=-1 if axis is None else integer(axis, "axis"), name=name)


def _segment(op: str) -> Any:
    def function(data: Any, segment_ids: Any, name: str | None = None) -> Any:
        return apply(op, data, segment_ids, name=name)

    function.__name__ = function.__qualname__ = op
    return function


def _unsorted(op: str) -> Any:
    def function(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
        if not frontdoor.is_tensor_like(num_segments):
            return apply(op, data, segment_ids, num_segments=integer(num_segments, "num_segments"), name=name)
        count = frontdoor.convert(num_segments)
        known = sizes.known(count)
        if known is None:
            return apply(op, data, segment_ids, count, name=name)
        return apply(op, data, segment_ids, num_segments=known, name=name)

    function.__name__ = function.__qualname__ = op
    return function


segment_sum, segment_mean, segment_max, segment_min, segment_prod = (
    _segment(f"segment_{n}") for n in ("sum", "mean", "max", "min", "prod")
)
unsorted_segment_sum, unsorted_segment_max, unsorted_segment_min, unsorted_segment_prod = (
    _unsorted(f"unsorted_segment_{n}") for n in ("sum", "max", "min", "prod")
)


def _segment_counts(data: Any, segment_ids: Any, num_segments: Any) -> tuple[Any, Any]:
    """The sums of segments, and how many members each has (1 for the empty ones), shaped to divide the sums."""
    from weft.api.array import reshape

    x, ids = frontdoor.convert(data), frontdoor.convert(segment_ids)
    total = unsorted_segment_sum(x, ids, num_segments)
    count = maximum(unsorted_segment_sum(ones_like(ids, x.dtype), ids, num_segments), 1)
    return total, reshape(count, [-1] + [1] * (total.shape.rank - 1))


def unsorted_segment_mean(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
    """The mean of each segment; 0 for empty ones."""
    total, count = _segment_counts(data, segment_ids, num_segments)
    return divide(total, count)


def unsorted_segment_sqrt_n(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
    """The sum of each segment divided by the square root of its size; 0 for empty ones."""
    total, count = _segment_counts(data, segment_ids, num_segments)
    return divide(total, sqrt(count))


def polyval(coeffs: Any, x: Any, name: str | None = None) -> Any:
    """A polynomial's value: `coeffs[0] * x**(n-1) + ... + coeffs[n-1]`, by Horner's rule.

    Args:
        coeffs: A list of tensors, which broadcast with `x`.
        x: Where.
        name: Accepted.

    Returns:
        A tensor; zeros where there are no coefficients.

    Raises:
        ValueError: Where `coeffs` is no list.
    """
    if not isinstance(coeffs, (list, tuple)):
        raise ValueError(f"`coeffs` must be a list, received {type(coeffs).__name__}.")
    at = frontdoor.convert(x)
    if not coeffs:
        return multiply(at, cast_to(0, at.dtype))
    found = frontdoor.convert(coeffs[0], hint=at.dtype)
    for coefficient in coeffs[1:]:
        found = add(frontdoor.convert(coefficient, hint=at.dtype), multiply(found, at))
    return found




def approx_max_k(operand: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95,
                 reduction_input_size_override: int = -1, aggregate_to_topk: bool = True,
                 name: str | None = None) -> Any:  # fmt: skip
    """As `tf.nn.approx_max_k`."""
    from weft.api import approximate_top_k

    return approximate_top_k.approx_max_k(operand, k, reduction_dimension, recall_target, reduction_input_size_override,
                                 aggregate_to_topk, name)  # fmt: skip


def approx_min_k(operand: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95,
                 reduction_input_size_override: int = -1, aggregate_to_topk: bool = True,
                 name: str | None = None) -> Any:  # fmt: skip
    """As `tf.nn.approx_min_k`."""
    from weft.api import approximate_top_k

    return approximate_top_k.approx_min_k(operand, k, reduction_dimension, recall_target, reduction_input_size_override,
                                 aggregate_to_topk, name)  # fmt: skip


def softsign(features: Any, name: str | None = None) -> Any:
    """x / (1 + |x|)."""
    return apply("softsign", features, name=name)


def _steps(x: Any, holds: Any) -> Any:
    row = in_a_row(frontdoor.convert(x))
    return reduce_all(holds(row[1:], row[:-1]))


def is_non_decreasing(x: Any, name: str | None = None) -> Any:
    """Whether no element, in a row, is less than the one before it: a bool scalar."""
    return _steps(x, greater_equal)


def is_strictly_increasing(x: Any, name: str | None = None) -> Any:
    """Whether every element, in a row, is greater than the one before it: a bool scalar."""
    return _steps(x, greater)
