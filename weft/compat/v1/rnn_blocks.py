"""Further cells of `tf.contrib.rnn`, and networks of several layers in both directions."""

from __future__ import annotations

from typing import Any

import weft
from weft.base.errors import explain
from weft.compat.v1 import initializers
from weft.compat.v1 import nn as _nn
from weft.compat.v1.rnn import bidirectional_dynamic_rnn, dynamic_rnn, static_bidirectional_rnn, static_rnn, walk
from weft.compat.v1.rnn_cells import GRUCell, LSTMCell, LSTMStateTuple, RNNCell
from weft.compat.v1.variable_scopes import get_variable_scope, variable_scope


class LSTMBlockCell(LSTMCell):
    """As `LSTMCell`, with the arguments that the cell of one kernel had.

    Args:
        num_units: The size of each of both states.
        forget_bias: What is added before the forget gate's sigmoid.
        cell_clip: The bound of c; none where it is not positive.
        use_peephole: Whether the gates see c.
        dtype: Of its variables.
        reuse: Whether the variables of an earlier cell of this scope are used again.
        name: The name of its variable scope.
    """

    _gates = ("i", "f", "o")

    def __init__(self, num_units: int, forget_bias: float = 1.0, cell_clip: float | None = None,
                 use_peephole: bool = False, dtype: Any = None, reuse: Any = None,
                 name: str | None = "lstm_cell") -> None:  # fmt: skip
        bound = None if cell_clip is None or cell_clip <= 0 else cell_clip
        super().__init__(num_units, use_peephole, bound, forget_bias=forget_bias, reuse=reuse, name=name, dtype=dtype)


class GRUBlockCell(GRUCell):
    """As `GRUCell`, with the arguments that the cell of one kernel had.

    Args:
        num_units: The size of the state.
        cell_size: An older name of it.
        reuse: Whether the variables of an earlier cell of this scope are used again.
        name: The name of its variable scope.
    """

    def __init__(self, num_units: int | None = None, cell_size: int | None = None, reuse: Any = None,
                 name: str | None = "gru_cell") -> None:  # fmt: skip
        if (num_units is None) == (cell_size is None):
            raise ValueError("Exactly one of num_units and cell_size must be given.")
        super().__init__(int(num_units if num_units is not None else cell_size or 0), reuse=reuse, name=name)


GRUBlockCellV2 = GRUBlockCell


class LayerNormBasicLSTMCell(RNNCell):
    """An LSTM cell whose gates and state are normalized over their units, with dropout of what it takes in.

    Args:
        num_units: The size of each of both states.
        forget_bias: What is added before the forget gate's sigmoid.
        input_size: Accepted.
        activation: A function.
        layer_norm: Whether to normalize.
        norm_gain: The first value of the factors.
        norm_shift: The first value of what is added.
        dropout_keep_prob: The share that is kept.
        dropout_prob_seed: For the random numbers.
        reuse: Whether the variables of an earlier cell of this scope are used again.

    Source: Ba et al., Layer Normalization, 2016; Semeniuta et al., Recurrent Dropout without Memory Loss, 2016.
    """

    def __init__(self, num_units: int, forget_bias: float = 1.0, input_size: Any = None, activation: Any = weft.tanh,
                 layer_norm: bool = True, norm_gain: float = 1.0, norm_shift: float = 0.0,
                 dropout_keep_prob: Any = 1.0, dropout_prob_seed: int | None = None,
                 reuse: Any = None) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        self._num_units, self._forget_bias, self._activation = num_units, forget_bias, activation
        self._layer_norm, self._gain, self._shift = layer_norm, norm_gain, norm_shift
        self._share, self._seed = dropout_keep_prob, dropout_prob_seed

    state_size = property(lambda self: LSTMStateTuple(self._num_units, self._num_units))
    output_size = property(lambda self: self._num_units)

    def build(self, input_shape: Any) -> None:
        """Makes the kernel, and a bias or factors and what is added for each part that is normalized."""
        size = self._known_size(input_shape, -1, "last dimension")
        self._kernel = self.add_weight("kernel", [size + self._num_units, 4 * self._num_units])
        self._norms: dict[str, tuple[Any, Any]] = {}
        self._bias = None
        if self._layer_norm:
            for part in ("input", "transform", "forget", "output", "state"):
                self._norms[part] = (
                    self.add_weight(f"{part}/gamma", [self._num_units], None, _constant(self._gain)),
                    self.add_weight(f"{part}/beta", [self._num_units], None, _constant(self._shift)),
                )
        else:
            zeros = initializers.zeros_initializer()
            self._bias = self.add_weight("bias", [4 * self._num_units], None, zeros)
        self.built = True

    def _normalized(self, value: Any, part: str) -> Any:
        if not self._layer_norm:
            return value
        gamma, beta = self._norms[part]
        mean, variance = _nn.moments(value, [-1], keep_dims=True)
        return _nn.batch_normalization(value, mean, variance, beta, gamma, 1e-12)

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        c, h = state
        gates = weft.matmul(weft.concat([inputs, h], 1), self._kernel)
        if self._bias is not None:
            gates = _nn.bias_add(gates, self._bias)
        parts = zip(weft.split(gates, 4, axis=1), ("input", "transform", "forget", "output"), strict=True)
        i, j, f, o = (self._normalized(value, part) for value, part in parts)
        taken = self._activation(j)
        if not isinstance(self._share, (int, float)) or self._share < 1:
            taken = _nn.dropout(taken, self._share, seed=self._seed)
        c = self._normalized(c * weft.sigmoid(f + self._forget_bias) + weft.sigmoid(i) * taken, "state")
        h = self._activation(c) * weft.sigmoid(o)
        return h, LSTMStateTuple(c, h)


def _constant(value: float) -> Any:
    return initializers.constant_initializer(value)


def stack_bidirectional_dynamic_rnn(cells_fw: Any, cells_bw: Any, inputs: Any, initial_states_fw: Any = None,
                                    initial_states_bw: Any = None, dtype: Any = None, sequence_length: Any = None,
                                    parallel_iterations: int | None = None, time_major: bool = False,
                                    scope: Any = None, swap_memory: bool = False) -> tuple[Any, Any, Any]:  # fmt: skip
    """Layers of networks in both directions, each over the outputs of the one before.

    Args:
        cells_fw: A list of cells that go forwards, one for each layer.
        cells_bw: A list of those that go backwards.
        inputs: `[batch, time, size]`.
        initial_states_fw: Their first states; zeros where None.
        initial_states_bw: Likewise.
        dtype: Of the zeros.
        sequence_length: `[batch]`: how many steps of each sequence count.
        parallel_iterations: Accepted.
        time_major: Whether time comes before the batch.
        scope: A variable scope, or its name.
        swap_memory: Accepted.

    Returns:
        The outputs of both directions side by side, and the last states of all layers, forwards and backwards.
    """
    def layer(given: Any, fw: Any, bw: Any, first: Any, last: Any) -> tuple[Any, Any, Any]:
        outputs, (state_fw, state_bw) = bidirectional_dynamic_rnn(
            fw, bw, given, sequence_length, first, last, dtype, time_major=time_major)  # fmt: skip
        return weft.concat(outputs, 2), state_fw, state_bw

    return _layers(layer, cells_fw, cells_bw, inputs, initial_states_fw, initial_states_bw, scope)


def stack_bidirectional_rnn(cells_fw: Any, cells_bw: Any, inputs: Any, initial_states_fw: Any = None,
                            initial_states_bw: Any = None, dtype: Any = None, sequence_length: Any = None,
                            scope: Any = None) -> tuple[Any, Any, Any]:  # fmt: skip
    """As `stack_bidirectional_dynamic_rnn`, over a list of inputs."""

    def layer(given: Any, fw: Any, bw: Any, first: Any, last: Any) -> tuple[Any, Any, Any]:
        scope = get_variable_scope()  # the one that is open: the networks lie directly in it
        return static_bidirectional_rnn(fw, bw, given, first, last, dtype, sequence_length, scope)

    return _layers(layer, cells_fw, cells_bw, inputs, initial_states_fw, initial_states_bw, scope)


def _layers(layer: Any, cells_fw: Any, cells_bw: Any, inputs: Any, first_fw: Any, first_bw: Any,
            scope: Any) -> tuple[Any, Any, Any]:  # fmt: skip
    if not cells_fw or len(cells_fw) != len(cells_bw):
        raise ValueError("Forward and backward cells must be lists of one length, and not empty.")
    states_fw, states_bw = [], []
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for number, (fw, bw) in enumerate(zip(cells_fw, cells_bw, strict=True)):
            with variable_scope(f"cell_{number}"):
                first = first_fw[number] if first_fw else None
                last = first_bw[number] if first_bw else None
                inputs, state_fw, state_bw = layer(inputs, fw, bw, first, last)
            states_fw.append(state_fw)
            states_bw.append(state_bw)
    return inputs, tuple(states_fw), tuple(states_bw)


class FusedRNNCell:
    """Base of cells that take a whole sequence: `call(inputs, initial_state, dtype, sequence_length, scope)`."""

    def __call__(self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None,
                 scope: Any = None) -> tuple[Any, Any]:  # fmt: skip
        """The outputs `[time, batch, units]` and the last state."""
        raise NotImplementedError


class FusedRNNCellAdaptor(FusedRNNCell):
    """A cell of single steps as one that takes a whole sequence.

    Args:
        cell: The cell.
        use_dynamic_rnn: Whether it runs in a loop; else its steps are written out.
    """

    def __init__(self, cell: Any, use_dynamic_rnn: bool = False) -> None:
        self._cell, self._in_loop = cell, use_dynamic_rnn

    def __call__(self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None,
                 scope: Any = None) -> tuple[Any, Any]:  # fmt: skip
        """The outputs and the last state; a list of inputs `[batch, size]` gives a list of outputs."""
        several = isinstance(inputs, list)
        if self._in_loop:
            rows = weft.stack(inputs) if several else inputs
            outputs, state = dynamic_rnn(self._cell, rows, sequence_length, initial_state, dtype, time_major=True,
                                         scope=scope)  # fmt: skip
            return (weft.unstack(outputs) if several else outputs), state
        steps = inputs if several else weft.unstack(inputs)
        outputs, state = static_rnn(self._cell, steps, initial_state, dtype, sequence_length, scope)
        return (outputs if several else weft.stack(outputs)), state


class TimeReversedFusedRNN(FusedRNNCell):
    """A cell that takes whole sequences, which gets them from their ends on.

    Args:
        cell: The cell, such as an `LSTMBlockFusedCell`.
    """

    def __init__(self, cell: Any) -> None:
        self._cell = cell

    def __call__(self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None,
                 scope: Any = None) -> tuple[Any, Any]:  # fmt: skip
        """The outputs, in the order of the inputs, and the state at the first of them."""

        def turned(tensor: Any) -> Any:
            if sequence_length is None:
                return weft.reverse(tensor, [0])
            return weft.reverse_sequence(tensor, sequence_length, 0, 1)

        outputs, state = self._cell(turned(weft.convert_to_tensor(inputs)), initial_state, dtype, sequence_length,
                                    scope)  # fmt: skip
        return weft.nest.map_structure(turned, outputs), state


class LSTMBlockFusedCell(LSTMCell):
    """An LSTM that takes a whole sequence `[time, batch, size]`.

    Args:
        num_units: The size of each of both states.
        forget_bias: What is added before the forget gate's sigmoid.
        cell_clip: The bound of c; none where it is not positive.
        use_peephole: Whether the gates see c.
        reuse: Whether the variables of an earlier cell of this scope are used again.
        dtype: Of its variables.
        name: The name of its variable scope.

    Example:
        >>> import weft.compat.v1 as tf
        >>> from weft.compat.v1.contrib import rnn
        >>> with tf.Graph().as_default():
        ...     outputs, state = rnn.LSTMBlockFusedCell(4)(tf.zeros([5, 2, 3]), dtype=tf.float32)
        ...     outputs.shape, state.c.shape, tf.trainable_variables()[0].name
        (TensorShape([5, 2, 4]), TensorShape([2, 4]), 'lstm_fused_cell/kernel:0')
    """

    _gates = ("i", "f", "o")

    def __init__(self, num_units: int, forget_bias: float = 1.0, cell_clip: float | None = None,
                 use_peephole: bool = False, reuse: Any = None, dtype: Any = None,
                 name: str | None = "lstm_fused_cell") -> None:  # fmt: skip
        bound = None if cell_clip is None or cell_clip <= 0 else cell_clip
        super().__init__(num_units, use_peephole, bound, forget_bias=forget_bias, reuse=reuse, name=name, dtype=dtype)

    num_units = property(lambda self: self._num_units)

    def __call__(self, inputs: Any, initial_state: Any = None, dtype: Any = None,  # type: ignore[override]
                 sequence_length: Any = None, scope: Any = None) -> Any:  # fmt: skip
        """The outputs and the last state.

        Args:
            inputs: `[time, batch, size]`, or a list of `[batch, size]`.
            initial_state: c and h, `[batch, units]` each; zeros where None.
            dtype: Of the first state, where it is not given.
            sequence_length: `[batch]`: outputs behind the end of a sequence are 0, and the state is that at its end.
            scope: A variable scope, or a name for one.

        Raises:
            ValueError: Without `initial_state` and `dtype`; for inputs of another rank.
        """
        several = isinstance(inputs, list)
        rows = weft.stack(inputs) if several else weft.convert_to_tensor(inputs)
        if rows.shape.rank != 3:
            raise ValueError(explain("LSTMBlockFusedCell: the inputs are [time, batch, size].",
                                     received=str(rows.shape)))  # fmt: skip
        if initial_state is None and dtype is None:
            raise ValueError("Either initial_state or dtype needs to be specified.")
        outputs, state = super().__call__(rows, initial_state, scope, dtype, sequence_length)
        return (weft.unstack(outputs) if several else outputs), state

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """A sequence; its loop asks for single steps of `[batch, size]`."""
        dtype, lengths = args
        return walk(super().call, inputs, self._start(inputs, state, dtype), lengths)

    def _start(self, inputs: Any, state: Any, dtype: Any) -> Any:
        if state is None:
            batch = inputs.shape[1] if inputs.shape[1] is not None else weft.shape(inputs)[1]
            return self.zero_state(batch, dtype)
        return LSTMStateTuple(*(weft.convert_to_tensor(part) for part in state))
