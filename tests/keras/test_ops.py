"""`keras.ops` against Keras 3.15: results, dtypes, and the same on symbolic tensors and in traced functions."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import Any

import numpy as np
import pytest

import weft as tf
from tests.golden import ops_cases, recipes
from weft import keras

GOLDEN = recipes.Golden("keras_ops")
VALUES = GOLDEN["values"]
CASES = list(ops_cases.every())
#: cases by function, those that Keras takes
BY_FUNCTION: dict[str, list[int]] = defaultdict(list)
for _number, _case in enumerate(CASES):
    if "results" in GOLDEN.cases[str(_number)]:
        BY_FUNCTION[_case.function].append(_number)

#: how near results are: by their dtype, and by that of the narrowest operand
TOLERANCE = {"float64": 1e-6, "float32": 2e-5, "float16": 4e-3, "bfloat16": 3e-2, "complex64": 2e-5, "complex128": 1e-6}
#: eigenvectors and their like have free signs; the tests below look at what they give together
FREE_SIGNS = {"eigh", "qr"}


def function_of(name: str) -> Any:
    found = keras.ops
    for part in name.split("."):
        found = getattr(found, part)
    return found


def given(value: Any) -> Any:
    if isinstance(value, ops_cases.B):
        return tf.cast(value.array, "bfloat16")
    if isinstance(value, (list, tuple)):
        return type(value)(given(item) for item in value)
    return value


def expected(number: int) -> list[tuple[str, np.ndarray]]:
    found = []
    for dtype, shape, place in GOLDEN.cases[str(number)]["results"]:
        size = int(np.prod(shape)) * (2 if "complex" in dtype else 1)
        part = VALUES[place : place + size]
        if "complex" in dtype:
            part = part[0::2] + 1j * part[1::2]
        found.append((dtype, part.reshape(shape)))
    return found


def as_list(found: Any) -> list[Any]:
    return list(found) if isinstance(found, (list, tuple)) else [found]


def compare(found: Any, number: int) -> None:
    results = as_list(found)
    wanted = expected(number)
    assert len(results) == len(wanted)
    narrow = "float16" if "float16" in repr(CASES[number].args) else None
    for value, (dtype, numbers) in zip(results, wanted):
        if hasattr(value, "dtype"):
            assert keras.backend.standardize_dtype(value.dtype) == dtype
        array = np.asarray(value)
        assert array.shape == numbers.shape
        array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
        tolerance = max(TOLERANCE.get(dtype, 0), 1e-3 if narrow and dtype in TOLERANCE else 0)
        if CASES[number].function in FREE_SIGNS:
            array, numbers = np.abs(array), np.abs(numbers)
        np.testing.assert_allclose(array, numbers, rtol=tolerance, atol=tolerance)


def keras_errs(case: ops_cases.Case) -> bool:
    """Whether Keras (on TensorFlow) gives what its own documentation, and numpy, say otherwise."""
    name, kwargs = case.function, case.kwargs
    spoilt = name in ("isclose", "nancumsum", "sort") and not np.isfinite(case.args[0]).all()
    return (
        spoilt  # infinities equal themselves; NaN stands at the end, and counts as 0
        or (name == "eye" and kwargs.get("k", 0) > 0)  # a shape that was not asked for
        or (name == "prod" and "dtype" in kwargs)  # ignored
        or (name == "sparsemax")  # rows that do not add up to 1; tests/keras has the activation's own
        or (name == "argpartition")  # any order within the parts will do; looked at below
        or (name == "select")  # integers make float64 of float32
        or (name == "rot90" and kwargs.get("k") == 2)  # of volumes
        or (name == "histogram" and case.args[0].dtype.kind == "i")  # edges cut off to integers
        or (name == "layer_normalization" and case.args[0] is not None and _is_unsigned(case.args[0]))  # wraps around
    )


def _is_unsigned(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "u"


@pytest.mark.parametrize("name", sorted(BY_FUNCTION))
def test_results_and_dtypes(name):
    """Every stored call gives Keras' numbers in Keras' dtype."""
    wrong = []
    for number in BY_FUNCTION[name]:
        case = CASES[number]
        if keras_errs(case):
            continue
        try:
            found = function_of(name)(*given(case.args), **{k: given(v) for k, v in case.kwargs.items()})
            compare(found, number)
        except Exception as error:
            wrong.append(f"{shown(case)}: {type(error).__name__}: {str(error).strip()[:400]}")
    assert not wrong, "\n\n".join(wrong)


def shown(case: ops_cases.Case) -> str:
    def one(value: Any) -> str:
        if isinstance(value, ops_cases.B):
            return f"bfloat16{value.array.shape}"
        if isinstance(value, np.ndarray):
            return f"{value.dtype}{value.shape}"
        return f"[{', '.join(map(one, value))}]" if isinstance(value, (list, tuple)) else repr(value)

    return (
        f"{case.function}({', '.join(chain(map(one, case.args), (f'{k}={one(v)}' for k, v in case.kwargs.items())))})"
    )


def is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, ops_cases.B))


#: not recorded: they ask something, make something of numbers alone, or depend on their operands' values
UNRECORDED = set(
    "shape ndim convert_to_numpy convert_to_tensor arange eye identity tri zeros ones empty full linspace logspace "
    "geomspace bartlett blackman hamming hanning kaiser".split()
)


@pytest.mark.parametrize(
    "name", sorted(set(BY_FUNCTION) - UNRECORDED - {"isclose", "sparsemax", "argpartition", "select", "histogram"})
)
def test_on_symbolic_tensors(name):
    """The last stored call, recorded on inputs, runs to the same numbers; its first size may be unknown."""
    number = [number for number in BY_FUNCTION[name] if not keras_errs(CASES[number])][-1]
    case = CASES[number]
    inputs: list[Any] = []
    arrays: list[Any] = []

    def symbolic(value: Any) -> Any:
        if isinstance(value, (list, tuple)) and not is_array(value):
            return type(value)(symbolic(item) for item in value)
        if is_array(value) and len(inputs) == 0:
            arrays.append(given(value))
            array = np.asarray(arrays[-1])
            inputs.append(keras.KerasTensor(array.shape, str(array.dtype)))
            return inputs[-1]
        return given(value)

    args = symbolic(case.args)
    found = function_of(name)(*args, **{k: given(v) for k, v in case.kwargs.items()})
    outputs = as_list(found)
    for value, (dtype, numbers) in zip(outputs, expected(number)):
        assert value.dtype == dtype
        assert tf.TensorShape(value.shape).is_compatible_with(numbers.shape)
    run = keras.Function(inputs, outputs)
    compare([np.asarray(v) if hasattr(v, "shape") else v for v in run(arrays)], number)


def test_every_public_function_is_compared():
    """What is not among the stored calls is named here, with the tests that look at it."""
    elsewhere = {
        "associative_scan", "cond", "custom_gradient", "dtype", "fori_loop", "is_tensor", "jvp", "map", "scan",
        "switch", "vectorize", "vectorized_map", "while_loop",
    }  # fmt: skip
    refused_by_tensorflow = {"eig", "svd"}
    public = set(keras.ops.__all__) - {"image", "nn", "numpy", "linalg"}
    assert public - set(BY_FUNCTION) - elsewhere - refused_by_tensorflow == set()


def test_where_keras_errs_numpy_is_followed():
    x, ops = np.array([3.0, 1.0, 2.0, 5.0, 4.0], np.float32), keras.ops
    order = np.asarray(ops.argpartition(x, 2))
    assert set(x[order[:2]]) == {1.0, 2.0} and x[order[2]] == 3.0
    np.testing.assert_array_equal(ops.eye(2, 4, k=1), np.eye(2, 4, k=1))
    np.testing.assert_array_equal(
        ops.rot90(np.arange(24).reshape(2, 3, 4), 2), np.rot90(np.arange(24).reshape(2, 3, 4), 2)
    )
    assert ops.prod(np.array([2, 3]), dtype="float32").dtype == "float32"
    counts, edges = ops.histogram(np.array([1, 2, 2, 5]), bins=3)
    assert counts.numpy().tolist() == [3, 0, 1]
    np.testing.assert_allclose(edges, np.histogram([1, 2, 2, 5], 3)[1], rtol=1e-6)
    spoilt = np.array([1.0, np.nan, np.inf, -np.inf], np.float32)
    np.testing.assert_array_equal(ops.isclose(spoilt, spoilt), np.isclose(spoilt, spoilt))
    np.testing.assert_array_equal(ops.sort(spoilt), np.sort(spoilt))
    np.testing.assert_array_equal(ops.nancumsum(spoilt[:3]), np.nancumsum(spoilt[:3]))
    picked = ops.select([x > 4, x > 2], [x, np.arange(5)], default=7)
    assert picked.dtype == "float32" and picked.numpy().tolist() == [0.0, 7.0, 7.0, 5.0, 4.0]
    np.testing.assert_allclose(ops.sparsemax(np.array([[1.5, 0.75, -3.0, 0.125]], np.float32)), [[0.875, 0.125, 0, 0]])


def test_decompositions_give_the_matrix_back():
    x = np.array([[4.0, 1.0, 0.5], [2.0, 3.0, -0.5], [0.5, -0.5, 2.0], [1.0, 0.0, 1.0]], np.float32)
    left, values, right = keras.ops.svd(x)
    assert left.shape == (4, 4) and right.shape == (3, 3)
    np.testing.assert_allclose(np.asarray(left)[:, :3] * np.asarray(values) @ np.asarray(right), x, atol=1e-5)
    values, vectors = keras.ops.eig(x[:3])
    assert values.dtype == "complex64"
    np.testing.assert_allclose(x[:3] @ np.asarray(vectors), np.asarray(vectors) * np.asarray(values), atol=1e-4)


class TestControlFlow:
    def test_cond_and_switch(self):
        ops = keras.ops
        assert ops.cond(True, lambda: 1, lambda: 2) == 1
        assert float(ops.cond(tf.constant(1) > 2, lambda: tf.constant(1.0), lambda: tf.constant(2.0))) == 2.0
        branches = [lambda x, y: x + y, lambda x, y: x - y]
        assert [float(ops.switch(n, branches, 3.0, 2.0)) for n in (-1, 0, 1, 9)] == [5.0, 5.0, 1.0, 1.0]

    def test_while_and_fori(self):
        ops = keras.ops
        count, total = ops.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + i), (0, 0))
        assert (int(count), int(total)) == (5, 10)
        assert int(ops.while_loop(lambda i: i < 5, lambda i: i + 2, 0)) == 6
        assert isinstance(ops.while_loop(lambda i, s: i < 5, lambda i, s: [i + 1, s], [0, 0]), list)
        assert int(ops.while_loop(lambda i: True, lambda i: i + 1, 0, maximum_iterations=3)) == 3
        assert float(ops.fori_loop(1, 5, lambda i, x: x * ops.cast(i, "float32"), 1.0)) == 24.0

    def test_scan(self):
        ops = keras.ops
        last, sums = ops.scan(lambda c, x: (c + x, c + x), np.float32(0), np.arange(4, dtype=np.float32))
        assert float(last) == 6.0 and sums.numpy().tolist() == [0.0, 1.0, 3.0, 6.0]
        last, sums = ops.scan(lambda c, x: (c + x, c * 2), 0, np.arange(4, dtype=np.int32), reverse=True)
        assert int(last) == 6 and sums.numpy().tolist() == [12, 10, 6, 0]
        last, nothing = ops.scan(lambda c, x: (c + 1, None), 0, length=7)
        assert int(last) == 7 and nothing is None

    def test_map_and_vectorize(self):
        ops = keras.ops
        x = np.arange(6, dtype=np.float32).reshape(3, 2)
        assert ops.map(lambda row: ops.sum(row), x).numpy().tolist() == [1.0, 5.0, 9.0]
        found = ops.vectorized_map(lambda pair: pair[0] * pair[1], (x, x + 1))
        np.testing.assert_allclose(found, x * (x + 1))
        np.testing.assert_allclose(ops.vectorize(lambda a, b: a - b)(x, np.float32([1, 2])), x - [1, 2])
        dot = ops.vectorize(lambda a, b: ops.sum(a * b), signature="(n),(n)->()")
        np.testing.assert_allclose(dot(x, np.float32([1, 2])), x @ [1, 2])

    @pytest.mark.parametrize("count", [1, 2, 5, 8])
    def test_associative_scan(self, count):
        ops = keras.ops
        x = np.arange(1, count + 1, dtype=np.float32)
        np.testing.assert_allclose(ops.associative_scan(ops.multiply, x), np.cumprod(x))
        np.testing.assert_allclose(ops.associative_scan(ops.add, x, reverse=True), np.cumsum(x[::-1])[::-1])
        wide = np.stack([x, x])
        np.testing.assert_allclose(ops.associative_scan(ops.add, wide, axis=1), np.cumsum(wide, axis=1))

    def test_gradients(self):
        ops = keras.ops

        @ops.custom_gradient
        def double_back(x):
            return x * x, lambda *args, upstream=None: (upstream if upstream is not None else args[0]) * 7.0

        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = double_back(tf.convert_to_tensor(x)) + ops.stop_gradient(x) * x
        assert float(tape.gradient(y, x)) == 10.0
        value, change = ops.jvp(lambda a: a * a, (np.float32(3),), (np.float32(1),))
        assert (float(value), float(change)) == (9.0, 6.0)


class TestInModels:
    def test_functional_model_with_unknown_batch(self):
        ops = keras.ops
        x = keras.Input((4, 3))
        y = ops.concatenate([ops.mean(x, axis=1), ops.max(x, axis=1)], axis=-1)
        y = ops.reshape(y, (-1, 2, 3)) * ops.sigmoid(ops.sum(x))
        model = keras.Model(x, ops.transpose(y, (0, 2, 1)))
        assert tuple(model.output.shape) == (None, 3, 2)
        assert model.predict(np.ones((5, 4, 3), np.float32), verbose=0).shape == (5, 3, 2)

    def test_saved_and_read(self, tmp_path):
        ops = keras.ops
        x = keras.Input((4, 3))
        y = ops.leaky_relu(ops.std(x, axis=1, keepdims=True), negative_slope=0.3)
        y = ops.einsum("bij,bkj->bik", y, x) + ops.cast(ops.argmax(x, axis=-1), "float32")[:, None, :]
        model = keras.Model(x, ops.image.resize(y[..., None], (2, 3)))
        data = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(again(data), model(data))

    def test_in_call_of_a_layer_with_unknown_sizes(self):
        ops = keras.ops

        class Pairs(keras.layers.Layer):
            def call(self, x):
                batch, length = ops.shape(x)[0], ops.shape(x)[1]
                grid = ops.broadcast_to(ops.arange(length)[None, :], (batch, length))
                return ops.reshape(ops.cast(grid, x.dtype) + x, (batch * length,))

        x = keras.Input((None,))
        model = keras.Model(x, Pairs()(x))
        assert model.predict(np.zeros((2, 3), np.float32), verbose=0).tolist() == [0, 1, 2, 0, 1, 2]


def test_names_that_are_absent_say_what_is_near():
    with pytest.raises(AttributeError, match="reduce_mean"):
        keras.ops.reduce_mean
    assert keras.ops.numpy.mean is keras.ops.mean and keras.ops.nn.relu is keras.ops.relu
    assert keras.ops.linalg.norm is keras.ops.norm
