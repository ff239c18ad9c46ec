"""`keras.tree`: nested structures taken apart and put together.

Tuples, lists, deques and dicts have parts; an OrderedDict has them in its own order, other dicts by their keys.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from weft.extend import explain, nest
from weft.keras.core.shapes import is_shape


class _MapToNone:
    def __repr__(self) -> str:
        return "keras.tree.MAP_TO_NONE"


#: what a function for `traverse` returns for a part that is to become None
MAP_TO_NONE = _MapToNone()


def is_nested(structure: Any) -> bool:
    """Whether a value has parts."""
    return isinstance(structure, deque) or bool(nest.is_nested(structure))


def flatten(structure: Any) -> list[Any]:
    """The leaves, dicts in the order of their keys.

    Example:
        >>> from weft import keras
        >>> keras.tree.flatten({"b": [1, 2], "a": (3,)})
        [3, 1, 2]
    """
    return [leaf for _, leaf in flatten_with_path(structure)]


def _children(structure: Any) -> list[tuple[Any, Any]] | None:
    if type(structure) is OrderedDict:
        return list(structure.items())
    if isinstance(structure, deque):
        return list(enumerate(structure))
    if isinstance(structure, tuple):  # a named one, too: its parts are told by their numbers
        return list(enumerate(structure))
    found = nest.children(structure)
    return None if found is None else list(found)


def _rebuild(like: Any, parts: list[Any]) -> Any:
    """A structure of the same kind one level deep, with other parts (in the order of `_children`)."""
    if isinstance(like, deque):
        return deque(parts, like.maxlen)
    if type(like) is OrderedDict:
        return OrderedDict(zip(like, parts, strict=True))
    return nest.rebuild(like, parts)


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves, each with the keys and numbers that lead to it."""
    found: list[tuple[tuple[Any, ...], Any]] = []

    def walk(path: tuple[Any, ...], value: Any) -> None:
        parts = _children(value)
        if parts is None:
            found.append((path, value))
            return
        for key, part in parts:
            walk((*path, key), part)

    walk((), structure)
    return found


def pack_sequence_as(structure: Any, flat_sequence: Any) -> Any:
    """Leaves put into a structure.

    Raises:
        TypeError: Where they are no sequence.
        ValueError: Where there are more or fewer leaves than places.
    """
    if not hasattr(flat_sequence, "__iter__"):
        raise TypeError(explain("pack_sequence_as: the leaves must be iterable.", received=repr(flat_sequence)[:200]))
    flat_sequence = list(flat_sequence)
    places = len(flatten(structure))
    if places != len(flat_sequence):
        raise ValueError(explain(
            "pack_sequence_as: there must be one leaf a place.", expected=f"{places} leaves",
            received=str(len(flat_sequence)),
        ))  # fmt: skip
    return _fill(structure, iter(flat_sequence))


def _fill(structure: Any, leaves: Iterator[Any]) -> Any:
    parts = _children(structure)
    return next(leaves) if parts is None else _rebuild(structure, [_fill(part, leaves) for _, part in parts])


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """A function of leaves at the same places, in their structure.

    Args:
        func: The function.
        *structures: Alike in their structure.
        none_is_leaf: Whether the function is called for None; else None stays.

    Raises:
        TypeError: Where the function is none.
        ValueError: Without a structure, or where they differ.

    Example:
        >>> from weft import keras
        >>> keras.tree.map_structure(lambda a, b: a + b, {"x": 1}, {"x": 2})
        {'x': 3}
    """
    if not callable(func):
        raise TypeError(explain("map_structure: `func` must be callable.", received=repr(func)))
    if not structures:
        raise ValueError("map_structure: at least one structure is needed.")
    for other in structures[1:]:
        assert_same_structure(structures[0], other)

    def call(*leaves: Any) -> Any:
        return None if not none_is_leaf and all(leaf is None for leaf in leaves) else func(*leaves)

    columns = zip(*(flatten(structure) for structure in structures), strict=True)
    return pack_sequence_as(structures[0], [call(*leaves) for leaves in columns])


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """A function of the parts at the places of the leaves of a shallow structure, in that structure."""
    if not structures:
        raise ValueError("map_structure_up_to: at least one structure is needed.")
    parts = _children(shallow_structure)
    if parts is None:
        return func(*structures)
    below = []
    for structure in structures:
        found = _children(structure)
        if found is None or [key for key, _ in found] != [key for key, _ in parts]:
            raise ValueError(explain(
                "map_structure_up_to: the structures are not alike.",
                expected=repr(shallow_structure)[:200], received=repr(structure)[:200],
            ))  # fmt: skip
        below.append([part for _, part in found])
    made = [map_structure_up_to(part, func, *each) for (_, part), *each in zip(parts, *below)]
    return _rebuild(shallow_structure, made)


def assert_same_structure(a: Any, b: Any, check_types: Any = None) -> None:
    """Refuses two structures that differ in more than their leaves; `check_types` has no effect any more.

    Raises:
        ValueError: Where they differ, saying where.
    """
    _compare(a, b, (), kinds=True)


def assert_same_paths(a: Any, b: Any) -> None:
    """Refuses two structures whose leaves are not reached by the same keys; a list may stand for a tuple.

    Raises:
        ValueError: Where they differ, saying where.
    """
    _compare(a, b, (), kinds=False)


def _kind(value: Any) -> type:
    return dict if isinstance(value, Mapping) else type(value)


def _compare(a: Any, b: Any, path: tuple[Any, ...], kinds: bool) -> None:
    first, second = _children(a), _children(b)
    if not kinds and first is not None and second is not None:
        others = dict(second)
        if set(others) == {key for key, _ in first}:  # in whatever order
            second = [(key, others[key]) for key, _ in first]
    keys = [None if parts is None else [key for key, _ in parts] for parts in (first, second)]
    differ = keys[0] != keys[1] or (kinds and first is not None and _kind(a) is not _kind(b))
    if differ:
        where = f" at {'/'.join(map(str, path))}" if path else ""
        alike = "nested form" if kinds else "paths"
        raise ValueError(explain(
            f"The structures don't have the same {alike}{where}.", expected=f"{type(a).__name__} {a!r}"[:200],
            received=f"{type(b).__name__} {b!r}"[:200],
        ))  # fmt: skip
    for (key, part), (_, other) in zip(first or (), second or ()):
        _compare(part, other, (*path, key), kinds)


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """A structure in which a function replaces parts.

    Args:
        func: Called for every part, the whole and the leaves included; None keeps the part, MAP_TO_NONE makes it None.
        structure: Any structure.
        top_down: Whether a part is asked before its own parts; what replaces it is then not looked into.
    """

    def replaced(value: Any, below: Callable[[Any], Any]) -> Any:
        found = func(value)
        if found is None:
            return below(value)
        return None if found is MAP_TO_NONE else found

    def into(value: Any) -> Any:
        parts = _children(value)
        return value if parts is None else _rebuild(value, [traverse(func, part, top_down) for _, part in parts])

    return replaced(structure, into) if top_down else replaced(into(structure), lambda value: value)


def lists_to_tuples(structure: Any) -> Any:
    """The structure with tuples for lists."""
    return traverse(
        lambda value: tuple(value) if isinstance(value, list) else None, structure, top_down=False
    )


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """A function of the shapes in a structure: tuples and lists of integers and None are leaves, too."""
    parts = _children(structure)
    if parts is None or (isinstance(structure, (list, tuple)) and is_shape(structure)):
        return func(structure)
    return _rebuild(structure, [map_shape_structure(func, part) for _, part in parts])


__all__ = [
    "MAP_TO_NONE", "assert_same_paths", "assert_same_structure", "flatten", "flatten_with_path", "is_nested",
    "lists_to_tuples", "map_shape_structure", "map_structure", "map_structure_up_to", "pack_sequence_as", "traverse",
]  # fmt: skip
