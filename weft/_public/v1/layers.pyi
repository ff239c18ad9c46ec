"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.compat.v1.layer_base import Layer as Layer
from weft.compat.v1.layers import Dense as Dense
from weft.compat.v1.layers import Dropout as Dropout
from weft.compat.v1.layers import Flatten as Flatten
from weft.compat.v1.layers import InputSpec as InputSpec
from weft.compat.v1.layers import dense as dense
from weft.compat.v1.layers import dropout as dropout
from weft.compat.v1.layers import flatten as flatten
from weft.compat.v1.layers_conv import Conv1D as Conv1D
from weft.compat.v1.layers_conv import Conv2D as Conv2D
from weft.compat.v1.layers_conv import Conv2DTranspose as Conv2DTranspose
from weft.compat.v1.layers_conv import Conv3D as Conv3D
from weft.compat.v1.layers_conv import Conv3DTranspose as Conv3DTranspose
from weft.compat.v1.layers_conv import SeparableConv1D as SeparableConv1D
from weft.compat.v1.layers_conv import SeparableConv2D as SeparableConv2D
from weft.compat.v1.layers_norm import BatchNormalization as BatchNormalization
from weft.compat.v1.layers_norm import batch_normalization as batch_normalization
from weft.compat.v1.layers_pool import AveragePooling1D as AveragePooling1D
from weft.compat.v1.layers_pool import AveragePooling2D as AveragePooling2D
from weft.compat.v1.layers_pool import AveragePooling3D as AveragePooling3D
from weft.compat.v1.layers_pool import MaxPooling1D as MaxPooling1D
from weft.compat.v1.layers_pool import MaxPooling2D as MaxPooling2D
from weft.compat.v1.layers_pool import MaxPooling3D as MaxPooling3D

def average_pooling1d(
    inputs: Any, pool_size: Any, strides: Any, padding: str = ..., data_format: str = ..., name: str | None = ...
) -> Any:
    """The mean of each window along one axis. See `AveragePooling1D` for the arguments."""

def average_pooling2d(
    inputs: Any, pool_size: Any, strides: Any, padding: str = ..., data_format: str = ..., name: str | None = ...
) -> Any:
    """The mean of each window of an image. See `AveragePooling2D` for the arguments."""

def average_pooling3d(
    inputs: Any, pool_size: Any, strides: Any, padding: str = ..., data_format: str = ..., name: str | None = ...
) -> Any:
    """The mean of each window of a volume. See `AveragePooling3D` for the arguments."""

def conv1d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = ..., padding: str = ..., data_format: str = ...,
    dilation_rate: Any = ..., activation: Any = ..., use_bias: bool = ..., kernel_initializer: Any = ...,
    bias_initializer: Any = ..., kernel_regularizer: Any = ..., bias_regularizer: Any = ..., activity_regularizer: Any =
    ..., kernel_constraint: Any = ..., bias_constraint: Any = ..., trainable: bool = ..., name: str | None = ..., reuse:
    Any = ...
) -> Any:
    """A layer `Conv1D` applied to `inputs`; `reuse` finds the variables of an earlier one."""

def conv2d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = ..., padding: str = ..., data_format: str = ...,
    dilation_rate: Any = ..., activation: Any = ..., use_bias: bool = ..., kernel_initializer: Any = ...,
    bias_initializer: Any = ..., kernel_regularizer: Any = ..., bias_regularizer: Any = ..., activity_regularizer: Any =
    ..., kernel_constraint: Any = ..., bias_constraint: Any = ..., trainable: bool = ..., name: str | None = ..., reuse:
    Any = ...
) -> Any:
    """A layer `Conv2D` applied to `inputs`; `reuse` finds the variables of an earlier one."""

def conv2d_transpose(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = ..., padding: str = ..., data_format: str = ...,
    activation: Any = ..., use_bias: bool = ..., kernel_initializer: Any = ..., bias_initializer: Any = ...,
    kernel_regularizer: Any = ..., bias_regularizer: Any = ..., activity_regularizer: Any = ..., kernel_constraint: Any
    = ..., bias_constraint: Any = ..., trainable: bool = ..., name: str | None = ..., reuse: Any = ...
) -> Any:
    """A layer `Conv2DTranspose` applied to `inputs`; `reuse` finds the variables of an earlier one."""

def conv3d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = ..., padding: str = ..., data_format: str = ...,
    dilation_rate: Any = ..., activation: Any = ..., use_bias: bool = ..., kernel_initializer: Any = ...,
    bias_initializer: Any = ..., kernel_regularizer: Any = ..., bias_regularizer: Any = ..., activity_regularizer: Any =
    ..., kernel_constraint: Any = ..., bias_constraint: Any = ..., trainable: bool = ..., name: str | None = ..., reuse:
    Any = ...
) -> Any:
    """A layer `Conv3D` applied to `inputs`; `reuse` finds the variables of an earlier one."""

def conv3d_transpose(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = ..., padding: str = ..., data_format: str = ...,
    activation: Any = ..., use_bias: bool = ..., kernel_initializer: Any = ..., bias_initializer: Any = ...,
    kernel_regularizer: Any = ..., bias_regularizer: Any = ..., activity_regularizer: Any = ..., kernel_constraint: Any
    = ..., bias_constraint: Any = ..., trainable: bool = ..., name: str | None = ..., reuse: Any = ...
) -> Any:
    """A layer `Conv3DTranspose` applied to `inputs`; `reuse` finds the variables of an earlier one."""

def max_pooling1d(
    inputs: Any, pool_size: Any, strides: Any, padding: str = ..., data_format: str = ..., name: str | None = ...
) -> Any:
    """The greatest number of each window along one axis. See `MaxPooling1D` for the arguments."""

def max_pooling2d(
    inputs: Any, pool_size: Any, strides: Any, padding: str = ..., data_format: str = ..., name: str | None = ...
) -> Any:
    """The greatest number of each window of an image. See `MaxPooling2D` for the arguments."""

def max_pooling3d(
    inputs: Any, pool_size: Any, strides: Any, padding: str = ..., data_format: str = ..., name: str | None = ...
) -> Any:
    """The greatest number of each window of a volume. See `MaxPooling3D` for the arguments."""

def separable_conv1d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = ..., padding: str = ..., data_format: str = ...,
    dilation_rate: Any = ..., depth_multiplier: int = ..., activation: Any = ..., use_bias: bool = ...,
    depthwise_initializer: Any = ..., pointwise_initializer: Any = ..., bias_initializer: Any = ...,
    depthwise_regularizer: Any = ..., pointwise_regularizer: Any = ..., bias_regularizer: Any = ...,
    activity_regularizer: Any = ..., depthwise_constraint: Any = ..., pointwise_constraint: Any = ..., bias_constraint:
    Any = ..., trainable: bool = ..., name: str | None = ..., reuse: Any = ...
) -> Any:
    """A layer `SeparableConv1D` applied to `inputs`; `reuse` finds the variables of an earlier one."""

def separable_conv2d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = ..., padding: str = ..., data_format: str = ...,
    dilation_rate: Any = ..., depth_multiplier: int = ..., activation: Any = ..., use_bias: bool = ...,
    depthwise_initializer: Any = ..., pointwise_initializer: Any = ..., bias_initializer: Any = ...,
    depthwise_regularizer: Any = ..., pointwise_regularizer: Any = ..., bias_regularizer: Any = ...,
    activity_regularizer: Any = ..., depthwise_constraint: Any = ..., pointwise_constraint: Any = ..., bias_constraint:
    Any = ..., trainable: bool = ..., name: str | None = ..., reuse: Any = ...
) -> Any:
    """A layer `SeparableConv2D` applied to `inputs`; `reuse` finds the variables of an earlier one."""
