"""Which names in a configuration stand for which classes and functions of the user."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")

_names: dict[Any, str] = {}
_objects: dict[str, Any] = {}


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.stack: list[dict[str, Any]] = []


_scopes = _Scopes()


class CustomObjectScope:
    """Makes names known to deserialisation inside a `with` block.

    Args:
        custom_objects: Name → class or function.

    Example:
        >>> from weft import keras
        >>> class Twice(keras.layers.Layer):
        ...     def call(self, x):
        ...         return 2 * x
        >>> with keras.saving.custom_object_scope({"Twice": Twice}):
        ...     layer = keras.layers.deserialize({"class_name": "Twice", "config": {"name": "twice"}})
        >>> layer.name
        'twice'
    """

    def __init__(self, custom_objects: dict[str, Any] | None = None) -> None:
        self.custom_objects = dict(custom_objects or {})

    def __enter__(self) -> CustomObjectScope:
        _scopes.stack.append(self.custom_objects)
        return self

    def __exit__(self, *exception: Any) -> None:
        _scopes.stack.pop()


custom_object_scope = CustomObjectScope


def get_custom_objects() -> dict[str, Any]:
    """The registered names, as a dict that may be changed."""
    return _objects


def scoped_objects() -> dict[str, Any]:
    """What the open scopes of this thread know, the innermost winning."""
    found: dict[str, Any] = {}
    for scope in _scopes.stack:
        found.update(scope)
    return found


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[_T], _T]:
    """Decorator that lets configurations name a class or function.

    Args:
        package: First part of the name; keeps the names of different libraries apart.
        name: Second part; the object's own name by default.

    Returns:
        The decorator.

    Raises:
        ValueError: For a class without `get_config`.
    """

    def register(target: _T) -> _T:
        own = name if name is not None else target.__name__  # type: ignore[attr-defined]
        if inspect.isclass(target) and not hasattr(target, "get_config"):
            raise ValueError(
                f"{own} cannot be registered: Cannot register a class that does not have a get_config() method. "
                "Add one that returns its arguments."
            )
        key = f"{package}>{own}"
        _objects[key] = target
        _names[target] = key
        return target

    return register


def get_registered_name(obj: Any) -> str:
    """The name under which a class or function was registered; its own name where it was not."""
    try:
        return _names[obj]
    except (KeyError, TypeError):
        return str(obj.__name__)


def is_registered(obj: Any) -> bool:
    """Whether a class or function was registered."""
    try:
        return obj in _names
    except TypeError:
        return False


def get_registered_object(
    name: str, custom_objects: dict[str, Any] | None = None, module_objects: dict[str, Any] | None = None
) -> Any:
    """The class or function that a name stands for, or None.

    Args:
        name: As given by `get_registered_name`.
        custom_objects: Looked into after the open scopes.
        module_objects: Looked into last.
    """
    for table in (scoped_objects(), custom_objects or {}, _objects, module_objects or {}):
        if name in table:
            return table[name]
    return None


def registered_in_any_package(name: str) -> list[Any]:
    """What is registered under a name, whatever its package."""
    return [found for key, found in _objects.items() if key.partition(">")[2] == name]
