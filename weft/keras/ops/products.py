"""Products of vectors, matrices and tensors, and what statistics makes of them."""

from __future__ import annotations

import re
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import config
from weft.keras.core.conversion import cast, convert_to_tensor
from weft.keras.core.dtypes import is_float, result_type, standardize_dtype
from weft.keras.ops.promotion import alike, as_floats, dtype_of, place_of, shape_of, size_of
from weft.keras.ops.records import FUNCTIONS, operation


def _numbers(x: Any) -> tuple[Any, bool]:
    """A tensor that can be multiplied and added up, and whether it stands for booleans."""
    return (tf.cast(x, "int32"), True) if x.dtype == "bool" else (x, False)


def _product(compute: Any, x1: Any, x2: Any) -> Any:
    """A sum of products; of booleans, whether any product is true."""
    x1, x2 = alike(x1, x2, weak=False)
    (first, boolean), (second, _) = _numbers(x1), _numbers(x2)
    found = compute(first, second)
    return tf.cast(found, "bool") if boolean else found


@operation("numpy")
def matmul(x1: Any, x2: Any) -> Any:
    """The products of matrices in the last two axes; a vector stands for a row on the left, a column on the right.

    Args:
        x1: `[..., n, k]` or `[k]`.
        x2: `[..., k, m]` or `[k]`.

    Returns:
        `[..., n, m]`, without the axis of a vector; of int8 matrices int32.
    """
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    matrices = x1.shape.rank != 1 and x2.shape.rank != 1
    if matrices and standardize_dtype(x1.dtype) == standardize_dtype(x2.dtype) == "int8":
        return tf.matmul(x1, x2, output_type="int32")
    if 0 in (x1.shape.rank, x2.shape.rank):
        raise ValueError(explain("matmul: numbers cannot be multiplied so.", received=f"{x1.shape} and {x2.shape}",
                                 hint="use keras.ops.multiply"))  # fmt: skip
    return _product(_matmul, x1, x2)


def _matmul(x: Any, y: Any) -> Any:
    if x.shape.rank == 1 and y.shape.rank == 1:
        return tf.reduce_sum(x * y)
    if y.shape.rank == 1:
        return tf.squeeze(tf.matmul(x, y[:, None]), -1)
    if x.shape.rank == 1:
        return tf.squeeze(tf.matmul(x[None, :], y), -2)
    return tf.matmul(x, y)


@operation("numpy")
def dot(x1: Any, x2: Any) -> Any:
    """The sums of products along the last axis of x1 and the last but one (of vectors, the only one) of x2."""

    def compute(x: Any, y: Any) -> Any:
        if 0 in (x.shape.rank, y.shape.rank):
            return x * y
        return tf.tensordot(x, y, [[-1], [-1 if y.shape.rank == 1 else -2]])

    return _product(compute, x1, x2)


@operation("numpy")
def inner(x1: Any, x2: Any) -> Any:
    """The sums of products along the last axes of both."""

    def compute(x: Any, y: Any) -> Any:
        if 0 in (x.shape.rank, y.shape.rank):
            return x * y
        if None not in (x.shape[-1], y.shape[-1]) and x.shape[-1] != y.shape[-1]:
            raise ValueError(explain(
                "inner: both must have the same last dimension.", received=f"{x.shape} and {y.shape}"
            ))  # fmt: skip
        return tf.tensordot(x, y, [[-1], [-1]])

    return _product(compute, x1, x2)


@operation("numpy")
def outer(x1: Any, x2: Any) -> Any:
    """Every product of a value of x1 with one of x2, `[n, m]` of the flat tensors."""
    return _product(lambda x, y: tf.reshape(x, [-1, 1]) * tf.reshape(y, [1, -1]), x1, x2)


@operation("numpy")
def vdot(x1: Any, x2: Any) -> Any:
    """The sum of products of the flat tensors, of complex x1 conjugated."""
    return _product(lambda x, y: tf.reduce_sum(tf.math.conj(tf.reshape(x, [-1])) * tf.reshape(y, [-1])), x1, x2)


@operation("numpy")
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """The sums of products along axes: the last of x1 and the first of x2 for a number, else pairs of axes."""
    if not isinstance(axes, int):
        axes = [[one] if isinstance(one, int) else list(one) for one in axes]
    return _product(lambda x, y: tf.tensordot(x, y, axes), x1, x2)


@operation("numpy")
def kron(x1: Any, x2: Any) -> Any:
    """The Kronecker product: every value of x1 times the whole of x2, in its place."""

    def compute(x: Any, y: Any) -> Any:
        rank = max(x.shape.rank, y.shape.rank)
        a, b = ([1] * (rank - t.shape.rank) + shape_of(t) for t in (x, y))
        x = tf.reshape(x, [size for one in a for size in (one, 1)])
        y = tf.reshape(y, [size for one in b for size in (1, one)])
        return tf.reshape(x * y, [one * other for one, other in zip(a, b)])

    return _product(compute, x1, x2)


@operation("numpy")
def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The vector product of vectors of 2 or 3 components.

    Args:
        x1: Vectors along `axisa`.
        x2: Vectors along `axisb`.
        axisa: Their axis in x1.
        axisb: Their axis in x2.
        axisc: Their axis in the result.
        axis: One for all three.

    Returns:
        The products; where both have 2 components, the third component alone, without the axis.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = alike(x1, x2, weak=False)
    x, y = FUNCTIONS["moveaxis"](x, axisa, -1), FUNCTIONS["moveaxis"](y, axisb, -1)
    sizes = (x.shape[-1], y.shape[-1])
    if any(size not in (2, 3) for size in sizes):
        raise ValueError(explain(
            "cross: vectors must have 2 or 3 components.", received=f"{x.shape} and {y.shape}, components last"
        ))  # fmt: skip
    (a, b, *c), (d, e, *f) = tf.unstack(x, axis=-1), tf.unstack(y, axis=-1)
    third = a * e - b * d
    if sizes == (2, 2):
        return third
    zero_c, zero_f = c[0] if c else tf.zeros_like(a), f[0] if f else tf.zeros_like(d)
    found = tf.stack([b * zero_f - zero_c * e, zero_c * d - a * zero_f, third], axis=-1)
    return FUNCTIONS["moveaxis"](found, -1, axisc)


@operation("numpy")
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """A sum of products, said by letters: `"ij,jk->ik"` is the product of two matrices.

    Args:
        subscripts: One group of letters an operand, and that of the result.
        *operands: Tensors.
        **kwargs: `optimize`, which changes nothing.
    """
    made = [convert_to_tensor(operand) for operand in operands]
    kinds = {standardize_dtype(x.dtype) for x in made}
    common = "int32" if kinds == {"int8"} else result_type(*(dtype_of(x) for x in made))
    (made, boolean) = ([tf.cast(x, "int32") for x in made], True) if common == "bool" else (
        [cast(x, common) for x in made], False
    )  # fmt: skip
    found = tf.einsum(subscripts, *made)
    return tf.cast(found, "bool") if boolean else found


@operation("numpy")
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """The differences of neighbours along an axis, n times over; of booleans, whether they differ."""
    x = convert_to_tensor(a)
    place = place_of(axis, x.shape.rank)
    for _ in range(n):
        count = size_of(x, place)
        later = tf.gather(x, tf.range(1, count), axis=place)
        earlier = tf.gather(x, tf.range(0, count - 1), axis=place)
        x = tf.not_equal(later, earlier) if x.dtype == "bool" else later - earlier
    return x


@operation("numpy")
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """The sums of products of a vector with another, moved along it.

    Args:
        x1: `[n]`.
        x2: `[m]`.
        mode: "valid" (where they overlap wholly), "same" (as many as the longer has) or "full" (wherever they overlap).
    """
    if mode not in ("valid", "same", "full"):
        raise ValueError(explain(f"correlate: `mode` is {mode!r}.", expected="'valid', 'same' or 'full'"))
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    kind = result_type(x1.dtype, x2.dtype)
    if kind == "int64":
        kind = "float64"
    elif not is_float(kind):
        kind = config.floatx()
    x, y = cast(x1, kind), cast(x2, kind)
    long, short = int(x.shape[0]), int(y.shape[0])
    turned = long < short
    if turned:
        x, y, long, short = y, x, short, long
    before = {"valid": 0, "same": short // 2, "full": short - 1}[mode]
    after = {"valid": 0, "same": short - 1 - short // 2, "full": short - 1}[mode]
    if turned and mode == "same":
        before, after = after, before
    frames = tf.pad(x, [[before, after]])
    places = tf.range(long + before + after - short + 1)[:, None] + tf.range(short)[None, :]
    found = tf.reduce_sum(tf.gather(frames, places) * y[None, :], axis=1)
    return tf.reverse(found, [0]) if turned else found


@operation("numpy")
def corrcoef(x: Any) -> Any:
    """The correlations of the rows with one another, `[rows, rows]`."""
    x = convert_to_tensor(x)
    x = tf.cast(x, "float64") if standardize_dtype(x.dtype) == "int64" else as_floats(x)
    if x.shape.rank == 1:
        x = x[None, :]
    centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
    count = tf.cast(size_of(x, -1) - 1, x.dtype)
    spread = tf.matmul(centred, tf.math.conj(centred), transpose_b=True) / count
    scale = tf.sqrt(tf.linalg.diag_part(spread))
    found = spread / (scale[:, None] * scale[None, :])
    return tf.squeeze(found) if found.shape == (1, 1) else found


@operation("linalg")
def cdist(x: Any, y: Any) -> Any:
    """The distances between every vector of x and every one of y.

    Args:
        x: `[..., n, k]`.
        y: `[..., m, k]`.

    Returns:
        `[..., n, m]`.
    """
    x, y = alike(x, y, rule="float", weak=False)
    return tf.sqrt(tf.reduce_sum(tf.square(x[..., :, None, :] - y[..., None, :, :]), axis=-1))


# Axes by name --------------------------------------------------------------------------------------------------------


def _groups(side: str) -> list[list[str]]:
    found = [part[1:-1].split() if part.startswith("(") else [part] for part in re.findall(r"\([^()]*\)|\S+", side)]
    return [[name for name in group if name != "1"] for group in found]


def _sizes(groups: list[list[str]], shape: list[Any], given: dict[str, int], pattern: str) -> dict[str, Any]:
    known: dict[str, Any] = dict(given)
    for group, size in zip(groups, shape):
        missing = [name for name in group if name not in known]
        if len(missing) > 1:
            raise ValueError(explain(
                f"rearrange: the sizes of {', '.join(missing)} do not follow from {pattern!r}.",
                hint=f"pass them by name: {missing[0]}=…",
            ))  # fmt: skip
        rest = size
        for name in group:
            if name in known:
                rest = rest // known[name]
        if missing:
            known[missing[0]] = rest
    return known


@operation("einops")
def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Axes in another order, joined or taken apart, said by names: `"b (h p) w -> b h (p w)"`.

    Args:
        tensor: Any shape.
        pattern: The axes, `->`, and the axes of the result; those in parentheses are one.
        **axes_lengths: Sizes of axes that do not follow from the shape.

    Example:
        >>> import numpy as np
        >>> from weft import keras
        >>> keras.ops.rearrange(np.zeros((2, 6)), "a (b c) -> b a c", b=3).shape
        TensorShape([3, 2, 2])
    """
    x = convert_to_tensor(tensor)
    if pattern.count("->") != 1:
        raise ValueError(explain(f"rearrange: {pattern!r} is no pattern.", expected="'axes -> axes'"))
    before, after = (_groups(side) for side in pattern.split("->"))
    if len(before) != x.shape.rank:
        raise ValueError(explain(
            f"rearrange: {pattern!r} takes {len(before)} axes.", received=f"shape {x.shape}"
        ))  # fmt: skip
    names = [name for group in before for name in group]
    wanted = [name for group in after for name in group]
    if sorted(names) != sorted(wanted):
        raise ValueError(explain(f"rearrange: both sides of {pattern!r} must name the same axes."))
    known = _sizes(before, shape_of(x), axes_lengths, pattern)
    x = tf.transpose(tf.reshape(x, [known[name] for name in names]), [names.index(name) for name in wanted])
    sizes = []
    for group in after:
        size: Any = 1
        for name in group:
            size = size * known[name]
        sizes.append(size)
    return tf.reshape(x, sizes)
