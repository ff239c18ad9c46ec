"""Writes summaries, graphs and session logs into event files, which TensorBoard watches."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from weft.base.errors import explain
from weft.formats.events import EventFileWriter, read_events
from weft.formats.messages.graph import GraphDef
from weft.formats.messages.meta_graph import MetaGraphDef
from weft.formats.messages.summary import Event, Summary, SummaryMetadata
from weft.runtime import graph_export
from weft.runtime.graph import Graph


class FileWriter:
    """Writes an event file into a folder.

    Args:
        logdir: The folder; made if need be.
        graph: A graph to be written first.
        max_queue: Accepted.
        flush_secs: The most seconds between two moments at which everything written is in the file.
        graph_def: A GraphDef to be written first.
        filename_suffix: The end of the file's name.
        session: Accepted.

    Example:
        >>> import tempfile
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default() as graph, tf.Session() as session:
        ...     loss = tf.summary.scalar("loss", tf.constant(0.5))
        ...     with tf.summary.FileWriter(tempfile.mkdtemp(), graph) as writer:
        ...         writer.add_summary(session.run(loss), global_step=1)
    """

    def __init__(self, logdir: Any, graph: Any = None, max_queue: int = 10, flush_secs: float = 120,
                 graph_def: Any = None, filename_suffix: str | None = None, session: Any = None) -> None:  # fmt: skip
        self._logdir = str(logdir)
        self._suffix, self._every = filename_suffix or "", flush_secs
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._open()
        if graph is not None or graph_def is not None:
            self.add_graph(graph, graph_def=graph_def)
            meta = MetaGraphDef()
            meta.graph_def.CopyFrom(_message_of(graph, graph_def))
            self.add_meta_graph(meta)

    def _open(self) -> None:
        self._file: EventFileWriter | None = EventFileWriter(self._logdir, suffix=self._suffix)
        self._flushed = time.monotonic()

    def get_logdir(self) -> str:
        """The folder."""
        return self._logdir

    def add_event(self, event: Event) -> None:
        """Writes an event as it is; nothing after `close`."""
        with self._lock:
            if self._file is None:
                return
            self._file.write(event)
            if time.monotonic() - self._flushed >= self._every:
                self._file.flush()
                self._flushed = time.monotonic()

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Writes a summary.

        Args:
            summary: What `session.run` gave for a summary operation, or a `Summary`.
            global_step: The step that it belongs to.
        """
        if isinstance(summary, (bytes, np.bytes_)):
            found = Summary.FromString(bytes(summary))
        elif isinstance(summary, Summary):
            found = summary
        else:
            raise TypeError(
                explain("add_summary takes what session.run gave for a summary, or a tf.Summary.",
                        received=repr(summary)[:200], hint="run it first: session.run(merged)")  # fmt: skip
            )
        event = _event(global_step)
        event.summary.CopyFrom(found)
        for value in event.summary.value:
            self._tell_once(value)
        self.add_event(event)

    def _tell_once(self, value: Any) -> None:
        """What a plugin must know of a tag is written with its first value only."""
        if not value.HasField("metadata"):
            return
        if value.tag in self._known:
            value.metadata.CopyFrom(SummaryMetadata())
            value.ClearField("metadata")
        self._known.add(value.tag)

    def add_graph(self, graph: Any, global_step: Any = None, graph_def: Any = None) -> None:
        """Writes a graph, for TensorBoard's page of graphs.

        Args:
            graph: A `tf.Graph`.
            global_step: The step that it belongs to.
            graph_def: A GraphDef in its place.
        """
        event = _event(global_step)
        event.graph_def = _message_of(graph, graph_def).SerializeToString()
        self.add_event(event)

    def add_meta_graph(self, meta_graph_def: Any, global_step: Any = None) -> None:
        """Writes a graph with its collections, as `tf.train.export_meta_graph` gives it."""
        event = _event(global_step)
        event.meta_graph_def = meta_graph_def.SerializeToString()
        self.add_event(event)

    def add_session_log(self, session_log: Any, global_step: Any = None) -> None:
        """Writes that a session began, or stopped."""
        event = _event(global_step)
        event.session_log.CopyFrom(session_log)
        self.add_event(event)

    def add_run_metadata(self, run_metadata: Any, tag: str, global_step: Any = None) -> None:
        """Writes what a run was told to note.

        Raises:
            ValueError: For a tag that was used before.
        """
        if f"run {tag}" in self._known:
            raise ValueError(f"The provided tag was already used for this event type: {tag}")
        self._known.add(f"run {tag}")
        event = _event(global_step)
        event.tagged_run_metadata.tag = tag
        event.tagged_run_metadata.run_metadata = run_metadata.SerializeToString()
        self.add_event(event)

    def flush(self) -> None:
        """Hands everything to the operating system, where TensorBoard sees it."""
        with self._lock:
            if self._file is not None:
                self._file.flush()

    def close(self) -> None:
        """Ends the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def reopen(self) -> None:
        """Begins another file in the same folder, where this one is closed."""
        with self._lock:
            if self._file is None:
                self._open()

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


def _message_of(graph: Any, graph_def: Any) -> GraphDef:
    given = graph if graph is not None else graph_def
    if isinstance(given, Graph):
        return graph_export.graph_def(given, add_shapes=True)
    if not isinstance(given, GraphDef):
        raise TypeError(f"add_graph takes a tf.Graph or a GraphDef, received {type(given).__name__}.")
    return given


def _event(step: Any) -> Event:
    event = Event(wall_time=time.time())
    if step is not None:
        event.step = int(step)
    return event


class FileWriterCache:
    """One writer for each folder."""

    _writers: dict[str, FileWriter] = {}
    _lock = threading.Lock()

    @staticmethod
    def get(logdir: str) -> FileWriter:
        """The writer of a folder; made where there is none."""
        with FileWriterCache._lock:
            if logdir not in FileWriterCache._writers:
                FileWriterCache._writers[logdir] = FileWriter(logdir)
            return FileWriterCache._writers[logdir]

    @staticmethod
    def clear() -> None:
        """Closes all writers."""
        with FileWriterCache._lock:
            for writer in FileWriterCache._writers.values():
                writer.close()
            FileWriterCache._writers = {}


def summary_iterator(path: Any) -> Iterator[Any]:
    """The events of an event file, one after another.

    Args:
        path: The file.

    Example:
        >>> import glob, weft.compat.v1 as tf
        >>> with tf.summary.FileWriter("logs") as writer:
        ...     writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=0.5)]), 3)
        >>> [event.step for event in tf.train.summary_iterator(glob.glob("logs/*")[0])]
        [0, 3]
    """
    yield from read_events(path)
