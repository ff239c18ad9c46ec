"""State that threads share: no addition is lost, no random number is drawn twice, nobody waits for ever."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import weft as tf
import weft.compat.v1 as tf1
from weft.base.locks import Lock, Together

THREADS = 4
CALLS = 150


@pytest.fixture(autouse=True)
def switch_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(function, times=CALLS):
    """What every call returned, of so many in each thread."""
    barrier = threading.Barrier(THREADS)

    def several(_):
        barrier.wait(timeout=60)
        return [function() for _ in range(times)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [each for found in pool.map(several, range(THREADS), timeout=60) for each in found]


def test_compiled_functions_lose_no_update():
    v = tf.Variable(0.0)
    step = tf.function(lambda: v.assign_add(1.0))
    step()
    seen = at_once(lambda: float(step()))
    assert sorted(seen) == list(range(2, THREADS * CALLS + 2))


def test_a_value_that_is_read_and_assigned_in_one_function_loses_none():
    v, w = tf.Variable(0.0), tf.Variable(0.0)
    forth = tf.function(lambda: (v.assign(v + 1.0), w.assign(w + 1.0)))
    back = tf.function(lambda: (w.assign(w + 1.0), v.assign(v + 1.0)))
    at_once(lambda: (forth(), back()))
    assert float(v) == float(w) == 2 * THREADS * CALLS


def test_updates_in_branches_and_loops_and_eager_ones_lose_none():
    v = tf.Variable(0)

    @tf.function
    def step(n):
        tf.cond(n > 1, lambda: v.assign_add(2), lambda: v.assign_add(0))
        tf.while_loop(lambda i: i < n, lambda i: [i + v.assign_add(1) * 0 + 1], [0])

    at_once(lambda: (step(tf.constant(3)), v.assign_add(1)), 60)
    assert int(v) == THREADS * 60 * 6


def test_no_two_calls_draw_the_same_numbers():
    draw = tf.function(lambda: tf.random.uniform([2]))
    draw()
    found = at_once(lambda: tuple(draw().numpy()))
    assert len(set(found)) == THREADS * CALLS


def test_no_two_eager_ops_with_a_seed_draw_the_same_numbers():
    for seed in range(5):
        found = at_once(lambda seed=seed: tuple(tf.random.uniform([2], seed=seed + 4321).numpy()), 40)
        assert len(set(found)) == THREADS * 40


def test_sessions_lose_no_update():
    with tf.Graph().as_default():
        v = tf1.Variable(0.0)
        add, draw = v.assign_add(1.0), tf1.random_uniform([2])
        with tf1.Session() as session:
            session.run(v.initializer)
            drawn = at_once(lambda: tuple(session.run([add, draw])[1]))
            assert session.run(v) == THREADS * CALLS
            assert len(set(drawn)) == THREADS * CALLS


def test_python_code_in_a_function_may_write_and_wait_for_threads_that_write():
    v = tf.Variable(0.0)
    jobs = []

    def more():
        v.assign_add(10.0)
        inner = tf.function(lambda: v.assign_add(100.0))
        thread = threading.Thread(target=inner)
        thread.start()
        thread.join(timeout=30)
        jobs.append(thread.is_alive())
        return np.float32(v.numpy())

    @tf.function
    def step():
        v.assign_add(1.0)
        seen = tf.py_function(more, [], tf.float32)
        v.assign_add(1000.0)
        return seen

    assert float(step()) == 111.0
    assert float(v) == 1111.0 and jobs == [False]
    assert len(at_once(step, 5)) == THREADS * 5
    assert float(v) == 1111.0 * (THREADS * 5 + 1) and not any(jobs)


def test_a_host_op_in_a_branch_sees_what_was_written_before_it():
    v = tf.Variable(0.0)

    @tf.function
    def step(flag):
        v.assign_add(1.0)
        return tf.cond(
            flag, lambda: tf.py_function(lambda: np.float32(v.numpy()), [], tf.float32), lambda: tf.constant(-1.0)
        )

    assert [float(step(tf.constant(True))) for _ in range(3)] == [1.0, 2.0, 3.0]


def test_a_step_that_fails_leaves_no_lock_behind():
    v = tf.Variable(0.0)

    @tf.function
    def step(x):
        v.assign_add(1.0)
        tf.debugging.assert_positive(x)

    with pytest.raises(tf.errors.InvalidArgumentError):
        step(tf.constant(-1.0))

    @tf.function
    def raising():
        v.assign_add(1.0)
        tf.py_function(lambda: 1 / 0, [], [])

    with pytest.raises(tf.errors.UnknownError, match="division"):
        raising()
    thread = threading.Thread(target=lambda: v.assign_add(5.0))
    thread.start()
    thread.join(timeout=30)
    assert not thread.is_alive() and float(v) == 6.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_while_a_step_runs_can_run_it():
    v = tf.Variable(np.zeros(8, np.float32))
    step = tf.function(lambda: v.assign_add(tf.ones([8])))
    step()
    going = threading.Event()
    stop = threading.Event()

    def keep_going():
        while not stop.is_set():
            step()
            going.set()

    thread = threading.Thread(target=keep_going)
    thread.start()
    going.wait(30)
    codes = []
    for _ in range(5):
        child = os.fork()
        if child == 0:
            watch = threading.Timer(20, lambda: os._exit(3))
            watch.daemon = True
            watch.start()
            before = v.numpy()[0]
            os._exit(0 if step().numpy()[0] == before + 1 else 2)
        codes.append(os.waitpid(child, 0)[1])
    stop.set()
    thread.join(30)
    assert codes == [0] * 5


def test_locks_taken_together_are_free_again_after_an_interruption():
    locks = [Lock() for _ in range(3)]
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with locks[2]:
            entered.set()
            leave.wait(30)

    class Interrupted:
        serial = locks[1].serial
        _lock = None

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(30)
    together = Together([locks[2], locks[0], locks[0]])
    together._locks.insert(1, Interrupted())  # stands for what Ctrl-C does between two of them
    with pytest.raises(TypeError):
        together.acquire()
    leave.set()
    thread.join(30)
    taken = []
    thread = threading.Thread(target=lambda: taken.extend(lock._lock.acquire(timeout=5) for lock in locks))
    thread.start()
    thread.join(30)
    assert taken == [True] * 3
    with Together(locks[:0]):
        pass
