"""Programs of examples/tf1 whose tutorials report an accuracy, trained as long as the tutorials do: `make nightly`."""

import pytest

from tests.examples import run_example
from tests.tf1.test_examples import PROGRAMS, numbers


@pytest.mark.nightly
@pytest.mark.parametrize(("program", "least"), [("mnist_softmax.py", 0.915), ("deep_mnist.py", 0.992)])
def test_digits_are_told_apart_as_well_as_the_tutorial_says(program, least, tmp_path, require_data):
    require_data("mnist.npz")
    result = run_example(PROGRAMS / program, folder=tmp_path, limit=7200)
    assert numbers(result.stdout, "accuracy")[0] >= least
