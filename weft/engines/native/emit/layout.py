"""The table that a kernel gets: pointers to buffers and sizes that are known only at run time, then operands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weft.base.dims import Dim
from weft.engines.native.image import HEADER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weft.engines.native.loops import Buffer


class Layout:
    """Which word of the table holds what."""

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self.sizes: list[Dim] = []
        self.operands: list[int] = []
        self._slots: dict[Any, int] = {}

    def buffer(self, buffer: Buffer) -> int:
        """The word with the pointer to a buffer."""
        slot = self._slots.get(buffer)
        if slot is None:
            slot = self._slots[buffer] = len(self._slots)
            self.buffers.append(buffer)
            buffer.slot = slot
        return slot

    def size(self, size: Dim) -> int:
        """The word with a size."""
        slot = self._slots.get(size)
        if slot is None:
            slot = self._slots[size] = len(self._slots)
            self.sizes.append(size)
        return slot

    def place(self, operands: Sequence[Buffer | Dim]) -> int:
        """Lays out what a kernel works on; where that begins, counted from the first operand of all."""
        begin = len(self.operands)
        for operand in operands:
            slot = self.size(operand) if isinstance(operand, Dim) else self.buffer(operand)
            self.operands.append(HEADER + slot)
        return begin

    def in_slot(self, slot: int) -> Buffer:
        """The buffer of a word."""
        return next(buffer for buffer in self.buffers if buffer.slot == slot)

    def slot_of_size(self, size: Dim) -> int:
        """The word of a size that is laid out already."""
        return self._slots[size]

    def __len__(self) -> int:
        return len(self._slots)
