"""`tensorflow.python.client.timeline`: the times of a run as a trace that a browser shows."""

from __future__ import annotations

import json
from typing import Any


class Timeline:
    """What a run noted, for `chrome://tracing` and ui.perfetto.dev.

    Args:
        step_stats: `run_metadata.step_stats` of a run with `RunOptions(trace_level=RunOptions.FULL_TRACE)`.
        graph: Accepted.
    """

    def __init__(self, step_stats: Any, graph: Any = None) -> None:
        self._step_stats = step_stats

    def generate_chrome_trace_format(self, show_dataflow: bool = True, show_memory: bool = False,
                                     op_time: str = "schedule") -> str:  # fmt: skip
        """The trace as JSON: a process for each device, an event for each piece of work.

        Args:
            show_dataflow: Accepted.
            show_memory: Accepted.
            op_time: Accepted.
        """
        events: list[dict[str, Any]] = []
        for number, device in enumerate(self._step_stats.dev_stats, start=1):
            events.append({"name": "process_name", "ph": "M", "pid": number,
                           "args": {"name": f"{device.device} Compute"}})  # fmt: skip
            for work in device.node_stats:
                label, _, nodes = work.timeline_label.partition(" = ")
                events.append({
                    "ph": "X", "cat": "Op", "name": nodes.partition("(")[0] or label, "pid": number,
                    "tid": work.thread_id, "ts": work.all_start_micros, "dur": max(work.all_end_rel_micros, 1),
                    "args": {"name": work.node_name, "op": work.timeline_label},
                })  # fmt: skip
        return json.dumps({"traceEvents": events}, indent=4)
