"""Products of matrices: matmul, einsum, tensordot, the cross product, traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dtypes import COMPLEX, FLOATS, INTEGERS, NUMBERS, REALS
from weft.ir.types import TensorType
from weft.ops.families import in_float32, quiet
from weft.ops.opdef import REQUIRED, OpDef, SpecError, case, register
from weft.ops.reduce import normal_axes

# matmul --------------------------------------------------------------------------------------------------------------


def _same_size(first: Any, second: Any) -> bool:
    """Whether two sizes could be equal: unknown ones might be."""
    return not (isinstance(first, int) and isinstance(second, int)) or first == second


def batch_shape(first: TensorType, second: TensorType, rank: int = 2) -> tuple[Any, ...]:
    """The broadcast of what stands before the last axes.

    Raises:
        SpecError: Where the batches do not go together.
    """
    left, right = (first.shape or ())[:-rank], (second.shape or ())[:-rank]
    joined = shapes.broadcast(left, right)
    if joined is None:
        raise SpecError(
            f"batch shapes {shapes.show(left)} and {shapes.show(right)} do not broadcast",
            expected="sizes that are equal, or one of them 1",
        )
    return joined


def _matrix(type: TensorType, name: str, turned: bool) -> tuple[Any, Any]:
    shape = type.shape or ()
    if len(shape) < 2:
        raise SpecError(
            f"`{name}` has rank {len(shape)}", expected="rank 2 or more",
            hint="use tf.linalg.matvec for a vector, or add an axis with tf.expand_dims",
        )  # fmt: skip
    return (shape[-1], shape[-2]) if turned else (shape[-2], shape[-1])


def _matmul_spec(
    a: TensorType, b: TensorType, *, transpose_a: bool, transpose_b: bool, adjoint_a: bool, adjoint_b: bool,
    output_type: dtypes.DType | None,
) -> TensorType:  # fmt: skip
    for name, transpose, adjoint in (("a", transpose_a, adjoint_a), ("b", transpose_b, adjoint_b)):
        if transpose and adjoint:
            raise SpecError(f"transpose_{name} and adjoint_{name} are both set", expected="one of them at most")
    rows, inner = _matrix(a, "a", transpose_a or adjoint_a)
    inner_b, columns = _matrix(b, "b", transpose_b or adjoint_b)
    if not _same_size(inner, inner_b):
        raise SpecError(
            f"`a` has {inner} columns and `b` has {inner_b} rows"
            + (" (after transposing)" if transpose_a or transpose_b or adjoint_a or adjoint_b else ""),
            expected="as many rows in b as columns in a",
            hint="transpose one of them (transpose_a=True, transpose_b=True), or swap them",
        )
    result = output_type or a.dtype
    if result is not a.dtype and not (
        (a.dtype.is_integer and result.is_integer) or (a.dtype.size == 2 and result is dtypes.float32)
    ):
        raise SpecError(f"output_type {result.name} does not go with {a.dtype.name}", dtype=True,
                        expected="a wider integer for integers, float32 for half precisions")  # fmt: skip
    return TensorType((*batch_shape(a, b), rows, columns), result)


def _turn(x: Any, transpose: bool, adjoint: bool) -> Any:
    if transpose or adjoint:
        x = np.swapaxes(x, -1, -2)
    return np.conj(x) if adjoint else x


def _matmul(
    a: Any, b: Any, transpose_a: bool, transpose_b: bool, adjoint_a: bool, adjoint_b: bool,
    output_type: dtypes.DType | None,
) -> Any:  # fmt: skip
    result = output_type.numpy if output_type is not None else a.dtype
    if a.dtype.itemsize == 2 and a.dtype.kind not in "iu":
        a, b = a.astype(np.float32), b.astype(np.float32)
    elif result != a.dtype:
        a, b = a.astype(result), b.astype(result)
    left, right = _turn(a, transpose_a, adjoint_a), _turn(b, transpose_b, adjoint_b)
    if right.ndim == 2 and left.ndim > 2 and left.flags.c_contiguous:
        # one large product instead of a batch of small ones
        flat = np.matmul(left.reshape(-1, left.shape[-1]), right)
        product = flat.reshape(*left.shape[:-1], right.shape[-1])
    else:
        product = np.matmul(left, right)
    return product.astype(result, copy=False)


class _Factor:
    """A matrix of a product with what is done to it first: transposing, conjugating."""

    def __init__(self, value: Any, transpose: bool, conjugate: bool) -> None:
        self.value = value
        self.transpose = transpose
        self.conjugate = conjugate

    def turned(self, transpose: bool, conjugate: bool) -> _Factor:
        return _Factor(self.value, self.transpose != transpose, self.conjugate != conjugate)


def _product(b: Any, left: _Factor, right: _Factor) -> Any:
    flags = {}
    values = []
    for name, factor in (("a", left), ("b", right)):
        conjugate = factor.conjugate and b.dtype(factor.value).is_complex
        flags[f"adjoint_{name}"] = factor.transpose and conjugate
        flags[f"transpose_{name}"] = factor.transpose and not conjugate
        values.append(b.conj(factor.value) if conjugate and not factor.transpose else factor.value)
    return b.matmul(*values, **flags)


def _matmul_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    attrs = node.attrs
    first, second = (
        _Factor(value, attrs[f"transpose_{name}"] or attrs[f"adjoint_{name}"], attrs[f"adjoint_{name}"])
        for value, name in zip(node.inputs, "ab", strict=True)
    )
    if b.dtype(ct) is not b.dtype(first.value):
        ct = b.cast(ct, dtype=b.dtype(first.value))
    given = _Factor(ct, False, False)
    to_a = to_b = None
    if node.needs[0]:  # ct · secondᴴ, taken back through what was done to a
        left, right = given, second.turned(True, True)
        if first.transpose:
            left, right = right.turned(True, False), left.turned(True, False)
        to_a = _product(b, left.turned(False, first.conjugate), right.turned(False, first.conjugate))
        to_a = b.unbroadcast(to_a, b.shape(first.value))
    if node.needs[1]:  # firstᴴ · ct, likewise
        left, right = first.turned(True, True), given
        if second.transpose:
            left, right = right.turned(True, False), left.turned(True, False)
        to_b = _product(b, left.turned(False, second.conjugate), right.turned(False, second.conjugate))
        to_b = b.unbroadcast(to_b, b.shape(second.value))
    return to_a, to_b


_C = (dtypes.complex128,)
register(
    OpDef(
        name="matmul",
        inputs=("a", "b"),
        attrs={"transpose_a": False, "transpose_b": False, "adjoint_a": False, "adjoint_b": False, "output_type": None},
        spec=_matmul_spec,
        reference=quiet(_matmul),
        dtypes=(NUMBERS,),
        vjp=_matmul_vjp,
        doc="The product of matrices; what stands before the last two axes is a batch and broadcasts.",
        cases=(
            case((2, 3), (3, 4)),
            case((3, 2), (4, 3), transpose_a=True, transpose_b=True),
            case((2, 1, 2, 3), (4, 3, 2)),
            case((5, 2, 3), (3, 4)),
            case((2, 3), (5, 4, 3), transpose_b=True),
            case((2, 3), (2, 4), adjoint_a=True, dtypes=_C),
            case((2, 3), (4, 3), adjoint_b=True, dtypes=_C),
            case((3, 2), (4, 3), adjoint_a=True, transpose_b=True, dtypes=_C),
            case((3, 2), (4, 3), transpose_a=True, adjoint_b=True, dtypes=_C),
            case((2, 0), (0, 3)),
            case((0, 2, 3), (3, 2)),
            case((2, 3), (3, 2), dtypes=(dtypes.int8,), domain=(-9, 9), grad=0, output_type=dtypes.int32),
            case((2, 3), (3, 2), dtypes=(dtypes.bfloat16,), grad=0, output_type=dtypes.float32),
        ),
    )
)
