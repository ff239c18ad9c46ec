"""What the test suite's golden files compare beside the uses: the cases of Keras 3.15 that tests/keras goes through.

A name counts by its case in the file, and the file by the test that says its name. These comparisons have no notes:
where one disagreed, its test would fail.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

GOLDEN = Path(__file__).resolve().parents[1] / "tests" / "golden"
Case = dict[str, Any]


def _op(case: Case) -> Iterator[str]:
    if "results" in case:  # else Keras itself refuses
        yield "keras.ops." + case["function"]


def _layer(case: Case) -> Iterator[str]:
    if case["layer"] == "Sequential":
        yield from (f"keras.layers.{name}" for name, _ in case["config"]["layers"])
    else:  # a class, or an expression that begins with one
        yield "keras.layers." + re.match(r"\w*", case["layer"])[0]  # type: ignore[index]


def _loss_or_metric(case: Case) -> Iterator[str]:
    if case["kind"] == "resolution":
        yield "keras.metrics." + case["chosen"]
    else:
        yield ("keras.losses." if case["kind"] == "loss" else "keras.metrics.") + case["class"]


def _optimizer(case: Case) -> Iterator[str]:
    for part, home in (("optimizer", "optimizers"), ("schedule", "optimizers.schedules"), ("loss", "losses")):
        if isinstance(case.get(part), str):
            yield f"keras.{home}.{case[part]}"


def _initializer(case: Case) -> Iterator[str]:
    yield "keras.initializers." + case["initializer"]


#: golden file → the names that a case of it compares
FILES: dict[str, Callable[[Case], Iterator[str]]] = {
    "keras_ops.npz": _op, "keras_layers.npz": _layer, "keras_more_layers.npz": _layer,
    "keras_further_layers.npz": _layer, "keras_images.npz": _layer, "keras_contracts.json": _layer,
    "keras_preprocessing.json": _layer, "keras_losses_metrics.npz": _loss_or_metric,
    "keras_more_metrics.npz": _loss_or_metric, "keras_optimizers.npz": _optimizer,
    "keras_more_optimizers.npz": _optimizer, "initializers.npz": _initializer,
}  # fmt: skip


def _cases(path: Path) -> list[Case]:
    if path.suffix == ".json":
        found: list[Case] = json.loads(path.read_text(encoding="utf-8"))["cases"]
        return found
    with np.load(path) as file:
        return list(json.loads(str(file["__cases__"])))


def compared(dialect: str) -> dict[str, int]:
    """Public names, and in how many golden cases they are compared."""
    found: dict[str, int] = {}
    if dialect == "keras":
        for file, names_of in FILES.items():
            for case in _cases(GOLDEN / file):
                for name in names_of(case):
                    found[name] = found.get(name, 0) + 1
    return found
