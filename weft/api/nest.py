"""`tf.nest`: nested structures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft.base import nest as _nest
from weft.runtime.composite import CompositeTensor
from weft.runtime.spec import CompositeSpec


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves of a nested structure, dicts in the order of their sorted keys.

    Args:
        structure: Tuples, lists, dicts and their like.
        expand_composites: Whether ragged and sparse tensors give the tensors that they are made of.
    """
    leaves = _nest.flatten(structure)
    return [part for leaf in leaves for part in _parts(leaf)] if expand_composites else leaves


def _parts(leaf: Any) -> list[Any]:
    """The tensors, or specs, that a leaf is made of, in TensorFlow's order."""
    if isinstance(leaf, CompositeTensor):
        return leaf._components()
    return list(leaf._component_specs()) if isinstance(leaf, CompositeSpec) else [leaf]


def is_nested(seq: Any) -> bool:
    """Whether a value has parts of its own."""
    return _nest.is_nested(seq)


def map_structure(func: Callable[..., Any], *structure: Any, check_types: bool = True,
                  expand_composites: bool = False) -> Any:  # fmt: skip
    """Applies a function to the leaves of structures of one form.

    Args:
        func: Takes a leaf of each structure.
        *structure: The structures; the result has the form of the first.
        check_types: Whether their lists, tuples and dicts must be of one kind.
        expand_composites: Whether the leaves are the tensors of which ragged and sparse ones are made.

    Raises:
        ValueError: Where their forms differ.
        TypeError: Where kinds differ that are compared.
    """
    if not structure:
        raise ValueError("map_structure needs at least one structure.")
    for other in structure[1:]:
        _nest.assert_same(structure[0], other, check_types)
    columns = zip(*(flatten(one, expand_composites) for one in structure), strict=True)
    return pack_sequence_as(structure[0], [func(*leaves) for leaves in columns], expand_composites)


def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """The structure with other leaves.

    Args:
        structure: What it is to look like.
        flat_sequence: The leaves.
        expand_composites: Whether ragged and sparse tensors are put together of the tensors that `flatten` gives.

    Raises:
        ValueError: Where the number of leaves differs.
    """
    leaves = list(flat_sequence)
    if not expand_composites:
        return _nest.pack(structure, leaves)
    whole = _nest.flatten(structure)
    counts = [len(_parts(leaf)) for leaf in whole]
    if sum(counts) != len(leaves):
        raise ValueError(f"The structure is made of {sum(counts)} tensors, received {len(leaves)}.")
    supply = iter(leaves)
    given = [[next(supply) for _ in range(count)] for count in counts]
    return _nest.pack(structure, [_joined(leaf, parts) for leaf, parts in zip(whole, given, strict=True)])


def _joined(leaf: Any, parts: list[Any]) -> Any:
    if isinstance(leaf, CompositeTensor):
        return leaf._rebuild(parts)
    return leaf._from_components(parts) if isinstance(leaf, CompositeSpec) else parts[0]


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """Raises ValueError (TypeError for kinds) unless both have the same form."""
    _nest.assert_same(nest1, nest2, check_types)
