"""Loops that one thread walks: those whose number of turns only data tells, and loops within other loops.

Such a loop is one function, which calls the kernels of its test and of its body chunk by chunk. What goes from turn to
turn lies in two places, of which one is read while the other is written; a `while` that ends on the second of them
copies it to the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weft.base.dims import Dim
from weft.engines.native.emit import Layout
from weft.engines.native.image import HEADER
from weft.engines.native.interrupts import LOOK
from weft.engines.native.loops import Kernel

if TYPE_CHECKING:
    from weft.base.dims import Dimension
    from weft.engines.native.lower import Loop, Region

@dataclass(eq=False)
class Serial:
    """A loop as one function.

    Attributes:
        name: The function's.
        of: The loop.
        test: What says whether there is another turn.
        body: What a turn does.
        tail: What is done where the number of turns was odd.
    """

    name: str
    of: Loop | Region
    test: list[list[Kernel | Serial]]
    body: list[list[Kernel | Serial]]
    tail: list[list[Kernel | Serial]]
    chunks: Dimension = 1

    def kernels(self) -> Iterator[Kernel]:
        """All kernels that it runs."""
        for stages in (self.test, self.body, self.tail):
            for stage in stages:
                for each in stage:
                    yield from each.kernels() if isinstance(each, Serial) else (each,)

    def lay_out(self, layout: Layout) -> None:
        """Gives a word to every number that it reads."""
        from weft.engines.native.lower import Loop

        sizes = [kernel.chunks for kernel in self.kernels()]
        if isinstance(self.of, Loop):
            assert self.of.condition is not None
            layout.buffer(self.of.condition.buffer)
        else:
            sizes.append(self.of.turn.extent)
        for size in sizes:
            if isinstance(size, Dim):
                layout.size(size)
        for stages in (self.test, self.body, self.tail):
            for stage in stages:
                for each in stage:
                    if isinstance(each, Serial):
                        each.lay_out(layout)

    def text(self, layout: Layout, place: Callable[[Kernel], tuple[str, int]]) -> list[str]:
        """The function, behind those of the loops in it.

        Args:
            layout: Where the words of the table are, complete.
            place: The function of a kernel, and where its operands begin.
        """
        return _Text(self, layout, place).functions()


class _Text:
    def __init__(self, serial: Serial, layout: Layout, place: Callable[[Kernel], tuple[str, int]]) -> None:
        self.serial, self.layout, self.place = serial, layout, place
        self.inner: list[str] = []
        self.lines: list[str] = []
        self.count = 0

    def functions(self) -> list[str]:
        from weft.engines.native.lower import Loop

        if isinstance(self.serial.of, Loop):
            self._while(self.serial.of)
        else:
            self._scan(self.serial.of)
        arguments = "ptr noalias %table, i64 %chunk, i64 %thread, i64 %last"
        head = f"define void @{self.serial.name}({arguments}) nounwind #0 {{\nentry:"
        return [*self.inner, "\n".join([head, *self.lines, "}"])]

    def _while(self, loop: Loop) -> None:
        assert loop.condition is not None
        self._line("br label %head")
        self._label("head")
        self._turn("turned")
        self._stages(self.serial.test)
        # where a check has failed the condition may never come true
        flag = self._value("load ptr, ptr %table, align 8")
        failed = self._value(f"load atomic i64, ptr {flag} monotonic, align 8")
        well = self._value(f"icmp eq i64 {failed}, 0")
        condition = self._word(HEADER + self.layout.buffer(loop.condition.buffer), "ptr")
        byte = self._value(f"load i8, ptr {condition}, align 1")
        holds = self._value(f"icmp ne i8 {byte}, 0")
        both = self._value(f"and i1 {well}, {holds}")
        self._line(f"br i1 {both}, label %body, label %out")
        self._label("body")
        self._stages(self.serial.body)
        self._line("br label %again")
        self._label("again")
        self._line("%next = xor i64 %turn, 1")
        self._look("end")
        self._line("br label %head")
        self._label("out")
        odd = self._value("icmp ne i64 %turn, 0")
        self._line(f"br i1 {odd}, label %tail, label %end")
        self._label("tail")
        self._stages(self.serial.tail)
        self._line("br label %end")
        self._label("end")
        self._line("ret void")

    def _scan(self, region: Region) -> None:
        length = self._size(region.turn.extent)
        some = self._value(f"icmp sgt i64 {length}, 0")
        self._line(f"br i1 {some}, label %body, label %end")
        self._label("body")
        self._turn("turned")
        self._stages(self.serial.body)
        self._line("br label %again")
        self._label("again")
        self._line("%next = add i64 %turn, 1")
        self._look("end")
        more = self._value(f"icmp slt i64 %next, {length}")
        self._line(f"br i1 {more}, label %body, label %end")
        self._label("end")
        self._line("ret void")

    def _turn(self, after: str) -> None:
        """What changes from turn to turn: its number, and how many there were since the last look at the clock."""
        for name, first, later in (("turn", 0, "next"), ("since", 0, "count"), ("gap", 1, "wish")):
            self._line(f"%{name} = phi i64 [ {first}, %entry ], [ %{later}, %{after} ]")

    def _look(self, end: str) -> None:
        """Between two turns: now and then the driver looks at the clock, and whether it is to go on."""
        self._line("%more = add i64 %since, 1")
        due = self._value("icmp sge i64 %more, %gap")
        self._line(f"br i1 {due}, label %look, label %turned")
        self._label("look")
        flag = self._value("load ptr, ptr %table, align 8")
        place = self._value(f"getelementptr i64, ptr {flag}, i64 {LOOK}")
        function = self._value(f"load ptr, ptr {place}, align 8")
        self._line(f"%told = call i64 {function}(ptr %table, i64 %gap, i64 %thread)")
        stop = self._value("icmp eq i64 %told, 0")
        self._line(f"br i1 {stop}, label %{end}, label %turned")
        self._label("turned")
        self._line("%count = phi i64 [ %more, %again ], [ 0, %look ]")
        self._line("%wish = phi i64 [ %gap, %again ], [ %told, %look ]")

    def _stages(self, stages: list[list[Kernel | Serial]]) -> None:
        for stage in stages:
            for each in stage:
                if isinstance(each, Serial):
                    self.inner += each.text(self.layout, self.place)
                    self._line(f"call void @{each.name}(ptr %table, i64 0, i64 %thread, i64 0)")
                else:
                    self._chunks(each)

    def _chunks(self, kernel: Kernel) -> None:
        function, operands = self.place(kernel)
        last = self._value(f"or i64 {self._value('shl i64 %turn, 32')}, {operands}")
        count = self._size(kernel.chunks)
        if count == "1":
            self._line(f"call void @{function}(ptr %table, i64 0, i64 %thread, i64 {last})")
            return
        self.count += 1
        number = self.count
        some = self._value(f"icmp sgt i64 {count}, 0")
        self._line(f"br label %from{number}")
        self._label(f"from{number}")
        self._line(f"br i1 {some}, label %chunk{number}, label %done{number}")
        self._label(f"chunk{number}")
        self._line(f"%c{number} = phi i64 [ 0, %from{number} ], [ %d{number}, %chunk{number} ]")
        self._line(f"call void @{function}(ptr %table, i64 %c{number}, i64 %thread, i64 {last})")
        self._line(f"%d{number} = add i64 %c{number}, 1")
        more = self._value(f"icmp slt i64 %d{number}, {count}")
        self._line(f"br i1 {more}, label %chunk{number}, label %done{number}")
        self._label(f"done{number}")

    def _size(self, size: Dimension) -> str:
        return str(size) if isinstance(size, int) else self._word(HEADER + self.layout.slot_of_size(size), "i64")

    def _word(self, slot: int, type: str) -> str:
        place = self._value(f"getelementptr i64, ptr %table, i64 {slot}")
        return self._value(f"load {type}, ptr {place}, align 8")

    def _value(self, text: str) -> str:
        self.count += 1
        name = f"%s{self.count}"
        self._line(f"{name} = {text}")
        return name

    def _line(self, text: str) -> None:
        self.lines.append("  " + text)

    def _label(self, name: str) -> None:
        self.lines.append(f"{name}:")
