"""Version 1's optimizers that hold variables near 0 by penalties: AdagradDA, Ftrl and the proximal ones."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft
from weft.compat.v1.train_optimizers import Optimizer, Rows, WithAccumulator, cast_setting
from weft.keras.optimizers import rules
from weft.runtime import frontdoor


class AdagradDAOptimizer(Optimizer):
    """Sums of gradients G and of their squares S say where the variable is: -rate · G / (sqrt(S) + l2 · step · rate).

    Args:
        learning_rate: A number, a tensor, or a function without arguments.
        global_step: The step counter; the first step is 1.
        initial_gradient_squared_accumulator_value: Where S starts; above 0.
        l1_regularization_strength: Each sum is pulled to 0 by so much a step.
        l2_regularization_strength: As above.
        use_locking: Accepted.
        name: What its nodes and state are called.

    Raises:
        ValueError: For a start that is not above 0.

    Source: Duchi et al., Adaptive Subgradient Methods for Online Learning and Stochastic Optimization, 2011.
    """

    def __init__(self, learning_rate: Any, global_step: Any, initial_gradient_squared_accumulator_value: float = 0.1,
                 l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
                 use_locking: bool = False, name: str = "AdagradDA") -> None:  # fmt: skip
        first = initial_gradient_squared_accumulator_value
        if first <= 0.0:
            raise ValueError(f"initial_gradient_squared_accumulator_value must be positive: {first}")
        super().__init__(use_locking, name)
        self._learning_rate, self._global_step, self._first = learning_rate, global_step, first
        self._l1, self._l2 = l1_regularization_strength, l2_regularization_strength

    def _create_slots(self, var_list: list[Any]) -> None:
        for variable in var_list:
            for slot, value in (("gradient_accumulator", 0.0), ("gradient_squared_accumulator", self._first)):
                whole = np.full(variable.shape.as_list(), value, variable.dtype.numpy)
                self._slot(variable, slot, self._name, frontdoor.constant(whole, "Const"))

    def _prepare(self) -> None:
        self._rate = self._setting(self._learning_rate, "learning_rate")
        self._steps = weft.identity(self._global_step) + 1

    def _change(self, gradient: Any, variable: Any, rows: Rows) -> list[Any]:
        sums, squares = (self.get_slot(variable, f"gradient_{part}") for part in ("accumulator", "squared_accumulator"))
        total = rows.read(sums) + gradient
        spread = rows.read(squares) + weft.square(gradient)
        rate, step = cast_setting(self._rate, variable), weft.cast(self._steps, variable.dtype)
        moved = total
        if self._l1 > 0:
            moved = weft.sign(total) * weft.maximum(weft.abs(total) - self._l1 * step, 0.0)
        value = -rate * moved / (self._l2 * step * rate + weft.sqrt(spread))
        return [rows.write(sums, total), rows.write(squares, spread), rows.write(variable, value)]


class FtrlOptimizer(WithAccumulator):
    """Follow the regularized leader; see `keras.optimizers.Ftrl` for the formula.

    Args:
        learning_rate: A number, a tensor, or a function without arguments.
        learning_rate_power: At most 0.
        initial_accumulator_value: Where the sum of squares starts; not below 0.
        l1_regularization_strength: Not below 0.
        l2_regularization_strength: Not below 0.
        use_locking: Accepted.
        name: What its nodes and state are called.
        accum_name: What the sums are called.
        linear_name: What the linear parts are called.
        l2_shrinkage_regularization_strength: Not below 0.

    Raises:
        ValueError: For a setting out of these bounds.
    """

    def __init__(self, learning_rate: Any, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
                 l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
                 use_locking: bool = False, name: str = "Ftrl", accum_name: str | None = None,
                 linear_name: str | None = None,
                 l2_shrinkage_regularization_strength: float = 0.0) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        _not_negative(initial_accumulator_value=initial_accumulator_value,
                      l1_regularization_strength=l1_regularization_strength,
                      l2_regularization_strength=l2_regularization_strength,
                      l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength)  # fmt: skip
        if learning_rate_power > 0.0:
            raise ValueError(f"learning_rate_power {learning_rate_power} needs to be negative or zero")
        self._learning_rate, self._initial_accumulator_value = learning_rate, initial_accumulator_value
        self._power, self._l1, self._l2 = learning_rate_power, l1_regularization_strength, l2_regularization_strength
        self._shrinkage, self._accum_name, self._linear_name = (
            l2_shrinkage_regularization_strength, accum_name, linear_name,
        )  # fmt: skip

    def _create_slots(self, var_list: list[Any]) -> None:
        for variable in var_list:
            shape = variable.shape.as_list()
            first = frontdoor.constant(np.full(shape, self._initial_accumulator_value, variable.dtype.numpy), "Const")
            self._slot(variable, "accum", self._accum_name or self._name, first)
            self._zeros_slot(variable, "linear", self._linear_name or self._name)

    def _prepare(self) -> None:
        super()._prepare()
        given = ((self._l1, "l1_regularization_strength"), (self._l2, "l2_regularization_strength"),
                 (self._shrinkage, "l2_shrinkage_regularization_strength"),
                 (self._power, "learning_rate_power"))  # fmt: skip
        self._settings = [self._setting(value, name) for value, name in given]

    def _change(self, gradient: Any, variable: Any, rows: Rows) -> list[Any]:
        rate = cast_setting(self._rate, variable)
        l1, l2, shrinkage, power = (cast_setting(setting, variable) for setting in self._settings)
        kept, linear = self.get_slot(variable, "accum"), self.get_slot(variable, "linear")
        new, total, leader = rules.ftrl(rows.read(variable), rows.read(kept), rows.read(linear), gradient,
                                        weft.square(gradient), rate, -power, l1, l2, shrinkage)  # fmt: skip
        return [rows.write(linear, leader), rows.write(variable, new), rows.write(kept, total)]


def _not_negative(**settings: float) -> None:
    for name, value in settings.items():
        if value < 0.0:
            raise ValueError(f"{name} {value} needs to be positive or zero")


def _shrunk(value: Any, rate: Any, l1: Any, l2: Any) -> Any:
    """What is nearest to `value` under the penalties l1 and l2."""
    return weft.sign(value) * weft.maximum(weft.abs(value) - rate * l1, 0.0) / (1.0 + rate * l2)


class ProximalGradientDescentOptimizer(Optimizer):
    """A step of gradient descent, then the nearest point under penalties of absolute values and squares.

    Args:
        learning_rate: A number, a tensor, or a function without arguments.
        l1_regularization_strength: Weight of the absolute values.
        l2_regularization_strength: Weight of the squares.
        use_locking: Accepted.
        name: What its nodes are called.
    """

    def __init__(self, learning_rate: Any, l1_regularization_strength: float = 0.0,
                 l2_regularization_strength: float = 0.0, use_locking: bool = False,
                 name: str = "ProximalGradientDescent") -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._learning_rate, self._l1, self._l2 = learning_rate, l1_regularization_strength, l2_regularization_strength

    def _prepare(self) -> None:
        given = ((self._learning_rate, "learning_rate"), (self._l1, "l1_regularization_strength"),
                 (self._l2, "l2_regularization_strength"))  # fmt: skip
        self._settings = [self._setting(value, name) for value, name in given]

    def _change(self, gradient: Any, variable: Any, rows: Rows) -> list[Any]:
        rate, l1, l2 = (cast_setting(setting, variable) for setting in self._settings)
        return [rows.write(variable, _shrunk(rows.read(variable) - rate * gradient, rate, l1, l2))]


class ProximalAdagradOptimizer(WithAccumulator):
    """Adagrad's step, then the nearest point under penalties of absolute values and squares.

    Args:
        learning_rate: A number, a tensor, or a function without arguments.
        initial_accumulator_value: Where the sum of squares starts; above 0.
        l1_regularization_strength: Weight of the absolute values.
        l2_regularization_strength: Weight of the squares.
        use_locking: Accepted.
        name: What its nodes and state are called.
    """

    def __init__(self, learning_rate: Any, initial_accumulator_value: float = 0.1,
                 l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
                 use_locking: bool = False, name: str = "ProximalAdagrad") -> None:  # fmt: skip
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(use_locking, name)
        self._learning_rate, self._initial_accumulator_value = learning_rate, initial_accumulator_value
        self._l1, self._l2 = l1_regularization_strength, l2_regularization_strength

    def _create_slots(self, var_list: list[Any]) -> None:
        for variable in var_list:
            shape = variable.shape.as_list()
            first = frontdoor.constant(np.full(shape, self._initial_accumulator_value, variable.dtype.numpy), "Const")
            self._slot(variable, "accumulator", self._name, first)

    def _prepare(self) -> None:
        super()._prepare()
        given = ((self._l1, "l1_regularization_strength"), (self._l2, "l2_regularization_strength"))
        self._settings = [self._setting(value, name) for value, name in given]

    def _change(self, gradient: Any, variable: Any, rows: Rows) -> list[Any]:
        rate, l1, l2 = (cast_setting(setting, variable) for setting in (self._rate, *self._settings))
        kept = self.get_slot(variable, "accumulator")
        total, step = rules.adagrad(rows.read(kept), gradient, weft.square(gradient), rate, 0.0)
        rate = rate / weft.sqrt(total)
        return [rows.write(kept, total), rows.write(variable, _shrunk(rows.read(variable) - step, rate, l1, l2))]
