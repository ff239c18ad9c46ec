"""The native code around compiled kernels: it walks schedules with one thread or many, step after step.

A schedule is an array of 8-byte words: for each phase its number of kernels, whether it writes state, its number of
chunks and into about how many claims those of a kernel are cut; then for each kernel its address, its number of chunks
and, for the body of a loop, which turn it is. Chunks are numbered through all phases and runs by one counter, from
which threads take the next ones; a phase begins when every chunk before it is done, whoever did it. So a thread that
the system has put to sleep holds up nobody but the chunk it was at.

Between two steps of a run nothing but addresses changes: a move says which word of the table becomes which base plus
how much a step. A step may begin with kernels that gather rows; `match` takes the addresses of arrays from numpy's
own records, whose layout is part of numpy's binary interface and is tried out before it is relied on.

The caller's thread looks at the clock between chunks, at the back edges of loops and while it waits; now and then it
asks Python whether Ctrl-C was pressed. If so, the step is given up, unless it has begun to write state: then it is the
last one. Which of the two comes first is settled by one atomic word.
"""

from __future__ import annotations

import ctypes
import hashlib
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from weft.engines.native import cache as kept
from weft.engines.native import codegen
from weft.engines.native.target import Target

#: words of the control block, each on a cache line of its own where several threads write it
RUNS, _TABLE, _SCHEDULE, _PHASES, _BASE, STOP = 0, 1, 2, 3, 4, 5
_CLAIMED, _DONE, ASLEEP, _INSIDE, _OPEN = 8, 16, 24, 32, 40
#: which processor workers keep off, how many there are, the processors they may run on (a bit each), their kernel's ids
APART, COUNT, ALLOWED, IDS = 48, 49, 56, 72
#: words of that set of processors
SET = IDS - ALLOWED

#: words of the flag that the table's first word points to: which check failed, how many steps have succeeded, whether
#: the step has begun to write (1) or is given up (2), the address of `ASKED`'s functions
FAILED, FINISHED, _STATE, ASKING = 0, 1, 2, 3
#: on a cache line that only the caller's thread writes: when it asked last, when it looked last, whether to stop, and
#: the address of `look`
_LAST, _SEEN, _WANTED, LOOK = 12, 13, 14, 15
FLAGS = 24
#: what the first word holds where a step was given up
_GIVEN_UP = -1
#: the clock's ticks between two questions: of the processor, 0.1 to 0.3 seconds; else nanoseconds
_TICKS = {True: 400_000_000, False: 200_000_000}
#: the most turns of a loop between two looks at the clock
_TURNS = 256

#: how often a waiting worker looks before it sleeps: bursts of pauses, between which it lets others run
_BURST, _BURSTS = 512, 12

_PAUSE_X86 = "call void @llvm.x86.sse2.pause()"
_PAUSE_ARM = "call void @llvm.aarch64.hint(i32 1)"


def _text(target: Target, futex: bool) -> str:
    """The module: `steps` for the caller, `worker` for the other threads, `match` for what is given."""
    arm = "aarch64" in target.triple or "arm64" in target.triple
    pause = _PAUSE_ARM if arm else _PAUSE_X86
    declared = "declare void @llvm.aarch64.hint(i32)" if arm else "declare void @llvm.x86.sse2.pause()"
    yields = "call i32 @sched_yield()" if sys.platform != "win32" else pause
    number = 98 if arm else 202  # the system call `futex`
    wait = f"call i64 (i64, ...) @syscall(i64 {number}, ptr %runs, i32 128, i64 %last, ptr null)" if futex else ""
    wake = f"call i64 (i64, ...) @syscall(i64 {number}, ptr %pool, i32 129, i32 1073741824)" if futex else ""
    apart = "call void @apart(ptr %pool)" if futex else ""
    return f"""
{declared}
declare i32 @sched_yield()
declare i64 @syscall(i64, ...)
{_apart(122 if arm else 203) if futex else ""}
{_look(arm)}
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

define internal i1 @may_not_write(ptr %table) nounwind #0 {{
begin:
  %flag_at = load ptr, ptr %table, align 8
  %flag = load atomic i64, ptr %flag_at monotonic, align 8
  %set = icmp ne i64 %flag, 0
  br i1 %set, label %out, label %look
look:
  %state_at = getelementptr i64, ptr %flag_at, i64 {_STATE}
  %state = load atomic i64, ptr %state_at acquire, align 8
  %fresh = icmp eq i64 %state, 0
  br i1 %fresh, label %settle, label %settled
settle:
  %pair = cmpxchg ptr %state_at, i64 0, i64 1 acq_rel acquire
  %old = extractvalue {{ i64, i1 }} %pair, 0
  br label %settled
settled:
  %now = phi i64 [ %state, %look ], [ %old, %settle ]
  %given_up = icmp eq i64 %now, 2
  br label %out
out:
  %bad = phi i1 [ true, %begin ], [ %given_up, %settled ]
  ret i1 %bad
}}

define internal void @run(ptr %table, ptr %schedule, i64 %phases) nounwind #0 {{
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
  %bad = call i1 @may_not_write(ptr %table)
  br i1 %bad, label %out, label %go
go:
  %share = udiv i64 %total, {_PARTS}
  %grain = add i64 %share, 1
  br label %part
part:
  %first = phi i64 [ 0, %go ], [ %end, %do ]
  %left = sub i64 %total, %first
  %work = icmp sgt i64 %left, 0
  br i1 %work, label %do, label %next
do:
  %less = icmp slt i64 %left, %grain
  %count = select i1 %less, i64 %left, i64 %grain
  %end = add i64 %first, %count
  call void @chunks(ptr %entry, ptr %table, i64 %first, i64 %count, i64 0)
  %gap = call i64 @look(ptr %table, i64 1, i64 0)
  %stop = icmp eq i64 %gap, 0
  br i1 %stop, label %out, label %part
next:
  %p2 = add i64 %p, 1
  %further = icmp slt i64 %p2, %phases
  br i1 %further, label %phase, label %out
out:
  ret void
}}

define internal i1 @until(ptr %word, i64 %wanted, ptr %table, i64 %thread) nounwind #0 {{
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
  %gap = call i64 @look(ptr %table, i64 1, i64 %thread)
  %failed = call i1 @failed(ptr %table)
  br i1 %failed, label %out, label %look
out:
  %ended = phi i1 [ true, %look ], [ false, %others ]
  ret i1 %ended
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
  %parts_at = getelementptr i64, ptr %at, i64 3
  %parts = load i64, ptr %parts_at, align 8
  %entry = getelementptr i64, ptr %at, i64 4
  %words = mul i64 %kernels, 3
  %after = getelementptr i64, ptr %entry, i64 %words
  %end = add i64 %start, %total
  %begins = call i1 @until(ptr %done, i64 %start, ptr %table, i64 %thread)
  br i1 %begins, label %may, label %out
may:
  %guarded = icmp ne i64 %writes, 0
  br i1 %guarded, label %guard, label %begun
guard:
  %bad = call i1 @may_not_write(ptr %table)
  br i1 %bad, label %out, label %begun
begun:
  br label %claim
claim:
  %e = phi ptr [ %entry, %begun ], [ %k, %try ], [ %k, %counted ]
  %e_start = phi i64 [ %start, %begun ], [ %k_start, %try ], [ %k_start, %counted ]
  %now = load atomic i64, ptr %claimed acquire, align 8
  %open = icmp slt i64 %now, %end
  br i1 %open, label %find, label %next
find:
  %k = phi ptr [ %e, %claim ], [ %k2, %pass ]
  %k_start = phi i64 [ %e_start, %claim ], [ %k_end, %pass ]
  %size_at = getelementptr i64, ptr %k, i64 1
  %size = load i64, ptr %size_at, align 8
  %k_end = add i64 %k_start, %size
  %beyond = icmp sge i64 %now, %k_end
  %k2 = getelementptr i64, ptr %k, i64 3
  br i1 %beyond, label %pass, label %try
pass:
  br label %find
try:
  %share = udiv i64 %size, %parts
  %none = icmp eq i64 %share, 0
  %grain = select i1 %none, i64 1, i64 %share
  %wish = add i64 %now, %grain
  %over = icmp sgt i64 %wish, %k_end
  %upto = select i1 %over, i64 %k_end, i64 %wish
  %pair = cmpxchg ptr %claimed, i64 %now, i64 %upto acq_rel monotonic
  %ours = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %ours, label %do, label %claim
do:
  %first = sub i64 %now, %k_start
  %count = sub i64 %upto, %now
  call void @chunks(ptr %k, ptr %table, i64 %first, i64 %count, i64 %thread)
  %old = atomicrmw add ptr %done, i64 %count acq_rel
  br label %counted
counted:
  %gap = call i64 @look(ptr %table, i64 1, i64 %thread)
  %given_up = call i1 @given_up(ptr %table)
  br i1 %given_up, label %out, label %claim
next:
  %p2 = add i64 %p, 1
  %further = icmp slt i64 %p2, %phases
  br i1 %further, label %phase, label %out
out:
  %reached = phi i64 [ %base, %begin ], [ %base, %phase ], [ %start, %guard ], [ %base, %counted ], [ %end, %next ]
  ret i64 %reached
}}

define internal void @dispatch(ptr %pool, ptr %table, ptr %schedule, i64 %phases) nounwind #0 {{
begin:
  %claimed = getelementptr i64, ptr %pool, i64 {_CLAIMED}
  %done = getelementptr i64, ptr %pool, i64 {_DONE}
  %asleep_at = getelementptr i64, ptr %pool, i64 {ASLEEP}
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
  {apart}
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
  %ended = call i1 @until(ptr %done, i64 %reached, ptr %table, i64 0)
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
  ret void
}}

{_STEPS}
{_gather()}
{_match()}
define i64 @worker(ptr %pool, i64 %thread, i64 %seen) nounwind #0 {{
begin:
  %stop_at = getelementptr i64, ptr %pool, i64 {STOP}
  %asleep_at = getelementptr i64, ptr %pool, i64 {ASLEEP}
  %inside_at = getelementptr i64, ptr %pool, i64 {_INSIDE}
  %open_at = getelementptr i64, ptr %pool, i64 {_OPEN}
  %runs = getelementptr i64, ptr %pool, i64 {RUNS}
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


#: parts into which one thread alone cuts a phase, between which it looks at the clock
_PARTS = 16


def _look(arm: bool) -> str:
    """`look`: where Ctrl-C was pressed, gives the step up if it may. It is told after how many turns it is called, and
    says after how many it wants to be called again: 0 where the step is given up."""
    if arm:  # a clock that any process may read
        monotonic = 6 if sys.platform == "darwin" else 1
        clock = f"""
declare i32 @clock_gettime(i32, ptr)
define internal i64 @now() nounwind #0 {{
  %pair = alloca [2 x i64], align 8
  %r = call i32 @clock_gettime(i32 {monotonic}, ptr %pair)
  %seconds = load i64, ptr %pair, align 8
  %rest_at = getelementptr i64, ptr %pair, i64 1
  %rest = load i64, ptr %rest_at, align 8
  %whole = mul i64 %seconds, 1000000000
  %time = add i64 %whole, %rest
  ret i64 %time
}}"""
    else:
        clock = """
declare i64 @llvm.readcyclecounter()
define internal i64 @now() nounwind #0 {
  %time = call i64 @llvm.readcyclecounter()
  ret i64 %time
}"""
    ticks = _TICKS[not arm]
    return f"""{clock}
define internal i1 @given_up(ptr %table) nounwind #0 {{
  %flag_at = load ptr, ptr %table, align 8
  %flag = load atomic i64, ptr %flag_at monotonic, align 8
  %set = icmp eq i64 %flag, {_GIVEN_UP}
  ret i1 %set
}}

define i64 @look(ptr %table, i64 %gap, i64 %thread) nounwind #0 {{
begin:
  %caller = icmp eq i64 %thread, 0
  br i1 %caller, label %time, label %other
other:
  ret i64 {1 << 62}
time:
  %flag = load ptr, ptr %table, align 8
  %last_at = getelementptr i64, ptr %flag, i64 {_LAST}
  %seen_at = getelementptr i64, ptr %flag, i64 {_SEEN}
  %last = load i64, ptr %last_at, align 8
  %seen = load i64, ptr %seen_at, align 8
  %now = call i64 @now()
  store i64 %now, ptr %seen_at, align 8
  %since = sub i64 %now, %seen
  %often = icmp slt i64 %since, {ticks // 64}
  %few = icmp slt i64 %gap, {_TURNS}
  %grows = and i1 %often, %few
  %double = shl i64 %gap, 1
  %half = lshr i64 %gap, 1
  %least = icmp eq i64 %half, 0
  %shorter = select i1 %least, i64 1, i64 %half
  %seldom = icmp sgt i64 %since, {ticks // 8}
  %kept = select i1 %seldom, i64 %shorter, i64 %gap
  %next = select i1 %grows, i64 %double, i64 %kept
  %passed = sub i64 %now, %last
  %due = icmp sgt i64 %passed, {ticks}
  br i1 %due, label %ask, label %go_on
ask:
  store i64 %now, ptr %last_at, align 8
  %words_at = getelementptr i64, ptr %flag, i64 {ASKING}
  %words = load ptr, ptr %words_at, align 8
  %none = icmp eq ptr %words, null
  br i1 %none, label %go_on, label %python
python:
  %ensure = load ptr, ptr %words, align 8
  %release_at = getelementptr i64, ptr %words, i64 1
  %release = load ptr, ptr %release_at, align 8
  %pressed_at = getelementptr i64, ptr %words, i64 2
  %pressed = load ptr, ptr %pressed_at, align 8
  %held = call i32 %ensure()
  %yes = call i32 %pressed()
  call void %release(i32 %held)
  %stop = icmp ne i32 %yes, 0
  br i1 %stop, label %give_up, label %go_on
give_up:
  %wanted_at = getelementptr i64, ptr %flag, i64 {_WANTED}
  store i64 1, ptr %wanted_at, align 8
  %state_at = getelementptr i64, ptr %flag, i64 {_STATE}
  %pair = cmpxchg ptr %state_at, i64 0, i64 2 acq_rel acquire
  %ours = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %ours, label %given_up, label %go_on
given_up:
  store atomic i64 {_GIVEN_UP}, ptr %flag release, align 8
  ret i64 0
go_on:
  ret i64 %next
}}
"""


def _apart(number: int) -> str:
    """`apart`: lets workers run where the caller does not.

    A kernel may wake a worker on the caller's own processor, and leave it there for many runs although another one is
    idle: neither of the two is seen to wait for anything. Asking where the caller runs is cheap, and the system call
    (`number`: to set the processors of a thread) is made only when it has moved.
    """
    return f"""
declare i32 @sched_getcpu()

define internal void @apart(ptr %pool) nounwind #0 {{
begin:
  %here32 = call i32 @sched_getcpu()
  %here = sext i32 %here32 to i64
  %last_at = getelementptr i64, ptr %pool, i64 {APART}
  %last = load i64, ptr %last_at, align 8
  %same = icmp eq i64 %here, %last
  br i1 %same, label %out, label %moved
moved:
  store i64 %here, ptr %last_at, align 8
  %inside = icmp ult i64 %here, {SET * 64}
  br i1 %inside, label %find, label %out
find:
  %set = getelementptr i64, ptr %pool, i64 {ALLOWED}
  %number = lshr i64 %here, 6
  %word_at = getelementptr i64, ptr %set, i64 %number
  %word = load i64, ptr %word_at, align 8
  %place = and i64 %here, 63
  %bit = shl i64 1, %place
  %others = xor i64 %bit, -1
  %rest = and i64 %word, %others
  store i64 %rest, ptr %word_at, align 8
  %count_at = getelementptr i64, ptr %pool, i64 {COUNT}
  %count = load i64, ptr %count_at, align 8
  br label %look
look:
  %w = phi i64 [ 0, %find ], [ %w2, %worker ]
  %more = icmp slt i64 %w, %count
  br i1 %more, label %worker, label %done
worker:
  %id_number = add i64 %w, {IDS}
  %id_at = getelementptr i64, ptr %pool, i64 %id_number
  %id = load i64, ptr %id_at, align 8
  %r = call i64 (i64, ...) @syscall(i64 {number}, i64 %id, i64 {SET * 8}, ptr %set)
  %w2 = add i64 %w, 1
  br label %look
done:
  store i64 %word, ptr %word_at, align 8
  br label %out
out:
  ret void
}}
"""


#: runs steps until a check fails; returns how many have succeeded, as a negative number (n as -1 - n) after Ctrl-C
_STEPS = f"""
define i64 @steps(
  ptr %pool, ptr %table, ptr %schedule, i64 %phases, ptr %moves, i64 %count, i64 %first, i64 %steps
) nounwind #0 {{
begin:
  %flag_at = load ptr, ptr %table, align 8
  %finished_at = getelementptr i64, ptr %flag_at, i64 {FINISHED}
  %before = load i64, ptr %finished_at, align 8
  %state_at = getelementptr i64, ptr %flag_at, i64 {_STATE}
  %wanted_at = getelementptr i64, ptr %flag_at, i64 {_WANTED}
  %last_at = getelementptr i64, ptr %flag_at, i64 {_LAST}
  %seen_at = getelementptr i64, ptr %flag_at, i64 {_SEEN}
  %time = call i64 @now()
  store i64 %time, ptr %last_at, align 8
  store i64 %time, ptr %seen_at, align 8
  %alone = icmp eq ptr %pool, null
  br label %step
step:
  %s = phi i64 [ 0, %begin ], [ %s2, %next ]
  %some = icmp slt i64 %s, %steps
  br i1 %some, label %moving, label %out
moving:
  store atomic i64 0, ptr %state_at release, align 8
  %number = add i64 %first, %s
  br label %look
look:
  %m = phi i64 [ 0, %moving ], [ %m2, %move ]
  %further = icmp slt i64 %m, %count
  br i1 %further, label %move, label %go
move:
  %word = mul i64 %m, 3
  %slot_at = getelementptr i64, ptr %moves, i64 %word
  %slot = load i64, ptr %slot_at, align 8
  %base_at = getelementptr i64, ptr %slot_at, i64 1
  %base = load i64, ptr %base_at, align 8
  %stride_at = getelementptr i64, ptr %slot_at, i64 2
  %stride = load i64, ptr %stride_at, align 8
  %offset = mul i64 %stride, %number
  %address = add i64 %base, %offset
  %place = getelementptr i64, ptr %table, i64 %slot
  store i64 %address, ptr %place, align 8
  %m2 = add i64 %m, 1
  br label %look
go:
  br i1 %alone, label %serial, label %shared
serial:
  call void @run(ptr %table, ptr %schedule, i64 %phases)
  br label %done
shared:
  call void @dispatch(ptr %pool, ptr %table, ptr %schedule, i64 %phases)
  br label %done
done:
  %flag = load atomic i64, ptr %flag_at monotonic, align 8
  %bad = icmp ne i64 %flag, 0
  br i1 %bad, label %out, label %next
next:
  %s2 = add i64 %s, 1
  %finished = add i64 %before, %s2
  store i64 %finished, ptr %finished_at, align 8
  %wanted = load i64, ptr %wanted_at, align 8
  %last = icmp ne i64 %wanted, 0
  br i1 %last, label %asked, label %step
out:
  %stop = load i64, ptr %wanted_at, align 8
  %stopped = icmp ne i64 %stop, 0
  br i1 %stopped, label %asked, label %end
asked:
  %succeeded = phi i64 [ %s2, %next ], [ %s, %out ]
  store i64 0, ptr %wanted_at, align 8
  %pair = cmpxchg ptr %flag_at, i64 {_GIVEN_UP}, i64 0 monotonic monotonic
  %told = xor i64 %succeeded, -1
  br label %end
end:
  %result = phi i64 [ %s, %out ], [ %told, %asked ]
  ret i64 %result
}}
"""

#: words of a gathering: where the rows lie, bytes of one, how many, the address of their numbers, where they go, and
#: how many a chunk takes
GATHERING = 6
#: bytes of the next row that are asked for while one is copied: rows lie anywhere, and the first bytes come latest
_AHEAD = 4096


def _gather() -> str:
    words = "\n".join(
        f"  %{name}_at = getelementptr i64, ptr %block, i64 {number}\n  %{name} = load {kind}, ptr %{name}_at, align 8"
        for number, (name, kind) in enumerate(
            (("source", "ptr"), ("bytes", "i64"), ("rows", "i64"), ("order", "ptr"), ("goal", "ptr"), ("each", "i64"))
        )
    )
    return f"""
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.prefetch.p0(ptr, i32, i32, i32)

define void @gather(ptr %table, i64 %chunk, i64 %thread, i64 %where) nounwind #0 {{
begin:
  %block = getelementptr i64, ptr %table, i64 %where
{words}
  %first = mul i64 %chunk, %each
  %wish = add i64 %first, %each
  %over = icmp sgt i64 %wish, %rows
  %end = select i1 %over, i64 %rows, i64 %wish
  %long = icmp sgt i64 %bytes, {_AHEAD}
  %near = select i1 %long, i64 {_AHEAD}, i64 %bytes
  br label %look
look:
  %r = phi i64 [ %first, %begin ], [ %r2, %now ]
  %some = icmp slt i64 %r, %end
  br i1 %some, label %copy, label %out
copy:
  %r2 = add i64 %r, 1
  %later = icmp slt i64 %r2, %end
  br i1 %later, label %ahead, label %now
ahead:
  %next_at = getelementptr i64, ptr %order, i64 %r2
  %next_number = load i64, ptr %next_at, align 8
  %next_offset = mul i64 %next_number, %bytes
  %next = getelementptr i8, ptr %source, i64 %next_offset
  br label %ask
ask:
  %a = phi i64 [ 0, %ahead ], [ %a2, %ask ]
  %asked = getelementptr i8, ptr %next, i64 %a
  call void @llvm.prefetch.p0(ptr %asked, i32 0, i32 3, i32 1)
  %a2 = add i64 %a, 64
  %within = icmp slt i64 %a2, %near
  br i1 %within, label %ask, label %now
now:
  %number_at = getelementptr i64, ptr %order, i64 %r
  %number = load i64, ptr %number_at, align 8
  %offset = mul i64 %number, %bytes
  %from = getelementptr i8, ptr %source, i64 %offset
  %place = mul i64 %r, %bytes
  %to = getelementptr i8, ptr %goal, i64 %place
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 false)
  br label %look
out:
  ret void
}}
"""


#: bytes of what every Python object begins with; the last word of it is the object's class
_HEAD = object.__basicsize__
#: numpy's flags: rows in order, in memory of its own, aligned, writeable
_ORDERED, _OWN, _ALIGNED, _WRITEABLE = 0x1, 0x4, 0x100, 0x400


def _match() -> str:
    """`match`: whether arrays in a list are as a signature says; if so, their addresses go into the table.

    A signature is the address of numpy's class of arrays, then for each array the table's word (or -1), the flags
    that it must have, the address of its dtype, its rank and its sizes.
    """
    return f"""
define i64 @match(ptr %list, ptr %signature, i64 %count, ptr %table) nounwind #0 {{
begin:
  %items_at = getelementptr i8, ptr %list, i64 {_HEAD + 8}
  %items = load ptr, ptr %items_at, align 8
  %class = load i64, ptr %signature, align 8
  %entries = getelementptr i64, ptr %signature, i64 1
  br label %look
look:
  %i = phi i64 [ 0, %begin ], [ %i2, %next ]
  %entry = phi ptr [ %entries, %begin ], [ %after, %next ]
  %some = icmp slt i64 %i, %count
  br i1 %some, label %item, label %out
item:
  %object_at = getelementptr ptr, ptr %items, i64 %i
  %object = load ptr, ptr %object_at, align 8
  %class_at = getelementptr i8, ptr %object, i64 {_HEAD - 8}
  %its_class = load i64, ptr %class_at, align 8
  %is_array = icmp eq i64 %its_class, %class
  br i1 %is_array, label %array, label %out
array:
  %mask_at = getelementptr i64, ptr %entry, i64 1
  %mask = load i64, ptr %mask_at, align 8
  %wanted_at = getelementptr i64, ptr %entry, i64 2
  %wanted = load i64, ptr %wanted_at, align 8
  %rank_at = getelementptr i64, ptr %entry, i64 3
  %rank = load i64, ptr %rank_at, align 8
  %sizes = getelementptr i64, ptr %entry, i64 4
  %after = getelementptr i64, ptr %sizes, i64 %rank
  %descr_at = getelementptr i8, ptr %object, i64 {_HEAD + 40}
  %descr = load i64, ptr %descr_at, align 8
  %same = icmp eq i64 %descr, %wanted
  br i1 %same, label %laid, label %out
laid:
  %flags_at = getelementptr i8, ptr %object, i64 {_HEAD + 48}
  %flags32 = load i32, ptr %flags_at, align 4
  %flags = zext i32 %flags32 to i64
  %has = and i64 %flags, %mask
  %fits = icmp eq i64 %has, %mask
  %rank_has_at = getelementptr i8, ptr %object, i64 {_HEAD + 8}
  %rank_has32 = load i32, ptr %rank_has_at, align 4
  %rank_has = zext i32 %rank_has32 to i64
  %same_rank = icmp eq i64 %rank_has, %rank
  %both = and i1 %fits, %same_rank
  br i1 %both, label %sizing, label %out
sizing:
  %has_at = getelementptr i8, ptr %object, i64 {_HEAD + 16}
  %has_sizes = load ptr, ptr %has_at, align 8
  br label %size
size:
  %d = phi i64 [ 0, %sizing ], [ %d2, %compare ]
  %more = icmp slt i64 %d, %rank
  br i1 %more, label %compare, label %take
compare:
  %one_at = getelementptr i64, ptr %has_sizes, i64 %d
  %one = load i64, ptr %one_at, align 8
  %other_at = getelementptr i64, ptr %sizes, i64 %d
  %other = load i64, ptr %other_at, align 8
  %equal = icmp eq i64 %one, %other
  %d2 = add i64 %d, 1
  br i1 %equal, label %size, label %out
take:
  %slot = load i64, ptr %entry, align 8
  %wants = icmp sge i64 %slot, 0
  br i1 %wants, label %store, label %next
store:
  %data_at = getelementptr i8, ptr %object, i64 {_HEAD}
  %data = load i64, ptr %data_at, align 8
  %place = getelementptr i64, ptr %table, i64 %slot
  store i64 %data, ptr %place, align 8
  br label %next
next:
  %i2 = add i64 %i, 1
  br label %look
out:
  %reached = phi i64 [ %i, %look ], [ %i, %item ], [ %i, %array ], [ %i, %laid ], [ %i, %compare ]
  ret i64 %reached
}}
"""


def entry(shape: Sequence[int], dtype: Any, slot: int, state: bool = False) -> list[int]:
    """The words of a signature for an array of this kind, whose address goes into a word of the table."""
    mask = _ORDERED | _ALIGNED | (_OWN | _WRITEABLE if state else 0)
    return [slot, mask, id(dtype), len(shape), *shape]


def signature(entries: list[list[int]]) -> np.ndarray[Any, Any]:
    """The signature of several arrays."""
    return np.array([id(np.ndarray), *(word for each in entries for word in each)], np.int64)


class Driver:
    """The code in memory, as Python calls it.

    Attributes:
        match: (list, signature, count, table) -> how many of the arrays fit; None where numpy or Python keep their
            records in another way than known here.
    """

    def __init__(self, target: Target, futex: bool) -> None:
        text = _text(target, futex)
        name = kept.key(hashlib.sha256(text.encode()).hexdigest(), target, False)
        self._code = codegen.Code(kept.part(name, lambda: codegen.to_object(text, target)), target)
        address, words, whole = self._code.address, ctypes.c_void_p, ctypes.c_int64
        self.steps = ctypes.CFUNCTYPE(whole, words, words, words, whole, words, whole, whole, whole)(address("steps"))
        self.worker = ctypes.CFUNCTYPE(whole, words, whole, whole)(address("worker"))
        self.gather, self.look = address("gather"), address("look")
        self._match = ctypes.CFUNCTYPE(whole, words, words, whole, words)(address("match"))
        self.match = self._match if self._knows_records() else None

    def _knows_records(self) -> bool:
        """Whether arrays are kept as `match` believes: tried out on some."""
        if sys.implementation.name != "cpython":
            return False
        whole = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
        arrays = [whole, np.zeros((), np.int64), np.zeros((0, 5), np.uint8), whole[1]]
        if list.__basicsize__ != _HEAD + 24 or not self._finds(arrays, arrays, 4):
            return False
        wrong: list[Any] = [whole.T, whole[:, ::2], np.zeros((2, 3, 4)), np.zeros((2, 3, 5), np.float32), whole[0], 7]
        return all(self._finds([whole, other], [whole, whole], 1) for other in wrong)

    def _finds(self, given: list[Any], like: list[Any], count: int) -> bool:
        words = signature([entry(array.shape, array.dtype, number) for number, array in enumerate(like)])
        table = np.zeros(len(like), np.int64)
        found = self._match(id(given), words.ctypes.data, len(given), table.ctypes.data)
        addresses = [array.ctypes.data for array in given[:count]]
        return bool(found == count and table[:count].tolist() == addresses)


@cache
def driver(target: Target, futex: bool) -> Driver:
    """The code for a machine, made once."""
    return Driver(target, futex)
