"""What the `get`, `serialize` and `deserialize` functions of initializers, regularizers and the like have in common."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from weft.extend import explain, nearest
from weft.keras.saving.registry import get_registered_object
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object

serialize = serialize_keras_object


def deserialize(config: Any, table: Mapping[str, Any], kind: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The object that a configuration (in today's form or Keras 2's) describes, among those of one kind."""
    return deserialize_keras_object(
        config, custom_objects=custom_objects, module_objects=dict(table), printable_module_name=kind
    )


def get(identifier: Any, table: Mapping[str, Any], kind: str, argument: str = "identifier") -> Any:
    """The object for None, a name, a configuration, a class or an object.

    Args:
        identifier: What the user gave.
        table: Name → class or function.
        kind: What is looked for, such as "initializer"; for the message.
        argument: The name of the user's argument.

    Raises:
        ValueError: For an unknown name, naming the nearest known ones.
        TypeError: For anything that cannot be one.
    """
    if identifier is None:
        return None
    found = identifier
    if isinstance(identifier, dict):
        found = deserialize(identifier, table, kind)
    elif isinstance(identifier, str):
        found = get_registered_object(identifier, module_objects=dict(table))
        if found is None:
            raise ValueError(explain(
                f"There is no {kind} named {identifier!r}. {nearest(identifier, table)}",
                hint=f"pass one of the known names, or an object of class {kind.capitalize()}",
            ))  # fmt: skip
    if inspect.isclass(found):
        found = found()
    if callable(found):
        return found
    raise TypeError(explain(
        f"{identifier!r} is no {kind}.",
        expected="a name, a configuration dict, or a callable",
        received=f"an object of class {type(identifier).__name__}",
    ))  # fmt: skip
