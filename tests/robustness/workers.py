"""What the tests of this folder run in other processes: functions that a fresh process can import."""

from __future__ import annotations

import hashlib
from typing import Any

import weft as tf
from tests.robustness import models


@tf.function
def traced(x: Any) -> Any:
    """A function that a decorator traces."""
    return tf.reduce_sum(x * 2.0)


def fingerprint(arrays: Any) -> str:
    """A hash of the bits of several arrays."""
    made = hashlib.sha256()
    for array in arrays:
        made.update(f"{array.dtype}{array.shape}".encode())
        made.update(array.tobytes())
    return made.hexdigest()


def train_from_seed(name: str) -> tuple[list[float], str]:
    """Trains a model from a fixed seed: its losses, and the fingerprint of all arrays."""
    model = models.compiled(name, seed=21)
    history = model.fit(models.X, models.Y, batch_size=32, epochs=2, verbose=0, validation_split=0.25).history
    return history["loss"] + history["val_loss"], fingerprint(models.weights(model))


def use(model: Any) -> tuple[str, dict[str, Any], str]:
    """Predicts and trains on: the fingerprints and the history."""
    predicted = fingerprint([models.predict(model)])
    history, arrays = models.train_on(model, epochs=1)
    return predicted, history, fingerprint(arrays)


def predict_bits(model: Any) -> str:
    """Predicts only."""
    return fingerprint([models.predict(model)])


if __name__ == "__main__":
    import json
    import sys

    print(json.dumps(train_from_seed(sys.argv[1])))
