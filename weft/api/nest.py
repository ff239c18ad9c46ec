"""`tf.nest`: nested structures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft.base import nest as _nest


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves of a nested structure, dicts in the order of their sorted keys."""
    return _nest.flatten(structure)


def is_nested(seq: Any) -> bool:
    """Whether a value has parts of its own."""
    return _nest.is_nested(seq)


def map_structure(func: Callable[..., Any], *structure: Any, check_types: bool = True,
                  expand_composites: bool = False) -> Any:  # fmt: skip
    """Applies a function to the leaves of structures of one form."""
    return _nest.map_structure(func, *structure)


def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """The structure with other leaves."""
    return _nest.pack(structure, list(flat_sequence))


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """Raises ValueError (TypeError for kinds) unless both have the same form."""
    _nest.assert_same(nest1, nest2, check_types)
