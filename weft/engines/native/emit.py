"""Loop IR to LLVM IR, as text.

Every expression is computed once, as far out as it can be: at the place where the innermost of the variables that it
depends on is known. So that this place is still open when an inner loop asks for it, each loop keeps a list of lines
in front of itself. Registers are stack slots, which LLVM's SROA turns into registers. There is no fast-math: an
elementwise chain has the bits that its operations have one by one.

A kernel is a function of (table, chunk, thread, turn). The table is an array of 8-byte words: pointers to buffers, then
sizes that are known only when the program runs; `Layout` says which word is which.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim
from weft.engines.native import vectormath
from weft.engines.native.image import HEADER, OUTSIDE
from weft.engines.native.index import LANE, Entry, Index, LoopVar, Quotient, Remainder
from weft.engines.native.loops import (
    Across,
    At,
    Buffer,
    Const,
    Expr,
    Fail,
    For,
    Get,
    If,
    Kernel,
    Load,
    Masked,
    Op,
    Prefetch,
    Register,
    Set,
    Statement,
    Store,
    Transpose,
)  # fmt: skip

if TYPE_CHECKING:
    from weft.base.dtypes import DType

_ELEMENT = {
    "float16": "half", "bfloat16": "bfloat", "float32": "float", "float64": "double", "bool": "i1",
    "int8": "i8", "uint8": "i8", "int16": "i16", "uint16": "i16", "int32": "i32", "uint32": "i32",
    "int64": "i64", "uint64": "i64",
}  # fmt: skip
_SUFFIX = {"half": "f16", "bfloat": "bf16", "float": "f32", "double": "f64"}
_HALVES = (dtypes.float16, dtypes.bfloat16)
_FLOAT_COMPARE = {"less": "olt", "less_equal": "ole", "greater": "ogt", "greater_equal": "oge", "equal": "oeq",
                  "not_equal": "une"}  # fmt: skip
_INT_COMPARE = {"less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge"}
_BITS = {"and": "and", "or": "or", "xor": "xor"}
_INTRINSIC = {"sqrt": "sqrt", "floor": "floor", "ceil": "ceil", "round_even": "roundeven", "trunc": "trunc",
              "copysign": "copysign", "fma": "fma"}  # fmt: skip


class Layout:
    """Which word of the table holds what."""

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self.sizes: list[Dim] = []
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

    def in_slot(self, slot: int) -> Buffer:
        """The buffer of a word."""
        return next(buffer for buffer in self.buffers if buffer.slot == slot)

    def slot_of_size(self, size: Dim) -> int:
        """The word of a size that is laid out already."""
        return self._slots[size]

    def __len__(self) -> int:
        return len(self._slots)

    HEADER = HEADER


@dataclass(slots=True)
class _Value:
    """A value in LLVM: its name (or literal), the LLVM type of one element, and how many there are."""

    name: str
    type: str
    lanes: int = 1

    @property
    def full(self) -> str:
        """Its LLVM type."""
        return self.type if self.lanes == 1 else f"<{self.lanes} x {self.type}>"

    def __str__(self) -> str:
        return f"{self.full} {self.name}"


@dataclass(frozen=True, slots=True)
class _Facts:
    """What decides where an expression may stand.

    Attributes:
        variables: The loop variables that it depends on.
        changes: Whether two statements may see different values of it (registers, buffers that are written).
        stays: Whether it may not move out of a condition: it reads memory, or traps.
    """

    variables: frozenset[LoopVar]
    changes: bool = False
    stays: bool = False

    def joined(self, other: _Facts) -> _Facts:
        return _Facts(self.variables | other.variables, self.changes or other.changes, self.stays or other.stays)


class _Scope:
    """A stretch of code in which variables are known. `ahead` are the lines in front of it, where it is a block."""

    __slots__ = ("ahead", "barrier", "memo", "variables")

    def __init__(self, ahead: list[Any] | None, barrier: bool = False) -> None:
        self.ahead = ahead  # None for a straight continuation of the code around it (an unrolled turn)
        self.barrier = barrier  # loads may not move out of it: it runs under a condition or a mask
        self.memo: dict[Any, _Value] = {}
        self.variables: dict[LoopVar, _Value | int] = {}


class Emitter:
    """Writes the kernels of one module.

    Args:
        layout: Where the words of the table are; grows as kernels are added.
        checked: Whether every access is compared with its buffer's size: one outside sets the flag to `OUTSIDE` plus
            the buffer's slot and goes nowhere.
        fma: Whether the processor has a fused multiply-add.
    """

    OUTSIDE = OUTSIDE

    def __init__(self, layout: Layout, checked: bool = False, fma: bool = True) -> None:
        self.layout = layout
        self.checked = checked
        self.fma = fma
        self.functions: list[str] = []
        self.shared: set[str] = set()
        self.declarations: dict[str, None] = {}

    def module(self) -> str:
        """The text of all that was added."""
        return "\n\n".join(["\n".join(self.declarations), *self.functions])

    def add(self, kernel: Kernel) -> None:
        """Adds a kernel as a function of its name."""
        self.functions.append(_Function(self, kernel).text())

    def function(self, name: str, dtype: DType, lanes: int, count: int) -> str:
        """The name of one of `vectormath`'s functions for so many arguments, which is emitted when first asked for."""
        full = f"@{name}_{dtype.name}_{lanes}"
        if full not in self.shared:
            self.shared.add(full)
            kernel = Kernel(full[1:], LoopVar("chunk", 1), [], lanes)
            self.functions.append(_Function(self, kernel).function(name, dtype, count))
        return full


class _Function:
    def __init__(self, module: Emitter, kernel: Kernel) -> None:
        self.module = module
        self.kernel = kernel
        self.lanes = kernel.lanes
        self.count = 0
        self.entry: list[Any] = []  # slots for registers, pointers and sizes
        self.root: list[Any] = []
        self.lines = self.root
        self.label = "body"
        self.scopes: list[_Scope] = [_Scope(None)]
        self.mask: _Value | None = None
        self.slots: dict[tuple[Register, tuple[int, ...]], str] = {}
        self.pointers: dict[Any, str] = {}
        self.written: set[Buffer] = set()
        self.version = 0
        self.vectors: dict[Expr, bool] = {}
        self.known: dict[Expr | Index, _Facts] = {}
        self.home: dict[str, int] = {}  # how far in a value stands, by its name
        self.depth_of_variable: dict[LoopVar, int] = {kernel.chunk: 0}
        self.scopes[0].variables[kernel.chunk] = _Value("%chunk", "i64")
        if kernel.turn is not None:
            self.depth_of_variable[kernel.turn] = 0
            self.scopes[0].variables[kernel.turn] = _Value("%turn", "i64")

    # -- the whole ----------------------------------------------------------------------------------------------------

    def text(self) -> str:
        from weft.engines.native.loops import buffers

        self.written = set(buffers(self.kernel)[1])
        self.body(self.kernel.body)
        self.line("ret void")
        lines: list[str] = []
        _flatten(self.entry, lines)
        lines.append("  br label %body")
        lines.append("body:")
        _flatten(self.root, lines)
        arguments = "ptr noalias %table, i64 %chunk, i64 %thread, i64 %turn"
        head = f"define void @{self.kernel.name}({arguments}) nounwind #0 {{\nentry:"
        return "\n".join([head, *lines, "}"])

    def function(self, name: str, dtype: DType, count: int) -> str:
        """One of `vectormath`'s functions, of arguments of the kernel's width."""
        args = [vectormath.Argument(number, dtype, self.lanes > 1) for number in range(count)]
        statements, result = vectormath.body(name, args, dtype, self.module.fma, self.lanes > 1)
        self.body(statements)
        self.line(f"ret {self.value(result)}")
        lines: list[str] = []
        _flatten(self.entry, lines)
        lines.append("  br label %body")
        lines.append("body:")
        _flatten(self.root, lines)
        type = _Value("", _ELEMENT[dtype.name], self.lanes).full
        arguments = ", ".join(f"{type} %a{number}" for number in range(count))
        head = f"define internal {type} @{self.kernel.name}({arguments}) nounwind #0 {{\nentry:"
        return "\n".join([head, *lines, "}"])

    def line(self, text: str, where: list[Any] | None = None) -> None:
        (self.lines if where is None else where).append("  " + text)

    def name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def declare(self, text: str) -> None:
        self.module.declarations[text] = None

    # -- statements ---------------------------------------------------------------------------------------------------

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

    def enter(self, scope: _Scope, variable: LoopVar | None = None, value: _Value | int | None = None) -> None:
        self.scopes.append(scope)
        if variable is not None and value is not None:
            scope.variables[variable] = value
            self.depth_of_variable[variable] = len(self.scopes) - 1

    def leave(self) -> None:
        scope = self.scopes.pop()
        for variable in scope.variables:
            self.depth_of_variable.pop(variable, None)

    def unrolled(self, loop: For) -> None:
        start, stop = loop.start.number, loop.stop.number
        assert start is not None and stop is not None, f"{self.kernel.name}: bounds of {loop.var} are not known"
        for turn in range(start, stop, loop.step):
            self.enter(_Scope(None), loop.var, turn)
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
        self.enter(_Scope(ahead), loop.var, _Value(variable, "i64"))
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
            self.enter(_Scope(ahead, barrier=True))
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
            self.mask = _Value(f"<{bits}>", "i1", self.lanes)
        else:
            splat, test = self.splat(count), self.name()
            self.line(f"{test} = icmp slt <{self.lanes} x i64> {self.iota()}, {splat.name}")
            self.mask = _Value(test, "i1", self.lanes)
        self.enter(_Scope(None, barrier=True))
        self.version += 1
        self.body(statement.body)
        self.version += 1
        self.leave()
        self.mask = None

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
            value = _Value(new, value.type, value.lanes)
        self.line(f"store {value}, ptr {slot}")
        self.version += 1

    def slot(self, register: Register, place: tuple[Index, ...]) -> str:
        numbers = tuple(self.constant(index) for index in place)
        key = register, numbers
        if key not in self.slots:
            name = self.slots[key] = f"%r{len(self.slots)}"
            type = _Value("", _ELEMENT[register.dtype.name], self.lanes if register.vector else 1).full
            self.line(f"{name} = alloca {type}", self.entry)
        return self.slots[key]

    def constant(self, index: Index) -> int:
        value = self.index(index)
        return int(value.name)

    def fail(self, statement: Fail) -> None:
        condition = self.value(statement.condition)
        if condition.lanes > 1:
            if self.mask is not None:
                both = self.name()
                self.line(f"{both} = and {condition}, {self.mask.name}")
                condition = _Value(both, "i1", self.lanes)
            any_lane = self.name()
            self.declare(f"declare i1 @llvm.vector.reduce.or.v{self.lanes}i1(<{self.lanes} x i1>)")
            self.line(f"{any_lane} = call i1 @llvm.vector.reduce.or.v{self.lanes}i1({condition})")
            condition = _Value(any_lane, "i1")
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
        self.line(f"call void @llvm.prefetch.p0(ptr {address}, i32 0, i32 3, i32 1)")

    def transpose(self, register: Register) -> None:
        """In log2(lanes) rounds, each of which exchanges blocks of twice the width between pairs of vectors."""
        lanes = self.lanes
        slots = [self.slot(register, (Index.of(row),)) for row in range(lanes)]
        type = _Value("", _ELEMENT[register.dtype.name], lanes).full
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

    def flag(self) -> str:
        found = self.pointers.get("flag")
        if found is None:
            found = self.pointers["flag"] = self.word_at(0, "ptr")
        return found

    def store(self, statement: Store) -> None:
        values = [self.value(value) for _, _, value in statement.entries]
        for (buffer, index, _), value in zip(statement.entries, values, strict=True):
            self.store_one(buffer, index, value)
        self.version += 1

    def store_one(self, buffer: Buffer, index: Index, value: _Value) -> None:
        kind, address = self.address(buffer, index, self.lines)
        size = buffer.dtype.size
        if buffer.dtype.is_bool:
            value = self.convert(value, "zext", "i8")
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

    def scatter(self, value: _Value, addresses: str, size: int) -> None:
        suffix, pointers = self.suffix(value), f"<{self.lanes} x ptr>"
        mask = self.mask or self.all_lanes()
        name = f"@llvm.masked.scatter.{suffix}.v{self.lanes}p0"
        self.declare(f"declare void {name}({value.full}, {pointers}, i32, {mask.full})")
        self.line(f"call void {name}({value}, {pointers} {addresses}, i32 {size}, {mask})")

    def all_lanes(self) -> _Value:
        return _Value("splat (i1 true)", "i1", self.lanes)

    # -- where something is computed ----------------------------------------------------------------------------------

    def facts(self, expr: Expr | Index) -> _Facts:
        """What decides where an expression may stand."""
        found = self.known.get(expr)
        if found is None:
            found = self.known[expr] = self.find_facts(expr)
        return found

    def find_facts(self, expr: Expr | Index) -> _Facts:
        match expr:
            case Index():
                variables: set[LoopVar] = set()
                facts = _Facts(frozenset())
                for atom in expr.terms:
                    if isinstance(atom, LoopVar):
                        if atom is not LANE:
                            variables.add(atom)
                    else:
                        facts = facts.joined(self.facts(atom.index if isinstance(atom, Quotient) else atom.value))
                return facts.joined(_Facts(frozenset(variables)))
            case Const() | vectormath.Argument():
                return _Facts(frozenset())
            case At():
                return self.facts(expr.index)
            case Load():
                facts = self.facts(expr.index).joined(_Facts(frozenset(), expr.buffer in self.written, True))
                return facts if expr.guard is None else facts.joined(self.facts(expr.guard))
            case Get():
                return _Facts(frozenset(), True)
            case Across():
                return self.facts(expr.value)
            case Op():
                facts = _Facts(frozenset(), stays=expr.name in ("int_divide", "int_remainder"))
                for argument in expr.args:
                    facts = facts.joined(self.facts(argument))
                return facts
        raise TypeError(type(expr).__name__)

    def depth(self, facts: _Facts) -> int:
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

    def turns(self, facts: _Facts) -> tuple[int, ...]:
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

    def value(self, expr: Expr) -> _Value:
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

    def resolve(self, index: Index) -> Index:
        """An index with the unrolled variables replaced by their values."""
        values = {}
        for variable in self.facts(index).variables:
            value = self.scopes[self.depth_of_variable[variable]].variables[variable]
            if isinstance(value, int):
                values[variable] = Index.of(value)
        return index.substitute(values) if values else index

    # -- indices ------------------------------------------------------------------------------------------------------

    def index(self, index: Index, where: list[Any] | None = None) -> _Value:
        """An index as a number: what does not depend on inner loops is added up outside of them."""
        index = self.resolve(index)
        if LANE in index.terms or any(self.is_vector_atom(atom) for atom in index.terms):
            return self.vector_index(index, self.lines if where is None else where)
        total = self.sum_of(Index(index.terms, 0))
        if isinstance(index.constant, int):
            if total is None:
                return _Value(str(index.constant), "i64")
            return total if index.constant == 0 else self.join("add", total, _Value(str(index.constant), "i64"))
        constant = self.size(index.constant)
        return constant if total is None else self.join("add", total, constant)

    def sum_of(self, index: Index) -> _Value | None:
        parts = sorted((self.home_of_atom(atom), str(atom), atom) for atom in index.terms) if index.terms else []
        total: _Value | None = None
        for _, _, atom in parts:
            coefficient = index.terms[atom]
            value = self.atom(atom)
            if not (isinstance(coefficient, int) and coefficient == 1):
                factor = self.size(coefficient) if isinstance(coefficient, Dim) else _Value(str(coefficient), "i64")
                value = self.join("mul", value, factor)
            total = value if total is None else self.join("add", total, value)
        return total

    def join(self, word: str, a: _Value, b: _Value) -> _Value:
        """A sum or product of two numbers, made once, as far out as both are known."""
        depth = max(self.home.get(a.name, 0), self.home.get(b.name, 0))
        memo = self.scopes[depth].memo
        key = (word, a.name, b.name)
        found = memo.get(key)
        if found is None:
            found = memo[key] = _Value(self.name(), "i64")
            flags = " nsw" if word in ("add", "mul") else ""
            self.line(f"{found.name} = {word}{flags} i64 {a.name}, {b.name}", self.place(depth))
            self.home[found.name] = depth
        return found

    def home_of_atom(self, atom: Any) -> int:
        if isinstance(atom, LoopVar):
            return self.depth_of_variable[atom]
        return self.depth(self.facts(atom.index if isinstance(atom, Quotient) else atom.value))

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

    def atom(self, atom: Any) -> _Value:
        if isinstance(atom, LoopVar):
            value = self.scopes[self.depth_of_variable[atom]].variables[atom]
            assert isinstance(value, _Value)
            self.home.setdefault(value.name, self.depth_of_variable[atom])
            return value
        if isinstance(atom, Entry):
            return self.value(atom.value)
        inner = self.index(atom.index)
        divisor = self.size(atom.divisor) if isinstance(atom.divisor, Dim) else _Value(str(atom.divisor), "i64")
        return self.join("urem" if isinstance(atom, Remainder) else "udiv", inner, divisor)

    def vector_index(self, index: Index, where: list[Any]) -> _Value:
        """An index of its own for each lane."""
        flat = {a: c for a, c in index.terms.items() if a is not LANE and not self.is_vector_atom(a)}
        total = self.splat(self.index(Index(flat, index.constant)))
        for atom, coefficient in index.terms.items():
            if atom in flat:
                continue
            if atom is LANE:
                value = _Value(self.iota(), "i64", self.lanes)
            elif isinstance(atom, Quotient):
                value = self.divided(atom, where)
            else:
                assert isinstance(atom, Entry)
                value = self.value(atom.value)
            if not (isinstance(coefficient, int) and coefficient == 1):
                factor = self.size(coefficient) if isinstance(coefficient, Dim) else _Value(str(coefficient), "i64")
                value = self.apply("multiply", (value, self.splat(factor)), dtypes.int64, dtypes.int64, where)
            total = self.apply("add", (total, value), dtypes.int64, dtypes.int64, where)
        return total

    def divided(self, atom: Quotient, where: list[Any]) -> _Value:
        inner = self.vector_index(self.resolve(atom.index), where)
        divisor = self.size(atom.divisor) if isinstance(atom.divisor, Dim) else _Value(str(atom.divisor), "i64")
        name = "int_remainder" if isinstance(atom, Remainder) else "int_divide"
        return self.apply(name, (inner, self.splat(divisor)), dtypes.uint64, dtypes.int64, where)

    def address(
        self, buffer: Buffer, index: Index, where: list[Any], guard: _Value | None = None
    ) -> tuple[str, str]:
        """Where an element lies: `one`, `vector` (neighbours) or `gather` (a pointer for each lane)."""
        index = self.resolve(index)
        element = "i8" if buffer.dtype.is_bool else _ELEMENT[buffer.dtype.name]
        base = self.pointer(buffer)
        if self.module.checked:
            return self.checked_address(buffer, base, element, index, where, guard)
        step = index.terms.get(LANE, 0)
        if any(self.is_vector_atom(atom) for atom in index.terms) or step not in (0, 1):
            places = self.vector_index(index, where)
            name = self.name()
            self.line(f"{name} = getelementptr {element}, ptr {base}, {places}", where)
            return "gather", name
        flat = Index({atom: c for atom, c in index.terms.items() if atom is not LANE}, index.constant)
        # the constant goes last, so that it becomes a displacement in the instruction
        moving = flat if isinstance(flat.constant, Dim) else Index(flat.terms, 0)
        offset = self.index(moving)
        pointer = base if offset.name == "0" else self.offset(base, element, offset)
        if isinstance(flat.constant, int) and flat.constant:
            pointer = self.offset(pointer, element, _Value(str(flat.constant), "i64"))
        return ("vector" if step == 1 else "one"), pointer

    def checked_address(
        self, buffer: Buffer, base: str, element: str, index: Index, where: list[Any], guard: _Value | None
    ) -> tuple[str, str]:
        """The same, with a harmless place instead of one that lies outside of the buffer."""
        size = self.size(buffer.size) if isinstance(buffer.size, Dim) else _Value(str(buffer.size), "i64")
        places = self.index(index, where)
        if places.lanes > 1:
            size = self.splat(size)
        inside = _Value(self.name(), "i1", places.lanes)
        self.line(f"{inside.name} = icmp ult {places}, {size.name}", where)
        bad = self.apply("not", (inside,), dtypes.bool_, dtypes.bool_, where)
        for mask in (guard, self.mask if places.lanes > 1 else None):
            if mask is not None:
                if mask.lanes < bad.lanes:
                    mask = self.splat(mask)
                elif mask.lanes > bad.lanes:  # one place, which some lane may read
                    mask = self.any_lane(mask, where)
                bad = self.apply("and", (bad, mask), dtypes.bool_, dtypes.bool_, where)
        if bad.lanes > 1:
            bad = self.any_lane(bad, where)
        number, ignored = self.name(), self.name()
        code = Emitter.OUTSIDE + self.module.layout.buffer(buffer)
        self.line(f"{number} = select i1 {bad.name}, i64 {code}, i64 0", where)
        flag = self.flag()
        self.line(f"{ignored} = atomicrmw umax ptr {flag}, i64 {number} monotonic", where)
        sink = self.pointers.get("sink")
        if sink is None:
            sink = self.pointers["sink"] = self.name()
            self.home[sink] = 0
            self.line(f"{sink} = alloca [64 x i8], align 64", self.entry)
            self.line(f"store [64 x i8] zeroinitializer, ptr {sink}", self.entry)
        raw, chosen = self.name(), _Value(self.name(), "ptr", places.lanes)
        safe = self.splat(_Value(sink, "ptr")).name if places.lanes > 1 else sink
        self.line(f"{raw} = getelementptr {element}, ptr {base}, {places}", where)
        self.line(f"{chosen.name} = select {inside}, {chosen.full} {raw}, {chosen.full} {safe}", where)
        self.home.setdefault(chosen.name, len(self.scopes) - 1)
        return ("gather" if places.lanes > 1 else "one"), chosen.name

    def any_lane(self, mask: _Value, where: list[Any]) -> _Value:
        result = _Value(self.name(), "i1")
        self.declare(f"declare i1 @llvm.vector.reduce.or.v{mask.lanes}i1({mask.full})")
        self.line(f"{result.name} = call i1 @llvm.vector.reduce.or.v{mask.lanes}i1({mask})", where)
        return result

    def offset(self, base: str, element: str, offset: _Value) -> str:
        depth = max(self.home.get(base, 0), self.home.get(offset.name, 0))
        memo = self.scopes[depth].memo
        key = ("address", base, element, offset.name)
        found = memo.get(key)
        if found is None:
            found = memo[key] = _Value(self.name(), "ptr")
            text = f"{found.name} = getelementptr inbounds {element}, ptr {base}, i64 {offset.name}"
            self.line(text, self.place(depth))
            self.home[found.name] = depth
        return found.name

    def pointer(self, buffer: Buffer) -> str:
        """The address of a buffer, read from the table when the kernel starts."""
        found = self.pointers.get(buffer)
        if found is None:
            found = self.pointers[buffer] = self.word(self.module.layout.buffer(buffer), "ptr")
            if buffer.role == "thread":
                stride, skip, own = self.word_at(1, "i64"), self.name(), self.name()
                self.line(f"{skip} = mul i64 %thread, {stride}", self.entry)
                self.line(f"{own} = getelementptr i8, ptr {found}, i64 {skip}", self.entry)
                found = self.pointers[buffer] = own
        return found

    def size(self, size: Dim) -> _Value:
        """A size that is known when the program runs, read from the table when the kernel starts."""
        found = self.pointers.get(size)
        if found is None:
            found = self.pointers[size] = self.word(self.module.layout.size(size), "i64")
        return _Value(found, "i64")

    def word(self, slot: int, type: str) -> str:
        return self.word_at(Layout.HEADER + slot, type)

    def word_at(self, position: int, type: str) -> str:
        place, name = self.name(), self.name()
        self.home[name] = 0
        self.line(f"{place} = getelementptr i64, ptr %table, i64 {position}", self.entry)
        self.line(f"{name} = load {type}, ptr {place}, align 8", self.entry)
        return name

    # -- expressions --------------------------------------------------------------------------------------------------

    def compute(self, expr: Expr, where: list[Any]) -> _Value:
        match expr:
            case Const():
                return _Value(_literal(expr.value, expr.dtype), _ELEMENT[expr.dtype.name])
            case vectormath.Argument():
                return _Value(f"%a{expr.number}", _ELEMENT[expr.dtype.name], self.lanes if expr.vector else 1)
            case At():
                return self.index(expr.index, where)
            case Load():
                return self.load(expr, where)
            case Get():
                lanes = self.lanes if expr.register.vector else 1
                value = _Value(self.name(), _ELEMENT[expr.dtype.name], lanes)
                self.line(f"{value.name} = load {value.full}, ptr {self.slot(expr.register, expr.place)}")
                return value
            case Across():
                return self.across(expr, where)
            case Op():
                return self.operation(expr, where)
        raise TypeError(type(expr).__name__)

    def load(self, expr: Load, where: list[Any]) -> _Value:
        guard = None if expr.guard is None else self.value(expr.guard)
        kind, address = self.address(expr.buffer, expr.index, where, guard)
        type = "i8" if expr.buffer.dtype.is_bool else _ELEMENT[expr.dtype.name]
        value = self.read(kind, address, type, expr.buffer.dtype.size, guard, where)
        if expr.buffer.dtype.is_bool:
            test = _Value(self.name(), "i1", value.lanes)
            self.line(f"{test.name} = icmp ne {value}, {_zero(value)}", where)
            return test
        return value

    def read(
        self, kind: str, address: str, type: str, size: int, guard: _Value | None, where: list[Any]
    ) -> _Value:
        if kind == "one" and (guard is None or guard.lanes == 1):
            value = _Value(self.name(), type)
            if guard is None:
                self.line(f"{value.name} = load {type}, ptr {address}, align {size}", where)
                return value
            safe, read = self.name(), self.name()
            self.line(f"{safe} = select i1 {guard.name}, ptr {address}, ptr %table", where)
            self.line(f"{read} = load {type}, ptr {safe}, align {size}", where)
            self.line(f"{value.name} = select i1 {guard.name}, {type} {read}, {type} {_zero(value)}", where)
            return value
        mask = self.mask
        if guard is not None:
            guard = guard if guard.lanes > 1 else self.splat(guard)
            mask = guard if mask is None else self.apply("and", (guard, mask), dtypes.bool_, dtypes.bool_, where)
        value = _Value(self.name(), type, self.lanes)
        suffix = self.suffix(value)
        if kind == "vector" and mask is None:
            self.line(f"{value.name} = load {value.full}, ptr {address}, align {size}", where)
        elif kind == "vector":
            assert mask is not None
            name = f"@llvm.masked.load.{suffix}.p0"
            self.declare(f"declare {value.full} {name}(ptr, i32, {mask.full}, {value.full})")
            self.line(f"{value.name} = call {value.full} {name}(ptr {address}, i32 {size}, {mask}, "
                      f"{value.full} zeroinitializer)", where)  # fmt: skip
        else:
            pointers, mask = f"<{self.lanes} x ptr>", mask or self.all_lanes()
            if kind == "one":  # one place for all lanes, some of which may not read it
                address = self.spread(_Value(address, "ptr"), where).name
            name = f"@llvm.masked.gather.{suffix}.v{self.lanes}p0"
            self.declare(f"declare {value.full} {name}({pointers}, i32, {mask.full}, {value.full})")
            self.line(f"{value.name} = call {value.full} {name}({pointers} {address}, i32 {size}, {mask}, "
                      f"{value.full} zeroinitializer)", where)  # fmt: skip
        return value

    def across(self, expr: Across, where: list[Any]) -> _Value:
        value = self.value(expr.value)
        lanes = value.lanes
        if value.type == "i1" and expr.name == "or" and lanes > 1:
            return self.any_lane(value, where)
        while lanes > 1:
            half = lanes // 2
            parts = []
            for start in (0, half):
                part = _Value(self.name(), value.type, half)
                parts.append(part)
                if half == 1:
                    self.line(f"{part.name} = extractelement {value}, i32 {start}", where)
                    continue
                order = ", ".join(f"i32 {start + i}" for i in range(half))
                self.line(f"{part.name} = shufflevector {value}, {value.full} poison, <{half} x i32> <{order}>", where)
            value = self.apply(expr.name, parts, expr.dtype, expr.dtype, where)
            lanes = half
        return value

    def operation(self, expr: Op, where: list[Any]) -> _Value:
        if expr.name in vectormath.FUNCTIONS:
            return self.mathematical(expr, where)
        values = [self.value(argument) for argument in expr.args]
        if any(v.lanes > 1 for v in values):
            values = [v if v.lanes > 1 else self.splat(v) for v in values]
        source = expr.args[-1].dtype
        if source in _HALVES and expr.name not in ("cast", "bitcast", "select"):
            values = [self.convert(v, "fpext", "float", where) for v in values]
            made = self.apply(expr.name, values, dtypes.float32, expr.dtype, where)
            return self.convert(made, "fptrunc", _ELEMENT[expr.dtype.name], where) if expr.dtype in _HALVES else made
        return self.apply(expr.name, values, source, expr.dtype, where)

    def mathematical(self, expr: Op, where: list[Any]) -> _Value:
        """One of `vectormath`'s functions: written out here, or called. Half precisions are computed in float32."""
        half = expr.dtype in _HALVES
        dtype = dtypes.float32 if half else expr.dtype
        args = tuple(Op("cast", (a,), dtype) for a in expr.args) if half else expr.args
        if vectormath.FUNCTIONS[expr.name].inline and dtype is dtypes.float32:
            _, result = vectormath.body(expr.name, args, dtype, self.module.fma, self.is_vector(expr))
            return self.value(Op("cast", (result,), expr.dtype) if half else result)
        values = [self.value(argument) for argument in args]
        if any(v.lanes > 1 for v in values):
            values = [v if v.lanes > 1 else self.splat(v) for v in values]
        function = self.module.function(expr.name, dtype, values[0].lanes, len(values))
        made = _Value(self.name(), values[0].type, values[0].lanes)
        self.line(f"{made.name} = call {made.full} {function}({', '.join(map(str, values))})", where)
        return self.convert(made, "fptrunc", _ELEMENT[expr.dtype.name], where) if half else made

    def apply(self, name: str, args: Sequence[_Value], source: DType, target: DType, where: list[Any]) -> _Value:
        """An operation on values of one width; `source` is the type of its (last) operand."""
        first, floats = args[0], source.is_floating
        result = _Value(self.name(), first.type, first.lanes)
        names = ", ".join(value.name for value in args)
        if name in ("add", "subtract", "multiply"):
            word = {"add": "add", "subtract": "sub", "multiply": "mul"}[name]
            self.line(f"{result.name} = {'f' if floats else ''}{word} {first.full} {names}", where)
        elif name == "divide":
            self.line(f"{result.name} = fdiv {first.full} {names}", where)
        elif name in ("int_divide", "int_remainder"):
            sign = "u" if source.is_unsigned else "s"
            word = "div" if name == "int_divide" else "rem"
            self.line(f"{result.name} = {sign}{word} {first.full} {names}", where)
        elif name in _FLOAT_COMPARE:
            result.type = "i1"
            if floats:
                how = f"fcmp {_FLOAT_COMPARE[name]}"
            else:
                sign = "u" if source.is_unsigned or source.is_bool else "s"
                how = "icmp " + ({"equal": "eq", "not_equal": "ne"}.get(name) or sign + _INT_COMPARE[name])
            self.line(f"{result.name} = {how} {first.full} {names}", where)
        elif name in _BITS:
            self.line(f"{result.name} = {_BITS[name]} {first.full} {names}", where)
        elif name == "not":
            ones = "true" if first.type == "i1" else "-1"
            self.line(f"{result.name} = xor {first}, {_splat_literal(ones, first)}", where)
        elif name == "shift_left":
            self.line(f"{result.name} = shl {first.full} {names}", where)
        elif name == "shift_right":
            self.line(f"{result.name} = {'lshr' if source.is_unsigned else 'ashr'} {first.full} {names}", where)
        elif name == "select":
            result.type = args[1].type
            self.line(f"{result.name} = select {first}, {args[1]}, {args[2]}", where)
        elif name == "negative":
            how = f"fneg {first}" if floats else f"sub {first.full} {_zero(first)}, {first.name}"
            self.line(f"{result.name} = {how}", where)
        elif name == "abs":
            return self.absolute(first, source, where)
        elif name == "is_nan":
            result.type = "i1"
            self.line(f"{result.name} = fcmp uno {first}, {first.name}", where)
        elif name in ("maximum", "minimum"):
            return self.extreme(name, args, source, where)
        elif name in _INTRINSIC:
            function = f"@llvm.{_INTRINSIC[name]}.{self.suffix(first)}"
            self.declare(f"declare {first.full} {function}({', '.join(v.full for v in args)})")
            self.line(f"{result.name} = call {first.full} {function}({', '.join(map(str, args))})", where)
        elif name == "cast":
            return self.cast(first, source, target, where)
        elif name == "bitcast":
            result.type = _ELEMENT[target.name]
            self.line(f"{result.name} = bitcast {first} to {result.full}", where)
        else:
            raise ValueError(f"{self.kernel.name}: no code for {name}")
        return result

    def absolute(self, value: _Value, source: DType, where: list[Any]) -> _Value:
        if source.is_unsigned:
            return value
        result = _Value(self.name(), value.type, value.lanes)
        extra = "" if source.is_floating else ", i1 0"
        function = f"@llvm.{'fabs' if source.is_floating else 'abs'}.{self.suffix(value)}"
        self.declare(f"declare {value.full} {function}({value.full}{', i1' if extra else ''})")
        self.line(f"{result.name} = call {value.full} {function}({value}{extra})", where)
        return result

    def extreme(self, name: str, args: Sequence[_Value], source: DType, where: list[Any]) -> _Value:
        """The greater or lesser; NaN where either is, at the price of one more instruction if both may be."""
        a, b = args
        test, chosen = self.name(), _Value(self.name(), a.type, a.lanes)
        if not source.is_floating:
            word = {"maximum": "gt", "minimum": "lt"}[name]
            self.line(f"{test} = icmp {'u' if source.is_unsigned else 's'}{word} {a}, {b.name}", where)
            self.line(f"{chosen.name} = select {_Value(test, 'i1', a.lanes)}, {a}, {b}", where)
            return chosen
        if _is_number(b.name):  # a constant in front: `c > x ? c : x` is x where x is NaN, in one instruction
            a, b = b, a
        how = "ogt" if name == "maximum" else "olt"
        self.line(f"{test} = fcmp {how} {a}, {b.name}", where)
        self.line(f"{chosen.name} = select {_Value(test, 'i1', a.lanes)}, {a}, {b}", where)
        if _is_number(a.name):
            return chosen
        wrong, result = _Value(self.name(), "i1", a.lanes), _Value(self.name(), a.type, a.lanes)
        self.line(f"{wrong.name} = fcmp uno {a}, {a.name}", where)
        self.line(f"{result.name} = select {wrong}, {a}, {chosen}", where)
        return result

    def cast(self, value: _Value, source: DType, target: DType, where: list[Any]) -> _Value:
        """Another type: floats become integers by truncation, held at the ends of the range, NaN as 0."""
        if source is target:
            return value
        to = _ELEMENT[target.name]
        # conversions of half precisions go through float32: LLVM calls a library for others, which is not there
        if source in _HALVES and target is not dtypes.float32:
            return self.cast(self.convert(value, "fpext", "float", where), dtypes.float32, target, where)
        if target in _HALVES and source is not dtypes.float32:
            narrow = self.to_odd(value, where) if source is dtypes.float64 else self.cast(
                value, source, dtypes.float32, where)  # fmt: skip
            return self.convert(narrow, "fptrunc", to, where)
        if target.is_bool:
            result = _Value(self.name(), "i1", value.lanes)
            how = "fcmp une" if source.is_floating else "icmp ne"
            self.line(f"{result.name} = {how} {value}, {_zero(value)}", where)
            return result
        if source.is_floating and target.is_floating:
            return self.convert(value, "fpext" if target.size > source.size else "fptrunc", to, where)
        if source.is_floating:
            result = _Value(self.name(), to, value.lanes)
            function = f"@llvm.fpto{'u' if target.is_unsigned else 's'}i.sat.{self.suffix(result)}.{self.suffix(value)}"
            self.declare(f"declare {result.full} {function}({value.full})")
            self.line(f"{result.name} = call {result.full} {function}({value})", where)
            return result
        if target.is_floating:
            word = "uitofp" if source.is_unsigned or source.is_bool else "sitofp"
            return self.convert(value, word, to, where)
        if source.is_bool or target.size > source.size:
            return self.convert(value, "zext" if source.is_unsigned or source.is_bool else "sext", to, where)
        return value if target.size == source.size else self.convert(value, "trunc", to, where)

    def to_odd(self, value: _Value, where: list[Any]) -> _Value:
        """float64 as float32, inexact results with their last bit set: rounding those again rounds the number once."""
        f64, f32, i32 = dtypes.float64, dtypes.float32, dtypes.int32
        nearest = self.convert(value, "fptrunc", "float", where)
        back = self.convert(nearest, "fpext", "double", where)
        inexact, above = (_Value(self.name(), "i1", value.lanes) for _ in range(2))
        self.line(f"{inexact.name} = fcmp one {back}, {value.name}", where)
        sizes = [self.absolute(v, f64, where) for v in (back, value)]
        self.line(f"{above.name} = fcmp ogt {sizes[0]}, {sizes[1].name}", where)
        bits = self.apply("bitcast", (nearest,), f32, i32, where)
        one = _Value(_splat_literal("1", _Value("", "i32", value.lanes)), "i32", value.lanes)
        less = self.apply("subtract", (bits, one), i32, i32, where)
        below = self.apply("select", (above, less, bits), i32, i32, where)
        odd = self.apply("or", (below, one), i32, i32, where)
        chosen = self.apply("select", (inexact, odd, bits), i32, i32, where)
        return self.apply("bitcast", (chosen,), i32, f32, where)

    def convert(self, value: _Value, word: str, to: str, where: list[Any] | None = None) -> _Value:
        result = _Value(self.name(), to, value.lanes)
        self.line(f"{result.name} = {word} {value} to {result.full}", where)
        return result

    def splat(self, value: _Value) -> _Value:
        """One number in every lane."""
        if _is_number(value.name):
            return _Value(_splat_literal(value.name, _Value("", value.type, self.lanes)), value.type, self.lanes)
        for scope in reversed(self.scopes):  # beside the number itself, so that it leaves the loop with it
            found = scope.memo.get(("splat", value.name))
            if found is not None:
                return found
        depth = self.home.get(value.name, len(self.scopes) - 1)
        result = self.scopes[depth].memo["splat", value.name] = self.spread(value, self.place(depth))
        return result

    def spread(self, value: _Value, where: list[Any]) -> _Value:
        one, result = self.name(), _Value(self.name(), value.type, self.lanes)
        self.line(f"{one} = insertelement {result.full} poison, {value}, i32 0", where)
        self.line(f"{result.name} = shufflevector {result.full} {one}, {result.full} poison, "
                  f"<{self.lanes} x i32> zeroinitializer", where)  # fmt: skip
        return result

    def suffix(self, value: _Value) -> str:
        one = _SUFFIX.get(value.type, value.type)
        return one if value.lanes == 1 else f"v{value.lanes}{one}"

    def iota(self) -> str:
        return "<" + ", ".join(f"i64 {lane}" for lane in range(self.lanes)) + ">"


def _flatten(lines: Sequence[Any], found: list[str]) -> None:
    for line in lines:
        if isinstance(line, str):
            found.append(line)
        else:
            _flatten(line, found)


def _is_number(name: str) -> bool:
    return not name.startswith("%")


def _zero(value: _Value) -> str:
    if value.lanes > 1:
        return "zeroinitializer"
    return "0.0" if value.type in _SUFFIX else "0"


def _splat_literal(literal: str, like: _Value) -> str:
    return literal if like.lanes == 1 else f"splat ({like.type} {literal})"


def _literal(value: Any, dtype: DType) -> str:
    """A number as LLVM writes it: floats by their bits, so that nothing is lost."""
    if dtype.is_bool:
        return "true" if value else "false"
    if not dtype.is_floating:
        bits = dtype.size * 8
        return str((int(value) + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1)))
    if dtype is dtypes.float64:
        return f"0x{struct.unpack('<Q', struct.pack('<d', float(value)))[0]:016X}"
    narrow = np.asarray(value, dtype.numpy)
    if dtype is dtypes.float16:
        return f"0xH{int(narrow.view(np.uint16)):04X}"
    if dtype is dtypes.bfloat16:
        return f"0xR{int(narrow.view(np.uint16)):04X}"
    with np.errstate(invalid="ignore"):
        wide = np.float64(narrow)
    return f"0x{int(wide.view(np.uint64)):016X}"
