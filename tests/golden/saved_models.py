"""Models that are saved by the real Keras and by Weft alike: each function takes a `keras` and builds one with it.

The script that makes the golden files and the tests that read them share these, so that both mean the same model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers in (-1, 1), the same everywhere."""
    return np.random.RandomState(seed).uniform(-1, 1, size=shape).astype("float32")


def trained(keras: Any) -> Any:
    """A Sequential that was trained a little: weights, moving averages and the optimizer's state are far from fresh."""
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((6, 6, 2)), layers.Conv2D(3, 3, activation="relu", name="edges"), layers.BatchNormalization(),
        layers.MaxPooling2D(2), layers.DepthwiseConv2D(2, padding="same"), layers.SeparableConv2D(4, 2),
        layers.Flatten(), layers.Dropout(0.25), layers.Dense(3, activation="softmax", kernel_regularizer="l2"),
    ], name="trained")  # fmt: skip
    model.compile(
        optimizer=keras.optimizers.Adam(0.01, amsgrad=True), loss="sparse_categorical_crossentropy",
        metrics=["accuracy", keras.metrics.Mean(name="unused")][:1],
    )  # fmt: skip
    model.fit(draw(8, 6, 6, 2), np.arange(8) % 3, batch_size=4, epochs=2, verbose=0)
    return model


def branches(keras: Any) -> Any:
    """Shared and nested layers, several inputs and outputs, dicts of them."""
    layers = keras.layers
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    shared = layers.Dense(3, activation="tanh", name="shared")
    tower_input = keras.Input((3,))
    tower = keras.Model(tower_input, layers.Dense(2, name="inner")(layers.LeakyReLU()(tower_input)), name="tower")
    a, b = tower(shared(left)), tower(shared(right))
    joined = layers.Concatenate()([a, b])
    sums = layers.Add()([a, b])
    outputs = {"first": layers.Dense(1, name="first")(joined), "second": layers.Dense(2, name="second")(sums)}
    model = keras.Model({"left": left, "right": right}, outputs, name="branches")
    model.compile(
        optimizer="rmsprop", loss={"first": "mse", "second": "mae"}, loss_weights={"first": 1.0, "second": 2.0}
    )
    return model


def recurrent(keras: Any) -> Any:
    """Recurrent layers and their wrappers, embedding and masks."""
    layers = keras.layers
    words = keras.Input((5,), dtype="int32", name="words")
    x = layers.Embedding(10, 4, mask_zero=True)(words)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    x = layers.GRU(4, return_sequences=True)(x)
    x = layers.TimeDistributed(layers.Dense(3))(x)
    x = layers.RNN([layers.LSTMCell(3), layers.SimpleRNNCell(2)])(x)
    return keras.Model(words, layers.Dense(2)(x), name="recurrent")


def attention(keras: Any) -> Any:
    """A Transformer block: attention, layer norm, residual additions."""
    layers = keras.layers
    tokens = keras.Input((4, 6), name="tokens")
    x = layers.MultiHeadAttention(num_heads=2, key_dim=3)(tokens, tokens)
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([tokens, x]))
    x = layers.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d")(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(tokens, layers.Dense(1)(x), name="attention")


def text(keras: Any) -> Any:
    """Layers that learn from data without training: vocabularies, means, bins."""
    layers = keras.layers
    names = keras.Input((1,), dtype="string", name="names")
    numbers = keras.Input((3,), name="numbers")
    lookup = layers.StringLookup(name="lookup")
    lookup.adapt(np.array([["a"], ["b"], ["b"], ["ü"]]))
    given = layers.StringLookup(vocabulary=["x", "y"], output_mode="one_hot", name="given")
    scale = layers.Normalization(name="scale")
    scale.adapt(draw(10, 3, seed=1))
    bins = layers.Discretization(num_bins=3, name="bins")
    bins.adapt(draw(40, 3, seed=2))
    words = layers.TextVectorization(output_sequence_length=2, name="words")
    words.adapt(np.array(["a cat", "A dog!", "x"]))
    found = layers.Embedding(6, 2)(lookup(names))
    parts = [layers.Flatten()(found), given(names), scale(numbers), layers.Rescaling(0.5)(bins(numbers)),
             layers.Rescaling(0.1)(words(names))]  # fmt: skip
    return keras.Model([names, numbers], layers.Dense(2)(layers.Concatenate()(parts)), name="text")


MODELS: dict[str, Callable[[Any], Any]] = {
    "trained": trained, "branches": branches, "recurrent": recurrent, "attention": attention, "text": text,
}  # fmt: skip


def inputs_of(name: str) -> Any:
    """Data for a model."""
    if name == "trained":
        return draw(3, 6, 6, 2, seed=3)
    if name == "branches":
        return {"left": draw(3, 4, seed=4), "right": draw(3, 4, seed=5)}
    if name == "recurrent":
        return np.array([[1, 2, 3, 0, 0], [4, 5, 6, 7, 8], [9, 0, 0, 0, 0]], "int32")
    if name == "attention":
        return draw(2, 4, 6, seed=6)
    return [np.array([["a"], ["x"], ["ü"]]), draw(3, 3, seed=7)]


def set_weights(model: Any) -> None:
    """Gives a model weights that are drawn, so that none keeps the value that it starts with."""
    values = [np.asarray(value) for value in model.get_weights()]
    model.set_weights([
        draw(*value.shape, seed=20 + number) + (1.5 if "variance" in weight.path else 0)
        if value.dtype == np.float32 and not weight.path.startswith("scale/") else value
        for number, (value, weight) in enumerate(zip(values, model.weights))
    ])  # fmt: skip


#: layers whose place in a weights file is compared: name → class, arguments, shapes of inputs
LAYERS: dict[str, tuple[str, dict[str, Any], list[tuple[int, ...]]]] = {
    "lstm": ("LSTM", {"units": 2, "dropout": 0.2, "stateful": True}, [(2, 3, 4)]),
    "gru": ("GRU", {"units": 2}, [(2, 3, 4)]),
    "simple_rnn": ("SimpleRNN", {"units": 2}, [(2, 3, 4)]),
    "conv_lstm2d": ("ConvLSTM2D", {"filters": 2, "kernel_size": 2}, [(1, 2, 5, 5, 2)]),
    "multi_head": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "dropout": 0.1}, [(2, 3, 4), (2, 3, 4)]),
    "multi_head_gate": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "use_gate": True}, [(2, 3, 4), (2, 3, 4)]),
    "grouped": ("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
                [(2, 3, 4), (2, 3, 4)]),
    "batch_norm": ("BatchNormalization", {}, [(2, 4)]),
    "batch_renorm": ("BatchNormalization", {"renorm": True}, [(2, 4)]),
    "layer_norm": ("LayerNormalization", {}, [(2, 4)]),
    "group_norm": ("GroupNormalization", {"groups": 2}, [(2, 4)]),
    "rms_norm": ("RMSNormalization", {}, [(2, 4)]),
    "normalization": ("Normalization", {}, [(2, 4)]),
    "separable_conv": ("SeparableConv2D", {"filters": 2, "kernel_size": 2}, [(1, 4, 4, 2)]),
    "separable_conv1d": ("SeparableConv1D", {"filters": 2, "kernel_size": 2}, [(1, 4, 2)]),
    "depthwise_conv": ("DepthwiseConv2D", {"kernel_size": 2}, [(1, 4, 4, 2)]),
    "conv_transpose": ("Conv2DTranspose", {"filters": 2, "kernel_size": 2}, [(1, 4, 4, 2)]),
    "conv1d": ("Conv1D", {"filters": 2, "kernel_size": 2}, [(1, 4, 2)]),
    "conv3d": ("Conv3D", {"filters": 2, "kernel_size": 2}, [(1, 4, 4, 4, 2)]),
    "dense": ("Dense", {"units": 2}, [(2, 4)]),
    "embedding": ("Embedding", {"input_dim": 4, "output_dim": 3}, [(2, 3)]),
    "einsum_dense": ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 3, "bias_axes": "c"}, [(2, 4)]),
    "prelu": ("PReLU", {}, [(2, 4)]),
    "dropout": ("Dropout", {"rate": 0.3}, [(2, 4)]),
    "gaussian_noise": ("GaussianNoise", {"stddev": 0.3}, [(2, 4)]),
    "random_flip": ("RandomFlip", {}, [(1, 4, 4, 3)]),
    "mel": ("MelSpectrogram", {"fft_length": 16, "sequence_stride": 4, "num_mel_bins": 4}, [(2, 40)]),
    "stft": ("STFTSpectrogram", {"frame_length": 8, "frame_step": 3}, [(2, 40, 1)]),
}  # fmt: skip
#: likewise, for layers that take their inputs as a list
LISTED: dict[str, tuple[str, dict[str, Any], list[tuple[int, ...]]]] = {
    "attention": ("Attention", {"use_scale": True}, [(2, 3, 4), (2, 3, 4)]),
    "attention_concat": ("Attention", {"score_mode": "concat"}, [(2, 3, 4), (2, 3, 4)]),
    "additive_attention": ("AdditiveAttention", {}, [(2, 3, 4), (2, 3, 4)]),
}


def wrappers(keras: Any) -> dict[str, tuple[Any, list[tuple[int, ...]]]]:
    """Layers around layers."""
    layers = keras.layers
    return {
        "bidirectional": (layers.Bidirectional(layers.LSTM(2)), [(2, 3, 4)]),
        "stacked_cells": (layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)]), [(2, 3, 4)]),
        "time_distributed": (layers.TimeDistributed(layers.Dense(2)), [(2, 3, 4)]),
        "spectral_norm": (layers.SpectralNormalization(layers.Dense(2)), [(2, 4)]),
        "pipeline": (layers.Pipeline([layers.Rescaling(2.0), layers.Normalization()]), [(2, 4)]),
    }


def with_layer(keras: Any, name: str) -> Any:
    """A model around one of the layers above."""
    if name in LAYERS or name in LISTED:
        class_name, config, shapes = LAYERS.get(name) or LISTED[name]
        layer = getattr(keras.layers, class_name)(**config)
    else:
        layer, shapes = wrappers(keras)[name]
    batch = {"batch_size": 2} if getattr(layer, "stateful", False) else {}
    inputs = [keras.Input(shape[1:], **batch) for shape in shapes]
    return keras.Model(inputs, layer(inputs) if name in LISTED else layer(*inputs))


def layer_names(keras: Any) -> list[str]:
    """The names that `with_layer` takes."""
    return [*LAYERS, *LISTED, *wrappers(keras)]


def layout(file: Any) -> dict[str, Any]:
    """What is where in an open HDF5 file: path → shape and dtype, or attributes of groups that have any."""
    found: dict[str, Any] = {}

    def visit(path: str, item: Any) -> None:
        if hasattr(item, "shape"):
            found[path] = [list(item.shape), str(item.dtype)]
        elif len(item.attrs):
            found[path] = {key: _plain(value) for key, value in item.attrs.items()}

    file.visititems(visit)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    return value.decode() if isinstance(value, bytes) else value
