"""The state of models in files: which object's variables are at which path, as Keras 3 lays them out.

An object's variables are at the path of attribute names that leads to it; objects in lists and dicts are told apart by
their classes' names. The automatic names of layers play no part, because they differ from one program to the next.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from weft.extend import explain
from weft.keras.core.naming import to_snake_case
from weft.keras.saving import hdf5


class VariablesOut:
    """What an object's `save_own_variables` fills: a mapping from names to values."""

    def __init__(self, file: Any, path: str, name: Any) -> None:
        self._file = file
        self._path = f"{path}/vars" if path else "vars"
        self._group: Any = None
        if isinstance(name, str):
            self._open().attrs["name"] = name

    def _open(self) -> Any:
        if self._group is None:
            self._group = self._file.create_group(self._path)
        return self._group

    def __setitem__(self, key: str, value: Any) -> None:
        hdf5.put_array(self._open(), key, value.numpy() if hasattr(value, "numpy") else value)

    def keys(self) -> list[str]:
        """The names so far."""
        return [] if self._group is None else list(self._group.keys())


class VariablesIn(Mapping[str, Any]):
    """What an object's `load_own_variables` takes from: a mapping from names to arrays, read when asked for."""

    def __init__(self, reader: hdf5.Reader | None, group: Any, path: str) -> None:
        self._reader, self._group, self.path = reader, group, path
        self._keys = [] if group is None or reader is None else reader.keys(group)

    def __getitem__(self, key: str) -> np.ndarray:
        return self.read(key, None)

    def read(self, key: str, shape: tuple[int, ...] | None) -> np.ndarray:
        """The array of a name; where its shape is not the given one, that shape without contents."""
        if self._reader is None or self._group is None:
            raise KeyError(key)
        return self._reader.read(self._group, key, shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def is_saveable(value: Any) -> bool:
    """Whether a value has state of its own in files, or holds objects that have."""
    from weft.keras.layers.layer import Layer
    from weft.keras.optimizers.optimizer import Optimizer

    return isinstance(value, (Layer, Optimizer)) or (
        hasattr(type(value), "save_own_variables") and not isinstance(value, type)
    )


def children(saveable: Any) -> Iterator[tuple[str, Any]]:
    """The attributes that may lead to further objects, in the order in which Keras looks at them."""
    from weft.keras.models.sequential import Sequential

    if isinstance(saveable, Sequential):
        yield "layers", saveable.layers
    elif getattr(saveable, "_graph", None) is not None:  # classes of users' own that hand a graph up, too
        yield "layers", saveable._graph_layers()
    names = getattr(type(saveable), "_saved_names", {})
    found = {names.get(name, name): value for name, value in _attributes(saveable).items()}
    for name in sorted(found, key=lambda name: f"~{name}" if name.startswith("_") else name):
        yield name, found[name]


def _attributes(saveable: Any) -> dict[str, Any]:
    """The object's attributes that hold objects, with the properties that a user's class defines."""
    tracked = getattr(saveable, "_tracked", None)
    found = dict(vars(saveable) if tracked is None else tracked)
    for name in _OWN_BUSINESS:
        found.pop(name, None)
    optimizer = vars(saveable).get("optimizer")
    if optimizer is not None:
        found["optimizer"] = optimizer
    for cls in type(saveable).__mro__:
        if cls.__module__.split(".")[0] == "weft" or cls is object:
            continue
        for name in vars(cls):
            if name.startswith("__") or name in found or callable(vars(cls)[name]):
                continue
            try:
                value = getattr(saveable, name)
            except Exception:
                continue  # a property that cannot be read now leads nowhere
            if is_saveable(value) or isinstance(value, (list, tuple, dict)):
                found[name] = value
    return found


#: attributes of models that repeat what `layers` holds, and those of training
_OWN_BUSINESS = ("_sequence", "_inputs_struct", "_outputs_struct", "_extra_losses", "_extra_metrics", "_given_input",
                 "_metrics", "_state", "history", "metrics", "loss", "loss_weights", "params", "callbacks")  # fmt: skip


def _members(container: Any) -> Iterator[tuple[str, Any]]:
    """The objects and containers in a list or dict, with the names that tell them apart."""
    used: dict[str, int] = {}
    for value in list(container.values()) if isinstance(container, Mapping) else container:
        if is_saveable(value):
            name = getattr(value, "_saved_class", None) or to_snake_case(type(value).__name__)
        elif isinstance(value, (list, tuple, Mapping)):
            name = "container"
        else:
            continue
        count = used.get(name, -1) + 1
        used[name] = count
        yield (f"{name}_{count}" if count else name), value


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


class Writer:
    """Writes the state of an object and of all that it leads to.

    Args:
        file: An open HDF5 file.
        assets: A folder for what is no array; objects that have such are left alone where None.
        skip: Objects that are left out.
    """

    def __init__(self, file: Any, assets: str | None = None, skip: Any = ()) -> None:
        self._file, self._assets = file, assets
        self._visited = {id(value) for value in skip or ()}
        self._containers: list[int] = []

    def write(self, saveable: Any, path: str = "") -> None:
        """Writes an object at a path."""
        if id(saveable) in self._visited:
            return
        self._visited.add(id(saveable))
        if hasattr(saveable, "save_own_variables"):
            saveable.save_own_variables(VariablesOut(self._file, path, getattr(saveable, "name", None)))
        if self._assets is not None and hasattr(saveable, "save_assets"):
            folder = os.path.join(self._assets, *path.split("/")) if path else self._assets
            os.makedirs(folder, exist_ok=True)
            saveable.save_assets(folder)
        for name, value in children(saveable):
            self._write_any(value, _join(path, name))

    def _write_any(self, value: Any, path: str) -> None:
        if is_saveable(value):
            self.write(value, path)
        elif isinstance(value, (list, tuple, Mapping)) and id(value) not in self._containers:
            self._containers.append(id(value))
            for name, member in _members(value):
                self._write_any(member, _join(path, name))
            self._containers.pop()


class Loader:
    """Gives an object and all that it leads to the state that a file holds.

    Args:
        reader: The file.
        assets: The folder of what is no array, if there is any.
        skip: Objects that are left as they are.

    Attributes:
        problems: What could not be loaded: the object's id → the object and the error.
    """

    def __init__(self, reader: hdf5.Reader, assets: str | None = None, skip: Any = ()) -> None:
        self._reader, self._assets = reader, assets
        self._visited = {id(value) for value in skip or ()}
        self._containers: list[int] = []
        self._used: set[str] = set()
        self.problems: dict[int, tuple[Any, Exception]] = {}

    def load(self, saveable: Any, path: str = "") -> None:
        """Loads an object from a path."""
        if id(saveable) in self._visited:
            return
        self._visited.add(id(saveable))  # before its children: they may lead back to it
        failed = self._load_own(saveable, path)
        for name, value in children(saveable):
            self._load_any(value, _join(path, name))
        if failed is not None:
            self.problems[id(saveable)] = (saveable, failed)
            self._visited.discard(id(saveable))  # another path may lead to what it needs
        else:
            self.problems.pop(id(saveable), None)

    def _load_own(self, saveable: Any, path: str) -> Exception | None:
        try:
            if hasattr(saveable, "load_own_variables"):
                saveable.load_own_variables(self._variables(path))
            if self._assets is not None and hasattr(saveable, "load_assets"):
                folder = os.path.join(self._assets, *path.split("/")) if path else self._assets
                saveable.load_assets(folder if os.path.isdir(folder) else None)
        except (ValueError, TypeError, KeyError, OSError, IndexError, AttributeError) as error:
            return error
        return None

    def _variables(self, path: str) -> VariablesIn:
        for candidate in _spellings(path):
            group = self._reader.group(f"{candidate}/vars" if candidate else "vars")
            if group is not None:
                self._used.add(candidate)
                return VariablesIn(self._reader, group, candidate)
        return VariablesIn(None, None, path)

    def _load_any(self, value: Any, path: str) -> None:
        if is_saveable(value):
            self.load(value, path)
        elif isinstance(value, (list, tuple, Mapping)) and id(value) not in self._containers:
            self._containers.append(id(value))
            for name, member in _members(value):
                self._load_any(member, _join(path, name))
            self._containers.pop()

    def unused(self) -> list[str]:
        """Paths in the file with variables that no object took, those of optimizers aside."""
        found: list[str] = []
        self._collect(self._reader.group(""), "", found, set())
        return found

    def _collect(self, group: Any, path: str, found: list[str], seen: set[Any]) -> None:
        place = hdf5.h5py().h5o.get_info(group.id).addr
        if place in seen or len(found) > 20 or path.count("/") > 100:  # groups may lead back to one another
            return
        seen.add(place)
        for key in self._reader.keys(group):
            item = self._reader.find(key, group)
            if item is None or not isinstance(item, hdf5.h5py().Group):
                continue
            if key == "vars":
                if len(item) and path not in self._used and path.split("/")[0] != "optimizer":
                    found.append(path or "(the model itself)")
            else:
                self._collect(item, _join(path, key), found, seen)


def _spellings(path: str) -> Iterator[str]:
    """A path, and what other releases of Keras call it: with and without an underscore, and 2.13's name of layers."""
    yield path
    head, _, last = path.rpartition("/")
    if last:
        yield _join(head, last[1:] if last.startswith("_") else f"_{last}")
    if "layers" in path:
        yield path.replace("layers", "_layer_checkpoint_dependencies")


def describe(saveable: Any) -> str:
    """An object as errors name it."""
    return f"`{getattr(saveable, 'name', '?')}` ({type(saveable).__name__})"


def report(problems: dict[int, tuple[Any, Exception]], name: str, warn_only: bool) -> None:
    """Says what could not be loaded: as one error, or as a warning."""
    if not problems:
        return
    (first, error), *rest = problems.values()
    text = str(error).strip() or type(error).__name__
    message = explain(
        f"`{name}` does not fit the model: {len(problems)} object{'s' if rest else ''} could not be loaded. "
        f"{describe(first)}: {text}",
        received=None if not rest else "also " + ", ".join(describe(found) for found, _ in rest[:10]),
        hint=None if warn_only else "load_weights(..., skip_mismatch=True) leaves out what does not fit",
    )
    if warn_only:
        warnings.warn(message, stacklevel=4)
    else:
        raise ValueError(message) from error
