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


@pytest.mark.parametrize("name", sorted(BY_FUNCTION))
def test_results_and_dtypes(name):
    """Every stored call gives Keras' numbers in Keras' dtype."""
    wrong = []
    for number in BY_FUNCTION[name]:
        case = CASES[number]
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

    return f"{case.function}({', '.join(chain(map(one, case.args), (f'{k}={one(v)}' for k, v in case.kwargs.items())))})"


def is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, ops_cases.B))


#: not recorded: they ask something, make something of numbers alone, or depend on their operands' values
UNRECORDED = {"shape", "ndim", "convert_to_numpy", "convert_to_tensor", "arange", "eye", "identity", "tri", "zeros",
              "ones", "empty", "full", "linspace", "logspace", "geomspace", "bartlett", "blackman", "hamming", "hanning",
              "kaiser"}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(BY_FUNCTION) - UNRECORDED))
def test_on_symbolic_tensors(name):
    """The last stored call, recorded on inputs, runs to the same numbers; its first size may be unknown."""
    number = BY_FUNCTION[name][-1]
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


