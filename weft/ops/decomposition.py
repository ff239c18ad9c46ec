"""Decompositions of stacks of matrices: Cholesky, LU, QR, singular values, eigenvalues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dims, dtypes
from weft.ir.types import TensorType
from weft.ops.families import quiet
from weft.ops.linalg import matrix_rank_of
from weft.ops.matrix import COMPLEX_MATRIX, INEXACT, adjoint, band, checked, same_square, square
from weft.ops.numerics import matrices
from weft.ops.opdef import Case, OpDef, SpecError, case, register

_COMPLEX = (dtypes.complex128,)
_FLOATS = (dtypes.float32, dtypes.float64)
_HALF_REASON = "half precision is left out: numpy has no decompositions in it"

# Matrices with well separated singular values and eigenvalues.
_TALL = np.array([[3.0, 0.7], [0.2, 1.2], [-0.5, 0.3], [1.0, 0.4]])
_SQUARE = np.array([[3.0, 0.7, -0.4], [0.2, 1.8, 0.6], [-0.5, 0.3, 0.9]])
_POSITIVE = np.array([[4.0, 9.0, 9.0], [0.5, 2.5, 9.0], [-0.6, 0.3, 1.5]])  # the upper triangle is not read
_HERMITIAN = np.tril(_POSITIVE) + 1j * np.array([[0.0, 0, 0], [0.4, 0, 0], [0.3, -0.5, 0]])


def _diagonal(b: Any, x: Any) -> Any:
    """The matrices with zeros off the diagonal."""
    return b.matrix_band_part(x, lower=0, upper=0)


def _strict(b: Any, x: Any, lower: bool) -> Any:
    """One triangle without the diagonal."""
    return b.subtract(band(b, x, lower), _diagonal(b, x))


def _as_complex(b: Any, real: Any, like: Any) -> Any:
    """A real tensor in a dtype that may be complex."""
    return b.complex(real, b.zeros_like(real)) if b.dtype(like).is_complex else real


def _real_part(b: Any, x: Any) -> Any:
    """The real part, in the dtype of x."""
    return _as_complex(b, b.real(x), x) if b.dtype(x).is_complex else x


def _row(b: Any, values: Any, like: Any) -> Any:
    """Real values as a row that scales the columns of matrices."""
    shape = b.shape(values)
    return _as_complex(b, b.reshape(values, shape=(*shape[:-1], 1, shape[-1])), like)


def _from_lower(b: Any, x: Any) -> Any:
    """The gradient of what reads the lower triangle only, from the gradient for Hermitian matrices."""
    both = b.add(x, adjoint(b, x))
    return b.subtract(band(b, both, True), b.multiply(_diagonal(b, both), 0.5))


# Cholesky ------------------------------------------------------------------------------------------------------------


_NOT_DEFINITE = "not positive definite: it has no Cholesky decomposition"


def _cholesky_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    # Source: Murray, "Differentiation of the Cholesky decomposition" (2016). Half the gradient each to an element and
    # to its mirror image, as TensorFlow has it: right where both move together.
    y = node.outputs[0]
    middle = b.matmul(y, band(b, ct, True), adjoint_a=True)
    middle = b.subtract(band(b, middle, True), b.multiply(_diagonal(b, middle), 0.5))
    left = b.triangular_solve(y, middle, lower=True, adjoint=True)
    whole = adjoint(b, b.triangular_solve(y, adjoint(b, left), lower=True, adjoint=True))
    return (b.multiply(b.add(whole, adjoint(b, whole)), 0.5),)


register(
    OpDef(
        name="cholesky",
        inputs=("x",),
        spec=same_square,
        reference=quiet(checked(np.linalg.cholesky, _NOT_DEFINITE, np.linalg.cholesky)),
        dtypes=(INEXACT,),
        vjp=_cholesky_vjp,
        reason=_HALF_REASON,
        doc="The lower triangular matrices L with L @ L.H = x, of Hermitian positive definite x, whose lower triangles "
        "alone are read.",
        # no gradient here: it is for matrices that stay Hermitian, which differences of single elements do not
        cases=(case(np.stack([_POSITIVE, _POSITIVE + np.eye(3)]), grad=0), case(_POSITIVE, grad=0),
               case(_HERMITIAN, dtypes=_COMPLEX, grad=0), case((0, 0)), case((0, 2, 2))),
    )
)  # fmt: skip

# LU ------------------------------------------------------------------------------------------------------------------


def _lu_spec(x: TensorType, *, output_idx_type: dtypes.DType) -> tuple[TensorType, ...]:
    batch, size = square(x)
    if output_idx_type not in (dtypes.int32, dtypes.int64):
        raise SpecError(f"output_idx_type is {output_idx_type.name}", expected="int32 or int64", dtype=True)
    return TensorType((*batch, size, size), x.dtype), TensorType((*batch, size), output_idx_type)


def _lu(x: Any, output_idx_type: dtypes.DType) -> tuple[Any, Any]:
    both, rows = matrices.lu(x)
    return both, rows.astype(output_idx_type.numpy)


def _lu_vjp(b: Any, node: Any, ct: Any, _: Any) -> Sequence[Any]:
    # dx = P.T (dL U + L dU): the strict lower triangle of inv(L) P dx inv(U) belongs to L, the upper one to U.
    both, rows = node.outputs
    shape = b.shape(both)
    lower = band(b, b.matrix_set_diag(both, b.full(shape[:-1], 1, b.dtype(both))), True)
    below = _strict(b, b.matmul(lower, _strict(b, ct, True), adjoint_a=True), True)
    above = band(b, b.matmul(band(b, ct, False), band(b, both, False), adjoint_b=True), False)
    left = b.triangular_solve(lower, b.add(below, above), lower=True, adjoint=True)
    ordered = adjoint(b, b.triangular_solve(both, adjoint(b, left), lower=False, adjoint=False))
    place = b.one_hot(rows, depth=shape[-1], dtype=b.dtype(both))
    return (b.matmul(place, ordered, transpose_a=True),)


register(
    OpDef(
        name="lu",
        inputs=("x",),
        attrs={"output_idx_type": dtypes.int32},
        spec=_lu_spec,
        reference=quiet(_lu),
        dtypes=(INEXACT,),
        vjp=_lu_vjp,
        reason=_HALF_REASON,
        outputs=("lu", "p"),
        doc="The unit lower and the upper triangular factor in one matrix, of x with its rows in the order p.",
        cases=(case(np.stack([_SQUARE, _SQUARE[::-1]])), case(_SQUARE.T, output_idx_type=dtypes.int64),
               case(COMPLEX_MATRIX, dtypes=_COMPLEX), case((0, 0)), case((0, 2, 2))),
    )
)  # fmt: skip

# QR ------------------------------------------------------------------------------------------------------------------


def _qr_spec(x: TensorType, *, full_matrices: bool) -> tuple[TensorType, ...]:
    batch, rows, columns = matrix_rank_of(x)
    inner = rows if full_matrices else dims.minimum(rows, columns)
    return TensorType((*batch, rows, inner), x.dtype), TensorType((*batch, inner, columns), x.dtype)


def _qr(x: Any, full_matrices: bool) -> tuple[Any, Any]:
    q, r = np.linalg.qr(x, mode="complete" if full_matrices else "reduced")
    return np.asarray(q), np.asarray(r)


def _qr_square_vjp(b: Any, q: Any, r: Any, ct_q: Any, ct_r: Any) -> Any:
    """The cotangent of x = q r with a square r whose diagonal is real.

    With C = q.H dx inv(r): what C has below the diagonal (less its adjoint above) and the imaginary diagonal turn q,
    the rest is dr inv(r); outside the range of q, dq = dx inv(r). This is the adjoint of that map.
    """
    turning = b.matmul(q, ct_q, adjoint_a=True)
    scaling = b.matmul(band(b, ct_r, False), r, adjoint_b=True)
    lower = b.add(b.subtract(turning, adjoint(b, turning)), adjoint(b, scaling))
    inner = b.add(_strict(b, lower, True), _strict(b, scaling, False))
    diagonal = _diagonal(b, scaling)
    if b.dtype(q).is_complex:
        on = _diagonal(b, turning)
        diagonal = b.add(_real_part(b, diagonal), b.subtract(on, _real_part(b, on)))
    inner = b.add(inner, diagonal)
    whole = b.add(b.matmul(q, b.subtract(inner, turning)), ct_q)
    return adjoint(b, b.triangular_solve(r, adjoint(b, whole), lower=False))


def _qr_vjp(b: Any, node: Any, ct_q: Any, ct_r: Any) -> Sequence[Any]:
    x = node.inputs[0]
    q, r = node.outputs
    *front, rows, columns = b.shape(x)
    known = isinstance(rows, int) and isinstance(columns, int)
    if node.attrs["full_matrices"] and known and rows > columns:
        raise LookupError("qr has no gradient with full_matrices=True for more rows than columns: the columns that "
                          "complete q are arbitrary. Use full_matrices=False.")  # fmt: skip
    if known and rows >= columns:
        return (_qr_square_vjp(b, q, r, ct_q, ct_r),)
    inner = dims.minimum(rows, columns)

    def part(value: Any, begin: Any, size: Any) -> Any:
        return b.slice(value, begin=((0,) * len(front)) + (0, begin), size=(*front, b.shape(value)[-2], size))

    # x = [left | right]: q comes from the left part, and right = q @ (the right part of r)
    rest = columns - inner
    right, ct_right = part(x, inner, rest), part(ct_r, inner, rest)
    ct_left = _qr_square_vjp(b, q, part(r, 0, inner), b.add(ct_q, b.matmul(right, ct_right, adjoint_b=True)),
                             part(ct_r, 0, inner))  # fmt: skip
    return (b.concat(ct_left, b.matmul(q, ct_right), axis=-1),)


register(
    OpDef(
        name="qr",
        inputs=("x",),
        attrs={"full_matrices": False},
        spec=_qr_spec,
        reference=quiet(_qr),
        dtypes=(INEXACT,),
        vjp=_qr_vjp,
        reason=_HALF_REASON,
        outputs=("q", "r"),
        doc="Matrices q with orthonormal columns and upper triangular r with q @ r = x.",
        # in complex numbers LAPACK's signs jump where the last element is real: such matrices are no test of gradients
        cases=(case(np.stack([_TALL, _TALL + 1])), case(_TALL.T, dtypes=_FLOATS),
               case(_SQUARE, full_matrices=True, dtypes=_FLOATS),
               case(_TALL, full_matrices=True, grad=0), case(_TALL.T, full_matrices=True, dtypes=_FLOATS),
               case(COMPLEX_MATRIX, dtypes=_COMPLEX), case(COMPLEX_MATRIX[:2], dtypes=_COMPLEX), case((0, 0)),
               case((0, 3, 2)), case((3, 0))),
    )
)  # fmt: skip

# Singular values -----------------------------------------------------------------------------------------------------


def _svd_spec(x: TensorType, *, full_matrices: bool, compute_uv: bool) -> Any:
    batch, rows, columns = matrix_rank_of(x)
    inner = dims.minimum(rows, columns)
    values = TensorType((*batch, inner), x.dtype.real_dtype)
    if not compute_uv:
        return values
    left, right = (rows, columns) if full_matrices else (inner, inner)
    return values, TensorType((*batch, rows, left), x.dtype), TensorType((*batch, columns, right), x.dtype)


def _svd(x: Any, full_matrices: bool, compute_uv: bool) -> Any:
    if not compute_uv:
        return matrices.on_finite(lambda m: (np.linalg.svd(m, compute_uv=False),), x)[0]
    u, s, vh = matrices.on_finite(lambda m: tuple(np.linalg.svd(m, full_matrices=full_matrices)), x)
    return s, u, np.ascontiguousarray(matrices.adjoint(vh))


def _safe_reciprocal(b: Any, x: Any) -> Any:
    """1 / x, and 0 where x is 0."""
    return b.divide_no_nan(b.ones_like(x), x)


def _differences(b: Any, values: Any) -> Any:
    """1 / (values[j] - values[i]) at row i and column j, 0 on the diagonal and for equal values."""
    shape = b.shape(values)
    row = b.reshape(values, shape=(*shape[:-1], 1, shape[-1]))
    column = b.reshape(values, shape=(*shape, 1))
    return _safe_reciprocal(b, b.subtract(row, column))


def _svd_vjp(b: Any, node: Any, ct_s: Any, ct_u: Any = None, ct_v: Any = None) -> Sequence[Any]:
    # Source: Townsend, "Differentiating the singular value decomposition" (2016); for complex matrices Wan and Zhang,
    # arXiv 1909.02659. Singular values must differ, and what is computed must not depend on the signs of u and v.
    x = node.inputs[0]
    if not node.attrs["compute_uv"]:
        _, u, v = b.svd(x, full_matrices=False, compute_uv=True)
        return (b.matmul(b.multiply(u, _row(b, ct_s, u)), v, adjoint_b=True),)
    s, u, v = node.outputs
    *_, rows, columns = b.shape(x)
    if node.attrs["full_matrices"] and isinstance(rows, int) and isinstance(columns, int) and rows != columns:
        raise LookupError("svd has no gradient with full_matrices=True for matrices that are not square: the vectors "
                          "that complete u or v are arbitrary. Use full_matrices=False.")  # fmt: skip
    scale = _row(b, s, u)
    factors = _as_complex(b, _differences(b, b.square(s)), u)
    turn_u, turn_v = b.matmul(u, ct_u, adjoint_a=True), b.matmul(v, ct_v, adjoint_a=True)
    left, right = b.multiply(factors, turn_u), b.multiply(factors, turn_v)
    column = adjoint(b, scale)
    middle = b.add(b.matrix_diag(_as_complex(b, ct_s, u)), b.multiply(b.add(left, adjoint(b, left)), scale))
    middle = b.add(middle, b.multiply(b.add(right, adjoint(b, right)), column))
    inverse = _row(b, _safe_reciprocal(b, s), u)
    if b.dtype(u).is_complex:
        on = _diagonal(b, turn_v)
        middle = b.add(middle, b.multiply(b.multiply(b.subtract(adjoint(b, on), on), 0.5), inverse))
    beside_u = b.subtract(ct_u, b.matmul(u, turn_u))
    beside_v = b.subtract(ct_v, b.matmul(v, turn_v))
    first = b.matmul(b.add(b.matmul(u, middle), b.multiply(beside_u, inverse)), v, adjoint_b=True)
    return (b.add(first, b.matmul(b.multiply(u, inverse), beside_v, adjoint_b=True)),)


register(
    OpDef(
        name="svd",
        inputs=("x",),
        attrs={"full_matrices": False, "compute_uv": True},
        spec=_svd_spec,
        reference=quiet(_svd),
        dtypes=(INEXACT,),
        vjp=_svd_vjp,
        reason=_HALF_REASON,
        outputs=None,
        doc="The singular values s in falling order, and u, v with x = u @ diag(s) @ v.H.",
        # complex vectors have an arbitrary phase, which differences do not see kept: their gradient is tested elsewhere
        cases=(case(np.stack([_TALL, _TALL * 2]), dtypes=_FLOATS), case(_TALL.T, dtypes=_FLOATS),
               case(_SQUARE, full_matrices=True, dtypes=_FLOATS),
               case(_TALL, full_matrices=True, grad=0), case(_SQUARE, compute_uv=False), case(_TALL, compute_uv=False),
               case(COMPLEX_MATRIX, compute_uv=False, dtypes=_COMPLEX), case(COMPLEX_MATRIX, dtypes=_COMPLEX, grad=0),
               case((0, 0)), case((0, 3, 2)), case((3, 0))),
    )
)  # fmt: skip

# Eigenvalues ---------------------------------------------------------------------------------------------------------


def _eigh_spec(x: TensorType) -> tuple[TensorType, ...]:
    batch, size = square(x)
    return TensorType((*batch, size), x.dtype.real_dtype), TensorType((*batch, size, size), x.dtype)


def _eigh_vjp(b: Any, node: Any, ct_w: Any, ct_v: Any) -> Sequence[Any]:
    w, v = node.outputs
    turning = b.multiply(_as_complex(b, _differences(b, w), v), b.matmul(v, ct_v, adjoint_a=True))
    middle = b.add(b.matrix_diag(_as_complex(b, ct_w, v)), turning)
    whole = b.matmul(b.matmul(v, middle), v, adjoint_b=True)
    return (_from_lower(b, whole),)


def _eigvalsh_vjp(b: Any, node: Any, ct_w: Any) -> Sequence[Any]:
    _, v = b.eigh(node.inputs[0])
    return (_from_lower(b, b.matmul(b.multiply(v, _row(b, ct_w, v)), v, adjoint_b=True)),)


def _hermitian_cases(allowed: tuple[dtypes.DType, ...]) -> Sequence[Case]:
    return (case(np.stack([_POSITIVE, _POSITIVE * 2]), dtypes=allowed), case(_POSITIVE, dtypes=allowed),
            case((0, 0)), case((0, 2, 2)))  # fmt: skip


register(
    OpDef(
        name="eigh",
        inputs=("x",),
        spec=_eigh_spec,
        reference=quiet(lambda x: matrices.on_finite(lambda m: tuple(np.linalg.eigh(m)), x)),
        dtypes=(INEXACT,),
        vjp=_eigh_vjp,
        reason=_HALF_REASON,
        outputs=("w", "v"),
        doc="Eigenvalues in rising order and orthonormal eigenvectors (columns) of Hermitian matrices, whose lower "
        "triangles alone are read.",
        cases=(*_hermitian_cases(_FLOATS), case(_HERMITIAN, dtypes=_COMPLEX, grad=0)),
    )
)
register(
    OpDef(
        name="eigvalsh",
        inputs=("x",),
        spec=lambda x: _eigh_spec(x)[0],
        reference=quiet(lambda x: matrices.on_finite(lambda m: (np.linalg.eigvalsh(m),), x)[0]),
        dtypes=(INEXACT,),
        vjp=_eigvalsh_vjp,
        reason=_HALF_REASON,
        doc="Eigenvalues in rising order of Hermitian matrices, whose lower triangles alone are read.",
        cases=(*_hermitian_cases(INEXACT), case(_HERMITIAN, dtypes=_COMPLEX)),
    )
)


def _complex_of(dtype: dtypes.DType) -> dtypes.DType:
    return dtypes.complex64 if dtype in (dtypes.float32, dtypes.complex64) else dtypes.complex128


def _eig_spec(x: TensorType) -> tuple[TensorType, ...]:
    batch, size = square(x)
    dtype = _complex_of(x.dtype)
    return TensorType((*batch, size), dtype), TensorType((*batch, size, size), dtype)


def _eig(x: Any) -> tuple[Any, Any]:
    dtype = _complex_of(dtypes.as_dtype(x.dtype)).numpy
    w, v = matrices.on_finite(lambda m: tuple(np.linalg.eig(m)), x)
    return w.astype(dtype), v.astype(dtype)


def _eigvals(x: Any) -> Any:
    dtype = _complex_of(dtypes.as_dtype(x.dtype)).numpy
    return matrices.on_finite(lambda m: (np.linalg.eigvals(m),), x)[0].astype(dtype)


def _eig_back(b: Any, x: Any, v: Any, middle: Any) -> Any:
    """inv(v).H @ middle @ v.H, real where x is."""
    whole = b.solve(v, b.matmul(middle, v, adjoint_b=True), adjoint=True)
    return whole if b.dtype(x).is_complex else b.real(whole)


def _eig_vjp(b: Any, node: Any, ct_w: Any, ct_v: Any) -> Sequence[Any]:
    # Eigenvectors have length 1: the part of their cotangent along themselves does not count.
    w, v = node.outputs
    turning = b.matmul(v, ct_v, adjoint_a=True)
    along = b.matmul(b.matmul(v, v, adjoint_a=True), _diagonal(b, _real_part(b, turning)))
    off = b.multiply(b.conj(_differences(b, w)), b.subtract(turning, along))
    return (_eig_back(b, node.inputs[0], v, b.add(b.matrix_diag(ct_w), off)),)


def _eigvals_vjp(b: Any, node: Any, ct_w: Any) -> Sequence[Any]:
    _, v = b.eig(node.inputs[0])
    return (_eig_back(b, node.inputs[0], v, b.matrix_diag(ct_w)),)


_GENERAL_CASES = (case(np.stack([_SQUARE, _SQUARE * 2]), grad=1), case(_SQUARE, grad=1), case((0, 0)), case((0, 2, 2)))
register(
    OpDef(
        name="eig",
        inputs=("x",),
        spec=_eig_spec,
        reference=quiet(_eig),
        dtypes=(INEXACT,),
        vjp=_eig_vjp,
        reason=_HALF_REASON,
        outputs=("w", "v"),
        doc="Eigenvalues and eigenvectors (columns of length 1) of square matrices, complex, in no particular order.",
        cases=(*(case(*c.inputs, grad=0) for c in _GENERAL_CASES), case(COMPLEX_MATRIX, dtypes=_COMPLEX, grad=0)),
    )
)
register(
    OpDef(
        name="eigvals",
        inputs=("x",),
        spec=lambda x: _eig_spec(x)[0],
        reference=quiet(_eigvals),
        dtypes=(INEXACT,),
        vjp=_eigvals_vjp,
        reason=_HALF_REASON,
        doc="Eigenvalues of square matrices, complex, in no particular order.",
        cases=(*_GENERAL_CASES, case(COMPLEX_MATRIX, dtypes=_COMPLEX, grad=1)),
    )
)
