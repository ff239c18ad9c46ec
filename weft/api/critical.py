"""`tf.CriticalSection`: functions that never run side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class CriticalSection:
    """Runs functions one after the other, whichever threads call them.

    A traced function holds the variables that it touches while it runs, so in a graph nothing more is needed.

    Args:
        name: Its name.
        shared_name: Accepted.
        critical_section_def: Accepted.
        import_scope: Accepted.

    Example:
        >>> import weft as tf
        >>> section, count = tf.CriticalSection(), tf.Variable(0)
        >>> int(section.execute(lambda: count.assign_add(2)))
        2
    """

    def __init__(self, name: str | None = None, shared_name: str | None = None, critical_section_def: Any = None,
                 import_scope: Any = None) -> None:  # fmt: skip
        self._name = name or "critical_section"
        self._lock = threading.Lock()
        self._holder: int | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    def __getstate__(self) -> dict[str, Any]:
        return {"_name": self._name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["_name"])  # type: ignore[misc]

    def execute(self, fn: Callable[[], Any], exclusive_resource_access: bool = True, name: str | None = None) -> Any:
        """What a function without arguments returns, while no other one runs in this section.

        Raises:
            ValueError: Where the function itself is called in this section.
        """
        if self._holder == threading.get_ident():
            raise ValueError(f"Attempting to lock critical section `{self._name}` in which we are running.")
        with self._lock:
            self._holder = threading.get_ident()
            try:
                return fn()
            finally:
                self._holder = None
