"""Variables that are read and written in one step: what is read before a write is what was there before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.base import flags
from weft.runtime import dispatch


@pytest.fixture(autouse=True)
def _checked() -> Iterator[None]:
    with flags.override(WEFT_CHECK=1, WEFT_CACHE="off"):
        yield
    dispatch.use_engine(None)


def _run(engine: str, step: Callable[..., Any], values: list[Any]) -> list[Any]:
    dispatch.use_engine(engine)
    variables = [tf.Variable(value) for value in values]
    function = tf.function(lambda: step(*variables))
    result: Any = None
    for _ in range(3):
        result = function()
    return [*(np.asarray(r) for r in tf.nest.flatten(result)), *(v.numpy() for v in variables)]


def _same(step: Callable[..., Any], *values: Any) -> None:
    given = [np.asarray(value, np.float32) for value in values]
    for found, wanted in zip(_run("native", step, given), _run("reference", step, given), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


_ROW = np.arange(40.0)
_SQUARE = np.arange(400.0).reshape(20, 20) / 40
_STEPS: dict[str, Callable[[Any], Any]] = {
    "rolled": lambda v: (v.assign(tf.roll(v, 1, 0)), v.read_value()),
    "reversed": lambda v: v.assign_sub(tf.reverse(v, [0])),
    "transposed": lambda v: v.assign(tf.transpose(v)),
    "softmax of columns": lambda v: v.assign(tf.nn.softmax(v, axis=0)),
    "less its mean": lambda v: v.assign(v - tf.reduce_mean(v)),
    "summed from the end": lambda v: v.assign(tf.cumsum(v, reverse=True)),
    "gathered": lambda v: v.assign(tf.gather(v, tf.range(v.shape[0] - 1, -1, -1))),
    "sorted": lambda v: v.assign(tf.sort(v * -1.0, axis=0)),
    "halves exchanged": lambda v: v.assign(v[::-1] + tf.concat([v[10:], v[:10]], 0)),
    "times itself": lambda v: v.assign(tf.matmul(v, v) / 300 if v.shape.rank == 2 else v * v / 40),
}


@pytest.mark.parametrize("start", [_ROW, _SQUARE], ids=["row", "square"])
@pytest.mark.parametrize("name", _STEPS)
def test_elements_written_over_are_read_first(name: str, start: Any) -> None:
    _same(_STEPS[name], start)


def test_a_long_variable_reversed_by_many_chunks() -> None:
    _same(_STEPS["reversed"], np.random.default_rng(0).standard_normal(100_000))


def test_values_go_round() -> None:
    def swap(a: Any, b: Any, c: Any) -> Any:
        old = a * 1.0, b + 0.0, c.read_value()
        a.assign(old[1])
        b.assign(old[2])
        c.assign(old[0])
        return old[0]

    _same(swap, _ROW, -_ROW, _ROW * 2)


def test_what_was_added_is_used_afterwards() -> None:
    def step(v: Any) -> Any:
        change = tf.tanh(v)
        v.assign_sub(change)
        return tf.tanh(v.assign_add(change * 0.5)), change

    _same(step, _ROW)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_branch_gives_back_what_it_wrote_over(sign: float) -> None:
    def step(v: Any, w: Any) -> Any:
        before = v.read_value()

        def then() -> Any:
            old = v.read_value()
            v.assign(w)
            w.assign(before * 2.0)
            return old

        def other() -> Any:
            old = v + 0.0
            v.assign_add(tf.ones(40))
            return old

        return tf.cond(tf.reduce_sum(v) > 0.0, then, other) + before, v.read_value()

    _same(step, sign * _ROW, sign * _ROW - 3)


def test_a_variable_that_comes_in_twice_is_one() -> None:
    def step(v: Any) -> Any:
        @tf.function
        def inner(a: Any, b: Any) -> Any:
            old = a[::2] * 1.0
            b.assign(tf.tanh(a))
            return old, a.read_value()

        return inner(v, v)

    for engine in ("native", "reference"):
        dispatch.use_engine(engine)
        v = tf.Variable(np.linspace(-1, 1, 20, dtype=np.float32))
        wanted = v.numpy()
        old, new = step(v)
        np.testing.assert_array_equal(old.numpy(), wanted[::2])
        np.testing.assert_allclose(new.numpy(), np.tanh(wanted), rtol=1e-6)


@pytest.mark.parametrize("checked", [0, 1])
def test_rows_that_are_read_in_another_shape_are_read_before_they_are_written(checked: int) -> None:
    x, y, start = (np.random.default_rng(0).standard_normal(shape) for shape in ((4, 6), (4, 3, 2), (4, 6)))
    found = {}
    for engine in ("reference", "native"):
        dispatch.use_engine(engine)
        held = tf.Variable(start)

        @tf.function
        def step(x: Any, y: Any, held: Any = held) -> Any:
            more = tf.exp(x)
            terms = tf.exp(tf.reshape(held, [4, 3, 2]) * tf.reshape(more, [4, 3, 2]) * y * 0.1)
            held.assign(more * 2.0)
            return tf.reduce_sum(terms, [1, 2])

        with flags.override(WEFT_CHECK=checked):
            found[engine] = step(tf.constant(x), tf.constant(y)).numpy()
    np.testing.assert_allclose(found["native"], found["reference"], rtol=1e-12)


_WEIGHTS = np.random.default_rng(1).integers(-9, 9, (9, 9))
_ROWS = np.random.default_rng(2).integers(-9, 9, (4, 9))


@pytest.mark.parametrize("checked", [0, 1])
@pytest.mark.parametrize("dtype", ["int8", "float16", "bfloat16"])
def test_a_product_behind_an_assignment_has_the_new_weights(dtype: str, checked: int) -> None:
    """Products widen such weights first, once for all that read them."""
    found = {}
    for engine in ("reference", "native"):
        dispatch.use_engine(engine)
        weights, x = tf.Variable(tf.cast(_WEIGHTS, dtype)), tf.cast(_ROWS, dtype)
        to = tf.int32 if dtype == "int8" else None

        @tf.function
        def step(weights: Any = weights, x: Any = x, to: Any = to) -> Any:
            before = tf.matmul(x, weights, output_type=to)
            weights.assign_sub(weights * 2)
            return before, tf.matmul(x, weights, output_type=to)

        with flags.override(WEFT_CHECK=checked):
            found[engine] = [np.asarray(tf.cast(r, tf.float32)) for _ in range(2) for r in step()]
    for one, other in zip(found["native"], found["reference"], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", ["int8", "float16"])
def test_products_in_branches_and_behind_them_widen_their_weights_themselves(dtype: str) -> None:
    found = {}
    for engine in ("reference", "native"):
        dispatch.use_engine(engine)
        weights, x = tf.Variable(tf.cast(_WEIGHTS, dtype)), tf.cast(_ROWS, dtype)
        to = tf.int32 if dtype == "int8" else None

        def product(weights: Any = weights, x: Any = x, to: Any = to) -> Any:
            return tf.cast(tf.matmul(x, weights, output_type=to), tf.float32)

        def changed(product: Any = product, weights: Any = weights) -> Any:
            weights.assign_add(weights)
            return product() * 2.0

        @tf.function
        def step(p: Any, product: Any = product, changed: Any = changed) -> Any:
            return tf.cond(p, changed, lambda: product() * 3.0) + product()

        found[engine] = [step(tf.constant(p)).numpy() for p in (False, True, False)]
    for one, other in zip(found["native"], found["reference"], strict=True):
        np.testing.assert_array_equal(one, other)


def test_every_other_element_of_a_variable_is_taken_anew_after_an_assignment() -> None:
    kernel = np.random.default_rng(3).standard_normal((1, 1, 4, 6)).astype(np.float32)

    def step(v: Any) -> Any:
        before = tf.nn.conv2d(v, kernel, 2, "VALID")
        v.assign(v * 0.5 + 1.0)
        return before, tf.nn.conv2d(v, kernel, 2, "VALID")

    _same(step, np.random.default_rng(4).standard_normal((1, 8, 8, 4)))


def test_rows_that_a_variable_names_are_found_anew_after_an_assignment() -> None:
    found = {}
    for engine in ("reference", "native"):
        dispatch.use_engine(engine)
        ids, table, held = tf.Variable([1, 2, 2]), tf.Variable(tf.ones([5, 3])), tf.Variable(tf.ones([5, 3]))

        @tf.function
        def step(ids: Any = ids, table: Any = table, held: Any = held) -> Any:
            results = []
            for _ in range(2):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum(tf.gather(table, ids) ** 2)
                held.assign(held * 0.5 + tf.convert_to_tensor(tape.gradient(loss, table)))
                ids.assign(ids + 1)
                results.append(held.read_value())
            return results

        found[engine] = [r.numpy() for r in step()]
    for one, other in zip(found["native"], found["reference"], strict=True):
        np.testing.assert_array_equal(one, other)
