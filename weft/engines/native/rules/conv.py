"""Convolutions and their gradients, all of them contractions over padded images, channels last inside."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from weft.base import dtypes
from weft.base.dims import ceil_divide, product
from weft.engines.native.contraction import Contraction
from weft.engines.native.convolution import depthwise, direct, rare, sparse, winograd
from weft.engines.native.convolution.parts import FLOATS, add_template, filled
from weft.engines.native.convolution.sparse import Spots
from weft.engines.native.index import Index
from weft.engines.native.kernels import minimum
from weft.engines.native.loops import At, Const, Expr, Op
from weft.engines.native.lower import Lowering, Nest, rule, view
from weft.engines.native.products import Product
from weft.engines.native.rewriting import guarded
from weft.engines.native.rules.matmul import HALVES, narrowed, widened
from weft.engines.native.shorthand import cast, compare, op, pick
from weft.engines.native.sources import Computed, Indices, Memory, Source
from weft.ir.graph import Node, Value
from weft.ops.windows import CHANNELS_LAST, Window, window_of

if TYPE_CHECKING:
    from weft.base.dims import Dimension, Shape

#: into how many shares the batch is cut where a kernel's gradient is summed: fixed, so that the bits are
SHARES = 8
#: gradients of kernels of windows of one element that have so many numbers are one product: there are tiles enough for
#: threads to share, and the shares of a batch would take much memory
_WHOLE = 1 << 16
#: kernels of windows of one element that have so many numbers are packed for the product; others stay near as they are
_PACKED = 1 << 15


def channels_last(source: Source, data_format: str) -> Source:
    """The same image with the channels as its last axis."""
    if data_format == CHANNELS_LAST:
        return source
    rank = len(source.shape)
    shape = (source.shape[0], *source.shape[2:], source.shape[1])
    if isinstance(source, Memory):
        strides = (source.strides[0], *source.strides[2:], source.strides[1])
        return Memory(source.buffer, shape, strides, source.offset)
    return view(source, shape, lambda place: (place[0], place[rank - 1], *place[1 : rank - 1]))


def from_channels_last(source: Source, data_format: str) -> Source:
    """Back to the node's own order of axes."""
    if data_format == CHANNELS_LAST:
        return source
    shape = (source.shape[0], source.shape[-1], *source.shape[1:-1])
    if isinstance(source, Memory):
        strides = (source.strides[0], source.strides[-1], *source.strides[1:-1])
        return Memory(source.buffer, shape, strides, source.offset)
    return view(source, shape, lambda place: (place[0], *place[2:], place[1]))


def windows(low: Lowering, spatial: Sequence[Any], window: Sequence[Any], attrs: Any) -> Window:
    """How the windows lie; the spatial sizes must be known."""
    low.known(*spatial, *window)
    return window_of(tuple(spatial), tuple(window), attrs["strides"], attrs["padding"], attrs["dilations"])


def _operand(low: Lowering, value: Value) -> Source:
    """A tensor in the type that is computed in: half precisions as float32, in memory."""
    source = low.source(value)
    if source.dtype not in HALVES:
        return source
    if not isinstance(source, sparse.Unpooled):
        return widened(low, source, dtypes.float32)
    wide: Source | None = getattr(source, "wide", None)
    if wide is None:  # what is not zero is known as before
        wide = sparse.Unpooled(_as_float(source), _as_float(source.values), source.winner, source.window)
        source.wide = wide  # type: ignore[attr-defined]
    return wide


def _as_float(source: Source) -> Source:
    return Computed(source.shape, dtypes.float32, lambda place: cast(source.at(place), dtypes.float32), source.cost + 1)


def padded(low: Lowering, x: Source, before: Sequence[int], sizes: Sequence[int], steps: Sequence[int]) -> Memory:
    """Images with zeros around them (and between neighbours, `steps` apart): element j is x[(j - before) / step]."""
    batch, *spatial, channels = x.shape
    if isinstance(x, Memory) and not any(before) and tuple(sizes) == tuple(spatial) and set(steps) == {1}:
        return x
    shape = (batch, *sizes, channels)
    if x.cost > 3:
        x = low.memory(x)

    def value(place: Indices, _: Indices) -> Expr:
        inside: Expr | None = None
        source: list[Index] = []
        for axis, index in enumerate(place[1:-1]):
            step, size = steps[axis], spatial[axis]
            assert isinstance(size, int)
            moved = index - before[axis]
            tests = []
            if before[axis] > 0:
                tests.append(compare("greater_equal", At(moved), At(Index.of(0))))
            if sizes[axis] - before[axis] > (size - 1) * step + 1:
                tests.append(compare("less", At(moved), At(Index.of((size - 1) * step + 1))))
            if step > 1:
                # counted from a multiple of the step below the first element, so that nothing is negative
                lift = -(-before[axis] // step) * step
                raised = moved + lift
                tests.append(compare("equal", At(raised % step), At(Index.of(0))))
                moved = raised // step - lift // step
            source.append(moved)
            for test in tests:
                inside = test if inside is None else Op("and", (inside, test), dtypes.bool_)
        element = x.at((place[0], *source, place[-1]))
        return element if inside is None else pick(inside, guarded(element, inside), Const(0, x.dtype))

    output = low.temporary(shape, x.dtype, "padded")
    low.nests.append(Nest(shape, value, output, name="pad"))
    return output


def _contract(low: Lowering, template: Contraction, logical: Shape, name: str) -> Memory:
    output = low.temporary(template.shape, template.dtype, name)
    low.nests.append(Nest(template.shape, lambda place, _: output.at(place), output, name=name, template=template))
    return Memory(output.buffer, logical)


@rule("conv")
def _conv(low: Lowering, node: Node) -> Sequence[Source]:
    attrs = node.attrs
    x = channels_last(_operand(low, node.inputs[0]), attrs["data_format"])
    kernel = low.contiguous(_operand(low, node.inputs[1]), "kernel")
    window = windows(low, x.shape[1:-1], kernel.shape[:-2], attrs)
    low.known(x.shape[-1], *kernel.shape)
    made = from_channels_last(forward(low, x, kernel, window, attrs["groups"], "conv"), attrs["data_format"])
    return [narrowed(made, node.outputs[0].dtype)]


def _surrounded(low: Lowering, x: Source, window: Window) -> Memory:
    """Images in memory with the zeros around them that windows reach."""
    sizes = [window.extent(axis) for axis in range(len(window.sizes))]
    return padded(low, low.memory(x) if x.cost > 3 else x, [first for first, _ in window.pads], sizes, [1] * len(sizes))


def _single(window: Window) -> bool:
    """Whether every window is one element: a product of matrices, of every so-many-th place where there are strides."""
    return set(window.window) == {1} and not window.padded


def _chosen(low: Lowering, x: Source, window: Window) -> Memory:
    """The elements that windows of one element see, in memory of their own."""
    if max(window.strides) == 1:
        return low.memory(x, "image")
    key = ("chosen", x, window, low.region, low.when)
    found = low.shared.get(key)
    if found is None:
        shape = (x.shape[0], *window.out, x.shape[-1])

        def seen(place: Indices) -> Indices:
            return (place[0], *(i * stride for i, stride in zip(place[1:-1], window.strides, strict=True)), place[-1])

        found = low.shared[key] = low.copy(view(x, shape, seen), "chosen")
    assert isinstance(found, Memory)
    return found


def _without_strides(window: Window) -> Window:
    """Windows of one element on what they see."""
    one = (1,) * len(window.sizes)
    return Window(window.out, one, one, one, ((0, 0),) * len(one), window.out)


def forward(low: Lowering, x: Source, kernel: Memory, window: Window, groups: int, name: str) -> Source:
    """The convolution of images, without their padding."""
    batch, channels, filters = x.shape[0], kernel.shape[-2], kernel.shape[-1]
    shape = (batch, *window.out, filters)
    if groups == 1 and winograd.pays(window, channels, filters, groups, x.dtype):
        return winograd.convolution(low, low.memory(x, "image"), kernel, window, name)
    if _deep(window, channels, groups) and x.dtype in FLOATS:
        assert isinstance(filters, int)
        image, weights = _side_by_side(low, x, filters // groups), Memory(kernel.buffer, (*window.window, filters))
        return _by_channels(low, image, weights, depthwise.whole(window), shape, name)
    single = groups == 1 and _single(window)
    x = _chosen(low, x, window) if single else _surrounded(low, x, window)
    if groups > 1:
        return _grouped(low, x, kernel, direct.whole(window), shape, groups, name)
    if single and x.contiguous:
        rows = batch
        for size in window.out:
            rows = rows * size
        flat, weights = Memory(x.buffer, (rows, channels), None, x.offset), Memory(kernel.buffer, (channels, filters))
        if isinstance(channels, int) and isinstance(filters, int) and channels * filters >= _PACKED:
            made = Product((rows, filters), channels, lambda place, k: flat.at((place[0], k)),
                           lambda place, k: weights.at((k, place[1])), x.dtype).add(low, name)  # fmt: skip
            return Memory(made.buffer, shape)
        return _contract(low, Contraction(
            (rows, filters), (channels,), lambda place, within: flat.at((place[0], within[0])),
            lambda place, within: weights.at((within[0], place[1])), x.dtype), shape, name)  # fmt: skip
    result = low.temporary(shape, x.dtype, name)
    window = _without_strides(window) if single else window
    add_template(low, result, direct.Direct(x, kernel, direct.whole(window), result), name)
    return result


def _deep(window: Window, channels: Dimension, groups: int) -> bool:
    """Whether every channel has windows of its own, of a size that the kernels of `depthwise` are for."""
    return groups > 1 and channels == 1 and depthwise.fits(window)


def _side_by_side(low: Lowering, x: Source, times: int) -> Memory:
    """Images in which each channel stands so many times side by side: once for each of its windows."""
    if times == 1:
        return low.contiguous(x, "image")
    x = low.memory(x, "image")
    channels = x.shape[-1] * times
    return low.copy(view(x, (*x.shape[:-1], channels), lambda place: (*place[:-1], place[-1] // times)), "repeated")


def _by_channels(
    low: Lowering, x: Memory, kernel: Memory, parts: Sequence[direct.Part], shape: Shape, name: str
) -> Memory:
    """Sums over windows, channel by channel."""
    made = low.temporary(shape, x.dtype, name)
    add_template(low, made, depthwise.Depthwise(x, kernel, parts, made), name)
    return made


def _grouped(
    low: Lowering, x: Memory, kernel: Memory, parts: Sequence[direct.Part], shape: Shape, groups: int, name: str
) -> Memory:
    """Groups of channels: products side by side, image by image, so that its groups find it in a cache; stored with
    the groups' filters side by side."""
    channels, filters = kernel.shape[-2:]
    assert isinstance(channels, int) and isinstance(filters, int)
    each, result = filters // groups, low.temporary(shape, x.dtype, name)
    for part in parts:
        _grouped_part(low, x, kernel, part, (groups, channels, each), result, len(parts) > 1, name)
    return result


def _grouped_part(
    low: Lowering, x: Memory, kernel: Memory, part: direct.Part, sizes: tuple[int, int, int], result: Memory,
    apart: bool, name: str,
) -> None:  # fmt: skip
    groups, channels, each = sizes
    shape = (result.shape[0], groups, *(line.count for line in part), each)

    def element(place: Indices, within: Indices) -> Expr:
        where = [m * line.stride + k * line.dilation + line.origin
                 for m, k, line in zip(place[2:-1], within, part, strict=False)]  # fmt: skip
        return x.at((place[0], *where, place[1] * channels + within[-1]))

    def weight(place: Indices, within: Indices) -> Expr:
        taps = [k * line.every + line.first for k, line in zip(within, part, strict=False)]
        return kernel.at((*taps, within[-1], place[1] * each + place[-1]))

    axes = list(zip(part, result.strides[1:-1], strict=True))
    strides = (result.strides[0], each, *(stride * line.step for line, stride in axes), 1)
    output = Memory(result.buffer, shape, strides, sum((stride * line.start for line, stride in axes), 0))
    reduced = (*(line.size for line in part), channels)
    template = Contraction(shape, reduced, element, weight, x.dtype)
    low.nests.append(Nest(shape, lambda place, _: output.at(place), output, name=name, template=template, part=apart))


@rule("conv_input_gradient")
def _input_gradient(low: Lowering, node: Node) -> Sequence[Source]:
    """A convolution of the padded (and spread) cotangent with the kernel turned round."""
    attrs = node.attrs
    ct = channels_last(_operand(low, node.inputs[0]), attrs["data_format"])
    kernel = _operand(low, node.inputs[1])
    out_shape = node.outputs[0].shape
    assert out_shape is not None
    spatial = out_shape[1:-1] if attrs["data_format"] == CHANNELS_LAST else out_shape[2:]
    low.known(*kernel.shape, *ct.shape[1:])
    window = windows(low, spatial, kernel.shape[:-2], attrs)
    groups, rank = attrs["groups"], len(window.sizes)
    reach = [(window.window[a] - 1) * window.dilations[a] for a in range(rank)]
    spots = _spots(low, node, 0, ct, window, kernel.shape[-2])
    if spots is not None:
        return [narrowed(_sparse_input_gradient(low, spots, kernel, window), node.outputs[0].dtype)]
    channels, filters = kernel.shape[-2:]
    assert isinstance(channels, int) and isinstance(filters, int)
    each, deep = filters // groups, _deep(window, channels, groups) and ct.dtype in FLOATS
    # [*window, filters of a group, channels of all groups], or, where a group is a channel, [*window, filters]
    turned = (*window.window, *(() if deep else (each,)), filters if deep else channels * groups)

    def value(place: Indices, _: Indices) -> Expr:
        flipped = [Index.of(window.window[a] - 1) - place[a] for a in range(rank)]
        if deep:
            return kernel.at((*flipped, Index.of(0), place[-1]))
        group, channel = place[-1] // channels, place[-1] % channels
        return kernel.at((*flipped, channel, group * each + place[-2]))

    packed = low.temporary(turned, kernel.dtype, "turned")
    low.nests.append(Nest(turned, value, packed, name="pack"))
    if deep:
        shape, parts = (ct.shape[0], *window.sizes, filters), depthwise.parts_of_input_gradient(window)
        image = low.contiguous(ct, "cotangent")
        result: Source = _by_channels(low, image, packed, parts, shape, "conv_input_gradient")
        result = result if each == 1 else _of_neighbours(low, result, each)
    elif max(window.strides) == 1:
        pads = tuple((r - p, window.sizes[a] - window.out[a] + p) for a, (r, (p, _)) in enumerate(
            zip(reach, window.pads, strict=True)))  # fmt: skip
        simple = Window(window.out, window.window, window.strides, window.dilations, pads, window.sizes)
        result = forward(low, ct, packed, simple, groups, "conv_input_gradient")
    elif groups == 1 and _single(window):
        result = _spread(forward(low, ct, packed, _without_strides(window), 1, "conv_input_gradient"), window)
    else:
        result = _in_parts(low, ct, packed, window, groups)
    return [narrowed(from_channels_last(result, attrs["data_format"]), node.outputs[0].dtype)]


def _spread(source: Source, window: Window) -> Source:
    """Elements where windows of one element see them, and zeros between them."""
    def element(place: Indices) -> Expr:
        tests = [compare("equal", At(i % stride), At(Index.of(0)))
                 for i, stride in zip(place[1:-1], window.strides, strict=True) if stride > 1]  # fmt: skip
        there = functools.reduce(lambda a, b: Op("and", (a, b), dtypes.bool_), tests)
        spot = [i // stride for i, stride in zip(place[1:-1], window.strides, strict=True)]
        return pick(there, guarded(source.at((place[0], *spot, place[-1])), there), Const(0, source.dtype))

    return Computed((source.shape[0], *window.sizes, source.shape[-1]), source.dtype, element, 10)


def _in_parts(low: Lowering, ct: Source, kernel: Memory, window: Window, groups: int) -> Source:
    """The gradient for the images of a convolution with strides, from the kernel turned round."""
    parts, before, sizes = direct.parts_of_gradient(window)
    x = padded(low, low.memory(ct) if ct.cost > 3 else ct, before, sizes, [1] * len(sizes))
    shape = (ct.shape[0], *window.sizes, kernel.shape[-1])
    if groups > 1:
        return _grouped(low, x, kernel, parts, shape, groups, "conv_input_gradient")
    result = low.temporary(shape, kernel.dtype, "conv_input_gradient")
    add_template(low, result, direct.Direct(x, kernel, parts, result), "conv_input_gradient")
    return result


def _of_neighbours(low: Lowering, source: Source, many: int) -> Source:
    """Sums of so many neighbours along the last axis."""
    shape = (*source.shape[:-1], source.shape[-1] // many)

    def value(place: Indices) -> Expr:  # code for each: neighbours are few, and lanes go along what is left
        each = (source.at((*place[:-1], place[-1] * many + n)) for n in range(many))
        return functools.reduce(lambda a, b: op("add", a, b), each)

    return low.memory(Computed(shape, source.dtype, value, many), "neighbours")


def _flat(window: Window) -> Window:
    """Windows on lines as windows on images of one row."""
    if len(window.sizes) != 1:
        return window
    return Window((1, *window.sizes), (1, *window.window), (1, *window.strides), (1, *window.dilations),
                  ((0, 0), *window.pads), (1, *window.out))  # fmt: skip


def _spots(low: Lowering, node: Node, number: int, ct: Source, window: Window, channels: Dimension) -> Spots | None:
    """Lists of what is not zero in a cotangent, where that pays: input `number` of the node."""
    groups, dtype = node.attrs["groups"], ct.dtype
    flat = _flat(window)
    image = (ct.shape[0], *(flat.extent(axis) for axis in range(len(flat.sizes))), channels)
    if sparse.fits(ct, window, channels, groups, dtype):
        assert isinstance(ct, sparse.Unpooled)
        return sparse.spots_of(low, ct, window, image)
    plain = len(flat.sizes) == 2 and groups == 1 and set(flat.dilations) == {1} and dtype in FLOATS
    last = node.attrs["data_format"] == CHANNELS_LAST and isinstance(channels, int)
    if not (plain and last and rare.rare(node.inputs[number])):
        return None
    memory = low.contiguous(ct, "cotangent")
    # a variable's place is another source after each assignment
    place = memory if memory.buffer.role == "state" else (memory.buffer, memory.offset)
    key = (place, flat, image, low.region, low.when)
    found = low.shared.get(key)
    if found is None:
        view_ = Memory(memory.buffer, (ct.shape[0], *flat.out, ct.shape[-1]), None, memory.offset)
        found = low.shared[key] = rare.RareSpots(low, view_, flat, image)
    assert isinstance(found, Spots)
    return found


def _sparse_input_gradient(low: Lowering, spots: Spots, kernel: Source, window: Window) -> Source:
    flat = _flat(window)
    if flat is not window:
        kernel = view(kernel, (1, *kernel.shape), lambda place: place[1:])
    made = sparse.input_gradient(low, spots, kernel)
    before = [first for first, _ in window.pads]
    strides = made.strides if flat is window else (made.strides[0], *made.strides[2:])
    offset: Any = sum(b * s for b, s in zip(before, strides[1:-1], strict=True))
    return Memory(made.buffer, (made.shape[0], *window.sizes, made.shape[-1]), strides, offset)


@rule("conv_kernel_gradient")
def _kernel_gradient(low: Lowering, node: Node) -> Sequence[Source]:
    attrs = node.attrs
    x = channels_last(_operand(low, node.inputs[0]), attrs["data_format"])
    ct = channels_last(_operand(low, node.inputs[1]), attrs["data_format"])
    kernel_shape = node.outputs[0].shape
    assert kernel_shape is not None
    low.known(*kernel_shape, *ct.shape[1:], x.shape[-1])
    window = windows(low, x.shape[1:-1], kernel_shape[:-2], attrs)
    rank, groups = len(window.sizes), attrs["groups"]
    spots = _spots(low, node, 1, ct, window, kernel_shape[-2])
    fast = spots is None and winograd.pays(window, kernel_shape[-2], kernel_shape[-1], groups, x.dtype)
    if spots is None and groups == 1 and _single(window):  # spots are places in the whole image
        x, window = _chosen(low, x, window), _without_strides(window)
    batch, channels, filters = x.shape[0], kernel_shape[-2], kernel_shape[-1]
    assert isinstance(channels, int) and isinstance(filters, int)
    deep = _deep(window, channels, groups) and x.dtype in FLOATS
    if deep:
        x = _side_by_side(low, x, filters // groups)
    else:
        x = low.memory(x, "image") if fast else _surrounded(low, x, window)
    share = ceil_divide(batch, SHARES)

    def limit(place: Indices) -> Index:
        return minimum(Index.of(share), Index.of(batch) - place[0] * share)

    def where(offset: Sequence[Index], position: Sequence[Index]) -> list[Index]:
        return [position[a] * window.strides[a] + offset[a] * window.dilations[a] for a in range(rank)]

    if spots is not None:
        if rank == 1:
            x = Memory(x.buffer, (x.shape[0], 1, *x.shape[1:]), (x.strides[0], 0, *x.strides[1:]), x.offset)
        found = sparse.kernel_gradient(low, x, spots, filters, SHARES, limit)
        made = found if rank == 2 else view(found, kernel_shape, lambda p: (Index.of(0), *p))
        return [narrowed(made, node.outputs[0].dtype)]
    if isinstance(ct, sparse.Unpooled) and not fast and groups == 1 and sparse.masks(ct, window, channels, x.dtype):
        partial = sparse.masked_kernel_gradient(low, x, ct, window, SHARES, limit)
        return [narrowed(_summed(low, partial, kernel_shape, batch), node.outputs[0].dtype)]
    if deep:
        shares = low.temporary((SHARES, *window.window, filters), x.dtype, "conv_kernel_gradient")
        sums = depthwise.KernelGradient(x, low.contiguous(ct, "cotangent"), window, shares, limit)
        add_template(low, shares, sums, "conv_kernel_gradient")
        return [narrowed(_summed(low, shares, kernel_shape, batch), node.outputs[0].dtype)]
    ct = low.memory(ct, "cotangent")
    if fast:
        made = winograd.kernel_gradient(low, x, ct, window, SHARES)
        return [narrowed(made, node.outputs[0].dtype)]
    if groups == 1 and channels * filters >= _WHOLE and x.contiguous and ct.contiguous and _single(window):
        return [narrowed(_product_of_rows(low, x, ct, kernel_shape), node.outputs[0].dtype)]
    if groups > 1:
        return [narrowed(_grouped_kernel_gradient(low, x, ct, window, groups, kernel_shape), node.outputs[0].dtype)]
    steps = window.dilations[-1]
    if steps == 1 and x.strides[-2] == channels and x.strides[-1] == 1:
        # the last window axis and the channels are one axis in memory
        row = window.window[-1] * channels
        wide = Memory(x.buffer, (*x.shape[:-1], row), x.strides, x.offset)
        shape: Shape = (SHARES, *window.window[:-1], row, filters)

        def element(place: Indices, within: Indices) -> Expr:
            offset = [*place[1:-2], Index.of(0)]
            return wide.at((place[0] * share + within[0], *where(offset, within[1:]), place[-2]))
    else:
        shape = (SHARES, *window.window, channels, filters)

        def element(place: Indices, within: Indices) -> Expr:
            return x.at((place[0] * share + within[0], *where(place[1:-2], within[1:]), place[-2]))

    def change(place: Indices, within: Indices) -> Expr:
        return ct.at((place[0] * share + within[0], *within[1:], place[-1]))

    template = Contraction(shape, (share, *window.out), element, change, x.dtype, limit, stream=True)
    partial = _contract(low, template, (SHARES, *kernel_shape), "conv_kernel_gradient")
    return [narrowed(_summed(low, partial, kernel_shape, batch), node.outputs[0].dtype)]


def _product_of_rows(low: Lowering, x: Memory, ct: Memory, shape: Shape) -> Memory:
    """The gradient of a kernel whose windows are one element, all places of all images being rows."""
    rows = product(x.shape[:-1])
    images, change = (Memory(m.buffer, (rows, m.shape[-1]), None, m.offset) for m in (x, ct))
    made = Product(
        shape[-2:],
        rows,
        lambda place, k: images.at((k, place[-2])),
        lambda place, k: change.at((k, place[-1])),
        x.dtype,
    ).add(low, "conv_kernel_gradient")
    return Memory(made.buffer, shape)


def _summed(low: Lowering, partial: Source, shape: Shape, batch: Dimension) -> Memory:
    """The shares of a kernel's gradient added up."""
    assert isinstance(partial, Memory)
    shares = Memory(partial.buffer, (SHARES, *shape))

    def total(place: Indices, within: Indices) -> Expr:
        return shares.at((*within, *place))

    return low.reduce(shape, (filled(batch, SHARES),), partial.dtype, "add", total, "shares")


def _grouped_kernel_gradient(
    low: Lowering, x: Memory, ct: Memory, window: Window, groups: int, kernel_shape: Shape
) -> Source:
    """Shares of the batch, in each the products of all groups, stored with the groups' filters side by side."""
    channels, filters = kernel_shape[-2:]
    assert isinstance(channels, int) and isinstance(filters, int)
    batch, rank, each = x.shape[0], len(window.sizes), filters // groups
    share = ceil_divide(batch, SHARES)
    shape: Shape = (SHARES, groups, *window.window, channels, each)

    def limit(place: Indices) -> Index:
        return minimum(Index.of(share), Index.of(batch) - place[0] * share)

    def element(place: Indices, within: Indices) -> Expr:
        spots = [within[1 + a] * window.strides[a] + place[2 + a] * window.dilations[a] for a in range(rank)]
        return x.at((place[0] * share + within[0], *spots, place[1] * channels + place[-2]))

    def change(place: Indices, within: Indices) -> Expr:
        return ct.at((place[0] * share + within[0], *within[1:], place[1] * each + place[-1]))

    partial = low.temporary((SHARES, *kernel_shape), x.dtype, "conv_kernel_gradient")
    output = Memory(partial.buffer, shape, (partial.strides[0], each, *partial.strides[1:]))
    template = Contraction(shape, (share, *window.out), element, change, x.dtype, limit, stream=True)
    low.nests.append(Nest(shape, lambda place, _: output.at(place), output, name="conv_kernel_gradient",
                          template=template))  # fmt: skip
    return _summed(low, partial, kernel_shape, batch)


@rule("depthwise_conv")
def _depthwise(low: Lowering, node: Node) -> Sequence[Source]:
    attrs = node.attrs
    x = channels_last(_operand(low, node.inputs[0]), attrs["data_format"])
    kernel = low.contiguous(_operand(low, node.inputs[1]), "kernel")
    low.known(x.shape[-1], *kernel.shape)
    window = windows(low, x.shape[1:-1], kernel.shape[:-2], attrs)
    channels, many = kernel.shape[-2:]
    assert isinstance(channels, int) and isinstance(many, int)
    flat = Memory(kernel.buffer, (*window.window, 1, channels * many))
    made = forward(low, x, flat, window, channels, "depthwise_conv")
    return [narrowed(from_channels_last(made, attrs["data_format"]), node.outputs[0].dtype)]

