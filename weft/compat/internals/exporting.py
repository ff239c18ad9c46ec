"""How TensorFlow's modules offer their names: accepted, a function stays what it is."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


def tf_export(*names: str, **options: Any) -> Any:
    """Makes a decorator that gives the function or class back."""
    return lambda target: target


keras_export = estimator_export = tf_export


class LazyLoader(ModuleType):
    """A module that is imported when one of its names is asked for."""

    def __init__(self, local_name: str, parent_module_globals: dict[str, Any], name: str, warning: Any = None) -> None:
        super().__init__(name)
        self._local_name = local_name
        self._parent = parent_module_globals

    def __getattr__(self, name: str) -> Any:
        module = importlib.import_module(self.__name__)
        self._parent[self._local_name] = module
        return getattr(module, name)

    def __dir__(self) -> list[str]:
        return dir(importlib.import_module(self.__name__))
