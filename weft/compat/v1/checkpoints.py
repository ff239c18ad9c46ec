"""Checkpoints looked at without a graph, and variables that begin with a checkpoint's values."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

import weft
from weft.api.checkpoint.reading import (  # noqa: F401
    CheckpointReader,
    get_checkpoint_state,
    latest_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
    resolved_prefix,
)
from weft.api.checkpoint.reading import remove_checkpoint as delete_files
from weft.base.errors import NotFoundError, explain, nearest
from weft.compat.v1.partitioned import PartitionedVariable, SaveSliceInfo
from weft.compat.v1.variable_scopes import variable_store
from weft.formats import bundle, checkpoint_state, checkpoint_v1, files
from weft.formats.messages.meta_graph import SaverDef
from weft.ir.types import TensorType
from weft.runtime import dispatch
from weft.runtime import graph as graphs
from weft.runtime.host_call import host_call
from weft.runtime.scopes import NameScope


def checkpoint_exists(checkpoint_prefix: Any) -> bool:
    """Whether there is a checkpoint of this prefix."""
    return checkpoint_v1.checkpoint_exists(os.fspath(checkpoint_prefix))


def update_checkpoint_state(save_dir: Any, model_checkpoint_path: Any, all_model_checkpoint_paths: Any = None,
                            latest_filename: str | None = None, all_model_checkpoint_timestamps: Any = None,
                            last_preserved_timestamp: float | None = None) -> None:  # fmt: skip
    """Writes a folder's state file."""
    checkpoint_state.write_checkpoint_state(
        save_dir, model_checkpoint_path, list(all_model_checkpoint_paths or []),
        timestamps=list(all_model_checkpoint_timestamps or []),
        last_preserved_timestamp=last_preserved_timestamp or 0.0, latest_filename=latest_filename or "checkpoint",
    )  # fmt: skip


def remove_checkpoint(checkpoint_prefix: Any, checkpoint_format_version: Any = None,
                      meta_graph_suffix: str = "meta") -> None:  # fmt: skip
    """Deletes the files of a checkpoint."""
    prefix = os.fspath(checkpoint_prefix)
    delete_files(prefix)
    files.remove_quietly(f"{prefix}.{meta_graph_suffix}")


NewCheckpointReader = CheckpointReader


def init_from_checkpoint(ckpt_dir_or_file: Any, assignment_map: Any) -> None:
    """Lets the initializers of variables take values of a checkpoint.

    Args:
        ckpt_dir_or_file: A checkpoint, or a folder.
        assignment_map: From names in the checkpoint to variables or their names; from scopes, which end with `/`, to
            scopes.

    Raises:
        ValueError: For what the checkpoint or the graph has not, or another shape.
    """
    prefix = resolved_prefix(ckpt_dir_or_file)
    reader = CheckpointReader(prefix)
    shapes = reader.get_variable_to_shape_map()
    known: dict[str, list[Any]] = {}
    for own, variable in variable_store().variables.items():
        info = variable._save_slice_info
        known.setdefault(own if info is None else info.full_name, []).append(variable)
    for source, target in assignment_map.items():
        for name, variable in _pairs(source, target, known, shapes):
            _begin_with(variable, name, prefix, shapes)


def _pairs(source: str, target: Any, known: dict[str, Any], shapes: dict[str, Any]) -> list[tuple[str, Any]]:
    if not isinstance(target, str):
        several = isinstance(target, (list, tuple, PartitionedVariable))
        return [(source, variable) for variable in (target if several else [target])]
    if not source.endswith("/"):
        if target not in known:
            raise ValueError(f"Variable {target!r} is not in this graph. {nearest(target, known)}")
        return [(source, variable) for variable in known[target]]
    if not target.endswith("/"):
        raise ValueError(f"A scope goes to a scope: {source!r} ends with `/`, so {target!r} must.")
    inside = "" if target == "/" else target
    found = [(("" if source == "/" else source) + name.removeprefix(inside), variable)
             for name, parts in known.items() if name.startswith(inside) for variable in parts]  # fmt: skip
    if not found:
        raise ValueError(f"Scope {target!r} has no variables of tf.get_variable in this graph.")
    missing = [name for name, _ in found if name not in shapes]
    if missing:
        near = nearest(missing[0], shapes)
        raise ValueError(f"The checkpoint has no tensor {missing[0]!r} (scope {source!r}). {near}")
    return found


def _begin_with(variable: Any, name: str, prefix: str, shapes: dict[str, Any]) -> None:
    if name not in shapes:
        raise ValueError(f"Tensor {name!r} is not found in the checkpoint {prefix}. {nearest(name, shapes)}")
    info = getattr(variable, "_save_slice_info", None)
    wanted = variable.shape if info is None else weft.TensorShape(info.full_shape)
    if not wanted.is_compatible_with(shapes[name]):
        raise ValueError(
            explain(f"Variable {variable.name} and the checkpoint's tensor {name!r} have different shapes.",
                    expected=str(wanted), received=str(weft.TensorShape(shapes[name])))  # fmt: skip
        )
    type = TensorType(tuple(shapes[name] if info is None else info.var_shape), variable.dtype)

    def read() -> list[Any]:
        with checkpoint_v1.open_checkpoint(prefix) as reader:
            whole = reader.read(name)
        return [np.asarray(whole if info is None else info.part_of(whole), variable.dtype.numpy)]

    with variable.graph.as_default(), NameScope(None), NameScope("checkpoint_initializer"):
        (value,) = host_call(read, (), [type], "RestoreV2")
        assigned = dispatch.call("assign_variable", variable.handle, value)
    variable._initial, variable._initializer = value, graphs.operation_of(assigned._value.node)


def text_of(path: Any) -> str:
    """A path out of a string tensor."""
    value = np.asarray(path)[()]
    return value.decode() if isinstance(value, bytes) else str(value)


def write_tensors(
    path: Any, names: Sequence[str], specs: Sequence[str], arrays: Sequence[Any], version: int = SaverDef.V2
) -> None:
    """Writes a checkpoint of arrays by name; those with a spec (`"10 4 0,5:0,4"`) are parts of one tensor."""
    if version != SaverDef.V2:
        infos = [SaveSliceInfo.parsed(name, spec) if spec else None for name, spec in zip(names, specs, strict=True)]
        checkpoint_v1.write(text_of(path), [
            checkpoint_v1.Slice(name, np.asarray(array)) if info is None else
            checkpoint_v1.Slice(name, np.asarray(array), tuple(info.full_shape), tuple(info.var_offset))
            for name, info, array in zip(names, infos, arrays, strict=True)
        ])  # fmt: skip
        return
    with bundle.BundleWriter(text_of(path)) as writer:
        for name, spec, array in zip(names, specs, arrays, strict=True):
            if spec:
                info = SaveSliceInfo.parsed(name, spec)
                writer.add_slice(name, array, shape=info.full_shape, start=info.var_offset)
            else:
                writer.add(name, array)


def read_tensors(path: Any, names: Sequence[str], specs: Sequence[str]) -> list[Any]:
    """Arrays of a checkpoint, or their parts.

    Raises:
        NotFoundError: Where it has not all of them.
    """
    with checkpoint_v1.open_checkpoint(text_of(path)) as reader:
        for name in names:
            if name not in reader:
                raise missing_tensor(reader, name)
        held = {name: reader.read(name) for name in dict.fromkeys(names)}
    return [SaveSliceInfo.parsed(name, spec).part_of(held[name]) if spec else held[name]
            for name, spec in zip(names, specs, strict=True)]  # fmt: skip


def merge_checkpoints(parts: Sequence[str], whole: str) -> None:
    """Makes one checkpoint of several, which are gone after that."""
    found: dict[str, Any] = {}
    for part in parts:
        with checkpoint_v1.open_checkpoint(part) as reader:
            found.update({name: reader.read(name) for name in reader.names()})
    write_tensors(whole, list(found), [""] * len(found), list(found.values()))
    for part in parts:
        if part != whole:
            remove_checkpoint(part)


def missing_tensor(reader: bundle.BundleReader | checkpoint_v1.Reader, name: str) -> NotFoundError:
    """The error about a tensor that a checkpoint has not."""
    return NotFoundError(
        explain(f"Restoring from checkpoint failed: Key {name} not found in checkpoint. "
                f"{nearest(name, reader.names())}",
                hint="restore the variables that it has: tf.train.Saver(var_list=...), names by "
                "tf.train.list_variables(path)")  # fmt: skip
    )
