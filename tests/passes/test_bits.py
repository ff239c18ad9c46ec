"""The same bits: rules that claim them are tried on bit patterns of every dtype, stable forms on their bounds."""

import importlib.util
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import weft as tf
from weft.base import dtypes
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder, inline
from weft.passes import pipeline
from weft.passes.rewrite import rewrite
from weft.runtime import dispatch
from weft.testing import random_graphs

_spec = importlib.util.spec_from_file_location("rule_examples", Path(__file__).with_name("rule_examples.py"))
examples = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(examples)

FLOATS = "hgfd"
pipeline_run = pipeline.run
PATTERNS = settings(max_examples=12, deadline=None, derandomize=True, database=None)
EXACT = [name for name in examples.EXAMPLES if examples.RULES[name].exact]
STABLE = [name for name in examples.EXAMPLES if not examples.RULES[name].exact]
#: bit patterns worth having in every draw, as 64-bit words; narrower dtypes take the upper bits of them
SPECIAL = [np.float64(v).view(np.uint64) for v in (0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, 3.0)]
SPECIAL += [np.float32(v).view(np.uint32).astype(np.uint64) << np.uint64(32) for v in (1e-40, -1e-45, 3e38, 1.5, -2.0)]
SPECIAL += [np.uint64(v) << np.uint64(48) for v in (0x0001, 0x8001, 0x7BFF, 0x3C00, 0x7F7F, 0x0080)]
words = st.lists(st.integers(0, 2**64 - 1), min_size=4, max_size=24)


@pytest.fixture(autouse=True, scope="module")
def _reference():
    """What is promised to the bit is the passes' work on the reference engine; others sum in another order."""
    dispatch.use_engine("reference")
    yield
    dispatch.use_engine(None)


def _array(shape, dtype, drawn, salt):
    """An array made of bit patterns: the special ones and the drawn ones, in an order of its own."""
    pool = np.concatenate([np.array(SPECIAL, np.uint64), np.array(drawn, np.uint64)])
    count = int(np.prod(shape, dtype=int))
    if dtype.is_complex:
        halves = [_array(shape, dtype.real_dtype, drawn, salt + k) for k in (0, 5)]
        result = np.empty(shape, dtype.numpy)
        result.real, result.imag = halves
        return result
    chosen = pool[(np.arange(count) * (2 * salt + 1) + salt) % pool.size]
    if dtype.is_bool:
        return (chosen & np.uint64(1)).astype(bool).reshape(shape)
    width = dtype.numpy.itemsize
    parts = (chosen >> np.uint64(64 - 8 * width)).astype(f"u{width}") if width < 8 else chosen
    return parts.view(dtype.numpy).reshape(shape)


def _inputs(graph, drawn):
    return [_array(tuple(d if isinstance(d, int) else 40 for d in v.shape), v.dtype, drawn, i)
            for i, v in enumerate(graph.inputs)]  # fmt: skip


def same_bits(first, second):
    """Whether two arrays are the same to the bit, all NaN being one."""
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    if first.dtype.kind == "c":
        return same_bits(first.real.copy(), second.real.copy()) and same_bits(first.imag.copy(), second.imag.copy())
    if first.dtype.kind in "fV":
        there = ~np.isnan(first.astype(np.float64))
        if not np.array_equal(there, ~np.isnan(second.astype(np.float64))):
            return False
        first, second = first[there], second[there]
    return first.tobytes() == second.tobytes()


def _check(before, after, drawn, what):
    inputs = _inputs(before, drawn)
    (expected,), (actual,) = random_graphs.run(before, inputs), random_graphs.run(after, inputs)
    assert same_bits(expected, actual), f"{what}:\n{before}\n=>\n{after}\n{expected} became {actual}"


def _variants(name):
    """A rule's example in every dtype that the rule fits."""
    expression, types = examples.EXAMPLES[name]
    letters = {part.split("=")[1][0] for part in types.split()} - {"b"}
    for letter in (*FLOATS, "c", "z", "i", "s", "l") if letters else ("b",):
        swapped = re.sub(r"=[^b]\[", f"={letter}[", types)
        try:
            before = examples.graph_of(expression, swapped)
        except Exception:  # the ops do not take this dtype
            continue
        used = []
        after = rewrite(before, [examples.RULES[name]], used=used)
        if used:
            yield before, after


@pytest.mark.parametrize("name", EXACT)
def test_exact_rules_keep_bit_patterns(name):
    graphs = list(_variants(name))
    assert graphs

    @PATTERNS
    @given(words)
    def check(drawn):
        for before, after in graphs:
            _check(before, after, drawn, name)

    check()


@pytest.mark.parametrize("start", dtypes.DENSE, ids=lambda d: d.name)
def test_casts_in_a_row_keep_bit_patterns(start):
    rule = examples.RULES["casts in a row"]
    graphs = []
    for middle, target in itertools.product(dtypes.DENSE, repeat=2):
        graph = Graph("g")
        b = GraphBuilder(graph)
        x = graph.add_input(TensorType((40,), start))
        graph.outputs = [b.cast(b.cast(x, dtype=middle), dtype=target)]
        used = []
        after = rewrite(graph, [rule], used=used)
        if used:
            graphs.append((graph, after))

    @PATTERNS
    @given(words)
    def check(drawn):
        for before, after in graphs:
            _check(before, after, drawn, "casts in a row")

    check()


def test_operands_broadcast_by_the_op_itself_keep_bit_patterns():
    rules = [rule for rule in pipeline.rules() if " broadcasts operand " in rule.name]
    graphs = []
    for rule in rules:
        op, position = rule.before.partition("(")[0], int(rule.name[-1])
        for letter in (*FLOATS, "c", "i", "b"):
            graph = Graph("g")
            b = GraphBuilder(graph)
            count = 3 if op in ("select", "clip") else 2
            dtype = [examples.LETTERS[letter]] * count
            if op == "select":
                dtype[0] = dtypes.bool_
            values = [graph.add_input(TensorType((9,) if i == position else (17, 9), t)) for i, t in enumerate(dtype)]
            try:
                values[position] = b.broadcast_to(values[position], shape=(17, 9))
                graph.outputs = [b.call(op, *values)]
            except Exception:  # the op does not take this dtype
                continue
            used = []
            after = rewrite(graph, [rule], used=used)
            assert used == [rule.name]
            graphs.append((graph, after))
    assert len(graphs) > 150

    @settings(PATTERNS, max_examples=3)
    @given(words)
    def check(drawn):
        for before, after in graphs:
            try:
                _check(before, after, drawn, "broadcast")
            except ArithmeticError:  # integers divided by zero
                continue
            except ValueError as error:
                assert "integers" in str(error) or "division" in str(error)

    check()


# Stable forms --------------------------------------------------------------------------------------------------------


def _truth(before, inputs):
    """The old form in float64, on operands between which float64 loses nothing that float32 shows."""
    wide = Graph("wide")
    b = GraphBuilder(wide)
    values = dict(zip(before.inputs, [wide.add_input(TensorType(v.shape, dtypes.float64)) for v in before.inputs],
                      strict=True))  # fmt: skip
    for node in before.nodes:
        if node.op == "constant":
            values[node.outputs[0]] = b.constant(np.float64(node.attrs["value"].array))
        elif node.op != "input":
            values[node.outputs[0]] = b.call(node.op, *(values[v] for v in node.inputs), **node.attrs)
    wide.outputs = [values[before.outputs[0]]]
    return interpreter.run(wide, [np.asarray(a, np.float64) for a in inputs])[0]


def _ulp(values, dtype):
    """A unit in the last place at each value."""
    digits = {"float16": 10, "bfloat16": 7, "float32": 23}[dtype.name]
    lowest = {"float16": -14, "bfloat16": -126, "float32": -126}[dtype.name]
    exponent = np.floor(np.log2(np.maximum(np.abs(values), 2.0**lowest)))
    return 2.0 ** (exponent - digits)


def _domain(name):
    # where float64 itself is exact enough to tell the truth by the old form
    if "of one" in name and "exponential" not in name and "sigmoid" not in name:
        return st.floats(-0.9375, 0.9375, width=16).filter(lambda v: v == 0 or abs(v) > 1e-4)
    if "less one" in name or "minus one" in name:
        return st.floats(-10, 10, width=16).filter(lambda v: v == 0 or abs(v) > 1e-4)
    return st.floats(-10, 10, width=16)


@pytest.mark.parametrize("letter", "hgf")
@pytest.mark.parametrize("name", STABLE)
def test_stable_forms_are_within_their_bound_of_the_truth(name, letter):
    before = examples.graph_of(examples.EXAMPLES[name][0], examples.EXAMPLES[name][1].replace("=f", f"={letter}"))
    used = []
    after = rewrite(before, [examples.RULES[name]], used=used)
    assert used == [name]
    bound, dtype = examples.RULES[name].stable.ulps, before.inputs[0].dtype

    @settings(PATTERNS, max_examples=40)
    @given(st.lists(_domain(name), min_size=16, max_size=16))
    def check(drawn):
        columns = len(before.inputs[0].shape)
        x = np.array(drawn).astype(dtype.numpy).reshape((4, 4) if columns == 2 else (16,))
        with np.errstate(all="ignore"):
            truth = _truth(before, [x])
            (result,) = interpreter.run(after, [x])
        size = np.abs(x.astype(np.float64))
        size = size.max(axis=-1, keepdims=True) if result.shape == x.shape and columns == 2 else size.max()
        if columns == 1 and bound:
            size = np.zeros_like(truth)  # without rows the result itself is the measure
        distance = np.abs(result.astype(np.float64) - truth) / _ulp(np.maximum(np.abs(truth), size), dtype)
        assert np.all(distance <= max(bound, 0.5)), (x, result, truth, distance)

    check()


@pytest.mark.parametrize(("name", "operand"), [
    ("log of softmax", [[0.0, 200.0, -200.0, 0.0]]), ("softmax written out", [[1000.0, 999.0, -1000.0, 0.0]]),
    ("log of sigmoid", [-200.0]), ("log of one less sigmoid", [200.0]), ("log of one plus exponential", [200.0]),
    ("log1p of exponential", [200.0]), ("log of exponential", [-200.0]), ("log of a sum of exponentials", [[99.0] * 4]),
])  # fmt: skip
def test_stable_forms_give_numbers_where_the_others_overflow(name, operand):
    before, after, _ = examples.rewritten(name)
    x = np.array(operand, np.float32)
    (old,), (new,) = random_graphs.run(before, [x]), random_graphs.run(after, [x])
    assert not np.all(np.isfinite(old)) and np.all(np.isfinite(new))


# Whole graphs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(200, 320))
def test_whole_graphs_keep_every_bit_unless_a_stable_form_came_in(seed):
    graph, inputs = random_graphs.make(seed, size=30, symbolic=seed % 2 == 0, state=seed % 3 == 0,
                                       control=seed % 4 == 0, stable=seed % 5 == 0)  # fmt: skip
    used = []
    rewrite(pipeline.run(graph, pipeline.PIPELINE[:4]), pipeline.STABLE, used=used)
    expected, actual = random_graphs.run(graph, inputs), random_graphs.run(pipeline.run(graph), inputs)
    if not used:
        assert all(map(same_bits, expected, actual))
    else:
        assert random_graphs.differences(expected, actual, 5e-3) is None  # differences may have been taken since
    exact = random_graphs.run(pipeline.run(graph, pipeline.EXACT_PIPELINE), inputs)
    assert all(map(same_bits, expected, exact))


@pytest.mark.parametrize("seed", range(400, 440))
def test_eager_and_traced_calls_agree_to_the_bit(seed):
    graph, inputs = random_graphs.make(seed, size=25, symbolic=seed % 2 == 0)

    def run(*tensors):
        return inline(dispatch.builder, graph, tensors)

    tensors = [tf.constant(a) for a in inputs]
    eager, traced = run(*tensors), tf.function(run)(*tensors)
    used = []
    rewrite(graph, pipeline.STABLE, used=used)
    assert not used  # without `stable` no such form is made
    for one, other in zip(eager, traced, strict=True):
        assert same_bits(one.numpy(), other.numpy())


@pytest.mark.parametrize("seed", range(500, 520))
def test_gradients_agree_to_the_bit_eagerly_and_traced(seed, monkeypatch):
    # rules of gradients hold forms such as 1 - sigmoid(x): left to themselves, stable forms would come in
    monkeypatch.setattr(dispatch.pipeline, "run", lambda graph: pipeline_run(graph, pipeline.EXACT_PIPELINE))
    graph, inputs = random_graphs.make(seed, size=20, symbolic=seed % 2 == 0)

    def run(*tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            outputs = [y for y in inline(dispatch.builder, graph, tensors) if y.dtype.is_floating]
        found = tape.gradient(outputs, list(tensors), unconnected_gradients="zero")
        return [y for y in found if y.dtype.is_floating]

    tensors = [tf.constant(a) for a in inputs]
    eager, traced = run(*tensors), tf.function(run)(*tensors)
    for one, other in zip(eager, traced, strict=True):
        assert same_bits(one.numpy(), other.numpy())


@pytest.mark.parametrize("name", ["reduce_sum", "reduce_mean", "exp", "tanh", "log1p", "softmax", "matmul", "pow"])
def test_where_operands_lie_in_memory_does_not_show(name):
    rng = np.random.default_rng(0)
    x = rng.uniform(0.1, 2.0, (37, 53)).astype(np.float32)
    attrs = {"reduce_sum": {"axis": (0, 1)}, "reduce_mean": {"axis": (0,)}, "softmax": {"axis": -1}}.get(name, {})
    other = rng.uniform(0.1, 2.0, (53, 29) if name == "matmul" else x.shape).astype(np.float32)
    more = [other] * (name in ("matmul", "pow"))
    record = opdef.get(name)
    (expected,) = interpreter.evaluate(record, [x, *more], record.complete(attrs))
    views = [np.asfortranarray(x), np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1], np.repeat(x, 2, axis=1)[:, ::2]]
    for view in views:
        assert np.array_equal(view, x) and not view.flags.c_contiguous
        assert same_bits(interpreter.evaluate(record, [view, *more], record.complete(attrs))[0], expected)
