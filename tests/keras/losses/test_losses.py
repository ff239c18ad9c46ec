"""Losses beside their numbers: names, configurations, messages."""

from __future__ import annotations

import numpy as np
import pytest

from weft import keras
from weft.keras import losses

CLASSES = sorted(
    {cls for cls in losses.TABLE.values() if isinstance(cls, type)} - {losses.Loss, losses.LossFunctionWrapper}, key=str
)


@pytest.mark.parametrize("cls", CLASSES)
def test_configuration_there_and_back(cls: type) -> None:
    loss = cls(reduction="sum", name="mine")
    again = losses.deserialize(losses.serialize(loss))
    assert type(again) is cls and again.get_config() == loss.get_config()


@pytest.mark.parametrize("name", ["mse", "MSE", "mean_squared_error", "MeanSquaredError"])
def test_names(name: str) -> None:
    assert float(np.sum(losses.get(name)([[0.0]], [[3.0]]))) == 9.0


def test_messages() -> None:
    with pytest.raises(ValueError, match="`hinge`"):
        losses.get("hingee")
    with pytest.raises(ValueError, match="`sum`"):
        losses.MeanSquaredError(reduction="summ")
    with pytest.raises(ValueError, match="from 0 to 1"):
        losses.CategoricalCrossentropy(label_smoothing=2.0)
    with pytest.raises(TypeError, match="numpy.unique"):
        losses.sparse_categorical_crossentropy(["cat"], [[0.5, 0.5]])


def test_a_function_of_ones_own_is_a_loss() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", lambda y_true, y_pred: (y_true - y_pred) ** 2)
    assert model.evaluate([1.0, 2.0], [1.0, 3.0], verbose=0) == pytest.approx(5.0)
