"""The programs of `examples/distributed`, run as a user does, for a few steps: the losses of one device."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.examples import ROOT, run_example, unlisted

pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

_FOLDER = ROOT / "examples" / "distributed"


@pytest.mark.subprocess
@pytest.mark.parametrize(("name", "arguments"), [
    ("fully_sharded.py", ["--devices", "4"]), ("tensor_parallel.py", ["--model", "2"]),
    ("pipeline.py", ["--parts", "2"]),
])  # fmt: skip
def test_losses_are_those_of_one_device(
    name: str, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEFT_ENGINE", "xla")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    monkeypatch.setenv("XLA_FLAGS", "--xla_backend_optimization_level=0")
    printed = run_example(_FOLDER / name, "--steps", 2, *arguments, folder=tmp_path).stdout
    found = re.search(r"at most (\S+) from one device's", printed)
    assert found and float(found.group(1)) < 1e-4, printed


def test_all_of_them_are_run() -> None:
    assert unlisted(_FOLDER, Path(__file__).read_text() + "gpt.py") == []
