"""Files made to do harm, and damaged ones: each is refused with an error that says why, and nothing of it runs."""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from weft import keras
from weft.keras import layers


def good() -> dict[str, bytes]:
    """The members of a good archive."""
    memory = io.BytesIO()
    keras.Sequential([keras.Input((3,)), layers.Dense(4, name="d")]).save(memory)
    with zipfile.ZipFile(memory) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def with_config(path: Path, change: Any) -> Path:
    members = good()
    config = json.loads(members["config.json"])
    change(config)
    members["config.json"] = json.dumps(config).encode()
    return write(path, members)


def with_weights(path: Path, change: Any) -> Path:
    members = good()
    file = io.BytesIO(members["model.weights.h5"])
    with h5py.File(file, "r+") as store:
        change(store)
    members["model.weights.h5"] = file.getvalue()
    return write(path, members)


def dense(config: dict[str, Any]) -> dict[str, Any]:
    return next(layer for layer in config["config"]["layers"] if layer["class_name"] == "Dense")


def refused(path: Path, text: str) -> None:
    with pytest.raises((ValueError, TypeError), match=text):
        keras.models.load_model(path)


VARIABLE = "layers/dense/vars/0"


class TestCode:
    @pytest.mark.parametrize("module, name", [
        ("os", "system"), ("subprocess", "Popen"), ("keras.utils", "get_file"), ("keras.config", "Foo"),
        ("keras.saving", "load_model"), ("weft.keras.utils", "get_file"), ("builtins", "exec"),
        ("keras.src.utils.file_utils", "get_file"), ("keras.layers", "Layer.__init__"),
    ])  # fmt: skip
    @pytest.mark.parametrize("kind", ["class", "function"])
    def test_modules_are_not_imported(self, tmp_path: Path, module: str, name: str, kind: str) -> None:
        def change(config: dict[str, Any]) -> None:
            record = {"module": module, "class_name": name, "config": {"command": "touch x"}, "registered_name": name}
            if kind == "function":
                record.update(class_name="function", config=name)
            dense(config)["config"]["activation"] = record

        before = set(sys.modules)
        refused(with_config(tmp_path / "m.keras", change), "not known")
        assert module.split(".")[0] not in set(sys.modules) - before

    def test_unsafe_deserialization_is_not_turned_on(self, tmp_path: Path) -> None:
        def change(config: dict[str, Any]) -> None:
            dense(config)["config"]["activation"] = {
                "module": "keras.config", "class_name": "function", "config": "enable_unsafe_deserialization",
                "registered_name": "enable_unsafe_deserialization"}  # fmt: skip

        refused(with_config(tmp_path / "m.keras", change), "not known")
        assert not keras.config.is_unsafe_deserialization_enabled()

    def test_a_class_that_is_no_model(self, tmp_path: Path) -> None:
        def change(config: dict[str, Any]) -> None:
            config.update(module="keras.initializers", class_name="Zeros", config={})

        refused(with_config(tmp_path / "m.keras", change), "describes no model")

    def test_a_registered_name_does_not_stand_in_for_a_built_in_class(self, tmp_path: Path) -> None:
        def change(config: dict[str, Any]) -> None:
            dense(config)["registered_name"] = "Custom>Evil"

        refused(with_config(tmp_path / "m.keras", change), "resolved to a Keras built-in")

    def test_vocabularies_of_other_files_are_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("password")
        model = keras.Sequential([keras.Input((1,), dtype="string"), layers.StringLookup(vocabulary=["a"])])
        memory = io.BytesIO()
        model.save(memory)
        with zipfile.ZipFile(memory) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        config = json.loads(members["config.json"])
        config["config"]["layers"][1]["config"]["vocabulary"] = str(tmp_path / "secret")
        members["config.json"] = json.dumps(config).encode()
        refused(write(tmp_path / "m.keras", members), "names a file with the vocabulary is refused")


class TestHdf5:
    def test_external_links(self, tmp_path: Path) -> None:
        def change(store: Any) -> None:
            del store[VARIABLE]
            store[VARIABLE] = h5py.ExternalLink("/etc/passwd.h5", "/x")

        refused(with_weights(tmp_path / "m.keras", change), "link to another place")

    @pytest.mark.parametrize("path", [VARIABLE, "layers/dense"])
    def test_soft_links(self, tmp_path: Path, path: str) -> None:
        def change(store: Any) -> None:
            store.move(path, "elsewhere")
            store[path] = h5py.SoftLink("/elsewhere")

        refused(with_weights(tmp_path / "m.keras", change), "link to another place")

    def test_external_storage(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_bytes(np.ones(12, "float32").tobytes())

        def change(store: Any) -> None:
            del store[VARIABLE]
            store.create_dataset(VARIABLE, (3, 4), "float32", external=[(str(secret), 0, 48)])

        refused(with_weights(tmp_path / "m.keras", change), "numbers in other files")

    def test_virtual_data_sets(self, tmp_path: Path) -> None:
        with h5py.File(tmp_path / "other.h5", "w") as other:
            other["x"] = np.ones((3, 4), "float32")

        def change(store: Any) -> None:
            del store[VARIABLE]
            layout = h5py.VirtualLayout((3, 4), "float32")
            layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", (3, 4))
            store.create_virtual_dataset(VARIABLE, layout)

        refused(with_weights(tmp_path / "m.keras", change), "put together from other files")

    @pytest.mark.parametrize("chunks", [None, (1 << 10, 4)])
    def test_claimed_shapes(self, tmp_path: Path, chunks: Any) -> None:
        def change(store: Any) -> None:
            del store[VARIABLE]
            packing = {} if chunks is None else {"chunks": chunks, "compression": "gzip"}
            store.create_dataset(VARIABLE, (1 << 40, 4), "float32", **packing)

        refused(with_weights(tmp_path / "m.keras", change), "claims")

    def test_wrong_shapes_and_kinds(self, tmp_path: Path) -> None:
        for number, (value, text) in enumerate([
            (np.ones((4, 3), "float32"), r"\(3, 4\)"), (np.ones(5, "float32"), r"\(5,\)"),
            (np.array(["a"] * 12, "S1").reshape(3, 4), "holds no numbers"),
        ]):  # fmt: skip

            def change(store: Any, value: Any = value) -> None:
                del store[VARIABLE]
                store[VARIABLE] = value

            refused(with_weights(tmp_path / f"{number}.keras", change), text)

    def test_a_cycle_of_groups(self, tmp_path: Path) -> None:
        model = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="d")])
        model.save_weights(tmp_path / "w.weights.h5")
        with h5py.File(tmp_path / "w.weights.h5", "r+") as store:
            store["layers/dense/again"] = store["layers"]
            store["layers/dense/cycle"] = store["/"]
        model.load_weights(tmp_path / "w.weights.h5")

    def test_names_that_lead_elsewhere(self, tmp_path: Path) -> None:
        model = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="d")])
        model.save_weights(tmp_path / "w.h5")
        with h5py.File(tmp_path / "w.h5", "r+") as store:
            store["d"].attrs["weight_names"] = [b"../d/kernel", b"d/bias"]
        with pytest.raises(ValueError, match=r"part '\.\.'"):
            model.load_weights(tmp_path / "w.h5")


def _arrays(group: Any) -> list[str]:
    found: list[str] = []
    group.visititems(lambda name, item: found.append(item.name) if hasattr(item, "shape") else None)
    return found


class TestZip:
    def test_a_bomb(self, tmp_path: Path) -> None:
        members = good()
        members["model.weights.h5"] = b"\0" * (100 << 20)
        refused(write(tmp_path / "m.keras", members, zipfile.ZIP_DEFLATED), "claims 104857600 bytes")

    def test_many_small_bombs(self, tmp_path: Path) -> None:
        members = good() | {f"assets/{n}": b"\0" * (20 << 20) for n in range(5)}
        refused(write(tmp_path / "m.keras", members, zipfile.ZIP_DEFLATED), "claims")

    @pytest.mark.parametrize("name", ["assets/../../evil", "assets//evil", "assets/C:evil", "assets/a\\..\\b"])
    def test_names_that_lead_out(self, tmp_path: Path, name: str) -> None:
        folder = tmp_path / "inner"
        folder.mkdir()
        refused(write(folder / "m.keras", good() | {name: b"x"}), "a member is named")
        assert os.listdir(tmp_path) == ["inner"] and os.listdir(folder) == ["m.keras"]

    def test_a_link_among_the_members(self, tmp_path: Path) -> None:
        path = write(tmp_path / "m.keras", good())
        with zipfile.ZipFile(path, "a") as archive:
            link = zipfile.ZipInfo("assets/link")
            link.external_attr = 0o120777 << 16
            archive.writestr(link, "/etc/passwd")
        refused(path, "no regular file")

    def test_a_member_twice(self, tmp_path: Path) -> None:
        path = write(tmp_path / "m.keras", good())
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("Config.json", "{}")
        refused(path, "twice")

    def test_members_that_are_missing(self, tmp_path: Path) -> None:
        for name in ("config.json", "model.weights.h5"):
            members = good()
            del members[name]
            refused(write(tmp_path / f"{name}.keras", members), name)


class TestConfig:
    def test_units_that_no_machine_has(self, tmp_path: Path) -> None:
        def change(config: dict[str, Any]) -> None:
            dense(config)["config"]["units"] = 10**12

        refused(with_config(tmp_path / "m.keras", change), "far too small to hold its values")

    def test_deep_and_broken_json(self, tmp_path: Path) -> None:
        for number, text in enumerate([b"[" * 100_000, b"{", b"\xff\xfe", b'{"a": ' + b"9" * 5000 + b"}", b"[]", b"3"]):
            refused(write(tmp_path / f"{number}.keras", good() | {"config.json": text}), "JSON|describes no model")

    def test_objects_in_objects_without_end(self, tmp_path: Path) -> None:
        def change(config: dict[str, Any]) -> None:
            layer: Any = dense(config)
            inner = json.loads(json.dumps(layer))
            for _ in range(150):
                wrapped = {"module": "keras.layers", "class_name": "TimeDistributed", "registered_name": None}
                inner = {**wrapped, "config": {"name": "t", "layer": inner}}
            layer.update(class_name="TimeDistributed", config={"name": "t", "layer": inner})
            layer.pop("build_config", None)

        with pytest.raises((ValueError, TypeError)):
            keras.models.load_model(with_config(tmp_path / "m.keras", change))

    def test_whole_models_in_hdf5_are_read_with_the_same_care(self, tmp_path: Path) -> None:
        model = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="d")])
        for number, text in enumerate(["link to another place", "claims", "far too small"]):
            path = tmp_path / f"{number}.h5"
            model.save(path)
            with h5py.File(path, "r+") as store:
                if number == 2:
                    config = store.attrs["model_config"].replace('"units": 4', '"units": 1000000000000')
                    store.attrs["model_config"] = config
                else:
                    place = next(iter(_arrays(store["model_weights/d"])))
                    del store[place]
                    if number:
                        store.create_dataset(place, (1 << 40, 4), "float32", chunks=(1024, 4), compression="gzip")
                    else:
                        store[place] = h5py.ExternalLink("/etc/passwd.h5", "/x")
            refused(path, text)

    def test_calls_that_wait_for_one_another(self, tmp_path: Path) -> None:
        x = keras.Input((2,))
        model = keras.Model(x, layers.Dense(2, name="b")(layers.Dense(2, name="a")(x)))
        record = json.loads(model.to_json())
        first = next(layer for layer in record["config"]["layers"] if layer["name"] == "a")
        first["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = ["b", 0, 0]
        with pytest.raises((ValueError, TypeError), match="does not hang together"):
            keras.models.model_from_json(json.dumps(record))


def test_every_truncation_is_an_error(tmp_path: Path) -> None:
    whole = write(tmp_path / "m.keras", good()).read_bytes()
    weights = good()["model.weights.h5"]
    for size in [*range(0, 300, 29), *range(300, len(whole), 1501)]:
        (tmp_path / "cut.keras").write_bytes(whole[:size])
        with pytest.raises(ValueError):
            keras.models.load_model(tmp_path / "cut.keras")
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="d")])
    for size in range(0, len(weights) - 1, 997):
        (tmp_path / "cut.weights.h5").write_bytes(weights[:size])
        with pytest.raises(ValueError):
            model.load_weights(tmp_path / "cut.weights.h5")


def test_flipped_bits_are_errors_or_change_nothing_but_numbers(tmp_path: Path) -> None:
    whole = bytearray(write(tmp_path / "m.keras", good()).read_bytes())
    random = np.random.RandomState(5)
    for place in random.randint(0, len(whole), 150):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(random.randint(8))
        (tmp_path / "bad.keras").write_bytes(damaged)
        try:
            model = keras.models.load_model(tmp_path / "bad.keras")
        except (ValueError, TypeError):
            continue
        assert [weight.shape for weight in model.get_weights()] == [(3, 4), (4,)]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"hello world" * 10, b"\x80\x04pickle"])
def test_what_is_no_model(tmp_path: Path, content: bytes) -> None:
    for name in ("m.keras", "m.h5"):
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, r"m\.(keras|h5)")


@pytest.mark.filterwarnings("ignore:The lambda of")
def test_a_new_session_refuses_code_again() -> None:
    record = layers.serialize(layers.Lambda(lambda x: x * 2.0))
    with pytest.raises(ValueError, match="arbitrary code"):
        layers.deserialize(record)
    keras.config.enable_unsafe_deserialization()
    try:
        assert float(layers.deserialize(record)(np.ones((), "float32"))) == 2.0
    finally:
        keras.utils.clear_session()
    with pytest.raises(ValueError, match="arbitrary code"):
        layers.deserialize(record)
