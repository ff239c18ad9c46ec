"""Operations that a program makes by their type, as `Graph.create_op` does, and what is known of a type."""

from __future__ import annotations

from typing import Any

import weft
from weft.base import dtypes
from weft.base.errors import NotFoundError, explain, nearest
from weft.compat import operations
from weft.compat.v1.graph_import import Importer, Source
from weft.formats.messages.graph import NodeDef, OpDef
from weft.runtime import context
from weft.runtime.graph import Graph, Operation


def create_op(graph: Graph, op_type: str, inputs: Any, name: str | None, attrs: Any) -> Operation:
    """An operation of TensorFlow's, by its type.

    Args:
        graph: The graph that it joins.
        op_type: Its type, such as `MatMul`.
        inputs: Its operands in a row.
        name: Its name, in the open name scopes; its type where None. With a slash at its end it is the whole name.
        attrs: Its attributes, AttrValue messages by name; dtypes that operands tell may be left out.

    Raises:
        NotFoundError: For a type that is not known.
    """
    if op_type not in operations.names():
        raise NotFoundError(explain(f"There is no operation {op_type!r}.", hint=nearest(op_type, operations.names())))
    with graph.as_default():
        operands = [weft.convert_to_tensor(item) for item in inputs]
        label = name[:-1] if name and name.endswith("/") else graph.unique_name(name or op_type, mark_as_used=False)
        node = NodeDef(op=op_type, name=label)
        for key, value in (attrs or {}).items():
            node.attr[key].CopyFrom(value)
        for key, value in _told(operations.record(op_type), operands).items():
            if key in node.attr:
                continue
            if isinstance(value, int):
                node.attr[key].i = value
            else:
                node.attr[key].type = dtypes.as_dtype(value).as_datatype_enum
        references = [(f"operand {place}", 0) for place in range(len(operands))]
        node.input.extend(reference for reference, _ in references)
        before, context.names()[:] = list(context.names()), []
        try:
            with context.names_as_read():
                Importer([Source(node)], dict(zip(references, operands, strict=True)), "").run()
        finally:
            context.names()[:] = before
        return graph.get_operation_by_name(label)


def _told(record: operations.Record, operands: list[Any]) -> dict[str, Any]:
    """What the operands tell of the attributes: dtypes, and how many there are in a list of them."""
    found: dict[str, Any] = {}
    rest = list(operands)
    for place, argument in enumerate(record.inputs):
        count = len(rest) - (len(record.inputs) - 1 - place) if argument.many else 1
        if argument.many:
            found[argument.many] = count
        if rest and argument.kind in record.told:
            found.setdefault(argument.kind, rest[0].dtype)
        rest = rest[count:]
    for key, default in record.told.items():
        if key not in found and isinstance(default, str):
            found[key] = default
    return found


def op_def(op_type: str) -> OpDef:
    """What an operation of a type takes and gives, as a message.

    Raises:
        ValueError: For a type that is not known.
    """
    if op_type not in operations.names():
        raise ValueError(explain(f"Nothing is known of operations {op_type!r}."))
    record, made = operations.record(op_type), OpDef(name=op_type)
    for arguments, target in ((record.inputs, made.input_arg), (record.outputs, made.output_arg)):
        for argument in arguments:
            entry = target.add()
            entry.name, entry.number_attr, entry.type_list_attr = argument.name, argument.many, argument.kinds
            if argument.kind in record.told or argument.kind in {a.key for a in record.attributes}:
                entry.type_attr = argument.kind
            elif argument.kind:
                entry.type = dtypes.as_dtype(argument.kind).as_datatype_enum
    for key in record.told:
        made.attr.add().name = key
    for attribute in record.attributes:
        told = made.attr.add()
        told.name, told.type = attribute.key, attribute.kind
    return made
