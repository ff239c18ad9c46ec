"""Modules that TensorFlow 1 brought along for its tutorials."""

from weft.compat.v1.examples import tutorials as tutorials
