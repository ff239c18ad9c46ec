"""Models in files, objects as configurations, and the registry of classes that configurations may name."""

from weft.extend import word_absent
from weft.keras.saving.api import load_model, load_weights, save_model, save_weights
from weft.keras.saving.file_editor import KerasFileEditor
from weft.keras.saving.registry import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object

word_absent(globals(), "keras.saving")

__all__ = [
    "CustomObjectScope",
    "KerasFileEditor",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
