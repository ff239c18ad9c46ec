"""ONNX Runtime: runs the models that the PyTorch contestant exported."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from benchmarks.peers import Task, sample


class OnnxRun:
    """A session over `model.onnx` in the exchange folder."""

    def __init__(self, library: str, task: Task) -> None:
        self.task = task
        inputs = task.data[0]
        self.inputs = [np.ascontiguousarray(a.transpose(0, 3, 1, 2)) if a.ndim == 4 else a for a in inputs]

    def weights(self) -> dict[str, np.ndarray]:
        raise NotImplementedError("the weights come from Keras")

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.task.threads
        options.inter_op_num_threads = 1
        file = Path(self.task.exchange) / "model.onnx"
        self.session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self.names = [place.name for place in self.session.get_inputs()]

    def facts(self) -> dict[str, Any]:
        return {"version": f"onnxruntime {onnxruntime.__version__}"}

    def check(self) -> list[float]:
        first = self._answer(0)[0]
        return sample(first.transpose(0, 2, 3, 1) if first.ndim == 4 else first)

    def run(self, count: int) -> float:
        places = max(1, self.task.rows // self.task.batch)
        start = time.perf_counter()
        for place in range(count):
            self._answer(place % places)
        return time.perf_counter() - start

    def _answer(self, place: int) -> list[Any]:
        rows = slice(place * self.task.batch, (place + 1) * self.task.batch)
        return self.session.run(None, {name: array[rows] for name, array in zip(self.names, self.inputs)})
