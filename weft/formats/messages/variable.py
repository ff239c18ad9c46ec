"""Variables and queue runners of version 1's graphs, as collections name them."""

from __future__ import annotations

from enum import IntEnum

from weft.formats.containers import RepeatedScalar
from weft.formats.fields import enumeration, message, repeated, scalar
from weft.formats.message import Message


class VariableSynchronization(IntEnum):
    """When the copies of a variable on several devices are made alike."""

    VARIABLE_SYNCHRONIZATION_AUTO = 0
    VARIABLE_SYNCHRONIZATION_NONE = 1
    VARIABLE_SYNCHRONIZATION_ON_WRITE = 2
    VARIABLE_SYNCHRONIZATION_ON_READ = 3


class VariableAggregation(IntEnum):
    """How what several devices assign to a variable becomes one value."""

    VARIABLE_AGGREGATION_NONE = 0
    VARIABLE_AGGREGATION_SUM = 1
    VARIABLE_AGGREGATION_MEAN = 2
    VARIABLE_AGGREGATION_ONLY_FIRST_REPLICA = 3


class Code(IntEnum):
    """What kinds of errors there are."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16
    DO_NOT_USE_RESERVED_FOR_FUTURE_EXPANSION_USE_DEFAULT_IN_SWITCH_INSTEAD_ = 20


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
    synchronization: int = enumeration(8, VariableSynchronization)
    aggregation: int = enumeration(9, VariableAggregation)


class QueueRunnerDef(Message, proto="tensorflow.QueueRunnerDef"):
    """The nodes that a queue runner runs."""

    queue_name: str = scalar(1, "string")
    enqueue_op_name: RepeatedScalar[str] = repeated(2, "string")
    close_op_name: str = scalar(3, "string")
    cancel_op_name: str = scalar(4, "string")
    queue_closed_exception_types: RepeatedScalar[int] = repeated(5, Code)
