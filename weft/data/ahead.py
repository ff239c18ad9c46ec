"""A function of elements run by several threads ahead of where its results are wanted, which are given in order.

Who goes through the results is one of the threads: it does not wait for a result as long as there is one to make. So as
many threads run as there are processors for, and they seldom ask for Python's lock at the same time.
"""

from __future__ import annotations

import collections
import queue
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

from weft.base.alone import work_alone, working_alone


class _Job:
    """A call that is made once, by whoever claims it first.

    Args:
        function: What is called.
        arguments: With what.
    """

    __slots__ = ("_arguments", "_claim", "_done", "_error", "_function", "_result")

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._function, self._arguments = function, arguments
        self._claim, self._done = threading.Lock(), threading.Lock()
        self._done.acquire()
        self._result: Any = None
        self._error: BaseException | None = None

    def run(self) -> bool:
        """Makes the call, unless somebody has begun it."""
        if not self._claim.acquire(blocking=False):
            return False
        try:
            self._result = self._function(*self._arguments)
        except BaseException as error:
            self._error = error
        finally:
            self._done.release()
        return True

    def give_up(self) -> None:
        """Sees to it that nobody begins it any more."""
        self._claim.acquire(blocking=False)

    @property
    def done(self) -> bool:
        """Whether it is done."""
        return not self._done.locked()

    def result(self) -> Any:
        """What the call gave, or raised, once it is done."""
        with self._done:
            if self._error is None:
                return self._result
        raise self._error


def results(
    function: Callable[..., Any], calls: Iterator[tuple[Any, ...]], threads: int
) -> Generator[tuple[Any, Any], None, None]:
    """Calls a function, several calls at a time.

    Args:
        function: What is called, by any thread.
        calls: The arguments of each call, asked for by the thread that goes through the results.
        threads: So many calls are made at a time, one of them by that thread.

    Yields:
        The arguments and the result of each call, in order. An error is raised in its turn.
    """
    waiting: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
    workers = [threading.Thread(target=_work, args=(waiting,), name=f"weft-map-{number}", daemon=True)
               for number in range(threads - 1)]  # fmt: skip
    running: collections.deque[tuple[tuple[Any, ...], _Job]] = collections.deque()

    def first() -> tuple[Any, Any]:
        arguments, job = running.popleft()
        if not job.done:
            with working_alone():
                job.run()
                later = iter(running)
                while not job.done and any(other.run() for _, other in later):
                    pass
        return arguments, job.result()

    try:
        for worker in workers:
            worker.start()
        for arguments in calls:
            job = _Job(function, arguments)
            running.append((arguments, job))
            waiting.put(job)
            if len(running) >= 4 * threads:
                yield first()
        while running:
            yield first()
    finally:
        for _, job in running:
            job.give_up()
        for _ in workers:
            waiting.put(None)
        for worker in workers:
            if worker.ident is not None and not sys.is_finalizing():  # (a thread is never heard of again then)
                worker.join()


def _work(waiting: queue.SimpleQueue[_Job | None]) -> None:
    work_alone()
    while (job := waiting.get()) is not None:
        job.run()
