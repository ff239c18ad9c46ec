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
from tf1_operation_lines import GRADIENTS, LINES, SHORT, counted, differentiated  # noqa: E402

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "tf1_operation_counts.json"

if __name__ == "__main__":
    found = {
        "meta": {"script": "tools/goldens/make_tf1_operation_counts.py", "tensorflow": tf.__version__},
        "lines": {line: counted(tf, line) for line in [*LINES, *SHORT]},
        "gradients": {line: [differentiated(tf, line, gated) for gated in (False, True)] for line in GRADIENTS},
    }
    GOLDEN.write_text(json.dumps(found, indent=0) + "\n")
