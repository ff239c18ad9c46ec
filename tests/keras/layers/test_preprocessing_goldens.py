"""Preprocessing layers for numbers, categories and texts against Keras 3.15."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft import extend, keras

PATH = Path(__file__).resolve().parents[2] / "golden" / "keras_preprocessing.json"
CASES = json.loads(PATH.read_text(encoding="utf-8"))["cases"]


def as_data(data: Any) -> Any:
    array = np.array(data)
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def make(case: dict[str, Any]) -> Any:
    config = {key: tuple(v) if key == "ngrams" and isinstance(v, list) else v for key, v in case["config"].items()}
    layer = getattr(keras.layers, case["layer"])(**config)
    if case["adapt"] is not None:
        layer.adapt(as_data(case["adapt"]))
    return layer


def given(case: dict[str, Any]) -> Any:
    crossed = case["layer"] == "HashedCrossing"
    return tuple(as_data(part) for part in case["input"]) if crossed else as_data(case["input"])


def check(found: Any, case: dict[str, Any]) -> None:
    dtype, shape, flat = case["output"]
    array = np.asarray(found)
    if dtype == "string":
        assert [item.decode() for item in array.ravel().tolist()] == flat
    else:
        assert array.dtype.name == dtype
        np.testing.assert_allclose(array.ravel(), np.array(flat, dtype), rtol=2e-6, atol=2e-6)
    assert list(array.shape) == shape


@pytest.mark.parametrize("case", CASES, ids=[f"{n}-{case['layer']}" for n, case in enumerate(CASES)])
def test_layer(case: dict[str, Any]) -> None:
    layer = make(case)
    check(layer(given(case)), case)
    if "vocabulary" in case:
        assert layer.get_vocabulary() == case["vocabulary"] and layer.vocabulary_size() == len(case["vocabulary"])
    if "bins" in case:
        np.testing.assert_allclose(layer.bin_boundaries, case["bins"], rtol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=[f"{n}-{case['layer']}" for n, case in enumerate(CASES)])
def test_layer_in_a_graph_and_again_from_its_configuration(case: dict[str, Any]) -> None:
    layer = make(case)
    data = given(case)
    layer(data)
    parts = data if isinstance(data, tuple) else (data,)
    dtypes = ["string" if part.dtype.kind == "U" else part.dtype.name for part in parts]
    inputs = [keras.Input(part.shape[1:], dtype=dtype) for part, dtype in zip(parts, dtypes, strict=True)]
    if case["config"].get("axis") != [0, 1]:
        symbolic = layer(inputs if len(inputs) > 1 else inputs[0])
        assert symbolic.shape.rank == len(case["output"][1])
        known = [size for size in symbolic.shape if size is not None]
        assert all(size in case["output"][1] for size in known)
    traced = extend.function(lambda *values: layer(list(values) if len(values) > 1 else values[0]))
    check(traced(*[np.array(part, object) if part.dtype.kind == "U" else part for part in parts]), case)
    if case["adapt"] is None:
        record = json.loads(json.dumps(keras.layers.serialize(layer)))
        check(keras.layers.deserialize(record)(data), case)
