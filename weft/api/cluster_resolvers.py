"""`tf.distribute.cluster_resolver`: which machines a program runs on, as their surroundings tell."""

from __future__ import annotations

import os
from typing import Any

from weft.api.clusters import ClusterSpec
from weft.base import cluster
from weft.base.absent import word_absent
from weft.base.cluster import Place
from weft.base.errors import explain
from weft.runtime import dispatch


class ClusterResolver:
    """The machines of a cluster.

    Attributes:
        task_type: The job that this process belongs to, such as `"worker"`.
        task_id: Its number in that job.
    """

    task_type: Any = None
    task_id: Any = None
    environment = ""
    rpc_layer: Any = None
    _jobs: Any = None

    def cluster_spec(self) -> Any:
        """Which machines there are, by job."""
        return ClusterSpec(self._jobs or {})

    def master(self, task_type: Any = None, task_id: Any = None, rpc_layer: Any = None) -> str:
        """The address of a task; "" for this process."""
        kind, number = (self.task_type if task_type is None else task_type), task_id
        if task_type is None and task_id is None:
            return ""
        return str(self.cluster_spec().task_address(kind, int(self.task_id if number is None else number)))

    def num_accelerators(self, task_type: Any = None, task_id: Any = None, config_proto: Any = None) -> dict[str, int]:
        """How many accelerators of each kind this machine has."""
        found: dict[str, int] = {}
        for name in dispatch.engine().devices():
            kind = name.partition(":")[0].upper().replace("CUDA", "GPU").replace("ROCM", "GPU")
            if kind != "CPU":
                found[kind] = found.get(kind, 0) + 1
        return found


class TFConfigClusterResolver(ClusterResolver):
    """The cluster that the environment variable TF_CONFIG describes.

    Args:
        task_type: The job of this process; as TF_CONFIG says where None.
        task_id: Its number; as TF_CONFIG says where None.
        rpc_layer: Accepted.
        environment: As given.

    Raises:
        ValueError: Where TF_CONFIG is no JSON object.

    Example:
        >>> import weft as tf
        >>> tf.distribute.cluster_resolver.TFConfigClusterResolver().cluster_spec()
        ClusterSpec({})
    """

    def __init__(self, task_type: Any = None, task_id: Any = None, rpc_layer: Any = None,
                 environment: Any = None) -> None:  # fmt: skip
        said = cluster.tf_config()
        task = said.get("task") or {}
        self._jobs = said.get("cluster") or {}
        self.task_type = task.get("type") if task_type is None else task_type
        self.task_id = task.get("index") if task_id is None else task_id
        self.rpc_layer, self.environment = rpc_layer, environment or ""

    def master(self, task_type: Any = None, task_id: Any = None, rpc_layer: Any = None) -> str:
        """The address of a task, this one where none is named; "" without a cluster."""
        if not self._jobs:
            return ""
        kind = self.task_type if task_type is None else task_type
        return super().master(kind, self.task_id if task_id is None else task_id, rpc_layer)


class SimpleClusterResolver(ClusterResolver):
    """A cluster as given.

    Args:
        cluster_spec: A ClusterSpec, or jobs by name.
        master: Accepted.
        task_type: The job of this process.
        task_id: Its number.
        environment: As given.
        num_accelerators: Accepted: the machine tells.
        rpc_layer: Accepted.
    """

    def __init__(self, cluster_spec: Any, master: str = "", task_type: Any = None, task_id: Any = None,
                 environment: str = "", num_accelerators: Any = None, rpc_layer: Any = None) -> None:  # fmt: skip
        self._jobs = ClusterSpec(cluster_spec).as_dict() if cluster_spec else {}
        self.task_type, self.task_id, self.rpc_layer, self.environment = task_type, task_id, rpc_layer, environment


class _FromPlace(ClusterResolver):
    """A cluster of workers of which the address of the first one is known."""

    def __init__(self, place: Place | None) -> None:
        self._place = place
        if place is not None:
            self.task_type, self.task_id = "worker", place.number
            self._jobs = {"worker": {number: place.address if number == 0 else f"worker-{number}:0"
                                     for number in range(place.count)}}  # fmt: skip


class SlurmClusterResolver(_FromPlace):
    """The tasks of a SLURM step: those of a machine after one another, at one port more each.

    Args:
        jobs: How many tasks each job has, by name, in the order of their numbers; all are workers where None.
        port_base: The port of the first task of a machine.
        gpus_per_node: Accepted.
        gpus_per_task: Accepted.
        tasks_per_node: How many tasks a machine has, or each of them; what SLURM says where None.
        auto_set_gpu: Accepted.
        rpc_layer: Stands before addresses in `master()`.

    Raises:
        RuntimeError: Where the jobs have not as many tasks as the step, or the environment is no step's.

    Example:
        >>> import os, weft as tf
        >>> os.environ.update(SLURM_PROCID="1", SLURM_STEP_NUM_TASKS="2", SLURM_STEP_NODELIST="a[1-2]",
        ...                   SLURM_STEP_TASKS_PER_NODE="1(x2)")
        >>> resolver = tf.distribute.cluster_resolver.SlurmClusterResolver({"chief": 1, "worker": 1})
        >>> resolver.cluster_spec().as_dict(), resolver.get_task_info()
        ({'chief': ['a1:8888'], 'worker': ['a2:8888']}, ('worker', 0))
        >>> for name in ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NODELIST", "SLURM_STEP_TASKS_PER_NODE"):
        ...     del os.environ[name]
    """

    def __init__(self, jobs: Any = None, port_base: int = 8888, gpus_per_node: Any = None, gpus_per_task: Any = None,
                 tasks_per_node: Any = None, auto_set_gpu: bool = True, rpc_layer: str = "grpc") -> None:  # fmt: skip
        names = ("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST",
                 "SLURM_PROCID", "SLURM_JOB_ID", "SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE")  # fmt: skip
        said = {name: os.environ[name] for name in names if name in os.environ}
        super().__init__(cluster.find({**said, "MASTER_PORT": str(port_base)}))
        self.rpc_layer = rpc_layer
        addresses = cluster.tasks_of_slurm(said, port_base, tasks_per_node)
        wanted = {"worker": len(addresses)} if jobs is None else dict(jobs)
        if sum(wanted.values()) != len(addresses) or not addresses:
            raise RuntimeError(explain("SlurmClusterResolver: the jobs have not as many tasks as the step.",
                                       expected=f"{len(addresses)} tasks", received=str(wanted),
                                       hint="start the program with srun, and name all its tasks"))  # fmt: skip
        waiting, number = iter(addresses), int(said.get("SLURM_PROCID", "0"))
        self._jobs = {job: [next(waiting) for _ in range(count)] for job, count in wanted.items()}
        for job, count in wanted.items():
            if number < count:
                self.task_type, self.task_id = job, number
                break
            number -= count
        if jobs is not None:
            self._place = None  # which of them train, the jobs tell

    def get_task_info(self) -> tuple[str, int]:
        """The job of this process, and its number there."""
        return self.task_type, self.task_id

    def master(self, task_type: Any = None, task_id: Any = None, rpc_layer: Any = None) -> str:
        """The address of a task, this one where none is named."""
        kind = self.task_type if task_type is None else task_type
        layer = self.rpc_layer if rpc_layer is None else rpc_layer
        address = super().master(kind, self.task_id if task_id is None else task_id)
        return f"{layer}://{address}" if layer else address


class KubernetesClusterResolver(_FromPlace):
    """The pods of a job in Kubernetes, by what their environment says."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(cluster.find())


class TPUClusterResolver(ClusterResolver):
    """The TPUs of this machine, or of the pod that it belongs to.

    Args:
        tpu: `""`, `"local"` or a name: those that the engine sees.

    Raises:
        ValueError: Where there are none; programs that try one first go on without.
    """

    def __init__(self, tpu: Any = None, *args: Any, **kwargs: Any) -> None:
        self.devices = tuple(name for name in dispatch.engine().devices() if name.startswith("tpu"))
        if not self.devices:
            raise ValueError(explain("Please provide a TPU Name to connect to: there is no TPU on this machine.",
                                     received=f"tpu={tpu!r}", hint="use tf.distribute.get_strategy()"))  # fmt: skip
        self.task_type, self.task_id = "worker", 0

    @staticmethod
    def connect(tpu: Any = None, zone: Any = None, project: Any = None) -> Any:
        """The TPUs that there are."""
        return TPUClusterResolver(tpu)


def found() -> ClusterResolver:
    """What the surroundings say."""
    return TFConfigClusterResolver() if os.environ.get("TF_CONFIG") else _FromPlace(cluster.find())


def place_of(resolver: Any) -> Place | None:
    """The place of this process among those that train, as a resolver tells; None leaves it to the surroundings."""
    if resolver is None or getattr(resolver, "_place", None) is not None:
        return None if resolver is None else resolver._place  # type: ignore[no-any-return]
    spec = resolver.cluster_spec()
    jobs = cluster.jobs_of(spec.as_dict() if hasattr(spec, "as_dict") else spec)
    return cluster.place_in(jobs, resolver.task_type, resolver.task_id, type(resolver).__name__)


word_absent(globals(), "tf.distribute.cluster_resolver")
