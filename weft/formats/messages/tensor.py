"""Element types, shapes and tensor values as graphs, events and checkpoints spell them."""

from __future__ import annotations

from enum import IntEnum

from weft.formats.containers import RepeatedMessage, RepeatedScalar
from weft.formats.fields import enumeration, message, repeated, repeated_message, scalar
from weft.formats.message import Message


class DataType(IntEnum):
    """Element types. A reference to a variable of a type, which TensorFlow 1 graphs have, is the type plus 100."""

    DT_INVALID = 0
    DT_FLOAT = 1
    DT_DOUBLE = 2
    DT_INT32 = 3
    DT_UINT8 = 4
    DT_INT16 = 5
    DT_INT8 = 6
    DT_STRING = 7
    DT_COMPLEX64 = 8
    DT_INT64 = 9
    DT_BOOL = 10
    DT_QINT8 = 11
    DT_QUINT8 = 12
    DT_QINT32 = 13
    DT_BFLOAT16 = 14
    DT_QINT16 = 15
    DT_QUINT16 = 16
    DT_UINT16 = 17
    DT_COMPLEX128 = 18
    DT_HALF = 19
    DT_RESOURCE = 20
    DT_VARIANT = 21
    DT_UINT32 = 22
    DT_UINT64 = 23
    DT_FLOAT8_E5M2 = 24
    DT_FLOAT8_E4M3FN = 25
    DT_FLOAT8_E4M3FNUZ = 26
    DT_FLOAT8_E4M3B11FNUZ = 27
    DT_FLOAT8_E5M2FNUZ = 28
    DT_INT4 = 29
    DT_UINT4 = 30
    DT_INT2 = 31
    DT_UINT2 = 32
    DT_FLOAT4_E2M1FN = 33
    DT_FLOAT_REF = 101
    DT_DOUBLE_REF = 102
    DT_INT32_REF = 103
    DT_UINT8_REF = 104
    DT_INT16_REF = 105
    DT_INT8_REF = 106
    DT_STRING_REF = 107
    DT_COMPLEX64_REF = 108
    DT_INT64_REF = 109
    DT_BOOL_REF = 110
    DT_QINT8_REF = 111
    DT_QUINT8_REF = 112
    DT_QINT32_REF = 113
    DT_BFLOAT16_REF = 114
    DT_QINT16_REF = 115
    DT_QUINT16_REF = 116
    DT_UINT16_REF = 117
    DT_COMPLEX128_REF = 118
    DT_HALF_REF = 119
    DT_RESOURCE_REF = 120
    DT_VARIANT_REF = 121
    DT_UINT32_REF = 122
    DT_UINT64_REF = 123
    DT_FLOAT8_E5M2_REF = 124
    DT_FLOAT8_E4M3FN_REF = 125
    DT_FLOAT8_E4M3FNUZ_REF = 126
    DT_FLOAT8_E4M3B11FNUZ_REF = 127
    DT_FLOAT8_E5M2FNUZ_REF = 128
    DT_INT4_REF = 129
    DT_UINT4_REF = 130
    DT_INT2_REF = 131
    DT_UINT2_REF = 132
    DT_FLOAT4_E2M1FN_REF = 133


class TensorShapeProto(Message, proto="tensorflow.TensorShapeProto"):
    """A shape: sizes, -1 for an unknown one, or an unknown rank."""

    class Dim(Message, proto="tensorflow.TensorShapeProto.Dim"):
        """One dimension."""

        size: int = scalar(1, "int64")
        name: str = scalar(2, "string")

    dim: RepeatedMessage[Dim] = repeated_message(2, "tensorflow.TensorShapeProto.Dim")
    unknown_rank: bool = scalar(3, "bool")


class ResourceHandleProto(Message, proto="tensorflow.ResourceHandleProto"):
    """A handle to a variable, table or iterator, meaningful only in the process that made it."""

    class DtypeAndShape(Message, proto="tensorflow.ResourceHandleProto.DtypeAndShape"):
        """What a handle's resource holds."""

        dtype: int = enumeration(1, DataType)
        shape: TensorShapeProto = message(2, "tensorflow.TensorShapeProto")

    device: str = scalar(1, "string")
    container: str = scalar(2, "string")
    name: str = scalar(3, "string")
    hash_code: int = scalar(4, "uint64")
    maybe_type_name: str = scalar(5, "string")
    dtypes_and_shapes: RepeatedMessage[DtypeAndShape] = repeated_message(
        6, "tensorflow.ResourceHandleProto.DtypeAndShape"
    )


class TensorProto(Message, proto="tensorflow.TensorProto"):
    """A tensor's value: raw bytes in `tensor_content`, or numbers in the list of its type."""

    dtype: int = enumeration(1, DataType)
    tensor_shape: TensorShapeProto = message(2, "tensorflow.TensorShapeProto")
    version_number: int = scalar(3, "int32")
    tensor_content: bytes = scalar(4, "bytes")
    float_val: RepeatedScalar[float] = repeated(5, "float")
    double_val: RepeatedScalar[float] = repeated(6, "double")
    int_val: RepeatedScalar[int] = repeated(7, "int32")
    string_val: RepeatedScalar[bytes] = repeated(8, "bytes")
    scomplex_val: RepeatedScalar[float] = repeated(9, "float")
    int64_val: RepeatedScalar[int] = repeated(10, "int64")
    bool_val: RepeatedScalar[bool] = repeated(11, "bool")
    dcomplex_val: RepeatedScalar[float] = repeated(12, "double")
    half_val: RepeatedScalar[int] = repeated(13, "int32")
    resource_handle_val: RepeatedMessage[ResourceHandleProto] = repeated_message(14, "tensorflow.ResourceHandleProto")
    variant_val: RepeatedMessage[VariantTensorDataProto] = repeated_message(15, "tensorflow.VariantTensorDataProto")
    uint32_val: RepeatedScalar[int] = repeated(16, "uint32")
    uint64_val: RepeatedScalar[int] = repeated(17, "uint64")
    float8_val: bytes = scalar(18, "bytes")


class VariantTensorDataProto(Message, proto="tensorflow.VariantTensorDataProto"):
    """A value of a type of its own, such as a tensor list: its type's name, its metadata and its tensors."""

    type_name: str = scalar(1, "string")
    metadata: bytes = scalar(2, "bytes")
    tensors: RepeatedMessage[TensorProto] = repeated_message(3, "tensorflow.TensorProto")
