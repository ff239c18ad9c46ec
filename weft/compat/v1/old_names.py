"""Names from before TensorFlow 1.0 that programs still use: each says once in the log what it is called since."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import weft
from weft.compat.v1 import logging

#: old name -> what it is called since, below `tf`
RENAMED: dict[str, str] = {
    "all_variables": "global_variables", "batch_matrix_band_part": "matrix_band_part",
    "batch_matrix_determinant": "matrix_determinant", "batch_matrix_inverse": "matrix_inverse",
    "batch_matrix_solve": "matrix_solve", "complex_abs": "abs", "concat_v2": "concat",
    "histogram_summary": "summary.histogram", "image_summary": "summary.image", "audio_summary": "summary.audio",
    "initialize_all_variables": "global_variables_initializer",
    "initialize_local_variables": "local_variables_initializer", "initialize_variables": "variables_initializer",
    "inv": "reciprocal", "listdiff": "setdiff1d", "merge_all_summaries": "summary.merge_all",
    "merge_summary": "summary.merge",
    "mul": "multiply", "neg": "negative", "pack": "stack", "scalar_summary": "summary.scalar", "sub": "subtract",
    "unpack": "unstack", "nn.rnn": "nn.static_rnn", "nn.bidirectional_rnn": "nn.static_bidirectional_rnn",
    "train.SummaryWriter": "summary.FileWriter", "nn.deconv2d": "nn.conv2d_transpose",
}  # fmt: skip

_told: set[str] = set()


def _tell(old: str, new: str) -> None:
    if old not in _told:
        _told.add(old)
        logging.warning("tf.%s is called tf.%s since TensorFlow 1.0.", old, new)


def find(old: str) -> Any:
    """What an old name stands for, which says so in the log when it is first used; None for other names."""
    new = RENAMED.get(old)
    if new is None:
        return None
    value: Any = importlib.import_module("weft.compat.v1")
    for part in new.split("."):
        value = getattr(value, part)
    if isinstance(value, type):
        _tell(old, new)
        return value
    return _telling(value, old, new)


def _telling(function: Callable[..., Any], old: str, new: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        _tell(old, new)
        return function(*args, **kwargs)

    return call


def concat(values: Any, axis: Any = None, name: str = "concat", concat_dim: Any = None) -> Any:
    """Tensors joined along an axis.

    Args:
        values: The tensors.
        axis: The axis. Before TensorFlow 1.0 it came first, and was called `concat_dim`: both are understood.
        name: A name for the operation.
        concat_dim: See `axis`.
    """
    if concat_dim is not None:
        _tell("concat(concat_dim, values)", "concat(values, axis)")
        axis, values = concat_dim, values if axis is None else axis
    elif isinstance(values, int) and isinstance(axis, (list, tuple)):
        _tell("concat(concat_dim, values)", "concat(values, axis)")
        values, axis = axis, values
    return weft.concat(values, axis, name)
