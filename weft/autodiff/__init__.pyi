"""Written by tools/make_stubs.py; do not edit."""

from weft.runtime.accumulator import ForwardAccumulator as ForwardAccumulator
from weft.runtime.tape import GradientTape as GradientTape
