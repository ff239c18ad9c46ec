"""Products of matrices: matmul, einsum, tensordot, the cross product, traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from weft.base import dims, dtypes, shapes
from weft.base.dtypes import NUMBERS, REALS
from weft.ir.types import TensorType
from weft.ops import contraction
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
    if right.ndim == 2 and left.ndim > 2 and left.size and left.flags.c_contiguous:
        # one large product instead of a batch of small ones
        flat = np.matmul(left.reshape(-1, left.shape[-1]), right)
        product = flat.reshape(*left.shape[:-1], right.shape[-1])
    else:
        product = np.matmul(left, right)
    return product.astype(result, copy=False)


def _ready_matmul(arrays: Sequence[Any], attrs: Mapping[str, Any]) -> Callable[..., Any] | None:
    """The product of two matrices, or of batches of them, that needs nothing done before or after it."""
    a, b = arrays
    plain = attrs["output_type"] is None and a.dtype.kind in "fc" and a.dtype.itemsize > 2
    if not plain or attrs["adjoint_a"] or attrs["adjoint_b"] or (b.ndim == 2 and a.ndim > 2):
        return None
    left, right = attrs["transpose_a"], attrs["transpose_b"]
    if not (left or right):
        return np.matmul
    return lambda a, b: np.matmul(a.swapaxes(-1, -2) if left else a, b.swapaxes(-1, -2) if right else b)


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


def _flat(b: Any, factor: _Factor) -> _Factor:
    """A batch of matrices as one, their rows below one another."""
    *batch, size = b.shape(factor.value)
    if len(batch) == 1:
        return factor
    return _Factor(b.reshape(factor.value, shape=(dims.product(tuple(batch)), size)), False, factor.conjugate)


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
        if len(b.shape(second.value)) == 2 and not first.transpose:  # all that was multiplied by it as one matrix
            first, given = _flat(b, first), _flat(b, given)
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
        prepare=_ready_matmul,
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

# einsum --------------------------------------------------------------------------------------------------------------


def _einsum_spec(*operands: TensorType, equation: str) -> TensorType:
    explicit = contraction.read(equation, [x.shape or () for x in operands])
    return TensorType(explicit.output_shape, operands[0].dtype)


@quiet
@in_float32
def _einsum(*operands: Any, equation: str) -> Any:
    explicit = contraction.read(equation, [x.shape for x in operands])
    return np.ascontiguousarray(contraction.contract(contraction.Arrays, operands, explicit)).reshape(
        explicit.output_shape)  # fmt: skip


def _decompose_einsum(b: Any, *operands: Any, equation: str) -> Any:
    explicit = contraction.read(equation, [b.shape(x) for x in operands])
    wide = _wide(b, operands, explicit)
    return b.identity(contraction.contract(b, wide, replace(explicit, shapes=tuple(b.shape(x) for x in wide))))


def _wide(b: Any, operands: Sequence[Any], explicit: contraction.Equation) -> list[Any]:
    """The operands at the full size of their labels: a size under ... that is not known may be 1 at run time."""
    found = []
    for x, labels, shape in zip(operands, explicit.operands, explicit.shapes, strict=True):
        short = x if b.shape(x) == shape else b.reshape(x, shape=shape)
        full = tuple(explicit.sizes[c] for c in labels)
        found.append(short if b.shape(short) == full else b.broadcast_to(short, shape=full))
    return found


def _einsum_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    # The gradient of a product of many is the product of the others with the cotangent, under permuted labels. What an
    # operand was summed over alone is spread out again; where it gave its diagonal, the gradient is one.
    explicit = contraction.read(node.attrs["equation"], [b.shape(x) for x in node.inputs])
    short = _wide(b, node.inputs, explicit)
    found: list[Any] = []
    for index, (x, labels, need) in enumerate(zip(node.inputs, explicit.operands, node.needs, strict=True)):
        if not need:
            found.append(None)
            continue
        others = [i for i in range(len(short)) if i != index]
        present = set(explicit.output).union(*(explicit.operands[i] for i in others))
        unique = tuple(dict.fromkeys(labels))
        kept = tuple(c for c in unique if c in present)
        terms = ["".join(explicit.output), *("".join(explicit.operands[i]) for i in others)]
        part = b.einsum(ct, *(b.conj(short[i]) for i in others), equation=f"{','.join(terms)}->{''.join(kept)}")
        if kept != unique:
            part = b.reshape(part, shape=tuple(explicit.sizes[c] if c in present else 1 for c in unique))
            part = b.broadcast_to(part, shape=tuple(explicit.sizes[c] for c in unique))
        part = contraction.put_diagonals(b, part, unique, labels)
        if b.shape(part) != b.shape(x):  # axes of size 1 were left out, or a size that is not known may be 1
            alike = len(b.shape(part)) == len(b.shape(x))
            part = b.unbroadcast(part, b.shape(x)) if alike else b.reshape(part, shape=b.shape(x))
        found.append(part)
    return found


register(
    OpDef(
        name="einsum",
        inputs=("*operands",),
        attrs={"equation": REQUIRED},
        spec=_einsum_spec,
        reference=_einsum,
        dtypes=(NUMBERS,),
        vjp=_einsum_vjp,
        decompose=_decompose_einsum,
        doc="Products of tensors summed over axes, as an equation of labels says (Einstein's convention).",
        cases=(
            case((2, 3), (3, 4), equation="ij,jk->ik"),
            case((2, 3), (3, 4), equation="ij,jk"),
            case((2, 3), equation="ij->ji"),
            case((2, 3), equation="ij->"),
            case((3, 3), equation="ii->i"),
            case((2, 3, 3), equation="bii->b"),
            case((3,), equation="i->ii"),
            case((5, 2, 3), (5, 3, 4), equation="bij,bjk->bik"),
            case((2, 3, 4), (4, 3, 2), equation="abc,cbd->ad"),
            case((2, 1, 2, 3), (4, 3, 2), equation="...ij,...jk->...ik"),
            case((2, 3), (3,), equation="...i,...i->..."),
            case((2, 3), (3, 4), (4, 2), equation="ij,jk,kl->il"),
            case((2,), (3,), (4,), equation="a,b,c->cab"),
            case((2, 3), (2, 3), equation="ab,ab->"),
            case((2, 3), (4, 2), equation="ab,cd->ad"),
            case((2, 4, 3, 5), (2, 6, 3, 5), equation="bqhd,bkhd->bhqk", grad=1),
            case((0, 3), (3, 2), equation="ij,jk->ik"),
            case((), (2,), equation=",a->a"),
        ),
    )
)

# tensordot -----------------------------------------------------------------------------------------------------------


def _tensordot_axes(a: Any, b: Any, axes: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[list[int], list[int]]:
    return [i % len(a) for i in axes[0]], [i % len(b) for i in axes[1]]


def _tensordot_spec(a: TensorType, b: TensorType, *, axes: tuple[tuple[int, ...], tuple[int, ...]]) -> TensorType:
    left, right = a.shape or (), b.shape or ()
    if len(axes[0]) != len(axes[1]):
        raise SpecError(f"axes {axes} name {len(axes[0])} axes of `a` and {len(axes[1])} of `b`",
                        expected="as many")  # fmt: skip
    first, second = normal_axes(axes[0], len(left)), normal_axes(axes[1], len(right))
    for i, j in zip(first, second, strict=True):
        if not _same_size(left[i], right[j]):
            raise SpecError(f"axis {i} of `a` is {left[i]}, axis {j} of `b` is {right[j]}", expected="equal sizes")
    outer = tuple(d for i, d in enumerate(left) if i not in first) + tuple(
        d for i, d in enumerate(right) if i not in second)  # fmt: skip
    return TensorType(outer, a.dtype)


def _tensordot_labels(
    a: tuple[Any, ...], b: tuple[Any, ...], axes: tuple[tuple[int, ...], tuple[int, ...]]
) -> tuple[str, str, str]:
    """The equation's three terms."""
    first, second = _tensordot_axes(a, b, axes)
    letters = [chr(ord("a") + i) if i < 26 else chr(ord("A") + i - 26) for i in range(len(a) + len(b))]
    left, right = letters[: len(a)], letters[len(a) :]
    for i, j in zip(first, second, strict=True):
        right[j] = left[i]
    shared = {left[i] for i in first}
    return "".join(left), "".join(right), "".join(c for c in left + right if c not in shared)


def _tensordot_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    x, y = node.inputs
    left, right, out = _tensordot_labels(b.shape(x), b.shape(y), node.attrs["axes"])
    return (
        b.einsum(ct, b.conj(y), equation=f"{out},{right}->{left}") if node.needs[0] else None,
        b.einsum(b.conj(x), ct, equation=f"{left},{out}->{right}") if node.needs[1] else None,
    )


def _decompose_tensordot(b: Any, x: Any, y: Any, axes: tuple[tuple[int, ...], tuple[int, ...]]) -> Any:
    left, right = b.shape(x), b.shape(y)
    first, second = _tensordot_axes(left, right, axes)
    rows = [i for i in range(len(left)) if i not in first]
    columns = [i for i in range(len(right)) if i not in second]
    inner = dims.product(tuple(left[i] for i in first))
    flat_x = b.reshape(b.transpose(x, perm=(*rows, *first)), shape=(dims.product(tuple(left[i] for i in rows)), inner))
    flat_y = b.reshape(b.transpose(y, perm=(*second, *columns)),
                       shape=(inner, dims.product(tuple(right[i] for i in columns))))  # fmt: skip
    shape = tuple(left[i] for i in rows) + tuple(right[i] for i in columns)
    return b.reshape(b.matmul(flat_x, flat_y), shape=shape)


register(
    OpDef(
        name="tensordot",
        inputs=("a", "b"),
        attrs={"axes": REQUIRED},
        spec=_tensordot_spec,
        reference=quiet(in_float32(
            lambda a, b, axes: np.asarray(np.tensordot(a, b, axes=(list(axes[0]), list(axes[1])))))),
        dtypes=(NUMBERS,),
        vjp=_tensordot_vjp,
        decompose=_decompose_tensordot,
        doc="The product summed over pairs of axes, one of a and one of b each.",
        cases=(
            case((2, 3, 4), (4, 3, 5), axes=((1, 2), (1, 0))),
            case((2, 3), (3, 4), axes=((-1,), (0,))),
            case((2,), (3,), axes=((), ())),
            case((2, 3), (2, 3), axes=((0, 1), (0, 1))),
            case((2, 0), (0, 3), axes=((1,), (0,))),
        ),
    )
)  # fmt: skip

# Small ones ----------------------------------------------------------------------------------------------------------


def _cross_spec(a: TensorType, b: TensorType) -> TensorType:
    if not shapes.compatible(a.shape, b.shape):
        raise SpecError(f"shapes {shapes.show(a.shape)} and {shapes.show(b.shape)} differ",
                        hint="bring both to one shape, for instance with tf.broadcast_to")  # fmt: skip
    if not a.shape or not _same_size(a.shape[-1], 3):
        raise SpecError(f"received vectors of shape {shapes.show(a.shape)}", expected="3 in the last axis")
    return TensorType(a.shape, a.dtype)


def _cross(a: Any, b: Any) -> Any:
    x, y, z = (a[..., i] for i in range(3))
    u, v, w = (b[..., i] for i in range(3))
    return np.stack([y * w - z * v, z * u - x * w, x * v - y * u], axis=-1)


register(
    OpDef(
        name="cross",
        inputs=("a", "b"),
        spec=_cross_spec,
        reference=quiet(in_float32(_cross)),
        dtypes=(REALS,),
        vjp=lambda b, node, ct: (b.cross(node.inputs[1], ct), b.cross(ct, node.inputs[0])),
        doc="The cross product of vectors in three dimensions.",
        cases=(case((2, 3), (2, 3)), case((3,), (3,)), case((0, 3), (0, 3))),
    )
)


def matrix_rank_of(x: TensorType, name: str = "x") -> tuple[tuple[Any, ...], Any, Any]:
    """The batch, rows and columns of a stack of matrices.

    Raises:
        SpecError: Where the rank is below 2.
    """
    shape = x.shape or ()
    if len(shape) < 2:
        raise SpecError(f"`{name}` has rank {len(shape)}", expected="a matrix, or a stack of them: rank 2 or more")
    return shape[:-2], shape[-2], shape[-1]


def _trace_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    shape = b.shape(node.inputs[0])
    one = b.reshape(ct, shape=(*shape[:-2], 1))
    diagonal = b.broadcast_to(one, shape=(*shape[:-2], dims.minimum(shape[-2], shape[-1])))
    return (b.matrix_set_diag(b.zeros_like(node.inputs[0]), diagonal),)


register(
    OpDef(
        name="trace",
        inputs=("x",),
        spec=lambda x: TensorType(matrix_rank_of(x)[0], x.dtype),
        reference=quiet(in_float32(lambda x: np.asarray(np.trace(x, axis1=-2, axis2=-1, dtype=x.dtype)))),
        dtypes=(NUMBERS,),
        vjp=_trace_vjp,
        decompose=lambda b, x: b.reduce_sum(b.matrix_diag_part(x), axis=(-1,)),
        doc="The sum of the main diagonal of matrices.",
        cases=(case((2, 3, 4)), case((3, 3)), case((0, 0))),
    )
)
