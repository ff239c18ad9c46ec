"""The names that a branch or a loop hands on, read and set through the cells of the functions made of its bodies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import CellType
from typing import Any

from weft.autograph.names import Path


class Undefined:
    """Stands for a name that has no value (yet)."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name} is not set>"


class State:
    """Values by path.

    Args:
        paths: What is handed on.
        functions: The bodies; between them they hold all the names.
        more: Cells of the operator's own, by name.
    """

    def __init__(self, paths: Sequence[Path], functions: Sequence[Callable[..., Any]],
                 more: dict[str, CellType] | None = None) -> None:  # fmt: skip
        self._cells: dict[str, CellType | _Global] = dict(more or {})
        for path in paths:  # what is no name of a function around the bodies is their module's
            self._cells[str(path[0])] = _Global(functions[0].__globals__, str(path[0]))
        for function in functions:
            names, cells = function.__code__.co_freevars, function.__closure__ or ()
            self._cells.update(zip(names, cells, strict=True))
        self.paths: list[Path] = list(paths)
        self.paths += [(name,) for name in more or ()]

    @property
    def names(self) -> list[str]:
        """The paths as a user writes them."""
        return [written(path) for path in self.paths]

    def get(self) -> list[Any]:
        """The values now."""
        return [self._get(path) for path in self.paths]

    def set(self, values: Sequence[Any]) -> None:
        """Gives all of them these values; what is Undefined has none then."""
        for path, value in zip(self.paths, values, strict=True):
            self._set(path, value)

    def _get(self, path: Path) -> Any:
        try:
            found = self._cells[str(path[0])].cell_contents
            for kind, key in _steps(path):
                found = found[key] if kind == "[" else getattr(found, str(key))
        except (ValueError, AttributeError, LookupError, TypeError):
            return Undefined(written(path))
        return found

    def _set(self, path: Path, value: Any) -> None:
        cell = self._cells[str(path[0])]
        steps = _steps(path)
        if not steps:
            if not isinstance(value, Undefined):
                cell.cell_contents = value
            else:
                _clear(cell)
            return
        if value is self._get(path) or (isinstance(self._get(path), Undefined) and isinstance(value, Undefined)):
            return
        holder = cell.cell_contents
        for kind, key in steps[:-1]:
            holder = holder[key] if kind == "[" else getattr(holder, str(key))
        kind, key = steps[-1]
        if isinstance(value, Undefined):
            if kind == "[":
                del holder[key]
            else:
                delattr(holder, str(key))
        elif kind == "[":
            holder[key] = value
        else:
            setattr(holder, str(key), value)


def _clear(cell: CellType | _Global) -> None:
    try:
        del cell.cell_contents
    except ValueError:
        pass


class _Global:
    """A name of a module, read and set as the cell of a name of a function is."""

    def __init__(self, names: dict[str, Any], name: str) -> None:
        self._names, self._name = names, name

    @property
    def cell_contents(self) -> Any:
        """The value; ValueError where there is none, as for cells."""
        if self._name not in self._names:
            raise ValueError(self._name)
        return self._names[self._name]

    @cell_contents.setter
    def cell_contents(self, value: Any) -> None:
        self._names[self._name] = value

    @cell_contents.deleter
    def cell_contents(self) -> None:
        if self._names.pop(self._name, self) is self:
            raise ValueError(self._name)


def _steps(path: Path) -> list[tuple[str, str | int]]:
    """How to go from the name to the value: attributes and items."""
    steps: list[tuple[str, str | int]] = []
    rest = list(path[1:])
    while rest:
        part = rest.pop(0)
        if part == "[":
            steps.append(("[", rest.pop(0)))
        else:
            steps.append((".", str(part)[1:]))
    return steps


def written(path: Path) -> str:
    """A path as a user writes it."""
    return str(path[0]) + "".join(f"[{key!r}]" if kind == "[" else f".{key}" for kind, key in _steps(path))
