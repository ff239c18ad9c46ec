"""Where an expression is computed: as far out as it can be, and once.

That is the place where the innermost of the variables that it depends on is known. So that this place is still open
when an inner loop asks for it, each loop keeps a list of lines in front of itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weft.engines.native import vectormath
from weft.engines.native.emit.words import Value
from weft.engines.native.index import LANE, Entry, Index, LoopVar, Quotient
from weft.engines.native.loops import Across, At, Buffer, Const, Expr, Get, Kernel, Load, Op, Register, Routine

if TYPE_CHECKING:
    from weft.base.dims import Dim
    from weft.base.dtypes import DType


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides where an expression may stand.

    Attributes:
        variables: The loop variables that it depends on.
        changes: Whether two statements may see different values of it (registers, buffers that are written).
        stays: Whether it may not move out of a condition: it reads memory, or traps.
    """

    variables: frozenset[LoopVar]
    changes: bool = False
    stays: bool = False

    def joined(self, other: Facts) -> Facts:
        return Facts(self.variables | other.variables, self.changes or other.changes, self.stays or other.stays)


class Scope:
    """A stretch of code in which variables are known. `ahead` are the lines in front of it, where it is a block."""

    __slots__ = ("ahead", "barrier", "memo", "variables")

    def __init__(self, ahead: list[Any] | None, barrier: bool = False) -> None:
        self.ahead = ahead  # None for a straight continuation of the code around it (an unrolled turn)
        self.barrier = barrier  # loads may not move out of it: it runs under a condition or a mask
        self.memo: dict[Any, Value] = {}
        self.variables: dict[LoopVar, Value | int] = {}


class Module:
    """What the functions of one module share."""

    checked: bool
    fma: bool
    scales: bool
    dots: str
    halves: frozenset[str]
    declarations: dict[str, None]

    def function(self, name: str, dtype: DType, lanes: int, count: int) -> str:
        """The name of one of `vectormath`'s functions for so many arguments, which is emitted when first asked for."""
        raise NotImplementedError

    def routine(self, routine: Routine) -> str:
        """The name of a routine, which is emitted when first asked for."""
        raise NotImplementedError


class Places:
    """A function that is being written: its lines, its scopes, and what was computed in each."""

    def __init__(self, module: Module, kernel: Kernel) -> None:
        self.module = module
        self.kernel = kernel
        self.lanes = kernel.lanes
        self.count = 0
        self.entry: list[Any] = []  # slots for registers, pointers and sizes
        self.root: list[Any] = []
        self.lines = self.root
        self.label = "body"
        self.scopes: list[Scope] = [Scope(None)]
        self.mask: Value | None = None
        self.slots: dict[tuple[Register, tuple[int, ...]], str] = {}
        self.pointers: dict[Any, str] = {}
        self.operands: dict[Any, str] = {}  # buffers and sizes -> which words of the table they are
        self.given: dict[Dim, str] = {}  # the sizes that a routine is given
        self.written: set[Buffer] = set()
        self.version = 0
        self.vectors: dict[Expr, bool] = {}
        self.known: dict[Expr | Index, Facts] = {}
        self.resolved: dict[tuple[Any, ...], Index] = {}  # indices with the values of unrolled variables in them
        self.home: dict[str, int] = {}  # how far in a value stands, by its name
        self.depth_of_variable: dict[LoopVar, int] = {kernel.chunk: 0}
        self.scopes[0].variables[kernel.chunk] = Value("%chunk", "i64")
        if kernel.turn is not None:
            self.depth_of_variable[kernel.turn] = 0
            self.scopes[0].variables[kernel.turn] = Value("%turn", "i64")

    def line(self, text: str, where: list[Any] | None = None) -> None:
        (self.lines if where is None else where).append("  " + text)

    def name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def declare(self, text: str) -> None:
        self.module.declarations[text] = None

    def enter(self, scope: Scope, variable: LoopVar | None = None, value: Value | int | None = None) -> None:
        self.scopes.append(scope)
        if variable is not None and value is not None:
            scope.variables[variable] = value
            self.depth_of_variable[variable] = len(self.scopes) - 1

    def leave(self) -> None:
        scope = self.scopes.pop()
        for variable in scope.variables:
            self.depth_of_variable.pop(variable, None)

    def facts(self, expr: Expr | Index) -> Facts:
        """What decides where an expression may stand."""
        found = self.known.get(expr)
        if found is None:
            found = self.known[expr] = self.find_facts(expr)
        return found

    def find_facts(self, expr: Expr | Index) -> Facts:
        match expr:
            case Index():
                variables: set[LoopVar] = set()
                facts = Facts(frozenset())
                for atom in expr.terms:
                    if isinstance(atom, LoopVar):
                        if atom is not LANE:
                            variables.add(atom)
                    else:
                        facts = facts.joined(self.facts(atom.index if isinstance(atom, Quotient) else atom.value))
                return facts.joined(Facts(frozenset(variables)))
            case Const() | vectormath.Argument():
                return Facts(frozenset())
            case At():
                return self.facts(expr.index)
            case Load():
                facts = self.facts(expr.index).joined(Facts(frozenset(), expr.buffer in self.written, True))
                return facts if expr.guard is None else facts.joined(self.facts(expr.guard))
            case Get():
                return Facts(frozenset(), True)
            case Across():
                return self.facts(expr.value)
            case Op():
                facts = Facts(frozenset(), stays=expr.name in ("int_divide", "int_remainder"))
                for argument in expr.args:
                    facts = facts.joined(self.facts(argument))
                return facts
        raise TypeError(type(expr).__name__)

    def depth(self, facts: Facts) -> int:
        """How far in something must stand."""
        if facts.changes:
            return len(self.scopes) - 1
        depth = 0
        for variable in facts.variables:
            found = self.depth_of_variable[variable]
            if found > depth and not isinstance(self.scopes[found].variables[variable], int):
                depth = found
        if facts.stays:
            for index in range(len(self.scopes) - 1, depth, -1):
                if self.scopes[index].barrier:
                    return index
        return depth

    def turns(self, facts: Facts) -> tuple[int, ...]:
        """The values of the unrolled variables that something depends on: each turn computes its own."""
        found = []
        for variable in facts.variables:
            value = self.scopes[self.depth_of_variable[variable]].variables[variable]
            if isinstance(value, int):
                found.append(value)
        return tuple(found)

    def turns_of_entries(self, index: Index) -> tuple[int, ...]:
        """The values of the unrolled variables inside numbers read from memory, which `resolve` leaves alone."""
        found: tuple[int, ...] = ()
        for atom in index.terms:
            if isinstance(atom, Entry):
                found += self.turns(self.facts(atom.value))
            elif isinstance(atom, Quotient):
                found += self.turns_of_entries(atom.index)
        return found

    def place(self, depth: int) -> list[Any]:
        """The lines to which what stands at a depth is added now."""
        for scope in self.scopes[depth + 1 :]:
            if scope.ahead is not None:
                return scope.ahead
        return self.lines

    def value(self, expr: Expr) -> Value:
        """The value of an expression, computed now or before."""
        facts = self.facts(expr)
        depth = self.depth(facts)
        memo = self.scopes[depth].memo
        version = self.version if facts.changes else 0
        key: tuple[Any, ...]
        if isinstance(expr, Load) and expr.guard is None:  # the same place is read once, whoever asks
            key = (expr.buffer, self.resolve(expr.index), self.turns_of_entries(expr.index), version)
        else:
            key = (expr, self.turns(facts), version)
        found = memo.get(key)
        if found is None:
            found = memo[key] = self.compute(expr, self.place(depth))
            self.home.setdefault(found.name, depth)
        return found

    def compute(self, expr: Expr, where: list[Any]) -> Value:
        """Writes what computes an expression."""
        raise NotImplementedError

    def resolve(self, index: Index) -> Index:
        """An index with the unrolled variables replaced by their values."""
        values = {}
        for variable in self.facts(index).variables:
            value = self.scopes[self.depth_of_variable[variable]].variables[variable]
            if isinstance(value, int):
                values[variable] = value
        if not values:
            return index
        key = (index, *values.values())
        found = self.resolved.get(key)
        if found is None:
            found = index.substitute({variable: Index.of(value) for variable, value in values.items()})
            self.resolved[key] = found
        return found

    def is_vector_atom(self, atom: Any) -> bool:
        if isinstance(atom, Quotient):
            return LANE in atom.index.terms or any(self.is_vector_atom(a) for a in atom.index.terms)
        return isinstance(atom, Entry) and self.is_vector(atom.value)

    def is_vector(self, expr: Expr) -> bool:
        """Whether an expression has a value for each lane."""
        found = self.vectors.get(expr)
        if found is None:
            match expr:
                case Load() | At():
                    terms = expr.index.terms
                    found = LANE in terms or any(self.is_vector_atom(atom) for atom in terms)
                    if isinstance(expr, Load) and expr.guard is not None:
                        found = found or self.is_vector(expr.guard)
                case Get():
                    found = expr.register.vector
                case Op():
                    found = any(self.is_vector(argument) for argument in expr.args)
                case vectormath.Argument():
                    found = expr.vector
                case _:
                    found = False
            self.vectors[expr] = found
        return found


def flatten(lines: Sequence[Any], found: list[str]) -> None:
    for line in lines:
        if isinstance(line, str):
            found.append(line)
        else:
            flatten(line, found)
