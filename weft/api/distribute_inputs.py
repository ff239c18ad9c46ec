"""How `tf.distribute` shares data out: what a pipeline is told of its part, and datasets of the replicas' values."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from weft.api import array, math
from weft.base import nest
from weft.base.errors import OutOfRangeError, explain
from weft.data import shared
from weft.runtime import frontdoor, processes
from weft.runtime.composite import CompositeTensor
from weft.runtime.replicas import PerReplica

if TYPE_CHECKING:
    from weft.api.distribute import Strategy


class InputReplicationMode(enum.Enum):
    """How often an input pipeline is made."""

    PER_WORKER = "PER_WORKER"
    PER_REPLICA = "PER_REPLICA"


class InputContext:
    """Which part of the input a pipeline is for.

    Args:
        num_input_pipelines: How many pipelines there are.
        input_pipeline_id: The number of this one.
        num_replicas_in_sync: How many replicas take part in a step.
    """

    def __init__(self, num_input_pipelines: int = 1, input_pipeline_id: int = 0, num_replicas_in_sync: int = 1) -> None:
        self.num_input_pipelines = num_input_pipelines
        self.input_pipeline_id = input_pipeline_id
        self.num_replicas_in_sync = num_replicas_in_sync

    def get_per_replica_batch_size(self, global_batch_size: int) -> int:
        """The share of a batch that a replica gets.

        Raises:
            ValueError: Where the batch cannot be shared out evenly.
        """
        share, rest = divmod(global_batch_size, self.num_replicas_in_sync)
        if rest:
            raise ValueError(explain(
                f"The batch of {global_batch_size} cannot be shared evenly by {self.num_replicas_in_sync} replicas."
            ))  # fmt: skip
        return share

    def __repr__(self) -> str:
        return f"tf.distribute.InputContext(input pipeline id {self.input_pipeline_id}, total: 1)"


class InputOptions:
    """How a dataset is handed to replicas; with one replica, all of it is accepted."""

    def __init__(self, experimental_fetch_to_device: Any = None,
                 experimental_replication_mode: InputReplicationMode = InputReplicationMode.PER_WORKER,
                 experimental_place_dataset_on_device: bool = False,
                 experimental_per_replica_buffer_size: int = 1) -> None:  # fmt: skip
        given = experimental_fetch_to_device
        self.experimental_fetch_to_device = True if given is None else given
        self.experimental_replication_mode = experimental_replication_mode
        self.experimental_place_dataset_on_device = experimental_place_dataset_on_device
        self.experimental_per_replica_buffer_size = experimental_per_replica_buffer_size


class DistributedIterator:
    """A walk through a dataset whose elements are values of each replica."""

    def __init__(self, elements: Iterator[Any]) -> None:
        self._elements = elements

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._elements)

    def get_next(self) -> Any:
        """The next element.

        Raises:
            OutOfRangeError: At the end.
        """
        try:
            return next(self._elements)
        except StopIteration:
            raise OutOfRangeError("End of sequence") from None


class DistributedDataset:
    """A dataset whose elements are values of each replica.

    Args:
        dataset: Where they come from.
        strategy: Whose replicas.
        cuts: Whether an element is cut among replicas; else each takes an element.
    """

    def __init__(self, dataset: Any, strategy: Strategy, cuts: bool) -> None:
        self._dataset, self._strategy, self._cuts = dataset, strategy, cuts

    @property
    def element_spec(self) -> Any:
        """The spec of an element before it is shared out."""
        return self._dataset.element_spec

    def cardinality(self) -> Any:
        """How many elements there are, or a negative number where that is not known."""
        count = self._dataset.cardinality()
        return count if self._cuts else math.maximum(count, -(-count // self._strategy.num_replicas_in_sync))

    def __len__(self) -> int:
        count = len(self._dataset)
        return count if self._cuts else -(-count // self._strategy.num_replicas_in_sync)

    def __iter__(self) -> Iterator[Any]:
        return DistributedIterator(self._elements())

    def _elements(self) -> Iterator[Any]:
        count = self._strategy.num_replicas_in_sync
        if self._cuts:
            for element in self._dataset:
                yield nest.map_structure(lambda leaf: _cut(leaf, count), element)
            return
        if processes.count() > 1:
            for element, sizes in self._of_workers().with_sizes():
                yield nest.map_structure(lambda leaf, s=sizes: _by_sizes(leaf, s), element)
            return
        for found in self._steps(count):
            yield nest.map_structure(lambda *leaves: _side_by_side(leaves), *found)

    def whole_batches(self) -> Any:
        """The same data, the parts of all replicas after one another: what `fit` goes through."""
        if self._cuts:
            return self._dataset
        if processes.count() > 1:
            return self._of_workers()
        count = self._strategy.num_replicas_in_sync
        return (nest.map_structure(lambda *leaves: array.concat(leaves, 0), *found) for found in self._steps(count))

    def _steps(self, count: int) -> Iterator[list[Any]]:
        """So many batches at a time; where the data end within a step, the last ones have no rows."""
        batches = iter(self._dataset)
        while found := list(itertools.islice(batches, count)):
            yield found + [nest.map_structure(lambda leaf: leaf[:0], found[-1])] * (count - len(found))

    def _of_workers(self) -> shared.Together:
        own = len(self._strategy._own_replicas())
        return shared.Together(lambda: self._steps(own), self._dataset.element_spec, own, self._strategy._distribution)


def _by_sizes(leaf: Any, sizes: Sequence[int]) -> PerReplica:
    """The rows of all replicas as a value of each."""
    if len(set(sizes)) == 1:
        return PerReplica([leaf], len(sizes))
    bounds = list(itertools.accumulate(sizes, initial=0))
    return PerReplica([leaf[begin:end] for begin, end in itertools.pairwise(bounds)])


def _cut(leaf: Any, count: int) -> PerReplica:
    if isinstance(leaf, CompositeTensor):
        raise TypeError(explain(
            "experimental_distribute_dataset: rows of dense tensors are shared out among replicas.",
            received=type(leaf).__name__, hint="make them dense, with `to_tensor` or `to_dense`",
        ))  # fmt: skip
    tensor = frontdoor.convert(leaf)
    return PerReplica([tensor] * count) if tensor.shape.rank == 0 else PerReplica([tensor], count)


def _side_by_side(leaves: Sequence[Any]) -> PerReplica:
    tensors = [frontdoor.convert(leaf) for leaf in leaves]
    even = len({tuple(tensor.shape) for tensor in tensors}) == 1 and tensors[0].shape.rank
    return PerReplica([array.concat(tensors, 0)], len(tensors)) if even else PerReplica(tensors)
