"""What layers that learn from data beforehand are told, and the shapes that they say."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import keras
from weft.keras import layers


def test_statistics_for_several_axes() -> None:
    mean = np.arange(12.0).reshape((3, 4))
    layer = layers.Normalization(axis=(1, 2), mean=mean, variance=np.ones((3, 4)))
    x = np.ones((2, 3, 4, 5), "float32")
    np.testing.assert_allclose(layer(x), x - mean[None, :, :, None], rtol=1e-6)


def test_data_sets_with_labels() -> None:
    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> Any:
            return np.full((2, 1), float(index)), np.zeros((2,))

    layer = layers.Normalization()
    layer.adapt(Batches())
    np.testing.assert_allclose(layer.mean, [[1.0]])


def test_bins_count_before_they_are_found() -> None:
    for mode, shape in (("int", (None, 4)), ("one_hot", (None, 4, 6)), ("multi_hot", (None, 6)), ("count", (None, 6))):
        assert layers.Discretization(num_bins=6, output_mode=mode).compute_output_shape((None, 4)) == shape


def test_a_factor_for_each_channel_in_front() -> None:
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        found = layers.Rescaling([1.0, 2.0, 3.0], offset=1.0)(np.ones((2, 3, 5, 5), "float32"))
    finally:
        keras.config.set_image_data_format(before)
    np.testing.assert_array_equal(found[:, :, 0, 0], [[2.0, 3.0, 4.0]] * 2)
