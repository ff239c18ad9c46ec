"""The file `saved_model.pb`."""

from __future__ import annotations

from weft.formats.containers import RepeatedMessage
from weft.formats.fields import repeated_message, scalar
from weft.formats.message import Message
from weft.formats.messages.meta_graph import MetaGraphDef
from weft.formats.messages.tensor import TensorProto


class SavedModel(Message, proto="tensorflow.SavedModel"):
    """Graphs with their signatures."""

    saved_model_schema_version: int = scalar(1, "int64")
    meta_graphs: RepeatedMessage[MetaGraphDef] = repeated_message(2, "tensorflow.MetaGraphDef")


class WeftProgram(Message, proto="weft.Program"):
    """What Weft needs to run a SavedModel of its own: objects and graphs as JSON, and the arrays they refer to."""

    program: str = scalar(1, "string")
    arrays: RepeatedMessage[TensorProto] = repeated_message(2, "tensorflow.TensorProto")

