"""Written by tools/make_stubs.py; do not edit."""

from typing import Any

from weft.keras.config import disable_interactive_logging as disable_interactive_logging
from weft.keras.config import enable_interactive_logging as enable_interactive_logging
from weft.keras.config import is_interactive_logging_enabled as is_interactive_logging_enabled
from weft.keras.core.dtypes import standardize_dtype as standardize_dtype
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
from weft.keras.utils.numerical import normalize as normalize
from weft.keras.utils.numerical import to_categorical as to_categorical
from weft.keras.utils.progbar import Progbar as Progbar
from weft.keras.utils.seeds import set_random_seed as set_random_seed
from weft.keras.utils.sequences import pad_sequences as pad_sequences
from weft.keras.utils.small import Config as Config
from weft.keras.utils.small import conv_output_length as conv_output_length
from weft.keras.utils.small import get_source_inputs as get_source_inputs
from weft.keras.utils.small import has_arg as has_arg
from weft.keras.utils.small import pack_x_y_sample_weight as pack_x_y_sample_weight
from weft.keras.utils.small import unpack_x_y_sample_weight as unpack_x_y_sample_weight
from weft.keras.utils.splitting import split_dataset as split_dataset

Sequence = _Sequence
custom_object_scope = _custom_object_scope

def clear_session(free_memory: bool = ...) -> None:
    """As `keras.backend.clear_session`."""

def is_keras_tensor(value: Any) -> bool:
    """Whether a value is a symbolic tensor of a Keras model."""
