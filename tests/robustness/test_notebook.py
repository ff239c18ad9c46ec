"""In a notebook: one display that changes for a whole `fit`, a table for `summary`, errors at the cell's own line.

No kernel runs here; IPython is stood in for by what Weft asks of it.
"""

import linecache
import re
import sys
import types

import pytest

from tests.robustness import models
from weft.base.sources import SourceLine
from weft.keras.utils import progbar


class ZMQInteractiveShell:
    kernel = object()
    compile = types.SimpleNamespace(_filename_map={"/tmp/ipykernel_77/4123.py": 8})


class Page:
    """What a display shows in the end, and how often it changed."""

    def __init__(self, shown):
        self.html, self.text, self.updates = shown._repr_html_(), repr(shown), 0

    def update(self, shown):
        self.html, self.text, self.updates = shown._repr_html_(), repr(shown), self.updates + 1


@pytest.fixture
def pages(monkeypatch):
    made = []

    def display(shown, display_id=None, update=False):
        made.append(Page(shown))
        return made[-1]

    shell = ZMQInteractiveShell()
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    return made


def test_a_whole_fit_is_one_display(pages, capsys):
    model = models.compiled("sequential")
    model.fit(models.X, models.Y, epochs=4, validation_split=0.25, verbose=1)
    assert len(pages) == 1
    assert capsys.readouterr().out == ""
    html = pages[0].html
    assert html.count("<progress") == 4 and html.count("<div") == html.count("</div>") == 5
    assert re.findall(r"Epoch \d/4", html) == ["Epoch 1/4", "Epoch 2/4", "Epoch 3/4", "Epoch 4/4"]
    assert html.count("val_loss") == 4
    rows = pages[0].text.splitlines()
    assert len(rows) == 4 and rows[0].startswith("Epoch 1/4 3/3 0s ") and "<" not in pages[0].text
    model.fit(models.X, models.Y, verbose=1)
    assert len(pages) == 2 and pages[1].html.count("<progress") == 1 and "Epoch" not in pages[1].html


def test_evaluate_and_predict_are_one_display_each(pages):
    model = models.compiled("sequential")
    model.evaluate(models.X, models.Y, verbose=1)
    model.predict(models.X, verbose=1)
    assert ["3/3" in page.html for page in pages] == [True, True]
    model.fit(models.X, models.Y, verbose=0)
    assert len(pages) == 2


def test_many_epochs_keep_the_last_rows(pages):
    model = models.compiled("sequential")
    model.fit(models.X[:8], models.Y[:8], epochs=progbar.NOTEBOOK_ROWS + 5, verbose=1)
    assert len(pages) == 1
    last = f"Epoch {progbar.NOTEBOOK_ROWS + 5}/"
    assert last in pages[0].html and "more above" in pages[0].html and "Epoch 1/" not in pages[0].html
    assert pages[0].html.count("<progress") <= progbar.NOTEBOOK_ROWS + 1


def test_a_fit_that_failed_leaves_no_display_to_the_next_one(pages):
    model = models.compiled("sequential")
    with pytest.raises(ValueError):
        model.fit(models.X[:, :5], models.Y, epochs=2, verbose=1)
    count = len(pages)
    model.fit(models.X, models.Y, epochs=2, verbose=1)
    assert len(pages) == count + 1


def test_one_line_an_epoch_stays_text(pages, capsys):
    models.compiled("sequential").fit(models.X, models.Y, epochs=2, verbose=2)
    assert pages == []
    assert capsys.readouterr().out.count("3/3 - ") == 2


def test_summary_is_a_table(pages, capsys):
    model = models.compiled("functional")
    model.summary()
    assert len(pages) == 1 and capsys.readouterr().out == ""
    assert "<table>" in pages[0].html and "(None, 16)" in pages[0].html
    assert pages[0].text.startswith('Model: "functional') and "(None, 16)" in pages[0].text
    assert "<table>" in model._repr_html_()


def test_the_lines_of_cells_have_names_that_people_know(pages):
    name = "/tmp/ipykernel_77/4123.py"
    linecache.cache[name] = (9, None, ["x = 1\n", "model.fit(x)\n"], name)
    try:
        assert str(SourceLine(name, 2, "<module>")) == "cell In[8]:2: model.fit(x)"
    finally:
        del linecache.cache[name]
    assert str(SourceLine("/tmp/ipykernel_77/99.py", 2, "<module>")) == "a cell:2"
    assert str(SourceLine("/home/me/train.py", 2, "<module>")) == "train.py:2"
