"""Slices with Python's meaning, their gradients, and values written into them.

A slice is told axis by axis: where it begins, by how much it goes on, how many elements it takes. Reading it is a view;
writing it asks, for each element of the whole, whether the slice takes it, and as which of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weft.base import dims, dtypes
from weft.engines.native.index import ZERO, Index
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, aligned, rule, view
from weft.engines.native.problems import Specialise, Unsupported
from weft.engines.native.rewriting import guarded
from weft.engines.native.rules.index import outside, read, settled, wide
from weft.engines.native.shorthand import compare, pick
from weft.engines.native.sources import Computed, Indices, Memory, Source
from weft.ir.graph import Node
from weft.ops.slice import consumed, sliced_shape

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape


@dataclass(frozen=True)
class _Axis:
    """What a slice takes of one axis.

    Attributes:
        size: Of the axis in the whole.
        start: The first element; for a position that a tensor holds, that tensor's element (an int64 number).
        step: From one element to the next; 0 where there is only one and the axis is dropped.
        count: How many elements.
        place: The axis of the part, -1 where it is dropped.
    """

    size: Dimension
    start: Dimension | Expr
    step: int
    count: Dimension
    place: int

    @property
    def whole(self) -> bool:
        """Whether it is all of the axis, in order."""
        return self.step == 1 and self.start == 0 and self.count == self.size


def _axes(low: Lowering, shape: Shape, index: Any, bounds: Sequence[Source]) -> list[_Axis]:
    """What an index takes of each axis.

    Raises:
        Unsupported: Where how many elements a slice takes is known from the data only.
        Specialise: Where it is not known whether a position lies in its axis.
    """
    part = sliced_shape(shape, index)
    at = next((i for i, entry in enumerate(index) if entry[0] == "ellipsis"), len(index))
    missing = (("slice", None, None, None),) * (len(shape) - consumed(index))
    found: list[_Axis] = []
    place = 0
    for entry in (*index[:at], *missing, *index[at + 1 :]):
        if entry[0] == "newaxis":
            place += 1
            continue
        size = shape[len(found)]
        if entry[0] == "int":
            found.append(_Axis(size, _position(low, entry[1], size, bounds), 0, 1, -1))
            continue
        if any(isinstance(bound, tuple) for bound in entry[1:]):
            raise Unsupported("a slice whose bounds are computed")
        step = 1 if entry[3] is None else entry[3]
        if not isinstance(step, int):
            raise Specialise(step.symbols())
        found.append(_Axis(size, _start(entry[1], size, step), step, part[place], place))
        place += 1
    return found


def _start(bound: Any, size: Dimension, step: int) -> Dimension:
    """Where a slice begins. One that takes nothing may begin anywhere."""
    if isinstance(size, int) and (bound is None or isinstance(bound, int)):
        return range(size)[slice(bound, None, step)].start
    if bound is None:
        return 0 if step > 0 else size - 1
    if isinstance(bound, int) and bound < 0:
        return dims.maximum(size + bound, 0 if step > 0 else -1)
    return bound if step > 0 else dims.minimum(bound, size - 1)


def _position(low: Lowering, given: Any, size: Dimension, bounds: Sequence[Source]) -> Dimension | Expr:
    if isinstance(given, tuple):
        number = wide(settled(low, bounds[given[1]], "position").at(()))
        from_end = Op("add", (number, At(Index.of(size))), dtypes.int64)
        counted = pick(compare("less", number, Const(0, dtypes.int64)), from_end, number)
        low.check((), lambda place: outside(counted, size))
        return counted
    if not isinstance(size, int):
        raise Specialise(size.symbols() | (given.symbols() if not isinstance(given, int) else frozenset()))
    return given if given >= 0 else size + given  # type: ignore[no-any-return]


@rule("strided_slice")
def _strided_slice(low: Lowering, node: Node) -> Sequence[Source]:
    source, shape = low.source(node.inputs[0]), node.outputs[0].shape
    assert shape is not None
    axes = _axes(low, source.shape, node.attrs["index"], [low.source(v) for v in node.inputs[1:]])
    computed = any(isinstance(axis.start, Expr) for axis in axes)
    if isinstance(source, Memory) and not computed:
        offset = source.place(tuple(Index.of(axis.start) for axis in axes))  # type: ignore[arg-type]
        strides: list[Dimension] = [0] * len(shape)
        for axis, stride in zip(axes, source.strides, strict=True):
            if axis.place >= 0:
                strides[axis.place] = stride * axis.step
        return [Memory(source.buffer, shape, tuple(strides), offset)]
    if not computed:
        return [view(source, shape, lambda place: tuple(_own(axis, place) for axis in axes))]
    source = settled(low, source)

    def element(place: Indices) -> Expr:
        def at(done: Indices) -> Expr:
            if len(done) == len(axes):
                return source.at(done)
            axis = axes[len(done)]
            if isinstance(axis.start, Expr):
                return read(axis.size, axis.start, lambda found: at((*done, found)))
            return at((*done, _own(axis, place)))

        return at(())

    return [Computed(shape, source.dtype, element, source.cost + 3)]


def _own(axis: _Axis, place: Indices) -> Index:
    """Where in the whole an element of the part lies."""
    assert not isinstance(axis.start, Expr)
    return Index.of(axis.start) if axis.place < 0 else place[axis.place] * axis.step + axis.start


def _taken(axes: Sequence[_Axis], rank: int, place: Indices) -> tuple[Expr | None, Indices]:
    """Whether a part of that rank has an element of the whole (None: always), and where it has it."""
    tests: list[Expr] = []
    own: list[Index] = [ZERO] * rank
    for axis, index in zip(axes, place, strict=True):
        if axis.whole:
            own[axis.place] = index
            continue
        if isinstance(axis.start, Expr):
            tests.append(compare("equal", At(index), axis.start))
            continue
        if axis.step == 0:
            tests.append(compare("equal", At(index), At(Index.of(axis.start))))
            continue
        distance = (index - axis.start) * (1 if axis.step > 0 else -1)
        step = abs(axis.step)
        if not (axis.step > 0 and axis.start == 0):
            tests.append(compare("greater_equal", At(distance), At(ZERO)))
        if step > 1:
            tests.append(compare("equal", At(distance % step), At(ZERO)))
        tests.append(compare("less", At(distance), At(Index.of(axis.count * step))))
        own[axis.place] = distance // step
    inside: Expr | None = None
    for test in tests:
        inside = test if inside is None else Op("and", (inside, test), dtypes.bool_)
    return inside, tuple(own)


@rule("strided_slice_grad")
def _strided_slice_grad(low: Lowering, node: Node) -> Sequence[Source]:
    ct, shape = settled(low, low.source(node.inputs[0])), tuple(node.attrs["shape"])
    axes = _axes(low, shape, node.attrs["index"], [low.source(v) for v in node.inputs[1:]])

    def element(place: Indices) -> Expr:
        inside, own = _taken(axes, len(ct.shape), place)
        found = ct.at(own)
        return found if inside is None else pick(inside, guarded(found, inside), Const(0, ct.dtype))

    return [Computed(shape, ct.dtype, element, ct.cost + 3)]


@rule("tensor_strided_slice_update")
def _update(low: Lowering, node: Node) -> Sequence[Source]:
    x, value, *bounds = (low.source(v) for v in node.inputs)
    x, value, index = settled(low, x), settled(low, value), node.attrs["index"]
    axes = _axes(low, x.shape, index, bounds)
    part = sliced_shape(x.shape, index)
    where = aligned(value, part)

    def element(place: Indices) -> Expr:
        inside, own = _taken(axes, len(part), place)
        new = value.at(where(own))
        return new if inside is None else pick(inside, guarded(new, inside), x.at(place))

    return [Computed(x.shape, x.dtype, element, x.cost + value.cost + 4)]
