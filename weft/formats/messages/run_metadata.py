"""What TensorBoard's page of graphs reads of traced functions."""

from __future__ import annotations

from weft.formats.containers import RepeatedMessage
from weft.formats.fields import message, repeated_message
from weft.formats.message import Message
from weft.formats.messages.graph import GraphDef


class RunMetadata(Message, proto="tensorflow.RunMetadata"):
    """The graphs that ran."""

    class FunctionGraphs(Message, proto="tensorflow.RunMetadata.FunctionGraphs"):
        """A function's graph, as it was traced and as it ran."""

        partition_graphs: RepeatedMessage[GraphDef] = repeated_message(1, "tensorflow.GraphDef")
        pre_optimization_graph: GraphDef = message(2, "tensorflow.GraphDef")
        post_optimization_graph: GraphDef = message(3, "tensorflow.GraphDef")

    partition_graphs: RepeatedMessage[GraphDef] = repeated_message(3, "tensorflow.GraphDef")
    function_graphs: RepeatedMessage[FunctionGraphs] = repeated_message(4, "tensorflow.RunMetadata.FunctionGraphs")
