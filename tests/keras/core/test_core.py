"""Variables, functions of symbolic tensors, dtypes, random numbers, small tools."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import extend, keras

# Variables ------------------------------------------------------------------------------------------------------------


def test_variables() -> None:
    v = keras.Variable([1.0, 2.0], name="v")
    assert v.name == v.path == "v" and v.trainable and v.shape == (2,) and v.dtype == "float32"
    v.assign(v * 2.0)
    assert np.asarray(v.value).tolist() == np.asarray(v.value()).tolist() == [2.0, 4.0]
    v.trainable = False
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(v * v)
    assert tape.gradient(y, v) is None
    v.trainable = True
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(v.value * v.value)
    assert np.asarray(tape.gradient(y, v)).tolist() == [4.0, 8.0]


def test_variables_from_functions() -> None:
    v = keras.Variable(keras.initializers.Ones(), shape=(2, 3), dtype="float16")
    assert v.dtype == "float16" and np.asarray(v).sum() == 6
    with pytest.raises(ValueError, match="`shape` argument should be specified"):
        keras.Variable(keras.initializers.Ones())
    with pytest.raises(ValueError, match="cannot contain character"):
        keras.Variable(1.0, name="a/b")


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_copies_of_variables(copier: Any) -> None:
    v = keras.Variable([1.0], name="v", trainable=False)
    v.regularizer = keras.regularizers.L2(0.1)
    again = copier(v)
    v.assign([5.0])
    assert np.asarray(again).tolist() == [1.0] and again.path == "v" and not again.trainable
    assert again.regularizer.l2 == 0.1


# Symbolic tensors and functions ---------------------------------------------------------------------------------------


def test_functions_of_symbolic_tensors() -> None:
    x, y = keras.KerasTensor((None, 2)), keras.KerasTensor((None, 2))
    function = keras.Function([x, y], {"sum": x + y, "max": tf.maximum(x, y)})
    found = function([tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 1.0]])])
    assert np.asarray(found["sum"]).tolist() == [[4.0, 3.0]] and np.asarray(found["max"]).tolist() == [[3.0, 2.0]]
    with pytest.raises(ValueError, match="takes 2 inputs, received 1"):
        function(tf.constant([[1.0, 2.0]]))


def test_symbolic_tensors() -> None:
    x = keras.KerasTensor((None, 3), dtype="int32", name="x")
    assert x.shape == (None, 3) and x.dtype == "int32" and x.ndim == 2 and keras.utils.is_keras_tensor(x)
    assert repr(x) == "<KerasTensor shape=(None, 3), dtype=int32, sparse=False, ragged=False, name=x>"
    assert tf.cast(x, "float32").dtype == "float32"
    assert x[:, 1:].shape == (None, 2) and x[0].shape == (3,)


# Dtypes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        (("float32", "int32"), "float32"), (("float16", "int64"), "float16"), (("bfloat16", "float16"), "float32"),
        (("uint8", "int8"), "int16"), (("uint32", "int32"), "int64"), (("bool", "uint8"), "uint8"),
        (("float32", "float64"), "float64"), (("int32", float), "float32"), (("float16", float), "float16"),
        (("int8", int), "int8"), (("bool", "bool"), "bool"), (("int64", "uint64"), "float32"), ((int,), "int32"),
        (("float32", "complex64"), "complex64"),
    ],
)  # fmt: skip
def test_result_type(dtypes: Any, expected: str) -> None:
    assert keras.backend.result_type(*dtypes) == expected


def test_pythons_own_types_as_dtypes() -> None:
    assert [keras.backend.standardize_dtype(each) for each in (int, "int", float, bool)] == [
        "int64", "int64", "float32", "bool",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="is not a dtype"):
        keras.backend.standardize_dtype(object)


def test_the_default_dtype() -> None:
    try:
        keras.backend.set_floatx("float64")
        assert keras.layers.Dense(1)(np.ones((1, 1))).dtype == "float64"
        assert keras.Input((1,)).dtype == "float64"
    finally:
        keras.backend.set_floatx("float32")
    with pytest.raises(ValueError, match="`float32`"):
        keras.config.set_floatx("flaot32")


# Random numbers -------------------------------------------------------------------------------------------------------


def test_draws() -> None:
    generator = keras.random.SeedGenerator(1)
    numbers = np.asarray(keras.random.normal((20000,), mean=2.0, stddev=3.0, seed=generator))
    assert abs(numbers.mean() - 2) < 0.1 and abs(numbers.std() - 3) < 0.1
    numbers = np.asarray(keras.random.uniform((20000,), -1.0, 3.0, seed=generator))
    assert numbers.min() >= -1 and numbers.max() < 3 and abs(numbers.mean() - 1) < 0.05
    numbers = np.asarray(keras.random.truncated_normal((20000,), seed=generator))
    assert np.abs(numbers).max() <= 2
    numbers = np.asarray(keras.random.randint((1000,), 3, 6, seed=generator))
    assert set(numbers.tolist()) == {3, 4, 5}
    rows = np.asarray(keras.random.categorical(tf.math.log([[0.9, 0.1], [0.1, 0.9]]), 2000, seed=generator))
    assert rows.shape == (2, 2000) and rows[0].mean() < 0.15 and rows[1].mean() > 0.85
    assert abs(np.asarray(keras.random.gamma((20000,), 3.0, seed=generator)).mean() - 3) < 0.1
    assert abs(np.asarray(keras.random.beta((20000,), 1.0, 3.0, seed=generator)).mean() - 0.25) < 0.02
    shuffled = np.asarray(keras.random.shuffle(tf.range(50), seed=generator))
    assert sorted(shuffled.tolist()) == list(range(50)) and shuffled.tolist() != list(range(50))


def test_an_integer_seed_is_a_function_of_it() -> None:
    np.testing.assert_array_equal(keras.random.normal((3,), seed=5), keras.random.normal((3,), seed=5))
    assert not np.array_equal(keras.random.normal((3,)), keras.random.normal((3,)))
    with pytest.raises(ValueError, match="`seed` must be either an integer"):
        keras.random.normal((3,), seed="five")


def test_generators_advance_in_graphs() -> None:
    generator = keras.random.SeedGenerator(1)
    draw = extend.function(lambda: keras.random.uniform((3,), seed=generator))
    first, second = np.asarray(draw()), np.asarray(draw())
    assert not np.array_equal(first, second)
    again = keras.random.SeedGenerator(1)
    np.testing.assert_array_equal(first, keras.random.uniform((3,), seed=again))
    np.testing.assert_array_equal(second, keras.random.uniform((3,), seed=again))


PROGRAM = """
import hashlib
import numpy as np
from weft import keras
keras.utils.set_random_seed(11)
layers = [keras.layers.LSTM(3, dropout=0.3), keras.layers.Dropout(0.5), keras.layers.Dense(2)]
model = keras.Sequential([keras.Input((6, 2)), *layers])
output = model(np.ones((4, 6, 2), np.float32), training=True)
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights()) + np.asarray(output).tobytes()).hexdigest())
"""


@pytest.mark.subprocess
def test_the_same_seed_in_two_processes() -> None:
    found = [
        subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert found[0] == found[1] and len(found[0].strip()) == 64


# Tools ----------------------------------------------------------------------------------------------------------------


def test_to_categorical() -> None:
    assert keras.utils.to_categorical([0, 2, 1]).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert keras.utils.to_categorical([[1], [0]], num_classes=3).shape == (2, 3)
    assert keras.utils.to_categorical([[1, 0], [0, 1]], num_classes=2).shape == (2, 2, 2)
    with pytest.raises(ValueError, match=r"label 7 at position 1 is outside of \[0, 3\)"):
        keras.utils.to_categorical([0, 7], num_classes=3)


def test_pad_sequences() -> None:
    pad = keras.preprocessing.sequence.pad_sequences
    rows = [[1], [2, 3, 4], []]
    assert pad(rows).tolist() == [[0, 0, 1], [2, 3, 4], [0, 0, 0]]
    assert pad(rows, maxlen=2, padding="post", truncating="post", value=9).tolist() == [[1, 9], [2, 3], [9, 9]]
    assert pad([[[1, 2]], [[3, 4], [5, 6]]], dtype="float32").shape == (2, 2, 2)
    with pytest.raises(ValueError, match="entry 1 is no sequence"):
        pad([[1], 2])


def test_normalize() -> None:
    np.testing.assert_allclose(keras.utils.normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0, 0]])


def test_unknown_names_of_keras() -> None:
    with pytest.raises(AttributeError, match="Weft has no `keras.Sequental`. Did you mean `Sequential`"):
        _ = keras.Sequental
    assert "Sequential" in dir(keras) and keras.version() == keras.__version__


def test_custom_object_scope() -> None:
    def double(x: Any) -> Any:
        return x * 2

    with keras.saving.custom_object_scope({"double": double}):
        assert keras.activations.get("double") is double
    with pytest.raises(ValueError, match="no activation named 'double'"):
        keras.activations.get("double")


def test_no_code_in_configurations() -> None:
    with pytest.raises(ValueError, match="running code from a file is refused"):
        keras.saving.deserialize_keras_object({"class_name": "__lambda__", "config": {"value": "AA=="}})
    with pytest.raises(ValueError, match="that is not known"):
        keras.saving.deserialize_keras_object({"module": "os", "class_name": "system", "config": {}})
    with pytest.raises(ValueError, match="that is not known"):
        keras.saving.deserialize_keras_object({"module": "os", "class_name": "function", "config": "system"})


# Regularizers, constraints, activations -------------------------------------------------------------------------------


def test_regularizers() -> None:
    x = tf.constant([[1.0, -2.0], [3.0, 0.0]])
    assert float(keras.regularizers.L1(0.1)(x)) == pytest.approx(0.6)
    assert float(keras.regularizers.l2(l=0.1)(x)) == pytest.approx(1.4)
    assert float(keras.regularizers.L1L2(0.1, 0.1)(x)) == pytest.approx(2.0)
    assert float(keras.regularizers.get("l1_l2")(x)) == pytest.approx(0.2)
    assert float(keras.regularizers.OrthogonalRegularizer(1.0)(tf.constant([[1.0, 1.0], [1.0, 0.0]]))) == pytest.approx(
        2**-0.5, rel=1e-5
    )
    with pytest.raises(ValueError, match="no regularizer named 'L3'"):
        keras.regularizers.get("L3")
    with pytest.raises(ValueError, match="`l2` must be a finite number"):
        keras.regularizers.L2(-1)


def test_constraints() -> None:
    w = tf.constant([[3.0, 0.3], [4.0, -0.4]])
    np.testing.assert_allclose(keras.constraints.MaxNorm(1.0)(w), [[0.6, 0.3], [0.8, -0.4]], rtol=1e-5)
    np.testing.assert_allclose(keras.constraints.UnitNorm()(w), [[0.6, 0.6], [0.8, -0.8]], rtol=1e-5)
    np.testing.assert_allclose(keras.constraints.NonNeg()(w), [[3, 0.3], [4, 0]], rtol=1e-6)
    np.testing.assert_allclose(keras.constraints.MinMaxNorm(1.0, 2.0)(w), [[1.2, 0.6], [1.6, -0.8]], rtol=1e-5)
    for name in ("max_norm", "non_neg", "UnitNorm"):
        assert keras.constraints.deserialize(keras.constraints.serialize(keras.constraints.get(name)))


@pytest.mark.parametrize(
    "name", [n for n in keras.activations.__all__ if n not in ("get", "serialize", "deserialize", "glu", "threshold")]
)
def test_activations_take_symbolic_tensors_and_have_names(name: str) -> None:
    function = keras.activations.get(name)
    assert keras.activations.get(keras.activations.serialize(function)) is function
    x = keras.Input((3,))
    data = np.array([[-1.0, 0.5, 2.0]], np.float32)
    np.testing.assert_allclose(keras.Model(x, keras.layers.Activation(name)(x))(data), function(data), rtol=1e-6)


# keras.backend --------------------------------------------------------------------------------------------------------


def test_backend_functions_on_symbolic_tensors() -> None:
    K = keras.backend
    x = keras.Input((3,))
    y = K.sqrt(K.sum(K.square(x), axis=-1, keepdims=True)) + K.mean(x, axis=-1, keepdims=True)
    data = np.array([[3.0, 4.0, 0.0]], np.float32)
    assert float(keras.Model(x, y)(data)) == pytest.approx(5 + 7 / 3)
    assert K.int_shape(x) == (None, 3) and K.ndim(x) == 2 and K.backend() == "tensorflow"
    assert K.dot(K.ones((2, 3)), K.ones((3, 4))).shape == (2, 4)
    assert K.batch_dot(K.ones((2, 3)), K.ones((2, 3)), axes=1).shape == (2, 1)
    assert K.permute_dimensions(K.ones((2, 3)), (1, 0)).shape == (3, 2)
    assert K.get_value(K.variable([1.0])).tolist() == [1.0]
    assert K.clip(K.constant([-1.0, 5.0]), 0, 1).numpy().tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("make", "word", "nearest"), [
    (lambda: keras.metrics.Mean(nme="m"), "nme", "name"),
    (lambda: keras.metrics.SparseCategoricalAccuracy(dtyp="float32"), "dtyp", "dtype"),
    (lambda: keras.losses.MeanSquaredError(reducton="sum"), "reducton", "reduction"),
    (lambda: keras.initializers.HeNormal(sed=1), "sed", "seed"),
    (lambda: keras.optimizers.Adam(beta1=0.9), "beta1", "beta_1"),
    (lambda: keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.9, stair=True), "stair", "staircase"),
    (lambda: keras.callbacks.EarlyStopping(pacience=1), "pacience", "patience"),
    (lambda: keras.constraints.MaxNorm(max=1), "max", "max_value"),
    (lambda: keras.layers.Dense(2, activaton="relu"), "activaton", "activation"),
])  # fmt: skip
def test_unknown_keywords_name_the_nearest(make: Any, word: str, nearest: str) -> None:
    with pytest.raises(TypeError) as caught:
        make()
    text = str(caught.value)
    assert f"`{word}`" in text and f"`{nearest}`" in text and "Did you mean" in text and "expected: one of" in text


def test_errors_about_what_a_constructor_makes_stay_as_they_are() -> None:
    class Inner:
        def __init__(self) -> None:
            pass

    class Outer(keras.metrics.Metric):
        def __init__(self, size: int = 1, **kwargs: Any) -> None:
            self.own = kwargs.pop("own", None)
            super().__init__(**kwargs)
            if size == 2:
                Inner(size=2)  # type: ignore[call-arg]

    assert Outer(own=3).own == 3  # taken out of **kwargs by the class itself
    with pytest.raises(TypeError, match="Inner.__init__"):
        Outer(size=2)
    with pytest.raises(TypeError, match="Outer does not know the keyword `sze`. Did you mean `size`"):
        Outer(sze=2)


def test_signatures_of_classes_are_those_of_their_constructors() -> None:
    import inspect

    assert list(inspect.signature(keras.layers.Dropout).parameters) == ["rate", "noise_shape", "seed", "kwargs"]
    assert list(inspect.signature(keras.metrics.Mean).parameters) == ["name", "dtype"]
    assert not hasattr(keras.metrics.Mean(), "__signature__")


def test_sizes_that_are_multiples_of_unknown_ones_are_found_again() -> None:
    """TensorFlow's own functions on symbolic tensors, one after the other: the second sees a multiple of the batch."""
    image = keras.Input((8, 8, 16))
    x = tf.transpose(tf.reshape(image, [-1, 4, 2, 16]), [0, 2, 1, 3])
    patches = keras.Model(image, tf.reshape(x, [-1, 4, 4, 64]))
    rows = keras.Input((None, 6))
    pairs = keras.Model(rows, tf.reshape(tf.reshape(rows, [-1, 3]), [-1, 2, 3]))
    whole = keras.Sequential([keras.Input((8, 8, 16)), patches])
    for model, given in ((patches, (2, 8, 8, 16)), (whole, (3, 8, 8, 16)), (pairs, (2, 5, 6)), (pairs, (1, 7, 6))):
        values = np.random.default_rng(0).random(given, np.float32)
        wanted = values.reshape(-1, 2, 3) if model is pairs else (
            values.reshape(-1, 4, 2, 16).transpose(0, 2, 1, 3).reshape(-1, 4, 4, 64))  # fmt: skip
        np.testing.assert_array_equal(model.predict(values, verbose=0), wanted)
        np.testing.assert_array_equal(model(values), wanted)


def test_the_first_thing_asked_of_a_symbolic_tensor_may_be_a_part() -> None:
    program = "from weft import keras; print(keras.Input((3,))[:, 0].shape)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.stdout == "(None,)\n", found.stderr


def test_what_operators_are_called() -> None:
    x, y = keras.Input((3,)), keras.Input((3,))
    names = {
        "power": x**2, "true_divide": x / y, "floor_divide": x // y, "mod": x % y, "absolute": abs(x), "negative": -x,
        "get_item": x[:, 1], "matmul": x @ tf.ones((3, 2)),
    }  # fmt: skip
    for name, result in names.items():
        assert result._keras_history.operation.name.rstrip("0123456789").rstrip("_") == name
    half = x + 1
    kept = [operation.name for operation in keras.Function(half, half**2).operations]
    assert not any("add" in name for name in kept) and any("power" in name for name in kept)


def test_vectors_are_multiplied_as_in_numpy() -> None:
    vector, matrix = keras.Variable(np.arange(3.0)), np.ones((2, 3), "float32")
    assert float(vector @ vector) == 5.0
    np.testing.assert_array_equal(keras.Variable(matrix) @ vector, [3.0, 3.0])
    entry = keras.Input((4, 3))
    np.testing.assert_array_equal(keras.Model(entry, entry @ vector)(np.ones((2, 4, 3))), np.full((2, 4), 3.0))


def test_a_program_s_own_activation_is_written_by_name(tmp_path: Path) -> None:
    def unheard_of(x: Any) -> Any:
        return x * 3

    class Scaled(keras.layers.Layer):
        def __init__(self, activation: Any = None, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.activation = keras.activations.get(activation)

        def call(self, inputs: Any) -> Any:
            return self.activation(inputs)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "activation": keras.activations.serialize(self.activation)}

    assert keras.activations.serialize(unheard_of)["config"] == "unheard_of"
    model = keras.Sequential([keras.Input((2,)), Scaled(unheard_of)])
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", custom_objects={"Scaled": Scaled, "unheard_of": unheard_of})
    assert again(np.ones((1, 2), np.float32)).numpy().tolist() == [[3.0, 3.0]]
    with pytest.raises(ValueError, match="unheard_of"):
        keras.models.load_model(tmp_path / "m.keras", custom_objects={"Scaled": Scaled})


def test_specs_of_layers_that_were_never_called() -> None:
    layer = keras.layers.Dense(3)
    found = layer.compute_output_spec(keras.KerasTensor((2, 5)))
    assert tuple(found.shape) == (2, 3) and found.dtype == "float32" and layer.kernel.shape == (5, 3)
    pair = keras.layers.Attention().compute_output_spec([keras.KerasTensor((2, 5, 4)), keras.KerasTensor((2, 6, 4))])
    assert tuple(pair.shape) == (2, 5, 4)


def test_symbolic_tensors_have_no_length() -> None:
    assert not hasattr(keras.Input((2,)), "__len__")  # by which programs tell lists of outputs from single ones
    with pytest.raises(TypeError, match="has no len"):
        len(keras.KerasTensor((4, 2)))


def test_what_only_asks_for_shapes_can_tell() -> None:
    from weft.keras.core.stateless import in_symbolic_scope

    seen = []

    class Noted(keras.layers.Layer):
        def call(self, x):
            seen.append(in_symbolic_scope())
            return x

    layer = Noted()
    layer(keras.Input((2,)))
    layer(np.ones((1, 2)))
    with keras.SymbolicScope():
        assert in_symbolic_scope()
    assert seen == [True, False] and not in_symbolic_scope()
