"""Functions of `keras.ops` where a dtype's range or rounding decides. Expected numbers are Keras' own unless said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from weft import keras
from weft.keras import ops


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "int64"])
@pytest.mark.parametrize("number", [-(2**31) - 1, -200, -3, 100, 128, 255, 256, 300, 70000, 2**31 + 1, 2**32 + 1])
def test_comparisons_with_numbers_beyond_the_dtype(dtype: str, number: int) -> None:
    """Numbers of Python count as int32 or int64, and so do not wrap round."""
    values = np.array([1, 100, 3])
    x = ops.convert_to_tensor(values.astype(dtype))
    for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"):
        compare: Any = getattr(ops, name)
        plain: Any = getattr(np, name)
        assert np.array_equal(compare(x, number), plain(values, number)), name
        assert np.array_equal(compare(number, x), plain(number, values)), name


@pytest.mark.parametrize(("dtype", "equal"), [("float16", False), ("float32", True), ("float64", False)])
def test_comparisons_with_fractions(dtype: str, equal: bool) -> None:
    """A fraction of Python counts as the default float."""
    assert bool(ops.equal(ops.cast(ops.convert_to_tensor(np.array(0.1)), dtype), 0.1)) is equal


@pytest.mark.parametrize(
    ("dtype", "expected"), [("int8", "int32"), ("uint8", "int32"), ("uint32", "int64"), ("int64", "int64")]
)
def test_a_shifted_number_has_its_own_dtype(dtype: str, expected: str) -> None:
    places = ops.convert_to_tensor(np.array([0, 1, 2], dtype))
    shifted = ops.left_shift(300, places)
    assert (shifted.dtype, shifted.numpy().tolist()) == (expected, [300, 600, 1200])
    assert ops.right_shift(300, places).numpy().tolist() == [300, 150, 75]
    assert ops.left_shift(places, 2).dtype == dtype


def test_ldexp_where_the_power_alone_is_infinite() -> None:
    for x, power, product in ((0.0, 300, 0.0), (-1.0, 2000, -np.inf), (5.0, -2000, 0.0), (np.inf, -300, np.inf)):
        assert float(ops.ldexp(x, power)) == product
    assert float(ops.ldexp(1e-30, 140)) == pytest.approx(1e-30 * 2.0**140)
    assert float(ops.ldexp(np.float64(1e-300), 1100)) == pytest.approx(np.ldexp(1e-300, 1100))
    assert float(ops.ldexp(np.float16(6e-8), 20)) == pytest.approx(0.0625)


def test_vander_of_integers_is_exact() -> None:
    """Modulo the dtype's range; Keras goes by floats, which round the third powers of large numbers."""
    assert ops.vander(np.array([250], "uint8"), 4).numpy().tolist() == [[40, 36, 250, 1]]
    assert ops.vander(np.array([100003], "int64"), 4).numpy().tolist() == [[100003**3, 100003**2, 100003, 1]]


def test_dtypes_of_counts_and_products() -> None:
    x = ops.convert_to_tensor(np.array([1.0, 2.0, 3.0], "float32"))
    assert [part.dtype for part in ops.histogram(x, 2)] == ["float32", "float32"]
    assert ops.histogram(np.array([1, 2], "int64"), 2)[0].dtype == "int64"
    vector, matrix = np.ones(3, "int8"), np.ones((3, 3), "int8")
    assert [ops.matmul(a, b).dtype for a, b in ((vector, vector), (matrix, vector), (matrix, matrix))] == [
        "int8", "int8", "int32",
    ]  # fmt: skip


def test_an_infinite_global_norm_spoils_every_gradient() -> None:
    variables = [keras.Variable([1.0, 2.0]), keras.Variable([1.0])]
    gradients = [ops.convert_to_tensor([np.inf, 1.0]), ops.ones(1)]
    keras.optimizers.SGD(1.0, global_clipnorm=1.0).apply(gradients, variables)
    assert all(np.isnan(variable.numpy()).all() for variable in variables)


@pytest.mark.parametrize("names", [["bias|gamma"], ["b.as"], ["bias$"]])
def test_names_spared_from_weight_decay_are_patterns(names: list[str]) -> None:
    optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=names)
    variables = [keras.Variable([1.0], name="bias"), keras.Variable([1.0], name="kernel")]
    optimizer.apply([ops.zeros(1)] * 2, variables)
    assert [float(variable[0]) for variable in variables] == pytest.approx([1.0, 0.95])
