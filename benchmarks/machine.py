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

import numpy as np

_ACCUMULATORS = 12
#: arrays that are changed side by side, as an optimizer changes values and what it keeps beside them
_ARRAYS = 3
#: bytes that a try goes through at least, and in whole numbers of which arrays are
_CHANGED, _LEAST = 1 << 30, 1 << 20


@dataclass(frozen=True)
class Machine:
    """A processor as far as `threads` threads can have it."""

    threads: int

    @cached_property
    def flops(self) -> float:
        """Floating-point operations a second, in float32, of multiply-adds that wait for nothing."""
        with _Code() as code:
            turns = 2_000_000
            return self._best(lambda: code.multiply(turns), tries=8) * turns * code.flops

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
    def _changed(self) -> dict[int, float]:
        """What `changing` has measured."""
        return {}

    def changing(self, size: int) -> float:
        """Bytes read and written a second while arrays of altogether so many bytes are changed in place, over and over.

        What is gone through again and again stays in a cache that it fits into, and comes faster from there than from
        memory; and a place that is read before it is written need not come for the writing, as it must in a copy.
        Sizes are rounded up to mebibytes.
        """
        size = -(-size // _LEAST) * _LEAST
        if size not in self._changed:
            count = size // 4 // self.threads // _ARRAYS // 16 * 16
            blocks = [np.ones(count * _ARRAYS, "float32") for _ in range(self.threads)]
            turns, places = max(1, _CHANGED // size), itertools.cycle(blocks)

            with _Code() as code:

                def change() -> None:
                    block = next(places)
                    for _ in range(turns):
                        code.change(block.ctypes.data, count)

                self._changed[size] = self._best(change, tries=6) * 8 * count * _ARRAYS * turns
        return self._changed[size]

    def bound(self, flops: float, traffic: float, held: int = 0) -> float:
        """Seconds below which so much work cannot be done.

        Args:
            flops: Floating-point operations.
            traffic: Bytes read and written.
            held: Bytes of arrays that are changed in place by each step; 0 where all comes from memory.
        """
        return max(flops / self.flops, traffic / (self.changing(held) if held else self.bandwidth))

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


class _Code:
    """Native code: `multiply` multiplies and adds in registers, `change` goes through arrays and changes them."""

    def __enter__(self) -> _Code:
        from llvmlite import binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        features = llvm.get_host_cpu_features()
        lanes = 16 if features.get("avx512f") else 8 if features.get("avx2") else 4
        self.flops = 2 * lanes * _ACCUMULATORS  # of a turn of `multiply`
        target = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=features.flatten(), opt=2
        )
        module = llvm.parse_assembly(_text(lanes) + _change(lanes))
        self._engine = llvm.create_mcjit_compiler(module, target)
        self._engine.finalize_object()
        multiply = ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_int64)
        change = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)
        self.multiply = multiply(self._engine.get_function_address("multiply"))
        self.change = change(self._engine.get_function_address("change"))
        return self

    def __exit__(self, *problem: object) -> None:
        del self.multiply, self.change, self._engine


def _change(lanes: int) -> str:
    """In LLVM's language: `_ARRAYS` arrays, one behind the other, of so many numbers are gone through side by side."""
    vector, places = f"<{lanes} x float>", range(_ARRAYS)
    body = [
        f"""  %f{n} = mul i64 %size, {n}
  %o{n} = add i64 %i, %f{n}
  %p{n} = getelementptr float, ptr %start, i64 %o{n}
  %x{n} = load {vector}, ptr %p{n}, align 4
  %y{n} = fneg {vector} %x{n}
  store {vector} %y{n}, ptr %p{n}, align 4"""
        for n in places
    ]
    return "\n".join(
        [
            "define void @change(ptr %start, i64 %size) {",
            "entry:",
            "  br label %loop",
            "loop:",
            "  %i = phi i64 [0, %entry], [%j, %loop]",
            *body,
            f"  %j = add i64 %i, {lanes}",
            "  %more = icmp slt i64 %j, %size",
            "  br i1 %more, label %loop, label %done",
            "done:",
            "  ret void",
            "}",
            "",
        ]
    )


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
            "",
        ]
    )


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.partition(":")[2].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
