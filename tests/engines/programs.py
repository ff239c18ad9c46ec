"""What the tests of several engines run: small networks, their data, and the comparison of state with the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft import keras
from weft.ir.graph import Graph
from weft.keras import layers
from weft.ops import interpreter, opdef
from weft.testing import opcases

#: the cases of ops that read or write state
STATE = [item for item in opcases.cases() if item.record.effect in (opdef.Effect.READ, opdef.Effect.WRITE)]


def mlp() -> Any:
    return keras.Sequential([
        keras.Input((20,)), layers.Dense(33, activation="relu"), layers.Dropout(0.3),
        layers.Dense(5, activation="softmax"),
    ])  # fmt: skip


def convolutions() -> Any:
    return keras.Sequential([
        keras.Input((12, 12, 2)), layers.Conv2D(7, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(20, 3, padding="same", strides=2, use_bias=False), layers.BatchNormalization(),
        layers.AveragePooling2D(2), layers.Flatten(), layers.Dense(5, activation="softmax"),
    ])  # fmt: skip


def recurrent() -> Any:
    return keras.Sequential([
        keras.Input((7,)), layers.Embedding(11, 6), layers.LSTM(8),
        layers.Dense(5, activation="softmax"),
    ])  # fmt: skip


def data(model: Any, count: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    shape = (count, *model.input_shape[1:])
    x = rng.integers(0, 11, shape) if shape[1:] == (7,) else rng.standard_normal(shape).astype(np.float32)
    return x, rng.integers(0, 5, count)


def refuses_a_label(model: Any, *attempts: Callable[[Any, Any], Any]) -> None:
    """A label that is none ends each of the attempts with an error, and what the model has learned is as before."""
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = data(model, 16)
    model.train_on_batch(x, y)
    before = _state(model)
    y[3] = 7
    for attempt in attempts:
        try:
            attempt(x, y)
        except ValueError as error:
            assert "7 in row 3" in str(error) and "labels run from 0 to 4" in str(error)
        else:
            raise AssertionError("nothing was refused")
    for found, wanted in zip(_state(model), before, strict=True):
        np.testing.assert_array_equal(found, wanted)


def _state(model: Any) -> list[Any]:
    return [np.array(v) for v in (*model.get_weights(), *(v.numpy() for v in model.optimizer.variables))]


def check_state(item: opcases.Item, run: Callable[[Graph, list[Any]], Any]) -> None:
    """Compares what an engine reads and writes with what the reference does.

    Args:
        item: A case of an op that reads or writes.
        run: Runs a graph on inputs, on the engine.
    """
    inputs = opcases.inputs_of(item, opcases.assignments(item)[0])
    graph = opcases.graph_of(item, opcases.types_of(inputs))

    def copies() -> list[Any]:
        return [opcases.Cell(a.value.copy()) if isinstance(a, opcases.Cell) else a for a in inputs]

    ours, theirs = copies(), copies()
    expected = interpreter.run(graph, theirs)
    results = [*run(graph, ours), *(c.value for c in ours if isinstance(c, opcases.Cell))]
    wanted = [*expected, *(c.value for c in theirs if isinstance(c, opcases.Cell))]
    for actual, value in zip(results, wanted, strict=True):
        np.testing.assert_array_equal(actual, value)
