"""The programs of examples/keras in their short mode; each ends with an assertion that an untrained model fails."""

import pytest

from tests.examples import ROOT, run_example, unlisted

PROGRAMS = ROOT / "examples" / "keras"
HELPER = "shareddata.py"
NAMES = sorted(path.name for path in PROGRAMS.glob("*.py") if path.name != HELPER)


def test_every_program_is_listed():
    assert len(NAMES) == 25 and not unlisted(PROGRAMS, (PROGRAMS / "README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_program_learns(name, tmp_path):
    found = run_example(PROGRAMS / name, "--short", folder=tmp_path)
    assert "Traceback" not in found.stderr
    assert not list(tmp_path.iterdir())  # what it writes goes to temporary folders


def test_programs_learn_from_generated_pictures_too_and_say_so(tmp_path, monkeypatch):
    monkeypatch.delenv("WEFT_DATA_DIR", raising=False)
    found = run_example(PROGRAMS / "image_folders.py", "--short", folder=tmp_path)
    assert "NO REAL DATA: cifar10_jpg_subset.tar.gz" in found.stderr
