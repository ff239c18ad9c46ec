"""`tf.saved_model` of version 1: a session's graph and variables in a folder, for TensorFlow's servers and back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from weft.api import saved_model as _current
from weft.base.errors import NotFoundError, explain
from weft.compat.v1 import graphs as v1_graphs
from weft.compat.v1.meta_graphs import import_meta_graph, meta_graph_of, read_message, write_message
from weft.compat.v1.saver import Saver
from weft.formats.messages.meta_graph import MetaGraphDef, SignatureDef, TensorInfo
from weft.formats.messages.saved_model import SavedModel
from weft.formats.tensors import shape_to_proto
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys

#: the constants are version 2's
_CONSTANTS = {name: value for name, value in vars(_current).items() if name.isupper()}
globals().update(_CONSTANTS)

MAIN_OP_KEY = _MAIN_OP = "saved_model_main_op"
LEGACY_INIT_OP_KEY = _LEGACY_INIT_OP = "legacy_init_op"


def build_tensor_info(tensor: Any) -> TensorInfo:
    """What a signature says about a tensor: its name, dtype and shape.

    Args:
        tensor: A tensor of a graph.
    """
    made = TensorInfo()
    made.name, made.dtype = tensor.name, tensor.dtype.as_datatype_enum
    shape = tensor.shape
    made.tensor_shape.CopyFrom(shape_to_proto(None if shape.rank is None else tuple(shape.as_list())))
    return made


def get_tensor_from_tensor_info(tensor_info: Any, graph: Any = None, import_scope: str | None = None) -> Any:
    """The tensor of a graph that a signature names."""
    graph = graph or graphs.default_graph()
    prefix = f"{import_scope}/" if import_scope else ""
    return graph.get_tensor_by_name(prefix + tensor_info.name)


def build_signature_def(inputs: Any = None, outputs: Any = None, method_name: str | None = None) -> SignatureDef:
    """A signature.

    Args:
        inputs: Names to TensorInfos.
        outputs: Names to TensorInfos.
        method_name: What it is for.
    """
    made = SignatureDef()
    for key, info in (inputs or {}).items():
        made.inputs[key].CopyFrom(info)
    for key, info in (outputs or {}).items():
        made.outputs[key].CopyFrom(info)
    if method_name is not None:
        made.method_name = method_name
    return made


def predict_signature_def(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> SignatureDef:
    """The signature of a prediction.

    Args:
        inputs: Names to tensors.
        outputs: Names to tensors.

    Raises:
        ValueError: Where there are none.
    """
    if not inputs or not outputs:
        raise ValueError("Prediction inputs and outputs cannot be None or empty.")
    first, second = ({key: build_tensor_info(tensor) for key, tensor in group.items()} for group in (inputs, outputs))
    return build_signature_def(first, second, _CONSTANTS["PREDICT_METHOD_NAME"])


def classification_signature_def(examples: Any, classes: Any, scores: Any) -> SignatureDef:
    """The signature of a classification: serialized examples to classes and scores, of which one may be None."""
    outputs = {key: build_tensor_info(tensor) for key, tensor in (("classes", classes), ("scores", scores))
               if tensor is not None}
    if not outputs:
        raise ValueError("Classification classes and scores cannot both be None.")
    return build_signature_def({"inputs": build_tensor_info(examples)}, outputs, _CONSTANTS["CLASSIFY_METHOD_NAME"])


def regression_signature_def(examples: Any, predictions: Any) -> SignatureDef:
    """The signature of a regression: serialized examples to numbers."""
    return build_signature_def({"inputs": build_tensor_info(examples)}, {"outputs": build_tensor_info(predictions)},
                               _CONSTANTS["REGRESS_METHOD_NAME"])


def is_valid_signature(signature_def: Any) -> bool:
    """Whether a signature has inputs, outputs and one of the known methods."""
    known = {_CONSTANTS[f"{kind}_METHOD_NAME"] for kind in ("PREDICT", "CLASSIFY", "REGRESS")}
    return bool(signature_def.inputs) and bool(signature_def.outputs) and signature_def.method_name in known


class Builder:
    """Writes a graph and its variables into a folder.

    Args:
        export_dir: The folder; it must be empty, or not be there.

    Raises:
        AssertionError: Where there is something in it.

    Example:
        >>> import tempfile
        >>> import weft.compat.v1 as tf
        >>> folder = tempfile.mkdtemp() + "/model"
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     x = tf.placeholder(tf.float32, [None], name="x")
        ...     y = x * tf.Variable(3.0)
        ...     session.run(tf.global_variables_initializer())
        ...     tf.saved_model.simple_save(session, folder, {"x": x}, {"y": y})
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     model = tf.saved_model.loader.load(session, ["serve"], folder)
        ...     name = model.signature_def["serving_default"].outputs["y"].name
        ...     session.run(name, {"x:0": [2.0]}).tolist()
        [6.0]
    """

    def __init__(self, export_dir: Any) -> None:
        self._folder = os.fspath(export_dir)
        if os.path.isdir(self._folder) and os.listdir(self._folder):
            raise AssertionError(explain("Export directory already exists, and isn't empty.", received=self._folder,
                                         hint="choose another folder, or delete this one"))
        self._message = SavedModel()
        self._message.saved_model_schema_version = 1
        self._saved = False

    def add_meta_graph_and_variables(self, sess: Any, tags: Sequence[str], signature_def_map: Any = None,
                                     assets_collection: Any = None, legacy_init_op: Any = None,
                                     clear_devices: bool = False, main_op: Any = None,
                                     strip_default_attrs: bool = False, saver: Any = None,
                                     assets_list: Any = None, init_op: Any = None, train_op: Any = None) -> None:
        """Adds the session's graph, and writes its variables.

        Args:
            sess: The session.
            tags: What the graph is for.
            signature_def_map: Names to signatures.
            assets_collection: Tensors of file names that are copied.
            legacy_init_op: What runs after loading.
            clear_devices: Whether nodes say no devices.
            main_op: What runs after loading.
            strip_default_attrs: Accepted.
            saver: What saves the variables.
            assets_list: Another name of `assets_collection`.
            init_op: Another name of `main_op`.
            train_op: Kept in a collection.

        Raises:
            AssertionError: Where variables are written already.
        """
        if self._saved:
            raise AssertionError("Graph state including variables and assets has already been saved. Please invoke "
                                 "`add_meta_graph()` instead.")
        self._saved = True
        saver = self._add(sess.graph, tags, signature_def_map, assets_collection or assets_list,
                          main_op if main_op is not None else init_op if init_op is not None else legacy_init_op,
                          clear_devices, saver)
        folder = os.path.join(self._folder, "variables")
        os.makedirs(folder, exist_ok=True)
        if saver is not None:
            saver.save(sess, os.path.join(folder, "variables"), write_meta_graph=False, write_state=False)

    def add_meta_graph(self, tags: Sequence[str], signature_def_map: Any = None, assets_collection: Any = None,
                       legacy_init_op: Any = None, clear_devices: bool = False, main_op: Any = None,
                       strip_default_attrs: bool = False, saver: Any = None, assets_list: Any = None,
                       init_op: Any = None, train_op: Any = None) -> None:
        """Adds the default graph, which has the variables that are written already."""
        if not self._saved:
            raise AssertionError("Graph state including variables and assets has not been saved yet. Please invoke "
                                 "`add_meta_graph_and_variables()` first.")
        self._add(graphs.default_graph(), tags, signature_def_map, assets_collection or assets_list,
                  main_op if main_op is not None else init_op if init_op is not None else legacy_init_op,
                  clear_devices, saver)

    def _add(self, graph: Any, tags: Sequence[str], signatures: Any, assets: Any, main_op: Any, clear_devices: bool,
             saver: Any) -> Any:
        with graph.as_default():
            if saver is None and v1_graphs.global_variables():
                saver = Saver(v1_graphs.global_variables() + v1_graphs.get_collection(GraphKeys.SAVEABLE_OBJECTS))
        made = meta_graph_of(graph, None if saver is None else saver.as_saver_def(), clear_devices=clear_devices)
        made.meta_info_def.tags.extend(tags)
        for key, signature in (signatures or {}).items():
            made.signature_def[key].CopyFrom(signature)
        if main_op is not None:
            made.collection_def[_MAIN_OP].node_list.value.append(main_op.name)
        self._copy_assets(made, assets or ())
        self._message.meta_graphs.append(made)
        return saver

    def _copy_assets(self, made: MetaGraphDef, assets: Sequence[Any]) -> None:
        import weft

        for tensor in assets:
            path = weft.get_static_value(tensor)
            if path is None:
                raise TypeError(explain("An asset is a constant with a file's name.", received=repr(tensor)))
            name = path[()].decode()
            folder = os.path.join(self._folder, "assets")
            os.makedirs(folder, exist_ok=True)
            shutil.copyfile(name, os.path.join(folder, os.path.basename(name)))
            entry = made.asset_file_def.add()
            entry.filename, entry.tensor_info.name = os.path.basename(name), tensor.name

    def save(self, as_text: bool = False) -> bytes:
        """Writes the graphs; returns the file's path, as bytes."""
        path = os.path.join(self._folder, "saved_model.pbtxt" if as_text else "saved_model.pb")
        write_message(path, self._message, as_text)
        return os.fsencode(path)


SavedModelBuilder = Builder


def maybe_saved_model_directory(export_dir: Any) -> bool:
    """Whether a folder looks like one that a builder wrote."""
    return bool(_current.contains_saved_model(export_dir))


contains_saved_model = maybe_saved_model_directory


def load(sess: Any, tags: Sequence[str], export_dir: Any, import_scope: str | None = None,
         **saver_kwargs: Any) -> MetaGraphDef:
    """Adds a graph from a folder to the session's, and gives its variables their values.

    Args:
        sess: The session.
        tags: What the graph is for; all of them must fit.
        export_dir: The folder.
        import_scope: What stands before all names.
        **saver_kwargs: Accepted.

    Returns:
        The meta graph, with its signatures.

    Raises:
        OSError: Where there is no such folder.
        RuntimeError: Where no graph has these tags.
    """
    folder = os.fspath(export_dir)
    message = None
    for name in ("saved_model.pb", "saved_model.pbtxt"):
        try:
            message = read_message(os.path.join(folder, name), SavedModel)
            break
        except NotFoundError:
            continue
    if message is None:
        raise OSError(explain(f"SavedModel file does not exist at: {folder}/{{saved_model.pbtxt|saved_model.pb}}",
                              hint="pass the folder that the builder was given"))
    wanted = {tags} if isinstance(tags, str) else set(tags)
    found = next((m for m in message.meta_graphs if set(m.meta_info_def.tags) == wanted), None)
    if found is None:
        known = [sorted(m.meta_info_def.tags) for m in message.meta_graphs]
        raise RuntimeError(explain(f"MetaGraphDef associated with tags {sorted(wanted)} is not in the SavedModel.",
                                   received=f"it has {known}", hint="pass one of these sets of tags"))
    with sess.graph.as_default():
        saver = import_meta_graph(found, import_scope=import_scope)
        prefix = os.path.join(folder, "variables", "variables")
        if saver is not None:
            saver.restore(sess, prefix)
        scope = f"{import_scope}/" if import_scope else ""
        feeds = {scope + asset.tensor_info.name: os.path.join(folder, "assets", asset.filename)
                 for asset in found.asset_file_def}
        for key in (_MAIN_OP, _LEGACY_INIT_OP):
            if key in found.collection_def:
                for name in found.collection_def[key].node_list.value:
                    sess.run(scope + name, feeds)
    return found


def simple_save(session: Any, export_dir: Any, inputs: Mapping[str, Any], outputs: Mapping[str, Any],
                legacy_init_op: Any = None) -> None:
    """Writes a session's graph with one signature of a prediction; see `Builder`.

    Args:
        session: The session.
        export_dir: The folder; it must be empty, or not be there.
        inputs: Names to tensors.
        outputs: Names to tensors.
        legacy_init_op: What runs after loading.
    """
    builder = Builder(export_dir)
    signature = predict_signature_def(inputs, outputs)
    builder.add_meta_graph_and_variables(session, [_CONSTANTS["SERVING"]], {"serving_default": signature},
                                         main_op=legacy_init_op, clear_devices=True)
    builder.save()


def main_op_with_restore(restore_op_name: Any) -> Any:
    """An operation that initializes variables and tables, and then restores by another, which may be named."""
    import weft

    named = isinstance(restore_op_name, str)
    restoring = graphs.default_graph().get_operation_by_name(restore_op_name) if named else restore_op_name
    with weft.control_dependencies([_main_op()]):
        return graphs.group(restoring)


def main_op() -> Any:
    """An operation that initializes variables and tables."""
    return graphs.group(v1_graphs.global_variables_initializer(), v1_graphs.local_variables_initializer(),
                        v1_graphs.tables_initializer())


_main_op = main_op
builder = SimpleNamespace(SavedModelBuilder=Builder)
constants = SimpleNamespace(**_CONSTANTS, LEGACY_INIT_OP_KEY=LEGACY_INIT_OP_KEY, MAIN_OP_KEY=MAIN_OP_KEY)
loader = SimpleNamespace(load=load, maybe_saved_model_directory=maybe_saved_model_directory)
main_op = SimpleNamespace(main_op=_main_op, main_op_with_restore=main_op_with_restore)  # type: ignore[assignment]
signature_constants = SimpleNamespace(**_CONSTANTS)
signature_def_utils = SimpleNamespace(
    build_signature_def=build_signature_def, predict_signature_def=predict_signature_def,
    classification_signature_def=classification_signature_def, regression_signature_def=regression_signature_def,
    is_valid_signature=is_valid_signature,
)
tag_constants = SimpleNamespace(SERVING="serve", TRAINING="train", GPU="gpu", TPU="tpu")
utils = SimpleNamespace(build_tensor_info=build_tensor_info, get_tensor_from_tensor_info=get_tensor_from_tensor_info)
load_v2, save = _current.load, _current.save
