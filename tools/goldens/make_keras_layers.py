"""Keras layers one by one: outputs, gradients and state from given weights."""

from __future__ import annotations

import zlib
from typing import Any

import _store as store
import keras
import numpy as np
import tensorflow as tf

recipes = store.load_recipes()
out = store.Store("keras_layers")


def draws(name: str, extra: int = 0) -> np.random.Generator:
    return recipes.generator(zlib.crc32(name.encode()) + extra)


def numpy_of(value: Any) -> Any:
    return [numpy_of(item) for item in value] if isinstance(value, (list, tuple)) else np.asarray(value)


def set_weights(layer: keras.layers.Layer, name: str) -> None:
    """Every weight drawn; a moving variance, or a scale, stays away from zero."""
    rng = draws(name, 1)
    values = []
    for variable in layer.weights:
        positive = variable.name in ("moving_variance", "gamma", "moving_stddev", "renorm_stddev")
        values.append(recipes.uniform(rng, tuple(variable.shape), 0.5 if positive else -1.0, 1.5 if positive else 1.0))
    layer.set_weights(values)


def record_gradients(name: str, layer: keras.layers.Layer, inputs: Any, part: str = "", **call: Any) -> Any:
    """Runs the layer; stores its outputs and the gradients of sum(output * cotangent), summed over outputs."""
    tensors = [tf.constant(item) for item in (inputs if isinstance(inputs, list) else [inputs])]
    with tf.GradientTape() as tape:
        tape.watch([tensor for tensor in tensors if tensor.dtype.is_floating])
        found = layer(tensors if isinstance(inputs, list) else tensors[0], **call)
        outputs = list(found) if isinstance(found, (list, tuple)) else [found]
        cotangents = [recipes.uniform(draws(name, 2 + i), tuple(o.shape)) for i, o in enumerate(outputs)]
        total = tf.add_n([tf.reduce_sum(o * c) for o, c in zip(outputs, cotangents)])
    watched = [tensor for tensor in tensors if tensor.dtype.is_floating]
    trainable = [v.value for v in layer.trainable_weights]
    gradients = tape.gradient(total, watched + trainable)
    out.put(f"{name}/{part}output", numpy_of(outputs))
    out.put(f"{name}/{part}cotangent", cotangents)
    for index, gradient in enumerate(gradients[: len(watched)]):
        out.put(f"{name}/{part}grad_input/{index}", np.asarray(gradient))
    for index, gradient in enumerate(gradients[len(watched) :]):
        if gradient is not None:
            out.put(f"{name}/{part}grad_weight/{index}", np.asarray(tf.convert_to_tensor(gradient)))
    return found


def plain(name: str, kind: str, config: dict[str, Any], inputs: np.ndarray, **record: Any) -> None:
    """A layer without state and without a difference between training and inference."""
    layer = getattr(keras.layers, kind)(**config)
    layer.build(inputs.shape)
    set_weights(layer, name)
    out.case(
        name, layer=kind, config=config, kind="plain", weights=[v.path.split("/")[-1] for v in layer.weights], **record
    )
    out.put(f"{name}/input", [inputs])
    out.put(f"{name}/weight", layer.get_weights())
    record_gradients(name, layer, inputs)


def values(name: str, *shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return recipes.uniform(draws(name), shape, low, high)


def dense() -> None:
    for activation in (None, "relu", "sigmoid", "tanh", "softmax"):
        name = f"dense_{activation}"
        plain(name, "Dense", {"units": 5, "activation": activation}, values(name, 4, 7))
    plain("dense_no_bias", "Dense", {"units": 3, "use_bias": False}, values("dense_no_bias", 4, 7))
    plain("dense_rank3", "Dense", {"units": 3, "activation": "tanh"}, values("dense_rank3", 2, 3, 4))
    plain("dense_rank4", "Dense", {"units": 2}, values("dense_rank4", 2, 2, 3, 4))


CONVOLUTIONS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "valid": ({"kernel_size": 3}, (2, 7, 6, 3)),
    "same": ({"kernel_size": 3, "padding": "same"}, (2, 7, 6, 3)),
    "same_even_kernel": ({"kernel_size": [2, 4], "padding": "same"}, (2, 7, 6, 3)),
    "valid_strides": ({"kernel_size": 3, "strides": 2}, (2, 8, 7, 3)),
    "same_strides": ({"kernel_size": 3, "strides": 2, "padding": "same"}, (2, 8, 7, 3)),
    "same_strides_uneven": ({"kernel_size": [3, 2], "strides": [2, 3], "padding": "same"}, (2, 8, 7, 3)),
    "valid_dilation": ({"kernel_size": 3, "dilation_rate": 2}, (2, 8, 7, 3)),
    "same_dilation": ({"kernel_size": [3, 2], "dilation_rate": [2, 3], "padding": "same"}, (2, 8, 7, 3)),
    "groups": ({"kernel_size": 3, "groups": 2, "padding": "same"}, (2, 5, 6, 4)),
    "relu": ({"kernel_size": 3, "activation": "relu"}, (2, 6, 6, 3)),
    "tanh_no_bias": ({"kernel_size": 1, "activation": "tanh", "use_bias": False}, (2, 4, 4, 3)),
    "channels_first": ({"kernel_size": 3, "data_format": "channels_first"}, (2, 3, 7, 6)),
    "channels_first_same_strides": (
        {"kernel_size": 3, "strides": 2, "padding": "same", "data_format": "channels_first"},
        (2, 3, 7, 6),
    ),
}


def by_channels_last(name: str, kind: str, config: dict[str, Any], inputs: np.ndarray) -> None:
    """channels_first computed as the transposed channels_last layer, for machines that refuse it."""
    twin = getattr(keras.layers, kind)(**{**config, "data_format": "channels_last"})
    twin.build((inputs.shape[0], *inputs.shape[2:], inputs.shape[1]))
    set_weights(twin, name)

    class Transposed(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.twin = twin
            self.built = True

        def call(self, value):
            return tf.transpose(self.twin(tf.transpose(value, (0, 2, 3, 1))), (0, 3, 1, 2))

    weights = [v.path.split("/")[-1] for v in twin.weights]
    out.case(name, layer=kind, config=config, kind="plain", weights=weights, through="channels_last")
    out.put(f"{name}/input", [inputs])
    out.put(f"{name}/weight", twin.get_weights())
    record_gradients(name, Transposed(), inputs)


def convolution() -> None:
    for title, (config, shape) in CONVOLUTIONS.items():
        name = f"conv2d_{title}"
        make = by_channels_last if config.get("data_format") == "channels_first" else plain
        make(name, "Conv2D", {"filters": 4, **config}, values(name, *shape))


POOLINGS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "simple": ({"pool_size": 2}, (2, 6, 8, 3)),
    "odd": ({"pool_size": 2}, (2, 7, 5, 3)),
    "same": ({"pool_size": 2, "padding": "same"}, (2, 7, 5, 3)),
    "overlapping": ({"pool_size": 3, "strides": 2}, (2, 8, 7, 3)),
    "overlapping_same": ({"pool_size": 3, "strides": 2, "padding": "same"}, (2, 8, 7, 3)),
    "gaps": ({"pool_size": 2, "strides": 3, "padding": "same"}, (2, 8, 7, 3)),
    "uneven": ({"pool_size": [2, 3], "strides": [1, 2], "padding": "same"}, (2, 6, 7, 2)),
    "channels_first": ({"pool_size": 2, "data_format": "channels_first"}, (2, 3, 6, 8)),
    "channels_first_same": (
        {"pool_size": 3, "strides": 2, "padding": "same", "data_format": "channels_first"},
        (2, 3, 6, 7),
    ),
}


def pooling() -> None:
    for kind in ("MaxPooling2D", "AveragePooling2D"):
        for title, (config, shape) in POOLINGS.items():
            name = f"{kind.lower()}_{title}"
            make = by_channels_last if config.get("data_format") == "channels_first" else plain
            make(name, kind, config, values(name, *shape))

    plain("maxpooling2d_default", "MaxPooling2D", {}, values("maxpooling2d_default", 2, 4, 6, 2))


def flatten() -> None:
    plain("flatten", "Flatten", {}, values("flatten", 2, 3, 4, 2))
    plain("flatten_channels_first", "Flatten", {"data_format": "channels_first"}, values("flatten", 2, 3, 4, 2))
    plain("flatten_vector", "Flatten", {}, values("flatten_vector", 3))


ACTIVATIONS = (
    "celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid "
    "log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid "
    "sparsemax squareplus swish tanh tanh_shrink"
).split()


def activations() -> None:
    edges = [-200.0, -20.0, -6.5, -3.25, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 6.0, 7.5, 30.0, 90.0]
    for activation in ACTIVATIONS:
        name = f"activation_{activation}"
        inner = values(name, 3, 16, low=-8.0, high=8.0)
        plain(name, "Activation", {"activation": activation}, np.concatenate([inner, np.array([edges], np.float32)]))


NORMALIZATIONS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "default": ({}, (6, 4)),
    "image": ({"momentum": 0.9, "epsilon": 1e-5}, (3, 4, 5, 3)),
    "axis1": ({"axis": 1}, (3, 2, 4, 5)),
    "no_scale": ({"scale": False}, (6, 4)),
    "no_center": ({"center": False}, (6, 4)),
    "neither": ({"center": False, "scale": False}, (6, 4)),
    "rank3": ({"momentum": 0.5}, (4, 3, 2)),
}


def batch_normalization() -> None:
    for title, (config, shape) in NORMALIZATIONS.items():
        name = f"batch_normalization_{title}"
        layer = keras.layers.BatchNormalization(**config)
        layer.build(shape)
        set_weights(layer, name)
        weights = [v.path.split("/")[-1] for v in layer.weights]
        out.case(name, layer="BatchNormalization", config=config, kind="normalization", weights=weights, steps=3)
        out.put(f"{name}/weight", layer.get_weights())
        inputs = [recipes.uniform(draws(name, 10 + step), shape, -1.0 - step, 2.0) for step in range(3)]
        out.put(f"{name}/input", inputs)
        record_gradients(name, layer, inputs[0], "inference/", training=False)
        for step, value in enumerate(inputs):
            record_gradients(name, layer, value, f"training/{step}/", training=True)
            out.put(f"{name}/training/{step}/weight_after", layer.get_weights())
        record_gradients(name, layer, inputs[0], "inference_after/", training=False)


def embedding() -> None:
    for title, config in (("plain", {}), ("mask_zero", {"mask_zero": True})):
        name = f"embedding_{title}"
        layer = keras.layers.Embedding(7, 3, **config)
        layer.build(None)
        set_weights(layer, name)
        indices = np.array([[1, 2, 2, 0], [6, 0, 0, 0], [3, 3, 3, 3]], np.int32)
        config = {"input_dim": 7, "output_dim": 3, **config}
        out.case(name, layer="Embedding", config=config, kind="plain", weights=["embeddings"])
        out.put(f"{name}/input", [indices])
        out.put(f"{name}/weight", layer.get_weights())
        record_gradients(name, layer, indices)
        mask = layer.compute_mask(indices)
        if mask is not None:
            out.put(f"{name}/mask", np.asarray(mask))


RIGHT_PADDED = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0]], bool)
LEFT_PADDED = RIGHT_PADDED[:, ::-1].copy()
WITH_HOLES = np.array([[1, 0, 1, 0, 1], [0, 1, 1, 0, 1], [0, 0, 0, 0, 0]], bool)

RECURRENT: dict[str, tuple[dict[str, Any], np.ndarray | None]] = {
    "default": ({}, None),
    "sequences": ({"return_sequences": True}, None),
    "state": ({"return_state": True}, None),
    "sequences_state": ({"return_sequences": True, "return_state": True}, None),
    "backwards": ({"go_backwards": True, "return_sequences": True}, None),
    "no_bias": ({"use_bias": False}, None),
    "relu": ({"activation": "relu", "return_sequences": True}, None),
    "mask_right": ({"return_sequences": True, "return_state": True}, RIGHT_PADDED),
    "mask_left": ({"return_sequences": True, "return_state": True}, LEFT_PADDED),
    "mask_holes": ({"return_sequences": True, "return_state": True}, WITH_HOLES),
    "mask_backwards": ({"return_sequences": True, "return_state": True, "go_backwards": True}, RIGHT_PADDED),
    "mask_last_output": ({}, RIGHT_PADDED),
    "mask_zero_output": ({"return_sequences": True, "zero_output_for_mask": True}, RIGHT_PADDED),
    "unroll": ({"unroll": True, "return_sequences": True}, None),
}
LSTM_ONLY: dict[str, tuple[dict[str, Any], np.ndarray | None]] = {
    "hard_sigmoid": ({"recurrent_activation": "hard_sigmoid", "return_sequences": True}, None),
    "relu_linear": ({"activation": "relu", "recurrent_activation": "tanh"}, None),
    "no_forget_bias": ({"unit_forget_bias": False}, None),
}


def recurrent() -> None:
    tables = (("LSTM", RECURRENT | LSTM_ONLY), ("SimpleRNN", RECURRENT), ("GRU", RECURRENT))
    for kind, table in tables:
        for title, (config, mask) in table.items():
            name = f"{kind.lower()}_{title}"
            inputs = values(name, 3, 5, 2)
            layer = getattr(keras.layers, kind)(4, **config)
            layer.build(inputs.shape)
            set_weights(layer, name)
            weights = [v.path.split("/")[-1] for v in layer.weights]
            out.case(name, layer=kind, config={"units": 4, **config}, kind="plain", weights=weights)
            out.put(f"{name}/input", [inputs])
            out.put(f"{name}/weight", layer.get_weights())
            if mask is not None:
                out.put(f"{name}/mask", mask)
            record_gradients(name, layer, inputs, **({} if mask is None else {"mask": tf.constant(mask)}))
        initial_state(kind)
        stateful(kind)


def initial_state(kind: str) -> None:
    name = f"{kind.lower()}_initial_state"
    inputs = values(name, 3, 5, 2)
    layer = getattr(keras.layers, kind)(4)
    layer.build(inputs.shape)
    set_weights(layer, name)
    count = 2 if kind == "LSTM" else 1
    states = [recipes.uniform(draws(name, 20 + i), (3, 4)) for i in range(count)]
    weights = [v.path.split("/")[-1] for v in layer.weights]
    out.case(name, layer=kind, config={"units": 4}, kind="plain", weights=weights)
    out.put(f"{name}/input", [inputs])
    out.put(f"{name}/initial_state", states)
    out.put(f"{name}/weight", layer.get_weights())
    record_gradients(name, layer, inputs, initial_state=[tf.constant(state) for state in states])


def stateful(kind: str) -> None:
    name = f"{kind.lower()}_stateful"
    first, second = values(name, 3, 5, 2), recipes.uniform(draws(name, 30), (3, 5, 2))
    config = {"units": 4, "stateful": True, "return_sequences": True}
    layer = getattr(keras.layers, kind)(**config)
    layer.build(first.shape)
    trained = [v for v in layer.weights if v.trainable]
    for variable in trained:
        rng = draws(f"{name}/{variable.path.split('/')[-1]}", 1)
        variable.assign(recipes.uniform(rng, tuple(variable.shape)))
    names = [v.path.split("/")[-1] for v in trained]
    out.case(name, layer=kind, config=config, kind="stateful", weights=names)
    out.put(f"{name}/input", [first, second])
    out.put(f"{name}/weight", [np.asarray(v) for v in trained])
    record_gradients(name, layer, first, "call/0/")
    record_gradients(name, layer, second, "call/1/")
    layer.reset_states()
    out.put(f"{name}/call/2/output", [np.asarray(layer(first))])


def masked_models() -> None:
    """A mask made by the Embedding reaches the recurrent layers behind it."""
    indices = np.array([[1, 2, 3, 0, 0], [6, 5, 0, 0, 0], [3, 3, 3, 3, 3]], np.int32)
    for kind in ("LSTM", "SimpleRNN", "GRU"):
        name = f"masked_model_{kind.lower()}"
        model = keras.Sequential(
            [
                keras.Input((5,), dtype="int32"),
                keras.layers.Embedding(7, 3, mask_zero=True),
                getattr(keras.layers, kind)(4, return_sequences=True),
                getattr(keras.layers, kind)(3),
                keras.layers.Dense(2),
            ]
        )
        set_weights(model, name)
        layers = [["Embedding", {"input_dim": 7, "output_dim": 3, "mask_zero": True}]]
        layers += [[kind, {"units": 4, "return_sequences": True}], [kind, {"units": 3}], ["Dense", {"units": 2}]]
        out.case(name, layer="Sequential", config={"layers": layers}, kind="model")
        out.put(f"{name}/input", [indices])
        out.put(f"{name}/weight", model.get_weights())
        record_gradients(name, model, indices)


def main() -> None:
    for make in (
        dense,
        convolution,
        pooling,
        flatten,
        activations,
        batch_normalization,
        embedding,
        recurrent,
        masked_models,
    ):
        make()
    out.save()


if __name__ == "__main__":
    main()
