"""Every op case on the native engine against the reference: the numbers, and what runs natively at all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.engines.programs import STATE, check_state
from weft.base import flags
from weft.engines.native.decompose import decompose
from weft.engines.native.executable import Executable
from weft.engines.native.pieces import compile_graph
from weft.ir.graph import Graph
from weft.ops import interpreter, opdef
from weft.ops.builder import GraphBuilder, inline
from weft.testing import numeric, opcases

#: relative to the greatest element of a result
TOLERANCES = {"float64": 1e-9, "float32": 2e-5, "float16": 4e-3, "bfloat16": 3e-2}

#: of each op as many variants are tried as make up so many nodes in native terms
BUDGET = 25

#: ops that run by their reference
HOST = frozenset("""
    all_gather all_reduce
    bessel_i0 bessel_i0e bessel_i1 bessel_i1e bessel_j0 bessel_j1 bessel_k0 bessel_k0e bessel_k1 bessel_k1e
    bessel_y0 bessel_y1 boolean_mask boolean_mask_grad ctc_beam_search_decoder ctc_greedy_decoder ctc_loss
    ctc_loss_gradient dawsn det dynamic_partition edit_distance eigh eigvalsh erfcinv expm hashed_cross igamma
    igamma_grad_a igammac inverse lexicographic_order logm lstsq lu ndtri nextafter ordered_indices pinv polygamma
    positions_of print py_function qr random_binomial random_gamma random_gamma_gradient random_poisson
    random_shuffle_order range repeat_indices replicate roll_dynamic segment_max segment_mean segment_min segment_prod
    set_operation slogdet solve sqrtm svd tile_dynamic tile_grad unicode_script unique
    unique_with_counts where zeta
""".split())  # fmt: skip

#: ops whose gradients do, because their sizes are known only when the op has run
HALF = frozenset(("while_loop",))


@cache
def _cases() -> dict[str, list[opcases.Item]]:
    found: dict[str, list[opcases.Item]] = {}
    for item in opcases.cases():
        found.setdefault(item.record.name, []).append(item)
    return found


@pytest.fixture(autouse=True)
def _checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(flags._overrides, "WEFT_CHECK", "1")


def _variants(name: str) -> Iterator[tuple[str, Graph, list[Any]]]:
    """Each case with its gradient, sizes unknown (and known, of the first one); the first one in all dtypes."""
    items = _cases()[name] if name not in HOST else _cases()[name][:1]
    large = items[0].record.family == "recurrent"  # much code, where no size is known
    for item in items:
        for symbolic in (False,) if large else (True, False) if item.index == 0 else (True,):
            made = _example(item, symbolic) or _example(item, False)
            if made is not None:
                yield f"{item.id} with {'unknown' if symbolic else 'known'} sizes", *made
    if name not in HOST:
        yield from _dtypes(items[0])


def _example(item: opcases.Item, symbolic: bool) -> tuple[Graph, list[Any]] | None:
    if item.record.name in HOST | HALF:
        inputs = opcases.inputs_of(item, opcases.assignments(item)[0])
        plain = all(isinstance(a, np.ndarray) for a in inputs)
        return (opcases.graph_of(item, opcases.types_of(inputs)), inputs) if plain else None
    try:
        return opcases.example(item, symbolic=symbolic)
    except Exception:  # what the op table's own tests are for
        return None


def _dtypes(item: opcases.Item) -> Iterator[tuple[str, Graph, list[Any]]]:
    """A case in every dtype that it takes, all in one graph."""
    graph, inputs = Graph("dtypes"), []
    builder = GraphBuilder(graph)
    for types in opcases.assignments(item)[1:]:
        arrays = opcases.inputs_of(item, types)
        if not all(isinstance(a, np.ndarray) and a.dtype.kind not in "Oc" for a in arrays):
            continue
        part = opcases.graph_of(item, opcases.types_of(arrays))
        if any(value.dtype.is_complex for value in part.outputs):
            continue
        values = [graph.add_input(value.type, "x") for value in part.inputs]
        graph.outputs += inline(builder, part, values)
        inputs += arrays
    if graph.outputs:
        yield f"{item.id} in other dtypes", graph, inputs


def _foreign(graph: Graph) -> bool:
    """Whether native code cannot hold an input or a result: strings, complex numbers, unknown ranks."""
    values = (*graph.inputs, *graph.outputs)
    return any(v.shape is None or v.dtype.is_complex or v.dtype.name in ("string", "variant") for v in values)


@pytest.mark.parametrize("name", [record.name for record in opdef.records()])
def test_native_results_are_the_references(name: str) -> None:
    native = foreign = tried = spent = 0
    for label, graph, inputs in _variants(name):
        if spent > BUDGET:
            break
        spent += len(decompose(graph).nodes)
        try:
            with np.errstate(all="ignore"):
                expected = interpreter.run(graph, inputs)
        except Exception:
            continue
        tried += 1
        found = compile_graph(graph)
        if not isinstance(found, Executable):
            foreign += _foreign(graph)
            results = found.run(inputs)
        else:
            native += 1
            results = found._run(inputs)  # type: ignore[assignment]
            assert results is not None, f"{label}: fell back to the reference"
        for position, (actual, wanted) in enumerate(zip(results, expected, strict=True)):
            actual, wanted = np.asarray(actual), np.asarray(wanted)
            assert actual.dtype == wanted.dtype, f"{label}: result {position} is {actual.dtype}, not {wanted.dtype}"
            problem = numeric.close(actual, wanted, TOLERANCES.get(wanted.dtype.name, 0.0))
            assert problem is None, f"{label}: result {position} {problem}"
    if not tried:
        return  # its cases hold state: the next test
    assert bool(native) is (name not in HOST) or (not native and foreign == tried), (
        f"{name} runs natively in {native} variants of its cases, and {'is' if name in HOST else 'is not'} in HOST"
    )


@pytest.mark.parametrize("item", STATE, ids=str)
def test_state_is_read_and_written_as_by_the_reference(item: opcases.Item) -> None:
    def run(graph: Graph, inputs: list[Any]) -> Any:
        found = compile_graph(graph)
        assert isinstance(found, Executable)
        return found.run(inputs)

    check_state(item, run)
