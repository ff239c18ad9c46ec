"""tf.train.Checkpoint and its manager: objects come back, whoever wrote them, and nothing is half there."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from tests.robustness.killing import Killed, kill_after
from weft.formats import bundle, checkpoint_state, checkpoint_v1, files

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "checkpoints"


def _programs() -> Any:
    spec = importlib.util.spec_from_file_location("checkpoint_programs", ROOT / "tools/goldens/checkpoint_programs.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["checkpoint_programs"] = module
    spec.loader.exec_module(module)
    return module


programs = _programs()


@pytest.mark.parametrize("name", list(programs.PROGRAMS))
def test_checkpoints_of_tensorflow_are_restored(name: str) -> None:
    kept = json.loads((GOLDEN / "values.json").read_text())
    parts, held = programs.PROGRAMS[name](tf, False)
    status = tf.train.Checkpoint(**parts).read(str(GOLDEN / name))
    status.assert_consumed().assert_existing_objects_matched().expect_partial()
    assert programs.values(held) == kept[name]


@pytest.mark.parametrize("name", list(programs.PROGRAMS))
def test_ours_have_the_keys_and_links_of_tensorflows(name: str, tmp_path: Path) -> None:
    parts, _ = programs.PROGRAMS[name](tf, True)
    path = tf.train.Checkpoint(**parts).write(tmp_path / "ckpt")
    ours, theirs = (dict(tf.train.list_variables(p)) for p in (path, str(GOLDEN / name)))
    assert ours == theirs


def _module(*names: str) -> Any:
    module = tf.Module()
    for place, name in enumerate(names):
        setattr(module, name, tf.Variable([float(place), 2.0], name=name))
    return module


def test_what_is_made_after_restoring_gets_its_value(tmp_path: Path) -> None:
    first = tf.Module()
    first.layers = [tf.Variable(1.0), tf.Variable(2.0)]
    first.named = {"a": tf.Variable(3.0)}
    first.inner = _module("w")
    path = tf.train.Checkpoint(first=first, step=tf.Variable(9)).save(tmp_path / "ckpt")

    second = tf.Module()
    second.layers, second.named = [], {}
    checkpoint = tf.train.Checkpoint(first=second)
    status = checkpoint.restore(path)
    with pytest.raises(AssertionError, match="Unresolved object in checkpoint"):
        status.assert_consumed()
    for _ in range(2):
        second.layers.append(tf.Variable(0.0))
    assert [float(v) for v in second.layers] == [1.0, 2.0]
    second.named["a"] = tf.Variable(0.0)
    assert float(second.named["a"]) == 3.0
    second.inner = tf.Module()
    second.inner.w = tf.Variable([0.0, 0.0])
    assert second.inner.w.numpy().tolist() == [0.0, 2.0]
    checkpoint.step = tf.Variable(0)
    assert int(checkpoint.step) == 9
    status.assert_consumed()
    second.inner.w = tf.Variable([5.0, 5.0])  # values are given once
    assert second.inner.w.numpy().tolist() == [5.0, 5.0]


def test_layers_and_optimizers_that_are_built_later(tmp_path: Path) -> None:
    def made() -> tuple[Any, Any]:
        model = tf.keras.Sequential([tf.keras.layers.Dense(3), tf.keras.layers.Dense(1)])
        return model, tf.keras.optimizers.Adam(0.1)

    def step(model: Any, optimizer: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(tf.ones([2, 4])) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))

    model, optimizer = made()
    step(model, optimizer)
    path = tf.train.Checkpoint(model=model, optimizer=optimizer).save(tmp_path / "ckpt")
    later, its = made()
    status = tf.train.Checkpoint(model=later, optimizer=its).restore(path)
    later(tf.ones([2, 4]))
    its.build(later.trainable_variables)
    status.assert_consumed()
    for one, other in zip([*model.weights, *optimizer.variables], [*later.weights, *its.variables], strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    step(model, optimizer)
    step(later, its)
    np.testing.assert_array_equal(model.weights[0].numpy(), later.weights[0].numpy())


def test_status_says_what_is_missing(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(m=_module("a", "b")).save(tmp_path / "ckpt")
    status = tf.train.Checkpoint(m=_module("a", "c")).restore(path)
    with pytest.raises(AssertionError, match=r"\(root\)\.m\.b"):
        status.assert_consumed()
    with pytest.raises(AssertionError, match=r"Found 1 Python objects.*m/c \(variable `c:0` \(2,\)\)"):
        status.assert_existing_objects_matched()
    assert status.assert_nontrivial_match() is status
    with pytest.raises(AssertionError, match="No checkpoint specified"):
        tf.train.Checkpoint().restore(None).assert_consumed()


def test_a_wrong_shape_names_the_variable_and_changes_nothing(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(m=_module("a", "b")).write(tmp_path / "ckpt")
    other = _module("a", "b")
    other.b = tf.Variable(np.zeros((3, 1), np.float32), name="wide")
    other.a.assign([7.0, 7.0])
    with pytest.raises(ValueError, match=r"shape \(2,\).*variable `wide:0` \(m/b\) with shape \(3, 1\)"):
        tf.train.Checkpoint(m=other).read(path)
    assert other.a.numpy().tolist() == [7.0, 7.0]
    other.b = tf.Variable([1, 2])
    with pytest.raises(tf.errors.InvalidArgumentError, match="(?s)int32.*float32"):
        tf.train.Checkpoint(m=other).read(path)


def test_missing_paths(tmp_path: Path) -> None:
    checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
    with pytest.raises(tf.errors.NotFoundError, match="may be missing the checkpoint suffix"):
        checkpoint.restore(tmp_path / "none")
    with pytest.raises(tf.errors.NotFoundError):
        checkpoint.read(tmp_path / "none")
    assert tf.train.latest_checkpoint(tmp_path) is None
    assert tf.train.get_checkpoint_state(tmp_path) is None
    with pytest.raises(ValueError, match="Couldn't find a checkpoint"):
        tf.train.load_checkpoint(tmp_path)


@pytest.mark.parametrize("part", [".index", ".data-00000-of-00001"])
def test_a_truncated_file_is_refused_and_changes_nothing(tmp_path: Path, part: str) -> None:
    path = tf.train.Checkpoint(m=_module("a", "b")).write(tmp_path / "ckpt")
    whole = Path(path + part).read_bytes()
    module = _module("a", "b")
    for size in range(0, len(whole), 7):
        Path(path + part).write_bytes(whole[:size])
        module.a.assign([7.0, 7.0])
        with pytest.raises(tf.errors.DataLossError):
            tf.train.Checkpoint(m=module).read(path)
        assert module.a.numpy().tolist() == [7.0, 7.0]


def test_manager_keeps_the_newest(tmp_path: Path) -> None:
    v = tf.Variable(0.0)
    checkpoint = tf.train.Checkpoint(v=v)
    manager = tf.train.CheckpointManager(checkpoint, tmp_path, max_to_keep=2)
    assert manager.restore_or_initialize() is None
    for value in range(4):
        v.assign(value)
        manager.save()
    assert manager.checkpoints == [str(tmp_path / "ckpt-3"), str(tmp_path / "ckpt-4")]
    assert sorted({path.name.split(".")[0] for path in tmp_path.iterdir()}) == ["checkpoint", "ckpt-3", "ckpt-4"]
    assert manager.latest_checkpoint == tf.train.latest_checkpoint(tmp_path) == str(tmp_path / "ckpt-4")
    again = tf.train.CheckpointManager(tf.train.Checkpoint(v=v), tmp_path, max_to_keep=2)
    assert again.checkpoints == manager.checkpoints
    v.assign(-1.0)
    assert again.restore_or_initialize() == manager.latest_checkpoint
    assert float(v) == 3.0
    assert again.save() == str(tmp_path / "ckpt-5")
    assert again.save(checkpoint_number=17) == str(tmp_path / "ckpt-17")
    state = tf.train.get_checkpoint_state(tmp_path)
    assert list(state.all_model_checkpoint_paths) == again.checkpoints
    with pytest.raises(ValueError, match="positive integer"):
        tf.train.CheckpointManager(checkpoint, tmp_path, 0)


def test_manager_counts_steps(tmp_path: Path) -> None:
    step = tf.Variable(0)
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(step=step), tmp_path, None, step_counter=step, checkpoint_interval=3, checkpoint_name="m"
    )
    saved = []
    for _ in range(7):
        saved.append(manager.save())
        step.assign_add(1)
    assert [s is not None for s in saved] == [True, False, False, True, False, False, True]
    with pytest.raises(ValueError, match="step_counter"):
        tf.train.CheckpointManager(tf.train.Checkpoint(), tmp_path, 3, checkpoint_interval=3)


def test_a_save_killed_at_any_moment_leaves_a_whole_checkpoint(tmp_path: Path, monkeypatch: Any) -> None:
    """Whatever system call is the last, a new process finds the old values or the new ones."""
    deaths = 0
    for after in range(1000):
        folder = tmp_path / str(after)
        v = tf.Variable([0.0, 0.0])
        manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=v), folder, max_to_keep=1)
        manager.save()
        v.assign([1.0, 1.0])
        monkeypatch.setattr(files, "remove_quietly", lambda path: None)  # a killed process tidies nothing
        kill_after(monkeypatch, after, ("replace", "fsync", "remove", "open"))
        try:
            manager.save()
            died = False
        except Killed:
            died = True
        monkeypatch.undo()
        fresh = tf.Variable([9.0, 9.0])
        again = tf.train.CheckpointManager(tf.train.Checkpoint(v=fresh), folder, max_to_keep=1)
        tf.train.Checkpoint(v=fresh).restore(tf.train.latest_checkpoint(folder)).assert_consumed()
        assert fresh.numpy().tolist() in ([0.0, 0.0], [1.0, 1.0])
        again.save()
        if not died:
            assert fresh.numpy().tolist() == [1.0, 1.0]
            break
        deaths += 1
    assert deaths > 10


def test_a_full_disk_leaves_the_old_checkpoint_and_counts_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    v = tf.Variable(1.0)
    checkpoint = tf.train.Checkpoint(v=v)
    path = checkpoint.save(tmp_path / "ckpt")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(tmp_path / "ckpt")
    monkeypatch.undo()
    assert int(checkpoint.save_counter) == 1
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]
    assert tf.train.latest_checkpoint(tmp_path) == path
    assert checkpoint.save(tmp_path / "ckpt") == str(tmp_path / "ckpt-2")


def test_what_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="was expecting x to be a trackable object"):
        tf.train.Checkpoint(x=3)
    with pytest.raises(ValueError, match="a key that is no string"):
        tf.train.Checkpoint(d={1: tf.Variable(1.0)}).write(tmp_path / "ckpt")
    with pytest.raises(TypeError, match="must be a string"):
        tf.train.Checkpoint().write(3)

    @tf.function
    def inside() -> None:
        tf.train.Checkpoint(v=v).write(str(tmp_path / "ckpt"))

    v = tf.Variable(1.0)
    with pytest.raises(NotImplementedError, match="outside tf.function"):
        inside()


def test_checkpoints_of_version_1_are_matched_by_name(tmp_path: Path) -> None:
    with bundle.BundleWriter(tmp_path / "old") as writer:
        writer.add("w", np.array([3.0, 4.0], np.float32))
        writer.add("spare", np.float32(1))
    w = tf.Variable([0.0, 0.0], name="w")
    status = tf.train.Checkpoint(w=w).read(tmp_path / "old")
    assert w.numpy().tolist() == [3.0, 4.0]
    status.assert_existing_objects_matched()
    with pytest.raises(AssertionError, match="spare"):
        status.assert_consumed()


def test_options_iterator_and_views(tmp_path: Path) -> None:
    called: list[Any] = []
    options = tf.train.CheckpointOptions(experimental_write_callbacks=[called.append, lambda: called.append("also")])
    checkpoint = tf.train.Checkpoint(v=tf.Variable([1.0, 2.0]))
    path = checkpoint.save(tmp_path / "ckpt", options)
    assert called == [path, "also"]
    assert list(tf.train.checkpoints_iterator(tmp_path, timeout=0)) == [path]
    view = tf.train.CheckpointView(path)
    assert sorted(view.children(view.root)) == ["save_counter", "v"] and len(view.descendants()) == 3
    assert sorted(tf.train.TrackableView(checkpoint).children(checkpoint)) == ["save_counter", "v"]
    reader = tf.train.load_checkpoint(tmp_path)
    assert reader.has_tensor("v/.ATTRIBUTES/VARIABLE_VALUE")
    assert tf.train.load_variable(tmp_path, "v/.ATTRIBUTES/VARIABLE_VALUE").tolist() == [1.0, 2.0]
    assert checkpoint_state.latest_checkpoint(tmp_path) == path


def test_a_root_gives_its_children_to_the_checkpoint(tmp_path: Path) -> None:
    module = _module("a")
    path = tf.train.Checkpoint(module).write(tmp_path / "ckpt")
    assert dict(tf.train.list_variables(path)).keys() == {
        "_CHECKPOINTABLE_OBJECT_GRAPH", "a/.ATTRIBUTES/VARIABLE_VALUE"
    }  # fmt: skip
    other = tf.Module()
    other.a = tf.Variable([5.0, 5.0])
    tf.train.Checkpoint(root=other).read(path).assert_consumed()
    assert other.a.numpy().tolist() == [0.0, 2.0]


def test_iterators_go_on_where_they_stood(tmp_path: Path) -> None:
    def pipeline() -> Any:
        numbers = tf.data.Dataset.range(20).shuffle(8).map(lambda x: x * 2)
        return iter(tf.data.Dataset.zip((numbers.repeat(2), tf.data.Dataset.range(100))).batch(3))

    first = pipeline()
    for _ in range(4):
        next(first)
    path = tf.train.Checkpoint(it=first).save(tmp_path / "ckpt")
    rest = [(a.numpy().tolist(), b.numpy().tolist()) for a, b in first]
    second = pipeline()
    next(second)
    tf.train.Checkpoint(it=second).restore(path).assert_consumed()
    assert [(a.numpy().tolist(), b.numpy().tolist()) for a, b in second] == rest and len(rest) == 10
    with pytest.raises(tf.errors.InvalidArgumentError, match="another pipeline"):
        tf.train.Checkpoint(it=iter(tf.data.Dataset.range(3))).restore(path)


def test_the_manager_deletes_checkpoints_alone(tmp_path: Path) -> None:
    """The list of checkpoints is a text file, which may name anything."""
    kept = tmp_path / "important.txt"
    kept.write_text("keep me")
    old = str(tmp_path / "model-1")
    checkpoint_v1.write(old, [checkpoint_v1.Slice("v", np.zeros([2], np.float32))])
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "checkpoint").write_text(
        f'model_checkpoint_path: "{kept}"\n'
        + "".join(f'all_model_checkpoint_paths: "{path}"\n' for path in (kept, old))
        + "all_model_checkpoint_timestamps: 1.0\n" * 2 + "last_preserved_timestamp: 0.5\n"
    )  # fmt: skip
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=tf.Variable(1.0)), str(folder), max_to_keep=1)
    assert manager.checkpoints == [str(kept), old]
    manager.save()
    assert [os.path.basename(path) for path in manager.checkpoints] == ["ckpt-1"]
    assert kept.read_text() == "keep me"
    assert not os.path.exists(old)  # one of version 1, whose prefix is its file
