"""What TensorFlow's queues are made of here, with what puts elements in and takes them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft
from weft.api.queues import FIFOQueue, PaddingFIFOQueue, PriorityQueue, QueueBase, RandomShuffleQueue
from weft.compat.v1.graph_import import Importer, NotKnown, Source, handles
from weft.runtime.tensor import SymbolicTensor


def _queue(*ops: str) -> Callable[[Any], Any]:
    """Registers what makes a queue of its capacity, dtypes and shapes; its node knows it."""

    def register(make: Callable[..., QueueBase]) -> Any:
        def handler(x: Importer, source: Source) -> Any:
            held = source.attrs
            made = make(held, held.get("capacity", -1), held.get("component_types", []), held.get("shapes") or None)
            made.queue_ref._value.node.metadata["queue"] = made
            return [made.queue_ref]

        return handles(*ops)(handler)

    return register


_queue("FIFOQueueV2", "FIFOQueue")(lambda held, *given: FIFOQueue(*given))
_queue("PaddingFIFOQueueV2", "PaddingFIFOQueue")(lambda held, *given: PaddingFIFOQueue(*given))
_queue("PriorityQueueV2", "PriorityQueue")(lambda held, *given: PriorityQueue(*given))


@_queue("RandomShuffleQueueV2", "RandomShuffleQueue")
def _shuffled(held: Any, capacity: int, types: Any, shapes: Any) -> QueueBase:
    return RandomShuffleQueue(capacity, held.get("min_after_dequeue", 0), types, shapes,
                              seeds=(held.get("seed", 0), held.get("seed2", 0)))  # fmt: skip


def _of(x: Importer, source: Source) -> QueueBase:
    handle = x.value(source.inputs[0])
    found = handle._value.node.metadata.get("queue") if isinstance(handle, SymbolicTensor) else None
    if not isinstance(found, QueueBase):
        raise NotKnown("its queue is none of the graph's")
    return found


def _listed(found: Any) -> list[Any]:
    return list(found) if isinstance(found, (list, tuple)) else [found]


@handles("QueueEnqueueV2", "QueueEnqueue")
def _enqueue(x: Importer, source: Source) -> Any:
    return [_of(x, source).enqueue(x.values(source)[1:])]


@handles("QueueEnqueueManyV2", "QueueEnqueueMany")
def _enqueue_many(x: Importer, source: Source) -> Any:
    return [_of(x, source).enqueue_many(x.values(source)[1:])]


@handles("QueueDequeueV2", "QueueDequeue")
def _dequeue(x: Importer, source: Source) -> Any:
    return _listed(_of(x, source).dequeue())


@handles("QueueDequeueManyV2", "QueueDequeueMany")
def _dequeue_many(x: Importer, source: Source) -> Any:
    return _listed(_of(x, source).dequeue_many(_count(x, source)))


@handles("QueueDequeueUpToV2", "QueueDequeueUpTo")
def _dequeue_up_to(x: Importer, source: Source) -> Any:
    return _listed(_of(x, source).dequeue_up_to(_count(x, source)))


def _count(x: Importer, source: Source) -> Any:
    tensor = x.value(source.inputs[1])
    known = weft.get_static_value(tensor)
    return tensor if known is None else int(known)


@handles("QueueCloseV2", "QueueClose")
def _close(x: Importer, source: Source) -> Any:
    return [_of(x, source).close(bool(source.attrs.get("cancel_pending_enqueues")))]


@handles("QueueIsClosedV2", "QueueIsClosed")
def _is_closed(x: Importer, source: Source) -> Any:
    return [_of(x, source).is_closed()]


@handles("QueueSizeV2", "QueueSize")
def _size(x: Importer, source: Source) -> Any:
    return [_of(x, source).size()]
