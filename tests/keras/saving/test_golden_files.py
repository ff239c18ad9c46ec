"""Files of Keras 3.15 and 2.2.4 are read; what Weft writes is where Keras looks for it."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.golden import saved_models
from weft import keras

HERE = Path(saved_models.__file__).parent
FILES = HERE / "saved"
GOLDEN = json.loads((HERE / "keras_saving.json").read_text())
KERAS2 = json.loads((HERE / "keras2_saving.json").read_text())["files"]


def outputs_of(model: Any, name: str) -> dict[str, np.ndarray]:
    found = model.predict(saved_models.inputs_of(name), verbose=0)
    return found if isinstance(found, dict) else {"0": found}


@pytest.fixture(autouse=True)
def fresh_names():
    keras.backend.clear_session()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("name", list(saved_models.MODELS))
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_model_of_keras_predicts_what_it_did_there(name: str, ending: str) -> None:
    if not (FILES / (name + ending)).exists():
        pytest.skip("vocabularies cannot be in .h5")
    model = keras.models.load_model(FILES / (name + ending))
    for key, value in outputs_of(model, name).items():
        np.testing.assert_allclose(value, GOLDEN["predictions"][name][key], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_the_optimizer_goes_on_where_it_was(ending: str) -> None:
    model = keras.models.load_model(FILES / ("trained" + ending))
    assert int(model.optimizer.iterations.numpy()) == 4
    assert model.optimizer.amsgrad
    if ending == ".keras":
        with zipfile.ZipFile(FILES / "trained.keras") as archive:
            file = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
        values = [np.asarray(file[f"optimizer/vars/{n}"]) for n in range(len(model.optimizer.variables))]
        for variable, value in zip(model.optimizer.variables, values, strict=True):
            np.testing.assert_array_equal(variable.numpy(), value)


@pytest.mark.parametrize("name", saved_models.layer_names(keras))
def test_weights_lie_where_keras_looks_for_them(name: str, tmp_path: Path) -> None:
    model = saved_models.with_layer(keras, name)
    model.save_weights(tmp_path / "x.weights.h5")
    with h5py.File(tmp_path / "x.weights.h5") as file:
        assert saved_models.layout(file) == GOLDEN["layouts"][f"layer/{name}"]


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Where two configurations differ, apart from what stands in one alone."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            text for key in ours.keys() & theirs.keys() - {"shared_object_id"}
            for text in differences(ours[key], theirs[key], f"{path}/{key}")
        ]  # fmt: skip
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [
            text for n, pair in enumerate(zip(ours, theirs, strict=True)) for text in differences(*pair, f"{path}[{n}]")
        ]
    return [] if ours == theirs else [f"{path}: {ours!r} in place of {theirs!r}"]


#: keys that Keras does not take, which must not stand in what we write
KERAS_LACKS = {"sequences_shape", "query_shape", "value_shape"}


@pytest.mark.parametrize("name", [name for name in saved_models.layer_names(keras) if name != "bidirectional"])
def test_configurations_say_what_those_of_keras_say(name: str) -> None:
    ours = json.loads(json.dumps(keras.saving.serialize_keras_object(saved_models.with_layer(keras, name))))
    theirs = GOLDEN["configs"][f"layer/{name}"]
    assert [text for text in differences(ours, theirs) if "/axis:" not in text] == []
    for mine, other in zip(ours["config"]["layers"], theirs["config"]["layers"], strict=True):
        if "build_config" in other:
            assert mine["build_config"].keys() == other["build_config"].keys()


@pytest.mark.parametrize("name", ["trained", "branches", "recurrent", "attention"])
def test_a_whole_model_lies_where_keras_looks_for_it(name: str, tmp_path: Path) -> None:
    model = saved_models.MODELS[name](keras)
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        ours = saved_models.layout(h5py.File(io.BytesIO(archive.read("model.weights.h5"))))
    theirs = GOLDEN["layouts"][name]
    assert {k: v for k, v in ours.items() if not k.startswith("optimizer")} == {
        k: v for k, v in theirs.items() if not k.startswith("optimizer")
    }
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        legacy = saved_models.layout(file)
    wanted = GOLDEN["layouts"][f"{name}.h5"]
    for path in ("model_weights", *(p for p in wanted if p.startswith("model_weights/"))):
        if path == "model_weights":
            assert legacy[path]["layer_names"] == wanted[path]["layer_names"]
        else:
            assert legacy[path] == wanted[path], path


@pytest.mark.parametrize("name", [name for name in KERAS2 if name != "keras2_code"])
def test_a_model_of_keras_2_predicts_what_it_did_there(name: str) -> None:
    model = keras.models.load_model(FILES / f"{name}.h5")
    inputs = [np.array(value, "float32") for value in KERAS2[name]["inputs"]]
    found = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    for value, wanted in zip(found if isinstance(found, list) else [found], KERAS2[name]["outputs"], strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-5, atol=1e-5)
    assert model.compiled


def test_the_optimizer_of_keras_2_goes_on() -> None:
    model = keras.models.load_model(FILES / "keras2_network.h5")
    steps, *slots = KERAS2["keras2_network"]["optimizer"]
    count = len(model.trainable_variables)
    variables = model.optimizer.variables
    assert int(variables[0].numpy()) == steps
    for place in range(count):
        for slot in range(2):
            wanted = np.asarray(slots[slot * count + place], "float32")
            np.testing.assert_allclose(variables[2 + 2 * place + slot].numpy(), wanted, rtol=1e-6)


def test_json_and_weights_of_keras_2() -> None:
    model = keras.models.model_from_json(KERAS2["keras2_network"]["json"])
    model.load_weights(FILES / "keras2_network_weights.h5")
    inputs = np.array(KERAS2["keras2_network"]["inputs"][0], "float32")
    np.testing.assert_allclose(model.predict(inputs, verbose=0), KERAS2["keras2_network"]["outputs"][0], atol=1e-6)


def test_batch_normalization_that_was_synchronized_stays_so() -> None:
    layers = [{"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "name": "i"}},
              {"class_name": "SyncBatchNormalization", "config": {"name": "b", "axis": [1]}}]  # fmt: skip
    model = keras.models.model_from_json(json.dumps({"class_name": "Sequential", "config": {"layers": layers}}))
    assert model.get_layer("b").synchronized


def test_a_lambda_of_keras_2_does_not_run() -> None:
    for safe_mode in (True, None):
        with pytest.raises(ValueError, match="running code from a file is refused"):
            keras.models.load_model(FILES / "keras2_code.h5", safe_mode=safe_mode)
    with pytest.raises(ValueError, match="running code from a file is refused"):
        keras.models.model_from_json(KERAS2["keras2_code"]["json"])
