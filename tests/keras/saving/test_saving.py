"""Saving and loading: what comes back, custom classes, what does not fit, and what a crash leaves behind."""

from __future__ import annotations

import io
import os
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

import weft as tf
from tests.robustness.killing import save_and_die
from weft import keras
from weft.keras import layers


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).uniform(-1, 1, size=shape).astype("float32")


def small() -> keras.Model:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


@keras.saving.register_keras_serializable("tests")
class Scale(layers.Layer):
    """A layer with a weight, a sub-layer in a dict, and an argument."""

    def __init__(self, units, initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.initializer = keras.initializers.get(initializer)
        self.inner = {"dense": layers.Dense(units), "more": [layers.Dense(units, name="second")]}

    def build(self, input_shape):
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer=self.initializer, name="factor")
        self.inner["dense"].build(input_shape)
        self.inner["more"][0].build(input_shape)

    def call(self, inputs):
        return self.inner["dense"](inputs * self.factor) + self.inner["more"][0](inputs)

    def get_config(self):
        initializer = keras.initializers.serialize(self.initializer)
        return {**super().get_config(), "units": self.units, "initializer": initializer}


@keras.saving.register_keras_serializable("tests")
class Net(keras.Model):
    """A subclassed model."""

    def __init__(self, width=3, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.blocks = [Scale(width), Scale(width)]
        self.head = layers.Dense(1)

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return self.head(inputs)

    def get_config(self):
        return {"width": self.width}


@keras.saving.register_keras_serializable("tests")
def huge_loss(y_true, y_pred):
    return tf.reduce_mean(tf.abs(y_true - y_pred)) * 10.0


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_training_goes_on_to_the_same_bits(tmp_path: Path, ending: str) -> None:
    keras.utils.set_random_seed(3)
    x, y = draw(16, 3), draw(16, 1, seed=1)
    model = small()
    model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0)
    model.save(tmp_path / f"m{ending}")
    again = keras.models.load_model(tmp_path / f"m{ending}")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    for each in (model, again):
        each.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0)
    for ours, theirs in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    assert sorted(again.evaluate(x, y, verbose=0, return_dict=True)) == ["loss", "mae"]


def test_custom_classes_come_back(tmp_path: Path) -> None:
    model = Net(width=3)
    x = draw(5, 3)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), huge_loss)
    model.fit(x, draw(5, 1), verbose=0)
    model.save(tmp_path / "net.keras")
    again = keras.models.load_model(tmp_path / "net.keras")
    assert type(again) is Net and again.loss is huge_loss
    np.testing.assert_array_equal(again(x).numpy(), model(x).numpy())
    assert [v.numpy().tolist() for v in again.optimizer.variables] == [
        v.numpy().tolist() for v in model.optimizer.variables
    ]


def test_a_class_that_is_not_registered_is_named(tmp_path: Path) -> None:
    class Twice(layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

    keras.Sequential([keras.Input((2,)), Twice()]).save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="custom_objects={'Twice': Twice}"):
        keras.models.load_model(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", custom_objects={"Twice": Twice})
    assert again(tf.ones((1, 2))).numpy().tolist() == [[2.0, 2.0]]
    with keras.saving.custom_object_scope({"Twice": Twice}):
        keras.models.load_model(tmp_path / "m.keras")


def test_functions_on_symbolic_tensors_come_back(tmp_path: Path) -> None:
    x, y = keras.Input((4, 6)), keras.Input((4, 6))
    parts = [
        x + y, x * 2.0, 1.0 - x, x / (abs(y) + 1.0), x**2, -x, x[:, 1:, ::2], x[..., 0], x @ tf.transpose(y, [0, 2, 1]),
        tf.nn.softmax(x), tf.nn.gelu(x), tf.reduce_mean(x, axis=1), tf.reduce_max(x, [1, 2], keepdims=True),
        tf.reshape(x, [-1, 24]), tf.concat([x, y], -1), tf.stack([x, y], 1), tf.expand_dims(x, -1),
        tf.where(x > 0.0, x, y), tf.maximum(x, 0.1), tf.clip_by_value(x, -0.5, 0.5), tf.cast(x, "int32"),
        tf.split(x, 2, -1)[1], tf.tile(x, [1, 2, 1]), tf.pad(x, [[0, 0], [1, 1], [0, 0]]), tf.gather(x, [0, 2], axis=1),
        tf.one_hot(tf.argmax(x, -1), 6), tf.einsum("bij,bkj->bik", x, y), tf.nn.leaky_relu(x, 0.3), tf.cumsum(x, 1),
        tf.matmul(x, y, transpose_b=True), tf.norm(x, axis=-1), tf.reverse(x, [1]), tf.math.reduce_std(x, 1),
    ]  # fmt: skip
    model = keras.Model([x, y], parts)
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "m.h5")
    inputs = [tf.constant(draw(3, 4, 6)), tf.constant(draw(3, 4, 6, seed=1))]
    wanted = model(inputs)
    for name in ("m.keras", "m.h5"):
        for found, value in zip(keras.models.load_model(tmp_path / name)(inputs), wanted, strict=True):
            assert found.dtype == value.dtype
            np.testing.assert_array_equal(found.numpy(), value.numpy())


def test_an_object_that_is_shared_stays_shared(tmp_path: Path) -> None:
    shared = layers.Dense(2, name="shared")
    first = keras.Sequential([keras.Input((2,)), shared], name="first")
    second = keras.Sequential([keras.Input((2,)), shared], name="second")
    x = keras.Input((2,))
    model = keras.Model(x, second(first(x)))
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert again.get_layer("first").layers[0] is again.get_layer("second").layers[0]
    assert len(again.weights) == 2


def test_weights_alone(tmp_path: Path) -> None:
    model, other = small(), small()
    model.save_weights(tmp_path / "w.weights.h5")
    other.load_weights(tmp_path / "w.weights.h5")
    model.save(tmp_path / "m.keras")
    other.load_weights(tmp_path / "m.keras")
    model.save_weights(tmp_path / "old.h5")
    other.load_weights(tmp_path / "old.h5")
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    keras.saving.save_weights(model, tmp_path / "again.weights.h5")
    keras.saving.load_weights(other, tmp_path / "again.weights.h5")
    with pytest.raises(ValueError, match=r"must end in `.weights.h5`"):
        model.save_weights(tmp_path / "w.npz")


def test_weights_in_a_checkpoint(tmp_path: Path) -> None:
    def unbuilt() -> keras.Model:
        return keras.Sequential([layers.Dense(3), layers.Dense(1)])

    model, x = unbuilt(), np.ones((2, 4), np.float32)
    model.compile("adam", "mse")
    saved = keras.callbacks.ModelCheckpoint(tmp_path / "cp-{epoch:02d}.ckpt", save_weights_only=True)
    model.fit(x, x[:, :1], epochs=2, verbose=0, callbacks=[saved])
    latest = tf.train.latest_checkpoint(tmp_path)
    assert latest is not None and latest.endswith("cp-02.ckpt")
    built, later = unbuilt(), unbuilt()
    built.build((None, 4))
    built.load_weights(latest).expect_partial()
    later.load_weights(latest)
    later(x)
    for other in (built, later):
        for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
    wider = keras.Sequential([keras.Input((4,)), layers.Dense(5), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"\(4, 3\).*\(4, 5\)"):
        wider.load_weights(latest)
    with pytest.raises(ValueError, match="no weights of the model"):
        stranger = keras.Model(i := keras.Input((3,)), layers.PReLU()(i))
        stranger.load_weights(latest)
    with pytest.raises(ValueError, match="the folder has no checkpoint"):
        built.load_weights(tf.train.latest_checkpoint(tmp_path / "none"))


def test_checkpoints_of_keras_2_are_loaded(tmp_path: Path) -> None:
    """Their objects go by other names: layers with weights are counted, kernels are called kernels."""
    model = keras.Sequential([keras.Input((2,)), layers.Flatten(), layers.Dense(2), layers.BatchNormalization()])
    dense, norm = model.layers[1], model.layers[2]
    values = [v.numpy() + 1.0 for v in model.weights]
    parts = [tf.Variable(value) for value in values]
    old = tf.train.Checkpoint()
    setattr(old, "layer_with_weights-0", tf.train.Checkpoint(kernel=parts[0], bias=parts[1]))
    setattr(old, "layer_with_weights-1", tf.train.Checkpoint(
        gamma=parts[2], beta=parts[3], moving_mean=parts[4], moving_variance=parts[5]))  # fmt: skip
    model.load_weights(old.write(tmp_path / "old"))
    for weight, value in zip([*dense.weights, *norm.weights], values, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


def test_by_name_takes_the_layers_that_are_there(tmp_path: Path) -> None:
    def net(*names: str) -> keras.Model:
        return keras.Sequential([keras.Input((2,)), *(layers.Dense(2, name=name) for name in names)])

    model, other = net("a", "b"), net("b", "c")
    model.save_weights(tmp_path / "w.h5")
    other.load_weights(tmp_path / "w.h5", by_name=True)
    np.testing.assert_array_equal(other.get_layer("b").get_weights()[0], model.get_layer("b").get_weights()[0])
    model.save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(ValueError, match="leave `by_name` out"):
        other.load_weights(tmp_path / "w.weights.h5", by_name=True)


@pytest.mark.parametrize("name", ["w.weights.h5", "w.h5"])
def test_weights_that_do_not_fit_name_layer_and_shapes(tmp_path: Path, name: str) -> None:
    small().save_weights(tmp_path / name)
    other = keras.Sequential([keras.Input((3,)), layers.Dense(5, name="wide"), layers.Dense(1, name="last")])
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"(?s)wide.*\(3, 5\).*\(3, 4\)"):
        other.load_weights(tmp_path / name)
    for value, kept in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, kept)
    with pytest.warns(UserWarning, match="wide"):
        other.load_weights(tmp_path / name, skip_mismatch=True)


def test_weights_without_a_place_are_told(tmp_path: Path) -> None:
    small().save_weights(tmp_path / "w.weights.h5")
    shorter = keras.Sequential([keras.Input((3,)), layers.Dense(4)])
    with pytest.warns(UserWarning, match="no place for: layers/dense_1"):
        shorter.load_weights(tmp_path / "w.weights.h5")


def test_a_lambda_runs_only_where_the_program_says_so(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), layers.Lambda(lambda x: tf.abs(x) * 3.0)])
    for name in ("m.keras", "m.h5"):
        with pytest.warns(UserWarning, match="saved as Python byte code"):
            model.save(tmp_path / name)
        for mode in (True, None):
            with pytest.raises(ValueError, match="running code from a file is refused"):
                keras.models.load_model(tmp_path / name, safe_mode=mode)
        again = keras.models.load_model(tmp_path / name, safe_mode=False)
        assert again(tf.constant([[-1.0, 2.0]])).numpy().tolist() == [[3.0, 6.0]]
    with pytest.raises(ValueError, match="running code from a file is refused"):
        keras.models.load_model(tmp_path / "m.keras")  # what was said for one file holds for no other
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert keras.models.clone_model(model)(tf.constant([[-1.0, 2.0]])).numpy().tolist() == [[3.0, 6.0]]


def test_a_named_function_in_a_lambda_layer(tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable("tests", name="thrice")
    def thrice(x):
        return x * 3.0

    model = keras.Sequential([keras.Input((2,)), layers.Lambda(thrice)])
    model.save(tmp_path / "m.keras")
    assert keras.models.load_model(tmp_path / "m.keras")(tf.ones((1, 2))).numpy().tolist() == [[3.0, 3.0]]


def test_other_targets(tmp_path: Path) -> None:
    model = small()
    model.save(tmp_path / "folder", zipped=False)
    memory = io.BytesIO()
    model.save(memory)
    memory.seek(0)
    (tmp_path / "no_ending").write_bytes(memory.getvalue())
    for source in (tmp_path / "folder", memory, tmp_path / "no_ending"):
        again = keras.models.load_model(source, compile=False)
        assert not again.compiled
        np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])
    with pytest.raises(ValueError, match=r"Invalid filepath extension(?s:.*)`.keras`"):
        model.save(tmp_path / "model")
    with pytest.raises(TypeError, match="overwrite"):
        model.save(tmp_path / "m.keras", overwrit=True)


def test_overwriting_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = small()
    path = tmp_path / "m.keras"
    path.write_bytes(b"old")
    monkeypatch.setattr("builtins.input", lambda text: "n")
    model.save(path, overwrite=False)
    assert path.read_bytes() == b"old"
    monkeypatch.setattr("builtins.input", lambda text: "y")
    model.save(path, overwrite=False)
    assert path.read_bytes() != b"old"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    small().save(tmp_path / "model.keras")
    for error in (ValueError, FileNotFoundError):
        with pytest.raises(error, match=r"model\.keras"):
            keras.models.load_model(tmp_path / "modle.keras")


def test_a_model_that_is_not_built() -> None:
    with pytest.raises(ValueError, match="not yet been built"):
        Net().save_weights("w.weights.h5")


#: the calls that change the disk
STEPS = [*((os, name) for name in ("replace", "fsync", "fdopen")), (shutil, "copyfileobj")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m.weights.h5"])
def test_a_kill_at_any_step_leaves_the_old_or_the_new_file(tmp_path: Path, name: str) -> None:
    old, new = keras.Sequential([keras.Input((1,)), layers.Dense(1)]), None
    new = keras.models.clone_model(old)
    old.set_weights([np.full((1, 1), 1.0), np.zeros(1)])
    new.set_weights([np.full((1, 1), 2.0), np.zeros(1)])
    seen = set()
    for steps in range(20):
        path = tmp_path / str(steps) / name
        path.parent.mkdir()

        def save(model, path=path):
            model.save_weights(path) if "weights" in path.name else model.save(path)

        save(old)
        finished = save_and_die(lambda save=save: save(new), steps, *STEPS)
        found = keras.models.clone_model(old)
        found.load_weights(path)
        seen.add(float(found.get_weights()[0][0, 0]))
        if finished:
            assert os.listdir(path.parent) == [name]
            break
    assert finished and seen == {1.0, 2.0}


def test_a_failing_save_leaves_the_old_file(tmp_path: Path) -> None:
    class Bad(layers.Dense):
        def save_own_variables(self, store):
            raise OSError("disk full")

    path = tmp_path / "m.keras"
    small().save(path)
    before = path.read_bytes()
    model = keras.Sequential([keras.Input((2,)), Bad(1)])
    with pytest.raises(OSError, match="disk full"):
        model.save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["m.keras"]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64"])
def test_dtypes_of_weights(tmp_path: Path, dtype: str) -> None:
    model = keras.Sequential([keras.Input((2,), dtype=dtype), layers.Dense(2, dtype=dtype)])
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert again.layers[0].dtype == dtype
    for ours, theirs in zip(model.weights, again.weights, strict=True):
        assert ours.dtype == theirs.dtype and ours.numpy().tobytes() == theirs.numpy().tobytes()


def test_freezing_comes_back(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2), layers.BatchNormalization(), layers.Dense(1)])
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    model.fit(draw(4, 2), draw(4, 1), verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert [layer.trainable for layer in again.layers] == [False, True, True]
    assert len(again.optimizer.variables) == len(model.optimizer.variables)
    np.testing.assert_array_equal(again.predict(draw(2, 2), verbose=0), model.predict(draw(2, 2), verbose=0))


def test_functions_of_the_user_in_compile(tmp_path: Path) -> None:
    def twice(y_true, y_pred):
        return tf.reduce_mean(tf.square(y_true - y_pred)) * 2.0

    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", twice, metrics=[twice])
    model.fit(draw(4, 3), draw(4, 1), verbose=0)
    for name in ("m.keras", "m.h5"):
        model.save(tmp_path / name)
        again = keras.models.load_model(tmp_path / name, custom_objects={"twice": twice})
        assert again.loss is twice
        again.fit(draw(4, 3), draw(4, 1), verbose=0)
        assert not keras.models.load_model(tmp_path / name, compile=False).compiled
    with pytest.raises(ValueError, match="twice") as caught:
        keras.models.load_model(tmp_path / "m.keras")
    assert "compile=False" in "".join(caught.value.__notes__)


class Plain(keras.Model):
    """A model without get_config, whose constructor takes its own arguments alone."""

    def __init__(self, encoder, parts, width=2):
        super().__init__()
        self.encoder, self.parts = encoder, parts
        self.head = layers.Dense(width)
        self.seen = keras.metrics.Mean(name="seen")

    def call(self, inputs):
        for part in self.parts:
            inputs = part(inputs)
        return self.head(self.encoder(inputs))


def test_a_class_without_get_config(tmp_path: Path) -> None:
    encoder = keras.Sequential([keras.Input((3,)), layers.Dense(2)], name="encoder")
    model = Plain(encoder, [layers.Dense(3), layers.LayerNormalization()], width=4)
    model.compile(keras.optimizers.AdamW(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)), "mse")
    model.fit(draw(4, 3), draw(4, 4), verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", custom_objects={"Plain": Plain})
    assert again.name == model.name
    np.testing.assert_array_equal(again(draw(2, 3)).numpy(), model(draw(2, 3)).numpy())
    for one, other in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@keras.saving.register_keras_serializable("tests")
class GraphInAClass(keras.Model):
    """A class of a user's own that hands a graph up, and keeps one of its layers in an attribute."""

    def __init__(self, **kwargs):
        inputs = keras.Input((3,), batch_size=2)
        first = layers.Dense(4, name="first")
        super().__init__(inputs, layers.Dense(1, name="second")(first(inputs)), **kwargs)
        self.kept = first

    def get_config(self):
        return {"name": self.name}


def test_a_graph_in_a_class_keeps_all_its_weights(tmp_path: Path) -> None:
    model, x = GraphInAClass(), draw(2, 3)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(x), model(x))
    # Its weights are laid out as those of the same graph without a class.
    inputs = keras.Input((3,))
    plain = keras.Model(inputs, layers.Dense(1)(layers.Dense(4)(inputs)))
    model.save_weights(tmp_path / "model.weights.h5")
    plain.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_allclose(plain(draw(5, 3)), model(draw(5, 3)), rtol=1e-6)  # of any number of rows


@keras.saving.register_keras_serializable("tests_of_names")
def thrice(x):
    return 3 * x


class TestNamesInConfigurations:
    def record(self, **changes):
        return {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}, **changes}

    @pytest.mark.parametrize("name", ["my_pkg>MyDense", "subprocess.Popen"])
    def test_another_registered_name_is_not_keras_own_class(self, name):
        with pytest.raises(ValueError, match="resolved to a Keras built-in"):
            keras.saving.deserialize_keras_object(self.record(registered_name=name))

    @pytest.mark.parametrize("name", [None, "", "Dense"])
    def test_its_own_name_is(self, name):
        assert type(keras.saving.deserialize_keras_object(self.record(registered_name=name))) is layers.Dense

    def test_functions(self):
        record = {"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "a>relu"}
        with pytest.raises(ValueError, match="resolved to a Keras built-in"):
            keras.saving.deserialize_keras_object(record)
        with pytest.raises(TypeError, match="must be its name"):
            keras.saving.deserialize_keras_object({**record, "config": ["relu"]})

    def test_a_registered_function_without_its_package(self):
        record = {"module": "builtins", "class_name": "function", "config": "thrice", "registered_name": "function"}
        assert keras.saving.deserialize_keras_object(record) is thrice

    def test_slices_of_arrays(self):
        record = keras.saving.serialize_keras_object(slice(None, np.array([1, 2]), 1))
        found = keras.saving.deserialize_keras_object(record)
        assert found.start is None and found.stop.tolist() == [1, 2] and found.step == 1

    def test_registered_classes_in_h5(self, tmp_path: Path):
        @keras.saving.register_keras_serializable("tests_of_names")
        class Mine(layers.Dense):
            pass

        model = keras.Sequential([keras.Input((3,)), Mine(2)])
        model.save(tmp_path / "model.h5")
        loaded = keras.saving.load_model(tmp_path / "model.h5")
        assert type(loaded.layers[0]) is Mine


def test_a_container_that_holds_itself(tmp_path: Path) -> None:
    class Round(keras.Model):
        def __init__(self, **kwargs: object) -> None:
            super().__init__(**kwargs)
            self.blocks: list[object] = []
            self.blocks.append(self.blocks)
            self.out = keras.layers.Dense(2)

        def call(self, x: tf.Tensor) -> tf.Tensor:
            return self.out(x)

    model, x = Round(), np.ones((2, 4), np.float32)
    expected = model(x)
    model.save(tmp_path / "round.keras")
    with keras.saving.custom_object_scope({"Round": Round}):
        np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "round.keras")(x), expected)


def test_a_compile_of_ones_own_is_not_called(tmp_path: Path) -> None:
    class Own(keras.Sequential):
        def compile(self, rate: float) -> None:
            super().compile(keras.optimizers.SGD(rate), "mse")

    model = Own([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(0.5)
    model.save(tmp_path / "own.keras")
    with pytest.warns(UserWarning, match="`compile\\(\\)` was not called"):
        loaded = keras.saving.load_model(tmp_path / "own.keras", custom_objects={"Own": Own})
    assert not loaded.compiled


def test_save_format_without_an_ending(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="argument is deprecated"):
        model.save(tmp_path / "model", save_format="keras")
    model.save(tmp_path / "model", save_format="h5")
    assert keras.saving.load_model(tmp_path / "model").count_params() == 3


@pytest.mark.parametrize("record", [{"name": "s"}, {"name": "s", "layers": [{}]}])
def test_a_sequence_that_is_cut_short(record: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError), match="'name' and 'layers'|a 'config' key"):
        keras.saving.deserialize_keras_object({"module": "keras", "class_name": "Sequential", "config": record})
