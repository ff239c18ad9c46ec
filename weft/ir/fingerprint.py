"""What a graph computes, as a digest: equal for graphs that were traced apart and compute the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base.dims import Dim, Symbol, symbols_of, to_plain
from weft.base.dtypes import DType
from weft.ir.graph import Constant, Graph, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weft.ir.types import TensorType


class Unkeyed(Exception):
    """A graph with an attribute of a kind whose content has no key."""


class Fingerprint:
    """What a graph computes, without names.

    Attributes:
        digest: The same for graphs that compute the same from inputs of the same types.
        symbols: The unknown sizes, in the order of their first mention.

    Raises:
        Unkeyed: Where there is no such thing.
    """

    def __init__(self, graph: Graph) -> None:
        self.symbols: list[Symbol] = []
        self.numbers: dict[Symbol, int] = {}
        hashed = hashlib.sha256()
        for part in self._graph(graph, {}):
            hashed.update(part)
            hashed.update(b"\n")
        self.digest = hashed.hexdigest()

    def _graph(self, graph: Graph, known: Mapping[Value, str]) -> Iterator[bytes]:
        names: dict[Value, str] = dict(known)
        numbers: dict[Any, int] = {}
        for number, node in enumerate(graph.nodes):
            numbers[node] = number
            operands = ",".join([names[value] for value in node.inputs])
            control = ",".join([str(numbers[before]) for before in node.control if before in numbers])
            types = ";".join([self._type(value.type) for value in node.outputs])
            yield f"{node.op}({operands})[{control}]{node.effect}:{types}".encode()
            for output in node.outputs:
                names[output] = f"{len(known)}.{number}.{output.index}"
            for name in sorted(node.attrs):
                yield from self._attribute(name, node.attrs[name])
        yield ",".join([names[value] for value in graph.inputs]).encode()
        yield ",".join([names[value] for value in graph.outputs]).encode()

    def _type(self, type: TensorType) -> str:
        shape = "?" if type.shape is None else ",".join([self._size(size) for size in type.shape])
        return f"{type.dtype.name}({shape})" + ("" if type.handle is None else f"@{self._type(type.handle)}")

    def _size(self, size: Any) -> str:
        if isinstance(size, int):
            return str(size)
        for symbol in sorted(symbols_of(size), key=lambda s: s.index):
            if symbol not in self.numbers:
                self.numbers[symbol] = len(self.symbols)
                self.symbols.append(symbol)
        return repr(to_plain(size, self.numbers))

    def _attribute(self, name: str, value: Any) -> Iterator[bytes]:
        if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
            yield f"{name}={type(value).__name__}:{value!r}".encode()
        elif isinstance(value, DType):
            yield f"{name}=dtype:{value.name}".encode()
        elif isinstance(value, Dim):
            yield f"{name}=size:{self._size(value)}".encode()
        elif isinstance(value, Constant) and value.array.dtype != object:
            yield f"{name}=array:{value.array.dtype}{value.array.shape}".encode()
            yield hashlib.sha256(value.array.tobytes()).digest()
        elif isinstance(value, Graph):
            yield f"{name}=graph".encode()
            yield from self._graph(value, {})
        elif isinstance(value, tuple):
            yield f"{name}=tuple:{len(value)}".encode()
            for number, item in enumerate(value):
                yield from self._attribute(str(number), item)
        elif isinstance(value, np.generic):
            yield f"{name}={value.dtype}:{value.tobytes()!r}".encode()
        else:
            raise Unkeyed(f"{type(value).__name__} {name}")
