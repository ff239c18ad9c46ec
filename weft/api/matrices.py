"""Products, factors, solutions and diagonals of matrices: what `tf.linalg` is built of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from weft.api import late_parameters as late
from weft.api import math
from weft.api.array import transpose
from weft.api.common import apply, axes_of, cast_to, in_a_row, integer, with_axes_of
from weft.api.math import matmul
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.runtime import frontdoor


def matvec(a: Any, b: Any, transpose_a: bool = False, adjoint_a: bool = False, a_is_sparse: bool = False,
           b_is_sparse: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """A matrix times a vector."""
    column = apply("expand_dims", b, axis=-1)
    return apply("squeeze", matmul(a, column, transpose_a, False, adjoint_a), axis=(-1,))


def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Any:
    """The last two axes exchanged."""
    x = frontdoor.convert(a)
    rank = x.shape.rank
    order = [*(i for i in range(rank - 2)), rank - 1, rank - 2]
    return transpose(x, order, conjugate)


def adjoint(matrix: Any, name: str | None = None) -> Any:
    """The transpose of the last two axes, conjugated."""
    return matrix_transpose(matrix, conjugate=True)


def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The norm of vectors (an axis) or matrices (two axes), or of the whole as one vector.

    Args:
        tensor: Floats or complex numbers.
        ord: `"euclidean"`, a number above 0 or infinity; of matrices `"euclidean"`, `"fro"`, 1, 2 or infinity.
        axis: An axis, two of them, or None.
        keepdims: Whether the axes stay, with size 1.
        name: The node's name.

    Raises:
        ValueError: For another order, or other axes.
    """
    x = frontdoor.convert(tensor)
    pair = isinstance(axis, (list, tuple))
    if pair and (len(axis) != 2 or axis[0] == axis[1]):
        raise ValueError(explain("norm: `axis` is None, an integer, or two different ones.", received=f"axis={axis}"))
    if x.dtype.is_integer and ord not in (1, np.inf):
        raise InvalidArgumentError(explain(
            f"norm of order {ord} takes floats and complex numbers.", hint="tf.cast(x, tf.float32)",
            received=f"tensor: {x.dtype.name}{x.shape}"))  # fmt: skip
    allowed = ord in ("euclidean", "fro", 1, 2, np.inf) if pair else ord == "euclidean" or (
        not isinstance(ord, str) and ord > 0)  # fmt: skip
    if not allowed:
        known = "'euclidean', 'fro', 1, 2, inf" if pair else "'euclidean', or a number above 0"
        kind = "matrices (two axes)" if pair else "vectors (one axis, or all elements)"
        raise ValueError(explain(f"norm: {ord!r} is no order of {kind}.", expected=known))
    if axis is None and x.shape.rank is None:
        whole = norm(in_a_row(x), ord, 0)
        return with_axes_of(whole, x) if keepdims else whole
    over = axes_of(x, axis)
    if ord in ("euclidean", "fro") or (ord == 2 and not pair):
        return apply("reduce_euclidean_norm", x, axis=over, keepdims=keepdims, name=name)
    if pair:
        found = _matrix_norm(x, ord, *over)
        return found if keepdims else apply("squeeze", found, axis=over, name=name)
    magnitude = math.abs(x)
    if ord == 1:
        return math.reduce_sum(magnitude, over, keepdims, name=name)
    if ord == np.inf:
        return math.reduce_max(magnitude, over, keepdims, name=name)
    return math.pow(math.reduce_sum(math.pow(magnitude, ord), over, keepdims), 1.0 / ord, name=name)


def _matrix_norm(x: Any, ord: Any, rows: int, columns: int) -> Any:
    """The norm of order 1, 2 or infinity of matrices whose rows and columns go along these axes, which stay."""
    if ord != 2:
        summed, greatest = (rows, columns) if ord == 1 else (columns, rows)
        return math.reduce_max(math.reduce_sum(math.abs(x), summed, True), greatest, True)
    rank = x.shape.rank
    at = [axis % rank for axis in (rows, columns)]
    order = [*(axis for axis in range(rank) if axis not in at), *at]
    values = svd(transpose(x, order), compute_uv=False)
    stretch = apply("expand_dims", math.reduce_max(values, -1, True), axis=-1)
    return transpose(stretch, [order.index(axis) for axis in range(rank)])


def _matrix(op: str) -> Any:
    def function(input: Any, name: str | None = None) -> Any:
        return apply(op, input, name=name)

    function.__name__ = function.__qualname__ = op
    return function


cholesky = _matrix("cholesky")
det = _matrix("det")


def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """The inverse of square matrices, or the adjoint of it."""
    found = apply("inverse", input, name=name)
    return matrix_transpose(found, conjugate=True) if adjoint else found


class LogMatrixDeterminant(NamedTuple):
    """The result of `slogdet`."""

    sign: Any
    log_abs_determinant: Any


def slogdet(input: Any, name: str | None = None) -> LogMatrixDeterminant:
    """Sign and logarithm of the absolute value of the determinant: fields `sign` and `log_abs_determinant`."""
    return LogMatrixDeterminant(*apply("slogdet", input, name=name))


def logdet(matrix: Any, name: str | None = None) -> Any:
    """The logarithm of the determinant of a positive definite matrix."""
    return slogdet(matrix)[1]


def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """The solution of matrix x = rhs."""
    a, b = frontdoor.together(matrix, rhs, "solve")
    return apply("solve", a, b, adjoint=adjoint, name=name)


def triangular_solve(matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None) -> Any:
    """The solution of matrix x = rhs for a triangular matrix."""
    a, b = frontdoor.together(matrix, rhs, "triangular_solve")
    return apply("triangular_solve", a, b, lower=lower, adjoint=adjoint, name=name)


class Qr(NamedTuple):
    """The result of `qr`."""

    q: Any
    r: Any


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Qr:
    """The QR decomposition: fields `q` and `r`."""
    return Qr(*apply("qr", input, full_matrices=full_matrices, name=name))


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """The singular value decomposition: s, u, v; s alone where `compute_uv` is false."""
    return apply("svd", tensor, full_matrices=full_matrices, compute_uv=compute_uv, name=name)


def eigh(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues, in rising order and of the matrices' dtype, and eigenvectors of self-adjoint matrices."""
    x = frontdoor.convert(tensor)
    values, vectors = apply("eigh", x, name=name)
    return cast_to(values, x.dtype), vectors


def trace(x: Any, name: str | None = None) -> Any:
    """The sum of the diagonal."""
    return apply("trace", x, name=name)


def _band(k: Any) -> tuple[int, int]:
    """The band of diagonals that `k` names: one number, or the lowest and the highest."""
    if isinstance(k, (list, tuple)):
        low, high = (k[0], k[0]) if len(k) == 1 else k
        return integer(low, "k"), integer(high, "k")
    return integer(k, "k"), integer(k, "k")


def diag(diagonal: Any, name: str = "diag", k: Any = 0, num_rows: int = -1, num_cols: int = -1,
         padding_value: Any = 0, align: str = "RIGHT_LEFT") -> Any:  # fmt: skip
    """Matrices with vectors on a diagonal, or on a band of diagonals."""
    if late.is_late(k) and num_rows == num_cols == -1 and frontdoor.convert(k).shape.rank == 0:
        return late.diag(frontdoor.convert(diagonal), k, padding_value)
    return apply("matrix_diag", diagonal, k=_band(k), rows=None if num_rows == -1 else num_rows,
                 cols=None if num_cols == -1 else num_cols, padding_value=padding_value, align=align,
                 name=name)  # fmt: skip


def diag_part(input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0,
              align: str = "RIGHT_LEFT") -> Any:  # fmt: skip
    """The diagonals of matrices, or a band of them."""
    if late.is_late(k) and frontdoor.convert(k).shape.rank == 0:
        return late.diag_part(frontdoor.convert(input), k)
    return apply("matrix_diag_part", input, k=_band(k), padding_value=padding_value, align=align, name=name)


def set_diag(input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT") -> Any:
    """Matrices with a diagonal, or a band of diagonals, overwritten."""
    x, values = frontdoor.together(input, diagonal, "set_diag")
    if late.is_late(k) and frontdoor.convert(k).shape.rank == 0:
        return late.set_diag(x, values, k)
    return apply("matrix_set_diag", x, values, k=_band(k), align=align, name=name)


def band_part(input: Any, num_lower: int, num_upper: int, name: str | None = None) -> Any:
    """Matrices with everything outside a band set to 0; -1 keeps a whole triangle."""
    if late.is_late(num_lower, num_upper):
        return late.band_part(frontdoor.convert(input), num_lower, num_upper)
    x, widths = frontdoor.convert(input), (integer(num_lower, "num_lower"), integer(num_upper, "num_upper"))
    if x.shape.rank is not None and x.shape.rank >= 2:
        for what, width, size in zip(("num_lower", "num_upper"), widths, x.shape[-2:].as_list(), strict=True):
            if size is not None and width > size:
                raise InvalidArgumentError(explain(
                    f"band_part: `{what}` is larger than the matrices are.", received=f"{width} for {x.type}",
                    expected=f"at most {size}, or -1 for a whole triangle",
                ))  # fmt: skip
    return apply("matrix_band_part", x, lower=widths[0], upper=widths[1], name=name)


expm, sqrtm, logm = (_matrix(op) for op in ("expm", "sqrtm", "logm"))


def eigvalsh(tensor: Any, name: str | None = None) -> Any:
    """The eigenvalues of self-adjoint matrices, in rising order and of the matrices' dtype."""
    x = frontdoor.convert(tensor)
    return cast_to(apply("eigvalsh", x, name=name), x.dtype)


def eig(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues and eigenvectors of square matrices, as complex numbers."""
    return apply("eig", tensor, name=name)


def eigvals(tensor: Any, name: str | None = None) -> Any:
    """The eigenvalues of square matrices, as complex numbers."""
    return apply("eigvals", tensor, name=name)


class Lu(NamedTuple):
    """A factorisation with row exchanges: both triangles in one matrix, and which row came to each place."""

    lu: Any
    p: Any


def lu(input: Any, output_idx_type: Any = dtypes.int32, name: str | None = None) -> Lu:
    """The LU factors of square matrices, packed into one (the unit diagonal is left out), and the permutation."""
    packed, permutation = apply("lu", input, name=name)
    return Lu(packed, cast_to(permutation, dtypes.as_dtype(output_idx_type)))


def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """The Moore-Penrose inverse; singular values below `rcond` times the greatest count as 0."""
    return apply("pinv", a, rcond=rcond, name=name)


def lstsq(matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True, name: str | None = None) -> Any:
    """The least-squares solution of matrix x = rhs."""
    a, b = frontdoor.together(matrix, rhs, "lstsq")
    return apply("lstsq", a, b, l2_regularizer=float(l2_regularizer), fast=fast, name=name)


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Any:
    """The solution of A x = rhs, given the lower Cholesky factor of A."""
    return triangular_solve(chol, triangular_solve(chol, rhs), adjoint=True)


def cross(a: Any, b: Any, name: str | None = None) -> Any:
    """The cross product of vectors of length 3."""
    x, y = frontdoor.together(a, b, "cross")
    return apply("cross", x, y, name=name)
