"""A graph run on batch after batch: the loop is compiled too where that pays, and rows are sent while it works.

Rows go to the device some batches at a time, in the order in which they are taken, and those that come next are on
their way while the device works on those before: whatever there is of them, two such windows are all that it holds.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from weft.engines.base import Rows
from weft.engines.xla import ahead, processes, resident
from weft.engines.xla.executable import Key, Program, Reshaped, on_device
from weft.engines.xla.sharding import Placement
from weft.engines.xla.walk import Refused
from weft.ir.graph import Graph

#: bytes of the rows that are sent at a time. A processor's own memory is had again soon where it is little; for others
#: there is a call for each window, which is to last
_WINDOW = {"cpu": 8 << 20}
_WINDOW_OF_OTHERS = 64 << 20


def _convolves(graph: Graph) -> bool:
    """Whether there is a convolution in a graph: XLA's loops on a processor run those on one thread, and slowly."""
    return any("conv" in node.op or any(map(_convolves, node.subgraphs())) for node in graph.nodes)


class Windows:
    """The rows of some arrays on the device, a few batches at a time.

    Args:
        arrays: The arrays, in row-major order.
        rows: Which rows of them make which batch.
        placement: Where batches lie on several devices; None on one.

    Attributes:
        size: How many batches a window has; all have as many, so that one program does for all.
        sent: How many windows were sent.
    """

    def __init__(self, arrays: Sequence[Any], rows: Rows, placement: Placement | None) -> None:
        self._arrays = [weakref.ref(array) for array in arrays]
        self._order = rows.order  # held, so that no window can do without it
        self._rows = rows.size
        self._placement = placement
        self._total = (len(arrays[0]) if rows.order is None else len(rows.order)) // rows.size
        each = sum(array[:1].nbytes for array in arrays) * rows.size
        budget = _WINDOW.get(jax.default_backend(), _WINDOW_OF_OTHERS)
        self.size = max(1, min(self._total, budget // max(each, 1)))
        self._held: dict[int, list[Any]] = {}
        self.sent = 0

    def are_of(self, arrays: Sequence[Any], rows: Rows, placement: Placement | None) -> bool:
        """Whether these are the windows of some rows."""
        same = self._order is rows.order and rows.size == self._rows and placement == self._placement
        return same and len(arrays) == len(self._arrays) and all(
            mine() is array for mine, array in zip(self._arrays, arrays, strict=True))  # fmt: skip

    def of(self, batch: int) -> tuple[int, list[Any]]:
        """The window that a batch is in: the number of its first batch, and its arrays `[batches, rows, ...]`."""
        number = batch // self.size
        for other in [held for held in self._held if held not in (number, number + 1)]:
            del self._held[other]
        # the last one begins before its time, so that it is as long as the others
        begin = min(number * self.size, self._total - self.size)
        if number not in self._held:
            self._held[number] = self._send(begin)
        return begin, self._held[number]

    def send_next(self, batch: int) -> None:
        """Sends the window after that of a batch, where it has not been sent; to be called while the device works."""
        after = (batch // self.size + 1) * self.size
        if after < self._total and after // self.size not in self._held:
            self._held[after // self.size] = self._send(min(after, self._total - self.size))

    def end(self, batch: int) -> bool:
        """Whether there is none after the batches before this one."""
        return batch >= self._total

    def _send(self, begin: int) -> list[Any]:
        self.sent += 1
        chosen = slice(begin * self._rows, (begin + self.size) * self._rows)
        sent = []
        for reference in self._arrays:
            array = reference()
            assert array is not None  # whoever runs batches holds it
            part = array[chosen] if self._order is None else np.take(array, self._order[chosen], axis=0)
            part = part.reshape(self.size, self._rows, *part.shape[1:])
            at = self._placement
            sent.append(part if at is None else resident.placed(part, at.batches(part.shape)))
        return resident.sent(sent)


class Loop:
    """Runs a program on rows of arrays, in one compiled loop where that pays.

    Args:
        program: What is run on each batch.

    Attributes:
        windows: The rows that are on the device, or on their way there; None where it has no more to do.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        options: dict[str, Any] = {"static_argnums": (0, 1), "donate_argnums": (2,)}
        self._last = jax.jit(self._latest, **options)
        self._all = jax.jit(self._joined, **{**options, "static_argnums": (0, 1, 6)})
        self._one = jax.jit(self._step, **options)
        self._apart = jax.default_backend() == "cpu" and _convolves(program.graph)
        self.windows: Windows | None = None

    def run(self, inputs: Sequence[Any], rows: Rows) -> tuple[int, list[Any] | None]:
        """Runs batches; see `Executable` of `weft.engines.base`. It may be fewer than asked for, with their results."""
        ahead.settle()
        key, cells = self._program.cells(inputs)
        if key.placement is not None and key.placement.spans():
            return processes.together(lambda: self._run(inputs, rows, key, cells))
        return self._run(inputs, rows, key, cells)

    def _run(self, inputs: Sequence[Any], rows: Rows, key: Key, cells: dict[int, Any]) -> tuple[int, list[Any] | None]:
        program, at = self._program, key.placement
        written, places = program.written_of(key), tuple(rows.places)
        arrays = [value for value, own in zip(inputs, program.graph.inputs, strict=True) if not own.type.is_resource]
        wide = [arrays[place] for place in places]
        # at the beginning the arrays may have been changed since they were last looked at
        if rows.first == 0 or self.windows is None or not self.windows.are_of(wide, rows, at):
            self.windows = Windows(wide, rows, at)
        windows = self.windows
        with jax.enable_x64(True):
            spread = at.whole() if at is not None and at.spans() else None
            if at is not None and spread is not None:
                resident.share(cells.values(), [at.state(n) for n in cells])
            begin, window = windows.of(rows.first)
            given: list[Any] = [on_device(array) if spread is None else resident.placed(on_device(array), spread)
                                for i, array in enumerate(arrays) if i not in places]  # fmt: skip
            given = [window, given]
            changed = [resident.owned(cells[n], at and at.state(n)) for n in written]
            fixed = [resident.held(cells[n], at and at.state(n)) for n in cells if n not in written]
            if any(value is None for value in (*changed, *fixed)):
                return self._none()
            first = rows.first - begin
            count = min(rows.batches, windows.size - first)
            if rows.joined and not self._apart:
                count = 1 << (count.bit_length() - 1)  # few lengths, so that little is compiled
            try:
                if self._apart:
                    done, failed, outputs = self._each(key, cells, rows, fixed, changed, given, first, count)
                else:
                    run = self._all if rows.joined else self._last
                    (done, failed, outputs), _ = program.donating(
                        run, cells, written, (key, places, changed, fixed, given, first, count))
                    windows.send_next(rows.first)
            except (Refused, Reshaped):
                return self._none()
            processes.settled(outputs)
        if failed is not None and bool(failed):
            return int(done), self._none()[1]
        if windows.end(rows.first + count):
            self.windows = None
        return count, [resident.fetched(output) for output in outputs]

    def _each(
        self, key: Key, cells: dict[int, Any], rows: Rows, fixed: Any, changed: Any, given: Any, first: int, count: int,
    ) -> tuple[int, bool, list[Any]]:  # fmt: skip
        """The batches one by one, each a call of its own: how many were run, whether one has failed, the outputs."""
        found: list[list[Any]] = []
        written, places = self._program.written_of(key), tuple(rows.places)
        for turn in range(count):
            (outputs, wrong), changed = self._program.donating(
                self._one, cells, written, (key, places, changed, fixed, given, first + turn))
            if turn == 0 and self.windows is not None:
                self.windows.send_next(rows.first)
            processes.settled(outputs)
            if bool(wrong):
                return turn, True, []
            if not rows.joined:
                found.clear()
            found.append(outputs)
        return count, False, [jnp.concatenate(parts) if rows.joined else parts[0]
                              for parts in zip(*found, strict=True)]  # fmt: skip

    def _none(self) -> tuple[int, None]:
        self.windows = None
        return 0, None

    def _step(self, key: Any, places: Any, changed: Any, fixed: Any, given: Any, number: Any) -> Any:
        """One batch: the outputs and whether a check has failed, and the state after it."""
        window, others = given
        supply, batches = iter(others), iter(window)
        batch = [self._batch(key, next(batches), number) if i in places else next(supply)
                 for i in range(len(window) + len(others))]  # fmt: skip
        outputs, after, wrong = self._program.traced(key, changed, fixed, batch)
        return (outputs, jnp.asarray(False) if wrong is None else wrong), after

    def _batch(self, key: Key, window: Any, number: Any) -> Any:
        """The rows of a batch of a window."""
        taken = lax.dynamic_index_in_dim(window, number, 0, keepdims=False)
        if key.placement is None:
            return taken
        return lax.with_sharding_constraint(taken, key.placement.batch(taken.shape))

    def _latest(self, key: Any, places: Any, changed: Any, fixed: Any, given: Any, first: Any, count: Any) -> Any:
        def step(state: Any, turn: Any) -> Any:
            return self._step(key, places, state, fixed, given, first + turn)

        shapes = jax.eval_shape(step, changed, 0)[0][0]
        nothing = [jnp.zeros(shape.shape, shape.dtype) for shape in shapes]

        def more(state: Any) -> Any:
            turn, _, failed, _ = state
            return (turn < count) & ~failed

        def body(state: Any) -> Any:
            turn, held, _, _ = state
            (outputs, wrong), after = step(held, turn)
            return turn + jnp.where(wrong, 0, 1), after, wrong, outputs

        start = (jnp.asarray(0), changed, jnp.asarray(False), nothing)
        done, after, failed, outputs = lax.while_loop(more, body, start)
        return (done, failed, outputs), after

    def _joined(self, key: Any, places: Any, changed: Any, fixed: Any, given: Any, first: Any, count: int) -> Any:
        def step(state: Any, turn: Any) -> Any:
            held, failed, done = state
            (outputs, wrong), after = self._step(key, places, held, fixed, given, first + turn)
            failed = failed | wrong
            after = [jnp.where(failed, old, new) for old, new in zip(held, after, strict=True)]
            return (after, failed, done + jnp.where(failed, 0, 1)), outputs

        start = (changed, jnp.asarray(False), jnp.asarray(0))
        (after, failed, done), stacks = lax.scan(step, start, jnp.arange(count))
        joined = [stack.reshape(stack.shape[0] * stack.shape[1], *stack.shape[2:]) for stack in stacks]
        return (done, failed, joined), after
