"""Which TensorFlow a program was written for, by its source alone."""

import json
import sys
from pathlib import Path

import pytest

from weft.compat.dialect import judge_cells, judge_file, judge_source
from weft.compat.dialect_names import TF1_ONLY, TF2_ONLY
from weft.compat.reading import only_in, read_source


def write(folder: Path, main: str, **files: str) -> Path:
    """Write main.py and other modules, `a/b` for a/b.py, and give the path of main.py."""
    for name, text in {"main": main, **files}.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "main.py"


TF1 = [
    ("import tensorflow as tf\ns = tf.Session()", "line 2 uses tf.Session"),
    ("import tensorflow as tf\nx = tf.placeholder(tf.float32, [None, 1])", "line 2 uses tf.placeholder"),
    ("import tensorflow\n\nwith tensorflow.Session() as s: pass", "line 3 uses tensorflow.Session"),
    ("import tensorflow as T\nT.train.AdamOptimizer(1e-3)", "line 2 uses T.train.AdamOptimizer"),
    ("from tensorflow import Session, constant", "line 1 imports tensorflow.Session"),
    ("from tensorflow import train\ntrain.GradientDescentOptimizer(1.)", "line 2 uses train.GradientDescentOptimizer"),
    ("import tensorflow.contrib.slim as slim", "line 1 imports tensorflow.contrib.slim"),
    ("from tensorflow.contrib import rnn", "line 1 imports tensorflow.contrib.rnn"),
    (
        "from tensorflow.examples.tutorials.mnist import input_data",
        "line 1 imports tensorflow.examples.tutorials.mnist.input_data",
    ),
    ("from tensorflow import *\nx = placeholder(float32)", "line 2 uses placeholder"),
    ("import tensorflow as tf\nif __name__ == '__main__':\n    tf.app.run()", "line 3 uses tf.app.run"),
    ("import tensorflow as tf\nh = tf.layers.dense(x, 3)", "line 2 uses tf.layers.dense"),
    ("import tensorflow as tf\nlayers = tf.layers\nh = layers.dense(x, 3)", "line 2 uses tf.layers"),
    ("import tensorflow as tf\nnn = tf.nn\nc = nn.rnn_cell.GRUCell(3)", "line 3 uses nn.rnn_cell.GRUCell"),
    ("import tensorflow as tf\ny = tf.mul(a, tf.neg(b))", "line 2 uses tf.mul"),
    ("import tensorflow as tf\ntf.enable_eager_execution()", "line 2 uses tf.enable_eager_execution"),
    ("def f():\n    return tf.log(x)\nimport tensorflow as tf", "line 2 uses tf.log"),
    ("import importlib\ntf = importlib.import_module('tensorflow')\ntf.Session()", "line 3 uses tf.Session"),
    ("import tensorflow as tf\ns = getattr(tf, 'Session')()", "line 2 uses tf.Session"),
    # compat.v1 for another name does not make the bare one explicit
    ("import tensorflow as tf\nimport tensorflow.compat.v1 as tf1\ntf.Session()", "line 3 uses tf.Session"),
    # TensorFlow 1 had Keras as well
    ("import tensorflow as tf\nm = tf.keras.Sequential()\ns = tf.Session()", "line 3 uses tf.Session"),
    ("import tensorflow as tf\ntry:\n    tf.Session()\nexcept KeyboardInterrupt:\n    pass", "line 3 uses tf.Session"),
    ("import tensorflow as tf\ntry:\n    tf.Session()\nexcept:\n    print('no')", "line 3 uses tf.Session"),
]


@pytest.mark.parametrize(("source", "reason"), TF1)
def test_tensorflow_1(source: str, reason: str):
    verdict = judge_source(source)
    assert (verdict.dialect, verdict.reason, verdict.certain) == ("v1", reason, True)


NOT_TF1 = [
    "",
    "import numpy as np",
    "import tensorflow as tf\nprint(tf.constant(1))",
    "import tensorflow as tf\nwith tf.Graph().as_default():\n    s = tf.compat.v1.Session()",
    "import tensorflow as tf\ntf.compat.v1.disable_eager_execution()\nx = tf.compat.v1.placeholder(tf.float32)",
    "import tensorflow.compat.v1 as tf\ntf.disable_v2_behavior()\ns = tf.Session()",
    "from tensorflow.compat import v1 as tf\ns = tf.Session()",
    "from tensorflow.compat.v1 import Session\ns = Session()",
    "import tensorflow as tf\ntf = tf.compat.v1\ns = tf.Session()",
    "try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n    import tensorflow as tf\ns = tf.Session()",
    # the program asks for the version itself
    "import tensorflow as tf\nif tf.__version__ < '2':\n    s = tf.Session()\nelse:\n    s = tf.compat.v1.Session()",
    "import tensorflow as tf\nnew = tf.__version__[0] == '2'\nif not new:\n    s = tf.Session()",
    "import tensorflow as tf\ns = tf.Session() if hasattr(tf, 'Session') else tf.compat.v1.Session()",
    "import tensorflow as tf\ntry:\n    s = tf.Session()\nexcept AttributeError:\n    s = tf.compat.v1.Session()",
    "import tensorflow as tf\ntry:\n    s = tf.Session()\nexcept:\n    s = tf.compat.v1.Session()",
    "import tensorflow as tf\nif tf.__version__[0] == '2':\n    import tensorflow.compat.v1 as tf\ntf.placeholder(int)",
    "import tensorflow as tf\nif tf.__version__ >= '1.14.0':\n    tf = tf.compat.v1\ntf.logging.set_verbosity(0)",
    # the program brings the name itself
    "import tensorflow as tf\ntf.gfile = tf.io.gfile\nwith tf.gfile.GFile('x') as file: pass",
    # somebody else's names
    "import requests\ns = requests.Session()",
    "from sqlalchemy.orm import Session\nimport tensorflow as tf\ns = Session()",
    "import tensorflow as tf\ndef f(tf):\n    return tf.log",
    "from tensorflow import *\nfrom math import *\ny = log(2.)",
    "from tensorflow import *\nSession = 3\nprint(Session)",
    # names that both have, or that an early TensorFlow 2 still had
    "import tensorflow as tf\ntf.estimator.Estimator(f)",
    "import tensorflow as tf\ntf.losses.mean_squared_error(a, b)",
    "from tensorflow.python.framework import ops\nops.reset_default_graph()",
    "# tf.Session()\n'''tf.placeholder'''\nimport tensorflow as tf",
]


@pytest.mark.parametrize("source", NOT_TF1)
def test_not_tensorflow_1(source: str):
    assert judge_source(source).dialect == "v2"


def test_what_only_tensorflow_2_has_decides_before_imports(tmp_path: Path):
    old = "import tensorflow as tf\ns = tf.Session()"
    main = write(tmp_path, "import tensorflow as tf\nimport old\nopt = tf.optimizers.Adam()", old=old)
    assert judge_file(str(main)) == ("v2", "line 3 uses tf.optimizers.Adam", True)


def test_a_local_import_decides(tmp_path: Path):
    main = write(tmp_path, "import model\nimport tensorflow as tf", model="import tensorflow as tf\ntf.Session()")
    assert judge_file(str(main)) == ("v1", "it imports model.py, whose line 2 uses tf.Session", True)


@pytest.mark.parametrize(
    "statement",
    [
        "import lib.deep.net",
        "from lib.deep import net",
        "from lib.deep.net import build",
        "from lib import deep\nfrom lib.deep import net as n",
        "def late():\n    from lib.deep.net import build",
    ],
)
def test_every_spelling_of_a_local_import(tmp_path: Path, statement: str):
    old = "import tensorflow as tf\ntf.Session()"
    main = write(tmp_path, statement, **{"lib/__init__": "", "lib/deep/__init__": "", "lib/deep/net": old})
    verdict = judge_file(str(main))
    assert verdict.dialect == "v1"
    assert str(Path("lib/deep/net.py")) in verdict.reason


def test_relative_and_indirect_imports_and_a_cycle(tmp_path: Path):
    main = write(
        tmp_path,
        "from lib import first",
        **{
            "lib/__init__": "",
            "lib/first": "from . import second\nfrom .third import x",
            "lib/second": "from .first import y",
            "lib/third": "import tensorflow as tf\nx = tf.get_variable('x', [1])",
        },
    )
    assert judge_file(str(main)).dialect == "v1"
    assert judge_file(str(tmp_path / "lib" / "second.py")).dialect == "v1"
    assert judge_file(str(tmp_path / "lib" / "third.py")).reason == "line 2 uses tf.get_variable"


def test_namespace_packages_and_init_files(tmp_path: Path):
    main = write(tmp_path, "import a.b", **{"a/b": "import tensorflow as tf\ntf.Session()"})
    assert judge_file(str(main)).dialect == "v1"
    main = write(tmp_path / "p", "import q.r", **{"q/__init__": "import tensorflow as tf\ntf.Session()", "q/r": ""})
    assert judge_file(str(main)).dialect == "v1"


def test_a_folder_below_the_script_that_is_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    main = write(tmp_path, "import net", **{"src/net": "import tensorflow as tf\ntf.Session()"})
    assert judge_file(str(main)).dialect == "v2"
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "src"), *sys.path])
    assert judge_file(str(main)).dialect == "v1"


def test_installed_packages_are_not_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    old = "import tensorflow as tf\ntf.Session()"
    main = write(tmp_path, "import net", **{"venv/lib/python3/site-packages/net": old})
    place = tmp_path / "venv" / "lib" / "python3" / "site-packages"
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(place)])
    assert judge_file(str(main)).dialect == "v2"


def test_a_changed_file_is_read_again(tmp_path: Path):
    main = write(tmp_path, "import tensorflow as tf")
    assert judge_file(str(main)).dialect == "v2"
    write(tmp_path, "import tensorflow as tf\ntf.Session()")
    assert judge_file(str(main)).dialect == "v1"


def test_python_2_is_named_with_its_line(tmp_path: Path):
    main = write(tmp_path, "import tensorflow as tf\nprint 'loss', 3\n")
    with pytest.raises(SyntaxError) as caught:
        judge_file(str(main))
    assert (caught.value.lineno, caught.value.filename) == (2, str(main))
    assert "This is Python 2" in caught.value.__notes__[0]


def test_other_syntax_errors_are_not_called_python_2(tmp_path: Path):
    main = write(tmp_path, "x = (1,\n")
    with pytest.raises(SyntaxError) as caught:
        judge_file(str(main))
    assert not hasattr(caught.value, "__notes__")


def test_a_broken_file_that_is_imported_is_passed_over(tmp_path: Path):
    main = write(tmp_path, "import broken, old", broken="print 'x'", old="import tensorflow as tf\ntf.Session()")
    assert judge_file(str(main)).reason == "it imports old.py, whose line 2 uses tf.Session"


def test_the_sources_own_encoding(tmp_path: Path):
    main = tmp_path / "main.py"
    main.write_bytes("# -*- coding: latin-1 -*-\nimport tensorflow as tf\nname = 'é'\ntf.Session()".encode("latin-1"))
    assert judge_file(str(main)).reason == "line 4 uses tf.Session"


def test_cells_are_judged_together():
    cells = [
        "%matplotlib inline\nimport tensorflow as tf\n!pip list",
        "x = = 3",
        "tf.constant?\nx = tf.placeholder(int)",
    ]
    assert judge_cells(cells) == ("v1", "line 2 of cell 3 uses tf.placeholder", True)
    assert judge_cells(cells[:2]).certain is False


def test_a_notebook_file(tmp_path: Path):
    cells = [
        {"cell_type": "markdown", "source": ["tf.Session"]},
        {"cell_type": "code", "source": ["import tensorflow as tf\n", "s = tf.Session()"]},
    ]
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert judge_file(str(path)).reason == "line 2 of cell 1 uses tf.Session"
    path.write_text("{not json")
    assert judge_file(str(path)).certain is False


def test_deep_nesting_does_not_break_the_reader():
    source = "import tensorflow as tf\nx = " + "+".join(["tf.zeros(1)"] * 500)
    assert read_source(source).tf1 is None


def test_the_name_tables_are_sound():
    assert not TF1_ONLY & TF2_ONLY
    # what the most used scripts stand on
    known = (
        "Session placeholder global_variables_initializer train.AdamOptimizer variable_scope random_normal layers app"
    )
    assert all(only_in(TF1_ONLY, name) for name in known.split())
    both = "constant Variable nn.relu matmul Graph function GradientTape keras compat.v1.Session train.Checkpoint"
    assert not any(only_in(TF1_ONLY, name) or only_in(TF2_ONLY, name) for name in both.split())
