"""What stands in the way of compiling a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weft.base.dims import Symbol
    from weft.ir.graph import Node


class Specialise(Exception):
    """Code can only be made for sizes that are known: those of these symbols must be."""

    def __init__(self, symbols: frozenset[Symbol]) -> None:
        super().__init__(f"needs the sizes {sorted(map(repr, symbols))}")
        self.symbols = symbols


class Unsupported(Exception):
    """What a rule raises for a node that it cannot lower, with the reason."""


class Unordered(Exception):
    """Nests that may not share a walk do.

    Attributes:
        numbers: Theirs, in the order of all nests; empty where that is not known yet.
    """

    def __init__(self, read: str) -> None:
        super().__init__(f"{read} is read in the walk that makes it, at a place that may not be made yet")
        self.numbers: frozenset[int] = frozenset()


class Refused(Exception):
    """A graph has a node without a native form (or an input, where `node` is None)."""

    def __init__(self, node: Node | None, reason: str) -> None:
        super().__init__(f"{node.op if node is not None else 'graph'}: {reason}")
        self.node = node
