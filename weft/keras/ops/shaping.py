"""Functions that move values: shapes, axes, joining, splitting, padding, diagonals."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain, nearest
from weft.keras.core.conversion import cast, convert_to_tensor
from weft.keras.core.dtypes import result_type, standardize_dtype
from weft.keras.ops.promotion import axes_of, dtype_of, place_of, shape_of, size_of, to_rule
from weft.keras.ops.records import FUNCTIONS, operation


@operation("numpy")
def reshape(x: Any, newshape: Any) -> Any:
    """The values in another shape; one size may be -1 (or None), which takes what is left."""
    sizes = [newshape] if isinstance(newshape, int) else newshape
    if isinstance(sizes, (list, tuple)):
        sizes = [-1 if size is None else size for size in sizes]
        negative = [size for size in sizes if isinstance(size, int) and size < 0]
        if len(negative) > 1 or negative not in ([], [-1]):
            raise ValueError(explain(
                "reshape: sizes must be non-negative integers, of which one may be -1: there can be "
                f"at most one unknown dimension. Received: newshape={newshape}"
            ))  # fmt: skip
    return tf.reshape(convert_to_tensor(x), sizes)


@operation("numpy")
def ravel(x: Any) -> Any:
    """The values in one axis."""
    return tf.reshape(convert_to_tensor(x), [-1])


@operation("numpy")
def transpose(x: Any, axes: Any = None) -> Any:
    """The axes in another order; reversed by default."""
    x = convert_to_tensor(x)
    if axes is None:
        return tf.transpose(x)
    rank = x.shape.rank
    if rank is not None and len(axes) != rank:
        raise ValueError(explain(
            f"transpose: `axes` must be a list of the same length as the input shape. Received: axes={list(axes)}",
            received=f"shape {x.shape}",
        ))  # fmt: skip
    if rank is not None and not all(-rank <= one < rank for one in axes):
        raise ValueError(explain(
            f"transpose: Each axis in `axes` must be an integer in [-{rank}, {rank}). Received: axes={list(axes)}",
            received=f"shape {x.shape}",
        ))  # fmt: skip
    if rank is not None and sorted(one % rank if -rank <= one < rank else rank for one in axes) != list(range(rank)):
        raise ValueError(explain(
            f"transpose: `axes` must be a valid permutation of the {rank} axes of the tensor. Received: "
            f"axes={list(axes)}",
            expected=f"each of 0 to {rank - 1} once", received=f"shape {x.shape}",
        ))  # fmt: skip
    return tf.transpose(x, [one % rank if rank else one for one in axes])


@operation("numpy")
def squeeze(x: Any, axis: Any = None) -> Any:
    """Without axes of size 1: by default all that are known to be so."""
    x = convert_to_tensor(x)
    if axis is None and x.shape.rank is not None:
        axis = [place for place, size in enumerate(x.shape) if size == 1]
        return tf.squeeze(x, axis) if axis else x
    return tf.squeeze(x, list(axis) if isinstance(axis, (tuple, list)) else axis)


@operation("numpy")
def expand_dims(x: Any, axis: Any) -> Any:
    """With new axes of size 1, at these places of the result."""
    x = convert_to_tensor(x)
    if not isinstance(axis, (tuple, list)):
        return tf.expand_dims(x, axis)
    rank = x.shape.rank + len(axis)
    for place in sorted(axes_of(axis, rank)):
        x = tf.expand_dims(x, place)
    return x


@operation("numpy")
def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places; the rest keep their order."""
    x = convert_to_tensor(x)
    rank = x.shape.rank
    old, new = axes_of(source, rank), axes_of(destination, rank)
    if len(old) != len(new):
        raise ValueError(explain(
            "moveaxis: as many places are needed as axes.", received=f"source {source!r}, destination {destination!r}"
        ))  # fmt: skip
    order = [one for one in range(rank) if one not in old]
    for place, one in sorted(zip(new, old)):
        order.insert(place, one)
    return tf.transpose(x, order)


@operation("numpy")
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes changed with one another."""
    x = convert_to_tensor(x)
    order = list(range(x.shape.rank))
    first, second = axes_of((axis1, axis2), x.shape.rank)
    order[first], order[second] = second, first
    return tf.transpose(x, order)


@operation("numpy")
def flip(x: Any, axis: Any = None) -> Any:
    """The order reversed along axes (all by default)."""
    x = convert_to_tensor(x)
    return tf.reverse(x, axes_of(axis, x.shape.rank))


@operation("numpy")
def fliplr(x: Any) -> Any:
    """The order reversed along the second axis."""
    return FUNCTIONS["flip"](x, 1)


@operation("numpy")
def flipud(x: Any) -> Any:
    """The order reversed along the first axis."""
    return FUNCTIONS["flip"](x, 0)


@operation("numpy")
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Moved along axes, what leaves at the end comes in at the beginning; in the flat tensor where `axis` is None."""
    x = convert_to_tensor(x)
    if axis is None:
        return tf.reshape(tf.roll(tf.reshape(x, [-1]), shift, 0), tf.shape(x))
    if isinstance(axis, (tuple, list)) and isinstance(shift, (int, np.integer)):
        shift = [int(shift)] * len(axis)
    return tf.roll(x, shift, axis)


@operation("numpy")
def rot90(array: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """Turned by k right angles in the plane of two axes."""
    x = convert_to_tensor(array)
    if x.shape.rank < 2:
        raise ValueError(explain("rot90: at least two axes are needed.", received=f"shape {x.shape}"))
    first, second = axes_of(axes, x.shape.rank)
    if first == second:
        raise ValueError(explain("rot90: two different axes are needed.", received=repr(axes)))
    k %= 4
    if k == 2:
        return tf.reverse(x, [first, second])
    if k == 1:
        x = tf.reverse(x, [second])
    order = list(range(x.shape.rank))
    order[first], order[second] = second, first
    turned = tf.transpose(x, order) if k else x
    return tf.reverse(turned, [second]) if k == 3 else turned


@operation("numpy")
def tile(x: Any, repeats: Any) -> Any:
    """Laid side by side, so many times along each axis; new axes come in front."""
    x = convert_to_tensor(x)
    if tf.is_tensor(repeats):
        return tf.tile(x, repeats)
    times = [int(n) for n in np.ravel(np.asarray(repeats))] if not isinstance(repeats, (list, tuple)) else list(repeats)
    rank = x.shape.rank
    times = [1] * (rank - len(times)) + times
    for _ in range(len(times) - rank):
        x = tf.expand_dims(x, 0)
    return tf.tile(x, times)


@operation("numpy")
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each value, or slice along an axis, so many times in a row; of the flat tensor where `axis` is None."""
    x = convert_to_tensor(x)
    if isinstance(repeats, (list, tuple)) and len(repeats) == 1:
        repeats = repeats[0]
    if axis is None:
        x, axis = tf.reshape(x, [-1]), 0
    size = x.shape[axis]
    if size is None or isinstance(repeats, int) or not isinstance(repeats, (list, tuple, np.ndarray)):
        return tf.repeat(x, repeats, axis=axis)
    counts = np.asarray(repeats)
    if counts.shape not in ((), (1,), (size,)):
        raise ValueError(explain(
            f"repeat: there must be one count for each of the {size} slices.", received=f"{counts.size} counts"
        ))  # fmt: skip
    return tf.gather(x, np.repeat(np.arange(size, dtype=np.int32), counts), axis=axis)  # of a size that is known


@operation("numpy")
def broadcast_to(x: Any, shape: Any) -> Any:
    """Repeated so as to fill a shape."""
    return tf.broadcast_to(convert_to_tensor(x), shape)


_PADDINGS = ("constant", "reflect", "symmetric")


@operation("numpy")
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """More values before and after along each axis.

    Args:
        x: Any shape.
        pad_width: One number for all, a pair (before, after) for all axes, or one pair an axis.
        mode: "constant", "reflect" or "symmetric".
        constant_values: What is put there in mode "constant"; 0 by default.
    """
    x = convert_to_tensor(x)
    if mode not in _PADDINGS:
        raise ValueError(explain(
            f"pad: `mode` is {mode!r}. {nearest(str(mode), _PADDINGS)}",
            expected="one of " + ", ".join(map(repr, _PADDINGS)),
        ))  # fmt: skip
    if constant_values is not None and mode != "constant":
        raise ValueError(explain(
            "pad: Argument `constant_values` can only be provided when `mode == 'constant'`.", received=f"mode={mode!r}"
        ))  # fmt: skip
    if isinstance(pad_width, int):
        pad_width = ((pad_width, pad_width),)
    if not tf.is_tensor(pad_width):
        pairs = list(pad_width)
        if pairs and isinstance(pairs[0], int):
            pairs = [tuple(pairs)]
        if len(pairs) == 1 and len(pairs) != x.shape.rank:
            pairs = pairs * x.shape.rank
        pad_width = [[int(side) for side in pair] for pair in pairs]
    if mode == "constant":
        return tf.pad(x, pad_width, constant_values=0 if constant_values is None else constant_values)
    return tf.pad(x, pad_width, mode=mode)


# Joining and splitting -----------------------------------------------------------------------------------------------


def _alike(xs: Any) -> list[Any]:
    """Tensors in the dtype in which they meet."""
    made = [convert_to_tensor(x) for x in xs]
    common = result_type(*(dtype_of(x) for x in made))
    return [cast(x, common) if standardize_dtype(x.dtype) != common else x for x in made]


@operation("numpy")
def concatenate(xs: Any, axis: int | None = 0) -> Any:
    """Tensors one after the other along an axis; as flat ones where `axis` is None."""
    if tf.is_tensor(xs):
        xs = tf.unstack(xs)
    made = _alike(xs)
    return tf.concat([tf.reshape(x, [-1]) for x in made], 0) if axis is None else tf.concat(made, axis)


@operation("numpy")
def stack(x: Any, axis: int = 0) -> Any:
    """Tensors of one shape along a new axis."""
    return tf.stack(_alike(tf.unstack(x) if tf.is_tensor(x) else x), axis=axis)


def _at_least(x: Any, rank: int) -> Any:
    x = convert_to_tensor(x)
    if rank >= 1 and x.shape.rank == 0:
        x = tf.reshape(x, [1])
    if rank >= 2 and x.shape.rank == 1:
        x = tf.expand_dims(x, 0)
    return tf.expand_dims(x, -1) if rank >= 3 and x.shape.rank == 2 else x


@operation("numpy")
def hstack(xs: Any) -> Any:
    """Tensors side by side: along the second axis, vectors along the first."""
    made = _alike(_at_least(x, 1) for x in xs)
    return tf.concat(made, 0 if made[0].shape.rank == 1 else 1)


@operation("numpy")
def vstack(xs: Any) -> Any:
    """Tensors along the first axis, vectors too."""
    return tf.concat(_alike(_at_least(x, 1) for x in xs), 0)


@operation("numpy")
def dstack(xs: Any) -> Any:
    """Tensors one behind the other: along the third axis."""
    return tf.concat(_alike(_at_least(x, 3) for x in xs), 2)


@operation("numpy")
def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """x2 behind x1 along an axis; as flat tensors where `axis` is None."""
    return FUNCTIONS["concatenate"]([x1, x2], axis)


@operation("numpy")
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Parts along an axis.

    Args:
        x: Any shape.
        indices_or_sections: How many equal parts, or where each part but the first begins.
        axis: The axis.

    Returns:
        A list of tensors.
    """
    x = convert_to_tensor(x)
    if isinstance(indices_or_sections, (int, np.integer)):
        return list(tf.split(x, int(indices_or_sections), axis=axis))
    size = size_of(x, axis)
    try:
        places = [int(place) for place in indices_or_sections]
    except TypeError:  # only a run knows them
        places = tf.unstack(tf.clip_by_value(tf.cast(indices_or_sections, "int32"), 0, size))
        before = (slice(None),) * place_of(axis, x.shape.rank)
        return [x[(*before, slice(first, last))] for first, last in pairwise([0, *places, size])]
    ends = [0, *places, size]
    if isinstance(size, int):
        ends = [min(max(end + size if end < 0 else end, 0), size) for end in ends]
    parts = [max(after - before, 0) if isinstance(after, int) else after - before for before, after in pairwise(ends)]
    return list(tf.split(x, parts, axis=axis))


@operation("numpy")
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """As `split`, but a number of parts need not divide the size: the first parts are one longer then."""
    if not isinstance(indices_or_sections, int):
        return FUNCTIONS["split"](x, indices_or_sections, axis)
    x = convert_to_tensor(x)
    if x.shape[axis] is None:
        size, count = tf.shape(x)[axis], indices_or_sections
        return list(tf.split(x, (size + count - 1 - tf.range(count)) // count, axis=axis, num=count))
    size = int(x.shape[axis])
    short, longer = divmod(size, indices_or_sections)
    parts = [short + 1] * longer + [short] * (indices_or_sections - longer)
    return list(tf.split(x, parts, axis=axis))


@operation("numpy")
def hsplit(x: Any, indices_or_sections: Any) -> Any:
    """Parts along the second axis, of vectors along the first."""
    x = convert_to_tensor(x)
    return FUNCTIONS["split"](x, indices_or_sections, 0 if x.shape.rank == 1 else 1)


@operation("numpy")
def vsplit(x: Any, indices_or_sections: Any) -> Any:
    """Parts along the first axis."""
    return FUNCTIONS["split"](x, indices_or_sections, 0)


@operation("numpy")
def dsplit(x: Any, indices_or_sections: Any) -> Any:
    """Parts along the third axis."""
    return FUNCTIONS["split"](x, indices_or_sections, 2)


@operation("core")
def unstack(x: Any, num: int | None = None, axis: int = 0) -> Any:
    """The slices along an axis, a list."""
    x = convert_to_tensor(x)
    if num is None and x.shape[place_of(axis, x.shape.rank)] is None:
        raise ValueError(explain(
            f"unstack: Cannot infer argument `num` from shape {x.shape}: the size of axis {axis} is not known.",
            hint="pass num",
        ))  # fmt: skip
    return list(tf.unstack(x, num=num, axis=place_of(axis, x.shape.rank)))


# Diagonals -----------------------------------------------------------------------------------------------------------


def _diagonal_places(x: Any, offset: int) -> tuple[Any, Any]:
    """The rows and columns of a diagonal of the last two axes."""
    rows, columns = size_of(x, -2), size_of(x, -1)
    length = tf.maximum(tf.minimum(rows + min(offset, 0), columns - max(offset, 0)), 0)
    if isinstance(rows, int) and isinstance(columns, int):
        length = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    steps = tf.range(length)
    return steps - min(offset, 0), steps + max(offset, 0)


@operation("numpy")
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal in the plane of two axes, as the last axis."""
    x = convert_to_tensor(x)
    rank = x.shape.rank
    one, two = axes_of((axis1, axis2), rank)
    x = tf.transpose(x, [*(axis for axis in range(rank) if axis not in (one, two)), one, two])
    rows, columns = _diagonal_places(x, offset)
    sizes = shape_of(x)
    flat = tf.reshape(x, [*sizes[:-2], sizes[-2] * sizes[-1]])
    return tf.gather(flat, rows * sizes[-1] + columns, axis=-1)


@operation("numpy")
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal in the plane of two axes."""
    return tf.reduce_sum(to_rule(FUNCTIONS["diagonal"](x, offset, axis1, axis2), "sum"), axis=-1)


@operation("numpy")
def diag(x: Any, k: int = 0) -> Any:
    """Of a vector, the matrix with it as a diagonal; of a matrix, that diagonal."""
    x = convert_to_tensor(x)
    if x.shape.rank == 2:
        return FUNCTIONS["diagonal"](x, k)
    if x.shape.rank != 1:
        raise ValueError(explain("diag: `x` must be a vector or a matrix.", received=f"shape {x.shape}"))
    whole = size_of(x, 0) + abs(k)
    rows, columns = tf.range(whole)[:, None], tf.range(whole)[None, :]
    values = tf.pad(x, [[k, 0]])[None, :] if k >= 0 else tf.pad(x, [[-k, 0]])[:, None]
    return tf.where(tf.equal(columns - rows, k), tf.broadcast_to(values, [whole, whole]), tf.zeros([], x.dtype))


@operation("numpy")
def diagflat(x: Any, k: int = 0) -> Any:
    """The matrix with the flattened values as a diagonal."""
    return FUNCTIONS["diag"](tf.reshape(convert_to_tensor(x), [-1]), k)


def _triangle(x: Any, keep: Any) -> Any:
    rows, columns = tf.range(size_of(x, -2))[:, None], tf.range(size_of(x, -1))[None, :]
    return tf.where(keep(columns - rows), x, tf.zeros_like(x))


@operation("numpy")
def tril(x: Any, k: int = 0) -> Any:
    """The values on and below a diagonal of the last two axes, 0 above."""
    return _triangle(convert_to_tensor(x), lambda distance: distance <= k)


@operation("numpy")
def triu(x: Any, k: int = 0) -> Any:
    """The values on and above a diagonal of the last two axes, 0 below."""
    return _triangle(convert_to_tensor(x), lambda distance: distance >= k)
