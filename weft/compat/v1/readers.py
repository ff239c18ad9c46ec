"""Readers: what takes names of files out of a queue and gives their records one after another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from weft.api.queue_stores import Store
from weft.api.queues import QueueBase, handle_tensor
from weft.base import dtypes
from weft.base.errors import OutOfRangeError
from weft.base.shapes import TensorShape
from weft.data import files
from weft.formats.tfrecord import read_records
from weft.ir.types import TensorType
from weft.runtime import frontdoor
from weft.runtime.host_call import session_call

#: bytes around a record in a TFRecord file: its length and two checksums
_FRAME = 16
#: keys and values, in order
Records = Iterator[tuple[bytes, bytes]]


class ReaderRead(NamedTuple):
    """A record, and a key that says where it stands."""

    key: Any
    value: Any


class ReaderReadUpTo(NamedTuple):
    """Several records and their keys."""

    keys: Any
    values: Any


class _Place:
    """How far a session has got with a reader."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.records: Records | None = None
        self.produced = self.finished = 0

    def reset(self) -> None:
        self.records, self.produced, self.finished = None, 0, 0

    def cancel(self) -> None:
        """Who waits does so in a queue."""


class ReaderBase:
    """What all readers have.

    `TextLineReader`, `TFRecordReader`, `WholeFileReader`, `FixedLengthRecordReader` and `IdentityReader` are readers.
    """

    _type = "ReaderV2"
    supports_serialize = False

    def __init__(self, name: str | None, **attributes: Any) -> None:
        self._ref = handle_tensor(name or self._type, self._type, **attributes)

    reader_ref = property(lambda self: self._ref, doc="The tensor that stands for it in the graph.")

    def _records(self, path: str) -> Records:
        raise NotImplementedError

    def _place(self, session: Any) -> _Place:
        found: _Place = session.held(self._ref, _Place)
        return found

    def _next(self, place: _Place, store: Store) -> tuple[bytes, bytes]:
        while True:
            if place.records is None:
                work = store.dequeue(1)[0][0][()]
                place.records = self._records(files.text_of(work))
            found = next(place.records, None)
            if found is not None:
                place.produced += 1
                return found
            place.records = None
            place.finished += 1

    def read(self, queue: Any, name: str | None = None) -> tuple[Any, Any]:
        """The next record.

        Args:
            queue: A queue of names of files.
            name: The operation's name.

        Returns:
            Two scalar string tensors: a key that says where the record stands, and the record.
        """

        def step(session: Any, *unused: Any) -> list[Any]:
            place = self._place(session)
            with place.lock:
                return [np.array(part, object) for part in self._next(place, queue.store(session))]

        found = session_call(step, [self._ref, _queue(queue).queue_ref], [_text(()), _text(())], "ReaderReadV2",
                             name or "ReaderReadV2")  # fmt: skip
        return ReaderRead(found[0], found[1])

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> tuple[Any, Any]:
        """The next records, `num_records` at most: keys `[n]` and records `[n]`."""

        def step(session: Any, first: Any, second: Any, count: Any) -> list[Any]:
            place, found = self._place(session), list[tuple[bytes, bytes]]()
            with place.lock:
                try:
                    while len(found) < int(count):
                        found.append(self._next(place, queue.store(session)))
                except OutOfRangeError:
                    if not found:
                        raise
            return [np.array([pair[i] for pair in found], object) for i in range(2)]

        size = TensorShape([None]).symbolic
        count = frontdoor.convert(num_records, dtypes.int64, name="num_records")
        made = session_call(step, [self._ref, _queue(queue).queue_ref, count], [_text(size), _text(size)],
                            "ReaderReadUpToV2", name or "ReaderReadUpToV2")  # fmt: skip
        return ReaderReadUpTo(made[0], made[1])

    def _number(self, attribute: str, type: str, name: str | None) -> Any:
        def tell(session: Any, *unused: Any) -> list[Any]:
            return [np.asarray(getattr(self._place(session), attribute), np.int64)]

        return session_call(tell, [self._ref], [TensorType((), dtypes.int64)], type, name or type)[0]

    def num_records_produced(self, name: str | None = None) -> Any:
        """How many records it has given, as an int64 tensor."""
        return self._number("produced", "ReaderNumRecordsProducedV2", name)

    def num_work_units_completed(self, name: str | None = None) -> Any:
        """How many files it has gone through, as an int64 tensor."""
        return self._number("finished", "ReaderNumWorkUnitsCompletedV2", name)

    def reset(self, name: str | None = None) -> Any:
        """The operation that puts it back to where it began."""

        def again(session: Any, *unused: Any) -> list[Any]:
            self._place(session).reset()
            return []

        return session_call(again, [self._ref], [], "ReaderResetV2", name or "ReaderResetV2")


def _queue(queue: Any) -> QueueBase:
    if not isinstance(queue, QueueBase):
        raise TypeError(f"A reader takes a queue, received {type(queue).__name__}.")
    return queue


def _text(shape: Any) -> TensorType:
    return TensorType(shape, dtypes.string)


class TextLineReader(ReaderBase):
    """The lines of text files; keys are `file:line`.

    Args:
        skip_header_lines: How many lines to leave out at the start of a file.
        name: Its name.
    """

    _type = "TextLineReaderV2"

    def __init__(self, skip_header_lines: int | None = None, name: str | None = None) -> None:
        self._skipped = int(skip_header_lines or 0)
        super().__init__(name, skip_header_lines=self._skipped)

    def _records(self, path: str) -> Records:
        for number, line in enumerate(files.lines_of("")(path), 1):
            if number > self._skipped:
                yield f"{path}:{number}".encode(), line


class TFRecordReader(ReaderBase):
    """The records of TFRecord files; keys are `file:offset`.

    Args:
        name: Its name.
        options: A `TFRecordOptions`, for the compression.
    """

    _type = "TFRecordReaderV2"

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        kind = getattr(options, "compression_type", options)
        self._compression = files.compression_of({0: None, 1: "ZLIB", 2: "GZIP"}.get(kind, kind))
        super().__init__(name, compression_type=self._compression)

    def _records(self, path: str) -> Records:
        offset = 0
        for record in read_records(path, self._compression):
            yield f"{path}:{offset}".encode(), record
            offset += _FRAME + len(record)


class WholeFileReader(ReaderBase):
    """Whole files; keys are their names.

    Args:
        name: Its name.
    """

    _type = "WholeFileReaderV2"

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)

    def _records(self, path: str) -> Records:
        with files.opened(path, "") as file:
            yield path.encode(), file.read()


class IdentityReader(ReaderBase):
    """What is in the queue itself, as key and as record.

    Args:
        name: Its name.
    """

    _type = "IdentityReaderV2"

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)

    def _records(self, path: str) -> Records:
        yield path.encode(), path.encode()


class FixedLengthRecordReader(ReaderBase):
    """The records of files in which all have one length; keys are `file:number`.

    Args:
        record_bytes: Bytes of a record.
        header_bytes: Bytes to leave out at the start of a file.
        footer_bytes: Bytes to leave out at its end.
        hop_bytes: Bytes from one record's start to the next one's; `record_bytes` where None or 0.
        name: Its name.
        encoding: None or "zlib".
    """

    _type = "FixedLengthRecordReaderV2"

    def __init__(self, record_bytes: int, header_bytes: int | None = None, footer_bytes: int | None = None,
                 hop_bytes: int | None = None, name: str | None = None,
                 encoding: str | None = None) -> None:  # fmt: skip
        self._length, self._header, self._footer = int(record_bytes), int(header_bytes or 0), int(footer_bytes or 0)
        self._hop = int(hop_bytes or 0) or self._length
        self._encoding = files.compression_of(encoding.upper() if encoding else None)
        super().__init__(name, record_bytes=self._length, header_bytes=self._header, footer_bytes=self._footer,
                         hop_bytes=int(hop_bytes or 0), encoding=encoding or "")  # fmt: skip

    def _records(self, path: str) -> Records:
        with files.opened(path, self._encoding) as file:
            content = file.read()
        end = len(content) - self._footer
        for number, start in enumerate(range(self._header, end - self._length + 1, self._hop)):
            yield f"{path}:{number}".encode(), content[start : start + self._length]
