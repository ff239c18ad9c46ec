"""`ImageDataGenerator`: tables of file names, what it refuses, training. Its numbers are compared in `conformance`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft import keras
from weft.keras.preprocessing import affine
from weft.keras.preprocessing.image import DataFrameIterator, ImageDataGenerator

TABLE = {"file": ["a.png", "b.png", "c.png", "gone.png"], "kind": ["x", "y", "x", "y"],
         "kinds": [["x", "z"], ("y",), "x", "z"], "n": [1.0, 2.0, 3.0, 4.0], "m": [5, 6, 7, 8]}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> str:
    image = pytest.importorskip("PIL.Image")
    for number, name in enumerate("abc"):
        image.fromarray(np.full((3, 4, 3), 10 * number, np.uint8)).save(tmp_path / f"{name}.png")
    return str(tmp_path)


def _flow(folder: str, **options: Any) -> DataFrameIterator:
    with pytest.warns(UserWarning, match="1 invalid image filename"):
        return ImageDataGenerator(validation_split=0.4).flow_from_dataframe(
            TABLE, folder, "file", **{"y_col": "kind", "target_size": (3, 4), "shuffle": False, **options}
        )


class TestTables:
    def test_classes(self, folder: str) -> None:
        x, y = next(_flow(folder))
        assert x[:, 0, 0, 0].tolist() == [0, 10, 20] and y.tolist() == [[1, 0], [0, 1], [1, 0]]
        assert next(_flow(folder, class_mode="sparse", classes=["y", "x"]))[1].tolist() == [1, 0, 1]
        several = _flow(folder, y_col="kinds")
        assert several.class_indices == {"x": 0, "y": 1, "z": 2}
        assert next(several)[1].tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 0]]

    def test_other_labels(self, folder: str) -> None:
        assert next(_flow(folder, class_mode="raw", y_col="n"))[1].tolist() == [1, 2, 3]
        assert next(_flow(folder, class_mode="raw", y_col=["n", "m"]))[1].tolist() == [[1, 5], [2, 6], [3, 7]]
        parts = next(_flow(folder, class_mode="multi_output", y_col=["n", "m"], weight_col="m"))
        assert [part.tolist() for part in parts[1]] == [[1, 2, 3], [5, 6, 7]] and parts[2].tolist() == [5, 6, 7]
        assert next(_flow(folder, class_mode=None)).shape == (3, 3, 4, 3)

    def test_subsets(self, folder: str) -> None:
        assert [_flow(folder, subset=part).filenames for part in ("validation", "training")] == [
            ["a.png"], ["b.png", "c.png"]]  # fmt: skip

    @pytest.mark.filterwarnings("ignore:Found 1 invalid")
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"class_mode": "binary", "classes": ["x"]}, "2 classes"),
            ({"class_mode": "multi_output"}, "must be a list"),
            ({"class_mode": "sparse", "y_col": "n"}, "strings"),
            ({"class_mode": "raw", "weight_col": "kind"}, "numeric"),
            ({"no_such": 1}, "no_such"),
        ],
    )
    def test_refused(self, folder: str, options: Any, words: str) -> None:
        with pytest.raises((TypeError, ValueError), match=words):
            ImageDataGenerator().flow_from_dataframe(TABLE, folder, "file", **{"y_col": "kind", **options})


def test_a_model_learns_from_it() -> None:
    x = np.random.default_rng(0).random((12, 5, 5, 1)).astype("float32")
    model = keras.Sequential([keras.Input((5, 5, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    flow = ImageDataGenerator(horizontal_flip=True, rotation_range=10).flow(x, x.mean((1, 2, 3)), batch_size=5, seed=1)
    losses = model.fit(flow, epochs=3, verbose=0).history["loss"]
    assert len(losses) == 3 and len(model.predict(flow, steps=1, verbose=0)) == 5


def test_whole_numbers_are_rounded() -> None:
    x = np.arange(12, dtype=np.uint8).reshape(3, 4, 1) * 20
    moved = affine.apply_affine_transform(x, tx=0.5, row_axis=0, col_axis=1, channel_axis=2)
    assert moved.dtype == np.uint8 and moved[0, :, 0].tolist() == [10, 30, 50, 60]
    with pytest.raises(ValueError, match="fill_mode"):
        affine.apply_affine_transform(x, tx=1, row_axis=0, col_axis=1, channel_axis=2, fill_mode="mirror")
    with pytest.raises(ValueError, match="order"):
        affine.apply_affine_transform(x, tx=1, row_axis=0, col_axis=1, channel_axis=2, order=6)


def test_settings_that_exclude_others() -> None:
    with pytest.warns(UserWarning, match="zca_whitening"):
        made = ImageDataGenerator(zca_whitening=True, featurewise_std_normalization=True)
    assert made.featurewise_center and not made.featurewise_std_normalization
    with pytest.warns(UserWarning, match="hasn't been fit"):
        made.standardize(np.ones((2, 2, 1)))
