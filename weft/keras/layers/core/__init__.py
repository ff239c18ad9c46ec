"""Dense, Embedding and other layers of general use."""
