"""Small utilities: the progress bar's two ways to show values, and vectors of norm 1."""

from __future__ import annotations

import numpy as np
import pytest

import weft as tf
from weft import keras


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({"stateful_metrics": []}, "1.0"), ({"stateful_metrics": ["value"]}, "2.0"),
        ({"stateless_metrics": []}, "2.0"), ({"stateless_metrics": ["value"]}, "1.0"),
    ],
)  # fmt: skip
def test_values_of_a_bar(names: dict, shown: str) -> None:
    bar = keras.utils.Progbar(3, verbose=0, **names)
    bar.update(1, [("value", 0.0)])
    bar.update(2, [("value", 2.0), ("several", [1.0, 2.0])])
    assert bar._metrics() == f" - value: {shown}000"


def test_the_last_values_of_a_bar_count_alone(capsys: pytest.CaptureFixture[str]) -> None:
    bar = keras.utils.Progbar(3, verbose=2)
    for step, value in enumerate([0.5, 1.5, 7.0], 1):
        bar.update(step, [("value", value)])
    bar.update(3, [("value", 8.0)])
    assert capsys.readouterr().out.rstrip().endswith("value: 7.0000")


def test_a_bar_takes_one_kind_of_names() -> None:
    with pytest.raises(ValueError, match="Only one of"):
        keras.utils.Progbar(2, stateful_metrics=[], stateless_metrics=[])


@pytest.mark.parametrize("order", [1, 2, 3])
def test_norms(order: int) -> None:
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    found = keras.utils.normalize(tf.constant(x), order=order)
    assert tf.is_tensor(found)
    np.testing.assert_allclose(found, keras.utils.normalize(x, order=order))
