"""Small stand-ins for Weft's public modules, so that the names are tested apart from what they stand for."""

import importlib
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import weft.compat
from weft.compat import hook, modules

STUBS = {
    "stub2/__init__.py": """
        import importlib
        __all__ = ["constant", "nn", "train"]
        __version__ = "0.1"
        def constant(value): return ("constant", 2, value)
        class Tensor: pass
        def __getattr__(name):
            if name in ("nn", "train", "keras"):
                return importlib.import_module({"keras": "stubkeras"}.get(name, "stub2." + name))
            raise AttributeError(f"stub2 has no {name}")
        def __dir__(): return [*globals(), "nn", "train", "keras"]
    """,
    "stub2/nn.py": "def relu(x): return ('relu', 2)",
    "stub2/train.py": "class Checkpoint: pass",
    "stub1/__init__.py": """
        import types
        from stub1 import nn, train
        def constant(value): return ("constant", 1, value)
        class Session: pass
        def placeholder(dtype): return "placeholder"
        def reset_default_graph(): return "reset"
        graph_mode = []
        def disable_v2_behavior(): graph_mode.append(True)
        def enable_v2_behavior(): graph_mode.append(False)
        contrib = types.ModuleType("contrib")
        contrib.slim = types.ModuleType("contrib.slim")
        contrib.slim.conv2d = lambda: "slim"
        gfile = types.ModuleType("gfile")
        gfile.Exists = lambda path: True
    """,
    "stub1/nn.py": "def relu(x): return ('relu', 1)",
    "stub1/train.py": "class AdamOptimizer: pass",
    "stubkeras/__init__.py": """
        from stubkeras import layers, models, utils, backend
        from stubkeras.models import Sequential
        __version__ = "3.15.0"
        def Input(shape): return shape
    """,
    # `core` is here to be hidden by the old path of that name, and to stay what it is for its own package
    "stubkeras/layers/__init__.py": "from stubkeras.layers.core import Dense\nclass Flatten: pass",
    "stubkeras/layers/core.py": "class Dense: pass",
    "stubkeras/models.py": "class Sequential: pass",
    "stubkeras/utils.py": "def to_categorical(y): return ('one-hot', y)\ndef plot_model(m): return 'plot'",
    "stubkeras/backend.py": "def floatx(): return 'float32'",
}
TARGETS = {"v2": "stub2", "v1": "stub1", "keras": "stubkeras"}


def write_files(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")


@pytest.fixture(scope="session")
def stub_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stubs")
    write_files(folder, STUBS)
    return folder


@pytest.fixture
def stubs(stub_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Root the names in the stub packages, and take every trace away afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(stub_folder))
    importlib.invalidate_caches()
    monkeypatch.setattr(modules, "TARGETS", TARGETS)
    for name in ("v1", "v2"):
        monkeypatch.setitem(vars(weft.compat), name, importlib.import_module(TARGETS[name]))
    monkeypatch.setattr(modules, "_roots", {})
    monkeypatch.setattr(modules, "_stand_ins", {})
    yield stub_folder
    hook.uninstall_as_tensorflow()
    for name in set(sys.modules) - before:
        del sys.modules[name]


class Project:
    """A folder of the user's, whose files can be imported into this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, **files: str) -> None:
        write_files(self.folder, {f"{name}.py": text for name, text in files.items()})

    def load(self, name: str, source: str | None = None) -> ModuleType:
        if source is not None:
            self.write(**{name: source})
            importlib.invalidate_caches()
        return importlib.import_module(name)


@pytest.fixture
def project(tmp_path: Path, stubs: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.syspath_prepend(str(tmp_path))
    return Project(tmp_path)
