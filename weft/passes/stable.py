"""Rules that put a form with less rounding in place of one with more.

They are the declared exceptions from "the same bits": results change in their last bits, or from an infinity, a zero or
a NaN to a number. Each says for which operands the old form is worse, and how near to the truth the new one is.
"""

from __future__ import annotations

from typing import Any

from weft.ops.builder import GraphBuilder
from weft.passes.pattern import Match
from weft.passes.rewrite import Rule, Stable


def _less_logsumexp(b: GraphBuilder, m: Match) -> Any:
    axes = m.attrs["a"]
    return b.call("log_softmax", m["x"], axis=axes[0]) if len(axes) == 1 else None


def _normalised_exponentials(b: GraphBuilder, m: Match) -> Any:
    axes = m.attrs["a"]
    return b.call("softmax", m["x"], axis=axes[0]) if len(axes) == 1 else None


def _real(m: Match) -> bool:
    return bool(m["x"].dtype.is_floating)


_LOGISTIC = "divide(1, add(exp(negative(x)), 1))"

_OVERFLOWS = "where exp(x) is infinite or 0, or their sum is"


def _stable(name: str, before: str, after: Any, ulps: float, where: str, any_rank: bool = False) -> Rule:
    return Rule(name, before, after, when=_real, stable=Stable(ulps, where), any_rank=any_rank)


STABLE: tuple[Rule, ...] = (
    _stable("log of softmax", "log(softmax(x, axis=a))", "log_softmax(x, axis=a)", 4,
            "where a probability is so small that its digits, or itself, are lost", any_rank=True),
    _stable("less its logsumexp", "subtract(x, reduce_logsumexp(x, axis=a, keepdims=True))", _less_logsumexp, 4,
            "where x is large against the differences within a row"),
    _stable("softmax written out", "divide(exp(x), reduce_sum(exp(x), axis=a, keepdims=True))",
            _normalised_exponentials, 8, _OVERFLOWS),
    _stable("log of a sum of exponentials", "log(reduce_sum(exp(x), axis=a, keepdims=k))",
            "reduce_logsumexp(x, axis=a, keepdims=k)", 4, _OVERFLOWS),
    _stable("log of sigmoid", "log(sigmoid(x))", "log_sigmoid(x)", 4, "where sigmoid(x) is 0, or near 1",
            any_rank=True),
    _stable("log of one less sigmoid", "log(subtract(1, sigmoid(x)))", "negative(softplus(x))", 4,
            "where sigmoid(x) is 1, or near 0"),
    _stable("one less sigmoid", "subtract(1, sigmoid(x))", "sigmoid(negative(x))", 4, "where sigmoid(x) is near 1"),
    _stable("sigmoid written out", _LOGISTIC, "sigmoid(x)", 4, "where exp(-x) is infinite"),
    _stable("sigmoid as a reciprocal", "reciprocal(add(exp(negative(x)), 1))", "sigmoid(x)", 4,
            "where exp(-x) is infinite"),
    _stable("log of one plus exponential", "log(add(exp(x), 1))", "softplus(x)", 4,
            "where exp(x) is infinite, or small against 1"),
    _stable("log1p of exponential", "log1p(exp(x))", "softplus(x)", 4, "where exp(x) is infinite", any_rank=True),
    _stable("log of one plus", "log(add(x, 1))", "log1p(x)", 4, "where x is small against 1"),
    _stable("log of one less", "log(subtract(1, x))", "log1p(negative(x))", 4, "where x is small against 1"),
    _stable("log of exponential", "log(exp(x))", "x", 0, "where exp(x) is infinite or 0, or near 1", any_rank=True),
    _stable("exponential less one", "subtract(exp(x), 1)", "expm1(x)", 4, "where x is small against 1"),
    _stable("exponential plus minus one", "add(exp(x), -1)", "expm1(x)", 4, "where x is small against 1"),
)  # fmt: skip
