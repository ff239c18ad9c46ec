"""Writing golden files: one compressed npz per topic, the same bytes for the same content."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np

GOLDEN_DIR = Path(__file__).resolve().parents[2] / "tests" / "golden"


def load_recipes() -> ModuleType:
    """The module that scripts and tests share for everything that is drawn from a seed."""
    spec = importlib.util.spec_from_file_location("golden_recipes", GOLDEN_DIR / "recipes.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def metadata(topic: str) -> dict[str, Any]:
    """Which script made a file, and with which versions."""
    info: dict[str, Any] = {"script": f"tools/goldens/make_{topic}.py", "numpy": np.__version__}
    for name in ("tensorflow", "keras", "scipy"):
        if name in sys.modules:
            info[name] = sys.modules[name].__version__
    return info


class Store:
    """Collects arrays under `case/part` keys and the JSON record of every case."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.arrays: dict[str, np.ndarray] = {}
        self.cases: list[dict[str, Any]] = []

    def case(self, name: str, **record: Any) -> None:
        """Opens a case; `record` must be JSON data."""
        if any(case["name"] == name for case in self.cases):
            raise ValueError(f"case {name!r} exists already")
        self.cases.append({"name": name, **record})

    def put(self, key: str, value: Any) -> None:
        """Stores one array; a list or tuple is stored as key/0, key/1, …"""
        if isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                self.put(f"{key}/{index}", item)
            return
        array = np.asarray(value)
        if array.dtype == object:
            raise TypeError(f"{key} would be stored as Python objects")
        if key in self.arrays:
            raise ValueError(f"key {key!r} exists already")
        self.arrays[key] = array

    def save(self) -> None:
        """Writes tests/golden/<topic>.npz."""
        contents = {
            "__meta__": np.array(json.dumps(metadata(self.topic), sort_keys=True)),
            "__cases__": np.array(json.dumps(self.cases, sort_keys=True)),
            **self.arrays,
        }
        path = GOLDEN_DIR / f"{self.topic}.npz"
        np.savez_compressed(path, **contents)
        print(f"{path.name}: {len(self.cases)} cases, {len(self.arrays)} arrays, {path.stat().st_size / 1024:.0f} kB")
