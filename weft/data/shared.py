"""A dataset for several processes: each reads files of its own, or all read everything and take rows of each batch.

Where all read everything (`AutoShardPolicy.DATA`), every process has every batch, and its devices take their rows of
it. Where each reads its own part (`FILE`, `OFF`), the rows that processes have at hand become one batch, step by step,
until the last one has no more: the steps of those who have less data go on without their rows.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from weft.base import nest
from weft.base.errors import explain
from weft.data import nodes, structure
from weft.data.dataset import Dataset
from weft.data.files import FileRecords
from weft.data.nodes import Derived, Node
from weft.data.options import AutoShardPolicy
from weft.data.transforms import Interleave
from weft.runtime import dispatch, frontdoor
from weft.runtime.composite import CompositeTensor
from weft.runtime.spec import TensorSpec
from weft.runtime.tensor import DeviceTensor, EagerTensor


def policy_of(dataset: Dataset) -> AutoShardPolicy:
    """How a dataset says that it is to be divided."""
    return AutoShardPolicy(int(dataset.options().experimental_distribute.auto_shard_policy))


def own_part(dataset: Dataset, number: int, count: int) -> Dataset | None:
    """What one of several processes reads; None where each reads everything.

    Args:
        dataset: The dataset; its options say how it is divided.
        number: Which process this is.
        count: How many there are.

    Raises:
        ValueError: Where it is to be divided by files, and there are none, or fewer than processes.
    """
    policy = policy_of(dataset)
    if policy is AutoShardPolicy.OFF:
        return dataset
    if policy in (AutoShardPolicy.DATA, AutoShardPolicy.HINT):
        return None
    found, files = _by_files(dataset._node, number, count)
    if found is not None and files >= count:
        return Dataset(found)
    if policy is AutoShardPolicy.FILE:
        raise ValueError(explain(
            "AutoShardPolicy.FILE divides a dataset by its files among workers.",
            received=f"{files} files for {count} workers" if found is not None else "a dataset that reads no files",
            hint="write at least one file for each worker, or use AutoShardPolicy.DATA",
        ))  # fmt: skip
    return None


def _by_files(node: Node, number: int, count: int) -> tuple[Node | None, int]:
    """A plan that reads every `count`-th file, and how many files there are; None for one that reads no files."""
    if isinstance(node, FileRecords):
        made = copy.copy(node)
        if isinstance(node.names, Node):
            made.names = nodes.Shard(node.names, count, number)
            return made, node.names.cardinality()
        names = np.atleast_1d(structure.array_of(node.names))
        made.names = EagerTensor(names[number::count])
        return made, len(names)
    if not isinstance(node, Derived):
        return None, 0
    if isinstance(node, Interleave) and _gives_names(node.source):
        return _behind(node, nodes.Shard(node.source, count, number)), node.source.cardinality()
    source, files = _by_files(node.source, number, count)
    return (None, 0) if source is None else (_behind(node, source), files)


def _behind(node: Derived, source: Node) -> Derived:
    """The same step behind another one."""
    made = copy.copy(node)
    made.source = source
    return made


def _gives_names(node: Node) -> bool:
    return isinstance(node.spec, TensorSpec) and node.spec.dtype.name == "string" and node.spec.shape.rank == 0


class Together:
    """Batches of the rows that several processes read.

    Args:
        parts: Starts a pass: gives, for each step, this process's part or parts of the batch.
        spec: The structure of specs of a part.
        count: How many parts each process has in a step.
        distribution: Says over which devices batches are cut.
        steps: How many steps a pass takes, where that is known; else a negative number.
    """

    def __init__(
        self, parts: Callable[[], Iterator[list[Any]]], spec: Any, count: int, distribution: Callable[[], Any],
        steps: int = nodes.UNKNOWN,
    ) -> None:  # fmt: skip
        self._parts, self.element_spec, self._count, self._distribution = parts, spec, count, distribution
        self._steps = steps

    def cardinality(self) -> Any:
        """How many batches there are, or a negative number where that is not known."""
        return EagerTensor(np.asarray(self._steps, np.int64))

    def __iter__(self) -> Iterator[Any]:
        for element, _ in self.with_sizes():
            yield element

    def with_sizes(self) -> Iterator[tuple[Any, list[int]]]:
        """The batches, and how many rows of each are of which part of which process."""
        engine: Any = dispatch.engine()
        running = self._parts()
        while True:
            given = next(running, None)
            ended = given is None
            leaves = [_arrays(part) for part in given] if given is not None else [self._nothing()] * self._count
            found = engine.assembled(leaves, ended, self._distribution())
            if found is None:
                return
            arrays, sizes = found
            if not sum(sizes):
                continue
            tensors = [EagerTensor(array) if isinstance(array, np.ndarray) else DeviceTensor(array) for array in arrays]
            yield nest.pack(self.element_spec, tensors), sizes

    def _nothing(self) -> list[Any]:
        specs = nest.flatten(self.element_spec)
        return [np.zeros([0, *(size or 0 for size in spec.shape.as_list()[1:])] if spec.shape.rank else [],
                         spec.dtype.numpy) for spec in specs]  # fmt: skip


def _arrays(part: Any) -> list[Any]:
    found = []
    for leaf in nest.flatten(part):
        if isinstance(leaf, CompositeTensor):
            raise TypeError(explain("Rows of dense tensors are shared among workers.", received=type(leaf).__name__,
                                    hint="make them dense, with `to_tensor` or `to_dense`"))  # fmt: skip
        found.append(frontdoor.convert(leaf)._array)
    return found


def batches_of(own: Dataset, count: int, distribution: Callable[[], Any]) -> Together:
    """The batches of datasets whose elements are whole batches: of each, a process gives one part in a step.

    Args:
        own: What this process reads.
        count: How many processes there are.
        distribution: Says over which devices batches are cut.
    """

    def parts() -> Iterator[list[Any]]:
        for element in own:
            leaves = nest.flatten(element)
            rows = next((leaf.shape[0] for leaf in leaves if leaf.shape.rank), 0)
            size = -(-rows // count)
            for begin in range(0, rows, size or 1):
                chosen = slice(begin, begin + size)
                yield [nest.map_structure(lambda leaf, c=chosen: leaf[c] if leaf.shape.rank else leaf, element)]

    known = int(own.cardinality())
    return Together(parts, own.element_spec, 1, distribution, known if known == nodes.INFINITE else nodes.UNKNOWN)


def among_processes(dataset: Any, number: int, count: int, distribution: Callable[[], Any]) -> Any:
    """A dataset as several processes go through it together; what is no dataset is the same in all of them."""
    if not isinstance(dataset, Dataset):
        return dataset
    own = own_part(dataset, number, count)
    return dataset if own is None else batches_of(own, count, distribution)


class SideBySide(Derived):
    """So many elements at a time, next to each other.

    Where the data end within a step, the last ones have no rows.

    Args:
        source: The plan of the elements.
        count: How many make one of its own: a tuple of them.
        drops: Whether elements of one shape, which is known, are left out there: TensorFlow does so outside of loops in
            functions. Scalars always are.
    """

    label = "_SideBySideDataset"

    def __init__(self, source: Node, count: int, drops: bool = True) -> None:
        super().__init__(source)
        self.count = count
        scalars = not any(spec.shape.rank for spec in nest.flatten(source.spec))
        self.even = of_one_shape(source.spec) and (drops or scalars)
        part = source.spec if self.even else nest.map_structure(of_any_rows, source.spec)
        self.spec = (part,) * count

    def cardinality(self) -> int:
        inner = self.source.cardinality()
        return inner if inner < 0 else inner // self.count if self.even else -(-inner // self.count)

    def iterate(self) -> Iterator[nodes.Flat]:
        elements = self.source.iterate()
        while found := list(itertools.islice(elements, self.count)):
            if self.even and len(found) < self.count:
                return
            nothing = [None if part is None else part[:0] for part in found[-1]] if len(found) < self.count else []
            yield [part for element in found + [nothing] * (self.count - len(found)) for part in element]


def of_one_shape(spec: Any) -> bool:
    """Whether the shapes of elements are all known."""
    return all(isinstance(leaf, TensorSpec) and leaf.shape.is_fully_defined() for leaf in nest.flatten(spec))


def of_any_rows(spec: Any) -> TensorSpec:
    """A tensor's spec with any number of rows.

    Raises:
        TypeError: For a ragged or sparse tensor's.
    """
    if not isinstance(spec, TensorSpec):
        raise TypeError(explain("Rows of dense tensors are shared among replicas.", received=str(spec),
                                hint="make them dense, with `to_tensor` or `to_dense`"))  # fmt: skip
    return TensorSpec([None, *spec.shape.as_list()[1:]] if spec.shape.rank else spec.shape, spec.dtype)
