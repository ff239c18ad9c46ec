"""Datasets of folders and of time series."""

from __future__ import annotations

import numpy as np
import pytest

import weft as tf
from weft import extend, keras


@pytest.fixture
def pictures(tmp_path):
    for number, name in enumerate(("cats", "dogs")):
        (tmp_path / name).mkdir()
        for place in range(4):
            picture = np.full((6, 8, 3), 10 * place + 100 * number, np.uint8)
            (tmp_path / name / f"{place}.png").write_bytes(extend.encode_png(picture))
    (tmp_path / "cats" / "notes.txt").write_text("no picture")
    return tmp_path


def test_pictures(pictures, capsys):
    dataset = keras.utils.image_dataset_from_directory(pictures, image_size=(4, 5), batch_size=3, shuffle=False)
    assert dataset.class_names == ["cats", "dogs"] and len(dataset.file_paths) == 8
    assert "Found 8 files belonging to 2 classes." in capsys.readouterr().out
    batches = [(x.numpy(), y.numpy()) for x, y in dataset]
    assert [x.shape for x, _ in batches] == [(3, 4, 5, 3), (3, 4, 5, 3), (2, 4, 5, 3)]
    assert np.concatenate([y for _, y in batches]).tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert np.concatenate([x[:, 0, 0, 0] for x, _ in batches]).tolist() == [0, 10, 20, 30, 100, 110, 120, 130]


def test_shuffled_pictures_keep_their_labels(pictures):
    made = keras.utils.image_dataset_from_directory
    dataset = made(pictures, label_mode="binary", color_mode="grayscale", image_size=4, seed=3, batch_size=None)
    for x, y in dataset:
        assert x.shape == (4, 4, 1) and float(y[0]) == float(x[0, 0, 0] >= 100)
    train, rest = made(
        pictures, label_mode="categorical", seed=1, validation_split=0.25, subset="both", image_size=(4, 4)
    )
    assert len(train.file_paths) == 6 and len(rest.file_paths) == 2
    assert not set(train.file_paths) & set(rest.file_paths)
    alone = made(pictures, seed=1, validation_split=0.25, subset="validation", image_size=(4, 4))
    assert alone.file_paths == rest.file_paths
    (images,) = made(pictures, labels=None, image_size=(4, 4), verbose=False)
    assert images.shape == (8, 4, 4, 3)


def test_a_model_learns_from_pictures(pictures):
    dataset = keras.utils.image_dataset_from_directory(pictures, image_size=(4, 4), batch_size=4, seed=1)
    model = keras.Sequential([
        keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(dataset, epochs=30, verbose=0)
    assert model.evaluate(dataset, verbose=0)[1] == 1.0


def test_texts(tmp_path):
    for name in ("neg", "pos"):
        (tmp_path / name).mkdir()
        for place in range(2):
            (tmp_path / name / f"{place}.txt").write_text(f"{name} text {place}")
    dataset = keras.utils.text_dataset_from_directory(tmp_path, shuffle=False, max_length=8, class_names=["pos", "neg"])
    ((texts, labels),) = dataset
    assert texts.numpy().tolist() == [b"pos text", b"pos text", b"neg text", b"neg text"]
    assert labels.numpy().tolist() == [0, 0, 1, 1]


def test_sounds_by_class(tmp_path):
    lengths = {"loud": (30, 12), "low": (20, 16)}
    for name, each in lengths.items():
        (tmp_path / name).mkdir()
        for place, length in enumerate(each):
            sound = tf.audio.encode_wav(np.linspace(-0.5, 0.5, length, dtype=np.float32)[:, None], 1000)
            (tmp_path / name / f"{place}.wav").write_bytes(sound.numpy())
    made = keras.utils.audio_dataset_from_directory
    ((sounds, labels),) = made(tmp_path, shuffle=False, output_sequence_length=18)
    assert sounds.shape == (4, 18, 1) and sounds.dtype == "float32" and labels.numpy().tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(sounds[1, :12, 0], np.linspace(-0.5, 0.5, 12), atol=1e-4)
    assert not sounds[1, 12:].numpy().any()
    assert [batch.shape[1] for batch in made(tmp_path, labels=None, shuffle=False, batch_size=2)] == [30, 20]
    (rows,) = made(tmp_path, label_mode=None, ragged=True, shuffle=False)
    assert rows.row_lengths().numpy().tolist() == [30, 12, 20, 16]
    assert len(next(iter(made(tmp_path, labels=None, batch_size=None))).shape) == 2
    for words, options in (
        ("higher than 0", {"sampling_rate": -1}), ("integer", {"sampling_rate": 1.5}),
        ("both `ragged`", {"ragged": True, "output_sequence_length": 3}), ("`labels` argument", {"labels": "other"}),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            made(tmp_path, **options)
    with pytest.raises(ImportError, match="sampling_rate"):
        made(tmp_path, sampling_rate=8000)
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="No audio files found"):
        made(tmp_path / "none", labels=None)


def test_wrong_arguments(pictures):
    made = keras.utils.image_dataset_from_directory
    with pytest.raises(ValueError, match="seed"):
        made(pictures, validation_split=0.5, subset="training")
    with pytest.raises(ValueError, match="subfolders"):
        made(pictures, class_names=["birds"])
    with pytest.raises(ValueError, match="one label a file"):
        made(pictures, labels=[1, 2])
    with pytest.raises(ValueError, match="must be set"):
        made(pictures, subset="training")
    with pytest.raises(FileNotFoundError, match="no folder"):
        made(pictures / "none")


def test_windows():
    data = np.arange(10, dtype=np.float32)
    made = keras.utils.timeseries_dataset_from_array
    (x,) = made(data, None, 3, sequence_stride=2, sampling_rate=2)
    assert x.numpy().tolist() == [[0, 2, 4], [2, 4, 6], [4, 6, 8]]
    ((x, y),) = made(data[:-3], data[3:], 3, start_index=1, end_index=6)
    assert x.numpy().tolist() == [[1, 2, 3], [2, 3, 4], [3, 4, 5]] and y.numpy().tolist() == [4, 5, 6]
    shuffled = np.concatenate([x.numpy() for x in made(data, None, 2, shuffle=True, seed=1, batch_size=4)])
    assert sorted(shuffled[:, 0].tolist()) == list(range(9)) and shuffled[:, 0].tolist() != list(range(9))
    with pytest.raises(ValueError, match="sequence_stride"):
        made(data, None, 2, sequence_stride=0)
