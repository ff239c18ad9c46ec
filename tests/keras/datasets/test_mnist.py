"""Where MNIST is looked for, and what is said where it is not found."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft.keras.datasets import mnist
from weft.keras.utils import file_utils


def write(path: Path, **changes: Any) -> Path:
    parts = {
        "x_train": np.full((4, 28, 28), 7, np.uint8), "y_train": np.array([0, 1, 2, 9], np.uint8),
        "x_test": np.zeros((2, 28, 28), np.uint8), "y_test": np.array([3, 4], np.uint8), **changes,
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{key: value for key, value in parts.items() if value is not None})
    return path


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No data, no network."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setenv("WEFT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WEFT_DATA_DIR", raising=False)
    monkeypatch.setattr(urllib.request, "urlopen", refuse)


def answers(monkeypatch: pytest.MonkeyPatch, *contents: bytes) -> list[str]:
    """Makes the network answer with these contents, one after the other; returns the addresses asked for."""
    asked: list[str] = []

    def answer(url: str, timeout: float) -> Any:
        asked.append(url)
        return BytesIO(contents[min(len(asked), len(contents)) - 1])

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    return asked


def test_offline_names_address_place_and_hash(tmp_path: Path) -> None:
    with pytest.raises(file_utils.DownloadError) as caught:
        mnist.load_data()
    text = str(caught.value)
    assert mnist.URL in text and mnist.SHA256 in text and str(tmp_path / "home" / "datasets" / "mnist.npz") in text


def test_a_users_folder_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "mine" / "mnist.npz")
    monkeypatch.setenv("WEFT_DATA_DIR", os.pathsep.join([str(tmp_path / "none"), str(tmp_path / "mine")]))
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    assert x_train.shape == (4, 28, 28) and y_train.tolist() == [0, 1, 2, 9] and len(x_test) == len(y_test) == 2


@pytest.mark.parametrize("changes,word", [
    ({"x_train": None}, "x_train"), ({"x_train": np.zeros((4, 28, 28), np.float32)}, "float32"),
    ({"y_train": np.array([1, 2], np.uint8)}, r"\(2,\)"), ({"y_test": np.array([3, 10], np.uint8)}, "from 3 to 10"),
])  # fmt: skip
def test_a_users_file_is_checked(tmp_path: Path, changes: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        mnist.load_data(str(write(tmp_path / "mnist.npz", **changes)))


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "mnist.npz").write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match="cannot be read"):
        mnist.load_data(str(tmp_path / "mnist.npz"))


def test_download_check_keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = write(tmp_path / "official.npz").read_bytes()
    monkeypatch.setattr(mnist, "SHA256", hashlib.sha256(content).hexdigest())
    asked = answers(monkeypatch, content)
    for _ in range(2):
        assert mnist.load_data()[0][1].tolist() == [0, 1, 2, 9]
    assert asked == [mnist.URL]
    folder = tmp_path / "home" / "datasets"
    assert [entry.name for entry in folder.iterdir()] == ["mnist.npz"]
    # A cached file that was damaged is downloaded again.
    (folder / "mnist.npz").write_bytes(content[:-5])
    assert mnist.load_data()[0][1].tolist() == [0, 1, 2, 9]
    assert len(asked) == 2


def test_a_damaged_download_is_tried_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = write(tmp_path / "official.npz").read_bytes()
    monkeypatch.setattr(mnist, "SHA256", hashlib.sha256(content).hexdigest())
    assert len(answers(monkeypatch, content[:9], content)) == 0
    assert mnist.load_data()[0][1].tolist() == [0, 1, 2, 9]
    (tmp_path / "home" / "datasets" / "mnist.npz").unlink()
    asked = answers(monkeypatch, b"a proxy's page")
    with pytest.raises(file_utils.DownloadError, match="damaged"):
        mnist.load_data()
    assert len(asked) == 2 and not list((tmp_path / "home" / "datasets").iterdir())


def test_get_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, b"text")
    path = file_utils.get_file("a.txt", "https://example.org/a.txt?x=1", file_hash=hashlib.md5(b"text").hexdigest())
    assert Path(path).read_bytes() == b"text"
    with pytest.raises(ValueError, match="without folders"):
        file_utils.get_file("../a.txt", "https://example.org/a.txt")
