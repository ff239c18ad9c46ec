"""Sorted string tables and Snappy blocks."""

from __future__ import annotations

import io
import random
import struct

import pytest

from tests.formats.damage import flips, peak_memory, refused, truncations
from weft.base.errors import DataLossError, InvalidArgumentError, NotFoundError
from weft.formats import snappy
from weft.formats.crc32c import masked_crc32c
from weft.formats.table import MAGIC, TableReader, TableWriter, short_successor, shortest_separator
from weft.formats.wire import encode_varint


def build(entries: dict[bytes, bytes], **options) -> bytes:
    file = io.BytesIO()
    writer = TableWriter(file, **options)
    for key in sorted(entries):
        writer.add(key, entries[key])
    writer.finish()
    return file.getvalue()


def many(count: int) -> dict[bytes, bytes]:
    return {b"key/%05d" % (number * 7): b"value %d" % number * (number % 5) for number in range(count)}


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 500])
@pytest.mark.parametrize("block_size", [1, 100, 262144])
def test_entries_come_back(count, block_size):
    entries = many(count)
    reader = TableReader(io.BytesIO(build(entries, block_size=block_size)))
    assert list(reader.items()) == sorted(entries.items())
    for key in list(entries)[:20]:
        assert reader.get(key) == entries[key]
    for absent in (b"", b"key", b"key/00001", b"z"):
        assert reader.get(absent) is None


def test_the_empty_key_and_keys_of_any_bytes():
    entries = {b"": b"header", b"\x00": b"", b"\xff" * 3: b"x", b"\xff" * 3 + b"\x00": b"y"}
    assert dict(TableReader(io.BytesIO(build(entries, block_size=1))).items()) == entries


def test_keys_have_to_rise():
    writer = TableWriter(io.BytesIO())
    writer.add(b"b", b"")
    for key in (b"a", b"b"):
        with pytest.raises(InvalidArgumentError, match="does not come after"):
            writer.add(key, b"")


@pytest.mark.parametrize(
    ("low", "high", "between"),
    [
        (b"abc", b"abz", b"abd"),
        (b"abc", b"abd", b"abc"),
        (b"ab", b"abc", b"ab"),
        (b"a\xff", b"b", b"a\xff"),
        (b"a", b"c", b"b"),
    ],
)
def test_separators(low, high, between):
    assert shortest_separator(low, high) == between
    assert low <= between < high


def test_successors():
    assert [short_successor(key) for key in (b"abc", b"\xff\xffa", b"\xff", b"")] == [b"b", b"\xff\xffb", b"\xff", b""]


def read_all(data: bytes) -> dict[bytes, bytes]:
    return dict(TableReader(io.BytesIO(data), name="damaged").items())


def test_cut_off_and_flipped_tables_are_refused_or_whole():
    entries = many(20)
    data = build(entries, block_size=150)
    for damaged in truncations(data):
        with pytest.raises(DataLossError, match="damaged: at byte"):
            read_all(damaged)
    for damaged in flips(data, 1500):
        if not refused(lambda damaged=damaged: read_all(damaged)):
            assert read_all(damaged) == entries  # the damage is in the padding, which nobody reads


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(NotFoundError, match="no file"):
        TableReader(tmp_path / "absent")
    (tmp_path / "text").write_bytes(b"text " * 100)
    with pytest.raises(DataLossError, match="no table"):
        TableReader(tmp_path / "text")


def forge(blocks: list[tuple[bytes, int]]) -> bytes:
    """A table with sound checksums around whatever blocks are given; the last is the index."""
    data, handle = b"", b""
    for content, compression in blocks:
        handle = encode_varint(len(data)) + encode_varint(len(content))
        checked = content + bytes([compression])
        data += checked + struct.pack("<I", masked_crc32c(checked))
    return data + (b"\0\0" + handle).ljust(40, b"\0") + struct.pack("<Q", MAGIC)


def entry(shared: int, key: bytes, value: bytes) -> bytes:
    return b"".join(map(encode_varint, (shared, len(key), len(value)))) + key + value


RESTARTS = struct.pack("<II", 0, 1)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\0\0\0",
        struct.pack("<I", 1 << 31),
        entry(3, b"a", b"") + RESTARTS,
        b"\x00\xff\xff\xff\xff\x0f\x00" + RESTARTS,
        b"\x00\x01\xff\xff\xff\xff\x0fa" + RESTARTS,
        b"\x80" + RESTARTS,
        entry(0, b"b", b"") + entry(0, b"a", b"") + RESTARTS,
        entry(0, b"a", b"") + entry(1, b"", b"") + RESTARTS,
    ],
)
def test_forged_blocks_are_refused(block):
    with pytest.raises(DataLossError):
        read_all(forge([(block, 0)]))
    index = entry(0, b"z", encode_varint(0) + encode_varint(len(block))) + RESTARTS
    with pytest.raises(DataLossError):
        read_all(forge([(block, 0), (index, 0)]))


@pytest.mark.parametrize("handle", [b"", b"\x80", encode_varint(1 << 40) + b"\x01", b"\x00" + encode_varint(1 << 62)])
def test_forged_handles_are_refused(handle):
    with pytest.raises(DataLossError):
        read_all(forge([(entry(0, b"z", handle) + RESTARTS, 0)]))


def test_a_snappy_block_is_read_and_an_unknown_compression_refused():
    content = entry(0, b"aaaa", b"bbbbbbbb") + RESTARTS
    packed = encode_varint(len(content)) + bytes([(len(content) - 1) << 2]) + content
    index = entry(0, b"z", encode_varint(0) + encode_varint(len(packed))) + RESTARTS
    assert read_all(forge([(packed, 1), (index, 0)])) == {b"aaaa": b"bbbbbbbb"}
    with pytest.raises(DataLossError, match="compression 2"):
        read_all(forge([(packed, 2), (index, 0)]))


def test_shared_prefixes_do_not_become_gigabytes():
    long = b"k" * 100_000
    rest = b"".join(entry(100_000 + number, b"k", b"") for number in range(30_000))
    block = entry(0, long, b"") + rest + RESTARTS
    index = entry(0, b"z", encode_varint(0) + encode_varint(len(block))) + RESTARTS
    data = forge([(block, 0), (index, 0)])
    with pytest.raises(DataLossError, match="longer in all"):
        read_all(data)
    assert peak_memory(lambda: refused(lambda: read_all(data))) < 100 << 20


def compress(data: bytes) -> bytes:
    """A small Snappy encoder: copies of every width where four bytes stood before, literals elsewhere."""
    out, seen, literal, position = bytearray(encode_varint(len(data))), {}, bytearray(), 0

    def end_literal():
        for start in range(0, len(literal), 70_000):
            part = literal[start : start + 70_000]
            size = len(part) - 1
            width = 0 if size < 60 else (size.bit_length() + 7) // 8
            out.extend(
                bytes([(size if not width else 59 + width) << 2])
                + (size.to_bytes(width, "little") if width else b"")
                + part
            )
        literal.clear()

    while position < len(data):
        found = seen.get(data[position : position + 4])
        seen[data[position : position + 4]] = position
        if found is None or len(data) - position < 4:
            literal.append(data[position])
            position += 1
            continue
        end_literal()
        offset, size = position - found, 4
        while size < 64 and position + size < len(data) and data[found + size] == data[position + size]:
            size += 1
        if size < 12 and offset < 2048:
            out.extend(bytes([offset >> 8 << 5 | (size - 4) << 2 | 1, offset & 255]))
        elif offset < 1 << 16:
            out.extend(bytes([(size - 1) << 2 | 2]) + offset.to_bytes(2, "little"))
        else:
            out.extend(bytes([(size - 1) << 2 | 3]) + offset.to_bytes(4, "little"))
        position += size
    end_literal()
    return bytes(out)


def test_snappy_blocks_are_decoded():
    rng = random.Random(2)
    words = [rng.randbytes(rng.randint(1, 12)) for _ in range(50)]
    for size in (0, 1, 59, 60, 61, 300, 70_000):
        for data in (rng.randbytes(size), b"ab" * (size // 2), b"".join(rng.choices(words, k=size // 6))):
            assert snappy.decompress(compress(data)) == data
    far = rng.randbytes(70_000)
    assert snappy.decompress(compress(far + far[:100])) == far + far[:100]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x05",
        b"\x05\x10abcd",
        b"\x05\x10abcde\x00x",
        b"\x05\xf0",
        b"\x05\xf4\x00",
        b"\x05\x01\x01",
        b"\x05\x00a\x01\x02",
        b"\x05\x00a\x01",
        b"\x05\x00a\x02\x01",
        b"\x05\x00a\x03\x01\x00",
        b"\x05\x00a\x01\x00",
        b"\xff\xff\xff\xff\xff\xff\x01",
        b"\xff\xff\xff\xff\x0f\x00a",
    ],
)
def test_damaged_snappy_blocks_are_refused(data):
    with pytest.raises(DataLossError):
        snappy.decompress(data)
    assert peak_memory(lambda: refused(lambda: snappy.decompress(data))) < 1 << 14


def test_flipped_snappy_blocks_stay_small():
    data = compress(b"abcdefgh" * 200)
    for damaged in (*truncations(data), *flips(data, 1000)):
        refused(lambda damaged=damaged: snappy.decompress(damaged))
