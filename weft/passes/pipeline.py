"""The pipeline: what happens to a graph between the tracer and an engine, as one named list.

It runs after differentiation (it drops `stop_gradient`). Under `WEFT_CHECK=1` the graph is verified after every pass,
its types are inferred again, and it is compared numerically with the graph before; an error names the pass. Under
`WEFT_DEBUG=2` the graph is logged before and after, under 3 and more after every pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from weft.base import flags
from weft.base.debugging import show
from weft.base.errors import InternalError
from weft.ir.graph import Graph
from weft.ir.verifier import verify
from weft.passes import checking
from weft.passes.algebra import ALGEBRA, broadcast_rules
from weft.passes.loops import merge_loops
from weft.passes.rewrite import Rule, rewrite
from weft.passes.simplify import fold_constants, forward_state, inline_calls, remove_dead_code, share_common_code
from weft.passes.stable import STABLE

Pass = Callable[[Graph], Graph]


def algebra(graph: Graph) -> Graph:
    """Applies the algebraic rules until none fits."""
    return rewrite(graph, rules())


def stable(graph: Graph) -> Graph:
    """Puts numerically stable forms in place of written-out ones."""
    return rewrite(graph, STABLE)


def rules() -> tuple[Rule, ...]:
    """The algebraic rules, those made for every elementwise op included."""
    return ALGEBRA + broadcast_rules()


PIPELINE: tuple[tuple[str, Pass], ...] = (
    ("inline calls", inline_calls),
    ("state", forward_state),
    ("dead code", remove_dead_code),
    ("loops", merge_loops),
    ("fold constants", fold_constants),
    ("stable forms", stable),
    ("algebra", algebra),
    ("fold constants again", fold_constants),
    ("common code", share_common_code),
    ("dead code again", remove_dead_code),
)

#: The same without stable forms, the only ones that change bits: what it makes gives the same bits, always.
EXACT_PIPELINE: tuple[tuple[str, Pass], ...] = tuple(entry for entry in PIPELINE if entry[1] is not stable)


def run(graph: Graph, passes: Sequence[tuple[str, Pass]] = PIPELINE) -> Graph:
    """Runs passes over a graph; the graph itself is left as it is.

    Args:
        graph: What to transform.
        passes: (name, function) pairs, in order.

    Returns:
        A graph with the same inputs, outputs, captures and effects.

    Raises:
        InternalError: Under `WEFT_CHECK=1`, where a pass makes an illegal or a different graph; names the pass.
    """
    debug, check = flags.debug(), flags.check()
    if debug >= 2:
        _show("before the passes", graph)
    for name, function in passes:
        before = graph
        graph = function(before)
        if check:
            _check(name, before, graph)
        if debug >= 3:
            _show(f"after {name}", graph)
    if debug == 2:
        _show("after the passes", graph)
    return graph


def _check(name: str, before: Graph, after: Graph) -> None:
    verify(after, after=f"pass `{name}`")
    problem = checking.interface_problem(before, after) or checking.type_problem(after)
    problem = problem or checking.numeric_problem(before, after)
    if problem:
        raise InternalError(f"Pass `{name}` broke graph `{before.name}`: {problem}\nBefore:\n{before}\nAfter:\n{after}")


def _show(title: str, graph: Graph) -> None:
    show("passes", f"{graph.name}: {title}\n{graph}")
