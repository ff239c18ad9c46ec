"""Models."""

from weft.extend import word_absent
from weft.keras.models.cloning import clone_model
from weft.keras.models.functional import Functional
from weft.keras.models.model import Model, model_from_config, model_from_json
from weft.keras.models.sequential import Sequential
from weft.keras.saving.api import load_model, save_model

word_absent(globals(), "keras.models")

__all__ = [
    "Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_config", "model_from_json",
    "save_model",
]  # fmt: skip
