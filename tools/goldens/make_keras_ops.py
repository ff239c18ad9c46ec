"""Results of `keras.ops` for the calls of tests/golden/ops_cases.py, all in one array of numbers.

A case's record has the function and, for each result, its dtype, its shape and where its numbers begin; `refused` cases
are those that Keras (or TensorFlow beneath it) does not take.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import _store as store
import keras
import numpy as np
import tensorflow as tf

out = store.Store("keras_ops")


def load_cases() -> Any:
    """The module with the cases."""
    spec = importlib.util.spec_from_file_location("ops_cases", store.GOLDEN_DIR / "ops_cases.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def given(value: Any, cases: Any) -> Any:
    """An argument as Keras is to get it."""
    if isinstance(value, cases.B):
        return tf.cast(value.array, "bfloat16")
    if isinstance(value, (list, tuple)):
        return type(value)(given(item, cases) for item in value)
    return value


def numbers(value: Any) -> np.ndarray:
    """The values as float64, complex ones as pairs."""
    array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    if array.dtype.kind == "c":
        array = np.stack([array.real, array.imag], axis=-1)
    return array.astype(np.float64).ravel()


def main() -> None:
    """Writes tests/golden/keras_ops.npz."""
    cases = load_cases()
    pieces: list[np.ndarray] = []
    place = 0
    for number, case in enumerate(cases.every()):
        function = keras.ops
        for part in case.function.split("."):
            function = getattr(function, part)
        record: dict[str, Any] = {"function": case.function}
        try:
            args = given(case.args, cases)
            if "adaptive" in case.function:  # it asks for a shape that arrays do not have
                args = (tf.constant(args[0]), *args[1:])
            found = function(*args, **{k: given(v, cases) for k, v in case.kwargs.items()})
        except Exception as error:  # every way in which TensorFlow refuses
            record["refused"] = type(error).__name__
            out.case(str(number), **record)
            continue
        results = []
        for value in found if isinstance(found, (list, tuple)) else [found]:
            flat = numbers(value)
            dtype = keras.backend.standardize_dtype(value.dtype) if hasattr(value, "dtype") else type(value).__name__
            results.append([dtype, list(np.shape(value)), place])
            pieces.append(flat)
            place += flat.size
        out.case(str(number), results=results, **record)
    out.put("values", np.concatenate(pieces))
    out.save()
    refused = [case for case in out.cases if "refused" in case]
    print(len(refused), "refused")
    both = {case["function"] for case in refused} - {case["function"] for case in out.cases if "results" in case}
    print("refused in every case:", sorted(both))


if __name__ == "__main__":
    main()
