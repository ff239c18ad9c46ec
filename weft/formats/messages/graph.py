"""Graphs: nodes with attributes, the functions they call, and the definitions of ops."""

from __future__ import annotations

from enum import IntEnum

from weft.formats.containers import MessageMap, RepeatedMessage, RepeatedScalar, ScalarMap
from weft.formats.fields import enumeration, mapping, message, repeated, repeated_message, scalar
from weft.formats.message import Message
from weft.formats.messages.tensor import DataType, ResourceHandleProto, TensorProto, TensorShapeProto


class VersionDef(Message, proto="tensorflow.VersionDef"):
    """Who wrote a piece of data, and who may read it."""

    producer: int = scalar(1, "int32")
    min_consumer: int = scalar(2, "int32")
    bad_consumers: RepeatedScalar[int] = repeated(3, "int32")


class NameAttrList(Message, proto="tensorflow.NameAttrList"):
    """A function's name with the attributes it is called with."""

    name: str = scalar(1, "string")
    attr: MessageMap[str, AttrValue] = mapping(2, "string", "tensorflow.AttrValue")


class AttrValue(Message, proto="tensorflow.AttrValue"):
    """The value of a node's attribute: one of the kinds below, or a list of one kind."""

    class ListValue(Message, proto="tensorflow.AttrValue.ListValue"):
        """Values of one kind."""

        s: RepeatedScalar[bytes] = repeated(2, "bytes")
        i: RepeatedScalar[int] = repeated(3, "int64")
        f: RepeatedScalar[float] = repeated(4, "float")
        b: RepeatedScalar[bool] = repeated(5, "bool")
        type: RepeatedScalar[int] = repeated(6, DataType)
        shape: RepeatedMessage[TensorShapeProto] = repeated_message(7, "tensorflow.TensorShapeProto")
        tensor: RepeatedMessage[TensorProto] = repeated_message(8, "tensorflow.TensorProto")
        func: RepeatedMessage[NameAttrList] = repeated_message(9, "tensorflow.NameAttrList")

    list: ListValue = message(1, "tensorflow.AttrValue.ListValue", oneof="value")
    s: bytes = scalar(2, "bytes", oneof="value")
    i: int = scalar(3, "int64", oneof="value")
    f: float = scalar(4, "float", oneof="value")
    b: bool = scalar(5, "bool", oneof="value")
    type: int = enumeration(6, DataType, oneof="value")
    shape: TensorShapeProto = message(7, "tensorflow.TensorShapeProto", oneof="value")
    tensor: TensorProto = message(8, "tensorflow.TensorProto", oneof="value")
    placeholder: str = scalar(9, "string", oneof="value")
    func: NameAttrList = message(10, "tensorflow.NameAttrList", oneof="value")


class FullTypeId(IntEnum):
    """The type constructors of `FullTypeDef`."""

    TFT_UNSET = 0
    TFT_VAR = 1
    TFT_ANY = 2
    TFT_PRODUCT = 3
    TFT_NAMED = 4
    TFT_FOR_EACH = 20
    TFT_CALLABLE = 100
    TFT_BOOL = 200
    TFT_UINT8 = 201
    TFT_UINT16 = 202
    TFT_UINT32 = 203
    TFT_UINT64 = 204
    TFT_INT8 = 205
    TFT_INT16 = 206
    TFT_INT32 = 207
    TFT_INT64 = 208
    TFT_HALF = 209
    TFT_FLOAT = 210
    TFT_DOUBLE = 211
    TFT_COMPLEX64 = 212
    TFT_COMPLEX128 = 213
    TFT_STRING = 214
    TFT_BFLOAT16 = 215
    TFT_TENSOR = 1000
    TFT_ARRAY = 1001
    TFT_OPTIONAL = 1002
    TFT_LITERAL = 1003
    TFT_ENCODED = 1004
    TFT_SHAPE_TENSOR = 1005
    TFT_DATASET = 10102
    TFT_RAGGED = 10103
    TFT_ITERATOR = 10104
    TFT_MUTEX_LOCK = 10202
    TFT_LEGACY_VARIANT = 10203


class FullTypeDef(Message, proto="tensorflow.FullTypeDef"):
    """A full type: a constructor and its arguments."""

    type_id: int = enumeration(1, FullTypeId)
    args: RepeatedMessage[FullTypeDef] = repeated_message(2, "tensorflow.FullTypeDef")
    s: str = scalar(3, "string", oneof="attr")
    i: int = scalar(4, "int64", oneof="attr")


class NodeDef(Message, proto="tensorflow.NodeDef"):
    """One node. An input is `node:output`, `node` for its first output, or `^node` for a control edge."""

    class ExperimentalDebugInfo(Message, proto="tensorflow.NodeDef.ExperimentalDebugInfo"):
        """The nodes that a rewritten node came from."""

        original_node_names: RepeatedScalar[str] = repeated(1, "string")
        original_func_names: RepeatedScalar[str] = repeated(2, "string")

    name: str = scalar(1, "string")
    op: str = scalar(2, "string")
    input: RepeatedScalar[str] = repeated(3, "string")
    device: str = scalar(4, "string")
    attr: MessageMap[str, AttrValue] = mapping(5, "string", "tensorflow.AttrValue")
    experimental_debug_info: ExperimentalDebugInfo = message(6, "tensorflow.NodeDef.ExperimentalDebugInfo")
    experimental_type: FullTypeDef = message(7, "tensorflow.FullTypeDef")


class OpDeprecation(Message, proto="tensorflow.OpDeprecation"):
    """Since which graph version an op is deprecated, and why."""

    version: int = scalar(1, "int32")
    explanation: str = scalar(2, "string")


class OpDef(Message, proto="tensorflow.OpDef"):
    """An op's or a function's signature."""

    class ArgDef(Message, proto="tensorflow.OpDef.ArgDef"):
        """An input or output; its type is fixed, or named by an attribute."""

        name: str = scalar(1, "string")
        description: str = scalar(2, "string")
        type: int = enumeration(3, DataType)
        type_attr: str = scalar(4, "string")
        number_attr: str = scalar(5, "string")
        type_list_attr: str = scalar(6, "string")
        handle_data: RepeatedMessage[ResourceHandleProto.DtypeAndShape] = repeated_message(
            7, "tensorflow.ResourceHandleProto.DtypeAndShape"
        )
        is_ref: bool = scalar(16, "bool")
        experimental_full_type: FullTypeDef = message(17, "tensorflow.FullTypeDef")

    class AttrDef(Message, proto="tensorflow.OpDef.AttrDef"):
        """An attribute, its default and its bounds."""

        name: str = scalar(1, "string")
        type: str = scalar(2, "string")
        default_value: AttrValue = message(3, "tensorflow.AttrValue")
        description: str = scalar(4, "string")
        has_minimum: bool = scalar(5, "bool")
        minimum: int = scalar(6, "int64")
        allowed_values: AttrValue = message(7, "tensorflow.AttrValue")

    name: str = scalar(1, "string")
    input_arg: RepeatedMessage[ArgDef] = repeated_message(2, "tensorflow.OpDef.ArgDef")
    output_arg: RepeatedMessage[ArgDef] = repeated_message(3, "tensorflow.OpDef.ArgDef")
    attr: RepeatedMessage[AttrDef] = repeated_message(4, "tensorflow.OpDef.AttrDef")
    summary: str = scalar(5, "string")
    description: str = scalar(6, "string")
    deprecation: OpDeprecation = message(8, "tensorflow.OpDeprecation")
    is_aggregate: bool = scalar(16, "bool")
    is_stateful: bool = scalar(17, "bool")
    is_commutative: bool = scalar(18, "bool")
    allows_uninitialized_input: bool = scalar(19, "bool")
    control_output: RepeatedScalar[str] = repeated(20, "string")
    is_distributed_communication: bool = scalar(21, "bool")


class OpList(Message, proto="tensorflow.OpList"):
    """Op definitions."""

    op: RepeatedMessage[OpDef] = repeated_message(1, "tensorflow.OpDef")


class FunctionDef(Message, proto="tensorflow.FunctionDef"):
    """A function: its signature, its nodes, and which of their outputs it returns."""

    class ArgAttrs(Message, proto="tensorflow.FunctionDef.ArgAttrs"):
        """Attributes of one argument."""

        attr: MessageMap[str, AttrValue] = mapping(1, "string", "tensorflow.AttrValue")

    signature: OpDef = message(1, "tensorflow.OpDef")
    node_def: RepeatedMessage[NodeDef] = repeated_message(3, "tensorflow.NodeDef")
    ret: ScalarMap[str, str] = mapping(4, "string", "string")
    attr: MessageMap[str, AttrValue] = mapping(5, "string", "tensorflow.AttrValue")
    control_ret: ScalarMap[str, str] = mapping(6, "string", "string")
    arg_attr: MessageMap[int, ArgAttrs] = mapping(7, "uint32", "tensorflow.FunctionDef.ArgAttrs")
    resource_arg_unique_id: ScalarMap[int, int] = mapping(8, "uint32", "uint32")


class GradientDef(Message, proto="tensorflow.GradientDef"):
    """The function that is another function's gradient."""

    function_name: str = scalar(1, "string")
    gradient_func: str = scalar(2, "string")


class RegisteredGradient(Message, proto="tensorflow.RegisteredGradient"):
    """The function that is an op's gradient."""

    gradient_func: str = scalar(1, "string")
    registered_op_type: str = scalar(2, "string")


class FunctionDefLibrary(Message, proto="tensorflow.FunctionDefLibrary"):
    """The functions of a graph and their gradients."""

    function: RepeatedMessage[FunctionDef] = repeated_message(1, "tensorflow.FunctionDef")
    gradient: RepeatedMessage[GradientDef] = repeated_message(2, "tensorflow.GradientDef")
    registered_gradients: RepeatedMessage[RegisteredGradient] = repeated_message(3, "tensorflow.RegisteredGradient")


class GraphDef(Message, proto="tensorflow.GraphDef"):
    """A graph: nodes, the functions they call, and versions."""

    node: RepeatedMessage[NodeDef] = repeated_message(1, "tensorflow.NodeDef")
    library: FunctionDefLibrary = message(2, "tensorflow.FunctionDefLibrary")
    version: int = scalar(3, "int32")
    versions: VersionDef = message(4, "tensorflow.VersionDef")
