"""`tf.saved_model.load`: makes the objects and functions of a folder that Weft wrote. Nothing in it is run as code."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from weft.api.checkpoint.objects import VALUE, is_trackable
from weft.api.checkpoint.restoring import Restoration, object_graph, open_checkpoint
from weft.api.saved_model.layout import FORMAT, PROGRAM, VARIABLES, contains_saved_model, pb_path
from weft.api.saved_model.traces import TraceReader
from weft.base import dtypes
from weft.base.errors import DataLossError, InvalidArgumentError, UnimplementedError, explain
from weft.base.shapes import TensorShape
from weft.formats import bundle
from weft.formats.crc32c import crc32c
from weft.formats.messages.saved_model import SavedModel, WeftProgram
from weft.formats.tensors import from_tensor_proto
from weft.runtime import context, frontdoor, tracking
from weft.runtime.concrete import ConcreteFunction
from weft.runtime.spec import TensorSpec
from weft.runtime.variable import Variable


class LoadOptions:
    """How a SavedModel is loaded.

    Args:
        allow_partial_checkpoint: Whether variables may be missing from the checkpoint.
        experimental_io_device: Accepted.
        experimental_skip_checkpoint: Whether the variables stay zeros.
        experimental_variable_policy: Accepted.
        experimental_load_function_aliases: Accepted.
    """

    def __init__(self, allow_partial_checkpoint: bool = False, experimental_io_device: Any = None,
                 experimental_skip_checkpoint: bool = False, experimental_variable_policy: Any = None,
                 experimental_load_function_aliases: bool = False) -> None:  # fmt: skip
        self.allow_partial_checkpoint = allow_partial_checkpoint
        self.experimental_io_device = experimental_io_device
        self.experimental_skip_checkpoint = experimental_skip_checkpoint
        self.experimental_variable_policy = experimental_variable_policy
        self.experimental_load_function_aliases = experimental_load_function_aliases


class UserObject:
    """What stands for an object of a loaded SavedModel: its variables, functions and objects are attributes."""

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        tracking.attribute_set(self)

    def _trackable_children(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "signatures" and is_trackable(value)}

    def _saved_functions(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if isinstance(value, RestoredFunction)}


class CallableObject(UserObject):
    """One that can be called."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return vars(self)["__call__"](*args, **kwargs)


class RestoredFunction:
    """A function of a loaded SavedModel: it can be called with the kinds of arguments it was traced for.

    Args:
        name: Its name.
        traces: The traces.
        signature: Its parameters.
    """

    def __init__(self, name: str, traces: list[ConcreteFunction], signature: inspect.Signature) -> None:
        self._name, self._traces, self.function_spec = name, traces, signature
        self.__name__ = name

    def concrete_functions(self) -> list[ConcreteFunction]:
        """The traces."""
        return list(self._traces)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        trace, tensors = self._choose(args, kwargs)
        return trace.run(tensors)

    def _choose(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[ConcreteFunction, list[Any]]:
        bound = self.function_spec.bind(*args, **kwargs)
        bound.apply_defaults()
        for trace in self._traces:
            # an input signature may leave parameters with defaults out
            positional = [_taken(spec, given) for spec, given in zip(trace._signature[0], bound.args, strict=False)]
            try:
                return trace, trace._bound(tuple(positional), bound.kwargs)
            except (TypeError, ValueError, InvalidArgumentError):
                continue
        options = "\n".join(f"  {place + 1}: {trace._signature[0]}, {trace._signature[1]}"
                            for place, trace in enumerate(self._traces))  # fmt: skip
        raise ValueError(
            explain(f"Could not find matching concrete function to call loaded from the SavedModel: `{self._name}` was "
                    f"not traced for these arguments before it was saved.",
                    received=f"{bound.args} {bound.kwargs}"[:400], expected=f"one of\n{options}",
                    hint="call it with such arguments before saving, or give it an input_signature")  # fmt: skip
        )

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The trace for these arguments, which may be TensorSpecs; the only one where none are given."""
        if not args and not kwargs and len(self._traces) == 1:
            return self._traces[0]
        for trace in self._traces:
            if repr(trace._signature) == repr((tuple(args), kwargs)):
                return trace
        return self._choose(args, kwargs)[0]

    @property
    def input_signature(self) -> Any:
        """The specs of the arguments, where there is one trace; else None."""
        return self._traces[0]._signature[0] if len(self._traces) == 1 else None

    def __repr__(self) -> str:
        return f"<RestoredFunction {self._name} with {len(self._traces)} traces>"


def _taken(spec: Any, given: Any) -> Any:
    """An argument; lists and numbers in the place of a tensor become one."""
    if isinstance(spec, TensorSpec) and isinstance(given, (list, tuple, int, float)):
        return frontdoor.convert(given, spec.dtype)
    return given


class Signatures(Mapping[str, ConcreteFunction]):
    """The signatures of a SavedModel, by name."""

    def __init__(self, found: dict[str, ConcreteFunction]) -> None:
        self._found = found

    def __getitem__(self, key: str) -> ConcreteFunction:
        return self._found[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"_SignatureMap({self._found})"


def load(export_dir: Any, tags: Any = None, options: LoadOptions | None = None) -> Any:
    """Makes the object that `save` wrote into a folder; see there.

    Args:
        export_dir: The folder.
        tags: The tags that it must have; not asked where None.
        options: Whether variables may be missing.

    Returns:
        An object with the variables, functions and objects as attributes, and `signatures`.

    Raises:
        OSError: Where there is no SavedModel.
        UnimplementedError: Where another program wrote it; says which.
        DataLossError: Where it is damaged.
        ValueError: For other tags.
    """
    folder = os.fsdecode(export_dir)
    chosen = LoadOptions() if options is None else options
    with context.open_scope(None):
        program, arrays = _read(folder, tags)
        try:
            objects, root = _build(program, arrays)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise DataLossError(f"The SavedModel {folder} is damaged: {type(error).__name__}: {error}") from error
        if not chosen.experimental_skip_checkpoint:
            _restore(folder, program, objects, chosen.allow_partial_checkpoint)
    return root


def _read(folder: str, tags: Any) -> tuple[dict[str, Any], list[Any]]:
    path = pb_path(folder)
    if not os.path.isfile(path):
        if contains_saved_model(folder):
            raise UnimplementedError(explain(f"The SavedModel {folder} is in text form, which only TensorFlow writes."))
        raise OSError(f"SavedModel file does not exist at: {folder}/{{saved_model.pbtxt|saved_model.pb}}")
    with open(path, "rb") as file:
        content = file.read()
    try:
        model = SavedModel.FromString(content)
    except DataLossError as error:
        raise DataLossError(f"{path} is damaged: {error}") from None
    if len(model.meta_graphs) == 0:
        raise DataLossError(f"{path} is damaged: it holds no graph.")
    info = model.meta_graphs[0].meta_info_def
    wanted = None if tags is None else {tags} if isinstance(tags, str) else set(tags)
    if wanted is not None and wanted != set(info.tags):
        raise ValueError(
            f"Got an incompatible argument to `tags`: {tags}. The SavedModel at {folder} has one MetaGraph with tags "
            f"{list(info.tags)}. You may omit the argument, pass 'None', or pass matching tags."
        )
    if info.any_info.type_url != PROGRAM:
        raise _foreign(folder, info)
    try:
        held = WeftProgram.FromString(info.any_info.value)
        program = json.loads(held.program)
        arrays = [from_tensor_proto(proto) for proto in held.arrays]
        number = program["format"]
    except (DataLossError, InvalidArgumentError, ValueError, KeyError, TypeError) as error:
        raise DataLossError(f"{path} is damaged: {error}") from None
    if number != FORMAT:
        raise UnimplementedError(f"{path} was written by Weft {program.get('version')}, in the form {number}; this one "
                                 f"reads the form {FORMAT}.")  # fmt: skip
    return program, arrays


def _foreign(folder: str, info: Any) -> UnimplementedError:
    writer = f"TensorFlow {info.tensorflow_version}" if info.tensorflow_version else "another program"
    return UnimplementedError(
        explain(f"The SavedModel {folder} was written by {writer}. Weft runs the SavedModels that it wrote itself.",
                hint="its variables can be taken: build the same object and call "
                f"tf.train.Checkpoint(object).restore({folder!r}); a Keras model goes from one to the other as a "
                ".keras file")  # fmt: skip
    )


def _build(program: Mapping[str, Any], arrays: list[Any]) -> tuple[list[Any], Any]:
    records = program["objects"]
    objects = [_made(record) for record in records]
    reader = TraceReader(arrays, program["symbols"], program["traces"], objects)
    for place, record in enumerate(records):
        if record["kind"] == "function":
            traces = [reader.trace(number) for number in record["traces"]]
            objects[place] = RestoredFunction(record["name"], traces, reader.signature(record["parameters"]))
        elif record["kind"] == "trace":
            objects[place] = reader.trace(record["trace"])
    # Tuples first, the inner ones before the outer ones, as they cannot be filled later.
    for place in sorted(range(len(records)), key=lambda place: (records[place]["kind"] != "tuple", -place)):
        _connect(place, records[place], objects)
    root = objects[0]
    named = {str(name): reader.named(found["trace"], found["inputs"], found["outputs"])
             for name, found in program["signatures"].items()}  # fmt: skip
    if isinstance(root, UserObject):
        root.signatures = Signatures(named)
    return objects, root


def _made(record: Mapping[str, Any]) -> Any:
    kind = record["kind"]
    if kind == "variable":
        shape, dtype = record["shape"], dtypes.as_dtype(record["dtype"])
        sizes = [] if shape is None else [size or 0 for size in shape]
        first = np.zeros(sizes, dtype.numpy)
        return Variable(first, trainable=record["trainable"], name=record["name"].removesuffix(":0"), dtype=dtype,
                        shape=TensorShape(shape))  # fmt: skip
    if kind in ("list", "tuple"):
        return []
    if kind == "dict":
        return {}
    if kind == "object":
        called = any(name == "__call__" for name, _ in record["children"])
        return CallableObject() if called else UserObject()
    if kind not in ("function", "trace"):
        raise ValueError(f"no kind of object: {kind!r}")
    return None


def _connect(place: int, record: Mapping[str, Any], objects: list[Any]) -> None:
    """Gives an object its children."""
    value = objects[place]
    for name, number in record.get("children", ()):
        child = objects[number]
        if isinstance(value, list):
            value.extend([None] * (int(name) + 1 - len(value)))
            value[int(name)] = child
        elif isinstance(value, dict):
            value[name] = child
        else:
            setattr(value, name, child)
    if record["kind"] == "tuple":
        objects[place] = tuple(value)


def _restore(folder: str, program: Mapping[str, Any], objects: list[Any], partial: bool) -> None:
    """Gives the variables their values: the checkpoint's objects have the numbers of the program's."""
    prefix = os.path.join(folder, *VARIABLES)
    with open(bundle.index_path(prefix), "rb") as file:
        if crc32c(file.read()) != program["variables"]:
            raise DataLossError(
                explain(f"The variables of the SavedModel {folder} are not those that it was saved with.",
                        hint="was it being replaced when its program ended? save it again")  # fmt: skip
            )
    reader = open_checkpoint(folder)
    proto = object_graph(reader, folder)
    if proto is None or len(proto.nodes) != len(objects):
        raise DataLossError(f"The variables of the SavedModel {folder} belong to other objects.")
    restoration = Restoration(folder, reader, proto)
    for number, value in enumerate(objects):
        if isinstance(value, Variable):
            if not any(part.name == VALUE for part in proto.nodes[number].attributes):
                if partial:
                    continue
                raise DataLossError(f"The SavedModel {folder} has no value for its variable `{value.name}`.")
            restoration.visit(value, number)
    reader.close()
