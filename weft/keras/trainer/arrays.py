"""Data in memory: from what users pass to numpy arrays of one length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain
from weft.keras import config
from weft.keras.trainer.uneven import Rows, rows_of


def is_scalar(value: Any) -> bool:
    """Whether a value is a Python number, a text or the like."""
    return isinstance(value, (bool, int, float, complex, str, bytes, np.generic))


def is_plain_list(value: Any) -> bool:
    """Whether a value is a list of numbers, or of lists of numbers: an array in Python's clothes."""
    if not isinstance(value, (list, tuple)):
        return False
    while isinstance(value, (list, tuple)):
        if not value:
            return True
        value = value[0]
    return is_scalar(value)


def is_leaf(value: Any) -> bool:
    """Whether a value is one array or becomes one."""
    return is_plain_list(value) or is_scalar(value) or hasattr(value, "__array__") or hasattr(value, "shape")


def as_array(value: Any, argument: str) -> Any:
    """A numpy array of a value, floats in the default dtype.

    Args:
        value: An array, a tensor, a data frame, a list of numbers.
        argument: Whose value it is, for messages.

    Raises:
        ValueError: For what has no rectangular shape.
    """
    if isinstance(value, np.ndarray):
        array = value
    elif (rows := rows_of(value)) is not None:
        return rows
    elif tf.is_tensor(value) or isinstance(value, tf.Variable):
        array = value.numpy()
    elif hasattr(value, "to_numpy"):
        array = value.to_numpy()
    else:
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise ValueError(explain(
                f"`{argument}` has no rectangular shape: {error}.",
                received=f"a {type(value).__name__} of {len(value)} items",
                hint="all rows need the same length; pad them, for instance with keras.utils.pad_sequences",
            )) from error  # fmt: skip
    if array.dtype == object:
        array = _without_objects(array, argument)
    if array.dtype.kind == "f" and array.dtype.name != config.floatx() and array.dtype.itemsize >= 4:
        array = array.astype(config.floatx())
    return array


def _without_objects(array: Any, argument: str) -> Any:
    first = array.flat[0] if array.size else None
    if isinstance(first, (str, bytes)):
        return array.astype(str) if isinstance(first, str) else array
    try:
        return (
            np.stack([np.asarray(row) for row in array])
            if array.ndim == 1 and not is_scalar(first)
            else array.astype(float)
        )
    except (TypeError, ValueError):
        raise ValueError(explain(
            f"`{argument}` holds objects that are no numbers.",
            received=f"an array of dtype object, shape {array.shape}, its first entry of class {type(first).__name__}",
            hint="make it a rectangular array of numbers first",
        )) from None  # fmt: skip


def convert(structure: Any, argument: str) -> Any:
    """A structure of users' values as one of numpy arrays.

    Lists of numbers are arrays; other lists, tuples and dicts are structures.
    """
    if structure is None:
        return None
    if isinstance(structure, Rows):
        return structure
    if is_leaf(structure):
        return as_array(structure, argument)
    if isinstance(structure, dict):
        return {key: convert(value, f"{argument}[{key!r}]") for key, value in structure.items()}
    if isinstance(structure, (list, tuple)):
        found = [convert(value, f"{argument}[{place}]") for place, value in enumerate(structure)]
        return type(structure)(*found) if hasattr(structure, "_fields") else type(structure)(found)
    raise TypeError(explain(
        f"`{argument}` cannot be used as data.", received=f"an object of class {type(structure).__name__}",
        expected="arrays, tensors, lists of numbers, dicts or lists of these, or an iterable of batches",
    ))  # fmt: skip


def leaves(structure: Any, argument: str) -> list[tuple[str, Any]]:
    """The arrays in a structure with the words that name them."""
    if structure is None:
        return []
    if isinstance(structure, dict):
        return [leaf for key, value in structure.items() for leaf in leaves(value, f"{argument}[{key!r}]")]
    if isinstance(structure, (list, tuple)):
        return [leaf for place, value in enumerate(structure) for leaf in leaves(value, f"{argument}[{place}]")]
    return [(argument, structure)]


def count_rows(x: Any, y: Any, sample_weight: Any, method: str) -> int:
    """How many samples there are.

    Raises:
        ValueError: Where arrays differ in length, or there is no sample.
    """
    named = [*leaves(x, "x"), *leaves(y, "y"), *leaves(sample_weight, "sample_weight")]
    for name, array in named:
        if array.ndim == 0:
            raise ValueError(explain(
                f"{method}(): `{name}` is a single number and no array of samples.", received=repr(array.item()),
                hint=f"put it into a list: {name}=[{array.item()!r}]",
            ))  # fmt: skip
    sizes = {array.shape[0] for _, array in named}
    if len(sizes) > 1:
        raise ValueError(explain(
            f"{method}(): the arrays differ in the number of samples.",
            received=[f"{name}: {array.shape[0]} samples, shape {array.shape}" for name, array in named],
            hint="the first axis of each must have the same size: one row of y for each row of x",
        ))  # fmt: skip
    rows = sizes.pop() if sizes else 0
    if rows == 0:
        shapes = [f"{name}: shape {array.shape}" for name, array in named] or ["nothing"]
        raise ValueError(
            explain(f"{method}(): the data are empty.", received=shapes, hint="check how they were read or filtered")
        )
    return rows


def map_arrays(function: Any, structure: Any) -> Any:
    """A function of each array of a structure; None stays None."""
    if structure is None:
        return None
    if isinstance(structure, dict):
        return {key: map_arrays(function, value) for key, value in structure.items()}
    if isinstance(structure, (list, tuple)):
        found = [map_arrays(function, value) for value in structure]
        return type(structure)(*found) if hasattr(structure, "_fields") else type(structure)(found)
    return function(structure)


def class_weights(y: Any, weights: dict[Any, float]) -> Any:
    """The weight of each sample, by its class.

    Args:
        y: Labels: `[n]` or `[n, 1]` class numbers, or `[n, classes]` one-hot.
        weights: Class → weight; 1 for those that it does not name.
    """
    if not isinstance(weights, Mapping):
        raise ValueError(explain(
            "`class_weight` must be a dict from class numbers to weights.", received=repr(weights),
            hint="dict(enumerate(weights)) makes one of a list",
        ))  # fmt: skip
    if isinstance(y, (dict, list, tuple)) or y is None:
        raise ValueError(explain(
            "`class_weight` works for models with one output.", received=f"y of class {type(y).__name__}",
            hint="give sample_weight for each output instead",
        ))  # fmt: skip
    labels = np.asarray(y.numpy() if hasattr(y, "numpy") else y)
    if labels.ndim > 1:
        labels = labels[..., 0] if labels.shape[-1] == 1 else labels.argmax(-1)
    table = {int(key): float(value) for key, value in weights.items()}
    known, places = np.unique(np.round(labels).astype(np.int64), return_inverse=True)
    found = np.array([table.get(int(label), 1.0) for label in known], config.floatx())[places]
    return found.reshape(labels.shape)
