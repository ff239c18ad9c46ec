"""The process's settings, all of them: environment variables that start with `WEFT_`.

Flags are read when asked for, so that a test or a notebook may change them; `overrides` holds what the program itself
set. Whoever needs a flag on a hot path reads it once per compile, not per call.
"""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: name -> one line of meaning; `weft doctor` prints this table.
FLAGS: dict[str, str] = {
    "WEFT_ENGINE": "engine to run on: reference, native or xla (default: the fastest one available)",
    "WEFT_DEBUG": "0-5: 1 tracebacks, compile events, 2 graphs, 3 graphs after each pass, 4 loop IR, 5 machine code",
    "WEFT_CHECK": "1: verify graphs after every pass and compare numerically before and after",
    "WEFT_CACHE": "folder of compiled code (default: WEFT_HOME/cache); `off` disables it",
    "WEFT_HOME": "folder of downloaded data and caches (default: ~/.weft)",
    "WEFT_DATA_DIR": "folders, separated as in PATH, where data sets are looked for before any download",
    "WEFT_TARGET": "processor to make code for: host, avx512, avx2, x86-64 or neon (default: host)",
    "WEFT_TIMEOUT": "seconds that one of several workers waits for the others (default: 600)",
    "WEFT_NUM_THREADS": "number of threads (default: the processors this process may use)",
}

_overrides: dict[str, str] = {}
_changed = True


def _read(name: str) -> str | None:
    return _overrides.get(name, os.environ.get(name))


def _integer(name: str, default: int) -> int:
    text = _read(name)
    if text is None or not text.strip():
        return default
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{name} must be an integer, received {text!r}. Meaning: {FLAGS[name]}.") from None


def engine() -> str | None:
    """The engine asked for, or None for the default."""
    return _read("WEFT_ENGINE") or None


def debug() -> int:
    """The debug level, 0 to 5."""
    return _integer("WEFT_DEBUG", 0)


def check() -> bool:
    """Whether passes are verified and compared numerically."""
    return _integer("WEFT_CHECK", 0) != 0


def home() -> Path:
    """The folder of downloaded data and caches."""
    return Path(_read("WEFT_HOME") or "~/.weft").expanduser()


def cache() -> Path | None:
    """The folder of compiled code; None where caching is off."""
    text = _read("WEFT_CACHE")
    if text and text.lower() in ("off", "0", "none"):
        return None
    return Path(text).expanduser() if text else home() / "cache"


def data_dirs() -> tuple[Path, ...]:
    """The folders that the user named as holding data sets."""
    text = _read("WEFT_DATA_DIR") or ""
    return tuple(Path(part).expanduser() for part in text.split(os.pathsep) if part)


def target() -> str:
    """The processor that the native engine makes code for."""
    return _read("WEFT_TARGET") or "host"


def timeout() -> float:
    """Seconds that one of several workers waits for the others."""
    return max(1.0, float(_integer("WEFT_TIMEOUT", 600)))


def num_threads() -> int:
    """Threads to use: the flag, else the processors that this process may run on, by affinity and by quota."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, _integer("WEFT_NUM_THREADS", min(available, _quota())))


@functools.cache
def _quota(root: Path = Path("/sys/fs/cgroup"), groups: Path = Path("/proc/self/cgroup")) -> int:
    """How many processors' time a container grants this process, rounded up; a great number where it does not say."""
    found = float("inf")
    try:
        lines = [line.split(":", 2) for line in groups.read_text().splitlines()]
    except OSError:
        return sys.maxsize
    for _, kinds, path in (line for line in lines if len(line) == 3):
        base = root if not kinds else root / "cpu" if "cpu" in kinds.split(",") else None
        if base is None:
            continue
        folder = base / path.lstrip("/")
        while True:  # a group around this one may grant less; inside a container only the root is seen
            found = min(found, _granted(folder))
            if folder == base or base not in folder.parents:
                break
            folder = folder.parent
    return sys.maxsize if found == float("inf") else max(1, math.ceil(found))


def _granted(folder: Path) -> float:
    """Processors that one control group grants, in the files of version 2, else of version 1."""
    with suppress(OSError, ValueError, ZeroDivisionError):
        share, period = (folder / "cpu.max").read_text().split()
        return float("inf") if share == "max" else int(share) / int(period)
    with suppress(OSError, ValueError, ZeroDivisionError):
        share, period = ((folder / f"cpu.cfs_{word}_us").read_text() for word in ("quota", "period"))
        return float("inf") if int(share) < 0 else int(share) / int(period)
    return float("inf")


def changed() -> bool:
    """Whether flags were overridden since this was last asked."""
    global _changed
    found, _changed = _changed, False
    return found


@contextmanager
def override(**values: object) -> Iterator[None]:
    """Sets flags within a block: `with flags.override(WEFT_CHECK=1): ...`."""
    unknown = sorted(set(values) - set(FLAGS))
    if unknown:
        raise ValueError(f"Unknown flag {unknown[0]}; flags are {', '.join(FLAGS)}.")
    before = dict(_overrides)
    _set({**before, **{name: str(value) for name, value in values.items()}})
    try:
        yield
    finally:
        _set(before)


def _set(values: dict[str, str]) -> None:
    global _changed
    _overrides.clear()
    _overrides.update(values)
    _changed = True
