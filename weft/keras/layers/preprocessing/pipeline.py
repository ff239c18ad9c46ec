"""Layers one after the other, as one."""

from __future__ import annotations

from typing import Any

from weft.extend import explain
from weft.keras.core.call_signature import accepts
from weft.keras.layers.layer import Layer


class Pipeline(Layer):
    """Applies layers one after the other, such as those that prepare data.

    Args:
        layers: The layers.
        name: Its name.
        **kwargs: As for every layer.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> pipeline = keras.layers.Pipeline([keras.layers.Rescaling(0.5), keras.layers.CenterCrop(2, 2)])
        >>> pipeline(tf.ones((1, 4, 4, 1))).shape
        TensorShape([1, 2, 2, 1])
    """

    #: what this attribute is called in files
    _saved_names = {"_pipeline_layers": "layers"}

    def __init__(self, layers: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        for layer in layers:
            if not callable(layer):
                raise TypeError(explain("Pipeline: `layers` is a list of layers.", received=repr(layer)[:200]))
        self._pipeline_layers = list(layers)
        self.autocast = False

    @property
    def layers(self) -> list[Any]:
        """The layers."""
        return list(self._pipeline_layers)

    def call(self, inputs: Any, training: Any = True, mask: Any = None) -> Any:
        """What the last layer gives."""
        outputs = inputs
        for layer in self._pipeline_layers:
            keywords = {"training": training} if isinstance(layer, Layer) or accepts(layer, "training") else {}
            if mask is not None and accepts(layer.call if isinstance(layer, Layer) else layer, "mask"):
                keywords["mask"] = mask
            outputs = layer(outputs, **keywords)
        return outputs

    def get_config(self) -> dict[str, Any]:
        from weft.keras.saving import serialize_keras_object

        return {"name": self.name, "layers": [serialize_keras_object(layer) for layer in self._pipeline_layers]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        from weft.keras.saving import deserialize_keras_object

        if not isinstance(config.get("layers"), (list, tuple)):
            raise ValueError(explain(
                "The configuration of a Pipeline must have a list `layers`.", received=repr(config.get("layers"))
            ))  # fmt: skip
        return cls(**{**config, "layers": [deserialize_keras_object(layer) for layer in config["layers"]]})
