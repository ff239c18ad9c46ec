"""Floor 6: the TensorFlow surface. Thin: front doors of ops, by subject. `weft/__init__.py` says which name is where."""
