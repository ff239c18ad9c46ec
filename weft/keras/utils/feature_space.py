"""Tables whose columns are numbers, categories and words, as numbers for a model: `keras.utils.FeatureSpace`."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain, nearest
from weft.keras import layers
from weft.keras.core.dtypes import is_int, standardize_dtype
from weft.keras.core.naming import auto_name
from weft.keras.layers import Layer
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object

_CROSSED, _ENCODED = ("int", "one_hot"), ("int", "one_hot", "float")


def _mode(owner: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(explain(
            f"{owner}: Invalid value for argument `output_mode`: {value!r}. {nearest(str(value), allowed)}",
            expected="one of " + ", ".join(repr(word) for word in allowed),
        ))  # fmt: skip
    return str(value)


class Cross:
    """Features that count together.

    Args:
        feature_names: Their names.
        crossing_dim: The number of buckets for what comes together.
        output_mode: "one_hot" or "int".
    """

    def __init__(self, feature_names: Any, crossing_dim: int, output_mode: str = "one_hot") -> None:
        self.feature_names = tuple(feature_names)
        self.crossing_dim = crossing_dim
        self.output_mode = _mode("Cross", output_mode, _CROSSED)

    @property
    def name(self) -> str:
        """The features' names, joined."""
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        return {"feature_names": self.feature_names, "crossing_dim": self.crossing_dim,
                "output_mode": self.output_mode}  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Cross:
        return cls(**config)


class Feature:
    """How a column becomes numbers.

    Args:
        dtype: What it holds, such as "float32", "int32" or "string".
        preprocessor: A layer, or its configuration.
        output_mode: "float", "one_hot" (of the layer's integers) or "int".
    """

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        self.dtype = dtype
        self.preprocessor = deserialize_keras_object(preprocessor) if isinstance(preprocessor, dict) else preprocessor
        self.output_mode = _mode("Feature", output_mode, _ENCODED)

    def get_config(self) -> dict[str, Any]:
        return {"dtype": self.dtype, "preprocessor": serialize_keras_object(self.preprocessor),
                "output_mode": self.output_mode}  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Feature:
        return cls(**config)


class TFDIdentity(Layer):
    """Gives back what it is given."""

    def call(self, inputs: Any) -> Any:
        return inputs


class TFDConcat(Layer):
    """Joins tensors; one alone, too.

    Args:
        axis: Along which axis.
        **kwargs: As for every layer.
    """

    def __init__(self, axis: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        return tf.concat(list(inputs), axis=self.axis)


class FeatureSpace(Layer):
    """Turns the columns of a table into one vector a row, or into a dict of vectors.

    Columns are named by words ("float", "float_normalized", "float_rescaled", "float_discretized",
    "integer_categorical", "string_categorical", "integer_hashed", "string_hashed") or made by the methods of these
    names, which take options; `feature` takes any layer.

    Args:
        features: Column name → word or feature.
        output_mode: "concat" for one vector, "dict" for one a column.
        crosses: Tuples of column names that count together, or what `cross` gives.
        crossing_dim: The number of buckets for each.
        hashing_dim: The number of buckets for hashed columns.
        num_discretization_bins: The number of bins for discretized columns.
        name: Its name.

    Example:
        >>> from weft import keras
        >>> space = keras.utils.FeatureSpace({"age": "float", "pet": "string_categorical"})
        >>> table = {"age": [3.0, 5.0], "pet": ["cat", "dog"]}
        >>> space.adapt(table)
        >>> space(table).numpy().tolist()
        [[3.0, 0.0, 0.0, 1.0], [5.0, 0.0, 1.0, 0.0]]
    """

    @classmethod
    def cross(cls, feature_names: Any, crossing_dim: int, output_mode: str = "one_hot") -> Cross:
        """Features that count together."""
        return Cross(feature_names, crossing_dim, output_mode=output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """A column with a layer of one's own."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Numbers as they are."""
        return Feature("float32", TFDIdentity(dtype="float32", name=_named(name, "float")), "float")

    @classmethod
    def float_rescaled(cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None) -> Feature:
        """Numbers times `scale`, plus `offset`."""
        return Feature("float32", layers.Rescaling(scale, offset, name=_named(name, "float_rescaled")), "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Numbers with mean 0 and variance 1."""
        return Feature("float32", layers.Normalization(axis=-1, name=_named(name, "float_normalized")), "float")

    @classmethod
    def float_discretized(
        cls, num_bins: int, bin_boundaries: Any = None, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Numbers by bins."""
        layer = layers.Discretization(
            num_bins=num_bins, bin_boundaries=bin_boundaries, name=_named(name, "float_discretized")
        )
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls, max_tokens: int | None = None, num_oov_indices: int = 1, output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:  # fmt: skip
        """Integers that are names."""
        layer = layers.IntegerLookup(
            max_tokens=max_tokens, num_oov_indices=num_oov_indices, name=_named(name, "integer_categorical")
        )
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls, max_tokens: int | None = None, num_oov_indices: int = 1, output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:  # fmt: skip
        """Words."""
        layer = layers.StringLookup(
            max_tokens=max_tokens, num_oov_indices=num_oov_indices, name=_named(name, "string_categorical")
        )
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Words by buckets."""
        return Feature("string", layers.Hashing(num_bins, name=_named(name, "string_hashed")), output_mode)

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Integers by buckets."""
        return Feature("int32", layers.Hashing(num_bins, name=_named(name, "integer_hashed")), output_mode)

    def __init__(
        self, features: Any, output_mode: str = "concat", crosses: Any = None, crossing_dim: int = 32,
        hashing_dim: int = 32, num_discretization_bins: int = 32, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name)
        if not features:
            raise ValueError(explain(
                "FeatureSpace: The `features` argument cannot be None or empty.", received=repr(features),
                expected='a dict such as {"age": "float_normalized", "town": "string_categorical"}',
            ))  # fmt: skip
        self.crossing_dim, self.hashing_dim = crossing_dim, hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.output_mode = _mode("FeatureSpace", output_mode, ("concat", "dict"))
        self.features = {key: self._feature(key, value) for key, value in features.items()}
        self.crosses = [self._cross(value) for value in crosses or ()]
        self.inputs = {
            key: layers.Input(shape=(1,), dtype=feature.dtype, name=key) for key, feature in self.features.items()
        }
        self.preprocessors = {key: feature.preprocessor for key, feature in self.features.items()}
        self.crossers = {
            cross.name: layers.HashedCrossing(cross.crossing_dim, name=cross.name) for cross in self.crosses
        }
        self.one_hot_encoders: dict[str, Any] = {}
        self.concat: Any = None
        self.encoded_features: Any = None
        self._is_adapted = False

    def _feature(self, name: str, value: Any) -> Feature:
        if isinstance(value, dict):
            value = deserialize_keras_object(value)
        if isinstance(value, Feature):
            return value
        sizes = {
            "float": None, "float_normalized": None, "float_rescaled": None, "integer_categorical": None,
            "string_categorical": None, "float_discretized": self.num_discretization_bins,
            "integer_hashed": self.hashing_dim, "string_hashed": self.hashing_dim,
        }  # fmt: skip
        if value not in sizes:
            raise ValueError(explain(
                f"FeatureSpace: column {name!r} has the unknown type {value!r}. {nearest(str(value), sizes)}",
                expected="one of " + ", ".join(repr(word) for word in sizes) + ", or a feature",
            ))  # fmt: skip
        make, size = getattr(self, value), sizes[value]
        made: Feature = make(name=name) if size is None else make(size, name=name)
        return made

    def _cross(self, value: Any) -> Cross:
        if isinstance(value, dict):
            value = deserialize_keras_object(value)
        cross = value if isinstance(value, Cross) else Cross(value, self.crossing_dim)
        unknown = [name for name in cross.feature_names if name not in self.features]
        if unknown or not cross.crossing_dim:
            raise ValueError(explain(
                "FeatureSpace: `crosses` joins columns, which should be present in `features`, into `crossing_dim` "
                "buckets.",
                received=f"unknown columns {unknown}" if unknown else f"crossing_dim={cross.crossing_dim}",
                expected="names among " + ", ".join(map(repr, self.features)),
            ))  # fmt: skip
        return cross

    # Learning from data

    def _adaptable(self) -> list[str]:
        """The columns whose layers learn from data."""
        return [name for name, layer in self.preprocessors.items() if hasattr(layer, "adapt") and not _given(layer)]

    def adapt(self, dataset: Any) -> None:
        """Shows the table to the layers that learn from it.

        Args:
            dataset: A data set of dicts of columns, in batches or row by row; or a dict of arrays.
        """
        if isinstance(dataset, dict):
            dataset = tf.data.Dataset.from_tensor_slices(dataset)
        if not isinstance(dataset, tf.data.Dataset):
            raise ValueError(explain(
                f"FeatureSpace `{self.name}`: adapt() takes a data set of dicts, or a dict of arrays.",
                received=type(dataset).__name__, hint="tf.data.Dataset.from_tensor_slices(dict(frame)) makes one",
            ))  # fmt: skip
        for name in self._adaptable():
            column = dataset.map(lambda row, name=name: row[name])  # type: ignore[misc]
            rank = column.element_spec.shape.rank
            column = column.batch(32) if rank == 0 else column
            if rank in (0, 1):
                column = column.map(lambda values: tf.expand_dims(values, -1))
            self.preprocessors[name].adapt(column)
        self._is_adapted = True
        self.get_encoded_features()

    def _need_adapted(self) -> None:
        if not self._is_adapted and self._adaptable():
            raise ValueError(explain(
                f"FeatureSpace `{self.name}` has not seen data yet, from which columns must learn. You need to call "
                "`.adapt(dataset)` first.", received="columns " + ", ".join(self._adaptable()),
            ))  # fmt: skip
        self._is_adapted = True

    def get_inputs(self) -> dict[str, Any]:
        """Inputs for a functional model, by column."""
        self.get_encoded_features()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """What becomes of `get_inputs()`: a symbolic tensor, or a dict of them."""
        self._need_adapted()
        if self.encoded_features is None:
            self.encoded_features = self._encoded(self.inputs)
            self.built = True
        return self.encoded_features

    # Encoding

    def _encoded(self, columns: dict[str, Any]) -> Any:
        found = {name: self.preprocessors[name](columns[name]) for name in sorted(columns)}
        crosses = {cross.name: cross for cross in self.crosses}
        for name in sorted(crosses):
            parts = [found[part] for part in crosses[name].feature_names]
            columns = {**columns, name: self.crossers[name](parts)}
        found.update({name: columns[name] for name in sorted(crosses)})
        specs: dict[str, Any] = {**self.features, **crosses}
        result = {name: self._one_hot(name, value, specs[name]) for name, value in found.items()}
        if self.output_mode == "dict":
            return result
        for name, value in result.items():
            kind = standardize_dtype(value.dtype)
            if is_int(kind) or kind == "string":
                raise ValueError(explain(
                    f"FeatureSpace `{self.name}`: column {name!r} is no number yet and cannot be joined with others.",
                    received=f"dtype {kind}", hint="take output_mode='one_hot' for it, or output_mode='dict' for all",
                ))  # fmt: skip
        if self.concat is None:
            self.concat = TFDConcat(axis=-1)
        return self.concat(list(result.values()))

    def _one_hot(self, name: str, value: Any, spec: Any) -> Any:
        if spec.output_mode != "one_hot":
            return value
        if name not in self.one_hot_encoders:
            if not is_int(standardize_dtype(value.dtype)):
                raise ValueError(explain(
                    f"FeatureSpace `{self.name}`: column {name!r} has output_mode='one_hot', for which its layer "
                    "must give integers.", received=f"dtype {standardize_dtype(value.dtype)}",
                ))  # fmt: skip
            self.one_hot_encoders[name] = layers.CategoryEncoding(self._cardinality(name), output_mode="multi_hot")
        return self.one_hot_encoders[name](value)

    def _cardinality(self, name: str) -> int:
        """How many integers a column can have."""
        layer = self.preprocessors.get(name) or self.crossers[name]
        if isinstance(layer, (layers.IntegerLookup, layers.StringLookup)):
            return int(layer.vocabulary_size())
        for kinds, attribute in (
            (layers.CategoryEncoding, "num_tokens"),
            ((layers.Discretization, layers.HashedCrossing, layers.Hashing), "num_bins"),
        ):
            if isinstance(layer, kinds) and getattr(layer, attribute) is not None:
                return int(getattr(layer, attribute))
        if isinstance(layer, layers.Discretization):
            return len(layer.bin_boundaries or ()) + 1
        raise ValueError(explain(
            f"FeatureSpace `{self.name}`: how many values column {name!r} can have is not known, so that it cannot be "
            "encoded as one_hot.", hint="take output_mode='int' for it, or encode it in the layer",
        ))  # fmt: skip

    def __call__(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """The numbers for rows (a dict of columns), or for a single row."""
        if not isinstance(data, dict):
            raise ValueError(explain(
                f"FeatureSpace `{self.name}` takes a dict of columns.", received=type(data).__name__,
                expected="keys " + ", ".join(map(repr, self.features)),
            ))  # fmt: skip
        missing = [name for name in self.features if name not in data]
        if missing:
            raise ValueError(explain(
                f"FeatureSpace `{self.name}`: columns are missing: {', '.join(map(repr, missing))}.",
                received="keys " + ", ".join(map(repr, data)),
            ))  # fmt: skip
        self.get_encoded_features()
        columns, single = {}, False
        for name in self.features:
            value = data[name] if hasattr(data[name], "dtype") and tf.is_tensor(data[name]) else tf.constant(data[name])
            single = single or value.shape.rank == 0
            columns[name] = tf.reshape(value, (1, 1)) if value.shape.rank == 0 else value
            if value.shape.rank == 1:
                columns[name] = tf.expand_dims(value, -1)
        found = self._encoded(columns)
        return tf.nest.map_structure(lambda value: value[0], found) if single else found

    # Files

    def get_config(self) -> dict[str, Any]:
        return {
            "features": serialize_keras_object(self.features), "output_mode": self.output_mode,
            "crosses": serialize_keras_object(self.crosses), "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim, "num_discretization_bins": self.num_discretization_bins,
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FeatureSpace:
        return cls(**config)

    def get_build_config(self) -> dict[str, Any]:
        return {name: layer.get_build_config() or {} for name, layer in self.preprocessors.items()}

    def build_from_config(self, config: dict[str, Any]) -> None:
        for name, shapes in config.items():
            layer = self.preprocessors[name]
            if not layer.built and shapes:
                layer.build_from_config(shapes)
        self._is_adapted = True

    def save(self, filepath: Any) -> None:
        """Writes a `.keras` file, which `keras.models.load_model` reads.

        Args:
            filepath: Where to.
        """
        from weft.keras.saving import save_model

        save_model(self, filepath)

    def save_own_variables(self, store: Any) -> None:
        """Nothing: the columns' layers have the state."""

    def load_own_variables(self, store: Any) -> None:
        """Nothing."""


def _given(layer: Any) -> bool:
    """Whether a layer was made with what it would learn."""
    if isinstance(layer, layers.Normalization):
        return layer.input_mean is not None
    if isinstance(layer, layers.TextVectorization):
        return bool(layer.get_config().get("vocabulary"))
    return isinstance(layer, layers.Discretization) and layer.num_bins is None


def _named(name: str | None, prefix: str) -> str:
    return f"{name or auto_name(prefix)}_preprocessor"


__all__ = ["Cross", "Feature", "FeatureSpace", "TFDConcat", "TFDIdentity"]
