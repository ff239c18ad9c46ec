"""Weights that are spread over several files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft import keras
from weft.keras import layers

LIMIT = 400 / 1024**3  # 100 numbers of 32 bits


def trained(seed: int) -> Any:
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((6,)), layers.Dense(8), layers.BatchNormalization(), layers.Dense(4)])
    model.compile("adam", "mse")
    model.fit(np.random.normal(size=(8, 6)), np.zeros((8, 4)), verbose=0)
    return model


def values(model: Any) -> list[np.ndarray]:
    return [np.asarray(value) for value in (*model.weights, *model.optimizer.variables)]


@pytest.mark.parametrize("name", ["model.weights.json", "model.weights.h5"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    model, other = trained(1), trained(2)
    model.save_weights(tmp_path / name, max_shard_size=LIMIT)
    index = json.loads((tmp_path / "model.weights.json").read_text())
    shards = sorted(path.name for path in tmp_path.glob("*.h5"))
    assert len(shards) > 2 and shards[0] == "model_00000.weights.h5"
    assert index["weight_map"]["/layers/dense/vars"] == ["model_00000.weights.h5"]
    assert set(index["weight_map"]["/optimizer/vars"]) <= set(shards)
    assert index["metadata"]["total_size"] == sum(value.nbytes for value in values(model))
    other.load_weights(tmp_path / "model.weights.json")
    for one, two in zip(values(model), values(other), strict=True):
        np.testing.assert_array_equal(one, two)


def test_what_does_not_fit(tmp_path: Path) -> None:
    model = trained(1)
    with pytest.raises(ValueError, match="`layers/dense/vars/0` takes more than `max_shard_size`"):
        model.save_weights(tmp_path / "model.weights.json", max_shard_size=100 / 1024**3)
    assert not (tmp_path / "model.weights.json").exists()
    with pytest.raises(ValueError, match="must end in `.weights.json`"):
        model.save_weights(tmp_path / "model.h5", max_shard_size=1)
    with pytest.raises(ValueError, match="number of GB"):
        model.save_weights(tmp_path / "model.weights.json", max_shard_size="1GB")


@pytest.mark.parametrize("name", ["../other_00000.weights.h5", "/etc/passwd", 5, "gone_00000.weights.h5"])
def test_an_index_that_names_other_files(tmp_path: Path, name: Any) -> None:
    model = trained(1)
    (tmp_path / "model.weights.json").write_text(json.dumps({"weight_map": {"/layers/dense/vars": [name]}}))
    with pytest.raises(ValueError, match="is refused: it names a file|which is not beside it"):
        model.load_weights(tmp_path / "model.weights.json")
    (tmp_path / "model.weights.json").write_text("{}")
    with pytest.raises(ValueError, match="no `weight_map`"):
        model.load_weights(tmp_path / "model.weights.json")
