# make test    everything CI checks: ruff, mypy, pytest
# make nightly trains the examples as long as their tutorials do, up to what these report: half an hour on two cores
# make mnist   train the demo network
# make conformance   asks TensorFlow and Keras anew, compares Weft with them, writes docs/*_coverage.md
# make peers   the libraries that `python -m benchmarks` compares with, each in an environment of its own
# Any target makes .venv on its first run. PYTHON=python3.13 chooses the interpreter.

# python3 where it is new enough, else the newest that is there.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$name; break; fi; done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input

# Arguments for the tools, e.g. make test PYTEST_ARGS="tests/ops -x". A process for each core: no test may need another.
PYTEST_ARGS ?= -n auto --dist worksteal
MNIST_ARGS ?=

PEERS := tensorflow torch jax onnx

# TensorFlow 1.15.5 needs a Python 3.7 (PYTHON37=/path/to/python3.7); without one its dialect keeps the stored answers.
PYTHON37 ?= $(shell command -v python3.7)

.PHONY: test nightly lint mnist peers conformance docs clean help

help:
	@echo "make test | nightly | lint | mnist | peers | conformance | docs | clean"

test: lint
	$(BIN)/python -m pytest $(PYTEST_ARGS)

nightly: $(VENV)/.stamp-test
	$(BIN)/python -m pytest -m nightly tests

lint: $(VENV)/.stamp-test
	$(BIN)/ruff check .
	$(BIN)/mypy

mnist: $(VENV)/.stamp-demo
	$(BIN)/weft demo mnist $(MNIST_ARGS)

# Several gigabytes, most of them PyTorch's.
peers: $(PEERS:%=.peers/%/.stamp)

.peers/%/.stamp: benchmarks/requirements/%.txt
	$(PYTHON) -m venv .peers/$*
	.peers/$*/bin/python -m pip install --quiet --disable-pip-version-check --no-input -r $<
	@touch $@

conformance: $(VENV)/.stamp-test .originals/tensorflow/.stamp $(if $(PYTHON37),.originals/tensorflow1/.stamp)
	$(PIP) -r conformance/requirements/weft.txt
	$(BIN)/python -m conformance tf2 keras --record .originals/tensorflow/bin/python --everything --write
	$(BIN)/python -m conformance tf1 $(if $(PYTHON37),--record .originals/tensorflow1/bin/python --everything) --write
	$(if $(PYTHON37),$(BIN)/python tools/check_exported_graphs.py .originals/tensorflow1/bin/python)
	$(if $(PYTHON37),$(BIN)/python tools/check_exchanged_files.py .originals/tensorflow1/bin/python)

.originals/tensorflow/.stamp: conformance/requirements/tensorflow.txt
	$(PYTHON) -m venv .originals/tensorflow
	.originals/tensorflow/bin/python -m pip install --quiet --disable-pip-version-check --no-input -r $<
	@touch $@

.originals/tensorflow1/.stamp: conformance/requirements/tensorflow1.txt
	$(PYTHON37) -m venv .originals/tensorflow1
	.originals/tensorflow1/bin/python -m pip install --quiet --disable-pip-version-check --no-input -r $<
	@touch $@

# docs/ops.md is generated from the op table and never edited by hand.
docs: $(VENV)/.stamp-test
	$(BIN)/python -m weft.testing.opdocs

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find weft tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps make a second call fast: an install runs again only when what is installed has changed.
$(VENV)/.stamp-venv:
	@if [ -z "$(PYTHON)" ]; then echo "Weft needs Python 3.11 or newer and found none; name one: make PYTHON=/path/to/python3.12" >&2; exit 1; fi
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.stamp-demo: $(VENV)/.stamp-venv pyproject.toml weft/version.py
	@echo "Installing Weft and its demo into $(VENV); the first time takes a minute."
	$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.stamp-test: $(VENV)/.stamp-venv pyproject.toml weft/version.py
	@echo "Installing Weft and what its tests need into $(VENV); the first time takes a minute."
	$(PIP) --editable '.[test,demo,image]'
	@touch $@ $(VENV)/.stamp-demo
