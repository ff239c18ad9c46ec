"""The native code around compiled kernels: it walks schedules with one thread or many, step after step.

A schedule is an array of 8-byte words: for each phase its number of kernels, whether it writes state, its number of
chunks and into about how many claims those of a kernel are cut; then for each kernel its address, its number of chunks
and, for the body of a loop, which turn it is.

Threads share the work of a kernel by claims. Each thread has its own part of them, the same in every run, and begins
there: what it wrote in one step lies in its cache for the next, and lines that move between processors are slow.
Having come to the end of its part it helps the others with theirs. How many claims of a part are taken is one word,
which holds the number of the kernel as well; kernels are numbered through all runs, so nothing has to be cleared. A
phase begins when every chunk before it is done, whoever did it: a thread that the system has put to sleep holds up
nobody but the claim it was at.

Between two steps of a run nothing but addresses changes: a move says which word of the table becomes which base plus
how much a step. A step may begin with kernels that gather rows; `match` takes the addresses of arrays from numpy's
own records, whose layout is part of numpy's binary interface and is tried out before it is relied on (`arrays.py`).

The caller's thread looks at the clock between chunks, at the back edges of loops and while it waits, for Ctrl-C
(`interrupts.py`). Where somebody wants to know (`profile.py`), the thread that does the last of a phase notes when.
"""

from __future__ import annotations

import ctypes
import hashlib
import sys
from functools import cache

from weft.engines.native import arrays, codegen, denormals, stepping
from weft.engines.native import cache as kept
from weft.engines.native.interrupts import STATE, TIMES, look
from weft.engines.native.target import Target

#: words of the control block, each on a cache line of its own where several threads write it
RUNS, _TABLE, _SCHEDULE, _PHASES, _BASE, STOP, THREADS, SHARES = 0, 1, 2, 3, 4, 5, 6, 7
_KERNELS, _FIRST, _DONE, ASLEEP, _INSIDE, _OPEN = 8, 9, 16, 24, 32, 40
#: which processor workers keep off, how many there are, the processors they may run on (a bit each), their kernel's ids
APART, COUNT, ALLOWED, IDS = 48, 49, 56, 72
#: words of that set of processors
SET = IDS - ALLOWED

#: low bits of the word of a share: how many of its claims are taken; above them, the number of the kernel
_TAKEN = 16
#: claims that a kernel is cut into at most
_MOST = (1 << _TAKEN) - 1

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
{look(arm)}
{denormals.text(arm)}
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
  %state_at = getelementptr i64, ptr %flag_at, i64 {STATE}
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

define i64 @ticks() nounwind #0 {{
  %time = call i64 @now()
  ret i64 %time
}}

define internal ptr @times(ptr %table) nounwind #0 {{
  %flag_at = load ptr, ptr %table, align 8
  %times_at = getelementptr i64, ptr %flag_at, i64 {TIMES}
  %times = load ptr, ptr %times_at, align 8
  ret ptr %times
}}

define internal void @stamp(ptr %times, i64 %phase) nounwind #0 {{
begin:
  %none = icmp eq ptr %times, null
  br i1 %none, label %out, label %note
note:
  %time = call i64 @now()
  %at = getelementptr i64, ptr %times, i64 %phase
  store i64 %time, ptr %at, align 8
  br label %out
out:
  ret void
}}

define internal void @run(ptr %table, ptr %schedule, i64 %phases) nounwind #0 {{
begin:
  %times = call ptr @times(ptr %table)
  call void @stamp(ptr %times, i64 0)
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
  call void @stamp(ptr %times, i64 %p2)
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
  %done = getelementptr i64, ptr %pool, i64 {_DONE}
  %first_at = getelementptr i64, ptr %pool, i64 {_FIRST}
  %number0 = load i64, ptr %first_at, align 8
  %threads_at = getelementptr i64, ptr %pool, i64 {THREADS}
  %threads = load i64, ptr %threads_at, align 8
  %up = sub i64 %threads, 1
  %shares_at = getelementptr i64, ptr %pool, i64 {SHARES}
  %shares_word = load i64, ptr %shares_at, align 8
  %shares = getelementptr i64, ptr %pool, i64 %shares_word
  %caller = icmp eq i64 %thread, 0
  %times = call ptr @times(ptr %table)
  %some = icmp sgt i64 %phases, 0
  br i1 %some, label %phase, label %out
phase:
  %p = phi i64 [ 0, %begin ], [ %p2, %next ]
  %at = phi ptr [ %schedule, %begin ], [ %after, %next ]
  %start = phi i64 [ %base, %begin ], [ %end, %next ]
  %number_here = phi i64 [ %number0, %begin ], [ %number_after, %next ]
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
  %number_after = add i64 %number_here, %kernels
  %begins = call i1 @until(ptr %done, i64 %start, ptr %table, i64 %thread)
  br i1 %begins, label %may, label %out
may:
  %guarded = icmp ne i64 %writes, 0
  br i1 %guarded, label %guard, label %begun
guard:
  %bad = call i1 @may_not_write(ptr %table)
  br i1 %bad, label %out, label %begun
begun:
  br label %kernel
kernel:
  %k = phi i64 [ 0, %begun ], [ %k2, %another ]
  %e = phi ptr [ %entry, %begun ], [ %e2, %another ]
  %did = phi i64 [ 0, %begun ], [ %did_so_far, %another ]
  %more_kernels = icmp slt i64 %k, %kernels
  br i1 %more_kernels, label %cut, label %over
cut:
  %number = add i64 %number_here, %k
  %size_at = getelementptr i64, ptr %e, i64 1
  %size = load i64, ptr %size_at, align 8
  %much = icmp sgt i64 %parts, {_MOST}
  %wanted = select i1 %much, i64 {_MOST}, i64 %parts
  %fewer = icmp slt i64 %size, %wanted
  %claims = select i1 %fewer, i64 %size, i64 %wanted
  ; kernels of fewer claims than threads begin with different threads
  %few = icmp slt i64 %claims, %threads
  %turned = select i1 %few, i64 %k, i64 0
  br label %share
share:
  %n = phi i64 [ 0, %cut ], [ %n2, %empty ]
  %did_here = phi i64 [ %did, %cut ], [ %did_now, %empty ]
  %owner_sum = add i64 %thread, %n
  %owner = urem i64 %owner_sum, %threads
  %place_sum = add i64 %owner, %turned
  %place = urem i64 %place_sum, %threads
  %low_product = mul i64 %place, %claims
  %low_sum = add i64 %low_product, %up
  %low = udiv i64 %low_sum, %threads
  %high_sum = add i64 %low_sum, %claims
  %high = udiv i64 %high_sum, %threads
  %room = sub i64 %high, %low
  %share_word = mul i64 %owner, 8
  %share_at = getelementptr i64, ptr %shares, i64 %share_word
  br label %take
take:
  %did_now = phi i64 [ %did_here, %share ], [ %did_now, %try ], [ %did_more, %counted ]
  %word = load atomic i64, ptr %share_at acquire, align 8
  %its = lshr i64 %word, {_TAKEN}
  %beyond = icmp ugt i64 %its, %number
  %same = icmp eq i64 %its, %number
  %low_bits = and i64 %word, {_MOST}
  %taken = select i1 %same, i64 %low_bits, i64 0
  %full = icmp sge i64 %taken, %room
  %none = or i1 %beyond, %full
  br i1 %none, label %empty, label %try
try:
  %taken2 = add i64 %taken, 1
  %shifted = shl i64 %number, {_TAKEN}
  %word2 = or i64 %shifted, %taken2
  %pair = cmpxchg ptr %share_at, i64 %word, i64 %word2 acq_rel monotonic
  %ours = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %ours, label %do, label %take
do:
  %claim = add i64 %low, %taken
  %claim2 = add i64 %claim, 1
  %first_product = mul i64 %claim, %size
  %first = udiv i64 %first_product, %claims
  %last_product = mul i64 %claim2, %size
  %last = udiv i64 %last_product, %claims
  %count = sub i64 %last, %first
  call void @chunks(ptr %e, ptr %table, i64 %first, i64 %count, i64 %thread)
  br label %counted
counted:
  %did_more = add i64 %did_now, %count
  %gap = call i64 @look(ptr %table, i64 1, i64 %thread)
  %given_up = call i1 @given_up(ptr %table)
  br i1 %given_up, label %out, label %take
empty:
  %n2 = add i64 %n, 1
  %other = icmp slt i64 %n2, %threads
  br i1 %other, label %share, label %another
another:
  %did_so_far = phi i64 [ %did_now, %empty ]
  %k2 = add i64 %k, 1
  %e2 = getelementptr i64, ptr %e, i64 3
  br label %kernel
over:
  %nothing = icmp eq i64 %did, 0
  br i1 %nothing, label %next, label %tell
tell:
  %old = atomicrmw add ptr %done, i64 %did acq_rel
  %now_done = add i64 %old, %did
  %last_of_phase = icmp eq i64 %now_done, %end
  br i1 %last_of_phase, label %note_end, label %next
note_end:
  %following = add i64 %p, 1
  call void @stamp(ptr %times, i64 %following)
  br label %next
next:
  %p2 = add i64 %p, 1
  %further = icmp slt i64 %p2, %phases
  br i1 %further, label %phase, label %ended
ended:
  br label %out
out:
  %reached = phi i64 [ %base, %begin ], [ %base, %phase ], [ %start, %guard ], [ %base, %counted ], [ %end, %ended ]
  %upto = phi i64 [ %number0, %begin ], [ %number_here, %phase ], [ %number_here, %guard ], [ %number_here, %counted ],
    [ %number_after, %ended ]
  %reached_phase = phi i64 [ 0, %begin ], [ %p, %phase ], [ %p, %guard ], [ %p, %counted ], [ %p2, %ended ]
  %reached_at = phi ptr [ %schedule, %begin ], [ %at, %phase ], [ %at, %guard ], [ %at, %counted ], [ %after, %ended ]
  br i1 %caller, label %rest, label %leave
rest:
  ; the numbers of what a run that ended early has left out are not used again: somebody may still hold one
  %rest_phase = phi i64 [ %reached_phase, %out ], [ %rest_phase2, %left_out ]
  %rest_at = phi ptr [ %reached_at, %out ], [ %rest_at2, %left_out ]
  %free = phi i64 [ %upto, %out ], [ %free2, %left_out ]
  %not_done = icmp slt i64 %rest_phase, %phases
  br i1 %not_done, label %left_out, label %note
left_out:
  %rest_kernels = load i64, ptr %rest_at, align 8
  %rest_words = mul i64 %rest_kernels, 3
  %rest_entry = getelementptr i64, ptr %rest_at, i64 4
  %rest_at2 = getelementptr i64, ptr %rest_entry, i64 %rest_words
  %free2 = add i64 %free, %rest_kernels
  %rest_phase2 = add i64 %rest_phase, 1
  br label %rest
note:
  %kernels_at = getelementptr i64, ptr %pool, i64 {_KERNELS}
  store i64 %free, ptr %kernels_at, align 8
  br label %leave
leave:
  ret i64 %reached
}}

define internal void @dispatch(ptr %pool, ptr %table, ptr %schedule, i64 %phases) nounwind #0 {{
begin:
  %done = getelementptr i64, ptr %pool, i64 {_DONE}
  %asleep_at = getelementptr i64, ptr %pool, i64 {ASLEEP}
  %inside_at = getelementptr i64, ptr %pool, i64 {_INSIDE}
  %open_at = getelementptr i64, ptr %pool, i64 {_OPEN}
  %base = load atomic i64, ptr %done acquire, align 8
  %t = getelementptr i64, ptr %pool, i64 {_TABLE}
  store ptr %table, ptr %t, align 8
  %s = getelementptr i64, ptr %pool, i64 {_SCHEDULE}
  store ptr %schedule, ptr %s, align 8
  %n = getelementptr i64, ptr %pool, i64 {_PHASES}
  store i64 %phases, ptr %n, align 8
  %b = getelementptr i64, ptr %pool, i64 {_BASE}
  store i64 %base, ptr %b, align 8
  %kernels_at = getelementptr i64, ptr %pool, i64 {_KERNELS}
  %number = load i64, ptr %kernels_at, align 8
  %first_at = getelementptr i64, ptr %pool, i64 {_FIRST}
  store i64 %number, ptr %first_at, align 8
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
  %times = call ptr @times(ptr %table)
  call void @stamp(ptr %times, i64 0)
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

{stepping.STEPS}
{stepping.gather()}
{stepping.STRAND}
{arrays.text()}
define i64 @worker(ptr %pool, i64 %thread, i64 %seen) nounwind #0 {{
begin:
  %mode = call i64 @flush()
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
  {"br label %doze" if futex else "br label %leave"}
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
  br label %leave
leave:
  %told = phi i64 [ -1, %out ]{"" if futex else ", [ %last, %sleep ]"}
  call void @restore(i64 %mode)
  ret i64 %told
}}
"""


#: parts into which one thread alone cuts a phase, between which it looks at the clock
_PARTS = 16


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


class Driver:
    """The code in memory, as Python calls it.

    Attributes:
        match: (list, signature, count, table) -> how many of the arrays fit; None where numpy or Python keep their
            records in another way than known here.
        ticks: () -> the clock, in ticks of its own.
    """

    def __init__(self, target: Target, futex: bool) -> None:
        text = _text(target, futex)
        name = kept.key(hashlib.sha256(text.encode()).hexdigest(), target, False)
        self._code = codegen.Code(kept.part(name, lambda: codegen.to_object(text, target)), target)
        address, words, whole = self._code.address, ctypes.c_void_p, ctypes.c_int64
        self.steps = ctypes.CFUNCTYPE(whole, words, words, words, whole, words, whole, whole, whole)(address("steps"))
        self.worker = ctypes.CFUNCTYPE(whole, words, whole, whole)(address("worker"))
        self.gather, self.look, self.strand = address("gather"), address("look"), address("strand")
        self.ticks = ctypes.CFUNCTYPE(whole)(address("ticks"))
        match = ctypes.CFUNCTYPE(whole, words, words, whole, words)(address("match"))
        self.match = match if arrays.known(match) else None


@cache
def driver(target: Target, futex: bool) -> Driver:
    """The code for a machine, made once."""
    return Driver(target, futex)
