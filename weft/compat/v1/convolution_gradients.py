"""What flows back through convolutions, and pools with windows of chance, as version 1 has them in `tf.nn`."""

from __future__ import annotations

from typing import Any

import weft
from weft.api import fractional_pools as _pools
from weft.compat import raw_ops
from weft.compat.v1.naming import composite

_raw: Any = raw_ops


def conv3d_backprop_filter(input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: str,
                           data_format: str = "NDHWC", dilations: Any = (1, 1, 1, 1, 1),
                           name: str | None = None) -> Any:  # fmt: skip
    """The gradient of a three-dimensional convolution for its filter."""
    return _raw.Conv3DBackpropFilterV2(
        input=weft.convert_to_tensor(input), filter_sizes=weft.convert_to_tensor(filter_sizes),
        out_backprop=weft.convert_to_tensor(out_backprop), strides=list(strides), padding=padding,
        data_format=data_format, dilations=list(dilations))  # fmt: skip


def depthwise_conv2d_backprop_filter(input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: str,
                                     data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1),
                                     name: str | None = None) -> Any:  # fmt: skip
    """The gradient of a depthwise convolution for its filter."""
    return _raw.DepthwiseConv2dNativeBackpropFilter(
        input=weft.convert_to_tensor(input), filter_sizes=weft.convert_to_tensor(filter_sizes),
        out_backprop=weft.convert_to_tensor(out_backprop), strides=list(strides), padding=padding,
        data_format=data_format, dilations=list(dilations))  # fmt: skip


def depthwise_conv2d_backprop_input(input_sizes: Any, filter: Any, out_backprop: Any, strides: Any, padding: str,
                                    data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1),
                                    name: str | None = None) -> Any:  # fmt: skip
    """The gradient of a depthwise convolution for its input."""
    return _raw.DepthwiseConv2dNativeBackpropInput(
        input_sizes=weft.convert_to_tensor(input_sizes), filter=weft.convert_to_tensor(filter),
        out_backprop=weft.convert_to_tensor(out_backprop), strides=list(strides), padding=padding,
        data_format=data_format, dilations=list(dilations))  # fmt: skip


def _seed(deterministic: bool, seed: int, seed2: int) -> int:
    """One seed of the two that version 1 takes."""
    return (seed or seed2) or (1 if deterministic else 0)


def fractional_max_pool(value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False,
                        deterministic: bool = False, seed: int = 0, seed2: int = 0,
                        name: str | None = None) -> Any:  # fmt: skip
    """The greatest value of each of some windows whose sizes differ by chance; see `weft.nn.fractional_max_pool`."""
    return _pools.fractional_max_pool(value, pooling_ratio, pseudo_random, overlapping,
                                      _seed(deterministic, seed, seed2))  # fmt: skip


def fractional_avg_pool(value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False,
                        deterministic: bool = False, seed: int = 0, seed2: int = 0,
                        name: str | None = None) -> Any:  # fmt: skip
    """As `fractional_max_pool`, with the mean of each window."""
    return _pools.fractional_avg_pool(value, pooling_ratio, pseudo_random, overlapping,
                                      _seed(deterministic, seed, seed2))  # fmt: skip


for _name in ("conv3d_backprop_filter", "depthwise_conv2d_backprop_filter", "depthwise_conv2d_backprop_input",
              "fractional_avg_pool", "fractional_max_pool"):  # fmt: skip
    globals()[_name] = composite(f"nn.{_name}", globals()[_name])
conv3d_backprop_filter_v2 = conv3d_backprop_filter
depthwise_conv2d_native_backprop_filter = depthwise_conv2d_backprop_filter
depthwise_conv2d_native_backprop_input = depthwise_conv2d_backprop_input
