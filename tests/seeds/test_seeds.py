"""The programs of the documents that this project began with, run as a user runs them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import weft
from weft.extend import explain_missing_gradient

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT / "examples" / "seeds"
HERE = Path(__file__).parent


def run(*command):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, env=environment,
                          encoding="utf-8", timeout=300)  # fmt: skip


def weft_run(program):
    return run("-m", "weft", "run", program)


def last_numbers(text, count):
    return [float(n) for n in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)[-count:]]


def test_every_program_of_the_documents_is_here():
    assert sorted(p.name for p in SEEDS.glob("*.py")) == [
        "000_sequential_cnn.py", "001_keras_classifier.py", "001_tensorflow_1.py", "002_keras_regressor.py",
        "002_linear_model.py", "003_mnist.py", "003_steps.py", "004_hello_world.py", "004_keras_regressor.py",
    ]  # fmt: skip


def test_constants_and_a_session():
    result = weft_run(SEEDS / "001_tensorflow_1.py")
    assert result.returncode == 0, result.stderr
    assert result.stdout == "Addition: 5.0\nMultiplication: 6.0\n"
    assert "TensorFlow 1" in result.stderr and result.stderr.count("\n") == 1


def test_a_classifier_with_input_dim():
    result = weft_run(SEEDS / "001_keras_classifier.py")
    assert result.returncode == 0, result.stderr
    assert last_numbers(result.stdout, 1)[0] > 0.9  # guessing gives 0.1


def test_the_linear_model_with_its_tape_mended():
    result = weft_run(SEEDS / "002_linear_model.py")
    assert result.returncode == 0, result.stderr
    assert last_numbers(result.stdout, 4) == pytest.approx([1, 2, 3, 4], abs=0.5)


def test_the_regressor_mended():
    result = weft_run(SEEDS / "002_keras_regressor.py")
    assert result.returncode == 0, result.stderr
    assert last_numbers(result.stdout, 4) == pytest.approx([1, 2, 3, 4], abs=0.05)


def test_a_loss_computed_before_its_tape_is_told_with_the_line():
    result = weft_run(HERE / "broken" / "loss_before_tape.py")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "  next: nothing was computed from variables inside the tape's `with` block (opened at loss_before_tape.py:22: "
        "with tf.GradientTape() as tape:): move the lines that compute the loss, from the prediction on, to below that "
        "line"
    )


def test_an_absence_is_told_only_of_variables_that_the_tape_was_asked_for():
    asked, other = weft.Variable([1.0]), weft.Variable([2.0])
    with weft.GradientTape() as tape:
        loss = weft.constant(1.0)
    assert tape.gradient(loss, [asked]) == [None]
    assert "move the lines that compute the loss" in explain_missing_gradient(asked)
    assert explain_missing_gradient(other) == ""
    del tape
    assert explain_missing_gradient(asked) == ""


def test_numpy_of_predictions_is_told_with_the_line():
    result = weft_run(HERE / "broken" / "numpy_of_predictions.py")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "  next: this is a numpy array already, as `predict` returns it: write it without `.numpy()` in "
        "numpy_of_predictions.py:24"
    )


def test_printing_in_a_session():
    result = weft_run(SEEDS / "004_hello_world.py")
    assert result.returncode == 0, result.stderr
    assert result.stderr.splitlines()[-1] == "Hello World!"


def test_one_unit_from_lists_with_the_old_optimizer_name():
    result = weft_run(SEEDS / "004_keras_regressor.py")
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(r"\[\[-?\d+\.\d+\]\]", result.stdout.splitlines()[-1])


def test_one_unit_from_lists_learns_the_line():
    # how far the program's own 500 small steps get depends on the first weight; 4000 reach the line from any
    result = run(HERE / "shortened.py", 4000, SEEDS / "004_keras_regressor.py")
    assert result.returncode == 0, result.stderr
    assert last_numbers(result.stdout, 1) == pytest.approx([10], abs=0.2)


@pytest.mark.parametrize("name", ["000_sequential_cnn.py", "003_steps.py", "003_mnist.py"])
def test_mnist(name, require_data):
    require_data("mnist.npz")
    result = run(HERE / "shortened.py", 1, SEEDS / name)
    assert result.returncode == 0, result.stderr
    assert last_numbers(result.stdout, 1)[0] > 0.3  # guessing gives 0.1
    warnings = [line for line in result.stderr.splitlines() if "categorical" in line]
    assert len(warnings) == (1 if name == "003_mnist.py" else 0), result.stderr
