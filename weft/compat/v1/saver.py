"""Saves variables to TensorFlow's checkpoint files and takes them back."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

import weft
from weft.base import dtypes
from weft.base.errors import InvalidArgumentError, explain
from weft.compat.v1 import checkpoints, logging, meta_graphs
from weft.compat.v1 import graphs as v1_graphs
from weft.compat.v1.naming import in_graph
from weft.compat.v1.partitioned import PartitionedVariable
from weft.formats import bundle, checkpoint_state, checkpoint_v1
from weft.formats.messages.meta_graph import SaverDef
from weft.formats.tensors import numpy_dtype
from weft.ir.types import TensorType
from weft.runtime import context, frontdoor
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys
from weft.runtime.graph_variable import is_of_graph
from weft.runtime.host_call import host_call
from weft.runtime.scopes import NameScope
from weft.runtime.session import BaseSession


def _by_name(variables: Any) -> dict[str, Any]:
    """Variables by the names that they have in checkpoints; lists of those that are parts of one tensor.

    Raises:
        TypeError: For what is no variable.
        ValueError: For two of one name.
    """
    pairs = list(variables.items()) if isinstance(variables, dict) else [(None, v) for v in variables]
    found: dict[str, Any] = {}
    for name, variable in pairs:
        if isinstance(variable, PartitionedVariable) or (name is not None and isinstance(variable, (list, tuple))):
            found[str(getattr(variable, "name", name) if name is None else name)] = list(variable)
            continue
        info = getattr(variable, "_save_slice_info", None)
        if info is not None:
            parts = found.setdefault(info.full_name if name is None else name, [])
            if isinstance(parts, list) and not any(part is variable for part in parts):
                parts.append(variable)
                continue
        if not hasattr(variable, "assign"):
            with contextlib.suppress(AttributeError):  # a tensor of a variable's own name stands for it
                variable = v1_graphs.variable_of(variable)
        if not isinstance(variable, weft.Variable):
            raise TypeError(f"Variable to save is not a Variable: {variable!r}")
        name = variable.name.split(":")[0] if name is None else name
        if name in found:
            raise ValueError(f"At least two variables have the same name: {name}")
        found[name] = variable
    return found


class _Entry(NamedTuple):
    """What is saved under a name: a variable, or one of several parts."""

    name: str
    info: Any
    variable: Any

    @property
    def spec(self) -> str:
        return "" if self.info is None else str(self.info.spec)


def _entries(variables: dict[str, Any]) -> list[_Entry]:
    """The variables one by one."""
    found = []
    for name, held in variables.items():
        for variable in held if isinstance(held, list) else [held]:
            info = getattr(variable, "_save_slice_info", None) if isinstance(held, list) else None
            found.append(_Entry(name, info, variable))
    return found


def _check(reader: bundle.BundleReader | checkpoint_v1.Reader, wanted: list[_Entry], reshape: bool) -> None:
    """Compares a checkpoint with the variables that are to take its values.

    Args:
        reader: The checkpoint.
        wanted: The variables.
        reshape: Whether as many elements in another shape fit.

    Raises:
        NotFoundError: Where it has not all of them.
        InvalidArgumentError: Where one has another dtype or shape there.
    """
    for name, info, variable in wanted:
        if name not in reader:
            raise checkpoints.missing_tensor(reader, name)
        held = dtypes.as_dtype(numpy_dtype(reader.dtype(name)))
        shape = reader.shape(name)
        own = variable.shape if info is None else weft.TensorShape(info.full_shape)
        fits = own.is_compatible_with(shape)
        if reshape and info is None and own.is_fully_defined():
            fits = own.num_elements() == math.prod(shape)
        if held != variable.dtype or not fits:
            raise InvalidArgumentError(
                explain(f"Restoring from checkpoint failed: {name} does not fit variable {variable.name}.",
                        expected=f"{variable.dtype.name} {own}",
                        received=f"{held.name} {weft.TensorShape(shape)}",
                        hint="build the graph that was saved, or restore fewer variables: "
                        "tf.train.Saver(var_list=...)")  # fmt: skip
            )


def _read_all(path: str, wanted: list[_Entry], reshape: bool) -> list[Any]:
    """The values of variables in a checkpoint."""
    with checkpoint_v1.open_checkpoint(path) as reader:
        _check(reader, wanted, reshape)
        held = {entry.name: reader.read(entry.name) for entry in wanted}
    return [held[name] if info is None else info.part_of(held[name]) for name, info, _ in wanted]


class Saver:
    """Saves variables to checkpoints in TensorFlow's formats and restores them.

    Args:
        var_list: Variables, or variables by the names that they get in checkpoints; all that can be saved where None.
        reshape: Whether a variable takes a value of another shape with as many elements; shapes must fit otherwise.
        sharded: Accepted; a checkpoint has one data file.
        max_to_keep: How many checkpoints stay; older ones are deleted. None or 0 keeps all.
        keep_checkpoint_every_n_hours: One of these hours' checkpoints is kept for good.
        name: What its operations are called.
        restore_sequentially: Accepted.
        saver_def: The names of operations that the graph has already, as a message; they are used then.
        builder: Accepted.
        defer_build: Whether `build()` makes the operations.
        allow_empty: Whether there need be no variables.
        write_version: The format, of `tf.train.SaverDef`: V2, or V1, one file, which older programs read.
        pad_step_number: Whether steps in file names have leading zeros.
        save_relative_paths: Accepted; paths in the folder are stored relative to it.
        filename: Where operations save that are run by themselves.

    Raises:
        ValueError: Without variables, or for two of one name.

    Example:
        >>> import tempfile
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     w = tf.Variable(3.0, name="w")
        ...     session.run(tf.global_variables_initializer())
        ...     saver = tf.train.Saver()
        ...     path = saver.save(session, tempfile.mkdtemp() + "/model", global_step=7)
        ...     _ = session.run(w.assign(0.0))
        ...     saver.restore(session, path)
        ...     float(session.run(w)), path.endswith("/model-7")
        (3.0, True)
    """

    def __init__(self, var_list: Any = None, reshape: bool = False, sharded: bool = False, max_to_keep: int | None = 5,
                 keep_checkpoint_every_n_hours: float = 10000.0, name: str | None = None,
                 restore_sequentially: bool = False, saver_def: Any = None, builder: Any = None,
                 defer_build: bool = False, allow_empty: bool = False, write_version: Any = SaverDef.V2,
                 pad_step_number: bool = False, save_relative_paths: bool = False,
                 filename: str | None = None) -> None:  # fmt: skip
        self._given, self._name, self._allow_empty = var_list, name, allow_empty
        self._definition, self._reshape = saver_def, reshape
        self._version = write_version
        self._written: Any = None
        self._max_to_keep, self._every_hours = max_to_keep, keep_checkpoint_every_n_hours
        self._pad, self._filename = pad_step_number, filename
        self._next_kept = time.time() + keep_checkpoint_every_n_hours * 3600
        self._last: list[tuple[str, float]] = []
        self._variables: dict[str, Any] | None = None
        if saver_def is not None:
            self._take(saver_def, name or "")
        elif not defer_build and (in_graph() or var_list is not None):
            self.build()

    def _take(self, saver_def: Any, scope: str) -> None:
        """Uses the operations that a message names, which the default graph has already."""
        graph, prefix = graphs.default_graph(), f"{scope.rstrip('/')}/" if scope else ""
        self._path = graph.get_tensor_by_name(prefix + saver_def.filename_tensor_name)
        self._save = graph.get_tensor_by_name(prefix + saver_def.save_tensor_name)
        self._restore = graph.get_operation_by_name(prefix + saver_def.restore_op_name)
        self._max_to_keep = saver_def.max_to_keep or None
        self._version = saver_def.version or SaverDef.V1
        self._every_hours = saver_def.keep_checkpoint_every_n_hours or 10000.0
        self._variables = {}

    def build(self) -> None:
        """Makes its operations."""
        if self._variables is not None:
            return
        given = self._given
        if given is None:
            given = v1_graphs.global_variables() + v1_graphs.get_collection(GraphKeys.SAVEABLE_OBJECTS)
        found = _by_name(given)
        if not found and not self._allow_empty:
            raise ValueError(explain("No variables to save", hint="make the Saver after the variables"))
        self._variables = dict(sorted(found.items())) if not isinstance(given, dict) else found
        if in_graph() and found:
            with NameScope(self._name or "save"):
                self._add_operations(_entries(self._variables))

    def _add_operations(self, entries: list[_Entry]) -> None:
        names, variables = [entry.name for entry in entries], [entry.variable for entry in entries]
        specs = [entry.spec for entry in entries]
        default = frontdoor.constant(np.array((self._filename or "model").encode(), object), "filename/input")
        self._path = v1_graphs.placeholder_with_default(
            v1_graphs.placeholder_with_default(default, [], "filename"), [], "Const"
        )
        labels = np.array([name.encode() for name in names], object)
        parts = np.array([spec.encode() for spec in specs], object)
        label, version = ("SaveV2", self._version) if self._version == SaverDef.V2 else ("SaveSlices", SaverDef.V1)
        with NameScope(label):
            _slices(labels, parts)

        def write(path: Any, *arrays: Any) -> list[Any]:
            checkpoints.write_tensors(path, names, specs, arrays, version)
            return []

        read = [variable._whole if is_of_graph(variable) else variable for variable in variables]
        (saved,) = host_call(write, [self._path, *read], [], label, _reserved(label))
        saved.node.metadata["writer"] = _save_writer(label, labels, parts)
        with weft.control_dependencies([saved]):
            self._save = weft.identity(self._path, name="control_dependency")
        with NameScope("RestoreV2"):
            _slices(labels, parts)
        reshaped = [self._reshape and entry.info is None and entry.variable.shape.is_fully_defined()
                    for entry in entries]  # fmt: skip
        types = [TensorType(v.shape.symbolic if v.shape.is_fully_defined() and not other else None, v.dtype)
                 for v, other in zip(variables, reshaped, strict=True)]  # fmt: skip
        restored = host_call(lambda path: _read_all(_text(path), entries, self._reshape), [self._path], types,
                             "RestoreV2", _reserved("RestoreV2"))  # fmt: skip
        restored[0]._value.node.metadata["writer"] = _restore_writer(labels, parts)
        given = [variable.assign(weft.reshape(value, variable.shape) if other else value, read_value=False)
                 for variable, value, other in zip(variables, restored, reshaped, strict=True)]  # fmt: skip
        self._restore = graphs.group(*given, name="restore_all")

    # Saving

    def save(self, sess: Any, save_path: Any, global_step: Any = None, latest_filename: str | None = None,
             meta_graph_suffix: str = "meta", write_meta_graph: bool = True, write_state: bool = True,
             strip_default_attrs: bool = False, save_debug_info: bool = False) -> str:  # fmt: skip
        """Saves the variables.

        Args:
            sess: The session that holds their values; None when eager.
            save_path: The prefix of the files.
            global_step: A number, or a variable, that is put behind the prefix.
            latest_filename: The file that says which checkpoint is the newest; `checkpoint` where None.
            meta_graph_suffix: What follows the prefix in the name of the graph's file.
            write_meta_graph: Whether the graph is written too, for `import_meta_graph`.
            write_state: Whether to keep count of checkpoints, and to delete old ones.
            strip_default_attrs: Accepted.
            save_debug_info: Accepted.

        Returns:
            The prefix of the checkpoint, for `restore`.

        Raises:
            TypeError: For what is no session.
            ValueError: Where the folder does not exist, or the prefix is empty.
            FailedPreconditionError: Where a variable has no value.
        """
        self.build()
        assert self._variables is not None
        named = self._definition is not None
        eager = not named and (
            not self._variables or not all(is_of_graph(e.variable) for e in _entries(self._variables))
        )
        if not eager and not isinstance(sess, BaseSession):
            raise TypeError(f"'sess' must be a Session; {sess}")
        path = os.fspath(save_path)
        if not path and global_step is None:
            raise ValueError(explain("Saver.save: save_path is empty, so the files would have no name.",
                                     hint="pass a prefix, such as './model.ckpt'"))  # fmt: skip
        if global_step is not None:
            step = global_step if isinstance(global_step, (int, np.integer)) else _step_of(sess, global_step)
            path = f"{path}-{step:08d}" if self._pad else f"{path}-{step}"
        folder = os.path.dirname(path)
        if folder and not os.path.isdir(folder) and os.path.isdir(os.path.dirname(folder) or "."):
            os.makedirs(folder, exist_ok=True)  # as TensorFlow, which makes the last folder, not those above it
        if folder and not os.path.isdir(folder):
            raise ValueError(
                explain(f"Parent directory of {path} doesn't exist, can't save.",
                        hint=f"make it first: os.makedirs({folder!r}, exist_ok=True)")  # fmt: skip
            )
        if eager:
            entries = _entries(self._variables)
            checkpoints.write_tensors(path, [e.name for e in entries], [""] * len(entries),
                                      [e.variable.numpy() for e in entries], self._version)  # fmt: skip
        else:
            sess.run(self._save, {self._path: path})
        if write_meta_graph and not eager:
            meta_graphs.write_message(f"{path}.{meta_graph_suffix}", self._meta_graph(sess.graph), False)
        if write_state:
            self._note(path)
            checkpoint_state.write_checkpoint_state(
                folder or ".", path, self.last_checkpoints, latest_filename=latest_filename or "checkpoint",
            )  # fmt: skip
        return path

    def _note(self, path: str) -> None:
        """Counts a checkpoint, and deletes the oldest where there are too many."""
        self._last = [(kept, moment) for kept, moment in self._last if kept != path]
        self._last.append((path, time.time()))
        while self._max_to_keep and len(self._last) > self._max_to_keep:
            oldest, moment = self._last.pop(0)
            if moment > self._next_kept:
                self._next_kept += self._every_hours * 3600
            else:
                checkpoints.remove_checkpoint(oldest)

    def restore(self, sess: Any, save_path: Any) -> None:
        """Gives the variables the values of a checkpoint.

        Args:
            sess: The session that shall hold them; None when eager.
            save_path: What `save` returned.

        Raises:
            ValueError: Where there is no such checkpoint.
            NotFoundError: Where it has not all the variables.
            InvalidArgumentError: Where one has another shape or dtype there.
        """
        self.build()
        if save_path is None:
            hint = "where tf.train.latest_checkpoint gave None, the folder has no checkpoint"
            raise ValueError(explain("Can't load save_path when it is None.", hint=hint))
        path = os.fspath(save_path)
        if not checkpoint_v1.checkpoint_exists(path):
            raise ValueError(explain(f"The passed save_path is not a valid checkpoint: {path}",
                                     hint="pass what save() returned, without .index or .data"))  # fmt: skip
        logging.info("Restoring parameters from %s", path)
        if self._definition is not None:
            sess.run(self._restore, {self._path: path})
            return
        assert self._variables is not None
        if not self._variables:
            return
        entries = _entries(self._variables)
        if all(is_of_graph(entry.variable) for entry in entries):
            with checkpoint_v1.open_checkpoint(path) as reader:
                _check(reader, entries, self._reshape)  # before anything runs, so that errors are worded here
            sess.run(self._restore, {self._path: path})
            return
        for entry, value in zip(entries, _read_all(path, entries, self._reshape), strict=True):
            entry.variable.assign(np.reshape(value, entry.variable.shape.as_list()) if self._reshape else value)

    # As messages

    def as_saver_def(self) -> Any:
        """The names of its operations, as a message."""
        self.build()
        made = SaverDef()
        made.filename_tensor_name, made.save_tensor_name = self._path.name, self._save.name
        made.restore_op_name = self._restore.name
        made.max_to_keep, made.version = self._max_to_keep or 0, self._version
        made.keep_checkpoint_every_n_hours = self._every_hours
        return made

    saver_def = property(as_saver_def, doc="The names of its operations, as a message.")

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The names of its operations, as a message."""
        return self.as_saver_def()

    @staticmethod
    def from_proto(saver_def: Any, import_scope: str | None = None) -> Saver:
        """A saver of operations that the default graph has already."""
        return Saver(saver_def=saver_def, name=import_scope)

    def _meta_graph(self, graph: Any) -> Any:
        key = (graph.ir, len(graph.ir.nodes))
        if self._written is None or self._written[0] != key:
            self._written = (key, meta_graphs.meta_graph_of(graph, self.as_saver_def()))
        return self._written[1]

    def export_meta_graph(self, filename: Any = None, collection_list: Any = None, as_text: bool = False,
                          export_scope: str | None = None, clear_devices: bool = False,
                          clear_extraneous_savers: bool = False, strip_default_attrs: bool = False,
                          save_debug_info: bool = False) -> Any:  # fmt: skip
        """The default graph and this saver as a message; see `tf.train.export_meta_graph`."""
        return meta_graphs.export_meta_graph(filename, None, None, self.as_saver_def(), collection_list, as_text,
                                             None, export_scope, clear_devices)  # fmt: skip

    # What is kept

    @property
    def last_checkpoints(self) -> list[str]:
        """The prefixes of the checkpoints that it keeps count of, oldest first."""
        return [path for path, _ in self._last]

    def set_last_checkpoints(self, last_checkpoints: Sequence[str]) -> None:
        """Sets the prefixes that it keeps count of."""
        self._last = [(path, np.inf) for path in last_checkpoints]

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: Sequence[tuple[str, float]]) -> None:
        """Sets the prefixes that it keeps count of, with the times when they were written."""
        self._last = list(last_checkpoints_with_time)

    def recover_last_checkpoints(self, checkpoint_paths: Sequence[str]) -> None:
        """Takes up earlier checkpoints, as after a restart; those that are gone are passed over."""
        found = [path for path in checkpoint_paths if checkpoint_v1.checkpoint_exists(path)]
        self._last = [(path, checkpoint_v1.modification_time(path)) for path in found]


def _save_writer(operation: str, labels: Any, parts: Any) -> Any:
    """What a graph's file says about a node that saves."""

    def written(x: Any, node: Any) -> list[str]:
        prefix, *tensors = x.operands(node)
        kinds = [value.dtype for value in node.inputs[1:]]
        x.op(operation, [prefix, x.const(labels, "tensor_names"), x.const(parts, "shape_and_slices"), *tensors],
             main=True, **{"dtypes" if operation == "SaveV2" else "T": kinds})  # fmt: skip
        return []

    return written


def _restore_writer(labels: Any, parts: Any) -> Any:
    """What a graph's file says about a node that restores."""

    def written(x: Any, node: Any) -> list[str]:
        inputs = [*x.operands(node), x.const(labels, "tensor_names"), x.const(parts, "shape_and_slices")]
        x.op("RestoreV2", inputs, main=True, dtypes=[value.dtype for value in node.outputs])
        return [f"{node.name}:{i}" if i else node.name for i in range(len(node.outputs))]

    return written


def _reserved(name: str) -> str:
    """The name of a node whose operands stand in a scope of that name, which is open no more."""
    return context.qualified(name) + "/"


def _slices(labels: Any, parts: Any) -> None:
    frontdoor.constant(labels, "tensor_names")
    frontdoor.constant(parts, "shape_and_slices")


def _text(path: Any) -> str:
    value = np.asarray(path)[()]
    return value.decode() if isinstance(value, bytes) else str(value)


def _step_of(sess: Any, step: Any) -> int:
    return int(step.numpy()) if sess is None else int(sess.run(step))
