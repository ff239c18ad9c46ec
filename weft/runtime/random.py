"""Random state: which stream each random op draws from.

A stream is a key and a counter (`weft.ops.philox`). The key is the global seed; the upper half of the counter tells
streams under one seed apart. The numbering is TensorFlow's, so that a program draws TensorFlow's numbers:

    an eager op without a seed      draws one from Python's generator under the global seed, and with it a fresh stream
    an eager op with a seed         takes up where the last one of its kind, dtype and seed has stopped
    an op in a graph                has a stream of its own, numbered by its seed or else by the ops before it

A draw of n numbers moves a stream on by 256 blocks a number, whatever it uses of them.
"""

from __future__ import annotations

import os
import random
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.base.locks import Lock
from weft.ir.types import TensorType
from weft.ops.random import blocks_for
from weft.runtime import context, dispatch, operation_counts
from weft.runtime.tensor import EagerTensor, Handle
from weft.runtime.variable import Cell, Template

#: seeds are taken modulo this, as TensorFlow takes them
SEEDS = (1 << 31) - 1
#: in the place of a global seed where only the op has one
_WITHOUT_GLOBAL_SEED = 87654321
_MASK = (1 << 64) - 1
_STATE = TensorType((3,), dtypes.uint64)


def state_of(key: int, counter: int = 0) -> np.ndarray[Any, Any]:
    """A generator's state: the counter's low and high 64 bits, and the key."""
    return np.array([counter & _MASK, counter >> 64 & _MASK, key & _MASK], np.uint64)


def make_handle(state: np.ndarray[Any, Any], name: str = "generator") -> Handle:
    """A handle to a generator in this state."""
    return Handle(Cell(state, name), _STATE)


#: where numbers come from that nobody has seeded
_entropy: list[Callable[[int], bytes]] = [os.urandom]


def unpredictable(count: int) -> bytes:
    """Bytes that nobody has seeded; workers of several processes get the same ones, in the same order."""
    return _entropy[0](count)


def agree(seed: int) -> None:
    """Lets what nobody has seeded follow from a number that several processes share."""
    _entropy[0] = random.Random(seed).randbytes
    _streams.unseeded = make_handle(_unpredictable())
    if _streams.seed is None:
        _streams.start(None)


def _unpredictable() -> np.ndarray[Any, Any]:
    return np.frombuffer(unpredictable(24), np.uint64).copy()


def _seeded(global_seed: int, op_seed: int) -> np.ndarray[Any, Any]:
    key, number = global_seed % SEEDS, op_seed % SEEDS
    if key == number == 0:  # which stands for "no seed" in TensorFlow
        number = SEEDS
    return state_of(key, number << 64)


class _Streams:
    """The process's streams; started anew by `set_seed`."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.seed: int | None = None
        self.draws = random.Random()
        self.unseeded = make_handle(_unpredictable())
        #: of eager ops with seeds: (op, dtype, seed) -> where they have got to
        self.kept: dict[tuple[str, str, int], Handle] = {}
        #: whether graphs outside of functions number what draws by the operations before it, as version 1.15 does
        self.by_operations = False
        #: how many ops without a seed of their own each graph has
        self.counts: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        #: the cells of ops in traced functions, and what each starts from: a state, or a number under any seed to come
        self.traced: weakref.WeakKeyDictionary[Cell, np.ndarray[Any, Any] | int] = weakref.WeakKeyDictionary()
        #: those of ops in graphs of TensorFlow 1, and what each starts from; None where nothing seeds it
        self.in_sessions: weakref.WeakKeyDictionary[Cell, np.ndarray[Any, Any] | None] = weakref.WeakKeyDictionary()

    def start(self, seed: int | None) -> None:
        self.seed = seed
        self.draws = random.Random(int.from_bytes(unpredictable(8), "little") if seed is None else seed)
        self.kept.clear()
        with self.lock:
            traced = list(self.traced.items())
        for cell, first in traced:  # functions that captured them follow
            with cell.lock:
                cell.write(self._first(first))

    def _first(self, start: np.ndarray[Any, Any] | int) -> np.ndarray[Any, Any]:
        if not isinstance(start, int):
            return start
        return _unpredictable() if self.seed is None else _seeded(self.seed, start)

    def number(self, graph: Any) -> int:
        """The number of the next op without a seed in a graph."""
        with self.lock:
            found = self.counts.get(graph, 0)
            self.counts[graph] = found + 1
            return found

    def number_in_session(self, graph: Any) -> int:
        """The same in a graph of TensorFlow 1: there it is how many operations the graph has."""
        if not self.by_operations:
            return self.number(graph)
        before = operation_counts.made()
        with self.lock:
            found = max(before, self.counts.get(graph, 0))  # never the same twice
            self.counts[graph] = found + 1
            return found

    def eager(self, op: str, dtype: str, op_seed: int) -> Handle:
        found = self.kept.get((op, dtype, op_seed))
        if found is None:
            seed = _WITHOUT_GLOBAL_SEED if self.seed is None else self.seed
            # setdefault: of two threads that are first at once, both must get the same stream
            found = self.kept.setdefault((op, dtype, op_seed), make_handle(_seeded(seed, op_seed)))
        return found

    def of_function(self, graph: Any, op_seed: int | None) -> Handle:
        start: np.ndarray[Any, Any] | int
        if op_seed is not None:
            start = _seeded(_WITHOUT_GLOBAL_SEED if self.seed is None else self.seed, op_seed)
        else:
            start = self.number(graph)
            if self.seed is not None:
                start = _seeded(self.seed, start)
        handle = make_handle(self._first(start))
        with self.lock:
            self.traced[handle._array] = start
        return handle

    def of_session(self, graph: Any, op_seed: int | None, around: Any = None) -> Handle:
        """In a TensorFlow 1 graph, or a function that is traced inside of one: every session starts it anew."""
        seed = getattr((around or graph).wrapper, "seed", None)  # the eager seed is not the graph's
        number = self.number_in_session(graph) if op_seed is None else op_seed
        seeded = seed is not None or op_seed is not None
        state = _seeded(_WITHOUT_GLOBAL_SEED if seed is None else seed, number) if seeded else _unpredictable()
        template = Template("generator", False, state)
        with self.lock:
            self.in_sessions[template] = state.copy() if seeded else None
        return Handle(template, _STATE)

    def restarted(self, handle: Handle) -> Handle | None:
        cell = handle._array
        with self.lock:
            if cell in self.in_sessions:
                state = self.in_sessions[cell]
                return make_handle(_unpredictable() if state is None else state.copy())
            start = self.traced.get(cell)
        return None if start is None else make_handle(np.array(self._first(start)))


_streams = _Streams()


def set_seed(seed: int | None) -> None:
    """Restarts all streams; with a seed they are the same every time."""
    _streams.start(None if seed is None else int(seed))


def restarted(handle: Handle) -> Handle | None:
    """A stream that begins where the one of an op in a graph began, or anew where nothing is seeded.

    None for other state, such as that of a `tf.random.Generator`, which goes on from pass to pass.
    """
    return _streams.restarted(handle)


def number_by_operations(on: bool) -> None:
    """Whether what draws in a graph of TensorFlow 1 is numbered as version 1.15 numbers it, or as version 2 does."""
    _streams.by_operations = on


def seed() -> int | None:
    """The global seed, None where none was set."""
    return _streams.seed


def take(
    op: str, shape: tuple[Any, ...], dtype: dtypes.DType, op_seed: int | None = None, handle: Handle | None = None
) -> Any:
    """Reserves random numbers for a tensor: returns the key and the counter of the stream to draw them from.

    Args:
        op: The op of the table that draws.
        shape: The tensor's shape; sizes may be symbols.
        dtype: The tensor's dtype.
        op_seed: The op's own seed.
        handle: A generator of the caller's own, which then counts alone.
    """
    scope = context.scope()
    if handle is None and scope is None and op_seed is None and _streams.seed is not None:
        state = _seeded(_streams.seed, _streams.draws.randint(0, SEEDS))
        halves = state.astype("<u8").view("<u4").astype(np.uint32)
        return EagerTensor(halves[4:].copy()), EagerTensor(halves[:4].copy())
    source = handle
    if source is None:
        own = None if op_seed is None else int(op_seed)
        if scope is None:
            source = _streams.unseeded if own is None else _streams.eager(op, dtype.name, own)
        else:
            outermost = scope.outermost()
            source = (_streams.of_function(scope.graph, own) if outermost.ordered
                      else _streams.of_session(scope.graph, own, outermost.graph))  # fmt: skip
    return dispatch.call("advance_random_state", source, blocks=blocks_for(op, shape))


def op_seeds(op_seed: Any = None) -> tuple[int, int] | None:
    """The two seeds of something random that is no op, such as an input pipeline; None where nothing is seeded.

    Draws from the global seed's numbers where TensorFlow does, so that what is drawn after it stays the same.
    """
    scope = context.scope()
    if scope is not None and not scope.outermost().ordered:  # a graph of TensorFlow 1 has a seed of its own
        graph = scope.outermost().graph
        whole = getattr(graph.wrapper, "seed", None)
        if whole is not None:
            return whole % SEEDS, _streams.number_in_session(graph) if op_seed is None else int(op_seed)
        return None if op_seed is None else (_WITHOUT_GLOBAL_SEED, int(op_seed))
    if _streams.seed is None:
        return None if op_seed is None else (_WITHOUT_GLOBAL_SEED, int(op_seed))
    return _streams.seed % SEEDS, _streams.draws.randint(0, SEEDS) if op_seed is None else int(op_seed)
