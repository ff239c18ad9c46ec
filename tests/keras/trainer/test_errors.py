"""What `compile`, `fit`, `evaluate` and `predict` say about wrong input."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras.losses import crossentropy

X = np.random.default_rng(0).random((40, 4)).astype("float32")
Y = np.arange(40) % 3


def classifier() -> Any:
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(5, name="hidden"), keras.layers.Dense(3, activation="softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def message(kind: type[BaseException], call: Callable[[], Any]) -> str:
    """The message, checked for the user's own line and a short traceback."""
    with pytest.raises(kind) as caught:
        call()
    assert "test_errors.py" in str(caught.value)
    frames = [frame for frame in traceback.extract_tb(caught.value.__traceback__) if "/weft/" in frame.filename]
    assert len(frames) <= 3, frames
    return str(caught.value) + "\n".join(getattr(caught.value, "__notes__", ()))


def test_label_out_of_range() -> None:
    labels = Y.copy()
    labels[7] = 11
    text = message(ValueError, lambda: classifier().fit(X, labels, shuffle=False, verbose=0))
    assert "label 11 in row 7" in text and "from 0 to 2" in text
    text = message(ValueError, lambda: classifier().fit(X, labels, verbose=0))
    assert "label 11" in text and "is sample 7 of the data" in text


def test_no_weight_changes_in_a_step_that_fails() -> None:
    model, labels = classifier(), Y.copy()
    labels[0] = -1
    before = model.get_weights()
    with pytest.raises(ValueError):
        model.fit(X, labels, shuffle=False, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_lengths_differ() -> None:
    text = message(ValueError, lambda: classifier().fit(X, Y[:30]))
    assert "x: 40 samples" in text and "y: 30 samples" in text


@pytest.mark.parametrize("kind,options,near", [
    ("optimizer", {"optimizer": "adm"}, "`adam`"),
    ("loss", {"loss": "mean_square_error"}, "`mean_squared_error`"),
    ("metric", {"metrics": ["acuracy"]}, "`accuracy`"),
])  # fmt: skip
def test_unknown_names(kind: str, options: dict[str, Any], near: str) -> None:
    text = message(ValueError, lambda: classifier().compile(**options))
    assert f"no {kind} named" in text and near in text


def test_unknown_keywords() -> None:
    assert "`optimizer`" in message(TypeError, lambda: classifier().compile(optimiser="adam"))
    assert "`epochs`" in message(TypeError, lambda: classifier().fit(X, Y, epoch=3))
    with pytest.raises(TypeError, match="Did you mean `learning_rate`"):
        keras.optimizers.Adam(learning_rte=0.1)


def test_empty_data() -> None:
    assert "empty" in message(ValueError, lambda: classifier().fit(X[:0], Y[:0]))
    assert "no batch" in message(ValueError, lambda: classifier().fit(iter(()), verbose=0))


def test_fit_before_compile() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    assert "has not been compiled" in message(ValueError, lambda: model.fit(X, Y))


def test_predict_on_strings() -> None:
    text = message(TypeError, lambda: classifier().predict(np.array([["a", "b", "c", "d"]])))
    assert "strings" in text and "float32" in text


def test_wrong_size_and_rank() -> None:
    text = message(ValueError, lambda: classifier().predict(np.zeros((3, 5))))
    assert "axis 1 has size 5, expected 4" in text
    assert "3 axes, expected 2" in message(ValueError, lambda: classifier().predict(np.zeros((3, 5, 4))))


def test_no_labels() -> None:
    assert "no labels" in message(ValueError, lambda: classifier().fit(X, verbose=0))


def test_a_single_number_as_data() -> None:
    assert "x=[3.0]" in message(ValueError, lambda: classifier().predict(3.0))


def test_ragged_lists() -> None:
    assert "no rectangular shape" in message(ValueError, lambda: classifier().fit([[1.0, 2.0], [3.0]], [0, 1]))


def two_outputs() -> Any:
    features = keras.Input((4,))
    return keras.Model(
        features, [keras.layers.Dense(1, name="size")(features), keras.layers.Dense(1, name="kind")(features)]
    )


@pytest.mark.parametrize("third", [["accuracy"], "accuracy", {"size": "mae"}, [keras.metrics.MeanSquaredError()]])
@pytest.mark.parametrize("loss", ["mse", None])
def test_metrics_in_the_place_of_loss_weights(third: Any, loss: Any) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    text = message(ValueError, lambda: model.compile("sgd", loss, third))
    assert f"loss_weights={third!r}" in text and f"metrics={third!r}" in text


@pytest.mark.parametrize("third", [0.5, 2, [0.5], (np.float32(0.5),), {"output": 0.5}, [None]])
def test_loss_weights_that_are_numbers(third: Any) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", third)
    model.train_on_batch(X, np.ones((40, 1), "float32"))


def test_losses_and_outputs_differ_in_number() -> None:
    model = two_outputs()
    model.compile("sgd", ["mse"])
    text = message(ValueError, lambda: model.fit(X, [Y, Y], verbose=0))
    assert "1 losses for 2 outputs" in text and "`size`, `kind`" in text
    model.compile("sgd", {"size": "mse", "knd": "mse"})
    assert "`kind`" in message(ValueError, lambda: model.fit(X, [Y, Y], verbose=0))
    model.compile("sgd", "mse")
    assert "`y` has 1 part" in message(ValueError, lambda: model.fit(X, Y, verbose=0))


def test_labels_and_predictions_of_different_shape() -> None:
    model = classifier()
    model.compile("sgd", "categorical_crossentropy")
    text = message(ValueError, lambda: model.fit(X, Y, verbose=0))
    assert "sparse_categorical_crossentropy" in text


def test_one_hot_labels_are_understood(caplog: pytest.LogCaptureFixture) -> None:
    crossentropy.forget_warnings()
    keras.utils.set_random_seed(1)
    model = classifier()
    found = model.fit(X, np.eye(3)[Y], verbose=0, shuffle=False, validation_data=(X, np.eye(3)[Y])).history
    assert [record.levelname for record in caplog.records if "one-hot" in record.getMessage()] == ["WARNING"]
    keras.utils.set_random_seed(1)
    model = classifier()
    wanted = model.fit(X, Y, verbose=0, shuffle=False, validation_data=(X, Y)).history
    for key, values in wanted.items():
        np.testing.assert_allclose(found[key], values, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8", "float32", "float64"])
def test_labels_of_any_number_type(dtype: str) -> None:
    assert np.isfinite(classifier().fit(X, Y.astype(dtype), verbose=0).history["loss"][0])


class Broken(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs / 0.0


def test_debug_nans_names_the_layer_and_the_step() -> None:
    keras.config.enable_debug_nans()
    try:
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(5), Broken(name="broken"), keras.layers.Dense(1)]
        )
        model.compile("sgd", "mse")
        assert "Step 1: " in (text := message(FloatingPointError, lambda: model.fit(X, Y, verbose=0)))
        assert "layer `broken` (Broken)" in text
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name="out")])
        model.compile(keras.optimizers.SGD(1e12), "mse")
        text = message(FloatingPointError, lambda: model.fit(X, Y, batch_size=8, epochs=5, verbose=0))
        assert "the loss" in text or "layer `out`" in text
        data = X.copy()
        data[3, 1] = np.nan
        assert "`x` holds 1 NaN" in message(FloatingPointError, lambda: model.fit(data, Y, verbose=0))
    finally:
        keras.config.disable_debug_nans()


def test_a_step_that_returns_no_dict() -> None:
    class Odd(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            return self.compute_loss(*data[:2], y_pred=self(data[0]))

    model = Odd([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert "must return a dict" in message(ValueError, lambda: model.fit(X, Y, verbose=0))


def test_validation_data_without_labels() -> None:
    text = message(ValueError, lambda: classifier().fit(X, Y, validation_data=X, verbose=0))
    assert "`validation_data` holds no labels" in text and "(40, 4)" in text and "(x_val, y_val)" in text


@pytest.mark.parametrize("epochs", [1.5, "3", None])
def test_epochs_that_are_no_number(epochs: Any) -> None:
    text = message(ValueError, lambda: classifier().fit(X, Y, epochs=epochs, verbose=0))
    assert "`epochs` must be a whole number" in text and repr(epochs) in text


def test_class_weights_in_a_list() -> None:
    text = message(ValueError, lambda: classifier().fit(X, Y, class_weight=[1.0, 2.0, 3.0], verbose=0))
    assert "must be a dict" in text and "dict(enumerate(weights))" in text


def test_evaluate_without_labels_after_training() -> None:
    model = classifier()
    model.fit(X, Y, verbose=0)
    text = message(ValueError, lambda: model.evaluate(X, verbose=0))
    assert "no labels" in text and "model.evaluate(x, y)" in text


def test_gradients_and_variables_the_wrong_way_round() -> None:
    pairs = [(tf.Variable(1.0), tf.constant(1.0))]
    text = message(TypeError, lambda: keras.optimizers.SGD().apply_gradients(pairs))
    assert "pairs of a gradient and its variable" in text and "zip(gradients, model.trainable_variables)" in text


def test_class_weights_beside_sample_weights() -> None:
    weights = {0: 1.0, 1: 2.0, 2: 3.0}
    for call in (
        lambda: classifier().fit(X, Y, class_weight=weights, sample_weight=np.ones(len(X)), verbose=0),
        lambda: classifier().fit(iter([(X, Y, np.ones(len(X)))]), class_weight=weights, verbose=0),
        lambda: classifier().train_on_batch(X, Y, class_weight=weights, sample_weight=np.ones(len(X))),
    ):
        assert "`class_weight` and `sample_weight` cannot be given together" in message(ValueError, call)


@pytest.mark.parametrize("verbose", ["loud", -1, 1.5, [1]])
def test_how_much_is_shown(verbose: Any) -> None:
    text = message(ValueError, lambda: classifier().fit(X, Y, verbose=verbose))
    assert "`verbose`" in text and repr(verbose) in text and "1 (a live bar)" in text


def test_only_the_epochs_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    classifier().fit(X, Y, epochs=2, verbose=3)
    assert capsys.readouterr().out == "Epoch 1/2\nEpoch 2/2\n"
    classifier().fit(X, Y, verbose=None)
    assert capsys.readouterr().out == ""


def test_a_loss_without_a_return_value() -> None:
    def forgetful(y_true: Any, y_pred: Any) -> None:
        tf.reduce_mean(y_pred)

    model = classifier()
    model.compile("sgd", forgetful)
    text = message(ValueError, lambda: model.fit(X, Y, verbose=0))
    assert "Loss `forgetful` returned None" in text and "return loss" in text


def test_losses_of_a_list_go_by_the_names_of_the_outputs() -> None:
    from weft.keras.trainer.compile_utils import CompileLoss, CompileMetrics

    loss = CompileLoss(loss=["mse", "mae"], output_names=["b", "a"])
    labels, outputs = {"a": np.zeros((3, 2)), "b": np.zeros((3, 2))}, {"a": np.full((3, 2), 2.0), "b": np.ones((3, 2))}
    assert float(loss(labels, outputs)) == 3.0  # the mean square of b, the mean of a
    metrics = CompileMetrics(metrics=["acc"], weighted_metrics=None)
    metrics.update_state(np.eye(2), np.eye(2))  # arrays, too
    assert float(metrics.result()["acc"]) == 1.0
    lost = CompileLoss(loss={"a": {"c": "mse"}, "b": {"d": "mae"}})
    nested = {"a": {"c": np.ones((3, 2))}, "b": np.ones((3, 2))}
    with pytest.raises(KeyError, match="can't be found in the model's output"):
        lost(nested, nested)
