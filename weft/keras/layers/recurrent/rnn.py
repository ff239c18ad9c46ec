"""Recurrent layers: a cell, and what runs it along time."""

from __future__ import annotations

from typing import Any

import weft as tf
from weft.extend import explain, signature_of
from weft.keras.layers.core.dense import as_float
from weft.keras.layers.input_spec import InputSpec
from weft.keras.layers.layer import Layer
from weft.keras.layers.recurrent import loop
from weft.keras.layers.recurrent.cells import BaseCell, GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells, _sizes


class RNN(Layer):
    """Runs a cell along the time axis.

    Args:
        cell: A cell, or a list of cells that are stacked.
        return_sequences: Whether to give the outputs of all steps instead of the last one.
        return_state: Whether to give the last states too.
        go_backwards: Whether to walk from the end.
        stateful: Whether each sequence goes on from the state that the same place of the last batch ended with.
        unroll: Whether to write the steps out instead of looping.
        zero_output_for_mask: Whether masked steps give zeros instead of the output before.
        **kwargs: As for every layer.

    Returns:
        For inputs `[batch, time, features]`, `[batch, units]`, or `[batch, time, units]` with `return_sequences`; with
        `return_state` a tuple of it and the states.
    """

    _old_arguments = {"consume_less": "implementation"}

    def __init__(
        self, cell: Any, return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
            raise ValueError(explain(
                "RNN: `cell` needs a call(inputs, states) method and a state_size.", received=repr(cell)[:200]
            ))  # fmt: skip
        super().__init__(**kwargs)
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self.input_spec: Any = InputSpec(ndim=3) if isinstance(cell, BaseCell) else None
        self.states: Any = None

    @property
    def state_size(self) -> Any:
        """The sizes of the cell's states."""
        return self.cell.state_size

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        step = (sequences_shape[0], *sequences_shape[2:])
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build(step)
        if isinstance(self.cell, BaseCell):
            self.input_spec = InputSpec(ndim=3, axes={-1: sequences_shape[-1]})
        if self.stateful:
            self._make_states(sequences_shape[0])

    def _make_states(self, batch: int | None) -> None:
        if self.states is not None:
            return
        if batch is None:
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) is stateful, so the batch must have a fixed size.",
                hint="give it: keras.Input(batch_shape=(32, time, features)), or batch_input_shape= of the first layer",
            ))  # fmt: skip
        # State, not weights: kept out of `weights` by not being an attribute's variable.
        from weft.keras.core.variable import Variable

        self.states = _States(
            [Variable(tf.zeros((batch, size), dtype=self.compute_dtype), trainable=False, name=f"state_{i}")
             for i, size in enumerate(_sizes(self.cell))]
        )  # fmt: skip

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """The first states: the cell's own, or zeros."""
        own = getattr(self.cell, "get_initial_state", None)
        if own is not None:
            names = signature_of(own).parameters
            found = own(batch_size=batch_size) if "batch_size" in names else own()
            return tf.nest.flatten(found)  # type: ignore[no-any-return]
        kind = getattr(self.cell, "compute_dtype", self.compute_dtype)
        return [tf.zeros((batch_size, size), dtype=kind) for size in _sizes(self.cell)]

    def reset_state(self) -> None:
        """Sets the states of a stateful layer to zeros."""
        if self.states is not None:
            for variable in self.states.variables:
                variable.assign(tf.zeros_like(variable))

    def reset_states(self, states: Any = None) -> None:
        """Sets the states of a stateful layer to zeros, or to given values."""
        if states is None:
            self.reset_state()
            return
        if self.states is None:
            raise AttributeError(explain(f"Layer `{self.name}` has no states: it is not stateful, or not built."))
        for variable, value in zip(self.states.variables, states if isinstance(states, (list, tuple)) else [states]):
            variable.assign(tf.cast(value, variable.dtype))

    def _trains_differently(self) -> bool:
        return False  # the cell may

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = False) -> Any:
        """The outputs."""
        sequences, initial_state = _split_states(sequences, initial_state)
        if isinstance(mask, (list, tuple)):
            mask = mask[0]
        if mask is not None and mask.shape.rank == 3:
            mask = mask[..., 0]
        if self.unroll and sequences.shape[1] is None:
            raise ValueError(explain(
                f"Layer `{self.name}` ({type(self).__name__}) cannot be unrolled: the number of steps is not known.",
                received=f"shape {sequences.shape}", hint="give the input its length, or leave out unroll=True",
            ))  # fmt: skip
        states = self._first_states(sequences, initial_state)
        last, outputs, states = self._walk(sequences, states, mask, training)
        if self.stateful and self.states is not None:
            for variable, value in zip(self.states.variables, states):
                variable.assign(tf.cast(value, variable.dtype))
        result = outputs if self.return_sequences else last
        return (result, *_packed(self.cell, states)) if self.return_state else result

    def _first_states(self, sequences: Any, initial_state: Any) -> list[Any]:
        if initial_state is not None:
            given = tf.nest.flatten(initial_state)
            count = len(_sizes(self.cell))
            if len(given) != count:
                raise ValueError(explain(
                    f"Layer `{self.name}` ({type(self).__name__}) has {count} states, received {len(given)}.",
                    hint="pass initial_state=[...] with one tensor for each state",
                ))  # fmt: skip
            return [tf.cast(value, self.compute_dtype) for value in given]
        if self.stateful and self.states is not None:
            held, given_batch = self.states.variables[0].shape[0], sequences.shape[0]
            if given_batch not in (None, held):
                raise ValueError(explain(
                    f"Layer `{self.name}` ({type(self).__name__}) is stateful, and the batch size is another one than "
                    "that of its states.",
                    expected=f"a batch size of {held}", received=f"inputs of shape {sequences.shape}",
                ))  # fmt: skip
            return [tf.convert_to_tensor(variable) for variable in self.states.variables]
        return self.get_initial_state(tf.shape(sequences)[0])

    def _walk(self, sequences: Any, states: list[Any], mask: Any, training: Any) -> Any:
        options = dict(
            mask=mask,
            go_backwards=self.go_backwards,
            unroll=self.unroll,
            zero_output_for_mask=self.zero_output_for_mask,
        )
        if isinstance(self.cell, BaseCell):
            sequences = as_float(sequences, self.compute_dtype)
            project, step = self.cell.prepare(sequences[:, 0], training)
            return loop.run(step, sequences, states, project=project, **options)
        return loop.run(self._general_step(training), sequences, states, **options)

    def _general_step(self, training: Any) -> Any:
        cell = self.cell
        keywords = {"training": training} if "training" in signature_of(cell.call).parameters else {}

        def step(row: Any, states: list[Any]) -> tuple[Any, list[Any]]:
            function = cell if isinstance(cell, Layer) else cell.call
            output, new = function(row, _packed(cell, states), **keywords)
            return output, tf.nest.flatten(new)

        return step

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        mask = previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask
        own = mask if self.return_sequences else None
        return [own, *(None for _ in _sizes(self.cell))] if self.return_state else own

    def get_config(self) -> dict[str, Any]:
        from weft.keras.saving import serialize_keras_object

        config = super().get_config()
        if type(self) is RNN or "cell" in config:
            config["cell"] = serialize_keras_object(self.cell)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        from weft.keras.saving import deserialize_keras_object

        if isinstance(config.get("cell"), dict):
            config = {**config, "cell": deserialize_keras_object(config["cell"])}
        return cls(**config)


def _packed(cell: Any, states: list[Any]) -> list[Any]:
    """The flat states as the cell takes them: a list, for stacked cells with one entry for each cell."""
    return cell.pack(states) if isinstance(cell, StackedRNNCells) else list(states)


class _States:
    """The states of a stateful layer: variables, but neither weights nor trained."""

    _weft_trackable = True

    def __init__(self, variables: list[Any]) -> None:
        self.variables = variables

    def __iter__(self) -> Any:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)

    def __getitem__(self, index: int) -> Any:
        return self.variables[index]


def _split_states(sequences: Any, initial_state: Any) -> tuple[Any, Any]:
    """Sequence and states, where they come as one list."""
    if isinstance(sequences, (list, tuple)):
        return sequences[0], list(sequences[1:]) if len(sequences) > 1 and initial_state is None else initial_state
    return sequences, initial_state


class _CellLayer(RNN):
    """A recurrent layer whose arguments are those of its cell: attributes are looked up there."""

    _cell_class: Any = None
    _old_arguments = {"consume_less": "implementation", "output_dim": "units"}

    def _make_cell(self, units: int, options: dict[str, Any], kwargs: dict[str, Any]) -> None:
        kwargs.pop("implementation", None)
        cudnn = kwargs.pop("use_cudnn", "auto")
        if self._cell_class is not SimpleRNNCell:
            self.use_cudnn = cudnn  # kept for programs that ask; there is one way to compute it
        if kwargs.pop("time_major", False):
            raise ValueError(explain(
                f"{type(self).__name__}: time_major=True is not supported.", expected="inputs [batch, time, features]",
                hint="transpose the inputs: tf.transpose(x, (1, 0, 2))",
            ))  # fmt: skip
        cell = self._cell_class(
            units, **options, dtype=kwargs.get("dtype"), trainable=kwargs.get("trainable", True),
            name=self._cell_name(),
        )  # fmt: skip
        flags = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask")
        RNN.__init__(self, cell, **{flag: kwargs.pop(flag) for flag in flags if flag in kwargs}, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    def _cell_name(self) -> str:
        from weft.keras.core.naming import to_snake_case

        return to_snake_case(self._cell_class.__name__)

    def __getattr__(self, name: str) -> Any:
        cell = self.__dict__.get("cell")
        if cell is None or name.startswith("_") or not hasattr(cell, name):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(cell, name)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for key in ("cell", "implementation"):
            config.pop(key, None)
        return config


def _cell_options(values: dict[str, Any]) -> dict[str, Any]:
    """Among a constructor's local variables, those that are the cell's."""
    outside = ("self", "units", "kwargs", "__class__", "activity_regularizer", "return_sequences", "return_state",
               "go_backwards", "stateful", "unroll", "zero_output_for_mask", "use_cudnn")  # fmt: skip
    return {key: value for key, value in values.items() if key not in outside}


def _layer_options(values: dict[str, Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The other ones, with the further keywords."""
    own = ("activity_regularizer", "return_sequences", "return_state", "go_backwards", "stateful", "unroll")
    return {**{key: values[key] for key in own}, **kwargs}


class SimpleRNN(_CellLayer):
    """`output = activation(inputs · kernel + output before · recurrent kernel + bias)`.

    Args:
        units: The size of the output.
        activation: Function of the result.
        use_bias: Whether there is a bias.
        dropout: Share of the inputs that is dropped in training.
        recurrent_dropout: Share of the states that is dropped in training.
        return_sequences: Whether to give the outputs of all steps.
        return_state: Whether to give the last state too.
        go_backwards: Whether to walk from the end.
        stateful: Whether batches go on from one another.
        unroll: Whether to write the steps out.
        seed: Makes the dropout the same every time.
        **kwargs: As for every layer, and `zero_output_for_mask`.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.SimpleRNN(4)(tf.ones((2, 5, 3))).shape
        TensorShape([2, 4])
    """

    _cell_class = SimpleRNNCell

    def __init__(
        self, units: int, activation: Any = "tanh", use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        kernel_constraint: Any = None, recurrent_constraint: Any = None, bias_constraint: Any = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        seed: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        values = locals()
        self._make_cell(units, _cell_options(values), _layer_options(values, kwargs))


class LSTM(_CellLayer):
    """A recurrent layer with a memory and gates.

    Args:
        units: The size of the output.
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
        **kwargs: As for every layer, and `zero_output_for_mask`.

    Source: Hochreiter and Schmidhuber 1997.

    Example:
        >>> import weft as tf
        >>> from weft import keras
        >>> keras.layers.LSTM(4, return_sequences=True)(tf.ones((2, 5, 3))).shape
        TensorShape([2, 5, 4])
    """

    _cell_class = LSTMCell

    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros", unit_forget_bias: bool = True, kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        kernel_constraint: Any = None, recurrent_constraint: Any = None, bias_constraint: Any = None,
        dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: Any = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        values = locals()
        self._make_cell(units, _cell_options(values), _layer_options(values, kwargs))


class GRU(_CellLayer):
    """A recurrent layer with gates and no memory of its own.

    Args:
        units: The size of the output.
        activation: Function of the result.
        recurrent_activation: Function of the gates.
        use_bias: Whether there is a bias.
        dropout: Share of the inputs that is dropped in training.
        recurrent_dropout: Share of the states that is dropped in training.
        seed: Makes the dropout the same every time.
        return_sequences: Whether to give the outputs of all steps.
        return_state: Whether to give the last state too.
        go_backwards: Whether to walk from the end.
        stateful: Whether batches go on from one another.
        unroll: Whether to write the steps out.
        reset_after: Whether the reset gate works after the product with the recurrent kernel, as on GPUs.
        **kwargs: As for every layer, and `zero_output_for_mask`.

    Source: Cho et al. 2014.
    """

    _cell_class = GRUCell

    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros", kernel_regularizer: Any = None, recurrent_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, seed: Any = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        reset_after: bool = True, **kwargs: Any,
    ) -> None:  # fmt: skip
        values = locals()
        self._make_cell(units, _cell_options(values), _layer_options(values, kwargs))
