"""A fresh process until its first trained step: `python -m benchmarks.fresh weft mnist`, mostly as a child of the race.

What a process tells: seconds since it was started, by the clock, when its first step was done (`total`), what that step
took (`first`) and what a later one takes (`later`). The model is built from its description; tracing, compiling and
reading compiled code from the cache all fall into the first step.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable

from benchmarks.jobs import Job
from benchmarks.race import ROOT, Failed, Plan, Result, interpreter, surroundings

_STARTED = "BENCHMARKS_STARTED"


def race(job: Job, rivals: Iterable[str], plan: Plan) -> Result:
    """The job in fresh processes, in turns: Weft with an empty cache, with the cache it left, then the rivals.

    Returns:
        Times under `weft cold`, `weft warm` and the rivals' names: for `fresh:resnet50` what the first step takes
        beyond a later one, which is compiling; otherwise the whole way from the start.
    """
    result = Result(job)
    for _ in range(plan.rounds):
        with tempfile.TemporaryDirectory() as cache:
            turns = [("weft cold", "weft", cache), ("weft warm", "weft", cache)]
            for label, name, folder in [*turns, *((rival, rival, cache) for rival in rivals)]:
                if name in result.errors:
                    continue
                try:
                    found = _process(name, job, plan, folder)
                except Failed as failure:
                    result.errors[name] = str(failure)
                    continue
                compiling = found["first"] - found["later"]
                result.times.setdefault(label, []).append(compiling if job.model == "resnet50" else found["total"])
    return result


def _process(name: str, job: Job, plan: Plan, cache: str) -> dict[str, float]:
    if not interpreter(name).exists():
        raise Failed(f"there is no {interpreter(name)}; run: make peers")
    task = json.dumps(job.task(plan.threads, cache) | {"mode": "train"})
    extra = {"WEFT_CACHE": cache, _STARTED: str(time.time())}
    command = [str(interpreter(name)), "-m", "benchmarks.fresh", name, task]
    try:
        found = subprocess.run(
            command, cwd=ROOT, env=surroundings(name, plan.threads, extra), capture_output=True, timeout=plan.patience
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{name} was not done within {plan.patience:.0f} s") from None
    if found.returncode:
        raise Failed(found.stderr.decode(errors="replace")[-3000:])
    answer: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return answer


def inside(library: str, task: str) -> dict[str, float]:
    """The measured process: build, one step, and three more to know what a step takes."""
    from benchmarks.peers import Task, single
    from benchmarks.peers.keras_fit import import_keras

    asked = Task(**json.loads(task))
    keras, _ = import_keras(library, asked.threads)
    model = asked.description.compiled(keras, asked.sizes)
    inputs, targets = (single(arrays) for arrays in asked.data)
    times = []
    for step in range(4):
        start = time.perf_counter()
        model.train_on_batch(inputs, targets)
        times.append(time.perf_counter() - start)
        if not step:
            total = time.time() - float(os.environ[_STARTED])
    return {"total": total, "first": times[0], "later": min(times[1:])}


if __name__ == "__main__":
    print(json.dumps(inside(*sys.argv[1:])))
