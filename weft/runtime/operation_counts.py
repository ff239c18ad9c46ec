"""How many operations a graph of TensorFlow 1 has: what draws without a seed of its own is numbered by those before it.

Where a function makes as many nodes here as operations there, nothing has to be said. Where it does not, its nodes
stand for a number of operations: `standing_for`. Branches and bodies of loops are graphs of their own here and parts of
the one graph there; each tensor that they take from around them is one operation more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from weft.base import nest
from weft.runtime import context, dispatch, graph_ops
from weft.runtime.context import Scope
from weft.runtime.graph import Operation
from weft.runtime.tensor import EagerTensor, Tensor


def building() -> Scope | None:
    """The graph of TensorFlow 1 that is under construction, or the branch or body within one; None elsewhere."""
    scope = context.scope()
    return None if scope is None or scope.ordered else scope


def made(scope: Scope | None = None) -> int:
    """How many operations TensorFlow has made by now, in the graph that is under construction and those around it."""
    found: Scope | None = _innermost(building()) if scope is None else scope
    total = 0
    while found is not None:
        total += graph_ops.count(found.graph, found.outer is not None)
        found = found.outer
    return total


def further(count: int) -> None:
    """TensorFlow makes so many operations here of which there are no nodes."""
    scope = building()
    if scope is not None:
        scope.graph.uncounted += count


def _innermost(scope: Scope | None) -> Scope | None:
    """The branch or body that is open within a graph, out of which a variable is made in the graph itself."""
    if scope is None or scope.outer is not None:
        return scope
    inner = (s for s in reversed(context.local.scopes) if s is not None and s.outer is not None)
    return next((s for s in inner if s.outermost() is scope), scope)


def take_in(tensor: Any) -> None:
    """Lets a branch or body take in a tensor from around it, in TensorFlow's order."""
    scope = building()
    if scope is not None and scope.outer is not None and isinstance(tensor, Tensor):
        dispatch.resolve(tensor, scope)


def _taken(scope: Scope | None) -> int:
    """How many tensors the branches and bodies from here outwards have taken in."""
    total = 0
    while scope is not None and scope.outer is not None:
        total += graph_ops.count_taken(scope.graph)
        scope = scope.outer
    return total


#: how many operations a gradient stands for, or what tells it when it is made; and how many further ones where the
#: gradients of one operation wait for each other
Gradients = tuple[int | Callable[[], int], int]


class Whole:
    """What the nodes of one function have in common.

    Args:
        gradients: The number of operations that the gradient of all of them stands for, or what tells it.
        gates: That of further ones, where the gradients of one operation wait for each other.
    """

    def __init__(self, gradients: int | Callable[[], int], gates: int) -> None:
        self._gradients, self.gates = gradients, gates

    def counted(self) -> int:
        """The number of operations of the gradient, which is made now."""
        return self._gradients() if callable(self._gradients) else self._gradients


class Standing:
    """What one function makes, and the number of operations that it stands for.

    Attributes:
        total: That number; None leaves every node to count for itself.
        gradients: The number of operations that its gradient stands for, and of further ones where the gradients of
            one operation wait for each other; None leaves every node to have its own.
    """

    gradients: Gradients | None = None

    def __init__(self, scope: Scope | None, total: int | None) -> None:
        self.total = total
        self._scope = scope
        self._first = 0 if scope is None else len(scope.graph.nodes)
        self._uncounted = 0 if scope is None else scope.graph.uncounted
        self._inside: dict[int, int] = {}

    @property
    def counts(self) -> bool:
        """Whether a graph of TensorFlow 1 is under construction: elsewhere nothing is counted."""
        return self._scope is not None

    def measured(self, function: Callable[..., Any], before: Callable[[], int] | int = 0) -> Callable[..., Any]:
        """A function of the program, called in a branch or body; `inside` tells how many operations it makes.

        Args:
            function: The function.
            before: How many operations TensorFlow makes of the whole before it calls the function.
        """
        if self._scope is None:
            return function
        place = len(self._inside)
        self._inside[place] = 0
        start, around = made(self._scope) - self._own(self._scope), _taken(self._scope)

        def call(*args: Any, **kwargs: Any) -> Any:
            scope = building()
            if scope is None:
                return function(*args, **kwargs)
            before_call = _taken(self._scope) - around
            first = start + (before if isinstance(before, int) else before()) + _taken(self._scope) - around
            scope.graph.uncounted += first - made(scope)
            found = function(*args, **kwargs)
            _settle(found, scope)
            # what branches around this one have taken in counts there
            self._inside[place] = made(scope) - first - (_taken(self._scope) - around - before_call)
            return found

        return call

    def _own(self, scope: Scope) -> int:
        return graph_ops.count(scope.graph, scope.outer is not None, self._first) - self._uncounted

    def own(self) -> int:
        """How many operations have been made of the whole."""
        return 0 if self._scope is None else self._own(self._scope)

    def so_far(self, count: int) -> None:
        """TensorFlow has made so many operations of the whole by here; what is drawn next is numbered by that."""
        if self._scope is not None:
            self._scope.graph.uncounted += count - self._own(self._scope)

    def inside(self, place: int | None = None) -> int:
        """How many operations a measured function has made the last time it was called; all of them together."""
        return sum(self._inside.values()) if place is None else self._inside[place]

    def close(self) -> None:
        """From here on it counts as it stands."""
        if self._scope is None:
            return
        graph = self._scope.graph
        if self.gradients is not None:
            whole = Whole(*self.gradients)
            for node in graph.nodes[self._first :]:
                node.metadata["whole"] = whole
        if self.total is None:
            return
        for node in graph.nodes[self._first :]:
            node.metadata["counts"] = 0
        graph.uncounted = self._uncounted + self.total


def _settle(result: Any, scope: Scope) -> None:
    """Lets a branch or body take in what it returns of things around it, and count what becomes a tensor."""
    for item in nest.flatten(result):
        leaf = item._as_graph_element() if hasattr(item, "_as_graph_element") else item
        if isinstance(leaf, (Operation, int, float, np.ndarray, np.generic)):
            scope.graph.uncounted += 1
        elif isinstance(leaf, Tensor) and not isinstance(leaf, EagerTensor):
            dispatch.resolve(leaf, scope)


@contextmanager
def standing_for(total: int | None = None) -> Iterator[Standing]:
    """Within the block one function's nodes are made, which stand for so many operations of TensorFlow's.

    Args:
        total: How many; may be said within the block as well.
    """
    standing = Standing(building(), total)
    yield standing
    standing.close()
