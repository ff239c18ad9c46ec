"""Elements moved or repeated: tile, repeat, reverse, roll, blocks of space to channels and batch and back, patches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.base.dims import ceil_divide
from weft.ir.types import TensorType
from weft.ops.axes import axis_of, need_rank, same_size, shape_of
from weft.ops.families import in_float32
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, register

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape


# Copies --------------------------------------------------------------------------------------------------------------


def _tile_spec(x: TensorType, *, multiples: tuple[Dimension, ...]) -> TensorType:
    shape = shape_of(x)
    if len(multiples) != len(shape):
        raise SpecError(f"multiples {shapes.show(multiples)} name {len(multiples)} axes, the tensor has rank "
                        f"{len(shape)}", expected="one number for each axis")  # fmt: skip
    for axis, count in enumerate(multiples):
        if isinstance(count, int) and count < 0:
            raise SpecError(f"multiples[{axis}] is {count}", expected="0 or more")
    return TensorType(tuple(n * count for n, count in zip(shape, multiples, strict=True)), x.dtype)


def _tile_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    shape = b.shape(node.inputs[0])
    split = [n for pair in zip(node.attrs["multiples"], shape, strict=True) for n in pair]
    copies = tuple(range(0, 2 * len(shape), 2))
    return (b.reduce_sum(b.reshape(ct, shape=tuple(split)), axis=copies, keepdims=False),)


def _tile_decompose(b: Any, x: Any, multiples: tuple[Dimension, ...]) -> Any:
    shape = b.shape(x)
    apart = tuple(n for size in shape for n in (1, size))
    copies = tuple(n for pair in zip(multiples, shape, strict=True) for n in pair)
    whole = tuple(n * count for n, count in zip(shape, multiples, strict=True))
    return b.reshape(b.broadcast_to(b.reshape(x, shape=apart), shape=copies), shape=whole)


register(
    OpDef(
        name="tile",
        inputs=("x",),
        attrs={"multiples": REQUIRED},
        spec=_tile_spec,
        reference=lambda x, multiples: np.tile(x, multiples) if x.ndim else x,
        dtypes=(dtypes.ALL,),
        vjp=_tile_vjp,
        jvp=lambda b, node, t: (b.tile(t, **node.attrs),),
        decompose=_tile_decompose,
        doc="Copies of the tensor side by side, so many along each axis.",
        cases=(case((2, 3), multiples=(2, 2)), case((2,), multiples=(1,)), case((), multiples=()),
               case((2, 3), multiples=(0, 1))),
    )
)  # fmt: skip


def _repeat_spec(x: TensorType, *, repeats: Dimension, axis: int) -> TensorType:
    shape = shape_of(x)
    at = axis_of(axis, len(shape))
    if isinstance(repeats, int) and repeats < 0:
        raise SpecError(f"repeats is {repeats}", expected="0 or more")
    return TensorType((*shape[:at], shape[at] * repeats, *shape[at + 1 :]), x.dtype)


def _repeat_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    shape = b.shape(node.inputs[0])
    at = node.attrs["axis"] % len(shape)
    split = (*shape[: at + 1], node.attrs["repeats"], *shape[at + 1 :])
    return (b.reduce_sum(b.reshape(ct, shape=split), axis=(at + 1,), keepdims=False),)


def _repeat_decompose(b: Any, x: Any, repeats: Dimension, axis: int) -> Any:
    shape = b.shape(x)
    at = axis % len(shape)
    front, rest = shape[: at + 1], shape[at + 1 :]
    copies = b.broadcast_to(b.reshape(x, shape=(*front, 1, *rest)), shape=(*front, repeats, *rest))
    return b.reshape(copies, shape=(*shape[:at], shape[at] * repeats, *rest))


register(
    OpDef(
        name="repeat",
        inputs=("x",),
        attrs={"repeats": REQUIRED, "axis": 0},
        spec=_repeat_spec,
        reference=lambda x, repeats, axis: np.repeat(x, repeats, axis=axis),
        dtypes=(dtypes.ALL,),
        vjp=_repeat_vjp,
        jvp=lambda b, node, t: (b.repeat(t, **node.attrs),),
        decompose=_repeat_decompose,
        doc="Each slice along an axis repeated so many times.",
        cases=(case((2, 3), repeats=2, axis=0), case((2, 3), repeats=3, axis=-1), case((2,), repeats=0)),
    )
)


# Order ---------------------------------------------------------------------------------------------------------------


def _axes(axis: tuple[int, ...], rank: int) -> tuple[int, ...]:
    found = tuple(axis_of(a, rank) for a in axis)
    if len(set(found)) != len(found):
        raise SpecError(f"axis {axis} names an axis twice")
    return found


def _reverse_spec(x: TensorType, *, axis: tuple[int, ...]) -> TensorType:
    _axes(axis, len(shape_of(x)))
    return x


def _reverse_decompose(b: Any, x: Any, axis: tuple[int, ...]) -> Any:
    turned = {a % len(b.shape(x)) for a in axis}
    index = tuple(("slice", None, None, -1 if i in turned else None) for i in range(len(b.shape(x))))
    return b.strided_slice(x, index=index)


register(
    OpDef(
        name="reverse",
        inputs=("x",),
        attrs={"axis": REQUIRED},
        spec=_reverse_spec,
        reference=lambda x, axis: np.flip(x, axis),
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, ct: (b.reverse(ct, **node.attrs),),
        jvp=lambda b, node, t: (b.reverse(t, **node.attrs),),
        decompose=_reverse_decompose,
        doc="The elements in the opposite order along the axes.",
        cases=(case((2, 3, 4), axis=(0, -1)), case((3,), axis=()), case((0, 2), axis=(0,))),
    )
)


def _roll_spec(x: TensorType, *, shift: tuple[int, ...], axis: tuple[int, ...]) -> TensorType:
    for a in axis:
        axis_of(a, len(shape_of(x)))
    if len(shift) != len(axis):
        raise SpecError(f"shift {shift} and axis {axis} differ in length", expected="one shift for each axis")
    return x


def _roll(x: Any, shift: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    return np.roll(x, shift, axis) if axis else x.copy()  # numpy does not take a scalar


register(
    OpDef(
        name="roll",
        inputs=("x",),
        attrs={"shift": REQUIRED, "axis": REQUIRED},
        spec=_roll_spec,
        reference=_roll,
        dtypes=(dtypes.ALL,),
        vjp=lambda b, node, ct: (
            b.roll(ct, shift=tuple(-s for s in node.attrs["shift"]), axis=node.attrs["axis"]),),
        jvp=lambda b, node, t: (b.roll(t, **node.attrs),),
        doc="The elements moved on along axes; what leaves at the end comes in at the front.",
        cases=(case((2, 3, 4), shift=(1, -6), axis=(0, -1)), case((5,), shift=(1, 2), axis=(0, 0)),
               case((3,), shift=(), axis=())),
    )
)  # fmt: skip


def _roll_dynamic_spec(x: TensorType, shift: TensorType, *, axis: tuple[int, ...]) -> TensorType:
    need_rank(shift, 1, "shift")
    if same_size(shape_of(shift)[0], len(axis)) is None:
        raise SpecError(f"shift has shape {shapes.show(shift.shape)}, there are {len(axis)} axes")
    return _roll_spec(x, shift=(0,) * len(axis), axis=axis)


register(
    OpDef(
        name="roll_dynamic",
        inputs=("x", "shift"),
        attrs={"axis": REQUIRED},
        spec=_roll_dynamic_spec,
        reference=lambda x, shift, axis: _roll(x, tuple(shift.tolist()), axis),
        dtypes=(dtypes.ALL, (dtypes.int32, dtypes.int64)),
        same=(0,),
        vjp=lambda b, node, ct: (b.roll_dynamic(ct, b.negative(node.inputs[1]), axis=node.attrs["axis"]), None),
        jvp=lambda b, node, t, _: (b.roll_dynamic(t, node.inputs[1], **node.attrs),),
        doc="`roll` by shifts known at run time only.",
        cases=(case((2, 3), np.array([1, -1], np.int32), axis=(0, 1)),),
    )
)


def _reverse_sequence_spec(x: TensorType, lengths: TensorType, *, seq_axis: int, batch_axis: int) -> TensorType:
    shape = shape_of(x)
    along, batch = axis_of(seq_axis, len(shape), name="seq_axis"), axis_of(batch_axis, len(shape), name="batch_axis")
    if along == batch:
        raise SpecError(f"seq_axis and batch_axis are both {along}", expected="two different axes")
    need_rank(lengths, 1, "seq_lengths")
    if same_size(shape[batch], shape_of(lengths)[0]) is None:
        raise SpecError(f"`seq_lengths` has shape {shapes.show(lengths.shape)}, the batch has size {shape[batch]}")
    return x


def _reverse_sequence(x: Any, lengths: Any, seq_axis: int, batch_axis: int) -> Any:
    size = x.shape[seq_axis]
    if np.any((lengths < 0) | (lengths > size)):
        place = int(np.flatnonzero((lengths < 0) | (lengths > size))[0])
        raise ValueError(f"`seq_lengths` holds {lengths[place]} at position {place} (allowed: 0 to {size})")
    rows = np.moveaxis(x, (batch_axis, seq_axis), (0, 1))
    position = np.arange(size)[None, :]
    source = np.where(position < lengths[:, None], lengths[:, None] - 1 - position, position)
    return np.moveaxis(rows[np.arange(len(rows))[:, None], source], (0, 1), (batch_axis, seq_axis))


register(
    OpDef(
        name="reverse_sequence",
        inputs=("x", "seq_lengths"),
        attrs={"seq_axis": REQUIRED, "batch_axis": 0},
        spec=_reverse_sequence_spec,
        reference=_reverse_sequence,
        dtypes=(dtypes.ALL, (dtypes.int32, dtypes.int64)),
        same=(0,),
        vjp=lambda b, node, ct: (b.reverse_sequence(ct, node.inputs[1], **node.attrs), None),
        jvp=lambda b, node, t, _: (b.reverse_sequence(t, node.inputs[1], **node.attrs),),
        doc="The first seq_lengths[i] elements of each sequence i in the opposite order, the rest as it is.",
        cases=(
            case((2, 4, 3), np.array([3, 0], np.int32), seq_axis=1),
            case((4, 2), np.array([4, 2], np.int64), seq_axis=0, batch_axis=-1),
        ),
    )
)


# Blocks of space -----------------------------------------------------------------------------------------------------


def _exact(size: Dimension, divisor: int, what: str) -> Dimension:
    if isinstance(size, int) and size % divisor:
        raise SpecError(f"{what} has size {size}, which {divisor} does not divide")
    return size // divisor


def _check_block(x: TensorType, block_size: int, data_format: str) -> None:
    need_rank(x, 4, "x")
    if data_format not in ("NHWC", "NCHW"):
        raise SpecError(f"data_format is {data_format!r}", expected="NHWC or NCHW")
    if block_size < 2:
        raise SpecError(f"block_size is {block_size}", expected="2 or more")


def _space_to_depth_spec(x: TensorType, *, block_size: int, data_format: str) -> TensorType:
    _check_block(x, block_size, data_format)
    first = 1 if data_format == "NHWC" else 2
    shape = list(shape_of(x))
    for axis in (first, first + 1):
        shape[axis] = _exact(shape[axis], block_size, f"axis {axis}")
    channel = 3 if data_format == "NHWC" else 1
    shape[channel] = shape[channel] * block_size**2
    return TensorType(tuple(shape), x.dtype)


def _depth_to_space_spec(x: TensorType, *, block_size: int, data_format: str) -> TensorType:
    _check_block(x, block_size, data_format)
    first = 1 if data_format == "NHWC" else 2
    shape = list(shape_of(x))
    channel = 3 if data_format == "NHWC" else 1
    shape[channel] = _exact(shape[channel], block_size**2, f"the channel axis {channel}")
    for axis in (first, first + 1):
        shape[axis] = shape[axis] * block_size
    return TensorType(tuple(shape), x.dtype)


def _space_to_depth(b: Any, x: Any, block_size: int, data_format: str) -> Any:
    k = block_size
    if data_format == "NCHW":
        n, c, h, w = b.shape(x)
        blocks = b.transpose(b.reshape(x, shape=(n, c, h // k, k, w // k, k)), perm=(0, 3, 5, 1, 2, 4))
        return b.reshape(blocks, shape=(n, c * k * k, h // k, w // k))
    n, h, w, c = b.shape(x)
    blocks = b.transpose(b.reshape(x, shape=(n, h // k, k, w // k, k, c)), perm=(0, 1, 3, 2, 4, 5))
    return b.reshape(blocks, shape=(n, h // k, w // k, c * k * k))


def _depth_to_space(b: Any, x: Any, block_size: int, data_format: str) -> Any:
    k = block_size
    if data_format == "NCHW":
        n, d, h, w = b.shape(x)
        c = d // (k * k)
        woven = b.transpose(b.reshape(x, shape=(n, k, k, c, h, w)), perm=(0, 3, 4, 1, 5, 2))
        return b.reshape(woven, shape=(n, c, h * k, w * k))
    n, h, w, d = b.shape(x)
    c = d // (k * k)
    woven = b.transpose(b.reshape(x, shape=(n, h, w, k, k, c)), perm=(0, 1, 3, 2, 4, 5))
    return b.reshape(woven, shape=(n, h * k, w * k, c))


class _Arrays:
    """Lets a rearrangement that is written once run on arrays, as on values of a builder."""

    @staticmethod
    def shape(x: Any) -> tuple[Any, ...]:
        return tuple(x.shape)

    @staticmethod
    def reshape(x: Any, shape: tuple[Any, ...]) -> Any:
        return np.reshape(x, shape)

    @staticmethod
    def transpose(x: Any, perm: tuple[int, ...]) -> Any:
        return np.transpose(x, perm)

    @staticmethod
    def pad(x: Any, paddings: Any) -> Any:
        return np.pad(x, paddings)

    @staticmethod
    def slice(x: Any, begin: Any, size: Any) -> Any:
        return x[tuple(slice(start, start + length) for start, length in zip(begin, size, strict=True))]


def _on_arrays(rearrange: Any) -> Any:
    return lambda x, **attrs: rearrange(_Arrays, x, **attrs)


def _blocks(name: str, spec: Any, rearrange: Any, undo: str, wide: Any, tall: Any, doc: str) -> None:
    register(
        OpDef(
            name=name,
            inputs=("x",),
            attrs={"block_size": REQUIRED, "data_format": "NHWC"},
            spec=spec,
            reference=_on_arrays(rearrange),
            decompose=rearrange,
            dtypes=(dtypes.ALL,),
            vjp=lambda b, node, ct: (b.call(undo, ct, **node.attrs),),
            jvp=lambda b, node, t: (b.call(name, t, **node.attrs),),
            doc=doc,
            cases=(case(wide, block_size=2), case(tall, block_size=2, data_format="NCHW")),
        )
    )


_blocks("space_to_depth", _space_to_depth_spec, _space_to_depth, "depth_to_space", (1, 4, 2, 3), (1, 3, 4, 2),
        "Square blocks of space laid out along the channels.")  # fmt: skip
_blocks("depth_to_space", _depth_to_space_spec, _depth_to_space, "space_to_depth", (1, 2, 1, 8), (1, 8, 2, 1),
        "Channels spread over square blocks of space; undoes `space_to_depth`.")  # fmt: skip


def _check_spatial(x: TensorType, block_shape: tuple[int, ...], pairs: Any, name: str) -> None:
    if len(shape_of(x)) < len(block_shape) + 1:
        raise SpecError(f"the tensor has rank {x.rank}, block_shape {block_shape} asks for {len(block_shape) + 1} axes")
    if len(pairs) != len(block_shape):
        raise SpecError(f"{name} and block_shape differ in length", expected="a pair for each entry of block_shape")
    if min(block_shape, default=1) < 1:
        raise SpecError(f"block_shape is {block_shape}", expected="1 or more")
    if any(isinstance(amount, int) and amount < 0 for pair in pairs for amount in pair):
        raise SpecError(f"{name} {pairs} are negative", expected="0 or more")


def _space_to_batch_spec(x: TensorType, *, block_shape: tuple[int, ...], paddings: Any) -> TensorType:
    _check_spatial(x, block_shape, paddings, "paddings")
    shape = list(shape_of(x))
    for axis, (block, (before, after)) in enumerate(zip(block_shape, paddings, strict=True), start=1):
        shape[axis] = _exact(shape[axis] + before + after, block, f"axis {axis} with its padding")
        shape[0] = shape[0] * block
    return TensorType(tuple(shape), x.dtype)


def _space_to_batch(b: Any, x: Any, block_shape: tuple[int, ...], paddings: Any) -> Any:
    count = len(block_shape)
    x = b.pad(x, paddings=((0, 0), *paddings, *((0, 0),) * (len(b.shape(x)) - 1 - count)))
    batch, *sizes = b.shape(x)
    spatial, rest = sizes[:count], sizes[count:]
    apart = [n for size, block in zip(spatial, block_shape, strict=True) for n in (size // block, block)]
    order = [*range(2, 2 * count + 1, 2), 0, *range(1, 2 * count, 2), *range(2 * count + 1, 2 * count + 1 + len(rest))]
    moved = b.transpose(b.reshape(x, shape=(batch, *apart, *rest)), perm=tuple(order))
    return b.reshape(moved, shape=(batch * int(np.prod(block_shape)), *apart[::2], *rest))


def _batch_to_space_spec(x: TensorType, *, block_shape: tuple[int, ...], crops: Any) -> TensorType:
    _check_spatial(x, block_shape, crops, "crops")
    shape = list(shape_of(x))
    shape[0] = _exact(shape[0], int(np.prod(block_shape)), "the batch")
    for axis, (block, (before, after)) in enumerate(zip(block_shape, crops, strict=True), start=1):
        size = shape[axis] * block - before - after
        if isinstance(size, int) and size < 0:
            raise SpecError(
                f"crops ({before}, {after}) cut more than the {shape[axis] * block} elements of axis {axis}"
            )
        shape[axis] = size
    return TensorType(tuple(shape), x.dtype)


def _batch_to_space(b: Any, x: Any, block_shape: tuple[int, ...], crops: Any) -> Any:
    count = len(block_shape)
    whole, *sizes = b.shape(x)
    batch = whole // int(np.prod(block_shape))
    spatial, rest = sizes[:count], sizes[count:]
    order = [count, *(place for i in range(count) for place in (count + 1 + i, i))]
    order += range(2 * count + 1, 2 * count + 1 + len(rest))
    moved = b.transpose(b.reshape(x, shape=(*block_shape, batch, *sizes)), perm=tuple(order))
    woven = [size * block for size, block in zip(spatial, block_shape, strict=True)]
    kept = [size - before - after for size, (before, after) in zip(woven, crops, strict=True)]
    begin = (0, *(before for before, _ in crops), *(0 for _ in rest))
    return b.slice(b.reshape(moved, shape=(batch, *woven, *rest)), begin=begin, size=(batch, *kept, *rest))


register(
    OpDef(
        name="space_to_batch",
        inputs=("x",),
        attrs={"block_shape": REQUIRED, "paddings": REQUIRED},
        spec=_space_to_batch_spec,
        reference=_on_arrays(_space_to_batch),
        decompose=_space_to_batch,
        dtypes=(dtypes.DENSE,),
        vjp=lambda b, node, ct: (
            b.batch_to_space(ct, block_shape=node.attrs["block_shape"], crops=node.attrs["paddings"]),),
        jvp=lambda b, node, t: (b.space_to_batch(t, **node.attrs),),
        doc="Positions inside blocks of space (padded with zeros first) laid out along the batch.",
        cases=(
            case((2, 3, 4, 1), block_shape=(2, 2), paddings=((1, 0), (0, 2))),
            case((1, 6, 2), block_shape=(3,), paddings=((0, 0),)),
        ),
    )
)  # fmt: skip

register(
    OpDef(
        name="batch_to_space",
        inputs=("x",),
        attrs={"block_shape": REQUIRED, "crops": REQUIRED},
        spec=_batch_to_space_spec,
        reference=_on_arrays(_batch_to_space),
        decompose=_batch_to_space,
        dtypes=(dtypes.DENSE,),
        vjp=lambda b, node, ct: (
            b.space_to_batch(ct, block_shape=node.attrs["block_shape"], paddings=node.attrs["crops"]),),
        jvp=lambda b, node, t: (b.batch_to_space(t, **node.attrs),),
        doc="Parts of the batch woven back into space, the edges cropped; undoes `space_to_batch`.",
        cases=(
            case((8, 2, 3, 1), block_shape=(2, 2), crops=((1, 0), (0, 2))),
            case((3, 2, 2), block_shape=(3,), crops=((0, 0),)),
        ),
    )
)  # fmt: skip


# Patches -------------------------------------------------------------------------------------------------------------


def _patch_count(size: Dimension, window: int, stride: int, rate: int, padding: str) -> Dimension:
    reach = (window - 1) * rate + 1
    if padding == "SAME":
        return ceil_divide(size, stride)
    if padding != "VALID":
        raise SpecError(f"padding is {padding!r}", expected="SAME or VALID")
    if isinstance(size, int) and size < reach:
        raise SpecError(f"a window that reaches over {reach} elements does not fit an axis of size {size}")
    return (size - reach) // stride + 1


def _extract_patches_spec(
    x: TensorType, *, sizes: tuple[int, ...], strides: tuple[int, ...], rates: tuple[int, ...], padding: str
) -> TensorType:
    need_rank(x, len(sizes) + 2, "x")
    if not len(sizes) == len(strides) == len(rates) or min(*sizes, *strides, *rates) < 1:
        raise SpecError(f"sizes {sizes}, strides {strides} and rates {rates} do not go together",
                        expected="a number of 1 or more for each spatial axis in each")  # fmt: skip
    shape = shape_of(x)
    spatial = tuple(_patch_count(*axis, padding) for axis in zip(shape[1:-1], sizes, strides, rates, strict=True))
    return TensorType((shape[0], *spatial, shape[-1] * dims.product(sizes)), x.dtype)


def _patch_slices(shape: tuple[int, ...], sizes: Any, strides: Any, rates: Any, padding: str) -> tuple[Any, Any, Any]:
    """Counts of windows, paddings, and for each place in the window the slices that it visits."""
    counts, pairs = [], []
    for size, window, stride, rate in zip(shape[1:-1], sizes, strides, rates, strict=True):
        count = int(_patch_count(size, window, stride, rate, padding))  # type: ignore[arg-type]
        total = max((count - 1) * stride + (window - 1) * rate + 1 - size, 0) if padding == "SAME" else 0
        counts.append(count)
        pairs.append((total // 2, total - total // 2))
    places = []
    for offset in np.ndindex(*sizes):
        starts = [o * rate for o, rate in zip(offset, rates, strict=True)]
        places.append((slice(None), *(
            slice(start, start + (count - 1) * stride + 1, stride) if count else slice(0, 0)
            for start, count, stride in zip(starts, counts, strides, strict=True))))  # fmt: skip
    return counts, pairs, places


def _extract_patches(x: Any, sizes: Any, strides: Any, rates: Any, padding: str) -> Any:
    counts, pairs, places = _patch_slices(x.shape, sizes, strides, rates, padding)
    padded = np.pad(x, ((0, 0), *pairs, (0, 0)))
    return np.stack([padded[place] for place in places], axis=-2).reshape(x.shape[0], *counts, -1 if x.size else (
        len(places) * x.shape[-1]))  # fmt: skip


def _extract_patches_grad(ct: Any, shape: tuple[int, ...], sizes: Any, strides: Any, rates: Any, padding: str) -> Any:
    counts, pairs, places = _patch_slices(shape, sizes, strides, rates, padding)
    spatial = [size + before + after for size, (before, after) in zip(shape[1:-1], pairs, strict=True)]
    total = np.zeros((shape[0], *spatial, shape[-1]), ct.dtype)
    parts = ct.reshape(shape[0], *counts, len(places), shape[-1])
    for number, place in enumerate(places):
        total[place] += parts[..., number, :]
    inside = [slice(before, before + size) for size, (before, _) in zip(shape[1:-1], pairs, strict=True)]
    return total[(slice(None), *inside)]


def _extract_patches_grad_spec(ct: TensorType, *, shape: Shape, **attrs: Any) -> TensorType:
    whole = TensorType(tuple(shape), ct.dtype)
    part = _extract_patches_spec(whole, **attrs)
    if not shapes.compatible(part.shape, ct.shape):
        raise SpecError(f"`ct` has shape {shapes.show(ct.shape)}", expected=shapes.show(part.shape))
    return whole


def _without_shape(attrs: Any) -> dict[str, Any]:
    return {name: value for name, value in attrs.items() if name != "shape"}


_PATCH_ATTRS = {"sizes": REQUIRED, "strides": REQUIRED, "rates": REQUIRED, "padding": "VALID"}
_PATCHES: tuple[tuple[tuple[int, ...], dict[str, Any]], ...] = (
    ((1, 5, 4, 2), {"sizes": (2, 3), "strides": (2, 1), "rates": (1, 1), "padding": "VALID"}),
    ((1, 5, 4, 1), {"sizes": (3, 2), "strides": (2, 2), "rates": (1, 2), "padding": "SAME"}),
    ((1, 3, 3, 2, 1), {"sizes": (2, 2, 1), "strides": (1, 1, 1), "rates": (1, 1, 1), "padding": "VALID"}),
)

register(
    OpDef(
        name="extract_patches",
        inputs=("x",),
        attrs=_PATCH_ATTRS,
        spec=_extract_patches_spec,
        reference=_extract_patches,
        dtypes=(dtypes.DENSE,),
        vjp=lambda b, node, ct: (b.extract_patches_grad(ct, shape=b.shape(node.inputs[0]), **node.attrs),),
        jvp=lambda b, node, t: (b.extract_patches(t, **node.attrs),),
        doc="The window at every place of [batch, *spatial, channels], each laid out along the channels.",
        cases=tuple(case(shape, **attrs) for shape, attrs in _PATCHES),
    )
)

register(
    OpDef(
        name="extract_patches_grad",
        inputs=("ct",),
        attrs={"shape": REQUIRED, **_PATCH_ATTRS},
        spec=_extract_patches_grad_spec,
        reference=in_float32(_extract_patches_grad),
        dtypes=(dtypes.NUMBERS,),
        vjp=lambda b, node, ct: (b.extract_patches(ct, **_without_shape(node.attrs)),),
        jvp=lambda b, node, t: (b.extract_patches_grad(t, **node.attrs),),
        doc="Patches added up where they were taken; the gradient of `extract_patches`.",
        cases=(
            case((1, 2, 2, 12), shape=_PATCHES[0][0], **_PATCHES[0][1]),
            case((1, 3, 2, 6), shape=_PATCHES[1][0], **_PATCHES[1][1]),
        ),
    )
)
