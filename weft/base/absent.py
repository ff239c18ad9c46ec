"""What is said where a program asks for a public name that TensorFlow or Keras has and Weft has not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, NoReturn, TypeVar

from weft.base.errors import explain, nearest

_C = TypeVar("_C", bound=type)

_DATA = "pass arrays to model.fit, or a generator of batches, or a keras.utils.PyDataset"
_SAVING = "model.save('model.keras') keeps a Keras model in a file, model.save_weights its weights"
_TRAIN = "tf.train of TensorFlow 1 is weft.compat.v1.train; keras.optimizers and keras.callbacks do the rest"
_VERSION_1 = "`import weft.compat.v1 as tf` has it, and `weft run` gives it to programs of TensorFlow 1"
_REMOVED = "TensorFlow 2 itself has it no longer"

#: what is not built yet (or was taken out of the real thing too): name -> what to use today
NOT_BUILT: Mapping[str, str] = {
    "keras.Model.quantize": "quantization is not built; train and predict with float32",
    "keras.applications": "build the network of keras.layers",
    "keras.callbacks.OrbaxCheckpoint": "use ModelCheckpoint or BackupAndRestore",
    "keras.callbacks.experimental": "use a LambdaCallback",
    **{f"keras.dtype_policies.{name}": "quantization is not built; compute in float32 or mixed_bfloat16" for name in (
        "AWQDTypePolicy", "GPTQDTypePolicy", "Int4DTypePolicy", "QuantizedDTypePolicy", "QuantizedFloat8DTypePolicy",
    )},
    "keras.datasets": "keras.datasets.mnist is there; keras.utils.get_file downloads other files",
    "keras.estimator": _REMOVED + "; use model.fit",
    "keras.layers.FlaxLayer": "write the layer as a subclass of keras.layers.Layer",
    "keras.layers.JaxLayer": "write the layer as a subclass of keras.layers.Layer",
    "keras.layers.TorchModuleWrapper": "write the layer as a subclass of keras.layers.Layer",
    "keras.Quantizer": "quantization is not built; train and predict with float32",
    "keras.quantizers": "quantization is not built; train and predict with float32",
    "keras.utils.convert_all_kernels_in_model": "leave it out: it turned kernels that Theano had made",
    "keras.utils.multi_gpu_model": "make and compile the model in `with tf.distribute.MirroredStrategy().scope():`",
    "keras.visualization": "use matplotlib",
    "tf.Tensor.T": "use tf.transpose(x)",
    "tf.Tensor.all": "use tf.reduce_all(x)",
    "tf.Tensor.any": "use tf.reduce_any(x)",
    "tf.Tensor.argmax": "use tf.argmax(x, axis)",
    "tf.Tensor.astype": "use tf.cast(x, dtype)",
    "tf.Tensor.clip": "use tf.clip_by_value(x, low, high)",
    "tf.Tensor.copy": "use tf.identity(x), or x.numpy() for an array",
    "tf.Tensor.dot": "use tf.tensordot(x, y, 1) or x @ y",
    "tf.Tensor.flatten": "use tf.reshape(x, [-1])",
    "tf.Tensor.item": "use float(x), int(x) or x.numpy()",
    "tf.Tensor.max": "use tf.reduce_max(x)",
    "tf.Tensor.mean": "use tf.reduce_mean(x)",
    "tf.Tensor.min": "use tf.reduce_min(x)",
    "tf.Tensor.prod": "use tf.reduce_prod(x)",
    "tf.Tensor.ravel": "use tf.reshape(x, [-1])",
    "tf.Tensor.reshape": "use tf.reshape(x, shape)",
    "tf.Tensor.size": "use tf.size(x), or x.shape.num_elements()",
    "tf.Tensor.squeeze": "use tf.squeeze(x)",
    "tf.Tensor.std": "use tf.math.reduce_std(x)",
    "tf.Tensor.sum": "use tf.reduce_sum(x)",
    "tf.Tensor.tolist": "use x.numpy().tolist()",
    "tf.Tensor.transpose": "use tf.transpose(x, perm)",
    "tf.Tensor.var": "use tf.math.reduce_variance(x)",
    "tf.app": _VERSION_1,
    "tf.contrib": _REMOVED + "; use keras.layers and tf.nn",
    "tf.data.experimental.SqlDataset": "from_generator over a cursor of Python's sqlite3",
    "tf.data.experimental.service": "the pipeline runs where it is used",
    "tf.data.Dataset.make_initializable_iterator": "iter(dataset), for each pass",
    "tf.data.Dataset.make_one_shot_iterator": "iter(dataset)",
    "tf.data.Iterator.from_structure": "iter(dataset), for each dataset that is to be gone through",
    "tf.estimator": _REMOVED + "; use model.fit",
    "tf.examples": "keras.datasets.mnist.load_data() gives MNIST",
    "tf.flags": _VERSION_1,
    "tf.gfile": _VERSION_1,
    "tf.layers": _VERSION_1,
    "tf.logging": _VERSION_1,
    "tf.python_io": "use tf.io.TFRecordWriter and tf.data.TFRecordDataset",
    "tf.quantization.experimental": "train and predict with float32",
    "tf.train": _TRAIN,
}  # fmt: skip


_TPU = "TPUs are driven by Google's own runtime, which is not a library that a Python program could bring along"
_DTENSOR = "arrays that are laid out over several machines need TensorFlow's own runtime on each of them"
_ONE = "training runs in one process"
_BRIDGE = ("graphs are compiled by Weft's own compiler", "leave it out: there is nothing to switch")
_CELLS = ("it wraps cells of TensorFlow 1", "keras.layers.RNN, or tf.compat.v1.nn.rnn_cell")
_FFTND = ("TensorFlow itself has no kernel of it for processors", "tf.signal.fft, fft2d and fft3d")
_JXL = ("JPEG XL needs a library of its own", "keep the pictures as PNG or JPEG")
_NOT_BUILT = (
    "there are no headers and no library in C++ to compile against",
    "a kernel in Python: tf.numpy_function, or weft.extend.op; `weft doctor` shows versions",
)
_PREEMPTED = ("notices of preemption come from one cloud's own service", "keras.callbacks.BackupAndRestore")
_SERVICE = ("the pipeline runs where it is used", "dataset.save")
_QUANTIZED = (
    "arithmetic on quantized tensors is a set of kernels of its own",
    "tf.quantization.fake_quant_with_min_max_vars, or quantize_and_dequantize_v2; tf.int8 holds whole numbers",
)
_NARROW = (
    "no op computes with it, in TensorFlow neither: it is cast and stored",
    "tf.bfloat16, tf.float16, tf.int8; numpy arrays of ml_dtypes hold such numbers",
)
_GENERATED = "TensorFlow itself has it in the list of names by accident: it stands for one operation of a graph"
_DISPATCH = (
    "what functions of tf do with classes of others is for TensorFlow's own extension types",
    "a class with `__weft_operation__`, see weft.extend",
)
_SEQUENCE_COLUMNS = (
    "nothing takes such columns: the layer that did, SequenceFeatures, went with Keras 2",
    "keras.layers.StringLookup, Hashing and Embedding on padded or ragged sequences",
)
_ONE_SHARD = ("a checkpoint is one file of values with its index", "leave the policy out; TensorFlow reads the files")
_TRACING = ("how calls are told apart is Weft's own", "tf.TypeSpec and tf.TensorSpec in an input_signature")
_PREDICTABLE = "TensorFlow's own saved models hold it; Weft's hold graphs and values"
_TUNED = ("how a map is made for batches is decided for each function", "leave it out: there is nothing to switch")
_STATISTICS = (
    "statistics of pipelines are gathered by TensorFlow's runtime",
    "tf.profiler.experimental, or WEFT_DEBUG=1",
)
_PROFILED = (
    "its tables tell of kernels of TensorFlow's runtime",
    "RunOptions(trace_level=RunOptions.FULL_TRACE) with RunMetadata, tensorflow.python.client.timeline, `weft profile`",
)
_VARIANT = ("datasets are no tensors here", "pass the dataset itself: functions take datasets")

#: what is left out on purpose: name -> (why, what to use instead)
LEFT_OUT: Mapping[str, tuple[str, str]] = {
    "tf.LMDBReader": ("LMDB files need a library of its own", "tf.io.TFRecordWriter and tf.TFRecordReader"),
    "tf.dequantize": _QUANTIZED,
    "tf.quantize": _QUANTIZED,
    "tf.quantize_v2": _QUANTIZED,
    "tf.quantized_concat": _QUANTIZED,
    "tf.nn.quantized_avg_pool": _QUANTIZED,
    "tf.nn.quantized_conv2d": _QUANTIZED,
    "tf.nn.quantized_max_pool": _QUANTIZED,
    "tf.nn.quantized_relu_x": _QUANTIZED,
    "tf.config.experimental_list_devices": (
        "it tells of devices of the runtime by names that only that has", "tf.config.list_physical_devices()",
    ),
    "tf.data.experimental.CheckpointInputPipelineHook": (
        "a hook cannot keep the place of an iterator that is part of a graph",
        "tf.train.Checkpoint(iterator=iter(dataset)), eagerly",
    ),
    "tf.data.experimental.MapVectorizationOptions": _TUNED,
    "tf.data.experimental.StatsAggregator": _STATISTICS,
    "tf.data.experimental.StatsOptions": _STATISTICS,
    "tf.data.experimental.bytes_produced_stats": _STATISTICS,
    "tf.data.experimental.latency_stats": _STATISTICS,
    "tf.data.experimental.TensorArrayStructure": (
        "TensorArrays are no elements of datasets", "tf.TensorSpec of the stacked rows",
    ),
    "tf.distribute.get_loss_reduction": (
        "strategies scale no losses of their own accord", "divide by strategy.num_replicas_in_sync",
    ),
    "tf.experimental.output_all_intermediates": (
        "what gradients of branches and loops need is worked out for each graph", "leave it out",
    ),
    "tf.feature_column.shared_embedding_columns": (
        "it is for the Estimators of TensorFlow 1",
        "tf.feature_column.embedding_column, or one tf.get_variable for several lookups",
    ),
    "tf.profiler": _PROFILED,
    "tf.summary.get_summary_description": ("no summary of a tensor carries one", "the tags and metadata of events"),
    "tf.test.mock": ("it is Python's own", "unittest.mock"),
    "tf.load_file_system_library": ("file systems are Python's here", "register none: tf.io.gfile takes paths"),
    "tf.distribute.Server": (
        "workers are equals that run one program; none of them serves variables",
        "weft launch, or tf.distribute.MultiWorkerMirroredStrategy under TF_CONFIG",
    ),
    "tf.distribute.cluster_resolver": (_ONE, "leave the resolver out; tf.distribute.get_strategy() is there"),
    "tf.experimental.dtensor": (_DTENSOR, "plain tensors and tf.Variable"),
    "tf.experimental.dispatch_for_api": _DISPATCH,
    "tf.experimental.dispatch_for_binary_elementwise_apis": _DISPATCH,
    "tf.experimental.dispatch_for_binary_elementwise_assert_apis": _DISPATCH,
    "tf.experimental.dispatch_for_unary_elementwise_apis": _DISPATCH,
    "tf.experimental.unregister_dispatch_for": _DISPATCH,
    "tf.config.experimental.disable_mlir_bridge": _BRIDGE,
    "tf.config.experimental.enable_mlir_bridge": _BRIDGE,
    "tf.data.experimental.distributed_save": _SERVICE,
    "tf.data.experimental.from_variant": _VARIANT,
    "tf.data.experimental.get_model_proto": (
        "it tells of the autotuner within TensorFlow's runtime", "tf.profiler.experimental, or WEFT_DEBUG=1",
    ),
    "tf.data.experimental.make_saveable_from_iterator": (
        "it belongs to the Saver of TensorFlow 1", "tf.train.Checkpoint(iterator=iterator) keeps an iterator's place",
    ),
    "tf.data.experimental.to_variant": _VARIANT,
    "tf.debugging.experimental": (
        "what it writes is for a plugin of TensorBoard that reads TensorFlow's own runtime",
        "tf.debugging.enable_check_numerics(), tf.print, WEFT_DEBUG=1",
    ),
    "tf.distribute.experimental.PreemptionCheckpointHandler": _PREEMPTED,
    "tf.distribute.experimental.PreemptionWatcher": _PREEMPTED,
    "tf.distribute.experimental.TerminationConfig": _PREEMPTED,
    "tf.distribute.experimental.rpc": (
        "calls between machines go by a server within TensorFlow's runtime", "multiprocessing.managers of Python",
    ),
    "tf.dtensor": (_DTENSOR, "plain tensors and tf.Variable"),
    "tf.fftnd": _FFTND,
    "tf.ifftnd": _FFTND,
    "tf.image.decode_jxl": _JXL,
    "tf.io.decode_jxl": _JXL,
    "tf.irfftnd": _FFTND,
    "tf.nn.RNNCellDeviceWrapper": _CELLS,
    "tf.nn.RNNCellDropoutWrapper": _CELLS,
    "tf.nn.RNNCellResidualWrapper": _CELLS,
    "tf.nondifferentiable_batch_function": (
        "requests are gathered into batches by TensorFlow's server", "tf.data.Dataset.batch, or tf.function on batches",
    ),
    "tf.rfftnd": _FFTND,
    "tf.security": ("its classes annotate what TensorFlow generates", "tf.DType and tf.Tensor in annotations"),
    "tf.signal.fftnd": _FFTND,
    "tf.signal.ifftnd": _FFTND,
    "tf.signal.irfftnd": _FFTND,
    "tf.signal.rfftnd": _FFTND,
    "tf.experimental.tensorrt": ("TensorRT is NVIDIA's own runtime", "call the model: it is compiled already"),
    "tf.lite": (
        "TensorFlow Lite is a runtime of its own with a file format of its own",
        "model.save('model.keras') keeps the model, keras.models.load_model and predict run it",
    ),
    "tf.load_op_library": (
        "libraries of ops are compiled against TensorFlow's C++ classes",
        "write the op with tf functions, or wrap it: tf.numpy_function",
    ),
    "tf.load_library": (
        "libraries of ops are compiled against TensorFlow's C++ classes",
        "write the op with tf functions, or wrap it: tf.numpy_function",
    ),
    "tf.mlir": ("graphs are compiled by Weft's own compiler", "concrete.graph prints the graph of a traced function"),
    "tf.TensorArraySpec": (
        "a TensorArray stays within the function that writes it", "return array.stack() and take a tensor",
    ),
    "tf.check_pinned": (_GENERATED, "leave it out: memory is the processor's"),
    "tf.config.experimental.ClusterDeviceFilters": (_ONE, "leave it out, or weft launch for several processes"),
    "tf.conv": (_GENERATED, "tf.nn.convolution, tf.nn.conv2d or tf.nn.conv3d"),
    "tf.conv2d_backprop_filter_v2": (_GENERATED, "tf.GradientTape, or tf.raw_ops.Conv2DBackpropFilter"),
    "tf.conv2d_backprop_input_v2": (_GENERATED, "tf.nn.conv2d_transpose, or tf.raw_ops.Conv2DBackpropInput"),
    "tf.data.experimental.ServiceOptions": _SERVICE,
    "tf.distribute.coordinator.PerWorkerValue": (
        "the devices take every scheduled step together", "tf.distribute.experimental.coordinator.PerWorkerValues",
    ),
    "tf.distribute.coordinator.experimental_get_current_worker_index": (
        "the devices take every scheduled step together", "tf.distribute.get_replica_context()",
    ),
    "tf.dtypes.experimental": _NARROW,
    "tf.experimental.DynamicRaggedShape": (
        "shapes of ragged tensors are no values of their own", "rt.bounding_shape(), rt.row_lengths(), tf.shape",
    ),
    "tf.experimental.RowPartition": (
        "how a ragged tensor's rows are cut is part of it", "tf.RaggedTensor.from_row_splits and its like",
    ),
    "tf.experimental.StructuredTensor": (
        "it is on trial", "tf.experimental.ExtensionType, or a dict of ragged tensors",
    ),
    "tf.experimental.register_filesystem_plugin": (
        "plugins are compiled against TensorFlow's C++ classes", "install fsspec, whose paths tf.io.gfile takes",
    ),
    "tf.image.generate_bounding_box_proposals": (
        "it is one network's last step in one operation",
        "tf.image.non_max_suppression or tf.image.combined_non_max_suppression",
    ),
    "tf.math.sobol_sample": (
        "it needs a table of direction numbers", "scipy.stats.qmc.Sobol, or tf.random.stateless_uniform",
    ),
    "tf.nn.with_space_to_batch": (
        "convolutions take dilations themselves", "tf.nn.convolution(..., dilations=rate) or tf.nn.atrous_conv2d",
    ),
    "tf.quantization.dequantize": _QUANTIZED,
    "tf.quantization.quantize": _QUANTIZED,
    "tf.quantization.quantized_concat": _QUANTIZED,
    "tf.ragged_fill_empty_rows": (_GENERATED, "tf.sparse.fill_empty_rows, or rt.to_tensor(default_value=...)"),
    "tf.ragged_fill_empty_rows_grad": (_GENERATED, "tf.GradientTape"),
    "tf.random.experimental.index_shuffle": (
        "which place an index goes to is a cipher of TensorFlow's own", "tf.random.experimental.stateless_shuffle",
    ),
    "tf.random_index_shuffle": (
        "which place an index goes to is a cipher of TensorFlow's own", "tf.random.experimental.stateless_shuffle",
    ),
    "tf.saved_model.experimental": (_PREDICTABLE, "tf.saved_model.save and load; tf.lookup for tables"),
    **{f"tf.sysconfig.{name}": _NOT_BUILT for name in (
        "CXX11_ABI_FLAG", "CXX_VERSION", "MONOLITHIC_BUILD", "get_compile_flags", "get_include", "get_lib",
        "get_link_flags",
    )},
    "tf.test.benchmark_config": (_VERSION_1, "a plain `with tf.compat.v1.Session()`"),
    "tf.train.experimental.MaxShardSizePolicy": _ONE_SHARD,
    "tf.train.experimental.ShardByTaskPolicy": _ONE_SHARD,
    "tf.train.experimental.ShardableTensor": _ONE_SHARD,
    "tf.train.experimental.ShardingCallback": _ONE_SHARD,
    "tf.types.experimental.AtomicFunction": _TRACING,
    "tf.types.experimental.FunctionType": _TRACING,
    "tf.types.experimental.distributed.Mirrored": (
        "what is the same in all replicas is one tensor or variable", "tf.Tensor and tf.Variable",
    ),
    "tf.types.experimental.SupportsTracingProtocol": _TRACING,
    "tf.types.experimental.TraceType": _TRACING,
    "tf.experimental.float4_e2m1fn": _NARROW,
    "tf.experimental.float8_e4m3b11fnuz": _NARROW,
    "tf.experimental.float8_e4m3fn": _NARROW,
    "tf.experimental.float8_e4m3fnuz": _NARROW,
    "tf.experimental.float8_e5m2": _NARROW,
    "tf.experimental.float8_e5m2fnuz": _NARROW,
    "tf.experimental.int2": _NARROW,
    "tf.experimental.int4": _NARROW,
    "tf.experimental.uint2": _NARROW,
    "tf.experimental.uint4": _NARROW,
    "tf.feature_column.sequence_categorical_column_with_hash_bucket": _SEQUENCE_COLUMNS,
    "tf.feature_column.sequence_categorical_column_with_identity": _SEQUENCE_COLUMNS,
    "tf.feature_column.sequence_categorical_column_with_vocabulary_file": _SEQUENCE_COLUMNS,
    "tf.feature_column.sequence_categorical_column_with_vocabulary_list": _SEQUENCE_COLUMNS,
    "tf.feature_column.sequence_numeric_column": _SEQUENCE_COLUMNS,
    "tf.tpu": (_TPU, "leave it out: the program runs on this machine"),
    "tf.xla": ("graphs are compiled by Weft's own compiler", "tf.function"),
}  # fmt: skip


def left_out(name: str) -> tuple[str, str, str] | None:
    """Why a name, or what it is part of, is left out on purpose.

    Args:
        name: A full public name such as `"tf.lite.Interpreter"`.

    Returns:
        (what is left out, why, what to use instead), or None.
    """
    parts = name.split(".")
    for count in range(len(parts), 1, -1):
        found = LEFT_OUT.get(".".join(parts[:count]))
        if found is not None:
            return ".".join(parts[:count]), *found
    return None


def advice(name: str) -> str | None:
    """What to use today in the place of a name that is not built yet.

    Args:
        name: A full public name such as `"tf.data.Dataset"`.

    Returns:
        The advice for it or what it is part of; None where nothing is known about it.
    """
    parts = name.removeprefix("tf.").split(".") if name.startswith("tf.keras.") else name.split(".")
    for count in range(len(parts), 1, -1):
        found = NOT_BUILT.get(".".join(parts[:count]))
        if found is not None:
            return found
    return None


def absent(name: str, known: Iterable[str] = ()) -> str:
    """The message about a public name that is not there.

    Args:
        name: The full name, such as `"tf.linalg.matrix_rank"`.
        known: The names beside it that are there.

    Returns:
        Why it is left out, or that it is not built yet; with what to use instead, or the names nearest to it.

    Example:
        >>> print(absent("tf.matmull", ["matmul", "add"]))
        Weft has no `tf.matmull`. Did you mean `matmul`?
    """
    reason = left_out(name)
    if reason is not None:
        return explain(f"Weft leaves out `{reason[0]}` on purpose: {reason[1]}.", hint=reason[2])
    use = advice(name)
    if use is not None:
        return explain(f"Weft has no `{name}` yet.", hint=use)
    near = nearest(name.rpartition(".")[2], known)
    return f"Weft has no `{name}`. {near if near.startswith('Did') else 'It may not be built yet.'}"


def word_absent(names: dict[str, Any], path: str) -> None:
    """Lets a public module word what is missing from it; type checkers need not know.

    Args:
        names: The module's `globals()`, which get a `__getattr__` where they have none.
        path: Its public name, such as `"tf.linalg"`.
    """

    def missing(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {path!r} has no attribute {name!r}")
        known = [n for n, value in names.items() if not n.startswith("_") and not isinstance(value, ModuleType)]
        raise AttributeError(absent(f"{path}.{name}", known))

    names.setdefault("__getattr__", missing)


class Namespace:
    """A public namespace that is an object and no module: what is missing from it is worded as a module's.

    Args:
        path: Its public name, such as `"tf.train.experimental"`.
        **members: What it holds.
    """

    def __init__(self, path: str, /, **members: Any) -> None:
        self.__dict__.update(members)
        self.__dict__["_path"] = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        known = [n for kind in type(self).__mro__ for n in vars(kind) if not n.startswith("_")]
        members = [n for n in self.__dict__ if not n.startswith("_")]
        raise AttributeError(absent(f"{self._path}.{name}", [*known, *members]))


class _Missing:
    """Stands for a method that is not built yet: as absent as any other, but for the message."""

    def __init__(self, name: str, use: str) -> None:
        self._name, self._use = name, use

    def __get__(self, owner: object, kind: type) -> NoReturn:
        problem = f"'{kind.__name__}' object has no attribute '{self._name}'."
        raise AttributeError(explain(problem, hint=self._use))


def word_absent_methods(path: str) -> Callable[[_C], _C]:
    """Lets a class word which methods of the table are missing; a `__getattr__` would hide errors of properties.

    Args:
        path: The class' public name, such as `"keras.Model"`.
    """

    def decorate(cls: _C) -> _C:
        for name, use in NOT_BUILT.items():
            owner, _, method = name.rpartition(".")
            if owner == path:
                setattr(cls, method, _Missing(method, use))
        return cls

    return decorate
