"""`.keras` files: a zip archive of a model's configuration, its state, and what layers keep beside it.

metadata.json      the release of Keras whose layout this is, and the time
config.json        what makes the model again
model.weights.h5   the variables of the model and its optimizer
assets/            files of layers, such as vocabularies
"""

from __future__ import annotations

import datetime
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from weft.extend import explain, replacing_file, temporary_file
from weft.keras.core.variable import allocation_limit
from weft.keras.saving import hdf5
from weft.keras.saving.scopes import shared_objects
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object
from weft.keras.saving.state import Loader, Writer, report

METADATA, CONFIG, WEIGHTS, ASSETS = "metadata.json", "config.json", "model.weights.h5", "assets"
#: what the members of an archive may hold in all beyond twice its own size
_SLACK = 64 << 20
_MEMBERS = 100_000
MAGIC = b"PK\x03\x04"


def _documents(model: Any) -> tuple[str, str]:
    from weft.keras import __version__

    with shared_objects():
        config = json.dumps(serialize_keras_object(model))
    now = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    return json.dumps({"keras_version": __version__, "date_saved": now}), config


def write_archive(model: Any, file: Any) -> None:
    """Writes a model into an open binary file.

    Args:
        model: The model.
        file: Where; it must be seekable.
    """
    metadata, config = _documents(model)
    # Weights go through a file without a name, so that a large model is not held in memory twice.
    with temporary_file() as weights, tempfile.TemporaryDirectory() as assets:
        with hdf5.h5py().File(weights, mode="w") as store:
            Writer(store, assets).write(model)
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(METADATA, metadata)
            archive.writestr(CONFIG, config)
            weights.seek(0)
            with archive.open(WEIGHTS, "w", force_zip64=True) as target:
                shutil.copyfileobj(weights, target, 1 << 20)
            for path in sorted(Path(assets).rglob("*")):
                if path.is_file():
                    archive.write(path, f"{ASSETS}/{path.relative_to(assets).as_posix()}")


def write_folder(model: Any, folder: str) -> None:
    """Writes a model as the files of an archive side by side, each of them whole or not at all."""
    metadata, config = _documents(model)
    os.makedirs(folder, exist_ok=True)
    with temporary_file() as weights, tempfile.TemporaryDirectory() as assets:
        with hdf5.h5py().File(weights, mode="w") as store:
            Writer(store, assets).write(model)
        weights.seek(0)
        with replacing_file(os.path.join(folder, WEIGHTS)) as target:
            shutil.copyfileobj(weights, target, 1 << 20)
        for path in sorted(Path(assets).rglob("*")):
            if path.is_file():
                with replacing_file(os.path.join(folder, ASSETS, path.relative_to(assets))) as target:
                    target.write(path.read_bytes())
    for name, text in ((METADATA, metadata), (CONFIG, config)):
        with replacing_file(os.path.join(folder, name)) as target:
            target.write(text.encode("utf-8"))


class Archive:
    """An open archive, whose members are read only where they are what they claim to be.

    Args:
        file: A path, or an open binary file.
        name: What errors call it.
    """

    def __init__(self, file: Any, name: str) -> None:
        self.name = name
        self.size = hdf5._size_of(file)
        self._left = 2 * self.size + _SLACK
        try:
            self._zip = zipfile.ZipFile(file, "r")
            members = self._zip.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
            raise ValueError(explain(
                f"`{name}` is no whole .keras file: {str(error)[:200]}.", received=f"{self.size} bytes",
                hint="it may be damaged or cut short; copy or save it again",
            )) from error  # fmt: skip
        if len(members) > _MEMBERS:
            raise self._refuse(f"it has {len(members)} members")
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            if member.filename.casefold() in self._members:
                raise self._refuse(f"it holds `{member.filename}` twice")
            self._members[member.filename.casefold()] = member

    def _refuse(self, problem: str) -> ValueError:
        return ValueError(explain(f"`{self.name}` is refused: {problem}.", hint="load only files that you trust"))

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def close(self) -> None:
        """Closes it."""
        self._zip.close()

    def copy(self, name: str, target: Any) -> None:
        """Writes a member's content into an open file."""
        member = self._members[name.casefold()]
        if member.file_size > self._left:
            raise self._refuse(f"`{name}` claims {member.file_size} bytes, and the whole file has {self.size}")
        self._left -= member.file_size
        try:
            with self._zip.open(member) as source:
                shutil.copyfileobj(source, target, 1 << 20)
        except (zipfile.BadZipFile, OSError, RuntimeError, EOFError, NotImplementedError, ValueError) as error:
            raise ValueError(explain(f"`{self.name}`: `{name}` is damaged: {str(error)[:200]}.")) from error
        except Exception as error:  # decompressors have error classes of their own
            raise ValueError(explain(f"`{self.name}`: `{name}` cannot be unpacked: {str(error)[:200]}.")) from error

    def json(self, name: str) -> Any:
        """The content of a member that holds JSON."""
        if name not in self:
            raise ValueError(explain(
                f"`{self.name}` is no .keras file: it holds no `{name}`.",
                received=", ".join(sorted(self._members)[:10]) or "an empty archive",
            ))  # fmt: skip
        with tempfile.SpooledTemporaryFile(max_size=1 << 24) as text:
            self.copy(name, text)
            text.seek(0)
            return hdf5.parse_json(text.read(), f"{self.name}: {name}")

    def extract_assets(self, folder: str) -> None:
        """Writes the layers' files into a folder; names that lead out of it are refused."""
        for member in self._members.values():
            parts = member.filename.split("/")
            if parts[0] != ASSETS or member.is_dir():
                continue
            unsafe = any(part in ("", ".", "..") or ":" in part or "\\" in part or "\0" in part for part in parts)
            if unsafe or len(member.filename) > 1000:
                raise self._refuse(f"a member is named {member.filename[:200]!r}")
            kind = member.external_attr >> 28
            if kind not in (0, 8):  # nothing said, or a regular file
                raise self._refuse(f"`{member.filename}` is no regular file")
            path = os.path.join(folder, *parts[1:])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as target:
                self.copy(member.filename, target)

    @contextmanager
    def weights(self) -> Iterator[hdf5.Reader]:
        """The file of weights inside."""
        if WEIGHTS not in self:
            raise ValueError(explain(
                f"`{self.name}` holds no weights.", expected=WEIGHTS,
                received=", ".join(sorted(self._members)[:10]),
            ))  # fmt: skip
        with temporary_file() as file:
            self.copy(WEIGHTS, file)
            file.seek(0)
            reader = hdf5.Reader(file, f"{self.name}: {WEIGHTS}")
            try:
                yield reader
            finally:
                reader.close()


def _make(config: Any, custom_objects: Any, compile: bool, safe_mode: Any, size: int, name: str) -> Any:
    """The model of a configuration; its weights may not take much more than the file has."""
    if not isinstance(config, dict):
        raise ValueError(explain(f"`{name}`: {CONFIG} describes no model.", received=type(config).__name__))
    if not compile:
        config = {**config, "compile_config": None}
    with shared_objects(), allocation_limit(2 * size + _SLACK, name):
        model = deserialize_keras_object(config, custom_objects=custom_objects, safe_mode=safe_mode)
    from weft.keras.layers.layer import Layer
    from weft.keras.optimizers.optimizer import Optimizer

    if not isinstance(model, (Layer, Optimizer)):
        raise ValueError(explain(
            f"`{name}` describes no model but an object of class {type(model).__name__}."
        ))  # fmt: skip
    return model


def read_archive(file: Any, name: str, custom_objects: Any, compile: bool, safe_mode: Any) -> Any:
    """The model in an archive.

    Args:
        file: A path, or an open binary file.
        name: What errors call it.
        custom_objects: Name → class or function.
        compile: Whether the model is compiled as it was.
        safe_mode: Whether Python code in it is refused.

    Returns:
        The model.

    Raises:
        ValueError: For a file that is damaged, refused, or does not fit together.
    """
    archive = Archive(file, name)
    try:
        model = _make(archive.json(CONFIG), custom_objects, compile, safe_mode, archive.size, name)
        with tempfile.TemporaryDirectory() as assets, archive.weights() as reader:
            archive.extract_assets(assets)
            loader = Loader(reader, assets)
            loader.load(model)
    finally:
        archive.close()
    report(loader.problems, name, warn_only=False)
    return model


def read_folder(folder: str, custom_objects: Any, compile: bool, safe_mode: Any) -> Any:
    """The model in a folder, as `write_folder` left it."""
    path = os.path.join(folder, WEIGHTS)
    with open(os.path.join(folder, CONFIG), "rb") as file:
        config = hdf5.parse_json(file.read(), f"{folder}/{CONFIG}")
    model = _make(config, custom_objects, compile, safe_mode, os.path.getsize(path), folder)
    reader = hdf5.Reader(path, path)
    try:
        loader = Loader(reader, os.path.join(folder, ASSETS))
        loader.load(model)
    finally:
        reader.close()
    report(loader.problems, folder, warn_only=False)
    return model
