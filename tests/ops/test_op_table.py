"""Every case of every op, held against what its record promises."""

import importlib.util

import pytest

from weft.ops import opdef
from weft.testing import opcases

CASES = opcases.cases()
RECORDS = list(opdef.records())


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_record(record):
    assert list(opcases.record_problems(record)) == []


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.id)
def test_spec(item):
    opcases.check_spec(item)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.id)
def test_dtypes(item):
    opcases.check_dtypes(item)


@pytest.mark.parametrize("item", [i for i in CASES if opcases.claimed_order(i)], ids=lambda item: item.id)
def test_gradient(item):
    opcases.check_gradient(item)


@pytest.mark.parametrize("item", [i for i in CASES if i.record.decompose], ids=lambda item: item.id)
def test_decompose(item):
    opcases.check_decompose(item)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.id)
def test_edges(item):
    opcases.check_edges(item)


@pytest.mark.parametrize("item", CASES, ids=lambda item: item.id)
def test_shapes(item):
    opcases.check_shapes(item)


def test_the_checks_see_every_family():
    there = [family for family in opdef.FAMILIES if importlib.util.find_spec(f"weft.ops.{family}")]
    assert [family for family in there if not any(record.family == family for record in RECORDS)] == []
    assert {record.family for record in RECORDS} == set(there)
