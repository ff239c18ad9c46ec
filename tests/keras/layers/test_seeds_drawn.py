"""How many seeds layers draw from Python's `random`: what is made after them begins as in Keras only if it fits.

The counts are Keras 3.15's.
"""

import random

import numpy as np
import pytest

from weft import keras
from weft.keras import layers

DRAWN = {
    "dense": (lambda: layers.Dense(2), 1),
    "dropout": (lambda: layers.Dropout(0.5), 1),
    "lstm": (lambda: layers.LSTM(3), 3),
    "lstm with dropout": (lambda: layers.LSTM(3, dropout=0.1), 3),
    "lstm with a seed": (lambda: layers.LSTM(3, seed=3), 2),
    "gru": (lambda: layers.GRU(3), 3),
    "simple": (lambda: layers.SimpleRNN(3), 3),
    "cell": (lambda: layers.GRUCell(3), 3),
    "stacked": (lambda: layers.RNN([layers.LSTMCell(2), layers.LSTMCell(2)]), 6),
    "both directions": (lambda: layers.Bidirectional(layers.LSTM(2)), 9),
    "convolutional": (lambda: layers.ConvLSTM2D(2, 3), 3),
    "attention": (lambda: layers.MultiHeadAttention(2, 3), 1),
    "crop": (lambda: layers.RandomCrop(2, 2), 2),
    "flip": (lambda: layers.RandomFlip(), 1),
    "weight": (lambda: layers.Layer().add_weight(shape=(2,), initializer="random_normal"), 1),
    "weight by default": (lambda: layers.Layer().add_weight(shape=(2,)), 1),
    "zeros": (lambda: layers.Layer().add_weight(shape=(2,), initializer="zeros"), 0),
}


@pytest.mark.parametrize("name", DRAWN)
def test_as_many_seeds_as_keras(name):
    make, count = DRAWN[name]
    random.seed(1)
    for _ in range(count):
        random.randint(1, int(1e9))
    wanted = random.getstate()
    random.seed(1)
    make()
    assert random.getstate() == wanted


def test_recurrent_layers_hold_their_generator():
    layer = layers.LSTM(3)
    layer(np.ones((1, 2, 2), "float32"))
    assert len(layer.variables) == 4 and len(layer.weights) == 3 and len(layer.non_trainable_variables) == 1


def test_a_network_with_a_layer_of_its_own_begins_as_in_keras():
    class Own(layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(shape[-1], 4), initializer="glorot_uniform", name="w")

        def call(self, x):
            return keras.ops.matmul(x, self.w)

    keras.utils.set_random_seed(1)
    own = Own()
    inputs = keras.Input((3,))
    hidden = own(inputs)
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    first, second, _ = (np.ravel(weight)[:2] for weight in model.get_weights())
    np.testing.assert_allclose(first, [-0.4462, 0.6711], atol=1e-4)
    np.testing.assert_allclose(second, [0.1999, -0.2140], atol=1e-4)
