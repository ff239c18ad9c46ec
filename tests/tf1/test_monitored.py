"""Sessions that are watched: hooks, scaffolds, supervisors, runs in parts, models in folders,
clusters of one process."""  # fmt: skip

import os

import numpy as np
import pytest

import weft.compat.v1 as tf


def line():
    step = tf.train.get_or_create_global_step()
    x = tf.data.Dataset.range(8).repeat().map(lambda v: tf.cast(v, tf.float32) / 8).batch(8)
    x = x.make_one_shot_iterator().get_next()
    w = tf.Variable(0.0, name="w")
    loss = tf.reduce_mean(tf.square(x * w - x * 2))
    tf.summary.scalar("loss", loss)
    return loss, tf.train.GradientDescentOptimizer(0.5).minimize(loss, step)


class Log(tf.train.SessionRunHook):
    def __init__(self):
        self.seen = []

    def begin(self):
        self.seen.append("begin")

    def after_create_session(self, session, coord):
        self.seen.append("created")

    def before_run(self, run_context):
        return tf.train.SessionRunArgs("w:0")

    def after_run(self, run_context, run_values):
        self.seen.append(np.ndim(run_values.results))

    def end(self, session):
        self.seen.append("end")


def test_training_is_saved_and_goes_on(tmp_path):
    for stop, runs in ((5, 5), (9, 4)):
        tf.reset_default_graph()
        loss, train = line()
        log, final = Log(), tf.train.FinalOpsHook(loss)
        hooks = [tf.train.StopAtStepHook(last_step=stop), tf.train.NanTensorHook(loss), log, final]
        with tf.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path), hooks=hooks, save_checkpoint_steps=3,
                                               save_summaries_steps=2, log_step_count_steps=2) as session:  # fmt: skip
            count = 0
            while not session.should_stop():
                session.run(train)
                count += 1
        assert count == runs and log.seen == ["begin", "created", *[0] * runs, "end"]
        assert final.final_ops_values < 0.5
    kept = {name.partition(".data")[0] for name in os.listdir(tmp_path) if ".data" in name}
    assert kept == {f"model.ckpt-{n}" for n in (0, 3, 5, 8, 9)} and (tmp_path / "graph.pbtxt").exists()
    assert tf.train.latest_checkpoint(str(tmp_path)).endswith("model.ckpt-9")


def test_a_session_ends_where_its_input_does():
    element = tf.data.Dataset.range(3).make_one_shot_iterator().get_next()
    found = []
    with tf.train.MonitoredSession() as session:
        while not session.should_stop():
            found.append(int(session.run(element)))
    assert found == [0, 1, 2]
    tf.reset_default_graph()
    number = tf.train.range_input_producer(4, num_epochs=1, shuffle=False).dequeue()
    found = []
    with tf.train.SingularMonitoredSession() as session:
        while not session.should_stop():
            found.append(int(session.run(number)))
    assert found == [0, 1, 2, 3]


def test_a_loss_that_is_nan_is_refused():
    x = tf.placeholder(tf.float32, [])
    step = tf.train.get_or_create_global_step()
    with pytest.raises(tf.train.NanLossDuringTrainingError):
        with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(x)]) as session:
            session.run(step, {x: np.nan})
    with pytest.raises(ValueError, match="one"):
        tf.train.StopAtStepHook()


def test_a_scaffold_initializes_with_what_it_is_given():
    w = tf.Variable(0.0)
    start = tf.placeholder(tf.float32, [])
    called = []
    scaffold = tf.train.Scaffold(init_op=w.assign(start), init_feed_dict={start: 5.0},
                                 init_fn=lambda scaffold, session: called.append(session.run(w)))  # fmt: skip
    with tf.train.MonitoredTrainingSession(scaffold=scaffold) as session:
        assert session.run(w) == 5.0 and called == [5.0]
        assert w.graph.finalized


def test_logged_tensors(caplog):
    step = tf.train.get_or_create_global_step()
    more = step.assign_add(1)
    hook = tf.train.LoggingTensorHook({"step": step}, every_n_iter=2, formatter=lambda v: f"at {v['step']}")
    with caplog.at_level("INFO", "tensorflow"), tf.train.MonitoredSession(hooks=[hook]) as session:
        for _ in range(4):
            session.run(more)
    assert caplog.messages == ["at 1", "at 3"]


def test_a_supervisor_saves_and_goes_on(tmp_path):
    for expected in (3, 6):
        tf.reset_default_graph()
        more = tf.train.get_or_create_global_step().assign_add(1)
        supervisor = tf.train.Supervisor(logdir=str(tmp_path), save_model_secs=0)  # no thread that saves at some time
        with supervisor.managed_session() as session:
            last = [session.run(more) for _ in range(3)][-1]
            supervisor.saver.save(session, supervisor.save_path, global_step=supervisor.global_step)
        assert last == expected


def test_runs_in_parts_compute_everything_once():
    a, b = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    counter = tf.Variable(1.0)
    first = a + tf.random_uniform([]) + counter.assign_add(1.0)
    second = first * b
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        handle = session.partial_run_setup([first, second], [a, b])
        x = session.partial_run(handle, first, {a: 1.0})
        assert session.partial_run(handle, second, {b: 3.0}) == pytest.approx(3 * x)
        assert session.run(counter) == 2.0


def test_models_in_folders(tmp_path):
    folder = str(tmp_path / "model")
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.layers.dense(x, 3)
    data = np.ones([1, 2], np.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        expected = session.run(y, {x: data})
        tf.saved_model.simple_save(session, folder, {"x": x}, {"y": y})
    with pytest.raises(AssertionError, match="isn't empty"):
        tf.saved_model.builder.SavedModelBuilder(folder)
    with tf.Graph().as_default(), tf.Session() as session:
        model = tf.saved_model.loader.load(session, [tf.saved_model.tag_constants.SERVING], folder)
        key = tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
        signature = model.signature_def[key]
        assert signature.inputs["x"].tensor_shape.dim[0].size == -1
        found = session.run(signature.outputs["y"].name, {signature.inputs["x"].name: data})
        np.testing.assert_array_equal(found, expected)
    with tf.Graph().as_default(), tf.Session() as session, pytest.raises(RuntimeError, match="tags"):
        tf.saved_model.loader.load(session, ["other"], folder)


def test_clusters_of_one_process():
    cluster = tf.train.ClusterSpec({"ps": ["localhost:1", "localhost:2"], "worker": ["localhost:3"]})
    server = tf.train.Server(cluster, "worker", 0)
    assert server.target.startswith("grpc://") and tf.train.Server.create_local_server().target
    with tf.device(tf.train.replica_device_setter(cluster=cluster)):
        a, b = tf.Variable(1.0), tf.Variable(2.0)
        c = tf.constant(2.0) * a
    assert [a.device, b.device, c.op.device] == ["/job:ps/task:0", "/job:ps/task:1", "/job:worker"]
    with tf.Session(server.target) as session:
        session.run(tf.global_variables_initializer())
        assert session.run(c + b) == 4.0
    with pytest.raises(NotImplementedError, match="several workers"):
        tf.train.Server({"worker": ["a:1", "b:2"]}, "worker", 0)
