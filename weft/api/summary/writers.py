"""Writers of summaries, and what holds for the present thread: the writer, the step, whether anything is recorded."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from weft.base.errors import explain
from weft.base.locks import Lock
from weft.formats.events import EventFileWriter
from weft.formats.messages.summary import Event, Summary


class _State(threading.local):
    def __init__(self) -> None:
        self.writer: SummaryWriter | None = None
        self.step: Any = None
        self.recording: Any = True


state = _State()


class SummaryWriter:
    """Where summaries go. `create_file_writer` and `create_noop_writer` make them."""

    @contextmanager
    def as_default(self, step: Any = None) -> Iterator[SummaryWriter]:
        """Makes it the writer of this thread, within a `with` block.

        Args:
            step: The step of the block's summaries; as it was where None.

        Raises:
            RuntimeError: Where it is closed.
        """
        self._require_open()
        before = state.writer, state.step
        state.writer = self
        if step is not None:
            state.step = step
        try:
            yield self
            self.flush()
        finally:
            state.writer = before[0]
            if step is not None:
                state.step = before[1]

    def set_as_default(self, step: Any = None) -> None:
        """Makes it the writer of this thread from now on.

        Raises:
            RuntimeError: Where it is closed.
        """
        self._require_open()
        state.writer = self
        if step is not None:
            state.step = step

    def _require_open(self) -> None:
        pass

    def init(self) -> None:
        """Does nothing: a writer is ready when it is made."""

    def flush(self) -> None:
        """Hands everything to the operating system, where TensorBoard sees it."""

    def close(self) -> None:
        """Ends the file; closing twice does nothing."""

    def _take(self, summary: Summary, step: int) -> None:
        """Takes a summary."""


class NoopWriter(SummaryWriter):
    """A writer that drops everything."""


class FileWriter(SummaryWriter):
    """A writer of an event file.

    Args:
        logdir: The folder, which is made.
        max_queue: After how many summaries the file is brought up to date.
        flush_millis: After how many milliseconds, at the latest with the next summary.
        suffix: The end of the file's name.
    """

    def __init__(self, logdir: Any, max_queue: int, flush_millis: int, suffix: str) -> None:
        self._file = EventFileWriter(os.fspath(logdir), suffix=suffix)
        self._lock = Lock()
        self._most, self._every = max_queue, flush_millis / 1000.0
        self._waiting, self._flushed = 0, time.monotonic()
        self._finish = weakref.finalize(self, _close, self._file)

    def _require_open(self) -> None:
        if self._file.closed:
            raise RuntimeError(explain(f"SummaryWriter {self!r} is already closed.",
                                       hint="make another one with tf.summary.create_file_writer"))  # fmt: skip

    def _take(self, summary: Summary, step: int) -> None:
        event = Event(wall_time=time.time(), step=step)
        event.summary.CopyFrom(summary)
        self._put(event)

    def _put(self, event: Event) -> None:
        self._require_open()
        with self._lock:
            self._file.write(event)
            self._waiting += 1
            if self._waiting >= self._most or time.monotonic() - self._flushed >= self._every:
                self._bring_up_to_date()

    def _bring_up_to_date(self) -> None:
        self._file.flush()
        self._waiting, self._flushed = 0, time.monotonic()

    def flush(self) -> None:
        """Hands everything to the operating system, where TensorBoard sees it."""
        with self._lock:
            if not self._file.closed:
                self._bring_up_to_date()

    def close(self) -> None:
        """Ends the file; closing twice does nothing."""
        with self._lock:
            self._finish()

    def __repr__(self) -> str:
        return f"<SummaryWriter of {self._file.path!r}>"


def _close(file: EventFileWriter) -> None:
    if not file.closed:
        file.close()


def create_file_writer(logdir: Any, max_queue: Any = None, flush_millis: Any = None, filename_suffix: Any = None,
                       name: str | None = None, experimental_trackable: bool = False,
                       experimental_mesh: Any = None) -> SummaryWriter:  # fmt: skip
    """A writer of an event file for TensorBoard.

    Args:
        logdir: The folder, which is made; None gives a writer that drops everything.
        max_queue: After how many summaries the file is brought up to date; 10 where None.
        flush_millis: After how many milliseconds; two minutes where None.
        filename_suffix: The end of the file's name; `.v2` where None.
        name: Accepted.
        experimental_trackable: Accepted.
        experimental_mesh: Accepted.

    Example:
        >>> import tempfile
        >>> import weft as tf
        >>> writer = tf.summary.create_file_writer(tempfile.mkdtemp())
        >>> with writer.as_default():
        ...     for step in range(3):
        ...         written = tf.summary.scalar("loss", 1.0 / (step + 1), step=step)
        >>> writer.close()
    """
    if logdir is None:
        return NoopWriter()
    suffix = ".v2" if filename_suffix is None else str(filename_suffix)
    queue = 10 if max_queue is None else int(max_queue)
    millis = 120_000 if flush_millis is None else int(flush_millis)
    return FileWriter(os.fsdecode(logdir), queue, millis, suffix)


def create_noop_writer() -> SummaryWriter:
    """A writer that drops everything."""
    return NoopWriter()


def flush(writer: SummaryWriter | None = None, name: str | None = None) -> None:
    """Hands everything that a writer, or that of this thread, was given to the operating system."""
    chosen = state.writer if writer is None else writer
    if chosen is not None:
        chosen.flush()
