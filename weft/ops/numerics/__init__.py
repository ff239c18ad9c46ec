"""Special functions in plain numpy: what the op records of the `special` family compute with."""
