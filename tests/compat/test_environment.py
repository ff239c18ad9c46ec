"""The distribution that lets a whole environment's `import tensorflow` mean Weft: its wheel, and what it does."""

import importlib.util
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from weft.compat.modules import VERSIONS

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "packaging" / "weft-as-tensorflow"

pytestmark = pytest.mark.subprocess


@pytest.fixture(scope="module")
def backend():
    spec = importlib.util.spec_from_file_location("build_backend", SOURCE / "build_backend.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def wheel(backend, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    return folder / backend.build_wheel(str(folder))


class Environment:
    """A fresh virtual environment that sees Weft and numpy, with a wheel unpacked into it."""

    def __init__(self, folder: Path, wheel: Path, stubs: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=os.name != "nt")
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        found = self.call("-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        self.packages = Path(found.stdout.strip())
        ours = Path(importlib.util.find_spec("numpy").origin).parents[1]
        (self.packages / "outside.pth").write_text(f"{ROOT}\n{ours}\n{stubs}\n")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.packages)

    def call(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("WEFT_", "PYTHON"))}
        return subprocess.run(
            [str(self.python), *command],
            env={**plain, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def run(self, code: str) -> str:
        done = self.call("-c", code)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()


@pytest.fixture(scope="module")
def environment(wheel: Path, stub_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    made = Environment(tmp_path_factory.mktemp("environment"), wheel, stub_folder)
    # a line of a .pth file, because Debian's Python has a sitecustomize of its own
    stub = "import weft.compat.modules; weft.compat.modules.TARGETS.update(v1='stub1', v2='stub2', keras='stubkeras')\n"
    (made.packages / "stub.pth").write_text(stub)
    return made


def test_the_wheel_is_in_order(wheel: Path, backend):
    project, provided = backend.read_project()
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        record = archive.read("weft_as_tensorflow-0.1.0.dist-info/RECORD").decode()
    assert {line.split(",")[0] for line in record.splitlines()} == names
    assert provided == {"tensorflow": VERSIONS["v2"], "keras": VERSIONS["keras"]}
    # pip must not be able to overwrite the real ones with this, or this with them
    assert not any(name.startswith(("tensorflow/", "keras/")) for name in names)
    assert wheel.read_bytes() == (wheel.parent / backend.build_wheel(str(wheel.parent))).read_bytes()
    assert project["version"] == "0.1.0"


def test_the_source_archive_builds_the_same_wheel(backend, wheel: Path, tmp_path: Path):
    import tarfile

    with tarfile.open(tmp_path / backend.build_sdist(str(tmp_path))) as archive:
        archive.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    folder = tmp_path / "weft_as_tensorflow-0.1.0"
    code = "import build_backend; build_backend.build_wheel('.')"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, env={**os.environ, "PYTHONPATH": "."})
    assert (folder / wheel.name).read_bytes() == wheel.read_bytes()


IMPORTS = [
    ("import tensorflow as tf; print(tf.constant(1))", "('constant', 2, 1)"),
    ("from tensorflow.keras.layers import Dense; print(Dense.__module__)", "stubkeras.layers.core"),
    ("import keras; from keras.utils import np_utils; print(np_utils.to_categorical(1))", "('one-hot', 1)"),
    ("import importlib; print(importlib.import_module('keras.layers').Dense.__name__)", "Dense"),
    ("import importlib.util as u; print(u.find_spec('tensorflow') is not None, u.find_spec('keras.foo'))", "True None"),
    ("from importlib.metadata import version as v; print(v('tensorflow'), v('keras'))", "2.21.0 3.15.0"),
    ("import tensorflow; from importlib.metadata import version as v; print(v('tensorflow'))", "2.21.0"),
]


@pytest.mark.parametrize(("code", "expected"), IMPORTS)
def test_imports_and_metadata(environment: Environment, code: str, expected: str):
    assert environment.run(code) == expected


def test_each_file_gets_its_dialect_from_the_first_import_on(environment: Environment, tmp_path: Path):
    (tmp_path / "old.py").write_text(
        "from tensorflow.train import AdamOptimizer\nimport tensorflow as tf\ntf.Session()"
    )
    (tmp_path / "new.py").write_text("import tensorflow as tf\ntf.optimizers = tf.constant(1)")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import old, new; print(old.tf.VERSION, new.tf.__version__)"
    )
    done = environment.call("-c", code)
    assert done.stdout == "1.15.5 2.21.0\n"
    assert done.stderr.startswith("weft: old.py is TensorFlow 1 (line 1 imports tensorflow.train.AdamOptimizer)")


def test_a_tensorflow_1_script_without_weft_run(environment: Environment, tmp_path: Path):
    (tmp_path / "main.py").write_text("import helper\nimport tensorflow as tf\ntf.Session()")
    (tmp_path / "helper.py").write_text("import tensorflow as tf\nprint(tf.constant(1))")
    done = environment.call(str(tmp_path / "main.py"))
    assert done.stdout == "('constant', 1, 1)\n"


def test_weft_run_in_such_an_environment(environment: Environment, tmp_path: Path):
    (tmp_path / "main.py").write_text("import tensorflow as tf\nprint(tf.constant(1))")
    done = environment.call("-m", "weft", "run", "--dialect", "v1", str(tmp_path / "main.py"))
    assert (done.stdout, done.stderr) == ("('constant', 1, 1)\n", "")


def test_starting_python_loads_next_to_nothing(environment: Environment, tmp_path: Path):
    (environment.packages / "stub.pth").rename(tmp_path / "aside")
    try:
        code = (
            "import sys; print(sorted(name for name in sys.modules if 'weft' in name or name == 'importlib.metadata'))"
        )
        assert environment.run(code) == "['_weft_as_tensorflow']"
    finally:
        (tmp_path / "aside").rename(environment.packages / "stub.pth")


@pytest.mark.parametrize("statement", ["import tensorflow", "import keras.layers", "from tensorflow import keras"])
def test_it_refuses_beside_a_real_one(environment: Environment, statement: str):
    real = environment.packages / "tensorflow_cpu-2.20.0.dist-info"
    real.mkdir()
    try:
        (real / "METADATA").write_text("Metadata-Version: 2.1\nName: tensorflow-cpu\nVersion: 2.20.0\n")
        done = environment.call("-c", statement)
    finally:
        (real / "METADATA").unlink()
        real.rmdir()
    assert done.returncode == 1
    assert "ImportError: tensorflow-cpu and weft-as-tensorflow are installed side by side" in done.stderr
    assert "pip uninstall tensorflow-cpu" in done.stderr


SHIMS = [
    ("import tensorflow as tf; print(tf.constant(1), tf.__version__)", "('constant', 2, 1) 2.21.0"),
    ("import tensorflow.keras.layers; print(tensorflow.keras.layers.Dense.__name__)", "Dense"),
    ("from keras.utils.np_utils import to_categorical as t; print(t(1))", "('one-hot', 1)"),
    ("import keras, tensorflow; print(tensorflow.keras is keras)", "True"),
    ("import importlib; print(importlib.import_module('tensorflow').constant(1))", "('constant', 2, 1)"),
]


@pytest.mark.parametrize(("code", "expected"), SHIMS)
def test_without_the_pth_file(environment: Environment, tmp_path: Path, code: str, expected: str):
    """Folders on PYTHONPATH are searched for modules, but their `.pth` files are not read."""
    pth = environment.packages / "weft_as_tensorflow.pth"
    pth.rename(tmp_path / "aside")
    try:
        assert environment.run(code) == expected
        (tmp_path / "old.py").write_text("from tensorflow import Session\nimport tensorflow as tf\n")
        done = environment.call("-c", "import old; print(old.tf.VERSION)", PYTHONPATH=str(tmp_path))
        assert done.stdout == "1.15.5\n"
    finally:
        (tmp_path / "aside").rename(pth)
