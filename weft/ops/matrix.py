"""Systems of equations, inverses, determinants and functions of matrices, for stacks of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.ir.types import TensorType
from weft.ops.families import quiet
from weft.ops.linalg import batch_shape, matrix_rank_of
from weft.ops.numerics import matrices
from weft.ops.opdef import OpDef, SpecError, case, register

#: what LAPACK works on
INEXACT = (dtypes.float32, dtypes.float64, dtypes.complex64, dtypes.complex128)
_COMPLEX = (dtypes.complex128,)
_HALF_REASON = "half precision is left out: TensorFlow has it for some of these and computes it no better than float32"

# Matrices whose numbers stay far from singular ones.
_MATRIX = np.array([[3.0, 0.7, -0.4], [0.2, 2.5, 0.6], [-0.5, 0.3, 2.0]])
_STACK = np.stack([_MATRIX, _MATRIX.T - 0.5 * np.eye(3)])
_TALL = np.array([[3.0, 0.7], [0.2, 2.5], [-0.5, 0.3], [1.0, 1.5]])
COMPLEX_MATRIX = _MATRIX + 1j * np.array([[0.1, -0.3, 0.2], [0.4, 0.2, -0.1], [0.3, 0.5, -0.2]])


def square(x: TensorType, name: str = "x") -> tuple[tuple[Any, ...], Any]:
    """The batch and the size of a stack of square matrices.

    Raises:
        SpecError: Where they are not square.
    """
    batch, rows, columns = matrix_rank_of(x, name)
    if isinstance(rows, int) and isinstance(columns, int) and rows != columns:
        raise SpecError(f"`{name}` holds matrices of {rows} rows and {columns} columns", expected="square matrices")
    return batch, columns if isinstance(columns, int) else rows


def same_square(x: TensorType, **_: Any) -> TensorType:
    """The type of a function of square matrices."""
    batch, size = square(x)
    return TensorType((*batch, size, size), x.dtype)


def transposed(b: Any, x: Any) -> Any:
    """The matrices with rows and columns exchanged."""
    rank = len(b.shape(x))
    return b.transpose(x, perm=(*range(rank - 2), rank - 1, rank - 2))


def adjoint(b: Any, x: Any) -> Any:
    """The conjugate transpose of matrices."""
    return b.conj(transposed(b, x))


def checked(
    function: Callable[..., Any], problem: str, alone: Callable[[Any], Any] = np.linalg.inv
) -> Callable[..., Any]:
    """A function of numpy's that tells which matrix of a stack it failed on: the first that fails alone."""

    def wrapped(x: Any, *others: Any, **attrs: Any) -> Any:
        try:
            return function(x, *others, **attrs)
        except np.linalg.LinAlgError:
            for place in np.ndindex(*x.shape[:-2]):
                try:
                    alone(x[place])
                except np.linalg.LinAlgError:
                    where = f"matrix {place} is" if place else "the matrix is"
                    raise ValueError(f"{where} {problem}") from None
            raise

    return wrapped


def _determined(x: Any) -> Any:
    """The matrices; refuses those whose first pivot is not a number.

    LAPACK takes another row then and gives answers of which some numbers look sound.

    Raises:
        LinAlgError: For such a matrix.
    """
    if x.size and np.isnan(x[..., 0, 0]).any():
        raise np.linalg.LinAlgError
    return x


# Inverse -------------------------------------------------------------------------------------------------------------


def _inverse(x: Any, adjoint: bool) -> Any:
    inverse = np.linalg.inv(_determined(x))
    return matrices.adjoint(inverse) if adjoint else inverse


def _inverse_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    y = node.outputs[0]
    if node.attrs["adjoint"]:
        return (b.negative(b.matmul(b.matmul(y, ct, adjoint_b=True), y)),)
    return (b.negative(b.matmul(b.matmul(y, ct, adjoint_a=True), y, adjoint_b=True)),)


register(
    OpDef(
        name="inverse",
        inputs=("x",),
        attrs={"adjoint": False},
        spec=same_square,
        reference=quiet(checked(_inverse, "not invertible: it is singular, or begins with NaN",
                                lambda x: np.linalg.inv(_determined(x)))),
        dtypes=(INEXACT,),
        vjp=_inverse_vjp,
        reason=_HALF_REASON,
        doc="The inverse of matrices; of their conjugate transposes where adjoint is set.",
        cases=(case(_STACK), case(_MATRIX, adjoint=True), case(COMPLEX_MATRIX, dtypes=_COMPLEX),
               case(COMPLEX_MATRIX, adjoint=True, dtypes=_COMPLEX), case((0, 0)), case((0, 2, 2))),
    )
)  # fmt: skip

# Systems -------------------------------------------------------------------------------------------------------------


def _system_spec(matrix: TensorType, rhs: TensorType, **_: Any) -> TensorType:
    size = square(matrix, "matrix")[1]
    _batch, rows, columns = matrix_rank_of(rhs, "rhs")
    if isinstance(size, int) and isinstance(rows, int) and size != rows:
        raise SpecError(f"`matrix` has {size} rows and `rhs` has {rows}", expected="as many",
                        hint="give rhs one row for each equation; a vector b as b[:, tf.newaxis]")  # fmt: skip
    return TensorType((*batch_shape(matrix, rhs), rows, columns), rhs.dtype)


def _broadcast_batches(matrix: Any, rhs: Any) -> tuple[Any, Any]:
    batch = np.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    return np.broadcast_to(matrix, (*batch, *matrix.shape[-2:])), np.broadcast_to(rhs, (*batch, *rhs.shape[-2:]))


def _solve(matrix: Any, rhs: Any, adjoint: bool) -> Any:
    wanted = matrices.adjoint(_determined(matrix)) if adjoint else _determined(matrix)
    return np.linalg.solve(*_broadcast_batches(wanted, rhs))


def _to_system(b: Any, node: Any, to_rhs: Any) -> Any:
    """The cotangent of the matrix of a system, from that of its right-hand side."""
    x = node.outputs[0]
    outer = b.matmul(x, to_rhs, adjoint_b=True) if node.attrs["adjoint"] else b.matmul(to_rhs, x, adjoint_b=True)
    return b.negative(outer)


def _solve_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    matrix, rhs = node.inputs
    to_rhs = b.solve(matrix, ct, adjoint=not node.attrs["adjoint"])
    return (
        b.unbroadcast(_to_system(b, node, to_rhs), b.shape(matrix)) if node.needs[0] else None,
        b.unbroadcast(to_rhs, b.shape(rhs)) if node.needs[1] else None,
    )


register(
    OpDef(
        name="solve",
        inputs=("matrix", "rhs"),
        attrs={"adjoint": False},
        spec=_system_spec,
        reference=quiet(checked(_solve, "not invertible: it is singular, so the system has no solution or many, or it "
                                "begins with NaN", lambda x: np.linalg.inv(_determined(x)))),
        dtypes=(INEXACT,),
        vjp=_solve_vjp,
        reason=_HALF_REASON,
        doc="The x with matrix @ x = rhs; of the conjugate transpose where adjoint is set.",
        cases=(case(_STACK, (2, 3, 2)), case(_MATRIX, (4, 3, 1)), case(_MATRIX, (3, 2), adjoint=True),
               case(COMPLEX_MATRIX, COMPLEX_MATRIX[:, :2], adjoint=True, dtypes=_COMPLEX),
               case((0, 0), (0, 2)), case(_MATRIX, (3, 0))),
    )
)  # fmt: skip


def _triangle(x: Any, lower: bool) -> Any:
    return np.tril(x) if lower else np.triu(x)


def _triangular_solve(matrix: Any, rhs: Any, lower: bool, adjoint: bool) -> Any:
    matrix, rhs = _broadcast_batches(_triangle(matrix, lower), rhs)
    if adjoint:
        return matrices.solve_triangular(matrices.adjoint(matrix), rhs, not lower)
    return matrices.solve_triangular(matrix, rhs, lower)


def band(b: Any, x: Any, lower: bool) -> Any:
    """The lower or the upper triangle, diagonal included."""
    return b.matrix_band_part(x, lower=-1 if lower else 0, upper=0 if lower else -1)


def _triangular_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    matrix, rhs = node.inputs
    lower = node.attrs["lower"]
    to_rhs = b.triangular_solve(matrix, ct, lower=lower, adjoint=not node.attrs["adjoint"])
    return (
        b.unbroadcast(band(b, _to_system(b, node, to_rhs), lower), b.shape(matrix)) if node.needs[0] else None,
        b.unbroadcast(to_rhs, b.shape(rhs)) if node.needs[1] else None,
    )


register(
    OpDef(
        name="triangular_solve",
        inputs=("matrix", "rhs"),
        attrs={"lower": True, "adjoint": False},
        spec=_system_spec,
        reference=quiet(_triangular_solve),
        dtypes=(INEXACT,),
        vjp=_triangular_vjp,
        reason=_HALF_REASON,
        doc="The x with matrix @ x = rhs, of which one triangle only is read; infinite where its diagonal has a zero.",
        cases=(case(_STACK, (2, 3, 2)), case(_MATRIX, (4, 3, 1), lower=False), case(_MATRIX, (3, 2), adjoint=True),
               case(_MATRIX, (3, 2), lower=False, adjoint=True),
               case(COMPLEX_MATRIX, COMPLEX_MATRIX[:, :2], adjoint=True, dtypes=_COMPLEX),
               case(np.eye(40) + 0.01, (40, 1), grad=0), case((0, 0), (0, 2)), case(_MATRIX, (3, 0))),
    )
)  # fmt: skip

# Least squares -------------------------------------------------------------------------------------------------------


def _pinv_spec(x: TensorType, *, rcond: float | None) -> TensorType:
    batch, rows, columns = matrix_rank_of(x)
    return TensorType((*batch, columns, rows), x.dtype)


def _pinv(x: Any, rcond: float | None) -> Any:
    cut = 10 * max(x.shape[-2:], default=1) * float(np.finfo(x.dtype).eps) if rcond is None else rcond
    return np.asarray(matrices.on_finite(lambda m: (np.linalg.pinv(m, rcond=cut),), x)[0], x.dtype)


def _through_pinv(b: Any, x: Any, p: Any, ct: Any) -> Any:
    """The cotangent of x from that of its pseudo-inverse p, where a small change leaves the rank as it is.

    Source: Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems", SIAM J.
    Numer. Anal. 10 (1973).
    """
    outside = b.subtract(ct, b.matmul(b.matmul(ct, x), p))  # ct (1 - x p): what p's rows do not reach
    inside = b.subtract(ct, b.matmul(p, b.matmul(x, ct)))  # (1 - p x) ct
    direct = b.matmul(b.matmul(p, ct, adjoint_a=True), p, adjoint_b=True)
    first = b.matmul(b.matmul(outside, p, adjoint_a=True), p, adjoint_b=True)
    second = b.matmul(p, b.matmul(p, inside, adjoint_b=True), adjoint_a=True)
    return b.subtract(b.add(first, second), direct)


register(
    OpDef(
        name="pinv",
        inputs=("x",),
        attrs={"rcond": None},
        spec=_pinv_spec,
        reference=quiet(_pinv),
        dtypes=(INEXACT,),
        vjp=lambda b, node, ct: (_through_pinv(b, node.inputs[0], node.outputs[0], ct),),
        reason=_HALF_REASON,
        doc="The pseudo-inverse of matrices; singular values up to rcond times the greatest count as 0.",
        cases=(case(_TALL), case(_TALL.T), case(_STACK), case(COMPLEX_MATRIX[:, :2], dtypes=_COMPLEX),
               case(np.ones((3, 2)), grad=0), case((0, 2)), case((2, 0, 3))),
    )
)  # fmt: skip


def _least_spec(matrix: TensorType, rhs: TensorType, *, l2_regularizer: float, fast: bool) -> TensorType:
    batch, rows, columns = matrix_rank_of(matrix, "matrix")
    _, other, right = matrix_rank_of(rhs, "rhs")
    if isinstance(rows, int) and isinstance(other, int) and rows != other:
        raise SpecError(f"`matrix` has {rows} rows and `rhs` has {other}", expected="as many")
    if l2_regularizer < 0:
        raise SpecError(f"l2_regularizer is {l2_regularizer}", expected="a number that is not negative")
    if not shapes.compatible(batch, (rhs.shape or ())[:-2]):
        raise SpecError(f"batch shapes {shapes.show(batch)} and {shapes.show((rhs.shape or ())[:-2])} differ")
    return TensorType((*batch, columns, right), rhs.dtype)


def _least(matrix: Any, rhs: Any, l2_regularizer: float, fast: bool) -> Any:
    if not fast:
        return np.matmul(_pinv(matrix, None), rhs).astype(rhs.dtype)
    across = matrices.adjoint(matrix)
    tall = matrix.shape[-2] >= matrix.shape[-1]
    gram = np.matmul(across, matrix) if tall else np.matmul(matrix, across)
    gram = gram + matrix.real.dtype.type(l2_regularizer) * np.eye(gram.shape[-1], dtype=matrix.dtype)
    if tall:
        return np.linalg.solve(gram, np.matmul(across, rhs))
    return np.matmul(across, np.linalg.solve(gram, rhs))


def _identity(b: Any, size: Any, dtype: Any) -> Any:
    return b.matrix_diag(b.full((size,), 1, dtype))


def _least_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    a, rhs = node.inputs
    x = node.outputs[0]
    weight = node.attrs["l2_regularizer"] if node.attrs["fast"] else 0.0
    if not weight:
        p = b.pinv(a)
        return (_through_pinv(b, a, p, b.matmul(ct, rhs, adjoint_b=True)) if node.needs[0] else None,
                b.matmul(p, ct, adjoint_a=True))  # fmt: skip
    one = b.matrix_diag(b.full((b.shape(a)[-1],), weight, b.dtype(a)))
    z = b.solve(b.add(b.matmul(a, a, adjoint_a=True), one), ct)
    across = b.matmul(x, z, adjoint_b=True)
    to_a = b.subtract(b.matmul(rhs, z, adjoint_b=True), b.matmul(a, b.add(across, adjoint(b, across))))
    return to_a, b.matmul(a, z)


register(
    OpDef(
        name="lstsq",
        inputs=("matrix", "rhs"),
        attrs={"l2_regularizer": 0.0, "fast": True},
        spec=_least_spec,
        reference=quiet(checked(_least, "singular: set fast=False, or l2_regularizer above 0")),
        dtypes=(INEXACT,),
        vjp=_least_vjp,
        reason=_HALF_REASON,
        doc="The x of least |matrix @ x - rhs|**2 + l2_regularizer |x|**2, the shortest of many; fast by the normal "
        "equations, else by singular values without regularization.",
        cases=(case(_TALL, (4, 2)), case(_TALL.T, (2, 1)), case(_TALL, (4, 1), l2_regularizer=0.5),
               case(_TALL.T, (2, 1), l2_regularizer=0.5), case(_TALL, (4, 1), fast=False),
               case(np.stack([_TALL, _TALL + 1]), (2, 4, 1)),
               case(np.ones((3, 2)), (3, 1), fast=False, grad=0, name="rank 1")),
    )
)  # fmt: skip

# Determinants --------------------------------------------------------------------------------------------------------


def _det_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, y = node.inputs[0], node.outputs[0]
    scale = b.reshape(b.multiply(ct, b.conj(y)), shape=(*b.shape(y), 1, 1))
    return (b.multiply(b.inverse(x, adjoint=True), scale),)


register(
    OpDef(
        name="det",
        inputs=("x",),
        spec=lambda x: TensorType(square(x)[0], x.dtype),
        reference=quiet(lambda x: np.asarray(np.linalg.det(x), x.dtype)),
        dtypes=(INEXACT,),
        vjp=_det_vjp,
        reason=_HALF_REASON,
        doc="The determinant of matrices; its gradient is for matrices that have an inverse.",
        cases=(case(_STACK), case(_MATRIX), case(COMPLEX_MATRIX, dtypes=_COMPLEX), case((0, 0)), case((0, 2, 2))),
    )
)


def _slogdet_vjp(b: Any, node: Any, ct_sign: Any, ct_log: Any) -> Sequence[Any]:
    x, sign = node.inputs[0], node.outputs[0]
    if b.dtype(x).is_complex:  # with log det = log|det| + i angle, the sign turns with the angle
        turning = b.imag(b.multiply(ct_sign, b.conj(sign)))
        ct_log = b.complex(b.real(ct_log), turning)
    return (b.multiply(b.inverse(x, adjoint=True), b.reshape(ct_log, shape=(*b.shape(sign), 1, 1))),)


register(
    OpDef(
        name="slogdet",
        inputs=("x",),
        spec=lambda x: (TensorType(square(x)[0], x.dtype),) * 2,
        reference=quiet(lambda x: tuple(np.asarray(part, x.dtype) for part in np.linalg.slogdet(x))),
        dtypes=(INEXACT,),
        vjp=_slogdet_vjp,
        reason=_HALF_REASON,
        outputs=("sign", "log_abs_determinant"),
        doc="The sign and the logarithm of the absolute value of the determinant of matrices.",
        cases=(case(_STACK), case(_MATRIX), case(COMPLEX_MATRIX, dtypes=_COMPLEX), case((0, 0)), case((0, 2, 2)),
               case(np.zeros((2, 2)), grad=0)),
    )
)  # fmt: skip

# Functions of matrices -----------------------------------------------------------------------------------------------


def _block_vjp(name: str) -> Callable[..., Sequence[Any]]:
    """The rule of every function of matrices that is a limit of polynomials.

    f([[a, e], [0, a]]) has the derivative of f at a along e in its upper right corner; the cotangent is the derivative
    at the conjugate transpose. Source: Higham, "Functions of Matrices" (2008), theorem 3.6.
    """

    def rule(b: Any, node: Any, ct: Any) -> Sequence[Any]:
        x = node.inputs[0]
        shape = b.shape(x)
        size, front = shape[-1], (0,) * (len(shape) - 2)
        turned = adjoint(b, x)
        upper = b.concat(turned, ct, axis=-1)
        lower = b.concat(b.zeros_like(x), turned, axis=-1)
        joint = b.call(name, b.concat(upper, lower, axis=-2))
        return (b.slice(joint, begin=(*front, 0, size), size=shape),)

    return rule


_FUNCTIONS: tuple[tuple[str, Any, Any, str], ...] = (
    ("expm", matrices.expm, INEXACT, "The exponential of square matrices."),
    ("sqrtm", matrices.sqrtm, INEXACT, "The principal square root of matrices; NaN for real ones without a real root."),
    ("logm", matrices.logm, INEXACT, "The principal logarithm of square matrices."),
)  # fmt: skip
for _name, _function, _dtypes, _doc in _FUNCTIONS:
    register(
        OpDef(
            name=_name,
            inputs=("x",),
            spec=same_square,
            reference=quiet(_function),
            dtypes=(_dtypes,),
            vjp=_block_vjp(_name),
            reason=_HALF_REASON,
            doc=_doc,
            cases=(case(_STACK, tolerance=1e-4), case(_MATRIX, tolerance=1e-4),
                   case(COMPLEX_MATRIX, dtypes=_COMPLEX, grad=1), case((0, 0)), case((0, 2, 2))),
        )
    )  # fmt: skip
