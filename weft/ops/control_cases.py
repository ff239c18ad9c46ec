"""Test cases of the ops that hold graphs: small functions, branches, loops and scans, made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops.builder import GraphBuilder
from weft.ops.opdef import Case

_F64 = (dtypes.float64,)
Function = Callable[..., Any]


def graph_of(name: str, shapes: Sequence[tuple[Any, ...]], function: Function) -> Graph:
    """A graph on float64 inputs of these shapes; the function takes a builder and the inputs."""
    graph = Graph(name)
    values = [graph.add_input(TensorType(shape, dtypes.float64), f"x{i}") for i, shape in enumerate(shapes)]
    made = function(GraphBuilder(graph), *values)
    graph.outputs = list(made) if isinstance(made, (tuple, list)) else [made]
    return graph


def _case(*inputs: Any, grad: int = 2, name: str = "", **attrs: Any) -> Case:
    return Case(inputs, attrs, dtypes=_F64, grad=grad, name=name)


def call() -> list[Case]:
    """A function of two values with two results, and one that returns its argument."""
    product = graph_of("product", [(2, 3), (3,)], lambda b, x, y: (b.multiply(x, b.exp(y)), b.sin(x)))
    same = graph_of("same", [()], lambda b, x: x)
    return [_case((2, 3), (3,), graph=product), _case((), graph=same)]


def cond() -> list[Case]:
    """Both ways through a branch, and branches that ignore an input."""
    then_graph = graph_of("then", [(3,), ()], lambda b, x, y: b.multiply(b.square(x), y))
    else_graph = graph_of("else", [(3,), ()], lambda b, x, y: b.exp(x))
    return [_case(np.array(flag), (3,), (), then_graph=then_graph, else_graph=else_graph, name=str(flag))
            for flag in (True, False)]  # fmt: skip


def _loop() -> tuple[Graph, Graph]:
    # (step, x; captured factor): x = sin(x * factor) while step < 3
    shapes = [(), (2,), (2,)]
    body = graph_of("body", shapes, lambda b, i, x, w: (b.add(i, 1.0), b.sin(b.multiply(x, w))))
    return body, graph_of("condition", shapes, lambda b, i, x, w: b.less(b.abs(i), 3.0))  # ends for -inf too


def while_loop() -> list[Case]:
    """Three steps, one step at most, and none; a vector that grows, whose states are stacked padded."""
    body, condition = _loop()
    sizes = [(), (Dim.fresh(),)]
    growing = graph_of("growing", sizes, lambda b, i, x: (b.add(i, 1.0), b.concat(b.sin(x), x, axis=0), x))
    below = graph_of("below", sizes, lambda b, i, x: b.less(b.abs(i), 3.0))
    start = np.array(0.5)  # so that a small change of it does not change the number of steps
    return [
        _case(start, (2,), (2,), body=body, condition=condition, count=2),
        _case(start, (2,), (2,), body=body, condition=condition, count=2, maximum=1, name="bounded"),
        _case(np.array(5.0), (2,), (2,), body=body, condition=condition, count=2, name="no step"),
        _case(start, (2,), body=growing, condition=below, count=2, ragged=(0,), name="growing"),
    ]


def scan() -> list[Case]:
    """A recurrence forwards and backwards, with a captured weight, and without steps; a vector that grows."""
    shapes = [(2,), (2,), (2,)]  # carry, row, captured weight
    body = graph_of("body", shapes, _recurrence)
    attrs: dict[str, Any] = {"body": body, "carries": 1, "sequences": 1}
    growing = graph_of("growing", [(Dim.fresh(),), (2,)], lambda b, h, x: (b.concat(b.sin(h), x, axis=0), h))
    moving: dict[str, Any] = {"body": growing, "carries": 1, "sequences": 1, "moves": True, "ragged": (0,)}
    return [
        _case((2,), (3, 2), (2,), length=3, **attrs),
        _case((1,), (3, 2), length=3, name="growing", **moving),
        _case((1,), (3, 2), length=3, backwards=True, name="growing backwards", **moving),
        _case((1,), (0, 2), length=0, name="not growing", **moving),
        _case((2,), (3, 2), (2,), length=3, backwards=True, name="backwards", **attrs),
        _case((2,), (0, 2), (2,), length=0, name="no step", **attrs),
    ]


def _recurrence(b: Any, h: Any, x: Any, w: Any) -> tuple[Any, Any]:
    new = b.tanh(b.add(b.multiply(h, w), x))
    return new, b.square(new)


def _double(b: Any, node: Any, cts: Any) -> list[Any]:
    return [b.multiply(ct, 2.0) for ct in cts]


def custom_gradient() -> list[Case]:
    """A function whose gradient is said to be twice that of the identity; differences would not agree."""
    return [_case((2, 3), (2, 3), gradient=_double, count=1, grad=0)]
