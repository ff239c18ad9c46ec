"""Ranges up to a size of a tensor: how long they are is known once the inputs are, so that native code can hold them.

The op `range` counts as long as its operands say, which may be any data. Where its limit is a size, the shapes of all
that follows are told anew in terms of that size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from weft.base.dims import Dim, ceil_divide, product, substitute
from weft.base.errors import InvalidArgumentError
from weft.ir.graph import Graph, Node, Value
from weft.ops import opdef
from weft.ops.builder import GraphBuilder
from weft.passes.specialise import attribute_at

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape, Symbol


def with_known_ranges(graph: Graph) -> Graph:
    """The graph with ranges from 0 up to a size as counts of that size."""
    known = {node: size for node in graph.nodes if node.op == "range" and (size := _length(node)) is not None}
    if not known:
        return graph
    try:
        return _rebuilt(graph, known)
    except InvalidArgumentError:  # a shape rule that does not take the size in place of an unknown one
        return graph


def _length(node: Node) -> Dimension | None:
    start, limit, delta = map(_size_in, node.inputs)
    if limit is None or start != 0 or not isinstance(delta, int) or delta < 1:
        return None
    return ceil_divide(limit, delta)


def _size_in(value: Value) -> Dimension | None:
    """The size, or the number, that an integer scalar holds."""
    node = value.node
    if not value.dtype.is_integer or value.shape is None or product(tuple(value.shape)) != 1:
        return None
    match node.op:
        case "constant":
            number = int(node.attrs["value"].array.reshape(-1)[0])
            return number if number >= 0 else None
        case "dimension":
            size: Dimension = node.attrs["size"]
            return size
        case "dimensions":
            return tuple[Dimension, ...](node.attrs["sizes"])[0]
        case "shape_of_axis" if node.inputs[0].shape is not None:
            return _at(node.inputs[0].shape, node.attrs["axis"])
        case "cast" | "reshape" | "squeeze" | "expand_dims" | "identity":
            return _size_in(node.inputs[0])
        case "strided_slice" if len(node.inputs) == 1:
            return _entry(node)
    return None


def _entry(node: Node) -> Dimension | None:
    """The size that a slice takes from a vector of sizes."""
    source = node.inputs[0].node
    if source.op == "dimensions":
        sizes: Shape = tuple(source.attrs["sizes"])
    elif source.op == "shape" and source.inputs[0].shape is not None:
        sizes = tuple(source.inputs[0].shape)
    else:
        return None
    entries = node.attrs["index"]
    if len(entries) == 1 and entries[0][0] == "int" and isinstance(entries[0][1], int):
        return _at(sizes, entries[0][1])
    return None


def _at(sizes: Shape, place: int) -> Dimension | None:
    return sizes[place] if -len(sizes) <= place < len(sizes) else None


def _rebuilt(graph: Graph, known: dict[Node, Dimension]) -> Graph:
    copy = Graph(graph.name)
    values: dict[Value, Value] = {}
    nodes: dict[Node, Node] = {}
    sizes: dict[Symbol, Dimension] = {}  # of the old graph, by what they are in the new one
    for node in graph.nodes:
        control = [nodes[before] for before in node.control if before in nodes]
        if node.op == "input":
            new = copy.add(node.op, [], node.attrs, [value.type for value in node.outputs], name=node.name,
                           source=node.source)  # fmt: skip
        else:
            builder = GraphBuilder(copy, node.source, control)
            inputs = [values[value] for value in node.inputs]
            if node in known:
                new = _count(builder, node, substitute(known[node], sizes))
            else:  # branches and bodies may mention sizes of what is around them
                attrs = {name: attribute_at(attr, sizes) for name, attr in node.attrs.items()} if sizes else node.attrs
                new = builder.node(opdef.get(node.op), inputs, attrs, name=node.name)
        nodes[node] = new
        for old, made in zip(node.outputs, new.outputs, strict=True):
            values[old] = made
            for before, after in zip(old.shape or (), made.shape or (), strict=False):
                if isinstance(before, Dim) and before.symbol is not None:
                    sizes.setdefault(before.symbol, after)
    copy.inputs = [values[value] for value in graph.inputs]
    copy.outputs = [values[value] for value in graph.outputs]
    copy.captures = {outer: values[value] for outer, value in graph.captures.items()}
    return copy


def _count(builder: GraphBuilder, node: Node, size: Dimension) -> Node:
    dtype, step = node.outputs[0].dtype, _size_in(node.inputs[2])
    counted: Value = builder.call("iota", shape=(size,), dtype=dtype)
    if step != 1:
        counted = builder.call("multiply", counted, builder.constant(step, dtype))
    return counted.node
