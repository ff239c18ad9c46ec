"""Elements put, or added, where indices say: gradients of gathers, sums by segment, updates of some of the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import Dim, product
from weft.engines.native.index import ZERO, Entry, Index
from weft.engines.native.loops import At, Const, Expr, Load, Op
from weft.engines.native.lower import Lowering, Nest, aligned, rule, view
from weft.engines.native.problems import Specialise, Unsupported
from weft.engines.native.rules.index import along, check_tuples, outside, settled, tuple_sizes, wide
from weft.engines.native.scatter import Scatter
from weft.engines.native.shorthand import cast, compare, pick
from weft.engines.native.sources import Computed, Indices, Memory, Source, flat_index, row_major, unflatten
from weft.ir.graph import Node, Value
from weft.passes import pattern

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape
    from weft.base.dtypes import DType

_HALVES = (dtypes.float16, dtypes.bfloat16)


class Scattered(Source):
    """A variable's value with some rows updated, which only an assignment to that variable asks for."""

    def __init__(self, shape: Shape, dtype: DType, finish: Callable[[Memory], None]) -> None:
        self.shape, self.dtype, self.finish = tuple(shape), dtype, finish

    def at(self, indices: Indices) -> Expr:
        raise AssertionError("asked for single elements of an update in place")

    @property
    def cost(self) -> int:
        return 0


def reshaped(low: Lowering, source: Source, shape: Shape) -> Source:
    """The same elements under another shape, so that neighbours stay neighbours."""
    if tuple(source.shape) == tuple(shape):
        return source
    if isinstance(source, Memory) and source.contiguous:
        return Memory(source.buffer, shape, row_major(shape), source.offset)
    if product(tuple(source.shape[1:])) != 1 and len(source.shape) > 1:
        return reshaped(low, low.contiguous(source), shape)
    return view(source, shape, lambda indices: unflatten(flat_index(shape, indices), source.shape))


def scattered(
    low: Lowering, output: Memory, outer: Shape, updates: Shape, row: Callable[[Indices, Indices], Expr],
    value: Callable[[Indices, Indices, Index], Expr], combine: str,
    start: Callable[[Indices, Index, Index], Expr] | None, name: str,
) -> None:  # fmt: skip
    """Adds the nest of a scatter into a view `[*outer, rows, columns]` of a buffer."""
    template = Scatter(output, outer, updates, row, value, combine, start)
    low.nests.append(Nest(output.shape, lambda place, _: output.at(place), output, name=name, template=template))


def _constant(number: float, dtype: DType) -> Callable[[Indices, Index, Index], Expr]:
    return lambda outer, row, column: Const(number, dtype)


def _summing(dtype: DType) -> DType:
    """What sums of a type are added up in."""
    return dtypes.float32 if dtype in _HALVES else dtype


def _rounded(result: Memory, dtype: DType) -> Source:
    if result.dtype is dtype:
        return result
    return Computed(result.shape, dtype, lambda place: cast(result.at(place), dtype), 1)


def _no_complex(*sources: Source) -> None:
    for source in sources:
        if source.dtype.is_bool:
            raise Unsupported("no native sums of bool")


# -- rows -------------------------------------------------------------------------------------------------------------


@rule("gather_grad")
def _gather_grad(low: Lowering, node: Node) -> Sequence[Source]:
    ct, indices = low.source(node.inputs[0]), settled(low, low.source(node.inputs[1]), "indices")
    shape = tuple(node.attrs["shape"])
    axis, batch = node.attrs["axis"] % len(shape), node.attrs["batch_dims"]
    batch = batch + len(indices.shape) if batch < 0 else batch
    size, columns = shape[axis], product(shape[axis + 1 :])
    updates = tuple(indices.shape[batch:])
    low.check(indices.shape, lambda place: outside(wide(indices.at(place)), size))
    dtype = _summing(ct.dtype)
    outer = shape[:axis]
    values = columns_of(low, ct, (*outer, *updates), shape[axis + 1 :])
    result = low.temporary(shape, dtype, "gathered")
    scattered(
        low, rows_of(result, outer, size, columns), outer, updates,
        lambda o, u: wide(indices.at((*o[:batch], *u))),
        lambda o, u, c: cast(values.at((*o, *u, c)), dtype),
        "add", _constant(0, dtype), "gather_grad",
    )  # fmt: skip
    return [_rounded(result, ct.dtype)]


def columns_of(low: Lowering, source: Source, front: Shape, rest: Shape) -> Source:
    """A source with all but its first axes as one."""
    if len(rest) == 1:
        return settled(low, source) if source.cost > 100 else source
    if not rest:
        return view(source, (*front, 1), lambda place: place[:-1])
    return reshaped(low, low.contiguous(source), (*front, product(tuple(rest))))


def rows_of(memory: Memory, outer: Shape, rows: Shape | object, columns: object) -> Memory:
    shape = (*outer, rows, columns)
    return Memory(memory.buffer, shape, row_major(shape), memory.offset)  # type: ignore[arg-type]


@rule("scatter_add_rows")
def _scatter_add_rows(low: Lowering, node: Node) -> Sequence[Source]:
    x, indices, values = (low.source(value) for value in node.inputs)
    indices, size = settled(low, indices, "indices"), x.shape[0]
    low.check(indices.shape, lambda place: outside(wide(indices.at(place)), size))
    found = columns_of(low, values, (indices.shape[0],), x.shape[1:])
    if _mostly_zero(x, node.inputs[0], indices.shape[0]):
        return [_rows_alone(low, x, indices, found)]
    return [_update(low, node, x, (size,), indices.shape, lambda u: wide(indices.at(u)),
                    lambda u, c: found.at((*u, c)), "add", [indices, found])]  # fmt: skip


#: fewer rows than this are filled with zeros rather than looked up
_FEW_ROWS = 512


def _mostly_zero(x: Source, value: Value, updates: Dimension) -> bool:
    """Whether a sum of rows is of so many rows, all but few of them zero, that they are better not written out."""
    start = value.node.inputs[0] if value.node.op == "broadcast_to" else value
    rows, columns = x.shape[0], product(tuple(x.shape[1:]))
    if not pattern.is_number(start, 0) or (isinstance(columns, int) and columns < 8):
        return False
    if isinstance(rows, int) and (rows < _FEW_ROWS or (isinstance(updates, int) and updates > rows)):
        return False
    return not isinstance(rows, Dim) or rows != updates


def _rows_alone(low: Lowering, x: Source, indices: Source, values: Source) -> Source:
    """Zeros with rows added to some: the sums of those rows, and for each row where its sum lies, if it has one."""
    rows, updates = x.shape[0], indices.shape[0]
    columns, dtype = product(tuple(x.shape[1:])), _summing(x.dtype)
    owner = _owners(low, indices, rows)
    sums = low.temporary((updates, columns), dtype, "rows")

    def where(outer: Indices, update: Indices) -> Expr:
        safe = pick(outside(wide(indices.at(update)), rows), At(ZERO), wide(indices.at(update)))
        return owner.at((Index.of(Entry(safe, rows)),))

    scattered(low, sums, (), (updates,), where, lambda o, u, c: cast(values.at((*u, c)), dtype), "add",
              _constant(0, dtype), "rows")  # fmt: skip

    def element(place: Indices) -> Expr:
        own = owner.at(place[:1])
        there = compare("less", own, At(Index.of(updates)))
        column = flat_index(x.shape[1:], place[1:])
        return cast(Load(sums.buffer, Index.of(Entry(own, updates)) * columns + column, there), x.dtype)

    return _Rows(x.shape, x.dtype, element, 2)


class _Rows(Computed):
    """A tensor that is zero but for some rows."""

    lasting = True


def _owners(low: Lowering, indices: Source, rows: Dimension) -> Memory:
    """For each row the first update that speaks of it; for others the number of updates."""
    known: dict[Dimension, Memory] | None = getattr(indices, "owners", None)
    if known is not None and rows in known:
        return known[rows]
    updates = indices.shape[0]
    none = At(Index.of(updates))
    found = low.temporary((rows,), dtypes.int64, "owner")
    scattered(low, Memory(found.buffer, (rows, 1)), (), (updates,), lambda o, u: wide(indices.at(u)),
              lambda o, u, c: At(u[0]), "minimum", lambda o, r, c: none, "owner")  # fmt: skip
    if low.region is None and low.when is None:
        indices.owners = {**(known or {}), rows: found}  # type: ignore[attr-defined]
    return found


def _update(
    low: Lowering, node: Node, x: Source, indexed: Shape, updates: Shape, row: Callable[[Indices], Expr],
    value: Callable[[Indices, Index], Expr], combine: str, reads: Sequence[Source],
) -> Source:  # fmt: skip
    """A tensor with some of its rows changed: in place where it is a variable that gets the result."""
    rows, columns = product(tuple(indexed)), product(tuple(x.shape[len(indexed) :]))
    dtype = _summing(x.dtype) if combine else x.dtype

    def number(outer: Indices, update: Indices) -> Expr:
        return row(update)

    def element(outer: Indices, update: Indices, column: Index) -> Expr:
        return cast(value(update, column), dtype)

    def finish(held: Memory) -> None:
        scattered(low, rows_of(held, (), rows, columns), (), updates, number, element, combine, None, node.op)

    if dtype is x.dtype and _into_variable(low, node) and isinstance(x, Memory):
        if all(x.buffer not in low.reads(source) for source in reads):
            return Scattered(x.shape, dtype, finish)
    start = _columns_of_rows(low, x, len(indexed), rows, columns)
    result = low.temporary(x.shape, dtype, node.op)
    scattered(
        low, rows_of(result, (), rows, columns), (), updates, number, element, combine,
        lambda o, r, c: cast(start.at((r, c)), dtype), node.op,
    )  # fmt: skip
    return _rounded(result, x.dtype)


def _into_variable(low: Lowering, node: Node) -> bool:
    """Whether a node's result is only assigned to the variable that its first operand was read from."""
    source = node.inputs[0].node
    if source.op != "read_variable" or low.users.get(node.outputs[0], 0) != 1:
        return False
    if node not in low.graph.nodes:
        return False  # in the body of a loop, or a branch
    after = low.graph.nodes[low.graph.nodes.index(node) + 1 :]
    user = next((n for n in after if node.outputs[0] in n.inputs), None)
    if user is None or user.op != "assign_variable" or user.inputs[0] is not source.inputs[0]:
        return False
    between = after[: after.index(user)]  # the indices and updates are read when the assignment comes
    if any(n.effect and n.op != "read_variable" for n in between):
        return False
    return low.source(node.inputs[0]) is low.variable(source.inputs[0])


def _columns_of_rows(low: Lowering, x: Source, depth: int, rows: object, columns: object) -> Source:
    if len(x.shape) == 2 and depth == 1:
        return settled(low, x)
    if isinstance(x, Computed) and x.cost == 0 and not x.shape:
        return view(x, (rows, columns), lambda place: ())  # type: ignore[arg-type]
    try:
        place = (ZERO,) * len(x.shape)
        if isinstance(x, Computed) and isinstance(x.at(place), Const):  # one number throughout
            return Computed((rows, columns), x.dtype, lambda indices: x.at(place), 0)  # type: ignore[arg-type]
    except IndexError:
        pass
    return reshaped(low, low.contiguous(x), (rows, columns))  # type: ignore[arg-type]


# -- index tuples -----------------------------------------------------------------------------------------------------


def _flat(indices: Source, sizes: Shape, place: Indices) -> Expr:
    """The number of the slice that an index tuple speaks of."""
    total: Expr = At(ZERO)
    for axis, stride in enumerate(row_major(sizes)):
        part = wide(indices.at((*place, Index.of(axis))))
        part = Op("multiply", (part, At(Index.of(stride))), dtypes.int64)
        total = part if axis == 0 else Op("add", (total, part), dtypes.int64)
    return total


@rule("scatter_nd")
def _scatter_nd(low: Lowering, node: Node) -> Sequence[Source]:
    indices, updates = settled(low, low.source(node.inputs[0]), "indices"), low.source(node.inputs[1])
    _no_complex(updates)
    shape, batch = tuple(node.attrs["shape"]), node.attrs["batch_dims"]
    sizes = tuple_sizes(low, shape, indices, batch)
    check_tuples(low, indices, sizes)
    dtype = _summing(updates.dtype)
    outer, rest = shape[:batch], shape[batch + len(sizes) :]
    steps = tuple(indices.shape[batch:-1])
    values = columns_of(low, updates, (*outer, *steps), rest)
    result = low.temporary(shape, dtype, "scattered")
    scattered(
        low, rows_of(result, outer, product(sizes), product(rest)), outer, steps,
        lambda o, u: _flat(indices, sizes, (*o, *u)), lambda o, u, c: cast(values.at((*o, *u, c)), dtype),
        "add", _constant(0, dtype), "scatter_nd",
    )  # fmt: skip
    return [_rounded(result, updates.dtype)]


_TENSOR_SCATTER = {
    "tensor_scatter_update": "", "tensor_scatter_add": "add", "tensor_scatter_sub": "subtract",
    "tensor_scatter_max": "maximum", "tensor_scatter_min": "minimum", "tensor_scatter_mul": "multiply",
    "tensor_scatter_div": "divide",
}  # fmt: skip


@rule(*_TENSOR_SCATTER)
def _tensor_scatter(low: Lowering, node: Node) -> Sequence[Source]:
    x, indices, updates = (low.source(value) for value in node.inputs)
    combine = _TENSOR_SCATTER[node.op]
    if combine and x.dtype.is_bool:
        raise Unsupported("arithmetic on bool")
    indices = settled(low, indices, "indices")
    sizes = tuple_sizes(low, x.shape, indices, 0)
    check_tuples(low, indices, sizes)
    steps = tuple(indices.shape[:-1])
    values = columns_of(low, updates, steps, x.shape[len(sizes) :])
    return [_update(low, node, x, sizes, steps, lambda u: _flat(indices, sizes, u),
                    lambda u, c: values.at((*u, c)), combine, [indices, values])]  # fmt: skip


# -- one index an element ---------------------------------------------------------------------------------------------


def _along_axis(
    low: Lowering, shape: Shape, axis: int, indices: Source, values: Source, combine: str,
    start: Callable[[Indices], Expr], dtype: DType, name: str,
) -> Memory:  # fmt: skip
    """Elements put at an index of their own along an axis; axes of size 1 take what comes from all places of theirs."""
    whole = tuple(values.shape)
    size = shape[axis]
    low.check(indices.shape, lambda place: outside(wide(indices.at(place)), size))
    to_own = along(shape, whole, axis)
    kept: list[int] = []  # axes that result and values share; over the others updates run
    for a, (own, n) in enumerate(zip(shape, whole, strict=True)):
        if a != axis and (own == n or not (isinstance(own, int) and own == 1)):
            kept.append(a)
    moving = [a for a in range(len(shape)) if a not in kept]
    to_indices = aligned(indices, whole)
    outer, updates = tuple(whole[a] for a in kept), tuple(whole[a] for a in moving)
    del to_own

    def place(o: Indices, u: Indices) -> Indices:
        found: list[Index] = [ZERO] * len(whole)
        for a, index in (*zip(kept, o, strict=True), *zip(moving, u, strict=True)):
            found[a] = index
        return tuple(found)

    def begin(o: Indices, row: Index, column: Index) -> Expr:
        found: list[Index] = [ZERO] * len(shape)
        for a, index in zip(kept, o, strict=True):
            found[a] = index
        found[axis] = row
        return start(tuple(found))

    result = low.temporary(shape, dtype, name)
    strides = (*(result.strides[a] for a in kept), result.strides[axis], 0)
    output = Memory(result.buffer, (*outer, size, 1), strides)
    scattered(
        low, output, outer, updates, lambda o, u: wide(indices.at(to_indices(place(o, u)))),
        lambda o, u, c: cast(values.at(place(o, u)), dtype), combine, begin, name,
    )  # fmt: skip
    return result


@rule("take_along_axis_grad")
def _take_along_axis_grad(low: Lowering, node: Node) -> Sequence[Source]:
    ct, indices = low.source(node.inputs[0]), settled(low, low.source(node.inputs[1]), "indices")
    shape = tuple(node.attrs["shape"])
    dtype = _summing(ct.dtype)
    result = _along_axis(low, shape, node.attrs["axis"] % len(shape), indices, ct, "add",
                         lambda place: Const(0, dtype), dtype, "take_along_grad")  # fmt: skip
    return [_rounded(result, ct.dtype)]


@rule("put_along_axis")
def _put_along_axis(low: Lowering, node: Node) -> Sequence[Source]:
    x, indices, values = (low.source(value) for value in node.inputs)
    x, indices = settled(low, x), settled(low, indices, "indices")
    return [_along_axis(low, tuple(x.shape), node.attrs["axis"] % len(x.shape), indices, values, "",
                        x.at, x.dtype, "put_along_axis")]  # fmt: skip


# -- segments ---------------------------------------------------------------------------------------------------------

_SEGMENTS = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}


@rule(*(f"unsorted_segment_{kind}" for kind in _SEGMENTS))
def _unsorted_segment(low: Lowering, node: Node) -> Sequence[Source]:
    kind = node.op.rpartition("_")[2]
    if len(node.inputs) > 2:
        raise Unsupported("a number of segments that is computed")
    data, ids = low.source(node.inputs[0]), settled(low, low.source(node.inputs[1]), "ids")
    shape = node.outputs[0].shape
    assert shape is not None
    count = shape[0]
    covered, rest = tuple(ids.shape), shape[1:]
    half = data.dtype in _HALVES
    dtype = _summing(data.dtype)
    start: float = {"sum": 0, "prod": 1, "max": data.dtype.min, "min": data.dtype.max}[kind]

    def wrong(place: Indices) -> Expr:
        return Op("greater_equal", (wide(ids.at(place)), At(Index.of(count))), dtypes.bool_)

    low.check(covered, wrong)
    values = columns_of(low, data, covered, rest)
    result = low.temporary(shape, dtype, node.op)
    scattered(
        low, rows_of(result, (), count, product(tuple(rest))), (), covered, lambda o, u: wide(ids.at(u)),
        lambda o, u, c: cast(values.at((*u, c)), dtype), _SEGMENTS[kind], _constant(start, dtype), node.op,
    )  # fmt: skip
    return [_rounded(result, data.dtype) if half else result]


__all__ = ["Scattered", "Dim", "Specialise", "reshaped", "scattered"]
