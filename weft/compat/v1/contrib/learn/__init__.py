"""`tf.contrib.learn`: its MNIST; estimators are not here."""

from __future__ import annotations

import importlib
from typing import Any

from weft.base.absent import absent


def __getattr__(name: str) -> Any:
    if name in ("datasets", "python"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(absent(f"tf.contrib.learn.{name}", ["datasets", "python"]))
