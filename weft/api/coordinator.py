"""Threads that work together: any of them may ask all to stop, and what one of them raises is raised again."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from weft.base.errors import OutOfRangeError, explain


class Coordinator:
    """Tells threads when to stop, and waits for them.

    Args:
        clean_stop_exception_types: Errors that end the work without being raised again; the end of an input where
            None.

    Example:
        >>> import weft as tf
        >>> coordinator = tf.train.Coordinator()
        >>> def work():
        ...     while not coordinator.should_stop():
        ...         coordinator.request_stop()
        >>> import threading
        >>> thread = threading.Thread(target=work)
        >>> thread.start()
        >>> coordinator.join([thread])
    """

    def __init__(self, clean_stop_exception_types: Any = None) -> None:
        kinds = clean_stop_exception_types
        self._clean = (OutOfRangeError,) if kinds is None else tuple(kinds)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self.joined = False

    def should_stop(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._stop.is_set()

    def request_stop(self, ex: Any = None) -> None:
        """Asks all to stop.

        Args:
            ex: The error that is the reason, or what `sys.exc_info()` gives.
        """
        error = ex[1] if isinstance(ex, tuple) else ex
        with self._lock:
            if isinstance(error, BaseException) and self._error is None and not isinstance(error, self._clean):
                self._error = error
            self._stop.set()

    def clear_stop(self) -> None:
        """Lets the work begin again."""
        with self._lock:
            self._error = None
            self._stop.clear()
            self.joined = False

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Waits until somebody asks to stop; whether somebody did."""
        return self._stop.wait(timeout)

    @contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """An error within the block asks all to stop, and goes no further."""
        try:
            yield
        except Exception:
            self.request_stop(sys.exc_info())

    def register_thread(self, thread: threading.Thread) -> None:
        """Adds a thread to those that `join` waits for."""
        with self._lock:
            self._threads.append(thread)

    def join(self, threads: Sequence[threading.Thread] | None = None, stop_grace_period_secs: float = 120,
             ignore_live_threads: bool = False) -> None:  # fmt: skip
        """Waits for threads to end; raises again what one of them raised.

        Args:
            threads: The threads, beside those that are registered.
            stop_grace_period_secs: How long they may go on after somebody has asked to stop.
            ignore_live_threads: Whether those that still go on then are left alone.

        Raises:
            RuntimeError: Where one still goes on.
        """
        waiting = list(dict.fromkeys([*self._threads, *(threads or [])]))
        while any(thread.is_alive() for thread in waiting) and not self._stop.wait(0.05):
            pass
        end = time.monotonic() + stop_grace_period_secs
        for thread in waiting:
            thread.join(max(0.0, end - time.monotonic()))
        self.joined = True
        self._threads = []
        if self._error is not None:
            raise self._error
        alive = [thread.name for thread in waiting if thread.is_alive()]
        if alive and not ignore_live_threads:
            raise RuntimeError(explain(f"Coordinator stopped with threads still running: {', '.join(alive)}",
                                       hint="let them ask coordinator.should_stop()"))  # fmt: skip

    def raise_requested_exception(self) -> None:
        """Raises what a thread gave as the reason to stop, if any did."""
        if self._error is not None:
            raise self._error


class LooperThread(threading.Thread):
    """Calls a function again and again until its coordinator stops.

    Args:
        coord: The coordinator.
        timer_interval_secs: The time between calls; none where None.
        target: The function.
        args: Its arguments.
        kwargs: Its keyword arguments.
    """

    def __init__(self, coord: Coordinator, timer_interval_secs: float | None, target: Callable[..., Any] | None = None,
                 args: Any = None, kwargs: Any = None) -> None:  # fmt: skip
        super().__init__(daemon=True)
        self._coord, self._interval = coord, timer_interval_secs
        self._call, self._given, self._named = target, tuple(args or ()), dict(kwargs or {})
        coord.register_thread(self)

    @staticmethod
    def loop(coord: Coordinator, timer_interval_secs: float | None, target: Callable[..., Any], args: Any = None,
             kwargs: Any = None) -> LooperThread:  # fmt: skip
        """Makes one and starts it."""
        looper = LooperThread(coord, timer_interval_secs, target, args, kwargs)
        looper.start()
        return looper

    def run_loop(self) -> None:
        """One call."""
        if self._call is not None:
            self._call(*self._given, **self._named)

    def run(self) -> None:
        """Calls until it is time to stop."""
        with self._coord.stop_on_exception():
            while not self._coord.should_stop():
                self.run_loop()
                if self._interval is not None and self._coord.wait_for_stop(self._interval):
                    return
