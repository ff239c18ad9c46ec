"""`Metric`: state that is updated batch by batch, and the result that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import weft as tf
from weft.extend import explain, user_facing
from weft.keras import config, dtype_policies, initializers
from weft.keras.core import naming, stateless, tracking
from weft.keras.core.construction import KnownArguments
from weft.keras.core.variable import Variable


class Metric(metaclass=KnownArguments):
    """A number that is gathered over batches. Subclasses define `update_state` and `result`.

    Args:
        dtype: Dtype or policy of its state.
        name: Its name.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> class Largest(keras.metrics.Metric):
        ...     def __init__(self, name="largest", **kwargs):
        ...         super().__init__(name=name, **kwargs)
        ...         self.value = self.add_weight(shape=(), initializer="zeros", name="value")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.value.assign(tf.maximum(self.value, tf.reduce_max(y_pred)))
        ...     def result(self):
        ...         return self.value
        >>> metric = Largest()
        >>> metric.update_state([0.0, 0.0], [1.0, 3.0])
        >>> float(metric.result())
        3.0
    """

    _weft_trackable = True

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or naming.auto_name(naming.to_snake_case(type(self).__name__))
        self._dtype_policy = dtype_policies.get(dtype or config.floatx())
        self._own: list[Any] = []

    @property
    def dtype(self) -> str:
        """The dtype in which it computes."""
        return str(self._dtype_policy.compute_dtype)

    @property
    def _dtype(self) -> str:
        return self.dtype

    def add_variable(
        self,
        shape: Any,
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Any:
        """A variable that belongs to the metric.

        Args:
            shape: Its shape.
            initializer: Name or function of its first value, to which `reset_state` does not return: it sets zeros.
            dtype: Its dtype; the default float where None, whatever the metric computes in.
            aggregation: As given.
            name: Its name.
        """
        if not hasattr(self, "_own"):
            raise RuntimeError(explain(
                f"{type(self).__name__}: a variable is added before super().__init__() was called.",
                hint=f"make `super().__init__(**kwargs)` the first line of {type(self).__name__}.__init__()",
            ))  # fmt: skip
        with tf.init_scope(), naming.Scope(self.name, self):
            made = Variable(
                initializers.get(initializer), shape=tuple(tf.TensorShape(shape).as_list()), dtype=dtype,
                trainable=False, aggregation=aggregation, name=name,
            )  # fmt: skip
        self._own.append(made)
        return made

    def _trackable_children(self) -> dict[str, Any]:
        """What `tf.train.Checkpoint` saves: its state, in the order in which it was made."""
        return {str(place): variable for place, variable in enumerate(self.variables)}

    def add_weight(
        self, shape: Any = (), initializer: Any = "zeros", dtype: Any = None, name: Any = None, **kwargs: Any
    ) -> Any:
        """As `add_variable`. Keras 2's order, the name first, is understood too."""
        if isinstance(shape, str):
            shape, name = (), shape
        return self.add_variable(shape=shape, initializer=initializer, dtype=dtype, name=name, **kwargs)

    @property
    def variables(self) -> list[Any]:
        """Its state, and that of metrics in its attributes."""
        found = list(self._own)
        for value in self.__dict__.values():
            for inner in tracking.walk(value):
                if isinstance(inner, Metric):
                    found.extend(inner.variables)
                elif isinstance(inner, tf.Variable):
                    found.append(inner)
        return tracking.unique(found)

    def reset_state(self) -> None:
        """Forgets all batches."""
        for variable in self.variables:
            variable.assign(np.zeros(tuple(variable.shape), tf.as_dtype(variable.dtype).as_numpy_dtype))

    def reset_states(self) -> None:
        """Keras 2's name for `reset_state`."""
        self.reset_state()

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Takes a batch in. Subclasses say how."""
        raise NotImplementedError(explain(f"{type(self).__name__} has no update_state() method."))

    def result(self) -> Any:
        """The result so far. Subclasses say what it is."""
        raise NotImplementedError(explain(f"{type(self).__name__} has no result() method."))

    # Without state: values of the variables come in, and go out again

    def stateless_update_state(self, metric_variables: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """Takes a batch in: from values of the variables to their new values."""
        variables = self.variables
        pairs = stateless.mapping(self.name, "variables", variables, metric_variables)
        with stateless.StatelessScope(pairs) as scope:
            self.update_state(*args, **kwargs)
        return [scope.get_current_value(variable) for variable in variables]

    def stateless_result(self, metric_variables: Any) -> Any:
        """The result for values of the variables."""
        with stateless.StatelessScope(stateless.mapping(self.name, "variables", self.variables, metric_variables)):
            found = self.result()
            return tf.nest.map_structure(tf.convert_to_tensor, found)

    def stateless_reset_state(self) -> list[Any]:
        """The values of the variables before the first batch."""
        variables = self.variables
        with stateless.StatelessScope([(variable, variable.read_value()) for variable in variables]) as scope:
            self.reset_state()
        return [scope.get_current_value(variable) for variable in variables]

    @user_facing
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Takes a batch in and returns the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """What its constructor takes."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A metric from what `get_config` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def as_tensors(values: Sequence[Any], dtype: str) -> list[Any]:
    """Values as tensors of a dtype."""
    return [tf.cast(tf.convert_to_tensor(value), dtype) for value in values]
