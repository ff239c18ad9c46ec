"""Input by queues, readers and iterators: TensorFlow 1.15.5's own answers, and what threads and errors do."""

import os
import threading

import numpy as np
import pytest

import weft.compat.v1 as tf
from weft.runtime import dispatch

from .conftest import golden

GOLDEN = golden("tf1_input.json")


def plain(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in sorted(value.items())}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


@pytest.fixture
def scope(tmp_path):
    found = {"tf": tf, "np": np, "os": os, "folder": str(tmp_path)}
    exec(GOLDEN["files"], found)
    return found


@pytest.mark.parametrize("title", sorted(GOLDEN["programs"]))
def test_input_pipelines_give_what_tensorflow_gives(title, scope):
    program = GOLDEN["programs"][title]
    exec(program["source"], scope)
    names = [[op.name, op.type] for op in tf.get_default_graph().get_operations()
             if "Queue" in op.type or "Reader" in op.type]  # fmt: skip
    if title != "maybe_batch":  # which has no branches here: it takes the rows that are let through
        assert names == program["names"]
    exec(GOLDEN["running"], scope)
    assert plain(scope["result"]) == program["result"]


@pytest.mark.parametrize("title", sorted(GOLDEN["steps"]))
def test_queues_and_iterators_give_what_tensorflow_gives(title, scope):
    program = GOLDEN["steps"][title]
    exec(program["source"], scope)
    assert plain(scope["result"]) == program["result"]


def test_who_waits_for_elements_holds_no_variable():
    queue = tf.FIFOQueue(1, tf.float32, shapes=[()])
    w = tf.Variable(1.0)
    train = w.assign_add(queue.dequeue())
    put = queue.enqueue(w * 2.0)  # reads what the other writes
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = []
        thread = threading.Thread(target=lambda: found.append([float(session.run(train)) for _ in range(4)]))
        thread.start()
        for _ in range(4):
            session.run(put)
        thread.join(20)
        assert found and found[0][0] == 3.0


def test_a_closed_session_lets_go_of_those_who_wait():
    queue = tf.FIFOQueue(1, tf.float32, name="waiting")
    element = queue.dequeue()
    session = tf.Session()
    errors = []

    def take():
        try:
            session.run(element)
        except tf.errors.CancelledError as error:
            errors.append(error)

    thread = threading.Thread(target=take)
    thread.start()
    while not session._held:
        pass
    session.close()
    thread.join(20)
    assert len(errors) == 1 and "waiting" in str(errors[0])


def test_what_a_reader_raises_reaches_the_main_thread():
    queue = tf.train.string_input_producer(["/nowhere/at/all"])
    batch = tf.train.batch([tf.TextLineReader().read(queue)[1]], 2)
    with tf.Session() as session:
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        with pytest.raises(tf.errors.OutOfRangeError):
            session.run(batch)
        with pytest.raises(tf.errors.NotFoundError, match="/nowhere/at/all"):
            coordinator.join(threads)


def test_a_step_behind_an_iterator_is_one_compiled_part():
    x, y = np.ones([8, 3], np.float32), np.ones([8, 1], np.float32)
    batch = tf.data.Dataset.from_tensor_slices((x, y)).repeat().batch(4).make_one_shot_iterator().get_next()
    loss = tf.reduce_mean(tf.square(tf.layers.dense(batch[0], 1) - batch[1]))
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        first, *_, last = [session.run([loss, train])[0] for _ in range(20)]
        assert last < first / 10
        plan = next(p for p in session._plans.values() if p._staged is not None)
        parts = [part for part in plan._staged._parts if part.graph is not None]
        assert len(parts) == 1
        assert type(dispatch.compiled(parts[0].graph)).__name__ in ("Executable", "Program")


def test_iterators_say_what_is_wrong():
    numbers = tf.data.Dataset.range(3)
    with pytest.raises(ValueError, match="does not have an initializer"):
        _ = numbers.make_one_shot_iterator().initializer
    iterator = tf.data.Iterator.from_structure(tf.float32, [])
    with pytest.raises(TypeError, match="output types"):
        iterator.make_initializer(numbers)
    with pytest.raises(TypeError, match="shapes compatible"):
        tf.data.Iterator.from_structure(tf.int64, [2]).make_initializer(numbers)


def test_shuffles_begin_anew_with_each_initialization():
    order = tf.data.Dataset.range(20).shuffle(20, seed=3).batch(20).make_initializable_iterator()
    element = order.get_next()
    with tf.Session() as session:
        found = []
        for _ in range(2):
            session.run(order.initializer)
            found.append(session.run(element).tolist())
    assert found[0] == found[1] != sorted(found[0])


def test_queues_check_what_is_put_in():
    queue = tf.FIFOQueue(3, [tf.int32, tf.float32], shapes=[(), (2,)])
    with pytest.raises(ValueError, match="one value for each dtype"):
        queue.enqueue([1])
    with pytest.raises(ValueError, match="another dtype"):
        queue.enqueue([1, tf.constant([1, 2])])
    with pytest.raises(ValueError, match="must be fully defined"):
        tf.train.batch([tf.placeholder(tf.float32, [None])], 2)


def test_a_queue_is_waited_for_as_long_as_the_run_may():
    queue = tf.FIFOQueue(1, tf.float32)
    take, put = queue.dequeue(), queue.enqueue(1.0)
    with tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=20)) as session:
        with pytest.raises(tf.errors.DeadlineExceededError, match="Timed out waiting"):
            session.run(take)
        session.run(put)
        with pytest.raises(tf.errors.DeadlineExceededError):
            session.run(put)
        assert session.run(take) == 1.0
    with tf.Session() as session, pytest.raises(tf.errors.DeadlineExceededError):
        session.run(take, options=tf.RunOptions(timeout_in_ms=20))


def test_a_run_that_is_known_from_before_waits_no_longer():
    queue = tf.FIFOQueue(1, tf.float32)
    x = tf.placeholder(tf.float32, [])
    total, put = queue.dequeue() + x, queue.enqueue(1.0)
    with tf.Session() as session:
        for _ in range(2):
            session.run(put)
            assert session.run(total, {x: np.float32(2.0)}) == 3.0
        with pytest.raises(tf.errors.DeadlineExceededError):
            session.run(total, {x: np.float32(2.0)}, options=tf.RunOptions(timeout_in_ms=20))


@pytest.mark.parametrize("taken", [lambda queue: queue.dequeue(), lambda queue: tf.train.batch([queue.dequeue()], 1)])
def test_a_queue_that_an_error_ended_names_it(taken):
    x = taken(tf.train.string_input_producer(["a", "b"], num_epochs=1))
    coordinator = tf.train.Coordinator()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        threads = tf.train.start_queue_runners(session, coordinator)
        with pytest.raises(tf.errors.OutOfRangeError, match=r"(?s)is closed and .*epochs.*local_variables_initializer"):
            session.run(x)
        coordinator.request_stop()
        with pytest.raises(tf.errors.FailedPreconditionError):
            coordinator.join(threads)


def test_a_queue_at_its_end_names_no_error():
    x = tf.train.string_input_producer(["a"], num_epochs=1).dequeue()
    coordinator = tf.train.Coordinator()
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        threads = tf.train.start_queue_runners(session, coordinator)
        assert session.run(x) == b"a"
        with pytest.raises(tf.errors.OutOfRangeError) as caught:
            session.run(x)
        assert "stopped by an error" not in str(caught.value)
        coordinator.request_stop()
        coordinator.join(threads)
