"""TensorFlow's input pipelines: what each expression of data_programs.py gives, or that it refuses it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import _store as store
import data_programs as programs
import numpy as np
import tensorflow as tf


def encode(value: Any) -> Any:
    """An element as JSON: [dtype, nested values]; structure as lists and dicts."""
    if isinstance(value, dict):
        return {"dict": {key: encode(part) for key, part in value.items()}}
    if isinstance(value, tuple):
        return {"tuple": [encode(part) for part in value]}
    if value is None:
        return None
    if isinstance(value, tf.data.Dataset):
        return {"dataset": [encode(part) for part in value]}
    array = np.asarray(value.numpy(), object if value.dtype == tf.string else None)
    flat = [v.decode("latin-1") if isinstance(v, bytes) else v for v in array.ravel().tolist()]
    return [value.dtype.name, list(array.shape), flat]


def result(text: str, names: dict[str, Any]) -> dict[str, Any]:
    """What an expression gives."""
    found = eval(text, names)
    if not isinstance(found, tf.data.Dataset):
        return {"program": text, "value": encode(found)}
    return {
        "program": text, "print": repr(found), "cardinality": int(found.cardinality()),
        "elements": [encode(element) for element in found],
    }  # fmt: skip


def refusal(text: str, names: dict[str, Any]) -> dict[str, Any]:
    """The class of the error that an expression raises."""
    try:
        eval(text, names)
    except Exception as error:
        return {"program": text, "raises": type(error).__name__}
    raise AssertionError(f"TensorFlow takes {text}")


with tempfile.TemporaryDirectory() as folder:
    programs.write_files(Path(folder))
    names = {"tf": tf, "np": np, "D": tf.data.Dataset, "folder": folder}
    content = {
        "about": store.metadata("data"),
        "programs": [result(text, names) for text in programs.lines(programs.PROGRAMS)],
        "refused": [refusal(text, names) for text in programs.lines(programs.REFUSED)],
    }
path = store.GOLDEN_DIR / "data.json"
path.write_text(json.dumps(content, indent=0, ensure_ascii=True) + "\n", encoding="utf-8")
print(path, len(content["programs"]))
