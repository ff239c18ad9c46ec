"""The stubs of the public names are current, and mypy reads the names, signatures and types of a program from them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.subprocess, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]

#: lines of a program, each with what mypy must say of it: part of a revealed type, an error's code, or nothing
PROGRAM = {
    "import weft as tf": "",
    "from weft import keras": "",
    "import weft.compat.v1 as tf1": "",
    "reveal_type(tf.GradientTape())": '"weft.runtime.tape.GradientTape"',
    "reveal_type(tf.Variable(1.0).dtype)": '"weft.base.dtypes.DType"',
    "reveal_type(tf.float32)": '"weft.base.dtypes.DType"',
    "reveal_type(tf.autodiff.ForwardAccumulator)": "weft.runtime.accumulator.ForwardAccumulator",
    "reveal_type(tf.Module().trainable_variables)": "weft.runtime.variable.Variable",
    "reveal_type(tf.random.Generator.from_seed(1))": "weft.api.generators.Generator",
    "reveal_type(tf.version.VERSION)": '"str"',
    "reveal_type(tf.nn.relu)": '"def (features: Any, name: str | None =) -> Any"',
    "reveal_type(tf.math.special.bessel_j0)": '"def (x: Any, name: str | None =) -> Any"',
    "reveal_type(tf.executing_eagerly())": '"bool"',
    "reveal_type(tf.errors.InvalidArgumentError)": "weft.base.errors.InvalidArgumentError",
    "reveal_type(keras.layers.Dense(3, activation='relu'))": '"weft.keras.layers.core.dense.Dense"',
    "reveal_type(tf.keras.Sequential())": '"weft.keras.models.sequential.Sequential"',
    "reveal_type(keras.optimizers.Adam(0.1))": '"weft.keras.optimizers.adam.Adam"',
    "reveal_type(tf.losses.MeanSquaredError())": "weft.keras.losses.",
    "reveal_type(keras.callbacks.EarlyStopping())": "weft.keras.callbacks.stopping.EarlyStopping",
    "reveal_type(tf1.Session())": "weft.runtime.session.Session",
    "reveal_type(tf1.reciprocal)": '"def (x: Any, name: str | None =) -> Any"',
    "tf1.nn.dropout(tf1.placeholder(tf1.float32, [None]), keep_prob=0.8)": "",
    "tf1.placehoder(tf1.float32)": "[attr-defined]",
    "tf1.nn.relu7([1.0])": "[attr-defined]",
    "tf.reduce_sum(tf.signal.fft(tf.zeros([4], tf.complex64)), axis=0, keepdims=True)": "",
    "tf.linalg.norm([3.0, 4.0], ord=2)": "",
    "keras.metrics.mse": "",
    "tf.reduce_men([1.0])": "[attr-defined]",
    "tf.nn.rellu([1.0])": "[attr-defined]",
    "tf.nn.frontdoor": "[attr-defined]",
    "tf.math.special.bessel_j7([1.0])": "[attr-defined]",
    "keras.layers.Dens(3)": "[attr-defined]",
    "keras.optimizers.Adamm()": "[attr-defined]",
    "keras.Sequentia()": "[attr-defined]",
    "tf.GradientTape(persistant=True)": "[call-arg]",
    "tf.math.add([1.0])": "[call-arg]",
    "keras.layers.Dense()": "[call-arg]",
}


def _run(*command):
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)


def test_they_are_current():
    found = _run("tools/make_stubs.py", "--check")
    assert found.returncode == 0, found.stdout + found.stderr


def test_mypy_knows_the_names_and_their_types(tmp_path):
    pytest.importorskip("mypy")
    program = tmp_path / "program.py"
    program.write_text("\n".join(PROGRAM) + "\n", encoding="utf-8")
    # the repository's own configuration, so that what `make lint` has found out already is used again
    found = _run("-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(program))
    said = dict.fromkeys(range(1, len(PROGRAM) + 1), "")
    for line in found.stdout.splitlines():
        parts = re.match(r".*program\.py:(\d+): (.*)", line)
        if parts:
            said[int(parts[1])] += parts[2]
    for number, (code, expected) in enumerate(PROGRAM.items(), 1):
        # releases of mypy spell the same types in different ways
        answer = re.sub(r"Union\[(\w+), None\]", r"\1 | None", said[number].replace("builtins.", ""))
        assert expected in answer if expected else not answer, f"{code}: mypy says {said[number]!r}"
