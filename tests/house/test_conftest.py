"""The shared fixtures: a home apart, and data that is missing loudly."""

import os
import shutil
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

NEEDS_DATA = """
def test_with(require_data, data_dir):
    path = require_data("there.npz")
    assert path.parent == data_dir[-1]

def test_without(require_data):
    require_data("absent.npz")

def test_without_either(require_data):
    require_data("absent.npz")
"""


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A small test session with our conftest and two data folders, of which the second holds there.npz."""
    shutil.copy(Path(__file__).parents[1] / "conftest.py", pytester.path / "conftest.py")
    pytester.makepyfile(test_needs=NEEDS_DATA)
    first, second = pytester.mkdir("first"), pytester.mkdir("second")
    (second / "there.npz").touch()
    monkeypatch.setenv("WEFT_DATA_DIR", f"{first}{os.pathsep}{second}")
    monkeypatch.delenv("WEFT_REQUIRE_DATA", raising=False)
    return pytester


def test_missing_data_skips_and_is_counted(session: pytest.Pytester):
    result = session.runpytest("-rs")
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["*needs the data file 'absent.npz'*WEFT_DATA_DIR*"])
    result.stdout.fnmatch_lines(["2 tests skipped for lack of data: absent.npz (2)"])


def test_required_data_fails(session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WEFT_REQUIRE_DATA", "1")
    result = session.runpytest()
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*needs the data file 'absent.npz'*"])
    assert "skipped for lack" not in result.stdout.str()


def test_tests_have_a_home_of_their_own(weft_home: Path):
    assert os.environ["WEFT_HOME"] == str(weft_home)
    assert weft_home.is_dir()
    assert Path.home() not in (weft_home, weft_home.parent)
