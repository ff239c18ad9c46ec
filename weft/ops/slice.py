"""Parts of tensors: slices with Python's meaning, windows, and writing into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.base.dims import Dim
from weft.ir.types import TensorType
from weft.ops.axes import INDICES, need_rank, same_size, shape_of
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, register
from weft.ops.sizes import kept, promised

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape

# An index is a tuple of entries, one for each thing between the brackets:
#   ("slice", start, stop, step)   bounds are None, ints, sizes, or ("operand", k): the k-th of the further tensors
#   ("int", position)              an int or ("operand", k); drops the axis
#   ("newaxis",)  ("ellipsis",)
Index = tuple[tuple[Any, ...], ...]


def consumed(index: Index) -> int:
    """How many axes of the operand an index speaks of, the ellipsis left out."""
    return sum(entry[0] in ("slice", "int") for entry in index)


def _expand(index: Index, rank: int) -> Index:
    """The index with the ellipsis (or what is missing at the end) written out.

    Raises:
        SpecError: For more entries than axes, or a second ellipsis.
    """
    missing = rank - consumed(index)
    if missing < 0:
        raise SpecError(f"the index has {consumed(index)} entries for axes, the tensor has rank {rank}")
    places = [i for i, entry in enumerate(index) if entry[0] == "ellipsis"]
    if len(places) > 1:
        raise SpecError("an index can hold only one ellipsis (...)")
    at = places[0] if places else len(index)
    return index[:at] + (("slice", None, None, None),) * missing + index[at + len(places) :]


def _is_operand(bound: Any) -> bool:
    return isinstance(bound, tuple)


def _clamp_up(bound: Any, size: Dimension) -> Dimension:
    """Where a bound of a slice that runs upwards lies, within [0, size]."""
    if isinstance(bound, int) and bound < 0:
        return dims.maximum(size + bound, 0)
    return 0 if isinstance(bound, int) and bound == 0 else dims.minimum(bound, size)


def _clamp_down(bound: Any, size: Dimension) -> Dimension:
    """Where a bound of a slice that runs downwards lies, within [-1, size - 1]."""
    if isinstance(bound, int) and bound < 0:
        return dims.maximum(size + bound, -1)
    return dims.minimum(bound, size - 1)


def _span_up(start: Any, stop: Any, size: Dimension) -> Dimension:
    """How many positions lie between the bounds of a slice that runs upwards."""
    if (start is None or (isinstance(start, int) and start == 0)) and stop is None:
        return size
    start = 0 if start is None else start
    if isinstance(start, int) and start >= 0:
        if stop is None:
            return dims.maximum(size - start, 0)
        if isinstance(stop, int) and stop < 0:  # one expression for x[1:-1], whichever bound is cut off first
            return dims.maximum(size + (stop - start), 0)
    if stop is None and isinstance(start, int):
        return dims.minimum(size, -start)
    low = _clamp_up(start, size)
    high = size if stop is None else _clamp_up(stop, size)
    return high if isinstance(low, int) and low == 0 else dims.maximum(high - low, 0)


def _span_down(start: Any, stop: Any, size: Dimension) -> Dimension:
    if start is None and stop is None:
        return size
    high = size - 1 if start is None else _clamp_down(start, size)
    low = -1 if stop is None else _clamp_down(stop, size)
    return dims.maximum(high - low, 0)


def _slice_size(entry: tuple[Any, ...], size: Dimension) -> Dimension:
    _, start, stop, step = entry
    if any(_is_operand(bound) for bound in (start, stop, step)):
        return Dim.fresh("slice")
    step = 1 if step is None else step
    if step == 0:
        raise SpecError("a slice step of 0 leads nowhere", expected="a step other than 0")
    if all(isinstance(v, int) for v in (size, step)) and all(v is None or isinstance(v, int) for v in (start, stop)):
        return len(range(*slice(start, stop, step).indices(size)))  # type: ignore[arg-type]
    if isinstance(step, Dim):
        return Dim.fresh("slice")
    span = _span_up(start, stop, size) if step > 0 else _span_down(start, stop, size)
    return span if abs(step) == 1 else dims.ceil_divide(span, abs(step))


def sliced_shape(shape: Shape, index: Index) -> Shape:
    """The shape of a slice.

    Raises:
        SpecError: For an index that does not fit.
    """
    result: list[Dimension] = []
    axis = 0
    for entry in _expand(index, len(shape)):
        if entry[0] == "newaxis":
            result.append(1)
            continue
        size = shape[axis]
        if entry[0] == "slice":
            result.append(_slice_size(entry, size))
        elif isinstance(size, int) and isinstance(entry[1], int) and not -size <= entry[1] < size:
            raise SpecError(f"index {entry[1]} is out of range for axis {axis} of shape {shapes.show(shape)}",
                            expected=f"{-size} to {size - 1}" if size else "no index: the axis is empty")  # fmt: skip
        axis += 1
    return tuple(result)


def _numpy_index(shape: tuple[int, ...], index: Index, bounds: Sequence[Any]) -> tuple[Any, ...]:
    """The index as numpy takes it, bounds that are operands filled in and positions checked."""

    def number(bound: Any) -> Any:
        return int(bounds[bound[1]]) if _is_operand(bound) else bound

    result: list[Any] = []
    axis = 0
    for entry in _expand(index, len(shape)):
        if entry[0] == "newaxis":
            result.append(None)
            continue
        if entry[0] == "slice":
            if number(entry[3]) == 0:
                raise ValueError("a slice step of 0 leads nowhere")
            result.append(slice(number(entry[1]), number(entry[2]), number(entry[3])))
        else:
            position = number(entry[1])
            if not -shape[axis] <= position < shape[axis]:
                allowed = f"{-shape[axis]} to {shape[axis] - 1}" if shape[axis] else "none, the axis is empty"
                raise IndexError(f"index {position} is out of range for axis {axis} of size {shape[axis]} "
                                 f"(allowed: {allowed})")  # fmt: skip
            result.append(position)
        axis += 1
    result.append(...)  # keeps the result an array where every axis is dropped
    return tuple(result)


def _check_bounds(bounds: Sequence[TensorType], index: Index) -> None:
    for position, bound in enumerate(bounds):
        need_rank(bound, 0, f"bounds[{position}]")
    for entry in index:
        for value in entry[1:]:
            if _is_operand(value) and not value[1] < len(bounds):
                raise SpecError(f"the index names operand {value[1]}, there are {len(bounds)}")


def _strided_slice_spec(x: TensorType, *bounds: TensorType, index: Index) -> TensorType:
    _check_bounds(bounds, index)
    return TensorType(sliced_shape(shape_of(x), index), x.dtype)


def _nones(bounds: Sequence[Any]) -> list[None]:
    return [None] * len(bounds)


register(
    OpDef(
        name="strided_slice",
        inputs=("x", "*bounds"),
        attrs={"index": REQUIRED},
        spec=_strided_slice_spec,
        reference=lambda x, *bounds, index: x[_numpy_index(x.shape, index, bounds)],
        dtypes=(dtypes.ALL, INDICES),
        same=(0,),
        vjp=lambda b, node, ct: (
            b.strided_slice_grad(ct, *node.inputs[1:], index=node.attrs["index"], shape=b.shape(node.inputs[0])),
            *_nones(node.inputs[1:]),
        ),
        jvp=lambda b, node, t, *_: (b.strided_slice(t, *node.inputs[1:], **node.attrs),),
        doc="x[index] with Python's meaning: slices, positions, new axes, an ellipsis. Bounds may be scalar tensors.",
        cases=(
            case((5, 4), index=(("slice", 1, -1, None), ("int", 2))),
            case((5, 4), index=(("slice", None, None, -2),)),
            case((5, 4), index=(("ellipsis",), ("newaxis",), ("slice", -3, None, 2))),
            case((5, 4), index=(("slice", 4, 1, -1), ("slice", None, 9, None))),
            case((5,), index=(("int", -1),)),
            case((5, 2), np.int32(1), np.int64(4), index=(("slice", ("operand", 0), ("operand", 1), None),)),
            case((5, 2), np.int32(-2), index=(("int", ("operand", 0)), ("slice", 2, None, None))),
        ),
    )
)  # fmt: skip


def _scatter_slice(ct: Any, *bounds: Any, index: Index, shape: tuple[int, ...]) -> Any:
    whole = np.zeros(shape, ct.dtype)
    whole[_numpy_index(shape, index, bounds)] = ct
    return whole


def _strided_slice_grad_spec(ct: TensorType, *bounds: TensorType, index: Index, shape: Shape) -> TensorType:
    _check_bounds(bounds, index)
    wanted = sliced_shape(shape, index)
    if not shapes.compatible(wanted, ct.shape):
        raise SpecError(f"a slice of {shapes.show(shape)} has shape {shapes.show(wanted)}, not {shapes.show(ct.shape)}")
    return TensorType(tuple(shape), ct.dtype)


register(
    OpDef(
        name="strided_slice_grad",
        inputs=("ct", "*bounds"),
        attrs={"index": REQUIRED, "shape": REQUIRED},
        spec=_strided_slice_grad_spec,
        reference=_scatter_slice,
        dtypes=(dtypes.DENSE, INDICES),
        same=(0,),
        vjp=lambda b, node, ct: (
            b.strided_slice(ct, *node.inputs[1:], index=node.attrs["index"]),
            *_nones(node.inputs[1:]),
        ),
        jvp=lambda b, node, t, *_: (b.strided_slice_grad(t, *node.inputs[1:], **node.attrs),),
        doc="Zeros of a shape with a tensor written into the slice; the gradient of `strided_slice`.",
        cases=(
            case((3, 4), index=(("slice", 1, -1, None),), shape=(5, 4)),
            case((2, 1), index=(("slice", None, None, 3), ("newaxis",), ("int", 1)), shape=(5, 2)),
            case((3,), np.int32(1), index=(("int", ("operand", 0)),), shape=(4, 3)),
        ),
    )
)


def _update_spec(x: TensorType, value: TensorType, *bounds: TensorType, index: Index) -> TensorType:
    _check_bounds(bounds, index)
    room = sliced_shape(shape_of(x), index)
    joined = shapes.broadcast(room, shape_of(value))
    if joined is None or len(joined) != len(room) or not shapes.compatible(joined, room):
        raise SpecError(
            f"a value of shape {shapes.show(value.shape)} does not fit into the slice, which has shape "
            f"{shapes.show(room)}", expected="that shape, or one that broadcasts to it",
        )  # fmt: skip
    return x


def _write_slice(x: Any, value: Any, *bounds: Any, index: Index) -> Any:
    result = x.copy()
    place = _numpy_index(x.shape, index, bounds)
    try:
        result[place] = value
    except ValueError:
        raise ValueError(
            f"a value of shape {value.shape} does not fit into the slice, which has shape {x[place].shape}"
        ) from None
    return result


def _update_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, value, *bounds = node.inputs
    index = node.attrs["index"]
    to_x = to_value = None
    if node.needs[0]:
        hole = b.zeros_like(b.strided_slice(x, *bounds, index=index))
        to_x = b.tensor_strided_slice_update(ct, hole, *bounds, index=index)
    if node.needs[1]:
        to_value = b.unbroadcast(b.strided_slice(ct, *bounds, index=index), b.shape(value))
    return (to_x, to_value, *_nones(bounds))


register(
    OpDef(
        name="tensor_strided_slice_update",
        inputs=("x", "value", "*bounds"),
        attrs={"index": REQUIRED},
        spec=_update_spec,
        reference=_write_slice,
        dtypes=(dtypes.ALL, dtypes.ALL, INDICES),
        same=(0, 1),
        vjp=_update_vjp,
        jvp=lambda b, node, t, v, *_: (b.tensor_strided_slice_update(t, v, *node.inputs[2:], **node.attrs),),
        doc="x with a value written into x[index]; the value may be one that broadcasts to the slice.",
        cases=(
            case((5, 4), (3, 4), index=(("slice", 1, -1, None),)),
            case((5, 4), (), index=(("slice", None, None, 2), ("int", 1))),
            case((5, 4), (4,), np.int32(3), index=(("int", ("operand", 0)),)),
        ),
    )
)


# Windows: begin and size ---------------------------------------------------------------------------------------------


def _slice_spec(x: TensorType, *, begin: tuple[Any, ...], size: tuple[Any, ...]) -> TensorType:
    shape = shape_of(x)
    if len(begin) != len(shape) or len(size) != len(shape):
        raise SpecError(f"begin and size name {len(begin)} and {len(size)} axes, the tensor has rank {len(shape)}")
    result = []
    for axis, (whole, start, length) in enumerate(zip(shape, begin, size, strict=True)):
        rest = whole - start
        if isinstance(length, int) and length == -1:
            length = rest
        if isinstance(start, int) and start < 0:
            raise SpecError(f"begin {start} on axis {axis} is negative", expected="0 or more")
        if isinstance(length, int) and (length < 0 or (isinstance(rest, int) and length > rest)):
            raise SpecError(f"{length} elements from {start} on do not lie in axis {axis} of size {_show(whole)}")
        result.append(length)
    return TensorType(tuple(result), x.dtype)


def _show(size: Dimension) -> str:
    return str(size) if isinstance(size, int) else "None"


def _slice(x: Any, begin: tuple[int, ...], size: tuple[int, ...]) -> Any:
    ends = []
    for axis, (whole, start, length) in enumerate(zip(x.shape, begin, size, strict=True)):
        end = whole if length == -1 else start + length
        if start < 0 or end < start or end > whole:
            raise IndexError(f"{length} elements from {start} on do not lie in axis {axis} of size {whole}")
        ends.append(end)
    return x[(*(slice(start, end) for start, end in zip(begin, ends, strict=True)), ...)]


def _slice_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    whole, part = b.shape(node.inputs[0]), b.shape(ct)
    paddings = tuple((start, n - start - m) for n, start, m in zip(whole, node.attrs["begin"], part, strict=True))
    return (b.pad(ct, paddings=paddings),)


register(
    OpDef(
        name="slice",
        inputs=("x",),
        attrs={"begin": REQUIRED, "size": REQUIRED},
        spec=_slice_spec,
        reference=_slice,
        dtypes=(dtypes.ALL,),
        vjp=_slice_vjp,
        jvp=lambda b, node, t: (b.slice(t, **node.attrs),),
        doc="The window of a tensor that begins at a place and has a size (-1: up to the end).",
        cases=(case((4, 5), begin=(1, 0), size=(2, -1)), case((4,), begin=(4,), size=(0,)),
               case((), begin=(), size=())),
    )
)  # fmt: skip


def _check_starts(starts: Sequence[TensorType], rank: int) -> None:
    if len(starts) != rank:
        raise SpecError(f"received {len(starts)} starts, the tensor has rank {rank}", expected="one for each axis")
    for axis, start in enumerate(starts):
        need_rank(start, 0, f"starts[{axis}]")


def _window(shape: tuple[int, ...], starts: Sequence[Any], sizes: Sequence[int]) -> tuple[Any, ...]:
    place: list[Any] = []
    for axis, (whole, start, length) in enumerate(zip(shape, starts, sizes, strict=True)):
        begin = int(start)
        if begin < 0 or begin + length > whole:
            raise IndexError(f"{length} elements from {begin} on do not lie in axis {axis} of size {whole} "
                             f"(allowed starts: 0 to {whole - length})")  # fmt: skip
        place.append(slice(begin, begin + length))
    return (*place, ...)


def _dynamic_slice_spec(x: TensorType, *starts: TensorType, sizes: tuple[Any, ...]) -> TensorType:
    shape = shape_of(x)
    _check_starts(starts, len(shape))
    if len(sizes) != len(shape):
        raise SpecError(f"sizes {shapes.show(sizes)} name {len(sizes)} axes, the tensor has rank {len(shape)}")
    for axis, (whole, length) in enumerate(zip(shape, sizes, strict=True)):
        if isinstance(whole, int) and isinstance(length, int) and not 0 <= length <= whole:
            raise SpecError(f"a window of size {length} does not lie in axis {axis} of size {whole}")
    return TensorType(tuple(sizes), x.dtype)


def _dynamic_slice_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, *starts = node.inputs
    return (b.dynamic_update_slice(b.zeros_like(x), ct, *starts), *_nones(starts))


register(
    OpDef(
        name="dynamic_slice",
        inputs=("x", "*starts"),
        attrs={"sizes": REQUIRED},
        spec=_dynamic_slice_spec,
        reference=lambda x, *starts, sizes: x[_window(x.shape, starts, sizes)],
        dtypes=(dtypes.ALL, INDICES),
        same=(0,),
        vjp=_dynamic_slice_vjp,
        jvp=lambda b, node, t, *_: (b.dynamic_slice(t, *node.inputs[1:], **node.attrs),),
        doc="The window of a size that begins where scalar tensors, one an axis, say.",
        cases=(case((4, 5), np.int32(1), np.int32(2), sizes=(2, 3)), case((4,), np.int64(0), sizes=(4,)),
               case((), sizes=())),
    )
)  # fmt: skip


def _dynamic_update_spec(x: TensorType, update: TensorType, *starts: TensorType) -> TensorType:
    shape = shape_of(x)
    _check_starts(starts, len(shape))
    need_rank(update, len(shape), "update")
    for axis, (whole, length) in enumerate(zip(shape, shape_of(update), strict=True)):
        if isinstance(whole, int) and isinstance(length, int) and length > whole:
            raise SpecError(f"an update of size {length} does not lie in axis {axis} of size {whole}")
    return x


def _dynamic_update(x: Any, update: Any, *starts: Any) -> Any:
    result = x.copy()
    result[_window(x.shape, starts, update.shape)] = update
    return result


def _dynamic_update_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    _, update, *starts = node.inputs
    return (
        b.dynamic_update_slice(ct, b.zeros_like(update), *starts) if node.needs[0] else None,
        b.dynamic_slice(ct, *starts, sizes=b.shape(update)) if node.needs[1] else None,
        *_nones(starts),
    )


register(
    OpDef(
        name="dynamic_update_slice",
        inputs=("x", "update", "*starts"),
        spec=_dynamic_update_spec,
        reference=_dynamic_update,
        dtypes=(dtypes.ALL, dtypes.ALL, INDICES),
        same=(0, 1),
        vjp=_dynamic_update_vjp,
        jvp=lambda b, node, t, u, *_: (b.dynamic_update_slice(t, u, *node.inputs[2:]),),
        doc="x with a window overwritten; scalar tensors, one an axis, say where the window begins.",
        cases=(case((4, 5), (2, 3), np.int32(1), np.int32(2)), case((4,), (4,), np.int64(0)), case((), ())),
    )
)


def _slice_dynamic_spec(
    x: TensorType, begin: TensorType, size: TensorType, sizes: tuple[Dimension | None, ...] | None
) -> TensorType:
    shape = shape_of(x)
    for type, name in ((begin, "begin"), (size, "size")):
        need_rank(type, 1, name)
        if same_size(shape_of(type)[0], len(shape)) is None:
            raise SpecError(f"`{name}` has shape {shapes.show(type.shape)}, the tensor has rank {len(shape)}")
    found = promised(size, (None,) * len(shape) if sizes is None else sizes, "size")
    for axis, (whole, length) in enumerate(zip(shape, found or (), strict=True)):
        if isinstance(whole, int) and isinstance(length, int) and not 0 <= length <= whole:
            raise SpecError(f"a window of size {length} does not lie in axis {axis} of size {whole}")
    return TensorType(found, x.dtype)


def _slice_dynamic_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, begin, _ = node.inputs
    rank = len(b.shape(x))
    starts = [b.strided_slice(begin, index=(("int", axis),)) for axis in range(rank)]
    return b.dynamic_update_slice(b.zeros_like(x), ct, *starts), None, None


register(
    OpDef(
        name="slice_dynamic",
        inputs=("x", "begin", "size"),
        attrs={"sizes": None},
        spec=_slice_dynamic_spec,
        reference=lambda x, begin, size, sizes: kept(_slice(x, tuple(begin.tolist()), tuple(size.tolist())), sizes),
        dtypes=(dtypes.ALL, INDICES, INDICES),
        same=(0,),
        vjp=_slice_dynamic_vjp,
        jvp=lambda b, node, t, *_: (b.slice_dynamic(t, *node.inputs[1:], **node.attrs),),
        doc="`slice` whose begin and size (-1: up to the end) are known at run time only; `sizes` holds the sizes that "
            "are known before, or None.",
        cases=(
            case((4, 5), np.array([1, 0], np.int32), np.array([2, -1], np.int32)),
            case((4, 5), np.array([1, 0], np.int64), np.array([2, -1], np.int64), sizes=(2, None)),
            case((4, 5), np.array([1, 2], np.int32), np.array([2, 3], np.int32), sizes=(2, 3)),
        ),
    )
)
