"""`tf.graph_util`: GraphDefs without variables, and parts of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import weft
from weft.base.dtypes import as_dtype
from weft.base.errors import explain, nearest
from weft.compat.v1.graph_import import import_graph_def as import_graph_def
from weft.formats.messages.graph import GraphDef
from weft.formats.tensors import to_tensor_proto
from weft.runtime.freezing import convert_variables_to_constants_v2 as convert_variables_to_constants_v2

#: nodes that stand for variables, and those that read them
_VARIABLES = ("Variable", "VariableV2", "VarHandleOp")
#: what takes a reference to a variable, and what it becomes where the variable is a constant
_OF_REFERENCES = {"RefSwitch": "Switch", "Assign": "Identity", "AssignAdd": "Add", "AssignSub": "Sub"}


def _names(items: Any) -> list[str]:
    return [items] if isinstance(items, str) else list(items)


def _node_of(reference: str) -> str:
    base = reference.removeprefix("^")
    name, colon, number = base.rpartition(":")
    return name if colon and number.isdigit() else base


def extract_sub_graph(graph_def: Any, dest_nodes: Sequence[str]) -> GraphDef:
    """The part of a graph that some nodes need.

    Args:
        graph_def: The graph.
        dest_nodes: The nodes' names.

    Raises:
        AssertionError: For a name that is not there.
    """
    if isinstance(dest_nodes, str):
        raise TypeError("dest_nodes must be a list.")
    entries = {entry.name: entry for entry in graph_def.node}
    for name in dest_nodes:
        if name not in entries:
            raise AssertionError(f"{name} is not in graph. {nearest(name, entries)}")
    needed: set[str] = set()
    stack = list(dest_nodes)
    while stack:
        name = stack.pop()
        if name in needed or name not in entries:
            continue
        needed.add(name)
        stack.extend(_node_of(reference) for reference in entries[name].input)
    made = GraphDef()
    for entry in graph_def.node:
        if entry.name in needed:
            made.node.add().CopyFrom(entry)
    made.library.CopyFrom(graph_def.library)
    made.versions.CopyFrom(graph_def.versions)
    return made


def must_run_on_cpu(node: Any, pin_variables_on_cpu: bool = False) -> bool:
    """Whether a node computes with strings."""
    definition = getattr(node, "node_def", node)
    op = definition.op
    kind = definition.attr["dtype"].type if op == "Const" and "dtype" in definition.attr else 0
    return kind == as_dtype("string").as_datatype_enum or op in ("AsString", "StringJoin", "StringToNumber",
                  "DecodeRaw") or (pin_variables_on_cpu and op in _VARIABLES)  # fmt: skip


def tensor_shape_from_node_def_name(graph: Any, input_name: str) -> Any:
    """The shape of a tensor of that name."""
    return graph.get_tensor_by_name(input_name if ":" in input_name else f"{input_name}:0").get_shape()


def convert_variables_to_constants(sess: Any, input_graph_def: Any, output_node_names: Sequence[str],
                                   variable_names_whitelist: Any = None,
                                   variable_names_blacklist: Any = None) -> GraphDef:  # fmt: skip
    """The part of a graph that some nodes need, with the variables' present values as constants.

    Args:
        sess: The session that holds the values.
        input_graph_def: The graph.
        output_node_names: The nodes' names.
        variable_names_whitelist: Which variables; all where None.
        variable_names_blacklist: Which variables stay variables.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default() as graph, tf.Session() as session:
        ...     y = tf.multiply(tf.placeholder(tf.float32, [], name="x"), tf.Variable(2.0, name="w"), name="y")
        ...     session.run(tf.global_variables_initializer())
        ...     frozen = tf.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["y"])
        >>> sorted(node.op for node in frozen.node)
        ['Const', 'Identity', 'Mul', 'Placeholder']
    """
    part = extract_sub_graph(input_graph_def, _names(output_node_names))
    kept = set(variable_names_blacklist or ())
    wanted = None if variable_names_whitelist is None else set(variable_names_whitelist)
    names = [entry.name for entry in part.node if entry.op in _VARIABLES and entry.name not in kept
             and (wanted is None or entry.name in wanted)]  # fmt: skip
    values = dict(zip(names, sess.run([_value_of(sess, name) for name in names]) if names else [], strict=True))
    made, frozen = GraphDef(), set(values)  # what gives a reference to a variable that is none any more
    for entry in part.node:
        copy = made.node.add()
        if entry.name in values:
            _constant(copy, entry, values[entry.name])
            continue
        copy.CopyFrom(entry)
        if entry.op in ("ReadVariableOp", "ResourceGather") and _node_of(entry.input[0]) in values:
            _plain_read(copy)
        elif entry.op in _OF_REFERENCES and _node_of(entry.input[0]) in frozen:
            _plain(copy)
            frozen.update([entry.name] if copy.op == "Switch" else [])
    made.library.CopyFrom(part.library)
    made.versions.CopyFrom(part.versions)
    return made


def _value_of(sess: Any, name: str) -> Any:
    try:
        return sess.graph.get_tensor_by_name(f"{name}:0")
    except KeyError:
        raise ValueError(explain(f"Variable `{name}` of the GraphDef is not in the session's graph.",
                                 hint="pass the GraphDef of the session's graph")) from None  # fmt: skip


def _constant(copy: Any, entry: Any, value: Any) -> None:
    kind = weft.as_dtype(entry.attr["dtype"].type)
    copy.op, copy.name, copy.device = "Const", entry.name, entry.device
    copy.attr["dtype"].type = entry.attr["dtype"].type
    copy.attr["value"].tensor.CopyFrom(to_tensor_proto(value, dtype=as_dtype(kind).as_datatype_enum))


def _plain(copy: Any) -> None:
    """What was done with a reference to a variable, with a constant: an assignment gives what would be assigned."""
    copy.op = _OF_REFERENCES[copy.op]
    if copy.op == "Identity":
        del copy.input[0]
    kind = copy.attr["T"].type
    copy.attr.clear()
    copy.attr["T"].type = kind


def _plain_read(copy: Any) -> None:
    """A read of what is a constant now."""
    kind = copy.attr["dtype"].type
    if copy.op == "ReadVariableOp":
        copy.op = "Identity"
        copy.attr.clear()
        copy.attr["T"].type = kind
        return
    indices = copy.attr["Tindices"].type
    copy.op = "Gather"
    copy.attr.clear()
    copy.attr["Tparams"].type, copy.attr["Tindices"].type = kind, indices


def remove_training_nodes(input_graph: Any, protected_nodes: Any = None) -> GraphDef:
    """A graph without the nodes that only training needs: checks, and copies that nothing asks for by name.

    Args:
        input_graph: The graph.
        protected_nodes: Names of nodes that stay.
    """
    protected = set(protected_nodes or ())
    entries = [entry for entry in input_graph.node if entry.op != "CheckNumerics" or entry.name in protected]
    controlled = {entry.name for entry in entries if any(text.startswith("^") for text in entry.input)}
    named = {text[1:] for entry in entries for text in entry.input if text.startswith("^")}
    replaced = {entry.name: entry.input[0] for entry in input_graph.node
                if entry.op in ("Identity", "CheckNumerics") and len(entry.input) == 1
                and entry.name not in protected | named | controlled}  # fmt: skip

    def final(text: str) -> str:
        seen = set()
        while text in replaced and text not in seen:
            seen.add(text)
            text = replaced[text]
        return text

    made = GraphDef()
    for entry in entries:
        if entry.name in replaced:
            continue
        copy = made.node.add()
        copy.CopyFrom(entry)
        inputs = [final(text) for text in entry.input]
        del copy.input[:]
        copy.input.extend(inputs)
    made.library.CopyFrom(input_graph.library)
    made.versions.CopyFrom(input_graph.versions)
    return made
