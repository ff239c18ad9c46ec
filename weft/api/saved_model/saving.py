"""`tf.saved_model.save`: objects, their variables and their traced functions in TensorFlow's folder layout."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from weft.api.checkpoint.objects import GRAPH_KEY, ObjectGraph, children_of, is_trackable
from weft.api.lookup_tables import LookupTable
from weft.api.saved_model.assets import Asset, AssetFiles, table_record
from weft.api.saved_model.layout import ASSETS, FORMAT, INDEX, MAX_LIST, PROGRAM, VARIABLES, pb_path
from weft.api.saved_model.loading import RestoredFunction
from weft.api.saved_model.traces import TraceWriter, Unsaveable, is_variable
from weft.base import nest
from weft.base.errors import explain
from weft.base.shapes import TensorShape
from weft.formats import bundle, files
from weft.formats.crc32c import crc32c
from weft.formats.messages.saved_model import SavedModel, WeftProgram
from weft.formats.tensors import shape_to_proto, to_tensor_proto
from weft.runtime import context
from weft.runtime.concrete import ConcreteFunction, unused_name
from weft.runtime.function import Function
from weft.version import __version__

SERVING = "serving_default"
_FUNCTIONS = (Function, RestoredFunction)


class SaveOptions:
    """How a SavedModel is written; all are accepted, and none changes what Weft writes.

    Args:
        namespace_whitelist: Accepted.
        save_debug_info: Accepted.
        function_aliases: Accepted.
        experimental_debug_stripper: Accepted.
        experimental_io_device: Accepted.
        experimental_variable_policy: Accepted.
        experimental_custom_gradients: Accepted.
        experimental_image_format: Accepted.
        experimental_skip_saver: Accepted.
        experimental_sharding_callback: Accepted.
        extra_tags: Further tags.
    """

    def __init__(self, namespace_whitelist: Any = None, save_debug_info: bool = False, function_aliases: Any = None,
                 experimental_debug_stripper: bool = False, experimental_io_device: Any = None,
                 experimental_variable_policy: Any = None, experimental_custom_gradients: bool = True,
                 experimental_image_format: bool = False, experimental_skip_saver: bool = False,
                 experimental_sharding_callback: Any = None, extra_tags: Any = None) -> None:  # fmt: skip
        self.namespace_whitelist, self.save_debug_info = namespace_whitelist, save_debug_info
        self.function_aliases = function_aliases
        self.experimental_debug_stripper = experimental_debug_stripper
        self.experimental_io_device = experimental_io_device
        self.experimental_variable_policy = experimental_variable_policy
        self.experimental_custom_gradients = experimental_custom_gradients
        self.experimental_image_format = experimental_image_format
        self.experimental_skip_saver = experimental_skip_saver
        self.experimental_sharding_callback = experimental_sharding_callback
        self.extra_tags = extra_tags


def save(obj: Any, export_dir: Any, signatures: Any = None, options: SaveOptions | None = None) -> None:
    """Writes an object, its variables and its traced functions into a folder, from which `load` makes them again.

    The layout is TensorFlow's, the variables are a checkpoint of TensorFlow's; the functions are in Weft's own form.

    Args:
        obj: A `tf.Module`, a Keras model, or anything that `tf.train.Checkpoint` takes.
        export_dir: The folder; made if need be.
        signatures: A `tf.function` with an input signature, a concrete function, or a dict of such by name. Where it is
            None, the only such function of the object becomes `serving_default`.
        options: Further tags.

    Raises:
        ValueError: For what cannot be saved, or a function without an input signature.
        AssertionError: Where a function uses a variable that the object does not lead to.
        InvalidArgumentError: Where a function calls Python, which cannot be kept in a file.

    Example:
        >>> import tempfile
        >>> import weft as tf
        >>> class Scale(tf.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.factor = tf.Variable(3.0)
        ...     @tf.function(input_signature=[tf.TensorSpec([None])])
        ...     def __call__(self, x):
        ...         return x * self.factor
        >>> folder = tempfile.mkdtemp()
        >>> tf.saved_model.save(Scale(), folder)
        >>> loaded = tf.saved_model.load(folder)
        >>> loaded(tf.constant([1.0, 2.0])).numpy().tolist()
        [3.0, 6.0]
        >>> loaded.signatures["serving_default"](x=tf.constant([1.0]))["output_0"].numpy().tolist()
        [3.0]
    """
    if not context.executing_eagerly():
        raise AssertionError("tf.saved_model.save is not supported inside a traced tf.function.")
    if not is_trackable(obj) or isinstance(obj, tuple):
        raise ValueError(
            explain("tf.saved_model.save takes an object that holds variables or functions.", received=repr(obj)[:200],
                    expected="a tf.Module, a Keras model, or what tf.train.Checkpoint takes")  # fmt: skip
        )
    default = getattr(obj, "_default_save_signature", None)
    named = _signatures(obj, signatures, default)
    for function in named.values():
        _settled(function)
    graph = ObjectGraph(obj, {} if default is None else {"__call__": default}, _members)
    assets = AssetFiles()
    program, arrays, described = _program(graph, named, assets)
    proto, tensors = graph.record()
    folder = os.path.abspath(os.fsdecode(export_dir))
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    work = tempfile.mkdtemp(prefix=f".{os.path.basename(folder)[:100]}.", suffix=".part", dir=os.path.dirname(folder))
    try:
        prefix = os.path.join(work, *VARIABLES)
        with bundle.BundleWriter(prefix) as writer:
            for key, array in tensors.items():
                writer.add(key, array)
            writer.add(GRAPH_KEY, np.array(proto.SerializeToString(), object))
        assets.copy(os.path.join(work, ASSETS))
        with open(bundle.index_path(prefix), "rb") as file:
            program["variables"] = crc32c(file.read())
        tags = ["serve", *(getattr(options, "extra_tags", None) or ())]
        with files.replacing(pb_path(work)) as file:
            file.write(_message(program, arrays, described, tags, assets).SerializeToString())
        _put_in_place(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _put_in_place(work: str, folder: str) -> None:
    """Moves what was written to its folder; what else is in the folder stays."""
    os.chmod(work, 0o777 & ~_mask())
    if not os.path.isdir(folder):
        os.rename(work, folder)
        return
    for name in (ASSETS, "variables"):
        target = os.path.join(folder, name)
        if os.path.isdir(target):
            os.rename(target, os.path.join(work, f"old.{name}"))
        os.rename(os.path.join(work, name), target)
    # Last, as it names the checksum of its variables: a folder in between is noticed when it is loaded.
    os.replace(pb_path(work), pb_path(folder))
    files.sync_folder(folder)


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def functions_of(value: Any) -> dict[str, Any]:
    """The traced functions among an object's attributes and those of its class, by name."""
    found: dict[str, Any] = {}
    given = getattr(value, "_saved_functions", None)
    if given is not None:
        return dict(given())
    if isinstance(value, (list, tuple, dict)) or is_variable(value):
        return found
    for cls in type(value).__mro__:
        for name, member in vars(cls).items():
            if isinstance(member, Function) and name not in found:
                found[name] = member.__get__(value)
    if hasattr(type(value), "_default_save_signature"):
        return found  # a model's attributes are functions of its training
    for name, member in getattr(value, "__dict__", {}).items():
        if isinstance(member, (*_FUNCTIONS, ConcreteFunction)):
            found[name] = member
    return found


def _members(value: Any) -> dict[str, Any]:
    return {} if isinstance(value, (*_FUNCTIONS, ConcreteFunction)) else {**children_of(value), **functions_of(value)}


def _signatures(obj: Any, given: Any, default: Any) -> dict[str, Any]:
    """The functions that are signatures, by name."""
    if given is None:
        if default is not None:
            return {SERVING: default}
        found = functions_of(obj).values()
        usable = [f for f in found if (isinstance(f, ConcreteFunction) or f.input_signature is not None)
                  and _result_names(_settled(f)) is not None]  # fmt: skip
        return {SERVING: usable[0]} if len(usable) == 1 else {}
    named = dict(given) if isinstance(given, Mapping) else {SERVING: given}
    for function in named.values():
        if not isinstance(function, (*_FUNCTIONS, ConcreteFunction)) or _only_trace(function) is None:
            raise ValueError(
                explain(f"Expected a TensorFlow function for which to generate a signature, but got {function!r}. Only "
                        "`tf.functions` with an input signature or concrete functions can be used as a signature.",
                        hint="pass function.get_concrete_function(tf.TensorSpec(...))")  # fmt: skip
            )
    return named


def _only_trace(function: Any) -> ConcreteFunction | None:
    if isinstance(function, ConcreteFunction):
        return function
    if function.input_signature is not None:
        found: ConcreteFunction = function.get_concrete_function()
        return found
    traces = list(function.concrete_functions())
    return traces[0] if len(traces) == 1 else None


def _settled(function: Any) -> ConcreteFunction:
    found = _only_trace(function)
    assert found is not None
    return found


def _program(graph: ObjectGraph, named: Mapping[str, Any],
             assets: AssetFiles) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:  # fmt: skip
    """The objects, functions and signatures as plain data, their arrays, and what is told of the signatures."""
    places = {id(value): place for place, value in enumerate(graph.objects)}
    paths = {id(value.asset_path): place for place, value in enumerate(graph.objects) if isinstance(value, Asset)}
    writer = TraceWriter(lambda value: places.get(id(value)), paths)
    objects = [_object(value, graph.children[place], writer, assets) for place, value in enumerate(graph.objects)]
    if sum(len(value) for value in graph.objects if isinstance(value, (list, tuple))) > MAX_LIST:
        raise ValueError(explain(f"A SavedModel keeps lists of at most {MAX_LIST} parts, all together.",
                                 hint="keep numbers in a tensor"))  # fmt: skip
    signatures, described = {}, {}
    for name, function in named.items():
        trace = _settled(function)
        try:
            number = writer.trace(trace)
        except Unsaveable as error:
            raise ValueError(explain(f"The function `{trace.name}` cannot be a signature: {error}.")) from None
        inputs, outputs = trace._arg_keywords, _output_names(trace, name)
        signatures[name] = {"trace": number, "inputs": inputs, "outputs": outputs}
        described[name] = (trace, inputs, outputs)
    program = {"format": FORMAT, "version": __version__, "objects": objects, "traces": writer.traces,
               "signatures": signatures, "symbols": writer.plain.symbols}  # fmt: skip
    return program, writer.plain.arrays, described


def _object(value: Any, children: list[tuple[str, int]], writer: TraceWriter, assets: AssetFiles) -> dict[str, Any]:
    links = [[name, number] for name, number in children]
    if is_variable(value):
        return {"kind": "variable", "name": value.name, "dtype": value.dtype.name, "trainable": bool(value.trainable),
                "shape": None if value.shape.rank is None else value.shape.as_list()}  # fmt: skip
    if isinstance(value, LookupTable):
        return {"kind": "table", **table_record(value, writer.plain, assets)}
    if isinstance(value, Asset):
        return {"kind": "asset", "file": assets.name_of(value.path)}
    if isinstance(value, ConcreteFunction):
        return {"kind": "trace", "trace": writer.trace(value)}
    if isinstance(value, _FUNCTIONS):
        return _function(value, writer)
    if isinstance(value, (list, tuple, dict)):
        kind = "list" if isinstance(value, list) else "dict" if isinstance(value, dict) else "tuple"
        return {"kind": kind, "children": links}
    return {"kind": "object", "class": type(value).__name__, "children": links}


def _function(function: Any, writer: TraceWriter) -> dict[str, Any]:
    if function.input_signature is not None:
        function.get_concrete_function()
    numbers = []
    for trace in function.concrete_functions():
        try:
            numbers.append(writer.trace(trace))
        except Unsaveable:
            continue  # only its own program can call it
    return {"kind": "function", "name": function._name, "traces": numbers,
            "parameters": writer.parameters(function.function_spec)}  # fmt: skip


def _result_names(trace: ConcreteFunction) -> list[str] | None:
    """A name for each tensor that a trace returns; None where it returns nested tensors, or none."""
    structure = trace._result.structure
    kinds = [kind for kind, _ in trace._result.leaves]
    if isinstance(structure, dict) and all(isinstance(key, str) for key in structure):
        names = nest.sorted_keys(structure)
    else:
        names = [f"output_{place}" for place in range(len(kinds))]
    parts = structure.values() if isinstance(structure, dict) else structure if nest.is_nested(structure) else ()
    if any(map(nest.is_nested, parts)) or len(names) != len(kinds) or "none" in kinds:
        return None
    return list(names)


def _output_names(trace: ConcreteFunction, name: str) -> list[str]:
    """A name for each tensor that a signature's trace returns.

    Raises:
        ValueError: Where it returns nested tensors, or none.
    """
    names = _result_names(trace)
    if names is None:
        raise ValueError(
            explain(f"Signature {name!r}: the function `{trace.name}` must return a tensor, a list of tensors, or a "
                    "dict of tensors by name.", received=repr(trace.structured_outputs)[:200])  # fmt: skip
        )
    return names


def _message(program: Any, arrays: list[Any], described: Mapping[str, Any], tags: list[str],
             assets: AssetFiles) -> SavedModel:  # fmt: skip
    held = WeftProgram(program=json.dumps(program, allow_nan=False))
    for array in arrays:
        held.arrays.add().CopyFrom(to_tensor_proto(array))
    model = SavedModel(saved_model_schema_version=1)
    graph = model.meta_graphs.add()
    info = graph.meta_info_def
    info.tags.extend(tags)
    info.meta_graph_version = f"Weft {__version__}"
    info.any_info.type_url, info.any_info.value = PROGRAM, held.SerializeToString()
    for file in assets.names:
        graph.asset_file_def.add(filename=file)
    for name, (trace, inputs, outputs) in described.items():
        signature = graph.signature_def[name]
        signature.method_name = "tensorflow/serving/predict"
        for label, spec in zip(inputs, trace._flat_signature(), strict=True):
            _describe(signature.inputs[label], f"{name}_{label}:0", spec)
        labels: list[str] = []
        for label, count in zip(outputs, trace._result.counts, strict=True):
            labels += [unused_name(label, labels) for _ in range(count)]
        for place, (label, value) in enumerate(zip(labels, trace.graph.outputs, strict=True)):
            _describe(signature.outputs[label], f"StatefulPartitionedCall:{place}", value)
    return model


def _describe(info: Any, name: str, spec: Any) -> None:
    info.name, info.dtype = name, spec.dtype.as_datatype_enum
    shape = TensorShape(spec.shape)
    info.tensor_shape.CopyFrom(shape_to_proto(None if shape.rank is None else shape.as_list()))


__all__ = ["INDEX", "SaveOptions", "functions_of", "save"]
