"""Records and examples by native code: what the readers of single ones give, and nothing else for damaged bytes."""

import numpy as np
import pytest

import weft as tf
from weft.data import files
from weft.engines.native.bytewise import reading, records, strings
from weft.formats.crc32c import masked_crc32c
from weft.formats.messages.example import BytesList, Example, Feature, Features, FloatList, Int64List
from weft.formats.tfrecord import TFRecordWriter

pytestmark = pytest.mark.skipif(not strings.knows_objects(), reason="Python keeps bytes in another way here")

_SPECS = {
    "label": tf.io.FixedLenFeature([], tf.int64),
    "numbers": tf.io.FixedLenFeature([2, 3], tf.float32),
    "texts": tf.io.FixedLenFeature([2], tf.string, default_value=[b"none", b""]),
    "weight": tf.io.FixedLenFeature([], tf.float32, default_value=0.5),
}


def _example(rng, **changes):
    features = {
        "label": Feature(int64_list=Int64List(value=[int(rng.integers(-(2**62), 2**62))])),
        "numbers": Feature(float_list=FloatList(value=rng.random(6).tolist())),
        "other": Feature(bytes_list=BytesList(value=[rng.bytes(9)])),
        **changes,
    }
    if rng.random() < 0.5:
        features["texts"] = Feature(bytes_list=BytesList(value=[rng.bytes(int(rng.integers(300))), b"x"]))
    if rng.random() < 0.5:
        features["weight"] = Feature(float_list=FloatList(value=[rng.random()]))
    if rng.random() < 0.2:
        features["empty"] = Feature()
    return Example(features=Features(feature=features)).SerializeToString()


def _batch(*rows):
    made = np.empty(len(rows), object)
    made[:] = rows
    return made


def _both(data, specs=None):
    """What the reference gives, or None; what native code gives, or None."""
    from weft.api.examples import _columns, _of_batch

    reference = _of_batch(_columns(specs or _SPECS))
    try:
        expected = reference(data)
    except tf.errors.InvalidArgumentError:
        expected = None
    found = reading.examples(data, reference.form.features, True)
    return expected, None if found is None else [strings.plain(part) for part in found]


def _same(expected, found):
    assert len(expected) == len(found)
    for one, other in zip(expected, found, strict=True):
        assert (one.dtype, one.shape, one.tolist()) == (other.dtype, other.shape, other.tolist())


@pytest.mark.parametrize("count", [0, 1, 40])
def test_examples(count):
    rng = np.random.default_rng(count)
    expected, found = _both(_batch(*[_example(rng) for _ in range(count)]))
    _same(expected, found)


@pytest.mark.parametrize("changes", [
    {"label": Feature(float_list=FloatList(value=[1.0]))}, {"label": Feature(int64_list=Int64List(value=[1, 2]))},
    {"numbers": Feature(float_list=FloatList(value=[]))}, {"label": Feature()},
])  # fmt: skip
def test_wrong_features_are_left_to_the_reference(changes):
    rng = np.random.default_rng(0)
    expected, found = _both(_batch(_example(rng), _example(rng, **changes)))
    assert expected is None and found is None


def test_other_kinds_of_features_are_left_to_the_reference():
    specs = {"label": tf.io.FixedLenFeature([], tf.int64), "texts": tf.io.VarLenFeature(tf.string)}
    assert _both(_batch(_example(np.random.default_rng(0))), specs)[1] is None


def test_damaged_examples_give_nothing_of_their_own():
    rng = np.random.default_rng(7)
    agreed = 0
    for _ in range(600):
        data = bytearray(_example(rng))
        for _ in range(rng.integers(1, 4)):
            data[rng.integers(len(data))] = rng.integers(256)
        expected, found = _both(_batch(bytes(data[: rng.integers(len(data) // 2, len(data) + 1)])))
        if found is not None:
            agreed += 1
            assert expected is not None
            np.testing.assert_equal([part.tolist() for part in found], [part.tolist() for part in expected])
    assert agreed


def test_a_map_of_single_examples_takes_stacks(tmp_path):
    rng = np.random.default_rng(1)
    with TFRecordWriter(str(tmp_path / "r")) as target:
        for _ in range(23):
            target.write(_example(rng, raw=Feature(bytes_list=BytesList(value=[rng.bytes(8)]))))
    specs = {**_SPECS, "raw": tf.io.FixedLenFeature([], tf.string)}

    def parse(record):
        found = tf.io.parse_single_example(record, specs)
        return tf.io.decode_raw(found["raw"], tf.int16), found["texts"], found["label"] + 1

    dataset = tf.data.TFRecordDataset(str(tmp_path / "r")).map(parse)
    assert dataset._node.function.takes_stacks
    alone = [[part.numpy().tolist() for part in element] for element in dataset]
    together = [[part.numpy().tolist() for part in element] for element in dataset.batch(5).unbatch()]
    assert alone == together and len(alone) == 23


def test_an_example_that_is_wrong_is_told_by_its_number(tmp_path):
    rng = np.random.default_rng(2)
    good = [_example(rng) for _ in range(5)]
    dataset = tf.data.Dataset.from_tensor_slices([*good, b"\xff"])
    elements = iter(dataset.map(lambda r: tf.io.parse_single_example(r, _SPECS)).batch(4))
    next(elements)
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        next(elements)
    assert "element 5" in "".join(caught.value.__notes__)


# TFRecords -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(3)
    with TFRecordWriter(str(tmp_path / "records")) as target:
        for size in [0, 5, 1_000_000, 17, *rng.integers(0, 400, 9000)]:
            target.write(rng.bytes(int(size)))
    return tmp_path / "records"


def test_checksums():
    checksum = records.library.native(records.masked_checksum)
    for size in (0, 1, 7, 8, 9, 15, 64, 1001):
        data = np.random.default_rng(size).integers(0, 256, size, np.uint8)
        assert checksum(data.ctypes.data, size) == masked_crc32c(data.tobytes())


def test_blocks_of_records_are_the_records(path):
    read = files.tfrecords_of("")
    assert [record for block in read.blocks(str(path)) for record in block] == list(read(str(path)))


@pytest.mark.parametrize("damage", ["cut", "data", "length", "checksum", "empty"])
def test_damage_is_told_as_the_reader_tells_it(path, damage):
    whole = bytearray(path.read_bytes())
    if damage == "cut":
        whole = whole[:-3]
    elif damage == "empty":
        whole = bytearray()
    else:
        whole[{"data": -9, "length": 60, "checksum": -1}[damage]] ^= 4
    path.write_bytes(whole)

    def outcome(walk):
        found = []
        try:
            found.extend(walk)
        except tf.errors.DataLossError as error:
            return found, str(error)
        return found, None

    read = files.tfrecords_of("")
    expected = outcome(read(str(path)))
    found, error = [], None
    try:
        for block in read.blocks(str(path)):
            found += block
    except tf.errors.DataLossError as raised:
        error = str(raised)
    assert (found, error) == expected
