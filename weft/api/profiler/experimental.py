"""`tf.profiler.experimental`: times of kernels and of a program's own spans, as a trace that Perfetto opens.

While a profile is open, functions are compiled anew and run kernel by kernel, so that each is timed.
"""

from __future__ import annotations

import gzip
import json
import os
import socket
import threading
import time
from collections import namedtuple
from types import TracebackType
from typing import Any, NoReturn, Self

from weft.base.absent import Namespace
from weft.base.errors import AlreadyExistsError, UnavailableError, UnimplementedError, explain
from weft.formats.files import replacing
from weft.runtime import dispatch

ProfilerOptions = namedtuple(
    "ProfilerOptions", ["host_tracer_level", "python_tracer_level", "device_tracer_level", "delay_ms"],
    defaults=[2, 0, 1, None],
)  # fmt: skip
_SPANS = 200_000  # more are not kept


class _Session:
    """The profile that is open."""

    def __init__(self, logdir: str) -> None:
        self.logdir = logdir
        self.spans: list[dict[str, Any]] = []
        self.begin = time.perf_counter()
        made = getattr(dispatch.engine(), "profile", None)
        self.kernels: Any = None if made is None else made()  # the reference engine has no kernels
        if self.kernels is not None:
            self.kernels.__enter__()

    def close(self) -> None:
        if self.kernels is not None:
            self.kernels.__exit__(None, None, None)

    def write(self) -> str:
        """Writes the trace; returns its path."""
        events = list(self.spans)
        if self.kernels is not None:
            events += self.kernels.trace_events()
        process = {"name": "process_name", "ph": "M", "pid": os.getpid(), "args": {"name": "Weft"}}
        for event in events:
            event["ts"] = (event["ts"] - self.begin) * 1e6
        folder = os.path.join(self.logdir, "plugins", "profile", time.strftime("%Y_%m_%d_%H_%M_%S"))
        path = os.path.join(folder, f"{socket.gethostname()}.trace.json.gz")
        content = json.dumps({"traceEvents": [process, *events], "displayTimeUnit": "ns"})
        with replacing(path) as file:
            file.write(gzip.compress(content.encode(), mtime=0))
        return path


_lock = threading.Lock()
_session: _Session | None = None


def start(logdir: Any, options: Any = None) -> None:
    """Begins to take times.

    Args:
        logdir: The folder into which `stop` writes the trace: `plugins/profile/<time>/<host>.trace.json.gz`.
        options: Accepted; kernels and spans are recorded.

    Raises:
        AlreadyExistsError: Where a profile is open.

    Example:
        >>> import pathlib, tempfile
        >>> import weft as tf
        >>> folder = tempfile.mkdtemp()
        >>> tf.profiler.experimental.start(folder)
        >>> with tf.profiler.experimental.Trace("step", step_num=1):
        ...     y = tf.function(lambda x: tf.exp(x))(tf.ones([4]))
        >>> tf.profiler.experimental.stop()
        >>> len(list(pathlib.Path(folder).rglob("*.trace.json.gz")))
        1
    """
    global _session
    with _lock:
        if _session is not None:
            raise AlreadyExistsError(explain("Another profiler is running.",
                                             hint="call tf.profiler.experimental.stop() first"))  # fmt: skip
        _session = _Session("" if logdir is None else os.fsdecode(logdir))


def stop(save: bool = True, folder: Any = None) -> None:
    """Ends the profile and writes its trace.

    Args:
        save: Whether the trace is written.
        folder: The folder, where `start` was given none.

    Raises:
        UnavailableError: Where no profile is open.
        ValueError: Where there is no folder.
    """
    global _session
    with _lock:
        found, _session = _session, None
    if found is None:
        raise UnavailableError("Cannot export profiling results. No profiler is running.")
    found.close()
    if save:
        found.logdir = found.logdir or ("" if folder is None else os.fsdecode(folder))
        if not found.logdir:
            raise ValueError(explain("There is no folder for the profile.", hint="pass profiler_outdir"))
        found.write()


class Profile:
    """A profile within a `with` block.

    Args:
        logdir: The folder for the trace.
        options: Accepted.
    """

    def __init__(self, logdir: Any, options: Any = None) -> None:
        self._logdir, self._options = logdir, options

    def __enter__(self) -> None:
        start(self._logdir, self._options)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop()


class Trace:
    """A span of time with a name, which the trace of an open profile shows.

    Args:
        name: The name.
        **kwargs: Shown beside it, such as `step_num`.
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        self._name, self._arguments = name, kwargs
        self._begin = 0.0

    def __enter__(self) -> Self:
        self._begin = time.perf_counter()
        return self

    def set_metadata(self, **kwargs: Any) -> None:
        """Adds what is shown beside it."""
        self._arguments.update(kwargs)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session = _session
        if session is not None and len(session.spans) < _SPANS and self._begin >= session.begin:
            session.spans.append({
                "name": self._name, "cat": "span", "ph": "X", "pid": os.getpid(), "tid": threading.get_native_id(),
                "ts": self._begin, "dur": (time.perf_counter() - self._begin) * 1e6,
                "args": {key: str(value) for key, value in self._arguments.items()},
            })  # fmt: skip


def _remote(*args: Any, **kwargs: Any) -> NoReturn:
    raise UnimplementedError(explain("Weft profiles the process that it runs in, and no other.",
                                     hint="call tf.profiler.experimental.start and stop in that process"))  # fmt: skip


client = Namespace("tf.profiler.experimental.client", monitor=_remote, trace=_remote)
server = Namespace("tf.profiler.experimental.server", start=_remote)
