"""What checkpoints consist of: the state file, the tensor bundle's header and entries, the graph of objects."""

from __future__ import annotations

from enum import IntEnum

from weft.formats.containers import RepeatedMessage, RepeatedScalar
from weft.formats.fields import enumeration, message, repeated, repeated_message, scalar
from weft.formats.message import Message
from weft.formats.messages.graph import VersionDef
from weft.formats.messages.tensor import DataType, TensorProto, TensorShapeProto


class CheckpointState(Message, proto="tensorflow.CheckpointState"):
    """The file `checkpoint` beside checkpoints, in text form: the newest and all that are kept, oldest first."""

    model_checkpoint_path: str = scalar(1, "string")
    all_model_checkpoint_paths: RepeatedScalar[str] = repeated(2, "string")
    all_model_checkpoint_timestamps: RepeatedScalar[float] = repeated(3, "double")
    last_preserved_timestamp: float = scalar(4, "double")


class BundleHeaderProto(Message, proto="tensorflow.BundleHeaderProto"):
    """The first entry of a bundle's index."""

    class Endianness(IntEnum):
        """The byte order of the data files."""

        LITTLE = 0
        BIG = 1

    num_shards: int = scalar(1, "int32")
    endianness: int = enumeration(2, Endianness)
    version: VersionDef = message(3, "tensorflow.VersionDef")


class TensorSliceProto(Message, proto="tensorflow.TensorSliceProto"):
    """A box cut out of a tensor: an extent for each dimension."""

    class Extent(Message, proto="tensorflow.TensorSliceProto.Extent"):
        """Where a dimension starts and how long it is; the whole dimension where no length is set."""

        start: int = scalar(1, "int64")
        length: int = scalar(2, "int64", oneof="has_length_hack")

    extent: RepeatedMessage[Extent] = repeated_message(1, "tensorflow.TensorSliceProto.Extent")


class SavedSliceMeta(Message, proto="tensorflow.SavedSliceMeta"):
    """A tensor of a checkpoint of version 1: its slices, of which a whole tensor has one."""

    name: str = scalar(1, "string")
    shape: TensorShapeProto = message(2, "tensorflow.TensorShapeProto")
    type: int = enumeration(3, DataType)
    slice: RepeatedMessage[TensorSliceProto] = repeated_message(4, "tensorflow.TensorSliceProto")


class SavedTensorSliceMeta(Message, proto="tensorflow.SavedTensorSliceMeta"):
    """The first entry of a checkpoint of version 1: all tensors of its file."""

    tensor: RepeatedMessage[SavedSliceMeta] = repeated_message(1, "tensorflow.SavedSliceMeta")
    versions: VersionDef = message(2, "tensorflow.VersionDef")


class SavedSlice(Message, proto="tensorflow.SavedSlice"):
    """One slice's numbers, in a row."""

    name: str = scalar(1, "string")
    slice: TensorSliceProto = message(2, "tensorflow.TensorSliceProto")
    data: TensorProto = message(3, "tensorflow.TensorProto")


class SavedTensorSlices(Message, proto="tensorflow.SavedTensorSlices"):
    """An entry of a checkpoint of version 1: what there is, or a slice."""

    meta: SavedTensorSliceMeta = message(1, "tensorflow.SavedTensorSliceMeta")
    data: SavedSlice = message(2, "tensorflow.SavedSlice")


class BundleEntryProto(Message, proto="tensorflow.BundleEntryProto"):
    """Where a tensor of a bundle lies; of a partitioned one, its slices, which have entries of their own."""

    dtype: int = enumeration(1, DataType)
    shape: TensorShapeProto = message(2, "tensorflow.TensorShapeProto")
    shard_id: int = scalar(3, "int32")
    offset: int = scalar(4, "int64")
    size: int = scalar(5, "int64")
    crc32c: int = scalar(6, "fixed32")
    slices: RepeatedMessage[TensorSliceProto] = repeated_message(7, "tensorflow.TensorSliceProto")


class BoolValue(Message, proto="google.protobuf.BoolValue"):
    """A bool that can be absent."""

    value: bool = scalar(1, "bool")


class RegisteredSaver(Message, proto="tensorflow.RegisteredSaver"):
    """The saver that an object's class registered."""

    name: str = scalar(1, "string")
    object_name: str = scalar(2, "string")


class TrackableObjectGraph(Message, proto="tensorflow.TrackableObjectGraph"):
    """The objects of a checkpoint and how they refer to one another; node 0 is the root."""

    class TrackableObject(Message, proto="tensorflow.TrackableObjectGraph.TrackableObject"):
        """One object: its children, its saved values, its optimizer slots."""

        class ObjectReference(Message, proto="tensorflow.TrackableObjectGraph.TrackableObject.ObjectReference"):
            """A child and the name it goes by."""

            node_id: int = scalar(1, "int32")
            local_name: str = scalar(2, "string")

        class SerializedTensor(Message, proto="tensorflow.TrackableObjectGraph.TrackableObject.SerializedTensor"):
            """A saved value and its key in the bundle."""

            name: str = scalar(1, "string")
            full_name: str = scalar(2, "string")
            checkpoint_key: str = scalar(3, "string")

        class SlotVariableReference(
            Message, proto="tensorflow.TrackableObjectGraph.TrackableObject.SlotVariableReference"
        ):
            """An optimizer's slot: the variable it belongs to, its name, and the variable that holds it."""

            original_variable_node_id: int = scalar(1, "int32")
            slot_name: str = scalar(2, "string")
            slot_variable_node_id: int = scalar(3, "int32")

        children: RepeatedMessage[ObjectReference] = repeated_message(
            1, "tensorflow.TrackableObjectGraph.TrackableObject.ObjectReference"
        )
        attributes: RepeatedMessage[SerializedTensor] = repeated_message(
            2, "tensorflow.TrackableObjectGraph.TrackableObject.SerializedTensor"
        )
        slot_variables: RepeatedMessage[SlotVariableReference] = repeated_message(
            3, "tensorflow.TrackableObjectGraph.TrackableObject.SlotVariableReference"
        )
        registered_saver: RegisteredSaver = message(4, "tensorflow.RegisteredSaver")
        has_checkpoint_values: BoolValue = message(5, "google.protobuf.BoolValue")

    nodes: RepeatedMessage[TrackableObject] = repeated_message(1, "tensorflow.TrackableObjectGraph.TrackableObject")
