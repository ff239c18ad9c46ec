"""Averages of variables that follow them slowly."""

from __future__ import annotations

from typing import Any

from weft.api.array import cast
from weft.api.math import minimum, subtract
from weft.base.errors import explain
from weft.runtime import context, frontdoor
from weft.runtime.variable import Variable


class ExponentialMovingAverage:
    """a -= (1 - decay) · (a - w), for each variable w.

    Args:
        decay: Share of the old average in the new one, near 1.
        num_updates: A number of steps n: the decay is at most (1 + n) / (10 + n).
        zero_debias: Accepted: averages of variables begin with their values.
        name: What the averages are called.

    Example:
        >>> import weft as tf
        >>> w = tf.Variable(1.0)
        >>> average = tf.train.ExponentialMovingAverage(0.5)
        >>> average.apply([w])
        >>> _ = w.assign(3.0)
        >>> average.apply([w])
        >>> float(average.average(w))
        2.0
    """

    def __init__(self, decay: Any, num_updates: Any = None, zero_debias: bool = False,
                 name: str = "ExponentialMovingAverage") -> None:  # fmt: skip
        self._decay, self._num_updates, self._zero_debias, self._name = decay, num_updates, zero_debias, name
        self._averages: dict[Any, Any] = {}

    @property
    def name(self) -> str:
        """What the averages are called."""
        return self._name

    def apply(self, var_list: Any = None) -> Any:
        """Brings the averages up to date; makes them where they are missing.

        Args:
            var_list: Variables of floats.

        Raises:
            TypeError: For integers, and for tensors that are no variables.
        """
        for variable in var_list or ():
            self._require(variable)
            if variable.ref() not in self._averages:
                self._averages[variable.ref()] = self._begin(variable)
        decay = frontdoor.convert(self._decay)
        if self._num_updates is not None:
            steps = cast(self._num_updates, decay.dtype)
            decay = minimum(decay, (1.0 + steps) / (10.0 + steps))
        rest = subtract(1.0, decay)
        for variable in var_list or ():
            average = self._averages[variable.ref()]
            average.assign_sub((average - variable) * cast(rest, variable.dtype))

    def _require(self, variable: Any) -> None:
        if not variable.dtype.is_floating:
            raise TypeError(f"The variables must be half, float, or double: {getattr(variable, 'name', variable)}")
        if not isinstance(variable, Variable):
            raise TypeError(
                explain("tf.train.ExponentialMovingAverage does not support non-Variable tensors when eager "
                        "execution is enabled.", received=repr(variable)[:100],
                        hint="keep the value in a tf.Variable")  # fmt: skip
            )

    def _begin(self, variable: Any) -> Any:
        with context.open_scope(None):
            name = f"{variable.name.split(':')[0]}/{self._name}"
            return Variable(variable._cell.read(), trainable=False, name=name, dtype=variable.dtype)

    def average(self, var: Any) -> Any:
        """The average of a variable, or None where it has none."""
        return self._averages.get(var.ref())

    def average_name(self, var: Any) -> str:
        """What the average of a variable is called in checkpoints."""
        found = self._averages.get(var.ref())
        return found.name.split(":")[0] if found is not None else f"{var.name.split(':')[0]}/{self._name}"

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """Variables by the names of their averages in checkpoints.

        Args:
            moving_avg_variables: The variables; those that have averages where None.
        """
        chosen = moving_avg_variables
        if chosen is None:
            chosen = [reference.deref() for reference in self._averages]
        return {self.average_name(variable): variable for variable in chosen}
