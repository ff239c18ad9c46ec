"""Iterators over datasets as parts of graphs: each session has a place of its own in the data."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import numpy as np

from weft.base import dtypes, nest
from weft.base.errors import FailedPreconditionError, InvalidArgumentError, OutOfRangeError, explain
from weft.base.shapes import TensorShape, refreshed
from weft.compat.v1.naming import in_graph
from weft.data import structure
from weft.data.dataset import Dataset, OwnedIterator
from weft.data.functions import parts_of, rebound
from weft.data.shuffling import Seeds
from weft.data.structure import NoneTensorSpec
from weft.ir.types import TensorType
from weft.runtime import context, frontdoor
from weft.runtime import random as streams
from weft.runtime.host_call import session_call
from weft.runtime.operation_counts import further
from weft.runtime.spec import CompositeSpec, TensorSpec
from weft.runtime.tensor import EagerTensor, Handle, Tensor
from weft.runtime.variable import Template

_serial = itertools.count()


class _Place:
    """How far a session has got with an iterator."""

    def __init__(self, handle: bytes) -> None:
        self.handle = handle
        self.elements: Any = None
        self.lock = threading.Lock()

    def begin(self, session: Any, plan: _Plan, arrays: Any) -> None:
        with self.lock:
            self.elements = plan.elements(session, arrays)

    def next(self, name: str) -> Any:
        with self.lock, context.open_scope(None):
            if self.elements is None:
                raise FailedPreconditionError(explain(
                    f"GetNext() failed because the iterator `{name}` has not been initialized.",
                    hint="run its initializer first: session.run(iterator.initializer)",
                ))  # fmt: skip
            found = next(self.elements, None)
        if found is None:
            raise OutOfRangeError(f"End of sequence: iterator `{name}` has no further element.")
        return found

    def cancel(self) -> None:
        """Nobody waits in it."""


class _Plan:
    """A dataset's plan, and the tensors of the graph that it depends on."""

    def __init__(self, dataset: Any) -> None:
        self._node = dataset._node
        needed: dict[Any, Any] = {}
        self._further: dict[Any, Any] = {}
        parts_of(self._node, needed, self._further)
        self._values = list(needed)
        self.inputs = list(needed.values())

    def elements(self, session: Any, arrays: Any) -> Any:
        """Begins a pass: the data that arrays stand for, variables as the session has them, draws from the start."""
        table: dict[Any, Any] = dict(zip(self._values, [EagerTensor(a) for a in arrays], strict=True))
        for key, thing in self._further.items():
            stream = streams.restarted(thing) if isinstance(thing, Handle) else None
            if stream is not None:
                table[key] = stream
            elif isinstance(thing, Handle) and isinstance(thing._array, Template):
                table[key] = Handle(session._cell(thing._array), thing.type)
            elif isinstance(thing, Seeds):
                table[key] = thing.restarted()
        with context.open_scope(None):
            return rebound(self._node, table).iterate()


def _spec_of(dataset: Any) -> Any:
    return dataset._spec if isinstance(dataset, (OwnedIterator, Iterator)) else dataset.element_spec


def get_output_types(dataset_or_iterator: Any) -> Any:
    """The structure of dtypes of the elements of a dataset or an iterator."""
    return nest.map_structure(lambda spec: spec.dtype, _spec_of(dataset_or_iterator))


def get_output_shapes(dataset_or_iterator: Any) -> Any:
    """The structure of shapes of the elements of a dataset or an iterator."""
    return nest.map_structure(lambda spec: spec.shape, _spec_of(dataset_or_iterator))


def get_output_classes(dataset_or_iterator: Any) -> Any:
    """The structure of classes of the elements of a dataset or an iterator."""
    return nest.map_structure(lambda spec: getattr(spec, "value_type", Tensor), _spec_of(dataset_or_iterator))


def _structure(output_types: Any, output_shapes: Any) -> Any:
    """Dtypes and shapes as specs."""
    types = nest.map_structure(dtypes.as_dtype, output_types)
    if output_shapes is None:
        return nest.map_structure(lambda dtype: TensorSpec(None, dtype), types)
    leaves = nest.flatten(types)
    if not nest.is_nested(types):
        return TensorSpec(TensorShape(output_shapes), types)
    shapes = _shapes(types, output_shapes)
    return nest.pack(types, [TensorSpec(shape, dtype) for shape, dtype in zip(shapes, leaves, strict=True)])


def _shapes(types: Any, shapes: Any) -> list[TensorShape]:
    """The shapes that stand where a structure has its dtypes; lists within them are shapes."""
    if not nest.is_nested(types):
        return [TensorShape(shapes)]
    below = [part for _, part in nest.children(types) or []]
    given = [shapes[key] for key, _ in nest.children(types) or []] if isinstance(shapes, dict) else list(shapes)
    return [leaf for part, shape in zip(below, given, strict=True) for leaf in _shapes(part, shape)]


class Iterator:
    """An iterator of a graph. Sessions go through its data each at their own pace.

    `make_one_shot_iterator`, `make_initializable_iterator`, `from_structure` and `from_string_handle` make one.
    """

    def __init__(self, spec: Any, name: str) -> None:
        self._spec = spec
        self._leaves = nest.flatten(spec)
        scope = context.scope()
        assert scope is not None
        further(2)  # itself and its handle, which are no nodes here
        self._name = scope.graph.unique_name(context.qualified(name))
        self._handle = f"{self._name}#{next(_serial)}".encode()
        self._initializer: Any = None
        self._once: _Plan | None = None
        self._outside: Any = None

    @staticmethod
    def from_structure(output_types: Any, output_shapes: Any = None, shared_name: str | None = None,
                       output_classes: Any = None) -> Iterator:  # fmt: skip
        """An iterator over any dataset of that structure; `make_initializer(dataset)` gives it one.

        Args:
            output_types: A structure of dtypes.
            output_shapes: The shapes; unknown where None.
            shared_name: Accepted.
            output_classes: Accepted.
        """
        return Iterator(_structure(output_types, output_shapes), "IteratorV2")

    @staticmethod
    def from_string_handle(string_handle: Any, output_types: Any, output_shapes: Any = None,
                           output_classes: Any = None) -> Iterator:  # fmt: skip
        """An iterator that is, in each run, the one whose `string_handle()` is fed.

        Args:
            string_handle: A scalar string tensor.
            output_types: A structure of dtypes.
            output_shapes: The shapes; unknown where None.
            output_classes: Accepted.
        """
        made = Iterator(_structure(output_types, output_shapes), "IteratorFromStringHandleV2")
        made._outside = frontdoor.convert(string_handle, dtypes.string)
        return made

    @property
    def element_spec(self) -> Any:
        """The specs of the elements."""
        return self._spec

    output_types = property(get_output_types, doc="The structure of dtypes of an element.")
    output_shapes = property(get_output_shapes, doc="The structure of shapes of an element.")
    output_classes = property(get_output_classes, doc="The structure of classes of an element.")

    @property
    def initializer(self) -> Any:
        """The operation that begins a pass.

        Raises:
            ValueError: Where there is none.
        """
        if self._initializer is None:
            raise ValueError(explain("Iterator does not have an initializer.", received=self._name,
                                     hint="make_initializable_iterator gives one that has; so does "
                                     "iterator.make_initializer(dataset)"))  # fmt: skip
        return self._initializer

    def make_initializer(self, dataset: Any, name: str | None = None) -> Any:
        """An operation that begins a pass over a dataset.

        Args:
            dataset: A dataset of the iterator's structure.
            name: The operation's name.

        Raises:
            TypeError: For one of other dtypes or another structure.
        """
        if not isinstance(dataset, structure.PipelineHandle):
            raise TypeError(explain("make_initializer takes a dataset.", received=type(dataset).__name__))
        self._check(_spec_of(dataset))
        further(3)  # datasets that make the one at hand faster
        plan, handle = _Plan(dataset), self._handle

        def begin(session: Any, *arrays: Any) -> list[Any]:
            _place(session, handle).begin(session, plan, arrays)
            return []

        return session_call(begin, plan.inputs, [], "MakeIterator", name or "MakeIterator")

    def _check(self, spec: Any) -> None:
        try:
            nest.assert_same(self._spec, spec)
            same = True
        except ValueError:
            same = False
        pairs = list(zip(self._leaves, nest.flatten(spec), strict=False)) if same else []
        if not same or any(own.dtype != other.dtype for own, other in pairs):
            raise TypeError(explain("Expected a dataset of the iterator's output types.",
                                    expected=repr(self._spec), received=repr(spec)))  # fmt: skip
        if any(not own.shape.is_compatible_with(other.shape) for own, other in pairs):
            raise TypeError(explain("Expected a dataset of shapes compatible with the iterator's.",
                                    expected=repr(self._spec), received=repr(spec)))  # fmt: skip

    def get_next(self, name: str | None = None) -> Any:
        """The next element, each time it runs; after the last one running it raises OutOfRangeError."""
        handle, once, label = self._handle, self._once, self._name

        def step(session: Any, *arrays: Any) -> list[Any]:
            place = _place(session, arrays[0][()] if self._outside is not None else handle)
            if once is not None and place.elements is None:
                place.begin(session, once, arrays)
            return self._fitted(place.next(label))

        inputs = [self._outside] if self._outside is not None else [] if once is None else once.inputs
        types = [TensorType(refreshed(part.shape.symbolic), part.dtype)
                 for leaf in self._leaves for part in _tensors_of(leaf)]  # fmt: skip
        supply = iter(session_call(step, inputs, types, "IteratorGetNext", name or "IteratorGetNext"))
        found: list[Any] = []
        for leaf in self._leaves:
            tensors = [next(supply) for _ in _tensors_of(leaf)]
            found.append(leaf._from_components(tensors) if isinstance(leaf, CompositeSpec) else [*tensors, None][0])
        return nest.pack(self._spec, found)

    def _fitted(self, element: Any) -> list[Any]:
        found = []
        for leaf, spec in zip(element, self._leaves, strict=True):
            if isinstance(spec, NoneTensorSpec):
                continue
            if isinstance(leaf, structure.Parts):
                found.extend(leaf.arrays)
                continue
            if not spec.shape.is_compatible_with(leaf.shape):
                raise InvalidArgumentError(explain(
                    f"Iterator `{self._name}`: an element has another shape than was said.",
                    expected=str(spec.shape), received=str(leaf.shape),
                ))  # fmt: skip
            found.append(leaf)
        return found

    def string_handle(self, name: str | None = None) -> Any:
        """What to feed `from_string_handle` for this iterator, as a scalar string tensor."""
        handle, once = self._handle, self._once

        def tell(session: Any, *arrays: Any) -> list[Any]:
            place = _place(session, handle)
            if once is not None and place.elements is None:
                place.begin(session, once, arrays)
            return [np.array(handle, object)]

        inputs = [] if once is None else once.inputs
        return session_call(tell, inputs, [TensorType((), dtypes.string)], "IteratorToStringHandle",
                            name or "IteratorToStringHandle")[0]  # fmt: skip

    def __repr__(self) -> str:
        return f"<tf.data.Iterator {self._name} element_spec={self._spec!r}>"


def _tensors_of(leaf: Any) -> list[Any]:
    """The specs of the tensors that stand for a leaf: several for a sparse or ragged one, none for None."""
    if isinstance(leaf, CompositeSpec):
        return leaf._component_specs()
    return [] if isinstance(leaf, NoneTensorSpec) else [leaf]


def _place(session: Any, handle: bytes) -> _Place:
    found: _Place = session.held(("iterator", handle), lambda: _Place(handle))
    return found


def make_one_shot_iterator(dataset: Any) -> Any:
    """An iterator that begins with the first run that needs it, and is gone through once.

    Args:
        dataset: The dataset.

    Returns:
        An `Iterator`; when eager, what `iter(dataset)` gives.
    """
    _check_dataset(dataset)
    if not in_graph():
        return iter(dataset)
    made = Iterator(_spec_of(dataset), "OneShotIterator")
    made._once = _Plan(dataset)
    return made


def make_initializable_iterator(dataset: Any, shared_name: str | None = None) -> Iterator:
    """An iterator that begins each time its `initializer` runs, with what is fed then.

    Args:
        dataset: The dataset; it may be made of placeholders.
        shared_name: Accepted.

    Raises:
        RuntimeError: When eager.
    """
    _check_dataset(dataset)
    if not in_graph():
        raise RuntimeError(explain("make_initializable_iterator is for graphs, and ops run at once here.",
                                   hint="use `for element in dataset`"))  # fmt: skip
    made = Iterator(_spec_of(dataset), "IteratorV2")
    made._initializer = made.make_initializer(dataset, "MakeIterator")
    return made


def _check_dataset(dataset: Any) -> None:
    if not isinstance(dataset, Dataset):
        raise TypeError(explain("An iterator is made over a tf.data.Dataset.", received=type(dataset).__name__))
