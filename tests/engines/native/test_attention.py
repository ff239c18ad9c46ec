"""Attention whose matrix is never stored: the reference's numbers, and the bits of products done one by one."""

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
from weft.engines.native.products import Product
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


def _heads(q: Any, k: Any, v: Any) -> Any:
    """The same where somebody else has scaled the queries."""
    return tf.einsum("bhts,bshd->bthd", tf.nn.softmax(tf.einsum("bthd,bshd->bhts", q, k)), v)


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
    (2, 3, 48, 48, 8, 8), (1, 2, 17, 33, 5, 7), (3, 1, 128, 128, 32, 32), (1, 2, 150, 70, 16, 48),
    (2, 2, 16, 300, 64, 33),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(SIZES)))
def test_it_is_the_products_one_by_one(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    batch, heads, rows, columns, width, last = SIZES[number]
    heads_first, masked = number % 2 == 0, number in (0, 1)
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
    _near(together, _by_reference(function, given))


@pytest.mark.parametrize("low", [np.finfo(np.float32).min, -1e9])
@pytest.mark.parametrize("added", [False, True])
def test_rows_where_everything_is_masked_take_all_columns(added: bool, low: float) -> None:
    """What a mask puts counts where nothing else does: the first places of rows that are padded on the left."""
    rows = 96
    given = _drawn([(2, 2, rows, 16)] * 3 + [(2, 2, rows, 16)])
    seen = np.arange(rows) >= np.array([[0], [5]])

    def attend(q: Any, k: Any, v: Any) -> Any:
        causal = tf.range(rows)[:, None] >= tf.range(rows)
        scores = tf.matmul(q, k, transpose_b=True)
        if added:
            scores += tf.where(seen[:, None, None, :], 0.0, low)
            scores = tf.where(causal, scores, low)
        else:
            scores = tf.where(causal & seen[:, None, None, :], scores, low)
        return tf.matmul(tf.nn.softmax(scores), v)

    function = _with_gradients(attend)
    _near(_run(function, given), _by_reference(function, given))


@pytest.mark.parametrize(
    ("sizes", "heads_first"),
    [((2, 2, 64, 64, 8, 16), False), ((1, 3, 75, 75, 9, 24), True), ((2, 1, 40, 101, 5, 33), False)],
)
def test_what_lies_ahead_is_left_out(
    sizes: tuple[int, ...], heads_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, heads, rows, columns, width, last = sizes
    shapes = [(batch, heads, rows, width), (batch, heads, columns, width), (batch, heads, columns, last),
              (batch, heads, rows, last)]  # fmt: skip
    if not heads_first:
        shapes = [(b, t, h, d) for b, h, t, d in shapes]

    def attend(q: Any, k: Any, v: Any) -> Any:
        mask = tf.range(rows)[:, None] + (columns - rows) >= tf.range(columns)
        if heads_first:
            scores = tf.where(mask, tf.matmul(q, k, transpose_b=True), -1e38)
            return tf.matmul(tf.nn.softmax(scores), v)
        scores = tf.where(mask, tf.einsum("bthd,bshd->bhts", q, k), -np.inf)
        return tf.einsum("bhts,bshd->bthd", tf.nn.softmax(scores), v)

    given = _drawn(shapes)
    function = _with_gradients(attend)
    watch = _Watch(monkeypatch)
    made = _run(function, given)
    assert [run.ahead for run in watch.runs] == [1 + columns - rows] * 2
    _near(made, _by_reference(function, given))
    with flags.override(WEFT_CHECK="1", WEFT_TARGET="avx2" if heads_first else ""):
        _near(_run(function, given), made)


@pytest.mark.parametrize("name", ["", "avx2", "x86-64", "neon"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_lies_ahead_adds_nothing_to_sums_over_rows(name: str, dtype: Any) -> None:
    """Tiles of the matrix turned round reach beyond the columns that take part, by more than a vector where these are
    short: what another matrix has left there must not be added."""
    try:
        target.find(name or "host")
    except UnavailableError as error:
        pytest.skip(str(error))

    def attend(q: Any, k: Any, v: Any) -> Any:
        seen = tf.range(130)[:, None] >= tf.range(130)
        return tf.matmul(tf.nn.softmax(tf.where(seen, tf.matmul(q, k, transpose_b=True), -1e38)), v)

    given = _drawn([(5, 2, 130, 6)] * 4, dtype)
    function = _with_gradients(attend)
    wanted = _by_reference(function, given)
    with flags.override(WEFT_TARGET=name):
        for _ in range(2):
            _near(_run(function, given), wanted, 2e-6 if dtype is np.float32 else 1e-13)


@pytest.mark.parametrize("mask", [
    lambda i, j: i + 2 >= j, lambda i, j: i <= j, lambda i, j: tf.logical_or(i >= j, j < 3), lambda i, j: i - j < 3,
])  # fmt: skip
def test_other_masks_leave_nothing_out(mask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def attend(q: Any, k: Any, v: Any) -> Any:
        seen = mask(tf.range(40)[:, None], tf.range(40))
        return tf.matmul(tf.nn.softmax(tf.where(seen, tf.matmul(q, k, transpose_b=True), -1e38)), v)

    given = _drawn([(2, 40, 8)] * 3)
    watch = _Watch(monkeypatch)
    made = _run(lambda *qkv: [attend(*qkv)], given)
    assert [run.ahead for run in watch.runs] == [None]
    _near(made, _by_reference(lambda *qkv: [attend(*qkv)], given))


def _near(made: Sequence[Any], wanted: Sequence[Any], bound: float = 2e-6) -> None:
    for one, other in zip(made, wanted, strict=True):
        assert np.abs(one - other).max() <= bound * max(1.0, np.abs(other).max())


@pytest.mark.parametrize("name", ["avx2", "x86-64", "neon"])
def test_narrower_processors(name: str) -> None:
    try:
        target.find(name)
    except UnavailableError as error:
        pytest.skip(str(error))
    given = _drawn([(2, 2, 20, 9), (2, 2, 37, 9), (2, 2, 37, 12), (2, 2, 20, 12)])
    function = _with_gradients(_dot)
    with flags.override(WEFT_TARGET=name):
        made = _run(function, given)
    _near(made, _by_reference(function, given))


def test_no_access_lies_outside() -> None:
    given = _drawn([(2, 31, 2, 9), (2, 45, 2, 9), (2, 45, 2, 10), (2, 31, 2, 10)])
    function = _with_gradients(_einsum)
    with flags.override(WEFT_CHECK="1"):
        made = _run(function, given, unknown=True)
    _near(made, _by_reference(function, given))


def test_the_same_bits_for_any_number_of_threads() -> None:
    given = _drawn([(3, 2, 90, 9), (3, 2, 40, 9), (3, 2, 40, 12), (3, 2, 90, 12)])
    function = _with_gradients(_dot)
    made = []
    for count in ("1", "2", "3"):
        with flags.override(WEFT_NUM_THREADS=count):
            made.append([one.tobytes() for one in _run(function, given)])
    assert made[0] == made[1] == made[2]


def test_double_precision() -> None:
    given = _drawn([(2, 2, 40, 9), (2, 2, 40, 9), (2, 2, 40, 9), (2, 2, 40, 9)], np.float64)
    function = _with_gradients(_dot)
    _near(_run(function, given), _by_reference(function, given), 1e-14)


def test_a_matrix_that_is_asked_for_lies_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def attend(q: Any, k: Any, v: Any) -> Any:
        shares = tf.nn.softmax(tf.matmul(q, k, transpose_b=True))
        made = tf.matmul(shares, v)
        return made, shares

    watch = _Watch(monkeypatch)
    given = _drawn([(2, 2, 40, 9), (2, 2, 33, 9), (2, 2, 33, 9)])
    made = _run(lambda *qkv: attend(*qkv), given)
    assert [len(run.kept) for run in watch.runs] == [1]
    _near(made, _by_reference(lambda *qkv: attend(*qkv), given))


@pytest.mark.parametrize(("batch", "length", "width"), [(3, 40, 16), (8, 5, 4), (64, 6, 16), (2, 1, 3)])
def test_projections_around_attention(batch: int, length: int, width: int) -> None:
    """Gradients of queries, keys and values that products have made of rows, with a bias each."""

    def attend(q: Any, k: Any, v: Any, into: Any, out: Any, bias: Any) -> Any:
        q, k, v = (tf.einsum("btx,xhd->bthd", rows, into) + bias for rows in (q, k, v))
        return tf.einsum("bthd,hdo->bto", _einsum(q, k, v), out)

    def both(*given: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(given)
            made = attend(*given)
            loss = tf.reduce_sum(made * made)
        return [made, *tape.gradient(loss, given)]

    rows = (batch, length, 12)
    given = _drawn([rows, rows, rows, (12, 2, width), (2, width, 10), (2, width)])
    wanted = _by_reference(both, given)
    for unknown in (False, True):
        specs = [tf.TensorSpec((None, *x.shape[1:]) if unknown and number < 3 else x.shape, x.dtype)
                 for number, x in enumerate(given)]  # fmt: skip
        made = [x.numpy() for x in tf.function(both, input_signature=specs)(*given)]
        _near(made, wanted)


def test_operands_of_projections_lie_at_even_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    """What attention makes of heads lies as the products behind it go through it, forwards and backwards."""
    products: list[Product] = []

    def find(nests: list[Nest]) -> list[Nest]:
        products.extend(nest.template for nest in nests if isinstance(nest.template, Product))
        return _find_runs(nests)

    def attend(q: Any, k: Any, v: Any, into: Any, out: Any, bias: Any) -> Any:
        q, k, v = (tf.einsum("btx,xhd->bthd", rows, into) + bias for rows in (q, k, v))
        return tf.einsum("bthd,hdo->bto", _heads(q * 0.25, k, v), out)

    def both(*given: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(given)
            made = attend(*given)
            loss = tf.reduce_sum(made * made)
        return [made, *tape.gradient(loss, given)]

    rows = (3, 40, 12)
    given = _drawn([rows, rows, rows, (12, 2, 16), (2, 16, 10), (2, 16)])
    wanted = _by_reference(both, given)
    monkeypatch.setattr(schedule, "find_runs", find)
    for unknown in (False, True):
        specs = [tf.TensorSpec((None, *x.shape[1:]) if unknown and number < 3 else x.shape, x.dtype)
                 for number, x in enumerate(given)]  # fmt: skip
        made = [x.numpy() for x in tf.function(both, input_signature=specs)(*given)]
        _near(made, wanted)
    assert len(products) >= 30
    assert all(operand.steps() is not None for product in products for operand in (product.a, product.b))


def test_a_whole_layer_with_dropout(monkeypatch: pytest.MonkeyPatch) -> None:
    def losses(engine: str) -> list[float]:
        dispatch.use_engine(engine)
        keras.utils.set_random_seed(3)
        x = keras.Input((24, 16))
        y = keras.layers.MultiHeadAttention(2, 8, dropout=0.2)(x, x, use_causal_mask=True)
        model = keras.Model(x, keras.layers.Dense(1)(y))
        model.compile(keras.optimizers.Adam(0.01), "mse")
        (rows,) = _drawn([(12, 24, 16)])
        history = model.fit(rows, rows[..., :1], batch_size=5, epochs=3, verbose=0, shuffle=False)
        return [float(loss) for loss in history.history["loss"]]

    watch = _Watch(monkeypatch)
    native = losses("native")
    assert watch.runs
    assert native == pytest.approx(losses("reference"), rel=2e-5)
