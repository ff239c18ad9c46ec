"""Where an element lies: sums of loop variables times sizes, which may be unknown until the program runs.

An index is `constant + sum(coefficient * atom)`. Atoms are loop variables, the lane of a vector, quotients and
remainders that do not simplify, and numbers that are themselves read from memory. Simplification knows the range of
each loop variable, so that `(i * 64 + c) // 64` is `i` where `c` stays below 64.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from weft.base.dims import Dim, exact_quotient

if TYPE_CHECKING:
    from typing import TypeAlias

    from weft.base.dims import Dimension


class LoopVar:
    """A variable that a loop counts from 0 below `extent`. Equal only to itself."""

    __slots__ = ("extent", "name")

    def __init__(self, name: str, extent: Dimension) -> None:
        self.name = name
        self.extent = extent

    def __repr__(self) -> str:
        return self.name


#: The number of the lane within a vector. Its extent depends on the kernel, so that it never simplifies.
LANE = LoopVar("lane", -1)


class Quotient:
    """A floor division that leaves a rest, by a positive size."""

    __slots__ = ("divisor", "index")

    def __init__(self, index: Index, divisor: Dimension) -> None:
        self.index = index
        self.divisor = divisor

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and (self.index, self.divisor) == (other.index, other.divisor)

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.index, self.divisor))

    def __repr__(self) -> str:
        return f"({self.index} // {self.divisor})"


class Remainder(Quotient):
    """The rest of a floor division."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"({self.index} % {self.divisor})"


class Entry:
    """A number read from memory, used as an index; `below` is the size that it is known to stay under, where it is."""

    __slots__ = ("below", "value")

    def __init__(self, value: Any, below: Dimension | None = None) -> None:
        self.value = value  # an Expr of type int64
        self.below = below

    def __repr__(self) -> str:
        from weft.engines.native.loops import Expr, show  # which stands on this

        return f"[{show(self.value)}]" if isinstance(self.value, Expr) else f"[{self.value!r}]"


if TYPE_CHECKING:
    Atom: TypeAlias = LoopVar | Quotient | Entry


class Index:
    """An affine sum of atoms. Immutable; `==` compares the sums."""

    __slots__ = ("_hash", "constant", "terms")

    def __init__(self, terms: Mapping[Atom, Dimension], constant: Dimension = 0) -> None:
        self.terms = {atom: c for atom, c in terms.items() if c != 0} if 0 in terms.values() else terms
        self.constant = constant
        self._hash: int | None = None

    @staticmethod
    def of(value: Index | LoopVar | Entry | Dimension) -> Index:
        """A variable or a number as an index."""
        if isinstance(value, Index):
            return value
        if isinstance(value, (int, Dim)):
            return Index({}, value)
        return Index({value: 1})

    @staticmethod
    def sum(parts: Iterable[tuple[Index, Dimension]], constant: Dimension = 0) -> Index:
        """A constant, and indices times factors."""
        terms: dict[Atom, Dimension] = {}
        for part, factor in parts:
            if factor.__class__ is int and factor == 1:
                for atom, coefficient in part.terms.items():
                    terms[atom] = terms[atom] + coefficient if atom in terms else coefficient
                constant = constant + part.constant
            else:
                for atom, coefficient in part.terms.items():
                    coefficient = coefficient * factor
                    terms[atom] = terms[atom] + coefficient if atom in terms else coefficient
                constant = constant + part.constant * factor
        return _joined(Index(terms, constant))

    def __add__(self, other: Index | LoopVar | Dimension) -> Index:
        if isinstance(other, (int, Dim)):
            return Index(self.terms, self.constant + other)
        terms = dict(self.terms)
        if isinstance(other, LoopVar):
            terms[other] = terms.get(other, 0) + 1
            return Index(terms, self.constant)
        for atom, coefficient in other.terms.items():
            terms[atom] = terms[atom] + coefficient if atom in terms else coefficient
        return _joined(Index(terms, self.constant + other.constant))

    __radd__ = __add__

    def __sub__(self, other: Index | LoopVar | Dimension) -> Index:
        return self + Index.of(other) * -1

    def __mul__(self, factor: Dimension) -> Index:
        if isinstance(factor, int) and factor == 1:
            return self
        return Index({atom: c * factor for atom, c in self.terms.items()}, self.constant * factor)

    __rmul__ = __mul__

    def __floordiv__(self, divisor: Dimension) -> Index:
        return self._divide(divisor)[0]

    def __mod__(self, divisor: Dimension) -> Index:
        return self._divide(divisor)[1]

    def _divide(self, divisor: Dimension) -> tuple[Index, Index]:
        if isinstance(divisor, int) and divisor <= 1:  # an empty axis has no places to tell apart
            return (self, ZERO) if divisor == 1 else (ZERO, ZERO)
        whole: dict[Atom, Dimension] = {}
        rest: dict[Atom, Dimension] = {}
        for atom, coefficient in self.terms.items():
            exact = _exact(coefficient, divisor)
            if exact is None:
                rest[atom] = coefficient
            else:
                whole[atom] = exact
        constant, left = _split(self.constant, divisor)
        remainder = Index(rest, left)
        low = remainder.lowest()  # what is left is divided as an unsigned number: keep it above zero
        if isinstance(low, int) and isinstance(divisor, int) and isinstance(left, int):
            if not 0 <= low < divisor:
                constant, left = constant + low // divisor, left - low // divisor * divisor
                remainder = Index(rest, left)
        elif low is None or not _at_least_zero(low):
            whole, constant, remainder = {}, 0, self
        high = remainder.highest()
        if high is not None and _less(high, divisor):
            return Index(whole, constant), remainder
        quotient = Index(whole, constant) + Index({Quotient(remainder, divisor): 1})
        return quotient, Index({Remainder(remainder, divisor): 1})

    def highest(self) -> Dimension | None:
        """The greatest value it takes, where that is known and none of its terms can be negative."""
        total = self.constant
        if isinstance(total, int) and total < 0:
            return None
        for atom, coefficient in self.terms.items():
            if _negative(coefficient):
                return None
            top = _top(atom)
            if top is None:
                return None
            total = total + top * coefficient
        return total

    def lowest(self) -> Dimension | None:
        """The least value it takes, where that is known."""
        total = self.constant
        for atom, coefficient in self.terms.items():
            if _negative(coefficient):
                top = _top(atom)
                if top is None:
                    return None
                total = total + top * coefficient
        return total

    def substitute(self, values: Mapping[LoopVar, Index]) -> Index:
        """The index with variables replaced."""
        if not any(atom in values or isinstance(atom, Quotient) for atom in self.terms):
            return self
        parts = [(_substitute(atom, values), coefficient) for atom, coefficient in self.terms.items()]
        return Index.sum(parts, self.constant)

    def variables(self) -> set[LoopVar]:
        """Every loop variable in it, those inside quotients too."""
        found: set[LoopVar] = set()
        for atom in self.terms:
            if isinstance(atom, LoopVar):
                found.add(atom)
            elif isinstance(atom, Quotient):
                found |= atom.index.variables()
        return found

    @property
    def number(self) -> int | None:
        """Its value, where it is a plain number."""
        return self.constant if not self.terms and isinstance(self.constant, int) else None

    def __eq__(self, other: object) -> bool:
        return (
            self is other
            or (isinstance(other, Index)
            and self.constant == other.constant
            and self.terms == other.terms)
        )

    def __hash__(self) -> int:
        found = self._hash
        if found is None:
            found = self._hash = hash((frozenset(self.terms.items()), self.constant))
        return found

    def __repr__(self) -> str:
        parts = []
        for atom, coefficient in self.terms.items():
            shown = repr(coefficient)
            if isinstance(coefficient, Dim) and " " in shown:
                shown = f"({shown})"
            parts.append(repr(atom) if shown == "1" else f"{atom!r}*{shown}")
        if not parts or not (isinstance(self.constant, int) and self.constant == 0):
            parts.append(repr(self.constant))
        return " + ".join(parts)


ZERO = Index({}, 0)


def _top(atom: Atom) -> Dimension | None:
    if isinstance(atom, LoopVar):
        return None if atom is LANE else atom.extent - 1
    if isinstance(atom, Remainder):
        return atom.divisor - 1
    if isinstance(atom, Quotient):
        high = atom.index.highest()
        if isinstance(high, int) and isinstance(atom.divisor, int):
            return high // atom.divisor
        whole = None if high is None else _exact(high + 1, atom.divisor)
        return None if whole is None else whole - 1
    return None if atom.below is None else atom.below - 1


def _negative(value: Dimension) -> bool:
    return value < 0 if isinstance(value, int) else value.negative


def _at_least_zero(value: Dimension) -> bool:
    """Whether it is not negative, all sizes being 1 or more."""
    if isinstance(value, int):
        return value >= 0
    numbers = [part for part in value.parts if isinstance(part, int)]
    others = [part for part in value.parts if isinstance(part, Dim)]
    return not any(part.negative for part in others) and sum(numbers) + len(others) >= 0


def _less(value: Dimension, bound: Dimension) -> bool:
    difference = bound - value
    return isinstance(difference, int) and difference > 0


def _joined(total: Index) -> Index:
    """With a quotient and the rest of the same division as what was divided: (i // n) * n + i % n is i."""
    if len(total.terms) < 2:
        return total
    for atom, coefficient in total.terms.items():
        if atom.__class__ is Remainder:
            whole = Quotient(atom.index, atom.divisor)
            if whole in total.terms and total.terms[whole] == whole.divisor * coefficient:
                rest = {a: c for a, c in total.terms.items() if a is not atom and a != whole}
                return Index(rest, total.constant) + whole.index * coefficient
    return total


def _exact(value: Dimension, divisor: Dimension) -> Dimension | None:
    if isinstance(value, int) and isinstance(divisor, int):
        return value // divisor if value % divisor == 0 else None
    return None if isinstance(value, int) else exact_quotient(value, divisor)


def _split(value: Dimension, divisor: Dimension) -> tuple[Dimension, Dimension]:
    if isinstance(value, int):
        return divmod(value, divisor) if isinstance(divisor, int) else (0, value)
    exact = _exact(value, divisor)
    if exact is not None:
        return exact, 0
    whole: Dimension = 0
    left: Dimension = 0
    for part in value.parts:
        exact = _exact(part, divisor)
        if exact is None:
            left = left + part
        else:
            whole = whole + exact
    more, left = _split(left, divisor) if isinstance(left, int) else (0, left)
    return whole + more, left


def _substitute(atom: Atom, values: Mapping[LoopVar, Index]) -> Index:
    if isinstance(atom, LoopVar):
        return values.get(atom) or Index({atom: 1})
    if isinstance(atom, Remainder):
        return atom.index.substitute(values) % atom.divisor
    if isinstance(atom, Quotient):
        return atom.index.substitute(values) // atom.divisor
    return Index({atom: 1})
