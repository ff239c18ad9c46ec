"""Shapes by what they are of, as `tensorflow.python.framework.tensor_shape` made them."""

from __future__ import annotations

from typing import Any

from weft.base.shapes import TensorShape


def as_shape(shape: Any) -> TensorShape:
    """A shape of sizes, or the shape itself."""
    return shape if isinstance(shape, TensorShape) else TensorShape(shape)


def unknown_shape(rank: int | None = None, **kwargs: Any) -> TensorShape:
    """A shape of which nothing, or the rank alone, is known."""
    wanted = kwargs.get("ndims", rank)
    return TensorShape(None if wanted is None else [None] * wanted)


def scalar() -> TensorShape:
    """The shape of a single value."""
    return TensorShape([])


def vector(length: Any) -> TensorShape:
    """The shape of so many values in a row."""
    return TensorShape([length])


def matrix(rows: Any, cols: Any) -> TensorShape:
    """The shape of rows and columns."""
    return TensorShape([rows, cols])
