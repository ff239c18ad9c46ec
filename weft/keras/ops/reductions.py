"""Sums, means, extrema, running sums and quantiles, with Keras' dtype rules; and the same without NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import explain, nearest
from weft.keras.core.conversion import cast, convert_to_tensor
from weft.keras.core.dtypes import is_float, result_type, standardize_dtype
from weft.keras.ops.promotion import RULES, alike, as_floats, axes_of, place_of, shape_of, to_rule
from weft.keras.ops.records import FUNCTIONS, operation


def _listed(axis: Any) -> Any:
    return list(axis) if isinstance(axis, (tuple, list)) else axis


def _in_float32(compute: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Any:
    """A mean or variance: added up in float32 at least, given back in the float dtype of the rule."""
    x = convert_to_tensor(x)
    wanted = RULES["float"](standardize_dtype(x.dtype))
    x = cast(x, result_type(x.dtype, "float32") if is_float(x.dtype) else wanted)
    found = compute(x, axis=_listed(axis), keepdims=keepdims)
    return cast(found, wanted if "complex" not in wanted else found.dtype)


def _extremum(compute: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, axis: Any, keepdims: bool) -> Any:
        if x.dtype == "bool":
            return tf.cast(compute(tf.cast(x, "uint8"), axis=axis, keepdims=keepdims), "bool")
        return compute(x, axis=axis, keepdims=keepdims)

    return call


_max, _min = _extremum(tf.reduce_max), _extremum(tf.reduce_min)

#: name → (what computes it, the dtype rule, its docstring)
_PLAIN: dict[str, tuple[Callable[..., Any], str, str]] = {
    "sum": (tf.reduce_sum, "sum", "The sum along axes (all by default)."),
    "amax": (_max, "same", "The greatest value along axes (all by default)."),
    "amin": (_min, "same", "The least value along axes (all by default)."),
    "ptp": (lambda x, axis, keepdims: _max(x, axis, keepdims) - _min(x, axis, keepdims), "same",
            "The greatest minus the least value along axes (all by default)."),
    "all": (lambda x, axis, keepdims: tf.reduce_all(tf.cast(x, "bool"), axis=axis, keepdims=keepdims), "same",
            "Whether all is true along axes (all by default)."),
    "any": (lambda x, axis, keepdims: tf.reduce_any(tf.cast(x, "bool"), axis=axis, keepdims=keepdims), "same",
            "Whether something is true along axes (all by default)."),
}  # fmt: skip


def _enter(name: str, compute: Callable[..., Any], rule: str, doc: str) -> None:
    def function(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return compute(to_rule(x, rule), axis=_listed(axis), keepdims=keepdims)

    function.__doc__ = doc
    operation("numpy", name)(function)


for _name, (_compute, _rule, _doc) in _PLAIN.items():
    _enter(_name, _compute, _rule, _doc)


def _bounded(name: str, compute: Callable[..., Any], pick: Callable[..., Any], doc: str) -> None:
    def function(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
        x = convert_to_tensor(x)
        if 0 in tuple(x.shape):
            if initial is None:
                raise tf.errors.InvalidArgumentError(None, None, explain(
                    f"{name}: an empty tensor has none.", received=f"shape {tuple(x.shape)}", hint="give `initial`"
                ))  # fmt: skip
            first = tf.fill(tf.shape(tf.reduce_sum(to_rule(x, "number"), axis=_listed(axis), keepdims=keepdims)), 0)
            return tf.zeros_like(first, dtype=x.dtype) + tf.cast(initial, x.dtype)
        found = compute(x, axis=_listed(axis), keepdims=keepdims)
        if initial is None:
            return found
        if found.dtype == "bool":
            return tf.cast(pick(tf.cast(found, "int32"), tf.cast(tf.cast(initial, "bool"), "int32")), "bool")
        return pick(found, tf.cast(initial, found.dtype))

    function.__doc__ = doc
    operation("numpy", name)(function)


_bounded("max", _max, tf.maximum, "The greatest value along axes (all by default), at least `initial`.")
_bounded("min", _min, tf.minimum, "The least value along axes (all by default), at most `initial`.")


@operation("numpy")
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean along axes (all by default); of integers a float."""
    return _in_float32(tf.reduce_mean, x, axis, keepdims)


@operation("numpy")
def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The variance along axes (all by default)."""
    return _in_float32(tf.math.reduce_variance, x, axis, keepdims)


@operation("numpy")
def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard deviation along axes (all by default)."""
    return _in_float32(tf.math.reduce_std, x, axis, keepdims)


@operation("numpy")
def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The product along axes (all by default)."""
    x = convert_to_tensor(x)
    x = cast(x, dtype) if dtype is not None else to_rule(x, "sum")
    return tf.reduce_prod(x, axis=_listed(axis), keepdims=keepdims)


@operation("numpy")
def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """The mean along an axis (all by default), weighted.

    Args:
        x: Any shape.
        axis: The axis or axes.
        weights: Of the shape of `x`, or one weight a place along `axis`.

    Raises:
        ValueError: For weights of another shape.
    """
    if weights is None:
        x = as_floats(x)
        return tf.reduce_mean(x, axis=_listed(axis))
    x, weights = alike(x, weights, rule="float", weak=False)
    if weights.shape.rank == 1 and x.shape.rank != 1:
        if axis is None or isinstance(axis, (tuple, list)):
            raise ValueError(explain(
                "average: one weight a place needs one axis.", received=f"axis {axis!r}, weights {weights.shape}",
                hint="pass axis=n, or weights of the shape of x",
            ))  # fmt: skip
        place = place_of(axis, x.shape.rank)
        weights = tf.reshape(weights, [-1 if one == place else 1 for one in range(x.shape.rank)])
    total = tf.reduce_sum(x * weights, axis=_listed(axis))
    return total / tf.reduce_sum(weights + tf.zeros_like(x), axis=_listed(axis))


@operation("numpy")
def count_nonzero(x: Any, axis: Any = None) -> Any:
    """How many values are not 0 along axes (all by default), int32."""
    return tf.math.count_nonzero(convert_to_tensor(x), axis=_listed(axis), dtype="int32")


def _place(compute: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Any:
    if x.dtype == "bool":
        x = tf.cast(x, "uint8")
    rank = x.shape.rank
    found = compute(tf.reshape(x, [-1]) if axis is None else x, axis=0 if axis is None else axis, output_type="int32")
    if not keepdims:
        return found
    return tf.reshape(found, [1] * rank) if axis is None else tf.expand_dims(found, axis)


@operation("numpy")
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the greatest value is along an axis (in the flat tensor by default), int32."""
    return _place(tf.argmax, convert_to_tensor(x), axis, keepdims)


@operation("numpy")
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the least value is along an axis (in the flat tensor by default), int32."""
    return _place(tf.argmin, convert_to_tensor(x), axis, keepdims)


def _running(compute: Callable[..., Any], x: Any, axis: int | None, dtype: Any) -> Any:
    x = convert_to_tensor(x)
    x = cast(x, dtype) if dtype is not None else x
    if x.dtype == "bool":
        x = tf.cast(x, "int32")
    if isinstance(axis, (tuple, list)) and len(axis) == 1:
        axis = axis[0]
    return compute(tf.reshape(x, [-1]), axis=0) if axis is None else compute(x, axis=axis)


@operation("numpy")
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running sums along an axis (of the flat tensor by default)."""
    return _running(tf.cumsum, x, axis, dtype)


@operation("numpy")
def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running products along an axis (of the flat tensor by default)."""
    return _running(tf.math.cumprod, x, axis, dtype)


@operation("math")
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(Σ eˣ) along axes (all by default), without overflow."""
    return tf.reduce_logsumexp(as_floats(x), axis=_listed(axis), keepdims=keepdims)


@operation("nn")
def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> Any:
    """Mean and variance along axes, computed in float32 at least.

    Args:
        x: Any shape.
        axes: Which axes.
        keepdims: Whether they stay, with size 1.
        synchronized: Whether over all replicas; there is one.

    Returns:
        The pair (mean, variance).
    """
    x = convert_to_tensor(x)
    narrow = standardize_dtype(x.dtype) if standardize_dtype(x.dtype) in ("float16", "bfloat16") else None
    wide = cast(x, "float32") if narrow else x
    centre = tf.reduce_mean(wide, axis=_listed(axes), keepdims=True)
    spread = tf.reduce_mean(tf.square(wide), axis=_listed(axes), keepdims=True) - tf.square(centre)
    if not keepdims:
        centre, spread = (tf.squeeze(part, axes_of(axes, x.shape.rank)) for part in (centre, spread))
    if narrow is None:
        return centre, spread
    low, high = tf.as_dtype(narrow).min, tf.as_dtype(narrow).max
    return tuple(tf.cast(tf.clip_by_value(part, float(low), float(high)), narrow) for part in (centre, spread))


# Quantiles -----------------------------------------------------------------------------------------------------------

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(x: Any, q: Any, axis: Any, method: str, keepdims: bool, skip_nan: bool) -> Any:
    """Quantiles of the sorted values along axes; `q` in [0, 1], `[]` or `[n]`, which becomes the first axis."""
    if method not in _METHODS:
        raise ValueError(explain(
            f"quantile: `method` is {method!r}. {nearest(str(method), _METHODS)}",
            expected="one of " + ", ".join(map(repr, _METHODS)),
        ))  # fmt: skip
    x = as_floats(x)
    rank = x.shape.rank
    axes = axes_of(axis, rank)
    kept = [one for one in range(rank) if one not in axes]
    sizes = shape_of(x)
    rows = tf.reshape(tf.transpose(x, [*kept, *axes]), [*(sizes[one] for one in kept), -1])
    missing = tf.math.is_nan(rows)
    rows = tf.sort(tf.where(missing, tf.cast(math.inf, x.dtype), rows), axis=-1)
    numbers = tf.reduce_sum(tf.cast(~missing, "int32"), axis=-1) if skip_nan else shape_of(rows)[-1]
    wide = "float64" if x.dtype == "float64" else "float32"
    q = cast(convert_to_tensor(q), wide)
    found = [_at_quantile(rows, one, numbers, method, wide) for one in ([q] if q.shape.rank == 0 else tf.unstack(q))]
    absent = tf.equal(numbers, 0) if skip_nan else tf.reduce_any(missing, axis=-1)
    found = [tf.where(absent, tf.cast(math.nan, x.dtype), one) for one in found]
    if keepdims:
        whole = [1 if one in axes else sizes[one] for one in range(rank)]
        found = [tf.reshape(one, whole) for one in found]
    return found[0] if q.shape.rank == 0 else tf.stack(found)


def _at_quantile(rows: Any, q: Any, numbers: Any, method: str, wide: str) -> Any:
    last = tf.maximum(tf.cast(numbers, wide) - 1, 0)
    place = q * last
    below, above = tf.floor(place), tf.math.ceil(place)

    def pick(index: Any) -> Any:
        index = tf.cast(tf.clip_by_value(index, tf.zeros_like(last), last), "int32")
        if index.shape.rank == 0:
            return tf.gather(rows, index, axis=-1)
        return tf.squeeze(FUNCTIONS["take_along_axis"](rows, index[..., None], axis=-1), -1)

    if method == "nearest":
        return pick(tf.round(place))
    if method == "lower":
        return pick(below)
    if method == "higher":
        return pick(above)
    low, high = pick(below), pick(above)
    if method == "midpoint":
        return (low + high) * tf.cast(0.5, low.dtype)
    share = tf.cast(place - below, low.dtype)
    return tf.where(tf.equal(low, high), low, low + (high - low) * share)


@operation("numpy")
def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Quantiles along axes.

    Args:
        x: Any shape.
        q: Shares in [0, 1], one or `[n]`.
        axis: The axes; all by default.
        method: Between two values: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: Whether the axes stay, with size 1.

    Returns:
        Floats; several quantiles stand along a first axis.

    Example:
        >>> from weft import keras
        >>> float(keras.ops.quantile([1.0, 2.0, 4.0], 0.75))
        3.0
    """
    return _quantile(x, q, axis, method, keepdims, skip_nan=False)


@operation("numpy")
def nanquantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Quantiles along axes, of what is not NaN; arguments as for `quantile`."""
    return _quantile(x, q, axis, method, keepdims, skip_nan=True)


@operation("numpy")
def percentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """As `quantile`, with shares in per cent."""
    return _quantile(x, _share(q), axis, method, keepdims, skip_nan=False)


@operation("numpy")
def nanpercentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """As `nanquantile`, with shares in per cent."""
    return _quantile(x, _share(q), axis, method, keepdims, skip_nan=True)


def _share(q: Any) -> Any:
    q = as_floats(q)
    return q / tf.cast(100, q.dtype)


@operation("numpy")
def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The middle value along axes (all by default), or the mean of the two in the middle."""
    return _quantile(x, 0.5, axis, "midpoint", keepdims, skip_nan=False)


@operation("numpy")
def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The median along axes (all by default) of what is not NaN."""
    return _quantile(x, 0.5, axis, "midpoint", keepdims, skip_nan=True)


# Without NaN ---------------------------------------------------------------------------------------------------------


def _filled(x: Any, value: float) -> Any:
    """The tensor with a number for NaN."""
    x = convert_to_tensor(x)
    return tf.where(tf.math.is_nan(x), tf.cast(value, x.dtype), x) if is_float(x.dtype) else x


def _all_missing(x: Any, axis: Any, keepdims: bool) -> Any:
    return tf.reduce_all(tf.math.is_nan(x), axis=_listed(axis), keepdims=keepdims)


@operation("numpy")
def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum along axes (all by default), NaN counting as 0."""
    return FUNCTIONS["sum"](_filled(x, 0), axis, keepdims)


@operation("numpy")
def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The product along axes (all by default), NaN counting as 1."""
    return FUNCTIONS["prod"](_filled(x, 1), axis, keepdims)


@operation("numpy")
def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running sums along an axis (of the flat tensor by default), NaN counting as 0."""
    return _running(tf.cumsum, _filled(x, 0), axis, dtype)


@operation("numpy")
def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running products along an axis (of the flat tensor by default), NaN counting as 1."""
    return _running(tf.math.cumprod, _filled(x, 1), axis, dtype)


def _nan_extremum(compute: Callable[..., Any], worst: float, x: Any, axis: Any, keepdims: bool) -> Any:
    x = convert_to_tensor(x)
    found = compute(_filled(x, worst), axis=_listed(axis), keepdims=keepdims)
    if not is_float(x.dtype):
        return found
    return tf.where(_all_missing(x, axis, keepdims), tf.cast(math.nan, x.dtype), found)


@operation("numpy")
def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The greatest value along axes (all by default) that is not NaN."""
    return _nan_extremum(_max, -math.inf, x, axis, keepdims)


@operation("numpy")
def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The least value along axes (all by default) that is not NaN."""
    return _nan_extremum(_min, math.inf, x, axis, keepdims)


def _nan_place(compute: Callable[..., Any], worst: float, x: Any, axis: Any, keepdims: bool) -> Any:
    x = convert_to_tensor(x)
    found = _place(compute, _filled(x, worst), axis, keepdims)
    if not is_float(x.dtype):
        return found
    return tf.where(_all_missing(x, axis, keepdims), tf.cast(-1, "int32"), found)


@operation("numpy")
def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the greatest value that is not NaN is along an axis (in the flat tensor by default); -1 without any."""
    return _nan_place(tf.argmax, -math.inf, x, axis, keepdims)


@operation("numpy")
def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the least value that is not NaN is along an axis (in the flat tensor by default); -1 where all is NaN."""
    return _nan_place(tf.argmin, math.inf, x, axis, keepdims)


def _present(x: Any, axis: Any, keepdims: bool) -> tuple[Any, Any, Any]:
    """Values in float32 at least, where they are there, and how many there are."""
    x = as_floats(x)
    x = x if "complex" in standardize_dtype(x.dtype) else cast(x, result_type(x.dtype, "float32"))
    there = tf.cast(tf.equal(x, x), x.dtype)
    return x, there, tf.reduce_sum(there, axis=_listed(axis), keepdims=keepdims)


@operation("numpy")
def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean along axes (all by default) of what is not NaN."""
    wanted = as_floats(x).dtype
    wide, _, count = _present(x, axis, keepdims)
    return cast(tf.reduce_sum(_filled(wide, 0), axis=_listed(axis), keepdims=keepdims) / count, wanted)


@operation("numpy")
def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The variance along axes (all by default) of what is not NaN."""
    wanted = as_floats(x).dtype
    wide, there, count = _present(x, axis, keepdims)
    whole = tf.reduce_sum(there, axis=_listed(axis), keepdims=True)
    centre = tf.reduce_sum(_filled(wide, 0), axis=_listed(axis), keepdims=True) / whole
    squares = tf.square(_filled(wide, 0) - centre) * there
    return cast(tf.reduce_sum(squares, axis=_listed(axis), keepdims=keepdims) / count, wanted)


@operation("numpy")
def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard deviation along axes (all by default) of what is not NaN."""
    return tf.sqrt(FUNCTIONS["nanvar"](x, axis, keepdims))


@operation("numpy")
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The integral along an axis by the trapezoidal rule.

    Args:
        y: Values.
        x: Where they are, of the shape of `y` or `[n]`; evenly spaced by default.
        dx: The distance between two places where `x` is None.
        axis: The axis.
    """
    y = as_floats(y)
    y = tf.transpose(y, _to_the_end(axis, y.shape.rank))
    if x is None:
        steps: Any = tf.cast(dx, y.dtype)
    else:
        places = cast(convert_to_tensor(x), y.dtype)
        if places.shape.rank == y.shape.rank and places.shape.rank > 1:
            places = tf.transpose(places, _to_the_end(axis, places.shape.rank))
        steps = places[..., 1:] - places[..., :-1]
    return tf.reduce_sum(steps * (y[..., 1:] + y[..., :-1]) * tf.cast(0.5, y.dtype), axis=-1)


def _to_the_end(axis: int, rank: int) -> list[int]:
    place = place_of(axis, rank)
    return [*(one for one in range(rank) if one != place), place]
