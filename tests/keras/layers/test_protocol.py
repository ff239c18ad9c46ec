"""What layers do around their `call`: shapes handed to methods, policies, masks, states of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras import layers


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda **k: layers.Dense(3, **k), (2, 4)), (lambda **k: layers.Conv2D(3, 2, **k), (2, 4, 4, 1)),
        (lambda **k: layers.EinsumDense("ab,bc->ac", 3, **k), (2, 4)), (lambda **k: layers.PReLU(**k), (2, 4)),
        (lambda **k: layers.LSTM(3, **k), (2, 4, 1)),
    ],
)  # fmt: skip
def test_a_spec_asked_for_outside_a_call_knows_the_policy(make: Any, shape: Any) -> None:
    layer = make(dtype="mixed_float16")
    output = layer(np.ones(shape, "float32"))
    spec = layer.compute_output_spec(keras.KerasTensor(shape, dtype="float16"))
    assert spec.dtype == output.dtype == "float16" and spec.shape == output.shape


def test_layers_with_nothing_to_build_are_built_at_once() -> None:
    for layer in (
        layers.ReLU(), layers.Dropout(0.5), layers.MaxPooling2D(), layers.GlobalAveragePooling1D(), layers.Identity(),
        layers.Masking(), layers.ActivityRegularization(0.1), layers.Softmax(), layers.UnitNormalization(),
    ):  # fmt: skip
        assert layer.built, layer

        class WithBuild(type(layer)):  # type: ignore[misc]
            def build(self, input_shape: Any) -> None:
                self.scale = self.add_weight(shape=(), name="scale")

        assert not WithBuild.from_config(layer.get_config()).built


def test_a_share_of_nothing_needs_no_generator() -> None:
    assert layers.Dropout(0.0).variables == [] and len(layers.Dropout(0.1).variables) == 1
    assert layers.GaussianNoise(0.0).variables == [] and layers.AlphaDropout(0.0).variables == []


def test_projections_of_attention_start_from_values_of_their_own() -> None:
    x = np.ones((1, 2, 4), "float32")
    for layer in (layers.MultiHeadAttention(2, 4), layers.GroupQueryAttention(4, 2, 2)):
        layer(x, x)
        query, key = (part.kernel.numpy() for part in (layer._query_dense, layer._key_dense))
        assert query.shape == key.shape and not np.allclose(query, key)
    with pytest.raises(ValueError, match="must be equal"):
        layers.MultiHeadAttention(2, 4)(x, x, np.ones((1, 3, 4)))
    with pytest.raises(ValueError, match="Invalid `output_shape`"):
        layers.MultiHeadAttention(2, 4, output_shape=8.0)


def test_attention_wants_lists() -> None:
    x = np.ones((1, 2, 4), "float32")
    mask = np.array([[True, False]])
    layer = layers.Attention()
    np.testing.assert_array_equal(layer.compute_mask([x, x], mask=[mask, mask]), mask)
    for call in (lambda: layer(x), lambda: layer([x]), lambda: layer([x, x], mask=mask), lambda: layer.build((2, 4))):
        with pytest.raises(ValueError, match="list of length 2 or 3"):
            call()


def test_shapes_for_build_go_by_name() -> None:
    class TwoShapes(layers.Layer):
        def build(self, b_shape: Any, a_shape: Any) -> None:
            self.seen = (tuple(a_shape), tuple(b_shape))

        def call(self, a: Any, b: Any) -> Any:
            return tf.reduce_sum(a) + tf.reduce_sum(b)

    layer = TwoShapes()
    layer(np.ones((2, 3)), np.ones((2, 4)))
    assert layer.seen == ((2, 3), (2, 4))

    class Unnamed(TwoShapes):
        def build(self, a_shape: Any, other: Any) -> None:  # type: ignore[override]
            pass

    class Unknown(TwoShapes):
        def build(self, a_shape: Any, c_shape: Any) -> None:  # type: ignore[override]
            pass

    with pytest.raises(ValueError, match="`other`, which does not end in `_shape`"):
        Unnamed()(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"`c_shape`, but `call\(\)` does not have argument `c`"):
        Unknown()(np.ones((2, 3)), np.ones((2, 4)))


def test_shape_rules_of_users_take_what_they_name() -> None:
    class Either(layers.Layer):
        def call(self, x: Any, o: Any = None) -> Any:
            return x if o is None else x + o

        def compute_output_shape(self, x_shape: Any) -> Any:
            return x_shape

    class Pair(layers.Layer):
        def call(self, x: Any) -> Any:
            return x, tf.reduce_sum(x, axis=1)

        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape, input_shape[:1]

    x = keras.Input((3,))
    assert Either()(x, keras.Input((3,))).shape == (None, 3)
    found = Pair()(x)
    assert isinstance(found, tuple) and [tuple(part.shape) for part in found] == [(None, 3), (None,)]


def test_policies_can_be_set_by_name_and_by_path() -> None:
    layer = layers.Dense(2)
    layer.dtype_policy = "mixed_bfloat16"
    assert (layer.compute_dtype, layer.variable_dtype) == ("bfloat16", "float32")
    policies = keras.dtype_policies.DTypePolicyMap(default_policy="float32")
    policies["inner"] = keras.DTypePolicy("float16")
    inner, outer = layers.Dense(2, dtype=policies, name="inner"), layers.Dense(2, dtype=policies, name="outer")
    assert inner(np.ones((1, 2))).dtype == "float16" and outer(np.ones((1, 2))).dtype == "float32"


def test_masks_survive_a_cast() -> None:
    class Seen(layers.Layer):
        def call(self, x: Any, mask: Any = None) -> Any:
            self.found = mask
            return x

    source = layers.Masking()(np.ones((1, 2, 3), "float32"))
    layer = Seen(dtype="float16")
    layer.supports_masking = True
    layer(source)
    assert layer.found is not None


def test_losses_of_the_call_that_builds_count_once() -> None:
    class Lossy(layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(tf.reduce_sum(x))
            return x * 1.0

    model = keras.Sequential([keras.Sequential([Lossy()])])
    model(np.ones((1,)))
    assert [float(loss) for loss in model.losses] == [1.0]


def test_metrics_of_layers() -> None:
    class Measured(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.seen = keras.metrics.Mean(name="seen")
            self.inner = layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.inner(x)

    layer = Measured()
    assert [metric.name for metric in layer.metrics] == ["seen"] and layer._layers == [layer.inner]
    with pytest.raises(ValueError, match="boolean"):
        layers.Dense(1, trainable="no")


def test_cells_of_users_are_given_a_list_of_states() -> None:
    """Whether a cell says `state_size = 3` or `[3]`: the numbers are those of the product written out."""

    class Minimal(layers.Layer):
        def __init__(self, units: int, sizes: Any, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units, self.state_size = units, sizes

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="ones", name="kernel")
            self.loop = self.add_weight(shape=(self.units, self.units), initializer="ones", name="loop")

        def call(self, inputs: Any, states: Any) -> Any:
            output = tf.matmul(inputs, self.kernel) + tf.matmul(states[0], self.loop)
            return output, [output]

    x = np.arange(24, dtype="float32").reshape((2, 3, 4)) / 10
    expected = np.zeros((2, 2))
    for step in range(3):
        expected = x[:, step].sum(axis=-1, keepdims=True) + expected.sum(axis=-1, keepdims=True) * np.ones((1, 2))
    for sizes in (2, [2], (2,)):
        np.testing.assert_allclose(layers.RNN(Minimal(2, sizes))(x), expected, rtol=1e-5)
    stacked = layers.RNN([Minimal(2, 2), layers.LSTMCell(3)], return_state=True)
    output, first, (hidden, memory) = stacked(x)
    assert output.shape == hidden.shape == memory.shape == (2, 3)
    np.testing.assert_allclose(first, expected, rtol=1e-5)
    again = layers.RNN([Minimal(2, 2), Minimal(2, 2)])(x, initial_state=[first, first])
    assert again.shape == (2, 2)


def _masked(values: Any) -> Any:
    return layers.Masking()(tf.constant(values, "float32"))


def test_merging_leaves_out_what_is_masked() -> None:
    a, b = [[[0, 0], [1, 2], [0, 0], [3, 4]]], [[[0, 0], [0, 0], [1, 2], [3, 4]]]
    negative = [[[0, 0], [-1, -2], [0, 0], [-3, -4]]], [[[0, 0], [0, 0], [-1, -2], [-3, -4]]]
    for layer, pair, expected in (
        (layers.Multiply(), (a, b), [[[0, 0], [1, 2], [1, 2], [9, 16]]]),
        (layers.Minimum(), (a, b), [[[0, 0], [1, 2], [1, 2], [3, 4]]]),
        (layers.Maximum(), negative, [[[0, 0], [-1, -2], [-1, -2], [-3, -4]]]),
        (layers.Add(), (a, b), [[[0, 0], [1, 2], [1, 2], [6, 8]]]),
    ):
        output = layer([_masked(part) for part in pair])
        np.testing.assert_array_equal(output, expected)
        np.testing.assert_array_equal(output._keras_mask, [[False, True, True, True]])
        one = layer([_masked(pair[0]), tf.constant(pair[1], "float32")])
        assert getattr(one, "_keras_mask", None) is None  # an input without a mask counts everywhere
    assert layers.Add()((np.ones((2, 3)), np.ones((2, 3)))).shape == (2, 3)
    for mask, problem in ((np.ones(2), "`mask` should be a list"), ([None], "same length")):
        with pytest.raises(ValueError, match=problem):
            layers.Add().compute_mask([np.ones((2, 3)), np.ones((2, 3))], mask)


def test_normalisation_of_large_numbers_in_mixed_precision() -> None:
    x = tf.fill((2, 4, 8), 70000.0)
    for layer in (layers.GroupNormalization(groups=2, dtype="mixed_float16"),
                  layers.LayerNormalization(dtype="mixed_float16")):  # fmt: skip
        found = layer(x)
        assert found.dtype == "float16" and not np.isnan(found.numpy()).any()
    layer = layers.BatchNormalization(renorm=True, moving_variance_initializer=keras.initializers.Constant(4.0))
    layer.build((2, 3))
    np.testing.assert_allclose(layer.moving_stddev, [2.0, 2.0, 2.0])
    scaled = layers.LayerNormalization(rms_scaling=True)
    values = np.array([[1.0, 3.0]], "float32")
    np.testing.assert_allclose(scaled(values), values / np.sqrt(1.001), rtol=1e-5)
    with pytest.raises(ValueError, match="argument `groups`"):
        layers.GroupNormalization(groups=1.5)


def test_masks_of_softmax() -> None:
    x = np.array([[1.0, 2.0, 1.0]])
    np.testing.assert_allclose(layers.Softmax()(x, mask=np.array([1.0, 0.2, 0.7])), [[0.5, 0.0, 0.5]])
    for mask in (np.ones((2, 3)), np.ones((1, 1, 3))):
        with pytest.raises(ValueError, match="broadcastable"):
            layers.Softmax()(x, mask=mask)


def test_patterns_and_borders_are_checked() -> None:
    for shape in ("Invalid", (20, 1.5), (20, -1), (20, 0)):
        with pytest.raises(ValueError, match="argument `noise_shape`"):
            layers.Dropout(0.5, noise_shape=shape)
    for padding in (((1, 2), (3, 4), (5, 6, 7)), ((1, 2), (3, 4), (5, -6)), ((1, 2), (3, 4), "5")):
        with pytest.raises(ValueError, match="padding"):
            layers.ZeroPadding3D(padding=padding)


def test_dots_behind_the_axes_of_a_bias() -> None:
    layer = layers.EinsumDense("ab...,bcd->acd...", output_shape=(3, 4), bias_axes="c", bias_initializer="ones")
    x = np.ones((2, 5, 3), "float32")
    assert layer(x).shape == (2, 3, 4, 3) and layer.bias.shape == (3, 1, 1)
    np.testing.assert_allclose(layer(x), np.einsum("ab...,bcd->acd...", x, layer.kernel) + 1.0, rtol=1e-5)


def test_tables_that_are_given_are_there_at_once() -> None:
    table = np.ones((3, 4), "float32")
    for weights in (table, [table]):
        layer = layers.Embedding(3, 4, weights=weights)
        np.testing.assert_array_equal(layer.embeddings, table)
        assert layer(np.array([[1]])).shape == (1, 1, 4)


def test_lambdas_of_configurations_say_whether_code_is_trusted() -> None:
    with pytest.warns(UserWarning, match="byte code"):
        config = layers.Lambda(lambda x: x + 1.0).get_config()
    with pytest.raises(ValueError):
        layers.Lambda.from_config(config, safe_mode=True)
    again = layers.Lambda.from_config(config, safe_mode=False)
    np.testing.assert_array_equal(again(np.zeros((1, 2))), np.ones((1, 2)))
