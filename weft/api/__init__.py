"""Floor 6: the TensorFlow surface. Thin: front doors of ops, by subject. `names.py` says which name is where."""
