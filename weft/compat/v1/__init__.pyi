"""Written by tools/make_stubs.py; do not edit."""

import builtins as _builtins
from typing import Any

from weft import autodiff as autodiff
from weft import compat as compat
from weft import keras as keras
from weft._public import bitwise as bitwise
from weft._public import distribute as distribute
from weft._public import experimental as experimental
from weft._public import lookup as lookup
from weft._public import nest as nest
from weft._public import sysconfig as sysconfig
from weft._public.v1 import app as app
from weft._public.v1 import audio as audio
from weft._public.v1 import autograph as autograph
from weft._public.v1 import config as config
from weft._public.v1 import contrib as contrib
from weft._public.v1 import data as data
from weft._public.v1 import debugging as debugging
from weft._public.v1 import distributions as distributions
from weft._public.v1 import dtypes as dtypes
from weft._public.v1 import errors as errors
from weft._public.v1 import examples as examples
from weft._public.v1 import feature_column as feature_column
from weft._public.v1 import flags as flags
from weft._public.v1 import gfile as gfile
from weft._public.v1 import graph_util as graph_util
from weft._public.v1 import image as image
from weft._public.v1 import initializers as initializers
from weft._public.v1 import io as io
from weft._public.v1 import layers as layers
from weft._public.v1 import linalg as linalg
from weft._public.v1 import logging as logging
from weft._public.v1 import losses as losses
from weft._public.v1 import manip as manip
from weft._public.v1 import math as math
from weft._public.v1 import metrics as metrics
from weft._public.v1 import nn as nn
from weft._public.v1 import python_io as python_io
from weft._public.v1 import quantization as quantization
from weft._public.v1 import queue as queue
from weft._public.v1 import ragged as ragged
from weft._public.v1 import random as random
from weft._public.v1 import resource_loader as resource_loader
from weft._public.v1 import saved_model as saved_model
from weft._public.v1 import sets as sets
from weft._public.v1 import signal as signal
from weft._public.v1 import sparse as sparse
from weft._public.v1 import spectral as spectral
from weft._public.v1 import strings as strings
from weft._public.v1 import summary as summary
from weft._public.v1 import test as test
from weft._public.v1 import train as train
from weft._public.v1 import user_ops as user_ops
from weft._public.v1 import version as version
from weft.api.array import bitcast as bitcast
from weft.api.array import boolean_mask as boolean_mask
from weft.api.array import broadcast_dynamic_shape as broadcast_dynamic_shape
from weft.api.array import broadcast_static_shape as broadcast_static_shape
from weft.api.array import broadcast_to as broadcast_to
from weft.api.array import cast as cast
from weft.api.array import constant as constant
from weft.api.array import ensure_shape as ensure_shape
from weft.api.array import eye as eye
from weft.api.array import gather as gather
from weft.api.array import gather_nd as gather_nd
from weft.api.array import guarantee_const as guarantee_const
from weft.api.array import identity as identity
from weft.api.array import is_tensor as is_tensor
from weft.api.array import meshgrid as meshgrid
from weft.api.array import newaxis as newaxis
from weft.api.array import one_hot as one_hot
from weft.api.array import ones_like as ones_like
from weft.api.array import pad as pad
from weft.api.array import range as range
from weft.api.array import rank as rank
from weft.api.array import register_tensor_conversion_function as register_tensor_conversion_function
from weft.api.array import repeat as repeat
from weft.api.array import reshape as reshape
from weft.api.array import reverse as _reverse_v2
from weft.api.array import roll as roll
from weft.api.array import saturate_cast as saturate_cast
from weft.api.array import scatter_nd as scatter_nd
from weft.api.array import sequence_mask as sequence_mask
from weft.api.array import shape as shape
from weft.api.array import size as size
from weft.api.array import slice as slice
from weft.api.array import space_to_batch as _space_to_batch_nd
from weft.api.array import stack as stack
from weft.api.array import stop_gradient as stop_gradient
from weft.api.array import strided_slice as strided_slice
from weft.api.array import tile as tile
from weft.api.array import transpose as transpose
from weft.api.array import unstack as unstack
from weft.api.asserts import assert_proper_iterable as assert_proper_iterable
from weft.api.asserts import assert_same_float_dtype as assert_same_float_dtype
from weft.api.asserts import check_numerics as check_numerics
from weft.api.asserts import is_numeric_tensor as is_numeric_tensor
from weft.api.critical import CriticalSection as CriticalSection
from weft.api.devices import device as device
from weft.api.file_ops import parse_tensor as parse_tensor
from weft.api.file_ops import serialize_tensor as serialize_tensor
from weft.api.flow import control_dependencies as control_dependencies
from weft.api.flow import executing_eagerly as executing_eagerly
from weft.api.flow import foldl as foldl
from weft.api.flow import foldr as foldr
from weft.api.flow import function as function
from weft.api.flow import get_logger as get_logger
from weft.api.flow import group as group
from weft.api.flow import init_scope as init_scope
from weft.api.flow import map_fn as map_fn
from weft.api.flow import no_op as no_op
from weft.api.flow import numpy_function as numpy_function
from weft.api.flow import print_ as _print
from weft.api.flow import py_function as py_function
from weft.api.flow import scan as scan
from weft.api.flow import timestamp as timestamp
from weft.api.histograms import histogram_fixed_width as histogram_fixed_width
from weft.api.io import decode_base64 as decode_base64
from weft.api.io import decode_compressed as decode_compressed
from weft.api.io import encode_base64 as encode_base64
from weft.api.math import accumulate_n as accumulate_n
from weft.api.math import angle as angle
from weft.api.math import atan2 as atan2
from weft.api.math import betainc as betainc
from weft.api.math import bincount as bincount
from weft.api.math import clip_by_norm as clip_by_norm
from weft.api.math import clip_by_value as clip_by_value
from weft.api.math import complex as complex
from weft.api.math import confusion_matrix as confusion_matrix
from weft.api.math import cumprod as cumprod
from weft.api.math import cumsum as cumsum
from weft.api.math import divide as _truediv
from weft.api.math import divide as divide
from weft.api.math import divide_no_nan as _div_no_nan
from weft.api.math import einsum as einsum
from weft.api.math import global_norm as global_norm
from weft.api.math import igamma as igamma
from weft.api.math import igammac as igammac
from weft.api.math import imag as imag
from weft.api.math import invert_permutation as invert_permutation
from weft.api.math import is_non_decreasing as is_non_decreasing
from weft.api.math import is_strictly_increasing as is_strictly_increasing
from weft.api.math import lbeta as lbeta
from weft.api.math import matmul as matmul
from weft.api.math import polygamma as polygamma
from weft.api.math import tensordot as tensordot
from weft.api.math import unsorted_segment_mean as unsorted_segment_mean
from weft.api.math import unsorted_segment_sqrt_n as unsorted_segment_sqrt_n
from weft.api.math import zeta as zeta
from weft.api.matrices import band_part as _matrix_band_part
from weft.api.matrices import cholesky_solve as cholesky_solve
from weft.api.matrices import cross as cross
from weft.api.matrices import diag as _matrix_diag
from weft.api.matrices import diag_part as _matrix_diag_part
from weft.api.matrices import eigh as _self_adjoint_eig
from weft.api.matrices import eigvalsh as _self_adjoint_eigvals
from weft.api.matrices import inv as _matrix_inverse
from weft.api.matrices import matrix_transpose as matrix_transpose
from weft.api.matrices import qr as qr
from weft.api.matrices import set_diag as _matrix_set_diag
from weft.api.matrices import solve as _matrix_solve
from weft.api.matrices import svd as svd
from weft.api.matrices import trace as trace
from weft.api.matrices import triangular_solve as _matrix_triangular_solve
from weft.api.ordering import argsort as argsort
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
from weft.api.partition import vectorized_map as vectorized_map
from weft.api.protos import make_ndarray as make_ndarray
from weft.api.protos import make_tensor_proto as make_tensor_proto
from weft.api.quantization import fake_quant_with_min_max_args as fake_quant_with_min_max_args
from weft.api.quantization import fake_quant_with_min_max_args_gradient as fake_quant_with_min_max_args_gradient
from weft.api.quantization import fake_quant_with_min_max_vars as fake_quant_with_min_max_vars
from weft.api.quantization import fake_quant_with_min_max_vars_gradient as fake_quant_with_min_max_vars_gradient
from weft.api.quantization import fake_quant_with_min_max_vars_per_channel as fake_quant_with_min_max_vars_per_channel
from weft.api.quantization import (
    fake_quant_with_min_max_vars_per_channel_gradient as fake_quant_with_min_max_vars_per_channel_gradient,
)
from weft.api.sets import edit_distance as edit_distance
from weft.api.spaced import linspace as linspace
from weft.api.sparse_files import deserialize_many_sparse as deserialize_many_sparse
from weft.api.strings import as_string as as_string
from weft.api.strings import join as _string_join
from weft.api.strings import strip as _string_strip
from weft.api.strings import to_hash_bucket_fast as _string_to_hash_bucket_fast
from weft.api.strings import to_hash_bucket_strong as _string_to_hash_bucket_strong
from weft.api.tensor_array import TensorArray as TensorArray
from weft.api.top_level import extract_volume_patches as extract_volume_patches
from weft.api.top_level import fingerprint as fingerprint
from weft.base.dimension import Dimension as Dimension
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
from weft.compat.v1.dropped_ops import AggregationMethod as AggregationMethod
from weft.compat.v1.dropped_ops import add_check_numerics_ops as add_check_numerics_ops
from weft.compat.v1.dropped_ops import add_to_collections as add_to_collections
from weft.compat.v1.dropped_ops import assert_integer as assert_integer
from weft.compat.v1.dropped_ops import assert_near as assert_near
from weft.compat.v1.dropped_ops import assert_none_equal as assert_none_equal
from weft.compat.v1.dropped_ops import assert_rank as assert_rank
from weft.compat.v1.dropped_ops import assert_rank_at_least as assert_rank_at_least
from weft.compat.v1.dropped_ops import assert_rank_in as assert_rank_in
from weft.compat.v1.dropped_ops import assert_scalar as assert_scalar
from weft.compat.v1.dropped_ops import assert_type as assert_type
from weft.compat.v1.dropped_ops import assert_variables_initialized as assert_variables_initialized
from weft.compat.v1.dropped_ops import batch_gather as batch_gather
from weft.compat.v1.dropped_ops import batch_to_space as batch_to_space
from weft.compat.v1.dropped_ops import clip_by_average_norm as clip_by_average_norm
from weft.compat.v1.dropped_ops import colocate_with as colocate_with
from weft.compat.v1.dropped_ops import container as container
from weft.compat.v1.dropped_ops import convert_to_tensor_or_indexed_slices as convert_to_tensor_or_indexed_slices
from weft.compat.v1.dropped_ops import lin_space as lin_space
from weft.compat.v1.dropped_ops import matrix_solve_ls as matrix_solve_ls
from weft.compat.v1.dropped_ops import model_variables as model_variables
from weft.compat.v1.dropped_ops import moving_average_variables as moving_average_variables
from weft.compat.v1.dropped_ops import no_regularizer as no_regularizer
from weft.compat.v1.dropped_ops import op_scope as op_scope
from weft.compat.v1.dropped_ops import required_space_to_batch_paddings as required_space_to_batch_paddings
from weft.compat.v1.dropped_ops import reverse as reverse
from weft.compat.v1.dropped_ops import select as select
from weft.compat.v1.dropped_ops import setdiff1d as setdiff1d
from weft.compat.v1.dropped_ops import space_to_batch as space_to_batch
from weft.compat.v1.dropped_ops import to_complex128 as to_complex128
from weft.compat.v1.dropped_ops import unravel_index as unravel_index
from weft.compat.v1.dropped_ops import verify_tensor_all_finite as verify_tensor_all_finite
from weft.compat.v1.dropped_ops import where_v2 as where_v2
from weft.compat.v1.flow import Assert as Assert
from weft.compat.v1.flow import Print as Print
from weft.compat.v1.flow import case as case
from weft.compat.v1.flow import cond as cond
from weft.compat.v1.flow import py_func as py_func
from weft.compat.v1.flow import switch_case as switch_case
from weft.compat.v1.flow import tuple as tuple
from weft.compat.v1.flow import while_loop as while_loop
from weft.compat.v1.graphs import Variable as Variable
from weft.compat.v1.graphs import _as_version_1 as _as_version_1
from weft.compat.v1.graphs import add_to_collection as add_to_collection
from weft.compat.v1.graphs import assign as assign
from weft.compat.v1.graphs import assign_add as assign_add
from weft.compat.v1.graphs import assign_sub as assign_sub
from weft.compat.v1.graphs import control_flow_v2_enabled as control_flow_v2_enabled
from weft.compat.v1.graphs import dimension_at_index as dimension_at_index
from weft.compat.v1.graphs import dimension_value as dimension_value
from weft.compat.v1.graphs import disable_control_flow_v2 as disable_control_flow_v2
from weft.compat.v1.graphs import disable_eager_execution as disable_eager_execution
from weft.compat.v1.graphs import disable_resource_variables as disable_resource_variables
from weft.compat.v1.graphs import disable_tensor_equality as disable_tensor_equality
from weft.compat.v1.graphs import disable_v2_behavior as disable_v2_behavior
from weft.compat.v1.graphs import disable_v2_tensorshape as disable_v2_tensorshape
from weft.compat.v1.graphs import enable_control_flow_v2 as enable_control_flow_v2
from weft.compat.v1.graphs import enable_eager_execution as enable_eager_execution
from weft.compat.v1.graphs import enable_resource_variables as enable_resource_variables
from weft.compat.v1.graphs import enable_tensor_equality as enable_tensor_equality
from weft.compat.v1.graphs import enable_v2_behavior as enable_v2_behavior
from weft.compat.v1.graphs import enable_v2_tensorshape as enable_v2_tensorshape
from weft.compat.v1.graphs import executing_eagerly_outside_functions as executing_eagerly_outside_functions
from weft.compat.v1.graphs import get_collection as get_collection
from weft.compat.v1.graphs import get_collection_ref as get_collection_ref
from weft.compat.v1.graphs import get_default_session as get_default_session
from weft.compat.v1.graphs import get_seed as get_seed
from weft.compat.v1.graphs import global_variables as global_variables
from weft.compat.v1.graphs import global_variables_initializer as global_variables_initializer
from weft.compat.v1.graphs import gradients as gradients
from weft.compat.v1.graphs import is_variable_initialized as is_variable_initialized
from weft.compat.v1.graphs import local_variables as local_variables
from weft.compat.v1.graphs import local_variables_initializer as local_variables_initializer
from weft.compat.v1.graphs import placeholder_with_default as placeholder_with_default
from weft.compat.v1.graphs import report_uninitialized_variables as report_uninitialized_variables
from weft.compat.v1.graphs import resource_variables_enabled as resource_variables_enabled
from weft.compat.v1.graphs import set_random_seed as set_random_seed
from weft.compat.v1.graphs import tables_initializer as tables_initializer
from weft.compat.v1.graphs import trainable_variables as trainable_variables
from weft.compat.v1.graphs import variables_initializer as variables_initializer
from weft.compat.v1.initializers import constant_initializer as constant_initializer
from weft.compat.v1.initializers import glorot_normal_initializer as glorot_normal_initializer
from weft.compat.v1.initializers import glorot_uniform_initializer as glorot_uniform_initializer
from weft.compat.v1.initializers import ones_initializer as ones_initializer
from weft.compat.v1.initializers import orthogonal_initializer as orthogonal_initializer
from weft.compat.v1.initializers import random_normal_initializer as random_normal_initializer
from weft.compat.v1.initializers import random_uniform_initializer as random_uniform_initializer
from weft.compat.v1.initializers import truncated_normal_initializer as truncated_normal_initializer
from weft.compat.v1.initializers import uniform_unit_scaling_initializer as uniform_unit_scaling_initializer
from weft.compat.v1.initializers import variance_scaling_initializer as variance_scaling_initializer
from weft.compat.v1.initializers import zeros_initializer as zeros_initializer
from weft.compat.v1.io import decode_raw as decode_raw
from weft.compat.v1.making import convert_to_tensor as convert_to_tensor
from weft.compat.v1.making import ones as ones
from weft.compat.v1.making import random_crop as random_crop
from weft.compat.v1.making import random_normal as random_normal
from weft.compat.v1.making import random_uniform as random_uniform
from weft.compat.v1.making import truncated_normal as truncated_normal
from weft.compat.v1.making import zeros as zeros
from weft.compat.v1.making import zeros_like as zeros_like
from weft.compat.v1.old_names import concat as concat
from weft.compat.v1.ops import add_n as add_n
from weft.compat.v1.ops import arg_max as arg_max
from weft.compat.v1.ops import arg_min as arg_min
from weft.compat.v1.ops import argmax as argmax
from weft.compat.v1.ops import argmin as argmin
from weft.compat.v1.ops import batch_matmul as batch_matmul
from weft.compat.v1.ops import clip_by_global_norm as clip_by_global_norm
from weft.compat.v1.ops import count_nonzero as count_nonzero
from weft.compat.v1.ops import depth_to_space as depth_to_space
from weft.compat.v1.ops import diag as diag
from weft.compat.v1.ops import diag_part as diag_part
from weft.compat.v1.ops import div as div
from weft.compat.v1.ops import expand_dims as expand_dims
from weft.compat.v1.ops import multinomial as multinomial
from weft.compat.v1.ops import norm as norm
from weft.compat.v1.ops import random_gamma as random_gamma
from weft.compat.v1.ops import random_poisson as random_poisson
from weft.compat.v1.ops import random_shuffle as random_shuffle
from weft.compat.v1.ops import real as real
from weft.compat.v1.ops import reverse_sequence as reverse_sequence
from weft.compat.v1.ops import scalar_mul as scalar_mul
from weft.compat.v1.ops import searchsorted as searchsorted
from weft.compat.v1.ops import space_to_depth as space_to_depth
from weft.compat.v1.ops import split as split
from weft.compat.v1.ops import squeeze as squeeze
from weft.compat.v1.ops import where as where
from weft.compat.v1.partitioners import create_partitioned_variables as create_partitioned_variables
from weft.compat.v1.partitioners import fixed_size_partitioner as fixed_size_partitioner
from weft.compat.v1.partitioners import min_max_variable_partitioner as min_max_variable_partitioner
from weft.compat.v1.partitioners import variable_axis_size_partitioner as variable_axis_size_partitioner
from weft.compat.v1.strings import reduce_join as reduce_join
from weft.compat.v1.strings import regex_replace as regex_replace
from weft.compat.v1.strings import substr as substr
from weft.compat.v1.strings import to_hash_bucket as _string_to_hash_bucket
from weft.compat.v1.strings import to_number as _string_to_number
from weft.compat.v1.variable_scopes import AUTO_REUSE as AUTO_REUSE
from weft.compat.v1.variable_scopes import VariableScope as VariableScope
from weft.compat.v1.variable_scopes import get_local_variable as get_local_variable
from weft.compat.v1.variable_scopes import get_variable as get_variable
from weft.compat.v1.variable_scopes import get_variable_scope as get_variable_scope
from weft.compat.v1.variable_scopes import variable_op_scope as variable_op_scope
from weft.compat.v1.variable_scopes import variable_scope as variable_scope
from weft.data.optional import OptionalSpec as OptionalSpec
from weft.formats.messages.config import ConfigProto as ConfigProto
from weft.formats.messages.config import GPUOptions as GPUOptions
from weft.formats.messages.config import GraphOptions as GraphOptions
from weft.formats.messages.config import OptimizerOptions as OptimizerOptions
from weft.runtime.aggregation import VariableAggregation as VariableAggregation
from weft.runtime.aggregation import VariableSynchronization as VariableSynchronization
from weft.runtime.composite import IndexedSlices as IndexedSlices
from weft.runtime.composite import IndexedSlicesSpec as IndexedSlicesSpec
from weft.runtime.custom_gradient import custom_gradient as custom_gradient
from weft.runtime.graph import Graph as Graph
from weft.runtime.graph import GraphKeys as GraphKeys
from weft.runtime.graph import Operation as Operation
from weft.runtime.graph import default_graph as _get_default_graph
from weft.runtime.graph import placeholder as placeholder
from weft.runtime.graph import reset_default_graph as reset_default_graph
from weft.runtime.module import Module as Module
from weft.runtime.ragged import RaggedTensor as RaggedTensor
from weft.runtime.ragged import RaggedTensorSpec as RaggedTensorSpec
from weft.runtime.scopes import NameScope as _name_scope
from weft.runtime.session import InteractiveSession as InteractiveSession
from weft.runtime.session import Session as Session
from weft.runtime.sparse import SparseTensorSpec as SparseTensorSpec
from weft.runtime.spec import TensorSpec as TensorSpec
from weft.runtime.spec import TypeSpec as TypeSpec
from weft.runtime.static import get_static_value as get_static_value
from weft.runtime.tape import GradientTape as GradientTape
from weft.runtime.tape import UnconnectedGradients as UnconnectedGradients
from weft.runtime.tensor import Tensor as Tensor
from weft.runtime.variable import variable_creator_scope as variable_creator_scope

bool = _bool
div_no_nan = _div_no_nan
double = _double
get_default_graph = _get_default_graph
half = _half
matrix_band_part = _matrix_band_part
matrix_diag = _matrix_diag
matrix_diag_part = _matrix_diag_part
matrix_inverse = _matrix_inverse
matrix_set_diag = _matrix_set_diag
matrix_solve = _matrix_solve
matrix_triangular_solve = _matrix_triangular_solve
name_scope = _name_scope
print = _print
reverse_v2 = _reverse_v2
self_adjoint_eig = _self_adjoint_eig
self_adjoint_eigvals = _self_adjoint_eigvals
space_to_batch_nd = _space_to_batch_nd
string_join = _string_join
string_strip = _string_strip
string_to_hash_bucket = _string_to_hash_bucket
string_to_hash_bucket_fast = _string_to_hash_bucket_fast
string_to_hash_bucket_strong = _string_to_hash_bucket_strong
string_to_number = _string_to_number
truediv = _truediv
__version__: str
VERSION: str

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

def assert_equal(
    x: Any, y: Any, data: Any = ..., summarize: Any = ..., message: str | None = ..., name: str | None = ...
) -> Any:
    """As `weft.debugging.assert_equal`; in a graph, an operation to depend on."""

def assert_greater(
    x: Any, y: Any, data: Any = ..., summarize: Any = ..., message: str | None = ..., name: str | None = ...
) -> Any:
    """As `weft.debugging.assert_greater`; in a graph, an operation to depend on."""

def assert_greater_equal(
    x: Any, y: Any, data: Any = ..., summarize: Any = ..., message: str | None = ..., name: str | None = ...
) -> Any:
    """As `weft.debugging.assert_greater_equal`; in a graph, an operation to depend on."""

def assert_less(
    x: Any, y: Any, data: Any = ..., summarize: Any = ..., message: str | None = ..., name: str | None = ...
) -> Any:
    """As `weft.debugging.assert_less`; in a graph, an operation to depend on."""

def assert_less_equal(
    x: Any, y: Any, data: Any = ..., summarize: Any = ..., message: str | None = ..., name: str | None = ...
) -> Any:
    """As `weft.debugging.assert_less_equal`; in a graph, an operation to depend on."""

def assert_negative(
    x: Any, data: Any = ..., summarize: Any = ..., message: str | None = ..., name: str | None = ...
) -> Any:
    """As `assert_less` with 0 behind it."""

def assert_non_negative(
    x: Any, data: Any = ..., summarize: Any = ..., message: str | None = ..., name: str | None = ...
) -> Any:
    """As `assert_less_equal` with 0 before it."""

def assert_non_positive(
    x: Any, data: Any = ..., summarize: Any = ..., message: str | None = ..., name: str | None = ...
) -> Any:
    """As `assert_less_equal` with 0 behind it."""

def assert_positive(
    x: Any, data: Any = ..., summarize: Any = ..., message: str | None = ..., name: str | None = ...
) -> Any:
    """As `assert_less` with 0 before it."""

def atan(x: Any, name: str | None = ...) -> Any:
    """The inverse tangent."""

def atanh(x: Any, name: str | None = ...) -> Any:
    """The inverse hyperbolic tangent."""

def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = ...) -> Any:
    """Parts of the batch woven back into space, its edges cropped; undoes `space_to_batch`."""

def ceil(x: Any, name: str | None = ...) -> Any:
    """The least whole number that is not below x."""

def cholesky(input: Any, name: str | None = ...) -> Any:
    """"""

def conj(x: Any, name: str | None = ...) -> Any:
    """The complex conjugate."""

def cos(x: Any, name: str | None = ...) -> Any:
    """The cosine."""

def cosh(x: Any, name: str | None = ...) -> Any:
    """The hyperbolic cosine."""

def digamma(x: Any, name: str | None = ...) -> Any:
    """The special function digamma, element by element."""

def equal(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x is y; NaN equals nothing."""

def erf(x: Any, name: str | None = ...) -> Any:
    """The special function erf, element by element."""

def erfc(x: Any, name: str | None = ...) -> Any:
    """The special function erfc, element by element."""

def exp(x: Any, name: str | None = ...) -> Any:
    """e to the x."""

def expm1(x: Any, name: str | None = ...) -> Any:
    """e to the x, less 1, exact for small x."""

def fft(input: Any, name: str | None = ...) -> Any:
    """The Fourier transform over the last axis."""

def fft2d(input: Any, name: str | None = ...) -> Any:
    """The Fourier transform over the last two axes."""

def fft3d(input: Any, name: str | None = ...) -> Any:
    """The Fourier transform over the last three axes."""

def fill(dims: Any, value: Any, name: str | None = ...) -> Any:
    """A tensor of a shape, filled with one value."""

def floor(x: Any, name: str | None = ...) -> Any:
    """The greatest whole number that is not above x."""

def floor_div(x: Any, y: Any, name: str | None = ...) -> Any:
    """The quotient rounded towards minus infinity."""

def floordiv(x: Any, y: Any, name: str | None = ...) -> Any:
    """The quotient rounded towards minus infinity."""

def floormod(x: Any, y: Any, name: str | None = ...) -> Any:
    """The remainder with the sign of y."""

def greater(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x > y."""

def greater_equal(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x >= y."""

def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = ..., dtype: Any = ..., name: str | None = ...
) -> Any:
    """The number of the bin that each value falls into, of `nbins` equal ones; those outside are in the outermost."""

def ifft(input: Any, name: str | None = ...) -> Any:
    """The inverse of the Fourier transform over the last axis."""

def ifft2d(input: Any, name: str | None = ...) -> Any:
    """The inverse of the Fourier transform over the last two axes."""

def ifft3d(input: Any, name: str | None = ...) -> Any:
    """The inverse of the Fourier transform over the last three axes."""

def is_finite(x: Any, name: str | None = ...) -> Any:
    """Whether it is neither infinite nor NaN."""

def is_inf(x: Any, name: str | None = ...) -> Any:
    """Whether it is infinite."""

def is_nan(x: Any, name: str | None = ...) -> Any:
    """Whether it is not a number."""

def less(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x < y."""

def less_equal(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether x <= y."""

def lgamma(x: Any, name: str | None = ...) -> Any:
    """The special function lgamma, element by element."""

def log(x: Any, name: str | None = ...) -> Any:
    """The natural logarithm."""

def log1p(x: Any, name: str | None = ...) -> Any:
    """log(1 + x), exact for small x."""

def log_sigmoid(x: Any, name: str | None = ...) -> Any:
    """The special function log_sigmoid, element by element."""

def logical_and(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether both hold."""

def logical_not(x: Any, name: str | None = ...) -> Any:
    """Whether it does not hold."""

def logical_or(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether at least one holds."""

def logical_xor(x: Any, y: Any, name: str | None = ...) -> Any:
    """Whether exactly one holds."""

def matrix_determinant(input: Any, name: str | None = ...) -> Any:
    """"""

def matrix_square_root(input: Any, name: str | None = ...) -> Any:
    """"""

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

def realdiv(x: Any, y: Any, name: str | None = ...) -> Any:
    """x / y with Python's meaning: integers give floats."""

def reciprocal(x: Any, name: str | None = ...) -> Any:
    """1 / x."""

def reduce_all(
    input_tensor: Any, axis: Any = ..., keepdims: Any = ..., name: str | None = ..., reduction_indices: Any = ...,
    keep_dims: Any = ...
) -> Any:
    """As `weft.reduce_all`, with version 1's `reduction_indices` and `keep_dims` too."""

def reduce_any(
    input_tensor: Any, axis: Any = ..., keepdims: Any = ..., name: str | None = ..., reduction_indices: Any = ...,
    keep_dims: Any = ...
) -> Any:
    """As `weft.reduce_any`, with version 1's `reduction_indices` and `keep_dims` too."""

def reduce_logsumexp(
    input_tensor: Any, axis: Any = ..., keepdims: Any = ..., name: str | None = ..., reduction_indices: Any = ...,
    keep_dims: Any = ...
) -> Any:
    """As `weft.reduce_logsumexp`, with version 1's `reduction_indices` and `keep_dims` too."""

def reduce_max(
    input_tensor: Any, axis: Any = ..., keepdims: Any = ..., name: str | None = ..., reduction_indices: Any = ...,
    keep_dims: Any = ...
) -> Any:
    """As `weft.reduce_max`, with version 1's `reduction_indices` and `keep_dims` too."""

def reduce_mean(
    input_tensor: Any, axis: Any = ..., keepdims: Any = ..., name: str | None = ..., reduction_indices: Any = ...,
    keep_dims: Any = ...
) -> Any:
    """As `weft.reduce_mean`, with version 1's `reduction_indices` and `keep_dims` too."""

def reduce_min(
    input_tensor: Any, axis: Any = ..., keepdims: Any = ..., name: str | None = ..., reduction_indices: Any = ...,
    keep_dims: Any = ...
) -> Any:
    """As `weft.reduce_min`, with version 1's `reduction_indices` and `keep_dims` too."""

def reduce_prod(
    input_tensor: Any, axis: Any = ..., keepdims: Any = ..., name: str | None = ..., reduction_indices: Any = ...,
    keep_dims: Any = ...
) -> Any:
    """As `weft.reduce_prod`, with version 1's `reduction_indices` and `keep_dims` too."""

def reduce_sum(
    input_tensor: Any, axis: Any = ..., keepdims: Any = ..., name: str | None = ..., reduction_indices: Any = ...,
    keep_dims: Any = ...
) -> Any:
    """As `weft.reduce_sum`, with version 1's `reduction_indices` and `keep_dims` too."""

def rint(x: Any, name: str | None = ...) -> Any:
    """The nearest whole number; halves go to the even one."""

def round(x: Any, name: str | None = ...) -> Any:
    """The nearest whole number; halves go to the even one."""

def rsqrt(x: Any, name: str | None = ...) -> Any:
    """1 / sqrt(x)."""

def segment_max(data: Any, segment_ids: Any, name: str | None = ...) -> Any:
    """"""

def segment_mean(data: Any, segment_ids: Any, name: str | None = ...) -> Any:
    """"""

def segment_min(data: Any, segment_ids: Any, name: str | None = ...) -> Any:
    """"""

def segment_prod(data: Any, segment_ids: Any, name: str | None = ...) -> Any:
    """"""

def segment_sum(data: Any, segment_ids: Any, name: str | None = ...) -> Any:
    """"""

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

def squared_difference(x: Any, y: Any, name: str | None = ...) -> Any:
    """(x - y) squared; times the conjugate for complex numbers."""

def string_split(
    source: Any, sep: Any = ..., skip_empty: _builtins.bool = ..., delimiter: Any = ..., result_type: str = ..., name:
    str | None = ...
) -> Any:
    """The parts of strings between any of several characters."""

def subtract(x: Any, y: Any, name: str | None = ...) -> Any:
    """x - y."""

def tan(x: Any, name: str | None = ...) -> Any:
    """The tangent."""

def tanh(x: Any, name: str | None = ...) -> Any:
    """The hyperbolic tangent."""

def tensor_scatter_add(
    tensor: Any, indices: Any, updates: Any, name: str | None = ..., bad_indices_policy: str = ...
) -> Any:
    """"""

def tensor_scatter_nd_add(
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

def tensor_scatter_sub(
    tensor: Any, indices: Any, updates: Any, name: str | None = ..., bad_indices_policy: str = ...
) -> Any:
    """"""

def tensor_scatter_update(
    tensor: Any, indices: Any, updates: Any, name: str | None = ..., bad_indices_policy: str = ...
) -> Any:
    """"""

def to_bfloat16(x: Any, name: str | None = ...) -> Any:
    """The values as bfloat16."""

def to_complex64(x: Any, name: str | None = ...) -> Any:
    """The values as complex64."""

def to_double(x: Any, name: str | None = ...) -> Any:
    """The values as float64."""

def to_float(x: Any, name: str | None = ...) -> Any:
    """The values as float32."""

def to_int32(x: Any, name: str | None = ...) -> Any:
    """The values as int32."""

def to_int64(x: Any, name: str | None = ...) -> Any:
    """The values as int64."""

def truncatediv(x: Any, y: Any, name: str | None = ...) -> Any:
    """The quotient rounded towards zero."""

def truncatemod(x: Any, y: Any, name: str | None = ...) -> Any:
    """The remainder with the sign of x."""

def unsorted_segment_max(data: Any, segment_ids: Any, num_segments: Any, name: str | None = ...) -> Any:
    """"""

def unsorted_segment_min(data: Any, segment_ids: Any, num_segments: Any, name: str | None = ...) -> Any:
    """"""

def unsorted_segment_prod(data: Any, segment_ids: Any, num_segments: Any, name: str | None = ...) -> Any:
    """"""

def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: Any, name: str | None = ...) -> Any:
    """"""
