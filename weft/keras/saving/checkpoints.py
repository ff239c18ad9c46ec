"""Weights in TensorFlow's checkpoint files, which Keras 2 wrote for paths without an ending."""

from __future__ import annotations

import os
import warnings
from typing import Any

import weft as tf
from weft.extend import explain, note_latest_checkpoint

#: endings of other kinds of files, for which no checkpoint is written
_OTHERS = frozenset({
    ".h5", ".hdf5", ".json", ".keras", ".npy", ".npz", ".onnx", ".pb", ".pickle", ".pkl", ".pt", ".pth", ".tflite",
    ".txt", ".weights", ".yaml", ".zip",
})  # fmt: skip


def names_checkpoint(path: str, form: Any = None) -> bool:
    """Whether weights saved to a path go into a checkpoint.

    Args:
        path: The path.
        form: The `save_format` of Keras 2.
    """
    ending = os.path.splitext(path)[1].lower()
    return form == "tf" or (form is None and not path.endswith(os.sep) and ending not in _OTHERS)


def is_checkpoint(path: str) -> bool:
    """Whether there is a checkpoint of this prefix."""
    return os.path.exists(f"{path}.index")


def write(model: Any, path: str) -> None:
    """Writes a model's weights and its optimizer's state, and notes that the checkpoint is the folder's latest."""
    tf.train.Checkpoint(root=model).write(path)
    note_latest_checkpoint(path)


def read(model: Any, path: str) -> Any:
    """Takes the weights of a checkpoint; layers that are built later take theirs then.

    Returns:
        The status of the restoring.

    Raises:
        ValueError: Where a weight has another shape, or no weight is in the checkpoint.
    """
    status = tf.train.Checkpoint(root=model).read(path)
    if not model.weights:
        return status
    try:
        status.assert_nontrivial_match()
    except AssertionError as error:
        raise ValueError(explain(
            f"The checkpoint {path} has no weights of the model `{model.name}`.",
            expected=", ".join(weight.path for weight in model.weights[:6]),
            received=", ".join(name for name, _ in tf.train.list_variables(path)[:6]),
            hint="the model must be made by the same code as the one that was saved",
        )) from error  # fmt: skip
    try:
        status.assert_existing_objects_matched()
    except AssertionError as error:
        warnings.warn(f"load_weights: {str(error).splitlines()[0]}", stacklevel=3)
    return status
