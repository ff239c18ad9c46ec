"""A graph run on batch after batch: the data stays on the device, and the loop is compiled too where that pays."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from weft.engines.base import Rows
from weft.engines.xla import processes, resident
from weft.engines.xla.executable import Key, Program, Reshaped, on_device
from weft.engines.xla.walk import Refused
from weft.ir.graph import Graph


def _spread(array: Any, place: Any) -> Any:
    """An array at a place; as it is without one."""
    return array if place is None else resident.placed(array, place)


def _convolves(graph: Graph) -> bool:
    """Whether there is a convolution in a graph: XLA's loops on a processor run those on one thread, and slowly."""
    return any("conv" in node.op or any(map(_convolves, node.subgraphs())) for node in graph.nodes)


class Loop:
    """Runs a program on rows of arrays, in one compiled loop where that pays.

    Args:
        program: What is run on each batch.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        options: dict[str, Any] = {"static_argnames": ("key", "places", "size"), "donate_argnames": ("changed",)}
        self._last = jax.jit(self._latest, **options)
        self._all = jax.jit(self._joined, **{**options, "static_argnames": ("key", "places", "size", "count")})
        self._one = jax.jit(self._step, **options)
        self._apart = jax.default_backend() == "cpu" and _convolves(program.graph)
        self._placed: dict[int, tuple[weakref.ref[Any], Any]] = {}

    def run(self, inputs: Sequence[Any], rows: Rows) -> tuple[int, list[Any] | None]:
        """Runs batches; see `Executable` of `weft.engines.base`."""
        key, cells = self._program.cells(inputs)
        if key.placement is not None and key.placement.spans():
            return processes.together(lambda: self._run(inputs, rows, key, cells))
        return self._run(inputs, rows, key, cells)

    def _run(self, inputs: Sequence[Any], rows: Rows, key: Key, cells: dict[int, Any]) -> tuple[int, list[Any] | None]:
        program = self._program
        if rows.first == 0:
            self._placed.clear()  # the arrays may have been changed since they were last looked at
        written = program.written_of(key)
        places = tuple(rows.places)
        arrays = [value for value, own in zip(inputs, program.graph.inputs, strict=True) if not own.type.is_resource]
        with jax.enable_x64(True):
            at = key.placement
            spread = at.whole() if at is not None and at.spans() else None
            if at is not None and spread is not None:
                resident.share(cells.values(), [at.state(n) for n in cells])
            wide = [self._on_device(array, spread) if i in places else _spread(on_device(array), spread)
                    for i, array in enumerate(arrays)]  # fmt: skip
            changed = [resident.owned(cells[n], at and at.state(n)) for n in written]
            fixed = [resident.held(cells[n], at and at.state(n)) for n in cells if n not in written]
            if any(value is None for value in (*changed, *fixed)):
                return self._none()
            order = None if rows.order is None else self._on_device(rows.order, spread)
            shared: dict[str, Any] = {
                "key": key, "places": places, "size": rows.size, "changed": changed, "fixed": fixed, "arrays": wide,
                "order": order, "first": rows.first,
            }  # fmt: skip
            try:
                if self._apart:
                    count = rows.batches
                    done, after, failed, outputs = self._each(rows, **shared)
                elif rows.joined:
                    count = 1 << (rows.batches.bit_length() - 1)  # few lengths, so that little is compiled
                    done, after, failed, outputs = processes.settled(self._all(**shared, count=count))
                else:
                    count = rows.batches
                    done, after, failed, outputs = processes.settled(self._last(**shared, count=count))
            except (Refused, Reshaped):
                return self._none()
        program.commit(cells, written, after)
        if failed is not None and bool(failed):
            return int(done), self._none()[1]
        return count, [resident.fetched(output) for output in outputs]

    def _each(self, rows: Rows, first: int, changed: Any, **shared: Any) -> tuple[int, Any, bool, list[Any]]:
        """The batches one by one, each a call of its own."""
        found: list[list[Any]] = []
        for turn in range(rows.batches):
            outputs, changed, wrong = processes.settled(
                self._one(first=first, turn=turn, changed=changed, **shared))
            if bool(wrong):
                return turn, changed, True, []
            if not rows.joined:
                found.clear()
            found.append(outputs)
        return rows.batches, changed, False, [jnp.concatenate(parts) if rows.joined else parts[0]
                                              for parts in zip(*found, strict=True)]  # fmt: skip

    def _step(self, key: Any, places: Any, size: int, changed: Any, fixed: Any, arrays: Any, order: Any, first: Any,
              turn: Any) -> Any:  # fmt: skip
        """One batch: the outputs, the state after it, and whether a check has failed."""
        batch = self._batch(key, places, size, arrays, order, first + turn)
        outputs, after, wrong = self._program.traced(key, changed, fixed, batch)
        return outputs, after, jnp.asarray(False) if wrong is None else wrong

    def _none(self) -> tuple[int, None]:
        self._placed.clear()
        return 0, None

    def _on_device(self, array: Any, place: Any) -> Any:
        """An array on the device, or devices, moved there once for all calls on it."""
        found = self._placed.get(id(array))
        if found is None or found[0]() is not array:
            found = self._placed[id(array)] = (weakref.ref(array),
                                               jnp.array(array) if place is None else resident.placed(array, place))
        return found[1]

    def _batch(self, key: Key, places: Any, size: int, arrays: Sequence[Any], order: Any, number: Any) -> list[Any]:
        """The inputs of the batch of a number."""
        begin = number * size
        chosen = None if order is None else lax.dynamic_slice_in_dim(order, begin, size)

        def rows(array: Any) -> Any:
            taken = lax.dynamic_slice_in_dim(array, begin, size) if chosen is None else array[chosen]
            if key.placement is None:
                return taken
            return lax.with_sharding_constraint(taken, key.placement.batch(taken.shape))

        return [rows(array) if i in places else array for i, array in enumerate(arrays)]

    def _latest(self, key: Any, places: Any, size: int, changed: Any, fixed: Any, arrays: Any, order: Any,
                first: Any, count: Any) -> Any:  # fmt: skip
        def step(state: Any, turn: Any) -> Any:
            return self._step(key, places, size, state, fixed, arrays, order, first, turn)

        shapes = jax.eval_shape(step, changed, 0)[0]
        nothing = [jnp.zeros(shape.shape, shape.dtype) for shape in shapes]

        def more(state: Any) -> Any:
            turn, _, failed, _ = state
            return (turn < count) & ~failed

        def body(state: Any) -> Any:
            turn, held, _, _ = state
            outputs, after, wrong = step(held, turn)
            return turn + jnp.where(wrong, 0, 1), after, wrong, outputs

        start = (jnp.asarray(0), changed, jnp.asarray(False), nothing)
        return lax.while_loop(more, body, start)

    def _joined(self, key: Any, places: Any, size: int, changed: Any, fixed: Any, arrays: Any, order: Any,
                first: Any, count: int) -> Any:  # fmt: skip
        def step(state: Any, turn: Any) -> Any:
            held, failed, done = state
            outputs, after, wrong = self._step(key, places, size, held, fixed, arrays, order, first, turn)
            failed = failed | wrong
            after = [jnp.where(failed, old, new) for old, new in zip(held, after, strict=True)]
            return (after, failed, done + jnp.where(failed, 0, 1)), outputs

        start = (changed, jnp.asarray(False), jnp.asarray(0))
        (after, failed, done), stacks = lax.scan(step, start, jnp.arange(count))
        joined = [stack.reshape(stack.shape[0] * stack.shape[1], *stack.shape[2:]) for stack in stacks]
        return done, after, failed, joined
