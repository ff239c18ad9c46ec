"""An old path."""
