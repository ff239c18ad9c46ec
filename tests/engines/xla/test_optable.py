"""Every op case on the XLA engine against the reference, and lowered for accelerators that need not be here.

The cases of an op are one graph, because each compilation costs more than what it computes. By default two cases of
each op are tried, in their usual dtypes, and one op in eight is lowered for accelerators; `WEFT_WHOLE_TABLE=1` tries
all cases of all ops, the first ones in every dtype.
"""

from __future__ import annotations

import os
import zlib
from functools import cache
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

from tests.engines.programs import STATE, check_state  # noqa: E402
from weft.engines.xla import table  # noqa: E402
from weft.engines.xla.executable import Key, Program  # noqa: E402
from weft.engines.xla.pieces import Compiled  # noqa: E402
from weft.engines.xla.walk import OF_SHAPES  # noqa: E402
from weft.ir.graph import Graph  # noqa: E402
from weft.ops import interpreter, opdef  # noqa: E402
from weft.ops.builder import GraphBuilder, inline  # noqa: E402
from weft.testing import numeric, opcases  # noqa: E402

#: relative to the greatest element of a result
TOLERANCES = {"float64": 1e-9, "complex128": 1e-9, "float32": 2e-5, "complex64": 2e-5, "float16": 4e-3,
              "bfloat16": 3e-2}  # fmt: skip

_SIZES = "the size of its result depends on the data"
_OPERAND = "the size of its result depends on an operand, which in these cases is known at run time only"
_TEXT = "strings live on the host"
#: the ops that run on the host in all or some of their cases, and why; others do that have neither a lowering nor a
#: decomposition yet
HOST = {
    **dict.fromkeys("""
        boolean_mask dynamic_partition segment_max segment_mean segment_min segment_prod segment_sum unique
        unique_with_counts where
    """.split(), _SIZES),
    **dict.fromkeys("bincount dynamic_stitch".split(), _SIZES + " in the cases that do not give it"),
    **dict.fromkeys("""
        broadcast_to_dynamic pad_dynamic range repeat_indices reshape_dynamic slice_dynamic strided_slice
        sum_to_shape_dynamic tile_dynamic tile_grad top_k unsorted_segment_max unsorted_segment_min
        unsorted_segment_prod unsorted_segment_sum
    """.split(), _OPERAND),
    **dict.fromkeys("print py_function".split(), "it calls Python"),
    **dict.fromkeys("eig eigvals logm sqrtm".split(), "XLA has general eigenvalues on no accelerator"),
    **dict.fromkeys("ctc_beam_search_decoder ctc_greedy_decoder".split(), "a search by Python's data structures"),
    "while_loop": "how many rows are stacked depends on the data, in the cases that stack",
    "scan": "of no turn at all, the size of what it never computes is not known",
    "late_gradient": "where it is of an op that is in this list",
}  # fmt: skip

_WHOLE = bool(os.environ.get("WEFT_WHOLE_TABLE"))
_TEXTUAL = ("string", "string_split", "string_pattern", "string_format", "string_codec", "string_hash", "table")


@cache
def _cases() -> dict[str, list[opcases.Item]]:
    found: dict[str, list[opcases.Item]] = {}
    for item in opcases.cases():
        found.setdefault(item.record.name, []).append(item)
    return found


def _numeric(inputs: list[Any], graph: Graph) -> bool:
    """Whether a case is about arrays of numbers alone."""
    plain = all(isinstance(a, np.ndarray) and a.dtype != object for a in inputs)
    return plain and not any(v.type.is_host for v in graph.outputs)


def _chosen(name: str) -> list[opcases.Item]:
    """The cases of an op that are tried: the first that is of numbers, and one more, the same on every run."""
    items = _cases()[name]
    if _WHOLE or len(items) < 3:
        return items
    return [items[0], items[1 + zlib.crc32(name.encode()) % (len(items) - 1)]]


def _together(name: str, every_dtype: bool) -> tuple[Graph, list[Any], list[str]]:
    """All cases of an op in one graph: its inputs, and what each output is called. Cases that fail are left out."""
    whole, arrays, labels = Graph(name), [], []
    builder = GraphBuilder(whole)
    for item in _chosen(name):
        choices = opcases.assignments(item)
        for types in choices if every_dtype and item.index == 0 else choices[:1]:
            inputs = opcases.inputs_of(item, types)
            graph = opcases.graph_of(item, opcases.types_of(inputs))
            if not _numeric(inputs, graph):
                continue
            try:
                with np.errstate(all="ignore"):
                    interpreter.run(graph, inputs)
            except ValueError:
                continue
            values = [whole.add_input(value.type, "x") for value in graph.inputs]
            made = inline(builder, graph, values)
            whole.outputs += made
            arrays += inputs
            labels += [f"{item.id} in ({', '.join(t.name for t in types)}), result {i}" for i in range(len(made))]
    return whole, arrays, labels


def _is_host(name: str) -> bool:
    """Whether an op runs on the host, always or in some of its cases: by HOST, or because nobody has lowered it."""
    return name in HOST or (table.find(name) is None and opdef.get(name).decompose is None and name not in OF_SHAPES
                            and name != "constant")  # fmt: skip


def _names() -> list[str]:
    return [record.name for record in opdef.records() if record.family not in _TEXTUAL]


@pytest.mark.parametrize("name", _names())
def test_results_are_the_references(name: str) -> None:
    graph, inputs, labels = _together(name, every_dtype=_WHOLE)
    with np.errstate(all="ignore"):
        expected = interpreter.run(graph, inputs)
    compiled = Compiled(graph)
    results = compiled.run(inputs)
    for label, actual, wanted in zip(labels, results, expected, strict=True):
        assert actual.dtype == wanted.dtype, f"{label} is {actual.dtype}, not {wanted.dtype}"
        problem = numeric.close(actual, wanted, TOLERANCES.get(wanted.dtype.name, 0.0))
        assert problem is None, f"{label} {problem}"
    assert not compiled.host or _is_host(name), f"{name} runs on the host, for a reason that HOST does not give"


@pytest.mark.parametrize("name", [name for name in _names() if not _is_host(name)][:: 1 if _WHOLE else 8])
def test_it_lowers_for_accelerators_that_are_not_here(name: str) -> None:
    graph, inputs, _ = _together(name, every_dtype=False)
    if not graph.outputs:
        pytest.skip("it works on state, or has cases of words only")
    program = Program(graph)
    specs = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in inputs]
    with jax.enable_x64(True):
        lower = jax.export.export(jax.jit(lambda *arrays: program.traced(Key((), None), [], [], arrays)[0]),
                                  platforms=("tpu", "cuda"))  # fmt: skip
        text = str(lower(*specs).mlir_module())
    assert "callback" not in text


@pytest.mark.parametrize("item", STATE, ids=str)
def test_state_is_read_and_written_as_by_the_reference(item: opcases.Item) -> None:
    def run(graph: Graph, inputs: list[Any]) -> Any:
        compiled = Compiled(graph)
        assert not compiled.host
        return compiled.run(inputs)

    check_state(item, run)
