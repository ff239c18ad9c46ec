"""Files that Keras 3 saved, what it then predicts, and where it keeps the weights of each layer."""

from __future__ import annotations

import io
import json
import sys
import zipfile

import _store as store
import h5py
import keras
import numpy as np
import tensorflow as tf

sys.path.insert(0, str(store.GOLDEN_DIR.parents[1]))
from tests.golden import saved_models

FOLDER = store.GOLDEN_DIR / "saved"


def main() -> None:
    """Writes tests/golden/saved/* and tests/golden/keras_saving.json."""
    FOLDER.mkdir(exist_ok=True)
    found: dict[str, object] = {"meta": store.metadata("keras_saving")}
    predictions, configs, layouts = {}, {}, {}
    for name, build in saved_models.MODELS.items():
        keras.utils.set_random_seed(1)
        keras.backend.clear_session()
        model = build(keras)
        if name != "trained":
            saved_models.set_weights(model)
        path = FOLDER / f"{name}.keras"
        model.save(path)
        inputs = saved_models.inputs_of(name)
        if name == "text":  # Keras' predict takes no arrays of text
            inputs = [tf.constant(inputs[0]), inputs[1]]
        outputs = model.predict(inputs, verbose=0)
        predictions[name] = {key: np.asarray(value).tolist() for key, value in _named(outputs).items()}
        with zipfile.ZipFile(path) as archive:
            configs[name] = json.loads(archive.read("config.json"))
            layouts[name] = saved_models.layout(h5py.File(io.BytesIO(archive.read("model.weights.h5"))))
        if name == "text":
            continue
        model.save(FOLDER / f"{name}.h5")
        with h5py.File(FOLDER / f"{name}.h5") as file:
            layouts[f"{name}.h5"] = saved_models.layout(file)
            configs[f"{name}.h5"] = {
                key: json.loads(file.attrs[key]) for key in ("model_config", "training_config") if key in file.attrs
            }
    for name in saved_models.layer_names(keras):
        keras.backend.clear_session()
        model = saved_models.with_layer(keras, name)
        path = FOLDER / "scratch.weights.h5"
        model.save_weights(path)
        with h5py.File(path) as file:
            layouts[f"layer/{name}"] = saved_models.layout(file)
        path.unlink()
        configs[f"layer/{name}"] = keras.saving.serialize_keras_object(model)
    found.update(predictions=predictions, configs=configs, layouts=layouts)
    text = json.dumps(found, sort_keys=True, default=str)
    (store.GOLDEN_DIR / "keras_saving.json").write_text(text + "\n")


def _named(outputs: object) -> dict[str, object]:
    if isinstance(outputs, dict):
        return outputs
    return {str(n): value for n, value in enumerate(outputs if isinstance(outputs, list) else [outputs])}


if __name__ == "__main__":
    main()
