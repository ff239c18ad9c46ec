"""Contestants in turns: one works while the others are stopped, round after round, in one sitting."""

from __future__ import annotations

import json
import math
import os
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.jobs import Job
from benchmarks.peers import ENVIRONMENTS

ROOT = Path(__file__).resolve().parent.parent

#: who has a Keras model, in the order in which they are asked for the weights that all start from
_GIVERS = ("weft", "tensorflow", "jax-fit", "jax-jit")


class Failed(Exception):
    """A contestant could not do what it was asked; the message is its traceback."""


@dataclass(frozen=True)
class Plan:
    """How a race is run.

    Attributes:
        rounds: How often each contestant has its turn.
        seconds: How long a turn is to be, at least; one step, where a step takes longer.
        threads: How many threads each may use.
        patience: Seconds after which a contestant that does not answer is given up.
    """

    rounds: int = 5
    seconds: float = 1.0
    threads: int = 2
    patience: float = 600.0


@dataclass
class Result:
    """What came of a job.

    Attributes:
        job: The job.
        times: Seconds of a step by contestant, one for each round.
        facts: What contestants told about themselves; `peak` is their memory's, in bytes.
        errors: Tracebacks of those who failed.
        void: Those who computed something else than the others, and what.
    """

    job: Job
    times: dict[str, list[float]] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    void: dict[str, str] = field(default_factory=dict)

    def ratios(self, rival: str) -> list[float]:
        """The rival's time in units of home's, round by round."""
        return [theirs / ours for theirs, ours in zip(self.times.get(rival, ()), self.times.get(self.job.home, ()))]

    @property
    def rivals(self) -> list[str]:
        """Those whose times count, the fastest first."""
        found = [name for name in self.times if name != self.job.home and name not in self.void]
        return sorted(found, key=lambda name: statistics.median(self.times[name]))

    @property
    def seconds(self) -> float | None:
        """Home's median for a step."""
        times = self.times.get(self.job.home)
        return statistics.median(times) if times else None


class Process:
    """A worker and the talk with it."""

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        self.log = tempfile.TemporaryFile()
        command = [str(interpreter(name)), "-m", "benchmarks.worker", name, str(threads)]
        self.popen = subprocess.Popen(
            command, cwd=ROOT, env=surroundings(name, threads), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log,
        )  # fmt: skip

    def send(self, **request: Any) -> None:
        """Asks for something; `receive` gives the answer."""
        assert self.popen.stdin is not None
        try:
            self.popen.stdin.write(json.dumps(request).encode() + b"\n")
            self.popen.stdin.flush()
        except OSError:
            pass  # it has died; receive says why

    def receive(self, patience: float) -> Any:
        """The answer to what was asked.

        Raises:
            Failed: Where the contestant failed, died, or does not answer.
        """
        assert self.popen.stdout is not None
        line, deadline = b"", time.monotonic() + patience
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.popen.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise Failed(f"{self.name} did not answer within {patience:.0f} s")
            piece = os.read(self.popen.stdout.fileno(), 1 << 16)
            if not piece:
                raise Failed(f"{self.name} died with status {self.popen.wait()}:\n{self._last_words()}")
            line += piece
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["value"]

    def stop(self) -> None:
        """Lets it use no processor at all: threads that spin while they wait would be timed with the others."""
        self._signal("SIGSTOP")

    def go_on(self) -> None:
        """Undoes `stop`."""
        self._signal("SIGCONT")

    def close(self) -> None:
        """Ends it."""
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        for end in (self.popen.stdin, self.popen.stdout, self.log):
            try:
                end.close()  # type: ignore[union-attr]
            except OSError:
                pass  # what was still to be sent to a process that is no more

    def _signal(self, name: str) -> None:
        if hasattr(signal, name) and self.popen.poll() is None:
            self.popen.send_signal(getattr(signal, name))

    def _last_words(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-3000:]


def interpreter(name: str) -> Path:
    """The Python that has a contestant's library."""
    environment = ENVIRONMENTS[name]
    if environment is None:
        return Path(sys.executable)
    folder = Path(os.environ.get("WEFT_PEERS", ROOT / ".peers")) / environment
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def surroundings(name: str, threads: int, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """A contestant's environment variables."""
    count = str(threads)
    limits = dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "WEFT_NUM_THREADS", "NPROC"), count
    )
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    if name.startswith("weft"):
        limits["OPENBLAS_NUM_THREADS"] = "1"  # numpy's threads would stand in the way of ours
    return {**os.environ, **limits, **quiet, **(extra or {})}


class Race:
    """Runs jobs. Contestants of training jobs are new processes, so that their peak of memory is the job's."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.kept: dict[str, Process] = {}
        self.threads = plan.threads

    def __enter__(self) -> Race:
        return self

    def __exit__(self, *problem: object) -> None:
        self._close(self.kept)

    def run(self, job: Job, rivals: Iterable[str]) -> Result:
        """One job: build, hand out the weights, compare what is computed, then turns."""
        result = Result(job)
        names = [job.home, *rivals]
        fresh = job.kind in ("train", "bf16", "array")
        processes = self._start(names, result, fresh)
        started = dict(processes)
        try:
            with tempfile.TemporaryDirectory() as exchange:
                self._prepare(job, processes, result, exchange)
            self._turns(processes, result)
            if fresh:
                self._memory(processes, result)
        finally:
            if fresh:
                self._close(started)
        return result

    def _start(self, names: list[str], result: Result, fresh: bool) -> dict[str, Process]:
        if fresh:
            self._close(self.kept)
        threads = result.job.threads or self.plan.threads
        if threads != self.threads:
            self._close(self.kept)
            self.threads = threads
        processes = {} if fresh else self.kept
        for name in names:
            if not interpreter(name).exists():
                result.errors[name] = f"there is no {interpreter(name)}; run: make peers"
            elif name not in processes:
                processes[name] = Process(name, threads)
        return {name: processes[name] for name in names if name in processes}

    def _prepare(self, job: Job, processes: dict[str, Process], result: Result, exchange: str) -> None:
        """Everybody at once, since nothing is timed yet; only ONNX waits for the model that PyTorch exports."""
        for process in processes.values():
            process.go_on()
        facts = self._all(processes, result, do="setup", task=job.task(self.plan.threads, exchange))
        result.facts.update(facts)
        giver = next((name for name in (job.home, *_GIVERS) if name in processes), None)
        if giver is None:
            processes.clear()  # nobody is left whose weights all could start from
            return
        weights = str(Path(exchange) / "weights.npz")
        self._all({giver: processes[giver]}, result, do="save", path=weights)
        later = {name: process for name, process in processes.items() if name == "onnx"}
        checks: dict[str, list[float]] = {}
        for group in ({name: p for name, p in processes.items() if name not in later}, later):
            self._all(group, result, do="load", path=weights)
            checks.update(self._all(group, result, do="check"))
            for name in result.errors:
                processes.pop(name, None)
        result.void.update(compare(checks, job))
        for process in processes.values():
            process.stop()

    def _memory(self, processes: dict[str, Process], result: Result) -> None:
        for process in processes.values():
            process.go_on()
        for name, value in self._all(processes, result, do="memory").items():
            result.facts[name]["peak"] = value

    def _turns(self, processes: dict[str, Process], result: Result) -> None:
        steps = {name: self._calibrate(name, processes, result) for name in list(processes)}
        for _ in range(self.plan.rounds):
            for name in list(processes):
                value = self._turn(name, processes, result, steps[name])
                if value is not None:
                    result.times.setdefault(name, []).append(value / steps[name])

    def _calibrate(self, name: str, processes: dict[str, Process], result: Result) -> int:
        """How many steps fill a turn."""
        steps, wanted = 1, self.plan.seconds * result.job.turn
        for _ in range(3):
            taken = self._turn(name, processes, result, steps)
            if taken is None or taken >= wanted / 4:
                break
            steps = max(steps + 1, math.ceil(steps * wanted / 2 / max(taken, 1e-6)))
        return max(1, math.ceil(steps * wanted / taken)) if taken else 1

    def _turn(self, name: str, processes: dict[str, Process], result: Result, steps: int) -> float | None:
        processes[name].go_on()
        value = self._all({name: processes[name]}, result, do="run", steps=steps).get(name)
        if value is None:
            processes.pop(name)
        else:
            processes[name].stop()
        return value

    def _all(self, processes: dict[str, Process], result: Result, **request: Any) -> dict[str, Any]:
        """Asks all of them and then waits for all; those that fail leave the race, and their errors are kept."""
        answers = {}
        for process in processes.values():
            process.send(**request)
        for name, process in list(processes.items()):
            try:
                answers[name] = process.receive(self.plan.patience)
            except Failed as failure:
                result.errors[name] = str(failure)
                self._close({name: process})
                self.kept.pop(name, None)
                processes.pop(name)
        return answers

    def _close(self, processes: dict[str, Process]) -> None:
        for process in processes.values():
            process.close()
        processes.clear()


def compare(checks: Mapping[str, list[float]], job: Job) -> dict[str, str]:
    """Who computes something else than the others.

    Returns:
        For each contestant that is off, what it says and what the others say.
    """
    rivals = [name for name in (*_GIVERS[1:], *checks) if name in checks and name != job.home]
    if not rivals or job.home not in checks:
        return {}
    reference = min(rivals, key=lambda name: sum(not _agree(checks[name], checks[other], job) for other in rivals))
    return {
        name: f"{name} computes {_words(values)} where {reference} computes {_words(checks[reference])}"
        for name, values in checks.items()
        if not _agree(values, checks[reference], job)
    }


def _agree(one: list[float], other: list[float], job: Job) -> bool:
    """Whether two contestants give the same answers, or losses.

    The first loss says whether the model is the same. What the steps after it gained says whether they do the same,
    and may differ more with each: norms over few values magnify the last place of a float, and libraries add Adam's
    epsilon at different places.
    """
    coarse = job.kind == "bf16"
    if job.mode != "train":
        return np.allclose(one, other, rtol=2e-3, atol=1e-4)
    part, little = (0.5, 0.02) if coarse else (0.25, 0.002)
    for step in range(1, len(one)):
        gains = [losses[0] - losses[step] for losses in (one, other)]
        if not abs(gains[0] - gains[1]) <= step * (part * max(map(abs, gains)) + little * abs(other[0])):
            return False
    return np.allclose(one[0], other[0], rtol=0.05 if coarse else 1e-3)


def _words(values: list[float]) -> str:
    return ", ".join(f"{value:.5g}" for value in values[:4])
