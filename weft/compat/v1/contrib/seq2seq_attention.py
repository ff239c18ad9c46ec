"""Attention over the outputs of an encoder, and the cell that looks at them at each step."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

import weft
from weft.base.errors import explain
from weft.compat.v1 import layers as _layers
from weft.compat.v1 import nn as _nn
from weft.compat.v1.initializers import constant_initializer, ones_initializer, zeros_initializer
from weft.compat.v1.naming import in_graph
from weft.compat.v1.rnn_cells import RNNCell
from weft.compat.v1.variable_scopes import get_variable, variable_scope
from weft.runtime.scopes import NameScope


def named(name: str | None, default: str) -> Any:
    """A name scope in graphs; nothing where ops run at once."""
    return NameScope(name, default) if in_graph() else nullcontext()


def _over_rows(mask: Any, like: Any) -> Any:
    return weft.reshape(mask, weft.concat([weft.shape(mask), [1] * (like.shape.rank - 2)], 0))


def _masked_memory(memory: Any, lengths: Any, check_inner_dims_defined: bool) -> Any:
    """What the encoder gave, zeros after the end of each sequence."""

    def one(part: Any) -> Any:
        tensor = weft.convert_to_tensor(part)
        if check_inner_dims_defined and not tensor.shape[2:].is_fully_defined():
            raise ValueError(
                explain("The attention's memory needs sizes that are known, but for batch and time.",
                        received=str(tensor.shape))  # fmt: skip
            )
        if lengths is None:
            return tensor
        mask = weft.sequence_mask(lengths, weft.shape(tensor)[1], tensor.dtype)
        return tensor * _over_rows(mask, tensor)

    return weft.nest.map_structure(one, memory)


def hardmax(logits: Any, name: str | None = None) -> Any:
    """1 where a row is greatest, 0 elsewhere.

    Args:
        logits: `[..., n]`.
        name: The name scope.

    Returns:
        The same shape and dtype.
    """
    with named(name, "Hardmax"):
        scores = weft.convert_to_tensor(logits)
        return weft.one_hot(weft.argmax(scores, -1), weft.shape(scores)[-1], dtype=scores.dtype)


class AttentionMechanism:
    """What tells a cell how much it looks at each step of a memory."""

    @property
    def alignments_size(self) -> Any:
        """How many steps the memory has."""
        raise NotImplementedError

    @property
    def state_size(self) -> Any:
        """The size of what the mechanism keeps between steps."""
        raise NotImplementedError


class _Memory(AttentionMechanism):
    """A memory with keys: what both kinds of attention share.

    Args:
        query_layer: Applied to queries; None leaves them.
        memory: `[batch, time, ...]`.
        probability_fn: From scores and the last state to alignments.
        memory_sequence_length: `[batch]`: how many steps of each memory count.
        memory_layer: From the memory to its keys; None where they are the same.
        check_inner_dims_defined: Whether the memory's last sizes must be known.
        score_mask_value: The score of steps that do not count; minus infinity where None.
        custom_key_value_fn: From keys and values to others.
        name: The name scope.
    """

    def __init__(self, query_layer: Any, memory: Any, probability_fn: Callable[..., Any],
                 memory_sequence_length: Any = None, memory_layer: Any = None, check_inner_dims_defined: bool = True,
                 score_mask_value: Any = None, custom_key_value_fn: Any = None,
                 name: str | None = None) -> None:  # fmt: skip
        if query_layer is not None and not callable(query_layer):
            raise TypeError(f"query_layer is not a Layer: {type(query_layer).__name__}")
        self._query_layer, self._memory_layer = query_layer, memory_layer
        lengths = memory_sequence_length
        with named(name, "AttentionMechanismInit"):
            lengths = None if lengths is None else weft.convert_to_tensor(lengths)
            self._values = _masked_memory(memory, lengths, check_inner_dims_defined)
            self._keys = memory_layer(self._values) if memory_layer is not None else self._values
            if custom_key_value_fn is not None:
                self._keys, self._values = custom_key_value_fn(self._keys, self._values)
        self.dtype = weft.nest.flatten(self._values)[0].dtype
        hidden = -math.inf if score_mask_value is None else score_mask_value

        def probability(score: Any, state: Any) -> Any:
            if lengths is not None:
                mask = weft.sequence_mask(lengths, weft.shape(score)[1])
                score = weft.where(mask, score, weft.fill(weft.shape(score), weft.cast(hidden, score.dtype)))
            return probability_fn(score, state)

        self._probability_fn = probability
        shape = self._keys.shape
        self._batch_size = shape[0] if shape[0] is not None else weft.shape(self._keys)[0]
        self._alignments_size = shape[1] if shape[1] is not None else weft.shape(self._keys)[1]

    memory_layer = property(lambda self: self._memory_layer, doc="The layer that makes keys of the memory.")
    query_layer = property(lambda self: self._query_layer, doc="The layer that is applied to queries.")
    values = property(lambda self: self._values, doc="The memory, zeros after each sequence's end.")
    keys = property(lambda self: self._keys, doc="The memory's keys.")
    batch_size = property(lambda self: self._batch_size, doc="How many sequences there are.")
    alignments_size = property(lambda self: self._alignments_size, doc="How many steps the memory has.")
    state_size = property(lambda self: self._alignments_size, doc="The size of the mechanism's state.")

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """Zeros, `[batch, steps of the memory]`."""
        return weft.zeros([batch_size, self._alignments_size], dtype)

    def initial_state(self, batch_size: Any, dtype: Any) -> Any:
        """The first state: that of no alignment."""
        return self.initial_alignments(batch_size, dtype)

    def _looked(self, score: Any, state: Any) -> tuple[Any, Any]:
        alignments = self._probability_fn(score, state)
        return alignments, alignments


def _probability(given: Any, tidy: Callable[..., Any] = _nn.softmax) -> Callable[..., Any]:
    function = tidy if given is None else given
    return lambda score, _: function(score)


class LuongAttention(_Memory):
    """Attention by products of queries and keys (Luong 2015).

    Args:
        num_units: The size of queries and keys.
        memory: `[batch, time, ...]`: what the encoder gave.
        memory_sequence_length: `[batch]`: how many steps of each count.
        scale: Whether scores are multiplied by a learned number.
        probability_fn: From scores to alignments; softmax where None.
        score_mask_value: The score of steps that do not count; minus infinity where None.
        dtype: Of the memory layer; float32 where None.
        custom_key_value_fn: From keys and values to others.
        name: The name scope.

    Example:
        >>> import weft.compat.v1 as tf
        >>> from weft.compat.v1.contrib import seq2seq
        >>> with tf.Graph().as_default():
        ...     looks = seq2seq.LuongAttention(4, tf.zeros([2, 5, 3]))
        ...     looks.keys.shape, looks.alignments_size
        (TensorShape([2, 5, 4]), 5)
    """

    def __init__(self, num_units: int, memory: Any, memory_sequence_length: Any = None, scale: bool = False,
                 probability_fn: Any = None, score_mask_value: Any = None, dtype: Any = None,
                 custom_key_value_fn: Any = None, name: str = "LuongAttention") -> None:  # fmt: skip
        layer = _layers.Dense(num_units, name="memory_layer", use_bias=False, dtype=dtype or weft.float32)
        super().__init__(None, memory, _probability(probability_fn), memory_sequence_length, layer, True,
                         score_mask_value, custom_key_value_fn, name)  # fmt: skip
        self._num_units, self._scale, self._name = num_units, scale, name

    def __call__(self, query: Any, state: Any) -> tuple[Any, Any]:
        with variable_scope(None, "luong_attention"):
            factor = get_variable("attention_g", (), query.dtype, ones_initializer()) if self._scale else None
            if query.shape[-1] != self.keys.shape[-1]:
                raise ValueError(
                    explain("Incompatible or unknown inner dimensions between query and keys.",
                            expected=f"queries of {self.keys.shape[-1]}, the attention's units",
                            received=f"queries of {query.shape[-1]}",
                            hint=f"give LuongAttention num_units={query.shape[-1]}")  # fmt: skip
                )
            score = weft.squeeze(weft.matmul(weft.expand_dims(query, 1), self.keys, transpose_b=True), [1])
            return self._looked(score if factor is None else factor * score, state)


class BahdanauAttention(_Memory):
    """Attention by a small network on queries and keys (Bahdanau 2014).

    Args:
        num_units: How many units that network has.
        memory: `[batch, time, ...]`: what the encoder gave.
        memory_sequence_length: `[batch]`: how many steps of each count.
        normalize: Whether the network's weights are normalised and it has a bias (Salimans 2016).
        probability_fn: From scores to alignments; softmax where None.
        score_mask_value: The score of steps that do not count; minus infinity where None.
        dtype: Of the layers; float32 where None.
        custom_key_value_fn: From keys and values to others.
        name: The name scope.
    """

    def __init__(self, num_units: int, memory: Any, memory_sequence_length: Any = None, normalize: bool = False,
                 probability_fn: Any = None, score_mask_value: Any = None, dtype: Any = None,
                 custom_key_value_fn: Any = None, name: str = "BahdanauAttention") -> None:  # fmt: skip
        kind = dtype or weft.float32
        query_layer = _layers.Dense(num_units, name="query_layer", use_bias=False, dtype=kind)
        memory_layer = _layers.Dense(num_units, name="memory_layer", use_bias=False, dtype=kind)
        super().__init__(query_layer, memory, _probability(probability_fn), memory_sequence_length, memory_layer, True,
                         score_mask_value, custom_key_value_fn, name)  # fmt: skip
        self._num_units, self._normalize, self._name = num_units, normalize, name

    def __call__(self, query: Any, state: Any) -> tuple[Any, Any]:
        with variable_scope(None, "bahdanau_attention"):
            asked = weft.expand_dims(self.query_layer(query) if self.query_layer else query, 1)
            v = get_variable("attention_v", [self._num_units], query.dtype)
            inside = self.keys + asked
            if self._normalize:
                share = constant_initializer(math.sqrt(1.0 / self._num_units))
                g = get_variable("attention_g", (), query.dtype, share)
                b = get_variable("attention_b", [self._num_units], query.dtype, zeros_initializer())
                v, inside = g * v * weft.math.rsqrt(weft.reduce_sum(weft.square(v))), inside + b
            return self._looked(weft.reduce_sum(v * weft.tanh(inside), [2]), state)


class AttentionWrapperState(NamedTuple):
    """What an `AttentionWrapper` keeps between steps."""

    cell_state: Any
    attention: Any
    time: Any
    alignments: Any
    alignment_history: Any
    attention_state: Any

    def clone(self, **kwargs: Any) -> AttentionWrapperState:
        """The same with some fields replaced.

        Raises:
            ValueError: For a field of another structure, or a tensor whose shape does not agree.
        """

        def checked(old: Any, new: Any) -> Any:
            if hasattr(old, "shape") and hasattr(new, "shape") and hasattr(old, "dtype"):
                if not weft.TensorShape(old.shape).is_compatible_with(new.shape):
                    raise ValueError(explain("clone: the shape does not agree.", expected=str(old.shape),
                                             received=str(new.shape)))  # fmt: skip
            return new

        changed = self._replace(**kwargs)
        weft.nest.map_structure(checked, self, changed)
        return changed


def _attended(mechanism: Any, cell_output: Any, attention_state: Any, attention_layer: Any) -> tuple[Any, Any, Any]:
    """The attention at one step, the alignments, and the mechanism's next state."""
    alignments, following = mechanism(cell_output, state=attention_state)
    context = weft.squeeze(weft.matmul(weft.expand_dims(alignments, 1), mechanism.values), [1])
    if attention_layer is None:
        return context, alignments, following
    return attention_layer(weft.concat([cell_output, context], 1)), alignments, following


class AttentionWrapper(RNNCell):
    """A cell that looks at a memory at each step.

    Args:
        cell: An `RNNCell`.
        attention_mechanism: An attention mechanism, or a list of them.
        attention_layer_size: The size of the attention that is made of the cell's output and what was looked at, or
            one for each mechanism; what was looked at alone where None.
        alignment_history: Whether the state keeps the alignments of all steps, in a TensorArray.
        cell_input_fn: From inputs and the last attention to the cell's inputs; joined where None.
        output_attention: Whether the attention is the output; else the cell's output.
        initial_cell_state: What `zero_state` starts from.
        name: The name.
        attention_layer: A layer, or one for each mechanism, in place of those of `attention_layer_size`.
        attention_fn: From mechanism, cell output, mechanism's state and layer to attention, alignments and next state.

    Raises:
        TypeError: For what is no cell or no mechanism.
        ValueError: For another number of sizes or layers than of mechanisms.
    """

    def __init__(self, cell: Any, attention_mechanism: Any, attention_layer_size: Any = None,
                 alignment_history: bool = False, cell_input_fn: Any = None, output_attention: bool = True,
                 initial_cell_state: Any = None, name: str | None = None, attention_layer: Any = None,
                 attention_fn: Any = None) -> None:  # fmt: skip
        super().__init__(name=name)
        self._is_multi = isinstance(attention_mechanism, (list, tuple))
        mechanisms = tuple(attention_mechanism) if self._is_multi else (attention_mechanism,)
        for each in mechanisms:
            if not isinstance(each, AttentionMechanism):
                raise TypeError(explain("AttentionWrapper: no attention mechanism.",
                                        expected="BahdanauAttention, LuongAttention, or a subclass of "
                                        "AttentionMechanism", received=type(each).__name__))  # fmt: skip
        if cell_input_fn is not None and not callable(cell_input_fn):
            raise TypeError(f"cell_input_fn must be callable, saw type: {type(cell_input_fn).__name__}")
        if attention_layer_size is not None and attention_layer is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        self._cell, self._attention_mechanisms = cell, mechanisms
        self._attention_layers = self._layers_of(attention_layer_size, attention_layer)
        self._cell_input_fn = cell_input_fn or (lambda inputs, attention: weft.concat([inputs, attention], -1))
        self._attention_fn = attention_fn or _attended
        self._output_attention, self._alignment_history = output_attention, alignment_history
        with named(name, "AttentionWrapperInit"):
            self._initial_cell_state = (
                None if initial_cell_state is None
                else weft.nest.map_structure(functools.partial(weft.identity, name="check_initial_cell_state"),
                                             initial_cell_state)
            )  # fmt: skip
        self._attention_layer_size = sum(self._sizes())

    def _layers_of(self, sizes: Any, layers: Any) -> tuple[Any, ...] | None:
        given = layers if sizes is None else sizes
        if given is None:
            return None
        parts = tuple(given) if isinstance(given, (list, tuple)) else (given,)
        if len(parts) != len(self._attention_mechanisms):
            raise ValueError(
                explain("AttentionWrapper: a layer for each mechanism.",
                        expected=f"{len(self._attention_mechanisms)}", received=f"{len(parts)}")  # fmt: skip
            )
        if sizes is None:
            return parts
        return tuple(_layers.Dense(size, name="attention_layer", use_bias=False, dtype=mechanism.dtype)
                     for size, mechanism in zip(parts, self._attention_mechanisms, strict=True))  # fmt: skip

    def _sizes(self) -> list[int]:
        """How large the attention to each mechanism is."""
        layers = self._attention_layers or (None,) * len(self._attention_mechanisms)
        return [int(mechanism.values.shape[-1]) if layer is None else int(layer.units)
                for layer, mechanism in zip(layers, self._attention_mechanisms, strict=True)]  # fmt: skip

    def _of_each(self, items: Any) -> Any:
        parts = tuple(items)
        return parts if self._is_multi else parts[0]

    @property
    def output_size(self) -> Any:
        """The size of the attention, or of the cell's output."""
        return self._attention_layer_size if self._output_attention else self._cell.output_size

    @property
    def state_size(self) -> Any:
        """The sizes of an `AttentionWrapperState`."""
        return AttentionWrapperState(
            self._cell.state_size, self._attention_layer_size, weft.TensorShape([]),
            self._of_each(a.alignments_size for a in self._attention_mechanisms),
            self._of_each(a.alignments_size if self._alignment_history else () for a in self._attention_mechanisms),
            self._of_each(a.state_size for a in self._attention_mechanisms),
        )  # fmt: skip

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """The state before the first step.

        Args:
            batch_size: How many sequences; with a beam, as many times the beam's width.
            dtype: Of floats.

        Raises:
            ValueError: Where `initial_cell_state` has another batch size.
        """
        with named(None, type(self).__name__ + "ZeroState"):
            held = self._initial_cell_state
            if held is None:
                held = self._cell.zero_state(batch_size, dtype)
            rows = weft.nest.flatten(held)[-1].shape[0]
            if isinstance(batch_size, int) and rows is not None and rows != batch_size:
                raise ValueError(
                    explain("AttentionWrapper: the initial cell state has another batch size.",
                            expected=str(batch_size), received=str(rows),
                            hint="with a BeamSearchDecoder, tile_batch the encoder's outputs and state first, and "
                            "call zero_state with batch size times beam width")  # fmt: skip
                )
            first = [a.initial_alignments(batch_size, dtype) for a in self._attention_mechanisms]
            return AttentionWrapperState(
                held, weft.zeros([batch_size, self._attention_layer_size], dtype), weft.zeros([], weft.int32),
                self._of_each(first),
                self._of_each(weft.TensorArray(dtype, 0, True, element_shape=one.shape) if self._alignment_history
                              else () for one in first),
                self._of_each(a.initial_state(batch_size, dtype) for a in self._attention_mechanisms),
            )  # fmt: skip

    def call(self, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step: the output, and the next `AttentionWrapperState`."""
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                explain("AttentionWrapper: its state is an AttentionWrapperState.", received=type(state).__name__,
                        hint="begin with attention_cell.zero_state(batch_size, dtype).clone("
                        "cell_state=encoder_state)")  # fmt: skip
            )
        output, cell_state = self._cell(self._cell_input_fn(inputs, state.attention), state.cell_state)
        held = state.attention_state if self._is_multi else [state.attention_state]
        histories = state.alignment_history if self._is_multi else [state.alignment_history]
        layers = self._attention_layers or (None,) * len(self._attention_mechanisms)
        found = [self._attention_fn(mechanism, output, kept, layer)
                 for mechanism, kept, layer in zip(self._attention_mechanisms, held, layers, strict=True)]  # fmt: skip
        attention = weft.concat([part for part, _, _ in found], 1)
        written = [past.write(state.time, alignments) if self._alignment_history else ()
                   for past, (_, alignments, _) in zip(histories, found, strict=True)]  # fmt: skip
        following = AttentionWrapperState(
            cell_state, attention, state.time + 1, self._of_each(alignments for _, alignments, _ in found),
            self._of_each(written), self._of_each(kept for _, _, kept in found),
        )  # fmt: skip
        return (attention if self._output_attention else output), following
