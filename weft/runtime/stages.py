"""Runs of sessions in stages: Python that belongs to a session and may wait (queues, iterators, readers) is called
between compiled parts, so that nobody waits with a variable's lock in his hands.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from weft.base.errors import DeadlineExceededError, explain, naming
from weft.ir.cutting import mentioned, part_of, wanted_by
from weft.ir.graph import Graph, Node, Value, symbol_sources
from weft.ops import opdef
from weft.runtime import dispatch


class _Local(threading.local):
    def __init__(self) -> None:
        self.sessions: list[Any] = []
        #: by when each of their runs is to be over, in the seconds of `time.monotonic`; None for no limit
        self.deadlines: list[float | None] = []


_local = _Local()


class Running:
    """Within the block a session runs in this thread.

    Args:
        session: Which.
        limit: How long what waits in it may wait, in milliseconds; 0 for ever.
    """

    __slots__ = ("_limit", "_session")

    def __init__(self, session: Any, limit: int = 0) -> None:
        self._session, self._limit = session, limit

    def __enter__(self) -> None:
        _local.sessions.append(self._session)
        _local.deadlines.append(time.monotonic() + self._limit / 1000 if self._limit else None)

    def __exit__(self, *error: Any) -> None:
        _local.sessions.pop()
        _local.deadlines.pop()


def wait(changed: threading.Condition) -> None:
    """Waits for a condition, as long as the run of this thread may.

    Raises:
        DeadlineExceededError: Where the run's time is over.
    """
    deadline = _local.deadlines[-1] if _local.deadlines else None
    if not changed.wait(None if deadline is None else max(deadline - time.monotonic(), 0.0)):
        raise DeadlineExceededError(
            explain("Timed out waiting for notification: a queue had no element, or no room, in the time of the run.",
                    hint="start what fills or empties the queue, or allow more with operation_timeout_in_ms of "
                    "tf.ConfigProto or timeout_in_ms of tf.RunOptions")  # fmt: skip
        )


def running() -> Any:
    """The session that runs in this thread.

    Raises:
        RuntimeError: Where none does.
    """
    if not _local.sessions:
        raise RuntimeError(explain("Queues, readers and iterators of a graph belong to a session, and none runs here.",
                                   hint="use session.run(...)"))  # fmt: skip
    return _local.sessions[-1]


class SessionCall:
    """A Python function of the running session and of arrays; the `function` of a `py_function` node.

    Args:
        function: (session, arrays) to the node's results.
    """

    __slots__ = ("function",)

    def __init__(self, function: Callable[..., Sequence[Any]]) -> None:
        self.function = function

    def __call__(self, *arrays: Any) -> Sequence[Any]:
        """Calls it with the session that runs."""
        return self.function(running(), *arrays)


def calls_of(graph: Graph) -> list[Node]:
    """The nodes that call sessions' Python."""
    return [n for n in graph.nodes if n.op == "py_function" and isinstance(n.attrs["function"], SessionCall)]


@dataclass
class _Part:
    graph: Graph | None
    inputs: list[Value]
    outputs: list[Value]
    calls: list[Node]


class Staged:
    """A graph cut at its calls.

    Each call runs as early as what it needs allows, everything else as late as the calls allow: a step of training
    takes its batch first, and is one compiled part.

    Args:
        graph: A graph whose inputs are feeds and cells.
        calls: Its nodes that call Python.
    """

    def __init__(self, graph: Graph, calls: Sequence[Node]) -> None:
        self.graph = graph
        self._reference = opdef.get("py_function").reference
        sources = symbol_sources(graph)
        calling = set(calls)
        needs = {node: _needs(node, sources) for node in graph.nodes if node.op != "input"}
        first: dict[Node, int] = {}
        for node, needed in needs.items():
            first[node] = max((first[n] + (n in calling) for n in needed if n in first), default=0)
        last = max(first[call] for call in calls) + 1
        stage = {node: first[node] if node in calling else last for node in needs}
        for node in reversed(list(needs)):
            for before in needs[node]:
                if before in stage and before not in calling:
                    stage[before] = min(stage[before], stage[node])
        self._parts = self._cut(list(needs), stage, calling, last, sources)

    def _cut(self, nodes: list[Node], stage: dict[Node, int], calling: set[Node], last: int,
             sources: dict[Any, Value]) -> list[_Part]:  # fmt: skip
        constants = {node for node in nodes if node.op == "constant"}
        members: list[list[Node]] = []
        for number in range(last + 1):
            own = [n for n in nodes if n not in calling and n not in constants and stage[n] == number]
            taken = {v.node for n in own for v in n.inputs}
            members.append([n for n in nodes if n in constants and n in taken] + own if own else [])
        wanted = [wanted_by(own, sources) for own in members]
        used = {v for values in wanted for v in values} | {v for n in calling for v in n.inputs} | set(
            self.graph.outputs)  # fmt: skip
        kept = [n for n in constants if any(v in used for v in n.outputs)]
        self._constants = {n.outputs[0]: n.attrs["value"].array for n in kept}
        parts = []
        for number, own in enumerate(members):
            outputs = [v for n in own if n not in constants for v in n.outputs if v in used]
            part = part_of(own, wanted[number], outputs, f"{self.graph.name}_{number}") if own else None
            calls = [n for n in nodes if n in calling and stage[n] == number]
            parts.append(_Part(part, wanted[number], outputs, calls))
        return parts

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """Runs it.

        Args:
            inputs: Arrays and cells.

        Returns:
            The arrays of the graph's outputs.
        """
        values: dict[Value, Any] = dict(zip(self.graph.inputs, inputs, strict=True))
        values.update(self._constants)
        for part in self._parts:
            if part.graph is not None:
                results = dispatch.compiled(part.graph).run([values[value] for value in part.inputs])
                values.update(zip(part.outputs, results, strict=True))
            for call in part.calls:
                with naming(call.name):
                    results = self._reference(*[values[value] for value in call.inputs], **call.attrs)
                values.update(zip(call.outputs, results, strict=True))
        return [values[value] for value in self.graph.outputs]


def _needs(node: Node, sources: dict[Any, Value]) -> list[Node]:
    """The nodes that run before one: for its operands, its control edges, the sizes that it mentions."""
    told = [sources[symbol].node for symbol in mentioned(node) if symbol in sources]
    own = [*(value.node for value in node.inputs), *node.control, *told]
    return [before for before in dict.fromkeys(own) if before is not node and before.serial < node.serial]
