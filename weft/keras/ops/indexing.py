"""Functions that look values up, sort them, count them or write some of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain, op
from weft.keras import config
from weft.keras.core.conversion import cast, convert_to_tensor
from weft.keras.core.dtypes import is_float, result_type, standardize_dtype
from weft.keras.ops.promotion import alike, dtype_of, place_of, shape_of, size_of
from weft.keras.ops.records import FUNCTIONS, operation


def _from_front(indices: Any, size: Any) -> Any:
    """Indices of which negative ones count from the end."""
    indices = convert_to_tensor(indices)
    if indices.dtype == "bool" or is_float(indices.dtype):
        indices = tf.cast(indices, "int32")
    if standardize_dtype(indices.dtype).startswith("u"):
        return indices
    return tf.where(indices < 0, indices + tf.cast(size, indices.dtype), indices)


@operation("numpy")
def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Slices along an axis by their numbers; values of the flat tensor where `axis` is None.

    Args:
        x: Any shape.
        indices: Integers of any shape; negative ones count from the end.
        axis: The axis.

    Returns:
        `x` with the shape of the indices in the place of the axis.
    """
    x = convert_to_tensor(x)
    if axis is None:
        x, axis = tf.reshape(x, [-1]), 0
    axis = place_of(axis, x.shape.rank)
    found = _from_front(indices, size_of(x, axis))
    if isinstance(found, tf.RaggedTensor) and axis:
        return _take_ragged(x, found, axis)
    return tf.gather(x, found, axis=axis)


def _take_ragged(x: Any, indices: Any, axis: int) -> Any:
    """Slices along an axis behind the first by ragged numbers, a ragged tensor."""
    around = x.shape[:axis]
    if None in around:
        raise ValueError(explain(
            "take: with ragged indices the sizes before the axis must be known.",
            received=f"x {x.shape}, axis {axis}", hint="use keras.ops.vectorized_map over the batch",
        ))  # fmt: skip
    times = math.prod(around)
    slices = tf.gather(tf.reshape(x, [times, *shape_of(x)[axis:]]), indices.flat_values, axis=1)
    slices = tf.reshape(slices, tf.concat([[-1], tf.shape(slices)[2:]], 0))
    found = tf.concat([indices] * times, axis=0).with_flat_values(slices)
    for size in [*around[1:], indices.shape[0]][::-1]:
        found = tf.RaggedTensor.from_uniform_row_length(found, size)
    return found


@operation("numpy")
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """One value of each line along an axis for each index; of the flat tensor where `axis` is None.

    Args:
        x: Any shape.
        indices: Integers whose other axes broadcast with those of `x`; negative ones count from the end.
        axis: The axis.
    """
    x = convert_to_tensor(x)
    if axis is None:
        return tf.gather(tf.reshape(x, [-1]), _from_front(indices, tf.size(x)))
    place = place_of(axis, x.shape.rank)
    indices = _from_front(indices, size_of(x, place))
    sizes, wanted = shape_of(x), shape_of(indices)
    common = [_wider(a, b) for a, b in zip(sizes, wanted)]
    x = tf.broadcast_to(x, [*common[:place], sizes[place], *common[place + 1 :]])
    indices = tf.broadcast_to(indices, [*common[:place], wanted[place], *common[place + 1 :]])
    return op("take_along_axis", x, indices, axis=place)


def _wider(one: Any, other: Any) -> Any:
    """The size to which two sizes broadcast; of two that only a run knows the second, for they are equal then."""
    if isinstance(one, int) and (one != 1 or not isinstance(other, int)):
        return other if one == 1 else one
    return other


@operation("numpy")
def get_item(x: Any, key: Any) -> Any:
    """`x[key]`."""
    return convert_to_tensor(x)[tuple(key) if isinstance(key, list) else key]


@operation("numpy")
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, x2 elsewhere; without both, the places where it holds.

    Args:
        condition: Booleans, or numbers that are not 0.
        x1: Values, a number or a tensor.
        x2: Values, a number or a tensor.

    Returns:
        The values; without x1 and x2, one int32 vector an axis, as `nonzero`.
    """
    if (x1 is None) != (x2 is None):
        raise ValueError(explain(
            "where: `x1` and `x2` either both should be `None` or both be given.", received=f"x1={x1!r}, x2={x2!r}"
        ))  # fmt: skip
    if x1 is None:
        return FUNCTIONS["nonzero"](condition)
    x1, x2 = alike(x1, x2)
    return tf.where(tf.cast(convert_to_tensor(condition), "bool"), x1, x2)


@operation("numpy")
def nonzero(x: Any) -> Any:
    """Where values are not 0: one int32 vector an axis."""
    x = convert_to_tensor(x)
    return list(tf.unstack(tf.cast(tf.where(tf.cast(x, "bool")), "int32"), num=x.shape.rank, axis=-1))


@operation("numpy")
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The value of the first condition that holds; `default` where none does.

    Args:
        condlist: Booleans, a list of tensors.
        choicelist: As many tensors of values.
        default: A number or a tensor.
    """
    if len(condlist) != len(choicelist):
        raise ValueError(explain(
            "select: as many conditions are needed as choices.", received=f"{len(condlist)} and {len(choicelist)}"
        ))  # fmt: skip
    common = result_type(*(dtype_of(v) if hasattr(v, "dtype") else type(v) for v in (*choicelist, default)))
    found = convert_to_tensor(default, common)
    for condition, choice in zip(reversed(condlist), reversed(choicelist)):
        found = tf.where(tf.cast(convert_to_tensor(condition), "bool"), convert_to_tensor(choice, common), found)
    return found


# Sorting -------------------------------------------------------------------------------------------------------------


def _sortable(x: Any) -> tuple[Any, bool]:
    x = convert_to_tensor(x)
    return (tf.cast(x, "uint8"), True) if x.dtype == "bool" else (x, False)


@operation("numpy")
def sort(x: Any, axis: int | None = -1) -> Any:
    """The values in rising order along an axis (of the flat tensor where None)."""
    x, boolean = _sortable(x)
    found = tf.sort(tf.reshape(x, [-1]), axis=0) if axis is None else tf.sort(x, axis=axis)
    return tf.cast(found, "bool") if boolean else found


@operation("numpy")
def argsort(x: Any, axis: int | None = -1) -> Any:
    """The numbers of the values in rising order along an axis (of the flat tensor where None), int32."""
    x, _ = _sortable(x)
    if x.shape.rank == 0:
        return tf.zeros_like(x, "int32")
    found = tf.argsort(tf.reshape(x, [-1]), axis=0) if axis is None else tf.argsort(x, axis=axis)
    return tf.cast(found, "int32")


@operation("numpy")
def argpartition(x: Any, kth: int, axis: int | None = -1) -> Any:
    """Numbers of the values along an axis: those before place `kth` are of values not greater than the one there."""
    if not isinstance(kth, (int, np.integer)):
        raise ValueError(explain("argpartition: `kth` must be an integer.", received=repr(kth)))
    if axis is None:
        x, axis = tf.reshape(convert_to_tensor(x), [-1]), 0
    return FUNCTIONS["argsort"](x, axis)


@operation("numpy")
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Where values would be put into a sorted vector: int32, int64 where only a run knows how long that is.

    Args:
        sorted_sequence: `[n]`, rising.
        values: Any shape.
        side: Before ("left") or behind ("right") equal values.
    """
    sequence, values = alike(sorted_sequence, values, weak=False)
    if sequence.shape.rank != 1:
        raise ValueError(explain("searchsorted: the sorted sequence must be a vector.", received=str(sequence.shape)))
    found = tf.searchsorted(sequence, tf.reshape(values, [-1]), side=side)
    return tf.reshape(tf.cast(found, "int64" if sequence.shape[0] is None else "int32"), tf.shape(values))


@operation("numpy")
def digitize(x: Any, bins: Any) -> Any:
    """The number of the interval that each value lies in, int32: i where bins[i - 1] ≤ x < bins[i]."""
    x, bins = alike(x, bins, weak=False, rule="number")
    return tf.cast(FUNCTIONS["searchsorted"](bins, x, side="right"), "int32")


@operation("math")
def top_k(x: Any, k: int, sorted: bool = True) -> Any:
    """The k greatest values along the last axis, and where they are (int32)."""
    found = tf.math.top_k(convert_to_tensor(x), k, sorted=sorted)
    return found.values, found.indices


@operation("math")
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether the value at each target is among the k greatest of its row; ties count as among them."""
    return tf.math.in_top_k(tf.cast(convert_to_tensor(targets), "int64"), convert_to_tensor(predictions), k)


# Sets and counts -----------------------------------------------------------------------------------------------------


@operation("numpy")
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Where values of x1 are among those of x2; with `invert`, where they are not."""
    x1, x2 = alike(x1, x2, weak=False)
    x1, x2 = (tf.cast(x, "int32") if x.dtype == "bool" else x for x in (x1, x2))
    found = tf.reduce_any(tf.equal(x1[..., None], tf.reshape(x2, [-1])), axis=-1)
    return ~found if invert else found


@operation("numpy")
def unique(
    x: Any, sorted: bool = True, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, size: int | None = None, fill_value: Any = None,
) -> Any:  # fmt: skip
    """The different values.

    Args:
        x: Any shape.
        sorted: Whether they come in rising order; else in the order in which they occur.
        return_index: Whether where each occurs first is returned, too.
        return_inverse: Whether the number that each value has among them is returned, too.
        return_counts: Whether how often each occurs is returned, too.
        axis: Slices along this axis are compared; None compares values.
        size: How many are returned: the first ones, or filled up.
        fill_value: What fills up; 0 by default.

    Returns:
        The values; with any of the three, a tuple.
    """
    x = convert_to_tensor(x)
    lines = tf.reshape(x, [-1, 1]) if axis is None else FUNCTIONS["moveaxis"](x, axis, 0)
    rest = shape_of(lines)[1:]
    count = size_of(lines, 0)
    table = tf.reshape(lines, [count, -1])
    order = _lexicographic(table)
    ranked = tf.gather(table, order)
    new = tf.concat([tf.ones([1], "bool"), tf.reduce_any(tf.not_equal(ranked[1:], ranked[:-1]), axis=1)], 0)[:count]
    group = tf.cumsum(tf.cast(new, "int32")) - 1
    inverse = tf.scatter_nd(order[:, None], group, [count])
    first = tf.boolean_mask(order, new)
    counts = op("unsorted_segment_sum", tf.ones_like(inverse), inverse, tf.size(first))
    if not sorted:
        first, inverse, counts = _as_met(first, inverse, counts)
    return _unique_results(lines, rest, first, inverse, counts, axis, size, fill_value, x,
                           (return_index, return_inverse, return_counts))  # fmt: skip


def _lexicographic(table: Any) -> Any:
    """The order of rows by their first value, then the second, …; equal rows stay in their order."""
    order = tf.range(size_of(table, 0))
    for column in range(int(table.shape[1]) - 1, -1, -1):
        values, _ = _sortable(tf.gather(table[:, column], order))
        order = tf.gather(order, tf.argsort(values, stable=True))
    return tf.cast(order, "int32")


def _as_met(first: Any, inverse: Any, counts: Any) -> tuple[Any, Any, Any]:
    met = tf.argsort(first)
    renamed = tf.scatter_nd(tf.cast(met, "int32")[:, None], tf.range(tf.size(met)), tf.shape(met))
    return tf.gather(first, met), tf.gather(renamed, inverse), tf.gather(counts, met)


def _unique_results(
    lines: Any, rest: Any, first: Any, inverse: Any, counts: Any, axis: Any, size: Any, fill: Any, x: Any, wanted: Any
) -> Any:
    values = tf.gather(lines, first)
    if size is not None:
        more = tf.maximum(size - tf.size(first), 0)
        filling = tf.broadcast_to(tf.cast(fill or 0, values.dtype), [1, *rest])
        values = tf.reshape(tf.concat([values[:size], tf.repeat(filling, more, axis=0)], 0), [size, *rest])
        first = tf.reshape(tf.concat([first[:size], tf.ones([more], first.dtype)], 0), [size])  # 1 as Keras has it
        counts = tf.reshape(tf.concat([counts[:size], tf.zeros([more], counts.dtype)], 0), [size])
    values = tf.reshape(values, [-1]) if axis is None else FUNCTIONS["moveaxis"](values, 0, axis)
    inverse = tf.reshape(inverse, tf.shape(x)) if axis is None else inverse
    extra = [part for part, asked in zip((first, inverse, counts), wanted) if asked]
    return (values, *(tf.cast(part, "int32") for part in extra)) if extra else values


@operation("numpy")
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """How often each of 0, 1, 2, … occurs along the last axis.

    Args:
        x: Integers not below 0, `[n]` or `[batch, n]`.
        weights: What each occurrence counts; 1 by default.
        minlength: The least size of the result.
        sparse: Whether the result is a sparse tensor.

    Returns:
        `[size]` or `[batch, size]`; int32, with weights their dtype.
    """
    if isinstance(x, tf.SparseTensor):  # places without a number count for nothing
        if weights is None:
            weights = tf.ones_like(x.values, "int32")
        elif isinstance(weights, tf.SparseTensor):
            weights = weights.values
        weights = tf.sparse.to_dense(tf.SparseTensor(x.indices, weights, x.dense_shape))
        return tf.sparse.from_dense(FUNCTIONS["bincount"](tf.sparse.to_dense(x), weights, minlength))
    if sparse:
        return tf.sparse.from_dense(FUNCTIONS["bincount"](x, weights, minlength))
    x = tf.cast(convert_to_tensor(x), "int32")
    kind = "int32"
    if weights is not None:
        weights = convert_to_tensor(weights)
        kind = standardize_dtype(weights.dtype)
        kind = "int32" if kind == "bool" else kind
        weights = cast(weights, kind)
    size = tf.maximum(tf.reduce_max(tf.concat([tf.reshape(x, [-1]), [-1]], 0)) + 1, minlength)
    marks = tf.cast(tf.equal(x[..., None], tf.range(size)), kind)
    if weights is not None:
        marks = marks * weights[..., None]
    return tf.reduce_sum(marks, axis=-2)


@operation("numpy")
def histogram(x: Any, bins: int = 10, range: Any = None) -> Any:
    """How many values lie in each of so many equal intervals.

    Args:
        x: `[n]`.
        bins: The number of intervals.
        range: The pair (least, greatest); that of the values by default.

    Returns:
        The pair (counts `[bins]`, edges `[bins + 1]`).
    """
    if not isinstance(bins, int) or bins < 0:
        raise ValueError(explain(
            "histogram: Argument `bins` should be a non-negative integer.", received=repr(bins)
        ))  # fmt: skip
    if range is not None and len(range) < 2:
        raise ValueError(explain("histogram: Argument `range` must be a tuple of two elements.", received=repr(range)))
    if range is not None and range[1] < range[0]:
        raise ValueError(explain(
            "histogram: The second element of `range` must be greater than the first.", received=repr(range)
        ))  # fmt: skip
    x = convert_to_tensor(x)
    if x.shape.rank is not None and x.shape.rank > 1:
        raise ValueError(explain(
            "histogram: Input tensor must be 1-dimensional.", received=f"shape {x.shape}",
            hint="keras.ops.ravel(x) has one axis",
        ))  # fmt: skip
    x = tf.reshape(x, [-1])
    if x.dtype == "bool":
        x = tf.cast(x, "int32")
    counting = x.dtype if x.dtype.size >= 4 else "int32"  # narrow dtypes cannot hold large counts
    x = x if is_float(x.dtype) else cast(x, config.floatx())
    low, high = (tf.reduce_min(x), tf.reduce_max(x)) if not range else (tf.cast(edge, x.dtype) for edge in range)
    same = tf.equal(low, high)
    half = tf.cast(0.5, x.dtype)
    low, high = tf.where(same, low - half, low), tf.where(same, high + half, high)
    edges = FUNCTIONS["linspace"](low, high, num=bins + 1)
    inside = tf.boolean_mask(x, tf.logical_and(x >= low, x <= high))
    places = tf.minimum(tf.searchsorted(edges, inside, side="right") - 1, bins - 1)
    counts = op("unsorted_segment_sum", tf.ones_like(places), places, tf.constant(bins))
    return tf.ensure_shape(cast(counts, counting), [bins]), edges


@operation("numpy")
def unravel_index(indices: Any, shape: Any) -> Any:
    """The coordinates of places in the flat tensor of a shape: one tensor an axis."""
    indices = convert_to_tensor(indices)
    if isinstance(shape, int):
        shape = (shape,)
    indices = _from_front(indices, math.prod(shape))
    found = []
    for size in reversed(tuple(shape)):
        found.append(tf.math.floormod(indices, tf.cast(size, indices.dtype)))
        indices = tf.math.floordiv(indices, tf.cast(size, indices.dtype))
    return tuple(reversed(found))


@operation("nn")
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """1 at the place of each class number along a new axis, 0 elsewhere; nothing but 0 for -1.

    Args:
        x: Integers of any shape.
        num_classes: The size of the new axis.
        axis: Where it stands.
        dtype: Of the result; the default float by default.
        sparse: Whether the result is a sparse tensor.
    """
    if sparse:
        return tf.sparse.from_dense(FUNCTIONS["one_hot"](x, num_classes, axis, dtype))
    x = convert_to_tensor(x)
    if standardize_dtype(x.dtype) not in ("uint8", "int32", "int64"):
        x = tf.cast(x, "int64")
    kind = standardize_dtype(dtype or config.floatx())
    if kind == "bool":
        return tf.cast(tf.one_hot(x, num_classes, axis=axis, dtype="uint8"), "bool")
    return tf.one_hot(x, num_classes, axis=axis, dtype=kind)


@operation("nn")
def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False, **kwargs: Any
) -> Any:
    """1 at the place of every class number of a row.

    Args:
        inputs: Integers `[n]` or `[batch, n]`.
        num_classes: The size of the new axis.
        axis: Where it stands.
        dtype: Of the result; the default float by default.
        sparse: Whether the result is a sparse tensor.
        **kwargs: `num_tokens`, the older name of `num_classes`.

    Returns:
        `[num_classes]` or `[batch, num_classes]`.
    """
    if sparse:
        return tf.sparse.from_dense(FUNCTIONS["multi_hot"](inputs, num_classes, axis, dtype, **kwargs))
    num_classes = kwargs.get("num_tokens", num_classes)
    if num_classes is None:
        raise ValueError(explain("multi_hot: `num_classes` is missing.", hint="pass num_classes=n"))
    inputs = convert_to_tensor(inputs)
    along = 1 if inputs.shape.rank > 1 else 0
    return FUNCTIONS["max"](FUNCTIONS["one_hot"](tf.cast(inputs, "int32"), num_classes, axis, dtype), axis=along)


# Slices and single places --------------------------------------------------------------------------------------------


def _starts(start_indices: Any) -> Any:
    if isinstance(start_indices, (list, tuple)) and all(isinstance(n, (int, np.integer)) for n in start_indices):
        return [int(n) for n in start_indices]
    return tf.cast(convert_to_tensor(start_indices), "int32")


@operation("core")
def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """The part of a tensor that begins at some place and has some shape.

    Args:
        inputs: Any shape.
        start_indices: One integer an axis.
        shape: The sizes of the part; -1 goes to the end.
    """
    inputs, sizes = convert_to_tensor(inputs), list(shape)
    if len(sizes) != inputs.shape.rank:
        raise ValueError(explain(
            "slice: the number of dimensions in `inputs` must match the number of dimensions in `shape`.",
            received=f"inputs {inputs.shape}, shape {tuple(sizes)}",
        ))  # fmt: skip
    if isinstance(start_indices, (tuple, list)) and len(start_indices) != inputs.shape.rank:
        raise ValueError(explain(
            "slice: the number of dimensions in `start_indices` must match the number of dimensions in `inputs`.",
            received=f"start_indices {tuple(start_indices)}, inputs {inputs.shape}",
        ))  # fmt: skip
    found = tf.slice(inputs, _starts(start_indices), sizes)
    if None in found.shape:  # where the start is not known, the sizes still are
        known = [one if isinstance(one, int) and one >= 0 else size for one, size in zip(sizes, found.shape)]
        found.set_shape(known)
    return found


@operation("core")
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """A tensor with a part of it, that begins at some place, replaced."""
    inputs = convert_to_tensor(inputs)
    updates = cast(convert_to_tensor(updates), inputs.dtype)
    starts = tf.unstack(tf.cast(convert_to_tensor(start_indices), "int32"), num=inputs.shape.rank)
    return op("dynamic_update_slice", inputs, updates, *starts)


@operation("core")
def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """A tensor of zeros with values added at some places.

    Args:
        indices: `[n, k]`, the first k coordinates of each place.
        values: `[n, ...]`.
        shape: That of the result.
    """
    return tf.scatter_nd(tf.cast(convert_to_tensor(indices), "int32"), convert_to_tensor(values), shape)


_REDUCTIONS = {None: "update", "add": "add", "max": "max", "min": "min", "mul": "mul"}


@operation("core")
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """A tensor with values at some places replaced, or combined with what is there.

    Args:
        inputs: Any shape.
        indices: `[n, k]`, the first k coordinates of each place.
        updates: `[n, ...]`.
        reduction: None replaces; "add", "max", "min" or "mul" combine.
    """
    if reduction not in _REDUCTIONS:
        raise ValueError(explain(
            f"scatter_update: `reduction` is {reduction!r}.", expected="None, 'add', 'max', 'min' or 'mul'"
        ))  # fmt: skip
    inputs = convert_to_tensor(inputs)
    updates = cast(convert_to_tensor(updates), inputs.dtype)
    indices = tf.cast(convert_to_tensor(indices), "int32")
    return op("tensor_scatter_" + _REDUCTIONS[reduction], inputs, indices, updates)
