"""Settings of sessions and runs: protocol buffers, whose bytes are those that TensorFlow 1.15.5 writes."""

import pytest

import weft.compat.v1 as tf


def settings():
    memory = tf.GPUOptions(per_process_gpu_memory_fraction=0.5, allow_growth=True)
    return tf.ConfigProto(allow_soft_placement=True, intra_op_parallelism_threads=3, device_count={"GPU": 0},
                          gpu_options=memory)  # fmt: skip


def test_settings_are_written_read_and_merged():
    made = settings()
    told = made.SerializeToString()
    assert told == b"\n\x07\n\x03GPU\x10\x00\x10\x032\x0b\t\x00\x00\x00\x00\x00\x00\xe0? \x018\x01"
    read = tf.ConfigProto.FromString(told)
    assert read == made and read.device_count["GPU"] == 0 and read.gpu_options.allow_growth
    other = tf.ConfigProto(log_device_placement=True, intra_op_parallelism_threads=1)
    other.MergeFrom(made)
    assert other.log_device_placement and other.intra_op_parallelism_threads == 3
    other.Clear()
    assert str(other) == "" and not other.HasField("gpu_options")


def test_parts_enter_when_they_are_set():
    made = settings()
    made.graph_options.optimizer_options.global_jit_level = tf.OptimizerOptions.ON_1
    made.graph_options.rewrite_options.constant_folding = made.graph_options.rewrite_options.OFF
    made.device_filters.append("/job:x")
    made.gpu_options.visible_device_list = "0,1"
    assert made.SerializeToString() == (
        b'\n\x07\n\x03GPU\x10\x00\x10\x03"\x06/job:x2\x10\t\x00\x00\x00\x00\x00\x00\xe0? \x01*\x030,18\x01'
        b"R\x08\x1a\x02(\x01R\x02\x18\x02"
    )


def test_options_of_runs():
    made = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE, timeout_in_ms=7)
    assert made.SerializeToString() == b"\x08\x03\x10\x07"
    assert str(made) == "trace_level: FULL_TRACE\ntimeout_in_ms: 7\n"
    assert tf.RunOptions.FromString(b"\x08\x03\x10\x07") == made


@pytest.mark.parametrize("kind", [tf.ConfigProto, tf.GPUOptions, tf.RunOptions])
def test_what_is_no_setting_is_refused(kind):
    with pytest.raises(ValueError, match="has no field 'nope'"):
        kind(nope=3)
    with pytest.raises(AttributeError, match="nope"):
        kind().nope = 3


def test_values_of_another_type_are_refused():
    with pytest.raises(TypeError, match="bool"):
        tf.ConfigProto(allow_soft_placement="yes")
    with pytest.raises(TypeError, match="int32"):
        tf.ConfigProto(intra_op_parallelism_threads=1.5)
    with pytest.raises(TypeError, match="must be a tf.ConfigProto"):
        tf.Session(config={"allow_soft_placement": True})
