"""Plans of datasets: sources in memory, and what selects or orders elements without looking into them.

A node knows its elements' specs, how many there are, and how to go through them. Nodes over arrays in memory also say
which rows come in which order (`Rows`), so that a batch is one gather instead of a walk over its samples.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weft.base import nest
from weft.base.errors import InvalidArgumentError, explain
from weft.data import structure
from weft.data.structure import NoneTensorSpec, Parts, value_of
from weft.engines.base import Room
from weft.runtime.composite import CompositeTensor
from weft.runtime.spec import CompositeSpec, TensorSpec

INFINITE = -1
UNKNOWN = -2
Flat = list[Any]
_BLOCK = 1 << 16


@dataclass
class Rows:
    """Elements that are rows of arrays.

    Attributes:
        columns: `[n, ...]` each; None stays None.
        blocks: Starts one pass: gives row numbers, in blocks of any size.
        plain: Whether every pass gives 0, 1, …, n - 1.
    """

    columns: list[Any]
    blocks: Callable[[], Iterator[Any]]
    plain: bool = False

    @property
    def count(self) -> int:
        """How many rows the arrays have."""
        return next((len(c) for c in self.columns if c is not None), 0)

    def taken(self, rows: Any) -> Flat:
        """A batch: these rows of every array."""
        if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (len(rows) < 2 or bool((np.diff(rows) == 1).all())):
            return [None if c is None else c[rows[0] : rows[0] + len(rows)] for c in self.columns]
        return [None if c is None else np.take(c, rows, axis=0) for c in self.columns]


class Node:
    """One step of a pipeline.

    Attributes:
        spec: The structure of specs of its elements.
        label: What its dataset prints as.
        works: Whether making an element takes work that another thread could do ahead.
    """

    rebindable: tuple[str, ...] | None = ()
    label = "_Dataset"
    spec: Any
    works = False

    def iterate(self) -> Iterator[Flat]:
        """Starts a pass over the elements."""
        rows = self.rows()
        if rows is None:
            raise NotImplementedError(type(self).__name__)
        return one_by_one(rows)

    def stacked(self, size: int) -> Iterator[Flat] | None:
        """Starts a pass over the elements in stacks of a size, the last of which may have fewer; None where stacking
        them one by one costs no more."""
        rows = self.rows()
        return None if rows is None else gathered(rows, size)

    def placed(self, room: Room) -> Iterator[Flat]:
        """Starts a pass over the elements; `room` says where those may go that functions make one by one."""
        return self.iterate()

    def cardinality(self) -> int:
        """How many elements there are; INFINITE or UNKNOWN."""
        return UNKNOWN

    def rows(self) -> Rows | None:
        """The elements as rows of arrays, where they are."""
        return None


def one_by_one(rows: Rows) -> Iterator[Flat]:
    """The elements of one pass."""
    columns = rows.columns
    for block in rows.blocks():
        for row in block.tolist():
            yield [None if c is None else c[row : row + 1].reshape(c.shape[1:]) for c in columns]


def gathered(rows: Rows, size: int) -> Iterator[Flat]:
    """Stacks of rows of arrays, each one gather; the last may have fewer."""
    waiting: list[Any] = []
    held = 0
    for block in rows.blocks():
        if held and held + len(block) < size:
            waiting.append(block)
            held += len(block)
            continue
        joined = np.concatenate([*waiting, block]) if held else block
        whole = len(joined) // size * size
        for start in range(0, whole, size):
            yield rows.taken(joined[start : start + size])
        waiting, held = [joined[whole:]], len(joined) - whole
    if held:
        yield rows.taken(np.concatenate(waiting))


class Derived(Node):
    """A step behind one other."""

    def __init__(self, source: Node) -> None:
        self.source = source
        self.spec = source.spec
        self.works = source.works

    def cardinality(self) -> int:
        return self.source.cardinality()


class Slices(Node):
    """The rows of tensors."""

    label = "_TensorSliceDataset"

    def __init__(self, element: Any) -> None:
        whole = structure.normal(element)
        self.tensors = nest.flatten(whole)
        known = []
        for (path, leaf), tensor in zip(nest.flatten_with_path(whole), self.tensors, strict=True):
            where = f" `{'.'.join(map(str, path))}`" if path else ""
            if isinstance(leaf, structure.PipelineHandle) or leaf is None:
                raise TypeError(explain(f"from_tensor_slices takes tensors; component{where} is {leaf!r}."))
            for part in tensor._type_spec._sliced() if isinstance(tensor, CompositeTensor) else [tensor]:
                if part.shape.rank == 0:
                    raise ValueError(explain(
                        f"from_tensor_slices cuts along the first axis; component{where} is a single value.",
                        received=str(getattr(part, "type", part)), hint="give it one more axis, or use from_tensors",
                    ))  # fmt: skip
                known.append((where, None if part.shape.rank is None else part.shape.as_list()[0]))
        if not known:
            raise ValueError(explain("from_tensor_slices needs at least one tensor.", received=repr(element)))
        sizes = {size for _, size in known if size is not None}
        if len(sizes) > 1:
            raise ValueError(explain(
                "from_tensor_slices: the components differ in the size of their first axis.",
                received=[f"component{where}: {size} rows" for where, size in known],
                hint="each needs one row for each element",
            ))  # fmt: skip
        self.spec = nest.map_structure(
            lambda t: t._type_spec._row() if isinstance(t, CompositeTensor) else TensorSpec(_tail(t.shape), t.dtype),
            whole,
        )
        self._size = next(iter(sizes), None)

    def cardinality(self) -> int:
        return UNKNOWN if self._size is None else self._size

    def iterate(self) -> Iterator[Flat]:
        if self.rows() is not None:
            yield from super().iterate()
            return
        columns = [rows_of(structure.leaf_of(t)) for t in self.tensors]
        if len({len(c) for c in columns}) > 1:
            raise self._uneven([str(len(c)) for c in columns])
        for row in zip(*columns, strict=True):
            yield list(row)

    def rows(self) -> Rows | None:
        if any(isinstance(t, CompositeTensor) for t in self.tensors):
            return None
        columns = [structure.array_of(t) for t in self.tensors]
        if len({len(c) for c in columns}) > 1:
            raise self._uneven([str(c.shape) for c in columns])
        return Rows(columns, lambda: counted(0, len(columns[0])), plain=True)

    def _uneven(self, received: list[str]) -> InvalidArgumentError:
        return InvalidArgumentError(explain(
            "from_tensor_slices: the components differ in the size of their first axis.", received=received,
        ))  # fmt: skip


def rows_of(leaf: Any) -> list[Any]:
    """The rows of a flowing leaf, each one too."""
    if isinstance(leaf, Parts):
        spec: Any = leaf.spec._row()
        rows = leaf.spec._rows(leaf.arrays)
        return [Parts(row, spec) if isinstance(spec, CompositeSpec) else row for row in rows]
    return [leaf[row : row + 1].reshape(leaf.shape[1:]) for row in range(len(leaf))]


def _tail(shape: Any) -> Any:
    return None if shape.rank is None else structure.plain(shape[1:])


def counted(start: int, stop: int) -> Iterator[Any]:
    """The row numbers from start to stop, in blocks."""
    for low in range(start, stop, _BLOCK):
        yield np.arange(low, min(stop, low + _BLOCK))


class Whole(Node):
    """One element."""

    label = "_TensorDataset"

    def __init__(self, element: Any) -> None:
        whole = structure.normal(element)
        self.leaves = nest.flatten(whole)
        self.spec = structure.specs_of(whole)

    def cardinality(self) -> int:
        return 1

    def iterate(self) -> Iterator[Flat]:
        yield [structure.leaf_of(leaf) for leaf in self.leaves]


class Range(Node):
    """Numbers at equal distances."""

    label = "_RangeDataset"

    def __init__(self, start: Any, stop: Any, step: Any, dtype: Any) -> None:
        self.start, self.stop, self.step = start, stop, step
        self.dtype = dtype
        self.spec = TensorSpec((), dtype)
        if step == 0 and isinstance(step, int):
            raise InvalidArgumentError(explain("Dataset.range: `step` must not be 0."))

    def _numbers(self) -> range:
        return range(value_of(self.start), value_of(self.stop), value_of(self.step))

    def cardinality(self) -> int:
        known = all(isinstance(v, int) for v in (self.start, self.stop, self.step))
        return len(self._numbers()) if known else UNKNOWN

    def iterate(self) -> Iterator[Flat]:
        kind = self.dtype.numpy
        for value in self._numbers():
            yield [np.asarray(value, kind)]

    def rows(self) -> Rows | None:
        numbers = self._numbers()
        if len(numbers) > 10_000_000:
            return None
        column = np.arange(numbers.start, numbers.stop, numbers.step).astype(self.dtype.numpy)
        return Rows([column], lambda: counted(0, len(column)), plain=True)


class Counter(Node):
    """Numbers at equal distances, without end."""

    label = "_CounterDataset"

    def __init__(self, start: Any, step: Any, dtype: Any) -> None:
        self.start, self.step, self.dtype = start, step, dtype
        self.spec = TensorSpec((), dtype)

    def cardinality(self) -> int:
        return INFINITE

    def iterate(self) -> Iterator[Flat]:
        for value in itertools.count(value_of(self.start), value_of(self.step)):
            yield [np.asarray(value, self.dtype.numpy)]


class Generator(Node):
    """What a Python generator yields."""

    label = "_FlatMapDataset"
    outer_state = "it begins with a Python generator"
    works = True

    def __init__(self, function: Callable[..., Any], spec: Any, args: Sequence[Any]) -> None:
        self.function = function
        self.spec = spec
        self.args = args

    def iterate(self) -> Iterator[Flat]:
        values = [structure.packed_values(0, [structure.array_of(a)]) for a in self.args]
        for place, element in enumerate(iter(self.function(*values))):
            yield self._fitted(element, place)

    def _fitted(self, element: Any, place: int) -> Flat:
        if not nest.is_nested(self.spec):
            return [self._leaf(self.spec, element, place)]
        if isinstance(element, list) and isinstance(self.spec, (tuple, list)):
            element = tuple(element)
        parts = _below(self.spec, element)
        if parts is None:
            raise self._wrong(element, place)
        return [self._leaf(spec, part, place) for spec, part in zip(nest.flatten(self.spec), parts, strict=True)]

    def _leaf(self, spec: Any, value: Any, place: int) -> Any:
        from weft.runtime import frontdoor

        if isinstance(spec, NoneTensorSpec):
            return None
        if isinstance(spec, structure.DatasetSpec):
            return structure.leaf_of(value)
        if isinstance(spec, CompositeSpec):
            if not isinstance(value, CompositeTensor) or not spec.is_compatible_with(value):
                raise self._wrong(value, place)
            return structure.leaf_of(value)
        try:
            array = structure.array_of(frontdoor.convert(value, spec.dtype if not _typed(value) else None))
        except (TypeError, ValueError):
            raise self._wrong(value, place) from None
        if array.dtype != spec.dtype.numpy:
            array = array.astype(spec.dtype.numpy)
        if not spec.shape.is_compatible_with(array.shape):
            raise InvalidArgumentError(explain(
                f"from_generator: {self._name()} yielded element {place} of another shape than declared.",
                expected=repr(spec), received=structure.described([array]),
                hint="None in the output_signature's shape stands for sizes that vary",
            ))  # fmt: skip
        return array

    def _name(self) -> str:
        return f"`{getattr(self.function, '__name__', type(self.function).__name__)}`"

    def _wrong(self, element: Any, place: int) -> InvalidArgumentError:
        return InvalidArgumentError(explain(
            f"from_generator: {self._name()} yielded element {place}, which does not fit what was declared.",
            expected=repr(self.spec), received=repr(element)[:200],
        ))  # fmt: skip


def _typed(value: Any) -> bool:
    """Whether a value has a dtype of its own, to be cast rather than refused."""
    return hasattr(value, "dtype") and getattr(value.dtype, "kind", "t") not in "OUS"


def _below(spec: Any, element: Any) -> list[Any] | None:
    """The parts of an element at the places of a spec's leaves; None where it has another form."""
    wanted = nest.children(spec)
    if wanted is None:
        return [element]
    found = nest.children(element)
    if found is None or [key for key, _ in wanted] != [key for key, _ in found]:
        return None
    parts: list[Any] = []
    for (_, inner), (_, part) in zip(wanted, found, strict=True):
        below = _below(inner, part)
        if below is None:
            return None
        parts.extend(below)
    return parts


class Repeat(Derived):
    """Pass after pass."""

    label = "_RepeatDataset"

    def __init__(self, source: Node, count: Any) -> None:
        super().__init__(source)
        self.count = count

    def cardinality(self) -> int:
        inner = self.source.cardinality()
        if not isinstance(self.count, int):
            return UNKNOWN
        if self.count < 0:
            return inner if inner == 0 else INFINITE
        if self.count == 0:
            return 0
        return inner if inner < 0 else inner * self.count

    def _passes(self) -> Iterator[int]:
        count = value_of(self.count)
        return iter(range(count)) if count >= 0 else itertools.count()

    def iterate(self) -> Iterator[Flat]:
        for _ in self._passes():
            empty = True
            for element in self.source.iterate():
                empty = False
                yield element
            if empty:
                return

    def rows(self) -> Rows | None:
        rows = self.source.rows()
        if rows is None:
            return None

        def blocks() -> Iterator[Any]:
            for _ in self._passes():
                empty = True
                for block in rows.blocks():
                    empty = empty and not len(block)
                    yield block
                if empty:
                    return

        return Rows(rows.columns, blocks)


class Take(Derived):
    """The first elements."""

    label = "_TakeDataset"

    def __init__(self, source: Node, count: Any) -> None:
        super().__init__(source)
        self.count = count

    def cardinality(self) -> int:
        inner = self.source.cardinality()
        if not isinstance(self.count, int):
            return UNKNOWN
        if self.count < 0:
            return inner
        if inner == INFINITE:
            return self.count
        return inner if inner < 0 else min(inner, self.count)

    def iterate(self) -> Iterator[Flat]:
        count = value_of(self.count)
        if count == 0:
            return iter(())
        return itertools.islice(self.source.iterate(), count if count >= 0 else None)

    def rows(self) -> Rows | None:
        rows, count = self.source.rows(), value_of(self.count)
        if rows is None or count < 0:
            return rows

        def blocks() -> Iterator[Any]:
            left = count
            if not left:
                return
            for block in rows.blocks():
                yield block[:left]
                left -= len(block)
                if left <= 0:
                    return

        return Rows(rows.columns, blocks)


class Skip(Derived):
    """All but the first elements."""

    label = "_SkipDataset"

    def __init__(self, source: Node, count: Any) -> None:
        super().__init__(source)
        self.count = count

    def cardinality(self) -> int:
        inner = self.source.cardinality()
        if not isinstance(self.count, int):
            return UNKNOWN
        if self.count < 0:
            return 0
        return inner if inner < 0 else max(inner - self.count, 0)

    def iterate(self) -> Iterator[Flat]:
        count = value_of(self.count)
        return iter(()) if count < 0 else itertools.islice(self.source.iterate(), count, None)

    def rows(self) -> Rows | None:
        rows, count = self.source.rows(), value_of(self.count)
        if rows is None or count < 0:
            return None

        def blocks() -> Iterator[Any]:
            left = count
            for block in rows.blocks():
                yield block[left:]
                left = max(left - len(block), 0)

        return Rows(rows.columns, blocks)


class Shard(Derived):
    """Every n-th element."""

    label = "_ShardDataset"

    def __init__(self, source: Node, shards: Any, index: Any) -> None:
        super().__init__(source)
        self.shards, self.index = shards, index
        if isinstance(shards, int) and shards < 1:
            raise InvalidArgumentError(explain("Dataset.shard: `num_shards` must be positive.", received=str(shards)))
        if isinstance(shards, int) and isinstance(index, int) and not 0 <= index < shards:
            raise InvalidArgumentError(explain(
                "Dataset.shard: `index` must lie between 0 and num_shards - 1.", received=f"index={index} of {shards}"
            ))  # fmt: skip

    def cardinality(self) -> int:
        inner = self.source.cardinality()
        if not isinstance(self.shards, int) or not isinstance(self.index, int):
            return UNKNOWN
        return inner if inner < 0 else len(range(self.index, inner, self.shards))

    def iterate(self) -> Iterator[Flat]:
        return itertools.islice(self.source.iterate(), value_of(self.index), None, value_of(self.shards))

    def rows(self) -> Rows | None:
        rows = self.source.rows()
        if rows is None:
            return None
        shards, index = value_of(self.shards), value_of(self.index)

        def blocks() -> Iterator[Any]:
            begin = index  # where the next element of this shard lies, seen from the block's start
            for block in rows.blocks():
                yield block[begin::shards]
                begin = (begin - len(block)) % shards if begin < len(block) else begin - len(block)

        return Rows(rows.columns, blocks)


class Concatenate(Node):
    """One dataset behind another."""

    label = "_ConcatenateDataset"

    def __init__(self, first: Node, second: Node) -> None:
        try:
            nest.assert_same(first.spec, second.spec)
            pairs = list(zip(nest.flatten(first.spec), nest.flatten(second.spec), strict=True))
        except ValueError:
            pairs = [(None, 0)]
        if any(type(a) is not type(b) or getattr(a, "dtype", None) != getattr(b, "dtype", None) for a, b in pairs):
            raise TypeError(explain(
                "Dataset.concatenate: the two datasets have different elements.",
                received=[repr(first.spec), repr(second.spec)], hint="map one of them to the form of the other",
            ))  # fmt: skip
        self.first, self.second = first, second
        self.works = first.works or second.works
        self.spec = nest.pack(first.spec, [merged(a, b) for a, b in pairs])

    def cardinality(self) -> int:
        counts = (self.first.cardinality(), self.second.cardinality())
        if INFINITE in counts:
            return INFINITE
        return UNKNOWN if UNKNOWN in counts else sum(counts)

    def iterate(self) -> Iterator[Flat]:
        return itertools.chain(self.first.iterate(), _later(self.second))


def _later(node: Node) -> Iterator[Flat]:
    yield from node.iterate()


def merged(first: Any, second: Any) -> Any:
    """The spec that fits both."""
    if not isinstance(first, TensorSpec) or not isinstance(second, TensorSpec):
        return first
    a, b = structure.plain(first.shape), structure.plain(second.shape)
    if a is None or b is None or len(a) != len(b):
        return TensorSpec(None, first.dtype)
    return TensorSpec([x if x == y else None for x, y in zip(a, b, strict=True)], first.dtype)


class Zip(Node):
    """Elements of several datasets side by side."""

    label = "_ZipDataset"

    def __init__(self, nodes: Any) -> None:
        self.nodes = nest.flatten(nodes)
        self.spec = nest.pack(nodes, [n.spec for n in self.nodes])
        self.works = any(n.works for n in self.nodes)

    def cardinality(self) -> int:
        counts = [n.cardinality() for n in self.nodes]
        finite = [c for c in counts if c != INFINITE]
        if not finite:
            return INFINITE
        return UNKNOWN if UNKNOWN in finite else min(finite)

    def iterate(self) -> Iterator[Flat]:
        for parts in zip(*(n.iterate() for n in self.nodes), strict=False):
            yield [leaf for part in parts for leaf in part]

    def rows(self) -> Rows | None:
        found = [n.rows() for n in self.nodes]
        rows = [r for r in found if r is not None and r.plain]
        if len(rows) < len(found):
            return None
        count = min(r.count for r in rows)
        columns = [c if c is None else c[:count] for r in rows for c in r.columns]
        return Rows(columns, lambda: counted(0, count), plain=True)
