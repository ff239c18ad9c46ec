"""A graph as TensorFlow's GraphDef message, for people to look at: nodes, types, operands, devices and shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.formats.messages.graph import GraphDef
from weft.formats.tensors import shape_to_proto, to_tensor_proto
from weft.ir import graph as ir
from weft.runtime import graph_ops
from weft.runtime.graph import Graph

#: constants up to so many bytes are written with their values
_SMALL = 1024


def graph_def_of(graph: Graph) -> GraphDef:
    """The nodes that `Graph.get_operations` lists; what is hidden between two of them is passed over."""
    return graph_def_of_nodes(graph.ir)


def graph_def_of_nodes(graph: ir.Graph) -> GraphDef:
    """Likewise, of the graph of a traced function."""
    made = GraphDef()
    made.versions.producer = 134
    for node in graph.nodes:
        if graph_ops.is_shown(node):
            _add(made, node)
    return made


def _add(made: GraphDef, node: Any) -> None:
    entry = made.node.add()
    entry.name, entry.op, entry.device = node.name, graph_ops.type_of(node), str(node.metadata.get("device", ""))
    names: list[str] = []
    for value in (*node.inputs, *node.metadata.get("operands", ())):
        names += _sources(value, set())
    control: list[str] = []
    for before in node.control:
        control += [name.partition(":")[0] for name in _shown_nodes(before, set())]
    for name in dict.fromkeys(names):
        entry.input.append(name)
    data = {name.partition(":")[0] for name in names}
    for name in dict.fromkeys(control):
        if name not in data:
            entry.input.append(f"^{name}")
    _add_attributes(entry, node)


def _add_attributes(entry: Any, node: Any) -> None:
    if not node.outputs:
        return
    first = node.outputs[0].type
    if not first.is_resource:
        label = "dtype" if entry.op in ("Const", "Placeholder", "VariableV2") else "T"
        entry.attr[label].type = first.dtype.as_datatype_enum
    shapes = entry.attr["_output_shapes"].list
    for value in node.outputs:
        shape = value.type.shape
        known = None if shape is None else tuple(n if isinstance(n, int) else None for n in shape)
        shapes.shape.append(shape_to_proto(known))
    if node.op == "constant":
        array = np.asarray(node.attrs["value"].array)
        if array.nbytes <= _SMALL:
            entry.attr["value"].tensor.CopyFrom(to_tensor_proto(array))


def _sources(value: ir.Value, seen: set[ir.Node]) -> list[str]:
    """The nearest shown nodes that a value comes from, as GraphDef spells operands."""
    node = value.node
    if graph_ops.is_shown(node):
        position = list(node.outputs).index(value)
        return [node.name if position == 0 else f"{node.name}:{position}"]
    return _shown_nodes(node, seen)


def _shown_nodes(node: ir.Node, seen: set[ir.Node]) -> list[str]:
    if node in seen:
        return []
    seen.add(node)
    if graph_ops.is_shown(node):
        return [node.name]
    found: list[str] = []
    for value in node.inputs:
        found += _sources(value, seen)
    for before in node.control:
        found += _shown_nodes(before, seen)
    return found
