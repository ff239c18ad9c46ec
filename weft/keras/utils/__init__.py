"""Small tools."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from weft.extend import absent
from weft.keras.saving.registry import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object
from weft.keras.utils.numerical import normalize, to_categorical
from weft.keras.utils.seeds import set_random_seed
from weft.keras.utils.sequences import pad_sequences

if TYPE_CHECKING:
    from weft.keras.trainer.py_dataset import PyDataset as PyDataset
    from weft.keras.trainer.py_dataset import PyDataset as Sequence
    from weft.keras.utils.file_utils import get_file as get_file
    from weft.keras.utils.model_drawing import model_to_dot as model_to_dot
    from weft.keras.utils.model_drawing import plot_model as plot_model
    from weft.keras.utils.progbar import Progbar as Progbar

#: names that other modules of this folder hold, loaded when they are asked for
_ELSEWHERE = {
    "Progbar": "weft.keras.utils.progbar",
    "PyDataset": "weft.keras.trainer.py_dataset",
    "Sequence": "weft.keras.trainer.py_dataset",
    "get_file": "weft.keras.utils.file_utils",
    "model_to_dot": "weft.keras.utils.model_drawing",
    "plot_model": "weft.keras.utils.model_drawing",
}


def is_keras_tensor(value: Any) -> bool:
    """Whether a value is a symbolic tensor of a Keras model."""
    from weft.keras.core.keras_tensor import KerasTensor

    return isinstance(value, KerasTensor)


def clear_session(free_memory: bool = True) -> None:
    """As `keras.backend.clear_session`."""
    from weft.keras.backend import clear_session as clear

    clear(free_memory)


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        return getattr(importlib.import_module(_ELSEWHERE[name]), {"Sequence": "PyDataset"}.get(name, name))
    raise AttributeError(absent(f"keras.utils.{name}", [*__all__, *_ELSEWHERE]))


__all__ = [
    "CustomObjectScope", "Progbar", "PyDataset", "Sequence", "clear_session", "custom_object_scope",
    "deserialize_keras_object", "get_custom_objects", "get_file", "get_registered_name", "get_registered_object",
    "is_keras_tensor", "model_to_dot", "normalize", "pad_sequences", "plot_model", "register_keras_serializable",
    "serialize_keras_object", "set_random_seed", "to_categorical",
]  # fmt: skip
