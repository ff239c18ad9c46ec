"""Operations on values: arithmetic, comparisons, casts, one number in every lane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from weft.base import dtypes
from weft.engines.native.emit.halves import Halves
from weft.engines.native.emit.words import ELEMENT, HALF_TYPES, HALVES, SUFFIX, Value, is_number, splat_literal, zero

if TYPE_CHECKING:
    from weft.base.dtypes import DType

_FLOAT_COMPARE = {"less": "olt", "less_equal": "ole", "greater": "ogt", "greater_equal": "oge", "equal": "oeq",
                  "not_equal": "une"}  # fmt: skip
_INT_COMPARE = {"less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge"}
_BITS = {"and": "and", "or": "or", "xor": "xor"}
_INTRINSIC = {"sqrt": "sqrt", "floor": "floor", "ceil": "ceil", "round_even": "roundeven", "trunc": "trunc",
              "copysign": "copysign", "fma": "fma"}  # fmt: skip


class Arithmetic(Halves):
    """A function that is being written: how operations are spelled."""

    def apply(self, name: str, args: Sequence[Value], source: DType, target: DType, where: list[Any]) -> Value:
        """An operation on values of one width; `source` is the type of its (last) operand."""
        first, floats = args[0], source.is_floating
        result = Value(self.name(), first.type, first.lanes)
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
            self.line(f"{result.name} = xor {first}, {splat_literal(ones, first)}", where)
        elif name == "shift_left":
            self.line(f"{result.name} = shl {first.full} {names}", where)
        elif name == "shift_right":
            self.line(f"{result.name} = {'lshr' if source.is_unsigned else 'ashr'} {first.full} {names}", where)
        elif name == "select":
            result.type = args[1].type
            self.line(f"{result.name} = select {first}, {args[1]}, {args[2]}", where)
        elif name == "negative":
            how = f"fneg {first}" if floats else f"sub {first.full} {zero(first)}, {first.name}"
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
        elif name == "scale":
            return self.scale(args, where)
        elif name == "dot_pairs":
            return self.dot_pairs(args, where)
        elif name == "cast":
            return self.cast(first, source, target, where)
        elif name == "bitcast":
            result.type = ELEMENT[target.name]
            self.line(f"{result.name} = bitcast {first} to {result.full}", where)
        else:
            raise ValueError(f"{self.kernel.name}: no code for {name}")
        return result

    def scale(self, args: Sequence[Value], where: list[Any]) -> Value:
        """x * 2^n of float32 numbers, rounded once, for whole n; one that is alone goes in the first of four lanes."""
        first = args[0]
        wide = Value("", "float", max(first.lanes, 4))
        given = list(args)
        if first.lanes == 1:
            for place, value in enumerate(args):
                given[place] = Value(self.name(), "float", 4)
                self.line(f"{given[place].name} = insertelement {wide.full} zeroinitializer, {value}, i32 0", where)
        mask = f"i{max(wide.lanes, 8)}"
        widest = wide.lanes == 16  # that one is told how to round: as usual
        function = f"@llvm.x86.avx512.mask.scalef.ps.{32 * wide.lanes}"
        types = [wide.full, wide.full, wide.full, mask, *(["i32"] if widest else [])]
        self.declare(f"declare {wide.full} {function}({', '.join(types)})")
        more = [f"{wide.full} zeroinitializer", f"{mask} -1", *(["i32 4"] if widest else [])]
        wide.name = self.name()
        self.line(f"{wide.name} = call {wide.full} {function}({', '.join([*map(str, given), *more])})", where)
        if first.lanes > 1:
            return wide
        result = Value(self.name(), "float")
        self.line(f"{result.name} = extractelement {wide}, i32 0", where)
        return result

    def dot_pairs(self, args: Sequence[Value], where: list[Any]) -> Value:
        """Pairs of bfloat16, multiplied and added to a total in float32; or of int16, in int32."""
        total, lanes = args[2], args[0].lanes
        if total.type == "i32":
            return self.dot_integers(args, where)
        pairs = f"<{2 * lanes} x bfloat>"
        names = []
        for value in args[:2]:
            names.append(self.name())
            self.line(f"{names[-1]} = bitcast {value} to {pairs}", where)
        result = Value(self.name(), total.type, lanes)
        function = f"@llvm.x86.avx512bf16.dpbf16ps.{32 * lanes}"
        self.declare(f"declare {total.full} {function}({total.full}, {pairs}, {pairs})")
        given = f"{total}, {pairs} {names[0]}, {pairs} {names[1]}"
        self.line(f"{result.name} = call {total.full} {function}({given})", where)
        return result

    def dot_integers(self, args: Sequence[Value], where: list[Any]) -> Value:
        """The same of int16 in int32, which may go beyond its range and begins anew there, as sums one by one do."""
        first, second, total = args
        bits = 32 * total.lanes
        result = Value(self.name(), total.type, total.lanes)
        if self.module.dots == "vnni":
            function = f"@llvm.x86.avx512.vpdpwssd.{bits}"
            self.declare(f"declare {total.full} {function}({total.full}, {total.full}, {total.full})")
            self.line(f"{result.name} = call {total.full} {function}({total}, {first}, {second})", where)
            return result
        halves = f"<{2 * total.lanes} x i16>"
        names = []
        for value in (first, second):
            names.append(self.name())
            self.line(f"{names[-1]} = bitcast {value} to {halves}", where)
        function = "@llvm.x86." + {128: "sse2.pmadd.wd", 256: "avx2.pmadd.wd", 512: "avx512.pmaddw.d.512"}[bits]
        self.declare(f"declare {total.full} {function}({halves}, {halves})")
        both = self.name()
        self.line(f"{both} = call {total.full} {function}({halves} {names[0]}, {halves} {names[1]})", where)
        self.line(f"{result.name} = add {total}, {both}", where)
        return result

    def absolute(self, value: Value, source: DType, where: list[Any]) -> Value:
        if source.is_unsigned:
            return value
        result = Value(self.name(), value.type, value.lanes)
        extra = "" if source.is_floating else ", i1 0"
        function = f"@llvm.{'fabs' if source.is_floating else 'abs'}.{self.suffix(value)}"
        self.declare(f"declare {value.full} {function}({value.full}{', i1' if extra else ''})")
        self.line(f"{result.name} = call {value.full} {function}({value}{extra})", where)
        return result

    def extreme(self, name: str, args: Sequence[Value], source: DType, where: list[Any]) -> Value:
        """The greater or lesser; NaN where either is, at the price of one more instruction if both may be."""
        a, b = args
        test, chosen = self.name(), Value(self.name(), a.type, a.lanes)
        if not source.is_floating:
            word = {"maximum": "gt", "minimum": "lt"}[name]
            self.line(f"{test} = icmp {'u' if source.is_unsigned else 's'}{word} {a}, {b.name}", where)
            self.line(f"{chosen.name} = select {Value(test, 'i1', a.lanes)}, {a}, {b}", where)
            return chosen
        if is_number(b.name):  # a constant in front: `c > x ? c : x` is x where x is NaN, in one instruction
            a, b = b, a
        how = "ogt" if name == "maximum" else "olt"
        self.line(f"{test} = fcmp {how} {a}, {b.name}", where)
        self.line(f"{chosen.name} = select {Value(test, 'i1', a.lanes)}, {a}, {b}", where)
        if is_number(a.name):
            return chosen
        wrong, result = Value(self.name(), "i1", a.lanes), Value(self.name(), a.type, a.lanes)
        self.line(f"{wrong.name} = fcmp uno {a}, {a.name}", where)
        self.line(f"{result.name} = select {wrong}, {a}, {chosen}", where)
        return result

    def cast(self, value: Value, source: DType, target: DType, where: list[Any]) -> Value:
        """Another type: floats become integers by truncation, held at the ends of the range, NaN as 0."""
        if source is target:
            return value
        to = ELEMENT[target.name]
        # conversions of half precisions go through float32: LLVM calls a library for others, which is not there
        if source in HALVES and target is not dtypes.float32:
            return self.cast(self.convert(value, "fpext", "float", where), dtypes.float32, target, where)
        if target in HALVES and source is not dtypes.float32:
            narrow = self.to_odd(value, where) if source is dtypes.float64 else self.cast(
                value, source, dtypes.float32, where)  # fmt: skip
            return self.convert(narrow, "fptrunc", to, where)
        if target.is_bool:
            result = Value(self.name(), "i1", value.lanes)
            how = "fcmp une" if source.is_floating else "icmp ne"
            self.line(f"{result.name} = {how} {value}, {zero(value)}", where)
            return result
        if source.is_floating and target.is_floating:
            return self.convert(value, "fpext" if target.size > source.size else "fptrunc", to, where)
        if source.is_floating:
            result = Value(self.name(), to, value.lanes)
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

    def to_odd(self, value: Value, where: list[Any]) -> Value:
        """float64 as float32, inexact results with their last bit set: rounding those again rounds the number once."""
        f64, f32, i32 = dtypes.float64, dtypes.float32, dtypes.int32
        nearest = self.convert(value, "fptrunc", "float", where)
        back = self.convert(nearest, "fpext", "double", where)
        inexact, above = (Value(self.name(), "i1", value.lanes) for _ in range(2))
        self.line(f"{inexact.name} = fcmp one {back}, {value.name}", where)
        sizes = [self.absolute(v, f64, where) for v in (back, value)]
        self.line(f"{above.name} = fcmp ogt {sizes[0]}, {sizes[1].name}", where)
        bits = self.apply("bitcast", (nearest,), f32, i32, where)
        one = Value(splat_literal("1", Value("", "i32", value.lanes)), "i32", value.lanes)
        less = self.apply("subtract", (bits, one), i32, i32, where)
        below = self.apply("select", (above, less, bits), i32, i32, where)
        odd = self.apply("or", (below, one), i32, i32, where)
        chosen = self.apply("select", (inexact, odd, bits), i32, i32, where)
        return self.apply("bitcast", (chosen,), i32, f32, where)

    def convert(self, value: Value, word: str, to: str, where: list[Any] | None = None) -> Value:
        if word == "fpext" and value.type in HALF_TYPES - self.module.halves:
            return self.widened(value, where)
        if word == "fptrunc" and to in HALF_TYPES - self.module.halves:
            return self.narrowed(value, to, where)
        return self.step(word, value, to, where)

    def splat(self, value: Value) -> Value:
        """One number in every lane."""
        if is_number(value.name):
            return Value(splat_literal(value.name, Value("", value.type, self.lanes)), value.type, self.lanes)
        for scope in reversed(self.scopes):  # beside the number itself, so that it leaves the loop with it
            found = scope.memo.get(("splat", value.name))
            if found is not None:
                return found
        depth = self.home.get(value.name, len(self.scopes) - 1)
        result = self.scopes[depth].memo["splat", value.name] = self.spread(value, self.place(depth))
        return result

    def spread(self, value: Value, where: list[Any]) -> Value:
        one, result = self.name(), Value(self.name(), value.type, self.lanes)
        self.line(f"{one} = insertelement {result.full} poison, {value}, i32 0", where)
        self.line(f"{result.name} = shufflevector {result.full} {one}, {result.full} poison, "
                  f"<{self.lanes} x i32> zeroinitializer", where)  # fmt: skip
        return result

    def suffix(self, value: Value) -> str:
        one = SUFFIX.get(value.type, value.type)
        return one if value.lanes == 1 else f"v{value.lanes}{one}"

    def iota(self) -> str:
        return "<" + ", ".join(f"i64 {lane}" for lane in range(self.lanes)) + ">"

    def all_lanes(self) -> Value:
        return Value("splat (i1 true)", "i1", self.lanes)

    def any_lane(self, mask: Value, where: list[Any]) -> Value:
        result = Value(self.name(), "i1")
        self.declare(f"declare i1 @llvm.vector.reduce.or.v{mask.lanes}i1({mask.full})")
        self.line(f"{result.name} = call i1 @llvm.vector.reduce.or.v{mask.lanes}i1({mask})", where)
        return result
