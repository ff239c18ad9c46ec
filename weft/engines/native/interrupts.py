"""Ctrl-C while native code runs: the thread that called it looks at the clock, and now and then asks Python.

A step is given up where it has not begun to write state; else it is the last one. Which of the two comes first is
settled by one atomic word.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import numpy as np

#: words of the flag that the table's first word points to: which check failed, how many steps have succeeded, whether
#: the step has begun to write (1) or is given up (2), the address of `ASKED`'s functions, and where the clock's ticks
#: go at the begin and at the end of each phase (0: nowhere)
FAILED, FINISHED, STATE, ASKING, TIMES = 0, 1, 2, 3, 4
#: on a cache line that only the caller's thread writes: when it asked last, when it looked last, whether to stop, and
#: the address of `look`
LAST, SEEN, WANTED, LOOK = 12, 13, 14, 15
FLAGS = 24
#: what the first word holds where a step was given up
GIVEN_UP = -1
#: the clock's ticks between two questions: of the processor, 0.1 to 0.3 seconds; else nanoseconds
_TICKS = {True: 400_000_000, False: 200_000_000}
#: the most turns of a loop between two looks at the clock
_TURNS = 256


def look(arm: bool) -> str:
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
  %set = icmp eq i64 %flag, {GIVEN_UP}
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
  %last_at = getelementptr i64, ptr %flag, i64 {LAST}
  %seen_at = getelementptr i64, ptr %flag, i64 {SEEN}
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
  %wanted_at = getelementptr i64, ptr %flag, i64 {WANTED}
  store i64 1, ptr %wanted_at, align 8
  %state_at = getelementptr i64, ptr %flag, i64 {STATE}
  %pair = cmpxchg ptr %state_at, i64 0, i64 2 acq_rel acquire
  %ours = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %ours, label %given_up, label %go_on
given_up:
  store atomic i64 {GIVEN_UP}, ptr %flag release, align 8
  ret i64 0
go_on:
  ret i64 %next
}}
"""


def _asked() -> np.ndarray[Any, Any] | None:
    """The addresses of what native code asks Python with whether Ctrl-C was pressed."""
    if sys.implementation.name != "cpython":
        return None
    functions = (ctypes.pythonapi.PyGILState_Ensure, ctypes.pythonapi.PyGILState_Release,
                 ctypes.pythonapi.PyOS_InterruptOccurred)  # fmt: skip
    return np.array([ctypes.cast(function, ctypes.c_void_p).value for function in functions], np.int64)


ASKED = _asked()


def interrupted() -> None:
    """Lets Python handle a Ctrl-C that native code was told of."""
    ctypes.pythonapi.PyErr_SetInterrupt()
    ctypes.pythonapi.PyErr_CheckSignals()
