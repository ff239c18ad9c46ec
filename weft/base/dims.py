"""Dimensions: an int, or a `Dim`, a polynomial over symbols whose values are known when the program runs.

Two dimensions are equal where their polynomials are, so "the batch of x is the batch of y" and "batch times time,
divided by time, is batch" are facts that shape rules can use. What the polynomials cannot express (a floor division
that leaves a rest, a broadcast of two unknown sizes) becomes a derived atom, equal to itself wherever it is built
again from the same parts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from weft.base.locks import Lock

if TYPE_CHECKING:
    from typing import TypeAlias

_counter = itertools.count()
_lock = Lock()


class Symbol:
    """An unknown size with an identity. `hint` is for people only."""

    __slots__ = ("__weakref__", "hint", "index")

    def __init__(self, hint: str = "n") -> None:
        with _lock:
            self.index = next(_counter)
        self.hint = hint

    def evaluate(self, known: Mapping[Symbol, int]) -> int:
        """The size, from the sizes bound so far. Raises KeyError where it is not bound."""
        return known[self]

    def symbols(self) -> frozenset[Symbol]:
        """The symbols this atom depends on: itself."""
        return frozenset((self,))

    def __repr__(self) -> str:
        return f"{self.hint}{self.index}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Identity survives within one pickle (the memo keeps it), and a fresh process gets a fresh symbol.
        return Symbol, (self.hint,)

    def __deepcopy__(self, memo: Any) -> Symbol:
        return self


def _broadcast(a: int, b: int) -> int:
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    raise ValueError(f"sizes {a} and {b} do not broadcast")


_FUNCTIONS: dict[str, Callable[[int, int], int]] = {
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "max": max,
    "min": min,
    "broadcast": _broadcast,
    # as users write them: nothing in them cancels, for the divisor may turn out to be 0
    "floordiv": lambda a, b: a // b,
    "floormod": lambda a, b: a % b,
}


class Derived:
    """A size computed from others by a function that polynomials lack. Equal where function and arguments are."""

    __slots__ = ("arguments", "function")

    def __init__(self, function: str, arguments: tuple[Dimension, Dimension]) -> None:
        self.function = function
        self.arguments = arguments

    def evaluate(self, known: Mapping[Symbol, int]) -> int:
        """The size, from the sizes bound so far."""
        first, second = (evaluate(argument, known) for argument in self.arguments)
        return _FUNCTIONS[self.function](first, second)

    def symbols(self) -> frozenset[Symbol]:
        """The symbols this atom depends on."""
        return symbols_of(self.arguments[0]) | symbols_of(self.arguments[1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Derived) and (self.function, self.arguments) == (other.function, other.arguments)

    def __hash__(self) -> int:
        return hash((self.function, self.arguments))

    def __repr__(self) -> str:
        first, second = self.arguments
        if self.function in ("//", "%"):
            return f"({first!r} {self.function} {second!r})"
        return f"{self.function}({first!r}, {second!r})"


if TYPE_CHECKING:
    Atom: TypeAlias = Symbol | Derived
    Dimension: TypeAlias = "int | Dim"
    Shape: TypeAlias = tuple["int | Dim", ...]

_Terms = dict[tuple[Any, ...], int]


def _atom_key(atom: Any) -> tuple[int, str]:
    return (0, f"{atom.index:012d}") if isinstance(atom, Symbol) else (1, repr(atom))


class Dim:
    """A size that is not known yet: a polynomial with integer coefficients. Prints as None to users of `shape`."""

    __slots__ = ("_hash", "_terms")

    def __init__(self, terms: _Terms) -> None:
        self._terms = terms  # monomial (sorted atoms) -> coefficient, none of them zero; () is the constant
        self._hash: int | None = None

    @staticmethod
    def fresh(hint: str = "n") -> Dim:
        """A new unknown size, equal to no other."""
        return Dim({(Symbol(hint),): 1})

    @property
    def symbol(self) -> Symbol | None:
        """The symbol, where this dimension is a bare one."""
        if len(self._terms) == 1:
            (monomial, coefficient), *_ = self._terms.items()
            if coefficient == 1 and len(monomial) == 1 and isinstance(monomial[0], Symbol):
                return monomial[0]
        return None

    @property
    def parts(self) -> list[Dimension]:
        """The terms whose sum it is."""
        return [_from_terms({monomial: coefficient}) for monomial, coefficient in self._terms.items()]

    @property
    def negative(self) -> bool:
        """Whether it is below zero whatever its symbols stand for."""
        return all(coefficient < 0 for coefficient in self._terms.values())

    def symbols(self) -> frozenset[Symbol]:
        """Every symbol it depends on."""
        found: frozenset[Symbol] = frozenset()
        for monomial in self._terms:
            for atom in monomial:
                found |= atom.symbols()
        return found

    def evaluate(self, known: Mapping[Symbol, int]) -> int:
        """Its value, from the values of its symbols. Raises KeyError where one is not bound."""
        total = 0
        for monomial, coefficient in self._terms.items():
            product = coefficient
            for atom in monomial:
                product *= atom.evaluate(known)
            total += product
        return total

    def _combine(self, other: Dimension, sign: int) -> Dimension:
        terms = dict(self._terms)
        for monomial, coefficient in _terms_of(other).items():
            terms[monomial] = terms.get(monomial, 0) + sign * coefficient
        return _from_terms(terms)

    def __add__(self, other: Dimension) -> Dimension:
        return self._combine(other, 1) if isinstance(other, (int, Dim)) else NotImplemented

    __radd__ = __add__

    def __sub__(self, other: Dimension) -> Dimension:
        return self._combine(other, -1) if isinstance(other, (int, Dim)) else NotImplemented

    def __rsub__(self, other: Dimension) -> Dimension:
        return -self + other

    def __neg__(self) -> Dimension:
        return self * -1

    def __mul__(self, other: Dimension) -> Dimension:
        if not isinstance(other, (int, Dim)):
            return NotImplemented
        if isinstance(other, int):
            return Dim({monomial: a * int(other) for monomial, a in self._terms.items()}) if other else 0
        terms: _Terms = {}
        for left, a in self._terms.items():
            for right, b in other._terms.items():
                monomial = tuple(sorted(left + right, key=_atom_key))
                terms[monomial] = terms.get(monomial, 0) + a * b
        return _from_terms(terms)

    __rmul__ = __mul__

    def __floordiv__(self, other: Dimension) -> Dimension:
        if not isinstance(other, (int, Dim)):
            return NotImplemented
        exact = _divide(self, other)
        return exact if exact is not None else _derived("//", self, other)

    def __rfloordiv__(self, other: int) -> Dimension:
        return 0 if other == 0 else _derived("//", other, self)

    def __mod__(self, other: Dimension) -> Dimension:
        if not isinstance(other, (int, Dim)):
            return NotImplemented
        return 0 if _divide(self, other) is not None else _derived("%", self, other)

    def __rmod__(self, other: int) -> Dimension:
        return _derived("%", other, self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dim) and self._terms == other._terms

    def __hash__(self) -> int:
        found = self._hash
        if found is None:
            found = self._hash = hash(frozenset(self._terms.items()))
        return found

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        parts = []
        for monomial, coefficient in sorted(self._terms.items(), key=lambda item: (len(item[0]) == 0, repr(item[0]))):
            factors = [repr(atom) for atom in monomial]
            if coefficient != 1 or not factors:
                factors.insert(0, str(coefficient))
            parts.append("*".join(factors))
        return " + ".join(parts).replace("+ -", "- ")

    def __reduce__(self) -> tuple[Any, ...]:
        return _from_terms, (self._terms,)


def _terms_of(dimension: Dimension) -> _Terms:
    if isinstance(dimension, Dim):
        return dimension._terms
    return {(): int(dimension)} if dimension else {}


def _from_terms(terms: _Terms) -> Dimension:
    if 0 in terms.values():
        terms = {monomial: coefficient for monomial, coefficient in terms.items() if coefficient}
    if not terms:
        return 0
    if len(terms) == 1 and () in terms:
        return terms[()]
    return Dim(terms)


def _derived(function: str, first: Dimension, second: Dimension) -> Dimension:
    return Dim({(Derived(function, (first, second)),): 1})


def _divide(numerator: Dim, divisor: Dimension) -> Dimension | None:
    """The exact quotient of polynomials where the divisor is one monomial that divides every term; else None."""
    divisors = _terms_of(divisor)
    if len(divisors) != 1:
        if isinstance(divisor, Dim):  # p*(a+b) / (a+b): equal up to a constant factor
            ratios = {c // divisors.get(m, 0) if divisors.get(m) and c % divisors[m] == 0 else None
                      for m, c in numerator._terms.items()}  # fmt: skip
            if len(numerator._terms) == len(divisors) and len(ratios) == 1:
                return ratios.pop()
        return None
    ((monomial, coefficient),) = divisors.items()
    quotient: _Terms = {}
    for term, c in numerator._terms.items():
        rest = list(term)
        for atom in monomial:
            if atom not in rest:
                return None
            rest.remove(atom)
        if c % coefficient:
            return None
        quotient[tuple(rest)] = c // coefficient
    return _from_terms(quotient)


def evaluate(dimension: Dimension, known: Mapping[Symbol, int]) -> int:
    """The value of a dimension under the given sizes of symbols."""
    return dimension.evaluate(known) if isinstance(dimension, Dim) else dimension


def substitute(dimension: Dimension, sizes: Mapping[Symbol, Dimension]) -> Dimension:
    """The dimension with symbols replaced by others or by numbers; symbols without an entry stay."""
    if not isinstance(dimension, Dim) or not (dimension.symbols() & sizes.keys()):
        return dimension
    total: Dimension = 0
    for monomial, coefficient in dimension._terms.items():
        term: Dimension = coefficient
        for atom in monomial:
            term = term * _substitute_atom(atom, sizes)
        total = total + term
    return total


def _substitute_atom(atom: Atom, sizes: Mapping[Symbol, Dimension]) -> Dimension:
    if isinstance(atom, Symbol):
        return sizes[atom] if atom in sizes else Dim({(atom,): 1})
    first, second = (substitute(argument, sizes) for argument in atom.arguments)
    if atom.function in ("floordiv", "floormod"):
        return quotient(first, second) if atom.function == "floordiv" else remainder(first, second)
    if isinstance(first, int) and isinstance(second, int):
        return _FUNCTIONS[atom.function](first, second)
    if atom.function == "//":
        return first // second
    if atom.function == "%":
        return first % second
    if atom.function == "broadcast":
        found = broadcast(first, second)
        if found is None:
            raise ValueError(f"sizes {first} and {second} do not broadcast")
        return found
    return maximum(first, second) if atom.function == "max" else minimum(first, second)


def symbols_of(dimension: Dimension) -> frozenset[Symbol]:
    """The symbols that a dimension depends on; none for an int."""
    return dimension.symbols() if isinstance(dimension, Dim) else frozenset()


def to_plain(dimension: Dimension, numbers: Mapping[Symbol, int]) -> Any:
    """The dimension as lists, numbers and strings, with each symbol as its number; `from_plain` reads it.

    Raises:
        KeyError: For a symbol without a number.
    """
    if not isinstance(dimension, Dim):
        return dimension
    return [[coefficient, [_plain_atom(atom, numbers) for atom in monomial]]
            for monomial, coefficient in dimension._terms.items()]  # fmt: skip


def _plain_atom(atom: Atom, numbers: Mapping[Symbol, int]) -> Any:
    if isinstance(atom, Symbol):
        return numbers[atom]
    return [atom.function, *(to_plain(argument, numbers) for argument in atom.arguments)]


def from_plain(plain: Any, symbols: Sequence[Symbol]) -> Dimension:
    """The dimension that `to_plain` wrote, over these symbols.

    Raises:
        ValueError: For what `to_plain` does not write.
    """
    if isinstance(plain, int):
        return plain
    try:
        total: Dimension = 0
        for coefficient, atoms in plain:
            term = Dim({tuple(sorted((_atom_of(atom, symbols) for atom in atoms), key=_atom_key)): coefficient})
            total = total + (term if atoms else coefficient)
        return total
    except (TypeError, IndexError) as error:
        raise ValueError(f"no dimension: {plain!r}") from error


def _atom_of(plain: Any, symbols: Sequence[Symbol]) -> Atom:
    if isinstance(plain, int):
        return symbols[plain]
    function, first, second = plain
    if function not in _FUNCTIONS:
        raise ValueError(f"no function of sizes: {function!r}")
    return Derived(function, (from_plain(first, symbols), from_plain(second, symbols)))


def exact_quotient(dimension: Dim, divisor: Dimension) -> Dimension | None:
    """The quotient of a division that leaves no rest; None where that is not known."""
    return _divide(dimension, divisor)


def maximum(first: Dimension, second: Dimension) -> Dimension:
    """The greater of two sizes."""
    if isinstance(first, int) and isinstance(second, int):
        return max(first, second)
    return first if first == second else _derived("max", first, second)


def minimum(first: Dimension, second: Dimension) -> Dimension:
    """The lesser of two sizes."""
    if isinstance(first, int) and isinstance(second, int):
        return min(first, second)
    return first if first == second else _derived("min", first, second)


def ceil_divide(dimension: Dimension, divisor: int) -> Dimension:
    """The quotient rounded up."""
    return -((-dimension) // divisor) if isinstance(dimension, int) else (dimension + (divisor - 1)) // divisor


def quotient(numerator: Dimension, divisor: Dimension) -> Dimension:
    """The floor of a user's division, which must fail where the divisor turns out to be 0.

    `//` takes a symbol that cancels not to be 0, as is right for the sizes that a reshape leaves over.
    """
    return numerator // divisor if isinstance(divisor, int) and divisor else _derived("floordiv", numerator, divisor)


def remainder(numerator: Dimension, divisor: Dimension) -> Dimension:
    """The rest of a user's division, which must fail where the divisor turns out to be 0."""
    return numerator % divisor if isinstance(divisor, int) and divisor else _derived("floormod", numerator, divisor)


def product(shape: tuple[Dimension, ...]) -> Dimension:
    """The number of elements of a shape."""
    total: Dimension = 1
    for dimension in shape:
        total = total * dimension
    return total


def broadcast(first: Dimension, second: Dimension) -> Dimension | None:
    """The broadcast size of two dimensions, or None where they cannot go together.

    An unknown size next to a known one other than 1 takes the known one: at run time it can only be that or 1.
    """
    if first == second or (isinstance(second, int) and second == 1):
        return first
    if isinstance(first, int) and first == 1:
        return second
    if isinstance(first, int) and isinstance(second, int):
        return None
    if isinstance(first, int):
        return first
    if isinstance(second, int):
        return second
    return _derived("broadcast", first, second)


def bind(shape: tuple[Dimension, ...], sizes: tuple[int, ...], known: dict[Symbol, int]) -> str | None:
    """Matches real sizes against a shape, binding the bare symbols that are still unknown.

    Returns:
        None where it fits; else what does not, such as `axis 1 is 5, expected 4`.
    """
    if len(shape) != len(sizes):
        return f"rank is {len(sizes)}, expected {len(shape)}"
    for axis, (dimension, size) in enumerate(zip(shape, sizes, strict=True)):
        if isinstance(dimension, int):
            if dimension != size:
                return f"axis {axis} is {size}, expected {dimension}"
            continue
        symbol = dimension.symbol
        if symbol is not None and symbol not in known:
            known[symbol] = size
            continue
        try:
            expected = dimension.evaluate(known)
        except KeyError:
            continue  # depends on a symbol that nothing has bound yet: nothing to compare with
        if expected != size:
            return f"axis {axis} is {size}, expected {expected}"
    return None
