"""From tensors of metrics and outputs to what users see."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft as tf
from weft.keras.core.metric_logs import Logs
from weft.keras.trainer.uneven import joined, on_host


def as_numbers(logs: Any) -> Logs:
    """Logs with Python numbers, their names sorted; dicts of results are opened."""
    found = Logs()
    for name, value in sorted(logs.items()):
        if isinstance(value, dict):
            found.update(as_numbers(value))
            continue
        array = np.asarray(value)
        is_number = array.ndim == 0 and (array.dtype.kind in "fiub" or array.dtype.name == "bfloat16")
        found[name] = float(array) if is_number else value
    return found


def numpy_of(outputs: Any) -> Any:
    """The outputs of one batch as numpy arrays, in their structure."""
    return on_host(outputs) if tf.is_tensor(outputs) else tf.nest.map_structure(on_host, outputs)


class Gathered:
    """The outputs of batches, joined along the first axis at the end."""

    def __init__(self) -> None:
        self._structure: Any = None
        self._parts: list[list[Any]] | None = None
        self._latest: list[Any] = []

    def add(self, outputs: Any) -> None:
        """Takes the outputs of a batch in; they are fetched when those of the next one are on their way."""
        self._fetch()
        self._latest.append(outputs)

    def _fetch(self) -> None:
        if not self._latest:
            return
        outputs = self._latest.pop()
        flat = [on_host(leaf) for leaf in tf.nest.flatten(outputs)]
        if self._parts is None:
            self._structure = outputs
            self._parts = [[] for _ in flat]
        for part, leaf in zip(self._parts, flat, strict=True):
            part.append(leaf)

    def result(self) -> Any:
        """The structure of joined arrays; None where there was no batch."""
        self._fetch()
        if self._parts is None:
            return None
        return tf.nest.pack_sequence_as(self._structure, [joined(part) for part in self._parts])
