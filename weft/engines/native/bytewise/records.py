"""Kernels for records of files: TFRecords in a block, and the features of serialized examples."""

from __future__ import annotations

from typing import Any

from weft.engines.native.bytewise.language import I64, U8, Library, array, pointer

library = Library("records")


def _tables() -> tuple[int, ...]:
    """The remainders of CRC-32C: of each byte, with 0 to 7 further bytes behind it."""
    first = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        first.append(byte)
    rows = [first]
    for _ in range(7):
        rows.append([value >> 8 ^ first[value & 255] for value in rows[-1]])
    return tuple(value - (value >> 31 << 32) for row in rows for value in row)


_CRC = _tables()
_ALL = 0xFFFFFFFF
_BYTES, _FLOATS, _INTEGERS = 1, 2, 3
#: what a feature's count of values says where there are none to count
MISSING, WRONG = -1, -2


@library.kernel
def masked_checksum(address: int, size: int) -> int:
    """The checksum of some bytes as TFRecord files have it."""
    found = _ALL
    at = address
    end = address + size
    while at + 8 <= end:
        low = pointer("U32", at)[0] ^ found
        high = pointer("U32", at + 4)[0]
        found = _CRC[1792 + (low & 255)] ^ _CRC[1536 + (low >> 8 & 255)] ^ _CRC[1280 + (low >> 16 & 255)]
        found ^= _CRC[1024 + (low >> 24 & 255)] ^ _CRC[768 + (high & 255)] ^ _CRC[512 + (high >> 8 & 255)]
        found ^= _CRC[256 + (high >> 16 & 255)] ^ _CRC[high >> 24 & 255]
        found &= _ALL
        at += 8
    while at < end:
        found = (found >> 8) ^ (_CRC[(found ^ pointer("U8", at)[0]) & 255] & _ALL)
        at += 1
    found ^= _ALL
    return ((found >> 15 | found << 17) + 0xA282EAD8) & _ALL


@library.kernel
def scan(address: int, size: int, most: int, places: I64) -> int:
    """Where the whole records of a block lie, as offsets and sizes. How many there are.

    Behind them (at `2 * most`) come the bytes that they take up, and whether the next one is damaged.
    """
    at = 0
    count = 0
    damaged = 0
    while count < most and at + 12 <= size:
        length = pointer("I64", address + at)[0]
        if masked_checksum(address + at, 8) != pointer("U32", address + at + 8)[0]:
            damaged = 1
            break
        if length < 0 or length > size - at - 16:
            break
        if masked_checksum(address + at + 12, length) != pointer("U32", address + at + 12 + length)[0]:
            damaged = 1
            break
        places[2 * count] = at + 12
        places[2 * count + 1] = length
        count += 1
        at += 16 + length
    places[2 * most] = at
    places[2 * most + 1] = damaged
    return count


@library.kernel
def varint(at: I64, end: int) -> Any:
    """The number at `at[0]`, which goes on behind it; where there is none `at[1]` becomes 1."""
    found = 0
    shift = 0
    place = at[0]
    while place < end and shift < 64:
        byte = pointer("U8", place)[0]
        place += 1
        found |= (byte & 127) << shift
        if byte < 128:
            at[0] = place
            return found
        shift += 7
    at[1] = 1
    return 0


@library.kernel
def inner(at: I64, end: int) -> Any:
    """The end of a field with a length, whose content then begins at `at[0]`."""
    size = varint(at, end)
    if size < 0 or size > end - at[0]:
        at[1] = 1
        return at[0]
    return at[0] + size


@library.kernel
def skip(at: I64, end: int, tag: int) -> int:
    """Goes behind a field that nobody asks for."""
    kind = tag & 7
    if tag >> 3 == 0:
        at[1] = 1  # no field has this number
    elif kind == 0:
        varint(at, end)
    elif kind == 1:
        at[0] += 8
    elif kind == 5:
        at[0] += 4
    elif kind == 2:
        at[0] = inner(at, end)
    else:
        at[1] = 1
    if at[0] > end:
        at[1] = 1
    return 0


@library.kernel
def take_values(at: I64, end: int, kind: int, most: int, goal: int) -> int:
    """The values of a list of a kind. How many there are, of which no more than `most` are taken."""
    count = 0
    while at[0] < end and at[1] == 0:
        tag = varint(at, end)
        if kind == _BYTES and tag == 10:
            stop = inner(at, end)
            if count < most:
                views = pointer("I64", goal)
                views[2 * count] = at[0]
                views[2 * count + 1] = stop - at[0]
            count += 1
            at[0] = stop
        elif kind == _FLOATS and (tag == 10 or tag == 13):
            stop = inner(at, end) if tag == 10 else at[0] + 4
            if stop > end or (stop - at[0]) & 3:
                at[1] = 1
                break
            while at[0] < stop:
                if count < most:
                    floats = pointer("U32", goal)
                    floats[count] = pointer("U32", at[0])[0]
                count += 1
                at[0] += 4
        elif kind == _INTEGERS and (tag == 10 or tag == 8):
            stop = inner(at, end) if tag == 10 else at[0] + 1
            while at[0] < stop and at[1] == 0:
                number = varint(at, end)
                if count < most:
                    numbers = pointer("I64", goal)
                    numbers[count] = number
                count += 1
            if tag == 10 and at[0] != stop:
                at[1] = 1
        else:
            skip(at, end, tag)
    return count


@library.kernel
def take_feature(at: I64, end: int, kind: int, most: int, goal: int) -> int:
    """The values of a feature; how many, or why not."""
    count = MISSING
    while at[0] < end and at[1] == 0:
        tag = varint(at, end)
        if tag == 10 or tag == 18 or tag == 26:
            stop = inner(at, end)
            if count != MISSING or tag >> 3 != kind:
                count = WRONG
                at[0] = stop
            else:
                count = take_values(at, stop, kind, most, goal)
        else:
            skip(at, end, tag)
    return count


@library.kernel
def find_key(address: int, size: int, keys: I64, columns: int) -> int:
    """The number of a name among keys; -1 where it is none."""
    name = pointer("U8", address)
    for column in range(columns):
        if keys[2 * column + 1] == size:
            key = pointer("U8", keys[2 * column])
            same = 1
            for i in range(size):
                if key[i] != name[i]:
                    same = 0
                    break
            if same:
                return column
    return -1


@library.kernel
def take_entry(at: I64, end: int, keys: I64, columns: int, plan: I64, number: int, counts: I64) -> int:
    """One feature with its name."""
    column = -1
    named = 0
    begin = 0
    stop = 0
    while at[0] < end and at[1] == 0:
        tag = varint(at, end)
        if tag == 10 and named == 0:
            named = 1
            last = inner(at, end)
            column = find_key(at[0], last - at[0], keys, columns)
            at[0] = last
        elif tag == 18 and begin == 0:
            stop = inner(at, end)
            begin = at[0]
            at[0] = stop
        elif tag == 10 or tag == 18:
            at[1] = 1  # twice: what that means is for the reference to say
        else:
            skip(at, end, tag)
    if column >= 0 and at[1] == 0:
        most = plan[4 * column + 1]
        goal = plan[4 * column + 2] + number * most * plan[4 * column + 3]
        found = MISSING
        if begin:
            at[0] = begin
            found = take_feature(at, stop, plan[4 * column], most, goal)
            at[0] = end
        counts[number * columns + column] = found
    return 0


@library.kernel
def take_examples(views: I64, count: int, keys: I64, columns: int, plan: I64, counts: I64) -> int:
    """The features of examples. How many examples were read before one that is not as expected.

    Of each column `plan` holds the kind, how many values it has, where they go and the bytes of one.
    """
    at = array("I64", 2)
    for number in range(count):
        at[0] = views[2 * number]
        at[1] = 0
        end = at[0] + views[2 * number + 1]
        for column in range(columns):
            counts[number * columns + column] = MISSING
        while at[0] < end and at[1] == 0:
            tag = varint(at, end)
            if tag == 10:
                last = inner(at, end)
                while at[0] < last and at[1] == 0:
                    tag = varint(at, last)
                    if tag == 10:
                        take_entry(at, inner(at, last), keys, columns, plan, number, counts)
                    else:
                        skip(at, last, tag)
            else:
                skip(at, end, tag)
        if at[1]:
            return number
    return count


@library.kernel
def gather_bytes(views: I64, count: int, size: int, goal: U8) -> int:
    """Strings of one size, one behind the other. How many there were before one of another size."""
    for i in range(count):
        if views[2 * i + 1] != size:
            return i
        source = pointer("U8", views[2 * i])
        row = goal[i * size :]
        for place in range(size):
            row[place] = source[place]
    return count


