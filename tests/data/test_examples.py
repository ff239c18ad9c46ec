"""Training examples: written, read and parsed."""

import pytest

import weft as tf


def example(**lists):
    return tf.train.Example(features=tf.train.Features(feature=lists)).SerializeToString()


def integers(*values):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


@pytest.mark.parametrize("options", [None, "GZIP", tf.io.TFRecordOptions("ZLIB", compression_level=9)])
def test_what_is_written_is_read(tmp_path, options):
    path = tmp_path / "numbers.tfrecord"
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for number in range(5):
            writer.write(example(n=integers(number)))
    kind = options.compression_type if isinstance(options, tf.io.TFRecordOptions) else options
    records = tf.data.TFRecordDataset([str(path), path], compression_type=kind)
    spec = {"n": tf.io.FixedLenFeature([], tf.int64)}
    parsed = records.batch(4).map(lambda batch: tf.io.parse_example(batch, spec)["n"])
    assert [batch.tolist() for batch in parsed.as_numpy_iterator()] == [[0, 1, 2, 3], [4, 0, 1, 2], [3, 4]]


def test_an_error_says_which_example_and_feature():
    batch = [example(n=integers(1)), example(n=integers(1, 2))]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Example 1 of the batch: Key: n\."):
        tf.io.parse_example(batch, {"n": tf.io.FixedLenFeature([], tf.int64)})
    with pytest.raises(tf.errors.InvalidArgumentError, match="m .data type: float32. is required"):
        tf.io.parse_example(batch, {"m": tf.io.FixedLenFeature([], tf.float32)})


def test_features_that_cannot_be_parsed_say_what_to_use():
    with pytest.raises(NotImplementedError, match="FixedLenSequenceFeature"):
        tf.io.parse_single_example(example(), {"n": tf.TensorSpec([], tf.int64)})
    with pytest.raises(TypeError, match="cannot be int32"):
        tf.io.parse_single_example(example(), {"n": tf.io.FixedLenFeature([], tf.int32)})
    with pytest.raises(ValueError, match="known shape"):
        tf.io.parse_single_example(example(), {"n": tf.io.FixedLenFeature([None], tf.int64)})


def test_a_parsed_batch_keeps_its_size_symbol():
    @tf.function
    def weighted(batch):
        found = tf.io.parse_example(batch, {"n": tf.io.FixedLenFeature([2], tf.int64)})
        return tf.reshape(found["n"], [tf.shape(batch)[0] * 2])

    assert weighted(tf.constant([example(n=integers(1, 2))] * 2)).numpy().tolist() == [1, 2, 1, 2]
