"""Accumulators of gradients: each session adds up what is applied, and gives it when enough has come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import weft
from weft.api.queues import handle_tensor, refuse_eager
from weft.base import dtypes
from weft.base.errors import CancelledError, InvalidArgumentError, explain
from weft.base.shapes import TensorShape, refreshed
from weft.ir.types import TensorType
from weft.runtime import frontdoor, stages
from weft.runtime.composite import IndexedSlices
from weft.runtime.host_call import session_call


class _Sum:
    """What an accumulator holds in a session.

    Args:
        label: What errors call it.
        mean: Whether the mean is given, and not the sum.
    """

    def __init__(self, label: str, mean: bool) -> None:
        self._label, self._mean = label, mean
        self._changed = threading.Condition()
        self._gone = False
        self.step = 0
        self._empty()

    def _empty(self) -> None:
        self.count = 0
        #: the sum, and how many gradients each row of it has; of a sparse one by the row's number
        self._whole: Any = None
        self._rows: dict[int, tuple[Any, int]] = {}
        self._shape: Any = None

    def apply(self, local_step: int, gradient: Any) -> None:
        """Adds a gradient, unless it belongs to a step that is over."""
        with self._changed:
            if local_step < self.step:
                return
            self._whole = gradient.copy() if self._whole is None else self._whole + gradient
            self.count += 1
            self._changed.notify_all()

    def apply_rows(self, local_step: int, indices: Any, values: Any, shape: Any) -> None:
        """Adds rows of a gradient, unless they belong to a step that is over."""
        with self._changed:
            if local_step < self.step:
                return
            seen: dict[int, Any] = {}
            for index, row in zip(indices.tolist(), values, strict=True):
                seen[index] = row.copy() if index not in seen else seen[index] + row
            for index, row in seen.items():
                total, times = self._rows.get(index, (None, 0))
                self._rows[index] = (row if total is None else total + row, times + 1)
            self._shape = shape if shape.size else self._shape
            self.count += 1
            self._changed.notify_all()

    def _wait(self, needed: int) -> None:
        while self.count < needed:
            if self._gone:
                raise CancelledError(f"{self._label}: TakeGradient operation was cancelled.")
            stages.wait(self._changed)

    def take(self, needed: int) -> Any:
        """The mean or sum, when as many gradients have come; the next step begins."""
        with self._changed:
            self._wait(needed)
            found = self._whole / np.asarray(self.count, self._whole.dtype) if self._mean else self._whole
            self._next()
            return found

    def take_rows(self, needed: int) -> list[Any]:
        """The rows that came, each the mean or sum of its own: their numbers, values, and the whole's shape."""
        with self._changed:
            self._wait(needed)
            order = sorted(self._rows)
            values = [total / np.asarray(times, total.dtype) if self._mean else total
                      for total, times in (self._rows[index] for index in order)]  # fmt: skip
            shape = np.zeros(0, np.int64) if self._shape is None else np.asarray(self._shape, np.int64)
            self._next()
            return [np.asarray(order, np.int64), np.stack(values), shape]

    def _next(self) -> None:
        self._empty()
        self.step += 1

    def cancel(self) -> None:
        """Its session is closed: nobody waits any longer."""
        with self._changed:
            self._gone = True
            self._changed.notify_all()


class ConditionalAccumulatorBase:
    """What accumulators have in common.

    Args:
        dtype: Of the gradients.
        shape: Of the gradients, as far as it is known.
        accumulator_ref: The tensor that stands for it in the graph.
    """

    def __init__(self, dtype: Any, shape: Any, accumulator_ref: Any) -> None:
        self._dtype = dtypes.as_dtype(dtype)
        self._shape = TensorShape(shape)
        self._accumulator_ref = accumulator_ref
        self._name = accumulator_ref.op.name.rpartition("/")[2]
        self._mean = True

    @staticmethod
    def _reference(cls: type, type: str, dtype: Any, shape: Any, name: str, shared_name: Any,
                   reduction_type: str) -> Any:  # fmt: skip
        refuse_eager(f"tf.{cls.__name__}")
        if reduction_type not in ("MEAN", "SUM"):
            raise ValueError(explain("An accumulator gives the mean or the sum.", expected="'MEAN' or 'SUM'",
                                     received=repr(reduction_type)))  # fmt: skip
        return handle_tensor(name, type, dtype=dtypes.as_dtype(dtype), shape=TensorShape(shape),
                             reduction_type=reduction_type)  # fmt: skip

    accumulator_ref = property(lambda self: self._accumulator_ref, doc="The tensor that stands for it in the graph.")
    name = property(lambda self: self._accumulator_ref.op.name, doc="Its name.")
    dtype = property(lambda self: self._dtype, doc="The dtype of the gradients.")

    def _sum(self, session: Any) -> _Sum:
        found: _Sum = session.held(self._accumulator_ref, lambda: _Sum(self.name, self._mean))
        return found

    def _call(self, function: Callable[..., Sequence[Any]], inputs: Sequence[Any], types: Sequence[TensorType],
              type: str, name: str, **attributes: Any) -> Any:  # fmt: skip
        def run(session: Any, reference: Any, *arrays: Any) -> Sequence[Any]:
            return function(self._sum(session), *arrays)

        return session_call(run, [self._accumulator_ref, *inputs], types, type, name, attributes)

    def num_accumulated(self, name: str | None = None) -> Any:
        """How many gradients it holds, as an int32 tensor."""
        return self._call(lambda kept: [np.asarray(kept.count, np.int32)], [], [TensorType((), dtypes.int32)],
                          "AccumulatorNumAccumulated", name or f"{self._name}_NumAccumulated")[0]  # fmt: skip

    def set_global_step(self, new_global_step: Any, name: str | None = None) -> Any:
        """The operation that begins another step: gradients of earlier ones are left out from then on."""

        def begin(kept: _Sum, step: Any) -> list[Any]:
            kept.step = int(step)
            return []

        return self._call(begin, [_step(new_global_step)], [], "AccumulatorSetGlobalStep",
                          name or "ResourceAccumulatorSetGlobalStep")  # fmt: skip


def _step(value: Any) -> Any:
    return weft.cast(weft.convert_to_tensor(value), dtypes.int64)


class ConditionalAccumulator(ConditionalAccumulatorBase):
    """Adds up dense gradients.

    Args:
        dtype: Of the gradients.
        shape: Of the gradients, as far as it is known.
        shared_name: Accepted.
        name: Its name.
        reduction_type: Whether their `"MEAN"` or `"SUM"` is given.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     total = tf.ConditionalAccumulator(tf.float32, [])
        ...     session.run([total.apply_grad(1.0), total.apply_grad(4.0)])
        ...     float(session.run(total.take_grad(2)))
        [None, None]
        2.5
    """

    def __init__(self, dtype: Any, shape: Any = None, shared_name: str | None = None,
                 name: str = "conditional_accumulator", reduction_type: str = "MEAN") -> None:  # fmt: skip
        reference = self._reference(type(self), "ResourceConditionalAccumulator", dtype, shape, name, shared_name,
                                    reduction_type)  # fmt: skip
        super().__init__(dtype, shape, reference)
        self._mean = reduction_type == "MEAN"

    def apply_grad(self, grad: Any, local_step: Any = 0, name: str | None = None) -> Any:
        """The operation that adds a gradient, unless `local_step` is behind the accumulator's step.

        Raises:
            ValueError: Where its shape is another.
        """
        given = frontdoor.convert(grad, None if frontdoor.is_tensor_like(grad) else self._dtype)
        given.shape.assert_is_compatible_with(self._shape)

        def apply(kept: _Sum, step: Any, gradient: Any) -> list[Any]:
            if not self._shape.is_compatible_with(TensorShape(gradient.shape)):
                raise InvalidArgumentError(explain(f"{self.name}: the shape of a gradient does not fit.",
                                                   expected=str(self._shape),
                                                   received=str(gradient.shape)))  # fmt: skip
            kept.apply(int(step), gradient)
            return []

        return self._call(apply, [_step(local_step), given], [], "AccumulatorApplyGradient",
                          name or "ResourceAccumulatorApplyGradient", dtype=self._dtype)  # fmt: skip

    def take_grad(self, num_required: Any, name: str | None = None) -> Any:
        """The mean (or sum), when `num_required` gradients have come; it is empty then, and its step one more."""
        count = frontdoor.convert(num_required, dtypes.int32)
        kind = TensorType(refreshed(self._shape.symbolic), self._dtype)
        return self._call(lambda kept, n: [kept.take(int(n))], [count], [kind], "AccumulatorTakeGradient",
                          name or "ResourceAccumulatorTakeGradient", dtype=self._dtype)[0]  # fmt: skip


class SparseConditionalAccumulator(ConditionalAccumulatorBase):
    """Adds up gradients of which only some rows are given; the mean of a row is over the gradients that had it.

    The arguments are those of `ConditionalAccumulator`.
    """

    def __init__(self, dtype: Any, shape: Any = None, shared_name: str | None = None,
                 name: str = "sparse_conditional_accumulator", reduction_type: str = "MEAN") -> None:  # fmt: skip
        reference = self._reference(type(self), "SparseConditionalAccumulator", dtype, shape, name, shared_name,
                                    reduction_type)  # fmt: skip
        super().__init__(dtype, shape, reference)
        self._mean = reduction_type == "MEAN"

    def apply_indexed_slices_grad(self, grad: Any, local_step: Any = 0, name: str | None = None) -> Any:
        """The operation that adds IndexedSlices."""
        return self.apply_grad(grad.indices, grad.values, grad.dense_shape, local_step, name)

    def apply_grad(self, grad_indices: Any, grad_values: Any, grad_shape: Any = None, local_step: Any = 0,
                   name: str | None = None) -> Any:  # fmt: skip
        """The operation that adds rows, unless `local_step` is behind the accumulator's step.

        Args:
            grad_indices: `[n]`: the rows' numbers.
            grad_values: `[n, ...]`: the rows.
            grad_shape: Of the whole; unchecked where None.
            local_step: The step that they belong to.
            name: The operation's name.
        """
        places = weft.cast(weft.convert_to_tensor(grad_indices), dtypes.int64)
        values = frontdoor.convert(grad_values, None if frontdoor.is_tensor_like(grad_values) else self._dtype)
        whole = weft.constant([], dtypes.int64) if grad_shape is None else _step(grad_shape)

        def apply(kept: _Sum, step: Any, indices: Any, rows: Any, shape: Any) -> list[Any]:
            if shape.size and not self._shape.is_compatible_with(TensorShape(shape.tolist())):
                raise InvalidArgumentError(explain(f"{self.name}: the shape of a gradient does not fit.",
                                                   expected=str(self._shape),
                                                   received=str(shape.tolist())))  # fmt: skip
            kept.apply_rows(int(step), indices, rows, shape)
            return []

        return self._call(apply, [_step(local_step), places, values, whole], [], "SparseAccumulatorApplyGradient",
                          name or "SparseAccumulatorApplyGradient", dtype=self._dtype,
                          has_known_shape=grad_shape is not None)  # fmt: skip

    def take_grad(self, num_required: Any, name: str | None = None) -> Any:
        """Rows' numbers, rows, and the whole's shape, when `num_required` gradients have come."""
        count = frontdoor.convert(num_required, dtypes.int32)
        shape = self._shape
        row = None if shape.rank is None else (None, *shape.as_list()[1:])
        types = [TensorType(refreshed(TensorShape([None]).symbolic), dtypes.int64),
                 TensorType(refreshed(TensorShape(row).symbolic), self._dtype),
                 TensorType(refreshed(TensorShape([shape.rank]).symbolic), dtypes.int64)]  # fmt: skip

        def take(kept: _Sum, n: Any) -> list[Any]:
            indices, rows, whole = kept.take_rows(int(n))
            known = shape.is_fully_defined() and not whole.size
            return [indices, rows, np.asarray(shape.as_list(), np.int64) if known else whole]

        return self._call(take, [count], types, "SparseAccumulatorTakeGradient",
                          name or "SparseAccumulatorTakeGradient", dtype=self._dtype)  # fmt: skip

    def take_indexed_slices_grad(self, num_required: Any, name: str | None = None) -> IndexedSlices:
        """As `take_grad`, as IndexedSlices."""
        indices, rows, whole = self.take_grad(num_required, name)
        known = self._shape.is_fully_defined()
        return IndexedSlices(rows, indices, self._shape.as_list() if known else whole)
