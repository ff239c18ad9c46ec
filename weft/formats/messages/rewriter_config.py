"""How the graphs of a session are rewritten."""

from __future__ import annotations

from enum import IntEnum

from weft.formats.containers import MessageMap, RepeatedMessage, RepeatedScalar
from weft.formats.fields import enumeration, mapping, message, repeated, repeated_message, scalar
from weft.formats.message import Message
from weft.formats.messages.graph import AttrValue


class AutoParallelOptions(Message, proto="tensorflow.AutoParallelOptions"):
    """Whether a graph is run in several copies."""

    enable: bool = scalar(1, "bool")
    num_replicas: int = scalar(2, "int32")


class ScopedAllocatorOptions(Message, proto="tensorflow.ScopedAllocatorOptions"):
    """Which operations share a place in memory."""

    enable_op: RepeatedScalar[str] = repeated(1, "string")


class VerifierConfig(Message, proto="tensorflow.VerifierConfig"):
    """How rewritten graphs are checked."""

    class Toggle(IntEnum):
        """Whether something is done."""

        DEFAULT = 0
        ON = 1
        OFF = 2

    DEFAULT, ON, OFF = Toggle.DEFAULT.value, Toggle.ON.value, Toggle.OFF.value

    verification_timeout_in_ms: int = scalar(1, "int64")
    structure_verifier: int = enumeration(2, Toggle)


class RewriterConfig(Message, proto="tensorflow.RewriterConfig"):
    """How graphs are rewritten; accepted and kept."""

    class Toggle(IntEnum):
        """Whether something is done."""

        DEFAULT = 0
        ON = 1
        OFF = 2
        AGGRESSIVE = 3
        EXPERIMENTAL_MLIR = 4
        EXPERIMENTAL_BOTH = 5

    class CpuLayout(IntEnum):
        """How images lie in memory."""

        NO_CONVERSION_ON_CPU = 0
        NCHW_TO_NHWC = 1
        NHWC_TO_NCHW = 2

    class NumIterationsType(IntEnum):
        """How often graphs are gone through."""

        DEFAULT_NUM_ITERS = 0
        ONE = 1
        TWO = 2

    class MemOptType(IntEnum):
        """How memory is saved."""

        DEFAULT_MEM_OPT = 0
        NO_MEM_OPT = 1
        MANUAL = 2
        SWAPPING_HEURISTICS = 4
        RECOMPUTATION_HEURISTICS = 5
        SCHEDULING_HEURISTICS = 6
        HEURISTICS = 3

    DEFAULT, ON, OFF = Toggle.DEFAULT.value, Toggle.ON.value, Toggle.OFF.value
    AGGRESSIVE, EXPERIMENTAL_MLIR, EXPERIMENTAL_BOTH = (
        Toggle.AGGRESSIVE.value,
        Toggle.EXPERIMENTAL_MLIR.value,
        Toggle.EXPERIMENTAL_BOTH.value,
    )
    NO_CONVERSION_ON_CPU, NCHW_TO_NHWC, NHWC_TO_NCHW = (
        CpuLayout.NO_CONVERSION_ON_CPU.value,
        CpuLayout.NCHW_TO_NHWC.value,
        CpuLayout.NHWC_TO_NCHW.value,
    )
    DEFAULT_NUM_ITERS, ONE, TWO = (
        NumIterationsType.DEFAULT_NUM_ITERS.value,
        NumIterationsType.ONE.value,
        NumIterationsType.TWO.value,
    )
    DEFAULT_MEM_OPT, NO_MEM_OPT, MANUAL = (
        MemOptType.DEFAULT_MEM_OPT.value,
        MemOptType.NO_MEM_OPT.value,
        MemOptType.MANUAL.value,
    )
    SWAPPING_HEURISTICS, RECOMPUTATION_HEURISTICS, SCHEDULING_HEURISTICS = (
        MemOptType.SWAPPING_HEURISTICS.value,
        MemOptType.RECOMPUTATION_HEURISTICS.value,
        MemOptType.SCHEDULING_HEURISTICS.value,
    )
    HEURISTICS = MemOptType.HEURISTICS.value

    class CustomGraphOptimizer(Message, proto="tensorflow.RewriterConfig.CustomGraphOptimizer"):
        """A rewriter of one's own."""

        name: str = scalar(1, "string")
        parameter_map: MessageMap[str, AttrValue] = mapping(2, "string", "tensorflow.AttrValue")

    layout_optimizer: int = enumeration(1, Toggle)
    disable_model_pruning: bool = scalar(2, "bool")
    constant_folding: int = enumeration(3, Toggle)
    memory_optimization: int = enumeration(4, MemOptType)
    auto_parallel: AutoParallelOptions = message(5, "tensorflow.AutoParallelOptions")
    memory_optimizer_target_node_name_scope: str = scalar(6, "string")
    arithmetic_optimization: int = enumeration(7, Toggle)
    dependency_optimization: int = enumeration(8, Toggle)
    loop_optimization: int = enumeration(9, Toggle)
    function_optimization: int = enumeration(10, Toggle)
    debug_stripper: int = enumeration(11, Toggle)
    meta_optimizer_iterations: int = enumeration(12, NumIterationsType)
    shape_optimization: int = enumeration(13, Toggle)
    remapping: int = enumeration(14, Toggle)
    scoped_allocator_optimization: int = enumeration(15, Toggle)
    scoped_allocator_opts: ScopedAllocatorOptions = message(16, "tensorflow.ScopedAllocatorOptions")
    min_graph_nodes: int = scalar(17, "int32")
    pin_to_host_optimization: int = enumeration(18, Toggle)
    disable_meta_optimizer: bool = scalar(19, "bool")
    meta_optimizer_timeout_ms: int = scalar(20, "int64")
    fail_on_optimizer_errors: bool = scalar(21, "bool")
    implementation_selector: int = enumeration(22, Toggle)
    auto_mixed_precision: int = enumeration(23, Toggle)
    common_subgraph_elimination: int = enumeration(24, Toggle)
    auto_mixed_precision_mkl: int = enumeration(25, Toggle)
    experimental_disable_compressed_tensor_optimization: bool = scalar(26, "bool")
    experimental_disable_folding_quantization_emulation: bool = scalar(27, "bool")
    use_plugin_optimizers: int = enumeration(28, Toggle)
    auto_mixed_precision_cpu: int = enumeration(29, Toggle)
    experimental_conditional_code_motion: int = enumeration(30, Toggle)
    auto_mixed_precision_onednn_bfloat16: int = enumeration(31, Toggle)
    disable_tfg_optimizer: bool = scalar(32, "bool")
    cpu_layout_conversion: int = enumeration(50, CpuLayout)
    optimizers: RepeatedScalar[str] = repeated(100, "string")
    custom_optimizers: RepeatedMessage[CustomGraphOptimizer] = repeated_message(
        200, "tensorflow.RewriterConfig.CustomGraphOptimizer"
    )
    inter_optimizer_verifier_config: VerifierConfig = message(300, "tensorflow.VerifierConfig")
    post_optimization_verifier_config: VerifierConfig = message(301, "tensorflow.VerifierConfig")
