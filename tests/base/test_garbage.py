"""Collections are put off within a block, and taken up again as they were."""

from __future__ import annotations

import gc
import threading

import pytest

from weft.base import garbage


def test_blocks_within_one_another() -> None:
    assert gc.isenabled()
    with garbage.Later():
        with garbage.Later():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_errors_end_it() -> None:
    with pytest.raises(ValueError), garbage.Later():
        raise ValueError
    assert gc.isenabled()


def test_who_has_turned_it_off_keeps_it_off() -> None:
    gc.disable()
    try:
        with garbage.Later():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_threads() -> None:
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with garbage.Later():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with garbage.Later():
        thread.start()
        assert inside.wait(10)
    assert not gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled()
