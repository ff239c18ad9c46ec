"""Compiled code that is kept: in this process for graphs that are made again, and in a folder for the next process.

The key is all that the code depends on: the graph with its shapes, Weft's own source, LLVM, the processor. Names and
lines of the user's program are not part of it. An entry is one file, written beside its place and renamed, with a
checksum of its key and of all that is in it: what is not whole, not ours, or lies under another's name is ignored and
made again. So is what another user wrote, or may have: it would run as this one. The folder is kept below a bound;
what was not used for the longest goes first.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import stat
import struct
import tempfile
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import llvmlite
import llvmlite.binding as llvm

from weft.base import flags
from weft.base.dims import Symbol
from weft.base.locks import Lock
from weft.engines.native import codegen, image
from weft.engines.native.image import Image
from weft.engines.native.target import Target
from weft.version import __version__

if TYPE_CHECKING:

    pass

_MAGIC = b"weftcode2\n"
_KEPT = 64  # images that stay in memory without a program that uses them
_LIMIT = 512 << 20  # bytes in the folder
_LEAST = 1 << 14  # what an entry counts for at least: to go through very many small ones takes long
_SELDOM = 3600.0  # seconds for which no process looks at the folder's size again


class Named(NamedTuple):
    """What compiled code is known by: a digest, and the unknown sizes in the order that the code has them in."""

    digest: str
    symbols: Sequence[Symbol]


@cache
def _source() -> str:
    """What changes where Weft's source does: code of another version must not be taken."""
    hashed = hashlib.sha256(f"{__version__} {llvmlite.__version__} {llvm.llvm_version_info}".encode())
    folder = Path(__file__).parents[2]
    with contextlib.suppress(OSError):  # from an archive: the version has to do
        for path in sorted(folder.rglob("*.py")):
            if path.relative_to(folder).parts[0] in ("base", "ir", "ops", "autodiff", "passes", "engines"):
                found = path.stat()
                hashed.update(f"{path.name} {found.st_size} {found.st_mtime_ns}".encode())
    return hashed.hexdigest()


def key(digest: str, target: Target, checked: bool, *more: Any) -> str:
    """The name of an entry."""
    text = f"{_source()} {target} {checked} {digest} {more}"
    return hashlib.sha256(text.encode()).hexdigest()


# In this process -----------------------------------------------------------------------------------------------------


class Loaded:
    """An image with its code in memory."""

    __slots__ = ("__weakref__", "code", "image")

    def __init__(self, made: Image, target: Target) -> None:
        self.image = made
        self.code = codegen.Code(made.code, target)


_lock = Lock()
_loaded: weakref.WeakValueDictionary[str, Loaded] = weakref.WeakValueDictionary()
_recent: OrderedDict[str, Loaded] = OrderedDict()
_notes: dict[str, Any] = {}


def find(name: str, target: Target) -> Loaded | None:
    """The image of a key: from this process, else from the folder."""
    with _lock:
        found = _loaded.get(name)
        if found is not None:
            _remember(name, found)
            return found
    entry = _read(name)
    if entry is None:
        return None
    try:
        made = image.from_plain(*entry)
        return keep(name, made, target, store=False)
    except (ValueError, KeyError, TypeError, IndexError, RuntimeError):
        return None


def keep(name: str, made: Image, target: Target, *, store: bool = True) -> Loaded:
    """Loads an image and keeps it under a key."""
    loaded = Loaded(made, target)
    with _lock:
        _loaded[name] = loaded
        _remember(name, loaded)
    if store:
        _write(name, *image.to_plain(made))
    return loaded


def _remember(name: str, loaded: Loaded) -> None:
    _recent[name] = loaded
    _recent.move_to_end(name)
    while len(_recent) > _KEPT:
        _recent.popitem(last=False)


def note(name: str) -> Any:
    """What was written down under a key, or None: plain values that say how a graph is compiled."""
    if name not in _notes:
        entry = _read(name)
        _notes[name] = None if entry is None else entry[0].get("note")
    return _notes[name]


def write_note(name: str, value: Any) -> None:
    """Writes it down."""
    if _notes.get(name) != value:
        _notes[name] = value
        _write(name, {"note": value}, [])


def part(name: str, make: Callable[[], bytes]) -> bytes:
    """Some bytes that are kept in the folder under a key; made where they are not there."""
    entry = _read(name)
    if entry is not None and len(entry[1]) == 1:
        return entry[1][0]
    made = make()
    _write(name, {}, [made])
    return made


def forget() -> None:
    """Drops what this process keeps; for tests, and for measuring compilation."""
    with _lock:
        _loaded.clear()
        _recent.clear()
        _notes.clear()


# In the folder -------------------------------------------------------------------------------------------------------


def _path(name: str) -> Path | None:
    folder = flags.cache()
    return None if folder is None else folder / "native" / name[:2] / f"{name}.weft"


def _read(name: str) -> tuple[dict[str, Any], list[bytes]] | None:
    path = _path(name)
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            if not _is_ours(os.fstat(file.fileno())):
                return None
            data = file.read()
    except OSError:
        return None
    try:
        found = _unpacked(name, data)
    except (ValueError, struct.error):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # used: it goes later
    return found


def _is_ours(found: os.stat_result) -> bool:
    """Whether nobody else can have written a file: it is this user's, or the system's, and nobody else may write it."""
    if not hasattr(os, "geteuid"):
        return True
    return found.st_uid in (os.geteuid(), 0) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _packed(name: str, plain: Mapping[str, Any], parts: Sequence[bytes]) -> bytes:
    head = json.dumps({**plain, "parts": [len(part) for part in parts]}, separators=(",", ":")).encode()
    body = b"".join([_MAGIC, struct.pack("<Q", len(head)), head, *parts])
    return body + _checksum(name, body)


def _checksum(name: str, body: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + body).digest()


def _unpacked(name: str, data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    body, checksum = data[:-32], data[-32:]
    if not body.startswith(_MAGIC) or _checksum(name, body) != checksum:
        raise ValueError("not an entry, or not a whole one")
    at = len(_MAGIC)
    (length,) = struct.unpack_from("<Q", body, at)
    at += 8
    plain = json.loads(body[at : at + length])
    at += length
    parts = []
    for size in plain.pop("parts"):
        parts.append(body[at : at + size])
        at += size
    return plain, parts


def _write(name: str, plain: Mapping[str, Any], parts: Sequence[bytes]) -> None:
    path = _path(name)
    if path is None:
        return
    with contextlib.suppress(OSError):  # a full or read-only disk: it is compiled again next time
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        number, beside = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(number, "wb") as file:
                size = file.write(_packed(name, plain, parts))
            os.replace(beside, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
        if _is_due(path.parent.parent / "swept", size):
            _sweep(path.parent.parent)


_asked, _written = -math.inf, 0  # when this process asked last, and what it has written since


def _is_due(mark: Path, size: int) -> bool:
    """Whether nobody has looked at the folder's size for long, as a file in it tells, or this process wrote much."""
    global _asked, _written
    _written += max(size, _LEAST)
    much = _written > _LIMIT // 8
    if not much and time.monotonic() - _asked < _SELDOM:
        return False
    _asked, _written = time.monotonic(), 0
    with contextlib.suppress(OSError):
        if not much and 0 <= time.time() - mark.stat().st_mtime < _SELDOM:
            return False
    mark.touch()
    return True


def _sweep(folder: Path) -> None:
    """Drops what was not used for the longest until the folder is well below its bound."""
    entries = []
    for inner in os.scandir(folder):
        if inner.is_dir():
            for entry in os.scandir(inner.path):
                with contextlib.suppress(OSError):
                    found = entry.stat()
                    entries.append((found.st_mtime, max(found.st_size, _LEAST), entry.path))
    total = sum(size for _, size, _ in entries)
    if total <= _LIMIT:
        return
    for _, size, path in sorted(entries):
        with contextlib.suppress(OSError):
            os.unlink(path)
        total -= size
        if total <= _LIMIT * 3 // 4:
            return
