"""Tests made from what the house knows of itself: the op table's cases, random graphs, numeric gradients."""
