"""`tf.contrib.util`: tensors as protocol buffers."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base import dtypes
from weft.formats.tensors import from_tensor_proto, to_tensor_proto


def make_tensor_proto(values: Any, dtype: Any = None, shape: Any = None, verify_shape: bool = False) -> Any:
    """An array as a `TensorProto`.

    Args:
        values: Numbers or strings.
        dtype: The dtype, where that of the values is not meant.
        shape: The shape; a single value fills it.
        verify_shape: Whether the values must have that shape.

    Raises:
        TypeError: For values of another shape under `verify_shape`.
    """
    held = None if dtype is None else dtypes.as_dtype(dtype).numpy
    array = np.asarray(values, held)
    if held is None and array.dtype == np.float64 and not isinstance(values, (np.ndarray, np.generic)):
        array = array.astype(np.float32)
    if held is None and array.dtype == np.int64 and not isinstance(values, (np.ndarray, np.generic)):
        array = array.astype(np.int32)
    if shape is not None:
        if verify_shape and tuple(shape) != array.shape:
            raise TypeError(f"Expected Tensor's shape: {tuple(shape)}, got {array.shape}.")
        array = np.full(shape, array) if array.size == 1 else array.reshape(shape)
    return to_tensor_proto(array)


def make_ndarray(tensor: Any) -> Any:
    """A `TensorProto` as an array."""
    return from_tensor_proto(tensor)


def constant_value(tensor: Any) -> Any:
    """The content of a tensor where it is known without running; else None."""
    held = getattr(tensor, "_array", None)
    node = getattr(getattr(tensor, "_value", None), "node", None)
    if held is None and node is not None and node.op == "constant":
        held = node.attrs["value"].array
    return None if held is None else np.asarray(held)
