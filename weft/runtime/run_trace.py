"""What a session's run notes of itself: which kernels ran when, for which operations."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from weft.base.errors import AlreadyExistsError, UnavailableError
from weft.formats.messages.run_metadata import StepStats
from weft.ir import graph as ir
from weft.runtime import dispatch, graph_ops

T = TypeVar("T")

DEVICE = "/job:localhost/replica:0/task:0/device:CPU:0"


def traced(run: Callable[[], T], graph: ir.Graph) -> tuple[T, StepStats]:
    """Runs, and tells what took how long.

    Args:
        run: What compiles and runs; compiled before, it would show no operations.
        graph: Where the operations stand that the kernels are for.

    Returns:
        What it returned, and a line for each kernel, or one for all where the engine has none or is watched already.
    """
    stats = StepStats()
    device = stats.dev_stats.add(device=DEVICE)
    try:
        made = getattr(dispatch.engine(), "profile", None)
        kernels: Any = None if made is None else made()
        if kernels is not None:
            kernels.__enter__()
    except (AlreadyExistsError, UnavailableError):
        kernels = None
    wall, begin = time.time(), time.perf_counter()
    try:
        result = run()
    finally:
        end = time.perf_counter()
        if kernels is not None:
            kernels.__exit__(None, None, None)
    nodes = {node.name: node for node in graph.nodes}
    for event in kernels.trace_events() if kernels is not None else ():
        names = [name for name in event["args"].get("nodes", ()) if name in nodes]
        first = wall + event["ts"] - begin
        _add(device, names, nodes, event["name"], first, event["dur"])
    if not device.node_stats:
        _add(device, [], nodes, "run", wall, (end - begin) * 1e6)
    return result, stats


def _add(device: Any, names: list[str], nodes: dict[str, ir.Node], kernel: str, start: float, micros: float) -> None:
    """One kernel, under the name of the last operation that it computes."""
    length = max(round(micros), 1)
    types = ", ".join(graph_ops.type_of(nodes[name]) for name in names) or kernel
    name = names[-1] if names else kernel
    device.node_stats.add(
        node_name=name, all_start_micros=round(start * 1e6), op_start_rel_micros=0, op_end_rel_micros=length,
        all_end_rel_micros=length, scheduled_micros=round(start * 1e6), timeline_label=f"{name} = {types}({kernel})",
    )  # fmt: skip
