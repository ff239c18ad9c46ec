"""What the machine can do at best, measured: products and sums in registers, and copies of memory."""

from __future__ import annotations

import time
from functools import cache
from typing import NamedTuple

import numpy as np

from weft.engines.native import codegen, threads
from weft.engines.native.interrupts import FLAGS
from weft.engines.native.target import Target

_TURNS = 200_000  # rounds of the chains of products; some milliseconds
_MEMORY = 1 << 26  # bytes that are copied: more than caches hold
_CHAINS = 12  # enough that each result has come before its chain goes on


class Roofline(NamedTuple):
    """The machine's limits with all threads: operations and bytes a second."""

    flops: float
    bandwidth: float

    def least(self, flops: float, bytes: float) -> float:
        """The seconds that so much work takes at least."""
        return max(flops / self.flops, bytes / self.bandwidth)


def _text(target: Target) -> str:
    kind = f"<{target.lanes(4)} x float>"
    name = f"llvm.fmuladd.v{target.lanes(4)}f32"
    chains = range(_CHAINS)
    starts = "\n".join(f"  %s{c} = load volatile {kind}, ptr %cell, align 4" for c in chains)
    phis = "\n".join(f"  %x{c} = phi {kind} [ %s{c}, %begin ], [ %y{c}, %look ]" for c in chains)
    steps = "\n".join(f"  %y{c} = call {kind} @{name}({kind} %x{c}, {kind} %k, {kind} %k)" for c in chains)
    ends = "\n".join(f"  store volatile {kind} %y{c}, ptr %cell, align 4" for c in chains)
    return f"""
declare {kind} @{name}({kind}, {kind}, {kind})
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define void @products(ptr %table, i64 %chunk, i64 %thread, i64 %last) nounwind #0 {{
begin:
  %cell = alloca {kind}, align 64
  store volatile {kind} zeroinitializer, ptr %cell, align 4
  %k = load volatile {kind}, ptr %cell, align 4
{starts}
  br label %look
look:
  %n = phi i64 [ 0, %begin ], [ %m, %look ]
{phis}
{steps}
  %m = add i64 %n, 1
  %more = icmp slt i64 %m, {_TURNS}
  br i1 %more, label %look, label %out
out:
{ends}
  ret void
}}

define void @copies(ptr %table, i64 %chunk, i64 %thread, i64 %last) nounwind #0 {{
begin:
  %to_at = getelementptr i64, ptr %table, i64 1
  %to = load ptr, ptr %to_at, align 8
  %from_at = getelementptr i64, ptr %table, i64 2
  %from = load ptr, ptr %from_at, align 8
  %offset = mul i64 %chunk, %last
  %goal = getelementptr i8, ptr %to, i64 %offset
  %source = getelementptr i8, ptr %from, i64 %offset
  call void @llvm.memcpy.p0.p0.i64(ptr %goal, ptr %source, i64 %last, i1 false)
  ret void
}}
"""


@cache
def measured(target: Target, count: int) -> Roofline:
    """The limits of a machine with so many threads; measured once, in about a tenth of a second."""
    code = codegen.Code(codegen.to_object(_text(target), target), target)
    pool = threads.pool(target)
    flag, memory = np.zeros(FLAGS, np.int64), np.zeros((2, _MEMORY), np.uint8)
    table = np.array([flag.ctypes.data, memory[0].ctypes.data, memory[1].ctypes.data], np.int64)

    def best(kernel: str, chunks: int, last: int) -> float:
        # as many claims as chunks: one claim of all would leave the work to one thread
        schedule = np.array([1, 0, chunks, chunks, code.address(kernel), chunks, last], np.int64)
        found = float("inf")
        for _ in range(8):
            begin = time.perf_counter()
            pool.run(table.ctypes.data, schedule.ctypes.data, 1, True)
            found = min(found, time.perf_counter() - begin)
        return found

    flops = 2 * target.lanes(4) * _CHAINS * _TURNS * 2 * count / best("products", 2 * count, 0)
    chunk = _MEMORY // (8 * count)
    return Roofline(flops, 2 * chunk * 8 * count / best("copies", 8 * count, chunk))


