"""Convolutions by other names and their gradients: with holes, of each channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft.api import array
from weft.api.common import integer
from weft.runtime import frontdoor


def atrous_conv2d(value: Any, filters: Any, rate: Any, padding: str, name: str | None = None) -> Any:
    """A convolution of images whose filter has holes: only every `rate`-th pixel counts."""
    from weft.api.nn import convolution

    return convolution(value, filters, 1, padding, "NHWC", [integer(rate, "rate")] * 2, name)


def _pulled_back(function: Callable[[Any], Any], x: Any, ct: Any) -> Any:
    """What flows back to `x` through a function that is linear in it."""
    from weft.autodiff import GradientTape

    with GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x, ct)


def depthwise_conv2d_backprop_input(input_sizes: Any, filter: Any, out_backprop: Any, strides: Any, padding: Any,
                                    data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1),
                                    name: str | None = None) -> Any:  # fmt: skip
    """What flows back to the images of a depthwise convolution, whose sizes are `input_sizes`."""
    ct = frontdoor.convert(out_backprop)
    kernel = frontdoor.convert(filter, hint=ct.dtype)
    images = array.zeros(input_sizes, ct.dtype)
    return _pulled_back(lambda x: _depthwise(x, kernel, strides, padding, data_format, dilations), images, ct)


def depthwise_conv2d_backprop_filter(input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any,
                                     data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1),
                                     name: str | None = None) -> Any:  # fmt: skip
    """What flows back to the filter of a depthwise convolution, whose sizes are `filter_sizes`."""
    ct = frontdoor.convert(out_backprop)
    images = frontdoor.convert(input, hint=ct.dtype)
    kernel = array.zeros(filter_sizes, ct.dtype)
    return _pulled_back(lambda k: _depthwise(images, k, strides, padding, data_format, dilations), kernel, ct)


def _depthwise(images: Any, kernel: Any, strides: Any, padding: Any, data_format: str, dilations: Any) -> Any:
    from weft.api.nn import depthwise_conv2d

    holes = list(dilations)[2:] if data_format.upper().startswith("NC") else list(dilations)[1:3]
    return depthwise_conv2d(images, kernel, strides, padding, data_format, holes)


def atrous_conv2d_transpose(value: Any, filters: Any, output_shape: Any, rate: Any, padding: Any,
                            name: str | None = None) -> Any:  # fmt: skip
    """The gradient of a convolution whose filter has holes as an operation."""
    from weft.api.nn import conv_transpose

    return conv_transpose(value, filters, output_shape, 1, padding, "NHWC", [rate, rate], name)
