"""`keras.distillation`: what a student learns of a teacher. Numbers beside Keras' are in conformance/uses/keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft import keras
from weft.keras.distillation import DistillationLoss, Distiller, FeatureDistillation, LogitsDistillation

X = np.random.default_rng(0).random((12, 4)).astype("float32")
Y = np.arange(12) % 3


def network(units: int, name: str, **options: Any) -> Any:
    layers = [keras.layers.Dense(units, "relu", name=f"{name}_deep", **options), keras.layers.Dense(3)]
    return keras.Sequential([keras.Input((4,)), *layers], name=name)


def compiled(distiller: Any, **options: Any) -> Any:
    distiller.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), **options)
    return distiller


def test_total_is_the_weighted_sum_and_only_the_student_learns() -> None:
    teacher, student = network(6, "teacher"), network(6, "student")
    losses = [LogitsDistillation(loss="mse"), FeatureDistillation("mae", "teacher_deep", "student_deep")]
    distiller = compiled(Distiller(teacher, student, losses, [1.0, 0.5], student_loss_weight=0.25))
    before, learned = teacher.get_weights(), student.get_weights()
    labels = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(Y, student(X))
    deep = np.mean(np.abs(teacher.layers[0](X) - student.layers[0](X)))
    last = np.mean((teacher(X) / 3.0 - student(X) / 3.0) ** 2)
    logs = distiller.train_on_batch(X, Y, return_dict=True)
    assert logs["student_loss"] == pytest.approx(float(labels), rel=1e-5)
    assert logs["distillation_loss"] == pytest.approx(last + 0.5 * deep, rel=1e-5)
    assert logs["total_loss"] == pytest.approx(0.25 * float(labels) + 0.75 * (last + 0.5 * deep), rel=1e-5)
    assert logs["loss"] == pytest.approx(logs["total_loss"])
    assert all(np.array_equal(a, b) for a, b in zip(before, teacher.get_weights(), strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(learned, student.get_weights(), strict=True))
    assert not teacher.trainable and len(distiller.trainable_variables) == 4


def test_weights_of_examples_and_regularizers_count() -> None:
    """Keras leaves both out of a distiller's loss."""
    distiller = compiled(Distiller(network(6, "t"), network(5, "s", kernel_regularizer="l2"), LogitsDistillation()))
    labels = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(Y, distiller(X), sample_weight=np.arange(12))
    penalty = 0.01 * np.sum(distiller.student.layers[0].get_weights()[0] ** 2)
    logs = distiller.train_on_batch(X, Y, sample_weight=np.arange(12.0), return_dict=True)
    assert logs["student_loss"] == pytest.approx(float(labels) + penalty, rel=1e-5)


def test_outputs_of_dicts() -> None:
    def two(seed: int) -> Any:
        keras.utils.set_random_seed(seed)
        x = keras.Input((4,))
        return keras.Model(x, {"a": keras.layers.Dense(2)(x), "b": keras.layers.Dense(3)(x)})

    teacher, student = two(1), two(2)
    distiller = Distiller(teacher, student, LogitsDistillation(1.0, {"a": "mse", "b": None}), student_loss_weight=0)
    distiller.compile("sgd", {"a": "mse", "b": "mse"})
    wanted = np.mean((teacher(X)["a"] - student(X)["a"]) ** 2)
    assert distiller.evaluate(X, {"a": X[:, :2], "b": X[:, :3]}, verbose=0)[0] == pytest.approx(wanted, rel=1e-5)


def test_a_distiller_is_saved_with_both_models(tmp_path: Path) -> None:
    losses = [LogitsDistillation(2.0, "mse"), FeatureDistillation("mae", "t_deep", "s_deep")]
    distiller = Distiller(network(6, "t"), network(6, "s"), losses, [1.0, 0.5], 0.7)
    with pytest.warns(UserWarning):  # as Keras has it: its compile() is one of its own
        compiled(distiller).save(tmp_path / "distiller.keras")
        loaded = keras.models.load_model(tmp_path / "distiller.keras")
    assert np.array_equal(loaded.predict(X, verbose=0), distiller.predict(X, verbose=0))
    assert (loaded.student_loss_weight, loaded.distillation_loss_weights) == (0.7, [1.0, 0.5])
    assert loaded.distillation_losses[1].teacher_layer_name == "t_deep" and not loaded.teacher.trainable


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda t, s: Distiller("t", s, LogitsDistillation()), "Teacher must be a keras.Model"),
        (lambda t, s: Distiller(t, network(5, "s"), None), "distillation_losses"),
        (lambda t, s: Distiller(t, keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]), LogitsDistillation()),
         r"output shapes are incompatible. Teacher: \(None, 3\), Student: \(None, 2\)"),
        (lambda t, s: Distiller(t, s, [LogitsDistillation()], [1.0, 2.0]), r"weights \(2\) must match .* \(1\)"),
        (lambda t, s: Distiller(t, s, LogitsDistillation(), student_loss_weight=2), "between 0.0 and 1.0"),
        (lambda t, s: Distiller(t, s, FeatureDistillation("mse", "nowhere")), "In teacher model: .* `?'?nowhere"),
        (lambda t, s: compiled(Distiller(t, s, LogitsDistillation())).compile("sgd"), "'loss' cannot be `None`"),
        (lambda t, s: LogitsDistillation("warm"), "temperature must be a number"),
        (lambda t, s: LogitsDistillation(loss=[None]), "at least one loss"),
    ],
)  # fmt: skip
def test_refusals(make: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make(network(6, "teacher"), network(6, "student"))


def test_own_losses() -> None:
    with pytest.raises(NotImplementedError, match="compute_loss"):
        DistillationLoss().compute_loss(X, X)
    with pytest.raises(ValueError, match="same structure"):
        DistillationLoss().validate_outputs(X, [X])
