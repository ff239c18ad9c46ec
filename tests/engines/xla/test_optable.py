"""Every op case on the XLA engine against the reference, and lowered for accelerators that need not be here.

The cases of an op are one graph, because each compilation costs more than what it computes. By default two cases of
each op are tried, in their usual dtypes, and one op in twelve is lowered for accelerators and cut over devices;
`WEFT_WHOLE_TABLE=1` tries all cases of all ops, the first ones in every dtype.
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
from weft.engines.base import Distribution  # noqa: E402
from weft.engines.xla import sharding  # noqa: E402
from weft.engines.xla.pieces import Compiled  # noqa: E402
from weft.ir.graph import Graph  # noqa: E402
from weft.ops import interpreter, opdef  # noqa: E402
from weft.testing import lowerings, numeric, opcases  # noqa: E402

#: relative to the greatest element of a result
TOLERANCES = {"float64": 1e-9, "complex128": 1e-9, "float32": 2e-5, "complex64": 2e-5, "float16": 4e-3,
              "bfloat16": 3e-2}  # fmt: skip

_WHOLE = bool(os.environ.get("WEFT_WHOLE_TABLE"))
_TEXTUAL = ("string", "string_split", "string_pattern", "string_format", "string_codec", "string_hash")


@cache
def _cases() -> dict[str, list[opcases.Item]]:
    found: dict[str, list[opcases.Item]] = {}
    for item in opcases.cases():
        found.setdefault(item.record.name, []).append(item)
    return found


def _chosen(name: str) -> list[opcases.Item]:
    """The cases of an op that are tried: the first that is of numbers, and one more, the same on every run."""
    items = _cases()[name]
    if _WHOLE or len(items) < 3:
        return items
    return [items[0], items[1 + zlib.crc32(name.encode()) % (len(items) - 1)]]


def _together(name: str, every_dtype: bool) -> tuple[Graph, list[Any], list[str]]:
    """The cases of an op that are tried, in one graph; those of state are looked at by themselves."""
    cases, _ = lowerings.of_numbers(_chosen(name), every_dtype)
    return lowerings.joined(name, [each for each in cases if all(isinstance(a, np.ndarray) for a in each.inputs)])


def _is_host(name: str) -> bool:
    """Whether an op runs on the host, always or in some of its cases."""
    counts = lowerings.stored()[name]
    return counts.lowered < counts.tried


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
    assert not compiled.host or _is_host(name), f"{name} runs on the host, of which docs/ops.md does not tell"


@pytest.mark.parametrize("name", _names()[:: 1 if _WHOLE else 12])
def test_results_are_the_references_where_operands_lie_cut_over_devices(name: str) -> None:
    graph, inputs, labels = _together(name, every_dtype=False)
    rows = [array.shape[0] for array in inputs if array.ndim and array.shape[0] > 1]
    if not rows or _is_host(name):
        pytest.skip("nothing of it can be cut")
    count = max(range(2, min(9, len(jax.devices()) + 1)), key=lambda n: sum(each % n == 0 for each in rows))
    devices = tuple(f"cpu:{number}" for number in range(count))
    with np.errstate(all="ignore"):
        expected = interpreter.run(graph, inputs)
    sharding.use(Distribution((count,), ("rows",), devices, "rows"))
    try:
        compiled = Compiled(graph)
        results = compiled.run(inputs)
    finally:
        sharding.use(None)
    for label, actual, wanted in zip(labels, results, expected, strict=True):
        problem = numeric.close(actual, wanted, TOLERANCES.get(wanted.dtype.name, 0.0))
        assert problem is None, f"{label} on {count} devices: {problem}"


def test_every_op_is_in_the_column_of_what_lowers_with_a_reason_where_it_does_not() -> None:
    found = lowerings.stored()
    assert list(found) == [record.name for record in opdef.records()], "run: python -m weft.testing.lowerings"
    assert [name for name in found if _is_host(name) and not found[name].why(opdef.get(name))] == []


@pytest.mark.parametrize("name", list(lowerings.stored())[:: 1 if _WHOLE else 12])
def test_the_column_of_what_lowers_for_accelerators_that_are_not_here_is_true(name: str) -> None:
    assert lowerings.count(name, _cases()[name]) == lowerings.stored()[name], "run: python -m weft.testing.lowerings"


@pytest.mark.parametrize("item", STATE, ids=str)
def test_state_is_read_and_written_as_by_the_reference(item: opcases.Item) -> None:
    def run(graph: Graph, inputs: list[Any]) -> Any:
        compiled = Compiled(graph)
        assert not compiled.host
        return compiled.run(inputs)

    check_state(item, run)
