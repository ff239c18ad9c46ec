"""A callback that lets a training that was killed go on where it was, to the same bits."""

from __future__ import annotations

import json
import os
import random
import shutil
from typing import Any

import numpy as np

import weft as tf
from weft.extend import evaluate_shape, explain, file_of_first_worker, lies_cut, replacing_file, temporary_file, worker
from weft.keras.callbacks.callback import Callback
from weft.keras.core import tracking
from weft.keras.random import seed_generator
from weft.keras.saving import hdf5
from weft.keras.saving.state import Loader, Writer, report

_FILE = "latest.weights.h5"
_PREVIOUS = "previous.weights.h5"
_GROUP = "training"
#: how checkpoints of weights begin that lie cut over workers
_PARTS = "parts-"


class BackupAndRestore(Callback):
    """Saves the state of a training, and lets the same `fit` go on from it when the program is started again.

    The state is one file, whole or not there: weights, optimizer, random generators, the order of the data, the epoch,
    and what other callbacks have seen. Weights that lie cut over several workers go into a checkpoint beside it, of
    which each worker writes what it has; `backup_dir` has to be a folder that all of them see then. Data that are no
    arrays are gone through again up to the place where training was, without training; they must come as they came the
    first time.

    Args:
        backup_dir: A folder for this training alone.
        save_freq: `"epoch"`, or after how many batches to save; False never saves.
        double_checkpoint: Whether the state before the latest is kept too.
        delete_checkpoint: Whether the state is removed once `fit` has come to its end.

    Example:
        >>> from weft import keras
        >>> callback = keras.callbacks.BackupAndRestore("backup")
    """

    def __init__(
        self, backup_dir: Any, save_freq: Any = "epoch", double_checkpoint: bool = False, delete_checkpoint: bool = True
    ) -> None:
        super().__init__()
        if backup_dir is None or not os.fspath(backup_dir):
            raise ValueError(explain(
                "BackupAndRestore: Empty `backup_dir` argument passed: `backup_dir` is empty.",
                received=repr(backup_dir), hint="give the path of a folder",
            ))  # fmt: skip
        if save_freq not in ("epoch", False) and (isinstance(save_freq, bool) or not isinstance(save_freq, int)):
            raise ValueError(explain(
                "BackupAndRestore: Invalid value for `save_freq`: it is 'epoch', a number of batches, or False.",
                received=repr(save_freq),
            ))  # fmt: skip
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._siblings: list[Any] = []
        self._pending: dict[str, Any] | None = None
        self._epoch = self._batches = 0
        self._latest: str | None = None
        #: where the first epoch began: its number, the order of the data, and the state of random generators
        self._start: dict[str, Any] = {}

    @property
    def _path(self) -> str:
        return os.path.join(self.backup_dir, _FILE)

    def _has_batch_hooks(self) -> bool:
        return self.save_freq not in ("epoch", False)

    # Saving

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Saves after an epoch."""
        if self.save_freq == "epoch":
            self._save(epoch + 1, 0)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Saves after so many batches."""
        if self.save_freq in ("epoch", False):
            return
        self._batches += 1
        if self._batches % self.save_freq == 0:
            self._save(self._epoch, batch + 1)

    def _save(self, epoch: int, batch: int) -> None:
        model = self.model
        order = model._state.loop.order_state(bool(batch))
        kept = {
            "epoch": epoch, "batch": batch, "order": order, "random": _random_state(), "start": self._start,
            "generator": seed_generator.global_state(), "counted": self._batches,
            "callbacks": [_kept(callback) for callback in self._others()],
        }  # fmt: skip
        os.makedirs(self.backup_dir, exist_ok=True)
        if self.double_checkpoint and worker()[0] == 0 and os.path.exists(self._path):
            with open(self._path, "rb") as old, replacing_file(os.path.join(self.backup_dir, _PREVIOUS)) as target:
                shutil.copyfileobj(old, target)
        with temporary_file() as file:
            parts = self._write_parts()
            with hdf5.h5py().File(file, mode="w") as store:
                if parts is None:
                    Writer(store).write(model)
                kept["parts"] = parts
                group = store.create_group(_GROUP)
                group.attrs.create("state", json.dumps(kept), dtype=hdf5.h5py().string_dtype("utf-8"))
                for kind, variables in (("variable", self._further_variables()), ("metric", self._metric_variables())):
                    for number, variable in enumerate(variables):
                        hdf5.put_array(group, f"{kind}{number}", variable.numpy())
                for number, callback in enumerate(self._others()):
                    for place, value in enumerate(getattr(callback, "best_weights", None) or ()):
                        hdf5.put_array(group, f"best{number}/{place}", value)
            file.seek(0)
            if worker()[0] == 0:  # of several workers one writes; all have taken part in collecting what they hold
                with replacing_file(self._path) as target:
                    shutil.copyfileobj(file, target, 1 << 20)
                self._remove_parts(parts)

    def _write_parts(self) -> str | None:
        """The name of a checkpoint of weights that lie cut over workers; None where they do not."""
        variables = [*self.model.weights, *self.model.optimizer.variables]
        if not any(lies_cut(variable.value) for variable in variables):
            return None
        name = f"{_PARTS}{self.model.optimizer.iterations.numpy()}"
        self._checkpoint().write(os.path.join(self.backup_dir, name))
        return name

    def _checkpoint(self) -> Any:
        return tf.train.Checkpoint(model=self.model, optimizer=self.model.optimizer)

    def _remove_parts(self, latest: str | None) -> None:
        """Removes checkpoints that no state speaks of any more."""
        kept = {latest} | ({self._latest} if self.double_checkpoint else set())
        for name in os.listdir(self.backup_dir):
            if name.startswith(_PARTS) and name.partition(".")[0] not in kept:
                os.remove(os.path.join(self.backup_dir, name))
        self._latest = latest

    def _others(self) -> list[Any]:
        return [callback for callback in self._siblings if hasattr(callback, "_kept")]

    def _further_variables(self) -> list[Any]:
        """State that files of weights leave out: that of random generators."""
        left_out = {id(variable) for variable in (*self.model.weights, *self._metric_variables())}
        return tracking.unique(variable for variable in self.model.variables if id(variable) not in left_out)

    def _metric_variables(self) -> list[Any]:
        return tracking.unique(variable for metric in self.model.metrics for variable in metric.variables)

    # Restoring

    def on_train_begin(self, logs: Any = None) -> None:
        """Takes up the state that is there."""
        self._epoch = self._batches = 0
        self._pending = None
        self._start = {"order": self.model._state.loop.order_state(False), "random": _random_state()}
        path = file_of_first_worker(self._path)
        if path is None:
            return
        model = self.model
        reader = hdf5.Reader(path, self._path)
        try:
            group = reader.group(_GROUP)
            if group is None:
                raise ValueError(explain(f"`{self._path}` is no backup of a training.", hint="remove it to begin anew"))
            kept = hdf5.parse_json(reader.text(group, "state") or "{}", self._path)
            self._resume_data(kept)
            self._build_all()
            if not model.optimizer.built:
                model.optimizer.build(model.trainable_variables)
            self._restore(reader, group, kept)
        finally:
            reader.close()

    def _build_all(self) -> None:
        """Makes the variables that the first batch would make: of a model without input shape, and of metrics."""
        from weft.keras.trainer.sources import pack  # which knows callbacks

        example = self.model._state.loop.example()
        if example is not None:
            evaluate_shape(self.model.test_step, pack(example))
        elif not self.model.built:
            raise ValueError(explain(
                f"BackupAndRestore: `{self._path}` is there, and the model is not built, so it cannot be restored.",
                hint="call the model on data, or model.build(input_shape), before fit",
            ))  # fmt: skip

    def _restore(self, reader: hdf5.Reader, group: Any, kept: dict[str, Any]) -> None:
        self._latest = kept.get("parts")
        if self._latest is None:
            loader = Loader(reader)
            loader.load(self.model)
            report(loader.problems, self._path, warn_only=False)
        else:
            path = os.path.join(self.backup_dir, self._latest)
            self._checkpoint().read(path).assert_existing_objects_matched()
        values = {kind: self._numbered(reader, group, kind) for kind in ("variable", "metric")}
        best = [self._best(reader, group, number) for number in range(len(kept["callbacks"]))]
        self._pending = {**kept, "variables": values, "best": best}
        self._batches = int(kept["counted"])

    def _resume_data(self, kept: dict[str, Any]) -> None:
        """Goes to the place in the data where training was."""
        self._start = kept["start"]
        loop, epoch = self.model._state.loop, int(kept["epoch"])
        if loop.replays:
            _restore_random(self._start["random"])
        order = self._start["order"] if loop.replays else kept["order"]
        loop.resume(epoch, int(kept["batch"]), order, epoch - int(self._start["epoch"]))

    def _numbered(self, reader: hdf5.Reader, group: Any, kind: str) -> list[Any]:
        found: list[Any] = []
        while f"{kind}{len(found)}" in group:
            found.append(reader.read(group, f"{kind}{len(found)}"))
        return found

    def _best(self, reader: hdf5.Reader, group: Any, number: int) -> list[Any] | None:
        held = reader.group(f"best{number}", group)
        return None if held is None else [reader.read(held, str(place)) for place in range(len(held))]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before the first epoch: gives back what the start of training has reset."""
        self._epoch = epoch
        self._start.setdefault("epoch", epoch)
        kept, self._pending = self._pending, None
        if kept is not None:
            seed_generator.restore_global_state(kept["generator"])
            _restore_random(kept["random"])
            self._assign("random generators", self._further_variables(), kept["variables"]["variable"])
            if kept["batch"]:
                self._assign("metrics", self._metric_variables(), kept["variables"]["metric"])
            others = self._others()
            if len(others) == len(kept["callbacks"]):
                for callback, state, best in zip(others, kept["callbacks"], kept["best"], strict=True):
                    for name, value in state.items():
                        setattr(callback, name, value)
                    if best is not None:
                        callback.best_weights = best

    def _assign(self, what: str, variables: list[Any], values: list[Any]) -> None:
        if len(variables) != len(values):
            raise ValueError(explain(
                f"BackupAndRestore: the backup was made by another model or program: it has {len(values)} variables of "
                f"{what}, the model has {len(variables)}.",
                hint=f"remove `{self.backup_dir}` to begin anew",
            ))  # fmt: skip
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def on_train_end(self, logs: Any = None) -> None:
        """Removes the state: training has come to its end."""
        if self.delete_checkpoint:
            for name in (_FILE, _PREVIOUS):
                if worker()[0] == 0 and os.path.exists(os.path.join(self.backup_dir, name)):
                    os.remove(os.path.join(self.backup_dir, name))
            if worker()[0] == 0 and os.path.isdir(self.backup_dir):
                self._latest = None
                self._remove_parts(None)
            if os.path.isdir(self.backup_dir) and not os.listdir(self.backup_dir):
                os.rmdir(self.backup_dir)


def _kept(callback: Any) -> dict[str, Any]:
    return {name: _plain(getattr(callback, name)) for name in callback._kept}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _random_state() -> Any:
    """The state of Python's generator and numpy's old one, from which seeds and orders are drawn."""
    version, internal, gauss = random.getstate()
    name, keys, place, has_gauss, cached = np.random.get_state(legacy=True)  # type: ignore[misc]
    numpy_state = [str(name), np.asarray(keys).tolist(), int(place), int(has_gauss), float(cached)]
    return [[version, list(internal), gauss], numpy_state]


def _restore_random(state: Any) -> None:
    if not state:
        return
    (version, internal, gauss), (name, keys, place, has_gauss, cached) = state
    random.setstate((version, tuple(internal), gauss))
    np.random.set_state((name, np.array(keys, np.uint32), place, has_gauss, cached))
