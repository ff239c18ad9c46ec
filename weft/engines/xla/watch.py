"""Who of several processes is alive and how far each has come, so that nobody waits for one that will never come.

Every process tells the first one, over a connection of its own, how many calls that take all of them it has begun; the
first one tells all what it has heard. A connection that breaks is a process that is gone; one that is alive and has
begun fewer calls than those who wait is the laggard. Time in which this process itself was stopped does not count.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import threading
import time
from typing import Any

from weft.base.errors import DeadlineExceededError, UnavailableError, explain

#: seconds between two messages
TICK = 0.25
#: so many of those who are behind are named
_NAMED = 8
#: seconds that this process has for its own part of a step that another one ended with: what that one sent is here.
#: Where its last step was another one, nothing else tells, because jax holds it until all have ended
_LINGERS = 10.0


class Server:
    """Hears all processes and tells all of them; a thread of the first one.

    Attributes:
        port: Where it listens.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("", 0), backlog=1024)
        self.port = int(self._listener.getsockname()[1])
        self._heard: dict[int, dict[str, Any]] = {}
        self._streams: dict[socket.socket, tuple[Lines, list[int]]] = {}
        self._open = True
        self._thread = threading.Thread(target=self._serve, name="weft-watch-server", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and all connections."""
        self._open = False
        self._thread.join()
        for stream in (self._listener, *self._streams):
            stream.close()

    def _serve(self) -> None:
        chosen = selectors.DefaultSelector()
        chosen.register(self._listener, selectors.EVENT_READ)
        told = 0.0
        while self._open:
            news = False
            for key, _ in chosen.select(TICK):
                if key.fileobj is self._listener:
                    stream, _ = self._listener.accept()
                    stream.setblocking(False)
                    self._streams[stream] = (Lines(), [])
                    chosen.register(stream, selectors.EVENT_READ)
                    continue
                assert isinstance(key.fileobj, socket.socket)
                if not self._hear(key.fileobj):
                    chosen.unregister(key.fileobj)
                    news = True
            if news or time.monotonic() - told >= TICK:
                told = time.monotonic()
                self._tell()
        chosen.close()

    def _hear(self, stream: socket.socket) -> bool:
        """Takes in what a process says; False where it is gone."""
        lines, number = self._streams[stream]
        found = lines.read(stream)
        for message in found or ():
            number[:] = [message["number"]]
            self._heard[message["number"]] = {**message, "lost": False}
        if found is not None:
            return True
        del self._streams[stream]
        stream.close()
        if number and not self._heard[number[0]]["ended"]:
            self._heard[number[0]]["lost"] = True
        return False

    def _tell(self) -> None:
        """Tells all of the first one, of those who are gone, and of the few that are furthest behind.

        With thousands of processes a table of all of them, sent to all of them, would be too much.
        """
        behind = sorted(self._heard.values(), key=lambda heard: heard["calls"])[:_NAMED]
        told = {heard["number"]: heard for heard in self._heard.values()
                if heard["lost"] or heard["ended"] or heard["number"] == 0}  # fmt: skip
        told.update((heard["number"], heard) for heard in behind)
        line = (json.dumps(list(told.values())) + "\n").encode()
        for stream in list(self._streams):
            try:
                stream.setblocking(True)
                stream.settimeout(5.0)
                stream.sendall(line)
                stream.setblocking(False)
            except OSError:
                pass  # reading will tell


class Lines:
    """Messages out of the bytes of a stream."""

    def __init__(self) -> None:
        self._rest = b""

    def read(self, stream: socket.socket) -> list[Any] | None:
        """What has come in; None where the other end is gone."""
        try:
            data = stream.recv(1 << 20)
        except (BlockingIOError, TimeoutError):
            return []
        except OSError:
            return None
        if not data:
            return None
        *whole, self._rest = (self._rest + data).split(b"\n")
        try:
            return [json.loads(line) for line in whole]
        except ValueError:
            return None  # no worker: something else that found the port


class Watch:
    """What one process tells of itself and knows of the others.

    Args:
        address: Host and port of the server.
        number: Which process this is.
        timeout: Seconds after which waiting for others is an error.

    Attributes:
        calls: How many calls that take all processes were begun here.
    """

    def __init__(self, address: tuple[str, int], number: int, timeout: float) -> None:
        self.number = number
        self.timeout = timeout
        self.calls = 0
        self._ended: bool | str = False
        self._others: dict[int, dict[str, Any]] = {}
        self._lost_server = False
        self._stream = socket.create_connection(address, timeout=60.0)
        self._sending = threading.Lock()
        self._stream.settimeout(TICK)
        self._say()
        self._thread = threading.Thread(target=self._listen, name="weft-watch", daemon=True)
        self._thread.start()

    def _say(self) -> None:
        message = {"number": self.number, "calls": self.calls, "ended": self._ended, "process": os.getpid(),
                   "host": socket.gethostname()}  # fmt: skip
        with self._sending:
            self._stream.sendall((json.dumps(message) + "\n").encode())

    def _listen(self) -> None:
        lines = Lines()
        said = time.monotonic()
        while True:
            found = lines.read(self._stream)
            if found is None:
                self._lost_server = True
                return
            if found:
                self._others = {message["number"]: message for message in found[-1]}
            if time.monotonic() - said >= TICK:
                said = time.monotonic()
                try:
                    self._say()
                except OSError:
                    self._lost_server = True
                    return

    def close(self) -> None:
        """Breaks the connection, without a word."""
        self._stream.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._stream.close()

    def leave(self, error: str | None = None) -> None:
        """Says that this process has come to the end of its program, or which error has ended it."""
        self._ended = True if error is None else error
        try:
            self._say()
        except OSError:
            pass

    def gone(self, waited: float = 0.0, failed: bool = False) -> UnavailableError | None:
        """The error for a process that is gone; None where all are there.

        Args:
            waited: For how many seconds this one has waited for the others.
            failed: Whether the step that it waited for has failed: then whoever has ended is to blame.
        """
        failed = failed or waited > _LINGERS
        for number, heard in sorted(self._others.items()):
            if heard["lost"]:
                return UnavailableError(explain(
                    f"{_name(heard)} was lost: it was killed, has crashed, or its machine is out of reach.",
                    received=f"it had begun {heard['calls']} steps, this worker, {self.number}, {self.calls}",
                    hint="start all workers again; keras.callbacks.BackupAndRestore goes on from the last checkpoint",
                ))  # fmt: skip
            if isinstance(heard["ended"], str) and number != self.number:
                return UnavailableError(explain(
                    f"{_name(heard)} has ended with an error.", received=heard["ended"],
                    hint="mend that, and start all workers again",
                ))  # fmt: skip
            if heard["ended"] and number != self.number and (heard["calls"] < self.calls or failed):
                return UnavailableError(explain(
                    f"{_name(heard)} has ended, and worker {self.number} waits for it.",
                    received=f"it has begun {heard['calls']} steps, this worker {self.calls}",
                    hint="all workers have to take as many steps: the same program with the same number of batches",
                ))  # fmt: skip
        if self._lost_server and not self._others.get(0, {}).get("ended"):
            heard = self._others.get(0, {"number": 0, "process": "?", "host": "?"})
            return UnavailableError(explain(
                f"{_name(heard)} was lost: it was killed, has crashed, or its machine is out of reach.",
                hint="start all workers again; keras.callbacks.BackupAndRestore goes on from the last checkpoint",
            ))  # fmt: skip
        return None

    def late(self) -> DeadlineExceededError:
        """The error for having waited too long, which names those who have not come."""
        behind = [heard for _, heard in sorted(self._others.items()) if heard["calls"] < self.calls]
        if behind:
            what = (f"Worker {self.number} has waited {self.timeout:g} s for "
                    f"{', '.join(map(_name, behind))} to come to step {self.calls}.")  # fmt: skip
            received = ", ".join(f"worker {heard['number']} is at step {heard['calls']}" for heard in behind)
        else:
            what = f"Step {self.calls}, which all workers have begun, has not ended within {self.timeout:g} s."
            received = f"worker {self.number}, waiting"
        return DeadlineExceededError(explain(
            what, received=received,
            hint="see what that worker does; WEFT_TIMEOUT=seconds lets workers wait longer (weft launch --timeout)",
        ))  # fmt: skip


def _name(heard: dict[str, Any]) -> str:
    return f"worker {heard['number']} (process {heard['process']} on {heard['host']})"


class Relay:
    """Passes bytes between this process's own port and another machine's, and hangs up on neither.

    jax ends a process at once where the connection to its coordinator breaks. Through a relay it does not see that, and
    the process can say in words which worker was lost.

    Attributes:
        port: Of this machine, for connections that are passed on.
    """

    def __init__(self, host: str, port: int) -> None:
        self._there = host, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._kept: list[socket.socket] = []
        threading.Thread(target=self._accept, name="weft-relay", daemon=True).start()

    def _accept(self) -> None:
        while True:
            near, _ = self._listener.accept()
            try:
                far = socket.create_connection(self._there, timeout=10.0)
            except OSError:
                near.close()  # it is not there yet: jax tries again
                continue
            for stream in (near, far):
                stream.settimeout(None)
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._kept += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=_pass_on, args=(source, target), name="weft-relay", daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:
        pass  # the other end is gone; this end is left open
