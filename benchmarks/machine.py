"""What this machine can do at most, measured: multiply-adds, and bytes copied."""

from __future__ import annotations

import ctypes
import itertools
import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

_ACCUMULATORS = 12


@dataclass(frozen=True)
class Machine:
    """A processor as far as `threads` threads can have it."""

    threads: int

    @cached_property
    def flops(self) -> float:
        """Floating-point operations a second, in float32, of multiply-adds that wait for nothing."""
        with _Multiplier() as multiply:
            turns = 2_000_000
            return self._best(lambda: multiply(turns), tries=8) * turns * multiply.flops

    @cached_property
    def bandwidth(self) -> float:
        """Bytes read and written a second while large arrays are copied."""
        size = 1 << 26
        source, target = np.ones(size, "float32"), np.ones(size, "float32")
        part = size // self.threads
        starts = itertools.cycle(range(0, part * self.threads, part))

        def copy() -> None:
            start = next(starts)
            target[start : start + part] = source[start : start + part]

        return self._best(copy, tries=6) * 8 * part

    @cached_property
    def cache(self) -> int:
        """Bytes of the largest cache; 32 MiB where the system does not say."""
        sizes = Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size")
        found = [int(text[:-1]) * 1024 for text in (file.read_text().strip() for file in sizes) if text.endswith("K")]
        return max(found, default=32 << 20)

    def bound(self, flops: float, traffic: float) -> float:
        """Seconds below which so much work cannot be done."""
        return max(flops / self.flops, traffic / self.bandwidth)

    def describe(self) -> str:
        """One line: processor, cores, system, and the two peaks."""
        return (
            f"{processor()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}; "
            f"{self.threads} threads reach {self.flops / 1e9:.0f} GFLOPS (float32 multiply-adds) and copy "
            f"{self.bandwidth / 1e9:.1f} GB/s (read and written)"
        )

    def _best(self, work: Callable[[], object], tries: int) -> float:
        """How often a second all threads together do `work` in the best of some tries."""
        with ThreadPoolExecutor(self.threads) as pool:
            best = float("inf")
            for _ in range(tries):
                start = time.perf_counter()
                for each in [pool.submit(work) for _ in range(self.threads)]:
                    each.result()
                best = min(best, time.perf_counter() - start)
        return self.threads / best


class _Multiplier:
    """Native code that multiplies and adds in registers, `_ACCUMULATORS` vectors at a time."""

    def __enter__(self) -> _Multiplier:
        from llvmlite import binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        features = llvm.get_host_cpu_features()
        lanes = 16 if features.get("avx512f") else 8 if features.get("avx2") else 4
        self.flops = 2 * lanes * _ACCUMULATORS
        target = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=features.flatten(), opt=2
        )
        module = llvm.parse_assembly(_text(lanes))
        self._engine = llvm.create_mcjit_compiler(module, target)
        self._engine.finalize_object()
        function = ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_int64)
        self._call = function(self._engine.get_function_address("multiply"))
        return self

    def __call__(self, turns: int) -> float:
        return self._call(turns)

    def __exit__(self, *problem: object) -> None:
        del self._call, self._engine


def _text(lanes: int) -> str:
    """The loop in LLVM's language. The accumulators start apart, so that none can stand for another."""
    vector, places = f"<{lanes} x float>", range(_ACCUMULATORS)

    def splat(value: float) -> str:
        return f"<{', '.join([f'float {value}'] * lanes)}>"

    phis = [f"  %a{i} = phi {vector} [{splat(i + 1.0)}, %entry], [%b{i}, %loop]" for i in places]
    steps = [
        f"  %b{i} = call {vector} @llvm.fma.v{lanes}f32({vector} %a{i}, {vector} {splat(0.5)}, {vector} {splat(0.25)})"
        for i in places
    ]
    sums = [f"  %s{i + 1} = fadd {vector} {f'%s{i}' if i else splat(0.0)}, %b{i}" for i in places]
    return "\n".join(
        [
            f"declare {vector} @llvm.fma.v{lanes}f32({vector}, {vector}, {vector})",
            "define float @multiply(i64 %turns) {",
            "entry:",
            "  br label %loop",
            "loop:",
            "  %i = phi i64 [0, %entry], [%j, %loop]",
            *phis,
            *steps,
            "  %j = add i64 %i, 1",
            "  %more = icmp slt i64 %j, %turns",
            "  br i1 %more, label %loop, label %done",
            "done:",
            *sums,
            f"  %out = extractelement {vector} %s{_ACCUMULATORS}, i32 0",
            "  ret float %out",
            "}",
        ]
    )


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.partition(":")[2].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
