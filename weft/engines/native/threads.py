"""The pool of threads that runs schedules, and the native code that it is made of.

A schedule is an array of 8-byte words: for each phase its number of kernels, whether it writes state, its number of
chunks and how many of them are claimed at a time; then for each kernel its
address, its number of chunks and, for the body of a loop, which turn it is. Chunks
are numbered through all phases and runs by one counter, from which threads take the next ones; a phase begins when
every chunk before it is done, whoever did it. So a thread that the system has put to sleep holds up nobody but the
chunk it was at.

Workers wait for a run by spinning for a moment, then sleep: on Linux in the kernel (a futex on the counter of runs),
elsewhere by returning to Python and waiting there. Nothing that is computed depends on the number of threads.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
import threading
from typing import Any

import numpy as np

from weft.base import flags
from weft.engines.native import codegen
from weft.engines.native.target import Target

#: words of the control block, each on a cache line of its own where several threads write it
_RUNS, _TABLE, _SCHEDULE, _PHASES, _BASE, _STOP = 0, 1, 2, 3, 4, 5
_CLAIMED, _DONE, _ASLEEP, _INSIDE, _OPEN = 8, 16, 24, 32, 40
_WORDS = 48

#: how often a waiting worker looks before it sleeps: bursts of pauses, between which it lets others run
_BURST, _BURSTS = 512, 12

_PAUSE_X86 = "call void @llvm.x86.sse2.pause()"
_PAUSE_ARM = "call void @llvm.aarch64.hint(i32 1)"


def _text(target: Target, futex: bool) -> str:
    """The module: `run` for one thread, `dispatch` for the caller of many, `worker` for the others."""
    arm = "aarch64" in target.triple or "arm64" in target.triple
    pause = _PAUSE_ARM if arm else _PAUSE_X86
    declared = "declare void @llvm.aarch64.hint(i32)" if arm else "declare void @llvm.x86.sse2.pause()"
    yields = "call i32 @sched_yield()" if sys.platform != "win32" else pause
    number = 98 if arm else 202  # the system call `futex`
    wait = f"call i64 (i64, ...) @syscall(i64 {number}, ptr %runs, i32 128, i64 %last, ptr null)" if futex else ""
    wake = f"call i64 (i64, ...) @syscall(i64 {number}, ptr %pool, i32 129, i32 1073741824)" if futex else ""
    return f"""
{declared}
declare i32 @sched_yield()
declare i64 @syscall(i64, ...)

define internal void @chunks(ptr %entry, ptr %table, i64 %first, i64 %count, i64 %thread) nounwind #0 {{
begin:
  br label %find
find:
  %e = phi ptr [ %entry, %begin ], [ %e2, %skip ], [ %e2, %used ]
  %at = phi i64 [ %first, %begin ], [ %at2, %skip ], [ 0, %used ]
  %left = phi i64 [ %count, %begin ], [ %left, %skip ], [ %left2, %used ]
  %size_at = getelementptr i64, ptr %e, i64 1
  %size = load i64, ptr %size_at, align 8
  %turn_at = getelementptr i64, ptr %e, i64 2
  %turn_number = load i64, ptr %turn_at, align 8
  %e2 = getelementptr i64, ptr %e, i64 3
  %here = icmp slt i64 %at, %size
  br i1 %here, label %enter, label %skip
skip:
  %at2 = sub i64 %at, %size
  br label %find
enter:
  %function = load ptr, ptr %e, align 8
  %room = sub i64 %size, %at
  %fits = icmp slt i64 %left, %room
  %turns = select i1 %fits, i64 %left, i64 %room
  %stop = add i64 %at, %turns
  br label %turn
turn:
  %c = phi i64 [ %at, %enter ], [ %c2, %turn ]
  call void %function(ptr %table, i64 %c, i64 %thread, i64 %turn_number)
  %c2 = add i64 %c, 1
  %more = icmp slt i64 %c2, %stop
  br i1 %more, label %turn, label %used
used:
  %left2 = sub i64 %left, %turns
  %any = icmp sgt i64 %left2, 0
  br i1 %any, label %find, label %out
out:
  ret void
}}

define internal i1 @failed(ptr %table) nounwind #0 {{
  %flag_at = load ptr, ptr %table, align 8
  %flag = load atomic i64, ptr %flag_at monotonic, align 8
  %set = icmp ne i64 %flag, 0
  ret i1 %set
}}

define void @run(ptr %table, ptr %schedule, i64 %phases) nounwind #0 {{
begin:
  %some = icmp sgt i64 %phases, 0
  br i1 %some, label %phase, label %out
phase:
  %p = phi i64 [ 0, %begin ], [ %p2, %next ]
  %at = phi ptr [ %schedule, %begin ], [ %after, %next ]
  %kernels = load i64, ptr %at, align 8
  %writes_at = getelementptr i64, ptr %at, i64 1
  %writes = load i64, ptr %writes_at, align 8
  %total_at = getelementptr i64, ptr %at, i64 2
  %total = load i64, ptr %total_at, align 8
  %entry = getelementptr i64, ptr %at, i64 4
  %words = mul i64 %kernels, 3
  %after = getelementptr i64, ptr %entry, i64 %words
  %guarded = icmp ne i64 %writes, 0
  br i1 %guarded, label %guard, label %go
guard:
  %bad = call i1 @failed(ptr %table)
  br i1 %bad, label %out, label %go
go:
  %work = icmp sgt i64 %total, 0
  br i1 %work, label %do, label %next
do:
  call void @chunks(ptr %entry, ptr %table, i64 0, i64 %total, i64 0)
  br label %next
next:
  %p2 = add i64 %p, 1
  %further = icmp slt i64 %p2, %phases
  br i1 %further, label %phase, label %out
out:
  %end_flag_at = load ptr, ptr %table, align 8
  %finished_at = getelementptr i64, ptr %end_flag_at, i64 1
  store i64 1, ptr %finished_at, align 8
  ret void
}}

define internal void @until(ptr %word, i64 %wanted) nounwind #0 {{
begin:
  br label %look
look:
  %n = phi i64 [ 0, %begin ], [ %n2, %wait ], [ 0, %others ]
  %value = load atomic i64, ptr %word acquire, align 8
  %there = icmp sge i64 %value, %wanted
  br i1 %there, label %out, label %wait
wait:
  {pause}
  %n2 = add i64 %n, 1
  %long = icmp sge i64 %n2, {_BURST}
  br i1 %long, label %others, label %look
others:
  {yields}
  br label %look
out:
  ret void
}}

define internal i64 @work(ptr %pool, ptr %table, ptr %schedule, i64 %phases, i64 %base, i64 %thread) nounwind #0 {{
begin:
  %claimed = getelementptr i64, ptr %pool, i64 {_CLAIMED}
  %done = getelementptr i64, ptr %pool, i64 {_DONE}
  %some = icmp sgt i64 %phases, 0
  br i1 %some, label %phase, label %out
phase:
  %p = phi i64 [ 0, %begin ], [ %p2, %next ]
  %at = phi ptr [ %schedule, %begin ], [ %after, %next ]
  %start = phi i64 [ %base, %begin ], [ %end, %next ]
  %kernels = load i64, ptr %at, align 8
  %writes_at = getelementptr i64, ptr %at, i64 1
  %writes = load i64, ptr %writes_at, align 8
  %total_at = getelementptr i64, ptr %at, i64 2
  %total = load i64, ptr %total_at, align 8
  %grain_at = getelementptr i64, ptr %at, i64 3
  %grain = load i64, ptr %grain_at, align 8
  %entry = getelementptr i64, ptr %at, i64 4
  %words = mul i64 %kernels, 3
  %after = getelementptr i64, ptr %entry, i64 %words
  %end = add i64 %start, %total
  call void @until(ptr %done, i64 %start)
  %guarded = icmp ne i64 %writes, 0
  br i1 %guarded, label %guard, label %claim
guard:
  %bad = call i1 @failed(ptr %table)
  br i1 %bad, label %out, label %claim
claim:
  %now = load atomic i64, ptr %claimed acquire, align 8
  %open = icmp slt i64 %now, %end
  br i1 %open, label %try, label %next
try:
  %wish = add i64 %now, %grain
  %over = icmp sgt i64 %wish, %end
  %upto = select i1 %over, i64 %end, i64 %wish
  %pair = cmpxchg ptr %claimed, i64 %now, i64 %upto acq_rel monotonic
  %ours = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %ours, label %do, label %claim
do:
  %first = sub i64 %now, %start
  %count = sub i64 %upto, %now
  call void @chunks(ptr %entry, ptr %table, i64 %first, i64 %count, i64 %thread)
  %old = atomicrmw add ptr %done, i64 %count acq_rel
  br label %claim
next:
  %p2 = add i64 %p, 1
  %further = icmp slt i64 %p2, %phases
  br i1 %further, label %phase, label %out
out:
  %reached = phi i64 [ %base, %begin ], [ %start, %guard ], [ %end, %next ]
  ret i64 %reached
}}

define void @dispatch(ptr %pool, ptr %table, ptr %schedule, i64 %phases) nounwind #0 {{
begin:
  %claimed = getelementptr i64, ptr %pool, i64 {_CLAIMED}
  %done = getelementptr i64, ptr %pool, i64 {_DONE}
  %asleep_at = getelementptr i64, ptr %pool, i64 {_ASLEEP}
  %inside_at = getelementptr i64, ptr %pool, i64 {_INSIDE}
  %open_at = getelementptr i64, ptr %pool, i64 {_OPEN}
  %base = load atomic i64, ptr %claimed acquire, align 8
  %t = getelementptr i64, ptr %pool, i64 {_TABLE}
  store ptr %table, ptr %t, align 8
  %s = getelementptr i64, ptr %pool, i64 {_SCHEDULE}
  store ptr %schedule, ptr %s, align 8
  %n = getelementptr i64, ptr %pool, i64 {_PHASES}
  store i64 %phases, ptr %n, align 8
  %b = getelementptr i64, ptr %pool, i64 {_BASE}
  store i64 %base, ptr %b, align 8
  store atomic i64 1, ptr %open_at seq_cst, align 8
  %run = atomicrmw add ptr %pool, i64 1 seq_cst
  %asleep = load atomic i64, ptr %asleep_at seq_cst, align 8
  %some = icmp ne i64 %asleep, 0
  br i1 %some, label %wake, label %go
wake:
  {wake}
  br label %go
go:
  %reached = call i64 @work(ptr %pool, ptr %table, ptr %schedule, i64 %phases, i64 %base, i64 0)
  call void @until(ptr %done, i64 %reached)
  store atomic i64 0, ptr %open_at seq_cst, align 8
  br label %look
look:
  %turn = phi i64 [ 0, %go ], [ %turn2, %wait ], [ 0, %others ]
  %inside = load atomic i64, ptr %inside_at seq_cst, align 8
  %busy = icmp ne i64 %inside, 0
  br i1 %busy, label %wait, label %out
wait:
  {pause}
  %turn2 = add i64 %turn, 1
  %long = icmp sge i64 %turn2, {_BURST}
  br i1 %long, label %others, label %look
others:
  {yields}
  br label %look
out:
  %end_flag_at = load ptr, ptr %table, align 8
  %finished_at = getelementptr i64, ptr %end_flag_at, i64 1
  store i64 1, ptr %finished_at, align 8
  ret void
}}

define i64 @worker(ptr %pool, i64 %thread, i64 %seen) nounwind #0 {{
begin:
  %stop_at = getelementptr i64, ptr %pool, i64 {_STOP}
  %asleep_at = getelementptr i64, ptr %pool, i64 {_ASLEEP}
  %inside_at = getelementptr i64, ptr %pool, i64 {_INSIDE}
  %open_at = getelementptr i64, ptr %pool, i64 {_OPEN}
  %runs = getelementptr i64, ptr %pool, i64 {_RUNS}
  br label %idle
idle:
  %last = phi i64 [ %seen, %begin ], [ %now, %closed ], [ %last, %woken ]
  br label %look
look:
  %turn = phi i64 [ 0, %idle ], [ %turn2, %pause ], [ 0, %others2 ]
  %burst = phi i64 [ 0, %idle ], [ %burst, %pause ], [ %burst2, %others2 ]
  %now = load atomic i64, ptr %runs acquire, align 8
  %new = icmp ne i64 %now, %last
  br i1 %new, label %enter, label %pause
pause:
  {pause}
  %turn2 = add i64 %turn, 1
  %long = icmp sge i64 %turn2, {_BURST}
  br i1 %long, label %others, label %look
others:
  {yields}
  %burst2 = add i64 %burst, 1
  %tired = icmp sge i64 %burst2, {_BURSTS}
  br i1 %tired, label %sleep, label %others2
others2:
  br label %look
sleep:
  {"br label %doze" if futex else "ret i64 %last"}
doze:
  %a = atomicrmw add ptr %asleep_at, i64 1 seq_cst
  {wait}
  %c = atomicrmw sub ptr %asleep_at, i64 1 seq_cst
  br label %woken
woken:
  br label %idle
enter:
  %stop = load atomic i64, ptr %stop_at acquire, align 8
  %ends = icmp ne i64 %stop, 0
  br i1 %ends, label %out, label %join
join:
  %i = atomicrmw add ptr %inside_at, i64 1 seq_cst
  %open = load atomic i64, ptr %open_at seq_cst, align 8
  %is_open = icmp ne i64 %open, 0
  br i1 %is_open, label %help, label %closed
help:
  %t = getelementptr i64, ptr %pool, i64 {_TABLE}
  %table = load ptr, ptr %t, align 8
  %s = getelementptr i64, ptr %pool, i64 {_SCHEDULE}
  %schedule = load ptr, ptr %s, align 8
  %n = getelementptr i64, ptr %pool, i64 {_PHASES}
  %phases = load i64, ptr %n, align 8
  %b = getelementptr i64, ptr %pool, i64 {_BASE}
  %base = load i64, ptr %b, align 8
  %r = call i64 @work(ptr %pool, ptr %table, ptr %schedule, i64 %phases, i64 %base, i64 %thread)
  br label %closed
closed:
  %o = atomicrmw sub ptr %inside_at, i64 1 seq_cst
  br label %idle
out:
  ret i64 -1
}}
"""


class Pool:
    """Threads that share the work of one run at a time.

    Args:
        target: The machine.
        count: How many threads there are, the caller's included.
        futex: Whether workers sleep in the kernel; chosen by the platform where None.
    """

    def __init__(self, target: Target, count: int, futex: bool | None = None) -> None:
        self.count = count
        self._futex = sys.platform == "linux" if futex is None else futex
        self._code = codegen.Code(codegen.to_object(_text(target, self._futex), target), target)
        address, words, whole = self._code.address, ctypes.c_void_p, ctypes.c_int64
        self._serial = ctypes.CFUNCTYPE(None, words, words, whole)(address("run"))
        self._dispatch = ctypes.CFUNCTYPE(None, words, words, words, whole)(address("dispatch"))
        self._worker = ctypes.CFUNCTYPE(whole, words, whole, whole)(address("worker"))
        raw = np.zeros(_WORDS + 8, np.int64)
        self._control = raw[-raw.ctypes.data % 64 // 8 :][:_WORDS]
        self._address = self._control.ctypes.data
        self._busy = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._waiting = 0  # workers that sleep in Python
        self._gate = threading.Semaphore(0)
        self._door = threading.Lock()

    def run(self, table: int, schedule: int, phases: int, parallel: bool) -> None:
        """Runs a schedule: with all threads where it pays and nobody else is using them, else with this one alone."""
        if not parallel or self.count == 1 or not self._busy.acquire(blocking=False):
            self._serial(table, schedule, phases)
            return
        try:
            if not self._threads:
                self._start()
            if not self._futex:
                self._open_gate()
            self._dispatch(self._address, table, schedule, phases)
        finally:
            self._busy.release()

    def _start(self) -> None:
        for number in range(1, self.count):
            thread = threading.Thread(target=self._work, args=(number,), name=f"weft-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def _work(self, number: int) -> None:
        seen = int(self._control[_RUNS])
        while True:
            seen = self._worker(self._address, number, seen)
            if seen < 0:
                return
            with self._door:
                if self._control[_STOP]:
                    return
                self._waiting += 1
            self._gate.acquire()

    def _open_gate(self) -> None:
        with self._door:
            sleepers, self._waiting = self._waiting, 0
        for _ in range(sleepers):
            self._gate.release()

    def stop(self) -> None:
        """Ends the workers and waits for them: their code must not go before they do."""
        if not self._threads:
            return
        with self._busy:
            self._control[_STOP] = 1
            self._open_gate()
            flag = np.zeros(2, np.int64)
            table = np.array([flag.ctypes.data], np.int64)
            self._dispatch(self._address, table.ctypes.data, self._address, 0)  # a run of nothing wakes them
        for thread in self._threads:
            thread.join()
        self._threads = []


_pool: Pool | None = None
_lock = threading.Lock()


def pool(target: Target) -> Pool:
    """The process's pool, made on first use; anew when `WEFT_NUM_THREADS` has changed."""
    global _pool
    found, count = _pool, flags.num_threads()
    if found is None or found.count != count:
        with _lock:
            if _pool is None or _pool.count != count:
                if _pool is not None:
                    _pool.stop()
                _pool = Pool(target, count)
        found = _pool
    return found


def _stop() -> None:
    if _pool is not None:
        _pool.stop()


def _forget() -> None:
    """In a child after fork there are no workers, and locks may be held by threads that are gone."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


atexit.register(_stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)

__all__: list[Any] = ["Pool", "pool"]
