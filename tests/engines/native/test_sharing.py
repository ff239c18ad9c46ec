"""Kernels that differ in their buffers alone are one function, and others are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.base import dtypes
from weft.base.dims import Dim
from weft.engines.native import cache, codegen
from weft.engines.native.index import Index, LoopVar
from weft.engines.native.loops import Buffer, Const, For, Get, Kernel, Load, Op, Register, Set, Store
from weft.engines.native.sharing import outline
from weft.runtime import dispatch


def _sum(
    names: str = "ab", dtype: Any = dtypes.float32, number: Any = 2.0, chunks: Any = 4, size: Any = 8,
    role: Any = "temp",
) -> Kernel:  # fmt: skip
    """b[chunk] = number * (the sum of a row of a)."""
    read, written = (Buffer(name, dtype, 64, role) for name in names)
    chunk, step, total = LoopVar(f"c{names}", chunks), LoopVar(f"s{names}", size), Register(f"t{names}", dtype)
    more = Op("add", (Get(total), Load(read, Index.of(chunk) * size + step)), dtype)
    body: list[Any] = [
        Set(total, Const(0, dtype)),
        For(step, Index.of(0), Index.of(size), [Set(total, more)]),
        Store([(written, Index.of(chunk), Op("multiply", (Get(total), Const(number, dtype)), dtype))]),
    ]
    return Kernel(f"sum_{names}", chunk, body, 8)


def test_names_do_not_count() -> None:
    first, second = _sum(), _sum("xy")
    assert outline(first)[0] == outline(second)[0]
    assert [buffer.name for buffer in outline(second)[1]] == ["x", "y"]


def test_sizes_that_are_not_known_yet_may_be_shared() -> None:
    size = Dim.fresh()
    assert outline(_sum(size=size))[0] == outline(_sum("xy", size=size))[0]
    assert outline(_sum(size=size))[0] != outline(_sum(size=Dim.fresh()))[0]


@pytest.mark.parametrize("other", [
    {"dtype": dtypes.float64}, {"number": 3.0}, {"number": 2}, {"chunks": 5}, {"size": 16}, {"role": "thread"},
])  # fmt: skip
def test_all_else_counts(other: dict[str, Any]) -> None:
    assert outline(_sum())[0] != outline(_sum("xy", **other))[0]


def test_signs_of_zero_count() -> None:
    assert outline(_sum(number=0.0))[0] != outline(_sum(number=-0.0))[0]


def test_two_buffers_are_not_one() -> None:
    a, b = Buffer("a", dtypes.float32, 4), Buffer("b", dtypes.float32, 4)

    def copy(read: Buffer, written: Buffer) -> Kernel:
        chunk = LoopVar("chunk", 4)
        return Kernel("copy", chunk, [Store([(written, Index.of(chunk), Load(read, Index.of(chunk)))])], 8)

    assert outline(copy(a, b))[0] == outline(copy(b, a))[0] != outline(copy(a, a))[0]


def test_an_expression_that_is_used_twice_is_not_two() -> None:
    buffer, chunk = Buffer("a", dtypes.float32, 4), LoopVar("chunk", 4)
    load = Load(buffer, Index.of(chunk))

    def square(left: Load, right: Load) -> Kernel:
        return Kernel("k", chunk, [Store([(buffer, Index.of(chunk), Op("multiply", (left, right), load.dtype))])], 8)

    assert outline(square(load, load))[0] != outline(square(load, Load(buffer, Index.of(chunk))))[0]


@pytest.mark.parametrize("checked", ["", "1"])
def test_repeated_layers_share_their_code(monkeypatch: pytest.MonkeyPatch, checked: str) -> None:
    """A network twice as deep has no more functions, and the right numbers."""
    texts: list[str] = []
    plain = codegen.to_object
    monkeypatch.setattr(codegen, "to_object", lambda text, target: (texts.append(text), plain(text, target))[1])
    monkeypatch.setenv("WEFT_CACHE", "off")
    monkeypatch.setenv("WEFT_CHECK", checked)

    def run(depth: int, engine: str) -> Any:
        dispatch.use_engine(engine)
        rng = np.random.default_rng(1)
        weights = [tf.Variable(rng.normal(0, 0.3, (12, 12)).astype("float32")) for _ in range(depth)]

        @tf.function
        def step(x: Any) -> Any:
            with tf.GradientTape() as tape:
                for weight in weights:
                    x = tf.tanh(x @ weight)
                loss = tf.reduce_sum(x * x)
            for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
                weight.assign_sub(0.01 * gradient)
            return loss

        x = rng.normal(size=(5, 12)).astype("float32")
        losses = [float(step(x)) for _ in range(3)]
        return losses, [weight.numpy() for weight in weights]

    try:
        for depth in (4, 8):
            found, wanted = run(depth, "native"), run(depth, "reference")
            np.testing.assert_allclose(found[0], wanted[0], rtol=1e-5)
            for own, other in zip(found[1], wanted[1], strict=True):
                np.testing.assert_allclose(own, other, rtol=2e-5, atol=1e-6)
    finally:
        dispatch.use_engine(None)
    functions = [text.count("define void @k") for text in texts if "define void @k" in text]
    assert len(functions) == 2 and functions[0] == functions[1]


def test_deep_graphs_are_put_in_the_same_order_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of a compiled graph does not depend on where Python's objects happen to lie."""
    texts: list[str] = []
    plain = codegen.to_object
    monkeypatch.setattr(codegen, "to_object", lambda text, target: (texts.append(text), plain(text, target))[1])
    monkeypatch.setenv("WEFT_CACHE", "off")
    dispatch.use_engine("native")
    kept = []
    try:
        for turn in range(3):
            cache.forget()
            kept.append([object() for _ in range(1000 * turn)])  # moves what comes later

            @tf.function(reduce_retracing=True)
            def wide(x: Any) -> Any:
                parts = [tf.reduce_sum(tf.sin(x * float(number)) @ x, axis=number % 2) for number in range(12)]
                return tf.reduce_sum(tf.stack(parts) * tf.stack(parts[::-1]), axis=0)

            wide(np.ones((9, 9), np.float32))
    finally:
        dispatch.use_engine(None)
    found = {text for text in texts if "define void @k" in text}
    assert len(found) == 1 and len(texts) >= 3
