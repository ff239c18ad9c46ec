"""tf.summary writes what TensorFlow writes, eagerly and in traced functions, and the profiler a trace."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.formats.events import read_events
from weft.formats.messages.run_metadata import RunMetadata
from weft.formats.tensors import from_tensor_proto

S = tf.summary


def _values(folder: Path) -> list[tuple[int, str, str, Any]]:
    """Step, tag, plugin and array of every summary in a folder."""
    found = []
    for path in sorted(folder.glob("*.tfevents.*")):
        for event in read_events(path):
            for value in event.summary.value:
                plugin = value.metadata.plugin_data.plugin_name
                found.append((event.step, value.tag, plugin, from_tensor_proto(value.tensor)))
    return found


@pytest.fixture
def writer(tmp_path: Path) -> Any:
    made = S.create_file_writer(str(tmp_path))
    yield made
    made.close()
    S.experimental.set_step(None)


def test_every_kind(writer: Any, tmp_path: Path) -> None:
    with writer.as_default() as held:
        assert held is writer
        assert bool(S.scalar("a", 1, step=1))
        S.histogram("h", [1.0, 2.0, 4.0], step=tf.constant(2, tf.int64), buckets=3)
        S.image("i", np.full((5, 2, 3, 1), 0.5), step=3, max_outputs=2)
        S.text("t", [["x", "y"]], step=4)
        S.audio("au", np.zeros((1, 8, 1), np.float32), 8000, step=5)
        S.write("raw", tf.constant([1, 2]), step=6)
        S.write("lazy", lambda: tf.constant(3), step=6)
    writer.flush()
    found = _values(tmp_path)
    assert [(step, tag, plugin) for step, tag, plugin, _ in found] == [
        (1, "a", "scalars"), (2, "h", "histograms"), (3, "i", "images"), (4, "t", "text"), (5, "au", "audio"),
        (6, "raw", ""), (6, "lazy", ""),
    ]  # fmt: skip
    arrays = [array for *_, array in found]
    assert arrays[0].dtype == np.float32 and arrays[0] == 1.0
    np.testing.assert_allclose(arrays[1], [[1, 2, 1], [2, 3, 1], [3, 4, 1]])
    assert arrays[2][:2].tolist() == [b"3", b"2"] and len(arrays[2]) == 4 and arrays[2][2][:4] == b"\x89PNG"
    assert arrays[3].tolist() == [[b"x", b"y"]]
    assert arrays[4][0, 0][:4] == b"RIFF"
    assert arrays[5].tolist() == [1, 2] and arrays[6] == 3


def test_steps_scopes_and_conditions(writer: Any, tmp_path: Path) -> None:
    assert not bool(S.scalar("none", 1.0)) and not bool(S.should_record_summaries())
    with writer.as_default():
        with pytest.raises(ValueError, match="No step set"):
            S.scalar("a", 1.0)
        S.experimental.set_step(5)
        assert S.experimental.get_step() == 5
        with tf.name_scope("outer"), tf.name_scope("inner"):
            S.scalar("a", 1.0)
        with S.record_if(False):
            assert not bool(S.scalar("b", 1.0)) and not bool(S.should_record_summaries())
        with S.record_if(lambda: tf.constant(True)):
            assert bool(S.scalar("c", 1.0))
        with S.experimental.summary_scope("own", values=[1]) as (tag, _):
            S.write(tag, 1.0)
    assert S.experimental.get_step() == 5
    with writer.as_default(step=7):
        S.scalar("d", 1.0)
    assert S.experimental.get_step() == 5
    step = tf.Variable(8, dtype=tf.int64)
    S.experimental.set_step(step)
    writer.set_as_default()
    step.assign_add(1)
    S.scalar("e", 1.0)
    S.create_noop_writer().set_as_default()
    assert not bool(S.scalar("f", 1.0))
    writer.close()
    writer.close()
    found = [(s, t) for s, t, *_ in _values(tmp_path)]
    assert found == [(5, "outer/inner/a"), (5, "c"), (5, "own"), (7, "d"), (9, "e")]
    with pytest.raises(RuntimeError, match="already closed"), writer.as_default():
        pass


def test_in_traced_functions_in_order(writer: Any, tmp_path: Path) -> None:
    state = tf.Variable(0.0)

    @tf.function
    def run(x: Any, step: Any) -> Any:
        with writer.as_default():
            for i in tf.range(2):
                state.assign_add(x)
                S.scalar("loop", state, step=step + tf.cast(i, tf.int64))
            with S.record_if(tf.equal(step % 2, 0)):
                S.scalar("even", x, step=step)
            if x > 1.5:
                S.image("large", tf.fill([1, 2, 2, 1], x), step=step)
            return S.scalar("last", x, step=step)

    assert bool(run(2.0, tf.constant(0, tf.int64)))
    run(tf.constant(1.0), tf.constant(1, tf.int64))
    writer.flush()
    found = [(s, t, None if t == "large" else float(a)) for s, t, _, a in _values(tmp_path)]
    assert found == [
        (0, "loop", 2.0), (1, "loop", 4.0), (0, "even", 2.0), (0, "large", None), (0, "last", 2.0),
        (1, "loop", 5.0), (2, "loop", 6.0), (1, "last", 1.0),
    ]  # fmt: skip


def test_wrong_data(writer: Any) -> None:
    with writer.as_default(step=0):
        with pytest.raises(ValueError, match="Expected scalar shape"):
            S.scalar("a", [1.0])
        with pytest.raises(ValueError, match="batch of images"):
            S.image("a", np.zeros((2, 3, 3)))
        with pytest.raises(ValueError, match="batch of sounds"):
            S.audio("a", np.zeros((2, 3)), 8000)
        with pytest.raises(TypeError, match="must be strings"):
            S.text("a", 3)
        with pytest.raises(ValueError, match="graph_data"):
            S.graph(3)


def test_a_file_is_whole_without_close(tmp_path: Path) -> None:
    made = S.create_file_writer(str(tmp_path), max_queue=1)
    with made.as_default(step=1):
        S.scalar("a", 1.0)
        assert len(_values(tmp_path)) == 1  # the queue was full
    del made
    assert len(_values(tmp_path)) == 1
    lazy = S.create_file_writer(str(tmp_path / "lazy"), filename_suffix=".zz")
    lazy.set_as_default()
    S.scalar("b", 1.0, step=2)
    S.flush()
    assert len(_values(tmp_path / "lazy")) == 1
    assert next((tmp_path / "lazy").iterdir()).name.endswith(".zz")
    S.create_noop_writer().set_as_default()
    lazy.close()


def test_graphs(writer: Any, tmp_path: Path) -> None:
    @tf.function
    def add(x: Any) -> Any:
        return tf.matmul(x, x, name="product") + 1.0

    with pytest.raises(ValueError, match="Must enable trace"):
        S.trace_export("none", step=0)
    S.trace_on(graph=True, profiler=False)
    add(tf.ones([2, 2]))
    with writer.as_default():
        S.trace_export("functions", step=3)
        graph = tf.Graph()
        with graph.as_default():
            tf.constant(1.0, name="one")
        assert bool(S.graph(graph)) and bool(S.graph(graph.as_graph_def()))
    writer.flush()
    ((step, tag, plugin, array),) = _values(tmp_path)
    assert (step, tag, plugin) == (3, "functions", "graph_run_metadata_graph")
    (kept,) = RunMetadata.FromString(array.item()).function_graphs
    assert {"product", "add"} <= {node.name for node in kept.pre_optimization_graph.node}
    events = [event for path in tmp_path.iterdir() for event in read_events(path)]
    assert sum(event.WhichOneof("what") == "graph_def" for event in events) == 2


def test_the_profiler_writes_a_trace(tmp_path: Path) -> None:
    profiler = tf.profiler.experimental
    with profiler.Profile(str(tmp_path)):
        with pytest.raises(tf.errors.AlreadyExistsError):
            profiler.start(str(tmp_path))
        with profiler.Trace("step", step_num=3) as span:
            tf.function(lambda x: tf.reduce_sum(tf.exp(x)))(tf.ones([64, 64]))
            span.set_metadata(more=1)
    (path,) = tmp_path.rglob("*.trace.json.gz")
    events = json.loads(gzip.decompress(path.read_bytes()))["traceEvents"]
    (found,) = [event for event in events if event["name"] == "step"]
    assert found["args"] == {"step_num": "3", "more": "1"} and found["dur"] > 0 and found["ts"] >= 0
    with pytest.raises(tf.errors.UnavailableError):
        profiler.stop()


def test_a_profile_of_trace_export(tmp_path: Path, writer: Any) -> None:
    S.trace_on(graph=False, profiler=True, profiler_outdir=str(tmp_path / "prof"))
    tf.function(lambda x: x + 1.0)(1.0)
    with writer.as_default():
        S.trace_export("run", step=0)
    assert list((tmp_path / "prof").rglob("*.trace.json.gz"))


def test_keras_writes_a_profile_of_its_batches(tmp_path: Path) -> None:
    model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    callback = tf.keras.callbacks.TensorBoard(str(tmp_path), histogram_freq=1, write_images=True, profile_batch=(2, 3))
    model.fit(np.ones((8, 3)), np.ones((8, 1)), batch_size=2, epochs=1, verbose=0, callbacks=[callback])
    assert len(list(tmp_path.rglob("*.trace.json.gz"))) == 1
    tags = {tag for _, tag, *_ in _values(tmp_path / "train")}
    assert {"epoch_loss", "keras"} <= tags and any(tag.endswith("kernel/histogram") for tag in tags)
    with pytest.raises(ValueError, match="profile_batch"):
        tf.keras.callbacks.TensorBoard(str(tmp_path), profile_batch=(3, 2))
