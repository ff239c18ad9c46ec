"""Written by tools/make_stubs.py; do not edit."""

from weft.api.saved_model.loading import load as _load_v2
from weft.api.saved_model.saving import save as save
from weft.compat.v1.saved_model import LEGACY_INIT_OP_KEY as LEGACY_INIT_OP_KEY
from weft.compat.v1.saved_model import MAIN_OP_KEY as MAIN_OP_KEY
from weft.compat.v1.saved_model import Builder as Builder
from weft.compat.v1.saved_model import Builder as _SavedModelBuilder
from weft.compat.v1.saved_model import build_signature_def as build_signature_def
from weft.compat.v1.saved_model import build_tensor_info as build_tensor_info
from weft.compat.v1.saved_model import builder as builder
from weft.compat.v1.saved_model import classification_signature_def as classification_signature_def
from weft.compat.v1.saved_model import constants as constants
from weft.compat.v1.saved_model import get_tensor_from_tensor_info as get_tensor_from_tensor_info
from weft.compat.v1.saved_model import is_valid_signature as is_valid_signature
from weft.compat.v1.saved_model import load as load
from weft.compat.v1.saved_model import loader as loader
from weft.compat.v1.saved_model import main_op as main_op
from weft.compat.v1.saved_model import main_op_with_restore as main_op_with_restore
from weft.compat.v1.saved_model import maybe_saved_model_directory as _contains_saved_model
from weft.compat.v1.saved_model import maybe_saved_model_directory as maybe_saved_model_directory
from weft.compat.v1.saved_model import predict_signature_def as predict_signature_def
from weft.compat.v1.saved_model import regression_signature_def as regression_signature_def
from weft.compat.v1.saved_model import signature_constants as signature_constants
from weft.compat.v1.saved_model import signature_def_utils as signature_def_utils
from weft.compat.v1.saved_model import simple_save as simple_save
from weft.compat.v1.saved_model import tag_constants as tag_constants
from weft.compat.v1.saved_model import utils as utils

SavedModelBuilder = _SavedModelBuilder
contains_saved_model = _contains_saved_model
load_v2 = _load_v2
