"""Summaries and events, the records of event files."""

from __future__ import annotations

from enum import IntEnum

from weft.formats.containers import RepeatedMessage, RepeatedScalar
from weft.formats.fields import enumeration, message, repeated, repeated_message, scalar
from weft.formats.message import Message
from weft.formats.messages.tensor import TensorProto


class DataClass(IntEnum):
    """How a summary's tensor is to be shown."""

    DATA_CLASS_UNKNOWN = 0
    DATA_CLASS_SCALAR = 1
    DATA_CLASS_TENSOR = 2
    DATA_CLASS_BLOB_SEQUENCE = 3


class SummaryMetadata(Message, proto="tensorflow.SummaryMetadata"):
    """Which plugin shows a summary, and how it is titled."""

    class PluginData(Message, proto="tensorflow.SummaryMetadata.PluginData"):
        """A plugin's name and its own data."""

        plugin_name: str = scalar(1, "string")
        content: bytes = scalar(2, "bytes")

    plugin_data: PluginData = message(1, "tensorflow.SummaryMetadata.PluginData")
    display_name: str = scalar(2, "string")
    summary_description: str = scalar(3, "string")
    data_class: int = enumeration(4, DataClass)


class HistogramProto(Message, proto="tensorflow.HistogramProto"):
    """A histogram: `bucket[i]` values lie above `bucket_limit[i - 1]` and up to `bucket_limit[i]`."""

    min: float = scalar(1, "double")
    max: float = scalar(2, "double")
    num: float = scalar(3, "double")
    sum: float = scalar(4, "double")
    sum_squares: float = scalar(5, "double")
    bucket_limit: RepeatedScalar[float] = repeated(6, "double")
    bucket: RepeatedScalar[float] = repeated(7, "double")


class Summary(Message, proto="tensorflow.Summary"):
    """Tagged values at one step."""

    class Image(Message, proto="tensorflow.Summary.Image"):
        """An encoded image; `colorspace` counts its channels."""

        height: int = scalar(1, "int32")
        width: int = scalar(2, "int32")
        colorspace: int = scalar(3, "int32")
        encoded_image_string: bytes = scalar(4, "bytes")

    class Audio(Message, proto="tensorflow.Summary.Audio"):
        """An encoded sound."""

        sample_rate: float = scalar(1, "float")
        num_channels: int = scalar(2, "int64")
        length_frames: int = scalar(3, "int64")
        encoded_audio_string: bytes = scalar(4, "bytes")
        content_type: str = scalar(5, "string")

    class Value(Message, proto="tensorflow.Summary.Value"):
        """One tagged value of one kind."""

        tag: str = scalar(1, "string")
        simple_value: float = scalar(2, "float", oneof="value")
        obsolete_old_style_histogram: bytes = scalar(3, "bytes", oneof="value")
        image: Summary.Image = message(4, "tensorflow.Summary.Image", oneof="value")
        histo: HistogramProto = message(5, "tensorflow.HistogramProto", oneof="value")
        audio: Summary.Audio = message(6, "tensorflow.Summary.Audio", oneof="value")
        node_name: str = scalar(7, "string")
        tensor: TensorProto = message(8, "tensorflow.TensorProto", oneof="value")
        metadata: SummaryMetadata = message(9, "tensorflow.SummaryMetadata")

    value: RepeatedMessage[Value] = repeated_message(1, "tensorflow.Summary.Value")


class LogMessage(Message, proto="tensorflow.LogMessage"):
    """A line of a log."""

    class Level(IntEnum):
        """How grave it is."""

        UNKNOWN = 0
        DEBUGGING = 10
        INFO = 20
        WARN = 30
        ERROR = 40
        FATAL = 50

    UNKNOWN, DEBUGGING, INFO = Level.UNKNOWN, Level.DEBUGGING, Level.INFO
    WARN, ERROR, FATAL = Level.WARN, Level.ERROR, Level.FATAL

    level: int = enumeration(1, Level)
    message: str = scalar(2, "string")


class SessionLog(Message, proto="tensorflow.SessionLog"):
    """That a session started, stopped or wrote a checkpoint."""

    class SessionStatus(IntEnum):
        """What happened."""

        STATUS_UNSPECIFIED = 0
        START = 1
        STOP = 2
        CHECKPOINT = 3

    STATUS_UNSPECIFIED = SessionStatus.STATUS_UNSPECIFIED
    START = SessionStatus.START
    STOP = SessionStatus.STOP
    CHECKPOINT = SessionStatus.CHECKPOINT

    status: int = enumeration(1, SessionStatus)
    checkpoint_path: str = scalar(2, "string")
    msg: str = scalar(3, "string")


class TaggedRunMetadata(Message, proto="tensorflow.TaggedRunMetadata"):
    """The encoded record of one run of a graph."""

    tag: str = scalar(1, "string")
    run_metadata: bytes = scalar(2, "bytes")


class SourceMetadata(Message, proto="tensorflow.SourceMetadata"):
    """Who wrote an event file."""

    writer: str = scalar(1, "string")


class Event(Message, proto="tensorflow.Event"):
    """One record of an event file: when, at which step, and what."""

    wall_time: float = scalar(1, "double")
    step: int = scalar(2, "int64")
    file_version: str = scalar(3, "string", oneof="what")
    graph_def: bytes = scalar(4, "bytes", oneof="what")
    summary: Summary = message(5, "tensorflow.Summary", oneof="what")
    log_message: LogMessage = message(6, "tensorflow.LogMessage", oneof="what")
    session_log: SessionLog = message(7, "tensorflow.SessionLog", oneof="what")
    tagged_run_metadata: TaggedRunMetadata = message(8, "tensorflow.TaggedRunMetadata", oneof="what")
    meta_graph_def: bytes = scalar(9, "bytes", oneof="what")
    source_metadata: SourceMetadata = message(10, "tensorflow.SourceMetadata")
