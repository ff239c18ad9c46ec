"""Modules that TensorFlow 1 brought along for its tutorials."""
