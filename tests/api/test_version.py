"""What programs ask of `tf.version`, and that the floor `weft.autodiff` is TensorFlow's namespace as well."""

import subprocess
import sys

import pytest

import weft as tf
from weft.compat import modules


def test_the_version_is_that_of_the_release_that_weft_follows():
    assert tf.version.VERSION == modules.VERSIONS["v2"] and tf.version.VERSION >= "2."
    assert tf.version.GIT_VERSION == f"weft {tf.__version__}"
    assert isinstance(tf.version.COMPILER_VERSION, str)
    assert tf.version.GRAPH_DEF_VERSION_MIN_CONSUMER <= tf.version.GRAPH_DEF_VERSION
    assert tf.version.GRAPH_DEF_VERSION_MIN_PRODUCER <= tf.version.GRAPH_DEF_VERSION


def test_both_dialects_answer_under_tensorflows_name():
    assert modules.root("v2").version.VERSION == modules.root("v2").__version__ == "2.21.0"
    assert modules.root("v1").version.VERSION == modules.root("v1").__version__ == "1.15.5"
    assert tf.compat.v1.version.VERSION == tf.compat.v1.__version__


@pytest.mark.subprocess
@pytest.mark.parametrize("first", ["", "import weft.autodiff.reverse; ", "tf.constant(1); "])
def test_autodiff_is_public_however_it_was_loaded(first):
    shown = "tf.autodiff.GradientTape is tf.GradientTape, tf.autodiff.ForwardAccumulator"
    program = f"import weft as tf; {first}print({shown})"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "True <class 'weft.runtime.accumulator.ForwardAccumulator'>\n"


def test_an_unknown_name_of_autodiff():
    with pytest.raises(AttributeError, match="Accumulator"):
        _ = tf.autodiff.Accumulator
