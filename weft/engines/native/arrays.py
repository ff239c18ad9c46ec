"""numpy's arrays as they lie in memory: native code that takes their addresses, and what it is told of their kinds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

#: bytes of what every Python object begins with; the last word of it is the object's class
_HEAD = object.__basicsize__
#: numpy's flags: rows in order, in memory of its own, aligned, writeable
_ORDERED, _OWN, _ALIGNED, _WRITEABLE = 0x1, 0x4, 0x100, 0x400


def text() -> str:
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


def known(match: Any) -> bool:
    """Whether arrays are kept as `match` believes: tried out on some."""
    if sys.implementation.name != "cpython":
        return False
    whole = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    arrays = [whole, np.zeros((), np.int64), np.zeros((0, 5), np.uint8), whole[1]]
    if list.__basicsize__ != _HEAD + 24 or not _finds(match, arrays, arrays, 4):
        return False
    wrong: list[Any] = [whole.T, whole[:, ::2], np.zeros((2, 3, 4)), np.zeros((2, 3, 5), np.float32), whole[0], 7]
    return all(_finds(match, [whole, other], [whole, whole], 1) for other in wrong)


def _finds(match: Any, given: list[Any], like: list[Any], count: int) -> bool:
    words = signature([entry(array.shape, array.dtype, number) for number, array in enumerate(like)])
    table = np.zeros(len(like), np.int64)
    found = match(id(given), words.ctypes.data, len(given), table.ctypes.data)
    addresses = [array.ctypes.data for array in given[:count]]
    return bool(found == count and table[:count].tolist() == addresses)
