"""Nested structures taken apart as far as another structure goes, and collections that go by identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, MutableSet
from typing import Any

import weft
from weft.base import nest

_is_namedtuple = nest._is_namedtuple
is_nested = is_sequence = is_nested_or_composite = nest.is_nested


def is_mapping(iterable: Any) -> bool:
    """Whether a value is a mapping."""
    return isinstance(iterable, Mapping)


def is_namedtuple(instance: Any, strict: bool = False) -> bool:
    """Whether a value is a named tuple."""
    return nest._is_namedtuple(instance)


def _sequence_like(instance: Any, args: Any) -> Any:
    return nest.rebuild(instance, list(args))


def _yield_sorted_items(iterable: Any) -> Iterator[tuple[Any, Any]]:
    yield from nest.children(iterable) or ()


def _yield_value(iterable: Any) -> Iterator[Any]:
    for _, value in nest.children(iterable) or ():
        yield value


def assert_shallow_structure(
    shallow_tree: Any, input_tree: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Checks that a structure begins with another one: where that has a leaf, it may have anything.

    Raises:
        ValueError: Their lengths or keys differ.
        TypeError: One has a leaf where the other has parts, or their kinds differ.
    """
    for _ in _pairs_up_to(shallow_tree, input_tree, check_types, ()):
        pass


def _pairs_up_to(
    shallow: Any, tree: Any, check_types: bool, path: tuple[Any, ...]
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The parts of a structure that stand where another one has its leaves, with their paths."""
    parts = nest.children(shallow)
    if parts is None:
        yield path, tree
        return
    given = nest.children(tree)
    where = f" at {path}" if path else ""
    if given is None:
        raise TypeError(
            f"The shallow structure has parts{where} (a {type(shallow).__name__}), the other has a "
            f"{type(tree).__name__} there, which has none."
        )
    if check_types and not _same_kind(shallow, tree):
        raise TypeError(
            f"The two structures differ in kind{where}: the shallow one is a {type(shallow).__name__}, "
            f"the other a {type(tree).__name__}."
        )
    if len(parts) != len(given):
        raise ValueError(f"The two structures differ in length{where}: {len(parts)} parts against {len(given)}.")
    by_key = dict(given) if isinstance(shallow, Mapping) and isinstance(tree, Mapping) else None
    for place, (key, part) in enumerate(parts):
        if by_key is not None and key not in by_key:
            raise ValueError(f"The two structures differ in keys{where}: {key!r} is in the shallow one alone.")
        yield from _pairs_up_to(part, by_key[key] if by_key is not None else given[place][1], check_types, (*path, key))


def _same_kind(first: Any, second: Any) -> bool:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return True
    if nest._is_namedtuple(first) and nest._is_namedtuple(second):
        return type(first).__name__ == type(second).__name__ and first._fields == second._fields
    return isinstance(second, type(first)) or isinstance(first, type(second))


def flatten_up_to(
    shallow_tree: Any, input_tree: Any, check_types: bool = True, expand_composites: bool = False
) -> list[Any]:
    """The parts of a structure that stand where another one has its leaves."""
    return [part for _, part in _pairs_up_to(shallow_tree, input_tree, check_types, ())]


def flatten_with_tuple_paths_up_to(
    shallow_tree: Any, input_tree: Any, check_types: bool = True, expand_composites: bool = False
) -> list[tuple[tuple[Any, ...], Any]]:
    """The same, each with the path that leads to it."""
    return list(_pairs_up_to(shallow_tree, input_tree, check_types, ()))


def map_structure_up_to(shallow_tree: Any, func: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
    """Applies a function to what several structures have where a shallow one has its leaves."""
    return map_structure_with_tuple_paths_up_to(shallow_tree, lambda _, *parts: func(*parts), *inputs, **kwargs)


def map_structure_with_tuple_paths_up_to(
    shallow_tree: Any, func: Callable[..., Any], *inputs: Any, check_types: bool = True, expand_composites: bool = False
) -> Any:
    """The same; the function gets the path as well, as its first argument."""
    if not inputs:
        raise ValueError("Give at least one structure to map over.")
    columns = [flatten_up_to(shallow_tree, tree, check_types) for tree in inputs]
    paths = [path for path, _ in nest.flatten_with_path(shallow_tree)]
    results = [func(path, *parts) for path, *parts in zip(paths, *columns, strict=True)]
    return nest.pack(shallow_tree, results)


def map_structure_with_tuple_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Applies a function to leaves and the path that leads to them, as a tuple."""
    return map_structure_with_tuple_paths_up_to(structure[0], func, *structure, **kwargs)


def map_structure_with_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Applies a function to leaves and the path that leads to them, as text with slashes."""
    return map_structure_with_tuple_paths(
        lambda path, *parts: func("/".join(map(str, path)), *parts), *structure, **kwargs
    )


def flatten_with_tuple_paths(structure: Any, expand_composites: bool = False) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves with the paths that lead to them, as tuples."""
    return nest.flatten_with_path(structure)


def flatten_with_joined_string_paths(
    structure: Any, separator: str = "/", expand_composites: bool = False
) -> list[tuple[str, Any]]:
    """The leaves with the paths that lead to them, as text."""
    return [(separator.join(map(str, path)), leaf) for path, leaf in nest.flatten_with_path(structure)]


def yield_flat_paths(nest: Any, expand_composites: bool = False) -> Iterator[tuple[Any, ...]]:
    """The paths that lead to leaves."""
    for path, _ in flatten_with_tuple_paths(nest):
        yield path


def get_traverse_shallow_structure(
    traverse_fn: Callable[[Any], Any], structure: Any, expand_composites: bool = False
) -> Any:
    """The shallow structure of what a function wants to be taken apart.

    Args:
        traverse_fn: For each part True, False, or a structure of these for what is directly below.
        structure: What is walked.

    Returns:
        A structure whose leaves are False where the function said so, and True at leaves it would go into.
    """
    wanted = traverse_fn(structure)
    if not nest.is_nested(structure):
        if not isinstance(wanted, bool):
            raise TypeError(f"traverse_fn gave a {type(wanted).__name__} for a leaf; it takes True or False.")
        return wanted
    if isinstance(wanted, bool) and not wanted:
        return False
    parts = [part for _, part in nest.children(structure) or ()]
    if isinstance(wanted, bool):
        below = [get_traverse_shallow_structure(traverse_fn, part) for part in parts]
    else:
        assert_shallow_structure(wanted, structure)
        flags = [flag for _, flag in nest.children(wanted) or ()]
        below = [
            get_traverse_shallow_structure(traverse_fn, part) if flag else False
            for flag, part in zip(flags, parts, strict=True)
        ]
    return nest.rebuild(structure, below)


def convert_variables_to_tensors(values: Any) -> Any:
    """A structure with what its variables hold in place of them."""
    return nest.map_structure(
        lambda leaf: weft.convert_to_tensor(leaf) if isinstance(leaf, weft.Variable) else leaf, values
    )


# Collections by identity --------------------------------------------------------------------------------------------


class _ObjectIdentityWrapper:
    """A value that equals itself alone, whatever its class says of equality."""

    __slots__ = ("_wrapped",)

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    @property
    def unwrapped(self) -> Any:
        """The value."""
        return self._wrapped

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ObjectIdentityWrapper) and self._wrapped is other._wrapped

    def __hash__(self) -> int:
        return id(self._wrapped)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} wrapping {self._wrapped!r}>"


class Reference(_ObjectIdentityWrapper):
    """A value by identity, for dictionaries; `deref` gives it."""

    __slots__ = ()

    def deref(self) -> Any:
        """The value."""
        return self._wrapped


class ObjectIdentityDictionary(MutableMapping[Any, Any]):
    """A dictionary whose keys go by identity."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._storage: dict[Any, Any] = {}
        self.update(*args, **kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self._storage[_ObjectIdentityWrapper(key)]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._storage[_ObjectIdentityWrapper(key)] = value

    def __delitem__(self, key: Any) -> None:
        del self._storage[_ObjectIdentityWrapper(key)]

    def __len__(self) -> int:
        return len(self._storage)

    def __iter__(self) -> Iterator[Any]:
        return (key.unwrapped for key in self._storage)

    def __repr__(self) -> str:
        return f"ObjectIdentityDictionary({list(self.items())!r})"


class ObjectIdentitySet(MutableSet[Any]):
    """A set whose members go by identity."""

    def __init__(self, *args: Any) -> None:
        self._storage = {_ObjectIdentityWrapper(each): None for each in (args[0] if args else ())}

    def __contains__(self, key: Any) -> bool:
        return _ObjectIdentityWrapper(key) in self._storage

    def __len__(self) -> int:
        return len(self._storage)

    def __iter__(self) -> Iterator[Any]:
        return (key.unwrapped for key in list(self._storage))

    def add(self, value: Any) -> None:
        """Adds a member."""
        self._storage[_ObjectIdentityWrapper(value)] = None

    def discard(self, value: Any) -> None:
        """Takes a member away, if it is one."""
        self._storage.pop(_ObjectIdentityWrapper(value), None)

    def update(self, items: Any) -> None:
        """Adds members."""
        for each in items:
            self.add(each)

    def difference(self, items: Any) -> ObjectIdentitySet:
        """The members that others have not."""
        others = ObjectIdentitySet(items)
        return ObjectIdentitySet(each for each in self if each not in others)

    def intersection(self, items: Any) -> ObjectIdentitySet:
        """The members that others have, too."""
        others = ObjectIdentitySet(items)
        return ObjectIdentitySet(each for each in self if each in others)
