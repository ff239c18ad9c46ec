"""Operators of `tf.linalg` with a structure: bands, circulants, reflections, permutations, low-rank changes, blocks."""

from __future__ import annotations

from typing import Any

from weft.api import array, math, matrices
from weft.api.common import cast_to, integer
from weft.api.linear_operators import (
    LinearOperator,
    LinearOperatorDiag,
    LinearOperatorIdentity,
    _Given,
    _hints,
)
from weft.base import dtypes
from weft.base.errors import explain
from weft.base.shapes import TensorShape
from weft.runtime import frontdoor


class LinearOperatorToeplitz(LinearOperator):
    """A matrix that is constant along its diagonals: first column `col` and first row `row`, `[..., n]`."""

    def __init__(self, col: Any, row: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None,
                 name: str = "LinearOperatorToeplitz") -> None:  # fmt: skip
        self.col, self.row = frontdoor.together(col, row, "LinearOperatorToeplitz")
        hints = _hints(is_non_singular, is_self_adjoint, is_positive_definite, True)
        super().__init__(self.col.dtype, name=name, **hints)

    def _dense(self) -> Any:
        size = integer(self.col.shape[-1], "the length of `col`")
        # Diagonal after diagonal, from the one below on the left to the one above on the right.
        band = array.concat([array.reverse(self.col, [-1]), self.row[..., 1:]], -1)
        places = [[size - 1 - i + j for j in range(size)] for i in range(size)]
        return array.gather(band, places, axis=-1)


class LinearOperatorCirculant(LinearOperator):
    """The circulant matrix whose eigenvalues are `spectrum`, `[..., n]`: products go by Fourier transforms."""

    def __init__(self, spectrum: Any, input_output_dtype: Any = dtypes.complex64, is_non_singular: bool | None = None,
                 is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
                 is_square: bool | None = True, name: str = "LinearOperatorCirculant") -> None:  # fmt: skip
        given = frontdoor.convert(spectrum)
        self._given_spectrum = given
        wide = dtypes.complex128 if given.dtype in (dtypes.float64, dtypes.complex128) else dtypes.complex64
        self._spectrum = cast_to(given, wide)
        if not given.dtype.is_complex:
            is_self_adjoint = True if is_self_adjoint is None else is_self_adjoint
        super().__init__(input_output_dtype, None, is_non_singular, is_self_adjoint, is_positive_definite, is_square,
                         name)  # fmt: skip

    @property
    def spectrum(self) -> Any:
        """The eigenvalues, as given."""
        return self._given_spectrum

    def _by(self, x: Any, spectrum: Any) -> Any:
        from weft.api import signal

        columns = matrices.matrix_transpose(cast_to(x, self._spectrum.dtype))
        found = signal.ifft(spectrum[..., None, :] * signal.fft(columns))
        return cast_to(matrices.matrix_transpose(found), self.dtype)

    def _times(self, x: Any, adjoint: bool) -> Any:
        return self._by(x, math.conj(self._spectrum) if adjoint else self._spectrum)

    def _solved(self, rhs: Any, adjoint: bool) -> Any:
        return self._by(rhs, 1.0 / (math.conj(self._spectrum) if adjoint else self._spectrum))

    def _dense(self) -> Any:
        return self._by(array.eye(integer(self._spectrum.shape[-1], "the length of `spectrum`"), dtype=self.dtype),
                        self._spectrum)  # fmt: skip

    def _diagonal(self) -> Any:
        mean = math.reduce_mean(self._spectrum, -1, keepdims=True)
        return cast_to(array.repeat(mean, self._spectrum.shape[-1], -1), self.dtype)

    def _determinant(self) -> Any:
        return cast_to(math.reduce_prod(self._spectrum, -1), self.dtype)

    def _log_abs_determinant(self) -> Any:
        return cast_to(math.reduce_sum(math.log(math.abs(self._spectrum)), -1), self.dtype)

    def convolution_kernel(self, name: str = "convolution_kernel") -> Any:
        """The first column of the matrix."""
        from weft.api import signal

        return cast_to(signal.ifft(self._spectrum), self.dtype)


class LinearOperatorHouseholder(_Given):
    """The reflection at the plane across `reflection_axis`, `[..., n]`."""

    def __init__(self, reflection_axis: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None,
                 name: str = "LinearOperatorHouseholder") -> None:  # fmt: skip
        if is_positive_definite or is_self_adjoint is False or is_non_singular is False or is_square is False:
            raise ValueError("A reflection is square, self-adjoint, non-singular and not positive definite.")
        super().__init__(reflection_axis, _hints(True, True, False, True), name)

    @property
    def reflection_axis(self) -> Any:
        """The axis."""
        return self._given

    def _unit(self) -> Any:
        return (self._given / matrices.norm(self._given, axis=-1, keepdims=True))[..., None]

    def _times(self, x: Any, adjoint: bool) -> Any:
        unit = self._unit()
        return x - 2.0 * unit * math.matmul(unit, x, adjoint_a=True)

    def _solved(self, rhs: Any, adjoint: bool) -> Any:
        return self._times(rhs, adjoint)

    def _dense(self) -> Any:
        return self._times(array.eye(integer(self._given.shape[-1], "the length of the axis"), dtype=self.dtype), False)

    def _determinant(self) -> Any:
        return -array.ones(self._given.shape.as_list()[:-1], self.dtype)

    def _log_abs_determinant(self) -> Any:
        return array.zeros(self._given.shape.as_list()[:-1], self.dtype)


class LinearOperatorPermutation(LinearOperator):
    """Puts rows in another order: row i of the result is row `perm[i]`; `perm` is `[..., n]`, integers."""

    def __init__(self, perm: Any, dtype: Any = dtypes.float32, is_non_singular: bool | None = None,
                 is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
                 is_square: bool | None = None, name: str = "LinearOperatorPermutation") -> None:  # fmt: skip
        self.perm = frontdoor.convert(perm)
        super().__init__(dtype, None, True, is_self_adjoint, is_positive_definite, True, name)

    def _dense(self) -> Any:
        return array.one_hot(self.perm, integer(self.perm.shape[-1], "the length of `perm`"), dtype=self.dtype)

    def _solved(self, rhs: Any, adjoint: bool) -> Any:
        return self._times(rhs, not adjoint)


class LinearOperatorTridiag(LinearOperator):
    """A matrix of three diagonals, in one of `tf.linalg.tridiagonal_matmul`'s formats."""

    def __init__(self, diagonals: Any, diagonals_format: str = "compact", is_non_singular: bool | None = None,
                 is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
                 is_square: bool | None = None, name: str = "LinearOperatorTridiag") -> None:  # fmt: skip
        from weft.api.bands import tridiagonal

        self._matrix = tridiagonal(diagonals, diagonals_format, "LinearOperatorTridiag")
        self.diagonals, self.diagonals_format = diagonals, diagonals_format
        hints = _hints(is_non_singular, is_self_adjoint, is_positive_definite, True)
        super().__init__(self._matrix.dtype, name=name, **hints)

    def _dense(self) -> Any:
        return self._matrix


class LinearOperatorLowRankUpdate(LinearOperator):
    """An operator and a matrix of low rank: L + U D V^H, solved by what L solves (Woodbury 1950).

    Args:
        base_operator: L, `[..., rows, columns]`.
        u: `[..., rows, k]`.
        diag_update: The diagonal of D, `[..., k]`; ones where None.
        v: `[..., columns, k]`; `u` where None.
        is_diag_update_positive: A hint.
        is_non_singular: A hint.
        is_self_adjoint: A hint.
        is_positive_definite: A hint.
        is_square: A hint.
        name: Its name.
    """

    def __init__(self, base_operator: LinearOperator, u: Any, diag_update: Any = None, v: Any = None,
                 is_diag_update_positive: bool | None = None, is_non_singular: bool | None = None,
                 is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
                 is_square: bool | None = None, name: str = "LinearOperatorLowRankUpdate") -> None:  # fmt: skip
        self.base_operator = base_operator
        kind = base_operator.dtype
        self.u = frontdoor.convert(u, hint=kind)
        self.v = self.u if v is None else frontdoor.convert(v, hint=kind)
        self._update = None if diag_update is None else frontdoor.convert(diag_update, hint=kind)
        self.is_diag_update_positive = True if diag_update is None else is_diag_update_positive
        if v is None and self.is_diag_update_positive and base_operator.is_positive_definite:
            is_positive_definite = True if is_positive_definite is None else is_positive_definite
        if v is None and base_operator.is_self_adjoint and not kind.is_complex:
            is_self_adjoint = True if is_self_adjoint is None else is_self_adjoint
        hints = _hints(is_non_singular, is_self_adjoint, is_positive_definite, is_square)
        super().__init__(kind, name=name, **hints)

    @property
    def diag_update(self) -> Any:
        """The diagonal of D; None for ones."""
        return self._update

    @property
    def diag_operator(self) -> LinearOperator:
        """D as an operator."""
        if self._update is None:
            return LinearOperatorIdentity(self.u.shape[-1], dtype=self.dtype)
        return LinearOperatorDiag(self._update)

    def _weighed(self, x: Any, adjoint: bool = False) -> Any:
        """D x."""
        if self._update is None:
            return x
        return (math.conj(self._update) if adjoint else self._update)[..., None] * x

    def _dense(self) -> Any:
        change = math.matmul(self.u, self._weighed(matrices.matrix_transpose(self.v, conjugate=True)))
        return self.base_operator.to_dense() + change

    def _times(self, x: Any, adjoint: bool) -> Any:
        left, right = (self.v, self.u) if adjoint else (self.u, self.v)
        inner = self._weighed(math.matmul(right, x, adjoint_a=True), adjoint)
        return self.base_operator._times(x, adjoint) + math.matmul(left, inner)

    def _capacitance(self) -> Any:
        """D^-1 + V^H L^-1 U."""
        inner = math.matmul(self.v, self.base_operator._solved(self.u, False), adjoint_a=True)
        ones = array.ones_like(self.u[..., 0, :])
        return inner + matrices.diag(ones if self._update is None else 1.0 / self._update)

    def _solved(self, rhs: Any, adjoint: bool) -> Any:
        left, right = (self.v, self.u) if adjoint else (self.u, self.v)
        first = self.base_operator._solved(rhs, adjoint)
        inner = matrices.solve(self._capacitance(), math.matmul(right, first, adjoint_a=True), adjoint=adjoint)
        return first - self.base_operator._solved(math.matmul(left, inner), adjoint)

    def _determinant(self) -> Any:
        product = matrices.det(self._capacitance()) * self.base_operator.determinant()
        return product if self._update is None else product * math.reduce_prod(self._update, -1)

    def _log_abs_determinant(self) -> Any:
        total = matrices.slogdet(self._capacitance())[1] + self.base_operator.log_abs_determinant()
        if self._update is None:
            return total
        return total + cast_to(math.reduce_sum(math.log(math.abs(self._update)), -1), self.dtype)


class LinearOperatorBlockLowerTriangular(LinearOperator):
    """Operators as the blocks of a lower triangle: `operators[i][j]` in row i, for j up to i."""

    def __init__(self, operators: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
                 is_positive_definite: bool | None = None, is_square: bool | None = None,
                 name: str = "LinearOperatorBlockLowerTriangular") -> None:  # fmt: skip
        self.operators = [list(row) for row in operators]
        for number, row in enumerate(self.operators):
            if len(row) != number + 1:
                raise ValueError(explain(f"{name}: row {number} of the blocks has {number + 1} operators.",
                                         received=str(len(row))))  # fmt: skip
        diagonal = [row[-1] for row in self.operators]
        if is_non_singular is None and all(block.is_non_singular for block in diagonal):
            is_non_singular = True
        hints = _hints(is_non_singular, is_self_adjoint, is_positive_definite, is_square)
        super().__init__(diagonal[0].dtype, name=name, **hints)

    def _sizes(self) -> list[int]:
        return [integer(row[-1].shape[-1], "the size of a block") for row in self.operators]

    def _dense(self) -> Any:
        sizes, rows = self._sizes(), []
        for number, row in enumerate(self.operators):
            parts = [block.to_dense() for block in row]
            joined = array.concat(parts, -1)
            after = sum(sizes[number + 1 :])
            rows.append(array.pad(joined, [[0, 0]] * (joined.shape.rank - 1) + [[0, after]]))
        return array.concat(rows, -2)

    def _split(self, x: Any) -> list[Any]:
        return list(array.split(x, self._sizes(), axis=-2))

    def _times(self, x: Any, adjoint: bool) -> Any:
        parts = self._split(x)
        count = len(parts)
        made = []
        for place in range(count):
            if adjoint:
                terms = [self.operators[other][place]._times(parts[other], True) for other in range(place, count)]
            else:
                terms = [self.operators[place][other]._times(parts[other], False) for other in range(place + 1)]
            made.append(math.add_n(terms))
        return array.concat(made, -2)

    def _solved(self, rhs: Any, adjoint: bool) -> Any:
        parts = self._split(rhs)
        found: dict[int, Any] = {}
        order = range(len(parts))
        for place in reversed(order) if adjoint else order:
            rest = parts[place]
            for other, known in found.items():
                block = self.operators[other][place] if adjoint else self.operators[place][other]
                rest = rest - block._times(known, adjoint)
            found[place] = self.operators[place][-1]._solved(rest, adjoint)
        return array.concat([found[place] for place in order], -2)

    def _diagonal(self) -> Any:
        return array.concat([row[-1].diag_part() for row in self.operators], -1)

    def _determinant(self) -> Any:
        product = self.operators[0][-1].determinant()
        for row in self.operators[1:]:
            product = product * row[-1].determinant()
        return product

    def _log_abs_determinant(self) -> Any:
        return math.add_n([row[-1].log_abs_determinant() for row in self.operators])


class _Blocks(LinearOperatorCirculant):
    """A circulant over several axes: its spectrum has as many."""

    _axes = 2

    def __init__(self, spectrum: Any, input_output_dtype: Any = dtypes.complex64, is_non_singular: bool | None = None,
                 is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
                 is_square: bool | None = True, name: str | None = None) -> None:  # fmt: skip
        super().__init__(spectrum, input_output_dtype, is_non_singular, is_self_adjoint, is_positive_definite,
                         is_square, name or type(self).__name__)  # fmt: skip
        rank = self._spectrum.shape.rank
        if rank is not None and rank < self._axes:
            raise ValueError(explain(f"{self.name}: the spectrum has at least {self._axes} axes.",
                                     received=str(self._spectrum.type)))  # fmt: skip

    def _count(self) -> int:
        total = 1
        for size in self._spectrum.shape[-self._axes :]:
            total *= integer(size, "a size of the spectrum")
        return total

    @property
    def block_depth(self) -> int:
        """How many axes the circulant has."""
        return self._axes

    @property
    def block_shape(self) -> TensorShape:
        """The sizes of these axes."""
        return self._spectrum.shape[-self._axes :]  # type: ignore[no-any-return]

    def _transforms(self) -> tuple[Any, Any]:
        from weft.api import signal

        return (signal.fft2d, signal.ifft2d) if self._axes == 2 else (signal.fft3d, signal.ifft3d)

    def _by(self, x: Any, spectrum: Any) -> Any:
        there, back = self._transforms()
        inner = self._spectrum.shape.as_list()[-self._axes :]
        columns = matrices.matrix_transpose(cast_to(x, self._spectrum.dtype))
        spread = array.reshape(columns, array.concat([array.shape(columns)[:-1], inner], 0))
        lead = (..., None, *[slice(None)] * self._axes)
        found = back(spectrum[lead] * there(spread))
        flat = array.reshape(found, array.concat([array.shape(found)[: -self._axes], [-1]], 0))
        return cast_to(matrices.matrix_transpose(flat), self.dtype)

    def _flat(self) -> Any:
        return array.reshape(self._spectrum, [*self._spectrum.shape.as_list()[: -self._axes], self._count()])

    def _dense(self) -> Any:
        return self._by(array.eye(self._count(), dtype=self.dtype), self._spectrum)

    def _diagonal(self) -> Any:
        mean = math.reduce_mean(self._flat(), -1, keepdims=True)
        return cast_to(array.repeat(mean, self._count(), -1), self.dtype)

    def _determinant(self) -> Any:
        return cast_to(math.reduce_prod(self._flat(), -1), self.dtype)

    def _log_abs_determinant(self) -> Any:
        return cast_to(math.reduce_sum(math.log(math.abs(self._flat())), -1), self.dtype)

    def convolution_kernel(self, name: str = "convolution_kernel") -> Any:
        """What the operator convolves with, over its axes."""
        return cast_to(self._transforms()[1](self._spectrum), self.dtype)


class LinearOperatorCirculant2D(_Blocks):
    """A circulant of circulants whose eigenvalues are `spectrum`, `[..., n, m]`: products go by Fourier transforms."""


class LinearOperatorCirculant3D(_Blocks):
    """A circulant over three axes whose eigenvalues are `spectrum`, `[..., n, m, k]`."""

    _axes = 3
