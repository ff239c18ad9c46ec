"""Module paths that public programs import from and that have no module of their own here, and what stands in for them.

An old path is answered by a stand-in: a module that looks a name up in one place of the public API after another. A
place begins with ``tf`` (the names of the dialect at hand), ``v1`` (TensorFlow 1's), or ``keras``. A path without
places is only there to hold others. Where a name was called differently, `RENAMED` says what it is now. Places that
begin with ``internals`` are `weft.compat.internals`: what packages use of TensorFlow's private modules. What Keras
has inside is in `keras_paths`.
"""

from weft.compat import keras_paths

_OPS = ("tf", "tf.math", "tf.nn", "v1", "v1.nn")
_LAYERS = ("keras.layers",)
_ENGINE = ("keras", "keras.layers", "keras.models", "keras.utils")
_UTILS = ("keras.utils",)
_RUNNING, _DECORATING, _STRUCTURES = ("internals.running",), ("internals.decorating",), ("internals.structures",)
_COMPOSITE, _TRACKING, _REFUSED = ("internals.composite", "tf"), ("internals.tracking",), ("internals.refused",)
_SEQ2SEQ = "attention_wrapper basic_decoder beam_search_decoder beam_search_ops decoder helper loss"
_SAVED_MODEL = "builder constants loader main_op signature_constants signature_def_utils tag_constants utils"


def _under(prefix: str, names: str, places: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {f"{prefix}.{name}": places for name in names.split()}


def _contrib(package: str, below: str, modules: str) -> dict[str, tuple[str, ...]]:
    places = (f"v1.contrib.{package}",)
    first = below.partition(".")[0]
    paths = [first, below, *(f"{below}.{module}" for module in modules.split())]
    return {f"contrib.{package}.{path}": places for path in paths}


#: Below ``tensorflow``.
TENSORFLOW: dict[str, tuple[str, ...]] = {
    "python": (),
    **_under("python", "framework ops platform client util lib eager layers summary tools debug", ()),
    "python.tools.inspect_checkpoint": ("v1.inspect_checkpoint",),
    "python.tools.freeze_graph": ("v1.freeze_graph",),
    **_under("python.tools", "optimize_for_inference_lib strip_unused_lib", ("v1.inference_graphs",)),
    "python.framework.graph_io": ("v1.train", "v1"),
    # framework
    "python.framework.ops": ("tf", "v1"),
    "python.framework.dtypes": ("tf.dtypes", "tf"),
    "python.framework.graph_util": ("v1.graph_util",),
    "python.framework.convert_to_constants": ("v1.graph_util",),
    "python.framework.random_seed": ("v1", "v1.random"),
    **_under("python.framework", "constant_op tensor_shape tensor_util tensor_spec sparse_tensor device", ("tf", "v1")),
    **_under("python.framework", "importer function tensor indexed_slices", ("tf", "v1")),
    **_under("python.framework", "errors errors_impl", ("tf.errors",)),
    "python.framework.smart_cond": _RUNNING,
    "python.ops.bitwise_ops": ("tf.bitwise", "v1.bitwise"),
    "python.framework.device_spec": ("tf", "v1"),
    **_under("python.framework", "composite_tensor type_spec type_spec_registry", _COMPOSITE),
    **_under("python.framework", "combinations test_combinations", ("internals.combinations",)),
    "python.framework.test_util": ("internals.testing", "tf.test", "v1.test"),
    **_under("python.framework", "tensor_conversion tensor_conversion_registry op_def_registry", ("tf", "v1")),
    # ops
    **_under("python.ops", "array_ops math_ops nn_ops nn control_flow_ops state_ops variables variable_scope", _OPS),
    **_under("python.ops", "check_ops clip_ops confusion_matrix custom_gradient data_flow_ops functional_ops", _OPS),
    **_under("python.ops", "gradients gradients_impl init_ops logging_ops script_ops special_math_ops", _OPS),
    **_under("python.ops", "standard_ops tensor_array_ops template while_loop cond", _OPS),
    **_under("python.ops", "math_ops_impl nn_impl nn_impl_distribute map_fn map_ops manip_ops sort_ops", _OPS),
    **_under("python.ops", "array_ops_stack control_flow_assert control_flow_case control_flow_switch_case", _OPS),
    **_under("python.ops", "histogram_ops batch_norm_util gen_array_ops gen_math_ops gen_nn_ops", _OPS),
    **_under("python.ops", "tensor_math_operator_overrides ref_variable partitioned_variables", _OPS),
    **_under("python.ops", "control_flow_util control_flow_util_v2", _RUNNING),
    "python.ops.clustering_ops": _REFUSED,
    "python.ops.linalg.linear_operator_addition": _REFUSED,
    "python.ops.resource_variable_ops": ("internals.variables", "internals.composite", "tf", "v1"),
    "python.ops.init_ops_v2": ("internals.initial", "tf.keras.initializers", "tf"),
    "python.ops.weights_broadcast_ops": ("internals.variables", "v1"),
    "python.ops.gradient_checker": ("v1.test",),
    "python.ops.gradient_checker_v2": ("tf.test",),
    "python.ops.signal": ("tf.signal",),
    **_under(
        "python.ops.signal",
        "fft_ops mel_ops mfcc_ops reconstruction_ops shape_ops spectral_ops window_ops dct_ops",
        ("tf.signal",),
    ),
    **_under("python.ops", "stateless_random_ops stateful_random_ops", ("tf.random",)),
    "python.ops.sets": ("tf.sets",),
    "python.ops.sets_impl": ("tf.sets",),
    **_under("python.ops", "gen_image_ops image_ops_impl", ("tf.image",)),
    **_under("python.ops", "gen_linalg_ops linalg_ops_impl", ("tf.linalg", "v1")),
    **_under("python.ops", "gen_sparse_ops", ("tf.raw_ops", "tf.sparse", "v1")),
    **_under("python.ops", "gen_string_ops", ("tf.raw_ops", "tf.strings", "v1")),
    "python.ops.ragged": ("tf.ragged", "tf"),
    **_under(
        "python.ops.ragged",
        "ragged_array_ops ragged_factory_ops ragged_math_ops ragged_concat_ops ragged_gather_ops "
        "ragged_functional_ops ragged_string_ops ragged_squeeze_op ragged_where_op ragged_map_ops "
        "ragged_conversion_ops",
        ("tf.ragged", "tf"),
    ),
    **_under(
        "python.ops.ragged", "ragged_tensor ragged_tensor_value row_partition", ("tf", "v1.ragged", "tf.experimental")
    ),
    "python.ops.linalg": ("tf.linalg",),
    **_under(
        "python.ops.linalg",
        "linalg linalg_impl linear_operator linear_operator_block_diag "
        "linear_operator_circulant linear_operator_composition linear_operator_diag linear_operator_full_matrix "
        "linear_operator_identity linear_operator_inversion linear_operator_kronecker "
        "linear_operator_low_rank_update linear_operator_lower_triangular linear_operator_toeplitz "
        "linear_operator_zeros linear_operator_adjoint linear_operator_householder",
        ("tf.linalg",),
    ),
    "python.ops.linalg.sparse": (),
    **_under("python.ops.linalg.sparse", "sparse sparse_csr_matrix_ops", ("internals.matrices",)),
    "python.ops.parallel_for": ("tf",),
    **_under("python.ops.parallel_for", "control_flow_ops gradients", ("tf",)),
    "python.ops.metrics_impl": ("v1.metrics",),
    "python.ops.random_ops": ("tf.random", "v1"),
    "python.ops.image_ops": ("tf.image",),
    "python.ops.linalg_ops": ("tf.linalg", "v1"),
    "python.ops.string_ops": ("tf.strings", "v1"),
    "python.ops.sparse_ops": ("tf.sparse", "v1"),
    "python.ops.lookup_ops": ("tf.lookup", "v1"),
    **_under("python.ops", "io_ops parsing_ops", ("tf.io", "v1")),
    **_under("python.ops", "rnn rnn_cell rnn_cell_impl", ("v1.nn", "v1.nn.rnn_cell")),
    "python.ops.seq2seq": ("v1.contrib.legacy_seq2seq",),
    # models that came with TensorFlow before version 1.0
    "models": (),
    "models.rnn": (),
    "models.rnn.rnn": ("v1.nn",),
    "models.rnn.rnn_cell": ("v1.nn.rnn_cell",),
    "models.rnn.seq2seq": ("v1.contrib.legacy_seq2seq",),
    "python.ops.losses": ("v1.losses",),
    "python.ops.losses.losses": ("v1.losses",),
    "python.ops.metrics": ("v1.metrics",),
    "python.ops.numpy_ops": ("tf.experimental.numpy",),
    "python.ops.numpy_ops.np_config": (),
    # platform, util, lib
    "python.platform.app": ("v1.app",),
    "python.platform.flags": ("v1.flags", "v1.app.flags"),
    "python.platform.gfile": ("v1.gfile",),
    "python.platform.tf_logging": ("v1.logging",),
    "python.platform.resource_loader": ("v1.resource_loader",),
    **_under("python.platform", "test googletest", ("tf.test",)),
    "python.util.compat": ("tf.compat",),
    "python.util.deprecation": _DECORATING,
    **_under("python.util", "all_util function_utils tf_contextlib tf_decorator tf_inspect", _DECORATING),
    **_under("python.util", "object_identity variable_utils", _STRUCTURES),
    "python.util.nest": ("tf.nest", "internals.structures"),
    "python.util.tf_export": ("internals.exporting",),
    "python.util.lazy_loader": ("internals.exporting",),
    "python.util.keras_deps": (),
    "python.util.dispatch": ("internals.internal", "internals.internal.dispatch"),
    "python.tf2": _RUNNING,
    "python.types": ("internals.kinds",),
    **_under("python.types", "core internal trace", ("internals.kinds",)),
    **_under("python", "trackable training.tracking", ("internals.tracking", "tf")),
    **_under(
        "python.trackable", "autotrackable base base_delegate data_structures resource", ("internals.tracking", "tf")
    ),
    **_under(
        "python.training.tracking", "base data_structures tracking util", ("internals.tracking", "tf", "tf.train")
    ),
    "python.trackable.base_util": _TRACKING,
    "python.checkpoint": ("tf.train",),
    **_under("python.checkpoint", "checkpoint checkpoint_management checkpoint_options", ("tf.train",)),
    "__internal__": ("internals.internal",),
    **_under("__internal__", "nest", _STRUCTURES),
    "__internal__.tracking": _TRACKING,
    "compiler": (),
    **_under("compiler", "tf2xla tf2xla.python", ()),
    "compiler.tf2xla.python.xla": _RUNNING,
    # what rewrites Python there
    "python.autograph": ("tf.autograph",),
    **_under("python.autograph", "impl impl.api core.ag_ctx operators", ("tf.autograph", "internals.refused")),
    **_under("python.autograph", "converters core pyct pyct.common_transformers pyct.static_analysis", ()),
    **_under(
        "python.autograph.converters",
        "break_statements continue_statements return_statements call_trees "
        "conditional_expressions control_flow functions lists logical_expressions",
        _REFUSED,
    ),
    **_under("python.autograph.core", "converter", _REFUSED),
    **_under(
        "python.autograph.pyct",
        "anno inspect_utils parser qual_names templates transformer naming origin_info "
        "loader cfg pretty_printer ast_util",
        _REFUSED,
    ),
    "python.autograph.pyct.common_transformers.anf": _REFUSED,
    **_under("python.autograph.pyct.static_analysis", "activity liveness reaching_definitions", _REFUSED),
    # several devices
    "python.distribute": ("tf.distribute",),
    **_under(
        "python.distribute",
        "distribute_lib distribution_strategy_context distribute_utils mirrored_strategy "
        "one_device_strategy parameter_server_strategy reduce_util values ps_values central_storage_strategy "
        "collective_all_reduce_strategy cross_device_ops input_lib",
        ("tf.distribute", "tf.distribute.experimental", "v1.distribute"),
    ),
    "python.lib.io": (),
    "python.lib.io.file_io": (),
    "python.lib.io.tf_record": ("tf.io", "v1.python_io"),
    # client, eager, data, layers, summary
    "python.client.session": ("v1",),
    "python.client.device_lib": (),
    "python.client.timeline": (),
    **_under("python.eager", "backprop def_function function polymorphic_function execute", ("tf", "v1")),
    "python.eager.polymorphic_function.polymorphic_function": ("tf",),
    "python.eager.context": ("internals.running", "tf", "v1"),
    "python.eager.monitoring": _RUNNING,
    "python.eager.forwardprop": ("tf.autodiff",),
    "python.data": ("tf.data",),
    "python.data.ops": (),
    **_under("python.data.ops", "dataset_ops iterator_ops options", ("tf.data", "v1.data")),
    **_under("python.data", "util experimental experimental.ops", ()),
    "python.data.util.nest": ("internals.elements",),
    **_under("python.layers", "base core convolutional layers normalization pooling", ("v1.layers",)),
    "python.summary.summary": ("v1.summary",),
    "python.pywrap_tensorflow": ("v1.train",),
    "python.summary.summary_iterator": ("v1.train",),
    # training and saving
    **_under("python.training", "training device_setter queue_runner_impl", ("v1.train", "tf.train")),
    "python.training": ("tf.train", "v1.train"),
    **_under(
        "python.training", "adadelta adagrad adam ftrl gradient_descent momentum optimizer rmsprop", ("v1.train",)
    ),
    **_under("python.training", "basic_session_run_hooks coordinator input learning_rate_decay", ("v1.train",)),
    **_under("python.training", "monitored_session moving_averages queue_runner saver server_lib", ("v1.train",)),
    **_under("python.training", "session_run_hook supervisor sync_replicas_optimizer training_util", ("v1.train",)),
    **_under("python.training", "checkpoint_management checkpoint_utils", ("tf.train", "v1.train")),
    "python.saved_model": ("tf.saved_model", "v1.saved_model"),
    **_under("python.saved_model", "load save simple_save", ("tf.saved_model", "v1.saved_model")),
    **{f"python.saved_model.{name}": (f"v1.saved_model.{name}",) for name in _SAVED_MODEL.split()},
    "python.layers.utils": ("v1.inner", "internals.running", "keras.utils"),
    "python.ops.rnn.rnn_cell_impl": ("v1.nn", "v1.nn.rnn_cell"),
    "python.training.evaluation": ("v1.evaluation",),
    **_under("python.training", "queue_runner_impl training", ("v1.train",)),
    # contrib, whose packages kept what they export in modules of their own below
    **_contrib("framework", "python.ops", "arg_scope checkpoint_ops variables"),
    **_contrib("layers", "python.layers", "initializers layers optimizers regularizers utils"),
    **_contrib("legacy_seq2seq", "python.ops", "seq2seq"),
    "contrib.layers.python.layers.utils": ("v1.contrib.layer_parts",),
    **_contrib("losses", "python.losses", "loss_ops"),
    **_contrib("metrics", "python.ops", "metric_ops"),
    **_contrib("opt", "python.training", "external_optimizer lazy_adam_optimizer weight_decay_optimizers"),
    **_contrib("rnn", "python.ops", "core_rnn core_rnn_cell gru_ops lstm_ops rnn rnn_cell"),
    **_contrib("seq2seq", "python.ops", _SEQ2SEQ),
    **_contrib("training", "python.training", "hparam"),
    **_contrib("crf", "python.ops", "crf"),
    **_contrib("ctc", "python.ops", "ctc_ops"),
    "contrib.ctc.ctc_ops": ("v1.contrib.ctc",),
    "contrib.losses.metric_learning": ("v1.contrib.metric_learning",),
    "contrib.slim.model_analyzer": ("v1.contrib.model_analyzer",),
    "contrib.slim.utils": ("v1.contrib.layer_parts",),
    "contrib.slim.python": (),
    "contrib.slim.python.slim": ("v1.contrib.slim",),
    "contrib.slim.python.slim.model_analyzer": ("v1.contrib.model_analyzer",),
    "contrib.autograph": ("tf.autograph",),
    "python.ops.ctc_ops": ("v1.nn",),
    # protocol buffers
    "core": (),
    **_under("core", "example framework protobuf util", ()),
    **_under("core.example", "example_pb2 feature_pb2", ("tf.train",)),
    **_under("core.framework", "attr_value_pb2 graph_pb2 node_def_pb2 summary_pb2", ("v1",)),
    **_under("core.protobuf", "config_pb2 meta_graph_pb2", ("v1",)),
    "core.protobuf.rewriter_config_pb2": ("v1.configs",),
    "core.protobuf.saver_pb2": ("v1.train", "v1"),
    "core.util.event_pb2": ("v1", "v1.summary"),
}

#: Below ``keras``, and so below ``tensorflow.keras`` and ``tensorflow.python.keras``.
KERAS: dict[str, tuple[str, ...]] = {
    **_under("layers", "advanced_activations attention convolutional convolutional_recurrent core", _LAYERS),
    **_under("layers", "cudnn_recurrent embeddings local merge noise normalization pooling recurrent", _LAYERS),
    **_under("layers", "recurrent_v2 wrappers experimental rnn", _LAYERS),
    "layers.normalization.batch_normalization": _LAYERS,
    "layers.experimental.preprocessing": _LAYERS,
    "engine": _ENGINE,
    **_under("engine", "base_layer functional input_layer input_spec network sequential topology training", _ENGINE),
    "engine.saving": ("keras.models",),
    **_under("utils", "conv_utils data_utils generic_utils io_utils layer_utils multi_gpu_utils np_utils", _UTILS),
    **_under("utils", "all_utils tf_utils vis_utils visualize_util", _UTILS),
    "backend.tensorflow_backend": ("keras.backend", "v1.keras.backend"),
    "objectives": ("keras.losses",),
    "initializations": ("keras.initializers.initializations",),
    "__internal__": ("internals.keras_internal",),
    "api._v1.keras": ("keras",),
    **_under("api._v1.keras", "__internal__ __internal__.legacy", ()),
    "api._v1.keras.__internal__.legacy.layers": ("v1.layers",),
    "api": ("keras",),
    **_under("api", "_v1 _v2", ()),
    "_tf_keras": (),
    "optimizer_v2": ("keras.optimizers",),
    **_under("optimizer_v2", "adadelta adagrad adam adamax ftrl gradient_descent nadam rmsprop", ("keras.optimizers",)),
    "optimizer_v2.optimizer_v2": ("keras.optimizers",),
    "optimizer_v2.learning_rate_schedule": ("keras.optimizers.schedules",),
    "backend_config": ("keras.backend", "keras.config"),
    **keras_paths.PATHS,
}

#: In `RENAMED`, what a stand-in is when it is called: a module's name was a function's in an older release.
CALLED = "()"

#: Names that are called something else today, by the path they are imported from.
RENAMED: dict[str, dict[str, str]] = {
    "layers.merge": {"_Merge": "keras.layers.merging.Merge", CALLED: "keras.layers.merging.by_mode.merge"},
    "python.ops.rnn_cell_impl": {
        "_concat": "v1.inner.concat_sizes",
        "_like_rnncell": "v1.inner.like_rnncell",
        "_zero_state_tensors": "v1.rnn_cells._zeros",
    },
    "python.training.evaluation": {
        "_StopAfterNEvalsHook": "v1.evaluation.StopAfterNEvalsHook",
        "_evaluate_once": "v1.evaluation.evaluate_once",
        "_get_or_create_eval_step": "v1.evaluation.get_or_create_eval_step",
    },
    "python.client.session": {
        "register_session_run_conversion_functions": "v1.inner.register_session_run_conversion_functions"
    },
    "python.framework.tensor_shape": {
        **{name: f"v1.tensor_shapes.{name}" for name in ("as_shape", "matrix", "scalar", "unknown_shape", "vector")}
    },
    "python.framework.tensor_util": {
        "constant_value": "tf.get_static_value",
        "try_evaluate_constant": "tf.get_static_value",
        "is_tensor": "tf.is_tensor",
        "is_tf_type": "tf.is_tensor",
        "constant_value_as_shape": "internals.variables.constant_value_as_shape",
    },
    "python.framework.ops": {"EagerTensor": "tf.Tensor", "convert_to_tensor_v2": "tf.convert_to_tensor"},
    "python.framework.convert_to_constants": {
        "convert_variables_to_constants_v2_as_graph": "internals.variables.convert_variables_to_constants_v2_as_graph",
    },
    "python.ops.init_ops": {
        "Zeros": "v1.zeros_initializer",
        "Ones": "v1.ones_initializer",
        "Constant": "v1.constant_initializer",
        "RandomUniform": "v1.random_uniform_initializer",
        "RandomNormal": "v1.random_normal_initializer",
        "TruncatedNormal": "v1.truncated_normal_initializer",
        "Orthogonal": "v1.orthogonal_initializer",
        "VarianceScaling": "v1.variance_scaling_initializer",
        "GlorotUniform": "v1.glorot_uniform_initializer",
        "GlorotNormal": "v1.glorot_normal_initializer",
    },
    "python.distribute.values": dict.fromkeys(
        ("AggregatingVariable", "DistributedVariable"), "internals.kinds.DistributedVariable"
    ),
    "python.distribute.ps_values": {"AggregatingVariable": "internals.kinds.DistributedVariable"},
    "python.ops.random_ops": {"parameterized_truncated_normal": "internals.variables.parameterized_truncated_normal"},
    "python.ops.array_ops": {
        "prevent_gradient": "internals.variables.prevent_gradient",
        "shape_internal": "internals.variables.shape_internal",
    },
    "python.ops.linalg.linear_operator": {"make_composite_tensor": "internals.kinds.make_composite_tensor"},
    "python.framework.tensor_spec": {"DenseSpec": "tf.TensorSpec"},
    "python.eager.def_function": {"Function": "internals.kinds.GenericFunction"},
    "python.eager.polymorphic_function.polymorphic_function": {"Function": "internals.kinds.GenericFunction"},
    "python.data.ops.iterator_ops": {"OwnedIterator": "tf.data.Iterator"},
    "python.ops.gradients_impl": {"gradients_v2": "tf.gradients"},
    "python.ops.parallel_for": {"pfor": "internals.variables.pfor"},
    "python.ops.parallel_for.control_flow_ops": {"pfor": "internals.variables.pfor"},
    "python.trackable.autotrackable": {"AutoTrackable": "tf.Module"},
    "python.training.tracking.tracking": {"AutoTrackable": "tf.Module"},
    "python.training.moving_averages": {"assign_moving_average": "v1.train._assign_moving_average"},
    "python.ops.control_flow_ops": {"with_dependencies": "v1.dropped_ops.with_dependencies"},
    "python.client.timeline": {"Timeline": "v1.train._Timeline"},
    "python.client.device_lib": {"list_local_devices": "tf.config.list_logical_devices"},
    "python.ops.numpy_ops.np_config": {
        "enable_numpy_behavior": "tf.experimental.numpy.experimental_enable_numpy_behavior"
    },
    "python.lib.io.file_io": {
        "FileIO": "v1.gfile.GFile",
        "read_file_to_string": "v1.gfile._read_text",
        "write_string_to_file": "v1.gfile._write_text",
        "copy": "v1.gfile.Copy",
        "create_dir": "v1.gfile.MkDir",
        "delete_file": "v1.gfile.Remove",
        "delete_recursively": "v1.gfile.DeleteRecursively",
        "file_exists": "v1.gfile.Exists",
        "get_matching_files": "v1.gfile.Glob",
        "is_directory": "v1.gfile.IsDirectory",
        "list_directory": "v1.gfile.ListDirectory",
        "recursive_create_dir": "v1.gfile.MakeDirs",
        "rename": "v1.gfile.Rename",
        "stat": "v1.gfile.Stat",
        "walk": "v1.gfile.Walk",
    },
    "api._v1": {"keras": "keras"},
    "api._v2": {"keras": "keras"},
    "_tf_keras": {"keras": "keras"},
    "utils.visualize_util": {"plot": "keras.utils.plot_model"},
    "optimizer_v2.optimizer_v2": {"OptimizerV2": "keras.optimizers.Optimizer"},
    **keras_paths.RENAMED,
}
