"""`import tensorflow` and `import keras` in this very process, with small stubs for what they mean."""

import builtins
import copy
import importlib
import importlib.metadata
import importlib.util
import pickle
import sys
import threading
import types
from pathlib import Path

import pytest

from weft.compat import hook
from weft.compat.hook import install_as_tensorflow, uninstall_as_tensorflow

OVERRIDE = 'weft.install_as_tensorflow("v2")'
OLD = "import tensorflow as tf\nsession = tf.Session()\n"
NEW = "import tensorflow as tf\nx = tf.constant(3)\n"


def test_each_file_gets_its_own_dialect(project, capsys):
    install_as_tensorflow()
    old, new = project.load("old", OLD), project.load("new", NEW)
    assert new.x == ("constant", 2, 3)
    assert old.tf.constant(3) == ("constant", 1, 3)
    assert (old.tf.__version__, old.tf.VERSION, new.tf.__version__) == ("1.15.5", "1.15.5", "2.21.0")
    assert (old.tf.__name__, new.tf.__name__) == ("tensorflow", "tensorflow")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"weft: old.py is TensorFlow 1 (line 2 uses tf.Session); {OVERRIDE} overrides\n"


def test_the_line_is_said_once_per_file(project, capsys):
    install_as_tensorflow()
    source = OLD + "def late():\n    import tensorflow\n    from tensorflow import nn\n    return tensorflow, nn\n"
    old = project.load("old", source)
    root, nn = old.late()
    assert root is old.tf
    assert nn.relu(0) == ("relu", 1)
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("dialect", "number"), [("v1", 1), ("v2", 2)])
def test_a_forced_dialect(project, capsys, dialect, number):
    install_as_tensorflow(dialect)
    assert project.load("new", NEW).x == ("constant", number, 3)
    assert importlib.import_module("tensorflow").constant(3)[1] == number
    assert capsys.readouterr().err == ""


V1_STATEMENTS = [
    ("import tensorflow.compat.v1 as tf", "tf.Session"),
    ("from tensorflow.compat import v1 as tf", "tf.Session"),
    ("from tensorflow.compat.v1 import Session", "Session"),
    ("import tensorflow.compat.v1", "tensorflow.compat.v1.Session"),
    ("import tensorflow as tf", "tf.compat.v1.Session"),
]


@pytest.mark.parametrize(("statement", "expression"), V1_STATEMENTS)
def test_explicit_compat_v1(project, capsys, statement, expression):
    install_as_tensorflow()
    module = project.load("user", f"{statement}\nvalue = {expression}\n")
    assert module.value is sys.modules["stub1"].Session
    assert capsys.readouterr().err == ""


STATEMENTS = [
    ("import tensorflow.keras.layers", "tensorflow.keras.layers.Dense"),
    ("import tensorflow.keras as K", "K.layers.Dense"),
    ("from tensorflow import keras", "keras.layers.Dense"),
    ("from tensorflow.keras import layers", "layers.Dense"),
    ("from tensorflow.keras.layers import Dense", "Dense"),
    ("import tensorflow.keras.layers as L", "L.Dense"),
    ("import tensorflow as tf", "tf.keras.layers.Dense"),
    ("import keras", "keras.layers.Dense"),
    ("import keras.layers", "keras.layers.Dense"),
    ("from keras import layers", "layers.Dense"),
    ("from keras.layers import *", "Dense"),
    ("import tf_keras as k", "k.layers.Dense"),
    ("from tensorflow.python.keras.layers import Dense", "Dense"),
    ("from tensorflow.python.keras import layers", "layers.Dense"),
    ("from tensorflow.python import keras", "keras.layers.Dense"),
    ("from tensorflow.compat.v2.keras import layers", "layers.Dense"),
    # old paths
    ("from keras.layers.core import Dense", "Dense"),
    ("from keras.layers.core import Dense, Flatten", "Dense"),
    ("from keras.layers.convolutional import Dense", "Dense"),
    ("from tensorflow.keras.layers.experimental.preprocessing import Dense", "Dense"),
    ("from tensorflow.keras.layers.experimental import preprocessing", "preprocessing.Dense"),
    ("import keras.layers.normalization as n", "n.Dense"),
    ("from keras.engine.topology import Dense", "Dense"),
    ("import importlib\nL = importlib.import_module('keras.layers.core')", "L.Dense"),
]


@pytest.mark.parametrize(("statement", "expression"), STATEMENTS)
def test_every_spelling_gives_the_same_class(project, statement, expression):
    install_as_tensorflow()
    module = project.load("user", f"{statement}\nvalue = {expression}\n")
    assert module.value is sys.modules["stubkeras"].layers.Dense


OLD_PATHS = [
    ("from keras.utils import np_utils", "np_utils.to_categorical(1)", ("one-hot", 1)),
    ("import keras", "keras.utils.np_utils.to_categorical(1)", ("one-hot", 1)),
    ("import keras.utils.np_utils as u", "u.to_categorical(1)", ("one-hot", 1)),
    ("from tensorflow.keras.utils import np_utils", "np_utils.to_categorical(1)", ("one-hot", 1)),
    ("from keras.utils.visualize_util import plot", "plot(0)", "plot"),
    ("from keras.backend.tensorflow_backend import floatx", "floatx()", "float32"),
    ("from keras.src.utils import to_categorical", "to_categorical(1)", ("one-hot", 1)),
    ("import keras.src.utils.numerical_utils as u", "u.to_categorical(1)", ("one-hot", 1)),
    ("from keras._tf_keras.keras.utils import to_categorical", "to_categorical(1)", ("one-hot", 1)),
    ("from keras._tf_keras import keras", "keras.utils.to_categorical(1)", ("one-hot", 1)),
    ("from tensorflow.python.framework import ops", "ops.reset_default_graph()", "reset"),
    ("from tensorflow.python.framework.ops import reset_default_graph as r", "r()", "reset"),
    ("import tensorflow.python.framework.ops as ops", "ops.reset_default_graph()", "reset"),
    ("from tensorflow.python.platform import gfile", "gfile.Exists('x')", True),
    ("from tensorflow.python.lib.io import file_io", "file_io.file_exists('x')", True),
    ("from keras.api._v2 import keras", "keras.utils.to_categorical(1)", ("one-hot", 1)),
    ("from tensorflow.python.util import deprecation", "setattr(deprecation, '_PRINT_DEPRECATION_WARNINGS', 0)", None),
    ("from tensorflow.python.ops import array_ops", "array_ops.constant(1)", ("constant", 2, 1)),
]


@pytest.mark.parametrize(("statement", "expression", "expected"), OLD_PATHS)
def test_old_paths(project, statement, expression, expected):
    install_as_tensorflow()
    assert project.load("user", f"{statement}\nvalue = {expression}\n").value == expected


@pytest.mark.parametrize("path", ["keras.engine.graph_of_old", "keras.src.layers.no_such", "keras.utils.conv_utils.no"])
def test_what_an_old_path_has_not_got_is_missed(project, path):
    install_as_tensorflow()
    module, _, name = path.rpartition(".")
    with pytest.raises(ImportError, match="Weft"):
        project.load("user", f"import {path}\n")
    with pytest.raises(ImportError, match=f"cannot import name '{name}' from '{module}'"):
        project.load("user2", f"from {module} import {name}\n")


def test_an_old_path_hides_no_module_of_wefts_own(project):
    install_as_tensorflow()
    project.load("user", "from keras.layers.core import Flatten\nfrom keras.layers import core\n")
    assert sys.modules["stubkeras.layers"].core is sys.modules["stubkeras.layers.core"]
    uninstall_as_tensorflow()
    assert not hasattr(sys.modules["stubkeras.utils"], "np_utils")


def test_module_objects_are_wefts_own(project):
    install_as_tensorflow()
    project.load("user", "import tensorflow.keras.layers, tensorflow.nn, keras.utils")
    assert sys.modules["tensorflow.keras.layers"] is sys.modules["stubkeras.layers"]
    assert sys.modules["tensorflow.nn"] is sys.modules["stub2.nn"]
    assert sys.modules["keras"] is sys.modules["stubkeras"]
    # the import system has not written over what they say of themselves
    assert sys.modules["stubkeras.layers"].__spec__.name == "stubkeras.layers"
    assert sys.modules["stubkeras.layers"].__name__ == "stubkeras.layers"
    assert not hasattr(sys.modules["stub2.nn"], "__path__")
    assert importlib.util.find_spec("keras.layers") is not None


def test_editors_find_the_files_without_running_anything(project):
    install_as_tensorflow()
    for name, ours in {"tensorflow": "stub2", "tensorflow.nn": "stub2.nn", "keras": "stubkeras"}.items():
        spec = importlib.util.find_spec(name)
        file = importlib.util.find_spec(ours).origin
        assert spec.loader.get_filename(name) == file
        assert spec.loader.get_source(name) == Path(file).read_text(encoding="utf-8")
        assert spec.loader.is_package(name) == (spec.submodule_search_locations is not None)
    old_path = importlib.util.find_spec("tensorflow.python").loader
    assert old_path.get_source("tensorflow.python") is None
    with pytest.raises(ImportError, match="is in no file"):
        old_path.get_filename("tensorflow.python")
    with pytest.raises(ModuleNotFoundError, match="__path__"):  # below what is no package, as for any other
        importlib.util.find_spec("keras.models.below")


def test_names_below_tensorflow_follow_the_file(project):
    install_as_tensorflow()
    old = project.load("old", "from tensorflow.train import AdamOptimizer\nfrom tensorflow.nn import relu\n")
    new = project.load("new", "import tensorflow.train\nfrom tensorflow.nn import relu\n")
    assert (old.relu(0), new.relu(0)) == (("relu", 1), ("relu", 2))
    assert old.AdamOptimizer is sys.modules["stub1.train"].AdamOptimizer
    assert new.tensorflow.train is sys.modules["stub2.train"]


@pytest.mark.parametrize(
    "statement",
    [
        "import tensorflow.contrib.slim as slim",
        "from tensorflow.contrib import slim",
        "from tensorflow.contrib.slim import *",
    ],
)
def test_modules_inside_plain_modules(project, statement):
    """`contrib` of the stub is a bare module object, which the import system does not look into by itself."""
    install_as_tensorflow()
    module = project.load("old", f"{statement}\n")
    assert getattr(module, "slim", module).conv2d() == "slim"


def test_star_import(project):
    install_as_tensorflow()
    assert project.load("new", "from tensorflow import *\nx = constant(1)").x == ("constant", 2, 1)
    assert project.load("old", "from tensorflow import *\nx = placeholder(1)\ny = constant(1)").y == ("constant", 1, 1)


def make_main(project, monkeypatch, source):
    """Make a file the program of this process."""
    project.write(main=source)
    main = types.ModuleType("__main__")
    main.__file__ = str(project.folder / "main.py")
    monkeypatch.setitem(sys.modules, "__main__", main)
    return lambda: exec(compile(source, main.__file__, "exec"), main.__dict__)


def test_neutral_files_go_the_programs_way(project, monkeypatch, capsys):
    """`tf.nn.dropout(x, 0.8)` means one thing or the other; a helper of a TensorFlow 1 program is TensorFlow 1."""
    project.write(
        model="import tensorflow as tf\ny = tf.nn.relu(1)",
        util="import tensorflow as tf\nopt = 'tf.optimizers'\ny = tf.nn.relu(1)\nif 0: tf.optimizers.Adam()",
    )
    run = make_main(project, monkeypatch, "import model, util\nimport tensorflow as tf\ns = tf.Session()")
    install_as_tensorflow()
    run()
    main = sys.modules["__main__"]
    assert main.model.y == ("relu", 1)
    assert main.util.y == ("relu", 2)  # it uses what only TensorFlow 2 has
    assert importlib.import_module("tensorflow") is main.tf
    assert capsys.readouterr().err == f"weft: main.py is TensorFlow 1 (line 3 uses tf.Session); {OVERRIDE} overrides\n"


def test_a_neutral_file_goes_the_way_of_who_imports_it(project, capsys):
    """Under pytest there is no program to ask: a model in the tests' hands is what the test is."""
    project.write(
        model="import tensorflow as tf\ny = tf.nn.relu(1)\ndef late():\n    import tensorflow\n    return tensorflow"
    )
    install_as_tensorflow()
    test = project.load("test_old", "import model\nimport tensorflow as tf\ns = tf.Session()")
    assert test.model.y == ("relu", 1)
    assert test.model.late() is test.tf
    assert capsys.readouterr().err.count("\n") == 1
    assert project.load("lone", "import tensorflow as tf\ny = tf.nn.relu(1)").y == ("relu", 2)


def test_neutral_installed_packages_are_tensorflow_2(project, monkeypatch):
    make_main(project, monkeypatch, OLD)
    project.write(**{"site-packages/library": "import tensorflow as tf\ny = tf.nn.relu(1)"})
    monkeypatch.syspath_prepend(str(project.folder / "site-packages"))
    install_as_tensorflow()
    assert project.load("library").y == ("relu", 2)


def test_a_tensorflow_1_program_builds_graphs(project, monkeypatch):
    run = make_main(project, monkeypatch, "import helper\n" + OLD)
    project.write(helper="import tensorflow")
    install_as_tensorflow()
    run()
    assert sys.modules["stub1"].graph_mode == [True]
    uninstall_as_tensorflow()
    assert sys.modules["stub1"].graph_mode == [True, False]


def test_without_a_program_the_first_tensorflow_1_file_decides(project, monkeypatch):
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    install_as_tensorflow()
    project.load("new", NEW)
    assert sys.modules["stub1"].graph_mode == []
    project.load("old", OLD)
    assert sys.modules["stub1"].graph_mode == [True]


def test_a_library_does_not_decide(project, monkeypatch):
    project.write(**{"site-packages/library": OLD})
    monkeypatch.syspath_prepend(str(project.folder / "site-packages"))
    install_as_tensorflow()
    assert project.load("library").tf.__version__ == "1.15.5"
    assert sys.modules["stub1"].graph_mode == []


def test_a_tensorflow_2_program_stays_eager(project, monkeypatch):
    run = make_main(
        project, monkeypatch, "import tensorflow as tf\nimport old\ntf.constant(1)\n0 and tf.optimizers.Adam"
    )
    project.write(old=OLD)
    install_as_tensorflow()
    run()
    assert sys.modules["old"].tf.__version__ == "1.15.5"
    assert sys.modules["stub1"].graph_mode == []


@pytest.mark.parametrize(
    "statement", ["import tensorflow.compat.v1 as tf", "import tensorflow as tf\ntf.compat.v1.Session"]
)
def test_explicit_compat_v1_builds_graphs_only_when_told_to(project, statement):
    install_as_tensorflow()
    project.load("new", statement)
    assert sys.modules["stub1"].graph_mode == []


def test_code_without_a_file(project):
    install_as_tensorflow()
    names: dict = {}
    exec("import tensorflow as tf", names)
    assert names["tf"].__version__ == "2.21.0"
    assert __import__("tensorflow").__version__ == "2.21.0"


# --- notebooks -------------------------------------------------------------------------------------------------------


class Notebook:
    """What IPython gives the code of a cell: globals with the history in them, and no file."""

    def __init__(self) -> None:
        self.names: dict = {"__name__": "__main__", "In": [""], "get_ipython": lambda: None}

    def run(self, cell: str) -> dict:
        self.names["In"].append(cell)
        exec(compile("\n".join(line for line in cell.splitlines() if line[:1] != "%"), "<cell>", "exec"), self.names)
        return self.names


def test_a_notebook_is_tensorflow_2_until_a_cell_says_otherwise(project, capsys):
    install_as_tensorflow()
    notebook = Notebook()
    assert notebook.run("%matplotlib inline\nimport tensorflow as tf")["tf"].__version__ == "2.21.0"
    assert notebook.run("import tensorflow as tf\nx = tf.constant(1)")["x"] == ("constant", 2, 1)
    with pytest.raises(AttributeError):
        notebook.run("s = tf.Session()")
    assert notebook.run("import tensorflow as tf\ns = tf.Session()")["tf"].__version__ == "1.15.5"
    assert capsys.readouterr().err == (
        f"weft: this notebook is TensorFlow 1 (line 1 of cell 3 uses tf.Session); {OVERRIDE} overrides\n"
    )


def test_the_saved_notebook_tells_what_is_to_come(project, monkeypatch, capsys):
    project.write(helper="import tensorflow as tf")
    monkeypatch.chdir(project.folder)
    (project.folder / "old.ipynb").write_text('{"cells": [{"cell_type": "code", "source": ["tf.Session()"]}]}')
    monkeypatch.setenv("JPY_SESSION_NAME", str(project.folder / "old.ipynb"))
    install_as_tensorflow()
    names = Notebook().run("import tensorflow as tf, helper")
    assert names["tf"].__version__ == names["helper"].tf.__version__ == "1.15.5"
    assert capsys.readouterr().err.count("\n") == 1


# --- errors ----------------------------------------------------------------------------------------------------------

MISSING = [
    ("import tensorflow.foo", ModuleNotFoundError, "No module named 'tensorflow.foo' in Weft", "tensorflow.foo"),
    ("from tensorflow.trian import X", ModuleNotFoundError, "Did you mean `train`?", "tensorflow.trian"),
    ("import keras.laiers", ModuleNotFoundError, "Did you mean `layers`?", "keras.laiers"),
    ("import tensorflow.python.tpu.ops", ModuleNotFoundError, "private to TensorFlow", "tensorflow.python.tpu"),
    ("from tensorflow import constnt", ImportError, "Did you mean `constant`?", "tensorflow"),
    ("from keras.layers import Dence", ImportError, "Did you mean `Dense`?", "keras.layers"),
    ("from keras.layers.core import Dence", ImportError, "Did you mean `Dense`?", "keras.layers.core"),
    ("import tensorflow.base", ModuleNotFoundError, "No module named 'tensorflow.base'", "tensorflow.base"),
]


@pytest.mark.parametrize(("statement", "kind", "text", "name"), MISSING)
def test_a_missing_name_is_explained(project, statement, kind, text, name):
    install_as_tensorflow()
    with pytest.raises(kind) as caught:
        project.load("user", statement)
    assert text in str(caught.value)
    assert "_weft" not in str(caught.value)
    assert type(caught.value) is kind
    assert caught.value.name == name


def test_a_tensorflow_1_name_under_the_wrong_dialect_is_explained(project):
    install_as_tensorflow("v2")
    with pytest.raises(ImportError, match="import tensorflow.compat.v1 as tf"):
        project.load("one", "from tensorflow import Session")
    with pytest.raises(ModuleNotFoundError, match="import tensorflow.compat.v1 as tf"):
        project.load("two", "import tensorflow.contrib")
    with pytest.raises(ModuleNotFoundError, match="not built yet: keras.datasets.mnist.load_data"):
        project.load("three", "from tensorflow.examples.tutorials.mnist import input_data")
    with pytest.raises(ModuleNotFoundError, match="no replacement for it yet"):
        project.load("four", "import tensorflow.manip")


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("from tensorflow.keras.applications import VGG16", "not built yet: build the network of keras.layers"),
    ],
)
def test_what_is_not_built_yet_says_what_to_use(project, statement, text):
    install_as_tensorflow()
    with pytest.raises(ImportError, match=text):
        project.load("user", statement)


def test_a_fallback_for_a_missing_module_works(project):
    install_as_tensorflow()
    source = "try:\n    from tensorflow.foo import x\nexcept ImportError:\n    x = 3\n"
    assert project.load("user", source).x == 3
    assert importlib.util.find_spec("tensorflow.foo") is None


def test_errors_inside_a_target_are_passed_on(project, monkeypatch):
    project.write(broken="import nowhere_to_be_found")
    monkeypatch.setitem(hook.resolve.__globals__["TARGETS"], "keras", "broken")
    install_as_tensorflow()
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        project.load("user", "import keras")


@pytest.mark.parametrize("name", ["tensorflow", "keras"])
def test_it_refuses_beside_the_real_ones(project, monkeypatch, name):
    real = types.ModuleType(name)
    real.__file__ = "/somewhere/real.py"
    monkeypatch.setitem(sys.modules, name, real)
    with pytest.raises(RuntimeError, match=r"/somewhere/real.py.*before the first"):
        install_as_tensorflow()
    assert hook.installed() is None


def test_an_unknown_dialect_is_refused():
    with pytest.raises(ValueError, match="'v3'"):
        install_as_tensorflow("v3")


# --- what else there is to an import ---------------------------------------------------------------------------------


def test_installing_twice_and_changing_the_dialect(project):
    install_as_tensorflow()
    first = project.load("one", NEW).tf
    install_as_tensorflow()
    assert sys.modules["tensorflow"] is first
    install_as_tensorflow("v1")
    assert project.load("two", NEW).x == ("constant", 1, 3)
    assert first.constant(1) == ("constant", 2, 1)


def test_uninstalling_leaves_nothing(project):
    plain, finders, loaded = builtins.__import__, list(sys.meta_path), set(sys.modules)
    install_as_tensorflow()
    project.load("user", "import tensorflow.keras.layers, keras.utils\nimport tensorflow.compat.v1\n" + OLD)
    uninstall_as_tensorflow()
    uninstall_as_tensorflow()
    assert builtins.__import__ is plain
    assert sys.meta_path == finders
    ours = ("tensorflow", "keras", "tf_keras", "_weft")
    assert [name for name in set(sys.modules) - loaded if name.startswith(ours)] == []
    with pytest.raises(ModuleNotFoundError):
        project.load("later", "import tensorflow")


def test_metadata(project):
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("tensorflow")
    install_as_tensorflow()
    assert importlib.metadata.version("tensorflow") == "2.21.0"
    assert importlib.metadata.version("keras") == "3.15.0"
    assert importlib.metadata.metadata("keras")["Name"] == "keras"
    assert importlib.metadata.version("numpy")
    install_as_tensorflow("v1")
    assert importlib.metadata.version("TensorFlow") == "1.15.5"


def test_pickles_do_not_need_the_hook(project):
    install_as_tensorflow()
    module = project.load("user", "from keras.layers import Dense\nimport tensorflow as tf\nvalue = Dense()")
    data = pickle.dumps([module.value, module.tf, sys.modules["tensorflow"].keras.layers.Dense])
    assert b"tensorflow" not in data.replace(b"install_as_tensorflow", b"")
    assert pickle.loads(data)[1] is module.tf
    assert copy.deepcopy(module.tf) is module.tf
    # and pickles that name the original modules load with it
    assert pickle.loads(b"ckeras.layers.core\nDense\n.") is sys.modules["stubkeras"].layers.Dense
    uninstall_as_tensorflow()
    assert type(pickle.loads(data)[0]) is type(module.value)


def test_reload(project):
    install_as_tensorflow()
    old, new = project.load("old", OLD), project.load("new", NEW)
    assert importlib.reload(new.tf) is new.tf
    assert importlib.reload(old.tf) is old.tf
    assert importlib.reload(new).x == ("constant", 2, 3)


def test_threads(project):
    install_as_tensorflow()
    names = [f"user{index}" for index in range(16)]
    project.write(
        **{
            name: ("s = tf.Session()" if index % 2 else "s = tf.constant(1)").join(["import tensorflow as tf\n", "\n"])
            + "from keras.layers.core import Dense\nfrom tensorflow.keras.utils import np_utils\n"
            for index, name in enumerate(names)
        }
    )
    importlib.invalidate_caches()
    start = threading.Barrier(len(names))
    versions: dict[str, str] = {}

    def load(name: str) -> None:
        start.wait()
        versions[name] = importlib.import_module(name).tf.__version__

    threads = [threading.Thread(target=load, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert versions == {name: ("1.15.5" if index % 2 else "2.21.0") for index, name in enumerate(names)}
    assert sys.modules["stubkeras"].__spec__.name == "stubkeras"


def test_attributes_of_the_root(project):
    install_as_tensorflow()
    tf = project.load("user", NEW).tf
    assert {"constant", "nn", "keras", "__version__"} <= set(dir(tf))
    assert tf.version.VERSION == "2.21.0"
    assert not {"base", "ops", "runtime"} & set(tf.__all__)  # Weft's own floors, which `weft` has as attributes
    assert project.load("asks", "from tensorflow.version import VERSION").VERSION == "2.21.0"
    assert repr(tf) == "<module 'tensorflow' (weft)>"
    assert tf.__file__ == sys.modules["stub2"].__file__
    assert tf.constant is tf.__dict__["constant"]  # looked up once
    with pytest.raises(AttributeError, match="stub2 has no Session"):
        _ = tf.Session
    assert not hasattr(tf, "__warningregistry__")


def test_other_imports_are_left_alone(project):
    install_as_tensorflow()
    project.write(tensorflow_datasets="x = 1", keras_tuner="x = 2", **{"pack/__init__": "", "pack/tensorflow": "x = 3"})
    importlib.invalidate_caches()
    source = "import tensorflow_datasets, keras_tuner\nfrom pack import tensorflow\nimport xml.dom.minidom as m\n"
    module = project.load("user", source)
    assert (module.tensorflow_datasets.x, module.keras_tuner.x, module.tensorflow.x) == (1, 2, 3)


def test_the_hook_is_light():
    """Installing loads none of the public API."""
    import subprocess

    code = (
        "import sys; from weft.compat.hook import install_as_tensorflow; before = set(sys.modules); "
        "install_as_tensorflow(); print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
