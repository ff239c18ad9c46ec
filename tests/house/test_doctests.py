"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
from pathlib import Path

import pytest

from tests.house.floors import module_name

ROOT = Path(__file__).parents[2]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL

# Rooms whose library is an extra: their examples run where it is installed.
EXTRAS = {"weft.engines.xla": "jax"}


def modules_with_examples() -> list[str]:
    paths = sorted((ROOT / "weft").rglob("*.py"))
    return [
        module_name(path.relative_to(ROOT).as_posix()) for path in paths if ">>> " in path.read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    for room, library in EXTRAS.items():
        if name.startswith(room):
            pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)  # examples that save something save it here
    result = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS)
    assert result.failed == 0, capsys.readouterr().out
