"""Loop IR to LLVM IR, as text.

Registers are stack slots, which LLVM's SROA turns into registers. There is no fast-math: an elementwise chain has the
bits that its operations have one by one.

A kernel is a function of (table, chunk, thread, last). The table is an array of 8-byte words: pointers to buffers and
sizes that are known only when the program runs, then the operands of each kernel: which of those words it works on.
The lower half of `last` says where a kernel's operands begin, so that kernels which differ in their buffers alone are
one function; the upper half is the turn of a loop. `Layout` says which word is which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weft.engines.native.emit.layout import Layout
from weft.engines.native.emit.places import Module
from weft.engines.native.emit.statements import Function
from weft.engines.native.index import LoopVar
from weft.engines.native.loops import Kernel, Routine
from weft.engines.native.sharing import outline

if TYPE_CHECKING:
    from weft.base.dtypes import DType

__all__ = ["Emitter", "Layout"]


@dataclass(frozen=True)
class Written:
    """A function that was written: its name, and what it works on, buffers by their number in its kernel's outline."""

    name: str
    operands: tuple[Any, ...]


class Emitter(Module):
    """Writes the kernels of one module.

    Args:
        layout: Where the words of the table are; grows as kernels are added.
        checked: Whether every access is compared with its buffer's size: one outside sets the flag to `OUTSIDE` plus
            the buffer's slot and goes nowhere.
        fma: Whether the processor has a fused multiply-add.
        scales: Whether it has AVX-512's product with a power of two.
        dots: What it adds up pairs of products of int16 with (`Target.dots`).
        halves: The half precisions that it converts itself, as LLVM calls them.
    """

    def __init__(
        self, layout: Layout, checked: bool = False, fma: bool = True, scales: bool = False, dots: str = "",
        halves: frozenset[str] = frozenset(),
    ) -> None:
        self.layout = layout
        self.checked = checked
        self.fma = fma
        self.scales = scales
        self.dots = dots
        self.halves = halves
        self.functions: list[str] = []
        self.shared: set[str] = set()
        self.known: dict[tuple[Any, ...], Written] = {}
        self.declarations: dict[str, None] = {}

    def module(self) -> str:
        """The text of all that was added."""
        return "\n\n".join(["\n".join(self.declarations), *self.functions])

    def routine(self, routine: Routine) -> str:
        """The name of a routine, which is emitted when first asked for."""
        full = f"@{routine.name}"
        if full not in self.shared:
            self.shared.add(full)
            kernel = Kernel(routine.name, LoopVar("chunk", 1), routine.body, routine.lanes)
            self.functions.append(Function(self, kernel).routine(routine))
        return full

    def add(self, kernel: Kernel) -> tuple[str, int]:
        """Adds a kernel: the name of its function, and where its operands begin, counted from those of the first."""
        outlined, buffers = outline(kernel, self.checked)
        found = self.known.get(outlined)
        if found is None:
            function = Function(self, kernel)
            self.functions.append(function.text())
            numbers: dict[Any, Any] = {buffer: number for number, buffer in enumerate(buffers)}
            operands = tuple(numbers.get(operand, operand) for operand in function.operands)
            found = self.known[outlined] = Written(kernel.name, operands)
        return found.name, self.layout.place(
            [buffers[operand] if isinstance(operand, int) else operand for operand in found.operands]
        )

    def function(self, name: str, dtype: DType, lanes: int, count: int) -> str:
        """The name of one of `vectormath`'s functions for so many arguments, which is emitted when first asked for."""
        full = f"@{name}_{dtype.name}_{lanes}"
        if full not in self.shared:
            self.shared.add(full)
            kernel = Kernel(full[1:], LoopVar("chunk", 1), [], lanes)
            self.functions.append(Function(self, kernel).function(name, dtype, count))
        return full
