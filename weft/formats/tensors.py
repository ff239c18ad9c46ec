"""Numpy arrays to and from `TensorProto`, and shapes to and from `TensorShapeProto`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import ml_dtypes
import numpy as np
import numpy.typing as npt

from weft.base.errors import DTypeError, InvalidArgumentError, explain
from weft.formats.messages.tensor import DataType, TensorProto, TensorShapeProto

_D = DataType
_NUMPY: Final[dict[int, np.dtype[Any]]] = {
    number: np.dtype(kind)
    for number, kind in (
        (_D.DT_FLOAT, np.float32),
        (_D.DT_DOUBLE, np.float64),
        (_D.DT_INT32, np.int32),
        (_D.DT_UINT8, np.uint8),
        (_D.DT_INT16, np.int16),
        (_D.DT_INT8, np.int8),
        (_D.DT_STRING, np.object_),
        (_D.DT_COMPLEX64, np.complex64),
        (_D.DT_INT64, np.int64),
        (_D.DT_BOOL, np.bool_),
        (_D.DT_BFLOAT16, ml_dtypes.bfloat16),
        (_D.DT_UINT16, np.uint16),
        (_D.DT_COMPLEX128, np.complex128),
        (_D.DT_HALF, np.float16),
        (_D.DT_UINT32, np.uint32),
        (_D.DT_UINT64, np.uint64),
        (_D.DT_FLOAT8_E5M2, ml_dtypes.float8_e5m2),
        (_D.DT_FLOAT8_E4M3FN, ml_dtypes.float8_e4m3fn),
        (_D.DT_FLOAT8_E4M3FNUZ, ml_dtypes.float8_e4m3fnuz),
        (_D.DT_FLOAT8_E4M3B11FNUZ, ml_dtypes.float8_e4m3b11fnuz),
        (_D.DT_FLOAT8_E5M2FNUZ, ml_dtypes.float8_e5m2fnuz),
        (_D.DT_INT4, ml_dtypes.int4),
        (_D.DT_UINT4, ml_dtypes.uint4),
        (_D.DT_INT2, ml_dtypes.int2),
        (_D.DT_UINT2, ml_dtypes.uint2),
        (_D.DT_FLOAT4_E2M1FN, ml_dtypes.float4_e2m1fn),
        # The quantised types, whose numbers are these; numpy's types lead back to the plain ones.
        (_D.DT_QINT8, np.int8),
        (_D.DT_QUINT8, np.uint8),
        (_D.DT_QINT16, np.int16),
        (_D.DT_QUINT16, np.uint16),
        (_D.DT_QINT32, np.int32),
    )
}
_QUANTIZED: Final = frozenset({_D.DT_QINT8, _D.DT_QUINT8, _D.DT_QINT16, _D.DT_QUINT16, _D.DT_QINT32})
_FROM_NUMPY: Final = {dtype: number for number, dtype in _NUMPY.items() if number not in _QUANTIZED}
# The list field of each type; the types without an entry keep their numbers in int_val.
_VALUE_FIELDS: Final[dict[int, str]] = {
    _D.DT_FLOAT: "float_val",
    _D.DT_DOUBLE: "double_val",
    _D.DT_STRING: "string_val",
    _D.DT_COMPLEX64: "scomplex_val",
    _D.DT_COMPLEX128: "dcomplex_val",
    _D.DT_INT64: "int64_val",
    _D.DT_BOOL: "bool_val",
    _D.DT_HALF: "half_val",
    _D.DT_BFLOAT16: "half_val",
    _D.DT_UINT32: "uint32_val",
    _D.DT_UINT64: "uint64_val",
    _D.DT_FLOAT8_E5M2: "float8_val",
    _D.DT_FLOAT8_E4M3FN: "float8_val",
    _D.DT_FLOAT8_E4M3FNUZ: "float8_val",
    _D.DT_FLOAT8_E4M3B11FNUZ: "float8_val",
    _D.DT_FLOAT8_E5M2FNUZ: "float8_val",
    _D.DT_FLOAT4_E2M1FN: "float8_val",
}
# The types that TensorFlow writes as raw bytes where there is more than one element.
_CONTENT_TYPES: Final = frozenset(
    {_D.DT_FLOAT, _D.DT_DOUBLE, _D.DT_INT32, _D.DT_UINT8, _D.DT_INT16, _D.DT_INT8, _D.DT_INT64, _D.DT_UINT32}
    | {_D.DT_UINT64, _D.DT_HALF, _D.DT_BFLOAT16, _D.DT_FLOAT8_E5M2, _D.DT_FLOAT8_E4M3FN, _D.DT_FLOAT8_E4M3FNUZ}
    | {_D.DT_FLOAT8_E4M3B11FNUZ, _D.DT_FLOAT8_E5M2FNUZ, _D.DT_FLOAT4_E2M1FN}
    | _QUANTIZED
)
MAX_RANK: Final = 64
# A list shorter than its tensor stands for a longer one, which bounds the tensor by nothing: this does.
MAX_EXPANDED_BYTES: Final = 1 << 28


def numpy_dtype(data_type: int) -> np.dtype[Any]:
    """The numpy dtype of an element type; `object` for strings. References count as what they refer to.

    Raises:
        DTypeError: For types whose values numpy cannot hold (resource, variant), and for unknown numbers.
    """
    found = _NUMPY.get(data_type % 100 if data_type > 100 else data_type)
    if found is None:
        name = DataType(data_type).name if data_type in DataType._value2member_map_ else str(data_type)
        raise DTypeError(f"Element type {name} has no numpy equivalent.")
    return found


def data_type(dtype: npt.DTypeLike) -> int:
    """The element type of a numpy dtype; all kinds of strings and objects are `DT_STRING`.

    Raises:
        DTypeError: For a dtype that no element type stands for.
    """
    kind = np.dtype(dtype)
    if kind.kind in "OSU":
        return DataType.DT_STRING
    found = _FROM_NUMPY.get(kind if kind.byteorder in "=|" else kind.newbyteorder("="))
    if found is None:
        raise DTypeError(f"numpy dtype {kind} has no element type in TensorProto.")
    return found


def shape_to_proto(shape: Sequence[int | None] | None) -> TensorShapeProto:
    """A shape as a message; None is an unknown rank or dimension."""
    if shape is None:
        return TensorShapeProto(unknown_rank=True)
    proto = TensorShapeProto()
    for size in shape:
        proto.dim.add(size=-1 if size is None else size)
    return proto


def shape_from_proto(proto: TensorShapeProto) -> tuple[int | None, ...] | None:
    """A shape from a message; None is an unknown rank or dimension.

    Raises:
        InvalidArgumentError: For a dimension below -1.
    """
    if proto.unknown_rank:
        return None
    sizes = [dim.size for dim in proto.dim]
    if any(size < -1 for size in sizes):
        raise InvalidArgumentError(f"TensorShapeProto: {sizes} is no shape; a dimension is at least 0, or -1.")
    return tuple(None if size == -1 else size for size in sizes)


def static_shape(proto: TensorShapeProto) -> tuple[int, ...]:
    """A fully known shape from a message.

    Raises:
        InvalidArgumentError: For unknown or negative dimensions, and for more than numpy takes.
    """
    sizes = tuple(dim.size for dim in proto.dim)
    if proto.unknown_rank or len(sizes) > MAX_RANK or any(size < 0 for size in sizes):
        shown = "of unknown rank" if proto.unknown_rank else f"{list(sizes[:8])}{'…' if len(sizes) > 8 else ''}"
        raise InvalidArgumentError(f"A tensor's shape is known and has at most {MAX_RANK} dimensions; got {shown}.")
    return sizes


def encode_strings(array: npt.NDArray[Any]) -> list[bytes]:
    """The elements of an array of texts or bytes, as bytes; texts in UTF-8.

    Raises:
        DTypeError: For elements that are neither.
    """
    out = []
    for element in array.reshape(-1).tolist():
        if isinstance(element, str):
            element = element.encode("utf-8")
        if not isinstance(element, bytes):
            raise DTypeError(f"A string tensor holds texts or bytes, got {element!r} of type {type(element).__name__}.")
        out.append(element)
    return out


def decode_strings(values: Sequence[bytes], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """An object array of bytes; `values` has as many elements as the shape."""
    out = np.empty(len(values), object)
    out[:] = values
    return out.reshape(shape)


def to_tensor_proto(values: npt.ArrayLike, *, dtype: int | None = None, raw: bool | None = None) -> TensorProto:
    """Makes a `TensorProto`, in the form that TensorFlow chooses: raw bytes for most arrays, lists for the rest.

    Args:
        values: An array, or what numpy makes one from.
        dtype: The element type; None takes that of the array.
        raw: Whether numbers are raw bytes, as `tf.io.serialize_tensor` writes them, or listed, as checkpoints of
            version 1 have them, whatever their type and number; None takes the form that TensorFlow chooses.

    Returns:
        The message.

    Raises:
        DTypeError: For a dtype that has no element type.

    Example:
        >>> import numpy as np
        >>> from_tensor_proto(to_tensor_proto(np.array([1.5, 2.5], np.float32))).tolist()
        [1.5, 2.5]
    """
    array = np.asarray(values)
    kind = data_type(array.dtype) if dtype is None else dtype
    if kind == DataType.DT_STRING:
        proto = TensorProto(dtype=kind, tensor_shape=shape_to_proto(array.shape))
        proto.string_val.extend(encode_strings(array))
        return proto
    flat = np.ascontiguousarray(array.astype(numpy_dtype(kind), copy=False)).reshape(-1)
    proto = TensorProto(dtype=kind, tensor_shape=shape_to_proto(array.shape))
    if raw or (raw is None and kind in _CONTENT_TYPES and flat.size > 1):
        proto.tensor_content = _little_endian(flat).tobytes()
        return proto
    field = _VALUE_FIELDS.get(kind, "int_val")
    if field == "float8_val":
        proto.float8_val = flat.tobytes()
    elif field == "half_val":
        proto.half_val.extend(flat.view(np.uint16))
    elif field in ("scomplex_val", "dcomplex_val"):
        getattr(proto, field).extend(flat.view(flat.real.dtype))
    else:
        getattr(proto, field).extend(flat if flat.dtype.kind in "biuf" else flat.astype(np.int32))
    return proto


def from_tensor_proto(proto: TensorProto, *, max_expanded_bytes: int = MAX_EXPANDED_BYTES) -> npt.NDArray[Any]:
    """The array of a `TensorProto`. Where its list is shorter than the tensor, the last value fills the rest.

    Args:
        proto: The message.
        max_expanded_bytes: The largest array made from a list that is shorter than it.

    Returns:
        An array of its own; object arrays of `bytes` for strings.

    Raises:
        InvalidArgumentError: Where values and shape do not go together, or the array would be too large.
        DTypeError: For types whose values numpy cannot hold.
    """
    dtype = numpy_dtype(proto.dtype)
    shape = static_shape(proto.tensor_shape)
    count = math.prod(shape)
    if proto.tensor_content:
        return _from_content(proto, dtype, shape, count)
    values = _listed_values(proto, dtype)
    if len(values) > count:
        raise _mismatch(proto, shape, f"{len(values)} listed values")
    if len(values) < count and count * dtype.itemsize > max_expanded_bytes:
        raise InvalidArgumentError(
            explain(
                f"TensorProto of shape {list(shape)}: its {len(values)} values would expand to "
                f"{count * dtype.itemsize} bytes.",
                expected=f"at most {max_expanded_bytes} bytes",
                hint="raise `max_expanded_bytes` if the source is trusted",
            )
        )
    try:
        out = np.zeros(count, dtype)
        if dtype.kind == "O":
            out[:] = b""
        out[: len(values)] = values
        if 0 < len(values) < count:
            out[len(values) :] = out[len(values) - 1]
        return out.reshape(shape)
    except ValueError as error:  # shapes such as [0, 2**62], whose strides numpy cannot count
        raise InvalidArgumentError(f"TensorProto: numpy refuses the shape {list(shape)} ({error}).") from None


def _from_content(proto: TensorProto, dtype: np.dtype[Any], shape: tuple[int, ...], count: int) -> npt.NDArray[Any]:
    content = proto.tensor_content
    if dtype.kind == "O" or len(content) != count * dtype.itemsize:
        raise _mismatch(proto, shape, f"{len(content)} bytes of content")
    return from_bytes(content, dtype).reshape(shape)


def from_bytes(content: bytes | bytearray, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """A flat array of its own from little-endian bytes, which are a whole number of elements."""
    if dtype == np.bool_:
        return np.frombuffer(content, np.uint8).astype(np.bool_)  # a bool of any other byte would be neither
    if dtype.kind in "iufc" and dtype.itemsize > 1:
        return np.frombuffer(content, dtype.newbyteorder("<")).astype(dtype)
    return np.frombuffer(content, np.uint8).copy().view(dtype)


def _little_endian(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return array.astype(array.dtype.newbyteorder("<"), copy=False) if array.dtype.kind in "iufc" else array


def _listed_values(proto: TensorProto, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The values of the list that belongs to the type, flat."""
    kind = proto.dtype % 100 if proto.dtype > 100 else proto.dtype
    field = _VALUE_FIELDS.get(kind, "int_val")
    if field == "string_val":
        return decode_strings(list(proto.string_val), (len(proto.string_val),))
    if field == "float8_val":
        return np.frombuffer(proto.float8_val, np.uint8).view(dtype)
    values: npt.NDArray[Any] = np.asarray(getattr(proto, field))
    if field == "half_val":
        return values.astype(np.uint16).view(dtype)
    if field in ("scomplex_val", "dcomplex_val"):
        if values.size % 2:
            raise InvalidArgumentError(f"TensorProto: {field} holds {values.size} numbers, which make no whole pairs.")
        return values.view(dtype)
    return values.astype(dtype)


def _mismatch(proto: TensorProto, shape: tuple[int, ...], received: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        explain(
            f"TensorProto: its values do not fit its shape {list(shape)} and element type {proto.dtype}.",
            received=received,
            hint="the message is damaged, or was made by hand; compare tensor_shape with the values",
        )
    )
