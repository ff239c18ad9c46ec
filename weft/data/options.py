"""`tf.data.Options`: kept and handed on. Pipelines have one way of working, so that they change nothing yet."""

from __future__ import annotations

import copy
import enum
from typing import Any


class AutoShardPolicy(enum.IntEnum):
    """How a dataset is divided among workers."""

    OFF = -1
    AUTO = 0
    FILE = 1
    DATA = 2
    HINT = 3


class ExternalStatePolicy(enum.Enum):
    """What to do about state outside of a pipeline."""

    WARN = 0
    IGNORE = 1
    FAIL = 2


class _Group:
    """Options that belong together; each is None until it is set."""

    _names: tuple[str, ...] = ()

    def __init__(self) -> None:
        for name in self._names:
            object.__setattr__(self, name, None)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._names:
            raise AttributeError(f"{type(self).__name__} has no option `{name}`. Known: {', '.join(self._names)}.")
        object.__setattr__(self, name, value)

    def merge(self, other: Any) -> Any:
        """A copy in which what the other has set is set."""
        made = copy.copy(self)
        for name in self._names:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(theirs, _Group):
                object.__setattr__(made, name, mine.merge(theirs))
            elif theirs is not None:
                object.__setattr__(made, name, theirs)
        return made

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


class AutotuneAlgorithm(enum.Enum):
    """How a pipeline is tuned; accepted."""

    DEFAULT = 0
    HILL_CLIMB = 1
    GRADIENT_DESCENT = 2
    MAX_PARALLELISM = 3
    STAGE_BASED = 4


class AutotuneOptions(_Group):
    """Options of tuning."""

    _names = ("enabled", "cpu_budget", "ram_budget", "autotune_algorithm", "initial_parallelism", "min_parallelism")


class DistributeOptions(_Group):
    """Options of dividing a dataset among workers."""

    _names = ("auto_shard_policy", "num_devices")

    def __init__(self) -> None:
        super().__init__()
        self.auto_shard_policy = AutoShardPolicy.AUTO


class OptimizationOptions(_Group):
    """Options of rewriting a pipeline."""

    _names = ("apply_default_optimizations", "filter_fusion", "filter_parallelization", "inject_prefetch",
              "map_and_batch_fusion", "map_and_filter_fusion", "map_fusion", "map_parallelization", "noop_elimination",
              "parallel_batch", "seq_interleave_prefetch", "shuffle_and_repeat_fusion")  # fmt: skip


class ThreadingOptions(_Group):
    """Options of threads."""

    _names = ("max_intra_op_parallelism", "private_threadpool_size")


class Options(_Group):
    """Options of a dataset.

    Example:
        >>> options = Options()
        >>> options.deterministic = False
        >>> options.deterministic
        False
    """

    _names = ("autotune", "dataset_name", "deterministic", "distribute", "experimental_deterministic",
              "experimental_distribute", "experimental_optimization", "experimental_threading",
              "experimental_warm_start", "experimental_slack", "experimental_external_state_policy",
              "external_state_policy", "framework_type", "optimization", "slack", "symbolic_checkpoint", "threading",
              "warm_start")  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.autotune = AutotuneOptions()
        self.distribute = self.experimental_distribute = DistributeOptions()
        self.optimization = self.experimental_optimization = OptimizationOptions()
        self.threading = self.experimental_threading = ThreadingOptions()
