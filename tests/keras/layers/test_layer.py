"""What every layer does around its `call`."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import keras
from weft.keras import layers


class Scale(layers.Layer):
    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(name="factor", shape=(input_shape[-1],), initializer="ones")

    def call(self, inputs: Any, training: Any = None) -> Any:
        return inputs * self.factor * (2.0 if training else 1.0)


class Block(layers.Layer):
    """Layers in a list, in a dict, and in an attribute."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stages = [layers.Dense(2)]
        self.heads = {"first": layers.Dense(3), "second": layers.Dense(4)}
        self.norm = layers.BatchNormalization()
        self.stages.append(layers.Dropout(0.5))

    def call(self, inputs: Any) -> Any:
        for stage in self.stages:
            inputs = stage(inputs)
        inputs = self.norm(inputs)
        return [head(inputs) for head in self.heads.values()]


# Names and weights ----------------------------------------------------------------------------------------------------


def test_names_are_numbered_and_begin_again() -> None:
    keras.backend.clear_session()
    assert [layers.Dense(1).name, layers.Dense(1).name, layers.Conv2DTranspose(1, 1).name] == [
        "dense", "dense_1", "conv2d_transpose",
    ]  # fmt: skip
    keras.backend.clear_session()
    assert layers.Dense(1).name == "dense"


def test_weights_of_inner_layers_are_found() -> None:
    block = Block()
    block(np.ones((2, 3), np.float32))
    shapes = [tuple(weight.shape) for weight in block.weights]
    assert shapes == [(3, 2), (2,), (2, 3), (3,), (2, 4), (4,), (2,), (2,), (2,), (2,)]
    assert len(block.trainable_weights) == 8
    assert [weight.name for weight in block.non_trainable_weights] == ["moving_mean", "moving_variance"]
    assert len(block.variables) == 11  # and the state of the dropout's generator
    assert block.weights[0].path == f"{block.name}/{block.stages[0].name}/kernel"


def test_freezing_keeps_the_order_of_weights() -> None:
    block = Block()
    block(np.ones((2, 3), np.float32))
    before = [id(weight) for weight in block.weights]
    block.trainable = False
    assert block.trainable_weights == [] and [id(weight) for weight in block.weights] == before
    block.trainable = True
    assert len(block.trainable_weights) == 8
    block.norm.trainable = False
    assert len(block.trainable_weights) == 6 and [id(weight) for weight in block.weights] == before


def test_what_is_thawed_inside_a_frozen_model_is_trained_and_what_does_not_change_freezes_nothing() -> None:
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(2)])
    outer = keras.Sequential([inner, layers.Dense(1)])
    inner.trainable = False
    inner.layers[1].trainable = True  # as one does with the last layers of a network that was trained elsewhere
    assert len(outer.trainable_weights) == 4 and inner.trainable_weights == []
    before = [weight.numpy() for weight in outer.weights]
    outer.compile(keras.optimizers.SGD(0.1), "mse")
    outer.fit(np.ones((4, 4), np.float32), np.full((4, 1), 9.0, np.float32), verbose=0)
    changed = [not np.array_equal(now, was) for now, was in zip(outer.get_weights(), before, strict=True)]
    assert changed == [False, False, True, True, True, True]
    outer.trainable = True  # it is already
    assert len(outer.trainable_weights) == 4
    inner.trainable = True
    assert len(outer.trainable_weights) == 6


def test_freezing_a_weight_keeps_its_place() -> None:
    layer = layers.Dense(3)
    layer.build((None, 2))
    layer.kernel.trainable = False
    layer.trainable = True  # it is already
    assert [weight.name for weight in layer.weights] == ["kernel", "bias"]
    assert [weight.name for weight in layer.trainable_weights] == ["bias"]
    layer.trainable = False
    layer.trainable = True
    assert len(layer.trainable_weights) == 2


def test_a_frozen_normalisation_uses_its_moving_averages() -> None:
    layer = layers.BatchNormalization()
    x = np.array([[1.0], [5.0]], np.float32)
    layer.build(x.shape)
    layer.trainable = False
    np.testing.assert_allclose(layer(x, training=True), x / np.sqrt(1.001), rtol=1e-6)


def test_replaced_and_deleted_attributes_are_forgotten() -> None:
    block = Block()
    block.norm = layers.Dense(1)
    del block.heads
    assert {type(layer).__name__ for layer in block._children()} == {"Dense", "Dropout"}


def test_variables_as_attributes_are_weights() -> None:
    class Own(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.a = tf.Variable(1.0)
            self.b = keras.Variable(2.0, trainable=False, name="b")

        def call(self, inputs: Any) -> Any:
            return inputs * self.a + self.b

    layer = Own()
    assert float(layer(tf.constant(3.0))) == 5.0
    assert len(layer.weights) == 2 and len(layer.trainable_weights) == 1


def test_set_weights_checks_shapes() -> None:
    layer = layers.Dense(2)
    layer.build((None, 3))
    with pytest.raises(ValueError, match=r"weight `dense.*kernel` cannot take.*(?s:.*)expected: \(3, 2\)"):
        layer.set_weights([np.ones((2, 3)), np.ones(2)])
    with pytest.raises(ValueError, match="has 2 weights, received 1"):
        layer.set_weights([np.ones((3, 2))])


@pytest.mark.parametrize(
    "make",
    [
        lambda layer: layer.add_weight((2, 3), "ones", name="w"),
        lambda layer: layer.add_weight("w", (2, 3), None, "ones"),
        lambda layer: layer.add_weight("w", shape=(2, 3), initializer="ones", experimental_autocast=False),
        lambda layer: layer.add_weight(name="w", shape=[2, 3], initializer=lambda shape, dtype: tf.ones(shape, dtype)),
    ],
)
def test_ways_to_add_a_weight(make: Any) -> None:
    layer = layers.Layer()
    weight = make(layer)
    assert weight.name == "w" and np.asarray(weight).tolist() == [[1.0] * 3] * 2 and layer.weights == [weight]
    with pytest.raises(TypeError, match="add_weight does not know the keyword `intializer`.*`initializer`"):
        layer.add_weight(shape=(1,), intializer="ones")


# Building -------------------------------------------------------------------------------------------------------------


def test_super_init_forgotten() -> None:
    class Forgetful(layers.Layer):
        def __init__(self) -> None:
            self.units = 3
            self.inner = [layers.Dense(1)]

        def call(self, inputs: Any) -> Any:
            return inputs

    with pytest.raises(RuntimeError, match=r"Forgetful.*super\(\).__init__\(\) has not been called"):
        Forgetful()(np.ones((1, 1)))


def test_build_sees_a_tuple_with_the_methods_of_a_tensor_shape() -> None:
    seen = []

    class Looking(layers.Layer):
        def build(self, input_shape: Any) -> None:
            seen.append((isinstance(input_shape, tuple), input_shape.as_list(), input_shape[1:] + (5,)))

        def call(self, inputs: Any) -> Any:
            return inputs

    Looking()(np.ones((2, 3)))
    assert seen == [(True, [2, 3], (3, 5))]


def test_several_inputs_and_named_shapes() -> None:
    class Two(layers.Layer):
        def build(self, left_shape: Any, right_shape: Any) -> None:
            self.shapes = (left_shape, right_shape)

        def call(self, left: Any, right: Any) -> Any:
            return left + right

    layer = Two()
    assert layer(np.ones((2, 3)), right=np.ones((2, 3))).shape == (2, 3)
    assert layer.shapes == ((2, 3), (2, 3))
    x = keras.Input((3,))
    assert layer(x, x).shape == (None, 3)


def test_compute_output_shape_needs_no_values() -> None:
    assert layers.Conv2D(4, 3).compute_output_shape((None, 8, 8, 1)) == (None, 6, 6, 4)
    assert Block().compute_output_shape((None, 3)) == [(None, 3), (None, 4)]


# Arguments ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: layers.Dense(3, input_dim=4), (None, 4)),
        (lambda: layers.Dense(3, input_shape=(4,)), (None, 4)),
        (lambda: layers.Dense(3, input_shape=[4]), (None, 4)),
        (lambda: layers.Dense(3, batch_input_shape=(2, 4)), (2, 4)),
        (lambda: layers.Dense(3, input_shape=(4,), batch_size=2), (2, 4)),
        (lambda: layers.Embedding(5, 3, input_length=4), (None, 4)),
    ],
)
def test_older_ways_to_say_the_input_shape(make: Any, shape: Any) -> None:
    model = keras.Sequential([make()])
    assert model.input_shape == shape


@pytest.mark.parametrize(
    ("make", "attribute", "value"),
    [
        (lambda: layers.Dense(output_dim=3, init="zeros"), "units", 3),
        (lambda: layers.Convolution2D(8, 3, 5, border_mode="same"), "kernel_size", (3, 5)),
        (lambda: layers.Conv2D(8, 3, subsample=(2, 2)), "strides", (2, 2)),
        (lambda: layers.LeakyReLU(alpha=0.1), "negative_slope", 0.1),
        (lambda: layers.Dropout(p=0.3), "rate", 0.3),
    ],
)
def test_older_argument_names(make: Any, attribute: str, value: Any) -> None:
    assert getattr(make(), attribute) == value


def test_an_unknown_keyword_names_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"Dense does not know the keyword `activaton`. Did you mean `activation`"):
        layers.Dense(3, activaton="relu")
    with pytest.raises(ValueError, match=r"no activation named 'rleu'.*`relu`"):
        layers.Dense(3, activation="rleu")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.Dense(0), "(?s)Dense: Invalid value for argument `units`.*units=0.*must be a positive integer"),
        (lambda: layers.Dropout(1.5), "Dropout: Invalid value received for argument `rate`"),
        (lambda: layers.Conv2D(3, (3, 3, 3)), "Conv2D: `kernel_size` must be an integer"),
        (lambda: layers.MaxPooling2D(padding="smae"), "`padding` is 'smae'.*`same`"),
        (lambda: layers.Conv2D(3, 3, strides=2, dilation_rate=2), "not supported in conjunction with"),
        (lambda: layers.Conv2DTranspose(3, 3, strides=2, dilation_rate=2), "not supported in conjunction with"),
        (lambda: layers.Conv2DTranspose(3, 3, strides=2, output_padding=2), "strictly less than `strides`"),
        (lambda: layers.Conv2D(5, 3, groups=2), "evenly divisible by the number of groups"),
        (lambda: layers.Dense(3, trainable=1), "to be a boolean"),
        (lambda: layers.Permute((0, 1)), "the batch, axis 0, is left out"),
        (lambda: layers.RepeatVector(0), "`n` should be a positive integer"),
        (lambda: layers.Reshape((-2, 5)), r"non-negative integer.*target_shape=\(-2, 5\)"),
        (lambda: layers.UpSampling1D(0), "`size` should be a positive integer"),
        (lambda: layers.Cropping1D((1,)), "Cropping1D: `cropping`"),
    ],
)
def test_wrong_arguments(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_wrong_call_arguments() -> None:
    with pytest.raises(TypeError, match=r"Layer `.*` \(Dense\) cannot be called like this(?s:.*)Dense.call\(inputs"):
        layers.Dense(3)(np.ones((1, 2)), inptus=2)


# Errors about inputs --------------------------------------------------------------------------------------------------


def test_wrong_size_names_layer_axis_and_line() -> None:
    layer = layers.Dense(3, name="head")
    layer(np.ones((2, 4)))
    with pytest.raises(ValueError) as caught:
        layer(np.ones((2, 5)))
    text = str(caught.value)
    assert "Input 0 of layer `head` (Dense) is incompatible with the layer: axis 1 has size 5, expected 4" in text
    assert "received: shape (2, 5), dtype float32" in text and "test_layer.py" in text


def test_wrong_rank_names_the_next_step() -> None:
    with pytest.raises(ValueError, match=r"`conv` \(Conv2D\).*it has 3 axes, the layer takes 4(?s:.*)x\[..., None\]"):
        layers.Conv2D(3, 3, name="conv")(np.ones((28, 28, 1)))
    with pytest.raises(ValueError, match=r"it has 1 axis, the layer needs at least 2"):
        layers.Dense(3)(np.ones(4))


def test_unknown_sizes_are_named() -> None:
    with pytest.raises(ValueError, match=r"the last axis of its input must have a known size(?s:.*)\(None, None\)"):
        layers.Dense(3)(keras.Input((None,)))


def test_merging_names_the_axis() -> None:
    with pytest.raises(ValueError, match="axis -1 has sizes 3 and 4"):
        layers.Add()([np.ones((2, 3)), np.ones((2, 4))])
    with pytest.raises(
        ValueError, match=r"the concatenation axis(?s:.*)axis 1 has sizes 3 and 5(?s:.*)input 1: \(2, 5, 4\)"
    ):
        layers.Concatenate()([np.ones((2, 3, 4)), np.ones((2, 5, 4))])


def test_reshape_names_the_numbers() -> None:
    with pytest.raises(ValueError, match="12 values a sample do not fill the shape"):
        layers.Reshape((5, 2))(np.ones((1, 12)))


def test_the_traceback_is_short() -> None:
    try:
        layers.Dense(3)(np.ones(4))
    except ValueError as error:
        frames = 0
        trace = error.__traceback__
        while trace is not None:
            frames += 1
            trace = trace.tb_next
        assert frames <= 4


# Training, masks, losses ----------------------------------------------------------------------------------------------


def test_training_reaches_inner_layers() -> None:
    class Outer(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Scale()

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    layer = Outer()
    x = np.ones((1, 1), np.float32)
    assert float(layer(x, training=True)) == 2.0
    assert float(layer(x)) == 1.0
    assert float(layer(x, training=False)) == 1.0


def test_dropout_keeps_the_mean_and_differs_between_calls() -> None:
    layer = layers.Dropout(0.25, seed=1)
    x = np.ones((200, 200), np.float32)
    first, second = (np.asarray(layer(x, training=True)) for _ in range(2))
    assert set(np.unique(first)) == {0.0, np.float32(1 / 0.75)}
    assert abs(first.mean() - 1) < 0.01 and not np.array_equal(first, second)
    again = np.asarray(layers.Dropout(0.25, seed=1)(x, training=True))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(layer(x), x)


def test_dropout_with_a_noise_shape() -> None:
    found = np.asarray(
        layers.Dropout(0.5, noise_shape=(None, 1, 4), seed=2)(np.ones((5, 3, 4), np.float32), training=True)
    )
    np.testing.assert_array_equal(found, found[:, :1].repeat(3, axis=1))
    channels = np.asarray(layers.SpatialDropout2D(0.5, seed=2)(np.ones((4, 3, 3, 6), np.float32), training=True))
    assert {len(np.unique(channels[i, :, :, c])) for i in range(4) for c in range(6)} == {1}


def test_masks_are_made_used_and_carried() -> None:
    x = tf.constant([[1, 2, 0], [3, 0, 0]])
    embedded = layers.Embedding(4, 2, mask_zero=True)(x)
    np.testing.assert_array_equal(embedded._keras_mask, [[True, True, False], [True, False, False]])
    assert layers.Dropout(0.1)(embedded)._keras_mask is not None
    assert layers.LSTM(2, return_sequences=True)(embedded)._keras_mask is not None
    assert getattr(layers.LSTM(2)(embedded), "_keras_mask", None) is None


def test_a_layer_that_drops_a_mask_says_so_once() -> None:
    embedded = layers.Embedding(4, 2, mask_zero=True)(tf.constant([[1, 0]]))
    layer = Scale()
    with pytest.warns(UserWarning, match=r"`scale.*` \(Scale\) was given a mask"):
        layer(embedded)
    layer(embedded)


def test_losses_of_weights_and_calls() -> None:
    layer = layers.Dense(
        2, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.5), activity_regularizer="l1"
    )
    layer(np.ones((3, 4), np.float32))
    assert [float(loss) for loss in layer.losses] == pytest.approx([0.01 * 24 / 3, 0.5 * 8])
    layer(np.ones((3, 4), np.float32))
    assert len(layer.losses) == 2  # those of the last call only


def test_add_loss() -> None:
    class Penalty(layers.Layer):
        def call(self, inputs: Any) -> Any:
            self.add_loss(tf.reduce_sum(inputs))
            return inputs * 1.0

    model = keras.Sequential([keras.Input((2,)), Penalty()])
    model(np.ones((2, 2), np.float32))
    assert [float(loss) for loss in model.losses] == [4.0]


def test_gradients_of_a_regularizer() -> None:
    layer = layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2")
    layer.build((None, 2))
    with tf.GradientTape() as tape:
        loss = tf.add_n(layer.losses)
    np.testing.assert_allclose(tape.gradient(loss, layer.kernel), [[0.02], [0.02]], rtol=1e-6)


# Dtypes ---------------------------------------------------------------------------------------------------------------


def test_inputs_are_cast_to_the_layers_dtype() -> None:
    assert layers.Dense(2)(np.ones((1, 2), np.float64)).dtype == "float32"
    assert layers.Dense(2, dtype="float64")(np.ones((1, 2), np.float32)).dtype == "float64"
    assert layers.Dense(2)(np.ones((1, 2), np.int64)).dtype == "float32"
    assert layers.Flatten()(np.ones((1, 2), np.int32)).dtype == "int32"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(policy: str) -> None:
    layer = layers.Dense(2, dtype=policy)
    x = tf.constant(np.ones((1, 2), np.float32))
    with tf.GradientTape() as tape:
        output = layer(x)
        loss = tf.reduce_sum(tf.cast(output, "float32"))
    assert layer.compute_dtype == policy.removeprefix("mixed_") == output.dtype.name
    assert layer.kernel.dtype == "float32"
    assert tape.gradient(loss, layer.kernel).dtype == "float32"
    normal = layers.BatchNormalization(dtype=policy)
    assert normal(output, training=True).dtype == policy.removeprefix("mixed_")
    assert layers.LSTM(2, dtype=policy)(np.ones((1, 3, 2))).dtype == policy.removeprefix("mixed_")


def test_the_global_policy() -> None:
    try:
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
        assert layers.Dense(1).compute_dtype == "bfloat16"
    finally:
        keras.mixed_precision.set_global_policy(None)
    assert layers.Dense(1).compute_dtype == "float32"
    with pytest.raises(ValueError, match="`mixed_float16`"):
        layers.Dense(1, dtype="mixed_flaot16")


# Copies and lifetimes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_copies_are_independent(copier: Any) -> None:
    layer = layers.LSTM(3, return_sequences=True)
    x = np.ones((1, 2, 2), np.float32)
    before = np.asarray(layer(x))
    again = copier(layer)
    layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    np.testing.assert_array_equal(again(x), before)
    assert not np.asarray(layer(x)).any()


def test_layers_can_be_weakly_referenced_and_are_freed() -> None:
    layer = layers.Dense(2)
    layer(np.ones((1, 2)))
    reference = weakref.ref(layer)
    del layer
    gc.collect()
    assert reference() is None


def test_configurations_of_user_classes() -> None:
    class Power(layers.Layer):
        def __init__(self, exponent: float, inner: Any = None, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.p = exponent
            self.inner = inner

        def call(self, inputs: Any) -> Any:
            return inputs**self.p

    layer = Power(2.0, inner=layers.Dense(1, name="d"), name="power")
    config = layer.get_config()
    assert config["exponent"] == 2.0 and config["name"] == "power"
    again = Power.from_config(config)
    assert again.p == 2.0 and isinstance(again.inner, layers.Dense)


def test_a_subclass_of_a_layer_of_keras() -> None:
    class Wide(layers.Dense):
        def __init__(self, factor: int = 2, **kwargs: Any) -> None:
            super().__init__(units=3 * factor, **kwargs)
            self.factor = factor

        def get_config(self) -> Any:
            config = super().get_config()
            config["factor"] = self.factor
            return config

    config = Wide(3, activation="relu").get_config()
    assert config["units"] == 9 and config["activation"] == "relu" and config["factor"] == 3


def test_targets_that_may_see_nothing_weigh_all_sources_equally() -> None:
    x = np.random.default_rng(0).normal(size=(1, 3, 2)).astype("float32")
    mask = np.array([[[0, 0, 0], [1, 1, 0], [1, 1, 1]]], bool)
    for layer in (layers.MultiHeadAttention(1, 2), layers.GroupQueryAttention(2, 2, 1)):
        found = layer(x, x, attention_mask=mask).numpy()
        scores = layer(x, x, attention_mask=mask, return_attention_scores=True)
        np.testing.assert_allclose(found[0, 1:], scores[0].numpy()[0, 1:], rtol=1e-5, atol=1e-6)
        # Keras' kernel with named weights gives such a target none at all.
        assert not scores[1].numpy()[0, :, 0].any()
        values = layer._value_dense(x).numpy().mean(axis=1, keepdims=True)
        values = np.repeat(values, 2, axis=2) if isinstance(layer, layers.GroupQueryAttention) else values
        np.testing.assert_allclose(found[0, 0], layer._output_dense(values).numpy()[0, 0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", [
    lambda axis: layers.BatchNormalization(axis=axis, name="own"),
    lambda axis: layers.LayerNormalization(axis=[-1, axis], name="own"),
    lambda axis: layers.GroupNormalization(1, axis=axis, name="own"),
    lambda axis: layers.RMSNormalization(axis=axis, name="own"),
])  # fmt: skip
@pytest.mark.parametrize("axis", [5, -3])
def test_an_axis_that_the_input_does_not_have(make: Any, axis: int) -> None:
    with pytest.raises(ValueError) as caught:
        make(axis)(tf.ones((2, 3)))
    text = str(caught.value)
    assert "Layer `own`" in text and f"no axis {axis}" in text and "from -2 to 1" in text and "(2, 3)" in text


def test_errors_of_ops_name_the_layer() -> None:
    layer = layers.Embedding(3, 2, name="words")
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        layer(np.array([[5]]))
    assert caught.value.__notes__ == ["  in layer `words` (Embedding)"]
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        layers.Softmax(axis=4, name="shares")(tf.ones((2, 3)))
    assert caught.value.__notes__ == ["  in layer `shares` (Softmax)"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="words`.*holds 5"):
        keras.Sequential([keras.Input((1,)), layer]).predict(np.array([[5]]), verbose=0)


def test_whether_to_train_may_be_a_tensor() -> None:
    class Frozen(layers.BatchNormalization):
        def call(self, x: Any, training: Any = False) -> Any:
            return super().call(x, tf.logical_and(tf.constant(bool(training)), self.trainable))

    x = keras.Input((4, 4, 3))
    model = keras.Model(x, Frozen()(x))
    assert model(tf.ones([2, 4, 4, 3]), training=True).numpy().max() == 0
    norm, drop = layers.BatchNormalization(), layers.Dropout(0.5)
    rows = tf.constant([[1.0, 2.0], [3.0, 4.0]])

    @tf.function
    def f(training: Any) -> Any:
        return norm(rows, training=training), drop(rows, training=training)

    still, dropped = f(tf.constant(False))
    assert dropped.numpy().tolist() == rows.numpy().tolist() and norm.moving_mean.numpy().tolist() == [0, 0]
    assert abs(f(tf.constant(True))[0].numpy().mean()) < 1e-6 and norm.moving_mean.numpy()[0] > 0
    assert drop(rows, training=tf.constant(False)).numpy().tolist() == rows.numpy().tolist() and still.shape == [2, 2]


def test_shapes_of_each_call() -> None:
    layer = keras.layers.Dense(3)
    layer(keras.Input((4,)))
    layer(keras.Input((7, 4)))
    assert [layer.get_input_shape_at(call) for call in (0, 1)] == [(None, 4), (None, 7, 4)]
    assert [layer.get_output_shape_at(call) for call in (0, 1)] == [(None, 3), (None, 7, 3)]


# Keywords that hold for the layers inside -----------------------------------------------------------------------------


class _Counted(layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self._register_call_context_args("step")

    def call(self, x: Any, step: int = 0) -> Any:
        return x + step


class _Around(layers.Layer):
    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def call(self, x: Any) -> Any:
        return self.inner(x)


def test_registered_keywords_reach_the_layers_inside() -> None:
    x = np.zeros((1, 2))
    sequence = keras.Sequential([layers.Identity(), _Around(_Around(_Counted()))])
    entry = keras.Input((2,))
    functional = keras.Model(entry, _Around(_Counted())(entry))
    for model in (sequence, functional):
        model._register_call_context_args("step")
        np.testing.assert_array_equal(model(x, step=3), x + 3)
        np.testing.assert_array_equal(model(x), x)
    with pytest.raises(RuntimeError, match="after the layer has been called"):
        sequence._register_call_context_args("other")

    class Asks(layers.Layer):
        def call(self, x: Any, step: int = 0) -> Any:
            return x + step

    outer = _Around(Asks())  # which has not registered it
    outer._register_call_context_args("step")
    np.testing.assert_array_equal(outer(x, step=3), x)
    with pytest.raises(TypeError):
        _Around(Asks())(x, step=3)


def test_backward_layers_keep_use_cudnn() -> None:
    both = layers.Bidirectional(layers.GRU(1, use_cudnn=False))
    assert both.forward_layer.use_cudnn is False and both.backward_layer.use_cudnn is False
    assert not hasattr(layers.SimpleRNN(1), "use_cudnn")
