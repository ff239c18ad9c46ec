"""Attention drawn at random, with its gradients, by the native engine and by the reference in double precision.

Some dozens by default. With RANDOM_ATTENTION=2000 and RANDOM_ATTENTION_FROM=5000 in the environment this file tries as
many others, from that seed on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.base import flags
from weft.base.errors import UnavailableError
from weft.engines.native import target
from weft.runtime import dispatch

pytestmark = pytest.mark.either_schedule

COUNT = int(os.environ.get("RANDOM_ATTENTION", "12"))
FROM = int(os.environ.get("RANDOM_ATTENTION_FROM", "0"))
_BLOCK = 4  # of one test
#: how far a number may be off, as a share of the greatest of its tensor and of a hundredth of the greatest of all:
#: gradients of what softmax leaves out, a bias of keys, are nothing but what rounding leaves of such numbers
_FAR = {np.float32: 5e-5, np.float64: 1e-12}


class _Drawn:
    """One computation around attention: what it computes is drawn when it is made, its numbers when it is run."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng((1, seed))
        self.shapes: list[tuple[int, ...]] = []
        self.batch = self.pick((1, 2, 3, 5))
        self.rows = self.pick((1, 5, 16, 17, 31, 40, 64, 75, 130))
        self.columns = self.rows if self.often(0.7) else self.pick((1, 7, 16, 33, 48, 70))
        self.width = self.pick((6, 8, 12, 16, 17, 32))
        self.crossed = self.columns != self.rows or self.often(0.2)
        self.given = [self.weight(self.batch, self.rows, self.width)]
        if self.crossed:
            self.given.append(self.weight(self.batch, self.columns, self.width))
        self.blocks = [self._block() for _ in range(self.pick((1, 1, 1, 2)))]
        self.way_out = self.pick(("sum of squares", "weighted"))
        self.unknown = self.often(0.4)
        self.steps = self.often(0.4)

    def pick(self, options: Sequence[Any]) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def often(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def weight(self, *shape: int) -> int:
        """The number of a tensor that is drawn later."""
        self.shapes.append(shape)
        return len(self.shapes) - 1

    # -- what is drawn ------------------------------------------------------------------------------------------------

    def _block(self) -> Callable[..., Any]:
        """(rows, columns' rows, tensors, further results) -> rows again."""
        heads, deep = self.pick((1, 2, 2, 3, 4)), self.pick((2, 4, 5, 8, 16, 17))
        last = deep if self.often(0.7) else self.pick((3, 8, 16, 20))
        shared = self.pick((1, 1, 1, heads))  # how many heads of queries meet one of keys
        few = heads // shared
        project = self.pick((self._by_einsum, self._by_einsum, self._by_reshape, self._in_front))
        query, key, value = project(heads, deep), project(few, deep), project(few, last)
        if self.often(0.15) and few == heads:
            key = query
        if self.often(0.15) and (few, last) == (heads, deep):
            value = self.pick((key, query))
        attend = self._attend(heads, few, deep, project != self._in_front)
        back = self._back(heads, last, project != self._in_front)
        normal, residual, other = self.often(0.3), self.often(0.5), self.often(0.4)
        elsewhere = [self._elsewhere() for _ in range(3)] if other else None

        def block(x: Any, y: Any, w: Sequence[Any], more: list[Any]) -> Any:
            rows = x
            if normal:
                mean = tf.reduce_mean(x, -1, keepdims=True)
                rows = (x - mean) * tf.math.rsqrt(tf.reduce_mean(tf.square(x - mean), -1, keepdims=True) + 0.1)
            there = rows if y is None else y
            q, k, v = query(rows, w), key(there, w), value(there, w)
            if elsewhere is not None:
                q, k, v = (use(t, more) for use, t in zip(elsewhere, (q, k, v), strict=True))
            made = back(attend(q, k, v, w), w)
            return made + x if residual else made

        return block

    def _bias(self, *shape: int) -> Callable[[Any, Sequence[Any]], Any]:
        if self.often(0.4):
            return lambda x, w: x
        number = self.weight(*shape)
        return lambda x, w: x + w[number]

    def _by_einsum(self, heads: int, deep: int) -> Callable[..., Any]:
        number, bias = self.weight(self.width, heads, deep), self._bias(heads, deep)
        return lambda x, w: bias(tf.einsum("btx,xhd->bthd", x, w[number]), w)

    def _by_reshape(self, heads: int, deep: int) -> Callable[..., Any]:
        number, bias = self.weight(self.width, heads * deep), self._bias(heads * deep)

        def project(x: Any, w: Sequence[Any]) -> Any:
            made = bias(tf.matmul(x, w[number]), w)
            return tf.reshape(made, (-1, tf.shape(x)[1], heads, deep))

        return project

    def _in_front(self, heads: int, deep: int) -> Callable[..., Any]:
        """Heads in front of the rows."""
        if self.often(0.5):
            behind = self._by_reshape(heads, deep)
            return lambda x, w: tf.transpose(behind(x, w), (0, 2, 1, 3))
        number, bias = self.weight(heads, self.width, deep), self._bias(heads, 1, deep)
        return lambda x, w: bias(tf.einsum("btx,hxd->bhtd", x, w[number]), w)

    def _attend(self, heads: int, few: int, deep: int, behind: bool) -> Callable[..., Any]:
        mask, scale = self._mask(), self.pick(("queries", "scores", "keys", "none"))
        shares = self.pick(("softmax", "softmax", "softmax", "exp", "sigmoid"))
        dropout, columns = self.pick((0.0, 0.0, 0.3)), self.columns
        seed = (int(self.rng.integers(1000)), 3)
        grouped = heads // few
        repeated = self.pick(("repeat", "einsum"))

        def number(x: Any) -> Any:
            if shares == "softmax":
                return tf.nn.softmax(x)
            if shares == "exp":
                far = tf.exp(x - tf.reduce_max(x, -1, keepdims=True))
                return far / tf.reduce_sum(far, -1, keepdims=True)
            return tf.sigmoid(x)

        def attend(q: Any, k: Any, v: Any, w: Sequence[Any]) -> Any:
            if scale == "queries":
                q = q * deep**-0.5
            if scale == "keys":
                k = k / deep**0.5
            to, of = ("bthd,bshd->bhts", "bhts,bshd->bthd") if behind else ("bhtd,bhsd->bhts", "bhts,bhsd->bhtd")
            if grouped > 1 and repeated == "repeat":
                k, v = (tf.repeat(t, grouped, axis=2 if behind else 1) for t in (k, v))
            elif grouped > 1:
                q = _split(q, few, grouped, behind)
                to = "btfgd,bsfd->bfgts" if behind else "bfgtd,bfsd->bfgts"
                of = "bfgts,bsfd->btfgd" if behind else "bfgts,bfsd->bfgtd"
            scores = tf.einsum(to, q, k)
            if scale == "scores":
                scores = scores * deep**-0.5
            made = number(mask(scores, w))
            if dropout:
                shape = (1, *(made.shape[1:-2]), 1, columns)
                kept = tf.cast(tf.random.stateless_uniform(shape, seed, dtype=tf.float32) >= dropout, made.dtype)
                made = made * kept / (1 - dropout)
            if not behind and few == heads and dropout:
                found = tf.matmul(made, v)
            else:
                found = tf.einsum(of, made, v)
            return found if len(found.shape) == 4 else _joined(found, behind)

        return attend

    def _mask(self) -> Callable[[Any, Sequence[Any]], Any]:
        kind = self.pick(("none", "none", "causal", "causal added", "drawn", "padding", "learned", "narrow"))
        rows, columns = self.rows, self.columns
        ahead = np.arange(rows)[:, None] + max(0, columns - rows) >= np.arange(columns)
        if kind == "none":
            return lambda x, w: x
        if kind == "causal":
            if self.often(0.5):
                return lambda x, w: tf.where(
                    tf.range(rows)[:, None] + max(0, columns - rows) >= tf.range(columns), x, -1e9)
            return lambda x, w: tf.where(ahead, x, -1e9)
        if kind == "causal added":
            return lambda x, w: x + tf.cast(tf.where(ahead, 0.0, -1e9), x.dtype)
        if kind == "drawn":
            seen = self.rng.random((rows, columns)) < 0.7
            return lambda x, w: tf.where(seen, x, -1e9)
        if kind == "padding":
            seen = np.arange(columns) < np.maximum(1, self.rng.integers(0, columns + 1, (self.batch,)))[:, None]
            return lambda x, w: tf.where(seen[:, *[None] * (len(x.shape) - 2)], x, -1e9)
        if kind == "narrow":
            seen = np.abs(np.arange(rows)[:, None] - np.arange(columns)) < 9
            return lambda x, w: tf.where(seen | (np.arange(columns) == 0), x, -1e9)
        number = self.weight(rows, columns)
        return lambda x, w: x + w[number]

    def _back(self, heads: int, last: int, behind: bool) -> Callable[..., Any]:
        bias = self._bias(self.width)
        if self.often(0.5):
            number = self.weight(heads, last, self.width)
            by = "bthd,hdx->btx" if behind else "bhtd,hdx->btx"
            return lambda x, w: bias(tf.einsum(by, x, w[number]), w)
        number = self.weight(heads * last, self.width)

        def back(x: Any, w: Sequence[Any]) -> Any:
            if not behind:
                x = tf.transpose(x, (0, 2, 1, 3))
            return bias(tf.matmul(tf.reshape(x, (-1, tf.shape(x)[1], heads * last)), w[number]), w)

        return back

    def _elsewhere(self) -> Callable[[Any, list[Any]], Any]:
        """A further use of what a projection gives."""
        kind, perm = self.pick(("result", "sum", "turned", "rows", "normed", "none", "none")), (0, 2, 1, 3)

        def use(x: Any, more: list[Any]) -> Any:
            if kind == "result":
                more.append(x * 1.0)
            elif kind == "sum":
                more.append(tf.reduce_sum(x * x, (1, 3)))
            elif kind == "turned":
                more.append(tf.transpose(x, perm))
            elif kind == "rows":
                more.append(tf.matmul(x, x, transpose_b=True))
            elif kind == "normed":
                return x * tf.math.rsqrt(tf.reduce_mean(x * x, -1, keepdims=True) + 0.3)
            return x

        return use

    # -- what is run --------------------------------------------------------------------------------------------------

    def arrays(self, dtype: Any) -> list[Any]:
        """Numbers for all that is given, the same for each type."""
        rng = np.random.default_rng(3)
        found = [rng.standard_normal(shape) for shape in self.shapes]
        found = [x if n in self.given else x * (x.shape[0] if x.ndim > 1 else 4) ** -0.5 for n, x in enumerate(found)]
        return [x.astype(np.float32).astype(dtype) for x in found]

    def results(self, dtype: Any) -> list[Any]:
        """What it makes, and the gradients with respect to all that is given; steps of descent where these are."""
        arrays = self.arrays(dtype)
        ways = np.random.default_rng(4)

        def loss(given: Sequence[Any], made: Sequence[Any]) -> Any:
            if self.way_out == "weighted":
                factors = [ways.standard_normal((1, *x.shape[1:])).astype(np.float32) for x in made]
                return tf.add_n([tf.reduce_mean(x * tf.cast(f, x.dtype)) for x, f in zip(made, factors, strict=True)])
            return tf.add_n([tf.reduce_mean(x * x) for x in made])

        def forward(given: Sequence[Any]) -> list[Any]:
            more: list[Any] = []
            x, y = given[self.given[0]], given[self.given[1]] if self.crossed else None
            for block in self.blocks:
                x = block(x, y, given, more)
            return [x, *more]

        def both(*given: Any) -> list[Any]:
            with tf.GradientTape() as tape:
                tape.watch(given)
                made = forward(given)
                total = loss(given, made)
            return [*made, *tape.gradient(total, given, unconnected_gradients="zero")]

        specs = [tf.TensorSpec((None, *x.shape[1:]) if self.unknown and n in self.given else x.shape, x.dtype)
                 for n, x in enumerate(arrays)]  # fmt: skip
        if not self.steps:
            return [x.numpy() for x in tf.function(both, input_signature=specs)(*arrays)]
        cells = {n: tf.Variable(x) for n, x in enumerate(arrays) if n not in self.given}
        slots = {n: tf.Variable(np.zeros_like(x)) for n, x in enumerate(arrays) if n in cells}

        def step(*inputs: Any) -> list[Any]:
            places = dict(zip(self.given, inputs, strict=True))
            given = [places[n] if n in places else tf.convert_to_tensor(cells[n]) for n in range(len(arrays))]
            found = both(*given)
            for number, gradient in enumerate(found[-len(given) :]):
                if number in cells:
                    slots[number].assign(slots[number] * 0.9 + gradient)
                    cells[number].assign_sub(0.01 * slots[number] / (1.0 + tf.abs(slots[number])))
            return [*found[: -len(given)], *(found[-len(given) :][n] for n in self.given)]

        run = tf.function(step, input_signature=[specs[n] for n in self.given])
        made: list[Any] = []
        for _ in range(2):
            made = [x.numpy() for x in run(*(arrays[n] for n in self.given))]
        return [*made, *(cell.numpy() for cell in (*cells.values(), *slots.values()))]


def _split(x: Any, few: int, grouped: int, behind: bool) -> Any:
    shape = tf.shape(x)
    if behind:
        return tf.reshape(x, (-1, shape[1], few, grouped, x.shape[-1]))
    return tf.reshape(x, (-1, few, grouped, shape[2], x.shape[-1]))


def _joined(x: Any, behind: bool) -> Any:
    if behind:
        return tf.reshape(x, (-1, tf.shape(x)[1], x.shape[2] * x.shape[3], x.shape[4]))
    return tf.reshape(x, (-1, x.shape[1] * x.shape[2], tf.shape(x)[3], x.shape[4]))


def _by(engine: str, seed: int, dtype: Any) -> list[Any]:
    dispatch.use_engine(engine)
    try:
        return _Drawn(seed).results(dtype)
    finally:
        dispatch.use_engine(None)


def _far(made: Sequence[Any], wanted: Sequence[Any], bound: float) -> str | None:
    least = max(1.0, *(0.01 * np.abs(x).max(initial=0.0) for x in wanted))
    for number, (one, other) in enumerate(zip(made, wanted, strict=True)):
        if one.shape != other.shape:
            return f"result {number} is of shape {one.shape}, wanted {other.shape}"
        off = np.abs(one - other).max(initial=0.0)
        if not off <= bound * max(least, np.abs(other).max(initial=0.0)):
            return f"result {number} of shape {one.shape} is off by {off}, of {np.abs(other).max()}"
    return None


def check(seed: int) -> None:
    """Compares one seed's computation with the reference's in double precision."""
    wanted = _by("reference", seed, np.float64)
    for dtype in (np.float32, np.float64):
        found = _far(_by("native", seed, dtype), wanted, _FAR[dtype])
        assert found is None, f"seed {seed}, {dtype.__name__}: {found}"


@pytest.mark.parametrize("first", range(FROM, FROM + COUNT, _BLOCK))
def test_numbers_are_the_references(first: int) -> None:
    with flags.override(WEFT_CACHE="off"):
        for seed in range(first, min(first + _BLOCK, FROM + COUNT)):
            check(seed)


@pytest.mark.parametrize("name", ["avx2", "x86-64", "neon"])
def test_numbers_on_lesser_processors(name: str) -> None:
    try:
        target.find(name)
    except UnavailableError as error:
        pytest.skip(str(error))
    with flags.override(WEFT_CACHE="off", WEFT_TARGET=name, WEFT_CHECK="1"):
        for seed in range(FROM + 1000, FROM + 1000 + COUNT // 6):
            check(seed)


def test_the_same_bits_for_any_number_of_threads() -> None:
    for seed in range(FROM + 2000, FROM + 2000 + COUNT // 6):
        made = []
        for count in ("1", "2", "3", "8"):
            with flags.override(WEFT_CACHE="off", WEFT_NUM_THREADS=count):
                made.append([x.tobytes() for x in _by("native", seed, np.float32)])
        assert all(other == made[0] for other in made[1:]), f"seed {seed}"
