"""Insight: kernels timed one by one with their layers and operations, traces, and what WEFT_DEBUG shows."""

from __future__ import annotations

import json
import logging
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import weft as tf
from weft import extend, keras
from weft.base import flags
from weft.base.errors import UnavailableError
from weft.engines.native import roofline, target, threads
from weft.keras import layers
from weft.runtime import dispatch

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    dispatch.use_engine("native")
    yield
    dispatch.use_engine(None)


def network() -> keras.Sequential:
    keras.utils.clear_session()
    keras.utils.set_random_seed(2)
    model = keras.Sequential([
        keras.Input((8, 8, 3)), layers.Conv2D(4, 3, activation="relu", name="first"), layers.Flatten(),
        layers.Dense(10, name="last"),
    ])  # fmt: skip
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def test_operations_and_bytes_are_those_of_the_graph() -> None:
    x, y = RNG.random((30, 40), np.float32), RNG.random((40, 50), np.float32)
    with extend.profile() as found:
        function = tf.function(lambda x, y: tf.matmul(x, y))
        for _ in range(3):
            function(x, y)
    assert sum(entry.flops for entry in found.entries) == 3 * 2 * 30 * 40 * 50
    largest = max(found.entries, key=lambda entry: entry.flops)
    assert largest.runs == 3 and largest.bytes >= 3 * 4 * (30 * 40 + 40 * 50 + 30 * 50)
    assert any("matmul" in node for node in largest.nodes)


def test_a_training_step_by_layers() -> None:
    model = network()
    x, y = RNG.random((50, 8, 8, 3), np.float32), RNG.integers(0, 10, 50)
    with extend.profile() as found:
        model.fit(x, y, batch_size=16, verbose=0)
    parts = {entry.part: entry for entry in found.parts()}
    assert {"sequential/first", "sequential/last", "adam"} <= set(parts)
    last = 2 * 50 * (6 * 6 * 4) * 10  # the product, and those of its two gradients
    first = 2 * 50 * (6 * 6 * 4) * (3 * 3 * 3)
    wanted = 3 * last + 2 * first
    assert wanted <= sum(entry.flops for entry in found.entries) < 1.3 * wanted
    assert any(entry.kernel == "gather" for entry in found.entries)
    text = found.table()
    assert "GFLOPS" in text and "roofline" in text and "sequential/first" in text


def test_profiled_training_gives_the_same_bits() -> None:
    x, y = RNG.random((50, 8, 8, 3), np.float32), RNG.integers(0, 10, 50)
    plain, timed = network(), network()
    for model in (plain, timed):
        keras.utils.set_random_seed(7)
        if model is plain:
            model.fit(x, y, batch_size=16, verbose=0)
        else:
            with extend.profile():
                model.fit(x, y, batch_size=16, verbose=0)
    for one, other in zip(plain.get_weights(), timed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_was_compiled_before_is_known_all_the_same() -> None:
    model = network()
    x, y = RNG.random((40, 8, 8, 3), np.float32), RNG.integers(0, 10, 40)
    model.fit(x, y, batch_size=16, verbose=0)
    with extend.profile() as found:
        model.fit(x, y, batch_size=16, verbose=0)
    parts = {entry.part: entry for entry in found.parts()}
    assert {"sequential/first", "sequential/last", "adam"} <= set(parts)
    assert all(parts[name].flops > 0 for name in ("sequential/first", "sequential/last"))


def test_what_is_computed_once_is_left_out_in_a_profile_too() -> None:
    table = tf.Variable(RNG.random((96, 128), np.float32))
    function = tf.function(lambda x: tf.matmul(x, table))
    x = tf.constant(RNG.random((4, 96), np.float32))
    function(x)
    function(x)
    with extend.profile() as found:
        for _ in range(3):
            function(x)
    assert not [entry.kernel for entry in found.entries if "pack" in entry.kernel]


def test_profiles_that_open_and_close_while_another_thread_computes() -> None:
    table = tf.Variable(RNG.random((96, 128), np.float32))
    inputs = RNG.random((64, 96), np.float32)
    model = keras.Sequential([keras.Input((96,)), layers.Lambda(lambda x: tf.matmul(x, table))])
    wanted = model.predict(inputs, batch_size=8, verbose=0)
    wrong: list[int] = []
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            wrong.extend([1] * int((model.predict(inputs, batch_size=8, verbose=0) != wanted).sum()))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(200):
            with extend.profile():
                time.sleep(0.0005)
    finally:
        over.set()
        worker.join()
    assert not wrong


def test_ctrl_c_under_a_profile_leaves_the_whole_step_or_nothing() -> None:
    first, second = (tf.Variable(np.zeros((600, 600), np.float32)) for _ in range(2))
    table = tf.constant(RNG.random((600, 600), np.float32) / 600)

    @tf.function
    def step() -> None:
        value = table
        for _ in range(40):  # long enough to be interrupted in
            value = tf.matmul(value, table)
        first.assign_add(tf.ones_like(first) + 0 * value)
        second.assign_add(tf.ones_like(second) + 0 * tf.matmul(value, first))

    step()
    interrupted = 0
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with extend.profile():
            for wait in (0.25, 0.3, 0.35):
                timer = threading.Timer(wait, signal.raise_signal, (signal.SIGINT,))
                timer.start()
                try:
                    for _ in range(100_000):
                        step()
                except KeyboardInterrupt:
                    interrupted += 1
                assert first[0, 0] == second[0, 0]
    finally:
        signal.signal(signal.SIGINT, before)
    assert interrupted == 3


def test_a_step_that_fails_under_a_profile() -> None:
    model = network()
    before = [w.copy() for w in model.get_weights()]
    with extend.profile(), pytest.raises(tf.errors.InvalidArgumentError):
        model.train_on_batch(np.zeros((4, 8, 8, 3), np.float32), np.array([1, 2, 3, 99]))
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_trace_for_perfetto(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    shown: list[str] = []
    found = network().profile(np.ones((2, 8, 8, 3)), repeats=3, trace=path, print_fn=shown.append)
    events = json.loads(path.read_text())["traceEvents"]
    assert len(events) == sum(entry.runs for entry in found.entries)
    assert all(event["ph"] == "X" and event["dur"] >= 0 and event["ts"] >= 0 for event in events)
    assert {event["args"]["layer"] for event in events} >= {"sequential/first", "sequential/last"}
    assert len(shown) == 1 and "sequential/last" in shown[0]


def test_labels_are_no_number_of_runs() -> None:
    with pytest.raises(TypeError, match="labels are not wanted"):
        network().profile(RNG.random((4, 8, 8, 3), np.float32), np.zeros(4))


def test_one_profile_at_a_time_and_only_where_something_is_compiled() -> None:
    with extend.profile(), pytest.raises(UnavailableError), extend.profile():
        pass
    dispatch.use_engine("reference")
    with pytest.raises(UnavailableError, match="reference"):
        extend.profile()


def test_the_machines_limits() -> None:
    machine = target.find("host")
    limits = roofline.measured(machine, threads.pool(machine).count)
    assert limits.flops > 1e8 and limits.bandwidth > 1e8
    assert limits.least(limits.flops, 0) == limits.least(0, limits.bandwidth) == 1.0


@pytest.mark.parametrize(("level", "shown", "hidden"), [
    (0, (), ("compiled in",)), (1, ("compiled in",), ("phase 0", "store")),
    (4, ("the plan", "phase 0", "loop IR", "chunk"), ("machine code",)),
    (5, ("the plan", "LLVM IR", "define void", "machine code", "ret"), ()),
])  # fmt: skip
def test_what_the_debug_levels_show(
    caplog: pytest.LogCaptureFixture, level: int, shown: tuple[str, ...], hidden: tuple[str, ...]
) -> None:
    with caplog.at_level(logging.INFO, logger="weft.native"), flags.override(WEFT_DEBUG=level, WEFT_CACHE="off"):
        tf.function(lambda x: tf.exp(x) + float(level))(tf.ones([7]))
    text = "\n".join(record.getMessage() for record in caplog.records if record.name == "weft.native")
    assert all(word in text for word in shown) and not any(word in text for word in hidden)
