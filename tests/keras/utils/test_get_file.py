"""`get_file`: archives unpacked whole and nowhere else, hashes, names."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from weft import keras


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    with tarfile.open(tmp_path / "data.tar.gz", "w:gz") as file:
        member = tarfile.TarInfo("inside/text.txt")
        member.size = 4
        file.addfile(member, io.BytesIO(b"weft"))
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as file:
        file.writestr("inside/text.txt", "weft")
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        file.writestr("../text.txt", "weft")
    with tarfile.open(tmp_path / "bad.tar", "w") as file:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        file.addfile(link)
    (tmp_path / "plain.txt").write_text("weft")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "name", "folder"),
    [
        ({"fname": "data.tar.gz", "untar": True}, "data.tar.gz", "data_extracted"),
        ({"fname": "data", "untar": True}, "data.tar.gz", "data"),
        ({"extract": True}, "data.zip", "data.zip"),
        ({"fname": "mine.zip", "extract": True, "archive_format": "zip"}, "data.zip", "mine_extracted"),
    ],
)
def test_archives(archives: Path, arguments: dict, name: str, folder: str) -> None:
    for _ in range(2):  # the second time it is here already
        found = keras.utils.get_file(origin=(archives / name).as_uri(), cache_dir=str(archives / "cache"), **arguments)
        assert Path(found) == archives / "cache" / "datasets" / folder
        assert (Path(found) / "inside" / "text.txt").read_text() == "weft"


@pytest.mark.parametrize("name", ["bad.zip", "bad.tar"])
def test_archives_that_lead_out_of_their_folder(archives: Path, name: str) -> None:
    with pytest.raises(ValueError, match="leads out of its folder"):
        keras.utils.get_file(origin=(archives / name).as_uri(), cache_dir=str(archives / "cache"), extract=True)
    assert not [one for one in (archives / "cache" / "datasets").iterdir() if one.is_dir()]


def test_what_is_no_archive(archives: Path) -> None:
    with pytest.warns(UserWarning, match="Could not extract archive"):
        keras.utils.get_file(origin=(archives / "plain.txt").as_uri(), cache_dir=str(archives / "cache"), extract=True)


def test_a_file_of_another_hash(archives: Path) -> None:
    with pytest.raises(ValueError, match="damaged"):
        keras.utils.get_file(origin=(archives / "plain.txt").as_uri(), cache_dir=str(archives), file_hash="0" * 64)


def test_the_order_of_arguments(archives: Path) -> None:
    path = keras.utils.get_file("text", (archives / "plain.txt").as_uri(), False, None, None, str(archives / "here"))
    assert Path(path) == archives / "here" / "text"
