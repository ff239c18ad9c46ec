"""`keras.mixed_precision`: policies that compute in 16 bits and keep weights in 32."""

from __future__ import annotations

import sys
from typing import Any

from weft.extend import absent
from weft.keras.dtype_policies import DTypePolicy, dtype_policy, set_dtype_policy
from weft.keras.optimizers.scaling import LossScaleOptimizer

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy
set_policy = set_dtype_policy


def __getattr__(name: str) -> Any:
    if name == "experimental":  # where Keras 2.3 had what stands here since
        return sys.modules[__name__]
    raise AttributeError(absent(f"keras.mixed_precision.{name}", __all__))


__all__ = [
    "DTypePolicy", "LossScaleOptimizer", "Policy", "dtype_policy", "global_policy", "set_dtype_policy",
    "set_global_policy",
]  # fmt: skip
