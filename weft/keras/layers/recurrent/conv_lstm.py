"""LSTMs whose products are convolutions: for sequences of rows, images and volumes."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain
from weft.keras import activations, random
from weft.keras.config import standardize_data_format
from weft.keras.layers.convolution.arguments import format_letters, padding_mode, per_axis
from weft.keras.layers.core.dense import as_float, positive_int
from weft.keras.layers.input_spec import InputSpec
from weft.keras.layers.recurrent.cells import BaseCell, Prepared
from weft.keras.layers.recurrent.rnn import _CellLayer, _layer_options, _States


class ConvLSTMCell(BaseCell):
    """One step of a ConvLSTM. Arguments as there, and `rank`, the number of axes that the window moves along."""

    gates = 4

    def __init__(
        self, filters: int, rank: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str | None = None, dilation_rate: Any = 1, activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid", use_bias: bool = True, unit_forget_bias: bool = True, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(filters, activation, use_bias, **kwargs)
        name = "ConvLSTM"
        self.rank = rank
        self.filters = positive_int(name, "filters", filters)
        self.kernel_size = per_axis(name, "kernel_size", kernel_size, rank)
        self.strides = per_axis(name, "strides", strides, rank)
        self.padding = padding_mode(name, padding)
        self.data_format = standardize_data_format(data_format)
        self.dilation_rate = per_axis(name, "dilation_rate", dilation_rate, rank)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{name}: strides {self.strides} and dilation_rate {self.dilation_rate} cannot both exceed 1. "
                "Specifying `strides > 1` is not compatible with `dilation_rate > 1`."
            )
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.filters, self.filters]

    def build(self, input_shape: Any, state_shape: Any = None) -> None:
        axis = -1 if self.data_format == "channels_last" else 1
        channels = input_shape[axis]
        if channels is None:
            raise ValueError(explain(
                f"Layer `{self.name}` (ConvLSTMCell): the number of channels must be known.",
                received=f"shape {tf.TensorShape(input_shape)}",
            ))  # fmt: skip
        self.kernel = self.add_weight(
            shape=(*self.kernel_size, channels, 4 * self.filters), name="kernel", initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        self.recurrent_kernel = self.add_weight(
            shape=(*self.kernel_size, self.filters, 4 * self.filters), name="recurrent_kernel",
            initializer=self.recurrent_initializer, regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )  # fmt: skip
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(4 * self.filters,), name="bias", initializer=self._bias_start(),
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip

    def _bias_start(self) -> Any:
        if not self.unit_forget_bias:
            return self.bias_initializer

        def start(shape: Any, dtype: Any = None) -> Any:
            # The forget gate begins open.
            part = (self.filters,)
            return tf.concat([self.bias_initializer(part, dtype=dtype), tf.ones(part, dtype=dtype),
                              self.bias_initializer((2 * self.filters,), dtype=dtype)], axis=0)  # fmt: skip

        return start

    def output_sizes(self, input_sizes: Any) -> list[Any]:
        """The sizes of the states along the axes of the window."""
        found = []
        for axis, size in enumerate(input_sizes):
            window = self.dilation_rate[axis] * (self.kernel_size[axis] - 1)
            used = size if self.padding == "same" else None if size is None else size - window
            found.append(None if used is None else -(-used // self.strides[axis]))
        return found

    def _patterns(self, sample: Any, training: Any) -> tuple[Any, Any]:
        if not training:
            return None, None
        inner = outer = None
        if self.dropout:
            outer = random.dropout(tf.ones_like(sample), self.dropout, seed=self.seed_generator)
        if self.recurrent_dropout:
            ones = tf.ones_like(self.first_states(sample)[0])
            inner = random.dropout(ones, self.recurrent_dropout, seed=self.seed_generator)
        return outer, inner

    def first_states(self, sample: Any) -> list[Any]:
        """Zeros of the states' shape for the inputs of one step."""
        empty = tf.zeros((*self.kernel_size, sample.shape[self._axis], self.filters), dtype=sample.dtype)
        zeros = self._convolve(tf.zeros_like(sample), empty, self.strides, self.padding, self.dilation_rate)
        return [zeros, zeros]

    @property
    def _axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def _convolve(self, values: Any, kernel: Any, strides: Any, padding: str, dilations: Any) -> Any:
        return tf.nn.convolution(
            values, kernel, strides=list(strides), padding=padding.upper(),
            data_format=format_letters(self.data_format, self.rank), dilations=list(dilations),
        )  # fmt: skip

    def _biased(self, values: Any, bias: Any) -> Any:
        if bias is None:
            return values
        return values + (bias if self._axis == -1 else tf.reshape(bias, (1, -1, *(1,) * self.rank)))

    def prepare(self, sample: Any, training: Any) -> Prepared:
        outer, inner = self._patterns(sample, training)
        kernel, recurrent = tf.convert_to_tensor(self.kernel), tf.convert_to_tensor(self.recurrent_kernel)
        bias = None if self.bias is None else tf.convert_to_tensor(self.bias)
        gate, axis = self.recurrent_activation, self._axis

        def project(values: Any) -> Any:
            values = as_float(values, self.compute_dtype)
            if values.shape.rank == self.rank + 2:
                values = values if outer is None else values * outer
                found = self._convolve(values, kernel, self.strides, self.padding, self.dilation_rate)
                return self._biased(found, bias)
            # All steps at once: each is a sample of its own.
            values = values if outer is None else values * outer
            sizes = _sizes(values)
            flat = tf.reshape(values, (-1, *sizes[2:]))
            found = self._convolve(flat, kernel, self.strides, self.padding, self.dilation_rate)
            return tf.reshape(self._biased(found, bias), (*sizes[:2], *_sizes(found)[1:]))

        def step(projected: Any, states: list[Any]) -> tuple[Any, list[Any]]:
            before, memory = states
            before = before if inner is None else before * inner
            once = (1,) * self.rank
            i, f, c, o = tf.split(projected + self._convolve(before, recurrent, once, "same", once), 4, axis=axis)
            memory = gate(f) * memory + gate(i) * self.activation(c)
            output = gate(o) * self.activation(memory)
            return output, [output, memory]

        return project, step


def _sizes(value: Any) -> list[Any]:
    """Sizes, tensors where they are not known."""
    return [tf.shape(value)[axis] if size is None else size for axis, size in enumerate(value.shape)]


class _ConvLSTM(_CellLayer):
    """A ConvLSTM of any rank."""

    _cell_class = ConvLSTMCell
    _rank = 0

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Any = 1, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros", unit_forget_bias: bool = True, kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        kernel_constraint: Any = None, recurrent_constraint: Any = None, bias_constraint: Any = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: Any = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        values = dict(locals())
        options = {
            key: value for key, value in values.items()
            if key not in ("self", "filters", "kwargs", "__class__", "activity_regularizer", "return_sequences",
                           "return_state", "go_backwards", "stateful", "unroll")
        }  # fmt: skip
        self._make_cell(filters, {**options, "rank": self._rank}, _layer_options(values, kwargs))
        self.input_spec = InputSpec(ndim=self._rank + 3)

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        super().build(sequences_shape, initial_state_shape)
        channels = -1 if self.cell.data_format == "channels_last" else 2
        self.input_spec = InputSpec(ndim=self._rank + 3, axes={channels: sequences_shape[channels]})

    def _make_states(self, batch: int | None) -> None:
        """Nothing yet: the states' sizes follow from those of the inputs."""

    def _first_states(self, sequences: Any, initial_state: Any) -> list[Any]:
        if initial_state is None and self.stateful and self.states is None:
            self._make_sized_states(sequences.shape)
        if initial_state is None and not self.stateful:
            return list(self.cell.first_states(as_float(sequences[:, 0], self.compute_dtype)))
        return super()._first_states(sequences, initial_state)

    def _make_sized_states(self, shape: Any) -> None:
        from weft.keras.core.variable import Variable

        last = self.cell.data_format == "channels_last"
        sizes = self.cell.output_sizes(list(shape)[2:-1] if last else list(shape)[3:])
        full = (shape[0], *sizes, self.cell.filters) if last else (shape[0], self.cell.filters, *sizes)
        if None in full:
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) is stateful, so its inputs must have a fixed size.",
                received=f"shape {shape}", hint="give it: keras.Input(batch_shape=(32, time, height, width, channels))",
            ))  # fmt: skip
        with tf.init_scope():
            self.states = _States([
                Variable(tf.zeros(full, dtype=self.compute_dtype), trainable=False, name=f"state_{n}") for n in range(2)
            ])  # fmt: skip


class ConvLSTM1D(_ConvLSTM):
    """An LSTM over sequences of rows, `[batch, time, steps, channels]`. Arguments as for ConvLSTM2D."""

    _rank = 1


class ConvLSTM2D(_ConvLSTM):
    """An LSTM over sequences of images, `[batch, time, height, width, channels]`, with convolutions for products.

    Args:
        filters: The number of output channels.
        kernel_size: The window.
        strides: How far it moves over the inputs.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"` or `"channels_first"`.
        dilation_rate: The distance between the window's points.
        activation: Function of what is remembered.
        recurrent_activation: Function of the gates.
        use_bias: Whether there is a bias.
        unit_forget_bias: Whether the forget gate's bias begins at 1.
        dropout: Share of the inputs that is dropped in training.
        recurrent_dropout: Share of the states that is dropped in training.
        seed: Makes the dropout the same every time.
        return_sequences: Whether to give the outputs of all steps.
        return_state: Whether to give the last output and memory too.
        go_backwards: Whether to walk from the end.
        stateful: Whether batches go on from one another.
        unroll: Whether to write the steps out.
        **kwargs: As for every layer.

    Source: Shi et al. 2015.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.ConvLSTM2D(4, 3, padding="same")(tf.ones((1, 2, 6, 5, 3))).shape
        TensorShape([1, 6, 5, 4])
    """

    _rank = 2


class ConvLSTM3D(_ConvLSTM):
    """An LSTM over sequences of volumes. Arguments as for ConvLSTM2D, with three sizes."""

    _rank = 3
