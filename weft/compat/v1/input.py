"""Input by queues: producers of file names and numbers, and batches of examples that threads read ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import weft
from weft.api.file_ops import matching_files as matching_files
from weft.api.queues import FIFOQueue, PaddingFIFOQueue, QueueBase, RandomShuffleQueue, refuse_eager
from weft.base import dtypes
from weft.base.errors import explain
from weft.base.shapes import TensorShape
from weft.compat.v1 import flow, summary
from weft.compat.v1.queue_runner import QueueRunner, add_queue_runner
from weft.runtime import frontdoor
from weft.runtime.graph import GraphKeys
from weft.runtime.graph_variable import count_up_to as count_up_to
from weft.runtime.graph_variable import make_variable
from weft.runtime.operation_counts import further
from weft.runtime.scopes import NameScope


def match_filenames_once(pattern: Any, name: str | None = None) -> Any:
    """The names of the files that fit shell patterns, looked up when local variables are initialized.

    Args:
        pattern: A pattern, or a list of them.
        name: A name scope.

    Returns:
        A local variable `[n]` of strings.
    """
    with NameScope(name, "matching_filenames") as scope:
        return make_variable(name=scope, initial_value=matching_files(pattern), trainable=False,
                             validate_shape=False, collections=[GraphKeys.LOCAL_VARIABLES])  # fmt: skip


def limit_epochs(tensor: Any, num_epochs: int | None = None, name: str | None = None) -> Any:
    """The tensor, `num_epochs` times; after that running it raises OutOfRangeError.

    It counts in a local variable, `epochs`, which `local_variables_initializer()` sets to 0.

    Raises:
        ValueError: Where the number is not positive.
    """
    if num_epochs is None:
        return tensor
    if num_epochs <= 0:
        raise ValueError(explain("num_epochs must be > 0.", received=repr(num_epochs)))
    with NameScope(name, "limit_epochs") as scope:
        epochs = make_variable(np.int64(0), name="epochs", trainable=False, collections=[GraphKeys.LOCAL_VARIABLES])
        with weft.control_dependencies([count_up_to(epochs, num_epochs)]):
            return weft.identity(frontdoor.convert(tensor), name=scope)


def input_producer(input_tensor: Any, element_shape: Any = None, num_epochs: int | None = None, shuffle: bool = True,
                   seed: Any = None, capacity: int = 32, shared_name: str | None = None,
                   summary_name: str | None = None, name: str | None = None,
                   cancel_op: Any = None) -> FIFOQueue:  # fmt: skip
    """A queue that a thread fills with the rows of a tensor, pass after pass.

    Args:
        input_tensor: `[n, ...]`.
        element_shape: The shape of a row.
        num_epochs: How many passes; without end where None.
        shuffle: Whether each pass has an order of chance.
        seed: For the same orders in every run.
        capacity: How many rows the queue holds.
        shared_name: Accepted.
        summary_name: A summary of how full it is.
        name: A name scope.
        cancel_op: What the thread runs where it is stopped.

    Raises:
        ValueError: Where the shape of a row is not known.
    """
    refuse_eager("input_producer")
    with NameScope(name, "input_producer"):
        tensor = frontdoor.convert(input_tensor, name="input_tensor")
        shape = tensor.shape[1:].merge_with(TensorShape(element_shape))
        if not shape.is_fully_defined():
            raise ValueError(explain("An input producer needs to know the shape of a row.", received=str(tensor.shape),
                                     hint="pass element_shape"))  # fmt: skip
        if shuffle:
            tensor = weft.compat.v1.random_shuffle(tensor, seed=seed)
        tensor = limit_epochs(tensor, num_epochs)
        queue = FIFOQueue(capacity, [tensor.dtype], [shape], name=name or "fifo_queue")
        add_queue_runner(QueueRunner(queue, [queue.enqueue_many([tensor])], cancel_op=cancel_op))
        if summary_name is not None:
            summary.scalar(summary_name, weft.cast(queue.size(), dtypes.float32) * (1.0 / capacity))
        return queue


def string_input_producer(string_tensor: Any, num_epochs: int | None = None, shuffle: bool = True, seed: Any = None,
                          capacity: int = 32, shared_name: str | None = None, name: str | None = None,
                          cancel_op: Any = None) -> FIFOQueue:  # fmt: skip
    """A queue that a thread fills with strings, such as the names of files; see `input_producer`.

    Raises:
        ValueError: Without strings.
    """
    refuse_eager("string_input_producer")
    problem = "string_input_producer requires a non-null input tensor"
    if not frontdoor.is_tensor_like(string_tensor) and not np.size(string_tensor):
        raise ValueError(problem)
    with NameScope(name, "input_producer") as scope:
        tensor = frontdoor.convert(string_tensor, dtypes.string)
        with weft.control_dependencies([flow.Assert(weft.compat.v1.greater(weft.size(tensor), 0), [problem])]):
            tensor = weft.identity(tensor)
        if tensor.shape.rank is None:
            tensor.set_shape([None])
        return input_producer(tensor, [], num_epochs, shuffle, seed, capacity, shared_name,
                              f"fraction_of_{capacity}_full", scope, cancel_op)  # fmt: skip


def range_input_producer(limit: Any, num_epochs: int | None = None, shuffle: bool = True, seed: Any = None,
                         capacity: int = 32, shared_name: str | None = None,
                         name: str | None = None) -> FIFOQueue:  # fmt: skip
    """A queue that a thread fills with the numbers below a limit; see `input_producer`."""
    refuse_eager("range_input_producer")
    with NameScope(name, "input_producer") as scope:
        return input_producer(weft.compat.v1.range(limit), [], num_epochs, shuffle, seed, capacity, shared_name,
                              f"fraction_of_{capacity}_full", scope)  # fmt: skip


def slice_input_producer(tensor_list: Sequence[Any], num_epochs: int | None = None, shuffle: bool = True,
                         seed: Any = None, capacity: int = 32, shared_name: str | None = None,
                         name: str | None = None) -> list[Any]:  # fmt: skip
    """A row of each of several tensors, whose numbers a thread puts into a queue; see `input_producer`.

    Args:
        tensor_list: Tensors `[n, ...]`.
        num_epochs: How many passes.
        shuffle: Whether each pass has an order of chance.
        seed: For the same orders in every run.
        capacity: How many numbers the queue holds.
        shared_name: Accepted.
        name: A name scope.

    Raises:
        ValueError: Without tensors.
    """
    refuse_eager("slice_input_producer")
    with NameScope(name, "input_producer"):
        tensors = [frontdoor.convert(t, name=f"input_tensor_{i}") for i, t in enumerate(tensor_list)]
        if not tensors:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        rows = weft.compat.v1.shape(tensors[0])[0]
        queue = range_input_producer(rows, num_epochs, shuffle, seed, capacity, shared_name)
        index = queue.dequeue()
        return [weft.compat.v1.gather(t, index) for t in tensors]


# Batches


def _listed(tensors: Any) -> list[Any]:
    given = [tensors[key] for key in sorted(tensors)] if isinstance(tensors, dict) else list(tensors) if isinstance(
        tensors, (list, tuple)) else [tensors]  # fmt: skip
    if not given:
        raise ValueError("Expected at least one tensor in batch().")
    return [frontdoor.convert(t) for t in given]


def _like(tensors: Any, found: Any) -> Any:
    items = list(found) if isinstance(found, (list, tuple)) else [found]
    if isinstance(tensors, dict):
        return dict(zip(sorted(tensors), items, strict=True))
    return items if len(items) > 1 else items[0]


def _shapes(lists: Sequence[Sequence[Any]], shapes: Any, enqueue_many: bool) -> Any:
    if shapes is not None:
        return shapes
    found = []
    for column in zip(*lists, strict=True):
        if any(t.shape.rank is None for t in column):
            raise ValueError(explain(f"Cannot infer Tensor's rank: {column[0]!r}.",
                                     hint="set_shape tells it, or pass shapes=..."))  # fmt: skip
        own = [t.shape[1:] if enqueue_many else t.shape for t in column]
        sizes = [[s.as_list()[i] for s in own] for i in range(own[0].rank)]
        found.append(TensorShape([n[0] if all(m == n[0] for m in n) else None for n in sizes]))
    return found


def _fill(queue: QueueBase, lists: Sequence[Sequence[Any]], threads: int, enqueue_many: bool, keep_input: Any) -> None:
    """A queue runner for operations that put the tensors in, those that `keep_input` lets through."""
    put = queue.enqueue_many if enqueue_many else queue.enqueue
    if keep_input is True:
        operations = [put(list(tensors)) for tensors in lists]
    else:
        keep = frontdoor.convert(keep_input, dtypes.bool_, name="keep_input")
        operations = []
        for tensors in lists:
            rows = list(tensors) if enqueue_many else [weft.expand_dims(t, 0) for t in tensors]
            count = weft.compat.v1.shape(rows[0])[:1]
            mask = keep if keep.shape.rank == 1 else weft.fill(count, keep)
            operations.append(queue.enqueue_many([weft.boolean_mask(t, mask) for t in rows]))
    add_queue_runner(QueueRunner(queue, operations * threads))


def _taken(queue: QueueBase, tensors: Any, batch_size: Any, smaller: bool, scope: str) -> Any:
    take = queue.dequeue_up_to if smaller else queue.dequeue_many
    return _like(tensors, take(batch_size, name=scope))


def _batched(tensors: Any, lists: Sequence[Sequence[Any]], batch_size: Any, keep_input: Any, threads: int,
             capacity: int, enqueue_many: bool, shapes: Any, dynamic_pad: bool, smaller: bool,
             scope: str) -> Any:  # fmt: skip
    kind = PaddingFIFOQueue if dynamic_pad else FIFOQueue
    further(keep_input is True)  # a constant
    sizes = _shapes(lists, shapes, enqueue_many)
    if not dynamic_pad and not all(TensorShape(s).is_fully_defined() for s in sizes):
        raise ValueError(explain("All shapes must be fully defined.",
                                 received=str([str(TensorShape(s)) for s in sizes]),
                                 hint="set_shape tells them; dynamic_pad=True fills up to the longest"))  # fmt: skip
    queue = kind(capacity, [t.dtype for t in lists[0]], sizes)
    _fill(queue, lists, threads, enqueue_many, keep_input)
    summary.scalar(f"fraction_of_{capacity}_full", weft.cast(queue.size(), dtypes.float32) * (1.0 / capacity))
    return _taken(queue, tensors, batch_size, smaller, scope)


def maybe_batch(tensors: Any, keep_input: Any, batch_size: Any, num_threads: int = 1, capacity: int = 32,
                enqueue_many: bool = False, shapes: Any = None, dynamic_pad: bool = False,
                allow_smaller_final_batch: bool = False, shared_name: str | None = None,
                name: str | None = None) -> Any:  # fmt: skip
    """As `batch`, of those examples for which `keep_input` holds."""
    refuse_eager("batch")
    with NameScope(name, "batch") as scope:
        return _batched(tensors, [_listed(tensors)], batch_size, keep_input, num_threads, capacity, enqueue_many,
                        shapes, dynamic_pad, allow_smaller_final_batch, scope)  # fmt: skip


def batch(tensors: Any, batch_size: Any, num_threads: int = 1, capacity: int = 32, enqueue_many: bool = False,
          shapes: Any = None, dynamic_pad: bool = False, allow_smaller_final_batch: bool = False,
          shared_name: str | None = None, name: str | None = None) -> Any:  # fmt: skip
    """Batches of examples that threads put into a queue.

    Args:
        tensors: One example: a list or dict of tensors.
        batch_size: How many.
        num_threads: How many threads read; their examples mix.
        capacity: How many examples the queue holds.
        enqueue_many: Whether `tensors` are several examples, along their first axis.
        shapes: The shapes of an example, where the tensors' are not known.
        dynamic_pad: Whether examples may differ in size; they are filled up with zeros.
        allow_smaller_final_batch: Whether the last batch may be smaller.
        shared_name: Accepted.
        name: A name scope.

    Returns:
        A list or dict of tensors as given; the tensor itself for a list of one.

    Raises:
        ValueError: Where shapes are not known.
    """
    return maybe_batch(tensors, True, batch_size, num_threads, capacity, enqueue_many, shapes, dynamic_pad,
                       allow_smaller_final_batch, shared_name, name)  # fmt: skip


def maybe_batch_join(tensors_list: Sequence[Any], keep_input: Any, batch_size: Any, capacity: int = 32,
                     enqueue_many: bool = False, shapes: Any = None, dynamic_pad: bool = False,
                     allow_smaller_final_batch: bool = False, shared_name: str | None = None,
                     name: str | None = None) -> Any:  # fmt: skip
    """As `batch_join`, of those examples for which `keep_input` holds."""
    refuse_eager("batch_join")
    with NameScope(name, "batch_join") as scope:
        return _batched(tensors_list[0], [_listed(t) for t in tensors_list], batch_size, keep_input, 1, capacity,
                        enqueue_many, shapes, dynamic_pad, allow_smaller_final_batch, scope)  # fmt: skip


def batch_join(tensors_list: Sequence[Any], batch_size: Any, capacity: int = 32, enqueue_many: bool = False,
               shapes: Any = None, dynamic_pad: bool = False, allow_smaller_final_batch: bool = False,
               shared_name: str | None = None, name: str | None = None) -> Any:  # fmt: skip
    """As `batch`, of several readers, each of which has a thread of its own."""
    return maybe_batch_join(tensors_list, True, batch_size, capacity, enqueue_many, shapes, dynamic_pad,
                            allow_smaller_final_batch, shared_name, name)  # fmt: skip


def _shuffled(tensors: Any, lists: Sequence[Sequence[Any]], batch_size: Any, capacity: int, least: int,
              keep_input: Any, threads: int, seed: Any, enqueue_many: bool, shapes: Any, smaller: bool,
              scope: str) -> Any:  # fmt: skip
    if capacity <= least:
        raise ValueError(f"capacity {capacity} must be bigger than min_after_dequeue {least}.")
    further(keep_input is True)  # a constant
    sizes = _shapes(lists, shapes, enqueue_many)
    queue = RandomShuffleQueue(capacity, least, [t.dtype for t in lists[0]], sizes, seed=seed)
    _fill(queue, lists, threads, enqueue_many, keep_input)
    room = capacity - least
    full = weft.cast(weft.maximum(0, queue.size() - least), dtypes.float32) * (1.0 / room)
    summary.scalar(f"fraction_over_{least}_of_{room}_full", full)
    return _taken(queue, tensors, batch_size, smaller, scope)


def maybe_shuffle_batch(tensors: Any, batch_size: Any, capacity: int, min_after_dequeue: int, keep_input: Any,
                        num_threads: int = 1, seed: Any = None, enqueue_many: bool = False, shapes: Any = None,
                        allow_smaller_final_batch: bool = False, shared_name: str | None = None,
                        name: str | None = None) -> Any:  # fmt: skip
    """As `shuffle_batch`, of those examples for which `keep_input` holds."""
    refuse_eager("shuffle_batch")
    with NameScope(name, "shuffle_batch") as scope:
        return _shuffled(tensors, [_listed(tensors)], batch_size, capacity, min_after_dequeue, keep_input, num_threads,
                         seed, enqueue_many, shapes, allow_smaller_final_batch, scope)  # fmt: skip


def shuffle_batch(tensors: Any, batch_size: Any, capacity: int, min_after_dequeue: int, num_threads: int = 1,
                  seed: Any = None, enqueue_many: bool = False, shapes: Any = None,
                  allow_smaller_final_batch: bool = False, shared_name: str | None = None,
                  name: str | None = None) -> Any:  # fmt: skip
    """As `batch`, in an order of chance.

    Args:
        tensors: One example: a list or dict of tensors.
        batch_size: How many.
        capacity: How many examples the queue holds.
        min_after_dequeue: How many stay in it, to draw from.
        num_threads: How many threads read.
        seed: For the same draws in every run.
        enqueue_many: Whether `tensors` are several examples, along their first axis.
        shapes: The shapes of an example.
        allow_smaller_final_batch: Whether the last batch may be smaller.
        shared_name: Accepted.
        name: A name scope.

    Raises:
        ValueError: Where shapes are not known, or the queue holds too few.
    """
    return maybe_shuffle_batch(tensors, batch_size, capacity, min_after_dequeue, True, num_threads, seed, enqueue_many,
                               shapes, allow_smaller_final_batch, shared_name, name)  # fmt: skip


def maybe_shuffle_batch_join(tensors_list: Sequence[Any], batch_size: Any, capacity: int, min_after_dequeue: int,
                             keep_input: Any, seed: Any = None, enqueue_many: bool = False, shapes: Any = None,
                             allow_smaller_final_batch: bool = False, shared_name: str | None = None,
                             name: str | None = None) -> Any:  # fmt: skip
    """As `shuffle_batch_join`, of those examples for which `keep_input` holds."""
    refuse_eager("shuffle_batch_join")
    with NameScope(name, "shuffle_batch_join") as scope:
        return _shuffled(tensors_list[0], [_listed(t) for t in tensors_list], batch_size, capacity, min_after_dequeue,
                         keep_input, 1, seed, enqueue_many, shapes, allow_smaller_final_batch, scope)  # fmt: skip


def shuffle_batch_join(tensors_list: Sequence[Any], batch_size: Any, capacity: int, min_after_dequeue: int,
                       seed: Any = None, enqueue_many: bool = False, shapes: Any = None,
                       allow_smaller_final_batch: bool = False, shared_name: str | None = None,
                       name: str | None = None) -> Any:  # fmt: skip
    """As `shuffle_batch`, of several readers, each of which has a thread of its own."""
    return maybe_shuffle_batch_join(tensors_list, batch_size, capacity, min_after_dequeue, True, seed, enqueue_many,
                                    shapes, allow_smaller_final_batch, shared_name, name)  # fmt: skip
