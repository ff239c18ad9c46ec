"""Rewriting rules, one by one: the text before and after, and the numbers."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from weft.base import dtypes
from weft.base.dims import Dim
from weft.ops import interpreter, opdef
from weft.passes import algebra, pattern
from weft.passes.checking import type_problem
from weft.testing import numeric

_spec = importlib.util.spec_from_file_location("rule_examples", Path(__file__).with_name("rule_examples.py"))
examples = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(examples)

NAMES = list(examples.EXAMPLES)
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 3e38, 1e-40)


def test_every_rule_has_an_example():
    general = [r for r in examples.RULES if " broadcasts operand " not in r]
    assert [name for name in general if name not in examples.EXAMPLES] == []


def test_every_op_that_a_rule_names_exists():
    known = set(opdef.names())
    for rule in examples.RULES.values():
        texts = [rule.before] + ([rule.after] if isinstance(rule.after, str) else [])
        for text in texts:
            assert pattern.ops_of(pattern.parse(text)) <= known, rule.name


def test_the_listing_is_the_golden_one():
    assert examples.listing() == examples.GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_rule_fits_its_example_and_shortens_it(name):
    before, after, used = examples.rewritten(name)
    assert used == [name]
    assert str(after) != str(before) and before.types == after.types
    assert type_problem(after) is None


def _inputs(graph, special):
    made = []
    for index, value in enumerate(graph.inputs):
        shape = tuple(len(SPECIAL) if isinstance(d, Dim) else d for d in value.shape)
        array = numeric.draw(numeric.generator("rule", index), shape, value.dtype, (0.1, 0.9))
        if special and numeric.is_inexact(value.dtype):
            with np.errstate(all="ignore"):
                count = min(len(SPECIAL), array.shape[0])
                array.reshape(array.shape[0], -1)[:count, index % max(1, array[0].size)] = SPECIAL[:count]
        made.append(array)
    return made


@pytest.mark.parametrize("name", NAMES)
def test_numbers_stay(name):
    before, after, _ = examples.rewritten(name)
    exact = examples.RULES[name].exact
    for special in (False, True) if exact else (False,):
        inputs = _inputs(before, special)
        with np.errstate(all="ignore"):
            (expected,), (actual,) = interpreter.run(before, inputs), interpreter.run(after, inputs)
        assert actual.dtype == expected.dtype and actual.shape == expected.shape
        if exact:
            same = (actual == expected) | ((actual != actual) & (expected != expected))
            assert np.all(same)
            if numeric.is_inexact(dtypes.as_dtype(actual.dtype)) and actual.dtype.kind != "c":
                there = ~np.isnan(expected)
                assert np.array_equal(np.signbit(actual[there]), np.signbit(expected[there]))
        else:
            assert numeric.close(actual, expected, 1e-5) is None


@pytest.mark.parametrize(("expression", "types"), [
    ("add(x, 0)", "x=c[a]"),
    ("multiply(x, 0)", "x=f[a]"),  # 0 * inf is NaN
    ("multiply(x, 1)", "x=c[a]"),  # (inf + 0i) * (1 + 0i) has a NaN in it
    ("subtract(x, x)", "x=f[a]"),  # inf - inf is NaN
    ("subtract(0, x)", "x=f[a]"),  # 0 - 0 is 0, not -0
    ("subtract(x, -0.0)", "x=f[a]"),  # -0 + 0 is 0
    ("negative(subtract(x, y))", "x=f[a] y=f[a]"),
    ("add(x, 0)", "x=f[a]"),  # turns -0.0 into 0.0
    ("pow(x, 3)", "x=f[a]"),
    ("reduce_sum(x, axis=())", "x=f[a]"),  # a sum begins with 0.0
    ("divide(1, sqrt(x))", "x=h[a]"),  # rounded twice
    ("divide(x, 3)", "x=f[a]"),
    ("divide(x, 32768)", "x=h[a]"),
    ("cast(cast(x, dtype=h), dtype=f)", "x=f[a]"),
    ("cast(cast(x, dtype=s), dtype=i)", "x=i[a]"),
    ("cast(cast(x, dtype=f), dtype=s)", "x=s[a]"),  # of these only the trip back to the same dtype is dropped
    ("cast(cast(x, dtype=d), dtype=s)", "x=i[a]"),  # floats are held at the ends of int8, integers wrap around
    ("reshape(x, shape=(3, 2))", "x=f[2,3]"),
    ("transpose(x, perm=(1, 0))", "x=f[2,2]"),
    ("broadcast_to(x, shape=(2, 3))", "x=f[3]"),
    ("slice(concat(x, x, axis=0), begin=(1,), size=(2,))", "x=f[2]"),
    ("reduce_sum(x, axis=(0,), keepdims=True)", "x=f[1,3]"),
    ("select(x, y, z)", "x=b[a] y=f[a] z=f[a]"),
    ("add(broadcast_to(x, shape=(2, 3)), y)", "x=f[3] y=f[3]"),  # nothing else would make it two rows
])  # fmt: skip
def test_exact_rules_leave_alone_what_they_would_change(expression, types):
    graph = examples.graph_of(expression, types)
    exact = [rule for rule in examples.RULES.values() if rule.exact]
    used = []
    after = examples.rewrite(graph, exact, used=used)
    if expression == "cast(cast(x, dtype=f), dtype=s)":
        assert used == ["casts in a row"] and after.outputs[0] is after.inputs[0]
    else:
        assert used == [] and str(after) == str(graph)


@pytest.mark.parametrize("narrow", dtypes.DENSE, ids=lambda d: d.name)
@pytest.mark.parametrize("wide", dtypes.DENSE, ids=lambda d: d.name)
def test_what_one_dtype_holds_of_another(narrow, wide):
    """The claim is checked on the values that are hardest to hold: the ends of the range and odd numbers near them."""
    if narrow.is_complex or narrow.is_bool:
        hard = np.array([0, 1], narrow.numpy)
    elif narrow.is_integer:
        hard = np.array([narrow.min, narrow.max, max(narrow.min, -1), narrow.max - 1], narrow.numpy)
    else:
        tiny, high = np.spacing(np.asarray(0, narrow.numpy)), np.asarray(narrow.max, narrow.numpy)
        hard = np.array([tiny, high, -high, 1.5, np.nextafter(np.asarray(1, narrow.numpy), high)]).astype(narrow.numpy)
    there = numeric.convert(hard, wide)
    back = numeric.convert(there, narrow)
    held = bool(np.all(back == hard))
    if algebra.holds_all(narrow, wide):
        assert held
    elif narrow.is_numeric and not narrow.is_complex and not (narrow.is_integer and wide.is_integer):
        assert not held or wide.is_integer
