"""Processes that come together: the first one waits for all others before jax is started, and says who is missing.

jax ends a process whose companions do not come, without an error that a program could read. So each of them first calls
at the address at which the first one's jax is going to listen; who waits is told who is missing, and when all are there
the address is given up to jax.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from contextlib import suppress
from typing import Any

from weft.base.errors import DeadlineExceededError, UnavailableError, explain
from weft.engines.xla.watch import TICK, Lines

_GREETING = "weft"
#: so many of those who are missing are named
_NAMED = 8


def meet(address: str, count: int, number: int, timeout: float) -> None:
    """Returns once all processes are there.

    Args:
        address: Of the first process, host and port.
        count: How many there are.
        number: Which of them this is.
        timeout: Seconds that it waits.

    Raises:
        DeadlineExceededError: Where some have not come by then; it names them.
        UnavailableError: Where two say that they are the same one, or that there is another number of them.
    """
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + timeout
    if number == 0:
        _Host(int(port), count).wait(deadline, timeout)
    else:
        _call(host.strip("[]"), int(port), count, number, deadline, timeout)


class _Host:
    """The first process, while it waits."""

    def __init__(self, port: int, count: int) -> None:
        wide = socket.has_dualstack_ipv6()
        self._listener = socket.create_server(
            ("", port), family=socket.AF_INET6 if wide else socket.AF_INET, dualstack_ipv6=wide,
            backlog=1024, reuse_port=hasattr(socket, "SO_REUSEPORT"),
        )  # fmt: skip
        self._count = count
        self._there: dict[int, socket.socket] = {}
        self._streams: dict[socket.socket, Lines] = {}
        self._chosen = selectors.DefaultSelector()

    def wait(self, deadline: float, timeout: float) -> None:
        """Returns once all are there, and the address is free again."""
        self._chosen.register(self._listener, selectors.EVENT_READ)
        try:
            while len(self._there) < self._count - 1:
                if time.monotonic() > deadline:
                    raise _late(0, timeout, self._missing())
                for key, _ in self._chosen.select(TICK):
                    if key.fileobj is self._listener:
                        self._admit()
                    else:
                        self._hear(key.fileobj)
                self._tell(self._missing())
            self._tell([])
            for stream in self._there.values():  # who hangs up first keeps the address for some time
                stream.settimeout(TICK * 20)
                with suppress(OSError):
                    while stream.recv(1024):
                        pass
        finally:
            self._chosen.close()
            for stream in (self._listener, *self._streams):
                stream.close()

    def _admit(self) -> None:
        stream, _ = self._listener.accept()
        stream.setblocking(False)
        self._streams[stream] = Lines()
        self._chosen.register(stream, selectors.EVENT_READ)

    def _hear(self, stream: Any) -> None:
        for said in (found := self._streams[stream].read(stream)) or ():
            if isinstance(said, dict) and said.get("greeting") == _GREETING:
                self._greet(stream, int(said["number"]), int(said["count"]))
        if found is None:
            self._forget(stream)

    def _greet(self, stream: socket.socket, number: int, count: int) -> None:
        problem = ""
        if count != self._count:
            problem = f"Worker {number} says that there are {count} workers, and worker 0 that there are {self._count}."
        elif number in self._there or not 0 < number < count:
            problem = f"Two of the workers say that they are worker {number}."
        if not problem:
            self._there[number] = stream
            return
        for each in (stream, *self._there.values()):
            _say(each, {"problem": problem})
        raise UnavailableError(explain(problem, hint=_START))

    def _forget(self, stream: socket.socket) -> None:
        self._chosen.unregister(stream)
        del self._streams[stream]
        stream.close()
        for number in [number for number, own in self._there.items() if own is stream]:
            del self._there[number]  # it is gone, and may come again

    def _missing(self) -> list[int]:
        return [number for number in range(1, self._count) if number not in self._there]

    def _tell(self, missing: list[int]) -> None:
        for stream in self._there.values():
            _say(stream, {"missing": missing})


_START = "start each worker once, all of them with the same settings"


def _call(host: str, port: int, count: int, number: int, deadline: float, timeout: float) -> None:
    missing: list[int] | None = None
    while True:
        if time.monotonic() > deadline:
            raise _late(number, timeout, missing, f"{host}:{port}")
        try:
            with socket.create_connection((host, port), timeout=TICK * 4) as stream:
                _say(stream, {"greeting": _GREETING, "number": number, "count": count})
                lines = Lines()
                while (found := lines.read(stream)) is not None:
                    for said in filter(lambda each: isinstance(each, dict), found):
                        if "problem" in said:
                            raise UnavailableError(explain(str(said["problem"]), hint=_START))
                        missing = said.get("missing", missing)
                        if missing == []:
                            return
                    if time.monotonic() > deadline:
                        raise _late(number, timeout, missing, f"{host}:{port}")
        except OSError:
            pass  # it does not listen yet
        time.sleep(TICK)


def _say(stream: socket.socket, message: dict[str, Any]) -> None:
    with suppress(OSError):  # reading will tell
        stream.sendall((json.dumps(message) + "\n").encode())


def _late(number: int, timeout: float, missing: list[int] | None, address: str = "") -> DeadlineExceededError:
    if missing:
        more = f" and {len(missing) - _NAMED} more" if missing[_NAMED:] else ""
        names = ", ".join(map(str, missing[:_NAMED])) + more
        who = f"worker {names}" if len(missing) == 1 else f"workers {names}"
    else:
        who = f"worker 0 at {address}"
    return DeadlineExceededError(explain(
        f"Worker {number} has waited {timeout:g} s for {who} to come.",
        hint="see whether it was started and can reach the first one's address; WEFT_TIMEOUT=seconds lets workers wait "
             "longer (weft launch --timeout)",
    ))  # fmt: skip
