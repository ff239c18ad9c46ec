"""Weft's session beside TensorFlow's own: programs of TensorFlow 1, a `session.run` a step, in one sitting.

`python -m benchmarks.session` runs the four of them (a line with a run for each point; an MLP, a CNN and an LSTM on
digits at batch 100) and prints how long a step takes, and TensorFlow's time in units of Weft's. The programs are in
`peers/session_run.py`; `python -m benchmarks session` runs the same jobs beside others.

Before that it prints what a run costs over the work itself: the time of the call less that of the compiled code in it,
for the programs and for other ways to run the first of them. `--overhead` prints that alone. Behind a step of many
milliseconds the same lines of Python take several times as long: the step has emptied the processor's caches. That is
shown, too: what a run of the line costs right behind a run of each program, and what the next run of it costs.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.jobs import Job, all_jobs, select
from benchmarks.peers import Task
from benchmarks.race import Plan, Race

_LIMIT = 30.0  # microseconds that a run may take over the work itself


def over_the_work(run: Callable[[], Any], count: int, before: int = 3) -> float:
    """Microseconds that a call takes beyond the compiled code that it runs, in this thread; the median of many.

    The first calls, which compile, do not count.
    """
    from weft.engines.native import threads

    plain = threads.Pool.run
    inside = 0.0

    def timed(*args: Any, **kwargs: Any) -> int:
        nonlocal inside
        begin = time.thread_time()
        done = plain(*args, **kwargs)
        inside += time.thread_time() - begin
        return done

    found = []
    threads.Pool.run = timed  # type: ignore[method-assign]
    try:
        for number in range(count + before):
            inside = 0.0
            begin = time.thread_time()
            run()
            taken = time.thread_time() - begin
            if number >= before:
                found.append(taken - inside)
    finally:
        threads.Pool.run = plain  # type: ignore[method-assign]
    return statistics.median(found) * 1e6


def behind(step: Callable[[], Any], run: Callable[[], Any], count: int) -> tuple[float, float]:
    """What a call costs over its work right behind a step that empties the caches, and what the next one costs."""
    first, following = [], []
    for _ in range(count):
        step()
        first.append(over_the_work(run, 1, 0))
        following.append(over_the_work(run, 1, 0))
    return statistics.median(first), statistics.median(following)


def ways(made: Any) -> dict[str, Callable[[], Any]]:
    """Other ways to run a program."""
    session, train, loss, feed = made.session, made.train, made.loss, made.feeds[0]
    numbers = {tensor: float(value) for tensor, value in feed.items()}
    called = session.make_callable([train, loss], list(feed))
    variable = session.graph.get_collection("variables")[0]
    return {
        "two fetches": lambda: session.run([train, loss], feed),
        "fetches in a dict": lambda: session.run({"step": train, "of": (loss, [loss])}, feed),
        "fed Python's floats": lambda: session.run(train, numbers),
        "nothing fed": lambda: session.run(variable),
        "operation.run()": lambda: train.run(feed, session),
        "tensor.eval()": lambda: loss.eval(feed, session),
        "make_callable": lambda: called(*feed.values()),
    }


def overheads(jobs: list[Job], threads: int) -> dict[str, float]:
    """Microseconds over the work itself, for the programs and for other ways to run the first of them."""
    import weft.compat.v1 as tf
    from benchmarks.peers.session_run import SessionRun

    found: dict[str, float] = {}
    line: Callable[[], Any] | None = None
    for job in jobs:
        tf.reset_default_graph()
        made = SessionRun("weft", Task("session", job.model, {}, job.batch, job.batch * 10, threads, ""))
        run = functools.partial(made.session.run, made.train, made.feeds[0])
        found[job.model] = over_the_work(run, 2000 if job.batch == 1 else 60)
        if line is not None:
            for name, value in zip(("first", "next"), behind(run, line, 60), strict=True):
                found[f"line behind {job.model}, {name}"] = value
        if job.batch == 1:
            line = run
            found.update((f"{job.model}, {name}", over_the_work(way, 2000)) for name, way in ways(made).items())
    return found


def main(arguments: list[str]) -> int:
    """Prints a line for each program; fails where Weft is slower, or computes something else, or costs too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--overhead", action="store_true")
    args = parser.parse_args(arguments)
    jobs = select(all_jobs(), ["session"])
    costs = overheads(jobs, args.threads)
    for name, micros in costs.items():
        print(f"{name:32} {micros:6.1f} us a run over the work itself", flush=True)
    good = max(cost for name, cost in costs.items() if "behind" not in name) < _LIMIT
    if args.overhead:
        return 0 if good else 1
    worst = float("inf")
    with Race(Plan(args.rounds, args.seconds, args.threads)) as race:
        for job in jobs:
            result = race.run(job, ["tensorflow"])
            for name, problem in {**result.errors, **result.void}.items():
                print(f"{job.name:16} {name}: {problem}")
            ratios = [] if result.void or result.errors else result.ratios("tensorflow")
            ratio = statistics.median(ratios) if ratios else float("nan")
            worst = min(worst, ratio if ratios else 0.0)
            micros = (result.seconds or 0) * 1e6
            print(f"{job.name:16} {micros:10.1f} us a step   TensorFlow takes {ratio:.2f} times that", flush=True)
    return 0 if worst >= 1.0 and good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
