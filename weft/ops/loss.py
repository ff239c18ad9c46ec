"""Losses that are computed from logits, because the detour over probabilities would lose digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.base import dtypes, shapes
from weft.base.dtypes import FLOATS, INTEGERS
from weft.ir.types import TensorType
from weft.ops import ctc
from weft.ops.families import in_float32, quiet
from weft.ops.opdef import Case, OpDef, SpecError, case, register

Array = np.ndarray[Any, Any]


def _need_classes(logits: TensorType) -> tuple[Any, ...]:
    shape = logits.shape or ()
    if not shape:
        raise SpecError("logits is a single number", expected="[..., classes]")
    return shape


def _column(b: Any, ct: Any, like: Any) -> Any:
    """A value per row, over the row's classes."""
    shape = b.shape(like)
    return b.broadcast_to(b.reshape(ct, shape=(*shape[:-1], 1)), shape=shape)


def _row_sum(b: Any, x: Any) -> Any:
    return b.reduce_sum(x, axis=(len(b.shape(x)) - 1,), keepdims=False)


def _shifted(logits: Array) -> tuple[Array, Array]:
    """Logits less each row's greatest, and the logarithm of the sum of their exponentials."""
    if not logits.shape[-1]:
        return logits, np.full((*logits.shape[:-1], 1), -np.inf, logits.dtype)
    top = logits.max(axis=-1, keepdims=True)
    shifted = logits - np.where(np.isfinite(top), top, np.zeros((), logits.dtype))
    return shifted, np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


# Labels as distributions ----------------------------------------------------------------------------------------------


def _dense_spec(logits: TensorType, labels: TensorType) -> TensorType:
    shape = _need_classes(logits)
    if not shapes.compatible(shape, labels.shape):
        raise SpecError(
            f"labels of shape {shapes.show(labels.shape)} do not match logits of shape {shapes.show(shape)}",
            expected="one probability for each class, in the shape of the logits",
            hint="for labels that are class numbers use the sparse cross-entropy, or tf.one_hot",
        )
    return TensorType(shape[:-1], logits.dtype)


def _softmax_cross_entropy(logits: Array, labels: Array) -> Any:
    shifted, total = _shifted(logits)
    return (labels * (total - shifted)).sum(axis=-1, dtype=logits.dtype)


def _softmax_cross_entropy_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    logits, labels = node.inputs
    wide = _column(b, ct, logits)
    # As in TensorFlow, a row of labels counts as a distribution, whatever it sums to.
    to_logits = b.multiply(wide, b.subtract(b.softmax(logits, axis=-1), labels)) if node.needs[0] else None
    to_labels = b.negative(b.multiply(wide, b.log_softmax(logits, axis=-1))) if node.needs[1] else None
    return to_logits, to_labels


def _distribution(rows: int, classes: int) -> Array:
    raw = 1.0 + np.arange(rows * classes).reshape(rows, classes) * 7 % 5
    result: Array = (raw / raw.sum(axis=-1, keepdims=True)).astype(np.float32)
    return result


register(
    OpDef(
        name="softmax_cross_entropy_with_logits",
        inputs=("logits", "labels"),
        spec=_dense_spec,
        reference=quiet(in_float32(_softmax_cross_entropy)),
        dtypes=(FLOATS,),
        vjp=_softmax_cross_entropy_vjp,
        decompose=lambda b, logits, labels: b.negative(
            _row_sum(b, b.multiply(labels, b.log_softmax(logits, axis=-1)))),
        doc="-sum(labels * log_softmax(logits)) over the last axis; each row of labels is a distribution.",
        cases=(case((3, 4), _distribution(3, 4)), case((4,), _distribution(1, 4)[0]),
               case((2, 2, 3), _distribution(4, 3).reshape(2, 2, 3), domain=(-30.0, 30.0)), case((0, 4), (0, 4))),
    )
)  # fmt: skip


# Labels as class numbers ----------------------------------------------------------------------------------------------


def _sparse_shape(logits: TensorType, labels: TensorType) -> tuple[Any, ...]:
    shape = _need_classes(logits)
    if shapes.compatible(shape[:-1], labels.shape):
        return shape[:-1]
    given = labels.shape or ()
    if len(given) == len(shape) and given[-1] == 1:
        hint = "drop the last axis, for instance with tf.squeeze(labels, -1)"
    elif shapes.compatible(shape, given):
        hint = "these look like one-hot labels: use the categorical cross-entropy, or tf.argmax(labels, -1)"
    else:
        hint = "check that labels and predictions belong to the same batch"
    raise SpecError(
        f"labels of shape {shapes.show(given)} do not match logits of shape {shapes.show(shape)}",
        expected=f"one class number a row: {shapes.show(shape[:-1])}",
        hint=hint,
    )


def check_labels(labels: Array, classes: int, name: str = "label") -> None:
    """Refuses class numbers outside of 0 … classes - 1.

    Raises:
        ValueError: Naming the first bad value, its row and the range.
    """
    bad = (labels < 0) | (labels >= classes)
    if not bad.any():
        return
    place = tuple(int(i) for i in np.argwhere(bad)[0])
    value, count = int(labels[place]), int(bad.sum())
    where = f"row {place[0]}" if len(place) == 1 else f"position {place}" if place else "the only row"
    if value >= classes and labels.size and int(labels.max()) == classes and int(labels.min()) > 0:
        advice = "these labels seem to count from 1: subtract 1"
    elif value < 0:
        advice = "negative labels are often a marker for missing ones: drop these rows or give them weight 0"
    else:
        advice = f"give the last layer at least {int(labels.max()) + 1} units, or check the labels"
    others = f" (and {count - 1} more)" if count > 1 else ""
    raise ValueError(
        f"{name} {value} in {where}{others} is out of range: there are {classes} classes, so labels run from 0 to "
        f"{classes - 1}; {advice}"
    )


def _sparse_cross_entropy(logits: Array, labels: Array) -> Any:
    check_labels(labels, logits.shape[-1])
    shifted, total = _shifted(logits)
    chosen = np.take_along_axis(shifted, labels.astype(np.int64)[..., None], axis=-1)
    return (total - chosen)[..., 0]


def _sparse_gradient(ct: Array, logits: Array, labels: Array) -> Any:
    check_labels(labels, logits.shape[-1])
    shifted, total = _shifted(logits)
    result = np.ascontiguousarray(np.exp(shifted - total))  # so that `rows` below is a view
    rows = result.reshape(-1, result.shape[-1])
    rows[np.arange(rows.shape[0]), labels.reshape(-1).astype(np.int64)] -= 1
    result *= ct[..., None]
    return result


def _sparse_gradient_spec(ct: TensorType, logits: TensorType, labels: TensorType) -> TensorType:
    if not shapes.compatible(ct.shape, _sparse_shape(logits, labels)):
        raise SpecError(f"the cotangent has shape {shapes.show(ct.shape)}", expected=shapes.show(labels.shape))
    return logits


def _sparse_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    logits, labels = node.inputs
    return b.sparse_softmax_cross_entropy_gradient(ct, logits, labels), None


def _sparse_gradient_vjp(b: Any, node: Any, g: Any) -> Sequence[Any]:
    ct, logits, labels = node.inputs
    to_ct = to_logits = None
    share = b.softmax(logits, axis=-1)
    if node.needs[0]:
        index = b.reshape(b.cast(labels, dtype=dtypes.int64), shape=(*b.shape(labels), 1))
        picked = b.reshape(b.take_along_axis(g, index, axis=-1), shape=b.shape(ct))
        to_ct = b.subtract(_row_sum(b, b.multiply(g, share)), picked)
    if node.needs[1]:
        flow = b.multiply(g, _column(b, ct, logits))
        mean = _column(b, _row_sum(b, b.multiply(flow, share)), logits)
        to_logits = b.multiply(share, b.subtract(flow, mean))
    return to_ct, to_logits, None


_CLASS_NUMBERS = np.array([2, 0, 3])

register(
    OpDef(
        name="sparse_softmax_cross_entropy_with_logits",
        inputs=("logits", "labels"),
        spec=lambda logits, labels: TensorType(_sparse_shape(logits, labels), logits.dtype),
        reference=quiet(in_float32(_sparse_cross_entropy)),
        dtypes=(FLOATS, INTEGERS),
        same=(),
        vjp=_sparse_vjp,
        doc="-log_softmax(logits) at each row's label, a class number.",
        cases=(case((3, 4), _CLASS_NUMBERS), case((4,), np.array(1)),
               case((2, 2, 3), np.array([[2, 0], [1, 1]]), domain=(-30.0, 30.0)), case((0, 4), np.zeros(0, np.int32))),
    )
)  # fmt: skip
register(
    OpDef(
        name="sparse_softmax_cross_entropy_gradient",
        inputs=("ct", "logits", "labels"),
        spec=_sparse_gradient_spec,
        reference=quiet(in_float32(_sparse_gradient)),
        dtypes=(FLOATS, FLOATS, INTEGERS),
        same=(0, 1),
        vjp=_sparse_gradient_vjp,
        doc="The cotangent of the sparse cross-entropy's logits: ct * (softmax(logits) - one_hot(labels)).",
        cases=(case((3,), (3, 4), _CLASS_NUMBERS), case((), (4,), np.array(1)),
               case((2, 2), (2, 2, 3), np.array([[2, 0], [1, 1]]))),
    )
)  # fmt: skip


# Yes or no ------------------------------------------------------------------------------------------------------------


def _same_shape(logits: TensorType, labels: TensorType) -> TensorType:
    if not shapes.compatible(logits.shape, labels.shape):
        raise SpecError(
            f"labels of shape {shapes.show(labels.shape)} do not match logits of shape {shapes.show(logits.shape)}",
            expected="one label for each logit",
            hint="reshape or expand_dims the labels",
        )
    return logits


def _sigmoid_cross_entropy(logits: Array, labels: Array) -> Any:
    return np.maximum(logits, 0) - logits * labels + np.log1p(np.exp(-np.abs(logits)))


def _sigmoid_cross_entropy_vjp(b: Any, node: Any, ct: Any) -> Sequence[Any]:
    logits, labels = node.inputs
    to_logits = b.multiply(ct, b.subtract(b.sigmoid(logits), labels)) if node.needs[0] else None
    to_labels = b.negative(b.multiply(ct, logits)) if node.needs[1] else None
    return to_logits, to_labels


_YES_OR_NO: tuple[Case, ...] = (
    case((2, 3), (2, 3), domain=((-2.0, 2.0), (0.0, 1.0))),
    case((), (), domain=((-2.0, 2.0), (0.0, 1.0))),
    case(np.array([-200.0, -30.0, 30.0, 200.0]), np.array([0.0, 1.0, 0.5, 1.0])),
    case((0, 3), (0, 3)),
)

register(
    OpDef(
        name="sigmoid_cross_entropy_with_logits",
        inputs=("logits", "labels"),
        spec=_same_shape,
        reference=quiet(in_float32(_sigmoid_cross_entropy)),
        dtypes=(FLOATS,),
        vjp=_sigmoid_cross_entropy_vjp,
        decompose=lambda b, logits, labels: b.subtract(b.softplus(logits), b.multiply(logits, labels)),
        doc="-labels * log(sigmoid(logits)) - (1 - labels) * log(1 - sigmoid(logits)), for each element.",
        cases=_YES_OR_NO,
    )
)

#: records of the same family, in a file of their own
MORE = (ctc,)
