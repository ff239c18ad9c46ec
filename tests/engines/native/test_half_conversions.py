"""Half precisions on processors that cannot convert them: every number, and no function of a library is called."""

from __future__ import annotations

import os
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest

import weft as tf
from weft.base import flags
from weft.engines.native import target
from weft.runtime import dispatch

TARGETS = ("host", "avx512", "avx2", "x86-64")
DTYPES = {"float16": np.dtype(np.float16), "bfloat16": np.dtype(ml_dtypes.bfloat16)}

#: libraries that testing loads have such functions by chance: a process of its own has none
_PROGRAM = """
import sys, weft as tf
x = tf.constant([[0.1 * n - 1.0 for n in range(9)]] * 4)
for dtype in ("float16", "bfloat16"):
    for to in ("float32", "float64", "int32", "bool"):
        tf.function(lambda x: tf.cast(tf.cast(x, dtype), to))(x)
        tf.function(lambda x: tf.cast(tf.cast(x, to), dtype))(x)
    half = tf.cast(x, dtype)
    tf.function(lambda h: tf.matmul(tf.exp(h) * h + 1, h, transpose_b=True))(half)
    tf.function(lambda h: (tf.sort(h), tf.reduce_max(h, 0), tf.gather(h, [2, 0], axis=1), tf.where(h > 0, h, -h)))(half)
    tf.function(lambda h: tf.transpose(tf.nn.softmax(h)))(half)
print("done")
"""


def _only(name: str) -> None:
    try:
        target.find(name)
    except tf.errors.UnavailableError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_called_that_is_not_there(name: str) -> None:
    _only(name)
    given = {**os.environ, "WEFT_ENGINE": "native", "WEFT_TARGET": name, "WEFT_CACHE": "off"}
    found = subprocess.run([sys.executable, "-c", _PROGRAM], env=given, capture_output=True, text=True, check=False)
    assert found.returncode == 0 and found.stdout.strip() == "done", found.stderr


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_number_and_what_lies_beside_it(dtype: str, name: str) -> None:
    """All halves, the floats halfway between two of them, and those next to these."""
    _only(name)
    with np.errstate(all="ignore"):
        halves = np.arange(1 << 16, dtype=np.uint16).view(DTYPES[dtype])
        wide = halves.astype(np.float32)
        places = wide.view(np.uint32).astype(np.int64)
        step = 1 << 13 if dtype == "float16" else 1 << 16
        beside = np.concatenate([places + d for d in (0, 1, -1, step // 2, step // 2 + 1, step // 2 - 1)])
        floats = beside.astype(np.uint32).view(np.float32)
        floats = floats[(np.abs(floats) >= np.finfo(np.float32).tiny) | (floats == 0) | np.isnan(floats)]
        wanted = floats.astype(DTYPES[dtype])
    dispatch.use_engine("native")
    try:
        with flags.override(WEFT_TARGET=name):
            narrow = tf.function(lambda x: tf.cast(x, dtype))(tf.constant(floats)).numpy()
            back = tf.function(lambda h: tf.cast(h, tf.float32))(tf.constant(halves)).numpy()
    finally:
        dispatch.use_engine(None)
    same = narrow.view(np.uint16) == wanted.view(np.uint16)
    small = np.abs(wanted.astype(np.float32)) < np.finfo(np.float32).tiny  # bfloat16's denormals count as zero
    assert (same | np.isnan(wanted) & np.isnan(narrow) | small).all()
    normal = (np.abs(wide) >= np.finfo(np.float32).tiny) | (wide == 0)
    assert (back.view(np.uint32) == wide.view(np.uint32))[normal].all() and np.isnan(back[np.isnan(wide)]).all()
