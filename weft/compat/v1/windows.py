"""Convolutions and pooling of any rank, morphology, blocks of pixels, under version 1's names."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft
from weft.api import nn as _nn
from weft.api.common import apply
from weft.base import dtypes
from weft.compat.v1.naming import in_graph
from weft.compat.v1.ops import _old_name
from weft.runtime.scopes import Unit


def convolution(input: Any, filter: Any = None, padding: Any = None, strides: Any = None, dilation_rate: Any = None,
                name: str | None = None, data_format: str | None = None, filters: Any = None,
                dilations: Any = None) -> Any:  # fmt: skip
    """Convolution over as many axes as the kernel has; see `weft.nn.convolution`."""
    steps = _old_name(dilations, dilation_rate, "dilations", "dilation_rate")
    kernel = _old_name(filters, filter, "filters", "filter")
    if not in_graph():
        return _nn.convolution(input, kernel, strides, padding, data_format, steps, name)
    apart = np.any(np.asarray(1 if steps is None else steps) > 1)  # windows with holes go by way of the batch there
    with Unit(name or "convolution") as unit:
        found = _nn.convolution(input, kernel, strides, padding, data_format, steps)
        return unit.call(found, "BatchToSpaceND" if apart else "")


def pool(input: Any, window_shape: Any, pooling_type: str, padding: Any, dilation_rate: Any = None, strides: Any = None,
         name: str | None = None, data_format: str | None = None, dilations: Any = None) -> Any:  # fmt: skip
    """Pooling of a kind, 'MAX' or 'AVG', over as many axes as the window has."""
    steps = _old_name(dilations, dilation_rate, "dilations", "dilation_rate")
    if not in_graph():
        return _nn.pool(input, window_shape, pooling_type, strides, padding, data_format, steps, name)
    with Unit(name or f"{pooling_type.lower()}_pool") as unit:
        return unit.call(_nn.pool(input, window_shape, pooling_type, strides, padding, data_format, steps))


def avg_pool2d(value: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None,
               input: Any = None) -> Any:  # fmt: skip
    """The mean of each window of images."""
    return _nn.avg_pool(_old_name(input, value, "input", "value"), ksize, strides, padding, data_format, name)


def max_pool_v2(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None,
                name: str | None = None) -> Any:  # fmt: skip
    """The greatest value of each window, over as many axes as the window has."""
    return _nn.max_pool(input, ksize, strides, padding, data_format, name)


def avg_pool_v2(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None,
                name: str | None = None) -> Any:  # fmt: skip
    """The mean of each window, over as many axes as the window has."""
    return _nn.avg_pool(input, ksize, strides, padding, data_format, name)


def max_pool_with_argmax(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC",
                         Targmax: Any = None, name: str | None = None, output_dtype: Any = None,
                         include_batch_in_index: bool = False) -> Any:  # fmt: skip
    """The greatest value of each window, and where it is; see `weft.nn.max_pool_with_argmax`."""
    dtype = _old_name(output_dtype, Targmax, "output_dtype", "Targmax")
    return _nn.max_pool_with_argmax(input, ksize, strides, padding, data_format,
                                    dtypes.int64 if dtype is None else dtype, include_batch_in_index, name)  # fmt: skip


def dilation2d(input: Any, filter: Any = None, strides: Any = None, rates: Any = None, padding: Any = None,
               name: str | None = None, filters: Any = None, dilations: Any = None) -> Any:  # fmt: skip
    """Greyscale dilation; see `weft.nn.dilation2d`."""
    steps = _old_name(dilations, rates, "dilations", "rates")
    kernel = _old_name(filters, filter, "filters", "filter")
    return _nn.dilation2d(input, kernel, strides, padding, "NHWC", steps, name)


def erosion2d(value: Any, kernel: Any, strides: Any, rates: Any, padding: Any, name: str | None = None) -> Any:
    """Greyscale erosion; see `weft.nn.erosion2d`."""
    return _nn.erosion2d(value, kernel, strides, padding, "NHWC", rates, name)


def depthwise_conv2d_native(input: Any, filter: Any, strides: Any, padding: Any, data_format: str | None = "NHWC",
                            dilations: Any = (1, 1, 1, 1), name: str | None = None) -> Any:  # fmt: skip
    """Every channel convolved with kernels of its own."""
    return _nn.depthwise_conv2d(input, filter, strides, padding, data_format, list(dilations), name)


def conv2d_backprop_input(input_sizes: Any, filter: Any = None, out_backprop: Any = None, strides: Any = None,
                          padding: Any = None, use_cudnn_on_gpu: bool = True, data_format: str = "NHWC",
                          dilations: Any = (1, 1, 1, 1), name: str | None = None,
                          filters: Any = None) -> Any:  # fmt: skip
    """The gradient of a convolution with respect to its image."""
    kernel = _old_name(filters, filter, "filters", "filter")
    return _nn.conv_transpose(out_backprop, kernel, input_sizes, strides, padding, data_format, list(dilations), name)


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """relu(x weights + biases)."""
    return _nn.relu(_nn.bias_add(weft.matmul(x, weights), biases), name=name)


def conv2d_backprop_filter(input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any,
                           use_cudnn_on_gpu: bool = True, data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1),
                           name: str | None = None) -> Any:  # fmt: skip
    """The gradient of a convolution with respect to its kernel."""
    first = _nn._channels_first(data_format)
    shape = tuple(int(n) for n in weft.get_static_value(weft.convert_to_tensor(filter_sizes)))
    steps = _nn._spatial(list(dilations), 2, "dilations", first)
    return apply("conv_kernel_gradient", weft.convert_to_tensor(input), weft.convert_to_tensor(out_backprop),
                 kernel_shape=shape, strides=_nn._spatial(strides, 2, "strides", first), dilations=steps,
                 padding=_nn._padding(padding, 2, first), data_format=_nn._format(data_format),
                 name=name)  # fmt: skip
