"""Keeps the graphs of the functions that run, for TensorBoard's page of graphs, and their times."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import numpy as np

from weft.api.profiler import experimental as profiler_session
from weft.api.summary.writers import state
from weft.base.errors import explain
from weft.formats.messages.run_metadata import RunMetadata
from weft.formats.messages.summary import Summary, SummaryMetadata
from weft.formats.tensors import to_tensor_proto
from weft.ir.graph import Graph
from weft.runtime import context, dispatch
from weft.runtime.graph_defs import graph_def_of_nodes


class _Trace:
    """What was seen since `trace_on`."""

    def __init__(self, graph: bool, profiler: bool) -> None:
        self.graph, self.profiler = graph, profiler
        self.graphs: dict[int, Graph] = {}

    def see(self, graph: Graph) -> None:
        """Keeps a graph that runs."""
        self.graphs.setdefault(id(graph), graph)


_lock = threading.Lock()
_open: list[_Trace] = []


def trace_on(graph: bool = True, profiler: bool = False, profiler_outdir: Any = None) -> None:
    """Keeps the graphs of the functions that run from now on.

    Args:
        graph: Whether graphs are kept.
        profiler: Whether times are kept, too.
        profiler_outdir: The folder for the times.
    """
    if not context.outermost_eager() or not context.executing_eagerly():
        warnings.warn("tf.summary.trace_on does nothing while a graph is being built.", stacklevel=2)
        return
    with _lock:
        if _open:
            warnings.warn("tf.summary.trace_on: a trace is on already; it goes on.", stacklevel=2)
            return
        if profiler:
            if profiler_outdir is None:
                warnings.warn("tf.summary.trace_on: give `profiler_outdir` here rather than to trace_export.",
                              stacklevel=2)  # fmt: skip
            profiler_session.start(profiler_outdir)
        trace = _Trace(bool(graph), bool(profiler))
        _open.append(trace)
        if graph:
            dispatch.run_watchers.append(trace.see)


def trace_export(name: str, step: Any = None, profiler_outdir: Any = None) -> None:
    """Ends the trace and writes its graphs as a summary, and its times into a folder.

    Args:
        name: The summary's tag.
        step: Its step; that of `set_step` where None.
        profiler_outdir: The folder for the times, where `trace_on` was given none.

    Raises:
        ValueError: Without a trace, without a step, or where times have no folder.
    """
    with _lock:
        trace = _open[0] if _open else None
    if trace is None:
        raise ValueError("Must enable trace before export through tf.summary.trace_on.")
    chosen = state.step if step is None else step
    if chosen is None:
        raise ValueError(explain("No step set.", hint="pass step=, or call tf.summary.experimental.set_step"))
    if trace.profiler:
        profiler_session.stop(folder=profiler_outdir)
        trace.profiler = False
    if state.writer is not None and trace.graph:
        state.writer._take(_summary_of(name, trace), int(chosen))
    trace_off()


def trace_off() -> None:
    """Ends the trace; what it has seen is dropped."""
    with _lock:
        found = list(_open)
        _open.clear()
    for trace in found:
        if trace.graph:
            dispatch.run_watchers.remove(trace.see)
        if trace.profiler:
            profiler_session.stop(save=False)


def _summary_of(name: str, trace: _Trace) -> Summary:
    record = RunMetadata()
    for graph in trace.graphs.values():
        record.function_graphs.add().pre_optimization_graph.CopyFrom(graph_def_of_nodes(graph))
    tensor = to_tensor_proto(np.array(record.SerializeToString(), object))
    metadata = SummaryMetadata()
    metadata.plugin_data.plugin_name, metadata.plugin_data.content = "graph_run_metadata_graph", b"1"
    return Summary(value=[Summary.Value(tag=name, tensor=tensor, metadata=metadata)])
