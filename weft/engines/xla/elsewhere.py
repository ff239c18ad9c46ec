"""Graphs lowered for devices that need not be here, through `jax.export`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from weft.engines.xla import resident
from weft.engines.xla.executable import Program
from weft.ir.graph import Graph


def text(graph: Graph, inputs: Sequence[Any], platforms: Sequence[str] = ("tpu", "cuda")) -> str:
    """The program of a graph for some platforms, as StableHLO: its outputs, what it writes, whether a check has failed.

    Args:
        graph: What is computed.
        inputs: Arrays and cells, of which sizes and dtypes are looked at.
        platforms: As jax names them.

    Raises:
        Unlowered: Where a node has to run on the host.
        Refused: Where the reference refuses the sizes.
    """
    program = Program(graph)
    key, cells = program.cells(inputs)
    written = program.written_of(key)
    arrays = [value for value, own in zip(inputs, graph.inputs, strict=True) if not own.type.is_resource]
    changed = [resident.held(cells[number]) for number in written]
    fixed = [resident.held(cells[number]) for number in cells if number not in written]
    with jax.enable_x64(True):
        traced = jax.jit(lambda *given: program.traced(key, *given))
        exported = jax.export.export(traced, platforms=tuple(platforms))
        return str(exported(changed, fixed, arrays).mlir_module())
