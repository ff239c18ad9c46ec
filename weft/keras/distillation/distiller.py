"""A model that trains another one by labels and by a teacher's answers."""

from __future__ import annotations

from typing import Any

from weft.extend import explain
from weft.keras import metrics, tree
from weft.keras.distillation.losses import FeatureDistillation
from weft.keras.models import Model
from weft.keras.saving import deserialize_keras_object, serialize_keras_object


class Distiller(Model):
    """Trains a student by labels and by what a frozen teacher answers.

    The loss of a batch is `student_loss_weight * student + (1 - student_loss_weight) * distillation`, where `student`
    is the loss of `compile` and `distillation` the weighted sum of the losses of distillation. It answers as the
    student does; `distiller.student` is the trained model. Logs have `student_loss`, `distillation_loss` and
    `total_loss` beside `loss`, each the mean over batches.

    Args:
        teacher: A trained model; it becomes untrainable.
        student: The model to train, with inputs and outputs of the same shapes.
        distillation_losses: One of `keras.distillation`'s losses, or a list.
        distillation_loss_weights: A weight for each; all 1 by default.
        student_loss_weight: Between 0 (the teacher alone) and 1 (the labels alone).
        name: Its name.
        **kwargs: As for `keras.Model`.

    Raises:
        ValueError: For what is no model, models that do not match, and weights that are wrong.

    Example:
        >>> from weft import keras
        >>> teacher = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(2)])
        >>> student = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> distiller = keras.distillation.Distiller(
        ...     teacher, student, keras.distillation.LogitsDistillation(loss="mse"))
        >>> distiller.compile("sgd", "mse")
        >>> distiller(keras.ops.ones((1, 4))).shape
        TensorShape([1, 2])
    """

    def __init__(
        self, teacher: Any, student: Any, distillation_losses: Any, distillation_loss_weights: Any = None,
        student_loss_weight: float = 0.5, name: str = "distiller", **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(name=name, **kwargs)
        for role, model in (("Teacher", teacher), ("Student", student)):
            if not isinstance(model, Model):
                raise ValueError(f"{role} must be a keras.Model, got {type(model)}")
        if distillation_losses is None:
            raise ValueError(
                "'distillation_losses' cannot be `None`. Provide a loss such as LogitsDistillation or "
                "FeatureDistillation, or a list of them."
            )
        several = isinstance(distillation_losses, list | tuple)
        self.distillation_losses = list(distillation_losses) if several else [distillation_losses]
        self.distillation_loss_weights = _weights(distillation_loss_weights, len(self.distillation_losses))
        if not isinstance(student_loss_weight, int | float):
            raise ValueError(f"student_loss_weight must be a number, got {type(student_loss_weight)}")
        if not 0 <= student_loss_weight <= 1:
            raise ValueError(f"student_loss_weight must be between 0.0 and 1.0, got {student_loss_weight}")
        self.student_loss_weight = student_loss_weight
        _refuse_different(teacher, student)
        for loss in self.distillation_losses:
            loss.validate_model_compatibility(teacher, student)
        self.teacher, self.student = teacher, student
        teacher.trainable = False
        self._teacher_layers, self._teacher_feature_extractor = self._extractor(teacher, "teacher_layer_name")
        self._student_layers, self._student_feature_extractor = self._extractor(student, "student_layer_name")
        self._trackers = [metrics.Mean(name=f"{part}_loss") for part in ("student", "distillation", "total")]

    def _extractor(self, model: Any, attribute: str) -> tuple[list[str], Any]:
        """The layers whose outputs are asked for, and a model that gives these behind the last output."""
        named = [loss for loss in self.distillation_losses if isinstance(loss, FeatureDistillation)]
        names = list(dict.fromkeys(name for loss in named if (name := getattr(loss, attribute)) is not None))
        if not names:
            return [], None
        outputs = [*tree.flatten(model.outputs), *(model.get_layer(name=name).output for name in names)]
        return names, Model(model.input, outputs, name=f"{model.name}_features")

    def compile(self, optimizer: Any = "adam", loss: Any = None, metrics: Any = None, **kwargs: Any) -> None:
        """As `Model.compile`; the loss is the student's, by labels.

        Raises:
            ValueError: Without a loss.
        """
        if loss is None:
            raise ValueError(explain(
                "'loss' cannot be `None`.", hint="a loss by labels, such as 'sparse_categorical_crossentropy'"
            ))  # fmt: skip
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """What the student answers."""
        return self.student(inputs, training=training)

    def _features(self, teaches: bool, x: Any, y_pred: Any, training: bool) -> dict[str | None, Any]:
        """What one of the models gives: the last output under None, and those of the named layers."""
        model, names, extractor = (
            (self.teacher, self._teacher_layers, self._teacher_feature_extractor) if teaches
            else (self.student, self._student_layers, self._student_feature_extractor)
        )  # fmt: skip
        if extractor is None:
            return {None: model(x, training=training) if teaches else y_pred}
        found = tree.flatten(extractor(x, training=training))
        last, inner = found[: -len(names)], found[-len(names) :]
        outputs = tree.pack_sequence_as(y_pred, last) if teaches else y_pred
        return {None: outputs, **dict(zip(names, inner, strict=True))}

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The weighted sum of the student's loss and the losses of distillation; a part of weight 0 is left out.

        Args:
            x: Inputs.
            y: Labels.
            y_pred: What the student answers.
            sample_weight: Weights of the examples in the student's loss, or None.
            training: Whether the student is being trained.
        """
        share = self.student_loss_weight
        student = super().compute_loss(x, y, y_pred, sample_weight, training) if share > 0 else 0.0
        distillation: Any = 0.0
        if share < 1:
            if y_pred is None:
                y_pred = self(x, training=training)
            known, given = self._features(True, x, y_pred, False), self._features(False, x, y_pred, training)
            for loss, weight in zip(self.distillation_losses, self.distillation_loss_weights, strict=True):
                wanted = known[getattr(loss, "teacher_layer_name", None)]
                found = given[getattr(loss, "student_layer_name", None)]
                loss.validate_outputs(wanted, found)
                distillation = distillation + weight * loss.compute_loss(wanted, found)
        total = share * student + (1 - share) * distillation
        for tracker, value in zip(self._trackers, (student, distillation, total), strict=True):
            tracker.update_state(value)
        return total

    def get_config(self) -> dict[str, Any]:
        """The arguments of `__init__`."""
        return {
            **super().get_config(),
            "teacher": serialize_keras_object(self.teacher), "student": serialize_keras_object(self.student),
            "distillation_losses": [serialize_keras_object(loss) for loss in self.distillation_losses],
            "distillation_loss_weights": list(self.distillation_loss_weights),
            "student_loss_weight": self.student_loss_weight,
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """A distiller of a configuration."""
        parts = ("teacher", "student", "distillation_losses")
        made = {name: deserialize_keras_object(config[name], custom_objects=custom_objects) for name in parts}
        return cls(**{**config, **made})


def _weights(given: Any, count: int) -> list[float]:
    weights = [1.0] * count if given is None else list(given) if isinstance(given, list | tuple) else [given]
    if len(weights) != count:
        raise ValueError(
            f"Number of distillation_loss_weights ({len(weights)}) must match number of distillation_losses ({count})"
        )
    return weights


def _refuse_different(teacher: Any, student: Any) -> None:
    """Refuses models whose inputs or outputs are known to differ."""
    for what in ("input", "output"):
        known, given = (getattr(model, f"{what}s", None) for model in (teacher, student))
        if known is None or given is None:
            continue
        if len(known) != len(given):
            raise ValueError(f"Teacher and student have {len(known)} and {len(given)} {what}s: they must be as many.")
        for one, other in zip(known, given, strict=True):
            shapes = [tuple(x.shape) for x in (one, other)]
            if len(shapes[0]) != len(shapes[1]) or any(
                None not in pair and pair[0] != pair[1] for pair in zip(*shapes, strict=True)
            ):
                raise ValueError(
                    f"Teacher and student {what} shapes are incompatible. Teacher: {shapes[0]}, Student: {shapes[1]}. "
                    "All dimensions must match."
                )
            if one.dtype != other.dtype:
                raise ValueError(
                    f"Teacher and student {what} dtypes must match. Teacher: {one.dtype}, Student: {other.dtype}."
                )
