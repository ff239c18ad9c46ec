"""The graph of objects that a checkpoint is of: which objects have which children, and which of them hold values.

Children go by the names that TensorFlow gives them: attributes, positions in lists, keys of dicts. A class says which
it has with `_trackable_children()`; one that holds values itself gives and takes them with `_serialize_to_tensors()`
and `_restore_from_tensors(values)`.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from weft.base.errors import InvalidArgumentError, explain
from weft.base.shapes import TensorShape
from weft.formats.messages.checkpoint import TrackableObjectGraph
from weft.runtime import context, processes
from weft.runtime.module import Module
from weft.runtime.variable import Variable

GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
VALUE = "VARIABLE_VALUE"
_PYTHON_STATE = "py_state"
_FOLDER = ".ATTRIBUTES"


class PythonState(abc.ABC):
    """State of a program's own in checkpoints: subclasses say how it becomes a string and back.

    Example:
        >>> import weft as tf
        >>> class Words(tf.train.experimental.PythonState):
        ...     words = ["a"]
        ...     def serialize(self):
        ...         return " ".join(self.words)
        ...     def deserialize(self, string_value):
        ...         self.words = string_value.decode().split()
        >>> import tempfile
        >>> first, second = Words(), Words()
        >>> first.words = ["b", "c"]
        >>> path = tf.train.Checkpoint(words=first).write(tempfile.mkdtemp() + "/ckpt")
        >>> _ = tf.train.Checkpoint(words=second).read(path)
        >>> second.words
        ['b', 'c']
    """

    @abc.abstractmethod
    def serialize(self) -> Any:
        """The state as a string."""

    @abc.abstractmethod
    def deserialize(self, string_value: bytes) -> None:
        """Takes a state."""

    def _serialize_to_tensors(self) -> dict[str, Any]:
        given = self.serialize()
        return {_PYTHON_STATE: np.array(given.encode() if isinstance(given, str) else given, object)}

    def _restore_from_tensors(self, values: Mapping[str, Any]) -> None:
        self.deserialize(np.asarray(values[_PYTHON_STATE]).item())


def is_trackable(value: Any) -> bool:
    """Whether a value may stand in the graph: it holds values, has children, or is a container of such."""
    return isinstance(value, (Variable, Module, list, dict)) or (
        any(hasattr(type(value), name) for name in ("_trackable_children", "_serialize_to_tensors"))
        or (isinstance(value, tuple) and any(is_trackable(item) for item in value))
    )


def holds_values(value: Any) -> bool:
    """Whether an object has values of its own in checkpoints."""
    return isinstance(value, Variable) or hasattr(type(value), "_serialize_to_tensors")


def children_of(value: Any) -> dict[str, Any]:
    """The children of an object, by name, in TensorFlow's order."""
    told = getattr(type(value), "_trackable_children", None)
    if told is not None:
        return {name: child for name, child in told(value).items() if is_trackable(child)}
    if isinstance(value, Module):
        return {name: child for name, child in vars(value).items() if _may_lead_on(name, child)}
    if isinstance(value, dict):
        return _members(value)
    if isinstance(value, (list, tuple)):
        fields = getattr(value, "_fields", None)
        named = zip(fields, value, strict=True) if fields else enumerate(value)
        return {str(name): item for name, item in named if is_trackable(item)}
    return {}


def alias_of(value: Any, name: str) -> Any:
    """The child that an object had under another name in older files; None where there is none."""
    told = getattr(type(value), "_trackable_aliases", None)
    return None if told is None else told(value).get(name)


def _may_lead_on(name: str, child: Any) -> bool:
    return name not in ("_name", "_name_scope") and is_trackable(child)


def _members(value: dict[Any, Any]) -> dict[str, Any]:
    found = {key: child for key, child in value.items() if is_trackable(child)}
    for key, child in found.items():
        if not isinstance(key, str) and leads_to_values(child):
            raise ValueError(
                explain("A dict in the objects of a checkpoint has a key that is no string, and its value holds "
                        "variables: they would have no name in the file.", received=f"the key {key!r}",
                        hint=f"use str({key!r}) as the key")  # fmt: skip
            )
    return {key: child for key, child in found.items() if isinstance(key, str)}


def leads_to_values(value: Any, seen: set[int] | None = None) -> bool:
    """Whether an object or one that it leads to holds values."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return False
    seen.add(id(value))
    return holds_values(value) or any(leads_to_values(child, seen) for child in children_of(value).values())


def values_of(value: Any, cut: bool = False) -> dict[str, Any]:
    """The values that an object itself holds, by attribute; nothing for one that holds none.

    Args:
        value: The object.
        cut: Whether the value of a variable that lies cut over several processes stays so.

    Raises:
        InvalidArgumentError: For a variable without a value.
    """
    if isinstance(value, Variable):
        pieces = processes.cut(value._cell) if cut else None
        if pieces is not None:
            return {VALUE: pieces}
        array = value._present()
        if array is None:
            raise InvalidArgumentError(explain(f"Variable `{value.name}` has no value yet and cannot be saved.",
                                               hint="give it one with assign"))  # fmt: skip
        return {VALUE: array}
    if holds_values(value):
        with context.open_scope(None):
            found: dict[str, Any] = value._serialize_to_tensors()
        return {name: part.numpy() if hasattr(part, "numpy") else part for name, part in found.items()}
    return {}


def refusal(value: Any, values: Mapping[str, Any], path: str, file: str) -> Exception | None:
    """What is wrong with giving values of a checkpoint to an object; None where nothing is."""
    if not isinstance(value, Variable) or VALUE not in values:
        return None
    array = values[VALUE]
    label = f"variable `{value.name}` ({path})"
    if not value.shape.is_compatible_with(array.shape):
        return ValueError(
            explain(f"Received incompatible tensor with shape {array.shape} when attempting to restore {label} with "
                    f"shape {value.shape}.", hint=f"build the object as it was when {file} was saved")  # fmt: skip
        )
    if value.dtype.numpy != array.dtype:
        return InvalidArgumentError(
            explain(f"The {label} cannot take its value of {file}.", expected=value.dtype.name,
                    received=f"{array.dtype.name} {TensorShape(array.shape)}",
                    hint="make the variable with the dtype that was saved")  # fmt: skip
        )
    return None


def restore_values(value: Any, values: Mapping[str, Any]) -> None:
    """Gives an object values of a checkpoint; see `refusal`."""
    with context.open_scope(None):
        if isinstance(value, Variable):
            if VALUE in values:
                value.assign(values[VALUE])
        else:
            value._restore_from_tensors(values)


def escaped(name: str) -> str:
    """A child's name as it stands in keys."""
    return name.replace(".", "..").replace("/", ".S")


class ObjectGraph:
    """All objects that a root leads to, each once, nearest first.

    Args:
        root: The root.
        extra: Further children of the root.
        children: Gives the children of an object.
    """

    def __init__(self, root: Any, extra: Mapping[str, Any] | None = None,
                 children: Callable[[Any], dict[str, Any]] = children_of) -> None:  # fmt: skip
        self.objects: list[Any] = [root]
        self.paths: list[tuple[str, ...]] = [()]
        self.children: list[list[tuple[str, int]]] = []
        places = {id(root): 0}
        for place, value in enumerate(self.objects):  # grows while it is gone through
            named = children(value)
            if place == 0 and extra:
                named = {**named, **extra}
            links = []
            for name, child in named.items():
                number = places.get(id(child))
                if number is None:
                    number = places[id(child)] = len(self.objects)
                    self.objects.append(child)
                    self.paths.append((*self.paths[place], name))
                links.append((name, number))
            self.children.append(links)

    def path(self, place: int) -> str:
        """An object's path as text."""
        return "/".join(escaped(name) for name in self.paths[place])

    def record(self, cut: bool = False) -> tuple[TrackableObjectGraph, dict[str, Any]]:
        """The graph as checkpoints hold it, and the values by their keys.

        Args:
            cut: Whether what lies cut over several processes stays so, as a `processes.Cut`.
        """
        proto = TrackableObjectGraph()
        tensors: dict[str, Any] = {}
        values = [values_of(value, cut) for value in self.objects]
        lead = self._leading(values)
        for place, value in enumerate(self.objects):
            node = proto.nodes.add()
            for name, number in self.children[place]:
                node.children.add(node_id=number, local_name=name)
            for name, array in values[place].items():
                key = "/".join(part for part in (self.path(place), _FOLDER, escaped(name)) if part)
                node.attributes.add(name=name, full_name=_full_name(value), checkpoint_key=key)
                tensors[key] = array
            node.has_checkpoint_values.value = lead[place]
        return proto, tensors

    def _leading(self, values: list[dict[str, Any]]) -> list[bool]:
        """Whether each object or one behind it has values."""
        lead = [bool(found) for found in values]
        changed = True
        while changed:
            changed = False
            for place in reversed(range(len(lead))):
                if not lead[place] and any(lead[number] for _, number in self.children[place]):
                    lead[place] = changed = True
        return lead


def _full_name(value: Any) -> str:
    if not isinstance(value, Variable):
        return ""
    path = getattr(value, "path", None)
    return str(path) if path is not None else value.name.removesuffix(":0")
