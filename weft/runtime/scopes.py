"""Name scopes, and functions of several nodes that show as one under a name of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import get_ident
from typing import Any

from weft.base import nest
from weft.ops import opdef
from weft.runtime import context, dispatch, frontdoor
from weft.runtime.composite import CompositeTensor
from weft.runtime.tensor import EagerTensor, SymbolicTensor


class NameScope:
    """Puts a name in front of those of the ops made within the block; used as a context manager.

    Args:
        name: The name; one that ends with `/` is taken as the whole path, None or "" leaves all scopes.
        default_name: The name where `name` is None.
        values: Accepted, as in TensorFlow 1.

    Raises:
        ValueError: When entered in a graph of TensorFlow 1, for a name that its files cannot have.
    """

    def __init__(self, name: str | None, default_name: str | None = None, values: Any = None) -> None:
        self._name = name if name is not None else default_name
        #: what was open before, by thread, each time that it was entered: a module's scope is entered within itself
        self._before: dict[int, list[list[str]]] = {}

    @property
    def name(self) -> str | None:
        """The name."""
        return self._name

    def __enter__(self) -> str:
        stack = context.names()
        self._before.setdefault(get_ident(), []).append(list(stack))
        if not self._name:
            stack.clear()
            return ""
        context.check_name(self._name, "scope", inside=bool(stack))
        if self._name.endswith("/"):
            stack[:] = [self._name[:-1]]
        else:
            scope = context.scope()
            wanted = "/".join([*stack, self._name])
            stack[:] = [scope.graph.unique_name(wanted) if scope is not None and not scope.ordered else wanted]
        return "/".join(stack) + "/"

    def __exit__(self, *unused: Any) -> None:
        context.names()[:] = self._before[get_ident()].pop()


class Unit:
    """The name scope of one call in a graph of TensorFlow 1, open while its nodes are made.

    Args:
        name: What the call is named; `/` at its end takes it as it is.
    """

    def __init__(self, name: str) -> None:
        scope = context.scope()
        assert scope is not None
        self._graph = scope.graph
        taken = name.endswith("/")
        self.name = name[:-1] if taken else self._graph.unique_name(context.node_name(name))
        self._first = len(self._graph.nodes)

    def __enter__(self) -> Unit:
        self._stack = context.names()
        self._before = list(self._stack)
        self._stack[:] = [self.name]
        return self

    def __exit__(self, *unused: Any) -> None:
        self._stack[:] = self._before

    def begin(self) -> None:
        """What was made so far shows as it is; what `call` names and hides is made from here on."""
        self._first = len(self._graph.nodes)

    def stands_for(self, result: Any, count: int) -> None:
        """Says how many nodes of TensorFlow a result's node stands for, which the numbers of random streams go by."""
        if isinstance(result, SymbolicTensor):
            result._value.node.metadata["counts"] = count

    def call(self, result: Any, place: str | tuple[str | None, ...] = "", type: str = "", single: bool = False) -> Any:
        """Names what the call returns: the scope's own name, or a place inside it; `_1`, `_2`, … for further ones.

        Where there is a tuple of places, each result has its own: `Sort:1` for the second output of an operation, None
        for what keeps its name, `../Mean` for one that stands beside the scope. Results of a function of a single node
        are the outputs of that.
        """
        if single:
            for node in self._graph.nodes[self._first :]:
                if getattr(getattr(result, "_value", None), "node", None) is not node:
                    node.metadata["hidden"] = True
        parts = _tensors(result)
        if single and len(parts) > 1 and isinstance(place, str):
            place = tuple(f":{i}" for i in range(len(parts)))
        if isinstance(place, tuple):
            return _with_tensors(result, iter(self._outputs(parts, place, type)))
        if isinstance(result, (list, tuple)):
            places = [f"{place}_{i}" if i else place for i in range(len(result))]
            return _like(result, [self._one(item, at, type) for item, at in zip(result, places, strict=True)])
        return self._one(result, place, type)

    def _outputs(self, parts: list[Any], places: Sequence[str | None], type: str) -> list[Any]:
        """Tensors under their places, where one operation may have several of them."""
        record = opdef.get("identity_n")
        found = list(parts)
        operations: dict[str, list[int]] = {}
        for i, at in enumerate(places[: len(parts)]):
            if at is not None:
                operations.setdefault(at.partition(":")[0], []).append(i)
        for name, indices in operations.items():
            if all(":" not in str(places[i]) for i in indices):
                found[indices[0]] = self._one(parts[indices[0]], name, type)
                continue
            numbers = [int(str(places[i]).partition(":")[2] or 0) for i in indices]
            given = [parts[indices[numbers.index(n)]] if n in numbers else parts[indices[0]]
                     for n in range(max(numbers) + 1)]  # fmt: skip
            made = dispatch.apply(record, tuple(frontdoor.convert(part) for part in given), {}, self.name + "/outputs/")
            self._one(made[0], name, type or (name.rpartition("/")[2] or self.name.rpartition("/")[2]))
            for i, number in zip(indices, numbers, strict=True):
                found[i] = made[number]
        return found

    def hide(self) -> None:
        """Hides what was made so far: TensorFlow has no such nodes."""
        for node in self._graph.nodes[self._first :]:
            node.metadata["hidden"] = True

    def operation(self, made: Any, type: str) -> Any:
        """Gives an operation the scope's own name; what was made for it does not show."""
        self.hide()
        node = made.node
        self._graph.rename(node, self.name)
        node.metadata["type"] = type
        del node.metadata["hidden"]
        return made

    def results(self, found: Any, place: str, type: str) -> Any:
        """A node for each result of control flow, under the names by which scripts look them up: `cond/Merge_1`."""
        record = opdef.get("identity")

        def shown(tensor: Any) -> Any:
            if not isinstance(tensor, SymbolicTensor):
                return tensor
            result = dispatch.apply(record, (tensor,), {}, place)[0]
            result._value.node.metadata["type"] = type
            tensor._value.node.metadata["hidden"] = True
            return result

        return nest.map_structure(shown, found)

    def _one(self, tensor: Any, place: str, type: str) -> Any:
        if isinstance(tensor, EagerTensor):
            return frontdoor.constant(tensor._array, f"{self.name}/{place}/" if place else self.name + "/")
        if not isinstance(tensor, SymbolicTensor):
            return tensor
        node = tensor._value.node
        if node.graph is not self._graph or node not in self._graph.nodes[self._first :]:
            return tensor  # it returned one of its arguments
        wanted = f"{self.name}/{place}" if place else self.name
        if place.startswith("../"):  # beside the scope, which TensorFlow does not have
            wanted = self._graph.unique_name("/".join([*self._before, place[3:]]))
        other = self._graph.names.get(wanted)
        if other is not None and other is not node:
            self._graph.rename(other, self._graph.unique_name(wanted))
        self._graph.rename(node, wanted)
        if type:
            node.metadata["type"] = type
        return tensor


def _tensors(result: Any) -> list[Any]:
    """The tensors of a result, those that sparse and ragged tensors are made of too."""
    found: list[Any] = []
    for leaf in nest.flatten(result):
        found += leaf._components() if isinstance(leaf, CompositeTensor) else [leaf]
    return found


def _with_tensors(result: Any, parts: Iterator[Any]) -> Any:
    """A result of the same structure with other tensors."""

    def leaf(value: Any) -> Any:
        if isinstance(value, CompositeTensor):
            return value._rebuild([next(parts) for _ in value._components()])
        return next(parts)

    return nest.map_structure(leaf, result)


def _like(like: Any, items: list[Any]) -> Any:
    """Items in a sequence of the same class."""
    fields = isinstance(like, tuple) and type(like) is not tuple  # named tuples take their fields one by one
    return type(like)(*items) if fields else type(like)(items)
