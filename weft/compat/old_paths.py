"""Module paths that public programs import from and that have no module of their own here, and what stands in for them.

An old path is answered by a stand-in: a module that looks a name up in one place of the public API after another. A
place begins with ``tf`` (the names of the dialect at hand), ``v1`` (TensorFlow 1's), or ``keras``. A path without
places is only there to hold others. Where a name was called differently, `RENAMED` says what it is now. What Keras has
inside is in `keras_paths`.
"""

from weft.compat import keras_paths

_OPS = ("tf", "tf.math", "tf.nn", "v1", "v1.nn")
_LAYERS = ("keras.layers",)
_ENGINE = ("keras", "keras.layers", "keras.models", "keras.utils")
_UTILS = ("keras.utils",)
_SAVED_MODEL = "builder constants loader main_op signature_constants signature_def_utils tag_constants utils"


def _under(prefix: str, names: str, places: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {f"{prefix}.{name}": places for name in names.split()}


#: Below ``tensorflow``.
TENSORFLOW: dict[str, tuple[str, ...]] = {
    "python": (),
    **_under("python", "framework ops platform client util lib eager layers summary", ()),
    # framework
    "python.framework.ops": ("tf", "v1"),
    "python.framework.dtypes": ("tf.dtypes", "tf"),
    "python.framework.graph_util": ("v1.graph_util",),
    "python.framework.convert_to_constants": ("v1.graph_util",),
    "python.framework.random_seed": ("v1", "v1.random"),
    **_under("python.framework", "constant_op tensor_shape tensor_util tensor_spec sparse_tensor device", ("tf", "v1")),
    **_under("python.framework", "importer function tensor indexed_slices", ("tf", "v1")),
    **_under("python.framework", "errors errors_impl", ("tf.errors",)),
    # ops
    **_under("python.ops", "array_ops math_ops nn_ops nn control_flow_ops state_ops variables variable_scope", _OPS),
    **_under("python.ops", "check_ops clip_ops confusion_matrix custom_gradient data_flow_ops functional_ops", _OPS),
    **_under("python.ops", "gradients gradients_impl init_ops logging_ops script_ops special_math_ops", _OPS),
    **_under("python.ops", "standard_ops tensor_array_ops template while_loop cond bitwise_ops", _OPS),
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
    "python.util.deprecation": (),  # for scripts that switch its warnings off
    "python.util.nest": ("tf.nest",),
    "python.lib.io": (),
    "python.lib.io.file_io": (),
    "python.lib.io.tf_record": ("tf.io", "v1.python_io"),
    # client, eager, data, layers, summary
    "python.client.session": ("v1",),
    "python.client.device_lib": (),
    "python.client.timeline": (),
    **_under("python.eager", "backprop context def_function", ("tf", "v1")),
    "python.data": ("tf.data",),
    "python.data.ops": (),
    **_under("python.data.ops", "dataset_ops iterator_ops options", ("tf.data", "v1.data")),
    **_under("python.layers", "base core convolutional layers normalization pooling", ("v1.layers",)),
    "python.summary.summary": ("v1.summary",),
    "python.pywrap_tensorflow": ("v1.train",),
    # training and saving
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

#: Names that are called something else today, by the path they are imported from.
RENAMED: dict[str, dict[str, str]] = {
    "python.framework.tensor_shape": {
        **{name: f"v1.tensor_shapes.{name}" for name in ("as_shape", "matrix", "scalar", "unknown_shape", "vector")}
    },
    "python.framework.tensor_util": {"constant_value": "tf.get_static_value"},
    "python.training.moving_averages": {"assign_moving_average": "v1.train._assign_moving_average"},
    "python.ops.control_flow_ops": {"with_dependencies": "v1.more_ops.with_dependencies"},
    "python.util.nest": {"is_sequence": "tf.nest.is_nested", "is_nested_or_composite": "tf.nest.is_nested"},
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
