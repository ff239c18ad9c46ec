"""Checkpoints: bundles, their slices and shards, the state file, and what a crash leaves."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from tests.formats import golden
from tests.formats.damage import flips, peak_memory, refused, truncations
from tests.robustness.killing import save_and_die
from weft.base.errors import DataLossError, DTypeError, InvalidArgumentError, NotFoundError, UnimplementedError
from weft.formats import bundle, bundle_keys, checkpoint_state, files
from weft.formats.bundle import BundleReader, BundleWriter, list_variables, read_tensor
from weft.formats.messages.checkpoint import (
    BundleEntryProto,
    BundleHeaderProto,
    TensorSliceProto,
    TrackableObjectGraph,
)
from weft.formats.messages.tensor import DataType
from weft.formats.table import TableReader, TableWriter
from weft.formats.tensors import shape_to_proto

WHOLE = np.arange(300 * 4, dtype=np.int32).reshape(300, 4)


def golden_tensors() -> dict[str, np.ndarray]:
    tensors = {f"dtypes/{dtype}": golden.array(dtype) for dtype in [*golden.DTYPES, "bfloat16"]}
    tensors["strings"] = np.array([[b"a", b""], [b"\x00\xff", b"x" * 300]], object)
    return tensors | {"scalar": np.array(1.5, np.float32), "empty": np.zeros((0, 3), np.float32)}


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and np.array_equal(one, other)


def test_a_checkpoint_of_tensorflow_is_read():
    tensors = golden_tensors()
    with BundleReader(golden.FOLDER / "all_dtypes") as reader:
        assert reader.names() == sorted(tensors)
        assert reader.shapes() == {name: values.shape for name, values in sorted(tensors.items())}
        assert reader.dtype("dtypes/bfloat16") == DataType.DT_BFLOAT16
        for name, values in tensors.items():
            assert same(reader.read(name), values), name


def test_a_checkpoint_is_tensorflows_to_the_byte(tmp_path):
    tensors = golden_tensors()
    with BundleWriter(tmp_path / "ours") as writer:
        for name in sorted(tensors):
            writer.add(name, tensors[name])
    for ending in ("index", "data-00000-of-00001"):
        ours = (tmp_path / f"ours.{ending}").read_bytes()
        assert ours == (golden.FOLDER / f"all_dtypes.{ending}").read_bytes(), ending


def test_partitioned_tensors_of_tensorflow_are_put_together():
    with BundleReader(golden.FOLDER / "partitioned") as reader:
        assert reader.shapes() == {"boxes": (300, 4), "rows": (300, 4)}
        assert same(reader.read("rows"), WHOLE)
        assert same(reader.read("boxes"), WHOLE)


def test_several_data_files_are_read():
    assert list_variables(golden.FOLDER / "sharded") == [("t0", (3,)), ("t1", (3,))]
    for number in range(2):
        assert read_tensor(golden.FOLDER / "sharded", f"t{number}").tolist() == [number] * 3


def test_an_object_graph_of_tensorflow_is_read():
    prefix = checkpoint_state.latest_checkpoint(golden.FOLDER / "objects")
    assert prefix is not None
    graph = TrackableObjectGraph.FromString(read_tensor(prefix, "_CHECKPOINTABLE_OBJECT_GRAPH").item())
    children = {child.local_name: graph.nodes[child.node_id] for child in graph.nodes[0].children}
    assert read_tensor(prefix, children["weight"].attributes[0].checkpoint_key).tolist() == [1.0, 2.0]
    assert read_tensor(prefix, children["step"].attributes[0].checkpoint_key).item() == 3


def test_slices_come_back(tmp_path):
    prefix = tmp_path / "ckpt"
    with BundleWriter(prefix) as writer:
        writer.add_slice("rows", WHOLE[:290], shape=WHOLE.shape, start=(0, 0))
        writer.add_slice("rows", WHOLE[290:], shape=WHOLE.shape, start=(290, 0))
        writer.add_slice("boxes", WHOLE[:, :1], shape=WHOLE.shape, start=(0, 0))
        writer.add_slice("boxes", WHOLE[:, 1:], shape=WHOLE.shape, start=(0, 1))
        names = np.array([b"a", b"b"], object)
        writer.add_slice("names", names[:1], shape=(2,), start=(0,))
        writer.add_slice("names", names[1:], shape=(2,), start=(1,))
    with BundleReader(prefix) as reader:
        assert reader.names() == ["boxes", "names", "rows"]
        assert same(reader.read("rows"), WHOLE)
        assert same(reader.read("boxes"), WHOLE)
        assert same(reader.read("names"), names)


@pytest.mark.parametrize("name", ["float8_e5m2", "float8_e4m3fn", "int4", "uint4"])
def test_narrow_types_come_back(tmp_path, name):
    array = (np.arange(5) % 3).astype(getattr(ml_dtypes, name))
    with BundleWriter(tmp_path / "ckpt") as writer:
        writer.add("x", array)
    assert same(read_tensor(tmp_path / "ckpt", "x"), array)


def test_odd_names_and_layouts(tmp_path):
    array = np.arange(12).reshape(3, 4)
    tensors = {"Größe": array.T, "a": array[::2, ::-1], "a/b": np.float64(2), "s": np.array(["text", "ü"])}
    with BundleWriter(tmp_path / "new" / "folder" / "ckpt") as writer:
        for name, values in tensors.items():
            writer.add(name, values)
        writer.add("half", array, dtype=DataType.DT_HALF)
    with BundleReader(tmp_path / "new" / "folder" / "ckpt") as reader:
        assert reader.names() == sorted([*tensors, "half"], key=lambda name: name.encode())
        assert np.array_equal(reader.read("Größe"), array.T)
        assert np.array_equal(reader.read("a"), array[::2, ::-1])
        assert reader.read("s").tolist() == [b"text", "ü".encode()]
        assert reader.read("half").dtype == np.float16
        assert "a" in reader
        assert "b" not in reader
        reader.read("a")[0, 0] = 1  # its own


def test_wrong_additions_are_refused(tmp_path):
    writer = BundleWriter(tmp_path / "ckpt")
    writer.add("a", 1)
    for name in ("a", "", "\0x"):
        with pytest.raises(InvalidArgumentError, match="name"):
            writer.add(name, 2)
    with pytest.raises(DTypeError, match="datetime"):
        writer.add("b", np.array("2020-01-01", "datetime64[D]"))
    for shape, start in (((3,), (2,)), ((3,), (-1,)), ((3, 3), (0,)), ((3,), (0, 0))):
        with pytest.raises(InvalidArgumentError, match="does not lie"):
            writer.add_slice("s", [1, 2], shape=shape, start=start)
    writer.add_slice("s", [1, 2], shape=(4,), start=(0,))
    with pytest.raises(InvalidArgumentError, match="another shape"):
        writer.add_slice("s", [1, 2], shape=(5,), start=(2,))
    with pytest.raises(InvalidArgumentError, match="another shape or type"):
        writer.add_slice("a", 1, shape=(), start=())
    with pytest.raises(InvalidArgumentError, match="same slice"):
        writer.add_slice("s", [1, 2], shape=(4,), start=(0,))
    with pytest.raises(InvalidArgumentError, match="2 elements too few"):
        writer.finish()
    assert os.listdir(tmp_path) == []


def test_errors_say_what_is_missing(tmp_path):
    with pytest.raises(NotFoundError, match=r"ckpt.index does not exist"):
        BundleReader(tmp_path / "ckpt")
    with BundleWriter(tmp_path / "ckpt") as writer:
        writer.add("dense/kernel", [1.0])
    with BundleReader(tmp_path / "ckpt") as reader, pytest.raises(NotFoundError, match="Did you mean `dense/kernel`"):
        reader.read("dense/kernl")
    os.remove(bundle.data_path(tmp_path / "ckpt"))
    with pytest.raises(NotFoundError, match=r"incomplete: .*data-00000-of-00001 does not exist"):
        read_tensor(tmp_path / "ckpt", "dense/kernel")


def test_an_exception_while_writing_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), BundleWriter(tmp_path / "ckpt") as writer:
        writer.add("a", 1)
        raise KeyError
    assert os.listdir(tmp_path) == []
    BundleWriter(tmp_path / "forgotten").add("a", 1)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_files_have_the_usual_mode(tmp_path):
    with BundleWriter(tmp_path / "ckpt") as writer:
        writer.add("a", 1)
    (tmp_path / "plain").touch()
    usual = stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {usual}


def copy_of(prefix: Path, folder: Path) -> tuple[Path, Path]:
    for path in prefix.parent.glob(f"{prefix.name}.*"):
        shutil.copy(path, folder / path.name)
    return folder / f"{prefix.name}.index", folder / f"{prefix.name}.data-00000-of-00001"


def read_all(prefix: Path) -> dict[str, np.ndarray]:
    with BundleReader(prefix) as reader:
        return {name: reader.read(name) for name in reader.names()}


@pytest.mark.parametrize("name", ["all_dtypes", "objects/ckpt-1"])
@pytest.mark.parametrize("which", [0, 1])
def test_cut_off_and_flipped_files_are_refused_or_whole(tmp_path, name, which):
    prefix = golden.FOLDER / name
    whole = read_all(prefix)
    paths = copy_of(prefix, tmp_path)
    data = paths[which].read_bytes()
    for damaged in truncations(data):
        paths[which].write_bytes(damaged)
        assert refused(lambda: read_all(tmp_path / prefix.name))
    for damaged in flips(data, 300):
        paths[which].write_bytes(damaged)
        if not refused(lambda: read_all(tmp_path / prefix.name)):
            read = read_all(tmp_path / prefix.name)
            assert all(same(read[key], whole[key]) for key in whole)


def test_errors_name_the_data_file_and_the_offset(tmp_path):
    _, data = copy_of(golden.FOLDER / "partitioned", tmp_path)
    content = bytearray(data.read_bytes())
    content[5000] ^= 1
    data.write_bytes(content)
    with pytest.raises(
        DataLossError, match=r"partitioned.data-00000-of-00001: tensor 'boxes' at byte 4800: the checksum"
    ):
        read_tensor(tmp_path / "partitioned", "boxes")


def forge(folder: Path, entries: dict[bytes, bytes], data: bytes = b"", **header: object) -> Path:
    """A checkpoint with sound checksums in its index around whatever entries are given."""
    with open(folder / "forged.index", "wb") as file:
        writer = TableWriter(file)
        for key, value in sorted(
            {b"": BundleHeaderProto(**{"num_shards": 1, **header}).SerializeToString(), **entries}.items()
        ):
            writer.add(key, value)
        writer.finish()
    (folder / "forged.data-00000-of-00001").write_bytes(data)
    return folder / "forged"


@pytest.mark.parametrize(
    "fields",
    [
        {"dtype": 1, "shape": shape_to_proto((1 << 40,)), "size": 4 << 40},
        {"dtype": 1, "shape": shape_to_proto((1 << 62, 1 << 62)), "size": 8},
        {"dtype": 1, "shape": shape_to_proto((2,)), "size": 8, "offset": -1},
        {"dtype": 1, "shape": shape_to_proto((2,)), "size": 8, "offset": (1 << 63) - 1},
        {"dtype": 1, "shape": shape_to_proto((2,)), "size": -8},
        {"dtype": 1, "shape": shape_to_proto((2,)), "size": 8, "shard_id": 1},
        {"dtype": 1, "shape": shape_to_proto((2,)), "size": 8, "shard_id": -1},
        {"dtype": 1, "shape": shape_to_proto((-1,)), "size": 8},
        {"dtype": 1, "shape": shape_to_proto(None), "size": 8},
        {"dtype": 7, "shape": shape_to_proto((1 << 60,)), "size": 8},
        {"dtype": 7, "shape": shape_to_proto((3,)), "size": 8},
        {"dtype": 0, "size": 4},
        {"dtype": 21, "size": 4},
        {"dtype": 77, "size": 4},
        {"dtype": 1, "shape": shape_to_proto((1 << 40,)), "slices": [{"extent": [{}]}]},
        {"dtype": 1, "shape": shape_to_proto((2,)), "slices": [{"extent": [{"start": 1, "length": 5}]}]},
        {"dtype": 1, "shape": shape_to_proto((2,)), "slices": [{"extent": []}]},
    ],
)
def test_forged_entries_are_refused_and_allocate_nothing(tmp_path, fields):
    prefix = forge(tmp_path, {b"x": BundleEntryProto(**fields).SerializeToString()}, bytes(8))
    assert refused(lambda: read_tensor(prefix, "x"))
    assert peak_memory(lambda: refused(lambda: read_tensor(prefix, "x"))) < 2 << 20


def test_slices_that_overlap_are_refused(tmp_path):
    # Two halves that both claim the first half: as many elements as the whole, and yet a gap.
    with BundleWriter(tmp_path / "ckpt") as writer:
        writer.add_slice("x", np.zeros((2, 2)), shape=(4, 2), start=(0, 0))
        writer.add_slice("x", np.zeros((1, 2)), shape=(4, 2), start=(1, 0))
        writer.add_slice("x", np.zeros((1, 2)), shape=(4, 2), start=(2, 0))
    with pytest.raises(DataLossError, match="overlap"):
        read_tensor(tmp_path / "ckpt", "x")


def test_forged_headers_are_refused(tmp_path):
    for header in ({"num_shards": 0}, {"num_shards": -3}):
        with pytest.raises(DataLossError, match="shards"):
            BundleReader(forge(tmp_path, {}, **header))
    with pytest.raises(UnimplementedError, match="version 9"):
        BundleReader(forge(tmp_path, {}, version={"min_consumer": 9}))
    with pytest.raises(DataLossError, match="header"):
        BundleReader(forge(tmp_path, {b"": b"\x07"}))
    with pytest.raises(DataLossError, match="UTF-8"):
        BundleReader(forge(tmp_path, {b"\xff": b""})).names()


def test_big_endian_files_are_read(tmp_path):
    from weft.formats.crc32c import masked_crc32c

    data = np.array([1, 2, 3], ">i4").tobytes()
    fields = {"dtype": 3, "shape": shape_to_proto((3,)), "size": 12, "crc32c": masked_crc32c(data)}
    prefix = forge(tmp_path, {b"x": BundleEntryProto(**fields).SerializeToString()}, data, endianness="BIG")
    assert read_tensor(prefix, "x").tolist() == [1, 2, 3]


def save(prefix: Path, value: int) -> None:
    with BundleWriter(prefix) as writer:
        writer.add("x", np.full(3, value))


#: the calls that change the disk
STEPS = [(os, name) for name in ("replace", "remove", "fsync")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("had_older", [True, False])
def test_a_kill_at_any_step_leaves_the_old_or_the_new_checkpoint(tmp_path, had_older):
    seen = set()
    for steps in range(40):
        prefix = tmp_path / str(steps) / "ckpt"
        prefix.parent.mkdir()
        if had_older:
            save(prefix, 1)
        finished = save_and_die(lambda prefix=prefix: save(prefix, 2), steps, *STEPS)
        if bundle.checkpoint_exists(prefix):
            found = read_tensor(prefix, "x").tolist()
            assert found == [2] * 3 if finished else found in ([1] * 3, [2] * 3)
            seen.add(found[0])
            # A second kill, wherever, on top of what the first one left.
            for more in range(0, 12, 3):
                save_and_die(lambda prefix=prefix: save(prefix, 4), more, *STEPS)
                assert read_tensor(prefix, "x").tolist() in ([1] * 3, [2] * 3, [4] * 3)
        else:
            assert not had_older
        save(prefix, 3)  # the next save works, whatever was left behind
        assert read_tensor(prefix, "x").tolist() == [3] * 3
        assert not [name for name in os.listdir(prefix.parent) if name.endswith("-new")]
        if finished:
            break
    assert finished
    assert seen == ({1, 2} if had_older else {2})


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    prefix = tmp_path / "ckpt"
    save(prefix, 1)

    def refuse(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(os, "fsync", refuse)
        save(prefix, 2)
    assert read_tensor(prefix, "x").tolist() == [1] * 3
    assert len(os.listdir(tmp_path)) == 2


def test_an_index_can_be_read_as_a_table():
    with TableReader(golden.FOLDER / "sharded.index") as table:
        assert [key for key, _ in table.items()] == [b"", b"t0", b"t1"]
        assert BundleHeaderProto.FromString(table.get(b"")).num_shards == 2


# The state file.


def test_the_state_file_of_tensorflow_is_read():
    folder = golden.FOLDER / "objects"
    state = checkpoint_state.read_checkpoint_state(folder)
    assert state is not None
    assert state.model_checkpoint_path == str(folder / "ckpt-1")
    assert list(state.all_model_checkpoint_paths) == [str(folder / "ckpt-1")]


def test_the_state_file_comes_back(tmp_path):
    save(tmp_path / "ckpt-2", 2)
    assert checkpoint_state.latest_checkpoint(tmp_path) is None
    kept = [tmp_path / "ckpt-1", tmp_path / "ckpt-2"]
    checkpoint_state.write_checkpoint_state(tmp_path, tmp_path / "ckpt-2", kept, timestamps=[1.0, 2.0])
    assert 'model_checkpoint_path: "ckpt-2"\n' in (tmp_path / "checkpoint").read_text()
    assert checkpoint_state.latest_checkpoint(tmp_path) == str(tmp_path / "ckpt-2")
    moved = tmp_path.with_name(tmp_path.name + "-moved")
    tmp_path.rename(moved)
    assert checkpoint_state.latest_checkpoint(moved) == str(moved / "ckpt-2")


def test_paths_outside_stay_absolute_and_the_newest_is_added(tmp_path):
    folder = tmp_path / "folder"
    checkpoint_state.write_checkpoint_state(folder, tmp_path / "elsewhere" / "ckpt-3", [folder / "ckpt-1"])
    state = checkpoint_state.read_checkpoint_state(folder)
    assert state is not None
    assert list(state.all_model_checkpoint_paths) == [str(folder / "ckpt-1"), str(tmp_path / "elsewhere" / "ckpt-3")]
    assert checkpoint_state.latest_checkpoint(folder) is None  # it is gone
    with pytest.raises(InvalidArgumentError, match="timestamps"):
        checkpoint_state.write_checkpoint_state(folder, "a", timestamps=[1.0, 2.0])


def test_a_damaged_state_file_is_refused_by_name(tmp_path):
    (tmp_path / "checkpoint").write_bytes(b'model_checkpoint_path: "ckpt')
    with pytest.raises(DataLossError, match=r"checkpoint is damaged: .*line 1"):
        checkpoint_state.read_checkpoint_state(tmp_path)
    assert checkpoint_state.read_checkpoint_state(tmp_path / "absent") is None


def test_replacing_keeps_the_old_file_on_failure(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(KeyError), files.replacing(path) as file:
        file.write(b"new")
        raise KeyError
    assert path.read_bytes() == b"old"
    with files.replacing(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


def test_slices_that_share_bytes_are_refused(tmp_path: Path) -> None:
    """A small file must not become a large tensor."""
    prefix, rows, length = str(tmp_path / "shared"), 300, 1 << 16
    writer = BundleWriter(prefix)
    writer.add_slice("x", np.zeros([1, length], np.float32), shape=[rows, length], start=[0, 0])
    [first] = [entry for key, entry in writer._entries.items() if key != b"x"]
    for row in range(1, rows):
        proto = TensorSliceProto()
        proto.extent.add(start=row, length=1)
        proto.extent.add(start=0, length=length)
        writer._entries[bundle_keys.slice_key("x", proto)] = first
        writer._entries[b"x"].slices.append(proto)
    writer._missing["x"] = 0
    writer.finish()

    def read() -> None:
        with BundleReader(prefix) as reader, pytest.raises(DataLossError, match="share bytes"):
            reader.read("x")

    assert peak_memory(read) < 4 << 20


def test_a_slice_shorter_than_its_place_is_refused(tmp_path: Path) -> None:
    prefix = str(tmp_path / "short")
    writer = BundleWriter(prefix)
    writer.add_slice("x", np.zeros([4], np.float32), shape=[1 << 28], start=[0])
    [entry] = [entry for key, entry in writer._entries.items() if key != b"x"]
    writer._entries[b"x"].slices[0].extent[0].length = 1 << 28
    [old] = [key for key in writer._entries if key != b"x"]
    del writer._entries[old]
    writer._entries[bundle_keys.slice_key("x", writer._entries[b"x"].slices[0])] = entry
    writer._missing["x"] = 0
    writer.finish()

    def read() -> None:
        with BundleReader(prefix) as reader, pytest.raises(DataLossError, match="has 16 bytes"):
            reader.read("x")

    assert peak_memory(read) < 4 << 20
