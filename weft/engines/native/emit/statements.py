"""Statements: loops, conditions, masks, stores; and functions as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from weft.engines.native import vectormath
from weft.engines.native.emit.expressions import Expressions
from weft.engines.native.emit.places import Scope, flatten
from weft.engines.native.emit.words import ELEMENT, HALF_TYPES, Value
from weft.engines.native.index import Index
from weft.engines.native.loops import (
    Buffer,
    Call,
    Fail,
    For,
    If,
    Masked,
    Prefetch,
    Register,
    Routine,
    Set,
    Statement,
    Store,
    Transpose,
    buffers,
)

if TYPE_CHECKING:
    from weft.base.dtypes import DType


#: what the last argument of a kernel says: where its operands begin, and which turn of a loop it is
_LAST = ("  %begin = and i64 %last, 4294967295", "  %operands = getelementptr i64, ptr %table, i64 %begin",
         "  %turn = lshr i64 %last, 32")  # fmt: skip


class Function(Expressions):
    """A kernel or one of `vectormath`'s functions, as LLVM's text."""

    def text(self) -> str:
        self.written = set(buffers(self.kernel)[1])
        self.body(self.kernel.body)
        self.line("ret void")
        arguments = "ptr noalias %table, i64 %chunk, i64 %thread, i64 %last"
        return self.whole(f"define void @{self.kernel.name}({arguments}) nounwind #0", _LAST)

    def whole(self, head: str, first: Iterable[str] = ()) -> str:
        """The function with what was written so far as its body."""
        lines: list[str] = []
        flatten(self.entry, lines)
        lines.append("  br label %body")
        lines.append("body:")
        flatten(self.root, lines)
        return "\n".join([f"{head} {{\nentry:", *first, *lines, "}"])

    def routine(self, routine: Routine) -> str:
        """A routine: a function of pointers and numbers."""
        self.written = set(buffers(self.kernel)[1])
        arguments = []
        for number, buffer in enumerate(routine.places):
            self.pointers[buffer] = f"%p{number}"
            arguments.append(f"ptr noalias %p{number}")
        for number, variable in enumerate(routine.numbers):
            self.scopes[0].variables[variable] = Value(f"%n_{number}", "i64")
            self.depth_of_variable[variable] = 0
            arguments.append(f"i64 %n_{number}")
        self.given = {size: f"%s{number}" for number, size in enumerate(routine.sizes)}
        arguments += [f"i64 {name}" for name in self.given.values()]
        self.body(routine.body)
        self.line("ret void")
        return self.whole(f"define internal void @{routine.name}({', '.join(arguments)}) noinline nounwind #0")

    def function(self, name: str, dtype: DType, count: int) -> str:
        """One of `vectormath`'s functions, of arguments of the kernel's width."""
        args = [vectormath.Argument(number, dtype, self.lanes > 1) for number in range(count)]
        statements, result = vectormath.body(name, args, dtype, self.module.fma, self.lanes > 1, self.scales)
        self.body(statements)
        self.line(f"ret {self.value(result)}")
        type = Value("", ELEMENT[dtype.name], self.lanes).full
        arguments = ", ".join(f"{type} %a{number}" for number in range(count))
        return self.whole(f"define internal {type} @{self.kernel.name}({arguments}) nounwind #0")

    def body(self, statements: Iterable[Statement]) -> None:
        for statement in statements:
            match statement:
                case For():
                    self.unrolled(statement) if statement.unrolled else self.loop(statement)
                case Store():
                    self.store(statement)
                case Set():
                    self.set(statement)
                case If():
                    self.branch(statement)
                case Masked():
                    self.masked(statement)
                case Fail():
                    self.fail(statement)
                case Prefetch():
                    self.prefetch(statement)
                case Transpose():
                    self.transpose(statement.register)
                case Call():
                    self.call(statement)

    def unrolled(self, loop: For) -> None:
        start, stop = loop.start.number, loop.stop.number
        assert start is not None and stop is not None, f"{self.kernel.name}: bounds of {loop.var} are not known"
        for turn in range(start, stop, loop.step):
            self.enter(Scope(None), loop.var, turn)
            self.body(loop.body)
            self.leave()

    def loop(self, loop: For) -> None:
        first, stop = self.index(loop.start), self.index(loop.stop)
        ahead: list[Any] = []  # after the bounds: what is moved here may use what they used
        self.lines.append(ahead)
        if first.name.lstrip("-").isdigit() and stop.name.lstrip("-").isdigit():
            if int(first.name) >= int(stop.name):
                return
            known = True
        else:
            known = False
        number = self.count = self.count + 1
        head, out = f"loop{number}", f"done{number}"
        if known:
            self.line(f"br label %{head}")
        else:
            test = self.name()
            self.line(f"{test} = icmp slt i64 {first.name}, {stop.name}")
            self.line(f"br i1 {test}, label %{head}, label %{out}")
        before = self.label
        phi: list[Any] = []
        self.lines.append([f"{head}:"])
        self.lines.append(phi)
        self.label = head
        variable, following = f"%i{number}", f"%n{number}"
        outer, self.lines = self.lines, []
        outer.append(self.lines)
        self.enter(Scope(ahead), loop.var, Value(variable, "i64"))
        self.version += 1
        self.body(loop.body)
        self.version += 1
        self.leave()
        self.lines = outer
        self.line(f"{following} = add nuw nsw i64 {variable}, {loop.step}")
        test = self.name()
        self.line(f"{test} = icmp slt i64 {following}, {stop.name}")
        self.line(f"br i1 {test}, label %{head}, label %{out}")
        self.line(f"{variable} = phi i64 [ {first.name}, %{before} ], [ {following}, %{self.label} ]", phi)
        self.lines.append([f"{out}:"])
        self.label = out

    def branch(self, statement: If) -> None:
        condition = self.value(statement.condition)
        ahead: list[Any] = []
        self.lines.append(ahead)
        number = self.count = self.count + 1
        then, other, out = f"then{number}", f"else{number}", f"end{number}"
        self.line(f"br i1 {condition.name}, label %{then}, label %{other if statement.orelse else out}")
        for label, body in ((then, statement.body), (other, statement.orelse)):
            if not body:
                continue
            self.lines.append([f"{label}:"])
            self.label = label
            outer, self.lines = self.lines, []
            outer.append(self.lines)
            self.enter(Scope(ahead, barrier=True))
            self.version += 1
            self.body(body)
            self.version += 1
            self.leave()
            self.lines = outer
            self.line(f"br label %{out}")
        self.lines.append([f"{out}:"])
        self.label = out

    def masked(self, statement: Masked) -> None:
        count = self.index(statement.count)
        assert self.mask is None, f"{self.kernel.name}: a mask within a mask"
        if count.name.isdigit():
            bits = ", ".join(f"i1 {int(lane < int(count.name))}" for lane in range(self.lanes))
            self.mask = Value(f"<{bits}>", "i1", self.lanes)
        else:
            splat, test = self.splat(count), self.name()
            self.line(f"{test} = icmp slt <{self.lanes} x i64> {self.iota()}, {splat.name}")
            self.mask = Value(test, "i1", self.lanes)
        self.enter(Scope(None, barrier=True))
        self.version += 1
        self.body(statement.body)
        self.version += 1
        self.leave()
        self.mask = None

    def call(self, statement: Call) -> None:
        name = self.module.routine(statement.routine)
        given = [f"ptr {self.address(buffer, index, self.lines)[1]}" for buffer, index in statement.places]
        given += [f"i64 {self.index(index).name}" for index in statement.numbers]
        given += [f"i64 {size}" for size in statement.sizes]
        self.line(f"call void {name}({', '.join(given)})")
        self.version += 1

    def set(self, statement: Set) -> None:
        register = statement.register
        value = self.value(statement.value)
        if register.vector and value.lanes == 1:
            value = self.splat(value)
        slot = self.slot(register, statement.place)
        if self.mask is not None and register.vector:
            old, new = self.name(), self.name()
            self.line(f"{old} = load {value.full}, ptr {slot}")
            self.line(f"{new} = select {self.mask}, {value}, {value.full} {old}")
            value = Value(new, value.type, value.lanes)
        self.line(f"store {value}, ptr {slot}")
        self.version += 1

    def fail(self, statement: Fail) -> None:
        condition = self.value(statement.condition)
        if condition.lanes > 1:
            if self.mask is not None:
                both = self.name()
                self.line(f"{both} = and {condition}, {self.mask.name}")
                condition = Value(both, "i1", self.lanes)
            any_lane = self.name()
            self.declare(f"declare i1 @llvm.vector.reduce.or.v{self.lanes}i1(<{self.lanes} x i1>)")
            self.line(f"{any_lane} = call i1 @llvm.vector.reduce.or.v{self.lanes}i1({condition})")
            condition = Value(any_lane, "i1")
        number = self.count = self.count + 1
        self.line(f"br i1 {condition.name}, label %fail{number}, label %fine{number}")
        self.lines.append([f"fail{number}:"])
        self.line(f"store atomic i64 1, ptr {self.flag()} monotonic, align 8")
        self.line(f"br label %fine{number}")
        self.lines.append([f"fine{number}:"])
        self.label = f"fine{number}"

    def prefetch(self, statement: Prefetch) -> None:
        if self.module.checked:
            return
        _, address = self.address(statement.buffer, statement.index, self.lines)
        self.declare("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
        self.line(f"call void @llvm.prefetch.p0(ptr {address}, i32 {int(statement.writes)}, i32 3, i32 1)")

    def transpose(self, register: Register) -> None:
        """In log2(lanes) rounds, each of which exchanges blocks of twice the width between pairs of vectors."""
        lanes = self.lanes
        slots = [self.slot(register, (Index.of(row),)) for row in range(lanes)]
        type = Value("", ELEMENT[register.dtype.name], lanes).full
        rows = []
        for slot in slots:
            rows.append(self.name())
            self.line(f"{rows[-1]} = load {type}, ptr {slot}")
        step = 1
        while step < lanes:
            turned = list(rows)
            for number in range(lanes):
                if number & step:
                    continue
                low = [lane if not lane & step else lanes + (lane & ~step) for lane in range(lanes)]
                high = [lane | step if not lane & step else lanes + lane for lane in range(lanes)]
                for target, order in ((number, low), (number | step, high)):
                    turned[target] = self.name()
                    picks = ", ".join(f"i32 {place}" for place in order)
                    self.line(f"{turned[target]} = shufflevector {type} {rows[number]}, {type} {rows[number | step]}, "
                              f"<{lanes} x i32> <{picks}>")  # fmt: skip
            rows = turned
            step *= 2
        for row, slot in zip(rows, slots, strict=True):
            self.line(f"store {type} {row}, ptr {slot}")
        self.version += 1

    def store(self, statement: Store) -> None:
        values = [self.value(value) for _, _, value in statement.entries]
        for (buffer, index, _), value in zip(statement.entries, values, strict=True):
            self.store_one(buffer, index, value)
        self.version += 1

    def store_one(self, buffer: Buffer, index: Index, value: Value) -> None:
        kind, address = self.address(buffer, index, self.lines)
        size = buffer.dtype.size
        if buffer.dtype.is_bool:
            value = self.convert(value, "zext", "i8")
        elif value.type in HALF_TYPES - self.module.halves:
            value = self.step("bitcast", value, "i16", self.lines)
        if kind == "one":
            if value.lanes > 1:
                raise ValueError(f"{self.kernel.name}: a vector is stored at one place of {buffer}")
            self.line(f"store {value}, ptr {address}, align {size}")
            return
        value = self.splat(value) if value.lanes == 1 else value
        if kind == "gather":
            self.scatter(value, address, size)
        elif self.mask is None:
            self.line(f"store {value}, ptr {address}, align {size}")
        else:
            suffix = self.suffix(value)
            self.declare(f"declare void @llvm.masked.store.{suffix}.p0({value.full}, ptr, i32, {self.mask.full})")
            self.line(f"call void @llvm.masked.store.{suffix}.p0({value}, ptr {address}, i32 {size}, {self.mask})")

    def scatter(self, value: Value, addresses: str, size: int) -> None:
        suffix, pointers = self.suffix(value), f"<{self.lanes} x ptr>"
        mask = self.mask or self.all_lanes()
        name = f"@llvm.masked.scatter.{suffix}.v{self.lanes}p0"
        self.declare(f"declare void {name}({value.full}, {pointers}, i32, {mask.full})")
        self.line(f"call void {name}({value}, {pointers} {addresses}, i32 {size}, {mask})")
