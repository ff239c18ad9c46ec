"""Written by tools/make_stubs.py; do not edit."""

from weft.api.feature_column import bucketized_column as bucketized_column
from weft.api.feature_column import categorical_column_with_hash_bucket as categorical_column_with_hash_bucket
from weft.api.feature_column import categorical_column_with_identity as categorical_column_with_identity
from weft.api.feature_column import categorical_column_with_vocabulary_list as categorical_column_with_vocabulary_list
from weft.api.feature_column import crossed_column as crossed_column
from weft.api.feature_column import embedding_column as embedding_column
from weft.api.feature_column import indicator_column as indicator_column
from weft.api.feature_column import make_parse_example_spec as make_parse_example_spec
from weft.api.feature_column import numeric_column as numeric_column
from weft.api.feature_column import shared_embeddings as shared_embeddings
from weft.api.feature_column import weighted_categorical_column as weighted_categorical_column
from weft.compat.v1.feature_column import (
    categorical_column_with_vocabulary_file as categorical_column_with_vocabulary_file,
)
from weft.compat.v1.feature_column import input_layer as input_layer
from weft.compat.v1.feature_column import linear_model as linear_model
