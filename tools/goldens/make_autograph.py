"""What TensorFlow's functions with control flow over tensors give: the programs of autograph_programs.py."""

from __future__ import annotations

import json
from typing import Any

import _store as store
import autograph_programs as programs
import numpy as np
import tensorflow as tf


def encode(value: Any) -> Any:
    """Results as JSON: [dtype, nested values]."""
    if isinstance(value, (tuple, list)):
        return {"tuple": [encode(part) for part in value]}
    array = np.asarray(value)
    return [array.dtype.name, array.tolist()]


def main() -> None:
    """Writes tests/golden/autograph.json."""
    programs.tf = tf
    found: dict[str, Any] = {"meta": store.metadata("autograph"), "programs": {}, "refused": {}}
    for function, cases in programs.PROGRAMS:
        traced = tf.function(function)
        try:
            found["programs"][function.__name__] = [
                encode(tf.nest.map_structure(np.asarray, traced(*[tf.constant(a) for a in case]))) for case in cases
            ]
        except Exception as error:  # what TensorFlow's rewriting does not take
            found["programs"][function.__name__] = type(error).__name__
    for function, arguments in programs.REFUSED:
        try:
            tf.function(function)(*[tf.constant(a) for a in arguments])
        except Exception as error:
            found["refused"][function.__name__] = type(error).__name__
        else:
            found["refused"][function.__name__] = None
    text = json.dumps(found, indent=0, separators=(",", ":"))
    (store.GOLDEN_DIR / "autograph.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
