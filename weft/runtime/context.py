"""What holds for the present thread: the graph under construction (or none: eager), tapes, name scopes, devices."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from weft.base.errors import explain
from weft.ir.graph import Graph, Node, Value

if TYPE_CHECKING:
    from weft.runtime.tape import Tape


class Scope:
    """A graph under construction.

    Attributes:
        graph: The graph.
        outer: The scope in which this one was opened; values of outer scopes are captured.
        ordered: Whether effects run in program order (traced functions) or only by data and the user's own control
            edges (TensorFlow 1).
        captured: The runtime objects behind the graph's captured inputs, by identity.
    """

    def __init__(self, graph: Graph, outer: Scope | None, ordered: bool) -> None:
        self.graph = graph
        self.outer = outer
        self.ordered = ordered
        self.captured: dict[int, tuple[Any, Value]] = {}
        self.control: list[tuple[Node, ...]] = []
        self.names: list[str] = []
        self.lifted: dict[str, Any] = {}
        self._writes: dict[Value, Node] = {}
        self._reads: dict[Value, list[Node]] = {}
        self._host: Node | None = None

    def outermost(self) -> Scope:
        """The scope around all the others in which this one was opened; itself where there is none."""
        found = self
        while found.outer is not None:
            found = found.outer
        return found

    def control_for(self, handles: Sequence[Value], writes: bool, host: bool) -> list[Node]:
        """The nodes that must run before an effect on these resources."""
        before = [node for group in self.control for node in group]
        if not self.ordered:
            return before
        if host:
            before.extend(self._writes.values())
        if (writes or host) and self._host is not None:
            before.append(self._host)
        for handle in handles:
            if handle in self._writes:
                before.append(self._writes[handle])
            if writes:
                before.extend(self._reads.get(handle, ()))
        return before

    def note_effect(self, node: Node, handles: Sequence[Value], writes: bool, host: bool) -> None:
        """Remembers an effect, for those that come after it."""
        if host:
            self._host = node
        for handle in handles:
            if writes:
                self._writes[handle] = node
                self._reads.pop(handle, None)
            else:
                self._reads.setdefault(handle, []).append(node)


class _Local(threading.local):
    def __init__(self) -> None:
        self.scopes: list[Scope | None] = []
        self.default_scope: Scope | None = None
        self.tapes: list[Tape] = []
        self.names: list[str] = []
        self.devices: list[Any] = []
        self.eager_override: list[bool] = []
        self.part = ""
        self.variable_creators: list[Any] = []
        self.names_are_read = False


_local = _Local()
#: Whether threads start in graph mode (TensorFlow 1), and what `==` on tensors asks for.
_process: dict[str, bool] = {"graph_mode": False, "identity_equality": False}
#: both for `dispatch`, which asks at every eager call
local, process = _local, _process


def scope() -> Scope | None:
    """The graph under construction, or None in eager mode."""
    if _local.scopes:
        return _local.scopes[-1]
    return default_scope() if _process["graph_mode"] else None


def in_graph() -> bool:
    """Whether ops are added to a graph of TensorFlow 1 here."""
    found = scope()
    return found is not None and not found.ordered


def default_scope() -> Scope:
    """The scope of TensorFlow 1's default graph, of which each thread has its own."""
    found = _local.default_scope
    if found is None:
        found = _local.default_scope = Scope(Graph("default"), None, ordered=False)
    return found


def set_default_scope(new: Scope | None) -> None:
    """Replaces this thread's default graph; a fresh one is made on next use where None."""
    _local.default_scope = new


def set_graph_mode(on: bool) -> None:
    """Starts (or stops) building TensorFlow 1's default graph where no other scope is open."""
    _process["graph_mode"] = on


def graph_mode() -> bool:
    """Whether the process is in TensorFlow 1's graph mode."""
    return _process["graph_mode"]


def set_identity_equality(on: bool) -> None:
    """Whether `==` on tensors asks for identity (TensorFlow 1) or compares elements (TensorFlow 2)."""
    _process["identity_equality"] = on


def identity_equality() -> bool:
    """Whether `==` on tensors asks for identity."""
    return _process["identity_equality"]


def compared_by_identity() -> bool:
    """Whether tensors, variables and ragged tensors can be keys: so they can where graphs of TensorFlow 1 are built."""
    if _process["identity_equality"]:
        return True
    found = scope()
    return found is not None and not found.outermost().ordered


def executing_eagerly() -> bool:
    """Whether ops run at once."""
    return scope() is None


@contextmanager
def open_scope(new: Scope | None) -> Iterator[Scope | None]:
    """Builds into a scope within a block (None: eager); tapes and names of outside do not reach in."""
    tapes, names = _local.tapes, _local.names
    _local.scopes.append(new)
    _local.tapes, _local.names = [], []
    try:
        yield new
    finally:
        _local.scopes.pop()
        _local.tapes, _local.names = tapes, names


@contextmanager
def enter_graph(new: Scope) -> Iterator[Scope]:
    """Like `open_scope` for a TensorFlow 1 graph: active tapes stay."""
    push_graph(new)
    try:
        yield new
    finally:
        drop_graph(new)


@contextmanager
def without_control(scope: Scope) -> Iterator[None]:
    """What is added within the block waits for nothing that the blocks around it ask for."""
    held, scope.control = scope.control, []
    try:
        yield
    finally:
        scope.control = held


@contextmanager
def after(scope: Scope, nodes: Iterable[Node]) -> Iterator[None]:
    """What is added within the block waits for these nodes, too."""
    scope.control.append(tuple(nodes))
    try:
        yield
    finally:
        scope.control.pop()


def push_graph(new: Scope) -> None:
    """Builds into a TensorFlow 1 graph from now on, until `drop_graph`."""
    _local.scopes.append(new)


def drop_graph(old: Scope) -> None:
    """Takes a scope away that was pushed; those that were pushed after it stay."""
    for position in range(len(_local.scopes) - 1, -1, -1):
        if _local.scopes[position] is old:
            del _local.scopes[position]
            return


def outermost_eager() -> bool:
    """Whether what lies around all traced functions is eager."""
    bottom = next((s for s in _local.scopes if s is not None), None)
    return not _process["graph_mode"] and (bottom is None or bottom.ordered)


def outermost_graph() -> Scope | None:
    """The graph of TensorFlow 1 around all that is open, whatever was opened within it; None where that is eager."""
    if outermost_eager():
        return None
    found = next((s for s in reversed(_local.scopes) if s is not None and not s.outermost().ordered), None)
    return default_scope() if found is None else found.outermost()


def lifted() -> Scope | None:
    """The scope around the traced functions that are open: a graph of TensorFlow 1, or None where that is eager."""
    for found in reversed(_local.scopes):
        if found is None:
            return None
        if not found.outermost().ordered:
            return found.outermost()
    return default_scope() if _process["graph_mode"] else None


@contextmanager
def outside_graphs() -> Iterator[None]:
    """Within the block ops run at once, where a graph of TensorFlow 1 is open; otherwise nothing changes."""
    present = scope()
    if present is None or present.outermost().ordered:
        yield
        return
    with open_scope(None):
        yield


def tapes() -> list[Tape]:
    """The tapes that record now, outermost first."""
    return _local.tapes


def names() -> list[str]:
    """The open name scopes."""
    found = scope()
    if found is not None and not found.ordered:
        return found.names
    return _local.names


def path() -> str:
    """The open name scopes as one name; "" outside of all."""
    return "/".join(names())


def part() -> str:
    """Which part of a program is running, as a path: a model's layer. Names of nodes in traced functions begin so."""
    return _local.part


def set_part(name: str) -> str:
    """Says which part runs from now on; returns which it was."""
    before, _local.part = _local.part, name
    return before


def variable_creators() -> list[Any]:
    """The functions that make variables in place of `tf.Variable`, outermost first."""
    return _local.variable_creators


def set_variable_creators(creators: list[Any]) -> list[Any]:
    """Says which they are from now on; returns which they were."""
    before, _local.variable_creators = _local.variable_creators, creators
    return before


def devices() -> list[Any]:
    """The open device scopes."""
    return _local.devices


def qualified(name: str) -> str:
    """A name inside the open name scopes."""
    stack = names()
    return "/".join([*stack, name]) if stack else name


def node_name(name: str) -> str:
    """The name of a node, or of what is made of several, inside the open name scopes.

    Raises:
        ValueError: In a graph of TensorFlow 1, for a name that a file of it cannot have.
    """
    full = qualified(name)
    check_name(full, "node")
    return full


def check_name(name: str, what: str, inside: bool = False) -> None:
    """Refuses, in graphs of TensorFlow 1, names that neither look-ups (`name:0`) nor files of graphs can have.

    Args:
        name: The name.
        what: What it is the name of, for the message.
        inside: Whether it follows others, so that its first character is as free as those behind it.

    Raises:
        ValueError: For such a name.
    """
    found = scope()
    if found is None or found.ordered or _local.names_are_read or (_INNER_NAME if inside else _NAME).fullmatch(name):
        return
    raise ValueError(explain(
        f"{name!r} is not a valid {what} name",
        expected="letters, digits and any of . _ - /" + ("" if inside else ", and a letter, digit or . at its start"),
        hint="write _ in the place of blanks and other characters",
    ))  # fmt: skip


@contextmanager
def names_as_read() -> Iterator[None]:
    """Names within the block come from a file, and stay as they are: TensorFlow 2 has `>` in some."""
    before, _local.names_are_read = _local.names_are_read, True
    try:
        yield
    finally:
        _local.names_are_read = before


_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\-/]*")
_INNER_NAME = re.compile(r"[A-Za-z0-9_.\-/]*")
