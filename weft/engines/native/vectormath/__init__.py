"""Functions that processors have no instruction for, in terms of those that they have.

Each is a formula over the loop IR's operations, from polynomials of our own (tools/vectormath). Short ones are written
out where they are used; others become one function of the module for each type and width, which the code calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from weft.base import dtypes
from weft.base.dtypes import DType
from weft.engines.native.loops import Expr, Statement
from weft.engines.native.vectormath import errors, exponential, gammas, logarithm, trigonometry
from weft.engines.native.vectormath.build import Argument, Math, X

__all__ = ["FUNCTIONS", "Argument", "Function", "body"]


@dataclass(frozen=True)
class Function:
    """A function of one or two numbers.

    Attributes:
        formula: Takes the `Math` and the numbers.
        narrow: Whether there is a formula in float32; others compute in float64 and round once.
        inline: Whether float32 is written out in place: those that are short.
        cost: About how many instructions float32 takes.
    """

    formula: Callable[..., X]
    narrow: bool = False
    inline: bool = False
    cost: int = 60


FUNCTIONS: dict[str, Function] = {
    "exp": Function(exponential.exp, True, True, 16),
    "exp2": Function(exponential.exp2, True, True, 16),
    "expm1": Function(exponential.expm1, True, False, 25),
    "tanh": Function(exponential.tanh, True, False, 30),
    "sinh": Function(exponential.sinh),
    "cosh": Function(exponential.cosh),
    "log": Function(logarithm.log, True, True, 24),
    "log1p": Function(logarithm.log1p, True, False, 35),
    "log2": Function(logarithm.log2),
    "log10": Function(logarithm.log10),
    "pow": Function(logarithm.pow, cost=150),
    "asinh": Function(logarithm.asinh, cost=100),
    "acosh": Function(logarithm.acosh, cost=80),
    "atanh": Function(logarithm.atanh, cost=80),
    "cbrt": Function(logarithm.cbrt, cost=120),
    "sin": Function(trigonometry.sin, True, False, 40),
    "cos": Function(trigonometry.cos, True, False, 40),
    "tan": Function(trigonometry.tan, cost=80),
    "atan": Function(trigonometry.atan),
    "atan2": Function(trigonometry.atan2, cost=80),
    "asin": Function(trigonometry.asin),
    "acos": Function(trigonometry.acos),
    "erf": Function(errors.erf, True, False, 40),
    "erfc": Function(errors.erfc, True, False, 75),
    "erfinv": Function(errors.erfinv, cost=600),
    "lgamma": Function(gammas.lgamma, cost=250),
    "digamma": Function(gammas.digamma, cost=200),
}  # fmt: skip


def body(
    name: str, args: Sequence[Expr], dtype: DType, fma: bool, vector: bool, scales: bool = False
) -> tuple[list[Statement], Expr]:
    """What computes a function of float32 or float64 numbers: statements that come first, and the result."""
    function = FUNCTIONS[name]
    inner = dtype if function.narrow else dtypes.float64
    math = Math(inner, fma, vector, scales)
    result = function.formula(math, *(X(a).to(inner) for a in args))
    return math.statements, result.to(dtype).e
