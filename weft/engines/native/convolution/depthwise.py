"""Depthwise convolutions: every channel has a window of its own, so that a vector is of channels side by side.

A tile is some neighbours along the last spatial axis: a vector of the images is loaded once and used for all results
whose windows see it. Images are not padded: rows that lie outside are left out while the kernel runs, columns while
code is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from weft.base import dtypes
from weft.base.dims import ceil_divide, product
from weft.engines.native.contraction import multiply_add
from weft.engines.native.convolution.direct import Line, Part, parts_of_gradient
from weft.engines.native.convolution.parts import by_vectors, even, nested, reads_of, store
from weft.engines.native.fusion import Group
from weft.engines.native.index import ZERO, Entry, Index, LoopVar
from weft.engines.native.kernels import Plan, epilogue
from weft.engines.native.loops import (
    At,
    Const,
    Expr,
    For,
    Get,
    If,
    Kernel,
    Load,
    Op,
    Prefetch,
    Register,
    Set,
    Statement,
)
from weft.engines.native.shorthand import compare
from weft.engines.native.sources import Indices, Memory, unflatten

if TYPE_CHECKING:
    from weft.ops.windows import Window

#: about how many multiplications a chunk has
_CHUNK = 1 << 19
#: the most results of a tile
_TALL = 8
#: kernels that reach farther along an axis are left to the general way: code for their edges would be long
_REACH = 16
#: bytes of images and cotangents that are gone through for one vector of channels after the other
_NEAR = 1 << 18
#: the least vectors of channels that a chunk of the kernel's gradient has
_VECTORS = 8


def fits(window: Window) -> bool:
    """Whether these kernels are for such windows: those that do not reach far."""
    return all((n - 1) * dilation <= _REACH for n, dilation in zip(window.window, window.dilations, strict=True))


def whole(window: Window) -> list[Part]:
    """The one part of a convolution; images begin at 0, so that windows may begin before."""
    sizes = zip(window.out, window.strides, window.dilations, window.pads, window.window, strict=True)
    return [tuple(Line(0, 1, out, -pads[0], stride, dilation, 0, 1, size)
                  for out, stride, dilation, pads, size in sizes)]  # fmt: skip


def parts_of_input_gradient(window: Window) -> list[Part]:
    """The parts of the gradient for the images, with the kernel turned round; dilations are 1."""
    parts, before, _ = parts_of_gradient(window)
    return [tuple(replace(line, origin=line.origin - b) for line, b in zip(part, before, strict=True))
            for part in parts]  # fmt: skip


class Depthwise:
    """Sums over windows, channel by channel.

    Args:
        x: The images, [batch, *spatial, channels], without their padding.
        kernel: [*window, channels], in order.
        parts: What the results are made of.
        output: [batch, *spatial, channels].
    """

    takes_epilogue = True

    def __init__(self, x: Memory, kernel: Memory, parts: Sequence[Part], output: Memory) -> None:
        self.x, self.weights, self.parts, self.output = x, kernel, list(parts), output
        self.dtype = x.dtype

    def folds(self, steps: tuple[int, ...]) -> bool:
        """Whether a pooling of such windows may be done on a tile."""
        return False

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return reads_of(self.x, self.weights)

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """Some lines of results in each chunk."""
        return _Walk(self, group, name, plan).kernel()


class _Walk:
    """A kernel being written: lines, in each of them tiles, in each of them vectors of channels."""

    def __init__(self, template: Depthwise, group: Group, name: str, plan: Plan) -> None:
        self.of, self.group, self.name, self.plan = template, group, name, plan
        self.lanes = plan.target.lanes(template.dtype.size)
        channels = template.x.shape[-1]
        assert isinstance(channels, int)
        self.channels = channels
        most = max(line.size for part in template.parts for line in part[-1:])
        room = plan.target.registers - 3 - most
        self.tall = max(2, min(_TALL, room))
        self.sums = Register("sums", template.dtype, (self.tall,), vector=True)
        self.weights = Register("w", template.dtype, (max(1, most),), vector=True)
        self.element = Register("x", template.dtype, (), vector=True)

    def kernel(self) -> Kernel:
        parts = self.of.parts
        lines = tuple(max(sizes) for sizes in zip(*([line.count for line in part[:-1]] for part in parts), strict=True))
        many = product(lines)
        work = sum(part[-1].count * (product(tuple(line.size for line in part)) or 1) for part in parts) * self.channels
        assert isinstance(many, int) and isinstance(work, int)
        some = even(many, max(1, _CHUNK // max(1, work)))
        shape = (self.of.output.shape[0], -(-many // some))
        chunk, line = LoopVar("chunk", product(shape)), LoopVar("line", some)
        image, block = unflatten(Index.of(chunk), shape)
        number = block * some + Index.of(line)
        outer = unflatten(number, lines) if lines else ()
        body: list[Statement] = []
        for part in parts:
            made = self._line(part, image, outer)
            for index, along, longest in zip(outer, part, lines, strict=False):
                if along.count < longest:
                    made = [If(compare("less", At(index), At(Index.of(along.count))), made)]
            body += made
        if many % some:
            body = [If(compare("less", At(number), At(Index.of(many))), body)]
        return Kernel(self.name, chunk, [For(line, ZERO, Index.of(some), body, unrolled=some == 1)], self.lanes)

    def _line(self, part: Part, image: Index, outer: Indices) -> list[Statement]:
        """The tiles of one line. Those that all windows lie within are a loop, the others code of their own."""
        last, width = part[-1], self.of.x.shape[-2]
        assert isinstance(width, int)
        tall = even(last.count, self.tall)
        starts = range(0, last.count, tall)
        inner = [start for start in starts if start + tall <= last.count and _inside(last, start, 0, width)
                 and _inside(last, start + tall - 1, last.size - 1, width)]  # fmt: skip
        body: list[Statement] = []
        for start in starts:
            if len(inner) > 1 and start in inner:
                if start == inner[0]:
                    along = LoopVar("tile", len(inner))
                    tile = self._tile(part, image, outer, Index.of(along) * tall + start, start, tall)
                    body.append(For(along, ZERO, Index.of(len(inner)), tile))
                continue
            body += self._tile(part, image, outer, Index.of(start), start, min(tall, last.count - start))
        return body

    def _tile(
        self, part: Part, image: Index, outer: Indices, first: Index, like: int, height: int
    ) -> list[Statement]:
        """Results from `first` on; which elements of their windows lie within is that of the tile at `like`."""

        def vector(at: Index) -> list[Statement]:
            zero = Const(0, self.of.dtype)
            body = self._ahead(part, image, outer, first, height, at)
            body += [Set(self.sums, zero, (Index.of(m),)) for m in range(height)]
            body += self._sum(part, image, outer, first, like, height, at)
            for m in range(height):
                where = (*outer, first + m)
                place = (image, *(w * line.step + line.start for w, line in zip(where, part, strict=True)), at)
                body += epilogue(self.group, self.plan, place, Get(self.sums, (Index.of(m),)))
            return body

        return by_vectors(self.channels, self.lanes, vector)

    def _ahead(
        self, part: Part, image: Index, outer: Indices, first: Index, height: int, at: Index
    ) -> list[Statement]:
        """Asks for what the next line's tile will be the first to read, and for where it will write.

        A tile's columns are too many streams for the processor to follow by itself.
        """
        if not outer:
            return []
        x, down, last = self.of.x, part[-2], part[-1]
        above = [m * line.stride + line.origin for m, line in zip(outer[:-1], part, strict=False)]
        row = outer[-1] * down.stride + (down.origin + (down.size - 1) * down.dilation)
        found: list[Statement] = []
        for step in range(1, down.stride + 1):
            for column in range(height * last.stride):
                place = (image, *above, row + step, first * last.stride + (column + max(0, last.origin)), at)
                found.append(Prefetch(x.buffer, x.place(place)))
        to = (image, *(w * line.step + line.start for w, line in zip(outer, part, strict=False)))
        for m in range(height):
            place = (*to[:-1], to[-1] + down.step, (first + m) * last.step + last.start, at)
            found.append(Prefetch(self.of.output.buffer, self.of.output.place(place)))
        return found

    def _sum(
        self, part: Part, image: Index, outer: Indices, first: Index, like: int, height: int, at: Index
    ) -> list[Statement]:
        """The multiplications: row of the kernel by row, in each of them column of the images by column."""
        x, kernel, last, width = self.of.x, self.of.weights, part[-1], self.of.x.shape[-2]
        assert isinstance(width, int)
        if any(line.size == 0 for line in part):
            return []
        taps = [LoopVar(f"k{axis}", line.size) for axis, line in enumerate(part[:-1])]
        found = [Index.of(tap) for tap in taps]
        rows = [m * line.stride + k * line.dilation + line.origin
                for m, k, line in zip(outer, found, part, strict=False)]  # fmt: skip
        numbers = [k * line.every + line.first for k, line in zip(found, part, strict=False)]
        columns: dict[int, list[tuple[int, int]]] = {}  # which results use a column, with which of their elements
        for m in range(height):
            for k in range(last.size):
                if _inside(last, like + m, k, width):
                    columns.setdefault(m * last.stride + k * last.dilation, []).append((m, k))
        body: list[Statement] = []
        for k in sorted({k for uses in columns.values() for _, k in uses}):
            place = (*numbers, Index.of(k * last.every + last.first), at)
            body.append(Set(self.weights, kernel.at(place), (Index.of(k),)))
        for column in sorted(columns):
            body.append(Set(self.element, x.at((image, *rows, first * last.stride + (column + last.origin), at))))
            for m, k in columns[column]:
                spot = (Index.of(m),)
                total = multiply_add(Get(self.element), Get(self.weights, (Index.of(k),)), Get(self.sums, spot),
                                     self.plan.target.fma)  # fmt: skip
                body.append(Set(self.sums, total, spot))
        inside = _within(part, rows, x)
        if inside is not None:
            body = [If(inside, body)]
        for tap in reversed(taps):
            body = [For(tap, ZERO, Index.of(tap.extent), body, unrolled=tap.extent == 1)]
        return body


def _inside(line: Line, m: int, k: int, size: int) -> bool:
    """Whether element k of the window of result m lies within the images."""
    return 0 <= line.origin + m * line.stride + k * line.dilation < size


def _within(part: Part, rows: Sequence[Index], x: Memory) -> Expr | None:
    """Whether a row lies within the images; None where all do."""
    tests: list[Expr] = []
    for row, line, size in zip(rows, part, x.shape[1:-2], strict=False):
        assert isinstance(size, int)
        if line.origin < 0:
            tests.append(compare("greater_equal", At(row), At(ZERO)))
        if line.origin + (line.count - 1) * line.stride + (line.size - 1) * line.dilation >= size:
            tests.append(compare("less", At(row), At(Index.of(size))))
    return _all(tests)


def _all(tests: Sequence[Expr]) -> Expr | None:
    found: Expr | None = None
    for test in tests:
        found = test if found is None else Op("and", (found, test), dtypes.bool_)
    return found


class KernelGradient:
    """Sums over places, channel by channel: a share of the images and some channels in each chunk.

    Args:
        x: The images, [batch, *spatial, channels], without their padding.
        cotangent: [batch, *spatial, channels].
        window: How the windows lie.
        output: [shares, *window, channels].
        limit: (share,) -> how many images it has.
    """

    takes_epilogue = False

    def __init__(
        self, x: Memory, cotangent: Memory, window: Window, output: Memory, limit: Callable[[Indices], Index]
    ) -> None:
        self.x, self.cotangent, self.output, self.limit = x, cotangent, output, limit
        (self.part,) = whole(window)
        self.dtype = x.dtype

    def reads(self) -> list[Load]:
        """What it loads, for dependencies."""
        return reads_of(self.x, self.cotangent)

    def kernel(self, group: Group, name: str, plan: Plan) -> Kernel:
        """The kernel."""
        return _Sums(self, name, plan).kernel()


class _Sums:
    """A kernel being written: images, in each of them blocks of rows, in each of them vectors of channels.

    As many rows of the kernel as registers can hold are summed side by side; where one of a place's rows lies
    outside of the images, they are summed one after the other.
    """

    def __init__(self, template: KernelGradient, name: str, plan: Plan) -> None:
        self.of, self.name, self.plan = template, name, plan
        self.lanes = plan.target.lanes(template.dtype.size)
        self.part = template.part
        self.size = self.part[-1].size
        tall = self.part[-2].size if len(self.part) > 1 else 1
        self.rows = max(1, min((plan.target.registers - 4) // self.size, tall))
        self.sums = Register("sums", template.dtype, (self.rows, self.size), vector=True)
        self.change = Register("y", template.dtype, (), vector=True)

    def kernel(self) -> Kernel:
        of = self.of
        shares, channels, batch = of.output.shape[0], of.output.shape[-1], of.x.shape[0]
        assert isinstance(channels, int) and isinstance(shares, int)
        share = ceil_divide(batch, shares)
        blocks = max(1, channels // (self.lanes * _VECTORS))
        while channels % (blocks * self.lanes) and blocks > 1:
            blocks -= 1
        each, shape = channels // blocks, (shares, blocks)
        chunk, image = LoopVar("chunk", shares * blocks), LoopVar("image", share)
        number, block = unflatten(Index.of(chunk), shape)
        # a share beyond the batch has none
        images = Op("maximum", (At(of.limit((number,))), At(ZERO)), dtypes.int64)
        count = Index.of(Entry(images, share))
        line = self.part[-2].count if len(self.part) > 1 else 1
        room = self.part[-1].count * channels * of.dtype.size * (1 + self.part[-1].stride)
        some = even(line, max(1, _NEAR // max(1, room)))
        outer = [LoopVar(f"o{axis}", along.count) for axis, along in enumerate(self.part[:-2])]
        taps = [LoopVar(f"k{axis}", along.size) for axis, along in enumerate(self.part[:-2])]
        group = LoopVar("rows", -(-line // some))
        where = number * share + Index.of(image)

        def vector(within: Index) -> list[Statement]:
            place = block * each + within
            start = [At(Index.of(v)) for v in (image, *outer, group)]
            tests = [compare("equal", one, At(ZERO)) for one in start]
            begins = _all(tests)
            assert begins is not None
            body: list[Statement] = []
            for first in range(0, self.part[-2].size if len(self.part) > 1 else 1, self.rows):
                body += self._block(where, outer, taps, Index.of(group), some, line, first, place, number, begins)
            for tap in reversed(taps):
                body = [For(tap, ZERO, Index.of(tap.extent), body)]
            return body

        body = nested([*outer, group], by_vectors(each, self.lanes, vector))
        return Kernel(self.name, chunk, [For(image, ZERO, count, body)], self.lanes)

    def _block(
        self, image: Index, outer: Sequence[LoopVar], taps: Sequence[LoopVar], group: Index, some: int, line: int,
        first: int, at: Index, share: Index, begins: Expr,
    ) -> list[Statement]:  # fmt: skip
        """Some rows of results for some rows of the kernel, added to what the output holds."""
        down = self.part[-2] if len(self.part) > 1 else None
        rows = min(self.rows, down.size - first) if down else 1
        spots = [(r, k) for r in range(rows) for k in range(self.size)]

        def held(r: int, k: int) -> Indices:
            row = (Index.of(first + r),) if down else ()
            return (share, *map(Index.of, taps), *row, Index.of(k), at)

        begin: list[Statement] = [Set(self.sums, Const(0, self.of.dtype), _spot(r, k)) for r, k in spots]
        more: list[Statement] = [Set(self.sums, self.of.output.at(held(r, k)), _spot(r, k)) for r, k in spots]
        y = LoopVar("y", some)
        number = group * some + Index.of(y)
        places = (*map(Index.of, outer), *((number,) if down else ()))
        body = self._line(image, places, taps, first, rows, at)
        if line % some:
            body = [If(compare("less", At(number), At(Index.of(line))), body)]
        done = [store(self.of.output, held(r, k), Get(self.sums, _spot(r, k))) for r, k in spots]
        return [If(begins, begin, more), For(y, ZERO, Index.of(some), body), *done]

    def _line(
        self, image: Index, places: Indices, taps: Sequence[LoopVar], first: int, rows: int, at: Index
    ) -> list[Statement]:
        """A line of results: together for the rows of the kernel where all lie within, else one by one."""
        part, x = self.part, self.of.x
        above = [m * line.stride + Index.of(k) * line.dilation + line.origin
                 for m, k, line in zip(places, taps, part, strict=False)]  # fmt: skip
        outside = _within(part[: len(taps)], above, x)
        if len(part) > 1:
            line, size = part[-2], x.shape[-3]
            assert isinstance(size, int)
            lowest = places[-1] * line.stride + line.origin
            own = [lowest + (first + r) * line.dilation for r in range(rows)]
            tests = [_inside_row(index, line, first + r, size) for r, index in enumerate(own)]
            needed = _all([test for test in (tests[0], tests[-1] if rows > 1 else None) if test is not None])
            body = self._places(image, places, above, dict(enumerate(own)), at)
            if needed is not None:
                single: list[Statement] = []
                for r, (index, test) in enumerate(zip(own, tests, strict=True)):
                    alone = self._places(image, places, above, {r: index}, at)
                    single += alone if test is None else [If(test, alone)]
                body = [If(needed, body, single)] if rows > 1 else single
        else:
            body = self._places(image, places, above, {0: None}, at)
        return body if outside is None else [If(outside, body)]

    def _places(
        self, image: Index, places: Indices, above: Sequence[Index], rows: dict[int, Index | None], at: Index
    ) -> list[Statement]:
        """The places of a line; windows that reach beyond its ends have code of their own."""
        last, width = self.part[-1], self.of.x.shape[-2]
        assert isinstance(width, int)
        good = [m for m in range(last.count)
                if _inside(last, m, 0, width) and _inside(last, m, last.size - 1, width)]  # fmt: skip
        body: list[Statement] = []

        def place(m: Index, like: int) -> list[Statement]:
            # the next vector of channels is wanted when this one's rows are through
            cotangent, x = self.of.cotangent, self.of.x
            made: list[Statement] = [Prefetch(cotangent.buffer, cotangent.place((image, *places, m, at + self.lanes)))]
            lowest = list(rows.values())[-1]
            for step in range(last.stride):
                place = (image, *above, *(() if lowest is None else (lowest,)), m * last.stride + step, at + self.lanes)
                made.append(Prefetch(x.buffer, x.place(place)))
            made.append(Set(self.change, cotangent.at((image, *places, m, at))))
            for r, row in rows.items():
                for k in range(last.size):
                    if _inside(last, like, k, width):
                        column = m * last.stride + (k * last.dilation + last.origin)
                        element = x.at((image, *above, *(() if row is None else (row,)), column, at))
                        total = multiply_add(Get(self.change), element, Get(self.sums, _spot(r, k)),
                                             self.plan.target.fma)  # fmt: skip
                        made.append(Set(self.sums, total, _spot(r, k)))
            return made

        for m in range(last.count):
            if len(good) > 1 and m in good:
                if m == good[0]:
                    x = LoopVar("x", len(good))
                    body.append(For(x, ZERO, Index.of(len(good)), place(Index.of(x) + m, m)))
                continue
            body += place(Index.of(m), m)
        return body


def _inside_row(index: Index, line: Line, k: int, size: int) -> Expr | None:
    """Whether a row lies within the images; None where it always does."""
    tests: list[Expr] = []
    lowest = line.origin + k * line.dilation
    if lowest < 0:
        tests.append(compare("greater_equal", At(index), At(ZERO)))
    if lowest + (line.count - 1) * line.stride >= size:
        tests.append(compare("less", At(index), At(Index.of(size))))
    return _all(tests)


def _spot(r: int, k: int) -> tuple[Index, Index]:
    return Index.of(r), Index.of(k)
