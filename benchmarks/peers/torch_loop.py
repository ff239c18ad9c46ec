"""PyTorch by hand: eager nets and a plain training loop, in the memory format that is the faster one here."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.peers import CHECKED_STEPS, Task, sample
from benchmarks.peers.torch_nets import NETS, load

FORMATS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}


class TorchLoop:
    """A net, its fused optimizer, and a loop that gathers shuffled rows."""

    def __init__(self, library: str, task: Task) -> None:
        torch.set_num_threads(task.threads)
        torch.manual_seed(1)
        self.task = task
        self.rng = np.random.default_rng(3)
        inputs, targets = task.data
        self.inputs = [torch.from_numpy(array) for array in inputs]
        self.targets = [_target(array) for array in targets]
        if inputs[0].ndim == 4:  # views: with channels last nothing is copied
            self.inputs = [array.permute(0, 3, 1, 2) for array in self.inputs]
            self.targets = [array.permute(0, 3, 1, 2) if array.ndim == 4 else array for array in self.targets]
        self.net = NETS[task.model](**task.sizes)
        self.format = "contiguous"
        self.loaded: Mapping[str, np.ndarray] = {}

    def weights(self) -> dict[str, np.ndarray]:
        raise NotImplementedError("the weights come from Keras")

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        self.loaded = weights
        if self.inputs[0].ndim == 4:
            times = {}
            for name in FORMATS:
                self._prepare(name)
                self.run(1)
                times[name] = self.run(1)
            self.format = min(times, key=times.__getitem__)
        self._prepare(self.format)

    def facts(self) -> dict[str, Any]:
        return {"version": f"torch {torch.__version__}", "format": self.format}

    def check(self) -> list[float]:
        batch = slice(0, self.task.batch)
        if self.task.mode == "train":
            return [float(self._step(batch).detach()) for _ in range(CHECKED_STEPS)]
        if self.task.mode in ("infer", "predict"):
            export(self.net, self._inputs(batch), Path(self.task.exchange))
        with torch.inference_mode():
            answer = self.net(*self._inputs(batch))
        first = answer[0] if isinstance(answer, tuple) else answer
        return sample(first.permute(0, 2, 3, 1) if first.ndim == 4 else first)

    def run(self, count: int) -> float:
        return self._train(count) if self.task.mode == "train" else self._infer(count)

    def _prepare(self, form: str) -> None:
        """Weights, memory format and optimizer, all afresh."""
        load(self.net, self.loaded)
        self.format = form
        if self.inputs[0].ndim == 4:
            self.net = self.net.to(memory_format=FORMATS[form])
        self.net.train(self.task.mode == "train")
        name, arguments = self.task.description.optimizer
        known = [parameter for parameter in self.net.parameters() if parameter.requires_grad]
        if name == "SGD":
            self.optimizer: Any = torch.optim.SGD(
                known, lr=arguments["learning_rate"], momentum=arguments["momentum"], fused=True
            )
        else:
            self.optimizer = torch.optim.Adam(known, lr=arguments["learning_rate"], eps=1e-7, fused=True)

    def _train(self, count: int) -> float:
        start = time.perf_counter()
        for rows in self.task.shuffled(self.rng, count):
            self._step(torch.from_numpy(rows))
        return time.perf_counter() - start

    def _step(self, rows: Any) -> torch.Tensor:
        answer = self.net(*self._inputs(rows))
        loss = self.net.loss(answer, *(array[rows] for array in self.targets))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss

    def _inputs(self, rows: Any) -> list[torch.Tensor]:
        chosen = [array[rows] for array in self.inputs]
        if chosen[0].ndim == 4:
            chosen = [array.contiguous(memory_format=FORMATS[self.format]) for array in chosen]
        return chosen

    def _infer(self, count: int) -> float:
        batch, alone = self.task.batch, self.task.mode == "predict"
        places = max(1, self.task.rows // batch)
        with torch.inference_mode():
            start = time.perf_counter()
            for place in range(count):
                answer = self.net(*self._inputs(slice(place % places * batch, place % places * batch + batch)))
                if alone:
                    (answer[0] if isinstance(answer, tuple) else answer).numpy()
            return time.perf_counter() - start


def _target(array: np.ndarray) -> torch.Tensor:
    """Labels are 64-bit integers to PyTorch."""
    return torch.from_numpy(array.astype("int64") if array.dtype == np.int32 else array)


def export(net: Any, inputs: list[torch.Tensor], folder: Path) -> None:
    """Writes a net as `model.onnx`, for exactly these shapes, so that ONNX Runtime can plan for them."""
    plain = copy.deepcopy(net).to(memory_format=torch.contiguous_format).eval()
    torch.onnx.export(plain, tuple(array.contiguous() for array in inputs), str(folder / "model.onnx"), dynamo=False)
