"""Kernels for strings: each is an address and a size, two words of a table."""

from __future__ import annotations

from typing import Any

from weft.engines.native.bytewise.language import I64, U8, Library, invoke, pointer

library = Library("words")

#: bytes that divide words where no separator is given
SPACE = bytes(code in b" \t\n\v\f\r" for code in range(256))


@library.kernel
def find_objects(objects: I64, count: int, views: I64, kind: int, head: int) -> int:
    """Where the bytes of Python's objects lie. How many there were before one of another class."""
    for i in range(count):
        item = pointer("I64", objects[i])
        if objects[i] == 0 or item[head - 1] != kind:
            return i
        views[2 * i] = objects[i] + 8 * (head + 2)
        views[2 * i + 1] = item[head]
    return count


@library.kernel
def make_objects(views: I64, count: int, objects: I64, maker: int, none: int) -> int:
    """Makes Python's objects of strings. How many were made; those that were None are counted off at `none`."""
    lost = pointer("I64", none)
    for i in range(count):
        made = invoke(maker, pointer("U8", views[2 * i]), views[2 * i + 1])
        if made == 0:
            return i
        if objects[i] == none:
            lost[0] -= 1
        objects[i] = made
    return count


@library.kernel
def total(views: I64, count: int) -> int:
    """All bytes together."""
    found = 0
    for i in range(count):
        found += views[2 * i + 1]
    return found


@library.kernel
def translate(views: I64, count: int, into: U8, kept: U8, goal: U8, made: I64) -> int:
    """Strings with each byte replaced by what `into` holds for it, and left out where `kept` is 0."""
    at = 0
    address = made[0]
    for i in range(count):
        source = pointer("U8", views[2 * i])
        begin = at
        for place in range(views[2 * i + 1]):
            byte = source[place]
            goal[at] = into[byte]
            at += kept[byte]
        made[2 * i] = address + begin
        made[2 * i + 1] = at - begin
    return at


@library.kernel
def count_parts(views: I64, count: int, marks: U8, runs: int, counts: I64) -> int:
    """How many parts each string has between marks (between runs of them); the most."""
    most = 0
    for i in range(count):
        source = pointer("U8", views[2 * i])
        found = 0 if runs else 1
        before = 1
        for place in range(views[2 * i + 1]):
            mark = marks[source[place]]
            if runs:
                found += before & (1 - mark)
                before = mark
            else:
                found += mark
        counts[i] = found
        most = max(most, found)
    return most


@library.kernel
def take_parts(views: I64, count: int, marks: U8, runs: int, width: int, made: I64) -> int:
    """The first parts of each string, `width` places a string (0: one behind the other). How many places are filled."""
    filled = 0
    for i in range(count):
        address = views[2 * i]
        source = pointer("U8", address)
        size = views[2 * i + 1]
        first = filled
        limit = filled + width if width else filled + size + 1
        begin = 0
        for place in range(size):
            if marks[source[place]]:
                if begin < place or runs == 0:
                    if filled == limit:
                        break
                    made[2 * filled] = address + begin
                    made[2 * filled + 1] = place - begin
                    filled += 1
                begin = place + 1
        if filled < limit and (begin < size or runs == 0):
            made[2 * filled] = address + begin
            made[2 * filled + 1] = size - begin
            filled += 1
        if width:
            for empty in range(filled, first + width):
                made[2 * empty] = address
                made[2 * empty + 1] = 0
            filled = first + width
    return filled


@library.kernel
def gist(address: int, size: int) -> Any:
    """A word for a string. Strings of one size up to 8 have one word only if they are equal."""
    if size > 8:
        found = size
        place = address
        while place < address + size - 8:
            found = (found ^ pointer("I64", place)[0]) * 1099511628211
            found ^= found >> 29
            place += 8
        return (found ^ pointer("I64", address + size - 8)[0]) * 1099511628211
    if size >= 4:
        return pointer("U32", address)[0] | (pointer("U32", address + size - 4)[0] << 32)
    if size == 0:
        return 0
    letters = pointer("U8", address)
    return letters[0] | (letters[size >> 1] << 8) | (letters[size - 1] << 16)


@library.kernel
def place_of(word: int, size: int, mask: int) -> int:
    """Where in a table to begin to look."""
    mixed = (word + size) * -7046029254386353131
    return (mixed ^ (mixed >> 32)) & mask


@library.kernel
def same(a: U8, b: U8, size: int) -> int:
    """Whether two strings of a size are equal."""
    at = 0
    while at < size:
        if a[at] != b[at]:
            return 0
        at += 1
    return 1


@library.kernel
def enter(views: I64, count: int, slots: I64, mask: int) -> int:
    """Puts keys into an empty table of `mask + 1` places: number (from 1 on), word, size and address of each."""
    for i in range(count):
        address = views[2 * i]
        size = views[2 * i + 1]
        word = gist(address, size)
        at = place_of(word, size, mask)
        known = 0
        while known == 0:
            slot = slots[4 * at :]
            if slot[0] == 0:
                slot[0] = i + 1
                slot[1] = word
                slot[2] = size
                slot[3] = address
                known = 1
            elif slot[1] == word and slot[2] == size:
                known = 1 if size <= 8 else same(pointer("U8", address), pointer("U8", slot[3]), size)
            at = (at + 1) & mask
    return count


@library.kernel
def look_up(views: I64, count: int, slots: I64, mask: int, found: I64) -> int:
    """The number of each string among the keys of a table; -1 where it is none of them."""
    for i in range(count):
        address = views[2 * i]
        size = views[2 * i + 1]
        word = gist(address, size)
        at = place_of(word, size, mask)
        slot = slots[4 * at :]
        while slot[0] != 0:
            if slot[1] == word and slot[2] == size:
                if size <= 8:
                    break
                if same(pointer("U8", address), pointer("U8", slot[3]), size):
                    break
            at = (at + 1) & mask
            slot = slots[4 * at :]
        found[i] = slot[0] - 1
    return count


@library.kernel
def compare(a: I64, step_a: int, b: I64, step_b: int, count: int, found: U8) -> int:
    """Whether strings are equal; a step is 2, or 0 for one string against all."""
    for i in range(count):
        size = a[step_a * i + 1]
        found[i] = 0
        if b[step_b * i + 1] == size:
            found[i] = same(pointer("U8", a[step_a * i]), pointer("U8", b[step_b * i]), size)
    return count
