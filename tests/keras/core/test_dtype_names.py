"""Dtypes of symbolic tensors and of Keras' variables: names, as in Keras 3, which know what a `tf.DType` knows."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras


@pytest.mark.parametrize("make", [lambda: keras.Input((2,)), lambda: keras.Variable([1.0]),
                                  lambda: keras.layers.Dense(1)(keras.Input((3,)))])  # fmt: skip
def test_they_are_text(make: Any) -> None:
    dtype = make().dtype
    assert isinstance(dtype, str) and f"{dtype}" == str(dtype) == "float32" and repr(dtype) == "'float32'"
    assert "float" in dtype and dtype.startswith("float") and json.dumps([dtype]) == '["float32"]'
    assert copy.deepcopy(dtype) == pickle.loads(pickle.dumps(dtype)) == "float32"


def test_they_are_dtypes() -> None:
    dtype = keras.Input((2,)).dtype
    assert dtype.is_floating and dtype.size == 4 and dtype.name == "float32" and dtype.as_numpy_dtype is np.float32
    for other in ("float32", tf.float32, np.float32, np.dtype("float32")):
        assert dtype == other and other == dtype and not dtype != other
    assert dtype != tf.float64 and dtype != "float64"
    assert {tf.float32: 1}[dtype] == {"float32": 1}[dtype] == 1
    assert tf.as_dtype(dtype) is tf.float32 and np.zeros(1, dtype).dtype == tf.zeros(1, dtype).dtype == "float32"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = dtype.nothing


def test_symbolic_tensors_meet_others() -> None:
    x = keras.Input((2,), dtype="float32")
    y = (x * 2.0 + np.ones((1, 2), "float32")) ** 2 / (1 + x)
    model = keras.Model(x, tf.where(x > 0, y, tf.zeros_like(x)))
    assert np.allclose(model(np.ones((1, 2), "float32")), 4.5)
    words = keras.Input((1,), dtype="string")
    assert keras.Model(words, words + "!")(tf.constant([["go"]])).numpy().tolist() == [[b"go!"]]
    variable = keras.Variable([1.0, 2.0])
    assert (variable * 2 + tf.ones(2)).numpy().tolist() == [3.0, 5.0]



def test_graphs_of_version_1_have_dtypes() -> None:
    with tf.Graph().as_default():
        variable, x = keras.layers.Dense(1).add_weight(shape=(2,), name="w"), keras.Input((2,))
        assert variable.dtype is tf.float32 and x.dtype is tf.float32
