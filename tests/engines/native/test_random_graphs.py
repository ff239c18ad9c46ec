"""Random graphs on the native engine and by the reference: the same numbers, the same state, the same refusals.

Some hundreds by default. With RANDOM_GRAPHS=5000 and RANDOM_GRAPHS_FROM=100000 in the environment this file tries as
many others, from that seed on.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from weft.autodiff.subgraph import gradient_graph
from weft.base import dtypes, flags
from weft.base.dims import symbols_of
from weft.base.errors import UnavailableError
from weft.engines.native import target
from weft.engines.native.pieces import compile_graph
from weft.ir.graph import Graph, Node
from weft.ir.types import TensorType
from weft.ops import interpreter
from weft.ops.builder import GraphBuilder
from weft.passes import pipeline
from weft.testing import numeric, random_graphs
from weft.testing.numeric import Array, Cell

pytestmark = pytest.mark.either_schedule

COUNT = int(os.environ.get("RANDOM_GRAPHS", "240"))
FROM = int(os.environ.get("RANDOM_GRAPHS_FROM", "0"))
#: seeds that gave wrong numbers once
ONCE_WRONG = (193, 223, 233, 627, 819, 843, 1521, 1548, 1827, 3158, 5369, 5718, 8754)
_BLOCK = 20  # graphs of one test
_BATCHES = (3, 1, 5, 37)
_TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


class _InPlace(Cell):
    """A variable whose array nobody else holds: native code changes it where it lies."""

    def take(self) -> Any:
        return self.value


def _made(seed: int) -> tuple[Graph, list[tuple[str, list[Any]]]]:
    """A graph of a kind that the seed tells, and inputs of several batch sizes."""
    symbolic, state, control = seed % 2 == 0, seed % 3 == 0, seed % 5 == 0
    width = (4, 16, 18, 40)[seed // 2 % 4]
    graph, _ = random_graphs.make(
        seed, size=25, symbolic=symbolic, state=state, control=control, stable=seed % 7 == 0, rich=seed % 4 > 0,
        width=width,
    )  # fmt: skip
    return _prepared(seed, graph, symbolic, gradients=not state and not control and seed % 3 == 1)


def _made_of_products(seed: int) -> tuple[Graph, list[tuple[str, list[Any]]]]:
    """A graph of products, attention and normalisations with axes in all orders, or its gradient."""
    symbolic = seed % 2 == 0
    graph, _ = random_graphs.make(
        seed, size=28, symbolic=symbolic, rich=seed % 5 == 0, products=True, width=(8, 16, 18, 32)[seed // 2 % 4]
    )
    return _prepared(seed, graph, symbolic, gradients=seed % 4 > 0)


def _prepared(seed: int, graph: Graph, symbolic: bool, gradients: bool) -> tuple[Graph, list[tuple[str, list[Any]]]]:
    batches = _BATCHES if symbolic else _BATCHES[:1]
    if gradients:
        graph = _with_gradients(graph)
    if seed % 8 > 2:
        with flags.override(WEFT_CHECK=0):  # which the passes' own tests are for
            graph = pipeline.run(graph)
    return graph, [(f"batch {batch}", random_graphs.inputs_for(graph, seed, batch)) for batch in batches]


def _with_gradients(graph: Graph) -> Graph:
    """The gradient with respect to the float inputs, where there is one."""
    wrt = [i for i, value in enumerate(graph.inputs) if value.dtype.is_floating]
    made = gradient_graph(graph, wrt) if wrt else graph
    before, after = ({s for v in g.inputs for d in v.shape or () for s in symbols_of(d)} for g in (graph, made))
    return made if after <= before else graph  # where no result has a size that only a run can tell


def _run(graph: Graph, inputs: Sequence[Any], runner: Any, kind: type[Cell] = Cell) -> list[Array]:
    """The results, followed by what the variables hold in the end."""
    cells = {id(v): kind(v.value.copy()) for v in inputs if isinstance(v, Cell)}
    with np.errstate(all="ignore"):
        results = runner.run([cells.get(id(v), v) for v in inputs])
    return [*map(np.asarray, results), *(cell.value for cell in cells.values())]


def problem(graph: Graph, inputs: Sequence[Any]) -> str | None:
    """How the native engine's results differ from the reference's."""
    reference = interpreter.Program(graph)
    native = compile_graph(graph)
    try:
        expected = _run(graph, inputs, _Start(reference))
    except Exception as wanted:
        try:
            _run(graph, inputs, native)
        except type(wanted):
            return None
        return f"no error, expected {wanted!r}"
    spread: list[tuple[Array, Array]] | None = None
    for kind in (Cell, _InPlace):
        actual = _run(graph, inputs, native, kind)
        for position, (found, right) in enumerate(zip(actual, expected, strict=True)):
            if found.dtype != right.dtype or found.shape != right.shape:
                return f"output {position} is {found.dtype}{found.shape}, expected {right.dtype}{right.shape}"
            text = numeric.close(found, right, _TOLERANCE.get(right.dtype.name, 0.0))
            if text is None:
                continue
            if spread is None:
                spread = _spread(graph, inputs, reference, expected)
            if not _within(found, *spread[position]):
                return f"output {position} ({kind.__name__}): {text}"
    return None


class _Start:
    def __init__(self, program: Any, hook: Callable[[Node, Sequence[Any]], None] | None = None) -> None:
        self.program, self.hook = program, hook

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        found: list[Any] = self.program.start(inputs, self.hook)
        return found


def _spread(
    graph: Graph, inputs: Sequence[Any], reference: Any, expected: Sequence[Array]
) -> list[tuple[Array, Array]]:
    """The least and greatest results when every float is off by a few units in the last place.

    What is floored, compared or divided by a difference may then be something else altogether.
    """
    low, high = [e.astype(np.float64) for e in expected], [e.astype(np.float64) for e in expected]
    rng = np.random.default_rng(7)

    def shake(widely: bool, node: Node, arrays: Sequence[Any]) -> None:
        for array in arrays:
            if isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.flags.writeable and array.size:
                unit = np.finfo(array.dtype).eps
                scale = np.max(np.abs(array[np.isfinite(array)]), initial=0.0) / 8 * widely
                step = rng.integers(-8, 9, array.shape) if widely else rng.integers(-1, 2, array.shape) / 2
                array += (step * unit * (np.abs(array) + scale)).astype(array.dtype)

    for turn in range(60):
        given = [v.copy() if isinstance(v, np.ndarray) else v for v in inputs]
        try:
            found = _run(graph, given, _Start(reference, functools.partial(shake, turn % 2 == 1)))
        except Exception:
            continue
        for position, array in enumerate(found):
            if array.shape == low[position].shape:
                with np.errstate(all="ignore"):
                    low[position] = np.fmin(low[position], array)
                    high[position] = np.fmax(high[position], array)
    return list(zip(low, high, strict=True))


def _within(found: Array, low: Array, high: Array) -> bool:
    a = found.astype(np.float64)
    room = 2 * (high - low) + 1e-5 * np.maximum(np.abs(low), np.abs(high)) * (found.dtype.kind == "f")
    with np.errstate(all="ignore"):
        return bool(np.all((a >= low - room) & (a <= high + room) | np.isnan(a) & np.isnan(low) | (a == low)))


def check(seed: int, made: Callable[[int], tuple[Graph, list[tuple[str, list[Any]]]]] = _made) -> None:
    """Compares all batch sizes of one seed's graph; shows a small graph where they differ."""
    graph, given = made(seed)
    for label, inputs in given:
        found = problem(graph, inputs)
        if found:
            small = random_graphs.shrink(graph, functools.partial(_differs, inputs))
            raise AssertionError(f"seed {seed}, {label}: {found}\n{_fails(small, inputs)}\n{small}")


def _differs(inputs: Sequence[Any], graph: Graph) -> bool:
    return _fails(graph, inputs) is not None


def _fails(graph: Graph, inputs: Sequence[Any]) -> str | None:
    if any(value.type.is_resource for value in graph.outputs):
        return None
    try:
        return problem(graph, inputs)
    except Exception as error:
        return repr(error)


def _all(seeds: Sequence[int], made: Any = _made, **settings: Any) -> None:
    with flags.override(WEFT_CHECK=1, WEFT_CACHE="off", **settings):
        for seed in seeds:
            check(seed, made)


@pytest.mark.parametrize("first", range(FROM, FROM + COUNT, _BLOCK))
def test_random_graphs_give_the_references_numbers(first: int) -> None:
    _all(range(first, min(first + _BLOCK, FROM + COUNT)))


@pytest.mark.parametrize("first", range(FROM, FROM + COUNT // 8, _BLOCK))
def test_random_products_in_all_orders(first: int) -> None:
    _all(range(first, min(first + _BLOCK, FROM + COUNT // 8)), _made_of_products)


@pytest.mark.parametrize("name", ["avx2", "x86-64", "neon"])
def test_random_graphs_on_lesser_processors(name: str) -> None:
    try:
        target.find(name)
    except UnavailableError as error:
        pytest.skip(str(error))
    _all(range(FROM + 50_000, FROM + 50_000 + COUNT // 8), WEFT_TARGET=name)


def test_graphs_that_were_wrong_once() -> None:
    _all(ONCE_WRONG)


# Shrunk from random graphs -------------------------------------------------------------------------------------------


def _alike(build: Callable[..., Any], *arrays: Array) -> None:
    graph = Graph("shrunk")
    values = [graph.add_input(TensorType(array.shape, dtypes.as_dtype(array.dtype))) for array in arrays]
    graph.outputs = [build(GraphBuilder(graph), *values)]
    with flags.override(WEFT_CHECK=1, WEFT_CACHE="off"):
        assert problem(graph, list(arrays)) is None


_SQUARE = np.random.default_rng(0).standard_normal((40, 40)).astype(np.float32)


def test_a_rolled_operand_after_a_product() -> None:
    _alike(lambda b, x: b.add(b.tanh(b.matmul(x, x)), b.call("roll", x, shift=(3,), axis=(0,))), _SQUARE)


def test_a_sorted_operand_after_a_product() -> None:
    def build(b: Any, x: Any) -> Any:
        first = b.tanh(b.matmul(x, x))
        return b.add(b.call("sort", first, axis=0, direction="DESCENDING"), b.tanh(b.matmul(first, first)))

    _alike(build, _SQUARE[:4, :4].copy())


def test_every_other_place_from_the_last_to_the_first() -> None:
    def build(b: Any, x: Any) -> Any:
        spread = b.call("strided_slice_grad", x, index=(("slice", 0, None, 2),), shape=(9,))
        return b.call("cumsum", spread, axis=0, exclusive=True, reverse=True)

    _alike(build, np.arange(1, 6, dtype=np.float32))


def test_maps_of_as_many_points_beside_sums_of_rows() -> None:
    def build(b: Any, x: Any) -> Any:
        order = b.call("tile", b.call("sort", x, axis=1, direction="DESCENDING"), multiples=(1, 2))
        return b.add(b.call("reduce_variance", x, axis=(1,), keepdims=True), order)

    _alike(build, _SQUARE.astype(np.float64))
