"""Convolutions place by place: a tile of results, some places by some vectors of filters, stays in registers.

The gradient for the images of a convolution with strides is made of parts: the places of one rest modulo the strides
see every so-many-th element of the kernel, and are a convolution without strides of their own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from weft.base.dims import product
from weft.engines.native.contraction import by_extent, by_rows, multiply_add
from weft.engines.native.convolution.epilogue import Windows
from weft.engines.native.convolution.parts import even, reads_of
from weft.engines.native.fusion import Group
from weft.engines.native.index import LANE, ZERO, Index, LoopVar
from weft.engines.native.kernels import Plan
from weft.engines.native.loops import At, Const, For, Get, If, Kernel, Load, Masked, Register, Set, Statement
from weft.engines.native.rewriting import guarded
from weft.engines.native.shorthand import compare
from weft.engines.native.sources import Indices, Memory, unflatten

if TYPE_CHECKING:
    from weft.ops.windows import Window

#: about how many multiplications a chunk has, so that starting it costs next to nothing
_CHUNK = 1 << 19


@dataclass(frozen=True)
class Line:
    """Along one spatial axis: some places of the results, and what of the images and of the kernel they are sums of.

    Place m of the line is the result at `start + m * step`; element k of its kernel is element `first + k * every` of
    the whole one, and meets the image at `origin + m * stride + k * dilation`.
    """

    start: int
    step: int
    count: int
    origin: int
    stride: int
    dilation: int
    first: int
    every: int
    size: int


#: a line for each spatial axis
Part = tuple[Line, ...]


def whole(window: Window) -> list[Part]:
    """The one part of an ordinary convolution of padded images."""
    sizes = zip(window.out, window.strides, window.dilations, window.window, strict=True)
    return [tuple(Line(0, 1, out, 0, stride, dilation, 0, 1, size) for out, stride, dilation, size in sizes)]


def parts_of_gradient(window: Window) -> tuple[list[Part], list[int], list[int]]:
    """The parts of the gradient for the images, with the kernel turned round.

    Window o reads element k of the kernel at o * stride + k * dilation - pad. What lies at i = stride * m + rest - pad
    is met by elements that are `every` apart, the first of them k with k * dilation = rest + stride * `back`, and by
    windows m - back, m - back - step, ...; where strides and dilations have a factor in common, some by none.

    Returns:
        The parts; for each axis, how many zeros must lie before the cotangent, and its size with zeros around it.
    """
    axes: list[list[Line]] = []
    before: list[int] = []
    sizes: list[int] = []
    for axis, (size, stride, extent) in enumerate(zip(window.sizes, window.strides, window.window, strict=True)):
        lines = []
        dilation, pad, least, most = window.dilations[axis], window.pads[axis][0], 0, window.out[axis]
        common = math.gcd(stride, dilation)
        every, step = stride // common, dilation // common
        for rest in range(stride):
            m = -((rest - pad) // stride)  # the first that lies within the image
            nearest = next((k for k in range(every) if (k * dilation - rest) % stride == 0), extent)
            back, elements = (nearest * dilation - rest) // stride, max(0, -(-(extent - nearest) // every))
            start = stride * m + rest - pad
            count, origin = -(-(size - start) // stride), m - back - step * max(0, elements - 1)
            if count > 0:
                first = extent - 1 - nearest - every * (elements - 1) if elements else 0
                origin = origin if elements else 0
                lines.append(Line(start, stride, count, origin, 1, step, first, every, elements))
                if elements:
                    least, most = min(least, origin), max(most, origin + count + step * (elements - 1))
        axes.append([replace(line, origin=line.origin - least) for line in lines])
        before.append(-least)
        sizes.append(most - least)
    return list(itertools.product(*axes)), before, sizes


def tile_of(places: int, filters: int, pixels: int, lanes: int, registers: int) -> tuple[int, int]:
    """How many windows of so many pixels, and how many vectors of filters, a tile has.

    Of the tiles that registers can hold, the one whose multiplications and loads take the least time for all places.
    """
    vectors = -(-filters // lanes)
    best = (0.0, 1, 1)
    for wide in range(1, min(vectors, 6) + 1):
        most = (registers - 1 - wide) // (wide * pixels)
        if not most:
            continue
        tall = even(places, most)
        sums = tall * pixels
        loads = sums * (1 if wide > 1 else 0) + wide if registers >= 32 else sums + wide
        time = -(-places // tall) * -(-vectors // wide) * max(sums * wide, loads / 2, 8)
        time *= 1 + 0.02 * abs(wide - 2)
        if best[0] == 0 or time < best[0]:
            best = (time, tall, wide)
    return best[1], best[2]


class Direct:
    """A convolution of images that are padded already.

    Args:
        x: The images, [batch, *spatial, channels].
        kernel: [*window, channels, filters], in order.
        parts: What the results are made of.
        output: [batch, *spatial, filters].
    """

    takes_epilogue = True

    def __init__(self, x: Memory, kernel: Memory, parts: Sequence[Part], output: Memory) -> None:
        self.x, self.weights, self.parts, self.output = x, kernel, list(parts), output
        self.dtype = x.dtype

    def folds(self, steps: tuple[int, ...]) -> bool:
        """Whether a pooling of such windows may be done on a tile."""
        pixels = product(steps)
        return len(self.parts) == 1 and isinstance(pixels, int) and pixels <= 9

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return reads_of(self.x, self.weights)

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """Some lines of places, and some vectors of filters, in each chunk."""
        return _Walk(self, group, name, plan).kernel()


def _left(part: Part, windows: Windows) -> list[Part]:
    """The places of a part that no whole window has: those beyond the last one along each axis."""
    found = []
    reach = [count * step for count, step in zip(windows.counts, windows.steps, strict=True)]
    for axis, line in enumerate(part):
        if reach[axis] < line.count:
            rest = replace(line, start=reach[axis], count=line.count - reach[axis],
                           origin=line.origin + reach[axis] * line.stride)  # fmt: skip
            within = [replace(other, count=size) for other, size in zip(part[:axis], reach, strict=False)]
            found.append((*within, rest, *part[axis + 1 :]))
    return found


class _Walk:
    """A kernel: lines of windows, in each of them tiles."""

    def __init__(self, template: Direct, group: Group, name: str, plan: Plan) -> None:
        self.of, self.name, self.plan = template, name, plan
        self.lanes = plan.target.lanes(template.dtype.size)
        *_, self.channels, self.filters = template.weights.shape
        windows = Windows(group, plan, whole=True)
        #: the parts with how their results are gone through
        self.parts = [(part, windows) for part in template.parts]
        if windows.leaves:
            rest = Windows(group, plan, maps=True)
            self.parts += [(left, rest) for left in _left(template.parts[0], windows)]
        #: how many windows each part has along each axis
        self.counts = [tuple(line.count for line in part) for part, _ in self.parts]
        if group.fold:
            self.counts[0] = windows.counts
        pixels = len(windows.offsets)
        longest = max(count[-1] for count in self.counts)
        assert isinstance(self.filters, int) and isinstance(self.channels, int)
        self.tall, self.wide = tile_of(longest, self.filters, pixels, self.lanes, plan.target.registers)
        self.pixels = pixels
        self.sums = Register("sums", template.dtype, (self.tall * pixels, self.wide), vector=True)
        self.window = LoopVar("r", self.tall)

    def kernel(self) -> Kernel:
        lines = [max(sizes) for sizes in zip(*(count[:-1] for count in self.counts), strict=True)]
        many = product(tuple(lines))
        block = self.lanes * self.wide
        blocks = -(-self.filters // block)
        taps = product(self.of.weights.shape[:-2])
        assert isinstance(many, int) and isinstance(taps, int) and isinstance(self.channels, int)
        assert isinstance(self.filters, int)
        work = max(count[-1] for count in self.counts) * self.pixels * taps * self.channels * block
        some = even(many, max(1, _CHUNK // max(1, work)))
        batch = self.of.output.shape[0]
        shape = (batch, -(-many // some), blocks)
        chunk = LoopVar("chunk", product(shape))
        image, group, column = unflatten(Index.of(chunk), shape)
        line = LoopVar("line", some)
        number = group * some + Index.of(line)
        outer = unflatten(number, tuple(lines)) if lines else ()
        body: list[Statement] = []
        for (part, windows), count in zip(self.parts, self.counts, strict=True):
            made = self._line(part, windows, count, image, outer, column, block)
            for axis, index in enumerate(outer):
                if count[axis] < lines[axis]:
                    made = [If(compare("less", At(index), At(Index.of(count[axis]))), made)]
            body += made
        if many % some:
            body = [If(compare("less", At(number), At(Index.of(many))), body)]
        if some > 1:
            body = [For(line, ZERO, Index.of(some), body)]
        else:
            body = [For(line, ZERO, Index.of(1), body, unrolled=True)]
        return Kernel(self.name, chunk, body, self.lanes)

    def _line(
        self, part: Part, windows: Windows, count: tuple[int, ...], image: Index, outer: Indices, column: Index,
        block: int,
    ) -> list[Statement]:  # fmt: skip
        """The tiles of one line: places that differ along the last spatial axis alone."""
        places, filters = count[-1], self.filters
        assert isinstance(filters, int)
        tall = even(places, self.tall * self.pixels // len(windows.offsets))
        along = LoopVar("x", -(-places // tall))
        left = Index.of(filters) - column * block

        def tiles(first: Index, height: int) -> list[Statement]:
            return by_extent(filters, block, self.lanes, left, lambda widths, cut: self._tile(
                part, windows, image, outer, first, height, column * block, widths, cut))  # fmt: skip

        if along.extent == 1:
            return tiles(ZERO, places)
        return [For(along, ZERO, Index.of(along.extent), by_rows(places, tall, Index.of(along), tiles))]

    def _tile(
        self, part: Part, windows: Windows, image: Index, outer: Indices, first: Index, height: int, column: Index,
        widths: int, cut: Index | None,
    ) -> list[Statement]:  # fmt: skip
        zero = Const(0, self.of.dtype)
        where = (*outer, first + Index.of(self.window))
        pixels = len(windows.offsets)

        def each(make: Callable[[Index], list[Statement]]) -> list[Statement]:
            return [For(self.window, ZERO, Index.of(height), make(Index.of(self.window) * pixels), unrolled=True)]

        def clear(spot: Index) -> list[Statement]:
            return [Set(self.sums, zero, (spot + pixel, Index.of(v)))
                    for pixel in range(pixels) for v in range(widths)]  # fmt: skip

        def finish(v: int) -> list[Statement]:
            at = column + v * self.lanes + LANE
            place = (image, *(w * line.step + line.start for w, line in zip(where, part, strict=True)), at)

            def made(spot: Index) -> list[Statement]:
                held = {offset: Get(self.sums, (spot + n, Index.of(v)))
                        for n, offset in enumerate(windows.offsets)}  # fmt: skip
                return windows.finish(place, lambda offset: held[offset])

            return each(made)

        body = [*each(clear), *self._sum(part, windows, image, where, height, column, widths, cut)]
        for v in range(widths):
            stored = finish(v)
            body += stored if cut is None or v < widths - 1 else [Masked(cut, stored)]
        return body

    def _sum(
        self, part: Part, windows: Windows, image: Index, where: Indices, height: int, column: Index, widths: int,
        cut: Index | None,
    ) -> list[Statement]:  # fmt: skip
        """The multiplications: over the elements of the kernel and the channels, which are one axis where they can."""
        channels = self.channels
        assert isinstance(channels, int)
        x, weights = self.of.x, self.of.weights
        last = part[-1]
        joined = last.dilation == 1 and last.every == 1 and x.strides[-2] == channels and x.strides[-1] == 1
        taps = [LoopVar(f"k{axis}", line.size) for axis, line in enumerate(part[:-1] if joined else part)]
        inner = LoopVar("c", last.size * channels if joined else channels)
        if any(variable.extent == 0 for variable in (*taps, inner)):
            return []
        found = [Index.of(variable) for variable in taps]
        if joined:
            found.append(ZERO)
        kernel = [k * line.every + line.first for k, line in zip(found, part, strict=True)]
        vectors = []
        for v in range(widths):
            b = Load(weights.buffer, weights.place((*kernel, Index.of(inner), column + v * self.lanes + LANE)))
            if cut is not None and v == widths - 1:
                b = guarded(b, compare("less", At(Index.of(LANE)), At(cut)))  # type: ignore[assignment]
            vectors.append(b)
        body: list[Statement] = []
        for n, offset in enumerate(windows.offsets):
            spots = [w * step + o for w, step, o in zip(where, windows.steps, offset, strict=True)]
            at = [s * line.stride + k * line.dilation + line.origin for s, k, line in zip(
                spots, found, part, strict=True)]  # fmt: skip
            a = Load(x.buffer, x.place((image, *at, Index.of(inner))))
            for v, b in enumerate(vectors):
                spot = (Index.of(self.window) * len(windows.offsets) + n, Index.of(v))
                body.append(Set(self.sums, multiply_add(a, b, Get(self.sums, spot), self.plan.target.fma), spot))
        loop: list[Statement] = [For(self.window, ZERO, Index.of(height), body, unrolled=True)]
        length = inner.extent
        assert isinstance(length, int)
        loop = [For(inner, ZERO, Index.of(length), loop, unrolled=length == 1)]
        for variable in reversed(taps):
            loop = [For(variable, ZERO, Index.of(variable.extent), loop, unrolled=variable.extent == 1)]
        return loop
