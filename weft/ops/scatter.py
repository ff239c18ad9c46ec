"""Elements by index tuples: gather_nd, scatters into zeros and into tensors, and one index an element along an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.base.dims import Dim
from weft.ir.types import TensorType
from weft.ops.axes import INDICES, axis_of, check_indices, same_shape, same_size, shape_of
from weft.ops.families import in_float32, quiet
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, nondifferentiable, register

if TYPE_CHECKING:
    from weft.base.dims import Shape

# Index tuples --------------------------------------------------------------------------------------------------------


def _slots(x: Shape, indices: Shape, batch_dims: int = 0) -> Shape | None:
    """The shape of what `gather_nd` takes from x; None where the length of the index tuples is not known.

    Raises:
        SpecError: Where indices do not fit x.
    """
    if not indices:
        raise SpecError("`indices` is a scalar", expected="index tuples along its last axis")
    depth = indices[-1]
    if not 0 <= batch_dims < len(indices) or batch_dims > len(x):
        raise SpecError(f"batch_dims {batch_dims} is out of range for indices of rank {len(indices)}")
    front = same_shape(x[:batch_dims], indices[:batch_dims])
    if front is None:
        raise SpecError(f"shape {shapes.show(x)} and indices of shape {shapes.show(indices)} differ in their first "
                        f"{batch_dims} axes", expected="equal batch axes")  # fmt: skip
    if isinstance(depth, Dim):
        return None
    if batch_dims + depth > len(x):
        raise SpecError(f"index tuples of length {depth} are too long for shape {shapes.show(x)}",
                        expected=f"at most {len(x) - batch_dims} along the last axis of `indices`")  # fmt: skip
    return (*front, *indices[batch_dims:-1], *x[batch_dims + depth :])


def _flat_indices(x: tuple[int, ...], indices: Any, batch_dims: int) -> Any:
    """For each index tuple the number of its slice among all slices of x.

    Raises:
        IndexError: With the first tuple that is out of range, its position and what is allowed.
    """
    depth = indices.shape[-1]
    sizes = np.array(x[batch_dims : batch_dims + depth], np.int64)
    wrong = np.any((indices < 0) | (indices >= sizes), axis=-1)
    if np.any(wrong):
        bad = np.argwhere(wrong)[0]
        allowed = ", ".join(f"0 to {n - 1}" if n else "none" for n in sizes.tolist())
        raise IndexError(f"`indices` holds {indices[tuple(bad)].tolist()} at position {bad.tolist()}, which is out of "
                         f"range for shape {shapes.show(x)} (allowed: {allowed})")  # fmt: skip
    steps = np.cumprod([1, *sizes[:0:-1].tolist()])[::-1] if depth else np.zeros((0,), np.int64)
    flat = indices.astype(np.int64) @ steps.astype(np.int64) if depth else np.zeros(indices.shape[:-1], np.int64)
    batch = x[:batch_dims]
    if batch:
        count = int(np.prod(sizes))
        offsets = np.arange(int(np.prod(batch))).reshape(batch) * count
        flat = flat + offsets.reshape(*batch, *(1,) * (flat.ndim - len(batch)))
    return flat


def _rows(x: Any, depth: int, batch_dims: int) -> Any:
    """x with its batch and indexed axes as one, and the rest as one."""
    cut = batch_dims + depth
    return x.reshape(int(np.prod(x.shape[:cut], dtype=np.int64)), int(np.prod(x.shape[cut:], dtype=np.int64)))


def _gather_nd(x: Any, indices: Any, batch_dims: int) -> Any:
    try:
        shape = _slots(x.shape, indices.shape, batch_dims)
    except SpecError as error:  # sizes that were not known when the graph was built
        raise ValueError(error.problem) from None
    flat = _flat_indices(x.shape, indices, batch_dims)
    return _rows(x, indices.shape[-1], batch_dims)[flat.reshape(-1)].reshape(shape)


register(
    OpDef(
        name="gather_nd",
        inputs=("x", "indices"),
        attrs={"batch_dims": 0},
        spec=lambda x, indices, batch_dims: TensorType(
            _slots(shape_of(x), shape_of(indices), batch_dims), x.dtype),
        reference=_gather_nd,
        dtypes=(dtypes.ALL, INDICES),
        same=(0,),
        vjp=lambda b, node, ct: (
            b.scatter_nd(node.inputs[1], ct, shape=b.shape(node.inputs[0]), **node.attrs), None),
        jvp=lambda b, node, t, _: (b.gather_nd(t, node.inputs[1], **node.attrs),),
        doc="The slices (or elements) of x at index tuples, which lie along the last axis of indices.",
        cases=(
            case((3, 4), np.array([[0, 1], [2, 3], [0, 1]], np.int32)),
            case((3, 4), np.array([[[2]], [[0]]], np.int64)),
            case((2, 3, 2), np.array([[[2], [0]], [[1], [1]]], np.int32), batch_dims=1),
            case((2,), np.zeros((3, 0), np.int32)),
            case((3, 2), np.zeros((0, 1), np.int32)),
        ),
    )
)  # fmt: skip


def _scatter_nd_spec(indices: TensorType, updates: TensorType, *, shape: Shape, batch_dims: int) -> TensorType:
    part = _slots(tuple(shape), shape_of(indices), batch_dims)
    if part is not None and same_shape(part, shape_of(updates)) is None:
        raise SpecError(f"`updates` has shape {shapes.show(updates.shape)}", expected=shapes.show(part))
    return TensorType(tuple(shape), updates.dtype)


def _scatter_nd(indices: Any, updates: Any, shape: tuple[int, ...], batch_dims: int) -> Any:
    return _scatter(np.zeros(shape, updates.dtype), indices, updates, np.add, batch_dims)


def _scatter(x: Any, indices: Any, updates: Any, combine: Any, batch_dims: int = 0) -> Any:
    """x, which is changed, with each update combined into its slice, in order; overwritten where combine is None."""
    part = _slots(x.shape, indices.shape, batch_dims)
    if part != updates.shape:
        raise ValueError(f"`updates` has shape {shapes.show(updates.shape)} (expected {shapes.show(part)})")
    flat = _flat_indices(x.shape, indices, batch_dims).reshape(-1)
    rows = _rows(x, indices.shape[-1], batch_dims)
    values = updates.reshape(len(flat), rows.shape[1])
    if combine is None:
        rows[flat] = values
    else:
        combine.at(rows, flat, values)
    return rows.reshape(x.shape)


register(
    OpDef(
        name="scatter_nd",
        inputs=("indices", "updates"),
        attrs={"shape": REQUIRED, "batch_dims": 0},
        spec=_scatter_nd_spec,
        reference=in_float32(_scatter_nd),
        dtypes=(INDICES, dtypes.DENSE),
        same=(1,),
        vjp=lambda b, node, ct: (None, b.gather_nd(ct, node.inputs[0], batch_dims=node.attrs["batch_dims"])),
        jvp=lambda b, node, _, t: (b.scatter_nd(node.inputs[0], t, **node.attrs),),
        doc="Zeros of a shape with updates added to the slices at index tuples; tuples may recur.",
        cases=(
            case(np.array([[0, 1], [2, 3], [0, 1]], np.int32), (3,), shape=(3, 4)),
            case(np.array([[2], [0]], np.int64), (2, 2), shape=(3, 2)),
            case(np.array([[[2], [0]], [[1], [1]]], np.int32), (2, 2, 2), shape=(2, 3, 2), batch_dims=1),
            case(np.zeros((3, 0), np.int32), (3, 2), shape=(2,)),
        ),
    )
)


def _tensor_scatter_spec(x: TensorType, indices: TensorType, updates: TensorType) -> TensorType:
    part = _slots(shape_of(x), shape_of(indices))
    if part is not None and same_shape(part, shape_of(updates)) is None:
        raise SpecError(f"`updates` has shape {shapes.show(updates.shape)}", expected=shapes.show(part))
    return x


def _tensor_scatter(name: str, combine: Any, vjp: Any, allowed: Any, doc: str, **extra: Any) -> None:
    def reference(x: Any, indices: Any, updates: Any) -> Any:
        return _scatter(x.copy(), indices, updates, combine)

    def jvp(b: Any, node: Any, t: Any, _: Any, u: Any) -> Sequence[Any]:
        return (b.call(name, t, node.inputs[1], u),)

    indices = np.array([[2], [0], [2]] if combine is not None else [[2], [0]], np.int32)
    cases = (
        case((3, 4), np.array([[0, 1], [2, 3]], np.int32), (2,)),
        case((3, 2), indices, (len(indices), 2)),
        case((3, 2), np.zeros((0, 1), np.int64), (0, 2)),
    )
    register(
        OpDef(
            name=name,
            inputs=("x", "indices", "updates"),
            spec=_tensor_scatter_spec,
            reference=quiet(in_float32(reference)) if combine is not None else reference,
            dtypes=(allowed, INDICES, allowed),
            same=(0, 2),
            vjp=vjp,
            jvp=jvp if combine in (None, np.add, np.subtract) else None,
            doc=doc,
            **{"cases": cases, **extra},
        )  # fmt: skip
    )


def _update_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    _, indices, updates = node.inputs
    return (
        b.tensor_scatter_update(ct, indices, b.zeros_like(updates)) if node.needs[0] else None,
        None,
        b.gather_nd(ct, indices) if node.needs[2] else None,
    )


def _sum_vjp(sign: str) -> Callable[..., Sequence[Any]]:
    def rule(b: Any, node: Any, ct: Any) -> Sequence[Any]:
        part = b.gather_nd(ct, node.inputs[1]) if node.needs[2] else None
        return ct, None, b.negative(part) if part is not None and sign == "-" else part

    return rule


def _extreme_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    """The cotangent goes to what made it into the result, in equal parts where several did."""
    x, indices, updates = node.inputs
    result = node.outputs[0]
    dtype = b.dtype(x)
    kept = b.cast(b.equal(x, result), dtype=dtype)
    won = b.cast(b.equal(updates, b.gather_nd(result, indices)), dtype=dtype)
    winners = b.add(kept, b.scatter_nd(indices, won, shape=b.shape(x)))
    share = b.divide(ct, winners)
    return b.multiply(share, kept), None, b.multiply(b.gather_nd(share, indices), won)


_tensor_scatter("tensor_scatter_update", None, _update_vjp, dtypes.ALL,
                "x with the slices at index tuples overwritten; the last of several wins.")  # fmt: skip
_tensor_scatter("tensor_scatter_add", np.add, _sum_vjp("+"), dtypes.NUMBERS,
                "x with updates added to the slices at index tuples.")  # fmt: skip
_tensor_scatter("tensor_scatter_sub", np.subtract, _sum_vjp("-"), dtypes.NUMBERS,
                "x with updates subtracted from the slices at index tuples.")  # fmt: skip
_tensor_scatter("tensor_scatter_max", np.maximum, _extreme_vjp, dtypes.REALS,
                "x with the greater of it and the updates at index tuples.")  # fmt: skip
_tensor_scatter("tensor_scatter_min", np.minimum, _extreme_vjp, dtypes.REALS,
                "x with the lesser of it and the updates at index tuples.")  # fmt: skip
_NOT_IN_TENSORFLOW = nondifferentiable("it serves updates of variables, through which no gradient flows")
_tensor_scatter("tensor_scatter_mul", np.multiply, _NOT_IN_TENSORFLOW, dtypes.NUMBERS,
                "x with the slices at index tuples multiplied by updates.")  # fmt: skip
_tensor_scatter("tensor_scatter_div", np.true_divide, _NOT_IN_TENSORFLOW, dtypes.FLOATS + dtypes.COMPLEX,
                "x with the slices at index tuples divided by updates.",
                cases=(case((3, 2), np.array([[2], [0], [2]], np.int32), (3, 2), domain=(0.5, 2.0)),))  # fmt: skip


# One index an element ------------------------------------------------------------------------------------------------


def _along(x: Shape, indices: Shape, axis: int) -> Shape:
    """The shape of `take_along_axis`: that of indices, sizes of 1 on other axes broadcast.

    Raises:
        SpecError: Where the shapes do not go together.
    """
    at = axis_of(axis, len(x))
    if len(x) != len(indices):
        raise SpecError(f"shapes {shapes.show(x)} and {shapes.show(indices)} differ in rank", expected="equal ranks")
    result = []
    for i, (a, b) in enumerate(zip(x, indices, strict=True)):
        size = b if i == at else dims.broadcast(a, b)
        if size is None:
            raise SpecError(f"shapes {shapes.show(x)} and {shapes.show(indices)} do not fit on axis {i}",
                            expected=f"sizes that broadcast on all axes but {at}")  # fmt: skip
        result.append(size)
    return tuple(result)


def _along_places(x: tuple[int, ...], indices: Any, axis: int) -> tuple[Any, ...]:
    """What to index an array of shape x with, to take or put one element for each index."""
    at = axis % len(x)
    check_indices(indices, x[at], what=f" for axis {at} of shape {shapes.show(x)}")
    whole = tuple(max(a, b) if 0 not in (a, b) else 0 for a, b in zip(x, indices.shape, strict=True))
    places = []
    for i, size in enumerate(x):
        if i == at:
            places.append(indices)
        else:
            line = np.arange(whole[i]) if size != 1 else np.zeros(whole[i], np.int64)
            places.append(line.reshape((-1,) + (1,) * (len(x) - 1 - i)))
    return tuple(places)


def _take_along_axis(x: Any, indices: Any, axis: int) -> Any:
    return x[_along_places(x.shape, indices, axis)]


register(
    OpDef(
        name="take_along_axis",
        inputs=("x", "indices"),
        attrs={"axis": -1},
        spec=lambda x, indices, axis: TensorType(_along(shape_of(x), shape_of(indices), axis), x.dtype),
        reference=_take_along_axis,
        dtypes=(dtypes.ALL, INDICES),
        same=(0,),
        vjp=lambda b, node, ct: (
            b.take_along_axis_grad(ct, node.inputs[1], shape=b.shape(node.inputs[0]), **node.attrs), None),
        jvp=lambda b, node, t, _: (b.take_along_axis(t, node.inputs[1], **node.attrs),),
        doc="For each index the element at it along an axis, at its own place on the other axes.",
        cases=(
            case((2, 4), np.array([[3, 0, 3], [1, 1, 0]], np.int32)),
            case((3, 2, 2), np.array([[[0, 2]]], np.int64), axis=0),
            case((1, 3), np.array([[0], [2]], np.int32), axis=1),
        ),
    )
)  # fmt: skip


def _take_along_grad_spec(ct: TensorType, indices: TensorType, *, shape: Shape, axis: int) -> TensorType:
    part = _along(tuple(shape), shape_of(indices), axis)
    if same_shape(part, shape_of(ct)) is None:
        raise SpecError(f"`ct` has shape {shapes.show(ct.shape)}", expected=shapes.show(part))
    return TensorType(tuple(shape), ct.dtype)


def _take_along_grad(ct: Any, indices: Any, shape: tuple[int, ...], axis: int) -> Any:
    total = np.zeros(shape, ct.dtype)
    np.add.at(total, _along_places(shape, indices, axis), ct)
    return total


register(
    OpDef(
        name="take_along_axis_grad",
        inputs=("ct", "indices"),
        attrs={"shape": REQUIRED, "axis": -1},
        spec=_take_along_grad_spec,
        reference=in_float32(_take_along_grad),
        dtypes=(dtypes.NUMBERS, INDICES),
        same=(0,),
        vjp=lambda b, node, ct: (b.take_along_axis(ct, node.inputs[1], axis=node.attrs["axis"]), None),
        jvp=lambda b, node, t, _: (b.take_along_axis_grad(t, node.inputs[1], **node.attrs),),
        doc="Zeros of a shape with elements added where `take_along_axis` would take them; its gradient.",
        cases=(
            case((2, 3), np.array([[3, 0, 3], [1, 1, 0]], np.int32), shape=(2, 4)),
            case((1, 2, 2), np.array([[[0, 2]]], np.int64), shape=(3, 2, 2), axis=0),
            case((2, 1), np.array([[0], [2]], np.int32), shape=(1, 3), axis=1),
        ),
    )
)


def _put_along_spec(x: TensorType, indices: TensorType, values: TensorType, *, axis: int) -> TensorType:
    at = axis_of(axis, len(shape_of(x)))
    if len(shape_of(indices)) != len(shape_of(x)):
        raise SpecError(f"shapes {shapes.show(x.shape)} and {shapes.show(indices.shape)} differ in rank")
    for i, (a, b) in enumerate(zip(shape_of(x), shape_of(indices), strict=True)):
        if i != at and same_size(a, b) is None:
            raise SpecError(f"shapes {shapes.show(x.shape)} and {shapes.show(indices.shape)} differ on axis {i}",
                            expected=f"equal sizes on all axes but {at}")  # fmt: skip
    if same_shape(shape_of(indices), shape_of(values)) is None:
        raise SpecError(f"`values` has shape {shapes.show(values.shape)}", expected=shapes.show(indices.shape))
    return x


def _put_along_axis(x: Any, indices: Any, values: Any, axis: int) -> Any:
    result = x.copy()
    result[_along_places(x.shape, indices, axis)] = values
    return result


def _put_along_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    _, indices, values = node.inputs
    return (
        b.put_along_axis(ct, indices, b.zeros_like(values), **node.attrs) if node.needs[0] else None,
        None,
        b.take_along_axis(ct, indices, **node.attrs) if node.needs[2] else None,
    )


register(
    OpDef(
        name="put_along_axis",
        inputs=("x", "indices", "values"),
        attrs={"axis": -1},
        spec=_put_along_spec,
        reference=_put_along_axis,
        dtypes=(dtypes.ALL, INDICES, dtypes.ALL),
        same=(0, 2),
        vjp=_put_along_vjp,
        jvp=lambda b, node, t, _, v: (b.put_along_axis(t, node.inputs[1], v, **node.attrs),),
        doc="x with the elements overwritten that `take_along_axis` would take; the last of several wins.",
        cases=(
            case((2, 4), np.array([[3, 0], [1, 2]], np.int32), (2, 2)),
            case((3, 2), np.array([[0, 2]], np.int64), (1, 2), axis=0),
        ),
    )
)
