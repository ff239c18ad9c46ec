"""Event files and summaries."""

from __future__ import annotations

import io
import os
import struct
import wave
import zlib

import numpy as np
import pytest

from tests.formats import golden
from tests.formats.damage import flips, refused, truncations
from weft.base.errors import DataLossError, InvalidArgumentError, NotFoundError
from weft.formats import events, summaries
from weft.formats.messages.graph import GraphDef
from weft.formats.messages.summary import Event, SessionLog, Summary
from weft.formats.png import encode_png
from weft.formats.tensors import from_tensor_proto
from weft.formats.tfrecord import TFRecordWriter

GOLDEN = golden.FOLDER / "events.out.tfevents.1.host"


def test_a_file_of_tensorflow_is_read():
    header, scalar, session = events.read_events(GOLDEN)
    assert header.file_version == events.FILE_VERSION
    assert (scalar.step, scalar.wall_time) == (1, 10.0)
    assert (scalar.summary.value[0].tag, scalar.summary.value[0].simple_value) == ("loss", 0.25)
    assert session.session_log.status == SessionLog.START


def test_a_written_file_is_read(tmp_path):
    folder = tmp_path / "made" / "on the way"
    with events.EventFileWriter(folder) as writer:
        writer.write_summary(summaries.simple_scalar("loss", 0.5), 7, wall_time=3.0)
        writer.write_graph(GraphDef(node=[{"name": "a", "op": "Const"}]), wall_time=4.0)
        writer.write(Event(step=9))
        writer.flush()
    assert writer.closed
    assert os.listdir(folder) == [os.path.basename(writer.path)]
    header, scalar, graph, last = events.read_events(writer.path)
    assert header.file_version == events.FILE_VERSION
    assert header.source_metadata.writer
    assert (scalar.step, scalar.wall_time, scalar.summary.value[0].simple_value) == (7, 3.0, 0.5)
    assert GraphDef.FromString(graph.graph_def).node[0].name == "a"
    assert last.step == 9


def test_the_header_is_there_at_once(tmp_path):
    writer = events.EventFileWriter(tmp_path)
    assert [event.file_version for event in events.read_events(writer.path)] == [events.FILE_VERSION]
    writer.close()


def test_names():
    names = [events.event_file_name() for _ in range(3)]
    assert len(set(names)) == 3
    assert all(events.is_event_file("logs/" + name) for name in names)
    assert names[0].endswith(".v2")
    assert events.is_event_file(GOLDEN)
    assert not events.is_event_file("checkpoint")


def test_an_unfinished_file_is_tolerated_on_request(tmp_path):
    path = tmp_path / "live.tfevents.1"
    data = GOLDEN.read_bytes()
    for damaged in truncations(data):
        path.write_bytes(damaged)
        whole = list(events.read_events(path, tolerate_unfinished=True))
        assert whole == list(events.read_events(GOLDEN))[: len(whole)]
    path.write_bytes(data[:-1])
    with pytest.raises(DataLossError, match="record 2"):
        list(events.read_events(path))


def test_damage_is_refused_even_where_unfinished_files_are_not(tmp_path):
    path = tmp_path / "damaged.tfevents.1"
    whole = list(events.read_events(GOLDEN))
    for damaged in flips(GOLDEN.read_bytes(), 300):
        path.write_bytes(damaged)
        read: list[Event] = []
        refused(lambda read=read: read.extend(events.read_events(path)))
        assert read == whole[: len(read)]
    with TFRecordWriter(path) as writer:
        writer.write(b"\x07")
    with pytest.raises(DataLossError, match=r"damaged.tfevents.1: record 0 at byte 0: .*Event"):
        list(events.read_events(path, tolerate_unfinished=True))
    with pytest.raises(NotFoundError):
        list(events.read_events(tmp_path / "absent"))


@pytest.mark.parametrize("name", golden.values()["histograms"])
def test_histograms_have_tensorflow_1s_buckets(name):
    case = golden.values()["histograms"][name]
    theirs = Summary.FromString(bytes.fromhex(case["hex"])).value[0].histo
    ours = summaries.simple_histogram("h", np.array(case["values"])).value[0].histo
    assert (ours.bucket, ours.bucket_limit) == (theirs.bucket, theirs.bucket_limit)
    assert (ours.min, ours.max, ours.num) == (theirs.min, theirs.max, theirs.num)
    assert ours.sum == pytest.approx(theirs.sum, rel=1e-14)
    assert ours.sum_squares == pytest.approx(theirs.sum_squares, rel=1e-14)


def test_histograms_refuse_what_is_not_finite():
    with pytest.raises(InvalidArgumentError, match="nan"):
        summaries.simple_histogram("h", [1.0, np.nan])


def only(summary: Summary) -> Summary.Value:
    (value,) = summary.value
    return value


def test_scalars_for_the_plugin():
    value = only(summaries.scalar("loss", 0.25, description="of training"))
    assert from_tensor_proto(value.tensor).item() == 0.25
    assert value.metadata.plugin_data.plugin_name == "scalars"
    assert value.metadata.summary_description == "of training"
    with pytest.raises(InvalidArgumentError, match=r"'loss'.*dimensions"):
        summaries.scalar("loss", [1.0])


def test_histograms_for_the_plugin():
    values = np.random.default_rng(0).normal(size=1000)
    buckets = from_tensor_proto(only(summaries.histogram("h", values, buckets=10)).tensor)
    counts, edges = np.histogram(values, 10)
    np.testing.assert_array_equal(buckets[:, 2], counts)
    np.testing.assert_allclose(buckets[:, 0], edges[:-1])
    np.testing.assert_allclose(buckets[:, 1], edges[1:])
    assert buckets[-1, 1] == values.max()


@pytest.mark.parametrize("values", [[], [3.0] * 5, [np.nan, 1.0, np.inf], [-1.7e308, 1.7e308], [0.0, 5e-324]])
def test_histograms_of_odd_values(values):
    buckets = summaries.histogram_buckets(values, 4)
    finite = np.array(values)[np.isfinite(values)]
    assert buckets.shape == (4, 3)
    assert buckets[:, 2].sum() == finite.size
    assert np.isfinite(buckets).all()
    if finite.size:
        assert (buckets[0, 0], buckets[-1, 1]) == (finite.min(), finite.max())


def decode_png(data: bytes) -> np.ndarray:
    """A decoder for what the encoder writes."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, position = {}, 8
    while position < len(data):
        (size,) = struct.unpack_from(">I", data, position)
        kind, content = data[position + 4 : position + 8], data[position + 8 : position + 8 + size]
        assert struct.unpack_from(">I", data, position + 8 + size)[0] == zlib.crc32(kind + content)
        chunks[kind] = content
        position += 12 + size
    width, height, bits, color = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    channels = {0: 1, 4: 2, 2: 3, 6: 4}[color]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + width * channels)
    assert bits == 8
    assert set(rows[:, 0]) == {2}
    return np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8).reshape(height, width, channels)


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 5, 2), (7, 3, 3), (2, 9, 4)])
def test_images_come_back(shape):
    image = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    assert np.array_equal(decode_png(encode_png(image)), image)
    value = only(summaries.simple_image("i", image))
    assert (value.image.height, value.image.width, value.image.colorspace) == shape
    assert np.array_equal(decode_png(value.image.encoded_image_string), image)


def test_images_for_the_plugin():
    batch = np.random.default_rng(1).integers(0, 256, (5, 4, 6, 3), np.uint8)
    parts = from_tensor_proto(only(summaries.images("i", batch, max_outputs=2)).tensor).tolist()
    assert parts[:2] == [b"6", b"4"]
    assert len(parts) == 4
    assert np.array_equal(decode_png(parts[3]), batch[1])
    with pytest.raises(InvalidArgumentError, match="batch"):
        summaries.images("i", batch[0])


@pytest.mark.parametrize("bad", [np.zeros((2, 2), np.uint8), np.zeros((2, 2, 3)), np.zeros((2, 2, 5), np.uint8)])
def test_what_is_no_image_is_refused(bad):
    with pytest.raises(InvalidArgumentError, match="uint8"):
        encode_png(bad)
    with pytest.raises(InvalidArgumentError, match="uint8"):
        summaries.simple_image("i", bad)


def test_texts_for_the_plugin():
    assert from_tensor_proto(only(summaries.text("t", "Größe")).tensor).item() == "Größe".encode()
    assert from_tensor_proto(only(summaries.text("t", [["a", "b"]])).tensor).tolist() == [[b"a", b"b"]]


def test_sounds_for_the_plugin():
    sound = np.array([[0.0, 1.0], [-1.0, 2.0], [0.5, np.nan]])
    value = only(summaries.audio("a", sound[None], 8000))
    ((encoded, label),) = from_tensor_proto(value.tensor).tolist()
    assert label == b""
    with wave.open(io.BytesIO(encoded)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth(), file.getnframes()) == (2, 8000, 2, 3)
        samples = np.frombuffer(file.readframes(3), "<i2").reshape(3, 2)
    assert samples.tolist() == [[0, 32767], [-32767, 32767], [16383, 0]]
    with pytest.raises(InvalidArgumentError, match="frames"):
        summaries.audio("a", sound, 8000)
