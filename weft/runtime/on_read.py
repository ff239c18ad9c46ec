"""Variables of which each replica has a value of its own, that become one where they are read outside of replicas."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.base.dtypes import DType
from weft.base.errors import explain
from weft.base.shapes import TensorShape
from weft.runtime import context, dispatch, frontdoor, replicas
from weft.runtime.tensor import EagerTensor
from weft.runtime.variable import Variable


class SyncOnReadVariable(Variable):
    """A variable with a value for each replica: `synchronization=tf.VariableSynchronization.ON_READ`.

    A replica reads and writes its own. Outside of replicas it is the sum, the mean or the first of all, as its
    `aggregation` says. Its cell holds the values side by side, `[replicas, ...]`.
    """

    _count = 1

    @classmethod
    def of(cls, count: int) -> SyncOnReadVariable:
        """One for so many replicas, which is set up as `Variable` is."""
        made: SyncOnReadVariable = object.__new__(cls)
        made._count = count
        return made

    def _setup(self, array: Any, static: TensorShape, dtype: DType, name: str | None, trainable: bool) -> None:
        if trainable:
            raise ValueError(explain(
                "Synchronization value can be set to VariableSynchronization.ON_READ only for non-trainable variables: "
                "replicas have values of their own, and a gradient is of one value.", received="trainable=True",
                hint="leave out trainable, or synchronization",
            ))  # fmt: skip
        rows = np.repeat(np.asarray(array)[None], self._count, 0)
        super()._setup(rows, TensorShape([self._count, *static.as_list()]), dtype, name, False)
        self._static = static

    # Reading

    def _rows(self) -> Any:
        return dispatch.call("read_variable", self.handle)

    @property
    def values(self) -> tuple[Any, ...]:
        """The values of the replicas, as tensors."""
        return self.replica_values()

    def replica_values(self) -> tuple[Any, ...]:
        """The value of each replica."""
        return tuple(dispatch.builder.unstack(self._rows(), num=self._count))

    def read_value(self) -> Any:
        """The replica's own value; outside of replicas that of all.

        Raises:
            ValueError: Where its `aggregation` does not say what that is.
        """
        body, rows, said = replicas.differing(), self._rows(), replicas.how(self)
        if body is not None:
            return dispatch.call("gather", rows, body.number, axis=0)
        if said == "only_first_replica":
            return dispatch.call("gather", rows, frontdoor.convert(0), axis=0)
        if said not in ("sum", "mean"):
            raise ValueError(explain(
                f"Variable `{self._name}` has a value in each replica, and nothing says how they become one.",
                expected="aggregation=tf.VariableAggregation.SUM, MEAN or ONLY_FIRST_REPLICA", received=said.upper(),
            ))  # fmt: skip
        total = dispatch.call("reduce_sum", rows, axis=(0,))
        if total.dtype is not self._dtype:
            total = dispatch.call("cast", total, dtype=self._dtype)
        return total if said == "sum" else replicas.divided(total, self._count)

    def _present(self) -> Any:
        with context.open_scope(None):
            return self.read_value()._array

    # Writing

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Gives the replica its own value; outside of replicas each gets the value, or its part of a sum."""
        value, body = self._incoming(value), replicas.differing()
        row = dispatch.call("expand_dims", value, axis=0)
        if body is not None:
            rows = body.joined(row)
        elif replicas.how(self) == "sum":
            rows = self._shared_out(row)
        else:
            rows = dispatch.call("concat", *[row] * self._count, axis=0)
        dispatch.call("assign_variable", self.handle, rows)
        return self._after(value, read_value)

    def _shared_out(self, row: Any) -> Any:
        """The parts of a sum; what is left over of whole numbers is the first replica's."""
        first = part = replicas.divided(row, self._count)
        if row.dtype.is_integer:
            others = dispatch.call("multiply", part, frontdoor.convert(self._count - 1, row.dtype))
            first = dispatch.call("subtract", row, others)
        return dispatch.call("concat", first, *[part] * (self._count - 1), axis=0)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Adds to the replica's own value; outside of replicas to that of each.

        Raises:
            ValueError: Outside of replicas, where they are summed.
        """
        return self._changed("assign_add", "add", delta, read_value)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Subtracts from it, likewise."""
        return self._changed("assign_sub", "subtract", delta, read_value)

    def _changed(self, method: str, op: str, delta: Any, read_value: bool) -> Any:
        change = self._incoming_delta(delta)
        if replicas.differing() is not None:
            return self.assign(dispatch.call(op, self.read_value(), change), read_value=read_value)
        if replicas.how(self) == "sum":
            raise ValueError(explain(
                f"SyncOnReadVariable does not support `{method}` in cross-replica context when aggregation is set to "
                "`tf.VariableAggregation.SUM`: all replicas would add it.",
                hint=f"call it in what strategy.run runs, or assign `{self._name.split(':')[0]}` plus the change",
            ))  # fmt: skip
        row = dispatch.call("expand_dims", change, axis=0)
        rows = dispatch.call(op, self._rows(), row)
        dispatch.call("assign_variable", self.handle, rows)
        return self._after(rows, read_value)

    def _after(self, result: Any, read_value: bool) -> Any:
        if not read_value:
            return None
        return self if context.scope() is None else self.read_value()

    # Copies are of the value of all

    def __reduce__(self) -> tuple[Any, ...]:
        return self._copied().__reduce__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        made = memo[id(self)] = self._copied()
        return made

    def _copied(self) -> Variable:
        return Variable(EagerTensor(self._present()), trainable=False, name=self._name.split(":")[0])


__all__ = ["SyncOnReadVariable"]
