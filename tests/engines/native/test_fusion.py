"""Which nests share a walk: only those that read what others make where it is made, however that is stored."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import weft as tf
from tests.engines.native.test_random_graphs import problem
from weft.base import dtypes, flags
from weft.engines.native import compiler, rules
from weft.engines.native.fusion import Fusion, Group
from weft.engines.native.index import Index
from weft.engines.native.kernels import Plan, kernel_of
from weft.engines.native.loops import Buffer, Expr, Kernel, Op
from weft.engines.native.lower import Lowering, Nest
from weft.engines.native.problems import Unordered
from weft.engines.native.sources import Indices, Memory
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops.builder import GraphBuilder
from weft.testing import random_graphs

assert rules  # to be loaded before what it needs


def _memory(name: str, shape: tuple[int, ...], order: tuple[int, ...] | None = None) -> Memory:
    """Room for a tensor whose axes lie in an order."""
    buffer, strides = Buffer(name, dtypes.float32, math.prod(shape)), [0] * len(shape)
    step = 1
    for axis in reversed(order or range(len(shape))):
        strides[axis], step = step, step * shape[axis]
    return Memory(buffer, shape, tuple(strides))


def _map(given: Memory, output: Memory, read: Callable[[Indices], Indices] = lambda place: place) -> Nest:
    def value(place: Indices, _: Indices) -> Expr:
        return Op("tanh", (given.at(read(place)),), dtypes.float32)

    return Nest(output.shape, value, output, name=output.buffer.name)


def _rows(given: Memory, output: Memory) -> Nest:
    rank = len(output.shape)
    return Nest(output.shape, lambda place, within: given.at((*place, *within)), output, given.shape[rank:], "add",
                output.buffer.name)  # fmt: skip


def _together(*nests: Nest) -> list[list[str]]:
    """The names of the nests that share a walk, and the stages in which they run."""
    groups = Fusion(list(nests)).groups
    return [[f"{nest.name}{group.stages[nest]}" for nest in group.nests] for group in groups]


def test_a_map_that_reads_what_another_leaves_in_another_order() -> None:
    given, turned = _memory("given", (4, 6)), _memory("turned", (4, 6), (1, 0))
    first = _map(given, turned)
    assert _together(first, _map(turned, _memory("next", (4, 6)))) == [["turned0", "next0"]]
    flat = Memory(turned.buffer, (4, 6))  # in the order in which it lies: other elements
    assert _together(first, _map(flat, _memory("next", (4, 6)))) == [["turned0"], ["next0"]]


def test_a_map_behind_rows_that_lie_in_another_order() -> None:
    given, turned, sums = _memory("given", (4, 6)), _memory("turned", (4, 6), (1, 0)), _memory("sums", (4,))
    first, second = _map(given, turned), _rows(given, sums)
    assert _together(first, second) == [["turned0", "sums0"]]
    assert _together(first, second, _map(turned, _memory("next", (4, 6)))) == [["turned0", "sums0", "next0"]]
    flat = Memory(turned.buffer, (4, 6))
    assert _together(first, second, _map(flat, _memory("next", (4, 6))))[1:] == [["next0"]]
    reversed_ = _map(turned, _memory("next", (4, 6)), lambda place: (place[0], Index.of(5) - place[1]))
    assert _together(first, second, reversed_)[1:] == [["next0"]]


def test_a_part_of_what_a_longer_walk_makes_waits_for_it() -> None:
    given, whole, sums = _memory("given", (4, 5, 8)), _memory("whole", (4, 5, 8)), _memory("sums", (4,))
    first, second = _map(given, whole), _rows(whole, sums)
    part = _map(whole, _memory("part", (4, 3, 8)))
    assert _together(first, second, part) == [["whole0", "sums0", "part1"]]


def test_what_is_overwritten_is_read_before_in_whatever_order_it_lies() -> None:
    held, other = _memory("held", (4, 6), (1, 0)), _memory("other", (4, 6))
    reader, writer = _map(held, _memory("read", (4, 6))), _map(other, held)
    assert _together(reader, writer) == [["read0", "held0"]]
    across = _map(Memory(held.buffer, (4, 6)), _memory("read", (4, 6)))
    assert _together(across, writer) == [["read0"], ["held0"]]


def test_a_part_beside_sums_of_the_whole() -> None:
    """The part was read before it was made."""
    graph = Graph("part")
    b, x = GraphBuilder(graph), graph.add_input(TensorType((40, 5, 8), dtypes.float32))
    y = b.tanh(x)
    part = b.call("strided_slice", y, index=(("slice", None, None, None), ("slice", None, 3, None)))
    graph.outputs = [b.multiply(part, 2.0), b.call("reduce_sum", y, axis=(1, 2))]
    given = np.random.default_rng(0).normal(size=(40, 5, 8)).astype(np.float32)
    with flags.override(WEFT_CHECK=1, WEFT_CACHE="off"):
        assert problem(graph, [given]) is None


@pytest.mark.parametrize("seed", range(24))
def test_results_may_lie_in_any_order(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random graphs with what they store in between stored with its axes in a random order."""
    rng = np.random.default_rng(seed)
    temporary = Lowering.temporary

    def stored(self: Lowering, source: Any, name: str = "t") -> Any:
        if isinstance(source, Memory):
            return source
        known = getattr(source, "stored", None)
        if known is None:
            order = [int(axis) for axis in rng.permutation(len(source.shape))]
            made = temporary(self, tuple(source.shape[axis] for axis in order), source.dtype, name)
            strides = tuple(made.strides[order.index(axis)] for axis in range(len(source.shape)))
            known = source.stored = Memory(made.buffer, source.shape, strides)
            self.nests.append(Nest(source.shape, lambda place, _: source.at(place), known, name=name))
        return known

    monkeypatch.setattr(Lowering, "memory", stored)
    graph, _ = random_graphs.make(seed, size=24, symbolic=seed % 2 == 0, products=seed % 4 < 2, width=(8, 18)[seed % 2])
    with flags.override(WEFT_CHECK=1, WEFT_CACHE="off"):
        for batch in (3, 5) if seed % 2 == 0 else (3,):
            assert problem(graph, random_graphs.inputs_for(graph, seed, batch)) is None


def test_nests_that_may_not_share_a_walk_are_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nests whose order a kernel cannot tell get walks of their own, and the numbers are right."""
    refused = []

    def picky(group: Group, name: str, plan: Plan) -> Kernel:
        if len(group.nests) > 1 and group.kind in ("map", "rows", "column", "template"):
            refused.append(group)
            raise Unordered(name)
        return kernel_of(group, name, plan)

    monkeypatch.setattr(compiler, "kernel_of", picky)
    with flags.override(WEFT_CHECK=1, WEFT_CACHE="off"):
        for seed in range(6):
            graph, _ = random_graphs.make(seed, size=24, symbolic=False, products=seed % 2 == 0, width=8)
            assert problem(graph, random_graphs.inputs_for(graph, seed, 3)) is None, seed
    assert len(refused) > 6


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 7, 9, 17])
@pytest.mark.parametrize("sizes", [(5, 7), (9, 12), (40, 33), (3, 6000)])
def test_short_rows(channels: int, sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(channels)
    image = rng.integers(0, 256, (2, *sizes, channels), np.uint8)
    mean, column = rng.random(channels, np.float32), rng.random((sizes[0], 1, 1), np.float32)

    def change(image: Any, mean: Any, column: Any) -> Any:
        x = (tf.cast(image, tf.float32) - mean) / (column + 1.0)
        return tf.reverse(x, [2])[:, 1:, :-1], tf.cast(x * 1e3, tf.int64) // 7

    for found, expected in zip(tf.function(change)(image, mean, column), change(image, mean, column), strict=True):
        np.testing.assert_array_equal(found, expected)
