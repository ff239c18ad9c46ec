"""What users get wrong most often, and what they are told: shapes, labels, outputs, data that ends, weights, files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras import layers

X = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
Y = np.arange(12) % 3


def network(units: int = 3, activation: Any = "softmax", loss: Any = "sparse_categorical_crossentropy") -> Any:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(units, activation=activation, name="out")])
    model.compile("sgd", loss)
    return model


def two_outputs(**how: Any) -> Any:
    features = keras.Input((4,))
    model = keras.Model(features, [layers.Dense(1, name="size")(features), layers.Dense(1, name="kind")(features)])
    model.compile("sgd", "mse", **how)
    return model


def dense_again() -> None:
    layer = layers.Dense(3, name="last")
    layer(np.ones((2, 4)))
    layer(np.ones((2, 5)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (dense_again, ["`last` (Dense)", "axis 1 has size 5, expected 4", "(2, 5)", "first axis is the batch"]),
        (lambda: layers.Conv2D(3, 3, name="c")(np.ones((5, 5, 3))),
         ["`c` (Conv2D)", "3 axes", "takes 4", "[..., None]"]),
        (lambda: layers.LSTM(3, name="l")(np.ones((2, 3))), ["`l` (LSTM)", "2 axes", "takes 3", "expand_dims"]),
        (lambda: layers.Concatenate(name="cat")([np.ones((2, 3, 4)), np.ones((2, 4, 5))]),
         ["`cat`", "a Concatenate layer", "sizes 3 and 4", "(2, 3, 4)", "(2, 4, 5)"]),
        (lambda: layers.Add(name="a")([np.ones((2, 3)), np.ones((2, 4))]), ["`a` (Add)", "sizes 3 and 4", "Dense"]),
        (lambda: layers.Reshape((5,), name="r")(np.ones((2, 4))), ["`r` (Reshape)", "4 values", "5 values"]),
        (lambda: network().predict(X[:, :3], verbose=0), ["axis 1 has size 3, expected 4"]),
        (lambda: two_outputs().predict([X, X], verbose=0), ["expects 1 input, received 2"]),
    ],
)  # fmt: skip
def test_shapes_name_the_layer_both_shapes_and_what_to_do(call: Callable[[], Any], words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert all(word in str(caught.value) for word in [*words, "test_bad_inputs.py"]), caught.value


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: network(loss="categorical_crossentropy").fit(X, Y, verbose=0),
         ["differ in shape", "(None, 3)", "sparse_categorical_crossentropy", "to_categorical"]),
        (lambda: network(loss="categorical_crossentropy").fit(X, np.eye(4)[Y], verbose=0),
         ["differ in shape", "(None, 4)", "(None, 3)", "as many units"]),
        (lambda: network(3, None, "mse").fit(X, np.zeros((12, 2)), verbose=0),
         ["differ in shape", "y_true (None, 2)", "y_pred (None, 3)", "as many units"]),
        (lambda: network().fit(X, Y + 1, shuffle=False, verbose=0), ["label 3 in row 2", "from 0 to 2"]),
    ],
)  # fmt: skip
def test_labels_and_predictions_that_do_not_belong_together(call: Callable[[], Any], words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert all(word in str(caught.value) for word in [*words, "test_bad_inputs.py"]), caught.value


@pytest.mark.parametrize("how", [{"run_eagerly": True}, {}, {"jit_compile": True}])
def test_a_bad_label_is_told_alike_however_the_model_runs(how: dict[str, Any]) -> None:
    model = network()
    model.compile("sgd", "sparse_categorical_crossentropy", **how)
    before = model.get_weights()
    with pytest.raises(ValueError, match="label 7 in row 1") as caught:
        model.train_on_batch(X, np.array([0, 7, *Y[2:]]))
    assert "from 0 to 2" in str(caught.value)
    for old, new in zip(before, model.get_weights()):
        np.testing.assert_array_equal(old, new)


def test_a_column_against_a_vector_is_no_square() -> None:
    vector, column = np.arange(3.0), np.arange(3.0)[:, None]
    for loss in (keras.losses.MeanSquaredError(), keras.losses.Huber(), keras.losses.LogCosh()):
        assert float(loss(vector, column)) == 0.0 and float(loss(column, vector)) == 0.0
    assert float(keras.metrics.MeanAbsoluteError()(vector, column)) == 0.0
    model = network(1, None, "mse")
    assert model.evaluate(X, Y * 1.0, verbose=0) == pytest.approx(model.evaluate(X, Y[:, None] * 1.0, verbose=0))


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"metrics": [["mae"], ["mae"], ["mae"]]}, ["`metrics` has 3 entries for 2 outputs", "`size`, `kind`"]),
        ({"metrics": {"siez": "mae"}}, ["names 'siez'", "Did you mean `size`"]),
        ({"loss_weights": {"siez": 1.0}}, ["names 'siez'", "Did you mean `size`"]),
    ],
)
def test_numbers_and_names_of_outputs(how: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        two_outputs(**how).fit(X, [Y, Y], verbose=0)
    assert all(word in str(caught.value) for word in words), caught.value


def test_data_that_ends_too_early_says_how_many_were_needed_and_seen(caplog: pytest.LogCaptureFixture) -> None:
    def three() -> Iterator[Any]:
        for _ in range(3):
            yield X[:4], Y[:4]

    history = network().fit(three(), steps_per_epoch=5, epochs=2, verbose=0)
    assert "takes 5 batches, there were 3" in caplog.text
    assert len(history.history["loss"]) == 2  # the second epoch has the batches that Keras looks at beforehand


def test_weights_before_there_are_any() -> None:
    model = keras.Sequential([layers.Dense(3)])
    with pytest.raises(ValueError, match="not built") as caught:
        model.count_params()
    assert "build" in str(caught.value)
    with pytest.raises(ValueError, match="not yet been built"):
        model.save_weights("unused.weights.h5")
    with pytest.raises(ValueError, match="not built yet"):
        layers.Dense(3).set_weights([np.ones((4, 3))])
    with pytest.raises(ValueError, match="has 2 weights, received 1"):
        network().set_weights([np.ones((4, 3))])
    with pytest.raises(ValueError, match=r"(?s)kernel.*\(4, 3\).*\(4, 2\)"):
        network().set_weights([np.ones((4, 2)), np.ones(3)])


class Odd(layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs


def test_a_file_with_a_layer_that_is_not_known(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((4,)), Odd()]).save(tmp_path / "odd.keras")
    with pytest.raises(ValueError, match="'Odd' that is not known") as caught:
        keras.models.load_model(tmp_path / "odd.keras")
    assert "custom_objects={'Odd': Odd}" in str(caught.value)
    assert keras.models.load_model(tmp_path / "odd.keras", custom_objects={"Odd": Odd}).input_shape == (None, 4)


def test_no_gradient_names_what_cut_the_path() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, name="d"), layers.Lambda(tf.stop_gradient)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="No gradients provided for any variable: `.*d/kernel`") as caught:
        model.fit(X, Y, verbose=0)
    assert "next:" in str(caught.value)


def test_compile_is_missing_and_losses_that_are_none() -> None:
    with pytest.raises(ValueError, match="has not been compiled"):
        keras.Sequential([keras.Input((4,)), layers.Dense(1)]).evaluate(X, Y)
    with pytest.raises(ValueError, match="mean_squared_error"):
        network(loss="mean_square_error")
    with pytest.raises(TypeError, match="3 is no loss"):
        network(loss=3)


@pytest.mark.parametrize("metric", ["AUC", "Precision", "TruePositives"])
def test_class_numbers_for_a_metric_that_counts_answers(metric):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[metric])
    with pytest.raises(ValueError, match=r"labels of the predictions' shape(.|\n)*to_categorical\(y, 3\)"):
        model.fit(np.ones((6, 4)), np.arange(6) % 3, verbose=0)
