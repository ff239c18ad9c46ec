"""The pool: the same chunks done whoever does them, sleeping and waking, several callers at once."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.base import dtypes, flags
from weft.engines.native import codegen, emit, interrupts, strands, target, threads
from weft.engines.native.driver import ALLOWED, SET
from weft.engines.native.index import Index, LoopVar
from weft.engines.native.loops import Buffer, Const, Kernel, Load, Op, Store
from weft.runtime import dispatch

#: what holds outside of tests
SHARED = strands.SHARED


class _Job:
    """Adds 1 to each element of an array, a chunk each, in phases of two kernels."""

    def __init__(self, size: int, phases: int = 3, claims: int = 2) -> None:
        self.array = np.zeros(size, np.int64)
        buffer = Buffer("x", dtypes.int64, size)
        kernels = []
        for number, (start, count) in enumerate(((0, size // 2), (size // 2, size - size // 2))):
            chunk = LoopVar("chunk", count)
            at = Index.of(chunk) + start
            more = Op("add", (Load(buffer, at), Const(1, dtypes.int64)), dtypes.int64)
            kernels.append(Kernel(f"half{number}", chunk, [Store([(buffer, at, more)])], 8))
        layout = emit.Layout()
        emitter = emit.Emitter(layout)
        made = [emitter.add(kernel) for kernel in kernels]
        machine = target.find("host")
        self.code = codegen.Code(codegen.to_object(emitter.module(), machine), machine)
        self.flag = np.zeros(interrupts.FLAGS, np.int64)
        self.table = np.array([self.flag.ctypes.data, 0, self.array.ctypes.data, *layout.operands], np.int64)
        words: list[int] = []
        for _ in range(phases):
            words += [2, 1, size, claims]
            for kernel, (function, begin) in zip(kernels, made, strict=True):
                assert isinstance(kernel.chunks, int)
                words += [self.code.address(function), kernel.chunks, 3 + begin]
        self.schedule, self.phases = np.array(words, np.int64), phases

    def run(self, pool: threads.Pool, parallel: bool = True) -> None:
        pool.run(self.table.ctypes.data, self.schedule.ctypes.data, self.phases, parallel)


@pytest.fixture(params=[True, False], ids=["futex", "portable"])
def make_pool(request: Any) -> Any:
    made = []
    if request.param and not hasattr(os, "sched_getaffinity"):
        pytest.skip("futexes are Linux's")

    def make(count: int) -> threads.Pool:
        made.append(threads.Pool(target.find("host"), count, request.param))
        return made[-1]

    yield make
    for pool in made:
        pool.stop()


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_every_chunk_is_done_once(make_pool: Any, count: int) -> None:
    pool, job = make_pool(count), _Job(101)
    for turn in range(50):
        job.run(pool)
        assert (job.array == 3 * (turn + 1)).all()


@pytest.mark.parametrize("claims", [16, 48, 1_000_000])  # the last are more than are counted
def test_every_chunk_is_done_once_however_many_claims_there_are(make_pool: Any, claims: int) -> None:
    pool, job = make_pool(3), _Job(300_001, claims=claims)
    job.run(pool)
    job.run(pool)
    assert (job.array == 6).all()


def test_workers_sleep_and_wake(make_pool: Any) -> None:
    pool, job = make_pool(3), _Job(1000)
    for turn in range(4):
        job.run(pool)
        assert (job.array == 3 * (turn + 1)).all()
        time.sleep(0.02)


def test_a_failed_check_ends_the_run_before_what_writes(make_pool: Any) -> None:
    pool, job = make_pool(2), _Job(64)
    job.flag[0] = 1
    job.run(pool)
    assert not job.array.any()
    job.flag[0] = 0
    job.run(pool)
    assert (job.array == 3).all()


def test_several_callers_at_once(make_pool: Any) -> None:
    pool = make_pool(2)
    jobs = [_Job(500) for _ in range(4)]

    def go(job: _Job) -> None:
        for _ in range(100):
            job.run(pool)

    callers = [threading.Thread(target=go, args=(job,)) for job in jobs]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert all((job.array == 300).all() for job in jobs)


def test_a_pool_can_stop_and_start_again(make_pool: Any) -> None:
    pool, job = make_pool(2), _Job(10)
    job.run(pool)
    pool.stop()
    pool.stop()
    assert (job.array == 3).all()


def test_idle_workers_sleep(make_pool: Any) -> None:
    pool, job = make_pool(3), _Job(1000)
    job.run(pool)
    for _ in range(1000):
        if pool.sleeping() == 2:
            break
        time.sleep(0.01)
    assert pool.sleeping() == 2
    job.run(pool)
    assert (job.array == 6).all()


def test_steps_end_with_the_first_that_fails(make_pool: Any) -> None:
    pool, job = make_pool(2), _Job(64)
    job.flag[0] = 0
    moves = np.array([2, job.array.ctypes.data, 0], np.int64)
    args = job.table.ctypes.data, job.schedule.ctypes.data, job.phases, True
    assert pool.run(*args, 5, 0, moves.ctypes.data, 1) == 5
    assert (job.array == 15).all() and job.flag[1] == 5
    job.flag[0] = 1
    assert pool.run(*args, 5, 0, moves.ctypes.data, 1) == 0
    assert (job.array == 15).all() and job.flag[1] == 5


def test_another_number_of_threads_is_taken_at_once() -> None:
    machine = target.find("host")
    before = threads.pool(machine)
    for count in (1, 3, 2):
        with flags.override(WEFT_NUM_THREADS=count):
            assert threads.pool(machine).count == count
    assert threads.pool(machine).count == before.count


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="processors are chosen on Linux alone")
def test_workers_keep_off_the_callers_processor() -> None:
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        pytest.skip("there is one processor")
    pool, job = threads.Pool(target.find("host"), 3, True), _Job(100)
    try:
        for turn, processor in enumerate(sorted(allowed)[:2] * 2):
            os.sched_setaffinity(0, allowed if turn == 0 else {processor})
            job.run(pool)
            if turn:
                for worker in pool._threads:
                    assert worker.native_id is not None
                    assert os.sched_getaffinity(worker.native_id) == allowed - {processor}
        assert (job.array == 12).all()
    finally:
        os.sched_setaffinity(0, allowed)
        pool.stop()


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="processors are chosen on Linux alone")
def test_workers_follow_when_the_program_gives_processors_up() -> None:
    allowed = os.sched_getaffinity(0)
    machine = target.find("host")
    with flags.override(WEFT_NUM_THREADS=3):
        pool, job = threads.pool(machine), _Job(100)
        try:
            job.run(pool)
            os.sched_setaffinity(0, {min(allowed)})
            time.sleep(2 * threads._AGAIN)
            assert threads.pool(machine) is pool
            kept = pool._control[ALLOWED : ALLOWED + SET].view(np.uint64)
            assert sum(int(word) << 64 * place for place, word in enumerate(kept)) == 1 << min(allowed)
            job.run(pool)
            assert (job.array == 6).all()
        finally:
            os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize("rows, shared", [(8, False), (4096, True)])
def test_little_work_is_done_by_the_caller_alone(rows: int, shared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that move from one processor's cache to another's take longer than such a step, which wakes nobody."""
    seen: list[bool] = []
    run = threads.Pool.run

    def noted(self: threads.Pool, table: int, schedule: int, phases: int, parallel: bool, *rest: int) -> int:
        seen.append(parallel)
        return run(self, table, schedule, phases, parallel, *rest)

    monkeypatch.setattr(strands, "SHARED", SHARED)
    monkeypatch.setattr(threads.Pool, "run", noted)
    weight = tf.Variable(np.random.default_rng(0).standard_normal((128, 48)).astype(np.float32) * 0.05)
    step = tf.function(lambda x: tf.nn.softmax(tf.matmul(x, weight), axis=0), reduce_retracing=True)
    x = np.random.default_rng(1).standard_normal((rows, 128)).astype(np.float32)
    dispatch.use_engine("native")
    try:
        for _ in range(2):
            found = step(tf.constant(x))
    finally:
        dispatch.use_engine(None)
    scores = np.exp(x.astype(np.float64) @ weight.numpy())
    np.testing.assert_allclose(found, scores / scores.sum(0), rtol=1e-4)
    assert seen and set(seen) == {shared}
