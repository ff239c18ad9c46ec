"""Clusters in one process: programs that name jobs and tasks run here, each task's part of it in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft.api.clusters import ClusterSpec
from weft.base.errors import explain
from weft.formats.messages.cluster import ServerDef

_OPS = ("Variable", "VariableV2", "AutoReloadVariable", "MutableHashTable", "MutableHashTableV2", "VarHandleOp")


class Server:
    """A task of a cluster, in this process: a session with its target runs here.

    Args:
        server_or_cluster_def: A ClusterSpec, or what makes one.
        job_name: The task's job; may be left out where there is one job.
        task_index: Its number; 0 where None.
        protocol: Accepted.
        config: Accepted.
        start: Accepted.

    Raises:
        ValueError: For a job or task that the cluster has not.
        NotImplementedError: For a cluster of several workers: their variables would not be shared.
    """

    def __init__(self, server_or_cluster_def: Any, job_name: str | None = None, task_index: int | None = None,
                 protocol: str | None = None, config: Any = None, start: bool = True) -> None:
        self._cluster = ClusterSpec(server_or_cluster_def)
        if job_name is None:
            if len(self._cluster.jobs) != 1:
                raise ValueError(explain("Must specify an explicit `job_name`.", received=str(self._cluster.jobs)))
            job_name = self._cluster.jobs[0]
        self._job, self._task = job_name, 0 if task_index is None else int(task_index)
        address = self._cluster.task_address(self._job, self._task)
        workers = sum(self._cluster.num_tasks(job) for job in self._cluster.jobs if job != "ps")
        if workers > 1:
            raise NotImplementedError(explain(
                "Weft runs the tasks of a cluster in one process, and this one has several workers, which would not "
                "share their variables.", received=repr(self._cluster),
                hint="give the cluster one worker, or train with tf.distribute"))
        self._target = f"grpc://{address}"

    @property
    def target(self) -> str:
        """What sessions are opened with."""
        return self._target

    @property
    def server_def(self) -> Any:
        """What it was made with."""
        found = ServerDef(job_name=self._job, task_index=self._task, protocol="grpc")
        found.cluster.CopyFrom(self._cluster.as_cluster_def())
        return found

    def start(self) -> None:
        """Nothing: it runs in this process."""

    def join(self) -> None:
        """A parameter server has nothing to do in one process: returns at once."""

    @staticmethod
    def create_local_server(config: Any = None, start: bool = True) -> Server:
        """A server of one task."""
        return Server({"local": ["localhost:0"]})


class _Chooser:
    """Where each operation of a replica goes: variables to the parameter servers in turn."""

    def __init__(self, ps_tasks: int, ps_device: str, worker_device: str, merge_devices: bool, ps_ops: Sequence[str],
                 strategy: Callable[[Any], int]) -> None:
        self._tasks, self._ps, self._worker = ps_tasks, ps_device, worker_device
        self._ops, self._strategy = tuple(ps_ops), strategy

    def __call__(self, op: Any) -> str:
        if self._tasks and self._ps and op.type in self._ops:
            return self._ps if "/task:" in self._ps else f"{self._ps}/task:{self._strategy(op)}"
        return self._worker or ""


class RoundRobin:
    """One parameter server after the other.

    Args:
        num_tasks: How many there are.
    """

    def __init__(self, num_tasks: int) -> None:
        self._count, self._next = num_tasks, 0

    def __call__(self, op: Any) -> int:
        found, self._next = self._next, (self._next + 1) % self._count
        return found


def replica_device_setter(ps_tasks: int = 0, ps_device: str = "/job:ps", worker_device: str = "/job:worker",
                          merge_devices: bool = True, cluster: Any = None, ps_ops: Any = None,
                          ps_strategy: Any = None) -> Any:
    """A function for `tf.device` that puts variables on parameter servers, the rest on the worker.

    Args:
        ps_tasks: How many parameter servers there are.
        ps_device: Their job.
        worker_device: The worker.
        merge_devices: Accepted.
        cluster: The cluster, which tells how many there are.
        ps_ops: The types of operations that go there.
        ps_strategy: A function of an operation that tells to which.

    Returns:
        The function; None without parameter servers.
    """
    if cluster is not None:
        tasks = ClusterSpec(cluster)
        job = ps_device.removeprefix("/job:").partition("/")[0]
        ps_tasks = tasks.num_tasks(job) if job in tasks.jobs else 0
    if ps_tasks == 0:
        return None
    return _Chooser(ps_tasks, ps_device, worker_device, merge_devices, ps_ops or _OPS,
                    ps_strategy or RoundRobin(ps_tasks))
