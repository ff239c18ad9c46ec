"""What lies ahead of a row and takes no part: the part of a matrix that a causal mask leaves out.

Expressions are worked out for columns at least so far ahead of their row. Where what comes of it is 0 in every matrix
that is read as a whole, and adds nothing to any sum over a row, kernels need not go there. As everywhere where zeros
are skipped, a NaN or an infinity there is not seen.

What a mask puts is finite as a rule: it counts for nothing beside another number, and for as much as all others in a
row where everything is masked. So the row's last column that is not ahead must be one that no mask can cover.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from weft.engines.native.index import Index, LoopVar
from weft.engines.native.loops import At, Buffer, Const, Expr, Load, Op
from weft.engines.native.lower import Nest, variables
from weft.engines.native.products import Product
from weft.engines.native.sources import unflatten

#: numbers below this are what masks put: beside them no other number counts
_LOWEST = -1e30
#: larger masks are not looked through
_MANY = 1 << 22

#: what gives ordinary numbers of ordinary numbers
_ORDINARY = {"add", "subtract", "multiply", "divide", "negative", "cast", "tanh"}

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "less": operator.lt, "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
}  # fmt: skip


@dataclass(frozen=True)
class _Line:
    """along * column + down * row + constant."""

    along: float
    down: float
    constant: float


@dataclass(eq=False)
class Ahead:
    """Works out what expressions are for columns at least `distance` ahead of the row.

    Attributes:
        distance: How far ahead.
        writers: Who writes a buffer.
        known: What matrices hold there, where that is known.
        exact: Whether columns exactly so far ahead are meant.
    """

    distance: int
    writers: Mapping[Buffer, list[Nest]]
    known: dict[Buffer, float]
    exact: bool = False

    def number(self, nest: Nest) -> float | None:
        """What a nest of a matrix, or of sums over its rows, has for an element there."""
        indices = variables((*nest.shape, *nest.reduced))
        self.row, self.column = indices[-2:]
        self._done: dict[Expr, _Line | None] = {}
        self._edge = Ahead(self.distance - 1, self.writers, {}, exact=True)
        self._edge.row, self._edge.column, self._edge._done = self.row, self.column, {}
        place, within = (tuple(map(Index.of, part)) for part in
                         (indices[: len(nest.shape)], indices[len(nest.shape) :]))  # fmt: skip
        found = self._of(nest.value(place, within))
        return found.constant if found is not None and found.along == found.down == 0 else None

    def _of(self, expr: Expr) -> _Line | None:
        if expr not in self._done:
            self._done[expr] = self._found(expr)
        return self._done[expr]

    def _is_open(self, expr: Expr) -> bool:
        """Whether it is surely none of the numbers that masks put: a product's result, or what is made of such."""
        found = self._of(expr)
        if found is not None:
            return found.constant > _LOWEST
        if isinstance(expr, Load):
            maker = self._maker(expr)
            if maker is None:
                makers = self.writers.get(expr.buffer, [])
                return len(makers) == 1 and isinstance(makers[0].template, Product)
            return self._is_open(maker.value(unflatten(expr.index, maker.shape), ()))
        if not isinstance(expr, Op):
            return False
        if expr.name == "select":
            condition = self._of(expr.args[0])
            ways = expr.args[1:] if condition is None else (expr.args[1 if condition.constant else 2],)
            return all(map(self._is_open, ways))
        return expr.name in _ORDINARY and all(map(self._is_open, expr.args))

    def _found(self, expr: Expr) -> _Line | None:
        match expr:
            case Const():
                return _number(expr.value)
            case At():
                return self._index(expr.index)
            case Load():
                return self._loaded(expr)
            case Op():
                return self._op(expr)
        return None

    def _index(self, index: Index) -> _Line | None:
        found = {self.row: 0, self.column: 0}
        for atom, coefficient in index.terms.items():
            if isinstance(atom, LoopVar) and isinstance(atom.extent, int) and atom.extent == 1:
                continue
            if atom not in found or not isinstance(coefficient, int):
                return None
            found[atom] = coefficient  # type: ignore[index]
        if not isinstance(index.constant, int):
            return None
        return _Line(found[self.column], found[self.row], index.constant)

    def _loaded(self, load: Load) -> _Line | None:
        if load.guard is not None:
            return None
        if load.buffer in self.known:
            return _number(self.known[load.buffer])
        if load.buffer.role == "constant":
            return self._constant(load)
        maker = self._maker(load)
        return None if maker is None else self._of(maker.value(unflatten(load.index, maker.shape), ()))

    def _maker(self, load: Load) -> Nest | None:
        """The map that what is loaded comes from, if it does."""
        makers = self.writers.get(load.buffer, [])
        if len(makers) != 1 or load.buffer.role != "temp" or load.buffer.ring or load.guard is not None:
            return None
        (maker,) = makers
        if maker.template is not None or maker.reduced or maker.combine or not maker.output.whole:
            return None
        return maker if maker.region is None and maker.when is None else None

    def _constant(self, load: Load) -> _Line | None:
        """Of an array that is known now: numbers that go up evenly, or one number wherever it is read."""
        at, rows, columns = self._index(load.index), self.row.extent, self.column.extent
        if at is None or not isinstance(rows, int) or not isinstance(columns, int) or rows * columns > _MANY:
            return None
        numbers = np.ravel(load.buffer.data)
        steps = np.diff(numbers.astype(np.float64))
        if numbers.size > 1 and (steps == steps[0]).all():
            first, step = float(numbers[0]), float(steps[0])
            return _Line(at.along * step, at.down * step, first + at.constant * step)
        relation = np.equal if self.exact else np.greater_equal
        down, along = np.nonzero(relation(np.arange(columns), np.arange(rows)[:, None] + self.distance))
        there = numbers[(at.down * down + at.along * along + at.constant).astype(np.int64)]
        found = _number(there[0]) if there.size and (there == there[0]).all() else None
        return found if self._is_kept(load, found) else None

    def _is_kept(self, expr: Expr, found: _Line | None) -> bool:
        """Whether a row in which this is what a mask puts keeps a number that counts."""
        if self.exact or found is None or found.along or found.down or not -np.inf < found.constant <= _LOWEST:
            return True
        return self._edge._is_open(expr)

    def _op(self, expr: Op) -> _Line | None:
        if expr.name == "select":
            return self._chosen(expr)
        args = [self._of(argument) for argument in expr.args]
        numbers = [a.constant if a is not None and a.along == a.down == 0 else None for a in args]
        match expr.name:
            case "cast":
                return args[0] if not expr.dtype.is_bool or numbers[0] is not None else None
            case "not":
                return None if numbers[0] is None else _number(not numbers[0])
            case "and" | "or" if expr.dtype.is_bool:
                decided = expr.name == "or"
                if any(n is not None and bool(n) is decided for n in numbers):
                    return _number(decided)
                return _number(not decided) if None not in numbers else None
            case "add" | "subtract":
                return self._sum(expr.name, expr.args, args, numbers)
            case "multiply":
                return _number(0.0) if 0 in numbers else None
            case "divide":
                return _number(0.0) if numbers[0] == 0 else None
            case "exp":
                return _number(0.0) if numbers[0] is not None and numbers[0] <= _LOWEST else None
        return self._compared(expr.name, args) if expr.name in _COMPARISONS else None

    def _chosen(self, expr: Op) -> _Line | None:
        condition = self._of(expr.args[0])
        if condition is not None:
            found = self._of(expr.args[1 if condition.constant else 2])
            return found if self._is_kept(expr, found) else None
        first, second = (self._of(argument) for argument in expr.args[1:])
        return first if first == second else None

    def _sum(
        self, name: str, given: Sequence[Expr], args: list[_Line | None], numbers: list[float | None]
    ) -> _Line | None:
        first, second = args
        if first is not None and second is not None:
            sign = 1 if name == "add" else -1
            return _Line(first.along + sign * second.along, first.down + sign * second.down,
                         first.constant + sign * second.constant)  # fmt: skip
        if name == "subtract":  # of a row's greatest number, which counts where one does
            return _number(float("-inf")) if numbers[0] is not None and numbers[0] <= _LOWEST else None
        for number, other in zip(numbers, reversed(given), strict=True):
            if number is not None and number <= _LOWEST and (self.exact or self._edge._is_open(other)):
                return _number(float("-inf"))
        return None

    def _compared(self, name: str, args: list[_Line | None]) -> _Line | None:
        apart = self._sum("subtract", (), args, [None, None])
        if apart is None or apart.along != -apart.down:
            return None
        decide, bound = _COMPARISONS[name], apart.along * self.distance + apart.constant
        if apart.along == 0:
            return _number(decide(bound, 0))
        if self.exact:
            return _number(decide(bound, 0))
        # it goes from the bound upwards, or downwards
        beyond = float("inf") if apart.along > 0 else float("-inf")
        first, last = decide(bound, 0), decide(beyond, 0)
        return _number(first) if first is last else None


def _number(value: float) -> _Line:
    return _Line(0, 0, float(value))


def adds_nothing(nest: Nest, number: float | None) -> bool:
    """Whether such a number changes nothing of a sum over a row."""
    if number is None:
        return False
    return number <= _LOWEST if nest.combine == "maximum" else nest.combine == "add" and number == 0
