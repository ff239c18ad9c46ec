"""Meta graphs: a graph with its collections and its saver, as TensorFlow keeps them in `.meta` files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from weft.base.errors import NotFoundError, explain
from weft.base.shapes import TensorShape
from weft.compat.v1 import logging
from weft.compat.v1.graph_import import import_counted
from weft.compat.v1.partitioned import SaveSliceInfo
from weft.compat.v1.queue_runner import QueueRunner
from weft.formats.files import replacing
from weft.formats.messages.control_flow import WhileContextDef
from weft.formats.messages.graph import GraphDef
from weft.formats.messages.meta_graph import CollectionDef, Int64Value, MetaGraphDef
from weft.formats.messages.variable import QueueRunnerDef, VariableDef
from weft.formats.text import from_text, to_text
from weft.runtime import graph as graphs
from weft.runtime import graph_ops
from weft.runtime.graph import Graph, GraphKeys, Operation
from weft.runtime.graph_export import with_contexts
from weft.runtime.graph_variable import GraphVariable, is_of_graph, variable_def
from weft.runtime.tensor import Handle, SymbolicTensor, wrap

_VERSION = "1.15.5"
_NUMBER = "type.googleapis.com/google.protobuf.Int64Value"
#: collections of what a graph here has of itself
_OF_THE_GRAPH = frozenset({GraphKeys.SAVERS, GraphKeys.COND_CONTEXT, GraphKeys.WHILE_CONTEXT})
_VARIABLES = frozenset({GraphKeys.GLOBAL_VARIABLES, GraphKeys.TRAINABLE_VARIABLES, GraphKeys.LOCAL_VARIABLES,
                        GraphKeys.MODEL_VARIABLES, GraphKeys.MOVING_AVERAGE_VARIABLES, GraphKeys.METRIC_VARIABLES,
                        GraphKeys.GLOBAL_STEP})  # fmt: skip


def variable_from_def(message: VariableDef, graph: Graph, scope: str) -> GraphVariable:
    """The variable that a message names, of nodes that the graph has already.

    Raises:
        KeyError: Where the graph has not all of them.
    """
    whole = graph.get_tensor_by_name(scope + message.variable_name)
    existing = whole._value.node.metadata.get("variable")
    if existing is not None:
        return existing  # type: ignore[no-any-return]
    if not isinstance(whole._value.node.metadata.get("handle"), Handle):
        raise KeyError(f"{message.variable_name!r} is not a variable of the graph.")
    initial = None
    if message.initial_value_name:
        with contextlib.suppress(KeyError):
            initial = graph.get_tensor_by_name(scope + message.initial_value_name)
    initializer = graph.get_operation_by_name(scope + message.initializer_name)
    snapshot = graph.get_tensor_by_name(scope + message.snapshot_name)
    made = _of_nodes(graph, whole, bool(message.trainable), initializer, snapshot, initial)
    if message.HasField("save_slice_info_def"):
        part = message.save_slice_info_def
        made._save_slice_info = SaveSliceInfo(scope + part.full_name, list(part.full_shape), list(part.var_offset),
                                              list(part.var_shape))  # fmt: skip
    return made


def variable_from_node(whole: Any) -> GraphVariable | None:
    """The variable that an imported node is which no collection tells of; None for a tensor of another kind.

    Args:
        whole: The node's tensor.
    """
    node = whole._value.node
    handle = node.metadata.get("handle")
    if not isinstance(handle, Handle):
        return None
    graph = whole.graph
    reads = (n for n in graph.ir.nodes if n.op == "identity" and n.inputs[0].node is node and not n.control)
    writes = (n for n in graph.ir.nodes if n.op == "assign_variable" and n.inputs[0] is node.inputs[0])
    read, write = next(reads, None), next(writes, None)
    return _of_nodes(graph, whole, True, None if write is None else graphs.operation_of(write),
                     whole if read is None else wrap(read.outputs[0]),
                     None if write is None else wrap(write.inputs[1]))  # fmt: skip


def _of_nodes(graph: Graph, whole: Any, trainable: bool, initializer: Any, snapshot: Any,
              initial: Any) -> GraphVariable:  # fmt: skip
    """A variable of nodes that a graph has."""
    node = whole._value.node
    handle = node.metadata["handle"]
    made = GraphVariable.__new__(GraphVariable)
    made._name = whole.name
    made._cell = handle._array
    made._cell.name, made._cell.trainable = whole.name.partition(":")[0], trainable
    inner = handle.type.handle
    assert inner is not None
    known = None if inner.shape is None else [n if isinstance(n, int) else None for n in inner.shape]
    made._static, made._dtype, made._constraint = TensorShape(known), inner.dtype, None
    made._aggregation = made._synchronization = None
    made.handle, made._graph, made._whole = handle, graph, whole
    made._initializer, made._snapshot, made._initial = initializer, snapshot, initial
    node.metadata["variable"] = made
    return made


def _collection(name: str, members: Iterable[Any], made: MetaGraphDef) -> None:
    entry = CollectionDef()
    for item in members:
        if is_of_graph(item):
            entry.bytes_list.value.append(variable_def(item).SerializeToString())
        elif isinstance(item, (SymbolicTensor, Operation)):
            entry.node_list.value.append(item.name)
        elif isinstance(item, (bool, int, np.integer)):
            entry.int64_list.value.append(int(item))
        elif isinstance(item, float):
            entry.float_list.value.append(item)
        elif isinstance(item, (str, bytes)):
            entry.bytes_list.value.append(item.encode() if isinstance(item, str) else item)
        elif isinstance(item, QueueRunner):
            message: Any = item.to_proto()
            entry.bytes_list.value.append(message.SerializeToString())
        elif hasattr(item, "SerializeToString"):
            entry.bytes_list.value.append(item.SerializeToString())
        else:
            logging.debug("%s of collection %s cannot be written to a meta graph.", type(item).__name__, name)
            return
    if entry.WhichOneof("kind") is not None:
        made.collection_def[name].CopyFrom(entry)


def meta_graph_of(graph: Graph, saver_def: Any = None, collections: Iterable[str] | None = None,
                  graph_def: Any = None, clear_devices: bool = False) -> MetaGraphDef:  # fmt: skip
    """A graph as a message.

    Args:
        graph: The graph.
        saver_def: What saves its variables.
        collections: Which collections; all where None.
        graph_def: Its nodes, in place of all of them.
        clear_devices: Whether nodes say no devices.
    """
    made = MetaGraphDef()
    made.meta_info_def.tensorflow_version = _VERSION
    made.meta_info_def.tensorflow_git_version = "unknown"
    written, contexts = with_contexts(graph, add_shapes=True) if graph_def is None else (graph_def, [])
    made.graph_def.CopyFrom(written)
    if graph_def is None:
        _say_count(made, graph_ops.count(graph.ir))
    if clear_devices:
        for node in made.graph_def.node:
            node.device = ""
    for name in collections if collections is not None else graph.get_all_collection_keys():
        if isinstance(name, str) and name not in _OF_THE_GRAPH:
            _collection(name, graph.get_collection(name), made)
    for context in contexts if collections is None else ():
        name = GraphKeys.WHILE_CONTEXT if isinstance(context, WhileContextDef) else GraphKeys.COND_CONTEXT
        made.collection_def[name].bytes_list.value.append(context.SerializeToString())
    if saver_def is not None:
        made.saver_def.CopyFrom(saver_def)
    return made


def _say_count(made: MetaGraphDef, operations: int) -> None:
    """Notes how many operations TensorFlow's graph has where ours goes into the file as another number of nodes.

    What is drawn in the graph that reads it is numbered by that.
    """
    if operations != len(made.graph_def.node):
        made.meta_info_def.any_info.type_url = _NUMBER
        made.meta_info_def.any_info.value = Int64Value(value=operations).SerializeToString()


def _said_count(message: MetaGraphDef) -> int | None:
    info = message.meta_info_def.any_info
    return Int64Value.FromString(info.value).value if info.type_url == _NUMBER else None


def write_message(path: Any, message: Any, as_text: bool) -> None:
    """Writes a message to a file, whole or not at all; folders are made."""
    content = to_text(message).encode() if as_text else message.SerializeToString()
    with replacing(os.fspath(path)) as file:
        file.write(content)


def read_message(path: Any, kind: Any) -> Any:
    """Reads a message from a file, binary or text.

    Raises:
        NotFoundError: Where there is no file.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        raise NotFoundError(f"File {os.fspath(path)} does not exist.") from None
    try:
        return kind.FromString(content)
    except Exception as error:
        try:
            return from_text(content, kind)
        except Exception:
            raise OSError(explain(f"Cannot parse file {os.fspath(path)}: {error}.",
                                  hint=f"it must hold a {kind.__name__}, binary or text")) from None  # fmt: skip


def export_meta_graph(filename: Any = None, meta_info_def: Any = None, graph_def: Any = None, saver_def: Any = None,
                      collection_list: Any = None, as_text: bool = False, graph: Graph | None = None,
                      export_scope: str | None = None, clear_devices: bool = False,
                      clear_extraneous_savers: bool = False,  # fmt: skip
                      strip_default_attrs: bool = False, save_debug_info: bool = False, **kwargs: Any) -> MetaGraphDef:
    """A graph with its collections, as a message.

    Args:
        filename: The file to write it to; none where None.
        meta_info_def: Who made it.
        graph_def: The nodes, in place of the graph's.
        saver_def: What saves its variables.
        collection_list: Which collections; all where None.
        as_text: Whether the file is text.
        graph: The graph; the default one where None.
        export_scope: Must be None.
        clear_devices: Whether nodes say no devices.
        clear_extraneous_savers: Accepted.
        strip_default_attrs: Accepted.
        save_debug_info: Accepted.

    Raises:
        NotImplementedError: For a part of a graph.
    """
    if export_scope:
        raise NotImplementedError(explain("export_meta_graph writes whole graphs.", received=repr(export_scope),
                                          hint="leave export_scope out"))  # fmt: skip
    made = meta_graph_of(graph if graph is not None else graphs.default_graph(), saver_def, collection_list, graph_def,
                         clear_devices)  # fmt: skip
    if meta_info_def is not None:
        made.meta_info_def.MergeFrom(meta_info_def)
    if filename:
        write_message(filename, made, as_text)
    return made


def add_meta_graph(message: MetaGraphDef, clear_devices: bool = False, import_scope: str | None = None,
                   input_map: Any = None, return_elements: Any = None) -> Any:  # fmt: skip
    """Adds a meta graph's nodes and collections to the default graph.

    Args:
        message: The meta graph.
        clear_devices: Whether nodes' devices are passed over.
        import_scope: What stands before all names.
        input_map: Tensors in place of some of the graph's.
        return_elements: Names of what to return.
    """
    nodes = message.graph_def
    if clear_devices:
        nodes = GraphDef.FromString(nodes.SerializeToString())
        for node in nodes.node:
            node.device = ""
    graph = graphs.default_graph()
    prefix = f"{graph.unique_name(import_scope)}/" if import_scope else ""
    found = import_counted(nodes, input_map, return_elements, prefix, _said_count(message))
    for name in message.collection_def:
        entry = message.collection_def[name]
        kind = entry.WhichOneof("kind")
        if kind is None or name in _OF_THE_GRAPH:
            continue
        for item in getattr(entry, kind).value:
            member = _member(graph, name, kind, item, prefix)
            if member is not None:
                graph.add_to_collection(name, member)
    return found, prefix


def _member(graph: Graph, name: str, kind: str, item: Any, prefix: str) -> Any:
    if kind == "node_list":
        try:
            return graph.as_graph_element(prefix + item)
        except (KeyError, ValueError):
            return None
    if kind == "bytes_list" and (name in _VARIABLES or _is_variable(item)):
        try:
            return variable_from_def(VariableDef.FromString(item), graph, prefix)
        except KeyError:
            return None
    if name == GraphKeys.QUEUE_RUNNERS:
        return QueueRunner.from_proto(QueueRunnerDef.FromString(item), prefix.rstrip("/"))
    return item


def _is_variable(item: bytes) -> bool:
    try:
        found = VariableDef.FromString(item)
    except Exception:
        return False
    return bool(found.variable_name and found.initializer_name and found.snapshot_name)


def import_meta_graph(meta_graph_or_file: Any, clear_devices: bool = False, import_scope: str | None = None,
                      **kwargs: Any) -> Any:  # fmt: skip
    """Adds a meta graph to the default graph.

    Args:
        meta_graph_or_file: A MetaGraphDef, or the path of a `.meta` file.
        clear_devices: Whether nodes' devices are passed over.
        import_scope: What stands before all names.
        **kwargs: `return_elements` and `input_map`, as `import_graph_def` takes them.

    Returns:
        A Saver for its variables; None where it has none.

    Raises:
        NotFoundError: Where there is no such file.
    """
    return import_with_elements(meta_graph_or_file, clear_devices, import_scope, **kwargs)[0]


def import_with_elements(meta_graph_or_file: Any, clear_devices: bool = False, import_scope: str | None = None,
                         return_elements: Any = None, **kwargs: Any) -> tuple[Any, Any]:  # fmt: skip
    """As `import_meta_graph`; also the elements that were asked for."""
    from weft.compat.v1.saver import Saver

    message = meta_graph_or_file
    if isinstance(message, (str, os.PathLike)):
        message = read_message(message, MetaGraphDef)
    if not isinstance(message, MetaGraphDef):
        if not hasattr(message, "SerializeToString"):
            raise TypeError(explain("import_meta_graph takes a MetaGraphDef or a path.",
                                    received=type(message).__name__))  # fmt: skip
        message = MetaGraphDef.FromString(message.SerializeToString())
    elements, prefix = add_meta_graph(message, clear_devices, import_scope, kwargs.get("input_map"), return_elements)
    if message.HasField("saver_def") and message.saver_def.save_tensor_name:
        return Saver(saver_def=message.saver_def, name=prefix.rstrip("/")), elements
    variables = graphs.default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES)
    if variables:
        return Saver(), elements
    logging.info("Saver not created because there are no variables in the graph to restore")
    return None, elements
