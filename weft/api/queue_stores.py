"""What queues of version 1 hold in a session: elements, and the threads that wait to put some in or take some out."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base.errors import CancelledError, OutOfRangeError
from weft.ops import philox
from weft.runtime.stages import wait

Row = tuple[Any, ...]


class Store:
    """Elements in the order in which they came.

    Args:
        label: What errors call it.
        capacity: How many it holds at most; None for no bound.
    """

    def __init__(self, label: str, capacity: int | None) -> None:
        self._label = label
        self._capacity = capacity
        self._changed = threading.Condition()
        self._takers: deque[object] = deque()
        self._givers = 0
        self._closed = self._stopped = self._gone = False
        self._failure: BaseException | None = None
        self._rows: Any = self._begun()

    def failed(self, error: BaseException) -> None:
        """Notes the error by which what fills it was stopped, for those who find too little in it."""
        self._failure = self._failure or error

    def _ended(self, count: int, size: int) -> OutOfRangeError:
        text = f"{self._label} is closed and has insufficient elements (requested {count}, current size {size})"
        if self._failure is None:
            return OutOfRangeError(text)
        made = OutOfRangeError(f"{text}, as what fills it was stopped by an error: {self._failure}")
        made.filling = self._failure  # type: ignore[attr-defined]
        return made

    def _begun(self) -> Any:
        return deque()

    def _put(self, row: Row) -> None:
        self._rows.append(row)

    def _pop(self) -> Row:
        return self._rows.popleft()  # type: ignore[no-any-return]

    def _restore(self, rows: Sequence[Row]) -> None:
        self._rows.extendleft(reversed(rows))

    def _available(self) -> int:
        return len(self._rows)

    def enqueue(self, rows: Sequence[Row]) -> None:
        """Puts elements in, waiting for room.

        Raises:
            CancelledError: Where it is closed.
        """
        with self._changed:
            if self._closed:
                raise CancelledError(f"{self._label} is closed.")
            self._givers += 1
            try:
                for row in rows:
                    while self._capacity is not None and len(self._rows) >= self._capacity:
                        if self._stopped:
                            break
                        wait(self._changed)
                    if self._stopped:
                        raise CancelledError(f"{self._label}: enqueue operation was cancelled.")
                    self._put(row)
                    self._changed.notify_all()
            finally:
                self._givers -= 1
                self._changed.notify_all()

    def dequeue(self, count: int, fewer: bool = False) -> list[Row]:
        """Takes elements out, waiting for as many.

        Args:
            count: How many.
            fewer: Whether the last ones of a closed queue may be fewer.

        Raises:
            OutOfRangeError: Where it is closed and has not as many.
            CancelledError: Where its session is closed.
        """
        ticket, taken = object(), list[Row]()
        with self._changed:
            self._takers.append(ticket)
            try:
                while True:
                    if self._takers[0] is ticket:
                        while len(taken) < count and self._available() > 0:
                            taken.append(self._pop())
                            self._changed.notify_all()
                        ended = self._closed and not self._givers
                        if len(taken) == count or (ended and fewer and taken):
                            return taken
                        if ended and not self._gone:
                            raise self._ended(count, len(taken) + len(self._rows))
                    if self._gone:
                        raise CancelledError(f"{self._label}: dequeue operation was cancelled.")
                    wait(self._changed)
            except BaseException:
                self._restore(taken)
                raise
            finally:
                self._takers.remove(ticket)
                self._changed.notify_all()

    def close(self, cancel_pending_enqueues: bool) -> None:
        """Takes nothing in any more."""
        with self._changed:
            self._closed = True
            self._stopped = self._stopped or cancel_pending_enqueues
            self._changed.notify_all()

    def cancel(self) -> None:
        """Its session is closed: nobody waits any longer."""
        with self._changed:
            self._closed = self._stopped = self._gone = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._closed

    def __len__(self) -> int:
        return len(self._rows)


class ShuffleStore(Store):
    """Elements of which each draw takes any.

    Args:
        label: What errors call it.
        capacity: How many it holds at most.
        least: How many stay in it until it is closed.
        seeds: TensorFlow's two seeds, under which it draws TensorFlow's numbers; (0, 0) for chance.
    """

    def __init__(self, label: str, capacity: int | None, least: int, seeds: tuple[int, int]) -> None:
        super().__init__(label, capacity)
        self._least = least
        if seeds == (0, 0):
            first, second = np.random.SeedSequence().generate_state(2, np.uint64).tolist()
            seeds = first, second
        words = [seeds[0] & 0xFFFFFFFF, seeds[0] >> 32 & 0xFFFFFFFF]
        counter = [0, 0, seeds[1] & 0xFFFFFFFF, seeds[1] >> 32 & 0xFFFFFFFF]
        self._key, self._counter = np.array(words, np.uint32), np.array(counter, np.uint32)
        self._drawn = 0
        self._words: list[int] = []

    def _begun(self) -> Any:
        return []

    def _draw(self) -> int:
        if not self._words:
            numbers = np.arange(self._drawn, self._drawn + 64, dtype=np.uint64)
            self._words = philox.blocks_at(self._key, self._counter, numbers).ravel()[::-1].tolist()
            self._drawn += 64
        return self._words.pop()

    def _pop(self) -> Row:
        place = self._draw() % len(self._rows)
        row: Row = self._rows[place]
        self._rows[place] = self._rows[-1]
        self._rows.pop()
        return row

    def _restore(self, rows: Sequence[Row]) -> None:
        self._rows.extend(rows)

    def _available(self) -> int:
        return len(self._rows) - (0 if self._closed else self._least)


class PriorityStore(Store):
    """Elements of which the one with the least first component goes first."""

    def __init__(self, label: str, capacity: int | None) -> None:
        self._order = itertools.count()
        super().__init__(label, capacity)

    def _begun(self) -> Any:
        return []

    def _put(self, row: Row) -> None:
        heapq.heappush(self._rows, (int(row[0]), next(self._order), row))

    def _pop(self) -> Row:
        return heapq.heappop(self._rows)[2]  # type: ignore[no-any-return]

    def _restore(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._put(row)
