"""Variables and queue runners of version 1's graphs, as collections name them."""

from __future__ import annotations

from weft.formats.containers import RepeatedScalar
from weft.formats.fields import message, repeated, scalar
from weft.formats.message import Message


class SaveSliceInfoDef(Message, proto="tensorflow.SaveSliceInfoDef"):
    """Which part of a variable in a checkpoint another one is."""

    full_name: str = scalar(1, "string")
    full_shape: RepeatedScalar[int] = repeated(2, "int64")
    var_offset: RepeatedScalar[int] = repeated(3, "int64")
    var_shape: RepeatedScalar[int] = repeated(4, "int64")


class VariableDef(Message, proto="tensorflow.VariableDef"):
    """The nodes that a variable is made of."""

    variable_name: str = scalar(1, "string")
    initializer_name: str = scalar(2, "string")
    snapshot_name: str = scalar(3, "string")
    save_slice_info_def: SaveSliceInfoDef = message(4, "tensorflow.SaveSliceInfoDef")
    is_resource: bool = scalar(5, "bool")
    initial_value_name: str = scalar(6, "string")
    trainable: bool = scalar(7, "bool")
    synchronization: int = scalar(8, "int32")
    aggregation: int = scalar(9, "int32")


class QueueRunnerDef(Message, proto="tensorflow.QueueRunnerDef"):
    """The nodes that a queue runner runs."""

    queue_name: str = scalar(1, "string")
    enqueue_op_name: RepeatedScalar[str] = repeated(2, "string")
    close_op_name: str = scalar(3, "string")
    cancel_op_name: str = scalar(4, "string")
    queue_closed_exception_types: RepeatedScalar[int] = repeated(5, "int32")
