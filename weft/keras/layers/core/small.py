"""Masking, Lambda, Identity, Wrapper."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import config
from weft.keras.core.call_signature import accepts
from weft.keras.core.shapes import as_shape
from weft.keras.layers.layer import Layer


class Masking(Layer):
    """Marks time steps whose features all have one value as padding, which the layers behind leave out.

    Args:
        mask_value: That value.
        **kwargs: As for every layer.
    """

    _stateless = True

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return tf.reduce_any(tf.not_equal(inputs, tf.cast(self.mask_value, inputs.dtype)), axis=-1)

    def call(self, inputs: Any) -> Any:
        """The inputs, with zeros in the padding."""
        kept = tf.reduce_any(tf.not_equal(inputs, tf.cast(self.mask_value, inputs.dtype)), axis=-1, keepdims=True)
        return inputs * tf.cast(kept, inputs.dtype)


class Lambda(Layer):
    """A function as a layer. It has no weights; variables that the function uses are not trained.

    Args:
        function: Function of a tensor, and of `training` and `mask` where it takes them.
        output_shape: The shape of the output without the batch, where it cannot be found by running the function
            without values; or a function of the input shape.
        mask: The mask of the output, or a function of inputs and mask.
        arguments: Keywords for the function.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.Lambda(lambda x: x ** 2)(tf.constant([[3.0]])).numpy().tolist()
        [[9.0]]
    """

    def __init__(self, function: Any, output_shape: Any = None, mask: Any = None, arguments: Any = None,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(explain("Lambda: `function` must be a function of a tensor.", received=repr(function)))
        self.function = function
        self._output_shape = output_shape
        self.mask = mask
        self.arguments = dict(arguments or {})
        self.supports_masking = mask is not None

    def _trains_differently(self) -> bool:
        return accepts(self.function, "training")

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """What the function returns."""
        keywords = dict(self.arguments)
        if accepts(self.function, "mask"):
            keywords["mask"] = mask
        if accepts(self.function, "training"):
            keywords["training"] = training
        return self.function(inputs, **keywords)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().compute_output_spec(*args, **kwargs)
        except Exception:
            if self._output_shape is None:
                raise
        # The function cannot run without values; what the user says of its shape must do.
        from weft.keras.core.keras_tensor import KerasTensor
        from weft.keras.core.shapes import shapes_of

        shapes = shapes_of(args[0])
        shape = (
            self._output_shape(shapes) if callable(self._output_shape) else (shapes[0], *as_shape(self._output_shape))
        )
        return KerasTensor(shape, dtype=self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        from weft.keras.saving import serialize_keras_object

        config = super().get_config()
        config.pop("mask", None)
        config["function"] = _function_config(self.function)
        if self._output_shape is not None:
            shape = self._output_shape
            config["output_shape"] = _function_config(shape) if callable(shape) else shape
        else:
            config.pop("output_shape", None)
        if self.mask is not None:
            config["mask"] = _function_config(self.mask) if callable(self.mask) else serialize_keras_object(self.mask)
        config["arguments"] = serialize_keras_object(self.arguments)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None, safe_mode: bool | None = None) -> Any:
        """The layer of a configuration.

        Args:
            config: The configuration.
            custom_objects: Name → class or function, for what is not Keras' own.
            safe_mode: Whether to refuse functions written as code; as the surroundings say by default.
        """
        from weft.keras.saving import deserialize_keras_object as deserialize

        options: dict[str, Any] = {} if safe_mode is None else {"safe_mode": safe_mode}
        if custom_objects is not None:
            options["custom_objects"] = custom_objects

        def deserialize_keras_object(value: Any) -> Any:
            return deserialize(value, **options)

        config = dict(config)
        for key in ("function", "output_shape", "mask", "arguments"):
            if isinstance(config.get(key), dict):
                config[key] = deserialize_keras_object(config[key])
        if isinstance(config["function"], str):
            name = config["function"]
            config["function"] = deserialize_keras_object({"class_name": "function", "config": name})
        if isinstance(config.get("output_shape"), list):
            config["output_shape"] = tuple(config["output_shape"])
        return cls(**config)


def _function_config(function: Any) -> Any:
    """The function's configuration: its name, or, for a lambda, its byte code."""
    from weft.keras.saving import serialize_keras_object
    from weft.keras.saving.code import dump
    from weft.keras.saving.scopes import is_copying

    if getattr(function, "__name__", None) != "<lambda>" or is_copying():
        return serialize_keras_object(function)
    code, defaults, closure = dump(function)
    return {"class_name": "__lambda__", "config": {"code": code, "defaults": defaults, "closure": closure}}


class Rescaling(Layer):
    """`inputs · scale + offset`.

    Args:
        scale: The factor, such as `1 / 255` for images.
        offset: What is added.
        **kwargs: As for every layer.
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The output, floats."""
        values = tf.cast(inputs, self.compute_dtype)
        return values * self._for_channels(self.scale) + self._for_channels(self.offset)

    def _for_channels(self, value: Any) -> Any:
        """A number, or one for each channel, with which images of the default format can be multiplied."""
        value = tf.cast(value, self.compute_dtype)
        if value.shape.rank and config.image_data_format() == "channels_first":
            value = tf.reshape(value, (*value.shape, *(1,) * (3 - value.shape.rank)))
        return value


class Identity(Layer):
    """Returns its input."""

    _stateless = True
    _stays_sparse = any

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return tf.nest.map_structure(tf.identity, inputs)


class NoLayer(ValueError, TypeError):
    """What was given in place of a layer: a ValueError as in Keras 3, and a TypeError as in Keras 2."""


class Wrapper(Layer):
    """A layer around another one.

    Args:
        layer: The inner layer.
        **kwargs: As for every layer.
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise NoLayer(explain(
                f"Layer {repr(layer)[:200]} supplied to {type(self).__name__} isn't a supported layer type. "
                "Please ensure wrapped layer is a valid Keras layer.",
                received=type(layer).__name__, expected="a keras.Layer",
            ))  # fmt: skip
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)

    def get_config(self) -> dict[str, Any]:
        from weft.keras.saving import serialize_keras_object

        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        from weft.keras.saving import deserialize_keras_object

        return cls(**{**config, "layer": deserialize_keras_object(config["layer"])})
