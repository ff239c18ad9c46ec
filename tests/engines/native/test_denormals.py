"""Numbers below the least normal one: zero in native code, as in TensorFlow; untouched outside it."""

from collections.abc import Iterator

import numpy as np
import pytest

import weft
from weft import keras
from weft.engines.native import denormals
from weft.runtime import dispatch


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    dispatch.use_engine("native")
    yield
    dispatch.use_engine(None)


@pytest.mark.parametrize(("dtype", "tiny"), [("float32", 1e-40), ("float64", 1e-310)])
@pytest.mark.parametrize("count", [4, 1_000_003])  # with one thread, and with all
def test_they_count_as_zero(dtype: str, tiny: float, count: int) -> None:
    x = weft.constant(np.full(count, tiny, dtype))
    scaled, squared = weft.function(lambda x: (x * 1.5, x * 0.5 + x))(x)
    assert not scaled.numpy().any() and not squared.numpy().any()


def test_results_that_are_too_small_become_zero() -> None:
    x = weft.constant(np.full((64, 64), 1e-20, np.float32))
    assert not weft.function(weft.matmul)(x, x).numpy().any()


def test_they_are_copied_as_they_are() -> None:
    x = np.full((3, 2), 1e-40, np.float32)
    turned = weft.function(lambda x: weft.transpose(x) if x.shape.rank else x)(weft.constant(x)).numpy()
    np.testing.assert_array_equal(turned, x.T)


def test_what_python_computes_keeps_them() -> None:
    x = weft.constant(np.full(1_000_003, 1e-40, np.float32))
    weft.function(lambda x: x * 1.5)(x)
    assert (np.full(4, 1e-40, np.float32) * np.float32(1.5)).all()
    assert 5e-324 > 0 and 5e-324 * 1 == 5e-324


def test_a_step_of_training_leaves_pythons_numbers_alone() -> None:
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.ones((64, 8), np.float32), np.ones((64, 1), np.float32), verbose=0)
    assert 2.2e-308 / 16 > 0


def test_arms_text_sets_its_own_register() -> None:
    assert "fpcr" in denormals.text(True) and "mxcsr" in denormals.text(False)
