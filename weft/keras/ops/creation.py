"""New tensors: constants, ranges, windows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras import config
from weft.keras.core.conversion import cast, convert_to_tensor
from weft.keras.core.dtypes import is_int, result_type, standardize_dtype
from weft.keras.ops.promotion import alike, dtype_of, place_of, size_of
from weft.keras.ops.records import FUNCTIONS, operation


def _sizes(shape: Any) -> Any:
    """A shape as `tf` takes it: a single size is a shape, too."""
    return [shape] if isinstance(shape, int) else shape


@operation("numpy")
def zeros(shape: Any, dtype: Any = None) -> Any:
    """Zeros of the default float dtype, or of another."""
    return tf.zeros(_sizes(shape), dtype=standardize_dtype(dtype or config.floatx()))


@operation("numpy")
def ones(shape: Any, dtype: Any = None) -> Any:
    """Ones of the default float dtype, or of another."""
    return tf.ones(_sizes(shape), dtype=standardize_dtype(dtype or config.floatx()))


@operation("numpy")
def empty(shape: Any, dtype: Any = None) -> Any:
    """A tensor whose values do not matter: zeros."""
    return tf.zeros(_sizes(shape), dtype=standardize_dtype(dtype or config.floatx()))


@operation("numpy")
def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """A tensor with one value everywhere, of the default float dtype or of another."""
    return tf.broadcast_to(convert_to_tensor(fill_value, dtype or config.floatx()), _sizes(shape))


@operation("numpy")
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros of the shape and dtype of a tensor."""
    return tf.zeros_like(convert_to_tensor(x), dtype=None if dtype is None else standardize_dtype(dtype))


@operation("numpy")
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones of the shape and dtype of a tensor."""
    return tf.ones_like(convert_to_tensor(x), dtype=None if dtype is None else standardize_dtype(dtype))


@operation("numpy")
def empty_like(x: Any, dtype: Any = None) -> Any:
    """A tensor of the shape and dtype of another, whose values do not matter: zeros."""
    return tf.zeros_like(convert_to_tensor(x), dtype=None if dtype is None else standardize_dtype(dtype))


@operation("numpy")
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """A tensor of the shape and dtype of another, with one value everywhere."""
    x = convert_to_tensor(x)
    return tf.broadcast_to(convert_to_tensor(fill_value, dtype or x.dtype), tf.shape(x))


@operation("numpy")
def array(x: Any, dtype: Any = None) -> Any:
    """A tensor of a value."""
    return convert_to_tensor(x, dtype)


@operation("numpy")
def copy(x: Any) -> Any:
    """The same values as a new tensor."""
    return tf.identity(convert_to_tensor(x))


@operation("numpy")
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """Numbers from `start` up to `stop`, that excluded, in steps.

    Args:
        start: The first; the end where `stop` is None, and 0 is the first.
        stop: The end.
        step: From one to the next; 1 by default.
        dtype: Of the result; by default that in which the numbers meet, int32 for Python's integers.
    """
    if dtype is None:
        kinds = [dtype_of(value) for value in (start, stop, step) if value is not None]
        dtype = result_type(*kinds, int) if kinds == [int] * len(kinds) else result_type(*kinds)
    dtype = standardize_dtype(dtype)
    step = 1 if step is None else step
    bounds = (0, start) if stop is None else (start, stop)
    kind = "int32" if dtype in ("bool", "int8", "uint8", "int16", "uint16", "uint32", "uint64") else dtype
    if kind in ("float16", "bfloat16"):
        kind = "float32"
    first, end = (_number(bound, kind) for bound in bounds)
    made = tf.range(first, end, _number(step, kind), dtype=kind)
    return cast(made, dtype)


def _number(value: Any, dtype: str) -> Any:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and "int" not in dtype else (
        tf.cast(value, dtype)
    )


@operation("numpy")
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on a diagonal, `[N, M]`.

    Args:
        N: The number of rows.
        M: That of columns; as many by default.
        k: Which diagonal; positive ones lie above the main one.
        dtype: Of the result; the default float by default.
    """
    for size in (N, M):
        kind = getattr(size, "dtype", None)
        if isinstance(size, float) or (kind is not None and not is_int(kind)):
            raise TypeError(explain("eye: sizes must be integers.", received=repr(size)))
    rows, columns = tf.range(N)[:, None], tf.range(N if M is None else M)[None, :]
    return tf.cast(tf.equal(columns - rows, k), standardize_dtype(dtype or config.floatx()))


@operation("numpy")
def identity(n: int, dtype: Any = None) -> Any:
    """The identity matrix `[n, n]`."""
    return FUNCTIONS["eye"](n, dtype=dtype)


@operation("numpy")
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on and below a diagonal, `[N, M]`; arguments as for `eye`."""
    rows, columns = tf.range(N)[:, None], tf.range(N if M is None else M)[None, :]
    return tf.cast(columns - rows <= k, standardize_dtype(dtype or config.floatx()))


def _even(start: Any, stop: Any, num: int, endpoint: bool, axis: int) -> tuple[Any, Any]:
    """Evenly spaced numbers, as floats, and the distance between them."""
    if num < 0:
        raise ValueError(explain("linspace: `num` must not be negative.", received=repr(num)))
    start, stop = alike(start, stop, rule="float", weak=False)
    parts = num - 1 if endpoint else num
    step = (stop - start) / tf.cast(parts, start.dtype) if parts > 0 else tf.fill(tf.shape(start + stop), math.nan)
    first = tf.expand_dims(start + tf.zeros_like(stop), 0)
    numbers = tf.reshape(tf.cast(tf.range(num), start.dtype), [-1] + [1] * (first.shape.rank - 1))
    last = tf.expand_dims(stop + tf.zeros_like(start), 0)
    if parts > 0:
        share = numbers / tf.cast(parts, start.dtype)
        made = tf.where(tf.equal(numbers, parts), last, first + (last - first) * share)
    else:
        made = first + numbers
    rank = made.shape.rank
    place = place_of(axis, rank)
    order = list(range(1, rank))
    order.insert(place, 0)
    return tf.transpose(made, order), step


@operation("numpy")
def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """Evenly spaced numbers.

    Args:
        start: The first, a number or tensor.
        stop: The last, or, without `endpoint`, the one that would follow.
        num: How many.
        endpoint: Whether `stop` is among them.
        retstep: Whether the distance is returned, too.
        dtype: Of the result; floats by default.
        axis: Where the numbers stand in the result, for tensors.

    Returns:
        The numbers; with `retstep` the pair (numbers, distance).
    """
    made, step = _even(start, stop, num, endpoint, axis)
    if dtype is not None:
        dtype = standardize_dtype(dtype)
        made = cast(tf.floor(made) if "int" in dtype else made, dtype)
    return (made, step) if retstep else made


@operation("numpy")
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None, axis: int = 0
) -> Any:
    """Powers of `base` from base^start to base^stop, evenly spaced in the exponent; arguments as for `linspace`."""
    exponents, _ = _even(start, stop, num, endpoint, axis)
    made = tf.pow(tf.cast(base, exponents.dtype), exponents)
    return made if dtype is None else cast(made, dtype)


@operation("numpy")
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """Numbers from `start` to `stop`, each the same multiple of the one before; arguments as for `linspace`."""
    start, stop = alike(start, stop, rule="float", weak=False)
    exponents, _ = _even(tf.math.log(tf.abs(start)), tf.math.log(tf.abs(stop)), num, endpoint, axis)
    made = tf.exp(exponents) * tf.sign(start)
    return made if dtype is None else cast(made, dtype)


@operation("numpy")
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of `[n]` numbers side by side, `[n, N]`, the highest first unless `increasing`."""
    x = convert_to_tensor(x)
    if x.shape.rank != 1:
        raise ValueError(explain("vander: `x` must have one axis.", received=f"shape {x.shape}"))
    count = size_of(x, 0) if N is None else N
    kind = "int64" if is_int(x.dtype) else result_type(x.dtype, config.floatx())
    powers = tf.range(count) if increasing else tf.range(count - 1, -1, -1)
    return cast(tf.pow(cast(x, kind)[:, None], tf.cast(powers, kind)[None, :]), x.dtype)


# Windows -------------------------------------------------------------------------------------------------------------


def _window(x: Any, weights: tuple[float, ...] | None) -> Any:
    """A sum of cosines over `x` places; without weights, a triangle."""
    count = int(np.asarray(x))
    if count <= 1:
        return tf.ones([count], dtype=config.floatx())
    places = np.arange(count, dtype=np.float64) / (count - 1)
    if weights is None:
        values = 1.0 - np.abs(2.0 * places - 1.0)
    else:
        turns = 2.0 * math.pi * np.arange(len(weights))[:, None] * places
        values = np.array(weights) @ np.cos(turns)
    return tf.constant(values, dtype=config.floatx())


_WINDOWS: dict[str, tuple[tuple[float, ...] | None, str]] = {
    "bartlett": (None, "The triangular window of `x` values."),
    "hanning": ((0.5, -0.5), "The Hann window of `x` values."),
    "hamming": ((0.54, -0.46), "The Hamming window of `x` values."),
    "blackman": ((0.42, -0.5, 0.08), "The Blackman window of `x` values."),
}


def _enter_window(name: str, weights: tuple[float, ...] | None, doc: str) -> None:
    def function(x: int) -> Any:
        return _window(x, weights)

    function.__doc__ = doc
    operation("numpy", name)(function)


for _name, (_weights, _doc) in _WINDOWS.items():
    _enter_window(_name, _weights, _doc)


@operation("numpy")
def kaiser(x: int, beta: float) -> Any:
    """The Kaiser window of `x` values, narrower for a greater `beta`."""
    count = int(np.asarray(x))
    if count <= 1:
        return tf.ones([count], dtype=config.floatx())
    places = 2.0 * np.arange(count) / (count - 1) - 1.0
    beta = float(np.asarray(beta))
    inside = tf.constant(beta * np.sqrt(np.maximum(1.0 - places**2, 0.0)))
    return cast(tf.math.bessel_i0(inside) / tf.math.bessel_i0(tf.constant(beta, dtype="float64")), config.floatx())


@operation("numpy")
def meshgrid(*x: Any, indexing: str = "xy") -> Any:
    """Coordinates of a grid: one tensor a vector, each of the shape of the grid.

    Args:
        *x: Vectors `[n]`, `[m]`, ….
        indexing: "xy", where the first vector goes along the second axis, or "ij".

    Returns:
        A list of tensors.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(explain("meshgrid: `indexing` must be 'xy' or 'ij'.", received=repr(indexing)))
    return list(tf.meshgrid(*(tf.reshape(convert_to_tensor(one), [-1]) for one in x), indexing=indexing))
