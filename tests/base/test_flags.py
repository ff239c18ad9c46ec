"""The process's settings."""

from pathlib import Path

import pytest

from weft.base import flags


@pytest.fixture(autouse=True)
def _no_flags(monkeypatch):
    for name in flags.FLAGS:
        if name != "WEFT_HOME":
            monkeypatch.delenv(name, raising=False)


def test_defaults():
    assert flags.engine() is None and flags.debug() == 0 and not flags.check()
    assert flags.num_threads() >= 1 and flags.data_dirs() == ()
    assert flags.cache() == flags.home() / "cache"


def test_the_environment_is_read_when_asked(monkeypatch):
    monkeypatch.setenv("WEFT_DEBUG", "3")
    assert flags.debug() == 3
    monkeypatch.setenv("WEFT_NUM_THREADS", "2")
    assert flags.num_threads() == 2
    monkeypatch.setenv("WEFT_CACHE", "off")
    assert flags.cache() is None
    monkeypatch.setenv("WEFT_CACHE", "~/x")
    assert flags.cache() == Path("~/x").expanduser()
    monkeypatch.setenv("WEFT_DATA_DIR", "/a:/b")
    assert flags.data_dirs() == (Path("/a"), Path("/b"))


def test_overrides_win_and_end(monkeypatch):
    monkeypatch.setenv("WEFT_CHECK", "0")
    with flags.override(WEFT_CHECK=1):
        assert flags.check()
        with flags.override(WEFT_CHECK=0, WEFT_ENGINE="reference"):
            assert not flags.check() and flags.engine() == "reference"
        assert flags.check() and flags.engine() is None
    assert not flags.check()


def test_nonsense_is_refused(monkeypatch):
    with pytest.raises(ValueError, match="Unknown flag WEFT_SPEED"), flags.override(WEFT_SPEED=1):
        pass
    monkeypatch.setenv("WEFT_DEBUG", "loud")
    with pytest.raises(ValueError, match="WEFT_DEBUG must be an integer, received 'loud'"):
        flags.debug()
    monkeypatch.setenv("WEFT_DEBUG", " ")
    assert flags.debug() == 0
