"""Name scopes."""

from __future__ import annotations

from typing import Any

from weft.runtime import context


class NameScope:
    """Puts a name in front of those of the ops made within the block; used as a context manager.

    Args:
        name: The name; one that ends with `/` is taken as the whole path, None or "" leaves all scopes.
        default_name: The name where `name` is None.
        values: Accepted, as in TensorFlow 1.
    """

    def __init__(self, name: str | None, default_name: str | None = None, values: Any = None) -> None:
        self._name = name if name is not None else default_name
        self._before: list[str] = []

    @property
    def name(self) -> str | None:
        """The name."""
        return self._name

    def __enter__(self) -> str:
        stack = context.names()
        self._before = list(stack)
        if not self._name:
            stack.clear()
            return ""
        if self._name.endswith("/"):
            stack[:] = [self._name[:-1]]
        else:
            scope = context.scope()
            wanted = "/".join([*stack, self._name])
            stack[:] = [scope.graph.unique_name(wanted) if scope is not None and not scope.ordered else wanted]
        return "/".join(stack) + "/"

    def __exit__(self, *unused: Any) -> None:
        context.names()[:] = self._before
