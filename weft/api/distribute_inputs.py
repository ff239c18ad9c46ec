"""How `tf.distribute` shares data out: what a pipeline is told of its part, and datasets of the replicas' values."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from weft.api import array, math, sparse
from weft.base import nest
from weft.base.errors import OutOfRangeError, explain
from weft.base.shapes import TensorShape
from weft.data import shared
from weft.data.dataset import Dataset
from weft.data.optional import Optional
from weft.runtime import context, frontdoor, processes
from weft.runtime.composite import CompositeTensor
from weft.runtime.ragged import RaggedTensor
from weft.runtime.replicas import PerReplica
from weft.runtime.sparse import SparseTensor
from weft.runtime.spec import CompositeSpec, TensorSpec
from weft.runtime.tensor import EagerTensor

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
        number, total = self.input_pipeline_id, self.num_input_pipelines
        return f"tf.distribute.InputContext(input pipeline id {number}, total: {total})"


class _InputOptions(NamedTuple):
    experimental_fetch_to_device: bool
    experimental_replication_mode: InputReplicationMode
    experimental_place_dataset_on_device: bool
    experimental_per_replica_buffer_size: int


class InputOptions(_InputOptions):
    """How a dataset is handed to replicas: accepted."""

    __slots__ = ()

    def __new__(cls, experimental_fetch_to_device: bool | None = None,
                experimental_replication_mode: InputReplicationMode = InputReplicationMode.PER_WORKER,
                experimental_place_dataset_on_device: bool = False,
                experimental_per_replica_buffer_size: int = 1) -> InputOptions:  # fmt: skip
        fetches = True if experimental_fetch_to_device is None else experimental_fetch_to_device
        return super().__new__(cls, fetches, experimental_replication_mode, experimental_place_dataset_on_device,
                               experimental_per_replica_buffer_size)  # fmt: skip


class PerReplicaSpec(CompositeSpec):
    """Describes a value of each replica: what `element_spec` of a distributed dataset says.

    Args:
        *value_specs: The spec of each replica's.

    Example:
        >>> import weft as tf
        >>> from weft.api.distribute_inputs import PerReplicaSpec
        >>> PerReplicaSpec(tf.TensorSpec([2]), tf.TensorSpec([2])).shape
        TensorShape([2])
    """

    __slots__ = ("_value_specs", "_whole")
    value_type = PerReplica

    def __init__(self, *value_specs: Any) -> None:
        self._value_specs = value_specs
        self._whole: TensorSpec | None = None

    @classmethod
    def of_rows(cls, whole: TensorSpec, count: int) -> PerReplicaSpec:
        """The spec of rows that replicas share out: of a tensor that each takes a stretch of."""
        rows, *rest = whole.shape.as_list()
        part = rows // count if rows is not None and rows % count == 0 else None
        made = cls(*[TensorSpec([part, *rest], whole.dtype)] * count)
        made._whole = TensorSpec([rows, *rest], whole.dtype)
        return made

    @property
    def shape(self) -> TensorShape:
        """The shape of a replica's value."""
        return self._value_specs[0].shape  # type: ignore[no-any-return]

    def _component_specs(self) -> list[TensorSpec]:
        if self._whole is not None:
            return [self._whole]
        return [part for spec in self._value_specs
                for part in (spec._component_specs() if isinstance(spec, CompositeSpec) else [spec])]  # fmt: skip

    def _from_components(self, parts: list[Any]) -> PerReplica:
        if self._whole is not None:
            return PerReplica(parts, len(self._value_specs))
        supply = iter(parts)

        def one(spec: Any) -> Any:
            if not isinstance(spec, CompositeSpec):
                return next(supply)
            return spec._from_components([next(supply) for _ in spec._component_specs()])

        return PerReplica([one(spec) for spec in self._value_specs])

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a value (or spec) fits."""
        if isinstance(other, PerReplicaSpec):
            theirs = other._component_specs()
        elif isinstance(other, PerReplica) and (other.count is not None or self._whole is None):
            theirs = self._fitted(other)._components()
        else:
            return False
        own = self._component_specs()
        return len(own) == len(theirs) and all(a.is_compatible_with(b) for a, b in zip(own, theirs, strict=True))

    def _fitted(self, value: PerReplica) -> PerReplica:
        return PerReplica(value.values) if self._whole is None and value.count is not None else value

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, PerReplicaSpec) and self._value_specs == other._value_specs
                and self._whole == other._whole)  # fmt: skip

    def __hash__(self) -> int:
        return hash((self._value_specs, self._whole))

    def __repr__(self) -> str:
        return f"PerReplicaSpec({', '.join(map(repr, self._value_specs))})"


class _Walk:
    """A walk through a dataset whose elements are shared out among replicas as they come.

    Args:
        walk: Through the dataset, as the graph runs.
        share: Element → a structure of values of replicas.
    """

    def __init__(self, walk: Any, share: Callable[[Any], Any]) -> None:
        self._walk, self._share = walk, share

    def next(self) -> tuple[Any, Any]:
        there, element = self._walk.next()
        return there, self._share(element)

    def next_if(self, wanted: Any) -> tuple[Any, Any]:
        there, element = self._walk.next_if(wanted)
        return there, self._share(element)

    def get_next(self) -> Any:
        return self._share(self._walk.get_next())


class DistributedIterator:
    """A walk through a dataset whose elements are values of each replica.

    Args:
        elements: Gives the dataset's own.
        share: Element → a structure of values of replicas.
        spec: What is given, as `element_spec` says.
    """

    def __init__(self, elements: Iterator[Any], share: Callable[[Any], Any], spec: Any) -> None:
        self._elements, self._share, self._spec = elements, share, spec

    @property
    def element_spec(self) -> Any:
        """The specs of the elements."""
        return self._spec

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._share(next(self._elements))

    def __weft_walk__(self) -> _Walk:
        """Goes on with it as a graph runs: what a loop in a traced function does."""
        return _Walk(_walk_of(self._elements), self._share)

    def get_next(self) -> Any:
        """The next element.

        Raises:
            OutOfRangeError: At the end.
        """
        if context.scope() is not None:
            return self.__weft_walk__().get_next()
        try:
            return next(self)
        except StopIteration:
            raise OutOfRangeError("End of sequence") from None

    def get_next_as_optional(self) -> Optional:
        """The next element, or none after the last one."""
        if context.scope() is not None:
            return Optional(*self.__weft_walk__().next(), self._spec)
        found = next(self, self)
        there = EagerTensor(np.asarray(found is not self))
        return Optional(there, None if found is self else found, self._spec)


def _walk_of(elements: Any) -> Any:
    walk = getattr(elements, "__weft_walk__", None)
    if walk is None:
        raise RuntimeError(explain(
            "Batches that several workers put together cannot be taken while a graph is being built.",
            hint="take them outside of the function, and hand it each batch: for batch in dataset: step(batch)",
        ))  # fmt: skip
    return walk()


class DistributedDataset:
    """A dataset whose elements are values of each replica.

    Args:
        dataset: Where they come from.
        strategy: Whose replicas.
        cuts: Whether an element is cut among replicas; else each takes an element.
    """

    def __init__(self, dataset: Any, strategy: Strategy, cuts: bool) -> None:
        self._dataset, self._strategy, self._cuts = dataset, strategy, cuts
        self._count = strategy.num_replicas_in_sync

    @property
    def element_spec(self) -> Any:
        """The specs of what each replica gets, as `input_signature` of a function takes them."""
        return nest.map_structure(self._spec_of, self._dataset.element_spec)

    def _spec_of(self, spec: Any) -> Any:
        if self._cuts and isinstance(spec, TensorSpec) and spec.shape.rank:
            return PerReplicaSpec.of_rows(spec, self._count)
        if not self._cuts and not shared.of_one_shape(self._dataset.element_spec):
            spec = shared.of_any_rows(spec)  # after the last batch there are none
        return PerReplicaSpec(*[spec] * self._count)

    @property
    def cardinality(self) -> int:
        """How many elements the dataset has that it is made of, or a negative number where that is not known."""
        return int(self._dataset.cardinality())

    def __len__(self) -> int:
        return len(self._dataset if self._cuts else self._steps(self._count))

    def __iter__(self) -> Iterator[Any]:
        elements, share = self._shared()
        return DistributedIterator(iter(elements), share, self.element_spec)

    def __weft_walk__(self) -> _Walk:
        """Goes through it as a graph runs: what a loop in a traced function does."""
        elements, share = self._shared(drops=False)
        return _Walk(_walk_of(elements), share)

    def _shared(self, drops: bool = True) -> tuple[Any, Callable[[Any], Any]]:
        """What is gone through, and what makes values of replicas of its elements."""
        if self._cuts:
            return self._dataset, lambda element: nest.map_structure(lambda leaf: cut(leaf, self._count), element)
        if processes.count() > 1:
            def by_sizes(found: Any) -> Any:
                element, sizes = found
                return nest.map_structure(lambda leaf: _by_sizes(leaf, sizes), element)

            return self._of_workers().with_sizes(), by_sizes

        def side_by_side(found: Any) -> Any:
            return nest.map_structure(lambda *each: _side_by_side(each), *found)

        return self._steps(self._count, drops), side_by_side

    def whole_batches(self) -> Any:
        """The same data, the parts of all replicas after one another: what `fit` goes through."""
        if self._cuts:
            return self._dataset
        if processes.count() > 1:
            return self._of_workers()
        steps = self._steps(self._count)
        return (nest.map_structure(lambda *leaves: array.concat(leaves, 0), *found) for found in steps)

    def _steps(self, count: int, drops: bool = True) -> Dataset:
        return Dataset(shared.SideBySide(self._dataset._node, count, drops))

    def _of_workers(self) -> shared.Together:
        own = len(self._strategy._own_replicas())
        return shared.Together(lambda: map(list, self._steps(own)), self._dataset.element_spec, own,
                               self._strategy._distribution)  # fmt: skip


def _by_sizes(leaf: Any, sizes: Sequence[int]) -> PerReplica:
    """The rows of all replicas as a value of each."""
    if len(set(sizes)) == 1:
        return PerReplica([leaf], len(sizes))
    bounds = list(itertools.accumulate(sizes, initial=0))
    return PerReplica([leaf[begin:end] for begin, end in itertools.pairwise(bounds)])


def cut(leaf: Any, count: int) -> Any:
    """The rows of a tensor as a value of each replica; None and what is one already stay as they are.

    Raises:
        TypeError: For what has no rows of numbers.
    """
    if leaf is None or isinstance(leaf, PerReplica):
        return leaf
    if isinstance(leaf, CompositeTensor):
        return _rows_of_composite(leaf, count)
    tensor = frontdoor.convert(leaf)
    return PerReplica([tensor] * count) if tensor.shape.rank == 0 else PerReplica([tensor], count)


def _rows_of_composite(leaf: Any, count: int) -> PerReplica:
    """The rows of a ragged or sparse tensor, in which replicas' parts differ in size."""
    if isinstance(leaf, RaggedTensor):
        splits = frontdoor.convert(leaf.row_splits)
        rows = math.maximum(array.size(splits, splits.dtype) - 1, 0)  # after the last batch there are no splits
    elif isinstance(leaf, SparseTensor):
        rows = frontdoor.convert(leaf.dense_shape)[0]
    else:
        raise TypeError(explain(
            "experimental_distribute_dataset: rows of dense, ragged and sparse tensors are shared out among replicas.",
            received=type(leaf).__name__, hint="make them dense",
        ))  # fmt: skip
    size = (rows + (count - 1)) // count
    bounds = [math.minimum(size * number, rows) for number in range(count + 1)]
    return PerReplica([_stretch(leaf, begin, end) for begin, end in itertools.pairwise(bounds)])


def _stretch(leaf: Any, begin: Any, end: Any) -> Any:
    """Some rows of what has rows."""
    if isinstance(leaf, RaggedTensor):
        splits = frontdoor.convert(leaf.row_splits)
        own = array.concat([splits, array.zeros([1], splits.dtype)], 0)[begin : end + 1]
        return RaggedTensor.from_row_splits(_stretch(leaf.values, own[0], own[-1]), own - own[0], validate=False)
    if isinstance(leaf, SparseTensor):
        first = frontdoor.convert(leaf.dense_shape)
        start = array.concat([array.reshape(begin, [1]), array.zeros_like(first[1:])], 0)
        return sparse.slice(leaf, start, array.concat([array.reshape(end - begin, [1]), first[1:]], 0))
    return leaf[begin:end]


def _side_by_side(leaves: Sequence[Any]) -> PerReplica:
    tensors = [frontdoor.convert(leaf) for leaf in leaves]
    # sizes that only the run tells may differ
    known = all(tensor.shape.is_fully_defined() for tensor in tensors)
    even = known and len({tuple(tensor.shape) for tensor in tensors}) == 1 and tensors[0].shape.rank
    return PerReplica([array.concat(tensors, 0)], len(tensors)) if even else PerReplica(tensors)
