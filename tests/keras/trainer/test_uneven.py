"""Sparse and ragged data in fit, evaluate and predict, and what the loops ask of metrics and settings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras


def _data() -> tuple[Any, Any]:
    x = np.random.default_rng(0).random((20, 4)).astype("float32")
    x[x < 0.6] = 0
    return x, x.sum(1, keepdims=True)


def _model() -> Any:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, kernel_initializer="ones"),
                              keras.layers.Dense(1, kernel_initializer="ones")])  # fmt: skip
    model.compile("adam", "mse", metrics=["mae"])
    return model


class _Matrix:
    """What scipy's sparse matrices offer."""

    def __init__(self, x: Any) -> None:
        self.row, self.col = np.nonzero(x)
        self.data, self.shape, self.nnz = x[self.row, self.col], x.shape, len(self.row)

    def tocoo(self) -> Any:
        return self


@pytest.mark.parametrize("make", [tf.sparse.from_dense, _Matrix], ids=["tensor", "matrix"])
@pytest.mark.parametrize("shuffle", [False, True])
def test_sparse_data_train_as_dense_ones(make: Any, shuffle: bool) -> None:
    x, y = _data()
    found = []
    for data in (x, make(x)):
        keras.utils.set_random_seed(3)
        model = _model()
        history = model.fit(data, y, batch_size=8, epochs=2, verbose=0, shuffle=shuffle, validation_split=0.2).history
        found.append([*history.values(), model.evaluate(data, y, verbose=0), model.train_on_batch(data, y),
                      model.predict(data, batch_size=8, verbose=0).ravel().tolist()])  # fmt: skip
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_ragged_data() -> None:
    source = keras.Input((None,), dtype="int64", ragged=True)
    model = keras.Model(source, keras.layers.Embedding(5, 2)(source))
    rows = tf.ragged.constant([[1], [2, 3], [1, 4, 1]])
    found = model.predict(rows, batch_size=2, verbose=0)
    assert isinstance(found, tf.RaggedTensor) and [len(row) for row in found.to_list()] == [1, 2, 3]


class _Least(keras.metrics.Metric):
    def __init__(self) -> None:
        super().__init__(name="least")
        self.value = self.add_weight(name="value")
        self.reset_state()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.value.assign(tf.minimum(self.value, tf.reduce_min(y_true)))

    def result(self) -> Any:
        return self.value

    def reset_state(self) -> None:
        self.value.assign(1e9)


def test_a_metric_is_reset_in_its_own_way() -> None:
    x, y = _data()
    model = _model()
    model.compile("sgd", "mse", metrics=[_Least()])
    assert model.fit(x, y + 5, epochs=2, verbose=0).history["least"] == pytest.approx([(y + 5).min()] * 2)


def test_limits_of_epochs_and_steps() -> None:
    x, y = _data()
    steps: list[int] = []
    try:
        keras.config.set_max_epochs(2)
        keras.config.set_max_steps_per_epoch(3)
        count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(batch))
        _model().fit(x, y, batch_size=2, epochs=4, verbose=0, callbacks=[count])
    finally:
        keras.config.set_max_epochs(None)
        keras.config.set_max_steps_per_epoch(None)
    assert steps == [0, 1, 2] * 2


def test_outputs_whose_lengths_differ_are_ragged() -> None:
    model = keras.Sequential([keras.Input((None, 2)), keras.layers.Dense(3, kernel_initializer="ones")])
    found = model.predict(((np.ones(size),) for size in ((2, 4, 2), (3, 2, 2))), verbose=0)
    assert isinstance(found, tf.RaggedTensor) and found.shape.as_list() == [5, None, 3]
    assert [len(row) for row in found] == [4, 4, 2, 2, 2]
