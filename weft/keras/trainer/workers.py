"""Batches made ahead by threads, given in order."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import ContextVar
from typing import Any

#: what the innermost running `fit`, `evaluate` or `predict` has to close when it ends
_open: ContextVar[list[Ahead] | None] = ContextVar("weft_open_workers", default=None)


class Ahead:
    """Has threads make the batches of a dataset ahead of their use. They stay from epoch to epoch.

    Args:
        dataset: Gives batch number n as `dataset[n]`.
        workers: How many threads.
        most: How many batches are made ahead at most.
    """

    def __init__(self, dataset: Any, workers: int, most: int) -> None:
        self._dataset = dataset
        self._pool = ThreadPoolExecutor(workers, "weft-batches")
        self._most = max(most, 1)
        self._made: deque[tuple[int, Future[Any]]] = deque()
        self._again: deque[int] = deque()

    def batches(self, numbers: Iterable[int]) -> Iterator[Any]:
        """The batches of these numbers, in their order.

        Args:
            numbers: Which ones; they need not end.
        """
        self.forget()
        self._again.clear()
        rest = iter(numbers)
        while True:
            while len(self._made) < self._most:
                number = self._again.popleft() if self._again else next(rest, None)
                if number is None:
                    break
                self._made.append((number, self._pool.submit(self._dataset.__getitem__, number)))
            if not self._made:
                return
            yield self._made.popleft()[1].result()

    def forget(self) -> None:
        """Gives up what was made ahead: the dataset is about to change, and the batches are made anew when asked for.

        When this returns, no thread is in the dataset.
        """
        given_up = [future for _, future in self._made]
        self._again.extendleft(number for number, _ in reversed(self._made))
        self._made.clear()
        for future in given_up:
            future.cancel()
        wait(given_up)

    def close(self) -> None:
        """Ends the threads, each as soon as it has made its batch."""
        self._pool.shutdown(cancel_futures=True)


def ahead_of(dataset: Any) -> Ahead | None:
    """What makes a dataset's batches ahead until the running `fit`, `evaluate` or `predict` ends.

    Args:
        dataset: Its `workers`, `use_multiprocessing` and `max_queue_size` count, where it has them.

    Returns:
        None where batches are made where they are used: with one worker, as in Keras, and where processes are asked
        for, since such a dataset may not be one that threads can share.
    """
    running, workers = _open.get(), getattr(dataset, "workers", 1)
    if running is None or workers <= 1 or getattr(dataset, "use_multiprocessing", False):
        return None
    running.append(Ahead(dataset, workers, getattr(dataset, "max_queue_size", 10)))
    return running[-1]


def closing_workers(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that leaves no thread behind, however it ends."""

    @functools.wraps(method)
    def closing(*args: Any, **kwargs: Any) -> Any:
        mine: list[Ahead] = []
        before = _open.set(mine)
        try:
            return method(*args, **kwargs)
        finally:
            _open.reset(before)
            for ahead in mine:
                ahead.close()

    return closing
