"""Nested structures as datasets see them: a list is no structure, but what a tensor is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft.base import nest


class _List:
    """A list in the place of a leaf."""

    def __init__(self, value: list[Any]) -> None:
        self.value = value


def _kept(structure: Any) -> Any:
    if isinstance(structure, list):
        return _List(structure)
    parts = nest.children(structure)
    return structure if parts is None else nest.rebuild(structure, [_kept(part) for _, part in parts])


def _given(leaf: Any) -> Any:
    return leaf.value if isinstance(leaf, _List) else leaf


def is_nested(structure: Any) -> bool:
    """Whether a value has parts of its own."""
    return not isinstance(structure, list) and nest.is_nested(structure)


is_sequence = is_nested


def flatten(structure: Any) -> list[Any]:
    """The leaves, left to right."""
    return [_given(leaf) for leaf in nest.flatten(_kept(structure))]


def pack_sequence_as(structure: Any, data: Any) -> Any:
    """The structure with other leaves."""
    return nest.pack(_kept(structure), list(data))


def map_structure(func: Callable[..., Any], *structure: Any, check_types: bool = True) -> Any:
    """Applies a function to the leaves of one or several structures of the same form."""
    return nest.map_structure(lambda *leaves: func(*map(_given, leaves)), *map(_kept, structure))


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True) -> None:
    """Checks that two structures have the same form."""
    nest.assert_same(_kept(nest1), _kept(nest2), check_types)
