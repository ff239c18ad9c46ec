"""`tf.saved_model`: objects with their variables and traced functions in a folder."""

from __future__ import annotations

from weft.api.saved_model.assets import Asset as Asset
from weft.api.saved_model.layout import ASSETS
from weft.api.saved_model.layout import contains_saved_model as contains_saved_model
from weft.api.saved_model.loading import LoadOptions as LoadOptions
from weft.api.saved_model.loading import load as load
from weft.api.saved_model.saving import SaveOptions as SaveOptions
from weft.api.saved_model.saving import save as save

ASSETS_DIRECTORY = ASSETS
ASSETS_KEY = "saved_model_assets"
CLASSIFY_INPUTS = "inputs"
CLASSIFY_METHOD_NAME = "tensorflow/serving/classify"
CLASSIFY_OUTPUT_CLASSES = "classes"
CLASSIFY_OUTPUT_SCORES = "scores"
DEBUG_DIRECTORY = "debug"
DEBUG_INFO_FILENAME_PB = "saved_model_debug_info.pb"
DEFAULT_SERVING_SIGNATURE_DEF_KEY = "serving_default"
GPU = "gpu"
PREDICT_INPUTS = "inputs"
PREDICT_METHOD_NAME = "tensorflow/serving/predict"
PREDICT_OUTPUTS = "outputs"
REGRESS_INPUTS = "inputs"
REGRESS_METHOD_NAME = "tensorflow/serving/regress"
REGRESS_OUTPUTS = "outputs"
SAVED_MODEL_FILENAME_PB = "saved_model.pb"
SAVED_MODEL_FILENAME_PBTXT = "saved_model.pbtxt"
SAVED_MODEL_SCHEMA_VERSION = 1
SERVING = "serve"
TPU = "tpu"
TRAINING = "train"
VARIABLES_DIRECTORY = "variables"
VARIABLES_FILENAME = "variables"
