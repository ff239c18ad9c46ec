"""TFRecord files."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

import pytest

from tests.formats import golden
from tests.formats.damage import flips, peak_memory, refused, truncations
from weft.base.errors import DataLossError, InvalidArgumentError, NotFoundError
from weft.formats import tfrecord
from weft.formats.crc32c import masked_crc32c
from weft.formats.tfrecord import TFRecordReader, TFRecordWriter, read_records

COMPRESSIONS = ["", "GZIP", "ZLIB"]


def golden_path(compression: str) -> Path:
    return golden.FOLDER / f"records{compression and '.'}{compression.lower()}.tfrecord"


def write(path: Path, records: list[bytes], compression: str = "") -> bytes:
    with TFRecordWriter(path, compression) as writer:
        for record in records:
            writer.write(record)
    return path.read_bytes()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_files_of_tensorflow_are_read(compression):
    assert list(read_records(golden_path(compression), compression)) == golden.RECORDS


def test_files_are_tensorflows_to_the_byte(tmp_path):
    assert write(tmp_path / "records", golden.RECORDS) == golden_path("").read_bytes()


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("size", [0, 1, 300_000])
def test_records_come_back(tmp_path, compression, size):
    records = [os.urandom(size), b"", b"x" * size, b"end"]
    write(tmp_path / "records", records, compression)
    assert list(read_records(tmp_path / "records", compression)) == records


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_no_records(tmp_path, compression):
    write(tmp_path / "none", [], compression)
    assert list(read_records(tmp_path / "none", compression)) == []
    (tmp_path / "empty").write_bytes(b"")
    assert list(read_records(tmp_path / "empty", compression)) == []


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_what_was_flushed_is_seen(tmp_path, compression):
    path = tmp_path / "records"
    writer = TFRecordWriter(path, compression)
    writer.write(b"one")
    writer.flush()
    with TFRecordReader(path, compression) as reader:
        assert reader.read() == b"one"
    writer.close()
    writer.close()
    assert writer.closed
    with pytest.raises(ValueError, match="closed"):
        writer.write(b"two")
    with pytest.raises(ValueError, match="closed"):
        writer.flush()


def test_a_writer_left_by_an_exception_has_written(tmp_path):
    path = tmp_path / "records"
    with pytest.raises(KeyError), TFRecordWriter(path, "GZIP") as writer:
        writer.write(b"one")
        raise KeyError
    assert list(read_records(path, "GZIP")) == [b"one"]


@pytest.mark.parametrize("wrong", ["text", 3, None])
def test_only_bytes_are_records(tmp_path, wrong):
    with TFRecordWriter(tmp_path / "records") as writer, pytest.raises(TypeError, match="bytes"):
        writer.write(wrong)


def test_unknown_compressions_are_refused(tmp_path):
    for open_it in (TFRecordWriter, TFRecordReader):
        with pytest.raises(InvalidArgumentError, match="'GZIP' or 'ZLIB'"):
            open_it(tmp_path / "records", "LZ4")
    with pytest.raises(NotFoundError, match="no TFRecord file"):
        next(read_records(tmp_path / "absent"))


def test_errors_name_file_record_and_offset(tmp_path):
    path = tmp_path / "damaged.tfrecord"
    data = bytearray(write(path, [b"one", b"two", b"three"]))
    second = len(b"one") + 16
    data[second + 13] ^= 1
    path.write_bytes(data)
    with TFRecordReader(path) as reader:
        assert reader.read() == b"one"
        with pytest.raises(
            DataLossError, match=rf"damaged.tfrecord: record 1 at byte {second} of the file: .*checksum"
        ):
            reader.read()
    path.write_bytes(data[: second + 13])
    with TFRecordReader(path) as reader:
        assert next(reader) == b"one"
        with pytest.raises(DataLossError, match="cut off: 1 of 3 bytes"):
            next(reader)
        assert reader.cut_off


def test_a_compressed_file_read_as_plain_is_explained():
    with pytest.raises(DataLossError, match="compressed"):
        list(read_records(golden_path("GZIP")))
    for compression in ("GZIP", "ZLIB"):
        with pytest.raises(DataLossError, match=compression):
            list(read_records(golden_path(""), compression))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_cut_off_files_give_their_whole_records_and_then_an_error(tmp_path, compression):
    records = [b"one", b"", b"three" * 9]
    path = tmp_path / "records"
    data = write(path, records, compression)
    ends = {0, 19, 35, len(data)}
    for damaged in truncations(data):
        path.write_bytes(damaged)
        read = []
        with TFRecordReader(path, compression) as reader:
            failed = refused(lambda reader=reader, read=read: read.extend(reader))
        assert read == records[: len(read)]
        whole = len(damaged) in ends if not compression else len(damaged) == 0
        assert failed != whole, len(damaged)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_flipped_bits_never_give_wrong_records(tmp_path, compression):
    records = [b"one", b"", b"three" * 9]
    path = tmp_path / "records"
    for damaged in flips(write(path, records, compression), 800):
        path.write_bytes(damaged)
        read: list[bytes] = []
        with TFRecordReader(path, compression) as reader:
            refused(lambda reader=reader, read=read: read.extend(reader))
        assert read == records[: len(read)]


def header(length: int) -> bytes:
    packed = length.to_bytes(8, "little")
    return packed + masked_crc32c(packed).to_bytes(4, "little")


@pytest.mark.parametrize("length", [1 << 20, 1 << 40, (1 << 64) - 5])
def test_claimed_lengths_allocate_nothing(tmp_path, length):
    path = tmp_path / "claims"
    path.write_bytes(header(length) + b"x" * 100)
    assert peak_memory(lambda: refused(lambda: list(read_records(path)))) < 20 << 20
    with pytest.raises(DataLossError, match="cut off"):
        list(read_records(path))
    path.write_bytes(gzip.compress(header(length) + b"x" * 100))
    assert peak_memory(lambda: refused(lambda: list(read_records(path, "GZIP")))) < 20 << 20


def test_what_a_compressed_record_unpacks_to_is_bounded(tmp_path):
    path = tmp_path / "bomb"
    record = bytes(4 << 20)
    path.write_bytes(zlib.compress(header(len(record)) + record + masked_crc32c(record).to_bytes(4, "little")))
    with pytest.raises(DataLossError, match="max_record_bytes"):
        list(read_records(path, "ZLIB", max_record_bytes=1 << 20))
    assert peak_memory(lambda: refused(lambda: list(read_records(path, "ZLIB", max_record_bytes=1 << 20)))) < 3 << 20
    assert list(read_records(path, "ZLIB")) == [record]
    assert tfrecord.MAX_COMPRESSED_RECORD == 1 << 28


def test_gzip_members_may_follow_one_another(tmp_path):
    path = tmp_path / "members"
    data = golden_path("").read_bytes()
    path.write_bytes(gzip.compress(data[:20]) + gzip.compress(data[20:]) + gzip.compress(data))
    assert list(read_records(path, "GZIP")) == golden.RECORDS * 2


def test_seeking_to_a_record(tmp_path):
    path = tmp_path / "records"
    write(path, [b"one", b"two", b"three"])
    with TFRecordReader(path) as reader:
        reader.read()
        offset = reader.offset
        assert reader.read() == b"two"
        reader.seek(offset)
        assert list(reader) == [b"two", b"three"]
    with TFRecordReader(golden_path("GZIP"), "GZIP") as reader, pytest.raises(InvalidArgumentError, match="compressed"):
        reader.seek(0)
