"""Shapes as layers see them in `build`: tuples that also know what a `tf.TensorShape` knows."""

from __future__ import annotations

from typing import Any

import weft as tf


class ShapeTuple(tuple):  # type: ignore[type-arg]
    """A tuple of sizes, None for unknown ones, with the methods of `tf.TensorShape` that `build` methods call."""

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self)

    ndims = rank

    @property
    def dims(self) -> list[int | None]:
        """The sizes as a list."""
        return list(self)

    def as_list(self) -> list[int | None]:
        """The sizes as a list."""
        return list(self)

    def num_elements(self) -> int | None:
        """The number of elements, None where a size is unknown."""
        return tf.TensorShape(self).num_elements()  # type: ignore[no-any-return]

    def is_fully_defined(self) -> bool:
        """Whether every size is known."""
        return None not in self

    def with_rank_at_least(self, rank: int) -> ShapeTuple:
        """This shape, checked to have at least this rank."""
        tf.TensorShape(self).with_rank_at_least(rank)
        return self

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return ShapeTuple(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> ShapeTuple:
        return ShapeTuple(tuple(self) + tuple(other))


def is_shape(value: Any) -> bool:
    """Whether a value is one shape, not a structure of shapes."""
    if isinstance(value, tf.TensorShape):
        return True
    return isinstance(value, (tuple, list)) and all(
        size is None or isinstance(size, int) or hasattr(size, "__index__") for size in value
    )


def as_shape(value: Any) -> Any:
    """A shape, or a structure of shapes, as `ShapeTuple`s."""
    if value is None:
        return None
    if is_shape(value):
        return ShapeTuple(None if size is None else int(size) for size in value)
    if isinstance(value, dict):
        return {key: as_shape(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        found = [as_shape(item) for item in value]
        return tuple(found) if isinstance(value, tuple) else found
    return ShapeTuple((int(value),))


def map_shapes(function: Any, shapes: Any) -> Any:
    """Applies a function to every shape of a structure."""
    if shapes is None:
        return None
    if is_shape(shapes):
        return function(shapes)
    if isinstance(shapes, dict):
        return {key: map_shapes(function, item) for key, item in shapes.items()}
    found = [map_shapes(function, item) for item in shapes]
    return tuple(found) if isinstance(shapes, tuple) else found


def shapes_of(value: Any) -> Any:
    """The shapes of a structure of tensors, in the same structure; None for what has no shape."""

    def shape(leaf: Any) -> Any:
        if leaf is None or not hasattr(leaf, "shape"):
            return None
        found = tf.TensorShape(leaf.shape)
        return None if found.rank is None else ShapeTuple(found)

    if isinstance(value, dict):
        return {key: shapes_of(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        found = [shapes_of(item) for item in value]
        return tuple(found) if isinstance(value, tuple) else found
    return shape(value)
