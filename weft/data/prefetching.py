"""Making elements ahead, in a thread of its own."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

from weft.data.functions import StructuredFunction, debug_mode
from weft.data.nodes import Derived, Flat, Generator, Node, Rows
from weft.data.structure import PipelineHandle, value_of
from weft.runtime.kept_calls import KeptCall

#: handing an element from thread to thread takes about so many seconds, of both
_HANDING_OVER = 3e-4
#: so many elements in a row must have been worth that before there is a thread
_TRIED = 2


_END = object()


class Prefetch(Derived):
    """Makes elements ahead, in a thread of its own, where making them is work."""

    label = "_PrefetchDataset"

    def __init__(self, source: Node, size: Any) -> None:
        super().__init__(source)
        self.size = size

    def rows(self) -> Rows | None:
        return self.source.rows()

    def stacked(self, size: int) -> Iterator[Flat] | None:
        return None if self.works else super().stacked(size)

    def iterate(self) -> Iterator[Flat]:
        size = value_of(self.size)
        if not self.works or size == 0 or debug_mode():
            return self.source.iterate()
        if size > 0:
            return _ahead(self.source, size)
        return _ahead(self.source, 2) if runs_python(self.source) else _where_worth(self.source.iterate())


def _where_worth(elements: Iterator[Flat]) -> Iterator[Flat]:
    """Makes elements when they are asked for, until that and what is done with them both take their time."""
    worth = 0
    asked = time.perf_counter()
    try:
        for flat in elements:
            made = time.perf_counter() - asked
            given = time.perf_counter()
            yield flat
            asked = time.perf_counter()
            worth = worth + 1 if min(made, asked - given) > _HANDING_OVER else 0
            if worth == _TRIED:
                break
        else:
            return
    except BaseException:
        _close(elements)
        raise
    yield from _ahead(elements, 2)


def runs_python(value: Any) -> bool:
    """Whether Python code of the user's makes elements of a plan: it may keep to the thread that it began in."""
    if isinstance(value, StructuredFunction):
        return any(node.op == "py_function" and not isinstance(node.attrs["function"], KeptCall)
                   for node in value.graph.nodes) or runs_python(value._leaves)  # fmt: skip
    if isinstance(value, (list, tuple)):
        return any(map(runs_python, value))
    if isinstance(value, PipelineHandle):
        return runs_python(value._node)
    if isinstance(value, Generator):
        return True
    return isinstance(value, Node) and any(map(runs_python, vars(value).values()))


def _ahead(source: Node | Iterator[Flat], size: int) -> Iterator[Flat]:
    """The elements of a plan, or those that are left of a pass, made by a thread."""
    ready: queue.Queue[Any] = queue.Queue(size)
    stop = threading.Event()
    thread = threading.Thread(target=_fill, args=(source, ready, stop), name="weft-prefetch", daemon=True)
    thread.start()
    try:
        while True:
            item = ready.get()
            if item is _END:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()


def _fill(source: Node | Iterator[Flat], ready: queue.Queue[Any], stop: threading.Event) -> None:
    """Puts a pass' elements into a queue, then the end or what went wrong, until nobody waits for them."""

    def put(item: Any) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    last: Any = _END
    elements = source.iterate() if isinstance(source, Node) else source
    try:
        for flat in elements:
            if not put(flat):
                break
    except BaseException as error:
        last = error
    finally:
        _close(elements)
    put(last)


def _close(elements: Any) -> None:
    close = getattr(elements, "close", None)
    if close is not None:
        close()
