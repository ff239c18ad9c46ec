"""Cells: one time step of a recurrent layer.

A cell offers more than `call`: `prepare` reads the weights and draws the dropout patterns once for a whole sequence,
and gives the projection of the inputs, which can be computed for all steps at once, and the step itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import activations, constraints, initializers, random, regularizers
from weft.keras.core.call_signature import accepts
from weft.keras.layers.core.dense import as_float, positive_int
from weft.keras.layers.layer import Layer
from weft.keras.random.seed_generator import SeedGenerator

Prepared = tuple[Callable[[Any], Any], Callable[[Any, list[Any]], tuple[Any, list[Any]]]]


class BaseCell(Layer):
    """What the cells have in common. `gates` is how many times the kernels are wider than the output."""

    gates = 1
    _old_arguments = {"output_dim": "units"}

    def __init__(
        self, units: int, activation: Any = "tanh", use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None, bias_regularizer: Any = None, kernel_constraint: Any = None,
        recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, seed: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.units = positive_int(type(self).__name__, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = min(1.0, max(0.0, dropout or 0.0))
        self.recurrent_dropout = min(1.0, max(0.0, recurrent_dropout or 0.0))
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)  # without dropout too, as in Keras: it draws a seed and is a variable
        self.state_size: Any = self.units
        self.output_size = self.units
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        size = input_shape[-1]
        if size is None:
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}): the number of features must be known.",
                received=f"shape {tf.TensorShape(input_shape)}", hint="give the input its full shape: (time, features)",
            ))  # fmt: skip
        wide = self.units * self.gates
        self.kernel = self.add_weight(
            shape=(size, wide), name="kernel", initializer=self.kernel_initializer, regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )  # fmt: skip
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, wide), name="recurrent_kernel", initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer, constraint=self.recurrent_constraint,
        )  # fmt: skip
        if self.use_bias:
            self.bias = self.add_weight(
                shape=self._bias_shape(), name="bias", initializer=self._bias_start(),
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.units * self.gates,)

    def _bias_start(self) -> Any:
        return self.bias_initializer

    def _state_count(self) -> int:
        return len(self.state_size) if isinstance(self.state_size, (list, tuple)) else 1

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Zeros for every state, `[batch, units]`."""
        return [tf.zeros((batch_size, self.units), dtype=self.compute_dtype) for _ in range(self._state_count())]

    def _patterns(self, sample: Any, training: Any) -> tuple[Any, Any]:
        """Dropout patterns of inputs and states, the same for all steps of a sequence; None where nothing is dropped.

        Args:
            sample: The inputs of one step.
            training: Whether this is training.
        """
        if not training:
            return None, None
        inner = outer = None
        if self.dropout:
            outer = random.dropout(tf.ones_like(sample), self.dropout, seed=self.seed_generator)
        if self.recurrent_dropout:
            shape = (tf.shape(sample)[0], self.units)
            inner = random.dropout(tf.ones(shape, dtype=sample.dtype), self.recurrent_dropout, seed=self.seed_generator)
        return outer, inner

    def prepare(self, sample: Any, training: Any) -> Prepared:
        """The projection of inputs (of one step, or of all, time first), and the step on what it gives.

        Args:
            sample: The inputs of one step `[batch, features]`.
            training: Whether this is training.
        """
        raise NotImplementedError

    def _projection(self, pattern: Any, bias: Any) -> Callable[[Any], Any]:
        kernel = tf.convert_to_tensor(self.kernel)

        def project(values: Any) -> Any:
            values = as_float(values, self.compute_dtype)
            if pattern is not None:
                values = values * pattern  # of all steps alike: time comes first
            found = tf.matmul(values, kernel)
            return found if bias is None else found + bias

        return project

    def call(self, inputs: Any, states: Any, training: Any = False) -> Any:
        """One step: the output and the new states."""
        inputs = as_float(inputs, self.compute_dtype)
        nested = isinstance(states, (list, tuple))
        project, step = self.prepare(inputs, training)
        output, new = step(project(inputs), list(states) if nested else [states])
        return output, new if nested else new[0]


class SimpleRNNCell(BaseCell):
    """One step of a SimpleRNN. Arguments as there."""

    def prepare(self, sample: Any, training: Any) -> Prepared:
        outer, inner = self._patterns(sample, training)
        recurrent = tf.convert_to_tensor(self.recurrent_kernel)
        bias = None if self.bias is None else tf.convert_to_tensor(self.bias)

        def step(projected: Any, states: list[Any]) -> tuple[Any, list[Any]]:
            before = states[0] if inner is None else states[0] * inner
            output = self.activation(projected + tf.matmul(before, recurrent))
            return output, [output]

        return self._projection(outer, bias), step


class LSTMCell(BaseCell):
    """One step of an LSTM. Arguments as there."""

    gates = 4

    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros", unit_forget_bias: bool = True, kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None, bias_regularizer: Any = None, kernel_constraint: Any = None,
        recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, seed: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed, **kwargs,
        )  # fmt: skip
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def _bias_start(self) -> Any:
        if not self.unit_forget_bias:
            return self.bias_initializer

        def start(shape: Any, dtype: Any = None) -> Any:
            # The forget gate begins open.
            part = (self.units,)
            return tf.concat([self.bias_initializer(part, dtype=dtype), tf.ones(part, dtype=dtype),
                              self.bias_initializer((2 * self.units,), dtype=dtype)], axis=0)  # fmt: skip

        return start

    def prepare(self, sample: Any, training: Any) -> Prepared:
        outer, inner = self._patterns(sample, training)
        recurrent = tf.convert_to_tensor(self.recurrent_kernel)
        bias = None if self.bias is None else tf.convert_to_tensor(self.bias)
        gate = self.recurrent_activation

        def step(projected: Any, states: list[Any]) -> tuple[Any, list[Any]]:
            before, memory = states
            before = before if inner is None else before * inner
            i, f, c, o = tf.split(projected + tf.matmul(before, recurrent), 4, axis=-1)
            memory = gate(f) * memory + gate(i) * self.activation(c)
            output = gate(o) * self.activation(memory)
            return output, [output, memory]

        return self._projection(outer, bias), step


class GRUCell(BaseCell):
    """One step of a GRU. Arguments as there."""

    gates = 3

    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros", kernel_regularizer: Any = None, recurrent_regularizer: Any = None,
        bias_regularizer: Any = None, kernel_constraint: Any = None, recurrent_constraint: Any = None,
        bias_constraint: Any = None, dropout: float = 0.0, recurrent_dropout: float = 0.0, reset_after: bool = True,
        seed: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed, **kwargs,
        )  # fmt: skip
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = reset_after

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def prepare(self, sample: Any, training: Any) -> Prepared:
        outer, inner = self._patterns(sample, training)
        recurrent = tf.convert_to_tensor(self.recurrent_kernel)
        bias = None if self.bias is None else tf.convert_to_tensor(self.bias)
        gate, units = self.recurrent_activation, self.units
        late = early = None
        if bias is not None:
            early, late = (bias[0], bias[1]) if self.reset_after else (bias, None)

        def step(projected: Any, states: list[Any]) -> tuple[Any, list[Any]]:
            before = states[0]
            dropped = before if inner is None else before * inner
            xz, xr, xh = tf.split(projected, 3, axis=-1)
            if self.reset_after:
                own = tf.matmul(dropped, recurrent)
                hz, hr, hh = tf.split(own if late is None else own + late, 3, axis=-1)
                z, r = gate(xz + hz), gate(xr + hr)
                new = self.activation(xh + r * hh)
            else:
                hz, hr = tf.split(tf.matmul(dropped, recurrent[:, : 2 * units]), 2, axis=-1)
                z, r = gate(xz + hz), gate(xr + hr)
                new = self.activation(xh + tf.matmul(r * dropped, recurrent[:, 2 * units :]))
            output = z * before + (1.0 - z) * new
            return output, [output]

        return self._projection(outer, early), step


class StackedRNNCells(Layer):
    """Cells one above the other, as one cell.

    Args:
        cells: The cells, from the inputs up.
        **kwargs: As for every layer.
    """

    def __init__(self, cells: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
                raise ValueError(explain("StackedRNNCells: a cell needs call() and state_size.", received=repr(cell)))
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the cells' states, one entry for each cell."""
        return [cell.state_size for cell in self.cells]

    def pack(self, states: list[Any]) -> list[Any]:
        """Flat states with one entry for each cell: a list for a cell that has a list of sizes."""
        rest = iter(states)
        return [
            [next(rest) for _ in cell.state_size] if isinstance(cell.state_size, (list, tuple)) else next(rest)
            for cell in self.cells
        ]

    @property
    def output_size(self) -> int:
        """The size of the last cell's output."""
        last = self.cells[-1]
        return int(getattr(last, "output_size", None) or _sizes(last)[0])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """The first states of the cells, zeros where they do not say otherwise."""
        found: list[Any] = []
        for cell in self.cells:
            own = getattr(cell, "get_initial_state", None)
            if own is not None:
                found.extend(tf.nest.flatten(own(batch_size=batch_size)))
            else:
                found.extend(tf.zeros((batch_size, size), dtype=self.compute_dtype) for size in _sizes(cell))
        return self.pack(found)

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(shape)
            shape = (shape[0], int(getattr(cell, "output_size", None) or _sizes(cell)[0]))

    def call(self, inputs: Any, states: Any, training: Any = False) -> Any:
        """One step through all cells."""
        new: list[Any] = []
        for cell, own in zip(self.cells, self.pack(tf.nest.flatten(states)), strict=True):
            keywords = {"training": training} if accepts(cell.call, "training") else {}
            function = cell if isinstance(cell, Layer) else cell.call
            inputs, found = function(inputs, own if isinstance(own, list) else [own], **keywords)
            new.extend(tf.nest.flatten(found))
        return inputs, self.pack(new)

    def get_config(self) -> dict[str, Any]:
        from weft.keras.saving import serialize_keras_object

        return {**super().get_config(), "cells": [serialize_keras_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        from weft.keras.saving import deserialize_keras_object

        return cls(**{**config, "cells": [deserialize_keras_object(cell) for cell in config["cells"]]})


def _sizes(cell: Any) -> list[Any]:
    return tf.nest.flatten(cell.state_size)  # type: ignore[no-any-return]
