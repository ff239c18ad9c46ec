"""Graphs as plain data, lists, numbers and strings, with their arrays beside: what can be kept in a file.

Reading runs nothing and believes nothing: whoever reads checks ops and types (`verifier`, and the ops' own rules).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.dims import Dim, Symbol, from_plain, symbols_of, to_plain
from weft.base.errors import DataLossError, InvalidArgumentError, explain
from weft.ir.graph import Constant, Graph, Node, Value
from weft.ir.types import TensorType


class Writer:
    """Turns graphs into plain data.

    Args:
        number_of: Gives the number of an object that nodes may refer to, such as a table; None for any other value.

    Attributes:
        arrays: The arrays that the data refer to by number.
        symbols: How many dimension symbols the data mention.
    """

    def __init__(self, number_of: Callable[[Any], int | None] | None = None) -> None:
        self.arrays: list[np.ndarray[Any, Any]] = []
        self._numbers: dict[Symbol, int] = {}
        self._number_of = number_of

    @property
    def symbols(self) -> int:
        """How many dimension symbols the data mention."""
        return len(self._numbers)

    def array(self, value: Any) -> int:
        """The number of an array."""
        self.arrays.append(np.asarray(value))
        return len(self.arrays) - 1

    def graph(self, graph: Graph) -> dict[str, Any]:
        """A graph.

        Raises:
            InvalidArgumentError: Where a node calls Python, or holds what has no plain form; names it.
        """
        places: dict[Value, list[int]] = {}
        numbers: dict[Node, int] = {}
        nodes = []
        for node in graph.nodes:
            numbers[node] = len(numbers)
            places.update({value: [numbers[node], value.index] for value in node.outputs})
            nodes.append({
                "op": node.op, "name": node.name, "inputs": [places[value] for value in node.inputs],
                "attrs": {key: self._attribute(value, node, key) for key, value in node.attrs.items()},
                "types": [self.type(value.type) for value in node.outputs],
                "control": [numbers[before] for before in node.control], "effect": node.effect,
            })  # fmt: skip
        return {"name": graph.name, "nodes": nodes, "inputs": [places[value] for value in graph.inputs],
                "outputs": [places[value] for value in graph.outputs]}  # fmt: skip

    def type(self, type: TensorType) -> list[Any]:
        """A type."""
        shape = None if type.shape is None else [self._size(size) for size in type.shape]
        return [type.dtype.name, shape, None if type.handle is None else self.type(type.handle)]

    def _size(self, size: Any) -> Any:
        for symbol in sorted(symbols_of(size), key=lambda symbol: symbol.index):
            self._numbers.setdefault(symbol, len(self._numbers))
        return to_plain(size, self._numbers)

    def value(self, value: Any) -> Any:
        """A value of Python's, of a dtype or a type, or a structure of them.

        Raises:
            TypeError: For what has no plain form.
        """
        if value is None or isinstance(value, (bool, str)) or type(value) is int:
            return value
        if isinstance(value, (float, np.floating)) and not isinstance(value, np.float16):
            return {"float": float(value).hex() if math.isfinite(value) else repr(float(value))}
        if isinstance(value, (np.bool_, np.integer)):
            return value.item()
        if isinstance(value, Dim):
            return {"size": self._size(value)}
        if isinstance(value, dtypes.DType):
            return {"dtype": value.name}
        if isinstance(value, TensorType):
            return {"type": self.type(value)}
        if isinstance(value, Graph):
            return {"graph": self.graph(value)}
        if isinstance(value, Constant):
            return {"constant": self.array(value.array)}
        return self._structure(value)

    def _structure(self, value: Any) -> Any:
        kept = getattr(value, "plain_call", None)
        if kept is not None:
            return {"kept": [kept[0], self.value(dict(kept[1]))]}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return {"named": [type(value).__name__, [self.value(item) for item in value]]}
        if isinstance(value, (np.ndarray, np.generic)):
            return {"array": self.array(value)}
        if isinstance(value, (bytes, complex)):
            return {"item": self.array(np.array(value, object if isinstance(value, bytes) else np.complex128))}
        if type(value) is tuple:
            return {"tuple": [self.value(item) for item in value]}
        if type(value) is list:
            return [self.value(item) for item in value]
        if type(value) is dict:
            return {"dict": [[self.value(key), self.value(item)] for key, item in value.items()]}
        if isinstance(value, slice):
            return {"slice": [self.value(part) for part in (value.start, value.stop, value.step)]}
        if value is Ellipsis:
            return {"ellipsis": None}
        number = None if self._number_of is None else self._number_of(value)
        if number is not None:
            return {"object": number}
        raise TypeError(type(value).__name__)

    def _attribute(self, value: Any, node: Node, key: str) -> Any:
        try:
            return self.value(value)
        except TypeError as error:
            what = "calls Python" if callable(value) else f"holds a {error}"
            where = "" if node.source is None else f", which stands at {node.source}"
            raise InvalidArgumentError(
                explain(f"The operation `{node.name}` ({node.op}){where} {what} and cannot be kept in a file.",
                        received=f"{key}={value!r}"[:200],
                        hint="leave it out of the function that is saved")  # fmt: skip
            ) from None


class Reader:
    """Makes graphs of plain data.

    Args:
        arrays: The arrays that the data refer to.
        symbols: How many dimension symbols they mention.
        ops: The ops that there are.
        rebuilt: Makes what a node calls, of the name, the arguments and the inputs' types that a file has for it.
        classes: Classes of named tuples, by name.
        objects: The objects that nodes may refer to, by number.
    """

    def __init__(self, arrays: Sequence[Any], symbols: int, ops: Mapping[str, Any],
                 rebuilt: Callable[..., Any] | None = None,
                 classes: Mapping[str, Any] | None = None, objects: Sequence[Any] = ()) -> None:  # fmt: skip
        if not 0 <= symbols <= 1_000_000:
            raise DataLossError(f"a file of graphs mentions {symbols} symbols.")
        self._arrays = arrays
        self._symbols = [Symbol() for _ in range(symbols)]
        self._ops, self._rebuilt, self._classes = ops, rebuilt, dict(classes or {})
        self._objects = objects

    def graph(self, plain: Mapping[str, Any]) -> Graph:
        """A graph.

        Raises:
            DataLossError: For what `Writer.graph` does not write.
        """
        try:
            return self._graph(plain)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise DataLossError(f"a graph in a file is damaged: {type(error).__name__}: {error}") from error

    def _graph(self, plain: Mapping[str, Any]) -> Graph:
        graph = Graph(str(plain["name"]))
        for record in plain["nodes"]:
            op = record["op"]
            types = [self.type(type) for type in record["types"]]
            if op == "input":
                graph.add_input(types[0], record["name"])
                graph.inputs.clear()
                continue
            if op not in self._ops:
                raise ValueError(f"there is no op {op!r}")
            inputs = [self._value_at(graph, place) for place in record["inputs"]]
            attrs = {str(key): self._attribute(value, inputs) for key, value in record["attrs"].items()}
            graph.add(op, inputs, attrs, types,
                      name=record["name"], control=[graph.nodes[_index(n)] for n in record["control"]],
                      effect=bool(record["effect"]))  # fmt: skip
        graph.inputs = [self._value_at(graph, place) for place in plain["inputs"]]
        graph.outputs = [self._value_at(graph, place) for place in plain["outputs"]]
        return graph

    def _attribute(self, plain: Any, inputs: Sequence[Value]) -> Any:
        if isinstance(plain, dict) and self._rebuilt is not None and plain.keys() == {"kept"}:
            name, static = plain["kept"]
            return self._rebuilt(name, self.value(static), [value.type for value in inputs])
        found = self.value(plain)
        if callable(found):
            raise ValueError(f"an operation calls {found!r}")
        return found

    def _value_at(self, graph: Graph, place: Sequence[int]) -> Value:
        node, index = place
        return graph.nodes[_index(node)].outputs[_index(index)]

    def type(self, plain: Sequence[Any]) -> TensorType:
        """A type."""
        name, shape, handle = plain
        sizes = None if shape is None else tuple(from_plain(size, self._symbols) for size in shape)
        return TensorType(sizes, dtypes.as_dtype(name), None if handle is None else self.type(handle))

    def array(self, number: Any) -> Any:
        """One of the arrays."""
        return self._arrays[_index(number)]

    def value(self, plain: Any) -> Any:
        """A value that `Writer.value` wrote."""
        if isinstance(plain, list):
            return [self.value(item) for item in plain]
        if not isinstance(plain, dict):
            return plain
        ((kind, content),) = plain.items()
        if kind == "float":
            return float(content) if content in ("nan", "inf", "-inf") else float.fromhex(content)
        if kind in ("constant", "array", "item"):
            array = self.array(content)
            return Constant(array) if kind == "constant" else array if kind == "array" else array.item()
        if kind == "dict":
            return {self.value(key): self.value(item) for key, item in content}
        readers: dict[str, Callable[[], Any]] = {
            "size": lambda: from_plain(content, self._symbols), "dtype": lambda: dtypes.as_dtype(content),
            "type": lambda: self.type(content), "graph": lambda: self._graph(content),
            "named": lambda: self._classes[content[0]](*map(self.value, content[1])),
            "tuple": lambda: tuple(self.value(item) for item in content),
            "object": lambda: self._objects[_index(content)],
            "slice": lambda: slice(*map(self.value, content)), "ellipsis": lambda: Ellipsis,
        }  # fmt: skip
        return readers[kind]()


def _index(number: Any) -> int:
    """A position in a list; Python's negative ones are none."""
    if not isinstance(number, int) or number < 0:
        raise ValueError(f"no position: {number!r}")
    return number
