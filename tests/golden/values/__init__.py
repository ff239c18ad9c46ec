"""Expressions of public names and what TensorFlow gives for them; the files are read by `showing`."""
