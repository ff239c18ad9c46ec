"""Sliding windows: what convolution and pooling share. Sizes, padding, and views of an array's windows.

Inside, arrays are channels last, `[batch, *spatial, channels]`, and there is one padding pair for each spatial axis.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weft.base import dims, shapes
from weft.base.dims import Dim, ceil_divide
from weft.ir.types import TensorType
from weft.ops.opdef import SpecError

Array = np.ndarray[Any, Any]
#: "SAME", "VALID", or how much to pad before and after along each spatial axis
Padding = str | tuple[tuple[int, int], ...]

CHANNELS_LAST = "channels_last"
CHANNELS_FIRST = "channels_first"


@dataclass(frozen=True)
class Window:
    """How windows lie on the spatial axes: one entry an axis, all sizes known.

    Attributes:
        sizes: Extents of the windowed tensor.
        window: Extents of the window, in elements that it reads.
        strides: Steps from one window to the next.
        dilations: Steps from one element of a window to the next.
        pads: Elements added before and after.
        out: How many windows there are.
    """

    sizes: tuple[int, ...]
    window: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    out: tuple[int, ...]

    @property
    def padded(self) -> bool:
        """Whether any axis is padded."""
        return any(before or after for before, after in self.pads)

    def offsets(self) -> Iterator[tuple[int, ...]]:
        """Positions inside the window, in row-major order."""
        return itertools.product(*(range(size) for size in self.window))

    def at(self, offset: Sequence[int]) -> tuple[slice, ...]:
        """The index (batch first) that takes from a padded array the element at one position of every window."""
        return (slice(None), *(self.along(axis, position) for axis, position in enumerate(offset)))

    def along(self, axis: int, position: int) -> slice:
        """The same for one spatial axis."""
        start = position * self.dilations[axis]
        step = self.strides[axis]
        return slice(start, start + step * (self.out[axis] - 1) + 1, step)

    def extent(self, axis: int) -> int:
        """The size that padding gives an axis, or more, where the last window needs more."""
        before, after = self.pads[axis]
        reach = self.strides[axis] * (self.out[axis] - 1) + self.dilations[axis] * (self.window[axis] - 1) + 1
        return max(self.sizes[axis] + before + after, reach)

    def pad(self, x: Array, value: Any = 0) -> Array:
        """The array with padding around its spatial axes; itself where there is none."""
        if not self.padded:
            return x
        extents = tuple(self.extent(axis) for axis in range(len(self.sizes)))
        wide = np.full((x.shape[0], *extents, x.shape[-1]), value, x.dtype)
        wide[self.inner()] = x
        return wide

    def inner(self) -> tuple[slice, ...]:
        """The index of the unpadded part in a padded array."""
        return (slice(None), *(slice(b, b + n) for (b, _), n in zip(self.pads, self.sizes, strict=True)))

    def empty_padded(self, batch: int, channels: int, dtype: Any) -> Array:
        """Zeros of the padded array's shape."""
        extents = tuple(self.extent(axis) for axis in range(len(self.sizes)))
        return np.zeros((batch, *extents, channels), dtype)

    def view(self, padded: Array) -> Array:
        """All windows of a padded array, without a copy: `[batch, *out, *window, channels]`."""
        batch, *inner, channels = padded.strides
        return np.lib.stride_tricks.as_strided(
            padded,
            (padded.shape[0], *self.out, *self.window, padded.shape[-1]),
            (batch, *(n * s for n, s in zip(inner, self.strides, strict=True)),
             *(n * d for n, d in zip(inner, self.dilations, strict=True)), channels),
            writeable=False,
        )  # fmt: skip


def window_of(
    sizes: Sequence[int], window: Sequence[int], strides: Sequence[int], padding: Padding, dilations: Sequence[int]
) -> Window:
    """The windows on spatial axes of known sizes."""
    pads: list[tuple[int, int]] = []
    out: list[int] = []
    for axis, size in enumerate(sizes):
        reach = (window[axis] - 1) * dilations[axis] + 1
        count = int(windows_along(size, window[axis], strides[axis], dilations[axis], pair_of(padding, axis)))
        if padding == "SAME":
            total = max(0, (count - 1) * strides[axis] + reach - size)
            pads.append((total // 2, total - total // 2))  # what is odd goes to the end
        else:
            pads.append((0, 0) if isinstance(padding, str) else padding[axis])
        out.append(count)
    return Window(tuple(sizes), tuple(window), tuple(strides), tuple(dilations), tuple(pads), tuple(out))


def pair_of(padding: Padding, axis: int) -> str | tuple[int, int]:
    """The padding of one spatial axis."""
    return padding if isinstance(padding, str) else padding[axis]


def windows_along(size: Any, window: int, stride: int, dilation: int, padding: str | tuple[int, int]) -> Any:
    """How many windows there are along an axis, known or not.

    Raises:
        SpecError: Where the window is longer than the axis.
    """
    if padding == "SAME":
        return ceil_divide(size, stride)
    before, after = (0, 0) if isinstance(padding, str) else padding
    reach = (window - 1) * dilation + 1
    room = size + (before + after) - reach
    if isinstance(room, int) and room < 0:
        # TensorFlow's quotient is rounded toward 0: a window that is too long by less than two strides gives an empty
        # result, a longer one is refused.
        if room + 2 * stride > 0:
            return 0
        raise SpecError(
            f"a window of {reach} does not fit into an axis of size {size}"
            + (f" padded to {size + before + after}" if before + after else ""),
            expected=f"at least {reach}",
            hint="use padding 'SAME', a smaller window, or larger images",
        )
    count = (room + stride) // stride
    return count if stride == 1 else dims.maximum(count, 0)


def split_shape(x: TensorType, data_format: str) -> tuple[Any, tuple[Any, ...], Any]:
    """Batch, spatial sizes and channels of `[batch, *spatial, channels]` or `[batch, channels, *spatial]`.

    Raises:
        SpecError: Where there is no spatial axis, or the format is not one of the two.
    """
    shape = x.shape or ()
    if data_format not in (CHANNELS_LAST, CHANNELS_FIRST):
        raise SpecError(f"data_format is {data_format!r}", expected=f"{CHANNELS_LAST!r} or {CHANNELS_FIRST!r}")
    if len(shape) < 3:
        layout = "[batch, ..., channels]" if data_format == CHANNELS_LAST else "[batch, channels, ...]"
        raise SpecError(
            f"its input has shape {shapes.show(shape)}, of rank {len(shape)}",
            expected=f"rank 3, 4 or 5: {layout} with one, two or three spatial axes",
            hint="add the missing axis, for instance tf.expand_dims(x, -1) for images without a channel axis",
        )
    return (shape[0], shape[1:-1], shape[-1]) if data_format == CHANNELS_LAST else (shape[0], shape[2:], shape[1])


def join_shape(batch: Any, spatial: Sequence[Any], channels: Any, data_format: str) -> tuple[Any, ...]:
    """The opposite of `split_shape`."""
    return (batch, *spatial, channels) if data_format == CHANNELS_LAST else (batch, channels, *spatial)


def check_lists(rank: int, padding: Padding, **lists: Sequence[int]) -> None:
    """Refuses strides, dilations or paddings that do not go with the number of spatial axes.

    Raises:
        SpecError: Naming which.
    """
    for name, values in lists.items():
        if len(values) != rank:
            raise SpecError(f"`{name}` has {len(values)} entries", expected=f"{rank}, one for each spatial axis")
        if any(isinstance(v, int) and v < 1 for v in values):
            raise SpecError(f"`{name}` is {tuple(values)}", expected="whole numbers of at least 1")
    if isinstance(padding, str):
        if padding not in ("SAME", "VALID"):
            raise SpecError(f"padding is {padding!r}", expected="'SAME', 'VALID' or a pair for each spatial axis")
    elif len(padding) != rank or any(len(pair) != 2 or min(pair) < 0 for pair in padding):
        raise SpecError(f"padding is {padding}", expected=f"{rank} pairs (before, after), none negative")


def known(sizes: Sequence[Any], what: str) -> tuple[int, ...]:
    """The sizes, which must be known.

    Raises:
        SpecError: Where one is not.
    """
    if any(isinstance(size, Dim) for size in sizes):
        raise SpecError(f"{what} must be known, it is {shapes.show(tuple(sizes))}", hint="give it a static shape")
    return tuple(sizes)


def channels_last(x: Array, data_format: str) -> Array:
    """A view with the channels at the end."""
    return x if data_format == CHANNELS_LAST else np.moveaxis(x, 1, -1)


def from_channels_last(x: Array, data_format: str) -> Array:
    """The opposite of `channels_last`, laid out in memory as its shape says."""
    return x if data_format == CHANNELS_LAST else np.ascontiguousarray(np.moveaxis(x, -1, 1))


def fold(window: Window, padded: Array, combine: Callable[..., Any]) -> Array:
    """Combines the elements of every window by an associative function, one axis after another."""
    for axis in range(len(window.window)):
        parts = [padded[(*(slice(None),) * (axis + 1), window.along(axis, p))] for p in range(window.window[axis])]
        if len(parts) == 1:
            padded = parts[0]
            continue
        result = combine(parts[0], parts[1])
        for part in parts[2:]:
            combine(result, part, out=result)
        padded = result
    return padded
