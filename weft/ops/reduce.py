"""Reductions: sums, products, means, extremes, norms, and where the extremes are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from typing import Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.base.dtypes import COMPLEX, DENSE, FLOATS, NUMBERS, REALS
from weft.ir.types import TensorType
from weft.ops.families import in_float32, quiet
from weft.ops.opdef import REQUIRED, Case, OpDef, SpecError, case, nondifferentiable, register


def normal_axes(axis: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """The axes counted from the front, in the order given.

    Raises:
        SpecError: For an axis out of range or named twice.
    """
    found = []
    for given in axis:
        normal = shapes.normalize_axis(given, rank)
        if normal is None:
            expected = f"-{rank} to {rank - 1}" if rank else "no axis: a scalar has none"
            raise SpecError(f"axis {given} is out of bounds for a tensor of rank {rank}", expected=expected)
        found.append(normal)
    if len(set(found)) != len(found):
        raise SpecError(f"axis {axis} names an axis twice")
    return tuple(found)


def reduced_shape(x: TensorType, axis: tuple[int, ...], keepdims: bool) -> tuple[Any, ...]:
    """The shape after reducing over axes.

    Raises:
        SpecError: For an axis out of range or named twice.
    """
    normal = normal_axes(axis, x.rank or 0)
    if keepdims:
        return tuple(1 if i in normal else d for i, d in enumerate(x.shape or ()))
    return tuple(d for i, d in enumerate(x.shape or ()) if i not in normal)


def keep_reduced(b: Any, value: Any, node: Any) -> Any:
    """A reduction's output (or its cotangent) with the reduced axes kept as ones."""
    shape = b.shape(node.inputs[0])
    if node.attrs["keepdims"] or not shape:
        return value
    axes = {a % len(shape) for a in node.attrs["axis"]}
    return b.reshape(value, shape=tuple(1 if i in axes else d for i, d in enumerate(shape)))


def expand_reduced(b: Any, ct: Any, node: Any) -> Any:
    """The cotangent of a reduction, broadcast back to the shape of its operand."""
    return b.broadcast_to(keep_reduced(b, ct, node), shape=b.shape(node.inputs[0]))


def reduced_count(b: Any, node: Any, like: Any) -> Any:
    """How many elements go into one result, as a scalar of another value's dtype."""
    shape = b.shape(node.inputs[0])
    count = dims.product(tuple(shape[a % len(shape)] for a in node.attrs["axis"]))
    return dimension_scalar(b, count, b.dtype(like))


def dimension_scalar(b: Any, size: Any, dtype: dtypes.DType) -> Any:
    """A size as a scalar tensor, whether or not it is known yet."""
    return b.constant(size, dtype) if isinstance(size, int) else b.dimension(size=size, dtype=dtype)


register(
    OpDef(
        name="dimension",
        inputs=(),
        attrs={"size": REQUIRED, "dtype": dtypes.int32},
        spec=lambda size, dtype: TensorType((), dtype),
        reference=lambda size, dtype: np.asarray(size, dtype.numpy),
        dtypes=(),
        vjp=lambda b, node, ct: (),
        doc="A size as a scalar: it may be unknown until the graph runs.",
        cases=(case(size=3, dtype=dtypes.float32), case(size=0)),
    )
)

# Sums ------------------------------------------------------------------------------------------------------------

_ROWS = 512  # numpy adds pairwise only along the innermost axes; elsewhere it runs down this many rows at most


def accurate_sum(x: Any, axis: tuple[int, ...], keepdims: bool = False) -> Any:
    """The sum in the dtype of x, its rounding error growing with the logarithm of the count on every axis."""
    axes = tuple(sorted(a % x.ndim for a in axis)) if x.ndim else ()
    innermost = bool(axes) and len(axes) == x.ndim - axes[0] and x.flags.c_contiguous
    if x.dtype.kind not in "fc" or innermost or _count(x, axes) <= _ROWS:
        return np.sum(x, axis=axes, keepdims=keepdims, dtype=x.dtype)
    longest = max(axes, key=lambda a: x.shape[a])
    half = x.shape[longest] // 2
    before = (slice(None),) * longest
    first, second = x[(*before, slice(0, half))], x[(*before, slice(half, None))]
    return accurate_sum(first, axes, keepdims) + accurate_sum(second, axes, keepdims)


def _count(x: Any, axis: tuple[int, ...]) -> int:
    return int(np.prod([x.shape[a] for a in axis], dtype=np.int64))


def _ready_sum(arrays: Sequence[Any], attrs: Mapping[str, Any]) -> Callable[..., Any] | None:
    """The sum where `accurate_sum` takes one step; its operands are in row-major order here."""
    x = arrays[0]
    axes = tuple(sorted(a % x.ndim for a in attrs["axis"])) if x.ndim else ()
    add: Any = np.add.reduce
    innermost = bool(axes) and len(axes) == x.ndim - axes[0]
    if x.dtype.kind not in "fc" or x.dtype.itemsize == 2 or not (innermost or _count(x, axes) <= _ROWS):
        return None
    return partial(add, axis=axes, dtype=x.dtype, keepdims=attrs["keepdims"])


@quiet
@in_float32
def _sum(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    return accurate_sum(x, axis, keepdims)


def _reduction_cases(**extra: Any) -> Sequence[Case]:
    return (
        case((2, 3, 4), axis=(0, 2), **extra),
        case((2, 3), axis=(-1,), keepdims=True, **extra),
        case((2, 3), axis=(), **extra),
        case((), axis=(), **extra),
        case((2, 1, 3), axis=(0, 1, 2), **extra),
        case((0, 3), axis=(0,), grad=0, **extra),
        case((3, 0), axis=(0,), **extra),
    )


def reduction(
    name: str,
    reference: Callable[..., Any],
    *,
    vjp: Any,
    dtypes: tuple[dtypes.DType, ...] = NUMBERS,
    result: Callable[[dtypes.DType], dtypes.DType] | None = None,
    decompose: Callable[..., Any] | None = None,
    jvp: Any = None,
    domain: Any = (-2.0, 2.0),
    cases: Sequence[Case] | None = None,
    tolerance: float = 1e-5,
    doc: str = "",
    prepare: Any = None,
) -> OpDef:
    """Registers a reduction over `axis` (a tuple; empty for none) with `keepdims`."""
    return register(
        OpDef(name=name, inputs=("x",), attrs={"axis": REQUIRED, "keepdims": False},
              spec=lambda x, axis, keepdims: TensorType(
                  reduced_shape(x, axis, keepdims), x.dtype if result is None else result(x.dtype)),
              reference=quiet(in_float32(reference)), dtypes=(dtypes,), vjp=vjp, jvp=jvp, decompose=decompose, doc=doc,
              prepare=prepare,
              cases=cases if cases is not None else _reduction_cases(domain=domain, tolerance=tolerance))  # fmt: skip
    )


reduction(
    "reduce_sum",
    _sum,
    vjp=lambda b, node, ct: (expand_reduced(b, ct, node),),
    jvp=lambda b, node, t: (b.reduce_sum(t, **node.attrs),),
    cases=_reduction_cases(),
    prepare=_ready_sum,
    doc="The sum over axes.",
)


def _mean(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    count = _count(x, axis)
    if x.dtype.kind in "iu":  # the whole part of the mean of a sum that cannot overflow; 0 for the mean of nothing
        total = np.sum(x, axis=axis, keepdims=keepdims, dtype=np.int64 if x.dtype.kind == "i" else np.uint64)
        mean = np.abs(total) // max(count, 1)
        return (np.sign(total) * mean).astype(x.dtype)
    return np.asarray(accurate_sum(x, axis, keepdims) / np.asarray(count, x.dtype), x.dtype)


def _ready_mean(arrays: Sequence[Any], attrs: Mapping[str, Any]) -> Callable[..., Any] | None:
    total = _ready_sum(arrays, attrs)
    if total is None:
        return None
    count = np.asarray(_count(arrays[0], attrs["axis"]), arrays[0].dtype)
    return lambda x: np.asarray(total(x) / count, count.dtype)


reduction(
    "reduce_mean",
    _mean,
    prepare=_ready_mean,
    vjp=lambda b, node, ct: (expand_reduced(b, b.divide(ct, reduced_count(b, node, ct)), node),),
    jvp=lambda b, node, t: (b.reduce_mean(t, **node.attrs),),
    doc="The mean over axes; for integers its whole part.",
)

# Products ------------------------------------------------------------------------------------------------------------


def _prod_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    # The product of all others, from both sides, so that zeros need no division.
    x = node.inputs[0]
    shape = b.shape(x)
    axes = tuple(a % len(shape) for a in node.attrs["axis"])
    if not axes:
        return (ct,)
    order = axes + tuple(i for i in range(len(shape)) if i not in axes)
    moved = tuple(shape[i] for i in order)
    flat = (dims.product(moved[: len(axes)]), *moved[len(axes) :])
    front = b.reshape(b.transpose(x, perm=order), shape=flat)
    left = b.cumprod(front, axis=0, exclusive=True, reverse=False)
    right = b.cumprod(front, axis=0, exclusive=True, reverse=True)
    others = b.reshape(b.conj(b.multiply(left, right)), shape=moved)
    back = b.transpose(others, perm=tuple(order.index(i) for i in range(len(shape))))
    return (b.multiply(expand_reduced(b, ct, node), back),)


reduction(
    "reduce_prod",
    lambda x, axis, keepdims: np.prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype),
    vjp=_prod_vjp,
    cases=(
        *_reduction_cases(domain=(0.5, 1.5)),
        case(np.array([[1.5, 0.0, -2.0], [0.0, 3.0, 0.0]]), axis=(1,), name="zeros among the factors"),
    ),
    doc="The product over axes.",
)

# Extremes ------------------------------------------------------------------------------------------------------------


def _extreme_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    # Ties share the cotangent in equal parts.
    x, y = node.inputs[0], node.outputs[0]
    dtype = b.dtype(x)
    wins = b.cast(b.equal(b.broadcast_to(keep_reduced(b, y, node), shape=b.shape(x)), x), dtype=dtype)
    ties = b.reduce_sum(wins, axis=node.attrs["axis"], keepdims=node.attrs["keepdims"])
    return (b.multiply(wins, expand_reduced(b, b.divide(ct, ties), node)),)


#: along how short a last axis numpy's loop costs more than going through its elements
_SHORT = 8


def _extreme(function: Any, least: bool) -> Callable[..., Any]:
    better = np.minimum if least else np.maximum

    def reference(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
        if axis == (x.ndim - 1,) and 1 < x.shape[-1] <= _SHORT and x.ndim > 1:
            found = reduce(better, [x[..., place] for place in range(x.shape[-1])])
            return found[..., None] if keepdims else found
        if _count(x, axis):
            return np.asarray(function(x, axis=axis, keepdims=keepdims))
        start: float = np.inf if least else -np.inf
        if x.dtype.kind in "iu":
            start = np.iinfo(x.dtype).max if least else np.iinfo(x.dtype).min
        return np.asarray(function(x, axis=axis, keepdims=keepdims, initial=start), x.dtype)

    return reference


_TIES = case(np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]), axis=(1,), grad=0, name="ties")

reduction("reduce_max", _extreme(np.max, False), dtypes=REALS, vjp=_extreme_vjp, cases=(*_reduction_cases(), _TIES),
          doc="The greatest over axes; NaN where there is one, the least value of the dtype for none.")  # fmt: skip
reduction("reduce_min", _extreme(np.min, True), dtypes=REALS, vjp=_extreme_vjp, cases=(*_reduction_cases(), _TIES),
          doc="The least over axes; NaN where there is one, the greatest value of the dtype for none.")  # fmt: skip

_LOGICAL_CASES = (
    case(np.array([[True, False, True], [True, True, True]]), axis=(1,)),
    case(np.array([[True, False], [False, False]]), axis=(0, 1), keepdims=True),
    case(np.zeros((0, 2), bool), axis=(0,)),
    case(np.array(True), axis=()),
)
_logical: tuple[tuple[str, Any, str], ...] = (
    ("reduce_any", np.any, "Whether any is true, over axes; False for none."),
    ("reduce_all", np.all, "Whether all are true, over axes; True for none."),
)
for _name, _function, _doc in _logical:
    reduction(
        _name,
        lambda x, axis, keepdims, _function=_function: np.asarray(_function(x, axis=axis, keepdims=keepdims)),
        dtypes=(dtypes.bool_,), vjp=nondifferentiable("bools have no gradient"), cases=_LOGICAL_CASES, doc=_doc,
    )  # fmt: skip


def _arg_spec(x: TensorType, *, axis: int, output_type: dtypes.DType) -> TensorType:
    if not output_type.is_integer:
        raise SpecError(f"output_type is {output_type.name}", expected="an integer dtype", dtype=True)
    (normal,) = normal_axes((axis,), x.rank or 0)
    shape = x.shape or ()
    if isinstance(shape[normal], int) and shape[normal] == 0:
        raise SpecError(f"axis {axis} has size 0: nothing to choose from", hint="reduce over an axis with elements")
    return TensorType(shape[:normal] + shape[normal + 1 :], output_type)


def _arg(function: Any, worst: float) -> Callable[..., Any]:
    def reference(x: Any, axis: int, output_type: dtypes.DType) -> Any:
        if x.shape[axis] == 0:
            raise ValueError(f"axis {axis} has size 0: nothing to choose from")
        if x.dtype.kind not in "iub":  # NaN never wins, where numpy lets it win always
            x = np.where(np.isnan(x), np.asarray(worst, x.dtype), x)
        return np.asarray(function(x, axis=axis), output_type.numpy)

    return reference


for _name, _function, _worst, _doc in (
    ("argmax", np.argmax, -np.inf, "The index of the greatest along an axis; the first of equals, never that of NaN."),
    ("argmin", np.argmin, np.inf, "The index of the least along an axis; the first of equals, never that of NaN."),
):
    register(
        OpDef(
            name=_name,
            inputs=("x",),
            attrs={"axis": 0, "output_type": dtypes.int64},
            spec=_arg_spec,
            reference=quiet(in_float32(_arg(_function, _worst))),
            dtypes=((*REALS, dtypes.bool_),),
            vjp=nondifferentiable("it gives positions, which are integers"),
            doc=_doc,
            cases=(
                case((2, 3, 4), axis=1),
                case((2, 3), axis=-1, output_type=dtypes.int32),
                case(np.array([3, 1, 3], np.int32), axis=0),
                case(np.array([np.nan, 1.0, np.nan, 1.0], np.float32), axis=0, name="NaN"),
                case((2, 0), axis=0),
            ),
        )
    )

# Spread, norms, counts -----------------------------------------------------------------------------------------------


def _squared_distance(x: Any, axis: tuple[int, ...]) -> Any:
    mean = accurate_sum(x, axis, True) / np.asarray(_count(x, axis), x.dtype)
    distance = x - mean
    if x.dtype.kind == "c":
        return distance.real**2 + distance.imag**2
    return distance * distance


def _variance(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    squares = _squared_distance(x, axis)
    return np.asarray(accurate_sum(squares, axis, keepdims) / np.asarray(_count(x, axis), squares.dtype), squares.dtype)


def _real(d: dtypes.DType) -> dtypes.DType:
    return d.real_dtype


def _from_mean(b: Any, x: Any, axis: tuple[int, ...]) -> Any:
    return b.subtract(x, b.reduce_mean(x, axis=axis, keepdims=True))


def _as(b: Any, value: Any, dtype: dtypes.DType) -> Any:
    return value if b.dtype(value) is dtype else b.cast(value, dtype=dtype)


def _variance_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x = node.inputs[0]
    scale = expand_reduced(b, b.divide(b.multiply(ct, 2), reduced_count(b, node, ct)), node)
    return (b.multiply(_as(b, scale, b.dtype(x)), _from_mean(b, x, node.attrs["axis"])),)


def _std_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, y = node.inputs[0], node.outputs[0]
    slope = b.multiply_no_nan(b.reciprocal(y), ct)  # as that of sqrt
    scale = expand_reduced(b, b.divide(slope, reduced_count(b, node, ct)), node)
    return (b.multiply(_as(b, scale, b.dtype(x)), _from_mean(b, x, node.attrs["axis"])),)


def _decompose_variance(b: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    distance = _from_mean(b, x, axis)
    squares = b.square(b.abs(distance) if b.dtype(x).is_complex else distance)
    return b.reduce_mean(squares, axis=axis, keepdims=keepdims)


_SPREAD_CASES = (
    case((2, 3, 4), axis=(0, 2)),
    case((3, 4), axis=(-1,), keepdims=True),
    case((5,), axis=(0,)),
    case((3, 0), axis=(0,)),
)
reduction("reduce_variance", _variance, dtypes=FLOATS + COMPLEX, result=_real, vjp=_variance_vjp,
          decompose=_decompose_variance, cases=_SPREAD_CASES,
          doc="The mean squared distance from the mean, over axes.")  # fmt: skip
reduction("reduce_std", lambda x, axis, keepdims: np.sqrt(_variance(x, axis, keepdims)), dtypes=FLOATS + COMPLEX,
          result=_real, vjp=_std_vjp,
          decompose=lambda b, x, axis, keepdims: b.sqrt(_decompose_variance(b, x, axis, keepdims)), cases=_SPREAD_CASES,
          doc="The square root of the variance, over axes.")  # fmt: skip


def _euclidean_norm(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    if x.dtype.kind in "iu":
        total = np.sum(x * x, axis=axis, keepdims=keepdims, dtype=x.dtype)
        return np.sqrt(total.astype(np.float64)).astype(x.dtype)
    squares = x.real**2 + x.imag**2 if x.dtype.kind == "c" else x * x
    return np.asarray(np.sqrt(accurate_sum(squares, axis, keepdims)), x.dtype)


def _euclidean_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    scale = expand_reduced(b, b.multiply_no_nan(b.reciprocal(node.outputs[0]), ct), node)  # as that of sqrt
    if b.dtype(ct).is_complex:  # the result is real, whatever its dtype says
        scale = b.complex(b.real(scale), b.zeros_like(b.real(scale)))
    return (b.multiply(scale, node.inputs[0]),)


def _decompose_euclidean(b: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    total = b.reduce_sum(b.multiply(x, b.conj(x)), axis=axis, keepdims=keepdims)
    if b.dtype(x).is_integer:
        return b.cast(b.sqrt(b.cast(total, dtype=dtypes.float64)), dtype=b.dtype(x))
    return b.sqrt(total)


reduction("reduce_euclidean_norm", _euclidean_norm, vjp=_euclidean_vjp, decompose=_decompose_euclidean,
          cases=_SPREAD_CASES, doc="The square root of the sum of squares, over axes.")  # fmt: skip


def _logsumexp(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf).astype(x.dtype)
    top = np.where(np.isfinite(top), top, np.zeros((), x.dtype))
    total = np.log(accurate_sum(np.exp(x - top), axis, True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def _finite_or_zero(b: Any, value: Any) -> Any:
    return b.select(b.is_finite(value), value, b.zeros_like(value))


def _logsumexp_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    # Where all are -inf so is the result; the share of each is then taken as 0, not NaN.
    x, y = node.inputs[0], node.outputs[0]
    y = b.select(b.equal(y, b.full_like(y, -np.inf)), b.zeros_like(y), y)
    return (b.multiply(expand_reduced(b, ct, node), b.exp(b.subtract(x, expand_reduced(b, y, node)))),)


def _decompose_logsumexp(b: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    top = b.stop_gradient(_finite_or_zero(b, b.reduce_max(x, axis=axis, keepdims=True)))
    total = b.log(b.reduce_sum(b.exp(b.subtract(x, top)), axis=axis, keepdims=keepdims))
    return b.add(total, top if keepdims else b.reshape(top, shape=b.shape(total)))


reduction(
    "reduce_logsumexp", _logsumexp, dtypes=FLOATS, vjp=_logsumexp_vjp, decompose=_decompose_logsumexp,
    cases=(
        *_reduction_cases(),
        case(np.array([[1000.0, 1000.0], [-np.inf, -np.inf], [np.inf, 1.0]]), axis=(1,), grad=0, name="extremes"),
    ),
    doc="log(sum(exp(x))) over axes, without overflow.",
)  # fmt: skip


def _count_nonzero(x: Any, axis: tuple[int, ...], keepdims: bool, dtype: dtypes.DType) -> Any:
    if x.dtype == object:
        full = np.array([s not in (b"", "") for s in x.ravel()], bool).reshape(x.shape)
    else:
        full = x != np.zeros((), x.dtype)
    return np.asarray(np.sum(full, axis=axis, keepdims=keepdims, dtype=np.int64), dtype.numpy)


register(
    OpDef(
        name="count_nonzero",
        inputs=("x",),
        attrs={"axis": REQUIRED, "keepdims": False, "dtype": dtypes.int64},
        spec=lambda x, axis, keepdims, dtype: TensorType(reduced_shape(x, axis, keepdims), dtype),
        reference=quiet(_count_nonzero),
        dtypes=((*DENSE, dtypes.string),),
        vjp=nondifferentiable("it counts, which is constant between jumps"),
        doc="How many elements are not zero (not empty, for strings), over axes.",
        cases=(
            case(np.array([[0, 1, 2], [0, 0, -1]], np.int32), axis=(1,)),
            case((2, 3), axis=(0, 1), keepdims=True, dtype=dtypes.int32),
            case(np.array([True, False]), axis=(0,)),
            case(np.array([b"", b"a"], object), axis=(0,)),
        ),
    )
)

__all__ = ["accurate_sum", "dimension_scalar", "expand_reduced", "keep_reduced", "normal_axes",
           "reduced_count", "reduced_shape", "reduction"]  # fmt: skip
