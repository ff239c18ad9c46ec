"""Which machines work together: descriptions, which programs pass on; Weft itself runs in one process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weft.base.errors import explain
from weft.formats.messages.cluster import ClusterDef, JobDef, ServerDef

__all__ = ["ClusterDef", "ClusterSpec", "JobDef", "ServerDef"]


class ClusterSpec:
    """The jobs of a cluster, with the addresses of their tasks.

    Args:
        cluster: Jobs by name: a list of addresses, or addresses by the number of the task; or a ClusterDef or
            ClusterSpec.

    Raises:
        TypeError: For anything else.

    Example:
        >>> import weft as tf
        >>> cluster = tf.train.ClusterSpec({"worker": ["one:2222", "two:2222"], "ps": {3: "three:2222"}})
        >>> cluster.num_tasks("worker"), cluster.task_address("ps", 3), cluster.jobs
        (2, 'three:2222', ['worker', 'ps'])
    """

    def __init__(self, cluster: Any) -> None:
        if isinstance(cluster, ClusterSpec):
            cluster = cluster.as_dict()
        if isinstance(cluster, ClusterDef):
            cluster = {job.name: dict(job.tasks) for job in cluster.job}
        if not isinstance(cluster, Mapping):
            raise TypeError(
                explain("`cluster` must be a dictionary mapping one or more job names to lists of network addresses, "
                        "or a `ClusterDef` protocol buffer.", received=repr(cluster)[:200])  # fmt: skip
            )
        self._jobs = {str(name): _tasks(name, cluster[name]) for name in cluster}

    @property
    def jobs(self) -> list[str]:
        """The names of the jobs."""
        return list(self._jobs)

    def num_tasks(self, job_name: str) -> int:
        """How many tasks a job has."""
        return len(self._job(job_name))

    def task_indices(self, job_name: str) -> list[int]:
        """The numbers of a job's tasks."""
        return sorted(self._job(job_name))

    def task_address(self, job_name: str, task_index: int) -> str:
        """The address of a task.

        Raises:
            ValueError: Where there is no such job or task.
        """
        tasks = self._job(job_name)
        if task_index not in tasks:
            raise ValueError(f"No task with index {task_index!r} in job {job_name!r}")
        return tasks[task_index]

    def job_tasks(self, job_name: str) -> list[str | None]:
        """The addresses of a job's tasks by number, None where there is no task of that number."""
        tasks = self._job(job_name)
        return [tasks.get(number) for number in range(max(tasks, default=-1) + 1)]

    def _job(self, name: str) -> dict[int, str]:
        if name not in self._jobs:
            raise ValueError(f"No such job in cluster: {name!r}")
        return self._jobs[name]

    def as_dict(self) -> dict[str, Any]:
        """The jobs as lists of addresses, or as dicts where numbers are left out."""
        return {name: [tasks[n] for n in sorted(tasks)] if sorted(tasks) == list(range(len(tasks))) else dict(tasks)
                for name, tasks in self._jobs.items()}  # fmt: skip

    def as_cluster_def(self) -> ClusterDef:
        """The cluster as a message."""
        return ClusterDef(job=[JobDef(name=name, tasks=tasks) for name, tasks in sorted(self._jobs.items())])

    def __bool__(self) -> bool:
        return bool(self._jobs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClusterSpec) and self._jobs == other._jobs

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        inner = ", ".join(f"{name!r}: {tasks!r}" for name, tasks in sorted(self.as_dict().items()))
        return f"ClusterSpec({{{inner}}})"


def _tasks(name: Any, given: Any) -> dict[int, str]:
    if isinstance(given, Mapping):
        found = {int(number): address for number, address in given.items()}
    elif isinstance(given, (list, tuple)):
        found = dict(enumerate(given))
    else:
        raise TypeError(f"The tasks for job {name!r} were not a list or dictionary.")
    for address in found.values():
        if not isinstance(address, str):
            raise TypeError(f"Task address must be bytes or unicode string, received {address!r} in job {name!r}.")
    return found
