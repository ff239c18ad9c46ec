"""Whether a pass has kept a graph's meaning: its interface, its types, its numbers on drawn inputs."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dims import Dim, evaluate
from weft.base.errors import DTypeError, InvalidArgumentError
from weft.base.locks import Lock
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ir.verifier import verify
from weft.ops import interpreter, opdef
from weft.ops.opdef import Effect

_TOLERANCE = {"float16": 2e-2, "bfloat16": 1e-1, "float32": 1e-3, "complex64": 1e-3}
_LARGEST = 1 << 20  # elements: larger graphs are not run to be compared


class _Cell:
    """A stand-in for a variable."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.lock = Lock()

    def read(self) -> Any:
        return self.value

    def take(self) -> None:
        """Nothing: what it holds is replaced, never changed."""

    def put_back(self) -> None:
        """Nothing was taken."""

    def write(self, value: Any) -> None:
        self.value = value


def interface_problem(before: Graph, after: Graph) -> str | None:
    """What differs in inputs, outputs or captures, if anything."""
    for what, first, second in zip(("inputs", "outputs"), before.types, after.types, strict=True):
        if first != second:
            return f"its {what} were {_types(first)} and are {_types(second)}."
    if list(before.captures) != list(after.captures):
        return "it captures other values than before."
    return None


def _types(types: Sequence[TensorType]) -> str:
    return "(" + ", ".join(map(str, types)) + ")"


def type_problem(graph: Graph) -> str | None:
    """The first node whose types are not what its op's rule says, sub-graphs included."""
    for node in graph.nodes:
        if node.op == "input":
            continue
        for subgraph in node.subgraphs():
            problem = type_problem(subgraph)
            if problem:
                return problem
        try:
            inferred = opdef.get(node.op).infer([v.type for v in node.inputs], node.attrs, node.source)
        except (InvalidArgumentError, DTypeError) as error:
            return f"node {node.name} does not take its inputs: {error}"
        if len(inferred) != len(node.outputs):
            return f"node {node.name} has {len(node.outputs)} outputs, its op {len(inferred)}."
        for value, type in zip(node.outputs, inferred, strict=True):
            if value.dtype is not type.dtype or not shapes.compatible(value.shape, type.shape):
                return f"{value.name} is {value.type}, its op says {type}."
    return None


def damage(graph: Graph) -> str | None:
    """What is wrong with a graph that a file holds; None where nothing is."""
    try:
        verify(graph)
        return type_problem(graph)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def numeric_problem(before: Graph, after: Graph) -> str | None:
    """How the results differ on inputs drawn for the graph; None too where it cannot be run by drawn inputs."""
    if _touches_the_world(before):
        return None
    for size in (None, 3):  # sizes drawn one by one; where these do not go together, all alike
        first, second = _drawn_inputs(before, size), _drawn_inputs(before, size)
        if first is None or second is None:
            return None
        try:
            expected = _run(before, first)
            break
        except Exception:
            continue
    else:
        return None  # the drawn inputs do not suit the graph (indices out of range, failing checks)
    try:
        actual = _run(after, second)
    except Exception as error:
        return f"it raises now: {error}"
    expected += [c.value for c in first if isinstance(c, _Cell)]
    actual += [c.value for c in second if isinstance(c, _Cell)]
    names = [v.name for v in before.outputs] + ["a variable"] * len(expected)
    for name, e, a in zip(names, expected, actual, strict=False):
        problem = _difference(e, a)
        if problem:
            return f"{name}: {problem}"
    return None


def _touches_the_world(graph: Graph) -> bool:
    nodes = [node for node in graph.nodes if node.op != "input"]
    if any(opdef.get(node.op).effect is Effect.HOST for node in nodes):
        return True
    return any(_touches_the_world(subgraph) for node in nodes for subgraph in node.subgraphs())


def _run(graph: Graph, inputs: Sequence[Any]) -> list[Any]:
    with np.errstate(all="ignore"):
        return interpreter.run(graph, inputs)


def _drawn_inputs(graph: Graph, size: int | None) -> list[Any] | None:
    """Arrays (and cells) that fit the inputs, the same ones for the same graph. Every symbol stands for `size`, or for
    a size of its own where that is None."""
    rng = np.random.default_rng(zlib.crc32(graph.name.encode()))
    sizes: dict[Any, int] = {}
    drawn = []
    for value in graph.inputs:
        type = value.type.handle if value.type.handle is not None else value.type
        shape = _drawn_shape(type, sizes, rng, size)
        if shape is None or type.dtype in (dtypes.string, dtypes.variant, dtypes.resource):
            return None
        array = _drawn_array(type, shape, rng)
        drawn.append(_Cell(array) if value.type.is_resource else array)
    return drawn


def _drawn_shape(
    type: TensorType, sizes: dict[Any, int], rng: np.random.Generator, size: int | None
) -> tuple[int, ...] | None:
    if type.shape is None:
        return None
    for dimension in type.shape:
        for symbol in sorted(dimension.symbols(), key=lambda s: s.index) if isinstance(dimension, Dim) else ():
            sizes.setdefault(symbol, int(rng.integers(2, 5)) if size is None else size)
    shape = tuple(evaluate(d, sizes) for d in type.shape)
    return shape if np.prod(shape, dtype=np.float64) <= _LARGEST else None


def _drawn_array(type: TensorType, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    if type.dtype.is_bool:
        return rng.integers(0, 2, shape).astype(bool)
    if type.dtype.is_integer:
        return rng.integers(0, 3, shape).astype(type.dtype.numpy)
    values = rng.uniform(-2, 2, shape)
    return np.asarray(values + 1j * rng.uniform(-2, 2, shape) if type.dtype.is_complex else values, type.dtype.numpy)


def _difference(expected: Any, actual: Any) -> str | None:
    if not isinstance(expected, np.ndarray) or not isinstance(actual, np.ndarray):
        return None
    if expected.dtype != actual.dtype or expected.shape != actual.shape:
        return f"was {expected.dtype}{expected.shape}, is {actual.dtype}{actual.shape}"
    if expected.dtype == object or expected.dtype.kind in "biu":
        return None if np.array_equal(expected, actual) else f"was {expected}, is {actual}"
    tolerance = _TOLERANCE.get(expected.dtype.name, 1e-9)
    wide = np.complex128 if expected.dtype.kind == "c" else np.float64
    e, a = expected.astype(wide), actual.astype(wide)
    with np.errstate(all="ignore"):
        scale = float(np.max(np.abs(e[np.isfinite(e)]), initial=1.0))
        # a stable form may give a number where the written-out one overflows
        worse = np.isfinite(e) & ~(np.abs(e - a) <= tolerance * scale)
    return f"was {expected[worse][:4]}, is {actual[worse][:4]}" if np.any(worse) else None


