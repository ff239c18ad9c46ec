"""Calls of compiled code: addresses taken from numpy's records, many batches in one call, what fails among them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import extend
from weft.base import flags
from weft.engines.native import calls, threads
from weft.engines.native.arrays import entry, signature
from weft.engines.native.program import show_bytes
from weft.engines.native.target import find
from weft.runtime import dispatch

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _native() -> Iterator[None]:
    dispatch.use_engine("native")
    yield
    dispatch.use_engine(None)


@pytest.fixture(params=["records", "portable"])
def _addresses(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "portable":
        monkeypatch.setattr(threads.pool(find("host")).driver, "match", None)


def test_numpy_keeps_its_records_as_known() -> None:
    assert threads.pool(find("host")).driver.match is not None


@pytest.mark.parametrize("wrong", [
    np.zeros((3, 4), np.float64), np.zeros((3, 4), np.int32), np.zeros((4, 3), np.float32), np.zeros(12, np.float32),
    np.zeros((6, 4), np.float32)[::2], np.zeros((4, 3), np.float32).T, np.float32(1), None, 5, [],
    np.zeros((3, 4), np.float32).astype(">f4"),
])  # fmt: skip
def test_other_arrays_do_not_match(wrong: Any) -> None:
    match = threads.pool(find("host")).driver.match
    assert match is not None
    words, table = signature([entry((3, 4), np.dtype("float32"), 1)]), np.zeros(2, np.int64)
    right = np.zeros((3, 4), np.float32)
    assert match(id([right]), words.ctypes.data, 1, table.ctypes.data) == 1
    assert table.tolist() == [0, right.ctypes.data]
    assert match(id([wrong]), words.ctypes.data, 1, table.ctypes.data) == 0


@pytest.mark.usefixtures("_addresses")
def test_odd_arrays_give_the_same_numbers() -> None:
    function = tf.function(lambda x: 2.0 * x + 1.0)
    x = RNG.random((6, 8), np.float32)
    for given in (x, x[::2], x.T.copy().T, x[:, 1::2], np.asfortranarray(x), x[:0], x):
        np.testing.assert_array_equal(function(tf.constant(given)).numpy(), 2 * given + 1)
        np.testing.assert_array_equal(function(given).numpy(), 2 * given + 1)


def test_results_are_not_the_callers_array() -> None:
    same = tf.function(lambda x: x)
    given = np.ones(3, np.float32)
    for _ in range(3):
        found = same(given)
        given += 1
        assert found.numpy()[0] == given[0] - 1


class _Total:
    """A step with state that counts what it sees."""

    def __init__(self) -> None:
        self.total, self.turns = tf.Variable(np.zeros(3, np.float32)), tf.Variable(0)
        self.step = extend.function(self._step)

    def _step(self, data: Any) -> Any:
        x, place = data
        self.total.assign(self.total * 0.5 + tf.reduce_sum(x, 0))
        self.turns.assign_add(1)
        return {"total": self.total, "rows": x, "picked": tf.gather(tf.constant([1.0, 2.0, 3.0]), place)}


@pytest.mark.usefixtures("_addresses")
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("rows", [5, 16, 67])
def test_batches_are_those_of_a_loop(shuffled: bool, single: bool, rows: int) -> None:
    x, place = RNG.random((67, 3), np.float32), RNG.integers(0, 3, 67)
    order = RNG.permutation(67)[:rows] if shuffled else None
    data = (x, place) if shuffled else (x[:rows], place[:rows])
    one, other = _Total(), _Total()
    running = extend.batches(one.step, data, order, 4)
    found = [(number, result["total"].numpy()) for number, result in running.run(single=single)]
    wanted = []
    chosen = np.arange(rows) if order is None else order
    for start in range(0, rows, 4):
        now = chosen[start : start + 4]
        wanted.append(other.step((data[0][now], data[1][now]))["total"].numpy())
    assert found[-1][0] == len(wanted) - 1 == len(running) - 1
    for number, total in found:
        np.testing.assert_array_equal(total, wanted[number])
    np.testing.assert_array_equal(one.total.numpy(), other.total.numpy())
    assert int(one.turns) == len(wanted)
    if single:
        assert len(found) == len(wanted)


@pytest.mark.parametrize("bad", [0, 1, 9, 40, 66])
@pytest.mark.parametrize("joined", [False, True])
def test_a_batch_that_fails_comes_after_those_before_it(bad: int, joined: bool) -> None:
    x, place = RNG.random((67, 3), np.float32), RNG.integers(0, 3, 67)
    place[bad] = 7
    job, other = _Total(), _Total()
    running = extend.batches(job.step, (x, place), None, 4)
    with pytest.raises(tf.errors.InvalidArgumentError):
        for _ in running.run(joined=joined):
            pass
    assert running.at == bad // 4 == int(job.turns)
    for start in range(0, bad // 4 * 4, 4):
        other.step((x[start : start + 4], place[start : start + 4]))
    np.testing.assert_array_equal(job.total.numpy(), other.total.numpy())


@pytest.mark.parametrize("ordered", [False, True])
def test_joined_results(ordered: bool) -> None:
    x = RNG.random((50, 3), np.float32)
    order = RNG.permutation(50) if ordered else None
    step = extend.function(lambda x: {"twice": 2 * x, "sum": tf.reduce_sum(x, 1)})
    parts = [result for _, result in extend.batches(step, x, order, 8).run(joined=True)]
    assert len(parts) < 7  # several batches at a time
    rows = x if order is None else x[order]
    np.testing.assert_array_equal(np.concatenate([part["twice"].numpy() for part in parts]), 2 * rows)
    np.testing.assert_allclose(np.concatenate([part["sum"].numpy() for part in parts]), rows.sum(1), rtol=1e-6)


def test_somebody_else_holds_the_state() -> None:
    x, place = RNG.random((40, 3), np.float32), RNG.integers(0, 3, 40)
    job = _Total()
    before = tf.convert_to_tensor(job.total)
    for _ in extend.batches(job.step, (x, place), None, 4).run():
        pass
    assert not before.numpy().any() and job.total.numpy().any()


@pytest.mark.parametrize("turn", range(3))
def test_an_interrupt_comes_between_slices(turn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, place = RNG.random((400, 3), np.float32), RNG.integers(0, 3, 400)
    job, other, turns = _Total(), _Total(), [0]
    real = calls.Call._steps

    def interrupted(self: Any, *args: Any) -> int:
        done = real(self, *args)
        turns[0] += 1
        if turns[0] > turn:
            raise KeyboardInterrupt  # as it comes when the code has ended
        return done

    monkeypatch.setattr(calls.Call, "_steps", interrupted)
    with pytest.raises(KeyboardInterrupt):
        for _ in extend.batches(job.step, (x, place), None, 4).run():
            pass
    done = int(job.turns)
    assert done >= turn + 1
    for start in range(0, 4 * done, 4):
        other.step((x[start : start + 4], place[start : start + 4]))
    np.testing.assert_array_equal(job.total.numpy(), other.total.numpy())


def test_too_little_memory_says_what_took_it() -> None:
    function = tf.function(lambda x: tf.reduce_sum(tf.nn.softmax(tf.matmul(x, x, transpose_b=True)) @ x))
    with pytest.raises(MemoryError) as caught:
        function(tf.zeros((1 << 23, 1)))  # 2^46 scores
    assert "256.0 TiB" in str(caught.value) and "smaller batch" in str(caught.value)
    np.testing.assert_allclose(function(tf.ones((4, 1))).numpy(), 4.0, rtol=1e-6)


def test_sizes_for_people() -> None:
    assert [show_bytes(n) for n in (0, 1023, 1536, 5 << 30)] == ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]


def test_quotas_of_containers(tmp_path: Path) -> None:
    groups = tmp_path / "cgroup"
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "cpu" / "c").mkdir(parents=True)

    def granted(lines: str, **files: str) -> int:
        for name, text in files.items():
            (tmp_path / name.replace("__", "/").replace("_max", ".max")).write_text(text)
        groups.write_text(lines)
        return flags._quota.__wrapped__(tmp_path, groups)

    assert granted("0::/a/b\n") > 1 << 30
    assert granted("0::/a/b\n", a__b__cpu_max="max 100000") > 1 << 30
    assert granted("0::/a/b\n", a__cpu_max="250000 100000") == 3
    assert granted("0::/a/b\n", a__b__cpu_max="50000 100000") == 1
    (tmp_path / "cpu" / "c" / "cpu.cfs_quota_us").write_text("-1")
    (tmp_path / "cpu" / "c" / "cpu.cfs_period_us").write_text("100000")
    assert granted("1:cpu:/c\n") > 1 << 30
    (tmp_path / "cpu" / "c" / "cpu.cfs_quota_us").write_text("200000")
    assert granted("3:cpuset:/x\n1:cpu:/c\n") == 2
    assert flags._quota.__wrapped__(tmp_path, tmp_path / "absent") > 1 << 30
