"""TensorFlow 1.15: what comes out of queues, readers and iterators, and what its graphs call them. Python 3.7."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tf1_input_programs import FILES, PROGRAMS, RUNNING, STEPS  # noqa: E402

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "tf1_input.json"


def plain(value: Any) -> Any:
    """Arrays, numbers and strings as JSON data."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in sorted(value.items())}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def main() -> None:
    found: dict[str, Any] = {"programs": {}, "steps": {}}
    folder = tempfile.mkdtemp()
    scope: dict[str, Any] = {"tf": tf, "np": np, "os": os, "folder": folder}
    exec(FILES, scope)
    for title, source in PROGRAMS.items():
        tf.reset_default_graph()
        exec(source, scope)
        names = [[op.name, op.type] for op in tf.get_default_graph().get_operations()
                 if "Queue" in op.type or "Reader" in op.type]  # fmt: skip
        exec(RUNNING, scope)
        found["programs"][title] = {"source": source, "names": names, "result": plain(scope["result"])}
    for title, source in STEPS.items():
        tf.reset_default_graph()
        exec(source, scope)
        found["steps"][title] = {"source": source, "result": plain(scope["result"])}
    found["files"], found["running"] = FILES, RUNNING
    found["meta"] = {"script": "tools/goldens/make_tf1_input.py", "tensorflow": tf.VERSION}
    GOLDEN.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
