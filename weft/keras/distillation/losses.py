"""How far a student's answers are from a teacher's."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import losses, tree
from weft.keras.saving import deserialize_keras_object, serialize_keras_object


def _structure(values: Any) -> Any:
    """Lists and tuples alike, with nothing at the leaves."""
    if isinstance(values, dict):
        return {key: _structure(value) for key, value in values.items()}
    return [*map(_structure, values)] if isinstance(values, list | tuple) else None


class DistillationLoss:
    """What losses of distillation have in common; a subclass has its own `compute_loss`.

    Example:
        >>> from weft import keras
        >>> class Gap(keras.distillation.DistillationLoss):
        ...     def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
        ...         return keras.ops.mean(keras.ops.abs(teacher_outputs - student_outputs))
        >>> float(Gap().compute_loss(keras.ops.ones(3), keras.ops.zeros(3)))
        1.0
    """

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any) -> Any:
        """The loss, a scalar.

        Args:
            teacher_outputs: What the teacher gave: a tensor or a structure of them.
            student_outputs: What the student gave, of the same structure.
            **kwargs: For subclasses.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement compute_loss().")

    def validate_outputs(self, teacher_outputs: Any, student_outputs: Any) -> None:
        """Refuses outputs of different structures.

        Raises:
            ValueError: Where they differ.
        """
        if _structure(teacher_outputs) != _structure(student_outputs):
            raise ValueError(explain(
                f"{type(self).__name__}: teacher and student must have outputs of the same structure.",
                expected=f"{_structure(teacher_outputs)!r}, the teacher's", received=repr(_structure(student_outputs)),
            ))  # fmt: skip

    def validate_model_compatibility(self, teacher: Any, student: Any) -> None:
        """Refuses two models that cannot be compared; there are none here."""


class _LossesOfOutputs(DistillationLoss):
    """A loss for each output, None for those that do not count; the sum of them."""

    def __init__(self, loss: Any) -> None:
        self.loss: Any = tree.map_structure(lambda given: None if given is None else losses.get(given), loss)
        if all(found is None for found in tree.flatten(self.loss)):
            raise ValueError(explain(
                f"{type(self).__name__}: at least one loss must be non-`None`.", received=f"loss={loss!r}"
            ))  # fmt: skip

    def validate_outputs(self, teacher_outputs: Any, student_outputs: Any) -> None:
        super().validate_outputs(teacher_outputs, student_outputs)
        if _structure(self.loss) != _structure(student_outputs):
            raise ValueError(explain(
                f"{type(self).__name__}: `loss` must have one loss, or None, for each output.",
                expected=repr(_structure(student_outputs)), received=repr(_structure(self.loss)),
            ))  # fmt: skip

    def _sum(self, teacher_outputs: Any, student_outputs: Any) -> Any:
        _LossesOfOutputs.validate_outputs(self, teacher_outputs, student_outputs)
        known, given = tree.flatten(teacher_outputs), tree.flatten(student_outputs)
        kept: list[Any] = tree.flatten(self.loss)
        parts = [tf.reduce_mean(loss(a, b)) for loss, a, b in zip(kept, known, given, strict=True) if loss is not None]
        return sum(parts[1:], parts[0])

    def get_config(self) -> dict[str, Any]:
        """The arguments of `__init__`."""
        return {"loss": tree.map_structure(serialize_keras_object, self.loss)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A loss of a configuration."""
        return cls(**{**config, "loss": deserialize_keras_object(config["loss"])})


class LogitsDistillation(_LossesOfOutputs):
    """The loss between the last outputs of both models, each divided by a temperature.

    The loss gets the quotients as they are. Where the models give logits, take one that makes probabilities of both,
    such as a subclass of `DistillationLoss` with `ops.softmax`: `kl_divergence` clips what it gets to [1e-7, 1].

    Args:
        temperature: What outputs are divided by; above 1 it evens out a teacher's answers.
        loss: A name, a loss, or a structure of them like the outputs', with None for those that do not count.

    Raises:
        ValueError: For a temperature that is no positive number, and where every loss is None.

    Example:
        >>> from weft import keras
        >>> loss = keras.distillation.LogitsDistillation(temperature=2.0, loss="mse")
        >>> float(loss.compute_loss(keras.ops.ones((1, 3)), keras.ops.zeros((1, 3))))
        0.25
    """

    def __init__(self, temperature: float = 3.0, loss: Any = "kl_divergence") -> None:
        if not isinstance(temperature, int | float):
            raise ValueError(explain("temperature must be a number.", received=repr(temperature)))
        if not temperature > 0:
            raise ValueError(explain("temperature must be positive.", received=repr(temperature)))
        self.temperature = temperature
        super().__init__(loss)

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any) -> Any:
        """The loss of the outputs divided by the temperature."""
        divided = (tree.map_structure(lambda x: x / self.temperature, x) for x in (teacher_outputs, student_outputs))
        return self._sum(*divided)

    def get_config(self) -> dict[str, Any]:
        """The arguments of `__init__`."""
        return {"temperature": self.temperature, **super().get_config()}


class FeatureDistillation(_LossesOfOutputs):
    """The loss between what a layer of the teacher and one of the student give.

    Args:
        loss: As for `LogitsDistillation`.
        teacher_layer_name: The teacher's layer; None for the last output.
        student_layer_name: The student's layer; None for the last output.

    Raises:
        ValueError: Where every loss is None.

    Example:
        >>> from weft import keras
        >>> loss = keras.distillation.FeatureDistillation("mae")
        >>> float(loss.compute_loss(keras.ops.ones((1, 3)), keras.ops.zeros((1, 3))))
        1.0
    """

    def __init__(
        self, loss: Any = "mse", teacher_layer_name: str | None = None, student_layer_name: str | None = None
    ) -> None:
        super().__init__(loss)
        self.teacher_layer_name, self.student_layer_name = teacher_layer_name, student_layer_name

    def validate_model_compatibility(self, teacher: Any, student: Any) -> None:
        """Refuses models that do not have the layers, and models whose layers' outputs nobody can tell.

        Raises:
            ValueError: For such a model.
        """
        for role, model, name in (
            ("teacher", teacher, self.teacher_layer_name), ("student", student, self.student_layer_name)
        ):  # fmt: skip
            if name is None:
                continue
            if getattr(model, "inputs", None) is None:
                raise ValueError(explain(
                    f"FeatureDistillation with specific layer names requires Functional or Sequential models that are "
                    f"built; the {role} `{model.name}` appears to be subclassed, or not built.",
                    hint="begin it with keras.Input, leave the layers' names out, or use LogitsDistillation",
                ))  # fmt: skip
            try:
                model.get_layer(name=name)
            except ValueError as error:
                raise ValueError(f"In {role} model: {error}") from None

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any) -> Any:
        """The loss of the layers' outputs."""
        return self._sum(teacher_outputs, student_outputs)

    def get_config(self) -> dict[str, Any]:
        """The arguments of `__init__`."""
        return {
            **super().get_config(),
            "teacher_layer_name": self.teacher_layer_name, "student_layer_name": self.student_layer_name,
        }  # fmt: skip
