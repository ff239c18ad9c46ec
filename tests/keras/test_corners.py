"""Corners where a plausible reading of Keras gives other numbers, and Keras' own configurations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras

GOLDEN = json.loads((Path(__file__).resolve().parents[1] / "golden" / "keras_corners.json").read_text(encoding="utf-8"))


def set_weights(layer: Any, seed: int) -> None:
    drawn = np.random.default_rng(seed)
    layer.set_weights([drawn.uniform(0.1, 1.0, w.shape).astype("float32") for w in layer.get_weights()])


@pytest.mark.parametrize("case", GOLDEN["metrics"], ids=lambda case: f"{case['class']}-{case['config']}")
def test_metrics(case: dict[str, Any]) -> None:
    metric = getattr(keras.metrics, case["class"])(**case["config"])
    for update, wanted in zip(case["updates"], case["results"], strict=True):
        metric.update_state(*[np.array(part, "float32") for part in update])
        assert float(metric.result()) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("case", GOLDEN["tversky"], ids=lambda case: str(case["config"]))
def test_the_weights_of_tversky_are_keras(case: dict[str, Any]) -> None:
    found = keras.losses.Tversky(**case["config"], reduction="none")(case["y_true"], case["y_pred"])
    np.testing.assert_allclose(found, case["loss"], rtol=1e-5)


@pytest.mark.parametrize("name", ["plain", "masked"])
def test_statistics_of_steps_are_taken_step_by_step(name: str) -> None:
    data = np.random.default_rng(3).normal(size=(3, 2, 4)).astype("float32")
    mask = np.array([[1, 0], [1, 1], [0, 1]], bool) if name == "masked" else None
    layer = keras.layers.TimeDistributed(keras.layers.BatchNormalization())
    output = layer(data, training=True, mask=mask)
    wanted = GOLDEN["steps_in_time"][name]
    np.testing.assert_allclose(output, wanted["output"], rtol=1e-4, atol=1e-5)
    for found, value in zip(layer.get_weights(), wanted["weights"], strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-6)
    assert layer(data).shape == data.shape


@pytest.mark.parametrize("steps", ["eager", 2, None])
def test_steps_have_their_masks(steps: Any) -> None:
    embedding, layer = keras.layers.Embedding(5, 3, mask_zero=True), keras.layers.TimeDistributed(keras.layers.LSTM(2))
    words = np.array([[[1, 0, 0], [2, 3, 0]]])
    layer(embedding(words))
    set_weights(embedding, 1)
    set_weights(layer, 2)
    if steps == "eager":
        found = layer(embedding(words))
    else:
        source = keras.Input((steps, 3), dtype="int32")
        found = keras.Model(source, layer(embedding(source))).predict(words, verbose=0)
    np.testing.assert_allclose(found, GOLDEN["steps_in_time"]["lstm"], rtol=1e-5)


def test_a_mask_that_does_not_go_with_the_steps_is_refused() -> None:
    layer = keras.layers.TimeDistributed(keras.layers.LSTM(2))
    with pytest.raises(ValueError, match=r"TimeDistributed\): The `mask` passed"):
        layer(tf.ones((2, 3, 4, 5)), mask=tf.ones((2, 2, 4), dtype="bool"))


def test_weights_of_a_normalization_over_two_axes() -> None:
    layer = keras.layers.LayerNormalization(axis=(1, -1))
    data = np.random.default_rng(4).normal(size=(2, 2, 3, 4)).astype("float32")
    layer(data)
    set_weights(layer, 5)
    assert [list(w.shape) for w in layer.weights] == GOLDEN["two_axes"]["shapes"]
    np.testing.assert_allclose(layer(data), GOLDEN["two_axes"]["output"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", GOLDEN["short_data"], ids=lambda case: f"{case['rows']}-{case['steps']}")
def test_epochs_of_more_steps_than_are_left(case: dict[str, Any]) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    set_weights(model, 6)
    model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mse"])
    drawn = np.random.default_rng(7)
    x = drawn.normal(size=(case["rows"], 2)).astype("float32")
    y = drawn.normal(size=(case["rows"], 1)).astype("float32")
    history = model.fit(
        x, y, batch_size=1, epochs=4, steps_per_epoch=case["steps"], shuffle=False, verbose=0, validation_data=(x, y)
    ).history
    np.testing.assert_allclose(history["loss"], case["loss"], rtol=1e-4)
    assert list(history) == case["keys"]


@pytest.mark.parametrize("case", GOLDEN["gathered_gradients"], ids=lambda case: str(case["steps"]))
def test_schedules_count_the_steps_that_gather_gradients(case: dict[str, Any]) -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    optimizer = keras.optimizers.SGD(schedule, gradient_accumulation_steps=case["steps"])
    variable = keras.Variable([1.0, 2.0])
    for number, (value, rate) in enumerate(zip(case["values"], case["rates"], strict=True)):
        optimizer.apply([tf.constant([1.0, -2.0 + number])], [variable])
        np.testing.assert_allclose(variable, value, rtol=1e-5)
        assert float(optimizer.learning_rate) == pytest.approx(rate, rel=1e-5)


#: what Keras writes and Weft does not: options that ask for nothing, and what follows from others
ONLY_KERAS = {
    "quantization_config", "optional", "rms_scaling", "renorm", "renorm_clipping", "renorm_momentum", "input_axes",
    "output_axes", "oov_method", "vocabulary_size", "multi_label", "num_labels", "label_weights", "build_input_shape",
}  # fmt: skip


def plain(value: Any) -> Any:
    """A configuration without what Keras alone writes, and without what is None."""
    if isinstance(value, dict):
        if value.get("class_name") == "DTypePolicy":
            return value["config"]["name"]
        return {key: plain(v) for key, v in value.items() if key not in ONLY_KERAS and v is not None}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("name", GOLDEN["configurations"])
def test_configurations_of_keras_are_read_and_written(name: str) -> None:
    record = GOLDEN["configurations"][name]
    again = json.loads(json.dumps(keras.saving.serialize_keras_object(keras.saving.deserialize_keras_object(record))))
    wanted, found = plain(record), plain(again)
    for key in ("module", "class_name", "registered_name"):
        assert found.get(key) == wanted.get(key), key
    assert (found.get("build_config") or {}) == (wanted.get("build_config") or {})
    if name in ("model", "sequential"):
        names = [[layer["config"]["name"] for layer in part["config"].pop("layers")] for part in (wanted, found)]
        assert names[0] == names[1]
    differing = {key: (found["config"].get(key), value) for key, value in wanted["config"].items()
                 if found["config"].get(key) != value}  # fmt: skip
    assert not differing
    # What Keras' class would not know must not be written either.
    more = set(found["config"]) - set(wanted["config"])
    assert not more


def test_an_option_that_is_made_use_of_is_not_dropped() -> None:
    record = json.loads(json.dumps(GOLDEN["configurations"]["dense"]))
    record["config"]["quantization_config"] = {"mode": "int8"}
    with pytest.raises((TypeError, NotImplementedError), match="quantization_config"):
        keras.saving.deserialize_keras_object(record)


@pytest.mark.parametrize("layer", [
    lambda: keras.layers.Conv2D(2, 3), lambda: keras.layers.MaxPooling2D(3), lambda: keras.layers.DepthwiseConv2D(3),
    lambda: keras.layers.SeparableConv2D(2, (1, 3)), lambda: keras.layers.Conv2D(2, 2, dilation_rate=2),
])  # fmt: skip
def test_a_window_larger_than_the_image_is_refused(layer: Any) -> None:
    with pytest.raises(ValueError, match=r"(?s)window of 3 does not fit into axis \d.*shape \(None, 2, 2, 1\)"):
        layer()(keras.Input((2, 2, 1)))
    assert keras.layers.Conv1D(2, 5, padding="causal")(tf.ones((1, 2, 1))).shape == (1, 2, 2)


@pytest.mark.parametrize("metrics", [{"d": ["mae", "mse"]}, {"d": "mae"}, {"any": ["mae"]}])
def test_metrics_of_one_output_by_name(metrics: dict[str, Any]) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="d")])
    model.compile("sgd", {"d": "mse"}, loss_weights={"d": 2.0}, metrics=metrics, weighted_metrics={"d": ["mae"]})
    model.set_weights([np.array([[0.5], [0.2]]), np.array([0.1])])
    history = model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0).history
    assert history["loss"][0] == pytest.approx(0.08) and history["mae"][0] == pytest.approx(0.2)
    assert history["weighted_mae"][0] == pytest.approx(0.2)
    assert ("mse" in history) == (len(metrics.get("d", ())) == 2)


def test_a_loss_for_an_output_that_is_not_there_is_refused() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="d")])
    model.compile("sgd", {"e": "mse"})
    with pytest.raises(ValueError, match="Invalid `loss`: it names 'e', which is no output of the model"):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)


def test_a_dropout_of_everything() -> None:
    assert not np.any(keras.layers.Dropout(1.0)(tf.ones((3, 4)), training=True))


def test_a_keyword_of_backend_function_is_not_ignored() -> None:
    source = keras.Input((2,))
    with pytest.raises(TypeError, match="feed_dict"):
        keras.backend.function([source], [source * 2.0], feed_dict={})


def test_time_first_is_refused_and_not_ignored() -> None:
    with pytest.raises(ValueError, match=r"time_major=True is not supported"):
        keras.layers.LSTM(2, time_major=True)
    keras.layers.LSTM(2, time_major=False)
