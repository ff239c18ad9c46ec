"""Plans that join elements into larger ones and take them apart: batch, padded_batch, unbatch, window."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from weft.base import nest
from weft.base.errors import DataLossError, InvalidArgumentError, explain
from weft.base.shapes import TensorShape
from weft.data import structure
from weft.data.nodes import INFINITE, UNKNOWN, Derived, Flat, Node, rows_of
from weft.data.stacking import Shelf, count_of, stacked
from weft.data.structure import DatasetSpec, Parts, value_of
from weft.runtime import frontdoor
from weft.runtime.spec import CompositeSpec, TensorSpec


def check_size(size: Any, method: str, argument: str = "batch_size") -> None:
    """Refuses a known size below one."""
    if isinstance(size, int) and size < 1:
        raise InvalidArgumentError(explain(f"Dataset.{method}: `{argument}` must be positive.", received=str(size)))


def divided(count: int, size: Any, drop_remainder: bool) -> int:
    """How many batches so many elements make."""
    if not isinstance(size, int):
        return UNKNOWN
    return count if count < 0 else count // size if drop_remainder else -(-count // size)


class Batch(Derived):
    """Elements stacked."""

    label = "_BatchDataset"

    def __init__(self, source: Node, size: Any, drop_remainder: bool) -> None:
        super().__init__(source)
        check_size(size, "batch")
        self.size, self.drop = size, drop_remainder
        self.spec = structure.resized(source.spec, size if drop_remainder and isinstance(size, int) else None)

    def cardinality(self) -> int:
        return divided(self.source.cardinality(), self.size, self.drop)

    def iterate(self) -> Iterator[Flat]:
        size = value_of(self.size)
        check_size(size, "batch")
        stacks = self.source.stacked(size)
        if stacks is not None:
            for stack in stacks:
                if self.drop and count_of(stack) < size:
                    return
                yield stack
            return
        shelf = Shelf(size)
        elements = self.source.placed(shelf.room)
        place = 0
        while batch := list(itertools.islice(elements, size)):
            if len(batch) < size and self.drop:
                return
            yield stacked(batch, place, shelf)
            place += len(batch)
            shelf.clear()


class PaddedBatch(Derived):
    """Elements filled up to one shape and stacked."""

    label = "_PaddedBatchDataset"

    def __init__(self, source: Node, size: Any, shapes: Any, values: Any, drop_remainder: bool) -> None:
        super().__init__(source)
        check_size(size, "padded_batch")
        self.size, self.drop = size, drop_remainder
        self.least: Any = -1  # what unknown sizes are padded to, where that is not the batch's largest
        specs = nest.flatten(source.spec)
        if any(not isinstance(s, TensorSpec) for s in specs):
            raise TypeError(explain("Dataset.padded_batch takes elements of tensors.", received=repr(source.spec)))
        wanted = [s.shape for s in specs] if shapes is None else shapes_for(source.spec, shapes)
        self.shapes = [_padded_shape(shape, spec) for shape, spec in zip(wanted, specs, strict=True)]
        self.fillings = _fillings(source.spec, values)
        first = size if drop_remainder and isinstance(size, int) else None
        self.spec = nest.pack(source.spec, [
            TensorSpec([first, *shape], spec.dtype) for shape, spec in zip(self.shapes, specs, strict=True)
        ])  # fmt: skip

    def cardinality(self) -> int:
        return divided(self.source.cardinality(), self.size, self.drop)

    def iterate(self) -> Iterator[Flat]:
        size = value_of(self.size)
        elements = self.source.iterate()
        while batch := list(itertools.islice(elements, size)):
            if len(batch) < size and self.drop:
                return
            columns = zip(*batch, strict=True)
            yield [self._padded(component, column) for component, column in enumerate(columns)]

    def _padded(self, component: int, column: Any) -> Any:
        shape = self.shapes[component]
        for array in column:
            if array.ndim != len(shape):
                raise InvalidArgumentError(explain(
                    f"Dataset.padded_batch: component {component} must have rank {len(shape)}.",
                    received=structure.described([array]),
                ))  # fmt: skip
        largest = [max(sizes) for sizes in zip(*(a.shape for a in column), strict=True)]
        least = value_of(self.least)
        free = [most if least < 0 else least for most in largest]
        full = [known if known is not None else size for known, size in zip(shape, free, strict=True)]
        if any(most > size for most, size in zip(largest, full, strict=True)):
            raise DataLossError(explain(
                f"Dataset.padded_batch: an element is larger than its padded shape (component {component}).",
                expected=f"at most {TensorShape(full)}", received=f"sizes up to {TensorShape(largest)}",
                hint="None in padded_shapes pads to the longest of each batch",
            ))  # fmt: skip
        made = np.full((len(column), *full), self.fillings[component], column[0].dtype)
        for number, array in enumerate(column):
            place: Any = (number, *(slice(0, n) for n in array.shape), ...)
            made[place] = array
        return made


def shapes_for(spec: Any, shapes: Any) -> list[Any]:
    """The padded shape for each leaf of a spec."""
    if not nest.is_nested(spec):
        return [_one_shape(shapes)]
    found = nest.children(shapes) if not isinstance(shapes, TensorShape) else None
    wanted = nest.children(spec) or []
    if found is None or [k for k, _ in found] != [k for k, _ in wanted]:
        raise ValueError(explain(
            "Dataset.padded_batch: `padded_shapes` must have the structure of an element.", expected=repr(spec),
            received=repr(shapes), hint="one shape for each component: ([None], [])",
        ))  # fmt: skip
    return [shape for (_, inner), (_, part) in zip(wanted, found, strict=True) for shape in shapes_for(inner, part)]


def _one_shape(shape: Any) -> TensorShape:
    if hasattr(shape, "numpy"):
        shape = shape.numpy().tolist()
    if isinstance(shape, (list, tuple)):
        shape = [None if s is None or (isinstance(s, int) and s == -1) else s for s in shape]
    return TensorShape(shape)


def _padded_shape(shape: TensorShape, spec: TensorSpec) -> list[int | None]:
    known, own = structure.plain(shape), structure.plain(spec.shape)
    if known is None:
        raise ValueError(explain(
            "Dataset.padded_batch needs to know the rank of every component.", received=repr(spec),
            hint="say padded_shapes=, with None for sizes to pad to the longest",
        ))  # fmt: skip
    if own is not None and (len(own) != len(known) or any(_larger(a, b) for a, b in zip(own, known, strict=True))):
        raise ValueError(explain(
            "Dataset.padded_batch: a padded shape does not go with the shape of its component.", expected=repr(spec),
            received=str(shape),
        ))  # fmt: skip
    return known


def _larger(size: int | None, limit: int | None) -> bool:
    return size is not None and limit is not None and size > limit


def _fillings(spec: Any, values: Any) -> list[Any]:
    specs = nest.flatten(spec)
    if values is None or not nest.is_nested(values):
        given = [values] * len(specs)
    else:
        nest.assert_same(spec, values)
        given = nest.flatten(values)
    found = []
    for leaf, value in zip(specs, given, strict=True):
        if value is None:
            value = b"" if leaf.dtype.name == "string" else 0
        tensor = frontdoor.convert(value, None if hasattr(value, "dtype") else leaf.dtype)
        if tensor.dtype is not leaf.dtype:
            raise TypeError(explain(
                "Dataset.padded_batch: a padding value has another dtype than its component.",
                expected=leaf.dtype.name, received=tensor.dtype.name,
            ))  # fmt: skip
        found.append(structure.array_of(tensor)[()])
    return found


class Unbatch(Derived):
    """Each row of each element."""

    label = "_UnbatchDataset"

    def __init__(self, source: Node) -> None:
        super().__init__(source)
        specs = nest.flatten(source.spec)
        for leaf in specs:
            if not isinstance(leaf, (TensorSpec, CompositeSpec)) or leaf.shape.rank == 0:
                raise ValueError(explain("Dataset.unbatch takes elements whose tensors have a first axis.",
                                         received=repr(source.spec)))  # fmt: skip
        sizes = [None if leaf.shape.rank is None else leaf.shape.as_list()[0] for leaf in specs]
        self._size = next((s for s in sizes if s is not None), None)
        self.spec = nest.map_structure(_row_spec, source.spec)

    def cardinality(self) -> int:
        inner = self.source.cardinality()
        if inner < 0 or self._size is None:
            return INFINITE if inner == INFINITE and self._size else UNKNOWN
        return inner * self._size

    def iterate(self) -> Iterator[Flat]:
        for place, element in enumerate(self.source.iterate()):
            columns = [rows_of(leaf) for leaf in element] if any(isinstance(a, Parts) for a in element) else element
            if len({len(a) for a in columns}) > 1:
                raise InvalidArgumentError(explain(
                    f"Dataset.unbatch: the components of element {place} differ in the size of their first axis.",
                    received=structure.described(element),
                ))  # fmt: skip
            if columns is not element:
                for parts in zip(*columns, strict=True):
                    yield list(parts)
                continue
            for row in range(len(element[0])):
                yield [a[row : row + 1].reshape(a.shape[1:]) for a in element]


def _row_spec(spec: Any) -> Any:
    if isinstance(spec, CompositeSpec):
        return spec._row()
    return TensorSpec(None if spec.shape.rank is None else structure.plain(spec.shape[1:]), spec.dtype)


class Window(Derived):
    """Datasets of neighbouring elements."""

    label = "_WindowDataset"

    def __init__(self, source: Node, size: Any, shift: Any, stride: Any, drop_remainder: bool) -> None:
        super().__init__(source)
        for name, value in (("size", size), ("shift", shift), ("stride", stride)):
            check_size(value, "window", name)
        self.size, self.shift, self.stride, self.drop = size, shift, stride, drop_remainder
        self.spec = nest.map_structure(DatasetSpec, source.spec)

    def cardinality(self) -> int:
        inner = self.source.cardinality()
        if not all(isinstance(v, int) for v in (self.size, self.shift, self.stride)):
            return UNKNOWN
        if inner < 0:
            return inner
        if not self.drop:
            return -(-inner // self.shift)
        return max(0, (inner - (self.size - 1) * self.stride - 1) // self.shift + 1)

    def iterate(self) -> Iterator[Flat]:
        size, shift, stride = value_of(self.size), value_of(self.shift), value_of(self.stride)
        specs = nest.flatten(self.source.spec)
        reach = (size - 1) * stride + 1
        elements = self.source.iterate()
        buffer: list[Flat] = []
        while True:
            buffer.extend(itertools.islice(elements, reach - len(buffer)))
            if not buffer or (len(buffer) < reach and self.drop):
                return
            chosen = buffer[:reach:stride]
            yield [Held([element[i : i + 1] for element in chosen], spec) for i, spec in enumerate(specs)]
            if shift > len(buffer):
                for _ in itertools.islice(elements, shift - len(buffer)):
                    pass
            del buffer[:shift]


class Held(Node):
    """Elements that are at hand."""

    label = "_VariantDataset"
    rebindable = None  # nothing in it waits for a value

    def __init__(self, elements: list[Flat], spec: Any) -> None:
        self.elements = elements
        self.spec = spec

    def cardinality(self) -> int:
        return len(self.elements)

    def iterate(self) -> Iterator[Flat]:
        return iter(self.elements)


class Rebatch(Derived):
    """Batches cut anew, as `unbatch().batch(size)` cuts them."""

    label = "_RebatchDataset"

    def __init__(self, source: Node, sizes: list[int], drop_remainder: bool) -> None:
        super().__init__(source)
        for size in sizes:
            check_size(size, "rebatch")
        self.sizes, self.drop = sizes, drop_remainder
        first = sizes[0] if drop_remainder and len(set(sizes)) == 1 else None
        self.spec = structure.resized(Unbatch(source).spec, first)

    def cardinality(self) -> int:
        count = Unbatch(self.source).cardinality()
        return divided(count, self.sizes[0], self.drop) if len(self.sizes) == 1 else UNKNOWN

    def iterate(self) -> Iterator[Flat]:
        held: list[Flat] = []
        have = 0
        sizes = itertools.cycle(self.sizes)
        size = next(sizes)
        for element in self.source.iterate():
            held.append(element)
            have += len(element[0])
            while have >= size:
                whole = [np.concatenate(column) if len(column) > 1 else column[0] for column in zip(*held, strict=True)]
                yield [a[:size] for a in whole]
                held, have, size = [[a[size:] for a in whole]], have - size, next(sizes)
        if have and not self.drop:
            yield [np.concatenate(column) for column in zip(*held, strict=True)]
