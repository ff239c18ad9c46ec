"""Keras optimizers: where two small variables stand after 1, 2, 10 and 50 updates, dense and sparse; schedules."""

from __future__ import annotations

import re
from typing import Any

import _store as store
import keras
import numpy as np
import tensorflow as tf

recipes = store.load_recipes()
out = store.Store("keras_optimizers")
CHECKPOINTS = (1, 2, 10, 50)

OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {"learning_rate": 0.05}),
    "sgd_default": ("SGD", {}),
    "sgd_momentum": ("SGD", {"learning_rate": 0.05, "momentum": 0.9}),
    "sgd_nesterov": ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    "sgd_weight_decay": ("SGD", {"learning_rate": 0.05, "weight_decay": 0.1}),
    "sgd_clipnorm": ("SGD", {"learning_rate": 0.05, "clipnorm": 0.5}),
    "sgd_clipvalue": ("SGD", {"learning_rate": 0.05, "clipvalue": 0.2}),
    "sgd_global_clipnorm": ("SGD", {"learning_rate": 0.05, "global_clipnorm": 0.7}),
    "sgd_ema": ("SGD", {"learning_rate": 0.05, "use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 5}),
    "sgd_accumulation": ("SGD", {"learning_rate": 0.05, "gradient_accumulation_steps": 2}),
    "rmsprop_default": ("RMSprop", {}),
    "rmsprop": ("RMSprop", {"learning_rate": 0.01, "rho": 0.8, "epsilon": 1e-5}),
    "rmsprop_momentum": ("RMSprop", {"learning_rate": 0.01, "momentum": 0.7}),
    "rmsprop_centered": ("RMSprop", {"learning_rate": 0.01, "centered": True}),
    "rmsprop_centered_momentum": ("RMSprop", {"learning_rate": 0.01, "centered": True, "momentum": 0.7}),
    "rmsprop_weight_decay": ("RMSprop", {"learning_rate": 0.01, "weight_decay": 0.05}),
    "adam_default": ("Adam", {}),
    "adam": ("Adam", {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-4}),
    "adam_amsgrad": ("Adam", {"learning_rate": 0.02, "amsgrad": True}),
    "adam_weight_decay": ("Adam", {"learning_rate": 0.02, "weight_decay": 0.05}),
    "adam_clipnorm": ("Adam", {"learning_rate": 0.02, "clipnorm": 0.5}),
    "adam_clipvalue": ("Adam", {"learning_rate": 0.02, "clipvalue": 0.2}),
    "adam_global_clipnorm": ("Adam", {"learning_rate": 0.02, "global_clipnorm": 0.7}),
    "adam_ema": ("Adam", {"learning_rate": 0.02, "use_ema": True, "ema_momentum": 0.9}),
    "adam_accumulation": ("Adam", {"learning_rate": 0.02, "gradient_accumulation_steps": 3}),
    "adamw": ("AdamW", {"learning_rate": 0.02}),
    "adagrad": ("Adagrad", {"learning_rate": 0.1}),
    "adadelta": ("Adadelta", {"learning_rate": 1.0}),
    "adamax": ("Adamax", {"learning_rate": 0.02}),
    "nadam": ("Nadam", {"learning_rate": 0.02}),
    "ftrl": ("Ftrl", {"learning_rate": 0.1, "l1_regularization_strength": 0.01, "l2_regularization_strength": 0.02}),
    "lion": ("Lion", {"learning_rate": 0.01}),
    "lamb": ("Lamb", {"learning_rate": 0.01}),
    "adafactor": ("Adafactor", {"learning_rate": 0.01}),
}

SCHEDULES: dict[str, tuple[str, dict[str, Any]]] = {
    "exponential": ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}),
    "exponential_staircase": (
        "ExponentialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True},
    ),
    "piecewise": ("PiecewiseConstantDecay", {"boundaries": [5, 20], "values": [0.1, 0.05, 0.01]}),
    "polynomial": (
        "PolynomialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 20, "end_learning_rate": 0.01, "power": 2.0},
    ),
    "polynomial_cycle": ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "cycle": True}),
    "inverse_time": ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}),
    "cosine": ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 30, "alpha": 0.1}),
    "cosine_warmup": (
        "CosineDecay",
        {"initial_learning_rate": 0.0, "decay_steps": 30, "warmup_target": 0.1, "warmup_steps": 10},
    ),
    "cosine_restarts": ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 7}),
}


def build(kind: str, config: dict[str, Any]) -> Any:
    return getattr(keras.optimizers, kind)(**config)


def dense(name: str, kind: str, config: dict[str, Any]) -> None:
    optimizer = build(kind, config)
    variables = [keras.Variable(value) for value in recipes.optimizer_start()]
    out.case(name, kind="dense", optimizer=kind, config=config)
    for step in range(recipes.OPTIMIZER_STEPS):
        gradients = [tf.constant(gradient) for gradient in recipes.optimizer_gradients(step)]
        optimizer.apply_gradients(zip(gradients, variables))
        if step + 1 in CHECKPOINTS:
            out.put(f"{name}/after/{step + 1}", [np.asarray(variable) for variable in variables])
    names = [variable.path.split("/")[-1] for variable in optimizer.variables]
    out.cases[-1]["slots"] = [re.sub(r"^variable(_\d+)?_?", "", path) for path in names]
    out.put(f"{name}/slot", [np.asarray(variable) for variable in optimizer.variables])
    if config.get("use_ema"):
        optimizer.finalize_variable_values(variables)
        out.put(f"{name}/finalized", [np.asarray(variable) for variable in variables])


def follow(kind: str, config: dict[str, Any], unique: bool, densify: bool) -> dict[int, np.ndarray]:
    """The sparse recipe's variable at every checkpoint, its gradients given as slices or added up into dense arrays."""
    optimizer = build(kind, config)
    variable = keras.Variable(recipes.sparse_start())
    found: dict[int, np.ndarray] = {}
    for step in range(recipes.OPTIMIZER_STEPS):
        rows, values = recipes.sparse_gradient(step, unique)
        slices = tf.IndexedSlices(tf.constant(values), tf.constant(rows), tf.constant(recipes.SPARSE_SHAPE))
        optimizer.apply_gradients([(tf.convert_to_tensor(slices) if densify else slices, variable)])
        if step + 1 in CHECKPOINTS:
            found[step + 1] = variable.numpy().copy()
    return found


def sparse(name: str, kind: str, config: dict[str, Any]) -> None:
    """IndexedSlices, with and without repeated rows; every update leaves out some row, row 5 is never touched."""
    for title, unique in ((f"sparse_{name}", False), (f"sparse_unique_{name}", True)):
        found = follow(kind, config, unique, densify=False)
        dense_found = follow(kind, config, unique, densify=True)
        same = all(np.allclose(found[step], dense_found[step], rtol=1e-5, atol=1e-6) for step in CHECKPOINTS)
        out.case(title, kind="sparse", optimizer=kind, config=config, unique=unique, equals_dense=same)
        for step, value in found.items():
            out.put(f"{title}/after/{step}", [value])


def schedules() -> None:
    steps = np.arange(60)
    for name, (kind, config) in SCHEDULES.items():
        schedule = getattr(keras.optimizers.schedules, kind)(**config)
        out.case(f"schedule_{name}", kind="schedule", schedule=kind, config=config)
        out.put(f"schedule_{name}/steps", steps)
        out.put(f"schedule_{name}/rates", np.array([float(schedule(int(step))) for step in steps], np.float32))


def scheduled_training() -> None:
    """An optimizer that follows a schedule: the first update uses the rate of iteration 0."""
    config = {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}
    optimizer = keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(**config))
    variables = [keras.Variable(value) for value in recipes.optimizer_start()]
    out.case("sgd_with_schedule", kind="scheduled", optimizer="SGD", schedule="ExponentialDecay", config=config)
    for step in range(recipes.OPTIMIZER_STEPS):
        gradients = [tf.constant(gradient) for gradient in recipes.optimizer_gradients(step)]
        optimizer.apply_gradients(zip(gradients, variables))
        if step + 1 in CHECKPOINTS:
            out.put(f"sgd_with_schedule/after/{step + 1}", [np.asarray(variable) for variable in variables])


def main() -> None:
    checks = [array for step in range(recipes.OPTIMIZER_STEPS) for array in recipes.optimizer_gradients(step)]
    rows = [array for step in range(recipes.OPTIMIZER_STEPS) for array in recipes.sparse_gradient(step)]
    out.case("recipes", kind="checksum")
    out.put("recipes/dense", recipes.checksum(*recipes.optimizer_start(), *checks))
    out.put("recipes/sparse", recipes.checksum(recipes.sparse_start(), *rows))
    for name, (kind, config) in OPTIMIZERS.items():
        dense(name, kind, config)
        sparse(name, kind, config)
    schedules()
    scheduled_training()
    out.save()


if __name__ == "__main__":
    main()
