"""Keeps the newest checkpoints of a folder and deletes the others."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from weft.api.checkpoint import Checkpoint, CheckpointOptions
from weft.api.checkpoint.reading import get_checkpoint_state, remove_checkpoint
from weft.base.errors import explain
from weft.formats import checkpoint_state


class CheckpointManager:
    """Saves numbered checkpoints into a folder and keeps the newest of them.

    Args:
        checkpoint: What is saved.
        directory: The folder; checkpoints that an earlier run left there are taken up.
        max_to_keep: How many stay; all where None.
        keep_checkpoint_every_n_hours: Those that are this far apart stay for good.
        checkpoint_name: What their names begin with.
        step_counter: A variable of steps, for `checkpoint_interval`.
        checkpoint_interval: The fewest steps from one save to the next.
        init_fn: Called by `restore_or_initialize` where there is no checkpoint.
        last_checkpoint_step: The step of the last save.

    Raises:
        ValueError: For a `max_to_keep` below 1, or an interval without a counter.

    Example:
        >>> import os, tempfile
        >>> import weft as tf
        >>> folder = tempfile.mkdtemp()
        >>> manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=tf.Variable(1.0)), folder, max_to_keep=2)
        >>> for _ in range(3):
        ...     path = manager.save()
        >>> [os.path.basename(path) for path in manager.checkpoints]
        ['ckpt-2', 'ckpt-3']
    """

    def __init__(self, checkpoint: Checkpoint, directory: Any, max_to_keep: int | None,
                 keep_checkpoint_every_n_hours: float | None = None, checkpoint_name: str = "ckpt",
                 step_counter: Any = None, checkpoint_interval: int | None = None,
                 init_fn: Callable[[], Any] | None = None,
                 last_checkpoint_step: int | None = None) -> None:  # fmt: skip
        if max_to_keep is not None and max_to_keep <= 0:
            raise ValueError(f"Expected a positive integer or `None` for `max_to_keep`, got {max_to_keep}.")
        if checkpoint_interval is not None and step_counter is None:
            raise ValueError("`step_counter` should be passed if `checkpoint_interval` is not None.")
        self._checkpoint, self._directory = checkpoint, os.fspath(directory)
        self._max_to_keep, self._every_hours = max_to_keep, keep_checkpoint_every_n_hours
        self._prefix = os.path.join(self._directory, checkpoint_name)
        self._step_counter, self._interval = step_counter, checkpoint_interval
        self._init_fn, self._last_step = init_fn, last_checkpoint_step
        self._kept: dict[str, float] = {}  # path -> when it was written
        self._latest: str | None = None
        self._preserved = time.time() - 1.0
        self._recover()

    def _recover(self) -> None:
        """Takes up what an earlier manager left in the folder."""
        state = get_checkpoint_state(self._directory)
        if state is None:
            return
        now = time.time()
        self._latest = state.model_checkpoint_path or None
        self._preserved = state.last_preserved_timestamp or min(now, *state.all_model_checkpoint_timestamps, now) - 1.0
        paths, times = list(state.all_model_checkpoint_paths), list(state.all_model_checkpoint_timestamps)
        if len(times) != len(paths):
            times = [self._preserved] * len(paths)
        for path, moment in zip(paths, times, strict=True):
            if min(moment, now) > self._preserved:
                self._kept[path] = min(moment, now)

    @property
    def directory(self) -> str:
        """The folder."""
        return self._directory

    @property
    def checkpoint(self) -> Checkpoint:
        """What is saved."""
        return self._checkpoint

    @property
    def checkpoint_interval(self) -> int | None:
        """The fewest steps from one save to the next."""
        return self._interval

    @property
    def latest_checkpoint(self) -> str | None:
        """The prefix of the newest checkpoint; None where there is none."""
        return self._latest

    @property
    def checkpoints(self) -> list[str]:
        """The prefixes that it keeps count of, oldest first; not those that stay for good."""
        return list(self._kept)

    def save(self, checkpoint_number: Any = None, check_interval: bool = True,
             options: CheckpointOptions | None = None) -> str | None:  # fmt: skip
        """Saves a checkpoint and deletes those that are too many.

        Args:
            checkpoint_number: The number in its name; how often was saved where None.
            check_interval: Whether nothing is saved before `checkpoint_interval` steps have passed.
            options: Callbacks.

        Returns:
            Its prefix; None where nothing was saved.
        """
        if self._interval is not None:
            step = int(self._step_counter)
            if check_interval and self._last_step is not None and step - self._last_step < self._interval:
                return None
        before = self._checkpoint._counted()
        number = before + 1 if checkpoint_number is None else int(checkpoint_number)
        try:
            path = self._checkpoint.write(f"{self._prefix}-{number}", options)
        except BaseException:
            self._checkpoint.save_counter.assign(before)  # nothing was saved
            raise
        self._kept.pop(path, None)
        self._kept[path] = time.time()
        self._latest = path
        self._record()  # first the new one, so that a crash while old ones are deleted leaves nothing out
        if self._delete_old():
            self._record()
        if self._interval is not None:
            self._last_step = step
        return path

    def _record(self) -> None:
        assert self._latest is not None
        checkpoint_state.write_checkpoint_state(
            self._directory, self._latest, self.checkpoints, timestamps=list(self._kept.values()),
            last_preserved_timestamp=self._preserved,
        )  # fmt: skip

    def _delete_old(self) -> bool:
        changed = False
        while self._max_to_keep is not None and len(self._kept) > self._max_to_keep:
            path, moment = next(iter(self._kept.items()))
            del self._kept[path]
            changed = True
            if self._every_hours is not None and moment - self._every_hours * 3600.0 >= self._preserved:
                self._preserved = moment
                continue
            remove_checkpoint(path)
        return changed

    def restore_or_initialize(self) -> str | None:
        """Restores the newest checkpoint, or calls `init_fn` where there is none.

        Returns:
            The prefix of what was restored, or None.
        """
        if self._latest is not None:
            self._checkpoint.restore(self._latest)
            if self._interval is not None:
                self._last_step = int(self._step_counter)
            return self._latest
        if self._init_fn is not None:
            self._init_fn()
        return None

    def sync(self) -> None:
        """Everything that was saved is there already."""


class TrackableView:
    """The objects that an object leads to, as checkpoints see them.

    Args:
        root: The object.

    Example:
        >>> import weft as tf
        >>> view = tf.train.TrackableView(tf.train.Checkpoint(a=tf.Variable(1.0)))
        >>> list(view.children(view.root))
        ['a']
    """

    def __init__(self, root: Any) -> None:
        self._root = root

    @property
    def root(self) -> Any:
        """The object."""
        return self._root

    @classmethod
    def children(cls, obj: Any) -> dict[str, Any]:
        """The children of an object, by name."""
        from weft.api.checkpoint.objects import children_of

        return children_of(obj)

    def descendants(self) -> list[Any]:
        """The object and all that it leads to, nearest first."""
        from weft.api.checkpoint.objects import ObjectGraph

        return ObjectGraph(self._root).objects


class CheckpointView:
    """The graph of objects in a checkpoint.

    Args:
        save_path: The checkpoint's prefix.

    Raises:
        NotFoundError: Where there is none.
        ValueError: Where it holds no objects, only variables by name.
    """

    def __init__(self, save_path: Any) -> None:
        from weft.api.checkpoint.restoring import object_graph, open_checkpoint

        path = os.fspath(save_path)
        found = object_graph(open_checkpoint(path), path)
        if found is None:
            raise ValueError(explain(f"The checkpoint {path} holds variables by name and no objects.",
                                     hint="tf.train.list_variables(path) shows them"))  # fmt: skip
        self._proto = found

    @property
    def root(self) -> int:
        """The number of the root."""
        return 0

    def children(self, node_id: int) -> dict[str, int]:
        """The children of an object, by name, as numbers."""
        return {child.local_name: child.node_id for child in self._proto.nodes[node_id].children}

    def descendants(self) -> list[int]:
        """The numbers of all objects, nearest to the root first."""
        found = [0]
        for number in found:
            found.extend(n for n in dict.fromkeys(self.children(number).values()) if n not in found)
        return found
