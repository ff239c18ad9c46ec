"""`import weft` in a fresh process: quiet, and nothing heavy comes with it.

No test here looks at the clock, which would fail on a busy machine. What makes an import slow is what it loads, so the
tests count that. To look at the time itself: ``python tests/house/test_import.py``.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HEAVY_LIBRARIES = (
    "llvmlite",
    "h5py",
    "jax",
    "jaxlib",
    "PIL",
    "simplejpeg",
    "matplotlib",
    "sklearn",
    "scipy",
    "pandas",
    "IPython",
    "tensorflow",
    "keras",
    "torch",
    "google.protobuf",
)

# Rooms that `import weft` leaves closed until somebody uses a name that lives there.
CLOSED_ROOMS = (
    "weft.formats",
    "weft.engines.reference",
    "weft.engines.native",
    "weft.engines.xla",
    "weft.data",
    "weft.autograph.converting",
    "weft.keras",
    "weft.compat",
    "weft.cli",
    "weft.testing",
)

# Standard modules that cost tens of milliseconds, and that a process which only computes never needs.
SLOW_STANDARD_MODULES = ("asyncio", "multiprocessing.pool", "urllib.request", "http.client", "unittest", "sqlite3")

def run_fresh(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh Python that has no other trace of the test session."""
    ours = ("WEFT_", "PYTHON", "COV_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment,
        timeout=120,
        check=False,
    )


def modules_loaded_by(statement: str, base: str = "") -> set[str]:
    """Name the modules that a statement loads into a fresh process, beyond those that ``base`` loads."""
    report = "print(json.dumps(sorted(set(sys.modules) - before)))"
    done = run_fresh("\n".join(["import sys, json", base, "before = set(sys.modules)", statement, report]))
    assert done.returncode == 0, f"{statement!r} failed in a fresh process:\n{done.stderr}"
    return set(json.loads(done.stdout))


def inside(modules: set[str], packages: tuple[str, ...]) -> list[str]:
    return sorted(module for module in modules if any(module == p or module.startswith(f"{p}.") for p in packages))


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    return modules_loaded_by("import weft")


@pytest.mark.subprocess
def test_import_loads_no_heavy_library(loaded: set[str]):
    assert inside(loaded, HEAVY_LIBRARIES) == []


@pytest.mark.subprocess
def test_import_leaves_rooms_closed(loaded: set[str]):
    assert inside(loaded, CLOSED_ROOMS) == []


@pytest.mark.subprocess
def test_import_loads_no_slow_standard_module():
    """Beyond numpy: what numpy itself loads is not ours to judge."""
    assert inside(modules_loaded_by("import weft", base="import numpy, ml_dtypes"), SLOW_STANDARD_MODULES) == []


@pytest.mark.subprocess
@pytest.mark.parametrize("statement", ["import weft", "import weft as tf; tf.__version__", "import weft; dir(weft)"])
def test_import_prints_nothing(statement: str):
    done = run_fresh(statement, "-W", "error")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.subprocess
def test_import_starts_no_thread_and_no_process():
    done = run_fresh("import weft, threading; print(threading.active_count())")
    assert (done.stdout.strip(), done.stderr) == ("1", "")


@pytest.mark.subprocess
def test_the_version_is_the_package_metadata():
    done = run_fresh("import weft, weft.version; print(weft.__version__ == weft.version.__version__)")
    assert (done.stdout.strip(), done.stderr) == ("True", "")


@pytest.mark.subprocess
def test_the_command_line_starts_without_its_commands():
    """`weft --help` answers at once: a command's module is loaded when that command is asked for."""
    loaded = modules_loaded_by("import weft.cli.main", base="import weft")
    assert inside(loaded, HEAVY_LIBRARIES) == []
    assert set(inside(loaded, ("weft",))) <= {"weft.cli", "weft.cli.main", "weft.version"}


def measure(statement: str, rounds: int = 7) -> float:
    """Give the shortest of several fresh runs, in seconds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        run_fresh(statement)
        best = min(best, time.perf_counter() - start)
    return best


if __name__ == "__main__":
    numpy_seconds = measure("import numpy")
    weft_seconds = measure("import weft")
    ours = inside(modules_loaded_by("import weft"), ("weft",))
    print(f"import numpy {numpy_seconds * 1e3:.0f} ms, import weft {weft_seconds * 1e3:.0f} ms", end="; ")
    print(f"beyond numpy {(weft_seconds - numpy_seconds) * 1e3:.0f} ms, {len(ours)} modules of ours")
