"""Floor 0: dtypes, shapes and dimension symbols, nested structures, errors, flags, source lines."""
