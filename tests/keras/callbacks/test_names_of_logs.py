"""Keras up to 2.2 called the accuracy `acc`: programs that ask for that find it."""

import json
import pickle

import numpy as np
import pytest

from weft import keras


def test_acc_is_found_as_accuracy(tmp_path, capsys):
    seen = []

    class Asking(keras.callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            seen.append(logs.get("acc"))

        def on_epoch_end(self, epoch, logs=None):
            seen.append(logs["val_acc"])
            assert logs.get("nope") is None and logs.get("nope", 3) == 3

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        np.ones((8, 3)), np.arange(8) % 2, validation_split=0.25, epochs=3, verbose=0,
        callbacks=[
            Asking(), keras.callbacks.EarlyStopping(monitor="val_acc", patience=1),
            keras.callbacks.ModelCheckpoint(str(tmp_path / "{epoch}-{val_acc:.1f}.keras"), monitor="val_acc"),
        ],
    ).history  # fmt: skip
    assert None not in seen and len(history["loss"]) == 2  # stopped: it was watched
    assert history["acc"] == history["accuracy"] and history.get("val_acc") == history["val_accuracy"]
    assert "acc" not in history and list(json.loads(json.dumps(history))) == list(history)
    assert pickle.loads(pickle.dumps(history))["val_acc"] == history["val_accuracy"]
    assert len(list(tmp_path.glob("1-*.keras"))) == 1
    with pytest.raises(KeyError, match="'top_acc'"):
        history["top_acc"]
