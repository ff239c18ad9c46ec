"""The programs of examples/tf2 in their short mode; each ends with an assertion that an untrained model fails."""

from pathlib import Path

import pytest

from tests.examples import ROOT, run_example, unlisted
from weft.formats.events import read_events

PROGRAMS = ROOT / "examples" / "tf2"
HELPER = "realdata.py"
LOGS = "tensorboard_logging.py"  # has a test of its own
NAMES = sorted(path.name for path in PROGRAMS.glob("*.py") if path.name not in (HELPER, LOGS))


def test_every_program_is_listed():
    assert not unlisted(PROGRAMS, (PROGRAMS / "README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_program_learns(name, tmp_path):
    found = run_example(PROGRAMS / name, "--short", folder=tmp_path)
    assert "Traceback" not in found.stderr
    assert not list(tmp_path.iterdir())  # what it writes goes to temporary folders


def tags(folder: Path) -> set[str]:
    (path,) = folder.iterdir()
    return {value.tag for event in read_events(path) for value in event.summary.value}


def test_a_program_logs_what_tensorboard_shows(tmp_path):
    run_example(PROGRAMS / LOGS, "--short", "--logdir", tmp_path / "logs", folder=tmp_path)
    by_hand = tags(tmp_path / "logs" / "by_hand")
    assert {"about", "digits", "accuracy", "training/loss", "training/gradient_norm", "train_step"} < by_hand
    assert {"training/sequential/hidden/kernel", "training/sequential/hidden/bias"} < by_hand
    assert {"epoch_loss", "keras"} < tags(tmp_path / "logs" / "by_fit" / "train")
    assert "epoch_accuracy" in tags(tmp_path / "logs" / "by_fit" / "validation")


def test_programs_learn_from_generated_data_too_and_say_so(tmp_path, monkeypatch):
    monkeypatch.delenv("WEFT_DATA_DIR", raising=False)
    found = run_example(PROGRAMS / "mlp.py", "--short", folder=tmp_path)
    assert "NO REAL DATA: mnist.npz" in found.stderr
