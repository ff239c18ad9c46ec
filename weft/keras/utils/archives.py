"""Archives unpacked whole or not at all, and nothing outside their folder."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from weft.extend import explain


def unpack(archive: Path, folder: Path, archive_format: Any = "auto") -> bool:
    """Unpacks an archive into a folder, unless the folder is newer than it.

    Args:
        archive: A `.zip` or `.tar` file; the latter may be compressed.
        folder: Where to.
        archive_format: "tar", "zip", "auto" for either, or a list of formats to try.

    Returns:
        Whether it was an archive of these formats.

    Raises:
        ValueError: For another format, or an archive with a path that leads out of the folder.
    """
    formats = ["tar", "zip"] if archive_format == "auto" else [archive_format] if isinstance(archive_format, str) else (
        list(archive_format or ())
    )  # fmt: skip
    for name in formats:
        if name not in _KINDS:
            raise ValueError(explain("An archive's format is 'tar', 'zip' or 'auto'.", received=repr(name)))
        matches, extract = _KINDS[name]
        if not matches(archive):
            continue
        if not folder.is_dir() or folder.stat().st_mtime < archive.stat().st_mtime:
            _into(folder, partial(extract, archive))
        return True
    return False


def _into(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fills a folder beside the one that is meant, which then takes its place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        fill(beside)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(beside, folder)
        os.utime(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _check(archive: Path, folder: Path, name: str) -> None:
    place = (folder / name).resolve()
    if folder.resolve() not in (place, *place.parents):
        raise ValueError(explain(f"{archive} is refused: it holds a path that leads out of its folder.", received=name))


def _from_tar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as file:
        for member in file.getmembers():
            _check(archive, folder, member.name)
            if member.issym() or member.islnk():
                start = folder / member.name if member.issym() else folder
                _check(archive, folder, os.path.join(start.parent if member.issym() else start, member.linkname))
            elif not (member.isfile() or member.isdir()):
                raise ValueError(explain(f"{archive} is refused: it holds a device.", received=member.name))
        if hasattr(tarfile, "data_filter"):  # Python 3.11 has it since 3.11.4
            file.extractall(folder, filter="data")
        else:
            file.extractall(folder)


def _from_zip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        for name in file.namelist():
            _check(archive, folder, name)
        file.extractall(folder)


_KINDS: dict[str, tuple[Callable[[Path], bool], Callable[[Path, Path], None]]] = {
    "tar": (tarfile.is_tarfile, _from_tar), "zip": (zipfile.is_zipfile, _from_zip),
}  # fmt: skip
