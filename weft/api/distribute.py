"""`tf.distribute`: strategies with a replica for each device, and what replicas know of themselves.

`run` traces a function once, for all replicas, and the engine runs it on their devices. Keras' loops take a
strategy's devices otherwise: the batch is cut among them and everything is computed as for the whole, so that the
numbers are those of one device. Where a model has a step or a loss of its own, replicas run that by `run`, too. With
one device there is one replica, which is called as it is.
"""

from __future__ import annotations

import enum
import functools
import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

from weft.api import array, cluster_coordinator, cluster_resolvers, devices, flow, math, partitioners
from weft.api.devices import DeviceSpec
from weft.api.distribute_inputs import DistributedDataset as DistributedDataset
from weft.api.distribute_inputs import DistributedIterator as DistributedIterator
from weft.api.distribute_inputs import InputContext as InputContext
from weft.api.distribute_inputs import InputOptions as InputOptions
from weft.api.distribute_inputs import InputReplicationMode as InputReplicationMode
from weft.autograph.converting import converted
from weft.base import nest
from weft.base.absent import Namespace
from weft.base.errors import explain
from weft.data import shared
from weft.engines.base import Distribution
from weft.runtime import context, dispatch, frontdoor, processes, replicas, variable
from weft.runtime.function import Function
from weft.runtime.on_read import SyncOnReadVariable
from weft.runtime.replicas import DistributedValues as DistributedValues
from weft.runtime.replicas import PerReplica
from weft.runtime.spec import TensorSpec
from weft.runtime.tensor import EagerTensor

_log = logging.getLogger("weft")


class ReduceOp(enum.Enum):
    """How the replicas' values become one."""

    SUM = "SUM"
    MEAN = "MEAN"


class _Accepted:
    """Something that says how replicas exchange values; there is nothing to exchange."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs


class CrossDeviceOps(_Accepted):
    """How devices add up their gradients."""


class HierarchicalCopyAllReduce(CrossDeviceOps):
    """Accepted."""


class NcclAllReduce(CrossDeviceOps):
    """Accepted.

    Args:
        num_packs: Accepted; 0 or more.
    """

    def __init__(self, num_packs: int = 1) -> None:
        if num_packs < 0:
            raise ValueError(explain("NcclAllReduce: num_packs must be 0 or more.", received=str(num_packs)))
        self.num_packs = num_packs


class ReductionToOneDevice(CrossDeviceOps):
    """Accepted."""


class RunOptions(NamedTuple):
    """How a function is run by replicas: accepted."""

    experimental_enable_dynamic_batch_size: bool = True
    experimental_bucketizing_dynamic_shape: bool = False
    experimental_xla_options: Any = None


class _Open(threading.local):
    def __init__(self) -> None:
        self.everywhere: Any = None  # the strategy in force outside of all scopes
        self.sharing: Distribution | None = None
        self.returned: Any = None  # what the function that was run last has returned
        self.strategies: list[tuple[Any, ReplicaContext | None]] = []


_open = _Open()


def _note_strategy(made: Any) -> None:
    if _open.strategies:
        made._of_strategy = True
        made._replicas = _open.strategies[-1][0].num_replicas_in_sync


def _variable_of_replicas(synchronization: Any) -> Any:
    """A variable with a value for each replica, where the strategy in force has several and that is asked for.

    Raises:
        ValueError: For one that several replicas are not to keep alike.
    """
    count = get_strategy().num_replicas_in_sync
    if count > 1 and _open.strategies and getattr(synchronization, "name", synchronization) in ("NONE", "none"):
        raise ValueError(explain("`NONE` variable synchronization mode is not supported with tf.distribute strategy.",
                                 received=repr(synchronization), expected="AUTO, ON_WRITE or ON_READ"))  # fmt: skip
    return SyncOnReadVariable.of(count) if count > 1 and variable.on_read(synchronization) else None


variable.creation_watchers.append(_note_strategy)
variable.of_replicas = _variable_of_replicas


class ValueContext:
    """What a function that makes a replica's value is told.

    Args:
        replica_id_in_sync_group: The replica's number.
        num_replicas_in_sync: How many replicas there are.
    """

    def __init__(self, replica_id_in_sync_group: int = 0, num_replicas_in_sync: int = 1) -> None:
        self.replica_id_in_sync_group = replica_id_in_sync_group
        self.num_replicas_in_sync = num_replicas_in_sync

    def __repr__(self) -> str:
        number, count = self.replica_id_in_sync_group, self.num_replicas_in_sync
        return f"tf.distribute.ValueContext(replica id {number},  total replicas in sync: {count})"


class ReplicaContext:
    """What a replica knows of itself, inside of `strategy.run`."""

    def __init__(self, strategy: Any, replica_id_in_sync_group: int = 0) -> None:
        self.strategy = strategy
        self._number = replica_id_in_sync_group

    @property
    def replica_id_in_sync_group(self) -> Any:
        """Its number; of several replicas a scalar tensor."""
        return self._number

    @property
    def num_replicas_in_sync(self) -> int:
        """How many there are."""
        return int(self.strategy.num_replicas_in_sync)

    def all_reduce(self, reduce_op: Any, value: Any, options: Any = None) -> Any:
        """The sum or mean over replicas, which all of them get."""
        how, body = _reduction(reduce_op), replicas.body()
        if body is None:
            return nest.map_structure(frontdoor.convert, value)
        return nest.map_structure(body.total if how is ReduceOp.SUM else body.mean, value)

    def all_gather(self, value: Any, axis: int, options: Any = None) -> Any:
        """All replicas' values after one another along an axis, in which they may differ in size."""
        body = replicas.body()
        if body is None:
            return nest.map_structure(frontdoor.convert, value)
        return nest.map_structure(lambda leaf: body.joined(leaf, axis), value)

    def merge_call(self, merge_fn: Callable[..., Any], args: Any = (), kwargs: Any = None) -> Any:
        """Calls a function with the strategy, outside of the replicas: it is given the values of all.

        Returns:
            What it returns; of values of each replica, the replica's own.
        """
        with _entered(self.strategy, None):
            return replicas.merged_call(functools.partial(merge_fn, self.strategy), tuple(args), kwargs or {})

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


def _require_alone(strategy: Any) -> None:
    other = _open.strategies[-1][0] if _open.strategies else strategy
    if other is not strategy:
        raise RuntimeError(explain(f"Mixing different tf.distribute.Strategy objects: {strategy!r} is not {other!r}.",
                                   hint="leave the scope of the one before entering that of the other"))  # fmt: skip


class StrategyExtended:
    """What libraries ask of a strategy."""

    def __init__(self, container_strategy: Any) -> None:
        self._strategy = container_strategy
        self.experimental_require_static_shapes = False
        self.should_checkpoint = self.should_save_summary = True

    @property
    def worker_devices(self) -> tuple[str, ...]:
        """The devices of the replicas."""
        names = self._strategy._names or (_kind(self._strategy._only or "cpu:0"),)
        return tuple(f"/job:localhost/replica:0/task:0/device:{_kind(name)}" for name in names)

    @property
    def parameter_devices(self) -> tuple[str, ...]:
        """Where variables are."""
        return self.worker_devices

    def sharing(self) -> Any:
        """A block within which batches are cut among its devices, and computed on as a whole."""
        return _shared(self._strategy._names or self._strategy._sharing_names)

    @property
    def shares_work(self) -> bool:
        """Whether there is more than one device to share work among."""
        return bool(self._strategy._names or self._strategy._sharing_names)

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
        return self._strategy.reduce(reduce_op, value, axis=None)

    def batch_reduce_to(self, reduce_op: Any, value_destination_pairs: Any, options: Any = None) -> list[Any]:
        """Several values of replicas, each as one."""
        return [self.reduce_to(reduce_op, value) for value, _ in value_destination_pairs]

    def update(self, var: Any, fn: Callable[..., Any], args: Any = (), kwargs: Any = None, group: bool = True) -> Any:
        """Calls a function on a variable."""
        return fn(var, *args, **(kwargs or {}))


class Strategy:
    """One replica, on the processor; subclasses have one for each of several devices.

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
        self._names: tuple[str, ...] = ()
        #: where the one replica runs; "" for wherever the rest does
        self._only = ""
        #: where work is shared by one replica
        self._sharing_names: tuple[str, ...] = ()
        self._functions: dict[Any, Function] = {}
        self._graphs: dict[str, Any] = {}

    @property
    def num_replicas_in_sync(self) -> int:
        """How many replicas there are."""
        return max(1, len(self._names))

    @property
    def cluster_resolver(self) -> Any:
        """The description of the machines that it was made with."""
        return getattr(self, "_resolver", None)

    def scope(self) -> Any:
        """A block within which it is the strategy in force.

        Raises:
            RuntimeError: On entering, within the scope of another one.
        """
        return self._on_its_device()

    @contextmanager
    def _on_its_device(self) -> Iterator[Any]:
        _require_alone(self)
        with devices.device(self._only) if self._only else nullcontext(), _entered(self, None):
            yield self

    def run(self, fn: Callable[..., Any], args: Any = (), kwargs: Any = None, options: Any = None) -> Any:
        """What a function returns, called as every replica.

        With several replicas it is traced, once for all of them, and outside of a `tf.function` at every call: what
        it reads of Python's values is what they are then, and what it does in Python happens once a call.

        Args:
            fn: The function; of its arguments that are distributed each replica is given its own part.
            args: Positional arguments.
            kwargs: Keyword arguments.
            options: Accepted.

        Returns:
            What it returns, its tensors being values of each replica where there are several; values of Python's own,
            such as numbers and strings, stay as they are.
        """
        if self.num_replicas_in_sync == 1:
            with self._on_its_device(), _entered(self, ReplicaContext(self)):
                return fn(*args, **(kwargs or {}))
        if replicas.body() is not None:
            raise RuntimeError(explain("run: replicas are running already; call it outside of what they run."))
        if context.scope() is not None:
            return self._replicated(fn, tuple(args), kwargs or {})
        if fn not in self._functions:
            if len(self._functions) >= 64:
                self._functions.clear()

            def returning(args: Any, kwargs: Any) -> Any:
                _open.returned = self._replicated(fn, args, kwargs)
                return replicas.without_plain(_open.returned)

            self._functions[fn] = Function(returning, "run")
        if len(self._graphs) >= 64:
            self._graphs.clear()
        found = self._functions[fn].call_anew(self._graphs, tuple(args), kwargs or {})
        returned, _open.returned = _open.returned, None
        return replicas.with_plain(returned, found)

    experimental_run_v2 = run  # its name in TensorFlow 2.0 and 2.1

    def _replicated(self, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        def within(number: Any) -> Any:
            return _entered(self, ReplicaContext(self, number))

        plain = getattr(fn, "python_function", fn)
        return replicas.replicate(converted(plain), (args, kwargs), self.num_replicas_in_sync, self._names, within)

    def reduce(self, reduce_op: Any, value: Any, axis: Any) -> Any:
        """The replicas' values as one, and summed or averaged along an axis where one is given.

        Raises:
            ValueError: For the sum of what is no value of replicas, where there are several.
        """
        how = _reduction(reduce_op)
        body = replicas.body()
        function = math.reduce_sum if how is ReduceOp.SUM else math.reduce_mean

        def one(leaf: Any) -> Any:
            if isinstance(leaf, replicas.Own):
                return _reduced_within(leaf, how, axis)
            if isinstance(leaf, PerReplica):
                return _reduced(leaf.values, how, axis)
            if body is not None and axis is None:  # a tensor that all of them have
                return body.total(leaf) if how is ReduceOp.SUM else body.mean(leaf)
            if self.num_replicas_in_sync > 1 and how is ReduceOp.SUM and not _is_zero(leaf):
                raise ValueError(explain("reduce: SUM takes the values of replicas, as `run` returns them.",
                                         received=repr(leaf)[:200]))  # fmt: skip
            tensor = frontdoor.convert(leaf)
            return array.identity(tensor) if axis is None else function(tensor, axis=axis)

        return nest.map_structure(one, self._of_replicas(value))

    def gather(self, value: Any, axis: int) -> Any:
        """The replicas' values after one another along an axis, in which they may differ in size."""

        def one(leaf: Any) -> Any:
            if isinstance(leaf, replicas.Own):
                return leaf.body.joined(leaf.parts[0], axis)
            return array.concat(list(leaf.values), axis) if isinstance(leaf, PerReplica) else frontdoor.convert(leaf)

        return nest.map_structure(one, value)

    def unwrap(self, value: Any) -> tuple[Any, ...]:
        """The value of each replica of this worker, under the name of before 2.0."""
        return self.experimental_local_results(value)

    def group(self, value: Any, name: str | None = None) -> Any:
        """What runs a value of each replica; outside of graphs it has run."""
        found = self.experimental_local_results(value)
        return found[0] if len(found) == 1 else flow.group(*found, name=name)

    def experimental_local_results(self, value: Any) -> tuple[Any, ...]:
        """The value of each replica of this worker."""
        value = self._of_replicas(value)
        leaves = nest.flatten(value)
        if not any(isinstance(leaf, PerReplica) for leaf in leaves):
            return (value,)
        count = self.num_replicas_in_sync
        columns = [self._on_their_devices(leaf.values) if isinstance(leaf, PerReplica) else [leaf] * count
                   for leaf in leaves]  # fmt: skip
        rows = [nest.pack(value, list(row)) for row in zip(*columns, strict=True)]
        return tuple(rows[number] for number in self._own_replicas())

    def _on_their_devices(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The same tensors, which say where they were computed."""
        for value, place in zip(values, self.extended.worker_devices, strict=False):
            if isinstance(value, EagerTensor) and len(set(map(id, values))) == len(values):
                value.__dict__["_made_on"] = place
        return values

    def _of_replicas(self, value: Any) -> Any:
        """The same, with the values of variables that all replicas have as values of each."""
        count = self.num_replicas_in_sync

        def one(leaf: Any) -> Any:
            if isinstance(leaf, SyncOnReadVariable):
                return PerReplica(leaf.replica_values())
            mirrored = isinstance(leaf, variable.Variable) and leaf._of_strategy and count > 1
            return PerReplica([leaf] * count) if mirrored else leaf

        return nest.map_structure(one, value)

    def _own_replicas(self) -> list[int]:
        """The numbers of the replicas that run on this worker's devices."""
        if processes.count() == 1:
            return list(range(self.num_replicas_in_sync))
        here = dispatch.engine().devices_here()  # type: ignore[attr-defined]
        return [number for number, name in enumerate(self._names) if name in here]

    def _distribution(self) -> Distribution:
        return _over(self._names)

    def experimental_distribute_dataset(self, dataset: Any, options: Any = None) -> Any:
        """The dataset, its batches shared out among the replicas: each gets a stretch of rows."""
        if self.num_replicas_in_sync == 1:
            return dataset
        spec = getattr(dataset, "element_spec", None)
        if all(isinstance(leaf, TensorSpec) and leaf.shape.rank == 0 for leaf in nest.flatten(spec)):
            raise ValueError(explain(
                "experimental_distribute_dataset shares the rows of batches out among replicas, and this dataset's "
                "elements have no rows.", received=f"element_spec={spec}",
                hint="dataset.batch(the size of all replicas' rows together)",
            ))  # fmt: skip
        number, count = processes.number(), processes.count()
        if count > 1:
            dataset = shared.among_processes(dataset, number, count, self._distribution)
        return DistributedDataset(dataset, self, cuts=True)

    def distribute_datasets_from_function(self, dataset_fn: Callable[[InputContext], Any], options: Any = None) -> Any:
        """What a function makes for the pipeline of this worker; each of its batches is for one replica."""
        count = self.num_replicas_in_sync
        made = dataset_fn(InputContext(processes.count(), processes.number(), count))
        return made if count == 1 else DistributedDataset(made, self, cuts=False)

    experimental_distribute_datasets_from_function = distribute_datasets_from_function

    def experimental_distribute_values_from_function(self, value_fn: Callable[[Any], Any]) -> Any:
        """What a function gives for each replica."""
        count = self.num_replicas_in_sync
        if count == 1:
            return value_fn(ValueContext())
        found = [value_fn(ValueContext(number, count)) for number in range(count)]
        return nest.map_structure(lambda *values: PerReplica(values), *found)

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
    """A replica on each of several devices of this machine, and every variable on all of them.

    Args:
        devices: Names such as `"/gpu:0"`; all accelerators where None, or all processors where there is none. Those
            that the engine in use does not have are left out, with a warning.
        cross_device_ops: Accepted: the engine adds up values as its devices do best.
    """

    def __init__(self, devices: Any = None, cross_device_ops: Any = None) -> None:
        super().__init__()
        self._devices, self._cross_device_ops = devices, cross_device_ops
        found = _chosen(devices or None)
        self._names = found if len(found) > 1 else ()
        self._only = found[0] if devices and len(found) == 1 else ""


class OneDeviceStrategy(Strategy):
    """One replica, on the device that is named.

    Args:
        device: Such as `"/gpu:1"`. Where it is not there it runs where the rest does, with a warning.

    Raises:
        ValueError: For what is no name of a device.
    """

    def __init__(self, device: Any) -> None:
        super().__init__()
        self._device = device
        self._only = next(iter(_chosen(device)), "")


class CentralStorageStrategy(MirroredStrategy):
    """A replica on each of several devices; variables are on all of them, as under `MirroredStrategy`."""

    def __init__(self, compute_devices: Any = None, parameter_device: Any = None) -> None:
        super().__init__(compute_devices)


def _chosen(devices: Any) -> tuple[str, ...]:
    """The engine's names of devices."""
    there = {_kind(name): name for name in dispatch.engine().devices()}
    if devices is None:
        accelerators = [name for kind, name in there.items() if not kind.startswith("CPU")]
        return tuple(accelerators or there.values())
    wanted = [_kind(name) for name in ([devices] if isinstance(devices, str) else devices)]
    unknown = [name for name in wanted if name not in there]
    if unknown:
        others = ", ".join(name for name in wanted if name in there)
        _log.warning("There is no device %s here; the strategy goes on with %s.", ", ".join(unknown),
                     others or "the device that programs run on")  # fmt: skip
    return tuple(there[name] for name in dict.fromkeys(wanted) if name in there)


def _kind(name: Any) -> str:
    """A device's kind and number, such as `GPU:0`, of `/job:localhost/device:GPU:0`, `cuda:0` or a LogicalDevice."""
    text = str(getattr(name, "name", name))
    spec = DeviceSpec.from_string(re.sub("(?i)(cuda|rocm)(?=:)", "GPU", text))
    if spec.device_type is None:
        raise ValueError(explain("This is no device's name.", received=repr(text), expected="such as '/gpu:0'"))
    return f"{spec.device_type}:{spec.device_index or 0}"


@contextmanager
def _shared(names: tuple[str, ...]) -> Iterator[None]:
    if not names:
        yield
        return
    engine, before = dispatch.engine(), _open.sharing
    _open.sharing = _over(names)
    try:
        engine.distribute(_open.sharing)
        yield
    finally:
        _open.sharing = before
        engine.distribute(before)


def _over(names: tuple[str, ...]) -> Distribution:
    return Distribution((len(names),), ("replica",), names, "replica")


def _is_zero(value: Any) -> bool:
    return isinstance(value, (int, float)) and value == 0


def _reduced(values: Sequence[Any], how: ReduceOp, axis: Any) -> Any:
    if axis is not None:
        counts = [array.gather(array.shape(value), axis) for value in values]
        values = [math.reduce_sum(value, axis=axis) for value in values]
    total = math.add_n(list(values))
    if how is ReduceOp.SUM:
        return total
    return total / array.cast(len(values) if axis is None else math.reduce_prod(math.add_n(counts)), total.dtype)


def _reduced_within(value: replicas.Own, how: ReduceOp, axis: Any) -> Any:
    """The same within `merge_call`: each replica has its own part."""
    tensor, body = value.parts[0], value.body
    if axis is None:
        return body.total(tensor) if how is ReduceOp.SUM else body.mean(tensor)
    total = body.total(math.reduce_sum(tensor, axis=axis))
    if how is ReduceOp.SUM:
        return total
    sizes = array.gather(array.shape(tensor), axis)
    return total / array.cast(body.total(math.reduce_prod(sizes)), total.dtype)


class MultiWorkerMirroredStrategy(Strategy):
    """A replica on each device of each of several workers, and every variable on all of them.

    Each worker is a process that runs the same program; `weft launch` starts them, and so do clusters whose
    surroundings tell a process its place: TF_CONFIG, SLURM, MPI, Kubernetes. Alone, the process is the only worker.

    Args:
        cluster_resolver: Says which workers there are; the surroundings where None.
        communication_options: Its `timeout_seconds` is how long a worker waits for the others.
        communication: Accepted.

    Raises:
        UnavailableError: Where the other workers cannot be reached, or the engine that was chosen runs in one process.
    """

    def __init__(self, cluster_resolver: Any = None, communication_options: Any = None,
                 communication: Any = None) -> None:  # fmt: skip
        super().__init__()
        if isinstance(cluster_resolver, _CommunicationImplementation):  # version 1 takes how to communicate first
            cluster_resolver = None
        self._resolver = cluster_resolver or cluster_resolvers.found()
        place = processes.join(cluster_resolvers.place_of(cluster_resolver),
                               getattr(communication_options, "timeout_seconds", None))  # fmt: skip
        if place is None:
            found = [name for name in dispatch.engine().devices() if not name.startswith("cpu")]
        else:
            found = list(dispatch.engine().devices())
        self._names = tuple(found) if len(found) > 1 else ()
        first = processes.number() == 0
        self.extended.should_checkpoint = self.extended.should_save_summary = first


class ParameterServerStrategy(Strategy):
    """Large variables cut into parts, of which each device keeps one; batches are shared out among the same devices.

    Every step is taken by all devices together and sees all updates before it, where TensorFlow's workers go their own
    ways; the numbers are those of one device. There is one replica. Programs that schedule steps with a
    `tf.distribute.coordinator.ClusterCoordinator` run as they are.

    Args:
        cluster_resolver: Accepted where it tells of no other machines.
        variable_partitioner: Shape and dtype of a variable to the number of parts along each axis, such as
            `tf.distribute.experimental.partitioners.MinSizePartitioner()`. Variables for which it says more than one
            part along their first axis are cut among the devices where that goes evenly; all are whole without it.

    Raises:
        NotImplementedError: For a cluster with servers on other machines.

    Example:
        >>> import weft as tf
        >>> strategy = tf.distribute.ParameterServerStrategy()
        >>> with strategy.scope():
        ...     v = tf.Variable([1.0, 2.0])
        >>> float(strategy.run(lambda: tf.reduce_sum(v)))
        3.0
    """

    def __init__(self, cluster_resolver: Any = None, variable_partitioner: Any = None) -> None:
        super().__init__()
        self._resolver = cluster_resolver or cluster_resolvers.found()
        jobs = self._resolver.cluster_spec().as_dict()
        if sum(map(len, jobs.values())) > 1:
            raise NotImplementedError(explain(
                "ParameterServerStrategy keeps variables on the devices of the processes that train, and on no other "
                "servers.", received="a cluster of " + ", ".join(f"{len(t)} {job}" for job, t in jobs.items()),
                hint="run the program on each machine with `weft launch` and MultiWorkerMirroredStrategy; "
                     "keras.distribution.ModelParallel cuts variables there",
            ))  # fmt: skip
        self._partitioner = variable_partitioner
        found = _chosen(None)
        self._sharing_names = found if len(found) > 1 else ()

    @contextmanager
    def _cutting(self) -> Iterator[Any]:
        """A block in which variables that are made are cut as the partitioner says."""
        _require_alone(self)
        with _entered(self, None):
            variable.creation_watchers.append(self._cut)
            try:
                yield self
            finally:
                variable.creation_watchers.remove(self._cut)

    def scope(self) -> Any:
        """A block within which it is the strategy in force, and variables are cut."""
        return self._cutting()

    def _cut(self, made: Any) -> None:
        sizes = made.shape.as_list() if made.shape.is_fully_defined() else []
        if self._partitioner is None or not sizes or not self._sharing_names:
            return
        parts = list(self._partitioner(made.shape, made.dtype))
        if parts[0] > 1 and sizes[0] % len(self._sharing_names) == 0:
            made._cell.layout = ("replica", *(None for _ in sizes[1:]))

    def run(self, fn: Callable[..., Any], args: Any = (), kwargs: Any = None, options: Any = None) -> Any:
        """What a function returns; what it computes in traced functions is shared out among the devices."""
        with self.extended.sharing():
            return super().run(fn, args, kwargs, options)


class TPUStrategy(MirroredStrategy):
    """A replica on each TPU that the engine sees.

    Args:
        tpu_cluster_resolver: What `TPUClusterResolver` gave; all TPUs where None.
        experimental_device_assignment: Accepted.
        experimental_spmd_xla_partitioning: Accepted.
        device_assignment: Accepted.

    Raises:
        ValueError: Where there is no TPU.
    """

    def __init__(self, tpu_cluster_resolver: Any = None, experimental_device_assignment: Any = None,
                 experimental_spmd_xla_partitioning: bool = False, device_assignment: Any = None) -> None:  # fmt: skip
        resolver = tpu_cluster_resolver or cluster_resolvers.TPUClusterResolver("")
        super().__init__(list(resolver.devices))
        self._resolver = resolver


_default = Strategy()


def get_strategy() -> Any:
    """The strategy in force: the innermost scope's, else the default one."""
    if _open.strategies:
        return _open.strategies[-1][0]
    return _open.everywhere or _default


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
    """Puts a strategy in force outside of all scopes, in this thread; None takes it back.

    Raises:
        RuntimeError: Inside of a strategy's scope.
    """
    if _open.strategies:
        raise RuntimeError(explain("Must not be called inside a `tf.distribute.Strategy` scope.",
                                   hint="call it before the block, or leave the block"))  # fmt: skip
    _open.everywhere = strategy


def _reduction(reduce_op: Any) -> ReduceOp:
    if isinstance(reduce_op, ReduceOp):
        return reduce_op
    try:
        return ReduceOp[str(getattr(reduce_op, "name", reduce_op)).upper()]
    except KeyError:
        raise ValueError(explain("reduce: the values are summed or averaged.", received=repr(reduce_op),
                                 expected="tf.distribute.ReduceOp.SUM or MEAN")) from None  # fmt: skip


cluster_resolver = cluster_resolvers
coordinator = cluster_coordinator


class CommunicationOptions(_Accepted):
    """How workers exchange values.

    Args:
        bytes_per_pack: Accepted.
        timeout_seconds: How long a worker waits for the others; `WEFT_TIMEOUT` where None.
        implementation: Accepted.
    """

    def __init__(self, bytes_per_pack: int = 0, timeout_seconds: float | None = None,
                 implementation: Any = None) -> None:  # fmt: skip
        super().__init__(bytes_per_pack, timeout_seconds, implementation)
        self.bytes_per_pack, self.timeout_seconds, self.implementation = bytes_per_pack, timeout_seconds, implementation


class _CommunicationImplementation(enum.Enum):
    AUTO = "AUTO"
    RING = "RING"
    NCCL = "NCCL"


class _Experimental(Namespace):
    """`tf.distribute.experimental`."""

    CentralStorageStrategy = CentralStorageStrategy
    MultiWorkerMirroredStrategy = MultiWorkerMirroredStrategy
    ParameterServerStrategy = ParameterServerStrategy
    TPUStrategy = TPUStrategy
    CollectiveCommunication = _CommunicationImplementation
    CommunicationImplementation = _CommunicationImplementation
    CommunicationOptions = CommunicationOptions
    CollectiveHints = CommunicationOptions
    coordinator = cluster_coordinator
    partitioners = partitioners
    ValueContext = ValueContext


experimental = _Experimental("tf.distribute.experimental")
