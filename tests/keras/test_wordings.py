"""What Keras' users look for in the words of an error: the phrase that names the argument and what it may be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from weft import keras
from weft.keras import layers, metrics, ops, optimizers

X = np.ones((2, 4), "float32")


@pytest.mark.parametrize(
    ("call", "kind", "phrase"),
    [
        (lambda: ops.segment_sum(X[0], np.zeros((2, 2), "int32")), ValueError, "should be an 1-D vector"),
        (lambda: ops.segment_sum(X, np.zeros(3, "int32")), ValueError, "same leading dimension"),
        (lambda: ops.stft(X, 2, 0, 4), ValueError, "`sequence_stride` must be a positive integer"),
        (lambda: ops.stft(X, 4, 1, 2), ValueError, "`fft_length` must equal or be larger"),
        (lambda: ops.rfft(np.float32(1)), ValueError, "rank >= 1"),
        (lambda: ops.conv(np.ones((1, 9, 3)), np.ones((3, 5, 4))), ValueError, "input channels must match"),
        (lambda: ops.batch_normalization(X, X[0], X[0], -1, offset=X[0, :3]), ValueError, "`offset` must be a vector"),
        (lambda: ops.normalize(X, order=0), ValueError, "int >= 1"),
        (lambda: ops.softmax(X, axis=4), ValueError, "axis 4 is out of bounds"),
        (lambda: ops.depth_to_space(np.ones((1, 2, 2, 4)), 1), ValueError, "at least 2"),
        (lambda: ops.slice(X, (0, 0), (1, 1, 1)), ValueError, "number of dimensions in `inputs`"),
        (lambda: ops.image.crop_images(np.ones((4, 4, 3)), -1, 0, 1, 0), ValueError, "top_cropping must be >= 0"),
        (lambda: ops.image.resize(np.ones((4, 4, 3)), (0, 2)), ValueError, "positive height and width"),
        (lambda: metrics.FBetaScore(beta=2), ValueError, "a Python float"),
        (lambda: metrics.AUC(curve="x"), ValueError, "Invalid AUC curve value"),
        (lambda: optimizers.Ftrl(l1_regularization_strength=-1.0), ValueError, "positive or zero"),
        (lambda: keras.random.uniform((2,), dtype="int32"), ValueError, "floating point `dtype`"),
        (lambda: setattr(keras.Variable(1.0), "constraint", "none"), ValueError, "attribute `constraint`"),
        (lambda: ops.slice(X, (0, 0, 0), (1, 1)), ValueError, "dimensions in `start_indices`"),
        (lambda: ops.scan(lambda c, x: (c, x), 0, X, unroll=-1), ValueError, "positive integer or boolean"),
        (lambda: ops.scan(lambda c, x: (c, x), 0), ValueError, "to scan over"),
        (lambda: ops.associative_scan(ops.add, (X, X[:1])), ValueError, "same first dimension"),
        (lambda: bool(keras.Variable(X)), TypeError, "cannot be used as a boolean"),
        (lambda: bool(keras.KerasTensor((2,))), TypeError, "cannot be used as a boolean"),
        (lambda: int(keras.Variable(X)), TypeError, "Only scalar arrays"),
        (lambda: float(keras.Variable(X)), TypeError, "Only scalar arrays"),
        (lambda: np.array(keras.KerasTensor((2,))), ValueError, "doesn't have any actual numerical value"),
        (lambda: keras.StatelessScope([(X, X)]), ValueError, "keys in argument `mapping` must be Variable"),
        (lambda: keras.StatelessScope([(keras.Variable(1.0), X)]), ValueError, "values in argument `mapping` must be"),
        (lambda: keras.config.set_dtype_policy(12345), ValueError, "Invalid `policy` argument"),
        (lambda: keras.DTypePolicy("int8_abc"), ValueError, "Cannot convert `policy` into a valid pair"),
        (lambda: keras.regularizers.OrthogonalRegularizer(mode="x"), ValueError, "Expected one of .*columns"),
        (lambda: keras.regularizers.OrthogonalRegularizer()(X[0]), ValueError, "Received: inputs.shape=\\(4,\\)"),
        (lambda: keras.distribution.DeviceMesh((4,), ""), ValueError, "Shape and axis_names cannot be empty"),
        (lambda: keras.distribution.DeviceMesh((4, 2), ["a"]), ValueError, "should have same size"),
        (lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), foo=1, bar=2), ValueError, "arguments: `foo`, `bar`"),
        (lambda: keras.Function([], keras.KerasTensor((2,))), ValueError, "cannot be empty"),
        (lambda: keras.Function(x := keras.KerasTensor((2,)), x * 2)(X), ValueError, "incompatible inputs"),
    ],
)
def test_the_argument_is_named(call: Any, kind: type[Exception], phrase: str) -> None:
    with pytest.raises(kind, match=phrase):
        call()


def test_a_softmax_over_one_value_is_doubted() -> None:
    with pytest.warns(UserWarning, match="axis 1 of a tensor of shape"):
        ops.softmax(X[:, :1], axis=1)


def test_a_function_takes_other_floats_and_tells_shapes() -> None:
    x = keras.KerasTensor((None, 4))
    double = keras.Function(x, x * 2.0)
    assert double(np.ones((3, 4))).dtype == "float32"
    assert double.compute_output_shape((5, 4)) == (5, 4)


def test_labels_that_are_the_blank_follow_one_another() -> None:
    logits = (np.arange(24).reshape((2, 4, 3)).astype("float32") - 12) / 100
    labels = np.array([[1, 2, 1, 0], [1, 2, 0, 2]])
    found = ops.ctc_loss(labels, logits, [3, 3], [4, 4])
    np.testing.assert_allclose(found, [2.4429312, 2.4543595], rtol=1e-5)  # of Keras 3.15


def test_ragged_and_sparse_tensors_as_arrays() -> None:
    import weft as tf

    assert ops.convert_to_numpy(tf.ragged.constant([[1, 2], [3]])).tolist() == [[1, 2], [3, 0]]
    assert ops.convert_to_numpy(tf.SparseTensor([[0, 1]], [5.0], (1, 2))).tolist() == [[0.0, 5.0]]


def test_casts_of_mixed_precision_are_no_nodes() -> None:
    x = keras.Input((3,))
    y = layers.Dense(2, dtype="mixed_float16")(x)
    model = keras.Model(x, y)
    assert [type(one).__name__ for one in model.operations] == ["InputLayer", "Dense"]
    assert y._keras_history.operation.input is x
    assert model(np.ones((1, 3))).dtype == "float16"


def test_functions_keep_their_names_in_configurations() -> None:
    x = keras.Input((3,))
    model = keras.Model(x, x + x)
    config = model.get_config()
    assert keras.Model.from_config(config).get_config() == config


class TestLayers:
    def test_an_unknown_token_among_the_others(self) -> None:
        layer = layers.StringLookup(vocabulary=["a", "[UNK]", "b"])
        assert layer([["a", "z", "b"]]).numpy().tolist() == [[1, 0, 3]]  # as in Keras 3.15
        with pytest.raises(ValueError, match="unexpected place"):
            layers.StringLookup(vocabulary=["a", "[UNK]", "b"], invert=True)

    def test_a_stateful_layer_refuses_another_batch(self) -> None:
        layer = layers.LSTM(2, stateful=True)
        layer(np.ones((3, 4, 2), "float32"))
        with pytest.raises(ValueError, match="batch size"):
            layer(np.ones((1, 4, 2), "float32"))

    def test_saturation_of_small_numbers(self) -> None:
        x = np.array([[[[0.5488135, 0.71518937, 0.60276338]]]], "float32") * 255
        found = layers.RandomSaturation((0.8, 0.8))(x).numpy()[0, 0, 0]
        np.testing.assert_allclose(found, [12.67, 182.373, 67.699], rtol=1e-4)  # of Keras 3.15

    @pytest.mark.parametrize(
        ("call", "phrase"),
        [
            (lambda: layers.Conv2D(3, (1, 0)), "must be a tuple of 2 integers"),
            (lambda: layers.Embedding(True, 2), "`input_dim` must be a positive integer"),
            (lambda: layers.RandomTranslation((-1.1, 0.0), 0.0), "in the range"),
            (lambda: layers.Normalization().adapt([]), "empty iterable"),
            (lambda: layers.Wrapper("layer"), "supported layer type"),
            (lambda: layers.InputLayer(batch_size=5, input_tensor=keras.KerasTensor((2, 3))), "incompatible"),
        ],
    )
    def test_bad_arguments(self, call: Any, phrase: str) -> None:
        with pytest.raises(ValueError, match=phrase):
            call()

    def test_a_policy_of_integers(self) -> None:
        policy = keras.DTypePolicy("int")
        assert (policy.name, policy.compute_dtype, policy.variable_dtype) == ("int", "int64", "int64")


def test_steps_that_run_as_python_come_in_groups_too() -> None:
    import weft as tf

    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=3, run_eagerly=True)
    data = tf.data.Dataset.from_tensor_slices((np.ones((7, 3)), np.ones((7, 1)))).batch(2)
    model.fit(data, verbose=0)
    assert model.predict(data, verbose=0).shape == (7, 1)


def test_weighted_counts_keep_the_dtype_of_their_weights() -> None:
    for kind in ("int8", "int64", "float32"):
        assert ops.bincount(np.array([1, 1]), weights=np.ones(2, kind)).dtype == kind  # as in Keras 3.15
    assert ops.digitize(np.array([True, False]), np.array([True])).numpy().tolist() == [1, 0]


@pytest.mark.parametrize(
    ("call", "phrase"),
    [
        (lambda: ops.reshape(X, (-2, 4)), "non-negative integers"),
        (lambda: ops.transpose(X, [0, 0]), "valid permutation"),
        (lambda: ops.pad(X, 1, mode="reflect", constant_values=1), "when `mode == 'constant'`"),
        (lambda: ops.inner(X, np.ones((2, 3), "float32")), "last dimension"),
        (lambda: ops.sort(X, axis=10), "axis 10 is out of bounds"),
    ],
)
def test_shapes_that_do_not_fit(call: Any, phrase: str) -> None:
    with pytest.raises(ValueError, match=phrase):
        call()


def test_means_of_sparse_tensors_are_sparse() -> None:
    import weft as tf

    found = ops.mean(tf.SparseTensor([[0, 0], [1, 2]], [1.0, 2.0], (2, 3)), axis=0)
    assert isinstance(found, tf.SparseTensor)
    assert ops.convert_to_numpy(found).tolist() == [0.5, 0.0, 1.0]


class Scaled(keras.Operation):
    def __init__(self, alpha: float, beta: Any = 1.0, name: str | None = None) -> None:
        super().__init__(name=name)
        self.alpha, self.beta = alpha, beta

    def call(self, x: Any) -> Any:
        return self.alpha * x + self.beta


def test_operations_are_written_by_their_arguments() -> None:
    config = Scaled(0.2, name="scaled").get_config()
    assert config == {"alpha": 0.2, "beta": 1.0, "name": "scaled"}
    assert Scaled.from_config(config).get_config() == config
    with pytest.raises(NotImplementedError, match="`beta`(?s:.*)get_config"):
        Scaled(0.2, object()).get_config()


def test_a_model_of_an_input_alone_within_another() -> None:
    inner = keras.Sequential([keras.Input((16,))])
    assert keras.Sequential([inner]).layers == [inner]
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    with pytest.raises(ValueError, match="already been configured"):
        model.build((3, 4))


def test_bounds_and_counts() -> None:
    assert bool(ops.max(np.array([False]), initial=True))
    assert not bool(ops.min(np.array([True]), initial=False))
    counts, edges = ops.histogram(keras.KerasTensor((None,)))
    assert (counts.shape, edges.shape) == ((10,), (11,))
    with pytest.raises(ValueError, match="1-dimensional"):
        ops.histogram(X)
    assert not ops.convert_to_tensor(keras.KerasTensor((2,)), sparse=True).sparse


@pytest.mark.parametrize("name", ["int8_from_float32", "int4/128_from_mixed_bfloat16", "gptq/4/128_from_float32"])
def test_policies_of_quantization_say_so(name: str) -> None:
    with pytest.raises(ValueError, match="quantization, which is not built"):
        keras.DTypePolicy(name)
