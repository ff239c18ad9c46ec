"""Eager code and traced functions bring integers and floats together, which graphs of TensorFlow 1 do not."""

import numpy as np
import pytest

import weft


def test_an_integer_takes_the_dtype_of_the_float() -> None:
    i, f = weft.constant([1, 2]), weft.constant([1.5, 2.5])
    assert weft.function(lambda a, b: a * b)(i, f).numpy().tolist() == (i * f).numpy().tolist() == [1.5, 5.0]
    assert weft.concat([i, f], 0).dtype is weft.float32
    assert weft.stack([i, f]).dtype is weft.float32


def test_an_integer_tensor_is_not_padded_with_a_fraction() -> None:
    assert weft.pad(weft.constant([1, 2]), [[1, 0]], constant_values=np.int64(7)).numpy().tolist() == [7, 1, 2]
    with pytest.raises(TypeError):
        weft.pad(weft.constant([1, 2]), [[1, 0]], constant_values=1.5)


def test_labels_follow_the_logits() -> None:
    logits = weft.constant([[1.0, 2.0]])
    given = [weft.constant([[0, 1]]), weft.constant([[0.0, 1.0]], weft.float64), [[0.0, 1.0]]]
    losses = [weft.nn.softmax_cross_entropy_with_logits(labels, logits).numpy().tolist() for labels in given]
    assert losses[0] == losses[1] == losses[2]
