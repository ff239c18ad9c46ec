"""What the op table's small cases do not reach: long rows, ties, large windows, errors, branches, unknown sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.base import dtypes, flags
from weft.engines.native.executable import Executable
from weft.engines.native.pieces import compile_graph
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops import interpreter
from weft.ops.builder import GraphBuilder
from weft.runtime import dispatch
from weft.testing import numeric

_RNG = np.random.default_rng(11)


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(flags._overrides, "WEFT_CHECK", "1")
    dispatch.use_engine("native")
    yield
    dispatch.use_engine(None)


def _both(op: str, *arrays: Any, tolerance: float = 0.0, **attrs: Any) -> None:
    """One op natively and by its reference."""
    graph = Graph("one")
    values = [graph.add_input(TensorType(a.shape, dtypes.as_dtype(a.dtype)), "x") for a in arrays]
    made = GraphBuilder(graph).call(op, *values, **attrs)
    graph.outputs = list(made) if isinstance(made, tuple) else [made]
    found = compile_graph(graph)
    assert isinstance(found, Executable), f"{op} runs on the host"
    results = found._run(list(arrays))
    assert results is not None, f"{op} fell back to the reference"
    with np.errstate(all="ignore"):
        expected = interpreter.run(graph, list(arrays))
    for actual, wanted in zip(results, expected, strict=True):
        problem = numeric.close(np.asarray(actual), np.asarray(wanted), tolerance)
        assert problem is None, f"{op} {attrs}: {problem}"


def _ties() -> Any:
    x = _RNG.integers(0, 20, (5, 333)).astype(np.float32)
    x[1, 5], x[1, 9], x[2] = np.nan, np.nan, -0.0
    return x


@pytest.mark.parametrize("direction", ["ASCENDING", "DESCENDING"])
@pytest.mark.parametrize("axis", [0, 1])
def test_equal_elements_stay_in_their_order(direction: str, axis: int) -> None:
    _both("argsort", _ties(), axis=axis, direction=direction)
    _both("argsort", _RNG.integers(-9, 9, (40, 41)), axis=axis, direction=direction)


@pytest.mark.parametrize("k", [1, 5, 32, 33, 333])
def test_the_greatest_of_long_rows(k: int) -> None:
    _both("top_k", _ties(), k=k)


@pytest.mark.parametrize("n", [0, 40, 300, 332])
def test_one_element_of_the_order(n: int) -> None:
    _both("nth_element", _ties(), n=n)


@pytest.mark.parametrize("side", ["left", "right"])
def test_places_in_a_sorted_sequence(side: str) -> None:
    sequence = np.sort(_RNG.integers(0, 99, (3, 100)), axis=1).astype(np.float32)
    values = _RNG.integers(-5, 105, (3, 77)).astype(np.float32)
    values[0, 0] = np.nan
    _both("searchsorted", sequence, values, side=side)


_LARGE = {"window": (9, 8), "strides": (2, 3), "dilations": (1, 1)}


@pytest.mark.parametrize("padding", ["SAME", "VALID", ((3, 2), (0, 5))])
def test_windows_that_are_not_written_out(padding: Any) -> None:
    x = _RNG.standard_normal((2, 17, 19, 3)).astype(np.float32)
    x[0, 3, 4, 1] = np.nan
    attrs = {**_LARGE, "padding": padding, "data_format": "channels_last"}
    _both("max_pool", x, **attrs)
    clean = np.nan_to_num(x)
    _both("avg_pool", clean, tolerance=1e-6, **attrs)
    y = interpreter.run(_pool(clean, attrs), [clean])[0]
    ct = _RNG.standard_normal(y.shape).astype(np.float32)
    _both("max_pool_gradient", clean, y, ct, tolerance=1e-6, **attrs)
    _both("max_pool_pick", clean, y, x, **attrs)
    _both("max_pool_with_argmax", clean, **attrs)
    _both("avg_pool_gradient", ct, input_shape=x.shape, tolerance=1e-6, **attrs)


def _pool(x: Any, attrs: Any) -> Graph:
    graph = Graph("pool")
    value = graph.add_input(TensorType(x.shape, dtypes.float32))
    graph.outputs = [GraphBuilder(graph).call("max_pool", value, **attrs)]
    return graph


@pytest.mark.parametrize("strides", [(1, 1), (2, 3)])
def test_a_convolution_padded_by_more_than_its_kernel(strides: tuple[int, int]) -> None:
    x, kernel = _RNG.standard_normal((2, 7, 6, 4)), _RNG.standard_normal((2, 2, 4, 5))
    attrs = {"strides": strides, "padding": ((3, 1), (2, 2)), "dilations": (1, 1)}
    graph = Graph("conv")
    values = [graph.add_input(TensorType(a.shape, dtypes.float64)) for a in (x, kernel)]
    graph.outputs = [GraphBuilder(graph).call("conv", *values, **attrs)]
    ct = _RNG.standard_normal(interpreter.run(graph, [x, kernel])[0].shape)
    _both("conv", x, kernel, tolerance=1e-12, **attrs)
    _both("conv_input_gradient", ct, kernel, input_shape=x.shape, tolerance=1e-12, **attrs)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint8, np.uint64])
@pytest.mark.parametrize("op", ["floordiv", "truncatediv", "floormod", "truncatemod"])
def test_division_of_integers(op: str, dtype: Any) -> None:
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    x = _RNG.integers(low, high, 200, dtype=dtype, endpoint=True)
    x[:3] = low, high, 0
    y = _RNG.integers(low, high, 200, dtype=dtype, endpoint=True)
    y[100:] //= max(1, high // 5)
    y[y == 0] = 3
    y[0] = -1 if low else 1  # the least integer by -1
    _both(op, x, y)


@pytest.mark.parametrize("op", ["floormod", "truncatemod"])
def test_remainders_of_floats(op: str) -> None:
    x = np.array([5.5, -5.5, 0.0, -0.0, 3.0, -3.0, 7.0, np.inf, 1.0, np.nan, 1e6, 0.3], np.float32)
    y = np.array([2.0, 2.0, -3.0, 3.0, np.inf, np.inf, -np.inf, 2.0, 0.0, 1.0, 0.37, 0.1], np.float32)
    _both(op, x, y, tolerance=0.0)
    _both(op, x.astype(np.float64), y.astype(np.float64), tolerance=0.0)


def test_an_integer_division_by_zero_changes_nothing() -> None:
    count = tf.Variable([1, 2])

    @tf.function
    def step(divisor: Any) -> Any:
        count.assign_add([1, 1])
        return tf.math.floordiv(count.read_value(), divisor)

    np.testing.assert_array_equal(step(tf.constant([1, 2])).numpy(), [2, 1])
    with pytest.raises(ValueError, match="element 1 of `y`"):
        step(tf.constant([1, 0]))
    np.testing.assert_array_equal(count.numpy(), [2, 3])


@pytest.mark.parametrize("bad", [-4, 3])
def test_an_index_out_of_range_after_a_write_changes_nothing(bad: int) -> None:
    held = tf.Variable([1.0, 2.0, 3.0])

    @tf.function
    def step(index: Any) -> Any:
        held.assign(held * 2.0)
        return tf.gather(held, index)

    step(tf.constant(2))
    with pytest.raises(ValueError, match=str(bad)):
        step(tf.constant(bad))
    np.testing.assert_array_equal(held.numpy(), [2.0, 4.0, 6.0])


def test_checks_by_the_user() -> None:
    @tf.function
    def checked(x: Any) -> Any:
        tf.debugging.assert_positive(x, message="all of them")
        return tf.debugging.check_numerics(tf.math.log(x), "logarithm")

    np.testing.assert_allclose(checked(tf.constant([1.0, 2.0])).numpy(), np.log([1.0, 2.0]), rtol=1e-6)
    with pytest.raises(ValueError, match="all of them"):
        checked(tf.constant([1.0, -2.0]))
    with pytest.raises(ValueError, match="logarithm"):
        checked(tf.constant([1.0, np.inf]))


# -- branches ---------------------------------------------------------------------------------------------------------


def test_branches_write_state_only_where_they_are_taken() -> None:
    held, calls = tf.Variable([1.0, 2.0, 3.0]), tf.Variable(0)

    def first(x: Any) -> Any:
        held.assign(held * 2.0)
        return tf.reduce_sum(x) + tf.gather(held, tf.cast(x[0], tf.int32))

    def second(x: Any) -> Any:
        def least() -> Any:
            held.assign_add([1.0, 1.0, 1.0])
            return tf.reduce_min(x)

        return tf.cond(x[1] > 0, lambda: tf.reduce_max(x), least)

    @tf.function
    def step(x: Any, way: Any) -> Any:
        calls.assign_add(1)
        old = held.read_value()
        return tf.cond(way, lambda: first(x), lambda: second(x)), old, held.read_value()

    def run(x: list[float], way: bool) -> list[Any]:
        return [t.numpy().tolist() for t in step(tf.constant(x), tf.constant(way))]

    assert run([1.0, 2.0, 0.0], True) == [7.0, [1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]
    assert run([1.0, -1.0, 0.0], False) == [-1.0, [2.0, 4.0, 6.0], [3.0, 5.0, 7.0]]
    assert run([1.0, 4.0, 0.0], False) == [4.0, [3.0, 5.0, 7.0], [3.0, 5.0, 7.0]]
    assert run([9.0, 4.0, 0.0], False) == [9.0, [3.0, 5.0, 7.0], [3.0, 5.0, 7.0]]  # 9 is no index of the other way
    with pytest.raises(ValueError, match="holds 9"):
        run([9.0, 4.0, 0.0], True)
    assert held.numpy().tolist() == [3.0, 5.0, 7.0] and calls.numpy() == 4


def test_a_branch_on_what_it_changes() -> None:
    flag = tf.Variable(True)

    @tf.function
    def turn() -> Any:
        return tf.cond(flag, lambda: (flag.assign(False), 1.0)[1], lambda: (flag.assign(True), 2.0)[1])

    assert [turn().numpy() for _ in range(4)] == [1.0, 2.0, 1.0, 2.0]


# -- random numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["random_bits", "random_uniform", "random_normal", "random_truncated_normal"])
@pytest.mark.parametrize("dtype", [dtypes.float32, dtypes.float64, dtypes.uint32, dtypes.int64])
def test_long_streams_are_the_references(op: str, dtype: dtypes.DType) -> None:
    if (op == "random_bits") is dtype.is_floating:
        return
    key, counter = np.array([7, 9], np.uint32), np.array([0xFFFFFFF0, 0xFFFFFFFF, 3, 0], np.uint32)
    _both(op, key, counter, shape=(3, 701), dtype=dtype, tolerance=1e-6 if dtype is dtypes.float32 else 1e-13)


def test_choices_and_orders_by_chance_are_the_references() -> None:
    key, counter = np.array([7, 9], np.uint32), np.array([5, 0], np.uint32)
    _both("random_permutation", key, counter, size=1000)
    logits = _RNG.standard_normal((4, 37)).astype(np.float32)
    logits[1, 3:] = -np.inf
    _both("random_categorical", key, counter, logits, num_samples=300)
    _both("random_integers", key, counter, np.array([-5, 0]), np.array([7, 2**60]), shape=(500, 2))


def test_a_generators_state_moves_on() -> None:
    found = []
    for engine in ("native", "reference"):
        dispatch.use_engine(engine)
        generator = tf.random.Generator.from_seed(3)
        draw = tf.function(lambda g=generator: g.normal([5]))
        found.append([draw().numpy() for _ in range(3)] + [generator.state.numpy()])
    for native, reference in zip(*found, strict=True):
        np.testing.assert_allclose(native, reference, rtol=1e-6)


# -- unknown sizes ----------------------------------------------------------------------------------------------------


def test_ranges_up_to_a_size() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, None])])
    def below(x: Any) -> Any:
        rows = tf.range(tf.shape(x)[1])
        return tf.where((rows[:, None] >= rows[None, :])[None], x[:, :, None] * x[:, None, :], -1.0)

    for shape in ((3, 4), (2, 5), (1, 1)):
        x = _RNG.standard_normal(shape).astype(np.float32)
        wanted = np.where(np.tri(shape[1], dtype=bool), x[:, :, None] * x[:, None, :], -1.0)
        np.testing.assert_allclose(below(tf.constant(x)).numpy(), wanted, rtol=1e-6)


def test_slices_of_unknown_sizes() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, None])])
    def parts(x: Any) -> Any:
        return x[1:, :-1], x[::-2], x[-3:, 2:9:3], tf.pad(x, [[1, 0], [0, 2]], constant_values=7.0)

    for shape in ((3, 4), (1, 1), (5, 11)):
        x = _RNG.standard_normal(shape).astype(np.float32)
        wanted = x[1:, :-1], x[::-2], x[-3:, 2:9:3], np.pad(x, [[1, 0], [0, 2]], constant_values=7.0)
        for actual, expected in zip(parts(tf.constant(x)), wanted, strict=True):
            np.testing.assert_array_equal(actual.numpy(), expected)


def test_sums_over_axes_of_one_element_are_no_sums() -> None:
    x = _RNG.standard_normal((5, 1, 37, 1)).astype(np.float32)
    for op in ("reduce_sum", "reduce_mean", "reduce_max"):
        for axis in ((3,), (1, 3), (1, 2)):
            for keepdims in (False, True):
                _both(op, x, axis=axis, keepdims=keepdims, tolerance=2e-6)


def _joined_twice(axis: int, *parts: Any) -> Any:
    whole = tf.concat([tf.exp(part) for part in parts], axis)
    return tf.reduce_sum(whole, axis), tf.tanh(whole), whole[:, 1:], whole


@pytest.mark.parametrize(
    ("axis", "sizes"), [(0, (3, 5)), (1, (16, 37, 20)), (1, (256, 0, 64)), (1, (3, 40)), (-1, (17, 16))]
)
def test_a_concatenation_that_is_stored_is_written_part_by_part(axis: int, sizes: tuple[int, ...]) -> None:
    shapes = [(size, 33) if axis == 0 else (6, size) for size in sizes]
    parts = [_RNG.normal(size=shape).astype(np.float32) for shape in shapes]
    specs = [tf.TensorSpec((None, *shape[1:]), tf.float32) for shape in shapes]
    whole = np.concatenate([np.exp(part) for part in parts], axis)
    for signature in (None, specs):  # rows of a known number, and of any
        function = tf.function(lambda *given: _joined_twice(axis, *given), input_signature=signature)
        found = function(*parts)
        for got, wanted in zip(found, (whole.sum(axis), np.tanh(whole), whole[:, 1:], whole), strict=True):
            np.testing.assert_allclose(got.numpy(), wanted, rtol=2e-6)
