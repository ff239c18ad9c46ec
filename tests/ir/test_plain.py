"""Graphs become plain data and graphs again, and damaged data are refused."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import numpy as np
import pytest

from weft.base.errors import DataLossError, InvalidArgumentError
from weft.ir.graph import Graph
from weft.ir.plain import Reader, Writer
from weft.ir.verifier import verify
from weft.ops import opdef
from weft.passes.checking import type_problem
from weft.testing import random_graphs

OPS = {record.name: record for record in opdef.records()}


def _there_and_back(graph: Graph) -> Graph:
    writer = Writer()
    plain = json.loads(json.dumps(writer.graph(graph), allow_nan=False))
    made = Reader(writer.arrays, writer.symbols, OPS).graph(plain)
    verify(made)
    assert type_problem(made) is None
    return made


@pytest.mark.parametrize("seed", range(60))
def test_graphs_mean_the_same_afterwards(seed: int) -> None:
    graph, inputs = random_graphs.make(seed, size=30, symbolic=True, state=True, control=True, stable=True, rich=True)
    expected = random_graphs.run(graph, inputs)
    assert random_graphs.differences(expected, random_graphs.run(_there_and_back(graph), inputs)) is None


def test_what_has_no_plain_form_is_named() -> None:
    graph = Graph("calls")
    x = graph.add_input(random_graphs._held(4), "x")
    graph.add("print", [x], {"write": print}, [], name="shout", effect=True)
    with pytest.raises(InvalidArgumentError, match=r"`shout` \(print\) calls Python"):
        Writer().graph(graph)


def test_values() -> None:
    writer = Writer()
    values = [None, True, -3, 1e-300, float("inf"), "text", b"bytes", 2j, (1, [2, {"a": (3,)}]), slice(1, None, 2),
              Ellipsis, np.arange(3)]  # fmt: skip
    reader = Reader(writer.arrays, 0, OPS)
    for value in values:
        found = reader.value(json.loads(json.dumps(writer.value(value))))
        assert type(found) is type(value) and (np.array_equal(found, value) if isinstance(value, np.ndarray) else
                                               found == value)  # fmt: skip
    assert np.isnan(reader.value(writer.value(float("nan"))))
    with pytest.raises(TypeError):
        writer.value(object())


def _spoil(plain: Any, draw: random.Random) -> None:
    """Changes one thing somewhere in the data."""
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            places.append((value, key))
            if isinstance(item, (dict, list)):
                walk(item)

    walk(plain)
    holder, key = draw.choice(places)
    choices: list[Any] = [None, -1, 10**9, "nonsense", [], {}, 0, 1.5, True, {"graph": {}}, {"constant": 99}]
    holder[key] = copy.deepcopy(draw.choice(choices))


@pytest.mark.parametrize("seed", range(12))
def test_damage_is_refused_or_harmless(seed: int) -> None:
    graph, _ = random_graphs.make(seed, size=12, symbolic=True, control=True)
    writer = Writer()
    whole = json.dumps(writer.graph(graph))
    draw = random.Random(seed)
    for _ in range(60):
        plain = json.loads(whole)
        _spoil(plain, draw)
        try:
            made = Reader(writer.arrays, writer.symbols, OPS).graph(plain)
        except DataLossError:
            continue
        assert isinstance(made, Graph)  # what is left to find, types and order, `load` asks of the graph
