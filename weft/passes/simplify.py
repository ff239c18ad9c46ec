"""Passes that are not tables of rules: fold constants, share equal computations, inline calls, drop dead code."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from weft.base import dtypes
from weft.base.dims import Dim, substitute
from weft.base.errors import InvalidArgumentError
from weft.ir.graph import (
    Constant,
    Graph,
    Node,
    Value,
    attr_symbols,
    clone,
    free_symbols,
    reachable,
    symbol_sources,
)
from weft.ir.types import TensorType
from weft.ops import interpreter, opdef
from weft.ops.builder import substitute_attr
from weft.ops.opdef import Effect
from weft.passes.rewrite import Rebuild, has_effects, holds, reads_state, roots, through

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Symbol

_ALWAYS_FOLDED = 4096  # bytes; more only where the result takes no more room than what it is made from


def remove_dead_code(graph: Graph) -> Graph:
    """Drops what neither an output nor an effect needs, in sub-graphs too."""
    if any(node.subgraphs() for node in graph.nodes):
        return through(graph, _copy)
    needed = reachable(graph, roots(graph)).union(value.node for value in graph.inputs)
    return graph if len(needed) == len(graph.nodes) else clone(graph, keep=needed)[0]


def _copy(rebuild: Rebuild, node: Node, attrs: Mapping[str, Any]) -> None:
    rebuild.copy(node, attrs)


# Constants -----------------------------------------------------------------------------------------------------------


def fold_constants(graph: Graph) -> Graph:
    """Computes, by the interpreter, what depends on constants only.

    Results may take a page, or as much room as the constants that they are made from: a large tensor of zeros stays
    the broadcast of one. What raises stays in the graph and raises when it runs.
    """
    return through(graph, _fold) if holds(graph, _may_fold) else graph


def _may_fold(node: Node) -> bool:
    return node.op not in ("constant", "input") and bool(node.outputs) and not node.control and _foldable(node)


def _fold(rebuild: Rebuild, node: Node, attrs: Mapping[str, Any]) -> None:
    made = rebuild.copy(node, attrs)
    if node.op == "constant" or not made.outputs or made.control or not _foldable(made):
        return
    arrays = [v.node.attrs["value"].array for v in made.inputs]
    limit = max(_ALWAYS_FOLDED, sum(a.nbytes for a in arrays))
    if any(_bytes(v.type) > limit for v in made.outputs):
        return
    try:
        results = interpreter.evaluate(opdef.get(made.op), arrays, made.attrs)
    except (ValueError, TypeError, ArithmeticError, IndexError, InvalidArgumentError):
        return
    constants = []
    for value, array in zip(made.outputs, results, strict=True):
        if array.shape != value.shape or array.dtype != value.dtype.numpy or array.nbytes > limit:
            return
        held = Constant(array.copy() if array.base is not None or array.flags.writeable else array)
        constants.append(rebuild.new.add("constant", (), {"value": held}, [value.type], source=node.source))
    rebuild.replace(node, [c.outputs[0] for c in constants], constants)


def _foldable(node: Node) -> bool:
    record = opdef.get(node.op)
    if record.effect is not Effect.NONE or node.effect or node.subgraphs() or record.higher_order:
        return False
    if any(v.dtype in (dtypes.resource, dtypes.variant) for v in (*node.inputs, *node.outputs)):
        return False
    if any(attr_symbols(value) for value in node.attrs.values()):
        return False
    return all(v.node.op == "constant" for v in node.inputs)


def _bytes(type: TensorType) -> float:
    if type.shape is None or not all(isinstance(d, int) for d in type.shape):
        return float("inf")
    return math.prod(float(d) for d in type.shape if isinstance(d, int)) * type.dtype.numpy.itemsize


# Common code ---------------------------------------------------------------------------------------------------------


def share_common_code(graph: Graph) -> Graph:
    """Computes once what is computed several times: the same op, inputs and attributes.

    Reads of state are shared only where nothing with an effect lies between them, effects never.
    """
    seen: dict[Rebuild, dict[Any, Node]] = {}
    epochs: dict[Rebuild, int] = {}

    def visit(rebuild: Rebuild, node: Node, attrs: Mapping[str, Any]) -> None:
        if has_effects(node):
            epochs[rebuild] = epochs.get(rebuild, 0) + 1
            rebuild.copy(node, attrs)
            return
        key = _key(rebuild, node, attrs, epochs.get(rebuild, 0))
        table = seen.setdefault(rebuild, {})
        before = table.get(key)
        if before is not None and [v.type for v in before.outputs] == [v.type for v in node.outputs]:
            rebuild.replace(node, before.outputs, (before,))
        else:
            table[key] = rebuild.copy(node, attrs)

    return through(graph, visit)


def _key(rebuild: Rebuild, node: Node, attrs: Mapping[str, Any], epoch: int) -> Any:
    inputs = tuple(rebuild.values[v] for v in node.inputs)
    # 1, 1.0 and True are equal as keys, but not as attributes
    shown = tuple((k, type(v).__name__, repr(v) if isinstance(v, (float, tuple)) else "", v) for k, v in attrs.items())
    try:
        hash(shown)
    except TypeError:
        return node  # it cannot be compared with others
    return node.op, inputs, shown, tuple(rebuild.control(node)), epoch if reads_state(node) else 0


# State ---------------------------------------------------------------------------------------------------------------


def forward_state(graph: Graph) -> Graph:
    """Reads of what has just been written, or read, take the value from there.

    Handles may stand for one variable, so a write makes unknown what all other handles hold; so does everything else
    that may write (host calls, sub-graphs with effects). Checks write nothing.
    """
    held: dict[Rebuild, dict[Value, Value]] = {}

    def visit(rebuild: Rebuild, node: Node, attrs: Mapping[str, Any]) -> None:
        known = held.setdefault(rebuild, {})
        handle = rebuild.values[node.inputs[0]] if node.inputs and node.inputs[0].type.is_resource else None
        if node.op == "read_variable" and handle in known and known[handle].type == node.outputs[0].type:
            value = known[handle]
            rebuild.replace(node, (value,), (value.node,))
            return
        made = rebuild.copy(node, attrs)
        if has_effects(node) and (node.subgraphs() or opdef.get(node.op).effect is not Effect.CHECK):
            known.clear()
        if handle is not None and node.op in _GIVES_WHAT_IS_HELD:
            known[handle] = made.outputs[0]

    return through(graph, visit)


_GIVES_WHAT_IS_HELD = frozenset(("read_variable", "assign_variable", "assign_add_variable", "assign_sub_variable"))

# Calls ---------------------------------------------------------------------------------------------------------------


def inline_calls(graph: Graph) -> Graph:
    """Puts the bodies of called functions in the place of the calls, order and control edges included.

    A call stays where its results' sizes depend on data: other nodes know them by the call's own symbols.
    """
    return through(graph, _inline) if holds(graph, lambda node: node.op == "call") else graph


def _inline(rebuild: Rebuild, node: Node, attrs: Mapping[str, Any]) -> None:
    body = attrs.get("graph")
    sizes = _sizes(node, body) if node.op == "call" and isinstance(body, Graph) else None
    if sizes is None or not isinstance(body, Graph):
        rebuild.copy(node, attrs)
        return
    made = Inlined(rebuild.new, body, [rebuild.values[v] for v in node.inputs], rebuild.control(node), sizes)
    rebuild.replace(node, made.outputs, made.ends)


def _sizes(node: Node, body: Graph) -> dict[Symbol, Dimension] | None:
    """What the body's sizes are in its caller, or None where its results' types would not be those of the call."""
    sizes: dict[Symbol, Dimension] = {}
    for inner, outer in zip(body.inputs, node.inputs, strict=True):
        if inner.shape is None or outer.shape is None:
            if inner.type != outer.type:
                return None
            continue
        for dimension, size in zip(inner.shape, outer.shape, strict=True):
            symbol = dimension.symbol if isinstance(dimension, Dim) else None
            if symbol is not None:
                sizes.setdefault(symbol, size)
            elif not isinstance(dimension, Dim) and dimension != size:
                return None
    for symbol in symbol_sources(body):  # sizes that depend on data are new ones for every call
        sizes.setdefault(symbol, Dim.fresh(symbol.hint))
    if any(free_symbols(g) & sizes.keys() for n in body.nodes for g in n.subgraphs()):
        return None
    fits = [_substituted(v.type, sizes) for v in body.outputs] == [v.type for v in node.outputs]
    return sizes if fits else None


def _substituted(type: TensorType, sizes: Mapping[Symbol, Dimension]) -> TensorType:
    if type.shape is None:
        return type
    return TensorType(tuple(substitute(d, sizes) for d in type.shape), type.dtype, type.handle)


class Inlined:
    """A graph's nodes copied into another one.

    Attributes:
        outputs: What stands for the graph's outputs.
        ends: What to wait for, to wait for everything that the graph does.
    """

    def __init__(
        self,
        graph: Graph,
        body: Graph,
        inputs: Sequence[Value],
        control: Sequence[Node],
        sizes: Mapping[Symbol, Dimension],
    ) -> None:
        values = dict(zip(body.inputs, inputs, strict=True))
        nodes: dict[Node, Node] = {}
        for node in body.nodes:
            if node.op == "input":
                continue
            waits = [nodes[before] for before in node.control if before in nodes]
            if has_effects(node) or reads_state(node):
                waits = [*control, *waits]
            made = graph.add(
                node.op, [values[v] for v in node.inputs],
                {k: substitute_attr(v, sizes) for k, v in node.attrs.items()},
                [_substituted(v.type, sizes) for v in node.outputs],
                name=node.name, control=waits, source=node.source, effect=node.effect,
            )  # fmt: skip
            made.metadata = dict(node.metadata)
            nodes[node] = made
            values.update(zip(node.outputs, made.outputs, strict=True))
        made_nodes = set(nodes.values())
        self.outputs = [values[v] for v in body.outputs]
        self.ends = [made for made in nodes.values() if has_effects(made)] or [
            v.node for v in self.outputs if v.node in made_nodes
        ]


__all__ = ["Inlined", "fold_constants", "forward_state", "inline_calls", "remove_dead_code", "share_common_code"]
