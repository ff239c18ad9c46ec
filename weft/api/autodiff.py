"""`tf.autodiff`: differentiation, backwards and forwards."""

from weft.runtime.accumulator import ForwardAccumulator
from weft.runtime.tape import GradientTape

__all__ = ["ForwardAccumulator", "GradientTape"]
