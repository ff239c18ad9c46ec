"""`tf.config` of version 1: version 2's, where other values are to be had before any was set."""

from __future__ import annotations

from typing import Any as _Any

import weft as _weft
from weft.api import config as _config


class _Optimizer(_config._Optimizer):
    """Switches of TensorFlow's graph optimizer, as version 2's."""

    @staticmethod
    def get_jit() -> bool:  # type: ignore[override]
        """Whether `set_jit` was given something last."""
        return bool(_weft.config.optimizer.get_jit())


optimizer = _Optimizer("tf.config.optimizer")


def get_soft_device_placement() -> bool:
    """What `set_soft_device_placement` was given last; False before."""
    return bool(_config.soft_placement())


def __getattr__(name: str) -> _Any:
    return getattr(_weft.config, name)


def __dir__() -> list[str]:
    return [name for name in dir(_weft.config) if not name.startswith("_")]
