"""Plans that run users' functions on elements, keep elements, or make them ahead."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, nest
from weft.base.alone import working_alone
from weft.base.errors import InvalidArgumentError, OpError, explain
from weft.base.locks import Lock
from weft.data import kept_files, structure
from weft.data.ahead import results
from weft.data.functions import StructuredFunction, called, debug_mode
from weft.data.nodes import INFINITE, UNKNOWN, Derived, Flat, Node, Rows, counted, merged
from weft.data.stacking import mapped_stacks
from weft.data.structure import DatasetSpec, value_of
from weft.engines.base import Room
from weft.ops import philox
from weft.runtime.spec import TensorSpec

#: a function that takes less than this many seconds is not worth handing to another thread
_WORTH_A_THREAD = 2e-4
_TRIED = 4


class Map(Derived):
    """A function of each element."""

    label = "_MapDataset"

    def __init__(self, source: Node, function: StructuredFunction, parallel: Any, label: str | None = None) -> None:
        super().__init__(source)
        self.function = function
        self.parallel = parallel
        self.spec = function.spec
        self.works = True
        self.label = label or ("_MapDataset" if parallel is None else "_ParallelMapDataset")

    def iterate(self) -> Iterator[Flat]:
        return self._pass(None)

    def placed(self, room: Room) -> Iterator[Flat]:
        return self._pass(room)

    def _pass(self, room: Room | None) -> Iterator[Flat]:
        threads = 1 if self.parallel is None or debug_mode() else value_of(self.parallel)
        if threads < 1:
            threads = os.cpu_count() or 1
        ahead = threads > 1 and self.function.has_effects and self.function.goes_ahead
        if self.function.has_effects and not ahead:
            threads = 1
        one = self._in_halves if ahead else self._made  # so that the whole need not be compiled as well
        source = enumerate(self.source.iterate())
        spent = 0.0
        for place, flat in source:
            begin = time.perf_counter()
            made = one(place, flat, room)
            spent += time.perf_counter() - begin
            yield made
            if threads > 1 and place == _TRIED - 1:
                break
        if threads > 1 and spent > _WORTH_A_THREAD * _TRIED:
            yield from self._side_by_side(source, threads, ahead, room)
        else:
            for place, flat in source:
                yield one(place, flat, room)

    def stacked(self, size: int) -> Iterator[Flat] | None:
        if debug_mode() or not self.function.takes_stacks:
            return None
        given = self.source.stacked(size)
        if given is None and self.function.has_state:
            return None  # what runs between two elements may change what the function reads
        return mapped_stacks(self.source, given, size, self.function.stacked, self._made)

    def _side_by_side(
        self, source: Iterator[Any], threads: int, ahead: bool, room: Room | None
    ) -> Iterator[Flat]:
        """The results in order, several on their way; of a function with effects only what goes `ahead` of them."""
        made = results(self._begun if ahead else self._made, source, threads)
        try:
            for (place, flat), found in made:
                if not ahead:
                    yield found
                    continue
                with working_alone():  # the processors are taken by what goes ahead
                    ended = self._ended(place, flat, found, room)
                yield ended
        finally:
            made.close()

    def _begun(self, place: int, flat: Flat) -> Flat:
        return called(self.function, place, flat, self.function.begun)

    def _ended(self, place: int, flat: Flat, begun: Flat, room: Room | None) -> Flat:
        return called(self.function, place, flat, lambda f: self.function.ended(f, begun, room))

    def _in_halves(self, place: int, flat: Flat, room: Room | None = None) -> Flat:
        return self._ended(place, flat, self._begun(place, flat), room)

    def _made(self, place: int, flat: Flat, room: Room | None = None) -> Flat:
        return called(self.function, place, flat, None if room is None else lambda f: self.function(f, room))


class Filter(Derived):
    """The elements for which a function says yes."""

    label = "_FilterDataset"

    def __init__(self, source: Node, predicate: StructuredFunction, label: str = "_FilterDataset") -> None:
        super().__init__(source)
        spec = predicate.spec
        if not (isinstance(spec, TensorSpec) and spec.dtype is dtypes.bool_ and spec.shape.rank in (0, None)):
            raise ValueError(explain(
                f"Dataset.{predicate.method}: the function must return a single tf.bool.", received=repr(spec),
                hint="compare: lambda x: x > 0; of several values, tf.reduce_all(...)",
            ))  # fmt: skip
        self.predicate = predicate
        self.label = label
        self.works = True

    def cardinality(self) -> int:
        return UNKNOWN

    def iterate(self) -> Iterator[Flat]:
        for place, flat in enumerate(self.source.iterate()):
            if called(self.predicate, place, flat)[0]:
                yield flat


class TakeWhile(Filter):
    """The elements before the first for which a function says no."""

    def iterate(self) -> Iterator[Flat]:
        for place, flat in enumerate(self.source.iterate()):
            if not called(self.predicate, place, flat)[0]:
                return
            yield flat


class Interleave(Derived):
    """The elements of the datasets that a function makes of elements, in turns."""

    def __init__(self, source: Node, function: StructuredFunction, cycle: Any, block: Any, label: str) -> None:
        super().__init__(source)
        if not isinstance(function.spec, DatasetSpec):
            raise TypeError(explain(
                f"Dataset.{function.method}: the function must return a dataset.", received=repr(function.spec),
                hint="tf.data.Dataset.from_tensor_slices(x) makes one of the rows of a tensor; map returns tensors",
            ))  # fmt: skip
        self.function, self.cycle, self.block = function, cycle, block
        self.spec = function.spec.element_spec
        self.works = True
        self.label = label

    def cardinality(self) -> int:
        return 0 if self.source.cardinality() == 0 else UNKNOWN

    def iterate(self) -> Iterator[Flat]:
        opened = self._opened()
        cycle, block = value_of(self.cycle), value_of(self.block)
        if cycle == 1:
            for elements in opened:
                yield from elements
            return
        open_ones: list[Iterator[Flat] | None] = [next(opened, None) for _ in range(cycle)]
        place = 0
        while any(one is not None for one in open_ones):
            current = open_ones[place]
            if current is not None:
                for _ in range(block):
                    element = next(current, None)
                    if element is None:
                        # the next one takes the place, and begins when its turn comes again
                        open_ones[place] = next(opened, None)
                        break
                    yield element
            place = (place + 1) % cycle

    def _opened(self) -> Iterator[Iterator[Flat]]:
        for place, flat in enumerate(self.source.iterate()):
            yield called(self.function, place, flat)[0].iterate()


class Enumerate(Derived):
    """Elements with their numbers."""

    label = "_EnumerateDataset"

    def __init__(self, source: Node, start: Any) -> None:
        super().__init__(source)
        self.start = start
        self.spec = (TensorSpec((), dtypes.int64), source.spec)

    def iterate(self) -> Iterator[Flat]:
        for place, flat in enumerate(self.source.iterate(), value_of(self.start)):
            yield [np.asarray(place, np.int64), *flat]


class Scan(Derived):
    """A function of a state and each element that gives the next state and an output."""

    label = "_ScanDataset"

    def __init__(self, source: Node, state: Any, function: StructuredFunction) -> None:
        super().__init__(source)
        self.state = nest.flatten(state)
        self.function = function
        spec = function.spec
        if not (type(spec) is tuple and len(spec) == 2):
            raise TypeError(explain("Dataset.scan: the function must return (new_state, output).", received=repr(spec)))
        check_state("scan", structure.specs_of(state), spec[0])
        self.spec = spec[1]
        self.works = True

    def iterate(self) -> Iterator[Flat]:
        state = [structure.leaf_of(leaf) for leaf in self.state]
        for place, flat in enumerate(self.source.iterate()):
            made = called(self.function, place, [*state, *flat])
            state = made[: len(state)]
            yield made[len(state) :]


def check_state(method: str, before: Any, after: Any) -> None:
    """Refuses a function whose new state is not like the state it was given."""
    try:
        nest.assert_same(before, after)
    except ValueError:
        same = False
    else:
        pairs = zip(nest.flatten(before), nest.flatten(after), strict=True)
        same = all(getattr(a, "dtype", None) == getattr(b, "dtype", None) for a, b in pairs)
    if not same:
        raise TypeError(explain(
            f"Dataset.{method}: the function's new state must be like the state it is given.", expected=repr(before),
            received=repr(after), hint="give the initial state the dtype of the result: np.int64(0), or tf.cast",
        ))  # fmt: skip


class GroupByWindow(Derived):
    """Groups of elements with one key, made into datasets by a function."""

    label = "_GroupByWindowDataset"

    def __init__(
        self, source: Node, key: StructuredFunction, reduce: StructuredFunction, size: Any,
        size_function: StructuredFunction | None,
    ) -> None:  # fmt: skip
        super().__init__(source)
        if not (isinstance(key.spec, TensorSpec) and key.spec.dtype is dtypes.int64 and key.spec.shape.rank == 0):
            raise ValueError(explain("Dataset.group_by_window: `key_func` must return a single tf.int64.",
                                     received=repr(key.spec), hint="tf.cast(key, tf.int64)"))  # fmt: skip
        if not isinstance(reduce.spec, DatasetSpec):
            raise TypeError(explain("Dataset.group_by_window: `reduce_func` must return a dataset.",
                                    received=repr(reduce.spec), hint="for instance window.batch(n)"))  # fmt: skip
        self.key, self.reduce, self.size, self.size_function = key, reduce, size, size_function
        self.spec = reduce.spec.element_spec
        self.works = True

    def cardinality(self) -> int:
        return UNKNOWN

    def iterate(self) -> Iterator[Flat]:
        from weft.data.batching import Held

        groups: dict[int, list[Flat]] = {}
        sizes: dict[int, int] = {}

        def reduced(key: int) -> Iterator[Flat]:
            window = Held(groups.pop(key), self.source.spec)
            yield from self.reduce([np.asarray(key, np.int64), window])[0].iterate()

        for place, flat in enumerate(self.source.iterate()):
            key = int(called(self.key, place, flat)[0])
            if key not in sizes:
                sizes[key] = self._size(key)
            groups.setdefault(key, []).append(flat)
            if len(groups[key]) >= sizes[key]:
                yield from reduced(key)
        for key in sorted(groups):
            yield from reduced(key)

    def _size(self, key: int) -> int:
        size = value_of(self.size) if self.size_function is None else \
            int(self.size_function([np.asarray(key, np.int64)])[0])  # fmt: skip
        if size < 1:
            raise InvalidArgumentError(explain("Dataset.group_by_window: a window must take one element or more.",
                                               received=f"size {size} for key {key}"))  # fmt: skip
        return size


class GroupByReducer(Derived):
    """Elements with one key reduced to one element, in the order of the keys."""

    label = "_GroupByReducerDataset"

    def __init__(self, source: Node, key: StructuredFunction, first: StructuredFunction,
                 reduce: StructuredFunction, finish: StructuredFunction) -> None:  # fmt: skip
        super().__init__(source)
        if not (isinstance(key.spec, TensorSpec) and key.spec.dtype is dtypes.int64 and key.spec.shape.rank == 0):
            raise ValueError(explain("group_by_reducer: `key_func` must return a single tf.int64.",
                                     received=repr(key.spec), hint="tf.cast(key, tf.int64)"))  # fmt: skip
        check_state("group_by_reducer", first.spec, reduce.spec)
        self.key, self.first, self.reduce, self.finish = key, first, reduce, finish
        self.spec = finish.spec
        self.works = True

    def cardinality(self) -> int:
        return UNKNOWN

    def iterate(self) -> Iterator[Flat]:
        states: dict[int, Flat] = {}
        for place, flat in enumerate(self.source.iterate()):
            key = called(self.key, place, flat)[0]
            state = states[int(key)] if int(key) in states else self.first([key])
            states[int(key)] = called(self.reduce, place, [*state, *flat])
        for number in sorted(states):
            yield self.finish(states[number])


class Unique(Derived):
    """Each element once."""

    label = "_UniqueDataset"

    def cardinality(self) -> int:
        return UNKNOWN

    def iterate(self) -> Iterator[Flat]:
        seen = set()
        for flat in self.source.iterate():
            key = tuple((a.shape, a.tobytes() if a.dtype != object else tuple(a.ravel().tolist())) for a in flat)
            if key not in seen:
                seen.add(key)
                yield flat


class Choose(Node):
    """Takes the next element of the dataset whose number a dataset of numbers gives."""

    label = "_DirectedInterleaveDataset"

    def __init__(self, nodes: Sequence[Node], choices: Any, stop_on_empty: bool) -> None:
        self.nodes, self.choices, self.stop = list(nodes), choices, stop_on_empty
        self.works = any(n.works for n in nodes)
        spec = self.nodes[0].spec
        for node in self.nodes[1:]:
            try:
                nest.assert_same(spec, node.spec)
            except ValueError:
                raise TypeError(explain("The datasets to choose from have different elements.",
                                        received=[repr(n.spec) for n in self.nodes])) from None  # fmt: skip
            pairs = list(zip(nest.flatten(spec), nest.flatten(node.spec), strict=True))
            if any(getattr(a, "dtype", None) != getattr(b, "dtype", None) for a, b in pairs):
                raise TypeError(explain("The datasets to choose from have elements of different dtypes.",
                                        received=[repr(n.spec) for n in self.nodes]))  # fmt: skip
            spec = nest.pack(spec, [merged(a, b) for a, b in pairs])
        self.spec = spec

    def cardinality(self) -> int:
        counts = [n.cardinality() for n in self.nodes]
        return INFINITE if all(c == INFINITE for c in counts) and isinstance(self.choices, Weighted) else UNKNOWN

    def iterate(self) -> Iterator[Flat]:
        running: list[Iterator[Flat] | None] = [n.iterate() for n in self.nodes]
        for number in self.choices.numbers():
            if not 0 <= number < len(running):
                raise InvalidArgumentError(explain(
                    "choose_from_datasets: a choice lies outside of the list.",
                    expected=f"0 to {len(running) - 1}", received=str(number),
                ))  # fmt: skip
            current = running[number]
            if current is None:
                continue
            element = next(current, None)
            if element is not None:
                yield element
                continue
            if self.stop:
                return
            running[number] = None
            self.choices.leave_out(number)
            if all(one is None for one in running):
                return


class Directed:
    """Choices from a dataset of numbers."""

    rebindable = ()

    def __init__(self, node: Node) -> None:
        self.node = node

    def numbers(self) -> Iterator[int]:
        """The choices."""
        return (int(flat[0]) for flat in self.node.iterate())

    def leave_out(self, number: int) -> None:
        """Nothing: the choices are given."""


class Weighted:
    """Choices drawn by weights.

    Args:
        weights: One for each dataset, or a node whose elements are such vectors.
        seeds: Gives a generator for each pass.
    """

    rebindable = ()

    def __init__(self, weights: Any, seeds: Any) -> None:
        self.weights, self.seeds = weights, seeds
        self._left: Any = None

    def numbers(self) -> Iterator[int]:
        """Choices without end, or as many as there are vectors of weights."""
        words = self.seeds.words()
        vectors = self.weights.iterate() if isinstance(self.weights, Node) else None
        self._left = None
        while True:
            weights = self.weights if vectors is None else next(vectors, [None])[0]
            if weights is None:
                return
            if self._left is None:
                self._left = np.ones(len(weights))
            if not (np.asarray(weights) * self._left > 0).any():
                return
            yield _class(np.asarray(weights, np.float64), *words.take(2).tolist())

    def leave_out(self, number: int) -> None:
        """A dataset that has ended: where it is drawn, there is another draw."""
        self._left[number] = 0


def _class(weights: Any, *seed: int) -> int:
    """A class number drawn by weights: what `tf.random.stateless_categorical` draws for that seed."""
    share = philox.unit_float64(philox.words(*philox.stream_of_seed(seed), 2))
    reached = np.cumsum(weights / weights.max())
    return int(min(np.searchsorted(reached, share * reached[-1], side="right"), len(weights) - 1))


class Cache(Derived):
    """Keeps the elements of the first whole pass, in memory or in a file."""

    label = "_CacheDataset"

    def __init__(self, source: Node, path: str) -> None:
        super().__init__(source)
        self.path = path
        self.emptied()

    def emptied(self) -> None:
        """Forgets what earlier passes kept: the elements will be others."""
        self._memory = _Memory()

    def rows(self) -> Rows | None:
        if self._memory.columns is not None:
            columns = self._memory.columns
            return Rows(columns, lambda: counted(0, len(columns[0])), plain=True)
        if self.path:
            return None
        rows = self.source.rows()
        return rows if rows is not None and rows.plain else None

    def iterate(self) -> Iterator[Flat]:
        if self._memory.kept is not None:
            yield from self._memory.kept
            return
        if self.path and os.path.exists(self.path + ".weft-cache"):
            yield from kept_files.read(self.path + ".weft-cache")
            return
        kept: list[Flat] = []
        for flat in self.source.iterate():
            kept.append(flat)
            yield flat
        if self.path:
            kept_files.write(self.path + ".weft-cache", kept)
            return
        memory = self._memory
        with memory.lock:
            if memory.kept is None:
                memory.columns = columns = _as_columns(kept)
                memory.kept = kept if columns is None else [
                    [c[i : i + 1].reshape(c.shape[1:]) for c in columns] for i in range(len(kept))
                ]  # fmt: skip


class _Memory:
    """The elements that a cache keeps: all passes share it."""

    def __init__(self) -> None:
        self.kept: list[Flat] | None = None
        self.columns: list[Any] | None = None
        self.lock = Lock()


def _as_columns(elements: list[Flat]) -> list[Any] | None:
    """Elements of one shape as rows of arrays; None where they differ or hold other things than tensors."""
    if not elements or not elements[0]:
        return None
    columns = []
    for column in zip(*elements, strict=True):
        first = column[0]
        if not all(isinstance(a, np.ndarray) and a.shape == first.shape for a in column):
            return None
        whole = np.empty((len(column), *first.shape), first.dtype)
        for number, array in enumerate(column):
            whole[number, ...] = array
        columns.append(whole)
    return columns


class IgnoreErrors(Derived):
    """Leaves out elements that could not be made."""

    label = "_IgnoreErrorsDataset"

    def __init__(self, source: Node, log: bool) -> None:
        super().__init__(source)
        self.log = log

    def cardinality(self) -> int:
        return UNKNOWN

    def iterate(self) -> Iterator[Flat]:
        step = self.source
        # A Python generator that raised is over; so a function's errors are caught element by element.
        if not isinstance(step, Map):
            elements = step.iterate()
            while True:
                try:
                    yield next(elements)
                except StopIteration:
                    return
                except OpError as error:
                    self._note(error)
        for place, flat in enumerate(step.source.iterate()):
            try:
                made = step._made(place, flat)
            except (OpError, ValueError) as error:
                self._note(error)
                continue
            yield made

    def _note(self, error: Exception) -> None:
        if self.log:
            import logging

            logging.getLogger("weft.data").warning("An element is left out: %s", error)


class AssertCardinality(Derived):
    """The same elements, of which there must be so many."""

    label = "_AssertCardinalityDataset"

    def __init__(self, source: Node, count: int) -> None:
        super().__init__(source)
        self.count = count

    def cardinality(self) -> int:
        return self.count

    def iterate(self) -> Iterator[Flat]:
        place = 0
        for place, flat in enumerate(self.source.iterate(), 1):
            if place > self.count >= 0:
                break
            yield flat
        if self.count >= 0 and place != self.count:
            from weft.base.errors import FailedPreconditionError

            raise FailedPreconditionError(explain(
                "assert_cardinality: the dataset has another number of elements than was said.",
                expected=str(self.count), received=f"{'more' if place > self.count else place}",
            ))  # fmt: skip
