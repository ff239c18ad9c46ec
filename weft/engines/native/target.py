"""What the processor has: vector width, registers, features; and the same with features turned off, for tests."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import llvmlite.binding as llvm

from weft.base import flags
from weft.base.errors import UnavailableError, explain, nearest


@dataclass(frozen=True)
class Target:
    """The machine that code is made for.

    Attributes:
        name: As in `WEFT_TARGET`.
        triple: LLVM's name for the platform.
        cpu: LLVM's name for the processor.
        features: LLVM's list of features.
        vector_bytes: The widest vector.
        registers: How many vector registers there are.
        fma: Whether there is a fused multiply-add.
        bf16: Whether there are dot products of bfloat16.
        scales: Whether there is an instruction that multiplies by a power of two: AVX-512's.
        dots: What multiplies pairs of int16 and adds both products up in int32: `vnni`, `madd`, or "" for nothing.
        halves: The half precisions that it converts to float32 and back, as LLVM calls them.
        nearest: Bytes of a core's nearest cache.
        own: Bytes of the next one, which a core has to itself, too.
    """

    name: str
    triple: str
    cpu: str
    features: str
    vector_bytes: int
    registers: int
    fma: bool
    bf16: bool = False
    scales: bool = False
    dots: str = ""
    halves: frozenset[str] = frozenset()
    nearest: int = 1 << 15
    own: int = 1 << 20

    def lanes(self, size: int) -> int:
        """How many elements of that many bytes a vector holds."""
        return max(1, self.vector_bytes // size)


TARGETS = ("host", "avx512", "avx2", "x86-64", "neon")
_X86_LEVELS = {"avx512": "x86-64-v4", "avx2": "x86-64-v3", "x86-64": "x86-64"}


@cache
def _initialize() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


@cache
def find(name: str) -> Target:
    """The target of a name; `host` is all that this processor can do.

    Raises:
        UnavailableError: For one that this machine cannot run.
    """
    if name not in TARGETS:
        raise UnavailableError(explain(f"There is no target named {name!r}.", hint=nearest(name, TARGETS)))
    _initialize()
    triple, cpu = llvm.get_process_triple(), llvm.get_host_cpu_name()
    found = llvm.get_host_cpu_features()
    features = {key for key, on in found.items() if on}
    x86 = platform.machine().lower() in ("x86_64", "amd64", "i386", "i686")
    if name == "host":
        level = _level(x86, features)
        bf16, scales = "avx512bf16" in features, level[0] == 64
        vnni = "avx512vnni" in features if scales else "avxvnni" in features
        dots = "vnni" if vnni else "madd" if x86 else ""
        halves = {"bfloat": bf16, "half": "f16c" in features or not x86}
        return Target("host", triple, cpu, found.flatten(), *level, bf16=bf16, scales=scales, dots=dots,
                      halves=frozenset(half for half, there in halves.items() if there),
                      nearest=_cache(1, Target.nearest), own=_cache(2, Target.own))  # fmt: skip
    if x86 is (name == "neon"):
        raise UnavailableError(f"Target {name} is not one of this machine, which is {platform.machine()}.")
    if not x86:
        return Target(name, triple, cpu, found.flatten(), 16, 32, True, halves=frozenset({"half"}))
    level = _level(True, features)
    wanted = {"avx512": (64, 32, True), "avx2": (32, 16, True), "x86-64": (16, 16, False)}[name]
    if wanted[0] > level[0]:
        raise UnavailableError(f"Target {name} needs instructions that this processor ({cpu}) does not have.")
    return Target(name, triple, _X86_LEVELS[name], "", *wanted, scales=name == "avx512", dots="madd",
                  halves=frozenset() if name == "x86-64" else frozenset({"half"}))  # fmt: skip


def _cache(level: int, usual: int) -> int:
    """Bytes of a core's cache for data of a level, as Linux tells; elsewhere what most have."""
    for place in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            number, kind, size = ((place / name).read_text().strip() for name in ("level", "type", "size"))
        except OSError:
            continue
        if number == str(level) and kind in ("Data", "Unified") and size.endswith("K") and size[:-1].isdigit():
            return int(size[:-1]) << 10
    return usual


def _level(x86: bool, features: set[str]) -> tuple[int, int, bool]:
    if not x86:
        return 16, 32, True
    if {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= features:
        return 64, 32, True
    if {"avx2", "fma"} <= features:
        return 32, 16, True
    return 16, 16, False


def current() -> Target:
    """The target in use: `WEFT_TARGET`, else the host."""
    return find(flags.target())
