"""Keras layers beyond those of keras_more_layers, recorded in the same way."""

from __future__ import annotations

from typing import Any

import _store as store
import keras
import make_keras_layers as base
import make_keras_more_layers as more
import numpy as np

base.out = more.out = out = store.Store("keras_further_layers")

GROUPED = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}
PLAIN: tuple[tuple[str, str, dict[str, Any], tuple[int, ...]], ...] = (
    ("adaptive_average1d", "AdaptiveAveragePooling1D", {"output_size": 3}, (2, 7, 2)),
    ("adaptive_average2d", "AdaptiveAveragePooling2D", {"output_size": [2, 3]}, (2, 5, 7, 2)),
    ("adaptive_average2d_first", "AdaptiveAveragePooling2D", {"output_size": 2, "data_format": "channels_first"},
     (2, 2, 5, 7)),
    ("adaptive_average3d", "AdaptiveAveragePooling3D", {"output_size": 2}, (1, 3, 4, 5, 2)),
    ("adaptive_max1d", "AdaptiveMaxPooling1D", {"output_size": 3}, (2, 7, 2)),
    ("adaptive_max2d", "AdaptiveMaxPooling2D", {"output_size": [3, 4]}, (2, 5, 7, 2)),
    ("adaptive_max3d", "AdaptiveMaxPooling3D", {"output_size": 2}, (1, 3, 4, 5, 2)),
    ("rms_normalization", "RMSNormalization", {}, (2, 3, 4)),
    ("rms_normalization_axes", "RMSNormalization", {"axis": [1, 2], "epsilon": 1e-3}, (2, 3, 4)),
    *((f"upsampling2d_{kind}", "UpSampling2D", {"size": [2, 3], "interpolation": kind}, (1, 3, 4, 2))
      for kind in ("bilinear", "bicubic", "lanczos3", "lanczos5")),
    ("conv_lstm1d", "ConvLSTM1D", {"filters": 2, "kernel_size": 3, "return_sequences": True}, (2, 3, 6, 2)),
    ("conv_lstm2d", "ConvLSTM2D", {"filters": 2, "kernel_size": [3, 2], "padding": "same"}, (2, 3, 5, 4, 2)),
    ("conv_lstm2d_strides", "ConvLSTM2D", {"filters": 2, "kernel_size": 2, "strides": 2, "return_state": True,
                                           "go_backwards": True}, (2, 3, 5, 4, 2)),
    ("conv_lstm2d_dilated", "ConvLSTM2D", {"filters": 2, "kernel_size": 2, "dilation_rate": 2, "use_bias": False,
                                           "recurrent_activation": "hard_sigmoid", "unroll": True}, (1, 2, 5, 4, 2)),
    ("conv_lstm3d", "ConvLSTM3D", {"filters": 2, "kernel_size": 2}, (1, 2, 3, 3, 3, 2)),
)  # fmt: skip
ATTENTION: tuple[tuple[str, str, dict[str, Any], tuple[tuple[int, ...], ...], dict[str, Any]], ...] = (
    ("multi_head_axes", "MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, ((2, 3, 2, 4), (2, 3, 2, 4)), {}),
    ("multi_head_axis", "MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "attention_axes": [2]},
     ((2, 3, 2, 4), (2, 3, 5, 4)), {"return_attention_scores": True}),
    ("multi_head_first", "MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "attention_axes": [1]},
     ((2, 3, 2, 4), (2, 4, 2, 4)), {"return_attention_scores": True}),
    ("multi_head_gate", "MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "value_dim": 2, "use_gate": True},
     ((2, 3, 4), (2, 5, 4)), {}),
    ("multi_head_window", "MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "sliding_window": 2},
     ((2, 5, 4), (2, 5, 4)), {"use_causal_mask": True}),
    ("multi_head_outputs", "MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "output_shape": [2, 3]},
     ((2, 3, 4), (2, 5, 4)), {}),
    ("grouped", "GroupQueryAttention", GROUPED, ((2, 4, 5), (2, 6, 5)), {"return_attention_scores": True}),
    ("grouped_key", "GroupQueryAttention", {**GROUPED, "use_bias": False}, ((2, 4, 5), (2, 6, 3), (2, 6, 2)), {}),
    ("grouped_gate", "GroupQueryAttention", {**GROUPED, "use_gate": True, "sliding_window": 2},
     ((2, 5, 4), (2, 5, 4)), {}),
    ("grouped_masks", "GroupQueryAttention", GROUPED, ((3, 5, 4), (3, 5, 4)),
     {"value_mask": True, "use_causal_mask": True}),
)  # fmt: skip
RENORM = {"renorm": True, "momentum": 0.9, "renorm_momentum": 0.8}
NORMALIZATIONS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "renorm": (RENORM, (6, 4)),
    "renorm_clipped": ({**RENORM, "renorm_clipping": {"rmin": 0.5, "rmax": 1.5, "dmax": 0.5}}, (3, 4, 5, 3)),
}


MEL = {"fft_length": 16, "sequence_stride": 4, "sampling_rate": 100, "num_mel_bins": 5, "min_freq": 1.0}
STFT = {"frame_length": 8, "frame_step": 3}
#: layers with the weights that they begin with
AS_MADE: tuple[tuple[str, str, dict[str, Any], tuple[int, ...]], ...] = (
    ("mel", "MelSpectrogram", {**MEL, "top_db": 12.0}, (2, 40)),
    ("mel_power", "MelSpectrogram", {**MEL, "power_to_db": False, "sequence_length": 11, "mag_exp": 1.5}, (40,)),
    ("mel_window", "MelSpectrogram", {**MEL, "window": "hamming", "max_freq": 30.0, "ref_power": 2.0}, (2, 41)),
    *((f"stft_{mode}", "STFTSpectrogram", {**STFT, "mode": mode}, (2, 30, 2))
      for mode in ("log", "magnitude", "psd", "real", "imag", "stft")),
    *((f"stft_{number}", "STFTSpectrogram", {**STFT, "mode": "magnitude", **more}, (2, 30, 2))
      for number, more in enumerate(({"padding": "same"}, {"expand_dims": True}, {"scaling": "spectrum"},
                                     {"scaling": None, "window": "hamming", "periodic": True}, {"fft_length": 16},
                                     {"window": None}, {"frame_step": None}))),
    ("stft_first", "STFTSpectrogram", {**STFT, "data_format": "channels_first"}, (2, 2, 30)),
    ("stft_first_apart", "STFTSpectrogram", {**STFT, "data_format": "channels_first", "expand_dims": True}, (2, 2, 30)),
)  # fmt: skip


def as_made() -> None:
    for title, kind, config, shape in AS_MADE:
        name = f"made_{title}"
        inputs = base.values(name, *shape)
        layer = getattr(keras.layers, kind)(**config)
        output = np.asarray(layer(inputs))
        out.case(name, layer=kind, config=config, kind="made", weights=[v.path.split("/")[-1] for v in layer.weights])
        out.put(f"{name}/input", [inputs])
        out.put(f"{name}/weight", layer.get_weights())
        out.put(f"{name}/output", [output])


def spectral() -> None:
    """Output, kernel and vector after each of two calls in training, then inference."""
    for title, kind, inner, shape in (
        ("dense", "Dense", {"units": 5}, (2, 3)),
        ("conv", "Conv2D", {"filters": 3, "kernel_size": 2}, (2, 4, 4, 2)),
    ):
        name = f"spectral_{title}"
        layer = keras.layers.SpectralNormalization(getattr(keras.layers, kind)(**inner), power_iterations=2)
        layer.build(shape)
        base.set_weights(layer, name)
        inputs = base.values(name, *shape)
        out.case(name, layer="SpectralNormalization", kind="spectral", config={"power_iterations": 2},
                 inner=[kind, inner], weights=[v.path.split("/")[-1] for v in layer.weights])  # fmt: skip
        out.put(f"{name}/input", [inputs])
        out.put(f"{name}/weight", layer.get_weights())
        out.put(f"{name}/training", [np.asarray(layer(inputs, training=True)) for _ in range(2)])
        out.put(f"{name}/weight_after", layer.get_weights())
        out.put(f"{name}/inference", np.asarray(layer(inputs, training=False)))


if __name__ == "__main__":
    for title, kind, config, shape in PLAIN:
        name = f"further_{title}"
        base.plain(name, kind, config, base.values(name, *shape))
    more.ATTENTION = ATTENTION
    more.SEVERAL = ("MultiHeadAttention", "GroupQueryAttention")
    more.attention()
    base.NORMALIZATIONS = NORMALIZATIONS
    base.batch_normalization()
    spectral()
    as_made()
    out.save()
