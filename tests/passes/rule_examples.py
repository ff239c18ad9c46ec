"""An example for every rewriting rule: an expression in the rules' own notation, and the types of what it reads.

`python tests/passes/rule_examples.py` writes `rules.txt`, the graphs before and after, which `test_rules.py` compares.
"""

import sys
from pathlib import Path

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops.builder import GraphBuilder
from weft.passes import pattern
from weft.passes.pattern import Match
from weft.passes.pipeline import rules
from weft.passes.rewrite import rewrite
from weft.passes.stable import STABLE

GOLDEN = Path(__file__).with_name("rules.txt")
LETTERS = {"f": dtypes.float32, "d": dtypes.float64, "h": dtypes.float16, "i": dtypes.int32, "s": dtypes.int8,
           "b": dtypes.bool_, "c": dtypes.complex64, "l": dtypes.int64, "g": dtypes.bfloat16,
           "z": dtypes.complex128}  # fmt: skip

_POOL = "window=(2, 2), strides=(2, 2), padding='VALID', dilations=(1, 1), data_format='channels_last'"

# rule -> (expression, types); sizes are numbers or letters, each letter one symbol
EXAMPLES = {
    "identity": ("identity(x)", "x=f[a,3]"),
    "stop_gradient after differentiation": ("stop_gradient(x)", "x=f[3]"),
    "prevent_gradient after differentiation": ("prevent_gradient(x)", "x=f[3]"),
    "constant_around after differentiation": ("constant_around(x, y)", "x=f[3] y=f[3]"),
    "add integer zero": ("add(x, 0)", "x=i[a]"),
    "add negative zero": ("add(x, -0.0)", "x=f[a]"),
    "subtract zero": ("subtract(x, 0)", "x=f[a]"),
    "subtract from zero": ("subtract(0, x)", "x=i[a]"),
    "multiply by one": ("multiply(1, x)", "x=f[a]"),
    "multiply by minus one": ("multiply(x, -1)", "x=f[a]"),
    "multiply by integer zero": ("multiply(x, 0)", "x=i[a]"),
    "divide by one": ("divide(x, 1)", "x=f[a]"),
    "divide by a power of two": ("divide(x, 4)", "x=h[a]"),
    "integer less itself": ("subtract(x, x)", "x=i[a]"),
    "power": ("pow(x, 2)", "x=f[a]"),
    "and true": ("logical_and(x, True)", "x=b[a]"),
    "or false": ("logical_or(False, x)", "x=b[a]"),
    "maximum of one": ("maximum(x, x)", "x=f[a]"),
    "minimum of one": ("minimum(x, x)", "x=f[a]"),
    "and of one": ("logical_and(x, x)", "x=b[a]"),
    "or of one": ("logical_or(x, x)", "x=b[a]"),
    "double negation": ("negative(negative(x))", "x=f[a]"),
    "double not": ("logical_not(logical_not(x))", "x=b[a]"),
    "double inversion": ("invert(invert(x))", "x=i[a]"),
    "double conjugate": ("conj(conj(x))", "x=c[a]"),
    "conjugate of reals": ("conj(x)", "x=f[a]"),
    "real part of reals": ("real(x)", "x=f[a]"),
    "not equal": ("logical_not(equal(x, y))", "x=f[a] y=f[a]"),
    "not unequal": ("logical_not(not_equal(x, y))", "x=f[a] y=f[a]"),
    "add negative": ("add(negative(y), x)", "x=f[a] y=f[a]"),
    "subtract negative": ("subtract(x, negative(y))", "x=f[a] y=f[a]"),
    "negated integer difference": ("negative(subtract(x, y))", "x=i[a] y=i[a]"),
    "product of negatives": ("multiply(negative(x), negative(y))", "x=f[a] y=f[a]"),
    "absolute value of negative": ("abs(negative(x))", "x=f[a]"),
    "absolute value twice": ("abs(abs(x))", "x=f[a]"),
    "square of negative": ("square(negative(x))", "x=f[a]"),
    "square of absolute value": ("square(abs(x))", "x=f[a]"),
    "relu twice": ("relu(relu(x))", "x=f[a]"),
    "either is the same": ("select(c, x, x)", "c=b[a] x=f[a]"),
    "choice decided": ("select(True, x, y)", "x=f[a] y=f[a]"),
    "choice by not": ("select(logical_not(c), x, y)", "c=b[a] x=f[a] y=f[a]"),
    "mask of what max pooling gives back": (
        f"select(greater(x, 0), max_pool_gradient(x, max_pool(x, {_POOL}), c, {_POOL}), 0)",
        "x=f[a,4,5,3] c=f[a,2,2,3]",
    ),
    "cast to own dtype": ("cast(x, dtype=f)", "x=f[a]"),
    "casts in a row": ("cast(cast(x, dtype=d), dtype=i)", "x=f[a]"),
    "reshape to own shape": ("reshape(x, shape=(2, 3))", "x=f[2,3]"),
    "reshapes in a row": ("reshape(reshape(x, shape=(6,)), shape=(3, 2))", "x=f[2,3]"),
    "expand_dims is a reshape": ("expand_dims(x, axis=1)", "x=f[a,3]"),
    "squeeze is a reshape": ("squeeze(x, axis=(1,))", "x=f[a,1,3]"),
    "transpose by identity": ("transpose(x, perm=(0, 1))", "x=f[a,3]"),
    "transposes in a row": ("transpose(transpose(x, perm=(1, 2, 0)), perm=(1, 0, 2))", "x=f[a,3,2]"),
    "broadcast to own shape": ("broadcast_to(x, shape=(2, 3))", "x=f[2,3]"),
    "broadcasts in a row": ("broadcast_to(broadcast_to(x, shape=(1, 3)), shape=(2, 3))", "x=f[3]"),
    "sum to own shape": ("sum_to_shape(x, shape=(2, 3))", "x=f[2,3]"),
    "window of a known size": ("slice_dynamic(x, bitwise_and(p, 1), shape(y), sizes=(2, 3))",
                               "p=i[2] x=f[4,4] y=f[2,3]"),
    "slice of everything": ("slice(x, begin=(0, 0), size=(-1, 3))", "x=f[2,3]"),
    "slice of a concatenation": ("slice(concat(x, y, x, axis=1), begin=(0, 3), size=(-1, 2))", "x=f[2,2] y=f[2,3]"),
    **{f"{op} over no axis": (f"{op}(x, axis=())", f"x={letter}[a,3]")
       for op, letter in (("reduce_sum", "i"), ("reduce_max", "f"), ("reduce_min", "f"), ("reduce_prod", "f"),
                          ("reduce_mean", "i"), ("reduce_all", "b"), ("reduce_any", "b"))},
    "add broadcasts operand 0": ("add(broadcast_to(x, shape=(2, 3)), y)", "x=f[3] y=f[2,3]"),
    "multiply broadcasts operand 1": ("multiply(x, broadcast_to(y, shape=(4, 3)))", "x=f[4,1] y=f[3]"),
    "select broadcasts operand 2": ("select(c, x, broadcast_to(0.0, shape=(2, 3)))", "x=f[2,3] c=b[2,3]"),
    "clip broadcasts operand 1": ("clip(x, broadcast_to(y, shape=(2, 3)), z)", "x=f[2,3] y=f[3] z=f[1]"),
    "log of softmax": ("log(softmax(x, axis=-1))", "x=f[a,4]"),
    "less its logsumexp": ("subtract(x, reduce_logsumexp(x, axis=(1,), keepdims=True))", "x=f[a,4]"),
    "softmax written out": ("divide(exp(x), reduce_sum(exp(x), axis=(1,), keepdims=True))", "x=f[a,4]"),
    "log of a sum of exponentials": ("log(reduce_sum(exp(x), axis=(0,), keepdims=False))", "x=f[a,4]"),
    "log of sigmoid": ("log(sigmoid(x))", "x=f[a]"),
    "log of one less sigmoid": ("log(subtract(1, sigmoid(x)))", "x=f[a]"),
    "one less sigmoid": ("subtract(1, sigmoid(x))", "x=f[a]"),
    "sigmoid written out": ("divide(1, add(1, exp(negative(x))))", "x=f[a]"),
    "sigmoid as a reciprocal": ("reciprocal(add(1, exp(negative(x))))", "x=f[a]"),
    "log of one plus exponential": ("log(add(1, exp(x)))", "x=f[a]"),
    "log1p of exponential": ("log1p(exp(x))", "x=f[a]"),
    "log of one plus": ("log(add(1, x))", "x=f[a]"),
    "log of one less": ("log(subtract(1, x))", "x=f[a]"),
    "log of exponential": ("log(exp(x))", "x=f[a]"),
    "exponential less one": ("subtract(exp(x), 1)", "x=f[a]"),
    "exponential plus minus one": ("add(exp(x), -1)", "x=f[a]"),
    "one by square root": ("divide(1, sqrt(x))", "x=f[a]"),
    "reciprocal of square root": ("reciprocal(sqrt(x))", "x=f[a]"),
}  # fmt: skip

RULES = {rule.name: rule for rule in (*rules(), *STABLE)}


def graph_of(expression, types):
    """The graph of an expression; each symbol letter is one size."""
    graph = Graph("g")
    b = GraphBuilder(graph)
    sizes, values = {}, {}
    for part in types.split():
        name, text = part.split("=")
        dims = [d for d in text[2:-1].split(",") if d]
        shape = tuple(int(d) if d.isdigit() else sizes.setdefault(d, Dim.fresh(d)) for d in dims)
        values[name] = graph.add_input(TensorType(shape, LETTERS[text[0]]), name)
    made = _build(pattern.parse(expression), Match(values, LETTERS), b, next(iter(values.values())))
    graph.outputs = [made]
    return graph


def _build(tree, found, b, like):
    """As `pattern.build`, but numbers become constants even where no operand tells their dtype."""
    if isinstance(tree, pattern.Number) and isinstance(tree.value, bool):
        return b.constant(np.bool_(tree.value))
    if isinstance(tree, pattern.Number):
        return b.constant(tree.value, like.dtype)
    if isinstance(tree, pattern.Variable):
        return found.values[tree.name]
    attrs = {k: found.attrs[v.name] if isinstance(v, pattern.Bind) else v for k, v in tree.attrs}
    return b.call(tree.op, *(_build(i, found, b, like) for i in tree.inputs), **attrs)


def rewritten(name):
    """The graph of a rule's example, and what that rule alone makes of it."""
    graph = graph_of(*EXAMPLES[name])
    used = []
    return graph, rewrite(graph, [RULES[name]], used=used), used


def listing():
    """Every example, before and after."""
    parts = []
    for name in EXAMPLES:
        before, after, _ = rewritten(name)
        rule = RULES[name]
        kind = "exact" if rule.exact else f"stable, {rule.stable.ulps} ulps; better {rule.stable.where}"
        parts.append(f"{name} ({kind})\n{before}\n=>\n{after}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    GOLDEN.write_text(listing(), encoding="utf-8")
    sys.stdout.write(f"wrote {GOLDEN}\n")
