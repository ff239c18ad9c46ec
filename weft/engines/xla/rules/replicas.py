"""Replicas: each on devices of its own where their parts are equal; else one after the other, node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import PartitionSpec

from weft.engines.base import Distribution
from weft.engines.xla import sharding
from weft.engines.xla.table import HostOnly, lowering
from weft.ir.graph import Graph
from weft.ops.replicas import operands_of, part_size

if TYPE_CHECKING:
    from weft.engines.xla.walk import Walk


@lowering("all_reduce", walk=True)
def _all_reduce(walk: Walk, x: Any, count: int) -> Any:
    if walk.axis is None:
        return x * jnp.asarray(count, x.dtype)
    if not walk.axis:
        raise HostOnly("replicas with unequal parts sum up inside of a branch or a loop")
    return lax.psum(x, walk.axis)


@lowering("all_gather", walk=True)
def _all_gather(walk: Walk, x: Any, number: Any, axis: int, count: int) -> Any:
    if walk.axis is None:
        return jnp.concatenate([x] * count, axis)
    if not walk.axis:
        raise HostOnly("replicas with unequal parts join them inside of a branch or a loop")
    return lax.all_gather(x, walk.axis, axis=axis % x.ndim, tiled=True)


@lowering("replicate", walk=True, raw=True)
def _replicate(walk: Walk, *inputs: Any, body: Graph, kinds: Sequence[str], count: int, devices: Any) -> Any:
    from weft.engines.xla.walk import Place

    per = sum(1 if kind == "cut" else count for kind in kinds)
    own = [jnp.asarray(value) for value in inputs[:per]]
    rest = [value if isinstance(value, Place) else jnp.asarray(value) for value in inputs[per:]]
    if devices and walk.axis is None and _equal(own, kinds, count):
        return _apart(walk, own, rest, body, kinds, count, devices)
    return _in_step(walk, [*own, *rest], body, kinds, count)


def _equal(own: Sequence[Any], kinds: Sequence[str], count: int) -> bool:
    """Whether all replicas are given the same sizes."""
    at = 0
    for kind in kinds:
        if kind == "cut" and own[at].shape[0] % count:
            return False
        if kind == "each" and len({part.shape for part in own[at : at + count]}) > 1:
            return False
        at += 1 if kind == "cut" else count
    return True


def _apart(walk: Walk, own: Sequence[Any], rest: Sequence[Any], body: Graph, kinds: Sequence[str], count: int,
           devices: Sequence[str]) -> list[Any]:  # fmt: skip
    """Each replica on a device of its own."""
    from weft.engines.xla.walk import Place, Walk

    mesh = sharding.mesh(Distribution((count,), ("replica",), tuple(devices), "replica"))
    axis = mesh.axis_names[0]
    stacked, at = [], 0
    for kind in kinds:
        stacked.append(own[at] if kind == "cut" else jnp.stack(own[at : at + count]))
        at += 1 if kind == "cut" else count
    places = list(dict.fromkeys(value for value in rest if isinstance(value, Place)))
    # what nothing has been written to yet stays so, or is refused when it is read
    held = [place for place in places if walk.state[place] is not None]
    shared = [value for value in rest if not isinstance(value, Place)]
    written: list[Any] = []

    def replica(parts: Sequence[Any], shared: Sequence[Any], values: Sequence[Any]) -> Any:
        number = lax.axis_index(axis).astype(jnp.int32)
        inner = Walk({**dict.fromkeys(places), **dict(zip(held, values, strict=True))}, axis, replica=(number, count))
        given = [part if kind == "cut" else part[0] for part, kind in zip(parts, kinds, strict=True)]
        supply = iter(shared)
        captured = [value if isinstance(value, Place) else next(supply) for value in rest]
        results = [jnp.asarray(r)[None] for r in inner.graph(body, [number, *given, *captured], walk.known)]
        failed = inner.failed()
        wrong = jnp.asarray(False) if failed is None else lax.psum(failed.astype(jnp.int32), axis) > 0
        written[:] = list(inner.written)
        return results, [inner.state[place] for place in written], wrong

    split, whole = PartitionSpec(axis), PartitionSpec()
    results, after, wrong = jax.shard_map(
        replica, mesh=mesh, in_specs=(split, whole, whole), out_specs=(split, whole, whole), check_vma=False
    )(stacked, shared, [walk.read(place) for place in held])
    walk.leave(written, after, wrong)
    return [result[number] for number in range(count) for result in results]


def _in_step(walk: Walk, inputs: Sequence[Any], body: Graph, kinds: Sequence[str], count: int) -> list[Any]:
    """All replicas on every device, waiting for one another where they sum up."""
    from weft.engines.xla.walk import Walk

    def part(rows: Any, number: int) -> Any:
        size = part_size(rows.shape[0], count)
        return rows[number * size : (number + 1) * size]

    walks = [Walk(walk.state, "", replica=(number, count)) for number in range(count)]
    runs = [each.steps(body, [np.asarray(i, np.int32), *operands_of(inputs, kinds, count, i, part)], walk.known, True)
            for i, each in enumerate(walks)]  # fmt: skip
    found: list[list[Any]] = []
    given: Any = None
    while not found:
        values = []
        node: Any = None
        for run in runs:
            try:
                node, value = run.send(given)
                values.append(value)
            except StopIteration as end:
                found.append(end.value)
        if values:
            given = _exchanged(walk, node, values)
    for each in walks:
        walk.flags.extend(each.flags)
    for place in walks[0].written:
        walk.write(place, walks[0].state[place])
    return [result for results in found for result in results]


def _exchanged(walk: Walk, node: Any, values: Sequence[Any]) -> Any:
    """What all replicas get of the values that each has put down."""
    joins = node.op == "all_gather"
    axis = node.attrs["axis"] % np.ndim(values[0]) if joins else 0
    if len({np.delete(np.shape(value), axis).tobytes() if joins else np.shape(value) for value in values}) > 1:
        walk.refuse("the replicas' values differ in shape")
    if joins:
        return jnp.concatenate(values, axis)
    total = values[0]
    for value in values[1:]:
        total = jnp.add(total, value)
    return total
