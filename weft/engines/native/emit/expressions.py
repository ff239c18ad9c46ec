"""Expressions: reads, reductions over lanes, operations and functions."""

from __future__ import annotations

from typing import Any

from weft.base import dtypes
from weft.engines.native import vectormath
from weft.engines.native.emit.addresses import Addresses
from weft.engines.native.emit.words import ELEMENT, HALF_TYPES, HALVES, Value, literal, zero
from weft.engines.native.loops import Across, At, Const, Expr, Get, Load, Op


class Expressions(Addresses):
    """A function that is being written: what its expressions become."""

    def compute(self, expr: Expr, where: list[Any]) -> Value:
        match expr:
            case Const():
                return Value(literal(expr.value, expr.dtype), ELEMENT[expr.dtype.name])
            case vectormath.Argument():
                return Value(f"%a{expr.number}", ELEMENT[expr.dtype.name], self.lanes if expr.vector else 1)
            case At():
                return self.index(expr.index, where)
            case Load():
                return self.load(expr, where)
            case Get():
                lanes = self.lanes if expr.register.vector else 1
                value = Value(self.name(), ELEMENT[expr.dtype.name], lanes)
                self.line(f"{value.name} = load {value.full}, ptr {self.slot(expr.register, expr.place)}")
                return value
            case Across():
                return self.across(expr, where)
            case Op():
                return self.operation(expr, where)
        raise TypeError(type(expr).__name__)

    def load(self, expr: Load, where: list[Any]) -> Value:
        guard = None if expr.guard is None else self.value(expr.guard)
        kind, address = self.address(expr.buffer, expr.index, where, guard)
        element = ELEMENT[expr.dtype.name]
        foreign = element in HALF_TYPES - self.module.halves
        type = "i8" if expr.buffer.dtype.is_bool else "i16" if foreign else element
        value = self.read(kind, address, type, expr.buffer.dtype.size, guard, where)
        if foreign:
            return self.step("bitcast", value, element, where)
        if expr.buffer.dtype.is_bool:
            test = Value(self.name(), "i1", value.lanes)
            self.line(f"{test.name} = icmp ne {value}, {zero(value)}", where)
            return test
        return value

    def read(
        self, kind: str, address: str, type: str, size: int, guard: Value | None, where: list[Any]
    ) -> Value:
        if kind == "one" and (guard is None or guard.lanes == 1):
            value = Value(self.name(), type)
            if guard is None:
                self.line(f"{value.name} = load {type}, ptr {address}, align {size}", where)
                return value
            safe, read = self.name(), self.name()
            self.line(f"{safe} = select i1 {guard.name}, ptr {address}, ptr %table", where)
            self.line(f"{read} = load {type}, ptr {safe}, align {size}", where)
            self.line(f"{value.name} = select i1 {guard.name}, {type} {read}, {type} {zero(value)}", where)
            return value
        mask = self.mask
        if guard is not None:
            guard = guard if guard.lanes > 1 else self.splat(guard)
            mask = guard if mask is None else self.apply("and", (guard, mask), dtypes.bool_, dtypes.bool_, where)
        value = Value(self.name(), type, self.lanes)
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
                address = self.spread(Value(address, "ptr"), where).name
            name = f"@llvm.masked.gather.{suffix}.v{self.lanes}p0"
            self.declare(f"declare {value.full} {name}({pointers}, i32, {mask.full}, {value.full})")
            self.line(f"{value.name} = call {value.full} {name}({pointers} {address}, i32 {size}, {mask}, "
                      f"{value.full} zeroinitializer)", where)  # fmt: skip
        return value

    def across(self, expr: Across, where: list[Any]) -> Value:
        value = self.value(expr.value)
        lanes = value.lanes
        if value.type == "i1" and expr.name == "or" and lanes > 1:
            return self.any_lane(value, where)
        while lanes > 1:
            half = lanes // 2
            parts = []
            for start in (0, half):
                part = Value(self.name(), value.type, half)
                parts.append(part)
                if half == 1:
                    self.line(f"{part.name} = extractelement {value}, i32 {start}", where)
                    continue
                order = ", ".join(f"i32 {start + i}" for i in range(half))
                self.line(f"{part.name} = shufflevector {value}, {value.full} poison, <{half} x i32> <{order}>", where)
            value = self.apply(expr.name, parts, expr.dtype, expr.dtype, where)
            lanes = half
        return value

    def operation(self, expr: Op, where: list[Any]) -> Value:
        if expr.name in vectormath.FUNCTIONS:
            return self.mathematical(expr, where)
        values = [self.value(argument) for argument in expr.args]
        if any(v.lanes > 1 for v in values):
            values = [v if v.lanes > 1 else self.splat(v) for v in values]
        source = expr.args[-1].dtype
        if source in HALVES and expr.name not in ("cast", "bitcast", "select"):
            values = [self.convert(v, "fpext", "float", where) for v in values]
            made = self.apply(expr.name, values, dtypes.float32, expr.dtype, where)
            return self.convert(made, "fptrunc", ELEMENT[expr.dtype.name], where) if expr.dtype in HALVES else made
        return self.apply(expr.name, values, source, expr.dtype, where)

    @property
    def scales(self) -> bool:
        """Whether vectors of this function and single numbers can be multiplied by powers of two at once."""
        return self.module.scales and self.lanes in (1, 4, 8, 16)

    def mathematical(self, expr: Op, where: list[Any]) -> Value:
        """One of `vectormath`'s functions: written out here, or called. Half precisions are computed in float32."""
        half = expr.dtype in HALVES
        dtype = dtypes.float32 if half else expr.dtype
        args = tuple(Op("cast", (a,), dtype) for a in expr.args) if half else expr.args
        if vectormath.FUNCTIONS[expr.name].inline and dtype is dtypes.float32:
            is_vector = self.is_vector(expr)
            _, result = vectormath.body(expr.name, args, dtype, self.module.fma, is_vector, self.scales)
            return self.value(Op("cast", (result,), expr.dtype) if half else result)
        values = [self.value(argument) for argument in args]
        if any(v.lanes > 1 for v in values):
            values = [v if v.lanes > 1 else self.splat(v) for v in values]
        function = self.module.function(expr.name, dtype, values[0].lanes, len(values))
        made = Value(self.name(), values[0].type, values[0].lanes)
        self.line(f"{made.name} = call {made.full} {function}({', '.join(map(str, values))})", where)
        return self.convert(made, "fptrunc", ELEMENT[expr.dtype.name], where) if half else made
