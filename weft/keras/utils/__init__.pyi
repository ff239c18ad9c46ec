"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.keras.saving.registry import CustomObjectScope as CustomObjectScope
from weft.keras.saving.registry import CustomObjectScope as _custom_object_scope
from weft.keras.saving.registry import get_custom_objects as get_custom_objects
from weft.keras.saving.registry import get_registered_name as get_registered_name
from weft.keras.saving.registry import get_registered_object as get_registered_object
from weft.keras.saving.registry import register_keras_serializable as register_keras_serializable
from weft.keras.saving.serialization import deserialize_keras_object as deserialize_keras_object
from weft.keras.saving.serialization import serialize_keras_object as serialize_keras_object
from weft.keras.trainer.py_dataset import PyDataset as PyDataset
from weft.keras.trainer.py_dataset import PyDataset as _Sequence
from weft.keras.utils.file_utils import get_file as get_file
from weft.keras.utils.model_drawing import model_to_dot as model_to_dot
from weft.keras.utils.model_drawing import plot_model as plot_model
from weft.keras.utils.numerical import normalize as normalize
from weft.keras.utils.numerical import to_categorical as to_categorical
from weft.keras.utils.progbar import Progbar as Progbar
from weft.keras.utils.seeds import set_random_seed as set_random_seed
from weft.keras.utils.sequences import pad_sequences as pad_sequences

Sequence = _Sequence
custom_object_scope = _custom_object_scope

def clear_session(free_memory: bool = ...) -> None:
    """As `keras.backend.clear_session`."""

def is_keras_tensor(value: Any) -> bool:
    """Whether a value is a symbolic tensor of a Keras model."""
