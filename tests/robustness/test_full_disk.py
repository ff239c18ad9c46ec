"""A disk that fills up while something is written: which file, what to do, and what stood there before is as it was.

The system is told that no file may be longer than a few kilobytes, so writes fail half-way as on a full disk.
"""

import contextlib
import errno
import os
import tempfile

import numpy as np
import pytest

import weft as tf
from weft import keras

resource = pytest.importorskip("resource")
LIMIT = 4096


@contextlib.contextmanager
def little_room():
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def records(folder):
    with tf.io.TFRecordWriter(str(folder / "file.tfrecord")) as writer:
        for _ in range(100):
            writer.write(b"x" * 10000)


def packed_records(folder):
    with tf.io.TFRecordWriter(str(folder / "file.tfrecord"), "GZIP") as writer:
        writer.write(os.urandom(100000))


def whole_file(folder):
    tf.io.write_file(str(folder / "file.txt"), tf.constant("x" * 100000))


def whole_file_traced(folder):
    @tf.function
    def write():
        tf.io.write_file(str(folder / "file.txt"), tf.constant("x" * 100000))

    write()


def opened_file(folder):
    with tf.io.gfile.GFile(str(folder / "file.txt"), "w") as file:
        file.write("x" * 100000)


def printed(folder):
    tf.print("x" * 100000, output_stream=f"file://{folder}/file.txt")


def big():
    return tf.data.Dataset.from_tensor_slices(np.zeros((40, 1000), np.float32))


def saved_dataset(folder):
    big().save(str(folder / "file"))


def kept_dataset(folder):
    list(big().cache(str(folder / "file")))


def snapshot(folder):
    list(big().snapshot(str(folder / "file")))


def summaries(folder):
    with tf.summary.create_file_writer(str(folder / "file")).as_default():
        for step in range(10):
            tf.summary.text("long", "x" * 100000, step=step)
        tf.summary.flush()


def checkpoint(folder):
    tf.train.Checkpoint(v=tf.Variable(tf.zeros([5000]))).write(str(folder / "file"))


def module(folder):
    made = tf.Module()
    made.v = tf.Variable(tf.zeros([5000]))
    tf.saved_model.save(made, str(folder / "file"))


def model(folder):
    keras.Sequential([keras.Input([100]), keras.layers.Dense(50)]).save(str(folder / "file.keras"))


def weights(folder):
    keras.Sequential([keras.Input([100]), keras.layers.Dense(50)]).save_weights(str(folder / "file.weights.h5"))


@pytest.mark.parametrize("write", [
    records, packed_records, whole_file, whole_file_traced, opened_file, printed, saved_dataset, kept_dataset, snapshot,
    summaries, checkpoint, module, model, weights,
])  # fmt: skip
def test_a_full_disk_is_told_with_the_file_and_what_to_do(write, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where models are put together
    with little_room(), pytest.raises(tf.errors.ResourceExhaustedError) as caught:
        write(tmp_path)
    error = caught.value
    assert isinstance(error, OSError) and error.errno == errno.EFBIG  # programs catch either
    assert str(error).startswith(str(tmp_path))
    assert os.strerror(errno.EFBIG) in str(error) and "next: make room" in str(error)


@pytest.mark.parametrize("write", [checkpoint, module, model, weights])
def test_what_stood_there_before_is_as_it_was(write, tmp_path):
    write(tmp_path)

    def content():
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    before = content()
    with little_room(), pytest.raises(OSError):
        write(tmp_path)
    assert content() == before


def test_a_writer_that_failed_is_closed(tmp_path):
    writer = tf.io.TFRecordWriter(str(tmp_path / "file.tfrecord"))
    with little_room(), pytest.raises(tf.errors.ResourceExhaustedError):
        for _ in range(100):
            writer.write(b"x" * 10000)
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.write(b"x")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full")
def test_a_disk_without_any_room():
    with pytest.raises(tf.errors.ResourceExhaustedError, match="/dev/full; No space left on device"):
        with tf.io.TFRecordWriter("/dev/full") as writer:
            writer.write(b"one")
