"""`tf.train.Checkpoint`: saves and restores graphs of objects in TensorFlow's format."""

from __future__ import annotations

import inspect
import os
import weakref
from typing import Any

import numpy as np

from weft.api.checkpoint.objects import GRAPH_KEY, ObjectGraph, is_trackable
from weft.api.checkpoint.restoring import (
    LoadStatus,
    NothingLoaded,
    Restoration,
    object_graph,
    open_checkpoint,
    restore_by_name,
)
from weft.api.checkpoint.together import write_together
from weft.base.errors import InvalidArgumentError, NotFoundError, explain
from weft.formats import bundle, checkpoint_state
from weft.runtime import context, processes, tracking
from weft.runtime.variable import Variable


class CheckpointOptions:
    """How a checkpoint is written.

    Args:
        experimental_io_device: Accepted; this process writes.
        experimental_enable_async_checkpoint: Accepted; what `write` returns is on the disk.
        experimental_write_callbacks: Functions called once the files are there, with the path where they take one.
        enable_async: As the other.
        experimental_skip_slot_variables: Accepted.
        experimental_sharding_callback: Accepted; there is one data file.
    """

    def __init__(self, experimental_io_device: Any = None, experimental_enable_async_checkpoint: bool = False,
                 experimental_write_callbacks: Any = None, enable_async: bool = False,
                 experimental_skip_slot_variables: bool = False,
                 experimental_sharding_callback: Any = None) -> None:  # fmt: skip
        self.experimental_io_device = experimental_io_device
        self.experimental_enable_async_checkpoint = self.enable_async = (
            experimental_enable_async_checkpoint or enable_async
        )
        self.experimental_write_callbacks = experimental_write_callbacks
        self.experimental_skip_slot_variables = experimental_skip_slot_variables
        self.experimental_sharding_callback = experimental_sharding_callback
        for callback in experimental_write_callbacks or ():
            if len(inspect.signature(callback).parameters) > 1:
                raise AssertionError("A write callback takes no argument, or the path of the checkpoint.")

    def _written(self, path: str) -> None:
        for callback in self.experimental_write_callbacks or ():
            callback(path) if inspect.signature(callback).parameters else callback()


class Checkpoint:
    """Saves objects and all that they lead to, and gives them back their values.

    Args:
        root: An object whose children are saved as the checkpoint's own.
        **kwargs: Objects, by the names that they get in the checkpoint; they become attributes.

    Raises:
        ValueError: For what holds nothing that could be saved.

    Example:
        >>> import tempfile
        >>> import weft as tf
        >>> step = tf.Variable(3)
        >>> checkpoint = tf.train.Checkpoint(step=step)
        >>> path = checkpoint.save(tempfile.mkdtemp() + "/ckpt")
        >>> _ = step.assign(0)
        >>> status = checkpoint.restore(path).assert_consumed()
        >>> int(step), path.endswith("ckpt-1")
        (3, True)
    """

    def __init__(self, root: Any = None, **kwargs: Any) -> None:
        self._save_counter: Any = None
        root = root() if isinstance(root, weakref.ref) else root
        for name, value in [("root", root)] * (root is not None) + sorted(kwargs.items()):
            if not is_trackable(value):
                raise ValueError(
                    explain(f"`Checkpoint` was expecting {name} to be a trackable object, got {value!r}.",
                            expected="a tf.Variable, tf.Module, Keras model, layer or optimizer, or a list or dict of "
                            "them", hint="numbers that are to be saved go into a tf.Variable")  # fmt: skip
                )
            setattr(self, name, value)
        self._root = root

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        tracking.attribute_set(self)

    def _trackable_children(self) -> dict[str, Any]:
        """What is saved: the attributes, then the counter of saves."""
        own = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return own if self._save_counter is None else {**own, "save_counter": self._save_counter}

    @property
    def save_counter(self) -> Any:
        """How often `save` was called, a variable that is saved too."""
        self._make_counter()
        return self._save_counter

    def _make_counter(self) -> None:
        if self._save_counter is None:
            with context.open_scope(None):
                self._save_counter = Variable(np.int64(0), trainable=False, name="save_counter")

    def _top(self) -> tuple[Any, dict[str, Any]]:
        """The root of the graph, and what it has besides its own children."""
        return (self, {}) if self._root is None else (self._root, self._trackable_children())

    # Saving

    def write(self, file_prefix: Any, options: CheckpointOptions | None = None) -> str:
        """Writes a checkpoint under a prefix, without counting.

        Args:
            file_prefix: The path without `.index` and `.data-…`; folders are made.
            options: Callbacks.

        Returns:
            The prefix.

        Raises:
            OSError: Where the disk refuses; an older checkpoint of this prefix is then as it was.
        """
        _require_values()
        path = _path_of(file_prefix)
        proto, tensors = ObjectGraph(*self._top()).record(cut=True)
        tensors[GRAPH_KEY] = np.array(proto.SerializeToString(), object)
        if any(isinstance(value, processes.Cut) for value in tensors.values()):
            path = write_together(path, tensors)
        else:
            with bundle.BundleWriter(path) as writer:
                for key, array in tensors.items():
                    writer.add(key, array)
        if options is not None:
            options._written(path)
        return path

    def save(self, file_prefix: Any, options: CheckpointOptions | None = None) -> str:
        """Writes a checkpoint `prefix-n`, the n-th, and notes in the file `checkpoint` that it is the latest.

        Args:
            file_prefix: The path before the number.
            options: Callbacks.

        Returns:
            Its prefix, with the number.
        """
        path = _path_of(file_prefix)
        before = self._counted()
        try:
            path = self.write(f"{path}-{before + 1}", options)
        except BaseException:
            self._save_counter.assign(np.int64(before))  # nothing was saved
            raise
        checkpoint_state.write_checkpoint_state(os.path.dirname(path) or ".", path)
        return path

    def _counted(self) -> int:
        """Counts a save; returns how many there were before."""
        _require_values()
        before = int(self.save_counter.numpy())
        self._save_counter.assign(np.int64(before + 1))
        return before

    # Restoring

    def read(self, save_path: Any, options: CheckpointOptions | None = None) -> Any:
        """Gives the objects the values of a checkpoint of `write`.

        Args:
            save_path: The prefix.
            options: Accepted.

        Returns:
            A status that can be asked what was matched. Objects made later get their values when they are made.

        Raises:
            NotFoundError: Where there is no such checkpoint.
            DataLossError: Where it is damaged, which leaves all variables as they were.
            ValueError: Where a variable has another shape, likewise.
        """
        path = _path_of(save_path)
        reader = open_checkpoint(path)
        proto = object_graph(reader, path)
        root, extra = self._top()
        if proto is None:
            return restore_by_name(path, reader, ObjectGraph(root, extra))
        restoration = Restoration(path, reader, proto)
        restoration.visit(root, 0, extra)
        return LoadStatus(restoration, root, extra)

    def restore(self, save_path: Any, options: CheckpointOptions | None = None) -> Any:
        """Gives the objects the values of a checkpoint of `save`; see `read`.

        Args:
            save_path: The prefix that `save` or `latest_checkpoint` returned, or a SavedModel's folder; None restores
                nothing.
            options: Accepted.
        """
        if save_path is None:
            return NothingLoaded()
        self._make_counter()
        try:
            return self.read(save_path, options)
        except NotFoundError as error:
            if bundle.checkpoint_exists(_path_of(save_path)):
                raise
            raise NotFoundError(
                f"Error when restoring from checkpoint or SavedModel at {save_path}: {error.message}\nPlease "
                "double-check that the path is correct. You may be missing the checkpoint suffix (e.g. the '-1' in "
                "'path/to/ckpt-1')."
            ) from None

    def sync(self) -> None:
        """Everything that was written is there already."""


def _require_values() -> None:
    if not context.executing_eagerly():
        raise NotImplementedError(explain("Checkpoint.save and write need values, and here a graph is being built.",
                                          hint="call them outside tf.function"))  # fmt: skip


def _path_of(path: Any) -> str:
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise TypeError(explain("A checkpoint's path must be a string.", received=repr(path)))
    found = os.fsdecode(path)
    if not found:
        raise InvalidArgumentError("A checkpoint's path must not be empty.")
    return found
