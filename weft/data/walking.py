"""Going through a dataset as a graph runs: what a `for` over one becomes in a traced function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from weft.autograph.calls import traceable
from weft.base import dtypes, nest
from weft.base.dtypes import as_dtype
from weft.base.errors import OutOfRangeError, explain
from weft.base.locks import Lock
from weft.base.shapes import refreshed
from weft.data import structure
from weft.data.functions import Stand, parts_of, rebound, restarted
from weft.data.structure import DatasetSpec, NoneTensorSpec, Parts
from weft.ir.types import TensorType
from weft.ops import opdef
from weft.runtime import context, control, dispatch, frontdoor
from weft.runtime.spec import CompositeSpec
from weft.runtime.tensor import EagerTensor


class OneByOne:
    """The elements of a pass, which several threads may take: each gets what no other one got.

    Args:
        elements: The elements.
    """

    def __init__(self, elements: Iterator[Any]) -> None:
        self._elements = elements
        self._lock = Lock()

    def __iter__(self) -> OneByOne:
        return self

    def __next__(self) -> Any:
        with self._lock:
            return next(self._elements)


class Walk:
    """The elements of a dataset one after the other, each run of the graph from the first on (or from where an
    iterator stands).

    Args:
        node: The dataset's plan.
        begun: An iterator's own elements, of which each run takes further ones; None to begin anew.
    """

    def __init__(self, node: Any, begun: Callable[[], Any] | None = None) -> None:
        self._spec = node.spec
        self._leaves = nest.flatten(node.spec)
        if any(isinstance(leaf, DatasetSpec) for leaf in self._leaves):
            raise TypeError(explain("A loop in a traced function cannot go through a dataset of datasets.",
                                    hint="flat_map it first"))  # fmt: skip
        needed: dict[Any, Any] = {}
        others: dict[Any, Any] = {}
        parts_of(node, needed, others)
        values = list(needed)
        stands = [one for one in others if isinstance(one, Stand)]

        def begin(*arrays: Any) -> list[Any]:
            count = len(values)
            with context.open_scope(None):
                table = dict(zip(values, [EagerTensor(a.copy()) for a in arrays[:count]], strict=True))
                table.update(zip(stands, [a.item() for a in arrays[count:]], strict=True))
                return [structure.boxed(begun() if begun is not None else restarted(rebound(node, table)).iterate())]

        # the iterator goes from node to node as strings do: as an object of Python's, which engines pass on
        self._elements = self._host(begin, [*needed.values(), *(stand.tensor for stand in stands)],
                                    [TensorType((), dtypes.string)])[0]  # fmt: skip

    def _types(self) -> list[TensorType]:
        """The types of an element's tensors, with unknown sizes of its own."""
        return [TensorType(refreshed(spec.shape.symbolic), as_dtype(spec.dtype)) for leaf in self._leaves
                for spec in _specs_of(leaf)]  # fmt: skip

    def next(self) -> tuple[Any, Any]:
        """Whether there is a further element, and that element (zeros where there is none)."""
        return self.next_if(frontdoor.convert(True))

    def next_if(self, wanted: Any) -> tuple[Any, Any]:
        """The same; where a scalar bool does not hold nothing is taken, and there is no further element."""

        def step(elements: Any, wanted: Any) -> list[Any]:
            with context.open_scope(None):
                found = next(elements[()], None) if bool(wanted) else None
                if found is None:
                    return [np.asarray(False), *self._nothing()]
                return [np.asarray(True), *self._arrays(found)]

        types = [TensorType((), dtypes.bool_), *self._types()]
        there, *parts = self._host(step, [self._elements, frontdoor.convert(wanted)], types)
        return there, self._packed(parts)

    def get_next(self) -> Any:
        """The next element; where there is none, running it raises OutOfRangeError."""

        def step(elements: Any) -> list[Any]:
            with context.open_scope(None):
                found = next(elements[()], None)
            if found is None:
                raise OutOfRangeError("End of sequence: the dataset has no further element.")
            return self._arrays(found)

        return self._packed(self._host(step, [self._elements], self._types()))

    def _host(self, function: Any, inputs: list[Any], types: list[TensorType]) -> list[Any]:
        attrs = {"function": function, "types": tuple(types), "gradient": None}
        return list(dispatch.apply(opdef.get("py_function"), inputs, attrs, "IteratorGetNext"))

    def _arrays(self, element: Any) -> list[Any]:
        return [array for part, leaf in zip(element, self._leaves, strict=True) if not isinstance(leaf, NoneTensorSpec)
                for array in (part.arrays if isinstance(part, Parts) else [part])]  # fmt: skip

    def _nothing(self) -> list[Any]:
        return [np.zeros([size if isinstance(size, int) else 0 for size in type.shape or ()], type.dtype.numpy)
                for type in self._types()]  # fmt: skip

    def _packed(self, parts: list[Any]) -> Any:
        supply = iter(parts)
        leaves = []
        for leaf in self._leaves:
            tensors = [next(supply) for _ in _specs_of(leaf)]
            if isinstance(leaf, CompositeSpec):
                leaves.append(leaf._from_components(tensors))
            else:
                leaves.append(tensors[0] if tensors else None)
        return nest.pack(self._spec, leaves)


def reduced(walk: Walk, state: Any, function: Callable[..., Any]) -> Any:
    """The last `state = function(state, element)`, as a loop of the graph."""
    function = traceable(function)

    def turn(more: Any, state: Any) -> Any:
        there, element = walk.next()
        return there, control.cond(there, lambda: _like(state, function(state, element)), lambda: state)

    start = nest.map_structure(frontdoor.convert, tuple(state) if isinstance(state, list) else state)
    return control.while_loop(lambda more, state: more, turn, [frontdoor.convert(True), start])[1]


def _like(state: Any, found: Any) -> Any:
    """What a function gives in the place of a state, which may be a list where that is a tuple."""
    return nest.pack(state, [frontdoor.convert(leaf) for leaf in nest.flatten(found)])


def _specs_of(leaf: Any) -> list[Any]:
    """The specs of the tensors of a leaf."""
    if isinstance(leaf, NoneTensorSpec):
        return []
    return leaf._component_specs() if isinstance(leaf, CompositeSpec) else [leaf]
