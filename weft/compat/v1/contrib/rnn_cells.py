"""Cells that only contrib has: attention over a cell's own past, and LSTM cells of images."""

from __future__ import annotations

from typing import Any

import weft
from weft.compat.v1 import initializers
from weft.compat.v1 import nn as _nn
from weft.compat.v1.rnn_cells import LSTMStateTuple, RNNCell
from weft.compat.v1.variable_scopes import get_variable, variable_scope


def _total(size: Any) -> int:
    return sum(int(part) for part in weft.nest.flatten(size))


def _linear(parts: list[Any], units: int) -> Any:
    """The parts side by side, times a kernel, plus a bias, which are variables of the open scope."""
    whole = weft.concat(parts, 1) if len(parts) > 1 else parts[0]
    kernel = get_variable("kernel", [whole.shape.as_list()[1], units], whole.dtype)
    bias = get_variable("bias", [units], whole.dtype, initializers.zeros_initializer())
    return _nn.bias_add(weft.matmul(whole, kernel), bias)


class AttentionCellWrapper(RNNCell):
    """A cell that also reads a mean of its last outputs, weighted by how they match its state.

    Args:
        cell: The cell.
        attn_length: How many outputs it looks back on.
        attn_size: The size of what is kept of each; the cell's output size where None.
        attn_vec_size: The size in which outputs and state are compared; `attn_size` where None.
        input_size: The size of what the cell is handed; that of the inputs where None.
        state_is_tuple: Whether the state is a tuple: the cell's, the last mean, the last outputs.
        reuse: Whether the variables of an earlier cell of this scope are used again.

    Source: Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and Translate, 2014.
    """

    def __init__(self, cell: Any, attn_length: int, attn_size: int | None = None, attn_vec_size: int | None = None,
                 input_size: int | None = None, state_is_tuple: bool = True, reuse: Any = None) -> None:  # fmt: skip
        if not isinstance(cell, RNNCell):
            raise TypeError(f"The parameter cell is not RNNCell: {cell!r}.")
        if isinstance(cell.state_size, (list, tuple)) and not state_is_tuple:
            raise ValueError("Cell returns tuple of states, but the flag state_is_tuple is not set. State size is: "
                             f"{cell.state_size}")  # fmt: skip
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        super().__init__(_reuse=reuse)
        self._cell, self._attn_length, self._input_size = cell, attn_length, input_size
        self._attn_size = attn_size if attn_size is not None else cell.output_size
        self._attn_vec_size = attn_vec_size if attn_vec_size is not None else self._attn_size
        self._state_is_tuple = state_is_tuple

    @property
    def state_size(self) -> Any:
        """The sizes of the cell's state, of the last mean and of the last outputs."""
        sizes = (self._cell.state_size, self._attn_size, self._attn_size * self._attn_length)
        return sizes if self._state_is_tuple else _total(sizes)

    output_size = property(lambda self: self._attn_size)

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        size, length = self._attn_size, self._attn_length
        if self._state_is_tuple:
            state, mean, past = state
        else:
            own = self._cell.state_size
            state, mean, past = weft.split(state, [_total(own), size, size * length], 1)
        past = weft.reshape(past, [-1, length, size])
        units = self._input_size if self._input_size is not None else inputs.shape.as_list()[1]
        output, new_state = self._cell(_linear([inputs, mean], units), state)
        whole = weft.concat(weft.nest.flatten(new_state), 1) if self._state_is_tuple else new_state
        mean, kept = self._attention(whole, past)
        with variable_scope("attn_output_projection"):
            output = _linear([output, mean], size)
        past = weft.reshape(weft.concat([kept, weft.expand_dims(output, 1)], 1), [-1, length * size])
        parts = (new_state, mean, past)
        return output, parts if self._state_is_tuple else weft.concat(parts, 1)

    def _attention(self, query: Any, past: Any) -> tuple[Any, Any]:
        """The weighted mean of the last outputs, and these without the oldest."""
        size, length, units = self._attn_size, self._attn_length, self._attn_vec_size
        with variable_scope("attention"):
            kernel = get_variable("attn_w", [1, 1, size, units], query.dtype)
            weights = get_variable("attn_v", [units], query.dtype)
            rows = weft.reshape(past, [-1, length, 1, size])
            features = _nn.conv2d(rows, kernel, [1, 1, 1, 1], "SAME")
            asked = weft.reshape(_linear([query], units), [-1, 1, 1, units])
            scores = weft.reduce_sum(weights * weft.tanh(features + asked), [2, 3])
            shares = weft.reshape(weft.nn.softmax(scores), [-1, length, 1, 1])
            return weft.reshape(weft.reduce_sum(shares * rows, [1, 2]), [-1, size]), past[:, 1:]


class ConvLSTMCell(RNNCell):
    """An LSTM cell whose products are convolutions, so that inputs, outputs and states are images.

    Args:
        conv_ndims: Over how many axes it convolves: 1, 2 or 3.
        input_shape: The shape of an input without the batch, channels last.
        output_channels: How many channels states and output have.
        kernel_shape: The size of the window.
        use_bias: Whether there is a bias.
        skip_connection: Whether the input's channels stand behind the output's.
        forget_bias: What is added before the forget gate's sigmoid.
        initializers: Accepted.
        name: What its variable scope is called.

    Source: Shi et al., Convolutional LSTM Network, 2015.
    """

    def __init__(self, conv_ndims: int, input_shape: Any, output_channels: int, kernel_shape: Any,
                 use_bias: bool = True, skip_connection: bool = False, forget_bias: float = 1.0,
                 initializers: Any = None, name: str = "conv_lstm_cell") -> None:  # fmt: skip
        sizes = list(input_shape)
        if conv_ndims != len(sizes) - 1:
            raise ValueError(f"Invalid input_shape {sizes} for conv_ndims={conv_ndims}.")
        super().__init__(name=name)
        self._conv_ndims, self._kernel_shape, self._use_bias = conv_ndims, list(kernel_shape), use_bias
        self._output_channels, self._skip, self._forget_bias = output_channels, skip_connection, forget_bias
        self._state = weft.TensorShape([*sizes[:-1], output_channels])
        self._output = weft.TensorShape([*sizes[:-1], output_channels + (sizes[-1] if skip_connection else 0)])

    state_size = property(lambda self: LSTMStateTuple(self._state, self._state))
    output_size = property(lambda self: self._output)

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        cell, hidden = state
        both = weft.concat([inputs, hidden], -1)
        channels = both.shape.as_list()[-1]
        kernel = get_variable("kernel", [*self._kernel_shape, channels, 4 * self._output_channels], both.dtype)
        gates = weft.nn.convolution(both, kernel, padding="SAME")
        if self._use_bias:
            zeros = initializers.zeros_initializer()
            gates = gates + get_variable("biases", [4 * self._output_channels], both.dtype, zeros)
        i, j, f, o = weft.split(gates, 4, axis=self._conv_ndims + 1)
        cell = weft.sigmoid(f + self._forget_bias) * cell + weft.sigmoid(i) * weft.tanh(j)
        output = hidden = weft.tanh(cell) * weft.sigmoid(o)
        if self._skip:
            output = hidden = weft.concat([output, inputs], -1)
        return output, LSTMStateTuple(cell, hidden)


class Conv1DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` over one axis."""

    def __init__(self, name: str = "conv_1d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=1, name=name, **kwargs)


class Conv2DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` over two axes."""

    def __init__(self, name: str = "conv_2d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=2, name=name, **kwargs)


class Conv3DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` over three axes."""

    def __init__(self, name: str = "conv_3d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=3, name=name, **kwargs)
