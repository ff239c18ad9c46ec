"""How much memory the process holds."""

from __future__ import annotations

import contextlib
import sys


def used() -> tuple[int, int]:
    """The bytes in memory now, and the most so far (since `forget_peak`, where the system can tell)."""
    found: dict[str, int] = {}
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name in ("VmRSS", "VmHWM"):
                found[name] = int(rest.split()[0]) * 1024
    if len(found) == 2:
        return found["VmRSS"], max(found.values())
    try:
        import resource
    except ImportError:  # Windows has neither
        return 0, 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return peak, peak


def forget_peak() -> None:
    """Counts the most from now on, where the system can do that."""
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
