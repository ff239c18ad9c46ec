"""FeatureSpace and split_dataset: tables in models, in data sets and files, what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras

Space = keras.utils.FeatureSpace
TABLE = {"age": [20.0, 30.0, 40.0, 50.0], "pet": ["cat", "dog", "cat", "owl"], "size": [1, 2, 3, 2]}


def adapted(**more: Any) -> Any:
    space = Space(
        {"age": "float_normalized", "pet": Space.string_categorical(max_tokens=3), "size": "integer_hashed"},
        crosses=[("pet", "size")], crossing_dim=4, hashing_dim=5, **more,
    )  # fmt: skip
    space.adapt(TABLE)
    return space


def test_in_a_model_and_in_its_data() -> None:
    space = adapted()
    rows = space(TABLE)
    assert rows.shape == (4, 1 + 3 + 5 + 4)
    np.testing.assert_allclose(np.asarray(rows)[:, 0], (np.array(TABLE["age"]) - 35) / np.std(TABLE["age"]), rtol=1e-5)
    model = keras.Model(space.get_inputs(), keras.layers.Dense(1)(space.get_encoded_features()))
    columns = {name: np.array(column)[:, None] for name, column in TABLE.items()}
    data = tf.data.Dataset.from_tensor_slices((TABLE, np.zeros((4, 1)))).batch(2)
    mapped = data.map(lambda x, y: (space(x), y))
    np.testing.assert_allclose(np.concatenate([x.numpy() for x, _ in mapped]), rows)
    model.compile("sgd", "mse")
    model.fit(tf.data.Dataset.from_tensor_slices((columns, np.zeros((4, 1)))).batch(2), verbose=0)
    np.testing.assert_allclose(space({name: column[1] for name, column in TABLE.items()}), rows[1])


def test_files(tmp_path: Path) -> None:
    space = adapted(output_mode="dict")
    space.save(tmp_path / "space.keras")
    again = keras.models.load_model(tmp_path / "space.keras")
    for name, values in space(TABLE).items():
        np.testing.assert_array_equal(again(TABLE)[name], values)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Space({}), ["features"]),
        (lambda: Space({"a": "float_normalised"}), ["'a'", "float_normalized"]),
        (lambda: Space({"a": "float"}, crosses=[("a", "b")]), ["'b'"]),
        (lambda: Space({"a": "float"}, output_mode="vector"), ["concat"]),
        (lambda: Space({"a": "integer_categorical"})({"a": [1]}), ["adapt"]),
        (lambda: adapted()([1.0]), ["dict"]),
        (lambda: adapted()({"age": [1.0]}), ["'pet'", "'size'"]),
        (lambda: adapted().adapt([1.0]), ["data set"]),
        (lambda: Space({"a": Space.integer_categorical(output_mode="int")}).adapt({"a": [1, 2]}), ["'a'", "dict"]),
        (lambda: Space.float_discretized(3, output_mode="onehot"), ["one_hot"]),
    ],
)
def test_refused(make: Any, words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert all(word in str(caught.value) for word in words), caught.value


def test_data_in_two_parts() -> None:
    split = keras.utils.split_dataset
    x, y = np.arange(10.0), np.arange(10)
    left, right = split((x, y), right_size=0.3)
    assert [int(b) for _, b in left] == list(range(7)) and [float(a) for a, _ in right] == [7.0, 8.0, 9.0]
    orders = [[int(row) for row in split(y, left_size=4, shuffle=True, seed=3)[0]] for _ in range(2)]
    assert orders[0] == orders[1] and orders[0] != [0, 1, 2, 3]
    batched = tf.data.Dataset.from_tensor_slices({"a": x}).batch(3)
    left, right = split(batched, left_size=0.5)
    assert [b["a"].shape[0] for b in left] == [3, 2] and [b["a"].shape[0] for b in right] == [3, 2]
    for arguments, kind in (
        (({"a": x}, 0.5), TypeError), ((x,), ValueError), ((x, 1.5), ValueError), ((x, 10), ValueError),
        ((x, 0.6, 0.6), ValueError), (([x, x[:3]], 0.5), ValueError), ((x, "half"), TypeError),
    ):  # fmt: skip
        with pytest.raises(kind, match="split_dataset"):
            split(*arguments)
