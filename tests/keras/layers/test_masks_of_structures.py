"""Layers of users and masks: what compute_mask and call are given where inputs come in structures."""

import numpy as np
import pytest

from weft import keras
from weft.keras import layers


class _Noting(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seen = []

    def call(self, inputs, mask=None):
        self.seen.append(mask)
        return inputs[0] * 1.0

    def compute_mask(self, inputs, mask=None):
        self.seen.append(mask)
        return mask[0]


def test_inputs_without_masks_bring_a_structure_of_none():
    a, b = keras.Input((3,)), keras.Input((3,))
    for inputs, expected in (([a, b], [None, None]), ((a, b), (None, None)), ([np.ones((1, 3))] * 2, [None, None])):
        layer = _Noting()
        layer(inputs)
        assert layer.seen == [expected, expected]


def test_who_says_how_masks_go_on_supports_masking():
    assert _Noting().supports_masking and not layers.Layer().supports_masking
    tokens = layers.Embedding(4, 2, mask_zero=True)(np.array([[1, 0]]))
    found = _Noting()([tokens, np.ones((1, 2, 2), "float32")])
    np.testing.assert_array_equal(found._keras_mask, [[True, False]])


@pytest.mark.parametrize("kind", [layers.Attention, layers.AdditiveAttention])
def test_attention_takes_masks_that_are_not_there(kind):
    inputs = [np.ones((2, 3, 4), "float32"), np.ones((2, 5, 4), "float32")]
    assert kind()(inputs, mask=[None, None]).shape == (2, 3, 4)
