"""Indices as numbers, and where things lie: elements in buffers, words in the table, registers."""

from __future__ import annotations

from typing import Any

from weft.base import dims, dtypes
from weft.base.dims import Dim
from weft.engines.native.emit.arithmetic import Arithmetic
from weft.engines.native.emit.words import ELEMENT, Value
from weft.engines.native.image import HEADER, OUTSIDE
from weft.engines.native.index import LANE, Entry, Index, LoopVar, Quotient, Remainder
from weft.engines.native.loops import Buffer, Register


class Addresses(Arithmetic):
    """A function that is being written: where elements lie."""

    def index(self, index: Index, where: list[Any] | None = None) -> Value:
        """An index as a number: what does not depend on inner loops is added up outside of them."""
        index = self.resolve(index)
        if LANE in index.terms or any(self.is_vector_atom(atom) for atom in index.terms):
            return self.vector_index(index, self.lines if where is None else where)
        total = self.sum_of(Index(index.terms, 0))
        if isinstance(index.constant, int):
            if total is None:
                return Value(str(index.constant), "i64")
            return total if index.constant == 0 else self.join("add", total, Value(str(index.constant), "i64"))
        constant = self.size(index.constant)
        return constant if total is None else self.join("add", total, constant)

    def sum_of(self, index: Index) -> Value | None:
        parts = sorted((self.home_of_atom(atom), str(atom), atom) for atom in index.terms) if index.terms else []
        total: Value | None = None
        for _, _, atom in parts:
            coefficient = index.terms[atom]
            value = self.atom(atom)
            if not (isinstance(coefficient, int) and coefficient == 1):
                factor = self.size(coefficient) if isinstance(coefficient, Dim) else Value(str(coefficient), "i64")
                value = self.join("mul", value, factor)
            total = value if total is None else self.join("add", total, value)
        return total

    def join(self, word: str, a: Value, b: Value) -> Value:
        """A sum or product of two numbers, made once, as far out as both are known."""
        depth = max(self.home.get(a.name, 0), self.home.get(b.name, 0))
        memo = self.scopes[depth].memo
        key = (word, a.name, b.name)
        found = memo.get(key)
        if found is None:
            found = memo[key] = Value(self.name(), "i64")
            flags = " nsw" if word in ("add", "mul") else ""
            self.line(f"{found.name} = {word}{flags} i64 {a.name}, {b.name}", self.place(depth))
            self.home[found.name] = depth
        return found

    def home_of_atom(self, atom: Any) -> int:
        if isinstance(atom, LoopVar):
            return self.depth_of_variable[atom]
        return self.depth(self.facts(atom.index if isinstance(atom, Quotient) else atom.value))

    def atom(self, atom: Any) -> Value:
        if isinstance(atom, LoopVar):
            value = self.scopes[self.depth_of_variable[atom]].variables[atom]
            assert isinstance(value, Value)
            self.home.setdefault(value.name, self.depth_of_variable[atom])
            return value
        if isinstance(atom, Entry):
            return self.value(atom.value)
        inner = self.index(atom.index)
        divisor = self.size(atom.divisor) if isinstance(atom.divisor, Dim) else Value(str(atom.divisor), "i64")
        return self.join("urem" if isinstance(atom, Remainder) else "udiv", inner, divisor)

    def vector_index(self, index: Index, where: list[Any]) -> Value:
        """An index of its own for each lane."""
        flat = {a: c for a, c in index.terms.items() if a is not LANE and not self.is_vector_atom(a)}
        total = self.splat(self.index(Index(flat, index.constant)))
        for atom, coefficient in index.terms.items():
            if atom in flat:
                continue
            if atom is LANE:
                value = Value(self.iota(), "i64", self.lanes)
            elif isinstance(atom, Quotient):
                value = self.divided(atom, where)
            else:
                assert isinstance(atom, Entry)
                value = self.value(atom.value)
            if not (isinstance(coefficient, int) and coefficient == 1):
                factor = self.size(coefficient) if isinstance(coefficient, Dim) else Value(str(coefficient), "i64")
                value = self.apply("multiply", (value, self.splat(factor)), dtypes.int64, dtypes.int64, where)
            total = self.apply("add", (total, value), dtypes.int64, dtypes.int64, where)
        return total

    def divided(self, atom: Quotient, where: list[Any]) -> Value:
        inner = self.vector_index(self.resolve(atom.index), where)
        divisor = self.size(atom.divisor) if isinstance(atom.divisor, Dim) else Value(str(atom.divisor), "i64")
        name = "int_remainder" if isinstance(atom, Remainder) else "int_divide"
        return self.apply(name, (inner, self.splat(divisor)), dtypes.uint64, dtypes.int64, where)

    def address(
        self, buffer: Buffer, index: Index, where: list[Any], guard: Value | None = None
    ) -> tuple[str, str]:
        """Where an element lies: `one`, `vector` (neighbours) or `gather` (a pointer for each lane)."""
        index = self.resolve(index)
        element = "i8" if buffer.dtype.is_bool else ELEMENT[buffer.dtype.name]
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
        if self.given and isinstance(flat.constant, Dim):  # what does not change in a routine goes first
            fixed = sum((part for part in flat.constant.parts if isinstance(part, Dim)), 0)
            base = self.offset(base, element, self.size(fixed)) if isinstance(fixed, Dim) else base
            flat = Index(flat.terms, flat.constant - fixed)
        # the constant goes last, so that it becomes a displacement in the instruction
        moving = flat if isinstance(flat.constant, Dim) else Index(flat.terms, 0)
        offset = self.index(moving)
        pointer = base if offset.name == "0" else self.offset(base, element, offset)
        if isinstance(flat.constant, int) and flat.constant:
            pointer = self.offset(pointer, element, Value(str(flat.constant), "i64"))
        return ("vector" if step == 1 else "one"), pointer

    def checked_address(
        self, buffer: Buffer, base: str, element: str, index: Index, where: list[Any], guard: Value | None
    ) -> tuple[str, str]:
        """The same, with a harmless place instead of one that lies outside of the buffer."""
        size = self.size(buffer.size) if isinstance(buffer.size, Dim) else Value(str(buffer.size), "i64")
        places = self.index(index, where)
        if places.lanes > 1:
            size = self.splat(size)
        inside = Value(self.name(), "i1", places.lanes)
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
        code = self.join("add", Value(self.operand(buffer), "i64"), Value(str(OUTSIDE - HEADER), "i64")).name
        self.line(f"{number} = select i1 {bad.name}, i64 {code}, i64 0", where)
        flag = self.flag()
        self.line(f"{ignored} = atomicrmw umax ptr {flag}, i64 {number} monotonic", where)
        sink = self.pointers.get("sink")
        if sink is None:
            sink = self.pointers["sink"] = self.name()
            self.home[sink] = 0
            self.line(f"{sink} = alloca [64 x i8], align 64", self.entry)
            self.line(f"store [64 x i8] zeroinitializer, ptr {sink}", self.entry)
        raw, chosen = self.name(), Value(self.name(), "ptr", places.lanes)
        safe = self.splat(Value(sink, "ptr")).name if places.lanes > 1 else sink
        self.line(f"{raw} = getelementptr {element}, ptr {base}, {places}", where)
        self.line(f"{chosen.name} = select {inside}, {chosen.full} {raw}, {chosen.full} {safe}", where)
        self.home.setdefault(chosen.name, len(self.scopes) - 1)
        return ("gather" if places.lanes > 1 else "one"), chosen.name

    def offset(self, base: str, element: str, offset: Value) -> str:
        depth = max(self.home.get(base, 0), self.home.get(offset.name, 0))
        memo = self.scopes[depth].memo
        key = ("address", base, element, offset.name)
        found = memo.get(key)
        if found is None:
            found = memo[key] = Value(self.name(), "ptr")
            text = f"{found.name} = getelementptr inbounds {element}, ptr {base}, i64 {offset.name}"
            self.line(text, self.place(depth))
            self.home[found.name] = depth
        return found.name

    def flag(self) -> str:
        found = self.pointers.get("flag")
        if found is None:
            found = self.pointers["flag"] = self.word_at(0, "ptr")
        return found

    def pointer(self, buffer: Buffer) -> str:
        """The address of a buffer, read from the table when the kernel starts."""
        found = self.pointers.get(buffer)
        if found is None:
            found = self.pointers[buffer] = self.word(buffer, "ptr")
            if buffer.role == "thread":
                stride, skip, own = self.word_at(1, "i64"), self.name(), self.name()
                self.line(f"{skip} = mul i64 %thread, {stride}", self.entry)
                self.line(f"{own} = getelementptr i8, ptr {found}, i64 {skip}", self.entry)
                found = self.pointers[buffer] = own
        return found

    def size(self, size: Dim) -> Value:
        """A size that is known when the program runs, read from the table when the kernel starts."""
        found = self.pointers.get(size)
        if found is None:
            found = self.pointers[size] = self.computed(size) if self.given else self.word(size, "i64")
        return Value(found, "i64")

    def computed(self, size: Dim) -> str:
        """A sum of multiples of the sizes that a routine is given."""
        total = "0"
        for part in size.parts:
            if isinstance(part, Dim):
                name = next(name for given, name in self.given.items() if given.symbols() == part.symbols())
                times, product = dims.evaluate(part, dict.fromkeys(part.symbols(), 1)), self.name()
                self.line(f"{product} = mul nsw i64 {name}, {times}", self.entry)
            else:
                product = str(part)
            before, total = total, self.name()
            self.line(f"{total} = add nsw i64 {before}, {product}", self.entry)
        self.home[total] = 0
        return total

    def word(self, operand: Buffer | Dim, type: str) -> str:
        """What an operand's word in the table holds."""
        return self.word_at(self.operand(operand), type)

    def operand(self, operand: Buffer | Dim) -> str:
        """Which word of the table an operand is, read when the kernel starts."""
        found = self.operands.get(operand)
        if found is None:
            place, found = self.name(), self.name()
            self.line(f"{place} = getelementptr i64, ptr %operands, i64 {len(self.operands)}", self.entry)
            self.line(f"{found} = load i64, ptr {place}, align 8", self.entry)
            self.operands[operand] = found
            self.home[found] = 0
        return found

    def word_at(self, position: int | str, type: str) -> str:
        place, name = self.name(), self.name()
        self.home[name] = 0
        self.line(f"{place} = getelementptr i64, ptr %table, i64 {position}", self.entry)
        self.line(f"{name} = load {type}, ptr {place}, align 8", self.entry)
        return name

    def slot(self, register: Register, place: tuple[Index, ...]) -> str:
        numbers = tuple(self.constant(index) for index in place)
        key = register, numbers
        if key not in self.slots:
            name = self.slots[key] = f"%r{len(self.slots)}"
            type = Value("", ELEMENT[register.dtype.name], self.lanes if register.vector else 1).full
            self.line(f"{name} = alloca {type}", self.entry)
        return self.slots[key]

    def constant(self, index: Index) -> int:
        value = self.index(index)
        return int(value.name)
