"""Queues, filled and emptied by operations that may wait: those of graphs, held by each session, and eager ones.

An eager queue holds its elements itself; functions that are traced use it as they use variables.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.api.queue_stores import PriorityStore, ShuffleStore, Store
from weft.base import dtypes as kinds
from weft.base.errors import InvalidArgumentError, explain
from weft.base.shapes import TensorShape, refreshed
from weft.ir.types import TensorType
from weft.runtime import frontdoor
from weft.runtime import random as streams
from weft.runtime.context import in_graph
from weft.runtime.host_call import host_call, session_call
from weft.runtime.scopes import NameScope
from weft.runtime.tensor import EagerTensor

_serial = itertools.count()


def refuse_eager(what: str) -> None:
    """Refuses queues where there is no graph.

    Raises:
        RuntimeError: When eager.
    """
    if not in_graph():
        raise RuntimeError(explain(f"{what} is for graphs, and ops run at once here.", hint="use tf.data.Dataset"))


def handle_tensor(name: str, type: str, **attributes: Any) -> Any:
    """The node that stands for something that each session has one of."""
    made = frontdoor.constant(np.array(f"{type}#{next(_serial)}".encode(), object), name)
    made._value.node.metadata.update(type=type, attributes=attributes)
    return made


class QueueBase:
    """What all queues have. An element is one tensor for each of `dtypes`.

    `FIFOQueue`, `PaddingFIFOQueue`, `RandomShuffleQueue` and `PriorityQueue` are queues.
    """

    _type = "FIFOQueueV2"

    def __init__(self, dtypes: Any, shapes: Any, names: Any, name: str, capacity: Any, **attributes: Any) -> None:
        self._dtypes = [kinds.as_dtype(d) for d in (dtypes if isinstance(dtypes, (list, tuple)) else [dtypes])]
        self._shapes = _element_shapes(shapes, self._dtypes)
        self._names = None if names is None else [names] if isinstance(names, str) else list(names)
        if self._names is not None and len(self._names) != len(self._dtypes):
            raise ValueError(explain("A queue has one name for each component.", expected=f"{len(self._dtypes)} names",
                                     received=repr(self._names)))  # fmt: skip
        self._capacity = None if capacity is None or int(capacity) < 0 else int(capacity)
        self._own: Store | None = None
        if not in_graph():
            self._name, self._label = name, f"{type(self).__name__} '{next(_serial)}'"
            self._ref = EagerTensor(np.array(self._label.encode(), object))
            self._own = self._make()
            return
        listed = [] if shapes is None else self._shapes
        self._ref = handle_tensor(name, self._type, component_types=self._dtypes, shapes=listed,
                                  capacity=-1 if self._capacity is None else self._capacity, **attributes)  # fmt: skip
        self._name = self._ref.op.name.rpartition("/")[2]
        self._label = f"{type(self).__name__} '_{next(_serial)}_{self._ref.op.name}'"

    def _make(self) -> Store:
        return Store(self._label, self._capacity)

    def store(self, session: Any) -> Store:
        """What it holds, in a session where it is a graph's."""
        if self._own is not None:
            return self._own
        found: Store = session.held(self._ref, self._make)
        return found

    @staticmethod
    def from_list(index: Any, queues: Sequence[QueueBase]) -> QueueBase:
        """A queue that is, in each run, the one of that number."""
        return _Chosen(index, queues)

    queue_ref = property(lambda self: self._ref, doc="The tensor that stands for it in the graph.")
    name = property(lambda self: self._name if self._own is not None else self._ref.op.name, doc="Its name.")
    dtypes = property(lambda self: self._dtypes, doc="The dtypes of an element's components.")
    shapes = property(lambda self: self._shapes, doc="The shapes of an element's components.")
    names = property(lambda self: self._names, doc="The names of an element's components, or None.")

    def _operands(self) -> list[Any]:
        return [self._ref]

    def _call(self, function: Callable[..., Sequence[Any]], inputs: Sequence[Any], types: Sequence[TensorType],
              type: str, name: str, **attributes: Any) -> Any:  # fmt: skip
        own = self._own
        if own is not None:
            found = host_call(lambda *arrays: function(own, *arrays), inputs, types, type, name)
            return found if types else found[0] if found else None

        def run(session: Any, chosen: Any, *arrays: Any) -> Sequence[Any]:
            return function(self.store(session), *arrays)

        return session_call(run, [*self._operands(), *inputs], types, type, name, attributes)

    # Putting in

    def _components(self, vals: Any) -> list[Any]:
        if self._names is not None:
            if not isinstance(vals, dict) or sorted(vals) != sorted(self._names):
                raise ValueError(explain("This queue has names: it takes a dict.", expected=str(self._names),
                                         received=str(sorted(vals) if isinstance(vals, dict) else vals)))  # fmt: skip
            vals = [vals[name] for name in self._names]
        elif isinstance(vals, dict):
            raise ValueError("A dict can be put only into a queue that has names.")
        given = list(vals) if isinstance(vals, (list, tuple)) else [vals]
        if len(given) != len(self._dtypes):
            raise self._refused(explain("An element has one value for each dtype of the queue.",
                                        expected=str([d.name for d in self._dtypes]),
                                        received=f"{len(given)} values"))  # fmt: skip
        found = []
        for place, (value, dtype) in enumerate(zip(given, self._dtypes, strict=True)):
            tensor = frontdoor.convert(value, None if frontdoor.is_tensor_like(value) else dtype,
                                       name=f"component_{place}")  # fmt: skip
            if tensor.dtype != dtype:
                raise ValueError(explain(f"Component {place} of the queue has another dtype.", expected=dtype.name,
                                         received=tensor.dtype.name))  # fmt: skip
            found.append(tensor)
        return found

    def _refused(self, text: str) -> Exception:
        """The error of a call that an eager queue refuses when it runs, and a graph's when it is written down."""
        return ValueError(text) if self._own is None else InvalidArgumentError(text)

    def enqueue(self, vals: Any, name: str | None = None) -> Any:
        """Puts one element in; waits while the queue is full.

        Args:
            vals: A tensor for each component: one, a list, or a dict where the queue has names.
            name: The operation's name.
        """
        with NameScope(name or f"{self._name}_enqueue") as scope:
            tensors = self._components(vals)
            for tensor, shape in zip(tensors, self._shapes, strict=True):
                shape.assert_is_compatible_with(tensor.shape)

            def put(store: Store, *arrays: Any) -> list[Any]:
                self._check(arrays, self._shapes)
                store.enqueue([arrays])
                return []

            return self._call(put, tensors, [], "QueueEnqueueV2", scope, Tcomponents=self._dtypes)

    def enqueue_many(self, vals: Any, name: str | None = None) -> Any:
        """Puts each row of tensors in as an element; waits while the queue is full.

        Args:
            vals: As for `enqueue`, each with one more axis in front.
            name: The operation's name.
        """
        with NameScope(name or f"{self._name}_EnqueueMany") as scope:
            tensors = self._components(vals)
            for tensor, shape in zip(tensors, self._shapes, strict=True):
                if tensor.shape.rank is not None:
                    shape.assert_is_compatible_with(tensor.shape[1:])

            def put(store: Store, *arrays: Any) -> list[Any]:
                if len({len(a) for a in arrays}) > 1:
                    raise InvalidArgumentError(explain("enqueue_many: all components must have as many rows.",
                                                       received=[str(a.shape) for a in arrays]))  # fmt: skip
                self._check([a[0] for a in arrays] if len(arrays[0]) else [], self._shapes)
                store.enqueue([tuple(np.asarray(p, a.dtype) for p, a in zip(row, arrays, strict=True))
                               for row in zip(*arrays, strict=True)])  # fmt: skip
                return []

            return self._call(put, tensors, [], "QueueEnqueueManyV2", scope, Tcomponents=self._dtypes)

    def _check(self, row: Sequence[Any], shapes: Sequence[TensorShape]) -> None:
        for place, (array, shape) in enumerate(zip(row, shapes, strict=False)):
            if not shape.is_compatible_with(np.shape(array)):
                raise InvalidArgumentError(explain(
                    f"Shape mismatch in component {place} of {self._label}.", expected=str(shape),
                    received=str(TensorShape(np.shape(array))),
                ))  # fmt: skip

    # Taking out

    def _given(self, tensors: Any) -> Any:
        if self._names is not None:
            return dict(zip(self._names, tensors, strict=True))
        return tensors[0] if len(tensors) == 1 else list(tensors)

    def dequeue(self, name: str | None = None) -> Any:
        """Takes one element out; waits while there is none.

        Returns:
            A tensor, a list of them, or a dict where the queue has names.
        """
        types = [TensorType(refreshed(s.symbolic), d) for s, d in zip(self._shapes, self._dtypes, strict=True)]
        found = self._call(lambda store: store.dequeue(1)[0], [], types, "QueueDequeueV2",
                           name or f"{self._name}_Dequeue", component_types=self._dtypes)  # fmt: skip
        return self._given(found)

    def _several(self, n: Any, fewer: bool, type: str, name: str) -> Any:
        if not all(s.is_fully_defined() for s in self._shapes) and not isinstance(self, PaddingFIFOQueue):
            raise self._refused(explain(f"{self._label}: taking several elements needs their shapes.",
                                        hint="pass shapes=... to the queue"))  # fmt: skip
        size = n if isinstance(n, (int, np.integer)) and not fewer else None
        types = [TensorType(refreshed(TensorShape([size]).concatenate(s).symbolic), d)
                 for s, d in zip(self._shapes, self._dtypes, strict=True)]  # fmt: skip

        def take(store: Store, count: Any) -> list[Any]:
            rows = store.dequeue(int(count), fewer)
            return [self._stacked([row[i] for row in rows], i) for i in range(len(self._dtypes))]

        with NameScope(name) as scope:
            count = frontdoor.convert(n, kinds.int32, name="n")
            return self._given(self._call(take, [count], types, type, scope, component_types=self._dtypes))

    def _stacked(self, parts: list[Any], place: int) -> Any:
        if not parts:
            return np.zeros([0, *(n or 0 for n in self._shapes[place].as_list())], self._dtypes[place].numpy)
        return np.stack(parts)

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """Takes `n` elements out as rows; waits for as many."""
        return self._several(n, False, "QueueDequeueManyV2", name or f"{self._name}_DequeueMany")

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """Takes `n` elements out as rows, the last ones of a closed queue though they be fewer."""
        return self._several(n, True, "QueueDequeueUpToV2", name or f"{self._name}_DequeueUpTo")

    # Its state

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Any:
        """Closes it, or gives the operation that does, in a graph: what it holds can still be taken out.

        Args:
            cancel_pending_enqueues: Whether those who wait to put something in are turned away.
            name: The operation's name.
        """

        def close(store: Store) -> list[Any]:
            store.close(bool(cancel_pending_enqueues))
            return []

        return self._call(close, [], [], "QueueCloseV2", name or f"{self._name}_Close",
                          cancel_pending_enqueues=bool(cancel_pending_enqueues))  # fmt: skip

    def is_closed(self, name: str | None = None) -> Any:
        """Whether it is closed, as a tensor."""
        return self._call(lambda store: [np.asarray(store.closed)], [], [TensorType((), kinds.bool_)],
                          "QueueIsClosedV2", name or f"{self._name}_Is_Closed")[0]  # fmt: skip

    def size(self, name: str | None = None) -> Any:
        """How many elements it holds, as an int32 tensor."""
        return self._call(lambda store: [np.asarray(len(store), np.int32)], [], [TensorType((), kinds.int32)],
                          "QueueSizeV2", name or f"{self._name}_Size")[0]  # fmt: skip


def _element_shapes(shapes: Any, types: Sequence[Any]) -> list[TensorShape]:
    if shapes is None:
        return [TensorShape(None) for _ in types]
    bare = isinstance(shapes, TensorShape) or not isinstance(shapes, (list, tuple)) or (
        len(types) == 1 and not (len(shapes) == 1 and not isinstance(shapes[0], (int, np.integer, type(None))))
    )  # fmt: skip
    found = [TensorShape(shapes)] if bare else [TensorShape(s) for s in shapes]
    if len(found) != len(types):
        raise ValueError(explain("A queue has one shape for each dtype.", expected=f"{len(types)} shapes",
                                 received=str(len(found))))  # fmt: skip
    return found


class FIFOQueue(QueueBase):
    """A queue that gives elements in the order in which they came.

    In a graph of TensorFlow 1 its methods make operations; elsewhere they act at once, in traced functions when these
    run, and wait for other threads.

    Args:
        capacity: How many elements it holds.
        dtypes: The dtypes of an element's components.
        shapes: Their shapes; needed to take several at once.
        names: Names for the components: elements are then dicts.
        shared_name: Accepted.
        name: Its name.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     queue = tf.FIFOQueue(3, tf.float32, shapes=[()])
        ...     session.run(queue.enqueue_many([[1.0, 2.0, 3.0]]))
        ...     session.run(queue.dequeue_many(2)).tolist(), int(session.run(queue.size()))
        ([1.0, 2.0], 1)
        >>> import weft as tf
        >>> queue = tf.queue.FIFOQueue(3, tf.float32)
        >>> queue.enqueue(4.0)
        >>> float(queue.dequeue()), int(queue.size())
        (4.0, 0)
    """

    def __init__(self, capacity: int, dtypes: Any, shapes: Any = None, names: Any = None,
                 shared_name: str | None = None, name: str = "fifo_queue") -> None:  # fmt: skip
        super().__init__(dtypes, shapes, names, name, capacity)


class PaddingFIFOQueue(QueueBase):
    """A FIFO queue whose elements differ in size: several at once are filled up with zeros to one shape.

    Args:
        capacity: How many elements it holds.
        dtypes: The dtypes of an element's components.
        shapes: Their shapes, None where sizes differ.
        names: Names for the components.
        shared_name: Accepted.
        name: Its name.
    """

    _type = "PaddingFIFOQueueV2"

    def __init__(self, capacity: int, dtypes: Any, shapes: Any, names: Any = None, shared_name: str | None = None,
                 name: str = "padding_fifo_queue") -> None:  # fmt: skip
        if shapes is None:
            raise ValueError("PaddingFIFOQueue needs shapes, with None where sizes differ.")
        super().__init__(dtypes, shapes, names, name, capacity)

    def _stacked(self, parts: list[Any], place: int) -> Any:
        if not parts or len({p.shape for p in parts}) == 1:
            return super()._stacked(parts, place)
        whole = np.max([p.shape for p in parts], axis=0)
        made = np.zeros([len(parts), *whole], parts[0].dtype)
        if made.dtype == object:
            made[...] = b""
        for row, part in zip(made, parts, strict=True):
            row[tuple(slice(n) for n in part.shape)] = part
        return made


class RandomShuffleQueue(QueueBase):
    """A queue of which each draw takes any element.

    Args:
        capacity: How many elements it holds.
        min_after_dequeue: How many stay in it until it is closed.
        dtypes: The dtypes of an element's components.
        shapes: Their shapes; needed to take several at once.
        names: Names for the components.
        seed: For the same draws in every run.
        shared_name: Accepted.
        name: Its name.
        seeds: Both seeds as a graph's file has them, in place of `seed`.
    """

    _type = "RandomShuffleQueueV2"

    def __init__(self, capacity: int, min_after_dequeue: int, dtypes: Any, shapes: Any = None, names: Any = None,
                 seed: Any = None, shared_name: str | None = None, name: str = "random_shuffle_queue",
                 *, seeds: tuple[int, int] | None = None) -> None:  # fmt: skip
        self._least = int(min_after_dequeue)
        self._seeds = seeds or streams.op_seeds(seed) or (0, 0)
        super().__init__(dtypes, shapes, names, name, capacity, min_after_dequeue=self._least, seed=self._seeds[0],
                         seed2=self._seeds[1])  # fmt: skip

    def _make(self) -> Store:
        return ShuffleStore(self._label, self._capacity, self._least, self._seeds)


class PriorityQueue(QueueBase):
    """A queue that gives the element with the least number first.

    Args:
        capacity: How many elements it holds.
        types: The dtypes of an element's components beside its number, which is a tf.int64 in front of them.
        shapes: Their shapes.
        names: Names for all components.
        shared_name: Accepted.
        name: Its name.
    """

    _type = "PriorityQueueV2"

    def __init__(self, capacity: int, types: Any, shapes: Any = None, names: Any = None,
                 shared_name: str | None = None, name: str = "priority_queue") -> None:  # fmt: skip
        own = list(types) if isinstance(types, (list, tuple)) else [types]
        beside = _element_shapes(shapes, own)
        super().__init__([kinds.int64, *own], [TensorShape([]), *beside], names, name, capacity)

    def _make(self) -> Store:
        return PriorityStore(self._label, self._capacity)


class _Chosen(QueueBase):
    """One of several queues, as a number says in each run."""

    def __init__(self, index: Any, queues: Sequence[QueueBase]) -> None:
        if not queues or any(not isinstance(q, QueueBase) for q in queues):
            raise TypeError(explain("QueueBase.from_list takes queues.", received=repr(queues)))
        first = queues[0]
        if any(q.dtypes != first.dtypes for q in queues):
            raise TypeError("Queues do not have matching component dtypes.")
        self._queues, self._own = list(queues), first._own
        self._dtypes, self._names, self._ref = first.dtypes, first.names, first.queue_ref
        same = all([s.as_list() if s.rank is not None else None for s in q.shapes]
                   == [s.as_list() if s.rank is not None else None for s in first.shapes] for q in queues)  # fmt: skip
        self._shapes = first.shapes if same else [TensorShape(None) for _ in first.dtypes]
        self._name, self._label, self._capacity = "RefSelect", "RefSelect", None
        self._index = frontdoor.convert(index, kinds.int32, name="index")

    def _operands(self) -> list[Any]:
        return [self._index]

    def _call(self, function: Callable[..., Sequence[Any]], inputs: Sequence[Any], types: Sequence[TensorType],
              type: str, name: str, **attributes: Any) -> Any:  # fmt: skip
        if self._own is not None:
            stores = [queue.store(None) for queue in self._queues]
            found = host_call(lambda chosen, *arrays: function(stores[int(chosen)], *arrays),
                              [*self._operands(), *inputs], types, type, name)  # fmt: skip
            return found if types else found[0] if found else None

        def run(session: Any, chosen: Any, *arrays: Any) -> Sequence[Any]:
            return function(self._queues[int(chosen)].store(session), *arrays)

        return session_call(run, [*self._operands(), *inputs], types, type, name, attributes)
