"""Threads: predictions at once, training side by side, functions and sessions that threads share."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import weft as tf
import weft.compat.v1 as tf1
from tests.robustness import models
from weft import keras

THREADS = 8


@pytest.fixture(autouse=True)
def switch_often():
    """Lets threads take turns every few operations, so that what can go wrong between two of them does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def at_once(function, count=THREADS):
    """What `count` threads get from a function of their number, all let go at the same moment."""
    barrier = threading.Barrier(count)

    def start(number):
        barrier.wait(timeout=60)
        return function(number)

    with ThreadPoolExecutor(count) as pool:
        return [job.result(timeout=120) for job in [pool.submit(start, number) for number in range(count)]]


@pytest.mark.parametrize("name", models.MAKERS)
def test_predictions_from_eight_threads_have_the_bits_of_one(name):
    model = models.fitted(name)
    parts = [models.X[number : 96 - number] for number in range(THREADS)]
    found = at_once(lambda number: [model.predict(parts[number], batch_size=16, verbose=0) for _ in range(4)])
    for part, several in zip(parts, found, strict=True):
        alone = model.predict(part, batch_size=16, verbose=0)
        models.assert_same_bits([alone] * 4, several)


@pytest.mark.parametrize("name", models.MAKERS)
def test_a_model_that_was_never_called_is_built_once(name):
    keras.utils.set_random_seed(5)
    model = models.MAKERS[name]()
    found = at_once(lambda number: model.predict(models.X, batch_size=32, verbose=0))
    models.assert_same_bits(found, [models.predict(model)] * THREADS)
    assert len({v.path for v in model.variables}) == len(model.variables)


def test_calling_and_evaluating_from_threads():
    model = models.fitted("functional")
    called = np.asarray(model(models.X, training=False))
    found = at_once(lambda number: np.asarray(model(models.X, training=False)))
    models.assert_same_bits(found, [called] * THREADS)


@pytest.mark.parametrize("first, second", [("sequential", "functional"), ("convolutional", "subclassed")])
def test_two_models_train_in_two_threads_as_they_do_alone(first, second):
    names = (first, second)
    alone = [models.compiled(name).fit(models.X, models.Y, batch_size=32, epochs=3, verbose=0, shuffle=False).history
             for name in names]  # fmt: skip
    side_by_side = [models.compiled(name) for name in names]

    def train(number):
        model = side_by_side[number]
        return model.fit(models.X, models.Y, batch_size=32, epochs=3, verbose=0, shuffle=False).history

    assert at_once(train, 2) == alone


def test_models_are_built_in_threads():
    def build(number):
        model = models.MAKERS["functional"]()
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(models.X, models.Y, verbose=0)
        return [layer.name for layer in model.layers], np.isfinite(models.predict(model)).all()

    found = at_once(build, 4)
    assert all(finite for _, finite in found)
    assert all(len(set(names)) == len(names) for names, _ in found)


def test_a_traced_function_that_threads_call_first_is_traced_by_one():
    seen = []

    class Counter:
        def __init__(self):
            self.v = None

        @tf.function
        def __call__(self, x):
            seen.append(threading.get_ident())
            if self.v is None:
                self.v = tf.Variable(2.0)
            return x * self.v

    counter = Counter()
    found = at_once(lambda number: float(counter(tf.constant(float(number)))))
    assert found == [2.0 * number for number in range(THREADS)]
    assert len(seen) == 2 and len(set(seen)) == 1  # what makes variables is traced again, as TensorFlow does


def test_a_thread_may_trace_while_another_one_does():
    @tf.function
    def inner(x):
        return x + 1

    @tf.function
    def outer(x):
        found = []
        other = threading.Thread(target=lambda: found.append(float(inner(tf.constant(1.0)))))
        other.start()
        other.join(timeout=60)
        return x * found[0]

    assert float(outer(tf.constant(3.0))) == 6.0


def test_tapes_and_graphs_belong_to_their_thread():
    def work(number):
        if number % 2:
            with tf.Graph().as_default() as graph, tf1.Session() as session:
                x = tf1.placeholder(tf.float32)
                value = session.run(x * float(number), {x: 2.0})
                return value, not tf.executing_eagerly() and tf1.get_default_graph() is graph
        v = tf.Variable(float(number))
        with tf.GradientTape() as tape:
            loss = v * v
        return float(tape.gradient(loss, v)), tf.executing_eagerly()

    for number, (value, right) in enumerate(at_once(work)):
        assert value == 2.0 * number and right


def test_a_session_serves_threads():
    with tf.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.float32, [None])
        w = tf1.Variable(3.0)
        y = tf.reduce_sum(x * w)
        session.run(tf1.global_variables_initializer())

        def run(number):
            return [float(session.run(y, {x: [float(number), 1.0]})) for _ in range(20)]

        assert at_once(run) == [[3.0 * (number + 1)] * 20 for number in range(THREADS)]


def test_additions_to_a_variable_are_not_lost():
    v = tf.Variable(tf.zeros((200,)))

    def add(number):
        for _ in range(200):
            v.assign_add(tf.ones((200,)))

    at_once(add)
    assert v.numpy().tolist() == [200.0 * THREADS] * 200


def test_no_two_threads_draw_the_same_numbers():
    tf.random.set_seed(3)
    found = at_once(lambda number: [tf.random.uniform((4,)).numpy().tobytes() for _ in range(100)])
    drawn = [each for several in found for each in several]
    assert len(set(drawn)) == len(drawn)
