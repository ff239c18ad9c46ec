"""Forward mode: tangents are pushed along with every op while an accumulator is open."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from weft.autodiff.forward import push_forward
from weft.autodiff.reverse import carries_gradient, reverse
from weft.base import nest
from weft.base.errors import explain
from weft.ir.types import TensorType
from weft.ops.opdef import Slices
from weft.runtime import context, frontdoor
from weft.runtime.dispatch import DispatchBuilder
from weft.runtime.tape import Entry, Tape, UnconnectedGradients, _present, _target_of
from weft.runtime.tensor import EagerTensor, Handle, Tensor


class _TransposingBuilder(DispatchBuilder):
    """Applies forward rules; where an op has none, differentiates its reverse rule, which is linear."""

    def trace_linear(
        self, pull_back: Callable[..., list[Any]], outputs: Sequence[Any], tangents: Sequence[Any]
    ) -> list[Any]:
        """The tangents of outputs: the transpose of `pull_back` applied to the inputs' tangents."""
        tape = Tape(watch_variables=False)
        cotangents = [self.zeros_like(output) for output in outputs]
        for cotangent in cotangents:
            tape.watch(cotangent)
        context.tapes().append(tape)
        try:
            pulled = [None if part is None else self.densify(part) for part in pull_back(*cotangents)]
        finally:
            context.tapes().remove(tape)
        pairs = [(p, t) for p, t in zip(pulled, tangents, strict=True) if p is not None and t is not None]
        found = reverse(tape.entries, [p for p, _ in pairs], [t for _, t in pairs], cotangents, self)
        return [self.densify(part) if isinstance(part, Slices) else part for part in found]


_builder = _TransposingBuilder()


class _ForwardTape(Tape):
    """Holds the tangent of each followed tensor for as long as the tensor lives."""

    def __init__(self) -> None:
        super().__init__(watch_variables=False)
        self._tangents: dict[int, tuple[Any, Any]] = {}

    def follow(self, value: Any, tangent: Any) -> None:
        """Gives a tensor or handle its tangent."""
        key = id(value)
        # What is followed is also among `watched`, where traced functions look before they run.
        self.watched[key] = held = weakref.ref(value, self._forget(key)) if isinstance(value, EagerTensor) else value
        self._tangents[key] = (held, tangent)

    def _forget(self, key: int) -> Callable[[Any], None]:
        """What lets go of an eager tensor's tangent; those of a graph under construction are kept."""
        watched, tangents = self.watched, self._tangents

        def forget(_: Any) -> None:
            watched.pop(key, None)
            tangents.pop(key, None)

        return forget

    def tangent(self, value: Any) -> Any:
        """The tangent of a tensor or handle, or None."""
        found = self._tangents.get(id(value))
        return None if found is None else found[1]

    def note(self, op: str, inputs: Sequence[Any], outputs: Sequence[Any], attrs: Mapping[str, Any]) -> None:
        """Pushes the inputs' tangents through an op that has just been applied."""
        if self.paused:
            return
        tangents = [self.tangent(value) for value in inputs]
        if all(tangent is None for tangent in tangents):
            return
        if op == "read_variable":
            self.follow(outputs[0], tangents[0])
            return
        with self._alone():
            found = push_forward(_builder, Entry(op, tuple(inputs), tuple(outputs), attrs), tangents)
        for output, tangent in zip(outputs, found, strict=True):
            if tangent is not None and carries_gradient(output):
                self.follow(output, tangent)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """What computes tangents is seen by the tapes and accumulators around this one, not by it and those inside."""
        tapes = context.tapes()
        inner = [tape for tape in tapes[tapes.index(self) :] if not tape.paused]
        for tape in inner:
            tape.paused = True
        try:
            yield
        finally:
            for tape in inner:
                tape.paused = False


class ForwardAccumulator:
    """Computes Jacobian-vector products along with the ops that run inside its block (forward-mode differentiation).

    Inside a gradient tape or another accumulator it gives higher orders: forward over reverse is the cheap way to a
    product of the Hessian with a vector.

    Args:
        primals: Tensors or variables (nested) to differentiate with respect to.
        tangents: Their tangents, in the same structure: the vector that the Jacobian is multiplied with.

    Raises:
        ValueError: Where structures, dtypes or shapes differ, or a tensor is named twice.

    Example:
        >>> import weft as tf
        >>> x = tf.constant([2.0, 3.0])
        >>> with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as accumulator:
        ...     y = tf.reduce_sum(x * x)
        >>> float(accumulator.jvp(y))
        4.0
    """

    def __init__(self, primals: Any, tangents: Any) -> None:
        self._tape = _ForwardTape()
        self._recording = False
        nest.assert_same(primals, tangents)
        for primal, tangent in zip(nest.flatten(primals), nest.flatten(tangents), strict=True):
            self._watch(primal, tangent)

    def _watch(self, primal: Any, tangent: Any) -> None:
        target = _target_of(primal)
        if not isinstance(target, Tensor):
            raise ValueError(
                explain(f"ForwardAccumulator follows tensors and variables, received {type(primal).__name__}.",
                        hint="make a tensor of it with tf.convert_to_tensor, and compute from that")  # fmt: skip
            )
        if self._tape.tangent(target) is not None:
            raise ValueError(
                explain("ForwardAccumulator: a tensor is among `primals` twice.", received=str(primal),
                        hint="name it once, with the sum of its tangents")  # fmt: skip
            )
        held = target.handle_type if isinstance(target, Handle) else TensorType(target.shape.symbolic, target.dtype)
        if not (held.dtype.is_floating or held.dtype.is_complex):
            return  # as on a tape, integers carry no derivative
        vector = frontdoor.convert(tangent, held.dtype)
        if not _compatible(held.shape, vector.type.shape):
            raise ValueError(
                explain("ForwardAccumulator: a tangent must have the shape of its primal.", expected=str(held),
                        received=str(vector.type), hint="use tf.ones_like(primal) to get all ones")  # fmt: skip
            )
        self._tape.follow(target, vector)

    def __enter__(self) -> ForwardAccumulator:
        if self._recording:
            raise ValueError("The accumulator is recording already.")
        context.tapes().append(self._tape)
        self._recording = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._tape in context.tapes():
            context.tapes().remove(self._tape)
        self._recording = False

    def jvp(self, primals: Any, unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:
        """The Jacobian-vector products of tensors that were computed inside the block.

        Args:
            primals: Tensors (nested).
            unconnected_gradients: `"none"` or `"zero"`: what stands for a tensor that does not depend on the primals.

        Returns:
            The structure of `primals` with a tensor or None each.
        """
        zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        leaves = nest.flatten(primals)
        found = [_present(self._tape.tangent(_target_of(leaf)), leaf, zero) for leaf in leaves]
        return nest.pack(primals, found)


def _compatible(primal: Any, tangent: Any) -> bool:
    """Whether two shapes agree as far as they are known."""
    if primal is None or tangent is None:
        return True
    return len(primal) == len(tangent) and all(
        m == n or not (isinstance(m, int) and isinstance(n, int)) for m, n in zip(primal, tangent, strict=True)
    )
