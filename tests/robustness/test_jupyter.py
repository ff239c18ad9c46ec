"""A real kernel runs a notebook, and nbconvert writes it as a page. Needs ipykernel and nbconvert."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_missing = [name for name in ("ipykernel", "nbconvert") if importlib.util.find_spec(name) is None]

pytestmark = [
    pytest.mark.subprocess,
    pytest.mark.skipif(bool(_missing), reason=f"no notebook was run: pip install {' '.join(_missing)}"),
]

CELLS = {
    "install": "import weft\nweft.install_as_tensorflow()\nimport tensorflow as tf\nimport keras\nimport numpy as np\n"
    "tf.__version__",
    "layer": """
class Scale(keras.layers.Layer):
    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],), initializer="ones", name="factor")

    def call(self, inputs):
        return inputs * self.factor

x = np.random.default_rng(0).normal(size=(96, 8)).astype("float32")
y = (x.sum(1) > 0).astype("int64")
model = keras.Sequential([keras.Input((8,)), Scale(), keras.layers.Dense(2, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
""",
    "summary": "model.summary()",
    "shown": "model",
    "fit": "history = model.fit(x, y, epochs=3, validation_split=0.25)",
    "again": "model.fit(x, y, epochs=2, verbose=2);",
    "numbers": "len(history.history['val_loss']), model.evaluate(x, y, verbose=0)[0] > 0, model.predict(x).shape",
    "misfit": "def ask(rows):\n    return model.predict(rows)\n\nask(x[:, :5])",
    "operator": "tf.constant([1, 2]) + tf.constant([1, 2, 3])",
    "layer error": """
class Broken(keras.layers.Layer):
    def call(self, inputs):
        return tf.matmul(inputs, tf.ones((3, 3)))

keras.Sequential([keras.Input((8,)), Broken()])
""",
    "traced": "@tf.function\ndef reshaped(t):\n    return tf.reshape(t, (5, 5))\n\nreshaped(tf.ones((3,)))",
    "session": """
import tensorflow.compat.v1 as tf1
with tf1.Graph().as_default(), tf1.Session() as session:
    x1 = tf1.placeholder(tf1.float32, [None])
    print(session.run(x1 * 2.0, {x1: [1.0, 2.0]}))
""",
    "debug": "import os\nos.environ['WEFT_DEBUG'] = '1'\ntf.constant([1, 2]) + tf.constant([1, 2, 3])",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function that has nbconvert run the notebook and write it in a format."""
    folder = tmp_path_factory.mktemp("notebook")
    cells = [
        {"cell_type": "code", "id": f"cell{number}", "metadata": {}, "execution_count": None, "outputs": [],
         "source": source.strip()}
        for number, source in enumerate(CELLS.values())
    ]  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "work.ipynb").write_text(json.dumps(notebook))
    homes = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    command = [sys.executable, "-m", "nbconvert", "--execute", "--allow-errors", "--to", "notebook", "work.ipynb"]
    environment = {**os.environ, **homes, "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [*command, "--output", "done.ipynb"], cwd=folder, env=environment, check=True, capture_output=True, timeout=300
    )
    return folder / "done.ipynb"


@pytest.fixture(scope="module")
def outputs(run):
    """The outputs of each cell."""
    made = json.loads(run.read_text())
    return {name: cell["outputs"] for name, cell in zip(CELLS, made["cells"], strict=True)}


def html(outputs):
    """The one page that a cell shows."""
    (only,) = [each for each in outputs if each["output_type"] == "display_data"]
    return "".join(only["data"]["text/html"]), "".join(only["data"]["text/plain"])


def error(outputs):
    """What a cell that fails shows, without colours."""
    (only,) = [each for each in outputs if each["output_type"] == "error"]
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(only["traceback"]))


def test_cells_that_work_show_no_errors(outputs):
    for name in ("install", "layer", "summary", "shown", "fit", "again", "numbers", "session"):
        assert not [each for each in outputs[name] if each["output_type"] == "error"], name
        assert not [each for each in outputs[name] if each.get("name") == "stderr"], name
    (numbers,) = [each for each in outputs["numbers"] if each["output_type"] == "execute_result"]
    assert "".join(numbers["data"]["text/plain"]) == "(3, True, (96, 2))"
    assert "".join(outputs["session"][0]["text"]) == "[2. 4.]\n"


def test_summary_is_a_table_with_the_layer_of_the_cell(outputs):
    page, text = html(outputs["summary"])
    assert page.count("<tr>") == 3 and "scale (Scale)" in page and "Total params: 26" in page
    assert text.startswith('Model: "sequential"') and "scale (Scale)" in text
    assert "scale (Scale)" in "".join(outputs["shown"][0]["data"]["text/html"])


def test_a_fit_is_one_display(outputs):
    page, text = html(outputs["fit"])
    assert page.count("<progress") == 3 and page.count("val_loss") == 3
    assert [line.split()[1] for line in text.splitlines()] == ["1/3", "2/3", "3/3"]
    lines = "".join("".join(each["text"]) for each in outputs["again"]).splitlines()
    assert len(lines) == 4 and "\r" not in "".join(lines)


def test_errors_show_lines_of_cells_and_none_of_weft(outputs):
    for name, line, frames in [("misfit", "cell In[8]:2: return model.predict(rows)", 2),
                               ("operator", "cell In[9]:1: tf.constant([1, 2]) + tf.constant([1, 2, 3])", 1),
                               ("layer error", "cell In[10]:3: return tf.matmul(inputs, tf.ones((3, 3)))", 2),
                               ("traced", "cell In[11]:3: return tf.reshape(t, (5, 5))", 2)]:  # fmt: skip
        text = error(outputs[name])
        assert f"\n  at {line}\n" in text, text
        assert text.count("----> ") == frames and len(re.findall(r"^(Cell|File) ", text, re.MULTILINE)) == frames, text
        assert str(ROOT / "weft") not in text
    assert str(ROOT / "weft") in error(outputs["debug"])


def test_the_page_that_nbconvert_writes(run):
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", run.name], cwd=run.parent, check=True, capture_output=True,
        timeout=300,
    )  # fmt: skip
    page = run.with_suffix(".html").read_text(encoding="utf-8")
    assert page.count("<progress") == 4  # the one of predict too
    assert "scale (Scale)" in page and "<table>" in page and "IPython.core.display" not in page
