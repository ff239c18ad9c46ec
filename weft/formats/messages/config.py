"""Settings of sessions and of runs."""

from __future__ import annotations

from enum import IntEnum

from weft.formats.containers import RepeatedMessage, RepeatedScalar, ScalarMap
from weft.formats.fields import enumeration, mapping, message, repeated, repeated_message, scalar
from weft.formats.message import Message
from weft.formats.messages.cluster import ClusterDef
from weft.formats.messages.rewriter_config import RewriterConfig


class ThreadPoolOptionProto(Message, proto="tensorflow.ThreadPoolOptionProto"):
    """A pool of threads."""

    num_threads: int = scalar(1, "int32")
    global_name: str = scalar(2, "string")


class GPUOptions(Message, proto="tensorflow.GPUOptions"):
    """Settings of accelerators; accepted and kept."""

    class Experimental(Message, proto="tensorflow.GPUOptions.Experimental"):
        """Settings of accelerators that may go away; accepted and kept."""

        class VirtualDevices(Message, proto="tensorflow.GPUOptions.Experimental.VirtualDevices"):
            """How one accelerator's memory is shared out."""

            memory_limit_mb: RepeatedScalar[float] = repeated(1, "float")
            priority: RepeatedScalar[int] = repeated(2, "int32")
            device_ordinal: RepeatedScalar[int] = repeated(3, "int32")

        class StreamMergeOptions(Message, proto="tensorflow.GPUOptions.Experimental.StreamMergeOptions"):
            """Which copies go the way of the computations."""

            merge_host_to_device_stream: bool = scalar(1, "bool")
            merge_device_to_host_stream: bool = scalar(2, "bool")
            merge_device_to_device_stream: bool = scalar(3, "bool")

        virtual_devices: RepeatedMessage[VirtualDevices] = repeated_message(
            1, "tensorflow.GPUOptions.Experimental.VirtualDevices"
        )
        use_unified_memory: bool = scalar(2, "bool")
        num_dev_to_dev_copy_streams: int = scalar(3, "int32")
        collective_ring_order: str = scalar(4, "string")
        timestamped_allocator: bool = scalar(5, "bool")
        kernel_tracker_max_interval: int = scalar(7, "int32")
        kernel_tracker_max_bytes: int = scalar(8, "int32")
        kernel_tracker_max_pending: int = scalar(9, "int32")
        internal_fragmentation_fraction: float = scalar(10, "double")
        use_cuda_malloc_async: bool = scalar(11, "bool")
        disallow_retry_on_allocation_failure: bool = scalar(12, "bool")
        gpu_host_mem_limit_in_mb: float = scalar(13, "float")
        gpu_host_mem_disallow_growth: bool = scalar(14, "bool")
        num_virtual_devices_per_gpu: int = scalar(15, "int32")
        gpu_system_memory_size_in_mb: int = scalar(16, "int32")
        populate_pjrt_gpu_client_creation_info: bool = scalar(17, "bool")
        node_id: int = scalar(18, "int32")
        stream_merge_options: StreamMergeOptions = message(19, "tensorflow.GPUOptions.Experimental.StreamMergeOptions")

    per_process_gpu_memory_fraction: float = scalar(1, "double")
    allocator_type: str = scalar(2, "string")
    deferred_deletion_bytes: int = scalar(3, "int64")
    allow_growth: bool = scalar(4, "bool")
    visible_device_list: str = scalar(5, "string")
    polling_active_delay_usecs: int = scalar(6, "int32")
    polling_inactive_delay_msecs: int = scalar(7, "int32")
    force_gpu_compatible: bool = scalar(8, "bool")
    experimental: Experimental = message(9, "tensorflow.GPUOptions.Experimental")


class OptimizerOptions(Message, proto="tensorflow.OptimizerOptions"):
    """How graphs are compiled; accepted and kept."""

    class Level(IntEnum):
        """How much is rewritten."""

        L1 = 0
        L0 = -1

    class GlobalJitLevel(IntEnum):
        """How much is compiled."""

        DEFAULT = 0
        OFF = -1
        ON_1 = 1
        ON_2 = 2

    L1, L0 = Level.L1.value, Level.L0.value
    DEFAULT, OFF, ON_1 = GlobalJitLevel.DEFAULT.value, GlobalJitLevel.OFF.value, GlobalJitLevel.ON_1.value
    ON_2 = GlobalJitLevel.ON_2.value

    do_common_subexpression_elimination: bool = scalar(1, "bool")
    do_constant_folding: bool = scalar(2, "bool")
    opt_level: int = enumeration(3, Level)
    do_function_inlining: bool = scalar(4, "bool")
    global_jit_level: int = enumeration(5, GlobalJitLevel)
    max_folded_constant_in_bytes: int = scalar(6, "int64")
    cpu_global_jit: bool = scalar(7, "bool")


class GraphOptions(Message, proto="tensorflow.GraphOptions"):
    """Settings of a session's graphs; accepted and kept."""

    enable_recv_scheduling: bool = scalar(2, "bool")
    optimizer_options: OptimizerOptions = message(3, "tensorflow.OptimizerOptions")
    build_cost_model: int = scalar(4, "int64")
    infer_shapes: bool = scalar(5, "bool")
    place_pruned_graph: bool = scalar(6, "bool")
    enable_bfloat16_sendrecv: bool = scalar(7, "bool")
    timeline_step: int = scalar(8, "int32")
    build_cost_model_after: int = scalar(9, "int64")
    rewrite_options: RewriterConfig = message(10, "tensorflow.RewriterConfig")


class RPCOptions(Message, proto="tensorflow.RPCOptions"):
    """How processes talk to each other; accepted and kept."""

    use_rpc_for_inprocess_master: bool = scalar(1, "bool")
    compression_algorithm: str = scalar(2, "string")
    compression_level: int = scalar(3, "int32")
    cache_rpc_response: bool = scalar(4, "bool")
    disable_session_connection_sharing: bool = scalar(5, "bool")
    num_channels_per_target: int = scalar(6, "int32")


class SessionMetadata(Message, proto="tensorflow.SessionMetadata"):
    """A session's name and version."""

    name: str = scalar(1, "string")
    version: int = scalar(2, "int64")


class CoordinatedJob(Message, proto="tensorflow.CoordinatedJob"):
    """A job whose processes wait for each other."""

    name: str = scalar(1, "string")
    num_tasks: int = scalar(2, "int32")


class CoordinationServiceConfig(Message, proto="tensorflow.CoordinationServiceConfig"):
    """How processes find each other; accepted and kept."""

    service_type: str = scalar(1, "string")
    service_leader: str = scalar(2, "string")
    enable_health_check: bool = scalar(3, "bool")
    cluster_register_timeout_in_ms: int = scalar(4, "int64")
    heartbeat_timeout_in_ms: int = scalar(5, "int64")
    shutdown_barrier_timeout_in_ms: int = scalar(7, "int64")
    agent_destruction_without_shutdown: bool = scalar(8, "bool")
    recoverable_jobs: RepeatedScalar[str] = repeated(9, "string")
    coordinated_job_list: RepeatedMessage[CoordinatedJob] = repeated_message(10, "tensorflow.CoordinatedJob")
    allow_new_incarnation_to_reconnect: bool = scalar(11, "bool")
    force_disable: bool = scalar(12, "bool")
    poll_for_error_from_service_at_startup: bool = scalar(13, "bool")
    cluster_register_with_barrier: bool = scalar(14, "bool")


class ConfigProto(Message, proto="tensorflow.ConfigProto"):
    """Settings of a session. What may run on other devices is accepted and kept; none changes results."""

    class Experimental(Message, proto="tensorflow.ConfigProto.Experimental"):
        """Settings of a session that may go away; accepted and kept."""

        class MlirBridgeRollout(IntEnum):
            """Whether graphs go through another compiler."""

            MLIR_BRIDGE_ROLLOUT_UNSPECIFIED = 0
            MLIR_BRIDGE_ROLLOUT_ENABLED = 1
            MLIR_BRIDGE_ROLLOUT_DISABLED = 2

        MLIR_BRIDGE_ROLLOUT_UNSPECIFIED, MLIR_BRIDGE_ROLLOUT_ENABLED, MLIR_BRIDGE_ROLLOUT_DISABLED = (
            MlirBridgeRollout.MLIR_BRIDGE_ROLLOUT_UNSPECIFIED.value,
            MlirBridgeRollout.MLIR_BRIDGE_ROLLOUT_ENABLED.value,
            MlirBridgeRollout.MLIR_BRIDGE_ROLLOUT_DISABLED.value,
        )

        collective_group_leader: str = scalar(1, "string")
        executor_type: str = scalar(3, "string")
        recv_buf_max_chunk: int = scalar(4, "int32")
        use_numa_affinity: bool = scalar(5, "bool")
        collective_deterministic_sequential_execution: bool = scalar(6, "bool")
        collective_nccl: bool = scalar(7, "bool")
        share_session_state_in_clusterspec_propagation: bool = scalar(8, "bool")
        disable_thread_spinning: bool = scalar(9, "bool")
        share_cluster_devices_in_session: bool = scalar(10, "bool")
        session_metadata: SessionMetadata = message(11, "tensorflow.SessionMetadata")
        optimize_for_static_graph: bool = scalar(12, "bool")
        enable_mlir_bridge: bool = scalar(13, "bool")
        disable_output_partition_graphs: bool = scalar(14, "bool")
        xla_fusion_autotuner_thresh: int = scalar(15, "int64")
        enable_mlir_graph_optimization: bool = scalar(16, "bool")
        mlir_bridge_rollout: int = enumeration(17, MlirBridgeRollout)
        use_tfrt: bool = scalar(18, "bool")
        disable_functional_ops_lowering: bool = scalar(21, "bool")
        xla_prefer_single_graph_cluster: bool = scalar(22, "bool")
        coordination_config: CoordinationServiceConfig = message(23, "tensorflow.CoordinationServiceConfig")
        disable_optimize_for_static_graph: bool = scalar(24, "bool")
        disable_eager_executor_streaming_enqueue: bool = scalar(26, "bool")
        enable_multi_host: bool = scalar(27, "bool")
        backend_server_port: int = scalar(28, "int32")
        target_tpu: bool = scalar(29, "bool")
        target_gpu: bool = scalar(30, "bool")
        stream_merge_threshold: int = scalar(31, "int32")
        tfrt_use_ifrt: bool = scalar(32, "bool")
        finalize_function_library_runtime: bool = scalar(33, "bool")
        finalize_resource_manager: bool = scalar(34, "bool")
        tf2xla_dump_dir: str = scalar(35, "string")
        online_cost_analysis: bool = scalar(36, "bool")

    device_count: ScalarMap[str, int] = mapping(1, "string", "int32")
    intra_op_parallelism_threads: int = scalar(2, "int32")
    placement_period: int = scalar(3, "int32")
    device_filters: RepeatedScalar[str] = repeated(4, "string")
    inter_op_parallelism_threads: int = scalar(5, "int32")
    gpu_options: GPUOptions = message(6, "tensorflow.GPUOptions")
    allow_soft_placement: bool = scalar(7, "bool")
    log_device_placement: bool = scalar(8, "bool")
    use_per_session_threads: bool = scalar(9, "bool")
    graph_options: GraphOptions = message(10, "tensorflow.GraphOptions")
    operation_timeout_in_ms: int = scalar(11, "int64")
    session_inter_op_thread_pool: RepeatedMessage[ThreadPoolOptionProto] = repeated_message(
        12, "tensorflow.ThreadPoolOptionProto"
    )
    rpc_options: RPCOptions = message(13, "tensorflow.RPCOptions")
    cluster_def: ClusterDef = message(14, "tensorflow.ClusterDef")
    isolate_session_state: bool = scalar(15, "bool")
    experimental: Experimental = message(16, "tensorflow.ConfigProto.Experimental")
    share_cluster_devices_in_session: bool = scalar(17, "bool")
    pluggable_device_options: GPUOptions = message(18, "tensorflow.GPUOptions")


class DebugTensorWatch(Message, proto="tensorflow.DebugTensorWatch"):
    """A tensor that a debugger watches."""

    node_name: str = scalar(1, "string")
    output_slot: int = scalar(2, "int32")
    debug_ops: RepeatedScalar[str] = repeated(3, "string")
    debug_urls: RepeatedScalar[str] = repeated(4, "string")
    tolerate_debug_op_creation_failures: bool = scalar(5, "bool")


class DebugOptions(Message, proto="tensorflow.DebugOptions"):
    """Which tensors a debugger watches; accepted and kept."""

    debug_tensor_watch_opts: RepeatedMessage[DebugTensorWatch] = repeated_message(4, "tensorflow.DebugTensorWatch")
    global_step: int = scalar(10, "int64")
    reset_disk_byte_usage: bool = scalar(11, "bool")


class RunOptions(Message, proto="tensorflow.RunOptions"):
    """Settings of a run. With a `trace_level`, the run notes its times in the `RunMetadata` that it is given."""

    class TraceLevel(IntEnum):
        """What a run notes."""

        NO_TRACE = 0
        SOFTWARE_TRACE = 1
        HARDWARE_TRACE = 2
        FULL_TRACE = 3

    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE = (
        TraceLevel.NO_TRACE.value,
        TraceLevel.SOFTWARE_TRACE.value,
        TraceLevel.HARDWARE_TRACE.value,
    )
    FULL_TRACE = TraceLevel.FULL_TRACE.value

    class Experimental(Message, proto="tensorflow.RunOptions.Experimental"):
        """Settings of a run that may go away; accepted and kept."""

        class RunHandlerPoolOptions(Message, proto="tensorflow.RunOptions.Experimental.RunHandlerPoolOptions"):
            """Which runs come first."""

            priority: int = scalar(1, "int64")

        collective_graph_key: int = scalar(1, "int64")
        use_run_handler_pool: bool = scalar(2, "bool")
        run_handler_pool_options: RunHandlerPoolOptions = message(
            3, "tensorflow.RunOptions.Experimental.RunHandlerPoolOptions"
        )

    trace_level: int = enumeration(1, TraceLevel)
    timeout_in_ms: int = scalar(2, "int64")
    inter_op_thread_pool: int = scalar(3, "int32")
    output_partition_graphs: bool = scalar(5, "bool")
    debug_options: DebugOptions = message(6, "tensorflow.DebugOptions")
    report_tensor_allocations_upon_oom: bool = scalar(7, "bool")
    experimental: Experimental = message(8, "tensorflow.RunOptions.Experimental")
