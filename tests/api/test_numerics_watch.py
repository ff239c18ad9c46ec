"""`tf.debugging.enable_check_numerics` in traced functions, their branches and loops, gradients, pipelines and fit."""

import numpy as np
import pytest

import weft as tf
from weft import keras


@pytest.fixture(autouse=True)
def watched():
    tf.debugging.enable_check_numerics()
    yield
    tf.debugging.disable_check_numerics()


@tf.function
def plain(x):
    return tf.sqrt(x)


@tf.function
def loop(x):
    for i in tf.range(2):
        x = x / tf.cast(i, tf.float32)
    return x


@tf.function
def branch(x):
    if x > 0.0:
        y = x
    else:
        y = tf.math.log(x)
    return y


@tf.function
def gradient(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.sqrt(x + 1.0)
    return tape.gradient(y, x)


@pytest.mark.parametrize(("function", "op"), [
    (plain, "sqrt"), (loop, "divide"), (branch, "log"), (gradient, "divide|reciprocal"),
])  # fmt: skip
def test_the_op_and_its_line_are_named(function, op):
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"({op}) at test_numerics_watch\.py:\d+") as caught:
        function(tf.constant(-1.0))
    assert "NaN" in str(caught.value) or "Inf" in str(caught.value)


def test_what_only_hands_on_is_not_looked_at():
    @tf.function
    def f(x):
        return tf.reshape(tf.concat([x, tf.constant([np.inf])], 0), [-1, 1])

    assert f(tf.constant([1.0])).numpy().tolist() == [[1.0], [np.inf]]


def test_functions_keep_their_checks_and_others_have_none():
    @tf.function
    def during(x):
        return tf.math.log(x)

    assert float(during(tf.constant(1.0))) == 0.0
    tf.debugging.disable_check_numerics()

    @tf.function
    def afterwards(x):
        return tf.math.log(x)

    assert np.isnan(afterwards(tf.constant(-1.0)))
    with pytest.raises(tf.errors.InvalidArgumentError):
        during(tf.constant(-1.0))


def test_pipelines_and_training():
    with pytest.raises(tf.errors.InvalidArgumentError, match="sqrt"):
        list(tf.data.Dataset.from_tensor_slices([1.0, -1.0]).map(tf.sqrt))
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.Lambda(lambda x: tf.math.log(x - 100.0))])
    model.compile("sgd", "mse")
    with pytest.raises(tf.errors.InvalidArgumentError, match="log at"):
        model.fit(np.ones((4, 2), np.float32), np.ones((4, 3), np.float32), verbose=0)


def test_training_that_is_sound_goes_on():
    model = keras.Sequential([
        keras.layers.Conv2D(2, 3), keras.layers.BatchNormalization(), keras.layers.MaxPooling2D(),
        keras.layers.Flatten(), keras.layers.Dropout(0.2), keras.layers.Dense(2, activation="softmax"),
    ])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(np.ones((4, 8, 8, 1), np.float32), np.ones(4, np.int32), verbose=0)
    assert np.isfinite(history.history["loss"]).all()
