"""Downloads that are checked, and kept."""

from __future__ import annotations

import hashlib
import os
import tempfile
import urllib.error
import urllib.request
import warnings
from pathlib import Path
from typing import Any

from weft.extend import explain
from weft.keras.utils.archives import unpack

_CHUNK = 1 << 20
_TIMEOUT = 30.0


def home() -> Path:
    """Weft's folder for what it keeps: `WEFT_HOME`, or `~/.weft`."""
    return Path(os.environ.get("WEFT_HOME") or Path.home() / ".weft").expanduser()


def file_hash(path: Any, algorithm: str = "sha256") -> str:
    """The hash of a file as text.

    Args:
        path: The file.
        algorithm: "sha256" or "md5".
    """
    digest = hashlib.new(algorithm)
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


class DownloadError(OSError):
    """A file could be neither found nor downloaded."""


class DamagedError(DownloadError, ValueError):
    """What was downloaded is not the file that was meant."""


def fetch(url: str, target: Path, expected: str | None = None, algorithm: str = "sha256") -> Path:
    """A file's place on this machine; downloaded where it is not there, or is there damaged.

    It is written beside its place and renamed when it is whole and right, so that whoever looks finds all of it or
    nothing. Proxies are those of the environment (`https_proxy` and the like).

    Args:
        url: Where it comes from.
        target: Where it is kept.
        expected: Its hash; anything goes where None.
        algorithm: Of the hash.

    Raises:
        DownloadError: Naming the address, the place to put the file at, and its hash.
    """
    if target.is_file() and (expected is None or file_hash(target, algorithm) == expected):
        return target
    problem = ""
    for _ in range(2):  # a download that arrives damaged is tried once more
        try:
            problem = _download(url, target, expected, algorithm)
        except (OSError, urllib.error.URLError) as error:
            raise DownloadError(
                _advice(url, target, expected, algorithm, str(getattr(error, "reason", error)))
            ) from None
        if not problem:
            return target
    raise DamagedError(_advice(url, target, expected, algorithm, problem))


def _download(url: str, target: Path, expected: str | None, algorithm: str) -> str:
    """Downloads once; returns what is wrong with what came, or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=target.name + ".", suffix=".part", dir=target.parent)
    part, digest = Path(name), hashlib.new(algorithm)
    try:
        with os.fdopen(handle, "wb") as file, urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:
            while chunk := answer.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if expected is not None and digest.hexdigest() != expected:
            return f"what came is damaged: its {algorithm} is {digest.hexdigest()}"
        os.replace(part, target)
        return ""
    finally:
        part.unlink(missing_ok=True)


def _advice(url: str, target: Path, expected: str | None, algorithm: str, problem: str) -> str:
    return explain(
        f"{target.name} is not on this machine and could not be downloaded: {problem}.",
        expected=f"{url}" + (f", {algorithm} {expected}" if expected else ""),
        hint=f"with a network, run it again; without one, put the file at {target}",
    )


def get_file(
    fname: str | None = None, origin: str | None = None, untar: bool = False, md5_hash: str | None = None,
    file_hash: str | None = None, cache_subdir: str = "datasets", hash_algorithm: str = "auto", extract: bool = False,
    archive_format: Any = "auto", cache_dir: str | None = None, force_download: bool = False,
) -> str:  # fmt: skip
    """A file from the network, kept on this machine; of an archive what is in it, if that is asked for.

    Args:
        fname: Its name here; that of the address where None.
        origin: The address.
        untar: Whether it is a tar archive that is to be unpacked.
        md5_hash: An MD5 hash, as older programs give it.
        file_hash: Its hash; checked each time.
        cache_subdir: The folder inside the cache.
        hash_algorithm: "sha256", "md5", or "auto": by the hash's length.
        extract: Whether it is an archive that is to be unpacked.
        archive_format: "tar", "zip", "auto" for either, or a list of formats to try.
        cache_dir: The cache; Weft's own where None.
        force_download: Whether it is downloaded even where it is there.

    Returns:
        Its path; of an archive that is unpacked, the path of the folder.

    Raises:
        DownloadError: Where it is not here and cannot be downloaded.
        ValueError: Where its hash is another one.
    """
    if not origin:
        raise ValueError(explain("get_file() needs `origin`, the file's address."))
    name = os.fspath(fname) if fname else os.path.basename(origin.split("?")[0])
    if not name or name in (".", "..") or os.path.basename(name) != name:
        raise ValueError(explain("get_file(): `fname` must be a name without folders.", received=repr(name)))
    expected = file_hash or md5_hash
    if hash_algorithm == "auto" or (md5_hash and not file_hash):
        hash_algorithm = "md5" if expected is not None and len(expected) == 32 else "sha256"
    place = (Path(cache_dir).expanduser() if cache_dir else home()) / cache_subdir
    unpacked = untar or extract
    if unpacked and fname and "." in name:
        target, folder = place / name, place / f"{name.partition('.')[0]}_extracted"
    else:
        target, folder = place / (f"{name}_archive" if unpacked else name), place / name
    if force_download:
        target.unlink(missing_ok=True)
    fetch(origin, target, expected, hash_algorithm)
    if not unpacked:
        return str(target)
    if not unpack(target, folder, "tar" if untar else archive_format):
        warnings.warn(f"Could not extract archive {target}: it is none of {archive_format!r}.", stacklevel=2)
    return str(folder)
