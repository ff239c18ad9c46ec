"""Wrong calls raise what TensorFlow 2.21 raises, so that a program's `except` catches it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import weft as tf

errors = tf.errors
image = tf.image
RGB, GREY = tf.ones([2, 2, 3]), tf.ones([2, 2, 1])
KEYS = tf.lookup.KeyValueTensorInitializer

WRONG: list[tuple[type[Exception], Callable[[], Any]]] = [
    (errors.InvalidArgumentError, lambda: tf.concat([], 0)),
    (errors.InvalidArgumentError, lambda: tf.transpose([[1, 2]], [0, 3])),
    (errors.InvalidArgumentError, lambda: tf.transpose([[1, 2]], [0, -3])),
    (errors.InvalidArgumentError, lambda: tf.range(5, 0, 1)),
    (errors.InvalidArgumentError, lambda: tf.range(0, 5, -1)),
    (errors.InvalidArgumentError, lambda: tf.range(0, 5, 0)),
    (errors.InvalidArgumentError, lambda: tf.fill([[2]], 1)),
    (errors.InvalidArgumentError, lambda: tf.linalg.band_part(tf.ones([2, 2]), 5, 5)),
    (errors.InvalidArgumentError, lambda: tf.nn.bias_add(tf.ones([3]), tf.ones([3]))),
    (errors.InvalidArgumentError, lambda: tf.nn.conv2d(tf.ones([1, 4, 4, 3]), tf.ones([2, 2, 3, 5]), 0, "SAME")),
    (errors.InvalidArgumentError, lambda: tf.nn.local_response_normalization(tf.ones([2, 2]))),
    (ValueError, lambda: tf.nn.pool(tf.ones([1, 3, 1]), [2], "FOO")),
    (TypeError, lambda: tf.clip_by_global_norm(tf.constant([1.0]), 1.0)),
    (errors.InvalidArgumentError, lambda: image.resize(RGB, [0, 2])),
    (errors.InvalidArgumentError, lambda: image.random_crop(RGB, [5, 5, 3])),
    (errors.InvalidArgumentError, lambda: image.random_crop(RGB, [2, 2])),
    (errors.InvalidArgumentError, lambda: image.stateless_random_crop(RGB, [5, 5, 3], [1, 2])),
    (errors.InvalidArgumentError, lambda: image.adjust_hue(GREY, 0.1)),
    (errors.InvalidArgumentError, lambda: image.adjust_saturation(GREY, 0.1)),
    (errors.InvalidArgumentError, lambda: image.rgb_to_grayscale(GREY)),
    (errors.InvalidArgumentError, lambda: image.crop_and_resize(tf.ones([1, 4, 4, 3]), [[0, 0, 1, 1]], [0], [2])),
    (errors.InvalidArgumentError, lambda: image.ssim(tf.ones([4, 4, 1]), tf.ones([4, 4, 1]), 1.0)),
    (errors.InvalidArgumentError, lambda: image.encode_jpeg(RGB)),
    (errors.DataLossError, lambda: tf.io.decode_compressed("abc", "ZLIB")),
    (errors.InvalidArgumentError, lambda: tf.signal.frame(tf.ones([4]), 2, 0)),
    (errors.InvalidArgumentError, lambda: tf.sparse.slice(tf.sparse.from_dense([1, 2]), [0, 0], [1])),
    (errors.OutOfRangeError, lambda: tf.TensorArray(tf.float32, 2).read(5)),
    (errors.OutOfRangeError, lambda: tf.TensorArray(tf.float32, 2).write(5, 1.0)),
    (errors.OutOfRangeError, lambda: tf.TensorArray(tf.float32, 2, dynamic_size=True).write(-1, 1.0)),
    (ValueError, lambda: tf.convert_to_tensor(object())),
    (ValueError, lambda: tf.convert_to_tensor({"a": 1})),
    (ValueError, lambda: tf.while_loop(lambda: True, lambda: 1, [])),
    (TypeError, lambda: tf.function(1)),
    (errors.FailedPreconditionError, lambda: tf.lookup.StaticHashTable(KEYS([1, 1], [1, 2]), 0)),
    (errors.InvalidArgumentError, lambda: tf.lookup.StaticHashTable(KEYS([1, 2], [1]), 0)),
    (errors.NotFoundError, lambda: tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer("/nonexistent", tf.string, 0, tf.int64, 1), 0)),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_wrong_calls(number: int) -> None:
    kind, call = WRONG[number]
    with pytest.raises(kind):
        call()


def test_what_only_looks_wrong() -> None:
    assert int(tf.random.shuffle(tf.constant(3))) == 3
    assert tf.math.polyval([], tf.constant([1.0, 2.0])).numpy().tolist() == [0, 0]
    assert tf.range(3, 3, 1).shape == tf.range(3, 3, -1).shape == (0,)
    assert tf.linalg.band_part(tf.ones([2, 2]), 2, -1).numpy().tolist() == [[1, 1], [1, 1]]
    rows = tf.TensorArray(tf.float32, 1, dynamic_size=True).write(3, 1.0)
    assert int(rows.size()) == 4


@pytest.mark.parametrize(("raised", "expected", "in_dataset"), [
    (KeyError, errors.UnknownError, errors.UnknownError),
    (ValueError, errors.InvalidArgumentError, errors.InvalidArgumentError),
    (IndexError, errors.UnknownError, errors.UnknownError),
    (StopIteration, errors.OutOfRangeError, errors.InvalidArgumentError),
    (MemoryError, errors.ResourceExhaustedError, errors.ResourceExhaustedError),
    (NotImplementedError, errors.UnimplementedError, errors.UnimplementedError),
])  # fmt: skip
def test_what_functions_of_python_raise_inside_of_ops(
    raised: type[Exception], expected: type[Exception], in_dataset: type[Exception]
) -> None:
    def function(x: Any) -> Any:
        raise raised("boom")

    def in_graph(call: Any) -> Any:
        return tf.function(lambda: call(function, [1.0], tf.float32))()

    for run in (lambda: tf.py_function(function, [1.0], tf.float32), lambda: in_graph(tf.py_function),
                lambda: in_graph(tf.numpy_function)):  # fmt: skip
        with pytest.raises(expected, match=f"{raised.__name__}: .?boom") as found:
            run()
        assert type(found.value) is expected
    with pytest.raises(raised, match="boom"):  # called at once, as in TensorFlow
        tf.numpy_function(function, [1.0], tf.float32)
    data = tf.data.Dataset.range(3).map(lambda x: tf.py_function(function, [x], tf.int64))
    with pytest.raises(in_dataset, match="boom"):
        list(data)
