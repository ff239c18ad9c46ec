"""What layers promise besides numbers, as in Keras 3.15: shapes, dtypes, masks, weights, names, configurations."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras import layers

PATH = Path(__file__).resolve().parents[2] / "golden" / "keras_contracts.json"
CASES = json.loads(PATH.read_text(encoding="utf-8"))["cases"]
NAMES = {name: getattr(layers, name) for name in layers.__all__}
IDS = [f"{case['layer']}-{case['inputs']}" for case in CASES]


def inputs_of(spec: str) -> tuple[list[Any], list[Any]]:
    found, symbols = [], []
    for part in spec.lstrip("*").split(";"):
        shape = tuple(int(size) for size in part[1:].split(","))
        value = np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)
        if part[0] == "i":
            value = (np.abs(value) * 5).astype(np.int32)
        if part[0] == "m":
            value[:, 2:] = 0
        symbol = keras.Input(shape[1:], dtype=value.dtype.name)
        masking = layers.Masking()
        found.append(masking(tf.constant(value)) if part[0] == "m" else tf.constant(value))
        symbols.append(masking(symbol) if part[0] == "m" else symbol)
    return found, symbols


def uncounted(path: str) -> str:
    """A weight's path within its layer, without the numbers of automatic names."""
    return re.sub(r"_\d+(?=/)", "", path.split("/", 1)[-1])


def call(layer: Any, case: dict[str, Any], inputs: list[Any]) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # masks that end here
        several = case["inputs"].startswith("*")
        found = layer(*inputs) if several else layer(inputs if len(inputs) > 1 else inputs[0])
    return list(found) if isinstance(found, (list, tuple)) else [found]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_outputs_masks_and_weights(case: dict[str, Any]) -> None:
    layer = eval(case["layer"], dict(NAMES))
    inputs, symbols = inputs_of(case["inputs"])
    outputs = call(layer, case, inputs)
    assert [[value.dtype.name, list(value.shape)] for value in outputs] == case["outputs"]
    masks = [getattr(value, "_keras_mask", None) for value in outputs]
    assert [None if mask is None else np.asarray(mask).astype(int).tolist() for mask in masks] == case["masks"]
    weights = [[uncounted(w.path), list(w.shape), w.trainable, w.dtype.name] for w in layer.weights]
    assert weights == [[uncounted("/" + path), *rest] for path, *rest in case["weights"]]
    assert layer.name.rstrip("0123456789_") == case["name"] and layer.supports_masking == case["masking"]
    known = [list(value.shape) for value in call(layer, case, symbols)]
    for shape, (_, expected) in zip(known, case["outputs"], strict=True):
        assert len(shape) == len(expected)
        # A batch, wherever it ends up, is unknown; every size that is known is right.
        assert all(size in (None, wanted) for size, wanted in zip(shape, expected, strict=True))
        assert shape.count(None) <= 1


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_configurations_of_keras_are_read(case: dict[str, Any]) -> None:
    layer = layers.deserialize(case["config"])
    inputs, _ = inputs_of(case["inputs"])
    outputs = call(layer, case, inputs)
    assert [[value.dtype.name, list(value.shape)] for value in outputs] == case["outputs"]
    own = json.loads(json.dumps(layers.serialize(layer)))
    theirs = case["config"]
    assert own["class_name"] == theirs["class_name"] and own["module"] == theirs["module"]
    for key, value in theirs["config"].items():
        if key in own["config"] and not isinstance(value, (dict, list)) and key != "dtype":
            assert own["config"][key] == value, key


def test_arguments_by_position() -> None:
    cell = layers.LSTMCell(3, "tanh", "sigmoid", True, "ones", "zeros", "he_normal", False)
    config = cell.get_config()
    found = [config[f"{name}_initializer"]["class_name"] for name in ("kernel", "recurrent", "bias")]
    assert found == ["Ones", "Zeros", "HeNormal"] and not cell.unit_forget_bias
    assert layers.GRUCell(3, "tanh", "sigmoid", True, "ones").kernel_initializer((1,)).numpy().tolist() == [1.0]
    volume = layers.Conv3DTranspose(2, 2, 2, "same", "channels_first", 1)
    assert volume.data_format == "channels_first" and volume.output_padding == (1, 1, 1)
    plane = layers.Conv2DTranspose(2, 2, 2, "same", 1, "channels_first")
    assert plane.data_format == "channels_first" and plane.output_padding == (1, 1)
