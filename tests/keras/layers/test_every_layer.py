"""One check that every layer passes: shapes without values, configuration, copy, tracing, half precision."""

from __future__ import annotations

import inspect
import json
import pickle
from typing import Any

import numpy as np
import pytest

import weft as tf
from weft import extend, keras
from weft.keras import layers

#: class → (keywords, input shape); what is drawn is between -1 and 1
TABLE: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "ELU": ({"alpha": 0.5}, (2, 3)),
    "GRU": ({"units": 3, "dropout": 0.2}, (2, 4, 3)),
    "LSTM": ({"units": 3, "return_sequences": True, "recurrent_dropout": 0.2}, (2, 4, 3)),
    "SimpleRNN": ({"units": 3}, (2, 4, 3)),
    "Activation": ({"activation": "tanh"}, (2, 3)),
    "ActivityRegularization": ({"l1": 0.1}, (2, 3)),
    "AlphaDropout": ({"rate": 0.3}, (2, 3)),
    "AveragePooling1D": ({}, (2, 5, 3)),
    "AveragePooling2D": ({}, (2, 5, 4, 3)),
    "AveragePooling3D": ({}, (2, 4, 4, 4, 1)),
    "BatchNormalization": ({}, (4, 3)),
    "Conv1D": ({"filters": 2, "kernel_size": 2, "padding": "causal"}, (2, 5, 3)),
    "Conv1DTranspose": ({"filters": 2, "kernel_size": 3, "strides": 2}, (2, 5, 3)),
    "Conv2D": ({"filters": 2, "kernel_size": 3, "activation": "relu"}, (2, 5, 6, 3)),
    "Conv2DTranspose": ({"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}, (2, 3, 4, 3)),
    "Conv3D": ({"filters": 2, "kernel_size": 2}, (2, 3, 4, 3, 2)),
    "Conv3DTranspose": ({"filters": 2, "kernel_size": 2}, (1, 2, 3, 2, 2)),
    "Convolution2D": ({"filters": 2, "kernel_size": 3}, (2, 5, 6, 3)),
    "Cropping1D": ({}, (2, 5, 3)),
    "Cropping2D": ({"cropping": 1}, (2, 5, 4, 3)),
    "Cropping3D": ({}, (1, 3, 4, 4, 2)),
    "Dense": ({"units": 4, "kernel_regularizer": "l2"}, (2, 3)),
    "DepthwiseConv1D": ({"kernel_size": 2}, (2, 5, 3)),
    "DepthwiseConv2D": ({"kernel_size": 3, "depth_multiplier": 2}, (2, 5, 5, 3)),
    "Dropout": ({"rate": 0.4}, (2, 3)),
    "EinsumDense": ({"equation": "abc,cd->abd", "output_shape": (None, 5), "bias_axes": "d"}, (2, 3, 4)),
    "Flatten": ({}, (2, 3, 4)),
    "GaussianDropout": ({"rate": 0.4}, (2, 3)),
    "GaussianNoise": ({"stddev": 0.4}, (2, 3)),
    "GlobalAveragePooling1D": ({}, (2, 5, 3)),
    "GlobalAveragePooling2D": ({"keepdims": True}, (2, 5, 4, 3)),
    "GlobalAveragePooling3D": ({}, (1, 2, 3, 2, 3)),
    "GlobalMaxPooling1D": ({}, (2, 5, 3)),
    "GlobalMaxPooling2D": ({}, (2, 5, 4, 3)),
    "GlobalMaxPooling3D": ({}, (1, 2, 3, 2, 3)),
    "GroupNormalization": ({"groups": 2}, (2, 3, 4)),
    "Identity": ({}, (2, 3)),
    "LayerNormalization": ({}, (2, 3, 4)),
    "LeakyReLU": ({}, (2, 3)),
    "Masking": ({}, (2, 3, 4)),
    "MaxPooling1D": ({}, (2, 5, 3)),
    "MaxPooling2D": ({"padding": "same"}, (2, 5, 4, 3)),
    "MaxPooling3D": ({}, (2, 4, 4, 4, 1)),
    "PReLU": ({}, (2, 3)),
    "Permute": ({"dims": (2, 1)}, (2, 3, 4)),
    "ReLU": ({"max_value": 0.5}, (2, 3)),
    "RepeatVector": ({"n": 3}, (2, 3)),
    "Rescaling": ({"scale": 2.0, "offset": 1.0}, (2, 3)),
    "Reshape": ({"target_shape": (2, -1)}, (2, 6)),
    "SeparableConv1D": ({"filters": 2, "kernel_size": 2}, (2, 5, 3)),
    "SeparableConv2D": ({"filters": 2, "kernel_size": 3}, (2, 5, 5, 3)),
    "Softmax": ({}, (2, 3)),
    "SpatialDropout1D": ({"rate": 0.4}, (2, 3, 4)),
    "SpatialDropout2D": ({"rate": 0.4}, (2, 3, 4, 2)),
    "SpatialDropout3D": ({"rate": 0.4}, (2, 3, 2, 2, 2)),
    "ThresholdedReLU": ({"theta": 0.3}, (2, 3)),
    "UnitNormalization": ({}, (2, 3)),
    "UpSampling1D": ({}, (2, 3, 2)),
    "UpSampling2D": ({}, (2, 3, 2, 2)),
    "UpSampling3D": ({}, (1, 2, 2, 2, 1)),
    "ZeroPadding1D": ({}, (2, 3, 2)),
    "ZeroPadding2D": ({}, (2, 3, 2, 2)),
    "ZeroPadding3D": ({}, (1, 2, 2, 2, 1)),
    "AdaptiveAveragePooling1D": ({"output_size": 2}, (2, 5, 3)),
    "AdaptiveAveragePooling2D": ({"output_size": 2}, (2, 5, 4, 3)),
    "AdaptiveAveragePooling3D": ({"output_size": (1, 2, 3)}, (1, 3, 4, 5, 2)),
    "AdaptiveMaxPooling1D": ({"output_size": 2}, (2, 5, 3)),
    "AdaptiveMaxPooling2D": ({"output_size": 2}, (2, 5, 4, 3)),
    "AdaptiveMaxPooling3D": ({"output_size": (1, 2, 3)}, (1, 3, 4, 5, 2)),
    "ConvLSTM1D": ({"filters": 2, "kernel_size": 2, "dropout": 0.2, "recurrent_dropout": 0.2}, (2, 3, 4, 2)),
    "ConvLSTM2D": ({"filters": 2, "kernel_size": 2, "return_sequences": True}, (2, 3, 4, 3, 2)),
    "ConvLSTM3D": ({"filters": 2, "kernel_size": 2, "padding": "same"}, (1, 2, 3, 2, 3, 2)),
    "RMSNormalization": ({}, (2, 3, 4)),
    "AutoContrast": ({"value_range": (-1, 1)}, (2, 4, 5, 3)),
    "CenterCrop": ({"height": 2, "width": 3}, (2, 4, 5, 3)),
    "MelSpectrogram": ({"fft_length": 8, "sequence_stride": 4, "num_mel_bins": 3, "min_freq": 1.0,
                        "sampling_rate": 40}, (2, 40)),
    "STFTSpectrogram": ({"frame_length": 8, "frame_step": 4}, (2, 20, 2)),
    "Normalization": ({"mean": 0.5, "variance": 2.0}, (2, 3)),
    "RandomBrightness": ({"factor": 0.3, "value_range": (-1, 1)}, (2, 4, 5, 3)),
    "RandomColorDegeneration": ({"factor": 0.3, "value_range": (-1, 1)}, (2, 4, 5, 3)),
    "RandomColorJitter": ({"brightness_factor": 0.3, "hue_factor": 0.1, "value_range": (-1, 1)}, (2, 4, 5, 3)),
    "RandomContrast": ({"factor": 0.3, "value_range": (-1, 1)}, (2, 4, 5, 3)),
    "RandomCrop": ({"height": 2, "width": 3}, (2, 4, 5, 3)),
    "RandomErasing": ({"value_range": (-1, 1)}, (2, 4, 5, 3)),
    "RandomFlip": ({}, (2, 4, 5, 3)),
    "RandomGaussianBlur": ({"value_range": (-1, 1)}, (2, 4, 5, 3)),
    "RandomGrayscale": ({}, (2, 4, 5, 3)),
    "RandomHue": ({"factor": 0.1, "value_range": (-1, 1)}, (2, 4, 5, 3)),
    "RandomInvert": ({"value_range": (-1, 1)}, (2, 4, 5, 3)),
    "RandomPerspective": ({}, (2, 4, 5, 3)),
    "RandomRotation": ({"factor": 0.1}, (2, 4, 5, 3)),
    "RandomSaturation": ({"factor": 0.1, "value_range": (-1, 1)}, (2, 4, 5, 3)),
    "RandomSharpness": ({"factor": 0.1, "value_range": (-1, 1)}, (2, 4, 5, 3)),
    "RandomShear": ({"x_factor": 0.1}, (2, 4, 5, 3)),
    "RandomTranslation": ({"height_factor": 0.1, "width_factor": 0.2}, (2, 4, 5, 3)),
    "RandomZoom": ({"height_factor": 0.1}, (2, 4, 5, 3)),
    "Resizing": ({"height": 3, "width": 6}, (2, 4, 5, 3)),
    "AugMix": ({"value_range": (-1, 1), "seed": 3}, (2, 4, 5, 3)),
    "CutMix": ({}, (2, 4, 5, 3)),
    "MaxNumBoundingBoxes": ({"max_number": 3, "bounding_box_format": "xyxy"}, (2, 4, 5, 3)),
    "RandAugment": ({"value_range": (-1, 1)}, (2, 4, 5, 3)),
    "RandomElasticTransform": ({"value_range": (-1, 1)}, (2, 24, 25, 3)),
    "Solarization": ({"threshold_factor": 0.4, "value_range": (-1, 1)}, (2, 4, 5, 3)),
}
#: classes that other tests look at: they take other layers, functions, lists or integers
ELSEWHERE = {
    "Add", "AdditiveAttention", "Attention", "Average", "Bidirectional", "CategoryEncoding", "Concatenate",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "DenseFeatures", "Discretization", "Dot", "Embedding", "Equalization", "GRUCell", "GroupQueryAttention",
    "HashedCrossing", "Hashing", "InputLayer", "IntegerLookup", "LSTMCell", "Lambda", "Layer", "Maximum", "Merge",
    "Minimum",
    "MixUp", "MultiHeadAttention", "Multiply", "Pipeline", "RNN", "RandomHeight", "RandomPosterization", "RandomWidth",
    "ReversibleEmbedding",
    "SimpleRNNCell", "SpectralNormalization", "StackedRNNCells", "StringLookup", "Subtract", "TFSMLayer",
    "TextVectorization", "TimeDistributed", "Wrapper",
}  # fmt: skip


def data(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)


def still(name: str) -> dict[str, Any]:
    """What makes a call repeatable: layers of images draw at random unless they are told not to."""
    random = name.startswith("Rand") or name in ("AugMix", "CutMix", "Solarization")
    return {"training": False} if random else {}


def build(name: str, /, **more: Any) -> Any:
    return getattr(layers, name)(**TABLE[name][0], **more)


def test_no_layer_is_left_out() -> None:
    found = {
        value.__name__
        for name, value in vars(layers).items()
        if name in layers.__all__ and inspect.isclass(value) and issubclass(value, layers.Layer)
    }
    assert found == set(TABLE) | ELSEWHERE


@pytest.mark.parametrize("name", TABLE)
def test_shapes_and_tracing(name: str) -> None:
    shape = TABLE[name][1]
    layer = build(name)
    symbolic = layer(keras.KerasTensor((None, *shape[1:])))
    x = data(shape)
    output = layer(x, **still(name))
    assert tuple(symbolic.shape)[1:] == tuple(output.shape)[1:] and symbolic.dtype == output.dtype
    assert layer.compute_output_shape(shape) == tuple(output.shape)
    traced = extend.function(lambda value: layer(value, **still(name)))(x)
    np.testing.assert_allclose(traced, output, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", TABLE)
def test_training_step(name: str) -> None:
    layer = build(name)
    x = tf.constant(data(TABLE[name][1]))

    @extend.function
    def step(value: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(value)
            loss = tf.reduce_sum(tf.square(layer(value, training=True)))
        return tape.gradient(loss, [value, *layer.trainable_weights])

    layer(x)
    gradients = step(x)
    assert all(g is not None and np.isfinite(np.asarray(g)).all() for g in gradients)
    assert [tuple(g.shape) for g in gradients[1:]] == [tuple(w.shape) for w in layer.trainable_weights]


@pytest.mark.parametrize("name", TABLE)
def test_configuration_and_copy(name: str) -> None:
    layer = build(name, name="layer")
    x = data(TABLE[name][1])
    before = np.asarray(layer(x, **still(name)))
    record = json.loads(json.dumps(layers.serialize(layer)))
    again = layers.deserialize(record)
    assert type(again) is type(layer) and again.name == "layer" and again.built
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x, **still(name)), before)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(layer))(x, **still(name)), before)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float64"])
@pytest.mark.parametrize("name", TABLE)
def test_dtypes(name: str, policy: str) -> None:
    layer = build(name, dtype=policy)
    output = layer(data(TABLE[name][1]), training=True)
    assert output.dtype == policy.removeprefix("mixed_")
    variable = "float32" if policy.startswith("mixed") else policy
    assert all(weight.dtype == variable for weight in layer.weights)


def test_layers_inside_and_table_layers_by_configuration() -> None:
    x = data((2, 4, 3))
    for layer, value in (
        (layers.SpectralNormalization(layers.Dense(4)), x),
        (layers.GroupQueryAttention(2, 4, 2), [x, x]),
        (layers.ReversibleEmbedding(7, 3, tie_weights=False), np.array([[1, 2]])),
    ):
        inputs = value if isinstance(value, list) else [value]
        before = np.asarray(layer(*inputs))
        again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
        again(*inputs)
        again.set_weights(layer.get_weights())
        np.testing.assert_array_equal(again(*inputs), before)


def test_reversible_embedding() -> None:
    layer = layers.ReversibleEmbedding(5, 3, logit_soft_cap=2.0, mask_zero=True)
    vectors = layer(np.array([[1, 0]]))
    table = layer.get_weights()[0]
    scores = np.asarray(layer(vectors, reverse=True))
    np.testing.assert_allclose(scores, 2 * np.tanh(np.asarray(vectors) @ table.T / 2), rtol=1e-5, atol=1e-7)
    assert layers.ReversibleEmbedding(5, 3, reverse_dtype="float16")(vectors, reverse=True).dtype == "float16"


def test_stateful_conv_lstm_goes_on() -> None:
    layer = layers.ConvLSTM2D(2, 2, stateful=True, seed=1)
    x = tf.constant(data((1, 2, 4, 3, 2)))
    whole = layers.ConvLSTM2D(2, 2)
    whole.build((1, 4, 4, 3, 2))
    layer(x)
    layer.reset_state()
    whole.set_weights(layer.get_weights())
    layer(x)
    np.testing.assert_allclose(layer(x), whole(tf.concat([x, x], 1)), rtol=1e-5, atol=1e-6)
    assert layer.trainable_weights == layer.weights
