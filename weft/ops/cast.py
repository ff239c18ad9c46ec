"""Values under another element type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dtypes import DENSE, NUMBERS, DType
from weft.ir.types import TensorType
from weft.ops.families import quiet
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, register


def _check_target(dtype: Any, allowed: tuple[DType, ...]) -> None:
    if not isinstance(dtype, DType) or dtype not in allowed:
        raise SpecError(
            f"there is no conversion to {getattr(dtype, 'name', repr(dtype))}",
            expected=f"one of {', '.join(d.name for d in allowed)}",
            hint="use tf.strings.as_string to make strings" if dtype is dtypes.string else None,
            dtype=True,
        )


def _cast_spec(x: TensorType, *, dtype: DType) -> TensorType:
    _check_target(dtype, DENSE)
    return TensorType(x.shape, dtype)


def to_integers(x: Any, dtype: DType) -> Any:
    """Floats as integers: truncated towards zero, held at the ends of the range, NaN as 0.

    Machines disagree on what does not fit; these rules are those of saturating conversions in LLVM and XLA.
    """
    if x.dtype.itemsize < 4:
        x = x.astype(np.float32)  # so that the bounds below can be represented
    low, high = dtype.limits
    whole = np.trunc(x)
    fits = (whole >= float(low)) & (whole < float(high + 1))
    if np.all(fits):
        return whole.astype(dtype.numpy)
    result = np.where(fits, whole, 0).astype(dtype.numpy)
    result = np.where(whole < float(low), dtype.numpy.type(low), result)
    return np.where(whole >= float(high + 1), dtype.numpy.type(high), result)


def _cast(x: Any, dtype: DType) -> Any:
    source = dtypes.as_dtype(x.dtype)
    if source is dtype:
        return x
    if dtype.is_bool:
        return x != 0
    if source.is_complex and not dtype.is_complex:
        x, source = x.real, source.real_dtype
    if source.is_floating and dtype.is_integer:
        return to_integers(x, dtype)
    if source.is_bool or not dtype.is_complex or source.is_complex or x.dtype.itemsize > 2:
        return x.astype(dtype.numpy)
    return x.astype(np.float32).astype(dtype.numpy)  # half precisions know no complex numbers


def _has_gradient(dtype: DType) -> bool:
    return dtype.is_floating or dtype.is_complex


def _ready_cast(arrays: Sequence[Any], attrs: Mapping[str, Any]) -> Callable[..., Any] | None:
    """Numbers that are real and get wider, or that numpy converts by itself in another plain way."""
    source, target = arrays[0].dtype.kind, attrs["dtype"].numpy
    if source in "iu" and target.kind in "iuf" and target.itemsize > 2:
        return partial(np.ndarray.astype, dtype=target)
    if source == "f" and target.kind == "f" and target.itemsize > 2 and arrays[0].dtype != target:
        return partial(np.ndarray.astype, dtype=target)
    return None


def _cast_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    source, target = b.dtype(node.inputs[0]), node.attrs["dtype"]
    return (b.cast(ct, dtype=source) if _has_gradient(source) and _has_gradient(target) else None,)


def _cast_jvp(b: Any, node: Any, t: Any) -> Sequence[Any]:
    target = node.attrs["dtype"]
    return (b.cast(t, dtype=target) if t is not None and _has_gradient(target) else None,)


_WIDE = (dtypes.float64, dtypes.complex128)
_HARD = np.array([0.0, -0.0, 1.9, -1.9, 300.5, -300.5, 3e9, -3e9, 1e19, -1e19, np.inf, -np.inf, np.nan])

register(
    OpDef(
        name="cast",
        inputs=("x",),
        attrs={"dtype": REQUIRED},
        spec=_cast_spec,
        reference=quiet(_cast),
        prepare=_ready_cast,
        dtypes=(DENSE,),
        vjp=_cast_vjp,
        jvp=_cast_jvp,
        doc="The same numbers in another dtype. Floats become integers by truncation towards zero, held at the ends of "
        "the range, NaN as 0; integers wrap around in narrower ones; complex numbers lose their imaginary part; "
        "whatever is not 0 is True.",
        cases=(
            # differences see the rounding of narrower floats, so gradients are tested on the wide ones
            *(case((2, 3), domain=(0.0, 4.0), dtype=target, grad=2 if target in _WIDE else 0) for target in DENSE),
            case((), dtype=dtypes.float64),
            case((0, 2), dtype=dtypes.float16),
            *(case(_HARD, dtype=target, dtypes=dtypes.FLOATS, grad=0, name="hard")
              for target in (*dtypes.INTEGERS, dtypes.bool_, dtypes.complex64)),
            case(np.array([-1, 255, 256, -129, 2**31, -(2**63)]), dtype=dtypes.int8, dtypes=(dtypes.int64,)),
            case(np.array([-1, 255, 256, -129, 2**31, -(2**63)]), dtype=dtypes.uint64, dtypes=(dtypes.int64,)),
        ),
    )
)  # fmt: skip


def _bitcast_spec(x: TensorType, *, dtype: DType) -> TensorType:
    _check_target(dtype, NUMBERS)
    shape = x.shape or ()
    if dtype.size == x.dtype.size:
        return TensorType(shape, dtype)
    if dtype.size < x.dtype.size:
        return TensorType((*shape, x.dtype.size // dtype.size), dtype)
    parts = dtype.size // x.dtype.size
    if not shape or not shapes.compatible(shape[-1:], (parts,)):
        raise SpecError(
            f"{parts} elements of {x.dtype.name} make one of {dtype.name}, but `x` has shape {shapes.show(shape)}",
            expected=f"a last axis of size {parts}",
        )
    return TensorType(shape[:-1], dtype)


def _bitcast(x: Any, dtype: DType) -> Any:
    x = np.ascontiguousarray(x).reshape(x.shape)
    size = dtype.numpy.itemsize
    if size == x.dtype.itemsize:
        return x.view(dtype.numpy)
    if size < x.dtype.itemsize:
        return x.reshape(*x.shape, 1).view(dtype.numpy)
    if x.shape[-1] != size // x.dtype.itemsize:
        raise ValueError(f"the last axis must have size {size // x.dtype.itemsize}, received shape {x.shape}")
    return x.view(dtype.numpy).reshape(x.shape[:-1])


register(
    OpDef(
        name="bitcast",
        inputs=("x",),
        attrs={"dtype": REQUIRED},
        spec=_bitcast_spec,
        reference=_bitcast,
        dtypes=(NUMBERS,),
        doc="The same bytes read as another dtype; a last axis appears or disappears where the sizes differ.",
        cases=(
            case((2, 3), dtype=dtypes.uint32, dtypes=(dtypes.float32, dtypes.int32)),
            case((), dtype=dtypes.int8, dtypes=(dtypes.float64, dtypes.uint16)),
            case((2, 4), dtype=dtypes.int64, dtypes=(dtypes.bfloat16, dtypes.uint16)),
            case((0, 2), dtype=dtypes.complex64, dtypes=(dtypes.float32,)),
        ),
    )
)
