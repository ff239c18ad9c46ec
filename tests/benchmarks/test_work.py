"""Counted operations, against what is counted by hand."""

import pytest

from benchmarks import work
from weft import keras

layers = keras.layers


def model_of(shape, *parts):
    x = start = keras.Input(shape)
    for part in parts:
        x = part(x)
    return keras.Model(start, x)


@pytest.mark.parametrize(
    "shape, layer, expected",
    [
        ((10,), layers.Dense(7), 2 * 10 * 7),
        ((4, 10), layers.Dense(7), 2 * 4 * 10 * 7),
        ((8, 8, 3), layers.Conv2D(5, 3), 2 * 36 * 9 * 3 * 5),
        ((8, 8, 4), layers.Conv2D(6, 3, groups=2, padding="same"), 2 * 64 * 9 * 2 * 6),
        ((8, 8, 3), layers.DepthwiseConv2D(3, strides=2, padding="same"), 2 * 16 * 9 * 3),
        ((4, 4, 3), layers.Conv2DTranspose(5, 2, strides=2), 2 * 16 * 4 * 3 * 5),
        ((9, 3), layers.Conv1D(5, 2), 2 * 8 * 2 * 3 * 5),
        ((6, 3), layers.LSTM(4), 2 * 6 * 4 * (3 + 4) * 4),
        ((6, 3), layers.Bidirectional(layers.GRU(4)), 2 * 2 * 6 * 3 * (3 + 4) * 4),
        ((8, 8, 3), layers.MaxPooling2D(2), 0),
    ],
)
def test_forward(shape, layer, expected) -> None:
    assert work.count(model_of(shape, layer), 5, training=False)["flops"] == 5 * expected


def test_attention() -> None:
    x = keras.Input((6, 8))
    model = keras.Model(x, layers.MultiHeadAttention(2, 4)(x, x))
    expected = 4 * 2 * 6 * 8 * 8 + 2 * 2 * 6 * 6 * 8
    assert work.count(model, 1, training=False)["flops"] == expected


def test_training_leaves_out_the_gradient_of_the_input() -> None:
    model = model_of((10,), layers.Dense(7), layers.Dense(3))
    assert work.count(model, 2, training=True) == {"flops": 2 * 2 * (2 * 70 + 3 * 21), "parameters": 10 * 7 + 7 + 24}


def test_what_learns_before_the_first_product_needs_its_gradient() -> None:
    x = keras.Input((4,), dtype="int32")
    model = keras.Model(x, layers.Dense(3)(layers.Embedding(9, 5)(x)))
    assert work.count(model, 1, training=True)["flops"] == 3 * 2 * 4 * 5 * 3
