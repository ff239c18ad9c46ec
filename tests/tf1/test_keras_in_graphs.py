"""Keras in graphs of TensorFlow 1: layers on placeholders, models in sessions, `fit` beside both."""

from __future__ import annotations

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft import keras
from weft.keras import backend as K

_RANDOM = np.random.RandomState(0)
X = _RANDOM.randn(32, 4).astype(np.float32)
Y = X.sum(1, keepdims=True)


def _two_layers():
    return keras.Sequential([
        keras.layers.Dense(8, activation="relu", input_shape=(4,), name="first"),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.Dropout(0.5, name="drop"),
        keras.layers.Dense(1, name="last"),
    ])  # fmt: skip


def test_layers_on_placeholders_train_and_are_saved(tmp_path):
    keras.utils.set_random_seed(0)
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.float32, [None, 1])
        hidden = keras.layers.Dense(8, activation="relu", name="a")
        loss = tf.reduce_mean(tf.square(keras.layers.Dense(1, name="b")(hidden(x)) - y))
        step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        names = ["a/kernel:0", "a/bias:0", "b/kernel:0", "b/bias:0"]  # as TensorFlow 1.15 has them
        assert [v.name for v in tf.global_variables()] == [v.name for v in tf.trainable_variables()] == names
        assert tf.trainable_variables()[0] is hidden.kernel
        session.run(tf.global_variables_initializer())
        first = session.run(hidden.kernel)
        for _ in range(60):
            _, found = session.run([step, loss], {x: X, y: Y})
        assert found < 0.1
        saver = tf.train.Saver()
        path = saver.save(session, str(tmp_path / "model"))
        assert sorted(name for name, _ in tf.train.list_variables(path)) == sorted(name[:-2] for name in names)
        trained = session.run(hidden.kernel)
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(hidden.kernel), first)
        saver.restore(session, path)
        np.testing.assert_array_equal(session.run(hidden.kernel), trained)


def test_scopes_are_part_of_names():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 4])
        with tf.variable_scope("outer"):
            layer = keras.layers.Dense(2, name="dense")
            layer(x)
        rnn = keras.layers.LSTM(3, name="lstm")
        rnn(tf.placeholder(tf.float32, [None, 5, 4]))
        _two_layers()
        assert [v.name for v in layer.weights] == ["outer/dense/kernel:0", "outer/dense/bias:0"]
        assert [v.name for v in rnn.weights] == ["lstm/kernel:0", "lstm/recurrent_kernel:0", "lstm/bias:0"]
        assert "first/kernel:0" in [v.name for v in tf.global_variables()]


def test_a_fitted_model_in_a_session():
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        model = _two_layers()
        model.compile(tf.train.AdamOptimizer(0.05), "mse", metrics=["mae"])
        history = model.fit(X, Y, epochs=30, verbose=0).history
        assert set(history) == {"loss", "mean_absolute_error"}
        assert history["loss"][-1] < history["loss"][0] / 2
        expected = model.predict(X, verbose=0)
        session = K.get_session()
        assert session is K.get_session()
        np.testing.assert_allclose(session.run(model.output, {model.input: X}), expected, atol=1e-6)
        again = tf.placeholder(tf.float32, [None, 4])
        np.testing.assert_allclose(session.run(model(again), {again: X}), expected, atol=1e-6)
        trains = session.run(model.output, {model.input: X, K.learning_phase(): 1})
        assert np.abs(trains - expected).max() > 1e-3
        weights = model.get_weights()
        model.set_weights([value * 0 for value in weights])
        assert not session.run(model.layers[0].kernel).any()
        K.set_value(model.layers[0].bias, np.ones(8))
        np.testing.assert_array_equal(K.get_value(model.layers[0].bias), np.ones(8))


def test_the_seed_of_the_graph_governs_first_values():
    def kernel():
        with tf.Graph().as_default():
            tf.set_random_seed(7)
            return _two_layers().get_weights()[0]

    np.testing.assert_array_equal(kernel(), kernel())


def test_a_models_tensors_in_a_loss_of_the_graph():
    with tf.Graph().as_default(), tf.Session() as session:
        model = _two_layers()
        labels = tf.placeholder(tf.float32, [None, 1])
        loss = tf.reduce_mean(tf.square(model.output - labels))
        step = tf.train.AdamOptimizer(0.05).minimize(loss)
        session.run(tf.global_variables_initializer())
        fed = {model.input: X, labels: Y}
        before = session.run(loss, fed)
        train = K.function([model.input, labels, K.learning_phase()], [loss], updates=[step])
        for _ in range(60):
            train([X, Y, 0])
        assert session.run(loss, fed) < before / 4
        (gradient,) = K.gradients(loss, [model.input])
        assert K.function([model.input, labels], [gradient])([X, Y])[0].shape == X.shape
        assert len(K.gradients(loss, model.trainable_weights)) == 6


def test_placeholders_and_updates():
    with tf.Graph().as_default(), tf.Session() as session:
        x = K.placeholder((None, 3))
        np.testing.assert_array_equal(K.function([x], [K.square(x)])([np.full((2, 3), 3.0)])[0], np.full((2, 3), 9.0))
        norm = keras.layers.BatchNormalization(momentum=0.9)
        given, trains = tf.placeholder(tf.float32, [None, 3]), tf.placeholder_with_default(False, ())
        norm(given, training=True)
        session.run(tf.global_variables_initializer())
        assert len(norm.updates) == 2
        np.testing.assert_array_equal(session.run(norm.moving_mean), np.zeros(3))
        session.run(norm.updates, {given: np.ones((4, 3))})
        np.testing.assert_allclose(session.run(norm.moving_mean), np.full(3, 0.1), rtol=1e-6)
        both = norm(given, training=trains)
        np.testing.assert_allclose(session.run(both, {given: np.ones((2, 3)), trains: True}), np.zeros((2, 3)))


def test_datasets_of_constants_in_fit():
    with tf.Graph().as_default():
        model = keras.Sequential([keras.layers.Dense(1, input_shape=(4,))])
        model.compile("sgd", "mse")
        data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8).repeat()
        losses = model.fit(data, epochs=4, steps_per_epoch=4, verbose=0).history["loss"]
        assert losses[-1] < losses[0]


def test_operations_of_layers_have_the_names_of_tensorflow():
    with tf.Graph().as_default():
        x, image = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.float32, [None, 6, 6, 2])
        layers = keras.layers
        found = [
            layers.Dense(3, name="a")(x), layers.Dense(3, activation="softmax", name="b")(x),
            layers.Conv2D(2, 3, activation="relu", name="c")(image), layers.MaxPooling2D(name="d")(image),
            layers.Flatten(name="e")(image), layers.BatchNormalization(name="f")(x), layers.Dropout(0.5, name="g")(x),
            layers.Lambda(lambda value: value * 2.0, name="h")(x),
            layers.TimeDistributed(layers.Flatten(), name="i")(image),
        ]  # fmt: skip
        assert [one.name for one in found[:8]] == [
            "a/BiasAdd:0", "b/Softmax:0", "c/Relu:0", "d/MaxPool:0", "e/Reshape:0", "f/cond/Merge:0", "g/cond/Merge:0",
            "h/mul:0",
        ]  # fmt: skip
        assert "cond" not in found[8].name  # what is the same in training and inference is computed once


def test_tensors_of_a_model_know_their_operations():
    K.clear_session()  # names are numbered anew
    with tf.Graph().as_default() as graph:
        model = _two_layers()
        with tf.name_scope("somewhere"):
            assert [one.op.name for one in model.outputs] == ["last/BiasAdd"]
        assert model.input.name == "first_input:0" and model.output.graph is graph
        assert model.get_layer("first").output.name == "first/Relu:0"
        assert str(model.output) == 'Tensor("last/BiasAdd:0", shape=(?, 1), dtype=float32)'
        assert [keras.Input((2,)).name for _ in range(2)] == ["input_1:0", "input_2:0"]
        assert graph.get_tensor_by_name("norm/cond/Merge:0") is not None


@pytest.mark.parametrize("phase", [None, 0])
def test_a_model_becomes_a_graph_of_constants(phase):
    with tf.Graph().as_default() as graph:
        if phase is not None:
            K.set_learning_phase(phase)
        try:
            model = _two_layers()
            session = K.get_session()
            session.run(tf.global_variables_initializer())
            expected = session.run(model.output, {model.input: X})
            outputs = [one.op.name for one in model.outputs]
            frozen = tf.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), outputs)
        finally:
            K.clear_session()
    kinds = {node.op for node in frozen.node}
    assert not kinds & {"VariableV2", "Assign", "RefSwitch", "If"} and ("RandomUniform" in kinds) == (phase is None)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(frozen, name="")
        np.testing.assert_allclose(session.run("last/BiasAdd:0", {"first_input:0": X}), expected, atol=1e-6)


def test_each_graph_numbers_layers_and_models_anew():
    def names():
        with tf.Graph().as_default():
            x = tf.keras.Input((3,))
            layer, other = tf.keras.layers.Dense(2), tf.keras.layers.Dense(2)
            tf.keras.Sequential([tf.keras.layers.Dense(2, input_shape=(3,))])
            model = tf.keras.Model(x, layer(x))
            return layer.name, other.name, model.name, [v.name for v in model.weights]

    assert names() == names() == ("dense", "dense_1", "model", ["dense/kernel:0", "dense/bias:0"])
