"""`weft.compat.v1`: TensorFlow 1's names with TensorFlow 1's meanings.

A name that means the same in both versions is taken from `weft`; those whose signature or meaning differ stand in the
modules of this folder. What is not here yet raises with what to use instead, rather than meaning something else.
"""

import importlib
from typing import Any

import weft
from weft.base.absent import absent, word_absent
from weft.compat.v1.dropped_ops import (  # noqa: F401
    AggregationMethod,
    add_check_numerics_ops,
    add_to_collections,
    assert_integer,
    assert_near,
    assert_none_equal,
    assert_rank,
    assert_rank_at_least,
    assert_rank_in,
    assert_scalar,
    assert_type,
    assert_variables_initialized,
    batch_gather,
    batch_to_space,
    batch_to_space_nd,
    clip_by_average_norm,
    colocate_with,
    container,
    convert_to_tensor_or_indexed_slices,
    floor_div,
    histogram_fixed_width_bins,
    lin_space,
    matrix_solve_ls,
    model_variables,
    moving_average_variables,
    no_regularizer,
    op_scope,
    realdiv,
    required_space_to_batch_paddings,
    reverse,
    reverse_v2,
    select,
    setdiff1d,
    space_to_batch,
    tensor_scatter_add,
    tensor_scatter_sub,
    tensor_scatter_update,
    to_complex128,
    unravel_index,
    verify_tensor_all_finite,
    where_v2,
)
from weft.compat.v1.flow import (  # noqa: F401
    Assert,
    Print,
    case,
    cond,
    py_func,
    switch_case,
    tuple,
    while_loop,
)
from weft.compat.v1.graphs import (  # noqa: F401
    ConfigProto,
    Dimension,
    GPUOptions,
    GraphKeys,
    GraphOptions,
    InteractiveSession,
    OptimizerOptions,
    Session,
    Variable,
    _as_version_1,
    add_to_collection,
    assign,
    assign_add,
    assign_sub,
    control_flow_v2_enabled,
    dimension_at_index,
    dimension_value,
    disable_control_flow_v2,
    disable_eager_execution,
    disable_resource_variables,
    disable_tensor_equality,
    disable_v2_behavior,
    disable_v2_tensorshape,
    enable_control_flow_v2,
    enable_eager_execution,
    enable_resource_variables,
    enable_tensor_equality,
    enable_v2_behavior,
    enable_v2_tensorshape,
    executing_eagerly_outside_functions,
    get_collection,
    get_collection_ref,
    get_default_graph,
    get_default_session,
    get_seed,
    global_variables,
    global_variables_initializer,
    gradients,
    is_variable_initialized,
    local_variables,
    local_variables_initializer,
    placeholder,
    placeholder_with_default,
    report_uninitialized_variables,
    reset_default_graph,
    resource_variables_enabled,
    set_random_seed,
    tables_initializer,
    trainable_variables,
    variables_initializer,
)
from weft.compat.v1.initializers import (  # noqa: F401
    constant_initializer,
    glorot_normal_initializer,
    glorot_uniform_initializer,
    ones_initializer,
    orthogonal_initializer,
    random_normal_initializer,
    random_uniform_initializer,
    truncated_normal_initializer,
    uniform_unit_scaling_initializer,
    variance_scaling_initializer,
    zeros_initializer,
)
from weft.compat.v1.io import (  # noqa: F401
    decode_base64,
    decode_raw,
    encode_base64,
)
from weft.compat.v1.making import (  # noqa: F401
    convert_to_tensor,
    fill,
    ones,
    random_crop,
    random_normal,
    random_uniform,
    truncated_normal,
    zeros,
    zeros_like,
)
from weft.compat.v1.naming import composite, counted
from weft.compat.v1.old_names import concat as concat
from weft.compat.v1.old_names import find as _older
from weft.compat.v1.ops import (  # noqa: F401
    add_n,
    arg_max,
    arg_min,
    argmax,
    argmin,
    assert_equal,
    assert_greater,
    assert_greater_equal,
    assert_less,
    assert_less_equal,
    assert_negative,
    assert_non_negative,
    assert_non_positive,
    assert_positive,
    batch_matmul,
    clip_by_global_norm,
    count_nonzero,
    depth_to_space,
    diag,
    diag_part,
    div,
    expand_dims,
    multinomial,
    norm,
    random_gamma,
    random_poisson,
    random_shuffle,
    real,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
    reverse_sequence,
    scalar_mul,
    searchsorted,
    space_to_depth,
    split,
    squeeze,
    to_bfloat16,
    to_complex64,
    to_double,
    to_float,
    to_int32,
    to_int64,
    where,
)
from weft.compat.v1.partitioners import (  # noqa: F401
    create_partitioned_variables,
    fixed_size_partitioner,
    min_max_variable_partitioner,
    variable_axis_size_partitioner,
)
from weft.compat.v1.signatures import ordered
from weft.compat.v1.strings import as_string as as_string
from weft.compat.v1.strings import join as string_join  # noqa: F401
from weft.compat.v1.strings import reduce_join, regex_replace, string_split, substr  # noqa: F401
from weft.compat.v1.strings import strip as string_strip  # noqa: F401
from weft.compat.v1.strings import to_hash_bucket as string_to_hash_bucket  # noqa: F401
from weft.compat.v1.strings import to_hash_bucket_fast as string_to_hash_bucket_fast  # noqa: F401
from weft.compat.v1.strings import to_hash_bucket_strong as string_to_hash_bucket_strong  # noqa: F401
from weft.compat.v1.strings import to_number as string_to_number  # noqa: F401
from weft.compat.v1.variable_scopes import (  # noqa: F401
    AUTO_REUSE,
    VariableScope,
    get_local_variable,
    get_variable,
    get_variable_scope,
    variable_op_scope,
    variable_scope,
)

initialize_all_tables = tables_initializer
__version__ = "1.15.5"  # the release whose names and behaviour these are
VERSION = __version__
GIT_VERSION = "weft"
COMPILER_VERSION = "weft"
CXX11_ABI_FLAG = MONOLITHIC_BUILD = 0  # nothing here is compiled C++
GRAPH_DEF_VERSION, GRAPH_DEF_VERSION_MIN_CONSUMER, GRAPH_DEF_VERSION_MIN_PRODUCER = 134, 0, 0

#: namespaces that differ from version 2's, each a module of this folder
_OWN = (
    *"""app audio autograph config contrib data debugging distributions dtypes errors examples feature_column
    flags gfile graph_util image initializers io layers linalg logging losses manip math metrics nn python_io
    quantization queue ragged random resource_loader saved_model sets signal sparse spectral strings summary
    test train user_ops version""".split(),
)

#: top-level names that mean the same as in `weft`
_SHARED = frozenset(
    """
    DType Graph IndexedSlices Module Operation RaggedTensor RaggedTensorSpec SparseTensorSpec Tensor TensorArray
    TensorShape TensorSpec TypeSpec UnconnectedGradients VariableAggregation VariableSynchronization GradientTape abs
    dynamic_partition dynamic_stitch get_logger grad_pass_through histogram_fixed_width identity_n make_ndarray
    make_tensor_proto parallel_stack recompute_grad shape_n space_to_batch_nd timestamp vectorized_map acos acosh add
    asin asinh atan atan2 atanh bfloat16 bitcast bool boolean_mask broadcast_dynamic_shape broadcast_static_shape
    broadcast_to as_dtype cast clip_by_norm saturate_cast sequence_mask unique_with_counts clip_by_value complex
    complex128 complex64 constant control_dependencies cos cosh cumsum custom_gradient device divide double einsum
    ensure_shape equal executing_eagerly exp eye float16 float32 float64 floor floordiv edit_distance foldl foldr
    function gather gather_nd greater greater_equal group guarantee_const half identity init_scope int16 int32 int64
    int8 is_tensor less less_equal linspace logical_and logical_not logical_or map_fn matmul maximum meshgrid minimum
    mod multiply name_scope negative newaxis no_op not_equal numpy_function one_hot ones_like pad pow print py_function
    range rank register_tensor_conversion_function repeat reshape resource roll round scan scatter_nd shape sigmoid sign
    sin sinh size slice sort sqrt square stack stop_gradient strided_slice string subtract tan tanh
    tensor_scatter_nd_add tensor_scatter_nd_sub tensor_scatter_nd_update tensordot tile transpose truediv truncatediv
    truncatemod CriticalSection IndexedSlicesSpec OptionalSpec variable_creator_scope extract_volume_patches fingerprint
    uint16 uint32 uint64 uint8 unique unstack variant argsort get_static_value qint16 qint32 qint8 quint16 quint8
    QUANTIZED_DTYPES
    """.split()
)

#: namespaces that mean the same as in `weft`
_SHARED_NAMESPACES = frozenset(
    """autodiff bitwise distribute experimental keras lookup nest sysconfig""".split()
)

#: version 1 names of functions that version 2 keeps under `math` alone
_MOVED = {
    "acos": "acos", "ceil": "ceil", "conj": "conj", "cumprod": "cumprod", "digamma": "digamma", "erf": "erf",
    "erfc": "erfc", "expm1": "expm1", "floormod": "floormod", "imag": "imag", "is_finite": "is_finite",
    "is_inf": "is_inf", "is_nan": "is_nan", "lgamma": "lgamma", "log": "log", "log1p": "log1p",
    "log_sigmoid": "log_sigmoid", "logical_xor": "logical_xor", "polygamma": "polygamma",
    "reciprocal": "reciprocal", "rint": "rint", "rsqrt": "rsqrt", "segment_max": "segment_max",
    "segment_mean": "segment_mean", "segment_min": "segment_min", "segment_prod": "segment_prod",
    "segment_sum": "segment_sum", "squared_difference": "squared_difference", "zeta": "zeta", "igamma": "igamma",
    "unsorted_segment_sum": "unsorted_segment_sum", "unsorted_segment_max": "unsorted_segment_max",
    "angle": "angle", "betainc": "betainc", "igammac": "igammac", "lbeta": "lbeta",
    "div_no_nan": "divide_no_nan", "is_non_decreasing": "is_non_decreasing",
    "is_strictly_increasing": "is_strictly_increasing", "unsorted_segment_mean": "unsorted_segment_mean",
    "unsorted_segment_min": "unsorted_segment_min", "unsorted_segment_prod": "unsorted_segment_prod",
    "unsorted_segment_sqrt_n": "unsorted_segment_sqrt_n",
    "bincount": "bincount", "confusion_matrix": "confusion_matrix", "accumulate_n": "accumulate_n",
}  # fmt: skip

#: version 1 names of functions that version 2 keeps in other namespaces: name -> (namespace, name there)
_ELSEWHERE = {
    **{f"fake_quant_with_min_max_{kind}": ("quantization", f"fake_quant_with_min_max_{kind}") for kind in (
        "args", "args_gradient", "vars", "vars_gradient", "vars_per_channel", "vars_per_channel_gradient")},
    "check_numerics": ("debugging", "check_numerics"),
    **{name: ("debugging", name) for name in (
        "assert_proper_iterable", "assert_same_float_dtype", "is_numeric_tensor")},
    **{name: ("signal", name) for name in ("fft", "fft2d", "fft3d", "ifft", "ifft2d", "ifft3d")},
    **{name: ("io", name) for name in (
        "decode_compressed", "deserialize_many_sparse", "parse_tensor", "serialize_tensor")},
    "cholesky_solve": ("linalg", "cholesky_solve"), "matrix_square_root": ("linalg", "sqrtm"),
    "cholesky": ("linalg", "cholesky"), "global_norm": ("math", "global_norm"),
    "invert_permutation": ("math", "invert_permutation"), "matrix_band_part": ("linalg", "band_part"),
    "matrix_determinant": ("linalg", "det"), "matrix_inverse": ("linalg", "inv"), "matrix_solve": ("linalg", "solve"),
    "matrix_triangular_solve": ("linalg", "triangular_solve"), "qr": ("linalg", "qr"), "svd": ("linalg", "svd"),
    "trace": ("linalg", "trace"), "matrix_diag": ("linalg", "diag"), "matrix_diag_part": ("linalg", "diag_part"),
    "matrix_set_diag": ("linalg", "set_diag"), "matrix_transpose": ("linalg", "matrix_transpose"),
    "cross": ("linalg", "cross"), "self_adjoint_eig": ("linalg", "eigh"),
    "self_adjoint_eigvals": ("linalg", "eigvalsh"),
}  # fmt: skip

#: names of `tf.io` that stand at the top too
_IO = frozenset(
    """FixedLenFeature FixedLenSequenceFeature SparseFeature VarLenFeature decode_csv decode_json_example
    parse_example parse_single_example parse_single_sequence_example read_file serialize_many_sparse
    serialize_sparse write_file""".split()
)

#: names of modules that are loaded where they are used: (module, name there)
_MESSAGES = {
    **{f"{kind}Queue": ("api.queues", f"{kind}Queue")
       for kind in ("FIFO", "PaddingFIFO", "Priority", "RandomShuffle")},
    **{f"{kind}Reader": ("compat.v1.readers", f"{kind}Reader")
       for kind in ("FixedLengthRecord", "Identity", "TFRecord", "TextLine", "WholeFile")},
    **{name: ("compat.v1.state_ops", name) for name in (
        "batch_scatter_update", "hessians", "make_template", "scatter_add", "scatter_div", "scatter_max", "scatter_min",
        "scatter_mul", "scatter_nd_add", "scatter_nd_sub", "scatter_nd_update", "scatter_sub", "scatter_update")},
    **{name: ("compat.v1.accumulators", name) for name in (
        "ConditionalAccumulator", "ConditionalAccumulatorBase", "SparseConditionalAccumulator")},
    **{name: ("compat.v1.session_handles", name) for name in (
        "delete_session_tensor", "get_session_handle", "get_session_tensor")},
    "LogMessage": ("formats.messages.summary", "LogMessage"),
    "NameAttrList": ("formats.messages.graph", "NameAttrList"),
    "no_gradient": ("runtime.gradient_overrides", "no_gradient"),
    "import_graph_def": ("compat.v1.graph_import", "import_graph_def"),
    "wrap_function": ("runtime.wrapped", "wrap_function"),
    "RegisterGradient": ("runtime.gradient_overrides", "RegisterGradient"),
    "NotDifferentiable": ("runtime.gradient_overrides", "no_gradient"),
    "NoGradient": ("runtime.gradient_overrides", "no_gradient"),
    "QueueBase": ("api.queues", "QueueBase"), "ReaderBase": ("compat.v1.readers", "ReaderBase"),
    "extract_image_patches": ("compat.v1.image", "extract_image_patches"), "OpError": ("base.errors", "OpError"),
    "DeviceSpec": ("compat.v1.devices", "DeviceSpec"), "HistogramProto": ("formats.messages.summary", "HistogramProto"),
    "count_up_to": ("compat.v1.input", "count_up_to"), "matching_files": ("compat.v1.input", "matching_files"),
    "Event": ("formats.messages.summary", "Event"), "GraphDef": ("formats.messages.graph", "GraphDef"),
    "MetaGraphDef": ("formats.messages.meta_graph", "MetaGraphDef"),
    "NodeDef": ("formats.messages.graph", "NodeDef"), "AttrValue": ("formats.messages.graph", "AttrValue"),
    "RunMetadata": ("formats.messages.run_metadata", "RunMetadata"), "RunOptions": ("compat.v1.configs", "RunOptions"),
    "SaverDef": ("formats.messages.meta_graph", "SaverDef"),
    "TensorInfo": ("formats.messages.meta_graph", "TensorInfo"),
    "SignatureDef": ("formats.messages.meta_graph", "SignatureDef"),
    "SessionLog": ("formats.messages.summary", "SessionLog"), "Summary": ("formats.messages.summary", "Summary"),
    "SummaryMetadata": ("formats.messages.summary", "SummaryMetadata"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    if name in _OWN:
        module = importlib.import_module(f"{__name__}.{name}")
        word_absent(vars(module), f"tf.{name}")
        return module
    if name in _SHARED_NAMESPACES:
        return getattr(weft, name)
    if name in _SHARED or name in _MOVED:
        found = getattr(weft, name) if name in _SHARED else getattr(weft.math, _MOVED[name])
        found = globals()[name] = composite(name, ordered(name, found))
        return found
    if name in _ELSEWHERE:
        namespace, there = _ELSEWHERE[name]
        found = globals()[name] = composite(name, ordered(name, getattr(getattr(weft, namespace), there)))
        return found
    if name in _IO:
        found = globals()[name] = getattr(importlib.import_module(f"{__name__}.io"), name)
        return found
    if name in _MESSAGES:
        module, there = _MESSAGES[name]
        found = globals()[name] = getattr(importlib.import_module(f"weft.{module}"), there)
        return found
    from weft.compat.v1 import sparse

    if name in sparse.AT_TOP:
        found = globals()[name] = counted(name, getattr(sparse, sparse.AT_TOP[name]))
        return found
    older = _older(name)
    if older is not None:
        return older
    if name == "compat":
        return importlib.import_module("weft.compat")
    own = [n for n in globals() if not n.startswith("_")]
    known = [*own, *sparse.AT_TOP, *_SHARED, *_SHARED_NAMESPACES, *_MOVED, *_ELSEWHERE, *_OWN, *_IO, *_MESSAGES]
    raise AttributeError(absent(f"tf.{name}", known))


def __dir__() -> list[str]:
    return sorted({*globals(), *_SHARED, *_SHARED_NAMESPACES, *_MOVED, *_ELSEWHERE, *_OWN, *_IO, *_MESSAGES})
