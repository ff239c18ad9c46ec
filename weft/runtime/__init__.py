"""Floor 5: tensors, variables, tapes, traced functions, sessions: what runs when a program runs."""
