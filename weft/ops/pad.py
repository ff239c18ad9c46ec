"""Padding: with a constant, and with what lies at the edge, mirrored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dims import Dim
from weft.ir.types import TensorType
from weft.ops.axes import INDICES, need_rank, same_size, shape_of
from weft.ops.families import in_float32
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, register

if TYPE_CHECKING:
    from weft.base.dims import Shape

_MODES = ("constant", "reflect", "symmetric")


def _check_paddings(shape: Shape, paddings: Any, mode: str) -> None:
    if mode not in _MODES:
        raise SpecError(f"unknown mode {mode!r}", expected=f"one of {', '.join(_MODES)}")
    if len(paddings) != len(shape):
        raise SpecError(f"paddings name {len(paddings)} axes, the tensor has rank {len(shape)}",
                        expected="a pair (before, after) for each axis")  # fmt: skip
    for axis, (size, pair) in enumerate(zip(shape, paddings, strict=True)):
        for amount in pair:
            if isinstance(amount, int) and amount < 0:
                raise SpecError(f"padding {tuple(pair)} of axis {axis} is negative", hint="use a slice to cut off")
            if mode == "constant" or not isinstance(amount, int) or not isinstance(size, int):
                continue
            room = size - 1 if mode == "reflect" else size
            if amount > room and amount:
                raise SpecError(f"axis {axis} of size {size} cannot be padded by {amount} in mode {mode}",
                                expected=f"at most {max(room, 0)}")  # fmt: skip


def _pad_spec(x: TensorType, *, paddings: Any, mode: str, constant_value: Any) -> TensorType:
    shape = shape_of(x)
    _check_paddings(shape, paddings, mode)
    return TensorType(tuple(n + before + after for n, (before, after) in zip(shape, paddings, strict=True)), x.dtype)


def _pad(x: Any, paddings: Any, mode: str, constant_value: Any) -> Any:
    try:
        _check_paddings(x.shape, paddings, mode)
    except SpecError as error:  # sizes that were not known when the graph was built
        raise ValueError(error.problem) from None
    if mode != "constant":
        return _pad_mirrored(x, paddings, mode)
    shape = tuple(n + before + after for n, (before, after) in zip(x.shape, paddings, strict=True))
    whole = np.full(shape, b"" if x.dtype == object and constant_value == 0 else constant_value, x.dtype)
    whole[_inside(paddings, x.shape)] = x
    return whole


def _inside(paddings: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    return (*(slice(before, before + n) for n, (before, _) in zip(shape, paddings, strict=True)), ...)


def _sources(size: int, before: int, after: int, mode: str) -> Any:
    """For each place of a padded axis, the place that its element comes from."""
    skip = 1 if mode == "reflect" else 0
    left = np.arange(before - 1 + skip, skip - 1, -1)
    right = np.arange(size - 1 - skip, size - 1 - skip - after, -1)
    return np.concatenate([left, np.arange(size), right])


def _pad_mirrored(x: Any, paddings: Any, mode: str) -> Any:
    for axis, (before, after) in enumerate(paddings):
        if before or after:
            x = np.take(x, _sources(x.shape[axis], before, after, mode), axis=axis)
    return x


def _pad_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    paddings, mode = node.attrs["paddings"], node.attrs["mode"]
    if mode != "constant":
        return (b.mirror_pad_grad(ct, paddings=paddings, mode=mode),)
    return (b.slice(ct, begin=tuple(before for before, _ in paddings), size=b.shape(node.inputs[0])),)


def _pad_jvp(b: Any, node: Any, t: Any) -> Sequence[Any]:
    return (b.pad(t, paddings=node.attrs["paddings"], mode=node.attrs["mode"]),)


register(
    OpDef(
        name="pad",
        inputs=("x",),
        attrs={"paddings": REQUIRED, "mode": "constant", "constant_value": 0},
        spec=_pad_spec,
        reference=_pad,
        dtypes=(dtypes.ALL,),
        vjp=_pad_vjp,
        jvp=_pad_jvp,
        doc="A tensor with a border: of a constant, or of its own elements mirrored (reflect leaves out the edge).",
        cases=(
            case((2, 3), paddings=((1, 0), (2, 1))),
            case((2, 3), paddings=((0, 1), (1, 1)), constant_value=3),
            case((3, 4), paddings=((2, 1), (0, 3)), mode="reflect"),
            case((3, 2), paddings=((3, 1), (2, 0)), mode="symmetric"),
            case((), paddings=()),
            case((0, 2), paddings=((1, 1), (0, 0))),
        ),
    )
)


def _unmirror(ct: Any, paddings: Any, mode: str) -> Any:
    for axis, (before, after) in enumerate(paddings):
        if before or after:
            size = ct.shape[axis] - before - after
            rows = np.moveaxis(ct, axis, 0)
            total = np.zeros((size, *rows.shape[1:]), ct.dtype)
            np.add.at(total, _sources(size, before, after, mode), rows)
            ct = np.moveaxis(total, 0, axis)
    return ct


def _mirror_pad_grad_spec(ct: TensorType, *, paddings: Any, mode: str) -> TensorType:
    need_rank(ct, len(paddings), "ct")
    sizes = tuple(n - before - after for n, (before, after) in zip(shape_of(ct), paddings, strict=True))
    _check_paddings(sizes, paddings, mode)
    return TensorType(sizes, ct.dtype)


register(
    OpDef(
        name="mirror_pad_grad",
        inputs=("ct",),
        attrs={"paddings": REQUIRED, "mode": REQUIRED},
        spec=_mirror_pad_grad_spec,
        reference=in_float32(_unmirror),
        dtypes=(dtypes.NUMBERS,),
        vjp=lambda b, node, ct: (b.pad(ct, **node.attrs),),
        jvp=lambda b, node, t: (b.mirror_pad_grad(t, **node.attrs),),
        doc="Each element plus its mirror images in the border; the gradient of `pad` in the mirroring modes.",
        cases=(
            case((6, 7), paddings=((2, 1), (0, 3)), mode="reflect"),
            case((7, 4), paddings=((3, 1), (2, 0)), mode="symmetric"),
        ),
    )
)


def _pad_dynamic_spec(x: TensorType, paddings: TensorType, *, constant_value: Any) -> TensorType:
    need_rank(paddings, 2, "paddings")
    rows, columns = shape_of(paddings)
    if same_size(rows, len(shape_of(x))) is None or same_size(columns, 2) is None:
        raise SpecError(f"`paddings` has shape {shapes.show(paddings.shape)}, the tensor has rank {x.rank}",
                        expected=f"({x.rank}, 2)")  # fmt: skip
    return TensorType(tuple(Dim.fresh("padded") for _ in shape_of(x)), x.dtype)


def _pad_dynamic_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, paddings = node.inputs
    rank = len(b.shape(x))
    starts = [b.strided_slice(paddings, index=(("int", axis), ("int", 0))) for axis in range(rank)]
    return b.dynamic_slice(ct, *starts, sizes=b.shape(x)), None


register(
    OpDef(
        name="pad_dynamic",
        inputs=("x", "paddings"),
        attrs={"constant_value": 0},
        spec=_pad_dynamic_spec,
        reference=lambda x, paddings, constant_value: _pad(
            x, tuple(map(tuple, paddings.tolist())), "constant", constant_value),
        dtypes=(dtypes.ALL, INDICES),
        same=(0,),
        vjp=_pad_dynamic_vjp,
        jvp=lambda b, node, t, _: (b.pad_dynamic(t, node.inputs[1]),),
        doc="`pad` with a constant where the widths of the border are known at run time only.",
        cases=(case((2, 3), np.array([[1, 0], [2, 1]], np.int32)),
               case((3,), np.array([[0, 2]], np.int64), constant_value=7)),
    )
)  # fmt: skip
