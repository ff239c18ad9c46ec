"""Shows that TensorFlow 1.15 reads Weft's files: `python tools/check_exchanged_files.py PYTHON_OF_TENSORFLOW`.

Weft writes checkpoints of both versions, records, event files, graphs, meta graphs and saved models, by the programs of
`goldens/tf1_file_programs.py`. The other Python reads them by the same programs and compares. The way back needs no
TensorFlow: `tests/tf1/test_exchanged_files.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "goldens"))
import tf1_file_programs as programs


def read(folder: Path) -> int:
    """Reads what lies in a folder; how many kinds of files give something else."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    wrong = 0
    for kind in programs.KINDS:
        try:
            programs.read(tf, kind, str(folder / kind))
            print(f"{kind}: read", flush=True)
        except Exception:
            wrong += 1
            print(f"{kind}: FAILS\n{traceback.format_exc()}", flush=True)
    return wrong


def main() -> int:
    if sys.argv[1] == "--read":
        return read(Path(sys.argv[2]))
    import weft.compat.v1 as tf

    tf.disable_v2_behavior()
    with tempfile.TemporaryDirectory() as name:
        for kind in programs.KINDS:
            folder = Path(name) / kind
            folder.mkdir()
            programs.write(tf, kind, str(folder))
        return subprocess.run([sys.argv[1], __file__, "--read", name], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
