"""TensorFlow's convolutions, poolings, normalisations, softmax family, losses and image resizing."""

from __future__ import annotations

from typing import Any

import _ops
import _store as store
import numpy as np
from _ops import values

out = store.Store("nn_ops")
record = _ops.Recorder(out)


def convolutions() -> None:
    """Gradients of dilated and grouped convolutions go through XLA: TensorFlow's CPU kernels do not have them."""
    table: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
        "valid": ((2, 6, 7, 3), (3, 3, 3, 4), {"strides": 1, "padding": "VALID"}),
        "same": ((2, 6, 7, 3), (3, 3, 3, 4), {"strides": 1, "padding": "SAME"}),
        "same_even": ((2, 6, 7, 3), (2, 4, 3, 4), {"strides": 1, "padding": "SAME"}),
        "same_stride2": ((2, 6, 7, 3), (3, 3, 3, 4), {"strides": 2, "padding": "SAME"}),
        "same_even_strides": ((2, 7, 9, 2), (4, 2, 2, 3), {"strides": [1, 2, 3, 1], "padding": "SAME"}),
        "valid_strides": ((2, 8, 9, 2), (3, 2, 2, 3), {"strides": [1, 3, 2, 1], "padding": "VALID"}),
        "stride_over_kernel": ((1, 7, 7, 2), (1, 1, 2, 3), {"strides": 3, "padding": "SAME"}),
        "explicit": (
            (1, 5, 6, 2),
            (3, 2, 2, 3),
            {"strides": [1, 2, 1, 1], "padding": [[0, 0], [2, 1], [0, 1], [0, 0]]},
        ),
        "dilated_valid": ((1, 8, 9, 2), (3, 2, 2, 3), {"strides": 1, "padding": "VALID", "dilations": 2}),
        "dilated_same": ((1, 8, 9, 2), (3, 2, 2, 3), {"strides": 1, "padding": "SAME", "dilations": [1, 2, 3, 1]}),
        "grouped": ((2, 5, 6, 6), (3, 3, 2, 9), {"strides": 1, "padding": "SAME"}),
        "grouped_strides": ((2, 5, 6, 4), (2, 3, 2, 6), {"strides": 2, "padding": "SAME"}),
        "channels_first": ((2, 3, 6, 7), (3, 3, 3, 4), {"strides": 2, "padding": "SAME", "data_format": "NCHW"}),
    }
    for name, (image, kernel, attrs) in table.items():
        needs_xla = "dilations" in attrs or "grouped" in name or "data_format" in attrs
        record(
            f"conv2d_{name}", "nn.conv2d", values(name, *image), values(f"{name}k", *kernel), attrs=attrs, jit=needs_xla
        )
    for name, stride, padding in (("valid", 1, "VALID"), ("same", 2, "SAME"), ("causal_like", 3, "VALID")):
        attrs = {"stride": stride, "padding": padding}
        record(f"conv1d_{name}", "nn.conv1d", values("c1", 2, 9, 3), values("c1k", 4, 3, 2), attrs=attrs)
    for name, strides, padding in (("valid", 1, "VALID"), ("same", [1, 2, 1, 2, 1], "SAME")):
        attrs = {"strides": [1, 1, 1, 1, 1] if strides == 1 else strides, "padding": padding}
        record(f"conv3d_{name}", "nn.conv3d", values("c3", 1, 4, 5, 6, 2), values("c3k", 2, 3, 2, 2, 3), attrs=attrs)


def transposed_and_separable() -> None:
    kernel = values("tk", 3, 2, 4, 3)  # height, width, filters out, filters in
    for name, size, shape, strides, padding in (
        ("same", (2, 4, 5, 3), [2, 8, 10, 4], 2, "SAME"),
        ("same_odd", (2, 4, 5, 3), [2, 7, 9, 4], 2, "SAME"),
        ("valid", (2, 4, 5, 3), [2, 9, 10, 4], 2, "VALID"),
        ("strides", (1, 3, 4, 3), [1, 9, 8, 4], [1, 3, 2, 1], "SAME"),
    ):
        attrs = {"output_shape": shape, "strides": strides, "padding": padding}
        record(f"conv2d_transpose_{name}", "nn.conv2d_transpose", values(f"t{name}", *size), kernel, attrs=attrs)
    attrs = {"output_shape": [2, 10, 2], "strides": 2, "padding": "SAME"}
    record("conv1d_transpose", "nn.conv1d_transpose", values("t1", 2, 5, 3), values("t1k", 3, 2, 3), attrs=attrs)
    attrs = {"output_shape": [1, 4, 6, 5, 2], "strides": [1, 2, 2, 1, 1], "padding": "SAME"}
    record(
        "conv3d_transpose",
        "nn.conv3d_transpose",
        values("t3", 1, 2, 3, 5, 3),
        values("t3k", 2, 3, 2, 2, 3),
        attrs=attrs,
    )
    for name, strides, padding, dilations in (
        ("same", 1, "SAME", None),
        ("valid", 1, "VALID", None),
        ("strides", 2, "SAME", None),
        ("dilated", 1, "SAME", [2, 2]),
    ):
        attrs = {"strides": [1, strides, strides, 1], "padding": padding}
        attrs |= {} if dilations is None else {"dilations": dilations}
        image, kernel = values(f"d{name}", 2, 6, 7, 3), values(f"d{name}k", 3, 2, 3, 2)
        record(f"depthwise_{name}", "nn.depthwise_conv2d", image, kernel, attrs=attrs, jit=dilations is not None)
    attrs = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    parts = values("sx", 2, 5, 5, 3), values("sd", 3, 3, 3, 2), values("sp", 1, 1, 6, 4)
    record("separable_conv2d", "nn.separable_conv2d", *parts, attrs=attrs)
    attrs = {"strides": [1, 1, 1, 1], "padding": "SAME", "dilations": [1, 1, 1, 1], "data_format": "NHWC"}
    record("dilation2d", "nn.dilation2d", values("m2", 1, 5, 6, 2), values("m2k", 2, 3, 2), attrs=attrs)
    attrs = {"strides": [1, 1, 1, 1], "padding": "VALID", "dilations": [1, 1, 1, 1], "data_format": "NHWC"}
    record("erosion2d", "nn.erosion2d", values("m3", 1, 5, 6, 2), values("m3k", 2, 3, 2), attrs=attrs)


def poolings() -> None:
    image = values("pool", 2, 7, 6, 3)
    ties = np.floor(values("ties", 1, 4, 6, 2, low=0.0, high=2.0)).astype(np.float32)
    table = (
        ("valid", 2, 2, "VALID"),
        ("same", 2, 2, "SAME"),
        ("overlapping", 3, 2, "SAME"),
        ("uneven", [3, 2], [1, 2], "SAME"),
        ("gaps", 2, 3, "VALID"),
        ("large", 5, 1, "SAME"),
    )
    for kind in ("max_pool2d", "avg_pool2d"):
        for name, size, strides, padding in table:
            attrs = {"ksize": size, "strides": strides, "padding": padding}
            record(f"{kind}_{name}", f"nn.{kind}", image, attrs=attrs)
        attrs = {"ksize": 2, "strides": 1, "padding": "SAME"}
        record(f"{kind}_ties", f"nn.{kind}", ties, attrs=attrs)
        negative = (-np.abs(image) - 1).astype(np.float32)
        attrs = {"ksize": 3, "strides": 2, "padding": "SAME"}
        record(f"{kind}_negative", f"nn.{kind}", negative, attrs=attrs)
    for kind in ("max_pool", "avg_pool"):
        attrs = {"ksize": 3, "strides": 2, "padding": "SAME"}
        record(f"{kind}1d", f"nn.{kind}1d", values("p1", 2, 8, 3), attrs=attrs)
        record(f"{kind}3d", f"nn.{kind}3d", values("p3", 1, 4, 5, 6, 2), attrs={**attrs, "ksize": 2})
    attrs = {"ksize": 2, "strides": 2, "padding": "SAME"}
    record("max_pool_with_argmax", "nn.max_pool_with_argmax", image, attrs=attrs)
    record(
        "max_pool_with_argmax_batch", "nn.max_pool_with_argmax", image, attrs={**attrs, "include_batch_in_index": True}
    )


def softmax_family() -> None:
    logits = values("logits", 4, 5, low=-4.0, high=4.0)
    extreme = np.array(
        [[1000.0, 999.0, -1000.0], [-np.inf, 0.0, 1.0], [88.0, 89.0, 90.0], [-1e30, -1e30, -1e30]], np.float32
    )
    for name in ("softmax", "log_softmax"):
        record(name, f"nn.{name}", logits)
        record(f"{name}_axis0", f"nn.{name}", logits, attrs={"axis": 0})
        record(f"{name}_rank3", f"nn.{name}", values("l3", 2, 3, 4), attrs={"axis": 1})
        record(f"{name}_extreme", f"nn.{name}", extreme)
    soft = np.exp(values("soft", 4, 5).astype(np.float64))
    soft = (soft / soft.sum(axis=1, keepdims=True)).astype(np.float32)
    record("softmax_cross_entropy", "nn.softmax_cross_entropy_with_logits", soft, logits)
    record("softmax_cross_entropy_not_normalised", "nn.softmax_cross_entropy_with_logits", 2 * soft, logits)
    hard = np.array([0, 4, 2, 2], np.int32)
    sparse = "nn.sparse_softmax_cross_entropy_with_logits"
    record("sparse_softmax_cross_entropy", sparse, hard, logits)
    finite = extreme[[0, 2, 3]]
    index = np.array([2, 0, 1], np.int32)
    record("sparse_softmax_cross_entropy_extreme", sparse, index, finite)
    grid = np.array([[0, 3, 1], [2, 2, 0]], np.int64)
    record(
        "sparse_softmax_cross_entropy_rank3", "nn.sparse_softmax_cross_entropy_with_logits", grid, values("l4", 2, 3, 4)
    )
    scores = np.array([-1000.0, -20.0, -1.0, 0.0, 0.5, 30.0, 1000.0], np.float32)
    target = np.array([1.0, 0.0, 0.3, 0.0, 1.0, 0.0, 1.0], np.float32)
    record("sigmoid_cross_entropy", "nn.sigmoid_cross_entropy_with_logits", target, scores)
    weighted = "nn.weighted_cross_entropy_with_logits"
    record("weighted_cross_entropy", weighted, target, scores, attrs={"pos_weight": 2.5})
    record("log_poisson_loss", "nn.log_poisson_loss", np.abs(target) * 3, scores[[1, 2, 3, 4, 2, 3, 4]])
    record("l2_loss", "nn.l2_loss", logits)


def normalisations() -> None:
    x = values("norm", 2, 3, 4, 5)
    mean, variance = values("mean", 5), values("variance", 5, low=0.5, high=2.0)
    offset, scale = values("offset", 5), values("scale", 5)
    attrs = {"variance_epsilon": 1e-3}
    record("batch_normalization", "nn.batch_normalization", x, mean, variance, offset, scale, attrs=attrs)
    record("bias_add", "nn.bias_add", x, offset)
    record("bias_add_channels_first", "nn.bias_add", x, values("b3", 3), attrs={"data_format": "NCHW"})
    attrs = {"depth_radius": 2, "bias": 1.5, "alpha": 0.3, "beta": 0.6}
    record("local_response_normalization", "nn.local_response_normalization", x, attrs=attrs)
    record("crelu", "nn.crelu", values("crelu", 3, 4))


def images() -> None:
    x = values("resize", 1, 5, 4, 2)
    for method in ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "mitchellcubic", "gaussian"):
        for title, size, antialias in (("up", [8, 7], False), ("down", [3, 2], False), ("smooth", [3, 2], True)):
            attrs = {"size": size, "method": method, "antialias": antialias}
            record(f"resize_{method}_{title}", "image.resize", x, attrs=attrs)
    colours = values("colours", 2, 3, 3, low=0.0, high=1.0)
    record("rgb_to_hsv", "image.rgb_to_hsv", colours, gradient=False)
    record("hsv_to_rgb", "image.hsv_to_rgb", colours, gradient=False)
    record("rgb_to_grayscale", "image.rgb_to_grayscale", colours)
    record("adjust_contrast", "image.adjust_contrast", colours, attrs={"contrast_factor": 1.7}, gradient=False)
    record("adjust_saturation", "image.adjust_saturation", colours, attrs={"saturation_factor": 0.4}, gradient=False)
    record("adjust_hue", "image.adjust_hue", colours, attrs={"delta": 0.2}, gradient=False)
    record("per_image_standardization", "image.per_image_standardization", colours)


def main() -> None:
    convolutions()
    transposed_and_separable()
    poolings()
    softmax_family()
    normalisations()
    images()
    out.save()


if __name__ == "__main__":
    main()
