"""Floor 3: derivatives, IR to IR: reverse and forward mode over records of ops, sub-graph gradients, recomputation."""
