"""Corners of Keras where a plausible reading gives other numbers, and the configurations that it writes."""

from __future__ import annotations

import json
from typing import Any

import _store as store
import keras
import numpy as np

rng = np.random.default_rng(11)


def draw(*shape: int) -> list[Any]:
    return rng.uniform(0.0, 1.0, shape).round(3).tolist()


def signs(*shape: int) -> list[Any]:
    return rng.integers(0, 2, shape).tolist()


OUTSIDE = (rng.uniform(-0.5, 1.8, (10, 2)).round(3)).tolist()

#: class, config, the arguments of each update
METRICS: list[tuple[str, dict[str, Any], list[list[Any]]]] = [
    ("Mean", {}, [[draw(2)], [draw(3, 2)], [draw(3, 2, 2)]]),
    ("Mean", {}, [[draw(3, 2), draw(3)], [draw(3, 4), draw(3, 4)], [draw(2, 3), draw(2, 1)]]),
    ("Sum", {}, [[draw(3, 4)], [draw(3, 4), draw(3)], [draw(2, 3), draw(2, 3)]]),
    ("SparseCategoricalAccuracy", {}, [
        [[[0, 1], [1, 1]], draw(2, 2, 3), draw(2, 2)], [[[2, 0, 1]], draw(1, 3, 3), draw(1, 3)]]),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, [[[1, 0, 2], [[0.2, 0.5, 0.3]] * 3]]),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, [[[1, 0, 2], [[0.2, 0.5, 0.3]] * 3, [1.0, 2.0, 0.5]]]),
    ("Precision", {"top_k": 1}, [[[[0, 1, 1], [1, 0, 0]], [[0.5, 0.5, 0.2], [0.4, 0.4, 0.4]]]]),
    ("Recall", {"top_k": 2}, [[[[0, 1, 1], [1, 0, 0]], [[0.5, 0.5, 0.5], [0.4, 0.4, 0.4]]]]),
    *(("AUC", config, [[signs(10, 2), OUTSIDE]]) for config in (
        {}, {"curve": "PR"}, {"num_thresholds": 5}, {"summation_method": "majoring"}, {"thresholds": [0.1, 0.8]},
        {"thresholds": [0.5]})),
]  # fmt: skip

#: config, labels, predictions; the sums of both differ, or the two weights could change places unseen
TVERSKY: list[tuple[dict[str, Any], list[Any], list[Any]]] = [
    (
        {"alpha": alpha, "beta": beta, "axis": axis},
        [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]],
        [[0.9, 0.8, 0.1], [0.3, 0.3, 0.1]],
    )
    for alpha, beta, axis in ((0.3, 0.8, None), (0.8, 0.3, -1), (0.1, 0.9, 1))
]


def run_metric(kind: str, config: dict[str, Any], updates: list[list[Any]]) -> list[float]:
    metric, results = getattr(keras.metrics, kind)(**config), []
    for update in updates:
        metric.update_state(*[np.array(part, "float32") for part in update])
        results.append(float(metric.result()))
    return results


def set_weights(layer: Any, seed: int) -> None:
    drawn = np.random.default_rng(seed)
    layer.set_weights([drawn.uniform(0.1, 1.0, w.shape).astype("float32") for w in layer.get_weights()])


def steps_in_time() -> dict[str, Any]:
    """TimeDistributed: statistics step by step, masks of the steps."""
    data = np.random.default_rng(3).normal(size=(3, 2, 4)).astype("float32")
    found: dict[str, Any] = {}
    for name, mask in (("plain", None), ("masked", np.array([[1, 0], [1, 1], [0, 1]], bool))):
        layer = keras.layers.TimeDistributed(keras.layers.BatchNormalization())
        output = layer(data, training=True, mask=mask)
        found[name] = {"output": np.asarray(output).tolist(), "weights": [w.tolist() for w in layer.get_weights()]}
    embedding = keras.layers.Embedding(5, 3, mask_zero=True)
    layer = keras.layers.TimeDistributed(keras.layers.LSTM(2))
    words = np.array([[[1, 0, 0], [2, 3, 0]]])
    layer(embedding(words))
    set_weights(embedding, 1)
    set_weights(layer, 2)
    found["lstm"] = np.asarray(layer(embedding(words))).tolist()
    return found


def two_axes() -> dict[str, Any]:
    layer = keras.layers.LayerNormalization(axis=(1, -1))
    data = np.random.default_rng(4).normal(size=(2, 2, 3, 4)).astype("float32")
    layer(data)
    set_weights(layer, 5)
    return {"shapes": [list(w.shape) for w in layer.weights], "output": np.asarray(layer(data)).tolist()}


def short_data() -> list[dict[str, Any]]:
    """Epochs of more steps than are left: they end early, and the next begins anew."""
    found = []
    for rows, steps in ((5, 2), (4, 2), (3, 4)):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        set_weights(model, 6)
        model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mse"])
        drawn = np.random.default_rng(7)
        x, y = drawn.normal(size=(rows, 2)).astype("float32"), drawn.normal(size=(rows, 1)).astype("float32")
        history = model.fit(
            x, y, batch_size=1, epochs=4, steps_per_epoch=steps, shuffle=False, verbose=0, validation_data=(x, y)
        ).history
        found.append({"rows": rows, "steps": steps, "keys": list(history), "loss": history["loss"]})
    return found


def gathered_gradients() -> list[dict[str, Any]]:
    """A schedule counts the steps that only gather gradients."""
    found = []
    for steps in (2, 3):
        schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
        optimizer = keras.optimizers.SGD(schedule, gradient_accumulation_steps=steps)
        variable, values, rates = keras.Variable([1.0, 2.0]), [], []
        for number in range(7):
            optimizer.apply([keras.ops.array([1.0, -2.0 + number])], [variable])
            values.append(np.asarray(variable).tolist())
            rates.append(float(optimizer.learning_rate))
        found.append({"steps": steps, "values": values, "rates": rates})
    return found


def configurations() -> dict[str, Any]:
    """What Keras writes of objects with options that other versions do not have."""
    layers = keras.layers
    source = keras.Input((4,), name="source")
    shared = layers.Dense(4, name="shared")
    model = keras.Model(source, {"out": layers.Add(name="add")([shared(shared(source)), source])}, name="graph")
    objects = {
        "dense": layers.Dense(3, name="a"), "embedding": layers.Embedding(3, 2, name="b"),
        "conv": layers.Conv2D(2, 3, name="c"), "input": layers.InputLayer(shape=(3,), name="d"),
        "batch_norm": layers.BatchNormalization(name="e"), "layer_norm": layers.LayerNormalization(name="f"),
        "words": layers.StringLookup(vocabulary=["a", "b"], name="g"),
        "spatial": layers.SpatialDropout1D(0.2, name="h"),
        "spatial_2d": layers.SpatialDropout2D(0.2, name="i"), "padding": layers.ZeroPadding1D(2, name="j"),
        "cropping": layers.Cropping1D((1, 2), name="k"), "bins": layers.Discretization([0.0, 1.0], name="l"),
        "auc": keras.metrics.AUC(name="m"), "initializer": keras.initializers.GlorotUniform(3), "model": model,
        "sequential": keras.Sequential([keras.Input((4,), name="n"), layers.Dense(2, name="o")], name="p"),
    }  # fmt: skip
    return {name: keras.saving.serialize_keras_object(value) for name, value in objects.items()}


contents = {
    "meta": store.metadata("keras_corners"),
    "metrics": [{"class": c, "config": g, "updates": u, "results": run_metric(c, g, u)} for c, g, u in METRICS],
    "tversky": [
        {"config": config, "y_true": y, "y_pred": p, "loss": np.asarray(
            keras.losses.Tversky(**config, reduction="none")(np.array(y, "float32"), np.array(p, "float32"))).tolist()}
        for config, y, p in TVERSKY
    ],
    "steps_in_time": steps_in_time(),
    "two_axes": two_axes(),
    "short_data": short_data(),
    "gathered_gradients": gathered_gradients(),
    "configurations": configurations(),
}  # fmt: skip
path = store.GOLDEN_DIR / "keras_corners.json"
path.write_text(json.dumps(contents) + "\n", encoding="utf-8")
print(f"{path.name}: {path.stat().st_size / 1024:.0f} kB")
