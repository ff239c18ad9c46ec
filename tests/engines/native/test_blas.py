"""Eager products: one BLAS thread while they run, the same bits whatever number there was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import weft as tf
from weft.engines.native import blas
from weft.runtime import dispatch


@pytest.fixture(autouse=True)
def _several() -> Iterator[None]:
    found = blas._functions()
    if found is None:
        pytest.skip("numpy brings another BLAS")
    read, change = found
    before = read()
    dispatch.use_engine("native")
    change(2)
    yield
    change(before)
    dispatch.use_engine(None)


def test_there_is_one_thread_within_and_as_many_as_before_after_it() -> None:
    assert blas.threads() == 2
    with blas.one_thread():
        assert blas.threads() == 1
        with blas.one_thread():
            assert blas.threads() == 1
        assert blas.threads() == 1
    assert blas.threads() == 2


def test_an_error_within_gives_the_threads_back() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.matmul(tf.zeros((2, 3)), tf.zeros((2, 3)))
    with pytest.raises(ZeroDivisionError), blas.one_thread():
        raise ZeroDivisionError
    assert blas.threads() == 2


def test_eager_products_are_those_of_one_thread() -> None:
    a, b = (np.random.default_rng(n).standard_normal((600, 600)).astype(np.float32) for n in (0, 1))
    made = tf.matmul(a, b).numpy()
    assert blas.threads() == 2
    with blas.one_thread():
        assert made.tobytes() == (a @ b).tobytes()
