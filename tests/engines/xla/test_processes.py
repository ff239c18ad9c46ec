"""Several real processes over `weft launch`: the numbers of one device, and what happens when one is lost or late."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

import weft as tf
from tests.engines.xla import fifty_steps
from tests.examples import ROOT
from weft import keras
from weft.base.errors import DeadlineExceededError, UnavailableError
from weft.engines.xla.watch import Server, Watch

_PROGRAMS = Path(__file__).parent / "programs"
_RNG = np.random.default_rng(0)
_X, _Y = _RNG.random((60, 10), dtype=np.float32), _RNG.integers(0, 4, 60)


def _launch(program: str, folder: Path, count: int, devices: int, *options: str) -> subprocess.CompletedProcess[str]:
    flags = f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "",
                   "PYTHONPATH": path}  # fmt: skip
    command = [sys.executable, "-m", "weft", "launch", "--nproc", str(count), *options, str(_PROGRAMS / program),
               str(folder)]  # fmt: skip
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)


def _network() -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([
        keras.Input((10,)), keras.layers.Dense(16, use_bias=False), keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.1), keras.layers.Dense(4),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(1e-2), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def _files(folder: Path) -> list[list[float]]:
    """Five files of rows, each with one row less than the one before; the rows of all of them."""
    rows = [[*map(float, np.round(_X[i], 3)), float(_Y[i])] for i in range(25)]
    begin = 0
    for number in range(5):
        own = rows[begin : begin + 7 - number]
        begin += len(own)
        (folder / f"{number}.csv").write_text("".join(",".join(map(str, row)) + "\n" for row in own))
    return rows[:begin]


def _train_together(folder: Path, count: int, devices: int) -> None:
    rows = _files(folder)
    ended = _launch("together.py", folder, count, devices)
    path = folder / "found.json"
    assert path.exists(), ended.stderr[-4000:]
    found = json.loads(path.read_text())
    model = _network()
    losses = model.fit(_X, _Y, batch_size=13, epochs=10, verbose=0).history["loss"]
    assert found["replicas"] == count * devices
    np.testing.assert_allclose(found["fit"], losses, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found["evaluate"], model.evaluate(_X, _Y, verbose=0), rtol=0, atol=1e-5)
    np.testing.assert_allclose(found["predict"], model.predict(_X[:7], verbose=0), rtol=0, atol=2e-5)
    # every row once, and about as many in a step as one device would take
    np.testing.assert_allclose(sorted(found["rows"]), sorted(sum(row[:10]) for row in rows), atol=1e-4)
    assert max(found["sizes"]) <= -(-6 // count) * count and sum(found["sizes"]) == len(rows)
    assert found["remainders"] < 1e-6 and found["from_function"] < 1e-6
    rows, sizes, ends, batch, right = found["differ"]
    assert "the workers have different data" in rows and "of other numbers" in rows
    assert "float32[60, 10]" in sizes and "float32[59, 10]" in sizes
    assert "no more batches on worker 0, float32[6, 10]" in ends and "AutoShardPolicy.OFF" in ends
    assert "train_on_batch()" in batch and right == "nothing was wrong"
    assert found["agreed"] and found["total"] == found["replicas"]
    assert "has waited 5 s for worker 1 (process" in found["late"] and "WEFT_TIMEOUT" in found["late"]


@pytest.mark.subprocess
def test_two_workers_are_one_device(tmp_path: Path) -> None:
    _train_together(tmp_path, 2, 2)


@pytest.mark.subprocess
@pytest.mark.slow
def test_four_workers_are_one_device(tmp_path: Path) -> None:
    _train_together(tmp_path, 4, 1)


@pytest.mark.subprocess
@pytest.mark.parametrize(("count", "devices"), [(2, 2), pytest.param(4, 1, marks=pytest.mark.skipif(
    not os.environ.get("WEFT_EVERY_STRATEGY"), reason="set WEFT_EVERY_STRATEGY=1 for what takes long"))])  # fmt: skip
def test_fifty_steps_of_several_workers_are_those_of_one_device(count: int, devices: int, tmp_path: Path) -> None:
    ended = _launch("fifty_steps_together.py", tmp_path, count, devices)
    path = tmp_path / "found.json"
    assert path.exists(), ended.stderr[-4000:]
    alone = {way: fifty_steps.fitted(way) for way in ("arrays", "tf.data")}
    alone["loop"] = fifty_steps.looped(tf.distribute.get_strategy())
    for name, found in json.loads(path.read_text()).items():
        fifty_steps.assert_same(fifty_steps.Trained(**found), alone[name.split(", ")[1]])


@pytest.mark.subprocess
def test_a_killed_worker_is_named_and_training_goes_on_from_the_backup(tmp_path: Path) -> None:
    ended = _launch("backup.py", tmp_path, 2, 1, "--restarts", "1")
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert "worker 1 (process" in ended.stderr and "was lost: it was killed" in ended.stderr
    assert "starting all workers again" in ended.stderr
    assert ended.stdout.splitlines()[-1] == "the same True"


@pytest.mark.subprocess
def test_a_backup_of_weights_that_lie_cut_is_written_in_parts(tmp_path: Path) -> None:
    ended = _launch("backup_in_parts.py", tmp_path, 2, 1, "--restarts", "1")
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert "was lost: it was killed" in ended.stderr and "starting all workers again" in ended.stderr
    assert ended.stdout.splitlines()[-3:] == ["data files 2", "nothing left True", "the same True"]


@pytest.mark.subprocess
def test_a_checkpoint_is_written_in_parts_and_restored_by_other_numbers_of_workers(tmp_path: Path) -> None:
    _launch("sharded.py", tmp_path, 2, 2)
    first = json.loads((tmp_path / "found2.json").read_text())
    assert len(list(tmp_path.glob("ckpt-1.data-*-of-00002"))) == 2
    assert len(list(tmp_path.glob("twice.data-*"))) == 2
    _launch("sharded.py", tmp_path, 3, 2)
    again = json.loads((tmp_path / "found3.json").read_text())
    assert again["begin"] == first["end"] and again["path"].endswith("ckpt-2")
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(12, "relu"), keras.layers.Dense(1)])
    tf.train.Checkpoint(model=model).restore(tf.train.latest_checkpoint(str(tmp_path))).expect_partial()
    for mine, theirs in zip(model.get_weights(), again["end"], strict=True):
        np.testing.assert_array_equal(mine, np.array(theirs, np.float32))


def _soon(condition: Any) -> Any:
    """What a condition gives once it holds."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it has not come")


def test_a_watch_knows_who_is_behind_who_has_ended_and_who_is_lost() -> None:
    server = Server()
    first, second, third, fourth = (Watch(("127.0.0.1", server.port), number, 5.0) for number in range(4))
    first.calls = second.calls = fourth.calls = 4
    third.calls = 3
    _soon(lambda: len(first._others) == 4 and sorted(o["calls"] for o in first._others.values()) == [3, 4, 4, 4])
    assert first.gone() is None
    late = first.late()
    assert isinstance(late, DeadlineExceededError)
    assert "Worker 0 has waited 5 s for worker 2 (process" in str(late) and "worker 2 is at step 3" in str(late)
    second.leave()
    _soon(lambda: first._others[1]["ended"])
    assert first.gone() is None  # it has taken as many steps
    fourth.close()
    error = _soon(first.gone)
    assert isinstance(error, UnavailableError) and "worker 3" in str(error) and "was lost" in str(error)
    third.leave("ValueError: no")
    _soon(lambda: first._others[2]["ended"])
    assert "worker 2" in str(first.gone()) and "ValueError: no" in str(first.gone())
    for one in (first, second, third):
        one.close()
    server.close()
