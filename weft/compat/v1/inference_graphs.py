"""GraphDefs cut down to what inference needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weft.base import dtypes
from weft.compat.v1.graph_util import extract_sub_graph, remove_training_nodes
from weft.formats.messages.graph import GraphDef


def ensure_graph_is_valid(graph_def: Any) -> None:
    """Checks that every name of a node is there once, and every input of a node.

    Raises:
        ValueError: Where it is not so.
    """
    names = set()
    for node in graph_def.node:
        if node.name in names:
            raise ValueError(f"Duplicate node names detected for {node.name}")
        names.add(node.name)
    for node in graph_def.node:
        for text in node.input:
            name = text.removeprefix("^").partition(":")[0]
            if name not in names:
                raise ValueError(f"Input for {node.name} not found: {text}")


def strip_unused(input_graph_def: Any, input_node_names: Sequence[str], output_node_names: Sequence[str],
                 placeholder_type_enum: Any) -> GraphDef:  # fmt: skip
    """The part of a graph between some nodes, of which the first ones become placeholders.

    Args:
        input_graph_def: The graph.
        input_node_names: The names of the nodes that become placeholders.
        output_node_names: The names of the nodes that are asked for.
        placeholder_type_enum: The placeholders' dtype, or a list of one for each.

    Raises:
        KeyError: For a name that is not there.
    """
    missing = {name.partition(":")[0] for name in input_node_names} - {node.name for node in input_graph_def.node}
    if missing:
        raise KeyError(f"The following input nodes were not found: {missing}")
    several = isinstance(placeholder_type_enum, (list, tuple))
    kinds = list(placeholder_type_enum) if several else [placeholder_type_enum] * len(input_node_names)
    wanted = dict(zip((name.partition(":")[0] for name in input_node_names), kinds, strict=True))
    made = GraphDef()
    for node in input_graph_def.node:
        copy = made.node.add()
        if node.name not in wanted:
            copy.CopyFrom(node)
            continue
        copy.op, copy.name = "Placeholder", node.name
        copy.attr["dtype"].type = dtypes.as_dtype(wanted[node.name]).as_datatype_enum
        if "_output_shapes" in node.attr:
            copy.attr["_output_shapes"].CopyFrom(node.attr["_output_shapes"])
        if "shape" in node.attr:
            copy.attr["shape"].CopyFrom(node.attr["shape"])
    made.library.CopyFrom(input_graph_def.library)
    made.versions.CopyFrom(input_graph_def.versions)
    return extract_sub_graph(made, list(output_node_names))


def optimize_for_inference(input_graph_def: Any, input_node_names: Sequence[str], output_node_names: Sequence[str],
                           placeholder_type_enum: Any, toco_compatible: bool = False) -> GraphDef:  # fmt: skip
    """A graph without what only training needs. What may be computed together is found when it runs, not here.

    Args:
        input_graph_def: The graph, whose variables are constants.
        input_node_names: The names of the nodes that are fed.
        output_node_names: The names of the nodes that are asked for.
        placeholder_type_enum: The dtype of what is fed, or a list of one for each.
        toco_compatible: Accepted.

    Raises:
        ValueError: Where an input of a node is missing.
        KeyError: For a name that is not there.
    """
    ensure_graph_is_valid(input_graph_def)
    part = strip_unused(input_graph_def, input_node_names, output_node_names, placeholder_type_enum)
    found = remove_training_nodes(part, output_node_names)
    ensure_graph_is_valid(found)
    return found
