"""Decides which TensorFlow a file was written for, by its source and that of the local files it imports.

Four questions, in this order:

1. Does the file itself use a name that only TensorFlow 1 has? Then it is TensorFlow 1.
2. Does it use a name that only TensorFlow 2 has? Then it is TensorFlow 2, whatever it imports.
3. Does a local file that it imports, directly or through others, use a name of TensorFlow 1's? Then it is TensorFlow 1.
4. Nothing told: `certain` is False, and the caller decides. The parts of a program go the way of the program.
"""

import functools
import json
import os
import re
import site
import sys
import sysconfig
import tokenize
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from weft.compat.reading import ImportOf, Reading, read_source

Dialect = Literal["v1", "v2"]

# Lines that only a notebook understands.
_MAGIC = re.compile(r"^\s*[%!?]|^\s*[\w.]+\?{1,2}\s*$")


class Verdict(NamedTuple):
    """Which TensorFlow a file means, why, and whether anything in it told.

    Args:
        dialect: ``"v1"`` or ``"v2"``.
        reason: For people, such as ``line 14 uses tf.Session``; empty where nothing told.
        certain: False where neither the file nor what it imports uses a telling name.
    """

    dialect: Dialect
    reason: str = ""
    certain: bool = True


NEUTRAL = Verdict("v2", certain=False)


def judge_file(path: str) -> Verdict:
    """Judge a file.

    Args:
        path: A Python file or a notebook.

    Returns:
        The verdict.

    Raises:
        OSError: The file cannot be read.
        SyntaxError: It is no Python 3. Where a file that it imports is none, that file is passed over.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "old.py")
        >>> with open(path, "w") as file:
        ...     _ = file.write("import tensorflow as tf\\nsession = tf.Session()\\n")
        >>> judge_file(path)
        Verdict(dialect='v1', reason='line 2 uses tf.Session', certain=True)
    """
    path = os.path.abspath(path)
    if path.endswith(".ipynb"):
        return judge_cells(read_notebook(path), os.path.dirname(path))
    return _judge(_read_file(path), path, search_folders(path))


def judge_source(source: str, folder: str | None = None, name: str = "<source>") -> Verdict:
    """Judge a source text.

    Args:
        source: The program.
        folder: Where its imports are looked for; nowhere if None.
        name: What syntax errors call it.

    Returns:
        The verdict.

    Example:
        >>> judge_source("import tensorflow as tf\\nx = tf.placeholder(tf.float32)").reason
        'line 2 uses tf.placeholder'
        >>> judge_source("import tensorflow.compat.v1 as tf\\nx = tf.placeholder(tf.float32)").certain
        False
    """
    reading = read_source(source, name)
    return _judge(reading, os.path.join(folder, "?") if folder else None, (folder,) if folder else ())


def judge_cells(cells: Sequence[str], folder: str | None = None) -> Verdict:
    """Judge a notebook by its cells together.

    Magic lines are left out, and so is a cell that is no Python.

    Args:
        cells: The cells' sources, in order.
        folder: Where their imports are looked for; nowhere if None.

    Returns:
        The verdict; its reason counts cells from 1.
    """
    lines: list[str] = []
    origin: list[tuple[int, int]] = []
    for number, cell in enumerate(cells, start=1):
        text = [("pass" if _MAGIC.match(line) else line) for line in cell.splitlines()]
        try:
            read_source("\n".join(text))
        except SyntaxError:
            continue
        lines += text
        origin += [(number, line) for line in range(1, len(text) + 1)]
    verdict = judge_source("\n".join(lines), folder, "<cells>")
    found = re.match(r"line (\d+) (.*)", verdict.reason, re.DOTALL)
    if found is None:
        return verdict
    cell_number, line = origin[int(found[1]) - 1]
    return verdict._replace(reason=f"line {line} of cell {cell_number} {found[2]}")


def read_notebook(path: str) -> list[str]:
    """Give the sources of a notebook's code cells; none where the file is not a notebook."""
    try:
        with open(path, encoding="utf-8") as file:
            cells = json.load(file)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        return []


def is_library(path: str) -> bool:
    """Tell whether a file is installed, rather than part of the user's own program."""
    if path.startswith(_library_folders()) or f"{os.sep}site-packages{os.sep}" in path:
        return True
    return any(
        path.startswith(folder + os.sep) and _holds_installed(folder) for folder in map(os.path.abspath, sys.path)
    )


@functools.cache
def _holds_installed(folder: str) -> bool:
    """Tell whether packages were installed into a folder, as ``pip install --target`` does."""
    try:
        return any(name.endswith(".dist-info") for name in os.listdir(folder))
    except OSError:
        return False


@functools.cache
def _library_folders() -> tuple[str, ...]:
    kinds = ("stdlib", "platstdlib", "purelib", "platlib", "scripts")
    folders = {sysconfig.get_path(kind) for kind in kinds} | set(site.getsitepackages()) | {_weft_folder()}
    user = site.getusersitepackages() if site.ENABLE_USER_SITE else None
    return tuple(os.path.abspath(folder) + os.sep for folder in {*folders, user} if folder)


def _weft_folder() -> str:
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def search_folders(path: str) -> tuple[str, ...]:
    """Give the folders in which a file's own project keeps its modules.

    That is the folder above the file's outermost package, and what lies below that folder on ``sys.path``.
    """
    home = os.path.dirname(os.path.abspath(path))
    while os.path.isfile(os.path.join(home, "__init__.py")) and os.path.dirname(home) != home:
        home = os.path.dirname(home)
    inside = [os.path.abspath(entry) for entry in sys.path if isinstance(entry, str)]
    inside = [entry for entry in inside if entry.startswith(home + os.sep) and not is_library(entry + os.sep)]
    return tuple(dict.fromkeys((home, *inside)))


def _judge(reading: Reading, path: str | None, folders: Sequence[str]) -> Verdict:
    if reading.tf1 is not None:
        return Verdict("v1", f"line {reading.tf1.line} {reading.tf1.text}")
    if reading.tf2 is not None:
        return Verdict("v2", f"line {reading.tf2.line} {reading.tf2.text}")
    # What an installed package imports of its own is judged when it is imported; walking it would take seconds.
    if path is None or is_library(path):
        return NEUTRAL
    seen = {path}
    waiting = list(_imported_files(reading.imports, path, folders))
    while waiting:
        other = waiting.pop(0)
        if other in seen:
            continue
        seen.add(other)
        try:
            found = _read_file(other)
        except (SyntaxError, OSError, ValueError, RecursionError):
            continue  # whoever imports it will hear of it, with its line
        if found.tf1 is not None:
            name = os.path.relpath(other, os.path.dirname(path))
            return Verdict("v1", f"it imports {name}, whose line {found.tf1.line} {found.tf1.text}")
        if found.tf2 is None:
            waiting.extend(_imported_files(found.imports, other, folders))
    return NEUTRAL


_readings: dict[str, tuple[tuple[int, int], Reading]] = {}


def _read_file(path: str) -> Reading:
    """Read a file, once per version of it."""
    status = os.stat(path)
    version = (status.st_mtime_ns, status.st_size)
    known = _readings.get(path)
    if known is not None and known[0] == version:
        return known[1]
    with tokenize.open(path) as file:
        reading = read_source(file.read(), path)
    _readings[path] = (version, reading)
    return reading


def _imported_files(imports: Sequence[ImportOf], path: str, folders: Sequence[str]) -> Iterator[str]:
    """Yield the local files that imports load, packages' ``__init__.py`` included."""
    for item in imports:
        roots: Sequence[str] = folders
        if item.level:
            home = os.path.dirname(path)
            for _ in range(item.level - 1):
                home = os.path.dirname(home)
            roots = (home,)
        for root in roots:
            found = list(_files_below(root, item))
            if found:
                yield from (file for file in found if not is_library(file))
                break


def _files_below(root: str, item: ImportOf) -> Iterator[str]:
    """Yield the files below one folder that an import would load."""
    place = root
    parts = item.module.split(".") if item.module else []
    for index, part in enumerate(parts):
        place = os.path.join(place, part)
        if os.path.isfile(os.path.join(place, "__init__.py")):
            yield os.path.join(place, "__init__.py")
        elif os.path.isfile(place + ".py"):
            if index == len(parts) - 1:
                yield place + ".py"
            return
        elif not os.path.isdir(place):
            return
    for name in item.names:
        for file in (os.path.join(place, name, "__init__.py"), os.path.join(place, name + ".py")):
            if os.path.isfile(file):
                yield file
                break
