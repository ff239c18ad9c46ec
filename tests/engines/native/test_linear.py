"""Triangles: Cholesky's decomposition and triangular systems, natively, with their gradients."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.base import flags
from weft.base.errors import InvalidArgumentError, UnavailableError
from weft.engines.native import target
from weft.runtime import dispatch
from weft.testing import numeric


def _solved(x: Any, rhs: Any, lower: bool, adjoint: bool) -> Any:
    with tf.GradientTape() as tape:
        tape.watch([x, rhs])
        whole = tf.matmul(x, x, transpose_b=True) / x.shape[-1] + tf.eye(x.shape[-1], dtype=x.dtype)
        triangle = tf.linalg.cholesky(whole)
        given = triangle if lower else tf.linalg.matrix_transpose(triangle)
        found = tf.linalg.triangular_solve(given, rhs, lower=lower, adjoint=adjoint)
        loss = tf.reduce_sum(tf.sin(found))
    return [triangle, found, *tape.gradient(loss, [x, rhs])]


#: batch, rows, columns, dtype; whether the triangle is the lower one; whether it is transposed
_CASES = (
    ((3,), 20, 33, "f4", True, True),
    ((2, 3), 17, 1, "f4", False, False),
    ((2,), 5, 7, "f8", True, False),
    ((), 1, 1, "f4", False, True),
)


@pytest.mark.parametrize("name", ["host", "avx2", "x86-64"])
def test_triangular_systems(name: str) -> None:
    try:
        target.find(name)
    except UnavailableError as error:
        pytest.skip(str(error))
    rng = np.random.default_rng(3)
    try:
        for batch, size, columns, dtype, *form in _CASES if name == "host" else _CASES[:2]:
            x, rhs = (tf.constant(rng.normal(size=(*batch, size, n)).astype(dtype)) for n in (size, columns))
            compiled = tf.function(functools.partial(_solved, lower=form[0], adjoint=form[1]))
            made = {}
            for engine in ("native", "reference"):
                dispatch.use_engine(engine)
                with flags.override(WEFT_TARGET=name, WEFT_CHECK=1):
                    made[engine] = [np.asarray(array) for array in compiled(x, rhs)]
            for actual, wanted in zip(made["native"], made["reference"], strict=True):
                assert numeric.close(actual, wanted, 2e-5 if dtype == "f4" else 1e-11) is None
    finally:
        dispatch.use_engine(None)


def test_any_number_of_threads_gives_the_same_bits() -> None:
    rng = np.random.default_rng(4)
    x, rhs = (tf.constant(rng.normal(size=(300, 12, n)).astype(np.float32)) for n in (12, 5))
    compiled = tf.function(lambda x, rhs: _solved(x, rhs, True, False))
    found = set()
    for count in (1, 2, 3):
        with flags.override(WEFT_NUM_THREADS=count):
            found.add(b"".join(np.asarray(array).tobytes() for array in compiled(x, rhs)))
    assert len(found) == 1


def test_what_is_not_positive_definite_is_refused_before_anything_is_written() -> None:
    held = tf.Variable(0.0)
    step = tf.function(lambda x: (tf.linalg.cholesky(x), held.assign_add(1.0)))
    step(tf.eye(3))
    with pytest.raises(InvalidArgumentError, match="not positive definite"):
        step(-tf.eye(3))
    assert held.numpy() == 1.0
