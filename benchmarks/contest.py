"""One piece of work in Weft and in TensorFlow, in turns: a fresh process each, which prints what it measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CONTESTANTS = ("weft", "tensorflow")


def python_of(contestant: str) -> str:
    """The interpreter that has it."""
    if contestant == "weft":
        return sys.executable
    return str(Path(os.environ.get("WEFT_PEERS", ROOT / ".peers")) / contestant / "bin" / "python")


def ask(module: str, contestant: str, *arguments: str) -> dict[str, Any]:
    """What `python -m benchmarks.MODULE --inside CONTESTANT ARGUMENTS` prints last: a dict as JSON."""
    command = [python_of(contestant), "-m", f"benchmarks.{module}", "--inside", contestant, *arguments]
    surroundings = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def library(contestant: str) -> Any:
    """The module that a script would import as `tf`."""
    if contestant == "weft":
        import weft

        return weft
    import tensorflow

    return tensorflow


def rounds(module: str, count: int, better: Callable[[float, float], float], *arguments: str) -> dict[str, Any]:
    """The best of some turns of both: contestant → job → number, and whatever else they tell."""
    best: dict[str, Any] = {}
    for _ in range(count):
        for contestant in CONTESTANTS:
            found = ask(module, contestant, *arguments)
            held = best.setdefault(contestant, found)
            for job, value in found["jobs"].items():
                held["jobs"][job] = better(held["jobs"].get(job, value), value)
    return best
