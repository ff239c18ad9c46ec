"""What formulas are written with: numbers with operators, over the expressions of the loop IR.

Only operations that every processor has are used: no rounding instructions (a large number added and taken away
rounds as well), no conversions between 64-bit integers and floats (bits moved into a mantissa do), and where there is
no fused multiply-add, a product and a sum. Every lane has the bits that it would have alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.engines.native.loops import Across, Const, Expr, Get, If, Op, Register, Set, Statement

Numeric: TypeAlias = "X | float | int"
_UNSIGNED = {4: dtypes.uint32, 8: dtypes.uint64}
_SIGNED = {4: dtypes.int32, 8: dtypes.int64}


class Argument(Expr):
    """A parameter of a function that is emitted once for its callers."""

    __slots__ = ("number", "vector")

    def __init__(self, number: int, dtype: DType, vector: bool) -> None:
        self.number = number
        self.dtype = dtype
        self.vector = vector


class X:
    """A number: an expression with operators. The other operand may be a plain number, of the same type then."""

    __slots__ = ("e",)

    def __init__(self, e: Expr) -> None:
        self.e = e

    @property
    def dtype(self) -> DType:
        return self.e.dtype

    def lift(self, other: Numeric) -> X:
        return other if isinstance(other, X) else X(Const(other, self.e.dtype))

    def _op(self, name: str, other: Numeric, dtype: DType | None = None) -> X:
        return X(Op(name, (self.e, self.lift(other).e), dtype or self.e.dtype))

    def __add__(self, other: Numeric) -> X:
        return self._op("add", other)

    def __sub__(self, other: Numeric) -> X:
        return self._op("subtract", other)

    def __mul__(self, other: Numeric) -> X:
        return self._op("multiply", other)

    def __truediv__(self, other: Numeric) -> X:
        return self._op("divide", other)

    def __radd__(self, other: Numeric) -> X:
        return self.lift(other) + self

    def __rsub__(self, other: Numeric) -> X:
        return self.lift(other) - self

    def __rmul__(self, other: Numeric) -> X:
        return self.lift(other) * self

    def __rtruediv__(self, other: Numeric) -> X:
        return self.lift(other) / self

    def __neg__(self) -> X:
        return X(Op("negative", (self.e,), self.e.dtype))

    def __and__(self, other: Numeric) -> X:
        return self._op("and", other)

    def __or__(self, other: Numeric) -> X:
        return self._op("or", other)

    def __xor__(self, other: Numeric) -> X:
        return self._op("xor", other)

    def __lshift__(self, other: Numeric) -> X:
        return self._op("shift_left", other)

    def __rshift__(self, other: Numeric) -> X:
        return self._op("shift_right", other)

    def __invert__(self) -> X:
        return X(Op("not", (self.e,), self.e.dtype))

    def __lt__(self, other: Numeric) -> X:
        return self._op("less", other, dtypes.bool_)

    def __le__(self, other: Numeric) -> X:
        return self._op("less_equal", other, dtypes.bool_)

    def __gt__(self, other: Numeric) -> X:
        return self._op("greater", other, dtypes.bool_)

    def __ge__(self, other: Numeric) -> X:
        return self._op("greater_equal", other, dtypes.bool_)

    def equals(self, other: Numeric) -> X:
        return self._op("equal", other, dtypes.bool_)

    def differs(self, other: Numeric) -> X:
        return self._op("not_equal", other, dtypes.bool_)

    def is_nan(self) -> X:
        return X(Op("is_nan", (self.e,), dtypes.bool_))

    def abs(self) -> X:
        return X(Op("abs", (self.e,), self.e.dtype))

    def sqrt(self) -> X:
        return X(Op("sqrt", (self.e,), self.e.dtype))

    def signed_as(self, other: X) -> X:
        """This size with another number's sign."""
        return X(Op("copysign", (self.e, other.e), self.e.dtype))

    def to(self, dtype: DType) -> X:
        return self if self.dtype is dtype else X(Op("cast", (self.e,), dtype))

    def as_bits(self, signed: bool = True) -> X:
        """A float's bits as an integer."""
        return self.viewed((_SIGNED if signed else _UNSIGNED)[self.dtype.size])

    def viewed(self, dtype: DType) -> X:
        return self if self.dtype is dtype else X(Op("bitcast", (self.e,), dtype))

    def at_least(self, bound: float) -> X:
        """The number, or a bound that is greater; NaN stays."""
        return pick(self < bound, self.lift(bound), self)

    def at_most(self, bound: float) -> X:
        """The number, or a bound that is less; NaN stays."""
        return pick(self > bound, self.lift(bound), self)


def pick(condition: X, yes: Numeric, no: Numeric) -> X:
    """One or the other, in each lane."""
    like = yes if isinstance(yes, X) else no
    assert isinstance(like, X)
    yes, no = like.lift(yes), like.lift(no)
    return X(Op("select", (condition.e, yes.e, no.e), yes.dtype))


@dataclass(frozen=True)
class Format:
    """The numbers of a floating type."""

    real: DType
    signed: DType
    unsigned: DType
    mantissa: int
    bias: int
    magic: float  # added and taken away, rounds to a whole number


FORMATS = {
    dtypes.float32: Format(dtypes.float32, dtypes.int32, dtypes.uint32, 23, 127, 1.5 * 2.0**23),
    dtypes.float64: Format(dtypes.float64, dtypes.int64, dtypes.uint64, 52, 1023, 1.5 * 2.0**52),
}


class Math:
    """What a formula is told about where it goes.

    Args:
        dtype: The type that it computes in.
        fma: Whether the processor has a fused multiply-add.
        vector: Whether its numbers are vectors.
        scales: Whether it has a product with a power of two, in float32.
    """

    def __init__(self, dtype: DType, fma: bool, vector: bool, scales: bool = False) -> None:
        self.dtype = dtype
        self.fused = fma
        self.vector = vector
        self.scales = scales and dtype is dtypes.float32
        self.format = FORMATS[dtype]
        self.statements: list[Statement] = []

    @property
    def narrow(self) -> bool:
        """Whether this is float32."""
        return self.dtype is dtypes.float32

    def within(self, dtype: DType) -> Math:
        """The same place, computing in another type."""
        other = Math(dtype, self.fused, self.vector, self.scales)
        other.statements = self.statements
        return other

    def number(self, value: float) -> X:
        return X(Const(value, self.dtype))

    def fma(self, a: X, b: Numeric, c: Numeric) -> X:
        """a * b + c, rounded once where the processor can."""
        b, c = a.lift(b), a.lift(c)
        return X(Op("fma", (a.e, b.e, c.e), a.dtype)) if self.fused else a * b + c

    def polynomial(self, x: X, coefficients: Sequence[float]) -> X:
        """Horner's rule in two interleaved halves where that is long: odd and even powers."""
        if len(coefficients) < 9:
            return self.horner(x, coefficients)
        square = x * x
        first, second = coefficients[0::2], coefficients[1::2]  # the last of `coefficients` is the constant one
        if len(coefficients) % 2:
            return self.fma(self.horner(square, second), x, self.horner(square, first))
        return self.fma(self.horner(square, first), x, self.horner(square, second))

    def horner(self, x: X, coefficients: Sequence[float]) -> X:
        total = x.lift(coefficients[0])
        for c in coefficients[1:]:
            total = self.fma(total, x, c) if isinstance(total.e, Op) else self.fma(x, total, c)
        return total

    # -- sums and products with their rounding errors -----------------------------------------------------------------

    def two_sum(self, a: X, b: X) -> tuple[X, X]:
        total = a + b
        back = total - a
        return total, (a - (total - back)) + (b - back)

    def fast_two_sum(self, a: X, b: X) -> tuple[X, X]:
        """The same where a is the greater."""
        total = a + b
        return total, b - (total - a)

    def two_product(self, a: X, b: X) -> tuple[X, X]:
        product = a * b
        if self.fused:
            return product, self.fma(a, b, -product)
        (ah, al), (bh, bl) = self.split(a), self.split(b)
        return product, ((ah * bh - product) + ah * bl + al * bh) + al * bl

    def rest(self, top: X, quotient: X, bottom: X) -> X:
        """What a quotient that is right but for its last places leaves."""
        if self.fused:
            return self.fma(-quotient, bottom, top)
        product, low = self.two_product(quotient, bottom)
        return (top - product) - low

    def split(self, a: X) -> tuple[X, X]:
        """The upper half of the bits, and the rest."""
        bits = 12 if self.narrow else 27
        mask = -(1 << bits)
        high = (a.as_bits() & mask).viewed(self.dtype)
        return high, a - high

    # -- parts of numbers ---------------------------------------------------------------------------------------------

    def whole(self, x: X) -> tuple[X, X]:
        """The nearest whole number of a number less than 2^22 (2^51) in size: as a float, and in the last bits."""
        shifted = x + self.format.magic
        return shifted - self.format.magic, shifted.as_bits()

    def to_float(self, n: X) -> X:
        """A small integer as a float."""
        f = self.format
        if self.narrow:
            return n.to(f.real)
        offset = 0x4338000000000000
        return (n + offset).viewed(f.real) - f.magic

    def power_of_two(self, n: X) -> X:
        """2^n from an integer (or from bits that end with it)."""
        f = self.format
        return ((n + f.bias) << f.mantissa).viewed(f.real)

    def power(self, n: X, bits: X) -> X:
        """What `scaled` takes, from the results of `whole`: a float where the processor scales by one."""
        return n if self.scales else self.small_integer(bits)

    def scaled(self, x: X, n: X) -> X:
        """x * 2^n in two steps, which may both be in range where n is not; n lies within thrice the range."""
        if self.scales:  # the same bits: of the two steps, only the second may round
            return x._op("scale", n)
        f = self.format
        steps = 1 << 12  # makes it positive
        half = (((n + steps).viewed(f.unsigned) >> 1).viewed(f.signed)) - steps // 2
        return x * self.power_of_two(half) * self.power_of_two(n - half)

    def small_integer(self, bits: X) -> X:
        """The integer that the last bits of `whole` hold."""
        return bits - (0x4B400000 if self.narrow else 0x4338000000000000)

    def is_whole(self, x: X) -> tuple[X, X]:
        """Whether a number is whole, and whether it is odd."""
        size, limit = x.abs(), 2.0**self.format.mantissa
        half = size * 0.5
        whole = (size >= limit) | (((size + limit) - limit).equals(size))
        odd = whole & (size < 2 * limit) & ((half + limit) - limit).differs(half)
        return whole, odd

    # -- what is seldom needed ----------------------------------------------------------------------------------------

    def where_any(self, condition: X, value: X, given: X, other: Callable[[X], X]) -> X:
        """The value; where the condition holds, another one of `given`, computed only if it holds in any lane."""
        result, argument = (Register(n, e.dtype, vector=self.vector) for n, e in (("result", value), ("given", given)))
        self.statements += [Set(result, value.e), Set(argument, given.e)]
        # what follows from a register stays where it is read: under the condition
        chosen = pick(condition, other(X(Get(argument))), X(Get(result)))
        test: Expr = Across("or", condition.e) if self.vector else condition.e
        self.statements.append(If(test, [Set(result, chosen.e)]))
        return X(Get(result))


def tree(bits: Sequence[X], leaves: Sequence[Any], like: X) -> X:
    """One of many constants by the bits of its number, the lowest first."""
    level: list[X] = [like.lift(leaf) for leaf in leaves]
    for bit in bits:
        level = [pick(bit, level[i + 1], level[i]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
    return level[0]
