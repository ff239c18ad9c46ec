"""Checks of gradients through tensors of unknown rank, made from the op table: they are those under known ranks."""

from __future__ import annotations

import numpy as np

from weft.autodiff.subgraph import gradient_graph
from weft.base.errors import InvalidArgumentError
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ir.verifier import verify
from weft.ops import interpreter, late
from weft.ops.builder import UnknownRankError
from weft.passes.ranks import with_shapes
from weft.testing import opcases
from weft.testing.numeric import is_inexact
from weft.testing.opcases import Item


def check_gradient_of_unknown_rank(item: Item) -> str | None:
    """With the ranks of all inputs unknown, gradients to the claimed order are those of known ranks, to the bit.

    Returns:
        None where they have been compared, else "nothing to differentiate", or what refused: "the op" (which says why)
        or "the gradient" (of which `late.why_not` knows the reason).
    """
    order = opcases.claimed_order(item)
    kinds = opcases.gradient_dtypes(item)
    if not order or not kinds:
        return "nothing to differentiate"
    inputs = opcases.inputs_of(item, kinds[0])
    if not all(isinstance(a, np.ndarray) for a in inputs):
        return "nothing to differentiate"
    known_types = opcases.types_of(inputs)
    unknown_types = [TensorType(None, t.dtype) for t in known_types]
    known = opcases.graph_of(item, known_types)
    wrt = [i for i, v in enumerate(known.inputs) if is_inexact(v.dtype)]
    if not wrt or not any(is_inexact(v.dtype) for v in known.outputs):
        return "nothing to differentiate"
    try:
        unknown = opcases.graph_of(item, unknown_types)
    except InvalidArgumentError:
        return "the op"
    supplied, first, second = list(inputs), known, unknown
    for turn in range(order):
        try:
            derived = gradient_graph(second, wrt)
        except (UnknownRankError, InvalidArgumentError):
            assert late.why_not(item.record.name, known_types), "the gradient is refused, and no reason is listed"
            return "the gradient"
        verify(derived, after="taking the gradient under unknown ranks")
        outputs = _run(first, supplied)
        supplied += opcases.output_cotangents(item, outputs, f"cotangent{turn}")
        first, second = gradient_graph(first, wrt), derived
        wrt = list(range(len(supplied))) if turn == 0 else wrt
        wrt = [i for i in wrt if is_inexact(first.inputs[i].dtype)]
        expected = _run(first, supplied)
        _compare(_run(second, supplied), expected, f"gradient {turn + 1} under unknown ranks")
        told = with_shapes(second, {place: supplied[place].shape for place in range(len(supplied))})
        verify(told, after="telling the ranks")
        _compare(_run(told, supplied), expected, f"gradient {turn + 1}, told the ranks afterwards")
    return None


def _compare(found: list[np.ndarray], expected: list[np.ndarray], what: str) -> None:  # type: ignore[type-arg]
    for position, (one, other) in enumerate(zip(found, expected, strict=True)):
        same = one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
        assert same or np.array_equal(one, other, equal_nan=True), (
            f"{what}, for input {position}: {one} instead of {other}")


def _run(graph: Graph, inputs: list[np.ndarray]) -> list[np.ndarray]:  # type: ignore[type-arg]
    with np.errstate(all="ignore"):
        return interpreter.run(graph, inputs)
