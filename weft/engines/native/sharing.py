"""Kernels that are the same but for their buffers: their code is made once.

Networks repeat themselves. Two kernels are alike where one becomes the other when its buffers are replaced, one for
one: then they can be one function, which is told with each run which buffers it works on.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from weft.base.dims import Dim
from weft.base.dtypes import DType
from weft.engines.native.index import Entry, Index, LoopVar, Quotient
from weft.engines.native.loops import Buffer, Expr, Kernel, Register, Routine, Statement


def outline(kernel: Kernel, checked: bool = False) -> tuple[tuple[Any, ...], list[Buffer]]:
    """What a kernel does, without its buffers; and those, in order of first mention.

    Args:
        kernel: The kernel.
        checked: Whether its code mentions the sizes of buffers.

    Returns:
        Two kernels whose outlines are equal do the same with their buffers.
    """
    found = _Outline(checked)
    found.parts += [kernel.lanes, kernel.turn is not None]
    if kernel.turn is not None:
        found.thing(kernel.turn)
    found.thing(kernel.chunk)
    found.thing(kernel.body)
    return tuple(found.parts), list(found.buffers)


class _Outline:
    """Writes things down: objects that have an identity by number, with what they are at the first mention."""

    def __init__(self, checked: bool) -> None:
        self.checked = checked
        self.parts: list[Any] = []
        self.numbers: dict[Any, int] = {}
        self.buffers: dict[Buffer, int] = {}

    def thing(self, thing: Any) -> None:
        parts = self.parts
        kind: Any = type(thing)
        if kind is Index:
            parts.append(len(thing.terms))
            parts.append(thing.constant)
            for atom, coefficient in thing.terms.items():
                parts.append(coefficient)
                self.thing(atom)
        elif kind is list or kind is tuple:
            parts.append(len(thing))
            for item in thing:
                self.thing(item)
        elif kind is Buffer:
            self.buffer(thing)
        elif issubclass(kind, Quotient):
            parts.append(kind)
            parts.append(thing.divisor)
            self.thing(thing.index)
        elif issubclass(kind, (Expr, Statement, Register, LoopVar, Entry)):
            number = self.numbers.get(thing)
            if number is not None:
                parts.append(number)
                return
            self.numbers[thing] = len(self.numbers)
            parts.append(kind)
            for name in _fields(kind):
                self.thing(getattr(thing, name))
        elif kind is Routine:
            parts.append(thing.name)
        elif kind is float:
            parts.append(thing.hex())  # 0.0 is not -0.0
        elif kind in (int, bool, str, type(None), DType, Dim):
            parts.append(kind)
            parts.append(thing)
        else:
            parts.append(str(kind))
            parts.append(repr(thing))

    def buffer(self, buffer: Buffer) -> None:
        number = self.buffers.get(buffer)
        if number is None:
            number = self.buffers[buffer] = len(self.buffers)
            self.parts += [buffer.dtype, buffer.role == "thread", buffer.size if self.checked else 0]
        self.parts.append(number)


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    """What makes two objects of a kind alike: all but the names that are for people."""
    names = [name for base in reversed(kind.__mro__) for name in getattr(base, "__slots__", ())]
    return tuple(name for name in names if not (name == "name" and kind in (Register, LoopVar)))
