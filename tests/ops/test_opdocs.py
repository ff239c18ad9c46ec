"""The page about ops is made from the table, and is current."""

import pytest

from weft.ops import opdef
from weft.testing import opdocs


def test_the_page_is_current():
    pytest.importorskip("jax", reason="the page has a column that the XLA engine's table fills")
    assert opdocs.PAGE.read_text(encoding="utf-8") == opdocs.page(), "run: python -m weft.testing.opdocs"


def test_every_op_stands_on_it():
    text = opdocs.page()
    assert [r.name for r in opdef.records() if f"`{r.name}(" not in text] == []


def test_checking(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(opdocs, "PAGE", tmp_path / "docs" / "ops.md")
    assert opdocs.main(["--check"]) == 1 and "not current" in capsys.readouterr().out
    assert opdocs.main([]) == 0 and opdocs.main(["--check"]) == 0
    opdocs.PAGE.write_text("old")
    assert opdocs.main(["--check"]) == 1
