"""`tf.experimental.numpy`: products of vectors, matrices and larger arrays."""

from __future__ import annotations

from typing import Any

from weft.api import array as arrays
from weft.api import math, matrices
from weft.api.numpy.conversion import asarray, known_rank, place_of, together, with_axes
from weft.api.numpy.shaping import moveaxis
from weft.base.errors import InvalidArgumentError, explain


def dot(a: Any, b: Any) -> Any:
    """The sum of products over the last axis of `a` and the last but one of `b` (the only one of a vector)."""
    x, y = together(a, b)
    if 0 in (known_rank(x), known_rank(y)):
        return x * y
    return math.tensordot(x, y, [[-1 + known_rank(x)], [max(known_rank(y) - 2, 0)]])


def inner(a: Any, b: Any) -> Any:
    """The sum of products over the last axes."""
    x, y = together(a, b)
    if 0 in (known_rank(x), known_rank(y)):
        return x * y
    return math.tensordot(x, y, [[known_rank(x) - 1], [known_rank(y) - 1]])


def vdot(a: Any, b: Any) -> Any:
    """The sum of products of all elements; those of `a` conjugated."""
    x, y = together(a, b)
    x, y = arrays.reshape(x, [-1]), arrays.reshape(y, [-1])
    return math.tensordot(math.conj(x) if x.dtype.is_complex else x, y, 1)


def outer(a: Any, b: Any) -> Any:
    """The products of all pairs."""
    x, y = together(a, b)
    return arrays.reshape(x, [-1, 1]) * arrays.reshape(y, [-1])


def matmul(x1: Any, x2: Any) -> Any:
    """The matrix product over the last two axes; a vector is a row on the left and a column on the right.

    Raises:
        ValueError: Where sizes do not fit.
    """
    x, y = together(x1, x2)
    try:
        if known_rank(y) == 1:
            return math.tensordot(x, y, 1)
        return math.tensordot(x, y, [[0], [known_rank(y) - 2]]) if known_rank(x) == 1 else math.matmul(x, y)
    except InvalidArgumentError as error:
        raise ValueError(str(error)) from error


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum of products over axes of both: so many, the last of one and the first of the other, or those named."""
    x, y = together(a, b)
    return math.tensordot(x, y, axes)


def kron(a: Any, b: Any) -> Any:
    """Kronecker's product: every element of `a` times the whole of `b`."""
    x, y = together(a, b)
    rank = max(known_rank(x), known_rank(y))
    x, y = with_axes(x, rank), with_axes(y, rank)
    sizes = [arrays.shape(x), arrays.shape(y)]
    ones = arrays.ones_like(sizes[0])
    spread = arrays.reshape(x, arrays.reshape(arrays.stack([sizes[0], ones], 1), [-1]))
    repeated = arrays.reshape(y, arrays.reshape(arrays.stack([ones, sizes[1]], 1), [-1]))
    return arrays.reshape(spread * repeated, sizes[0] * sizes[1])


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    """The cross product of vectors of 3 (or 2) numbers along an axis.

    Args:
        a: An array.
        b: Another one, whose other axes broadcast.
        axisa: The axis of the vectors of `a`.
        axisb: That of `b`.
        axisc: That of the result.
        axis: All three at once.

    Raises:
        ValueError: For vectors of another length.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = together(a, b)
    x, y = moveaxis(x, axisa, -1), moveaxis(y, axisb, -1)
    flat = x.shape[-1] == 2 and y.shape[-1] == 2
    if x.shape[-1] not in (2, 3) or y.shape[-1] not in (2, 3):
        raise ValueError(explain("cross takes vectors of 2 or 3 numbers.", received=f"{x.shape} and {y.shape}"))
    x, y = (arrays.pad(v, [[0, 0]] * (known_rank(v) - 1) + [[0, 1]]) if v.shape[-1] == 2 else v for v in (x, y))
    whole = arrays.broadcast_dynamic_shape(arrays.shape(x), arrays.shape(y))
    found = matrices.cross(arrays.broadcast_to(x, whole), arrays.broadcast_to(y, whole))
    return found[..., 2] if flat else moveaxis(found, -1, place_of(axisc, known_rank(found)))


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """Sums of products by Einstein's notation; operands are brought to one dtype unless `casting="no"`."""
    casting = kwargs.get("casting", "safe")
    if casting not in ("safe", "no"):
        raise ValueError(explain("einsum: `casting` is 'safe' or 'no'.", received=repr(casting)))
    return math.einsum(subscripts, *(together(*operands) if casting == "safe" else map(asarray, operands)))


def polyval(p: Any, x: Any) -> Any:
    """The values of a polynomial whose coefficients are given from the highest power down."""
    coefficients, places = together(p, x)
    parts = arrays.unstack(with_axes(coefficients, 1))
    return math.polyval(parts, places) if len(parts) > 1 else arrays.broadcast_to(parts[0], arrays.shape(places))
