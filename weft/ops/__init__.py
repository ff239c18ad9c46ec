"""Floor 2: what every op means. One record an op, in a file by family; see `opdef.py` for what a record holds."""
