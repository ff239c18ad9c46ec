"""The machines of a cluster and what one of them does."""

from __future__ import annotations

from weft.formats.containers import RepeatedMessage, ScalarMap
from weft.formats.fields import mapping, message, repeated_message, scalar
from weft.formats.message import Message


class JobDef(Message, proto="tensorflow.JobDef"):
    """A job: the addresses of its tasks by number."""

    name: str = scalar(1, "string")
    tasks: ScalarMap[int, str] = mapping(2, "int32", "string")


class ClusterDef(Message, proto="tensorflow.ClusterDef"):
    """The jobs of a cluster."""

    job: RepeatedMessage[JobDef] = repeated_message(1, "tensorflow.JobDef")


class ServerDef(Message, proto="tensorflow.ServerDef"):
    """What one process of a cluster is."""

    cluster: ClusterDef = message(1, "tensorflow.ClusterDef")
    job_name: str = scalar(2, "string")
    task_index: int = scalar(3, "int32")
    protocol: str = scalar(5, "string")
    port: int = scalar(6, "int32")
