"""Matrix algorithms that numpy lacks: LU with its pivots, triangular systems, and functions of matrices.

All of them take stacks of matrices, of float32, float64, complex64 or complex128.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np


def adjoint(x: Any) -> Any:
    """The conjugate transpose of each matrix."""
    return np.conj(np.swapaxes(x, -1, -2))


def on_finite(function: Callable[[Any], tuple[Any, ...]], x: Any) -> tuple[Any, ...]:
    """A decomposition whose results are NaN for matrices with infinities or NaNs in them.

    LAPACK does not always come back from those.
    """
    finite = np.all(np.isfinite(x), axis=(-1, -2))
    if np.all(finite):
        return function(x)
    results = function(np.where(finite[..., None, None], x, np.zeros((), x.dtype)))
    return tuple(
        np.where(finite.reshape(finite.shape + (1,) * (r.ndim - finite.ndim)), r, np.asarray(np.nan, r.dtype))
        for r in results
    )


def lu(x: Any) -> tuple[Any, Any]:
    """LU decomposition with partial pivoting, all matrices of the stack at once.

    Returns:
        (L below the diagonal and U above it in one matrix, the rows of x in the order in which they were taken).

    NaN is taken for a pivot only where it is in its place already.

    Raises:
        ValueError: Where a pivot is 0, or the first one NaN.
    """
    size = x.shape[-1]
    work = x.reshape(math.prod(x.shape[:-2]), size, size).copy()
    rows = np.tile(np.arange(size), (len(work), 1))
    stack = np.arange(len(work))
    for k in range(size):
        lengths = np.abs(work[:, k:, k])
        lengths[np.isnan(lengths)] = -1
        pivot = k + np.where(lengths[:, 0] < 0, 0, np.argmax(lengths, axis=-1))
        for table in (work, rows):
            upper = table[stack, k].copy()
            table[stack, k] = table[stack, pivot]
            table[stack, pivot] = upper
        heads = work[:, k, k]
        if np.any(heads == 0):
            place = np.unravel_index(int(np.flatnonzero(heads == 0)[0]), x.shape[:-2]) if x.ndim > 2 else ()
            raise ValueError(f"matrix {place} is singular: it has no pivot in column {k}" if place else
                             f"the matrix is singular: it has no pivot in column {k}")  # fmt: skip
        if k == 0 and np.any(np.isnan(heads)):
            raise ValueError("the matrix is not invertible: its first number is NaN")
        work[:, k + 1 :, k] /= heads[:, None]
        work[:, k + 1 :, k + 1 :] -= work[:, k + 1 :, k, None] * work[:, k, None, k + 1 :]
    return work.reshape(x.shape), rows.reshape(x.shape[:-1])


_BLOCK = 16


def solve_triangular(matrix: Any, rhs: Any, lower: bool) -> Any:
    """The x with matrix @ x = rhs for triangular matrices; a zero on the diagonal gives infinities.

    Halved until blocks are small, so that most of the work is in matrix products.
    """
    size = matrix.shape[-1]
    if size <= _BLOCK:
        return _solve_small(matrix, rhs, lower)
    half = size // 2
    first, second = (slice(0, half), slice(half, size)) if lower else (slice(half, size), slice(0, half))
    top = solve_triangular(matrix[..., first, first], rhs[..., first, :], lower)
    rest = rhs[..., second, :] - np.matmul(matrix[..., second, first], top)
    bottom = solve_triangular(matrix[..., second, second], rest, lower)
    return np.concatenate([top, bottom] if lower else [bottom, top], axis=-2)


def _solve_small(matrix: Any, rhs: Any, lower: bool) -> Any:
    size = matrix.shape[-1]
    batch = np.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    result = np.array(np.broadcast_to(rhs, (*batch, *rhs.shape[-2:])))
    order = range(size) if lower else range(size - 1, -1, -1)
    for i in order:
        result[..., i, :] /= matrix[..., i, i, None]
        later = slice(i + 1, size) if lower else slice(0, i)
        result[..., later, :] -= matrix[..., later, i, None] * result[..., i, None, :]
    return result


def _eye_like(x: Any) -> Any:
    return np.eye(x.shape[-1], dtype=x.dtype)


def _norm(x: Any) -> float:
    """The greatest 1-norm in the stack."""
    return float(np.max(np.sum(np.abs(x), axis=-2), initial=0))


# Source: Higham, "The Scaling and Squaring Method for the Matrix Exponential Revisited", SIAM J. Matrix Anal. Appl. 26
# (2005): the degree-13 Pade approximant is exact to double precision for norms up to 5.37, that of degree 7 to single
# precision for norms up to 3.92.
_PADE = {
    7: (3.925724783138660, (17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1)),
    13: (5.371920351148152, (64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
                             10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1)),
}  # fmt: skip


def expm(x: Any) -> Any:
    """The exponential of matrices by scaling, a Pade approximant and squaring."""
    if not x.size:
        return x.copy()
    norm = _norm(x)
    if not math.isfinite(norm):
        return np.full_like(x, np.nan)
    limit, coefficients = _PADE[7 if x.real.dtype == np.float32 else 13]
    squarings = max(0, math.ceil(math.log2(norm / limit))) if norm > limit else 0
    x = x / x.real.dtype.type(2.0**squarings)
    scale = float(coefficients[0])
    power = np.broadcast_to(_eye_like(x), x.shape)
    square = np.matmul(x, x)
    odd, even = np.zeros_like(x), np.zeros_like(x)
    for k in range(0, len(coefficients), 2):  # scaled so that the first coefficient is 1: float32 could not hold it
        even = even + power * x.real.dtype.type(coefficients[k] / scale)
        odd = odd + power * x.real.dtype.type(coefficients[k + 1] / scale)
        power = np.matmul(power, square)
    odd = np.matmul(x, odd)
    result = np.linalg.solve(even - odd, even + odd)
    for _ in range(squarings):
        result = np.matmul(result, result)
    return result


def _hermitian(x: Any) -> bool:
    return bool(np.all(x == adjoint(x)))


def sqrtm(x: Any) -> Any:
    """The principal square root of matrices; NaN for a real matrix that has no real one.

    Hermitian matrices by their eigenvalues, others by the iteration of Denman and Beavers in product form with scaling.
    Source: Higham, "Functions of Matrices" (2008), section 6.3.
    """
    if not x.size:
        return x.copy()
    return np.stack([_sqrtm_one(matrix) for matrix in x.reshape(-1, *x.shape[-2:])]).reshape(x.shape)


def _sqrtm_one(x: Any) -> Any:
    if not np.all(np.isfinite(x)):
        return np.full_like(x, np.nan)
    values = np.linalg.eigvals(x)
    real = x.dtype.kind == "f"
    if _hermitian(x):
        values, vectors = np.linalg.eigh(x)
        tiny = np.finfo(x.dtype).eps * x.shape[-1] * np.max(np.abs(values))
        values = np.where(np.abs(values) <= tiny, 0, values)  # rounding may push a zero below zero
        if real and np.any(values < 0):
            return np.full_like(x, np.nan)
        roots = np.sqrt(values.astype(x.dtype))
        return np.matmul(vectors * roots, adjoint(vectors)).astype(x.dtype)
    on_axis = (values.real < 0) & (np.abs(values.imag) <= 4 * np.finfo(x.dtype).eps * np.abs(values.real))
    if real and np.any(on_axis):
        return np.full_like(x, np.nan)
    # Eigenvalues at the cut are turned away from it; the turn goes back by half its angle afterwards.
    turn = _turn(values) if np.any(on_axis) else 0.0
    wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    return (_denman_beavers(wide * np.exp(1j * turn) if turn else wide)
            * (np.exp(-0.5j * turn) if turn else 1)).astype(x.dtype)  # fmt: skip


def _turn(values: Any) -> float:
    angles = np.angle(values)
    angles = np.where((values.real < 0) & (np.abs(values.imag) <= 1e-12 * np.abs(values)), math.pi, angles)
    return -0.5 * float(np.min(angles + math.pi)) if np.min(angles) > -math.pi else 0.0


def _denman_beavers(x: Any) -> Any:
    size = x.shape[-1]
    product, root = x, x
    try:
        for step in range(60):
            inverse = np.linalg.inv(product)
            change = _norm(product - _eye_like(x))
            if change < 1e-2 or step > 40:
                scale = 1.0
            else:
                _, log = np.linalg.slogdet(product)
                scale = math.exp(-float(np.real(log)) / (2 * size))
            squared = scale * scale
            root = 0.5 * scale * np.matmul(root, _eye_like(x) + inverse / squared)
            product = 0.5 * (_eye_like(x) + 0.5 * (squared * product + inverse / squared))
            if change < 1e-15 * size:
                break
            if step > 8 and change < 1e-12 and _norm(product - _eye_like(x)) >= change:
                break
    except (np.linalg.LinAlgError, OverflowError):
        return np.full_like(x, np.nan)
    return root


def logm(x: Any) -> Any:
    """The principal logarithm of matrices, by inverse scaling and squaring.

    Roots are taken until the matrix is near 1; its logarithm is then an integral that Gauss and Legendre's rule gives
    exactly to rounding. Source: Higham, "Functions of Matrices" (2008), sections 11.4 and 11.5.
    """
    if not x.size:
        return x.copy()
    wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    one = _eye_like(wide)
    count = 0
    while _norm(wide - one) > 0.25 and count < 60:
        wide = sqrtm(wide)
        count += 1
    nodes, weights = np.polynomial.legendre.leggauss(10)
    rest = wide - one
    total = np.zeros_like(wide)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        total += weight * np.linalg.solve(one + node * rest, rest)
    return (total * 2.0**count).astype(x.dtype)
