"""A callback that writes what TensorBoard shows."""

from __future__ import annotations

import logging
import os
import time
from typing import Any

import numpy as np

import weft as tf
from weft.extend import EventFileWriter, GraphDef, explain, nearest, summaries
from weft.keras.callbacks.callback import Callback
from weft.keras.core import tracking
from weft.keras.layers.core.embedding import Embedding
from weft.keras.optimizers.several import learning_rates

_log = logging.getLogger("weft.keras")


_OLDER = ("batch_size", "write_grads", "embeddings_data", "embeddings_layer_names")


def _drop_older(given: dict[str, Any]) -> None:
    for word, value in given.items():
        if word not in _OLDER:
            raise TypeError(explain(f"TensorBoard does not know the keyword `{word}`. {nearest(word, _OLDER)}"))
        if word == "write_grads" and value:
            _log.warning("TensorBoard: write_grads=%r takes no effect: gradients are not kept.", value)


class TensorBoard(Callback):
    """Writes metrics, weights and the model's graph as event files, which TensorBoard shows.

    Training goes to `train` in the folder, evaluation to `validation`.

    Args:
        log_dir: The folder.
        histogram_freq: After how many epochs the distribution of each weight is written; 0 never.
        write_graph: Whether the model's layers are written as a graph.
        write_images: Whether weights are written as images too, with the histograms.
        write_steps_per_second: Whether the speed is written.
        update_freq: `"epoch"`, `"batch"`, or after how many batches metrics are written.
        profile_batch: A batch, or the first and the last of several, counted from 1, whose times are written, too:
            as a trace in the folder `plugins/profile`; 0 for none.
        embeddings_freq: After how many epochs the tables of Embedding layers are written for TensorBoard's projector: a
            checkpoint of TensorFlow's, and `projector_config.pbtxt`; 0 never.
        embeddings_metadata: The file that names the rows of the tables, or a dict: layer's name → file.
        **kwargs: Keras 2's `batch_size`, `write_grads`, `embeddings_data` and `embeddings_layer_names`, which take no
            effect, as in Keras since TensorFlow 2; what was asked for and is not written is said.

    Example:
        >>> from weft import keras
        >>> callback = keras.callbacks.TensorBoard("logs", histogram_freq=1)
    """

    def __init__(
        self, log_dir: Any = "logs", histogram_freq: int = 0, write_graph: bool = True, write_images: bool = False,
        write_steps_per_second: bool = False, update_freq: Any = "epoch", profile_batch: Any = 0,
        embeddings_freq: int = 0, embeddings_metadata: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        _drop_older(kwargs)
        if update_freq not in ("epoch", "batch") and (
            isinstance(update_freq, bool) or not isinstance(update_freq, int)
        ):
            raise ValueError(explain(
                "TensorBoard: `update_freq` is 'epoch', 'batch' or a number of batches.", received=repr(update_freq)
            ))  # fmt: skip
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self.profile_batch = profile_batch
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._profiled = _batches_of(profile_batch)
        self._profiling = False
        self._writers: dict[str, Any] = {}
        self._tests = self._epoch_steps = self._batches = 0
        self._epoch_start = self._batch_start = 0.0
        self._training = False

    def _has_batch_hooks(self) -> bool:
        return self.update_freq != "epoch" or self._profiled is not None

    @property
    def _by_batch(self) -> bool:
        return self.update_freq != "epoch"

    def _writer(self, name: str) -> Any:
        if name not in self._writers:
            self._writers[name] = EventFileWriter(os.path.join(self.log_dir, name))
        return self._writers[name]

    def _scalar(self, writer: str, tag: str, value: Any, step: int) -> None:
        if np.ndim(value) == 0:
            self._writer(writer).write_summary(summaries.scalar(tag, float(value)), step)

    # Training

    def on_train_begin(self, logs: Any = None) -> None:
        """Opens the files and writes the graph."""
        self._training, self._batches = True, 0
        if self.embeddings_freq:
            self._write_projector()
        if self.write_graph and self.model._graph is not None:
            writer = self._writer("train")
            writer.write_graph(_graph_of(self.model))
            try:
                writer.write_summary(summaries.keras_model("keras", self.model.to_json()), 0)
            except (NotImplementedError, ValueError):  # not every model can be written down
                _log.info("TensorBoard: the model `%s` has no configuration to show.", self.model.name)

    def on_train_end(self, logs: Any = None) -> None:
        """Closes the files."""
        self._training = False
        self._stop_profile()
        self._close()

    def _stop_profile(self) -> None:
        if self._profiling:
            self._profiling = False
            tf.profiler.experimental.stop()

    def _close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Looks at the clock."""
        self._epoch_start = time.perf_counter()
        self._epoch_steps = int(self.model.optimizer.iterations.numpy())

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Looks at the clock; opens the profile when it is its turn."""
        self._batches += 1
        if self._profiled is not None and self._batches == self._profiled[0]:
            tf.profiler.experimental.start(self.log_dir)
            self._profiling = True
        self._batch_start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Writes metrics after so many batches, and the profile after its last one."""
        if self._profiling and self._profiled is not None and self._batches >= self._profiled[1]:
            self._stop_profile()
        if not self._by_batch or self._batches % self.update_freq:
            return
        if self.write_steps_per_second:
            seconds = max(time.perf_counter() - self._batch_start, 1e-9)
            self._scalar("train", "batch_steps_per_second", 1.0 / seconds, self._batches)
        for name, value in (logs or {}).items():
            self._scalar("train", f"batch_{name}", value, self._batches)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Writes an epoch's metrics, and the weights when it is their turn."""
        for name, value in (logs or {}).items():
            if name.startswith("val_"):
                self._scalar("validation", f"epoch_{name[4:]}", value, epoch)
            else:
                self._scalar("train", f"epoch_{name}", value, epoch)
        for name, rate in self._collect_learning_rate({}).items():
            self._scalar("train", f"epoch_{name}", rate, epoch)
        if self.write_steps_per_second:
            steps = int(self.model.optimizer.iterations.numpy()) - self._epoch_steps
            seconds = max(time.perf_counter() - self._epoch_start, 1e-9)
            self._scalar("train", "epoch_steps_per_second", steps / seconds, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_tables(epoch)
        for writer in self._writers.values():
            writer.flush()

    def _collect_learning_rate(self, logs: dict[str, Any]) -> dict[str, Any]:
        """The logs with the learning rates of the model's optimizer."""
        return {**logs, **learning_rates(self.model.optimizer)}

    # Evaluation

    def on_test_begin(self, logs: Any = None) -> None:
        """Counts the evaluations."""
        self._tests += 1

    def on_test_end(self, logs: Any = None) -> None:
        """Writes an evaluation's metrics against the steps of training."""
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is None or not logs:
            return
        step = int(optimizer.iterations.numpy())
        for name, value in logs.items():
            self._scalar("validation", f"evaluation_{name}_vs_iterations", value, step)
        if not self._training:
            self._close()

    # Weights

    def _tables(self) -> dict[str, Any]:
        """The layers that hold tables, by what checkpoints call them: their places among those with weights."""
        weighty = [layer for layer in self.model.layers if layer.weights or isinstance(layer, Embedding)]
        names = ((f"layer_with_weights-{place}", layer) for place, layer in enumerate(weighty))
        return {name: layer for name, layer in names if isinstance(layer, Embedding)}

    def _write_tables(self, epoch: int) -> None:
        parts = {name: tf.train.Checkpoint(embeddings=layer._embeddings) for name, layer in self._tables().items()}
        folder = os.path.join(self.log_dir, "train")
        os.makedirs(folder, exist_ok=True)
        tf.train.Checkpoint(**parts).write(os.path.join(folder, f"keras_embedding.ckpt-{epoch}"))

    def _write_projector(self) -> None:
        """Writes which tensors of the checkpoints are tables, and what their rows are called."""
        tables = {layer.name: name for name, layer in self._tables().items()}
        files = self.embeddings_metadata
        files = files if isinstance(files, dict) else dict.fromkeys(tables, files)
        unknown = [name for name in files if name not in tables]
        if unknown:
            raise ValueError(explain(
                "Unrecognized `Embedding` layer names passed to `keras.callbacks.TensorBoard` `embeddings_metadata`.",
                received=", ".join(map(repr, unknown)), expected=f"some of {', '.join(map(repr, tables))}",
            ))  # fmt: skip
        lines = []
        for layer, name in tables.items():
            lines += ["embeddings {", f'  tensor_name: "{name}/embeddings/.ATTRIBUTES/VARIABLE_VALUE"']
            if files.get(layer) is not None:
                lines.append(f'  metadata_path: "{os.fspath(files[layer])}"')
            lines.append("}")
        os.makedirs(self.log_dir, exist_ok=True)
        with open(os.path.join(self.log_dir, "projector_config.pbtxt"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n" * bool(lines))

    def _write_weights(self, epoch: int) -> None:
        writer = self._writer("train")
        for layer in self.model._flatten_layers(include_self=False):
            for weight in tracking.unique(layer._own_variables()):
                values = np.asarray(weight.numpy())
                if values.dtype.kind not in "fiu" and values.dtype.name != "bfloat16":
                    continue
                values = values.astype("float32")
                tag = weight.path.replace(":", "_")
                writer.write_summary(summaries.histogram(f"{tag}/histogram", values), epoch)
                if self.write_images:
                    picture = _as_images(values)
                    if picture is not None:
                        writer.write_summary(summaries.images(f"{tag}/image", picture, max_outputs=3), epoch)


def _batches_of(given: Any) -> tuple[int, int] | None:
    """The first and the last batch of a profile; None for no profile."""
    found = tuple(int(part) for part in given.split(",")) if isinstance(given, str) else given
    if isinstance(found, int) and not isinstance(found, bool):
        found = (found, found)
    pair = tuple(found) if isinstance(found, (list, tuple)) else ()
    if len(pair) != 2 or not all(isinstance(part, int) for part in pair) or not 0 <= pair[0] <= pair[1]:
        raise ValueError(explain("TensorBoard: `profile_batch` is a number of a batch, or the first and the last one.",
                                 received=repr(given)))  # fmt: skip
    return pair if pair[0] > 0 else None


def _as_images(values: np.ndarray) -> np.ndarray | None:
    """A weight as grey images `[count, height, width, 1]`, from its least number (black) to its largest; or None."""
    values = np.atleast_1d(np.squeeze(values))
    if values.ndim == 1:
        values = values[None, :, None, None]
    elif values.ndim == 2:
        tall = values.shape[0] > values.shape[1]
        values = (values.T if tall else values)[None, :, :, None]
    elif values.ndim == 3:
        values = np.moveaxis(values, -1, 0)[..., None]
    elif values.ndim == 4:
        values = np.moveaxis(values.reshape(*values.shape[:2], -1), -1, 0)[..., None]
    else:
        return None
    low, high = float(values.min()), float(values.max())
    return ((values - low) * (255.0 / (high - low) if high > low else 0.0)).astype("uint8")


def _graph_of(model: Any) -> Any:
    """The model's calls as a graph: a node for each, named after its layer."""
    graph = GraphDef()
    graph.versions.producer = 22
    names: dict[int, str] = {}
    used: dict[str, int] = {}
    for node in model._graph.nodes_in_order:
        name = node.operation.name
        count = used[name] = used.get(name, -1) + 1
        names[id(node)] = f"{name}_{count}" if count else name
        record = graph.node.add(name=names[id(node)], op=type(node.operation).__name__)
        record.input.extend(names[id(parent)] for parent in node.parents if id(parent) in names)
    return graph
