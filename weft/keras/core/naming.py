"""Names: automatic ones (`dense`, `dense_1`), scopes, and the paths of variables."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

from weft.extend import Lock, outermost_graph, set_part
from weft.keras.core import global_state

#: where a new word begins in CamelCase: a capital behind a small letter, or one that small letters follow
_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])")

_lock = Lock()
_counts: dict[str, int] = {}
#: each graph of TensorFlow 1 numbers its own
_counts_of_graphs: WeakKeyDictionary[Any, dict[str, int]] = WeakKeyDictionary()


def _open_scopes() -> list[Scope]:
    """The scopes that are open in this thread, the innermost last."""
    found: list[Scope] = global_state.get_global_attribute("name_scope_stack", [], set_to_default=True)
    return found


def to_snake_case(name: str) -> str:
    """`Conv2DTranspose` → `conv2d_transpose`, `LSTM` → `lstm`."""
    plain = "".join(character for character in name if character.isalnum() or character == "_")
    return _WORD_START.sub("_", plain).lower()


def auto_name(prefix: str) -> str:
    """The prefix when it is asked for first, then `prefix_1`, `prefix_2`, …"""
    count = times(prefix)
    return prefix if count == 0 else f"{prefix}_{count}"


def times(prefix: str) -> int:
    """How often it has been asked about a prefix before."""
    graph = outermost_graph()
    with _lock:
        counts = _counts if graph is None else _counts_of_graphs.setdefault(graph, {})
        count = counts.get(prefix, 0)
        counts[prefix] = count + 1
    return count


def reset_names() -> None:
    """Starts the numbering of automatic names again."""
    with _lock:
        _counts.clear()
        _counts_of_graphs.clear()


class Scope:
    """A name in front of the paths of variables made inside, which may have slashes.

    Args:
        name: The name.
        caller: Whoever opens it; opening it again at once for the same caller changes nothing.
        deduplicate: Whether that is so.
        override_parent: A path that stands in the place of the scopes that are open.
    """

    def __init__(
        self, name: str, caller: object = None, deduplicate: bool = True, override_parent: str | None = None
    ) -> None:
        self.name = name
        self.caller = caller
        self.deduplicate = deduplicate
        self.override_parent = override_parent
        self._before: list[str | None] = []  # one for each time it is entered; None where that changed nothing

    def __enter__(self) -> Scope:
        scopes = _open_scopes()
        inner = scopes[-1] if scopes else None
        known = self.deduplicate and self.caller is not None and inner is not None
        if known and inner is not None and inner.caller is self.caller and inner.name == self.name:
            self._before.append(None)
        else:
            scopes.append(self)
            self._before.append(set_part(current_path()))
        return self

    def __exit__(self, *error: object) -> None:
        before = self._before.pop() if self._before else None
        if before is not None:
            set_part(before)
            scopes = _open_scopes()
            if scopes:  # not so where `clear_session` came in between
                scopes.pop()

    @property
    def _pop_on_exit(self) -> bool:
        """Whether its end takes a name away."""
        return bool(self._before) and self._before[-1] is not None


class name_scope(Scope):
    """Puts a name in front of the paths of variables made inside.

    Args:
        name: The name, without slashes.
        caller: Whoever opens it; opening it again at once for the same caller changes nothing.
        deduplicate: Whether that is so.
        override_parent: A path that stands in the place of the scopes that are open.

    Raises:
        ValueError: `name` is no text, or has a slash.

    Example:
        >>> from weft import keras
        >>> with keras.name_scope("encoder"):
        ...     v = keras.Variable(1.0, name="scale")
        >>> v.path
        'encoder/scale'
    """

    def __init__(
        self, name: str, caller: object = None, deduplicate: bool = True, override_parent: str | None = None
    ) -> None:
        if not isinstance(name, str) or "/" in name:
            raise ValueError(f"name_scope: `name` must be a string without `/`, received {name!r}.")
        super().__init__(name, caller, deduplicate, override_parent)


def path_scope(path: str) -> AbstractContextManager[object]:
    """Puts a path in front of what is made inside, where no scope is open: a layer's own, once it has one."""
    return nullcontext() if not path or _open_scopes() else Scope(path)


def current_path() -> str:
    """The open scopes joined by slashes, from the last one on that says where it begins."""
    found: list[str] = []
    for scope in reversed(_open_scopes()):
        found.append(scope.name)
        if scope.override_parent is not None:
            found.extend(part for part in reversed(scope.override_parent.split("/")) if part)
            break
    return "/".join(reversed(found))


def path_in_graphs() -> str:
    """The open scopes as TensorFlow 1's graphs have them: models of symbolic tensors and cells are left out."""
    found: list[str] = []
    around: object = None
    for scope in _open_scopes():
        caller = scope.caller
        is_cell = caller is not None and getattr(around, "cell", None) is caller
        if getattr(caller, "_names_in_graphs", True) and not is_cell:
            found.append(scope.name)
        around = caller
    return "/".join(found)
