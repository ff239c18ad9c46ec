"""fit, evaluate, predict and single batches against Keras' own numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.golden import recipes
from weft import keras

golden = recipes.Golden("keras_training")


def cases(kind: str) -> list[str]:
    return [name for name, record in golden.cases.items() if record["kind"] == kind]


def build(record: dict[str, Any], name: str) -> Any:
    kind = record["model"]["type"]
    dense = keras.layers.Dense
    if kind == "Sequential":
        model = keras.Sequential([getattr(keras.layers, cls)(**config) if cls != "Input" else keras.Input(**config)
                                  for cls, config in record["model"]["layers"]])  # fmt: skip
    elif kind == "functional":
        features = keras.Input((4,), name="features")
        shared = dense(4, activation="tanh", kernel_regularizer=keras.regularizers.L2(0.01), name="shared")
        inner = shared(features)
        joined = keras.layers.Add()([features, shared(inner)])
        head = dense(1, kernel_regularizer=keras.regularizers.L1(0.005), bias_regularizer="l2", name="head")
        model = keras.Model(features, head(keras.layers.Concatenate()([joined, inner])))
    else:
        features = keras.Input((4,), name="features")
        trunk = dense(5, activation="relu", name="trunk")(features)
        model = keras.Model(
            features, [dense(1, name="size")(trunk), dense(3, activation="softmax", name="kind")(trunk)]
        )
    model.set_weights(golden.series(f"{name}/weight"))
    options = dict(record["compile"])
    cls, config = options["optimizer"]
    options["optimizer"] = getattr(keras.optimizers, cls)(**config)
    model.compile(**options)
    return model


def labels(name: str) -> Any:
    several = golden.series(f"{name}/y")
    return several or golden[f"{name}/y"]


def close(actual: Any, expected: Any, label: str) -> None:
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=2e-4, atol=2e-5, err_msg=label)


@pytest.mark.parametrize("name", cases("fit"))
def test_fit(name: str) -> None:
    record = golden.cases[name]
    model = build(record, name)
    x, y = golden[f"{name}/x"], labels(name)
    options = dict(record["fit"])
    if "class_weight" in options:
        options["class_weight"] = {int(key): value for key, value in options["class_weight"].items()}
    weights = golden.arrays.get(f"{name}/sample_weight")
    if weights is not None:
        options["sample_weight"] = weights
    if f"{name}/validation/0" in golden:
        options["validation_data"] = tuple(golden.series(f"{name}/validation"))
    history = model.fit(x, y, shuffle=False, verbose=0, **options).history
    assert list(history) == record["history_keys"]
    for key in record["history_keys"]:
        close(history[key], golden[f"{name}/history/{key}"], key)
    found = model.evaluate(x, y, batch_size=10, verbose=0, return_dict=True)
    for key, value in found.items():
        close(value, golden[f"{name}/evaluate/{key}"], f"evaluate {key}")
    if f"{name}/evaluate_values" in golden:
        close(model.evaluate(x, y, batch_size=10, verbose=0), golden[f"{name}/evaluate_values"], "evaluate values")
    if weights is not None:
        found = model.evaluate(x, y, batch_size=10, verbose=0, return_dict=True, sample_weight=weights)
        for key, value in found.items():
            close(value, golden[f"{name}/evaluate_weighted/{key}"], f"evaluate weighted {key}")
    outputs = model.predict(x, verbose=0)
    if f"{name}/predict" in golden:
        close(outputs, golden[f"{name}/predict"], "predict")
    for actual, expected in zip(model.get_weights(), golden.series(f"{name}/final"), strict=True):
        close(actual, expected, "final weights")


@pytest.mark.parametrize("name", cases("batches"))
def test_single_batches(name: str) -> None:
    record = golden.cases[name]
    model = build(record, name)
    x, y, size = golden[f"{name}/x"], labels(name), record["batch_size"]
    weights = golden.arrays.get(f"{name}/sample_weight")
    batches = [slice(start, start + size) for start in range(0, len(x), size)]

    def weight(rows: slice) -> Any:
        return None if weights is None else weights[rows]

    for number, rows in enumerate(batches):
        close(
            model.train_on_batch(x[rows], y[rows], sample_weight=weight(rows)), golden[f"{name}/train"][number], "train"
        )
    model.reset_metrics()
    for number, rows in enumerate(batches):
        close(model.test_on_batch(x[rows], y[rows]), golden[f"{name}/test"][number], "test")
    close(model.predict_on_batch(x[batches[0]]), golden[f"{name}/predict_on_batch"], "predict")
    for actual, expected in zip(model.get_weights(), golden.series(f"{name}/final"), strict=True):
        close(actual, expected, "final weights")
