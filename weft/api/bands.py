"""Functions of `tf.linalg` on factors, diagonals and bands of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api import array, math, matrices, ordering
from weft.api.common import cast_to, integer
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.runtime import frontdoor


def tensor_diag(diagonal: Any, name: str | None = None) -> Any:
    """A tensor on the diagonal of one of twice the rank: `result[i, ..., i, ...] = diagonal[i, ...]`."""
    x = frontdoor.convert(diagonal)
    flat = matrices.diag(array.reshape(x, [-1]))
    sizes = x.shape.as_list()
    if None not in sizes:
        return array.reshape(flat, [*sizes, *sizes])
    made = array.reshape(flat, array.concat([array.shape(x)] * 2, 0))
    made.set_shape([*sizes, *sizes])
    return made


def tensor_diag_part(input: Any, name: str | None = None) -> Any:
    """The diagonal of a tensor whose sizes come twice: `result[i, ...] = input[i, ..., i, ...]`.

    Raises:
        InvalidArgumentError: Where they do not.
    """
    x = frontdoor.convert(input)
    sizes = x.shape.as_list()
    half = sizes[: len(sizes) // 2]
    pairs = list(zip(half, sizes[len(half) :], strict=False))
    if not half or len(sizes) % 2 or any(None not in pair and pair[0] != pair[1] for pair in pairs):
        problem = "tensor_diag_part: the second half of the sizes must be the first half again."
        raise InvalidArgumentError(explain(problem, received=str(x.type)))
    if None not in sizes:
        rows = int(np.prod(half))
        return array.reshape(matrices.diag_part(array.reshape(x, [rows, rows])), half)
    first = array.shape(x)[: len(half)]
    count = math.reduce_prod(first)
    made = array.reshape(matrices.diag_part(array.reshape(x, array.stack([count, count]))), first)
    made.set_shape([one if one is not None else other for one, other in pairs])
    return made


def _unpacked(lower_upper: Any) -> tuple[Any, Any]:
    """The factors, of which the lower one has ones on its diagonal."""
    packed = frontdoor.convert(lower_upper)
    ones = array.ones_like(matrices.diag_part(packed))
    return matrices.set_diag(matrices.band_part(packed, -1, 0), ones), matrices.band_part(packed, 0, -1)


def _rows(x: Any, numbers: Any) -> Any:
    """Rows of (a batch of) matrices in another order."""
    if numbers.shape.rank == 1 and x.shape.rank == 2:
        return array.gather(x, numbers, axis=-2)
    return array.gather(x, numbers, axis=-2, batch_dims=numbers.shape.rank - 1)


def lu_solve(lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """The solution of A x = rhs, given what `tf.linalg.lu` makes of A.

    Args:
        lower_upper: `[..., n, n]`, both factors in one.
        perm: `[..., n]`, integers: which row came to each place.
        rhs: `[..., n, m]`.
        validate_args: Accepted; shapes are always checked.
        name: Accepted.

    Returns:
        `[..., n, m]`.
    """
    lower, upper = _unpacked(lower_upper)
    right = frontdoor.convert(rhs, hint=lower.dtype)
    found = matrices.triangular_solve(lower, _rows(right, frontdoor.convert(perm)), lower=True)
    return matrices.triangular_solve(upper, found, lower=False)


def lu_reconstruct(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """The matrix of which `tf.linalg.lu` made these."""
    lower, upper = _unpacked(lower_upper)
    return _rows(math.matmul(lower, upper), ordering.argsort(frontdoor.convert(perm)))


def lu_matrix_inverse(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """The inverse of the matrix of which `tf.linalg.lu` made these."""
    packed = frontdoor.convert(lower_upper)
    sizes = packed.shape.as_list()
    return lu_solve(packed, perm, array.eye(sizes[-1], batch_shape=sizes[:-2], dtype=packed.dtype))


def matrix_rank(a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """How many singular values are above `tol` (of the greatest one, as numpy has it, for None): int32."""
    x = frontdoor.convert(a)
    values = matrices.svd(x, compute_uv=False)
    if tol is None:
        sizes = [integer(size, "size") for size in x.shape[-2:]]
        tol = max(sizes) * np.finfo(x.dtype.numpy).eps * math.reduce_max(values, -1, keepdims=True)
    return math.reduce_sum(cast_to(values > tol, dtypes.int32), -1)


def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None) -> tuple[Any, Any]:
    """A tensor over its norm, and the norm, with axes of size 1."""
    x = frontdoor.convert(tensor)
    length = matrices.norm(x, ord, axis, keepdims=True)
    return x / cast_to(length, x.dtype), length


def tridiagonal(diagonals: Any, form: str, what: str) -> Any:
    """Three diagonals as a matrix."""
    if form == "matrix":
        return frontdoor.convert(diagonals)
    if form == "sequence":
        above, middle, below = (frontdoor.convert(part) for part in diagonals)
        sides = [[0, 0]] * (middle.shape.rank - 1)
        # Either length is taken: n with one element that does not count, or n - 1.
        above = above[..., : middle.shape[-1] - 1]
        below = below[..., -(middle.shape[-1] - 1) :]
        stacked = array.stack([array.pad(above, [*sides, [0, 1]]), middle, array.pad(below, [*sides, [1, 0]])], -2)
    elif form == "compact":
        stacked = frontdoor.convert(diagonals)
    else:
        raise ValueError(explain(f"{what}: unknown format {form!r}.", expected="'compact', 'matrix' or 'sequence'"))
    return matrices.diag(stacked, k=(-1, 1), align="LEFT_RIGHT")


def tridiagonal_matmul(diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None) -> Any:
    """The product of a matrix of three diagonals with matrices.

    Args:
        diagonals: `[..., 3, n]`: those above (its last element does not count), in the middle and below (its first
            does not); for the format "sequence" a tuple of three, for "matrix" the matrix itself.
        rhs: `[..., n, m]`.
        diagonals_format: "compact", "sequence" or "matrix".
        name: Accepted.

    Returns:
        `[..., n, m]`.
    """
    matrix = tridiagonal(diagonals, diagonals_format, "tridiagonal_matmul")
    return math.matmul(matrix, frontdoor.convert(rhs, hint=matrix.dtype))


def tridiagonal_solve(diagonals: Any, rhs: Any, diagonals_format: str = "compact", transpose_rhs: bool = False,
                      conjugate_rhs: bool = False, name: str | None = None, partial_pivoting: bool = True,
                      perturb_singular: bool = False) -> Any:  # fmt: skip
    """What a matrix of three diagonals makes `rhs` of.

    Args:
        diagonals: As for `tridiagonal_matmul`.
        rhs: `[..., n]` or `[..., n, m]`.
        diagonals_format: "compact", "sequence" or "matrix".
        transpose_rhs: Whether `rhs` is given as `[..., m, n]`.
        conjugate_rhs: Whether it is conjugated first.
        name: Accepted.
        partial_pivoting: Accepted; rows are always exchanged where that is more exact.
        perturb_singular: Must be false.

    Returns:
        In the shape of `rhs`.
    """
    if perturb_singular:
        raise NotImplementedError("tridiagonal_solve: matrices without an inverse are not moved; add a small diagonal.")
    matrix = tridiagonal(diagonals, diagonals_format, "tridiagonal_solve")
    right = frontdoor.convert(rhs, hint=matrix.dtype)
    if conjugate_rhs and right.dtype.is_complex:
        right = math.conj(right)
    if right.shape.rank == matrix.shape.rank - 1:
        return array.squeeze(matrices.solve(matrix, right[..., None]), [-1])
    return matrices.solve(matrix, matrices.matrix_transpose(right) if transpose_rhs else right)


def banded_triangular_solve(bands: Any, rhs: Any, lower: bool = True, adjoint: bool = False,
                            name: str | None = None) -> Any:  # fmt: skip
    """What a triangular matrix of a few diagonals makes `rhs` of.

    Args:
        bands: `[..., k, n]`: the diagonals, from the main one down where `lower` (each right-aligned), else from the
            highest down to the main one (each left-aligned).
        rhs: `[..., n, m]`.
        lower: Whether the diagonals are below the main one.
        adjoint: Whether the adjoint of the matrix is taken.
        name: Accepted.

    Returns:
        `[..., n, m]`.
    """
    x = frontdoor.convert(bands)
    count = integer(x.shape[-2], "the number of bands")
    if lower:
        matrix = matrices.diag(x, k=(1 - count, 0), align="LEFT_RIGHT")
    else:
        matrix = matrices.diag(x, k=(0, count - 1), align="LEFT_RIGHT")
    return matrices.triangular_solve(matrix, frontdoor.convert(rhs, hint=x.dtype), lower=lower, adjoint=adjoint)
