"""`weft demo mnist` on a little data of its own."""

from __future__ import annotations

import argparse
import importlib.util
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.golden import recipes
from weft.cli import CommandError, demo
from weft.cli.main import main


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A file like MNIST's with the patterns of the golden network's batches."""
    batches = [recipes.mnist_batch(step) for step in range(6)]
    images = np.concatenate([np.round(x[..., 0] * 255).astype(np.uint8) for x, _ in batches])
    labels = np.concatenate([y for _, y in batches]).astype(np.uint8)
    np.savez(
        tmp_path / "mnist.npz", x_train=images[:160], y_train=labels[:160], x_test=images[160:], y_test=labels[160:]
    )
    return tmp_path / "mnist.npz"


def test_it_trains_shows_and_plots(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "mnist", "--data", str(data), "--epochs", "2", "--out", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert "160 images to learn from, 32 to test with; 225,034 weights" in text
    assert "Epoch 2/2" in text and "5/5 - " in text and "Test loss" in text and "%)" in text
    if importlib.util.find_spec("matplotlib") is None:
        assert "pip install 'weft[demo]'" in text
    else:
        assert (tmp_path / "out" / "mnist-history.png").stat().st_size > 1000


def test_wrong_calls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mnist.npz").write_bytes(b"nothing")
    assert main(["demo", "mnist", "--data", str(tmp_path)]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert main(["demo", "mnist", "--epochs", "0"]) == 2
    assert "at least 1" in capsys.readouterr().err


def test_ctrl_c_keeps_the_history(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from weft.keras.models import Sequential

    fit = Sequential.fit

    def interrupted(self: Any, *args: Any, **options: Any) -> Any:
        fit(self, *args, **{**options, "epochs": 1})
        raise KeyboardInterrupt

    kept: list[Any] = []
    monkeypatch.setattr(Sequential, "fit", interrupted)
    monkeypatch.setattr(demo, "_plot", lambda history, title, folder: kept.append(history))
    parser = argparse.ArgumentParser()
    demo.add_arguments(parser)
    assert demo.main(parser.parse_args(["mnist", "--data", str(data)])) == 130
    assert len(kept[0]["loss"]) == 1 and "Stopped." in capsys.readouterr().out


def test_offline_it_learns_from_other_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*args: Any, **options: Any) -> Any:
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setenv("WEFT_HOME", str(tmp_path))
    monkeypatch.delenv("WEFT_DATA_DIR", raising=False)
    if importlib.util.find_spec("sklearn") is None:
        with pytest.raises(CommandError, match="scikit-learn"):
            demo._load(None)
        return
    ((x_train, y_train), (x_test, y_test)), title = demo._load(None)
    assert "no network" in capsys.readouterr().out and "scikit-learn" in title
    assert x_train.shape[1:] == (28, 28) and x_train.dtype == np.uint8 and x_train.max() > 200
    assert len(x_train) == len(y_train) > 1000 and len(x_test) == len(y_test) > 300


@pytest.mark.parametrize("blocks", [True, False])
def test_pictures(blocks: bool) -> None:
    image = np.zeros((28, 28))
    image[4:24, 12:16] = 1.0
    lines = demo.picture(image, blocks)
    assert len(lines) == 14 and all(len(line) == 14 for line in lines)
    assert ("█" in "".join(lines)) == blocks and "".join(lines).isascii() != blocks


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--epochs", "x"], "argument --epochs: must be a whole number of at least 1, not 'x'"),
        (["--epochs", "-3"], "argument --epochs: must be a whole number of at least 1, not '-3'"),
        (["cifar"], "argument NETWORK: invalid choice: 'cifar'"),
        (["--data", "no/such/file.npz"], "there is no such file.\n  next: put mnist.npz there, or name another path"),
    ],
)
def test_wrong_arguments(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", *arguments]) == 2
    said = capsys.readouterr().err
    assert text in said and "  at " not in said
