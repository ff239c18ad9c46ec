"""Keras optimizers beyond those of keras_optimizers, recorded in the same way, and some losses."""

from __future__ import annotations

from typing import Any

import _store as store
import make_keras_optimizers as base
import numpy as np

base.out = out = store.Store("keras_more_optimizers")
keras, recipes = base.keras, base.recipes

OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "muon_default": ("Muon", {}),
    "muon": ("Muon", {"learning_rate": 0.02, "momentum": 0.8, "nesterov": False, "ns_steps": 3, "rms_rate": None}),
    "muon_decay": (
        "Muon",
        {"learning_rate": 0.02, "weight_decay": 0.1, "adam_weight_decay": None, "adam_lr_ratio": 0.5},
    ),
    "schedule_free_default": ("ScheduleFreeAdamW", {}),
    "schedule_free": (
        "ScheduleFreeAdamW",
        {"learning_rate": 0.02, "beta_1": 0.8, "warmup_steps": 6, "weight_decay": 0.1},
    ),
}


def losses() -> None:
    """Class numbers with embeddings, probabilities and logits."""
    rng = np.random.RandomState(7)
    labels = np.array([0, 1, 0, 2, 1, 2], np.int32)
    embeddings = rng.normal(size=(6, 4)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    probabilities = rng.dirichlet(np.ones(4), size=6).astype(np.float32)
    sequences = np.array([[1, 2, 0], [3, 3, 1]], np.int32)
    logits = rng.normal(size=(2, 8, 5)).astype(np.float32)
    for name, kind, config, y_true, y_pred in (
        ("circle", "Circle", {}, labels, embeddings),
        ("circle_narrow", "Circle", {"gamma": 4.0, "margin": 0.2, "remove_diagonal": False}, labels, embeddings),
        ("generalized", "CategoricalGeneralizedCrossEntropy", {"q": 0.3}, labels, probabilities),
        ("ctc", "CTC", {}, sequences, logits),
    ):
        out.case(f"loss_{name}", kind="loss", loss=kind, config=config)
        out.put(f"loss_{name}/y_true", y_true)
        out.put(f"loss_{name}/y_pred", y_pred)
        for reduction in ("sum_over_batch_size", "none"):
            loss = getattr(keras.losses, kind)(**config, reduction=reduction)
            out.put(f"loss_{name}/{reduction}", np.asarray(loss(y_true, y_pred)))


def main() -> None:
    """Writes tests/golden/keras_more_optimizers.npz."""
    for name, (kind, config) in OPTIMIZERS.items():
        base.dense(name, kind, config)
    losses()
    out.save()


if __name__ == "__main__":
    main()
