"""Control flow as jax's own: what a branch or a loop reads, writes and finds wrong goes in and comes out as values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from weft.base import dtypes
from weft.engines.xla.table import HostOnly, lowering
from weft.ir.graph import Graph
from weft.ir.types import TensorType
from weft.ops.late import Application, rule_graph

if TYPE_CHECKING:
    from weft.engines.xla.walk import Walk


@lowering("call", walk=True, raw=True)
def _call(walk: Walk, *inputs: Any, graph: Graph, **_: Any) -> Any:
    return walk.graph(graph, inputs, walk.known)


def _split(inputs: Sequence[Any]) -> tuple[list[Any], Any]:
    """The arrays among some operands, and a function that puts others in their places."""
    from weft.engines.xla.walk import Place

    arrays = [jnp.asarray(value) for value in inputs if not isinstance(value, Place)]

    def join(given: Sequence[Any]) -> list[Any]:
        supply = iter(given)
        return [value if isinstance(value, Place) else next(supply) for value in inputs]

    return arrays, join


@lowering("cond", walk=True, raw=True)
def _cond(walk: Walk, pred: Any, *inputs: Any, then_graph: Graph, else_graph: Graph) -> Any:
    if isinstance(pred, np.ndarray):
        return walk.graph(then_graph if bool(pred) else else_graph, inputs, walk.known)
    places = walk.enter((then_graph, else_graph), inputs)
    arrays, join = _split(inputs)
    branches = []
    for graph in (then_graph, else_graph):
        run = walk.inside(graph, places, walk.known)
        branches.append(lambda given, held, run=run: run(join(given), held))
    held = [walk.read(place) for place in places]
    shapes = [jax.eval_shape(branch, arrays, held) for branch in branches]
    if [(s.shape, s.dtype) for s in jax.tree.leaves(shapes[0])] != [
        (s.shape, s.dtype) for s in jax.tree.leaves(shapes[1])
    ]:
        raise HostOnly("its branches give different shapes")
    results, after, failed = lax.cond(jnp.reshape(pred, ()), *branches, arrays, held)
    walk.leave(places, after, failed)
    return results


@lowering("while_loop", walk=True, raw=True)
def _while_loop(
    walk: Walk, *inputs: Any, body: Graph, condition: Graph, count: int, maximum: int | None, ragged: tuple[int, ...]
) -> Any:
    if len(body.outputs) > count:
        raise HostOnly("how many rows are stacked depends on the data")
    places = walk.enter((body, condition), inputs)
    variables, join = _split(inputs[:count])
    captures = list(inputs[count:])
    if len(variables) != count:
        raise HostOnly("a loop variable is a handle")
    run, test = walk.inside(body, places, walk.known), walk.inside(condition, places, walk.known)
    held = [jnp.asarray(walk.read(place)) for place in places]

    def ask(turn: Any, variables: Sequence[Any], held: Sequence[Any]) -> tuple[Any, Any, Any]:
        """Whether there is another turn, what the places hold after asking, and whether asking has failed."""
        found, after, wrong = test([*join(variables), *captures], held)
        going = jnp.reshape(found[0], ())
        return going if maximum is None else going & (turn < maximum), after, wrong

    def step(state: Any) -> Any:
        turn, _, variables, held, failed = state
        found, held, wrong = run([*join(variables), *captures], held)
        going, held, doubt = ask(turn + 1, found, held)
        failed = failed | wrong | doubt
        return turn + 1, going & ~failed, found, held, failed

    first = jnp.asarray(0, jnp.int64)
    going, held, wrong = ask(first, variables, held)
    start = (first, going & ~wrong, variables, held, wrong)
    _steady(step, start)
    _, _, results, after, failed = lax.while_loop(lambda state: state[1], step, start)
    walk.leave(places, after, failed)
    return results


def _steady(step: Any, start: Any) -> None:
    """Refuses a loop whose variables change their shapes."""
    after = jax.eval_shape(step, start)
    same = [(a.shape, a.dtype) == (b.shape, b.dtype) for a, b in
            zip(jax.tree.leaves(start), jax.tree.leaves(after), strict=True)]  # fmt: skip
    if not all(same):
        raise HostOnly("a loop variable changes its shape")


@lowering("scan", walk=True, raw=True)
def _scan(
    walk: Walk, *inputs: Any, body: Graph, carries: int, sequences: int, length: int, backwards: bool, moves: bool,
    ragged: tuple[int, ...],
) -> Any:  # fmt: skip
    if moves or ragged:
        raise HostOnly("values of its steps change their shapes")
    places = walk.enter((body,), inputs)
    first, join = _split(inputs[:carries])
    rows = [jnp.asarray(row) for row in inputs[carries : carries + sequences]]
    captures = list(inputs[carries + sequences :])
    if len(first) != carries:
        raise HostOnly("a carry is a handle")
    if any(row.shape[0] != length for row in rows):
        walk.refuse("sequences differ in length")
    if length == 0 and len(body.outputs) > carries:
        raise HostOnly("the sizes of what it never computes are not known")
    run = walk.inside(body, places, walk.known)
    held = [jnp.asarray(walk.read(place)) for place in places]

    def step(state: Any, row: Any) -> Any:
        carry, held, failed = state
        found, after, wrong = run([*join(carry), *row, *captures], held)
        return (found[:carries], after, failed | wrong), found[carries:]

    start = (first, held, jnp.asarray(False))
    (last, after, failed), stacks = lax.scan(step, start, rows, length=length, reverse=backwards)
    walk.leave(places, after, failed)
    return [*last, *stacks]


@lowering("late_gradient", walk=True, raw=True)
def _late_gradient(walk: Walk, *values: Any, wanted: tuple[int, ...], **attrs: Any) -> Any:
    made = Application(**attrs)
    types = [TensorType(tuple(value.shape), dtypes.as_dtype(value.dtype)) for value in values]
    graph, found = rule_graph(made, types)
    results = dict(zip(found, walk.graph(graph, values, walk.known), strict=True))
    return [results[i] if i in results else jnp.zeros(values[i].shape, values[i].dtype) for i in wanted]


