"""Layers as configurations: what it takes to make one again, found from its `__init__`."""

from __future__ import annotations

import inspect
from typing import Any

from weft.extend import explain, signature_of
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object

_PLAIN = (str, int, float, bool, type(None))


class LayerConfig:
    """Gives a class `get_config` and `from_config` from the arguments of its `__init__`."""

    def get_config(self: Any) -> dict[str, Any]:
        """The arguments that make this layer again.

        The arguments of Weft's own layers are read from attributes of the same names; those of other classes are what
        they were given, unless the class has a `get_config` of its own.

        Raises:
            NotImplementedError: Where an argument cannot be written into a configuration.
        """
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        config["dtype"] = serialize_keras_object(self.dtype_policy)
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = serialize_keras_object(self.activity_regularizer)
        given = self._given_arguments()
        overridden = _writes_own_config(type(self))
        for cls in reversed(type(self).__mro__):
            if "__init__" not in cls.__dict__ or not issubclass(cls, LayerConfig) or _is_base(cls):
                continue
            builtin = _is_builtin(cls)
            if not builtin and overridden:
                continue
            for name in _parameters(cls):
                if builtin and hasattr(self, name):
                    config[name] = _serialize(self, name, getattr(self, name))
                elif name in given and name not in config:
                    config[name] = _serialize(self, name, given[name])
        return config

    def _given_arguments(self: Any) -> dict[str, Any]:
        """The arguments that the layer was made with, by name."""
        args, kwargs = self.__dict__.get("_init_arguments", ((), {}))
        try:
            bound = signature_of(type(self).__init__).bind(self, *args, **kwargs)
        except TypeError:
            return dict(kwargs)
        bound.apply_defaults()
        found = dict(list(bound.arguments.items())[1:])
        for parameter in signature_of(type(self).__init__).parameters.values():
            if parameter.kind is parameter.VAR_KEYWORD:
                found.update(found.pop(parameter.name, {}))
        return found

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer of a configuration."""
        config = dict(config)
        if _is_builtin(cls):
            return cls(**config)
        for key, value in config.items():
            if _holds_records(value) and key != "dtype":
                config[key] = deserialize_keras_object(value)
        # A class without get_config() is made from what its __init__() takes, which may leave out what all layers have.
        taken = signature_of(cls.__init__).parameters
        extra: dict[str, Any] = {}
        if not _writes_own_config(cls) and all(p.kind is not p.VAR_KEYWORD for p in taken.values()):
            extra = {
                key: config.pop(key) for key in ("name", "trainable", "dtype") if key in config and key not in taken
            }
        layer: Any = cls(**config)
        if "name" in extra:
            layer.name = extra["name"]
        if extra.get("trainable") is False:
            layer.trainable = False
        return layer


def _holds_records(value: Any) -> bool:
    """Whether a value is the record of an object, or a list with such."""
    if isinstance(value, (list, tuple)):
        return any(_holds_records(item) for item in value)
    return isinstance(value, dict) and "class_name" in value and "config" in value


def _writes_own_config(cls: type) -> bool:
    return any("get_config" in base.__dict__ for base in cls.__mro__ if not _is_builtin(base))


def _is_builtin(cls: type) -> bool:
    return cls.__module__.startswith("weft.keras.")


def _is_base(cls: type) -> bool:
    return cls.__module__ in ("weft.keras.layers.layer", "weft.keras.core.operation", "weft.keras.models.model")


def _parameters(cls: type) -> list[str]:
    kinds = inspect.Parameter
    parameters = list(signature_of(cls.__init__).parameters.values())[1:]  # type: ignore[misc]
    base = ("name", "trainable", "dtype", "activity_regularizer", "autocast")
    return [
        p.name for p in parameters if p.kind not in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL) and p.name not in base
    ]


def _serialize(layer: Any, name: str, value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if callable(value) and not hasattr(value, "get_config"):
        from weft.keras import activations

        return activations.as_argument(value)
    if isinstance(value, tuple) and all(isinstance(item, _PLAIN) for item in value):
        return tuple(value)
    try:
        return serialize_keras_object(value)
    except (ValueError, NotImplementedError) as error:
        raise NotImplementedError(explain(
            f"{type(layer).__name__} cannot be written into a configuration: argument `{name}` is an object of class "
            f"{type(value).__name__}.",
            hint=f"give {type(layer).__name__} a get_config() and a from_config()",
        )) from error  # fmt: skip
