"""The pool of threads that runs schedules (`driver.py`).

Workers wait for a run by spinning for a moment, then sleep: on Linux in the kernel (a futex on the counter of runs),
elsewhere by returning to Python and waiting there. On Linux they keep off the processor that the caller runs on, which
kernels do not always see to. Nothing that is computed depends on the number of threads.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from typing import Any

import numpy as np

from weft.base import flags
from weft.base.alone import works_alone
from weft.engines.native.driver import ALLOWED, APART, ASLEEP, COUNT, IDS, RUNS, SET, SHARES, STOP, THREADS, driver
from weft.engines.native.interrupts import FLAGS, interrupted
from weft.engines.native.target import Target

_AGAIN = 0.05  # seconds after which the number of threads is asked for again


class Pool:
    """Threads that share the work of one run at a time.

    Args:
        target: The machine.
        count: How many threads there are, the caller's included.
        futex: Whether workers sleep in the kernel; chosen by the platform where None.
    """

    def __init__(self, target: Target, count: int, futex: bool | None = None) -> None:
        self.count = count
        self._futex = sys.platform == "linux" if futex is None else futex
        self.driver = driver(target, self._futex)
        shares = (IDS + count + 7) // 8 * 8  # a cache line for each thread's
        raw = np.zeros(shares + count * 8 + 8, np.int64)
        self._control = raw[-raw.ctypes.data % 64 // 8 :]
        self._control[THREADS], self._control[SHARES] = count, shares
        self._address = self._control.ctypes.data
        self._busy = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._processors: frozenset[int] | None = None  # those of the workers, where they are told
        self._stopped = False
        self._waiting = 0  # workers that sleep in Python
        self._gate = threading.Semaphore(0)
        self._door = threading.Lock()

    def run(
        self, table: int, schedule: int, phases: int, parallel: bool,
        steps: int = 1, first: int = 0, moves: int = 0, moving: int = 0,
    ) -> int:  # fmt: skip
        """Runs a schedule: with all threads where it pays and nobody else is using them, else with this one alone.

        Args:
            table: The address of the pointers; the word that its first one points to says which check failed.
            schedule: Its address.
            phases: How many there are in it.
            parallel: Whether there is work for several threads.
            steps: How often it runs, one after the other, until a check fails.
            first: The number of the first step.
            moves: The address of what changes in the table from step to step.
            moving: How many such changes there are.

        Returns:
            How many steps have come to their end without a failed check.

        Raises:
            KeyboardInterrupt: After Ctrl-C, or whatever else the handler of that signal raises. Every step has then
                written its state or nothing; a step that was given up is done again where the handler raises nothing.
        """
        done = self._run(table, schedule, phases, parallel, steps, first, moves, moving)
        while done < 0:
            finished = -1 - done
            interrupted()
            first, steps = first + finished, steps - finished
            more = self._run(table, schedule, phases, parallel, steps, first, moves, moving)
            done = finished + more if more >= 0 else more - finished
        return done

    def _run(
        self, table: int, schedule: int, phases: int, parallel: bool, steps: int, first: int, moves: int, moving: int
    ) -> int:
        run = self.driver.steps
        if not parallel or self.count == 1 or works_alone() or not self._busy.acquire(blocking=False):
            return int(run(None, table, schedule, phases, moves, moving, first, steps))
        try:
            if self._stopped:  # by whoever wanted another number of threads; this run was on its way here
                return int(run(None, table, schedule, phases, moves, moving, first, steps))
            if not self._threads:
                self._start()
            if not self._futex:
                self._open_gate()
            return int(run(self._address, table, schedule, phases, moves, moving, first, steps))
        finally:
            self._busy.release()

    def _start(self) -> None:
        for number in range(1, self.count):
            thread = threading.Thread(target=self._work, args=(number,), name=f"weft-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)
        if self._futex and hasattr(os, "sched_getaffinity"):
            for number, thread in enumerate(self._threads):
                self._control[IDS + number] = thread.native_id or -1
            self._allow(frozenset(os.sched_getaffinity(0)))

    def _allow(self, processors: frozenset[int]) -> None:
        """Lets the workers run on these processors, from the next run on."""
        self._processors = processors
        self._control[ALLOWED : ALLOWED + SET] = 0
        for processor in processors:
            if processor < SET * 64:
                self._control[ALLOWED + processor // 64] |= np.uint64(1 << processor % 64).astype(np.int64)
        self._control[COUNT], self._control[APART] = len(self._threads), -1

    def follow(self) -> None:
        """Keeps the workers to the processors that this process may use now."""
        if self._threads and self._processors is not None:
            processors = frozenset(os.sched_getaffinity(0))
            if processors != self._processors and self._busy.acquire(blocking=False):  # else with the next look
                try:
                    self._allow(processors)
                finally:
                    self._busy.release()

    def _work(self, number: int) -> None:
        seen = int(self._control[RUNS])
        while True:
            seen = self.driver.worker(self._address, number, seen)
            if seen < 0:
                return
            with self._door:
                if self._control[STOP]:
                    return
                self._waiting += 1
            self._gate.acquire()

    def _open_gate(self) -> None:
        with self._door:
            sleepers, self._waiting = self._waiting, 0
        for _ in range(sleepers):
            self._gate.release()

    def sleeping(self) -> int:
        """How many workers take no processor's time at the moment."""
        return int(self._control[ASLEEP]) if self._futex else self._waiting

    def stop(self) -> None:
        """Ends the workers and waits for them: their code must not go before they do."""
        if not self._threads:
            return
        with self._busy:
            self._stopped = True
            self._control[STOP] = 1
            self._open_gate()
            flag = np.zeros(FLAGS, np.int64)
            table = np.array([flag.ctypes.data], np.int64)
            # a run of nothing wakes them
            self.driver.steps(self._address, table.ctypes.data, self._address, 0, None, 0, 0, 1)
        for thread in self._threads:
            thread.join()
        self._threads = []


_pool: Pool | None = None
_asked = 0.0
_lock = threading.Lock()


def pool(target: Target) -> Pool:
    """The process's pool, made on first use; anew when `WEFT_NUM_THREADS` or the processors at hand have changed."""
    global _pool, _asked
    now = time.monotonic()
    found = _pool
    if found is not None and now - _asked < _AGAIN and not flags.changed():
        return found
    count, _asked = flags.num_threads(), now
    if found is None or found.count != count:
        with _lock:
            if _pool is None or _pool.count != count:
                if _pool is not None:
                    _pool.stop()
                _pool = Pool(target, count)
        found = _pool
    found.follow()
    return found


def _stop() -> None:
    if _pool is not None:
        _pool.stop()


def _forget() -> None:
    """In a child after fork there are no workers, and locks may be held by threads that are gone."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


atexit.register(_stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)

__all__: list[Any] = ["Pool", "pool"]
