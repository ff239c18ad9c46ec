"""`tf.linalg.LinearOperator…`: matrices kept by what they are made of; each multiplies and solves its own way."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api import array, asserts, math, matrices
from weft.api.common import integer
from weft.base import dtypes
from weft.base.errors import explain
from weft.base.shapes import TensorShape
from weft.runtime import frontdoor
from weft.runtime.module import Module


class LinearOperator(Module):
    """A matrix, or a batch of them, that need not be written out.

    A class of one's own says `_matmul(x, adjoint, adjoint_arg)` and `_shape()`, or `_to_dense()`; where there is
    something better than what follows from these also `_solve(rhs, adjoint, adjoint_arg)`, `_diag_part()`, `_trace()`,
    `_determinant()` and `_log_abs_determinant()`.

    Args:
        dtype: Of its elements.
        is_non_singular: A hint: whether it has an inverse.
        is_self_adjoint: A hint: whether it is its own adjoint.
        is_positive_definite: A hint.
        is_square: A hint.
        name: Its name.
        graph_parents: Accepted.
        parameters: Accepted.

    Example:
        >>> import weft as tf
        >>> operator = tf.linalg.LinearOperatorDiag([2.0, 4.0])
        >>> operator.solvevec([2.0, 2.0]).numpy().tolist()
        [1.0, 0.5]
    """

    def __init__(self, dtype: Any, graph_parents: Any = None, is_non_singular: bool | None = None,
                 is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
                 is_square: bool | None = None, name: str | None = None, parameters: Any = None) -> None:  # fmt: skip
        if is_positive_definite:
            is_self_adjoint = True if is_self_adjoint is None else is_self_adjoint
            if is_non_singular is False:
                raise ValueError("A positive definite matrix is always non-singular.")
            is_non_singular = True
        if is_non_singular or is_self_adjoint:
            if is_square is False:
                raise ValueError("A non-singular or self-adjoint matrix is always square.")
            is_square = True
        super().__init__(name=None)
        self._operator_name = name or type(self).__name__
        self._dtype = dtypes.as_dtype(dtype)
        self._hints = (is_non_singular, is_self_adjoint, is_positive_definite, is_square)

    # What a class of operators says -----------------------------------------------------------------------------------

    #: what a class of one's own may define, under TensorFlow's names
    _matmul: Any = None
    _solve: Any = None
    _to_dense: Any = None
    _diag_part: Any = None
    _trace: Any = None
    _shape: Any = None
    _shape_tensor: Any = None

    def _dense(self) -> Any:
        if self._to_dense is not None:
            return self._to_dense()
        if self._matmul is None:
            raise NotImplementedError(
                explain(f"{type(self).__name__} does not say its matrix.",
                        hint="define `_matmul(x, adjoint=False, adjoint_arg=False)` and `_shape()`")  # fmt: skip
            )
        sizes = self.shape_tensor()
        return self._matmul(array.eye(sizes[-1], batch_shape=sizes[:-2], dtype=self._dtype))

    def _times(self, x: Any, adjoint: bool) -> Any:
        if self._matmul is not None:
            return self._matmul(x, adjoint=adjoint)
        return math.matmul(self._dense(), x, adjoint_a=adjoint)

    def _solved(self, rhs: Any, adjoint: bool) -> Any:
        if self._solve is not None:
            return self._solve(rhs, adjoint=adjoint)
        if self.is_positive_definite:
            return matrices.cholesky_solve(matrices.cholesky(self._dense()), rhs)
        return matrices.solve(self._dense(), rhs, adjoint=adjoint)

    def _diagonal(self) -> Any:
        return matrices.diag_part(self._dense()) if self._diag_part is None else self._diag_part()

    def _determinant(self) -> Any:
        return matrices.det(self._dense())

    def _log_abs_determinant(self) -> Any:
        return matrices.slogdet(self._dense())[1]

    @property
    def shape(self) -> TensorShape:
        """`[..., rows, columns]`."""
        return TensorShape(self._dense().shape if self._shape is None else self._shape())

    # What it is -------------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Its name."""
        return self._operator_name

    @property
    def dtype(self) -> Any:
        """Of its elements."""
        return self._dtype

    @property
    def is_non_singular(self) -> bool | None:
        """The hint."""
        return self._hints[0]

    @property
    def is_self_adjoint(self) -> bool | None:
        """The hint."""
        return self._hints[1]

    @property
    def is_positive_definite(self) -> bool | None:
        """The hint."""
        return self._hints[2]

    @property
    def is_square(self) -> bool | None:
        """Whether rows are as many as columns, by the hint or the shape."""
        if self._hints[3] is not None:
            return self._hints[3]
        rows, columns = self.shape[-2], self.shape[-1]
        return None if rows is None or columns is None else rows == columns

    @property
    def batch_shape(self) -> TensorShape:
        """The axes in front of rows and columns."""
        return self.shape[:-2]  # type: ignore[no-any-return]

    @property
    def tensor_rank(self) -> int | None:
        """The number of axes, rows and columns included."""
        return self.shape.rank

    @property
    def range_dimension(self) -> Any:
        """The number of rows."""
        return self.shape[-2]

    @property
    def domain_dimension(self) -> Any:
        """The number of columns."""
        return self.shape[-1]

    def shape_tensor(self, name: str = "shape_tensor") -> Any:
        """The shape as a tensor: int32."""
        if self._shape_tensor is not None:
            return frontdoor.convert(self._shape_tensor())
        if self._shape is not None and self.shape.is_fully_defined():
            return frontdoor.convert(self.shape.as_list(), dtypes.int32)
        return array.shape(self._dense())

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Any:
        """The batch's axes as a tensor: int32."""
        return self.shape_tensor()[:-2]

    def tensor_rank_tensor(self, name: str = "tensor_rank_tensor") -> Any:
        """The number of axes as a tensor."""
        return array.size(self.shape_tensor())

    def range_dimension_tensor(self, name: str = "range_dimension_tensor") -> Any:
        """The number of rows as a tensor."""
        return self.shape_tensor()[-2]

    def domain_dimension_tensor(self, name: str = "domain_dimension_tensor") -> Any:
        """The number of columns as a tensor."""
        return self.shape_tensor()[-1]

    # What it is checked to be -----------------------------------------------------------------------------------------

    def assert_non_singular(self, name: str = "assert_non_singular") -> Any:
        """Asserts that the matrix can be inverted: that its condition number does not exceed the dtype's precision.

        Raises:
            InvalidArgumentError: Where it cannot.
        """
        values = matrices.svd(self._dense(), compute_uv=False)
        least = np.finfo(self._dtype.real_dtype.numpy).eps * math.reduce_max(values, -1)
        return asserts.assert_less(least, math.reduce_min(values, -1), message="Singular matrix")

    def assert_self_adjoint(self, name: str = "assert_self_adjoint") -> Any:
        """Asserts that the matrix is its own adjoint.

        Raises:
            InvalidArgumentError: Where it is not.
        """
        dense = self._dense()
        adjoint = matrices.adjoint(dense)
        return asserts.assert_equal(dense, adjoint, message="Matrix was not equal to its adjoint.")

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> Any:
        """Asserts that Cholesky's decomposition of the matrix exists.

        Raises:
            InvalidArgumentError: Where it does not.
            NotImplementedError: Without the hint that the matrix is self-adjoint.
        """
        if not self.is_self_adjoint:
            raise NotImplementedError(explain("assert_positive_definite is for self-adjoint operators.",
                                              hint="LinearOperator…(..., is_self_adjoint=True) says so"))  # fmt: skip
        matrices.cholesky(self._dense())
        return self.assert_self_adjoint()

    # What it does -----------------------------------------------------------------------------------------------------

    def to_dense(self, name: str = "to_dense") -> Any:
        """The matrix written out: `[..., rows, columns]`."""
        return self._dense()

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "matmul") -> Any:
        """The product with matrices.

        Args:
            x: `[..., columns, n]`, or another operator.
            adjoint: Whether the operator's adjoint is taken.
            adjoint_arg: Whether that of `x` is.
            name: Accepted.

        Returns:
            `[..., rows, n]`; an operator where `x` is one.
        """
        if isinstance(x, LinearOperator):
            left, right = self.adjoint() if adjoint else self, x.adjoint() if adjoint_arg else x
            return LinearOperatorComposition([left, right])
        return self._times(self._operand(x, adjoint_arg), adjoint)

    def matvec(self, x: Any, adjoint: bool = False, name: str = "matvec") -> Any:
        """The product with vectors `[..., columns]`: `[..., rows]`."""
        return array.squeeze(self.matmul(self._operand(x)[..., None], adjoint), [-1])

    def solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "solve") -> Any:
        """What this operator makes `rhs` of.

        Args:
            rhs: `[..., rows, n]`, or another operator.
            adjoint: Whether the operator's adjoint is taken.
            adjoint_arg: Whether that of `rhs` is.
            name: Accepted.

        Returns:
            `[..., columns, n]`; an operator where `rhs` is one.

        Raises:
            NotImplementedError: Where it is known to have no inverse, or not to be square.
        """
        if self.is_non_singular is False or self.is_square is False:
            raise NotImplementedError(explain(f"{self.name}: the operator is expected to be square and to have an "
                                              "inverse, to be solved for.", hint="tf.linalg.lstsq"))  # fmt: skip
        if isinstance(rhs, LinearOperator):
            return self.inverse().matmul(rhs, adjoint, adjoint_arg)
        return self._solved(self._operand(rhs, adjoint_arg), adjoint)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str = "solve") -> Any:
        """What this operator makes the vectors `rhs` `[..., rows]` of."""
        return array.squeeze(self.solve(self._operand(rhs)[..., None], adjoint), [-1])

    def diag_part(self, name: str = "diag_part") -> Any:
        """The diagonal."""
        return self._diagonal()

    def trace(self, name: str = "trace") -> Any:
        """The sum of the diagonal."""
        return math.reduce_sum(self._diagonal(), -1)

    def determinant(self, name: str = "det") -> Any:
        """The determinant."""
        return self._determinant()

    def log_abs_determinant(self, name: str = "log_abs_det") -> Any:
        """The logarithm of the absolute value of the determinant."""
        return self._log_abs_determinant()

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Any:
        """The matrix plus a tensor."""
        return self._dense() + self._operand(x)

    def eigvals(self, name: str = "eigvals") -> Any:
        """The eigenvalues of a self-adjoint operator.

        Raises:
            NotImplementedError: Where nothing says that it is self-adjoint.
        """
        if not self.is_self_adjoint:
            raise NotImplementedError("Only self-adjoint matrices are supported; pass is_self_adjoint=True.")
        return matrices.eigvalsh(self._dense())

    def cond(self, name: str = "cond") -> Any:
        """The greatest singular value over the least."""
        values = matrices.svd(self._dense(), compute_uv=False)
        return values[..., 0] / values[..., -1]

    def adjoint(self, name: str = "adjoint") -> LinearOperator:
        """The operator of the conjugated transpose; itself where it is self-adjoint."""
        return self if self.is_self_adjoint else LinearOperatorAdjoint(self)

    H = property(adjoint)

    def inverse(self, name: str = "inverse") -> LinearOperator:
        """The operator that undoes this one."""
        return LinearOperatorInversion(self)

    def cholesky(self, name: str = "cholesky") -> LinearOperator:
        """The lower factor of a positive definite operator.

        Raises:
            ValueError: Where nothing says that it is positive definite.
        """
        if not self.is_positive_definite or not self.is_self_adjoint:
            raise ValueError("Cannot take the Cholesky decomposition: pass is_positive_definite=True.")
        return LinearOperatorLowerTriangular(matrices.cholesky(self._dense()), is_non_singular=True)

    def __matmul__(self, other: Any) -> Any:
        return self.matmul(other)

    def _operand(self, x: Any, adjoint: bool = False) -> Any:
        found = frontdoor.convert(x, hint=self._dtype)
        if found.dtype != self._dtype:
            raise TypeError(explain(f"{self.name}: input and operator must have one dtype.",
                                    expected=self._dtype.name, received=found.dtype.name))  # fmt: skip
        return matrices.matrix_transpose(found, conjugate=True) if adjoint else found


class _Given(LinearOperator):
    """An operator that is made of a tensor."""

    def __init__(self, tensor: Any, hints: dict[str, Any], name: str | None) -> None:
        self._given = frontdoor.convert(tensor)
        super().__init__(self._given.dtype, name=name, **hints)


def _hints(non_singular: Any, self_adjoint: Any, positive: Any, square: Any) -> dict[str, Any]:
    return {"is_non_singular": non_singular, "is_self_adjoint": self_adjoint, "is_positive_definite": positive,
            "is_square": square}  # fmt: skip


class LinearOperatorFullMatrix(_Given):
    """A matrix that is written out: `matrix`, `[..., rows, columns]`."""

    def __init__(self, matrix: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None,
                 name: str = "LinearOperatorFullMatrix") -> None:  # fmt: skip
        super().__init__(matrix, _hints(is_non_singular, is_self_adjoint, is_positive_definite, is_square), name)

    @property
    def matrix(self) -> Any:
        """The matrix."""
        return self._given

    def _dense(self) -> Any:
        return self._given


class LinearOperatorLowerTriangular(_Given):
    """The lower triangle of `tril`, `[..., n, n]`."""

    def __init__(self, tril: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None,
                 name: str = "LinearOperatorLowerTriangular") -> None:  # fmt: skip
        if is_square is False:
            raise ValueError("Only square lower triangular operators are supported.")
        super().__init__(tril, _hints(is_non_singular, is_self_adjoint, is_positive_definite, True), name)

    @property
    def tril(self) -> Any:
        """The tensor of which the lower triangle counts."""
        return self._given

    def _dense(self) -> Any:
        return matrices.band_part(self._given, -1, 0)

    def _solved(self, rhs: Any, adjoint: bool) -> Any:
        return matrices.triangular_solve(self._given, rhs, lower=True, adjoint=adjoint)

    def _diagonal(self) -> Any:
        return matrices.diag_part(self._given)

    def _determinant(self) -> Any:
        return math.reduce_prod(self._diagonal(), -1)

    def _log_abs_determinant(self) -> Any:
        return math.reduce_sum(math.log(math.abs(self._diagonal())), -1)


class LinearOperatorDiag(_Given):
    """A diagonal matrix: `diag`, `[..., n]`."""

    def __init__(self, diag: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None,
                 name: str = "LinearOperatorDiag") -> None:  # fmt: skip
        if is_square is False:
            raise ValueError("Only square diagonal operators are supported.")
        kind = frontdoor.convert(diag)
        real = True if is_self_adjoint is None and not kind.dtype.is_complex else is_self_adjoint
        super().__init__(kind, _hints(is_non_singular, real, is_positive_definite, True), name)

    @property
    def diag(self) -> Any:
        """The diagonal."""
        return self._given

    def _dense(self) -> Any:
        return matrices.diag(self._given)

    def _factors(self, adjoint: bool) -> Any:
        return (math.conj(self._given) if adjoint and self.dtype.is_complex else self._given)[..., None]

    def _times(self, x: Any, adjoint: bool) -> Any:
        return self._factors(adjoint) * x

    def _solved(self, rhs: Any, adjoint: bool) -> Any:
        return rhs / self._factors(adjoint)

    def _diagonal(self) -> Any:
        return self._given

    def _determinant(self) -> Any:
        return math.reduce_prod(self._given, -1)

    def _log_abs_determinant(self) -> Any:
        return math.reduce_sum(math.log(math.abs(self._given)), -1)

    def inverse(self, name: str = "inverse") -> LinearOperator:
        """The diagonal operator of the reciprocals."""
        return LinearOperatorDiag(1.0 / self._given)

    def eigvals(self, name: str = "eigvals") -> Any:
        """The diagonal."""
        return self._given


class LinearOperatorScaledIdentity(LinearOperatorDiag):
    """The identity times a number: `num_rows` of it, `multiplier` `[...]`."""

    def __init__(self, num_rows: Any, multiplier: Any, is_non_singular: bool | None = None,
                 is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
                 is_square: bool | None = True, assert_proper_shapes: bool = False,
                 name: str = "LinearOperatorScaledIdentity") -> None:  # fmt: skip
        self._rows, self._multiplier = integer(num_rows, "num_rows"), frontdoor.convert(multiplier)
        repeated = self._multiplier[..., None] * array.ones([self._rows], self._multiplier.dtype)
        super().__init__(repeated, is_non_singular, is_self_adjoint, is_positive_definite, is_square, name)

    @property
    def multiplier(self) -> Any:
        """The number."""
        return self._multiplier

    def inverse(self, name: str = "inverse") -> LinearOperator:
        """The identity times the reciprocal."""
        return LinearOperatorScaledIdentity(self._rows, 1.0 / self._multiplier)


class LinearOperatorIdentity(LinearOperatorScaledIdentity):
    """The identity, for a batch of `batch_shape`."""

    def __init__(self, num_rows: Any, batch_shape: Any = None, dtype: Any = None, is_non_singular: bool | None = True,
                 is_self_adjoint: bool | None = True, is_positive_definite: bool | None = True,
                 is_square: bool | None = True, assert_proper_shapes: bool = False,
                 name: str = "LinearOperatorIdentity") -> None:  # fmt: skip
        ones = array.ones([] if batch_shape is None else batch_shape, dtype or dtypes.float32)
        super().__init__(num_rows, ones, is_non_singular, is_self_adjoint, is_positive_definite, is_square,
                         assert_proper_shapes, name)  # fmt: skip

    def inverse(self, name: str = "inverse") -> LinearOperator:
        """Itself."""
        return self


class LinearOperatorZeros(LinearOperator):
    """A matrix of zeros."""

    def __init__(self, num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = None,
                 is_non_singular: bool | None = False, is_self_adjoint: bool | None = True,
                 is_positive_definite: bool | None = False, is_square: bool | None = True,
                 assert_proper_shapes: bool = False, name: str = "LinearOperatorZeros") -> None:  # fmt: skip
        rows = integer(num_rows, "num_rows")
        columns = rows if num_columns is None else integer(num_columns, "num_columns")
        if rows != columns:
            is_square = is_self_adjoint = False
        self._sizes = [*TensorShape(batch_shape or []).as_list(), rows, columns]
        super().__init__(dtype or dtypes.float32, None, is_non_singular, is_self_adjoint, is_positive_definite,
                         is_square, name)  # fmt: skip

    def _dense(self) -> Any:
        return array.zeros(self._sizes, self.dtype)


class LinearOperatorAdjoint(LinearOperator):
    """The conjugated transpose of an operator."""

    def __init__(self, operator: LinearOperator, is_non_singular: bool | None = None,
                 is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
                 is_square: bool | None = None, name: str | None = None) -> None:  # fmt: skip
        self.operator = operator
        hints = operator._hints
        super().__init__(operator.dtype, None, hints[0], hints[1], hints[2], hints[3], name)

    def _dense(self) -> Any:
        return matrices.matrix_transpose(self.operator.to_dense(), conjugate=self.dtype.is_complex)

    def _times(self, x: Any, adjoint: bool) -> Any:
        return self.operator._times(x, not adjoint)

    def _solved(self, rhs: Any, adjoint: bool) -> Any:
        return self.operator._solved(rhs, not adjoint)

    def _log_abs_determinant(self) -> Any:
        return self.operator._log_abs_determinant()

    def adjoint(self, name: str = "adjoint") -> LinearOperator:
        """The operator itself."""
        return self.operator


class LinearOperatorInversion(LinearOperator):
    """What undoes an operator: products are solved for."""

    def __init__(self, operator: LinearOperator, is_non_singular: bool | None = None,
                 is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
                 is_square: bool | None = None, name: str | None = None) -> None:  # fmt: skip
        if operator.is_non_singular is False or operator.is_square is False:
            raise ValueError(f"{operator.name} has no inverse: it is said to be singular or not square.")
        self.operator = operator
        super().__init__(operator.dtype, None, True, operator.is_self_adjoint, operator.is_positive_definite, True,
                         name)  # fmt: skip

    def _dense(self) -> Any:
        return self.operator._solved(array.eye(integer(self.operator.shape[-1], "the number of columns"),
                                               dtype=self.dtype), False)  # fmt: skip

    def _times(self, x: Any, adjoint: bool) -> Any:
        return self.operator._solved(x, adjoint)

    def _solved(self, rhs: Any, adjoint: bool) -> Any:
        return self.operator._times(rhs, adjoint)

    def _determinant(self) -> Any:
        return 1.0 / self.operator._determinant()

    def _log_abs_determinant(self) -> Any:
        return -self.operator._log_abs_determinant()

    def inverse(self, name: str = "inverse") -> LinearOperator:
        """The operator itself."""
        return self.operator


class _Several(LinearOperator):
    """An operator that is made of others."""

    def __init__(self, operators: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None,
                 name: str | None = None) -> None:  # fmt: skip
        self.operators = list(operators)
        if not self.operators:
            raise ValueError(f"{type(self).__name__} takes at least one operator.")
        kinds = sorted({operator.dtype.name for operator in self.operators})
        if len(kinds) > 1:
            raise TypeError(explain(f"{type(self).__name__}: all operators must have one dtype.",
                                    received=", ".join(kinds)))  # fmt: skip
        if is_non_singular is None and all(operator.is_non_singular for operator in self.operators):
            is_non_singular = True
        super().__init__(self.operators[0].dtype, None, is_non_singular, is_self_adjoint, is_positive_definite,
                         is_square, name or "_o_".join(operator.name for operator in self.operators))  # fmt: skip


class LinearOperatorComposition(_Several):
    """Operators one after the other, the last one first: a product of matrices."""

    def _times(self, x: Any, adjoint: bool) -> Any:
        for operator in self.operators if adjoint else reversed(self.operators):
            x = operator._times(x, adjoint)
        return x

    def _solved(self, rhs: Any, adjoint: bool) -> Any:
        for operator in reversed(self.operators) if adjoint else self.operators:
            rhs = operator._solved(rhs, adjoint)
        return rhs

    def _dense(self) -> Any:
        product = self.operators[-1].to_dense()
        for operator in reversed(self.operators[:-1]):
            product = operator._times(product, False)
        return product

    def _determinant(self) -> Any:
        product = self.operators[0].determinant()
        for operator in self.operators[1:]:
            product = product * operator.determinant()
        return product

    def _log_abs_determinant(self) -> Any:
        return math.add_n([operator.log_abs_determinant() for operator in self.operators])


class LinearOperatorKronecker(_Several):
    """The Kronecker product of operators."""

    def _dense(self) -> Any:
        product = self.operators[0].to_dense()
        for operator in self.operators[1:]:
            right = operator.to_dense()
            found = product[..., :, None, :, None] * right[..., None, :, None, :]
            rows = product.shape[-2] * right.shape[-2]
            product = array.reshape(found, [*found.shape.as_list()[:-4], rows, -1])
        return product

    def _determinant(self) -> Any:
        size = integer(self.shape[-1], "the number of columns")
        product = 1.0
        for operator in self.operators:
            product = operator.determinant() ** (size // integer(operator.shape[-1], "columns")) * product
        return product


class LinearOperatorBlockDiag(_Several):
    """Operators along the diagonal, zeros elsewhere."""

    def _dense(self) -> Any:
        parts = [operator.to_dense() for operator in self.operators]
        width = sum(integer(part.shape[-1], "the number of columns") for part in parts)
        rows, before = [], 0
        for part in parts:
            sides = [[0, 0]] * (part.shape.rank - 1) + [[before, width - before - part.shape[-1]]]
            rows.append(array.pad(part, sides))
            before += part.shape[-1]
        return array.concat(rows, -2)

    def _split(self, x: Any, adjoint: bool) -> list[Any]:
        side = -2 if adjoint else -1
        return array.split(x, [integer(operator.shape[side], "size") for operator in self.operators], axis=-2)  # type: ignore[no-any-return]

    def _times(self, x: Any, adjoint: bool) -> Any:
        pairs = zip(self.operators, self._split(x, adjoint), strict=True)
        return array.concat([operator._times(part, adjoint) for operator, part in pairs], -2)

    def _solved(self, rhs: Any, adjoint: bool) -> Any:
        pairs = zip(self.operators, self._split(rhs, not adjoint), strict=True)
        return array.concat([operator._solved(part, adjoint) for operator, part in pairs], -2)

    def _diagonal(self) -> Any:
        return array.concat([operator.diag_part() for operator in self.operators], -1)

    def _determinant(self) -> Any:
        product = self.operators[0].determinant()
        for operator in self.operators[1:]:
            product = product * operator.determinant()
        return product

    def _log_abs_determinant(self) -> Any:
        return math.add_n([operator.log_abs_determinant() for operator in self.operators])
