"""Objects as configurations and back: the registry of classes, and the two functions that use it."""

from weft.extend import word_absent
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
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "register_keras_serializable",
    "serialize_keras_object",
]
