"""Which public name of `weft` (TensorFlow 2's) is where; read when a name is first asked for."""

from __future__ import annotations

#: module of this floor (or below) -> the names that it gives to the top level
TOP_LEVEL: dict[str, str] = {
    "weft.api.array": """
        batch_to_space bitcast boolean_mask broadcast_dynamic_shape broadcast_static_shape broadcast_to cast concat
        constant convert_to_tensor ensure_shape expand_dims eye fill gather gather_nd guarantee_const identity
        is_tensor meshgrid newaxis one_hot ones ones_like pad range rank register_tensor_conversion_function repeat
        reshape reverse reverse_sequence roll saturate_cast scatter_nd sequence_mask shape size slice space_to_batch
        space_to_batch_nd split squeeze stack stop_gradient strided_slice tensor_scatter_nd_add tensor_scatter_nd_max
        tensor_scatter_nd_min tensor_scatter_nd_sub tensor_scatter_nd_update tile transpose unstack where zeros
        zeros_like""",
    "weft.api.ordering": "argsort searchsorted sort unique unique_with_counts",
    "weft.api.math": """
        abs acos acosh add add_n argmax argmin asin asinh atan atan2 atanh clip_by_global_norm clip_by_norm
        clip_by_value complex cos cosh cumsum divide einsum equal exp floor greater greater_equal less less_equal
        logical_and logical_not logical_or matmul maximum minimum multiply negative not_equal pow reduce_all reduce_any
        reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum round scalar_mul sigmoid sign sin sinh
        sqrt square subtract tan tanh tensordot truediv truncatediv truncatemod""",
    "weft.api.asserts": "Assert assert_equal assert_greater assert_less assert_rank",
    "weft.api.critical": "CriticalSection",
    "weft.api.devices": "DeviceSpec device",
    "weft.api.flow": """
        GradientTape UnconnectedGradients case cond control_dependencies custom_gradient executing_eagerly foldl
        foldr function get_logger gradients group init_scope inside_function map_fn name_scope no_op numpy_function
        print:print_ py_function scan switch_case timestamp while_loop""",
    "weft.api.spaced": "linspace",
    "weft.api.histograms": "histogram_fixed_width histogram_fixed_width_bins",
    "weft.api.initializers": """
        constant_initializer ones_initializer random_normal_initializer random_uniform_initializer zeros_initializer""",
    "weft.api.partition": """
        dynamic_partition dynamic_stitch grad_pass_through identity_n parallel_stack recompute_grad shape_n
        tuple:tuple_ vectorized_map""",
    "weft.api.sets": "edit_distance",
    "weft.api.strings": "as_string",
    "weft.api.protos": "make_ndarray make_tensor_proto",
    "weft.api.tensor_array": "TensorArray",
    "weft.base.shapes": "TensorShape",
    "weft.base.dtypes": """
        DType as_dtype bfloat16 bool:bool_ complex128 complex64 double:float64 float16 float32 float64 half:float16
        int16 int32 int64 int8 qint16 qint32 qint8 quint16 quint8 resource string uint16 uint32 uint64 uint8 variant
        QUANTIZED_DTYPES""",
    "weft.runtime.static": "get_static_value",
    "weft.runtime.tensor": "Tensor",
    "weft.runtime.variable": "Variable variable_creator_scope",
    "weft.runtime.aggregation": "VariableAggregation VariableSynchronization",
    "weft.runtime.module": "Module",
    "weft.runtime.composite": "IndexedSlices IndexedSlicesSpec",
    "weft.runtime.spec": "TensorSpec TypeSpec",
    "weft.runtime.ragged": "RaggedTensor RaggedTensorSpec",
    "weft.runtime.sparse": "SparseTensor SparseTensorSpec",
    "weft.compat.hook": "install_as_tensorflow uninstall_as_tensorflow",
    "weft.data.optional": "OptionalSpec",
    "weft.data.structure": "NoneTensorSpec",
    "weft.version": "__version__",
}

#: further names of the top level: name -> (module, attribute)
ALIASES: dict[str, tuple[str, str]] = {
    "mod": ("weft.api.math", "floormod"),
    "floordiv": ("weft.api.math", "floordiv"),
    "Operation": ("weft.runtime.graph", "Operation"),
    "Graph": ("weft.runtime.graph", "Graph"),
    "no_gradient": ("weft.runtime.gradient_overrides", "no_gradient"),
    "AggregationMethod": ("weft.compat.v1.dropped_ops", "AggregationMethod"),
    "RegisterGradient": ("weft.runtime.gradient_overrides", "RegisterGradient"),
    "approx_top_k": ("weft.api.approximate_top_k", "approx_top_k"),
    "eig": ("weft.api.matrices", "eig"),
    "eigvals": ("weft.api.matrices", "eigvals"),
    "extract_volume_patches": ("weft.api.top_level", "extract_volume_patches"),
    "fingerprint": ("weft.api.top_level", "fingerprint"),
    "get_current_name_scope": ("weft.api.top_level", "get_current_name_scope"),
    "hessians": ("weft.compat.v1.state_ops", "hessians"),
    "import_graph_def": ("weft.compat.v1.graph_import", "import_graph_def"),
    "is_symbolic_tensor": ("weft.api.top_level", "is_symbolic_tensor"),
    "matrix_square_root": ("weft.api.top_level", "matrix_square_root"),
    "realdiv": ("weft.api.top_level", "realdiv"),
    "required_space_to_batch_paddings": ("weft.compat.v1.dropped_ops", "required_space_to_batch_paddings"),
    "type_spec_from_value": ("weft.api.top_level", "type_spec_from_value"),
    "unravel_index": ("weft.compat.v1.dropped_ops", "unravel_index"),
    "norm": ("weft.api.linalg", "norm"),
}

#: public namespaces that are modules: name -> module
NAMESPACES: dict[str, str] = {
    "audio": "weft.api.audio",
    "autodiff": "weft.autodiff",
    "autograph": "weft.autograph",
    "bitwise": "weft.api.bitwise",
    "raw_ops": "weft.compat.raw_ops",
    "graph_util": "weft.compat.graph_util",
    "compat": "weft.compat",
    "config": "weft.api.config",
    "data": "weft.data",
    "debugging": "weft.api.debugging",
    "distribute": "weft.api.distribute",
    "dtypes": "weft.api.dtypes",
    "errors": "weft.api.errors",
    "experimental": "weft.api.experimental",
    "extend": "weft.extend",
    "feature_column": "weft.api.feature_column",
    "image": "weft.api.image",
    "initializers": "weft.keras.initializers",
    "io": "weft.api.io",
    "keras": "weft.keras",
    "linalg": "weft.api.linalg",
    "lookup": "weft.api.lookup",
    "losses": "weft.keras.losses",
    "math": "weft.api.math",
    "metrics": "weft.keras.metrics",
    "nest": "weft.api.nest",
    "nn": "weft.api.nn",
    "profiler": "weft.api.profiler",
    "quantization": "weft.api.quantization",
    "optimizers": "weft.keras.optimizers",
    "queue": "weft.api.queue",
    "ragged": "weft.api.ragged",
    "random": "weft.api.random",
    "sets": "weft.api.sets",
    "signal": "weft.api.signal",
    "sparse": "weft.api.sparse",
    "strings": "weft.api.strings",
    "summary": "weft.api.summary",
    "saved_model": "weft.api.saved_model",
    "sysconfig": "weft.api.sysconfig",
    "test": "weft.api.test",
    "train": "weft.api.train",
    "types": "weft.api.types",
}

#: namespaces within namespaces, which the outer ones hold: module -> modules
INNER: dict[str, tuple[str, ...]] = {"weft.api.math": ("weft.api.special",)}


def table() -> dict[str, tuple[str, str | None]]:
    """Name -> (module, attribute); the attribute is None for namespaces."""
    found: dict[str, tuple[str, str | None]] = {}
    for module, names in TOP_LEVEL.items():
        for entry in names.split():
            name, _, attribute = entry.partition(":")
            found[name] = (module, attribute or name)
    found.update(ALIASES)
    found.update({name: (module, None) for name, module in NAMESPACES.items()})
    return found
