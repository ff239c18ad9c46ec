"""From what users pass to tensors, by the rules of layers."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft as tf
from weft.keras.core.dtypes import is_float, is_int, standardize_dtype
from weft.keras.core.keras_tensor import KerasTensor
from weft.keras.core.masking import get_mask, set_mask


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor: eager, in a graph, or symbolic."""
    return isinstance(value, KerasTensor) or bool(tf.is_tensor(value))


def is_array_like(value: Any) -> bool:
    """Whether a value is something that layers turn into a tensor: arrays and numbers of numpy."""
    return isinstance(value, (np.ndarray, np.generic)) or (hasattr(value, "__array__") and not isinstance(value, type))


def convert_to_tensor(value: Any, dtype: Any = None) -> Any:
    """A tensor of a value; symbolic tensors stay what they are. Lists of floats take the default dtype."""
    if isinstance(value, KerasTensor):
        return cast(value, dtype) if dtype is not None else value
    if tf.is_tensor(value):
        return cast(value, dtype) if dtype is not None else tf.convert_to_tensor(value)
    if dtype is not None:
        name = standardize_dtype(dtype)
        if name == "bool" or is_int(name):  # numbers of other kinds are cast, as Keras does
            return tf.cast(tf.convert_to_tensor(value), name)
        return tf.convert_to_tensor(value, dtype=name)
    return tf.convert_to_tensor(value)


def cast(value: Any, dtype: Any) -> Any:
    """A value in another dtype; unchanged where it has it already."""
    name = standardize_dtype(dtype)
    if is_tensor(value) and standardize_dtype(value.dtype) == name:
        return value
    return tf.cast(value, name)


def convert_input(value: Any, autocast: bool, dtype: str) -> Any:
    """A layer's input: arrays become tensors, floats take the layer's dtype where it casts, the rest stays.

    Args:
        value: A tensor, array or number; anything else is returned as it is.
        autocast: Whether floats are cast.
        dtype: The layer's compute dtype.
    """
    if is_tensor(value):
        if autocast and is_float(dtype) and is_float(value.dtype) and standardize_dtype(value.dtype) != dtype:
            mask = get_mask(value)
            # The layer casts again when it runs: in a graph of layers the cast is no node of its own.
            value = value.in_dtype(dtype) if isinstance(value, KerasTensor) else cast(value, dtype)
            if mask is not None:
                set_mask(value, mask)
        return value
    if isinstance(value, tf.Variable):
        return convert_input(tf.convert_to_tensor(value), autocast, dtype)
    if is_array_like(value):
        array = np.asarray(value)
        if array.dtype.kind == "f" or array.dtype.name == "bfloat16":
            return tf.convert_to_tensor(
                array.astype(tf.as_dtype(dtype).as_numpy_dtype) if autocast and is_float(dtype) else array
            )
        return tf.convert_to_tensor(array)
    return value
