"""tf.saved_model: what is saved is loaded by another program, and what is damaged or foreign says so."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from tests.formats.damage import peak_memory
from tests.robustness.killing import Killed, kill_after
from weft.formats import bundle, files
from weft.formats.messages.saved_model import SavedModel, WeftProgram
from weft.formats.tensors import shape_to_proto

keras = tf.keras


class Net(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="w")
        self.parts = [tf.Variable(1.0, trainable=False), {"a": tf.Variable([True])}, (tf.Variable(2),)]
        self.inner = tf.Module()
        self.inner.same = self.w
        self.count = 3

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def __call__(self, x: Any) -> Any:
        y = tf.matmul(x, self.w)
        for i in tf.range(3):
            y = tf.where(y > 50.0, y, y * tf.cast(i + 1, tf.float32))
        return y

    @tf.function
    def several(self, x: Any, scale: Any = 2, flag: bool = True) -> Any:
        if flag:
            return {"sum": tf.reduce_sum(x) * scale, "both": (x, [x + self.parts[0]])}
        return {"sum": x}

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def add(self, by: Any) -> Any:
        self.parts[0].assign_add(by)
        return self.parts[0].read_value()


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Net, str]:
    net = Net()
    net.several(tf.constant([1.0, 2.0]))
    net.several(tf.constant([1.0]), scale=3)
    net.several(tf.constant(1), flag=False)
    folder = str(tmp_path / "model")
    tf.saved_model.save(net, folder, signatures={"serving_default": net.__call__, "add": net.add})
    return net, folder


def test_objects_and_functions(saved: tuple[Net, str]) -> None:
    net, folder = saved
    assert tf.saved_model.contains_saved_model(folder) and not tf.saved_model.contains_saved_model(folder + "x")
    loaded = tf.saved_model.load(folder)
    x = np.arange(6.0, dtype=np.float32).reshape(3, 2)
    np.testing.assert_array_equal(loaded(x).numpy(), net(x).numpy())
    assert loaded([[1.0, 2.0]]).shape == (1, 2)
    assert loaded.w.numpy().tolist() == net.w.numpy().tolist() and loaded.w.trainable and loaded.w.name == "w:0"
    assert loaded.inner.same is loaded.w
    assert not loaded.parts[0].trainable and loaded.parts[1]["a"].numpy().tolist() == [True]
    assert isinstance(loaded.parts[2], tuple) and int(loaded.parts[2][0]) == 2
    assert not hasattr(loaded, "count")
    found = loaded.several(tf.constant([1.0, 2.0]))
    assert float(found["sum"]) == 6.0 and found["both"][1][0].numpy().tolist() == [2.0, 3.0]
    assert float(loaded.several(tf.constant([4.0]), scale=3)["sum"]) == 12.0
    assert int(loaded.several(tf.constant(5), flag=False)["sum"]) == 5
    assert float(loaded.add(2.0)) == 3.0 and float(loaded.parts[0]) == 3.0
    assert loaded.several(tf.constant([1.0, 2.0]))["both"][1][0].numpy().tolist() == [4.0, 5.0]
    with pytest.raises(ValueError, match="(?s)Could not find matching concrete function.*one of"):
        loaded.several(tf.constant([1.0, 2.0, 3.0]))


def test_signatures(saved: tuple[Net, str]) -> None:
    loaded = tf.saved_model.load(saved[1], tags="serve")
    assert list(loaded.signatures) == ["serving_default", "add"]
    serve = loaded.signatures[tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY]
    assert list(serve.structured_input_signature[1]) == ["x"]
    assert serve.structured_outputs["output_0"].shape.as_list() == [None, 2]
    one, other = serve(x=tf.ones([1, 2])), serve(tf.ones([1, 2]))
    np.testing.assert_array_equal(one["output_0"].numpy(), other["output_0"].numpy())
    with pytest.raises(TypeError, match="is no argument"):
        serve(y=tf.ones([1, 2]))
    message = SavedModel.FromString(Path(saved[1], "saved_model.pb").read_bytes())
    described = message.meta_graphs[0].signature_def["serving_default"]
    assert described.inputs["x"].dtype == 1 and described.outputs["output_0"].tensor_shape.dim[1].size == 2


def test_it_can_be_trained_saved_again_and_used_in_functions(saved: tuple[Net, str], tmp_path: Path) -> None:
    net, folder = saved
    loaded = tf.saved_model.load(folder)
    x = tf.constant([[1.0, 2.0]])
    with tf.GradientTape() as tape, tf.GradientTape() as other:
        ours, theirs = net(x), loaded(x)
    one, two = tape.gradient(ours, net.w), other.gradient(theirs, loaded.w)
    assert one is not None
    np.testing.assert_array_equal(one.numpy(), two.numpy())
    loaded.w.assign_sub(two * 0.1)
    inside = tf.function(lambda x: loaded(x) + 1.0)
    np.testing.assert_allclose(inside(x).numpy(), loaded(x).numpy() + 1.0)
    tf.saved_model.save(loaded, str(tmp_path / "again"))
    again = tf.saved_model.load(str(tmp_path / "again"))
    np.testing.assert_array_equal(again(x).numpy(), loaded(x).numpy())
    fresh = Net()
    tf.train.Checkpoint(fresh).restore(folder).expect_partial()  # the variables are a checkpoint
    np.testing.assert_array_equal(fresh.w.numpy(), net.w.numpy())


def test_another_process_loads_it(saved: tuple[Net, str]) -> None:
    program = "import sys, weft as tf; print(tf.saved_model.load(sys.argv[1])(tf.ones([1, 2])).numpy().tolist())"
    found = subprocess.run([sys.executable, "-c", program, saved[1]], capture_output=True, text=True, check=True)
    assert eval(found.stdout) == saved[0](tf.ones([1, 2])).numpy().tolist()


def _models() -> dict[str, Any]:
    layers = keras.layers
    start = keras.Input((6,), name="numbers")
    steps = layers.Reshape((6, 1))(start)
    parts = [layers.LSTM(2)(steps), layers.Flatten()(layers.Conv1D(2, 3)(steps)), layers.GlobalMaxPool1D()(steps)]
    parts.append(layers.Flatten()(layers.MultiHeadAttention(1, 2)(steps, steps)))
    functional = keras.Model(start, layers.Dense(2)(layers.Dropout(0.5)(layers.Concatenate()(parts))))
    sequential = keras.Sequential([layers.Dense(3, "relu"), layers.BatchNormalization(), layers.Dense(1)])
    sequential(np.zeros((2, 6), np.float32))

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x: Any, training: bool = False) -> Any:
            return self.dense(x) * (2.0 if training else 1.0)

    own = Own()
    own(np.zeros((2, 6), np.float32))
    return {"functional": functional, "sequential": sequential, "own": own}


@pytest.mark.parametrize("kind", ["functional", "sequential", "own"])
def test_keras_models(kind: str, tmp_path: Path, capsys: Any) -> None:
    model = _models()[kind]
    x = np.linspace(-1, 1, 18, dtype=np.float32).reshape(3, 6)
    expected = model(x).numpy()
    tf.saved_model.save(model, str(tmp_path / "saved"))
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(loaded(x).numpy(), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        loaded.signatures["serving_default"](inputs=tf.constant(x))["output_0"].numpy(), expected, rtol=1e-5, atol=1e-6
    )
    model.export(str(tmp_path / "exported"))
    assert "Saved artifact" in capsys.readouterr().out
    served = tf.saved_model.load(str(tmp_path / "exported"))
    np.testing.assert_allclose(served.serve(x).numpy(), expected, rtol=1e-5, atol=1e-6)
    assert len(served.variables) == len(model.variables)
    layer = keras.layers.TFSMLayer(str(tmp_path / "exported"))
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-5, atol=1e-6)
    assert len(layer.trainable_weights) == len(model.trainable_weights)
    on_top = keras.Sequential([keras.Input((6,)), layer, keras.layers.Dense(1)])
    assert on_top.predict(x, verbose=0).shape == (3, 1)
    with pytest.raises(ValueError, match="'serve'"):
        keras.layers.TFSMLayer(str(tmp_path / "exported"), call_endpoint="none")


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    out = {"sum": keras.layers.Dense(1)(a), "all": keras.layers.Concatenate()([a, b])}
    model = keras.Model({"a": a, "b": b}, out)
    model.export(str(tmp_path / "m"), verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    given = {"a": tf.ones([2, 2]), "b": tf.zeros([2, 3])}
    assert loaded.serve(given)["all"].shape == (2, 5)
    assert loaded.signatures["serving_default"](**given)["all"].numpy()[0].tolist() == [1, 1, 0, 0, 0]


def test_random_numbers_strings_and_control_flow(tmp_path: Path) -> None:
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string), tf.TensorSpec([], tf.int32)])
    def run(words: Any, limit: Any) -> Any:
        total = tf.constant(0)
        while total < limit:
            total += 3
        noise = tf.random.uniform([2])
        return tf.strings.join([words, tf.constant("!")]), total, noise

    module.run = run
    tf.saved_model.save(module, str(tmp_path / "m"))
    words, total, noise = tf.saved_model.load(str(tmp_path / "m")).run(tf.constant(["a", "b"]), tf.constant(7))
    assert words.numpy().tolist() == [b"a!", b"b!"] and int(total) == 9 and noise.shape == (2,)


def test_decoders_and_parsers_are_kept_by_name(tmp_path: Path) -> None:
    module = tf.Module()
    features = {"x": tf.io.FixedLenFeature([2], tf.float32), "n": tf.io.FixedLenFeature([], tf.int64, default_value=5)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def images(contents: Any) -> Any:
        return tf.map_fn(
            lambda one: tf.image.resize(tf.io.decode_image(one, channels=3, expand_animations=False), [4, 4]),
            contents, fn_output_signature=tf.float32,
        )  # fmt: skip

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def examples(serialized: Any) -> Any:
        return tf.io.parse_example(serialized, features)

    module.images, module.examples = images, examples
    tf.saved_model.save(module, str(tmp_path / "m"))
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    png = tf.io.encode_png(np.arange(60, dtype=np.uint8).reshape(4, 5, 3))
    np.testing.assert_array_equal(loaded.images([png, png]).numpy(), images(tf.stack([png, png])).numpy())
    example = tf.train.Example()
    example.features.feature["x"].float_list.value.extend([1.0, 2.0])
    found = loaded.examples([example.SerializeToString()])
    assert found["x"].numpy().tolist() == [[1.0, 2.0]] and found["n"].numpy().tolist() == [5]
    tf.saved_model.save(loaded, str(tmp_path / "again"))
    assert tf.saved_model.load(str(tmp_path / "again")).images([png]).shape == (1, 4, 4, 3)


def test_what_cannot_be_saved(tmp_path: Path) -> None:
    folder = str(tmp_path / "m")
    with pytest.raises(ValueError, match="an object that holds variables or functions"):
        tf.saved_model.save(3, folder)
    net = Net()
    with pytest.raises(ValueError, match="input signature or concrete functions"):
        tf.saved_model.save(net, folder, signatures=net.several)
    hidden = tf.Variable(1.0, name="hidden")
    net.uses = tf.function(lambda x: x + hidden, input_signature=[tf.TensorSpec([])])
    with pytest.raises(AssertionError, match="(?s)'untracked' resource.*hidden"):
        tf.saved_model.save(net, folder)
    net.uses = tf.function(lambda x: tf.py_function(lambda y: y, [x], tf.float32), input_signature=[tf.TensorSpec([])])
    with pytest.raises(tf.errors.InvalidArgumentError, match="calls Python"):
        tf.saved_model.save(net, folder)
    assert not os.listdir(tmp_path)
    net.uses = tf.function(lambda x: [x, {"b": x}], input_signature=[tf.TensorSpec([])])
    with pytest.raises(ValueError, match="must return a tensor"):
        tf.saved_model.save(net, folder, signatures=net.uses)
    unbuilt = keras.Sequential([keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="not built"):
        unbuilt.export(folder)


def test_missing_and_foreign_ones(tmp_path: Path, saved: tuple[Net, str]) -> None:
    with pytest.raises(OSError, match="SavedModel file does not exist"):
        tf.saved_model.load(str(tmp_path / "none"))
    with pytest.raises(ValueError, match="incompatible argument to `tags`"):
        tf.saved_model.load(saved[1], tags=["train"])
    foreign = SavedModel(saved_model_schema_version=1)
    foreign.meta_graphs.add().meta_info_def.tensorflow_version = "2.21.0"
    path = tmp_path / "foreign" / "saved_model.pb"
    path.parent.mkdir()
    path.write_bytes(foreign.SerializeToString())
    with pytest.raises(tf.errors.UnimplementedError, match=r"written by TensorFlow 2\.21\.0"):
        tf.saved_model.load(str(path.parent))
    with pytest.raises(tf.errors.UnimplementedError):
        keras.layers.TFSMLayer(str(path.parent))


def test_damaged_files_are_refused(saved: tuple[Net, str], tmp_path: Path) -> None:
    _, folder = saved
    path = Path(folder, "saved_model.pb")
    whole = path.read_bytes()
    for size in range(0, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:size])
        with pytest.raises((tf.errors.DataLossError, tf.errors.UnimplementedError)):
            tf.saved_model.load(folder)
    path.write_bytes(whole)
    index = Path(bundle.index_path(os.path.join(folder, "variables", "variables")))
    held = index.read_bytes()
    index.write_bytes(held[:-8] + bytes(8))
    with pytest.raises(tf.errors.DataLossError, match="not those that it was saved with"):
        tf.saved_model.load(folder)
    index.write_bytes(held)
    data = Path(folder, "variables", "variables.data-00000-of-00001")
    data.write_bytes(data.read_bytes()[:-9])
    with pytest.raises(tf.errors.DataLossError):
        tf.saved_model.load(folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"op": "matmul"', '"op": "print"'), ('"op": "matmul"', '"op": "py_function"'), ('"op": "matmul"', '"op": "add"'),
     ('"kind": "list"', '"kind": "module"'), ('"variable": 1', '"variable": 4'), ('"symbols": ', '"symbols": 9999999')],
)  # fmt: skip
def test_forged_programs_are_refused(saved: tuple[Net, str], old: str, new: str) -> None:
    """Nothing in the file is believed: ops, types, state and numbers of objects are checked."""

    def change(held: Any) -> None:
        assert old in held.program
        held.program = held.program.replace(old, new)

    _forge(saved[1], change)
    with pytest.raises(tf.errors.DataLossError):
        tf.saved_model.load(saved[1])


def _forge(folder: str, change: Callable[[Any], None]) -> None:
    path = Path(folder, "saved_model.pb")
    message = SavedModel.FromString(path.read_bytes())
    info = message.meta_graphs[0].meta_info_def.any_info
    held = WeftProgram.FromString(info.value)
    change(held)
    info.value = held.SerializeToString()
    path.write_bytes(message.SerializeToString())


def _program(held: Any, change: Callable[[Any], None]) -> None:
    program = json.loads(held.program)
    change(program)
    held.program = json.dumps(program)


def _record(program: Any, kind: str) -> Any:
    return next(record for record in program["objects"] if record["kind"] == kind)


@pytest.mark.parametrize("change", [
    lambda held: [held.arrays.add(dtype=4, tensor_shape=shape_to_proto([1 << 24]), int_val=[1]) for _ in range(4)],
    lambda held: _program(held, lambda p: _record(p, "list")["children"][0].__setitem__(0, "30000000")),
    lambda held: _program(held, lambda p: _record(p, "list")["children"][0].__setitem__(0, "-30000000")),
    lambda held: _program(held, lambda p: p["objects"].extend(
        {"kind": "list", "children": [["900000", 0]]} for _ in range(30))),
    lambda held: _program(held, lambda p: _record(p, "variable").update(shape=[30_000_000])),
    lambda held: _program(held, lambda p: _record(p, "variable").update(shape=[10**13])),
    lambda held: _program(held, lambda p: _record(p, "variable").update(shape=[-1, 30_000_000])),
    lambda held: _program(held, lambda p: p.update(symbols=900_000)),
    lambda held: setattr(held, "program", "[" * 200_000),
], ids=["arrays", "list", "before_list", "lists", "variable", "huge", "negative", "symbols", "nested"])  # fmt: skip
def test_small_forged_programs_take_little_memory(saved: tuple[Net, str], change: Callable[[Any], None]) -> None:
    _forge(saved[1], change)

    def load() -> None:
        with pytest.raises(tf.errors.DataLossError):
            tf.saved_model.load(saved[1])

    assert peak_memory(load) < 16 << 20


@pytest.mark.parametrize("again", [False, True])
def test_a_save_killed_at_any_moment(tmp_path: Path, monkeypatch: Any, again: bool) -> None:
    """A new folder is there whole or not at all; one that is replaced is the old, the new, or says what happened."""
    module = tf.Module()
    module.v = tf.Variable(0.0)
    module.get = tf.function(lambda: module.v + 0.0, input_signature=[])
    outcomes = set()
    for after in range(200):
        folder = str(tmp_path / str(after))
        module.v.assign(1.0)
        if again:
            tf.saved_model.save(module, folder)
        module.v.assign(2.0)
        kill_after(monkeypatch, after, ("replace", "rename", "fsync", "makedirs"))
        monkeypatch.setattr(files, "remove_quietly", lambda path: None)
        monkeypatch.setattr(shutil, "rmtree", lambda path, ignore_errors=False: None)
        died = False
        try:
            tf.saved_model.save(module, folder)
        except Killed:
            died = True
        monkeypatch.undo()
        try:
            outcomes.add(float(tf.saved_model.load(folder).get()))
        except tf.errors.DataLossError:
            outcomes.add("says so")
        except OSError:
            outcomes.add("not there")
        if not died:
            break
    assert outcomes <= ({1.0, 2.0, "says so", "not there"} if again else {2.0, "not there"}) and 2.0 in outcomes


def test_a_full_disk_leaves_the_old_one(saved: tuple[Net, str], tmp_path: Path, monkeypatch: Any) -> None:
    net, folder = saved
    before = float(net.parts[0])
    net.parts[0].assign(77.0)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        tf.saved_model.save(net, folder)
    monkeypatch.undo()
    assert float(tf.saved_model.load(folder).parts[0]) == before
    assert os.listdir(tmp_path) == ["model"]


def test_a_model_that_was_never_called_has_its_functions(tmp_path: Path) -> None:
    class Constant(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.held = tf.constant([1.0, 2.0])

        @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, name="a"), tf.TensorSpec(None, name="b")])
        def add(self, a: Any, b: Any) -> Any:
            return a + b + self.held

    model = Constant()
    tf.saved_model.save(model, str(tmp_path / "m"), signatures={"sum": model.add})
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    assert loaded.signatures["sum"](a=tf.ones([1, 2]), b=tf.constant(2.0))["output_0"].numpy().tolist() == [[4.0, 5.0]]
    assert loaded.add(1.0, [1.0, 0.0]).numpy().tolist() == [3.0, 3.0]


def test_a_function_that_prints_is_kept(tmp_path: Path, capsys: Any) -> None:
    module = tf.Module()
    module.f = tf.function(
        lambda x: (tf.print("x is", {"x": x}, output_stream=sys.stdout), x + 1)[1], input_signature=[tf.TensorSpec([])]
    )
    tf.saved_model.save(module, str(tmp_path / "m"))
    assert float(tf.saved_model.load(str(tmp_path / "m")).f(2.0)) == 3
    assert capsys.readouterr().out == "x is {'x': 2}\n"


def test_functions_bring_the_tables_of_lookups_along(tmp_path: Path) -> None:
    module = tf.Module()
    module.numbers = keras.layers.StringLookup(vocabulary=["a", "b"], mask_token=None)
    module.f = tf.function(lambda x: module.numbers(x), input_signature=[tf.TensorSpec([None], tf.string)])
    tf.saved_model.save(module, str(tmp_path / "m"))
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    assert loaded.f(tf.constant(["b", "c", "a"])).numpy().tolist() == [2, 0, 1]


class Words(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def split(self, text: Any) -> Any:
        return tf.strings.split(text)


class Rows(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = tf.Variable(100.0)

    @tf.function
    def grow(self, x: Any) -> Any:
        return x * self.scale

    @tf.function(input_signature=[tf.SparseTensorSpec([None, 3], tf.float32)])
    def entries(self, x: Any) -> Any:
        return {"sparse": x, "dense": tf.sparse.to_dense(x)}


def test_ragged_and_sparse_tensors_are_arguments_and_results(tmp_path: Path) -> None:
    made = Rows()
    made.grow.get_concrete_function(tf.RaggedTensorSpec([None, None], tf.float32))
    for place in ("first", "again"):  # what was loaded is saved, too
        tf.saved_model.save(made, str(tmp_path / place))
        made = tf.saved_model.load(str(tmp_path / place))
        assert made.grow(tf.ragged.constant([[1.0, 4.0], [3.0]])).to_list() == [[100.0, 400.0], [300.0]]
        found = made.entries(tf.SparseTensor([[0, 1]], [3.0], [2, 3]))
        assert found["sparse"].values.numpy().tolist() == [3.0]
        assert found["dense"].numpy().tolist() == [[0.0, 3.0, 0.0], [0.0, 0.0, 0.0]]
        with pytest.raises(ValueError, match="was not traced for these arguments"):
            made.grow(tf.ragged.constant([[[1.0]]]))


def test_a_signature_takes_the_parts_and_gives_the_whole(tmp_path: Path) -> None:
    tf.saved_model.save(Words(), str(tmp_path / "words"))
    serving = tf.saved_model.load(str(tmp_path / "words")).signatures["serving_default"]
    assert serving.structured_outputs == {"output_0": tf.RaggedTensorSpec([None, None], tf.string, 1, tf.int64)}
    assert serving(text=tf.constant(["a b", "c"]))["output_0"].to_list() == [[b"a", b"b"], [b"c"]]
    rows = Rows()
    taken = rows.grow.get_concrete_function(tf.RaggedTensorSpec([None, None], tf.float32))
    tf.saved_model.save(rows, str(tmp_path / "rows"), signatures=taken)
    serving = tf.saved_model.load(str(tmp_path / "rows")).signatures["serving_default"]
    assert sorted(serving.structured_input_signature[1]) == ["x", "x_1"]
    found = serving(x=tf.constant([1.0, 2.0, 3.0]), x_1=tf.constant([0, 2, 3], tf.int64))
    assert found["output_0"].to_list() == [[100.0, 200.0], [300.0]]


class Clipped(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.factor = tf.Variable([1.0, 2.0])

    @tf.function(input_signature=[tf.TensorSpec([None, 2])])
    def __call__(self, x: Any) -> Any:
        @tf.custom_gradient
        def squared(y: Any) -> Any:
            return y * y, lambda ct: tf.clip_by_value(ct * y, -0.5, 0.5)

        return squared(x * self.factor)


def test_gradients_of_the_programs_own_are_kept(tmp_path: Path) -> None:
    tf.saved_model.save(Clipped(), str(tmp_path / "first"))
    tf.saved_model.save(tf.saved_model.load(str(tmp_path / "first")), str(tmp_path / "again"))
    for folder in ("first", "again"):
        loaded = tf.saved_model.load(str(tmp_path / folder))
        x = tf.constant([[0.25, 4.0]])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = loaded(x)
        assert y.numpy().tolist() == [[0.0625, 64.0]]
        assert tape.gradient(y, x).numpy().tolist() == [[0.25, 1.0]]


class Chosen(tf.Module):
    @tf.function
    def __call__(self, x: Any, training: bool = False, n: Any = 1, act: Any = np.sort) -> Any:
        return x * 100 if training else x * n

    @tf.function
    def read(self, d: Any) -> Any:
        return d["a"] if "a" in d else -d["b"]

    @tf.function
    def added(self, *args: Any, **kwargs: Any) -> Any:
        return sum(args) + 10 * sum(kwargs.values())

    @tf.function(input_signature=[tf.TensorSpec([None])])
    def fixed(self, x: Any, k: int = 3) -> Any:
        return x * k


def test_a_trace_is_chosen_by_all_arguments(tmp_path: Path) -> None:
    made, x = Chosen(), tf.constant([1.0])
    for args, kwargs in (((), {}), ((), {"training": True}), ((), {"n": 5}), ((False, 7), {})):
        made(x, *args, **kwargs)
    made.read({"a": x}), made.read({"b": x}), made.added(x), made.added(x, x, y=x)
    for place in ("first", "again"):  # what was loaded is saved, too
        tf.saved_model.save(made, str(tmp_path / place))
        made = tf.saved_model.load(str(tmp_path / place))
        for args, kwargs, wanted in (((), {}, 1.0), ((), {"training": True}, 100.0), ((True,), {}, 100.0),
                                     ((1,), {}, 100.0), ((), {"n": 5}, 5.0), ((False, 7), {}, 7.0)):  # fmt: skip
            assert made(x, *args, **kwargs).numpy() == [wanted], (args, kwargs)
        for kwargs in ({"n": 6}, {"training": "yes"}, {"n": -0.0}, {"act": np.mean}):
            with pytest.raises(ValueError, match="was not traced for these arguments"):
                made(x, **kwargs)
        assert [made.read({"a": x}).numpy(), made.read({"b": x}).numpy()] == [[1.0], [-1.0]]
        assert [made.added(x).numpy(), made.added(x, x, y=x).numpy()] == [[1.0], [12.0]]
        for function, args, kwargs in ((made.read, ({"c": x},), {}), (made.added, (x, x), {}),
                                       (made.added, (x, x), {"z": x}), (made.fixed, (x,), {"k": 4})):  # fmt: skip
            with pytest.raises(ValueError, match="was not traced for these arguments"):
                function(*args, **kwargs)
        assert made.fixed(x, k=3).numpy() == made.fixed(x).numpy() == made.fixed(x, 3).numpy() == [3.0]
        spec = tf.TensorSpec([1])
        assert made.read.get_concrete_function({"b": spec})({"b": x}).numpy() == [-1.0]


def test_a_number_that_was_traced_goes_before_any_tensor(tmp_path: Path) -> None:
    made, x = Chosen(), tf.constant([1.0])
    made(x, n=tf.constant(2.0)), made(x, n=3)
    tf.saved_model.save(made, str(tmp_path / "one"))
    loaded = tf.saved_model.load(str(tmp_path / "one"))
    assert [float(loaded(x, n=n)[0]) for n in (2.0, 3, 4)] == [2.0, 3.0, 4.0]


class Several(tf.Module):
    """One function that can be the signature, two that cannot."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def nothing(self, x: Any) -> None:
        return None

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def nested(self, x: Any) -> Any:
        return {"a": {"b": x}}


class OneGood(Several):
    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="given"), tf.TensorSpec([None])])
    def good(self, x: Any, y: Any) -> Any:
        return x + y


def test_functions_that_cannot_be_signatures_are_passed_over(tmp_path: Path) -> None:
    tf.saved_model.save(Several(), str(tmp_path / "none"))
    assert list(tf.saved_model.load(str(tmp_path / "none")).signatures) == []
    tf.saved_model.save(OneGood(), str(tmp_path / "one"))
    signatures = tf.saved_model.load(str(tmp_path / "one")).signatures
    serving = signatures["serving_default"]
    assert list(signatures) == ["serving_default"] and serving._arg_keywords == ["given", "y"]
    assert serving(given=tf.constant(1.0), y=tf.constant([2.0]))["output_0"].numpy().tolist() == [3.0]
    with pytest.raises(ValueError, match="must return a tensor"):
        tf.saved_model.save(Several(), str(tmp_path / "bad"), signatures=Several().nothing)


def test_names_of_a_trace_s_arguments() -> None:
    @tf.function
    def f(a: Any, *rest: Any, b: Any = None, **more: Any) -> Any:
        return a

    spec = tf.TensorSpec([], tf.float32)
    ragged = tf.RaggedTensorSpec([None, None], tf.float32)
    assert f.get_concrete_function(spec, spec, b=spec)._arg_keywords == ["a", "rest_0", "b"]
    assert f.get_concrete_function([spec, spec])._arg_keywords == ["a", "a_1"]
    assert f.get_concrete_function(ragged, z=spec, y={"k": spec, "j": [spec]})._arg_keywords == [
        "a", "a_1", "y", "y_1", "z"]  # fmt: skip
