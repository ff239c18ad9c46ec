"""Expressions rebuilt with other loads or other indices; what does not change is shared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from weft.base.dims import substitute
from weft.engines.native.index import Entry, Index, LoopVar, Quotient
from weft.engines.native.loops import Across, At, Expr, Get, Load, Op

if TYPE_CHECKING:
    from weft.base.dims import Symbol
    from weft.engines.native.index import Atom


class Rewriter:
    """Replaces loads by what a function says, variables by indices, and sizes by others."""

    def __init__(
        self, replace: Callable[[Load], Expr | None] | None = None, values: dict[LoopVar, Index] | None = None,
        sizes: Mapping[Symbol, int] | None = None,
    ) -> None:  # fmt: skip
        self.replace = replace
        self.sizes = sizes
        self.values = values or {}
        self._done: dict[Expr, Expr] = {}
        self._indices: dict[Index, Index] = {}

    def expr(self, expr: Expr) -> Expr:
        """The rebuilt expression."""
        found = self._done.get(expr)
        if found is None:
            found = self._done[expr] = self._rebuild(expr)
        return found

    def index(self, index: Index) -> Index:
        """The rebuilt index."""
        found = self._indices.get(index)
        if found is None:
            values, given = self.values, index
            if self.sizes:
                terms = {atom: substitute(size, self.sizes) for atom, size in index.terms.items()}
                index = Index(terms, substitute(index.constant, self.sizes))
            if any(not isinstance(atom, LoopVar) or atom in values for atom in index.terms):
                parts = [(self._part(atom), coefficient) for atom, coefficient in index.terms.items()]
                found = Index.sum(parts, index.constant)
            else:
                found = index
            self._indices[given] = found
        return found

    def _part(self, atom: Atom) -> Index:
        if isinstance(atom, LoopVar):
            return self.values.get(atom) or Index({atom: 1})
        if isinstance(atom, Entry):
            value = self.expr(atom.value)
            return Index({atom if value is atom.value else Entry(value, atom.below): 1})
        inner = self.index(atom.index)
        return inner // atom.divisor if type(atom) is Quotient else inner % atom.divisor

    def _rebuild(self, expr: Expr) -> Expr:
        match expr:
            case Load():
                index = self.index(expr.index)
                guard = None if expr.guard is None else self.expr(expr.guard)
                moved = expr if index == expr.index and guard is expr.guard else Load(expr.buffer, index, guard)
                found = None if self.replace is None else self.replace(moved)
                return moved if found is None else found
            case At():
                index = self.index(expr.index)
                return expr if index == expr.index else At(index)
            case Op():
                args = tuple(self.expr(argument) for argument in expr.args)
                return expr if args == expr.args else Op(expr.name, args, expr.dtype)
            case Get():
                return expr
            case Across():
                value = self.expr(expr.value)
                return expr if value is expr.value else Across(expr.name, value)
        return expr


def guarded(expr: Expr, condition: Expr) -> Expr:
    """The expression with nothing read where the condition does not hold."""

    def replace(load: Load) -> Expr:
        guard = condition if load.guard is None else Op("and", (load.guard, condition), condition.dtype)
        return Load(load.buffer, load.index, guard)

    return Rewriter(replace).expr(expr)


def loads(exprs: Iterable[Expr]) -> list[Load]:
    """Every load in some expressions, those inside indices too."""
    seen: set[Expr] = set()
    found: list[Load] = []
    stack = list(exprs)
    while stack:
        expr = stack.pop()
        if expr in seen:
            continue
        seen.add(expr)
        if isinstance(expr, Op):
            stack.extend(expr.args)
        elif isinstance(expr, Across):
            stack.append(expr.value)
        elif isinstance(expr, Load):
            found.append(expr)
            stack.extend(_values(expr.index))
            if expr.guard is not None:
                stack.append(expr.guard)
        elif isinstance(expr, At):
            stack.extend(_values(expr.index))
    return found


def indices(exprs: Iterable[Expr]) -> list[Index]:
    """Every index in some expressions."""
    seen: set[Expr] = set()
    found: list[Index] = []
    stack = list(exprs)
    while stack:
        expr = stack.pop()
        if expr in seen:
            continue
        seen.add(expr)
        if isinstance(expr, Op):
            stack.extend(expr.args)
        elif isinstance(expr, Across):
            stack.append(expr.value)
        elif isinstance(expr, (Load, At)):
            found.append(expr.index)
            stack.extend(_values(expr.index))
            if isinstance(expr, Load) and expr.guard is not None:
                stack.append(expr.guard)
    return found


def _values(index: Index) -> list[Expr]:
    found: list[Expr] = []
    for atom in index.terms:
        if isinstance(atom, Entry):
            found.append(atom.value)
        elif isinstance(atom, Quotient):
            found += _values(atom.index)
    return found
