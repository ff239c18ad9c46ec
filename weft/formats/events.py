"""Event files: TFRecord files of `Event` messages, which TensorBoard watches."""

from __future__ import annotations

import itertools
import os
import re
import socket
import time
from collections.abc import Iterator
from typing import Final

from weft.base.errors import DataLossError
from weft.formats import files
from weft.formats.messages.graph import GraphDef
from weft.formats.messages.summary import Event, Summary
from weft.formats.tfrecord import Path, TFRecordReader, TFRecordWriter

FILE_VERSION: Final = "brain.Event:2"
_MARKER: Final = ".tfevents."
_FILE_NAME: Final = re.compile(r"\.tfevents\.\d")
_counter = itertools.count()


def event_file_name(prefix: str = "events", suffix: str = ".v2") -> str:
    """A name that no other event file has: time, host, process and a count are in it, which TensorBoard sorts by."""
    stamp = f"{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_counter)}"
    return f"{prefix}.out{_MARKER}{stamp}{suffix}"


def is_event_file(path: Path) -> bool:
    """Whether a file's name is that of an event file."""
    return _FILE_NAME.search(os.path.basename(os.fsdecode(path))) is not None


class EventFileWriter(files.Closing):
    """Writes an event file into a folder, which is made if need be. Not safe for several threads at once.

    Args:
        log_dir: The folder.
        suffix: The end of the file's name.

    Example:
        >>> import tempfile
        >>> from weft.formats import summaries
        >>> with EventFileWriter(tempfile.mkdtemp()) as writer:
        ...     writer.write_summary(summaries.simple_scalar("loss", 0.5), step=1)
        >>> [event.step for event in read_events(writer.path)]
        [0, 1]
    """

    def __init__(self, log_dir: Path, *, suffix: str = ".v2") -> None:
        folder = os.fsdecode(log_dir)
        os.makedirs(folder, exist_ok=True)
        self.path = os.path.join(folder, event_file_name(suffix=suffix))
        self._writer = TFRecordWriter(self.path)
        first = Event(wall_time=time.time(), file_version=FILE_VERSION)
        first.source_metadata.writer = "weft.formats.events"
        self.write(first)
        self.flush()

    def write(self, event: Event) -> None:
        """Writes an event as it is."""
        self._writer.write(event.SerializeToString())

    def write_summary(self, summary: Summary, step: int, *, wall_time: float | None = None) -> None:
        """Writes a summary at a step; the time is now where it is None."""
        event = Event(wall_time=time.time() if wall_time is None else wall_time, step=step)
        event.summary.CopyFrom(summary)
        self.write(event)

    def write_graph(self, graph: GraphDef, step: int = 0, *, wall_time: float | None = None) -> None:
        """Writes a graph; the time is now where it is None."""
        moment = time.time() if wall_time is None else wall_time
        self.write(Event(wall_time=moment, step=step, graph_def=graph.SerializeToString()))

    def flush(self) -> None:
        """Hands everything written so far to the operating system, where TensorBoard sees it."""
        self._writer.flush()

    def close(self) -> None:
        """Ends the file; closing twice does nothing."""
        self._writer.close()

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._writer.closed


def read_events(path: Path, *, tolerate_unfinished: bool = False) -> Iterator[Event]:
    """The events of a file, one after another, its version header first.

    Args:
        path: The file.
        tolerate_unfinished: Whether a last record that is cut off, as in a file that is being written or whose writer
            was killed, ends the reading quietly.

    Raises:
        NotFoundError: Where there is no such file.
        DataLossError: Where the file is corrupt; names the file, the record and the byte offset.
    """
    with TFRecordReader(path) as reader:
        count = 0
        while True:
            offset = reader.offset
            try:
                record = reader.read()
            except DataLossError:
                if tolerate_unfinished and reader.cut_off:
                    return
                raise
            if record is None:
                return
            try:
                event = Event.FromString(record)
            except DataLossError as error:
                raise DataLossError(f"{os.fsdecode(path)}: record {count} at byte {offset}: {error}") from None
            yield event
            count += 1
