"""Keras layers beyond those of keras_layers, recorded in the same way."""

from __future__ import annotations

from typing import Any

import _store as store
import keras
import make_keras_layers as base
import numpy as np

base.out = out = store.Store("keras_more_layers")

#: title, class, config, input shape
PLAIN: tuple[tuple[str, str, dict[str, Any], tuple[int, ...]], ...] = (
    ("conv1d", "Conv1D", {"filters": 3, "kernel_size": 3, "activation": "relu"}, (2, 8, 3)),
    ("conv1d_causal", "Conv1D", {"filters": 3, "kernel_size": 2, "padding": "causal", "dilation_rate": 2}, (2, 7, 3)),
    ("conv1d_same", "Conv1D", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}, (2, 7, 3)),
    ("conv3d", "Conv3D", {"filters": 2, "kernel_size": 2, "strides": [1, 2, 1]}, (2, 4, 5, 4, 2)),
    ("conv3d_same", "Conv3D", {"filters": 2, "kernel_size": 3, "padding": "same"}, (1, 3, 4, 3, 2)),
    ("conv1dtranspose", "Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, (2, 5, 2)),
    ("conv2dtranspose", "Conv2DTranspose", {"filters": 3, "kernel_size": 3}, (2, 4, 5, 2)),
    (
        "conv2dtranspose_same",
        "Conv2DTranspose",
        {"filters": 3, "kernel_size": 5, "strides": 2, "padding": "same"},
        (2, 4, 3, 2),
    ),
    ("conv2dtranspose_gap", "Conv2DTranspose", {"filters": 2, "kernel_size": 2, "strides": 3}, (1, 3, 3, 2)),
    (
        "conv2dtranspose_extra",
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1},
        (2, 4, 3, 2),
    ),
    (
        "conv2dtranspose_extra_valid",
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": 1},
        (1, 3, 3, 2),
    ),
    ("depthwise2d", "DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2}, (2, 5, 6, 3)),
    ("depthwise2d_same", "DepthwiseConv2D", {"kernel_size": 3, "strides": 2, "padding": "same"}, (2, 5, 6, 3)),
    ("depthwise1d", "DepthwiseConv1D", {"kernel_size": 2, "depth_multiplier": 2}, (2, 5, 3)),
    (
        "separable2d",
        "SeparableConv2D",
        {"filters": 4, "kernel_size": 3, "depth_multiplier": 2, "activation": "tanh"},
        (2, 5, 6, 3),
    ),
    ("separable1d", "SeparableConv1D", {"filters": 4, "kernel_size": 3, "padding": "same"}, (2, 6, 3)),
    ("maxpooling1d", "MaxPooling1D", {"pool_size": 3, "strides": 2, "padding": "same"}, (2, 7, 3)),
    ("maxpooling3d", "MaxPooling3D", {"pool_size": 2}, (1, 4, 5, 4, 2)),
    ("averagepooling1d", "AveragePooling1D", {"pool_size": 2}, (2, 7, 3)),
    ("averagepooling3d", "AveragePooling3D", {"pool_size": 2, "padding": "same"}, (1, 3, 4, 3, 2)),
    ("globalmaxpooling1d", "GlobalMaxPooling1D", {}, (2, 5, 3)),
    ("globalmaxpooling2d", "GlobalMaxPooling2D", {"keepdims": True}, (2, 3, 4, 3)),
    ("globalmaxpooling3d", "GlobalMaxPooling3D", {}, (2, 2, 3, 2, 3)),
    ("globalaveragepooling1d", "GlobalAveragePooling1D", {}, (2, 5, 3)),
    ("globalaveragepooling2d", "GlobalAveragePooling2D", {"data_format": "channels_first"}, (2, 3, 4, 3)),
    ("globalaveragepooling3d", "GlobalAveragePooling3D", {"keepdims": True}, (2, 2, 3, 2, 3)),
    ("layer_normalization", "LayerNormalization", {}, (3, 4, 5)),
    ("layer_normalization_axes", "LayerNormalization", {"axis": [1, 2], "epsilon": 1e-5}, (3, 4, 5)),
    ("layer_normalization_bare", "LayerNormalization", {"center": False, "scale": False}, (3, 5)),
    ("relu", "ReLU", {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.25}, (4, 6)),
    ("leaky_relu", "LeakyReLU", {"negative_slope": 0.2}, (4, 6)),
    ("leaky_relu_default", "LeakyReLU", {}, (4, 6)),
    ("elu", "ELU", {"alpha": 2.0}, (4, 6)),
    ("prelu", "PReLU", {}, (4, 6)),
    ("prelu_shared", "PReLU", {"shared_axes": [1, 2]}, (2, 3, 4, 2)),
    ("softmax", "Softmax", {"axis": 1}, (4, 6, 2)),
    ("reshape", "Reshape", {"target_shape": [3, -1]}, (2, 6, 2)),
    ("permute", "Permute", {"dims": [2, 1]}, (2, 3, 4)),
    ("repeat_vector", "RepeatVector", {"n": 3}, (2, 4)),
    ("zeropadding1d", "ZeroPadding1D", {"padding": [1, 2]}, (2, 3, 2)),
    ("zeropadding2d", "ZeroPadding2D", {"padding": [[1, 0], [2, 3]]}, (1, 3, 2, 2)),
    ("zeropadding3d", "ZeroPadding3D", {"padding": 1}, (1, 2, 2, 2, 1)),
    ("cropping1d", "Cropping1D", {}, (2, 5, 2)),
    ("cropping2d", "Cropping2D", {"cropping": [[1, 0], [1, 2]]}, (1, 4, 5, 2)),
    ("cropping3d", "Cropping3D", {}, (1, 3, 4, 4, 1)),
    ("upsampling1d", "UpSampling1D", {"size": 3}, (2, 3, 2)),
    ("upsampling2d", "UpSampling2D", {"size": [2, 3]}, (1, 3, 2, 2)),
    ("upsampling3d", "UpSampling3D", {"size": 2}, (1, 2, 2, 1, 2)),
    ("masking", "Masking", {}, (2, 3, 4)),
    ("rescaling", "Rescaling", {"scale": 0.5, "offset": -1.0}, (2, 3)),
    ("unit_normalization", "UnitNormalization", {"axis": [1, 2]}, (2, 3, 4)),
    ("group_normalization", "GroupNormalization", {"groups": 2}, (2, 3, 4, 6)),
    ("group_normalization_each", "GroupNormalization", {"groups": -1, "axis": 1}, (2, 4, 3, 2)),
    (
        "einsum_dense",
        "EinsumDense",
        {"equation": "abc,cde->abde", "output_shape": [None, 2, 3], "bias_axes": "de"},
        (2, 5, 4),
    ),
    (
        "einsum_dense_dots",
        "EinsumDense",
        {"equation": "...x,xy->...y", "output_shape": 3, "bias_axes": "y", "activation": "relu"},
        (2, 5, 4),
    ),
)

#: title, class, config, input shapes
MERGING: tuple[tuple[str, str, dict[str, Any], tuple[tuple[int, ...], ...]], ...] = (
    ("add", "Add", {}, ((2, 3, 4), (2, 3, 4), (2, 3, 4))),
    ("add_ranks", "Add", {}, ((2, 4), (2, 3, 4))),
    ("subtract", "Subtract", {}, ((2, 4), (2, 4))),
    ("multiply", "Multiply", {}, ((2, 4), (2, 1), (2, 4))),
    ("average", "Average", {}, ((2, 4), (2, 4))),
    ("maximum", "Maximum", {}, ((2, 4), (2, 4))),
    ("minimum", "Minimum", {}, ((2, 4), (2, 4))),
    ("concatenate", "Concatenate", {}, ((2, 3, 4), (2, 3, 2))),
    ("concatenate_axis", "Concatenate", {"axis": 1}, ((2, 3, 4), (2, 1, 4))),
    ("dot_vectors", "Dot", {"axes": 1}, ((2, 4), (2, 4))),
    ("dot_matrices", "Dot", {"axes": [2, 1]}, ((2, 3, 4), (2, 4, 5))),
    ("dot_last", "Dot", {"axes": -1}, ((2, 3, 4), (2, 5, 4))),
    ("dot_cosine", "Dot", {"axes": 1, "normalize": True}, ((2, 4), (2, 4))),
)

#: title, config of the inner layer, config of the wrapper
BIDIRECTIONAL: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
    ("lstm", "LSTM", {"units": 3}, {}),
    ("gru_sequences_sum", "GRU", {"units": 3, "return_sequences": True}, {"merge_mode": "sum"}),
    ("simplernn_lists", "SimpleRNN", {"units": 3}, {"merge_mode": None}),
    ("lstm_state", "LSTM", {"units": 2, "return_sequences": True, "return_state": True}, {"merge_mode": "ave"}),
)


def merging() -> None:
    for title, kind, config, shapes in MERGING:
        name = f"merge_{title}"
        inputs = [base.recipes.uniform(base.draws(name, 40 + i), shape) for i, shape in enumerate(shapes)]
        out.case(name, layer=kind, config=config, kind="merge", weights=[])
        out.put(f"{name}/input", inputs)
        base.record_gradients(name, getattr(keras.layers, kind)(**config), inputs)


#: title, class, config, input shapes, keywords of the call; masks come by the names that the call gives them
ATTENTION: tuple[tuple[str, str, dict[str, Any], tuple[tuple[int, ...], ...], dict[str, Any]], ...] = (
    ("multi_head", "MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, ((2, 4, 5), (2, 6, 5)), {}),
    (
        "multi_head_key",
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "value_dim": 4, "use_bias": False},
        ((2, 4, 5), (2, 6, 3), (2, 6, 2)),
        {},
    ),
    (
        "multi_head_causal",
        "MultiHeadAttention",
        {"num_heads": 1, "key_dim": 3, "output_shape": 2},
        ((2, 4, 5), (2, 4, 5)),
        {"use_causal_mask": True},
    ),
    (
        "multi_head_masks",
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3},
        ((3, 5, 4), (3, 5, 4)),
        {"query_mask": True, "value_mask": True, "return_attention_scores": True},
    ),
    ("dot", "Attention", {"use_scale": True}, ((2, 4, 3), (2, 5, 3)), {}),
    ("dot_key", "Attention", {}, ((2, 4, 3), (2, 5, 2), (2, 5, 3)), {}),
    ("concat", "Attention", {"score_mode": "concat"}, ((2, 4, 3), (2, 5, 3)), {}),
    ("dot_causal", "Attention", {}, ((2, 4, 3), (2, 4, 3)), {"use_causal_mask": True}),
    ("additive", "AdditiveAttention", {}, ((2, 4, 3), (2, 5, 3)), {}),
)
#: attention layers that take their tensors as arguments, not as a list
SEVERAL: tuple[str, ...] = ("MultiHeadAttention",)


def attention() -> None:
    for title, kind, config, shapes, call in ATTENTION:
        name = f"attention_{title}"
        inputs = [base.recipes.uniform(base.draws(name, 40 + i), shape) for i, shape in enumerate(shapes)]
        layer = getattr(keras.layers, kind)(**config)
        several = kind in SEVERAL
        layer(*inputs) if several else layer(inputs)
        base.set_weights(layer, name)
        weights = [v.path.split("/", 1)[-1] for v in layer.weights]
        out.case(name, layer=kind, config=config, kind="attention", weights=weights, call=call)
        out.put(f"{name}/input", inputs)
        out.put(f"{name}/weight", layer.get_weights())
        masks = [key for key in call if key.endswith("_mask") and key != "use_causal_mask"]
        real = {**call, **{key: base.tf.constant(base.RIGHT_PADDED) for key in masks}}
        base.record_gradients(name, _Called(layer, several), inputs, **real)


class _Called:
    """A layer that is called on a list although it takes several arguments."""

    def __init__(self, layer: keras.layers.Layer, several: bool) -> None:
        self.layer = layer
        self.several = several
        self.trainable_weights = layer.trainable_weights

    def __call__(self, tensors: Any, **kwargs: Any) -> Any:
        return self.layer(*tensors, **kwargs) if self.several else self.layer(tensors, **kwargs)


def wrapped(name: str, made: keras.layers.Layer, inputs: np.ndarray, **record: Any) -> None:
    made.build(inputs.shape)
    base.set_weights(made, name)
    out.case(name, kind="wrapped", weights=[v.path.split("/")[-1] for v in made.weights], **record)
    out.put(f"{name}/input", [inputs])
    out.put(f"{name}/weight", made.get_weights())
    call = {}
    if record.get("masked"):
        out.put(f"{name}/mask", base.RIGHT_PADDED)
        call["mask"] = base.tf.constant(base.RIGHT_PADDED)
    base.record_gradients(name, made, inputs, **call)


def wrappers() -> None:
    for title, kind, inner, config in BIDIRECTIONAL:
        for masked in (False, True):
            name = f"bidirectional_{title}" + "_masked" * masked
            layer = keras.layers.Bidirectional(getattr(keras.layers, kind)(**inner), **config)
            wrapped(name, layer, base.values(name, 3, 5, 2), layer="Bidirectional", config=config, inner=[kind, inner],
                    masked=masked)  # fmt: skip
    name = "time_distributed_dense"
    layer = keras.layers.TimeDistributed(keras.layers.Dense(3, activation="tanh"))
    wrapped(name, layer, base.values(name, 2, 5, 4), layer="TimeDistributed", config={},
            inner=["Dense", {"units": 3, "activation": "tanh"}], masked=False)  # fmt: skip
    for title, config in (
        ("gru_before", {"reset_after": False}),
        ("gru_before_no_bias", {"reset_after": False, "use_bias": False}),
    ):
        name = f"more_{title}"
        base.plain(name, "GRU", {"units": 3, "return_sequences": True, **config}, base.values(name, 3, 5, 2))


def main() -> None:
    for title, kind, config, shape in PLAIN:
        name = f"more_{title}"
        base.plain(name, kind, config, base.values(name, *shape))
    merging()
    attention()
    wrappers()
    out.save()


if __name__ == "__main__":
    main()
