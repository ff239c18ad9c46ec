"""Nested structures: tuples, lists, dicts, named tuples and registered classes, taken apart and put together again.

Dicts are walked in sorted key order, as TensorFlow does, so that equal structures give their leaves in one order.
None is a leaf.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

#: class -> (flatten: object -> (children, aux), unflatten: (aux, children) -> object)
_registered: dict[type, tuple[Callable[[Any], tuple[list[Any], Any]], Callable[[Any, list[Any]], Any]]] = {}


def register(
    cls: type, flatten: Callable[[Any], tuple[list[Any], Any]], unflatten: Callable[[Any, list[Any]], Any]
) -> None:
    """Makes a class a structure: `flatten(object)` gives its children and what else it takes to rebuild it."""
    _registered[cls] = (flatten, unflatten)
    _leaves.discard(cls)


def _is_namedtuple(value: object) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def sorted_keys(mapping: Mapping[Any, Any]) -> list[Any]:
    """The keys in sorted order; in their own order where they cannot be compared."""
    try:
        return sorted(mapping)
    except TypeError:
        return list(mapping)


def is_nested(value: object) -> bool:
    """Whether a value has parts of its own, as opposed to being a leaf."""
    return isinstance(value, (tuple, list, Mapping)) or type(value) in _registered


def children(value: Any) -> list[tuple[Any, Any]] | None:
    """The (key, part) pairs one level down, or None for a leaf."""
    kind = type(value)
    if kind in _leaves:
        return None
    if type(value) in _registered:
        return list(enumerate(_registered[type(value)][0](value)[0]))
    if isinstance(value, Mapping):
        return [(key, value[key]) for key in sorted_keys(value)]
    if _is_namedtuple(value):
        return list(zip(value._fields, value, strict=True))
    if isinstance(value, (tuple, list)):
        return list(enumerate(value))
    if kind.__module__.startswith(_LASTING):
        _leaves.add(kind)
    return None


#: classes whose objects have turned out to be leaves: asking whether they are mappings takes long
_leaves: set[type] = set()
_LASTING = ("weft.", "numpy", "builtins")


def rebuild(like: Any, parts: list[Any]) -> Any:
    """A structure of the same kind one level deep, with other parts (in the order of `children`)."""
    if type(like) in _registered:
        flat, unflatten = _registered[type(like)]
        return unflatten(flat(like)[1], parts)
    if isinstance(like, Mapping):
        by_key = dict(zip(sorted_keys(like), parts, strict=True))
        ordered = [(key, by_key[key]) for key in like]
        if isinstance(like, OrderedDict):
            return OrderedDict(ordered)
        if type(like) is dict:
            return dict(ordered)
        if type(like) is defaultdict:
            return defaultdict(like.default_factory, ordered)
        try:
            return type(like)(ordered)  # type: ignore[call-arg]
        except TypeError:
            return dict(ordered)
    if _is_namedtuple(like):
        return type(like)(*parts)
    return type(like)(parts) if type(like) in (tuple, list) else (tuple if isinstance(like, tuple) else list)(parts)


def flatten(structure: Any) -> list[Any]:
    """The leaves, left to right."""
    found = children(structure)
    if found is None:
        return [structure]
    return [leaf for _, part in found for leaf in flatten(part)]


def flatten_with_path(structure: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves with the keys that lead to them."""
    found = children(structure)
    if found is None:
        return [(path, structure)]
    return [item for key, part in found for item in flatten_with_path(part, (*path, key))]


def pack(structure: Any, leaves: Iterable[Any]) -> Any:
    """The structure with other leaves.

    Raises:
        ValueError: Where the number of leaves differs.
    """
    supply = iter(leaves)
    try:
        packed = _pack(structure, supply)
    except StopIteration:
        raise ValueError(f"Too few values for the structure: it has {len(flatten(structure))} leaves.") from None
    if next(supply, supply) is not supply:
        raise ValueError(f"Too many values for the structure: it has {len(flatten(structure))} leaves.")
    return packed


def _pack(structure: Any, supply: Iterator[Any]) -> Any:
    found = children(structure)
    if found is None:
        return next(supply)
    parts = []
    for _, part in found:
        parts.append(_pack(part, supply))
    return rebuild(structure, parts)


def map_structure(function: Callable[..., Any], *structures: Any) -> Any:
    """Applies a function to the leaves of one or several structures of the same form."""
    first, *others = structures
    for other in others:
        assert_same(first, other)
    columns = zip(*(flatten(structure) for structure in structures), strict=True)
    return pack(first, [function(*leaves) for leaves in columns])


def assert_same(first: Any, second: Any, check_types: bool = False) -> None:
    """Raises ValueError (TypeError for kinds, where asked) unless both have the same form."""
    left, right = children(first), children(second)
    if (left is None) != (right is None):
        raise ValueError(f"The two structures differ: {_brief(first)} against {_brief(second)}.")
    if left is None or right is None:
        return
    if check_types and type(first) is not type(second):
        raise TypeError(f"The two structures differ in kind: {type(first).__name__} against {type(second).__name__}.")
    if [key for key, _ in left] != [key for key, _ in right]:
        raise ValueError(f"The two structures differ: {_brief(first)} against {_brief(second)}.")
    for (_, a), (_, b) in zip(left, right, strict=True):
        assert_same(a, b, check_types)


def _brief(value: Any) -> str:
    text = repr(map_structure(lambda leaf: type(leaf).__name__, value)) if is_nested(value) else type(value).__name__
    return text if len(text) < 200 else text[:200] + "…"
