"""`tf.saved_model.load`: makes the objects and functions of a folder that Weft wrote. Nothing in it is run as code."""

from __future__ import annotations

import inspect
import json
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from weft.api.checkpoint.objects import holds_values, is_trackable
from weft.api.checkpoint.restoring import Restoration, object_graph, open_checkpoint
from weft.api.saved_model.assets import Asset, asset_path, table_made
from weft.api.saved_model.layout import ASSETS, FORMAT, MAX_LIST, PROGRAM, VARIABLES, contains_saved_model, pb_path
from weft.api.saved_model.traces import TraceReader
from weft.base import dtypes, nest
from weft.base.errors import DataLossError, InvalidArgumentError, UnimplementedError, explain
from weft.base.shapes import TensorShape
from weft.formats import bundle
from weft.formats.crc32c import crc32c
from weft.formats.messages.saved_model import SavedModel, WeftProgram
from weft.formats.tensors import from_tensor_proto
from weft.runtime import context, frontdoor, tracking
from weft.runtime.concrete import ConcreteFunction
from weft.runtime.spec import CompositeSpec, TensorSpec, TypeSpec
from weft.runtime.variable import Variable

_NUMBERS = (bool, int, float)
#: what a program that nobody wrote so makes Python raise; RecursionError for one that is nested deeply
_DAMAGE = (DataLossError, KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, MemoryError,
           RecursionError)  # fmt: skip


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
        given = self.function_spec.bind(*args, **kwargs)
        given.apply_defaults()
        for loosely in (False, True):  # a trace for this very number goes before one for any tensor
            for trace in self._traces:
                try:
                    return trace, [tensor for spec, value in self._pairs(trace, given, loosely)
                                   for tensor in _fitted(trace, spec, value)]  # fmt: skip
                except (TypeError, ValueError, InvalidArgumentError):
                    continue
        options = "\n".join(f"  {place + 1}: {trace._signature[0]}, {trace._signature[1]}"
                            for place, trace in enumerate(self._traces))  # fmt: skip
        raise ValueError(
            explain(f"Could not find matching concrete function to call loaded from the SavedModel: `{self._name}` was "
                    f"not traced for these arguments before it was saved.",
                    received=f"{given.args} {given.kwargs}"[:400], expected=f"one of\n{options}",
                    hint="call it with such arguments before saving, or give it an input_signature")  # fmt: skip
        )

    def _pairs(self, trace: ConcreteFunction, given: inspect.BoundArguments, loosely: bool) -> list[tuple[Any, Any]]:
        """What each argument was traced as, defaults and Python's values included, and what is given for it."""
        traced = self.function_spec.bind(*trace._signature[0], **trace._signature[1])
        traced.apply_defaults()
        if len(given.args) != len(traced.args) or given.kwargs.keys() != traced.kwargs.keys():
            raise TypeError(f"{self._name}: other arguments")
        pairs = [*zip(traced.args, given.args, strict=True),
                 *((traced.kwargs[name], given.kwargs[name]) for name in nest.sorted_keys(traced.kwargs))]  # fmt: skip
        return [(spec, _taken(spec, value, loosely)) for spec, value in pairs]

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The trace for these arguments, which may be TensorSpecs; the only one where none are given."""
        if not args and not kwargs and len(self._traces) == 1:
            return self._traces[0]
        return self._choose(args, kwargs)[0]

    @property
    def input_signature(self) -> Any:
        """The specs of the arguments, where there is one trace; else None."""
        return self._traces[0]._signature[0] if len(self._traces) == 1 else None

    def __repr__(self) -> str:
        return f"<RestoredFunction {self._name} with {len(self._traces)} traces>"


def _taken(spec: Any, given: Any, loosely: bool) -> Any:
    """An argument of the form that it was traced in; numbers and lists become tensors where `loosely`.

    Raises:
        TypeError: Where it has another form: a dict other keys, a list another length.
    """
    parts = nest.children(spec)
    if parts is not None:
        mine = nest.children(given)
        if mine is None or isinstance(given, dict) != isinstance(spec, dict):
            raise TypeError(f"a {type(given).__name__} in the place of a {type(spec).__name__}")
        if [key for key, _ in mine] != [key for key, _ in parts]:
            raise TypeError(f"the keys {[key for key, _ in mine]} in the place of {[key for key, _ in parts]}")
        return nest.rebuild(given, [_taken(one, value, loosely) for (_, one), (_, value)
                                    in zip(parts, mine, strict=True)])  # fmt: skip
    if isinstance(spec, TensorSpec):
        if isinstance(given, (list, tuple, bool, int, float, complex, str, bytes)):
            if not loosely:
                raise TypeError("a value of Python's in the place of a tensor")
            return frontdoor.convert(given, spec.dtype)
    elif isinstance(spec, _NUMBERS) and isinstance(given, _NUMBERS) and _same_number(spec, given):
        return spec  # True is 1
    return given


def _fitted(trace: ConcreteFunction, spec: Any, value: Any) -> list[Any]:
    """The tensors of an argument; none of one that is a spec itself, which must fit."""
    leaves = nest.flatten(value)
    if not any(isinstance(leaf, TypeSpec) for leaf in leaves):
        return trace._fitted(spec, value, "")
    for one, leaf in zip(nest.flatten(spec), leaves, strict=True):
        if isinstance(leaf, TypeSpec):
            if not isinstance(one, (TensorSpec, CompositeSpec)) or not one.is_compatible_with(leaf):
                raise TypeError(f"{leaf!r} in the place of {one!r}")
        else:
            trace._fitted(one, leaf, "")
    return []


def _same_number(one: Any, other: Any) -> bool:
    return bool(one == other and (one or math.copysign(1, one) == math.copysign(1, other)))


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
            if not chosen.experimental_skip_checkpoint:
                _check_variables(folder, program, chosen.allow_partial_checkpoint)
            objects, root = _build(program, arrays, os.path.join(os.path.abspath(folder), ASSETS))
        except _DAMAGE as error:
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
        arrays = [from_tensor_proto(proto, max_expanded_bytes=0) for proto in held.arrays]  # all numbers are there
        number = program["format"]
    except (InvalidArgumentError, *_DAMAGE) as error:
        raise DataLossError(f"{path} is damaged: {error}") from None
    if program.get("symbols", 0) > len(held.program):  # each is mentioned somewhere
        raise DataLossError(f"{path} is damaged: it counts {program['symbols']} symbols.")
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


def _build(program: Mapping[str, Any], arrays: list[Any], assets: str) -> tuple[list[Any], Any]:
    records = program["objects"]
    places = sum(1 + max(int(name) for name, _ in record["children"])
                 for record in records if record["kind"] in ("list", "tuple") and record["children"])  # fmt: skip
    if places > MAX_LIST:
        raise ValueError(f"its lists have {places} places")
    objects = [_made(record, arrays, assets) for record in records]
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


def _made(record: Mapping[str, Any], arrays: list[Any], assets: str) -> Any:
    kind = record["kind"]
    if kind == "table":
        return table_made(record, arrays, assets)
    if kind == "asset":
        return Asset(asset_path(assets, record["file"]))
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
            index = int(name)
            if index < 0:
                raise ValueError(f"a list has a part number {index}")
            value.extend([None] * (index + 1 - len(value)))
            value[index] = child
        elif isinstance(value, dict):
            value[name] = child
        else:
            setattr(value, name, child)
    if record["kind"] == "tuple":
        objects[place] = tuple(value)


def _check_variables(folder: str, program: Mapping[str, Any], partial: bool) -> None:
    """Checks that the variables' files are those of the program, and hold what its variables take in memory."""
    prefix = os.path.join(folder, *VARIABLES)
    with open(bundle.index_path(prefix), "rb") as file:
        if crc32c(file.read()) != program["variables"]:
            raise DataLossError(
                explain(f"The variables of the SavedModel {folder} are not those that it was saved with.",
                        hint="was it being replaced when its program ended? save it again")  # fmt: skip
            )
    held = sum(os.path.getsize(path) for path in bundle.data_files(prefix))
    taken = 0
    for record in program["objects"]:
        if record["kind"] == "variable" and not (record["shape"] is None or None in record["shape"]):
            dtype = np.dtype(dtypes.as_dtype(record["dtype"]).numpy)
            taken += math.prod(map(abs, record["shape"])) * (1 if dtype.kind == "O" else dtype.itemsize)
    if taken > held and not partial:
        raise DataLossError(f"The variables of the SavedModel {folder} take {taken} bytes, but its files hold {held}.")


def _restore(folder: str, program: Mapping[str, Any], objects: list[Any], partial: bool) -> None:
    """Gives the variables their values: the checkpoint's objects have the numbers of the program's."""
    reader = open_checkpoint(folder)
    proto = object_graph(reader, folder)
    if proto is None or len(proto.nodes) != len(objects):
        raise DataLossError(f"The variables of the SavedModel {folder} belong to other objects.")
    restoration = Restoration(folder, reader, proto)
    for number, value in enumerate(objects):
        if holds_values(value):
            if not proto.nodes[number].attributes:
                if partial:
                    continue
                raise DataLossError(f"The SavedModel {folder} has no value for `{value.name}`.")
            restoration.visit(value, number)
    reader.close()
