"""`weft profile` and `weft tune`: a program run as ever, and tables of where its time went or of what was tried."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
import numpy as np, tensorflow as tf
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(2, name="mine")])
model.compile("sgd", "mse")
model.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0)
print("done", *sys.argv[1:])
sys.exit(3)
"""


def test_a_program_is_profiled(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "weft", "profile", "--trace", "trace.json", "train.py", "--trace"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 3 and done.stdout == "done --trace\n"
    assert "sequential/mine" in done.stderr and "GFLOPS" in done.stderr and "ui.perfetto.dev" in done.stderr
    assert json.loads((tmp_path / "trace.json").read_text())["traceEvents"]


def test_a_program_is_tuned(tmp_path: Path) -> None:
    longer = PROGRAM.replace("fit(np.ones((8, 4)), np.ones((8, 2))", "fit(np.ones((800, 4)), np.ones((800, 2)), 8")
    (tmp_path / "train.py").write_text(longer)
    command = [sys.executable, "-m", "weft", "tune", "train.py", "--fast"]
    environment = {**os.environ, "WEFT_CACHE": str(tmp_path / "code")}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
                          env=environment)  # fmt: skip
    assert done.returncode == 3 and done.stdout == "done --fast\n"
    assert "weft tune: 1 graph with products tried out\ntrain_step:" in done.stderr
