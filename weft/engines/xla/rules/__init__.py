"""Lowerings by subject, one small function an op."""
