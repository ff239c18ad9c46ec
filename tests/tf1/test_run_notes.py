"""What runs note of themselves, and what programs make of messages."""

import importlib
import json

import pytest

import weft.compat.v1 as tf
from weft.compat.protobuf import ProtobufFinder
from weft.compat.v1.timeline import Timeline
from weft.formats.events import read_events


def test_a_run_that_is_watched_notes_its_kernels(tmp_path):
    x = tf.placeholder(tf.float32, [None, 8], name="x")
    result = tf.reduce_sum(tf.matmul(x, tf.ones([8, 4])), name="result")
    options, noted = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), tf.RunMetadata()
    feeds = {x: [[1.0] * 8]}
    with tf.Session() as session:
        assert session.run(result, feeds, options=options, run_metadata=noted) == session.run(result, feeds) == 32.0
        with tf.summary.FileWriter(str(tmp_path), session.graph) as writer:
            writer.add_run_metadata(noted, "step 1")
    names = [work.node_name for work in noted.step_stats.dev_stats[0].node_stats]
    assert "result" in names
    trace = json.loads(Timeline(noted.step_stats).generate_chrome_trace_format())["traceEvents"]
    assert {"X", "M"} == {event["ph"] for event in trace} and any(event["name"] == "Sum" for event in trace)
    kept = [event for file in tmp_path.iterdir() for event in read_events(str(file))]
    assert any(event.tagged_run_metadata.tag == "step 1" for event in kept)


def test_without_a_trace_level_nothing_is_noted():
    noted = tf.RunMetadata()
    with tf.Session() as session:
        session.run(tf.constant(1.0), run_metadata=noted)
    assert noted.SerializeToString() == b""


def test_an_operation_is_a_node_of_the_message():
    made = tf.add(tf.constant(1.0, name="a"), 2.0, name="sum")
    assert (made.op.node_def.op, list(made.op.node_def.input)) == ("Add", ["a", "sum/y"])
    assert made.op.values() == (made,)


def test_queue_runners_come_back_from_messages():
    queue = tf.FIFOQueue(4, [tf.float32], [[]])
    runner = tf.train.QueueRunner(queue, [queue.enqueue(1.0)])
    again = tf.train.QueueRunner.from_proto(runner.to_proto())
    assert again.to_proto() == runner.to_proto() and again.queue_closed_exception_types == (tf.errors.OutOfRangeError,)
    with tf.Session() as session:
        coordinator = tf.train.Coordinator()
        threads = again.create_threads(session, coordinator, start=True)
        assert session.run(queue.dequeue()) == 1.0
        coordinator.request_stop()
        coordinator.join(threads)


def test_gradients_of_several_runs_make_one_step():
    x, step = tf.Variable(1.0), tf.train.get_or_create_global_step()
    optimizer = tf.train.SyncReplicasOptimizer(tf.train.AdamOptimizer(0.1), 2, 2)
    train = optimizer.minimize(x * x, global_step=step)
    with tf.train.MonitoredTrainingSession(hooks=[optimizer.make_session_run_hook(True)]) as session:
        found = []
        for _ in range(4):
            session.run(train)
            found.append([float(value) for value in session.run([x, step])])
    assert found == [[1.0, 0.0], [pytest.approx(0.9), 1.0], [pytest.approx(0.9), 1.0], [pytest.approx(0.8004126), 2.0]]
    with pytest.raises(ValueError, match="Global step is required"):
        optimizer.apply_gradients([(tf.constant(1.0), x)])


def test_sums_of_gradients_say_where_a_variable_is():
    x = tf.Variable([1.0, -2.0])
    step = tf.train.get_or_create_global_step()
    optimizer = tf.train.AdagradDAOptimizer(0.5, step, l1_regularization_strength=0.1, l2_regularization_strength=0.2)
    train = optimizer.minimize(tf.reduce_sum(tf.square(x) + x), global_step=step)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run(train)
        assert session.run(x).tolist() == pytest.approx(ADAGRAD_DA, rel=1e-5)
    assert optimizer.get_slot_names() == ["gradient_accumulator", "gradient_squared_accumulator"]


#: what TensorFlow 1.15.5 gives for the program above
ADAGRAD_DA = [-0.43346334, 0.0]


def test_protobufs_text_format_is_there_where_protobuf_is_not():
    finder = ProtobufFinder()
    text_format = importlib.util.module_from_spec(finder.find_spec("google.protobuf.text_format"))
    finder.exec_module(text_format)
    tf.add(tf.constant(1.0, name="a"), 2.0, name="sum")
    graph = tf.get_default_graph().as_graph_def()
    assert text_format.Merge(text_format.MessageToString(graph), tf.GraphDef()) == graph
    with pytest.raises(text_format.ParseError):
        text_format.Parse("node { nonsense", tf.GraphDef())
    assert finder.find_spec("google.cloud") is None
