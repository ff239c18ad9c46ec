"""Graphs with what is needed to use them: savers, collections, signatures, assets."""

from __future__ import annotations

from enum import IntEnum

from weft.formats.containers import MessageMap, RepeatedMessage, RepeatedScalar, ScalarMap
from weft.formats.fields import enumeration, mapping, message, repeated, repeated_message, scalar
from weft.formats.message import Message
from weft.formats.messages.graph import GraphDef, OpList
from weft.formats.messages.tensor import DataType, TensorProto, TensorShapeProto


class Any(Message, proto="google.protobuf.Any"):
    """An encoded message of a type named beside it."""

    type_url: str = scalar(1, "string")
    value: bytes = scalar(2, "bytes")


class Int64Value(Message, proto="google.protobuf.Int64Value"):
    """A number, where a message is wanted."""

    value: int = scalar(1, "int64")


class SaverDef(Message, proto="tensorflow.SaverDef"):
    """The nodes of a graph that save and restore its variables."""

    class CheckpointFormatVersion(IntEnum):
        """The format of the checkpoints it writes."""

        LEGACY = 0
        V1 = 1
        V2 = 2

    LEGACY = CheckpointFormatVersion.LEGACY
    V1 = CheckpointFormatVersion.V1
    V2 = CheckpointFormatVersion.V2

    filename_tensor_name: str = scalar(1, "string")
    save_tensor_name: str = scalar(2, "string")
    restore_op_name: str = scalar(3, "string")
    max_to_keep: int = scalar(4, "int32")
    sharded: bool = scalar(5, "bool")
    keep_checkpoint_every_n_hours: float = scalar(6, "float")
    version: int = enumeration(7, CheckpointFormatVersion)


class CollectionDef(Message, proto="tensorflow.CollectionDef"):
    """One of a graph's collections."""

    class NodeList(Message, proto="tensorflow.CollectionDef.NodeList"):
        """Names of tensors and ops."""

        value: RepeatedScalar[str] = repeated(1, "string")

    class BytesList(Message, proto="tensorflow.CollectionDef.BytesList"):
        """Byte strings, usually encoded messages."""

        value: RepeatedScalar[bytes] = repeated(1, "bytes")

    class Int64List(Message, proto="tensorflow.CollectionDef.Int64List"):
        """Integers."""

        value: RepeatedScalar[int] = repeated(1, "int64")

    class FloatList(Message, proto="tensorflow.CollectionDef.FloatList"):
        """Single-precision numbers."""

        value: RepeatedScalar[float] = repeated(1, "float")

    class AnyList(Message, proto="tensorflow.CollectionDef.AnyList"):
        """Messages of any type."""

        value: RepeatedMessage[Any] = repeated_message(1, "google.protobuf.Any")

    node_list: NodeList = message(1, "tensorflow.CollectionDef.NodeList", oneof="kind")
    bytes_list: BytesList = message(2, "tensorflow.CollectionDef.BytesList", oneof="kind")
    int64_list: Int64List = message(3, "tensorflow.CollectionDef.Int64List", oneof="kind")
    float_list: FloatList = message(4, "tensorflow.CollectionDef.FloatList", oneof="kind")
    any_list: AnyList = message(5, "tensorflow.CollectionDef.AnyList", oneof="kind")


class TensorInfo(Message, proto="tensorflow.TensorInfo"):
    """A tensor of a graph: its name, element type and shape."""

    class CooSparse(Message, proto="tensorflow.TensorInfo.CooSparse"):
        """The three tensors of a sparse one."""

        values_tensor_name: str = scalar(1, "string")
        indices_tensor_name: str = scalar(2, "string")
        dense_shape_tensor_name: str = scalar(3, "string")

    name: str = scalar(1, "string", oneof="encoding")
    dtype: int = enumeration(2, DataType)
    tensor_shape: TensorShapeProto = message(3, "tensorflow.TensorShapeProto")
    coo_sparse: CooSparse = message(4, "tensorflow.TensorInfo.CooSparse", oneof="encoding")


class SignatureDef(Message, proto="tensorflow.SignatureDef"):
    """A way to call a graph: inputs and outputs by name."""

    inputs: MessageMap[str, TensorInfo] = mapping(1, "string", "tensorflow.TensorInfo")
    outputs: MessageMap[str, TensorInfo] = mapping(2, "string", "tensorflow.TensorInfo")
    method_name: str = scalar(3, "string")
    defaults: MessageMap[str, TensorProto] = mapping(4, "string", "tensorflow.TensorProto")


class AssetFileDef(Message, proto="tensorflow.AssetFileDef"):
    """A file that a graph reads, and the tensor that takes its path."""

    tensor_info: TensorInfo = message(1, "tensorflow.TensorInfo")
    filename: str = scalar(2, "string")


class MetaGraphDef(Message, proto="tensorflow.MetaGraphDef"):
    """A graph with its saver, collections and signatures."""

    class MetaInfoDef(Message, proto="tensorflow.MetaGraphDef.MetaInfoDef"):
        """Who made a graph, and which ops it needs."""

        meta_graph_version: str = scalar(1, "string")
        stripped_op_list: OpList = message(2, "tensorflow.OpList")
        any_info: Any = message(3, "google.protobuf.Any")
        tags: RepeatedScalar[str] = repeated(4, "string")
        tensorflow_version: str = scalar(5, "string")
        tensorflow_git_version: str = scalar(6, "string")
        stripped_default_attrs: bool = scalar(7, "bool")
        function_aliases: ScalarMap[str, str] = mapping(8, "string", "string")

    meta_info_def: MetaInfoDef = message(1, "tensorflow.MetaGraphDef.MetaInfoDef")
    graph_def: GraphDef = message(2, "tensorflow.GraphDef")
    saver_def: SaverDef = message(3, "tensorflow.SaverDef")
    collection_def: MessageMap[str, CollectionDef] = mapping(4, "string", "tensorflow.CollectionDef")
    signature_def: MessageMap[str, SignatureDef] = mapping(5, "string", "tensorflow.SignatureDef")
    asset_file_def: RepeatedMessage[AssetFileDef] = repeated_message(6, "tensorflow.AssetFileDef")
