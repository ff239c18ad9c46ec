"""What a run tells of itself: how long its parts took, and the graphs that ran."""

from __future__ import annotations

from weft.formats.containers import RepeatedMessage
from weft.formats.fields import message, repeated_message, scalar
from weft.formats.message import Message
from weft.formats.messages.graph import GraphDef


class NodeExecStats(Message, proto="tensorflow.NodeExecStats"):
    """When a node ran, and how long."""

    node_name: str = scalar(1, "string")
    all_start_micros: int = scalar(2, "int64")
    op_start_rel_micros: int = scalar(3, "int64")
    op_end_rel_micros: int = scalar(4, "int64")
    all_end_rel_micros: int = scalar(5, "int64")
    timeline_label: str = scalar(8, "string")
    scheduled_micros: int = scalar(9, "int64")
    thread_id: int = scalar(10, "uint32")


class DeviceStepStats(Message, proto="tensorflow.DeviceStepStats"):
    """What ran on a device."""

    device: str = scalar(1, "string")
    node_stats: RepeatedMessage[NodeExecStats] = repeated_message(2, "tensorflow.NodeExecStats")


class StepStats(Message, proto="tensorflow.StepStats"):
    """What ran in one run."""

    dev_stats: RepeatedMessage[DeviceStepStats] = repeated_message(1, "tensorflow.DeviceStepStats")


class RunMetadata(Message, proto="tensorflow.RunMetadata"):
    """How long the parts of a run took, and the graphs that ran."""

    class FunctionGraphs(Message, proto="tensorflow.RunMetadata.FunctionGraphs"):
        """A function's graph, as it was traced and as it ran."""

        partition_graphs: RepeatedMessage[GraphDef] = repeated_message(1, "tensorflow.GraphDef")
        pre_optimization_graph: GraphDef = message(2, "tensorflow.GraphDef")
        post_optimization_graph: GraphDef = message(3, "tensorflow.GraphDef")

    step_stats: StepStats = message(1, "tensorflow.StepStats")
    partition_graphs: RepeatedMessage[GraphDef] = repeated_message(3, "tensorflow.GraphDef")
    function_graphs: RepeatedMessage[FunctionGraphs] = repeated_message(4, "tensorflow.RunMetadata.FunctionGraphs")
