"""TensorFlow 1.15: files of every kind that programs hand on, with what they hold. Python 3.7."""

from __future__ import annotations

import base64
import json
import os
import tempfile
import warnings
import zlib
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.filterwarnings("ignore")

import tensorflow as tf  # noqa: E402
import tf1_file_programs as programs  # noqa: E402

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "tf1_files.json"


def written(kind: str) -> dict[str, str]:
    """The files of a kind, packed, by their paths."""
    with tempfile.TemporaryDirectory() as name:
        programs.write(tf, kind, name)
        found = sorted(path for path in Path(name).rglob("*") if path.is_file())
        return {str(path.relative_to(name)): base64.b64encode(zlib.compress(path.read_bytes(), 9)).decode()
                for path in found}  # fmt: skip


if __name__ == "__main__":
    answers = {"meta": {"script": "tools/goldens/make_tf1_files.py", "tensorflow": tf.VERSION}}
    answers.update((kind, written(kind)) for kind in programs.KINDS)
    GOLDEN.write_text(json.dumps(answers, indent=1, sort_keys=True) + "\n", encoding="utf-8")
