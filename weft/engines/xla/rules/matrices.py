"""Products of matrices, systems, determinants, decompositions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import jax.scipy.linalg
from jax import lax

from weft.base.dtypes import DType
from weft.engines.xla.rules.elementwise import in_float32, kind
from weft.engines.xla.table import WriteOut, lowering


def adjoint(x: Any) -> Any:
    """The conjugate transpose of each matrix."""
    return jnp.conj(jnp.swapaxes(x, -1, -2))


def _turn(x: Any, transpose: bool, adjoint: bool) -> Any:
    if transpose or adjoint:
        x = jnp.swapaxes(x, -1, -2)
    return jnp.conj(x) if adjoint else x


@lowering("matmul")
def _matmul(a: Any, b: Any, transpose_a: bool, transpose_b: bool, adjoint_a: bool, adjoint_b: bool,
            output_type: DType | None) -> Any:  # fmt: skip
    result = a.dtype if output_type is None else output_type.numpy
    a, b = _turn(a, transpose_a, adjoint_a), _turn(b, transpose_b, adjoint_b)
    if kind(a) == "f" and a.dtype.itemsize == 2:
        return jnp.matmul(a, b, preferred_element_type=jnp.float32).astype(result)
    if result != a.dtype:
        a, b = a.astype(result), b.astype(result)
    return jnp.matmul(a, b)


@lowering("einsum")
def _einsum(*operands: Any, equation: str) -> Any:
    result = equation.partition("->")[2].replace("...", "")
    if len(set(result)) < len(result):
        raise WriteOut
    half = kind(operands[0]) == "f" and operands[0].dtype.itemsize == 2
    wide = jnp.float32 if half else None
    return jnp.einsum(equation, *operands, preferred_element_type=wide).astype(operands[0].dtype)


@lowering("cross")
@in_float32
def _cross(a: Any, b: Any) -> Any:
    return jnp.cross(*jnp.broadcast_arrays(a, b))


def _finite_matrices(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decomposition whose results are NaN for matrices with infinities or NaNs in them."""

    def wrapped(x: Any, **attrs: Any) -> Any:
        finite = jnp.all(jnp.isfinite(x), axis=(-1, -2))
        found = function(jnp.where(finite[..., None, None], x, jnp.zeros((), x.dtype)), **attrs)
        results = found if isinstance(found, tuple) else (found,)
        kept = tuple(jnp.where(finite.reshape(finite.shape + (1,) * (r.ndim - finite.ndim)), r,
                               jnp.asarray(jnp.nan, r.dtype)) if kind(r) in "fc" else r for r in results)  # fmt: skip
        return kept if isinstance(found, tuple) else kept[0]

    return wrapped


# Systems -------------------------------------------------------------------------------------------------------------


def _singular(check: Any, x: Any) -> Any:
    """Makes the run fail for matrices without an inverse, as far as elimination shows it: a pivot that is 0.

    Also for those that begin with NaN, as the reference does.
    """
    if x.size:
        check(jnp.isnan(x[..., 0, 0]))
        factors = lax.linalg.lu(x)[0]
        check(jnp.diagonal(factors, axis1=-2, axis2=-1) == 0)
    return x


@lowering("inverse", checks=True)
def _inverse(check: Any, x: Any, adjoint: bool) -> Any:
    if not x.size:
        return x
    found = jnp.linalg.inv(_singular(check, x))
    return jnp.conj(jnp.swapaxes(found, -1, -2)) if adjoint else found


@lowering("solve", checks=True)
def _solve(check: Any, matrix: Any, rhs: Any, adjoint: bool) -> Any:
    matrix = _turn(matrix, False, adjoint)
    batch = jnp.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    matrix = jnp.broadcast_to(matrix, (*batch, *matrix.shape[-2:]))
    rhs = jnp.broadcast_to(rhs, (*batch, *rhs.shape[-2:]))
    _singular(check, matrix)
    return jnp.linalg.solve(matrix, rhs) if rhs.size else rhs


@lowering("triangular_solve")
def _triangular_solve(matrix: Any, rhs: Any, lower: bool, adjoint: bool) -> Any:
    batch = jnp.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    matrix = jnp.broadcast_to(matrix, (*batch, *matrix.shape[-2:]))
    rhs = jnp.broadcast_to(rhs, (*batch, *rhs.shape[-2:]))
    if not rhs.size:
        return rhs
    return lax.linalg.triangular_solve(matrix, rhs, left_side=True, lower=lower, transpose_a=adjoint,
                                       conjugate_a=adjoint)  # fmt: skip


@lowering("pinv")
def pinv(x: Any, rcond: float | None = None) -> Any:
    """The pseudo-inverse; singular values up to rcond times the greatest count as 0."""
    if not x.size:
        return jnp.swapaxes(x, -1, -2)
    cut = 10 * max(x.shape[-2:]) * float(jnp.finfo(x.dtype).eps) if rcond is None else rcond

    def found(x: Any) -> Any:
        u, s, vh = jnp.linalg.svd(x, full_matrices=False)
        large = s > cut * jnp.max(s, axis=-1, keepdims=True)
        inverse = jnp.where(large, 1 / jnp.where(large, s, 1), 0).astype(x.dtype)
        return jnp.matmul(adjoint(vh) * inverse[..., None, :], adjoint(u))

    return _finite_matrices(found)(x)


@lowering("lstsq", checks=True)
def _lstsq(check: Any, matrix: Any, rhs: Any, l2_regularizer: float, fast: bool) -> Any:
    if not fast:
        return jnp.matmul(pinv(matrix), rhs).astype(rhs.dtype)
    across = adjoint(matrix)
    tall = matrix.shape[-2] >= matrix.shape[-1]
    gram = jnp.matmul(across, matrix) if tall else jnp.matmul(matrix, across)
    gram = gram + jnp.asarray(l2_regularizer, matrix.dtype) * jnp.eye(gram.shape[-1], dtype=matrix.dtype)
    _singular(check, gram)
    if tall:
        return jnp.linalg.solve(gram, jnp.matmul(across, rhs))
    return jnp.matmul(across, jnp.linalg.solve(gram, rhs))


@lowering("det")
def _det(x: Any) -> Any:
    return jnp.linalg.det(x) if x.size else jnp.ones(x.shape[:-2], x.dtype)


@lowering("slogdet")
def _slogdet(x: Any) -> Any:
    if not x.size:
        return jnp.ones(x.shape[:-2], x.dtype), jnp.zeros(x.shape[:-2], x.dtype)
    sign, logarithm = jnp.linalg.slogdet(x)
    return sign, logarithm.astype(x.dtype)


@lowering("expm")
def _expm(x: Any) -> Any:
    return jax.scipy.linalg.expm(x, max_squarings=64) if x.size else x


# Decompositions ------------------------------------------------------------------------------------------------------


@lowering("cholesky", checks=True)
def _cholesky(check: Any, x: Any) -> Any:
    if not x.size:
        return x
    lower = jnp.tril(x)
    diagonal = jnp.eye(x.shape[-1], dtype=bool)
    found = lax.linalg.cholesky(jnp.where(diagonal, jnp.real(x).astype(x.dtype), lower + adjoint(jnp.tril(x, -1))),
                                symmetrize_input=False)  # fmt: skip
    check(jnp.isnan(found).any(axis=(-1, -2)) & jnp.isfinite(lower).all(axis=(-1, -2)))
    return jnp.tril(found)


@lowering("lu", checks=True)
def _lu(check: Any, x: Any, output_idx_type: DType) -> Any:
    if not x.size:
        return x, jnp.zeros(x.shape[:-1], output_idx_type.numpy)
    factors, _, order = lax.linalg.lu(x)
    check(jnp.diagonal(factors, axis1=-2, axis2=-1) == 0)
    return factors, order.astype(output_idx_type.numpy)


@lowering("qr")
def _qr(x: Any, full_matrices: bool) -> Any:
    rows, columns = x.shape[-2:]
    if not x.size:
        inner = rows if full_matrices else min(rows, columns)
        eye = jnp.broadcast_to(jnp.eye(rows, inner, dtype=x.dtype), (*x.shape[:-2], rows, inner))
        return eye, jnp.zeros((*x.shape[:-2], inner, columns), x.dtype)
    q, r = _finite_matrices(lambda x: tuple(jnp.linalg.qr(x, mode="complete" if full_matrices else "reduced")))(x)
    return q, r


@lowering("svd")
def _svd(x: Any, full_matrices: bool, compute_uv: bool) -> Any:
    rows, columns = x.shape[-2:]
    inner = min(rows, columns)
    if not x.size:
        values = jnp.zeros((*x.shape[:-2], inner), jnp.real(x).dtype)
        left, right = (rows, columns) if full_matrices else (inner, inner)
        u, v = (jnp.broadcast_to(jnp.eye(size, width, dtype=x.dtype), (*x.shape[:-2], size, width))
                for size, width in ((rows, left), (columns, right)))  # fmt: skip
        return (values, u, v) if compute_uv else values
    if not compute_uv:
        return _finite_matrices(lambda x: jnp.linalg.svd(x, compute_uv=False))(x)
    u, s, vh = _finite_matrices(lambda x: tuple(jnp.linalg.svd(x, full_matrices=full_matrices)))(x)
    return s, u, adjoint(vh)


def _hermitian(x: Any) -> Any:
    """Hermitian matrices of their lower triangles."""
    diagonal = jnp.eye(x.shape[-1], dtype=bool)
    return jnp.where(diagonal, jnp.real(x).astype(x.dtype), jnp.tril(x) + adjoint(jnp.tril(x, -1)))


@lowering("eigh")
def _eigh(x: Any) -> Any:
    if not x.size:
        return jnp.zeros(x.shape[:-1], jnp.real(x).dtype), x
    w, v = _finite_matrices(lambda x: tuple(jnp.linalg.eigh(_hermitian(x), symmetrize_input=False)))(x)
    return w, v


@lowering("eigvalsh")
def _eigvalsh(x: Any) -> Any:
    return _eigh(x)[0]


