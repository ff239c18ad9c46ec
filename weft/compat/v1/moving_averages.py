"""Averages of variables and tensors that follow them slowly."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import weft
from weft.api import averages
from weft.base.errors import explain
from weft.compat.v1 import graphs as v1_graphs
from weft.compat.v1 import initializers, making
from weft.compat.v1.naming import in_graph
from weft.compat.v1.variable_scopes import get_variable, variable_scope
from weft.runtime import graph as graphs
from weft.runtime.graph import GraphKeys
from weft.runtime.scopes import NameScope


class ExponentialMovingAverage(averages.ExponentialMovingAverage):
    """a -= (1 - decay) · (a - w), for each variable w.

    Args:
        decay: Share of the old average in the new one, near 1.
        num_updates: A number of steps n: the decay is at most (1 + n) / (10 + n).
        zero_debias: Whether averages of tensors make up for having begun at zero.
        name: What the averages are called.

    Example:
        >>> import weft.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     w = tf.Variable(1.0)
        ...     average = tf.train.ExponentialMovingAverage(0.5)
        ...     follow = average.apply([w])
        ...     session.run(tf.global_variables_initializer())
        ...     _ = session.run(w.assign(3.0))
        ...     session.run(follow)
        ...     float(session.run(average.average(w)))
        2.0
    """

    def apply(self, var_list: Any = None) -> Any:
        """The operation that brings the averages up to date; makes them where they are missing.

        Args:
            var_list: Variables and tensors of floats; the trainable variables where None.

        Raises:
            TypeError: For integers.
        """
        found = v1_graphs.trainable_variables() if var_list is None else list(var_list)
        for variable in found:
            if not variable.dtype.is_floating:
                raise TypeError(f"The variables must be float or double: {variable.name} is {variable.dtype.name}.")
            if variable.ref() not in self._averages:
                self._averages[variable.ref()] = self._make(variable)
                graphs.default_graph().add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, variable)
        with NameScope(self._name) if in_graph() else nullcontext("") as scope:
            decay = making.convert_to_tensor(self._decay, name="decay")
            if self._num_updates is not None:
                steps = weft.cast(self._num_updates, decay.dtype)
                decay = weft.minimum(decay, (1.0 + steps) / (10.0 + steps))
            updates = []
            for variable in found:
                debias = self._zero_debias and not isinstance(variable, weft.Variable)
                average = self._averages[variable.ref()]
                updates.append(assign_moving_average(average, variable, decay, debias))
            return graphs.group(*updates, name=scope)

    def _make(self, variable: Any) -> Any:
        name = variable.name.split(":")[0]
        with variable_scope(None, f"{name}/{self._name}", auxiliary_name_scope=False) as scope:
            scope.set_partitioner(None)
            if not isinstance(variable, weft.Variable):
                zeros = initializers.zeros_initializer()
                return get_variable("", variable.shape, variable.dtype, zeros, trainable=False)
            with weft.init_scope():
                first = variable.initialized_value() if in_graph() else variable.numpy()
            made = get_variable("", initializer=first, trainable=False)
        info = getattr(variable, "_save_slice_info", None)
        if info is not None:
            made._set_save_slice_info(info.beside(made.op.name[len(name) + 1 :]))
        return made

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """For a `Saver`: variables by the names of their averages, and the others by their own.

        Args:
            moving_avg_variables: Those that take the values of their averages; the trainable ones where None.
        """
        chosen = v1_graphs.trainable_variables() if moving_avg_variables is None else list(moving_avg_variables)
        names = {self.average_name(variable): variable for variable in chosen}
        taken = {variable.name for variable in chosen} | {a.name for a in self._averages.values()}
        rest = {v.name.split(":")[0]: v for v in v1_graphs.global_variables() if v.name not in taken}
        return {**names, **rest}


def assign_moving_average(variable: Any, value: Any, decay: Any, zero_debias: bool = True,
                          name: str | None = None) -> Any:  # fmt: skip
    """The operation variable -= (1 - decay) · (variable - value).

    Args:
        variable: The average.
        value: What it follows.
        decay: Share of the old average in the new one.
        zero_debias: Whether to make up for its having begun at zero.
        name: What the operation is called.
    """
    if not in_graph():
        if zero_debias:
            raise NotImplementedError(explain("zero_debias needs a graph.", hint="pass zero_debias=False"))
        return variable.assign_sub((1 - decay) * (variable - value))
    with NameScope(name or "AssignMovingAvg") as scope:
        # A Python number is subtracted as one: 1 - 0.9 is nearer to 0.1 in double precision than in single.
        rest = weft.cast(making.convert_to_tensor(1.0 - decay, name="decay"), variable.dtype)
        if not zero_debias:
            step = weft.multiply(weft.subtract(weft.convert_to_tensor(variable), value), rest)
            return variable.assign_sub(step, name=scope)
        with variable_scope(variable.name.split(":")[0], auxiliary_name_scope=False):
            zeros = initializers.zeros_initializer()
            biased = get_variable("biased", variable.shape, variable.dtype, zeros, trainable=False)
            steps = get_variable("local_step", [], variable.dtype, zeros, trainable=False)
        moved = biased.assign_sub((biased - value) * rest)
        count = steps.assign_add(1.0)
        return variable.assign(moved / (1 - weft.pow(1 - rest, count)), name=scope)
