"""TensorFlow 1.15: how many operations its functions and their gradients make. Python 3.7."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.filterwarnings("ignore")

import tensorflow as tf  # noqa: E402
import tensorflow.contrib.slim  # noqa: E402
from tf1_operation_lines import DRAWS, GRADIENTS, LINES, SHORT, counted, differentiated, numbered  # noqa: E402

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "tf1_operation_counts.json"


def numbers(graph, first):
    """The numbers that an operation's second seed tells."""
    found = [op.get_attr("seed2") for op in graph.get_operations()[first:] if "seed2" in op.node_def.attr]
    return [int(number) for number in found if number]


if __name__ == "__main__":
    found = {
        "meta": {"script": "tools/goldens/make_tf1_operation_counts.py", "tensorflow": tf.__version__},
        "lines": {line: counted(tf, line) for line in [*LINES, *SHORT]},
        "draws": {line: numbered(tf, line, numbers) for line in DRAWS},
        "gradients": {line: [differentiated(tf, line, gated) for gated in (False, True)] for line in GRADIENTS},
    }
    GOLDEN.write_text(json.dumps(found, indent=0) + "\n")
