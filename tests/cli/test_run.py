"""`weft run` does what `python` does, with `tensorflow` and `keras` meaning Weft.

The programs run in processes of their own. Most of them get a few stub functions for the public API, so that these
tests are about the runner alone.
"""

import json
import os
import signal
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.subprocess

# Loaded by Python itself at its start, in children too.
STUBS = """
import importlib.machinery, sys, types

def stub(name, **names):
    module = types.ModuleType(name)
    vars(module).update(names, __path__=[])
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    sys.modules[name] = module
    return module

from weft.compat import modules
layers = stub("stubkeras.layers", Dense=type("Dense", (), {}))
keras = stub("stubkeras", layers=layers, utils=stub("stubkeras.utils", to_categorical=abs))
mode = dict(disable_v2_behavior=lambda: None, enable_v2_behavior=lambda: None)
stub("stub1", constant=lambda value: ("v1", value), Session=type("Session", (), {}), keras=keras, **mode)
stub("stub2", constant=lambda value: ("v2", value), keras=keras)
modules.TARGETS.update(v1="stub1", v2="stub2", keras="stubkeras")
"""


class Folder:
    """A user's folder, with programs that are run in it."""

    def __init__(self, path: Path, stubs: Path) -> None:
        self.path = path
        ours = ("WEFT_", "PYTHON")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.environment["PYTHONPATH"] = os.pathsep.join([str(stubs), str(ROOT)])

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def call(self, *command: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.path,
            input=stdin,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def run(self, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return self.call("-m", "weft", "run", *arguments, stdin=stdin, **environment)


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stubs")
    (folder / "sitecustomize.py").write_text(STUBS)
    return folder


@pytest.fixture
def folder(tmp_path: Path, stubs: Path) -> Folder:
    return Folder(tmp_path, stubs)


# --- like python -----------------------------------------------------------------------------------------------------

REPORT = """
    import json, os, sys
    main = sys.modules["__main__"]
    spec = main.__spec__ and main.__spec__.name
    print(json.dumps({
        "argv": sys.argv, "name": __name__, "file": __file__, "path": sys.path[0], "package": __package__,
        "spec": spec, "same": vars(main) is globals(), "doc": __doc__, "loader": type(__loader__).__name__,
        "stdin": sys.stdin.read(), "builtins": __builtins__ is __import__("builtins"),
    }))
"""

WAYS: list[tuple[Callable[[Folder], object], tuple[str, ...]]] = [
    (lambda folder: folder.write("train.py", REPORT), ("train.py",)),
    (lambda folder: folder.write("train.py", REPORT), ("train.py", "--epochs", "3", "-v", "--", "--dialect", "v1", "")),
    (lambda folder: folder.write("sub/train.py", REPORT), ("sub/train.py", "x")),
    (lambda folder: folder.write("train.py", REPORT), ("-m", "train", "--help")),
    (lambda folder: folder.write("pack/tool/go.py", REPORT), ("-m", "pack.tool.go", "a")),
    (lambda folder: folder.write("pack/__main__.py", REPORT), ("-m", "pack")),
    (lambda folder: folder.write("pack/__main__.py", REPORT), ("pack", "a")),
]


@pytest.mark.parametrize(("make", "arguments"), WAYS)
def test_a_program_sees_what_it_sees_under_python(folder: Folder, make, arguments):
    make(folder)
    under_python, under_weft = (
        folder.call(*arguments, stdin="data"),
        folder.run(*arguments, stdin="data"),
    )
    assert under_python.returncode == under_weft.returncode == 0, under_weft.stderr
    assert json.loads(under_weft.stdout) == json.loads(under_python.stdout)
    assert under_weft.stderr == ""


def test_an_archive(folder: Folder):
    with zipfile.ZipFile(folder.path / "app.pyz", "w") as archive:
        archive.writestr("__main__.py", textwrap.dedent(REPORT))
        archive.writestr("helper.py", "import tensorflow as tf\nx = tf.constant(1)")
        archive.writestr("old.py", OLD)
    under_python, under_weft = folder.call("app.pyz", "a"), folder.run("app.pyz", "a")
    assert json.loads(under_weft.stdout) == json.loads(under_python.stdout)
    folder.write("use.py", "import sys\nsys.path.append('app.pyz')\nimport helper, old\nprint(helper.x)\n")
    done = folder.run("use.py")
    assert done.stdout == "1.15.5 ('v1', 1)\n('v2', 1)\n"
    assert "weft: old.py is TensorFlow 1" in done.stderr


def test_a_program_from_standard_input(folder: Folder):
    done = folder.run("-", "a", stdin="import sys, tensorflow as tf\nprint(sys.argv, __name__, tf.constant(1))")
    assert (done.stdout, done.stderr, done.returncode) == ("['-', 'a'] __main__ ('v2', 1)\n", "", 0)


STATUSES = [
    ("pass", 0, ""),
    ("import sys; sys.exit(3)", 3, ""),
    ("import sys; sys.exit()", 0, ""),
    ("raise SystemExit('no data')", 1, "no data\n"),
    ("import os; os._exit(5)", 5, ""),
    ("import sys; print('x', file=sys.stderr); exit(2)", 2, "x\n"),
]


@pytest.mark.parametrize(("source", "status", "text"), STATUSES)
def test_the_exit_status_is_the_programs(folder: Folder, source, status, text):
    folder.write("train.py", source)
    done = folder.run("train.py")
    assert (done.returncode, done.stderr) == (status, text)


def test_ctrl_c_is_one_line(folder: Folder):
    folder.write("train.py", "import os, signal\nx = 1\nos.kill(os.getpid(), signal.SIGINT)\nwhile True: pass")
    done = folder.run("train.py")
    assert done.returncode == 130
    assert done.stderr.strip().startswith("weft: interrupted at train.py:")
    assert done.stderr.strip().count("\n") == 0


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_other_signals_end_the_program(folder: Folder):
    folder.write("train.py", "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)")
    assert folder.run("train.py").returncode == -signal.SIGTERM


def test_what_happens_at_the_end_still_happens(folder: Folder):
    source = """
        import atexit, threading, time
        class Loud:
            def __del__(self): print("deleted", flush=True)
        loud = Loud()
        atexit.register(print, "atexit", flush=True)
        threading.Thread(target=lambda: (time.sleep(0.2), print("thread", loud is not None, flush=True))).start()
        raise ValueError("end")
    """
    folder.write("train.py", source)
    done = folder.run("train.py")
    assert done.stdout.split("\n")[:2] == ["thread True", "atexit"]
    assert done.returncode == 1


def test_a_hook_of_the_programs_own_gets_the_error(folder: Folder):
    source = "import sys\nsys.excepthook = lambda kind, error, trace: print('mine', error, trace.tb_lineno)\n1 / 0"
    folder.write("train.py", source)
    done = folder.run("train.py")
    assert (done.stdout, done.stderr, done.returncode) == ("mine division by zero 3\n", "", 1)


WRONG_CALLS = [
    ((), "there is nothing to run"),
    (("missing.py",), "can't open file 'missing.py': No such file or directory"),
    (("book.ipynb",), "install_as_tensorflow() in a first cell"),
    (("-m", "no.such.module"), "there is no module named 'no.such.module'"),
    (("-m", "json"), "'json' is a package without a __main__ module"),
    (("empty",), "can't find '__main__' module in 'empty'"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG_CALLS)
def test_a_wrong_call_is_one_line(folder: Folder, arguments, text):
    (folder.path / "empty").mkdir()
    done = folder.run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("weft: ")
    assert text in done.stderr
    assert done.stderr.count("\n") == 1


# --- dialects --------------------------------------------------------------------------------------------------------

OLD = "import tensorflow as tf\nsession = tf.Session()\nprint(tf.__version__, tf.constant(1))"
NEW = "import tensorflow as tf\nprint(tf.__version__, tf.constant(1))"


def test_tensorflow_1_is_said_in_one_line(folder: Folder):
    folder.write("old.py", OLD)
    done = folder.run("old.py")
    assert done.stdout == "1.15.5 ('v1', 1)\n"
    assert done.stderr == "weft: old.py is TensorFlow 1 (line 2 uses tf.Session); --dialect v2 overrides\n"


def test_tensorflow_2_is_not_said(folder: Folder):
    folder.write("new.py", NEW)
    done = folder.run("new.py")
    assert (done.stdout, done.stderr) == ("2.21.0 ('v2', 1)\n", "")


@pytest.mark.parametrize(("dialect", "number"), [("v1", "1.15.5"), ("v2", "2.21.0")])
def test_a_dialect_that_was_asked_for(folder: Folder, dialect, number):
    folder.write("new.py", NEW)
    done = folder.run("--dialect", dialect, "new.py")
    assert (done.stdout, done.stderr) == (f"{number} ('{dialect}', 1)\n", "")


def test_a_program_of_several_files(folder: Folder):
    """The helper uses no telling name, yet has to be what the program is; the program is what its model is."""
    folder.write("train.py", "import helper, net.model\nimport tensorflow as tf\nprint(tf.constant(1))")
    folder.write("helper.py", "import tensorflow as tf\nprint('helper', tf.constant(2))")
    folder.write("net/model.py", "import tensorflow as tf\nsession = tf.Session\nprint('model', session.__name__)")
    done = folder.run("train.py")
    assert done.stdout == "helper ('v1', 2)\nmodel Session\n('v1', 1)\n"
    where = os.path.join("net", "model.py")
    text = (
        f"weft: train.py is TensorFlow 1 (it imports {where}, whose line 2 uses tf.Session); --dialect v2 overrides\n"
    )
    assert done.stderr == text


def test_compat_v1_does_not_switch(folder: Folder):
    folder.write("new.py", "import tensorflow.compat.v1 as tf\nprint(tf.Session.__name__)")
    done = folder.run("new.py")
    # The stub stands for weft.compat.v1 at the root only; that the names resolve is the subject of tests/compat.
    assert "is TensorFlow 1" not in done.stderr


def test_the_engine_reaches_the_program_and_its_children(folder: Folder):
    folder.write("new.py", "import os\nprint(os.environ['WEFT_ENGINE'])")
    assert folder.run("--engine", "reference", "new.py").stdout == "reference\n"
    assert folder.run("--engine", "warp", "new.py").returncode == 2


# --- child processes -------------------------------------------------------------------------------------------------

PARENT = """
    import multiprocessing
    import tensorflow as tf
    {extra}

    def work(number):
        from keras.layers import Dense
        return tf.constant(number), tf.__version__, Dense.__name__

    if __name__ == "__main__":
        context = multiprocessing.get_context("{method}")
        with context.Pool(2) as pool:
            print(pool.map(work, [1, 2]))
"""


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
@pytest.mark.parametrize(("extra", "dialect", "version"), [("", "v2", "2.21.0"), ("tf.Session", "v1", "1.15.5")])
@pytest.mark.skipif(os.name == "nt", reason="POSIX start methods")
def test_children_of_multiprocessing(folder: Folder, method, extra, dialect, version):
    folder.write("parent.py", PARENT.format(method=method, extra=extra))
    done = folder.run("parent.py")
    expected = [((dialect, number), version, "Dense") for number in (1, 2)]
    assert (done.stdout, done.returncode) == (f"{expected}\n", 0), done.stderr
    assert done.stderr.count("\n") == (1 if extra else 0)


def test_children_of_a_module(folder: Folder):
    folder.write("pack/parent.py", PARENT.format(method="spawn", extra=""))
    done = folder.run("-m", "pack.parent")
    assert done.stdout.startswith("[(('v2', 1), '2.21.0', 'Dense')"), done.stderr


# --- errors ----------------------------------------------------------------------------------------------------------

# `nest.map_structure` is Weft's, and calls back.
FAILING = """
    from weft.base import nest

    def inner(value):
        return 1 / value

    def outer():
        return nest.map_structure({function}, [0])

    outer()
"""


def test_an_error_is_shown_at_the_users_lines(folder: Folder):
    folder.write("train.py", FAILING.format(function="1"))
    done = folder.run("train.py")
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert lines[0] == "Traceback (most recent call last):"
    assert [line.strip().split(", ")[1:] for line in lines if line.startswith("  File")] == [
        ["line 10", "in <module>"],
        ["line 8", "in outer"],
    ]
    assert "inside Weft not shown; WEFT_DEBUG=1 shows them" in lines[-1]


def test_a_function_that_weft_calls_back_is_shown(folder: Folder):
    folder.write("train.py", FAILING.format(function="inner"))
    done = folder.run("train.py")
    assert "in inner\n    return 1 / value\n" in done.stderr
    assert os.path.join("weft", "base") not in done.stderr
    assert "ZeroDivisionError: division by zero\n" in done.stderr


def test_debug_shows_all(folder: Folder):
    folder.write("train.py", FAILING.format(function="inner"))
    done = folder.run("train.py", WEFT_DEBUG="1")
    assert os.path.join("weft", "base", "nest.py") in done.stderr
    assert "not shown" not in done.stderr


def test_an_error_of_the_users_alone_is_as_under_python(folder: Folder):
    folder.write(
        "train.py", "def f(x):\n    try:\n        1 / x\n    except ZeroDivisionError:\n        {}[x]\n\nf(0)\n"
    )
    assert folder.run("train.py").stderr == folder.call("train.py").stderr


def test_an_error_during_an_import_is_as_under_python(folder: Folder):
    folder.write("train.py", "import first\n")
    folder.write("first.py", "from second import x\n")
    folder.write("second.py", "x = {}['missing']\n")
    assert folder.run("train.py").stderr == folder.call("train.py").stderr
    folder.write("second.py", "import no_such_module\n")
    assert folder.run("train.py").stderr == folder.call("train.py").stderr


def test_an_error_in_a_thread(folder: Folder):
    source = "import threading\nthread = threading.Thread(target=lambda: 1 / 0, name='worker')\nthread.start()"
    folder.write("train.py", source)
    done = folder.run("train.py")
    assert done.stderr.startswith("Exception in thread worker:\nTraceback")
    assert "threading.py" not in done.stderr
    assert done.returncode == 0


def test_python_2_is_explained(folder: Folder):
    folder.write("old.py", "import tensorflow as tf\nprint 'loss', 3\n")
    done = folder.run("old.py")
    assert done.returncode == 1
    assert "old.py\", line 2\n    print 'loss', 3\n" in done.stderr
    assert "This is Python 2" in done.stderr
    assert "weft/" not in done.stderr


def test_python_2_in_an_imported_file_is_explained(folder: Folder):
    folder.write("train.py", "import tensorflow as tf\nimport helper\n")
    folder.write("helper.py", "print 'x'\n")
    done = folder.run("train.py")
    assert 'train.py", line 2, in <module>' in done.stderr
    assert 'helper.py", line 1\n' in done.stderr
    assert "This is Python 2" in done.stderr


def test_a_missing_module_is_explained(folder: Folder):
    folder.write("train.py", "from tensorflow.foo import bar\n")
    done = folder.run("train.py")
    assert 'train.py", line 1, in <module>\n' in done.stderr
    assert "ModuleNotFoundError: No module named 'tensorflow.foo' in Weft." in done.stderr


# --- the public API itself -------------------------------------------------------------------------------------------

LINEAR = """
    import tensorflow as tf

    x = tf.constant([[1.0], [2.0], [3.0], [4.0]])
    y = 2 * x + 1
    weight, bias = tf.Variable([[0.0]]), tf.Variable([0.0])
    for step in range(400):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.matmul(x, weight) + bias - y) ** 2)
        gradients = tape.gradient(loss, [weight, bias])
        for variable, gradient in zip([weight, bias], gradients):
            variable.assign_sub(0.1 * gradient)
    print(round(float(weight[0, 0]), 2), round(float(bias[0]), 2))
"""


@pytest.fixture
def plain(tmp_path: Path) -> Folder:
    """A folder whose programs get the real public API."""
    return Folder(tmp_path, tmp_path)


def test_a_tensorflow_2_program(plain: Folder):
    plain.write("train.py", LINEAR)
    done = plain.run("train.py")
    assert (done.stdout, done.stderr, done.returncode) == ("2.0 1.0\n", "", 0)


def test_an_error_of_an_op(plain: Folder):
    plain.write("train.py", "import tensorflow as tf\n\na = tf.ones([2, 3])\nb = tf.matmul(a, tf.ones([2, 3]))\n")
    done = plain.run("train.py")
    lines = done.stderr.splitlines()
    assert lines[1:3] == [
        f'  File "{plain.path / "train.py"}", line 4, in <module>',
        "    b = tf.matmul(a, tf.ones([2, 3]))",
    ]
    assert sum(line.startswith("  File") for line in lines) == 1
    assert "matmul" in done.stderr and "(2, 3)" in done.stderr


SESSION = """
    import numpy as np
    import tensorflow as tf

    x = tf.placeholder(tf.float32, [None, 1])
    y = tf.placeholder(tf.float32, [None, 1])
    weight, bias = tf.Variable([[0.0]]), tf.Variable([0.0])
    loss = tf.reduce_mean(tf.square(tf.matmul(x, weight) + bias - y))
    gradients = tf.gradients(loss, [weight, bias])
    step = tf.group(*[tf.assign_sub(v, 0.1 * g) for v, g in zip([weight, bias], gradients)])
    data = np.array([[1.0], [2.0], [3.0]])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(400):
            session.run(step, {x: data, y: 2 * data + 1})
        print([round(float(v.ravel()[0]), 2) for v in session.run([weight, bias])])
"""


def test_a_tensorflow_1_program(plain: Folder):
    plain.write("train.py", SESSION)
    done = plain.run("train.py")
    assert (done.stdout, done.returncode) == ("[2.0, 1.0]\n", 0), done.stderr
    assert done.stderr == "weft: train.py is TensorFlow 1 (line 5 uses tf.placeholder); --dialect v2 overrides\n"


def test_explicit_compat_v1_in_a_graph_of_its_own(plain: Folder):
    source = """
        import tensorflow as tf

        with tf.Graph().as_default():
            total = tf.constant(2) + tf.constant(3)
            with tf.compat.v1.Session() as session:
                print(session.run(total))
        print(tf.constant(4).numpy())
    """
    plain.write("train.py", source)
    done = plain.run("train.py")
    assert (done.stdout, done.stderr) == ("5\n4\n", "")


def test_spawned_workers_compute(plain: Folder):
    source = """
        import multiprocessing
        import tensorflow as tf

        def work(number):
            return int(tf.reduce_sum(tf.range(number)))

        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(pool.map(work, [4, 5]))
    """
    plain.write("train.py", source)
    done = plain.run("train.py")
    assert (done.stdout, done.stderr) == ("[6, 10]\n", "")


def test_keras_by_all_its_names(plain: Folder):
    source = """
        import keras
        import tensorflow as tf
        from keras.layers import Dense
        from keras.layers.core import Dense as OldDense
        from keras.utils import np_utils
        from tensorflow.keras import layers
        from tensorflow.python.keras.layers import Dense as PrivateDense

        print(tf.keras is keras, Dense is OldDense is layers.Dense is PrivateDense is tf.keras.layers.Dense)
        print(keras.__version__, np_utils.to_categorical([1], 3).tolist(), Dense(2)(tf.ones([1, 3])).shape)
    """
    plain.write("train.py", source)
    done = plain.run("train.py")
    assert (done.stdout, done.stderr) == ("True True\n3.15.0 [[0.0, 1.0, 0.0]] (1, 2)\n", "")


def test_a_keras_program(plain: Folder):
    source = """
        import numpy as np
        from keras.models import Sequential
        from keras.layers import Dense

        x = np.random.RandomState(0).rand(64, 4).astype("float32")
        model = Sequential([Dense(8, input_dim=4, activation="relu"), Dense(1)])
        model.compile(optimizer="adam", loss="mse")
        losses = model.fit(x, x.sum(1), epochs=5, verbose=0).history["loss"]
        print(len(losses), losses[-1] < losses[0])
        model.predict(np.zeros((2, 5)), verbose=0)
    """
    path = plain.write("train.py", source)
    done = plain.run("train.py")
    assert done.stdout == "5 True\n"
    assert f'File "{path}", line 11, in <module>\n    model.predict(np.zeros((2, 5)), verbose=0)\n' in done.stderr
    assert done.stderr.count("  File ") == 1


def test_names_that_numpy_has_dropped_are_there(folder):
    folder.write("old.py", """
        import numpy as np
        print(np.zeros(2, np.float).dtype, np.product([2, 3]), np.reshape([1, 2], newshape=[2, 1]).shape)
    """)
    assert folder.run("old.py").stdout.strip() == "float64 6 (2, 1)"


def test_names_that_scipy_has_dropped_are_refused_with_what_to_use(folder):
    pytest.importorskip("scipy")
    folder.write("old.py", "from scipy.misc import imresize")
    result = folder.run("old.py")
    assert result.returncode == 1 and "next: use PIL.Image" in result.stderr


@pytest.mark.parametrize(("dialect", "printed"), [("v1", "[0.5]\n"), ("v2", "[np.float32(0.5)]\n")])
def test_numpy_prints_numbers_of_version_1_as_it_did_then(folder: Folder, dialect, printed):
    folder.write("show.py", "import numpy as np\nprint([np.float32(0.5)])\n")
    assert folder.run("--dialect", dialect, "show.py").stdout == printed
