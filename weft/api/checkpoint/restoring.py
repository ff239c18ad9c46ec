"""Gives a graph of objects the values of a checkpoint, and those that are made later theirs."""

from __future__ import annotations

import os
import weakref
from collections import deque
from collections.abc import Iterable
from typing import Any, Self

import numpy as np

from weft.api.checkpoint.objects import (
    GRAPH_KEY,
    ObjectGraph,
    alias_of,
    children_of,
    escaped,
    holds_values,
    is_trackable,
    refusal,
    restore_values,
)
from weft.base.errors import DataLossError, NotFoundError, explain, nearest
from weft.formats import bundle
from weft.formats.messages.checkpoint import TrackableObjectGraph
from weft.runtime import tracking
from weft.runtime.variable import Variable

_SHOWN = 10
_INSIDE = ""  # in the place of a name: something is to come in a list or dict
#: what TensorFlow calls the position of a dataset's iterator; it stands under another key than the one it notes
_ITERATOR = "ITERATOR"


def open_checkpoint(path: str) -> bundle.BundleReader:
    """A reader of a checkpoint, or of the variables of a SavedModel's folder."""
    inside = os.path.join(path, "variables", "variables")
    return bundle.BundleReader(inside if os.path.isdir(path) and bundle.checkpoint_exists(inside) else path)


def object_graph(reader: bundle.BundleReader, path: str) -> TrackableObjectGraph | None:
    """The graph of objects in a checkpoint; None in one that `Saver` of version 1 wrote."""
    if GRAPH_KEY not in reader:
        return None
    try:
        return TrackableObjectGraph.FromString(reader.read(GRAPH_KEY).item())
    except DataLossError as error:
        raise DataLossError(f"Checkpoint {path}: its graph of objects is damaged: {error}") from None


class WaitingList(list[Any]):
    """A list to which objects will be added that a restored checkpoint has values for."""

    _changed: Any = None

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed()

    def append(self, item: Any) -> None:
        """Adds an item."""
        super().append(item)
        self._tell()

    def extend(self, items: Iterable[Any]) -> None:
        """Adds items."""
        super().extend(items)
        self._tell()

    def insert(self, index: Any, item: Any) -> None:
        """Adds an item before another."""
        super().insert(index, item)
        self._tell()

    def __iadd__(self, items: Iterable[Any]) -> Self:  # type: ignore[misc]  # as a list's own
        self.extend(items)
        return self

    def __setitem__(self, index: Any, item: Any) -> None:
        super().__setitem__(index, item)
        self._tell()

    def __reduce__(self) -> Any:
        return list, (list(self),)


class WaitingDict(dict[Any, Any]):
    """A dict, likewise."""

    _changed: Any = None

    def __setitem__(self, key: Any, item: Any) -> None:
        super().__setitem__(key, item)
        if self._changed is not None:
            self._changed()

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Adds items."""
        super().update(*args, **kwargs)
        if self._changed is not None:
            self._changed()

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The item of a key, which is added where it is missing."""
        if key not in self:
            self[key] = default
        return self[key]

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


class Restoration:
    """One checkpoint on its way into objects.

    Args:
        path: The checkpoint, as errors name it.
        reader: Its reader, which stays open as long as objects may come that wait for values.
        proto: Its graph of objects.
    """

    def __init__(self, path: str, reader: bundle.BundleReader, proto: TrackableObjectGraph) -> None:
        self.path, self.reader, self.proto = path, reader, proto
        self._links = [[(child.local_name, child.node_id) for child in node.children] for node in proto.nodes]
        if any(not 0 <= number < len(self._links) for links in self._links for _, number in links):
            raise DataLossError(f"Checkpoint {path}: its graph of objects refers to objects that it does not have.")
        self.bound: dict[int, Any] = {}  # number in the file -> weak reference to the object, or None
        self.restored: set[int] = set()  # those whose values were given to somebody
        self._refused: set[int] = set()
        self._count = sum(bool(node.attributes) for node in proto.nodes)
        self._lacking: dict[int, set[str]] = {}  # object, by its id -> the names of children that are still to come
        self._waits: dict[int, int] = {}  # object, by its id -> its number in the file

    # Matching

    def visit(self, root: Any, number: int, extra: dict[str, Any] | None = None) -> None:
        """Gives an object and those behind it their values: all of them, or, where one does not fit, none.

        Args:
            root: The object.
            number: Its number in the file.
            extra: Further children.

        Raises:
            ValueError: Where a shape differs; names the variable and both shapes.
            InvalidArgumentError: Where a dtype differs.
            DataLossError: Where the file is damaged.
        """
        queue: deque[tuple[Any, int, str, Any]] = deque([(root, number, self._name(number), root)])
        seen: set[tuple[int, int]] = set()
        chosen: list[tuple[Any, int, str]] = []
        kept: list[Any] = []  # containers made on the way, so that no other gets their number
        taken: set[int] = set(self._refused)
        awaited: list[Any] = []
        while queue:
            value, place, path, owner = queue.popleft()
            if (id(value), place) in seen:
                continue
            seen.add((id(value), place))
            kept.append(value)
            if holds_values(value):
                if place not in self.restored and place not in taken:
                    taken.add(place)
                    chosen.append((value, place, path))
                elif place in self.restored:
                    continue
            self._bind(value, place)
            children = children_of(value)
            if extra is not None and value is root:
                children = {**children, **extra}
            owner = self._owner(value, place, owner, children)
            for name, child_place in self._links[place]:
                child = children.get(name)
                child = alias_of(value, name) if child is None else child
                if child is None:
                    awaited.append(owner)
                    # what a list or dict lacks is looked for whenever the object that holds it changes
                    self._lacking.setdefault(id(owner), set()).add(name if value is owner else _INSIDE)
                else:
                    child = self._watched(value, name, child, child_place, owner, awaited)
                    queue.append((child, child_place, f"{path}/{escaped(name)}" if path else escaped(name), owner))
        self._assign(chosen)
        for owner in awaited:
            tracking.wait(owner, self.look_again)

    def _name(self, number: int) -> str:
        return "" if number == 0 else f"object {number}"

    def _bind(self, value: Any, place: int) -> None:
        try:
            self.bound[place] = weakref.ref(value)
        except TypeError:
            self.bound[place] = None

    def _owner(self, value: Any, place: int, owner: Any, children: dict[str, Any]) -> Any:
        """The object whose attributes are waited for, for the sake of this one: itself unless it is a container."""
        if isinstance(value, (list, tuple, dict)):
            return owner
        self._waits[id(value)] = place
        return value

    def _watched(self, parent: Any, name: str, child: Any, place: int, owner: Any, awaited: list[Any]) -> Any:
        """A list or dict that has fewer items than the file, in the form that tells of new ones."""
        if type(child) not in (list, dict) or isinstance(parent, (list, tuple, dict)):
            return child
        held = children_of(child)
        if all(link in held for link, _ in self._links[place]) or vars(parent).get(name) is not child:
            return child
        watched: Any = WaitingList(child) if type(child) is list else WaitingDict(child)
        setattr(parent, name, watched)
        mine, of_owner = weakref.WeakMethod(self.look_again), weakref.ref(owner)

        def changed() -> None:
            look, present = mine(), of_owner()
            if look is not None and present is not None:
                look(present)

        watched._changed = changed
        awaited.append(owner)
        self._lacking.setdefault(id(owner), set()).add(_INSIDE)
        return watched

    def look_again(self, owner: Any) -> None:
        """Looks for children that an object has got since."""
        place = self._waits.get(id(owner))
        if place is None:
            return
        lacking = self._lacking.get(id(owner), {_INSIDE})
        if self.complete():
            tracking.stop_waiting(owner, self.look_again)
        elif _INSIDE in lacking or self._has_any(owner, lacking):
            self._lacking.pop(id(owner), None)
            self.visit(owner, place)

    def _has_any(self, owner: Any, names: set[str]) -> bool:
        """Whether an object has one of these children by now."""
        children = children_of(owner)
        return any(name in children or alias_of(owner, name) is not None for name in names)

    def complete(self) -> bool:
        """Whether all values of the file were given to somebody."""
        return len(self.restored) == self._count

    # Values

    def _assign(self, chosen: list[tuple[Any, int, str]]) -> None:
        """Reads the values of objects, and gives them once all have turned out to fit."""
        read = []
        for value, place, path in chosen:
            attributes = self.proto.nodes[place].attributes
            if not attributes:
                continue
            values = {part.name: self._read(part.checkpoint_key, path) for part in attributes
                      if part.name != _ITERATOR or part.checkpoint_key in self.reader}  # fmt: skip
            problem = refusal(value, values, path or "the root", f"checkpoint {self.path}")
            if problem is not None:
                self._refused.add(place)  # told once, and not again with each attribute that is set
                raise problem
            read.append((value, place, values))
        for value, place, values in read:
            restore_values(value, values)
            self.restored.add(place)
        if self.complete():
            self.reader.close()

    def _read(self, key: str, path: str) -> Any:
        if key not in self.reader:
            raise NotFoundError(f"Checkpoint {self.path} has no value {key!r}, which its objects name for `{path}`.")
        return np.asarray(self.reader.read(key))

    def object_of(self, place: int) -> Any:
        """The object that a number of the file was bound to, while it lives."""
        found = self.bound.get(place)
        return None if found is None else found()

    def path_of(self, place: int) -> str:
        """How an object of the file is reached from its root."""
        paths: dict[int, str] = {0: "(root)"}
        queue = deque([0])
        while queue:
            number = queue.popleft()
            for name, child in self._links[number]:
                if child not in paths:
                    paths[child] = f"{paths[number]}.{name}"
                    queue.append(child)
        return paths.get(place, f"object {place}")

    def unresolved(self) -> list[str]:
        """The paths of what the file has values for and nobody took."""
        return [self.path_of(place) for place, node in enumerate(self.proto.nodes)
                if node.attributes and place not in self.restored]  # fmt: skip


class LoadStatus:
    """What `restore` returns: asks whether everything found its place.

    Methods other than `expect_partial` return the status itself or raise AssertionError.
    """

    def __init__(self, restoration: Restoration, root: Any, extra: dict[str, Any]) -> None:
        self._restoration, self._root, self._extra = restoration, root, extra
        self._expects_less = False

    def assert_consumed(self) -> LoadStatus:
        """Asserts that every value of the checkpoint went somewhere, and every variable got one."""
        self._look_again()
        left = self._restoration.unresolved()
        if left:
            shown = ", ".join(left[:_SHOWN]) + (f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else "")
            raise AssertionError(
                explain(f"Unresolved object in checkpoint {shown}: the checkpoint {self._restoration.path} has values "
                        "for what the program has not (or has not made yet).",
                        hint="call expect_partial() where that is meant")  # fmt: skip
            )
        return self.assert_existing_objects_matched()

    def assert_existing_objects_matched(self) -> LoadStatus:
        """Asserts that every variable there is got a value."""
        self._look_again()
        bound = {id(found) for found in map(self._restoration.object_of, self._restoration.restored)}
        graph = ObjectGraph(self._root, self._extra)
        missing = [(graph.path(place) or "(root)", value) for place, value in enumerate(graph.objects)
                   if holds_values(value) and id(value) not in bound and not self._is_counter(value)]  # fmt: skip
        if missing:
            known = [key.split("/.ATTRIBUTES/")[0] for key in self._restoration.reader.names()]
            names = ", ".join(f"{path} ({_shown(value)})" for path, value in missing[:_SHOWN])
            raise AssertionError(
                explain(f"Found {len(missing)} Python objects that were not bound to checkpointed values, likely due "
                        f"to changes in the Python program. Showing {min(_SHOWN, len(missing))} of {len(missing)} "
                        f"unmatched objects: {names}. {nearest(missing[0][0], known)}",
                        hint="tf.train.list_variables(path) shows what the checkpoint holds")  # fmt: skip
            )
        return self

    def _is_counter(self, value: Any) -> bool:
        """Whether a variable is the counter of saves, which checkpoints of `write` do not have."""
        return value is self._extra.get("save_counter")

    def assert_nontrivial_match(self) -> LoadStatus:
        """Asserts that something got a value."""
        self._look_again()
        if not self._restoration.restored:
            raise AssertionError(explain("Nothing except the root object matched a checkpointed value.",
                                         hint="are the names those under which it was saved?"))  # fmt: skip
        return self

    def expect_partial(self) -> LoadStatus:
        """Says that the program takes only a part of the checkpoint."""
        self._expects_less = True
        return self

    def initialize_or_restore(self, session: Any = None) -> None:
        """Everything was restored already."""

    def run_restore_ops(self, session: Any = None) -> None:
        """Everything was restored already."""

    def _look_again(self) -> None:
        self._restoration.visit(self._root, 0, self._extra)


class NothingLoaded:
    """What `restore(None)` returns: nothing was restored."""

    _MESSAGE = "No checkpoint specified (save_path=None); nothing is being restored."

    def assert_consumed(self) -> Any:
        """Raises: there was no checkpoint."""
        raise AssertionError(self._MESSAGE)

    assert_existing_objects_matched = assert_nontrivial_match = assert_consumed

    def expect_partial(self) -> NothingLoaded:
        """Returns itself."""
        return self

    def initialize_or_restore(self, session: Any = None) -> None:
        """Variables have their values already."""

    def run_restore_ops(self, session: Any = None) -> None:
        """Raises: there was no checkpoint."""
        raise AssertionError(self._MESSAGE)


class NamedStatus:
    """What `restore` returns for a checkpoint of version 1's `Saver`, whose values are matched by variables' names."""

    def __init__(self, path: str, unused: list[str], missing: list[str]) -> None:
        self._path, self._unused, self._missing = path, unused, missing

    def assert_consumed(self) -> NamedStatus:
        """Asserts that every value of the checkpoint went to a variable, and every variable got one."""
        if self._unused:
            raise AssertionError(f"Some values of the checkpoint {self._path} were not used: "
                                 f"{', '.join(self._unused[:_SHOWN])}.")  # fmt: skip
        return self.assert_existing_objects_matched()

    def assert_existing_objects_matched(self) -> NamedStatus:
        """Asserts that every variable got a value."""
        if self._missing:
            raise AssertionError(f"The checkpoint {self._path} has no values for {', '.join(self._missing[:_SHOWN])}.")
        return self

    def assert_nontrivial_match(self) -> NamedStatus:
        """The same."""
        return self.assert_existing_objects_matched()

    def expect_partial(self) -> NamedStatus:
        """Returns itself."""
        return self

    def initialize_or_restore(self, session: Any = None) -> None:
        """Everything was restored already."""


def restore_by_name(path: str, reader: bundle.BundleReader, graph: ObjectGraph) -> NamedStatus:
    """Gives variables the values that stand under their names in a checkpoint of version 1."""
    names = set(reader.names())
    chosen, missing = [], []
    for value in graph.objects:
        if isinstance(value, Variable):
            name = value.name.removesuffix(":0")
            if name not in names:
                missing.append(name)
                continue
            values = {"VARIABLE_VALUE": np.asarray(reader.read(name))}
            problem = refusal(value, values, name, f"checkpoint {path}")
            if problem is not None:
                raise problem
            names.discard(name)
            chosen.append((value, values))
    for value, values in chosen:
        restore_values(value, values)
    return NamedStatus(path, sorted(names), missing)


def _shown(value: Any) -> str:
    if isinstance(value, Variable):
        return f"variable `{value.name}` {value.shape}"
    return type(value).__name__


__all__ = ["LoadStatus", "NamedStatus", "NothingLoaded", "Restoration", "is_trackable", "object_graph",
           "open_checkpoint", "restore_by_name"]  # fmt: skip
