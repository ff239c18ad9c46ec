"""Half precisions to float32 and back by whole numbers, for processors that have no instruction for it.

LLVM would call functions of a library there, which is in no process for certain. Rounding is to the nearest, ties to
even; float16's numbers below its least normal one are kept.
"""

from __future__ import annotations

from typing import Any

from weft.engines.native.emit.places import Places
from weft.engines.native.emit.words import Value, splat_literal

#: float16's numbers sit 112 higher in float32's exponent; its infinity, and its least normal number, as float32's bits
_APART, _OVERFLOW, _NORMAL = 112 << 23, 143 << 23, 113 << 23
_HALF = 126 << 23  # 0.5: its last place is float16's least number


class Halves(Places):
    """The part of a function's text that converts half precisions."""

    def widened(self, value: Value, where: list[Any] | None) -> Value:
        """A number of half precision as float32."""
        bits = self.step("zext", self._as(value, "i16", where), "i32", where)
        if value.type == "bfloat":
            return self._as(self._with("shl", bits, 16, where), "float", where)
        sign = self._with("shl", self._with("and", bits, 0x8000, where), 16, where)
        moved = self._with("shl", self._with("and", bits, 0x7FFF, where), 13, where)
        usual = self._with("add", moved, _APART, where)
        special = self._with("add", usual, _APART, where)  # infinities and NaNs: the greatest exponent
        # with the least normal exponent the places of a small number are those of a float, less that one's leading 1
        lifted = self._as(self._with("add", moved, _NORMAL, where), "float", where)
        least = self._as(Value(splat_literal(str(_NORMAL), moved), "i32", moved.lanes), "float", where)
        small = self._as(self._both("fsub", lifted, least, where), "i32", where)
        found = self._choice(self._is("uge", moved, 31 << 23, where), special, usual, where)
        found = self._choice(self._is("ult", moved, 1 << 23, where), small, found, where)
        return self._as(self._both("or", found, sign, where), "float", where)

    def narrowed(self, value: Value, to: str, where: list[Any] | None) -> Value:
        """A float32 in half precision."""
        bits = self._as(value, "i32", where)
        size = self._with("and", bits, 0x7FFFFFFF, where)
        nan = self._is("ugt", size, 255 << 23, where)
        if to == "bfloat":
            odd = self._with("and", self._with("lshr", bits, 16, where), 1, where)
            rounded = self._both("add", self._with("add", bits, 0x7FFF, where), odd, where)
            quiet = self._with("or", bits, 1 << 22, where)
            found = self._with("lshr", self._choice(nan, quiet, rounded, where), 16, where)
            return self._as(self.step("trunc", found, "i16", where), to, where)
        odd = self._with("and", self._with("lshr", size, 13, where), 1, where)
        moved = self._both("add", self._with("add", size, 0xFFF - _APART, where), odd, where)
        usual = self._with("lshr", moved, 13, where)
        half = self._as(Value(splat_literal(str(_HALF), size), "i32", size.lanes), "float", where)
        sum_ = self._as(self._both("fadd", self._as(size, "float", where), half, where), "i32", where)
        small = self._with("sub", sum_, _HALF, where)
        large = self._choice(nan, self._constant(0x7E00, size), self._constant(0x7C00, size), where)
        found = self._choice(self._is("ult", size, _NORMAL, where), small, usual, where)
        found = self._choice(self._is("uge", size, _OVERFLOW, where), large, found, where)
        sign = self._with("and", self._with("lshr", bits, 16, where), 0x8000, where)
        return self._as(self.step("trunc", self._both("or", found, sign, where), "i16", where), to, where)

    def _constant(self, number: int, like: Value) -> Value:
        return Value(splat_literal(str(number), like), like.type, like.lanes)

    def step(self, word: str, value: Value, to: str, where: list[Any] | None) -> Value:
        """A conversion as LLVM has it."""
        result = Value(self.name(), to, value.lanes)
        self.line(f"{result.name} = {word} {value} to {result.full}", where)
        return result

    def _as(self, value: Value, to: str, where: list[Any] | None) -> Value:
        return self.step("bitcast", value, to, where)

    def _both(self, word: str, first: Value, second: Value, where: list[Any] | None) -> Value:
        result = Value(self.name(), first.type, first.lanes)
        self.line(f"{result.name} = {word} {first}, {second.name}", where)
        return result

    def _with(self, word: str, value: Value, number: int, where: list[Any] | None) -> Value:
        return self._both(word, value, self._constant(number, value), where)

    def _is(self, how: str, value: Value, number: int, where: list[Any] | None) -> Value:
        result = Value(self.name(), "i1", value.lanes)
        self.line(f"{result.name} = icmp {how} {value}, {self._constant(number, value).name}", where)
        return result

    def _choice(self, condition: Value, first: Value, second: Value, where: list[Any] | None) -> Value:
        result = Value(self.name(), first.type, first.lanes)
        self.line(f"{result.name} = select {condition}, {first}, {second}", where)
        return result
