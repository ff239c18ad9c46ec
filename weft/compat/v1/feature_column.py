"""`tf.feature_column` of version 1: the columns, and the functions that make variables for them at once."""

from __future__ import annotations

from typing import Any

import weft
from weft.api import columns as _columns
from weft.api.feature_column import (  # noqa: F401
    bucketized_column,
    categorical_column_with_hash_bucket,
    categorical_column_with_identity,
    categorical_column_with_vocabulary_list,
    crossed_column,
    embedding_column,
    indicator_column,
    make_parse_example_spec,
    numeric_column,
    shared_embeddings,
    weighted_categorical_column,
)
from weft.api.feature_column import categorical_column_with_vocabulary_file as _from_file
from weft.api.sparse_lookup import safe_embedding_lookup_sparse
from weft.compat.v1.variable_scopes import get_variable, variable_scope


def categorical_column_with_vocabulary_file(key: str, vocabulary_file: str, vocabulary_size: int | None = None,
                                            num_oov_buckets: int = 0, default_value: int | None = None,
                                            dtype: Any = weft.string) -> Any:  # fmt: skip
    """Categories by the line of a file in which they stand."""
    return _from_file(key, vocabulary_file, vocabulary_size, dtype, default_value, num_oov_buckets)


def input_layer(features: Any, feature_columns: Any, weight_collections: Any = None, trainable: bool = True,
                cols_to_vars: Any = None, cols_to_output_tensors: Any = None) -> Any:  # fmt: skip
    """The numbers that columns make of features, side by side in the order of the columns' names.

    Args:
        features: Name → tensor.
        feature_columns: Dense columns.
        weight_collections: Further collections that the tables belong to.
        trainable: Whether tables of embeddings are trained.
        cols_to_vars: A dict that is told which variables each column has.
        cols_to_output_tensors: A dict that is told each column's tensor.

    Returns:
        `[batch, width]`.
    """
    made = _columns.Features(features)
    collections = [*(weight_collections or []), "variables", "model_variables"]
    found = []
    with variable_scope(None, default_name="input_layer"):
        for column in _columns.normalized_columns(feature_columns):
            with variable_scope(None, default_name=column.name):
                wanted, table = column._table(), None
                if wanted is not None:
                    (rows, width), initializer = wanted
                    table = get_variable("embedding_weights", [rows, width], weft.float32, initializer,
                                         trainable=trainable and column._trainable,
                                         collections=[*collections, *(["trainable_variables"] if trainable else [])]
                                         )  # fmt: skip
                if cols_to_vars is not None:
                    cols_to_vars[column] = [] if table is None else [table]
                found.append(_columns.dense_tensor(column, made, table))
                if cols_to_output_tensors is not None:
                    cols_to_output_tensors[column] = found[-1]
        return weft.concat(found, 1)


def linear_model(features: Any, feature_columns: Any, units: int = 1, sparse_combiner: str = "sum",
                 weight_collections: Any = None, trainable: bool = True, cols_to_vars: Any = None) -> Any:  # fmt: skip
    """A linear function of columns: for each a weight by number or category, and a bias.

    Args:
        features: Name → tensor.
        feature_columns: Dense or categorical columns.
        units: How many numbers it gives for each row.
        sparse_combiner: How several categories of one row become one: `"sum"`, `"mean"` or `"sqrtn"`.
        weight_collections: Further collections that the weights belong to.
        trainable: Whether they are trained.
        cols_to_vars: A dict that is told which variables each column has, and the bias as `"bias"`.

    Returns:
        `[batch, units]`.
    """
    made = _columns.Features(features)
    ordered = sorted(feature_columns, key=lambda column: str(column.name))
    collections = [*(weight_collections or []), "variables", "model_variables",
                   *(["trainable_variables"] if trainable else [])]  # fmt: skip
    total: Any = None
    with variable_scope(None, default_name="linear_model"):
        for column in ordered:
            categorical = isinstance(column, _columns.CategoricalColumn)
            rows = column.num_buckets if categorical else weft.TensorShape(column.variable_shape).num_elements()
            with variable_scope(None, default_name=column.name):
                weights = get_variable("weights", [rows, units], weft.float32, weft.zeros_initializer(),
                                       trainable=trainable, collections=collections)  # fmt: skip
            if cols_to_vars is not None:
                cols_to_vars[column] = [weights]
            if categorical:
                ids, by = column._ids(made)
                part = safe_embedding_lookup_sparse(weights, ids, by, sparse_combiner)
            else:
                part = weft.matmul(_columns.dense_tensor(column, made, None), weights)
            total = part if total is None else total + part
        bias = get_variable("bias_weights", [units], weft.float32, weft.zeros_initializer(), trainable=trainable,
                            collections=collections)  # fmt: skip
        if cols_to_vars is not None:
            cols_to_vars["bias"] = [bias]
        return weft.nn.bias_add(total, bias)
