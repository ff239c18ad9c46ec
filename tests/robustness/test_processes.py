"""Other processes: a fitted model after fork, in spawned and forkserver workers; the same seed elsewhere."""

import json
import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import weft as tf
from tests.robustness import models, workers
from weft import keras

ROOT = Path(__file__).parents[2]
TIMEOUT = 300
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def in_fork(function):
    """What a function gives in a forked child of this very process, as JSON."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover
        status = 1
        try:
            os.write(write, json.dumps(function()).encode())
            status = 0
        except BaseException as error:
            os.write(write, json.dumps(f"{type(error).__name__}: {error}").encode())
        finally:
            os._exit(status)
    os.close(write)
    alarm = threading.Timer(TIMEOUT, os.kill, (child, 9))
    alarm.start()
    with os.fdopen(read) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    alarm.cancel()
    assert status == 0, text or "the child died, or did not end"
    return json.loads(text)


@needs_fork
@pytest.mark.parametrize("name", models.MAKERS)
def test_a_fitted_model_predicts_and_trains_in_a_forked_child(name):
    model = models.fitted(name)
    in_child = in_fork(lambda: workers.use(model))
    assert in_child == list(workers.use(model))


@needs_fork
def test_a_fork_while_other_threads_build_and_predict():
    model = models.fitted("functional")
    expected = workers.predict_bits(model)
    stop = threading.Event()

    def keep_busy():
        while not stop.is_set():
            other = models.MAKERS["sequential"]()
            other.predict(models.X, verbose=0)
            tf.random.normal((3,))

    threads = [threading.Thread(target=keep_busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            assert in_fork(lambda: workers.predict_bits(model)) == expected
            assert in_fork(lambda: workers.use(models.compiled("sequential"))[1]["loss"][0]) > 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@needs_fork
def test_a_fork_in_the_middle_of_a_tape_and_a_session():
    v = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        loss = v * v
        assert in_fork(lambda: float(tape.gradient(loss, v))) == 6.0
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32)
        y = x * 2.0
        assert in_fork(lambda: float(session.run(y, {x: 4.0}))) == 8.0


@needs_fork
def test_children_without_a_seed_draw_as_their_parent_goes_on():
    # a fork copies the random state with everything else, as it does numpy's
    keras.utils.set_random_seed(9)
    in_child = in_fork(lambda: tf.random.uniform((3,)).numpy().tolist())
    assert tf.random.uniform((3,)).numpy().tolist() == in_child


@pytest.mark.subprocess
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_models_travel_to_worker_processes(method):
    fitted = [models.fitted(name) for name in models.MAKERS]
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        found = [job.result(timeout=TIMEOUT) for job in [pool.submit(workers.use, model) for model in fitted]]
    assert found == [workers.use(model) for model in fitted]


@pytest.mark.subprocess
def test_tensors_and_variables_travel_to_worker_processes():
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        there = pool.map_async(tf.math.square, [tf.constant([2.0, 3.0]), tf.Variable([4.0])]).get(TIMEOUT)
    assert [np.asarray(each).tolist() for each in there] == [[4.0, 9.0], [16.0]]


@pytest.mark.parametrize("name", models.MAKERS)
def test_the_same_seed_gives_the_same_bits_twice_in_a_row(name):
    assert workers.train_from_seed(name) == workers.train_from_seed(name)


def test_clear_session_between_changes_nothing():
    first = workers.train_from_seed("sequential")
    keras.backend.clear_session()
    assert workers.train_from_seed("sequential") == first


@pytest.mark.subprocess
@pytest.mark.parametrize("hash_seed", ["0", "1234", "random"])
def test_the_same_seed_gives_the_same_bits_in_another_process(hash_seed):
    for name in ("sequential", "functional", "subclassed") if hash_seed == "0" else ("functional",):
        found = subprocess.run(
            [sys.executable, "-m", "tests.robustness.workers", name],
            env={**os.environ, "PYTHONHASHSEED": hash_seed}, cwd=ROOT, check=True, capture_output=True, text=True,
            timeout=TIMEOUT,
        )  # fmt: skip
        losses, bits = json.loads(found.stdout)
        assert (losses, bits) == workers.train_from_seed(name)
