"""The ops of networks: convolution, pooling, cross-entropies, CTC, local response and batch normalisation, Philox.

Every case stores its inputs, the result, the cotangent and the gradients of sum(result * cotangent).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import _store as store
import numpy as np
import tensorflow as tf

recipes = store.load_recipes()
out = store.Store("network_ops")


def draw(name: str, shape: Sequence[int], low: float = -1.0, high: float = 1.0) -> np.ndarray:
    return recipes.uniform(recipes.generator(zlib.crc32(name.encode())), tuple(shape), low, high)


def record(name: str, kind: str, function: Callable[..., Any], inputs: Sequence[np.ndarray], **attrs: Any) -> None:
    """Runs a function of float tensors and stores what went in, came out and flowed back."""
    out.case(name, kind=kind, attrs=attrs)
    tensors = [tf.constant(array) for array in inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        result = function(*tensors)
    cotangent = draw(f"{name}/cotangent", result.shape)
    for position, array in enumerate(inputs):
        out.put(f"{name}/input/{position}", array)
    out.put(f"{name}/output", result.numpy())
    out.put(f"{name}/cotangent", cotangent)
    for position, gradient in enumerate(tape.gradient(result, tensors, output_gradients=tf.constant(cotangent))):
        out.put(f"{name}/gradient/{position}", gradient.numpy())


def by_groups(x: Any, kernel: Any, groups: int, **options: Any) -> Any:
    parts = zip(tf.split(x, groups, axis=-1), tf.split(kernel, groups, axis=-1), strict=True)
    return tf.concat([tf.nn.convolution(a, b, **options) for a, b in parts], axis=-1)


CONVOLUTIONS: dict[str, tuple[Any, ...]] = {  # x, kernel, strides, padding, dilations, groups
    "conv1d": ((2, 9, 3), (3, 3, 4), (1,), "VALID", (1,), 1),
    "conv1d_same_even": ((2, 8, 2), (4, 2, 3), (2,), "SAME", (1,), 1),
    "conv2d": ((2, 6, 7, 3), (3, 2, 3, 4), (1, 1), "VALID", (1, 1), 1),
    "conv2d_same_even_stride": ((2, 7, 6, 2), (2, 4, 2, 3), (2, 2), "SAME", (1, 1), 1),
    "conv2d_same_odd_stride": ((1, 8, 9, 5), (3, 5, 5, 2), (3, 2), "SAME", (1, 1), 1),
    "conv2d_dilated": ((1, 9, 8, 6), (3, 2, 6, 2), (1, 1), "SAME", (2, 3), 1),
    "conv2d_groups": ((2, 5, 5, 6), (3, 3, 2, 9), (1, 1), "SAME", (1, 1), 3),
    "conv2d_window_beyond": ((1, 2, 3, 1), (5, 4, 1, 2), (2, 2), "SAME", (1, 1), 1),
    "conv2d_explicit": ((1, 5, 6, 2), (3, 3, 2, 2), (2, 1), ((2, 1), (0, 2)), (1, 1), 1),
    "conv3d": ((1, 4, 5, 6, 2), (2, 3, 2, 2, 3), (1, 2, 2), "SAME", (1, 1, 1), 1),
}
FORMATS = {1: "NWC", 2: "NHWC", 3: "NDHWC"}
for name, (x_shape, kernel_shape, strides, padding, dilations, groups) in CONVOLUTIONS.items():
    given = padding if isinstance(padding, str) else ((0, 0), *padding, (0, 0))

    def convolve(x: Any, kernel: Any, s: Any = strides, p: Any = given, d: Any = dilations, g: int = groups) -> Any:
        if not isinstance(p, str):
            return tf.nn.conv2d(x, kernel, s, [list(pair) for pair in p], dilations=d)
        # The gradient of TensorFlow's 3-d convolution wants the layout in so many words.
        return by_groups(x, kernel, g, strides=s, padding=p, dilations=d, data_format=FORMATS[len(s)])

    record(name, "conv", convolve, [draw(f"{name}/x", x_shape), draw(f"{name}/kernel", kernel_shape)],
           strides=strides, padding=padding, dilations=dilations, groups=groups)  # fmt: skip

TRANSPOSED: dict[str, tuple[Any, ...]] = {  # x, kernel, output shape, strides, padding
    "transposed_same": ((2, 3, 4, 3), (3, 3, 2, 3), (2, 6, 7, 2), (2, 2), "SAME"),
    "transposed_valid": ((1, 3, 3, 2), (2, 4, 5, 2), (1, 4, 8, 5), (1, 2), "VALID"),
}
for name, (x_shape, kernel_shape, output_shape, strides, padding) in TRANSPOSED.items():
    record(name, "transposed",
           lambda x, kernel, o=output_shape, s=strides, p=padding: tf.nn.conv2d_transpose(x, kernel, o, s, p),
           [draw(f"{name}/x", x_shape), draw(f"{name}/kernel", kernel_shape)],
           input_shape=output_shape, strides=strides, padding=padding, dilations=(1, 1))  # fmt: skip

for name, x_shape, kernel_shape, stride, padding, dilations in (
    ("depthwise", (2, 6, 6, 3), (3, 3, 3, 2), 1, "VALID", (1, 1)),
    ("depthwise_same_stride", (1, 7, 6, 2), (2, 2, 2, 1), 2, "SAME", (1, 1)),
    ("depthwise_dilated", (1, 8, 8, 2), (3, 2, 2, 3), 1, "SAME", (2, 2)),
):
    record(name, "depthwise",
           lambda x, kernel, s=stride, p=padding, d=dilations: tf.nn.depthwise_conv2d(x, kernel, (1, s, s, 1), p,
                                                                                     dilations=d),
           [draw(f"{name}/x", x_shape), draw(f"{name}/kernel", kernel_shape)],
           strides=(stride, stride), padding=padding, dilations=dilations)  # fmt: skip

POOLS: dict[str, tuple[Any, ...]] = {  # x, window, strides, padding
    "valid": ((2, 6, 7, 2), (2, 2), (2, 2), "VALID"),
    "same": ((1, 7, 5, 3), (2, 3), (2, 2), "SAME"),
    "overlapping": ((1, 6, 6, 2), (3, 3), (1, 2), "SAME"),
    "wide": ((1, 3, 3, 1), (5, 4), (2, 2), "SAME"),
    "one_axis": ((2, 9, 2), (3,), (2,), "SAME"),
    "three_axes": ((1, 4, 5, 4, 2), (2, 2, 3), (2, 1, 2), "SAME"),
}
for name, (shape, window, strides, padding) in POOLS.items():
    # Whole numbers from a few make ties, which show to whom a gradient goes: to the first, but in TensorFlow's 3-d
    # pooling to every one of them in full.
    ties = draw(f"max_{name}/x", shape, -2, 2)
    ties = ties if len(window) == 3 else np.round(ties).astype(np.float32)
    for kind, x in (("MAX", ties), ("AVG", draw(f"avg_{name}/x", shape))):
        record(f"{kind.lower()}_{name}", f"{kind.lower()}_pool",
               lambda v, k=kind, w=window, s=strides, p=padding: tf.nn.pool(v, w, k, s, p), [x],
               window=window, strides=strides, padding=padding, dilations=(1,) * len(window))  # fmt: skip
for name, batch in (("argmax", False), ("argmax_batch", True)):
    x = np.round(draw(f"{name}/x", (2, 5, 4, 2), -2, 2)).astype(np.float32)
    attrs = dict(window=(2, 3), strides=(2, 2), padding="SAME", dilations=(1, 1), include_batch_in_index=batch)
    out.case(name, kind="argmax", attrs=attrs)
    values, places = tf.nn.max_pool_with_argmax(x, (2, 3), 2, "SAME", include_batch_in_index=batch)
    out.put(f"{name}/input/0", x)
    out.put(f"{name}/output", values.numpy())
    out.put(f"{name}/argmax", places.numpy())

record("local_response", "local_response_normalization",
       lambda x: tf.nn.local_response_normalization(x, 2, 1.5, 0.3, 0.75), [draw("local_response/x", (1, 2, 3, 7))],
       depth_radius=2, bias=1.5, alpha=0.3, beta=0.75)  # fmt: skip
record("batch_norm", "batch_norm_training",
       lambda x, s, o: tf.compat.v1.nn.fused_batch_norm(x, s, o, epsilon=1e-3)[0],
       [draw("batch_norm/x", (3, 4, 2, 3)), draw("batch_norm/s", (3,), 0.5, 2), draw("batch_norm/o", (3,))],
       axis=-1, epsilon=1e-3)  # fmt: skip

record("softmax_cross_entropy", "softmax_cross_entropy_with_logits",
       lambda logits, labels: tf.nn.softmax_cross_entropy_with_logits(labels, logits),
       [draw("softmax_cross_entropy/logits", (4, 5), -9, 9),
        draw("softmax_cross_entropy/labels", (4, 5), 0, 1)])  # fmt: skip
record("sigmoid_cross_entropy", "sigmoid_cross_entropy_with_logits",
       lambda logits, labels: tf.nn.sigmoid_cross_entropy_with_logits(labels, logits),
       [draw("sigmoid_cross_entropy/logits", (4, 5), -30, 30),
        draw("sigmoid_cross_entropy/labels", (4, 5), 0, 1)])  # fmt: skip

LABELS = np.array([[1, 2, 3], [1, 1, 2], [1, 0, 0], [2, 2, 0], [0, 0, 0]], np.int32)
LABEL_LENGTH, LOGIT_LENGTH = np.array([3, 3, 1, 2, 0], np.int32), np.array([5, 4, 5, 3, 4], np.int32)
for name, shift, blank in (("ctc", 0, 0), ("ctc_last_blank", -1, 3)):
    labels = np.maximum(LABELS + shift, 0)
    record(name, "ctc_loss",
           lambda x, y=labels, blank=blank: tf.nn.ctc_loss(y, x, LABEL_LENGTH, LOGIT_LENGTH, blank_index=blank),
           [draw(f"{name}/logits", (5, 5, 4), -3, 3)], blank_index=blank)  # fmt: skip
    out.put(f"{name}/labels", labels)
    out.put(f"{name}/label_length", LABEL_LENGTH)
    out.put(f"{name}/logit_length", LOGIT_LENGTH)
out.case("ctc_decoders", kind="ctc_decoders", attrs={"beam_width": 100, "top_paths": 2})
logits, lengths = draw("ctc_decoders/logits", (6, 4, 4), -2, 2), np.array([6, 5, 6, 3], np.int32)
out.put("ctc_decoders/input/0", logits)
out.put("ctc_decoders/lengths", lengths)
(found,), score = tf.nn.ctc_greedy_decoder(logits, lengths)
out.put("ctc_decoders/greedy", tf.sparse.to_dense(found, -1).numpy())
out.put("ctc_decoders/greedy_score", score.numpy())
paths, score = tf.nn.ctc_beam_search_decoder(logits, lengths, beam_width=100, top_paths=2)
for position, path in enumerate(paths):
    out.put(f"ctc_decoders/beam/{position}", tf.sparse.to_dense(path, -1).numpy())
out.put("ctc_decoders/beam_score", score.numpy())

out.case("random", kind="random", attrs={})
SEED = [7, -3]
out.put("random/seed", np.array(SEED, np.int64))
for title, function in (
    ("random_uniform", tf.random.stateless_uniform),
    ("random_normal", tf.random.stateless_normal),
    ("random_truncated_normal", tf.random.stateless_truncated_normal),
):
    for dtype in (tf.float16, tf.bfloat16, tf.float32, tf.float64):
        drawn = function([37], SEED, dtype=dtype).numpy()
        out.put(f"random/{title}/{dtype.name}", drawn.astype(np.float64))
for dtype in (tf.int32, tf.int64):
    drawn = tf.random.stateless_uniform([37], SEED, -50, 1000, dtype=dtype)
    out.put(f"random/random_integers/{dtype.name}", drawn.numpy())
for dtype in (tf.uint32, tf.uint64):
    drawn = tf.random.stateless_uniform([37], SEED, None, None, dtype=dtype)
    out.put(f"random/random_bits/{dtype.name}", drawn.numpy())
weights = draw("random/logits", (3, 5), -2, 2)
out.put("random/logits", weights)
out.put("random/random_categorical/int64", tf.random.stateless_categorical(weights, 9, SEED).numpy())
out.put("random/dropout/float32", tf.nn.experimental.stateless_dropout(tf.ones([37]), 0.3, SEED).numpy())
out.save()
