"""Variables and the counters of random generators: places that a walk reads and writes; and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from weft.engines.xla.table import lowering

if TYPE_CHECKING:
    from weft.engines.xla.walk import Place, Walk


@lowering("read_variable", walk=True)
def _read(walk: Walk, place: Place) -> Any:
    return walk.read(place)


@lowering("is_variable_initialized", walk=True)
def _is_initialized(walk: Walk, place: Place) -> Any:
    return np.asarray(walk.state[place] is not None)


@lowering("assign_variable", walk=True)
def _assign(walk: Walk, place: Place, value: Any) -> Any:
    walk.write(place, value)
    return value


@lowering("assign_add_variable", walk=True)
def _assign_add(walk: Walk, place: Place, value: Any) -> Any:
    return _updated(walk, place, value, jnp.add)


@lowering("assign_sub_variable", walk=True)
def _assign_sub(walk: Walk, place: Place, value: Any) -> Any:
    return _updated(walk, place, value, jnp.subtract)


def _updated(walk: Walk, place: Place, value: Any, function: Any) -> Any:
    held = walk.read(place)
    if held.shape != value.shape:
        walk.refuse("a variable is updated by a value of another shape")
    return _assign(walk, place, function(held, value))


@lowering("advance_random_state", walk=True)
def _advance(walk: Walk, place: Place, blocks: int) -> Any:
    held = jnp.asarray(walk.read(place)).astype(jnp.uint64)
    low, high, key = held[0], held[1], held[2]
    number, count = walk.replica

    def moved(blocks: Any) -> tuple[Any, Any]:
        after = low + blocks
        return after, high + (after < low).astype(jnp.uint64)

    walk.write(place, jnp.stack([*moved(jnp.uint64(blocks * count)), key]))
    low, high = moved(jnp.asarray(number).astype(jnp.uint64) * jnp.uint64(blocks))
    halves = jnp.stack([low, low >> 32, high, high >> 32, key, key >> 32]).astype(jnp.uint32)
    return halves[4:], halves[:4]


# Checks --------------------------------------------------------------------------------------------------------------


@lowering("no_op")
def _no_op() -> Any:
    return ()


@lowering("assert", checks=True)
def _assert(check: Any, condition: Any, *data: Any, message: str) -> Any:
    check(jnp.logical_not(condition))
    return ()


@lowering("check_numerics", checks=True)
def _check_numerics(check: Any, x: Any, message: str) -> Any:
    check(jnp.logical_not(jnp.isfinite(x)))
    return x
