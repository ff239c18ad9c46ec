"""compute_output_shape of users' classes."""

import numpy as np
import pytest

from weft import keras
from weft.keras import layers


class _WithTable(layers.Embedding):
    def compute_output_shape(self, input_shape):
        return [super().compute_output_shape(input_shape), (self.input_dim, self.output_dim)]

    def call(self, inputs):
        return [super().call(inputs), self.embeddings + 0.0]


def test_super_means_the_layer_beneath_though_its_call_was_replaced():
    rows, table = _WithTable(20, 7)(keras.Input((None,)))
    assert rows.shape == (None, None, 7) and table.shape == (20, 7)


def test_super_of_a_plain_layer_follows_the_class_own_call():
    class Doubled(layers.Layer):
        def compute_output_shape(self, input_shape):
            return super().compute_output_shape(input_shape)

        def call(self, inputs):
            return keras.ops.concatenate([inputs, inputs], axis=-1)

    assert Doubled()(keras.Input((3,))).shape == (None, 6)


def test_shapes_of_another_number_than_the_outputs_are_told():
    class Sum(layers.Layer):
        def compute_output_shape(self, input_shape):
            return input_shape

        def call(self, inputs):
            return inputs[0] + inputs[1]

    inputs = [keras.Input((3,)), keras.Input((3,))]
    model = keras.Model(inputs, Sum(name="sum")(inputs))
    with pytest.raises(ValueError, match=r"`sum` \(Sum\) gave 1 output; it was said to give 2 outputs"):
        model.predict([np.ones((2, 3))] * 2, verbose=0)
