"""Programs that save and restore objects, for Weft and TensorFlow alike.

    python tools/goldens/checkpoint_programs.py write FOLDER     # saves each program's checkpoint, and its values
    python tools/goldens/checkpoint_programs.py read FOLDER      # restores them and compares the values

Run `write` with one of the two and `read` with the other: `--library weft` or `--library tensorflow`.
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Program = Callable[[Any, bool], tuple[dict[str, Any], list[Any]]]


def objects(tf: Any, fill: bool) -> tuple[dict[str, Any], list[Any]]:
    """Modules, lists, tuples, dicts, variables of several dtypes, a generator of random numbers, text of its own."""

    class Inner(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = tf.Variable(np.arange(6.0).reshape(2, 3) * fill, dtype=tf.float32, name="weight")
            self.list = [tf.Variable(7 * fill), {"a": tf.Variable(2.5 * fill), "b/c.d": tf.Variable([True & fill])}]
            self.tuple = (tf.Variable(np.float64(1 / 3) * fill),)
            self.function = tf.function(lambda x: x)
            self.number = 3

    class Words(tf.train.experimental.PythonState):
        words = "some words" if fill else ""

        def serialize(self) -> str:
            return self.words

        def deserialize(self, string_value: bytes) -> None:
            self.words = string_value.decode()

    inner, words = Inner(), Words()
    step = tf.Variable(41 * fill, dtype=tf.int64)
    generator = tf.random.Generator.from_seed(3 if fill else 4)
    half = tf.Variable(np.array([1.5, -2]) * fill, dtype=tf.bfloat16)
    parts = {"inner": inner, "step": step, "half": half, "generator": generator, "words": words, "again": inner.list}
    held = [inner.weight, inner.list[0], *inner.list[1].values(), inner.tuple[0], step, half]
    return parts, [*held, lambda: generator.state, lambda: words.words]


def _trained(tf: Any, model: Any, optimizer: Any, fill: bool) -> tuple[dict[str, Any], list[Any]]:
    x = np.linspace(-1, 1, 32, dtype=np.float32).reshape(8, 4)
    model.compile(optimizer, "mse")
    if fill:
        model.fit(x, x[:, :1] * 2, batch_size=4, epochs=1, verbose=0, shuffle=False)
    else:
        model.build((None, 4)) if not model.built else None
        optimizer.build(model.trainable_variables)
    return {"model": model, "optimizer": optimizer}, [*model.weights, *optimizer.variables]


def sequential(tf: Any, fill: bool) -> tuple[dict[str, Any], list[Any]]:
    """A trained Sequential with Adam."""
    layers = tf.keras.layers
    model = tf.keras.Sequential([
        tf.keras.Input((4,)), layers.Dense(3, activation="tanh"), layers.BatchNormalization(), layers.Dropout(0.1),
        layers.Dense(1),
    ])  # fmt: skip
    return _trained(tf, model, tf.keras.optimizers.Adam(0.01), fill)


def functional(tf: Any, fill: bool) -> tuple[dict[str, Any], list[Any]]:
    """A trained functional model with recurrent, convolutional and embedding layers, and SGD with momentum."""
    layers = tf.keras.layers
    start = tf.keras.Input((4,))
    steps = layers.Reshape((4, 1))(start)
    one = layers.Bidirectional(layers.LSTM(2))(steps)
    two = layers.GlobalMaxPooling1D()(layers.Conv1D(2, 2)(steps))
    ids = layers.Lambda(lambda x: x * 0, output_shape=(4,))(start)
    three = layers.Flatten()(layers.Embedding(3, 2)(ids))
    four = layers.Flatten()(layers.MultiHeadAttention(1, 2)(steps, steps))
    end = layers.Dense(1)(layers.Concatenate()([one, two, three, four]))
    model = tf.keras.Model(start, end)
    return _trained(tf, model, tf.keras.optimizers.SGD(0.01, momentum=0.9), fill)


def subclassed(tf: Any, fill: bool) -> tuple[dict[str, Any], list[Any]]:
    """A trained model of a program's own class, with Nadam."""
    layers = tf.keras.layers

    class Net(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first = layers.Dense(2)
            self.norm = layers.LayerNormalization()
            self.rest = tf.keras.Sequential([layers.Dense(3), layers.Dense(1)])

        def call(self, x: Any) -> Any:
            return self.rest(self.norm(self.first(x)))

    model = Net()
    model(np.zeros((1, 4), np.float32))
    return _trained(tf, model, tf.keras.optimizers.Nadam(0.01), fill)


PROGRAMS: dict[str, Program] = {
    "objects": objects, "sequential": sequential, "functional": functional, "subclassed": subclassed,
}  # fmt: skip


def values(held: list[Any]) -> list[Any]:
    """What the values are now, as JSON."""
    found = [part() if callable(part) and not hasattr(part, "numpy") else part for part in held]
    return [part if isinstance(part, str) else np.asarray(part.numpy()).astype(np.float64).tolist() for part in found]


def write(tf: Any, folder: Path) -> None:
    """Saves every program's objects."""
    kept = {}
    for name, program in PROGRAMS.items():
        tf.random.set_seed(1)
        parts, held = program(tf, True)
        tf.train.Checkpoint(**parts).write(str(folder / name))
        kept[name] = values(held)
    (folder / "values.json").write_text(json.dumps(kept) + "\n")


def read(tf: Any, folder: Path) -> None:
    """Restores every program's objects into fresh ones and compares."""
    kept = json.loads((folder / "values.json").read_text())
    for name, program in PROGRAMS.items():
        tf.random.set_seed(2)
        parts, held = program(tf, False)
        tf.train.Checkpoint(**parts).read(str(folder / name)).assert_consumed()
        assert values(held) == kept[name], name
        print(f"{name}: {len(held)} values agree")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["write", "read"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--library", default="tensorflow")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    {"write": write, "read": read}[given.action](importlib.import_module(given.library), given.folder)
