"""Checkpoints looked at without a graph, and variables that begin with a checkpoint's values."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

import weft
from weft.base import dtypes
from weft.base.errors import NotFoundError, explain, nearest
from weft.compat.v1.host import host_call
from weft.compat.v1.variable_scopes import variable_store
from weft.formats import bundle, checkpoint_state
from weft.formats.messages.checkpoint import CheckpointState
from weft.formats.messages.tensor import DataType
from weft.formats.tensors import numpy_dtype
from weft.ir.types import TensorType
from weft.runtime import dispatch
from weft.runtime import graph as graphs
from weft.runtime.scopes import NameScope


def checkpoint_exists(checkpoint_prefix: Any) -> bool:
    """Whether there is a checkpoint of this prefix."""
    return bundle.checkpoint_exists(os.fspath(checkpoint_prefix))


def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """The prefix of a folder's newest checkpoint, or None where there is none.

    Args:
        checkpoint_dir: The folder.
        latest_filename: The name of the file that says which it is; `checkpoint` where None.
    """
    return checkpoint_state.latest_checkpoint(checkpoint_dir, latest_filename=latest_filename or "checkpoint")


def get_checkpoint_state(checkpoint_dir: Any, latest_filename: str | None = None) -> CheckpointState | None:
    """What a folder's state file says: the newest checkpoint and those that are kept; None where there is no file."""
    return checkpoint_state.read_checkpoint_state(checkpoint_dir, latest_filename=latest_filename or "checkpoint")


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
    folder, base = os.path.split(prefix)
    for name in os.listdir(folder or "."):
        rest = name.removeprefix(base) if name.startswith(base) else ""
        if rest in (".index", f".{meta_graph_suffix}") or rest.startswith(".data-"):
            os.remove(os.path.join(folder, name))


class CheckpointReader:
    """What a checkpoint holds, by name.

    Args:
        filename: The checkpoint's prefix.

    Raises:
        NotFoundError: Where there is no such checkpoint.
    """

    def __init__(self, filename: Any) -> None:
        self._reader = bundle.BundleReader(filename)

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """The shape of every tensor, by name."""
        return {name: list(shape) for name, shape in self._reader.shapes().items()}

    def get_variable_to_dtype_map(self) -> dict[str, Any]:
        """The dtype of every tensor, by name."""
        return {name: dtypes.as_dtype(numpy_dtype(self._reader.dtype(name))) for name in self._reader.names()}

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether there is a tensor of that name."""
        return tensor_str in self._reader

    def get_tensor(self, tensor_str: str) -> Any:
        """A tensor as an array.

        Raises:
            NotFoundError: Where there is none of that name.
        """
        try:
            return self._reader.read(tensor_str)
        finally:
            self._reader.close()  # it opens its files again when they are needed

    def debug_string(self) -> bytes:
        """A line for each tensor: name, dtype, shape."""
        lines = [f"{name} ({DataType(self._reader.dtype(name)).name}) {list(shape)}"
                 for name, shape in self._reader.shapes().items()]  # fmt: skip
        return "\n".join(lines).encode()


NewCheckpointReader = CheckpointReader


def _prefix(ckpt_dir_or_file: Any) -> str:
    given = os.fspath(ckpt_dir_or_file)
    if os.path.isdir(given):
        found = latest_checkpoint(given)
        if found is None:
            raise ValueError(explain(f"Couldn't find a checkpoint in the folder {given!r}.",
                                     hint="pass the prefix of the checkpoint's files"))  # fmt: skip
        return found
    return given


def load_checkpoint(ckpt_dir_or_file: Any) -> CheckpointReader:
    """A reader of a checkpoint, or of a folder's newest one."""
    return CheckpointReader(_prefix(ckpt_dir_or_file))


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """The names and shapes of a checkpoint's tensors, sorted by name."""
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def load_variable(ckpt_dir_or_file: Any, name: str) -> Any:
    """One tensor of a checkpoint as an array; a name may end with `:0`."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def init_from_checkpoint(ckpt_dir_or_file: Any, assignment_map: Any) -> None:
    """Lets the initializers of variables take values of a checkpoint.

    Args:
        ckpt_dir_or_file: A checkpoint, or a folder.
        assignment_map: From names in the checkpoint to variables or their names; from scopes, which end with `/`, to
            scopes.

    Raises:
        ValueError: For what the checkpoint or the graph has not, or another shape.
    """
    prefix = _prefix(ckpt_dir_or_file)
    reader = CheckpointReader(prefix)
    shapes = reader.get_variable_to_shape_map()
    known = dict(variable_store().variables)
    for source, target in assignment_map.items():
        for name, variable in _pairs(source, target, known, shapes):
            _begin_with(variable, name, prefix, shapes)


def _pairs(source: str, target: Any, known: dict[str, Any], shapes: dict[str, Any]) -> list[tuple[str, Any]]:
    if not isinstance(target, str):
        variable = target[0] if isinstance(target, (list, tuple)) else target
        return [(source, variable)]
    if not source.endswith("/"):
        if target not in known:
            raise ValueError(f"Variable {target!r} is not in this graph. {nearest(target, known)}")
        return [(source, known[target])]
    if not target.endswith("/"):
        raise ValueError(f"A scope goes to a scope: {source!r} ends with `/`, so {target!r} must.")
    inside = "" if target == "/" else target
    found = [(("" if source == "/" else source) + name.removeprefix(inside), variable)
             for name, variable in known.items() if name.startswith(inside)]  # fmt: skip
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
    if not variable.shape.is_compatible_with(shapes[name]):
        raise ValueError(
            explain(f"Variable {variable.name} and the checkpoint's tensor {name!r} have different shapes.",
                    expected=str(variable.shape), received=str(weft.TensorShape(shapes[name])))  # fmt: skip
        )
    type = TensorType(tuple(shapes[name]), variable.dtype)

    def read() -> list[Any]:
        with bundle.BundleReader(prefix) as reader:
            return [np.asarray(reader.read(name), variable.dtype.numpy)]

    with variable.graph.as_default(), NameScope(None), NameScope("checkpoint_initializer"):
        (value,) = host_call(read, (), [type], "RestoreV2")
        assigned = dispatch.call("assign_variable", variable.handle, value)
    variable._initial, variable._initializer = value, graphs.operation_of(assigned._value.node)


def missing_tensor(reader: bundle.BundleReader, name: str) -> NotFoundError:
    """The error about a tensor that a checkpoint has not."""
    return NotFoundError(
        explain(f"Restoring from checkpoint failed: Key {name} not found in checkpoint. "
                f"{nearest(name, reader.names())}",
                hint="restore the variables that it has: tf.train.Saver(var_list=...), names by "
                "tf.train.list_variables(path)")  # fmt: skip
    )
