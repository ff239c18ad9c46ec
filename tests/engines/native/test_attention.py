"""Attention whose matrix is never stored: the reference's numbers, and the bits of the same products done one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.base import flags
from weft.base.errors import UnavailableError
from weft.engines.native import cache, rules, schedule, target
from weft.engines.native.lower import Nest
from weft.runtime import dispatch


assert rules  # to be loaded before what it needs

_find_runs = schedule.find_runs


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(cache, "find", lambda *given: None)  # everything is compiled here
    with flags.override(WEFT_ENGINE="native"):
        yield
    dispatch.use_engine(None)


class _Watch:
    """Says which runs the graphs compiled meanwhile take, or lets them take none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, apart: bool = False) -> None:
        self.runs: list[Any] = []

        def find(nests: list[Nest]) -> list[Nest]:
            found = nests if apart else _find_runs(nests)
            self.runs += dict.fromkeys(nest.run for nest in found if nest.run is not None)
            return found

        monkeypatch.setattr(schedule, "find_runs", find)


def _dot(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    """Heads in front of the rows."""
    scores = tf.matmul(q, k, transpose_b=True) * (q.shape[-1] ** -0.5)
    if mask is not None:
        scores = tf.where(mask, scores, -1e9)
    return tf.matmul(tf.nn.softmax(scores), v)


def _einsum(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    """Heads behind the rows, as Keras has them."""
    scores = tf.einsum("bthd,bshd->bhts", q, k) * (q.shape[-1] ** -0.5)
    if mask is not None:
        scores = scores + (1.0 - tf.cast(mask, scores.dtype)) * -1e9
    return tf.einsum("bhts,bshd->bthd", tf.nn.softmax(scores), v)


def _drawn(shapes: Sequence[Sequence[int]], dtype: Any = np.float32) -> list[Any]:
    rng = np.random.default_rng(7)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def _with_gradients(attend: Callable[..., Any], *fixed: Any) -> Callable[..., Any]:
    def both(q: Any, k: Any, v: Any, out: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([q, k, v])
            made = attend(q, k, v, *fixed)
            loss = tf.reduce_sum(made * made * out)
        return [made, *tape.gradient(loss, [q, k, v])]

    return both


def _run(function: Callable[..., Any], given: Sequence[Any], unknown: bool = False) -> list[Any]:
    specs = [tf.TensorSpec((None, *x.shape[1:]) if unknown else x.shape, x.dtype) for x in given]
    return [made.numpy() for made in tf.function(function, input_signature=specs)(*given)]


def _by_reference(function: Callable[..., Any], given: Sequence[Any]) -> list[Any]:
    dispatch.use_engine("reference")
    try:
        return _run(function, given)
    finally:
        dispatch.use_engine(None)


#: batch, heads, rows, columns, width, width of the values
SIZES = [
    (2, 3, 48, 48, 8, 8), (1, 2, 17, 33, 5, 7), (3, 1, 128, 128, 32, 32), (1, 2, 150, 70, 16, 48), (2, 2, 16, 300, 64, 33),
]  # fmt: skip


@pytest.mark.parametrize("heads_first", [True, False])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("sizes", SIZES)
def test_it_is_the_products_one_by_one(
    sizes: tuple[int, ...], heads_first: bool, masked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, heads, rows, columns, width, last = sizes
    shapes = [(batch, heads, rows, width), (batch, heads, columns, width), (batch, heads, columns, last),
              (batch, heads, rows, last)]  # fmt: skip
    if not heads_first:
        shapes = [(b, t, h, d) for b, h, t, d in shapes]
    given = _drawn(shapes)
    mask = (np.arange(rows)[:, None] + columns >= np.arange(columns) + rows,) if masked else ()
    function = _with_gradients(_dot if heads_first else _einsum, *mask)
    watch = _Watch(monkeypatch)
    together = _run(function, given, unknown=True)
    assert [len(run.uses) for run in watch.runs] == [1, 3], "forward, and backward"
    _Watch(monkeypatch, apart=True)
    apart = _run(function, given, unknown=True)
    for one, other in zip(together, apart, strict=True):
        assert one.tobytes() == other.tobytes()
    for one, other in zip(together, _by_reference(function, given), strict=True):
        assert np.abs(one - other).max() < 2e-6 * max(1.0, np.abs(other).max())
