"""Processes that come together before jax is started: who is missing is named, in all of those who wait."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from weft.base.errors import DeadlineExceededError, UnavailableError
from weft.engines.xla.meeting import meet


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _together(*workers: tuple[int, int], timeout: float = 30.0) -> dict[int, Any]:
    """What each of some workers, (number, count), gets out of a meeting: None or its error."""
    address, found = f"127.0.0.1:{_port()}", {}

    def come(place: int, number: int, count: int) -> None:
        try:
            found[place] = meet(address, count, number, timeout)
        except Exception as error:
            found[place] = error

    threads = [threading.Thread(target=come, args=(place, *each)) for place, each in enumerate(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_all_of_them_go_on_when_all_are_there() -> None:
    assert _together((2, 4), (0, 4), (1, 4), (3, 4)) == {0: None, 1: None, 2: None, 3: None}


def test_the_missing_are_named_everywhere() -> None:
    found = _together((0, 4), (1, 4), timeout=5.0)
    assert all(isinstance(error, DeadlineExceededError) for error in found.values())
    assert "Worker 0 has waited 5 s for workers 2, 3 to come" in str(found[0])
    assert "Worker 1 has waited 5 s for workers 2, 3 to come" in str(found[1]) and "WEFT_TIMEOUT" in str(found[1])


def test_a_first_one_that_does_not_come_is_named_with_its_address() -> None:
    (error,) = _together((1, 2), timeout=1.0).values()
    assert isinstance(error, DeadlineExceededError) and "for worker 0 at 127.0.0.1:" in str(error)


@pytest.mark.parametrize(("workers", "words"), [
    (((0, 3), (1, 3), (1, 3)), "Two of the workers say that they are worker 1"),
    (((0, 3), (1, 2)), "says that there are 2 workers, and worker 0 that there are 3"),
])  # fmt: skip
def test_workers_that_do_not_go_together_are_told_so(workers: Any, words: str) -> None:
    found = _together(*workers)
    assert all(isinstance(error, UnavailableError) and words in str(error) for error in found.values())


def test_who_is_no_worker_is_not_heard() -> None:
    port, found = _port(), []

    def host() -> None:
        found.append(meet(f"127.0.0.1:{port}", 2, 0, 30.0))

    thread = threading.Thread(target=host)
    thread.start()
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"[1, 2]\n", b"3\n"):
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5.0) as stream:
                    stream.sendall(data)
                break
            except ConnectionRefusedError:
                continue
    meet(f"127.0.0.1:{port}", 2, 1, 30.0)
    thread.join()
    assert found == [None]
