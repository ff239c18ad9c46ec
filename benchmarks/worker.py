"""One contestant in a process of its own: reads requests from standard input, a JSON object a line, and answers so.

    {"do": "setup", "task": {...}}       builds the model; answers its facts
    {"do": "save", "path": "a.npz"}      writes the model's numbers
    {"do": "load", "path": "a.npz"}      takes them
    {"do": "check"}                      a few numbers to compare with those of others
    {"do": "run", "steps": 10}           seconds for so many steps
    {"do": "memory"}                     the most memory that it ever had, in bytes

An answer is `{"value": ...}`, or `{"error": "traceback"}`.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
import traceback
from typing import Any

import numpy as np

from benchmarks.peers import Contestant, Task

_MODULES = {
    "weft": ("keras_fit", "KerasFit"),
    "weft-bf16": ("keras_fit", "KerasFit"),
    "tensorflow": ("keras_fit", "KerasFit"),
    "jax-fit": ("keras_fit", "KerasFit"),
    "jax-jit": ("jax_step", "JaxStep"),
    "torch": ("torch_loop", "TorchLoop"),
    "onnx": ("onnx_run", "OnnxRun"),
}
_WITHOUT_MODEL = {
    "chain": ("array_pass", "ArrayPass"),
    "adam": ("array_pass", "ArrayPass"),
    "product": ("product", "Product"),
    "session": ("session_run", "SessionRun"),
}


def contestant(library: str, task: Task) -> Contestant:
    """Imports what plays for `library` and gives it the task."""
    module, name = _WITHOUT_MODEL.get(task.mode) or _MODULES[library]
    return getattr(importlib.import_module(f"benchmarks.peers.{module}"), name)(library, task)


class Worker:
    """Answers requests about one contestant."""

    def __init__(self, library: str) -> None:
        self.library = library
        self.player: Any = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Does what is asked; what goes wrong is the answer."""
        try:
            return {"value": getattr(self, f"_{request['do']}")(request)}
        except Exception:
            return {"error": traceback.format_exc()}

    def _setup(self, request: dict[str, Any]) -> dict[str, Any]:
        self.player = contestant(self.library, Task(**request["task"]))
        return self.player.facts()

    def _save(self, request: dict[str, Any]) -> None:
        np.savez(request["path"], **self.player.weights())

    def _load(self, request: dict[str, Any]) -> None:
        with np.load(request["path"]) as arrays:
            self.player.load(dict(arrays))

    def _check(self, request: dict[str, Any]) -> list[float]:
        return self.player.check()

    def _run(self, request: dict[str, Any]) -> float:
        return self.player.run(request["steps"])

    def _memory(self, request: dict[str, Any]) -> int:
        return peak_memory()


def peak_memory() -> int:
    """The most memory that this process ever had resident, in bytes."""
    try:  # getrusage would count what the parent had before this program was loaded
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def keep_to(threads: int) -> None:
    """Keeps this process to as many processors as it may use threads, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def end_with_parent() -> None:
    """A process that is stopped does not see its input end; on Linux the system can be asked to end it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def main(library: str, threads: int) -> None:
    """Serves until standard input ends. What libraries print goes to standard error."""
    end_with_parent()
    keep_to(threads)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(library)
    for line in sys.stdin:
        print(json.dumps(worker.answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
