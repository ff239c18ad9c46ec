"""`tf.experimental.numpy`: shapes, axes, parts, and arrays put together."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from weft.api import array as arrays
from weft.api import math, ordering
from weft.api.common import cast_to
from weft.api.numpy.conversion import array, asarray, known_rank, named, place_of, together, with_axes
from weft.base import dtypes
from weft.base.errors import explain
from weft.runtime import frontdoor


def shape(a: Any) -> Any:
    """The sizes of the axes."""
    return asarray(a).shape


def ndim(a: Any) -> Any:
    """The number of axes."""
    return asarray(a).shape.rank


def isscalar(num: Any) -> Any:
    """Whether there are no axes."""
    return ndim(num) == 0


def size(x: Any, axis: Any = None) -> Any:
    """The number of elements."""
    if axis is not None:
        raise NotImplementedError("size: take the size of an axis with x.shape[axis].")
    x = asarray(x)
    count = x.shape.num_elements() if x.shape.rank is not None else None
    return arrays.size(x) if count is None else int(count)


# Another shape -------------------------------------------------------------------------------------------------------


def reshape(a: Any, newshape: Any, order: str = "C") -> Any:
    """The same elements in another shape, read and written row by row (`"C"`) or column by column (`"F"`)."""
    if order not in ("C", "F"):
        raise ValueError(explain("reshape: `order` is 'C' or 'F'.", received=repr(order)))
    sizes = [newshape] if isinstance(newshape, int) else newshape
    if order == "C":
        return arrays.reshape(asarray(a), sizes)
    return arrays.transpose(arrays.reshape(arrays.transpose(asarray(a)), sizes[::-1]))


def ravel(a: Any) -> Any:
    """All elements in a row."""
    return arrays.reshape(asarray(a), [-1])


def flatten(a: Any, order: str = "C") -> Any:
    """All elements in a row, row by row or, with `"F"`, column by column."""
    if order not in ("C", "F", "A", "K"):
        raise ValueError(explain("flatten: `order` is 'C', 'F', 'A' or 'K'.", received=repr(order)))
    return ravel(arrays.transpose(asarray(a)) if order == "F" else a)


def expand_dims(a: Any, axis: Any) -> Any:
    """An axis of size 1 more."""
    return arrays.expand_dims(asarray(a), axis)


def squeeze(a: Any, axis: Any = None) -> Any:
    """Without axes of size 1."""
    return arrays.squeeze(asarray(a), axis)


def transpose(a: Any, axes: Any = None) -> Any:
    """The axes in another order; reversed where none is given."""
    return arrays.transpose(asarray(a), axes)


def swapaxes(a: Any, axis1: Any, axis2: Any) -> Any:
    """Two axes in each other's place."""
    x = asarray(a)
    order = list(range(known_rank(x)))
    first, second = place_of(axis1, len(order)), place_of(axis2, len(order))
    order[first], order[second] = order[second], order[first]
    return arrays.transpose(x, order)


def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places.

    Raises:
        ValueError: For more sources than destinations, or fewer.
    """
    if not source and not destination and not isinstance(source, int):
        return a
    x = asarray(a)
    rank = known_rank(x)
    places = [[place_of(axis, rank) for axis in ([axes] if isinstance(axes, int) else axes)]
              for axes in (source, destination)]  # fmt: skip
    if len(places[0]) != len(places[1]):
        raise ValueError(explain("moveaxis: a destination for each source.", received=f"{source} and {destination}"))
    order = [axis for axis in range(rank) if axis not in places[0]]
    for to, axis in sorted(zip(places[1], places[0], strict=True)):
        order.insert(to, axis)
    return arrays.transpose(x, order)


def _filled(rank: int) -> Callable[[Any], Any]:
    """What gives an array `rank` axes or more."""
    if rank < 3:
        return lambda a: with_axes(asarray(a), rank)

    def three(a: Any) -> Any:
        x = asarray(a)
        if known_rank(x) == 1:
            return x[None, :, None]
        return x[:, :, None] if known_rank(x) == 2 else with_axes(x, 3)

    return three


def _atleast(rank: int) -> Callable[..., Any]:
    def apply(*arys: Any) -> Any:
        found = [_filled(rank)(a) for a in arys]
        return found[0] if len(found) == 1 else found

    return named(apply, f"atleast_{rank}d", f"Arrays with {rank} axes or more.", __name__)


atleast_1d = _atleast(1)
atleast_2d = _atleast(2)
atleast_3d = _atleast(3)


def broadcast_to(array: Any, shape: Any) -> Any:
    """An array repeated to fill a shape."""
    return arrays.broadcast_to(asarray(array), arrays.reshape(shape, [-1]))


def broadcast_arrays(*args: Any, **kwargs: Any) -> Any:
    """Arrays repeated to one shape."""
    if kwargs.pop("subok", False) or kwargs:
        raise ValueError(explain("broadcast_arrays takes arrays only.", received=str(kwargs)))
    found = [asarray(a) for a in args]
    if len(found) < 2:
        return tuple(found)
    whole = arrays.shape(found[0])
    for x in found[1:]:
        whole = arrays.broadcast_dynamic_shape(whole, arrays.shape(x))
    return [arrays.broadcast_to(x, whole) for x in found]


def flip(m: Any, axis: Any = None) -> Any:
    """In reverse order along an axis, or along all of them."""
    x = asarray(m)
    rank = known_rank(x)
    return arrays.reverse(x, list(range(rank)) if axis is None else [place_of(axis, rank)])


def flipud(m: Any) -> Any:
    """Rows in reverse order."""
    return flip(m, 0)


def fliplr(m: Any) -> Any:
    """Columns in reverse order."""
    return flip(m, 1)


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """Elements moved along axes, those that fall off put in front; over the elements in a row without an axis."""
    x = asarray(a)
    if axis is not None:
        return arrays.roll(x, shift, axis)
    return arrays.reshape(arrays.roll(ravel(x), shift, 0), arrays.shape(x))


def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """Turned by 90 degrees, `k` times, in the plane of two axes."""
    x = asarray(m)
    first, second = (place_of(axis, known_rank(x)) for axis in axes)
    turns = k % 4
    if turns == 0:
        return x
    if turns == 2:
        return flip(flip(x, first), second)
    return swapaxes(flip(x, second), first, second) if turns == 1 else flip(swapaxes(x, first, second), second)


# Several arrays ------------------------------------------------------------------------------------------------------


def concatenate(arys: Any, axis: Any = 0) -> Any:
    """Arrays one behind the other."""
    parts = list(arys) if isinstance(arys, (list, tuple)) else [arys]
    if not parts:
        raise ValueError("concatenate needs at least one array.")
    return arrays.concat(together(*parts), axis)


def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """Values behind an array; both in a row where there is no axis."""
    return concatenate([ravel(arr), ravel(values)]) if axis is None else concatenate([arr, values], axis)


def stack(arrays: Any, axis: Any = 0) -> Any:
    """Arrays of one shape along a new axis."""
    return _stacked(arrays, axis)


def _stacked(parts: Any, axis: Any) -> Any:
    if not isinstance(parts, (list, tuple)):
        return asarray(parts) if axis == 0 else swapaxes(parts, 0, axis)
    return arrays.stack(together(*parts), axis)


def hstack(tup: Any) -> Any:
    """Arrays side by side: along the second axis, or the first of vectors."""
    parts = together(*map(atleast_1d, tup))
    return arrays.concat(parts, 0 if known_rank(parts[0]) == 1 else 1)


def vstack(tup: Any) -> Any:
    """Arrays one below the other; a vector is a row."""
    return arrays.concat(together(*map(atleast_2d, tup)), 0)


def dstack(tup: Any) -> Any:
    """Arrays behind one another, along the third axis."""
    return arrays.concat(together(*map(atleast_3d, tup)), 2)


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Parts along an axis: so many of one size, or between places."""
    x = asarray(ary)
    if isinstance(indices_or_sections, int):
        return arrays.split(x, indices_or_sections, axis=axis)
    whole = int(x.shape[axis])
    bounds = [0, *(min(int(place), whole) for place in indices_or_sections), whole]
    counts = [after - before for before, after in itertools.pairwise(bounds)]
    if min(counts) < 0:
        raise ValueError(explain("split: places must not go back.", received=str(list(indices_or_sections))))
    return arrays.split(x, counts, axis=axis)


def _split_along(name: str, axis: int) -> Callable[..., Any]:
    def apply(ary: Any, indices_or_sections: Any) -> Any:
        x = asarray(ary)
        along = 0 if axis == 1 and known_rank(x) == 1 else axis
        if isinstance(indices_or_sections, int) and int(x.shape[along]) % indices_or_sections:
            raise ValueError(explain(f"{name}: the parts would not be of one size.",
                                     received=f"{int(x.shape[along])} in {indices_or_sections} parts"))  # fmt: skip
        return split(x, indices_or_sections, along)

    return named(apply, name, f"`split` along axis {axis}.", __name__)


vsplit = _split_along("vsplit", 0)
hsplit = _split_along("hsplit", 1)
dsplit = _split_along("dsplit", 2)


# Elements ------------------------------------------------------------------------------------------------------------


def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    """Each element several times."""
    return arrays.repeat(asarray(a), asarray(repeats), axis)


def tile(a: Any, reps: Any) -> Any:
    """The whole array several times along each axis."""
    x = array(a)
    counts = [int(n) for n in np.reshape(reps, [-1])] if not frontdoor.is_tensor_like(reps) else \
        [int(n) for n in arrays.reshape(reps, [-1])]  # fmt: skip
    x = with_axes(x, len(counts))
    return arrays.tile(x, [1] * (known_rank(x) - len(counts)) + counts)


def pad(array: Any, pad_width: Any, mode: str, **kwargs: Any) -> Any:
    """More elements at both ends of each axis: `"constant"`, `"reflect"` or `"symmetric"`."""
    if mode not in ("constant", "reflect", "symmetric"):
        raise ValueError(explain("pad: `mode` is 'constant', 'reflect' or 'symmetric'.", received=repr(mode)))
    x = asarray(array)
    return arrays.pad(x, asarray(pad_width, np.int32), mode.upper(), kwargs.get("constant_values", 0))


def nonzero(a: Any) -> Any:
    """Where elements are not zero: an index vector for each axis."""
    x = atleast_1d(a)
    return arrays.unstack(arrays.where(cast_to(x, dtypes.bool_)), known_rank(x), axis=1)


def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "clip") -> Any:
    """Elements by their places along an axis; places outside are clipped, or wrapped around.

    Raises:
        ValueError: For `mode="raise"` or `out`.
    """
    if out is not None or mode not in ("clip", "wrap"):
        raise ValueError(explain("take: `mode` is 'clip' or 'wrap', and there is no `out`.", received=repr(mode)))
    x, places = asarray(a), asarray(indices)
    if axis is None:
        x, axis = ravel(x), 0
    count = arrays.shape(x, places.dtype)[axis]
    if mode == "clip":
        places = math.clip_by_value(places, arrays.zeros([], places.dtype), count - 1)
    else:
        places = math.floormod(places, count)
    return arrays.gather(x, places, axis=axis)


def take_along_axis(arr: Any, indices: Any, axis: Any) -> Any:
    """Elements whose place along an axis an array of indices gives; the other axes broadcast."""
    x, places = asarray(arr), asarray(indices)
    if axis is None:
        x, axis = ravel(x), 0
    rank = known_rank(x)
    axis = place_of(axis, rank)
    x, places = swapaxes(x, axis, -1), swapaxes(places, axis, -1)
    whole = arrays.broadcast_dynamic_shape(arrays.shape(x)[:-1], arrays.shape(places)[:-1])
    x = arrays.broadcast_to(x, arrays.concat([whole, arrays.shape(x)[-1:]], 0))
    places = arrays.broadcast_to(places, arrays.concat([whole, arrays.shape(places)[-1:]], 0))
    count = arrays.shape(x, places.dtype)[-1]
    places = arrays.where(math.less(places, arrays.zeros([], places.dtype)), places + count, places)
    return swapaxes(arrays.gather(x, places, axis=-1, batch_dims=rank - 1), axis, -1)


def compress(condition: Any, a: Any, axis: Any = None) -> Any:
    """The slices along an axis for which a vector says yes.

    Raises:
        ValueError: Where the condition is no vector.
    """
    chosen, x = asarray(condition, np.bool_), asarray(a)
    if known_rank(chosen) != 1:
        raise ValueError(explain("compress: `condition` must be a vector.", received=str(chosen.shape)))
    if axis is None or known_rank(x) == 0:
        x, axis = ravel(x), 0
    axis = place_of(axis, known_rank(x))
    missing = int(x.shape[axis]) - int(chosen.shape[0])
    if missing > 0:
        chosen = arrays.concat([chosen, arrays.zeros([missing], dtypes.bool_)], 0)
    return arrays.boolean_mask(x, chosen, axis=axis)


def sort(a: Any, axis: Any = -1, kind: str = "quicksort", order: Any = None) -> Any:
    """Elements in order along an axis; all of them in a row where it is None."""
    if kind != "quicksort" or order is not None:
        raise ValueError(explain("sort: `kind` is 'quicksort', and there is no `order`.", received=repr(kind)))
    x = asarray(a)
    return ordering.sort(ravel(x), 0) if axis is None else ordering.sort(x, axis)


def argsort(a: Any, axis: Any = -1, kind: str = "quicksort", order: Any = None) -> Any:
    """The places of the elements in order."""
    if kind not in ("quicksort", "stable") or order is not None:
        raise ValueError(explain("argsort: `kind` is 'quicksort' or 'stable'.", received=repr(kind)))
    x = asarray(a)
    if x.dtype.is_complex:
        raise TypeError(explain("argsort: complex numbers have no order.", received=x.dtype.name))
    if known_rank(x) == 0:
        return arrays.constant([0], dtypes.int64)
    x, axis = (ravel(x), 0) if axis is None else (x, axis)
    return cast_to(ordering.argsort(x, axis, stable=kind == "stable"), dtypes.int64)

