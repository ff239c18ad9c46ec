"""What depends on variables alone is computed once, and again when one of them has changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.base import flags
from weft.engines.native.program import Binding
from weft.runtime import dispatch


@pytest.fixture(autouse=True)
def _engine() -> Any:
    dispatch.use_engine("native")
    yield
    dispatch.use_engine(None)


@pytest.fixture
def skipped(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each run of a program with steady phases whether it left them out."""
    found: list[bool] = []
    begin = Binding.begin

    def noted(self: Binding, stamps: Any) -> bool:
        result = begin(self, stamps)
        if self.steady:
            found.append(result)
        return result

    monkeypatch.setattr(Binding, "begin", noted)
    return found


def _model() -> Any:
    keras.utils.set_random_seed(3)
    image = keras.Input((9, 9, 16))
    x = keras.layers.Conv2D(32, 3, padding="same", use_bias=False)(image)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, keras.layers.Dense(3)(x))
    model.compile("sgd", "mse")
    return model


def _expected(model: Any, x: np.ndarray) -> np.ndarray:
    dispatch.use_engine("reference")
    try:
        return np.asarray(model(x))
    finally:
        dispatch.use_engine("native")


def _agrees(model: Any, x: np.ndarray) -> None:
    np.testing.assert_allclose(model.predict(x, batch_size=2, verbose=0), _expected(model, x), rtol=2e-4, atol=2e-5)


def test_kernels_of_weights_run_once(skipped: list[bool]) -> None:
    model, x = _model(), np.random.default_rng(0).standard_normal((8, 9, 9, 16)).astype(np.float32)
    first = model.predict(x, batch_size=2, verbose=0)
    assert skipped and not skipped[0]
    skipped.clear()
    again = model.predict(x, batch_size=2, verbose=0)
    assert skipped and all(skipped)
    assert first.tobytes() == again.tobytes()
    _agrees(model, x)


def test_they_run_again_when_a_variable_has_changed(skipped: list[bool]) -> None:
    model, x = _model(), np.random.default_rng(1).standard_normal((8, 9, 9, 16)).astype(np.float32)
    y = np.zeros((8, 3), np.float32)
    _agrees(model, x)
    for change in (
        lambda: model.fit(x, y, batch_size=4, verbose=0),  # in place, by compiled steps
        lambda: model.layers[1].kernel.assign(model.layers[1].kernel * 2),
        lambda: model.set_weights([w + np.float32(0.125) for w in model.get_weights()]),
    ):
        change()
        skipped.clear()
        _agrees(model, x)
        assert not skipped[0]


def test_sizes_in_turns_and_single_calls(skipped: list[bool]) -> None:
    """The memory is shared by all sizes: whose numbers lie there is known."""
    model, x = _model(), np.random.default_rng(2).standard_normal((7, 9, 9, 16)).astype(np.float32)
    for _ in range(2):
        _agrees(model, x)  # the last batch is shorter
    expected = _expected(model, x)
    for rows in (3, 5, 3, 3):
        np.testing.assert_allclose(model(x[:rows]), expected[:rows], rtol=2e-4, atol=2e-5)
    assert not all(skipped)


def test_another_model_of_the_same_kind_has_its_own(skipped: list[bool]) -> None:
    x = np.random.default_rng(4).standard_normal((4, 9, 9, 16)).astype(np.float32)
    weights = tf.Variable(np.ones((3, 3, 16, 32), np.float32)), tf.Variable(np.full((3, 3, 16, 32), 2.0, np.float32))

    @tf.function(reduce_retracing=True)
    def convolved(x: Any, which: Any) -> Any:
        return tf.nn.conv2d(x, which, 1, "SAME")

    first, second = (np.asarray(convolved(tf.constant(x), w)) for w in weights)
    np.testing.assert_allclose(first * 2, second, rtol=1e-4, atol=1e-4)


def test_other_threads_find_what_was_computed_for_these() -> None:
    """With more threads the memory is another one."""
    weight = tf.Variable(np.random.default_rng(6).standard_normal((64, 300)).astype(np.float32))
    x = tf.constant(np.random.default_rng(7).standard_normal((200, 64)).astype(np.float32))
    compiled = tf.function(lambda x: tf.nn.softmax(tf.matmul(tf.tanh(x), tf.cumsum(tf.sin(weight), 0))))
    found = []
    for count in (1, 1, 2, 2, 3, 8, 1):
        with flags.override(WEFT_NUM_THREADS=count):
            found += [compiled(x).numpy() for _ in range(2)]
    assert all((each == found[0]).all() for each in found)


def test_weights_are_put_in_order_once_for_products_of_few_rows(skipped: list[bool]) -> None:
    """Whatever the number of rows: a sum has one order, and bits are those of a graph that does not pack."""
    rng = np.random.default_rng(8)
    weight = tf.Variable(rng.standard_normal((300, 200)).astype(np.float32))
    count = tf.Variable(0)
    sizes = (1, 5, 32, 300)
    rows = [rng.standard_normal((size, 300)).astype(np.float32) for size in sizes]
    plain = tf.function(lambda x: tf.matmul(x, weight), reduce_retracing=True)

    @tf.function(reduce_retracing=True)
    def counting(x: Any) -> Any:  # writes a variable: nothing of it is steady
        count.assign_add(1)
        return tf.matmul(x, weight)

    for _ in range(2):
        for x in rows:
            found = [plain(tf.constant(x)).numpy() for _ in range(2)]
            assert skipped[-1]
            assert found[0].tobytes() == found[1].tobytes() == counting(tf.constant(x)).numpy().tobytes()
            np.testing.assert_allclose(found[0], x @ weight.numpy(), rtol=1e-4, atol=1e-4)
        weight.assign_add(weight)
        skipped.clear()
    before = len(skipped)
    counting(tf.constant(rows[0]))
    assert len(skipped) == before


def test_a_transposed_table_is_put_in_order_once(skipped: list[bool]) -> None:
    rng = np.random.default_rng(9)
    table = tf.Variable(rng.standard_normal((500, 96)).astype(np.float32))
    scores = tf.function(lambda x: tf.matmul(x, table, transpose_b=True))
    x = tf.constant(rng.standard_normal((3, 96)).astype(np.float32))
    first, second = scores(x).numpy(), scores(x).numpy()
    assert skipped == [False, True]
    assert first.tobytes() == second.tobytes()
    np.testing.assert_allclose(first, x.numpy() @ table.numpy().T, rtol=1e-4, atol=1e-4)
    table.scatter_nd_update([[7]], [np.zeros(96, np.float32)])
    assert not scores(x).numpy()[:, 7].any()
