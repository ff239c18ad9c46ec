"""`tf.nn.rnn_cell`: one step of a recurrent network, as a layer of an input and a state."""

from __future__ import annotations

from collections import namedtuple
from contextlib import nullcontext
from typing import Any

import weft
from weft.base import dtypes
from weft.base.errors import explain
from weft.compat.v1 import initializers, making
from weft.compat.v1 import nn as _nn
from weft.compat.v1.layer_base import Layer
from weft.compat.v1.naming import in_graph
from weft.compat.v1.variable_scopes import get_variable_scope, variable_scope
from weft.runtime.operation_counts import further, standing_for
from weft.runtime.scopes import NameScope

#: the state of an LSTM cell: what it keeps, and what it gives
LSTMStateTuple = namedtuple("LSTMStateTuple", ("c", "h"))


def _zeros(size: Any, batch: Any, dtype: Any) -> Any:
    """Zeros for each size of a nested structure of sizes."""
    if isinstance(size, (list, tuple)) and not isinstance(size, weft.TensorShape):
        parts = [_zeros(part, batch, dtype) for part in size]
        return type(size)(*parts) if hasattr(size, "_fields") else tuple(parts)
    rest = size.as_list() if isinstance(size, weft.TensorShape) else [size]
    with standing_for(10 if weft.is_tensor(batch) else 8):  # TensorFlow puts the shape together in the graph
        return making.zeros([batch, *rest], dtype)


class RNNCell(Layer):
    """The base of cells: `call(inputs, state)` gives the output and the next state.

    A subclass has `state_size` and `output_size`, nested integers.
    """

    _own_scope = True

    @property
    def state_size(self) -> Any:
        """The sizes of the state."""
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self) -> Any:
        """The size of the output."""
        raise NotImplementedError("Abstract method")

    def __call__(self, inputs: Any, state: Any = None, scope: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step.

        Args:
            inputs: `[batch, size]`.
            state: Tensors of the sizes `state_size`, `[batch, size]` each.
            scope: A variable scope, or a name for one.

        Returns:
            The output `[batch, output_size]`, and the next state.
        """
        if not self._own_scope:
            with variable_scope(scope) if isinstance(scope, str) else nullcontext():
                return self.call(inputs, state, *args, **kwargs)
        return super().__call__(inputs, state, *args, scope=scope, **kwargs)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """The first state: zeros.

        Args:
            batch_size: A number, or a tensor of one.
            dtype: The dtype.
        """
        with NameScope(f"{type(self).__name__}ZeroState") if in_graph() else nullcontext():
            return self._zero_state(batch_size, dtypes.as_dtype(dtype))

    def _zero_state(self, batch_size: Any, dtype: Any) -> Any:
        return _zeros(self.state_size, batch_size, dtype)

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        """The first state, for inputs `[batch, ...]` or for a batch size and a dtype."""
        if inputs is not None:
            tensor = weft.convert_to_tensor(inputs)
            batch_size, dtype = weft.shape(tensor)[0], tensor.dtype
        if batch_size is None or dtype is None:
            raise ValueError("get_initial_state needs inputs, or a batch size and a dtype.")
        return self.zero_state(batch_size, dtype)

    def _weights(self, name: str, inputs: int, units: int, bias: Any = None, prefix: str = "",
                 kernel: Any = None) -> tuple[Any, Any]:  # fmt: skip
        first = bias if bias is not None else initializers.zeros_initializer()
        found = self.add_weight(f"{prefix}{name}", [inputs, units], None, kernel)
        return found, self.add_weight(f"{prefix}bias", [units], None, first)


LayerRNNCell = RNNCell


def _together(parts: list[Any], kernel: Any, bias: Any) -> Any:
    """The parts side by side, times the kernel, plus the bias."""
    return _nn.bias_add(weft.matmul(weft.concat(parts, 1), kernel), bias)


def _activation(given: Any, default: Any) -> Any:
    if given is None:
        return default
    return getattr(_nn, given) if isinstance(given, str) else given


class BasicRNNCell(RNNCell):
    """h = activation([x, h] · kernel + bias).

    Args:
        num_units: The size of the state.
        activation: tanh where None.
        reuse: Whether the variables of an earlier cell of this scope are used again.
        name: The name of its variable scope.
        dtype: Of its variables.
        **kwargs: What every `Layer` takes.
    """

    def __init__(self, num_units: int, activation: Any = None, reuse: Any = None, name: str | None = None,
                 dtype: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype, _reuse=reuse, **kwargs)
        self._num_units, self._activation = num_units, _activation(activation, weft.tanh)

    state_size = property(lambda self: self._num_units)
    output_size = property(lambda self: self._num_units)

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        size = self._known_size(input_shape, -1, "last dimension")
        self._kernel, self._bias = self._weights("kernel", size + self._num_units, self._num_units)
        self.built = True

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        output = self._activation(_together([inputs, state], self._kernel, self._bias))
        return output, output


class GRUCell(RNNCell):
    """r, u = sigmoid([x, h] · gates + bias); c = activation([x, r · h] · candidate + bias); h = u · h + (1 - u) · c.

    Args:
        num_units: The size of the state.
        activation: tanh where None.
        reuse: Whether the variables of an earlier cell of this scope are used again.
        kernel_initializer: As for `get_variable`.
        bias_initializer: Likewise; 1 for the gates and 0 for the candidate where None.
        name: The name of its variable scope.
        dtype: Of its variables.
        **kwargs: What every `Layer` takes.

    Source: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014.
    """

    def __init__(self, num_units: int, activation: Any = None, reuse: Any = None, kernel_initializer: Any = None,
                 bias_initializer: Any = None, name: str | None = None, dtype: Any = None,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype, _reuse=reuse, **kwargs)
        self._num_units, self._activation = num_units, _activation(activation, weft.tanh)
        self._kernel_initializer, self._bias_initializer = kernel_initializer, bias_initializer

    state_size = property(lambda self: self._num_units)
    output_size = property(lambda self: self._num_units)

    def build(self, input_shape: Any) -> None:
        """Makes kernels and biases."""
        size, units = self._known_size(input_shape, -1, "last dimension"), self._num_units
        gates = self._bias_initializer or initializers.constant_initializer(1.0, self.dtype)
        first = self._kernel_initializer
        self._gate_kernel, self._gate_bias = self._weights("kernel", size + units, 2 * units, gates, "gates/", first)
        self._candidate_kernel, self._candidate_bias = self._weights(
            "kernel", size + units, units, self._bias_initializer, "candidate/", first
        )
        self.built = True

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        gates = weft.sigmoid(_together([inputs, state], self._gate_kernel, self._gate_bias))
        further(1)  # a constant that names how many parts there are
        reset, update = weft.split(gates, 2, axis=1)
        found = self._activation(_together([inputs, reset * state], self._candidate_kernel, self._candidate_bias))
        output = update * state + (1 - update) * found
        return output, output


class _LSTM(RNNCell):
    """What LSTM cells have in common: two states, as a tuple or side by side."""

    _num_units: int
    _outputs: int
    _state_is_tuple: bool

    @property
    def state_size(self) -> Any:
        """The sizes of c and h."""
        pair = LSTMStateTuple(self._num_units, self._outputs)
        return pair if self._state_is_tuple else sum(pair)

    output_size = property(lambda self: self._outputs)

    def _parted(self, state: Any) -> tuple[Any, Any]:
        if self._state_is_tuple:
            c, h = state
            return c, h
        c, h = weft.split(state, [self._num_units, self._outputs], axis=1)
        return c, h

    def _joined(self, c: Any, h: Any) -> Any:
        return LSTMStateTuple(c, h) if self._state_is_tuple else weft.concat([c, h], 1)


class BasicLSTMCell(_LSTM):
    """c = sigmoid(f + forget_bias) · c + sigmoid(i) · activation(j); h = sigmoid(o) · activation(c).

    i, j, f and o are the quarters of [x, h] · kernel + bias.

    Args:
        num_units: The size of each of both states.
        forget_bias: As above.
        state_is_tuple: Whether the state is an `LSTMStateTuple`; else c and h stand side by side.
        activation: tanh where None.
        reuse: Whether the variables of an earlier cell of this scope are used again.
        name: The name of its variable scope.
        dtype: Of its variables.
        **kwargs: What every `Layer` takes.

    Source: Zaremba et al., Recurrent Neural Network Regularization, 2014.
    """

    def __init__(self, num_units: int, forget_bias: float = 1.0, state_is_tuple: bool = True, activation: Any = None,
                 reuse: Any = None, name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype, _reuse=reuse, **kwargs)
        self._num_units = self._outputs = num_units
        self._forget_bias, self._state_is_tuple = forget_bias, state_is_tuple
        self._activation = _activation(activation, weft.tanh)

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        size = self._known_size(input_shape, -1, "last dimension")
        self._kernel, self._bias = self._weights("kernel", size + self._num_units, 4 * self._num_units)
        self.built = True

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        c, h = self._parted(state)
        further(1)  # a constant that names an axis
        i, j, f, o = weft.split(_together([inputs, h], self._kernel, self._bias), 4, axis=1)
        kept = weft.multiply(c, weft.sigmoid(weft.add(f, self._forget_bias)))
        c = weft.add(kept, weft.multiply(weft.sigmoid(i), self._activation(j)))
        h = weft.multiply(self._activation(c), weft.sigmoid(o))
        return h, self._joined(c, h)


class LSTMCell(_LSTM):
    """An LSTM cell with peepholes, clipping and a projection of its output, each of which may be left out.

    Args:
        num_units: The size of c.
        use_peepholes: Whether the gates see c.
        cell_clip: The bound of c.
        initializer: For its kernels.
        num_proj: The size that the output is projected to.
        proj_clip: The bound of the projected output.
        num_unit_shards: Accepted.
        num_proj_shards: Accepted.
        forget_bias: What is added before the forget gate's sigmoid.
        state_is_tuple: Whether the state is an `LSTMStateTuple`; else c and h stand side by side.
        activation: tanh where None.
        reuse: Whether the variables of an earlier cell of this scope are used again.
        name: The name of its variable scope.
        dtype: Of its variables.
        **kwargs: What every `Layer` takes.

    Source: Sak et al., Long Short-Term Memory Based Recurrent Neural Network Architectures, 2014.
    """

    _gates = ("f", "i", "o")  # in the order in which their peepholes are made

    def __init__(self, num_units: int, use_peepholes: bool = False, cell_clip: float | None = None,
                 initializer: Any = None, num_proj: int | None = None, proj_clip: float | None = None,
                 num_unit_shards: Any = None, num_proj_shards: Any = None, forget_bias: float = 1.0,
                 state_is_tuple: bool = True, activation: Any = None, reuse: Any = None, name: str | None = None,
                 dtype: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype, _reuse=reuse, **kwargs)
        self._num_units, self._outputs = num_units, num_proj or num_units
        self._use_peepholes, self._cell_clip, self._initializer = use_peepholes, cell_clip, initializer
        self._num_proj, self._proj_clip, self._forget_bias = num_proj, proj_clip, forget_bias
        self._state_is_tuple, self._activation = state_is_tuple, _activation(activation, weft.tanh)

    def build(self, input_shape: Any) -> None:
        """Makes kernels, bias and peepholes."""
        size, first = self._known_size(input_shape, -1, "last dimension"), self._initializer
        self._kernel, self._bias = self._weights("kernel", size + self._outputs, 4 * self._num_units, kernel=first)
        self._peepholes = {gate: self.add_weight(f"w_{gate}_diag", [self._num_units], None, first)
                           for gate in self._gates if self._use_peepholes}  # fmt: skip
        if self._num_proj is not None:
            self._projection = self.add_weight("projection/kernel", [self._num_units, self._num_proj], None, first)
        self.built = True

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        c, h = self._parted(state)
        further(1)  # a constant that names how many parts there are
        i, j, f, o = weft.split(_together([inputs, h], self._kernel, self._bias), 4, axis=1)
        if self._use_peepholes:
            by_f, by_i, by_o = (self._peepholes[gate] for gate in ("f", "i", "o"))
            f, i = f + by_f * c, i + by_i * c
        c = weft.sigmoid(f + self._forget_bias) * c + weft.sigmoid(i) * self._activation(j)
        if self._cell_clip is not None:
            c = weft.clip_by_value(c, -self._cell_clip, self._cell_clip)
        h = weft.sigmoid(o + by_o * c if self._use_peepholes else o) * self._activation(c)
        if self._num_proj is not None:
            h = weft.matmul(h, self._projection)
            if self._proj_clip is not None:
                h = weft.clip_by_value(h, -self._proj_clip, self._proj_clip)
        return h, self._joined(c, h)


class MultiRNNCell(RNNCell):
    """Cells one above the other: each takes the output of the one below.

    Args:
        cells: The cells, the lowest first.
        state_is_tuple: Whether the state is a tuple of theirs; else they stand side by side.
        **kwargs: What every `Layer` takes.
    """

    def __init__(self, cells: Any, state_is_tuple: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(cells, (list, tuple)):
            raise TypeError(f"cells must be a list or tuple, but saw: {cells!r}.")
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        self._cells, self._state_is_tuple = list(cells), state_is_tuple
        if not state_is_tuple and any(isinstance(cell.state_size, (list, tuple)) for cell in cells):
            raise ValueError("Some cells return tuples of states, but the flag state_is_tuple is not set.")

    @property
    def state_size(self) -> Any:
        """The sizes of the cells' states."""
        sizes = tuple(cell.state_size for cell in self._cells)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        """The size of the highest cell's output."""
        return self._cells[-1].output_size

    @property
    def trainable_weights(self) -> list[Any]:
        """The cells' variables that optimizers update."""
        return [variable for cell in self._cells for variable in cell.trainable_weights]

    @property
    def weights(self) -> list[Any]:
        """The cells' variables."""
        return [variable for cell in self._cells for variable in cell.weights]

    def _zero_state(self, batch_size: Any, dtype: Any) -> Any:
        if not self._state_is_tuple:
            return super()._zero_state(batch_size, dtype)
        return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        states = state if self._state_is_tuple else weft.split(state, [c.state_size for c in self._cells], axis=1)
        new = []
        widths: dict[int, tuple[int, Any]] = {}
        for number, (cell, own) in enumerate(zip(self._cells, states, strict=True)):
            width = inputs.shape[-1] if inputs.shape.rank else None
            first, before = widths.setdefault(id(cell), (number, width))
            if width != before and None not in (width, before):
                raise ValueError(explain(
                    f"MultiRNNCell: cells {first} and {number} are one object, which has one set of weights, and their "
                    "inputs differ in size.",
                    expected=f"{before} columns, as cell {first} takes", received=f"{width} columns for cell {number}",
                    hint=f"make one for each place, [{type(cell).__name__}(...) for _ in range({len(self._cells)})], "
                    "in the place of [cell] * n",
                ))  # fmt: skip
            with variable_scope(f"cell_{number}"):
                inputs, after = cell(inputs, own)
            new.append(after)
        return inputs, tuple(new) if self._state_is_tuple else weft.concat(new, 1)


class _Wrapper(RNNCell):
    """A cell around another one, in whose variable scope it adds nothing."""

    _own_scope = False

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self._cell = cell

    wrapped_cell = property(lambda self: self._cell)
    state_size = property(lambda self: self._cell.state_size)
    output_size = property(lambda self: self._cell.output_size)
    trainable_weights = property(lambda self: self._cell.trainable_weights)
    weights = property(lambda self: self._cell.weights)
    variables = property(lambda self: self._cell.variables)

    def _zero_state(self, batch_size: Any, dtype: Any) -> Any:
        return self._cell.zero_state(batch_size, dtype)


class DropoutWrapper(_Wrapper):
    """Keeps a share of the elements of a cell's input, output and state, as `tf.nn.dropout` does.

    Args:
        cell: The cell.
        input_keep_prob: The share of the input's elements that are kept.
        output_keep_prob: The same for the output.
        state_keep_prob: The same for the state; what an LSTM cell keeps to itself is left whole.
        variational_recurrent: Must be False.
        input_size: Accepted.
        dtype: Accepted.
        seed: For the random numbers.
        dropout_state_filter_visitor: Accepted.
    """

    def __init__(self, cell: Any, input_keep_prob: Any = 1.0, output_keep_prob: Any = 1.0, state_keep_prob: Any = 1.0,
                 variational_recurrent: bool = False, input_size: Any = None, dtype: Any = None,
                 seed: int | None = None, dropout_state_filter_visitor: Any = None) -> None:  # fmt: skip
        super().__init__(cell)
        if variational_recurrent:
            raise NotImplementedError(explain("DropoutWrapper draws anew in every step.",
                                              received="variational_recurrent=True", hint="leave it out"))  # fmt: skip
        for word, share in (("input", input_keep_prob), ("output", output_keep_prob), ("state", state_keep_prob)):
            if isinstance(share, (int, float)) and not 0.0 <= share <= 1.0:
                raise ValueError(f"Parameter {word}_keep_prob must be between 0 and 1: {share}")
        self._shares, self._seed = (input_keep_prob, output_keep_prob, state_keep_prob), seed
        further(sum(isinstance(share, (int, float)) for share in self._shares))  # constants, used or not

    def _kept(self, value: Any, share: Any) -> Any:
        if isinstance(share, (int, float)) and share >= 1:
            return value
        return weft.nest.map_structure(lambda item: _nn.dropout(item, keep_prob=share, seed=self._seed), value)

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        of_input, of_output, of_state = self._shares
        output, new = self._cell(self._kept(inputs, of_input), state)
        return self._kept(output, of_output), self._kept_state(new, of_state)

    def _kept_state(self, state: Any, share: Any) -> Any:
        if isinstance(state, LSTMStateTuple):
            return LSTMStateTuple(state.c, self._kept(state.h, share))
        if isinstance(state, (list, tuple)):
            return type(state)(self._kept_state(part, share) for part in state)
        return self._kept(state, share)


class ResidualWrapper(_Wrapper):
    """Adds a cell's input to its output.

    Args:
        cell: The cell.
        residual_fn: A function of input and output in the place of the sum.
    """

    def __init__(self, cell: Any, residual_fn: Any = None) -> None:
        super().__init__(cell)
        self._residual_fn = residual_fn

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        output, new = self._cell(inputs, state)
        if self._residual_fn is not None:
            return self._residual_fn(inputs, output), new
        return weft.nest.map_structure(lambda x, y: x + y, inputs, output), new


class DeviceWrapper(_Wrapper):
    """A cell on a device, which is accepted.

    Args:
        cell: The cell.
        device: The device.
    """

    def __init__(self, cell: Any, device: Any) -> None:
        super().__init__(cell)
        self._device = device

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        with weft.device(self._device):
            return self._cell(inputs, state)


class OutputProjectionWrapper(RNNCell):
    """A cell whose output goes through a dense layer.

    Args:
        cell: The cell.
        output_size: The size of the result.
        activation: A function, or None.
        reuse: Whether the variables of an earlier one of this scope are used again.
    """

    def __init__(self, cell: Any, output_size: int, activation: Any = None, reuse: Any = None) -> None:
        super().__init__(_reuse=reuse)
        self._cell, self._output_size, self._activation = cell, output_size, activation

    state_size = property(lambda self: self._cell.state_size)
    output_size = property(lambda self: self._output_size)

    def _zero_state(self, batch_size: Any, dtype: Any) -> Any:
        return self._cell.zero_state(batch_size, dtype)

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        output, new = self._cell(inputs, state)
        if not hasattr(self, "_kernel"):
            self._kernel, self._bias = self._weights("kernel", int(output.shape[-1]), self._output_size)
        projected = _nn.bias_add(weft.matmul(output, self._kernel), self._bias)
        return projected if self._activation is None else self._activation(projected), new


class InputProjectionWrapper(RNNCell):
    """A cell whose input goes through a dense layer first.

    Args:
        cell: The cell.
        num_proj: The size of what the cell gets.
        activation: A function, or None.
        input_size: Accepted.
        reuse: Whether the variables of an earlier one of this scope are used again.
    """

    def __init__(self, cell: Any, num_proj: int, activation: Any = None, input_size: Any = None,
                 reuse: Any = None) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        self._cell, self._size, self._activation = cell, num_proj, activation

    state_size = property(lambda self: self._cell.state_size)
    output_size = property(lambda self: self._cell.output_size)

    def _zero_state(self, batch_size: Any, dtype: Any) -> Any:
        return self._cell.zero_state(batch_size, dtype)

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        if not hasattr(self, "_kernel"):
            self._kernel, self._bias = self._weights("kernel", int(inputs.shape[-1]), self._size)
        projected = _nn.bias_add(weft.matmul(inputs, self._kernel), self._bias)
        return self._cell(projected if self._activation is None else self._activation(projected), state)


class EmbeddingWrapper(RNNCell):
    """A cell whose inputs are symbols, each of which stands for a row of a table.

    Args:
        cell: The cell.
        embedding_classes: How many symbols there are.
        embedding_size: The size of a row.
        initializer: For the table; uniform numbers up to the root of 3 where None and the scope has none.
        reuse: Whether the variables of an earlier one of this scope are used again.

    Raises:
        ValueError: Where a size is not positive.
    """

    def __init__(self, cell: Any, embedding_classes: int, embedding_size: int, initializer: Any = None,
                 reuse: Any = None) -> None:  # fmt: skip
        super().__init__(_reuse=reuse)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(f"Both embedding_classes and embedding_size must be > 0: {embedding_classes}, "
                             f"{embedding_size}.")  # fmt: skip
        self._cell, self._classes, self._size, self._initializer = cell, embedding_classes, embedding_size, initializer

    state_size = property(lambda self: self._cell.state_size)
    output_size = property(lambda self: self._cell.output_size)

    def _zero_state(self, batch_size: Any, dtype: Any) -> Any:
        return self._cell.zero_state(batch_size, dtype)

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step."""
        if not hasattr(self, "_table"):
            limit = 3.0**0.5
            first = self._initializer or get_variable_scope().initializer
            first = first or initializers.random_uniform_initializer(-limit, limit)
            self._table = self.add_weight("embedding", [self._classes, self._size], None, first)
        return self._cell(_nn.embedding_lookup(self._table, weft.reshape(inputs, [-1])), state)
