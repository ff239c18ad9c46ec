"""Settings of sessions: any may be set, they are kept, and none changes results."""

from __future__ import annotations

from typing import Any, ClassVar


class _Settings:
    """What was set; what was not has the value that it has in TensorFlow.

    Args:
        **settings: Settings by their names.
    """

    #: what settings are where they were not set
    _usual: ClassVar[dict[str, Any]] = {}
    #: what settings are made of that hold settings themselves
    _parts: ClassVar[dict[str, Any]] = {}

    def __init__(self, **settings: Any) -> None:
        for name, make in self._parts.items():
            self.__dict__[name] = make() if settings.get(name) is None else settings[name]
        self.__dict__.update({name: value for name, value in settings.items() if value is not None})

    def __getattr__(self, name: str) -> Any:
        if name not in self._usual:
            raise AttributeError(f"{type(self).__name__} has no setting {name!r}.")
        return self._usual[name]

    def CopyFrom(self, other: Any) -> None:
        """Takes over all settings of another one."""
        self.__dict__.clear()
        self.__dict__.update(other.__dict__)

    def __repr__(self) -> str:
        return "".join(f"{name}: {value!r}\n" for name, value in self.__dict__.items() if value not in ({}, []))


class GPUOptions(_Settings):
    """Settings of accelerators; accepted and kept."""

    _usual = {"allow_growth": False, "per_process_gpu_memory_fraction": 0.0, "visible_device_list": "",
              "allocator_type": "", "force_gpu_compatible": False, "deferred_deletion_bytes": 0}  # fmt: skip
    _parts = {"experimental": _Settings}


class OptimizerOptions(_Settings):
    """How graphs are compiled; accepted and kept."""

    DEFAULT, OFF, ON_1, ON_2 = 0, -1, 1, 2
    L1, L0 = 0, -1
    _usual = {"global_jit_level": 0, "opt_level": 0, "do_common_subexpression_elimination": False,
              "do_constant_folding": False, "do_function_inlining": False}  # fmt: skip


class RewriterConfig(_Settings):
    """How graphs are rewritten; accepted and kept."""

    DEFAULT, ON, OFF, AGGRESSIVE = 0, 1, 2, 3
    DEFAULT_NUM_ITERS, ONE, TWO = 0, 1, 2
    DEFAULT_MEM_OPT, NO_MEM_OPT, MANUAL, HEURISTICS = 0, 1, 2, 3
    SWAPPING_HEURISTICS, RECOMPUTATION_HEURISTICS, SCHEDULING_HEURISTICS = 4, 5, 6
    _usual = dict.fromkeys((
        "arithmetic_optimization", "auto_mixed_precision", "constant_folding", "debug_stripper",
        "dependency_optimization", "function_optimization", "implementation_selector", "layout_optimizer",
        "loop_optimization", "memory_optimization", "meta_optimizer_iterations", "min_graph_nodes",
        "pin_to_host_optimization", "remapping", "scoped_allocator_optimization", "shape_optimization"), 0)  # fmt: skip
    _usual |= {"disable_meta_optimizer": False, "disable_model_pruning": False}
    _parts = {"optimizers": list}


class GraphOptions(_Settings):
    """Settings of a session's graphs; accepted and kept."""

    _usual = {"build_cost_model": 0, "enable_bfloat16_sendrecv": False, "enable_recv_scheduling": False,
              "infer_shapes": False, "place_pruned_graph": False, "timeline_step": 0}  # fmt: skip
    _parts = {"optimizer_options": OptimizerOptions, "rewrite_options": RewriterConfig}


class ConfigProto(_Settings):
    """Settings of a session; accepted and kept."""

    _usual = {"allow_soft_placement": False, "log_device_placement": False, "isolate_session_state": False,
              "use_per_session_threads": False, "intra_op_parallelism_threads": 0, "inter_op_parallelism_threads": 0,
              "operation_timeout_in_ms": 0, "placement_period": 0}  # fmt: skip
    _parts = {"device_count": dict, "device_filters": list, "gpu_options": GPUOptions, "graph_options": GraphOptions,
              "experimental": _Settings}  # fmt: skip
