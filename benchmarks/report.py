"""What the races came to: lines for the terminal while they run, and tables for docs/benchmarks.md."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.jobs import Job
from benchmarks.machine import Machine
from benchmarks.models import DESCRIPTIONS
from benchmarks.race import Result

#: numbers that an optimizer keeps for each parameter, its value included; all are read and written in a step, rows of
#: embeddings that no row of the batch has asked for too, while a gradient need not be stored
_KEPT = {"Adam": 3, "SGD": 2}

_HEADINGS = {
    "train": "Training",
    "infer": "Inference",
    "predict": "One row through `predict`",
    "call": "One row through `model(x)`",
    "session": "Programs of TensorFlow 1, a `session.run` a step",
    "array": "One pass over 50 million floats",
    "bf16": "`mixed_bfloat16` against float32, both Weft",
    "products": "Chains of products of square matrices, size and threads, against OpenBLAS",
    "fresh": "A fresh process until its first trained step",
}


def bound(result: Result, machine: Machine) -> float | None:
    """Seconds that the job's arithmetic, or its traffic with memory, takes at the machine's peak."""
    facts = result.facts.get(result.job.home, {})
    traffic, held = facts.get("bytes", 0.0), 0
    if result.job.mode == "train" and "parameters" in facts:
        held = 4 * _KEPT[DESCRIPTIONS[result.job.model].optimizer[0]] * int(facts["parameters"])
        traffic = 2.0 * held
    seconds = machine.bound(facts.get("flops", 0.0), traffic, held)
    return seconds * machine.threads / (result.job.threads or machine.threads) or None


def share(result: Result, machine: Machine) -> float | None:
    """Home's part of the machine's peak."""
    least, taken = bound(result, machine), result.seconds
    return least / taken if least and taken else None


def memory_ratio(result: Result) -> float | None:
    """Home's peak of memory as a part of TensorFlow's."""
    ours, theirs = (result.facts.get(name, {}).get("peak", 0) for name in (result.job.home, "tensorflow"))
    return ours / theirs if ours and theirs else None


def seconds(value: float) -> str:
    """A time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value * 1e6:.3g} µs"


def spread(values: Sequence[float]) -> str:
    """Median, and in brackets minimum and maximum."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def verdict(result: Result, machine: Machine) -> str:
    """The bar, and whether it was reached; empty where there is none."""
    bar, limit = result.job.bar, result.job.limit
    if result.job.home in result.void:
        return "void"
    if limit and result.seconds:
        return f"{seconds(limit)} {'yes' if result.seconds <= limit else 'NO'}"
    if not isinstance(bar, float):
        return ""
    if result.job.kind == "array":
        part = share(result, machine)
        return "" if part is None else f"{bar:.0%} {'yes' if part >= bar else 'NO'}"
    if not result.rivals or not result.seconds:
        return f"{bar:g}"
    return f"{bar:g} {'yes' if statistics.median(result.ratios(result.rivals[0])) >= bar else 'NO'}"


def columns(result: Result, machine: Machine) -> list[str]:
    """A line of a table: job, home's time, ratio to the fastest rival, bar, share of the peak, memory, all others."""
    rivals, part, memory = result.rivals, share(result, machine), memory_ratio(result)
    others = [f"{name} {statistics.median(result.ratios(name)):.2f}" for name in rivals if result.seconds]
    others += [f"{name} failed" for name in result.errors if name != result.job.home]
    others += [f"{name} computes something else" for name in result.void]
    return [
        result.job.name,
        seconds(result.seconds) if result.seconds else "does not run",
        f"{spread(result.ratios(rivals[0]))} {rivals[0]}" if rivals and result.seconds else "–",
        verdict(result, machine) or "–",
        f"{part:.0%}" if part else "–",
        f"{result.facts[result.job.home]['peak'] / 2**20:.0f} MiB ({memory:.2f})" if memory else "–",
        ", ".join(others) or "–",
    ]


TITLES = ("job", "Weft", "× fastest peer", "must", "of peak", "memory (× TensorFlow's)", "× each")


def fresh_columns(result: Result) -> list[str]:
    """A line about fresh processes."""
    found = {name: seconds(statistics.median(times)) for name, times in result.times.items()}
    cold, warm = result.job.bar if isinstance(result.job.bar, tuple) else (0.0, 0.0)
    return [
        result.job.name,
        f"{found.get('weft cold', 'does not run')} / {found.get('weft warm', '–')}",
        f"{cold:g} / {warm:g} s",
        found.get("tensorflow", "–"),
    ]


FRESH_TITLES = ("job", "Weft, cache empty / full", "must", "TensorFlow")


def table(titles: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    rows = [titles, ["---"] * len(titles), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def worst(results: Iterable[Result]) -> Result | None:
    """The job that is the farthest below its bar, or the least above it."""
    judged = [r for r in results if r.rivals and isinstance(r.job.bar, float) and r.job.kind != "array"]

    def slack(result: Result) -> float:
        assert isinstance(result.job.bar, float)
        return statistics.median(result.ratios(result.rivals[0])) / result.job.bar if result.seconds else 0.0

    return min(judged, key=slack, default=None)


def sections(results: Sequence[Result], machine: Machine) -> str:
    """All tables, a heading for each kind of job."""
    parts = []
    for kind, heading in _HEADINGS.items():
        found = [result for result in results if result.job.kind == kind]
        if not found:
            continue
        if kind == "fresh":
            body = table(FRESH_TITLES, [fresh_columns(result) for result in found])
        else:
            body = table(TITLES, [columns(result, machine) for result in found])
        parts.append(f"## {heading}\n\n{body}")
    return "\n\n".join(parts)


def page(results: Sequence[Result], machine: Machine, facts: Mapping[str, str]) -> str:
    """docs/benchmarks.md."""
    versions = sorted({fact["version"] for result in results for fact in result.facts.values() if "version" in fact})
    about = {
        **facts,
        "machine": machine.describe(),
        "versions": f"Python {platform.python_version()}, " + "; ".join(versions),
    }
    intro = "\n".join(f"- {name}: {text}" for name, text in about.items())
    return f"""# Benchmarks

Written by `python -m benchmarks --write`; `benchmarks/README.md` says how it is measured. Times are of one step (of
training, or of inference on one batch), medians over rounds. A ratio is the peer's time divided by Weft's in the same
round: median, and in brackets the least and the greatest. "Of peak" is what the job's products and convolutions, or its
traffic with memory or caches, would take at the machine's measured peak, as a part of what Weft took.

{intro}

{sections(results, machine)}
{failures(results)}"""


def failures(results: Iterable[Result]) -> str:
    """Who failed and why, the last line of each traceback."""
    lines = []
    for result in results:
        lines += [f"- {result.job.name}, {name}: {_last_line(text)}" for name, text in result.errors.items()]
        lines += [f"- {result.job.name}: {text}" for text in result.void.values()]
    return "\n## What did not run, or computed something else\n\n" + "\n".join(lines) + "\n" if lines else ""


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "no word"


def describe(job: Job) -> str:
    """A line for `--list`."""
    sizes = ", ".join(f"{name}={value}" for name, value in job.sizes.items())
    bar = f"must {job.bar}" if job.bar else ""
    return f"{job.name:22} {job.kind:9} batch {job.batch:<5} {bar:16} {sizes}".rstrip()
