"""`tf.contrib.tensorboard`: what its page of embeddings is told."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


def __getattr__(name: str) -> Any:
    if name == "plugins":  # which has no module of its own: `tf.contrib.tensorboard.plugins.projector`
        plugins = ModuleType(f"{__name__}.plugins", "The pages of TensorBoard that programs configure.")
        plugins.projector = importlib.import_module("weft.compat.v1.contrib.projector")  # type: ignore[attr-defined]
        globals()[name] = sys.modules[plugins.__name__] = plugins
        return plugins
    raise AttributeError(name)
