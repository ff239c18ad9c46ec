"""Matrices: factors, inverses, equations, norms."""

from __future__ import annotations

import math
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras.core.conversion import cast, convert_to_tensor
from weft.keras.core.dtypes import standardize_dtype
from weft.keras.ops.promotion import alike, as_floats, axes_of, size_of
from weft.keras.ops.records import FUNCTIONS, operation


def _matrices(function: str, x: Any, square: bool = False) -> Any:
    x = as_floats(x)
    if x.shape.rank is not None and x.shape.rank < 2:
        raise ValueError(explain(f"{function}: a matrix is needed in the last two axes.", received=f"shape {x.shape}"))
    if square and None not in x.shape[-2:] and x.shape[-1] != x.shape[-2]:
        raise ValueError(explain(f"{function}: the matrices must be square.", received=f"shape {x.shape}"))
    return x


def _turned(x: Any) -> Any:
    return tf.linalg.matrix_transpose(x)


@operation("linalg")
def cholesky(x: Any, upper: bool = False) -> Any:
    """The lower factor L of L Lᵀ = x for positive definite matrices `[..., n, n]`; with `upper`, its transpose."""
    found = tf.linalg.cholesky(_matrices("cholesky", x, square=True))
    return _turned(found) if upper else found


@operation("linalg")
def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """The inverse of L Lᵀ (of Uᵀ U with `upper`) from the factor `[..., n, n]`."""
    x = _matrices("cholesky_inverse", x, square=True)
    lower = _turned(x) if upper else x
    eye = tf.eye(size_of(x, -1), batch_shape=[size_of(x, axis) for axis in range(x.shape.rank - 2)], dtype=x.dtype)
    half = tf.linalg.triangular_solve(lower, eye, lower=True)
    return tf.matmul(half, half, transpose_a=True)


@operation("linalg")
def det(x: Any) -> Any:
    """The determinants of matrices `[..., n, n]`."""
    return tf.linalg.det(_matrices("det", x, square=True))


@operation("linalg")
def slogdet(x: Any) -> Any:
    """The signs of the determinants of matrices `[..., n, n]`, and the logarithms of their sizes."""
    return tuple(tf.linalg.slogdet(_matrices("slogdet", x, square=True)))


@operation("linalg")
def logdet(x: Any) -> Any:
    """The logarithms of the determinants of positive definite matrices `[..., n, n]`."""
    return tf.linalg.logdet(_matrices("logdet", x, square=True))


@operation("linalg")
def inv(x: Any) -> Any:
    """The inverses of matrices `[..., n, n]`."""
    return tf.linalg.inv(_matrices("inv", x, square=True))


@operation("linalg")
def pinv(x: Any, rcond: float | None = None) -> Any:
    """The pseudo-inverses of matrices `[..., n, m]`; singular values below `rcond` times the greatest count as 0."""
    return tf.linalg.pinv(_matrices("pinv", x), rcond=rcond)


@operation("linalg")
def eig(x: Any) -> Any:
    """Eigenvalues `[..., n]` and eigenvectors `[..., n, n]` (in columns) of matrices, complex."""
    return tuple(tf.linalg.eig(_matrices("eig", x, square=True)))


@operation("linalg")
def eigh(x: Any) -> Any:
    """Eigenvalues `[..., n]` in rising order and eigenvectors `[..., n, n]` (in columns) of symmetric matrices."""
    return tuple(tf.linalg.eigh(_matrices("eigh", x, square=True)))


@operation("linalg")
def lu_factor(x: Any) -> Any:
    """L and U in one matrix (without L's ones), and where each row of x is found in L U (int32)."""
    factors, order = tf.linalg.lu(_matrices("lu_factor", x))
    return factors, tf.argsort(order, axis=-1)  # the inverse


@operation("linalg")
def qr(x: Any, mode: str = "reduced") -> Any:
    """Q and R of Q R = x, for matrices `[..., n, m]`; "complete" gives a square Q."""
    if mode not in ("reduced", "complete"):
        raise ValueError(explain(
            f"qr: `mode` argument value not supported. Expected one of {{'reduced', 'complete'}}. Received: mode={mode}"
        ))  # fmt: skip
    return tuple(tf.linalg.qr(_matrices("qr", x), full_matrices=mode == "complete"))


@operation("linalg")
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The factors of matrices `[..., n, m]`.

    Args:
        x: The matrices.
        full_matrices: Whether U and V are square.
        compute_uv: Whether they are wanted.

    Returns:
        The triple (U, singular values, Vᴴ), or the singular values alone.
    """
    x = _matrices("svd", x)
    if not compute_uv:
        return tf.linalg.svd(x, compute_uv=False)
    values, left, right = tf.linalg.svd(x, full_matrices=full_matrices)
    return left, values, tf.math.conj(_turned(right)) if "complex" in x.dtype.name else _turned(right)


@operation("linalg")
def matrix_rank(x: Any, tol: Any = None) -> Any:
    """How many singular values of matrices `[..., n, m]` are greater than `tol`, int32."""
    x = _matrices("matrix_rank", x)
    values = tf.linalg.svd(x, compute_uv=False)
    if tol is None:
        size = max(int(x.shape[-1]), int(x.shape[-2]))
        eps = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10}[standardize_dtype(values.dtype)]
        tol = tf.reduce_max(values, axis=-1, keepdims=True) * size * eps
    else:
        tol = convert_to_tensor(tol, values.dtype)
        tol = tol[..., None] if tol.shape.rank else tol
    return tf.reduce_sum(tf.cast(values > tol, "int32"), axis=-1)


@operation("linalg")
def solve(a: Any, b: Any) -> Any:
    """The solutions of a x = b.

    Args:
        a: `[..., n, n]`.
        b: `[..., n, k]`, or `[..., n]` for one equation each.
    """
    a, b = alike(a, b, rule="float", weak=False)
    if b.shape.rank == a.shape.rank - 1:
        return tf.squeeze(tf.linalg.solve(a, b[..., None]), -1)
    return tf.linalg.solve(a, b)


@operation("linalg")
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """The solutions of a x = b for upper triangular matrices, or `lower` ones; shapes as for `solve`."""
    a, b = alike(a, b, rule="float", weak=False)
    if b.shape.rank == a.shape.rank - 1:
        return tf.squeeze(tf.linalg.triangular_solve(a, b[..., None], lower=lower), -1)
    return tf.linalg.triangular_solve(a, b, lower=lower)


@operation("linalg")
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """The x for which a x is nearest to b.

    Args:
        a: `[n, m]`.
        b: `[n]` or `[n, k]`.
        rcond: Singular values below this share of the greatest count as 0.
    """
    a, b = alike(a, b, rule="float", weak=False)
    if rcond is None:
        eps = {"float64": 2.0**-52, "float32": 2.0**-23}[standardize_dtype(a.dtype)]
        rcond = eps * max(int(a.shape[0]), int(a.shape[1]))
    inverse = tf.linalg.pinv(a, rcond=rcond)
    return tf.matmul(inverse, b) if b.shape.rank == 2 else tf.linalg.matvec(inverse, b)


@operation("linalg")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norms of vectors or matrices.

    Args:
        x: Any shape.
        ord: None (root of the sum of squares), "fro", "nuc", a number, or ±infinity.
        axis: One axis for vectors, two for matrices; None takes the whole tensor.
        keepdims: Whether the axes stay, with size 1.
    """
    x = as_floats(x)
    rank = x.shape.rank
    axes = axes_of(axis, rank)
    if ord is None or (ord == 2 and len(axes) == 1) or (ord == "fro" and len(axes) == 2):
        return tf.sqrt(tf.reduce_sum(tf.abs(x) * tf.abs(x), axis=axes, keepdims=keepdims))
    if len(axes) == 1:
        return _vector_norm(x, ord, axes, keepdims)
    if len(axes) != 2:
        raise ValueError(explain("norm: `axis` must name one axis or two.", received=f"{axis!r}, shape {x.shape}"))
    return _matrix_norm(x, ord, axes, keepdims)


def _vector_norm(x: Any, ord: Any, axes: list[int], keepdims: bool) -> Any:
    if isinstance(ord, str):
        raise ValueError(explain(f"norm: `ord` is {ord!r}, which vectors do not have.", expected="a number"))
    size = tf.abs(x)
    if ord == math.inf:
        return tf.reduce_max(size, axis=axes, keepdims=keepdims)
    if ord == -math.inf:
        return tf.reduce_min(size, axis=axes, keepdims=keepdims)
    if ord == 0:
        return tf.reduce_sum(tf.cast(tf.not_equal(x, 0), x.dtype), axis=axes, keepdims=keepdims)
    if ord == 1:
        return tf.reduce_sum(size, axis=axes, keepdims=keepdims)
    power = tf.cast(ord, size.dtype)
    return tf.pow(tf.reduce_sum(tf.pow(size, power), axis=axes, keepdims=keepdims), 1 / power)


def _matrix_norm(x: Any, ord: Any, axes: list[int], keepdims: bool) -> Any:
    row, column = axes
    compute = tf.reduce_max if ord in (1, 2, math.inf) else tf.reduce_min
    if ord in (math.inf, -math.inf, 1, -1):
        along, over = (column, row) if ord in (math.inf, -math.inf) else (row, column)
        sums = tf.reduce_sum(tf.abs(x), axis=[along], keepdims=True)
        found = compute(sums, axis=[over], keepdims=True)
    elif ord in (2, -2, "nuc"):
        values = tf.linalg.svd(FUNCTIONS["moveaxis"](x, axes, (-2, -1)), compute_uv=False)
        found = tf.reduce_sum(values, axis=-1) if ord == "nuc" else compute(values, axis=-1)
        for axis in sorted(axes):
            found = tf.expand_dims(found, axis)
    else:
        raise ValueError(explain(
            f"norm: `ord` is {ord!r}, which matrices do not have.", expected="None, 'fro', 'nuc', ±1, ±2 or ±infinity"
        ))  # fmt: skip
    return found if keepdims else tf.squeeze(found, axes)


@operation("linalg")
def jvp(fun: Any, primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """The value of a function and its change along tangents.

    Args:
        fun: A function of tensors.
        primals: Its arguments, a tuple.
        tangents: As many directions, of their shapes.
        has_aux: Whether the function returns a pair, of which the second part is handed on.

    Returns:
        (value, change), with `has_aux` (value, change, rest).
    """
    primals = [convert_to_tensor(one) for one in primals]
    tangents = [cast(convert_to_tensor(one), primal.dtype) for one, primal in zip(tangents, primals)]
    with tf.autodiff.ForwardAccumulator(primals, tangents) as accumulator:
        found = fun(*primals)
    found, rest = found if has_aux else (found, None)
    changes = tf.nest.map_structure(lambda part: accumulator.jvp(part, tf.UnconnectedGradients.ZERO), found)
    return (found, changes, rest) if has_aux else (found, changes)


@operation("nn")
def normalize(x: Any, axis: Any = -1, order: Any = 2, epsilon: float | None = None) -> Any:
    """The tensor divided by its norms along an axis, kept from 0 by `epsilon`."""
    if not isinstance(order, int) or order < 1:
        raise ValueError(explain("normalize: Argument `order` must be an int >= 1.", received=f"order={order!r}"))
    x = as_floats(x)
    axes = axes_of(axis, x.shape.rank)
    epsilon = 1e-7 if epsilon is None else epsilon
    if order == 2:
        least = tf.cast(epsilon**2, x.dtype)
        return x * tf.math.rsqrt(tf.maximum(tf.reduce_sum(tf.square(x), axis=axes, keepdims=True), least))
    length = FUNCTIONS["norm"](x, order, axis, keepdims=True)
    return x / tf.maximum(length, tf.cast(epsilon, length.dtype))
