"""Gradients of convolutions behind which the greatest element of a whole line goes on: all others get nothing back.

Through a maximum over an axis flows what the others' equality with it lets through, which is written in the graph as a
product with a comparison. What is not zero is looked for, vector by vector, and then gone through as `sparse` does.
Where many are as great as the greatest this takes longer, and is right all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from weft.base import dtypes
from weft.base.dims import product
from weft.engines.native.convolution.parts import nested, reads_of, store
from weft.engines.native.convolution.sparse import Spots
from weft.engines.native.fusion import Group
from weft.engines.native.index import LANE, ZERO, Entry, Index, LoopVar
from weft.engines.native.kernels import Plan, minimum
from weft.engines.native.loops import Across, At, Const, For, If, Kernel, Load, Statement
from weft.engines.native.lower import Lowering
from weft.engines.native.rewriting import guarded
from weft.engines.native.shorthand import cast, compare, op
from weft.engines.native.sources import Memory, unflatten
from weft.ir.graph import Value

if TYPE_CHECKING:
    from weft.base.dims import Shape
    from weft.ops.windows import Window

_DEEP = 6  # how far back the comparison is looked for
_LONG = 32  # of how many elements the greatest must be one


def rare(value: Value, deep: int = _DEEP) -> bool:
    """Whether a tensor [batch, *spatial, channels] is zero but where something is the greatest of a line."""
    node = value.node
    if not deep or not node.inputs:
        return False
    if node.op == "select":
        zero = node.inputs[2].node
        nothing = zero.op == "constant" and not np.any(zero.attrs["value"].array)
        return nothing and any(_same(value, v) and rare(v, deep - 1) for v in node.inputs[:2])
    if node.op in ("multiply", "logical_and", "cast"):
        return any(_same(value, v) and rare(v, deep - 1) for v in node.inputs)
    if node.op == "equal":
        first, second = node.inputs
        return _greatest(first, second) or _greatest(second, first)
    return False


def _same(value: Value, operand: Value) -> bool:
    return operand.type.shape == value.type.shape


def _greatest(best: Value, of: Value) -> bool:
    """Whether a value is the greatest of another along some axes between the first and the last."""
    node = best.node
    while node.op in ("reshape", "expand_dims"):
        node = node.inputs[0].node
    if node.op not in ("reduce_max", "reduce_min") or node.inputs[0] is not of or of.type.shape is None:
        return False
    shape = of.type.shape
    axes = {axis % len(shape) for axis in node.attrs["axis"]}
    size = product(tuple(shape[axis] for axis in axes))
    return axes <= set(range(1, len(shape) - 1)) and isinstance(size, int) and size >= _LONG


class RareSpots(Spots):
    """The lists of what is not zero, found by looking at all there is.

    Args:
        low: Where nests are added.
        ct: The numbers: [batch, height, width, filters].
        window: How the convolution's windows lie on padded images.
        image: The shape of those.
    """

    def __init__(self, low: Lowering, ct: Memory, window: Window, image: Shape) -> None:
        self.ct = ct
        most = product(tuple(ct.shape[1:-1]))
        assert isinstance(most, int)
        super().__init__(low, ct.shape[-1], most, ct.dtype, window, image)

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return reads_of(self.ct)

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """A vector of filters of an image in each chunk."""
        batch, *sizes, filters = self.ct.shape
        assert isinstance(filters, int)
        lanes = plan.target.lanes(self.dtype.size)
        shape = (batch, -(-filters // lanes))
        chunk = LoopVar("chunk", product(shape))
        image, block = unflatten(Index.of(chunk), shape)
        first = block * lanes
        here = minimum(Index.of(lanes), Index.of(filters) - first) if filters % lanes else Index.of(lanes)
        down, across = (LoopVar(axis, size) for axis, size in zip("yx", sizes, strict=True))
        lane, zero, none = LoopVar("f", lanes), Const(0, self.dtype), Const(0, self.whole)
        at = (image, Index.of(down), Index.of(across))
        row = (image, first + Index.of(lane))
        several = self.ct.at((*at, first + LANE))
        if filters % lanes:
            several = guarded(several, compare("less", At(Index.of(LANE)), At(Index.of(filters) - first)))
        number = self.ct.at((*at, first + Index.of(lane)))
        length = self.lists.at((*row, ZERO))
        count = Index.of(Entry(cast(length, dtypes.int64), self.lists.shape[-1]))
        y, x = (index * stride for index, stride in zip(at[1:], self.window.strides, strict=True))
        channels = self.image[-1]
        assert isinstance(channels, int)
        begin = cast(At(y * self.row + x * channels), self.whole)
        found: list[Statement] = [
            self.pair(count, row, begin, number),
            store(self.lists, (*row, ZERO), op("add", length, Const(1, self.whole))),
        ]
        each: Statement = For(lane, ZERO, here, [If(compare("not_equal", number, zero), found)])
        some = Across("or", compare("not_equal", several, zero))
        clear: Statement = For(lane, ZERO, here, [store(self.lists, (*row, ZERO), none)])
        return Kernel(name, chunk, [clear, *nested([down, across], [If(some, [each])])], lanes)
