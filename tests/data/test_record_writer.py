"""Datasets written to record files."""

import pytest

import weft as tf


@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_what_is_written_is_read(tmp_path, compression):
    path = str(tmp_path / "words.tfrecord")
    words = tf.data.Dataset.from_tensor_slices(["a", "bb", ""])
    tf.data.experimental.TFRecordWriter(path, compression).write(words)
    assert list(tf.data.TFRecordDataset(path, compression or "").as_numpy_iterator()) == [b"a", b"bb", b""]


def test_only_strings_are_written(tmp_path):
    with pytest.raises(TypeError, match="single strings"):
        tf.data.experimental.TFRecordWriter(str(tmp_path / "x")).write(tf.data.Dataset.range(3))
