"""Random state: one global generator and those that op seeds make, each a key and a counter behind a handle."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from weft.base import dtypes
from weft.ir.types import TensorType
from weft.ops.state import random_blocks
from weft.runtime import context, dispatch
from weft.runtime.tensor import Handle
from weft.runtime.variable import Cell, Template

_MASK = (1 << 64) - 1
_STATE = TensorType((2,), dtypes.uint64)


def mix(*parts: int) -> int:
    """A 64-bit key from several integers (splitmix64 steps: Steele, Lea and Flood 2014)."""
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = (state ^ (part & _MASK)) & _MASK
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def make_handle(key: int, name: str = "generator") -> Handle:
    """A handle to a generator with this key, at the start of its stream."""
    return Handle(Cell(np.array([key & _MASK, 0], np.uint64), name), _STATE)


class _Streams:
    """The process's generators, kept by op seed; started anew by `set_seed`."""

    def __init__(self) -> None:
        self.seed: int | None = None
        self.handles: dict[int | None, Handle] = {}

    def handle(self, op_seed: int | None) -> Handle:
        found = self.handles.get(op_seed)
        if found is None:
            if self.seed is None and op_seed is None:
                key = int.from_bytes(os.urandom(8), "little")
            else:
                key = mix(self.seed if self.seed is not None else 0x5EED, -1 if op_seed is None else op_seed)
            found = self.handles[op_seed] = make_handle(key)
        return found


_streams = _Streams()


def set_seed(seed: int | None) -> None:
    """Restarts all streams; with a seed they are the same every time."""
    _streams.seed = None if seed is None else int(seed)
    for op_seed, handle in list(_streams.handles.items()):
        # the same cells restart, so that functions which captured them follow
        fresh = _Streams()
        fresh.seed = _streams.seed
        handle._array.write(fresh.handle(op_seed)._array.read())


def seed() -> int | None:
    """The global seed, None where none was set."""
    return _streams.seed


def _stream_for(op_seed: int | None) -> Handle:
    scope = context.scope()
    if scope is None or scope.ordered:
        return _streams.handle(op_seed)
    # In a TensorFlow 1 graph every op has a stream of its own, and every session starts it anew.
    graph_seed = getattr(scope.graph.wrapper, "seed", None)
    if graph_seed is None:
        graph_seed = _streams.seed
    if graph_seed is None and op_seed is None:
        key = int.from_bytes(os.urandom(8), "little")
    else:
        own = len(scope.graph.nodes) if op_seed is None else op_seed
        key = mix(graph_seed if graph_seed is not None else 0x5EED, own)
    return Handle(Template("generator", False, np.array([key, 0], np.uint64)), _STATE)


def take(shape: tuple[Any, ...], op_seed: int | None = None, words: int = 1, handle: Handle | None = None) -> Any:
    """Reserves random numbers for a tensor: returns the generator's key and the counter to start from.

    Args:
        shape: The tensor's shape; sizes may be symbols.
        op_seed: The op's own seed, which gives it a stream of its own.
        words: 32-bit numbers an element.
        handle: A generator of the caller's own.
    """
    source = handle if handle is not None else _stream_for(None if op_seed is None else int(op_seed))
    return dispatch.call("advance_random_state", source, blocks=random_blocks(shape, words))
