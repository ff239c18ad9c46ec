"""Objects as Keras 2 wrote them into configurations: by class name alone; `keras.legacy.saving`."""

from __future__ import annotations

from typing import Any

from weft.extend import explain, nearest, word_absent
from weft.keras.saving import registry
from weft.keras.saving import serialization as _modern


def serialize_keras_object(instance: Any) -> Any:
    """The configuration of an object as Keras 2 wrote it.

    Args:
        instance: An object with `get_config`, a function or a class, or None.

    Returns:
        `{"class_name": …, "config": …}` for an object, the registered name of a function or class, None for None.

    Raises:
        ValueError: For anything else.

    Example:
        >>> from weft import keras
        >>> keras.legacy.saving.serialize_keras_object(keras.constraints.NonNeg())
        {'class_name': 'NonNeg', 'config': {}}
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config") and not isinstance(instance, type):
        record = _modern.serialize_keras_object(instance)
        return {"class_name": registry.get_registered_name(type(instance)), "config": record["config"]}
    if hasattr(instance, "__name__"):
        return registry.get_registered_name(instance)
    raise ValueError(explain(
        f"Cannot serialize {instance!r} because it doesn't implement `get_config()`.",
        hint="give its class get_config() and from_config()",
    ))  # fmt: skip


def deserialize_keras_object(
    identifier: Any, module_objects: Any = None, custom_objects: Any = None, printable_module_name: str = "object"
) -> Any:
    """The object of a configuration as Keras 2 wrote it, or of a name.

    Args:
        identifier: What `serialize_keras_object` of this module gave. Classes that are named alone are made without
            arguments.
        module_objects: Name → class or function, looked in last.
        custom_objects: The same, looked in first.
        printable_module_name: What messages call the object.

    Returns:
        The object; None for None, and functions as they are.

    Raises:
        ValueError: For a name that is not known, and for what is no such configuration.

    Example:
        >>> from weft import keras
        >>> keras.legacy.saving.deserialize_keras_object(
        ...     {"class_name": "Dense", "config": {"units": 2}}, module_objects={"Dense": keras.layers.Dense}).units
        2
    """
    if identifier is None or callable(identifier):
        return identifier
    if isinstance(identifier, str):
        found = registry.get_registered_object(identifier, custom_objects, module_objects)
        if found is None:
            known = {**(module_objects or {}), **(custom_objects or {})}
            raise ValueError(explain(
                f"Unknown {printable_module_name}: {identifier!r}. {nearest(identifier, known)}",
                hint=f"pass it as custom_objects={{{identifier!r}: …}}",
            ))  # fmt: skip
        return found() if isinstance(found, type) else found
    if not isinstance(identifier, dict) or not {"class_name", "config"} <= identifier.keys():
        raise ValueError(explain(
            f"{printable_module_name}: a dict with `class_name` and `config`, or a name, is needed.",
            received=repr(identifier)[:200],
        ))  # fmt: skip
    return _modern.deserialize_keras_object(
        identifier, custom_objects, module_objects=module_objects, printable_module_name=printable_module_name
    )


word_absent(globals(), "keras.legacy.saving")

__all__ = ["deserialize_keras_object", "serialize_keras_object"]
