"""Runs the programs of a folder of examples as a user does, with `weft run` in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run_example(
    program: Path, *arguments: object, folder: Path, limit: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run a program, in a folder that may be written to, for so many seconds at most; what it says and prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "weft", "run", str(program), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, encoding="utf-8", timeout=limit,
                            cwd=folder)  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result


def unlisted(programs: Path, *texts: str) -> list[str]:
    """The programs of a folder that one of the texts does not name."""
    return [path.name for path in sorted(programs.glob("*.py")) if not all(path.name in text for text in texts)]
