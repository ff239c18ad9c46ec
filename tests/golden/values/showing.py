"""How the values of expressions are written down, by the script that asks TensorFlow and by the tests alike.

A `.txt` file has an expression in each line; a line that begins with `!` is a statement that those below it need.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent


def lines(topic: str) -> Iterator[tuple[bool, str]]:
    """The lines of a topic: whether it is a statement, and its text."""
    for line in (HERE / f"{topic}.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.startswith("!"), line.removeprefix("!").strip()


def topics() -> list[str]:
    """The topics there are."""
    return sorted(path.stem for path in HERE.glob("*.txt"))


def shown(tf: Any, value: Any) -> Any:
    """A value as JSON: structure as lists and dicts, tensors as [dtype, shape, elements]."""
    if isinstance(value, tf.SparseTensor):
        return {"sparse": [shown(tf, part) for part in (value.indices, value.values, value.dense_shape)]}
    if isinstance(value, getattr(tf, "RaggedTensor", ())):
        splits = [shown(tf, part) for part in value.nested_row_splits]
        return {"ragged": [str(value.shape), shown(tf, value.flat_values), splits]}
    if isinstance(value, tf.IndexedSlices):
        return {"slices": [shown(tf, value.values), shown(tf, value.indices)]}
    if isinstance(value, dict):
        return {"dict": {str(key): shown(tf, value[key]) for key in sorted(value, key=str)}}
    if isinstance(value, (list, tuple)):
        return [shown(tf, part) for part in value]
    if isinstance(value, np.ndarray) or (hasattr(value, "numpy") and hasattr(value, "dtype")):
        return _tensor(tf, value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def _tensor(tf: Any, value: Any) -> Any:
    array = value if isinstance(value, np.ndarray) else value.numpy()
    dtype = tf.as_dtype(value.dtype).name
    array = np.asarray(array, object if dtype == "string" else None)
    if dtype == "string":
        flat: list[Any] = [text.decode("latin-1") if isinstance(text, bytes) else text for text in array.ravel()]
    elif array.dtype.kind == "c":
        flat = [[float(n.real), float(n.imag)] for n in array.ravel()]
    else:
        flat = array.ravel().tolist() if array.dtype.kind in "biu" else [float(n) for n in array.ravel()]
    return [dtype, list(array.shape), flat]


def stored(topic: str) -> dict[str, Any]:
    """Expression → what TensorFlow gave, `{"raises": name}` where it refused."""
    found: dict[str, Any] = json.loads((HERE / f"{topic}.json").read_text(encoding="utf-8"))
    return found


def differs(mine: Any, theirs: Any, tolerance: float = 1e-5) -> str | None:
    """Where two shown values differ, or None."""
    if type(mine) is not type(theirs) and not (isinstance(mine, (int, float)) and isinstance(theirs, (int, float))):
        return f"{mine!r} against {theirs!r}"
    if isinstance(mine, dict):
        if list(mine) != list(theirs):
            return f"keys {list(mine)} against {list(theirs)}"
        return next((d for key in mine if (d := differs(mine[key], theirs[key], tolerance))), None)
    if isinstance(mine, list):
        if len(mine) != len(theirs):
            return f"{mine!r} against {theirs!r}"
        return next((d for a, b in zip(mine, theirs, strict=True) if (d := differs(a, b, tolerance))), None)
    if isinstance(mine, float) or isinstance(theirs, float):
        return None if np.allclose(mine, theirs, rtol=tolerance, atol=tolerance, equal_nan=True) else \
            f"{mine!r} against {theirs!r}"  # fmt: skip
    return None if mine == theirs else f"{mine!r} against {theirs!r}"
