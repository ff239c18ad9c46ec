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
    from weft.keras.utils import bounding_boxes as bounding_boxes
    from weft.keras.utils.directories import audio_dataset_from_directory as audio_dataset_from_directory
    from weft.keras.utils.directories import image_dataset_from_directory as image_dataset_from_directory
    from weft.keras.utils.directories import text_dataset_from_directory as text_dataset_from_directory
    from weft.keras.utils.directories import timeseries_dataset_from_array as timeseries_dataset_from_array
    from weft.keras.utils.feature_space import FeatureSpace as FeatureSpace
    from weft.keras.utils.file_utils import get_file as get_file
    from weft.keras.utils.image_utils import array_to_img as array_to_img
    from weft.keras.utils.image_utils import img_to_array as img_to_array
    from weft.keras.utils.image_utils import load_img as load_img
    from weft.keras.utils.image_utils import save_img as save_img
    from weft.keras.utils.model_drawing import model_to_dot as model_to_dot
    from weft.keras.utils.model_drawing import plot_model as plot_model
    from weft.keras.utils.progbar import Progbar as Progbar
    from weft.keras.utils.small import Config as Config
    from weft.keras.utils.small import conv_output_length as conv_output_length
    from weft.keras.utils.small import disable_interactive_logging as disable_interactive_logging
    from weft.keras.utils.small import enable_interactive_logging as enable_interactive_logging
    from weft.keras.utils.small import get_source_inputs as get_source_inputs
    from weft.keras.utils.small import has_arg as has_arg
    from weft.keras.utils.small import is_interactive_logging_enabled as is_interactive_logging_enabled
    from weft.keras.utils.small import pack_x_y_sample_weight as pack_x_y_sample_weight
    from weft.keras.utils.small import standardize_dtype as standardize_dtype
    from weft.keras.utils.small import unpack_x_y_sample_weight as unpack_x_y_sample_weight
    from weft.keras.utils.splitting import split_dataset as split_dataset

#: names that other modules of this folder hold, loaded when they are asked for
_ELSEWHERE = {
    "FeatureSpace": "weft.keras.utils.feature_space",
    "Progbar": "weft.keras.utils.progbar",
    "PyDataset": "weft.keras.trainer.py_dataset",
    "Sequence": "weft.keras.trainer.py_dataset",
    "split_dataset": "weft.keras.utils.splitting",
    "get_file": "weft.keras.utils.file_utils",
    "model_to_dot": "weft.keras.utils.model_drawing",
    "plot_model": "weft.keras.utils.model_drawing",
    **dict.fromkeys(
        ("audio_dataset_from_directory", "image_dataset_from_directory", "text_dataset_from_directory",
         "timeseries_dataset_from_array"),
        "weft.keras.utils.directories",
    ),
    **dict.fromkeys(("array_to_img", "img_to_array", "load_img", "save_img"), "weft.keras.utils.image_utils"),
    **dict.fromkeys(
        ("Config", "conv_output_length", "disable_interactive_logging", "enable_interactive_logging",
         "get_source_inputs", "has_arg", "is_interactive_logging_enabled", "pack_x_y_sample_weight",
         "standardize_dtype", "unpack_x_y_sample_weight"),
        "weft.keras.utils.small",
    ),
}  # fmt: skip


def is_keras_tensor(value: Any) -> bool:
    """Whether a value is a symbolic tensor of a Keras model."""
    from weft.keras.core.keras_tensor import KerasTensor

    return isinstance(value, KerasTensor)


def clear_session(free_memory: bool = True) -> None:
    """As `keras.backend.clear_session`."""
    from weft.keras.backend import clear_session as clear

    clear(free_memory)


def __getattr__(name: str) -> Any:
    if name == "bounding_boxes":
        return importlib.import_module("weft.keras.utils.bounding_boxes")
    if name == "legacy":  # the same two functions have two places in Keras
        return importlib.import_module("weft.keras.legacy.saving")
    if name in _ELSEWHERE:
        return getattr(importlib.import_module(_ELSEWHERE[name]), {"Sequence": "PyDataset"}.get(name, name))
    raise AttributeError(absent(f"keras.utils.{name}", [*__all__, *_ELSEWHERE]))


__all__ = [
    "Config", "CustomObjectScope", "FeatureSpace", "Progbar", "PyDataset", "Sequence", "array_to_img",
    "audio_dataset_from_directory",
    "bounding_boxes", "clear_session", "conv_output_length", "custom_object_scope", "deserialize_keras_object",
    "disable_interactive_logging", "enable_interactive_logging", "get_custom_objects", "get_file",
    "get_registered_name", "get_registered_object", "get_source_inputs", "has_arg", "image_dataset_from_directory",
    "img_to_array", "is_interactive_logging_enabled", "is_keras_tensor", "load_img", "model_to_dot", "normalize",
    "pack_x_y_sample_weight", "pad_sequences", "plot_model", "register_keras_serializable", "save_img",
    "serialize_keras_object", "set_random_seed", "split_dataset", "standardize_dtype",
    "text_dataset_from_directory", "timeseries_dataset_from_array", "to_categorical", "unpack_x_y_sample_weight",
]  # fmt: skip
