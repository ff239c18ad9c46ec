"""Graph files and checkpoints put together: one GraphDef whose variables are constants."""

from __future__ import annotations

import os
from typing import Any

from weft.compat.v1.checkpoints import NewCheckpointReader, checkpoint_exists
from weft.compat.v1.graph_import import import_graph_def
from weft.compat.v1.graph_util import convert_variables_to_constants
from weft.compat.v1.meta_graphs import import_meta_graph, read_message, variable_from_def
from weft.compat.v1.saved_model import load
from weft.compat.v1.saver import Saver
from weft.formats.messages.graph import GraphDef
from weft.formats.messages.meta_graph import MetaGraphDef, SaverDef
from weft.formats.messages.variable import VariableDef
from weft.runtime.graph import Graph
from weft.runtime.session import Session


def freeze_graph(
    input_graph: Any, input_saver: Any, input_binary: bool, input_checkpoint: Any, output_node_names: str,
    restore_op_name: Any, filename_tensor_name: Any, output_graph: Any, clear_devices: bool, initializer_nodes: Any,
    variable_names_whitelist: str = "", variable_names_blacklist: str = "", input_meta_graph: Any = None,
    input_saved_model_dir: Any = None, saved_model_tags: str = "serve", checkpoint_version: int = 2,
) -> Any:  # fmt: skip
    """Writes the part of a graph that some nodes need, with a checkpoint's values in the place of variables.

    The graph comes from one of a GraphDef's file, a MetaGraphDef's and a SavedModel.

    Args:
        input_graph: The file of a GraphDef.
        input_saver: The file of a SaverDef; variables are found by their names where there is none.
        input_binary: Accepted: files tell whether they are binary or text.
        input_checkpoint: The checkpoint's prefix; a SavedModel has its own.
        output_node_names: The nodes' names, with commas between them.
        restore_op_name: Accepted.
        filename_tensor_name: Accepted.
        output_graph: The file to write; none where empty.
        clear_devices: Whether nodes' devices are left out.
        initializer_nodes: Names of operations that run after the values are restored, with commas between them.
        variable_names_whitelist: Names of the variables that become constants; all where empty.
        variable_names_blacklist: Names of those that stay variables.
        input_meta_graph: The file of a MetaGraphDef.
        input_saved_model_dir: The folder of a SavedModel.
        saved_model_tags: Its tags, with commas between them.
        checkpoint_version: Accepted.

    Returns:
        The GraphDef.

    Raises:
        OSError: For a file that is not there.
        ValueError: For a checkpoint that is not there; without `output_node_names`.
    """
    graph = meta = saver = None
    if input_meta_graph and not input_saved_model_dir:
        meta = _read(input_meta_graph, MetaGraphDef, "meta graph")
    elif not input_saved_model_dir:
        graph = _read(input_graph, GraphDef, "graph")
    if input_saver:
        saver = _read(input_saver, SaverDef, "saver")
    return freeze_graph_with_def_protos(
        graph, saver, input_checkpoint, output_node_names, restore_op_name, filename_tensor_name, output_graph,
        clear_devices, initializer_nodes, variable_names_whitelist, variable_names_blacklist, meta,
        input_saved_model_dir, saved_model_tags.replace(" ", "").split(","), checkpoint_version,
    )  # fmt: skip


def freeze_graph_with_def_protos(
    input_graph_def: Any, input_saver_def: Any, input_checkpoint: Any, output_node_names: str, restore_op_name: Any,
    filename_tensor_name: Any, output_graph: Any, clear_devices: bool, initializer_nodes: Any,
    variable_names_whitelist: str = "", variable_names_blacklist: str = "", input_meta_graph_def: Any = None,
    input_saved_model_dir: Any = None, saved_model_tags: Any = None, checkpoint_version: int = 2,
) -> Any:  # fmt: skip
    """As `freeze_graph`, of messages in the place of files."""
    if not input_saved_model_dir and not checkpoint_exists(os.fspath(input_checkpoint)):
        raise ValueError(f"Input checkpoint '{input_checkpoint}' doesn't exist!")
    if not output_node_names:
        raise ValueError("You need to supply the name of a node to --output_node_names.")
    with Graph().as_default() as held, Session() as session:
        definition = input_graph_def
        if input_saved_model_dir:
            definition = load(session, list(saved_model_tags or ["serve"]), input_saved_model_dir).graph_def
        elif input_meta_graph_def is not None:
            definition = input_meta_graph_def.graph_def
            saver = import_meta_graph(input_meta_graph_def, clear_devices=clear_devices)
            saver.restore(session, input_checkpoint)
        else:
            definition = GraphDef()
            definition.CopyFrom(input_graph_def)
            _without_devices(definition, clear_devices)
            import_graph_def(definition, name="")
            _restore(session, held, input_saver_def, input_checkpoint)
        if initializer_nodes:
            session.run(_names(initializer_nodes))
        made = convert_variables_to_constants(
            session, definition, _names(output_node_names), _names(variable_names_whitelist) or None,
            _names(variable_names_blacklist) or None,
        )  # fmt: skip
    _without_devices(made, clear_devices)
    if output_graph:
        with open(output_graph, "wb") as file:
            file.write(made.SerializeToString())
    return made


def _names(given: Any) -> list[str]:
    return [name for name in (given or "").replace(" ", "").split(",") if name]


def _without_devices(definition: Any, wanted: bool) -> None:
    for node in definition.node if wanted else ():
        node.device = ""


def _restore(session: Any, graph: Any, saver: Any, checkpoint: Any) -> None:
    """Restores the graph's variables from the checkpoint's values of their names."""
    if saver is not None:
        Saver(saver_def=saver).restore(session, checkpoint)
        return
    found: dict[str, Any] = {}
    for name in NewCheckpointReader(checkpoint).get_variable_to_shape_map():
        try:
            usual = VariableDef(variable_name=f"{name}:0", initializer_name=f"{name}/Assign",
                                snapshot_name=f"{name}/read:0")  # fmt: skip
            found[name] = variable_from_def(usual, graph, "")
        except KeyError:
            continue  # what the graph does not have, such as an optimizer's slots
    Saver(var_list=found).restore(session, checkpoint)


def _read(path: Any, kind: Any, what: str) -> Any:
    if not os.path.exists(path):
        raise OSError(f"Input {what} file '{path}' does not exist!")
    return read_message(path, kind)
