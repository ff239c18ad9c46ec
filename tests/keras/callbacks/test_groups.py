"""`steps_per_execution`: callbacks hear of that many batches at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import keras


class _Heard(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, int]] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.calls.append(("train begins", batch))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        assert logs is not None and "loss" in logs
        self.calls.append(("train ends", batch))

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.calls.append(("test ends", batch))

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self.calls.append(("predict ends", batch))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.calls.append(("epoch ends", epoch))


def test_callbacks_hear_of_groups() -> None:
    x, y = np.ones((10, 2), "float32"), np.ones((10, 1), "float32")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=3)
    heard = _Heard()
    model.fit(x, y, batch_size=2, verbose=0, callbacks=[heard], validation_data=(x[:4], y[:4]))
    assert heard.calls == [
        ("train begins", 0), ("train ends", 2), ("train begins", 3), ("train ends", 5), ("test ends", 2),
        ("epoch ends", 0),
    ]  # fmt: skip
    heard.calls.clear()
    assert model.predict(x, batch_size=2, verbose=0, callbacks=[heard]).shape == (10, 1)
    assert heard.calls == [("predict ends", 2), ("predict ends", 5)]
