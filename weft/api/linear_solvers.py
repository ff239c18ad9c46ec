"""Systems of equations solved step by step, and eigenvalues of matrices with three diagonals."""

from __future__ import annotations

from typing import Any, NamedTuple

from weft.api import array, math, matrices
from weft.api.common import cast_to
from weft.api.linear_operators import (
    LinearOperator,
)
from weft.base.errors import explain
from weft.runtime import frontdoor


class CGState(NamedTuple):
    """Where conjugate gradients have come to: steps, solution, residual, direction, and the residual's weight."""

    i: Any
    x: Any
    r: Any
    p: Any
    gamma: Any


def conjugate_gradient(operator: LinearOperator, rhs: Any, preconditioner: LinearOperator | None = None, x: Any = None,
                       tol: Any = 1e-5, max_iter: Any = 20, name: str = "conjugate_gradient") -> CGState:  # fmt: skip
    """Solves with an operator that is self-adjoint and positive definite by conjugate gradients (Hestenes 1952).

    Args:
        operator: `[..., n, n]`.
        rhs: `[..., n]`.
        preconditioner: What nearly undoes the operator, as an operator.
        x: Where to begin; zeros where None.
        tol: The residual's norm over that of `rhs` at which it ends.
        max_iter: The number of steps at which it ends.
        name: The node's name.

    Returns:
        Fields `i`, `x`, `r`, `p`, `gamma`.

    Raises:
        ValueError: Where the hints say otherwise of the operator.
    """
    if not (operator.is_self_adjoint and operator.is_positive_definite):
        raise ValueError("Expected a self-adjoint, positive definite operator.")
    from weft.runtime.control import while_loop

    right = frontdoor.convert(rhs, hint=operator.dtype)

    def dot(a: Any, b: Any) -> Any:
        return math.reduce_sum(math.conj(a) * b, -1)

    def ahead(residual: Any) -> Any:
        return residual if preconditioner is None else preconditioner.matvec(residual)

    start = array.zeros_like(right) if x is None else frontdoor.convert(x, hint=right.dtype)
    residual = right if x is None else right - operator.matvec(start)
    direction = ahead(residual)
    limit = cast_to(tol, right.dtype) * _norm(right)
    first = (array.constant(0), start, residual, direction, dot(residual, direction))

    def goes_on(i: Any, x: Any, r: Any, p: Any, gamma: Any) -> Any:
        return math.logical_and(i < max_iter, math.reduce_any(_real(_norm(r)) > _real(limit)))

    def step(i: Any, x: Any, r: Any, p: Any, gamma: Any) -> Any:
        seen = operator.matvec(p)
        share = gamma / dot(p, seen)
        x = x + share[..., None] * p
        r = r - share[..., None] * seen
        q = ahead(r)
        after = dot(r, q)
        return i + 1, x, r, q + (after / gamma)[..., None] * p, after

    return CGState(*while_loop(goes_on, step, first, None, None, name))


def _norm(x: Any) -> Any:
    """The Euclidean norm along the last axis, in the dtype of `x`."""
    return math.sqrt(math.reduce_sum(math.conj(x) * x, -1))


def _real(x: Any) -> Any:
    return math.real(x) if x.dtype.is_complex else x


def eigh_tridiagonal(alpha: Any, beta: Any, eigvals_only: bool = True, select: str = "a", select_range: Any = None,
                     tol: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """Eigenvalues, in rising order, of a symmetric matrix with three diagonals; with `eigvals_only=False` vectors too.

    Args:
        alpha: The diagonal `[n]`.
        beta: The diagonals beside it `[n - 1]`.
        eigvals_only: Whether vectors are left out.
        select: 'a' for all, 'v' for those in `(low, high]`, 'i' for those numbered first to last.
        select_range: The two limits for 'v' and 'i'.
        tol: Accepted: they are as near as the dtype allows.
        name: The node's name.

    Raises:
        ValueError: For another `select`, or limits that are no range.
    """
    if select not in ("a", "v", "i"):
        raise ValueError(explain("eigh_tridiagonal: no such select.", received=repr(select), expected="a, v or i"))
    if select != "a" and (select_range is None or len(select_range) != 2):
        raise ValueError(explain("eigh_tridiagonal: `select_range` has two limits.", received=repr(select_range)))
    diagonal = frontdoor.convert(alpha)
    beside = frontdoor.convert(beta, hint=diagonal.dtype)
    dense = matrices.diag(diagonal) + matrices.diag(beside, k=-1) + matrices.diag(math.conj(beside), k=1)
    values, vectors = matrices.eigh(dense)
    values = _real(values)
    if select == "v":
        low, high = (cast_to(limit, values.dtype) for limit in select_range)
        chosen = math.logical_and(values > low, values <= high)
        places = array.where(chosen)[:, 0]
        values, vectors = array.gather(values, places), array.gather(vectors, places, axis=-1)
    elif select == "i":
        values = values[..., select_range[0] : select_range[1] + 1]
        vectors = vectors[..., select_range[0] : select_range[1] + 1]
    return values if eigvals_only else (values, vectors)
