"""The rest of tf.train, tf.config.optimizer, tensors as messages, files of graphs."""

from __future__ import annotations

import gzip
import threading
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.formats import text
from weft.formats.messages.graph import GraphDef
from weft.formats.messages.tensor import TensorProto


def test_averages_of_variables() -> None:
    v = tf.Variable([1.0, 2.0], name="v")
    average = tf.train.ExponentialMovingAverage(0.5)
    assert average.apply([v]) is None
    v.assign([3.0, 4.0])
    average.apply([v])
    assert average.average(v).numpy().tolist() == [2.0, 3.0]
    assert average.average(v).name == "v/ExponentialMovingAverage:0" and not average.average(v).trainable
    assert average.average_name(v) == "v/ExponentialMovingAverage" and average.name == "ExponentialMovingAverage"
    assert average.variables_to_restore([v]) == {"v/ExponentialMovingAverage": v}
    assert average.apply() is None
    counted = tf.train.ExponentialMovingAverage(0.9, num_updates=3)
    counted.apply([v])
    v.assign([0.0, 0.0])
    counted.apply([v])
    assert counted.average(v).numpy().tolist() == [np.float32(0.92307687), np.float32(1.2307692)]  # TensorFlow's

    @tf.function
    def step() -> None:
        v.assign_add([1.0, 1.0])
        average.apply([v])

    step()
    assert average.average(v).numpy().tolist() == [1.5, 2.0]
    with pytest.raises(TypeError, match="half, float, or double"):
        average.apply([tf.Variable(1)])
    with pytest.raises(TypeError, match="non-Variable tensors"):
        average.apply([tf.constant(1.0)])


def test_clusters() -> None:
    cluster = tf.train.ClusterSpec({"worker": ["a:1", "b:2"], "ps": {3: "c:3"}})
    assert cluster.as_dict() == {"worker": ["a:1", "b:2"], "ps": {3: "c:3"}} and cluster
    assert sorted(cluster.jobs) == ["ps", "worker"]
    assert cluster.num_tasks("worker") == 2 and cluster.task_indices("ps") == [3]
    assert cluster.task_address("ps", 3) == "c:3" and cluster.job_tasks("ps") == [None, None, None, "c:3"]
    message = cluster.as_cluster_def()
    assert tf.train.ClusterSpec(tf.train.ClusterDef.FromString(message.SerializeToString())) == cluster
    assert repr(cluster) == "ClusterSpec({'ps': {3: 'c:3'}, 'worker': ['a:1', 'b:2']})"
    with pytest.raises(ValueError, match="No such job in cluster: 'x'"):
        cluster.num_tasks("x")
    with pytest.raises(ValueError, match="No task with index 5"):
        cluster.task_address("ps", 5)
    with pytest.raises(TypeError, match="`cluster` must be a dictionary"):
        tf.train.ClusterSpec(3)


def test_a_coordinator_passes_errors_on() -> None:
    coordinator = tf.train.Coordinator()

    def work() -> None:
        with coordinator.stop_on_exception():
            raise KeyError("lost")

    thread = threading.Thread(target=work)
    thread.start()
    with pytest.raises(KeyError, match="lost"):
        coordinator.join([thread])
    assert coordinator.should_stop()


@pytest.mark.parametrize(
    ("values", "arguments", "dtype", "expected"),
    [([1, 2, 3], {}, 3, [1, 2, 3]), (1.5, {"shape": [2, 2]}, 1, [[1.5, 1.5], [1.5, 1.5]]),
     ([1, 2], {"shape": [3]}, 3, [1, 2, 2]), ([1, 2], {"dtype": tf.float16}, 19, [1.0, 2.0]),
     (["a", b"b"], {}, 7, [b"a", b"b"]), (np.arange(4.0), {"shape": [2, 2]}, 2, [[0.0, 1.0], [2.0, 3.0]]),
     (tf.constant([True]), {}, 10, [True])],
)  # fmt: skip
def test_tensors_as_messages(values: Any, arguments: Any, dtype: int, expected: Any) -> None:
    proto = tf.make_tensor_proto(values, **arguments)
    assert isinstance(proto, TensorProto) and proto.dtype == dtype
    assert tf.make_ndarray(TensorProto.FromString(proto.SerializeToString())).tolist() == expected


def test_what_is_no_message() -> None:
    with pytest.raises(TypeError, match=r"Expected Tensor's shape: \(3,\), but got \(2,\)"):
        tf.make_tensor_proto([1, 2], shape=[3], verify_shape=True)
    with pytest.raises(ValueError, match="None values not supported"):
        tf.make_tensor_proto(None)
    with pytest.raises(ValueError, match="Too many elements"):
        tf.make_tensor_proto([1, 2, 3], shape=[2])


def test_switches() -> None:
    optimizer = tf.config.optimizer
    assert optimizer.get_jit() == ""
    optimizer.set_jit(True)
    assert optimizer.get_jit() == "autoclustering"
    optimizer.set_jit(False)
    optimizer.set_experimental_options({"constant_folding": True})
    assert optimizer.get_experimental_options()["constant_folding"]
    assert tf.config.get_soft_device_placement()
    info = tf.config.experimental.get_memory_info("CPU:0")
    assert 0 < info["current"] <= info["peak"]
    tf.config.experimental.reset_memory_stats("CPU:0")
    with pytest.raises(ValueError, match="No matching devices"):
        tf.config.experimental.get_memory_info("GPU:0")


def test_files(tmp_path: Path) -> None:
    packed = [zlib.compress(b"one"), zlib.compress(b"")]
    assert tf.io.decode_compressed(packed, "ZLIB").numpy().tolist() == [b"one", b""]
    assert tf.io.decode_compressed(gzip.compress(b"two"), "GZIP").numpy() == b"two"
    with pytest.raises(tf.errors.DataLossError, match="cut off"):
        tf.io.decode_compressed(zlib.compress(b"three")[:-3], "ZLIB")
    with pytest.raises(tf.errors.DataLossError, match="not compressed"):
        tf.io.decode_compressed("four", "GZIP")
    graph = tf.Graph()
    with graph.as_default():
        tf.constant(1.0, name="one")
    path = tf.io.write_graph(graph, str(tmp_path / "new"), "graph.pbtxt")
    assert [node.name for node in text.from_text(Path(path).read_bytes(), GraphDef).node] == ["one"]
    binary = tf.io.write_graph(graph.as_graph_def(), str(tmp_path), "graph.pb", as_text=False)
    assert len(GraphDef.FromString(Path(binary).read_bytes()).node) == 1
    found = tf.io.match_filenames_once(str(tmp_path / "*.pb"))
    assert found.numpy().tolist() == [str(tmp_path / "graph.pb").encode()]
