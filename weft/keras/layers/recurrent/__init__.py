"""Recurrent layers: cells, the one loop that runs them, and wrappers."""
