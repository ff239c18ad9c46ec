"""Convolutions of `tf.contrib.layers`: with a rectifier, and with weights that are named `weights` and `biases`."""

from __future__ import annotations

from typing import Any

import weft
from weft.compat.v1 import initializers, layers_conv
from weft.compat.v1 import nn as _nn
from weft.compat.v1.contrib.arg_scopes import add_arg_scope
from weft.compat.v1.contrib.layer_initializers import xavier_initializer
from weft.compat.v1.contrib.layer_parts import (
    Renamed,
    collect_named_outputs,
    collect_variables,
    finished,
    two_element_tuple,
)
from weft.compat.v1.layers_pool import is_channels_first
from weft.compat.v1.variable_scopes import get_variable, variable_scope


class _Conv1D(Renamed, layers_conv.Conv1D):
    """A convolution over one axis with these names."""


class _Conv2D(Renamed, layers_conv.Conv2D):
    """A convolution over two axes with these names."""


class _Conv3D(Renamed, layers_conv.Conv3D):
    """A convolution over three axes with these names."""


class _Conv2DTranspose(Renamed, layers_conv.Conv2DTranspose):
    """A transposed convolution over two axes with these names."""


class _Conv3DTranspose(Renamed, layers_conv.Conv3DTranspose):
    """A transposed convolution over three axes with these names."""


class _SeparableConv2D(Renamed, layers_conv.SeparableConv2D):
    """A convolution for each channel, and one across channels, with these names."""


def _order(data_format: str | None) -> str:
    return "channels_first" if data_format is not None and data_format.startswith("NC") else "channels_last"


def _zeros(initializer: Any) -> Any:
    return initializers.zeros_initializer() if initializer == "zeros" else initializer


def _convolution(dims: int | None, inputs: Any, num_outputs: int, kernel_size: Any, stride: Any, padding: str,
                 data_format: str | None, rate: Any, activation_fn: Any, normalizer_fn: Any, normalizer_params: Any,
                 weights_initializer: Any, weights_regularizer: Any, biases_initializer: Any, biases_regularizer: Any,
                 reuse: Any, variables_collections: Any, outputs_collections: Any, trainable: bool,
                 scope: Any) -> Any:  # fmt: skip
    inputs = weft.convert_to_tensor(inputs)
    rank = inputs.shape.rank
    kinds = {3: _Conv1D, 4: _Conv2D, 5: _Conv3D}
    if dims is not None and rank is not None and dims + 2 != rank:
        raise ValueError(f"Convolution expects input with rank {dims + 2}, got {rank}")
    if rank not in kinds:
        raise ValueError(f"Convolution not supported for input with rank {rank}")
    with variable_scope(scope, "Conv", reuse=reuse) as opened:
        layer = kinds[rank](
            int(num_outputs), kernel_size, stride, padding, _order(data_format), rate, None,
            normalizer_fn is None and biases_initializer is not None, weights_initializer or xavier_initializer(),
            _zeros(biases_initializer), weights_regularizer, biases_regularizer, trainable=trainable, _scope=opened,
            _reuse=reuse,
        )  # fmt: skip
        return finished(layer(inputs), layer, activation_fn, normalizer_fn, normalizer_params, variables_collections,
                        outputs_collections, opened)  # fmt: skip


@add_arg_scope
def convolution(inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
                data_format: str | None = None, rate: Any = 1, activation_fn: Any = _nn.relu,
                normalizer_fn: Any = None, normalizer_params: Any = None, weights_initializer: Any = None,
                weights_regularizer: Any = None, biases_initializer: Any = "zeros", biases_regularizer: Any = None,
                reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
                trainable: bool = True, scope: Any = None, conv_dims: int | None = None) -> Any:  # fmt: skip
    """A convolution with a rectifier, over as many axes as there are between batch and channels.

    Args:
        inputs: `[batch, ..., channels]`, with one, two or three axes between.
        num_outputs: How many channels the result has.
        kernel_size: The size of the window.
        stride: The steps between windows.
        padding: `SAME` or `VALID`.
        data_format: Where channels are, such as `NHWC` or `NCHW`.
        rate: The steps between a window's elements.
        conv_dims: How many axes there have to be.

    The arguments not listed are those of `fully_connected`.

    Raises:
        ValueError: For inputs of another rank.
    """
    return _convolution(conv_dims, inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn,
                        normalizer_fn, normalizer_params, weights_initializer, weights_regularizer,
                        biases_initializer, biases_regularizer, reuse, variables_collections, outputs_collections,
                        trainable, scope)  # fmt: skip


@add_arg_scope
def conv1d(inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
           data_format: str | None = None, rate: Any = 1, activation_fn: Any = _nn.relu, normalizer_fn: Any = None,
           normalizer_params: Any = None, weights_initializer: Any = None, weights_regularizer: Any = None,
           biases_initializer: Any = "zeros", biases_regularizer: Any = None, reuse: Any = None,
           variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
           scope: Any = None) -> Any:  # fmt: skip
    """As `convolution`, of `[batch, steps, channels]`."""
    return _convolution(1, inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn,
                        normalizer_fn, normalizer_params, weights_initializer, weights_regularizer,
                        biases_initializer, biases_regularizer, reuse, variables_collections, outputs_collections,
                        trainable, scope)  # fmt: skip


@add_arg_scope
def conv2d(inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
           data_format: str | None = None, rate: Any = 1, activation_fn: Any = _nn.relu, normalizer_fn: Any = None,
           normalizer_params: Any = None, weights_initializer: Any = None, weights_regularizer: Any = None,
           biases_initializer: Any = "zeros", biases_regularizer: Any = None, reuse: Any = None,
           variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
           scope: Any = None) -> Any:  # fmt: skip
    """As `convolution`, of `[batch, height, width, channels]`."""
    return _convolution(2, inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn,
                        normalizer_fn, normalizer_params, weights_initializer, weights_regularizer,
                        biases_initializer, biases_regularizer, reuse, variables_collections, outputs_collections,
                        trainable, scope)  # fmt: skip


@add_arg_scope
def conv3d(inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
           data_format: str | None = None, rate: Any = 1, activation_fn: Any = _nn.relu, normalizer_fn: Any = None,
           normalizer_params: Any = None, weights_initializer: Any = None, weights_regularizer: Any = None,
           biases_initializer: Any = "zeros", biases_regularizer: Any = None, reuse: Any = None,
           variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
           scope: Any = None) -> Any:  # fmt: skip
    """As `convolution`, of `[batch, depth, height, width, channels]`."""
    return _convolution(3, inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn,
                        normalizer_fn, normalizer_params, weights_initializer, weights_regularizer,
                        biases_initializer, biases_regularizer, reuse, variables_collections, outputs_collections,
                        trainable, scope)  # fmt: skip


convolution1d, convolution2d, convolution3d = conv1d, conv2d, conv3d


def _transposed(kind: Any, default: str, inputs: Any, num_outputs: int, kernel_size: Any, stride: Any, padding: str,
                data_format: str, activation_fn: Any, normalizer_fn: Any, normalizer_params: Any,
                weights_initializer: Any, weights_regularizer: Any, biases_initializer: Any, biases_regularizer: Any,
                reuse: Any, variables_collections: Any, outputs_collections: Any, trainable: bool,
                scope: Any) -> Any:  # fmt: skip
    with variable_scope(scope, default, reuse=reuse) as opened:
        layer = kind(
            int(num_outputs), kernel_size, stride, padding, _order(data_format), None,
            normalizer_fn is None and biases_initializer is not None, weights_initializer or xavier_initializer(),
            _zeros(biases_initializer), weights_regularizer, biases_regularizer, trainable=trainable, _scope=opened,
            _reuse=reuse,
        )  # fmt: skip
        return finished(layer(inputs), layer, activation_fn, normalizer_fn, normalizer_params, variables_collections,
                        outputs_collections, opened)  # fmt: skip


@add_arg_scope
def conv2d_transpose(inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
                     data_format: str = "NHWC", activation_fn: Any = _nn.relu, normalizer_fn: Any = None,
                     normalizer_params: Any = None, weights_initializer: Any = None, weights_regularizer: Any = None,
                     biases_initializer: Any = "zeros", biases_regularizer: Any = None, reuse: Any = None,
                     variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
                     scope: Any = None) -> Any:  # fmt: skip
    """A transposed convolution with a rectifier, which makes images `stride` times as large.

    Args:
        inputs: `[batch, height, width, channels]`.
        num_outputs: How many channels the result has.
        kernel_size: The size of the window.
        stride: The steps between windows of the result.
        padding: `SAME` or `VALID`.
        data_format: `NHWC` or `NCHW`.

    The arguments not listed are those of `fully_connected`.
    """
    return _transposed(_Conv2DTranspose, "Conv2d_transpose", inputs, num_outputs, kernel_size, stride, padding,
                       data_format, activation_fn, normalizer_fn, normalizer_params, weights_initializer,
                       weights_regularizer, biases_initializer, biases_regularizer, reuse, variables_collections,
                       outputs_collections, trainable, scope)  # fmt: skip


@add_arg_scope
def conv3d_transpose(inputs: Any, num_outputs: int, kernel_size: Any, stride: Any = 1, padding: str = "SAME",
                     data_format: str = "NDHWC", activation_fn: Any = _nn.relu, normalizer_fn: Any = None,
                     normalizer_params: Any = None, weights_initializer: Any = None, weights_regularizer: Any = None,
                     biases_initializer: Any = "zeros", biases_regularizer: Any = None, reuse: Any = None,
                     variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
                     scope: Any = None) -> Any:  # fmt: skip
    """As `conv2d_transpose`, of `[batch, depth, height, width, channels]`."""
    return _transposed(_Conv3DTranspose, "Conv3d_transpose", inputs, num_outputs, kernel_size, stride, padding,
                       data_format, activation_fn, normalizer_fn, normalizer_params, weights_initializer,
                       weights_regularizer, biases_initializer, biases_regularizer, reuse, variables_collections,
                       outputs_collections, trainable, scope)  # fmt: skip


convolution2d_transpose, convolution3d_transpose = conv2d_transpose, conv3d_transpose


@add_arg_scope
def separable_conv2d(inputs: Any, num_outputs: int | None, kernel_size: Any, depth_multiplier: int = 1,
                     stride: Any = 1, padding: str = "SAME", data_format: str = "NHWC", rate: Any = 1,
                     activation_fn: Any = _nn.relu, normalizer_fn: Any = None, normalizer_params: Any = None,
                     weights_initializer: Any = None, pointwise_initializer: Any = None,
                     weights_regularizer: Any = None, biases_initializer: Any = "zeros",
                     biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None,
                     outputs_collections: Any = None, trainable: bool = True, scope: Any = None) -> Any:  # fmt: skip
    """A convolution of each channel by itself, one across channels after it, and a rectifier.

    Args:
        inputs: `[batch, height, width, channels]`.
        num_outputs: How many channels the result has; None leaves the convolution across channels out.
        kernel_size: The size of the window.
        depth_multiplier: How many results each channel has.
        stride: The steps between windows.
        padding: `SAME` or `VALID`.
        data_format: `NHWC` or `NCHW`.
        rate: The steps between a window's elements.
        weights_initializer: Of the weights of single channels.
        pointwise_initializer: Of those across channels; as `weights_initializer` where None.

    The arguments not listed are those of `fully_connected`.
    """
    first = weights_initializer or xavier_initializer()
    with variable_scope(scope, "SeparableConv2d", reuse=reuse) as opened:
        if num_outputs is not None:
            layer = _SeparableConv2D(
                int(num_outputs), kernel_size, stride, padding, _order(data_format), two_element_tuple(rate),
                depth_multiplier, None, normalizer_fn is None and biases_initializer is not None, first,
                pointwise_initializer or first, _zeros(biases_initializer), weights_regularizer, weights_regularizer,
                biases_regularizer, trainable=trainable, _scope=opened, _reuse=reuse,
            )  # fmt: skip
            return finished(layer(inputs), layer, activation_fn, normalizer_fn, normalizer_params,
                            variables_collections, outputs_collections, opened)  # fmt: skip
        channels_first = is_channels_first(_order(data_format))
        channels = inputs.shape[1 if channels_first else 3]
        sizes = [*two_element_tuple(kernel_size), int(getattr(channels, "value", channels)), depth_multiplier]
        weights = get_variable("depthwise_weights", sizes, inputs.dtype, first, weights_regularizer, trainable)
        collect_variables([weights], variables_collections)
        across = two_element_tuple(stride)
        steps = [1, 1, *across] if channels_first else [1, *across, 1]
        outputs = _nn.depthwise_conv2d(inputs, weights, steps, padding, two_element_tuple(rate),
                                       data_format=data_format)  # fmt: skip
        if normalizer_fn is not None:
            outputs = normalizer_fn(outputs, **(normalizer_params or {}))
        elif biases_initializer is not None:
            biases = get_variable("biases", [sizes[2] * depth_multiplier], inputs.dtype, _zeros(biases_initializer),
                                  biases_regularizer, trainable)  # fmt: skip
            collect_variables([biases], variables_collections)
            outputs = _nn.bias_add(outputs, biases, data_format=data_format)
        outputs = outputs if activation_fn is None else activation_fn(outputs)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


separable_convolution2d = separable_conv2d
