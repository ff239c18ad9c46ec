"""The table of lowerings: op name → function of jax values that computes it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: the modules that fill the table, by subject
_FAMILIES = (
    "elementwise", "special", "casts", "reductions", "running", "shapes", "slicing", "movement", "indexing", "masks",
    "diagonals", "segments", "sorting", "sparse", "matrices", "convolution", "pooling", "losses", "ctc", "random",
    "draws", "fft", "control", "state", "replicas",
)  # fmt: skip


class HostOnly(Exception):
    """Raised while a graph is traced: this node has to run on the host, for the reason given."""


class WriteOut(Exception):
    """Raised while a graph is traced: the lowering does not cover this case, the op's decomposition does."""


@dataclass(frozen=True)
class Lowering:
    """How an op is computed.

    Attributes:
        function: (operands, attributes as keywords) -> result or tuple of results.
        static: Positions of operands whose numbers must be known while tracing; all from `static_from` on, too.
        static_from: See `static`.
        checks: Whether it takes, first of all, a function that is given conditions under which the op refuses its data.
        walk: Whether it takes, first of all, the walk itself: for ops with sub-graphs and ops on state.
        raw: Whether operands that are known while tracing come as numpy arrays.
    """

    function: Callable[..., Any]
    static: tuple[int, ...] = ()
    static_from: int | None = None
    checks: bool = False
    walk: bool = False
    raw: bool = False

    def needs_static(self, position: int) -> bool:
        """Whether the operand there must be known while tracing."""
        return position in self.static or (self.static_from is not None and position >= self.static_from)


_table: dict[str, Lowering] = {}


def lowering(name: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Puts a function into the table as the lowering of an op; options are those of `Lowering`."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        assert name not in _table, name
        _table[name] = Lowering(function, **options)
        return function

    return register


def _load() -> None:
    if not _table:
        for family in _FAMILIES:
            importlib.import_module(f"weft.engines.xla.rules.{family}")


def find(name: str) -> Lowering | None:
    """The lowering of an op, or None where it has none of its own."""
    _load()
    return _table.get(name)


def names() -> list[str]:
    """The ops that have a lowering of their own."""
    _load()
    return list(_table)
