"""Indices: sums of loop variables that simplify where ranges allow it."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from weft.base.dims import Dim
from weft.engines.native.index import LANE, Index, LoopVar, Quotient


def _value(index: Index, values: dict[Any, int]) -> int:
    total = index.constant
    assert isinstance(total, int)
    for atom, coefficient in index.terms.items():
        if isinstance(atom, LoopVar):
            part = values[atom]
        else:
            assert isinstance(atom, Quotient)
            inner = _value(atom.index, values)
            part = inner // atom.divisor if type(atom) is Quotient else inner % atom.divisor
        total += part * coefficient
    return total


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 7), st.integers(0, 7), st.integers(0, 9), st.integers(1, 9))
def test_division_is_division(rows: int, columns: int, a: int, b: int, constant: int, divisor: int) -> None:
    i, j = LoopVar("i", rows), LoopVar("j", columns)
    index = Index.of(i) * a + Index.of(j) * b + constant
    for x, y in itertools.product(range(rows), range(columns)):
        values = {i: x, j: y}
        assert _value(index // divisor, values) == (a * x + b * y + constant) // divisor
        assert _value(index % divisor, values) == (a * x + b * y + constant) % divisor


@given(st.integers(1, 5), st.integers(1, 5), st.integers(-6, 6), st.integers(-6, 6), st.integers(0, 9),
       st.integers(1, 9))  # fmt: skip
def test_what_is_divided_stays_above_zero(rows: int, columns: int, a: int, b: int, more: int, divisor: int) -> None:
    i, j = LoopVar("i", rows), LoopVar("j", columns)
    least = min(0, a * (rows - 1)) + min(0, b * (columns - 1))
    index = Index.of(i) * a + Index.of(j) * b + (more - least)
    for x, y in itertools.product(range(rows), range(columns)):
        values = {i: x, j: y}
        total = a * x + b * y + more - least
        assert _value(index // divisor, values) == total // divisor
        assert _value(index % divisor, values) == total % divisor
        for part in (index // divisor, index % divisor):
            assert all(_value(atom.index, values) >= 0 for atom in part.terms if isinstance(atom, Quotient))


def test_rows_from_the_last_to_the_first() -> None:
    n, w = LoopVar("n", Dim.fresh("batch")), LoopVar("w", 4)
    backwards = (Index.of(n.extent) - 1 - n) * 4 + w
    assert backwards // 4 == Index.of(n.extent) - 1 - n
    assert backwards % 4 == Index.of(w)


def test_constants_with_unknown_sizes_are_split_too() -> None:
    batch = Dim.fresh("batch")
    n, h, w = LoopVar("n", 3), LoopVar("h", batch + 3), LoopVar("w", 16)
    padded = (Index.of(n) - 1) * (batch * 16) + (Index.of(h) - 1) * 16 + w  # above zero where it is not padding
    assert padded // 16 == (Index.of(n) - 1) * batch + h - 1
    assert padded % 16 == Index.of(w)
    cut = padded - 2
    for atom in (*(cut // 16).terms, *(cut % 16).terms):
        if isinstance(atom, Quotient):
            assert isinstance(atom.index.constant, int) and atom.index.constant >= 0


def test_a_reshape_and_back_is_nothing() -> None:
    batch = Dim.fresh("batch")
    n, h, w = LoopVar("n", batch), LoopVar("h", 5), LoopVar("w", 7)
    flat = Index.of(n) * 35 + Index.of(h) * 7 + w
    assert flat // 35 == Index.of(n)
    assert flat % 35 // 7 == Index.of(h)
    assert flat % 7 == Index.of(w)


def test_rows_of_an_unknown_number_of_parts_end_where_these_do() -> None:
    batch = Dim.fresh("batch")
    row, within = LoopVar("i", 8), LoopVar("k", batch * 64)
    flat = Index.of(row) * (batch * 64) + within
    assert flat // 64 // batch == Index.of(row)
    assert flat // 64 % batch == Index.of(within) // 64


def test_the_lane_has_no_range_that_could_be_used() -> None:
    j = LoopVar("j", 4)
    assert (Index.of(j) * 16 + LANE) // 16 != Index.of(j)
