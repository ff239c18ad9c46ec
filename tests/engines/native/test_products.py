"""Products of matrices of many shapes: numpy's numbers, and the same bits however they are cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.base import flags
from weft.base.errors import UnavailableError
from weft.engines.native import target
from weft.runtime import dispatch

#: rows, columns, reduced: around the sizes of tiles, strips, blocks and stretches
SHAPES = [
    (1, 1, 1), (1, 33, 5), (3, 7, 0), (13, 16, 600), (15, 40, 17), (29, 100, 64), (33, 96, 130), (100, 65, 33),
    (230, 70, 31), (230, 130, 520), (300, 10, 1100), (64, 256, 512), (1024, 96, 1024), (41, 80, 31), (19, 176, 47),
    (12, 48, 16),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    with flags.override(WEFT_ENGINE="native"):
        yield
    dispatch.use_engine(None)


def _draw(*shape: int, dtype: Any = np.float32) -> Any:
    drawn = np.random.default_rng(sum(shape)).standard_normal(shape)
    return drawn.astype(dtype) if np.issubdtype(dtype, np.floating) else (drawn * 9).astype(dtype)


def _compiled(a: Any, b: Any, rows: bool = False, **flips: bool) -> Any:
    specs = [tf.TensorSpec(x.shape, x.dtype) for x in (a, b)]
    if rows:
        shape = list(a.shape)
        shape[-1 if flips.get("transpose_a") else -2] = None
        specs[0] = tf.TensorSpec(shape, a.dtype)
    return tf.function(lambda x, y: tf.matmul(x, y, **flips), input_signature=specs)


def _check(made: Any, a: Any, b: Any) -> None:
    wanted = a.astype(np.float64) @ b.astype(np.float64)
    scale = np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64) + 1e-30
    error = np.abs(np.asarray(made, np.float64) - wanted) / scale
    assert made.shape == wanted.shape
    assert error.size == 0 or error.max() < (2e-6 if a.dtype == np.float32 else 1e-14)


def _flipped(x: Any, flip: bool) -> Any:
    return np.ascontiguousarray(np.swapaxes(x, -1, -2)) if flip else x


@pytest.mark.parametrize("shape", SHAPES)
def test_products_of_all_orders(shape: tuple[int, int, int]) -> None:
    rows, columns, inner = shape
    a, b = _draw(rows, inner), _draw(inner, columns)
    made = []
    for number in range(4):
        flip_a, flip_b = bool(number & 1), bool(number & 2)
        given = _flipped(a, flip_a), _flipped(b, flip_b)
        made.append(_compiled(*given, transpose_a=flip_a, transpose_b=flip_b)(*given).numpy())
        _check(made[-1], a, b)
        assert made[-1].tobytes() == made[0].tobytes(), "the order in memory changes no bit"


@pytest.mark.parametrize("flip_a", [False, True])
@pytest.mark.parametrize("flip_b", [False, True])
def test_rows_have_the_same_bits_in_any_company(flip_a: bool, flip_b: bool) -> None:
    b = _draw(530, 72)
    given = _flipped(b, flip_b)
    product = _compiled(_draw(*((530, 1) if flip_a else (1, 530))), given, True, transpose_a=flip_a, transpose_b=flip_b)
    a = _draw(460, 530)
    whole = product(_flipped(a, flip_a), given).numpy()
    _check(whole, a, b)
    for rows in (1, 2, 11, 24, 25, 47, 225):
        some = product(_flipped(a[:rows], flip_a), given).numpy()
        assert some.tobytes() == whole[:rows].tobytes(), rows


@pytest.mark.parametrize("kind", [np.float64, np.int32])
def test_other_types(kind: Any) -> None:
    a, b = _draw(37, 70, dtype=kind), _draw(70, 45, dtype=kind)
    for flip in (False, True):
        given = _flipped(b, flip)
        made = _compiled(a, given, transpose_b=flip)(a, given).numpy()
        if kind is np.int32:
            assert np.array_equal(made, a @ b)
        else:
            _check(made, a, b)


@pytest.mark.parametrize(
    "shapes", [((3, 2, 20, 33), (2, 33, 48)), ((5, 240, 9), (9, 34)), ((4, 1, 8, 8), (1, 3, 8, 40))]
)
def test_products_side_by_side(shapes: Any) -> None:
    a, b = (_draw(*shape) for shape in shapes)
    _check(_compiled(a, b)(a, b).numpy(), a, b)


@pytest.mark.parametrize("many", [2, 9])
def test_matrices_that_meet_the_same_b_are_one(many: int) -> None:
    a, b = _draw(many, 45, 70), _draw(70, 300)
    specs = [tf.TensorSpec([None, 45, 70]), tf.TensorSpec(b.shape)]
    made = np.asarray(tf.function(lambda x, y: tf.nn.relu(tf.matmul(x, y)), input_signature=specs)(a, b))
    for matrix, rows in zip(a, made, strict=True):
        alone = np.asarray(_compiled(matrix, b)(matrix, b))
        _check(alone, matrix, b)
        np.testing.assert_array_equal(rows, np.maximum(alone, 0))


def test_matrices_of_unknown_rows_share_a_b_that_is_packed_once() -> None:
    """Turned, so that they cannot be one matrix; few rows each, but many together."""
    b = _draw(33, 130)
    product = tf.function(
        lambda x, y: tf.matmul(tf.transpose(x, [1, 0, 2]), y),
        input_signature=[tf.TensorSpec([None, 60, 33]), tf.TensorSpec(b.shape)],
    )
    for rows in (1, 4, 5, 20, 300):
        a = _draw(rows, 60, 33)
        made = product(a, b).numpy()
        _check(made, np.ascontiguousarray(a.transpose(1, 0, 2)), b)
        alone = np.ascontiguousarray(a[:, 7])
        np.testing.assert_array_equal(made[7], _compiled(alone, b)(alone, b).numpy())


def test_an_unknown_reduced_size() -> None:
    product = tf.function(
        lambda x, y: tf.matmul(x, y, transpose_a=True),
        input_signature=[tf.TensorSpec((None, 40), tf.float32), tf.TensorSpec((None, 24), tf.float32)],
    )
    for length in (0, 1, 30, 700):
        a, b = _draw(length, 40), _draw(length, 24)
        made = product(a, b).numpy()
        if length:
            _check(made, np.ascontiguousarray(a.T), b)
        else:
            assert not made.any()


def test_unknown_columns() -> None:
    product = tf.function(
        lambda x, y: tf.nn.relu(tf.matmul(x, y, transpose_b=True)),
        input_signature=[tf.TensorSpec((None, 20), tf.float32), tf.TensorSpec((None, 20), tf.float32)],
    )
    for rows, columns in ((1, 1), (5, 31), (30, 32), (40, 45)):
        a, b = _draw(rows, 20), _draw(columns, 20)
        made = product(a, b).numpy()
        assert np.allclose(made, np.maximum(a @ b.T, 0), atol=1e-5)


@pytest.mark.parametrize("shape", [(230, 70, 31), (33, 96, 530)])
def test_no_product_reaches_outside_of_its_operands(shape: tuple[int, int, int]) -> None:
    rows, columns, inner = shape
    a, b = _draw(rows, inner), _draw(inner, columns)
    with flags.override(WEFT_CHECK="1"):
        for unknown, flips in ((False, {}), (True, {}), (True, {"transpose_b": True}), (False, {"transpose_a": True})):
            given = _flipped(a, "transpose_a" in flips), _flipped(b, "transpose_b" in flips)
            _check(_compiled(*given, unknown, **flips)(*given).numpy(), a, b)


@pytest.mark.parametrize("name", ["avx2", "x86-64"])
def test_narrower_processors(name: str) -> None:
    try:
        target.find(name)
    except UnavailableError as error:
        pytest.skip(str(error))
    with flags.override(WEFT_TARGET=name):
        for rows, columns, inner in SHAPES[4:10:2]:
            a, b = _draw(rows, inner), _draw(inner, columns)
            given = _flipped(b, True)
            _check(_compiled(a, b, True)(a, b).numpy(), a, b)
            _check(_compiled(a, given, transpose_b=True)(a, given).numpy(), a, b)


@pytest.mark.parametrize("checked", [False, True])
def test_bfloat16_is_added_up_in_float32(checked: bool) -> None:
    bf16 = tf.bfloat16.as_numpy_dtype
    with flags.override(WEFT_CHECK=str(int(checked))):
        for rows, columns, inner in ((37, 45, 31), (230, 40, 64), (70, 33, 1030)) if not checked else ((37, 45, 31),):
            a, b = _draw(rows, inner).astype(bf16), _draw(inner, columns).astype(bf16)
            wanted = a.astype(np.float64) @ b.astype(np.float64)
            scale = np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64)
            for number in range(4):
                flip_a, flip_b = bool(number & 1), bool(number & 2)
                given = _flipped(a, flip_a), _flipped(b, flip_b)
                made = _compiled(*given, number == 0, transpose_a=flip_a, transpose_b=flip_b)(*given).numpy()
                error = np.abs(made.astype(np.float64) - wanted)
                assert (error <= 2.0**-8 * np.abs(wanted) + 2e-6 * scale).all()  # half a step of bfloat16


def test_any_number_of_threads_gives_the_same_bits() -> None:
    a, b = _draw(470, 300), _draw(300, 200)
    product, found = _compiled(a, b), set()
    for count in (1, 2, 3, 8):
        with flags.override(WEFT_NUM_THREADS=str(count)):
            found.add(product(a, b).numpy().tobytes())
    assert len(found) == 1
