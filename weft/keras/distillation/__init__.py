"""`keras.distillation`: a small model learns from labels and from what a larger one answers."""

from __future__ import annotations

from weft.keras.distillation.distiller import Distiller
from weft.keras.distillation.losses import DistillationLoss, FeatureDistillation, LogitsDistillation

__all__ = ["DistillationLoss", "Distiller", "FeatureDistillation", "LogitsDistillation"]
