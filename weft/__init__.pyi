"""Written by tools/make_stubs.py; do not edit."""

import builtins as _builtins
from typing import Any

from weft import autodiff as autodiff
from weft import autograph as autograph
from weft import compat as compat
from weft import data as data
from weft import extend as extend
from weft import keras as keras
from weft import version as version
from weft._public import audio as audio
from weft._public import bitwise as bitwise
from weft._public import config as config
from weft._public import debugging as debugging
from weft._public import distribute as distribute
from weft._public import dtypes as dtypes
from weft._public import errors as errors
from weft._public import experimental as experimental
from weft._public import feature_column as feature_column
from weft._public import image as image
from weft._public import io as io
from weft._public import linalg as linalg
from weft._public import lookup as lookup
from weft._public import math as math
from weft._public import nest as nest
from weft._public import nn as nn
from weft._public import profiler as profiler
from weft._public import quantization as quantization
from weft._public import queue as queue
from weft._public import ragged as ragged
from weft._public import random as random
from weft._public import saved_model as saved_model
from weft._public import sets as sets
from weft._public import signal as signal
from weft._public import sparse as sparse
from weft._public import strings as strings
from weft._public import summary as summary
from weft._public import sysconfig as sysconfig
from weft._public import test as test
from weft._public import train as train
from weft._public import types as types
from weft.api.approximate_top_k import approx_top_k as approx_top_k
from weft.api.array import batch_to_space as batch_to_space
from weft.api.array import bitcast as bitcast
from weft.api.array import boolean_mask as boolean_mask
from weft.api.array import broadcast_dynamic_shape as broadcast_dynamic_shape
from weft.api.array import broadcast_static_shape as broadcast_static_shape
from weft.api.array import broadcast_to as broadcast_to
from weft.api.array import cast as cast
from weft.api.array import concat as concat
from weft.api.array import constant as constant
from weft.api.array import convert_to_tensor as convert_to_tensor
from weft.api.array import ensure_shape as ensure_shape
from weft.api.array import expand_dims as expand_dims
from weft.api.array import eye as eye
from weft.api.array import fill as fill
from weft.api.array import gather as gather
from weft.api.array import gather_nd as gather_nd
from weft.api.array import guarantee_const as guarantee_const
from weft.api.array import identity as identity
from weft.api.array import is_tensor as is_tensor
from weft.api.array import meshgrid as meshgrid
from weft.api.array import newaxis as newaxis
from weft.api.array import one_hot as one_hot
from weft.api.array import ones as ones
from weft.api.array import ones_like as ones_like
from weft.api.array import pad as pad
from weft.api.array import range as range
from weft.api.array import rank as rank
from weft.api.array import register_tensor_conversion_function as register_tensor_conversion_function
from weft.api.array import repeat as repeat
from weft.api.array import reshape as reshape
from weft.api.array import reverse as reverse
from weft.api.array import reverse_sequence as reverse_sequence
from weft.api.array import roll as roll
from weft.api.array import saturate_cast as saturate_cast
from weft.api.array import scatter_nd as scatter_nd
from weft.api.array import sequence_mask as sequence_mask
from weft.api.array import shape as shape
from weft.api.array import size as size
from weft.api.array import slice as slice
from weft.api.array import space_to_batch as _space_to_batch_nd
from weft.api.array import space_to_batch as space_to_batch
from weft.api.array import split as split
from weft.api.array import squeeze as squeeze
from weft.api.array import stack as stack
from weft.api.array import stop_gradient as stop_gradient
from weft.api.array import strided_slice as strided_slice
from weft.api.array import tile as tile
from weft.api.array import transpose as transpose
from weft.api.array import unstack as unstack
from weft.api.array import where as where
from weft.api.array import zeros as zeros
from weft.api.array import zeros_like as zeros_like
from weft.api.asserts import Assert as Assert
from weft.api.asserts import assert_rank as assert_rank
from weft.api.critical import CriticalSection as CriticalSection
from weft.api.devices import DeviceSpec as DeviceSpec
from weft.api.devices import device as device
from weft.api.flow import case as case
from weft.api.flow import control_dependencies as control_dependencies
from weft.api.flow import executing_eagerly as executing_eagerly
from weft.api.flow import foldl as foldl
from weft.api.flow import foldr as foldr
from weft.api.flow import function as function
from weft.api.flow import get_logger as get_logger
from weft.api.flow import gradients as gradients
from weft.api.flow import group as group
from weft.api.flow import init_scope as init_scope
from weft.api.flow import inside_function as inside_function
from weft.api.flow import map_fn as map_fn
from weft.api.flow import no_op as no_op
from weft.api.flow import numpy_function as numpy_function
from weft.api.flow import print_ as _print
from weft.api.flow import py_function as py_function
from weft.api.flow import scan as scan
from weft.api.flow import switch_case as switch_case
from weft.api.flow import timestamp as timestamp
from weft.api.flow import while_loop as while_loop
from weft.api.histograms import histogram_fixed_width as histogram_fixed_width
from weft.api.histograms import histogram_fixed_width_bins as histogram_fixed_width_bins
from weft.api.initializers import constant_initializer as constant_initializer
from weft.api.initializers import ones_initializer as ones_initializer
from weft.api.initializers import random_normal_initializer as random_normal_initializer
from weft.api.initializers import random_uniform_initializer as random_uniform_initializer
from weft.api.initializers import zeros_initializer as zeros_initializer
from weft.api.math import add_n as add_n
from weft.api.math import argmax as argmax
from weft.api.math import argmin as argmin
from weft.api.math import atan2 as atan2
from weft.api.math import clip_by_global_norm as clip_by_global_norm
from weft.api.math import clip_by_norm as clip_by_norm
from weft.api.math import clip_by_value as clip_by_value
from weft.api.math import complex as complex
from weft.api.math import cumsum as cumsum
from weft.api.math import divide as _truediv
from weft.api.math import divide as divide
from weft.api.math import einsum as einsum
from weft.api.math import matmul as matmul
from weft.api.math import scalar_mul as scalar_mul
from weft.api.math import tensordot as tensordot
from weft.api.matrices import eig as eig
from weft.api.matrices import eigvals as eigvals
from weft.api.matrices import norm as norm
from weft.api.ordering import argsort as argsort
from weft.api.ordering import searchsorted as searchsorted
from weft.api.ordering import sort as sort
from weft.api.ordering import unique as unique
from weft.api.ordering import unique_with_counts as unique_with_counts
from weft.api.partition import dynamic_partition as dynamic_partition
from weft.api.partition import dynamic_stitch as dynamic_stitch
from weft.api.partition import grad_pass_through as grad_pass_through
from weft.api.partition import identity_n as identity_n
from weft.api.partition import parallel_stack as parallel_stack
from weft.api.partition import recompute_grad as recompute_grad
from weft.api.partition import shape_n as shape_n
from weft.api.partition import tuple_ as _tuple
from weft.api.partition import vectorized_map as vectorized_map
from weft.api.protos import make_ndarray as make_ndarray
from weft.api.protos import make_tensor_proto as make_tensor_proto
from weft.api.sets import edit_distance as edit_distance
from weft.api.spaced import linspace as linspace
from weft.api.strings import as_string as as_string
from weft.api.tensor_array import TensorArray as TensorArray
from weft.api.top_level import extract_volume_patches as extract_volume_patches
from weft.api.top_level import fingerprint as fingerprint
from weft.api.top_level import get_current_name_scope as get_current_name_scope
from weft.api.top_level import is_symbolic_tensor as is_symbolic_tensor
from weft.api.top_level import matrix_square_root as matrix_square_root
from weft.api.top_level import realdiv as realdiv
from weft.api.top_level import type_spec_from_value as type_spec_from_value
from weft.base.dtypes import QUANTIZED_DTYPES as QUANTIZED_DTYPES
from weft.base.dtypes import DType as DType
from weft.base.dtypes import as_dtype as as_dtype
from weft.base.dtypes import bfloat16 as bfloat16
from weft.base.dtypes import bool_ as _bool
from weft.base.dtypes import complex64 as complex64
from weft.base.dtypes import complex128 as complex128
from weft.base.dtypes import float16 as _half
from weft.base.dtypes import float16 as float16
from weft.base.dtypes import float32 as float32
from weft.base.dtypes import float64 as _double
from weft.base.dtypes import float64 as float64
from weft.base.dtypes import int8 as int8
from weft.base.dtypes import int16 as int16
from weft.base.dtypes import int32 as int32
from weft.base.dtypes import int64 as int64
from weft.base.dtypes import qint8 as qint8
from weft.base.dtypes import qint16 as qint16
from weft.base.dtypes import qint32 as qint32
from weft.base.dtypes import quint8 as quint8
from weft.base.dtypes import quint16 as quint16
from weft.base.dtypes import resource as resource
from weft.base.dtypes import string as string
from weft.base.dtypes import uint8 as uint8
from weft.base.dtypes import uint16 as uint16
from weft.base.dtypes import uint32 as uint32
from weft.base.dtypes import uint64 as uint64
from weft.base.dtypes import variant as variant
from weft.base.shapes import TensorShape as TensorShape
from weft.compat import graph_util as graph_util
from weft.compat import raw_ops as raw_ops
from weft.compat.hook import install_as_tensorflow as install_as_tensorflow
from weft.compat.hook import uninstall_as_tensorflow as uninstall_as_tensorflow
from weft.compat.v1.dropped_ops import AggregationMethod as AggregationMethod
from weft.compat.v1.dropped_ops import required_space_to_batch_paddings as required_space_to_batch_paddings
from weft.compat.v1.dropped_ops import unravel_index as unravel_index
from weft.compat.v1.graph_import import import_graph_def as import_graph_def
from weft.compat.v1.state_ops import hessians as hessians
from weft.data.optional import OptionalSpec as OptionalSpec
from weft.data.structure import NoneTensorSpec as NoneTensorSpec
from weft.keras import initializers as initializers
from weft.keras import losses as losses
from weft.keras import metrics as metrics
from weft.keras import optimizers as optimizers
from weft.runtime.aggregation import VariableAggregation as VariableAggregation
from weft.runtime.aggregation import VariableSynchronization as VariableSynchronization
from weft.runtime.composite import IndexedSlices as IndexedSlices
from weft.runtime.composite import IndexedSlicesSpec as IndexedSlicesSpec
from weft.runtime.control import cond as cond
from weft.runtime.custom_gradient import custom_gradient as custom_gradient
from weft.runtime.gradient_overrides import RegisterGradient as RegisterGradient
from weft.runtime.gradient_overrides import no_gradient as no_gradient
from weft.runtime.graph import Graph as Graph
from weft.runtime.graph import Operation as Operation
from weft.runtime.module import Module as Module
from weft.runtime.ragged import RaggedTensor as RaggedTensor
from weft.runtime.ragged import RaggedTensorSpec as RaggedTensorSpec
from weft.runtime.scopes import NameScope as _name_scope
from weft.runtime.sparse import SparseTensor as SparseTensor
from weft.runtime.sparse import SparseTensorSpec as SparseTensorSpec
from weft.runtime.spec import TensorSpec as TensorSpec
from weft.runtime.spec import TypeSpec as TypeSpec
from weft.runtime.static import get_static_value as get_static_value
from weft.runtime.tape import GradientTape as GradientTape
from weft.runtime.tape import UnconnectedGradients as UnconnectedGradients
from weft.runtime.tensor import Tensor as Tensor
from weft.runtime.variable import Variable as Variable
from weft.runtime.variable import variable_creator_scope as variable_creator_scope
from weft.version import __version__ as __version__

bool = _bool
double = _double
half = _half
name_scope = _name_scope
print = _print
space_to_batch_nd = _space_to_batch_nd
truediv = _truediv
tuple = _tuple

def abs(x: Any, name: str | None = ...) -> Any:
    """The absolute value; the modulus of complex numbers."""

def acos(x: Any, name: str | None = ...) -> Any:
    """The inverse cosine."""

def acosh(x: Any, name: str | None = ...) -> Any:
    """The inverse hyperbolic cosine."""

def add(x: Any, y: Any, name: str | None = ...) -> Any:
    """x + y."""

def asin(x: Any, name: str | None = ...) -> Any:
    """The inverse sine."""

def asinh(x: Any, name: str | None = ...) -> Any:
    """The inverse hyperbolic sine."""

def assert_equal(x: Any, y: Any, message: str | None = ..., summarize: Any = ..., name: str | None = ...) -> Any:
    """"""

def assert_greater(x: Any, y: Any, message: str | None = ..., summarize: Any = ..., name: str | None = ...) -> Any:
    """"""

def assert_less(x: Any, y: Any, message: str | None = ..., summarize: Any = ..., name: str | None = ...) -> Any:
    """"""

def atan(x: Any, name: str | None = ...) -> Any:
    """The inverse tangent."""

def atanh(x: Any, name: str | None = ...) -> Any:
    """The inverse hyperbolic tangent."""

def cos(x: Any, name: str | None = ...) -> Any:
    """The cosine."""

def cosh(x: Any, name: str | None = ...) -> Any:
    """The hyperbolic cosine."""

def equal(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x is y; NaN equals nothing."""

def exp(x: Any, name: str | None = ...) -> Any:
    """e to the x."""

def floor(x: Any, name: str | None = ...) -> Any:
    """The greatest whole number that is not above x."""

def floordiv(x: Any, y: Any, name: str | None = ...) -> Any:
    """The quotient rounded towards minus infinity."""

def greater(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x > y."""

def greater_equal(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x >= y."""

def less(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x < y."""

def less_equal(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x <= y."""

def logical_and(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether both hold."""

def logical_not(x: Any, name: str | None = ...) -> Any:
    """Whether it does not hold."""

def logical_or(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether at least one holds."""

def maximum(x: Any, y: Any, name: str | None = ...) -> Any:
    """The greater of x and y; NaN where either is."""

def minimum(x: Any, y: Any, name: str | None = ...) -> Any:
    """The lesser of x and y; NaN where either is."""

def mod(x: Any, y: Any, name: str | None = ...) -> Any:
    """The remainder with the sign of y."""

def multiply(x: Any, y: Any, name: str | None = ...) -> Any:
    """x * y."""

def negative(x: Any, name: str | None = ...) -> Any:
    """-x."""

def not_equal(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x differs from y; NaN differs from everything."""

def pow(x: Any, y: Any, name: str | None = ...) -> Any:
    """x to the power y: for y = 1 that is x, and for floats and y = 2 it is x * x, rounded once."""

def reduce_all(input_tensor: Any, axis: Any = ..., keepdims: _builtins.bool = ..., name: str | None = ...) -> Any:
    """reduce all over axes (all of them where `axis` is None)."""

def reduce_any(input_tensor: Any, axis: Any = ..., keepdims: _builtins.bool = ..., name: str | None = ...) -> Any:
    """reduce any over axes (all of them where `axis` is None)."""

def reduce_logsumexp(input_tensor: Any, axis: Any = ..., keepdims: _builtins.bool = ..., name: str | None = ...) -> Any:
    """reduce logsumexp over axes (all of them where `axis` is None)."""

def reduce_max(input_tensor: Any, axis: Any = ..., keepdims: _builtins.bool = ..., name: str | None = ...) -> Any:
    """reduce max over axes (all of them where `axis` is None)."""

def reduce_mean(input_tensor: Any, axis: Any = ..., keepdims: _builtins.bool = ..., name: str | None = ...) -> Any:
    """reduce mean over axes (all of them where `axis` is None)."""

def reduce_min(input_tensor: Any, axis: Any = ..., keepdims: _builtins.bool = ..., name: str | None = ...) -> Any:
    """reduce min over axes (all of them where `axis` is None)."""

def reduce_prod(input_tensor: Any, axis: Any = ..., keepdims: _builtins.bool = ..., name: str | None = ...) -> Any:
    """reduce prod over axes (all of them where `axis` is None)."""

def reduce_sum(input_tensor: Any, axis: Any = ..., keepdims: _builtins.bool = ..., name: str | None = ...) -> Any:
    """reduce sum over axes (all of them where `axis` is None)."""

def round(x: Any, name: str | None = ...) -> Any:
    """The nearest whole number; halves go to the even one."""

def sigmoid(x: Any, name: str | None = ...) -> Any:
    """The special function sigmoid, element by element."""

def sign(x: Any, name: str | None = ...) -> Any:
    """-1, 0 or 1; x / |x| for complex numbers."""

def sin(x: Any, name: str | None = ...) -> Any:
    """The sine."""

def sinh(x: Any, name: str | None = ...) -> Any:
    """The hyperbolic sine."""

def sqrt(x: Any, name: str | None = ...) -> Any:
    """The square root."""

def square(x: Any, name: str | None = ...) -> Any:
    """x times x."""

def subtract(x: Any, y: Any, name: str | None = ...) -> Any:
    """x - y."""

def tan(x: Any, name: str | None = ...) -> Any:
    """The tangent."""

def tanh(x: Any, name: str | None = ...) -> Any:
    """The hyperbolic tangent."""

def tensor_scatter_nd_add(
    tensor: Any, indices: Any, updates: Any, name: str | None = ..., bad_indices_policy: str = ...
) -> Any:
    """"""

def tensor_scatter_nd_max(
    tensor: Any, indices: Any, updates: Any, name: str | None = ..., bad_indices_policy: str = ...
) -> Any:
    """"""

def tensor_scatter_nd_min(
    tensor: Any, indices: Any, updates: Any, name: str | None = ..., bad_indices_policy: str = ...
) -> Any:
    """"""

def tensor_scatter_nd_sub(
    tensor: Any, indices: Any, updates: Any, name: str | None = ..., bad_indices_policy: str = ...
) -> Any:
    """"""

def tensor_scatter_nd_update(
    tensor: Any, indices: Any, updates: Any, name: str | None = ..., bad_indices_policy: str = ...
) -> Any:
    """"""

def truncatediv(x: Any, y: Any, name: str | None = ...) -> Any:
    """The quotient rounded towards zero."""

def truncatemod(x: Any, y: Any, name: str | None = ...) -> Any:
    """The remainder with the sign of x."""
