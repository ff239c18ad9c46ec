"""`tf.contrib.learn`: its MNIST, and words as numbers; estimators are not here."""

from __future__ import annotations

import importlib
from typing import Any

from weft.base.absent import absent

_HERE = ("datasets", "preprocessing", "python")


def __getattr__(name: str) -> Any:
    if name in _HERE:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(absent(f"tf.contrib.learn.{name}", _HERE))
