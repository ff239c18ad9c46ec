"""The worker, the race and the command on tiny jobs, without peers."""

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import fresh
from benchmarks.jobs import Job
from benchmarks.machine import Machine
from benchmarks.race import Plan, Race
from benchmarks.worker import Worker

TINY = {"features": 5, "units": [4], "classes": 3}
PLAN = Plan(rounds=2, seconds=0.01, threads=1)


def ask(worker: Worker, **request):
    answer = worker.answer(request)
    assert "error" not in answer, answer["error"]
    json.dumps(answer)
    return answer["value"]


@pytest.mark.parametrize("mode", ["train", "infer", "predict", "call"])
def test_a_worker_does_a_job(mode: str, tmp_path: Path) -> None:
    task = {"mode": mode, "model": "mlp", "sizes": TINY, "batch": 2 if mode in ("train", "infer") else 1,
            "rows": 6, "threads": 1, "exchange": str(tmp_path)}  # fmt: skip
    weights = str(tmp_path / "weights.npz")
    worker, other = Worker("weft"), Worker("weft")
    assert ask(worker, do="setup", task=task)["parameters"] == 5 * 4 + 4 + 4 * 3 + 3
    ask(worker, do="save", path=weights)
    ask(other, do="setup", task=task)
    ask(other, do="load", path=weights)
    assert ask(worker, do="check") == ask(other, do="check")
    assert ask(worker, do="run", steps=5) > 0
    assert ask(worker, do="memory") > 1 << 20


@pytest.mark.parametrize("mode", ["chain", "adam"])
def test_array_passes(mode: str, tmp_path: Path) -> None:
    worker = Worker("weft")
    task = {"mode": mode, "model": "", "sizes": {}, "batch": 1, "rows": 100, "threads": 1, "exchange": str(tmp_path)}
    assert ask(worker, do="setup", task=task)["bytes"] in (800, 2800)
    assert len(ask(worker, do="check")) == 16
    assert ask(worker, do="run", steps=2) > 0


def test_what_goes_wrong_is_the_answer() -> None:
    assert "NoneType" in Worker("weft").answer({"do": "check"})["error"]


@pytest.mark.subprocess
def test_a_race_without_rivals_and_one_that_cannot_start(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WEFT_PEERS", str(tmp_path))
    job = Job("tiny", "train", "mlp", TINY, batch=2, steps=3)
    with Race(PLAN) as race:
        result = race.run(job, ["torch"])
    assert len(result.times["weft"]) == 2 and min(result.times["weft"]) > 0
    assert result.facts["weft"]["peak"] > 1 << 20
    assert "make peers" in result.errors["torch"]


@pytest.mark.subprocess
def test_a_fresh_process() -> None:
    result = fresh.race(Job("fresh:mlp", "fresh", "mlp", TINY, 2, 1), [], Plan(rounds=1, threads=1))
    assert not result.errors
    assert set(result.times) == {"weft cold", "weft warm"}


@pytest.mark.subprocess
def test_a_contestant_that_fails_is_told_apart(tmp_path) -> None:
    job = Job("broken", "train", "mlp", {"features": 5, "depth": 2}, batch=2)
    assert command.main(["no-such-job"]) == 2
    results = list(command.race_all([job], PLAN, [], Machine(1)))
    assert "depth" in results[0].errors["weft"]


def test_a_file_of_something_else_is_not_written_over(tmp_path, capsys) -> None:
    (tmp_path / "other.json").write_text("[1]")
    assert command.main(["mlp-32", "--json", str(tmp_path / "other.json")]) == 2
    assert "something else" in capsys.readouterr().err


def test_the_list_and_the_options(capsys) -> None:
    assert command.main(["--list", "train"]) == 0
    assert "resnet50-8" in capsys.readouterr().out
    assert command.main(["--list", "--drawn", "1"]) == 0
    assert "drawn1:gru-0" in capsys.readouterr().out
    assert command.plan(command.arguments(["--quick"])) == Plan(rounds=3, seconds=0.5, threads=2)
