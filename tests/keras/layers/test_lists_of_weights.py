"""The lists of weights that layers of Keras 1 and 2 keep by hand."""

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras import backend, layers


def _trained(layer):
    model = keras.Sequential([keras.Input((3,)), layer])
    model.compile("sgd", "mse")
    before = [np.copy(value) for value in model.get_weights()]
    model.fit(np.ones((4, 3)), np.zeros((4, 2)), verbose=0)
    return model, [not np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True)]


def test_what_a_layer_adds_to_its_lists_is_its_own():
    class Hidden(layers.Layer):
        def build(self, input_shape):
            kernels = [backend.variable(np.ones((3, 2))) for _ in range(2)]
            self._trainable_weights += kernels
            self._non_trainable_weights.append(scale := backend.variable(2.0))
            self.apply = lambda x: backend.dot(x, kernels[0] + kernels[1]) * scale

        def call(self, inputs):
            return self.apply(inputs)

    model, changed = _trained(Hidden())
    assert changed == [True, True, False]
    assert [len(model.layers[0]._trainable_variables), len(model.layers[0]._non_trainable_variables)] == [2, 1]


def test_lists_may_be_assigned():
    class Old(layers.Layer):
        def build(self, input_shape):
            self.kernel, self.bias = backend.variable(np.ones((3, 2))), backend.variable(np.zeros(2))
            self.trainable_weights = [self.kernel, self.bias]

        def call(self, inputs):
            return backend.dot(inputs, self.kernel) + self.bias

    model, changed = _trained(Old())
    assert changed == [True, True] and len(model.weights) == 2
    with pytest.raises(AttributeError, match="cannot be taken off"):
        model.layers[0].trainable_weights = []


def test_plain_variables_of_layers_go_to_old_files(tmp_path):
    class Scaled(layers.Layer):
        def build(self, input_shape):
            self.scale, self.shift = tf.Variable(tf.ones(3)), tf.Variable(tf.zeros(3))

        def call(self, inputs):
            return inputs * self.scale + self.shift

    model = keras.Sequential([keras.Input((3,)), Scaled()])
    model.layers[0].scale.assign([1.0, 2.0, 3.0])
    model.save(tmp_path / "m.h5")
    again = keras.models.load_model(tmp_path / "m.h5", custom_objects={"Scaled": Scaled})
    np.testing.assert_array_equal(again.predict(np.ones((1, 3)), verbose=0), [[1.0, 2.0, 3.0]])
