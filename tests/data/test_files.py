"""Files that pipelines read: lines, records of one length, saved elements; packed, cut short, forged."""

from __future__ import annotations

import gzip
import struct
import threading
import zlib
from pathlib import Path
from typing import Any

import pytest

import weft as tf
from tests.formats.damage import peak_memory
from weft.data import kept_files
from weft.formats.messages.tensor import TensorProto
from weft.formats.tensors import shape_to_proto
from weft.formats.tfrecord import TFRecordWriter

PACKED = {"": bytes, "GZIP": gzip.compress, "ZLIB": zlib.compress}


@pytest.mark.parametrize("kind", PACKED)
def test_lines_have_no_carriage_returns(kind: str, tmp_path: Path) -> None:
    """As TensorFlow reads them, wherever in a line one stands."""
    path = tmp_path / "lines"
    path.write_bytes(PACKED[kind](b"a\rb\r\nc\r\r\n\r\nx\n\nlast\r"))
    lines = tf.data.TextLineDataset(str(path), kind)
    assert list(lines.as_numpy_iterator()) == [b"ab", b"c", b"", b"x", b"", b"last"]
    stacks = [batch.tolist() for batch in lines.batch(4).as_numpy_iterator()]
    assert stacks == [[b"ab", b"c", b"", b"x"], [b"", b"last"]]


def test_words_of_tables_have_no_carriage_returns(tmp_path: Path) -> None:
    path = tmp_path / "words"
    path.write_bytes(b"a\rb\r\nc\n")
    kinds = tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
    table = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(str(path), *kinds), -1)
    assert table.lookup(tf.constant(["ab", "c"])).numpy().tolist() == [0, 1]


@pytest.mark.parametrize("kind", ["GZIP", "ZLIB"])
def test_packed_files_are_unpacked_as_they_are_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "packed"
    path.write_bytes(PACKED[kind]((b"a" * 1023 + b"\n") * (32 << 10)))  # 32 MiB of it

    def first() -> None:
        assert next(iter(tf.data.TextLineDataset(str(path), kind))).numpy() == b"a" * 1023
        assert next(iter(tf.data.FixedLengthRecordDataset(str(path), 4, compression_type=kind))).numpy() == b"aaaa"

    assert peak_memory(first) < 8 << 20


@pytest.mark.parametrize("kind", ["GZIP", "ZLIB"])
def test_a_line_of_a_packed_file_has_a_bound(kind: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("weft.data.files.MAX_COMPRESSED_RECORD", 1000)
    path = tmp_path / "packed"
    path.write_bytes(PACKED[kind](b"short\n" + b"a" * 2000))
    lines = iter(tf.data.TextLineDataset(str(path), kind))
    assert next(lines).numpy() == b"short"
    with pytest.raises(tf.errors.DataLossError, match="longer than 1000 bytes"):
        next(lines)


@pytest.mark.parametrize("kind", ["GZIP", "ZLIB"])
def test_damaged_packed_files_say_so(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "packed"
    whole = PACKED[kind](b"".join(b"%d\n" % n for n in range(5000)))
    for content in (whole[:-9], b"this is not packed"):
        path.write_bytes(content)
        for dataset in (tf.data.TextLineDataset(str(path), kind),
                        tf.data.FixedLengthRecordDataset(str(path), 3, compression_type=kind)):  # fmt: skip
            with pytest.raises(tf.errors.DataLossError, match="corrupt or cut off"):
                list(dataset)


@pytest.mark.parametrize("kind", PACKED)
def test_records_of_one_length(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "records"

    def read(content: bytes) -> list[bytes]:
        path.write_bytes(PACKED[kind](content))
        return list(tf.data.FixedLengthRecordDataset(str(path), 3, 2, 2, compression_type=kind).as_numpy_iterator())

    assert read(b"HHaaabbbcccFF") == [b"aaa", b"bbb", b"ccc"]
    assert read(b"HHFF") == []
    for damaged in (b"HHaaabbbccFF", b"H", b"", b"HHF"):
        with pytest.raises((tf.errors.DataLossError, tf.errors.InvalidArgumentError)):
            read(damaged)


def _record_ends(content: bytes) -> list[int]:
    ends, position = [], 0
    while position < len(content):
        position += 16 + struct.unpack_from("<Q", content, position)[0]
        ends.append(position)
    return ends


def test_saved_elements_cut_off_anywhere_are_refused(tmp_path: Path) -> None:
    tf.data.Dataset.range(4).map(lambda v: (v, v * 2)).save(str(tmp_path))
    path = tmp_path / "00000000.elements"
    content = path.read_bytes()
    loaded = tf.data.Dataset.load(str(tmp_path))
    assert [(int(a), int(b)) for a, b in loaded] == [(0, 0), (1, 2), (2, 4), (3, 6)]
    for end in [0, *_record_ends(content)[:-1]]:
        path.write_bytes(content[:end])
        with pytest.raises(tf.errors.DataLossError, match="cut off"):
            list(loaded)


def test_elements_that_were_kept_before_they_were_counted(tmp_path: Path) -> None:
    path = str(tmp_path / "old")
    with TFRecordWriter(path) as writer:
        writer.write(b"1")
        for value in (5, 6):
            writer.write(b"+" + TensorProto(dtype=9, tensor_shape=shape_to_proto([]), int64_val=[value])
                         .SerializeToString())  # fmt: skip
    assert [flat[0].item() for flat in kept_files.read(path)] == [5, 6]


def test_a_small_file_of_elements_takes_little_memory(tmp_path: Path) -> None:
    path = str(tmp_path / "forged")
    with TFRecordWriter(path) as writer:
        writer.write(b"1 counted")
        forged = TensorProto(dtype=9, tensor_shape=shape_to_proto([1 << 24]), int64_val=[1])
        writer.write(b"+" + forged.SerializeToString())

    def read() -> None:
        with pytest.raises(tf.errors.DataLossError, match="damaged"):
            list(kept_files.read(path))

    assert peak_memory(read) < 8 << 20


def test_threads_share_an_iterator() -> None:
    """Each element goes to one of them."""
    for iterator in (iter(tf.data.Dataset.range(400).map(lambda v: v * 2).prefetch(2)),
                     tf.data.Dataset.range(400).map(lambda v: v * 2).as_numpy_iterator()):  # fmt: skip
        found: list[int] = []
        problems: list[Exception] = []

        def take(iterator: Any = iterator, found: list[int] = found, problems: list[Exception] = problems) -> None:
            try:
                for element in iterator:
                    found.append(int(element))
            except Exception as error:
                problems.append(error)

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        assert sorted(found) == list(range(0, 800, 2))


def test_columns_without_values_are_strings(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b,c,d,e\n?,1,,nan,1e300\n?,?,,1.5,2\n")
    table = tf.data.experimental.make_csv_dataset(str(path), 2, na_value="?", shuffle=False, num_epochs=1)
    found = {name: spec.dtype.name for name, spec in table.element_spec.items()}
    assert found == {"a": "string", "b": "int32", "c": "string", "d": "string", "e": "float64"}
    assert next(iter(table))["a"].numpy().tolist() == [b"", b""]
