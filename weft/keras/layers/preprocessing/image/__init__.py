"""Layers that change images."""
