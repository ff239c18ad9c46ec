"""`tf.make_tensor_proto` and `tf.make_ndarray`: tensors as messages."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.api.common import integer
from weft.base import dtypes
from weft.base.errors import explain
from weft.formats.messages.tensor import TensorProto
from weft.formats.tensors import from_tensor_proto, shape_to_proto, to_tensor_proto
from weft.runtime import frontdoor, static


def make_tensor_proto(values: Any, dtype: Any = None, shape: Any = None, verify_shape: bool = False,
                      allow_broadcast: bool = False) -> TensorProto:  # fmt: skip
    """A tensor as a message.

    Args:
        values: A number, a string, nested lists of them, an array or an eager tensor.
        dtype: Its dtype; that of the values where None.
        shape: Its shape; values that are too few are filled up with the last one.
        verify_shape: Whether the values must have that shape.
        allow_broadcast: Whether a single value fills any shape; it always does unless `verify_shape` is set.

    Raises:
        ValueError: For None, or more values than the shape holds.
        TypeError: Where the values have another shape or no such dtype.

    Example:
        >>> import weft as tf
        >>> tf.make_ndarray(tf.make_tensor_proto([1.5, 2.5])).tolist()
        [1.5, 2.5]
    """
    if isinstance(values, TensorProto):
        return values
    if values is None:
        raise ValueError("None values not supported.")
    kind = None if dtype is None else dtypes.as_dtype(dtype)
    held = None if frontdoor.is_tensor_like(values) else kind
    array = static.known_array(values, held, "make_tensor_proto: `values`")
    if kind is not None and array.dtype != kind.numpy:
        array = array.astype(kind.numpy)
    if shape is None:
        return to_tensor_proto(array)
    wanted = tuple(integer(size, "shape") for size in shape)
    size = int(np.prod(wanted))
    if verify_shape and wanted != array.shape and not (allow_broadcast and array.size == 1):
        raise TypeError(f"Expected Tensor's shape: {wanted}, but got {array.shape}.")
    if array.size == size:
        return to_tensor_proto(array.reshape(wanted))
    if array.size > size:
        raise ValueError(explain(f"Too many elements provided. Takes at most {size}, but got {array.size}"))
    return _filled(array, wanted)


def _filled(array: Any, wanted: tuple[int, ...]) -> TensorProto:
    """A message of fewer values than the shape has: whoever reads it repeats the last one."""
    filled = np.concatenate([array.reshape(-1), np.repeat(array.reshape(-1)[-1:], int(np.prod(wanted)) - array.size)])
    proto = to_tensor_proto(filled[:1]) if array.size == 1 else to_tensor_proto(filled.reshape(wanted))
    proto.tensor_shape.CopyFrom(shape_to_proto(wanted))
    return proto


def make_ndarray(tensor: TensorProto) -> Any:
    """The array of a message.

    Raises:
        TypeError: For a message without a dtype that numpy knows.
    """
    return from_tensor_proto(tensor)
