"""Columns of features side by side, as Keras 2 had them."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft import extend
from weft.extend import explain
from weft.keras.layers.layer import Layer


class _Table(Layer):
    """The table of one column, or of several that share it."""

    def __init__(self, shape: Any, initializer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._shape, self._initializer = shape, initializer

    def build(self, input_shape: Any = None) -> None:
        self.embedding_weights = self.add_weight(shape=self._shape, initializer=self._initializer, dtype="float32",
                                                 name="embedding_weights")  # fmt: skip
        self.built = True


class DenseFeatures(Layer):
    """The numbers that feature columns make of raw features, side by side, columns in the order of their names.

    Args:
        feature_columns: Dense columns of `tf.feature_column`, or one.
        trainable: Whether tables of embeddings are trained.
        name: The layer's name.
        partitioner: Must be None.
        **kwargs: As for every layer.

    Raises:
        ValueError: For what is no dense column.

    Example:
        >>> import weft as tf
        >>> kind = tf.feature_column.categorical_column_with_vocabulary_list("kind", ["cat", "dog"])
        >>> columns = [tf.feature_column.indicator_column(kind), tf.feature_column.numeric_column("age")]
        >>> tf.keras.layers.DenseFeatures(columns)({"kind": ["dog", "cat"], "age": [3.0, 5.0]}).numpy().tolist()
        [[3.0, 0.0, 1.0], [5.0, 1.0, 0.0]]
    """

    def __init__(self, feature_columns: Any, trainable: bool = True, name: str | None = None, partitioner: Any = None,
                 **kwargs: Any) -> None:  # fmt: skip
        if partitioner is not None:
            raise NotImplementedError("DenseFeatures: `partitioner` must be None; tables are not cut.")
        super().__init__(name=name, trainable=trainable, **kwargs)
        self._columns = extend.dense_columns(feature_columns)
        self._tables: dict[Any, Any] = {}
        self._table_layers: list[Any] = []
        self.autocast = False

    def build(self, input_shape: Any = None) -> None:
        shared: dict[Any, Any] = {}
        for column in self._columns:
            wanted = column._table()
            if wanted is None:
                continue
            owner = getattr(column, "creator", column)
            if owner not in shared:
                shared[owner] = _Table(*wanted, name=owner.name, trainable=self.trainable and owner.trainable)
                shared[owner].build()
                self._table_layers.append(shared[owner])
            self._tables[column] = shared[owner].embedding_weights
        self.built = True

    def call(self, features: Any, cols_to_output_tensors: Any = None, training: Any = None) -> Any:
        """The columns' numbers, `[batch, width]`."""
        if not isinstance(features, dict):
            raise ValueError(explain(f"DenseFeatures `{self.name}` takes a dictionary of features.",
                                     received=type(features).__name__))  # fmt: skip
        found = extend.column_tensors(self._columns, features, self._tables)
        if cols_to_output_tensors is not None:
            cols_to_output_tensors.update(zip(self._columns, found, strict=True))
        return tf.concat(found, 1)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """The shape of the result for the shapes of features."""
        first = next(iter(input_shape.values())) if isinstance(input_shape, dict) else input_shape
        return first[0], sum(tf.TensorShape(c.variable_shape).num_elements() or 0 for c in self._columns)

    def get_config(self) -> dict[str, Any]:
        """Feature columns hold functions: they cannot be written down."""
        hint = "save_weights keeps its tables; build the model again in code"
        raise NotImplementedError(explain(f"DenseFeatures `{self.name}` has no configuration.", hint=hint))
