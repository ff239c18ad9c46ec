"""Products of small integers, summed in pairs as int32: exact on every processor, and modulo 2^32 beyond its range."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import extend, keras
from weft.base import flags
from weft.engines.native import target
from weft.runtime import dispatch

RNG = np.random.default_rng(0)
DTYPES = ("int8", "uint8", "int16")


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    dispatch.use_engine("native")
    yield
    dispatch.use_engine(None)


def drawn(shape: tuple[int, ...], dtype: str) -> np.ndarray[Any, Any]:
    """Numbers from the whole range, the least ones often: pairs of their products do not fit into an int32."""
    range_ = np.iinfo(dtype)
    numbers = RNG.integers(range_.min, range_.max + 1, shape)
    return np.where(RNG.random(shape) < 0.3, range_.min, numbers).astype(dtype)


def exact(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What sums of int32 are, one by one."""
    return (a.astype(np.int64) @ b.astype(np.int64)).astype(np.int32)


@pytest.mark.parametrize("name", ["host", "avx512", "avx2", "x86-64"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_products_of_any_size_are_exact(dtype: str, name: str) -> None:
    try:
        target.find(name)
    except tf.errors.UnavailableError as error:
        pytest.skip(str(error))
    with flags.override(WEFT_TARGET=name):
        for m, k, n in ((1, 1, 1), (3, 5, 7), (16, 16, 16), (33, 70, 65), (1, 256, 130), (70, 513, 31)):
            for flip_a, flip_b in ((False, False), (True, False), (False, True)):
                a, b = drawn((k, m) if flip_a else (m, k), dtype), drawn((n, k) if flip_b else (k, n), dtype)
                made = tf.function(
                    lambda a, b, flip_a=flip_a, flip_b=flip_b: tf.matmul(
                        a, b, transpose_a=flip_a, transpose_b=flip_b, output_type=tf.int32
                    )
                )
                wanted = exact(a.T if flip_a else a, b.T if flip_b else b)
                found = made(tf.constant(a), tf.constant(b))
                assert found.dtype is tf.int32 and (found.numpy() == wanted).all(), (m, k, n, flip_a, flip_b)


@pytest.mark.parametrize("dtype", DTYPES)
def test_batches_unknown_sizes_and_threads(dtype: str) -> None:
    a, b = drawn((4, 3, 20, 37), dtype), drawn((3, 37, 50), dtype)
    spec = [tf.TensorSpec([None, 3, None, 37], dtype), tf.TensorSpec([3, 37, None], dtype)]
    for count in (1, 2, 3):
        with flags.override(WEFT_NUM_THREADS=count):
            made = tf.function(lambda a, b: tf.matmul(a, b, output_type=tf.int32), input_signature=spec)
            for rows, columns in ((20, 50), (1, 3), (0, 50)):
                left, right = a[:, :, :rows], b[..., :columns]
                assert (made(tf.constant(left), tf.constant(right)).numpy() == exact(left, right)).all()


def test_keras_multiplies_int8_so_and_adds_what_follows_to_the_tile() -> None:
    a, b = drawn((9, 40), "int8"), drawn((40, 24), "int8")
    weights = tf.Variable(b)

    @tf.function
    def scaled(x: Any) -> Any:
        return tf.cast(keras.ops.matmul(x, weights), tf.float32) * 0.5 + 1.0

    with extend.profile() as found:
        result = scaled(tf.constant(a))
    np.testing.assert_array_equal(result.numpy(), exact(a, b).astype(np.float32) * 0.5 + 1.0)
    assert any("matmul" in entry.kernel for entry in found.entries)
