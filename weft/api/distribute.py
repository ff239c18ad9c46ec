"""`tf.distribute` on one machine: every strategy has one replica, the processor.

Programs written for several devices run as they are: scopes, `run`, `reduce` and distributed datasets do what they do
with one replica. What only makes sense with several machines says so when it is made.
"""

from __future__ import annotations

import enum
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from weft.api import array, math
from weft.base import nest
from weft.base.errors import explain
from weft.runtime import frontdoor


class ReduceOp(enum.Enum):
    """How the replicas' values become one."""

    SUM = "SUM"
    MEAN = "MEAN"


class InputReplicationMode(enum.Enum):
    """How often an input pipeline is made."""

    PER_WORKER = "PER_WORKER"
    PER_REPLICA = "PER_REPLICA"


class InputContext:
    """Which part of the input a pipeline is for.

    Args:
        num_input_pipelines: How many pipelines there are.
        input_pipeline_id: The number of this one.
        num_replicas_in_sync: How many replicas take part in a step.
    """

    def __init__(self, num_input_pipelines: int = 1, input_pipeline_id: int = 0, num_replicas_in_sync: int = 1) -> None:
        self.num_input_pipelines = num_input_pipelines
        self.input_pipeline_id = input_pipeline_id
        self.num_replicas_in_sync = num_replicas_in_sync

    def get_per_replica_batch_size(self, global_batch_size: int) -> int:
        """The share of a batch that a replica gets.

        Raises:
            ValueError: Where the batch cannot be shared out evenly.
        """
        share, rest = divmod(global_batch_size, self.num_replicas_in_sync)
        if rest:
            raise ValueError(explain(
                f"The batch of {global_batch_size} cannot be shared evenly by {self.num_replicas_in_sync} replicas."
            ))  # fmt: skip
        return share

    def __repr__(self) -> str:
        return f"tf.distribute.InputContext(input pipeline id {self.input_pipeline_id}, total: 1)"


class InputOptions:
    """How a dataset is handed to replicas; with one replica, all of it is accepted."""

    def __init__(self, experimental_fetch_to_device: Any = None,
                 experimental_replication_mode: InputReplicationMode = InputReplicationMode.PER_WORKER,
                 experimental_place_dataset_on_device: bool = False,
                 experimental_per_replica_buffer_size: int = 1) -> None:  # fmt: skip
        self.experimental_fetch_to_device = experimental_fetch_to_device
        self.experimental_replication_mode = experimental_replication_mode
        self.experimental_place_dataset_on_device = experimental_place_dataset_on_device
        self.experimental_per_replica_buffer_size = experimental_per_replica_buffer_size


class _Accepted:
    """Something that says how replicas exchange values; there is nothing to exchange."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs


class CrossDeviceOps(_Accepted):
    """How devices add up their gradients."""


class HierarchicalCopyAllReduce(CrossDeviceOps):
    """Accepted."""


class NcclAllReduce(CrossDeviceOps):
    """Accepted."""


class ReductionToOneDevice(CrossDeviceOps):
    """Accepted."""


class RunOptions(_Accepted):
    """Accepted."""


class _Open(threading.local):
    def __init__(self) -> None:
        self.strategies: list[tuple[Any, ReplicaContext | None]] = []


_open = _Open()
_settings: dict[str, Any] = {"strategy": None}


class ReplicaContext:
    """What a replica knows of itself, inside of `strategy.run`."""

    def __init__(self, strategy: Any, replica_id_in_sync_group: int = 0) -> None:
        self.strategy = strategy
        self._number = replica_id_in_sync_group

    @property
    def replica_id_in_sync_group(self) -> int:
        """Its number."""
        return self._number

    @property
    def num_replicas_in_sync(self) -> int:
        """How many there are."""
        return 1

    def all_reduce(self, reduce_op: Any, value: Any, options: Any = None) -> Any:
        """The sum or mean over replicas: the value itself."""
        _reduction(reduce_op)
        return nest.map_structure(frontdoor.convert, value)

    def all_gather(self, value: Any, axis: int, options: Any = None) -> Any:
        """The replicas' values after one another: the value itself."""
        return nest.map_structure(frontdoor.convert, value)

    def merge_call(self, merge_fn: Callable[..., Any], args: Any = (), kwargs: Any = None) -> Any:
        """Calls a function with the strategy, outside of the replicas."""
        with _entered(self.strategy, None):
            return merge_fn(self.strategy, *args, **(kwargs or {}))

    def __enter__(self) -> ReplicaContext:
        _open.strategies.append((self.strategy, self))
        return self

    def __exit__(self, *unused: Any) -> None:
        _open.strategies.pop()


@contextmanager
def _entered(strategy: Any, replica: ReplicaContext | None) -> Iterator[Any]:
    _open.strategies.append((strategy, replica))
    try:
        yield strategy
    finally:
        _open.strategies.pop()


class StrategyExtended:
    """What libraries ask of a strategy."""

    def __init__(self, container_strategy: Any) -> None:
        self._strategy = container_strategy
        self.experimental_require_static_shapes = False
        self.should_checkpoint = self.should_save_summary = True

    @property
    def worker_devices(self) -> tuple[str, ...]:
        """The devices of the replicas."""
        return ("/replica:0/task:0/device:CPU:0",)

    parameter_devices = worker_devices

    def call_for_each_replica(self, fn: Callable[..., Any], args: Any = (), kwargs: Any = None) -> Any:
        """Calls a function as the one replica."""
        return self._strategy.run(fn, args, kwargs)

    def variable_created_in_scope(self, v: Any) -> bool:
        """Whether a variable belongs to it."""
        return True

    def colocate_vars_with(self, colocate_with_variable: Any) -> Any:
        """A block in which variables are made beside another one."""
        return _entered(self._strategy, None)

    def reduce_to(self, reduce_op: Any, value: Any, destinations: Any = None, options: Any = None) -> Any:
        """The replicas' values as one."""
        _reduction(reduce_op)
        return value

    def update(self, var: Any, fn: Callable[..., Any], args: Any = (), kwargs: Any = None, group: bool = True) -> Any:
        """Calls a function on a variable."""
        return fn(var, *args, **(kwargs or {}))


class Strategy:
    """One replica, on the processor.

    Example:
        >>> import weft as tf
        >>> strategy = tf.distribute.MirroredStrategy()
        >>> with strategy.scope():
        ...     v = tf.Variable(2.0)
        >>> float(strategy.reduce("SUM", strategy.run(lambda x: v * x, args=(3.0,)), axis=None))
        6.0
    """

    def __init__(self, extended: Any = None) -> None:
        self.extended = extended if extended is not None else StrategyExtended(self)

    @property
    def num_replicas_in_sync(self) -> int:
        """How many replicas there are."""
        return 1

    @property
    def cluster_resolver(self) -> Any:
        """The description of the machines that it was made with."""
        return getattr(self, "_resolver", None)

    def scope(self) -> Any:
        """A block within which it is the strategy in force."""
        return _entered(self, None)

    def run(self, fn: Callable[..., Any], args: Any = (), kwargs: Any = None, options: Any = None) -> Any:
        """What a function returns, called as the one replica.

        Args:
            fn: The function; what of its arguments is distributed is the one replica's.
            args: Positional arguments.
            kwargs: Keyword arguments.
            options: Accepted.
        """
        with _entered(self, ReplicaContext(self)):
            return fn(*args, **(kwargs or {}))

    def reduce(self, reduce_op: Any, value: Any, axis: Any) -> Any:
        """The replicas' values as one, and summed or averaged along an axis where one is given."""
        how = _reduction(reduce_op)
        function = math.reduce_sum if how is ReduceOp.SUM else math.reduce_mean

        def one(leaf: Any) -> Any:
            tensor = frontdoor.convert(leaf)
            return array.identity(tensor) if axis is None else function(tensor, axis=axis)

        return nest.map_structure(one, value)

    def gather(self, value: Any, axis: int) -> Any:
        """The replicas' values after one another."""
        return nest.map_structure(frontdoor.convert, value)

    def experimental_local_results(self, value: Any) -> tuple[Any, ...]:
        """The value of each replica."""
        return (value,)

    def experimental_distribute_dataset(self, dataset: Any, options: Any = None) -> Any:
        """The dataset, shared out to one replica: itself."""
        return dataset

    def distribute_datasets_from_function(self, dataset_fn: Callable[[InputContext], Any], options: Any = None) -> Any:
        """What a function makes for the one pipeline."""
        return dataset_fn(InputContext())

    experimental_distribute_datasets_from_function = distribute_datasets_from_function

    def experimental_distribute_values_from_function(self, value_fn: Callable[[Any], Any]) -> Any:
        """What a function gives for the one replica."""
        return value_fn(ReplicaContext(self))

    def experimental_make_numpy_dataset(self, numpy_input: Any, session: Any = None) -> Any:
        """Arrays as a dataset of their rows."""
        from weft.data.dataset import Dataset

        return Dataset.from_tensor_slices(numpy_input)

    def make_dataset_iterator(self, dataset: Any) -> Any:
        """An iterator over a dataset."""
        return iter(dataset)

    def update_config_proto(self, config_proto: Any) -> Any:
        """The configuration as it is."""
        return config_proto

    def __deepcopy__(self, memo: Any) -> Strategy:
        return self


class MirroredStrategy(Strategy):
    """The devices of this machine: one processor."""

    def __init__(self, devices: Any = None, cross_device_ops: Any = None) -> None:
        super().__init__()
        self._devices, self._cross_device_ops = devices, cross_device_ops


class OneDeviceStrategy(Strategy):
    """One device, whichever is named."""

    def __init__(self, device: Any) -> None:
        super().__init__()
        self._device = device


class CentralStorageStrategy(Strategy):
    """Variables on the processor, where all is."""

    def __init__(self, compute_devices: Any = None, parameter_device: Any = None) -> None:
        super().__init__()


class MultiWorkerMirroredStrategy(Strategy):
    """This machine as the only worker.

    Raises:
        NotImplementedError: Where the cluster (`TF_CONFIG`) has other workers, which could not take part.
    """

    def __init__(self, cluster_resolver: Any = None, communication_options: Any = None,
                 communication: Any = None) -> None:  # fmt: skip
        super().__init__()
        self._resolver = cluster_resolver or cluster_resolvers.TFConfigClusterResolver()
        _refuse_other_machines(self._resolver.cluster_spec(), type(self).__name__)


def _refuse_other_machines(spec: Any, strategy: str) -> None:
    jobs = spec.as_dict() if hasattr(spec, "as_dict") else dict(spec or {})
    count = sum(len(tasks) for name, tasks in jobs.items() if name in ("worker", "chief"))
    if count > 1:
        raise NotImplementedError(explain(
            f"{strategy}: training on several machines is not built yet.", received=f"a cluster of {count} workers",
            hint="unset TF_CONFIG to train on this machine alone",
        ))  # fmt: skip


class ParameterServerStrategy(Strategy):
    """Not built: it needs several machines."""

    def __init__(self, cluster_resolver: Any = None, variable_partitioner: Any = None) -> None:
        raise NotImplementedError(explain("ParameterServerStrategy needs several machines, which is not built yet.",
                                          hint="use MirroredStrategy"))  # fmt: skip


class TPUStrategy(Strategy):
    """Not built: there is no TPU."""

    def __init__(self, tpu_cluster_resolver: Any = None, experimental_device_assignment: Any = None,
                 experimental_spmd_xla_partitioning: bool = False, device_assignment: Any = None) -> None:  # fmt: skip
        raise ValueError(explain("There is no TPU on this machine.", hint="use tf.distribute.get_strategy()"))


_default = Strategy()


def get_strategy() -> Any:
    """The strategy in force: the innermost scope's, else the default one."""
    if _open.strategies:
        return _open.strategies[-1][0]
    return _settings["strategy"] or _default


def has_strategy() -> bool:
    """Whether a strategy other than the default one is in force."""
    return get_strategy() is not _default


def get_replica_context() -> ReplicaContext | None:
    """The replica that runs now; None inside of a strategy's scope and outside of its `run`."""
    if _open.strategies:
        return _open.strategies[-1][1]
    return ReplicaContext(get_strategy())


def in_cross_replica_context() -> bool:
    """Whether code runs outside of the replicas, in a strategy's scope."""
    return get_replica_context() is None


def experimental_set_strategy(strategy: Any) -> None:
    """Puts a strategy in force outside of all scopes."""
    _settings["strategy"] = strategy


def _reduction(reduce_op: Any) -> ReduceOp:
    if isinstance(reduce_op, ReduceOp):
        return reduce_op
    try:
        return ReduceOp[str(getattr(reduce_op, "name", reduce_op)).upper()]
    except KeyError:
        raise ValueError(explain("reduce: the values are summed or averaged.", received=repr(reduce_op),
                                 expected="tf.distribute.ReduceOp.SUM or MEAN")) from None  # fmt: skip


class _Resolver:
    """The machines of a cluster."""

    task_type: Any = None
    task_id: Any = None
    environment = ""
    rpc_layer: Any = None

    def cluster_spec(self) -> Any:
        """Which machines there are, by job."""
        return {}

    def master(self, task_type: Any = None, task_id: Any = None, rpc_layer: Any = None) -> str:
        """Whom to ask: this process."""
        return ""

    def num_accelerators(self, task_type: Any = None, task_id: Any = None, config_proto: Any = None) -> dict[str, int]:
        """How many accelerators there are: none."""
        return {}


class cluster_resolvers:
    """`tf.distribute.cluster_resolver`."""

    ClusterResolver = _Resolver

    class TFConfigClusterResolver(_Resolver):
        """The cluster that the environment variable TF_CONFIG describes."""

        def __init__(self, task_type: Any = None, task_id: Any = None, rpc_layer: Any = None,
                     environment: Any = None) -> None:  # fmt: skip
            try:
                said = json.loads(os.environ.get("TF_CONFIG") or "{}")
            except ValueError as error:
                raise ValueError(explain(f"TF_CONFIG is no JSON: {error}", received=os.environ["TF_CONFIG"])) from None
            task = said.get("task", {})
            self._cluster = said.get("cluster", {})
            self.task_type = task.get("type") if task_type is None else task_type
            self.task_id = task.get("index") if task_id is None else task_id

        def cluster_spec(self) -> Any:
            """Which machines there are, by job."""
            return self._cluster

    class SimpleClusterResolver(_Resolver):
        """A cluster as given."""

        def __init__(self, cluster_spec: Any, master: str = "", task_type: Any = None, task_id: Any = None,
                     environment: str = "", num_accelerators: Any = None, rpc_layer: Any = None) -> None:  # fmt: skip
            self._cluster, self.task_type, self.task_id = cluster_spec, task_type, task_id

        def cluster_spec(self) -> Any:
            """Which machines there are, by job."""
            return self._cluster

    class TPUClusterResolver(_Resolver):
        """Finds no TPU: programs that try one first go on without."""

        def __init__(self, tpu: Any = None, *args: Any, **kwargs: Any) -> None:
            raise ValueError(explain("Please provide a TPU Name to connect to: there is no TPU on this machine.",
                                     received=f"tpu={tpu!r}", hint="use tf.distribute.get_strategy()"))  # fmt: skip

        @staticmethod
        def connect(tpu: Any = None, zone: Any = None, project: Any = None) -> Any:
            """Finds no TPU."""
            return cluster_resolvers.TPUClusterResolver(tpu)


cluster_resolver = cluster_resolvers


class _CommunicationImplementation(enum.Enum):
    AUTO = "AUTO"
    RING = "RING"
    NCCL = "NCCL"


class experimental:
    """`tf.distribute.experimental`."""

    CentralStorageStrategy = CentralStorageStrategy
    MultiWorkerMirroredStrategy = MultiWorkerMirroredStrategy
    ParameterServerStrategy = ParameterServerStrategy
    TPUStrategy = TPUStrategy
    CollectiveCommunication = _CommunicationImplementation
    CommunicationImplementation = _CommunicationImplementation
    CommunicationOptions = _Accepted
    CollectiveHints = _Accepted
