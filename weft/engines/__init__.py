"""Floor 4: engines run graphs. `base` is the protocol; each engine is a folder of its own and knows no other."""
