"""Training: `Trainer`, which every model is, and what it is made of."""

from weft.keras.trainer.trainer import Trainer

__all__ = ["Trainer"]
