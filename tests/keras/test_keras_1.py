"""What programs of Keras 1 and the first Keras 2 say, and what is meant by it today."""

import numpy as np
import pytest

from weft import keras
from weft.compat.modules import resolve
from weft.keras import backend as K
from weft.keras import layers

A, B = np.array([[1.0, 5.0], [3.0, 4.0]], "float32"), np.array([[2.0, 3.0], [0.0, 4.0]], "float32")
MERGED = {
    "sum": A + B, "mul": A * B, "ave": (A + B) / 2, "max": np.maximum(A, B), "concat": np.concatenate([A, B], 1),
    "dot": (A * B).sum(1, keepdims=True),
    "cos": ((A * B).sum(1) / np.linalg.norm(A, axis=1) / np.linalg.norm(B, axis=1))[:, None],
}  # fmt: skip


@pytest.mark.parametrize("mode", MERGED)
def test_merge_by_mode(mode):
    merge = resolve("keras", "layers.merge")
    a, b = keras.Input((2,)), keras.Input((2,))
    model = keras.Model([a, b], [merge([a, b], mode=mode, name="merged"), layers.Merge(mode=mode)([a, b])])
    for found in model.predict([A, B], verbose=0):
        np.testing.assert_allclose(found, MERGED[mode], rtol=1e-6)
    assert model.get_layer("merged").output.shape[1:] == MERGED[mode].shape[1:]
    assert merge.concatenate is layers.concatenate  # the same name is a module in Keras 2


def test_merge_by_a_function():
    found = layers.Merge(mode=lambda both, by: both[0] - both[1] * by, arguments={"by": 2.0})([A, B])
    np.testing.assert_array_equal(found, A - 2 * B)
    with pytest.raises(ValueError, match="no mode 'su'. Did you mean `sum`"):
        layers.Merge(mode="su")


def test_models_side_by_side_in_a_sequential_model():
    left = keras.Sequential([layers.Dense(3, input_dim=2)])
    right = keras.Sequential([layers.Dense(4, input_dim=2), layers.Activation("tanh")])
    model = keras.Sequential()
    model.add(layers.Merge([left, right], mode="concat", concat_axis=1))
    model.add(layers.Dense(1))
    assert model.output_shape == (None, 1) and model.count_params() == 9 + 12 + 8
    assert len(model.trainable_weights) == 6
    model.compile("sgd", "mse")
    before = left.get_weights()[0]
    losses = model.fit([A, B], np.ones((2, 1)), epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0] and not np.array_equal(before, left.get_weights()[0])
    joined = np.concatenate([left.predict(A, verbose=0), right.predict(B, verbose=0)], 1)
    kernel, bias = model.layers[-1].get_weights()
    np.testing.assert_allclose(model.predict([A, B], verbose=0), joined @ kernel + bias, rtol=1e-5)


def test_subclasses_of_merge():
    base = resolve("keras", "layers.merge")._Merge

    class Between(base):
        def _merge_function(self, inputs):
            return 0.25 * inputs[0] + 0.75 * inputs[1]

    np.testing.assert_allclose(Between()([A, B]), 0.25 * A + 0.75 * B)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (lambda: layers.LSTM(output_dim=3, inner_activation="sigmoid"), ("units", 3)),
        (lambda: layers.GRU(output_dim=3, dropout_W=0.25), ("dropout", 0.25)),
        (lambda: layers.GaussianNoise(sigma=0.5), ("stddev", 0.5)),
        (lambda: layers.UpSampling1D(length=3), ("size", 3)),
        (lambda: layers.BatchNormalization(mode=0, axis=1), ("axis", 1)),
        (lambda: keras.optimizers.rmsprop(lr=0.5), ("learning_rate", 0.5)),
        (lambda: keras.optimizers.adam(lr=0.5), ("learning_rate", 0.5)),
        (lambda: keras.constraints.maxnorm(m=3), ("max_value", 3)),
    ],
)
def test_old_spellings(old, new):
    assert old().get_config()[new[0]] == new[1]


def test_modes_of_batch_normalization_that_are_gone():
    with pytest.raises(ValueError, match="mode 1 is LayerNormalization"):
        layers.BatchNormalization(mode=1)


def test_functions_of_a_shape_begin_weights():
    old = resolve("keras", "initializations")

    def small(shape, name=None):
        return old.normal(shape, scale=0.01, name=name)

    kernel = layers.Dense(50, init=small, input_dim=40)
    keras.Sequential([kernel])
    assert kernel.kernel.dtype == "float32" and 0.008 < np.std(kernel.get_weights()[0]) < 0.012
    np.testing.assert_array_equal(old.identity((2, 2), scale=3), [[3, 0], [0, 3]])
    assert old.glorot_uniform((2, 3), name="w").shape == (2, 3) and old.get("he_normal") is not None
    drawn = old.orthogonal((3, 3))
    np.testing.assert_allclose(drawn @ np.transpose(drawn), 1.21 * np.eye(3), atol=1e-5)


def test_small_things():
    assert np.std(K.random_normal((400,), std=5.0)) > 4
    assert keras.utils.to_categorical([0, 1], nb_classes=3).shape == (2, 3)
    keras.callbacks.TensorBoard("logs", batch_size=3, embeddings_layer_names=None)
    with pytest.raises(TypeError, match="TensorBoard does not know the keyword `batchsize`. Did you mean `batch_size`"):
        keras.callbacks.TensorBoard("logs", batchsize=3)


def test_relu_with_alpha_and_models_of_configurations():
    np.testing.assert_allclose(keras.activations.relu(np.array([-1.0, 2.0]), alpha=0.1), [-0.1, 2.0])
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    again = keras.models.model_from_config({"class_name": "Sequential", "config": model.get_config()})
    assert again.output_shape == (None, 2)
    with pytest.raises(TypeError, match="not a list"):
        keras.models.model_from_config([])


def test_losses_by_the_names_of_keras_2():
    labels, found = np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[2.0, 0.0], [1.0, -1.0]])
    for name in ("cosine_proximity", "cosine"):
        np.testing.assert_allclose(keras.losses.get(name)(labels, found), [-1.0, 0.0], atol=1e-6)
