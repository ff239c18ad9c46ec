"""Which public names the uses compare, and how each name of a library stands."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from conformance import goldens, store
from conformance.uses import Use, chains
from weft.compat import modules


class Standing(StrEnum):
    AGREES = "agrees"
    IN_KIND = "agrees in kind"  # no values are compared, without a reason
    DIFFERS = "differs on purpose"
    DISAGREES = "disagrees"
    UNCOMPARED = "there, not compared"
    REFUSED = "left out, with a reason"
    MISSING = "missing"
    UNKNOWN = "in neither"


@cache
def _root(dialect: str, first: str) -> Any:
    if dialect == "tf1":
        return modules.root("v1")  # knows the old paths as well: tf.python.framework.ops
    module = importlib.import_module(store.OURS[dialect])
    return module.keras if first == "keras" else module


def resolve(dialect: str, name: str) -> Any:
    """Weft's object of that name; AttributeError where there is none."""
    first, *rest = name.split(".")
    value = _root(dialect, first)
    for depth, part in enumerate(rest, 1):
        try:
            value = getattr(value, part)
        except AttributeError:
            found = modules.resolve("keras", ".".join(rest[:depth])) if dialect == "keras" else None
            if found is None:
                raise
            value = found  # a module that Keras once had: keras.objectives
    return value


def longest(dialect: str, name: str) -> str | None:
    """The longest beginning of a chain that is a public name and no module: methods and attributes fall away."""
    parts = name.split(".")
    value: Any = _root(dialect, parts[0])
    for count, part in enumerate(parts[1:], 1):
        try:
            value = getattr(value, part)
        except AttributeError:
            return None
        if not _is_module(value):
            return ".".join(parts[: count + 1])
    return None


def _is_module(value: Any) -> bool:
    return isinstance(value, type(importlib))


class Coverage:
    """How names stand after a comparison: `problems` has a line for each use that disagrees.

    What the golden files of the test suite compare agrees, unless a use says otherwise. Names that Keras 3 has no more
    are looked for in `older`, which compares with the Keras of TensorFlow 1.15.
    """

    def __init__(
        self, dialect: str, uses: Iterable[Use], problems: Mapping[Use, str | None], older: Coverage | None = None
    ) -> None:
        self.dialect = dialect
        self._older = older
        # Objects, by their id, that a use stands for: an id is theirs while they are kept here.
        self._objects: dict[int, Any] = {}
        self._standings: dict[int | str, set[Standing]] = {}
        for use in uses:
            standing = Standing.AGREES
            if problems[use] is not None:
                standing = Standing.DIFFERS if use.differs else Standing.DISAGREES
            elif use.random and not use.refused and not use.valueless:
                standing = Standing.IN_KIND
            for chain in chains(use.text):
                self._note(chain, standing)
                if dialect == "keras":
                    self._note(chain.removeprefix("tf."), standing)
                for name in {longest(dialect, chain), chain}:
                    try:  # a chain may be a member that has a name of its own: tf.RaggedTensor.from_tensor
                        value = resolve(dialect, name) if name else None
                    except AttributeError:
                        continue
                    if not isinstance(value, (bool, int, float, str, bytes, tuple, type(None))):
                        self._objects[id(value)] = value
                        self._note(id(value), standing)

        self.golden_cases = 0
        for name, count in goldens.compared(dialect).items():
            self.golden_cases += count
            value = resolve(dialect, name)
            self._objects[id(value)] = value
            for key in (name, id(value)):
                self._note(key, Standing.AGREES)

    def _note(self, key: int | str, standing: Standing) -> None:
        self._standings.setdefault(key, set()).add(standing)

    def standing(self, name: str) -> Standing:
        try:
            value = resolve(self.dialect, name)
        except AttributeError as error:
            if Standing.AGREES in self._standings.get(name, ()):
                return Standing.UNKNOWN  # a use of it is refused by both
            reasoned = "\n  next:" in str(error) and "Did you mean" not in str(error)
            return Standing.REFUSED if reasoned else Standing.MISSING
        except Exception:
            return Standing.MISSING
        found = self._standings.get(name) or self._standings.get(id(value), {Standing.UNCOMPARED})
        if found == {Standing.UNCOMPARED} and self._older is not None and name not in store.names(self.dialect):
            return self._older.standing(f"tf.{name}")
        return next(at for at in (Standing.DISAGREES, Standing.DIFFERS, Standing.AGREES, *found) if at in found)
