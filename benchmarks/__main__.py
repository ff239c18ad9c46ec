"""The command: `python -m benchmarks`, described in benchmarks/README.md."""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import data, fresh, report, xla_step
from benchmarks.jobs import RIVALS, Job, all_jobs, draw, select
from benchmarks.machine import Machine
from benchmarks.models.inputs import mnist_file
from benchmarks.peers import ENVIRONMENTS
from benchmarks.race import ROOT, Plan, Race, Result
from benchmarks.record import Record

PAGE = ROOT / "docs" / "benchmarks.md"


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Weft and its peers, in turns")
    parser.add_argument("jobs", nargs="*", help="names, patterns, models or kinds (train, infer, …); all without")
    parser.add_argument("--list", action="store_true", help="the jobs, and nothing else")
    parser.add_argument("--peers", help="which ones, separated by commas; all without: " + ", ".join(ENVIRONMENTS))
    parser.add_argument("--rounds", type=int, help="turns of each contestant (5; 3 with --quick)")
    parser.add_argument("--seconds", type=float, help="the least length of a turn (1; 0.5 with --quick)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns")
    parser.add_argument("--threads", type=int, default=2, help="for each contestant (2)")
    parser.add_argument("--drawn", type=int, metavar="N", help="N jobs of each kind of model with drawn sizes instead")
    parser.add_argument("--seed", type=int, default=1, help="of --drawn (1)")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--json", metavar="FILE", help="keep all times here, beside those of earlier runs")
    return parser.parse_args(given)


def chosen(options: argparse.Namespace) -> list[Job]:
    """The jobs that the command line asks for.

    Raises:
        ValueError: Where it names one that does not exist.
    """
    if options.drawn:
        return select(draw(options.drawn, options.seed, ("train", "infer")), options.jobs or ["train"])
    return select(all_jobs(), options.jobs)


def plan(options: argparse.Namespace) -> Plan:
    """How the races are run."""
    return Plan(
        rounds=options.rounds or (3 if options.quick else 5),
        seconds=options.seconds or (0.5 if options.quick else 1.0),
        threads=options.threads,
    )


def race_all(jobs: Sequence[Job], how: Plan, peers: Sequence[str] | None, machine: Machine) -> Iterator[Result]:
    """Every job, with a line for each as it ends."""
    with Race(how) as race:
        for job in jobs:
            start = time.monotonic()
            rivals = [name for name in RIVALS[job.kind] if peers is None or name in peers or job.kind == "bf16"]
            result = fresh.race(job, rivals, how) if job.kind == "fresh" else race.run(job, rivals)
            line = report.fresh_columns(result) if job.kind == "fresh" else report.columns(result, machine)
            print("  ".join(line), f"  [{time.monotonic() - start:.0f} s]", flush=True)
            yield result


def main(given: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit status."""
    options = arguments(given)
    try:
        jobs = chosen(options)
        record = Record.open(Path(options.json) if options.json else None)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(map(report.describe, jobs)))
        return 0
    how, machine = plan(options), Machine(options.threads)
    print(machine.describe())
    print("MNIST:", mnist_file() or "drawn shapes, since WEFT_DATA_DIR has no mnist.npz", flush=True)
    record.commands.append(" ".join(["python -m benchmarks", *(sys.argv[1:] if given is None else given)]))
    results = []
    try:
        for result in race_all(jobs, how, options.peers.split(",") if options.peers else None, machine):
            record.add(result)
            results.append(result)
    except KeyboardInterrupt:
        print("Ended early; what was measured is kept.")
    _tell(results, machine)
    if options.write:
        facts = {
            "date": datetime.date.today().isoformat(),
            "commands": "; ".join(f"`{command}`" for command in record.commands),
            "MNIST": "the real one" if mnist_file() else "drawn shapes",
        }
        before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        others = xla_step.section(before), xla_step.section(before, data.BEGIN, data.END)
        beside = "\n".join(part for part in others if part)
        page = report.page(list(record.results.values()), machine, facts)
        PAGE.write_text(f"{page.rstrip()}\n\n{beside}" if beside else page, encoding="utf-8")
        print(f"wrote {PAGE}")
    return 0


def _tell(results: Sequence[Result], machine: Machine) -> None:
    """Tracebacks, who computed something else, and the job that came off worst."""
    for result in results:
        for name, text in result.errors.items():
            print(f"\n{result.job.name}, {name}:\n{text}")
    print(report.failures(results))
    low = report.worst(results)
    if low is not None:
        print("The farthest below its bar, or the least above it:", "  ".join(report.columns(low, machine)))


if __name__ == "__main__":
    sys.exit(main())
