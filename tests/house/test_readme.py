"""The README's programs run as printed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)


def test_there_is_one_program_for_each_dialect_and_one_for_several_devices():
    assert [block.splitlines()[0] for block in BLOCKS] == [
        "import weft as tf", "import numpy as np", "import weft.compat.v1 as tf", "import numpy as np",
    ]  # fmt: skip


@pytest.mark.parametrize("program", BLOCKS, ids=["tensorflow 2", "keras", "tensorflow 1", "several devices"])
def test_it_runs(program):
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


def test_what_it_links_to_is_there():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).exists(), target
