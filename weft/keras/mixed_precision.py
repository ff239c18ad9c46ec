"""`keras.mixed_precision`: policies that compute in 16 bits and keep weights in 32."""

from weft.keras.dtype_policies import DTypePolicy, dtype_policy, set_dtype_policy
from weft.keras.optimizers.scaling import LossScaleOptimizer

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy

__all__ = [
    "DTypePolicy", "LossScaleOptimizer", "Policy", "dtype_policy", "global_policy", "set_dtype_policy",
    "set_global_policy",
]  # fmt: skip
