"""Different optimizers for different variables of one model."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

import weft as tf
from weft import extend
from weft.extend import explain, user_facing
from weft.keras.optimizers.optimizer import Optimizer
from weft.keras.optimizers.scaling import LossScaleOptimizer
from weft.keras.saving.serialization import deserialize_keras_object, serialize_keras_object


def _checked(optimizer: Any, key: str) -> Any:
    """An optimizer that may stand for some variables."""
    if not isinstance(optimizer, Optimizer) or isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer)):
        kind = type(optimizer).__name__ if isinstance(optimizer, Optimizer) else "no optimizer"
        raise ValueError(explain(
            f"Variables {key!r} need an optimizer of their own: the optimizer cannot be {kind}.",
            received=repr(optimizer)[:200],
            expected="one of keras.optimizers; LossScaleOptimizer goes around a MultiOptimizer, not into it",
        ))  # fmt: skip
    return optimizer


class OptimizerMap(MutableMapping):  # type: ignore[type-arg]
    """Paths of variables, or patterns of them, and the optimizers for these.

    Args:
        default_optimizer: For all other variables.
        optimizer_map: Path or regular expression (of the whole path) → optimizer.

    Raises:
        TypeError: For anything else.

    Example:
        >>> from weft import keras
        >>> sgd, adam = keras.optimizers.SGD(), keras.optimizers.Adam()
        >>> paths = keras.optimizers.OptimizerMap(sgd, {"encoder/.*": adam})
        >>> paths["encoder/dense/kernel"] is adam, paths["decoder/dense/kernel"] is sgd
        (True, True)
    """

    def __init__(self, default_optimizer: Any, optimizer_map: dict[str, Any] | None = None) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(explain(
                "OptimizerMap: `default_optimizer` is an optimizer.", received=repr(default_optimizer)[:200],
                hint="keras.optimizers.get('adam') makes one of a name",
            ))  # fmt: skip
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(explain("OptimizerMap: `optimizer_map` is a dict.", received=repr(optimizer_map)[:200]))
        self._default_optimizer = default_optimizer
        self._optimizer_map = optimizer_map or {}

    @property
    def default_optimizer(self) -> Any:
        """The optimizer for variables that no pattern names."""
        return self._default_optimizer

    def __getitem__(self, key: str) -> Any:
        if key in self._optimizer_map:
            return self._optimizer_map[key]
        found = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, key)]
        if len(found) > 1:
            raise ValueError(explain(
                f"Variable {key!r} is named by several patterns: {', '.join(map(repr, found))}.",
                hint="give each variable to one optimizer",
            ))  # fmt: skip
        return self._optimizer_map[found[0]] if found else self._default_optimizer

    def __setitem__(self, key: str, optimizer: Any) -> None:
        if not isinstance(key, str):
            raise ValueError(explain("OptimizerMap: keys are paths of variables.", received=repr(key)[:200]))
        if key in self._optimizer_map:
            raise ValueError(explain(f"OptimizerMap: {key!r} has an optimizer already.", hint="delete it first"))
        self._optimizer_map[key] = _checked(optimizer, key)

    def __delitem__(self, key: str) -> None:
        del self._optimizer_map[key]

    def __len__(self) -> int:
        return len(self._optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer_map)

    def __call__(self, variable: Any) -> Any:
        """The optimizer for a variable."""
        return self[variable.path]

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {"default_optimizer": serialize_keras_object(self._default_optimizer),
                "optimizer_map": serialize_keras_object(self._optimizer_map)}  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """A map from what `get_config` gave."""
        return cls(**{key: deserialize_keras_object(value, custom_objects) for key, value in config.items()})


class MultiOptimizer(Optimizer):
    """Several optimizers, each for some of the variables.

    Args:
        optimizer_map: An OptimizerMap, or a function that gives the optimizer for a variable.
        loss_scale_factor: The loss is multiplied by it, the gradients are divided by it.
        name: Its name.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> slow, fast = keras.Variable(1.0, name="slow"), keras.Variable(1.0, name="fast")
        >>> rates = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.5), {"slow": keras.optimizers.SGD(0.25)})
        >>> keras.optimizers.MultiOptimizer(rates).apply([tf.constant(1.0), tf.constant(1.0)], [slow, fast])
        >>> float(slow), float(fast)
        (0.75, 0.5)
    """

    def __init__(self, optimizer_map: Any, loss_scale_factor: float | None = None, name: str | None = None) -> None:
        self._inner_optimizers: list[Any] = []
        super().__init__(learning_rate=0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._optimizer_map = optimizer_map
        self._numbers: list[int] = []  # for each variable, which optimizer it has
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*optimizer_map.values(), optimizer_map.default_optimizer):
                self._add(optimizer, "")

    def _add(self, optimizer: Any, path: str) -> int:
        """The number of an optimizer among those inside."""
        for number, known in enumerate(self._inner_optimizers):
            if known is optimizer:
                return number
        _checked(optimizer, path).loss_scale_factor = self.loss_scale_factor
        self._inner_optimizers.append(optimizer)
        return len(self._inner_optimizers) - 1

    @property
    def optimizers(self) -> list[Any]:
        """The optimizers inside."""
        return self._inner_optimizers

    @property
    def variables(self) -> list[Any]:
        """Its own variables, then those of the optimizers inside."""
        return [*self._variables, *(one for inner in self._inner_optimizers for one in inner.variables)]

    @property
    def learning_rate(self) -> Any:
        """Refused: each optimizer inside has its own."""
        raise AttributeError(self._no_rate())

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        raise AttributeError(self._no_rate())

    def _no_rate(self) -> str:
        return explain(
            f"Optimizer `{self.name}` (MultiOptimizer) has no learning rate: each optimizer inside has its own.",
            hint="optimizer.optimizers lists them",
        )

    @property
    def loss_scale_factor(self) -> Any:
        """What the loss is multiplied by."""
        return self._loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, value: Any) -> None:
        self._loss_scale_factor = value
        for inner in self._inner_optimizers:
            inner.loss_scale_factor = value

    def build(self, variables: Sequence[Any]) -> None:
        """Gives each variable to its optimizer, and makes what these keep."""
        if self.built:
            return
        self._numbers = [self._add(self._optimizer_map(variable), variable.path) for variable in variables]
        for number, inner in enumerate(self._inner_optimizers):
            members = [variable for variable, own in zip(variables, self._numbers) if own == number]
            if members:
                inner.build(members)
        super().build(variables)

    def _groups(self, variables: Sequence[Any], values: Sequence[Any] | None = None) -> list[list[Any]]:
        """Variables, or values that belong to them, by optimizer."""
        found: list[list[Any]] = [[] for _ in self._inner_optimizers]
        for variable, value in zip(variables, variables if values is None else values, strict=True):
            found[self._numbers[self._get_variable_index(variable)]].append(value)
        return found

    @user_facing
    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Updates variables, each by its optimizer.

        Args:
            grads: Gradients.
            trainable_variables: Their variables; those that it was built with where None.
        """
        grads = extend.summed_over_replicas(grads)
        if not grads:
            return
        variables = self._built_variables(len(grads)) if trainable_variables is None else list(trainable_variables)
        if not self.built:
            with tf.init_scope():
                self.build(variables)
        self._require_known(variables)
        with extend.same_in_all_replicas():
            groups = zip(self._inner_optimizers, self._groups(variables, grads), self._groups(variables))
            for inner, gradients, members in groups:
                if members:
                    inner.apply(gradients, members)
            self._iterations.assign_add(1)

    def _pairs(self) -> list[tuple[Any, Any]]:
        return [pair for inner in self._inner_optimizers if inner.use_ema and inner.built for pair in inner._pairs()]

    def finalize_variable_values(self, var_list: Any = None) -> None:
        """As each optimizer inside does it."""
        for inner, members in zip(self._inner_optimizers, self._groups(var_list or self._trainable_variables)):
            if members:
                inner.finalize_variable_values(members)

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {"optimizer_map": serialize_keras_object(self._optimizer_map),
                "loss_scale_factor": self.loss_scale_factor, "name": self.name}  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """An optimizer from what `get_config` gave."""
        return cls(**{**config, "optimizer_map": deserialize_keras_object(config["optimizer_map"], custom_objects)})


def single_optimizers(optimizer: Any) -> list[Any]:
    """The optimizers that have a learning rate of their own: those inside a `MultiOptimizer`, else the one itself."""
    inside = getattr(optimizer, "inner_optimizer", optimizer)
    return list(inside.optimizers) if isinstance(inside, MultiOptimizer) else [optimizer]


def learning_rates(optimizer: Any) -> dict[str, float]:
    """What logs hold of learning rates: `learning_rate`, or one for each optimizer inside, by its name."""
    found = single_optimizers(optimizer)
    if len(found) == 1 and found[0] is optimizer:
        return {"learning_rate": float(optimizer.learning_rate)}
    named: dict[str, float] = {}
    for each in found:
        key, count = f"learning_rate_{each.name}", 1
        while key in named:
            key, count = f"learning_rate_{each.name}_{count}", count + 1
        named[key] = float(each.learning_rate)
    return named
