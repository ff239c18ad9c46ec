"""Dimensions against plain integers: whatever is computed with symbols, numbers put in afterwards give the same."""

import copy
import operator
import pickle

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from weft.base import dims
from weft.base.dims import Dim, Symbol

SYMBOLS = [Symbol("n"), Symbol("m"), Symbol("k")]
N, M, K = (Dim({(s,): 1}) for s in SYMBOLS)
SIZES = st.tuples(*[st.integers(1, 9)] * 3).map(lambda sizes: dict(zip(SYMBOLS, sizes, strict=True)))

OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv, "%": operator.mod}
LEAVES = st.one_of(st.integers(0, 6), st.sampled_from([N, M, K]))


def _binary(children):
    operators = st.sampled_from(["+", "-", "*", "//", "%", "max", "min"])
    return st.tuples(operators, children, children)


EXPRESSIONS = st.recursive(LEAVES, _binary, max_leaves=6)


def _symbolic(tree):
    if not isinstance(tree, tuple):
        return tree
    name, left, right = tree
    a, b = _symbolic(left), _symbolic(right)
    if name == "max":
        return dims.maximum(a, b)
    if name == "min":
        return dims.minimum(a, b)
    return OPERATORS[name](a, b)


def _numeric(tree, known):
    if not isinstance(tree, tuple):
        return dims.evaluate(tree, known)
    name, left, right = tree
    a, b = _numeric(left, known), _numeric(right, known)
    return (OPERATORS | {"max": max, "min": min})[name](a, b)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(EXPRESSIONS, SIZES)
def test_algebra_agrees_with_integers(tree, known):
    try:
        expected = _numeric(tree, known)
        symbolic = _symbolic(tree)
    except ZeroDivisionError:
        return
    assert dims.evaluate(symbolic, known) == expected


@settings(max_examples=150, deadline=None, derandomize=True)
@given(EXPRESSIONS, SIZES)
def test_substituting_is_evaluating(tree, known):
    try:
        symbolic = _symbolic(tree)
        expected = dims.evaluate(symbolic, known)
        assert dims.substitute(symbolic, known) == expected
        half = dims.substitute(symbolic, {SYMBOLS[0]: known[SYMBOLS[0]]})
    except ZeroDivisionError:
        return
    assert dims.evaluate(half, known) == expected


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(EXPRESSIONS, min_size=2, max_size=3))
def test_sums_and_products_do_not_depend_on_order(trees):
    try:
        terms = [_symbolic(tree) for tree in trees]
    except ZeroDivisionError:
        return
    assert sum(terms) == sum(reversed(terms))
    assert dims.product(tuple(terms)) == dims.product(tuple(reversed(terms)))
    assert hash(sum(terms)) == hash(sum(reversed(terms)))


def test_what_is_known_of_unknown_sizes():
    assert N + M - M == N
    assert (N * M) // M == N
    assert (6 * N) // 3 == 2 * N
    assert (N * M * 4) % (2 * M) == 0
    assert N - N == 0 and isinstance(N - N, int)
    assert N // 2 == N // 2 and N // 2 != N // 3
    assert (2 * N + 2 * M) // (N + M) == 2
    assert N != M and N == Dim({(SYMBOLS[0],): 1})
    assert dims.ceil_divide(7, 2) == 4
    assert dims.ceil_divide(N, 2).evaluate({SYMBOLS[0]: 7}) == 4


def test_fresh_sizes_are_equal_to_nothing_else():
    assert Dim.fresh("n") != Dim.fresh("n")
    assert Dim.fresh("batch").symbol.hint == "batch"
    assert (N + 1).symbol is None and N.symbol is SYMBOLS[0]
    assert (N + M * 2).symbols() == {SYMBOLS[0], SYMBOLS[1]}
    assert dims.symbols_of(3) == frozenset()


@pytest.mark.parametrize(("first", "second", "expected"), [
    (3, 3, 3), (1, 4, 4), (4, 1, 4), (2, 3, None), (N, 1, N), (1, N, N), (N, N, N), (N, 5, 5), (5, N, 5), (0, 1, 0),
])  # fmt: skip
def test_broadcast(first, second, expected):
    assert dims.broadcast(first, second) == expected


def test_broadcast_of_two_unknown_sizes_is_decided_when_they_are_known():
    joined = dims.broadcast(N, M)
    assert joined.evaluate({SYMBOLS[0]: 1, SYMBOLS[1]: 7}) == 7
    assert joined.evaluate({SYMBOLS[0]: 7, SYMBOLS[1]: 1}) == 7
    with pytest.raises(ValueError, match="2 and 7 do not broadcast"):
        joined.evaluate({SYMBOLS[0]: 2, SYMBOLS[1]: 7})
    assert dims.substitute(joined, {SYMBOLS[0]: M}) == M


def test_binding_sizes():
    known = {}
    assert dims.bind((N, 3, M), (2, 3, 4), known) is None
    assert known == {SYMBOLS[0]: 2, SYMBOLS[1]: 4}
    assert dims.bind((N * 2,), (4,), known) is None
    assert dims.bind((N,), (5,), known) == "axis 0 is 5, expected 2"
    assert dims.bind((3,), (4,), known) == "axis 0 is 4, expected 3"
    assert dims.bind((3,), (3, 1), known) == "rank is 2, expected 1"
    assert dims.bind((K + 1,), (9,), known) is None  # nothing has bound k


def test_copies_and_pickles_keep_identity_within_themselves():
    assert copy.deepcopy(N) == N
    pair = pickle.loads(pickle.dumps((N, N + 1, M)))
    assert pair[1] == pair[0] + 1
    assert pair[0] != pair[2]
    assert pair[0] != N  # another process's symbol is another symbol


def test_repr_reads_like_arithmetic():
    text = repr(2 * N + 1)
    assert text == f"2*{SYMBOLS[0]!r} + 1"
    assert repr(N - M).count("-") == 1
    assert repr(N // 2) == f"({SYMBOLS[0]!r} // 2)"
