"""Loops whose turns are short: each is walked by one thread, side by side with others, with the same bits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import extend, keras
from weft.base import flags
from weft.engines.native import strands
from weft.runtime import dispatch

#: what holds outside of tests
HANDED = strands.HANDED
_RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    dispatch.use_engine("native")
    yield
    dispatch.use_engine(None)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[strands.Schedule]:
    """The schedules that are made, as outside of tests."""
    monkeypatch.setattr(strands, "HANDED", HANDED)
    found: list[strands.Schedule] = []
    begin = strands.Schedule.__init__

    def noted(self: strands.Schedule, *args: Any) -> None:
        begin(self, *args)
        found.append(self)

    monkeypatch.setattr(strands.Schedule, "__init__", noted)
    return found


def _walks(count: int) -> Any:
    """So many walks over 50 rows that need nothing of one another."""
    weights = [tf.constant(_RNG.standard_normal((16, 16)).astype(np.float32) / 4) for _ in range(count)]

    def walk(rows: Any, weight: Any) -> Any:
        return tf.scan(lambda held, row: tf.tanh(tf.matmul(held, weight) + row), rows, tf.zeros([3, 16]))

    return lambda rows: [walk(rows, weight) for weight in weights]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_short_turns_are_one_phase_whatever_the_number_of_threads(count: int, made: list[strands.Schedule]) -> None:
    walks, rows = _walks(count), tf.constant(_RNG.standard_normal((50, 3, 16)).astype(np.float32))
    expected = walks(rows)
    phases, bits = [], []
    for threads in (1, 2, 3, 8):
        with flags.override(WEFT_NUM_THREADS=threads):
            made.clear()
            found = tf.function(walks)(rows)
        phases.append(sum(schedule.phases for schedule in made))
        bits.append([part.numpy().tobytes() for part in found])
        for part, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(part, other, rtol=1e-4, atol=1e-6)
    assert all(each == bits[0] for each in bits)
    # with one thread nothing is handed over: turns may stay phases
    assert phases[0] > 50 and max(phases[1:]) < 20


def test_long_turns_are_shared(made: list[strands.Schedule]) -> None:
    weight = tf.constant(_RNG.standard_normal((256, 256)).astype(np.float32) / 16)
    step = tf.function(lambda rows: tf.scan(lambda held, row: tf.tanh(tf.matmul(held, weight) + row), rows))
    with flags.override(WEFT_NUM_THREADS=2):
        step(tf.constant(_RNG.standard_normal((10, 64, 256)).astype(np.float32)))
        assert max(schedule.phases for schedule in made) > 9


def test_loops_that_do_not_go_among_the_threads_evenly_are_shared(made: list[strands.Schedule]) -> None:
    weights = [tf.constant(_RNG.standard_normal((256, 256)).astype(np.float32) / 16) for _ in range(3)]
    rows = tf.constant(_RNG.standard_normal((10, 64, 256)).astype(np.float32))
    phases = []
    for count in (2, 3):
        made.clear()
        with flags.override(WEFT_NUM_THREADS=count):
            tf.function(lambda rows: [tf.scan(lambda held, row, w=w: tf.tanh(held @ w + row), rows) for w in weights])(
                rows
            )
        phases.append(max(schedule.phases for schedule in made))
    assert phases[0] > 9 > phases[1]


def test_training_through_two_short_loops(made: list[strands.Schedule]) -> None:
    x = _RNG.standard_normal((20, 30, 5)).astype(np.float32)
    y = _RNG.integers(0, 3, 20)
    bits = []
    for threads in (1, 2, 3):
        with flags.override(WEFT_NUM_THREADS=threads):
            keras.utils.set_random_seed(1)
            gru = keras.layers.GRU(8)
            model = keras.Sequential([keras.Input((30, 5)), keras.layers.Bidirectional(gru), keras.layers.Dense(3)])
            model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
            model.fit(x, y, batch_size=8, epochs=2, verbose=0)
            bits.append([value.tobytes() for value in model.get_weights()])
    assert bits[0] == bits[1] == bits[2]
    assert min(schedule.phases for schedule in made) < 60


def test_a_profile_sees_every_kernel_of_every_turn(made: list[strands.Schedule]) -> None:
    walks, rows = _walks(2), tf.constant(_RNG.standard_normal((50, 3, 16)).astype(np.float32))
    with flags.override(WEFT_NUM_THREADS=2):
        step = tf.function(walks)
        before = [part.numpy() for part in step(rows)]
        with extend.profile() as found:
            for part, other in zip(step(rows), before, strict=True):
                assert (part.numpy() == other).all()
        assert sum(entry.runs for entry in found.entries) > 100
        assert all((part.numpy() == other).all() for part, other in zip(step(rows), before, strict=True))


def test_a_check_that_fails_in_a_turn_leaves_state_alone(made: list[strands.Schedule]) -> None:
    table, held = tf.constant(_RNG.standard_normal((7, 16)).astype(np.float32)), tf.Variable(tf.zeros([16]))

    @tf.function
    def step(places: Any) -> Any:
        found = tf.scan(lambda before, place: tf.tanh(before + tf.gather(table, place)), places, tf.zeros([16]))
        held.assign_add(found[-1])
        return found

    with flags.override(WEFT_NUM_THREADS=2):
        step(tf.constant([1, 2, 6] * 20))
        before = held.numpy()
        with pytest.raises(tf.errors.InvalidArgumentError, match="7"):
            step(tf.constant([1, 2, 7] * 20))
        assert (held.numpy() == before).all()


@pytest.mark.parametrize("count", [1, 2])
def test_ctrl_c_ends_it(count: int, made: list[strands.Schedule]) -> None:
    import _thread

    held = tf.Variable(tf.zeros([4, 16]))
    weights = [tf.constant(_RNG.standard_normal((16, 16)).astype(np.float32) / 4) for _ in range(count)]

    @tf.function
    def step(rows: Any) -> None:
        for weight in weights:
            found = tf.foldl(lambda before, row, w=weight: tf.tanh(tf.matmul(before, w) + row), rows, tf.zeros([4, 16]))
            held.assign_add(found)

    few, many = tf.zeros([30, 1, 16]), tf.ones([5_000_000, 1, 16])
    with flags.override(WEFT_NUM_THREADS=2):
        step(few)
        before = held.numpy()

        def press() -> None:
            time.sleep(0.2)
            _thread.interrupt_main()

        thread = threading.Thread(target=press)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            for _ in range(100):
                step(many)
        thread.join()
        held.assign(before)
        step(few)  # all is as it was
        assert np.isfinite(held.numpy()).all()
