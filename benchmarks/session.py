"""Weft's session beside TensorFlow's own: programs of TensorFlow 1, a `session.run` a step, in one sitting.

`python -m benchmarks.session` runs the four of them (a line with a run for each point; an MLP, a CNN and an LSTM on
digits at batch 100) and prints how long a step takes, and TensorFlow's time in units of Weft's. The programs are in
`peers/session_run.py`; `python -m benchmarks session` runs the same jobs beside others.
"""

from __future__ import annotations

import argparse
import statistics
import sys

from benchmarks.jobs import all_jobs, select
from benchmarks.race import Plan, Race


def main(arguments: list[str]) -> int:
    """Prints a line for each program; fails where Weft is slower, or computes something else."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(arguments)
    worst = float("inf")
    with Race(Plan(args.rounds, args.seconds, args.threads)) as race:
        for job in select(all_jobs(), ["session"]):
            result = race.run(job, ["tensorflow"])
            for name, problem in {**result.errors, **result.void}.items():
                print(f"{job.name:16} {name}: {problem}")
            ratios = [] if result.void or result.errors else result.ratios("tensorflow")
            ratio = statistics.median(ratios) if ratios else float("nan")
            worst = min(worst, ratio if ratios else 0.0)
            micros = (result.seconds or 0) * 1e6
            print(f"{job.name:16} {micros:10.1f} us a step   TensorFlow takes {ratio:.2f} times that", flush=True)
    return 0 if worst >= 1.0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
