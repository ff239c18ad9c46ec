"""Lookup tables and files that SavedModels and checkpoints take along."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft.formats.messages.saved_model import SavedModel, WeftProgram

lookup = tf.lookup
WORDS = tf.TensorSpec([None], tf.string)


class Tables(tf.Module):
    def __init__(self, file: str) -> None:
        super().__init__()
        self.given = lookup.StaticHashTable(lookup.KeyValueTensorInitializer(["x", "y"], [1.5, 2.5]), -1.0)
        lines = lookup.TextFileInitializer(file, tf.string, lookup.TextFileIndex.WHOLE_LINE, tf.int64,
                                           lookup.TextFileIndex.LINE_NUMBER)  # fmt: skip
        self.file = lookup.StaticHashTable(lines, -1)
        self.words = lookup.StaticVocabularyTable(lines, 2)
        self.counts = lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
        self.counts.insert(["a"], tf.constant([7], tf.int64))
        self.dense = lookup.experimental.DenseHashTable(tf.int64, tf.float32, [0.0, 0.0], 0, -1)
        self.dense.insert(tf.constant([5], tf.int64), [[1.0, 2.0]])

    @tf.function(input_signature=[WORDS])
    def __call__(self, words: Any) -> Any:
        return {"given": self.given.lookup(words), "file": self.file.lookup(words), "words": self.words.lookup(words),
                "counts": self.counts.lookup(words), "size": self.given.size(),
                "dense": self.dense.lookup(tf.constant([5, 6], tf.int64))}  # fmt: skip

    @tf.function(input_signature=[WORDS])
    def count(self, words: Any) -> Any:
        self.counts.insert(words, self.counts.lookup(words) + 1)
        return self.counts.export()


def _plain(found: Any) -> Any:
    return {name: value.numpy().tolist() for name, value in found.items()}


def test_models_take_tables_and_their_files_along(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a\nb\n")
    tables = Tables(str(tmp_path / "words.txt"))
    words = tf.constant(["a", "x", "b", "zz"])
    before = _plain(tables(words))
    tf.saved_model.save(tables, tmp_path / "model", {"find": tables.__call__})
    os.remove(tmp_path / "words.txt")
    assert os.listdir(tmp_path / "model" / "assets") == ["words.txt"]
    shutil.move(tmp_path / "model", tmp_path / "moved")
    loaded = tf.saved_model.load(tmp_path / "moved")
    assert _plain(loaded(words)) == before
    assert _plain(loaded.signatures["find"](words)) == before
    loaded.count(tf.constant(["a"]))
    assert loaded(words)["counts"].numpy().tolist() == [8, -1, -1, -1]
    tf.saved_model.save(loaded, tmp_path / "again")  # what was loaded is saved as it is now
    again = tf.saved_model.load(tmp_path / "again")
    assert _plain(again(words)) == {**before, "counts": [8, -1, -1, -1]}


def test_files_of_one_name_stay_apart(tmp_path: Path) -> None:
    root = tf.Module()
    root.assets = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").write_text(name)
        root.assets.append(tf.saved_model.Asset(tmp_path / name / "notes.txt"))
    root.read = tf.function(lambda: [tf.io.read_file(asset.asset_path) for asset in root.assets], input_signature=[])
    tf.saved_model.save(root, tmp_path / "model")
    shutil.rmtree(tmp_path / "one")
    loaded = tf.saved_model.load(tmp_path / "model")
    assert [text.numpy() for text in loaded.read()] == [b"one", b"two"]
    assert sorted(os.listdir(tmp_path / "model" / "assets")) == ["notes.txt", "notes.txt_1"]
    with pytest.raises(tf.errors.NotFoundError, match=r"one.notes\.txt is gone"):
        tf.saved_model.save(root, tmp_path / "other")


def test_a_table_that_the_object_does_not_lead_to(tmp_path: Path) -> None:
    table = lookup.StaticHashTable(lookup.KeyValueTensorInitializer([1], [2]), -1)
    root = tf.Module()
    root.find = tf.function(lambda x: table.lookup(x), input_signature=[tf.TensorSpec([], tf.int32)])
    with pytest.raises(AssertionError, match="'untracked' resource.*the table `hash_table`"):
        tf.saved_model.save(root, tmp_path / "model")
    root.table = table
    tf.saved_model.save(root, tmp_path / "model")
    assert int(tf.saved_model.load(tmp_path / "model").find(1)) == 2


def test_a_damaged_model_reads_no_file_outside_and_calls_no_method(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a\nb\n")
    tf.saved_model.save(Tables(str(tmp_path / "words.txt")), tmp_path / "model")
    path = tmp_path / "model" / "saved_model.pb"
    content = path.read_bytes()
    for old, new in (('"name": "words.txt"', '"name": "../../words.txt"'), ('"action", "find"', '"action", "fill"'),
                     ('"class": "StaticHashTable"', '"class": "TableCall"')):  # fmt: skip
        model = SavedModel.FromString(content)
        info = model.meta_graphs[0].meta_info_def.any_info
        held = WeftProgram.FromString(info.value)
        assert old in held.program
        held.program = held.program.replace(old, new)
        json.loads(held.program)
        info.value = held.SerializeToString()
        path.write_bytes(model.SerializeToString())
        with pytest.raises(tf.errors.DataLossError):
            tf.saved_model.load(tmp_path / "model")


def test_checkpoints_hold_tables_that_change(tmp_path: Path) -> None:
    counts = lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    counts.insert(["a"], tf.constant([7], tf.int64))
    dense = lookup.experimental.DenseHashTable(tf.int64, tf.int64, -1, 0, -5, initial_num_buckets=16)
    dense.insert(tf.constant([4, 9, 131076, -7, 262148], tf.int64), tf.range(5, dtype=tf.int64))
    checkpoint = tf.train.Checkpoint(counts=counts, dense=dense)
    path = checkpoint.write(tmp_path / "ckpt")
    held = {name: tf.train.load_variable(path, name) for name, _ in tf.train.list_variables(path) if "table" in name}
    # where TensorFlow 2.21 puts them
    assert held["dense/.ATTRIBUTES/table-keys"][:11, 0].tolist() == [
        0, 0, 0, 0, 4, 131076, 0, 262148, 0, 9, -7]  # fmt: skip
    assert held["counts/.ATTRIBUTES/table-keys"].tolist() == [b"a"]
    counts.insert(["b"], tf.constant([8], tf.int64))
    dense.erase(tf.constant([9], tf.int64))
    checkpoint.read(path).assert_consumed()
    assert counts.lookup(["a", "b"]).numpy().tolist() == [7, -1]
    assert dense.lookup(tf.constant([9, -7, 8], tf.int64)).numpy().tolist() == [1, 3, -1]
    assert np.asarray(dense.size()) == 5
