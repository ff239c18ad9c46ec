"""Builds the wheel: four modules and the metadata of two more distributions, which no ordinary build tool puts there.

A wheel may carry one `.dist-info` only, its own. What tells pip and `importlib.metadata` that there is a `tensorflow`
and a `keras` is an `.egg-info` folder each, the older form, which both still read and pip can uninstall.
"""

import base64
import hashlib
import io
import tarfile
import tomllib
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
MODULES = ("_weft_as_tensorflow.py", "tensorflow.py", "keras.py", "weft_as_tensorflow.pth")
SOURCES = ("pyproject.toml", "README.md", "build_backend.py", *MODULES)
STAMP = (2020, 1, 1, 0, 0, 0)  # the same bytes from every build


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Write the wheel; part of the interface that pip calls."""
    project, provided = read_project()
    stem = f"{project['name'].replace('-', '_')}-{project['version']}"
    files = {name: (HERE / name).read_text(encoding="utf-8") for name in MODULES}
    for name, version in provided.items():
        files[f"{name}-{version}.egg-info/PKG-INFO"] = (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            f"Summary: Provided by Weft.\nKeywords: {project['name']}\n"
        )
    files[f"{stem}.dist-info/METADATA"] = own_metadata(project)
    files[f"{stem}.dist-info/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: weft-as-tensorflow\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = f"{stem}.dist-info/RECORD"
    files[record] = "".join(map(record_line, files.items())) + f"{record},,\n"
    target = f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory, target), "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, STAMP)
            entry.external_attr = 0o644 << 16
            wheel.writestr(entry, text)
    return target


def build_sdist(sdist_directory, config_settings=None):
    """Write the source archive; part of the interface that pip calls."""
    project, _ = read_project()
    stem = f"{project['name'].replace('-', '_')}-{project['version']}"
    target = f"{stem}.tar.gz"
    with tarfile.open(Path(sdist_directory, target), "w:gz", format=tarfile.PAX_FORMAT) as archive:
        texts = {name: (HERE / name).read_bytes() for name in SOURCES}
        texts["PKG-INFO"] = own_metadata(project).encode()
        for name, text in texts.items():
            entry = tarfile.TarInfo(f"{stem}/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return target


def read_project():
    """Give the project's table, and the versions of what it provides."""
    with open(HERE / "pyproject.toml", "rb") as file:
        tables = tomllib.load(file)
    return tables["project"], tables["tool"]["weft-as-tensorflow"]["provides"]


def own_metadata(project):
    """Word the distribution's own metadata."""
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"License: {project['license']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {requirement}" for requirement in project["dependencies"]),
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join(lines) + "\n\n" + (HERE / "README.md").read_text(encoding="utf-8")


def record_line(item):
    """Word a file's line in RECORD."""
    name, text = item
    data = text.encode()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"
