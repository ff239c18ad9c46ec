"""Rules that put a form with less rounding in place of one with more: results change in their last bits, or from an
infinity to a number. They are worth most before differentiation, because the gradient of the stable form is stable."""

from __future__ import annotations

from typing import Any

from weft.ops.builder import GraphBuilder
from weft.passes.pattern import Match
from weft.passes.rewrite import Rule


def _less_logsumexp(b: GraphBuilder, m: Match) -> Any:
    axes = m.attrs["a"]
    return b.call("log_softmax", m["x"], axis=axes[0]) if len(axes) == 1 else None


def _normalised_exponentials(b: GraphBuilder, m: Match) -> Any:
    axes = m.attrs["a"]
    return b.call("softmax", m["x"], axis=axes[0]) if len(axes) == 1 else None


def _real(m: Match) -> bool:
    return bool(m["x"].dtype.is_floating)


_LOGISTIC = "divide(1, add(exp(negative(x)), 1))"

STABLE: tuple[Rule, ...] = (
    Rule("log of softmax", "log(softmax(x, axis=a))", "log_softmax(x, axis=a)", exact=False),
    Rule("less its logsumexp", "subtract(x, reduce_logsumexp(x, axis=a, keepdims=True))", _less_logsumexp, exact=False),
    Rule("softmax written out", "divide(exp(x), reduce_sum(exp(x), axis=a, keepdims=True))", _normalised_exponentials,
         when=_real, exact=False),
    Rule("log of a sum of exponentials", "log(reduce_sum(exp(x), axis=a, keepdims=k))",
         "reduce_logsumexp(x, axis=a, keepdims=k)", when=_real, exact=False),
    Rule("log of sigmoid", "log(sigmoid(x))", "log_sigmoid(x)", when=_real, exact=False),
    Rule("log of one less sigmoid", "log(subtract(1, sigmoid(x)))", "negative(softplus(x))", when=_real, exact=False),
    Rule("one less sigmoid", "subtract(1, sigmoid(x))", "sigmoid(negative(x))", when=_real, exact=False),
    Rule("sigmoid written out", _LOGISTIC, "sigmoid(x)", when=_real, exact=False),
    Rule("sigmoid as a reciprocal", "reciprocal(add(exp(negative(x)), 1))", "sigmoid(x)", when=_real, exact=False),
    Rule("log of one plus exponential", "log(add(exp(x), 1))", "softplus(x)", when=_real, exact=False),
    Rule("log1p of exponential", "log1p(exp(x))", "softplus(x)", when=_real, exact=False),
    Rule("log of one plus", "log(add(x, 1))", "log1p(x)", when=_real, exact=False),
    Rule("log of one less", "log(subtract(1, x))", "log1p(negative(x))", when=_real, exact=False),
    Rule("log of exponential", "log(exp(x))", "x", when=_real, exact=False),
    Rule("exponential less one", "subtract(exp(x), 1)", "expm1(x)", when=_real, exact=False),
    Rule("exponential plus minus one", "add(exp(x), -1)", "expm1(x)", when=_real, exact=False),
    Rule("one by square root", "divide(1, sqrt(x))", "rsqrt(x)", when=_real, exact=False),
    Rule("reciprocal of square root", "reciprocal(sqrt(x))", "rsqrt(x)", when=_real, exact=False),
    Rule("square root of reciprocal", "sqrt(reciprocal(x))", "rsqrt(x)", when=_real, exact=False),
)  # fmt: skip
